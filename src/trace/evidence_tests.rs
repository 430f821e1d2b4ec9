use super::*;
use crate::code::BiasSet;
use crate::code::{Handle, Slot};
use crate::trace::reading::{Reading, Readings};
use crate::trace::trials::{Leak, Trial};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;

const BIASES: [u8; 5] = [19, 22, 128, 234, 237];

fn e(counts: &Counts) -> f64 {
    10f64.powf(log10_e(counts).0)
}

#[test]
fn the_weights_sum_to_one() {
    let total: f64 = family().map(|(w, _)| w).sum();
    assert!((total - 1.0).abs() < 1e-12);
    for (_, h) in family() {
        let flips: f64 = h.flips().iter().map(|(_, v)| v * (1.0 - WIPED)).sum();
        assert!((flips + WIPED - 1.0).abs() < 1e-12);
    }
    assert_eq!(family().count(), HYPOTHESES);
    assert_eq!(weights().starts[HYPOTHESES], ROWS);
}

#[test]
fn every_ratio_has_mean_one_over_the_recipients_bit() {
    for bias in BIASES.into_iter().chain(1..=255).map(Bias) {
        let p = bias.probability();
        for (_, h) in family() {
            for flip in h.flips().iter().map(|(f, _)| *f).chain([0.5]) {
                for y in [false, true] {
                    let mean =
                        p * ratio(h, flip, p, y, true) + (1.0 - p) * ratio(h, flip, p, y, false);
                    assert!(
                        (mean - 1.0).abs() < 1e-12,
                        "{h:?} {flip} {bias:?} {y}: {mean}"
                    );
                }
            }
        }
    }
}

#[test]
fn numbers_agree_with_an_independent_implementation() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/evidence");
    let expected = std::fs::read_to_string(folder.join("expected.tsv")).unwrap();
    let mut lists = 0;
    for line in expected.lines() {
        let (name, value) = line.split_once('\t').unwrap();
        let value: f64 = value.parse().unwrap();
        let mut counts = Counts::default();
        for site in std::fs::read_to_string(folder.join(name)).unwrap().lines() {
            let fields: Vec<&str> = site.split(' ').collect();
            let [kind, p, x, y] = fields[..] else {
                panic!("{name}: {site}")
            };
            let kind = serde_json::from_str(&format!("\"{kind}\"")).unwrap();
            counts.add(kind, Bias(p.parse().unwrap()), y == "1", x == "1");
        }
        let ours = log10_e(&counts).0;
        assert!(
            (ours - value).abs() < 1e-9,
            "{name}: {ours}, expected {value}"
        );
        lists += 1;
    }
    assert!(lists >= 12);
}

#[test]
fn no_sites_weigh_nothing_and_vast_numbers_stay_finite() {
    assert_eq!(log10_e(&Counts::default()).0, 0.0);
    assert!(breakdown(&Counts::default()).is_empty());
    let full = |y: usize, x: usize| {
        let mut sites = [[0; 2]; 2];
        sites[y][x] = u32::MAX;
        let tallies = SiteKind::ALL.map(|kind| Tally {
            kind,
            bias: Bias(19),
            sites,
        });
        log10_e(&Counts::new(tallies)).0
    };
    for (y, x) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
        assert!(full(y, x).is_finite());
    }
}

#[test]
fn the_breakdown_counts_each_kind_and_weighs_it_alone() {
    let mut counts = Counts::default();
    for i in 0..60 {
        counts.add(SiteKind::Dates, Bias(128), i % 2 == 0, i % 2 == 0);
        counts.add(SiteKind::Text, Bias(128), i % 2 == 0, i % 3 == 0);
    }
    let parts = breakdown(&counts);
    assert_eq!(parts.len(), 2);
    assert_eq!((parts[0].read, parts[0].agree), (60, 60));
    assert_eq!((parts[1].read, parts[1].agree), (60, 30));
    assert!(parts[0].log10_e.0 > 15.0 && parts[1].log10_e.0 < 1.0);
    assert_eq!(counts.read(), 120);
    assert!(log10_e(&counts).0 < parts[0].log10_e.0);
}

