//! Drills: made-up registers, and what a leaker does to a table.
//!
//! Nobody in these tables lives. They are as regular and as untidy as real registers: dependencies between columns are exact,
//! values heap, spellings mix, some cells are blank, and from month to month records enter, leave and are corrected. The demo,
//! the tests and the benches stand on them, so the same seed gives the same table on every machine.
//!
//! Reading order: [`registers`] (the tables), [`strangers`] (the same city, other people), [`leaks`] (what is done to a copy),
//! [`attacks`] (what is done so that nobody shall know whose it was), [`distributions`] (what can be seen of a copy without another).

pub mod attacks;
mod cells;
mod city;
pub mod correlation;
mod dice;
pub mod distributions;
mod leak_files;
pub mod leaks;
mod lists;
mod names;
mod redate;
pub mod registers;
pub mod strangers;
