//! Many files in one run: each answered for, none stops the rest, every trace counted before its answer is seen, and what a
//! nightly job reads (exit codes, JUnit, a line a file).

mod support;

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::Instant;

use serde_json::Value;
use support::{Desk, mothers, mothers_csv, sheet};
use taggant::drill::leaks::{take_rows, to_xlsx_bytes};
use taggant::drill::registers::Maternity;
use taggant::drill::strangers;
use taggant::table::Table;

const NAMES: [&str; 3] = ["甲院", "乙院", "Ward 3"];

/// People of whom nobody stands in a register.
fn strangers(rows: usize, seed: u64) -> Table {
    strangers::strangers(&Maternity {
        rows,
        seed: 1_000 + seed,
    })
    .month(2)
}

/// A desk with copies for three, and a mixed bag in `found`: two leaks, the source, strangers, and two files that hold nothing.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("list.csv", mothers_csv(300));
    desk.issue("list.csv", &NAMES, &[]).well();
    for (at, name) in NAMES.iter().take(2).enumerate() {
        let copy = support::read(&desk.path(&format!("copies/list - {name}.csv"))).table;
        desk.put(
            &format!("found/leak {at}.csv"),
            sheet(&take_rows(&copy, 40, 7)),
        );
    }
    let few = take_rows(&mothers(300), 3, 5);
    desk.put("found/few.csv", sheet(&few));
    for seed in 0..3 {
        let others = strangers(40, seed);
        desk.put(&format!("found/other {seed}.csv"), sheet(&others));
    }
    desk.put("found/picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR");
    desk.put("found/nothing.csv", "");
    desk
}

const FOUND: [&str; 8] = [
    "found/few.csv",
    "found/leak 0.csv",
    "found/leak 1.csv",
    "found/nothing.csv",
    "found/other 0.csv",
    "found/other 1.csv",
    "found/other 2.csv",
    "found/picture.csv",
];

const CLEAN: [&str; 3] = [
    "found/other 0.csv",
    "found/other 1.csv",
    "found/other 2.csv",
];

fn with<'a>(paths: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [&["trace"], paths, more].concat()
}

/// How many traces the ledger has counted.
fn counted(desk: &Desk) -> u64 {
    let ran = desk.run(["trace", "found/other 0.csv", "--format", "json"]);
    ran.json()["traces_so_far"].as_u64().expect("a count") - 1
}

