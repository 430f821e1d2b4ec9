//! What the rows of a copy hold: sites by kind, canaries among them, and what their order tells.

use std::collections::BTreeMap;

use rand::RngExt;
use rand::rngs::ChaCha8Rng;

use super::{KINDS, Taking};
use crate::trace::canaries::AccidentBound;

/// How many sites rows have: numbers of sites by kind, in the order of [`SiteKind::ALL`](crate::code::SiteKind::ALL), with how often
/// they occur; and what else a copy's rows are told by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowSites {
    /// Most frequent first.
    rows: Vec<([u16; KINDS], f64)>,
    total: f64,
    /// Rows of the table, where these are one table's: a leak never takes one twice.
    table: Option<u64>,
    canaries: CanaryRows,
    order: OrderSites,
}

/// What the order of a copy's rows tells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrderSites {
    /// Sites to a row, where rows follow one another as in the copy.
    pub running: f64,
    /// Where a part of the rows is drawn from anywhere and left in order: (the part, sites to a drawn row), by rising part. Empty: none.
    pub drawn: Vec<(f64, f64)>,
}

impl OrderSites {
    /// Sites that so many rows of a table of so many show on average.
    pub fn shown(&self, rows: u64, table: u64, taking: Taking) -> f64 {
        let taken = rows.min(table) as f64;
        match taking {
            Taking::InOrder => (taken - 1.0).max(0.0) * self.running,
            Taking::Anywhere => {
                let part = taken / table.max(1) as f64;
                let behind = self.drawn.partition_point(|(at, _)| *at < part);
                let to_a_row = match (behind.checked_sub(1), self.drawn.get(behind)) {
                    // the fewer rows, the fewer have a neighbour
                    (None, Some((at, sites))) => sites * part / at,
                    (Some(before), Some((to, to_sites))) => {
                        let (from, from_sites) = self.drawn[before];
                        let way = (part - from) / (to - from);
                        from_sites + way * (to_sites - from_sites)
                    }
                    (Some(last), None) => self.drawn[last].1,
                    (None, None) => 0.0,
                };
                taken * to_a_row
            }
        }
    }
}

/// The canaries in one copy.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CanaryRows {
    /// Canaries that only this recipient has.
    pub own: u64,
    /// Canaries that a keyed half of the recipients have too.
    pub shared: u64,
    /// For each identifier of a canary: the part of the table's rows that have its stem, and from how many values it was drawn.
    pub identifiers: Vec<(f64, f64)>,
}

impl CanaryRows {
    /// An upper bound, on average, on the chance that a canary is met by accident in a leak of so many rows: by identifier, the
    /// values with its stem over those that it was drawn from.
    pub fn accident(&self, rows: u64, met: bool) -> AccidentBound {
        let others = rows.saturating_sub(u64::from(met)) as f64;
        let chances = self
            .identifiers
            .iter()
            .map(|(part, ways)| ((others * part + f64::from(u8::from(met))) / ways).min(1.0));
        AccidentBound::new(chances.product())
    }

    /// The chance that `rows` rows, picked from a copy of `table` real ones, hold a canary of the recipient's own.
    pub fn chance_to_meet(&self, rows: u64, table: u64) -> f64 {
        let all = (table + self.own + self.shared) as f64;
        let missed = (0..self.own).fold(1.0, |missed: f64, at| {
            let left = all - at as f64;
            missed * ((left - rows as f64) / left).clamp(0.0, 1.0)
        });
        1.0 - missed
    }
}

impl RowSites {
    /// From a table's rows, each with its number of sites by kind.
    pub fn from_rows(rows: impl IntoIterator<Item = [u16; KINDS]>) -> RowSites {
        let mut tally: BTreeMap<[u16; KINDS], u64> = BTreeMap::new();
        for row in rows {
            *tally.entry(row).or_default() += 1;
        }
        let all: u64 = tally.values().sum();
        let mut sites = RowSites::weighted(tally.into_iter().map(|(r, n)| (r, n as f64)).collect());
        sites.table = Some(all);
        sites
    }

