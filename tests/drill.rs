//! `taggant drill`: what it says, on any table that can be issued, and that it leaves nothing behind.

#[path = "drill/figures.rs"]
mod figures;
mod support;

use serde_json::Value;
use support::{Desk, mothers_csv};
use taggant::drill::leaks::{Encoding, to_csv_bytes, to_xlsx_bytes};
use taggant::drill::registers::{contacts, patients};

/// The attack of this word and strength.
#[track_caller]
fn attack<'v>(drill: &'v Value, word: &str, strength: &str) -> &'v Value {
    let all = drill["attacks"].as_array().expect("attacks");
    all.iter()
        .find(|a| a["attack"] == word && a["strength"] == strength)
        .unwrap_or_else(|| panic!("no {word} {strength} in {drill:#}"))
}

/// What holds in every drill.
#[track_caller]
fn is_whole(drill: &Value) {
    assert_eq!(drill["schema"], "taggant.drill/1");
    assert_eq!(drill["innocents_named"], 0, "{drill:#}");
    let mut traces = 0;
    for attack in drill["attacks"].as_array().expect("attacks") {
        for tally in [&attack["whole"], &attack["cut"]] {
            if tally.is_null() {
                continue;
            }
            let count = |field: &str| tally[field].as_u64().expect(field);
            let sorts = ["named_all", "named_some", "named_innocent", "named_nobody"];
            let sum: u64 = sorts.into_iter().map(count).sum();
            assert_eq!(sum, count("runs"), "{attack:#}");
            assert!(count("bits_wrong") <= count("bits_compared"));
            traces += count("runs");
        }
    }
    assert_eq!(drill["traces"], traces);
}

#[test]
fn a_register_is_drilled_and_what_should_be_named_is() {
    let desk = Desk::bare();
    desk.put("mothers.csv", mothers_csv(500));
    let ran = desk.run(["drill", "mothers.csv", "--format", "json", "--runs", "1"]);
    let drill = ran.well().json();
    is_whole(&drill);
    for (word, strength) in [
        ("nothing", ""),
        ("sample", "300 rows"),
        ("anonymous", ""),
        ("noise-dates", "10 % of cells"),
        ("redate", "2024年3月5日"),
        ("gbk", ""),
        ("xlsx", ""),
        ("shuffle", ""),
        ("pool-random", "2 partners"),
        ("pool-majority", "2 partners"),
        ("hunt-copy", ""),
        ("hunt-odd", "20 % of rows"),
        ("mend", "up to 15 % of entries"),
        ("months-rows", ""),
    ] {
        let found = &attack(&drill, word, strength)["whole"];
        assert_eq!(found["named_nobody"], 0, "{word} {strength}: {found:#}");
    }
    let control = |word: &str| &attack(&drill, word, "")["whole"];
    assert_eq!(control("nothing")["bits_wrong"], 0);
    assert_eq!(control("register")["verdicts"]["original"], 1);
    assert_eq!(control("strangers")["verdicts"]["unrelated"], 1);
    // partners strip the canaries that one of them alone holds
    let pooled = &attack(&drill, "pool-coin", "2 partners")["whole"];
    assert_eq!(pooled["canaries_met"], 0.0);
    assert_eq!(desk.listing().len(), 1, "the drill's vault is gone");
}

#[test]
fn seeds_repeat_what_attackers_do() {
    let desk = Desk::bare();
    desk.put("mothers.csv", mothers_csv(300));
    let rows = |seed: &str| {
        let asked = ["drill", "mothers.csv", "--format", "json", "--runs", "1"];
        let ran = desk.run(
            asked
                .into_iter()
                .chain(["--seed", seed, "--attack", "hunt-register"]),
        );
        let drill = ran.well().json();
        assert_eq!(drill["attacks"].as_array().map(Vec::len), Some(2));
        attack(&drill, "hunt-register", "it lacks 50 %")["whole"]["rows"].clone()
    };
    assert_eq!(rows("4"), rows("4"));
}

