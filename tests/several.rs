//! Several tables of one workbook, each with marks of its own in one copy.

mod support;

use std::collections::HashSet;

use rust_xlsxwriter::{Formula, Workbook, Worksheet};
use support::{Desk, column, mothers, sheet};
use taggant::drill::leaks::{drop_columns, rename, take_rows};
use taggant::drill::registers::patients;
use taggant::table::{Limits, Source, Table, open};

/// Writes a table under a title of its own.
fn write(page: &mut Worksheet, table: &Table) {
    page.write(0, 0, "内部资料").unwrap();
    page.write_row(1, 0, table.header()).unwrap();
    for row in 0..table.rows() {
        for (column, cell) in (0..).zip(table.row(row)) {
            let place = (row as u32 + 2, column);
            match cell.parse::<f64>() {
                Ok(number) if !cell.starts_with('0') && cell.len() < 10 => {
                    page.write(place.0, place.1, number).unwrap();
                }
                _ if cell.is_empty() => (),
                _ => {
                    page.write(place.0, place.1, cell).unwrap();
                }
            }
        }
    }
}

/// Mothers on one sheet and patients on another, with a third that counts both.
fn book(mothers: &Table, patients: &Table) -> Vec<u8> {
    let mut book = Workbook::new();
    write(book.add_worksheet().set_name("产妇").unwrap(), mothers);
    let page = book.add_worksheet().set_name("统计").unwrap();
    page.write_row(0, 0, ["产妇", "Patients"]).unwrap();
    page.write_formula(1, 0, Formula::new("COUNTA('产妇'!$B:$B)-2"))
        .unwrap();
    page.write_formula(1, 1, Formula::new("COUNTA(Patients!$B:$B)-2"))
        .unwrap();
    write(book.add_worksheet().set_name("Patients").unwrap(), patients);
    book.save_to_buffer().unwrap()
}

const RECIPIENTS: [&str; 4] = ["一院", "二院", "North Clinic", "South Clinic"];

/// A desk at which a workbook of both was issued to everybody.
fn issued() -> (Desk, Table, Table) {
    let desk = Desk::new();
    let (mothers, patients) = (mothers(400), patients(300, 3));
    desk.put("March.xlsx", book(&mothers, &patients));
    let more = ["--sheet", "产妇", "--sheet", "Patients", "--format", "json"];
    let list = desk.issue("March.xlsx", &RECIPIENTS, &more).well().json();
    let list = list.as_array().expect("a list");
    assert_eq!(list.len(), 2 * RECIPIENTS.len(), "an entry a table");
    for both in list.chunks(2) {
        assert_eq!(both[0]["sheet"], "产妇");
        assert_eq!(both[1]["sheet"], "Patients");
        for same in ["recipient", "path", "sha256"] {
            assert_eq!(both[0][same], both[1][same]);
        }
        assert!(
            both.iter()
                .all(|entry| entry["cells_altered"].as_u64() > Some(0))
        );
        assert!(
            both.iter()
                .all(|entry| entry["canaries"].as_u64() > Some(0))
        );
    }
    (desk, mothers, patients)
}

fn sheet_of(desk: &Desk, file: &str, name: &str) -> Source {
    let sources = open(&desk.path(file), &Limits::default()).unwrap();
    let mut found = sources
        .into_iter()
        .filter(|s| s.sheet.as_deref() == Some(name));
    found.next().expect("the sheet")
}

/// Whom a trace names, and the registers of the copies that it names.
fn named(desk: &Desk, file: &str) -> Vec<(String, usize)> {
    let found = desk.run(["trace", file, "--format", "json"]).json();
    let sources = found["sources"].as_array().expect("a list").iter();
    let exports = |source: &serde_json::Value| source["exports"].as_array().map_or(0, Vec::len);
    sources
        .map(|source| {
            let name = source["recipient"].as_str().expect("a name");
            (name.to_string(), exports(source))
        })
        .collect()
}

#[test]
fn each_table_names_the_recipient_alone_and_with_the_other() {
    let (desk, mothers, patients) = issued();
    for (at, recipient) in RECIPIENTS.iter().enumerate() {
        let file = format!("copies/March - {recipient}.xlsx");
        let whole = named(&desk, &file);
        assert_eq!(whole.len(), 1, "{whole:?}");
        assert_eq!(whole[0].0, *recipient);
        for (name, source, drop) in [
            ("产妇", &mothers, "身份证号"),
            ("Patients", &patients, "Email"),
        ] {
            let copy = sheet_of(&desk, &file, name).table;
            assert_eq!(copy.header(), source.header());
            let part = drop_columns(&take_rows(&copy, 150, at as u64), &[drop]).unwrap();
            desk.put("leak.csv", sheet(&part));
            let names: Vec<String> = named(&desk, "leak.csv").into_iter().map(|n| n.0).collect();
            assert_eq!(names, [*recipient], "{name}");
        }
    }
}

