//! `cargo test --release --lib ledger::tests::speed -- --ignored --nocapture`

use std::time::Instant;

use super::*;

#[test]
#[ignore = "a measurement, for release builds"]
fn storing_and_loading_are_fast_enough() {
    let layout = Layout {
        identifier_forms: 3,
        plain_columns: 6,
        group_columns: vec![1, 1, 2, 1, 3],
    };
    let (place, mut ledger) = Place::new();
    let register = ledger
        .add_register(&NewRegister {
            layout: layout.clone(),
            ..register("speed")
        })
        .unwrap();
    let records = records::tests::sample(40_000, layout);
    let mut stored = Vec::new();
    for month in 0..6 {
        let first = month * 40_000;
        let membership: Vec<u32> = (first..first + 40_000).collect();
        let rows = rows_of(&membership);
        let new = table(register.id, first, &records, &rows);
        let started = Instant::now();
        ledger
            .write(|writer| {
                writer.add_table(&new)?;
                stored.push(started.elapsed());
                Ok(())
            })
            .unwrap();
        println!(
            "table {month}: {:?} stored, {:?} with commit",
            stored.last().unwrap(),
            started.elapsed()
        );
    }
    drop(ledger);
    let mut loaded = Vec::new();
    for _ in 0..5 {
        let ledger = place.open();
        let started = Instant::now();
        let index = ledger.records(register.id).unwrap();
        loaded.push(started.elapsed());
        assert_eq!(index.len(), 240_000);
        let started = Instant::now();
        let ranges = index.variant_ranges();
        println!(
            "load {:?}, {} variants, ranges {:?}, last {:?}",
            loaded.last().unwrap(),
            index.variants.len(),
            started.elapsed(),
            ranges.range(239_999, 4)
        );
    }
    let mut ledger = place.open();
    let started = Instant::now();
    let verified = ledger.verify().unwrap();
    println!(
        "verify {} entries: {:?}",
        verified.entries,
        started.elapsed()
    );

    let table = ledger.tables(register.id).unwrap().remove(0);
    let names: Vec<String> = (0..100).map(|n| format!("hospital {n}")).collect();
    let recipients: Vec<Recipient> = names
        .iter()
        .map(|name| ledger.add_recipient(name, at(1)).unwrap())
        .collect();
    let copies: Vec<NewExport> = recipients
        .iter()
        .map(|recipient| NewExport {
            canary_index: CanaryIndex {
                identifier_columns: 3,
                donors: vec![1; 200],
                full: vec![2; 600],
                stems: vec![3; 600],
                ways: vec![4; 600],
            },
            new_canaries: Zeroizing::new(vec![b'x'; 20_000]),
            ..export(&table.id, recipient)
        })
        .collect();
    let started = Instant::now();
    ledger.add_exports(&copies).unwrap();
    println!("100 exports at once: {:?}", started.elapsed());
    let started = Instant::now();
    for copy in &copies[..10] {
        ledger.add_export(copy).unwrap();
    }
    println!("10 exports one by one: {:?}", started.elapsed());
    for _ in 0..99 {
        ledger.add_exports(&copies).unwrap();
    }
    let started = Instant::now();
    let mut canaries = 0;
    ledger
        .for_each_canary_index(register.id, |_, index| {
            canaries += index.len();
            Ok(())
        })
        .unwrap();
    println!(
        "{canaries} canaries of 10,010 exports: {:?}",
        started.elapsed()
    );
    let started = Instant::now();
    let verified = ledger.verify().unwrap();
    println!(
        "verify {} entries, {} MB: {:?}",
        verified.entries,
        std::fs::metadata(place.path()).unwrap().len() >> 20,
        started.elapsed()
    );
    let millis = |times: &[std::time::Duration]| times.iter().min().unwrap().as_millis();
    assert!(millis(&stored) < 25 && millis(&loaded) < 60);
}
