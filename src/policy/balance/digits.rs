//! Counting places on grids: which last digits occur how often, where values heap, and whether they keep to a few values.

use std::collections::HashMap;

/// A column that spans no more places has a share for each; a wider one for each last digit.
pub const FEW: usize = 40;

/// Heaps are sought where there are as many values at least.
const ENOUGH: usize = 100;

/// Values on a coarser step that are so many times as frequent as chance has them are heaped.
const HEAPED: f64 = 1.5;

/// Values that equal one another so many times as often as they equal their neighbours keep to certain values.
const SPIKED: f64 = 1.5;

/// Pairs of equal values that it takes to say so.
const PAIRS: f64 = 30.0;

/// The values of one grid.
pub struct Level {
    /// The grid's step in steps of the column.
    pub multiple: i64,
    /// The values, in steps of this grid.
    pub places: Vec<i64>,
    /// Last digits that lie on the next coarser grid.
    pub closed: Vec<usize>,
    /// How often each place occurs; empty where all are alike.
    pub shares: Vec<u32>,
    /// Whether the values stay.
    pub still: bool,
}

/// The grids on which values heap, from fine to coarse, with the values that lie on each and on no coarser one.
pub fn levels(places: &[i64]) -> Vec<Level> {
    let mut levels = Vec::new();
    let mut multiple = 1;
    let mut here = places.to_vec();
    for _ in 0..3 {
        let Some(heap) = heap(&here) else { break };
        let (on, off): (Vec<i64>, Vec<i64>) = here.iter().partition(|p| *p % heap == 0);
        levels.push(Level {
            multiple,
            places: off,
            closed: if heap == 5 { vec![0, 5] } else { vec![0] },
            shares: Vec::new(),
            still: false,
        });
        multiple *= heap;
        here = on.into_iter().map(|p| p / heap).collect();
    }
    levels.push(Level {
        multiple,
        places: here,
        closed: Vec::new(),
        shares: Vec::new(),
        still: false,
    });
    levels
}

/// Whether fives or tens are heaped.
fn heap(places: &[i64]) -> Option<i64> {
    if places.len() < ENOUGH {
        return None;
    }
    let mut digits = [0usize; 10];
    for place in places {
        digits[place.rem_euclid(10) as usize] += 1;
    }
    let others = digits.iter().sum::<usize>() - digits[0] - digits[5];
    let typical = others as f64 / 8.0;
    let heaped = |n: usize| {
        let above = n as f64 - HEAPED * typical;
        above > 0.0 && above > 3.0 * (typical.max(1.0)).sqrt()
    };
    match (heaped(digits[0]), heaped(digits[5])) {
        (_, true) => Some(5),
        (true, false) => Some(10),
        _ => None,
    }
}

/// Half the width of the middle two thirds.
pub fn spread(places: &[i64]) -> f64 {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    let at = |part: f64| {
        let nth = (part * sorted.len() as f64) as usize;
        sorted.get(nth).map_or(0.0, |p| *p as f64)
    };
    (at(0.84) - at(0.16)) / 2.0
}

/// Places with how often each occurs.
pub struct Places {
    counts: HashMap<i64, usize>,
    all: usize,
}

impl Places {
    pub fn new(places: &[i64]) -> Places {
        let mut counts = HashMap::with_capacity(places.len().min(4_096));
        for place in places {
            *counts.entry(*place).or_insert(0) += 1;
        }
        Places {
            counts,
            all: places.len(),
        }
    }

    fn count(&self, place: i64) -> usize {
        self.counts.get(&place).copied().unwrap_or(0)
    }

    /// Places from the least to the greatest, both included.
    pub fn span(&self) -> usize {
        let (low, high) = (self.counts.keys().min(), self.counts.keys().max());
        match (low, high) {
            (Some(low), Some(high)) => {
                usize::try_from(high.abs_diff(*low)).map_or(usize::MAX, |n| n.saturating_add(1))
            }
            _ => 0,
        }
    }

    /// How many places there are of each remainder.
    pub fn shares(&self, of: usize) -> Vec<u32> {
        let mut shares = vec![0u32; of.max(1)];
        for (place, count) in &self.counts {
            shares[place.rem_euclid(of.max(1) as i64) as usize] += *count as u32;
        }
        shares
    }

    /// Whether values equal one another far more often than they equal their neighbours, the shares allowed for.
    pub fn spiked(&self, shares: &[u32]) -> bool {
        let mut same = 0.0;
        let mut near = 0.0;
        for (place, count) in &self.counts {
            let count = *count as f64;
            same += count * (count - 1.0);
            near += count * self.count(place + 1) as f64;
        }
        let share = |at: usize| f64::from(shares[at % shares.len()]);
        let (mut same_expected, mut near_expected) = (1.0, 1.0);
        if !shares.is_empty() {
            same_expected = (0..shares.len()).map(|at| share(at) * share(at)).sum();
            near_expected = (0..shares.len()).map(|at| share(at) * share(at + 1)).sum();
        }
        same >= PAIRS && same * near_expected > SPIKED * near * same_expected
    }

