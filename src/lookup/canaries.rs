//! Canaries that agree with what was given.

use std::collections::HashMap;

use super::asked::Asked;
use super::{Agreement, Fit, FoundCanary, Shelf};
use crate::canary::{Identity, Said};
use crate::error::{Error, Result};
use crate::key::DigestKeys;
use crate::mark::normal::{self, Form};
use crate::mark::stem;
use crate::policy::{Column, Kind, Role};
use crate::trace::canaries::AccidentBound;
use crate::vault::Vault;

/// A canary's name in a vault: its recipient and its donor.
type Name = ([u8; 16], u64);

/// What agrees with a canary.
#[derive(Default)]
struct Hit {
    /// (value, register's column)
    agrees: Vec<(usize, usize)>,
    /// (value, identifier column among the register's) where the whole identifier agrees
    identified: Vec<(usize, usize)>,
}

impl Hit {
    fn add(&mut self, value: usize, column: usize) {
        if !self.agrees.contains(&(value, column)) {
            self.agrees.push((value, column));
        }
    }

    fn fit(&self) -> Fit {
        let values = self
            .agrees
            .iter()
            .fold(0, |all, (value, _)| all | 1 << value);
        Fit::new(!self.identified.is_empty(), values)
    }
}

/// The register's canaries that fit, best ones only, with how well.
pub(super) fn find(
    vault: &Vault,
    shelf: &Shelf<'_>,
    keys: &DigestKeys,
    asked: &[Asked<'_>],
) -> Result<Vec<(Fit, FoundCanary)>> {
    let mut hits: HashMap<Name, Hit> = HashMap::new();
    by_digest(shelf, keys, asked, &mut hits);
    by_text(vault, shelf, asked, &mut hits)?;
    let best = hits.values().map(Hit::fit).max();
    hits.retain(|_, hit| {
        let fit = hit.fit();
        fit.identified || Some(fit) == best
    });
    let mut found: Vec<(Fit, FoundCanary)> = hits
        .iter()
        .map(|(name, hit)| (hit.fit(), found(shelf, keys, asked, name, hit)))
        .filter(|(_, canary)| !canary.exports.is_empty())
        .collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.recipient.cmp(&b.1.recipient)));
    Ok(found)
}

