//! What a suspect file holds: every table in it, with where it stood.

use super::{Limits, Table};
use crate::error::Result;

/// A table found in a file, and where.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// Its cells, without titles, headers and totals.
    pub table: Table,
    /// The sheet's name, in a workbook.
    pub sheet: Option<String>,
    /// Whether a spreadsheet program would not show the sheet.
    pub hidden: bool,
    /// The file's (or sheet's) number of each of the table's rows, from 1.
    pub rows: Vec<u32>,
    /// The file's (or sheet's) number of each of the table's columns, from 1.
    pub columns: Vec<u32>,
}

/// A suspect file, taken apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// What the file is, as people call it: "an Excel workbook (.xls)".
    pub format: String,
    /// Its tables, in file order.
    pub tables: Vec<Found>,
    /// What the reader should know: hidden sheets, sheets that could not be read, repaired text; one sentence each.
    pub notes: Vec<String>,
}

/// The password of a locked file. It shows nothing when printed for debugging.
#[derive(Clone, Default, zeroize::ZeroizeOnDrop)]
pub struct Password(String);

impl Password {
    /// A password as it is typed.
    pub fn new(password: String) -> Password {
        Password(password)
    }

    /// Its characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Password(..)")
    }
}

/// Takes a suspect file's bytes apart, whatever they are; `name` is for messages only.
///
/// # Errors
/// What cannot be read at all: the format that it looked like, and what to try.
pub fn contents(
    name: &str,
    bytes: Vec<u8>,
    _password: Option<&Password>,
    limits: &Limits,
) -> Result<Contents> {
    let sources = super::from_bytes(name, bytes, limits)?;
    Ok(Contents {
        format: "a table".to_string(),
        tables: sources
            .into_iter()
            .map(|s| Found {
                sheet: s.sheet,
                hidden: false,
                rows: (0..s.table.rows())
                    .map(|row| (s.first_data_row + row) as u32)
                    .collect(),
                columns: (1..=s.table.width() as u32).collect(),
                table: s.table,
            })
            .collect(),
        notes: Vec::new(),
    })
}
