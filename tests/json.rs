//! The JSON contract: what scripts and CI read must be there under its name, and nothing else on standard output.

mod support;

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use support::{Desk, Ran, mothers, mothers_csv, sha256, sheet};
use taggant::drill::leaks::take_rows;

const NAMES: [&str; 3] = ["市一医院", "市二医院", "Ward 3"];

/// A desk with 400 mothers issued to three, with five canaries each.
fn issued() -> (Desk, Value) {
    let desk = Desk::new();
    desk.put("list.csv", mothers_csv(400));
    let more = ["--canaries", "5", "--format", "json"];
    let ran = desk.issue("list.csv", &NAMES, &more).well();
    let copies = ran.json();
    (desk, copies)
}

#[track_caller]
fn whole(value: &Value, name: &str) -> u64 {
    let found = value[name].as_u64();
    found.unwrap_or_else(|| panic!("`{name}` is no count in {value}"))
}

#[track_caller]
fn number(value: &Value, name: &str) -> f64 {
    let found = value[name].as_f64();
    found.unwrap_or_else(|| panic!("`{name}` is no number in {value}"))
}

#[track_caller]
fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    let found = value[name].as_str();
    found.unwrap_or_else(|| panic!("`{name}` is no text in {value}"))
}

#[track_caller]
fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let found = value[name].as_array();
    found.unwrap_or_else(|| panic!("`{name}` is no list in {value}"))
}

#[test]
fn issue_lists_every_copy_as_it_lies_there() {
    let (desk, copies) = issued();
    let copies = copies.as_array().expect("an array");
    assert_eq!(copies.len(), 3);
    let source = mothers(400);
    for (copy, name) in copies.iter().zip(NAMES) {
        let id = text(copy, "export");
        assert!(id.starts_with("x-") && id.len() > 6, "{id}");
        assert_eq!(text(copy, "recipient"), name);
        let digest = text(copy, "sha256");
        assert!(digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()));
        let path = text(copy, "path");
        assert_eq!(digest, sha256(&desk.bytes(path)), "{path}");
        let there = support::read(&desk.path(path)).table;
        assert_eq!(whole(copy, "rows"), there.rows() as u64);
        assert_eq!(whole(copy, "canaries"), 5);
        assert_eq!(there.rows(), source.rows() + 5);
        assert!(whole(copy, "cells_altered") > 100);
        assert!(whole(copy, "sites") > whole(copy, "cells_altered") / 2);
        let shown = desk.run(["ledger", "show", id, "--format", "json"]).well();
        assert_eq!(text(&shown.json(), "sha256"), digest);
    }
}

/// What every trace must hold.
#[track_caller]
fn holds_the_contract(trace: &Value, path: &str, sha256: &str) {
    assert_eq!(text(trace, "schema"), "taggant.trace/1");
    let leak = &trace["leak"];
    assert_eq!(text(leak, "path"), path);
    assert_eq!(text(leak, "sha256"), sha256);
    assert!(whole(leak, "linked") <= whole(leak, "rows"));
    assert!(
        ["attributed", "inconclusive", "original", "unrelated"].contains(&text(trace, "verdict"))
    );
    assert!(number(trace, "alpha") > 0.0);
    assert!(whole(trace, "recipients_scored") > 0 && whole(trace, "exports_scored") > 0);
    assert!(list(trace, "candidates").len() <= 10);
    for named in list(trace, "sources")
        .iter()
        .chain(list(trace, "candidates"))
    {
        text(named, "recipient");
        number(named, "log10_e");
        let bound = number(named, "false_accusation_bound");
        assert!((0.0..=1.0).contains(&bound), "{bound}");
        let share = &named["share"];
        assert!(named.get("share").is_some() && (share.is_null() || share.is_f64()));
        for export in list(named, "exports") {
            text(export, "export");
            assert!(whole(export, "linked") <= whole(leak, "rows"));
            assert!(whole(export, "canaries_found") <= whole(export, "canaries_issued"));
        }
        for evidence in list(named, "evidence") {
            let kinds = ["dates", "numbers", "text", "order", "canaries"];
            assert!(kinds.contains(&text(evidence, "kind")), "{evidence}");
            assert!(whole(evidence, "agree") <= whole(evidence, "read"));
            number(evidence, "log10_e");
        }
    }
}

#[test]
fn a_trace_of_one_leak_is_one_object() {
    let (desk, copies) = issued();
    let path = "copies/list - 市二医院.csv";
    let ran = desk.run(["trace", path, "--format", "json"]).well();
    assert_eq!(ran.stderr, "", "nothing to say beside the result");
    let trace = ran.json();
    holds_the_contract(&trace, path, text(&copies[1], "sha256"));
    assert_eq!(text(&trace, "verdict"), "attributed");
    assert_eq!(number(&trace, "alpha"), 1e-6);
    assert_eq!(whole(&trace, "recipients_scored"), 3);
    assert_eq!(whole(&trace, "exports_scored"), 3);
    assert_eq!(trace["leak"]["rows"], copies[1]["rows"]);
    assert_eq!(trace["leak"]["unchanged"], true);
    assert!(text(&trace["leak"], "format").len() > 4);
    assert!(list(&trace["leak"], "notes").is_empty());
    assert_eq!(whole(&trace["leak"], "hidden_sheets"), 0);
    let [table] = list(&trace["leak"], "tables") else {
        panic!("one table: {trace}");
    };
    assert_eq!(table["rows"], copies[1]["rows"]);
    let [source] = list(&trace, "sources") else {
        panic!("one source: {trace}");
    };
    assert_eq!(text(source, "recipient"), "市二医院");
    assert!(number(source, "log10_e") > 20.0);
    assert!(number(source, "false_accusation_bound") < 1e-6);
    assert!(number(source, "share") > 0.9);
    let [export] = list(source, "exports") else {
        panic!("one export: {source}");
    };
    assert_eq!(export["export"], copies[1]["export"]);
    assert_eq!(whole(export, "canaries_found"), 5);
    assert_eq!(whole(export, "canaries_issued"), 5);
    // few enough rows have neither ID nor telephone to be linked
    assert!(whole(export, "linked") >= 380);
    let kinds: Vec<&str> = list(source, "evidence")
        .iter()
        .map(|e| text(e, "kind"))
        .collect();
    assert_eq!(kinds, ["dates", "numbers", "text", "canaries"]);
    // who is first among the candidates is who is named
    assert_eq!(list(&trace, "candidates")[0]["recipient"], "市二医院");
}

