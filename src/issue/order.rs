//! The rows that change places in a copy, where a register's row order is a carrier ([`crate::mark::order`]).

use crate::code::{Bias, BiasSet, Codeword, Handle};
use crate::key::CodeKeys;
use crate::mark::order::{Blocks, SLOT};

/// Keyed bytes to a block.
const BLOCK: usize = 16;

/// A table's order sites; none where its rows stay in their order.
#[derive(Default)]
pub struct Turns {
    blocks: Blocks,
    rows: Vec<usize>,
    handles: Vec<u64>,
    biases: Vec<Bias>,
}

impl Turns {
    /// The sites of a table with these records, where the order of the rows `free` with the next is free.
    pub fn new(set: BiasSet, keys: &CodeKeys, handles: &[Option<Handle>], free: &[u32]) -> Turns {
        if free.is_empty() {
            return Turns::default();
        }
        let blocks = Blocks::new(&keys.order, handles, free);
        let mut turns = Turns::default();
        for row in blocks.sites() {
            let Some(handle) = handles.get(row).copied().flatten() else {
                continue;
            };
            turns.rows.push(row);
            turns.handles.push(handle.0);
            turns.biases.push(set.bias_at(keys, handle, SLOT));
        }
        turns.blocks = blocks;
        turns
    }

    /// How many sites there are.
    pub fn sites(&self) -> usize {
        self.rows.len()
    }

    /// For every row, which place among `rows` rows it has in the copy of this codeword; by itself a row stands in its own.
    pub fn places(&self, codeword: &Codeword, rows: usize) -> Vec<u32> {
        let mut places: Vec<u32> = (0..rows as u32).collect();
        let mut bytes: Vec<[u8; BLOCK]> = Vec::new();
        codeword.bytes(u64::from(SLOT) / BLOCK as u64, &self.handles, &mut bytes);
        let mut turned = vec![false; rows];
        for ((row, bias), bytes) in self.rows.iter().zip(&self.biases).zip(&bytes) {
            if let Some(turned) = turned.get_mut(*row) {
                *turned = bytes[usize::from(SLOT) % BLOCK] < bias.0;
            }
        }
        let mut order = Vec::new();
        for block in self.blocks.ranges() {
            order.clear();
            self.blocks
                .arrange(block.clone(), &|row| turned[row], &mut order);
            for (place, row) in block.clone().zip(&order) {
                places[*row] = place as u32;
            }
        }
        places
    }
}
