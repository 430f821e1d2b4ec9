//! The ledger: who got which copy of what, and what a leak is read with. SQLite underneath, append-only and chained; plain records
//! in and out, and no SQL outside this folder.
//!
//! [`Ledger::write`] enters several things at once and durably: what a call enters is on the disc when it returns, so a copy may
//! be shown only after that. `schema.sql` says what is stored, `chain.rs` what tampering shows, `store.rs` how the file is kept.

mod bytes;
mod canaries;
mod chain;
mod entries;
mod events;
mod read;
mod records;
mod store;
mod write;

#[cfg(test)]
mod tests;

use std::path::Path;

use jiff::Timestamp;

pub use canaries::CanaryIndex;
pub use chain::Verified;
pub use entries::{
    ExportEntry, NewExport, NewRegister, NewTable, NewTrace, Recipient, Register, TableEntry,
    TableRows, TraceEntry,
};
pub use events::{Event, Noted, Said};
pub use records::{Layout, MAX_BITS, NO_RECORD, RecordIndex, VariantRanges};
pub use write::Writer;

use crate::error::{Error, Result};
use crate::key::MasterKey;
use store::Store;

/// An open ledger. Several processes may have it open at once.
pub struct Ledger {
    store: Store,
    key: MasterKey,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

impl Ledger {
    /// A new ledger in the empty file at `path`, for this key.
    pub(crate) fn create(path: &Path, key: &MasterKey, created: Timestamp) -> Result<Ledger> {
        let store = Store::create(path, |store| write::found(store, key, created))?;
        Ok(Ledger {
            store,
            key: own(key)?,
        })
    }

    /// The ledger at `path`. Integrity errors where it is no ledger, damaged, or another key's.
    pub(crate) fn open(path: &Path, key: &MasterKey) -> Result<Ledger> {
        Ledger::over(Store::open(path)?, path, key)
    }

    fn over(store: Store, path: &Path, key: &MasterKey) -> Result<Ledger> {
        let check: Option<[u8; 8]> =
            store.one("SELECT key_check FROM vault WHERE ord = 1", [], |row| {
                row.get(0)
            })?;
        if check != Some(key.check()) {
            return Err(Error::integrity(format!(
                "the master key is not that of the ledger `{}`. Use the key that was made with this vault.",
                path.display()
            )));
        }
        Ok(Ledger {
            store,
            key: own(key)?,
        })
    }

    /// True where the system does not let the ledger be written, as on a read-only disc: it can be read, and every write fails.
    pub fn read_only(&self) -> Result<bool> {
        self.store.read_only()
    }

    /// Recomputes every content hash and every link of the chain, counts rows against entries, and checks the file's own
    /// structure. An integrity error names the first thing that is not as it was written.
    pub fn verify(&self) -> Result<Verified> {
        self.store
            .snapshot(|| chain::verify(&self.store, &self.key))
    }
}

/// The ledger's own copy of the key, forgotten with the ledger.
fn own(key: &MasterKey) -> Result<MasterKey> {
    MasterKey::from_bytes(key.as_bytes()).ok_or_else(|| {
        Error::integrity("the master key has a wrong length. Restore it from a backup.")
    })
}
