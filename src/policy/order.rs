//! The table's own sort order: found once, kept in every copy.

use std::cmp::Ordering;

use super::{Column, DateOrder, Kind, SortKey};
use crate::table::Table;
use crate::value::{date, number};

/// A cell as sorting sees it. Blanks come last, as spreadsheets put them.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Rank<'a> {
    /// A day and second, or a number.
    Number(f64),
    /// Text by its code points.
    Text(&'a str),
    /// Nothing.
    Blank,
}

impl Rank<'_> {
    /// Total order of ranks of one column.
    pub fn compare(&self, other: &Rank<'_>) -> Ordering {
        self.partial_cmp(other).unwrap_or(Ordering::Equal)
    }
}

/// The rank of a cell of a column of this kind.
pub fn rank(kind: Kind, order: DateOrder, cell: &str) -> Rank<'_> {
    if cell.trim().is_empty() {
        return Rank::Blank;
    }
    let number = match kind {
        Kind::Date | Kind::DateTime => date::parse(cell, order).map(|(m, _)| seconds(&m)),
        Kind::Number => number::parse(cell).map(|(d, _)| d.to_f64()),
        _ => None,
    };
    number.map_or(Rank::Text(cell), Rank::Number)
}

/// Seconds since the calendar's day 0; a day without a time of day counts from its midnight.
fn seconds(moment: &date::Moment) -> f64 {
    let time = moment.time.map_or(0, |t| {
        i32::from(t.hour()) * 3600 + i32::from(t.minute()) * 60 + i32::from(t.second())
    });
    f64::from(date::day_number(moment.date)) * 86_400.0 + f64::from(time)
}

/// The columns by which the table is sorted, most significant first, at most three.
pub fn find(table: &Table, columns: &[Column]) -> Vec<SortKey> {
    let rows = table.rows();
    if rows < 8 {
        return Vec::new();
    }
    let mut keys: Vec<SortKey> = Vec::new();
    // `open[r]`: rows r and r + 1 are equal in every key so far, so the next key must order them
    let mut open = vec![true; rows - 1];
    while keys.len() < 3 {
        let candidates = columns.iter().enumerate().filter(|(_, c)| {
            c.role != super::Role::Sequence && keys.iter().all(|k| k.column != c.name)
        });
        let found = candidates
            .filter_map(|(at, column)| Some((at, sorted(table, at, column, &open)?, column)))
            .max_by_key(|f| f.1.1);
        let Some((at, (descending, _), column)) = found else {
            break;
        };
        let order = column.order.unwrap_or_default();
        for (row, open) in open.iter_mut().enumerate().filter(|(_, open)| **open) {
            let (a, b) = (table.cell(row, at), table.cell(row + 1, at));
            *open = a == b
                || rank(column.kind, order, a).compare(&rank(column.kind, order, b))
                    == Ordering::Equal;
        }
        keys.push(SortKey {
            column: column.name.clone(),
            descending,
        });
    }
    keys
}

/// (descending, rows that it orders) where a column is in order over the open rows; none where it is not or has one value only.
fn sorted(table: &Table, at: usize, column: &Column, open: &[bool]) -> Option<(bool, usize)> {
    let order = column.order.unwrap_or_default();
    let mut rising = 0;
    let mut falling = 0;
    let mut before: Option<(usize, Rank<'_>)> = None;
    for (row, open) in open.iter().enumerate() {
        if !open {
            continue;
        }
        let a = match before {
            Some((r, rank)) if r == row => rank,
            _ => rank(column.kind, order, table.cell(row, at)),
        };
        let b = rank(column.kind, order, table.cell(row + 1, at));
        match a.compare(&b) {
            Ordering::Less => rising += 1,
            Ordering::Greater => falling += 1,
            Ordering::Equal => {}
        }
        if rising > 0 && falling > 0 {
            return None;
        }
        before = Some((row + 1, b));
    }
    // two or three rows are in some order always
    (rising + falling >= 7).then_some((falling > 0, rising + falling))
}