#[test]
fn what_is_altered_is_altered_in_both_and_nothing_else_is() {
    let (desk, mothers, patients) = issued();
    for recipient in RECIPIENTS {
        let file = format!("copies/March - {recipient}.xlsx");
        for (name, source, id) in [
            ("产妇", &mothers, "身份证号"),
            ("Patients", &patients, "Record No"),
        ] {
            let copy = sheet_of(&desk, &file, name).table;
            let place = column(source, id);
            let named = |id: &&str| !id.is_empty();
            let ids: HashSet<&str> = source.column(place).filter(named).collect();
            let there = copy.column(place).filter(|id| ids.contains(id));
            assert_eq!(there.count(), ids.len(), "{name}");
            assert!(copy.rows() > source.rows(), "{name} has canaries");
        }
        let counts = sheet_of(&desk, &file, "统计");
        assert_eq!(counts.table.header(), ["产妇", "Patients"]);
    }
}

#[test]
fn the_same_again_is_done_and_the_next_month_needs_no_names() {
    let (desk, _, _) = issued();
    let more = ["--sheet", "产妇", "--sheet", "Patients"];
    let again = desk.issue("March.xlsx", &RECIPIENTS, &more).well();
    assert!(again.stdout.contains("all done already"), "{again:?}");
    let mothers = taggant::drill::registers::Maternity { rows: 420, seed: 7 }.month(1);
    desk.put("April.xlsx", book(&mothers, &patients(310, 3)));
    let next = desk
        .issue("April.xlsx", &["一院"], &["--format", "json"])
        .well();
    let sheets: Vec<serde_json::Value> = next
        .json()
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["sheet"].clone())
        .collect();
    assert_eq!(sheets, ["产妇", "Patients"]);
    let registers = desk.run(["ledger", "list", "--format", "json"]).json();
    let text = registers.to_string();
    assert!(
        text.contains("March - 产妇") && text.contains("March - Patients"),
        "{text}"
    );
    assert!(!text.contains("\"register\":\"April"), "{text}");
    desk.run(["ledger", "verify"]).well();
}

#[test]
fn policies_name_their_sheets() {
    let desk = Desk::new();
    desk.put("b.xlsx", book(&mothers(120), &patients(90, 3)));
    for (sheet, file) in [("产妇", "m.toml"), ("Patients", "p.toml")] {
        desk.run([
            "inspect",
            "b.xlsx",
            "--sheet",
            sheet,
            "--write-policy",
            file,
        ])
        .well();
        let policy = String::from_utf8(desk.bytes(file)).unwrap();
        assert!(policy.contains(&format!("sheet = \"{sheet}\"")), "{policy}");
    }
    let both = [
        "--policy",
        "m.toml",
        "--policy",
        "p.toml",
        "--dry-run",
        "--format",
        "json",
    ];
    let plan = desk.issue("b.xlsx", &["A", "B"], &both).well().json();
    assert_eq!(plan["tables"][0]["register"], "b - 产妇");
    assert_eq!(plan["tables"][1]["sheet"], "Patients");
    let base = ["issue", "b.xlsx", "--to", "A", "--out", "c"];
    let refuses = |more: &[&str], words: &[&str]| {
        desk.refuses(2, &[&base[..], more].concat(), words);
    };
    refuses(
        &["--sheet", "产妇", "--policy", "p.toml"],
        &["p.toml", "`Patients`", "--sheet"],
    );
    refuses(
        &["--policy", "m.toml", "--policy", "m.toml"],
        &["second policy"],
    );
    refuses(
        &[
            "--policy",
            "m.toml",
            "--policy",
            "p.toml",
            "--register",
            "r",
        ],
        &["--register"],
    );
    refuses(
        &["--sheet", "产妇", "--sheet", "Patients", "--rebuild"],
        &["plain workbooks hold one table"],
    );
}

