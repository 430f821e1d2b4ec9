//! An inspection, for people and as JSON.

use std::fmt::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use crate::inspection::Inspection;
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
    if !i.examples.is_empty() {
        writeln!(out, "Alterations, for example:")?;
        for e in &i.examples {
            writeln!(out, "  {}: {} -> {}", e.column, e.before, e.after)?;
        }
        writeln!(out)?;
    }
    let sites: f64 = i.sites_per_row.iter().map(|s| s.1).sum();
    writeln!(
        out,
        "{} rows, {sites:.1} places for marks a row, code `{}`.",
        i.rows,
        word(&i.policy.code)
    )?;
    writeln!(
        out,
        "What a leak of one copy will prove against {} recipients, at a chance of 1e-6 of naming an innocent:",
        i.recipients
    )?;
    for (rows, clean, worn) in &i.chances {
        writeln!(
            out,
            "  {rows:>5} rows: named in {:.0} % of leaks ({:.0} % if one value in twenty was changed)",
            clean * 100.0,
            worn * 100.0
        )?;
    }
    match i.rows_to_name {
        Some(rows) => writeln!(
            out,
            "  from {rows} rows on, 95 % of leaks are named; canaries come on top"
        )?,
        None => writeln!(
            out,
            "  nothing here may be altered: only canaries will tell copies apart"
        )?,
    }
    writeln!(
        out,
        "  partners who pool their copies of the whole table: one of up to {} is named",
        i.coalition.max(1)
    )
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

fn word(value: &impl serde::Serialize) -> String {
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
        Rule::Order { first, then } => format!("{first} is never after {then}"),
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
    json!({
        "rows": i.rows,
        "policy": i.policy,
        "sites_per_row": i.sites_per_row.iter().map(|(k, n)| (word(k), json!(n))).collect::<serde_json::Map<String, Value>>(),
        "examples": i.examples.iter().map(|e| json!({"column": e.column, "before": e.before, "after": e.after})).collect::<Vec<_>>(),
        "recipients": i.recipients,
        "alpha": 1e-6,
        "forecast": i.chances.iter().map(|(rows, clean, worn)| json!({"rows": rows, "named_clean": clean, "named_5_percent_flipped": worn})).collect::<Vec<_>>(),
        "rows_to_name": i.rows_to_name,
        "coalition_survived": i.coalition,
    })
}
