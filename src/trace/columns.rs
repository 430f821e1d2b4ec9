//! Which column of a leak is which of the register's, by content: headers are not looked at.

use super::dress::{Dress, Wardrobe};
use super::known::Known;
use crate::code::Handle;
use crate::key::DigestKeys;
use crate::mark::identify;
use crate::mark::normal::{self, Form};
use crate::mark::shape::{PlainColumn, cell_digest, plain_digest};
use crate::policy::{DateOrder, Kind};
use crate::table::Table;
use crate::value::{email, national_id};

/// Columns are told apart on at most this many rows.
const SAMPLE: usize = 600;

/// A column is the one whose cells it equals in at least this part of the rows.
const AGREE: f64 = 0.4;

/// Cells that disagree, one after another from the first, until a column is given up.
pub const HOPELESS: usize = 60;

/// Columns of a leak that are looked at; registers have fewer, and a file of sixteen thousand is made to keep us busy.
pub const COLUMNS: usize = 512;

/// One of the register's columns, as a leak's column may turn out to be it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// The identifier of this number in the register's shape.
    Identifier(usize),
    /// The plain column of this number.
    Plain(usize),
    /// A column of a group: (group, place in it).
    Carrier(usize, usize),
}

/// A leak's column that is one of the register's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mapped {
    /// The leak's column.
    pub place: usize,
    /// The register's.
    pub target: Target,
    /// How it writes.
    pub dress: Dress,
}

/// Compares cells of a leak with what the register knows of a record.
pub struct Comparer<'a> {
    /// The register.
    pub known: &'a Known,
    /// Digests; there is no codeword in them.
    pub keys: &'a DigestKeys,
}

/// What a cell says about a record that it might belong to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Said {
    /// Blank, or the record is.
    Nothing,
    /// Another value.
    Other,
    /// The record's value, in an identifier or plain column.
    Same,
    /// One of the group's variants, by a version of the record: the set of variants it equals, bit `v` for variant `v`.
    Variants(u16),
}

