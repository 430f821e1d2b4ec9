//! A rehearsal, for people and as JSON.

use std::fmt::Write;

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::{Map, Value, json};

use crate::drill::attacks::Family;
use crate::drill::distributions::Aspect;
use crate::rehearsal::{CUT, Likeness, Played, Rehearsal, Tally};
use crate::trace::units::Log10E;

/// What the officer reads.
pub fn human(r: &Rehearsal) -> String {
    let mut out = String::new();
    write_human(r, &mut out).ok();
    out
}

fn write_human(r: &Rehearsal, out: &mut String) -> std::fmt::Result {
    for line in preface(r) {
        writeln!(out, "{line}")?;
    }
    for family in Family::ALL {
        let played: Vec<&Played> = r.played.iter().filter(|p| p.family == family).collect();
        if played.is_empty() {
            continue;
        }
        writeln!(out, "\n{} (--attack {})", family.title(), family.word())?;
        writeln!(out, "{}", table(&played).trim_fmt())?;
    }
    writeln!(out)?;
    if let Some(likeness) = &r.likeness {
        writeln!(out, "{}", likeness_words(likeness))?;
    }
    for note in &r.notes {
        writeln!(out, "{note}")?;
    }
    writeln!(out, "{}", last_word(r))
}

/// What was drilled, in sentences.
pub fn preface(r: &Rehearsal) -> Vec<String> {
    let mut lines = vec![match &r.export {
        Some((export, recipient)) => format!(
            "{}: the copy {export} of {recipient}, {} rows, attacked and traced against the {} recipients of its vault. Nothing was entered.",
            r.table, r.rows, r.recipients
        ),
        None => format!(
            "{}: {} rows, issued to {} made-up recipients in a vault that is gone again.",
            r.table, r.rows, r.recipients
        ),
    }];
    if let (Some(sites), Some(cells), Some(canaries)) = (r.sites, r.cells_altered, r.canaries) {
        lines.push(format!(
            "{sites} places for marks; in a copy {cells:.0} cells altered and {canaries:.1} canaries, on average."
        ));
    }
    lines.push(format!(
        "Each attack was played {} on other copies; a name needs a weight of evidence of {:.1} (log10), which gives a chance of {} that any innocent is named.",
        times(r.runs),
        r.threshold.0,
        r.alpha.chance()
    ));
    lines
}

/// What two-sample tests say of the copies, in sentences.
pub fn likeness_words(l: &Likeness) -> String {
    let verdict = match l.told_apart {
        0 => "none could be told from the table at 1 %".to_string(),
        n => format!("{n} could be told from the table at 1 %"),
    };
    let nearest = l.tests.first().map_or(String::new(), |t| {
        format!(
            " The least of {} p-values a copy is {:.3} ({}: {}).",
            l.tests.len(),
            t.p.0,
            t.column,
            aspect(t.aspect)
        )
    });
    format!(
        "Two-sample tests of the columns of {} copies: {verdict}.{nearest}",
        l.copies
    )
}

fn aspect(aspect: Aspect) -> &'static str {
    match aspect {
        Aspect::Spread => "spread",
        Aspect::LastDigits => "last digits",
        Aspect::Frequencies => "frequencies",
    }
}

/// What it all came to.
pub fn last_word(r: &Rehearsal) -> String {
    let accused = match r.accused_innocents() {
        0 => "no innocent was named".to_string(),
        n => format!("AN INNOCENT WAS NAMED in {n}"),
    };
    let lost = r
        .played
        .iter()
        .filter(|p| p.sources > 0 && p.whole.nobody > 0)
        .count();
    let lost = match lost {
        0 => "every attack on a whole copy left somebody named in every run".to_string(),
        1 => "one attack on a whole copy left nobody named in some run".to_string(),
        n => format!("{n} attacks on whole copies left nobody named in some run"),
    };
    format!("In {} traces {accused}; {lost}.", r.traces())
}

fn times(n: usize) -> String {
    match n {
        1 => "once".into(),
        2 => "twice, each time".into(),
        n => format!("{n} times, each time"),
    }
}

/// Headings of the table, in people's words.
pub const HEADINGS: [&str; 12] = [
    "attack",
    "strength",
    "rows",
    "named",
    "innocents",
    "nobody",
    "bits read",
    "wrong",
    "canaries",
    "weight",
    "verdict",
    "100 rows of it",
];

