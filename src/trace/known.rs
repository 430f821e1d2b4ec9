//! What the vault knows of one register, ready for linking: every identifier's digest leads to its records.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::code::{BiasSet, Handle};
use crate::digests::{DigestMap, DigestSet, map_for};
use crate::error::Result;
use crate::ledger::{Ledger, RecordIndex, Register, TableEntry, TableRows, VariantRanges};
use crate::mark::normal::Form;
use crate::mark::plan::Planner;
use crate::mark::shape::Shape;
use crate::policy::{Policy, text};

/// One register's records.
pub struct Known {
    /// The ledger's entry.
    pub register: Register,
    /// Its frozen policy.
    pub policy: Policy,
    /// Where its digests stand.
    pub shape: Shape,
    /// Its records.
    pub index: RecordIndex,
    /// Where their variants lie.
    pub ranges: VariantRanges,
    /// Its tables.
    pub tables: Vec<TableEntry>,
    /// What the rows of each table are.
    pub table_rows: Vec<TableRows>,
    /// Records that are shared canaries.
    shared: DigestSet<Handle>,
    /// Digest of a full or cut identifier -> place in `owners`.
    by_identifier: DigestMap<u32>,
    /// (handle, next owner of the same digest or `u32::MAX`).
    owners: Vec<(Handle, u32)>,
    /// Handle -> its records, by ordinal; most have one.
    versions: DigestMap<Versions>,
    later_versions: HashMap<Handle, Vec<u32>>,
    stems: DigestMap<u32>,
    /// Built where a leak links without identifiers: by plain column, then by identifier digest.
    postings: Vec<OnceLock<Postings>>,
}

/// The records of each value of one column, by digest.
#[derive(Debug)]
pub struct Postings(Vec<(u64, u32)>);

impl Postings {
    fn new(mut entries: Vec<(u64, u32)>) -> Postings {
        entries.retain(|(digest, _)| *digest != 0);
        entries.sort_unstable();
        Postings(entries)
    }

    /// (digest, ordinal) of the records that have this digest.
    pub fn of(&self, digest: u64) -> &[(u64, u32)] {
        let start = self.0.partition_point(|(d, _)| *d < digest);
        let end = start + self.0[start..].partition_point(|(d, _)| *d == digest);
        &self.0[start..end]
    }
}

/// Digests that many records may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shared {
    /// Of the plain column of this number.
    Plain(usize),
    /// Of this place among a record's identifier digests: a masked form or a stem.
    Identifier(usize),
}

#[derive(Clone, Copy)]
struct Versions {
    first: u32,
    more: bool,
}

impl Known {
    /// Everything the ledger has on a register.
    pub fn load(ledger: &Ledger, register: Register) -> Result<Known> {
        let policy = text::read(&register.name, &register.policy_toml)?;
        let planner = Planner::new(&policy);
        let shape = Shape::new(&policy, planner.groups());
        let index = ledger.records(register.id)?;
        let tables = ledger.tables(register.id)?;
        let table_rows = tables
            .iter()
            .map(|table| ledger.table_rows(&table.id))
            .collect::<Result<Vec<TableRows>>>()?;
        let handle = |ordinal: &u32| index.handles.get(*ordinal as usize).copied().map(Handle);
        let shared = table_rows.iter().flat_map(|rows| &rows.shared);
        let shared: DigestSet<Handle> = shared.filter_map(handle).collect();
        let ranges = index.variant_ranges();
        let mut known = Known {
            register,
            policy,
            shape,
            ranges,
            tables,
            table_rows,
            shared,
            by_identifier: map_for(index.len() * 2),
            owners: Vec::with_capacity(index.len() * 2),
            versions: map_for(index.len()),
            later_versions: HashMap::new(),
            stems: DigestMap::default(),
            postings: Vec::new(),
            index,
        };
        let layout = &known.index.layout;
        let columns = layout.plain_columns + layout.identifier_forms;
        known.postings.resize_with(columns, OnceLock::new);
        known.enter_all();
        Ok(known)
    }

