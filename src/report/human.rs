//! What a tired investigator reads: the verdict in a sentence, whom it names, how sure that is, what it rests on, and what would
//! change it.

use std::fmt::Write;

use super::LeakReport;
use crate::trace::outcome::{Candidate, LeakRow, Outcome, StretchPlace};
use crate::trace::verdict::Verdict;

/// On what the bound rests; in every report.
pub const ASSUMPTIONS: [&str; 2] = [
    "the vault's key was secret when the leak was made",
    "an innocent recipient is one without whose copy, or anything derived from it, the leak was made",
];

/// What a naming means; in every report.
pub const COPY_NOT_PERSON: &str = "A copy was identified, not a person: who took it from its recipient is for an inquiry to find.";

/// One trace, with the bound over all traces so far.
pub fn trace(report: &LeakReport) -> String {
    let mut out = String::new();
    write_trace(report, report.traces, &mut out).ok();
    out
}

/// One trace of a run of many, whose summary gives the bound over all.
pub fn trace_of_many(report: &LeakReport) -> String {
    let mut out = String::new();
    write_trace(report, 0, &mut out).ok();
    out
}

fn write_trace(report: &LeakReport, traces: u64, out: &mut String) -> std::fmt::Result {
    let o = &report.outcome;
    writeln!(out, "{}", headline(&report.path, o))?;
    writeln!(out)?;
    if !report.format.is_empty() {
        writeln!(out, "  Format    {}", report.format)?;
    }
    writeln!(
        out,
        "  Read      {}{}, {} linked to records of this vault, {} marks readable",
        counted(o.rows, "row", "rows"),
        sheets(report),
        o.linked,
        o.sites_read
    )?;
    if o.alike.linked > 0 {
        writeln!(
            out,
            "            {} of them by likeness, without an identifier: a stranger's row is linked so with a chance of at most {}",
            o.alike.linked,
            number(o.alike.false_links)
        )?;
    }
    if !o.columns.is_empty() {
        let names: Vec<&str> = o.columns.iter().map(|(_, name)| name.as_str()).collect();
        writeln!(out, "  Columns   {}", names.join(", "))?;
    }
    for (at, note) in notes(report).iter().enumerate() {
        let label = if at == 0 { "Notes" } else { "" };
        writeln!(out, "  {label:<9} {note}")?;
    }
    for source in &o.sources {
        writeln!(out)?;
        write_source(source, o, out)?;
    }
    match o.verdict {
        Verdict::Attributed => {}
        Verdict::Inconclusive => write_inconclusive(o, out)?,
        Verdict::Original | Verdict::Unrelated => {}
    }
    writeln!(out)?;
    writeln!(
        out,
        "  Chance    that this trace names any innocent recipient: at most {}, over {} recipients",
        number(o.alpha.chance()),
        o.recipients_scored
    )?;
    writeln!(out, "            if {};", ASSUMPTIONS[0])?;
    writeln!(out, "            {}", ASSUMPTIONS[1])?;
    if traces > 0 {
        writeln!(
            out,
            "            over all {} traces of this vault so far: at most {}",
            traces,
            number(report.bound_of_all_traces)
        )?;
    }
    writeln!(out, "  Changes   {}", what_would_change(o))?;
    if o.verdict == Verdict::Attributed {
        writeln!(out, "  Mind      {COPY_NOT_PERSON}")?;
    }
    let still = match report.unchanged {
        Some(true) => ", the same before and after",
        Some(false) => {
            "; THE FILE WAS CHANGED WHILE IT WAS TRACED, by something else than this program"
        }
        None => "",
    };
    writeln!(out, "  SHA-256   {}{still}", report.sha256)
}

/// " on 3 sheets, one hidden", where there is more to say than that there is one table.
fn sheets(report: &LeakReport) -> String {
    let mut names: Vec<&Option<String>> = report.tables.iter().map(|(sheet, _)| sheet).collect();
    names.sort();
    names.dedup();
    let mut out = match (report.tables.len(), names.len()) {
        (0 | 1, _) => String::new(),
        (tables, 1) => format!(" in {tables} tables"),
        (tables, sheets) if tables == sheets => format!(" on {sheets} sheets"),
        (tables, sheets) => format!(" in {tables} tables on {sheets} sheets"),
    };
    match report.hidden {
        0 => {}
        1 if names.len() == 1 => out.push_str(" on a hidden sheet"),
        1 => out.push_str(", one hidden"),
        n => out.push_str(&format!(", {n} hidden")),
    }
    out
}