#[test]
fn any_table_that_can_be_issued_can_be_drilled() {
    let desk = Desk::bare();
    desk.put(
        "patients.csv",
        to_csv_bytes(&patients(250, 2), Encoding::Utf8),
    );
    desk.put("contacts.xlsx", to_xlsx_bytes(&contacts(12, 3)).unwrap());
    let mut bare = String::from("phone,ward\r\n");
    for n in 0..150u64 {
        bare.push_str(&format!(
            "{},{}\r\n",
            13_800_000_000 + 7_919_113 * n,
            ["A", "B", "C"][n as usize % 3]
        ));
    }
    desk.put("bare.csv", bare);
    for (file, recipients) in [
        ("patients.csv", "9"),
        ("contacts.xlsx", "3"),
        ("bare.csv", "2"),
        ("bare.csv", "1"),
    ] {
        let asked = [
            "drill",
            file,
            "--format",
            "json",
            "--runs",
            "1",
            "--recipients",
            recipients,
        ];
        let drill = desk.run(asked).well().json();
        is_whole(&drill);
        assert_eq!(drill["recipients"].to_string(), recipients);
        let whole = &attack(&drill, "nothing", "")["whole"];
        if file != "contacts.xlsx" {
            assert_eq!(whole["named_all"], 1, "{file}: {whole:#}");
        }
    }
}

#[test]
fn a_page_and_json_are_written_by_their_names() {
    let desk = Desk::bare();
    desk.put("mothers.csv", mothers_csv(200));
    let asked = [
        "drill",
        "mothers.csv",
        "--runs",
        "1",
        "--attack",
        "sample,noise",
        "-o",
    ];
    for file in ["x.html", "x.json", "x.txt"] {
        assert_eq!(desk.run(asked.into_iter().chain([file])).well().stdout, "");
    }
    let page = String::from_utf8(desk.bytes("x.html")).unwrap();
    assert!(page.starts_with("<!DOCTYPE html>") && page.contains("<polyline"));
    let json: Value = serde_json::from_slice(&desk.bytes("x.json")).unwrap();
    is_whole(&json);
    let text = String::from_utf8(desk.bytes("x.txt")).unwrap();
    assert!(
        text.contains("rows taken at random") && text.contains("no innocent was named"),
        "{text}"
    );
}

#[test]
fn a_copy_that_was_issued_is_drilled_where_it_stands_and_nothing_is_entered() {
    let desk = Desk::new();
    desk.put("m.csv", mothers_csv(400));
    desk.issue("m.csv", &["甲院", "乙院"], &[]).well();
    let before = (desk.listing(), desk.ledger());
    let copy = "copies/m - 乙院.csv";
    let drill = desk
        .run(["drill", copy, "--format", "json", "--runs", "1"])
        .well()
        .json();
    is_whole(&drill);
    assert_eq!(
        (drill["recipient"].as_str(), drill["recipients"].as_u64()),
        (Some("乙院"), Some(2))
    );
    let export = drill["export"]
        .as_str()
        .expect("an export's id")
        .to_string();
    assert_eq!(attack(&drill, "nothing", "")["whole"]["named_all"], 1);
    assert_eq!(
        attack(&drill, "sample", "300 rows")["whole"]["named_all"],
        1
    );
    assert!(
        drill["attacks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|a| a["family"] != "coalition")
    );
    assert_eq!(before, (desk.listing(), desk.ledger()));
    desk.refuses(
        2,
        &["drill", &export],
        &[&export, "keeps no copies", "m - 乙院.csv"],
    );
    desk.run(["inspect", "m.csv", "--write-policy", "p.toml"])
        .well();
    desk.refuses(
        2,
        &["drill", copy, "--policy", "p.toml"],
        &["froze", "--policy"],
    );
}

#[test]
fn what_cannot_be_drilled_is_said() {
    let desk = Desk::new();
    desk.put("m.csv", mothers_csv(60));
    desk.put("colours.csv", "colour\nred\nblue\n");
    desk.refuses(2, &["drill", "nothing.csv"], &["nothing.csv"]);
    desk.refuses(
        2,
        &["drill", "m.csv", "--attack", "colition"],
        &["`colition`", "`coalition`"],
    );
    desk.refuses(2, &["drill", "colours.csv"], &["colours.csv", "identif"]);
    desk.refuses(2, &["drill", "m.csv", "-o", "m.csv"], &["m.csv", "reads"]);
    let alone = [
        "drill",
        "m.csv",
        "--recipients",
        "1",
        "--attack",
        "coalition",
    ];
    desk.refuses(2, &alone, &["m.csv", "more recipients"]);
}
