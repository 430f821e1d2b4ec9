//! What is entered, refused and undone.

use super::*;

#[test]
fn traces_add_up() {
    let (_place, mut ledger) = Place::new();
    assert_eq!(ledger.traces_after(0).unwrap(), (0, 0.0));
    ledger.add_trace(&trace(0.25)).unwrap();
    ledger.add_trace(&trace(0.5)).unwrap();
    assert_eq!(ledger.traces_after(0).unwrap(), (2, 0.75));
    ledger.add_trace(&trace(1.0)).unwrap();
    assert_eq!(ledger.traces_after(0).unwrap(), (3, 1.75));
    for alpha in [0.0, -1.0, 1.5, f64::NAN] {
        assert!(ledger.add_trace(&trace(alpha)).is_err());
    }
    assert_eq!(ledger.traces_after(0).unwrap().0, 3);
}

#[test]
fn many_traces_are_entered_all_or_none() {
    let (_place, mut ledger) = Place::new();
    assert_eq!(ledger.traces_after(0).unwrap(), (0, 0.0));
    ledger.add_traces(&[trace(0.25), trace(0.125)]).unwrap();
    ledger.add_traces(&[]).unwrap();
    assert_eq!(ledger.traces_after(0).unwrap(), (2, 0.375));
    assert_eq!(ledger.traces_after(1).unwrap(), (1, 0.125));
    assert!(ledger.add_traces(&[trace(0.5), trace(0.0)]).is_err());
    assert_eq!(ledger.traces_after(0).unwrap(), (2, 0.375));
    assert_eq!(ledger.traces_after(u64::MAX).unwrap(), (0, 0.0));
    ledger.verify().unwrap();
}

#[test]
fn a_large_table_is_kept_in_several_chunks() {
    let (_place, mut ledger) = Place::new();
    let register = ledger.add_register(&register("large")).unwrap();
    let many = records(0, 5_000);
    let membership: Vec<u32> = (0..5_000).rev().collect();
    let entry = ledger
        .add_table(&table(register.id, 0, &many, &rows_of(&membership)))
        .unwrap();
    assert_eq!(ledger.records(register.id).unwrap(), many);
    assert_eq!(ledger.table_rows(&entry.id).unwrap().membership, membership);
    // vault, register, table, three chunks
    assert_eq!(ledger.verify().unwrap().entries, 6);
}

#[test]
fn names_are_exact_and_recipients_are_entered_once() {
    let (_place, mut ledger) = Place::new();
    let first = ledger.add_recipient("Café", at(1)).unwrap();
    assert_eq!(ledger.add_recipient("Café", at(8)).unwrap(), first);
    let decomposed = ledger.add_recipient("Cafe\u{301}", at(1)).unwrap();
    assert_ne!(decomposed.id, first.id);
    assert_eq!(ledger.recipients().unwrap().len(), 2);
    for bad in ["", "  ", "two\nlines", "nul\0"] {
        assert!(ledger.add_recipient(bad, at(1)).is_err(), "{bad:?}");
    }
    ledger.add_register(&register("one")).unwrap();
    let taken = ledger.add_register(&register("one")).unwrap_err();
    assert!(taken.to_string().contains("`one` already"), "{taken}");
}

#[test]
fn what_does_not_fit_is_refused_and_leaves_nothing() {
    let (_place, mut ledger) = Place::new();
    let (register, tables, recipients, _) = fill(&mut ledger);
    let before = ledger.verify().unwrap();
    let two = records(0, 2);
    let refused = |ledger: &mut Ledger, new: &NewTable<'_>, why: &str| {
        let error = ledger.add_table(new).unwrap_err();
        assert!(matches!(error, Error::Input(_)));
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(
        &mut ledger,
        &table(register.id, 10, &two, &rows_of(&[10])),
        "another process has entered records",
    );
    refused(&mut ledger, &table(99, 0, &two, &rows_of(&[0])), "has none");
    refused(
        &mut ledger,
        &table(register.id, 13, &two, &rows_of(&[0, 15])),
        "record 15 of 15",
    );
    let foreign = RecordIndex::new(Layout::default());
    refused(
        &mut ledger,
        &table(register.id, 13, &foreign, &rows_of(&[])),
        "another layout",
    );
    let mut short = two.clone();
    short.variants.pop();
    refused(
        &mut ledger,
        &table(register.id, 13, &short, &rows_of(&[])),
        "variant digests",
    );

    let good = export(&tables[0].id, &recipients[0]);
    let bad = [
        NewExport {
            table: "t-00000000".into(),
            ..good.clone()
        },
        NewExport {
            recipient: [0; 16],
            ..good.clone()
        },
        NewExport {
            parent: Some("x-00000000".into()),
            ..good.clone()
        },
        NewExport {
            file_name: "out/copy.csv".into(),
            ..good.clone()
        },
        NewExport {
            rows: u64::MAX,
            ..good.clone()
        },
        NewExport {
            canary_index: CanaryIndex {
                donors: vec![1],
                ..good.canary_index.clone()
            },
            ..good.clone()
        },
    ];
    for bad in bad {
        // the good one before it goes with it
        let batch = [good.clone(), bad];
        assert!(matches!(ledger.add_exports(&batch), Err(Error::Input(_))));
    }
    assert!(ledger.mark_issued(&["x-00000000"], at(1)).is_err());
    assert_eq!(ledger.verify().unwrap(), before);
}

#[test]
fn a_write_that_fails_is_undone_and_several_things_are_entered_at_once() {
    let (place, mut ledger) = Place::new();
    let before = ledger.verify().unwrap();
    let failed: Result<()> = ledger.write(|writer| {
        writer.add_register(&register("half"))?;
        Err(Error::input("the disc was pulled out"))
    });
    assert!(failed.is_err());
    assert_eq!(place.open().verify().unwrap(), before);
    assert_eq!(ledger.registers().unwrap(), []);

    let records = records(0, 4);
    let id = ledger
        .write(|writer| {
            let register = writer.add_register(&register("whole"))?;
            let table =
                writer.add_table(&table(register.id, 0, &records, &rows_of(&[0, 1, 2, 3])))?;
            let recipient = writer.add_recipient("r", at(1))?;
            let id = writer.add_export(&export(&table.id, &recipient))?;
            writer.mark_issued(&id, at(4))?;
            writer.mark_issued(&id, at(6))?;
            Ok(id)
        })
        .unwrap();
    let entry = place.open().export(&id).unwrap().unwrap();
    assert_eq!(entry.issued, Some(at(4)));
    assert_eq!(ledger.verify().unwrap().entries, 7);
}

#[test]
fn two_processes_at_once_make_one_chain() {
    let (place, mut ledger) = Place::new();
    fill(&mut ledger);
    let before = ledger.verify().unwrap().entries;
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let place = &place;
            scope.spawn(move || {
                let mut own = place.open();
                for round in 0..10 {
                    own.add_recipient(&format!("r {thread} {round}"), at(1))
                        .unwrap();
                    own.recipients().unwrap();
                }
            });
        }
    });
    assert_eq!(ledger.recipients().unwrap().len(), 42);
    assert_eq!(ledger.verify().unwrap().entries, before + 40);
}
