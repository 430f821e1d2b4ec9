//! Stretches: parts of a leak that a source may have to itself, and what it costs to have looked there.
//!
//! A source that gave one sheet of ten, a run of rows or one hospital of seventy drowns in the whole leak: its sites agree there
//! and are coins everywhere else. So each stretch k of a family is weighed by itself, and
//!
//! ```text
//! E = 0.9 E(whole leak) + 0.1 sum_k w_k E(stretch k)        sum_k w_k <= 1
//! ```
//!
//! is what a recipient is named by. Each E(stretch k) is the evidence of [`evidence`](super::evidence) over the sites that stand
//! in the stretch: a product of factors that have mean 1 for an innocent whatever the leak shows, and a mixture of such products.
//! So each has mean 1, and the sum has mean 0.9 + 0.1 sum_k w_k <= 1, however much the stretches overlap: E is an e-value, and the
//! bound on naming an innocent is the same. Three things make that so:
//!
//! - The family and its weights are made of the leak alone ([`super::partitions`]), before any codeword is seen.
//! - Every site belongs to one row, the first that showed it, and is erased everywhere where two rows contradict one another. So no
//!   stretch counts a site twice.
//! - A stretch may be left out for any recipient, for any reason, even by looking at the codeword: that puts 0 in the place of
//!   something that is not negative, and E only gets smaller. The screen (`screen.rs`) leaves out what could not matter.
//!
//! Canaries are other coins than sites, drawn under other keys, and given all sites their e-value still has mean at most 1. So they
//! multiply the sum, as they multiplied the whole. Looking costs whoever gave the whole leak a factor of 0.9, or .046 in log10 E,
//! and nothing where the leak is too small to have stretches.

use std::ops::Range;

use super::units::Log10E;

/// The weight of the leak as a whole, where it has stretches.
pub const WHOLE: f64 = 0.9;

/// The leaf of a row that is in no stretch of a partition.
pub const NOWHERE: u16 = u16::MAX;

/// Where in a leak a stretch lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// One of the leak's tables, by number from 0.
    Table(usize),
    /// Linked rows from the first to the last of these, numbered from 0 over all of the leak.
    Rows(usize, usize),
    /// The rows that have this value in this column.
    Value {
        /// The column's name in the leak, or its number.
        column: String,
        /// The value as the leak writes it first.
        value: String,
    },
}

/// The linked rows, each in one leaf or in none. Stretches are made of leaves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Partition {
    /// The leaf of each linked row, or [`NOWHERE`].
    pub leaf_of: Vec<u16>,
    /// Number of leaves.
    pub leaves: usize,
}

/// A part of a leak.
#[derive(Clone, Debug, PartialEq)]
pub struct Stretch {
    /// Number of its partition.
    pub partition: usize,
    /// Its leaves there.
    pub leaves: Range<usize>,
    /// How many linked rows it has.
    pub rows: usize,
    /// Where it lies.
    pub place: Place,
    /// Its weight, 0.1 included.
    pub weight: f64,
}

/// The stretches of one leak, with weights that sum to 0.1 at most.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Family {
    partitions: Vec<Partition>,
    stretches: Vec<Stretch>,
}

/// A stretch before it has a weight.
pub type Unweighed = (Range<usize>, Place);

impl Family {
    /// From classes of partitions (sheets, runs, columns), each partition with its stretches in levels. Classes share the weight evenly,
    /// so do the partitions of a class, the levels of a partition and the stretches of a level. What has no stretches gets nothing.
    pub fn new(classes: Vec<Vec<(Partition, Vec<Vec<Unweighed>>)>>) -> Family {
        let mut family = Family::default();
        let classes: Vec<_> = classes.into_iter().filter(|c| !c.is_empty()).collect();
        let of_class = (1.0 - WHOLE) / classes.len().max(1) as f64;
        for class in classes {
            let of_partition = of_class / class.len() as f64;
            for (partition, levels) in class {
                let number = family.partitions.len();
                let mut rows = vec![0; partition.leaves];
                for leaf in &partition.leaf_of {
                    if let Some(rows) = rows.get_mut(usize::from(*leaf)) {
                        *rows += 1;
                    }
                }
                let of_level = of_partition / levels.len().max(1) as f64;
                for level in levels {
                    let weight = of_level / level.len().max(1) as f64;
                    for (leaves, place) in level {
                        family.stretches.push(Stretch {
                            partition: number,
                            rows: rows.get(leaves.clone()).map_or(0, |r| r.iter().sum()),
                            leaves,
                            place,
                            weight,
                        });
                    }
                }
                family.partitions.push(partition);
            }
        }
        family
    }

    /// The partitions.
    pub fn partitions(&self) -> &[Partition] {
        &self.partitions
    }

    /// Every stretch.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// True where the leak has no stretches.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_empty()
    }

    /// The evidence of the whole and of some of the stretches, by number, as one e-value. Stretches that are left out count as 0.
    pub fn combine(&self, whole: Log10E, parts: &[(usize, Log10E)]) -> Log10E {
        if self.is_empty() {
            return whole;
        }
        let parts = parts.iter().filter_map(|(number, e)| {
            let stretch = self.stretches.get(*number)?;
            Some(e.0 + stretch.weight.log10())
        });
        let terms: Vec<f64> = std::iter::once(whole.0 + WHOLE.log10())
            .chain(parts)
            .collect();
        let top = terms.iter().fold(f64::MIN, |m, t| m.max(*t));
        let sum: f64 = terms.iter().map(|t| 10f64.powf(t - top)).sum();
        Log10E(top + sum.log10())
    }

    /// The stretch, of those given, that says more against a recipient than the whole leak does, and most of all: its number, and
    /// its evidence after paying for having looked.
    pub fn best(&self, whole: Log10E, parts: &[(usize, Log10E)]) -> Option<(usize, Log10E)> {
        parts
            .iter()
            .filter_map(|(number, e)| {
                let stretch = self.stretches.get(*number)?;
                Some((*number, Log10E(e.0 + stretch.weight.log10())))
            })
            .filter(|(_, paid)| paid.0 > whole.0 + WHOLE.log10())
            .max_by(|a, b| a.1.0.total_cmp(&b.1.0))
    }
}

#[cfg(test)]
#[path = "stretches_tests.rs"]
mod tests;
