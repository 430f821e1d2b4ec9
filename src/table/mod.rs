//! Tables as files hold them: exact text in, the same file with a few edits out.
//!
//! A format gives a [`Source`] (the table's cells as text, and whatever it needs to write the file again) and takes [`Edits`]
//! (replace, insert, order). Nothing above this room knows what a delimiter or a serial date is.

mod blocks;
mod books;
mod cells;
mod csv;
mod dates;
mod encoding;
mod found;
mod frame;
mod header;
mod limits;
mod sniff;
mod source;
#[cfg(test)]
mod tests;
mod texts;
mod xlsx;

use std::borrow::Cow;

pub use self::cells::{Area, Cells, Refused};
pub use self::encoding::decode_name;
pub use self::found::{Contents, Found, Password, contents, is_archive, is_workbook};
pub use self::frame::{read_outcome, write_outcome};
pub use self::limits::Limits;
use self::source::State;
pub use self::source::{Format, Source, from_bytes, load, open, rewrite, rewrite_all};

/// Rows and columns of text. Every row has `width` cells; where the file had fewer, the rest are empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    header: Vec<String>,
    width: usize,
    text: String,
    ends: Vec<u32>,
}

impl Table {
    /// An empty table with these column names (empty where a leak has no header) and this many columns.
    pub fn new(header: Vec<String>, width: usize) -> Table {
        Table {
            width: width.max(header.len()),
            header,
            text: String::new(),
            ends: Vec::new(),
        }
    }

    /// Adds one row; cells beyond the width are dropped, missing ones are empty.
    pub fn push<'a>(&mut self, cells: impl IntoIterator<Item = &'a str>) {
        let mut cells = cells.into_iter();
        for _ in 0..self.width {
            self.text.push_str(cells.next().unwrap_or(""));
            self.ends.push(self.text.len() as u32);
        }
    }

    /// Column names as written; empty where no header was found.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows, without title and header.
    pub fn rows(&self) -> usize {
        self.ends.len().checked_div(self.width).unwrap_or(0)
    }

    /// The exact text of one cell; empty outside the table.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        if column >= self.width {
            return "";
        }
        let at = row * self.width + column;
        let Some(end) = self.ends.get(at) else {
            return "";
        };
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.text[start as usize..*end as usize]
    }

    /// All cells of one row, in column order.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        (0..self.width).map(move |column| self.cell(row, column))
    }

    /// One column, from the first row to the last.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &str> + Clone {
        (0..self.rows()).map(move |row| self.cell(row, column))
    }

    /// The place of the column of this name.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|h| h == name)
    }
}

/// A line of a copy, in the copy's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// The source's row of this number (from 0, after the header).
    Kept(u32),
    /// The inserted row of this number.
    Inserted(u32),
}

/// A cell with new text.
#[derive(Clone, Debug, PartialEq)]
pub struct Replaced<'a> {
    /// Row of the source, from 0.
    pub row: u32,
    /// Column, from 0.
    pub column: u32,
    /// What it says now.
    pub text: Cow<'a, str>,
}

/// What makes a copy of a source. Rows that `lines` leaves out are not in the copy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edits<'a> {
    /// Every line of the copy, in order.
    pub lines: Vec<Line>,
    /// Altered cells of kept rows, sorted by row and column, no cell twice.
    pub replaced: Vec<Replaced<'a>>,
    /// Rows put in, each as wide as the table.
    pub inserted: Vec<Vec<String>>,
}
