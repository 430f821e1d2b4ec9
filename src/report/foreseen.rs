//! What inspection foresees, for the officer: how far copies depart from the table, and what leaks of them will prove.

use std::fmt::{Result, Write};

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};

use super::inspect::word;
use crate::inspection::{ColumnForecast, Expected, Inspection, NumbersMove};
use crate::policy::Fidelity;

/// Examples and pairs of columns that stand on the screen.
const SHOWN: usize = 10;

/// Writes every section that has something to say.
pub fn write(i: &Inspection, out: &mut String) -> Result {
    changes(i, out)?;
    leaks(i, out)?;
    columns(i, out)?;
    canaries(i, out)?;
    pooling(i, out)?;
    if !i.advice.is_empty() {
        writeln!(out, "\nTo get more:")?;
    }
    for advice in &i.advice {
        writeln!(out, "  - {advice}")?;
    }
    Ok(())
}

fn listed<const N: usize>(header: [&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    let lines = table.trim_fmt();
    lines.lines().map(|line| format!("  {line}\n")).collect()
}

fn changes(i: &Inspection, out: &mut String) -> Result {
    if i.examples.is_empty() {
        let why = match i.policy.fidelity {
            Fidelity::Lossless => "as the policy asks",
            Fidelity::Subtle => "since the policy names no column that may be",
        };
        return writeln!(out, "No value is altered, {why}.\n");
    }
    let cells = (i.rows * i.policy.columns.len()).max(1) as f64;
    writeln!(
        out,
        "A copy alters about {:.0} cells, {} of all. In one of them, for example:",
        i.cells_altered,
        percent(i.cells_altered / cells)
    )?;
    let examples = i.examples.iter().take(SHOWN.max(i.moves.len()));
    let rows = examples.map(|e| {
        [
            e.column.clone(),
            format!("row {}", e.row),
            format!("{} -> {}", e.before, e.after),
        ]
    });
    writeln!(
        out,
        "{}",
        listed(["column", "where", "before and after"], rows)
    )?;
    writeln!(
        out,
        "How far that moves columns (canaries included; histograms of twenty bars):"
    )?;
    let rows = i.moves.iter().map(|c| {
        let shares = [c.column.clone(), percent(c.cells)];
        let [column, cells] = shares;
        match &c.numbers {
            None => [
                column,
                cells,
                "spelling".into(),
                String::new(),
                String::new(),
                String::new(),
            ],
            Some(n) => [
                column,
                cells,
                amount(n.by, n),
                format!(
                    "{}{}",
                    if n.mean.1 < n.mean.0 { "-" } else { "+" },
                    amount((n.mean.1 - n.mean.0).abs(), n)
                ),
                format!("{} -> {}", short(n.sd.0), short(n.sd.1)),
                percent(n.bar),
            ],
        }
    });
    let header = [
        "column",
        "cells altered",
        "each by",
        "mean",
        "standard deviation",
        "largest change of a bar",
    ];
    write!(out, "{}", listed(header, rows))?;
    if let Some(most) = i.correlations.first() {
        writeln!(
            out,
            "Between columns, the correlation of {} and {} moves most: from {:.3} to {:.3}.",
            most.columns[0], most.columns[1], most.before, most.after
        )?;
    }
    writeln!(out)
}

fn leaks(i: &Inspection, out: &mut String) -> Result {
    let sites: f64 = i.sites_per_row.iter().map(|s| s.1).sum();
    writeln!(
        out,
        "{} rows, {sites:.1} places for marks a row, code `{}`.",
        i.rows,
        word(&i.policy.code)
    )?;
    writeln!(
        out,
        "What a leak of one copy will prove against {} recipients, at a chance of {} of naming an innocent: in how many leaks of a hundred \
         its recipient is named, and within what bounds.",
        i.recipients(),
        word_of_alpha(i.forecast.alpha.chance())
    )?;
    let chance = |e: Expected| {
        format!(
            "{:.0} ({:.0} to {:.0})",
            e.chance * 100.0,
            e.low * 100.0,
            e.high * 100.0
        )
    };
    let rows = i.leaks.iter().map(|leak| {
        [
            leak.rows.to_string(),
            chance(leak.clean),
            chance(leak.worn),
            leak.in_order.map(chance).unwrap_or_default(),
        ]
    });
    let in_order = if i.ordered() {
        "rows in the copy's order"
    } else {
        ""
    };
    let header = [
        "rows",
        "values as issued",
        "one value in twenty changed",
        in_order,
    ];
    write!(out, "{}", listed(header, rows))?;
    match i.rows_to_name {
        Some(rows) => writeln!(out, "From {rows} rows on, 95 % of leaks are named."),
        None => writeln!(
            out,
            "The whole table does not name its recipient in 95 % of leaks."
        ),
    }?;
    if let Some(rows) = i.rows_to_name_in_order {
        writeln!(out, "In the copy's own order, from {rows} rows on.")?;
    }
    Ok(())
}

fn columns(i: &Inspection, out: &mut String) -> Result {
    if i.columns.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\nWhat is left where a leak keeps an identifier and one or two columns: rows that name in 95 % of leaks."
    )?;
    let mut pairs: Vec<&ColumnForecast> = i.pairs.iter().collect();
    pairs.sort_by_key(|p| p.rows_to_name.unwrap_or(u64::MAX));
    let rows = i
        .columns
        .iter()
        .chain(pairs.into_iter().take(SHOWN))
        .map(|c| {
            [
                c.columns.join(" and "),
                format!("{:.2}", c.sites_per_row),
                rows_or_never(c.rows_to_name),
                rows_or_never(c.rows_to_name_worn),
            ]
        });
    let header = [
        "columns",
        "places a row",
        "values as issued",
        "one value in twenty changed",
    ];
    write!(out, "{}", listed(header, rows))
}

