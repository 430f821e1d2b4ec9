//! The JSON contract. Fields are added, never renamed.

use serde::Serialize;

use super::{Answer, LeakReport, Unread};
use crate::issue::again::Standing;
use crate::issue::by::Reason;
use crate::issue::{Arrival, Issued, Plan, TablePlan};
use crate::trace::outcome::{Candidate, Outcome, Remark, StretchEvidence, StretchPlace};
use crate::trace::units::Log10E;

/// The schema that every trace names.
pub const SCHEMA: &str = "taggant.trace/1";

#[derive(Serialize)]
struct TraceJson<'a> {
    schema: &'static str,
    leak: LeakJson<'a>,
    verdict: crate::trace::verdict::Verdict,
    alpha: f64,
    recipients_scored: usize,
    exports_scored: usize,
    threshold_log10_e: f64,
    sites_read: usize,
    sites_contradicted: usize,
    links_by_chance: f64,
    links_by_likeness: usize,
    false_link_rate: f64,
    unmarked_log10_factor: Option<f64>,
    stretches_weighed: usize,
    traces_so_far: u64,
    bound_of_all_traces: f64,
    columns: Vec<ColumnJson<'a>>,
    sources: Vec<SourceJson<'a>>,
    candidates: Vec<SourceJson<'a>>,
    overlap: Vec<OverlapJson<'a>>,
    assumptions: [&'static str; 2],
    statement: &'static str,
}

#[derive(Serialize)]
struct LeakJson<'a> {
    path: &'a str,
    sha256: &'a str,
    rows: usize,
    linked: usize,
    format: &'a str,
    notes: &'a [String],
    tables: Vec<TableJson<'a>>,
    hidden_sheets: usize,
    unchanged: Option<bool>,
    same_as: Option<&'a str>,
}

#[derive(Serialize)]
struct TableJson<'a> {
    sheet: Option<&'a str>,
    rows: usize,
}

#[derive(Serialize)]
struct ColumnJson<'a> {
    column: usize,
    is: &'a str,
}

#[derive(Serialize)]
struct SourceJson<'a> {
    recipient: &'a str,
    log10_e: f64,
    false_accusation_bound: f64,
    share: Option<f64>,
    share_interval: Option<[f64; 2]>,
    exports: Vec<ExportJson<'a>>,
    evidence: Vec<EvidenceJson>,
    stretch: Option<StretchJson<'a>>,
}

/// A part of the leak; rows are the file's own numbers.
#[derive(Serialize)]
struct StretchJson<'a> {
    kind: &'static str,
    sheet: Option<&'a str>,
    from_row: Option<u32>,
    to_row: Option<u32>,
    to_sheet: Option<&'a str>,
    column: Option<&'a str>,
    value: Option<&'a str>,
    rows: usize,
    log10_e: f64,
    likeliest_from_row: Option<u32>,
    likeliest_to_row: Option<u32>,
}

#[derive(Serialize)]
struct ExportJson<'a> {
    export: &'a str,
    table: &'a str,
    issued: String,
    linked: usize,
    canaries_found: usize,
    canaries_issued: usize,
    derived_from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    withdrawn: Option<RemarkJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    destroyed: Option<RemarkJson<'a>>,
}

#[derive(Serialize)]
struct RemarkJson<'a> {
    at: String,
    note: Option<&'a str>,
}

impl RemarkJson<'_> {
    fn of(remark: &Remark) -> RemarkJson<'_> {
        RemarkJson {
            at: remark.at.to_string(),
            note: remark.note.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct EvidenceJson {
    kind: &'static str,
    read: u64,
    agree: u64,
    log10_e: f64,
}

#[derive(Serialize)]
struct OverlapJson<'a> {
    table: &'a str,
    linked: usize,
    recipients: &'a [String],
}

#[derive(Serialize)]
struct IssuedJson<'a> {
    export: &'a str,
    recipient: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sheet: Option<&'a str>,
    path: String,
    sha256: String,
    rows: usize,
    canaries: usize,
    cells_altered: usize,
    sites: usize,
    done: bool,
    finished: bool,
    instead_of: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows_of_nobody: Option<usize>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_source: bool,
}

