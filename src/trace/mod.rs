//! The way of a leak, from readings to a verdict.
//!
//! A leak is read once, by code that cannot see a codeword ([`reading`]); each recipient's codeword is then compared with the
//! readings ([`score`]), which gives a handful of counts, and the counts a weight of evidence ([`evidence`]). Canaries weigh
//! beside it ([`canaries`]). Whether the values were ever marked is asked apart ([`original`]), and all of it ends in a
//! [`verdict`]. Where several recipients are named, [`mixture`] says which part of the leak came from whom, and [`rows`] which row.
//! A source that has only a part of the leak to itself is weighed there too ([`stretches`]).
//!
//! Except for [`score`], which holds codewords, everything here is arithmetic on small types: no files, clock, randomness or
//! keys. Numbers carry their meaning in their type ([`units`]).

pub mod canaries;
pub mod chain;
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
