//! Which copy a returned file came from.

use std::collections::HashSet;

use super::found::Sign;
use crate::digests::DigestSet;
use crate::error::{Error, Result};
use crate::issue::back::about;
use crate::ledger::{ExportEntry, NO_RECORD, RecordIndex};
use crate::mark::Record;
use crate::mark::plan::Planner;
use crate::mark::shape::Shape;
use crate::policy::text;
use crate::table::{Source, Table};
use crate::trace::run::Tracer;
use crate::trace::units::Alpha;
use crate::vault::Vault;

/// Fewer canaries than this in a copy, and one of them is sign enough.
const FEW: usize = 40;

/// The export of this id; where its file has several tables with marks, the entry that is about this one.
///
/// # Errors
/// None has it.
pub fn told(vault: &Vault, returned: &Source, id: &str) -> Result<ExportEntry> {
    let export = vault.ledger.export(id)?.ok_or_else(|| {
        Error::input(format!(
            "there is no export `{id}`. See `taggant ledger list`."
        ))
    })?;
    let mut of_file = vault.ledger.exports()?;
    of_file.retain(|e| e.sha256 == export.sha256 && e.recipient == export.recipient);
    Ok(about(vault, of_file, returned)?.unwrap_or(export))
}

/// The export that a file came from, found by its bytes, its canaries or its marks; none where it is no copy of this vault's.
pub fn find(
    vault: &Vault,
    returned: &Source,
    sha256: &[u8; 32],
) -> Result<Option<(ExportEntry, Sign)>> {
    let exports = vault.ledger.exports()?;
    let of_file = exports.iter().filter(|e| e.sha256 == *sha256).cloned();
    let of_file: Vec<ExportEntry> = of_file.collect();
    if !of_file.is_empty() {
        let export = about(vault, of_file, returned)?;
        return Ok(export.map(|export| (export, Sign::SameFile)));
    }
    if is_own_table(vault, sha256)? {
        return Ok(None);
    }
    let by_canaries = by_canaries(vault, &returned.table)?;
    let (one, sign) = match by_canaries {
        Some((export, met)) => (export, Sign::Canaries(met)),
        None => match by_marks(vault, &returned.table, &exports)? {
            Some(export) => (export, Sign::Marks),
            None => return Ok(None),
        },
    };
    let theirs: Vec<ExportEntry> = exports
        .into_iter()
        .filter(|e| e.recipient == one.recipient && e.register == one.register)
        .collect();
    let best = nearest(vault, &returned.table, one, theirs)?;
    Ok(Some((best, sign)))
}

