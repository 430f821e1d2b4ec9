use super::*;
use crate::code::{BiasSet, Handle, Slot};
use crate::key::MasterKey;
use crate::trace::evidence::log10_e;
use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

fn word(master: &MasterKey, recipient: usize) -> Codeword {
    Codeword::new(master.codeword_key(&recipient.to_le_bytes()))
}

fn master() -> MasterKey {
    MasterKey::from_bytes(&[9; 32]).unwrap()
}

/// Readings of `handles` records with sites at these slots; a twentieth is missing, the values are `leaker`'s bits or coins.
fn leak(handles: u64, slots: &[Slot], leaker: Option<&Codeword>, rng: &mut ChaCha8Rng) -> Readings {
    let mut raw = Vec::new();
    for _ in 0..handles {
        let handle = Handle(rng.random());
        for slot in slots {
            let bias = BiasSet::Mixed.pick(rng.random());
            let value = leaker.map_or_else(|| rng.random(), |w| w.bit(handle, *slot, bias));
            let kind = SiteKind::ALL[usize::from(*slot) % 3];
            if !rng.random_bool(0.05) {
                raw.push(Reading {
                    handle,
                    slot: *slot,
                    kind,
                    bias,
                    value,
                });
            }
        }
    }
    Readings::merge(raw).0
}

/// The counts site by site, without any layout.
fn plainly(readings: &Readings, codeword: &Codeword) -> Counts {
    let mut counts = Counts::default();
    for r in readings.as_slice() {
        counts.add(
            r.kind,
            r.bias,
            r.value,
            codeword.bit(r.handle, r.slot, r.bias),
        );
    }
    counts
}

#[test]
fn counts_are_those_of_single_bits() {
    let master = master();
    let mut rng = ChaCha8Rng::seed_from_u64(4);
    for handles in [0, 1, 2, 1_023, 1_024, 1_025, 2_500] {
        let readings = leak(handles, &[0, 3, 15, 16, 40, u16::MAX], None, &mut rng);
        let prepared = Prepared::new(&readings);
        let all = score_all(&prepared, 5, |i| word(&master, i), 2);
        assert_eq!(all.len(), 5);
        for (i, counts) in all.iter().enumerate() {
            assert_eq!(
                counts.whole,
                plainly(&readings, &word(&master, i)),
                "{handles} handles"
            );
            assert_eq!(counts.whole, prepared.counts(&word(&master, i)));
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same() {
    let master = master();
    let readings = leak(50, &[0, 1, 2], None, &mut ChaCha8Rng::seed_from_u64(5));
    let prepared = Prepared::new(&readings);
    let one = score_all(&prepared, 7, |i| word(&master, i), 1);
    for threads in [0, 2, 3, 7, 20] {
        assert_eq!(score_all(&prepared, 7, |i| word(&master, i), threads), one);
    }
    assert!(score_all(&prepared, 0, |i| word(&master, i), 2).is_empty());
}

#[test]
fn the_leaker_stands_out_among_keyed_codewords() {
    let master = master();
    let leaker = word(&master, 17);
    let readings = leak(
        30,
        &[0, 1, 2],
        Some(&leaker),
        &mut ChaCha8Rng::seed_from_u64(6),
    );
    let all = score_all(&Prepared::new(&readings), 300, |i| word(&master, i), 2);
    for (i, counts) in all.iter().enumerate() {
        let weight = log10_e(&counts.whole).0;
        assert_eq!(weight > 9.0, i == 17, "recipient {i}: {weight}");
    }
}

#[test]
fn row_evidence_counts_where_rows_and_sources_differ() {
    use crate::trace::mixture::divide;
    let master = master();
    let sources = [word(&master, 0), word(&master, 1)];
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut rows = LeakedRows::default();
    for row in 0..1_500u64 {
        let from = &sources[usize::from(row % 5 == 0)];
        let handle = Handle(rng.random());
        rows.push([0u16, 5, 17, 33].map(|slot| Reading {
            handle,
            slot,
            kind: SiteKind::Numbers,
            bias: Bias(128),
            value: from.bit(handle, slot, Bias(128)),
        }));
    }
    let mixture = divide(&row_evidence(&rows, &sources));
    assert!(
        (mixture.sources[0].share.0 - 0.8).abs() < 0.03,
        "{:?}",
        mixture.sources
    );
    assert!(
        (mixture.sources[1].share.0 - 0.2).abs() < 0.03,
        "{:?}",
        mixture.sources
    );
}

#[test]
#[ignore = "timing: run in release"]
fn forty_thousand_handles_are_scored_quickly() {
    let master = master();
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let mut raw = Vec::new();
    for _ in 0..40_000 {
        let handle = Handle(rng.random());
        for slot in 0..6 {
            let bias = BiasSet::Mixed.pick(rng.random());
            let kind = SiteKind::ALL[usize::from(slot) % 3];
            raw.push(Reading {
                handle,
                slot,
                kind,
                bias,
                value: rng.random(),
            });
        }
    }
    let start = std::time::Instant::now();
    let (readings, _) = Readings::merge(raw);
    println!("merged {} readings: {:?}", readings.len(), start.elapsed());
    let start = std::time::Instant::now();
    let prepared = Prepared::new(&readings);
    println!("prepared: {:?}", start.elapsed());
    for (recipients, threads) in [(1_000, 1), (1_000, 2), (10_000, 2)] {
        let start = std::time::Instant::now();
        let all = score_all(&prepared, recipients, |i| word(&master, i), threads);
        let scored = start.elapsed();
        let sum: f64 = all.iter().map(|c| log10_e(&c.whole).0).sum();
        println!(
            "{recipients} recipients, {threads} threads: {scored:?}, with weighing {:?} ({sum:.0})",
            start.elapsed()
        );
    }
}