#[test]
fn every_file_is_answered_for_in_order_and_none_stops_the_rest() {
    let desk = desk();
    let before = desk.listing();
    let ran = desk.run(with(&FOUND, &["--format", "json", "--jobs", "3"]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let answers = ran.json();
    let paths: Vec<&str> = answers
        .as_array()
        .expect("an array")
        .iter()
        .map(|a| a["leak"]["path"].as_str().expect("a path"))
        .collect();
    assert_eq!(paths, FOUND);
    let words = |at: usize| (&answers[at]["verdict"], &answers[at]["error"]);
    assert_eq!(words(0).0, "inconclusive");
    for (at, name) in [(1, NAMES[0]), (2, NAMES[1])] {
        assert_eq!(words(at).0, "attributed");
        assert_eq!(answers[at]["sources"][0]["recipient"], name);
    }
    for (at, words_in_it) in [(3, "is empty"), (7, "PNG")] {
        let error = words(at).1.as_str().expect("a reason");
        assert!(error.contains(words_in_it), "{error}");
        let sha256 = support::sha256(&desk.bytes(FOUND[at]));
        assert_eq!(answers[at]["leak"]["sha256"], sha256);
    }
    for at in 4..7 {
        assert_eq!(words(at).0, "unrelated");
        assert_eq!(answers[at]["leak"]["unchanged"], true);
    }
    assert!(
        ran.stderr.contains(
            "8 files: 2 attributed, 1 inconclusive, 0 original, 3 unrelated, 2 unreadable"
        )
    );
    assert!(
        ran.stderr.contains("of the 6 traces of this vault"),
        "{ran:?}"
    );
    let evidence = |listing: std::collections::BTreeMap<_, String>| {
        let all = listing.into_iter();
        all.filter(|(path, _): &(std::path::PathBuf, _)| path.starts_with("found"))
            .collect::<Vec<_>>()
    };
    assert_eq!(evidence(before), evidence(desk.listing()));
}

#[test]
fn people_read_in_full_what_needs_it_and_a_line_of_the_rest() {
    let desk = desk();
    let ran = desk.run(with(&FOUND, &[]));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    let text = &ran.stdout;
    for whole in [
        "ATTRIBUTED  `found/leak 0.csv`",
        "INCONCLUSIVE  `found/few.csv`",
    ] {
        assert!(text.contains(whole), "{text}");
    }
    assert_eq!(text.matches("  SHA-256   ").count(), 3, "{text}");
    assert_eq!(text.matches("\nUNRELATED  ").count(), 3, "{text}");
    let end = text.split("8 files: ").nth(1).expect("a summary");
    assert!(end.contains("found/leak 1.csv") && end.contains("乙院"));
    assert!(end.contains("found/picture.csv: `"), "{end}");
    assert!(end.contains("Chance that any of the 6 traces"), "{end}");
    // the same answers, whatever the number of workers
    let again = desk.run(with(&FOUND, &["--jobs", "1"]));
    let verdicts = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|l| l.contains("  `found/"));
        lines.map(str::to_string).collect()
    };
    assert_eq!(verdicts(text), verdicts(&again.stdout));
}

#[test]
fn a_line_a_file_and_a_summary_beside_it() {
    let desk = desk();
    let ran = desk.run(with(&FOUND, &["--format", "jsonl"]));
    assert_eq!(ran.code, Some(2));
    let mut paths: Vec<String> = ran
        .stdout
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).expect("an object a line");
            value["leak"]["path"].as_str().expect("a path").to_string()
        })
        .collect();
    paths.sort();
    assert_eq!(paths, FOUND);
    assert!(ran.stderr.contains("8 files: 2 attributed"), "{ran:?}");
}

#[test]
fn a_nightly_job_is_green_on_a_clean_night_and_red_on_a_find() {
    let desk = desk();
    let code = |paths: &[&str], more: &[&str]| desk.run(with(paths, more)).code;
    let leak = [FOUND[1], CLEAN[0]];
    let few = [FOUND[0], CLEAN[0]];
    let broken = [FOUND[7], CLEAN[0]];
    // the contract without the flag
    assert_eq!(code(&CLEAN, &[]), Some(1));
    assert_eq!(code(&leak, &[]), Some(0));
    assert_eq!(code(&broken, &[]), Some(2));
    assert_eq!(code(&broken, &["--allow-unreadable"]), Some(1));
    // and with it
    assert_eq!(code(&CLEAN, &["--fail-on", "ours"]), Some(0));
    assert_eq!(code(&leak, &["--fail-on", "ours"]), Some(1));
    assert_eq!(code(&leak, &["--fail-on", "attributed"]), Some(1));
    assert_eq!(
        code(&leak, &["--fail-on", "inconclusive,original"]),
        Some(0)
    );
    assert_eq!(code(&few, &["--fail-on", "attributed"]), Some(0));
    assert_eq!(
        code(&few, &["--fail-on", "attributed,inconclusive"]),
        Some(1)
    );
    assert_eq!(code(&broken, &["--fail-on", "ours"]), Some(2));
    let both = ["--fail-on", "ours", "--allow-unreadable"];
    assert_eq!(code(&broken, &both), Some(0));
    // a find is a find, whatever else could not be read
    assert_eq!(code(&FOUND, &["--fail-on", "ours"]), Some(1));
}

