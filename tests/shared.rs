//! Canaries that recipients share: partners who keep only what their copies have in common still carry evidence.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use sha2::{Digest, Sha256};
use taggant::drill::leaks::{Encoding, to_csv_bytes};
use taggant::drill::registers::Maternity;
use taggant::issue::{Given, Issue, Request};
use taggant::policy::{Policy, Role, infer::infer};
use taggant::table::{Limits, Table, from_bytes, open};
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::vault::Vault;

const ID: &str = "身份证号";
const PHONE: &str = "手机号";

/// Issues a table; the copies in the order of recipients.
fn issue(
    vault: &mut Vault,
    folder: &Path,
    table: &Table,
    stem: &str,
    policy: Option<Policy>,
    recipients: &[&str],
) -> Vec<Table> {
    let bytes = to_csv_bytes(table, Encoding::Utf8Bom);
    let source_sha256 = Sha256::digest(&bytes).into();
    let limits = Limits::default();
    let source = from_bytes("register.csv", bytes, &limits)
        .unwrap()
        .remove(0);
    let request = Request {
        recipients: recipients.iter().map(|r| r.to_string()).collect(),
        out: folder.join(stem),
        stem: stem.into(),
        source_sha256,
        ..Request::default()
    };
    let given = Given {
        register: Some("register".into()),
        policy,
        ..Given::alone(&source)
    };
    let issued = Issue::prepare_all(vault, vec![given], request)
        .unwrap()
        .run(&|_| ())
        .unwrap();
    let read = |path: &Path| open(path, &limits).unwrap().remove(0).table;
    let copies: Vec<Table> = issued.iter().map(|i| read(&i.path)).collect();
    for (copy, issued) in copies.iter().zip(&issued) {
        assert_eq!(copy.rows(), table.rows() + issued.canaries);
    }
    copies
}

/// The made-up rows of a copy: row by phone, for those whose phone is not in the source.
fn made_up(copy: &Table, source: &Table) -> HashMap<String, usize> {
    let phones = |table: &Table| table.position(PHONE).unwrap();
    let real: HashSet<&str> = source.column(phones(source)).collect();
    let there = copy.column(phones(copy)).enumerate();
    there
        .filter(|(_, phone)| !real.contains(phone))
        .map(|(row, phone)| (phone.to_string(), row))
        .collect()
}

/// The policy of a table, without anything that may be altered.
fn unalterable(table: &Table) -> Policy {
    let mut policy = infer(table);
    for column in &mut policy.columns {
        if column.role == Role::Carrier {
            column.role = Role::Plain;
        }
    }
    policy
}

#[test]
fn half_the_recipients_hold_a_shared_canary_each_with_marks_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
    let register = Maternity {
        rows: 8_000,
        seed: 5,
    };
    let march = register.month(0);
    let names = ["A", "B", "C", "D", "E", "F"];
    let copies = issue(&mut vault, folder.path(), &march, "march", None, &names);
    let canaries: Vec<HashMap<String, usize>> = copies.iter().map(|c| made_up(c, &march)).collect();
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    for (copy, canaries) in canaries.iter().enumerate() {
        for phone in canaries.keys() {
            holders.entry(phone).or_default().push(copy);
        }
    }
    let shared: Vec<(&str, &Vec<usize>)> = holders
        .iter()
        .filter(|(_, copies)| copies.len() > 1)
        .map(|(phone, copies)| (*phone, copies))
        .collect();
    // forty records lend themselves, and each of six copies holds half of their canaries
    assert!((20..=60).contains(&shared.len()), "{}", shared.len());
    let held: usize = shared.iter().map(|(_, copies)| copies.len()).sum();
    let part = held as f64 / (6 * shared.len()) as f64;
    assert!((0.38..=0.72).contains(&part), "{part}");
    // the very same person, but not the same row to the last value
    let (mut same_id, mut differ, mut pairs) = (0, 0, 0);
    for (phone, among) in &shared {
        let row = |n: usize| {
            let copy = among[n];
            copies[copy]
                .row(canaries[copy][*phone])
                .skip(1)
                .collect::<Vec<&str>>()
        };
        let id = |n: usize| {
            let copy = &copies[among[n]];
            copy.cell(canaries[among[n]][*phone], copy.position(ID).unwrap())
        };
        pairs += 1;
        same_id += usize::from(id(0) == id(1));
        differ += usize::from(row(0) != row(1));
    }
    assert_eq!(same_id, pairs);
    assert!(
        differ * 2 > pairs,
        "{differ} of {pairs} pairs differ in a mark"
    );

    // April: who is there still is who they were
    let april = register.month(1);
    let later = issue(&mut vault, folder.path(), &april, "april", None, &["B"]);
    let b_march: HashSet<&String> = canaries[1].keys().collect();
    let now = made_up(&later[0], &april);
    let kept = now.keys().filter(|p| b_march.contains(p)).count();
    assert!(
        kept * 10 >= b_march.len() * 7,
        "{kept} of {} canaries are there in April",
        b_march.len()
    );
    // a shared canary of March that is in April's copy too is known to be one
    let outcome = Tracer::new(&vault)
        .unwrap()
        .trace(&vault, &[&later[0]], Alpha::DEFAULT)
        .unwrap();
    assert_eq!(outcome.sources.len(), 1);
    assert_eq!(outcome.sources[0].recipient, "B");
    let hit = outcome.sources[0].exports.last().unwrap();
    assert_eq!(hit.canaries_found, hit.canaries_issued);
}