fn canaries(i: &Inspection, out: &mut String) -> Result {
    let Some(canaries) = &i.canaries else {
        return writeln!(out, "\nThere are no canaries.");
    };
    writeln!(
        out,
        "\nA copy holds about {} that no other copy has; one that is met is worth up to {:.0} bits, and {:.0} name a recipient.",
        match canaries.own {
            1 => "one canary".to_string(),
            n => format!("{n} canaries"),
        },
        canaries.bits,
        (i.recipients().max(1) as f64 / i.forecast.alpha.chance()).log2()
    )?;
    if canaries.shared > 0 {
        writeln!(
            out,
            "{} more stand in the copies of half of the recipients and are worth a bit each, also against partners who pool theirs.",
            canaries.shared
        )?;
    }
    let met = canaries
        .met
        .iter()
        .map(|(rows, chance)| format!("{rows} rows: {}", percent(*chance)));
    writeln!(
        out,
        "The chance that a leak holds one: {}.",
        met.collect::<Vec<_>>().join(", ")
    )
}

fn pooling(i: &Inspection, out: &mut String) -> Result {
    let of = |n: u32| match n {
        0 | 1 => "nobody is named as soon as there are two".to_string(),
        8.. => "one of up to 8 is named (more were not looked at)".to_string(),
        n => format!("one of up to {n} is named"),
    };
    writeln!(
        out,
        "\nPartners who pool the whole of their copies and mix cells: {}. If they leave out every row in which they differ: {}.",
        of(i.coalitions.mixing),
        of(i.coalitions.deleting)
    )
}

fn rows_or_never(rows: Option<u64>) -> String {
    rows.map_or("not from the whole table".into(), |n| n.to_string())
}

fn word_of_alpha(alpha: f64) -> String {
    format!("{alpha:e}")
}

/// A part as percent, with a decimal where it is small.
fn percent(part: f64) -> String {
    match part * 100.0 {
        n if n == 0.0 || n >= 9.95 => format!("{n:.0} %"),
        n if n >= 0.095 => format!("{n:.1} %"),
        n => format!("{n:.2} %"),
    }
}

/// A number in three digits or so.
fn short(number: f64) -> String {
    let digits = match number.abs() {
        n if n >= 100.0 => 0,
        n if n >= 1.0 => 2,
        n if n >= 0.01 => 3,
        _ => 5,
    };
    format!("{number:.digits$}")
}

/// An amount in the column's own terms.
fn amount(number: f64, of: &NumbersMove) -> String {
    if !of.days {
        return short(number);
    }
    // a time moves by minutes
    match number * 1440.0 {
        minutes if minutes < 60.0 && number > 0.0 && of.by < 0.5 => {
            format!("{} minutes", short(minutes))
        }
        _ => format!("{} days", short(number)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let said = [0.0, 0.0004, 0.004, 0.5, 1.0].map(percent);
        assert_eq!(said, ["0 %", "0.04 %", "0.4 %", "50 %", "100 %"]);
        let said = [0.0, 0.00012, 0.5, 12.345, 56_000.4].map(short);
        assert_eq!(said, ["0.00000", "0.00012", "0.500", "12.35", "56000"]);
        assert_eq!(rows_or_never(Some(7)), "7");
        assert_eq!(word_of_alpha(1e-6), "1e-6");
    }
}
