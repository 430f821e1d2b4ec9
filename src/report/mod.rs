//! Reports: one file an output form. They see results only, never the ledger or a key.

pub mod human;
pub mod inspect;
pub mod json;
pub mod rows;

/// The outcome of one leak, with what the file itself was.
pub struct LeakReport {
    /// The path as given; `-` for standard input.
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Sheets and rows that were read.
    pub tables: Vec<(Option<String>, usize)>,
    /// What the trace found.
    pub outcome: crate::trace::outcome::Outcome,
    /// The chance that any trace of this vault so far, this one included, named an innocent.
    pub bound_of_all_traces: f64,
    /// How many traces that is.
    pub traces: u64,
}
