//! What the ledger knows of a register before this table.

use crate::code::Handle;
use crate::digests::{DigestMap, map_for};
use crate::error::Result;
use crate::ledger::{Ledger, RecordIndex};
use crate::mark::shape::Shape;

/// What the register's earlier tables said.
pub struct History {
    pub(super) index: RecordIndex,
    /// Records that are shared canaries, by ordinal, sorted: a real person with the number of one is another.
    pub(super) shared: Vec<u32>,
    pub(super) by_identifier: DigestMap<Handle>,
    pub(super) versions: DigestMap<Vec<u32>, Handle>,
}

impl History {
    /// All that the ledger has on a register.
    pub fn load(ledger: &Ledger, register: i64, shape: &Shape) -> Result<History> {
        let mut shared = Vec::new();
        for table in ledger.tables(register)? {
            shared.extend(ledger.table_rows(&table.id)?.shared);
        }
        Ok(History::new(ledger.records(register)?, shared, shape))
    }

    /// From the ledger's records, of which those at the ordinals `shared` are shared canaries.
    pub fn new(index: RecordIndex, mut shared: Vec<u32>, shape: &Shape) -> History {
        shared.sort_unstable();
        shared.dedup();
        let mut by_identifier = map_for(index.len() * shape.identifiers.len());
        let mut versions: DigestMap<Vec<u32>, Handle> = map_for(index.len());
        for ordinal in 0..index.len() {
            let handle = Handle(index.handles[ordinal]);
            if shared.binary_search(&(ordinal as u32)).is_err() {
                let digests = index.identifiers_of(ordinal);
                let full = shape.identifiers.iter().map(|id| digests[id.first]);
                by_identifier.extend(full.filter(|d| *d != 0).map(|digest| (digest, handle)));
            }
            versions.entry(handle).or_default().push(ordinal as u32);
        }
        History {
            index,
            shared,
            by_identifier,
            versions,
        }
    }

    /// How many records there are: the next ordinal.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// True before the register's first table.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Whether a record has said mostly the same in its plain cells.
    pub(super) fn agrees(&self, handle: Handle, plain: &[u32]) -> bool {
        self.versions
            .get(&handle)
            .into_iter()
            .flatten()
            .any(|ordinal| {
                let known = self.index.plain_of(*ordinal as usize);
                let both = plain
                    .iter()
                    .zip(known)
                    .filter(|(a, b)| **a != 0 && **b != 0);
                let (same, all) = both.fold((0, 0), |(same, all), (a, b)| {
                    (same + usize::from(a == b), all + 1)
                });
                same * 2 > all
            })
    }
}
