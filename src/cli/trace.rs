//! `taggant trace`

use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use taggant::error::{Error, Result};
use taggant::intake::{self, Reading};
use taggant::report::Answer;
use taggant::report::rows::RowsFile;
use taggant::table::Password;
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::trace::verdict::Verdict;
use zeroize::Zeroizing;

use super::batch::{self, Account, Batch};
use super::results::Results;
use super::terminal::Sink;
use super::{Place, read, terminal};

/// More than any password; a file that is none is not read to its end.
const PASSWORD_BYTES: u64 = 1 << 16;

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
    /// Write the result to a file instead of standard output
    #[arg(short, long = "output", value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write every leaked row back with what was found about it, as .xlsx or .csv
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
    /// Do not exit 2 because of files that cannot be read; they are in the result with their reasons all the same
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
    let files = intake::files(&options.leaks);
    if let Some(output) = &options.output {
        refuse_to_overwrite(output, &options.leaks, &files)?;
    }
    let sink = Sink::open(options.output.as_deref())?;
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
    let rows_file = match &options.rows {
        None => None,
        Some(path) => Some(RowsFile::new(path, &options.leaks, vault.folder())?),
    };
    let memberships = match &rows_file {
        None => None,
        Some(_) => Some(tracer.memberships(&vault)?),
    };
    let mut rows = Vec::new();
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let bar = terminal::progress(files.len(), "Tracing");
    let key = &vault.key;
    let batch = Batch {
        trace: &|threads, found| match &memberships {
            None => (tracer.trace_found(threads, key, found, alpha), None),
            Some(memberships) => {
                let (outcome, rows) = tracer.trace_rows(threads, key, found, alpha, memberships);
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
    let only = match &options.leaks[..] {
        [one] => Some(one.to_string_lossy().into_owned()),
        _ => None,
    };
    let mut results = Results::new(sink, options.format, only, &fails);
    let mut account = Account::open(&mut vault.ledger)?;
    batch::keep_workers_quiet();
    batch.run(files, &mut account, |mut answer| {
        if let Answer::Traced(report) = &mut answer {
            rows.extend(report.rows.take());
        }
        bar.suspend(|| results.take(answer))
    })?;
    bar.finish_and_clear();
    account.close();
    if let Some(file) = rows_file {
        file.write(&rows)?;
    }
    let tally = results.finish()?;
    let count = |verdicts: &[Verdict]| verdicts.iter().map(|v| tally.count(*v)).sum::<usize>();
    let found = count(&fails) > 0;
    let unread = tally.unread() > 0 && !options.allow_unreadable;
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

/// Nothing is written over the evidence, nor beside it: next time it would be taken for a part of it.
fn refuse_to_overwrite(
    output: &Path,
    arguments: &[PathBuf],
    files: &[Result<PathBuf>],
) -> Result<()> {
    let Some(target) = whole_path(output) else {
        return Ok(());
    };
    let same = |path: &PathBuf| path.canonicalize().is_ok_and(|p| p == target);
    if files.iter().flatten().any(same) {
        return Err(Error::input(format!(
            "`{}` is one of the leaks, and evidence is never written over. Name another file for the result.",
            output.display()
        )));
    }
    let around = |path: &&PathBuf| {
        path.is_dir()
            && path
                .canonicalize()
                .is_ok_and(|folder| target.starts_with(folder))
    };
    match arguments.iter().find(around) {
        None => Ok(()),
        Some(folder) => Err(Error::input(format!(
            "`{}` lies in `{}`, which is traced: the result would be taken for a leak next time. Write it somewhere else.",
            output.display(),
            folder.display()
        ))),
    }
}

/// A path without links, also where the file is still to be made.
fn whole_path(path: &Path) -> Option<PathBuf> {
    if let Ok(whole) = path.canonicalize() {
        return Some(whole);
    }
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
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
