//! `taggant issue`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sha2::{Digest, Sha256};
use taggant::error::{Error, Result};
use taggant::issue::by::{By, NameMap};
use taggant::issue::{Issue, Request, names, which};
use taggant::policy::{self, pools};
use taggant::report::{issuing, json};
use taggant::table::{self, Limits};

use super::sink::Guard;
use super::which::{Which, undivided};
use super::{Form, Output, Place, terminal};

#[derive(Args)]
#[command(group(clap::ArgGroup::new("whom").required(true).multiple(true).args(["to", "recipients", "by"])))]
pub struct Options {
    /// The table: CSV or xlsx; of an xls, et, xlsb, ods or XML spreadsheet copies are xlsx, with values and number formats
    table: PathBuf,
    /// A recipient; may be given several times
    #[arg(long, value_name = "NAME")]
    to: Vec<String>,
    /// A list of recipients: one name a line, or a CSV with a column `recipient` or `name`
    #[arg(long, value_name = "FILE")]
    recipients: Option<PathBuf>,
    /// Give each recipient only the rows whose value in this column is its name; without `--to` or `--recipients` everybody in it
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    /// With `--by`: whose a value is, as CSV with the columns `value` and `recipient` (a blank recipient is nobody)
    #[arg(long, value_name = "FILE", requires = "by")]
    names: Option<PathBuf>,
    /// The folder for the copies; made if missing
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// The register that the table belongs to [default: the one whose columns it has, or a new one]
    #[arg(long, value_name = "NAME")]
    register: Option<String>,
    /// The policy of a new register, as TOML (see `taggant inspect --write-policy`); for several tables of one workbook give several,
    /// each of which names its sheet
    #[arg(long, value_name = "FILE")]
    policy: Vec<PathBuf>,
    /// Alter no value: canaries and the order of rows alone tell copies apart (a register keeps to that from its first issue on)
    #[arg(long)]
    lossless: bool,
    /// What the copies are for; kept in the ledger
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// Exactly so many canaries a copy, all its own, instead of one for 200 rows
    #[arg(long, value_name = "N")]
    canaries: Option<usize>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Overwrite copies that are there
    #[arg(long)]
    force: bool,
    /// Pass on a table that is itself an issued copy, and record where it came from
    #[arg(long)]
    derived: bool,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    output: Output,
}

pub fn run(place: &Place, options: Options) -> Result<ExitCode> {
    let given = [&options.table].into_iter().chain(&options.recipients);
    let given = given.chain(&options.policy).chain(&options.names);
    let mut guard = Guard::new(place).reading(given);
    let sink = guard.open(options.output.output.as_deref())?;
    names::check_table(&options.table)?;
    let mut recipients = options.to.clone();
    if let Some(list) = &options.recipients {
        let (name, text) = read_list(list)?;
        recipients.extend(names::from_list(&name, &text)?);
    }
    let by = match &options.by {
        Some(column) => Some(By {
            column: column.clone(),
            names: options.names.as_deref().map(read_names).transpose()?,
        }),
        None => {
            names::check(&recipients)?;
            None
        }
    };
    let mut vault = place.open()?;
    let limits = Limits::default();
    let (name, bytes) = table::load(&options.table, &limits)?;
    let source_sha256: [u8; 32] = Sha256::digest(&bytes).into();
    let sources = table::from_bytes(&name, bytes, &limits)?;
    let policies = options.policy.iter().map(|path| {
        let file = path.file_name().unwrap_or(path.as_os_str());
        Ok((file.to_string_lossy().into_owned(), read_policy(path)?))
    });
    let policies = policies.collect::<Result<Vec<_>>>()?;
    let sheets = which::meant(&options.which.sheet, &policies, &vault.ledger, &sources)?;
    let chosen = options.which.tables(sources, &sheets, &name)?;
    if options.by.is_some() {
        undivided(&chosen);
    }
    let given = which::given(&chosen, policies, options.register.as_deref())?;
    let request = Request {
        recipients,
        by,
        out: options.out.clone(),
        stem: options
            .table
            .file_stem()
            .map_or_else(|| "table".to_string(), |s| s.to_string_lossy().into_owned()),
        source_sha256,
        lossless: options.lossless,
        purpose: options.purpose.clone(),
        canaries: options.canaries,
        force: options.force,
        derived: options.derived,
    };
    let issue = Issue::prepare_all(&mut vault, given, request)?;
    let plan = issue.plan();
    for (_, copy) in &plan.copies {
        guard.allow(copy)?;
    }
    if options.dry_run {
        let mut text = issuing::plan(&plan);
        text.push_str(&issuing::intended(&plan));
        let result = match options.output.format {
            Form::Human => text,
            Form::Json => terminal::document(&json::plan(&plan)),
        };
        sink.give(&result)?;
        return Ok(ExitCode::SUCCESS);
    }
    terminal::say(issuing::plan(&plan).trim_end());
    let bar = terminal::progress(plan.copies.len(), "issuing");
    let issued = issue.run(&|done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let result = match options.output.format {
        Form::Human => issuing::issued(&issued),
        Form::Json => terminal::document(&json::issued(&issued)),
    };
    sink.give(&result)?;
    Ok(ExitCode::SUCCESS)
}

/// A list of names and its text.
fn read_list(path: &Path) -> Result<(String, String)> {
    let limits = Limits {
        file_bytes: 64 << 20,
        ..Limits::default()
    };
    let (name, bytes) = table::load(path, &limits)?;
    let text = names::text(&name, &bytes)?;
    Ok((name, text))
}

/// Whose values are.
fn read_names(path: &Path) -> Result<NameMap> {
    let (origin, text) = read_list(path)?;
    let pairs = names::pairs(&origin, &text)?;
    Ok(NameMap { origin, pairs })
}

/// A policy file, read and held against itself, with the files that it names for canaries' contact points.
pub fn read_policy(path: &Path) -> Result<policy::Policy> {
    let limits = Limits {
        file_bytes: 16 << 20,
        ..Limits::default()
    };
    let (name, bytes) = table::load(path, &limits)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        Error::input(format!(
            "`{name}` is not UTF-8. Save the policy as UTF-8 text."
        ))
    })?;
    let mut policy = policy::text::read(&name, &text)?;
    for (contact, pool) in policy.canaries.pools_mut() {
        let Some(file) = pool.file() else { continue };
        let file = path.parent().unwrap_or(Path::new("")).join(file);
        let limits = Limits {
            file_bytes: pools::MOST_BYTES,
            ..Limits::default()
        };
        let (name, bytes) = table::load(&file, &limits)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            Error::input(format!(
                "`{name}` is not UTF-8. Save the list as UTF-8 text, one entry a line."
            ))
        })?;
        pool.fill(contact, &name, &text)?;
    }
    Ok(policy)
}
