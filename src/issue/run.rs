//! The run of an issue: tables entered, then copies made, entered and shown, some at a time.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use jiff::Timestamp;
use jiff::civil::Date;

use super::again::Standing;
use super::bench::{Bench, Desk, Hindered, Part, Task, Told, known};
use super::copy::Printer;
use super::files::{Workshop, make_folder, sweep};
use super::groundwork::{Groundwork, SharedBefore};
use super::lots::Lot;
use super::prepared::Prepared;
use super::shared::News;
use super::{Arrival, Issue, Issued, Planned, Request};
use crate::canary::{Identity, Sheet};
use crate::code::Handle;
use crate::error::{Error, Result};
use crate::key::{CodeKeys, DigestKeys, MasterKey};
use crate::ledger::{
    ExportEntry, Ledger, NO_RECORD, NewTable, Recipient, RecordIndex, TableEntry, TableRows, Writer,
};
use crate::policy::depend;

/// Copies that are made, entered and shown together: few enough that a killed run loses little.
const BATCH: usize = 16;

impl Issue<'_> {
    /// Makes, enters and shows every copy that is not in its place yet; `done` hears how many are ready.
    pub fn run(mut self, done: &(dyn Fn(usize) + Sync)) -> Result<Vec<Issued>> {
        let copies = std::mem::take(&mut self.copies);
        let several = self.tables.len() > 1;
        let tables = self.tables.iter();
        let told: Vec<Told> = tables
            .map(|t| Told::of(t, &self.request, several))
            .collect();
        let mut issued = confirm(&copies, &told, &mut self.vault.ledger)?;
        if issued.iter().all(Option::is_some) {
            sweep(&self.request.out);
        } else {
            let made = make_folder(&self.request.out)?;
            let ran = Workshop::open(&self.request.out)
                .and_then(|workshop| self.make_all(&copies, &told, &workshop, &mut issued, done));
            ran.inspect_err(|_| made.undo())?;
        }
        Ok(issued.into_iter().flatten().flatten().collect())
    }

    fn make_all(
        self,
        copies: &[Planned],
        told: &[Told],
        workshop: &Workshop,
        issued: &mut [Option<Vec<Issued>>],
        done: &(dyn Fn(usize) + Sync),
    ) -> Result<()> {
        let Issue {
            vault,
            request,
            mut tables,
            ..
        } = self;
        let now = Timestamp::now();
        let todo: Vec<usize> = (0..copies.len())
            .filter(|at| issued[*at].is_none())
            .collect();
        let mut numbers = Vec::with_capacity(tables.len());
        for (at, table) in tables.iter_mut().enumerate() {
            let parts = todo
                .iter()
                .filter_map(|copy| copies[*copy].parts[at].as_ref());
            numbers.push(table.keep(parts.map(|(lot, _)| *lot)));
        }
        let contents = tables.iter_mut().map(|table| {
            let lots = table.lots.iter_mut().map(|lot| {
                let (new, rows) = (&mut lot.records.new, &mut lot.records.rows);
                (std::mem::take(new), std::mem::take(rows))
            });
            lots.collect()
        });
        let contents = contents.collect();
        let kept: Vec<_> = tables
            .iter_mut()
            .map(|table| std::mem::take(&mut table.shared_kept))
            .collect();
        let entering = Entering {
            contents,
            request: &request,
            tables: &tables,
            source_digest: vault.key.source_digest(&request.source_sha256),
            now,
        };
        let ground = |table| Ground::of(table, &vault.key);
        let grounds: Vec<Ground<'_>> = tables.iter().map(ground).collect();
        // the ledger waits for the disk: meanwhile another core prepares what all copies share
        let (key, ledger) = (&vault.key, &mut vault.ledger);
        // all news fit, so that nobody waits for a writer that failed
        let lots: usize = tables.iter().map(|table| table.lots.len()).sum();
        let (made, shared) = sync_channel(lots.max(1));
        let names: Vec<&str> = todo
            .iter()
            .map(|at| copies[*at].recipient.as_str())
            .collect();
        let (entered, printers) = std::thread::scope(|scope| {
            let printers = scope.spawn(|| {
                let all = grounds.iter().zip(kept);
                let printers = all.map(|(ground, kept)| ground.printers(key, kept, &made));
                let printers: Result<Vec<_>> = printers.collect();
                // nobody is to wait for canaries of work that failed
                drop(made);
                printers
            });
            let entered = ledger.write(|writer| entering.enter(writer, &names, &shared));
            let printers = printers
                .join()
                .unwrap_or_else(|fault| std::panic::resume_unwind(fault));
            (entered, printers)
        });
        let (printers, (entries, recipients)) = (printers?, entered?);
        let all = tables.iter().zip(&printers).zip(&entries).zip(told);
        let desks = all.map(|(((table, printers), entries), told)| Desk {
            table,
            printers,
            entries,
            told,
        });
        let bench = Bench {
            desks: desks.collect(),
            request: &request,
            workshop,
            now,
        };
        let task = |(at, recipient): (&usize, _)| {
            let parts = copies[*at].parts.iter().zip(&numbers).enumerate();
            let parts = parts.filter_map(|(desk, (part, numbers))| {
                let (lot, standing) = part.as_ref()?;
                Some(Part {
                    desk,
                    lot: *numbers.get(lot)?,
                    standing,
                })
            });
            Task {
                at: *at,
                copy: &copies[*at],
                parts: parts.collect(),
                recipient,
            }
        };
        let tasks: Vec<Task<'_>> = todo.iter().zip(&recipients).map(task).collect();
        let finished = AtomicUsize::new(issued.iter().flatten().count());
        let heard = || done(finished.fetch_add(1, Ordering::Relaxed) + 1);
        let mut hindered = Hindered::default();
        for batch in tasks.chunks(BATCH) {
            bench.make(vault, batch, issued, &mut hindered, &heard)?;
        }
        hindered.told(copies.len())
    }
}

