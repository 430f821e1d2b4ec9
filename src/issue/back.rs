//! A table that comes back: the source is itself an issued copy, or holds canaries of one.

use std::collections::{HashMap, HashSet};

use super::Request;
use super::records::Records;
use crate::error::{Error, Result};
use crate::mark::normal::{self, Form};
use crate::mark::plan::Planner;
use crate::mark::shape::Shape;
use crate::policy::{DateOrder, text};
use crate::table::Source;
use crate::trace::run::Tracer;
use crate::trace::units::Alpha;
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
    let mut best: Option<CameBack> = None;
    for register in vault.ledger.registers()? {
        let policy = text::read(&register.name, &register.policy_toml)?;
        let shape = Shape::new(&policy, Planner::new(&policy).groups());
        let mut present: Vec<HashSet<u64>> = Vec::new();
        let mut buffer = Vec::new();
        for id in &shape.identifiers {
            let mut digests = HashSet::new();
            if let Some(place) = source.table.position(&policy.columns[id.column].name) {
                for cell in source.table.column(place) {
                    if normal::write(id.kind, DateOrder::Ymd, cell, &mut buffer) {
                        digests.insert(keys.identifier.digest(Form::Full.tag(id.kind), &buffer));
                    }
                }
            }
            present.push(digests);
        }
        vault
            .ledger
            .for_each_canary_index(register.id, |export, index| {
                let columns = index.identifier_columns.max(1);
                // a made-up number may by chance be somebody's later, so all of a canary's identifiers must be there
                let met = index
                    .full
                    .chunks(columns)
                    .filter(|canary| {
                        let mut there = canary
                            .iter()
                            .zip(&present)
                            .filter(|(digest, set)| **digest != 0 && !set.is_empty())
                            .peekable();
                        there.peek().is_some() && there.all(|(digest, set)| set.contains(digest))
                    })
                    .count();
                let enough = met >= 2 || (met == 1 && index.len() < 40);
                let more = match &best {
                    Some(CameBack {
                        sign: Sign::Canaries(n),
                        ..
                    }) => met > *n,
                    _ => true,
                };
                if enough && more {
                    best = Some(CameBack {
                        export: export.id.clone(),
                        recipient: whose(&export.recipient),
                        sign: Sign::Canaries(met),
                    });
                }
                Ok(())
            })?;
    }
    Ok(best)
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
