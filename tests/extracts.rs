//! Leaked extracts of one copy, handled as leakers handle them: the right recipient is named, and nobody else.

use std::path::Path;

use sha2::{Digest, Sha256};
use taggant::drill::leaks::{
    Encoding, keep_columns, remove_header, shuffle_columns, sort_by, take_rows, to_csv_bytes,
    to_xlsx_bytes,
};
use taggant::drill::registers::{Maternity, contacts};
use taggant::issue::{Issue, Request};
use taggant::table::{Limits, Table, from_bytes, open};
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::vault::Vault;

/// Issues a table to so many recipients; the copies in order.
fn issue(vault: &mut Vault, table: &Table, recipients: usize, out: &Path) -> Vec<Table> {
    let bytes = to_csv_bytes(table, Encoding::Utf8Bom);
    let source_sha256 = Sha256::digest(&bytes).into();
    let source = from_bytes("register.csv", bytes, &Limits::default())
        .unwrap()
        .remove(0);
    let request = Request {
        recipients: (0..recipients).map(name).collect(),
        out: out.to_path_buf(),
        stem: "register".into(),
        source_sha256,
        ..Request::default()
    };
    let issue = Issue::prepare(vault, &source, request).unwrap();
    let issued = issue.run(&|_| ()).unwrap();
    let read = |path: &Path| open(path, &Limits::default()).unwrap().remove(0).table;
    issued.iter().map(|i| read(&i.path)).collect()
}

fn name(number: usize) -> String {
    format!("Partner {number}")
}

/// The names that a trace of these bytes gives.
fn named(vault: &Vault, tracer: &Tracer, bytes: Vec<u8>) -> Vec<String> {
    let leak = from_bytes("leak", bytes, &Limits::default())
        .unwrap()
        .remove(0);
    let outcome = tracer.trace(vault, &[&leak.table], Alpha::DEFAULT).unwrap();
    outcome.sources.into_iter().map(|s| s.recipient).collect()
}

/// Extracts of some copies, as GBK without a header and as a workbook: how many were traced, how many rightly.
fn extracts(rows: usize, recipients: usize, culprits: usize) -> (usize, usize) {
    const KEPT: [[&str; 3]; 4] = [
        ["手机号", "末次月经", "孕前体重"],
        ["身份证号", "现住址", "身高"],
        ["身份证号", "建档日期", "末次月经"],
        ["手机号", "孕前体重", "现住址"],
    ];
    let others = ["姓名", "户籍类型", "建档医院", "所属区", "孕次", "血型"];
    let folder = tempfile::tempdir().unwrap();
    let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
    let register = Maternity { rows, seed: 11 }.month(0);
    let copies = issue(
        &mut vault,
        &register,
        recipients,
        &folder.path().join("out"),
    );
    let tracer = Tracer::new(&vault).unwrap();
    let (mut traced, mut right) = (0, 0);
    for culprit in 0..culprits {
        let seed = culprit as u64;
        let who = culprit * recipients / culprits;
        let kept: Vec<&str> = KEPT[culprit % KEPT.len()]
            .iter()
            .chain(&others)
            .copied()
            .collect();
        for size in [rows / 10, rows / 100, 100, 30] {
            let part = take_rows(&copies[who], size, seed);
            let part = if size == 30 {
                part
            } else {
                keep_columns(&part, &kept).unwrap()
            };
            let leak = sort_by(&shuffle_columns(&part, seed), "血型").unwrap();
            let gbk = to_csv_bytes(&remove_header(&leak), Encoding::Gbk);
            for bytes in [gbk, to_xlsx_bytes(&leak).unwrap()] {
                traced += 1;
                right += usize::from(named(&vault, &tracer, bytes) == [name(who)]);
            }
        }
    }
    (traced, right)
}

#[test]
fn extracts_of_a_small_register_name_their_source() {
    assert_eq!(extracts(4_000, 12, 4), (32, 32));
}

#[test]
#[ignore = "a register of 40,000 rows for 100 recipients: a minute, in release"]
fn extracts_of_a_large_register_name_their_source() {
    let (traced, right) = extracts(40_000, 100, 20);
    println!("{right} of {traced} extracts name their source and nobody else");
    assert_eq!(right, traced);
}

/// Lists of eleven people given to fifty recipients, each with a fresh key: how many of so many were traced rightly.
fn short_lists(keys: usize) -> usize {
    (0..keys)
        .filter(|key| {
            let folder = tempfile::tempdir().unwrap();
            let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
            let list = contacts(11, *key as u64);
            let copies = issue(&mut vault, &list, 50, &folder.path().join("out"));
            let who = key * 7 % 50;
            let tracer = Tracer::new(&vault).unwrap();
            named(&vault, &tracer, to_csv_bytes(&copies[who], Encoding::Utf8)) == [name(who)]
        })
        .count()
}

#[test]
fn short_lists_name_their_first_hand() {
    assert!(short_lists(8) >= 7);
}

#[test]
#[ignore = "a hundred fresh keys: some seconds, in release"]
fn a_hundred_short_lists_name_their_first_hand() {
    let right = short_lists(100);
    println!("{right} of 100 lists of eleven name their first hand");
    assert!(right >= 90);
}
