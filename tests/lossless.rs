//! Copies in which no value differs: told apart by canaries and by the order of rows.

mod support;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use support::{Desk, column, read, sheet};
use taggant::drill::leaks::{
    Repeats, join, shuffle_columns, shuffle_rows, sort_by, take_rows, to_xlsx_bytes,
};
use taggant::drill::registers::{Maternity, contacts, patients};
use taggant::issue::{Given, Issue, Plan, Request};
use taggant::policy::{Fidelity, Policy, infer::infer};
use taggant::table::{Limits, Source, Table, from_bytes, open};
use taggant::trace::outcome::Outcome;
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::trace::verdict::Verdict;
use taggant::vault::Vault;

/// The only columns that may differ: rows are numbered again.
const NUMBERING: [&str; 1] = ["序号"];

/// Rows without their numbering, how many of each.
fn rows(table: &Table) -> BTreeMap<Vec<&str>, usize> {
    let header = table.header();
    let mut all = BTreeMap::new();
    for row in 0..table.rows() {
        let cells = table.row(row).zip(header);
        let kept = cells.filter(|(_, name)| !NUMBERING.contains(&name.as_str()));
        *all.entry(kept.map(|(cell, _)| cell).collect()).or_insert(0) += 1;
    }
    all
}

/// Joins the copy with its source on `id`: every record of the source stands in the copy once more than not at all, with every value as it
/// was, and what else the copy holds are its canaries.
#[track_caller]
fn differs_in_nothing(source: &Table, copy: &Table, id: &str, canaries: usize) {
    assert_eq!(source.header(), copy.header());
    assert_eq!(copy.rows(), source.rows() + canaries);
    let theirs = rows(copy);
    for (row, times) in rows(source) {
        assert_eq!(theirs.get(&row), Some(&times), "{row:?}");
    }
    let id = column(source, id);
    let by_id = |table: &Table| -> HashMap<String, Vec<usize>> {
        let mut all: HashMap<String, Vec<usize>> = HashMap::new();
        for row in 0..table.rows() {
            all.entry(table.cell(row, id).to_string())
                .or_default()
                .push(row);
        }
        all.retain(|id, rows| !id.is_empty() && rows.len() == 1);
        all
    };
    let (ours, theirs) = (by_id(source), by_id(copy));
    let mut joined = 0;
    for (id, row) in &ours {
        let Some(there) = theirs.get(id) else {
            panic!("{id} is not in the copy once")
        };
        for (at, name) in source.header().iter().enumerate() {
            if !NUMBERING.contains(&name.as_str()) {
                assert_eq!(
                    source.cell(row[0], at),
                    copy.cell(there[0], at),
                    "{name} of {id}"
                );
            }
        }
        joined += 1;
    }
    assert!(joined * 10 > source.rows() * 9, "{joined} joined");
}

fn csv(table: &Table) -> Source {
    let read = from_bytes("register.csv", sheet(table), &Limits::default());
    read.unwrap().remove(0)
}

fn request(source: &Source, to: &[String], out: &Path) -> Request {
    Request {
        recipients: to.to_vec(),
        out: out.to_path_buf(),
        stem: "register".into(),
        source_sha256: Sha256::digest(sheet(&source.table)).into(),
        lossless: true,
        ..Request::default()
    }
}

fn under<'a>(register: &str, source: &'a Source) -> Given<'a> {
    Given {
        register: Some(register.into()),
        ..Given::alone(source)
    }
}

fn issue(vault: &mut Vault, given: Given<'_>, request: Request) -> (Plan, Vec<Table>) {
    let issue = Issue::prepare_all(vault, vec![given], request).unwrap();
    let plan = issue.plan();
    let issued = issue.run(&|_| ()).unwrap();
    let tables = issued
        .iter()
        .map(|i| open(&i.path, &Limits::default()).unwrap().remove(0).table)
        .collect();
    (plan, tables)
}

/// Only the rows from `first` to before `end`.
fn part(table: &Table, first: usize, end: usize) -> Table {
    let mut out = Table::new(table.header().to_vec(), table.width());
    for row in first..end.min(table.rows()) {
        out.push(table.row(row));
    }
    out
}