    fn enter_all(&mut self) {
        let places: Vec<usize> = self
            .shape
            .identifiers
            .iter()
            .flat_map(|id| {
                Form::of(id.kind)
                    .iter()
                    .enumerate()
                    .filter(|(_, f)| matches!(f, Form::Full | Form::Cut))
                    .map(|(n, _)| id.first + n)
            })
            .collect();
        for ordinal in 0..self.index.len() {
            let handle = Handle(self.index.handles[ordinal]);
            match self.versions.get_mut(&handle.0) {
                Some(versions) => {
                    versions.more = true;
                    self.later_versions
                        .entry(handle)
                        .or_default()
                        .push(ordinal as u32);
                }
                None => {
                    self.versions.insert(
                        handle.0,
                        Versions {
                            first: ordinal as u32,
                            more: false,
                        },
                    );
                }
            }
            for id in &self.shape.identifiers {
                let stem = self.index.identifiers_of(ordinal)[id.stem()];
                if stem != 0 {
                    *self.stems.entry(stem).or_insert(0) += 1;
                }
            }
            for place in &places {
                let digest = self.index.identifiers_of(ordinal)[*place];
                // a number of very many is no one's, and walking through all of them for each would take hours
                let entered = self.owners_of(digest).take(64).any(|h| h == handle);
                if digest != 0 && !entered {
                    let next = self
                        .by_identifier
                        .insert(digest, self.owners.len() as u32)
                        .unwrap_or(u32::MAX);
                    self.owners.push((handle, next));
                }
            }
        }
    }

    /// A record's digest of what may be shared; 0 where it is blank.
    pub fn shared(&self, of: Shared, ordinal: usize) -> u64 {
        match of {
            Shared::Plain(at) => {
                let digests = self.index.plain_of(ordinal);
                digests.get(at).copied().map_or(0, u64::from)
            }
            Shared::Identifier(at) => {
                let digests = self.index.identifiers_of(ordinal);
                digests.get(at).copied().unwrap_or(0)
            }
        }
    }

    /// The records of each value; built when it is first asked for.
    pub fn postings(&self, of: Shared) -> Option<&Postings> {
        let at = match of {
            Shared::Plain(at) => at,
            Shared::Identifier(at) => self.index.layout.plain_columns + at,
        };
        let entries = || (0..self.index.len()).map(|o| (self.shared(of, o), o as u32));
        let cell = self.postings.get(at)?;
        Some(cell.get_or_init(|| Postings::new(entries().collect())))
    }

    /// Whether a record is a canary that several copies hold.
    pub fn is_shared(&self, handle: Handle) -> bool {
        self.shared.contains(&handle)
    }

    /// The shared canaries of one table; none where the table is another register's.
    pub fn shared_of(&self, table: &str) -> impl Iterator<Item = Handle> {
        let tables = self.tables.iter().zip(&self.table_rows);
        tables
            .filter(move |(entry, _)| entry.id == table)
            .flat_map(|(_, rows)| &rows.shared)
            .filter_map(|ordinal| self.index.handles.get(*ordinal as usize).copied())
            .map(Handle)
    }

    /// How many records have an identifier with this stem.
    pub fn with_stem(&self, stem: u64) -> u32 {
        self.stems.get(&stem).copied().unwrap_or(0)
    }

    /// The biases of the register's sites.
    pub fn code(&self) -> BiasSet {
        self.policy.code
    }

    /// Records that an identifier's digest belongs to.
    pub fn owners_of(&self, digest: u64) -> impl Iterator<Item = Handle> {
        let mut at = self.by_identifier.get(&digest).copied().unwrap_or(u32::MAX);
        std::iter::from_fn(move || {
            let (handle, next) = *self.owners.get(at as usize)?;
            at = next;
            Some(handle)
        })
    }

    /// What a record has said over time, by ordinal.
    pub fn versions_of(&self, handle: Handle) -> impl Iterator<Item = usize> {
        let versions = self.versions.get(&handle.0);
        let later = versions
            .filter(|v| v.more)
            .and_then(|_| self.later_versions.get(&handle));
        versions
            .map(|v| v.first as usize)
            .into_iter()
            .chain(later.into_iter().flatten().map(|o| *o as usize))
    }

    /// The variants' digests of a record's group in the group's `nth` column: 2^bits of them, none where it holds no site.
    pub fn variants(&self, ordinal: usize, group: usize, nth: usize) -> &[u32] {
        let all = &self.index.variants[self.ranges.range(ordinal, group)];
        let each = all.len() / self.shape.groups[group].columns.len().max(1);
        all.get(nth * each..(nth + 1) * each).unwrap_or_default()
    }
}
