//! The weight of evidence against one recipient: an e-value over every hypothesis of how a leak can be made from a copy.
//!
//! At each site that could be read, x is the recipient's bit, y the reading, p the site's bias. A hypothesis a gives
//! P_a(y = 1 | x, p); within each kind of carrier a flip rate f acts on top, P <- P(1 - f) + (1 - P)f. Each site counts
//!
//! ```text
//! P_a,f(y | x, p) / (p P_a,f(y | 1, p) + (1 - p) P_a,f(y | 0, p))
//! ```
//!
//! and with LR the product over the sites of a kind
//!
//! ```text
//! E = sum_a w_a  prod_kinds  sum_f v_f LR(kind, a, f)
//! ```
//!
//! one sum over hypotheses outside, flip rates per kind inside. The weights are set in advance and sum to 1. An innocent's x are
//! coins of bias p that the leaker never saw, so every factor has mean 1 whatever y is, every product of them has, and so has E
//! (a test-martingale mixture; Shafer and Vovk 2019, Grünwald et al. 2020): by Markov's inequality an innocent reaches E >= e
//! with chance at most 1/e, given *any* leak. This holds only while each site is counted once, which
//! [`Readings`](super::reading::Readings) sees to.

use std::sync::OnceLock;

use super::collusion::Strategy;
use super::units::Log10E;
use crate::code::{Bias, SiteKind};

/// Weight, in every kind and under every hypothesis, of "this kind was wiped out": a flip rate of 1/2, where all factors are 1.
pub const WIPED: f64 = 0.05;

/// Flip rates and weights under the hypothesis of a single source; a further [`WIPED`] is set aside.
pub const SINGLE_FLIPS: [(f64, f64); 5] = [
    (0.003, 0.5),
    (0.03, 0.2),
    (0.08, 0.15),
    (0.15, 0.1),
    (0.28, 0.05),
];
/// Flip rates and weights where the leak was merged from several files.
pub const SHARE_FLIPS: [(f64, f64); 2] = [(0.003, 0.6), (0.06, 0.4)];
/// Flip rates and weights where colluders compared their copies.
pub const COALITION_FLIPS: [(f64, f64); 2] = [(0.003, 0.7), (0.06, 0.3)];
/// Sizes of coalition.
pub const COALITION_SIZES: [u32; 10] = [2, 3, 4, 5, 6, 8, 10, 12, 16, 24];
const SHARES: usize = 14;
const SHARE_ENDS: (f64, f64) = (0.85, 0.024);
const SINGLE_WEIGHT: f64 = 0.5;
const SHARE_WEIGHT: f64 = 0.2;
const COALITION_WEIGHT: f64 = 0.3;

const COALITIONS: usize = COALITION_SIZES.len() * Strategy::ALL.len();
/// Number of hypotheses.
pub const HYPOTHESES: usize = 1 + SHARES + COALITIONS;
/// Pairs of a hypothesis and a flip rate below 1/2, in the order of the hypotheses.
const ROWS: usize =
    SINGLE_FLIPS.len() + SHARES * SHARE_FLIPS.len() + COALITIONS * COALITION_FLIPS.len();

/// How the leak was made from the recipient's copy, before handling flips anything.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Hypothesis {
    /// Every row came from this copy.
    Single,
    /// This part of the cells came from this copy, the others from elsewhere.
    Share(f64),
    /// So many colluders, this recipient among them, who treat differences by one strategy.
    Coalition(u32, Strategy),
}

impl Hypothesis {
    /// P(y = 1 | x = 0) and P(y = 1 | x = 1) at bias `p`.
    pub fn one_given(self, p: f64) -> [f64; 2] {
        match self {
            Hypothesis::Single => [0.0, 1.0],
            Hypothesis::Share(s) => [(1.0 - s) * p, s + (1.0 - s) * p],
            Hypothesis::Coalition(c, strategy) => [
                strategy.one_given(false, p, c),
                strategy.one_given(true, p, c),
            ],
        }
    }

    /// Flip rates with their weights; together with [`WIPED`] these sum to 1 after scaling by 1 - `WIPED`.
    pub fn flips(self) -> &'static [(f64, f64)] {
        match self {
            Hypothesis::Single => &SINGLE_FLIPS,
            Hypothesis::Share(_) => &SHARE_FLIPS,
            Hypothesis::Coalition(..) => &COALITION_FLIPS,
        }
    }
}

