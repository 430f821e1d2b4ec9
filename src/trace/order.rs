//! What the order of a leak's rows reads, where a register's row order is a carrier ([`crate::mark::order`]). No codeword is in sight.
//!
//! Two rows of one block that a leak shows near one another tell the site of the record of least priority between them. They are near
//! where hardly a row of another block stands between: as in a copy, whatever was left out of it. In a file that was sorted
//! otherwise next to no two rows of a block meet, so it reads next to nothing. All pairs of a site vote, and where they are divided
//! it is erased.

use super::columns::Target;
use super::known::Known;
use super::link::Linked;
use super::reading::Reading;
use crate::code::{Handle, SiteKind};
use crate::digests::{DigestMap, map_for};
use crate::error::Result;
use crate::key::CodeKeys;
use crate::ledger::{Ledger, NO_RECORD};
use crate::mark::order::{Blocks, SLOT, applies};
use crate::table::Table;

/// Neighbours in a leak are this many of its linked rows apart, at most.
const NEAR: usize = 2;

/// A site is read where at least this part of its pairs says the same, in quarters.
const AGREE: u32 = 3;

/// A row that is in no block.
const NOWHERE: u32 = u32::MAX;

/// The order of rows in a register's tables, as far as it is free.
#[derive(Default)]
pub struct Orders {
    tables: Vec<TableOrder>,
}

struct TableOrder {
    handles: Vec<Option<Handle>>,
    row_of: DigestMap<u32, Handle>,
    blocks: Blocks,
    block_of: Vec<u32>,
}

/// A linked row of a leak that stands in the table.
#[derive(Clone, Copy)]
struct Seen {
    /// Its block.
    block: u32,
    /// Its number among the leak's rows that stand in the table.
    rank: u32,
    /// Its row in the table.
    source: u32,
    /// Its row in the leak.
    leaked: u32,
}

/// What the pairs of a site say.
#[derive(Clone, Copy, Default)]
struct Votes {
    /// The site's row in the table.
    site: u32,
    as_in_source: u32,
    turned: u32,
    /// The leak's first row that said something.
    leaked: u32,
}

impl Votes {
    fn add(&mut self, site: u32, turned: bool, leaked: u32) {
        self.site = site;
        self.leaked = match self.as_in_source + self.turned {
            0 => leaked,
            _ => self.leaked.min(leaked),
        };
        match turned {
            true => self.turned += 1,
            false => self.as_in_source += 1,
        }
    }

    fn value(&self) -> Option<bool> {
        let all = self.as_in_source + self.turned;
        let enough = |votes: u32| all > 0 && votes * 4 >= all * AGREE;
        match (enough(self.as_in_source), enough(self.turned)) {
            (true, _) => Some(false),
            (_, true) => Some(true),
            _ => None,
        }
    }

    fn unanimous(&self) -> bool {
        self.as_in_source == 0 || self.turned == 0
    }
}

impl Orders {
    /// From the ledger's tables; nothing for a register whose rows stay in their order.
    pub fn load(ledger: &Ledger, known: &Known, keys: &CodeKeys) -> Result<Orders> {
        let mut orders = Orders::default();
        if !applies(&known.policy) {
            return Ok(orders);
        }
        for table in &known.tables {
            let rows = ledger.table_rows(&table.id)?;
            let of = |ordinal: &u32| match *ordinal {
                NO_RECORD => None,
                ordinal => known
                    .index
                    .handles
                    .get(ordinal as usize)
                    .map(|h| Handle(*h)),
            };
            let handles: Vec<Option<Handle>> = rows.membership.iter().map(of).collect();
            let blocks = Blocks::new(&keys.order, &handles, &rows.pairs);
            if blocks.ranges().is_empty() {
                continue;
            }
            let mut row_of = map_for(handles.len());
            let mut block_of = vec![NOWHERE; handles.len()];
            for (row, handle) in handles.iter().enumerate() {
                if let Some(handle) = handle {
                    row_of.insert(*handle, row as u32);
                }
            }
            for (number, block) in blocks.ranges().iter().enumerate() {
                block_of[block.clone()].fill(number as u32);
            }
            orders.tables.push(TableOrder {
                handles,
                row_of,
                blocks,
                block_of,
            });
        }
        Ok(orders)
    }

