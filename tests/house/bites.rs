//! Every rule bites: a violation is planted, and found.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::{File, Tree};
use super::{
    ACCUSING, IMPURE, LINES, ROOMS, TEST_LINES, forbidden_imports, mentions, noises, table_faults,
    too_long, unused_permissions,
};

fn planted(path: &str, text: &str) -> File {
    File::of(path, text, false)
}

#[test]
fn an_import_upwards_is_found_however_it_is_written() {
    let found = |path: &str, text: &str| forbidden_imports(&planted(path, text), ROOMS);
    for text in [
        "use crate::trace::run::Tracer;",
        "fn f() { crate::trace::run::now() }",
        "use crate::{error::Error, trace::{run, link}};",
        "use super::super::trace;",
        "use super::super::{error, trace::run};",
        "pub(in crate::trace) fn f() {}",
    ] {
        let wrong = found("src/mark/dates.rs", text);
        let here = ["src/mark/dates.rs:1: `mark` uses `trace`"];
        assert!(
            wrong.iter().any(|w| here.contains(&w.as_str())),
            "{text}: {wrong:?}"
        );
    }
    assert_eq!(
        found("src/key.rs", "\nuse super::vault;"),
        ["src/key.rs:2: `key` uses `vault`"]
    );
    assert_eq!(
        found("src/cli/demo.rs", "use taggant::mark::plan;"),
        ["src/cli/demo.rs:1: `cli` uses `mark`"]
    );
    assert_eq!(
        found("src/report/json.rs", "use crate::ledger::Ledger;").len(),
        1
    );
    assert_eq!(found("src/key.rs", "use crate as all;").len(), 1);
    assert_eq!(found("src/key.rs", "use crate::*;").len(), 1);
    assert_eq!(
        found("src/table/csv/scan.rs", "use super::super::super::vault;").len(),
        1
    );
}

#[test]
fn what_is_allowed_passes() {
    let found = |path: &str, text: &str| forbidden_imports(&planted(path, text), ROOMS);
    for (path, text) in [
        (
            "src/mark/dates.rs",
            "use crate::{code::SiteKind, policy::{DateOrder, Policy}};",
        ),
        ("src/mark/dates.rs", "use super::plan; use super::{a, b};"),
        (
            "src/table/csv/scan.rs",
            "use super::super::limits; use super::write;",
        ),
        ("src/table/mod.rs", "use crate::error::Error;"),
        ("src/cli/demo.rs", "use crate::cli::terminal;"),
        (
            "src/key.rs",
            "/// [`crate::vault::Vault`]\n// use crate::vault;\n/* crate::vault */",
        ),
        (
            "src/key.rs",
            "const A: &str = \"crate::vault::x\"; const B: &str = r#\"crate::vault\"#;",
        ),
        (
            "src/key.rs",
            "#[cfg(test)]\nmod tests { fn f() { use crate::vault::Vault; } }",
        ),
        ("src/key.rs", "#[cfg(test)]\nuse crate::vault::Vault;"),
    ] {
        assert_eq!(found(path, text), Vec::<String>::new(), "{path}: {text}");
    }
    // and after a test module, code is code again
    let after = "#[cfg(test)]\nmod tests { const C: char = '}'; }\nuse crate::vault::Vault;";
    assert_eq!(
        found("src/key.rs", after),
        ["src/key.rs:3: `key` uses `vault`"]
    );
}

#[test]
fn a_table_that_goes_up_or_gives_too_much_is_found() {
    let rooms: &[(&str, &[&str])] = &[("a", &["b", "c"]), ("b", &["a"]), ("b", &[]), ("c", &[])];
    assert_eq!(
        table_faults(rooms),
        [
            "the table lets `b` use `a`, which does not stand below it",
            "the table has the room `b` twice"
        ]
    );
    let rooms: &[(&str, &[&str])] = &[("a", &["b", "c"]), ("b", &[]), ("c", &[])];
    let used = BTreeMap::from([
        ("a", BTreeSet::from(["b".to_string()])),
        ("b", BTreeSet::new()),
    ]);
    assert_eq!(
        unused_permissions(rooms, &used),
        [
            "the table lets `a` use `c`, and it does not: take the permission back",
            "the table has a room `c`, and src/ has none"
        ]
    );
}

#[test]
fn a_noise_is_heard() {
    let heard = |text: &str| noises(&planted("src/vault.rs", text)).len();
    for text in [
        "fn f() { println!(\"x\") }",
        "fn f() { eprintln! (\"x\") }",
        "fn f() { dbg!(1); }",
        "fn f() { std::env::var(\"X\").ok(); }",
        "use std::{env, fs};",
        "fn f() { std::process::exit(1) }",
        "use std::process; fn f() { process::abort() }",
        "fn f() { std::io::stdout().lock(); }",
    ] {
        assert_eq!(heard(text), 1, "{text}");
    }
    for text in [
        "// println!",
        "const A: &str = \"println!(std::env)\";",
        "fn f() { x.exit_code() }",
        "const V: &str = env!(\"CARGO_PKG_VERSION\");",
        "#[cfg(test)] mod tests { fn f() { println!(\"x\") } }",
    ] {
        assert_eq!(heard(text), 0, "{text}");
    }
}

#[test]
fn a_forbidden_word_is_found_in_code_and_not_in_prose() {
    let text = "//! no Codeword here\nuse crate::code::Codeword;\nfn f<'a>(_: &'a str) {}\n";
    let reader = planted("src/trace/link.rs", text);
    assert_eq!(
        mentions(&reader, ACCUSING),
        ["src/trace/link.rs:2: `Codeword`"]
    );
    let text = "use std::fs;\nfn now() -> jiff::Timestamp { rand::random() }\nlet key = 'k';";
    let evidence = planted("src/trace/evidence.rs", text);
    assert_eq!(mentions(&evidence, IMPURE).len(), 3);
    assert_eq!(mentions(&evidence, &["rand"]).len(), 1);
}

#[test]
fn a_long_file_is_found_and_a_test_may_be_longer() {
    let lines = |n: usize, tests: bool| too_long(&File::of("src/x.rs", &"\n".repeat(n), tests));
    assert!(lines(LINES, false).is_none());
    assert!(lines(LINES + 1, false).is_some());
    assert!(lines(TEST_LINES, true).is_none());
    assert!(lines(TEST_LINES + 1, true).is_some());
}

#[test]
fn files_for_tests_only_are_known_by_their_declaration() {
    let file = |path: &str, text: &str| (path.to_string(), text.to_string());
    let tree = Tree::of(&[
        file(
            "src/trace/mod.rs",
            "pub mod a;\n#[cfg(test)]\nmod trials;\npub mod b;",
        ),
        file(
            "src/trace/a.rs",
            "#[cfg(test)]\n#[path = \"a_tests.rs\"]\nmod tests;",
        ),
        file("src/trace/b.rs", "#[cfg(test)]\npub(crate) mod tests;"),
        file("src/trace/trials.rs", ""),
        file("src/trace/a_tests.rs", ""),
        file("src/trace/b/tests.rs", ""),
        file("src/trace/b/tests/more.rs", ""),
    ]);
    let code: Vec<&str> = tree.code().map(|f| f.path.as_str()).collect();
    assert_eq!(
        code,
        ["src/trace/mod.rs", "src/trace/a.rs", "src/trace/b.rs"]
    );
}