#[test]
fn several_leaks_are_an_array_or_a_line_each() {
    let (desk, copies) = issued();
    let paths = ["copies/list - 市一医院.csv", "copies/list - Ward 3.csv"];
    let all = |form: &'static str| ["trace", paths[0], paths[1], "--format", form];
    let array = desk.run(all("json")).well().json();
    let ran = desk.run(all("jsonl")).well();
    let mut lines: Vec<Value> = ran
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    assert!(ran.stdout.ends_with('\n') && lines.len() == 2);
    // a line comes when its file is done
    lines.sort_by_key(|line| line["leak"]["path"] != paths[0]);
    for traces in [array.as_array().expect("an array"), &lines] {
        assert_eq!(traces.len(), 2);
        for (trace, (path, copy)) in traces
            .iter()
            .zip(paths.iter().zip([&copies[0], &copies[2]]))
        {
            holds_the_contract(trace, path, text(copy, "sha256"));
            assert_eq!(trace["sources"][0]["recipient"], copy["recipient"]);
        }
    }
    let one = desk
        .run(["trace", paths[0], "--format", "jsonl"])
        .well()
        .stdout;
    assert_eq!(one.lines().count(), 1);
}

#[test]
fn a_leak_that_cannot_be_read_takes_none_of_the_others_away() {
    let (desk, copies) = issued();
    let path = "copies/list - Ward 3.csv";
    let ran = desk.run(["trace", "gone.csv", path, "--format", "json"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("`gone.csv`"), "{ran:?}");
    let traces = ran.json();
    assert_eq!(traces.as_array().map(Vec::len), Some(2), "{traces}");
    let error = text(&traces[0], "error");
    assert!(error.contains("`gone.csv`"), "{error}");
    assert_eq!(text(&traces[0]["leak"], "path"), "gone.csv");
    assert!(traces[0].get("verdict").is_none());
    holds_the_contract(&traces[1], path, text(&copies[2], "sha256"));
}

fn piped(desk: &Desk, arguments: &[&str], input: &[u8]) -> Ran {
    let mut child = desk
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let out = child.wait_with_output().unwrap();
    Ran {
        code: out.status.code(),
        stdout: String::from_utf8(out.stdout).unwrap(),
        stderr: String::from_utf8(out.stderr).unwrap(),
    }
}

#[test]
fn standard_input_is_a_leak_like_any() {
    let (desk, copies) = issued();
    let bytes = desk.bytes("copies/list - 市一医院.csv");
    let ran = piped(&desk, &["trace", "-", "--format", "json"], &bytes).well();
    let trace = ran.json();
    holds_the_contract(&trace, "-", text(&copies[0], "sha256"));
    assert!(trace["leak"]["unchanged"].is_null(), "nothing lies there");
    assert_eq!(trace["sources"][0]["recipient"], "市一医院");
}

#[test]
fn a_result_in_a_file_leaves_standard_output_empty() {
    let (desk, copies) = issued();
    let path = "copies/list - Ward 3.csv";
    let to_file = |more: &[&str]| {
        let ran = desk.run(more).well();
        assert_eq!(ran.stdout, "", "{ran:?}");
        let value: Value = serde_json::from_slice(&desk.bytes("result.json")).expect("JSON");
        value
    };
    let trace = to_file(&["trace", path, "--format", "json", "-o", "result.json"]);
    holds_the_contract(&trace, path, text(&copies[2], "sha256"));
    let entries = to_file(&["ledger", "list", "--format", "json", "-o", "result.json"]);
    assert_eq!(entries.as_array().map(Vec::len), Some(3));
    let table = ["inspect", "list.csv", "--format", "json"];
    let printed = desk.run(table).well().json();
    let inspected = to_file(&[&table[..], &["-o", "result.json"]].concat());
    // its examples are drawn anew each time
    assert_eq!(inspected["policy"], printed["policy"]);
    assert_eq!(inspected["forecast"], printed["forecast"]);
    let again = [
        "issue", "list.csv", "--to", "Ward 4", "--out", "copies", "--format", "json",
    ];
    let issued = to_file(&[&again[..], &["-o", "result.json"]].concat());
    assert_eq!(issued[0]["recipient"], "Ward 4");
}

/// Where nobody is named the exit code is 1 and the object is whole all the same.
#[test]
fn nobody_named_is_a_result_too() {
    let (desk, _) = issued();
    let few = sheet(&take_rows(&mothers(400), 2, 1));
    desk.put("few.csv", &few);
    let ran = desk.run(["trace", "few.csv", "--format", "json", "--alpha", "1e-9"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let trace = ran.json();
    holds_the_contract(&trace, "few.csv", &sha256(&few));
    assert_eq!(text(&trace, "verdict"), "inconclusive");
    assert_eq!(number(&trace, "alpha"), 1e-9);
    assert_eq!(list(&trace, "sources").len(), 0);
}
