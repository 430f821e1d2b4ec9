//! The canaries that recipients share: made once a table, as records of the register like any other, and held by those copies
//! whose codeword says so.
//!
//! A canary of one recipient alone goes when two partners keep only what both their copies have. A shared one stays where both
//! hold it: whether a recipient does is a coin of the code, under [`PRESENCE`], and so to find one in a leak is a reading like any
//! other. Its values carry marks as a real record's do, or it would be the row in which copies never differ. It keeps its
//! handle, its donor and its identity from month to month.

use std::collections::HashMap;

use super::copy::Within;
use super::history::History;
use super::records::{Reader, Records};
use crate::canary::{Canary, DonorRate, Identity, Maker, donor_draw};
use crate::code::{Codeword, Handle, PRESENCE};
use crate::error::{Error, Result};
use crate::key::{BlockKey, CodeKeys};
use crate::ledger::{Ledger, RecordIndex};
use crate::policy::Policy;
use crate::table::Table;

/// Distinguishes handles of shared canaries from those of real records, which are digests in domain 0.
const DOMAIN: u64 = 1;

/// Of what the ledger has sealed, by donor: what was sealed last holds.
pub fn kept(ledger: &Ledger, register: i64) -> Result<HashMap<Handle, Identity>> {
    let mut kept = HashMap::new();
    for sealed in ledger.shared_canaries(register)? {
        let list: Vec<(u64, Identity)> = serde_json::from_slice(&sealed).map_err(|_| {
            Error::integrity(
                "the shared canaries of a table are unreadable. Run `taggant ledger verify`.",
            )
        })?;
        kept.extend(list.into_iter().map(|(donor, said)| (Handle(donor), said)));
    }
    Ok(kept)
}

/// At which rate records lend themselves to shared canaries, of which a copy holds half.
fn rate(policy: &Policy) -> DonorRate {
    DonorRate::from_fraction(2.0 * policy.canaries.rate * policy.canaries.shared)
}

/// The shared canaries of one table.
pub struct Shared {
    /// Their rows, by the register's columns.
    pub table: Table,
    /// Where the register's columns stand in it: none where the source lacks one.
    pub places: Vec<Option<usize>>,
    /// As records.
    pub records: Records,
    /// Whose place each takes in the source: the donors.
    pub donors: Vec<Handle>,
    /// The source's row behind which each stands, where the table's order leaves that free.
    pub behind: Vec<usize>,
    /// Who they are.
    now: Vec<Identity>,
    /// What new copies' own canaries keep clear of: all that ever were.
    pub ever: Vec<Identity>,
    /// The key that made them.
    pub key: BlockKey,
}

/// What the ledger is to hold of them.
pub struct News {
    records: RecordIndex,
    membership: Vec<u32>,
    /// Who changed against what was kept, to be sealed.
    pub sealed: Vec<u8>,
}

impl News {
    /// Adds them to the source's new records where they are new, and says at which ordinals they stand; `before` records were in
    /// the ledger.
    pub fn enter(&self, before: usize, new: &mut RecordIndex) -> Vec<u32> {
        let shift = new.len() as u32;
        new.handles.extend_from_slice(&self.records.handles);
        new.identifiers.extend_from_slice(&self.records.identifiers);
        new.plain.extend_from_slice(&self.records.plain);
        new.bits.extend_from_slice(&self.records.bits);
        new.variants.extend_from_slice(&self.records.variants);
        let known = |ordinal: u32| (ordinal as usize) < before;
        let ordinals = self.membership.iter();
        ordinals
            .map(|o| if known(*o) { *o } else { *o + shift })
            .collect()
    }
}

/// What they are made from.
pub struct Making<'a> {
    /// The register's policy.
    pub policy: &'a Policy,
    /// Makes canaries of the table.
    pub maker: &'a Maker<'a>,
    /// Reads rows as records.
    pub reader: &'a Reader<'a>,
    /// The register's earlier tables.
    pub history: &'a History,
    /// The source's records.
    pub source: &'a Records,
    /// Where the register's columns stand in the source.
    pub places: &'a [Option<usize>],
    /// The shared canaries of earlier tables, by donor.
    pub kept: &'a HashMap<Handle, Identity>,
    /// Their own handles, in order, where the ledger has this very table and so knows which it holds.
    pub only: Option<&'a [Handle]>,
    /// What they must say to stand among the table's rows.
    pub within: Option<&'a Within>,
}

