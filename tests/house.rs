//! The house rules, held against the code: imports go down only, the library is silent, evidence is arithmetic, linking and
//! reading see no codeword, and no file grows past what can be read in one sitting.
//!
//! Each rule is a function over texts, so that a planted violation can show that it bites (`house/bites.rs`). Tests inside
//! the files, and files that are only compiled for tests, are left out of everything but the counting of lines.

#[path = "house/bites.rs"]
mod bites;
#[path = "house/rust.rs"]
mod rust;
#[path = "house/tree.rs"]
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use tree::{File, Tree, imports, room_of};

/// Every room, from top to bottom, with the rooms that it uses. All of these stand further down.
const ROOMS: &[(&str, &[&str])] = &[
    (
        "cli",
        &[
            "clean",
            "drill",
            "error",
            "inspection",
            "intake",
            "issue",
            "ledger",
            "lookup",
            "policy",
            "rehearsal",
            "report",
            "table",
            "trace",
            "vault",
        ],
    ),
    (
        "report",
        &[
            "clean",
            "drill",
            "error",
            "inspection",
            "issue",
            "lookup",
            "policy",
            "rehearsal",
            "table",
            "trace",
        ],
    ),
    (
        "rehearsal",
        &[
            "drill", "error", "intake", "issue", "key", "ledger", "parallel", "policy", "table",
            "trace", "vault",
        ],
    ),
    (
        "inspection",
        &[
            "canary", "code", "error", "forecast", "issue", "key", "ledger", "mark", "parallel",
            "policy", "table", "trace", "value",
        ],
    ),
    (
        "clean",
        &[
            "canary", "code", "digests", "error", "issue", "key", "ledger", "mark", "parallel",
            "policy", "table", "trace", "value", "vault",
        ],
    ),
    ("forecast", &["code", "trace"]),
    (
        "issue",
        &[
            "canary", "code", "digests", "error", "key", "ledger", "mark", "parallel", "policy",
            "table", "trace", "value", "vault",
        ],
    ),
    (
        "lookup",
        &[
            "canary", "code", "digests", "error", "key", "ledger", "mark", "policy", "trace",
            "vault",
        ],
    ),
    (
        "trace",
        &[
            "code", "digests", "error", "key", "ledger", "mark", "parallel", "policy", "table",
            "value", "vault",
        ],
    ),
    ("intake", &["error", "table"]),
    ("drill", &["error", "table", "value"]),
    (
        "canary",
        &["code", "digests", "key", "mark", "policy", "table", "value"],
    ),
    (
        "mark",
        &["code", "key", "ledger", "policy", "table", "value"],
    ),
    ("vault", &["error", "key", "ledger"]),
    ("ledger", &["error", "key"]),
    ("policy", &["code", "error", "parallel", "table", "value"]),
    ("table", &["error"]),
    ("value", &[]),
    ("code", &["key"]),
    ("key", &["error"]),
    ("parallel", &[]),
    ("digests", &[]),
    ("error", &[]),
];

/// Files of `src/trace` that are arithmetic on small types.
const ARITHMETIC: &[&str] = &[
    "src/trace/canaries.rs",
    "src/trace/chain.rs",
    "src/trace/collusion.rs",
    "src/trace/evidence.rs",
    "src/trace/mixture.rs",
    "src/trace/original.rs",
    "src/trace/stretches.rs",
    "src/trace/units.rs",
    "src/trace/verdict.rs",
];

/// The forecast simulates leaks with a fixed seed, so its generator is no chance; all else holds for it too.
const SEEDED_ARITHMETIC: &[&str] = &[
    "src/forecast/coalitions.rs",
    "src/forecast/mod.rs",
    "src/forecast/rows.rs",
];

/// What arithmetic has no business with: files, the clock, keys.
const IMPURE: &[&str] = &[
    "fs",
    "key",
    "MasterKey",
    "BlockKey",
    "CodeKeys",
    "DigestKeys",
    "SealKey",
    "Codeword",
    "Timestamp",
    "Instant",
    "SystemTime",
    "Ledger",
    "Vault",
];

/// Files that link rows and read cells.
const READERS: &[&str] = &[
    "src/trace/columns.rs",
    "src/trace/copies.rs",
    "src/trace/dress.rs",
    "src/trace/features.rs",
    "src/trace/gather.rs",
    "src/trace/holdings.rs",
    "src/trace/known.rs",
    "src/trace/likeness.rs",
    "src/trace/likeness/chance.rs",
    "src/trace/link.rs",
    "src/trace/order.rs",
    "src/trace/partitions.rs",
    "src/trace/reading.rs",
    "src/trace/wrapping.rs",
];

/// By what one could see whom a reading would accuse.
const ACCUSING: &[&str] = &["Codeword", "codeword_key", "canary_key", "MasterKey"];

/// Lines of a file, and of one that is compiled for tests only.
const LINES: usize = 500;
const TEST_LINES: usize = 600;

#[test]
fn every_room_uses_only_the_rooms_below_that_the_table_allows() {
    let tree = Tree::read();
    let mut wrong = table_faults(ROOMS);
    let mut used: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for file in tree.code() {
        let Some(room) = room_of(&file.path) else {
            continue;
        };
        let Some((room, _)) = ROOMS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!(
                "{}: the room `{room}` is not in the table",
                file.path
            ));
            continue;
        };
        wrong.extend(forbidden_imports(file, ROOMS));
        let uses = used.entry(room).or_default();
        uses.extend(imports(file).into_iter().map(|(_, room)| room));
    }
    wrong.extend(unused_permissions(ROOMS, &used));
    none(&wrong);
}