/// One line for a leak among many that needs no more, and what its reader found worth saying.
pub fn line(report: &LeakReport) -> String {
    let mut out = headline(&report.path, &report.outcome);
    if report.unchanged == Some(false) {
        out.push_str(" THE FILE WAS CHANGED WHILE IT WAS TRACED.");
    }
    out.push('\n');
    for note in notes(report) {
        let _ = writeln!(out, "  note: {note}");
    }
    out
}

/// What is worth saying of a file beside its trace.
fn notes(report: &LeakReport) -> Vec<String> {
    let same = report.same_as.as_deref();
    let same = same.map(|other| format!("the same bytes as `{}`", shown(other)));
    report.notes.iter().cloned().chain(same).collect()
}

/// The verdict in one sentence.
pub fn headline(path: &str, o: &Outcome) -> String {
    let path = shown(path);
    match o.verdict {
        Verdict::Attributed => {
            let (upstream, last): (Vec<&Candidate>, Vec<&Candidate>) =
                o.sources.iter().partition(|s| is_upstream(s, o));
            let names = |of: &[&Candidate]| {
                listed(&of.iter().map(|s| s.recipient.clone()).collect::<Vec<_>>())
            };
            let before = match upstream.is_empty() {
                true => String::new(),
                false => format!(", derived from the copy issued to {}", names(&upstream)),
            };
            match last.as_slice() {
                [one] => format!(
                    "ATTRIBUTED  `{path}` came from the copy issued to {}{before}.",
                    one.recipient
                ),
                _ => format!(
                    "ATTRIBUTED  `{path}` was put together from copies issued to {}{before}.",
                    names(&last)
                ),
            }
        }
        Verdict::Inconclusive => format!(
            "INCONCLUSIVE  `{path}` holds our records, and the evidence against no recipient passes the threshold."
        ),
        Verdict::Original => {
            format!(
                "ORIGINAL  `{path}` holds our records with unmarked values: the original, a restored copy, or another source of the same facts."
            )
        }
        Verdict::Unrelated => format!(
            "UNRELATED  `{path}` holds no more of this vault's records than chance would put there."
        ),
    }
}

/// A path on one line, whatever is in it: a file's name is the leaker's to choose, and a terminal obeys what it is shown.
pub fn shown(path: &str) -> String {
    path.chars()
        .map(|c| if c.is_control() { '\u{FFFD}' } else { c })
        .collect()
}

/// Whether another source's copy was made from this one's.
fn is_upstream(source: &Candidate, o: &Outcome) -> bool {
    let parents = o
        .sources
        .iter()
        .flat_map(|s| &s.exports)
        .filter_map(|e| e.parent.as_ref());
    parents
        .into_iter()
        .any(|parent| source.exports.iter().any(|e| e.export == *parent))
}

fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

