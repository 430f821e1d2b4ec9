//! What was issued of one register: which records each of its tables held, and every copy's canaries. Loaded once for any number
//! of traces, which then need no ledger and can run side by side.

use super::known::Known;
use crate::code::Handle;
use crate::error::Result;
use crate::ledger::{CanaryIndex, Ledger, NO_RECORD};

/// A register's tables and copies.
pub struct Holdings {
    tables: Vec<(String, Ordinals)>,
    copies: Vec<IssuedCopy>,
    /// Every canary of every copy, by recipient and then by donor: (copy, place in it).
    by_donor: Vec<(u32, u32)>,
}

/// One copy, as far as its canaries go.
pub struct IssuedCopy {
    /// The export's id.
    pub export: String,
    /// The recipient's id.
    pub recipient: [u8; 16],
    /// Its canaries.
    pub canaries: CanaryIndex,
    /// Places in the index of identifiers that a real record of the register has by now, rising.
    real: Vec<u32>,
}

impl IssuedCopy {
    /// Whether the canaries' identifier at this place of the index is a real record's as well: then it says nothing of whose copy
    /// it was found in.
    pub fn is_real(&self, place: usize) -> bool {
        !self.real.is_empty()
            && u32::try_from(place).is_ok_and(|place| self.real.binary_search(&place).is_ok())
    }
}

/// The places of identifiers that real records have.
fn real_places(known: &Known, canaries: &CanaryIndex) -> Vec<u32> {
    let is_real =
        |digest: u64| digest != 0 && known.owners_of(digest).any(|owner| !known.is_shared(owner));
    let all = canaries.full.iter().zip(0..);
    all.filter(|(digest, _)| is_real(**digest))
        .map(|(_, place)| place)
        .collect()
}

/// A set of records by ordinal, a bit each.
#[derive(Default)]
struct Ordinals(Vec<u64>);

impl Ordinals {
    fn insert(&mut self, ordinal: u32) {
        let word = ordinal as usize / 64;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (ordinal % 64);
    }

    fn holds(&self, ordinal: usize) -> bool {
        let word = self.0.get(ordinal / 64);
        word.is_some_and(|word| word >> (ordinal % 64) & 1 == 1)
    }
}

impl Holdings {
    /// Everything that was issued of `known`.
    pub fn load(ledger: &Ledger, known: &Known) -> Result<Holdings> {
        let mut tables = Vec::with_capacity(known.tables.len());
        for (table, rows) in known.tables.iter().zip(&known.table_rows) {
            let mut held = Ordinals::default();
            for ordinal in rows.membership.iter().chain(&rows.shared) {
                // an ordinal beyond the register's records belongs to nobody
                if *ordinal != NO_RECORD && (*ordinal as usize) < known.index.len() {
                    held.insert(*ordinal);
                }
            }
            tables.push((table.id.clone(), held));
        }
        let mut copies = Vec::new();
        ledger.for_each_canary_index(known.register.id, |export, canaries| {
            copies.push(IssuedCopy {
                export: export.id.clone(),
                recipient: export.recipient,
                real: real_places(known, &canaries),
                canaries,
            });
            Ok(())
        })?;
        let mut by_donor: Vec<(u32, u32)> = Vec::new();
        for (number, copy) in copies.iter().enumerate() {
            by_donor.extend((0..copy.canaries.len()).map(|at| (number as u32, at as u32)));
        }
        // sorted here once, so that no trace has to
        by_donor.sort_unstable_by_key(|(copy, at)| {
            let issued = &copies[*copy as usize];
            (
                issued.recipient,
                issued.canaries.donors[*at as usize],
                *copy,
            )
        });
        Ok(Holdings {
            tables,
            copies,
            by_donor,
        })
    }

    /// Every canary of every copy as (number of the copy, place in its index), recipient by recipient and there by donor.
    pub fn canaries(&self) -> impl Iterator<Item = &[(u32, u32)]> {
        let recipient = |c: &(u32, u32)| self.copies[c.0 as usize].recipient;
        self.by_donor
            .chunk_by(move |a, b| recipient(a) == recipient(b))
    }

    /// Every copy, in the order of entry.
    pub fn copies(&self) -> &[IssuedCopy] {
        &self.copies
    }

    /// The tables by id, each with what a record said in it (by ordinal), for those that held the record.
    pub fn of<'a>(
        &'a self,
        known: &'a Known,
        handle: Handle,
    ) -> impl Iterator<Item = (&'a str, usize)> {
        self.tables.iter().filter_map(move |(table, held)| {
            let version = known.versions_of(handle).find(|o| held.holds(*o))?;
            Some((table.as_str(), version))
        })
    }

    /// The ids of all tables.
    pub fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(|(id, _)| id.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_ordinals_holds_what_was_put_in_and_nothing_else() {
        let mut set = Ordinals::default();
        let members = [0, 1, 63, 64, 127, 128, 4_000];
        for ordinal in members {
            set.insert(ordinal);
        }
        let found: Vec<u32> = (0..5_000).filter(|o| set.holds(*o as usize)).collect();
        assert_eq!(found, members);
        assert!(!set.holds(usize::MAX));
    }
}
