//! What attacks came to.

use crate::drill::attacks::{Attack, Family};
use crate::trace::outcome::Outcome;
use crate::trace::units::Log10E;
use crate::trace::verdict::Verdict;

/// One attack at one strength, played some times.
#[derive(Clone, Debug)]
pub struct Played {
    /// Its family.
    pub family: Family,
    /// The word by which it is asked for.
    pub word: &'static str,
    /// What was done.
    pub what: String,
    /// How strongly; empty where there is only one way.
    pub strength: String,
    /// The same as a number, where strengths of this attack make a curve.
    pub level: Option<f64>,
    /// How many recipients' copies were in the leak; 0 where nobody may be named.
    pub sources: usize,
    /// What the whole of it came to.
    pub whole: Tally,
    /// What [`super::CUT`] rows of it came to, where it left twice as many.
    pub cut: Option<Tally>,
}

impl Played {
    pub(super) fn of(attack: &Attack) -> Played {
        Played {
            family: attack.family,
            word: attack.word,
            what: attack.what.clone(),
            strength: attack.strength.clone(),
            level: attack.level,
            sources: attack.sources,
            whole: Tally::default(),
            cut: None,
        }
    }
}

/// What some traces came to. A trace counts under exactly one of `all`, `some`, `wrong` and `nobody`.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Traces.
    pub runs: usize,
    /// Every source was named, and nobody else.
    pub all: usize,
    /// Somebody with whose copy it was made was named, not every source, and nobody else.
    pub some: usize,
    /// Somebody was named with whose copy it was not made: an innocent.
    pub wrong: usize,
    /// Nobody was named.
    pub nobody: usize,
    /// Rows of the leaks, together.
    pub rows: usize,
    /// Sites read, together.
    pub read: u64,
    /// Traces in which a source was among the ten strongest, so that the rest of these figures is known.
    pub known: usize,
    /// In these, sites read ...
    pub compared: u64,
    /// ... and those of them at which the nearest source's copy has the other value.
    pub differing: u64,
    /// The sources' canaries that the leak could show ...
    pub canaries_sought: usize,
    /// ... and those met.
    pub canaries_met: usize,
    /// The weight of evidence against the strongest source, of each of these traces.
    pub weights: Vec<Log10E>,
    /// Verdicts, with how often each was given.
    pub verdicts: Vec<(Verdict, usize)>,
}

/// What one trace came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Shot {
    rows: usize,
    read: usize,
    named_sources: usize,
    /// Sources among them.
    named_partners: usize,
    named_others: usize,
    nearest: Option<Nearest>,
    verdict: Option<Verdict>,
}

/// What a trace says of the leak's sources.
#[derive(Clone, Debug)]
struct Nearest {
    weight: Log10E,
    read: u64,
    agree: u64,
    canaries_sought: usize,
    canaries_met: usize,
}

impl Shot {
    /// What a trace came to, of a leak in which the copies of `sources` are and that was made with those of `partners`.
    pub(super) fn of(outcome: &Outcome, sources: &[&str], partners: &[&str]) -> Shot {
        let is_source = |name: &String| sources.contains(&name.as_str());
        let named = |whom: &[&str]| {
            let all = outcome.sources.iter();
            all.filter(|s| whom.contains(&s.recipient.as_str())).count()
        };
        let (right, partners) = (named(sources), named(partners));
        let seen = outcome.candidates.iter().chain(&outcome.sources);
        let mut nearest: Option<Nearest> = None;
        let mut met: Vec<&str> = Vec::new();
        for candidate in seen.filter(|c| is_source(&c.recipient)) {
            // the named stand in both lists
            if met.contains(&candidate.recipient.as_str()) {
                continue;
            }
            met.push(&candidate.recipient);
            let read: u64 = candidate.evidence.iter().map(|e| e.read).sum();
            let agree: u64 = candidate.evidence.iter().map(|e| e.agree).sum();
            let nearest = nearest.get_or_insert(Nearest {
                weight: candidate.log10_e,
                read,
                agree,
                canaries_sought: 0,
                canaries_met: 0,
            });
            nearest.agree = nearest.agree.max(agree);
            nearest.canaries_sought += candidate.canaries.sought;
            nearest.canaries_met += candidate.canaries.met;
        }
        Shot {
            rows: outcome.rows,
            read: outcome.sites_read,
            named_sources: right,
            named_partners: partners,
            named_others: outcome.sources.len() - partners,
            nearest,
            verdict: Some(outcome.verdict),
        }
    }
}

impl Tally {
    pub(super) fn add(&mut self, shot: &Shot, sources: usize) {
        self.runs += 1;
        if shot.named_others > 0 {
            self.wrong += 1;
        } else if shot.named_partners == 0 {
            self.nobody += 1;
        } else if shot.named_sources >= sources {
            self.all += 1;
        } else {
            self.some += 1;
        }
        self.rows += shot.rows;
        self.read += shot.read as u64;
        if let Some(nearest) = &shot.nearest {
            self.known += 1;
            self.compared += nearest.read;
            self.differing += nearest.read.saturating_sub(nearest.agree);
            self.canaries_sought += nearest.canaries_sought;
            self.canaries_met += nearest.canaries_met;
            self.weights.push(nearest.weight);
        }
        // a leak without a row is nobody's
        let verdict = shot.verdict.unwrap_or(Verdict::Unrelated);
        match self.verdicts.iter_mut().find(|(v, _)| *v == verdict) {
            Some((_, times)) => *times += 1,
            None => self.verdicts.push((verdict, 1)),
        }
    }

    /// Traces in which somebody with whose copy it was made was named, and nobody else.
    pub fn right(&self) -> usize {
        self.all + self.some
    }

    /// The part of the sites read at which the nearest source's copy has the other value; none where nothing was compared.
    pub fn differing_part(&self) -> Option<f64> {
        (self.compared > 0).then(|| self.differing as f64 / self.compared as f64)
    }

    /// The middle one of the weights, the lower of two; none where there is none.
    pub fn middle_weight(&self) -> Option<Log10E> {
        let mut weights = self.weights.clone();
        weights.sort_by(|a, b| a.0.total_cmp(&b.0));
        weights.get(weights.len().saturating_sub(1) / 2).copied()
    }

    /// The verdict given most often.
    pub fn usual_verdict(&self) -> Option<Verdict> {
        let most = self.verdicts.iter().max_by_key(|(_, times)| *times);
        most.map(|(verdict, _)| *verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shot(named_sources: usize, named_others: usize) -> Shot {
        Shot {
            named_sources,
            named_partners: named_sources,
            named_others,
            verdict: Some(Verdict::Attributed),
            ..Shot::default()
        }
    }

    #[test]
    fn every_trace_counts_once_and_an_innocent_outweighs_the_right() {
        let mut tally = Tally::default();
        for (right, wrong) in [(2, 0), (1, 0), (2, 1), (0, 1), (0, 0)] {
            tally.add(&shot(right, wrong), 2);
        }
        let counts = (tally.all, tally.some, tally.wrong, tally.nobody);
        assert_eq!((tally.runs, counts), (5, (1, 1, 2, 1)));
        assert_eq!(tally.differing_part(), None);
        assert_eq!(tally.usual_verdict(), Some(Verdict::Attributed));
        assert_eq!(tally.middle_weight(), None);
    }

    #[test]
    fn the_middle_weight_is_no_mean() {
        let tally = Tally {
            weights: [90.0, 3.0, 5.0].map(Log10E).to_vec(),
            ..Tally::default()
        };
        assert_eq!(tally.middle_weight(), Some(Log10E(5.0)));
    }
}