impl Prepared<'_> {
    /// Keeps these lots only: one whose copies are all there is not touched again. Gives the new number of each.
    fn keep(&mut self, needed: impl Iterator<Item = usize>) -> HashMap<usize, usize> {
        let mut all: Vec<Option<Lot<'_>>> = std::mem::take(&mut self.lots)
            .into_iter()
            .map(Some)
            .collect();
        let mut numbers = HashMap::new();
        for lot in needed {
            if let Some(kept) = all.get_mut(lot).and_then(Option::take) {
                numbers.insert(lot, self.lots.len());
                self.lots.push(kept);
            }
        }
        numbers
    }
}

/// The copies that are in their places. Those whose entry does not know it were shown by a run that was cut before it could say so.
fn confirm(
    copies: &[Planned],
    told: &[Told],
    ledger: &mut Ledger,
) -> Result<Vec<Option<Vec<Issued>>>> {
    let done = copies.iter().map(|copy| copy.standing().is_done());
    let mut unsaid: Vec<&str> = Vec::new();
    let mut out = Vec::with_capacity(copies.len());
    for (copy, done) in copies.iter().zip(done) {
        let parts = copy.parts.iter().zip(told);
        let entries = parts.filter_map(|(part, told)| match part {
            Some((_, Standing::Done(entry))) if done => Some((&**entry, told)),
            _ => None,
        });
        unsaid.extend(
            entries
                .clone()
                .filter(|(entry, _)| entry.issued.is_none())
                .map(|(entry, _)| entry.id.as_str()),
        );
        let known = |(entry, told): (&ExportEntry, _)| known(copy, entry, told, Arrival::Done);
        out.push(done.then(|| entries.map(known).collect()));
    }
    if !unsaid.is_empty() {
        ledger.mark_issued(&unsaid, Timestamp::now())?;
    }
    Ok(out)
}

