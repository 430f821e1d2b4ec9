//! A real person turns up who has a canary's number: the canary is retired and accuses nobody any more.

mod support;

use std::collections::HashSet;

use serde_json::Value;
use support::{Desk, column, mothers, read, sheet};
use taggant::drill::leaks::{keep_columns, take_rows};
use taggant::table::Table;

const ID: &str = "身份证号";
const PHONE: &str = "手机号";
const NAME: &str = "姓名";
const ROWS: usize = 600;

/// March's table issued to three wards, the copy of the first, and a row of it that is a canary of its own.
fn march() -> (Desk, Table, Table, usize) {
    let desk = Desk::new();
    let table = mothers(ROWS);
    desk.put("March.csv", sheet(&table));
    desk.issue("March.csv", &["A", "B", "C"], &["--canaries", "5"])
        .well();
    let a = read(&desk.path("copies/March - A.csv")).table;
    let id = column(&table, ID);
    let real: HashSet<&str> = table.column(id).collect();
    // a canary may be without a telephone, as real persons are
    let canary = (0..a.rows())
        .filter(|row| !real.contains(a.cell(*row, id)))
        .find(|row| {
            [ID, PHONE]
                .iter()
                .all(|name| !a.cell(*row, column(&a, name)).is_empty())
        })
        .expect("a canary");
    (desk, table, a, canary)
}

/// The table with one more person, who has these cells and in all else is like the second.
fn with_person(table: &Table, cells: &[(&str, &str)]) -> Table {
    let mut out = Table::new(table.header().to_vec(), table.width());
    for row in 0..table.rows() {
        out.push(table.row(row));
    }
    let mut person: Vec<&str> = table.row(1).collect();
    let number = (table.rows() + 1).to_string();
    person[column(table, "序号")] = &number;
    person[column(table, NAME)] = "欧阳真人";
    person[column(table, ID)] = "429701199001010018";
    person[column(table, PHONE)] = "13900001111";
    for (name, text) in cells {
        person[column(table, name)] = text;
    }
    out.push(person);
    out
}

/// How many canaries of this recipient's a trace says that it found.
fn canaries_found(desk: &Desk, leak: &Table, whose: &str) -> u64 {
    desk.put("leak.csv", sheet(leak));
    let found = desk.run(["trace", "leak.csv", "--format", "json"]).json();
    let candidates = found["candidates"].as_array().expect("all").iter();
    let own = candidates.filter(|s| s["recipient"] == whose);
    let exports = own.flat_map(|s| s["exports"].as_array().cloned().unwrap_or_default());
    let found = |e: Value| e["canaries_found"].as_u64().expect("a number");
    exports.map(found).max().unwrap_or(0)
}

#[test]
fn a_canary_that_meets_a_real_person_is_retired() {
    for columns in [&[ID][..], &[PHONE], &[ID, PHONE]] {
        let (desk, table, a, canary) = march();
        let theirs: Vec<(&str, &str)> = columns
            .iter()
            .map(|name| (*name, a.cell(canary, column(&a, name))))
            .collect();
        let april = with_person(&table, &theirs);
        desk.put("April.csv", sheet(&april));

        // a leak that shows that person by what was the canary's, and others
        let keep: Vec<&str> = [NAME].iter().chain(columns).copied().collect();
        let shown = keep_columns(&april, &keep).expect("they are there");
        let mut leak = Table::new(shown.header().to_vec(), shown.width());
        for row in (0..40).chain([april.rows() - 1]) {
            leak.push(shown.row(row));
        }
        let before = canaries_found(&desk, &leak, "A");
        assert_eq!(before, 1, "{columns:?}: nobody knows that person yet");

        let issued = desk
            .issue("April.csv", &["A", "B"], &["--canaries", "5"])
            .well();
        let said: Vec<&str> = issued
            .stderr
            .lines()
            .filter(|line| line.contains("retired"))
            .collect();
        assert_eq!(said.len(), 1, "{issued:?}");
        assert!(said[0].contains("a canary of the copy x-"), "{said:?}");
        let april_of_a = read(&desk.path("copies/April - A.csv")).table;
        for (name, text) in &theirs {
            assert!(!said[0].contains(text), "{said:?}");
            let place = column(&april_of_a, name);
            let rows = 0..april_of_a.rows();
            let has: Vec<usize> = rows
                .filter(|row| april_of_a.cell(*row, place) == *text)
                .collect();
            assert_eq!(has.len(), 1, "{columns:?}: {name}");
            let who = april_of_a.cell(has[0], column(&april_of_a, NAME));
            assert_eq!(who, "欧阳真人");
        }
        assert_eq!(canaries_found(&desk, &leak, "A"), 0, "{columns:?}");

        // the copy itself is known as before, and that canary too where a number is still its own
        let left = if columns.len() == 2 { 4 } else { 5 };
        assert_eq!(canaries_found(&desk, &a, "A"), left, "{columns:?}");
        desk.put("leak.csv", sheet(&take_rows(&a, 80, 3)));
        let named = desk.run(["trace", "leak.csv", "--format", "json"]).well();
        assert_eq!(named.json()["sources"][0]["recipient"], "A");

        // it is told once, when the person comes, and stays so
        let more = [(ID, "429701199002020028"), (PHONE, "13900002222")];
        desk.put("May.csv", sheet(&with_person(&april, &more)));
        let later = desk.issue("May.csv", &["A"], &["--canaries", "5"]).well();
        assert!(!later.stderr.contains("retired"), "{later:?}");
        let may = read(&desk.path("copies/May - A.csv")).table;
        for (name, text) in &theirs {
            let place = column(&may, name);
            assert_eq!(may.column(place).filter(|cell| cell == text).count(), 1);
        }
    }
}

#[test]
fn a_canary_that_came_back_as_itself_is_still_refused() {
    let (desk, table, a, canary) = march();
    let cells: Vec<(&str, &str)> = [ID, PHONE, NAME]
        .iter()
        .map(|name| (*name, a.cell(canary, column(&a, name))))
        .collect();
    desk.put("April.csv", sheet(&with_person(&table, &cells)));
    desk.refuses(
        2,
        &["issue", "April.csv", "--to", "A", "--out", "copies"],
        &["April.csv", "holds a canary of", "issued to A"],
    );
}
