//! Every recipient's codeword against the readings of one leak.
//!
//! A common trace evaluates a quarter of a million sites for a thousand recipients, so the readings are laid out once
//! ([`Prepared`]): handles in chunks whose keyed blocks stay in the nearest cache, and in each chunk, category by category, the
//! places of the bytes to compare. A recipient then costs a block a handle and one comparison a site.
//!
//! Where the leak has [stretches](super::stretches), handles stand in the order of the leaked rows, the same blocks give each row's
//! part in the screen (`screen.rs`), and the few stretches that stand out are counted in a second pass for that recipient alone.

use std::collections::BTreeMap;

use super::evidence::{Counts, Hypothesis, Tally, ratio};
use super::mixture::RowEvidence;
use super::reading::{LeakedRows, Placed, Reading, Readings};
use super::screen::{BLOCK, Screen, Sums};
use super::stretches::Family;
use crate::code::{Bias, Codeword, SiteKind};

/// Handles to a chunk: 16 KiB of blocks.
const CHUNK: usize = 1024;

/// Readings laid out for comparison with any number of codewords.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    chunks: Vec<Chunk>,
    categories: Vec<Category>,
    tallies: Vec<(SiteKind, Bias)>,
    /// Places in a chunk's bytes, list after list.
    places: Vec<u16>,
    /// What the stretches are told by, where there are any.
    screen: Option<Screen>,
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

/// A site on its way into the layout.
#[derive(Clone, Copy)]
struct Site {
    block: u64,
    row: u32,
    handle: u64,
    byte: u8,
    category: usize,
    reading: Reading,
}

impl Prepared {
    /// Lays the readings out. Costs some tens of nanoseconds a reading.
    pub fn new(readings: &Readings) -> Prepared {
        let sites = readings.as_slice().iter().map(|r| (*r, 0));
        Prepared::lay_out(sites, None)
    }

    /// Lays the readings out with the stretches of their leak.
    pub fn with_stretches(readings: &Placed, family: &Family) -> Prepared {
        let family = (!family.is_empty()).then_some(family);
        Prepared::lay_out(readings.iter(), family)
    }

