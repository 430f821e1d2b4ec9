//! The run of an issue: tables entered, then copies made, entered and shown, some at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use jiff::Timestamp;
use jiff::civil::Date;
use tempfile::NamedTempFile;

use super::again::Standing;
use super::copy::{Bearer, Printer, Wanted};
use super::files::{Workshop, make_folder, show, sweep};
use super::groundwork::{Groundwork, SharedBefore};
use super::history::History;
use super::lots::Lot;
use super::making::{MadeCopy, bearer, make_copy, wanted, wanted_again};
use super::register::Frame;
use super::shared::News;
use super::{Arrival, Issue, Issued, Planned, Request};
use crate::canary::{Identity, Sheet, Taken};
use crate::code::Handle;
use crate::error::{Error, Result};
use crate::key::{CodeKeys, DigestKeys, MasterKey};
use crate::ledger::{
    ExportEntry, Ledger, NO_RECORD, NewExport, NewTable, Recipient, RecordIndex, TableEntry,
    TableRows, Writer,
};
use crate::parallel;
use crate::policy::depend;
use crate::table::Source;
use crate::vault::Vault;

/// Copies that are made, entered and shown together: few enough that a killed run loses little.
const BATCH: usize = 16;

impl Issue<'_> {
    /// Makes, enters and shows every copy that is not in its place yet; `done` hears how many are ready.
    pub fn run(mut self, done: &(dyn Fn(usize) + Sync)) -> Result<Vec<Issued>> {
        let copies = std::mem::take(&mut self.copies);
        let mut issued = confirm(&copies, &mut self.vault.ledger)?;
        if issued.iter().all(Option::is_some) {
            sweep(&self.request.out);
        } else {
            let made = make_folder(&self.request.out)?;
            let ran = Workshop::open(&self.request.out)
                .and_then(|workshop| self.make_all(&copies, &workshop, &mut issued, done));
            ran.inspect_err(|_| made.undo())?;
        }
        Ok(issued.into_iter().flatten().collect())
    }

    fn make_all(
        self,
        copies: &[Planned],
        workshop: &Workshop,
        issued: &mut [Option<Issued>],
        done: &(dyn Fn(usize) + Sync),
    ) -> Result<()> {
        let Issue {
            vault,
            source,
            request,
            frame,
            lots,
            taken,
            history,
            shared_kept,
            parent,
            ..
        } = self;
        let now = Timestamp::now();
        let todo: Vec<usize> = (0..copies.len())
            .filter(|at| issued[*at].is_none())
            .collect();
        // a lot whose copies are all there is not touched again
        let mut lots: Vec<Option<Lot<'_>>> = lots.into_iter().map(Some).collect();
        let mut number: HashMap<usize, usize> = HashMap::new();
        let mut needed: Vec<Lot<'_>> = Vec::new();
        for lot in todo.iter().map(|at| copies[*at].lot) {
            if let Some(lot_here) = lots[lot].take() {
                number.insert(lot, needed.len());
                needed.push(lot_here);
            }
        }
        let contents = needed.iter_mut().map(|lot| {
            let (new, rows) = (&mut lot.records.new, &mut lot.records.rows);
            (std::mem::take(new), std::mem::take(rows))
        });
        let entering = Entering {
            contents: contents.collect(),
            request: &request,
            frame: &frame,
            before: history.len(),
            source_digest: vault.key.source_digest(&request.source_sha256),
            now,
        };
        let ground = Ground {
            source,
            frame: &frame,
            taken: &taken,
            history: &history,
            digests: vault.key.digest_keys(),
            code: vault.key.code_keys(),
            days: depend::table_days(&source.table, &frame.policy),
        };
        // the ledger waits for the disk: meanwhile another core prepares what all copies share
        let (key, ledger) = (&vault.key, &mut vault.ledger);
        // all news fit, so that nobody waits for a writer that failed
        let (made, shared) = sync_channel(needed.len().max(1));
        let names: Vec<&str> = todo
            .iter()
            .map(|at| copies[*at].recipient.as_str())
            .collect();
        let (entered, printers) = std::thread::scope(|scope| {
            let printers = scope.spawn(|| ground.printers(&needed, key, shared_kept, made));
            let entered = ledger.write(|writer| entering.enter(writer, &needed, &names, &shared));
            let printers = printers
                .join()
                .unwrap_or_else(|fault| std::panic::resume_unwind(fault));
            (entered, printers)
        });
        let (printers, (tables, recipients)) = (printers?, entered?);
        let bench = Bench {
            source,
            request: &request,
            frame: &frame,
            lots: &needed,
            printers: &printers,
            tables: &tables,
            parent,
            workshop,
            now,
        };
        let tasks: Vec<Task<'_>> = todo
            .iter()
            .zip(&recipients)
            .map(|(at, recipient)| Task {
                at: *at,
                copy: &copies[*at],
                recipient,
                lot: number.get(&copies[*at].lot).copied().unwrap_or(0),
            })
            .collect();
        let finished = AtomicUsize::new(issued.iter().flatten().count());
        let heard = || done(finished.fetch_add(1, Ordering::Relaxed) + 1);
        let mut hindered = Hindered::default();
        for batch in tasks.chunks(BATCH) {
            bench.make(vault, batch, issued, &mut hindered, &heard)?;
        }
        hindered.told(copies.len())
    }
}

