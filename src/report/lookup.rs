//! What is known of a caller's values, for people and as JSON. Values are spoken of by number: an answer that is filed or mailed
//! holds nobody's name.

use std::fmt::Write;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use super::human::number;
use crate::lookup::{Agreement, Found, FoundCanary, FoundExport, FoundRecord, Held, Unclear};

/// The schema of the JSON form.
pub const SCHEMA: &str = "taggant.lookup/1";

/// What such an answer is worth; in every report.
pub const NO_ACCUSATION: &str = "A lookup is a lead and names nobody: a canary points to a copy and not to a person, and what a real record says is known to all who held it. If there is a file, trace it.";

/// For people.
pub fn human(found: &Found) -> String {
    let mut out = String::new();
    write_human(found, &mut out).ok();
    out
}

fn write_human(found: &Found, out: &mut String) -> std::fmt::Result {
    if !found.is_something() {
        match found.unclear.len() == found.values {
            true => writeln!(out, "UNCLEAR  Nothing could be looked up as it was given.")?,
            false => writeln!(
                out,
                "NOTHING  No canary and no record of this vault has {}.",
                match found.values {
                    1 => "this value",
                    _ => "any of these values",
                }
            )?,
        }
        return write_unclear(found, out);
    }
    for canary in found.canaries.iter().filter(|c| is_bounded(c)) {
        write_canary(canary, out)?;
        writeln!(out)?;
    }
    match (found.records_alike, found.records.len()) {
        (0, _) => {}
        (alike, 0) => writeln!(
            out,
            "RECORDS  {alike} real records have as much of this. Give another value of the same person to tell them apart.\n"
        )?,
        (alike, _) => {
            if alike > 1 {
                writeln!(
                    out,
                    "RECORDS  {alike} real records have as much of this; here is each.\n"
                )?;
            }
            for record in &found.records {
                write_record(record, found.recipients, out)?;
                writeln!(out)?;
            }
        }
    }
    // a name or a date is as well a real person's, of whom there are many more
    for canary in found.canaries.iter().filter(|c| !is_bounded(c)) {
        write_canary(canary, out)?;
        writeln!(out)?;
    }
    if found.canaries_alike > found.canaries.len() {
        writeln!(
            out,
            "PERHAPS CANARIES  {} made-up records have as much of this. A telephone number, an ID or a name would tell them apart.\n",
            found.canaries_alike - found.canaries.len()
        )?;
    }
    if !found.fit_nothing.is_empty() {
        let numbers: Vec<String> = found.fit_nothing.iter().map(usize::to_string).collect();
        let (subject, verb) = match numbers.len() {
            1 => ("Value", "fits"),
            _ => ("Values", "fit"),
        };
        writeln!(
            out,
            "  {subject} {} {verb} nothing found here.",
            numbers.join(", ")
        )?;
    }
    write_unclear(found, out)?;
    writeln!(out, "  Mind      {NO_ACCUSATION}")
}

/// Whether something agrees with a canary that only who saw a copy gives, but for a chance that has a bound.
fn is_bounded(canary: &FoundCanary) -> bool {
    canary.accident.fraction() < 1.0
}

fn write_unclear(found: &Found, out: &mut String) -> std::fmt::Result {
    for (value, why) in &found.unclear {
        match why {
            Unclear::MaskedName => writeln!(
                out,
                "  Value {value} is a masked name; only numbers can be looked up masked. Give the whole name, or a number."
            )?,
            Unclear::Several => writeln!(
                out,
                "  Value {value} holds several values. Give each as one of its own."
            )?,
        }
    }
    Ok(())
}

fn write_canary(canary: &FoundCanary, out: &mut String) -> std::fmt::Result {
    writeln!(
        out,
        "{}  This fits a made-up record of register `{}`. It stands only in copies issued to {}.",
        match is_bounded(canary) {
            true => "CANARY",
            false => "PERHAPS A CANARY",
        },
        canary.register,
        canary.recipient
    )?;
    writeln!(out, "  Agrees    {}", agreements(&canary.agrees))?;
    for export in &canary.exports {
        writeln!(out, "  Export    {}", shown(export))?;
    }
    if is_bounded(canary) {
        writeln!(
            out,
            "  Chance    that whoever never saw a copy gives such a number by accident: at most {}",
            number(canary.accident.fraction())
        )
    } else {
        writeln!(
            out,
            "  Chance    unknown: nothing was given that was drawn for this canary alone, and real people may have the same"
        )
    }
}

