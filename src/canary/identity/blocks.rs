//! Blocks of telephone numbers that nobody in the table has.
//!
//! A number whose block (its stem) is nobody else's shares a shorter beginning with others, or none. A canary's new block shares one that
//! is as common, and leaves what is known there: so beginnings of every length are as frequent among canaries as among real numbers,
//! in a register of a whole city and in a list of a hundred. In a list of a hundred nothing but beginnings is shared at all: there a
//! stem is fitted in all its beginnings at once, whoever has it.

use std::hash::BuildHasherDefault;

use super::*;
use crate::canary::counts::Folded;

/// The shortest beginning that is counted: what tells one operator from another.
const SHORTEST: usize = 3;

/// Other numbers that are looked at for a beginning as common.
const LOOKED_AT: usize = 256;

/// Ends that are drawn for one that nobody has.
const ENDS: usize = 32;

/// How many stems of a column begin with each beginning.
#[derive(Default)]
pub struct Blocks {
    heads: HashMap<u64, u32, BuildHasherDefault<Folded>>,
    /// The stems themselves, of a short list's.
    stems: Vec<Vec<u8>>,
}

impl Blocks {
    fn of(stems: impl Iterator<Item = Vec<u8>>, kept: bool) -> Blocks {
        let mut blocks = Blocks::default();
        for stem in stems {
            for length in SHORTEST..=stem.len() {
                *blocks.heads.entry(key(&stem[..length])).or_insert(0) += 1;
            }
            if kept {
                blocks.stems.push(stem);
            }
        }
        blocks
    }

    fn times(&self, head: &[u8]) -> u32 {
        self.heads.get(&key(head)).copied().unwrap_or(0)
    }

    /// How much of a stem that is nobody else's is others' too, and of how many others.
    fn shared(&self, stem: &[u8]) -> Option<(usize, u32)> {
        let lengths = (SHORTEST..stem.len()).rev();
        lengths
            .map(|length| (length, self.times(&stem[..length]).saturating_sub(1)))
            .find(|(_, others)| *others > 0)
    }
}

fn key(head: &[u8]) -> u64 {
    key_of(std::str::from_utf8(head).unwrap_or(""))
}

impl People<'_> {
    /// Counts how the column's stems begin, once.
    fn blocks(&self, at: usize, free: &Free<'_>) -> &Blocks {
        self.blocks[at].get_or_init(|| {
            let rows = 0..self.sheet.table.rows();
            let stems = rows.filter_map(|row| self.stem_of(row, at, free));
            Blocks::of(stems, is_short(self.sheet))
        })
    }

    fn stem_of(&self, row: usize, at: usize, free: &Free<'_>) -> Option<Vec<u8>> {
        let mut stem = Vec::new();
        let cell = self.sheet.cell(row, at);
        numbers::write_stem(Kind::Phone, cell, free, &mut stem).then_some(stem)
    }

    /// Writes the stem, of those that begin as others' do, of which every beginning is most nearly as common as that of `own`, a
    /// row's stem, is among the others; false where none was found.
    pub(super) fn as_common_a_block(
        &self,
        at: usize,
        own: &[u8],
        free: &Free<'_>,
        draws: &mut Draws<'_>,
        under: &mut Vec<u8>,
    ) -> bool {
        let blocks = self.blocks(at, free);
        let lengths = SHORTEST..=own.len();
        // as much as others share with the row, and no more
        let others = |length: usize| blocks.times(&own[..length]).saturating_sub(1);
        let Some(shared) = lengths.clone().rev().find(|length| others(*length) > 0) else {
            return false;
        };
        let off = |stem: &[u8]| -> f64 {
            let apart = lengths.clone().map(|length| {
                let there = blocks.times(&stem[..length]);
                (f64::from(there).sqrt() - f64::from(others(length)).sqrt()).abs()
            });
            apart.sum()
        };
        let mut best: Option<f64> = None;
        let start = draws.below(blocks.stems.len());
        let (before, from) = blocks.stems.split_at(start);
        let around = from.iter().chain(before).take(LOOKED_AT);
        for like in around.filter(|s| s.len() == own.len() && s.get(..2) == own.get(..2)) {
            let mut stem = like.clone();
            for _ in 0..ENDS {
                for digit in stem.iter_mut().skip(shared) {
                    *digit = b'0' + draws.below(10) as u8;
                }
                if shared == own.len() || blocks.times(&stem[..=shared]) == 0 {
                    break;
                }
            }
            let off = off(&stem);
            if stem != own && best.is_none_or(|least| off < least) {
                best = Some(off);
                under.clone_from(&stem);
            }
        }
        best.is_some()
    }

    /// Writes a stem that nobody has, as near to others' as `own` is, which is nobody else's; false where none was found.
    pub(super) fn new_block(
        &self,
        at: usize,
        own: &[u8],
        free: &Free<'_>,
        draws: &mut Draws<'_>,
        under: &mut Vec<u8>,
    ) -> bool {
        let blocks = self.blocks(at, free);
        let Some((length, others)) = blocks.shared(own) else {
            return false;
        };
        for attempt in 0..LOOKED_AT {
            let Some(other) = self.stem_of(self.sheet.any_row(draws), at, free) else {
                continue;
            };
            // exactly so many where that can be had
            let about = others / 16 + others * u32::from(attempt * 2 > LOOKED_AT) / 4;
            let fits = other.len() == own.len()
                && other.get(..2) == own.get(..2)
                && blocks.times(&other[..length]).abs_diff(others) <= about;
            if !fits {
                continue;
            }
            for _ in 0..ENDS {
                under.clone_from(&other);
                for digit in &mut under[length..] {
                    *digit = b'0' + draws.below(10) as u8;
                }
                if blocks.times(&under[..=length]) == 0 {
                    return true;
                }
            }
        }
        false
    }
}
