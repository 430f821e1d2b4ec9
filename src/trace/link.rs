//! From leaked rows to records, and from their cells to readings. No codeword is in sight: what is linked and read cannot
//! depend on whom it would accuse.

use super::columns::{Comparer, Mapped, Said, Target};
use super::fate::{Fate, LinkedBy, Why};
use super::known::Known;
use super::likeness::Matcher;
use super::reading::{LeakedRows, Reading};
use super::wrapping::unwrapped;
use crate::code::{Handle, PRESENCE, SiteKind};
use crate::digests::DigestMap;
use crate::key::{CodeKeys, DigestKeys};
use crate::mark::normal::{self, Form};
use crate::mark::{identify, stem};
use crate::policy::Kind;
use crate::table::Table;
use crate::value::{email, national_id, phone};

/// An identifier of more records than this proposes none of them: a doctor's telephone in a column of patients'.
const OWNERS: usize = 16;

/// Telephone numbers that people may have, where the register's stems say nothing of them.
const PHONES: f64 = 1e7;

/// Values that names and e-mail addresses are taken to be drawn from, for the chance that two strangers share one.
const UNSTEMMED: f64 = 1e5;

/// One table of a leak, linked against one register.
#[derive(Default)]
pub struct Linked {
    /// One a row: the record it was linked to, or why to none.
    pub rows: Vec<Fate>,
    /// Readings by linked row, in row order.
    pub readings: LeakedRows,
    /// The leak's columns that are the register's.
    pub columns: Vec<Mapped>,
    /// What the leak's columns of each of the register's identifiers hold, where it has such a column.
    pub identifiers: Vec<Option<Present>>,
    /// How many rows two strangers' files would link by chance.
    pub by_chance: f64,
    /// What was asked of likeness, where rows had no identifier.
    pub likeness: Option<Alike>,
}

/// How linking without identifiers went.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Alike {
    /// Rows without an identifier.
    pub rows: usize,
    /// Those that were linked.
    pub linked: usize,
    /// The chance, at most, that a row of somebody who is in no record is linked.
    pub false_links: f64,
}

impl Alike {
    /// This table and another, against the same register. Linked rows are counted over all registers at once, where the leak's tables
    /// come together.
    pub fn and_table(self, other: Alike) -> Alike {
        Alike {
            rows: self.rows + other.rows,
            false_links: self.false_links.max(other.false_links),
            ..self
        }
    }

    /// The same tables against another register too: whoever is a stranger to both is tried twice.
    pub fn and_register(self, other: Alike) -> Alike {
        Alike {
            rows: self.rows.max(other.rows),
            false_links: (self.false_links + other.false_links).min(1.0),
            ..self
        }
    }
}

/// The identifiers of one kind that a leak holds.
#[derive(Clone, Debug, Default)]
pub struct Present {
    /// Digest -> its stem's, 0 where it has none.
    full: DigestMap<u64>,
    stems: DigestMap<u32>,
}

impl Present {
    /// Whether the leak holds this identifier.
    pub fn holds(&self, full: u64) -> bool {
        self.full.contains_key(&full)
    }

    /// How many distinct identifiers with this stem it holds.
    pub fn with_stem(&self, stem: u64) -> u32 {
        self.stems.get(&stem).copied().unwrap_or(0)
    }

    fn enter(&mut self, full: u64, stem: u64) {
        if self.full.insert(full, stem).is_none() && stem != 0 {
            *self.stems.entry(stem).or_insert(0) += 1;
        }
    }

    /// Adds what another table of the same leak holds. An identifier in both counts once.
    pub fn merge(&mut self, other: &Present) {
        for (full, stem) in &other.full {
            self.enter(*full, *stem);
        }
    }
}

/// A row's proposal: a record, by an identifier that is whole or cut.
#[derive(Clone, Copy)]
struct Hit {
    row: usize,
    handle: Handle,
    whole: bool,
}

/// Links one table against one register.
pub struct Linker<'a> {
    /// The register.
    pub known: &'a Known,
    /// Digests.
    pub keys: &'a DigestKeys,
    /// Biases; no recipient is in them.
    pub biases: &'a CodeKeys,
}

