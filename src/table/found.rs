//! What a suspect file holds: every table in it, with where it stood.

use super::sniff::{self, Content};
use super::{Cells, Limits, Table, blocks, books, source, texts};
use crate::error::{Error, Result};

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

/// A sheet in which tables are to be looked for, or, with names, the rows of one table.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet {
    /// The columns' names, where nothing has to be looked for.
    pub(super) names: Option<Vec<String>>,
    pub(super) cells: Cells,
}

impl From<Cells> for Sheet {
    fn from(cells: Cells) -> Sheet {
        Sheet { names: None, cells }
    }
}

impl Contents {
    /// The tables in the sheets of a file of this format. `notes` is what reading them said. Tables without rows go, unless
    /// there is no other.
    ///
    /// # Errors
    /// Where nothing at all is filled.
    pub(super) fn of(
        name: &str,
        format: &str,
        sheets: impl IntoIterator<Item = impl Into<Sheet>>,
        mut notes: Vec<String>,
        limits: &Limits,
    ) -> Result<Contents> {
        let mut tables = Vec::new();
        for sheet in sheets {
            let Sheet { names, cells } = sheet.into();
            let left = match names {
                None => {
                    let (found, left) = blocks::tables(&cells, limits);
                    tables.extend(found);
                    left
                }
                Some(names) => {
                    let (found, left) = blocks::under(&cells, &names, limits);
                    tables.push(found);
                    left
                }
            };
            let place = match &cells.sheet {
                Some(sheet) => format!("sheet `{sheet}`"),
                None => "the file".to_string(),
            };
            notes.extend(left.words(&place));
        }
        blocks::keep_rows(&mut tables);
        if tables.is_empty() {
            return Err(Error::input(format!(
                "`{name}` has no cells, only white space. Give a file that holds a table."
            )));
        }
        Ok(Contents {
            format: format.to_string(),
            tables,
            notes,
        })
    }
}

/// Whether a suspect file is a zip archive of other files, and no workbook.
pub fn is_archive(bytes: &[u8]) -> bool {
    matches!(sniff::content("", bytes), Ok(Content::Archive))
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
        Content::Text | Content::WebPage => texts::read(name, bytes, limits),
        Content::Archive => Err(Error::input(format!(
            "`{name}` is a zip archive. Unpack it and give the files inside."
        ))),
        content => {
            let book = books::read(name, content, bytes, password, limits)?;
            Contents::of(name, &book.format, book.sheets, book.notes, limits)
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