/// The README's recipe, run by a shell as it stands there.
#[test]
#[cfg(unix)]
fn the_nightly_recipe_runs_as_written() {
    let readme = include_str!("../README.md");
    let recipe = readme.split("```sh\n#!/bin/sh\n# nightly.sh").nth(1);
    let recipe = recipe
        .and_then(|r| r.split("```").next())
        .expect("a recipe");
    let desk = desk();
    desk.put("nightly.sh", format!("#!/bin/sh\n# nightly.sh{recipe}"));
    let program = std::path::Path::new(env!("CARGO_BIN_EXE_taggant"));
    let night = || {
        let path = std::env::var("PATH").unwrap_or_default();
        let folder = program.parent().expect("a folder").display();
        let done = std::process::Command::new("sh")
            .arg("nightly.sh")
            .current_dir(desk.folder())
            .env("PATH", format!("{folder}:{path}"))
            .env_remove("TAGGANT_VAULT")
            .env_remove("TAGGANT_KEY_FILE")
            .output()
            .expect("a shell");
        let xml = String::from_utf8(desk.bytes("night.xml")).expect("UTF-8");
        (done.status.code(), xml)
    };
    let (code, xml) = night();
    assert_eq!(code, Some(1));
    assert!(
        xml.contains("tests=\"8\" failures=\"3\" errors=\"2\""),
        "{xml}"
    );
    for ours in &FOUND[..3] {
        std::fs::remove_file(desk.path(ours)).expect("removed");
    }
    let (code, xml) = night();
    assert_eq!(code, Some(0), "a clean night is green: {xml}");
    assert!(
        xml.contains("tests=\"5\" failures=\"0\" errors=\"2\""),
        "{xml}"
    );
    std::fs::rename(desk.path("found"), desk.path("lost")).expect("renamed");
    assert_eq!(night().0, Some(2), "nothing to trace is no clean night");
    std::fs::create_dir(desk.path("found")).expect("a folder");
    assert_eq!(night().0, Some(2), "nor is an empty folder");
}

#[test]
fn junit_has_a_case_a_file() {
    let desk = desk();
    desk.put("found/a <b> & \"c\".csv", sheet(&strangers(40, 9)));
    let all = [&FOUND[..], &["found/a <b> & \"c\".csv"]].concat();
    let more = ["--format", "junit", "-o", "night.xml"];
    let ran = desk.run(with(&all, &more));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    let xml = String::from_utf8(desk.bytes("night.xml")).expect("UTF-8");
    assert!(
        xml.contains("<testsuite name=\"taggant trace\" tests=\"9\" failures=\"2\" errors=\"2\"")
    );
    assert_eq!(xml.matches("<testcase ").count(), 9);
    assert_eq!(xml.matches("<failure type=\"attributed\"").count(), 2);
    assert!(xml.contains("name=\"found/a &lt;b&gt; &amp; &quot;c&quot;.csv\"/>"));
    let strict = ["--format", "junit", "--fail-on", "ours"];
    let ran = desk.run(with(&[FOUND[0]], &strict));
    assert_eq!(ran.code, Some(1));
    assert!(ran.stdout.contains("<failure type=\"inconclusive\""));
}

