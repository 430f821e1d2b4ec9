//! Many files traced side by side: workers read and trace, this thread counts the traces in the ledger and hands out the answers.
//!
//! A trace is counted before its answer is seen, also where the process is killed in between: whatever is done when this thread
//! comes round is entered in one transaction, and handed out after that. The file itself is never written; its digest is taken
//! before and after.

use std::collections::{BTreeMap, HashMap};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;

use taggant::error::{Error, Result};
use taggant::intake::{self, Leak, Missing, Reading};
use taggant::ledger::{Ledger, NewTrace};
use taggant::report::rows::LeakRows;
use taggant::report::{Answer, LeakReport, Unread, json};
use taggant::table::Found;
use taggant::trace::outcome::Outcome;
use taggant::trace::rows::RowReport;

use super::terminal;

/// Finished files that may wait to be counted, for each worker.
const WAITING: usize = 8;

/// The name of a worker's thread.
const WORKER: &str = "tracing";

/// A trace of what was found in one leak, on so many threads; with what it says of each row, where that is wanted.
pub type Trace<'a> = dyn Fn(usize, &[Found]) -> (Outcome, Option<RowReport>) + Sync + 'a;

/// How files are traced.
pub struct Batch<'a> {
    /// How a leak is traced.
    pub trace: &'a Trace<'a>,
    /// How files are read.
    pub reading: &'a Reading,
    /// How many files are traced at once.
    pub jobs: usize,
    /// Whether answers come in the order of the files, or as they are done.
    pub in_order: bool,
    /// Hears how many files are done.
    pub progress: &'a dyn Fn(usize),
}

/// Traces that a run has counted, and those of the vault before it.
pub struct Account<'a> {
    ledger: &'a mut Ledger,
    traces: u64,
    alphas: f64,
    refused: Option<(Error, usize)>,
}

impl Account<'_> {
    /// What the ledger has counted so far.
    pub fn open(ledger: &mut Ledger) -> Result<Account<'_>> {
        let (traces, alphas) = ledger.traces_after(0)?;
        Ok(Account {
            ledger,
            traces,
            alphas,
            refused: None,
        })
    }

    /// Enters the traces among these answers, durably, and writes into each how many the vault has seen by now.
    fn count(&mut self, answers: &mut [Answer]) -> Result<()> {
        let reports = || {
            answers.iter().filter_map(|answer| match answer {
                Answer::Traced(report) => Some(report),
                Answer::Unread(_) => None,
            })
        };
        let entries: Vec<NewTrace> = reports()
            .map(|report| NewTrace {
                created: jiff::Timestamp::now(),
                recipients_scored: report.outcome.recipients_scored as u64,
                alpha: report.outcome.alpha.chance(),
                verdict: report.outcome.verdict.word().to_string(),
            })
            .collect();
        if entries.is_empty() {
            return Ok(());
        }
        if let Some((_, uncounted)) = &mut self.refused {
            *uncounted += entries.len();
        } else if let Err(error) = self.ledger.add_traces(&entries) {
            self.refused = Some((error, entries.len()));
        }
        let (more, alphas) = match &self.refused {
            None => self.ledger.traces_after(self.traces)?,
            // what the ledger refuses was traced all the same
            Some(_) => (
                entries.len() as u64,
                entries.iter().map(|e| e.alpha).sum::<f64>(),
            ),
        };
        self.traces += more;
        self.alphas += alphas;
        for answer in answers {
            if let Answer::Traced(report) = answer {
                report.traces = self.traces;
                report.bound_of_all_traces = self.alphas.min(1.0);
            }
        }
        Ok(())
    }

    /// Says what could not be counted, as on a read-only disc.
    pub fn close(self) {
        match self.refused {
            None => {}
            Some((error, 1)) => terminal::warn(&format!(
                "this trace was not counted in the ledger: {error}"
            )),
            Some((error, n)) => terminal::warn(&format!(
                "{n} traces were not counted in the ledger: {error}"
            )),
        }
    }
}

