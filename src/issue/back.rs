//! A table that comes back: the source is itself an issued copy, or holds canaries of one.

use std::collections::HashMap;

use super::Request;
use super::records::Records;
use super::register::fits;
use crate::canary::Identity;
use crate::error::{Error, Result};
use crate::key::DigestKeys;
use crate::ledger::{CanaryIndex, ExportEntry};
use crate::mark::normal::{self, Form};
use crate::mark::plan::Planner;
use crate::mark::shape::Shape;
use crate::policy::{DateOrder, Kind, Policy, Role, text};
use crate::table::Source;
use crate::trace::run::Tracer;
use crate::trace::units::Alpha;
use crate::value::text::fold;
use crate::vault::Vault;

/// A part this large of the changed sites standing on a copy's variant tells a copy from corrections.
const MOVED: f64 = 0.3;

/// What a table turned out to be.
pub struct CameBack {
    /// The export it came from.
    pub export: String,
    /// Whose that was.
    pub recipient: String,
    /// How it was known.
    sign: Sign,
}

enum Sign {
    SameFile,
    Canaries(usize),
    Marks,
}

impl CameBack {
    /// Why the table is not issued as it is.
    pub fn refusal(&self, source: &Source) -> Error {
        let (name, export, recipient) = (&source.name, &self.export, &self.recipient);
        let how = match self.sign {
            Sign::SameFile => "is".to_string(),
            Sign::Canaries(1) => "holds a canary of".to_string(),
            Sign::Canaries(n) => format!("holds {n} canaries of"),
            Sign::Marks => "carries the marks of".to_string(),
        };
        Error::input(format!(
            "`{name}` {how} the copy {export} issued to {recipient}. Issue the agency's own table instead, or pass this copy on with `--derived`, \
             which records where it came from."
        ))
    }
}

/// The export that a table is, or whose canaries it holds.
pub fn find(vault: &Vault, source: &Source, request: &Request) -> Result<Option<CameBack>> {
    let exports = vault.ledger.exports()?;
    if exports.is_empty() || is_own_table(vault, request)? {
        return Ok(None);
    }
    let names: HashMap<[u8; 16], String> = vault
        .ledger
        .recipients()?
        .into_iter()
        .map(|r| (r.id, r.name))
        .collect();
    let whose = |recipient: &[u8; 16]| names.get(recipient).cloned().unwrap_or_default();
    if let Some(export) = exports.iter().find(|e| e.sha256 == request.source_sha256) {
        return Ok(Some(CameBack {
            export: export.id.clone(),
            recipient: whose(&export.recipient),
            sign: Sign::SameFile,
        }));
    }
    let keys = vault.key.digest_keys();
    let mut best: Option<(usize, ExportEntry)> = None;
    for register in vault.ledger.registers()? {
        let policy = text::read(&register.name, &register.policy_toml)?;
        let held = Held::of(source, &policy, &keys);
        let mut suspects = Vec::new();
        vault
            .ledger
            .for_each_canary_index(register.id, |export, index| {
                let met = held.met(&index);
                if is_enough(met.len(), index.len()) {
                    suspects.push((export.clone(), index.len(), met));
                }
                Ok(())
            })?;
        for (export, canaries, mut met) in suspects {
            let who = identities(vault, register.id, &export.recipient)?;
            met.retain(|(donor, rows)| {
                let was = who.get(donor).map_or(&[][..], Vec::as_slice);
                rows.iter().any(|row| held.is_canary(was, *row))
            });
            let more = best.as_ref().is_none_or(|(most, _)| met.len() > *most);
            if more && is_enough(met.len(), canaries) {
                best = Some((met.len(), export));
            }
        }
    }
    Ok(best.map(|(met, export)| CameBack {
        recipient: whose(&export.recipient),
        export: export.id,
        sign: Sign::Canaries(met),
    }))
}

/// Of the entries of one file the one that is about a table of it.
///
/// # Errors
/// A ledger that cannot be read.
pub fn about(
    vault: &Vault,
    of_file: Vec<ExportEntry>,
    table: &Source,
) -> Result<Option<ExportEntry>> {
    let mut entries = of_file.into_iter();
    let first = entries.next();
    if entries.len() == 0 {
        return Ok(first);
    }
    let mut best: Option<(bool, ExportEntry)> = None;
    let registers = vault.ledger.registers()?;
    for entry in first.into_iter().chain(entries) {
        let register = registers.iter().find(|r| r.id == entry.register);
        let Some(register) = register else { continue };
        let policy = text::read(&register.name, &register.policy_toml)?;
        let of_sheet = policy.sheet.is_some() && policy.sheet == table.sheet;
        let better = best.as_ref().is_none_or(|(was, _)| of_sheet && !was);
        if better && (of_sheet || fits(&policy, table)) {
            best = Some((of_sheet, entry));
        }
    }
    Ok(best.map(|(_, entry)| entry))
}

/// Whether so many of a copy's canaries tell that a table comes from it.
fn is_enough(met: usize, of: usize) -> bool {
    met >= 2 || (met == 1 && of < 40)
}

/// All that was ever sealed of a recipient's canaries, by donor.
fn identities(
    vault: &Vault,
    register: i64,
    recipient: &[u8; 16],
) -> Result<HashMap<u64, Vec<Identity>>> {
    let mut all: HashMap<u64, Vec<Identity>> = HashMap::new();
    for (export, sealed) in vault.ledger.sealed_canaries(register, recipient)? {
        let list: Vec<(u64, Identity)> = serde_json::from_slice(&sealed).map_err(|_| {
            Error::integrity(format!(
                "the canaries of export {export} are unreadable. Run `taggant ledger verify`."
            ))
        })?;
        for (donor, identity) in list {
            all.entry(donor).or_default().push(identity);
        }
    }
    Ok(all)
}

