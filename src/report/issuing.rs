//! What an issue will do, and what it did, for people.

use std::fmt::Write as _;

use super::human::counted;
use crate::issue::again::Standing;
use crate::issue::{Arrival, Issued, Plan};

/// What an issue will do, before it does it.
pub fn plan(plan: &Plan) -> String {
    let mut out = String::new();
    let what = if plan.new_register {
        "new register"
    } else {
        "register"
    };
    let _ = writeln!(
        out,
        "{what} `{}`: {} rows, {} places for marks",
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
        nobody(plan, column, &mut out);
    }
    out
}

/// Values whose rows nobody gets, told one by one; the rest are counted.
const VALUES_TOLD: usize = 12;

fn nobody(plan: &Plan, column: &str, out: &mut String) {
    let given: usize = plan.standing.iter().map(|copy| copy.rows).sum();
    let left: usize = plan.nobody.iter().map(|u| u.rows).sum();
    let _ = writeln!(
        out,
        "  divided by `{column}`: {given} rows to {}, {left} to nobody",
        counted(plan.copies.len(), "recipient", "recipients"),
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
        let rows = match plan.by {
            Some(_) => format!(" ({})", counted(copy.rows, "row", "rows")),
            None => String::new(),
        };
        let _ = writeln!(out, "{would} {recipient}{rows}: {}", path.display());
    }
    out
}

/// The copies of one run.
pub fn issued(copies: &[Issued]) -> String {
    let mut out = String::new();
    for c in copies {
        let _ = writeln!(
            out,
            "{}  {}  {} rows, {} cells altered, {} -> {}{}",
            c.export,
            c.recipient,
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
    if let Some(Some(left @ 1..)) = copies.first().map(|c| c.rows_of_nobody) {
        let _ = writeln!(out, "{} went to nobody", counted(left, "row", "rows"));
    }
    let done = copies.iter().filter(|c| c.arrival == Arrival::Done).count();
    if done > 0 {
        let _ = match copies.len() {
            all if all == done => writeln!(out, "all done already: nothing was made"),
            all => writeln!(out, "{done} of {all} were done already"),
        };
    }
    out
}