    /// What the order of a leak's rows reads, each reading with a row of the leak that shows it, in the order of rows. The table that
    /// fits the order best comes first; others tell only of records that it does not hold.
    pub fn read(
        &self,
        known: &Known,
        table: &Table,
        linked: &Linked,
        keys: &CodeKeys,
    ) -> Vec<(u32, Reading)> {
        if self.tables.is_empty() {
            return Vec::new();
        }
        let moving = moving(known, linked);
        let differ = |a: u32, b: u32| {
            moving.iter().any(|place| {
                table.cell(a as usize, *place).trim() != table.cell(b as usize, *place).trim()
            })
        };
        let mut found: Vec<(i64, usize, Vec<Votes>)> = self
            .tables
            .iter()
            .enumerate()
            .map(|(number, order)| {
                let votes = order.votes(linked, &differ);
                let clear = votes.iter().filter(|v| v.unanimous()).count() as i64;
                (2 * clear - votes.len() as i64, number, votes)
            })
            .collect();
        found.sort_by_key(|(fit, number, _)| (-fit, *number));
        let mut out: Vec<(u32, Reading)> = Vec::new();
        for (at, (_, number, votes)) in found.iter().enumerate() {
            let order = &self.tables[*number];
            let better = &found[..at];
            for votes in votes {
                let handle = order.handles[votes.site as usize];
                let Some((handle, value)) = handle.zip(votes.value()) else {
                    continue;
                };
                if better
                    .iter()
                    .any(|(_, n, _)| self.tables[*n].row_of.contains_key(&handle))
                {
                    continue;
                }
                let reading = Reading {
                    handle,
                    slot: SLOT,
                    kind: SiteKind::Order,
                    bias: known.code().bias_at(keys, handle, SLOT),
                    value,
                };
                out.push((votes.leaked, reading));
            }
        }
        out.sort_by_key(|(row, reading)| (*row, reading.handle));
        out
    }
}

/// The leak's columns that hold a sort key of the register which copies alter: only rows that are equal there stand as they were.
fn moving(known: &Known, linked: &Linked) -> Vec<usize> {
    let sorts = |column: usize| {
        let name = known.policy.columns.get(column).map(|c| &c.name);
        known
            .policy
            .sort
            .iter()
            .any(|key| Some(&key.column) == name)
    };
    let columns = linked.columns.iter().filter(|mapped| match mapped.target {
        Target::Carrier(group, nth) => {
            let group = known.shape.groups.get(group);
            group
                .and_then(|g| g.columns.get(nth))
                .is_some_and(|c| sorts(c.column))
        }
        _ => false,
    });
    columns.map(|mapped| mapped.place).collect()
}

impl TableOrder {
    /// What the pairs of rows near one another say, by site.
    fn votes(&self, linked: &Linked, differ: &impl Fn(u32, u32) -> bool) -> Vec<Votes> {
        let fates = linked.rows.iter().enumerate();
        let mut seen: Vec<Seen> = fates
            .filter_map(|(leaked, fate)| Some((leaked, *self.row_of.get(&fate.handle()?)?)))
            .enumerate()
            .map(|(rank, (leaked, source))| Seen {
                block: self.block_of[source as usize],
                rank: rank as u32,
                source,
                leaked: leaked as u32,
            })
            .collect();
        seen.retain(|s| s.block != NOWHERE);
        seen.sort_unstable_by_key(|s| (s.block, s.rank));
        let mut votes: DigestMap<Votes> = DigestMap::default();
        let mut together: Vec<Seen> = Vec::new();
        let near = |a: &Seen, b: &Seen| {
            a.block == b.block && (b.rank - a.rank) as usize <= NEAR && !differ(a.leaked, b.leaked)
        };
        for cluster in seen.chunk_by(near) {
            together.clear();
            together.extend_from_slice(cluster);
            together.sort_unstable_by_key(|s| (s.source, s.rank));
            together.dedup_by_key(|s| s.source);
            self.vote(&together, &mut votes);
        }
        let mut all: Vec<Votes> = votes.into_values().collect();
        all.sort_unstable_by_key(|votes| votes.site);
        all
    }

    /// Every pair of some rows of one block, sorted by their rows in the table.
    fn vote(&self, rows: &[Seen], votes: &mut DigestMap<Votes>) {
        for (at, first) in rows.iter().enumerate() {
            let mut root = first.source;
            let mut least = self.blocks.priority(root as usize);
            let mut before = first.source;
            for second in &rows[at + 1..] {
                for row in before + 1..=second.source {
                    let priority = self.blocks.priority(row as usize);
                    if priority < least {
                        (root, least) = (row, priority);
                    }
                }
                before = second.source;
                let leaked = first.leaked.min(second.leaked);
                // priorities are keyed blocks, so they tell records apart
                let of_site = votes.entry(least).or_default();
                of_site.add(root, first.rank > second.rank, leaked);
            }
        }
    }
}
