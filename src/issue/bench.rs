//! Where copies are made, entered and shown, in this order.

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::again::Standing;
use super::by::Division;
use super::copy::{Bearer, Printer, Wanted};
use super::files::{Workshop, show};
use super::making::{MadeCopy, Piece, bearer, make_copy, wanted, wanted_again};
use super::prepared::Prepared;
use super::{Arrival, Issued, Planned, Request};
use crate::error::{Error, Result};
use crate::ledger::{ExportEntry, NewExport, Recipient, TableEntry};
use crate::parallel;
use crate::table::Source;
use crate::vault::Vault;

/// What is told of every copy of a table.
pub struct Told {
    /// Its sheet, where several tables of the file get marks.
    pub sheet: Option<String>,
    /// Rows that nobody gets, where they are divided.
    pub rows_of_nobody: Option<usize>,
    /// SHA-256 of the source's file.
    pub source_sha256: [u8; 32],
}

impl Told {
    /// What is told of this table's copies.
    pub fn of(table: &Prepared<'_>, request: &Request, several: bool) -> Told {
        Told {
            sheet: table.source.sheet.clone().filter(|_| several),
            rows_of_nobody: table.division.as_ref().map(Division::rows_of_nobody),
            source_sha256: request.source_sha256,
        }
    }
}

/// A copy as its entry has it.
pub fn known(copy: &Planned, entry: &ExportEntry, told: &Told, arrival: Arrival) -> Issued {
    Issued {
        export: entry.id.clone(),
        recipient: copy.recipient.clone(),
        sheet: told.sheet.clone(),
        path: copy.path.clone(),
        sha256: entry.sha256,
        rows: entry.rows as usize,
        canaries: entry.canaries as usize,
        cells_altered: entry.cells_altered as usize,
        sites: entry.sites as usize,
        arrival,
        rows_of_nobody: told.rows_of_nobody,
        is_source: entry.sha256 == told.source_sha256,
    }
}

/// A copy to be made, and whose it is.
pub struct Task<'t> {
    /// Its number among all copies.
    pub at: usize,
    /// What is asked for.
    pub copy: &'t Planned,
    /// Its tables, in the order of the desks.
    pub parts: Vec<Part<'t>>,
    /// Whose it is.
    pub recipient: &'t Recipient,
}

/// One table of a copy to be made.
pub struct Part<'t> {
    /// The number of its desk.
    pub desk: usize,
    /// The number of its lot at the desk.
    pub lot: usize,
    /// How it stands.
    pub standing: &'t Standing,
}

/// Whose canaries go into a copy, and which.
struct Order {
    bearer: Bearer,
    wanted: Wanted,
}

/// How each table of a copy is made once more, where its entries wait for it, and how each is made new.
struct Orders {
    again: Vec<Order>,
    new: Vec<Order>,
}

/// A copy under its hidden name, and its entries.
struct Ready {
    file: NamedTempFile,
    entries: Entries,
}

enum Entries {
    New(Vec<NewExport>, Arrival),
    Known(Vec<ExportEntry>),
}

/// Where copies of one table are made.
pub struct Desk<'b> {
    /// The table.
    pub table: &'b Prepared<'b>,
    /// The printer of each of its lots.
    pub printers: &'b [Printer<'b>],
    /// The ledger's entry of each of its lots.
    pub entries: &'b [TableEntry],
    /// What is told of its copies.
    pub told: &'b Told,
}

/// Where copies are made.
pub struct Bench<'b> {
    /// One for each table that gets marks.
    pub desks: Vec<Desk<'b>>,
    /// What is asked for.
    pub request: &'b Request,
    /// The folder of the copies.
    pub workshop: &'b Workshop,
    /// When the run began.
    pub now: Timestamp,
}

