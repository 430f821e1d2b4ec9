//! The table's own sort order: found once, kept in every copy.

use std::cmp::Ordering;

use super::{Column, DateOrder, Kind, SortKey};
use crate::table::Table;
use crate::value::{date, number};

/// A cell as sorting sees it. Blanks come last, as spreadsheets put them.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Seen<'a> {
    Number(f64),
    Text(&'a str),
    Blank,
}

fn see(kind: Kind, order: DateOrder, cell: &str) -> Seen<'_> {
    if cell.trim().is_empty() {
        return Seen::Blank;
    }
    let number = match kind {
        Kind::Date | Kind::DateTime => date::parse(cell, order).map(|(m, _)| seconds(&m)),
        Kind::Number => number::parse(cell).map(|(d, _)| d.to_f64()),
        _ => None,
    };
    number.map_or(Seen::Text(cell), Seen::Number)
}

/// Text ranks above every number, blanks above everything, as spreadsheets put them.
const TEXT: u64 = 1 << 62;
const BLANK: u64 = 3 << 62;

/// A cell's place among the cells of its column: smaller comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank(u64);

impl Rank {
    /// The rank in a column that runs from great to small.
    pub fn reversed(self) -> Rank {
        Rank(!self.0)
    }
}

/// Ranks the cells of one column: dates and numbers by value, text by its code points.
pub struct Ranker<'a> {
    kind: Kind,
    order: DateOrder,
    /// The column's distinct texts, sorted.
    texts: Vec<&'a str>,
}

impl<'a> Ranker<'a> {
    /// For a column that holds these cells.
    pub fn new(column: &Column, cells: impl Iterator<Item = &'a str>) -> Ranker<'a> {
        let mut ranker = Ranker {
            kind: column.kind,
            order: column.order.unwrap_or_default(),
            texts: Vec::new(),
        };
        let mut texts: Vec<&str> = cells
            .filter(|cell| matches!(see(ranker.kind, ranker.order, cell), Seen::Text(_)))
            .collect();
        texts.sort_unstable();
        texts.dedup();
        ranker.texts = texts;
        ranker
    }

    /// The cell's rank. A text that the column does not hold stands between its neighbours.
    pub fn rank(&self, cell: &str) -> Rank {
        Rank(match see(self.kind, self.order, cell) {
            Seen::Blank => BLANK,
            Seen::Number(value) => sortable(value) >> 2,
            Seen::Text(text) => match self.texts.binary_search(&text) {
                Ok(at) => TEXT + 2 * at as u64 + 1,
                Err(at) => TEXT + 2 * at as u64,
            },
        })
    }
}

/// A number whose order as an integer is the order of the float.
fn sortable(value: f64) -> u64 {
    let bits = value.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
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
        let seen = |row: usize| see(column.kind, order, table.cell(row, at));
        for (row, open) in open.iter_mut().enumerate().filter(|(_, open)| **open) {
            *open = table.cell(row, at) == table.cell(row + 1, at) || seen(row) == seen(row + 1);
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
    let mut before: Option<(usize, Seen<'_>)> = None;
    for (row, open) in open.iter().enumerate() {
        let (cell, next) = (table.cell(row, at), table.cell(row + 1, at));
        if !open || cell == next {
            continue;
        }
        let a = match before {
            Some((r, seen)) if r == row => seen,
            _ => see(column.kind, order, cell),
        };
        let b = see(column.kind, order, next);
        match a.partial_cmp(&b) {
            Some(Ordering::Less) => rising += 1,
            Some(Ordering::Greater) => falling += 1,
            _ => {}
        }
        if rising > 0 && falling > 0 {
            return None;
        }
        before = Some((row + 1, b));
    }
    // two or three rows are in some order always
    (rising + falling >= 7).then_some((falling > 0, rising + falling))
}
