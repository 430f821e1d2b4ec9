//! Which row of the returned file is which row of the source table, which is a canary, and which the partner added.
//!
//! A row is linked by its identifiers first. What is left on both sides (a corrected identifier, a canary that was edited) is
//! linked by all else that it says, where that is most of it and nobody else's.

use std::cmp::Reverse;

use super::known::Known;
use crate::code::Handle;
use crate::digests::{DigestMap, map_for};
use crate::mark::Record;
use crate::mark::shape::cell_digest;
use crate::policy::{Policy, Role};
use crate::table::Table;
use crate::value::text::fold;

/// What a returned row is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// This row of the source table, from 0.
    Source(u32),
    /// A made-up record.
    Canary,
    /// Another row of the record of this ordinal, which the source table has fewer times.
    Again(u32),
    /// Of the partner's own.
    Added,
}

/// Columns whose text hardly tells rows apart are no lead; a value in at most so many rows is.
const RARE: usize = 64;

/// The part of what can be compared that must agree where identifiers lead to a record, in thousandths, ...
const LED: u32 = 500;

/// ... and where nothing does.
const ALIKE: u32 = 750;

/// The fewest cells that must agree where no identifier leads.
const CELLS: u32 = 2;

/// A row that a returned row may be.
struct Target {
    identifiers: Vec<u64>,
    plain: Vec<u32>,
    ordinal: Option<u32>,
    origin: Origin,
}

/// How well a returned row and a target agree, best first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Pair {
    agreement: Reverse<u32>,
    cells: Reverse<u32>,
    row: u32,
    target: u32,
}

/// Links the rows of a returned table.
pub struct Linker<'a> {
    known: &'a Known,
    table: &'a Table,
    places: &'a [Option<usize>],
    identifiers: Vec<u64>,
    plain: Vec<u32>,
}

