//! Simulated leaks, for the statistics in tests.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::collusion::Strategy;
use super::evidence::{Counts, log10_e};
use crate::code::{Bias, BiasSet, SiteKind};

/// Where a trial's biases come from: a set that registers use, or one that is tried beside them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Biases {
    /// (bias, weight), the weights of any sum.
    pub entries: &'static [(Bias, u32)],
    /// Whether all sites of a row have one bias.
    pub by_record: bool,
}

impl From<BiasSet> for Biases {
    fn from(set: BiasSet) -> Biases {
        Biases {
            entries: set.entries(),
            by_record: set.by_record(),
        }
    }
}

impl Biases {
    fn pick(&self, rng: &mut ChaCha8Rng) -> Bias {
        let all: u32 = self.entries.iter().map(|e| e.1).sum();
        let mut left = rng.random_range(0..all);
        for (bias, weight) in self.entries {
            if left < *weight {
                return *bias;
            }
            left -= weight;
        }
        Bias(128)
    }
}

/// What colluders do where their copies differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leak {
    /// Each cell from one of them at random.
    Random,
    /// Leave the cell out.
    Erase,
    /// Leave out every row in which one cell differs.
    Rows,
    /// Write a variant.
    Write(Strategy),
}

impl Leak {
    /// What can be done cell by cell.
    pub const ALL: [Leak; 7] = [
        Leak::Random,
        Leak::Erase,
        Leak::Write(Strategy::Majority),
        Leak::Write(Strategy::Minority),
        Leak::Write(Strategy::Coin),
        Leak::Write(Strategy::Zeros),
        Leak::Write(Strategy::Ones),
    ];

    /// The reading that is left of these bits.
    pub fn reading(self, bits: &[bool], rng: &mut ChaCha8Rng) -> Option<bool> {
        let ones = bits.iter().filter(|b| **b).count() as u32;
        let c = bits.len() as u32;
        match self {
            Leak::Random => Some(bits[rng.random_range(0..bits.len())]),
            Leak::Erase | Leak::Rows => (ones == 0 || ones == c).then_some(ones > 0),
            Leak::Write(s) => Some(rng.random_bool(s.shows_one(ones, c))),
        }
    }
}

/// A leak of `sites` sites made by `colluders` recipients; returns the counts of each of them, then of `innocents` others.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub set: Biases,
    pub sites: usize,
    /// Sites to a row, at least 1.
    pub row: usize,
    /// Kinds of carrier over which the sites are spread evenly, 1 to 3.
    pub kinds: usize,
    pub colluders: usize,
    pub leak: Leak,
    pub flips: f64,
    pub innocents: usize,
}

impl Trial {
    pub fn run(&self, rng: &mut ChaCha8Rng) -> Vec<Counts> {
        let mut all = vec![Counts::default(); self.colluders + self.innocents];
        let mut row: Vec<(Bias, Vec<bool>)> = vec![(Bias(128), Vec::new()); self.row];
        let mut site = 0;
        while site < self.sites {
            let n = self.row.min(self.sites - site);
            let of_row = self.set.pick(rng);
            for (bias, bits) in &mut row[..n] {
                *bias = if self.set.by_record {
                    of_row
                } else {
                    self.set.pick(rng)
                };
                bits.clear();
                bits.extend((0..self.colluders).map(|_| rng.random::<u8>() < bias.0));
            }
            let differs = |bits: &[bool]| bits.iter().any(|b| *b != bits[0]);
            if self.leak != Leak::Rows || !row[..n].iter().any(|(_, bits)| differs(bits)) {
                for (nth, (bias, bits)) in row[..n].iter().enumerate() {
                    let kind = SiteKind::ALL[(site + nth) % self.kinds];
                    self.read(kind, *bias, bits, &mut all, rng);
                }
            }
            site += n;
        }
        all
    }

    fn read(
        &self,
        kind: SiteKind,
        bias: Bias,
        bits: &[bool],
        all: &mut [Counts],
        rng: &mut ChaCha8Rng,
    ) {
        let Some(y) = self.leak.reading(bits, rng) else {
            return;
        };
        let y = y != rng.random_bool(self.flips);
        for (i, counts) in all.iter_mut().enumerate() {
            let innocent = || rng.random::<u8>() < bias.0;
            let x = bits.get(i).copied().unwrap_or_else(innocent);
            counts.add(kind, bias, y, x);
        }
    }

    /// The part of `trials` in which at least one colluder reaches `threshold`.
    pub fn named(&self, trials: u64, threshold: f64) -> f64 {
        let named = (0..trials).filter(|seed| self.names(*seed, threshold));
        named.count() as f64 / trials as f64
    }

    /// Whether at least one colluder reaches `threshold` in the trial of this seed.
    pub fn names(&self, seed: u64, threshold: f64) -> bool {
        let counts = self.run(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut colluders = counts[..self.colluders].iter();
        colluders.any(|c| log10_e(c).0 >= threshold)
    }
}
