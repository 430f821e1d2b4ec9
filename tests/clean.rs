//! A partner corrects a copy and sends it back: what is cleaned is the source and the partner's changes, nothing else.

mod support;

use std::collections::{BTreeSet, HashMap};

use support::{Desk, column, mothers, mothers_csv, read, sheet};
use taggant::drill::leaks::{rename, shuffle_rows, sort_by, to_xlsx_bytes};
use taggant::drill::registers::Maternity;
use taggant::table::Table;

const ROWS: usize = 800;

/// Numbers by chance, the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % n
    }
}

/// What a partner made of a copy.
struct Returned {
    table: Table,
    /// (row of the copy, column): the cells that were changed.
    edited: BTreeSet<(usize, usize)>,
    /// For each returned row the copy's row.
    from: Vec<Option<usize>>,
}

/// Corrects one cell in fifty, adds thirty rows and deletes some.
fn corrected(copy: &Table, seed: u64, deleted: usize) -> Returned {
    let mut dice = Dice(seed);
    let mut cells: Vec<Vec<String>> = (0..copy.rows())
        .map(|row| copy.row(row).map(str::to_string).collect())
        .collect();
    let sequence = column(copy, "序号");
    let mut edited = BTreeSet::new();
    for _ in 0..copy.rows() * copy.width() / 50 {
        let (row, at) = (dice.below(copy.rows()), dice.below(copy.width()));
        if at == sequence || !edited.insert((row, at)) {
            continue;
        }
        let cell = &mut cells[row][at];
        match cell.pop() {
            Some(digit @ '0'..='9') => {
                let other = (digit as u8 - b'0' + 1 + dice.below(9) as u8) % 10;
                cell.push(char::from(b'0' + other));
            }
            Some(last) => {
                cell.push(last);
                cell.push('改');
            }
            None => cell.push('补'),
        }
    }
    let mut table = Table::new(copy.header().to_vec(), copy.width());
    let mut from = Vec::new();
    let gone: BTreeSet<usize> = (0..deleted).map(|_| dice.below(copy.rows())).collect();
    for (row, cells) in cells
        .iter()
        .enumerate()
        .filter(|(row, _)| !gone.contains(row))
    {
        table.push(cells.iter().map(String::as_str));
        from.push(Some(row));
    }
    let strangers = Maternity { rows: 30, seed: 99 }.month(0);
    for row in 0..strangers.rows() {
        let number = (copy.rows() + row + 1).to_string();
        let cells = strangers.row(row).enumerate();
        table.push(cells.map(|(at, cell)| if at == sequence { &number } else { cell }));
        from.push(None);
    }
    Returned {
        table,
        edited,
        from,
    }
}

/// For each row of a copy the source's, by columns that are never altered; none for canaries.
fn source_rows(copy: &Table, source: &Table) -> Vec<Option<usize>> {
    let told = ["姓名", "身份证号", "出生日期", "手机号", "血型", "产次"];
    let told = told.map(|name| column(source, name));
    let key = |table: &Table, row: usize| told.map(|c| table.cell(row, c).to_string());
    let by_key: HashMap<_, usize> = (0..source.rows()).map(|r| (key(source, r), r)).collect();
    assert_eq!(by_key.len(), source.rows(), "a row is told by its key");
    (0..copy.rows())
        .map(|row| by_key.get(&key(copy, row)).copied())
        .collect()
}

fn rows_of(table: &Table) -> Vec<Vec<String>> {
    (0..table.rows())
        .map(|row| table.row(row).map(str::to_string).collect())
        .collect()
}