/// Whether the agency has issued this very file.
pub fn is_own_table(vault: &Vault, sha256: &[u8; 32]) -> Result<bool> {
    let digest = vault.key.source_digest(sha256);
    for register in vault.ledger.registers()? {
        let tables = vault.ledger.tables(register.id)?;
        if tables.iter().any(|t| t.source_digest == digest) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The digests of each row's identifiers and plain cells under one register's shape.
struct RowDigests {
    shape: Shape,
    identifiers: Vec<u64>,
    plain: Vec<u32>,
}

impl RowDigests {
    fn of(vault: &Vault, register: &crate::ledger::Register, table: &Table) -> Result<RowDigests> {
        let policy = text::read(&register.name, &register.policy_toml)?;
        let shape = Shape::new(&policy, Planner::new(&policy).groups());
        let keys = vault.key.digest_keys();
        let places: Vec<Option<usize>> = super::link::places(&policy, table);
        let (mut identifiers, mut plain) = (Vec::new(), Vec::new());
        for row in 0..table.rows() {
            let record = Record::new(table, row, &places);
            shape.digest_identifiers(&record, &keys, &mut identifiers);
            shape.digest_plain(&record, &keys, &mut plain);
        }
        Ok(RowDigests {
            shape,
            identifiers,
            plain,
        })
    }

    /// The whole identifiers of every row, one a column.
    fn full(&self) -> Vec<DigestSet> {
        let forms = self.shape.layout().identifier_forms.max(1);
        let columns = self.shape.identifiers.iter();
        columns
            .map(|id| {
                let rows = self.identifiers.chunks_exact(forms);
                rows.map(|row| row[id.first]).filter(|d| *d != 0).collect()
            })
            .collect()
    }
}

/// The export of whose own canaries a table holds most, with their number: all identifiers of each, since a made-up number may by
/// chance be somebody's by now.
fn by_canaries(vault: &Vault, table: &Table) -> Result<Option<(ExportEntry, usize)>> {
    let mut best: Option<(ExportEntry, usize)> = None;
    for register in vault.ledger.registers()? {
        let present = RowDigests::of(vault, &register, table)?.full();
        vault
            .ledger
            .for_each_canary_index(register.id, |export, index| {
                let canaries = index.full.chunks(index.identifier_columns.max(1));
                let met = canaries.filter(|canary| is_met(canary, &present)).count();
                let enough = met >= 2 || (met == 1 && index.len() < FEW);
                if enough && best.as_ref().is_none_or(|(_, most)| met > *most) {
                    best = Some((export.clone(), met));
                }
                Ok(())
            })?;
    }
    Ok(best)
}

fn is_met(canary: &[u64], present: &[DigestSet]) -> bool {
    let mut there = canary
        .iter()
        .zip(present)
        .filter(|(digest, set)| **digest != 0 && !set.is_empty())
        .peekable();
    there.peek().is_some() && there.all(|(digest, set)| set.contains(digest))
}

/// An export of the recipient whom a trace names first.
fn by_marks(vault: &Vault, table: &Table, exports: &[ExportEntry]) -> Result<Option<ExportEntry>> {
    let outcome = Tracer::new(vault)?.trace(vault, &[table], Alpha::DEFAULT)?;
    let Some(named) = outcome.sources.into_iter().next() else {
        return Ok(None);
    };
    let most = named.exports.into_iter().max_by_key(|e| e.linked);
    Ok(most.and_then(|hit| exports.iter().find(|e| e.id == hit.export).cloned()))
}

/// Of one recipient's exports of one register the one whose source table has most rows in common with the returned one, as these
/// rows are now; the last of several.
fn nearest(
    vault: &Vault,
    table: &Table,
    one: ExportEntry,
    exports: Vec<ExportEntry>,
) -> Result<ExportEntry> {
    if exports.len() < 2 {
        return Ok(one);
    }
    let registers = vault.ledger.registers()?;
    let Some(register) = registers.iter().find(|r| r.id == one.register) else {
        return Ok(one);
    };
    let digests = RowDigests::of(vault, register, table)?;
    let index = vault.ledger.records(register.id)?;
    let present: HashSet<(&[u64], &[u32])> =
        (0..table.rows()).map(|row| of_row(&digests, row)).collect();
    let mut best: Option<(i64, ExportEntry)> = None;
    for export in exports {
        let rows = vault.ledger.table_rows(&export.table)?.membership;
        let same = rows
            .iter()
            .filter(|ordinal| **ordinal != NO_RECORD && is_there(&index, **ordinal, &present))
            .count() as i64;
        let missing = rows.len() as i64 - same;
        let fit = same - missing;
        if best.as_ref().is_none_or(|(most, _)| fit >= *most) {
            best = Some((fit, export));
        }
    }
    Ok(best.map_or(one, |(_, export)| export))
}

fn of_row(digests: &RowDigests, row: usize) -> (&[u64], &[u32]) {
    let layout = digests.shape.layout();
    let (forms, plains) = (layout.identifier_forms, layout.plain_columns);
    (
        &digests.identifiers[row * forms..(row + 1) * forms],
        &digests.plain[row * plains..(row + 1) * plains],
    )
}

fn is_there(index: &RecordIndex, ordinal: u32, present: &HashSet<(&[u64], &[u32])>) -> bool {
    let at = ordinal as usize;
    present.contains(&(index.identifiers_of(at), index.plain_of(at)))
}
