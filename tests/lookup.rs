//! The phone rings: what a caller gave, through the program as people run it.

mod support;

use std::io::Write;
use std::process::Stdio;

use serde_json::Value;
use support::{Desk, Ran, column, mothers, mothers_csv, read};

const NAMES: [&str; 4] = ["甲院", "乙院", "丙院", "Ward 3"];

/// A desk with 300 mothers issued to four, with five canaries each.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("list.csv", mothers_csv(300));
    desk.issue("list.csv", &NAMES, &["--canaries", "5"]).well();
    desk
}

/// (number, name) of the first canary in a copy: a number that nobody in the register has.
fn canary(desk: &Desk, name: &str) -> (String, String) {
    let copy = read(&desk.path(&format!("copies/list - {name}.csv"))).table;
    let source = mothers(300);
    let (phone, named) = (column(&copy, "手机号"), column(&copy, "姓名"));
    let row = (0..copy.rows())
        .find(|row| source.column(phone).all(|p| p != copy.cell(*row, phone)))
        .expect("a canary");
    (
        copy.cell(row, phone).to_string(),
        copy.cell(row, named).to_string(),
    )
}

fn piped(desk: &Desk, arguments: &[&str], input: &str) -> Ran {
    let mut child = desk
        .command(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut stdin = child.stdin.take().expect("a pipe");
    stdin.write_all(input.as_bytes()).expect("written");
    drop(stdin);
    let out = child.wait_with_output().expect("it ends");
    Ran {
        code: out.status.code(),
        stdout: String::from_utf8(out.stdout).expect("UTF-8"),
        stderr: String::from_utf8(out.stderr).expect("UTF-8"),
    }
}

#[test]
fn a_canary_names_its_copies_and_nothing_is_written_down() {
    let desk = desk();
    let (phone, name) = canary(&desk, "乙院");
    let before = desk.listing();
    let ran = desk
        .run(["lookup", &name, &phone, "--format", "json"])
        .well();
    let found = ran.json();
    assert_eq!(found["schema"], "taggant.lookup/1");
    assert_eq!(found["canaries"][0]["recipient"], "乙院");
    assert_eq!(found["canaries"][0]["agrees"][0]["column"], "姓名");
    assert_eq!(found["canaries"][0]["agrees"][1]["column"], "手机号");
    let bound = found["canaries"][0]["accident_bound"].as_f64();
    assert!(bound.is_some_and(|b| b > 0.0 && b < 0.01), "{bound:?}");
    let export = found["canaries"][0]["exports"][0]["export"].as_str();
    let listed = desk.run(["ledger", "show", export.expect("an id")]).well();
    assert!(listed.stdout.contains("乙院"));
    let human = desk.run(["lookup", &phone]).well();
    assert!(human.stdout.starts_with("CANARY  "), "{human:?}");
    assert!(human.stdout.contains("乙院") && human.stdout.contains("names nobody"));
    for text in [&ran.stdout, &human.stdout] {
        assert!(!text.contains(&phone) && !text.contains(&name), "{text}");
    }
    assert_eq!(before, desk.listing(), "nothing was written");
}

#[test]
fn a_name_alone_is_perhaps_a_canarys() {
    let desk = desk();
    let (_, name) = canary(&desk, "乙院");
    let text = desk.run(["lookup", &name]).well().stdout;
    assert!(
        !text.starts_with("CANARY") && !text.contains("\nCANARY"),
        "{text}"
    );
    assert!(
        text.contains("PERHAPS A CANARY  ") && text.contains("乙院"),
        "{text}"
    );
    let record = text.find("RECORD");
    assert!(
        record.is_none_or(|at| Some(at) < text.find("PERHAPS")),
        "{text}"
    );
}

#[test]
fn a_record_is_everybodys_and_its_marks_say_little() {
    let desk = desk();
    let source = mothers(300);
    let (phone, due) = (column(&source, "手机号"), column(&source, "预产期"));
    let row = (0..source.rows())
        .find(|row| {
            let number = source.cell(*row, phone);
            let same = source.column(phone).filter(|p| *p == number);
            !number.is_empty() && same.count() == 1
        })
        .expect("a number of one's own");
    let (phone, due) = (source.cell(row, phone), source.cell(row, due));
    let ran = piped(
        &desk,
        &["lookup", "-", "--format", "json"],
        &format!("\u{FEFF}{due}\r\n\n{phone}\n"),
    );
    let found = ran.well().json();
    assert_eq!(found["values"], 2);
    assert_eq!(found["records_alike"], 1);
    let record = &found["records"][0];
    assert_eq!(record["held"].as_array().map(Vec::len), Some(4));
    let marks = &record["marks"];
    assert_eq!(marks["recipients"], 4);
    assert!(
        marks["by_chance"]
            .as_f64()
            .is_some_and(|n| n > 0.0 && n < 4.0)
    );
    // the copies themselves say the same
    for held in record["held"].as_array().expect("a list") {
        let name = held["recipient"].as_str().expect("a name");
        let copy = read(&desk.path(&format!("copies/list - {name}.csv"))).table;
        let (at, when) = (column(&copy, "手机号"), column(&copy, "预产期"));
        let there = (0..copy.rows()).find(|r| copy.cell(*r, at) == phone);
        let says = copy.cell(there.expect("the record"), when);
        assert_eq!(held["shows"], Value::Bool(says == due), "{name}");
    }
    let human = desk.run(["lookup", phone, due]).well().stdout;
    assert!(human.contains("would by chance alone, so this is no accusation"));
    assert!(human.contains("which 4 of 4 recipients held"), "{human}");
}

#[test]
fn nothing_known_is_exit_1_and_nothing_asked_is_refused() {
    let desk = desk();
    let ran = desk.run(["lookup", "00000000000", "Nobody At All"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.starts_with("NOTHING  "));
    let ran = desk.run(["lookup", "00000000000", "--format", "json"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.json()["records_alike"], 0);
    // a number of nobody's is not the same as what cannot be looked up
    for (value, words) in [
        ("张*", "Value 1 is a masked name"),
        ("张三 00000000000", "Value 1 holds several values"),
    ] {
        let ran = desk.run(["lookup", value]);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            ran.stdout.starts_with("UNCLEAR  ") && ran.stdout.contains(words),
            "{ran:?}"
        );
    }
    desk.refuses(2, &["lookup", " "], &["no value to look up"]);
    desk.refuses(2, &["lookup", "-"], &["no value to look up"]);
    let many: Vec<&str> = std::iter::once("lookup")
        .chain(std::iter::repeat_n("1", 33))
        .collect();
    desk.refuses(2, &many, &["33 values", "taggant trace"]);
    let traced = desk.run(["trace", "list.csv", "--format", "json"]);
    assert_eq!(traced.json()["traces_so_far"], 1, "a lookup is not counted");
}
