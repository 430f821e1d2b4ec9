//! `taggant lookup`

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use clap::Args;
use taggant::error::{Error, Result};
use taggant::lookup::lookup;
use taggant::report::lookup as report;

use super::sink::Guard;
use super::{Form, Output, Place, terminal};

/// Far more than the values of one record.
const INPUT_BYTES: u64 = 1 << 20;

#[derive(Args)]
pub struct Options {
    /// What the caller gave; - reads values from standard input, one a line
    #[arg(required = true, value_name = "VALUE")]
    values: Vec<String>,
    #[command(flatten)]
    output: Output,
}

pub fn run(place: &Place, options: Options) -> Result<ExitCode> {
    let mut values = Vec::new();
    for value in options.values {
        match value.as_str() {
            "-" => values.extend(lines()?),
            _ => values.push(value),
        }
    }
    let sink = Guard::new(place).open(options.output.output.as_deref())?;
    let vault = place.open()?;
    // an answer from a ledger that somebody rewrote is worth nothing
    vault.ledger.verify()?;
    let found = lookup(&vault, &values)?;
    sink.give(&match options.output.format {
        Form::Human => report::human(&found),
        Form::Json => terminal::document(&report::json(&found)),
    })?;
    Ok(ExitCode::from(u8::from(!found.is_something())))
}

/// The lines of standard input that hold something.
fn lines() -> Result<Vec<String>> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(INPUT_BYTES)
        .read_to_string(&mut text)
        .map_err(Error::io("read", Path::new("standard input")))?;
    let text = text.trim_start_matches('\u{FEFF}');
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    Ok(lines.map(str::to_string).collect())
}
