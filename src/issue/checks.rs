//! What cannot be issued, each in its own words, before anything is done.

use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Request;
use crate::error::{Error, Result};
use crate::table::Source;

/// Everything in a table that cannot be issued, each in its own words.
pub fn check_table(source: &Source) -> Result<()> {
    let name = &source.name;
    let table = &source.table;
    if table.header().is_empty() {
        return Err(Error::input(format!(
            "`{name}` has no header row. Put the columns' names above the data."
        )));
    }
    for (at, header) in table.header().iter().enumerate() {
        let earlier = table.header()[..at].iter().position(|h| h == header);
        match (header.trim().is_empty(), earlier) {
            (false, Some(earlier)) => {
                return Err(Error::input(format!(
                    "`{name}` has two columns named `{header}` (columns {} and {}). Give each its own name.",
                    earlier + 1,
                    at + 1
                )));
            }
            (true, Some(_)) => {
                return Err(Error::input(format!(
                    "`{name}` has columns without a name (column {}). Name them.",
                    at + 1
                )));
            }
            _ => {}
        }
    }
    if let Some((row, found)) = source.irregular {
        return Err(Error::input(format!(
            "`{name}` row {row} has {found} cells where the header has {}. Mend that row; a stray delimiter or quote is the usual cause.",
            table.header().len()
        )));
    }
    match table.rows() {
        0 => Err(Error::input(format!(
            "`{name}` has a header and no rows. There is nothing to issue."
        ))),
        1 => Err(Error::input(format!(
            "`{name}` has a single row: too little to hide a mark in. Issue it with others, or not at all."
        ))),
        _ => Ok(()),
    }
}

/// Refuses a folder that cannot take copies, and places where a folder stands.
pub fn check_places(request: &Request, paths: &[PathBuf]) -> Result<()> {
    // the nearest folder that is there must be one, and must take files
    let there = request
        .out
        .ancestors()
        .find(|a| !a.as_os_str().is_empty() && a.exists())
        .unwrap_or(Path::new("."));
    if !there.is_dir() {
        return Err(Error::input(format!(
            "`{}` is a file, not a folder. Name a folder with `--out`.",
            there.display()
        )));
    }
    NamedTempFile::new_in(there).map_err(Error::io("write", there))?;
    match paths.iter().find(|path| path.is_dir()) {
        None => Ok(()),
        Some(path) => Err(Error::input(format!(
            "`{}` is a folder where a copy should go. Choose another `--out`.",
            path.display()
        ))),
    }
}

/// Refuses to write over what is in a copy's place, unless told to.
pub fn check_free(request: &Request, path: &Path) -> Result<()> {
    match path.exists() && !request.force {
        false => Ok(()),
        true => Err(Error::input(format!(
            "`{}` is there already. Overwrite it with `--force`, or choose another `--out`.",
            path.display()
        ))),
    }
}
