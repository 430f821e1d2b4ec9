//! `trace --rows`: the leak written back with what was found about every row, never over the evidence or in the vault.

mod support;

use serde_json::Value;
use support::{Desk, mothers, mothers_csv, read, sheet};
use taggant::drill::leaks::take_rows;

/// A desk with 300 mothers issued to three; `leak.csv` is a part of the second copy with two strangers' rows.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("list.csv", mothers_csv(300));
    let copies = desk
        .issue(
            "list.csv",
            &["A", "B", "C"],
            &["--canaries", "8", "--format", "json"],
        )
        .well()
        .json();
    let copy = copies[1]["path"].as_str().expect("a path");
    let mut leak = take_rows(&read(&desk.path(copy)).table, 200, 3);
    let width = leak.width();
    leak.push(std::iter::repeat_n("=1+1", width));
    leak.push(std::iter::repeat_n("nobody", width));
    desk.put("leak.csv", sheet(&leak));
    desk
}

#[test]
fn rows_come_back_with_their_findings_in_either_form() {
    let desk = desk();
    let evidence = desk.bytes("leak.csv");
    let ours = mothers(300).width();
    for name in ["rows.csv", "rows.xlsx"] {
        let ran = desk
            .run(["trace", "leak.csv", "--rows", name, "--format", "json"])
            .well();
        let trace: Value = ran.json();
        let table = read(&desk.path(name)).table;
        assert_eq!(
            table.rows() as u64,
            trace["leak"]["rows"].as_u64().expect("rows")
        );
        let source = read(&desk.path("leak.csv")).table;
        let (mut linked, mut canaries) = (0, 0);
        for row in 0..200 {
            for column in 0..ours {
                assert_eq!(table.cell(row, column), source.cell(row, column));
            }
            assert_eq!(table.cell(row, ours + 1), (row + 2).to_string());
            let (record, by) = (table.cell(row, ours + 2), table.cell(row, ours + 3));
            if by.is_empty() {
                let remark = table.cell(row, ours + 7);
                canaries +=
                    usize::from(remark.starts_with("a made-up record of the copies issued to B"));
            } else {
                linked += 1;
                assert!(
                    record.starts_with("row ") && record.ends_with(" of list"),
                    "{record}"
                );
                assert_eq!(table.cell(row, ours + 4), "B");
            }
        }
        assert_eq!(Some(linked), trace["leak"]["linked"].as_u64());
        assert_eq!(linked as usize + canaries, 200);
        let formula = if name == "rows.csv" { "'=1+1" } else { "=1+1" };
        assert_eq!(table.cell(200, 1), formula);
        assert!(table.cell(201, ours + 7).starts_with("not linked"));
        assert_eq!(trace["sources"][0]["recipient"], "B");
        assert!(trace["sources"][0]["stretch"].is_null() && trace["stretches_weighed"].is_u64());
    }
    assert_eq!(desk.bytes("leak.csv"), evidence);
}

#[test]
fn rows_have_a_place_of_their_own() {
    let desk = desk();
    desk.put("seized/leak.csv", desk.bytes("leak.csv"));
    desk.refuses(
        2,
        &["trace", "leak.csv", "--rows", "leak.csv"],
        &["evidence"],
    );
    desk.refuses(
        2,
        &["trace", "leak.csv", "--rows", "rows.txt"],
        &[".xlsx or .csv"],
    );
    desk.refuses(
        2,
        &["trace", "leak.csv", "--rows", "gone/rows.csv"],
        &["gone/rows.csv"],
    );
    // rows that nobody read leave an earlier file as it is
    desk.put("rows.csv", "earlier");
    desk.put("empty.csv", "");
    desk.refuses(
        2,
        &["trace", "empty.csv", "--rows", "rows.csv"],
        &["`empty.csv` is empty"],
    );
}