fn table(played: &[&Played]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(HEADINGS);
    let mut before = "";
    for p in played {
        let mut cells = cells(p);
        if p.what == before {
            cells[0].clear();
        }
        before = &p.what;
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(2).take(8) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

/// An attack's line under [`HEADINGS`].
pub fn cells(p: &Played) -> [String; 12] {
    let t = &p.whole;
    let runs = t.runs.max(1);
    [
        p.what.clone(),
        p.strength.clone(),
        (t.rows / runs).to_string(),
        named(p, t),
        t.wrong.to_string(),
        t.nobody.to_string(),
        (t.read / runs as u64).to_string(),
        t.differing_part().map_or_else(dash, percent),
        canaries(t),
        t.middle_weight().map_or_else(dash, weight),
        t.usual_verdict().map_or_else(dash, |v| v.word().into()),
        p.cut.as_ref().map_or_else(dash, |cut| named(p, cut)),
    ]
}

/// How often somebody was rightly named; of leaks with several sources also how often every one.
fn named(p: &Played, t: &Tally) -> String {
    match p.sources {
        0 => dash(),
        1 => format!("{}/{}", t.right(), t.runs),
        _ => format!("{}/{} (all {})", t.right(), t.runs, t.all),
    }
}

fn canaries(t: &Tally) -> String {
    if t.canaries_sought == 0 {
        return dash();
    }
    let mean = |n: usize| n as f64 / t.known.max(1) as f64;
    format!(
        "{:.1} of {:.1}",
        mean(t.canaries_met),
        mean(t.canaries_sought)
    )
}

fn weight(weight: Log10E) -> String {
    match weight.0 {
        w if w.abs() < 100.0 => format!("{w:.1}"),
        w => format!("{w:.0}"),
    }
}

fn percent(part: f64) -> String {
    format!("{:.1} %", 100.0 * part)
}

fn dash() -> String {
    "-".into()
}

/// The same as JSON, schema `taggant.drill/1`: fields are added, never renamed.
pub fn json(r: &Rehearsal) -> Value {
    let export = r.export.as_ref();
    json!({
        "schema": "taggant.drill/1",
        "table": r.table,
        "rows": r.rows,
        "export": export.map(|(id, _)| id),
        "recipient": export.map(|(_, recipient)| recipient),
        "recipients": r.recipients,
        "sites": r.sites,
        "cells_altered": r.cells_altered,
        "canaries": r.canaries,
        "runs": r.runs,
        "seed": r.seed,
        "alpha": r.alpha.chance(),
        "threshold_log10_e": r.threshold.0,
        "traces": r.traces(),
        "innocents_named": r.accused_innocents(),
        "attacks": r.played.iter().map(attack).collect::<Vec<Value>>(),
        "likeness": r.likeness.as_ref().map(likeness),
        "notes": r.notes,
    })
}

fn likeness(l: &Likeness) -> Value {
    let tests = l.tests.iter();
    let tests: Vec<Value> = tests
        .map(|t| json!({"column": t.column, "aspect": aspect(t.aspect), "least_p": t.p.0}))
        .collect();
    json!({
        "copies": l.copies,
        "level": Likeness::LEVEL,
        "told_apart": l.told_apart,
        "tests": tests,
    })
}

fn attack(p: &Played) -> Value {
    json!({
        "family": p.family.word(),
        "attack": p.word,
        "what": p.what,
        "strength": p.strength,
        "level": p.level,
        "sources": p.sources,
        "whole": tally(&p.whole),
        "cut": p.cut.as_ref().map(|cut| {
            let mut value = tally(cut);
            if let Value::Object(fields) = &mut value {
                fields.insert("rows_taken".into(), json!(CUT));
            }
            value
        }),
    })
}

fn tally(t: &Tally) -> Value {
    let mean = |sum: f64, of: usize| (of > 0).then(|| sum / of as f64);
    let verdicts: Map<String, Value> = t
        .verdicts
        .iter()
        .map(|(verdict, times)| (verdict.word().to_string(), json!(times)))
        .collect();
    json!({
        "runs": t.runs,
        "named_all": t.all,
        "named_some": t.some,
        "named_innocent": t.wrong,
        "named_nobody": t.nobody,
        "rows": mean(t.rows as f64, t.runs),
        "bits_read": mean(t.read as f64, t.runs),
        "bits_compared": t.compared,
        "bits_wrong": t.differing,
        "canaries_sought": mean(t.canaries_sought as f64, t.known),
        "canaries_met": mean(t.canaries_met as f64, t.known),
        "log10_e": t.weights.iter().map(|w| w.0).collect::<Vec<f64>>(),
        "verdicts": verdicts,
    })
}
