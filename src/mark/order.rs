//! Row order as a carrier: neighbours that the table's own order leaves free change places by codeword. No value is touched.
//!
//! A run of free rows is cut into *blocks* at records that the key chooses, one in [`BLOCK_ROWS`]; these stay where they are. Every
//! record of a block has a keyed priority. The record with the least of them, `r`, parts the block into what stands before it and
//! what stands after it, and so on in both parts: a Cartesian tree (Vuillemin 1980), a treap of the file's order. Each `r` with
//! anything before or after it is a site, named by its own handle: at bit 0 the parts stand as in the source, at bit 1 what came
//! after `r` comes before it.
//!
//! So which of two records of a block comes first tells the bit of the record of least priority from the one to the other. That is why
//! a tree and not mere pairs of neighbours: when only some rows leak, in order, any two that are left beside one another still
//! tell a site, where a pair tells nothing unless both its rows leaked. And a record that enters or leaves the table from month to month
//! changes no site's name, and the place of few rows; at the end of the table, where records usually enter, of none.

//!
//! Why blocks of 16 rows: simulated over 40,000 rows without an order of their own, sites that leaks show, and how far rows move.
//!
//! | rows to a block | sites a row | 100 rows running | 300 / 500 / 2,000 drawn, in order | rows move on average / 95 % / most |
//! |---|---|---|---|---|
//! | pairs of neighbours | .25 | 25 | 1 / 2 / 25 | .25 / 1 / 1 |
//! | 4 | .43 | 42 | 3 / 10 / 204 | 2 / 7 / 27 |
//! | 8 | .54 | 53 | 16 / 37 / 432 | 4 / 16 / 56 |
//! | 16 | .60 | 60 | 31 / 72 / 790 | 9 / 33 / 124 |
//! | 32 | .64 | 63 | 58 / 140 / 1,156 | 20 / 69 / 220 |

use std::ops::Range;

use crate::code::{Handle, Slot};
use crate::key::BlockKey;
use crate::policy::order::{Rank, Ranker};
use crate::policy::{Fidelity, Policy};
use crate::table::Table;

/// Rows to a block, on average.
pub const BLOCK_ROWS: u64 = 16;

/// The slot of a record's order site: in a keyed block of its own, beyond every slot that cells have.
pub const SLOT: Slot = Slot::MAX;

/// Whether a register's rows change places at all.
pub fn applies(policy: &Policy) -> bool {
    policy.row_order || policy.fidelity == Fidelity::Lossless
}

/// The rows whose order with the next row the table leaves free, rising: both are records, different ones that stand in the table
/// once, and they are equal in every sort key.
pub fn free_rows(policy: &Policy, table: &Table, handles: &[Option<Handle>]) -> Vec<u32> {
    let mut sorted: Vec<Handle> = handles.iter().copied().flatten().collect();
    sorted.sort_unstable();
    let mut twins: Vec<Handle> = sorted
        .windows(2)
        .filter(|pair| pair[0] == pair[1])
        .map(|pair| pair[0])
        .collect();
    twins.dedup();
    let lone = |handle: &Option<Handle>| handle.is_some_and(|h| twins.binary_search(&h).is_err());
    let mut free: Vec<bool> = handles
        .windows(2)
        .map(|pair| lone(&pair[0]) && lone(&pair[1]))
        .collect();
    for key in &policy.sort {
        let (Some(column), Some(place)) = (policy.column(&key.column), table.position(&key.column))
        else {
            continue;
        };
        let ranker = Ranker::new(column, table.column(place));
        let mut before: Option<Rank> = None;
        for (row, free) in free.iter_mut().enumerate() {
            let (this, next) = (table.cell(row, place), table.cell(row + 1, place));
            if this == next {
                continue;
            }
            let rank = before.take().unwrap_or_else(|| ranker.rank(this));
            let behind = ranker.rank(next);
            *free = *free && rank == behind;
            before = Some(behind);
        }
    }
    let rows = free.iter().enumerate().filter(|(_, free)| **free);
    rows.map(|(row, _)| row as u32).collect()
}

/// A table's blocks.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    ranges: Vec<Range<usize>>,
    /// One a row.
    priorities: Vec<u64>,
}

impl Blocks {
    /// The blocks of a table with these records, where the order of the rows `free` with the next is free.
    pub fn new(key: &BlockKey, handles: &[Option<Handle>], free: &[u32]) -> Blocks {
        let numbers: Vec<u64> = handles.iter().map(|h| h.map_or(0, |h| h.0)).collect();
        let mut keyed = Vec::new();
        key.blocks(0, &numbers, &mut keyed);
        let priorities: Vec<u64> = keyed
            .iter()
            .map(|block| u64::from_le_bytes(std::array::from_fn(|at| block[at])))
            .collect();
        let inside = |row: usize| {
            handles.get(row).is_some_and(Option::is_some)
                && priorities[row] >= u64::MAX / BLOCK_ROWS
        };
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for row in free.iter().map(|row| *row as usize) {
            if !inside(row) || !inside(row + 1) {
                continue;
            }
            match ranges.last_mut() {
                Some(last) if last.end == row + 1 => last.end = row + 2,
                _ => ranges.push(row..row + 2),
            }
        }
        Blocks { ranges, priorities }
    }

