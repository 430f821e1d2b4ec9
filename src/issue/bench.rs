//! Where copies are made, entered and shown, in this order.

use jiff::Timestamp;
use tempfile::NamedTempFile;

use super::again::Standing;
use super::copy::{Bearer, Printer, Wanted};
use super::files::{Workshop, show};
use super::lots::Lot;
use super::making::{MadeCopy, bearer, make_copy, wanted, wanted_again};
use super::register::Frame;
use super::{Arrival, Issued, Planned, Request};
use crate::error::{Error, Result};
use crate::ledger::{ExportEntry, NewExport, Recipient, TableEntry};
use crate::parallel;
use crate::table::Source;
use crate::vault::Vault;

/// A copy as its entry has it.
pub fn known(copy: &Planned, entry: &ExportEntry, arrival: Arrival) -> Issued {
    Issued {
        export: entry.id.clone(),
        recipient: copy.recipient.clone(),
        path: copy.path.clone(),
        sha256: entry.sha256,
        rows: entry.rows as usize,
        canaries: entry.canaries as usize,
        cells_altered: entry.cells_altered as usize,
        sites: entry.sites as usize,
        arrival,
        rows_of_nobody: None,
    }
}

/// A copy to be made, and whose it is.
pub struct Task<'t> {
    /// Its number among all copies.
    pub at: usize,
    /// What is asked for.
    pub copy: &'t Planned,
    /// Whose it is.
    pub recipient: &'t Recipient,
    /// The number of its lot among those of the bench.
    pub lot: usize,
}

/// Whose canaries go into a copy, and which.
struct Order {
    bearer: Bearer,
    wanted: Wanted,
}

/// A copy under its hidden name, and its entry.
struct Ready {
    file: NamedTempFile,
    entry: Entry,
}

enum Entry {
    New(Box<NewExport>, Arrival),
    Known(Box<ExportEntry>),
}

/// Where copies are made.
pub struct Bench<'b> {
    /// The source.
    pub source: &'b Source,
    /// What is asked for.
    pub request: &'b Request,
    /// The register.
    pub frame: &'b Frame,
    /// The lots of which copies are made.
    pub lots: &'b [Lot<'b>],
    /// The printer of each lot.
    pub printers: &'b [Printer<'b>],
    /// The ledger's entry of each lot.
    pub tables: &'b [TableEntry],
    /// The copy that the source was derived from.
    pub parent: Option<String>,
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
        issued: &mut [Option<Issued>],
        hindered: &mut Hindered,
        heard: &(dyn Fn() + Sync),
    ) -> Result<()> {
        let orders = batch
            .iter()
            .map(|task| self.orders(vault, task))
            .collect::<Result<Vec<(Option<Order>, Order)>>>()?;
        let made = parallel::map(batch.len(), |at| {
            let ready = self.copy(&batch[at], &orders[at]);
            heard();
            ready
        });
        let made = made.into_iter().collect::<Result<Vec<Ready>>>()?;
        let news: Vec<&NewExport> = made
            .iter()
            .filter_map(|ready| match &ready.entry {
                Entry::New(export, _) => Some(&**export),
                Entry::Known(_) => None,
            })
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
            let issue = match ready.entry {
                Entry::Known(entry) => known(copy, &entry, Arrival::Finished),
                Entry::New(export, arrival) => Issued {
                    export: ids.next().unwrap_or_default(),
                    recipient: copy.recipient.clone(),
                    path: copy.path.clone(),
                    sha256: export.sha256,
                    rows: export.rows as usize,
                    canaries: export.canaries as usize,
                    cells_altered: export.cells_altered as usize,
                    sites: export.sites as usize,
                    arrival,
                    rows_of_nobody: None,
                },
            };
            match show(ready.file, &copy.path, self.request.force) {
                Ok(()) => {
                    shown.push(issue.export.clone());
                    issued[task.at] = Some(issue);
                }
                Err(error) => hindered.add(error),
            }
        }
        let shown: Vec<&str> = shown.iter().map(String::as_str).collect();
        vault.ledger.mark_issued(&shown, Timestamp::now())
    }

    /// How a copy is made once more, where its entry waits for it, and how it is made new.
    fn orders(&self, vault: &Vault, task: &Task<'_>) -> Result<(Option<Order>, Order)> {
        let register = self.tables[task.lot].register;
        let again = match &task.copy.standing {
            Standing::Pending(entry) => Some(Order {
                bearer: bearer(vault, register, task.recipient, Some(entry))?,
                wanted: wanted_again(vault, entry)?,
            }),
            _ => None,
        };
        let bearer = bearer(vault, register, task.recipient, None)?;
        let sites = self.printers[task.lot].cell_sites();
        let wanted = wanted(self.request, &self.frame.policy, &bearer, sites);
        Ok((again, Order { bearer, wanted }))
    }

    fn copy(&self, task: &Task<'_>, orders: &(Option<Order>, Order)) -> Result<Ready> {
        let mut arrival = Arrival::Issued;
        if let (Some(again), Standing::Pending(entry)) = (&orders.0, &task.copy.standing) {
            let made = self.print(task, again)?;
            if made.sha256 == entry.sha256 {
                let entry = Entry::Known(entry.clone());
                return Ok(Ready {
                    file: made.file,
                    entry,
                });
            }
            // another version of this program, say, made what the entry tells of
            arrival = Arrival::Anew(entry.id.clone());
        }
        let made = self.print(task, &orders.1)?;
        let name = task.copy.path.file_name();
        let export = NewExport {
            table: self.tables[task.lot].id.clone(),
            recipient: task.recipient.id,
            created: self.now,
            file_name: name
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default(),
            sha256: made.sha256,
            rows: made.rows as u64,
            canaries: made.canaries as u64,
            cells_altered: made.cells_altered as u64,
            sites: self.printers[task.lot].sites() as u64,
            purpose: self.request.purpose.clone(),
            parent: self.parent.clone(),
            canary_index: made.index,
            new_canaries: made.sealed,
        };
        Ok(Ready {
            file: made.file,
            entry: Entry::New(Box::new(export), arrival),
        })
    }

    fn print(&self, task: &Task<'_>, order: &Order) -> Result<MadeCopy> {
        let (printer, lot) = (&self.printers[task.lot], &self.lots[task.lot]);
        let wanted = order.wanted.clone();
        make_copy(
            printer,
            self.source,
            lot,
            &order.bearer,
            wanted,
            self.workshop,
        )
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