/// The copies that are in their places. Those whose entry does not know it were shown by a run that was cut before it could say so.
fn confirm(copies: &[Planned], ledger: &mut Ledger) -> Result<Vec<Option<Issued>>> {
    let entries: Vec<Option<&ExportEntry>> = copies
        .iter()
        .map(|copy| match &copy.standing {
            Standing::Done(entry) => Some(&**entry),
            _ => None,
        })
        .collect();
    let unsaid: Vec<&str> = entries
        .iter()
        .flatten()
        .filter(|entry| entry.issued.is_none())
        .map(|entry| entry.id.as_str())
        .collect();
    if !unsaid.is_empty() {
        ledger.mark_issued(&unsaid, Timestamp::now())?;
    }
    let all = copies.iter().zip(entries);
    Ok(all
        .map(|(copy, entry)| Some(known(copy, entry?, Arrival::Done)))
        .collect())
}

/// A copy as its entry has it.
fn known(copy: &Planned, entry: &ExportEntry, arrival: Arrival) -> Issued {
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
    }
}

/// What the printers of all lots stand on.
struct Ground<'a> {
    source: &'a Source,
    frame: &'a Frame,
    taken: &'a Taken,
    history: &'a History,
    digests: DigestKeys,
    code: CodeKeys,
    days: HashMap<usize, Date>,
}

impl Ground<'_> {
    /// The printer of each lot; `made` hears of each lot's shared canaries. The sender goes with the work, so that nobody waits for
    /// canaries of work that failed.
    fn printers<'p>(
        &'p self,
        lots: &'p [Lot<'p>],
        key: &MasterKey,
        mut kept: HashMap<Handle, Identity>,
        made: SyncSender<News>,
    ) -> Result<Vec<Printer<'p>>> {
        let mut printers = Vec::with_capacity(lots.len());
        for lot in lots {
            let groundwork = Groundwork {
                sheet: Sheet {
                    policy: &self.frame.policy,
                    table: &lot.table,
                    places: &self.frame.places,
                },
                frame: self.frame,
                records: &lot.records,
                turns: &lot.turns,
                history: self.history,
                taken: self.taken,
                whole: &self.source.table,
                within: lot.within.as_ref(),
                keys: &self.digests,
                code: &self.code,
                days: &self.days,
            };
            let before = SharedBefore {
                kept: &kept,
                only: lot.shared.as_deref(),
            };
            let shared_key = key.shared_canary_key(&self.frame.name);
            let printer = groundwork.printer(shared_key, before, |news| drop(made.send(news)))?;
            kept.extend(printer.shared_identities());
            printers.push(printer);
        }
        Ok(printers)
    }
}

/// What is entered before any copy is made.
struct Entering<'e> {
    /// New records and rows of each lot.
    contents: Vec<(RecordIndex, TableRows)>,
    request: &'e Request,
    frame: &'e Frame,
    /// Records of the register before.
    before: usize,
    source_digest: [u8; 32],
    now: Timestamp,
}

impl Entering<'_> {
    /// Enters register, recipients and tables, as far as they are new.
    fn enter(
        self,
        writer: &mut Writer<'_>,
        lots: &[Lot<'_>],
        recipients: &[&str],
        shared: &Receiver<News>,
    ) -> Result<(Vec<TableEntry>, Vec<Recipient>)> {
        let register = match &self.frame.known {
            Some(register) => register.id,
            None => writer.add_register(&self.frame.entry(self.now)?)?.id,
        };
        let recipients = recipients
            .iter()
            .map(|name| writer.add_recipient(name, self.now))
            .collect::<Result<Vec<Recipient>>>()?;
        let mut tables = Vec::with_capacity(lots.len());
        let mut first_ordinal = self.before as u32;
        for (lot, (mut new, mut rows)) in lots.iter().zip(self.contents) {
            let news = shared.recv().map_err(|_| {
                Error::input("the canaries that copies share could not be made. Nothing was entered; please report this.")
            })?;
            if let Some(table) = &lot.known {
                tables.push(table.clone());
                continue;
            }
            rows.shared = news.enter(self.before, &mut new);
            // every lot was read as if it came first
            let later = first_ordinal - self.before as u32;
            for ordinal in rows.membership.iter_mut().chain(&mut rows.shared) {
                if *ordinal != NO_RECORD && *ordinal as usize >= self.before {
                    *ordinal += later;
                }
            }
            tables.push(writer.add_table(&NewTable {
                register,
                label: &self.request.stem,
                source_digest: self.source_digest,
                created: self.now,
                first_ordinal,
                records: &new,
                rows: &rows,
                new_shared: &news.sealed,
            })?);
            first_ordinal += new.len() as u32;
        }
        Ok((tables, recipients))
    }
}

/// A copy to be made.
struct Task<'t> {
    at: usize,
    copy: &'t Planned,
    recipient: &'t Recipient,
    lot: usize,
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
struct Bench<'b> {
    source: &'b Source,
    request: &'b Request,
    frame: &'b Frame,
    lots: &'b [Lot<'b>],
    printers: &'b [Printer<'b>],
    tables: &'b [TableEntry],
    parent: Option<String>,
    workshop: &'b Workshop,
    now: Timestamp,
}

impl Bench<'_> {
    /// Makes, enters and shows some copies.
    fn make(
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
struct Hindered {
    first: Option<Error>,
    copies: usize,
}

impl Hindered {
    fn add(&mut self, error: Error) {
        self.copies += 1;
        self.first.get_or_insert(error);
    }

    /// What the run comes to: an error that says what hindered the first of them.
    fn told(self, of: usize) -> Result<()> {
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
