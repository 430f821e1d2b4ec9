//! Nobody by chance: traces of leaks that none of the listed recipients made, each with a fresh key.

use std::path::Path;

use sha2::{Digest, Sha256};
use taggant::drill::leaks::{
    Encoding, blend, shuffle_columns, shuffle_rows, take_rows, to_csv_bytes,
};
use taggant::drill::registers::Maternity;
use taggant::issue::{Issue, Request};
use taggant::table::{Limits, Source, Table, from_bytes, open};
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::vault::Vault;

const RECIPIENTS: usize = 100;

fn issue(
    vault: &mut Vault,
    source: &Source,
    recipients: &[String],
    out: &Path,
    lossless: bool,
) -> Vec<Table> {
    let request = Request {
        recipients: recipients.to_vec(),
        out: out.to_path_buf(),
        stem: "register".into(),
        source_sha256: Sha256::digest(source.name.as_bytes()).into(),
        lossless,
        ..Request::default()
    };
    let issued = Issue::prepare(vault, source, request)
        .unwrap()
        .run(&|_| ())
        .unwrap();
    issued
        .iter()
        .map(|i| open(&i.path, &Limits::default()).unwrap().remove(0).table)
        .collect()
}

/// Traces made, traces that named anybody at 1e-6, and at .01.
fn trials(keys: u64, rows: usize, lossless: bool) -> (usize, usize, usize) {
    let (mut traces, mut strict, mut loose) = (0, 0, 0);
    for key in 0..keys {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        let register = Maternity {
            rows,
            seed: key % 7,
        }
        .month(0);
        let source = from_bytes(
            "register.csv",
            to_csv_bytes(&register, Encoding::Utf8),
            &Limits::default(),
        )
        .unwrap()
        .remove(0);
        drop(Vault::create(&dir.join("listed"), None).unwrap());
        std::fs::create_dir(dir.join("unlisted")).unwrap();
        for file in ["master.key", "ledger.sqlite"] {
            std::fs::copy(
                dir.join("listed").join(file),
                dir.join("unlisted").join(file),
            )
            .unwrap();
        }
        // the same key, another ledger: copies that were made as ours are, for recipients whom the traced ledger never had
        let mut other = Vault::open(&dir.join("unlisted"), None).unwrap();
        let strangers: Vec<String> = (0..3).map(|n| format!("Unlisted {n}")).collect();
        let unlisted = issue(
            &mut other,
            &source,
            &strangers,
            &dir.join("theirs"),
            lossless,
        );
        let mut vault = Vault::open(&dir.join("listed"), None).unwrap();
        let listed: Vec<String> = (0..RECIPIENTS).map(|n| format!("Listed {n}")).collect();
        let copies = issue(&mut vault, &source, &listed, &dir.join("ours"), lossless);
        assert_eq!(copies.len(), RECIPIENTS);

        let mixture = shuffle_rows(&blend(&unlisted[1], &unlisted[2], 0.5, key), key);
        let leaks = [
            unlisted[0].clone(),
            take_rows(&unlisted[0], 40, key),
            register.clone(),
            shuffle_columns(&mixture, key),
            take_rows(&mixture, 60, key),
        ];
        let tracer = Tracer::new(&vault).unwrap();
        for leak in &leaks {
            let outcome = tracer.trace(&vault, &[leak], Alpha::DEFAULT).unwrap();
            assert!(
                outcome.linked * 10 >= leak.rows() * 9,
                "the leak must be read, or the test shows nothing"
            );
            let strongest = outcome.candidates[0].log10_e.0;
            let needed = |alpha: f64| (RECIPIENTS as f64 / alpha).log10();
            traces += 1;
            strict += usize::from(!outcome.sources.is_empty());
            loose += usize::from(strongest >= needed(0.01));
        }
    }
    (traces, strict, loose)
}

#[test]
fn innocents_are_not_named() {
    let (traces, strict, _) = trials(6, 120, false);
    assert_eq!((traces, strict), (30, 0));
}

#[test]
fn innocents_are_not_named_by_the_order_of_rows() {
    let (traces, strict, _) = trials(3, 300, true);
    assert_eq!((traces, strict), (15, 0));
}

#[test]
#[ignore = "a thousand traces of lossless copies with two hundred fresh keys: a minute or two"]
fn a_thousand_traces_of_lossless_copies_name_nobody() {
    let (traces, strict, loose) = trials(200, 300, true);
    println!("{traces} traces: {strict} named somebody at 1e-6, {loose} at .01");
    assert_eq!((traces, strict), (1_000, 0));
    assert!(loose * 100 <= traces, "{loose} of {traces}");
}

#[test]
#[ignore = "ten thousand traces with two thousand fresh keys: minutes, in release"]
fn ten_thousand_traces_name_nobody() {
    let (traces, strict, loose) = trials(2_000, 120, false);
    println!("{traces} traces: {strict} named somebody at 1e-6, {loose} at .01");
    assert_eq!(traces, 10_000);
    assert_eq!(strict, 0);
    assert!(loose * 100 <= traces, "{loose} of {traces}");
}