/// Canaries that have one of the values as a whole identifier.
fn by_digest(
    shelf: &Shelf<'_>,
    keys: &DigestKeys,
    asked: &[Asked<'_>],
    hits: &mut HashMap<Name, Hit>,
) {
    let identifiers = &shelf.known.shape.identifiers;
    let mut sought: HashMap<u64, Vec<(usize, Kind)>> = HashMap::new();
    for (value, asked) in asked.iter().enumerate() {
        let mut kinds: Vec<Kind> = identifiers.iter().map(|id| id.kind).collect();
        kinds.sort_by_key(|k| *k as u8);
        kinds.dedup();
        for kind in kinds {
            for (form, digest) in asked.digests(kind, keys) {
                if form == Form::Full {
                    sought.entry(digest).or_default().push((value, kind));
                }
            }
        }
    }
    for copy in shelf.holdings.copies() {
        let index = &copy.canaries;
        let columns = index.identifier_columns.max(1);
        for (at, full) in index.full.iter().enumerate() {
            // what a real record has by now is that person's
            let own = *full != 0 && !copy.is_real(at);
            let Some(values) = sought.get(full).filter(|_| own) else {
                continue;
            };
            let (Some(donor), Some(id)) = (
                index.donors.get(at / columns),
                identifiers.get(at % columns),
            ) else {
                continue;
            };
            for (value, _) in values.iter().filter(|(_, kind)| *kind == id.kind) {
                let hit = hits.entry((copy.recipient, *donor)).or_default();
                hit.add(*value, id.column);
                if !hit.identified.contains(&(*value, at % columns)) {
                    hit.identified.push((*value, at % columns));
                }
            }
        }
    }
}

/// Canaries whose sealed cells agree with one of the values: names, dates, numbers that were given in part.
fn by_text(
    vault: &Vault,
    shelf: &Shelf<'_>,
    asked: &[Asked<'_>],
    hits: &mut HashMap<Name, Hit>,
) -> Result<()> {
    for recipient in shelf.recipients {
        let sealed = vault
            .ledger
            .sealed_canaries(shelf.known.register.id, &recipient.id)?;
        for (export, sealed) in sealed {
            let list: Vec<(u64, Identity)> = serde_json::from_slice(&sealed).map_err(|_| {
                Error::integrity(format!(
                    "the canaries of export {export} are unreadable. Run `taggant ledger verify`."
                ))
            })?;
            for (donor, identity) in &list {
                for said in identity {
                    let Some(column) = shelf.known.policy.columns.get(usize::from(said.column))
                    else {
                        continue;
                    };
                    for (value, asked) in asked.iter().enumerate() {
                        if says(column, said, asked) {
                            let hit = hits.entry((recipient.id, *donor)).or_default();
                            hit.add(value, usize::from(said.column));
                        }
                    }
                }
            }
        }
    }
    Ok(())
}

/// Whether a canary's cell is the value.
fn says(column: &Column, said: &Said, asked: &Asked<'_>) -> bool {
    let order = column.order.unwrap_or_default();
    let (mut full, mut part) = (Vec::new(), Vec::new());
    if !normal::write(column.kind, order, &said.text, &mut full) {
        return false;
    }
    if column.role != Role::Identifier {
        return asked.normals(column.kind, order).contains(&full);
    }
    asked
        .forms(column.kind)
        .iter()
        .any(|(form, bytes)| form.write(column.kind, &full, &mut part) && part == *bytes)
}

fn found(
    shelf: &Shelf<'_>,
    keys: &DigestKeys,
    asked: &[Asked<'_>],
    name: &Name,
    hit: &Hit,
) -> FoundCanary {
    let mut agrees: Vec<Agreement> = hit
        .agrees
        .iter()
        .map(|(value, column)| Agreement {
            value: value + 1,
            column: shelf.column(*column),
        })
        .collect();
    agrees.sort();
    let holding = shelf
        .holdings
        .copies()
        .iter()
        .filter(|copy| copy.recipient == name.0 && copy.canaries.donors.contains(&name.1));
    let exports = holding
        .filter_map(|copy| shelf.exports.iter().find(|e| e.id == copy.export))
        .map(|entry| shelf.export(entry))
        .collect();
    FoundCanary {
        register: shelf.known.register.name.clone(),
        recipient: shelf.recipient(&name.0),
        agrees,
        accident: AccidentBound::new(accident(shelf, keys, asked, hit)),
        exports,
    }
}

/// A bound on the chance that identifiers of these stems, given by somebody who saw no copy, are all those of one canary, whosever.
/// A canary's identifier is uniform over the free values of its stem, so that each of D values given with that stem is it with
/// chance at most D in so many; and any canary that has the stems would have been found.
fn accident(shelf: &Shelf<'_>, keys: &DigestKeys, asked: &[Asked<'_>], hit: &Hit) -> f64 {
    let shape = &shelf.known.shape;
    // (identifier column, its stem's digest, values given that have it)
    let mut stems: Vec<(usize, u64, f64)> = Vec::new();
    for (value, column) in &hit.identified {
        let kind = shape.identifiers[*column].kind;
        let stem_of = |asked: &Asked<'_>| {
            let (_, full) = asked.forms(kind).into_iter().find(|f| f.0 == Form::Full)?;
            let mut part = Vec::new();
            stem::write(kind, &full, &shape.pool, &mut part)
                .then(|| stem::digest(keys, kind, &part))
        };
        let Some(stem) = stem_of(&asked[*value]) else {
            continue;
        };
        if stems.iter().all(|s| (s.0, s.1) != (*column, stem)) {
            let given = asked.iter().filter(|a| stem_of(a) == Some(stem)).count();
            stems.push((*column, stem, given as f64));
        }
    }
    if stems.is_empty() {
        return 1.0;
    }
    let mut canaries: HashMap<Name, f64> = HashMap::new();
    for copy in shelf.holdings.copies() {
        let index = &copy.canaries;
        for (at, donor) in index.donors.iter().enumerate() {
            let chance = stems.iter().map(|(column, stem, given)| {
                let place = at * index.identifier_columns + column;
                match (index.stems.get(place), index.ways.get(place)) {
                    (Some(there), Some(ways)) if there == stem && *ways > 0 => {
                        (given / f64::from(*ways)).min(1.0)
                    }
                    (Some(there), _) if there == stem => 1.0,
                    _ => 0.0,
                }
            });
            let chance: f64 = chance.product();
            if chance > 0.0 {
                let greatest = canaries.entry((copy.recipient, *donor)).or_default();
                *greatest = greatest.max(chance);
            }
        }
    }
    canaries.values().sum()
}
