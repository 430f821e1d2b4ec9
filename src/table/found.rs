//! What a suspect file holds: every table in it, with where it stood.

use super::sniff::{self, Content};
use super::{Cells, Limits, Source, Table, books, header, source};
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
    password: Option<&Password>,
    limits: &Limits,
) -> Result<Contents> {
    if bytes.len() as u64 > limits.file_cap() {
        return Err(source::too_large(name, limits));
    }
    match sniff::content(name, &bytes)? {
        content @ (Content::Text | Content::WebPage | Content::Archive) => {
            let sources = super::from_bytes(name, bytes, limits)?;
            Ok(Contents {
                format: content.words().to_string(),
                tables: sources.into_iter().map(Found::from).collect(),
                notes: Vec::new(),
            })
        }
        content => {
            let book = books::read(name, content, bytes, password, limits)?;
            let tables = book.sheets.iter().filter_map(|cells| found(cells, limits));
            Ok(Contents {
                format: book.format,
                tables: tables.collect(),
                notes: book.notes,
            })
        }
    }
}

/// Whether a suspect file is taken apart by a reader of workbooks, which is better done in a process of its own.
pub fn is_workbook(bytes: &[u8]) -> bool {
    !matches!(
        sniff::content("", bytes),
        Err(_) | Ok(Content::Text | Content::WebPage | Content::Archive)
    )
}

impl From<Source> for Found {
    fn from(source: Source) -> Found {
        let rows = 0..source.table.rows();
        Found {
            sheet: source.sheet,
            hidden: false,
            rows: rows
                .map(|row| (source.first_data_row + row) as u32)
                .collect(),
            columns: (1..=source.table.width() as u32).collect(),
            table: source.table,
        }
    }
}

/// The table of a sheet: what stands below its header, in the columns that hold something.
fn found(cells: &Cells, limits: &Limits) -> Option<Found> {
    let mut columns: Vec<u32> = cells.iter().map(|(_, column, _)| column).collect();
    columns.sort_unstable();
    columns.dedup();
    columns.truncate(limits.columns);
    let mut rows: Vec<(u32, Vec<&str>)> = Vec::new();
    for (row, column, text) in cells.iter() {
        let Ok(place) = columns.binary_search(&column) else {
            continue;
        };
        if rows.last().is_none_or(|(last, _)| *last != row) {
            if rows.len().saturating_mul(columns.len()) >= limits.cells {
                break;
            }
            rows.push((row, Vec::new()));
        }
        if let Some((_, filled)) = rows.last_mut() {
            filled.resize(place, "");
            filled.push(text);
        }
    }
    let sample: Vec<Vec<&str>> = rows
        .iter()
        .take(header::SAMPLE)
        .map(|(_, filled)| filled.clone())
        .collect();
    let at = header::find(&sample);
    let names = at
        .and_then(|at| sample.get(at))
        .map(|row| row.iter().map(|c| c.to_string()));
    let mut table = Table::new(
        names.map(Iterator::collect).unwrap_or_default(),
        columns.len(),
    );
    let below = rows.get(at.map_or(0, |at| at + 1)..)?;
    for (_, filled) in below {
        table.push(filled.iter().copied());
    }
    Some(Found {
        table,
        sheet: cells.sheet.clone(),
        hidden: cells.hidden,
        rows: below.iter().map(|(row, _)| row + 1).collect(),
        columns: columns.iter().map(|column| column + 1).collect(),
    })
}