    fn lay_out(
        readings: impl Iterator<Item = (Reading, u32)> + Clone,
        family: Option<&Family>,
    ) -> Prepared {
        let mut by_category: BTreeMap<(SiteKind, Bias, bool), u32> = BTreeMap::new();
        for (r, _) in readings.clone() {
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
        let mut sites: Vec<Site> = readings
            .map(|(reading, row)| Site {
                block: u64::from(reading.slot) / BLOCK as u64,
                row,
                handle: reading.handle.0,
                byte: (usize::from(reading.slot) % BLOCK) as u8,
                category: category_of[&(reading.kind, reading.bias, reading.value)],
                reading,
            })
            .collect();
        sites.sort_unstable_by_key(|s| (s.block, s.row, s.handle, s.byte));
        for of_block in sites.chunk_by(|a, b| a.block == b.block) {
            prepared.lay_out_block(of_block);
        }
        prepared.screen = family.map(|family| {
            let mut screen = Screen::new(family, prepared.categories.len());
            let mut of_entry = Vec::new();
            let mut bounds = Vec::new();
            for entry in sites.chunk_by(|a, b| a.entry() == b.entry()) {
                of_entry.extend(entry.iter().map(|s| (s.byte, s.category, s.reading)));
                bounds.push((entry[0].row as usize, of_entry.len()));
            }
            let mut start = 0;
            let entries = bounds.iter().map(|(row, end)| {
                let sites = &of_entry[start..*end];
                start = *end;
                (*row, sites)
            });
            screen.lay_out(entries);
            screen
        });
        prepared
    }

    /// Adds the chunks of one block number.
    fn lay_out_block(&mut self, sites: &[Site]) {
        let mut lists: Vec<Vec<u16>> = vec![Vec::new(); self.categories.len()];
        let mut handles: Vec<u64> = Vec::with_capacity(CHUNK);
        let mut block = 0;
        for entry in sites.chunk_by(|a, b| a.entry() == b.entry()) {
            block = entry[0].block;
            if handles.len() == CHUNK {
                self.close(block, std::mem::take(&mut handles), &mut lists);
            }
            for site in entry {
                let place = handles.len() * BLOCK + usize::from(site.byte);
                lists[site.category].push(place as u16);
            }
            handles.push(entry[0].handle);
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
        self.score(codeword, &mut Scratch::default()).whole
    }

    fn score(&self, codeword: &Codeword, scratch: &mut Scratch) -> Scored {
        let Scratch {
            blocks,
            ones,
            sums,
            scores,
            leaves,
        } = scratch;
        ones.clear();
        ones.resize(self.categories.len(), 0);
        if let Some(screen) = &self.screen {
            match sums.is_empty() {
                true => *sums = screen.sums(),
                false => sums.iter_mut().for_each(|s| s.fill(0)),
            }
        }
        let (mut start, mut entry) = (0, 0);
        for chunk in &self.chunks {
            codeword.bytes(chunk.block, &chunk.handles, blocks);
            if let Some(screen) = &self.screen {
                screen.add(entry, &blocks[..chunk.handles.len()], sums, scores);
            }
            entry += chunk.handles.len();
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
        let all = self.categories.iter().zip(&*ones);
        let whole = self.tally(all.map(|(category, ones)| (category.sites, *ones)));
        let stretches = match &self.screen {
            Some(screen) => {
                let standing_out = screen.standing_out(sums, leaves);
                self.count_stretches(codeword, screen, standing_out, blocks)
            }
            None => Vec::new(),
        };
        Scored { whole, stretches }
    }

    /// Counts from each category's sites and bits of 1.
    fn tally(&self, categories: impl Iterator<Item = (u32, u32)>) -> Counts {
        let mut tallies: Vec<Tally> = self
            .tallies
            .iter()
            .map(|(kind, bias)| Tally {
                kind: *kind,
                bias: *bias,
                sites: [[0; 2]; 2],
            })
            .collect();
        for (category, (sites, ones)) in self.categories.iter().zip(categories) {
            tallies[category.tally].sites[usize::from(category.value)] =
                [sites.saturating_sub(ones), ones];
        }
        Counts::from_sorted(tallies)
    }

    /// The counts of some stretches, by a pass over all bits.
    fn count_stretches(
        &self,
        codeword: &Codeword,
        screen: &Screen,
        numbers: Vec<usize>,
        blocks: &mut Vec<[u8; BLOCK]>,
    ) -> Vec<(usize, Counts)> {
        if numbers.is_empty() {
            return Vec::new();
        }
        let mut ones = screen.ones(&numbers);
        let (mut start, mut entry) = (0, 0);
        for chunk in &self.chunks {
            codeword.bytes(chunk.block, &chunk.handles, blocks);
            let bytes = blocks.as_flattened();
            for list in &chunk.lists {
                let threshold = self.categories[list.category].bias.0;
                for place in self.places[start..list.end].iter().map(|p| usize::from(*p)) {
                    if bytes.get(place).is_some_and(|byte| *byte < threshold) {
                        screen.one(entry + place / BLOCK, list.category, &mut ones);
                    }
                }
                start = list.end;
            }
            entry += chunk.handles.len();
        }
        let counted = numbers.into_iter().map(|number| {
            let sites = screen.of_stretch(number, &ones);
            (number, self.tally(sites.into_iter()))
        });
        counted.collect()
    }
}

impl Site {
    /// What stands together in the layout: the sites that one row showed first of one block of one handle.
    fn entry(&self) -> (u64, u32, u64) {
        (self.block, self.row, self.handle)
    }
}

/// One recipient's counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scored {
    /// Over the whole leak.
    pub whole: Counts,
    /// Over the stretches that stand out, by number.
    pub stretches: Vec<(usize, Counts)>,
}

/// What one thread keeps from recipient to recipient.
#[derive(Default)]
struct Scratch {
    blocks: Vec<[u8; BLOCK]>,
    ones: Vec<u32>,
    sums: Vec<Sums>,
    scores: Vec<i16>,
    leaves: Vec<i32>,
}

/// The counts of `recipients` codewords, in order, on so many threads. A codeword is made when its turn comes and forgotten
/// after; beyond the counts, memory does not grow with the number of recipients.
pub fn score_all(
    prepared: &Prepared,
    recipients: usize,
    codeword: impl Fn(usize) -> Codeword + Sync,
    threads: usize,
) -> Vec<Scored> {
    let mut all = vec![Scored::default(); recipients];
    // where nothing was read there is nothing to compare
    if prepared.categories.is_empty() {
        return all;
    }
    let part = recipients.div_ceil(threads.max(1)).max(1);
    let score = |first: usize, scored: &mut [Scored]| {
        let mut scratch = Scratch::default();
        for (at, scored) in scored.iter_mut().enumerate() {
            *scored = prepared.score(&codeword(first + at), &mut scratch);
        }
    };
    std::thread::scope(|scope| {
        let mut parts = all.chunks_mut(part).enumerate();
        let own = parts.next();
        for (number, scored) in parts {
            let score = &score;
            scope.spawn(move || score(number * part, scored));
        }
        if let Some((_, scored)) = own {
            score(0, scored);
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

/// The run of rows, by its first and last, in which a source stands out most: where the sum of the rows' likelihood ratios for
/// "half of these cells are the source's" against "none is" is greatest (Bentley 1984, column 7: the maximum subarray).
pub fn likeliest_run(rows: &LeakedRows, source: &Codeword) -> (usize, usize) {
    let mut ratios: BTreeMap<(Bias, bool, bool), f64> = BTreeMap::new();
    let (mut start, mut sum) = (0, 0.0);
    let (mut best, mut greatest) = ((0, rows.len().saturating_sub(1)), 0.0);
    for (number, row) in rows.rows().enumerate() {
        for r in row {
            let bit = source.bit(r.handle, r.slot, r.bias);
            sum += *ratios.entry((r.bias, r.value, bit)).or_insert_with(|| {
                ratio(
                    Hypothesis::Share(0.5),
                    0.01,
                    r.bias.probability(),
                    r.value,
                    bit,
                )
                .ln()
            });
        }
        if sum <= 0.0 {
            (start, sum) = (number + 1, 0.0);
        } else if sum > greatest {
            (best, greatest) = ((start, number), sum);
        }
    }
    best
}

#[cfg(test)]
#[path = "score_tests.rs"]
mod tests;
