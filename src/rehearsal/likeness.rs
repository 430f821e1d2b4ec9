//! Whether who has two copies, or last month's table, could tell by its columns that one of them was altered.

use crate::drill::distributions::{ColumnTest, compare, told_apart};
use crate::table::Table;

/// Two-sample tests of some copies against the table that they were made from.
#[derive(Clone, Debug, Default)]
pub struct Likeness {
    /// Copies that were compared.
    pub copies: usize,
    /// Those of which some column could be told from the table's at [`Likeness::LEVEL`], divided among the tests of a copy.
    pub told_apart: usize,
    /// The tests, each with the least of its p-values over all copies, least first.
    pub tests: Vec<ColumnTest>,
}

impl Likeness {
    /// The chance that a copy with nothing in it to see is told apart all the same.
    pub const LEVEL: f64 = 0.01;

    pub(super) fn add(&mut self, table: &Table, copy: &Table) {
        let tests = compare(table, copy);
        self.copies += 1;
        self.told_apart += usize::from(told_apart(&tests, Likeness::LEVEL));
        for test in tests {
            let known = self.tests.iter_mut();
            let mut same = known.filter(|t| t.column == test.column && t.aspect == test.aspect);
            match same.next() {
                Some(least) if test.p.0 < least.p.0 => least.p = test.p,
                Some(_) => {}
                None => self.tests.push(test),
            }
        }
        self.tests.sort_by(|a, b| a.p.0.total_cmp(&b.p.0));
    }
}
