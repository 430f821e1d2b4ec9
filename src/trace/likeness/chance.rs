//! How like is enough: the rate at which rows of strangers would be linked, counted on the register and on the leak.

use std::collections::BTreeMap;

use super::{Candidate, FALSE_LINKS, Matcher, SAMPLE, SMALL, spread};
use crate::parallel;
use crate::trace::features::{self, Feature};

/// Records that play strangers, of each of two kinds.
const STRANGERS: usize = 1_000;
/// Features and carriers are taken to agree by chance independently of one another; where ten thousand strangers were linked, twice as
/// many false links were seen as that gives.
const UNSEEN: f64 = 2.0;
/// Scores are rounded up to this when chance is counted.
const STEP: f64 = 0.25;

/// How often the carriers of rows agreed with records that are not theirs.
struct Agreements {
    pairs: usize,
    agreed: Vec<usize>,
    compared: Vec<usize>,
    /// Pairs by how many carriers agreed.
    together: Vec<usize>,
}

impl Agreements {
    fn new(groups: usize) -> Agreements {
        Agreements {
            pairs: 0,
            agreed: vec![0; groups],
            compared: vec![0; groups],
            together: vec![0; groups + 1],
        }
    }

    fn enter(&mut self, pattern: &[Option<bool>]) {
        self.pairs += 1;
        self.together[count(pattern)] += 1;
        for (at, agrees) in pattern.iter().enumerate() {
            self.compared[at] += usize::from(agrees.is_some());
            self.agreed[at] += usize::from(*agrees == Some(true));
        }
    }

    /// The chance that a carrier agrees, a standard error above what was counted.
    fn chance(&self, at: usize) -> f64 {
        let agreed = (self.agreed[at] + 1) as f64;
        ((agreed + agreed.sqrt()) / (self.compared[at] + 2) as f64).min(1.0)
    }

    fn at_least(&self, k: usize) -> usize {
        self.together[k..].iter().sum()
    }
}

fn count(pattern: &[Option<bool>]) -> usize {
    pattern.iter().filter(|a| **a == Some(true)).count()
}

