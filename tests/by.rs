//! Each recipient its own rows: every row in one copy, every copy a table of its own, and a leak of two named as both.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use support::{Desk, column, mothers, read, sheet};
use taggant::drill::leaks::{Repeats, drop_columns, join, take_rows, to_xlsx_bytes};
use taggant::table::Table;

const HOSPITALS: usize = 12;

/// A register of mothers in twelve hospitals, as many of its rows as there are: those of the largest hospitals.
fn twelve(rows: usize) -> Table {
    let all = mothers(rows);
    let place = column(&all, "建档医院");
    let mut sizes: BTreeMap<&str, usize> = BTreeMap::new();
    for hospital in all.column(place) {
        *sizes.entry(hospital).or_default() += 1;
    }
    let mut by_size: Vec<(&str, usize)> = sizes.into_iter().collect();
    by_size.sort_by_key(|(name, n)| (std::cmp::Reverse(*n), *name));
    let kept: BTreeSet<&str> = by_size
        .iter()
        .take(HOSPITALS)
        .map(|(name, _)| *name)
        .collect();
    numbered(&all, |row| kept.contains(all.cell(row, place)))
}

/// The rows that pass, numbered again from 1.
fn numbered(table: &Table, keep: impl Fn(usize) -> bool) -> Table {
    let mut out = Table::new(table.header().to_vec(), table.width());
    let number = column(table, "序号");
    for row in (0..table.rows()).filter(|row| keep(*row)) {
        let next = (out.rows() + 1).to_string();
        let mut cells: Vec<&str> = table.row(row).collect();
        cells[number] = &next;
        out.push(cells);
    }
    out
}

/// Who a row is, by what is never altered.
fn who(table: &Table, row: usize) -> String {
    ["身份证号", "手机号", "姓名"]
        .map(|name| table.cell(row, column(table, name)))
        .join(" ")
}

/// A desk at which twelve hospitals got their rows: what was issued, and each copy's table.
fn issued(rows: usize) -> (Desk, Table, Vec<(String, Value, Table)>) {
    let desk = Desk::new();
    let table = twelve(rows);
    desk.put("March.csv", sheet(&table));
    let arguments = [
        "issue",
        "March.csv",
        "--by",
        "建档医院",
        "--out",
        "copies",
        "--format",
        "json",
    ];
    let list = desk.run(arguments).well().json();
    let copies = list.as_array().expect("a list").iter().map(|copy| {
        let name = copy["recipient"].as_str().expect("a name").to_string();
        let path = desk.path(copy["path"].as_str().expect("a path"));
        (name, copy.clone(), read(&path).table)
    });
    let copies = copies.collect();
    (desk, table, copies)
}

fn named(desk: &Desk, leak: &Table) -> BTreeSet<String> {
    desk.put("leak.csv", sheet(leak));
    let ran = desk.run(["trace", "leak.csv", "--format", "json"]);
    let sources = ran.json()["sources"].clone();
    let names = sources.as_array().expect("sources").iter();
    names
        .map(|s| s["recipient"].as_str().expect("a name").to_string())
        .collect()
}

#[test]
fn every_row_is_in_one_copy_and_every_copy_is_a_table_of_its_own() {
    let (desk, table, copies) = issued(6_000);
    assert_eq!(copies.len(), HOSPITALS);
    let (hospital, number) = (column(&table, "建档医院"), column(&table, "序号"));
    let rows = |table: &Table| {
        (0..table.rows())
            .map(|row| who(table, row))
            .collect::<Vec<_>>()
    };
    let mut home: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (who, hospital) in rows(&table).into_iter().zip(table.column(hospital)) {
        home.entry(who).or_default().insert(hospital.to_string());
    }
    let mut met: Vec<String> = Vec::new();
    for (name, entry, copy) in &copies {
        let mut canaries = 0;
        for (row, who) in rows(copy).into_iter().enumerate() {
            assert_eq!(copy.cell(row, hospital), name, "{name} row {row}");
            assert_eq!(copy.cell(row, number), (row + 1).to_string(), "{name}");
            match home.get(&who) {
                Some(own) => {
                    assert!(own.contains(name), "{name} row {row}");
                    met.push(who);
                }
                None => canaries += 1,
            }
        }
        let counted = entry["canaries"].as_u64().unwrap();
        assert_eq!(canaries, counted, "{name}");
        assert!(counted >= 1, "{name}");
        assert_eq!(entry["rows"].as_u64().unwrap() as usize, copy.rows());
        assert_eq!(entry["done"], false);
        assert_eq!(entry["rows_of_nobody"], 0);
    }
    let mut all = rows(&table);
    all.sort();
    met.sort();
    assert_eq!(met, all, "each row is in one copy");
    desk.run(["ledger", "verify"]).well();
}

#[test]
fn a_leak_of_two_hospitals_names_both_and_nobody_else() {
    let (desk, _, copies) = issued(6_000);
    for (one, two) in [(0, 1), (3, 7), (5, 10)] {
        let both: BTreeSet<String> = [one, two].map(|at| copies[at].0.clone()).into();
        let whole = [one, two].map(|at| copies[at].2.clone());
        let sixty = [one, two].map(|at| take_rows(&copies[at].2, 60, at as u64));
        for (what, leak) in [("whole", &whole), ("sixty", &sixty)] {
            let leak = join(&[&leak[0], &leak[1]], Repeats::Keep);
            assert_eq!(named(&desk, &leak), both, "{what}");
            // nothing says any more whose a row is
            let bare = drop_columns(&leak, &["建档医院"]).expect("there");
            assert_eq!(named(&desk, &bare), both, "{what}, no hospital");
        }
    }
}

