//! Which stretches of a leak could matter for a recipient, told cheaply, and the counts of those.
//!
//! Let x be the recipient's bit at a site, y the reading, p the bias. For a small part s of the rows the likelihood ratio of a site is
//! 1 + s (x - p)(y - p)/(p (1 - p)), so the sum of these over a stretch is what tells best whether it holds anything of the
//! recipient's. Up to a constant it counts 1/p where x = y = 1 and -1/(1 - p) where x = 1, y = 0. The sum for each row is made from
//! the bytes that are compared anyway, and added to the row's leaves; its mean and spread for an innocent follow from the leak
//! alone. A stretch that stands out by less than [`STANDS_OUT`] spreads holds no evidence that could name anybody, and is left
//! out. That may depend on the codeword: leaving out only lowers an e-value ([`super::stretches`]).

use super::reading::Reading;
use super::stretches::{Family, NOWHERE, Stretch};

/// Bytes of a keyed block.
pub(super) const BLOCK: usize = 16;
/// Spreads above an innocent's mean from which a stretch is weighed: one innocent in 300,000 gets there, with evidence of some
/// 10^4, of which a stretch's weight leaves nothing that could name.
const STANDS_OUT: f64 = 4.5;
/// Scores are counted in this part of one; the largest of a default register's biases still fits a byte.
const UNIT: f64 = 8.0;
/// Partitions are added up together while the rows fall into no more cells than these.
const CELLS: usize = 4_096;

/// The sum of scores in each cell of a joint.
pub(super) type Sums = [i32; CELLS];

/// Partitions that are added up together: a cell for every combination of leaves that occurs.
#[derive(Clone, Debug, Default)]
struct Joint {
    partitions: Vec<usize>,
    /// By cell, the leaf in each of the partitions.
    leaves: Vec<Vec<u16>>,
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
    /// One a stretch: the joint and the place in it of its partition, and an innocent's mean and spread.
    stretches: Vec<Null>,
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

#[derive(Clone, Copy, Debug, Default)]
struct Null {
    joint: usize,
    nth: usize,
    mean: f64,
    spread: f64,
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
        let mut screen = Screen {
            categories,
            stretches: vec![Null::default(); family.stretches().len()],
            ..Screen::default()
        };
        for (number, partition) in family.partitions().iter().enumerate() {
            let joined = screen
                .joints
                .iter_mut()
                .any(|joint| joint.join(number, &partition.leaf_of, partition.leaves));
            if !joined {
                let mut joint = Joint::default();
                joint.cell_of = vec![0; partition.leaf_of.len()];
                joint.leaves = vec![Vec::new()];
                joint.join(number, &partition.leaf_of, partition.leaves);
                screen.joints.push(joint);
            }
        }
        for (null, stretch) in screen.stretches.iter_mut().zip(family.stretches()) {
            for (at, joint) in screen.joints.iter().enumerate() {
                if let Some(nth) = joint
                    .partitions
                    .iter()
                    .position(|p| *p == stretch.partition)
                {
                    (null.joint, null.nth) = (at, nth);
                }
            }
        }
        screen
    }

    /// Lays out the entries: of each, its linked row, and its sites' byte, category and reading.
    pub(super) fn lay_out<'r>(
        &mut self,
        family: &Family,
        entries: impl Iterator<Item = (usize, &'r [(u8, usize, Reading)])>,
    ) {
        let mut cells: Vec<Vec<u16>> = vec![Vec::new(); self.joints.len()];
        let mut moments: Vec<Vec<[f64; 2]>> = Vec::new();
        for joint in &mut self.joints {
            joint.sites = vec![0; joint.leaves.len() * self.categories];
            moments.push(vec![[0.0; 2]; joint.leaves.len()]);
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
        for (null, stretch) in self.stretches.iter_mut().zip(family.stretches()) {
            let cells = self.joints[null.joint]
                .leaves
                .iter()
                .zip(&moments[null.joint]);
            let mut variance = 0.0;
            for (leaves, moments) in cells {
                if stretch.leaves.contains(&usize::from(leaves[null.nth])) {
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
    pub(super) fn standing_out(&self, family: &Family, sums: &[Sums]) -> Vec<usize> {
        let of_leaves: Vec<Vec<f64>> = (0..family.partitions().len())
            .map(|partition| self.by_leaf(family, partition, sums))
            .collect();
        let stands_out = |(stretch, null): (&Stretch, &Null)| {
            let leaves = &of_leaves[stretch.partition][stretch.leaves.clone()];
            let sum: f64 = leaves.iter().sum();
            null.spread > 0.0 && sum - null.mean > STANDS_OUT * null.spread
        };
        let all = family.stretches().iter().zip(&self.stretches);
        all.enumerate()
            .filter(|(_, both)| stands_out(*both))
            .map(|(number, _)| number)
            .collect()
    }

    fn by_leaf(&self, family: &Family, partition: usize, sums: &[Sums]) -> Vec<f64> {
        let mut of_leaf = vec![0.0; family.partitions()[partition].leaves];
        for (joint, sums) in self.joints.iter().zip(sums) {
            let Some(nth) = joint.partitions.iter().position(|p| *p == partition) else {
                continue;
            };
            for (leaves, sum) in joint.leaves.iter().zip(sums) {
                if let Some(of_leaf) = of_leaf.get_mut(usize::from(leaves[nth])) {
                    *of_leaf += f64::from(*sum);
                }
            }
        }
        of_leaf
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
    pub(super) fn of_stretch(
        &self,
        number: usize,
        stretch: &Stretch,
        ones: &[Vec<u32>],
    ) -> Vec<(u32, u32)> {
        let null = &self.stretches[number];
        let joint = &self.joints[null.joint];
        let mut sums = vec![(0, 0); self.categories];
        for (cell, leaves) in joint.leaves.iter().enumerate() {
            if stretch.leaves.contains(&usize::from(leaves[null.nth])) {
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
    /// Takes a partition in, unless that would make too many cells.
    fn join(&mut self, partition: usize, leaf_of: &[u16], leaves: usize) -> bool {
        let width = leaves + 1;
        let mut number_of = vec![u16::MAX; self.leaves.len() * width];
        let mut cells: Vec<Vec<u16>> = Vec::new();
        let mut cell_of = Vec::with_capacity(self.cell_of.len());
        for (cell, leaf) in self.cell_of.iter().zip(leaf_of) {
            let at = usize::from(*cell) * width + usize::from(*leaf).min(leaves);
            if number_of[at] == u16::MAX {
                if cells.len() == CELLS {
                    return false;
                }
                number_of[at] = cells.len() as u16;
                let mut here = self.leaves[usize::from(*cell)].clone();
                here.push(if usize::from(*leaf) < leaves {
                    *leaf
                } else {
                    NOWHERE
                });
                cells.push(here);
            }
            cell_of.push(number_of[at]);
        }
        self.partitions.push(partition);
        self.leaves = cells;
        self.cell_of = cell_of;
        true
    }
}
