//! Every recipient's codeword against the readings of one leak.
//!
//! A common trace evaluates a quarter of a million sites for a thousand recipients, so the readings are laid out once
//! ([`Prepared`]): handles in chunks whose keyed blocks stay in the nearest cache, and in each chunk, category by category, the
//! places of the bytes to compare. A recipient then costs a block a handle and one comparison a site.

use std::collections::BTreeMap;

use super::evidence::{Counts, Tally};
use super::mixture::RowEvidence;
use super::reading::{LeakedRows, Reading, Readings};
use crate::code::{Bias, Codeword, SiteKind};

/// Handles to a chunk: 16 KiB of blocks.
const CHUNK: usize = 1024;
const BLOCK: usize = 16;

/// Readings laid out for comparison with any number of codewords.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    chunks: Vec<Chunk>,
    categories: Vec<Category>,
    tallies: Vec<(SiteKind, Bias)>,
    /// Places in a chunk's bytes, list after list.
    places: Vec<u16>,
}

/// Handles whose blocks of one number are drawn together.
#[derive(Clone, Debug)]
struct Chunk {
    block: u64,
    handles: Vec<u64>,
    lists: Vec<List>,
}

/// The places of one category in one chunk.
#[derive(Clone, Debug)]
struct List {
    category: usize,
    end: usize,
}

#[derive(Clone, Copy, Debug)]
struct Category {
    tally: usize,
    bias: Bias,
    value: bool,
    sites: u32,
}

impl Prepared {
    /// Lays the readings out. Costs some tens of nanoseconds a reading.
    pub fn new(readings: &Readings) -> Prepared {
        let mut by_category: BTreeMap<(SiteKind, Bias, bool), u32> = BTreeMap::new();
        for r in readings.as_slice() {
            *by_category.entry((r.kind, r.bias, r.value)).or_default() += 1;
        }
        let mut prepared = Prepared::default();
        let mut category_of = BTreeMap::new();
        for (at, ((kind, bias, value), sites)) in by_category.into_iter().enumerate() {
            if prepared.tallies.last() != Some(&(kind, bias)) {
                prepared.tallies.push((kind, bias));
            }
            category_of.insert((kind, bias, value), at);
            let tally = prepared.tallies.len() - 1;
            prepared.categories.push(Category {
                tally,
                bias,
                value,
                sites,
            });
        }
        let mut by_block: BTreeMap<u64, Vec<(u64, u8, usize)>> = BTreeMap::new();
        for r in readings.as_slice() {
            let category = category_of[&(r.kind, r.bias, r.value)];
            let (block, byte) = (
                u64::from(r.slot) / BLOCK as u64,
                (r.slot as usize % BLOCK) as u8,
            );
            by_block
                .entry(block)
                .or_default()
                .push((r.handle.0, byte, category));
        }
        for (block, sites) in by_block {
            prepared.lay_out(block, &sites);
        }
        prepared
    }

    /// Adds the chunks of one block number; `sites` are (handle, byte, category), sorted by handle.
    fn lay_out(&mut self, block: u64, sites: &[(u64, u8, usize)]) {
        let mut lists: Vec<Vec<u16>> = vec![Vec::new(); self.categories.len()];
        let mut handles: Vec<u64> = Vec::with_capacity(CHUNK);
        for (handle, byte, category) in sites {
            if handles.last() != Some(handle) {
                if handles.len() == CHUNK {
                    self.close(block, std::mem::take(&mut handles), &mut lists);
                }
                handles.push(*handle);
            }
            let place = (handles.len() - 1) * BLOCK + usize::from(*byte);
            lists[*category].push(place as u16);
        }
        self.close(block, handles, &mut lists);
    }

    fn close(&mut self, block: u64, handles: Vec<u64>, lists: &mut [Vec<u16>]) {
        let mut spans = Vec::new();
        for (category, list) in lists.iter_mut().enumerate().filter(|(_, l)| !l.is_empty()) {
            self.places.append(list);
            spans.push(List {
                category,
                end: self.places.len(),
            });
        }
        self.chunks.push(Chunk {
            block,
            handles,
            lists: spans,
        });
    }

    /// The counts of one recipient.
    pub fn counts(&self, codeword: &Codeword) -> Counts {
        self.counts_with(codeword, &mut Scratch::default())
    }

