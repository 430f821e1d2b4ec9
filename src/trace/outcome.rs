//! What a trace found: results only, for reports. Nothing here leads to a key or to the ledger.

use super::evidence::KindEvidence;
use super::link::Alike;
use super::mixture::ShareEstimate;
use super::units::{Alpha, FalseAccusationBound, Log10E, Log10Factor};
use super::verdict::Verdict;

/// The answer to "whose copy is this?".
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The verdict.
    pub verdict: Verdict,
    /// The chance of naming any innocent that was allowed.
    pub alpha: Alpha,
    /// Rows of the leak.
    pub rows: usize,
    /// Rows linked to a record of the vault.
    pub linked: usize,
    /// Links that strangers' files would give by chance.
    pub linked_by_chance: f64,
    /// All recipients ever entered, every one scored.
    pub recipients_scored: usize,
    /// Exports considered.
    pub exports_scored: usize,
    /// Sites read, and sites erased because they said two things.
    pub sites_read: usize,
    /// Sites whose readings contradicted one another.
    pub contradicted: usize,
    /// The threshold that names.
    pub threshold: Log10E,
    /// The test of "unmarked", where anything was read.
    pub unmarked: Option<Log10Factor>,
    /// Recipients named, strongest first.
    pub sources: Vec<Candidate>,
    /// The ten strongest, named or not.
    pub candidates: Vec<Candidate>,
    /// Every table that held linked records, by how much of the leak it could explain.
    pub overlap: Vec<Overlap>,
    /// Columns of the leak that were recognised: (column from 1, the register's name for it).
    pub columns: Vec<(usize, String)>,
    /// Rows without identifiers, and how they were linked.
    pub alike: Alike,
    /// Stretches of the leak that were weighed beside the whole of it; every e-value has paid for that.
    pub stretches_weighed: usize,
}

/// One recipient's evidence.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Name.
    pub recipient: String,
    /// Sites and canaries together.
    pub log10_e: Log10E,
    /// min(1, N/E).
    pub bound: FalseAccusationBound,
    /// The part of the leaked rows that came from here; for sources only.
    pub share: Option<ShareEstimate>,
    /// The recipient's exports that held a linked record.
    pub exports: Vec<ExportHit>,
    /// By kind of carrier, canaries last.
    pub evidence: Vec<KindEvidence>,
    /// Evidence of canaries: (sought, met, weight).
    pub canaries: CanaryEvidence,
    /// The stretch that says more than the whole leak does, where one does.
    pub stretch: Option<StretchEvidence>,
}

/// A part of the leak in which a recipient stands out more than in the whole of it.
#[derive(Clone, Debug, PartialEq)]
pub struct StretchEvidence {
    /// Where it lies, as it was set before anybody was scored.
    pub place: StretchPlace,
    /// For a run of rows of a named source: the rows that its values tell, first and last. They were sought with its copy in hand, so
    /// they are no evidence.
    pub likeliest: Option<(LeakRow, LeakRow)>,
    /// Its linked rows.
    pub rows: usize,
    /// The weight of its sites, after paying for having looked at every stretch.
    pub log10_e: Log10E,
}

/// Where a stretch lies.
#[derive(Clone, Debug, PartialEq)]
pub enum StretchPlace {
    /// A table: its number from 0, and its sheet's name.
    Table(usize, Option<String>),
    /// Rows from one to another, ends included.
    Rows(LeakRow, LeakRow),
    /// The rows that have this value in this column of the leak.
    Value {
        /// The column's name, or its number from 1.
        column: String,
        /// The value.
        value: String,
    },
}

/// A row of the leak as its reader finds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeakRow {
    /// The number of its table, from 0.
    pub table: usize,
    /// The table's sheet.
    pub sheet: Option<String>,
    /// The file's number of the row, from 1.
    pub row: u32,
}

/// What a recipient's canaries say.
#[derive(Clone, Copy, Debug, Default)]
pub struct CanaryEvidence {
    /// Distinct canaries that the leak could have shown.
    pub sought: usize,
    /// Those met.
    pub met: usize,
    /// Their weight.
    pub log10_e: Log10E,
}

/// An export that held linked records.
#[derive(Clone, Debug)]
pub struct ExportHit {
    /// The export's id.
    pub export: String,
    /// The source table's label.
    pub table: String,
    /// When it was entered.
    pub created: jiff::Timestamp,
    /// Leaked rows whose record it held.
    pub linked: usize,
    /// Its canaries met.
    pub canaries_found: usize,
    /// Its canaries.
    pub canaries_issued: usize,
    /// The copy that it was derived from.
    pub parent: Option<String>,
    /// When it was said to be withdrawn, if it was.
    pub withdrawn: Option<Remark>,
    /// When it was said to be destroyed, if it was.
    pub destroyed: Option<Remark>,
}

/// What the agency noted about a copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// When.
    pub at: jiff::Timestamp,
    /// In the officer's words.
    pub note: Option<String>,
}

/// A source table that held linked records.
#[derive(Clone, Debug)]
pub struct Overlap {
    /// Its label.
    pub table: String,
    /// Leaked rows whose record it held.
    pub linked: usize,
    /// Who had a copy of it.
    pub recipients: Vec<String>,
}
