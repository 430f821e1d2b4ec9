//! Were the values of a leak ever marked?
//!
//! A register that was copied before anyone marked it, a copy whose values were restored, and another collection of the same
//! facts all read alike: variant 0 throughout. So does, now and then, a copy on which several recipients agreed to write 0
//! wherever they differ. The claim "unmarked" is made only where the readings are 1,000 times likelier under it than under the
//! *best* coalition of up to eight, and in two kinds of carrier where two could show it.
//!
//! How that is read here. Per kind, the likelihood of "unmarked" is the *mean* over a few small rates at which handling turns a
//! 0 into a 1; that of marked copies is the *maximum* over coalitions of 1 to 8, their strategies, and flip rates up to .15.
//! (Taking cells at random from several copies, or from one copy and strangers' files, shows a 1 as often as one copy does, so
//! it is the coalition of one.) A kind is *readable* if all its readings being 0 would reach 1,000. Where two or more kinds are
//! readable, at least two must reach it; where one is, it must. And no kind, however short, may speak for marks by as much.

use serde::Serialize;

use super::collusion::Strategy;
use super::reading::Readings;
use super::units::Log10Factor;
use crate::code::{Bias, SiteKind};

/// Rates at which handling makes a 1 of an unmarked value; each has the same weight.
const UNMARKED_FLIPS: [f64; 4] = [0.0005, 0.003, 0.01, 0.03];
/// Rates at which handling flips what is left of marked copies.
const MARKED_FLIPS: [f64; 7] = [0.0, 0.0005, 0.003, 0.01, 0.03, 0.08, 0.15];
/// The rate at which sorting flips what the order of rows says: any leak may have been sorted, marked or not, and then it says nothing.
const SORTED: f64 = 0.5;
/// The greatest coalition considered.
const LARGEST_COALITION: u32 = 8;
/// The factor to reach, as a decimal logarithm.
const REQUIRED: f64 = 3.0;

/// What a leak shows at the sites of one (kind, bias), whosever copy it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Kind of carrier.
    pub kind: SiteKind,
    /// Bias of the sites.
    pub bias: Bias,
    /// Sites that read as 0.
    pub zeros: u64,
    /// Sites that read as 1.
    pub ones: u64,
}

/// What the readings show, by kind and bias, sorted.
pub fn shown(readings: &Readings) -> Vec<Shown> {
    let mut all: Vec<Shown> = Vec::new();
    for r in readings.as_slice() {
        let at = match all.binary_search_by_key(&(r.kind, r.bias), |s| (s.kind, s.bias)) {
            Ok(at) => at,
            Err(at) => {
                all.insert(
                    at,
                    Shown {
                        kind: r.kind,
                        bias: r.bias,
                        zeros: 0,
                        ones: 0,
                    },
                );
                at
            }
        };
        if r.value {
            all[at].ones += 1;
        } else {
            all[at].zeros += 1;
        }
    }
    all
}

/// What one kind says on "unmarked".
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct KindUnmarked {
    /// The kind.
    pub kind: SiteKind,
    /// Sites read.
    pub read: u64,
    /// Sites that read as 1.
    pub ones: u64,
    /// For "unmarked" against the best coalition.
    pub log10_factor: Log10Factor,
    /// Whether this many sites could have reached a factor of 1,000.
    pub readable: bool,
}

/// What all kinds say on "unmarked".
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Original {
    /// Kind by kind; kinds without readings are left out.
    pub kinds: Vec<KindUnmarked>,
    /// Whether the claim may be made.
    pub unmarked: bool,
}

