//! The tables among a sheet's cells.
//!
//! A sheet as people keep it has titles above the table, notes beside it, pages with the header repeated, totals between and
//! below, and now and then a second table under the first or next to it. Blank rows cut a sheet into *groups*; a group goes on
//! with the table above it unless it has a header of its own or other columns. What then remains as one *stack* is cut at blank
//! columns, where both sides are tables. Every piece is laid out as a [`Found`] by [`layout`].
//!
//! When in doubt a table stays whole: rows of two tables under one header still link by what they hold, and half a row may not.

mod beside;
mod layout;
mod merged;
mod shape;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::ops::Range;

use self::shape::Shape;
use super::header::is_a_name;
use super::{Cells, Found, Limits};

/// The filled cells of one row, or those of them that lie within a table's columns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    /// The row, from 0.
    pub(super) row: u32,
    /// Its cells, by number; never empty.
    pub(super) cells: Range<usize>,
}

/// Lines that a sheet's tables do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct LeftOut {
    /// Headers repeated.
    pub(super) headers: usize,
    /// Totals and sums between.
    pub(super) totals: usize,
    /// Page numbers, signatures, remarks under and beside a table.
    pub(super) remarks: usize,
    /// Columns that would have made a table mostly of empty cells.
    pub(super) columns: usize,
}

impl LeftOut {
    /// One sentence on what was left out of `place`, where anything was.
    pub(super) fn words(&self, place: &str) -> Option<String> {
        let kinds = [
            (self.headers, "repeated header", "repeated headers"),
            (self.totals, "row of totals", "rows of totals"),
            (self.remarks, "remark", "remarks"),
            (self.columns, "nearly empty column", "nearly empty columns"),
        ];
        let parts: Vec<String> = kinds
            .iter()
            .filter(|(count, _, _)| *count > 0)
            .map(|(count, one, many)| match count {
                1 => format!("1 {one}"),
                _ => format!("{count} {many}"),
            })
            .collect();
        (!parts.is_empty()).then(|| format!("Left out of {place}: {}.", parts.join(", ")))
    }
}

/// How often a piece of a sheet is cut again into what stands beside and below one another.
const DEPTH: usize = 4;

/// Tables below one another; what comes after goes with the last.
const STACKS: usize = 1000;

/// The tables of a sheet, from top to bottom and left to right, and what was left out of them.
pub(super) fn tables(cells: &Cells, limits: &Limits) -> (Vec<Found>, LeftOut) {
    let filled = merged::filled(cells, limits);
    let cells: &Cells = match &filled {
        Cow::Borrowed(cells) => cells,
        Cow::Owned(cells) => cells,
    };
    let mut found = Vec::new();
    let mut left = LeftOut::default();
    let mut taker = Taker {
        cells,
        limits,
        found: &mut found,
        left: &mut left,
    };
    taker.take(lines(cells, limits), DEPTH);
    keep_rows(&mut found);
    (found, left)
}

/// Titles, and headers over nothing, are tables only where there is no other.
pub(super) fn keep_rows(tables: &mut Vec<Found>) {
    if tables.iter().any(|found| found.table.rows() > 0) {
        tables.retain(|found| found.table.rows() > 0);
    }
}

/// The one table of a sheet that is nothing but rows, with its columns' names.
pub(super) fn under(cells: &Cells, names: &[String], limits: &Limits) -> (Found, LeftOut) {
    let names = names.iter().take(limits.columns).cloned();
    let names = (0..).zip(names).filter(|(_, name)| !name.is_empty());
    let (found, columns) = layout::lay_out(cells, names.collect(), &lines(cells, limits), limits);
    let left = LeftOut {
        columns,
        ..LeftOut::default()
    };
    (found, left)
}

