//! From a register to copies to a leak and back: copies that are still the file they were made from and still true, and traces
//! that find what went in.

mod support;

use std::collections::{HashMap, HashSet};

use encoding_rs::GB18030;
use jiff::civil::Date;
use support::{Desk, column, mothers, read, sheet};
use taggant::drill::leaks::{Repeats, blend, drop_columns, join, to_xlsx_bytes};
use taggant::drill::registers::{Maternity, patients};
use taggant::drill::strangers::strangers;
use taggant::table::Table;
use taggant::value::{date, national_id};
use taggant::vault::Vault;

const NAMES: [&str; 3] = ["甲院", "乙院", "丙院"];
const REGISTER: Maternity = Maternity {
    rows: 1_500,
    seed: 5,
};

/// What may differ between a record's row in the source and in a copy.
const MAY_DIFFER: [&str; 9] = [
    "序号",
    "年龄",
    "现住址",
    "末次月经",
    "预产期",
    "孕周",
    "建档日期",
    "孕前体重",
    "身高",
];

/// The rows by identity number, where it is there and nobody else's.
fn by_identity(table: &Table) -> HashMap<&str, usize> {
    let id = column(table, "身份证号");
    let mut rows: HashMap<&str, Vec<usize>> = HashMap::new();
    for row in 0..table.rows() {
        rows.entry(table.cell(row, id)).or_default().push(row);
    }
    rows.into_iter()
        .filter(|(id, rows)| !id.is_empty() && rows.len() == 1)
        .map(|(id, rows)| (id, rows[0]))
        .collect()
}

/// Who stands in the copy and not in its source: the canaries.
fn canaries<'a>(source: &Table, copy: &'a Table) -> HashMap<&'a str, usize> {
    let id = column(source, "身份证号");
    let real: HashSet<&str> = source.column(id).collect();
    by_identity(copy)
        .into_iter()
        .filter(|(id, _)| !real.contains(id))
        .collect()
}

