//! What a leak will prove, told before anything is issued: how many rows name a source, and how large a coalition is survived.
//!
//! A leak of k rows from one copy is simulated (sites drawn as the register draws them, bits, flips) and weighed by
//! [`evidence`], so the forecast is of the very number that a trace computes. Canaries would come on top and are
//! not counted. The generator's seed is fixed: the same question has the same answer.

use std::collections::BTreeMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::code::{BiasSet, SiteKind};
use crate::trace::evidence::{Counts, log10_e};
use crate::trace::units::{Alpha, FlipRate, Log10E};
use crate::trace::verdict::name_threshold;

const KINDS: usize = SiteKind::ALL.len();
/// Simulated leaks to a chance: its standard error is at most .025, and .011 near .95.
const TRIALS: u64 = 400;
/// Sites beyond these are left out of a simulated leak. A tenth of them names one of a million at any useful alpha.
const ENOUGH_SITES: usize = 3_000;
/// The chance that counts as "will be named".
const LIKELY: f64 = 0.95;

/// How many sites rows have: numbers of sites by kind, in the order of [`SiteKind::ALL`], with how often they occur.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowSites {
    rows: Vec<([u16; KINDS], f64)>,
    total: f64,
}

impl RowSites {
    /// From a table's rows, each with its number of sites by kind.
    pub fn from_rows(rows: impl IntoIterator<Item = [u16; KINDS]>) -> RowSites {
        let mut tally: BTreeMap<[u16; KINDS], u64> = BTreeMap::new();
        for row in rows {
            *tally.entry(row).or_default() += 1;
        }
        RowSites::weighted(tally.into_iter().map(|(row, n)| (row, n as f64)).collect())
    }

    /// From the mean number of sites by kind: each row has the mean rounded down or up, kind by kind at random.
    pub fn from_means(means: [f64; KINDS]) -> RowSites {
        let mut rows = vec![([0; KINDS], 1.0)];
        for (kind, mean) in means.into_iter().enumerate() {
            let mean = mean.clamp(0.0, f64::from(u16::MAX - 1));
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

    fn weighted(rows: Vec<([u16; KINDS], f64)>) -> RowSites {
        let total = rows.iter().map(|(_, w)| w).sum();
        RowSites { rows, total }
    }

    /// Mean number of sites to a row, of all kinds.
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

    fn draw(&self, rng: &mut ChaCha8Rng) -> [u16; KINDS] {
        let mut at = rng.random::<f64>() * self.total;
        for (row, weight) in &self.rows {
            at -= weight;
            if at < 0.0 {
                return *row;
            }
        }
        self.rows.last().map_or([0; KINDS], |(row, _)| *row)
    }
}

/// The chance that a source is named, from simulation.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct NamingChance(pub f64);

/// A question about leaks of one register.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// Sites to a row.
    pub sites: RowSites,
    /// The register's biases.
    pub code: BiasSet,
    /// Recipients that the vault will have had when the leak is traced.
    pub recipients: usize,
    /// The chance of naming an innocent that a trace may take.
    pub alpha: Alpha,
}

impl Forecast {
    /// The chance that `rows` rows of one copy, values flipped at the rate `flips`, name its recipient.
    pub fn chance(&self, rows: u64, flips: FlipRate) -> NamingChance {
        let threshold = name_threshold(self.recipients, self.alpha);
        let named = (0..TRIALS).filter(|seed| self.simulate(rows, flips, *seed) >= threshold);
        NamingChance(named.count() as f64 / TRIALS as f64)
    }

    /// The number of rows of one copy that name its recipient in 95 % of leaks; none where no number does, because rows have no
    /// sites or too many values are flipped. Takes some tens of milliseconds.
    pub fn rows_to_name(&self, flips: FlipRate) -> Option<u64> {
        let mean = self.sites.mean();
        if mean <= 0.0 {
            return None;
        }
        let most = (ENOUGH_SITES as f64 / mean).ceil() as u64;
        let likely = |rows| self.chance(rows, flips).0 >= LIKELY;
        let mut above = 1;
        while !likely(above) {
            if above >= most {
                return None;
            }
            above = (above * 2).min(most);
        }
        let mut below = above / 2;
        while above - below > 1 {
            let middle = below + (above - below) / 2;
            if likely(middle) {
                above = middle;
            } else {
                below = middle;
            }
        }
        Some(above)
    }

    /// Seeds are shared by all numbers of rows, and a longer leak begins with the rows of the shorter: so chances for different
    /// numbers of rows differ by the rows and hardly by luck.
    fn simulate(&self, rows: u64, flips: FlipRate, seed: u64) -> Log10E {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let flip = flips.0.clamp(0.0, 0.5);
        let mut counts = Counts::default();
        let mut sites = 0;
        for _ in 0..rows.min(40 * ENOUGH_SITES as u64) {
            let row = self.sites.draw(&mut rng);
            for (kind, n) in SiteKind::ALL.into_iter().zip(row) {
                for _ in 0..n {
                    let bias = self.code.pick(rng.random());
                    let x = rng.random::<u8>() < bias.0;
                    let y = x != rng.random_bool(flip);
                    counts.add(kind, bias, y, x);
                    sites += 1;
                }
            }
            if sites >= ENOUGH_SITES {
                break;
            }
        }
        log10_e(&counts)
    }
}
