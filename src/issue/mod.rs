//! Issuing: one source read and planned once, a copy for each recipient, every copy entered before it can be seen.
//!
//! The order of things is what keeps the promise "no copy without an entry": a copy is written under a hidden name beside its
//! place and made durable; its entry is committed to the ledger; only then is it renamed. Whenever the process is killed, a copy
//! that is visible under its name has its entry.

pub mod back;
mod checks;
pub mod copy;
mod files;
pub mod groundwork;
pub mod history;
pub mod making;
mod marked;
pub mod names;
pub mod order;
mod plan;
pub mod records;
pub mod register;
pub mod shared;
pub mod which;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;

use jiff::Timestamp;
use tempfile::NamedTempFile;

use crate::canary::{Identity, Sheet};
use crate::code::Handle;
use crate::error::{Error, Result};
use crate::ledger::{NewExport, NewTable, Recipient, RecordIndex, TableEntry};
use crate::mark;
use crate::parallel;
use crate::policy::{Fidelity, Policy, depend};
use crate::table::Source;
use crate::vault::Vault;
use checks::check_places;
pub use checks::check_table;
use copy::{Bearer, Wanted};
use files::{make_folder, remove_stale, show};
use groundwork::Groundwork;
use history::History;
use making::{bearer, make_copy, wanted};
use order::Turns;
pub use plan::Plan;
use records::Records;
use register::Frame;

/// Copies that are made, entered and shown together: few enough that a killed run loses little.
const BATCH: usize = 16;

/// What to issue, and to whom.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Recipients' names.
    pub recipients: Vec<String>,
    /// The folder for the copies; made if missing.
    pub out: PathBuf,
    /// The file's stem: copies are named after it.
    pub stem: String,
    /// SHA-256 of the source file.
    pub source_sha256: [u8; 32],
    /// The register, where it is not to be found by its columns.
    pub register: Option<String>,
    /// A policy for a new register.
    pub policy: Option<Policy>,
    /// Alter no value: canaries and the order of rows alone tell copies apart.
    pub lossless: bool,
    /// What the copies are for.
    pub purpose: Option<String>,
    /// Exactly so many canaries a copy, instead of the policy's rate.
    pub canaries: Option<usize>,
    /// Overwrite copies that are there.
    pub force: bool,
    /// Issue a table that is itself an issued copy.
    pub derived: bool,
}

/// One copy that was issued.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The export's id.
    pub export: String,
    /// The recipient's name.
    pub recipient: String,
    /// Where the copy is.
    pub path: PathBuf,
    /// SHA-256 of the copy.
    pub sha256: [u8; 32],
    /// Its rows, canaries included.
    pub rows: usize,
    /// Its canaries.
    pub canaries: usize,
    /// Cells that differ from the source.
    pub cells_altered: usize,
    /// Sites in it.
    pub sites: usize,
}

/// A table that is ready to be issued.
pub struct Issue<'a> {
    vault: &'a mut Vault,
    source: &'a Source,
    request: Request,
    frame: Frame,
    records: Records,
    turns: Turns,
    history: History,
    /// The register's shared canaries so far, by donor.
    shared_kept: HashMap<Handle, Identity>,
    table_known: Option<TableEntry>,
    parent: Option<String>,
    paths: Vec<PathBuf>,
}

impl<'a> Issue<'a> {
    /// Checks everything that can be checked, and plans every record. Nothing is written.
    pub fn prepare(
        vault: &'a mut Vault,
        source: &'a Source,
        request: Request,
    ) -> Result<Issue<'a>> {
        names::check(&request.recipients)?;
        check_table(source)?;
        let paths = request
            .recipients
            .iter()
            .map(|name| {
                names::copy_path(&request.out, &request.stem, name, source.format.extension())
            })
            .collect::<Result<Vec<PathBuf>>>()?;
        check_places(&request, &paths)?;