impl Linker<'_> {
    /// The table's rows as records, and what their cells say.
    pub fn link(&self, table: &Table) -> Linked {
        let table = &*unwrapped(table);
        let hits = self.hits(table);
        let mut sure: Vec<(usize, Handle)> = Vec::new();
        for row in hits.chunk_by(|a, b| a.row == b.row) {
            let whole = row.iter().filter(|h| h.whole).map(|h| h.handle);
            let mut whole: Vec<Handle> = whole.collect();
            whole.dedup();
            if let [one] = whole[..] {
                sure.push((row[0].row, one));
            }
        }
        let comparer = Comparer {
            known: self.known,
            keys: self.keys,
        };
        if sure.is_empty() {
            // nothing but cut identifiers: each proposal may serve to tell the columns
            sure = hits.iter().map(|h| (h.row, h.handle)).collect();
        }
        let mut columns = comparer.map(table, &sure);
        let mut linked = Linked {
            rows: vec![Fate::Unlinked(Why::Unknown); table.rows()],
            ..Linked::default()
        };
        for row in hits.chunk_by(|a, b| a.row == b.row) {
            let at = row[0].row;
            linked.rows[at] = self.resolve(table, at, row, &columns, &comparer);
        }
        let anonymous = self.anonymous(table, &columns, &mut linked.rows);
        if let Some(alike) = self.liken(table, &anonymous, &comparer, &mut linked.rows) {
            linked.likeness = Some(alike);
            let of = |(row, fate): (usize, &Fate)| Some((row, fate.handle()?));
            let all: Vec<(usize, Handle)> = linked.rows.iter().enumerate().filter_map(of).collect();
            columns = comparer.map(table, &all);
        }
        let mut readings = Vec::new();
        for (row, fate) in linked.rows.iter().enumerate() {
            if let Fate::Linked(handle, _) = fate {
                self.read(table, row, *handle, &columns, &comparer, &mut readings);
                linked.readings.push(readings.drain(..));
            }
        }
        linked.identifiers = self.present(table, &columns);
        linked.by_chance = self.by_chance(&linked.identifiers)
            + linked
                .likeness
                .map_or(0.0, |l| l.false_links * l.rows as f64);
        linked.columns = columns;
        linked
    }

    /// The rows that show no whole identifier. A row that shows one which nobody has is somebody else's, whatever it is like.
    fn anonymous(&self, table: &Table, columns: &[Mapped], fates: &mut [Fate]) -> Vec<usize> {
        let shape = &self.known.shape;
        let mut kinds: Vec<Kind> = shape.identifiers.iter().map(|id| id.kind).collect();
        // where other columns hold the like, such a cell need not be the record's own
        kinds.retain(|kind| shape.plain.iter().all(|p| p.kind != *kind));
        let codes: Vec<usize> = columns
            .iter()
            .filter(|m| {
                matches!(m.target, Target::Identifier(at) if shape.identifiers[at].kind == Kind::Code)
            })
            .map(|m| m.place)
            .collect();
        let is_whole = |cell: &str| {
            kinds.iter().any(|kind| match kind {
                Kind::NationalId => national_id::normal(cell).is_some_and(|id| id.is_valid()),
                Kind::Phone => phone::is_phone(cell),
                Kind::Email => email::is_email(cell),
                _ => false,
            })
        };
        let mut out = Vec::new();
        for (row, fate) in fates.iter_mut().enumerate() {
            // an identifier that somebody has was judged already
            if *fate != Fate::Unlinked(Why::Unknown) {
                continue;
            }
            let filled = |cell: &str| !cell.trim().is_empty();
            if !table.row(row).any(filled) {
                *fate = Fate::Unlinked(Why::Nothing);
            } else if !table.row(row).any(is_whole)
                && !codes.iter().any(|place| filled(table.cell(row, *place)))
            {
                out.push(row);
            }
        }
        out
    }

    /// Links rows without identifiers by what they are like, unless they are so few beside the others that there is nothing to gain.
    fn liken(
        &self,
        table: &Table,
        rows: &[usize],
        comparer: &Comparer<'_>,
        fates: &mut [Fate],
    ) -> Option<Alike> {
        let linked = fates.iter().filter(|f| f.handle().is_some()).count();
        if rows.len() * 100 < linked {
            return None;
        }
        let found = Matcher::new(comparer, table, rows)?.link(rows);
        for (row, handle) in &found.links {
            fates[*row] = Fate::Linked(*handle, LinkedBy::Likeness);
        }
        for (row, why) in found.unlinked {
            fates[row] = Fate::Unlinked(why);
        }
        Some(Alike {
            rows: rows.len(),
            linked: found.links.len(),
            false_links: found.false_links,
        })
    }

    /// Every proposal, by row.
    fn hits(&self, table: &Table) -> Vec<Hit> {
        let mut kinds: Vec<Kind> = self
            .known
            .shape
            .identifiers
            .iter()
            .map(|id| id.kind)
            .collect();
        kinds.sort_by_key(|k| *k as u8);
        kinds.dedup();
        let mut hits = Vec::new();
        let mut buffer = Vec::new();
        for place in 0..table.width() {
            for (row, cell) in table.column(place).enumerate() {
                for kind in &kinds {
                    let mut found = false;
                    identify::wholes(*kind, cell, &mut buffer, |whole| {
                        let digest = self.keys.identifier.digest(Form::Full.tag(*kind), whole);
                        for handle in self.owners(digest) {
                            found = true;
                            hits.push(Hit {
                                row,
                                handle,
                                whole: true,
                            });
                        }
                    });
                    if *kind == Kind::NationalId && !found && normal::write_cut(cell, &mut buffer) {
                        let digest = self.keys.identifier.digest(Form::Cut.tag(*kind), &buffer);
                        hits.extend(self.owners(digest).map(|handle| Hit {
                            row,
                            handle,
                            whole: false,
                        }));
                    }
                }
            }
        }
        hits.sort_by_key(|h| (h.row, h.handle, h.whole));
        hits.dedup_by_key(|h| (h.row, h.handle, h.whole));
        hits
    }

    /// The records that an identifier proposes; none where it is so many people's that it is nobody's.
    fn owners(&self, digest: u64) -> impl Iterator<Item = Handle> {
        let few = self.known.owners_of(digest).nth(OWNERS).is_none();
        self.known.owners_of(digest).filter(move |_| few)
    }

    /// The one record that a row belongs to: the best that its other cells do not contradict; none where two are as good.
    fn resolve(
        &self,
        table: &Table,
        row: usize,
        hits: &[Hit],
        columns: &[Mapped],
        comparer: &Comparer<'_>,
    ) -> Fate {
        let mut best: Option<(i32, Handle, LinkedBy)> = None;
        let mut tied = false;
        let mut buffer = Vec::new();
        for hit in hits.chunk_by(|a, b| a.handle == b.handle) {
            let whole = hit.iter().any(|h| h.whole);
            let (mut same, mut other) = (0, 0);
            let mut someone_else = false;
            for column in columns {
                match comparer.compare(
                    hit[0].handle,
                    column.target,
                    column.dress,
                    table.cell(row, column.place),
                    &mut buffer,
                    |_, _| (),
                ) {
                    Said::Same | Said::Variants(_) => same += 1,
                    Said::Other => {
                        other += 1;
                        someone_else |= matches!(column.target, Target::Identifier(_));
                    }
                    Said::Nothing => {}
                }
            }
            // a whole identifier must stand in a column of such, or something else speak for the record, since a small number
            // may be anybody's code; a cut one is shared by strangers
            let needed = if whole { 1 } else { 2 };
            let enough = same >= needed && same >= other + i32::from(someone_else);
            let worth = (same - other) * 2 + i32::from(whole);
            if !enough {
                continue;
            }
            match best {
                Some((w, ..)) if w > worth => {}
                Some((w, ..)) if w == worth => tied = true,
                _ => {
                    let by = match whole {
                        true => LinkedBy::Identifier,
                        false => LinkedBy::CutIdentifier,
                    };
                    best = Some((worth, hit[0].handle, by));
                    tied = false;
                }
            }
        }
        match best {
            None => Fate::Unlinked(Why::Contradicted),
            Some(_) if tied => Fate::Unlinked(Why::Tied),
            Some((_, handle, by)) => Fate::Linked(handle, by),
        }
    }

    /// The sites of a linked row that its cells let us read. A cell that equals several variants tells the bits they share.
    fn read(
        &self,
        table: &Table,
        row: usize,
        handle: Handle,
        columns: &[Mapped],
        comparer: &Comparer<'_>,
        out: &mut Vec<Reading>,
    ) {
        let mut buffer = Vec::new();
        for column in columns {
            let Target::Carrier(g, _) = column.target else {
                continue;
            };
            let group = &self.known.shape.groups[g];
            comparer.compare(
                handle,
                column.target,
                column.dress,
                table.cell(row, column.place),
                &mut buffer,
                |bits, variants| {
                    for bit in 0..bits {
                        let ones = (0..16u16)
                            .filter(|v| variants >> v & 1 == 1 && v >> bit & 1 == 1)
                            .count();
                        let all = variants.count_ones() as usize;
                        if ones == 0 || ones == all {
                            let slot = group.first_slot + u16::from(bit);
                            let bias = self.known.code().bias_at(self.biases, handle, slot);
                            out.push(Reading {
                                handle,
                                slot,
                                kind: group.kind,
                                bias,
                                value: ones > 0,
                            });
                        }
                    }
                },
            );
        }
        if self.known.is_shared(handle) {
            out.push(Reading {
                handle,
                slot: PRESENCE,
                kind: SiteKind::Shared,
                bias: self.known.code().bias_at(self.biases, handle, PRESENCE),
                value: true,
            });
        }
        // two columns of one group are one site
        out.sort_unstable_by_key(|r| (r.slot, r.value));
        out.dedup();
    }

    fn present(&self, table: &Table, columns: &[Mapped]) -> Vec<Option<Present>> {
        let shape = &self.known.shape;
        let mut out: Vec<Option<Present>> = vec![None; shape.identifiers.len()];
        let (mut full, mut part) = (Vec::new(), Vec::new());
        for column in columns {
            let Target::Identifier(at) = column.target else {
                continue;
            };
            let id = &shape.identifiers[at];
            let mut here = Present::default();
            let mut cut = 0;
            for cell in table.column(column.place) {
                let mut any = false;
                identify::wholes(id.kind, cell, &mut full, |whole| {
                    any = true;
                    let digest = self.keys.identifier.digest(Form::Full.tag(id.kind), whole);
                    let stem = if stem::write(id.kind, whole, &shape.pool, &mut part) {
                        stem::digest(self.keys, id.kind, &part)
                    } else {
                        0
                    };
                    here.enter(digest, stem);
                });
                cut += usize::from(
                    any && id.kind == Kind::NationalId && normal::write_cut(cell, &mut part),
                );
            }
            // where identity numbers were cut, no canary's number can be met whole, and its absence says nothing
            if cut * 2 <= here.full.len() && !here.full.is_empty() {
                out[at].get_or_insert_default().merge(&here);
            }
        }
        out
    }

    /// Expected links of a file of strangers: for each stem, pairs of a leaked and a known identifier over the values that share it.
    fn by_chance(&self, identifiers: &[Option<Present>]) -> f64 {
        let shape = &self.known.shape;
        let pairs = shape
            .identifiers
            .iter()
            .zip(identifiers)
            .filter_map(|(id, present)| Some((id, present.as_ref()?)));
        pairs
            .map(|(id, present)| match stem::values(id.kind, &[]) {
                // stems are then those of the agency's own numbers, which are nobody's
                _ if id.kind == Kind::Phone && !shape.pool.is_empty() => {
                    present.full.len() as f64 * self.known.index.len() as f64 / PHONES
                }
                0 => present.full.len() as f64 * self.known.index.len() as f64 / UNSTEMMED,
                values => {
                    let meetings = present
                        .stems
                        .iter()
                        .map(|(stem, n)| f64::from(*n) * f64::from(self.known.with_stem(*stem)));
                    meetings.sum::<f64>() / f64::from(values)
                }
            })
            .sum()
    }
}
