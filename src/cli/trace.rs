//! `taggant trace`

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use taggant::error::{Error, Result};
use taggant::intake::{self, Leak, Reading};
use taggant::ledger::NewTrace;
use taggant::report::rows::{LeakRows, RowsFile};
use taggant::report::{LeakReport, human, json};
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::trace::verdict::Verdict;
use taggant::vault::Vault;

use super::terminal::Sink;
use super::{Place, terminal};

#[derive(Args)]
pub struct Options {
    /// Leaked files; - is standard input
    #[arg(required = true, value_name = "LEAK")]
    leaks: Vec<PathBuf>,
    /// The chance of naming any innocent that a trace may take
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
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TraceForm {
    /// For people
    Human,
    /// One object for one leak, an array for several
    Json,
    /// One object a line
    Jsonl,
}

pub fn run(place: &Place, options: Options) -> Result<ExitCode> {
    let sink = Sink::open(options.output.as_deref())?;
    let alpha = Alpha::new(options.alpha)?;
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
    let rows_file = match &options.rows {
        Some(path) => Some(RowsFile::new(path, &options.leaks, vault.folder())?),
        None => None,
    };
    let mut rows = rows_file.as_ref().map(|_| Vec::new());
    let mut reports = Vec::new();
    let mut failed = None;
    let reading = Reading::default();
    let leaks = options.leaks.iter().flat_map(|p| leaks(p, &reading));
    for leak in leaks {
        match leak.and_then(|leak| trace(&tracer, &mut vault, leak, alpha, rows.as_mut())) {
            Ok(report) => reports.push(report),
            Err(error) if options.leaks.len() == 1 => return Err(error),
            Err(error) => {
                terminal::complain(&error.to_string());
                failed = Some(error.exit_code().max(failed.unwrap_or(0)));
            }
        }
    }
    if let (Some(file), Some(rows)) = (rows_file, rows) {
        file.write(&rows)?;
    }
    let result = match options.format {
        TraceForm::Human => reports
            .iter()
            .map(human::trace)
            .collect::<Vec<_>>()
            .join("\n"),
        TraceForm::Json if options.leaks.len() == 1 => reports
            .iter()
            .map(|r| terminal::document(&json::trace(r)))
            .collect(),
        TraceForm::Json => terminal::document(&reports.iter().map(json::trace).collect()),
        TraceForm::Jsonl => reports
            .iter()
            .map(|r| format!("{}\n", json::trace(r)))
            .collect(),
    };
    sink.give(&result)?;
    let attributed = reports
        .iter()
        .any(|r| r.outcome.verdict == Verdict::Attributed);
    Ok(match failed {
        Some(code) => ExitCode::from(code),
        None => ExitCode::from(u8::from(!attributed)),
    })
}

/// Traces one leak, and counts the trace in the ledger before its answer is seen. Its rows are added to `rows` where these are wanted.
pub fn trace(
    tracer: &Tracer,
    vault: &mut Vault,
    leak: Leak,
    alpha: Alpha,
    rows: Option<&mut Vec<LeakRows>>,
) -> Result<LeakReport> {
    let tables = &leak.contents.tables;
    let (outcome, found) = match rows {
        Some(_) => {
            let (outcome, report) = tracer.trace_rows(vault, tables, alpha)?;
            (outcome, Some(report))
        }
        None => (tracer.trace_found(vault, tables, alpha)?, None),
    };
    let entry = NewTrace {
        created: jiff::Timestamp::now(),
        recipients_scored: outcome.recipients_scored as u64,
        alpha: alpha.chance(),
        verdict: outcome.verdict.word().to_string(),
    };
    if let Err(error) = vault.ledger.add_trace(&entry) {
        terminal::warn(&format!(
            "this trace was not counted in the ledger: {error}"
        ));
    }
    let shown = tables
        .iter()
        .map(|f| (f.sheet.clone(), f.table.rows()))
        .collect();
    if let (Some(rows), Some(report)) = (rows, found) {
        rows.push(LeakRows {
            path: leak.path.clone(),
            tables: leak.contents.tables,
            report,
        });
    }
    Ok(LeakReport {
        path: leak.path,
        sha256: json::hex(&leak.sha256),
        tables: shown,
        outcome,
        bound_of_all_traces: vault.ledger.trace_bound()?,
        traces: vault.ledger.trace_count()?,
    })
}

/// Every leak in a file or on standard input.
pub fn leaks(path: &Path, reading: &Reading) -> Vec<Result<Leak>> {
    let mut leaks = Vec::new();
    let mut each = |_: &str, leak| leaks.push(leak);
    if path.as_os_str() != "-" {
        intake::read(path, reading, &mut each);
        return leaks;
    }
    let mut bytes = Vec::new();
    let read = std::io::stdin()
        .lock()
        .take(reading.limits.file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(Error::io("read", Path::new("standard input")));
    match read {
        Ok(_) => intake::read_bytes("-", bytes, reading, &mut each),
        Err(error) => return vec![Err(error)],
    }
    leaks
}
