//! The weight of canaries met and not met in a leak.
//!
//! For one recipient's canary let q be a proven upper bound on the chance that it is met by accident in a leak made without that
//! recipient's copy, given all else that was seen; and r the part of the copy that leaked, if it is the source. The canary counts
//!
//! ```text
//! r / q               where it was met
//! (1 - r) / (1 - q)   where it was not
//! ```
//!
//! Let t <= q be the true chance of an accident. The mean is t r/q + (1 - t)(1 - r)/(1 - q): it is linear in t, 1 at t = q, and
//! its slope r/q - (1 - r)/(1 - q) is at least 0 exactly where r >= q. So with r >= q the mean is at most 1 for every t <= q, and
//! exactly 1 where q is exact. With r < q it could exceed 1 (t = 0 gives (1 - r)/(1 - q) > 1): there the factor is 1 instead,
//! a bet that was not made. Products over canaries keep a mean of at most 1, since each bound holds given the others; so does
//! the mixture over r, whose weights are set in advance. Each canary counts once, over all months.

use std::collections::BTreeMap;

use super::units::Log10E;

/// An upper bound, between [`AccidentBound::LEAST`] and 1, on the chance that a canary is met by accident.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct AccidentBound(f64);

impl AccidentBound {
    /// No bound is below this: a canary that "cannot" be met by accident would make one meeting worth everything, and no proof
    /// covers keys that leak and programs that err. Raising a bound is always safe.
    pub const LEAST: f64 = 1e-12;

    /// The bound `q`; what is no number bounds nothing and is 1.
    pub fn new(q: f64) -> AccidentBound {
        AccidentBound(if q.is_nan() {
            1.0
        } else {
            q.clamp(Self::LEAST, 1.0)
        })
    }

    /// The bound as a fraction.
    pub fn fraction(self) -> f64 {
        self.0
    }
}

/// One canary of one recipient, sought in the leak.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sought {
    /// Whether the leak holds it.
    pub met: bool,
    /// The chance of that by accident.
    pub accident: AccidentBound,
}

/// How much of the copy may have leaked. Each has the same weight.
const LEAKED: [f64; 13] = [
    0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.97, 0.995,
];
/// The weight on not betting at all: what a recipient whose canaries are all missing keeps at least, so that a leak of a few
/// rows, which can hold no canary, costs the evidence of its sites a factor of 3 at most.
const NO_BET: f64 = 0.35;

/// The weight of evidence of one recipient's canaries. None sought weighs nothing.
pub fn log10_e(sought: &[Sought]) -> Log10E {
    if sought.is_empty() {
        return Log10E::default();
    }
    let mut tallies: BTreeMap<(bool, u64), u32> = BTreeMap::new();
    for canary in sought {
        // Positive floats sort as their bits do; equal bounds are counted together.
        *tallies
            .entry((canary.met, canary.accident.0.to_bits()))
            .or_default() += 1;
    }
    let weight = (1.0 - NO_BET) / LEAKED.len() as f64;
    let bets = LEAKED.iter().map(|r| {
        let product: f64 = tallies
            .iter()
            .map(|((met, q), n)| f64::from(*n) * ln_factor(*met, f64::from_bits(*q), *r))
            .sum();
        (weight, product)
    });
    let terms: Vec<(f64, f64)> = std::iter::once((NO_BET, 0.0)).chain(bets).collect();
    let top = terms.iter().fold(0.0, |m: f64, t| m.max(t.1));
    let sum: f64 = terms.iter().map(|(w, ln)| w * (ln - top).exp()).sum();
    Log10E::from_ln(top + sum.ln())
}

fn ln_factor(met: bool, q: f64, r: f64) -> f64 {
    if r < q {
        0.0
    } else if met {
        (r / q).ln()
    } else {
        (-r).ln_1p() - (-q).ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sought(met: usize, missed: usize, q: f64) -> Vec<Sought> {
        let accident = AccidentBound::new(q);
        let one = |met| Sought { met, accident };
        [vec![one(true); met], vec![one(false); missed]].concat()
    }

    fn e(canaries: &[Sought]) -> f64 {
        10f64.powf(log10_e(canaries).0)
    }

    #[test]
    fn each_factor_has_mean_one_at_the_bound_and_at_most_one_below_it() {
        for q in [1e-12, 1e-6, 0.0009, 0.01, 0.3, 0.5, 0.9, 0.999, 1.0] {
            for r in LEAKED {
                let mean = |t: f64| {
                    let missed = if t < 1.0 {
                        (1.0 - t) * ln_factor(false, q, r).exp()
                    } else {
                        0.0
                    };
                    t * ln_factor(true, q, r).exp() + missed
                };
                assert!((mean(q) - 1.0).abs() < 1e-12, "{q} {r}");
                for part in [0.0, 0.1, 0.5, 0.9] {
                    assert!(mean(q * part) <= 1.0 + 1e-12, "{q} {r} {part}");
                }
            }
        }
    }

    #[test]
    fn without_the_guard_a_loose_bound_would_pay_innocents() {
        let (q, r, t): (f64, f64, f64) = (0.3, 0.01, 0.0);
        assert!(t * r / q + (1.0 - t) * (1.0 - r) / (1.0 - q) > 1.4);
    }

    #[test]
    fn several_canaries_have_mean_one_over_all_that_can_happen() {
        let bounds = [0.5, 0.2, 0.03, 1e-4, 0.9];
        let mean: f64 = (0..1u32 << bounds.len())
            .map(|met| {
                let mut chance = 1.0;
                let mut canaries = Vec::new();
                for (i, q) in bounds.iter().enumerate() {
                    let met = met >> i & 1 == 1;
                    chance *= if met { *q } else { 1.0 - q };
                    canaries.push(Sought {
                        met,
                        accident: AccidentBound::new(*q),
                    });
                }
                chance * e(&canaries)
            })
            .sum();
        assert!((mean - 1.0).abs() < 1e-12, "{mean}");
    }

    #[test]
    fn a_short_leak_without_canaries_costs_at_most_a_factor_of_three() {
        for issued in [1, 40, 400, 4_000, 40_000] {
            let cost = 1.0 / e(&sought(0, issued, 1e-9));
            assert!((1.0..=3.0).contains(&cost), "{issued} canaries cost {cost}");
        }
    }

    #[test]
    fn a_whole_copy_weighs_nearly_all_that_its_canaries_can() {
        let weight = log10_e(&sought(40, 0, 1e-4)).0;
        assert!(weight > 40.0 * 4.0 - 2.0 && weight < 40.0 * 4.0, "{weight}");
        let two = log10_e(&sought(2, 398, 1e-6)).0;
        assert!(
            two > 5.0,
            "two canaries of 400 in a part of a copy weigh {two}"
        );
    }

    #[test]
    fn bounds_that_bound_nothing_say_nothing_and_impossible_ones_are_capped() {
        assert_eq!(log10_e(&[]).0, 0.0);
        for q in [1.0, 7.0, f64::NAN, f64::INFINITY] {
            assert!(log10_e(&sought(5, 5, q)).0.abs() < 1e-15);
        }
        assert_eq!(AccidentBound::new(0.0).fraction(), 1e-12);
        assert_eq!(AccidentBound::new(-1.0).fraction(), 1e-12);
        assert!(log10_e(&sought(1_000_000, 0, 0.0)).0.is_finite());
        assert!(e(&sought(0, 1, 0.0)) < 1.0);
    }
}