/// One trace as one JSON value.
pub fn trace(report: &LeakReport) -> serde_json::Value {
    let o: &Outcome = &report.outcome;
    let json = TraceJson {
        schema: SCHEMA,
        leak: LeakJson {
            path: &report.path,
            sha256: &report.sha256,
            rows: o.rows,
            linked: o.linked,
            format: &report.format,
            notes: &report.notes,
            tables: report
                .tables
                .iter()
                .map(|(sheet, rows)| TableJson {
                    sheet: sheet.as_deref(),
                    rows: *rows,
                })
                .collect(),
            hidden_sheets: report.hidden,
            unchanged: report.unchanged,
            same_as: report.same_as.as_deref(),
        },
        verdict: o.verdict,
        alpha: o.alpha.chance(),
        recipients_scored: o.recipients_scored,
        exports_scored: o.exports_scored,
        threshold_log10_e: o.threshold.0,
        sites_read: o.sites_read,
        sites_contradicted: o.contradicted,
        links_by_chance: o.linked_by_chance,
        links_by_likeness: o.alike.linked,
        false_link_rate: o.alike.false_links,
        unmarked_log10_factor: o.unmarked.map(|f| f.0),
        stretches_weighed: o.stretches_weighed,
        traces_so_far: report.traces,
        bound_of_all_traces: report.bound_of_all_traces,
        columns: o
            .columns
            .iter()
            .map(|(column, is)| ColumnJson {
                column: *column,
                is,
            })
            .collect(),
        sources: o.sources.iter().map(source).collect(),
        candidates: o.candidates.iter().map(source).collect(),
        overlap: o
            .overlap
            .iter()
            .map(|v| OverlapJson {
                table: &v.table,
                linked: v.linked,
                recipients: &v.recipients,
            })
            .collect(),
        assumptions: super::human::ASSUMPTIONS,
        statement: super::human::COPY_NOT_PERSON,
    };
    serde_json::to_value(&json).unwrap_or_default()
}

/// A file that could not be traced as one JSON value: `error` stands where a trace has its verdict.
pub fn unread(unread: &Unread) -> serde_json::Value {
    serde_json::json!({
        "schema": SCHEMA,
        "leak": {"path": unread.path, "sha256": unread.sha256},
        "error": unread.reason,
    })
}

/// What came of one of many files as one JSON value.
pub fn answer(answer: &Answer) -> serde_json::Value {
    match answer {
        Answer::Traced(report) => trace(report),
        Answer::Unread(unread) => self::unread(unread),
    }
}

fn source(c: &Candidate) -> SourceJson<'_> {
    let sites = c.evidence.iter().map(|e| EvidenceJson {
        kind: e.kind.word(),
        read: e.read,
        agree: e.agree,
        log10_e: finite(e.log10_e),
    });
    let canaries = (c.canaries.sought > 0).then(|| EvidenceJson {
        kind: "canaries",
        read: c.canaries.sought as u64,
        agree: c.canaries.met as u64,
        log10_e: finite(c.canaries.log10_e),
    });
    SourceJson {
        recipient: &c.recipient,
        log10_e: finite(c.log10_e),
        false_accusation_bound: c.bound.0,
        share: c.share.map(|s| s.share.0),
        share_interval: c.share.map(|s| [s.low.0, s.high.0]),
        exports: c
            .exports
            .iter()
            .map(|e| ExportJson {
                export: &e.export,
                table: &e.table,
                issued: e.created.to_string(),
                linked: e.linked,
                canaries_found: e.canaries_found,
                canaries_issued: e.canaries_issued,
                derived_from: e.parent.as_deref(),
                withdrawn: e.withdrawn.as_ref().map(RemarkJson::of),
                destroyed: e.destroyed.as_ref().map(RemarkJson::of),
            })
            .collect(),
        evidence: sites.chain(canaries).collect(),
        stretch: c.stretch.as_ref().map(stretch),
    }
}

