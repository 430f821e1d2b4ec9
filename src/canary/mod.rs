//! Canaries: made-up records that a buyer who knows the register cannot pick out, each tied to a real record, its donor.
//!
//! A canary enters, leaves and is edited with its donor. Who it is (name, identifiers) is drawn once, sealed in the ledger and
//! kept; what it says otherwise follows the donor's present row, moved by keyed draws, so that columns keep their joint
//! distribution and the policy's rules hold. Categories are the donor's; dates and numbers stand near the donor's; house numbers
//! are drawn.

pub mod body;
pub mod draws;
pub mod identity;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use crate::code::Handle;
use crate::key::{BlockKey, DigestKeys};
use crate::mark::Record;
use crate::mark::normal::{self, Form};
use crate::mark::stem;
use crate::policy::{Column, DateOrder, Kind, Policy, Role};
use crate::table::Table;
use draws::{Draws, Purpose};

/// The chance, in 2^-64ths, that a record is a donor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DonorRate(pub u64);

impl DonorRate {
    /// The rate of so many canaries a record.
    pub fn from_fraction(rate: f64) -> DonorRate {
        DonorRate((rate.clamp(0.0, 1.0) * u64::MAX as f64) as u64)
    }
}

/// Where a record stands among possible donors: the smallest come first.
pub fn donor_draw(key: &BlockKey, record: Handle) -> u64 {
    Draws::new(key, record, Purpose::Donor).bits()
}

/// Who a canary is: its cells in the columns of names and identifiers, by the register's column numbers. Sealed in the ledger.
pub type Identity = Vec<(u16, String)>;

/// The evidence that one identifier of a canary is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trait {
    /// Digest of the whole identifier; 0 where the canary has none.
    pub full: u64,
    /// Digest of its stem.
    pub stem: u64,
    /// From how many free values it was drawn; 0 where it is no evidence.
    pub ways: u32,
}

/// One canary.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// The real record that it goes with.
    pub donor: Handle,
    /// Who it is.
    pub identity: Identity,
    /// All its cells, by the register's column numbers.
    pub cells: Vec<String>,
    /// One entry an identifier column, in column order.
    pub traits: Vec<Trait>,
}

/// How many real identifiers there are, by digest and by stem: canaries keep clear of them.
#[derive(Debug, Default)]
pub struct Taken {
    full: HashSet<u64>,
    stems: HashMap<u64, u32>,
}

impl Taken {
    /// Enters a real identifier's digest and its stem's (0: none).
    pub fn enter(&mut self, full: u64, stem: u64) {
        if full != 0 && self.full.insert(full) && stem != 0 {
            *self.stems.entry(stem).or_insert(0) += 1;
        }
    }

    /// Whether a real record, or a canary of the same copy, has this identifier.
    pub fn holds(&self, full: u64) -> bool {
        self.full.contains(&full)
    }

    fn with_stem(&self, stem: u64) -> u32 {
        self.stems.get(&stem).copied().unwrap_or(0)
    }
}

/// Makes the canaries of one table, for any recipient.
pub struct Maker<'a> {
    policy: &'a Policy,
    table: &'a Table,
    places: &'a [Option<usize>],
    keys: &'a DigestKeys,
    taken: &'a Taken,
    names: identity::Names,
    body: body::Body,
}

/// What one copy's canaries have used up already.
#[derive(Default)]
pub struct InThisCopy {
    taken: Taken,
    names: HashSet<String>,
}