/// A few sites of mixed kinds and biases with given readings, as (kind, bias, reading).
fn few_sites() -> Vec<(SiteKind, Bias, bool)> {
    let kinds = SiteKind::ALL;
    let sites = [
        (0, 128, true),
        (0, 19, true),
        (1, 237, false),
        (1, 128, false),
        (2, 22, false),
        (2, 234, true),
        (0, 128, false),
        (1, 19, false),
    ];
    sites.map(|(k, p, y)| (kinds[k], Bias(p), y)).to_vec()
}

/// The exact mean over an innocent's bits of what `weigh` makes of them.
fn mean_over_bits(biases: &[Bias], weigh: impl Fn(&[bool]) -> f64) -> f64 {
    (0..1u32 << biases.len())
        .map(|word| {
            let bits: Vec<bool> = (0..biases.len()).map(|i| word >> i & 1 == 1).collect();
            let chance: f64 = biases
                .iter()
                .zip(&bits)
                .map(|(p, x)| {
                    if *x {
                        p.probability()
                    } else {
                        1.0 - p.probability()
                    }
                })
                .product();
            chance * weigh(&bits)
        })
        .sum()
}

#[test]
fn an_innocents_mean_is_one_whatever_the_leak_shows() {
    let sites = few_sites();
    let biases: Vec<Bias> = sites.iter().map(|s| s.1).collect();
    for pattern in 0..1u32 << 8 {
        let mean = mean_over_bits(&biases, |bits| {
            let mut counts = Counts::default();
            for (i, ((kind, bias, _), x)) in sites.iter().zip(bits).enumerate() {
                counts.add(*kind, *bias, pattern >> i & 1 == 1, *x);
            }
            e(&counts)
        });
        assert!((mean - 1.0).abs() < 1e-12, "{pattern}: {mean}");
    }
}

#[test]
fn a_site_counted_twice_would_break_the_mean_and_merging_mends_it() {
    let sites = few_sites();
    let biases: Vec<Bias> = sites.iter().map(|s| s.1).collect();
    let raw: Vec<Reading> = sites
        .iter()
        .enumerate()
        .map(|(i, (kind, bias, value))| Reading {
            handle: Handle(7),
            slot: i as Slot,
            kind: *kind,
            bias: *bias,
            value: *value,
        })
        .collect();
    let weigh = |readings: &[Reading], bits: &[bool]| {
        let mut counts = Counts::default();
        for r in readings {
            counts.add(r.kind, r.bias, r.value, bits[usize::from(r.slot)]);
        }
        e(&counts)
    };
    let doubled = [&raw[..], &raw[..1]].concat();
    let broken = mean_over_bits(&biases, |bits| weigh(&doubled, bits));
    assert!(broken > 1.05, "{broken}");
    let (merged, _) = Readings::merge(doubled);
    let mended = mean_over_bits(&biases, |bits| weigh(merged.as_slice(), bits));
    assert!((mended - 1.0).abs() < 1e-12, "{mended}");
}

#[test]
fn the_better_of_two_readings_would_break_the_mean_and_averaging_keeps_it() {
    let sites = few_sites();
    let biases: Vec<Bias> = sites.iter().map(|s| s.1).collect();
    // Two ways to read the same leak, such as day first or month first, that differ at half of the sites.
    let weigh = |way: usize, bits: &[bool]| {
        let mut counts = Counts::default();
        for (i, ((kind, bias, y), x)) in sites.iter().zip(bits).enumerate() {
            counts.add(*kind, *bias, *y != (way == 1 && i % 2 == 0), *x);
        }
        e(&counts)
    };
    let broken = mean_over_bits(&biases, |bits| weigh(0, bits).max(weigh(1, bits)));
    assert!(broken > 1.05, "{broken}");
    let averaged = mean_over_bits(&biases, |bits| 0.3 * weigh(0, bits) + 0.7 * weigh(1, bits));
    assert!((averaged - 1.0).abs() < 1e-12, "{averaged}");
}

#[test]
fn a_few_dozen_sites_name_one_of_a_thousand() {
    for (set, sites) in [(BiasSet::Half, 34), (BiasSet::Mixed, 45)] {
        let named = single(set, sites, 0.0).named(200, 9.0);
        assert!(named > 0.9, "{set:?} {sites}: {named}");
    }
    assert_eq!(single(BiasSet::Half, 25, 0.0).named(200, 9.0), 0.0);
}