/// Every hypothesis with its weight.
pub fn family() -> impl Iterator<Item = (f64, Hypothesis)> {
    let (from, to) = SHARE_ENDS;
    let shares = (0..SHARES).map(move |i| {
        let s = from * (to / from).powf(i as f64 / (SHARES - 1) as f64);
        (SHARE_WEIGHT / SHARES as f64, Hypothesis::Share(s))
    });
    let coalitions = COALITION_SIZES.iter().flat_map(|c| {
        Strategy::ALL.iter().map(|strategy| {
            let weight = COALITION_WEIGHT / COALITIONS as f64;
            (weight, Hypothesis::Coalition(*c, *strategy))
        })
    });
    std::iter::once((SINGLE_WEIGHT, Hypothesis::Single))
        .chain(shares)
        .chain(coalitions)
}

/// The likelihood ratio of a reading `y` for a recipient with bit `x`, against a recipient of whom nothing is known.
pub fn ratio(hypothesis: Hypothesis, flip: f64, p: f64, y: bool, x: bool) -> f64 {
    let [zero, one] = hypothesis
        .one_given(p)
        .map(|b| b * (1.0 - flip) + (1.0 - b) * flip);
    let nobody = p * one + (1.0 - p) * zero;
    let given = if x { one } else { zero };
    if y {
        given / nobody
    } else {
        (1.0 - given) / (1.0 - nobody)
    }
}

/// Natural logarithms of the ratios at one bias, by `[2 y + x]` and row.
type Ratios = [[f64; ROWS]; 4];

/// The ratios at `bias`, computed when first asked for.
fn ratios(bias: Bias) -> &'static Ratios {
    static TABLES: [OnceLock<Box<Ratios>>; 256] = [const { OnceLock::new() }; 256];
    TABLES[usize::from(bias.0)].get_or_init(|| {
        let mut table = Box::new([[0.0; ROWS]; 4]);
        let rows = family().flat_map(|(_, h)| h.flips().iter().map(move |(f, _)| (h, *f)));
        for (row, (hypothesis, flip)) in rows.enumerate() {
            for (cell, line) in table.iter_mut().enumerate() {
                let lr = ratio(
                    hypothesis,
                    flip,
                    bias.probability(),
                    cell & 2 != 0,
                    cell & 1 != 0,
                );
                line[row] = lr.max(1e-300).ln();
            }
        }
        table
    })
}

/// Weights of hypotheses, and of flip rates row by row.
struct Weights {
    hypotheses: [f64; HYPOTHESES],
    flips: [f64; ROWS],
    /// First row of each hypothesis, and the end.
    starts: [usize; HYPOTHESES + 1],
}

fn weights() -> &'static Weights {
    static WEIGHTS: OnceLock<Weights> = OnceLock::new();
    WEIGHTS.get_or_init(|| {
        let mut all = Weights {
            hypotheses: [0.0; HYPOTHESES],
            flips: [0.0; ROWS],
            starts: [0; HYPOTHESES + 1],
        };
        let mut row = 0;
        for (h, (weight, hypothesis)) in family().enumerate() {
            all.hypotheses[h] = weight;
            for (_, v) in hypothesis.flips() {
                all.flips[row] = v * (1.0 - WIPED);
                row += 1;
            }
            all.starts[h + 1] = row;
        }
        all
    })
}

/// The number of sites at one (kind, bias).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Kind of carrier.
    pub kind: SiteKind,
    /// Bias of the sites.
    pub bias: Bias,
    /// Number of sites by `[y][x]`: reading, then the recipient's bit.
    pub sites: [[u32; 2]; 2],
}

/// All that the evidence against one recipient depends on: how many sites there are by kind, bias, reading and bit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts(Vec<Tally>);

impl Counts {
    /// From tallies in any order; those of one (kind, bias) are added together.
    pub fn new(tallies: impl IntoIterator<Item = Tally>) -> Counts {
        let mut counts = Counts::default();
        for tally in tallies {
            let sum = counts.at(tally.kind, tally.bias);
            for (have, more) in sum
                .iter_mut()
                .flatten()
                .zip(tally.sites.into_iter().flatten())
            {
                *have = have.saturating_add(more);
            }
        }
        counts
    }

    /// From tallies that are sorted by (kind, bias), none twice.
    pub(super) fn from_sorted(tallies: Vec<Tally>) -> Counts {
        debug_assert!(tallies.is_sorted_by_key(|t| (t.kind, t.bias)));
        Counts(tallies)
    }

    /// Adds one site: its reading `y` and the recipient's bit `x`.
    pub fn add(&mut self, kind: SiteKind, bias: Bias, y: bool, x: bool) {
        self.at(kind, bias)[usize::from(y)][usize::from(x)] += 1;
    }