impl<'a> Maker<'a> {
    /// A maker for this table; `taken` holds every identifier of the register, `days` the table's own day
    /// for each column that counts up to it.
    pub fn new(
        policy: &'a Policy,
        table: &'a Table,
        places: &'a [Option<usize>],
        keys: &'a DigestKeys,
        taken: &'a Taken,
        days: &HashMap<usize, Date>,
    ) -> Maker<'a> {
        let names = identity::Names::of(policy, table, places);
        Maker {
            policy,
            table,
            places,
            keys,
            taken,
            names,
            body: body::Body::new(policy, days),
        }
    }

    /// The canary of a donor: `kept` is who it was in an earlier copy. None where no free identity could be drawn.
    pub fn make(
        &self,
        key: &BlockKey,
        donor: Handle,
        row: usize,
        kept: Option<&Identity>,
        copy: &mut InThisCopy,
    ) -> Option<Canary> {
        let record = Record::new(self.table, row, self.places);
        let mut cells: Vec<String> = (0..self.policy.columns.len())
            .map(|c| record.cell(c).to_string())
            .collect();
        let identity = match kept {
            Some(kept) => kept.clone(),
            None => self.draw_identity(key, donor, &record, copy)?,
        };
        for (column, text) in &identity {
            if let Some(cell) = cells.get_mut(usize::from(*column)) {
                cell.clone_from(text);
            }
        }
        let traits = self.traits(&cells, copy);
        // a number that a real person has by now is that person's
        if traits
            .iter()
            .any(|t| t.full != 0 && (self.taken.holds(t.full) || copy.taken.holds(t.full)))
        {
            return None;
        }
        for t in &traits {
            copy.taken.enter(t.full, t.stem);
        }
        for (at, column) in self.columns(Kind::Name) {
            if column.role != Role::Derived {
                copy.names.insert(cells[at].clone());
            }
        }
        self.body.dress(key, donor, &mut cells);
        Some(Canary {
            donor,
            identity,
            cells,
            traits,
        })
    }

    fn columns(&self, kind: Kind) -> impl Iterator<Item = (usize, &Column)> {
        self.policy
            .columns
            .iter()
            .enumerate()
            .filter(move |(_, c)| c.kind == kind)
    }

    fn draw_identity(
        &self,
        key: &BlockKey,
        donor: Handle,
        record: &Record<'_>,
        copy: &InThisCopy,
    ) -> Option<Identity> {
        let mut draws = Draws::new(key, donor, Purpose::Identity);
        let mut identity = Identity::new();
        for (at, column) in self.policy.columns.iter().enumerate() {
            let original = record.cell(at);
            let made = match column.kind {
                _ if original.trim().is_empty() => continue,
                Kind::Name => self.names.draw(
                    self.policy,
                    self.table,
                    self.places,
                    at,
                    record,
                    &copy.names,
                    &mut draws,
                )?,
                _ if column.role != Role::Identifier => continue,
                Kind::Email => {
                    identity::draw_email(self.table, self.places, at, original, &mut draws)?
                }
                kind => {
                    let free = |full: &[u8]| {
                        let digest = self.keys.identifier.digest(Form::Full.tag(kind), full);
                        !self.taken.holds(digest) && !copy.taken.holds(digest)
                    };
                    identity::draw_identifier(
                        self.policy,
                        column,
                        at,
                        self.table,
                        self.places,
                        record,
                        &free,
                        &mut draws,
                    )?
                }
            };
            identity.push((at as u16, made));
        }
        Some(identity)
    }

    fn traits(&self, cells: &[String], copy: &InThisCopy) -> Vec<Trait> {
        let mut full = Vec::new();
        let mut stem = Vec::new();
        let identifiers = self
            .policy
            .columns
            .iter()
            .enumerate()
            .filter(|(_, c)| c.role == Role::Identifier);
        identifiers
            .map(|(at, column)| {
                if !normal::write(column.kind, DateOrder::Ymd, &cells[at], &mut full) {
                    return Trait::default();
                }
                let digest = self
                    .keys
                    .identifier
                    .digest(Form::Full.tag(column.kind), &full);
                let pool = &self.policy.canaries.phones;
                if !stem::write(column.kind, &full, pool, &mut stem) {
                    return Trait {
                        full: digest,
                        ..Trait::default()
                    };
                }
                let under = stem::digest(self.keys, column.kind, &stem);
                let used = self.taken.with_stem(under) + copy.taken.with_stem(under);
                Trait {
                    full: digest,
                    stem: under,
                    ways: stem::values(column.kind, pool).saturating_sub(used),
                }
            })
            .collect()
    }
}
