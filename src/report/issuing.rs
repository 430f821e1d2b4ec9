//! What an issue will do, and what it did, for people.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use super::human::counted;
use crate::issue::again::Standing;
use crate::issue::{Arrival, Issued, Plan, TablePlan};

/// What an issue will do, before it does it.
pub fn plan(plan: &Plan) -> String {
    let mut out = String::new();
    for table in &plan.tables {
        of_table(table, plan.copies.len(), &mut out);
    }
    out
}

fn of_table(plan: &TablePlan, copies: usize, out: &mut String) {
    let what = if plan.new_register {
        "new register"
    } else {
        "register"
    };
    let sheet = plan.sheet.as_ref();
    let sheet = sheet.map_or(String::new(), |sheet| format!(" (sheet `{sheet}`)"));
    let _ = writeln!(
        out,
        "{what} `{}`{sheet}: {} rows, {} places for marks",
        plan.register, plan.rows, plan.sites
    );
    for line in &plan.summary {
        let _ = writeln!(out, "  {line}");
    }
    if let Some(parent) = &plan.parent {
        let _ = writeln!(out, "  derived from the copy {parent}");
    }
    for note in &plan.notes {
        let _ = writeln!(out, "  note: {note}");
    }
    if let Some(column) = &plan.by {
        nobody(plan, column, copies, out);
    }
}

/// Values whose rows nobody gets, told one by one; the rest are counted.
const VALUES_TOLD: usize = 12;

fn nobody(plan: &TablePlan, column: &str, copies: usize, out: &mut String) {
    let left: usize = plan.nobody.iter().map(|u| u.rows).sum();
    let _ = writeln!(
        out,
        "  divided by `{column}`: {} rows to {}, {left} to nobody",
        plan.given,
        counted(copies, "recipient", "recipients"),
    );
    for u in plan.nobody.iter().take(VALUES_TOLD) {
        let rows = counted(u.rows, "row", "rows");
        let _ = match u.value.as_str() {
            "" => writeln!(out, "    {rows}: {}", u.reason.words()),
            value => writeln!(out, "    {rows} of `{value}`: {}", u.reason.words()),
        };
    }
    if plan.nobody.len() > VALUES_TOLD {
        let more = plan.nobody.len() - VALUES_TOLD;
        let _ = writeln!(
            out,
            "    and {}",
            counted(more, "more value", "more values")
        );
    }
}

/// What would become of each copy.
pub fn intended(plan: &Plan) -> String {
    let mut out = String::new();
    for ((recipient, path), copy) in plan.copies.iter().zip(&plan.standing) {
        let would = match copy.standing {
            Standing::New => "would issue to",
            Standing::Pending(_) => "would finish the copy for",
            Standing::Done(_) => "done already, for",
        };
        let rows = match plan.tables.iter().any(|table| table.by.is_some()) {
            true => format!(" ({})", counted(copy.rows, "row", "rows")),
            false => String::new(),
        };
        let _ = writeln!(out, "{would} {recipient}{rows}: {}", path.display());
    }
    out
}

/// The copies of one run.
pub fn issued(copies: &[Issued]) -> String {
    let mut out = String::new();
    for c in copies {
        let sheet = c.sheet.as_ref();
        let _ = writeln!(
            out,
            "{}  {}{}  {} rows, {} cells altered, {} -> {}{}",
            c.export,
            c.recipient,
            sheet.map_or(String::new(), |sheet| format!(", sheet `{sheet}`")),
            c.rows,
            c.cells_altered,
            counted(c.canaries, "canary", "canaries"),
            c.path.display(),
            match &c.arrival {
                Arrival::Issued => String::new(),
                Arrival::Finished => " (finished: an earlier run was cut)".to_string(),
                Arrival::Done => " (done already)".to_string(),
                Arrival::Anew(entry) =>
                    format!(" (a new entry: the copy of {entry} cannot be made as it was)"),
            }
        );
    }
    // each table's is told once
    let mut told: Vec<&Option<String>> = Vec::new();
    for c in copies {
        let (Some(left @ 1..), false) = (c.rows_of_nobody, told.contains(&&c.sheet)) else {
            continue;
        };
        told.push(&c.sheet);
        let sheet = c.sheet.as_ref();
        let _ = writeln!(
            out,
            "{}{} went to nobody",
            counted(left, "row", "rows"),
            sheet.map_or(String::new(), |sheet| format!(" of sheet `{sheet}`")),
        );
    }
    alike(copies, &mut out);
    // several entries may be of one file
    let files = |of: &dyn Fn(&&Issued) -> bool| -> HashSet<&Path> {
        let found = copies.iter().filter(of);
        found.map(|c| c.path.as_path()).collect()
    };
    let done = files(&|c| c.arrival == Arrival::Done).len();
    if done > 0 {
        let _ = match files(&|_| true).len() {
            all if all == done => writeln!(out, "all done already: nothing was made"),
            all => writeln!(out, "{done} of {all} were done already"),
        };
    }
    out
}

/// Says which copies cannot be told apart, where chance gave two recipients the same marks and there is no canary.
fn alike(copies: &[Issued], out: &mut String) {
    let mut whose: BTreeMap<[u8; 32], Vec<&str>> = BTreeMap::new();
    for c in copies {
        let names = whose.entry(c.sha256).or_default();
        if !names.contains(&c.recipient.as_str()) {
            names.push(&c.recipient);
        }
    }
    for names in whose.values().filter(|names| names.len() > 1) {
        let _ = writeln!(
            out,
            "warning: the copies for {} are the same file: too little in them may be altered, so a leak of one cannot be told from a leak of \
             another",
            names.join(" and ")
        );
    }
    let bare = |c: &&Issued| c.is_source;
    let bare: Vec<&str> = copies
        .iter()
        .filter(bare)
        .map(|c| c.recipient.as_str())
        .collect();
    if !bare.is_empty() {
        let _ = writeln!(
            out,
            "warning: the copy for {} is the source itself, since chance altered nothing and no canary could be made: a leak of it names nobody",
            bare.join(" and ")
        );
    }
}