impl Batch<'_> {
    /// Traces every file and gives `each` every answer, until it says that it has seen enough. How many files of the system were
    /// passed over in archives.
    pub fn run(
        &self,
        files: &[std::result::Result<PathBuf, Missing>],
        account: &mut Account<'_>,
        mut each: impl FnMut(Answer) -> Result<bool>,
    ) -> Result<usize> {
        let workers = self.jobs.min(files.len()).max(1);
        let threads = (self.jobs / workers).max(1);
        let (next, enough) = (AtomicUsize::new(0), AtomicBool::new(false));
        let worker = Worker {
            trace: self.trace,
            reading: self.reading,
            threads,
            skipped: AtomicUsize::new(0),
        };
        let work = |done: mpsc::SyncSender<(usize, Vec<Answer>)>| {
            while !enough.load(Ordering::Relaxed) {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(file) = files.get(at) else {
                    return;
                };
                let answers = match file {
                    Ok(path) => worker.guarded(path),
                    Err(missing) => vec![Answer::Unread(Unread {
                        path: missing.path.to_string_lossy().into_owned(),
                        sha256: None,
                        reason: missing.error.to_string(),
                        missing: missing.asked,
                    })],
                };
                if done.send((at, answers)).is_err() {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            let (sender, finished) = mpsc::sync_channel(WAITING * workers);
            for _ in 0..workers {
                let (work, sender) = (&work, sender.clone());
                std::thread::Builder::new()
                    .name(WORKER.into())
                    .spawn_scoped(scope, move || work(sender))
                    .map_err(Error::io("start a thread to read", Path::new(".")))?;
            }
            drop(sender);
            let handed = self.hand_out(&finished, account, &mut each);
            enough.store(true, Ordering::Relaxed);
            // a worker that waits to hand something over finds nobody, and ends
            drop(finished);
            handed
        })?;
        Ok(worker.skipped.into_inner())
    }

    /// Counts and hands out what the workers finish.
    fn hand_out(
        &self,
        finished: &mpsc::Receiver<(usize, Vec<Answer>)>,
        account: &mut Account<'_>,
        each: &mut impl FnMut(Answer) -> Result<bool>,
    ) -> Result<()> {
        let mut waiting: BTreeMap<usize, Vec<Answer>> = BTreeMap::new();
        let mut seen: HashMap<String, String> = HashMap::new();
        let (mut next, mut done) = (0, 0);
        while let Ok(first) = finished.recv() {
            let group: Vec<(usize, Vec<Answer>)> =
                std::iter::once(first).chain(finished.try_iter()).collect();
            let ends: Vec<(usize, usize)> =
                group.iter().map(|(file, all)| (*file, all.len())).collect();
            let mut answers: Vec<Answer> = group.into_iter().flat_map(|(_, all)| all).collect();
            account.count(&mut answers)?;
            let mut answers = answers.into_iter();
            for (file, n) in ends {
                waiting.insert(file, answers.by_ref().take(n).collect());
                done += 1;
            }
            (self.progress)(done);
            while let Some(entry) = waiting.first_entry() {
                let file = *entry.key();
                if self.in_order && file != next {
                    break;
                }
                next += 1;
                for mut answer in entry.remove() {
                    if let Answer::Traced(report) = &mut answer {
                        report.same_as = seen.get(&report.sha256).cloned();
                        seen.entry(report.sha256.clone())
                            .or_insert_with(|| report.path.clone());
                    }
                    if !each(answer)? {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}

/// What a worker needs; it sees neither the ledger nor the terminal.
struct Worker<'a> {
    trace: &'a Trace<'a>,
    reading: &'a Reading,
    threads: usize,
    /// Files of the system that lay in archives.
    skipped: AtomicUsize,
}

impl Worker<'_> {
    /// A reader that fails takes its own file with it and no other.
    fn guarded(&self, path: &Path) -> Vec<Answer> {
        let shown = path.to_string_lossy();
        catch_unwind(AssertUnwindSafe(|| self.file(path))).unwrap_or_else(|fault| {
            let words = fault
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| fault.downcast_ref::<&str>().copied())
                .unwrap_or("no reason given");
            let reason = format!(
                "`{shown}` made this program fail ({words}). Save it as CSV and trace that, and please report this."
            );
            vec![unread(&shown, None, reason)]
        })
    }

    /// Every leak in a file.
    fn file(&self, path: &Path) -> Vec<Answer> {
        let shown = path.to_string_lossy();
        // a pipe can be read once only, and a file beyond the limit is refused unread
        let regular = std::fs::metadata(path)
            .is_ok_and(|m| m.is_file() && m.len() <= self.reading.limits.file_bytes);
        let before = regular.then(|| intake::digest(path).ok()).flatten();
        let mut answers = Vec::new();
        let skipped = for_each_leak(path, self.reading, &mut |name, leak| {
            answers.push(match leak {
                Ok(leak) => Answer::Traced(Box::new(self.trace(leak))),
                Err(error) => {
                    let sha256 = before.filter(|_| name == shown).map(|d| json::hex(&d));
                    unread(name, sha256, error.to_string())
                }
            });
        });
        self.skipped.fetch_add(skipped, Ordering::Relaxed);
        let unchanged = before.map(|before| intake::unchanged(path, &before).unwrap_or(false));
        for answer in &mut answers {
            if let Answer::Traced(report) = answer {
                // what was read must be what lay there before and after
                let whole = before.is_none_or(|before| {
                    report.path != shown || report.sha256 == json::hex(&before)
                });
                report.unchanged = unchanged.map(|same| same && whole);
            }
        }
        answers
    }

    fn trace(&self, leak: Leak) -> LeakReport {
        let found = &leak.contents.tables;
        let (outcome, rows) = (self.trace)(self.threads, found);
        let mut hidden: Vec<&Option<String>> = found
            .iter()
            .filter(|f| f.hidden)
            .map(|f| &f.sheet)
            .collect();
        hidden.dedup();
        LeakReport {
            sha256: json::hex(&leak.sha256),
            unchanged: None,
            same_as: None,
            hidden: hidden.len(),
            tables: found
                .iter()
                .map(|f| (f.sheet.clone(), f.table.rows()))
                .collect(),
            outcome,
            bound_of_all_traces: 0.0,
            traces: 0,
            rows: rows.map(|report| LeakRows {
                path: leak.path.clone(),
                tables: leak.contents.tables,
                report,
            }),
            path: leak.path,
            format: leak.contents.format,
            notes: leak.contents.notes,
        }
    }
}

/// A reader's fault is reported as an answer; the system's own words about it would only come between.
pub fn keep_workers_quiet() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |fault| {
        if std::thread::current().name() != Some(WORKER) {
            before(fault);
        }
    }));
}

fn unread(path: &str, sha256: Option<String>, reason: String) -> Answer {
    Answer::Unread(Unread {
        path: path.to_string(),
        sha256,
        reason,
        missing: false,
    })
}

/// Every leak in a file or on standard input. How many files of the system were passed over.
fn for_each_leak(
    path: &Path,
    reading: &Reading,
    each: &mut dyn FnMut(&str, Result<Leak>),
) -> usize {
    use std::io::Read;
    if path.as_os_str() != "-" {
        return intake::read(path, reading, each);
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(reading.limits.file_bytes.saturating_add(1))
        .read_to_end(&mut bytes);
    match read.map_err(Error::io("read", Path::new("standard input"))) {
        Ok(_) => intake::read_bytes("-", bytes, reading, each),
        Err(error) => {
            each("-", Err(error));
            0
        }
    }
}
