//! Lots: rows that make one table of the ledger and go to the same recipients. All of the source, or each recipient's own.

use std::borrow::Cow;
use std::collections::HashSet;

use super::by::Division;
use super::copy::Within;
use super::history::History;
use super::order::Turns;
use super::records::{Reader, Records};
use super::register::Frame;
use crate::code::Handle;
use crate::error::Result;
use crate::key::CodeKeys;
use crate::ledger::{Ledger, TableEntry, TableRows};
use crate::mark;
use crate::parallel;
use crate::policy::Role;
use crate::table::{Edits, Line, Source, Table};

/// One table of the ledger, planned.
pub struct Lot<'a> {
    /// The source's rows that it has, rising; none where it has all.
    pub rows: Option<Vec<u32>>,
    /// Its cells.
    pub table: Cow<'a, Table>,
    /// Its rows as records.
    pub records: Records,
    /// The rows that change places.
    pub turns: Turns,
    /// The ledger's entry, where it has been entered.
    pub known: Option<TableEntry>,
    /// The shared canaries of that entry, in its order.
    pub shared: Option<Vec<Handle>>,
    /// What canaries must say to stand in it.
    pub within: Option<Within>,
    /// The column that it was divided by, in the source.
    divided_by: Option<usize>,
}

impl<'a> Lot<'a> {
    /// The whole source.
    pub fn whole(source: &'a Source, records: Records, turns: Turns) -> Lot<'a> {
        Lot {
            rows: None,
            table: Cow::Borrowed(&source.table),
            records,
            turns,
            known: None,
            shared: None,
            within: None,
            divided_by: None,
        }
    }

    /// Sites in it.
    pub fn sites(&self) -> usize {
        let in_cells: usize = self.records.plan.bits.iter().map(|b| usize::from(*b)).sum();
        in_cells + self.turns.sites()
    }

    /// Notes the ledger's table that this is, with the shared canaries that it holds.
    pub fn know(&mut self, entry: TableEntry, rows: &TableRows, history: &History) {
        let handle = |ordinal: &u32| history.index.handles.get(*ordinal as usize).copied();
        let shared = rows.shared.iter().filter_map(handle).map(Handle);
        self.shared = Some(shared.collect());
        self.known = Some(entry);
    }

    /// What makes a copy of the source, from what makes a copy of this table.
    pub fn of_source<'e>(&self, mut edits: Edits<'e>) -> Edits<'e> {
        let Some(rows) = &self.rows else {
            return edits;
        };
        let row = |at: u32| rows.get(at as usize).copied().unwrap_or(u32::MAX);
        for line in &mut edits.lines {
            if let Line::Kept(at) = line {
                *at = row(*at);
            }
        }
        for replaced in &mut edits.replaced {
            replaced.row = row(replaced.row);
        }
        // canaries leave a column blank that the register has not
        if let Some(place) = self.divided_by {
            for cells in &mut edits.inserted {
                if let Some(cell) = cells.get_mut(place).filter(|c| c.trim().is_empty()) {
                    *cell = self.table.cell(0, place).to_string();
                }
            }
        }
        edits
    }
}

/// Some rows of a table.
pub fn part(table: &Table, rows: &[u32]) -> Table {
    let mut part = Table::new(table.header().to_vec(), table.width());
    for row in rows {
        part.push(table.row(*row as usize));
    }
    part
}

/// The source's lots, one a recipient of the division; `whole` are its rows as records.
pub fn divided<'a>(
    source: &'a Source,
    division: &Division,
    frame: &Frame,
    reader: &Reader<'_>,
    history: &History,
    whole: &Records,
    code: &CodeKeys,
) -> Vec<Lot<'a>> {
    let column = frame
        .policy
        .columns
        .iter()
        .position(|c| c.name == division.column && c.role != Role::Carrier);
    parallel::map(division.recipients.len(), |at| {
        let rows = &division.recipients[at].1;
        let table = part(&source.table, rows);
        let handles = rows
            .iter()
            .map(|row| whole.handles.get(*row as usize).copied().flatten())
            .collect();
        let mut records = reader.read_as(&table, &frame.places, history, handles);
        let turns = turns(frame, &table, &mut records, code);
        let texts =
            || -> HashSet<String> { table.column(division.place).map(str::to_string).collect() };
        let within = column.map(|column| Within {
            column,
            texts: texts(),
        });
        Lot {
            rows: Some(rows.clone()),
            table: Cow::Owned(table),
            records,
            turns,
            known: None,
            shared: None,
            within,
            divided_by: Some(division.place),
        }
    })
}

/// The rows of a table that change places.
pub fn turns(frame: &Frame, table: &Table, records: &mut Records, code: &CodeKeys) -> Turns {
    if frame.turns {
        records.rows.pairs = mark::order::free_rows(&frame.policy, table, &records.handles);
    }
    let pairs = &records.rows.pairs;
    Turns::new(frame.policy.code, code, &records.handles, pairs)
}

/// Finds the ledger's tables that the lots are, among those of `register` with this digest of their source.
pub fn find_known(
    lots: &mut [Lot<'_>],
    ledger: &Ledger,
    register: i64,
    source_digest: &[u8; 32],
    history: &History,
) -> Result<()> {
    let mut entries = Vec::new();
    for entry in ledger.tables(register)? {
        if entry.source_digest == *source_digest {
            let rows = ledger.table_rows(&entry.id)?;
            entries.push((entry, rows));
        }
    }
    for lot in lots {
        let is_lot = |(_, rows): &&(TableEntry, TableRows)| {
            let handle = |ordinal: &u32| history.index.handles.get(*ordinal as usize).copied();
            let records = rows.membership.iter().map(handle);
            let here = lot.records.handles.iter().map(|h| h.map(|h| h.0));
            lot.records.new.is_empty() && records.eq(here)
        };
        // a file's own whole is known by its digest; a part of it by whose records it holds
        let found = match lot.rows {
            None => entries
                .iter()
                .find(|(entry, _)| entry.rows as usize == lot.table.rows()),
            Some(_) => entries.iter().find(is_lot),
        };
        if let Some((entry, rows)) = found {
            lot.know(entry.clone(), rows, history);
        }
    }
    Ok(())
}