#[test]
fn the_tour_shows_the_same_table() {
    let tour = include_str!("../src/lib.rs");
    let shown: Vec<(String, Vec<String>)> = tour.lines().filter_map(row_of_the_tour).collect();
    let table: Vec<(String, Vec<String>)> = ROOMS
        .iter()
        .map(|(room, uses)| {
            (
                room.to_string(),
                uses.iter().map(|u| u.to_string()).collect(),
            )
        })
        .collect();
    assert_eq!(shown, table);
}

#[test]
fn the_library_neither_prints_nor_asks_its_surroundings() {
    let tree = Tree::read();
    let library = tree
        .code()
        .filter(|f| f.path != "src/main.rs" && !f.path.starts_with("src/cli/"));
    none(&library.flat_map(noises).collect::<Vec<_>>());
}

#[test]
fn evidence_is_arithmetic() {
    let tree = Tree::read();
    let mut wrong = Vec::new();
    for path in ARITHMETIC {
        let file = tree.file(path);
        wrong.extend(mentions(file, IMPURE));
        wrong.extend(mentions(file, &["rand"]));
    }
    for path in SEEDED_ARITHMETIC {
        wrong.extend(mentions(tree.file(path), IMPURE));
    }
    none(&wrong);
}

#[test]
fn linking_and_reading_see_no_codeword() {
    let tree = Tree::read();
    let all = READERS
        .iter()
        .flat_map(|path| mentions(tree.file(path), ACCUSING));
    none(&all.collect::<Vec<_>>());
}

#[test]
fn reports_see_results_only() {
    let tree = Tree::read();
    let reports = tree.code().filter(|f| f.path.starts_with("src/report/"));
    let all = reports.flat_map(|file| mentions(file, &["ledger", "key", "vault"]));
    none(&all.collect::<Vec<_>>());
}

#[test]
fn every_file_can_be_read_in_one_sitting() {
    let tree = Tree::read();
    none(&tree.files.iter().filter_map(too_long).collect::<Vec<_>>());
}

fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// A room and what it uses, from a line of the table in the crate's documentation; the words are those in backticks.
fn row_of_the_tour(line: &str) -> Option<(String, Vec<String>)> {
    let words = |cell: &str| -> Vec<String> {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_string).collect()
    };
    let (room, uses) = line.strip_prefix("//! |")?.split_once('|')?;
    let room = words(room).into_iter().next()?;
    Some((room, words(uses)))
}

/// What is wrong with the table itself: a room twice, or a permission that goes up or nowhere.
fn table_faults(rooms: &[(&str, &[&str])]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, (room, uses)) in rooms.iter().enumerate() {
        if rooms[..at].iter().any(|(name, _)| name == room) {
            wrong.push(format!("the table has the room `{room}` twice"));
        }
        for target in *uses {
            if !rooms[at + 1..].iter().any(|(name, _)| name == target) {
                wrong.push(format!(
                    "the table lets `{room}` use `{target}`, which does not stand below it"
                ));
            }
        }
    }
    wrong
}

fn forbidden_imports(file: &File, rooms: &[(&str, &[&str])]) -> Vec<String> {
    let room = room_of(&file.path).unwrap_or_default();
    let allowed = rooms
        .iter()
        .find(|(name, _)| *name == room)
        .map_or(&[][..], |(_, uses)| uses);
    imports(file)
        .into_iter()
        .filter(|(_, target)| *target != room && !allowed.contains(&target.as_str()))
        .map(|(line, target)| format!("{}:{line}: `{room}` uses `{target}`", file.path))
        .collect()
}

/// A permission that nobody uses is a door left open. Only asked once every room was seen.
fn unused_permissions(
    rooms: &[(&str, &[&str])],
    used: &BTreeMap<&str, BTreeSet<String>>,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (room, uses) in rooms {
        let Some(found) = used.get(room) else {
            wrong.push(format!("the table has a room `{room}`, and src/ has none"));
            continue;
        };
        for target in uses.iter().filter(|target| !found.contains(**target)) {
            wrong.push(format!(
                "the table lets `{room}` use `{target}`, and it does not: take the permission back"
            ));
        }
    }
    wrong
}

/// Printing, the environment, standard streams, leaving the process.
fn noises(file: &File) -> Vec<String> {
    let tokens = &file.tokens;
    let mut wrong = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map_or("", |t| t.text.as_str());
        let noisy = match token.text.as_str() {
            "println" | "eprintln" | "print" | "eprint" | "dbg" => next == "!",
            // `env!` is the compiler's environment, not the user's
            "env" => next != "!",
            // a child's streams are not ours
            "stdout" | "stderr" | "stdin" => {
                next == "("
                    && at
                        .checked_sub(1)
                        .is_none_or(|before| tokens[before].text != ".")
            }
            "exit" | "abort" => at > 1 && tokens[at - 2].text == "process",
            _ => false,
        };
        if noisy {
            wrong.push(format!("{}:{}: `{}`", file.path, token.line, token.text));
        }
    }
    wrong
}

fn mentions(file: &File, words: &[&str]) -> Vec<String> {
    let hits = file
        .tokens
        .iter()
        .filter(|token| words.contains(&token.text.as_str()));
    hits.map(|token| format!("{}:{}: `{}`", file.path, token.line, token.text))
        .collect()
}

fn too_long(file: &File) -> Option<String> {
    let most = if file.for_tests { TEST_LINES } else { LINES };
    (file.lines > most).then(|| {
        format!(
            "{}: {} lines, {most} at most; it usually hides two",
            file.path, file.lines
        )
    })
}