/// A leak of one kind of carrier, by one recipient.
fn single(set: BiasSet, sites: usize, flips: f64) -> Trial {
    Trial {
        set: set.into(),
        sites,
        row: 1,
        kinds: 1,
        colluders: 1,
        leak: Leak::Random,
        flips,
        innocents: 0,
    }
}

#[test]
#[ignore = "statistics: run in release"]
fn sites_that_name_a_single_source() {
    for (set, sites) in [
        (BiasSet::Half, [34, 66, 92]),
        (BiasSet::Mixed, [45, 80, 110]),
    ] {
        for (sites, flips) in sites.into_iter().zip([0.0, 0.05, 0.1]) {
            let one = single(set, sites, flips);
            let named = one.named(4_000, 9.0);
            // Three kinds, each with a flip rate of its own to be found, cost a few sites more.
            let spread = Trial { kinds: 3, ..one }.named(4_000, 9.0);
            println!(
                "{set:?}: {sites} sites, {flips} flipped: named in {named:.4}; of three kinds {spread:.4}"
            );
            assert!(named >= 0.95, "{set:?} {sites} {flips}: {named}");
            assert!(spread >= 0.92, "{set:?} {sites} {flips}: {spread}");
        }
    }
}

#[test]
#[ignore = "statistics: run in release"]
fn sites_that_name_a_coalition() {
    for (colluders, sites) in [(3, 800), (5, 1_800), (8, 3_300)] {
        for leak in Leak::ALL {
            let set = BiasSet::Coalition;
            let trial = Trial {
                set: set.into(),
                sites,
                row: 1,
                kinds: 3,
                colluders,
                leak,
                flips: 0.0,
                innocents: 0,
            };
            let named = trial.named(200, 9.0);
            println!(
                "{set:?}: {colluders} colluders, {sites} sites, {leak:?}: named in {named:.3}"
            );
            assert!(named >= 0.95, "{colluders} {leak:?}: {named}");
        }
    }
}

#[test]
#[ignore = "statistics: run in release"]
fn innocents_are_named_no_more_often_than_promised() {
    let (mut at_hundredth, mut at_millionth, mut traces, mut mean) = (0, 0, 0, 0.0);
    let sizes = [1, 3, 12, 40, 150, 600];
    for (set, seed) in [
        (BiasSet::Half, 1),
        (BiasSet::Mixed, 2),
        (BiasSet::Coalition, 3),
    ] {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for round in 0..5_400 {
            let trial = Trial {
                set: set.into(),
                row: 1 + round % 4,
                sites: sizes[round % sizes.len()],
                kinds: 1 + round % 3,
                colluders: 1 + round / sizes.len() % 4,
                leak: Leak::ALL[round % Leak::ALL.len()],
                flips: [0.0, 0.05, 0.5][round % 3],
                innocents: 100,
            };
            let counts = trial.run(&mut rng);
            let weights = counts[trial.colluders..].iter().map(|c| log10_e(c).0);
            let greatest = weights.clone().fold(f64::MIN, f64::max);
            mean += weights.map(|w| 10f64.powf(w.min(4.0))).sum::<f64>() / 100.0;
            traces += 1;
            at_hundredth += u32::from(greatest >= 4.0);
            at_millionth += u32::from(greatest >= 8.0);
        }
    }
    let mean = mean / f64::from(traces);
    println!(
        "{traces} traces of 100 innocents: {at_hundredth} at alpha .01, {at_millionth} at 1e-6; mean of min(E, 10^4) {mean:.3}"
    );
    assert!(f64::from(at_hundredth) <= 0.01 * f64::from(traces));
    assert_eq!(at_millionth, 0);
    assert!(mean <= 1.05);
}

#[test]
#[ignore = "timing: run in release"]
fn ten_thousand_recipients_are_weighed_in_half_a_second() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let trial = Trial {
        innocents: 10_000,
        kinds: 3,
        ..single(BiasSet::Mixed, 600, 0.05)
    };
    let counts = trial.run(&mut rng);
    let start = std::time::Instant::now();
    let sum: f64 = counts.iter().map(|c| log10_e(c).0).sum();
    println!(
        "10,000 recipients, 3 kinds, 3 biases: {:?} (sum {sum:.1})",
        start.elapsed()
    );
}