/// What two partners keep who delete every row that only one of them has.
fn in_common(a: &Table, b: &Table) -> Table {
    // not by the number alone: a canary may have that of a real record, as real ones may have each other's
    let person = |table: &Table, row: usize| {
        [ID, PHONE].map(|name| table.cell(row, table.position(name).unwrap()).to_string())
    };
    let theirs: HashSet<[String; 2]> = (0..b.rows()).map(|row| person(b, row)).collect();
    let mut out = Table::new(a.header().to_vec(), a.width());
    for row in (0..a.rows()).filter(|row| theirs.contains(&person(a, *row))) {
        out.push(a.row(row));
    }
    out
}

#[test]
fn two_who_keep_only_what_both_have_are_told_by_the_canaries_they_share() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
    let table = Maternity {
        rows: 16_000,
        seed: 6,
    }
    .month(0);
    let mut policy = unalterable(&table);
    // more than the usual rate, for so small a table
    policy.canaries.rate = 0.015;
    let names: Vec<String> = (0..40).map(|n| format!("Partner {n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let copies = issue(
        &mut vault,
        folder.path(),
        &table,
        "march",
        Some(policy),
        &names,
    );
    let tracer = Tracer::new(&vault).unwrap();
    for (a, b) in [(0, 1), (7, 30), (12, 39)] {
        let leak = in_common(&copies[a], &copies[b]);
        let outcome = tracer.trace(&vault, &[&leak], Alpha::DEFAULT).unwrap();
        let named: HashSet<&str> = outcome
            .sources
            .iter()
            .map(|s| s.recipient.as_str())
            .collect();
        assert!(
            named.contains(names[a]) || named.contains(names[b]),
            "{a}, {b}: {named:?}"
        );
        let innocent = |name: &&&str| **name != names[a] && **name != names[b];
        assert_eq!(named.iter().find(innocent), None);
        let kind = |s: &taggant::trace::outcome::Candidate| s.evidence[0].kind.word();
        assert_eq!(kind(&outcome.sources[0]), "shared");
    }
}

#[test]
fn a_table_that_holds_shared_canaries_is_not_issued() {
    let folder = tempfile::tempdir().unwrap();
    let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
    let table = Maternity {
        rows: 6_000,
        seed: 8,
    }
    .month(0);
    let copies = issue(
        &mut vault,
        folder.path(),
        &table,
        "march",
        Some(unalterable(&table)),
        &["A", "B"],
    );
    let leak = in_common(&copies[0], &copies[1]);
    let bytes = to_csv_bytes(&leak, Encoding::Utf8Bom);
    let source = from_bytes("back.csv", bytes, &Limits::default())
        .unwrap()
        .remove(0);
    let request = Request {
        recipients: vec!["C".into()],
        out: folder.path().join("back"),
        stem: "back".into(),
        ..Request::default()
    };
    let Err(refused) = Issue::prepare(&mut vault, &source, request) else {
        panic!("issued")
    };
    assert!(refused.to_string().contains("made-up records"), "{refused}");
}