/// The sheet's rows that hold something; what stands to the right of any spreadsheet's last column is not looked at.
fn lines(cells: &Cells, limits: &Limits) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for at in 0..cells.len() {
        let Some((row, column)) = cells.place(at) else {
            break;
        };
        if column as usize >= limits.columns {
            continue;
        }
        match lines.last_mut() {
            Some(line) if line.row == row => line.cells.end = at + 1,
            _ => lines.push(Line {
                row,
                cells: at..at + 1,
            }),
        }
    }
    lines
}

struct Taker<'a> {
    cells: &'a Cells,
    limits: &'a Limits,
    found: &'a mut Vec<Found>,
    left: &'a mut LeftOut,
}

impl Taker<'_> {
    /// Finds the tables among `lines`, cutting at most `depth` times more.
    fn take(&mut self, lines: Vec<Line>, depth: usize) {
        for stack in self.stacks(lines) {
            let pieces = match depth {
                0 => vec![stack],
                _ => beside::pieces(self.cells, stack, self.left),
            };
            match <[Vec<Line>; 1]>::try_from(pieces) {
                Ok([piece]) => {
                    let tables = layout::table(self.cells, &piece, self.limits, self.left);
                    self.found.extend(tables);
                }
                Err(pieces) => {
                    for piece in pieces {
                        self.take(piece, depth - 1);
                    }
                }
            }
        }
    }

    /// Cuts `lines` into tables that stand below one another.
    fn stacks(&mut self, lines: Vec<Line>) -> Vec<Vec<Line>> {
        let groups = groups(self.cells, lines);
        if groups.len() < 2 {
            return groups;
        }
        let mut stacks: Vec<(Vec<Line>, Shape)> = Vec::new();
        for group in groups {
            let own = Shape::of(self.cells, &group);
            let count = stacks.len();
            let Some((lines, shape)) = stacks.last_mut() else {
                stacks.push((group, own));
                continue;
            };
            let adjacent = match (lines.last(), group.first()) {
                (Some(last), Some(first)) => last.row + 1 == first.row,
                _ => false,
            };
            if shape.is_title_of(&own) || (shape.header_alone() && (adjacent || !own.has_header()))
            {
                lines.extend(group);
                *shape = Shape::of(self.cells, lines);
            } else if own.is_aside_to(shape, group.len()) {
                if shape.knows_a_figure_of(self.cells, &group) {
                    lines.extend(group);
                } else {
                    self.left.remarks += group.len();
                }
            } else if shape.repeats(&own)
                || count >= STACKS
                || (!own.has_header() && shape.fits(&own))
            {
                lines.extend(group);
                shape.widen(&own);
            } else {
                stacks.push((group, own));
            }
        }
        stacks.into_iter().map(|(lines, _)| lines).collect()
    }
}

/// Cuts lines at blank rows, and above rows that hold nothing but names of columns.
fn groups(cells: &Cells, lines: Vec<Line>) -> Vec<Vec<Line>> {
    let mut groups: Vec<Vec<Line>> = Vec::new();
    for line in lines {
        match groups.last_mut() {
            Some(group)
                if group.last().is_some_and(|l| l.row + 1 == line.row)
                    && !names_columns(cells, &line) =>
            {
                group.push(line);
            }
            _ => groups.push(vec![line]),
        }
    }
    groups
}

/// Whether a line is nothing but names that columns go by: most of its cells, and no long number among them.
fn names_columns(cells: &Cells, line: &Line) -> bool {
    let count = line.cells.len();
    if count < 2 {
        return false;
    }
    // nearly every row of a register has a number near its beginning, which settles it
    let figures = |at: usize| {
        let text = cells.text(at);
        text.len() >= 5 && text.bytes().filter(u8::is_ascii_digit).count() >= 5
    };
    if line.cells.clone().any(figures) {
        return false;
    }
    let mut others = 0;
    for at in line.cells.clone() {
        if !is_a_name(cells.text(at)) {
            others += 1;
            if others * 5 > count * 2 {
                return false;
            }
        }
    }
    true
}
