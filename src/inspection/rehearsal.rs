//! A rehearsal: the table is planned and copies of it are made as an issue would make them, for recipients who do not exist and
//! under a key that opens nothing. What inspection says of copies was counted in these.

use std::collections::HashMap;

use rand::rngs::ChaCha8Rng;
use rand::{RngExt, SeedableRng};

use crate::canary::{Sheet, Trait};
use crate::code::{Codeword, SiteKind};
use crate::error::{Error, Result};
use crate::forecast::{CanaryRows, OrderSites, RowSites};
use crate::issue::copy::Bearer;
use crate::issue::groundwork::{Groundwork, SharedBefore};
use crate::issue::history::History;
use crate::issue::making;
use crate::issue::order::Turns;
use crate::issue::records::Records;
use crate::issue::register::Frame;
use crate::key::{CodeKeys, MasterKey};
use crate::ledger::RecordIndex;
use crate::mark::order::{Blocks, applies, free_rows};
use crate::parallel;
use crate::policy::{Policy, Role, depend};
use crate::table::{Source, Table};

/// The key of all rehearsals: the same table has the same forecast.
const KEY: [u8; 32] = *b"rehearsals are nobody's register";

/// What drawn rows tell by their order is counted for the whole table, for half of it, and so on, so many times.
const HALVINGS: i32 = 8;

/// A copy that was made and not written.
pub struct TrialCopy {
    /// Altered cells: row, column of the table, text. Numbering is left out.
    pub altered: Vec<(u32, u32, String)>,
    /// Canaries, with a cell for each column of the table.
    pub canaries: Vec<Vec<String>>,
    /// How many of these other copies hold too.
    shared: usize,
    /// What the canaries prove, one entry a canary.
    traits: Vec<Vec<Trait>>,
}

/// Columns that move together, and where they hold sites.
pub struct GroupSites {
    /// The register's columns.
    pub columns: Vec<usize>,
    /// The kind of the sites.
    pub kind: SiteKind,
    /// Sites of each row.
    pub bits: Vec<u8>,
}

impl GroupSites {
    /// The part of the rows that hold a site.
    pub fn marked(&self) -> f64 {
        let some = self.bits.iter().filter(|b| **b > 0).count();
        some as f64 / self.bits.len().max(1) as f64
    }

    /// Mean number of sites to a row.
    pub fn mean(&self) -> f64 {
        let sum: u64 = self.bits.iter().map(|b| u64::from(*b)).sum();
        sum as f64 / self.bits.len().max(1) as f64
    }
}

/// A table planned, and some copies of it.
pub struct Rehearsal {
    /// Groups in slot order.
    pub groups: Vec<GroupSites>,
    /// The copies.
    pub copies: Vec<TrialCopy>,
    /// What the order of rows can tell, whether or not the policy lets it.
    pub order: OrderSites,
    /// What a copy's canaries are.
    pub canaries: CanaryRows,
}

impl Rehearsal {
    /// Plans the table under the policy and makes so many copies. Fails where an issue would.
    pub fn of(source: &Source, policy: &Policy, copies: usize) -> Result<Rehearsal> {
        let key = MasterKey::from_bytes(&KEY)
            .ok_or_else(|| Error::input("copies cannot be rehearsed without a key."))?;
        let name = String::from("rehearsal");
        let frame = Frame::new(source, name, None, Some(policy.clone()), false)?;
        let (keys, code) = (key.digest_keys(), key.code_keys());
        let reader = frame.reader(&keys, &code);
        let index = RecordIndex::new(frame.shape.layout());
        let history = History::new(index, Vec::new(), &frame.shape);
        let records = reader.read(&source.table, &frame.places, &history);
        let days = depend::table_days(&source.table, &frame.policy);
        let sheet = Sheet {
            policy: &frame.policy,
            table: &source.table,
            places: &frame.places,
        };
        // how many rows may change places is counted apart
        let turns = Turns::default();
        let groundwork = Groundwork {
            sheet,
            frame: &frame,
            records: &records,
            turns: &turns,
            history: &history,
            taken: &records.taken,
            whole: &source.table,
            within: None,
            keys: &keys,
            code: &code,
            days: &days,
        };
        let before = SharedBefore {
            kept: &HashMap::new(),
            only: None,
        };
        let printer = groundwork.printer(key.shared_canary_key(&frame.name), before, |_| ())?;
        let sequences: Vec<bool> = source
            .table
            .header()
            .iter()
            .map(|name| {
                policy
                    .column(name)
                    .is_some_and(|c| c.role == Role::Sequence)
            })
            .collect();
        let copies = parallel::map(copies, |number| {
            let recipient = [number as u8 + 1; 16];
            let bearer = Bearer {
                codeword: Codeword::new(key.codeword_key(&recipient)),
                canary_key: key.canary_key(&recipient),
                kept: HashMap::new(),
            };
            let wanted = making::wanted(None, &frame.policy, &bearer, printer.sites());
            let copy = printer.copy(&bearer, wanted);
            let altered = copy.edits.replaced.into_iter();
            TrialCopy {
                altered: altered
                    .filter(|r| !sequences.get(r.column as usize).copied().unwrap_or(false))
                    .map(|r| (r.row, r.column, r.text.into_owned()))
                    .collect(),
                canaries: copy.edits.inserted,
                shared: copy.shared,
                traits: copy.canaries.into_iter().map(|c| c.traits).collect(),
            }
        });
        let canaries = canary_rows(&copies, &records, source.table.rows());
        Ok(Rehearsal {
            groups: groups(&frame, &records),
            canaries,
            copies,
            order: order_sites(policy, &source.table, &records, &code),
        })
    }

