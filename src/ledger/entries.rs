//! The ledger's entries as plain records: what goes in and what comes out.

use jiff::Timestamp;
use zeroize::Zeroizing;

use super::canaries::CanaryIndex;
use super::events::Noted;
use super::records::{Layout, RecordIndex};

/// A register to enter.
#[derive(Clone, Debug)]
pub struct NewRegister {
    /// Its name, which no other register of the vault has.
    pub name: String,
    /// The frozen policy as TOML; sealed before it is stored.
    pub policy_toml: String,
    /// What its records are made of.
    pub layout: Layout,
    /// The issued copy that the register was made from, if it was.
    pub parent_export: Option<String>,
    /// When.
    pub created: Timestamp,
}

/// A register.
#[derive(Clone, Debug, PartialEq)]
pub struct Register {
    /// Its number in the ledger.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The frozen policy as TOML.
    pub policy_toml: String,
    /// What its records are made of.
    pub layout: Layout,
    /// The issued copy that the register was made from, if it was.
    pub parent_export: Option<String>,
    /// When it was entered.
    pub created: Timestamp,
}

/// Somebody who gets copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// Random; codeword and canaries follow from it.
    pub id: [u8; 16],
    /// The name in reports: the own one, or where the recipient is a part of another by now, `OTHER (formerly OWN)`.
    pub name: String,
    /// Every name that leads here, in its exact text: as entered first, the own name of today last.
    pub names: Vec<String>,
    /// When the recipient was entered.
    pub created: Timestamp,
}

impl Recipient {
    /// The recipient's own name of today.
    pub fn own_name(&self) -> &str {
        self.names.last().unwrap_or(&self.name)
    }
}

/// A source table to enter, with the records that are new in it.
#[derive(Clone, Debug)]
pub struct NewTable<'a> {
    /// The register's number.
    pub register: i64,
    /// The stem of the officer's file name.
    pub label: &'a str,
    /// [`crate::key::MasterKey::source_digest`] of the file.
    pub source_digest: [u8; 32],
    /// When.
    pub created: Timestamp,
    /// How many records the register had when `membership` was worked out; refused if another process has added some since.
    pub first_ordinal: u32,
    /// Records that are new or changed against the register's earlier tables. Their ordinals go on from `first_ordinal`.
    pub records: &'a RecordIndex,
    /// Which record each row is, and what else copies of the table hold.
    pub rows: &'a TableRows,
    /// Shared canaries that no earlier table of the register had, or had otherwise, in the caller's own form; sealed before they are
    /// stored. Empty where there are none.
    pub new_shared: &'a [u8],
}

/// What the rows of a source table are, and what all its copies have in common.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableRows {
    /// For every row, in order: the ordinal of its record, or [`super::NO_RECORD`].
    pub membership: Vec<u32>,
    /// Rows (counted from 0) whose order with the next row is free, rising: copies tell their codeword by it.
    pub pairs: Vec<u32>,
    /// Ordinals of the records that are shared canaries: a copy holds those that its codeword says.
    pub shared: Vec<u32>,
}

/// A source table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableEntry {
    /// Such as `t-8k3m9q2x`.
    pub id: String,
    /// The register's number.
    pub register: i64,
    /// The stem of the officer's file name.
    pub label: String,
    /// Keyed digest of the file.
    pub source_digest: [u8; 32],
    /// Rows, without title and header.
    pub rows: u64,
    /// When it was entered.
    pub created: Timestamp,
    /// Register-wide ordinal of the first record that came with it.
    pub first_ordinal: u64,
    /// How many records came with it.
    pub new_records: u64,
}

/// A copy to enter. It holds canaries in the clear, so it is not for printing.
#[derive(Clone)]
pub struct NewExport {
    /// The source table's id.
    pub table: String,
    /// The recipient's id.
    pub recipient: [u8; 16],
    /// When.
    pub created: Timestamp,
    /// Name of the file, without its folder.
    pub file_name: String,
    /// SHA-256 of the copy.
    pub sha256: [u8; 32],
    /// Rows of the copy, canaries included.
    pub rows: u64,
    /// Canaries in the copy.
    pub canaries: u64,
    /// Cells that differ from the source.
    pub cells_altered: u64,
    /// Sites in the copy.
    pub sites: u64,
    /// What the copy is for.
    pub purpose: Option<String>,
    /// The issued copy that this one was derived from, if it was.
    pub parent: Option<String>,
    /// Digests of all its canaries.
    pub canary_index: CanaryIndex,
    /// The canaries that no earlier copy of this recipient had, in the caller's own form; sealed before they are stored. Empty
    /// where there are none.
    pub new_canaries: Zeroizing<Vec<u8>>,
}

/// A copy that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportEntry {
    /// Such as `x-8k3m9q2x`.
    pub id: String,
    /// The register's number.
    pub register: i64,
    /// The source table's id.
    pub table: String,
    /// The recipient's id.
    pub recipient: [u8; 16],
    /// When it was entered.
    pub created: Timestamp,
    /// Name of the file, without its folder.
    pub file_name: String,
    /// SHA-256 of the copy.
    pub sha256: [u8; 32],
    /// Rows of the copy, canaries included.
    pub rows: u64,
    /// Canaries in the copy.
    pub canaries: u64,
    /// Cells that differ from the source.
    pub cells_altered: u64,
    /// Sites in the copy.
    pub sites: u64,
    /// What the copy is for.
    pub purpose: Option<String>,
    /// The issued copy that this one was derived from, if it was.
    pub parent: Option<String>,
    /// When it reached its place. `None` while that is pending, and for good where its process was stopped in between: such a
    /// copy may be out there, so a trace must reckon with it.
    pub issued: Option<Timestamp>,
    /// When it was first said to be withdrawn, if it was. It may be out there all the same.
    pub withdrawn: Option<Noted>,
    /// When it was first said to be destroyed, if it was.
    pub destroyed: Option<Noted>,
}

/// A trace to enter.
#[derive(Clone, Debug, PartialEq)]
pub struct NewTrace {
    /// When.
    pub created: Timestamp,
    /// How many recipients were scored.
    pub recipients_scored: u64,
    /// The chance of accusing an innocent that the trace allowed itself; above 0, at most 1.
    pub alpha: f64,
    /// The verdict in the report's word.
    pub verdict: String,
}

/// A trace that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceEntry {
    /// Its number, from 1.
    pub number: u64,
    /// When.
    pub created: Timestamp,
    /// How many recipients were scored.
    pub recipients_scored: u64,
    /// The chance of accusing an innocent that the trace allowed itself.
    pub alpha: f64,
    /// The verdict in the report's word.
    pub verdict: String,
}
