//! Seeded chance. Streams are ChaCha8 and everything above them is whole-number arithmetic or sums of a few fractions, so a
//! seed means the same on every machine and under every later version of the generators' crate.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

/// What a stream is for. Two purposes under one seed never share a draw.
#[derive(Clone, Copy)]
#[repr(u64)]
pub(super) enum Purpose {
    Person = 1,
    Contacts = 2,
    Patients = 3,
    City = 4,
    Leak = 5,
    Phone = 6,
    Birth = 7,
    BirthYear = 8,
    Attack = 9,
}

/// A stream of draws.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    /// The stream of this purpose and number under `seed`.
    pub(super) fn new(seed: u64, purpose: Purpose, number: u64) -> Dice {
        let mut key = [0u8; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
        key[16..24].copy_from_slice(&number.to_le_bytes());
        Dice(ChaCha8Rng::from_seed(key))
    }

    /// A whole number below `bound`; 0 where `bound` is 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        let wide = u128::from(self.0.next_u64()) * bound as u128;
        (wide >> 64) as usize
    }

    /// A whole number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        let span = i64::from(high) - i64::from(low) + 1;
        low.saturating_add(self.below(span.max(1) as usize) as i32)
    }

    /// A fraction in [0, 1).
    pub(super) fn fraction(&mut self) -> f64 {
        f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// True with chance `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.fraction() < p
    }

    /// A bell with this mean and standard deviation, never beyond 3.47 deviations: the sum of four fractions.
    pub(super) fn bell(&mut self, mean: f64, deviation: f64) -> f64 {
        let sum: f64 = (0..4).map(|_| self.fraction()).sum();
        // Each fraction has variance 1/12, so the sum has standard deviation sqrt(1/3).
        mean + (sum - 2.0) * 1.732_050_807_568_877_2 * deviation
    }

    /// One of `choices`, each as likely; `choices` are this folder's own lists and never empty.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// One of `choices`, the first ones likelier: chances fall in a straight line to nearly none.
    pub(super) fn pick_early<T: Copy>(&mut self, choices: &[T]) -> T {
        let at = self.below(choices.len()).min(self.below(choices.len()));
        choices[at]
    }

    /// A place drawn by weight.
    pub(super) fn weighted(&mut self, weights: &Weights) -> usize {
        let total = weights.total();
        weights.at(self.below(total as usize) as u32)
    }

    /// `count` places of `0..of`, each as likely, in random order; all of them where `count` is too great.
    pub(super) fn sample(&mut self, count: usize, of: usize) -> Vec<usize> {
        let mut places: Vec<usize> = (0..of).collect();
        let count = count.min(of);
        for at in 0..count {
            let other = at + self.below(of - at);
            places.swap(at, other);
        }
        places.truncate(count);
        places
    }
}

/// Cumulated weights of a list.
pub(super) struct Weights(Vec<u32>);

impl Weights {
    pub(super) fn new(weights: impl IntoIterator<Item = u32>) -> Weights {
        let mut total = 0;
        Weights(
            weights
                .into_iter()
                .map(|weight| {
                    total += weight;
                    total
                })
                .collect(),
        )
    }

    pub(super) fn total(&self) -> u32 {
        self.0.last().copied().unwrap_or(0)
    }

    /// The place into whose weight `point` falls, `point` below the total.
    pub(super) fn at(&self, point: u32) -> usize {
        self.0
            .partition_point(|end| *end <= point)
            .min(self.0.len().saturating_sub(1))
    }
}

/// A keyed number of 64 bits: the finishing steps of SplitMix64 (Steele, Lea and Flood 2014), twice.
pub(super) fn scatter(seed: u64, purpose: Purpose, number: u64) -> u64 {
    splitmix(splitmix(seed ^ (purpose as u64).rotate_left(32)).wrapping_add(number))
}

fn splitmix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The numbers `0..size` in a seeded order, any of them at once: a Feistel network of six rounds that steps on where it lands
/// outside. It is what makes numbers unique in a register without keeping a list of those given out.
pub(super) struct Permutation {
    size: u64,
    half: u32,
    rounds: [u64; 6],
}

impl Permutation {
    pub(super) fn new(seed: u64, purpose: Purpose, size: u64) -> Permutation {
        let bits = u64::BITS - size.max(4).saturating_sub(1).leading_zeros();
        Permutation {
            size: size.max(1),
            half: bits.div_ceil(2),
            rounds: std::array::from_fn(|round| scatter(seed, purpose, round as u64)),
        }
    }

    /// The number in the place `at`, counted modulo the size.
    pub(super) fn at(&self, at: u64) -> u64 {
        let mask = (1u64 << self.half) - 1;
        let mut value = at % self.size;
        loop {
            let (mut left, mut right) = (value >> self.half, value & mask);
            for key in self.rounds {
                (left, right) = (right, left ^ (splitmix(key ^ right) & mask));
            }
            value = left << self.half | right;
            if value < self.size {
                return value;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_permutation_gives_every_number_once() {
        for size in [1u64, 2, 5, 640, 4_097] {
            let order = Permutation::new(9, Purpose::Phone, size);
            let mut seen: Vec<u64> = (0..size).map(|at| order.at(at)).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..size).collect::<Vec<_>>());
        }
        let order = Permutation::new(9, Purpose::Phone, 4_097);
        assert_ne!(
            order.at(1),
            Permutation::new(8, Purpose::Phone, 4_097).at(1)
        );
    }

    #[test]
    fn draws_come_at_their_weights() {
        let weights = Weights::new([1, 0, 3]);
        let mut dice = Dice::new(1, Purpose::Leak, 0);
        let mut seen = [0usize; 3];
        for _ in 0..8_000 {
            seen[dice.weighted(&weights)] += 1;
        }
        assert_eq!(seen[1], 0);
        // Five deviations of a count that is binomial in 8,000 and 1/4.
        assert!(seen[0].abs_diff(2_000) < 194, "{seen:?}");
    }

    #[test]
    fn a_bell_has_its_mean_and_deviation() {
        let mut dice = Dice::new(2, Purpose::Leak, 0);
        let draws: Vec<f64> = (0..20_000).map(|_| dice.bell(55.0, 8.0)).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / draws.len() as f64;
        assert!((mean - 55.0).abs() < 0.3, "{mean}");
        assert!((variance.sqrt() - 8.0).abs() < 0.3, "{variance}");
    }

    #[test]
    fn a_sample_has_no_place_twice() {
        let mut places = Dice::new(3, Purpose::Leak, 0).sample(50, 60);
        assert_eq!(places.len(), 50);
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 50);
        assert_eq!(Dice::new(3, Purpose::Leak, 0).sample(9, 4).len(), 4);
    }
}
