//! As rare as others' values.
//!
//! A value that is copied from a row occurs once more than it did, and nothing that is copied is ever unique: over a whole column
//! that tells canaries from real rows. A new row drawn from the same people would have, where a real row's value occurs k times with
//! itself, one that k - 1 rows have (the leave-one-out form of Good and Turing's estimate). So a canary takes a value that occurs
//! once less than the lender's, and a new one where the lender's is its own.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::counts::Folded;
use super::draws::Draws;

/// Draws in search of a value that fits.
const TRIES: usize = 12;

/// How often each value occurs, and the values by that.
pub struct Rarity {
    counts: HashMap<u64, (u32, u32), BuildHasherDefault<Folded>>,
    /// (how often, a place where it stands), the rarest first.
    by_count: Vec<(u32, u32)>,
}

/// What takes the place of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instead {
    /// The value itself.
    Same,
    /// The value at this place.
    At(usize),
    /// One that nobody has.
    New,
}

impl Rarity {
    /// Of values, given by key and place, of which there are about `most`.
    pub fn of(values: impl Iterator<Item = (u64, usize)>, most: usize) -> Rarity {
        let mut counts: HashMap<u64, (u32, u32), BuildHasherDefault<Folded>> =
            HashMap::with_capacity_and_hasher(most, Default::default());
        for (key, place) in values {
            counts.entry(key).or_insert((0, place as u32)).0 += 1;
        }
        let mut by_count: Vec<(u32, u32)> = counts.values().copied().collect();
        by_count.sort_unstable();
        Rarity { counts, by_count }
    }

    /// How often a value occurs.
    pub fn times(&self, key: u64) -> u32 {
        self.counts.get(&key).map_or(0, |(n, _)| *n)
    }

    /// What a canary has where its lender has this.
    pub fn instead(
        &self,
        key: u64,
        draws: &mut Draws<'_>,
        fits: impl Fn(usize) -> bool,
    ) -> Instead {
        let others = match self.times(key) {
            0 => return Instead::Same,
            1 => return Instead::New,
            times => times - 1,
        };
        // few values occur exactly so often where all are frequent
        let about = others / 16;
        let low = self.by_count.partition_point(|(n, _)| *n < others - about);
        let high = self.by_count.partition_point(|(n, _)| *n <= others + about);
        for _ in 0..TRIES {
            let Some((_, place)) = self.by_count.get(low + draws.below(high - low)) else {
                break;
            };
            if high > low && fits(*place as usize) {
                return Instead::At(*place as usize);
            }
        }
        Instead::Same
    }
}
