//! One copy made: whose it is, how many canaries it gets, and its bytes under a hidden name.

use std::collections::{HashMap, HashSet};

use tempfile::NamedTempFile;
use zeroize::Zeroizing;

use super::copy::{self, Bearer, Printer, Wanted};
use super::files::{Workshop, hash_and_sync};
use super::lots::Lot;
use crate::canary::{Canary, DonorRate, Identity, donor_draw};
use crate::code::{Codeword, Handle};
use crate::error::{Error, Result};
use crate::ledger::{CanaryIndex, ExportEntry, Recipient};
use crate::policy::Policy;
use crate::table;
use crate::vault::Vault;

/// A table with fewer sites needs canaries to be told by, ...
const FEW_SITES: usize = 64;

/// ... at least so many a copy, where it has any: one in a crowded table may be worth no more than a factor of a hundred.
const LEAST_CANARIES: usize = 6;

/// A recipient's keys, and the canaries of all earlier copies; of those up to `again`, where that one is made once more.
pub fn bearer(
    vault: &Vault,
    register: i64,
    recipient: &Recipient,
    again: Option<&ExportEntry>,
) -> Result<Bearer> {
    let mut kept = HashMap::new();
    let after: HashSet<String> = match again {
        Some(again) => {
            let exports = vault.ledger.exports()?.into_iter().map(|e| e.id);
            exports.skip_while(|id| *id != again.id).skip(1).collect()
        }
        None => HashSet::new(),
    };
    for (export, sealed) in vault.ledger.sealed_canaries(register, &recipient.id)? {
        if after.contains(&export) {
            continue;
        }
        let list: Vec<(u64, Identity)> = serde_json::from_slice(&sealed).map_err(|_| {
            Error::integrity(format!(
                "the canaries of export {export} are unreadable. Run `taggant ledger verify`."
            ))
        })?;
        for (donor, identity) in list {
            // what was sealed last holds: a donor that was edited had its canary edited
            kept.insert(Handle(donor), identity);
        }
    }
    Ok(Bearer {
        codeword: Codeword::new(vault.key.codeword_key(&recipient.id)),
        canary_key: vault.key.canary_key(&recipient.id),
        kept,
    })
}

/// As many canaries as are asked for now, else at the rate of the recipient's earlier copies, else at the policy's.
pub fn wanted(asked: Option<usize>, policy: &Policy, bearer: &Bearer, sites: usize) -> Wanted {
    if let Some(n) = asked {
        return Wanted::Exactly(n);
    }
    let own = 1.0 - policy.canaries.shared;
    let rate = DonorRate::from_fraction(policy.canaries.rate * own);
    let earlier = bearer
        .kept
        .keys()
        .map(|donor| donor_draw(&bearer.canary_key, *donor))
        .max();
    let rate = DonorRate(earlier.map_or(rate.0, |draw| draw.max(rate.0)));
    let least = match (rate.0, sites) {
        (0, _) => 0,
        (_, 0..FEW_SITES) => LEAST_CANARIES,
        _ => 1,
    };
    Wanted::Rate { rate, least }
}

/// The canaries of a copy that was made before, to be made once more.
pub fn wanted_again(vault: &Vault, entry: &ExportEntry) -> Result<Wanted> {
    let index = vault.ledger.canary_index(&entry.id)?;
    Ok(Wanted::Again {
        shared: entry.canaries > index.len() as u64,
        donors: index.donors.into_iter().map(Handle).collect(),
    })
}

/// A copy under its hidden name, and what its entries say.
pub struct MadeCopy {
    /// The hidden file.
    pub file: NamedTempFile,
    /// Its digest.
    pub sha256: [u8; 32],
    /// Its tables.
    pub parts: Vec<MadePart>,
}

/// One table of a copy.
pub struct MadePart {
    /// Its rows, canaries included.
    pub rows: usize,
    /// Its canaries.
    pub canaries: usize,
    /// Cells that differ from the source.
    pub cells_altered: usize,
    /// The canaries' digests.
    pub index: CanaryIndex,
    /// Canaries that the recipient had not before, to be sealed.
    pub sealed: Zeroizing<Vec<u8>>,
}

/// One table of a copy, to be made.
pub struct Piece<'p> {
    /// Makes copies of the lot.
    pub printer: &'p Printer<'p>,
    /// The rows that the recipient gets.
    pub lot: &'p Lot<'p>,
    /// Whose copy it is.
    pub bearer: &'p Bearer,
    /// How many canaries it gets.
    pub wanted: Wanted,
}

/// Makes one copy beside its place, of all tables that get marks; a table without a piece is left without a row.
pub fn make_copy(
    tables: &[(&table::Source, Option<Piece<'_>>)],
    workshop: &Workshop,
) -> Result<MadeCopy> {
    let mut all_edits = Vec::with_capacity(tables.len());
    let mut parts = Vec::with_capacity(tables.len());
    for (source, piece) in tables {
        let Some(piece) = piece else {
            all_edits.push((*source, table::Edits::default()));
            continue;
        };
        let (printer, bearer) = (piece.printer, piece.bearer);
        let copy = printer.copy(bearer, piece.wanted.clone());
        if printer.sites() == 0 && copy.canaries.is_empty() && copy.shared == 0 {
            return Err(Error::input(format!(
                "no canary could be made for a copy of `{}`, and it has no sites, so that copy would be nobody's. Name a carrier in a policy \
                 (see `taggant inspect`).",
                source.name
            )));
        }
        let edits = piece.lot.of_source(copy.edits);
        parts.push(MadePart {
            rows: edits.lines.len(),
            canaries: copy.canaries.len() + copy.shared,
            cells_altered: copy.cells_altered,
            index: copy::canary_index(&copy.canaries, printer.identifier_columns()),
            sealed: sealed(&copy.canaries, bearer)?,
        });
        all_edits.push((*source, edits));
    }
    let file = workshop.part()?;
    let edits: Vec<_> = all_edits.iter().map(|(source, e)| (*source, e)).collect();
    table::rewrite_all(&edits, file.path())?;
    Ok(MadeCopy {
        sha256: hash_and_sync(file.path())?,
        file,
        parts,
    })
}

/// The canaries that a recipient had not before.
fn sealed(canaries: &[Canary], bearer: &Bearer) -> Result<Zeroizing<Vec<u8>>> {
    let new: Vec<(u64, &Identity)> = canaries
        .iter()
        .filter(|c| bearer.kept.get(&c.donor) != Some(&c.identity))
        .map(|c| (c.donor.0, &c.identity))
        .collect();
    let sealed = match new.is_empty() {
        true => Vec::new(),
        false => serde_json::to_vec(&new)
            .map_err(|e| Error::input(format!("canaries cannot be written down ({e}).")))?,
    };
    Ok(Zeroizing::new(sealed))
}