    /// What the order of rows tells under a policy.
    pub fn order_under(&self, policy: &Policy) -> OrderSites {
        match applies(policy) {
            true => self.order.clone(),
            false => OrderSites::default(),
        }
    }

    /// What the rows of a copy hold, of these groups only (by number).
    pub fn rows(&self, policy: &Policy, of_groups: &[usize]) -> RowSites {
        let groups: Vec<&GroupSites> = of_groups
            .iter()
            .filter_map(|g| self.groups.get(*g))
            .collect();
        let rows = self.groups.first().map_or(0, |g| g.bits.len());
        let row_sites = (0..rows).map(|row| {
            let mut kinds = [0u16; SiteKind::ALL.len()];
            for group in &groups {
                if let (Some(kind), Some(bits)) =
                    (kinds.get_mut(group.kind as usize), group.bits.get(row))
                {
                    *kind += u16::from(*bits);
                }
            }
            kinds
        });
        RowSites::from_rows(row_sites)
            .with_canaries(self.canaries.clone())
            .with_order(self.order_under(policy))
    }
}

fn groups(frame: &Frame, records: &Records) -> Vec<GroupSites> {
    let rows = records.handles.len();
    let of_group = |(g, group): (usize, &crate::mark::shape::GroupColumns)| GroupSites {
        columns: group.columns.iter().map(|c| c.column).collect(),
        kind: group.kind,
        bits: (0..rows).map(|row| records.plan.bits(row, g)).collect(),
    };
    frame
        .shape
        .groups
        .iter()
        .enumerate()
        .map(of_group)
        .collect()
}

/// What the copies' canaries are on average.
fn canary_rows(copies: &[TrialCopy], records: &Records, rows: usize) -> CanaryRows {
    let made: Vec<&Vec<Trait>> = copies.iter().flat_map(|c| &c.traits).collect();
    let shared: usize = copies.iter().map(|c| c.shared).sum();
    let to_a_copy = |all: usize| (all as f64 / copies.len().max(1) as f64).round() as u64;
    let columns = made.iter().map(|traits| traits.len()).max().unwrap_or(0);
    let identifiers = (0..columns).filter_map(|column| {
        let of_column = made.iter().filter_map(|traits| traits.get(column));
        let proving: Vec<&Trait> = of_column.filter(|t| t.full != 0 && t.ways > 0).collect();
        // an identifier that most canaries lack says nothing of most of them
        if proving.len() * 2 < made.len() || proving.is_empty() {
            return None;
        }
        let n = proving.len() as f64;
        let ln_ways: f64 = proving.iter().map(|t| f64::from(t.ways).ln()).sum();
        let alike: f64 = proving
            .iter()
            .map(|t| f64::from(records.taken.with_stem(t.stem)))
            .sum();
        Some((alike / n / rows.max(1) as f64, (ln_ways / n).exp()))
    });
    CanaryRows {
        own: to_a_copy(made.len()),
        shared: to_a_copy(shared),
        identifiers: identifiers.collect(),
    }
}

/// What leaks of rows in order show, counted in the table itself under the rehearsals' key.
fn order_sites(policy: &Policy, table: &Table, records: &Records, keys: &CodeKeys) -> OrderSites {
    let free = free_rows(policy, table, &records.handles);
    let blocks = Blocks::new(&keys.order, &records.handles, &free);
    if blocks.ranges().is_empty() {
        return OrderSites::default();
    }
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut drawn: Vec<(f64, f64)> = (0..HALVINGS)
        .map(|halvings| {
            let part = 0.5f64.powi(halvings);
            let rows = 0..table.rows();
            let held: Vec<usize> = rows.filter(|_| rng.random_bool(part)).collect();
            let shown = blocks.shown(&held).len();
            (part, shown as f64 / held.len().max(1) as f64)
        })
        .collect();
    drawn.reverse();
    OrderSites {
        running: blocks.sites().len() as f64 / table.rows().max(1) as f64,
        drawn,
    }
}
