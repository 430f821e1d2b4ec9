//! The cells of one row on their way into a table, and days as counts.

use std::fmt::Write as _;

use jiff::ToSpan;
use jiff::civil::Date;

use crate::table::Table;

/// One row, written cell by cell into memory that the next row uses again.
#[derive(Default)]
pub(super) struct Cells {
    text: String,
    ends: Vec<usize>,
}

impl Cells {
    pub(super) fn add(&mut self, cell: impl std::fmt::Display) -> &mut Cells {
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{cell}");
        self.ends.push(self.text.len());
        self
    }

    pub(super) fn text(&mut self, cell: &str) -> &mut Cells {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
        self
    }

    /// The value, or an empty cell.
    pub(super) fn maybe(&mut self, cell: Option<impl std::fmt::Display>) -> &mut Cells {
        match cell {
            Some(cell) => self.add(cell),
            None => self.text(""),
        }
    }

    /// Puts the row into `table` and begins the next.
    pub(super) fn push_to(&mut self, table: &mut Table) {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        table.push(
            starts
                .zip(&self.ends)
                .map(|(start, end)| &self.text[start..*end]),
        );
        self.text.clear();
        self.ends.clear();
    }
}

/// A day, counted from 1 January 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Day(pub(super) i32);

const EPOCH: Date = Date::constant(1970, 1, 1);

impl Day {
    pub(super) fn of(date: Date) -> Day {
        Day(date.since(EPOCH).map_or(0, |span| span.get_days()))
    }

    pub(super) fn date(self) -> Date {
        EPOCH.saturating_add(self.0.days())
    }
}

/// Full years from `born` until `until`.
pub(super) fn full_years(born: Date, until: Date) -> i16 {
    let had_birthday = (until.month(), until.day()) >= (born.month(), born.day());
    until.year() - born.year() - i16::from(!had_birthday)
}
