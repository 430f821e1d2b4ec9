//! What the ledger knows of the copy that came back: its records, what its recipient's codeword put at each site, its canaries.

use crate::canary::Identity;
use crate::code::{BiasSet, Codeword, Handle};
use crate::error::{Error, Result};
use crate::key::{CodeKeys, DigestKeys};
use crate::ledger::{
    ExportEntry, NO_RECORD, RecordIndex, Register, TableEntry, TableRows, VariantRanges,
};
use crate::mark::plan::Planner;
use crate::mark::shape::Shape;
use crate::policy::{Policy, text};
use crate::vault::Vault;

/// An export with all that its copy can be held against.
pub struct Known {
    /// The export.
    pub export: ExportEntry,
    /// Its source table.
    pub source: TableEntry,
    /// Its register.
    pub register: Register,
    /// The register's frozen policy.
    pub policy: Policy,
    /// What asks the policy's carriers.
    pub planner: Planner,
    /// Which digests stand where.
    pub shape: Shape,
    /// The register's records.
    pub index: RecordIndex,
    ranges: VariantRanges,
    /// Which record each row of the source table is.
    pub rows: TableRows,
    /// Every canary of the recipient's own in copies of this register, whichever copy brought it.
    pub own: Vec<Identity>,
    /// Keys of digests.
    pub digests: DigestKeys,
    /// Keys of biases and directions.
    pub code: CodeKeys,
    word: Codeword,
}

/// One group's digests in one record, and which of them its recipient was given.
#[derive(Clone, Copy)]
pub struct Site<'a> {
    digests: &'a [u32],
    variants: usize,
    /// The variant in the copy; 0 is the register's own value.
    pub given: usize,
}

impl Site<'_> {
    /// The digest of the group's `nth` column under a variant.
    pub fn digest(&self, nth: usize, variant: usize) -> u32 {
        let at = nth * self.variants + variant;
        self.digests.get(at).copied().unwrap_or(0)
    }
}

impl Known {
    /// Loads what the ledger knows of an export.
    ///
    /// # Errors
    /// A ledger that cannot be read, or whose sealed parts are damaged.
    pub fn load(vault: &Vault, export: ExportEntry) -> Result<Known> {
        let ledger = &vault.ledger;
        let broken = || {
            Error::integrity(format!(
                "the ledger holds export {} and not what it was made of. Run `taggant ledger verify`.",
                export.id
            ))
        };
        let registers = ledger.registers()?;
        let register = registers
            .into_iter()
            .find(|r| r.id == export.register)
            .ok_or_else(broken)?;
        let source = ledger.table(&export.table)?.ok_or_else(broken)?;
        let policy = text::read(&register.name, &register.policy_toml)?;
        let planner = Planner::new(&policy);
        let shape = Shape::new(&policy, planner.groups());
        let index = ledger.records(register.id)?;
        let mut own = Vec::new();
        for (brought, sealed) in ledger.sealed_canaries(register.id, &export.recipient)? {
            let list: Vec<(u64, Identity)> = serde_json::from_slice(&sealed).map_err(|_| {
                Error::integrity(format!(
                    "the canaries of export {brought} are unreadable. Run `taggant ledger verify`."
                ))
            })?;
            own.extend(list.into_iter().map(|(_, identity)| identity));
        }
        Ok(Known {
            rows: ledger.table_rows(&source.id)?,
            ranges: index.variant_ranges(),
            digests: vault.key.digest_keys(),
            code: vault.key.code_keys(),
            word: Codeword::new(vault.key.codeword_key(&export.recipient)),
            export,
            source,
            register,
            policy,
            planner,
            shape,
            index,
            own,
        })
    }

    /// The record of a row of the source table; none where the row had no identifier.
    pub fn ordinal(&self, row: usize) -> Option<usize> {
        let ordinal = self.rows.membership.get(row).copied();
        ordinal.filter(|o| *o != NO_RECORD).map(|o| o as usize)
    }

    /// The handle of a record.
    pub fn handle(&self, ordinal: usize) -> Handle {
        Handle(self.index.handles.get(ordinal).copied().unwrap_or(0))
    }

    /// What the ledger and the codeword say of a group in a record; none where it holds no site there.
    pub fn site(&self, ordinal: usize, group: usize) -> Option<Site<'_>> {
        let bits = self.index.bits_of(ordinal).get(group).copied().unwrap_or(0);
        if bits == 0 {
            return None;
        }
        let first = self.shape.groups.get(group)?.first_slot;
        let handle = self.handle(ordinal);
        let mut given = 0;
        for bit in 0..bits {
            let slot = first + u16::from(bit);
            let bias = self.set().bias_at(&self.code, handle, slot);
            given |= usize::from(self.word.bit(handle, slot, bias)) << bit;
        }
        let digests = self
            .index
            .variants
            .get(self.ranges.range(ordinal, group))
            .unwrap_or_default();
        Some(Site {
            digests,
            variants: 1 << bits,
            given,
        })
    }

    /// The recipient's codeword.
    pub fn word(&self) -> &Codeword {
        &self.word
    }

    /// The register's biases.
    pub fn set(&self) -> BiasSet {
        self.policy.code
    }
}
