//! An inspection, for people and as JSON.

use std::fmt::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use super::foreseen;
use crate::inspection::{
    CanaryOutlook, ColumnForecast, ColumnMove, Example, Expected, Inspection, LeakForecast,
};
use crate::policy::{Role, Rule, Why};

/// What the officer reads before anything is issued.
pub fn human(i: &Inspection) -> String {
    let mut out = String::new();
    write_human(i, &mut out).ok();
    out
}

fn write_human(i: &Inspection, out: &mut String) -> std::fmt::Result {
    let mut columns = Table::new();
    columns
        .load_style(NOTHING)
        .set_header(["column", "role", "holds", "what happens to it"]);
    for c in &i.policy.columns {
        columns.add_row([
            c.name.clone(),
            word(&c.role),
            word(&c.kind),
            fate(i, &c.name),
        ]);
    }
    writeln!(out, "{}\n", columns.trim_fmt())?;
    if !i.policy.rules.is_empty() {
        writeln!(out, "Dependencies found, kept in every copy:")?;
        for rule in &i.policy.rules {
            writeln!(out, "  {}", sentence(rule))?;
        }
        writeln!(out)?;
    }
    if !i.policy.sort.is_empty() {
        let keys: Vec<String> = i
            .policy
            .sort
            .iter()
            .map(|k| {
                format!(
                    "{}{}",
                    k.column,
                    if k.descending { " (descending)" } else { "" }
                )
            })
            .collect();
        writeln!(
            out,
            "Sorted by {}; copies are sorted the same way.\n",
            keys.join(", then ")
        )?;
    }
    match &i.obstacle {
        Some(why) => writeln!(out, "It cannot be issued as it stands: {why}"),
        None => foreseen::write(i, out),
    }
}

fn fate(i: &Inspection, name: &str) -> String {
    if let Some((_, part)) = i.marked.iter().find(|(n, _)| n == name) {
        return format!(
            "altered slightly in some copies ({:.0} % of rows can carry a mark)",
            part * 100.0
        );
    }
    let role = i.policy.column(name).map(|c| c.role);
    match role {
        Some(Role::Identifier) => "links records, never altered".into(),
        Some(Role::Sequence) => "numbered again".into(),
        Some(Role::Derived) => "follows what it depends on".into(),
        _ => "stays as it is".into(),
    }
}

/// The word by which a value is written.
pub(super) fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => word,
        _ => String::new(),
    }
}

fn sentence(rule: &Rule) -> String {
    match rule {
        Rule::Offset { column, from, days } => {
            format!("{column} = {from} + {days} days: they move together")
        }
        Rule::Elapsed {
            column,
            from,
            until,
            unit,
            ..
        } => match until {
            Some(until) => format!("{column} = {} from {from} to {until}", word(unit)),
            None => format!(
                "{column} = {} from {from} to the day of the table: it follows",
                word(unit)
            ),
        },
        Rule::Order { first, then } => format!("{first} is (almost) never after {then}"),
        Rule::Inside { column, of } => format!("{column} stands inside {of}: it stays"),
        Rule::Determines { column, by } => format!("{by} determines {column}: it stays"),
        Rule::Pair { column, by } => {
            format!("{} together determine {column}: it stays", by.join(" and "))
        }
        Rule::Part { column, of, part } => {
            let part = word(part).replace('-', " and ");
            format!("{column} tells the {part} of {of}, which does not change")
        }
        Rule::Bands { column, by, edges } => {
            let edges: Vec<String> = edges.iter().map(|e| e.join("|")).collect();
            format!(
                "{column} goes by {by} (bands end at {}): no value changes its band",
                edges.join(", ")
            )
        }
        Rule::Tied { column, from } => {
            format!("{column} and {from} are mostly as far apart: they move together")
        }
        Rule::Rises { column, with } => format!("{column} rises with {with}: it stays"),
        Rule::Stays { column, why } => match why {
            Why::Unique => format!("every {column} is different: it stays"),
            Why::Values => format!("{column} has certain values only: it stays"),
        },
        Rule::Computed { column, of } => {
            format!("{column} is computed from {}: they stay", of.join(", "))
        }
    }
}

/// The same as JSON.
pub fn json(i: &Inspection) -> Value {
    let sites = i.sites_per_row.iter().map(|(k, n)| (word(k), json!(n)));
    let example = |e: &Example| json!({"column": e.column, "row": e.row, "before": e.before, "after": e.after});
    json!({
        "rows": i.rows,
        "obstacle": i.obstacle,
        "policy": i.policy,
        "sites_per_row": sites.collect::<serde_json::Map<String, Value>>(),
        "examples": i.examples.iter().map(example).collect::<Vec<_>>(),
        "cells_altered": i.cells_altered,
        "columns_moved": i.moves.iter().map(moved).collect::<Vec<_>>(),
        "correlations_moved": i.correlations.iter().map(|p| json!({"columns": p.columns, "before": p.before, "after": p.after})).collect::<Vec<_>>(),
        "recipients": i.recipients(),
        "alpha": i.forecast.alpha,
        "forecast": i.leaks.iter().map(leak).collect::<Vec<_>>(),
        "rows_to_name": i.rows_to_name,
        "rows_to_name_in_order": i.rows_to_name_in_order,
        "forecast_by_column": i.columns.iter().map(column).collect::<Vec<_>>(),
        "forecast_by_pair": i.pairs.iter().map(column).collect::<Vec<_>>(),
        "coalition_survived": i.coalitions.mixing,
        "coalition_survived_deleting_rows": i.coalitions.deleting,
        "canaries": i.canaries.as_ref().map(canaries),
        "advice": i.advice,
    })
}

fn leak(leak: &LeakForecast) -> Value {
    let range = |e: Expected| json!([e.low, e.high]);
    json!({
        "rows": leak.rows,
        "named_clean": leak.clean.chance,
        "named_clean_within": range(leak.clean),
        "named_5_percent_flipped": leak.worn.chance,
        "named_5_percent_flipped_within": range(leak.worn),
        "named_in_order": leak.in_order.map(|e| e.chance),
        "named_in_order_within": leak.in_order.map(range),
    })
}

fn column(of: &ColumnForecast) -> Value {
    json!({
        "columns": of.columns,
        "sites_per_row": of.sites_per_row,
        "rows_to_name": of.rows_to_name,
        "rows_to_name_5_percent_flipped": of.rows_to_name_worn,
    })
}

fn canaries(of: &CanaryOutlook) -> Value {
    let met = of
        .met
        .iter()
        .map(|(rows, chance)| json!({"rows": rows, "chance": chance}));
    json!({"own": of.own, "shared": of.shared, "bits": of.bits, "met": met.collect::<Vec<_>>()})
}

fn moved(column: &ColumnMove) -> Value {
    let numbers = column.numbers.map(|n| {
        json!({
            "unit": if n.days { "days" } else { "value" },
            "by": n.by,
            "mean": [n.mean.0, n.mean.1],
            "standard_deviation": [n.sd.0, n.sd.1],
            "largest_change_of_a_histogram_bar": n.bar,
        })
    });
    json!({"column": column.column, "cells_altered": column.cells, "numbers": numbers})
}