/// What the printers of a table's lots stand on.
struct Ground<'a> {
    table: &'a Prepared<'a>,
    digests: DigestKeys,
    code: CodeKeys,
    days: HashMap<usize, Date>,
}

impl<'a> Ground<'a> {
    fn of(table: &'a Prepared<'a>, key: &MasterKey) -> Ground<'a> {
        Ground {
            table,
            digests: key.digest_keys(),
            code: key.code_keys(),
            days: depend::table_days(&table.source.table, &table.frame.policy),
        }
    }

    /// The printer of each lot; `made` hears of each lot's shared canaries.
    fn printers<'p>(
        &'p self,
        key: &MasterKey,
        mut kept: HashMap<Handle, Identity>,
        made: &SyncSender<News>,
    ) -> Result<Vec<Printer<'p>>> {
        let table = self.table;
        let mut printers = Vec::with_capacity(table.lots.len());
        for lot in &table.lots {
            let groundwork = Groundwork {
                sheet: Sheet {
                    policy: &table.frame.policy,
                    table: &lot.table,
                    places: &table.frame.places,
                },
                frame: &table.frame,
                records: &lot.records,
                turns: &lot.turns,
                history: &table.history,
                taken: &table.taken,
                whole: &table.source.table,
                within: lot.within.as_ref(),
                keys: &self.digests,
                code: &self.code,
                days: &self.days,
            };
            let before = SharedBefore {
                kept: &kept,
                only: lot.shared.as_deref(),
            };
            let shared_key = key.shared_canary_key(&table.frame.name);
            let printer = groundwork.printer(shared_key, before, |news| drop(made.send(news)))?;
            kept.extend(printer.shared_identities());
            printers.push(printer);
        }
        Ok(printers)
    }
}

/// What is entered before any copy is made.
struct Entering<'e> {
    /// New records and rows of each table's lots.
    contents: Vec<Vec<(RecordIndex, TableRows)>>,
    request: &'e Request,
    tables: &'e [Prepared<'e>],
    source_digest: [u8; 32],
    now: Timestamp,
}

impl Entering<'_> {
    /// Enters registers, recipients and tables, as far as they are new.
    fn enter(
        self,
        writer: &mut Writer<'_>,
        recipients: &[&str],
        shared: &Receiver<News>,
    ) -> Result<(Vec<Vec<TableEntry>>, Vec<Recipient>)> {
        let mut registers = Vec::with_capacity(self.tables.len());
        for table in self.tables {
            registers.push(match &table.frame.known {
                Some(register) => register.id,
                None => writer.add_register(&table.frame.entry(self.now)?)?.id,
            });
        }
        let recipients = recipients
            .iter()
            .map(|name| writer.add_recipient(name, self.now))
            .collect::<Result<Vec<Recipient>>>()?;
        let mut entries = Vec::with_capacity(self.tables.len());
        for ((table, register), contents) in self.tables.iter().zip(registers).zip(self.contents) {
            let before = table.history.len();
            let mut first_ordinal = before as u32;
            let mut of_lots = Vec::with_capacity(table.lots.len());
            for (lot, (mut new, mut rows)) in table.lots.iter().zip(contents) {
                let news = shared.recv().map_err(|_| {
                    Error::input("the canaries that copies share could not be made. Nothing was entered; please report this.")
                })?;
                if let Some(entry) = &lot.known {
                    of_lots.push(entry.clone());
                    continue;
                }
                rows.shared = news.enter(before, &mut new);
                // every lot was read as if it came first
                let later = first_ordinal - before as u32;
                for ordinal in rows.membership.iter_mut().chain(&mut rows.shared) {
                    if *ordinal != NO_RECORD && *ordinal as usize >= before {
                        *ordinal += later;
                    }
                }
                of_lots.push(writer.add_table(&NewTable {
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
            entries.push(of_lots);
        }
        Ok((entries, recipients))
    }
}
