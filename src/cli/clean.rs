//! `taggant clean`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sha2::{Digest, Sha256};
use taggant::clean::{self, Cleaned, Request};
use taggant::error::{Error, Result};
use taggant::issue::which;
use taggant::report::clean as report;
use taggant::report::json::hex;
use taggant::table::{self, Limits, Source};

use super::sink::{Guard, folder_of};
use super::which::Which;
use super::{Form, Place, terminal};

#[derive(Args)]
pub struct Options {
    /// The copy that came back: CSV or xlsx
    table: PathBuf,
    /// Write the cleaned table to this file, in the returned file's own format [default: only say what was found]
    #[arg(short, long = "output", value_name = "PATH")]
    output: Option<PathBuf>,
    /// Write the list of changes, with values: CSV, or JSON where the name ends in .json
    #[arg(long, value_name = "PATH")]
    changes: Option<PathBuf>,
    /// The source table that the copy was made from, where it is at hand: then every cell is exact, and changes say what was before
    #[arg(long, value_name = "SOURCE")]
    original: Option<PathBuf>,
    /// The export that the file came from [default: found by the file's bytes, its canaries or its marks]
    #[arg(long, value_name = "ID")]
    export: Option<String>,
    /// Put the rows in the source's order, also where the partner sorted them anew
    #[arg(long)]
    source_order: bool,
    #[command(flatten)]
    which: Which,
    /// Form of what is said on standard output
    #[arg(long, value_enum, default_value = "human")]
    format: Form,
}

pub fn run(place: &Place, options: Options) -> Result<ExitCode> {
    let given = [&options.table].into_iter().chain(&options.original);
    let mut guard = Guard::new(place).reading(given);
    let result = guard.open(None)?;
    let changes = guard.open(options.changes.as_deref())?;
    if let Some(output) = &options.output {
        guard.allow(output)?;
        if Some(output) == options.changes.as_ref() {
            return Err(Error::input(format!(
                "`{}` cannot take two results. Name a file of its own for each.",
                output.display()
            )));
        }
    }
    let vault = place.open()?;
    vault.ledger.verify()?;
    let (name, sources, sha256) = open(&options.table)?;
    let sheets = which::meant(&options.which.sheet, &[], &vault.ledger, &sources)?;
    let returned = options.which.tables(sources, &sheets, &name)?.tables;
    let original = match &options.original {
        Some(path) => {
            let (name, sources, sha256) = open(path)?;
            Some((which::choose(sources, &sheets, &name)?.tables, sha256))
        }
        None => None,
    };
    let mut tables: Vec<(&Source, Cleaned)> = Vec::new();
    for table in &returned {
        check_format(options.output.as_deref(), table)?;
        let original = original.as_ref().and_then(|(sources, sha256)| {
            let mut sources = sources.iter();
            let its = |s: &&Source| returned.len() == 1 || s.sheet == table.sheet;
            Some((sources.find(its)?, *sha256))
        });
        let request = Request {
            returned: table,
            sha256,
            export: options.export.as_deref(),
            original,
            source_order: options.source_order,
        };
        match clean::clean(&vault, &request)? {
            Some(cleaned) => tables.push((table, cleaned)),
            None if returned.len() > 1 => terminal::warn(&format!(
                "sheet `{}` of `{name}` is no copy that this vault issued, and stays as it is.",
                table.sheet.as_deref().unwrap_or_default()
            )),
            None => (),
        }
    }
    if tables.is_empty() {
        let text = match options.format {
            Form::Human => format!(
                "NO COPY   `{name}` is no copy that this vault issued: there is nothing to clean.\n"
            ),
            Form::Json => terminal::document(&serde_json::json!({
                "schema": report::SCHEMA,
                "export": null,
            })),
        };
        result.give(&text)?;
        return Ok(ExitCode::from(1));
    }
    let written = options
        .output
        .as_deref()
        .map(|path| write(&tables, path))
        .transpose()?;
    let exact =
        written.is_some_and(|sha256| tables.iter().all(|(_, c)| c.is_the_source(&vault, &sha256)));
    let several = returned.len() > 1;
    let found: Vec<report::Cleaned<'_>> = tables
        .iter()
        .map(|(table, c)| (table.sheet.as_deref().filter(|_| several), &c.found))
        .collect();
    if let Some(path) = &options.changes {
        let is_json = path
            .extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("json"));
        changes.give(&match is_json {
            true => terminal::document(&report::changes_json(&found)),
            false => report::changes_csv(&found),
        })?;
    }
    let shown = options
        .output
        .as_ref()
        .map(|path| path.display().to_string());
    let sha256 = written.map(|sha256| hex(&sha256));
    let written = report::Written {
        output: shown.as_deref(),
        sha256: sha256.as_deref(),
        exact,
    };
    result.give(&match options.format {
        Form::Human => report::human(&found, written),
        Form::Json => terminal::document(&report::json(&found, written)),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A file's name, its sheets, and the file's SHA-256.
fn open(path: &Path) -> Result<(String, Vec<Source>, [u8; 32])> {
    let limits = Limits::default();
    let (name, bytes) = table::load(path, &limits)?;
    let sha256 = Sha256::digest(&bytes).into();
    let sources = table::from_bytes(&name, bytes, &limits)?;
    Ok((name, sources, sha256))
}

/// Refuses a name that says another format than the file will be in.
fn check_format(output: Option<&Path>, returned: &Source) -> Result<()> {
    let due = returned.format.extension();
    let Some(other) = output
        .and_then(|path| path.extension())
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase)
        .filter(|e| ["csv", "xlsx"].contains(&e.as_str()) && e != due)
    else {
        return Ok(());
    };
    Err(Error::input(format!(
        "`{}` is {due} and stays that: it cannot be cleaned into {other}. Name the output .{due}.",
        returned.name
    )))
}

/// Writes the cleaned tables, whole or not at all. The file's SHA-256.
fn write(tables: &[(&Source, Cleaned)], path: &Path) -> Result<[u8; 32]> {
    let file = tempfile::Builder::new()
        .prefix(".taggant-")
        .tempfile_in(folder_of(path))
        .map_err(Error::io("write", path))?;
    let edits = tables.iter().map(|(table, c)| (*table, &c.edits));
    table::rewrite_all(&edits.collect::<Vec<_>>(), file.path())?;
    let bytes = std::fs::read(file.path()).map_err(Error::io("read", path))?;
    file.persist(path)
        .map_err(|e| Error::io("write", path)(e.error))?;
    Ok(Sha256::digest(&bytes).into())
}