#[test]
fn what_comes_back_is_cleaned_of_both() {
    let (desk, _, patients) = issued();
    let copy = "copies/March - 二院.xlsx";
    let whole = desk.run(["clean", copy, "-o", "clean.xlsx"]).well();
    assert!(whole.stdout.contains("SHEET     `产妇`"), "{whole:?}");
    assert_eq!(
        whole.stdout.matches("CHANGES   none").count(),
        2,
        "{whole:?}"
    );
    for name in ["产妇", "Patients"] {
        let clean = sheet_of(&desk, "clean.xlsx", name).table;
        assert!(clean == sheet_of(&desk, "March.xlsx", name).table, "{name}");
    }
    // one of them alone, corrected in one cell
    let mut returned = Table::new(patients.header().to_vec(), patients.width());
    let part = sheet_of(&desk, copy, "Patients").table;
    let place = column(&part, "Email");
    for row in 0..part.rows() {
        let mut cells: Vec<&str> = part.row(row).collect();
        if row == 7 {
            cells[place] = "someone@else.example";
        }
        returned.push(cells);
    }
    desk.put("back.csv", sheet(&returned));
    let back = desk
        .run([
            "clean",
            "back.csv",
            "-o",
            "back-clean.csv",
            "--format",
            "json",
        ])
        .well()
        .json();
    assert_eq!(back["register"], "March - Patients");
    assert_eq!(back["cells_changed"], 1);
}

/// Two visits of each mother: her number, a day, and a weight, beside the visit's own number.
fn visits(mothers: &Table) -> Table {
    let header = ["随访编号", "身份证号", "医院", "随访日期", "体重"];
    let mut out = Table::new(header.map(String::from).to_vec(), header.len());
    let places = ["身份证号", "建档医院"].map(|name| column(mothers, name));
    let mut state = 1_u64;
    let mut below = |n: u64| {
        state = state
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (state >> 33) % n
    };
    for row in 0..2 * mothers.rows() {
        let [id, hospital] = places.map(|place| mothers.cell(row / 2, place));
        let number = format!("V{:06}", 37 * row + 1011);
        let day = format!("2024-{:02}-{:02}", below(6) + 1, below(28) + 1);
        let weight = format!("{}.{}", 45 + below(20) + below(20), below(10));
        out.push([number.as_str(), id, hospital, &day, &weight]);
    }
    out
}

#[test]
fn rows_are_divided_in_both_and_tables_that_list_each_other_get_no_canaries() {
    let desk = Desk::new();
    let mothers = mothers(600);
    let mut book = Workbook::new();
    write(book.add_worksheet().set_name("产妇").unwrap(), &mothers);
    write(
        book.add_worksheet().set_name("随访").unwrap(),
        &visits(&mothers),
    );
    desk.put("b.xlsx", book.save_to_buffer().unwrap());
    let base = ["issue", "b.xlsx", "--out", "c", "--format", "json"];
    let both = ["--sheet", "产妇", "--sheet", "随访"];
    let one = desk
        .run([&base[..], &both, &["--to", "A", "--dry-run"]].concat())
        .well()
        .json();
    for table in one["tables"].as_array().unwrap() {
        assert!(
            table["notes"].to_string().contains("lists these records"),
            "{table}"
        );
    }
    let by = [&base[..], &both, &["--by", "医院"]].concat();
    desk.refuses(2, &by, &["no column `医院`"]);

    // the same with one name for the column
    let renamed = rename(&visits(&mothers), &[("医院", "建档医院")]).unwrap();
    let mut book = Workbook::new();
    write(book.add_worksheet().set_name("产妇").unwrap(), &mothers);
    write(book.add_worksheet().set_name("随访").unwrap(), &renamed);
    desk.put("b.xlsx", book.save_to_buffer().unwrap());
    let by = [&base[..], &both, &["--by", "建档医院"]].concat();
    let issued = desk.run(by).well().json();
    let mut rows = [0, 0];
    for entry in issued.as_array().unwrap() {
        let (file, recipient) = (entry["path"].as_str().unwrap(), entry["recipient"].as_str());
        let sheet = entry["sheet"].as_str().unwrap();
        let copy = sheet_of(&desk, file, sheet).table;
        assert_eq!(Some(copy.rows() as u64), entry["rows"].as_u64());
        assert_eq!(entry["canaries"], 0);
        let place = column(&copy, "建档医院");
        assert!(copy.column(place).all(|cell| Some(cell) == recipient));
        rows[usize::from(sheet == "随访")] += copy.rows();
    }
    assert!(rows[0] > 500 && rows[1] >= 2 * rows[0], "{rows:?}");
}
