//! Which biases name coalitions with the fewest sites: what [`BiasSet::choose`](crate::code::BiasSet::choose) stands on.

use super::trials::{Biases, Leak, Trial};
use crate::code::{Bias, BiasSet};

/// Trials to a size.
const TRIALS: u64 = 200;
/// More sites than this are as good as any number.
const MOST: usize = 240_000;
/// The evidence that names one of 1,000 at one in a million.
const THRESHOLD: f64 = 9.0;

/// The fewest sites from which at least one colluder is named in 95 % of trials, whichever of `leaks` they make of them.
fn sites_needed(of: Trial, leaks: &[Leak]) -> Option<usize> {
    let mut leaks = leaks.to_vec();
    let mut enough = |sites: usize| {
        let failing = leaks.iter().position(|leak| {
            let trial = Trial {
                sites,
                leak: *leak,
                ..of
            };
            let mut missed = (0..TRIALS).filter(|seed| !trial.names(*seed, THRESHOLD));
            missed.nth(TRIALS as usize / 20).is_some()
        });
        // what failed here is tried first next time
        if let Some(at) = failing {
            leaks[..=at].rotate_right(1);
        }
        failing.is_none()
    };
    let (mut least, mut above) = (of.row, 20.max(of.row));
    while !enough(above) {
        least = above;
        above += above / 2;
        if above > MOST {
            return None;
        }
    }
    while above > least + (least / 40).max(of.row) {
        let middle = usize::midpoint(least, above);
        if enough(middle) {
            above = middle;
        } else {
            least = middle;
        }
    }
    Some(above)
}

fn candidates() -> Vec<(&'static str, Biases)> {
    let by = |entries, by_record| Biases { entries, by_record };
    let set = |name, set: BiasSet| (name, Biases::from(set));
    vec![
        set("half", BiasSet::Half),
        set("mixed", BiasSet::Mixed),
        set("layered", BiasSet::Layered),
        set("coalition", BiasSet::Coalition),
        set("guarded", BiasSet::Guarded),
        (
            "1/2 .9, 16/256, by record",
            by(&[(Bias(128), 900), (Bias(16), 50), (Bias(240), 50)], true),
        ),
        (
            "1/2 .78, 12/256, by record",
            by(&[(Bias(128), 780), (Bias(12), 110), (Bias(244), 110)], true),
        ),
        (
            "1/2 .6, 22/256, by record",
            by(&[(Bias(128), 600), (Bias(22), 200), (Bias(234), 200)], true),
        ),
        (
            "1/2 .15, 32/256, by record",
            by(&[(Bias(128), 150), (Bias(32), 425), (Bias(224), 425)], true),
        ),
        (
            "Nuida 3: 54/256",
            by(&[(Bias(54), 1), (Bias(202), 1)], false),
        ),
        (
            "Nuida 5: 1/2 .336, 29/256",
            by(
                &[(Bias(128), 336), (Bias(29), 332), (Bias(227), 332)],
                false,
            ),
        ),
        (
            "Nuida 7: 18/256 .497, 84/256",
            by(
                &[
                    (Bias(18), 497),
                    (Bias(238), 497),
                    (Bias(84), 503),
                    (Bias(172), 503),
                ],
                false,
            ),
        ),
        (
            "arcsine in 5: 1/2, 13/256, 78/256",
            by(
                &[
                    (Bias(128), 2),
                    (Bias(13), 2),
                    (Bias(243), 2),
                    (Bias(78), 2),
                    (Bias(178), 2),
                ],
                false,
            ),
        ),
    ]
}

fn shown(sites: Option<usize>) -> String {
    sites.map_or("never".into(), |n| n.to_string())
}

fn of(set: Biases, row: usize, colluders: usize, flips: f64) -> Trial {
    Trial {
        set,
        sites: 0,
        row,
        kinds: row.min(3),
        colluders,
        leak: Leak::Random,
        flips,
        innocents: 0,
    }
}

#[test]
#[ignore = "statistics: run optimised"]
fn sites_needed_by_set_and_coalition() {
    for (name, set) in candidates() {
        for flips in [0.0, 0.05, 0.1] {
            let sizes = [1, 2, 3, 5, 8].map(|c| {
                let leaks: &[Leak] = if c == 1 { &[Leak::Random] } else { &Leak::ALL };
                shown(sites_needed(of(set, 3, c, flips), leaks))
            });
            println!("{name} | {flips} | {}", sizes.join(" | "));
        }
    }
}

#[test]
#[ignore = "statistics: run optimised"]
fn rows_needed_where_rows_that_differ_are_deleted() {
    for (name, set) in candidates() {
        for flips in [0.0, 0.05] {
            for row in [1, 2, 3, 4, 6] {
                let rows = [2, 3, 5, 8].map(|c| {
                    let sites = sites_needed(of(set, row, c, flips), &[Leak::Rows]);
                    shown(sites.map(|n| n.div_ceil(row)))
                });
                println!("{name} | {flips} | {row} | {}", rows.join(" | "));
            }
        }
    }
}
