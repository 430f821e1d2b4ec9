//! What all copies of a table share, laid once: canaries that recipients share, then the printer of copies.

use std::collections::HashMap;

use jiff::civil::Date;

use super::copy::{Planned, Printer};
use super::history::History;
use super::order::Turns;
use super::records::Records;
use super::register::Frame;
use super::shared::{Making, News};
use crate::canary::{Identity, Maker, Sheet};
use crate::code::Handle;
use crate::error::Result;
use crate::key::{BlockKey, CodeKeys, DigestKeys};

/// A table planned under its register, with the keys that its copies need.
#[derive(Clone, Copy)]
pub struct Groundwork<'a> {
    /// The table under its policy.
    pub sheet: Sheet<'a>,
    /// The register.
    pub frame: &'a Frame,
    /// Its rows as records.
    pub records: &'a Records,
    /// The rows that change places.
    pub turns: &'a Turns,
    /// The register's earlier tables.
    pub history: &'a History,
    /// The shared canaries of earlier tables, by donor.
    pub shared_kept: &'a HashMap<Handle, Identity>,
    /// Digest keys.
    pub keys: &'a DigestKeys,
    /// Keys of biases and directions.
    pub code: &'a CodeKeys,
    /// The table's own day for each column that counts up to it.
    pub days: &'a HashMap<usize, Date>,
}

impl<'a> Groundwork<'a> {
    /// The printer of the table's copies. `news` hears what the ledger is to hold of the shared canaries as soon as they are made.
    pub fn printer(&self, shared_key: BlockKey, news: impl FnOnce(News)) -> Result<Printer<'a>> {
        let Sheet {
            policy,
            table,
            places,
        } = self.sheet;
        let maker = Maker::new(
            policy,
            table,
            places,
            self.keys,
            &self.records.taken,
            self.days,
        );
        let making = Making {
            policy,
            maker: &maker,
            reader: &self.frame.reader(self.keys, self.code),
            history: self.history,
            source: self.records,
            places,
            kept: self.shared_kept,
        };
        let (shared, made) = making.make(shared_key)?;
        news(made);
        let planned = Planned {
            records: self.records,
            turns: self.turns,
            shape: &self.frame.shape,
        };
        Ok(Printer::new(
            self.sheet, planned, maker, shared, self.days, self.code,
        ))
    }
}
