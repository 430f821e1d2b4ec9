//! Which stretches of a leak could matter for a recipient, told cheaply, and the counts of those.
//!
//! Let x be the recipient's bit at a site, y the reading, p the bias. For a small part s of the rows the likelihood ratio of a site is
//! 1 + s (x - p)(y - p)/(p (1 - p)), so the sum of these over a stretch is what tells best whether it holds anything of the
//! recipient's. Up to a constant it counts 1/p where x = y = 1 and -1/(1 - p) where x = 1, y = 0. The sum for each row is made from
//! the bytes that are compared anyway, and added to the row's leaves; its mean and spread for an innocent follow from the leak
//! alone. A stretch that stands out by less than [`STANDS_OUT`] spreads holds no evidence that could name anybody, and is left
//! out. That may depend on the codeword: leaving out only lowers an e-value ([`super::stretches`]).

use std::collections::HashMap;

use super::reading::Reading;
use super::stretches::Family;

/// Bytes of a keyed block.
pub(super) const BLOCK: usize = 16;
/// Spreads above an innocent's mean from which a stretch is weighed: one innocent in 300,000 gets there, with evidence of some
/// 10^4, of which a stretch's weight leaves nothing that could name.
const STANDS_OUT: f64 = 4.5;
/// Scores are counted in this part of one; the largest of a default register's biases still fits a byte.
const UNIT: f64 = 8.0;
/// Partitions are added up together while the rows fall into no more cells than these,
const CELLS: usize = 4_096;
/// nor into more than one for so many rows, where they are more than some: a cell costs what a row does.
const ROWS_TO_A_CELL: usize = 8;
const SOME_CELLS: usize = 256;

/// The sum of scores in each cell of a joint.
pub(super) type Sums = [i32; CELLS];

/// Partitions that are added up together: a cell for every combination of leaves that occurs.
#[derive(Clone, Debug, Default)]
struct Joint {
    partitions: Vec<usize>,
    cells: usize,
    /// By cell and then partition, the leaf, numbered over all partitions; what is in none is in the leaf after the last.
    leaves: Vec<u32>,
    /// The cell of each linked row, and then of each entry.
    cell_of: Vec<u16>,
    /// By cell and category: sites.
    sites: Vec<u32>,
}

/// What is known of the stretches before any codeword is seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Screen {
    joints: Vec<Joint>,
    categories: usize,
    entries: Vec<Entry>,
    /// One a stretch.
    stretches: Vec<Null>,
    leaves: usize,
}

/// The sites of one block of one row, byte by byte; 0 where none was read. What a bit of 1 counts stands by its sign, so that all is
/// in bytes and a row takes a handful of instructions.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    biases: [u8; BLOCK],
    speaks_for: [u8; BLOCK],
    speaks_against: [u8; BLOCK],
}

impl Entry {
    fn score(&self, bytes: &[u8; BLOCK]) -> i16 {
        let ones: [u8; BLOCK] = std::array::from_fn(|i| match bytes[i] < self.biases[i] {
            true => 0xff,
            false => 0,
        });
        let sum = |counts: &[u8; BLOCK]| -> u32 {
            let each = ones.iter().zip(counts);
            each.map(|(one, count)| u32::from(one & count)).sum()
        };
        (sum(&self.speaks_for) as i32 - sum(&self.speaks_against) as i32) as i16
    }
}

/// The joint of a stretch's partition and the first and the end of its leaves, numbered over all partitions; what an innocent's sum
/// has for mean and spread.
#[derive(Clone, Copy, Debug, Default)]
struct Null {
    joint: usize,
    leaves: (u32, u32),
    mean: f64,
    spread: f64,
}

impl Null {
    fn holds(&self, leaf: &u32) -> bool {
        (self.leaves.0..self.leaves.1).contains(leaf)
    }
}

/// What a bit of 1 counts, in [`UNIT`]s.
fn count_for(reading: &Reading) -> i8 {
    let p = reading.bias.probability();
    let exact = if reading.value {
        UNIT / p
    } else {
        -UNIT / (1.0 - p)
    };
    exact.round().clamp(-127.0, 127.0) as i8
}