impl Matcher<'_> {
    /// Counts how often carriers agree with records that are not the row's own, each and together.
    ///
    /// A row's own record is mostly among those proposed for it, so the likest of them does not count. Where the own record is not
    /// there, that leaves out what chance did; so records proposed for another row are counted beside, except in registers so small
    /// that every row is proposed all of them. The greater number of the two is taken, with a standard error on top.
    pub(super) fn count_chance(&mut self, sample: &[usize], candidates: &[Vec<Candidate>]) {
        let groups = self.carried.len();
        let own = self.agreements(sample, candidates, true);
        let whole = self.known().index.len() <= SMALL;
        // of another row's candidates those that are not this row's too: its own record might be among them
        let shifted: Vec<Vec<Candidate>> = (0..candidates.len())
            .map(|at| {
                let own = &candidates[at];
                let other = &candidates[(at + candidates.len() / 2) % candidates.len()];
                let is_own = |c: &&Candidate| own.iter().any(|o| o.ordinal == c.ordinal);
                other.iter().filter(|c| !is_own(c)).copied().collect()
            })
            .collect();
        let others = match whole {
            true => Agreements::new(groups),
            false => self.agreements(sample, &shifted, false),
        };
        for (at, carried) in self.carried.iter_mut().enumerate() {
            carried.chance = own.chance(at).max(match whole {
                true => 0.0,
                false => others.chance(at),
            });
            carried.silent = match own.pairs {
                0 => 0.0,
                pairs => 1.0 - own.compared[at] as f64 / pairs as f64,
            };
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
            let alone: f64 = alone[k..].iter().sum();
            for seen in [&own, &others] {
                let (times, expected) = (seen.at_least(k), alone * seen.pairs as f64);
                if times >= 3 && expected > 0.0 {
                    self.together = self.together.max(times as f64 / expected);
                }
            }
        }
    }

    /// How the carriers of rows agree with records proposed for them; `but_likest` leaves out the one that agrees most.
    fn agreements(
        &self,
        sample: &[usize],
        candidates: &[Vec<Candidate>],
        but_likest: bool,
    ) -> Agreements {
        let groups = self.carried.len();
        let mut out = Agreements::new(groups);
        for (row, candidates) in sample.iter().zip(candidates) {
            let cells = self.cells(*row);
            let patterns: Vec<(u64, Vec<Option<bool>>)> = candidates
                .iter()
                .map(|c| (self.handle(c.ordinal), self.pattern(c.ordinal, &cells)))
                .collect();
            let best = patterns.iter().max_by_key(|(_, p)| count(p));
            let likest = best.filter(|_| but_likest).map(|(handle, _)| *handle);
            for (_, pattern) in patterns.iter().filter(|(h, _)| Some(*h) != likest) {
                out.enter(pattern);
            }
        }
        out
    }

    /// The least score at which a stranger's row would be linked at a rate of at most [`FALSE_LINKS`], and that rate.
    pub(super) fn threshold(&self, rows: &[usize]) -> Option<(f64, f64)> {
        let carriers = self.carrier_scores();
        // strangers must show as much as leaked rows do
        let needed = self.mostly_filled(rows);
        let known = self.known();
        let shows = |ordinal: &u32| {
            let of = |f: &&Feature| known.shared(f.of, *ordinal as usize) != 0;
            needed.iter().all(of)
        };
        // chance is counted once among all records, once among those that the leak's own rows are like
        let all: Vec<u32> = (0..known.index.len() as u32).filter(shows).collect();
        let evenly = spread(&all, STRANGERS);
        let near: Vec<u32> = spread(rows, STRANGERS)
            .into_iter()
            .enumerate()
            .filter_map(|(at, row)| {
                let candidates = self.candidates(row);
                let mut likely = candidates.iter().map(|c| c.ordinal).filter(shows);
                let n = candidates.len().max(1);
                likely.nth((at * 7919) % n)
            })
            .collect();
        if all.is_empty() {
            return None;
        }
        let counts: Vec<(f64, Vec<(f64, f64)>)> = [evenly, near]
            .iter()
            .filter(|strangers| !strangers.is_empty())
            .map(|strangers| (strangers.len() as f64, self.plain_scores(strangers)))
            .collect();
        let scores = counts.iter().flat_map(|c| &c.1).map(|(score, _)| *score);
        let most = scores.fold(0.0, f64::max) + carriers.first().map_or(0.0, |(score, _)| *score);
        let unseen = UNSEEN * self.together * self.completions(rows);
        let mut threshold = 0.0;
        while threshold <= most + STEP {
            let reach = |plain: f64| -> f64 {
                let enough = carriers.partition_point(|(score, _)| plain + score >= threshold);
                enough.checked_sub(1).map_or(0.0, |last| carriers[last].1)
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
            let rate = unseen * counts.iter().map(rate).fold(0.0, f64::max);
            if rate <= FALSE_LINKS {
                return Some((threshold, rate));
            }
            threshold += STEP;
        }
        None
    }

    /// What carriers may score by chance, greatest first: (score, chance of it or more), if each agrees independently of the others.
    /// Scores are rounded up to whole steps, so that there are few however many carriers there are.
    fn carrier_scores(&self) -> Vec<(f64, f64)> {
        let mut chances: BTreeMap<i32, f64> = BTreeMap::from([(0, 1.0)]);
        let steps = |weight: f64| (weight / STEP).ceil() as i32;
        for carried in &self.carried {
            let says = 1.0 - carried.silent;
            let outcomes = [
                (steps(self.weight(carried, true)), says * carried.chance),
                (
                    steps(self.weight(carried, false)),
                    says * (1.0 - carried.chance),
                ),
                (0, carried.silent),
            ];
            let mut next = BTreeMap::new();
            for (score, chance) in &chances {
                for (weight, part) in outcomes {
                    *next.entry(score + weight).or_default() += chance * part;
                }
            }
            chances = next;
        }
        let mut sum = 0.0;
        let greatest_first = chances.into_iter().rev();
        greatest_first
            .map(|(score, chance)| {
                sum += chance;
                (f64::from(score) * STEP, sum)
            })
            .collect()
    }

    /// The features that most of these rows show.
    fn mostly_filled(&self, rows: &[usize]) -> Vec<&Feature> {
        let sample = spread(rows, SAMPLE);
        let filled = |f: &&Feature| {
            let of = |row: &&usize| !self.table.cell(**row, f.place).trim().is_empty();
            sample.iter().filter(of).count() * 2 > sample.len()
        };
        self.features.iter().filter(filled).collect()
    }

    /// A mask that leaves a digit open is tried with each, which a record that plays a stranger is not.
    fn completions(&self, rows: &[usize]) -> f64 {
        let shows = |row: &usize| {
            let shows = features::shown_by_row(self.comparer, &self.features, self.table, *row);
            shows
                .iter()
                .map(|s| s.completions() as f64)
                .product::<f64>()
        };
        spread(rows, SAMPLE).iter().map(shows).fold(1.0, f64::max)
    }

    /// How many pairs of these strangers and records have features of which score; the last entry stands
    /// for the twin that a sample of this size may have missed.
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
