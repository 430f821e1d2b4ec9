//! The way of a leak, from tables to a verdict.
//!
//! First rows become records and cells readings, by code that cannot see a codeword. [`link`] goes by identifiers
//! ([`known`] has what the ledger has), and by [`likeness`] where there are none, over [`features`] that records share. [`columns`]
//! tells which column of the leak is which of the register's, [`dress`] and `wrapping` what handling did to a whole column, [`order`]
//! what the order of its rows says.
//! [`gather`] does that for all tables and registers, and [`reading`] keeps each site once.
//!
//! Then each recipient's codeword is compared with the readings ([`score`]), which gives a handful of counts, and the counts a weight of
//! evidence ([`evidence`]); a source that has only a part of the leak to itself is weighed there too ([`stretches`]). Canaries weigh
//! beside it ([`canaries`]; [`holdings`] and [`copies`] know whose they are). Whether the values were ever marked is asked apart
//! ([`original`]), and all of it ends in a [`verdict`]. Where several recipients are named, [`mixture`] says which part of the leak
//! came from whom, and [`rows`] which row. [`run`] is the whole of it.
//!
//! [`canaries`], [`chain`], [`collusion`], [`evidence`], [`mixture`], [`original`], [`stretches`], [`units`] and [`verdict`] are
//! arithmetic on small types: no files, clock, randomness or keys. Numbers carry their meaning in their type ([`units`]).

pub mod canaries;
pub mod chain;
#[cfg(test)]
mod code_trials;
pub mod collusion;
pub mod columns;
pub mod copies;
pub mod dress;
pub mod evidence;
pub mod fate;
pub mod features;
pub mod gather;
pub mod holdings;
pub mod known;
pub mod likeness;
pub mod link;
pub mod mixture;
pub mod order;
pub mod original;
pub mod outcome;
pub mod partitions;
pub mod reading;
pub mod rows;
pub mod run;
pub mod score;
mod screen;
pub mod stretches;
#[cfg(test)]
pub(crate) mod trials;
pub mod units;
pub mod verdict;
mod wrapping;