#[test]
fn every_trace_is_counted_before_its_answer_is_seen() {
    let desk = desk();
    // many of them, so that the run is still going when its first answer is read
    let many: Vec<String> = (0..60)
        .map(|n| {
            let name = format!("found/more {n}.csv");
            desk.put(&name, sheet(&strangers(200, 100 + n)));
            name
        })
        .collect();
    let names: Vec<&str> = many.iter().map(String::as_str).collect();
    let mut child = desk
        .command(with(&names, &["--format", "jsonl", "--jobs", "2"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut seen = 0;
    let mut line = String::new();
    while seen < 5 && lines.read_line(&mut line).expect("a line") > 0 {
        seen += 1;
    }
    child.kill().expect("killed");
    child.wait().expect("gone");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).expect("what was written");
    seen += rest.lines().count() as u64;
    assert!(seen >= 5);
    assert!(counted(&desk) >= seen, "{} of {seen}", counted(&desk));
    desk.run(["ledger", "verify"]).well();
}

#[test]
fn whoever_has_seen_enough_may_go() {
    let desk = desk();
    let mut child = desk
        .command(with(&CLEAN, &["--format", "jsonl"]))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    drop(child.stdout.take());
    let out = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.code().is_some_and(|c| c < 3), "{said}");
    assert!(!said.contains("panicked") && !said.contains("roken pipe"));
}

#[test]
fn nothing_is_written_over_the_evidence_or_beside_it() {
    let desk = desk();
    for output in ["found/leak 0.csv", "./found/../found/leak 0.csv"] {
        desk.refuses(
            2,
            &["trace", "found/leak 0.csv", "-o", output],
            &["is one of the leaks", "another file"],
        );
    }
    desk.refuses(
        2,
        &["trace", "found", "-o", "found/result.json"],
        &["lies in `found`", "somewhere else"],
    );
    desk.refuses(
        2,
        &["trace", "found/l*.csv", "-o", "found/list.csv"],
        &["lies in `found/l*.csv`", "somewhere else"],
    );
    desk.refuses(
        2,
        &["trace", "found", "-o", "r.csv", "--rows", "./r.csv"],
        &["cannot take two results", "of its own"],
    );
    // a file beside a leak that was named by itself is nobody's evidence
    let beside = ["trace", "found/leak 0.csv", "-o", "found/result.txt"];
    desk.run(beside).well();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("found/leak 0.csv", desk.path("link.json")).expect("a link");
        let ran = desk.run(["trace", "found/leak 0.csv", "-o", "link.json"]);
        assert_eq!(ran.code, Some(2), "{ran:?}");
        assert!(ran.stderr.contains("is one of the leaks"));
    }
}

#[test]
fn no_command_writes_over_the_vault_its_key_or_what_it_reads() {
    let desk = desk();
    let key = ["--key-file", "ext/my.key"];
    desk.put("ext/my.key", desk.bytes(".taggant/master.key"));
    let vault: [&[&str]; 6] = [
        &["ledger", "list", "-o", ".taggant/ledger.sqlite"],
        &["lookup", "x", "-o", ".taggant/master.key"],
        &["inspect", "list.csv", "-o", ".taggant/master.key"],
        &["inspect", "list.csv", "--write-policy", ".taggant/p.toml"],
        &["trace", FOUND[1], "--rows", "copies/../.taggant/r.csv"],
        &["issue", "list.csv", "--to", "D", "--out", ".taggant/new"],
    ];
    for command in vault {
        desk.refuses(2, command, &["in the vault", "somewhere else"]);
    }
    let with_key = |more: &[&'static str]| [&key[..], more].concat();
    let over = ["trace", FOUND[1], "-o", "ext/my.key"];
    desk.refuses(2, &with_key(&over), &["key or ledger", "another file"]);
    let over = ["inspect", "list.csv", "-o", "ext/my.key"];
    desk.refuses(2, &with_key(&over), &["key or ledger", "another file"]);
    for command in [
        &["inspect", "list.csv", "-o", "list.csv"][..],
        &[
            "issue", "list.csv", "--to", "D", "--out", "new", "-o", "list.csv",
        ],
    ] {
        desk.refuses(2, command, &["this command reads", "another file"]);
    }
    let over = ["issue", "list.csv", "--to", "D", "--out", "new", "-o"];
    desk.run(["init", "--vault", "other"]).well();
    std::fs::create_dir(desk.path("new")).expect("a folder");
    desk.refuses(
        2,
        &[&over[..], &["new/list - D.csv"]].concat(),
        &["cannot take two results"],
    );
    // any vault, not only the one in use
    let over = ["ledger", "list", "-o", "other/x.txt"];
    desk.refuses(2, &over, &["in the vault"]);
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(".taggant/x.json", desk.path("to")).expect("a link");
        desk.refuses(2, &["ledger", "list", "-o", "to"], &["in the vault"]);
    }
}