impl<'a> Linker<'a> {
    /// For a returned table whose register columns stand at `places`.
    pub fn new(known: &'a Known, table: &'a Table, places: &'a [Option<usize>]) -> Linker<'a> {
        let (mut identifiers, mut plain) = (Vec::new(), Vec::new());
        for row in 0..table.rows() {
            let record = Record::new(table, row, places);
            known
                .shape
                .digest_identifiers(&record, &known.digests, &mut identifiers);
            known
                .shape
                .digest_plain(&record, &known.digests, &mut plain);
        }
        Linker {
            known,
            table,
            places,
            identifiers,
            plain,
        }
    }

    /// What each row is.
    pub fn link(&self) -> Vec<Origin> {
        let targets = self.targets();
        let mut rows: Vec<Option<Origin>> = vec![None; self.table.rows()];
        let mut taken = vec![false; targets.len()];
        let mut led = self.led(&targets);
        led.sort_unstable();
        assign(&led, &targets, &mut rows, &mut taken);
        for pair in &led {
            let row = &mut rows[pair.row as usize];
            let target = &targets[pair.target as usize];
            if row.is_none() {
                *row = Some(match (target.origin, target.ordinal) {
                    (Origin::Source(_), Some(ordinal)) => Origin::Again(ordinal),
                    (origin, _) => origin,
                });
            }
        }
        // a row that repeats a record may still be another one whose identifiers were written over
        let mut alike = self.alike(&targets, &rows, &taken);
        alike.sort_unstable();
        assign(&alike, &targets, &mut rows, &mut taken);
        self.unidentified(&targets, &mut rows, &mut taken);
        rows.into_iter()
            .map(|origin| origin.unwrap_or(Origin::Added))
            .collect()
    }

    fn targets(&self) -> Vec<Target> {
        let known = self.known;
        let of = |ordinal: u32, origin: Origin| Target {
            identifiers: known.index.identifiers_of(ordinal as usize).to_vec(),
            plain: known.index.plain_of(ordinal as usize).to_vec(),
            ordinal: Some(ordinal),
            origin,
        };
        let mut targets: Vec<Target> = (0..known.rows.membership.len())
            .map(|row| {
                let origin = Origin::Source(row as u32);
                match known.ordinal(row) {
                    Some(ordinal) => of(ordinal as u32, origin),
                    None => Target {
                        identifiers: Vec::new(),
                        plain: Vec::new(),
                        ordinal: None,
                        origin,
                    },
                }
            })
            .collect();
        targets.extend(known.rows.shared.iter().map(|o| of(*o, Origin::Canary)));
        let columns = known.policy.columns.len();
        let mut made_up = Table::new(Vec::new(), columns);
        for identity in &known.own {
            let mut cells = vec![""; columns];
            for said in identity {
                if let Some(cell) = cells.get_mut(usize::from(said.column)) {
                    *cell = &said.text;
                }
            }
            made_up.push(cells);
        }
        let places: Vec<Option<usize>> = (0..columns).map(Some).collect();
        for row in 0..made_up.rows() {
            let record = Record::new(&made_up, row, &places);
            let mut target = Target {
                identifiers: Vec::new(),
                plain: Vec::new(),
                ordinal: None,
                origin: Origin::Canary,
            };
            let keys = &known.digests;
            known
                .shape
                .digest_identifiers(&record, keys, &mut target.identifiers);
            known.shape.digest_plain(&record, keys, &mut target.plain);
            targets.push(target);
        }
        targets
    }

    fn identifiers_of(&self, row: usize) -> &[u64] {
        stride(
            &self.identifiers,
            self.known.shape.layout().identifier_forms,
            row,
        )
    }

    fn plain_of(&self, row: usize) -> &[u32] {
        stride(&self.plain, self.known.shape.plain.len(), row)
    }

    /// Pairs that an identifier leads to.
    fn led(&self, targets: &[Target]) -> Vec<Pair> {
        let firsts: Vec<usize> = self
            .known
            .shape
            .identifiers
            .iter()
            .map(|i| i.first)
            .collect();
        let mut by_identifier: DigestMap<Vec<u32>> = map_for(targets.len());
        for (at, target) in targets.iter().enumerate() {
            for first in &firsts {
                if let Some(digest) = target.identifiers.get(*first).filter(|d| **d != 0) {
                    by_identifier.entry(*digest).or_default().push(at as u32);
                }
            }
        }
        let mut pairs = Vec::with_capacity(self.table.rows());
        let mut candidates: Vec<u32> = Vec::new();
        for row in 0..self.table.rows() {
            let own = self.identifiers_of(row);
            candidates.clear();
            for first in &firsts {
                if let Some(found) = own.get(*first).and_then(|d| by_identifier.get(d)) {
                    candidates.extend(found);
                }
            }
            candidates.sort_unstable();
            candidates.dedup();
            let scored = candidates.iter().map(|at| self.pair(row, *at, targets));
            pairs.extend(scored.filter(|pair| pair.agreement.0 >= LED));
        }
        pairs
    }

    /// Pairs of rows and targets that nobody has, which agree in most of what they say.
    fn alike(&self, targets: &[Target], rows: &[Option<Origin>], taken: &[bool]) -> Vec<Pair> {
        let columns = self.known.shape.plain.len();
        let mut buckets: Vec<DigestMap<Vec<u32>>> = vec![DigestMap::default(); columns];
        for (at, target) in targets.iter().enumerate().filter(|(at, _)| !taken[*at]) {
            for (bucket, digest) in buckets.iter_mut().zip(&target.plain) {
                if *digest != 0 {
                    bucket
                        .entry(u64::from(*digest))
                        .or_default()
                        .push(at as u32);
                }
            }
        }
        let mut pairs = Vec::new();
        let free = |origin: &Option<Origin>| matches!(origin, None | Some(Origin::Again(_)));
        for row in (0..rows.len()).filter(|row| free(&rows[*row])) {
            let leads = buckets.iter().zip(self.plain_of(row));
            let mut candidates: Vec<u32> = leads
                .filter_map(|(bucket, digest)| bucket.get(&u64::from(*digest)))
                .filter(|found| found.len() <= RARE)
                .flatten()
                .copied()
                .collect();
            candidates.sort_unstable();
            candidates.dedup();
            let mut scored: Vec<Pair> = candidates
                .iter()
                .map(|at| self.pair(row, *at, targets))
                .filter(|pair| pair.agreement.0 >= ALIKE && pair.cells.0 >= CELLS)
                .collect();
            scored.sort_unstable();
            // two that are as like are no lead
            let clear = match scored.as_slice() {
                [first, second, ..] => first.agreement != second.agreement,
                _ => true,
            };
            if clear {
                pairs.extend(scored.first());
            }
        }
        pairs
    }

    /// Rows without an identifier, of which the ledger knows nothing: where there are as many as there were, they are the same.
    fn unidentified(&self, targets: &[Target], rows: &mut [Option<Origin>], taken: &mut [bool]) {
        let left: Vec<usize> = (0..targets.len())
            .filter(|at| !taken[*at] && targets[*at].identifiers.is_empty())
            .collect();
        let blank = |row: &usize| {
            rows[*row].is_none() && self.identifiers_of(*row).iter().all(|digest| *digest == 0)
        };
        let blanks: Vec<usize> = (0..rows.len()).filter(blank).collect();
        if left.len() != blanks.len() {
            return;
        }
        for (at, row) in left.into_iter().zip(blanks) {
            rows[row] = Some(targets[at].origin);
            taken[at] = true;
        }
    }

    /// How much of what a row and a target both say they say alike.
    fn pair(&self, row: usize, at: u32, targets: &[Target]) -> Pair {
        let target = &targets[at as usize];
        let (mut agree, mut all) = (0u32, 0u32);
        let mut count = |same: bool| {
            all += 1;
            agree += u32::from(same);
        };
        for id in &self.known.shape.identifiers {
            let own = self.identifiers_of(row).get(id.first).copied();
            let theirs = target.identifiers.get(id.first).copied();
            if let (Some(own), Some(theirs)) = (own, theirs)
                && own != 0
                && theirs != 0
            {
                count(own == theirs);
            }
        }
        for (own, theirs) in self.plain_of(row).iter().zip(&target.plain) {
            if *own != 0 && *theirs != 0 {
                count(own == theirs);
            }
        }
        if let Some(ordinal) = target.ordinal {
            self.count_sites(row, ordinal as usize, &mut count);
        }
        Pair {
            agreement: Reverse((agree * 1_000).checked_div(all).unwrap_or(0)),
            cells: Reverse(agree),
            row: row as u32,
            target: at,
        }
    }

    fn count_sites(&self, row: usize, ordinal: usize, count: &mut impl FnMut(bool)) {
        let record = Record::new(self.table, row, self.places);
        let handle: Handle = self.known.handle(ordinal);
        let mut buffer = Vec::new();
        for (g, group) in self.known.shape.groups.iter().enumerate() {
            let Some(site) = self.known.site(ordinal, g) else {
                continue;
            };
            for (nth, column) in group.columns.iter().enumerate() {
                let text = record.cell(column.column);
                let due = site.digest(nth, site.given);
                if due != 0 && !text.trim().is_empty() {
                    let keys = &self.known.digests;
                    count(cell_digest(*column, text, handle, keys, &mut buffer) == due);
                }
            }
        }
    }
}

/// Gives each row its best target, and no target twice.
fn assign(sorted: &[Pair], targets: &[Target], rows: &mut [Option<Origin>], taken: &mut [bool]) {
    for pair in sorted {
        let (row, at) = (pair.row as usize, pair.target as usize);
        let free = matches!(rows[row], None | Some(Origin::Again(_)));
        if free && !taken[at] {
            rows[row] = Some(targets[at].origin);
            taken[at] = true;
        }
    }
}

fn stride<T>(all: &[T], width: usize, row: usize) -> &[T] {
    all.get(row * width..(row + 1) * width).unwrap_or_default()
}

/// Where the register's columns stand in a table; none where it lacks one. A header that was written otherwise but says the same is
/// the same.
pub fn places(policy: &Policy, table: &Table) -> Vec<Option<usize>> {
    let folded: Vec<String> = table
        .header()
        .iter()
        .map(|name| fold(name).into_owned())
        .collect();
    let place = |name: &str| {
        let same = || folded.iter().position(|f| *f == fold(name));
        table.position(name).or_else(same)
    };
    policy.columns.iter().map(|c| place(&c.name)).collect()
}

/// Whether any identifier of the register is in a table.
pub fn identifies(policy: &Policy, places: &[Option<usize>]) -> bool {
    let mut columns = policy.columns.iter().zip(places);
    columns.any(|(c, place)| c.role == Role::Identifier && place.is_some())
}