fn stretch(s: &StretchEvidence) -> StretchJson<'_> {
    let mut json = StretchJson {
        kind: "sheet",
        sheet: None,
        from_row: None,
        to_row: None,
        to_sheet: None,
        column: None,
        value: None,
        rows: s.rows,
        log10_e: finite(s.log10_e),
        likeliest_from_row: s.likeliest.as_ref().map(|(from, _)| from.row),
        likeliest_to_row: s.likeliest.as_ref().map(|(_, to)| to.row),
    };
    match &s.place {
        StretchPlace::Table(_, sheet) => json.sheet = sheet.as_deref(),
        StretchPlace::Rows(from, to) => {
            json.kind = "rows";
            (json.sheet, json.to_sheet) = (from.sheet.as_deref(), to.sheet.as_deref());
            (json.from_row, json.to_row) = (Some(from.row), Some(to.row));
        }
        StretchPlace::Value { column, value } => {
            json.kind = "value";
            (json.column, json.value) = (Some(column.as_str()), Some(value.as_str()));
        }
    }
    json
}

/// JSON has no infinities; evidence that says "impossible" is a very small number.
fn finite(e: Log10E) -> f64 {
    e.0.clamp(-1e6, 1e6)
}

/// What an issue would do: of one table all in one object, of several a list of such objects beside the copies.
pub fn plan(plan: &Plan) -> serde_json::Value {
    let copies: serde_json::Value = plan
        .copies
        .iter()
        .zip(&plan.standing)
        .map(|((recipient, path), copy)| {
            serde_json::json!({
                "recipient": recipient,
                "path": path.to_string_lossy(),
                "rows": copy.rows,
                "done": copy.standing.is_done(),
                "unfinished": matches!(copy.standing, Standing::Pending(_)),
            })
        })
        .collect();
    if let [table] = &plan.tables[..] {
        let mut whole = table_plan(table);
        whole["copies"] = copies;
        return whole;
    }
    let tables: Vec<serde_json::Value> = plan
        .tables
        .iter()
        .map(|table| {
            let mut one = table_plan(table);
            one["sheet"] = table.sheet.clone().into();
            one
        })
        .collect();
    serde_json::json!({"tables": tables, "copies": copies})
}

fn table_plan(plan: &TablePlan) -> serde_json::Value {
    let nobody: serde_json::Value = plan
        .nobody
        .iter()
        .map(|u| serde_json::json!({"value": u.value, "rows": u.rows, "reason": reason(u.reason)}))
        .collect();
    serde_json::json!({
        "register": plan.register,
        "new_register": plan.new_register,
        "summary": plan.summary,
        "notes": plan.notes,
        "rows": plan.rows,
        "sites": plan.sites,
        "derived_from": plan.parent,
        "by": plan.by,
        "nobody": nobody,
    })
}

fn reason(reason: Reason) -> &'static str {
    match reason {
        Reason::Blank => "blank",
        Reason::NotNamed => "not_named",
        Reason::Nobodys => "mapped_to_nobody",
        Reason::TooFew => "too_few_rows",
    }
}

/// The copies of one run as a JSON array.
pub fn issued(copies: &[Issued]) -> serde_json::Value {
    let all: Vec<IssuedJson<'_>> = copies
        .iter()
        .map(|c| IssuedJson {
            export: &c.export,
            recipient: &c.recipient,
            sheet: c.sheet.as_deref(),
            path: c.path.to_string_lossy().into_owned(),
            sha256: hex(&c.sha256),
            rows: c.rows,
            canaries: c.canaries,
            cells_altered: c.cells_altered,
            sites: c.sites,
            done: c.arrival == Arrival::Done,
            finished: c.arrival == Arrival::Finished,
            instead_of: match &c.arrival {
                Arrival::Anew(entry) => Some(entry),
                _ => None,
            },
            rows_of_nobody: c.rows_of_nobody,
            is_source: c.is_source,
        })
        .collect();
    serde_json::to_value(&all).unwrap_or_default()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