#[test]
fn rows_of_nobody_are_counted_by_value() {
    let desk = Desk::new();
    desk.put(
        "t.csv",
        "编号,姓名,医院,体重\nA1001,王一,一院,50.1\nA1002,王二,一院,61.3\nA1003,王三,二院,55.2\nA1004,王四,二院,48.8\n\
         A1005,王五,,52.7\nA1006,王六,三院,57.4\nA1007,王七,三院,66.1\nA1008,王八,三院,70.2\nA1009,王九,四院,49.3\n",
    );
    let arguments = [
        "issue",
        "t.csv",
        "--by",
        "医院",
        "--out",
        "copies",
        "--canaries",
        "2",
        "--dry-run",
    ];
    let plan = |more: &[&str]| desk.run(arguments.iter().chain(more)).well();
    let all = plan(&["--format", "json"]).json();
    let rows: Vec<u64> = all["copies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["rows"].as_u64().unwrap())
        .collect();
    assert_eq!(rows, [2, 2, 3]);
    assert_eq!(all["by"], "医院");
    let nobody = |plan: &Value| -> Vec<(String, u64, String)> {
        let text = |v: &Value| v.as_str().unwrap().to_string();
        let of = |u: &Value| {
            (
                text(&u["value"]),
                u["rows"].as_u64().unwrap(),
                text(&u["reason"]),
            )
        };
        plan["nobody"].as_array().unwrap().iter().map(of).collect()
    };
    assert_eq!(
        nobody(&all),
        [
            ("".into(), 1, "blank".into()),
            ("四院".into(), 1, "too_few_rows".into())
        ]
    );
    let some = plan(&["--to", "二院", "--format", "json"]).json();
    assert_eq!(nobody(&some)[0], ("三院".into(), 3, "not_named".into()));
    desk.put(
        "names.csv",
        "value,recipient\n三院,Third & Fourth\n四院,Third & Fourth\n二院,\n",
    );
    let mapped = plan(&["--names", "names.csv"]);
    assert!(
        mapped
            .stdout
            .contains("would issue to Third & Fourth (4 rows)"),
        "{mapped:?}"
    );
    assert!(
        mapped
            .stdout
            .contains("2 rows of `二院`: nobody's by the mapping"),
        "{mapped:?}"
    );
    assert!(
        mapped
            .stdout
            .contains("divided by `医院`: 6 rows to 2 recipients, 3 to nobody"),
        "{mapped:?}"
    );
    assert!(!desk.path("copies").exists());

    desk.refuses(
        2,
        &[
            "issue", "t.csv", "--by", "医院", "--to", "五院", "--out", "copies",
        ],
        &["`五院`", "no row", "医院"],
    );
    desk.refuses(
        2,
        &["issue", "t.csv", "--by", "编号", "--out", "copies"],
        &["编号", "two rows"],
    );
    desk.refuses(
        2,
        &["issue", "t.csv", "--by", "医 院", "--out", "copies"],
        &["Did you mean `医院`?"],
    );
}

#[test]
fn months_and_whole_tables_may_follow_and_a_workbook_serves_as_well() {
    let desk = Desk::new();
    let table = twelve(1_500);
    let source = to_xlsx_bytes(&table).expect("a workbook");
    desk.put("March.xlsx", source);
    let divided = |name: &'static str| {
        [
            "issue",
            name,
            "--by",
            "建档医院",
            "--out",
            "copies",
            "--format",
            "json",
        ]
    };
    let march = desk.run(divided("March.xlsx")).well().json();
    let hospital = column(&table, "建档医院");
    let mut rows = 0;
    for copy in march.as_array().unwrap() {
        let made = read(&desk.path(copy["path"].as_str().unwrap())).table;
        assert!(made.column(hospital).all(|h| h == copy["recipient"]));
        rows += made.rows() - copy["canaries"].as_u64().unwrap() as usize;
    }
    assert_eq!(rows, table.rows());
    // April: the same people and the same canaries, so the same copies below another number
    let april = numbered(&table, |row| row % 40 != 7);
    desk.put("April.csv", sheet(&april));
    let second = desk.run(divided("April.csv")).well().json();
    let first: Vec<Table> = march
        .as_array()
        .unwrap()
        .iter()
        .map(|c| read(&desk.path(c["path"].as_str().unwrap())).table)
        .collect();
    for (copy, before) in second.as_array().unwrap().iter().zip(&first) {
        let made = read(&desk.path(copy["path"].as_str().unwrap())).table;
        let old: BTreeMap<String, usize> = (0..before.rows())
            .map(|row| (who(before, row), row))
            .collect();
        assert_eq!(old.len(), before.rows());
        let mut fresh = 0;
        for row in 0..made.rows() {
            let Some(then) = old.get(&who(&made, row)) else {
                fresh += 1;
                continue;
            };
            for place in (0..made.width()).filter(|p| *p != column(&table, "序号")) {
                assert_eq!(
                    made.cell(row, place),
                    before.cell(*then, place),
                    "row {row}"
                );
            }
        }
        assert!(
            fresh <= 1,
            "a canary more, where a short list needs its number: {fresh}"
        );
    }
    // and the whole of it to one more
    desk.put("All.csv", sheet(&numbered(&table, |row| row % 50 != 3)));
    desk.run(["issue", "All.csv", "--to", "Province", "--out", "copies"])
        .well();
    let whole = read(&desk.path("copies/All - Province.csv")).table;
    assert_eq!(
        named(&desk, &take_rows(&whole, 80, 4)),
        ["Province".to_string()].into()
    );
    desk.run(["ledger", "verify"]).well();
}