impl Comparer<'_> {
    /// What `cell`, dressed so, says about the record `handle` if its column is `target`. `each` hears, for a carrier, every
    /// version's slots and matching variants.
    pub fn compare(
        &self,
        handle: Handle,
        target: Target,
        dress: Dress,
        cell: &str,
        buffer: &mut Vec<u8>,
        mut each: impl FnMut(u8, u16),
    ) -> Said {
        let (known, keys) = (self.known, self.keys);
        let shape = &known.shape;
        match target {
            Target::Identifier(at) => {
                let id = &shape.identifiers[at];
                let is = |place: usize, digest: u64| {
                    let mut versions = known.versions_of(handle);
                    versions.any(|o| known.index.identifiers_of(o)[place] == digest)
                };
                let (mut read, mut same) = (false, false);
                identify::wholes(id.kind, cell, buffer, |whole| {
                    read = true;
                    let full = keys.identifier.digest(Form::Full.tag(id.kind), whole);
                    same = same || is(id.first, full);
                });
                if !same && id.kind == Kind::NationalId && normal::write_cut(cell, buffer) {
                    read = true;
                    let cut = keys.identifier.digest(Form::Cut.tag(id.kind), buffer);
                    same = is(id.first + 1, cut);
                }
                match (read, same) {
                    (false, _) => Said::Nothing,
                    (true, true) => Said::Same,
                    (true, false) => self.other(handle, id.first),
                }
            }
            Target::Plain(at) => {
                let column = self.dressed(shape.plain[at], dress);
                let digest = plain_digest(column, &dress.undress(column.kind, cell), keys, buffer);
                if digest == 0 {
                    return Said::Nothing;
                }
                let mut filled = false;
                let same = known.versions_of(handle).any(|o| {
                    let there = known.index.plain_of(o)[at];
                    filled |= there != 0;
                    there == digest
                });
                match (same, filled) {
                    (true, _) => Said::Same,
                    (false, true) => Said::Other,
                    (false, false) => Said::Nothing,
                }
            }
            Target::Carrier(group, nth) => {
                let column = self.dressed(shape.groups[group].columns[nth], dress);
                let digest = cell_digest(
                    column,
                    &dress.undress(column.kind, cell),
                    handle,
                    keys,
                    buffer,
                );
                if digest == 0 {
                    return Said::Nothing;
                }
                let mut all = 0u16;
                let mut filled = false;
                for ordinal in known.versions_of(handle) {
                    let variants = known.variants(ordinal, group, nth);
                    filled |= !variants.is_empty();
                    let matching = variants
                        .iter()
                        .enumerate()
                        .filter(|(_, d)| **d == digest)
                        .fold(0u16, |set, (v, _)| set | 1 << v);
                    if matching != 0 {
                        each(known.index.bits_of(ordinal)[group], matching);
                        all |= matching;
                    }
                }
                match (all, filled) {
                    (0, true) => Said::Other,
                    (0, false) => Said::Nothing,
                    (set, _) => Said::Variants(set),
                }
            }
        }
    }

    fn other(&self, handle: Handle, place: usize) -> Said {
        let filled = self
            .known
            .versions_of(handle)
            .any(|o| self.known.index.identifiers_of(o)[place] != 0);
        if filled { Said::Other } else { Said::Nothing }
    }

    pub(super) fn dressed(&self, column: PlainColumn, dress: Dress) -> PlainColumn {
        PlainColumn {
            order: dress.order(),
            ..column
        }
    }

    /// The leak's columns that are the register's, told from rows whose record is known.
    pub fn map(&self, table: &Table, sure: &[(usize, Handle)]) -> Vec<Mapped> {
        let step = sure.len().div_ceil(SAMPLE).max(1);
        let sample: Vec<(usize, Handle)> = sure.iter().copied().step_by(step).collect();
        let mut buffer = Vec::new();
        let mut mapped: Vec<Mapped> = (0..table.width().min(COLUMNS))
            .filter_map(|place| {
                let wardrobe = Wardrobe::of(table, place);
                let mut best: Option<(f64, Mapped)> = None;
                for target in self.targets() {
                    for dress in wardrobe.for_kind(self.kind(target)) {
                        let (mut same, mut other) = (0usize, 0usize);
                        for (row, handle) in &sample {
                            if same == 0 && other > HOPELESS {
                                break;
                            }
                            match self.compare(
                                *handle,
                                target,
                                *dress,
                                table.cell(*row, place),
                                &mut buffer,
                                |_, _| (),
                            ) {
                                Said::Same | Said::Variants(_) => same += 1,
                                Said::Other => other += 1,
                                Said::Nothing => {}
                            }
                        }
                        let part = same as f64 / (same + other).max(1) as f64;
                        // an exact agreement with few rows must not beat a slightly worn one with many
                        let worth = part * (1.0 - 0.5f64.powi(same.min(60) as i32));
                        if part >= AGREE && best.is_none_or(|(w, _)| worth > w) {
                            best = Some((
                                worth,
                                Mapped {
                                    place,
                                    target,
                                    dress: *dress,
                                },
                            ));
                        }
                    }
                }
                best.map(|(_, mapped)| mapped)
            })
            .collect();
        self.add_self_evident(table, &mut mapped);
        mapped
    }

    /// Identity numbers and e-mail addresses show what they are. A column of them in which no cell agrees is one of other people's,
    /// and must speak against a row that links by something weaker.
    fn add_self_evident(&self, table: &Table, mapped: &mut Vec<Mapped>) {
        for kind in [Kind::NationalId, Kind::Email] {
            let mut of_kind = self
                .known
                .shape
                .identifiers
                .iter()
                .enumerate()
                .filter(|(_, id)| id.kind == kind);
            let (Some((at, _)), None) = (of_kind.next(), of_kind.next()) else {
                continue;
            };
            if mapped.iter().any(|m| m.target == Target::Identifier(at)) {
                continue;
            }
            let is_it = |cell: &str| match kind {
                Kind::NationalId => national_id::normal(cell).is_some_and(|id| id.is_valid()),
                _ => email::is_email(cell),
            };
            let place = (0..table.width())
                .filter(|p| mapped.iter().all(|m| m.place != *p))
                .find(|place| {
                    let (mut hits, mut filled) = (0, 0);
                    for cell in table
                        .column(*place)
                        .filter(|c| !c.trim().is_empty())
                        .take(SAMPLE)
                    {
                        filled += 1;
                        hits += usize::from(is_it(cell));
                    }
                    filled > 0 && hits * 5 >= filled * 4
                });
            mapped.extend(place.map(|place| Mapped {
                place,
                target: Target::Identifier(at),
                dress: Dress::Text(DateOrder::Ymd),
            }));
        }
    }

    fn targets(&self) -> impl Iterator<Item = Target> {
        let shape = &self.known.shape;
        let carriers =
            shape.groups.iter().enumerate().flat_map(|(g, group)| {
                (0..group.columns.len()).map(move |n| Target::Carrier(g, n))
            });
        (0..shape.identifiers.len())
            .map(Target::Identifier)
            .chain(carriers)
            .chain((0..shape.plain.len()).map(Target::Plain))
    }

    /// What a target holds.
    pub fn kind(&self, target: Target) -> Kind {
        let shape = &self.known.shape;
        match target {
            Target::Identifier(at) => shape.identifiers[at].kind,
            Target::Plain(at) => shape.plain[at].kind,
            Target::Carrier(group, nth) => shape.groups[group].columns[nth].kind,
        }
    }
}