        let came_back = match back::find(vault, source, &request)? {
            None if request.derived => back::find_by_marks(vault, source)?,
            found => found,
        };
        let (frame, parent) = match came_back {
            Some(back) if request.derived => {
                let name = request
                    .register
                    .clone()
                    .unwrap_or_else(|| format!("{} from {}", request.stem, back.export));
                let known = vault.ledger.register(&name)?;
                let frame = match known {
                    Some(_) => Frame::find(
                        &vault.ledger,
                        source,
                        &request.stem,
                        Some(&name),
                        request.policy.clone(),
                        request.lossless,
                    )?,
                    None => Frame::new(
                        source,
                        name,
                        Some(back.export.clone()),
                        request.policy.clone(),
                        request.lossless,
                    )?,
                };
                (frame, Some(back.export))
            }
            Some(back) => return Err(back.refusal(source)),
            None if request.derived => {
                return Err(Error::input(format!(
                    "`{}` is no copy that this vault issued, so it derives from none. Leave `--derived` out.",
                    source.name
                )));
            }
            None => (
                Frame::find(
                    &vault.ledger,
                    source,
                    &request.stem,
                    request.register.as_deref(),
                    request.policy.clone(),
                    request.lossless,
                )?,
                None,
            ),
        };
        let (history, shared_kept) = match &frame.known {
            Some(register) => (
                History::load(&vault.ledger, register.id, &frame.shape)?,
                shared::kept(&vault.ledger, register.id)?,
            ),
            None => {
                let index = RecordIndex::new(frame.shape.layout());
                let history = History::new(index, Vec::new(), &frame.shape);
                (history, HashMap::new())
            }
        };
        let keys = vault.key.digest_keys();
        let code = vault.key.code_keys();
        let reader = frame.reader(&keys, &code);
        let mut records = reader.read(&source.table, &frame.places, &history);
        if mark::order::applies(&frame.policy) {
            records.rows.pairs =
                mark::order::free_rows(&frame.policy, &source.table, &records.handles);
        }
        let turns = Turns::new(
            frame.policy.code,
            &code,
            &records.handles,
            &records.rows.pairs,
        );
        if parent.is_none() {
            back::refuse_moved(&records, source)?;
            back::refuse_shared(&records, source)?;
        }
        let table_known =
            match &frame.known {
                Some(register) => {
                    let digest = vault.key.source_digest(&request.source_sha256);
                    vault.ledger.tables(register.id)?.into_iter().find(|t| {
                        t.source_digest == digest && t.rows as usize == source.table.rows()
                    })
                }
                None => None,
            };
        let goes_on = frame.known.is_some() && table_known.is_none() && parent.is_none();
        if goes_on && frame.policy.fidelity == Fidelity::Lossless {
            back::refuse_order(vault, source)?;
        }
        let issue = Issue {
            vault,
            source,
            request,
            frame,
            records,
            turns,
            history,
            shared_kept,
            table_known,
            parent,
            paths,
        };
        issue.check_marks()?;
        Ok(issue)
    }

    /// The register's policy.
    pub fn policy(&self) -> &Policy {
        &self.frame.policy
    }

    fn sites(&self) -> usize {
        let in_cells: usize = self.records.plan.bits.iter().map(|b| usize::from(*b)).sum();
        in_cells + self.turns.sites()
    }

    fn gets_canaries(&self) -> bool {
        let asked = self.request.canaries.map(|n| n > 0);
        asked.unwrap_or(self.frame.policy.canaries.rate > 0.0)
    }

    /// A copy with neither sites nor canaries would be nobody's.
    fn check_marks(&self) -> Result<()> {
        if self.sites() == 0 && !self.gets_canaries() {
            return Err(Error::input(format!(
                "`{}` has nothing that may be altered and gets no canaries, so no copy could be told from another. Ask for canaries with \
                 `--canaries N`, or name a carrier in a policy (see `taggant inspect`).",
                self.source.name
            )));
        }
        Ok(())
    }

    /// Makes, enters and shows every copy; `done` hears how many are ready.
    pub fn run(self, done: &(dyn Fn(usize) + Sync)) -> Result<Vec<Issued>> {
        let made = make_folder(&self.request.out)?;
        remove_stale(&self.request.out);
        self.make_all(done).inspect_err(|_| made.undo())
    }

    fn make_all(self, done: &(dyn Fn(usize) + Sync)) -> Result<Vec<Issued>> {
        let Issue {
            vault,
            source,
            request,
            frame,
            mut records,
            turns,
            history,
            shared_kept,
            table_known,
            parent,
            paths,
        } = self;
        let now = Timestamp::now();
        let source_digest = vault.key.source_digest(&request.source_sha256);
        let (keys, code) = (vault.key.digest_keys(), vault.key.code_keys());
        let days = depend::table_days(&source.table, &frame.policy);
        let sheet = Sheet {
            policy: &frame.policy,
            table: &source.table,
            places: &frame.places,
        };
        let shared_key = vault.key.shared_canary_key(&frame.name);
        let mut new = std::mem::take(&mut records.new);
        let mut rows = std::mem::take(&mut records.rows);
        let records = &records;
        let (made, shared) = sync_channel(1);
        let groundwork = Groundwork {
            sheet,
            frame: &frame,
            records,
            turns: &turns,
            history: &history,
            shared_kept: &shared_kept,
            keys: &keys,
            code: &code,
            days: &days,
        };
        // the sender goes with the work, so that nobody waits for canaries of work that failed
        let prepare = move || groundwork.printer(shared_key, |news| drop(made.send(news)));
        // the ledger waits for the disk: meanwhile another core prepares what all copies share
        let ledger = &mut vault.ledger;
        let (entered, printer) = std::thread::scope(|scope| {
            let printer = scope.spawn(prepare);
            let entered = ledger.write(|writer| {
                let register = match &frame.known {
                    Some(register) => register.id,
                    None => writer.add_register(&frame.entry(now)?)?.id,
                };
                let recipients = request
                    .recipients
                    .iter()
                    .map(|name| writer.add_recipient(name, now))
                    .collect::<Result<Vec<Recipient>>>()?;
                let news = shared.recv().map_err(|_| {
                    Error::input("the canaries that copies share could not be made. Nothing was entered; please report this.")
                })?;
                let table = match table_known {
                    Some(table) => table,
                    None => {
                        rows.shared = news.enter(history.len(), &mut new);
                        writer.add_table(&NewTable {
                            register,
                            label: &request.stem,
                            source_digest,
                            created: now,
                            first_ordinal: history.len() as u32,
                            records: &new,
                            rows: &rows,
                            new_shared: &news.sealed,
                        })?
                    }
                };
                Ok((table, recipients))
            });
            let printer = printer
                .join()
                .unwrap_or_else(|fault| std::panic::resume_unwind(fault));
            (entered, printer)
        });
        let (printer, (table, recipients)) = (printer?, entered?);
        let mut issued = Vec::with_capacity(recipients.len());
        let finished = AtomicUsize::new(0);
        let todo: Vec<(&Recipient, &PathBuf)> = recipients.iter().zip(&paths).collect();
        for batch in todo.chunks(BATCH) {
            let bearers = batch
                .iter()
                .map(|(recipient, _)| bearer(vault, table.register, recipient))
                .collect::<Result<Vec<Bearer>>>()?;
            let wishes: Vec<Wanted> = bearers
                .iter()
                .map(|b| wanted(&request, &frame.policy, b, printer.cell_sites()))
                .collect();
            let job = |at: usize| -> Result<(NamedTempFile, NewExport)> {
                let (recipient, path) = batch[at];
                let made = make_copy(&printer, source, &bearers[at], wishes[at], path)?;
                done(finished.fetch_add(1, Ordering::Relaxed) + 1);
                let export = NewExport {
                    table: table.id.clone(),
                    recipient: recipient.id,
                    created: now,
                    file_name: path
                        .file_name()
                        .map(|n| n.to_string_lossy().into_owned())
                        .unwrap_or_default(),
                    sha256: made.sha256,
                    rows: made.rows as u64,
                    canaries: made.canaries as u64,
                    cells_altered: made.cells_altered as u64,
                    sites: printer.sites() as u64,
                    purpose: request.purpose.clone(),
                    parent: parent.clone(),
                    canary_index: made.index,
                    new_canaries: made.sealed,
                };
                Ok((made.file, export))
            };
            let made = parallel::map(batch.len(), job)
                .into_iter()
                .collect::<Result<Vec<(NamedTempFile, NewExport)>>>()?;
            let (files, exports): (Vec<NamedTempFile>, Vec<NewExport>) = made.into_iter().unzip();
            let ids = vault.ledger.add_exports(&exports)?;
            for (((file, (recipient, path)), export), id) in
                files.into_iter().zip(batch).zip(&exports).zip(&ids)
            {
                show(file, path, request.force)?;
                issued.push(Issued {
                    export: id.clone(),
                    recipient: recipient.name.clone(),
                    path: path.to_path_buf(),
                    sha256: export.sha256,
                    rows: export.rows as usize,
                    canaries: export.canaries as usize,
                    cells_altered: export.cells_altered as usize,
                    sites: export.sites as usize,
                });
            }
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            vault.ledger.mark_issued(&ids, Timestamp::now())?;
        }
        Ok(issued)
    }
}
