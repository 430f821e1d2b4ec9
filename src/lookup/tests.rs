//! What is said of values that are known to be a canary's, a record's or nobody's.

use sha2::{Digest, Sha256};

use super::*;
use crate::drill::leaks::{Encoding, to_csv_bytes};
use crate::drill::registers::Maternity;
use crate::issue::{Given, Issue, Request};
use crate::table::{self, Limits, Table};

/// A vault with two months of a register, issued to `recipients`, and its tables: the months', and each copy's.
struct Office {
    _folder: tempfile::TempDir,
    vault: Vault,
    months: Vec<Table>,
    copies: Vec<(String, usize, Table)>,
}

impl Office {
    fn new(recipients: usize) -> Office {
        let folder = tempfile::tempdir().unwrap();
        let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
        let mut office = (Vec::new(), Vec::new());
        for month in 0..2 {
            let register = Maternity { rows: 300, seed: 3 };
            let bytes = to_csv_bytes(&register.month(month), Encoding::Utf8);
            let source_sha256 = Sha256::digest(&bytes).into();
            let source = table::from_bytes("list.csv", bytes, &Limits::default())
                .unwrap()
                .remove(0);
            let request = Request {
                recipients: (0..recipients).map(|n| format!("R{n}")).collect(),
                out: folder.path().join(format!("copies{month}")),
                stem: format!("month{month}"),
                canaries: Some(4),
                source_sha256,
                ..Request::default()
            };
            let given = Given {
                register: Some("mothers".into()),
                ..Given::alone(&source)
            };
            let issued = Issue::prepare_all(&mut vault, vec![given], request)
                .unwrap()
                .run(&|_| ())
                .unwrap();
            for copy in issued {
                let table = table::open(&copy.path, &Limits::default())
                    .unwrap()
                    .remove(0)
                    .table;
                office.1.push((copy.recipient, month, table));
            }
            office.0.push(source.table);
        }
        Office {
            _folder: folder,
            vault,
            months: office.0,
            copies: office.1,
        }
    }

    fn ask(&self, values: &[&str]) -> Found {
        let values: Vec<String> = values.iter().map(|v| v.to_string()).collect();
        lookup(&self.vault, &values).unwrap()
    }
}

fn cell<'t>(table: &'t Table, row: usize, name: &str) -> &'t str {
    table.cell(row, table.position(name).unwrap())
}

/// The rows of a copy with an ID and with a telephone number that nobody in the month has.
fn canaries(office: &Office, copy: &(String, usize, Table)) -> Vec<usize> {
    let month = &office.months[copy.1];
    let phone = month.position("手机号").unwrap();
    let real: std::collections::HashSet<&str> = month.column(phone).collect();
    (0..copy.2.rows())
        .filter(|row| {
            ["身份证号", "手机号"]
                .iter()
                .all(|name| !cell(&copy.2, *row, name).is_empty())
        })
        .filter(|row| !real.contains(copy.2.cell(*row, phone)))
        .collect()
}

fn columns(agrees: &[Agreement]) -> Vec<(usize, &str)> {
    agrees
        .iter()
        .map(|a| (a.value, a.column.as_str()))
        .collect()
}

#[test]
fn a_canary_is_told_by_its_number_and_by_its_name() {
    let office = Office::new(5);
    let copy = &office.copies[2];
    let rows = canaries(&office, copy);
    // seldom one of the four has no telephone or no ID
    assert_eq!(copy.2.rows() - office.months[copy.1].rows(), 4);
    assert!((2..=4).contains(&rows.len()), "{rows:?}");
    for row in rows {
        let phone = cell(&copy.2, row, "手机号");
        let found = office.ask(&[&format!(
            "+86 {}-{}-{}",
            &phone[..3],
            &phone[3..7],
            &phone[7..]
        )]);
        let [canary] = &found.canaries[..] else {
            panic!("one canary: {found:?}");
        };
        assert_eq!(canary.recipient, "R2");
        assert_eq!(canary.register, "mothers");
        assert_eq!(columns(&canary.agrees), [(1, "手机号")]);
        let bound = canary.accident.fraction();
        assert!((1e-4..0.05).contains(&bound), "{bound}");
        assert_eq!(found.records_alike, 0, "{found:?}");
        let tables: Vec<&str> = canary.exports.iter().map(|e| e.table.as_str()).collect();
        assert!(tables.contains(&"month0"), "{tables:?}");

        // whole name, number and ID together are far beyond accident
        let name = cell(&copy.2, row, "姓名");
        let id = cell(&copy.2, row, "身份证号");
        let all = office.ask(&[id, name, phone, "no such thing"]);
        let [canary] = &all.canaries[..] else {
            panic!("one canary: {all:?}");
        };
        let agreeing = columns(&canary.agrees);
        assert!(agreeing.contains(&(2, "姓名")), "{agreeing:?}");
        assert!(canary.accident.fraction() <= bound);
        assert_eq!(all.fit_nothing, [4]);

        let masked = format!("{}****{}", &phone[..3], &phone[7..]);
        let by_name = office.ask(&[name, &masked]);
        let named: Vec<&str> = by_name
            .canaries
            .iter()
            .map(|c| c.recipient.as_str())
            .collect();
        assert!(named.contains(&"R2"), "{by_name:?}");
        // what is masked was not drawn whole, and proves nothing
        assert_eq!(by_name.canaries[0].accident.fraction(), 1.0);
    }
}

