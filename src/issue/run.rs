//! The run of an issue: tables entered, then copies made, entered and shown, some at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use jiff::Timestamp;
use jiff::civil::Date;

use super::again::Standing;
use super::bench::{Bench, Hindered, Task, known};
use super::by::Division;
use super::copy::Printer;
use super::files::{Workshop, make_folder, sweep};
use super::groundwork::{Groundwork, SharedBefore};
use super::history::History;
use super::lots::Lot;
use super::register::Frame;
use super::shared::News;
use super::{Arrival, Issue, Issued, Planned, Request};
use crate::canary::{Identity, Sheet, Taken};
use crate::code::Handle;
use crate::error::{Error, Result};
use crate::key::{CodeKeys, DigestKeys, MasterKey};
use crate::ledger::{
    ExportEntry, Ledger, NO_RECORD, NewTable, Recipient, RecordIndex, TableEntry, TableRows, Writer,
};
use crate::policy::depend;
use crate::table::Source;

/// Copies that are made, entered and shown together: few enough that a killed run loses little.
const BATCH: usize = 16;

impl Issue<'_> {
    /// Makes, enters and shows every copy that is not in its place yet; `done` hears how many are ready.
    pub fn run(mut self, done: &(dyn Fn(usize) + Sync)) -> Result<Vec<Issued>> {
        let copies = std::mem::take(&mut self.copies);
        let left = self.division.as_ref().map(Division::rows_of_nobody);
        let mut issued = confirm(&copies, &mut self.vault.ledger)?;
        if issued.iter().all(Option::is_some) {
            sweep(&self.request.out);
        } else {
            let made = make_folder(&self.request.out)?;
            let ran = Workshop::open(&self.request.out)
                .and_then(|workshop| self.make_all(&copies, &workshop, &mut issued, done));
            ran.inspect_err(|_| made.undo())?;
        }
        let told = |issued| Issued {
            rows_of_nobody: left,
            ..issued
        };
        Ok(issued.into_iter().flatten().map(told).collect())
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
