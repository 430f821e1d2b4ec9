//! Killed at any moment, the program leaves no copy without its entry and no half of a copy under its name.
#![cfg(unix)]

mod support;

use std::collections::HashMap;
use std::time::Instant;

use support::{Desk, mothers_csv, sha256};

const ROWS: usize = 20_000;
const RECIPIENTS: usize = 20;
const MOMENTS: u32 = 12;

/// Every visible copy, which must be one that the ledger lists with this SHA-256. How many there are.
#[track_caller]
fn all_copies_are_entered(desk: &Desk, when: &str) -> usize {
    let list = desk
        .run(["ledger", "list", "--format", "json"])
        .well()
        .json();
    let mut entered: HashMap<String, Vec<String>> = HashMap::new();
    for entry in list.as_array().expect("a list") {
        let text = |name: &str| entry[name].as_str().expect("text").to_owned();
        entered
            .entry(text("file"))
            .or_default()
            .push(text("sha256"));
    }
    let Ok(folder) = std::fs::read_dir(desk.path("copies")) else {
        return 0;
    };
    let mut copies = 0;
    for file in folder {
        let file = file.expect("an entry");
        let name = file.file_name().into_string().expect("UTF-8");
        if name.starts_with(".taggant-") && name.ends_with(".part") {
            continue;
        }
        let digest = sha256(&std::fs::read(file.path()).expect("the copy"));
        let known = entered.get(&name);
        assert!(
            known.is_some_and(|all| all.contains(&digest)),
            "killed {when}: `{name}` ({digest}) is not what the ledger has: {known:?}"
        );
        copies += 1;
    }
    copies
}

#[test]
fn no_copy_without_an_entry_whenever_it_is_killed() {
    let table = mothers_csv(ROWS);
    let names: Vec<String> = (1..=RECIPIENTS).map(|n| format!("Ward {n:02}")).collect();
    let mut arguments = vec!["issue", "list.csv", "--out", "copies", "--force"];
    for name in &names {
        arguments.extend(["--to", name]);
    }
    let whole = Desk::new();
    whole.put("list.csv", &table);
    let started = Instant::now();
    whole.run(&arguments).well();
    let run_time = started.elapsed();
    assert_eq!(all_copies_are_entered(&whole, "never"), RECIPIENTS);

    let mut seen = Vec::new();
    for moment in 0..MOMENTS {
        // the copies of a run appear in its second half, so most of the moments lie there
        let part = f64::from(moment) / f64::from(MOMENTS - 1);
        let after = run_time.mul_f64(0.03 + 0.92 * part.powf(0.5));
        let when = format!("after {after:?} of {run_time:?}");
        let desk = Desk::new();
        desk.put("list.csv", &table);
        let mut child = desk
            .command(&arguments)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the program runs");
        std::thread::sleep(after);
        child.kill().expect("SIGKILL");
        let ended = child.wait().expect("it ends");

        let finished = ended.success();
        let copies = all_copies_are_entered(&desk, &when);
        desk.run(["ledger", "verify"]).well();
        assert!(!finished || copies == RECIPIENTS, "{when}");
        seen.push((finished, copies));

        // whole runs take long: half-way ones are all taken up again, of the others every third
        if moment % 3 == 0 || (1..RECIPIENTS).contains(&copies) {
            desk.run(&arguments).well();
            assert_eq!(all_copies_are_entered(&desk, &when), RECIPIENTS);
            desk.run(["ledger", "verify"]).well();
        }
    }
    let killed = seen.iter().filter(|(finished, _)| !finished).count();
    assert!(killed >= 6, "too few were killed in time: {seen:?}");
}