    fn at(&mut self, kind: SiteKind, bias: Bias) -> &mut [[u32; 2]; 2] {
        let found = self
            .0
            .binary_search_by_key(&(kind, bias), |t| (t.kind, t.bias));
        let at = found.unwrap_or_else(|at| {
            self.0.insert(
                at,
                Tally {
                    kind,
                    bias,
                    sites: [[0; 2]; 2],
                },
            );
            at
        });
        &mut self.0[at].sites
    }

    /// The tallies, sorted by kind and bias.
    pub fn tallies(&self) -> &[Tally] {
        &self.0
    }

    /// Sites in all.
    pub fn read(&self) -> u64 {
        self.0
            .iter()
            .flat_map(|t| t.sites.iter().flatten())
            .map(|n| u64::from(*n))
            .sum()
    }
}

/// One kind's part of the evidence, for reports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KindEvidence {
    /// The kind.
    pub kind: SiteKind,
    /// Sites read.
    pub read: u64,
    /// Sites that read as the recipient's bit.
    pub agree: u64,
    /// The weight of this kind's sites if they were all there is.
    pub log10_e: Log10E,
}

/// Terms this far (in natural logarithms) below the greatest change a sum by less than it can hold.
const NEGLIGIBLE: f64 = -45.0;

/// The weight of evidence of all sites. No sites weigh nothing: log10 E = 0.
pub fn log10_e(counts: &Counts) -> Log10E {
    weigh(counts.tallies())
}

/// Each kind that was read, alone. These do not multiply to the whole: each pays by itself for not knowing how the leak was
/// made, which the whole pays for once.
pub fn breakdown(counts: &Counts) -> Vec<KindEvidence> {
    counts
        .0
        .chunk_by(|a, b| a.kind == b.kind)
        .map(|tallies| {
            let sum = |pick: fn(&Tally) -> [u32; 2]| -> u64 {
                tallies.iter().flat_map(pick).map(u64::from).sum()
            };
            let agree = sum(|t| [t.sites[0][0], t.sites[1][1]]);
            KindEvidence {
                kind: tallies[0].kind,
                read: agree + sum(|t| [t.sites[0][1], t.sites[1][0]]),
                agree,
                log10_e: weigh(tallies),
            }
        })
        .collect()
}

fn weigh(tallies: &[Tally]) -> Log10E {
    if tallies.is_empty() {
        return Log10E::default();
    }
    let weights = weights();
    // What a hypothesis gathers over kinds: its exponent, and a factor beside it that stays within some powers of ten.
    let mut exponents = [0.0f64; HYPOTHESES];
    let mut factors = weights.hypotheses;
    for kind in tallies.chunk_by(|a, b| a.kind == b.kind) {
        let mut rows = [0.0f64; ROWS];
        for tally in kind {
            add_ratios(&mut rows, tally);
        }
        for h in 0..HYPOTHESES {
            let span = weights.starts[h]..weights.starts[h + 1];
            // 0 is the exponent of a kind that was wiped out.
            let top = rows[span.clone()].iter().fold(0.0, |m: f64, r| m.max(*r));
            let mut sum = WIPED * exp_or_nothing(-top);
            for (row, weight) in rows[span.clone()].iter().zip(&weights.flips[span]) {
                sum += weight * exp_or_nothing(row - top);
            }
            exponents[h] += top;
            factors[h] *= sum;
        }
    }
    let top = exponents.iter().fold(f64::MIN, |m, e| m.max(*e));
    let sum: f64 = exponents
        .iter()
        .zip(&factors)
        .map(|(exponent, factor)| factor * exp_or_nothing(exponent - top))
        .sum();
    Log10E::from_ln(top + sum.ln())
}

fn exp_or_nothing(exponent: f64) -> f64 {
    if exponent < NEGLIGIBLE {
        0.0
    } else {
        exponent.exp()
    }
}

fn add_ratios(rows: &mut [f64; ROWS], tally: &Tally) {
    let table = ratios(tally.bias);
    let n = [
        f64::from(tally.sites[0][0]),
        f64::from(tally.sites[0][1]),
        f64::from(tally.sites[1][0]),
        f64::from(tally.sites[1][1]),
    ];
    let [a, b, c, d] = table;
    for r in 0..ROWS {
        rows[r] += n[0] * a[r] + n[1] * b[r] + n[2] * c[r] + n[3] * d[r];
    }
}

#[cfg(test)]
#[path = "evidence_tests.rs"]
mod tests;
