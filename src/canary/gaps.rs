//! How codes that rise from row to row stand to one another, and with what chance a free value between them would pass for one.
//!
//! A value put between two neighbours parts their distance. Where distances are those of numbers drawn at random (geometric), what
//! comes of it looks the same; where they are more even than that, it shows, and so does a block of ten or a hundred numbers that holds
//! one more than others do. With P(g) the part of the distances that are g, a value a above its lower and b below its upper neighbour
//! is wanted as often as P(a) P(b), and one in a block with c real codes as often as a real code has c others in its block. Weights
//! that give all of these at once, as far as the table has room, are found by raking (iterative proportional fitting, Deming and
//! Stephan 1940).

use std::collections::BTreeMap;

use super::Sheet;
use crate::mark::normal;
use crate::policy::Kind;

/// Codes from which distances may be learned.
const ENOUGH: usize = 30;

/// Distances beyond this are far.
const FAR: u64 = 100;

/// Free values that are looked at, about.
const LOOKED_AT: u64 = 20_000;

/// Rounds of raking.
const ROUNDS: usize = 6;

/// What one round may multiply a weight by, at most, and divide it by.
const STRETCH: f64 = 8.0;

/// At least this part of the free values is let in.
const LEAST: f64 = 0.12;

/// Blocks in which codes are counted.
const BLOCKS: [u64; 2] = [10, 100];

/// What is seen of a value: its distances from both neighbours, and how many codes its blocks hold.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Stand {
    below: u64,
    above: u64,
    blocks: [usize; 2],
}

/// The standing of a column's codes.
pub struct Gaps {
    head: Vec<u8>,
    numbers: Vec<u64>,
    pairs: BTreeMap<(u64, u64), f64>,
    blocks: [Vec<f64>; 2],
    /// The weight from which on everybody is let in.
    sure: f64,
}

/// A code up to its last digits, and these as a number.
fn parted(full: &[u8]) -> Option<(&[u8], u64)> {
    let digits = full
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count()
        .min(15);
    let (head, tail) = full.split_at(full.len() - digits);
    Some((head, std::str::from_utf8(tail).ok()?.parse().ok()?))
}

impl Gaps {
    /// Of a column; none where its codes do not rise from row to row, or are mostly far apart.
    pub fn of(sheet: Sheet<'_>, column: usize) -> Option<Gaps> {
        let (head, numbers) = rising(sheet, column)?;
        let mut gaps = Gaps {
            head,
            numbers,
            pairs: BTreeMap::new(),
            blocks: [(); 2].map(|()| Vec::new()),
            sure: 0.0,
        };
        let mut apart: BTreeMap<u64, f64> = BTreeMap::new();
        for pair in gaps.numbers.windows(2) {
            *apart.entry(pair[1] - pair[0]).or_insert(0.0) += 1.0;
        }
        let all: f64 = apart.values().sum();
        let near: f64 = apart.range(..FAR).map(|(_, n)| n).sum();
        if near < 0.9 * all {
            return None;
        }
        let free = gaps.free();
        gaps.rake(&free, &apart);
        gaps.sure = gaps.let_in(&free);
        (gaps.sure > 0.0).then_some(gaps)
    }

    fn stand(&self, number: u64) -> Option<Stand> {
        let at = self.numbers.partition_point(|n| *n < number);
        let below = number - *self.numbers.get(at.checked_sub(1)?)?;
        let after = self.numbers.get(at..)?;
        let above = *after.iter().find(|n| **n > number)? - number;
        let blocks = BLOCKS.map(|size| {
            let first = number - number % size;
            let from = self.numbers.partition_point(|n| *n < first);
            self.numbers.partition_point(|n| *n < first + size) - from
        });
        (below < FAR && above < FAR).then_some(Stand {
            below,
            above,
            blocks,
        })
    }

    /// Free values between neighbours, evenly spaced, by how they stand.
    fn free(&self) -> BTreeMap<Stand, f64> {
        let mut free = BTreeMap::new();
        let ends = self.numbers.first().zip(self.numbers.last());
        let Some((first, last)) = ends else {
            return free;
        };
        let mut step = ((last - first) / LOOKED_AT).max(1) as usize;
        // every last digit as often
        while step > 1 && (step.is_multiple_of(2) || step.is_multiple_of(5)) {
            step += 1;
        }
        for number in (*first..*last).step_by(step) {
            if self.numbers.binary_search(&number).is_err()
                && let Some(stand) = self.stand(number)
            {
                *free.entry(stand).or_insert(0.0) += 1.0;
            }
        }
        free
    }

