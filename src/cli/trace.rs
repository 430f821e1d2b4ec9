//! `taggant trace`

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use taggant::error::{Error, Result};
use taggant::intake::{self, Reading};
use taggant::report::Answer;
use taggant::report::rows::RowsForm;
use taggant::table::Password;
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::trace::verdict::Verdict;
use zeroize::Zeroizing;

use super::batch::{self, Account, Batch};
use super::results::Results;
use super::sink::{Guard, folder_of};
use super::{Place, read, terminal};

/// More than any password; a file that is none is not read to its end.
const PASSWORD_BYTES: u64 = 1 << 16;

/// A few hundred traces at this alpha leave nothing of the bound over all of them.
const LARGE_ALPHA: f64 = 1e-3;

#[derive(Args)]
pub struct Options {
    /// Leaked files, folders, archives, patterns such as 'found/*.xls'; - is standard input
    #[arg(required = true, value_name = "LEAK")]
    leaks: Vec<PathBuf>,
    /// The chance of naming any innocent that each trace may take
    #[arg(long, default_value_t = 1e-6, value_name = "CHANCE")]
    alpha: f64,
    /// Form of the result
    #[arg(long, value_enum, default_value = "human")]
    format: TraceForm,
    /// Write the result to a file instead of standard output; never over a leak, nor where it would be taken for one next time: in a
    /// folder that is traced, or under a name that fits a pattern
    #[arg(short, long = "output", value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write every leaked row back with what was found about it, as .xlsx or .csv; where nothing was read, nothing is written
    #[arg(long, value_name = "PATH")]
    rows: Option<PathBuf>,
    /// How many files are traced at once [default: one for each core]
    #[arg(short, long, value_name = "N")]
    jobs: Option<NonZeroUsize>,
    /// The first line of this file is the password of locked files; - is standard input
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// For jobs that must be green on a clean night: exit 1 where a leak came to one of these verdicts, and 0 where none did
    #[arg(long, value_enum, value_name = "VERDICT", value_delimiter = ',')]
    fail_on: Vec<Finding>,
    /// Do not exit 2 because of files that cannot be read; they are in the result with their reasons all the same. Where a LEAK is
    /// not there, a folder is empty or nothing at all could be read, the exit code is 2 nevertheless
    #[arg(long)]
    allow_unreadable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TraceForm {
    /// For people; of many leaks in full only those that need it, and a summary
    Human,
    /// One object for one leak, an array for several
    Json,
    /// One object a line, each as soon as its file is done, in no certain order
    Jsonl,
    /// JUnit XML: a test case a leak
    Junit,
}

/// A verdict that a job may fail on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Finding {
    /// Somebody is named
    Attributed,
    /// Our records, and nobody passes the threshold
    Inconclusive,
    /// Our records with unmarked values
    Original,
    /// Any of these: whatever is ours
    Ours,
}

impl Finding {
    fn verdicts(self) -> &'static [Verdict] {
        match self {
            Finding::Attributed => &[Verdict::Attributed],
            Finding::Inconclusive => &[Verdict::Inconclusive],
            Finding::Original => &[Verdict::Original],
            Finding::Ours => &[
                Verdict::Attributed,
                Verdict::Inconclusive,
                Verdict::Original,
            ],
        }
    }
}

