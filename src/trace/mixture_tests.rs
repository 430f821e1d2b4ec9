use super::*;
use crate::code::BiasSet;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

/// `rows` rows of four sites from sources with these shares, the rest from strangers; values flipped at the rate `flips`.
/// Returns the evidence and where each row came from (the number of sources for strangers).
fn leak(
    rows: usize,
    shares: &[f64],
    flips: f64,
    set: BiasSet,
    seed: u64,
) -> (RowEvidence, Vec<usize>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut evidence = RowEvidence::new(shares.len());
    let mut origins = Vec::new();
    for row in 0..rows {
        let mut at = rng.random::<f64>();
        let origin = shares
            .iter()
            .position(|s| {
                at -= s;
                at < 0.0
            })
            .unwrap_or(shares.len());
        let mut sites = Vec::new();
        let mut differ = Vec::new();
        for site in 0..4 {
            let kind = SiteKind::ALL[site % 3];
            let bias = set.pick(rng.random());
            let bits: Vec<bool> = (0..=shares.len())
                .map(|_| rng.random::<u8>() < bias.0)
                .collect();
            let value = bits[origin] != rng.random_bool(flips);
            sites.push((kind, bias, value));
            let others = bits[..shares.len()]
                .iter()
                .enumerate()
                .filter(|(_, b)| **b != value);
            differ.extend(others.map(|(source, _)| (source, kind)));
        }
        evidence.push_row(sites);
        for (source, kind) in differ {
            evidence.disagree(row, source, kind);
        }
        origins.push(origin);
    }
    (evidence, origins)
}

#[test]
fn two_sources_are_divided_within_three_points() {
    for seed in 0..20 {
        let (evidence, origins) = leak(2_000, &[0.7, 0.3], 0.01, BiasSet::Mixed, seed);
        let mixture = divide(&evidence);
        let realised = origins.iter().filter(|o| **o == 0).count() as f64 / 2_000.0;
        let [a, b] = mixture.sources[..] else {
            panic!("two sources")
        };
        assert!(
            (a.share.0 - realised).abs() < 0.03,
            "{seed}: {a:?}, {realised}"
        );
        assert!((b.share.0 - (1.0 - realised)).abs() < 0.03, "{seed}: {b:?}");
        assert!(
            mixture.others.share.0 < 0.03,
            "{seed}: {:?}",
            mixture.others
        );
    }
}

#[test]
fn a_single_source_has_nearly_all() {
    for (seed, flips) in [(1, 0.0), (2, 0.02), (3, 0.1)] {
        let (evidence, _) = leak(2_000, &[1.0], flips, BiasSet::Mixed, seed);
        let mixture = divide(&evidence);
        assert!(
            mixture.sources[0].share.0 > 0.97,
            "{flips}: {:?}",
            mixture.sources
        );
        for (_, rate) in &mixture.flips[..3] {
            assert!(
                (rate.0 - flips).abs() < 0.025,
                "{flips}: {:?}",
                mixture.flips
            );
        }
    }
}

#[test]
fn a_named_source_beside_one_that_gave_nothing_keeps_all() {
    let (evidence, _) = leak(2_000, &[1.0, 0.0], 0.01, BiasSet::Mixed, 9);
    let mixture = divide(&evidence);
    assert!(mixture.sources[0].share.0 > 0.97 && mixture.sources[1].share.0 < 0.02);
}