/// The identifiers of a table by a register's policy.
struct Held<'a> {
    source: &'a Source,
    policy: &'a Policy,
    /// By identifier column: digest -> the first row that has it.
    rows: Vec<HashMap<u64, usize>>,
}

impl<'a> Held<'a> {
    fn of(source: &'a Source, policy: &'a Policy, keys: &DigestKeys) -> Held<'a> {
        let shape = Shape::new(policy, Planner::new(policy).groups());
        let mut buffer = Vec::new();
        let mut rows = Vec::new();
        for id in &shape.identifiers {
            let mut digests = HashMap::new();
            if let Some(place) = source.table.position(&policy.columns[id.column].name) {
                for (row, cell) in source.table.column(place).enumerate() {
                    if normal::write(id.kind, DateOrder::Ymd, cell, &mut buffer) {
                        let digest = keys.identifier.digest(Form::Full.tag(id.kind), &buffer);
                        digests.entry(digest).or_insert(row);
                    }
                }
            }
            rows.push(digests);
        }
        Held {
            source,
            policy,
            rows,
        }
    }

    /// The canaries whose identifiers are all there, as (donor, rows that have them).
    fn met(&self, index: &CanaryIndex) -> Vec<(u64, Vec<usize>)> {
        let columns = index.identifier_columns.max(1);
        let canaries = index.full.chunks(columns).zip(&index.donors);
        canaries
            .filter_map(|(canary, donor)| {
                let sought = canary.iter().zip(&self.rows);
                let rows = sought
                    .filter(|(digest, held)| **digest != 0 && !held.is_empty())
                    .map(|(digest, held)| held.get(digest).copied())
                    .collect::<Option<Vec<usize>>>()?;
                (!rows.is_empty()).then_some((*donor, rows))
            })
            .collect()
    }

    /// Whether a row that has a canary's numbers is the canary, who was one of these. A made-up number may be a real person's by now,
    /// who then has another name, or says other things in most columns.
    fn is_canary(&self, was: &[Identity], row: usize) -> bool {
        was.is_empty() || was.iter().any(|identity| self.says(identity, row))
    }

    fn says(&self, identity: &Identity, row: usize) -> bool {
        // (is a name, says the same) of every cell that may differ between two people
        let mut cells: Vec<(bool, bool)> = Vec::new();
        for said in identity {
            let column = self.policy.columns.get(usize::from(said.column));
            let Some(column) = column.filter(|c| c.role != Role::Identifier) else {
                continue;
            };
            if let Some(place) = self.source.table.position(&column.name) {
                let same = fold(self.source.table.cell(row, place)) == fold(&said.text);
                cells.push((column.kind == Kind::Name, same));
            }
        }
        if cells.iter().any(|(name, _)| *name) {
            cells.retain(|(name, _)| *name);
        }
        let same = cells.iter().filter(|(_, same)| *same).count();
        2 * same >= cells.len()
    }
}

/// Whether the agency has issued this very file before. A copy with few sites may by chance be its source, byte for byte.
fn is_own_table(vault: &Vault, request: &Request) -> Result<bool> {
    let digest = vault.key.source_digest(&request.source_sha256);
    for register in vault.ledger.registers()? {
        let own = register.parent_export.is_none()
            && vault
                .ledger
                .tables(register.id)?
                .iter()
                .any(|t| t.source_digest == digest);
        if own {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The export whose marks a table carries, canaries or not: what a trace names.
pub fn find_by_marks(vault: &Vault, source: &Source) -> Result<Option<CameBack>> {
    let outcome = Tracer::new(vault)?.trace(vault, &[&source.table], Alpha::DEFAULT)?;
    let strongest = outcome.sources.into_iter().next();
    Ok(strongest.and_then(|named| {
        let most = named.exports.into_iter().max_by_key(|e| e.linked)?;
        Some(CameBack {
            export: most.export,
            recipient: named.recipient,
            sign: Sign::Marks,
        })
    }))
}

/// Refuses a table that holds shared canaries of the register: only copies do.
pub fn refuse_shared(records: &Records, source: &Source) -> Result<()> {
    match records.came_back {
        // one may by chance be a real person by now
        0 | 1 => Ok(()),
        met => Err(Error::input(format!(
            "`{}` holds {met} made-up records that only issued copies hold. Find whose it is with `taggant trace`, and issue the agency's own \
             table.",
            source.name
        ))),
    }
}

/// Refuses a table whose changed records stand where only a copy's marks would have put them: a copy without its canaries.
pub fn refuse_moved(records: &Records, source: &Source) -> Result<()> {
    let (compared, moved) = records.moved;
    if moved >= 5 && moved as f64 >= MOVED * compared as f64 && moved * 10 >= records.known_rows {
        return Err(Error::input(format!(
            "`{}` carries the marks of a copy that was issued ({moved} of its values stand where only a mark would put them). Find whose with \
             `taggant trace`, and issue the agency's own table.",
            source.name
        )));
    }
    Ok(())
}

/// Refuses a table of a lossless register whose rows stand as in somebody's copy: one without its canaries.
pub fn refuse_order(vault: &Vault, source: &Source) -> Result<()> {
    match find_by_marks(vault, source)? {
        Some(back) => Err(back.refusal(source)),
        None => Ok(()),
    }
}