#[test]
fn nothing_traced_is_never_green() {
    let desk = desk();
    std::fs::create_dir(desk.path("empty")).expect("a folder");
    desk.put("litter/Thumbs.db", "x");
    let green = ["--fail-on", "ours", "--allow-unreadable"];
    for (path, words) in [
        ("empty", "`empty` holds no file to trace. Check the path."),
        ("litter", "`litter` holds no file to trace."),
        ("gone", "`gone`"),
        ("gone*", "no file matches `gone*`."),
    ] {
        for more in [&green[..], &[]] {
            let ran = desk.run(with(&[path], more));
            assert_eq!(ran.code, Some(2), "{path}: {ran:?}");
            assert!(ran.stderr.contains(words), "{path}: {ran:?}");
            // beside others it is no greener
            let ran = desk.run(with(&[path, CLEAN[0]], more));
            assert_eq!(ran.code, Some(2), "{path}: {ran:?}");
        }
        let ran = desk.run(with(&[path, CLEAN[0]], &["--format", "json"]));
        assert_eq!(ran.json()[0]["leak"]["path"], path);
    }
    let ran = desk.run(with(&[FOUND[7]], &green));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("nothing was traced"), "{ran:?}");
}

#[test]
fn a_file_without_a_row_is_nobodys_trace_and_is_told_by_its_path() {
    let desk = desk();
    let before = counted(&desk);
    for (n, content) in ["hello there", "[]", "a,b,c\n"].iter().enumerate() {
        let name = format!("found/{n}/notes.txt");
        desk.put(&name, content);
        let words = format!("nothing like a table was found in `{name}`");
        let ran = desk.run(["trace", &name]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{ran:?}");
        assert!(ran.stderr.contains(&words), "{ran:?}");
    }
    assert_eq!(
        counted(&desk),
        before + 1,
        "the first count itself, and nothing else"
    );
}

#[test]
fn the_same_bytes_are_told_and_what_adds_up_is_said_once() {
    let desk = desk();
    desk.put("found/copy.csv", desk.bytes(FOUND[1]));
    let pair = ["found/copy.csv", FOUND[1]];
    let ran = desk.run(with(&pair, &["--alpha", "0.01"])).well();
    assert_eq!(ran.stdout.matches("traces of this vault so far").count(), 1);
    assert_eq!(
        ran.stdout
            .matches("the same bytes as `found/copy.csv`")
            .count(),
        1
    );
    assert!(ran.stderr.contains("warning: --alpha 0.01 adds"), "{ran:?}");
    let ran = desk.run(with(&pair, &["--format", "json"])).well();
    assert_eq!(ran.json()[0]["leak"]["same_as"], Value::Null);
    assert_eq!(ran.json()[1]["leak"]["same_as"], "found/copy.csv");
    assert!(!ran.stderr.contains("--alpha"));
}

#[test]
fn hidden_files_are_traced_and_litter_is_passed_over_and_said() {
    let desk = desk();
    let leak = desk.bytes(FOUND[1]);
    desk.put("seized/.hidden/.leak.csv", &leak);
    desk.put("seized/~$leak.xlsx", "x");
    desk.put("seized/.DS_Store", "x");
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["__MACOSX/._leak.csv", ".leak.csv"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default())
            .expect("a place");
        std::io::Write::write_all(&mut zip, &leak).expect("written");
    }
    let zipped = zip.finish().expect("an archive").into_inner();
    desk.put("seized/all.zip", zipped);
    let ran = desk.run(["trace", "seized", "--format", "jsonl"]).well();
    assert_eq!(ran.stdout.matches("attributed\"").count(), 2, "{ran:?}");
    let said = "3 files of the system were passed over";
    assert_eq!(ran.stderr.matches(said).count(), 1, "{ran:?}");
    let ran = desk.run(["trace", "seized"]).well();
    assert!(
        ran.stderr.contains(said) && ran.stdout.contains(said),
        "{ran:?}"
    );
    // the vault beside the leaks is no leak
    let ran = desk.run(["trace", ".", "--format", "jsonl"]);
    assert!(!ran.stdout.contains("ledger.sqlite") && !ran.stdout.contains("master.key"));
}