/// The copy without its canaries, as somebody would leave it who knows them all. Some people have no number `id`, and some canaries
/// neither: then the telephone tells.
fn stripped(copy: &Table, source: &Table, id: &str) -> Table {
    let id = column(source, id);
    let phones = ["手机号", "电话", "Phone"];
    let phone = phones.iter().find_map(|name| source.position(name));
    let who = |table: &Table, row: usize| {
        let phone = phone.map(|at| table.cell(row, at).to_string());
        (table.cell(row, id).to_string(), phone)
    };
    let real: HashSet<_> = (0..source.rows()).map(|row| who(source, row)).collect();
    let mut out = Table::new(copy.header().to_vec(), copy.width());
    for row in (0..copy.rows()).filter(|row| real.contains(&who(copy, *row))) {
        out.push(copy.row(row));
    }
    out
}

fn trace(vault: &Vault, leak: &Table) -> Outcome {
    let tracer = Tracer::new(vault).unwrap();
    tracer.trace(vault, &[leak], Alpha::DEFAULT).unwrap()
}

fn names(outcome: &Outcome) -> Vec<&str> {
    outcome
        .sources
        .iter()
        .map(|s| s.recipient.as_str())
        .collect()
}

fn two() -> Vec<String> {
    vec!["甲院".into(), "North Clinic".into()]
}

