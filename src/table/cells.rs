//! The filled cells of one sheet as a file has them, before anybody asks which of them are a table.
//!
//! A suspect file is read into this whatever its format, and the tables are looked for afterwards. Only what is filled takes memory,
//! so that two cells at opposite corners of a sheet are two cells.

use super::Limits;
use super::limits::in_words;

/// A rectangle of cells that show one value, rows and columns from 0, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    /// First row and column; the value stands here.
    pub from: (u32, u32),
    /// Last row and column.
    pub to: (u32, u32),
}

/// What a cell is besides its text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Blank,
    Text,
    Number,
    /// A day, a time or a duration: a number shown so.
    Date,
    Truth,
    Fault,
}

/// One sheet's filled cells, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cells {
    /// The sheet's name, in a workbook.
    pub sheet: Option<String>,
    /// Whether a spreadsheet program would not show the sheet.
    pub hidden: bool,
    /// How many of its rows and columns that hold something are hidden.
    pub hidden_lines: usize,
    /// Areas merged into one cell.
    pub merged: Vec<Area>,
    places: Vec<(u32, u32)>,
    ends: Vec<u32>,
    text: String,
}

/// Why a cell was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// It stands before the one given last, or where that stands.
    Order,
    /// Its text is longer than a cell may be.
    Long,
    /// There are as many cells as are allowed.
    Many,
    /// There is as much text as is allowed.
    Text,
}

impl Refused {
    /// What is wrong and what to do, to follow on the name of the file and the place in it.
    pub fn words(self, limits: &Limits) -> String {
        match self {
            Refused::Order => "has cells out of order or twice. Open the file in the program that made it and save it again.".to_string(),
            Refused::Long => format!(
                "has a cell that is longer than {}. Check that the file is a table.",
                in_words(limits.cell_bytes as u64)
            ),
            Refused::Many => format!("has more than {} cells. Split the file.", limits.cells),
            Refused::Text => format!(
                "has more than {} of text. Split the file.",
                in_words(limits.text_cap() as u64)
            ),
        }
    }
}

impl Cells {
    /// Adds a cell; rows and columns count from 0 and never go back. White space alone is no cell.
    ///
    /// # Errors
    /// See [`Refused`]; the cell is then not there.
    pub fn push(
        &mut self,
        row: u32,
        column: u32,
        text: &str,
        limits: &Limits,
    ) -> Result<(), Refused> {
        match text.trim().is_empty() {
            true => Ok(()),
            false => self.push_as_is(row, column, text, limits),
        }
    }

    /// Adds a cell of which white space, too, is to be kept.
    pub(super) fn push_as_is(
        &mut self,
        row: u32,
        column: u32,
        text: &str,
        limits: &Limits,
    ) -> Result<(), Refused> {
        if text.is_empty() {
            return Ok(());
        }
        if self
            .places
            .last()
            .is_some_and(|last| *last >= (row, column))
        {
            return Err(Refused::Order);
        }
        if text.len() > limits.cell_bytes {
            return Err(Refused::Long);
        }
        if self.places.len() >= limits.cells {
            return Err(Refused::Many);
        }
        if self.text.len() + text.len() > limits.text_cap() {
            return Err(Refused::Text);
        }
        self.text.push_str(text);
        self.places.push((row, column));
        self.ends.push(self.text.len() as u32);
        Ok(())
    }

    /// Number of filled cells.
    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// True where nothing is filled.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The `at`-th filled cell: row, column, text.
    pub fn get(&self, at: usize) -> Option<(u32, u32, &str)> {
        let (row, column) = *self.places.get(at)?;
        let start = match at {
            0 => 0,
            _ => *self.ends.get(at - 1)? as usize,
        };
        let text = self.text.get(start..*self.ends.get(at)? as usize)?;
        Some((row, column, text))
    }

    /// A sheet of the same name and areas, with nothing filled.
    pub(super) fn like(&self) -> Cells {
        Cells {
            sheet: self.sheet.clone(),
            hidden: self.hidden,
            hidden_lines: self.hidden_lines,
            merged: self.merged.clone(),
            ..Cells::default()
        }
    }

    /// The places, where each text ends, and the texts one behind the other.
    pub(super) fn into_parts(self) -> (Vec<(u32, u32)>, Vec<u32>, String) {
        (self.places, self.ends, self.text)
    }

    /// Row and column of the `at`-th filled cell.
    pub(super) fn place(&self, at: usize) -> Option<(u32, u32)> {
        self.places.get(at).copied()
    }

    /// The text of the `at`-th filled cell; empty behind the last.
    pub(super) fn text(&self, at: usize) -> &str {
        self.get(at).map_or("", |(_, _, text)| text)
    }

    /// Bytes of text of the cells in this range.
    pub(super) fn text_bytes(&self, range: std::ops::Range<usize>) -> usize {
        let end = |at: usize| match at {
            0 => 0,
            _ => self
                .ends
                .get(at - 1)
                .map_or(self.text.len(), |e| *e as usize),
        };
        end(range.end).saturating_sub(end(range.start))
    }

    /// All filled cells, row by row.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u32, &str)> {
        (0..self.len()).filter_map(|at| self.get(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_come_back_as_they_were_given() {
        let limits = Limits {
            cells: 3,
            cell_bytes: 8,
            text_bytes: 12,
            ..Limits::default()
        };
        let mut cells = Cells::default();
        assert_eq!(cells.push(0, 2, "a", &limits), Ok(()));
        assert_eq!(cells.push(0, 3, "  ", &limits), Ok(()));
        assert_eq!(cells.push(0, 2, "b", &limits), Err(Refused::Order));
        assert_eq!(cells.push(5, 0, "123456789", &limits), Err(Refused::Long));
        assert_eq!(cells.push(5, 0, "王", &limits), Ok(()));
        assert_eq!(cells.push(5, 1, "12345678", &limits), Ok(()));
        assert_eq!(cells.push(5, 2, "1", &limits), Err(Refused::Many));
        let all: Vec<_> = cells.iter().collect();
        assert_eq!(all, [(0, 2, "a"), (5, 0, "王"), (5, 1, "12345678")]);
    }
}
