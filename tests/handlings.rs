//! What other programs and people's hands made of copies: every file in `fixtures/handlings/files` is traced to the recipients whose
//! rows it holds, and to nobody else.
//!
//! The table in that folder's README says what each file is; `make.py` there made both.

mod support;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use serde_json::Value;
use sha2::{Digest, Sha256};
use support::{Desk, Ran};

/// A line of the table.
struct Handling {
    file: String,
    recipients: BTreeSet<String>,
    what: String,
    password: Option<String>,
}

impl Handling {
    fn path(&self) -> PathBuf {
        folder().join("files").join(&self.file)
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/handlings")
}

fn handlings() -> Vec<Handling> {
    let table = std::fs::read_to_string(folder().join("README.md")).expect("the table");
    table
        .lines()
        .filter_map(|line| line.strip_prefix("| `"))
        .map(|line| {
            let cells: Vec<&str> = line
                .trim_end_matches('|')
                .split('|')
                .map(str::trim)
                .collect();
            let [file, who, _rows, program, done, password] = cells[..] else {
                panic!("a line of the table has another shape: {line}");
            };
            Handling {
                file: file.trim_end_matches('`').to_string(),
                recipients: who.split(", ").map(str::to_string).collect(),
                what: format!("{program}: {done}"),
                password: Some(password.to_string()).filter(|p| !p.is_empty()),
            }
        })
        .collect()
}

/// A desk with the vault of the fixtures. Traces are counted in the ledger, so it is a copy.
fn desk() -> Desk {
    let desk = Desk::bare();
    for name in ["ledger.sqlite", "master.key"] {
        let bytes = std::fs::read(folder().join("vault").join(name)).expect("the vault");
        desk.put(&format!(".taggant/{name}"), bytes);
    }
    desk
}

fn trace(desk: &Desk, path: &Path, password: Option<&str>) -> Ran {
    let mut arguments = vec!["trace", path.to_str().expect("UTF-8"), "--format", "json"];
    if let Some(password) = password {
        desk.put("password", format!("{password}\n"));
        arguments.extend(["--password-file", "password"]);
    }
    desk.run(arguments)
}

/// Why a trace is not what it should be; `None` where every leak in the file is attributed, and all of them together to these recipients.
fn wrong(ran: &Ran, recipients: &BTreeSet<String>) -> Option<String> {
    let reports = match serde_json::from_str(&ran.stdout) {
        Ok(Value::Array(reports)) if !reports.is_empty() => reports,
        Ok(report @ Value::Object(_)) => vec![report],
        _ => return Some(format!("no report: {}", ran.stderr.trim())),
    };
    let mut named = BTreeSet::new();
    for report in &reports {
        if report["verdict"] != "attributed" {
            return Some(format!(
                "{}: {} rows, {} linked, {} marks read {}",
                report["verdict"],
                report["leak"]["rows"],
                report["leak"]["linked"],
                report["sites_read"],
                report["error"]
            ));
        }
        let sources = report["sources"].as_array().into_iter().flatten();
        named.extend(
            sources
                .filter_map(|s| s["recipient"].as_str())
                .map(str::to_string),
        );
    }
    if named != *recipients {
        return Some(format!("named {named:?} instead of {recipients:?}"));
    }
    (ran.code != Some(0)).then(|| format!("exit code {:?}", ran.code))
}

/// Every file of the folder with the digest of its bytes.
fn evidence() -> Vec<(PathBuf, String)> {
    let mut all: Vec<(PathBuf, String)> = std::fs::read_dir(folder().join("files"))
        .expect("the files")
        .map(|entry| {
            let path = entry.expect("a file").path();
            let bytes = std::fs::read(&path).expect("a file that opens");
            let digest = Sha256::digest(&bytes);
            (path, format!("{digest:x?}"))
        })
        .collect();
    all.sort();
    all
}

#[test]
fn every_handling_is_attributed() {
    let desk = desk();
    let handlings = handlings();
    let before = evidence();
    let listed: BTreeSet<PathBuf> = handlings.iter().map(Handling::path).collect();
    assert_eq!(
        listed,
        before.iter().map(|(path, _)| path.clone()).collect(),
        "the table and the folder differ: run make.py"
    );
    assert!(handlings.len() >= 70, "{} handlings", handlings.len());
    let mut failures = String::new();
    let mut failed = 0;
    for handling in &handlings {
        let ran = trace(&desk, &handling.path(), handling.password.as_deref());
        if let Some(why) = wrong(&ran, &handling.recipients) {
            failed += 1;
            let _ = writeln!(failures, "{} ({})\n    {why}", handling.file, handling.what);
        }
    }
    assert_eq!(before, evidence(), "the evidence was touched");
    assert_eq!(failed, 0, "of {} handlings:\n{failures}", handlings.len());
}

#[test]
fn a_locked_file_needs_its_own_password() {
    let desk = desk();
    let mut failures = String::new();
    for handling in handlings().iter().filter(|h| h.password.is_some()) {
        let without = trace(&desk, &handling.path(), None);
        let wrong = trace(&desk, &handling.path(), Some("not this one"));
        for (ran, word) in [(&without, "--password-file"), (&wrong, "password")] {
            let said = format!("{}{}", ran.stdout, ran.stderr);
            if ran.code != Some(2) || !said.contains(word) {
                let _ = writeln!(
                    failures,
                    "{}: should exit 2 and say {word:?}: {ran:?}",
                    handling.file
                );
            }
        }
        if without.stderr == wrong.stderr && without.stdout == wrong.stdout {
            let _ = writeln!(
                failures,
                "{}: a wrong password is told as none",
                handling.file
            );
        }
    }
    assert!(failures.is_empty(), "{failures}");
}
