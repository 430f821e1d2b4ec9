//! Copies laid side by side: which row of one is which row of another.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Column, Holds};
use crate::table::Table;

/// The rows of several copies, joined.
pub(super) struct Aligned {
    copies: usize,
    /// For each joined row, its number in each copy.
    rows: Vec<Option<u32>>,
}

impl Aligned {
    /// Each joined row: its number in each copy, where that holds it.
    pub(super) fn rows(&self) -> impl Iterator<Item = &[Option<u32>]> {
        self.rows.chunks_exact(self.copies.max(1))
    }
}

/// A joined row on its way to its place.
struct Joined {
    /// The row of the first copy at or after which it stands, the copy that shows where, and the row there.
    anchor: (usize, usize, usize),
    at: Vec<Option<u32>>,
}

/// Lays copies side by side by identifiers, which no copy alters; rows without any by all cells. Rows come in the order of the
/// first copy, and those that it lacks behind the row that they follow elsewhere.
pub(super) fn align(copies: &[&Table], columns: &[Column]) -> Aligned {
    let key = Key::new(columns);
    let mut known: HashMap<(u64, u32), usize> = HashMap::new();
    let mut joined: Vec<Joined> = Vec::new();
    for (nth, copy) in copies.iter().enumerate() {
        let mut met: HashMap<u64, u32> = HashMap::new();
        let mut behind = 0;
        for row in 0..copy.rows() {
            let digest = key.of(copy, row);
            // twins are told by which comes first
            let nth_twin = met.entry(digest).or_default();
            let place = *known.entry((digest, *nth_twin)).or_insert_with(|| {
                let anchor = if nth == 0 {
                    (row, 0, 0)
                } else {
                    (behind, nth, row)
                };
                joined.push(Joined {
                    anchor,
                    at: vec![None; copies.len()],
                });
                joined.len() - 1
            });
            *nth_twin += 1;
            joined[place].at[nth] = Some(row as u32);
            behind = joined[place].anchor.0;
        }
    }
    joined.sort_by_key(|row| row.anchor);
    Aligned {
        copies: copies.len(),
        rows: joined.into_iter().flat_map(|row| row.at).collect(),
    }
}

/// What a row is known by in every copy.
pub(super) struct Key {
    identifiers: Vec<usize>,
    others: Vec<usize>,
}

impl Key {
    pub(super) fn new(columns: &[Column]) -> Key {
        let places = |wanted: fn(Holds) -> bool| -> Vec<usize> {
            let all = columns.iter().enumerate();
            all.filter(|(_, c)| wanted(c.holds))
                .map(|(at, _)| at)
                .collect()
        };
        Key {
            identifiers: places(|holds| holds == Holds::Identifier),
            others: places(|holds| !matches!(holds, Holds::Identifier | Holds::Sequence)),
        }
    }

    /// A row's digest.
    pub(super) fn of(&self, table: &Table, row: usize) -> u64 {
        let blank = |columns: &[usize]| {
            let mut cells = columns.iter().map(|c| table.cell(row, *c));
            cells.all(|cell| cell.trim().is_empty())
        };
        let columns = match blank(&self.identifiers) {
            true => &self.others,
            false => &self.identifiers,
        };
        let mut hasher = DefaultHasher::new();
        for column in columns {
            table.cell(row, *column).hash(&mut hasher);
        }
        hasher.finish()
    }
}
