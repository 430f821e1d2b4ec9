//! Killed at any moment, the program leaves no copy without its entry and no half of a copy under its name; and the same command,
//! given again, finishes what was begun, enters nothing twice and says what was there already.
#![cfg(unix)]

mod support;

use std::collections::{BTreeSet, HashMap};
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Desk, mothers, mothers_csv, sha256};
use taggant::drill::leaks::to_xlsx_bytes;

const RECIPIENTS: usize = 20;

/// A table to issue, by its file name.
struct Job {
    table: &'static str,
    bytes: Vec<u8>,
    run_time: Duration,
}

/// Tables of 40 to 2,000 rows, in text and as workbooks, with the time that issuing takes.
fn jobs() -> Vec<Job> {
    let workbook = |rows| to_xlsx_bytes(&mothers(rows)).expect("a workbook");
    let tables = [
        ("short.csv", mothers_csv(40)),
        ("middle.csv", mothers_csv(500)),
        ("long.csv", mothers_csv(2_000)),
        ("short.xlsx", workbook(60)),
        ("long.xlsx", workbook(1_500)),
    ];
    let timed = tables.into_iter().map(|(table, bytes)| {
        let desk = Desk::new();
        desk.put(table, &bytes);
        let started = Instant::now();
        desk.run(arguments(table)).well();
        Job {
            table,
            bytes,
            run_time: started.elapsed(),
        }
    });
    timed.collect()
}

fn arguments(table: &str) -> Vec<String> {
    let start = ["issue", table, "--out", "copies", "--format", "json"];
    let to = (1..=RECIPIENTS).flat_map(|n| ["--to".to_string(), format!("Ward {n:02}")]);
    start.map(str::to_string).into_iter().chain(to).collect()
}

fn entries(desk: &Desk) -> Vec<Value> {
    let list = desk.run(["ledger", "list", "--format", "json"]);
    list.well().json().as_array().expect("a list").clone()
}

/// The names of all files in the folder of copies, hidden ones apart.
fn files(desk: &Desk) -> (BTreeSet<String>, usize) {
    let (mut seen, mut hidden) = (BTreeSet::new(), 0);
    for file in std::fs::read_dir(desk.path("copies")).into_iter().flatten() {
        let name = file.expect("an entry").file_name();
        let name = name.into_string().expect("UTF-8");
        if name.starts_with(".taggant-") && name.ends_with(".part") {
            hidden += 1;
        } else {
            seen.insert(name);
        }
    }
    (seen, hidden)
}

/// Every visible copy must be one that the ledger lists with its SHA-256, so that none is half.
#[track_caller]
fn all_copies_are_entered(desk: &Desk, when: &str) -> BTreeSet<String> {
    let mut entered: HashMap<String, Vec<String>> = HashMap::new();
    for entry in entries(desk) {
        let text = |name: &str| entry[name].as_str().expect("text").to_owned();
        let of_file = entered.entry(text("file")).or_default();
        of_file.push(text("sha256"));
    }
    let (copies, _) = files(desk);
    for name in &copies {
        let digest = sha256(&desk.bytes(&format!("copies/{name}")));
        let known = entered.get(name);
        assert!(
            known.is_some_and(|all| all.contains(&digest)),
            "killed {when}: `{name}` ({digest}) is not what the ledger has: {known:?}"
        );
    }
    copies
}

/// What a desk looked like after the kill.
#[derive(Debug, Default)]
struct Tally {
    finished: usize,
    part_way: usize,
    pending: usize,
    hidden: usize,
}