    fn counts_with(&self, codeword: &Codeword, scratch: &mut Scratch) -> Counts {
        let Scratch { blocks, ones } = scratch;
        ones.clear();
        ones.resize(self.categories.len(), 0);
        let mut start = 0;
        for chunk in &self.chunks {
            codeword.bytes(chunk.block, &chunk.handles, blocks);
            // A whole chunk of blocks, so that no place can lie outside and none needs to be checked.
            blocks.resize(CHUNK, [0; BLOCK]);
            let Some((bytes, _)) = blocks
                .as_flattened()
                .split_first_chunk::<{ CHUNK * BLOCK }>()
            else {
                continue;
            };
            for list in &chunk.lists {
                let threshold = self.categories[list.category].bias.0;
                ones[list.category] += self.places[start..list.end]
                    .iter()
                    .map(|place| {
                        u32::from(bytes[usize::from(*place) % (CHUNK * BLOCK)] < threshold)
                    })
                    .sum::<u32>();
                start = list.end;
            }
        }
        let mut tallies: Vec<Tally> = self
            .tallies
            .iter()
            .map(|(kind, bias)| Tally {
                kind: *kind,
                bias: *bias,
                sites: [[0; 2]; 2],
            })
            .collect();
        for (category, ones) in self.categories.iter().zip(ones) {
            tallies[category.tally].sites[usize::from(category.value)] =
                [category.sites - *ones, *ones];
        }
        Counts::from_sorted(tallies)
    }
}

/// What one thread keeps from recipient to recipient.
#[derive(Default)]
struct Scratch {
    blocks: Vec<[u8; BLOCK]>,
    ones: Vec<u32>,
}

/// The counts of `recipients` codewords, in order, on so many threads. A codeword is made when its turn comes and forgotten
/// after; beyond the counts, memory does not grow with the number of recipients.
pub fn score_all(
    prepared: &Prepared,
    recipients: usize,
    codeword: impl Fn(usize) -> Codeword + Sync,
    threads: usize,
) -> Vec<Counts> {
    let mut all = vec![Counts::default(); recipients];
    // where nothing was read there is nothing to compare
    if prepared.categories.is_empty() {
        return all;
    }
    let part = recipients.div_ceil(threads.max(1)).max(1);
    let count = |first: usize, counts: &mut [Counts]| {
        let mut scratch = Scratch::default();
        for (at, counts) in counts.iter_mut().enumerate() {
            *counts = prepared.counts_with(&codeword(first + at), &mut scratch);
        }
    };
    std::thread::scope(|scope| {
        let mut parts = all.chunks_mut(part).enumerate();
        let own = parts.next();
        for (number, counts) in parts {
            let count = &count;
            scope.spawn(move || count(number * part, counts));
        }
        if let Some((_, counts)) = own {
            count(0, counts);
        }
    });
    all
}

/// How far each leaked row agrees with each source's copy: what [`super::mixture::divide`] works on.
pub fn row_evidence(rows: &LeakedRows, sources: &[Codeword]) -> RowEvidence {
    let mut evidence = RowEvidence::new(sources.len());
    for row in rows.rows() {
        evidence.push_row(row.iter().map(|r| (r.kind, r.bias, r.value)));
    }
    // By block number and then by source, so that blocks come in batches.
    let mut row_of = Vec::with_capacity(rows.readings().len());
    for (number, row) in rows.rows().enumerate() {
        row_of.extend(std::iter::repeat_n(number, row.len()));
    }
    let mut by_block: BTreeMap<u16, Vec<(usize, &Reading)>> = BTreeMap::new();
    for (row, reading) in row_of.into_iter().zip(rows.readings()) {
        by_block
            .entry(reading.slot / BLOCK as u16)
            .or_default()
            .push((row, reading));
    }
    let (mut handles, mut blocks) = (Vec::with_capacity(CHUNK), Vec::new());
    for (block, sites) in by_block {
        for part in sites
            .chunk_by(|a, b| a.1.handle == b.1.handle)
            .collect::<Vec<_>>()
            .chunks(CHUNK)
        {
            handles.clear();
            handles.extend(part.iter().map(|run| run[0].1.handle.0));
            for (source, codeword) in sources.iter().enumerate() {
                codeword.bytes(u64::from(block), &handles, &mut blocks);
                for (run, bytes) in part.iter().zip(&blocks) {
                    for (row, reading) in *run {
                        let bit = bytes[usize::from(reading.slot) % BLOCK] < reading.bias.0;
                        if bit != reading.value {
                            evidence.disagree(*row, source, reading.kind);
                        }
                    }
                }
            }
        }
    }
    evidence
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
