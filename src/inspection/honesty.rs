//! The forecast against the truth: copies are issued, leaks of them traced, and the part that is named held against the interval.

use sha2::{Digest, Sha256};

use super::{Inspection, inspect};
use crate::drill::leaks::{Encoding, take_rows, to_csv_bytes};
use crate::drill::registers::{Maternity, contacts, patients};
use crate::issue::{Issue, Request};
use crate::policy::infer::infer;
use crate::table::{self, Limits, Source, Table};
use crate::trace::run::Tracer;
use crate::trace::units::{Alpha, FlipRate};
use crate::trace::verdict::Verdict;
use crate::vault::Vault;

/// Leaks of one copy.
const LEAKS: u64 = 16;

/// One register, issued to some recipients, and what was foreseen for it.
struct Drill {
    vault: Vault,
    _folder: tempfile::TempDir,
    found: Inspection,
    copies: Vec<Source>,
    names: Vec<String>,
}

impl Drill {
    fn new(table: &Table, recipients: usize) -> Drill {
        let folder = tempfile::tempdir().unwrap();
        let bytes = to_csv_bytes(table, Encoding::Utf8Bom);
        let source_sha256 = Sha256::digest(&bytes).into();
        let source = table::from_bytes("r.csv", bytes, &Limits::default())
            .unwrap()
            .remove(0);
        let policy = infer(&source.table);
        let found = inspect(&source, policy, recipients, Alpha::DEFAULT).unwrap();
        let mut vault = Vault::create(&folder.path().join("vault"), None).unwrap();
        let names: Vec<String> = (0..recipients).map(|n| format!("R{n}")).collect();
        let request = Request {
            recipients: names.clone(),
            out: folder.path().join("copies"),
            stem: "r".into(),
            source_sha256,
            ..Request::default()
        };
        let issued = Issue::prepare(&mut vault, &source, request)
            .unwrap()
            .run(&|_| ())
            .unwrap();
        let copies = issued.iter().take(2).map(|i| {
            let opened = table::open(&i.path, &Limits::default());
            opened.unwrap().remove(0)
        });
        Drill {
            copies: copies.collect(),
            vault,
            _folder: folder,
            found,
            names,
        }
    }

    /// The part of leaks of the first copy that name its recipient and nobody else.
    fn named(&self, tracer: &Tracer, rows: u64, worn: bool) -> f64 {
        let named = (0..LEAKS).filter(|seed| {
            let mut leak = take_rows(&self.copies[0].table, rows as usize, *seed);
            if worn {
                leak = self.wear(&leak, *seed);
            }
            let outcome = tracer.trace(&self.vault, &[&leak], Alpha::DEFAULT).unwrap();
            let sources: Vec<&str> = outcome
                .sources
                .iter()
                .map(|s| s.recipient.as_str())
                .collect();
            assert!(sources.iter().all(|s| *s == self.names[0]), "{sources:?}");
            outcome.verdict == Verdict::Attributed
        });
        named.count() as f64 / LEAKS as f64
    }

    /// A tenth of the cells in which the second copy differs from the first show what the second does: one site in twenty flipped.
    fn wear(&self, leak: &Table, seed: u64) -> Table {
        let (own, other) = (&self.copies[0].table, &self.copies[1].table);
        let identifiers: Vec<usize> = self
            .found
            .policy
            .columns
            .iter()
            .filter(|c| c.role == crate::policy::Role::Identifier)
            .filter_map(|c| own.position(&c.name))
            .collect();
        let key = |table: &Table, row: usize| {
            let cells = identifiers.iter().map(|c| table.cell(row, *c).to_string());
            cells.collect::<Vec<_>>()
        };
        let at: std::collections::HashMap<Vec<String>, usize> = (0..other.rows())
            .map(|row| (key(other, row), row))
            .collect();
        let mut worn = Table::new(leak.header().to_vec(), leak.width());
        for row in 0..leak.rows() {
            let twin = at.get(&key(leak, row));
            let cells: Vec<String> = (0..leak.width())
                .map(|column| {
                    let cell = leak.cell(row, column);
                    let place = ((seed * 1_009 + row as u64) * 31 + column as u64)
                        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                        >> 32;
                    match twin {
                        Some(twin)
                            if place.is_multiple_of(10) && !identifiers.contains(&column) =>
                        {
                            other.cell(*twin, column).to_string()
                        }
                        _ => cell.to_string(),
                    }
                })
                .collect();
            worn.push(cells.iter().map(String::as_str));
        }
        worn
    }
}

#[test]
#[ignore = "statistics: run optimised"]
fn the_named_fraction_lies_inside_the_interval() {
    let (mut inside, mut all, mut width) = (0, 0, 0.0);
    for seed in 0..6 {
        for (name, table, recipients) in [
            ("mothers", Maternity { rows: 400, seed }.month(0), 20),
            ("mothers", Maternity { rows: 3_000, seed }.month(0), 60),
            ("patients", patients(600, seed), 10),
            ("patients", patients(4_000, seed), 100),
            ("contacts", contacts(40, seed), 12),
        ] {
            let drill = Drill::new(&table, recipients);
            let tracer = Tracer::new(&drill.vault).unwrap();
            let forecast = &drill.found.forecast;
            let enough = forecast.rows_to_name(FlipRate(0.0)).unwrap_or(20);
            for (part, worn) in [
                (0.6, false),
                (0.85, false),
                (1.0, false),
                (1.2, true),
                (1.6, true),
            ] {
                let rows = ((enough as f64 * part) as u64).max(2);
                let flips = FlipRate(if worn { 0.05 } else { 0.0 });
                let (low, high) = forecast.interval(rows, flips, LEAKS);
                let named = drill.named(&tracer, rows, worn);
                let held = low.0 <= named && named <= high.0;
                (inside, all) = (inside + u32::from(held), all + 1);
                width += high.0 - low.0;
                println!(
                    "{name} {} rows, {recipients} recipients, leak of {rows}, {flips:?}: {named:.2} named, foreseen {:.2} ({:.2} to {:.2}){}",
                    table.rows(),
                    forecast.chance(rows, flips).0,
                    low.0,
                    high.0,
                    if held { "" } else { " OUTSIDE" }
                );
            }
        }
    }
    println!(
        "{inside} of {all} inside; mean width {:.2}",
        width / f64::from(all)
    );
    assert!(f64::from(inside) >= 0.9 * f64::from(all));
}