impl Screen {
    /// For a leak with these stretches and so many categories of sites; entries follow.
    pub(super) fn new(family: &Family, categories: usize) -> Screen {
        let mut first = vec![0; family.partitions().len()];
        let mut leaves = 0;
        for (first, partition) in first.iter_mut().zip(family.partitions()) {
            *first = leaves as u32;
            leaves += partition.leaves;
        }
        let mut screen = Screen {
            categories,
            leaves,
            ..Screen::default()
        };
        for (number, partition) in family.partitions().iter().enumerate() {
            let leaf = |row: usize| match partition.leaf_of.get(row) {
                Some(leaf) if usize::from(*leaf) < partition.leaves => {
                    first[number] + u32::from(*leaf)
                }
                _ => leaves as u32,
            };
            let rows = partition.leaf_of.len();
            let leaf_of: Vec<u32> = (0..rows).map(leaf).collect();
            let most = (rows / ROWS_TO_A_CELL).clamp(SOME_CELLS, CELLS);
            let joined = screen
                .joints
                .iter_mut()
                .any(|joint| joint.join(number, &leaf_of, leaves, most));
            if !joined {
                let mut joint = Joint {
                    cells: 1,
                    cell_of: vec![0; rows],
                    ..Joint::default()
                };
                joint.join(number, &leaf_of, leaves, CELLS);
                screen.joints.push(joint);
            }
        }
        let of_joint = |partition: usize| {
            let joints = screen.joints.iter();
            joints
                .enumerate()
                .find(|(_, j)| j.partitions.contains(&partition))
                .map_or(0, |(at, _)| at)
        };
        screen.stretches = family
            .stretches()
            .iter()
            .map(|s| Null {
                joint: of_joint(s.partition),
                leaves: (
                    first[s.partition] + s.leaves.start as u32,
                    first[s.partition] + s.leaves.end as u32,
                ),
                ..Null::default()
            })
            .collect();
        screen
    }

    /// Lays out the entries: of each, its linked row, and its sites' byte, category and reading.
    pub(super) fn lay_out<'r>(
        &mut self,
        entries: impl Iterator<Item = (usize, &'r [(u8, usize, Reading)])>,
    ) {
        let mut cells: Vec<Vec<u16>> = vec![Vec::new(); self.joints.len()];
        let mut moments: Vec<Vec<[f64; 2]>> = Vec::new();
        for joint in &mut self.joints {
            joint.sites = vec![0; joint.cells * self.categories];
            moments.push(vec![[0.0; 2]; joint.cells]);
        }
        for (row, sites) in entries {
            let mut entry = Entry::default();
            let (mut mean, mut variance) = (0.0, 0.0);
            for (byte, _, reading) in sites {
                let (p, count) = (reading.bias.probability(), count_for(reading));
                let byte = usize::from(*byte) % BLOCK;
                entry.biases[byte] = reading.bias.0;
                entry.speaks_for[byte] = count.max(0).unsigned_abs();
                entry.speaks_against[byte] = count.min(0).unsigned_abs();
                mean += p * f64::from(count);
                variance += p * (1.0 - p) * f64::from(count) * f64::from(count);
            }
            self.entries.push(entry);
            for ((joint, cells), moments) in
                self.joints.iter_mut().zip(&mut cells).zip(&mut moments)
            {
                let cell = joint.cell_of.get(row).copied().unwrap_or(0);
                cells.push(cell);
                let cell = usize::from(cell);
                moments[cell][0] += mean;
                moments[cell][1] += variance;
                for (_, category, _) in sites {
                    joint.sites[cell * self.categories + category] += 1;
                }
            }
        }
        for (joint, cells) in self.joints.iter_mut().zip(cells) {
            joint.cell_of = cells;
        }
        for null in &mut self.stretches {
            let joint = &self.joints[null.joint];
            let mut variance = 0.0;
            for (leaves, moments) in joint.by_cell().zip(&moments[null.joint]) {
                if leaves.iter().any(|leaf| null.holds(leaf)) {
                    null.mean += moments[0];
                    variance += moments[1];
                }
            }
            null.spread = variance.sqrt();
        }
    }

    /// Sums by joint and cell, all 0.
    pub(super) fn sums(&self) -> Vec<Sums> {
        self.joints.iter().map(|_| [0; CELLS]).collect()
    }

    /// Adds the blocks of the entries from `first` on.
    pub(super) fn add(
        &self,
        first: usize,
        blocks: &[[u8; BLOCK]],
        sums: &mut [Sums],
        scores: &mut Vec<i16>,
    ) {
        let end = (first + blocks.len()).min(self.entries.len());
        let entries = &self.entries[first..end];
        scores.clear();
        scores.extend(blocks.iter().zip(entries).map(|(bytes, e)| e.score(bytes)));
        for (joint, sums) in self.joints.iter().zip(sums) {
            for (score, cell) in scores.iter().zip(&joint.cell_of[first..end]) {
                sums[usize::from(*cell) % CELLS] += i32::from(*score);
            }
        }
    }