/// Kills a run after so long, gives the same command again, and looks at everything.
fn kill_and_repeat(job: &Job, after: Duration, tally: &mut Tally) {
    let when = format!("`{}` after {after:?} of {:?}", job.table, job.run_time);
    let desk = Desk::new();
    desk.put(job.table, &job.bytes);
    let mut child = desk
        .command(arguments(job.table))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    std::thread::sleep(after);
    child.kill().expect("SIGKILL");
    let finished = child.wait().expect("it ends").success();

    let there = all_copies_are_entered(&desk, &when);
    desk.run(["ledger", "verify"]).well();
    let before = entries(&desk);
    assert!(!finished || there.len() == RECIPIENTS, "{when}");
    tally.finished += usize::from(finished);
    tally.part_way += usize::from((1..RECIPIENTS).contains(&there.len()));
    tally.pending += before.iter().filter(|e| e["issued"].is_null()).count();
    tally.hidden += files(&desk).1;

    let again = desk.run(arguments(job.table)).well().json();
    let again = again.as_array().expect("copies");
    assert_eq!(again.len(), RECIPIENTS, "{when}");
    for copy in again {
        let name = copy["path"].as_str().expect("a path");
        let name = name.rsplit('/').next().expect("a name");
        assert_eq!(copy["done"], there.contains(name), "{when}: {name}");
        let entry = before.iter().find(|e| e["file"] == name);
        assert_eq!(
            copy["finished"],
            entry.is_some() && !there.contains(name),
            "{when}: {name}"
        );
        assert!(
            entry.is_none_or(|e| e["export"] == copy["export"]),
            "{when}: {name} twice"
        );
        assert!(copy["instead_of"].is_null(), "{when}: {name}");
    }
    assert_eq!(all_copies_are_entered(&desk, &when).len(), RECIPIENTS);
    assert_eq!(files(&desk).1, 0, "{when}: hidden files are left");
    let after = entries(&desk);
    assert_eq!(after.len(), RECIPIENTS, "{when}: nothing is entered twice");
    assert!(after.iter().all(|e| e["issued"].is_string()), "{when}");
    desk.run(["ledger", "verify"]).well();
    every_copy_names_its_recipient(&desk, &when);

    let all = desk.listing();
    let third = desk.run(arguments(job.table)).well().json();
    assert!(
        third
            .as_array()
            .expect("copies")
            .iter()
            .all(|c| c["done"] == true)
    );
    let mut now = desk.listing();
    // the traces were counted in between, and nothing else
    now.retain(|path, _| !path.starts_with(".taggant"));
    assert!(
        now.iter()
            .all(|(path, digest)| all.get(path) == Some(digest)),
        "{when}"
    );
    assert_eq!(entries(&desk).len(), RECIPIENTS);
}

#[track_caller]
fn every_copy_names_its_recipient(desk: &Desk, when: &str) {
    let traced = desk.run(["trace", "copies", "--format", "jsonl"]);
    let lines: Vec<Value> = traced
        .stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["leak"]["path"].is_string())
        .collect();
    assert_eq!(lines.len(), RECIPIENTS, "{when}: {}", traced.stderr);
    for line in lines {
        let path = line["leak"]["path"].as_str().expect("a path");
        let sources = line["sources"].as_array().expect("sources");
        let names: Vec<&str> = sources
            .iter()
            .filter_map(|s| s["recipient"].as_str())
            .collect();
        assert_eq!(names.len(), 1, "{when}: {path} names {names:?}");
        assert!(
            path.contains(&format!("- {}.", names[0])),
            "{when}: {path} names {names:?}"
        );
    }
}

fn kills(moments: u64) {
    let jobs = jobs();
    let mut tally = Tally::default();
    let mut runs = 0;
    // runs that were over in time do not count
    while runs - (tally.finished as u64) < moments && runs < 4 * moments {
        let moment = runs;
        runs += 1;
        let job = &jobs[moment as usize % jobs.len()];
        // a fraction that jumps about, the same in every run; copies appear late, so most moments lie there
        let part = (moment + 1) as f64 * 0.618_033_988_749_895 % 1.0;
        let after = job.run_time.mul_f64(0.03 + 0.92 * part.powf(0.6));
        kill_and_repeat(job, after, &mut tally);
    }
    println!("{moments} kills: {tally:?}");
    let killed = runs - tally.finished as u64;
    assert!(
        killed * 2 > moments,
        "too few were killed in time: {tally:?}"
    );
}

#[test]
fn killed_runs_are_taken_up_again() {
    kills(10);
}

#[test]
#[ignore = "a hundred kills take minutes"]
fn killed_runs_are_taken_up_again_a_hundred_times() {
    kills(100);
}
