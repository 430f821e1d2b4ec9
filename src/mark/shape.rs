//! The shape of a register's records in the ledger: which digests stand where.

use super::normal::{self, Form};
use super::{Group, Record, Variants, stem};
use crate::code::{Handle, Slot};
use crate::key::DigestKeys;
use crate::ledger::{Layout, RecordIndex};
use crate::policy::{DateOrder, Kind, Policy, Role};

/// An identifier column and where its digests begin in a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IdentifierColumn {
    /// The register's column.
    pub column: usize,
    /// What it holds.
    pub kind: Kind,
    /// Place of its full digest among the record's identifier digests; its other forms follow, the stem last.
    pub first: usize,
}

impl IdentifierColumn {
    /// Place of the stem's digest.
    pub fn stem(&self) -> usize {
        self.first + Form::of(self.kind).len()
    }
}

/// A column whose cells link without being altered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlainColumn {
    /// The register's column.
    pub column: usize,
    /// What it holds.
    pub kind: Kind,
    /// How it writes dates.
    pub order: DateOrder,
}

/// A constraint group as digests see it.
#[derive(Clone, Debug, PartialEq)]
pub struct GroupColumns {
    /// Its columns, the lead first.
    pub columns: Vec<PlainColumn>,
    /// Its first slot.
    pub first_slot: Slot,
    /// The kind of its sites.
    pub kind: crate::code::SiteKind,
}

/// Which digests a register's records have, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Identifier columns, in column order.
    pub identifiers: Vec<IdentifierColumn>,
    /// Plain columns, in column order.
    pub plain: Vec<PlainColumn>,
    /// Groups, in slot order.
    pub groups: Vec<GroupColumns>,
    /// The agency's own phone numbers and mail addresses for canaries.
    pub pool: Vec<String>,
    forms: usize,
}

impl Shape {
    /// The shape that a policy gives, with its groups.
    pub fn new(policy: &Policy, groups: &[Group]) -> Shape {
        let described = |column: usize| {
            let c = &policy.columns[column];
            PlainColumn {
                column,
                kind: c.kind,
                order: c.order.unwrap_or_default(),
            }
        };
        let mut forms = 0;
        let mut identifiers = Vec::new();
        let mut plain = Vec::new();
        for (column, c) in policy.columns.iter().enumerate() {
            let in_group = groups.iter().any(|g| g.carrier.columns().contains(&column));
            match c.role {
                Role::Identifier => {
                    identifiers.push(IdentifierColumn {
                        column,
                        kind: c.kind,
                        first: forms,
                    });
                    forms += Form::of(c.kind).len() + 1;
                }
                // a number that counts up to today is another one every month
                Role::Sequence | Role::Derived => {}
                Role::Plain | Role::Carrier if in_group => {}
                Role::Plain | Role::Carrier => plain.push(described(column)),
            }
        }
        let groups = groups
            .iter()
            .map(|g| GroupColumns {
                columns: g.carrier.columns().iter().map(|c| described(*c)).collect(),
                first_slot: g.first_slot,
                kind: g.carrier.kind(),
            })
            .collect();
        Shape {
            identifiers,
            plain,
            groups,
            pool: stem::pool(&policy.canaries),
            forms,
        }
    }

    /// The strides, as the ledger keeps them.
    pub fn layout(&self) -> Layout {
        Layout {
            identifier_forms: self.forms,
            plain_columns: self.plain.len(),
            group_columns: self.groups.iter().map(|g| g.columns.len()).collect(),
        }
    }

    /// Appends the record's identifier digests; 0 stands for what is blank.
    pub fn digest_identifiers(&self, record: &Record<'_>, keys: &DigestKeys, out: &mut Vec<u64>) {
        let (mut full, mut form) = (Vec::new(), Vec::new());
        for id in &self.identifiers {
            let filled = normal::write(id.kind, DateOrder::Ymd, record.cell(id.column), &mut full);
            for f in Form::of(id.kind) {
                let there = filled && f.write(id.kind, &full, &mut form);
                out.push(if there {
                    keys.identifier.digest(f.tag(id.kind), &form)
                } else {
                    0
                });
            }
            let there = filled && stem::write(id.kind, &full, &self.pool, &mut form);
            out.push(if there {
                stem::digest(keys, id.kind, &form)
            } else {
                0
            });
        }
    }

    /// Appends the record's plain digests; 0 stands for what is blank.
    pub fn digest_plain(&self, record: &Record<'_>, keys: &DigestKeys, out: &mut Vec<u32>) {
        let mut buffer = Vec::new();
        for plain in &self.plain {
            out.push(plain_digest(
                *plain,
                record.cell(plain.column),
                keys,
                &mut buffer,
            ));
        }
    }

    /// Appends the record's slots and the digests of its variants, and returns how many slots it holds. A value that stays though its
    /// column is altered has the same digest twice: who reads it recognises the record, and no bit.
    pub fn digest_variants(
        &self,
        record: &Record<'_>,
        handle: Handle,
        variants: &[Variants],
        keys: &DigestKeys,
        out: &mut RecordIndex,
    ) -> usize {
        let mut buffer = Vec::new();
        let mut slots = 0;
        for (group, variants) in self.groups.iter().zip(variants) {
            slots += usize::from(variants.bits);
            let bits = variants.bits.max(u8::from(variants.still));
            out.bits.push(bits);
            if bits == 0 {
                continue;
            }
            for (nth, column) in group.columns.iter().enumerate() {
                for v in 0..1usize << bits {
                    let text = if v == 0 || variants.still {
                        record.cell(column.column)
                    } else {
                        variants.text(v, nth, group.columns.len())
                    };
                    out.variants
                        .push(cell_digest(*column, text, handle, keys, &mut buffer));
                }
            }
        }
        slots
    }
}

/// The digest of a plain cell, 0 where it is blank.
pub fn plain_digest(
    column: PlainColumn,
    text: &str,
    keys: &DigestKeys,
    buffer: &mut Vec<u8>,
) -> u32 {
    if !normal::write(column.kind, column.order, text, buffer) {
        return 0;
    }
    plain_digest_of(column, buffer, keys)
}

/// The digest of a plain cell whose normal form is `normal`.
pub fn plain_digest_of(column: PlainColumn, normal: &[u8], keys: &DigestKeys) -> u32 {
    (keys.plain.digest(column.column as u64, normal) as u32).max(1)
}

/// The digest of a carrier cell, bound to its record; 0 where it says nothing.
pub fn cell_digest(
    column: PlainColumn,
    text: &str,
    handle: Handle,
    keys: &DigestKeys,
    buffer: &mut Vec<u8>,
) -> u32 {
    if !normal::write(column.kind, column.order, text, buffer) {
        return 0;
    }
    cell_digest_of(column, buffer, handle, keys)
}

/// The digest of a carrier cell whose normal form is `normal`.
pub fn cell_digest_of(
    column: PlainColumn,
    normal: &[u8],
    handle: Handle,
    keys: &DigestKeys,
) -> u32 {
    keys.cell
        .bound(handle.0, column.column as u64, normal)
        .max(1)
}