    /// The blocks, each as its rows in the source.
    pub fn ranges(&self) -> &[Range<usize>] {
        &self.ranges
    }

    /// A row's priority.
    pub fn priority(&self, row: usize) -> u64 {
        self.priorities.get(row).copied().unwrap_or(u64::MAX)
    }

    /// The row whose record decides which part of `rows` comes first.
    fn root(&self, rows: Range<usize>) -> usize {
        let start = rows.start;
        rows.min_by_key(|row| (self.priority(*row), *row))
            .unwrap_or(start)
    }

    /// The rows whose records are sites.
    pub fn sites(&self) -> Vec<usize> {
        let mut sites = Vec::new();
        let mut parts: Vec<Range<usize>> = self.ranges.clone();
        while let Some(part) = parts.pop() {
            if part.len() > 1 {
                let root = self.root(part.clone());
                sites.push(root);
                parts.extend([part.start..root, root + 1..part.end]);
            }
        }
        sites.sort_unstable();
        sites
    }

    /// The rows whose sites a leak shows that holds these rows in a copy's order: one for any two that it leaves beside one another in
    /// a block. `held` is rising.
    pub fn shown(&self, held: &[usize]) -> Vec<usize> {
        let mut blocks = self.ranges.iter().peekable();
        let mut sites = Vec::new();
        for pair in held.windows(2) {
            while blocks.next_if(|b| b.end <= pair[0]).is_some() {}
            if blocks
                .peek()
                .is_some_and(|b| b.contains(&pair[0]) && b.contains(&pair[1]))
            {
                sites.push(self.root(pair[0]..pair[1] + 1));
            }
        }
        sites.sort_unstable();
        sites.dedup();
        sites
    }

