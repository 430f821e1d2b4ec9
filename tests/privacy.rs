//! The vault can be stolen, copied or subpoenaed: nobody's name, number, address or telephone may be read in it, and no canary's
//! either, for their list is the list of rows to delete.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use encoding_rs::GB18030;
use support::{Desk, column, read, sheet};
use taggant::drill::registers::Maternity;
use taggant::table::Table;

/// Columns whose cells name or find a person.
const PERSONAL: [&str; 4] = ["姓名", "身份证号", "手机号", "现住址"];

fn secrets(table: &Table, all: &mut BTreeSet<String>) {
    for name in PERSONAL {
        let cells = table.column(column(table, name));
        all.extend(cells.filter(|c| !c.is_empty()).map(str::to_owned));
    }
}

/// The forms in which a text may lie in a file.
fn forms(text: &str) -> [Vec<u8>; 3] {
    [
        text.as_bytes().to_vec(),
        text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        GB18030.encode(text).0.into_owned(),
    ]
}

/// Which of the texts lie in the bytes, in any form.
fn found(bytes: &[u8], texts: &BTreeSet<String>) -> Vec<String> {
    // needles by their first four bytes, so that each place of the file is looked at once
    let mut needles: std::collections::HashMap<[u8; 4], Vec<(Vec<u8>, &str)>> = Default::default();
    for text in texts {
        for form in forms(text) {
            let head: [u8; 4] = form[..4].try_into().expect("no text is shorter");
            needles.entry(head).or_default().push((form, text));
        }
    }
    let mut hits = BTreeSet::new();
    for at in 0..bytes.len().saturating_sub(3) {
        let head: [u8; 4] = bytes[at..at + 4].try_into().expect("four bytes");
        for (form, text) in needles.get(&head).into_iter().flatten() {
            if bytes[at..].starts_with(form) {
                hits.insert((*text).to_owned());
            }
        }
    }
    hits.into_iter().collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => all.extend(files(&path)),
            false => all.push(path),
        }
    }
    all
}

fn found_in_vault(desk: &Desk, texts: &BTreeSet<String>) -> Vec<String> {
    let files = files(&desk.path(".taggant"));
    assert!(files.len() >= 2, "a key and a ledger: {files:?}");
    let all = files.iter().map(|f| std::fs::read(f).unwrap());
    all.flat_map(|bytes| found(&bytes, texts)).collect()
}

#[test]
fn nobody_can_be_read_in_the_vault() {
    let desk = Desk::new();
    let register = Maternity {
        rows: 400,
        seed: 23,
    };
    let mut texts = BTreeSet::new();
    let mut canaries = 0;
    for month in 0..2 {
        let source = register.month(month);
        secrets(&source, &mut texts);
        let file = format!("month{month}.csv");
        desk.put(&file, sheet(&source));
        desk.issue(&file, &["甲院", "乙院", "丙院"], &["--canaries", "6"])
            .well();
        for name in ["甲院", "乙院", "丙院"] {
            let copy = read(&desk.path(&format!("copies/month{month} - {name}.csv"))).table;
            assert_eq!(copy.rows(), source.rows() + 6);
            canaries += copy.rows() - source.rows();
            secrets(&copy, &mut texts);
        }
    }
    // a trace writes into the ledger too
    desk.run(["trace", "copies/month1 - 乙院.csv"]).well();
    assert_eq!(canaries, 36);
    assert!(texts.len() > 1_600, "{}", texts.len());
    assert_eq!(found_in_vault(&desk, &texts), Vec::<String>::new());
}

/// What the search above is worth: it finds one planted cell of any column in any form, wherever it lies.
#[test]
fn a_planted_cell_is_found() {
    let table = support::mothers(50);
    let mut texts = BTreeSet::new();
    secrets(&table, &mut texts);
    for name in PERSONAL {
        let secret = table.cell(7, column(&table, name));
        assert!(!secret.is_empty());
        for form in forms(secret) {
            let desk = Desk::new();
            assert_eq!(found_in_vault(&desk, &texts), Vec::<String>::new());
            let mut ledger = desk.bytes(".taggant/ledger.sqlite");
            let at = ledger.len() / 2 + 1;
            ledger.splice(at..at, form);
            desk.put(".taggant/ledger.sqlite", &ledger);
            assert!(found_in_vault(&desk, &texts).contains(&secret.to_owned()));
        }
    }
}
