//! Simulated leaks, for the statistics in tests.

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use super::collusion::Strategy;
use super::evidence::{Counts, log10_e};
use crate::code::{BiasSet, SiteKind};

/// What colluders do where their copies differ.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leak {
    /// Each cell from one of them at random.
    Random,
    /// Leave the cell out.
    Erase,
    /// Write a variant.
    Write(Strategy),
}

impl Leak {
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
            Leak::Erase => (ones == 0 || ones == c).then_some(ones > 0),
            Leak::Write(s) => Some(rng.random_bool(s.shows_one(ones, c))),
        }
    }
}

/// A leak of `sites` sites made by `colluders` recipients; returns the counts of each of them, then of `innocents` others.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub set: BiasSet,
    pub sites: usize,
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
        let mut bits = vec![false; self.colluders];
        for site in 0..self.sites {
            let bias = self.set.pick(rng.random());
            let kind = SiteKind::ALL[site % self.kinds];
            let draw = |rng: &mut ChaCha8Rng| rng.random::<u8>() < bias.0;
            bits.iter_mut().for_each(|b| *b = draw(rng));
            let Some(y) = self.leak.reading(&bits, rng) else {
                continue;
            };
            let y = y != rng.random_bool(self.flips);
            for (i, counts) in all.iter_mut().enumerate() {
                let x = bits.get(i).copied().unwrap_or_else(|| draw(rng));
                counts.add(kind, bias, y, x);
            }
        }
        all
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