#[test]
fn a_password_comes_from_a_file_or_standard_input_and_is_no_word_on_the_command_line() {
    let desk = desk();
    desk.put("empty.txt", "\nsecret\n");
    desk.put("odd.txt", b"\xFF\xFE\n");
    desk.put("good.txt", "secret\r\n");
    let leak = FOUND[1];
    let refuses = |file: &str, words: &[&str]| {
        desk.refuses(2, &["trace", leak, "--password-file", file], words);
    };
    refuses("empty.txt", &["`empty.txt` is empty", "password"]);
    refuses("odd.txt", &["not UTF-8"]);
    refuses("gone.txt", &["`gone.txt`", "Check the path"]);
    desk.refuses(
        2,
        &["trace", "-", "--password-file", "-"],
        &["both come by standard input"],
    );
    let ran = desk.run(["trace", leak, "--password-file", "good.txt"]);
    assert_eq!(ran.code, Some(0), "a file that is not locked needs none");
}

/// A thousand small files of which seven are leaks of seven recipients' copies. Prints time and memory.
#[test]
#[ignore = "half a minute; prints what the README says of many files"]
fn seven_leaks_among_a_thousand_files() {
    let desk = Desk::new();
    let names: Vec<String> = (1..=70).map(|n| format!("医院{n:02}")).collect();
    desk.put("names.txt", names.join("\n"));
    let mut months: Vec<Table> = Vec::new();
    for month in 0..3 {
        let register = Maternity {
            rows: 3_000,
            seed: 11,
        };
        months.push(register.month(month));
        desk.put("list.csv", sheet(&months[month]));
        let out = format!("copies{month}");
        let to = ["--recipients", "names.txt", "--out", &out];
        desk.run([&["issue", "list.csv"], &to[..]].concat()).well();
    }
    let mut paths = Vec::new();
    let mut leaks = Vec::new();
    for n in 0..1_000 {
        let culprit = (n % 143 == 5).then_some(n / 143 * 9 + 3);
        let rows = 40 + n % 160;
        let table = match culprit {
            Some(at) => {
                let copy = format!("copies{}/list - {}.csv", n % 3, names[at]);
                let copy = support::read(&desk.path(&copy)).table;
                take_rows(&copy, rows, n as u64)
            }
            None => strangers(rows, n as u64),
        };
        let (name, bytes) = match n % 2 {
            0 => (format!("found/{n:03}.csv"), sheet(&table)),
            _ => (
                format!("found/{n:03}.xlsx"),
                to_xlsx_bytes(&table).expect("a workbook"),
            ),
        };
        desk.put(&name, bytes);
        if let Some(at) = culprit {
            leaks.push((name.clone(), names[at].clone()));
        }
        paths.push(name);
    }
    assert_eq!(leaks.len(), 7);
    let begun = Instant::now();
    let mut arguments = vec!["trace", "--format", "jsonl", "--fail-on", "ours"];
    arguments.extend(paths.iter().map(String::as_str));
    let ran = desk.run(arguments);
    let took = begun.elapsed().as_secs_f64();
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let mut found = Vec::new();
    for line in ran.stdout.lines() {
        let answer: Value = serde_json::from_str(line).expect("an object a line");
        if answer["verdict"] != "unrelated" {
            assert_eq!(answer["verdict"], "attributed", "{line}");
            found.push((
                answer["leak"]["path"].as_str().expect("a path").to_string(),
                answer["sources"][0]["recipient"]
                    .as_str()
                    .expect("a name")
                    .to_string(),
            ));
        }
    }
    found.sort();
    assert_eq!(found, leaks);
    println!("1,000 files in {took:.1} s\n{}", ran.stderr);
}
