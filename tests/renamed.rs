//! Recipients are renamed and merged, copies withdrawn and destroyed: the ledger says so, and nothing stops tracing.

mod support;

use serde_json::Value;
use support::{Desk, mothers_csv};

fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("mothers.csv", mothers_csv(400));
    desk.issue("mothers.csv", &["North", "South", "West"], &[])
        .well();
    desk
}

fn traced(desk: &Desk, copy: &str) -> Value {
    let ran = desk.run(["trace", copy, "--format", "json"]).well();
    let sources = ran.json()["sources"].clone();
    assert_eq!(sources.as_array().map(Vec::len), Some(1), "{sources}");
    sources[0].clone()
}

fn ledger(desk: &Desk, arguments: &[&str]) -> Value {
    let arguments = ["ledger"].into_iter().chain(arguments.iter().copied());
    let arguments = arguments.chain(["--format", "json"]);
    desk.run(arguments).well().json()
}

#[test]
fn a_renamed_recipient_keeps_its_marks_and_its_old_name_leads_to_it() {
    let desk = desk();
    desk.run(["ledger", "rename", "South", "City South"]).well();
    let south = traced(&desk, "copies/mothers - South.csv");
    assert_eq!(south["recipient"], "City South");
    let known = ledger(&desk, &["show", "South"]);
    assert_eq!(known["recipient"], "City South");
    assert_eq!(known["names"], serde_json::json!(["South", "City South"]));

    // issued again under either name, the copy is the same
    let before = desk.bytes("copies/mothers - South.csv");
    let ran = desk.issue("mothers.csv", &["South"], &["--force"]).well();
    assert!(
        ran.stderr.contains("`South` is `City South` by now"),
        "{ran:?}"
    );
    assert_eq!(desk.bytes("copies/mothers - South.csv"), before);
    let ran = desk.issue("mothers.csv", &["City South"], &[]).well();
    assert!(!ran.stderr.contains("by now"), "{ran:?}");
    assert_eq!(desk.bytes("copies/mothers - City South.csv"), before);
    let recipients: std::collections::BTreeSet<String> = ledger(&desk, &["list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["recipient"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(
        recipients,
        ["City South", "North", "West"].map(String::from).into()
    );

    // back to the old name
    desk.run(["ledger", "rename", "City South", "South"]).well();
    assert_eq!(
        traced(&desk, "copies/mothers - South.csv")["recipient"],
        "South"
    );
    desk.run(["ledger", "verify"]).well();
}

#[test]
fn a_merged_recipient_is_named_by_the_whole_and_keeps_its_code() {
    let desk = desk();
    desk.run(["ledger", "merge", "South", "West"]).well();
    desk.run(["ledger", "rename", "West", "Far West"]).well();
    let south = traced(&desk, "copies/mothers - South.csv");
    assert_eq!(south["recipient"], "Far West (formerly South)");
    let west = traced(&desk, "copies/mothers - West.csv");
    assert_eq!(west["recipient"], "Far West");
    let outcome = desk
        .run(["trace", "copies/mothers - South.csv", "--format", "json"])
        .well()
        .json();
    assert_eq!(outcome["recipients_scored"], 3);
    let events = ledger(&desk, &["events"]);
    assert_eq!(events[0]["event"], "merged");
    assert_eq!(events[0]["part_of"], "West");
    assert_eq!(events[1]["name"], "Far West");
    desk.run(["ledger", "verify"]).well();
}

#[test]
fn a_withdrawn_copy_still_traces_and_the_report_says_so() {
    let desk = desk();
    let south = traced(&desk, "copies/mothers - South.csv");
    let export = south["exports"][0]["export"].as_str().unwrap();
    assert!(south["exports"][0].get("withdrawn").is_none());
    desk.run(["ledger", "withdraw", export, "--note", "wrong month"])
        .well();
    desk.run(["ledger", "destroyed", export]).well();
    let south = traced(&desk, "copies/mothers - South.csv");
    assert_eq!(south["exports"][0]["withdrawn"]["note"], "wrong month");
    assert!(south["exports"][0]["destroyed"]["at"].is_string());
    let human = desk
        .run(["trace", "copies/mothers - South.csv"])
        .well()
        .stdout;
    assert!(
        human.contains("noted as withdrawn on") && human.contains("wrong month"),
        "{human}"
    );
    assert_eq!(
        ledger(&desk, &["show", export])["withdrawn"]["note"],
        "wrong month"
    );
    let list = desk.run(["ledger", "list"]).well().stdout;
    assert!(
        list.contains("state") && list.contains("destroyed"),
        "{list}"
    );
    let other = ledger(&desk, &["list"]);
    let marked = other
        .as_array()
        .unwrap()
        .iter()
        .filter(|e| !e["withdrawn"].is_null());
    assert_eq!(marked.count(), 1);
    desk.run(["ledger", "verify"]).well();
}

#[test]
fn what_makes_no_sense_is_refused_and_nothing_is_entered() {
    let desk = desk();
    for (arguments, words) in [
        (
            vec!["rename", "Nobody", "Somebody"],
            "no recipient `Nobody`",
        ),
        (
            vec!["rename", "South", "West"],
            "is or was another recipient",
        ),
        (vec!["rename", "South", "South"], "already"),
        (vec!["rename", "South", " "], "has no name"),
        (vec!["merge", "South", "South"], "itself or a part of it"),
        (vec!["merge", "South", "Nobody"], "no recipient `Nobody`"),
        (vec!["withdraw", "x-nothing0"], "no export `x-nothing0`"),
        (vec!["destroyed", "x-nothing0"], "no export `x-nothing0`"),
    ] {
        let arguments: Vec<&str> = ["ledger"].into_iter().chain(arguments).collect();
        desk.refuses(2, &arguments, &[words]);
    }
    desk.run(["ledger", "merge", "South", "West"]).well();
    desk.refuses(2, &["ledger", "merge", "West", "South"], &["a part of it"]);
    // names of before stay taken
    desk.run(["ledger", "rename", "North", "Upper North"])
        .well();
    desk.refuses(2, &["ledger", "rename", "West", "North"], &["is or was"]);
}