/// Puts "unmarked" to the test. `shown` may come in any order.
pub fn test(shown: &[Shown]) -> Original {
    let kinds: Vec<KindUnmarked> = SiteKind::ALL
        .into_iter()
        // a shared canary is a 1 where it is there and no reading where it is not: it says nothing on unmarked values
        .filter(|kind| *kind != SiteKind::Shared)
        .filter_map(|kind| {
            let sites: Vec<Shown> = shown.iter().filter(|s| s.kind == kind).copied().collect();
            let ones = sites.iter().map(|s| s.ones).sum();
            let read = ones + sites.iter().map(|s| s.zeros).sum::<u64>();
            let all_zero: Vec<Shown> = sites
                .iter()
                .map(|s| Shown {
                    zeros: s.zeros + s.ones,
                    ones: 0,
                    ..*s
                })
                .collect();
            (read > 0).then(|| KindUnmarked {
                kind,
                read,
                ones,
                log10_factor: Log10Factor(log10_factor(&sites)),
                readable: log10_factor(&all_zero) >= REQUIRED,
            })
        })
        .collect();
    let readable = kinds.iter().filter(|k| k.readable).count();
    let reached = kinds
        .iter()
        .filter(|k| k.log10_factor.0 >= REQUIRED)
        .count();
    let against = kinds.iter().any(|k| k.log10_factor.0 <= -REQUIRED);
    Original {
        unmarked: readable > 0 && reached >= readable.min(2) && !against,
        kinds,
    }
}

