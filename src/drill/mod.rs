//! Drills: made-up registers, and what a leaker does to a table.
//!
//! Nobody in these tables lives. They are as regular and as untidy as real registers: dependencies between columns are exact,
//! values heap, spellings mix, some cells are blank, and from month to month records enter, leave and are corrected. The demo,
//! the tests and the benches stand on them, so the same seed gives the same table on every machine.
//!
//! Reading order: [`registers`] (the tables), [`strangers`] (the same city, other people), [`leaks`] (what is done to a copy).

mod cells;
mod city;
pub mod correlation;
mod dice;
mod leak_files;
pub mod leaks;
mod lists;
mod names;
mod redate;
pub mod registers;
pub mod strangers;