fn day(text: &str) -> Date {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn days_between(from: Date, until: Date) -> i32 {
    date::day_number(until) - date::day_number(from)
}

/// Full years from one day to another.
fn years(from: Date, until: Date) -> String {
    let had = (until.month(), until.day()) >= (from.month(), from.day());
    (until.year() - from.year() - i16::from(!had)).to_string()
}

/// Everything that holds in every row of the register.
#[track_caller]
fn is_true(table: &Table, exported: Date) {
    let at = |name: &str| column(table, name);
    let (number, id, born) = (at("序号"), at("身份证号"), at("出生日期"));
    let (period, due, weeks) = (at("末次月经"), at("预产期"), at("孕周"));
    let (age, registered) = (at("年龄"), at("建档日期"));
    for row in 0..table.rows() {
        let cell = |column| table.cell(row, column);
        assert_eq!(cell(number), (row + 1).to_string());
        let period = day(cell(period));
        assert_eq!(days_between(period, day(cell(due))), 280, "row {row}");
        let since = days_between(period, exported);
        assert_eq!(cell(weeks), (since / 7).to_string(), "row {row}");
        let (birth, registered) = (day(cell(born)), day(cell(registered)));
        if !cell(id).is_empty() {
            let id = national_id::normal(cell(id)).expect("an identity number");
            assert!(id.is_valid() && id.has_right_check(), "row {row}");
            assert_eq!(id.birth_date(), Some(birth), "row {row}");
            assert_eq!(cell(age), years(birth, registered), "row {row}");
        }
    }
    let dates: Vec<&str> = table.column(registered).collect();
    assert!(dates.is_sorted(), "sorted by 建档日期 as the source is");
}

/// The copy is its source but for what may differ and for rows added. How many cells differ, 序号 aside.
#[track_caller]
fn differs_only_where_it_may(source: &Table, copy: &Table) -> usize {
    assert_eq!(source.header(), copy.header());
    let (ours, theirs) = (by_identity(source), by_identity(copy));
    let mut different = 0;
    for (id, row) in &ours {
        let there = *theirs
            .get(id)
            .unwrap_or_else(|| panic!("{id} is not in the copy"));
        for (column, name) in source.header().iter().enumerate() {
            if source.cell(*row, column) != copy.cell(there, column) {
                assert!(MAY_DIFFER.contains(&name.as_str()), "{name} of {id}");
                different += usize::from(name != "序号");
            }
        }
    }
    different
}

fn month_file(month: usize, name: &str) -> String {
    format!("copies/m{month} - {name}.csv")
}

/// The register's first months issued to three; every copy's table by month and recipient.
fn rolled(desk: &Desk, months: usize, to: &[&str]) -> Vec<Vec<Table>> {
    (0..months)
        .map(|month| {
            let file = format!("m{month}.csv");
            desk.put(&file, sheet(&REGISTER.month(month)));
            desk.issue(&file, to, &["--register", "mothers"]).well();
            to.iter()
                .map(|name| read(&desk.path(&month_file(month, name))).table)
                .collect()
        })
        .collect()
}

#[test]
fn months_of_copies_stay_true_and_steady() {
    let desk = Desk::new();
    let sources: Vec<Table> = (0..4).map(|m| REGISTER.month(m)).collect();
    let copies = rolled(&desk, 4, &NAMES);
    for (month, of_month) in copies.iter().enumerate() {
        for copy in of_month {
            is_true(copy, Maternity::export_day(month));
            let altered = differs_only_where_it_may(&sources[month], copy);
            assert!(altered > REGISTER.rows, "{altered} cells");
        }
    }
    // what each recipient sees of a record that stayed as it was
    let still = |name: &str| !["序号", "孕周"].contains(&name);
    let mut compared = 0;
    for (month, pair) in sources.windows(2).enumerate() {
        let (before, after) = (by_identity(&pair[0]), by_identity(&pair[1]));
        for (earlier, later) in copies[month].iter().zip(&copies[month + 1]) {
            let (seen, seen_later) = (by_identity(earlier), by_identity(later));
            for (id, row) in &before {
                let Some(then) = after.get(id) else { continue };
                let columns: Vec<usize> = (0..pair[0].width())
                    .filter(|c| still(&pair[0].header()[*c]))
                    .collect();
                if columns
                    .iter()
                    .any(|c| pair[0].cell(*row, *c) != pair[1].cell(*then, *c))
                {
                    continue;
                }
                for c in columns {
                    assert_eq!(
                        earlier.cell(seen[id], c),
                        later.cell(seen_later[id], c),
                        "{} of {id}, months {month} and {}",
                        earlier.header()[c],
                        month + 1
                    );
                }
                compared += 1;
            }
        }
    }
    assert!(compared > 9_000, "{compared}");
}

/// Who has no identity number has a birth date all the same, and an age that follows from it.
#[test]
fn ages_are_right_where_the_identity_number_is_blank() {
    let plain = REGISTER.month(0);
    let at = |name: &str| column(&plain, name);
    let (id, born) = (at("身份证号"), at("出生日期"));
    let (age, registered) = (at("年龄"), at("建档日期"));
    let mut table = Table::new(plain.header().to_vec(), plain.width());
    for row in 0..plain.rows() {
        let mut cells: Vec<String> = plain.row(row).map(str::to_owned).collect();
        if row % 20 == 0 && !cells[registered].ends_with("02-29") {
            // registered on her thirtieth birthday: a day earlier she is 29
            let day = day(&cells[registered]);
            cells[id].clear();
            cells[born] = day
                .with()
                .year(day.year() - 30)
                .build()
                .unwrap()
                .to_string();
            cells[age] = "30".into();
        }
        table.push(cells.iter().map(String::as_str));
    }
    let desk = Desk::new();
    desk.put("list.csv", sheet(&table));
    desk.issue("list.csv", &["A", "B"], &[]).well();
    let mut seen = 0;
    for name in ["A", "B"] {
        let copy = read(&desk.path(&format!("copies/list - {name}.csv"))).table;
        for row in (0..copy.rows()).filter(|row| copy.cell(*row, id).is_empty()) {
            let (birth, day) = (day(copy.cell(row, born)), day(copy.cell(row, registered)));
            let said = copy.cell(row, age);
            assert_eq!(said, years(birth, day), "born {birth}, registered {day}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}

/// Canaries come, stay and go as the records around them do.
#[test]
fn canaries_live_as_records_do() {
    let desk = Desk::new();
    let sources: Vec<Table> = (0..4).map(|m| REGISTER.month(m)).collect();
    let names: Vec<String> = (1..=12).map(|n| format!("Ward {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let copies = rolled(&desk, 4, &names);
    let [mut stayed, mut left, mut came] = [0usize; 3];
    let [mut real_stayed, mut real_left] = [0usize; 2];
    let (name, phone, born) = (
        column(&sources[0], "姓名"),
        column(&sources[0], "手机号"),
        column(&sources[0], "出生日期"),
    );
    for month in 0..3 {
        let (before, after) = (
            by_identity(&sources[month]),
            by_identity(&sources[month + 1]),
        );
        let same = before.keys().filter(|id| after.contains_key(*id)).count();
        real_stayed += same;
        real_left += before.len() - same;
        for (earlier, later) in copies[month].iter().zip(&copies[month + 1]) {
            let here = canaries(&sources[month], earlier);
            let next = canaries(&sources[month + 1], later);
            assert!(!here.is_empty());
            for (id, row) in &here {
                match next.get(id) {
                    Some(then) => {
                        stayed += 1;
                        for c in [name, phone, born] {
                            assert_eq!(earlier.cell(*row, c), later.cell(*then, c), "{id}");
                        }
                    }
                    None => left += 1,
                }
            }
            came += next.keys().filter(|id| !here.contains_key(*id)).count();
        }
    }
    let rate = real_left as f64 / (real_left + real_stayed) as f64;
    let all = (stayed + left) as f64;
    // four standard deviations of a binomial
    let bound = 4.0 * (all * rate * (1.0 - rate)).sqrt();
    assert!(
        (left as f64 - all * rate).abs() <= bound && (came as f64 - all * rate).abs() <= bound,
        "{stayed} stayed, {left} left, {came} came; of records {rate:.3} leave a month"
    );
    assert!(stayed > 150, "{stayed}");
    donors_take_their_canaries_along(&desk);
}

/// In the ledger: who has a canary keeps it under the same identifiers for as long as its donor is in the register.
#[track_caller]
fn donors_take_their_canaries_along(desk: &Desk) {
    let vault = Vault::open(&desk.path(".taggant"), None).unwrap();
    let register = vault.ledger.register("mothers").unwrap().unwrap().id;
    let handles = vault.ledger.records(register).unwrap().handles;
    let tables = vault.ledger.tables(register).unwrap();
    let present: Vec<HashSet<u64>> = tables
        .iter()
        .map(|table| {
            let rows = vault.ledger.table_rows(&table.id).unwrap().membership;
            rows.iter()
                .filter_map(|r| handles.get(*r as usize).copied())
                .collect()
        })
        .collect();
    // for each recipient and month: the digests of the identifiers of each donor's canary
    let mut copies: HashMap<[u8; 16], Vec<HashMap<u64, Vec<u64>>>> = HashMap::new();
    vault
        .ledger
        .for_each_canary_index(register, |export, index| {
            let digests = index.full.chunks(index.identifier_columns);
            let of = index.donors.iter().copied();
            copies
                .entry(export.recipient)
                .or_default()
                .push(of.zip(digests.map(<[u64]>::to_vec)).collect());
            Ok(())
        })
        .unwrap();
    let (mut kept, mut gone) = (0, 0);
    for months in copies.values() {
        assert_eq!(months.len(), tables.len());
        for (month, pair) in months.windows(2).enumerate() {
            for (donor, digests) in &pair[0] {
                if present[month + 1].contains(donor) {
                    assert_eq!(pair[1].get(donor), Some(digests), "month {month}");
                    kept += 1;
                } else {
                    assert!(!pair[1].contains_key(donor));
                    gone += 1;
                }
            }
        }
    }
    assert!(kept > 150 && gone > 0, "{kept} kept, {gone} gone");
}

#[test]
fn half_a_year_of_one_recipients_copies_names_it_and_lists_them() {
    let desk = Desk::new();
    let copies = rolled(&desk, 6, &NAMES);
    let theirs: Vec<&Table> = copies.iter().map(|of| &of[1]).collect();
    desk.put("leak.csv", sheet(&join(&theirs, Repeats::Keep)));
    let trace = desk
        .run(["trace", "leak.csv", "--format", "json"])
        .well()
        .json();
    let sources = trace["sources"].as_array().unwrap();
    assert_eq!(sources.len(), 1, "{trace:#}");
    assert_eq!(sources[0]["recipient"], "乙院");
    let entries = desk
        .run(["ledger", "show", "乙院", "--format", "json"])
        .well()
        .json();
    let ids = |list: &serde_json::Value| -> HashSet<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|e| e["export"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&sources[0]["exports"]).len(), 6);
    assert_eq!(ids(&sources[0]["exports"]), ids(&entries["exports"]));
}

#[test]
fn a_merged_file_names_both_with_their_shares() {
    let desk = Desk::new();
    let register = Maternity {
        rows: 2_000,
        seed: 9,
    };
    desk.put("list.csv", sheet(&register.month(0)));
    desk.issue("list.csv", &["甲院", "乙院", "丙院", "丁院"], &[])
        .well();
    let copy = |name: &str| read(&desk.path(&format!("copies/list - {name}.csv"))).table;
    desk.put(
        "leak.csv",
        sheet(&blend(&copy("丙院"), &copy("甲院"), 0.7, 3)),
    );
    let trace = desk
        .run(["trace", "leak.csv", "--format", "json"])
        .well()
        .json();
    let shares: HashMap<&str, f64> = trace["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| {
            (
                s["recipient"].as_str().unwrap(),
                s["share"].as_f64().unwrap(),
            )
        })
        .collect();
    assert_eq!(shares.len(), 2, "{shares:?}");
    assert!((shares["丙院"] - 0.7).abs() <= 0.05, "{shares:?}");
    assert!((shares["甲院"] - 0.3).abs() <= 0.05, "{shares:?}");
}

#[test]
fn the_source_is_the_original_and_strangers_are_nobodys() {
    let desk = Desk::new();
    desk.put("list.csv", sheet(&REGISTER.month(0)));
    desk.issue("list.csv", &NAMES, &[]).well();
    desk.put("strangers.csv", sheet(&strangers(&REGISTER).month(0)));
    desk.put("patients.csv", sheet(&patients(300, 4)));
    let unmarked = drop_columns(&REGISTER.month(0), &["序号", "孕周"]).unwrap();
    desk.put("cut.csv", sheet(&unmarked));
    for (leak, verdict) in [
        ("list.csv", "original"),
        ("cut.csv", "original"),
        ("strangers.csv", "unrelated"),
        ("patients.csv", "unrelated"),
    ] {
        let ran = desk.run(["trace", leak, "--format", "json"]);
        assert_eq!(ran.code, Some(1), "{leak}: {ran:?}");
        assert_eq!(ran.json()["verdict"], verdict, "{leak}: {:#}", ran.json());
    }
}

// ---- files as they came

/// Issues these bytes and gives the copy's; its table must be the source's but for marks.
#[track_caller]
fn reissued(source: &[u8]) -> Vec<u8> {
    let desk = Desk::new();
    desk.put("list.csv", source);
    desk.issue("list.csv", &["A"], &["--canaries", "4"]).well();
    let copy = read(&desk.path("copies/list - A.csv")).table;
    let plain = read(&desk.path("list.csv")).table;
    assert_eq!(copy.rows(), plain.rows() + 4);
    assert!(differs_only_where_it_may(&plain, &copy) > 100);
    is_true(&copy, Maternity::export_day(0));
    desk.bytes("copies/list - A.csv")
}

/// The same lines with other ends and delimiters; no cell of the register holds one.
fn text(end: &str, delimiter: &str) -> String {
    let table = mothers(200);
    let line = |cells: Vec<&str>| cells.join(delimiter) + end;
    let header = table.header().iter().map(String::as_str).collect();
    std::iter::once(line(header))
        .chain((0..table.rows()).map(|row| line(table.row(row).collect())))
        .collect()
}

#[track_caller]
fn lines_end(text: &str, end: &str, delimiter: char) {
    let lines: Vec<&str> = text.split(end).collect();
    assert_eq!(lines.last(), Some(&""), "the last line is ended too");
    for line in &lines[..lines.len() - 1] {
        assert!(!line.contains(['\r', '\n']), "{line:?}");
        assert_eq!(line.matches(delimiter).count(), 18, "{line}");
    }
}

#[test]
fn gb18030_stays_gb18030() {
    let source = GB18030.encode(&text("\r\n", ",")).0.into_owned();
    let copy = reissued(&source);
    assert!(std::str::from_utf8(&copy).is_err());
    let (text, wrong) = GB18030.decode_without_bom_handling(&copy);
    assert!(!wrong);
    lines_end(&text, "\r\n", ',');
}

#[test]
fn a_byte_order_mark_stays_and_none_is_added() {
    let with = reissued(format!("\u{feff}{}", text("\n", ",")).as_bytes());
    let copy = String::from_utf8(with).unwrap();
    let copy = copy.strip_prefix("\u{feff}").expect("the mark");
    assert!(!copy.contains('\u{feff}'));
    lines_end(copy, "\n", ',');
    let without = String::from_utf8(reissued(text("\n", ",").as_bytes())).unwrap();
    assert!(without.starts_with("序号"));
    lines_end(&without, "\n", ',');
}

#[test]
fn line_ends_and_semicolons_stay() {
    for (end, delimiter) in [("\r\n", ";"), ("\n", ";"), ("\r\n", "\t"), ("\r\n", ",")] {
        let copy = reissued(text(end, delimiter).as_bytes());
        let copy = String::from_utf8(copy).unwrap();
        lines_end(&copy, end, delimiter.chars().next().unwrap());
    }
}

/// The register as a workbook with real dates and numbers.
fn workbook(table: &Table) -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let dates = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd");
    for (at, name) in table.header().iter().enumerate() {
        sheet.write_string(0, at as u16, name).unwrap();
        for (row, cell) in table.column(at).enumerate() {
            let (row, at) = (row as u32 + 1, at as u16);
            match name.as_str() {
                _ if cell.is_empty() => continue,
                "出生日期" | "末次月经" | "预产期" | "建档日期" => {
                    let serial = days_between(day("1899-12-30"), day(cell));
                    sheet.write_number_with_format(row, at, serial, &dates)
                }
                "序号" | "年龄" | "孕周" | "孕前体重" | "身高" | "孕次" | "产次" => {
                    sheet.write_number(row, at, cell.parse::<f64>().unwrap())
                }
                _ => sheet.write_string(row, at, cell),
            }
            .unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_workbook_comes_back_as_one_and_dates_stay_dates() {
    let plain = mothers(300);
    for bytes in [workbook(&plain), to_xlsx_bytes(&plain).unwrap()] {
        let desk = Desk::new();
        desk.put("list.xlsx", bytes);
        desk.issue("list.xlsx", &["A", "B"], &["--canaries", "4"])
            .well();
        let source = read(&desk.path("list.xlsx")).table;
        let copy = read(&desk.path("copies/list - A.xlsx")).table;
        assert_eq!(copy.rows(), source.rows() + 4);
        assert!(differs_only_where_it_may(&source, &copy) > 100);
        is_true(&copy, Maternity::export_day(0));
        let trace = desk.run(["trace", "copies/list - B.xlsx", "--format", "json"]);
        assert_eq!(trace.well().json()["sources"][0]["recipient"], "B");
    }
}

/// What a program that knows nothing of us reads in the copy: serial numbers in date formats, numbers as numbers.
#[test]
fn a_spreadsheet_sees_dates_and_numbers_in_a_copy() {
    use calamine::{Data, Reader, Xlsx};
    let desk = Desk::new();
    desk.put("list.xlsx", workbook(&mothers(120)));
    desk.issue("list.xlsx", &["A"], &["--canaries", "4"]).well();
    let bytes = desk.bytes("copies/list - A.xlsx");
    let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
    let range = book.worksheet_range_at(0).unwrap().unwrap();
    let header: Vec<String> = range
        .rows()
        .next()
        .unwrap()
        .iter()
        .map(|c| c.to_string())
        .collect();
    let mut rows = 0;
    for row in range.rows().skip(1) {
        for (name, cell) in header.iter().zip(row) {
            let right = match name.as_str() {
                "出生日期" | "末次月经" | "预产期" | "建档日期" => {
                    matches!(cell, Data::DateTime(_))
                }
                "序号" | "年龄" | "孕周" | "身高" => matches!(cell, Data::Float(_)),
                "身份证号" | "手机号" => matches!(cell, Data::String(_) | Data::Empty),
                _ => true,
            };
            assert!(right, "{name}: {cell:?}");
        }
        rows += 1;
    }
    assert_eq!(rows, mothers(120).rows() + 4);
}