    /// From the mean number of sites by kind: each row has the mean rounded down or up, kind by kind at random. The table is as
    /// long as need be.
    pub fn from_means(means: [f64; KINDS]) -> RowSites {
        let mut rows = vec![([0; KINDS], 1.0)];
        for (kind, mean) in means.into_iter().enumerate() {
            // `max` before `min` also makes 0 of what is no number.
            let mean = mean.max(0.0).min(f64::from(u16::MAX - 1));
            let split = |(row, weight): ([u16; KINDS], f64)| {
                [(0, 1.0 - mean.fract()), (1, mean.fract())].map(|(up, part)| {
                    let mut row = row;
                    row[kind] = mean as u16 + up;
                    (row, weight * part)
                })
            };
            rows = rows
                .into_iter()
                .flat_map(split)
                .filter(|(_, w)| *w > 0.0)
                .collect();
        }
        RowSites::weighted(rows)
    }

    /// The same rows with these canaries among them.
    pub fn with_canaries(self, canaries: CanaryRows) -> RowSites {
        RowSites { canaries, ..self }
    }

    /// The same rows, with an order that tells this.
    pub fn with_order(self, order: OrderSites) -> RowSites {
        RowSites { order, ..self }
    }

    fn weighted(mut rows: Vec<([u16; KINDS], f64)>) -> RowSites {
        rows.sort_by(|a, b| b.1.total_cmp(&a.1));
        let total = rows.iter().map(|(_, w)| w).sum();
        RowSites {
            rows,
            total,
            ..RowSites::default()
        }
    }

    /// Mean number of sites in the values of a row, of all kinds.
    pub fn mean(&self) -> f64 {
        let sum: f64 = self
            .rows
            .iter()
            .map(|(row, w)| w * row.iter().map(|n| f64::from(*n)).sum::<f64>())
            .sum();
        if self.total > 0.0 {
            sum / self.total
        } else {
            0.0
        }
    }

    /// The canaries in a copy.
    pub fn canaries(&self) -> &CanaryRows {
        &self.canaries
    }

    /// What the rows' order tells.
    pub fn order(&self) -> &OrderSites {
        &self.order
    }

    /// Rows of the table, where these are one table's.
    pub fn table(&self) -> Option<u64> {
        self.table
    }

    /// Rows of a whole copy, canaries included.
    pub(super) fn copy(&self) -> Option<u64> {
        Some(self.table? + self.canaries.own + self.canaries.shared)
    }

    /// The kinds of rows, with the part of all that each is.
    pub(super) fn kinds(&self) -> impl Iterator<Item = ([u16; KINDS], f64)> {
        let total = self.total;
        self.rows.iter().map(move |(row, w)| (*row, w / total))
    }
}

/// Rows as a leak takes them, none twice.
pub(super) struct Drawn<'a> {
    of: &'a RowSites,
    left: Vec<f64>,
    total: f64,
    own: u64,
    shared: u64,
    records: Option<u64>,
}

/// A row of a copy.
pub(super) enum Row {
    /// A record with its sites.
    Record([u16; KINDS]),
    /// A canary of the recipient's own.
    Own,
    /// A canary that others share.
    Shared,
}

impl<'a> Drawn<'a> {
    pub(super) fn new(of: &'a RowSites) -> Drawn<'a> {
        Drawn {
            of,
            left: of.rows.iter().map(|(_, w)| *w).collect(),
            total: of.total,
            own: of.canaries.own,
            shared: of.canaries.shared,
            records: of.table,
        }
    }

    /// The next row; none where the copy has no more.
    pub(super) fn next(&mut self, rng: &mut ChaCha8Rng) -> Option<Row> {
        // both are drawn for every row, so that leaks of the same seed stay in step
        let (which, what) = (rng.random::<f64>(), rng.random::<f64>());
        if let Some(records) = self.records {
            let left = records + self.own + self.shared;
            let at = (which * left as f64) as u64;
            if left == 0 {
                return None;
            }
            if at < self.own {
                self.own -= 1;
                return Some(Row::Own);
            }
            if at < self.own + self.shared {
                self.shared -= 1;
                return Some(Row::Shared);
            }
            self.records = Some(records.saturating_sub(1));
        }
        let mut at = what * self.total;
        let found = self.left.iter().position(|weight| {
            at -= weight;
            at < 0.0
        });
        let found = found.or_else(|| self.left.iter().rposition(|w| *w > 0.0))?;
        if self.records.is_some() {
            self.left[found] -= 1.0;
            self.total -= 1.0;
        }
        Some(Row::Record(self.of.rows[found].0))
    }
}
