//! `taggant inspect`

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use taggant::error::{Error, Result};
use taggant::inspection;
use taggant::policy;
use taggant::report::inspect as report;
use taggant::table::{self, Limits};
use taggant::trace::units::Alpha;

use super::{Form, Output, issue, terminal};

#[derive(Args)]
pub struct Options {
    /// The table: CSV or xlsx
    table: PathBuf,
    /// Write the policy that a first issue would freeze, to be changed and given to `issue --policy`
    #[arg(long, value_name = "FILE")]
    write_policy: Option<PathBuf>,
    /// Forecast with this policy instead of the inferred one
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// How many recipients there will be
    #[arg(long, value_name = "N", default_value_t = 100)]
    recipients: usize,
    #[command(flatten)]
    output: Output,
}

pub fn run(options: &Options) -> Result<ExitCode> {
    let (name, bytes) = table::load(&options.table, &Limits::default())?;
    let source = issue::only_table(table::from_bytes(&name, bytes, &Limits::default())?, &name)?;
    if source.table.header().is_empty() || source.table.rows() == 0 {
        return Err(Error::input(format!(
            "`{name}` has no header with rows below it. Give a table with both."
        )));
    }
    let policy = match &options.policy {
        Some(path) => issue::read_policy(path)?,
        None => policy::infer::infer(&source.table),
    };
    if let Some(path) = &options.write_policy {
        if path.exists() {
            return Err(Error::input(format!(
                "`{}` is there already. Write the policy to another file.",
                path.display()
            )));
        }
        terminal::give(&policy::text::write(&policy)?, Some(path))?;
    }
    let found = inspection::inspect(&source, policy, options.recipients.max(1), Alpha::DEFAULT)?;
    let result = match options.output.format {
        Form::Human => report::human(&found),
        Form::Json => terminal::document(&report::json(&found)),
    };
    terminal::give(&result, options.output.output.as_deref())?;
    Ok(ExitCode::SUCCESS)
}