    fn rake(&mut self, free: &BTreeMap<Stand, f64>, apart: &BTreeMap<u64, f64>) {
        let most = free.keys().flat_map(|s| s.blocks).max().unwrap_or(0);
        let mut wanted: [Vec<f64>; 2] = [(); 2].map(|()| vec![0.0; most + 1]);
        let step = (self.numbers.len() / 20_000).max(1);
        for stand in self
            .numbers
            .iter()
            .step_by(step)
            .filter_map(|n| self.stand(*n))
        {
            for (wanted, held) in wanted.iter_mut().zip(stand.blocks) {
                if let Some(n) = wanted.get_mut(held.saturating_sub(1)) {
                    *n += 1.0;
                }
            }
        }
        let part = |gap: u64| apart.get(&gap).copied().unwrap_or(0.0);
        self.pairs = free.keys().map(|s| ((s.below, s.above), 1.0)).collect();
        self.blocks = [(); 2].map(|()| vec![1.0; most + 1]);
        for _ in 0..ROUNDS {
            for which in 0..wanted.len() {
                let mut now = vec![0.0; most + 1];
                for (stand, n) in free {
                    now[stand.blocks[which]] += n * self.weight(stand);
                }
                fit(self.blocks[which].iter_mut().zip(&wanted[which]).zip(&now));
            }
            let mut now: BTreeMap<(u64, u64), f64> = BTreeMap::new();
            for (stand, n) in free {
                *now.entry((stand.below, stand.above)).or_insert(0.0) += n * self.weight(stand);
            }
            let wished: Vec<((u64, u64), f64)> = self
                .pairs
                .keys()
                .map(|(a, b)| ((*a, *b), part(*a) * part(*b)))
                .collect();
            let all: f64 = wished.iter().map(|w| w.1).sum();
            let sum: f64 = now.values().sum();
            for (pair, wish) in wished {
                let is = now.get(&pair).copied().unwrap_or(0.0);
                if let Some(weight) = self.pairs.get_mut(&pair) {
                    *weight *= stretch(wish / all, is / sum);
                }
            }
        }
    }

    fn weight(&self, stand: &Stand) -> f64 {
        let pair = self
            .pairs
            .get(&(stand.below, stand.above))
            .copied()
            .unwrap_or(0.0);
        let blocks = self.blocks.iter().zip(stand.blocks);
        blocks.fold(pair, |weight, (of, held)| {
            weight * of.get(held).copied().unwrap_or(0.0)
        })
    }

    /// The greatest weight that still lets enough in.
    fn let_in(&self, free: &BTreeMap<Stand, f64>) -> f64 {
        let mut weights: Vec<(f64, f64)> = free.iter().map(|(s, n)| (self.weight(s), *n)).collect();
        weights.sort_by(|a, b| b.0.total_cmp(&a.0));
        let all: f64 = weights.iter().map(|w| w.1).sum();
        let enough = |sure: f64| {
            let let_in: f64 = weights.iter().map(|(w, n)| n * (w / sure).min(1.0)).sum();
            sure > 0.0 && let_in >= LEAST * all
        };
        weights
            .iter()
            .map(|w| w.0)
            .find(|sure| enough(*sure))
            .unwrap_or(0.0)
    }

    /// The chance with which a free code is let in; none where it has no two neighbours.
    pub fn chance_of(&self, full: &[u8]) -> f64 {
        let Some((_, number)) = parted(full).filter(|(head, _)| *head == self.head) else {
            return 1.0;
        };
        self.stand(number)
            .map_or(0.0, |stand| self.weight(&stand) / self.sure)
    }
}

/// Multiplies weights so that the parts of their sums become those wanted.
fn fit<'w>(classes: impl Iterator<Item = ((&'w mut f64, &'w f64), &'w f64)>) {
    let classes: Vec<((&mut f64, &f64), &f64)> = classes.collect();
    // what the table has no room for cannot be had
    let there = || classes.iter().filter(|(_, now)| **now > 0.0);
    let all: f64 = there().map(|((_, wanted), _)| **wanted).sum();
    let sum: f64 = there().map(|(_, now)| **now).sum();
    for ((weight, wanted), now) in classes {
        *weight *= stretch(wanted / all, now / sum);
    }
}

fn stretch(wanted: f64, is: f64) -> f64 {
    match is > 0.0 && wanted.is_finite() {
        true => (wanted / is).clamp(1.0 / STRETCH, STRETCH),
        false => 1.0,
    }
}

/// The commonest head of a column's codes and their numbers, ascending; none where they do not rise.
fn rising(sheet: Sheet<'_>, column: usize) -> Option<(Vec<u8>, Vec<u64>)> {
    let mut full = Vec::new();
    let mut heads: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
    let mut all = 0usize;
    for cell in sheet.column(column) {
        if normal::write(Kind::Code, Default::default(), cell, &mut full)
            && let Some((head, number)) = parted(&full)
        {
            all += 1;
            match heads.get_mut(head) {
                Some(numbers) => numbers.push(number),
                None => {
                    heads.insert(head.to_vec(), vec![number]);
                }
            }
        }
    }
    let (head, mut numbers) = heads.into_iter().max_by_key(|(_, n)| n.len())?;
    let rises = numbers.windows(2).filter(|w| w[0] <= w[1]).count();
    if numbers.len() < ENOUGH || numbers.len() * 10 < all * 9 || rises * 50 < numbers.len() * 49 {
        return None;
    }
    numbers.sort_unstable();
    numbers.dedup();
    Some((head, numbers))
}