#[test]
fn a_record_is_told_with_everybody_who_held_it_and_whose_marks_agree() {
    let office = Office::new(40);
    let month = &office.months[0];
    let mut compared = 0;
    for row in (0..month.rows()).step_by(23) {
        let phone = cell(month, row, "手机号");
        let shared = month.column(month.position("手机号").unwrap());
        if phone.is_empty() || shared.filter(|p| *p == phone).count() > 1 {
            continue;
        }
        // what R7's copy says
        let copy = &office.copies[7].2;
        let at = copy.position("手机号").unwrap();
        let there = (0..copy.rows())
            .find(|r| copy.cell(*r, at) == phone)
            .unwrap();
        let due = cell(copy, there, "预产期");
        let found = office.ask(&[due, phone]);
        let [record] = &found.records[..] else {
            panic!("one record: {found:?}");
        };
        assert!(found.fit_nothing.is_empty(), "{found:?}");
        let agreeing = columns(&record.agrees);
        assert!(agreeing.contains(&(1, "预产期")) && agreeing.contains(&(2, "手机号")));
        let holders: std::collections::BTreeSet<&str> =
            record.held.iter().map(|h| h.recipient.as_str()).collect();
        assert_eq!(holders.len(), 40);
        let Some(marks) = &record.marks else {
            continue;
        };
        // the marks are held against the copies themselves
        let mut showing = 0;
        for held in record.held.iter().filter(|h| h.export.table == "month0") {
            let (.., copy) = office
                .copies
                .iter()
                .find(|c| c.0 == held.recipient && c.1 == 0)
                .unwrap();
            let row = (0..copy.rows())
                .find(|r| copy.cell(*r, at) == phone)
                .unwrap();
            let same = cell(copy, row, "预产期") == due;
            if let Some(shows) = held.shows {
                assert_eq!(shows, same, "{} row {row}", held.recipient);
                showing += usize::from(shows);
                compared += 1;
            }
        }
        assert!(marks.show >= showing && marks.of <= 40);
        assert!(marks.by_chance > 0.0 && marks.by_chance < marks.of as f64);
    }
    assert!(compared > 100, "{compared}");
}

#[test]
fn more_values_narrow_what_a_name_leaves_open() {
    let office = Office::new(2);
    let month = &office.months[0];
    let names = month.position("姓名").unwrap();
    let mut seen = std::collections::HashMap::<&str, Vec<usize>>::new();
    for row in 0..month.rows() {
        seen.entry(month.cell(row, names)).or_default().push(row);
    }
    // a name of one woman, and not of one whose blood group is blank
    let known = |row: usize| !cell(month, row, "血型").is_empty();
    let one = seen
        .iter()
        .find(|(_, rows)| rows.len() == 1 && known(rows[0]))
        .unwrap();
    let found = office.ask(&[one.0]);
    assert_eq!(found.records_alike, 1);
    assert!(found.records[0].marks.is_none(), "names carry no marks");
    // a blood group is everybody's, and with the name it is one woman's
    let group = cell(month, one.1[0], "血型");
    let many = office.ask(&[group]);
    assert!(many.records_alike > MOST_RECORDS && many.records.is_empty());
    assert!(many.canaries.len() <= MOST_RECORDS);
    assert!(many.fit_nothing.is_empty());
    let both = office.ask(&[group, one.0]);
    assert_eq!(both.records_alike, 1);
    assert_eq!(both.records[0].agrees.len(), 2);
}

#[test]
fn what_nobody_has_is_nothing_and_what_is_no_value_is_refused() {
    let office = Office::new(2);
    let found = office.ask(&["00000000000", "Nobody At All"]);
    assert!(!found.is_something(), "{found:?}");
    assert_eq!(found.fit_nothing, [1, 2]);
    for values in [vec![], vec![" ".to_string()], vec!["x".to_string(); 33]] {
        assert!(lookup(&office.vault, &values).is_err());
    }
}

/// The accident bound against what really happens: numbers made up with a canary's own first seven digits.
#[test]
fn numbers_made_up_meet_canaries_no_oftener_than_the_bound_says() {
    let office = Office::new(30);
    let copy = &office.copies[4];
    let row = canaries(&office, copy)[0];
    let phone = cell(&copy.2, row, "手机号").to_string();
    let bound = office.ask(&[&phone]).canaries[0].accident.fraction();
    let met: usize = (0..10_000)
        .step_by(10)
        .map(|from| {
            let values: Vec<String> = (from..from + 10)
                .map(|n| format!("{}{n:04}", &phone[..7]))
                .collect();
            lookup(&office.vault, &values).unwrap().canaries.len()
        })
        .sum();
    assert!(met >= 1, "the canary itself is among them");
    assert!(
        met as f64 / 10_000.0 <= bound,
        "{met} of 10000, bound {bound}"
    );
}