    /// The stretches that stand out, by number.
    pub(super) fn standing_out(&self, sums: &[Sums], up_to: &mut Vec<i32>) -> Vec<usize> {
        // one more in front and behind: sums are over the leaves before, and rows may be in none
        up_to.clear();
        up_to.resize(self.leaves + 2, 0);
        for (joint, sums) in self.joints.iter().zip(sums) {
            for (leaves, sum) in joint.by_cell().zip(sums) {
                for leaf in leaves {
                    up_to[*leaf as usize + 1] += sum;
                }
            }
        }
        let mut sum = 0i32;
        for leaf in up_to.iter_mut() {
            sum = sum.wrapping_add(*leaf);
            *leaf = sum;
        }
        let stands_out = |null: &Null| {
            let (from, to) = null.leaves;
            let sum = up_to[to as usize].wrapping_sub(up_to[from as usize]);
            null.spread > 0.0 && f64::from(sum) - null.mean > STANDS_OUT * null.spread
        };
        let all = self.stretches.iter().enumerate();
        all.filter(|(_, null)| stands_out(null))
            .map(|(number, _)| number)
            .collect()
    }

    /// Bits of 1 by joint, cell and category, all 0; nothing for joints that none of these stretches needs.
    pub(super) fn ones(&self, stretches: &[usize]) -> Vec<Vec<u32>> {
        let needed = |at: usize| stretches.iter().any(|s| self.stretches[*s].joint == at);
        let joints = self.joints.iter().enumerate();
        joints
            .map(|(at, joint)| match needed(at) {
                true => vec![0; joint.sites.len()],
                false => Vec::new(),
            })
            .collect()
    }

    /// Enters a bit of 1 at a site of this entry and category.
    pub(super) fn one(&self, entry: usize, category: usize, ones: &mut [Vec<u32>]) {
        for (joint, ones) in self.joints.iter().zip(ones) {
            let cell = usize::from(joint.cell_of[entry]);
            if let Some(n) = ones.get_mut(cell * self.categories + category) {
                *n += 1;
            }
        }
    }

    /// Sites of a stretch by category, as (all, those with a bit of 1).
    pub(super) fn of_stretch(&self, number: usize, ones: &[Vec<u32>]) -> Vec<(u32, u32)> {
        let null = &self.stretches[number];
        let joint = &self.joints[null.joint];
        let mut sums = vec![(0, 0); self.categories];
        for (cell, leaves) in joint.by_cell().enumerate() {
            if leaves.iter().any(|leaf| null.holds(leaf)) {
                let span = cell * self.categories..(cell + 1) * self.categories;
                let here = joint.sites[span.clone()]
                    .iter()
                    .zip(&ones[null.joint][span]);
                for (sum, (all, ones)) in sums.iter_mut().zip(here) {
                    sum.0 += all;
                    sum.1 += ones;
                }
            }
        }
        sums
    }
}

impl Joint {
    /// The leaves of each cell.
    fn by_cell(&self) -> impl Iterator<Item = &[u32]> {
        self.leaves.chunks(self.partitions.len().max(1))
    }

    /// Takes a partition in, unless that would make more cells than `most`. Leaves are below or at `leaves`.
    fn join(&mut self, partition: usize, leaf_of: &[u32], leaves: usize, most: usize) -> bool {
        let mut number_of: HashMap<(u16, u32), u16> = HashMap::new();
        let mut joined: Vec<u32> = Vec::new();
        let mut cell_of = Vec::with_capacity(self.cell_of.len());
        let width = self.partitions.len();
        let mut last = ((0, 0), 0);
        for (cell, leaf) in self.cell_of.iter().zip(leaf_of) {
            let here = (*cell, *leaf);
            let next = number_of.len() as u16;
            if cell_of.is_empty() || last.0 != here {
                last = (here, *number_of.entry(here).or_insert(next));
            }
            if last.1 == next && number_of.len() > usize::from(next) {
                if number_of.len() > most {
                    return false;
                }
                let cell = usize::from(*cell);
                joined.extend(&self.leaves[cell * width..(cell + 1) * width]);
                joined.push((*leaf).min(leaves as u32));
            }
            cell_of.push(last.1);
        }
        self.partitions.push(partition);
        self.cells = number_of.len();
        self.leaves = joined;
        self.cell_of = cell_of;
        true
    }
}