/// What the cleaned table must say, in the source's order: source rows with the partner's cells, then the rows that were added. A
/// text that was edited keeps the copy's spelling unless `merged`.
fn due(source: &Table, copy: &Table, back: &Returned, merged: bool) -> Vec<Vec<String>> {
    let origin = source_rows(copy, source);
    let address = column(source, "现住址");
    let mut due: Vec<(usize, Vec<String>)> = Vec::new();
    for (at, from) in back.from.iter().enumerate() {
        let Some(from) = from else {
            due.push((usize::MAX, back.table.row(at).map(str::to_string).collect()));
            continue;
        };
        let Some(row) = origin[*from] else { continue };
        let cells =
            source
                .row(row)
                .enumerate()
                .map(|(c, cell)| match back.edited.contains(&(*from, c)) {
                    true if merged && c == address && !cell.is_empty() => match cell.chars().last()
                    {
                        Some(last @ '0'..='9') => {
                            let theirs = back.table.cell(at, c).chars().last();
                            let kept = cell.trim_end_matches(last);
                            let ends = cell.len() - kept.len() - 1;
                            let same = last.to_string().repeat(ends);
                            format!("{kept}{same}{}", theirs.unwrap_or(last))
                        }
                        _ => format!("{cell}改"),
                    },
                    true => back.table.cell(at, c).to_string(),
                    false => cell.to_string(),
                });
        due.push((row, cells.collect()));
    }
    due.sort_by_key(|(row, _)| *row);
    due.into_iter().map(|(_, cells)| cells).collect()
}

