//! Is the forecast honest? Real copies are issued, real leaks of them traced, and the part that named its source is held against what
//! the forecast said beforehand.
//!
//! A forecast is of leaks of so many random rows of one copy, each value flipped to its other variant at some rate. Here a value is
//! flipped by writing in its place what another copy shows there, all columns of a constraint group together, so that a flip is a
//! flip of the site and no third value. A site at which all copies and the source agree cannot be flipped: with twelve copies or
//! more that is one site in some fifty. Canaries come on top of the forecast, so these registers have none.

use std::collections::{HashMap, HashSet};

use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};
use taggant::drill::leaks::{Encoding, to_csv_bytes};
use taggant::drill::registers::{Maternity, patients};
use taggant::inspection::inspect;
use taggant::issue::{Given, Issue, Request};
use taggant::mark::plan::Planner;
use taggant::parallel;
use taggant::policy::infer::infer;
use taggant::policy::{Policy, Role};
use taggant::table::{Limits, Source, Table, from_bytes, open};
use taggant::trace::run::Tracer;
use taggant::trace::units::{Alpha, FlipRate};
use taggant::vault::Vault;

/// Leaks of each drill.
const LEAKS: usize = 20;

/// What one drill came to.
struct Drill {
    what: String,
    forecast: f64,
    named: usize,
    wrong: usize,
    /// The parts of named leaks, least and most, between which the forecast expects nine in ten drills.
    interval: (f64, f64),
}

impl Drill {
    fn inside(&self) -> bool {
        let part = self.named as f64 / LEAKS as f64;
        (self.interval.0 - 1e-9..=self.interval.1 + 1e-9).contains(&part)
    }
}

/// The columns of each constraint group, as places of the policy.
fn groups(policy: &Policy) -> Vec<Vec<usize>> {
    let planner = Planner::new(policy);
    let all = planner.groups().iter();
    all.map(|g| g.carrier.columns().to_vec()).collect()
}

/// Rows by their identifiers, those that are blank or stand twice left out.
fn by_identifier(table: &Table, policy: &Policy) -> HashMap<String, usize> {
    let columns = policy.columns.iter();
    let places: Vec<usize> = columns
        .filter(|c| c.role == Role::Identifier)
        .filter_map(|c| table.position(&c.name))
        .collect();
    let mut rows = HashMap::new();
    let mut twice = HashSet::new();
    for row in 0..table.rows() {
        let cells: Vec<&str> = places.iter().map(|p| table.cell(row, *p)).collect();
        let key = cells.join("\t");
        if cells.iter().all(|c| c.is_empty()) || rows.insert(key.clone(), row).is_some() {
            twice.insert(key);
        }
    }
    rows.retain(|key, _| !twice.contains(key));
    rows
}

/// All copies of a register, and last its source.
struct Everywhere {
    tables: Vec<Table>,
    indices: Vec<HashMap<String, usize>>,
    /// For each constraint group, the places of its columns in the tables.
    groups: Vec<Vec<usize>>,
}

impl Everywhere {
    fn new(copies: Vec<Table>, source: &Table, policy: &Policy) -> Everywhere {
        let mut tables = copies;
        tables.push(source.clone());
        let place = |column: &usize| source.position(&policy.columns[*column].name);
        Everywhere {
            indices: tables.iter().map(|t| by_identifier(t, policy)).collect(),
            groups: groups(policy)
                .iter()
                .map(|columns| columns.iter().filter_map(place).collect())
                .collect(),
            tables,
        }
    }

    /// What the other tables show of a record in these columns, where it is not `mine`.
    fn others(&self, key: &str, places: &[usize], mine: &[&str]) -> Vec<Vec<&str>> {
        let tables = self.tables.iter().zip(&self.indices);
        let mut others: Vec<Vec<&str>> = tables
            .filter_map(|(table, index)| {
                let row = *index.get(key)?;
                Some(places.iter().map(|p| table.cell(row, *p)).collect())
            })
            .filter(|cells: &Vec<&str>| cells != mine)
            .collect();
        others.sort();
        others.dedup();
        others
    }

    /// So many random rows of one copy, values flipped at this rate.
    fn leak(&self, own: usize, rows: usize, flips: f64, rng: &mut ChaCha8Rng) -> Table {
        let copy = &self.tables[own];
        let mut keys: Vec<(&String, &usize)> = self.indices[own].iter().collect();
        keys.sort();
        keys.shuffle(rng);
        let mut out = Table::new(copy.header().to_vec(), copy.width());
        for (key, row) in keys.into_iter().take(rows) {
            let mut cells: Vec<&str> = copy.row(*row).collect();
            for places in &self.groups {
                let mine: Vec<&str> = places.iter().map(|p| copy.cell(*row, *p)).collect();
                let others = self.others(key, places, &mine);
                // a value with several sites has several other forms, and each of its sites may flip
                let bits = (others.len() + 1).ilog2().max(1) as i32;
                if !others.is_empty() && rng.random::<f64>() < 1.0 - (1.0 - flips).powi(bits) {
                    let other = &others[rng.random_range(0..others.len())];
                    places
                        .iter()
                        .zip(other)
                        .for_each(|(p, text)| cells[*p] = text);
                }
            }
            out.push(cells);
        }
        out
    }
}

