//! Rows under one recipient's codeword: which cells stand on another variant, and which counts follow.

use std::borrow::Cow;

use super::records::Records;
use crate::code::{BiasSet, Codeword, Handle};
use crate::key::CodeKeys;
use crate::mark::Record;
use crate::mark::constraint::Elapsed;
use crate::mark::shape::Shape;
use crate::table::{Replaced, Table};

/// Rows whose bits are drawn together: enough to keep the cipher busy.
const AT_ONCE: usize = 1 << 12;

/// A table's rows with their plan and the biases of their sites.
pub struct Marked<'a> {
    table: &'a Table,
    places: &'a [Option<usize>],
    records: &'a Records,
    shape: &'a Shape,
    /// Every row's biases, one a slot that it holds, in group order.
    biases: Vec<u8>,
    starts: Vec<u32>,
}

impl<'a> Marked<'a> {
    /// The rows of `table` as `records`.
    pub fn new(
        table: &'a Table,
        places: &'a [Option<usize>],
        records: &'a Records,
        shape: &'a Shape,
        set: BiasSet,
        keys: &CodeKeys,
    ) -> Marked<'a> {
        let mut biases = Vec::new();
        let mut starts = Vec::with_capacity(records.handles.len());
        for (row, handle) in records.handles.iter().enumerate() {
            starts.push(biases.len() as u32);
            let Some(handle) = *handle else { continue };
            for (g, group) in shape.groups.iter().enumerate() {
                for bit in 0..records.plan.bits(row, g) {
                    let slot = group.first_slot + u16::from(bit);
                    biases.push(set.bias_at(keys, handle, slot).0);
                }
            }
        }
        Marked {
            table,
            places,
            records,
            shape,
            biases,
            starts,
        }
    }

    /// Slots in all rows.
    pub fn sites(&self) -> usize {
        self.biases.len()
    }

    /// The cells that differ under a codeword, sorted by row and column; counts of time in `follow` say what altered dates make
    /// them.
    pub fn altered(&self, codeword: &Codeword, follow: &[Elapsed]) -> Vec<Replaced<'a>> {
        let mut out = Vec::new();
        let records = self.records;
        let last = self
            .shape
            .groups
            .iter()
            .map(|g| g.first_slot + 4)
            .max()
            .unwrap_or(0);
        let mut drawn = vec![Vec::new(); usize::from(last / 16) + 1];
        for (row, start) in self.starts.iter().enumerate() {
            let place = row % AT_ONCE;
            if place == 0 {
                let rows = row..records.handles.len().min(row + AT_ONCE);
                let handle = |h: &Option<Handle>| h.map_or(0, |h| h.0);
                let handles: Vec<u64> = records.handles[rows].iter().map(handle).collect();
                for (block, out) in drawn.iter_mut().enumerate() {
                    codeword.bytes(block as u64, &handles, out);
                }
            }
            let mut at = *start as usize;
            let before = out.len();
            for (g, group) in self.shape.groups.iter().enumerate() {
                let bits = records.plan.bits(row, g);
                let mut v = 0;
                for bit in 0..bits {
                    let slot = usize::from(group.first_slot) + usize::from(bit);
                    v |= usize::from(drawn[slot / 16][place][slot % 16] < self.biases[at]) << bit;
                    at += 1;
                }
                if v == 0 {
                    continue;
                }
                for (nth, column) in group.columns.iter().enumerate() {
                    let Some(place) = self.places.get(column.column).copied().flatten() else {
                        continue;
                    };
                    let text = records.plan.text(row, g, v, nth);
                    if text != self.table.cell(row, place) {
                        out.push(Replaced {
                            row: row as u32,
                            column: place as u32,
                            text: Cow::Borrowed(text),
                        });
                    }
                }
            }
            if out.len() > before {
                self.follow(row, before, follow, &mut out);
                out[before..].sort_unstable_by_key(|r| r.column);
            }
        }
        out
    }

    /// Counts of time say what the row's altered dates make them; `out[before..]` is what is altered in the row so far.
    fn follow(&self, row: usize, before: usize, follow: &[Elapsed], out: &mut Vec<Replaced<'a>>) {
        let record = Record::new(self.table, row, self.places);
        let place = |column: usize| self.places.get(column).copied().flatten().map(|p| p as u32);
        for rule in follow {
            let touched = rule
                .columns()
                .any(|c| out[before..].iter().any(|r| Some(r.column) == place(c)));
            if !touched {
                continue;
            }
            let now = |column: usize| {
                let altered = out[before..]
                    .iter()
                    .find(|r| Some(r.column) == place(column));
                altered.map_or_else(|| record.cell(column), |r| &r.text)
            };
            if let (Some(text), Some(column)) =
                (rule.follow(|c| record.cell(c), now), place(rule.column()))
            {
                out.push(Replaced {
                    row: row as u32,
                    column,
                    text: Cow::Owned(text),
                });
            }
        }
    }
}
