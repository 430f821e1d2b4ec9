//! What a table is before anything is issued: roles, dependencies, sites, and what a leak will prove.

use crate::code::Handle;
use crate::code::SiteKind;
use crate::error::Result;
use crate::forecast::{Forecast, RowSites, coalition_survived};
use crate::key::MasterKey;
use crate::mark::plan::Planner;
use crate::mark::{Record, Variants};
use crate::policy::Policy;
use crate::table::Source;
use crate::trace::units::{Alpha, FlipRate};

/// Rows of which the sites are counted; more tell no more.
const SAMPLE: usize = 5_000;

/// A value as it is and as a mark would have it.
#[derive(Clone, Debug, PartialEq)]
pub struct Example {
    /// Column.
    pub column: String,
    /// What is there.
    pub before: String,
    /// What some recipients would see.
    pub after: String,
}

/// What inspection found.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// The policy, given or inferred.
    pub policy: Policy,
    /// Rows.
    pub rows: usize,
    /// Mean sites a row, by kind.
    pub sites_per_row: Vec<(SiteKind, f64)>,
    /// For each column that may be altered: the part of its rows that hold a site.
    pub marked: Vec<(String, f64)>,
    /// Examples of alterations.
    pub examples: Vec<Example>,
    /// (rows of a leak, chance of naming from clean values, chance with 5 % of them flipped).
    pub chances: Vec<(u64, f64, f64)>,
    /// Rows that name in 95 % of leaks, clean.
    pub rows_to_name: Option<u64>,
    /// The largest coalition survived by the whole table.
    pub coalition: u32,
    /// Recipients that the forecast is for.
    pub recipients: usize,
}

/// Inspects a table under a policy. The forecast is for this many recipients.
pub fn inspect(
    source: &Source,
    policy: Policy,
    recipients: usize,
    alpha: Alpha,
) -> Result<Inspection> {
    let table = &source.table;
    let places: Vec<Option<usize>> = policy
        .columns
        .iter()
        .map(|c| table.position(&c.name))
        .collect();
    let planner = Planner::new(&policy);
    // directions are keyed; where sites lie hardly depends on the key, so any will do for counting
    let keys = MasterKey::generate()?.code_keys();
    let step = table.rows().div_ceil(SAMPLE).max(1);
    let mut rows = Vec::new();
    let mut examples: Vec<Example> = Vec::new();
    let mut marked: Vec<(usize, usize)> = vec![(0, 0); planner.groups().len()];
    let mut variants: Vec<Variants> = Vec::new();
    for row in (0..table.rows()).step_by(step) {
        let record = Record::new(table, row, &places);
        planner.variants(&record, Handle(row as u64), &keys.direction, &mut variants);
        let mut by_kind = [0u16; SiteKind::ALL.len()];
        for (g, (group, v)) in planner.groups().iter().zip(&variants).enumerate() {
            marked[g].1 += 1;
            if v.bits == 0 {
                continue;
            }
            marked[g].0 += 1;
            by_kind[group.carrier.kind() as usize] += u16::from(v.bits);
            let columns = group.carrier.columns();
            for (nth, column) in columns.iter().enumerate() {
                let name = &policy.columns[*column].name;
                let shown = examples.iter().filter(|e| e.column == *name).count();
                let (before, after) = (record.cell(*column), v.text(1, nth, columns.len()));
                if shown < 2 && before != after {
                    examples.push(Example {
                        column: name.clone(),
                        before: before.to_string(),
                        after: after.to_string(),
                    });
                }
            }
        }
        rows.push(by_kind);
    }
    let counted = rows.len().max(1) as f64;
    let sites_per_row: Vec<(SiteKind, f64)> = SiteKind::ALL
        .into_iter()
        .map(|kind| {
            (
                kind,
                rows.iter()
                    .map(|r| f64::from(r[kind as usize]))
                    .sum::<f64>()
                    / counted,
            )
        })
        .collect();
    let total: f64 = sites_per_row.iter().map(|s| s.1).sum();
    let forecast = Forecast {
        sites: RowSites::from_rows(rows),
        code: policy.code,
        recipients,
        alpha,
    };
    let sizes = [10u64, 30, 100, 1_000]
        .into_iter()
        .filter(|k| *k <= table.rows() as u64)
        .chain((table.rows() < 10).then_some(table.rows() as u64));
    let chances = sizes
        .map(|k| {
            (
                k,
                forecast.chance(k, FlipRate(0.0)).0,
                forecast.chance(k, FlipRate(0.05)).0,
            )
        })
        .collect();
    let name = |g: usize| {
        policy.columns[planner.groups()[g].carrier.columns()[0]]
            .name
            .clone()
    };
    examples.sort_by(|a, b| a.column.cmp(&b.column));
    Ok(Inspection {
        rows: table.rows(),
        sites_per_row,
        marked: marked
            .iter()
            .enumerate()
            .map(|(g, (some, all))| (name(g), *some as f64 / (*all).max(1) as f64))
            .collect(),
        examples,
        chances,
        rows_to_name: forecast.rows_to_name(FlipRate(0.0)),
        coalition: coalition_survived(
            policy.code,
            (total * table.rows() as f64) as u64,
            recipients,
            alpha,
        ),
        recipients,
        policy,
    })
}
