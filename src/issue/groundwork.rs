//! What all copies of a table share, laid once: canaries that recipients share, then the printer of copies.

use std::collections::HashMap;

use jiff::civil::Date;

use super::copy::{Planned, Printer, Within};
use super::history::History;
use super::order::Turns;
use super::records::Records;
use super::register::Frame;
use super::shared::{Making, News};
use crate::canary::{Identity, Maker, Sheet, Taken};
use crate::code::Handle;
use crate::error::Result;
use crate::key::{BlockKey, CodeKeys, DigestKeys};
use crate::table::Table;

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
    /// The identifiers in use, in the whole source and before.
    pub taken: &'a Taken,
    /// The whole source, of which the table may be a part.
    pub whole: &'a Table,
    /// What canaries must say to stand among the table's rows.
    pub within: Option<&'a Within>,
    /// Digest keys.
    pub keys: &'a DigestKeys,
    /// Keys of biases and directions.
    pub code: &'a CodeKeys,
    /// The table's own day for each column that counts up to it.
    pub days: &'a HashMap<usize, Date>,
}

/// The shared canaries that there were before.
#[derive(Clone, Copy)]
pub struct SharedBefore<'k> {
    /// Those of earlier tables, by donor.
    pub kept: &'k HashMap<Handle, Identity>,
    /// Which of them this table holds, where the ledger has it already.
    pub only: Option<&'k [Handle]>,
}

impl<'a> Groundwork<'a> {
    /// The printer of the table's copies. `news` hears what the ledger is to hold of the shared canaries as soon as they are made.
    pub fn printer(
        &self,
        shared_key: BlockKey,
        before: SharedBefore<'_>,
        news: impl FnOnce(News),
    ) -> Result<Printer<'a>> {
        let Sheet {
            policy,
            table,
            places,
        } = self.sheet;
        let maker = Maker::new(policy, table, places, self.keys, self.taken, self.days);
        let making = Making {
            policy,
            maker: &maker,
            reader: &self.frame.reader(self.keys, self.code),
            history: self.history,
            source: self.records,
            places,
            kept: before.kept,
            only: before.only,
            within: self.within,
        };
        let (shared, made) = making.make(shared_key)?;
        news(made);
        let planned = Planned {
            records: self.records,
            turns: self.turns,
            shape: &self.frame.shape,
            whole: self.whole,
            within: self.within,
        };
        Ok(Printer::new(
            self.sheet, planned, maker, shared, self.days, self.code,
        ))
    }
}
