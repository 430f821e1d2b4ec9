//! How like is enough: the rate at which rows of strangers would be linked, counted on the register and on the leak.

use super::{Candidate, FALSE_LINKS, Matcher, spread};
use crate::parallel;
use crate::trace::features;

/// Records that play strangers, of each of two kinds.
const STRANGERS: usize = 1_000;
/// Features and carriers are taken to agree by chance independently of one another; where ten thousand strangers were linked, twice as
/// many false links were seen as that gives.
const UNSEEN: f64 = 2.0;
/// Scores are rounded up to this when chance is counted.
const STEP: f64 = 0.25;

impl Matcher<'_> {
    /// Counts how often carriers agree with records that are not the row's own, each and together.
    pub(super) fn count_chance(&mut self, sample: &[usize], candidates: &[Vec<Candidate>]) {
        let groups = self.carried.len();
        let mut agreed = vec![0usize; groups];
        let mut compared = vec![0usize; groups];
        let mut together = vec![0usize; groups + 1];
        let mut pairs = 0usize;
        for (row, candidates) in sample.iter().zip(candidates) {
            let cells = self.cells(*row);
            let patterns: Vec<(u64, Vec<Option<bool>>)> = candidates
                .iter()
                .map(|c| (self.handle(c.ordinal), self.pattern(c.ordinal, &cells)))
                .collect();
            let count = |p: &[Option<bool>]| p.iter().filter(|a| **a == Some(true)).count();
            let likest = patterns
                .iter()
                .max_by_key(|(_, p)| count(p))
                .map(|(handle, _)| *handle);
            for (_, pattern) in patterns
                .iter()
                .filter(|(handle, _)| Some(*handle) != likest)
            {
                pairs += 1;
                together[count(pattern)] += 1;
                for (at, agrees) in pattern.iter().enumerate() {
                    compared[at] += usize::from(agrees.is_some());
                    agreed[at] += usize::from(*agrees == Some(true));
                }
            }
        }
        for (at, carried) in self.carried.iter_mut().enumerate() {
            carried.chance = (agreed[at] + 1) as f64 / (compared[at] + 2) as f64;
            carried.silent = 1.0 - compared[at] as f64 / pairs.max(1) as f64;
        }
        // P(k or more agree) if each did so by itself
        let mut alone = vec![0.0; groups + 1];
        alone[0] = 1.0;
        for carried in &self.carried {
            for k in (0..groups).rev() {
                alone[k + 1] += alone[k] * carried.chance;
                alone[k] *= 1.0 - carried.chance;
            }
        }
        // the rarest first: most candidates fall short on it
        self.carried.sort_by(|a, b| a.chance.total_cmp(&b.chance));
        self.together = 1.0;
        for k in 2..=groups {
            let seen: usize = together[k..].iter().sum();
            let expected = alone[k..].iter().sum::<f64>() * pairs as f64;
            if seen >= 3 && expected > 0.0 {
                self.together = self.together.max(seen as f64 / expected);
            }
        }
    }

    /// The least score at which a stranger's row would be linked at a rate of at most [`FALSE_LINKS`], and that rate.
    pub(super) fn threshold(&self, rows: &[usize]) -> Option<(f64, f64)> {
        let carriers = self.carrier_scores();
        // chance is counted once among all records, once among those that the leak's own rows are like
        let evenly: Vec<u32> = spread(
            &(0..self.known().index.len() as u32).collect::<Vec<_>>(),
            STRANGERS,
        );
        let near: Vec<u32> = spread(rows, STRANGERS)
            .into_iter()
            .enumerate()
            .filter_map(|(at, row)| {
                let candidates = self.candidates(row);
                let n = candidates.len().max(1);
                candidates.get((at * 7919) % n).map(|c| c.ordinal)
            })
            .collect();
        let counts: Vec<(f64, Vec<(f64, f64)>)> = [evenly, near]
            .iter()
            .filter(|strangers| !strangers.is_empty())
            .map(|strangers| (strangers.len() as f64, self.plain_scores(strangers)))
            .collect();
        let most = counts
            .iter()
            .flat_map(|c| &c.1)
            .map(|(score, _)| *score)
            .fold(0.0, f64::max)
            + carriers.first().map_or(0.0, |(score, _)| *score);
        let mut threshold = 0.0;
        while threshold <= most + STEP {
            let reach = |plain: f64| -> f64 {
                let enough = carriers
                    .iter()
                    .take_while(|(score, _)| plain + score >= threshold);
                enough.map(|(_, chance)| chance).sum()
            };
            let rate = |(strangers, scores): &(f64, Vec<(f64, f64)>)| -> f64 {
                let met = |(plain, times): &(f64, f64)| (reach(*plain), *times);
                let (mut mean, mut variance) = (0.0, 0.0);
                for (reach, times) in scores.iter().map(met) {
                    mean += times * reach / strangers;
                    variance += times * (reach / strangers).powi(2);
                }
                // two standard errors above, since few strangers may make up all of it
                mean + 2.0 * f64::sqrt(variance)
            };
            let rate = UNSEEN * self.together * counts.iter().map(rate).fold(0.0, f64::max);
            if rate <= FALSE_LINKS {
                return Some((threshold, rate));
            }
            threshold += STEP;
        }
        None
    }

    /// Every pattern of agreeing carriers as (score, chance under independence), greatest score first.
    fn carrier_scores(&self) -> Vec<(f64, f64)> {
        let mut patterns = vec![(0.0, 1.0)];
        for carried in &self.carried {
            patterns = patterns
                .into_iter()
                .flat_map(|(score, chance)| {
                    let says = 1.0 - carried.silent;
                    [
                        (self.weight(carried, true), says * carried.chance),
                        (self.weight(carried, false), says * (1.0 - carried.chance)),
                        (0.0, carried.silent),
                    ]
                    .map(|(weight, part)| (score + weight, chance * part))
                })
                .collect();
        }
        patterns.sort_by(|a, b| b.0.total_cmp(&a.0));
        patterns
    }

    /// How many pairs of these strangers and records have features of which score; the last entry stands for the twin that a sample of this size may
    /// have missed.
    fn plain_scores(&self, strangers: &[u32]) -> Vec<(f64, f64)> {
        let parts = parallel::ranges(strangers.len(), 16);
        let scores = parallel::map(parts.len(), |part| {
            let mut scores: Vec<i32> = Vec::new();
            let mut twins = f64::NEG_INFINITY;
            for ordinal in &strangers[parts[part].clone()] {
                let shows =
                    features::shown_by_record(self.known(), &self.features, *ordinal as usize);
                let own = self.handle(*ordinal);
                twins = twins.max(features::weigh(self.known(), &shows, *ordinal));
                let others = self.candidates_of(&shows).into_iter();
                let others = others.filter(|c| self.handle(c.ordinal) != own);
                scores.extend(others.map(|c| (f64::from(c.plain) / STEP).ceil() as i32));
            }
            (scores, twins)
        });
        let twin = scores.iter().map(|(_, twin)| *twin).fold(0.0, f64::max);
        let mut all: Vec<i32> = scores.into_iter().flat_map(|(scores, _)| scores).collect();
        all.sort_unstable();
        let counted = all
            .chunk_by(|a, b| a == b)
            .map(|same| (f64::from(same[0]) * STEP, same.len() as f64));
        counted.chain([(twin, 1.0)]).collect()
    }
}