fn write_record(record: &FoundRecord, recipients: usize, out: &mut String) -> std::fmt::Result {
    let holders = holders(&record.held);
    writeln!(
        out,
        "RECORD  This fits a {} record of register `{}`, which {} of {recipients} recipients held.",
        if record.made_up { "made-up" } else { "real" },
        record.register,
        holders.len()
    )?;
    writeln!(out, "  Agrees    {}", agreements(&record.agrees))?;
    match &record.marks {
        None => writeln!(
            out,
            "  Marks     nothing was given that differs from copy to copy, so nothing tells these recipients apart"
        )?,
        Some(marks) => writeln!(
            out,
            "  Marks     {} of {} recipients' copies show exactly what was given in {}; {:.1} would by chance alone, so this is no accusation",
            marks.show,
            marks.of,
            marks.columns.join(", "),
            marks.by_chance
        )?,
    }
    let mut table = Table::new();
    table
        .load_style(NOTHING)
        .set_header(["held by", "copies", "shows what was given"]);
    for (recipient, copies) in &holders {
        let all: Vec<String> = copies.iter().map(|h| shown(&h.export)).collect();
        let shows = match copies.iter().filter_map(|h| h.shows).reduce(|a, b| a || b) {
            Some(true) => "yes",
            Some(false) => "no",
            None => "",
        };
        table.add_row([*recipient, &all.join("\n"), shows]);
    }
    for line in table.trim_fmt().lines() {
        writeln!(out, "   {line}")?;
    }
    Ok(())
}

/// Copies by recipient; they come sorted so.
fn holders(held: &[Held]) -> Vec<(&str, &[Held])> {
    held.chunk_by(|a, b| a.recipient == b.recipient)
        .map(|copies| (copies[0].recipient.as_str(), copies))
        .collect()
}

fn shown(export: &FoundExport) -> String {
    format!(
        "{} of {} ({})",
        export.export,
        export.table,
        export.created.strftime("%Y-%m-%d")
    )
}

/// "value 1 (手机号), value 2 (末次月经 or 建档日期)"
fn agreements(agrees: &[Agreement]) -> String {
    let values: Vec<String> = agrees
        .chunk_by(|a, b| a.value == b.value)
        .map(|same| {
            let columns: Vec<&str> = same.iter().map(|a| a.column.as_str()).collect();
            format!("value {} ({})", same[0].value, columns.join(" or "))
        })
        .collect();
    values.join(", ")
}

/// As JSON.
pub fn json(found: &Found) -> Value {
    json!({
        "schema": SCHEMA,
        "values": found.values,
        "recipients": found.recipients,
        "canaries_alike": found.canaries_alike,
        "canaries": found.canaries.iter().map(canary_json).collect::<Vec<Value>>(),
        "records_alike": found.records_alike,
        "records": found.records.iter().map(record_json).collect::<Vec<Value>>(),
        "fit_nothing": found.fit_nothing,
        "unclear": found.unclear.iter().map(|(value, why)| json!({
            "value": value,
            "is": match why {
                Unclear::MaskedName => "a masked name",
                Unclear::Several => "several values",
            },
        })).collect::<Vec<Value>>(),
        "statement": NO_ACCUSATION,
    })
}

fn canary_json(canary: &FoundCanary) -> Value {
    json!({
        "register": canary.register,
        "recipient": canary.recipient,
        "agrees": agreements_json(&canary.agrees),
        "accident_bound": canary.accident.fraction(),
        "exports": canary.exports.iter().map(export_json).collect::<Vec<Value>>(),
    })
}

fn record_json(record: &FoundRecord) -> Value {
    let held: Vec<Value> = record
        .held
        .iter()
        .map(|held| {
            let mut value = export_json(&held.export);
            value["recipient"] = json!(held.recipient);
            value["shows"] = json!(held.shows);
            value
        })
        .collect();
    json!({
        "register": record.register,
        "made_up": record.made_up,
        "agrees": agreements_json(&record.agrees),
        "held": held,
        "marks": record.marks.as_ref().map(|marks| json!({
            "columns": marks.columns,
            "recipients": marks.of,
            "show": marks.show,
            "by_chance": marks.by_chance,
        })),
    })
}

fn agreements_json(agrees: &[Agreement]) -> Vec<Value> {
    let all = agrees.iter();
    all.map(|a| json!({"value": a.value, "column": a.column}))
        .collect()
}

fn export_json(export: &FoundExport) -> Value {
    json!({
        "export": export.export,
        "table": export.table,
        "issued": export.created.to_string(),
    })
}