fn write_source(s: &Candidate, o: &Outcome, out: &mut String) -> std::fmt::Result {
    writeln!(out, "  {}", s.recipient)?;
    writeln!(
        out,
        "    chance of naming an innocent here: at most {} (e-value 10^{:.1}, needed 10^{:.1})",
        number(s.bound.0),
        s.log10_e.0,
        o.threshold.0
    )?;
    if let Some(share) = s.share {
        writeln!(
            out,
            "    share of the leaked rows: {:.0} % (between {:.0} and {:.0} %)",
            100.0 * share.share.0,
            100.0 * share.low.0,
            100.0 * share.high.0
        )?;
    }
    if let Some(stretch) = &s.stretch {
        writeln!(
            out,
            "    found in {} (e-value 10^{:.1} there, corrected for having looked at {} parts of the leak)",
            stretch_place(&stretch.place),
            stretch.log10_e.0,
            o.stretches_weighed
        )?;
        if let Some((from, to)) = &stretch.likeliest {
            let run = StretchPlace::Rows(from.clone(), to.clone());
            writeln!(
                out,
                "    its values stand most likely in {} (sought with this copy in hand: no further evidence)",
                stretch_place(&run)
            )?;
        }
    }
    for e in s.evidence.iter().filter(|e| e.read > 0) {
        let kind = e.kind.word();
        writeln!(
            out,
            "    {kind:<8} {} marks read, {} as in this copy",
            e.read, e.agree
        )?;
    }
    if s.canaries.sought > 0 {
        writeln!(
            out,
            "    canaries {} of {} found",
            s.canaries.met, s.canaries.sought
        )?;
    }
    for e in &s.exports {
        let derived = e
            .parent
            .as_deref()
            .map(|p| format!(", derived from {p}"))
            .unwrap_or_default();
        writeln!(
            out,
            "    export   {} of {} ({}): {} of the leaked rows{derived}",
            e.export,
            e.table,
            e.created.strftime("%Y-%m-%d"),
            e.linked
        )?;
        for (word, remark) in [("withdrawn", &e.withdrawn), ("destroyed", &e.destroyed)] {
            if let Some(remark) = remark {
                let day = remark.at.strftime("%Y-%m-%d");
                let note = remark.note.as_ref().map(|n| format!(": {n}"));
                let note = note.unwrap_or_default();
                writeln!(out, "             noted as {word} on {day}{note}")?;
            }
        }
    }
    Ok(())
}

/// Where a stretch of a leak lies, in words.
pub fn stretch_place(place: &StretchPlace) -> String {
    let of_sheet = |row: &LeakRow| match &row.sheet {
        Some(sheet) => format!(" of sheet `{sheet}`"),
        None => String::new(),
    };
    match place {
        StretchPlace::Table(_, Some(sheet)) => format!("sheet `{sheet}`"),
        StretchPlace::Table(number, None) => format!("table {}", number + 1),
        StretchPlace::Rows(from, to) if from.table == to.table => format!(
            "rows {} to {}{}",
            grouped(from.row),
            grouped(to.row),
            of_sheet(from)
        ),
        StretchPlace::Rows(from, to) => format!(
            "row {}{} to row {}{}",
            grouped(from.row),
            of_sheet(from),
            grouped(to.row),
            of_sheet(to)
        ),
        StretchPlace::Value { column, value } => {
            let short: String = value.chars().take(40).collect();
            let rest = if short.len() < value.len() { "..." } else { "" };
            format!("column `{column}` = `{short}{rest}`")
        }
    }
}

/// A whole number with a comma at every thousand.
fn grouped(n: u32) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn write_inconclusive(o: &Outcome, out: &mut String) -> std::fmt::Result {
    writeln!(out)?;
    if let Some(best) = o.candidates.first() {
        writeln!(
            out,
            "  The strongest evidence is 10^{:.1}; naming needs 10^{:.1}. Names below that are not given here.",
            best.log10_e.0.max(-99.0),
            o.threshold.0
        )?;
    }
    let holders: std::collections::BTreeSet<&str> = o
        .overlap
        .iter()
        .flat_map(|v| v.recipients.iter().map(String::as_str))
        .collect();
    if let (1, Some(only)) = (holders.len(), holders.first()) {
        writeln!(
            out,
            "  Only {only} was ever given these records. That is a lead, not a naming: the agency held them too."
        )?;
    }
    Ok(())
}

fn what_would_change(o: &Outcome) -> &'static str {
    match o.verdict {
        Verdict::Attributed => {
            "proof that the key was known to others, or that the leak was made from another recipient's data; more rows only sharpen it"
        }
        Verdict::Inconclusive => {
            "more rows of the same leak, columns that were dropped (dates, numbers, addresses), or the file before it was edited"
        }
        Verdict::Original => "a mark or a canary in any further part of the leak",
        Verdict::Unrelated => {
            "a column that identifies people (a number, a phone) if this file is a part of another"
        }
    }
}

/// A probability as people write it: three digits or a power of ten.
pub fn number(p: f64) -> String {
    if p >= 0.001 {
        format!("{p:.3}")
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_string()
    } else {
        format!("{p:.1e}").replace(".0e", "e")
    }
}

pub(super) fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