impl Bench<'_> {
    /// Makes, enters and shows some copies, which then stand in `issued`; `heard` is called for each that is made.
    pub fn make(
        &self,
        vault: &mut Vault,
        batch: &[Task<'_>],
        issued: &mut [Option<Vec<Issued>>],
        hindered: &mut Hindered,
        heard: &(dyn Fn() + Sync),
    ) -> Result<()> {
        let orders = batch
            .iter()
            .map(|task| self.orders(vault, task))
            .collect::<Result<Vec<Orders>>>()?;
        let made = parallel::map(batch.len(), |at| {
            let ready = self.copy(&batch[at], &orders[at]);
            heard();
            ready
        });
        let made = made.into_iter().collect::<Result<Vec<Ready>>>()?;
        let news: Vec<&NewExport> = made
            .iter()
            .filter_map(|ready| match &ready.entries {
                Entries::New(exports, _) => Some(exports),
                Entries::Known(_) => None,
            })
            .flatten()
            .collect();
        let ids = match news.is_empty() {
            true => Vec::new(),
            false => vault
                .ledger
                .write(|writer| news.iter().map(|new| writer.add_export(new)).collect())?,
        };
        let mut ids = ids.into_iter();
        let mut shown: Vec<String> = Vec::with_capacity(made.len());
        for (task, ready) in batch.iter().zip(made) {
            let copy = task.copy;
            let parts = task.parts.iter().map(|part| self.desks[part.desk].told);
            let issues: Vec<Issued> = match ready.entries {
                Entries::Known(entries) => entries
                    .iter()
                    .zip(parts)
                    .map(|(entry, told)| known(copy, entry, told, Arrival::Finished))
                    .collect(),
                Entries::New(exports, arrival) => exports
                    .into_iter()
                    .zip(parts)
                    .map(|(export, told)| Issued {
                        export: ids.next().unwrap_or_default(),
                        recipient: copy.recipient.clone(),
                        sheet: told.sheet.clone(),
                        path: copy.path.clone(),
                        sha256: export.sha256,
                        rows: export.rows as usize,
                        canaries: export.canaries as usize,
                        cells_altered: export.cells_altered as usize,
                        sites: export.sites as usize,
                        arrival: arrival.clone(),
                        rows_of_nobody: told.rows_of_nobody,
                        is_source: export.sha256 == told.source_sha256,
                    })
                    .collect(),
            };
            match show(ready.file, &copy.path, self.request.force) {
                Ok(()) => {
                    shown.extend(issues.iter().map(|issue| issue.export.clone()));
                    issued[task.at] = Some(issues);
                }
                Err(error) => hindered.add(error),
            }
        }
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        vault.ledger.mark_issued(&shown, Timestamp::now())
    }

    /// What goes into a copy. It is made once more only where all of its entries wait for it.
    fn orders(&self, vault: &Vault, task: &Task<'_>) -> Result<Orders> {
        let mut orders = Orders {
            again: Vec::new(),
            new: Vec::new(),
        };
        for part in &task.parts {
            let desk = &self.desks[part.desk];
            let register = desk.entries[part.lot].register;
            if let Standing::Pending(entry) = part.standing {
                orders.again.push(Order {
                    bearer: bearer(vault, register, task.recipient, Some(entry))?,
                    wanted: wanted_again(vault, entry)?,
                });
            }
            let bearer = bearer(vault, register, task.recipient, None)?;
            let sites = desk.printers[part.lot].cell_sites();
            let table = desk.table;
            let wanted = wanted(table.canaries, &table.frame.policy, &bearer, sites);
            orders.new.push(Order { bearer, wanted });
        }
        Ok(orders)
    }

    fn copy(&self, task: &Task<'_>, orders: &Orders) -> Result<Ready> {
        let mut arrival = Arrival::Issued;
        if orders.again.len() == task.parts.len() {
            let made = self.print(task, &orders.again)?;
            let entries = task.parts.iter().filter_map(|part| match part.standing {
                Standing::Pending(entry) => Some(&**entry),
                _ => None,
            });
            if entries.clone().all(|entry| entry.sha256 == made.sha256) {
                return Ok(Ready {
                    file: made.file,
                    entries: Entries::Known(entries.cloned().collect()),
                });
            }
            // another version of this program, say, made what the entry tells of
            let first = entries.map(|entry| entry.id.clone()).next();
            arrival = Arrival::Anew(first.unwrap_or_default());
        }
        let made = self.print(task, &orders.new)?;
        let name = task.copy.path.file_name();
        let exports = task.parts.iter().zip(made.parts).map(|(part, table)| {
            let desk = &self.desks[part.desk];
            NewExport {
                table: desk.entries[part.lot].id.clone(),
                recipient: task.recipient.id,
                created: self.now,
                file_name: name
                    .map(|n| n.to_string_lossy().into_owned())
                    .unwrap_or_default(),
                sha256: made.sha256,
                rows: table.rows as u64,
                canaries: table.canaries as u64,
                cells_altered: table.cells_altered as u64,
                sites: desk.printers[part.lot].sites() as u64,
                purpose: self.request.purpose.clone(),
                parent: desk.table.parent.clone(),
                canary_index: table.index,
                new_canaries: table.sealed,
            }
        });
        Ok(Ready {
            file: made.file,
            entries: Entries::New(exports.collect(), arrival),
        })
    }

    fn print(&self, task: &Task<'_>, orders: &[Order]) -> Result<MadeCopy> {
        let mut tables: Vec<(&Source, Option<Piece<'_>>)> = self
            .desks
            .iter()
            .map(|desk| (desk.table.source, None))
            .collect();
        for (part, order) in task.parts.iter().zip(orders) {
            let desk = &self.desks[part.desk];
            tables[part.desk].1 = Some(Piece {
                printer: &desk.printers[part.lot],
                lot: &desk.table.lots[part.lot],
                bearer: &order.bearer,
                wanted: order.wanted.clone(),
            });
        }
        make_copy(&tables, self.workshop)
    }
}

/// Copies that were made and entered, and could not be put in their places.
#[derive(Default)]
pub struct Hindered {
    first: Option<Error>,
    copies: usize,
}

impl Hindered {
    fn add(&mut self, error: Error) {
        self.copies += 1;
        self.first.get_or_insert(error);
    }

    /// What the run comes to: an error that says what hindered the first of them.
    pub fn told(self, of: usize) -> Result<()> {
        match (self.first, self.copies) {
            (None, _) => Ok(()),
            (Some(error), 1) if of == 1 => Err(error),
            (Some(error), copies) => Err(Error::input(format!(
                "{} of {of} copies could not be put in their places; the others are there. {error}",
                copies
            ))),
        }
    }
}
