//! Where a record holds sites, and what stands there under each symbol.
//!
//! A [`Carrier`] looks after one constraint group: the columns that move together. For a record it gives the group's variants,
//! decided from that record alone and before any recipient is known; variant 0 is what was there. [`plan`] asks every carrier
//! about every record and keeps only variants under which the policy's rules go on holding.

pub mod constraint;
pub mod dates;
pub mod identify;
pub mod masked;
pub mod normal;
pub mod numbers;
pub mod order;
pub mod plan;
pub mod shape;
pub mod size;
pub mod stem;
pub mod text;
pub mod times;

use crate::code::{SiteKind, Slot};
use crate::policy::{Fidelity, Kind, Policy, Role, Rule};
use crate::table::Table;

/// One record's cells, by the register's own column numbers.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    table: &'a Table,
    row: usize,
    places: &'a [Option<usize>],
}

impl<'a> Record<'a> {
    /// Row `row` of a table whose columns stand at `places` (register column -> table column).
    pub fn new(table: &'a Table, row: usize, places: &'a [Option<usize>]) -> Record<'a> {
        Record { table, row, places }
    }

    /// The text of a register column; empty where this table lacks it.
    pub fn cell(&self, column: usize) -> &'a str {
        match self.places.get(column).copied().flatten() {
            Some(place) => self.table.cell(self.row, place),
            None => "",
        }
    }
}

/// The other texts of a group in one record, variant by variant (1, 2, ...), each with one text a column of the group.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Variants {
    /// Slots that the record holds here; it has `2^bits` variants. 0: no site.
    pub bits: u8,
    /// `(2^bits - 1) * columns` texts, variant-major.
    pub texts: Vec<String>,
    /// True where the value holds no site, since a mark would not keep its column's balance, and is to be recognised all the same.
    pub still: bool,
}

impl Variants {
    /// Forgets what was there.
    pub fn clear(&mut self) {
        self.bits = 0;
        self.texts.clear();
        self.still = false;
    }

    /// The text of the group's `column`-th column under variant `v >= 1`.
    pub fn text(&self, v: usize, column: usize, columns: usize) -> &str {
        self.texts
            .get((v - 1) * columns + column)
            .map_or("", String::as_str)
    }
}

/// Which way a variant is sought first; keyed, and turned round where the first way breaks a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Toward {
    /// Later, greater.
    Up,
    /// Earlier, smaller.
    Down,
}

impl Toward {
    /// The other way.
    pub fn turned(self) -> Toward {
        match self {
            Toward::Up => Toward::Down,
            Toward::Down => Toward::Up,
        }
    }

    /// +1 or -1.
    pub fn sign(self) -> i64 {
        match self {
            Toward::Up => 1,
            Toward::Down => -1,
        }
    }
}

/// What a record's key says about one group: which way, and what tells whether a rarer value may be entered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Draw {
    /// Which way.
    pub toward: Toward,
    chance: u8,
}

impl Draw {
    /// From one keyed byte.
    pub fn of(byte: u8) -> Draw {
        let toward = if byte & 1 == 1 {
            Toward::Up
        } else {
            Toward::Down
        };
        Draw {
            toward,
            chance: byte >> 1,
        }
    }

    /// The other way.
    pub fn turned(self) -> Draw {
        Draw {
            toward: self.toward.turned(),
            ..self
        }
    }

    /// Whether a value whose kind makes up `here` of its column may turn into one of which there is `there`: always where that is
    /// no rarer, else so seldom that as many go there as come back (Metropolis et al., 1953). Without shares, always.
    pub fn enters(self, shares: &[u32], here: i64, there: i64) -> bool {
        let share = |at: i64| {
            let at = usize::try_from(at.rem_euclid(shares.len().max(1) as i64)).ok()?;
            shares.get(at).copied()
        };
        match (share(here), share(there)) {
            (Some(here), Some(there)) => {
                u64::from(there) * 256 > u64::from(here) * (2 * u64::from(self.chance) + 1)
            }
            _ => true,
        }
    }

    /// A draw of its own for the `nth` place of a text.
    pub fn of_place(self, nth: usize) -> Draw {
        Draw {
            // 37 is odd, so every chance stays as likely as any other
            chance: (u32::from(self.chance) * 37 + nth as u32 * 53) as u8 & 0x7F,
            ..self
        }
    }
}

/// The way in which one constraint group holds sites.
pub trait Carrier: Send + Sync {
    /// For the evidence: what handling does to it.
    fn kind(&self) -> SiteKind;

    /// The register's columns that move together; the first leads.
    fn columns(&self) -> &[usize];

    /// Most slots that a record can hold here; frozen with the register.
    fn slots(&self) -> u8;

    /// Whether the moves leave the columns' distributions as they are: then one that cannot be made is left out, since turning it
    /// round would empty the edges.
    fn balanced(&self) -> bool;

    /// Writes the record's variants, none where it holds no site.
    fn variants(&self, record: &Record<'_>, draw: Draw, out: &mut Variants);
}

/// A carrier with its place among the register's slots.
pub struct Group {
    /// The carrier.
    pub carrier: Box<dyn Carrier>,
    /// Its first slot.
    pub first_slot: Slot,
}

/// The register's groups in their frozen order; none where no value may be altered.
pub fn groups(policy: &Policy) -> Vec<Group> {
    let mut first_slot = 0;
    let mut out = Vec::new();
    if policy.fidelity == Fidelity::Lossless {
        return out;
    }
    for (at, column) in policy.columns.iter().enumerate() {
        if column.role != Role::Carrier {
            continue;
        }
        let carrier: Option<Box<dyn Carrier>> = match column.kind {
            Kind::Date => Some(Box::new(dates::Dates::new(
                policy,
                &moving_together(policy, at),
            ))),
            Kind::DateTime | Kind::Time => Some(Box::new(times::Times::new(column, at))),
            Kind::Number => {
                numbers::Numbers::new(column, at).map(|c| Box::new(c) as Box<dyn Carrier>)
            }
            _ => text::Spellings::new(policy, at).map(|c| Box::new(c) as Box<dyn Carrier>),
        };
        if let Some(carrier) = carrier {
            let slots = Slot::from(carrier.slots());
            out.push(Group {
                carrier,
                first_slot,
            });
            first_slot += slots;
        }
    }
    out
}

/// The date columns that follow column `lead` by a rule, `lead` first.
fn moving_together(policy: &Policy, lead: usize) -> Vec<usize> {
    let mut together = vec![lead];
    let mut next = 0;
    while let Some(at) = together.get(next).copied() {
        next += 1;
        let name = &policy.columns[at].name;
        for rule in &policy.rules {
            let follower = match rule {
                Rule::Offset { column, from, .. } if from == name => Some(column),
                Rule::Elapsed {
                    from,
                    until: Some(until),
                    unit: crate::policy::Unit::Days,
                    ..
                } if from == name => Some(until),
                Rule::Tied { column, from } if from == name => Some(column),
                _ => None,
            };
            let place = follower.and_then(|f| {
                policy
                    .columns
                    .iter()
                    .position(|c| &c.name == f && c.role == Role::Derived)
            });
            if let Some(place) = place
                && !together.contains(&place)
            {
                together.push(place);
            }
        }
    }
    together
}