/// The rows that differ, numbering aside where `numbers` says so.
fn differing(found: &[Vec<String>], due: &[Vec<String>], but: &[usize]) -> Vec<String> {
    assert_eq!(found.len(), due.len(), "rows");
    let pairs = found.iter().zip(due).enumerate();
    pairs
        .flat_map(|(row, (found, due))| {
            let cells = found.iter().zip(due).enumerate();
            cells
                .filter(|(c, (f, d))| f != d && !but.contains(c))
                .map(move |(c, (f, d))| format!("row {row} column {c}: {f:?} where {d:?} is due"))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// A desk with a register issued to three partners as CSV.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("mothers.csv", mothers_csv(ROWS));
    desk.issue("mothers.csv", &["A", "B", "C"], &[]).well();
    desk
}

#[test]
fn an_untouched_copy_is_the_source_byte_for_byte() {
    let desk = desk();
    let ran = desk
        .run([
            "clean",
            "copies/mothers - B.csv",
            "-o",
            "clean.csv",
            "--format",
            "json",
        ])
        .well();
    assert_eq!(desk.bytes("clean.csv"), mothers_csv(ROWS));
    let said = ran.json();
    assert_eq!(said["is_the_source"], true);
    assert_eq!(said["recipient"], "B");
    assert_eq!(said["known_by"], "file");
    assert_eq!(
        (
            &said["cells_changed"],
            &said["rows_added"],
            &said["rows_deleted"]
        ),
        (&0.into(), &0.into(), &0.into())
    );
    assert!(said["canaries_removed"].as_u64() > Some(0), "{said}");
    assert!(
        said["cells_restored"].as_u64() > Some(ROWS as u64),
        "{said}"
    );
    assert_eq!(said["doubtful"], serde_json::json!([]));
}

#[test]
fn a_corrected_copy_gives_the_source_back_and_exactly_the_changes() {
    let desk = desk();
    let source = mothers(ROWS);
    let copy = read(&desk.path("copies/mothers - B.csv")).table;
    let back = corrected(&copy, 3, 4);
    desk.put("back.csv", sheet(&back.table));
    desk.run([
        "clean",
        "back.csv",
        "-o",
        "clean.csv",
        "--changes",
        "changes.json",
    ])
    .well();
    // without the source a count whose date was corrected stays as it came, and is said to
    let weeks = column(&source, "孕周");
    let found = rows_of(&read(&desk.path("clean.csv")).table);
    let wrong = differing(&found, &due(&source, &copy, &back, false), &[weeks]);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let wrong = differing(&found, &due(&source, &copy, &back, false), &[]);
    assert!(wrong.len() < ROWS / 50, "{wrong:#?}");
    changes_are_the_partners(&desk, &source, &copy, &back, false);

    let with = [
        "clean",
        "back.csv",
        "-o",
        "exact.csv",
        "--original",
        "mothers.csv",
    ];
    desk.run(with.into_iter().chain(["--changes", "changes.json"]))
        .well();
    let found = rows_of(&read(&desk.path("exact.csv")).table);
    let wrong = differing(&found, &due(&source, &copy, &back, true), &[]);
    assert!(wrong.is_empty(), "{wrong:#?}");
    changes_are_the_partners(&desk, &source, &copy, &back, true);
}

/// The list of changes against what was done.
#[track_caller]
fn changes_are_the_partners(
    desk: &Desk,
    source: &Table,
    copy: &Table,
    back: &Returned,
    exact: bool,
) {
    let changes: Vec<serde_json::Value> =
        serde_json::from_slice(&desk.bytes("changes.json")).unwrap();
    let of = |kind: &str| changes.iter().filter(|c| c["change"] == kind).count();
    let origin = source_rows(copy, source);
    let there: BTreeSet<usize> = back
        .from
        .iter()
        .flatten()
        .filter_map(|r| origin[*r])
        .collect();
    assert_eq!(of("added"), 30);
    assert_eq!(of("deleted"), source.rows() - there.len());
    let listed: BTreeSet<(usize, String)> = changes
        .iter()
        .filter(|c| c["change"] == "cell")
        .map(|c| {
            let row = c["source_row"].as_u64().unwrap() as usize - 1;
            let name = c["column"].as_str().unwrap().to_string();
            let was = source.cell(row, column(source, &name));
            match exact {
                true => assert_eq!(c["before"], was),
                false => assert!(c["before"].is_null()),
            }
            (row, name)
        })
        .collect();
    let (mut done, mut told_or_not) = (BTreeSet::new(), BTreeSet::new());
    for (at, from) in back.from.iter().enumerate() {
        let Some((from, row)) = from.and_then(|from| Some((from, origin[from]?))) else {
            continue;
        };
        for c in 0..source.width() {
            let name = &source.header()[c];
            // the ledger has no digest of counts, and of what is no value of its column only in some columns
            let counts = ["年龄", "孕周"].contains(&name.as_str());
            let unseen = !exact && (counts || back.table.cell(at, c) == "补");
            let changed =
                back.edited.contains(&(from, c)) && back.table.cell(at, c) != source.cell(row, c);
            match (changed, unseen) {
                (true, false) => done.insert((row, name.clone())),
                (true, true) => told_or_not.insert((row, name.clone())),
                (false, _) => false,
            };
        }
    }
    let missed: Vec<_> = done.difference(&listed).collect();
    let real: BTreeSet<_> = done.union(&told_or_not).cloned().collect();
    let invented: Vec<_> = listed.difference(&real).collect();
    assert!(
        missed.is_empty() && invented.is_empty(),
        "missed {missed:?}, invented {invented:?}"
    );
}

#[test]
fn a_copy_that_was_sorted_anew_and_saved_by_another_program() {
    let desk = desk();
    let source = mothers(ROWS);
    let copy = read(&desk.path("copies/mothers - C.csv")).table;
    let sorted = sort_by(&shuffle_rows(&copy, 5), "姓名").unwrap();
    desk.put("back.xlsx", to_xlsx_bytes(&sorted).unwrap());
    let kept = desk
        .run(["clean", "back.xlsx", "-o", "kept.xlsx", "--format", "json"])
        .well()
        .json();
    assert_eq!(kept["order"], "returned");
    let found = rows_of(&read(&desk.path("kept.xlsx")).table);
    let names: Vec<&String> = found.iter().map(|row| &row[1]).collect();
    assert!(names.is_sorted(), "the partner's order stays");
    assert_eq!(
        found.iter().collect::<BTreeSet<_>>(),
        rows_of(&source).iter().collect()
    );

    desk.run(["clean", "back.xlsx", "-o", "clean.xlsx", "--source-order"])
        .well();
    let found = rows_of(&read(&desk.path("clean.xlsx")).table);
    assert_eq!(differing(&found, &rows_of(&source), &[]), [] as [String; 0]);
}

#[test]
fn a_copy_that_was_numbered_anew_is_numbered_again() {
    let desk = desk();
    let copy = read(&desk.path("copies/mothers - A.csv")).table;
    let mut back = Table::new(copy.header().to_vec(), copy.width());
    for row in 0..copy.rows() - 50 {
        let number = (row + 1).to_string();
        let cells = copy.row(row + 50).enumerate();
        back.push(cells.map(|(c, cell)| if c == 0 { &number } else { cell }));
    }
    desk.put("back.csv", sheet(&back));
    let ran = desk.run(["clean", "back.csv", "-o", "clean.csv", "--format", "json"]);
    assert_eq!(ran.well().json()["numbering"], "anew");
    let cleaned = read(&desk.path("clean.csv")).table;
    assert!(
        cleaned
            .column(0)
            .zip(1..)
            .all(|(cell, n)| cell == n.to_string())
    );
}

#[test]
fn rows_that_change_places_go_back() {
    let desk = Desk::new();
    desk.put("mothers.csv", mothers_csv(ROWS));
    desk.issue("mothers.csv", &["A", "B"], &["--lossless"])
        .well();
    let copy = "copies/mothers - B.csv";
    desk.run(["clean", copy, "-o", "clean.csv"]).well();
    assert_eq!(desk.bytes("clean.csv"), mothers_csv(ROWS));
}

#[test]
fn the_month_is_found_that_came_back() {
    let desk = Desk::new();
    let register = Maternity { rows: 500, seed: 4 };
    for (nth, name) in ["march.csv", "april.csv"].into_iter().enumerate() {
        desk.put(name, sheet(&register.month(nth)));
        desk.issue(name, &["A", "B"], &[]).well();
    }
    for (nth, month) in ["march", "april"].into_iter().enumerate() {
        let copy = read(&desk.path(&format!("copies/{month} - B.csv"))).table;
        let back = corrected(&copy, nth as u64, 3);
        desk.put("back.csv", sheet(&back.table));
        let said = desk
            .run(["clean", "back.csv", "--format", "json"])
            .well()
            .json();
        assert_eq!(
            (&said["table"], &said["recipient"]),
            (&month.into(), &"B".into())
        );
        assert_eq!(said["rows_added"], 30);
    }
}

#[test]
fn what_is_no_copy_is_not_cleaned() {
    let desk = desk();
    desk.put(
        "others.csv",
        sheet(
            &Maternity {
                rows: 300,
                seed: 77,
            }
            .month(0),
        ),
    );
    for table in ["others.csv", "mothers.csv"] {
        let ran = desk.run(["clean", table, "-o", "clean.csv"]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stdout.contains("no copy"), "{ran:?}");
        assert!(!desk.path("clean.csv").exists());
    }
}

#[test]
fn what_cannot_be_done_is_said_in_a_sentence() {
    let desk = desk();
    let copy = "copies/mothers - A.csv";
    desk.put(
        "others.csv",
        sheet(
            &Maternity {
                rows: 300,
                seed: 77,
            }
            .month(0),
        ),
    );
    let table = read(&desk.path(copy)).table;
    let nameless = rename(&table, &[("身份证号", "甲"), ("手机号", "乙")]).unwrap();
    desk.put("nameless.csv", sheet(&nameless));
    let id = desk.run(["clean", copy, "--format", "json"]).well().json();
    let id = id["export"].as_str().unwrap();
    for (arguments, words) in [
        (vec![copy, "-o", copy], "is a file that this command reads"),
        (
            vec![copy, "--changes", copy],
            "is a file that this command reads",
        ),
        (vec![copy, "-o", ".taggant/clean.csv"], "lies in the vault"),
        (
            vec![copy, "-o", "a.csv", "--changes", "a.csv"],
            "two results",
        ),
        (vec![copy, "-o", "clean.xlsx"], "stays that"),
        (
            vec![copy, "--original", "others.csv"],
            "is not the table that export",
        ),
        (vec![copy, "--export", "x-nothing0"], "there is no export"),
        (
            vec!["nameless.csv", "--export", id],
            "none of the columns that identify",
        ),
    ] {
        let arguments: Vec<&str> = ["clean"].into_iter().chain(arguments).collect();
        desk.refuses(2, &arguments, &[words]);
    }
}

#[test]
fn what_is_printed_holds_no_value_of_the_register() {
    let desk = desk();
    let copy = read(&desk.path("copies/mothers - B.csv")).table;
    let back = corrected(&copy, 8, 5);
    desk.put("back.csv", sheet(&back.table));
    let ids: Vec<&str> = copy.column(column(&copy, "身份证号")).collect();
    for form in ["human", "json"] {
        let ran = desk.run(["clean", "back.csv", "--format", form]).well();
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let ids = ids.iter().filter(|id| !id.is_empty());
        assert!(ids.into_iter().all(|id| !said.contains(id)), "{said}");
    }
}
