//! A leak's tables, linked against every register and read: what a trace stands on before any codeword is seen.

use super::columns::{Mapped, Target};
use super::copies::LinkedRows;
use super::fate::{Fate, LinkedBy, Why};
use super::known::Known;
use super::link::{Alike, Linked, Linker, Present};
use super::order::Orders;
use super::reading::{LeakedRows, Placed, Reading};
use crate::code::SiteKind;
use crate::key::{CodeKeys, DigestKeys};
use crate::table::{Found, Table};

/// A table of a leak, and where it stood.
#[derive(Clone, Copy, Debug)]
pub struct Sheet<'a> {
    /// Its cells.
    pub table: &'a Table,
    /// The sheet's name, in a workbook.
    pub name: Option<&'a str>,
    /// The file's number of each row, from 1; where there are none, rows count from 1.
    pub rows: &'a [u32],
}

impl<'a> Sheet<'a> {
    /// A table by itself.
    pub fn bare(table: &'a Table) -> Sheet<'a> {
        Sheet {
            table,
            name: None,
            rows: &[],
        }
    }

    /// The file's number of a row.
    pub fn row(&self, row: usize) -> u32 {
        let counted = u32::try_from(row + 1).unwrap_or(u32::MAX);
        self.rows.get(row).copied().unwrap_or(counted)
    }
}

impl<'a> From<&'a Found> for Sheet<'a> {
    fn from(found: &'a Found) -> Sheet<'a> {
        Sheet {
            table: &found.table,
            name: found.sheet.as_deref(),
            rows: &found.rows,
        }
    }
}

/// What linking and reading made of a leak. Linked rows are numbered over all tables, in order.
#[derive(Default)]
pub struct Gathered {
    /// Every site once, with the linked row that showed it first.
    pub placed: Placed,
    /// Sites erased because they said two things.
    pub contradicted: usize,
    /// The readings of each linked row.
    pub rows: LeakedRows,
    /// Table and row of each linked row.
    pub linked: Vec<(u32, u32)>,
    /// Links that strangers' files would give by chance.
    pub by_chance: f64,
    /// How many rows each record was linked to.
    pub linked_rows: LinkedRows,
    /// By register, what the leak's columns of each identifier hold.
    pub present: Vec<Vec<Option<Present>>>,
    /// By register and table, the columns that are the register's.
    pub columns: Vec<Vec<Vec<Mapped>>>,
    /// Rows without identifiers, and how they were linked.
    pub alike: Alike,
    /// By table and row, what became of it in each register.
    pub fates: Vec<Vec<Vec<Fate>>>,
}

/// Links and reads, with keys that no codeword follows from; `orders` by register.
pub fn gather(
    registers: &[Known],
    orders: &[Orders],
    sheets: &[Sheet<'_>],
    keys: &DigestKeys,
    biases: &CodeKeys,
) -> Gathered {
    let mut out = Gathered {
        fates: sheets
            .iter()
            .map(|s| vec![Vec::with_capacity(registers.len()); s.table.rows()])
            .collect(),
        ..Gathered::default()
    };
    // by (table, row), a row's readings in all registers
    let mut read: Vec<((u32, u32), Reading)> = Vec::new();
    for (known, orders) in registers.iter().zip(orders) {
        let linker = Linker {
            known,
            keys,
            biases,
        };
        let mut present: Vec<Option<Present>> = vec![None; known.shape.identifiers.len()];
        let mut columns = Vec::with_capacity(sheets.len());
        let mut alike = Alike::default();
        for (number, sheet) in sheets.iter().enumerate() {
            let linked = linker.link(sheet.table);
            out.by_chance += linked.by_chance;
            alike = alike.and_table(linked.likeness.unwrap_or_default());
            for (all, here) in present.iter_mut().zip(&linked.identifiers) {
                if let Some(here) = here {
                    all.get_or_insert_default().merge(here);
                }
            }
            out.enter(number, &linked, &mut read);
            let of_order = orders.read(known, sheet.table, &linked, biases);
            read.extend(
                of_order
                    .into_iter()
                    .map(|(row, r)| ((number as u32, row), r)),
            );
            columns.push(linked.columns);
        }
        out.present.push(present);
        out.columns.push(columns);
        out.alike = out.alike.and_register(alike);
    }
    // a row counts once, whatever number of registers it was linked in
    let by_likeness = |fate: &Fate| matches!(fate, Fate::Linked(_, LinkedBy::Likeness));
    let rows = out.fates.iter().flatten();
    out.alike.linked = rows.filter(|fates| fates.iter().any(by_likeness)).count();
    out.number_rows(read);
    out
}

impl Gathered {
    fn enter(&mut self, number: usize, linked: &Linked, read: &mut Vec<((u32, u32), Reading)>) {
        let mut readings = linked.readings.rows();
        for (row, fate) in linked.rows.iter().enumerate() {
            if let Some(handle) = fate.handle() {
                *self.linked_rows.entry(handle).or_insert(0) += 1;
                let at = (number as u32, row as u32);
                read.extend(readings.next().unwrap_or(&[]).iter().map(|r| (at, *r)));
            }
            if let Some(fates) = self.fates[number].get_mut(row) {
                fates.push(*fate);
            }
        }
    }

    fn number_rows(&mut self, mut read: Vec<((u32, u32), Reading)>) {
        // several registers come one after the other
        read.sort_by_key(|(at, _)| *at);
        let mut placed = Vec::with_capacity(read.len());
        let mut rest = read.as_slice();
        for (number, fates) in self.fates.iter().enumerate() {
            for (row, fates) in fates.iter().enumerate() {
                if fates.iter().all(|f| f.handle().is_none()) {
                    continue;
                }
                let at = (number as u32, row as u32);
                let (here, later) = rest.split_at(rest.partition_point(|(a, _)| *a <= at));
                rest = later;
                let row = self.linked.len() as u32;
                placed.extend(here.iter().map(|(_, r)| (*r, row)));
                // order is said of two rows at once, so a row whose cells speak is told by these alone
                let in_cell = |r: &&(_, Reading)| r.1.kind != SiteKind::Order;
                let silent = !here.iter().any(|r| in_cell(&r));
                let own = here.iter().filter(|r| silent || in_cell(r));
                self.rows.push(own.map(|(_, r)| *r));
                self.linked.push(at);
            }
        }
        let (placed, merged) = Placed::merge(placed);
        self.placed = placed;
        self.contradicted = merged.contradicted;
    }

    /// The leak's columns that were recognised: (column from 1, the register's name for it).
    pub fn column_names(&self, registers: &[Known]) -> Vec<(usize, String)> {
        let mut out = Vec::new();
        for (known, tables) in registers.iter().zip(&self.columns) {
            for mapped in tables.iter().flatten() {
                out.extend(
                    column_name(known, mapped.target).map(|n| (mapped.place + 1, n.to_string())),
                );
            }
        }
        out.sort();
        out.dedup();
        out
    }
}

/// The register's name for a column.
pub fn column_name(known: &Known, target: Target) -> Option<&str> {
    let column = match target {
        Target::Identifier(at) => known.shape.identifiers.get(at)?.column,
        Target::Plain(at) => known.shape.plain.get(at)?.column,
        Target::Carrier(group, nth) => known.shape.groups.get(group)?.columns.get(nth)?.column,
    };
    Some(known.policy.columns.get(column)?.name.as_str())
}

/// Why a row has no record in any register: the reason that is nearest to a link.
pub fn why_unlinked(fates: &[Fate]) -> Why {
    let nearness = |why: &Why| match why {
        Why::Nothing => 0,
        Why::Unknown => 1,
        Why::Weak => 2,
        Why::Contradicted => 3,
        Why::Tied => 4,
    };
    let reasons = fates.iter().filter_map(|fate| match fate {
        Fate::Unlinked(why) => Some(*why),
        Fate::Linked(..) => None,
    });
    reasons.max_by_key(nearness).unwrap_or(Why::Unknown)
}