#[test]
fn three_sources_and_strangers_are_told_apart() {
    for (seed, set) in [
        (1, BiasSet::Half),
        (2, BiasSet::Mixed),
        (3, BiasSet::Coalition),
    ] {
        let shares = [0.4, 0.2, 0.1];
        let (evidence, origins) = leak(4_000, &shares, 0.02, set, seed);
        let mixture = divide(&evidence);
        let estimates: Vec<ShareEstimate> = mixture
            .sources
            .iter()
            .copied()
            .chain([mixture.others])
            .collect();
        let sum: f64 = estimates.iter().map(|e| e.share.0).sum();
        assert!((sum - 1.0).abs() < 1e-9);
        for (k, estimate) in estimates.iter().enumerate() {
            let realised = origins.iter().filter(|o| **o == k).count() as f64 / 4_000.0;
            // Three tails of the same kind of table: half a point of slack on the interval.
            let near = estimate.low.0 - 0.02 <= realised && realised <= estimate.high.0 + 0.02;
            assert!(near, "{set:?} {k}: {estimate:?}, {realised}");
            assert!(
                estimate.high.0 - estimate.low.0 < 0.15,
                "{set:?} {k}: {estimate:?}"
            );
        }
    }
}

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    let held = (100..200)
        .filter(|seed| {
            let (evidence, _) = leak(1_500, &[0.5, 0.3], 0.02, BiasSet::Mixed, *seed);
            let share = divide(&evidence).sources[0];
            share.low.0 <= 0.5 && 0.5 <= share.high.0
        })
        .count();
    assert!((88..=100).contains(&held), "{held} of 100");
}

#[test]
fn chances_of_rows_are_right_on_average() {
    let (evidence, origins) = leak(3_000, &[0.6, 0.2], 0.02, BiasSet::Mixed, 5);
    let mixture = divide(&evidence);
    let (mut promised, mut kept) = (0.0, 0.0);
    for (row, origin) in origins.iter().enumerate() {
        let chances: Vec<f64> = mixture.row(row).map(|c| c.0).collect();
        assert_eq!(chances.len(), 3);
        assert!((chances.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        let best = (0..3)
            .max_by(|a, b| chances[*a].total_cmp(&chances[*b]))
            .unwrap();
        promised += chances[best];
        kept += f64::from(u8::from(best == *origin));
    }
    assert!(
        (promised - kept).abs() < 0.03 * 3_000.0,
        "{promised} promised, {kept} kept"
    );
    assert_eq!(mixture.row(3_000).count(), 0);
}

#[test]
fn rows_of_the_original_go_to_others() {
    let (mut evidence, _) = leak(2_000, &[1.0], 0.01, BiasSet::Mixed, 6);
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    for row in 2_000..3_000 {
        let sites =
            [0, 1, 2, 0].map(|k| (SiteKind::ALL[k], BiasSet::Mixed.pick(rng.random()), false));
        evidence.push_row(sites);
        for (kind, bias, _) in sites {
            if rng.random::<u8>() < bias.0 {
                evidence.disagree(row, 0, kind);
            }
        }
    }
    let share = divide(&evidence).sources[0].share.0;
    assert!((share - 2.0 / 3.0).abs() < 0.04, "{share}");
}

#[test]
fn rows_that_say_nothing_leave_every_share_possible() {
    let mut evidence = RowEvidence::new(2);
    let nothing = divide(&evidence).others;
    assert_eq!((nothing.low.0, nothing.high.0), (0.0, 1.0));
    let nobody = divide(&RowEvidence::new(0)).others;
    assert_eq!((nobody.low.0, nobody.high.0), (1.0, 1.0));
    evidence.push_row([]);
    evidence.disagree(7, 0, SiteKind::Text);
    let mixture = divide(&evidence);
    assert_eq!(
        (mixture.sources[1].low.0, mixture.sources[1].high.0),
        (0.0, 1.0)
    );
    let chances: f64 = mixture.row(0).map(|c| c.0).sum();
    assert!((chances - 1.0).abs() < 1e-6);
}

#[test]
#[ignore = "timing: run in release"]
fn forty_thousand_rows_of_five_sources_are_divided_quickly() {
    let (evidence, _) = leak(40_000, &[0.3, 0.2, 0.1, 0.1, 0.1], 0.02, BiasSet::Mixed, 1);
    let start = std::time::Instant::now();
    let mixture = divide(&evidence);
    println!("{:?}: {:?}", start.elapsed(), mixture.sources);
}
