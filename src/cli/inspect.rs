//! `taggant inspect`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use taggant::error::{Error, Result};
use taggant::inspection;
use taggant::issue::check_table;
use taggant::issue::register::{describes_only, first_policy};
use taggant::policy;
use taggant::report::inspect as report;
use taggant::table::{self, Limits};
use taggant::trace::units::Alpha;

use super::sink::Guard;
use super::which::Which;
use super::{Form, Output, Place, issue, terminal};

#[derive(Args)]
pub struct Options {
    /// The table: CSV, xlsx, xls, et, xlsb, ods or XML spreadsheet
    table: PathBuf,
    /// Write the policy that a first issue would freeze, to be changed and given to `issue --policy`
    #[arg(long, value_name = "FILE")]
    write_policy: Option<PathBuf>,
    /// Forecast with this policy instead of the inferred one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Forecast for copies in which no value is altered: canaries and the order of rows alone tell them apart
    #[arg(long)]
    lossless: bool,
    /// How many recipients there will be
    #[arg(long, value_name = "N", default_value_t = 100)]
    recipients: usize,
    /// How many of them may lay their copies side by side and one still be named, as `coalition` in the policy
    #[arg(long, value_name = "N")]
    coalition: Option<u32>,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    output: Output,
}

pub fn run(place: &Place, options: &Options) -> Result<ExitCode> {
    let mut guard = Guard::new(place).reading([&options.table].into_iter().chain(&options.policy));
    let sink = guard.open(options.output.output.as_deref())?;
    let (name, bytes) = table::load(&options.table, &Limits::default())?;
    let sources = table::from_bytes(&name, bytes, &Limits::default())?;
    let source = options.which.table(sources, &name)?;
    check_table(&source)?;
    let given = options
        .policy
        .as_ref()
        .map(|path| issue::read_policy(path))
        .transpose()?;
    if let Some(policy) = &given {
        describes_only(&source, policy)?;
    }
    let mut policy = first_policy(&source, given, options.lossless);
    if let Some(sheet) = options.which.one_sheet()? {
        policy.sheet = Some(sheet.to_string());
    }
    if options.coalition.is_some() {
        policy.coalition = options.coalition;
        policy::text::check("--coalition", &policy)?;
    }
    let policy_sink = match &options.write_policy {
        Some(path) if path.exists() => {
            return Err(Error::input(format!(
                "`{}` is there already. Write the policy to another file.",
                path.display()
            )));
        }
        Some(path) => Some(guard.open(Some(path))?),
        None => None,
    };
    if let Some(sink) = policy_sink {
        sink.give(&policy::text::write(&policy)?)?;
    }
    let found = inspection::inspect(&source, policy, options.recipients.max(1), Alpha::DEFAULT)?;
    let result = match options.output.format {
        Form::Human => report::human(&found),
        Form::Json => terminal::document(&report::json(&found)),
    };
    sink.give(&result)?;
    Ok(ExitCode::SUCCESS)
}