impl Making<'_> {
    /// Makes them.
    pub fn make(&self, key: BlockKey) -> Result<(Shared, News)> {
        let canaries = self.canaries(&key);
        let mut table = Table::new(
            self.policy.columns.iter().map(|c| c.name.clone()).collect(),
            self.policy.columns.len(),
        );
        for canary in &canaries {
            table.push(canary.cells.iter().map(String::as_str));
        }
        let places: Vec<Option<usize>> = self
            .places
            .iter()
            .enumerate()
            .map(|(column, place)| place.map(|_| column))
            .collect();
        let handles = canaries
            .iter()
            .map(|c| Some(self.handle(c.donor)))
            .collect();
        let mut records = self.reader.read_as(&table, &places, self.history, handles);
        let changed: Vec<(u64, &Identity)> = canaries
            .iter()
            .filter(|c| self.kept.get(&c.donor) != Some(&c.identity))
            .map(|c| (c.donor.0, &c.identity))
            .collect();
        let sealed = match changed.is_empty() {
            true => Vec::new(),
            false => serde_json::to_vec(&changed)
                .map_err(|e| Error::input(format!("canaries cannot be written down ({e}).")))?,
        };
        let donors = canaries.iter().map(|c| c.donor).collect();
        let behind = canaries.iter().map(|c| c.behind).collect();
        let now: Vec<Identity> = canaries.into_iter().map(|c| c.identity).collect();
        let news = News {
            records: std::mem::take(&mut records.new),
            membership: std::mem::take(&mut records.rows.membership),
            sealed,
        };
        let shared = Shared {
            table,
            places,
            records,
            donors,
            behind,
            ever: self
                .kept
                .values()
                .cloned()
                .chain(now.iter().cloned())
                .collect(),
            now,
            key,
        };
        Ok((shared, news))
    }

    fn canaries(&self, key: &BlockKey) -> Vec<Canary> {
        let limit = rate(self.policy);
        if limit == DonorRate(0) {
            return Vec::new();
        }
        let mut seen = std::collections::HashSet::new();
        let mut donors: Vec<(u64, Handle, usize)> = Vec::new();
        for (row, handle) in self.source.handles.iter().enumerate() {
            let Some(handle) = *handle else { continue };
            let draw = donor_draw(key, handle);
            if draw <= limit.0 && seen.insert(handle) {
                donors.push((draw, handle, row));
            }
        }
        match self.only {
            Some(only) => {
                let nth: HashMap<Handle, usize> = only.iter().copied().zip(0..).collect();
                donors.retain(|(_, donor, _)| nth.contains_key(&self.handle(*donor)));
                donors.sort_by_key(|(_, donor, _)| nth.get(&self.handle(*donor)).copied());
            }
            // those that are known already come first: nobody new may take their numbers
            None => donors
                .sort_unstable_by_key(|(draw, handle, _)| (!self.kept.contains_key(handle), *draw)),
        }
        let mut copy = self.maker.begin(self.kept);
        let made = donors.into_iter().filter_map(|(_, donor, row)| {
            self.maker
                .make(key, donor, row, self.kept.get(&donor), &mut copy)
        });
        let own = |c: &Canary| self.within.is_none_or(|within| within.holds(&c.cells));
        made.filter(own).collect()
    }

    /// The handle under which a donor's shared canary is a record, in every month.
    fn handle(&self, donor: Handle) -> Handle {
        let message = [self.reader.register, &donor.0.to_le_bytes()].concat();
        Handle(self.reader.keys.handle.digest(DOMAIN, &message))
    }
}

impl Shared {
    /// Who they are, by donor.
    pub fn identities(&self) -> impl Iterator<Item = (Handle, Identity)> + '_ {
        self.donors.iter().copied().zip(self.now.iter().cloned())
    }

    /// The numbers of those that the recipient of this codeword holds.
    pub fn held<'a>(
        &'a self,
        policy: &'a Policy,
        keys: &'a CodeKeys,
        word: &'a Codeword,
    ) -> impl Iterator<Item = usize> + 'a {
        let handles = self.records.handles.iter().enumerate();
        handles.filter_map(move |(at, handle)| {
            let handle = (*handle)?;
            let bias = policy.code.bias_at(keys, handle, PRESENCE);
            word.bit(handle, PRESENCE, bias).then_some(at)
        })
    }
}