fn register(number: u64, rng: &mut ChaCha8Rng) -> (String, Table) {
    let rows = rng.random_range(80..=1_500);
    match number % 3 {
        0 => (format!("patients {rows}"), patients(rows, number)),
        _ => (
            format!("maternity {rows}"),
            Maternity { rows, seed: number }.month(0),
        ),
    }
}

fn drill(number: u64) -> Drill {
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let (name, table) = register(number, &mut rng);
    let recipients = rng.random_range(12..=40);
    let flips = [0.0, 0.02, 0.05, 0.1, 0.15][rng.random_range(0..5)];
    let folder = tempfile::tempdir().unwrap();
    let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
    let source: Source = from_bytes(
        "register.csv",
        to_csv_bytes(&table, Encoding::Utf8),
        &Limits::default(),
    )
    .unwrap()
    .remove(0);
    let mut policy = infer(&source.table);
    policy.canaries.rate = 0.0;
    let inspected = inspect(&source, policy.clone(), recipients, Alpha::DEFAULT).unwrap();
    let (forecast, code) = (inspected.forecast, inspected.policy.code);
    // sizes at which naming is neither sure nor hopeless, more often than not
    let sure = forecast.rows_to_name(FlipRate(flips)).unwrap_or(60) as f64;
    let rows =
        (sure * [0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.3][rng.random_range(0..7)]).round() as usize;
    let rows = rows.clamp(1, source.table.rows());
    let chance = forecast.chance(rows as u64, FlipRate(flips)).0;
    let (low, high) = forecast.interval(rows as u64, FlipRate(flips), LEAKS as u64);
    let request = Request {
        recipients: (0..recipients).map(|n| format!("R{n}")).collect(),
        out: folder.path().join("copies"),
        stem: "register".into(),
        source_sha256: Sha256::digest(b"register").into(),
        ..Request::default()
    };
    let given = Given {
        policy: Some(policy.clone()),
        ..Given::alone(&source)
    };
    let issued = Issue::prepare_all(&mut vault, vec![given], request)
        .unwrap()
        .run(&|_| ())
        .unwrap();
    let copies: Vec<Table> = issued
        .iter()
        .map(|i| open(&i.path, &Limits::default()).unwrap().remove(0).table)
        .collect();
    let everywhere = Everywhere::new(copies, &source.table, &policy);
    let tracer = Tracer::new(&vault).unwrap();
    let (mut named, mut wrong) = (0, 0);
    for _ in 0..LEAKS {
        let own = rng.random_range(0..recipients);
        let leaked = everywhere.leak(own, rows, flips, &mut rng);
        let outcome = tracer.trace(&vault, &[&leaked], Alpha::DEFAULT).unwrap();
        let is_own = |name: &str| name == format!("R{own}");
        named += usize::from(outcome.sources.iter().any(|s| is_own(&s.recipient)));
        wrong += outcome
            .sources
            .iter()
            .filter(|s| !is_own(&s.recipient))
            .count();
    }
    Drill {
        what: format!("{name}, {code:?}, {recipients} recipients, {rows} rows, {flips} flipped"),
        forecast: chance,
        named,
        wrong,
        interval: (low.0, high.0),
    }
}

fn drills(numbers: usize) -> Vec<Drill> {
    parallel::map(numbers, |number| drill(number as u64))
}

#[test]
fn a_few_drills_come_as_forecast() {
    let some = drills(8);
    let inside = some.iter().filter(|d| d.inside()).count();
    let said: Vec<String> = some.iter().map(said).collect();
    assert!(inside >= 5, "{said:#?}");
    assert_eq!(some.iter().map(|d| d.wrong).sum::<usize>(), 0);
}

#[test]
#[ignore = "two hundred vaults and four thousand traces: minutes"]
fn two_hundred_drills_come_as_forecast() {
    let all = drills(200);
    for drill in &all {
        println!("{}", said(drill));
    }
    let inside = all.iter().filter(|d| d.inside()).count();
    let expected: f64 = all.iter().map(|d| d.forecast).sum::<f64>() / all.len() as f64;
    let named: usize = all.iter().map(|d| d.named).sum();
    let part = named as f64 / (LEAKS * all.len()) as f64;
    let open = |d: &&Drill| (0.05..=0.95).contains(&d.forecast);
    let widths: Vec<f64> = all
        .iter()
        .filter(open)
        .map(|d| d.interval.1 - d.interval.0)
        .collect();
    println!(
        "{inside} of {} inside; {expected:.3} forecast, {part:.3} named, on average; where the outcome is open the interval is {:.2} wide",
        all.len(),
        widths.iter().sum::<f64>() / widths.len() as f64
    );
    assert_eq!(all.iter().map(|d| d.wrong).sum::<usize>(), 0);
    assert!(inside * 10 >= all.len() * 9, "{inside}");
}

fn said(d: &Drill) -> String {
    format!(
        "{}: forecast {:.3}, {:.3} to {:.3}; named {} of {LEAKS}{}",
        d.what,
        d.forecast,
        d.interval.0,
        d.interval.1,
        d.named,
        if d.inside() { "" } else { " OUTSIDE" }
    )
}
