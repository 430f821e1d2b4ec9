//! Readings: what a leak shows at each site, each site at most once.
//!
//! Whoever reads a leak has no codeword at hand, so cannot choose what to read by whom it would accuse. A site that is read
//! twice would count its coin twice and break the bound on false accusations; [`Readings`] can only be made by merging, which
//! leaves each site at most once.

use std::collections::HashMap;

use crate::code::{Bias, Handle, SiteKind, Slot};

/// What one cell of a leak shows at one site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// The record.
    pub handle: Handle,
    /// The site's place in the record.
    pub slot: Slot,
    /// The kind of its carrier.
    pub kind: SiteKind,
    /// The chance that a recipient's bit is 1.
    pub bias: Bias,
    /// The variant that the cell equals.
    pub value: bool,
}

/// Readings of distinct sites, sorted by handle and slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings(Vec<Reading>);

/// What became of the raw readings of a leak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Merged {
    /// Sites that have a reading.
    pub kept: usize,
    /// Readings that said again what another reading of the same site said.
    pub repeated: usize,
    /// Sites whose readings contradict one another, so that they were erased.
    pub contradicted: usize,
}

/// Readings of distinct sites, each with the leaked row that showed it first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Placed {
    readings: Readings,
    rows: Vec<u32>,
}

impl Placed {
    /// Each site of `raw` once, as [`Readings::merge`] has it; rows are numbers of the caller's.
    pub fn merge(mut raw: Vec<(Reading, u32)>) -> (Placed, Merged) {
        raw.sort_unstable_by_key(|(r, row)| (r.handle, r.slot, *row));
        let mut merged = Merged::default();
        let mut placed = Placed::default();
        for site in raw.chunk_by(|(a, _), (b, _)| (a.handle, a.slot) == (b.handle, b.slot)) {
            if site.iter().all(|(r, _)| *r == site[0].0) {
                placed.readings.0.push(site[0].0);
                placed.rows.push(site[0].1);
                merged.repeated += site.len() - 1;
            } else {
                merged.contradicted += 1;
            }
        }
        merged.kept = placed.rows.len();
        (placed, merged)
    }

    /// The readings without their rows.
    pub fn readings(&self) -> &Readings {
        &self.readings
    }

    /// Each reading with its row, sorted by handle and slot.
    pub fn iter(&self) -> impl Iterator<Item = (Reading, u32)> + Clone {
        self.readings
            .0
            .iter()
            .copied()
            .zip(self.rows.iter().copied())
    }
}

impl Readings {
    /// Each site of `raw` once. A site that reads as both variants, or comes with two kinds or two biases, is erased.
    pub fn merge(raw: Vec<Reading>) -> (Readings, Merged) {
        let (placed, merged) = Placed::merge(raw.into_iter().map(|r| (r, 0)).collect());
        (placed.readings, merged)
    }

    /// The readings, sorted by handle and slot.
    pub fn as_slice(&self) -> &[Reading] {
        &self.0
    }

    /// Number of sites.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True where nothing could be read.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The readings of each leaked row by itself, as the leak has them, repeated rows included: what [`super::mixture`] divides
/// among sources. (Evidence never uses these: a row that comes twice would count twice.)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeakedRows {
    readings: Vec<Reading>,
    ends: Vec<usize>,
}

impl LeakedRows {
    /// Adds a row with its readings, none for a row that is linked but shows no variant.
    pub fn push(&mut self, row: impl IntoIterator<Item = Reading>) {
        self.readings.extend(row);
        self.ends.push(self.readings.len());
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// True where there are no rows.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The readings of each row, in the order in which rows were added.
    pub fn rows(&self) -> impl Iterator<Item = &[Reading]> {
        let mut start = 0;
        self.ends.iter().map(move |end| {
            let row = &self.readings[start..*end];
            start = *end;
            row
        })
    }

    /// The same rows with readings that come again left out, and for each row the number of the first that shows the same of the
    /// same record. A row that was pasted a hundred times has not thrown its coins a hundred times. Where a record shows other values,
    /// the row came from another copy.
    pub fn once(&self) -> (LeakedRows, Vec<usize>) {
        let mut once = LeakedRows::default();
        let mut first_of: HashMap<Vec<(Handle, Slot, bool)>, usize> = HashMap::new();
        let mut firsts = Vec::with_capacity(self.len());
        for (number, row) in self.rows().enumerate() {
            let shows: Vec<_> = row.iter().map(|r| (r.handle, r.slot, r.value)).collect();
            let first = match row {
                [] => number,
                _ => *first_of.entry(shows).or_insert(number),
            };
            firsts.push(first);
            let shown = if first == number { row } else { &[] };
            once.push(shown.iter().copied());
        }
        (once, firsts)
    }

    /// All readings, row after row.
    pub fn readings(&self) -> &[Reading] {
        &self.readings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(handle: u64, slot: Slot, value: bool) -> Reading {
        Reading {
            handle: Handle(handle),
            slot,
            kind: SiteKind::Dates,
            bias: Bias(128),
            value,
        }
    }

    #[test]
    fn each_site_is_kept_once_and_contradictions_are_erased() {
        let other_bias = Reading {
            bias: Bias(19),
            ..reading(4, 0, true)
        };
        let (readings, merged) = Readings::merge(vec![
            reading(2, 1, true),
            reading(1, 0, true),
            reading(2, 1, true),
            reading(3, 0, true),
            reading(2, 1, true),
            reading(3, 0, false),
            reading(3, 1, false),
            reading(4, 0, true),
            other_bias,
        ]);
        assert_eq!(
            readings.as_slice(),
            [
                reading(1, 0, true),
                reading(2, 1, true),
                reading(3, 1, false)
            ]
        );
        assert_eq!(
            merged,
            Merged {
                kept: 3,
                repeated: 2,
                contradicted: 2
            }
        );
    }

    #[test]
    fn a_site_belongs_to_the_first_row_that_showed_it() {
        let (placed, merged) = Placed::merge(vec![
            (reading(1, 0, true), 9),
            (reading(1, 1, true), 9),
            (reading(1, 0, true), 4),
            (reading(2, 0, true), 5),
            (reading(2, 0, false), 6),
        ]);
        let rows: Vec<(u16, u32)> = placed.iter().map(|(r, row)| (r.slot, row)).collect();
        assert_eq!(rows, [(0, 4), (1, 9)]);
        assert_eq!((merged.repeated, merged.contradicted), (1, 1));
        assert_eq!(placed.readings().len(), 2);
    }

    #[test]
    fn rows_come_back_as_they_were_added() {
        let mut rows = LeakedRows::default();
        rows.push([reading(1, 0, true), reading(1, 1, false)]);
        rows.push([]);
        rows.push([reading(1, 0, true)]);
        let lengths = |rows: &LeakedRows| rows.rows().map(<[Reading]>::len).collect::<Vec<_>>();
        assert_eq!(lengths(&rows), [2, 0, 1]);
        let (once, firsts) = rows.once();
        assert_eq!((lengths(&once), firsts), (vec![2, 0, 1], vec![0, 1, 2]));
        assert_eq!((rows.len(), rows.readings().len()), (3, 3));
        rows.push([reading(1, 0, true), reading(1, 1, false)]);
        let (once, firsts) = rows.once();
        assert_eq!(lengths(&once), [2, 0, 1, 0]);
        assert_eq!(firsts, [0, 1, 2, 0]);
    }
}