    /// How many values the shares let move, on average.
    pub fn movable(&self, shares: &[u32], closed: &[usize]) -> f64 {
        if shares.is_empty() {
            let edges = if closed.is_empty() { 0.0 } else { 0.25 };
            return self.all as f64 * (1.0 - edges);
        }
        let share = |place: i64| f64::from(shares[place.rem_euclid(shares.len() as i64) as usize]);
        let enters = |from: i64, to: i64| match share(from) {
            0.0 => 0.0,
            here => (share(to) / here).min(1.0),
        };
        self.counts
            .iter()
            .map(|(p, n)| *n as f64 * 0.5 * (enters(*p, p + 1) + enters(*p, p - 1)))
            .sum()
    }
}

/// The shares in thousandths of the greatest, where that is shorter; what occurs never becomes nought.
pub fn thousandths(shares: &[u32]) -> Vec<u32> {
    let most = u64::from(shares.iter().copied().max().unwrap_or(0));
    if most <= 1_000 {
        return shares.to_vec();
    }
    let scaled = |n: &u32| match u64::from(*n) {
        0 => 0,
        n => ((n * 1_000 + most / 2) / most).max(1) as u32,
    };
    shares.iter().map(scaled).collect()
}

/// Steps that times of day are given in, in seconds, each a multiple of the one before.
const TIME_STEPS: [i64; 8] = [1, 5, 15, 60, 300, 900, 1_800, 3_600];

/// The largest step on which nearly all times lie.
pub fn time_step(seconds: &[i64]) -> i64 {
    let on = |step: &&i64| {
        seconds.iter().filter(|s| *s % **step == 0).count() * 20 >= seconds.len() * 19
    };
    TIME_STEPS.iter().rev().find(on).copied().unwrap_or(1)
}

/// The steps on which times heap, from fine to coarse, with how many values lie on each and on no coarser one.
pub fn time_levels(seconds: &[i64], step: i64) -> Vec<(i64, usize)> {
    let mut levels = vec![(step, seconds.len())];
    let mut here: Vec<i64> = seconds.to_vec();
    let mut at = step;
    for heap in TIME_STEPS.into_iter().filter(|s| *s > step) {
        let on: Vec<i64> = here.iter().copied().filter(|s| s % heap == 0).collect();
        let chance = here.len() as f64 * at as f64 / heap as f64;
        // of two, one and a half times the chance is three of four
        let above = on.len() as f64 - 1.0 - (HEAPED.min(0.65 * heap as f64 / at as f64)) * chance;
        if here.len() >= 40 && above > 3.0 * chance.max(1.0).sqrt() {
            if let Some(level) = levels.last_mut() {
                level.1 -= on.len();
            }
            levels.push((heap, on.len()));
            (here, at) = (on, heap);
        }
    }
    levels
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heaps_are_found_at_fives_at_tens_and_at_hundreds() {
        let of = |places: &[i64]| -> Vec<(i64, usize)> {
            levels(places)
                .iter()
                .map(|l| (l.multiple, l.places.len()))
                .collect()
        };
        let even: Vec<i64> = (0..1_000).collect();
        assert_eq!(of(&even), [(1, 1_000)]);
        let fives: Vec<i64> = (0..1_000)
            .map(|n| if n % 5 < 3 { 5 * (n % 97) } else { n % 397 })
            .collect();
        let found = of(&fives);
        assert_eq!(found.iter().map(|l| l.0).collect::<Vec<_>>(), [1, 5]);
        let tens: Vec<i64> = (0..1_000)
            .map(|n| if n % 5 < 3 { 10 * (n % 97) } else { n % 397 })
            .collect();
        assert_eq!(of(&tens)[1].0, 10);
        assert_eq!(of(&even[..50]).len(), 1, "too few to tell");
    }

    #[test]
    fn values_that_keep_to_a_lattice_are_spiked_and_smooth_ones_are_not() {
        let smooth: Vec<i64> = (0..2_000i64).map(|n| (n * 7_919 % 2_003) / 7).collect();
        assert!(!Places::new(&smooth).spiked(&[]));
        let lattice: Vec<i64> = smooth.iter().map(|p| p * 7 / 2).collect();
        assert!(Places::new(&lattice).spiked(&[]));
    }

    #[test]
    fn times_heap_at_quarters_and_at_full_hours() {
        let minutes: Vec<i64> = (0..1_440).map(|m| m * 60).collect();
        assert_eq!(time_step(&minutes), 60);
        assert_eq!(time_levels(&minutes, 60), [(60, 1_440)]);
        let quarters: Vec<i64> = (0..960)
            .map(|n| if n % 3 < 2 { n % 96 * 900 } else { n * 60 })
            .collect();
        let heaps: Vec<i64> = time_levels(&quarters, 60).iter().map(|l| l.0).collect();
        assert!(heaps.contains(&900) || heaps.contains(&300), "{heaps:?}");
    }
}