struct Place {
    folder: tempfile::TempDir,
    vault: Vault,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let vault = Vault::create(&folder.path().join("vault"), None).unwrap();
        Place { folder, vault }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[test]
fn not_one_value_differs_in_any_format_or_language() {
    let mothers = Maternity {
        rows: 1_200,
        seed: 3,
    }
    .month(0);
    let patients = shuffle_rows(&patients(800, 4), 4);
    for (table, id) in [(&mothers, "身份证号"), (&patients, "Record No")] {
        let files: [(&str, Vec<u8>); 2] = [
            ("register.csv", sheet(table)),
            ("register.xlsx", to_xlsx_bytes(table).unwrap()),
        ];
        for (name, bytes) in files {
            let mut place = Place::new();
            let source = from_bytes(name, bytes, &Limits::default())
                .unwrap()
                .remove(0);
            let request = request(&source, &two(), &place.out("copies"));
            let issue = Issue::prepare(&mut place.vault, &source, request).unwrap();
            let plan = issue.plan();
            assert!(
                plan.tables[0].sites > 400,
                "{name}: {}",
                plan.tables[0].sites
            );
            assert!(plan.tables[0].summary[0].starts_with("no value is altered"));
            let issued = issue.run(&|_| ()).unwrap();
            for (copy, recipient) in issued.iter().zip(two()) {
                assert_eq!((copy.cells_altered, copy.sites), (0, plan.tables[0].sites));
                assert!(copy.canaries > 0);
                let read = read(&copy.path).table;
                differs_in_nothing(&source.table, &read, id, copy.canaries);
                // rows did change places
                let alone = stripped(&read, &source.table, id);
                let id = column(&alone, id);
                assert!(!alone.column(id).eq(source.table.column(id)));
                let found = trace(&place.vault, &alone);
                assert_eq!(names(&found), [recipient.as_str()], "{name}");
                assert_eq!(found.sources[0].canaries.met, 0);
            }
        }
    }
}

#[test]
fn the_order_that_the_table_has_is_kept() {
    let place = &mut Place::new();
    let register = Maternity {
        rows: 1_500,
        seed: 8,
    }
    .month(2);
    let source = csv(&register);
    let wish = request(&source, &two(), &place.out("copies"));
    let (_, copies) = issue(&mut place.vault, Given::alone(&source), wish);
    for copy in &copies {
        let days: Vec<&str> = copy.column(column(copy, "建档日期")).collect();
        assert!(days.is_sorted());
        let numbers = copy.column(column(copy, "序号"));
        assert!(numbers.eq((1..=copy.rows()).map(|n| n.to_string()).collect::<Vec<_>>()));
    }
}

#[test]
fn rows_left_out_leave_the_others_readable() {
    let mut place = Place::new();
    let source = csv(&shuffle_rows(&patients(6_000, 9), 1));
    let wish = request(&source, &two(), &place.out("copies"));
    let (plan, copies) = issue(&mut place.vault, Given::alone(&source), wish);
    assert!(plan.tables[0].sites > 3_000, "{}", plan.tables[0].sites);
    for (copy, recipient) in copies.iter().zip(two()) {
        let alone = stripped(copy, &source.table, "Record No");
        for leak in [
            take_rows(&alone, 900, 5),
            part(&alone, 2_000, 2_150),
            part(&shuffle_columns(&alone, 2), 40, 200),
        ] {
            assert_eq!(names(&trace(&place.vault, &leak)), [recipient.as_str()]);
        }
    }
    // the first half of one copy and the second of another
    let halves = copies
        .iter()
        .map(|c| stripped(c, &source.table, "Record No"));
    let [one, other] = &halves.collect::<Vec<_>>()[..] else {
        panic!("two copies")
    };
    let merged = join(
        &[&part(one, 0, 3_000), &part(other, 3_000, 6_000)],
        Repeats::Keep,
    );
    let found = trace(&place.vault, &merged);
    assert_eq!(found.sources.len(), 2);
    for share in found.sources.iter().filter_map(|s| s.share) {
        assert!((share.share.0 - 0.5).abs() < 0.05, "{share:?}");
    }
    // what nobody was given: the source itself, and what was sorted otherwise
    let own = trace(&place.vault, &source.table);
    assert_eq!(own.verdict, Verdict::Original);
    let alone = stripped(&copies[0], &source.table, "Record No");
    for sorted in [
        sort_by(&alone, "Patient Name").unwrap(),
        shuffle_rows(&alone, 3),
    ] {
        let found = trace(&place.vault, &sorted);
        assert_eq!(found.verdict, Verdict::Inconclusive);
        assert!(found.sites_read < 300, "{}", found.sites_read);
    }
    // patients without an address stay in the source's own order, which may be enough to know it by
    let sorted = trace(&place.vault, &sort_by(&source.table, "Email").unwrap());
    assert!(sorted.sources.is_empty());
    assert_ne!(sorted.verdict, Verdict::Attributed);
    assert!(sorted.sites_read < 300, "{}", sorted.sites_read);
}

#[test]
fn a_recipient_sees_the_same_order_in_every_month_and_later_recipients_fit_in() {
    let mut place = Place::new();
    let month = |n: usize| {
        csv(&Maternity {
            rows: 2_000,
            seed: 6,
        }
        .month(n))
    };
    let mut leaks = Vec::new();
    for n in 0..3 {
        let source = month(n);
        let wish = request(&source, &two(), &place.out(&format!("m{n}")));
        let (_, copies) = issue(&mut place.vault, under("mothers", &source), wish);
        leaks.push(stripped(&copies[0], &source.table, "身份证号"));
    }
    let march = month(0);
    let wish = request(&march, &["late".into()], &place.out("again"));
    let (_, late) = issue(&mut place.vault, under("mothers", &march), wish);
    let late = stripped(&late[0], &march.table, "身份证号");
    assert_eq!(names(&trace(&place.vault, &late)), ["late"]);
    for leak in &leaks {
        let found = trace(&place.vault, leak);
        assert_eq!(names(&found), ["甲院"]);
        let order = found.sources[0].evidence[0];
        assert!(
            order.agree as f64 > 0.98 * order.read as f64,
            "{} of {}",
            order.agree,
            order.read
        );
    }
    // both months in one sheet, one after the other
    let rolled = join(&[&leaks[0], &leaks[1]], Repeats::Keep);
    assert_eq!(names(&trace(&place.vault, &rolled)), ["甲院"]);
    // a copy that comes back without its canaries is no month of the agency's
    let back = csv(&leaks[1]);
    let wish = request(&back, &two(), &place.out("back"));
    let refused = Issue::prepare_all(&mut place.vault, vec![under("mothers", &back)], wish);
    let refused = refused.err().unwrap();
    assert!(refused.to_string().contains("the marks of the copy"));
    // who stands in both months beside the same person stands before or behind that person in both
    let id = column(&march.table, "身份证号");
    let sides = |table: &Table| -> HashSet<(String, String)> {
        let ids: Vec<String> = table.column(id).map(str::to_string).collect();
        ids.windows(2)
            .filter(|w| w.iter().all(|id| !id.is_empty()))
            .map(|w| (w[0].clone(), w[1].clone()))
            .collect()
    };
    for pair in leaks.windows(2) {
        let (before, after) = (sides(&pair[0]), sides(&pair[1]));
        let turned = before
            .iter()
            .filter(|(a, b)| after.contains(&(b.clone(), a.clone())))
            .count();
        assert!(turned * 50 < before.len(), "{turned} of {}", before.len());
    }
}

#[test]
fn a_table_whose_order_is_settled_or_a_short_list_says_what_is_left() {
    let mut place = Place::new();
    // sorted by a number that every record has once
    let source = csv(&patients(600, 5));
    let wish = request(&source, &two(), &place.out("copies"));
    let (plan, copies) = issue(&mut place.vault, Given::alone(&source), wish);
    assert_eq!(plan.tables[0].sites, 0);
    assert!(
        plan.tables[0]
            .notes
            .iter()
            .any(|n| n.contains("order tells nothing")),
        "{:?}",
        plan.tables[0].notes
    );
    assert_eq!(names(&trace(&place.vault, &copies[1])), ["North Clinic"]);
    // no canaries either: nobody's copy
    let mut wish = request(&source, &two(), &place.out("more"));
    wish.canaries = Some(0);
    let refused = Issue::prepare(&mut place.vault, &source, wish)
        .err()
        .unwrap();
    assert!(refused.to_string().contains("nothing that may be altered"));

    let mut place = Place::new();
    let source = csv(&contacts(48, 2));
    let wish = request(&source, &two(), &place.out("copies"));
    let (plan, copies) = issue(&mut place.vault, Given::alone(&source), wish);
    assert!(plan.tables[0].sites > 15, "{}", plan.tables[0].sites);
    differs_in_nothing(&source.table, &copies[0], "电话", 0);
    let found = trace(&place.vault, &copies[0]);
    assert_eq!(found.candidates[0].recipient, "甲院");
    assert!(found.candidates[0].log10_e.0 > 2.0);
}

#[test]
fn a_frozen_register_keeps_to_what_it_began_with() {
    let desk = Desk::new();
    let table = Maternity { rows: 300, seed: 1 };
    desk.put("m0.csv", sheet(&table.month(0)));
    desk.put("m1.csv", sheet(&table.month(1)));
    desk.issue("m0.csv", &["A"], &["--register", "free"]).well();
    desk.refuses(
        2,
        &[
            "issue",
            "m1.csv",
            "--to",
            "A",
            "--out",
            "copies",
            "--register",
            "free",
            "--lossless",
        ],
        &["`free`", "--lossless", "--register"],
    );
    let ran = desk
        .issue("m0.csv", &["B"], &["--register", "kept", "--lossless"])
        .well();
    assert!(ran.stderr.contains("no value is altered"), "{}", ran.stderr);
    // the register goes on so, asked or not
    let ran = desk.issue("m1.csv", &["B"], &["--register", "kept"]).well();
    assert!(ran.stderr.contains("no value is altered"), "{}", ran.stderr);
    let ran = desk.run([
        "inspect",
        "m0.csv",
        "--lossless",
        "--write-policy",
        "p.toml",
    ]);
    ran.well();
    let policy = String::from_utf8(desk.bytes("p.toml")).unwrap();
    assert!(policy.contains("fidelity = \"lossless\""), "{policy}");
    desk.issue(
        "m1.csv",
        &["C"],
        &["--register", "third", "--policy", "p.toml"],
    )
    .well();
}

#[test]
fn order_stands_beside_altered_values_and_rows_say_only_what_their_cells_do() {
    let mut place = Place::new();
    let source = csv(&shuffle_rows(&patients(1_500, 2), 7));
    let mut policy = infer(&source.table);
    policy.row_order = true;
    let mut wish = request(&source, &two(), &place.out("copies"));
    wish.lossless = false;
    let given = Given {
        policy: Some(policy),
        ..Given::alone(&source)
    };
    let (plan, copies) = issue(&mut place.vault, given, wish);
    assert!(plan.tables[0].summary[0].contains("may change places"));
    let alone = stripped(&copies[0], &source.table, "Record No");
    let kinds = |outcome: &Outcome| -> Vec<&str> {
        let evidence = outcome.candidates[0].evidence.iter();
        evidence.map(|e| e.kind.word()).collect()
    };
    let found = trace(&place.vault, &alone);
    assert_eq!(names(&found), ["甲院"]);
    assert_eq!(kinds(&found).last(), Some(&"order"));
    assert_eq!(found.sources[0].share.map(|s| s.share.0 > 0.99), Some(true));
    let sorted = trace(&place.vault, &sort_by(&alone, "Email").unwrap());
    assert_eq!(names(&sorted), ["甲院"]);
    assert_eq!(
        infer(&source.table).fidelity,
        Fidelity::Subtle,
        "nobody is lossless unasked"
    );
}

/// Recipients who are scored beside those whose copies leak.
const RECIPIENTS: usize = 1_000;

/// What becomes of a copy, by a seed, with its name.
type Leak<'a> = (&'a str, &'a dyn Fn(&Table, u64) -> Table);

/// Traces leaks of every one of some recipients' copies: how many were named, the least and the middle weight, and innocents named.
fn measured(
    name: &str,
    source: &Source,
    id: &str,
    traced: usize,
    policy: Option<&Policy>,
    leaks: &[Leak<'_>],
) -> Vec<(usize, usize)> {
    let mut place = Place::new();
    // everybody who is scored has had a copy of something
    let others: Vec<String> = (0..RECIPIENTS).map(|n| format!("Other {n}")).collect();
    let small = csv(&shuffle_rows(&patients(60, 77), 1));
    let mut wish = request(&small, &others, &place.out("others"));
    wish.stem = "small".into();
    wish.canaries = Some(0);
    issue(&mut place.vault, under("small", &small), wish);
    std::fs::remove_dir_all(place.out("others")).unwrap();
    let mut all: Vec<(usize, usize, Vec<f64>)> = vec![(0, 0, Vec::new()); leaks.len()];
    for batch in (0..traced).collect::<Vec<_>>().chunks(10) {
        let to: Vec<String> = batch.iter().map(|n| format!("Traced {n}")).collect();
        let mut wish = request(source, &to, &place.out("copies"));
        wish.force = true;
        wish.lossless = policy.is_none();
        let given = Given {
            policy: policy.cloned(),
            ..under("large", source)
        };
        let (_, copies) = issue(&mut place.vault, given, wish);
        std::fs::remove_dir_all(place.out("copies")).unwrap();
        let tracer = Tracer::new(&place.vault).unwrap();
        for (copy, (recipient, seed)) in copies.iter().zip(to.iter().zip(batch)) {
            let alone = stripped(copy, &source.table, id);
            for ((_, leak), sum) in leaks.iter().zip(&mut all) {
                let leak = leak(&alone, *seed as u64);
                let found = tracer
                    .trace(&place.vault, &[&leak], Alpha::DEFAULT)
                    .unwrap();
                let own = found.candidates.iter().find(|c| c.recipient == *recipient);
                sum.0 += usize::from(names(&found).contains(&recipient.as_str()));
                sum.1 += names(&found).iter().filter(|n| *n != recipient).count();
                sum.2.push(own.map_or(f64::NEG_INFINITY, |c| c.log10_e.0));
            }
        }
    }
    for ((what, _), (named, innocents, weights)) in leaks.iter().zip(&mut all) {
        weights.sort_by(f64::total_cmp);
        println!(
            "{name}, {what}: {named} of {traced} named, {innocents} innocents; log10 E least {:.1}, middle {:.1}",
            weights[0],
            weights[weights.len() / 2]
        );
    }
    all.iter()
        .map(|(named, innocents, _)| (*named, *innocents))
        .collect()
}

#[test]
#[ignore = "heavy: some minutes"]
fn two_thousand_rows_in_order_name_one_of_a_thousand() {
    let in_order = |rows: usize| {
        move |t: &Table, seed: u64| {
            let first = (seed as usize * 7_919) % (t.rows() - rows + 1);
            part(t, first, first + rows)
        }
    };
    let drawn = |rows: usize| move |t: &Table, seed: u64| take_rows(t, rows, seed);
    let (a, b, c) = (in_order(2_000), in_order(100), in_order(60));
    let (d, e, f) = (drawn(2_000), drawn(500), drawn(300));
    let leaks: [Leak<'_>; 6] = [
        ("2,000 rows running", &a),
        ("2,000 rows drawn at random, in order", &d),
        ("100 rows running", &b),
        ("60 rows running", &c),
        ("500 rows drawn", &e),
        ("300 rows drawn", &f),
    ];
    let mothers = Maternity {
        rows: 40_000,
        seed: 12,
    }
    .month(0);
    let sorted = csv(&mothers);
    let unsorted = csv(&shuffle_rows(&patients(20_000, 3), 3));
    for (name, source, id) in [
        ("40,000 mothers sorted by day", &sorted, "身份证号"),
        ("20,000 patients in no order", &unsorted, "Record No"),
    ] {
        let found = measured(name, source, id, 100, None, &leaks);
        assert_eq!(found[..2], [(100, 0), (100, 0)]);
        assert!(found.iter().all(|(_, innocents)| *innocents == 0));
    }
    let small = csv(&shuffle_rows(&patients(2_000, 8), 3));
    let whole = |t: &Table, _: u64| t.clone();
    let found = measured(
        "2,000 patients",
        &small,
        "Record No",
        100,
        None,
        &[("all rows", &whole)],
    );
    assert_eq!(found, [(100, 0)]);
}

#[test]
#[ignore = "heavy: some minutes"]
fn an_order_that_was_sorted_away_takes_little_from_values() {
    let mothers = Maternity {
        rows: 20_000,
        seed: 12,
    }
    .month(0);
    let sorted = csv(&mothers);
    let unsorted = csv(&shuffle_rows(&patients(20_000, 3), 3));
    let email = |t: &Table, seed: u64| {
        let other = if t.position("Email").is_some() {
            "Email"
        } else {
            "姓名"
        };
        sort_by(&take_rows(t, 2_000, seed), other).unwrap()
    };
    let all = |t: &Table, seed: u64| shuffle_rows(t, seed);
    let few = |t: &Table, seed: u64| shuffle_rows(&take_rows(t, 20, seed), seed);
    let running = |t: &Table, seed: u64| part(t, seed as usize * 60, seed as usize * 60 + 20);
    let shuffled = |t: &Table, seed: u64| shuffle_rows(&running(t, seed), seed);
    for (name, source, id) in [
        ("mothers", &sorted, "身份证号"),
        ("patients", &unsorted, "Record No"),
    ] {
        for row_order in [false, true] {
            let mut policy = infer(&source.table);
            policy.row_order = row_order;
            let leaks: [Leak<'_>; 5] = [
                ("2,000 rows sorted by another column", &email),
                ("all rows shuffled", &all),
                ("20 rows shuffled", &few),
                ("20 rows running", &running),
                ("20 rows running, then shuffled", &shuffled),
            ];
            let name = format!("{name}, row order {row_order}");
            let found = measured(&name, source, id, 60, Some(&policy), &leaks);
            assert!(found.iter().all(|(_, innocents)| *innocents == 0));
            assert_eq!((found[0].0, found[1].0), (60, 60));
        }
    }
}