fn log10_factor(sites: &[Shown]) -> f64 {
    let ln_likelihood = |one: &dyn Fn(Bias) -> f64| -> f64 {
        sites
            .iter()
            .map(|s| {
                let p = one(s.bias).clamp(1e-300, 1.0 - 1e-16);
                s.zeros as f64 * (-p).ln_1p() + s.ones as f64 * p.ln()
            })
            .sum()
    };
    let sorted = sites
        .iter()
        .any(|s| s.kind == SiteKind::Order)
        .then_some(SORTED);
    let unmarked: Vec<f64> = UNMARKED_FLIPS
        .into_iter()
        .chain(sorted)
        .map(|f| ln_likelihood(&|_| f))
        .collect();
    let top = unmarked.iter().fold(f64::MIN, |m, l| m.max(*l));
    let mean = unmarked.iter().map(|l| (l - top).exp()).sum::<f64>() / unmarked.len() as f64;

    let mut best = f64::MIN;
    for colluders in 1..=LARGEST_COALITION {
        for strategy in Strategy::ALL {
            for flip in MARKED_FLIPS.into_iter().chain(sorted) {
                best = best.max(ln_likelihood(&|bias| {
                    let one = strategy.one(bias.probability(), colluders);
                    one * (1.0 - flip) + (1.0 - one) * flip
                }));
            }
        }
    }
    (top + mean.ln() - best) / std::f64::consts::LN_10
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::BiasSet;
    use rand::rngs::ChaCha8Rng;
    use rand::{RngExt, SeedableRng};

    /// `sites` of a kind under a bias set, each reading 1 with the chance that `one` gives for its bias.
    fn draw(
        kind: SiteKind,
        set: BiasSet,
        sites: usize,
        rng: &mut ChaCha8Rng,
        one: impl Fn(Bias) -> f64,
    ) -> Vec<Shown> {
        let none = |e: &(Bias, u32)| Shown {
            kind,
            bias: e.0,
            zeros: 0,
            ones: 0,
        };
        let mut all: Vec<Shown> = set.entries().iter().map(none).collect();
        for _ in 0..sites {
            let bias = set.pick(rng.random());
            let shown = all.iter_mut().find(|s| s.bias == bias).unwrap();
            if rng.random_bool(one(bias)) {
                shown.ones += 1;
            } else {
                shown.zeros += 1;
            }
        }
        all
    }

    #[test]
    fn zeros_throughout_are_the_original_where_enough_sites_were_read() {
        for set in [BiasSet::Half, BiasSet::Mixed, BiasSet::Coalition] {
            let mut rng = ChaCha8Rng::seed_from_u64(1);
            let mut two = draw(SiteKind::Dates, set, 4_000, &mut rng, |_| 0.0005);
            two.extend(draw(SiteKind::Text, set, 4_000, &mut rng, |_| 0.0));
            let result = test(&two);
            assert!(result.unmarked, "{set:?} {:?}", result.kinds);
            assert_eq!(result.kinds.iter().filter(|k| k.readable).count(), 2);
            let few = test(&draw(SiteKind::Dates, set, 15, &mut rng, |_| 0.0));
            assert!(!few.unmarked && !few.kinds[0].readable, "{set:?}");
        }
    }

    #[test]
    fn one_kind_suffices_only_where_no_other_could_have_spoken() {
        let mut rng = ChaCha8Rng::seed_from_u64(2);
        let dates = draw(SiteKind::Dates, BiasSet::Mixed, 1_000, &mut rng, |_| 0.0);
        assert!(test(&dates).unmarked);
        let marked = draw(
            SiteKind::Text,
            BiasSet::Mixed,
            1_000,
            &mut rng,
            Bias::probability,
        );
        assert!(!test(&[dates.clone(), marked].concat()).unmarked);
        let wiped = draw(SiteKind::Text, BiasSet::Mixed, 1_000, &mut rng, |_| 0.5);
        assert!(!test(&[dates.clone(), wiped].concat()).unmarked);
        let short = draw(SiteKind::Text, BiasSet::Mixed, 5, &mut rng, |_| 0.0);
        assert!(test(&[dates, short].concat()).unmarked);
    }

    #[test]
    fn rows_in_another_order_say_nothing_and_rows_in_their_own_do() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        let dates = draw(SiteKind::Dates, BiasSet::Mixed, 1_000, &mut rng, |_| 0.0);
        let numbers = draw(SiteKind::Numbers, BiasSet::Mixed, 1_000, &mut rng, |_| 0.0);
        let sorted = draw(SiteKind::Order, BiasSet::Mixed, 1_000, &mut rng, |_| 0.5);
        assert!(test(&[dates, numbers, sorted.clone()].concat()).unmarked);
        let alone = test(&sorted);
        assert!(!alone.unmarked && alone.kinds[0].log10_factor.0.abs() < 2.0);
        let kept = draw(SiteKind::Order, BiasSet::Mixed, 1_000, &mut rng, |_| 0.0);
        assert!(test(&kept).unmarked);
        let marked = draw(
            SiteKind::Order,
            BiasSet::Mixed,
            1_000,
            &mut rng,
            Bias::probability,
        );
        assert!(test(&marked).kinds[0].log10_factor.0 < -3.0);
    }

    #[test]
    fn no_coalition_of_eight_passes_for_the_original() {
        for set in [BiasSet::Half, BiasSet::Mixed, BiasSet::Coalition] {
            for strategy in Strategy::ALL {
                for c in 1..=8 {
                    for (seed, sites) in [(3, 100), (4, 1_000), (5, 10_000)] {
                        let mut rng = ChaCha8Rng::seed_from_u64(seed);
                        let leak = draw(SiteKind::Dates, set, sites, &mut rng, |b| {
                            strategy.one(b.probability(), c)
                        });
                        let result = test(&leak);
                        assert!(
                            !result.unmarked,
                            "{set:?} {strategy:?} {c} {sites}: {:?}",
                            result.kinds
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn readings_are_counted_by_kind_and_bias() {
        use super::super::reading::Reading;
        use crate::code::Handle;
        let raw = (0..10).map(|h| Reading {
            handle: Handle(h),
            slot: 0,
            kind: SiteKind::Text,
            bias: Bias(if h < 4 { 237 } else { 128 }),
            value: h % 2 == 0,
        });
        let (readings, _) = Readings::merge(raw.collect());
        let kind = SiteKind::Text;
        assert_eq!(
            shown(&readings),
            [
                Shown {
                    kind,
                    bias: Bias(128),
                    zeros: 3,
                    ones: 3
                },
                Shown {
                    kind,
                    bias: Bias(237),
                    zeros: 2,
                    ones: 2
                }
            ]
        );
        assert_eq!(test(&[]), Original::default());
    }
}