    /// Moves a block's rows: writes its rows in the order in which a copy has them, where `turned` tells a site's bit.
    pub fn arrange(
        &self,
        block: Range<usize>,
        turned: &impl Fn(usize) -> bool,
        out: &mut Vec<usize>,
    ) {
        if block.len() < 2 {
            out.extend(block);
            return;
        }
        let root = self.root(block.clone());
        let (before, after) = (block.start..root, root + 1..block.end);
        let (first, last) = match turned(root) {
            true => (after, before),
            false => (before, after),
        };
        self.arrange(first, turned, out);
        out.push(root);
        self.arrange(last, turned, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::MasterKey;
    use crate::policy::{Column, Kind, SortKey, infer::infer};

    fn key() -> BlockKey {
        MasterKey::from_bytes(&[9; 32]).unwrap().code_keys().order
    }

    fn handles(numbers: impl IntoIterator<Item = u64>) -> Vec<Option<Handle>> {
        numbers
            .into_iter()
            .map(|n| (n > 0).then_some(Handle(n)))
            .collect()
    }

    fn all_free(rows: usize) -> Vec<u32> {
        (0..rows as u32 - 1).collect()
    }

    /// The order of all rows in a copy in which these records are turned.
    fn copy(blocks: &Blocks, handles: &[Option<Handle>], turned: impl Fn(u64) -> bool) -> Vec<u64> {
        let mut rows: Vec<usize> = (0..handles.len()).collect();
        for block in blocks.ranges() {
            let mut out = Vec::new();
            blocks.arrange(
                block.clone(),
                &|row| turned(handles[row].unwrap().0),
                &mut out,
            );
            rows[block.clone()].copy_from_slice(&out);
        }
        rows.into_iter().map(|r| handles[r].unwrap().0).collect()
    }

    #[test]
    fn two_rows_in_three_are_sites_and_each_moves_something() {
        let handles = handles(1..=3_000);
        let blocks = Blocks::new(&key(), &handles, &all_free(3_000));
        let sites = blocks.sites();
        assert!((1_700..2_000).contains(&sites.len()), "{}", sites.len());
        let plain = copy(&blocks, &handles, |_| false);
        assert!(plain.is_sorted());
        for site in sites.iter().step_by(17) {
            let turned = copy(&blocks, &handles, |h| h == *site as u64 + 1);
            assert_ne!(turned, plain);
            let mut sorted = turned.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, plain);
        }
    }

    #[test]
    fn the_least_priority_between_two_decides_which_comes_first() {
        let handles = handles(1..=400);
        let blocks = Blocks::new(&key(), &handles, &all_free(400));
        let turned = |h: u64| h.is_multiple_of(3);
        let order = copy(&blocks, &handles, turned);
        let place = |row: usize| order.iter().position(|h| *h == row as u64 + 1).unwrap();
        for block in blocks.ranges() {
            for a in block.clone() {
                for b in a + 1..block.end {
                    let root = (a..=b).min_by_key(|r| blocks.priority(*r)).unwrap();
                    assert_eq!(place(a) > place(b), turned(root as u64 + 1));
                }
            }
        }
    }

    #[test]
    fn rows_left_out_leave_sites_readable() {
        let handles = handles(1..=40_000);
        let blocks = Blocks::new(&key(), &handles, &all_free(40_000));
        let all: Vec<usize> = (0..40_000).collect();
        assert_eq!(blocks.shown(&all), blocks.sites());
        let share = |step: usize| {
            let held: Vec<usize> = (0..40_000).step_by(step).collect();
            blocks.shown(&held).len() as f64 / held.len() as f64
        };
        for (step, least, most) in [(2, 0.6, 0.7), (5, 0.5, 0.65), (20, 0.15, 0.3)] {
            let share = share(step);
            assert!((least..most).contains(&share), "{step}: {share}");
        }
        assert!(blocks.shown(&[3]).is_empty() && blocks.shown(&[0, 39_999]).is_empty());
    }

    #[test]
    fn rows_that_are_added_behind_move_nobody_and_others_few() {
        let before = handles(1..=4_000);
        let old = Blocks::new(&key(), &before, &all_free(4_000));
        let turned = |h: u64| h.is_multiple_of(2);
        let march = copy(&old, &before, turned);
        // forty more behind
        let appended = handles(1..=4_040);
        let blocks = Blocks::new(&key(), &appended, &all_free(4_040));
        let mut april = copy(&blocks, &appended, turned);
        april.retain(|h| *h <= 4_000);
        assert_eq!(march, april);
        // forty more between
        let mixed: Vec<u64> = (1..=4_000)
            .flat_map(|n| [(n % 100 == 50).then_some(10_000 + n), Some(n)])
            .flatten()
            .collect();
        let mixed = handles(mixed);
        let blocks = Blocks::new(&key(), &mixed, &all_free(mixed.len()));
        let mut april = copy(&blocks, &mixed, turned);
        april.retain(|h| *h <= 4_000);
        let follows = |order: &[u64]| -> std::collections::HashSet<(u64, u64)> {
            order.windows(2).map(|w| (w[0], w[1])).collect()
        };
        let kept = follows(&march).intersection(&follows(&april)).count();
        assert!(kept > 3_850, "{kept}");
    }

    #[test]
    fn only_equals_in_every_key_are_free_and_only_records_that_stand_there_once() {
        let header = ["日期", "数", "编号"].map(String::from).to_vec();
        let mut table = Table::new(header, 3);
        for (row, (date, number)) in [
            ("2024-03-01", "1"),
            ("2024-3-1", "1.0"),
            ("2024-03-01", "2"),
            ("2024-03-02", "2"),
            ("2024-03-02", "2"),
            ("2024-03-02", "2"),
            ("2024-03-02", "2"),
            ("2024-03-02", "2"),
        ]
        .into_iter()
        .enumerate()
        {
            table.push([date, number, &row.to_string()]);
        }
        let mut policy = infer(&table);
        policy.columns = vec![
            Column::plain("日期", Kind::Date),
            Column::plain("数", Kind::Number),
            Column::plain("编号", Kind::Code),
        ];
        let by = |column: &str| SortKey {
            column: column.to_string(),
            descending: false,
        };
        policy.sort = vec![by("日期"), by("数")];
        let own = handles(1..=8);
        assert_eq!(free_rows(&policy, &table, &own), [0, 3, 4, 5, 6]);
        // a row without a record, and one that is there twice
        let some = handles([1, 2, 3, 4, 0, 5, 6, 1]);
        assert_eq!(free_rows(&policy, &table, &some), [5]);
        policy.sort = vec![by("编号")];
        assert!(free_rows(&policy, &table, &own).is_empty());
        policy.sort.clear();
        assert_eq!(free_rows(&policy, &table, &own).len(), 7);
    }

    #[test]
    fn nonsense_about_free_rows_is_no_block() {
        let own = handles([1, 0, 3]);
        let blocks = Blocks::new(&key(), &own, &[0, 1, 2, 77, u32::MAX]);
        assert!(blocks.ranges().is_empty() && blocks.sites().is_empty());
        assert!(Blocks::new(&key(), &[], &[0]).ranges().is_empty());
    }
}