pub fn run(place: &Place, options: Options) -> Result<ExitCode> {
    let alpha = Alpha::new(options.alpha)?;
    let from_input = |path: &Path| path.as_os_str() == "-";
    if options.password_file.as_deref().is_some_and(from_input)
        && options.leaks.iter().any(|p| from_input(p))
    {
        return Err(Error::input(
            "the leak and the password cannot both come by standard input. Put one of them into a file.",
        ));
    }
    // what lies in the vault is no evidence
    let ours: Vec<PathBuf> = place
        .folder()
        .into_iter()
        .chain(place.key_file.clone())
        .collect();
    let gathered = intake::gather(&options.leaks, &ours);
    let mut guard = Guard::new(place)
        .reading(&options.password_file)
        .evidence(&gathered);
    let sink = guard.open(options.output.as_deref())?;
    let rows_sink = match &options.rows {
        None => None,
        Some(path) => Some((RowsForm::of(path)?, path, guard.open(Some(path))?)),
    };
    let mut vault = place.open()?;
    // an answer from a ledger that somebody rewrote is worth nothing
    vault.ledger.verify()?;
    let tracer = Tracer::new(&vault)?;
    if tracer.recipients() == 0 {
        return Err(Error::input(format!(
            "the vault `{}` has issued nothing yet, so no leak can be traced to it. Name the vault that issued the copies with `--vault DIR`.",
            vault.folder().display()
        )));
    }
    let reading = Reading {
        password: options.password_file.as_deref().map(password).transpose()?,
        ..reading()
    };
    let mut rows = Vec::new();
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let bar = terminal::progress(gathered.files.len(), "Tracing");
    let key = &vault.key;
    let batch = Batch {
        trace: &|threads, found| match &rows_sink {
            None => (tracer.trace_found(threads, key, found, alpha), None),
            Some(_) => {
                let (outcome, rows) = tracer.trace_rows(threads, key, found, alpha);
                (outcome, Some(rows))
            }
        },
        reading: &reading,
        jobs: options.jobs.map_or_else(cores, usize::from),
        in_order: options.format != TraceForm::Jsonl,
        progress: &|done| bar.set_position(done as u64),
    };
    let fails: Vec<Verdict> = options
        .fail_on
        .iter()
        .flat_map(|f| f.verdicts())
        .copied()
        .collect();
    let only = match (&options.leaks[..], &gathered.files[..]) {
        ([one], [Ok(file)]) if one == file => Some(one),
        ([one], [Err(_)]) if !one.is_dir() && !intake::is_pattern(one) => Some(one),
        _ => None,
    };
    let only = only.map(|path| path.to_string_lossy().into_owned());
    if alpha.chance() > LARGE_ALPHA {
        terminal::warn(&format!(
            "--alpha {} adds as much to the chance over all traces of this vault, for good.",
            options.alpha
        ));
    }
    let mut results = Results::new(sink, options.format, only, &fails);
    let mut account = Account::open(&mut vault.ledger)?;
    batch::keep_workers_quiet();
    let skipped = batch.run(&gathered.files, &mut account, |mut answer| {
        if let Answer::Traced(report) = &mut answer {
            rows.extend(report.rows.take());
        }
        bar.suspend(|| results.take(answer))
    })?;
    bar.finish_and_clear();
    account.close();
    if let Some((form, path, mut sink)) = rows_sink
        && !rows.is_empty()
    {
        form.write(&rows, path, folder_of(path), &mut sink)?;
        sink.finish()?;
    }
    let tally = results.finish(gathered.skipped + skipped)?;
    let count = |verdicts: &[Verdict]| verdicts.iter().map(|v| tally.count(*v)).sum::<usize>();
    let found = count(&fails) > 0;
    let nothing = tally.answers() == tally.unread();
    if nothing && tally.missing() == 0 && options.allow_unreadable {
        terminal::complain("no file could be read, so nothing was traced. Check the path.");
    }
    let unread =
        nothing || tally.missing() > 0 || (tally.unread() > 0 && !options.allow_unreadable);
    Ok(ExitCode::from(match options.fail_on.is_empty() {
        false if found => 1,
        _ if unread => 2,
        false => 0,
        true => u8::from(count(&[Verdict::Attributed]) == 0),
    }))
}

/// How files are read, but for their password.
pub fn reading() -> Reading {
    Reading {
        // where the system does not say what this program is, files are read without the wall
        child: std::env::current_exe()
            .ok()
            .map(|program| (program, vec![read::NAME.to_string()])),
        ..Reading::default()
    }
}

/// The password on the first line of a file, without the line's end.
fn password(path: &Path) -> Result<Password> {
    let shown = match path.as_os_str() == "-" {
        true => Path::new("standard input"),
        false => path,
    };
    // never grows, so it leaves no copies of the password behind
    let mut bytes = Zeroizing::new(Vec::with_capacity(PASSWORD_BYTES as usize + 1));
    let read = match path.as_os_str() == "-" {
        true => std::io::stdin()
            .lock()
            .take(PASSWORD_BYTES)
            .read_to_end(&mut bytes),
        false => std::fs::File::open(path)
            .and_then(|file| file.take(PASSWORD_BYTES).read_to_end(&mut bytes)),
    };
    read.map_err(Error::io("read", shown))?;
    let line = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
    match std::str::from_utf8(line) {
        Ok(password) if !password.is_empty() => Ok(Password::new(password.to_string())),
        Ok(_) => Err(Error::input(format!(
            "the first line of `{}` is empty, and it should be the password. Write the password there.",
            shown.display()
        ))),
        Err(_) => Err(Error::input(format!(
            "the first line of `{}` is not UTF-8 text, so it is no password. Write the password there as UTF-8.",
            shown.display()
        ))),
    }
}
