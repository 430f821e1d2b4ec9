//! Canaries: made-up records that a buyer who knows the register cannot pick out, each tied to a real record, its donor.
//!
//! A canary enters, leaves and is edited with its donor, and stands near it in the file. Who it is (name, identifiers) is drawn once,
//! sealed in the ledger and kept. All else is borrowed from rows that agree with one another where columns hang together ([`kin`]), so
//! that the whole is nobody's and each two of its cells could be somebody's; it is sealed too, beside a digest of what the donor said
//! there, and drawn again once the donor says something else. Values that hardly two rows share are made at the column's own grain; in
//! short lists, where most pieces of a text stand once, texts are fitted to how common a row's pieces are ([`sightings`]).
//! At last the canary gets marks of its own, as every real row of a copy has them.

pub mod aspects;
pub mod body;
pub mod company;
pub mod counts;
pub mod draws;
pub mod gaps;
pub mod grain;
pub mod identity;
pub mod kin;
pub mod marks;
pub mod nets;
pub mod prose;
pub mod rarity;
pub mod sightings;
pub mod spaces;
pub mod stock;
pub mod taken;

use std::collections::{HashMap, HashSet};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::code::Handle;
use crate::key::{BlockKey, DigestKeys};
use crate::mark::{normal, stem};
use crate::policy::{Column, Kind, Policy, Role};
use crate::table::Table;
use draws::{Draws, Purpose};
use taken::Free;
pub use taken::{Drawn, Taken, Trait};

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

/// What a canary says in one column, and beside what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The register's column.
    #[serde(rename = "c")]
    pub column: u16,
    /// The canary's cell.
    #[serde(rename = "t")]
    pub text: String,
    /// A digest of what the donor said there when the cell was drawn.
    #[serde(rename = "d")]
    pub beside: u32,
    /// What an identifier was drawn from, where that is less than all that was free.
    #[serde(rename = "f", default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Drawn>,
}

/// What is sealed of a canary: all that a later month could not draw again.
pub type Identity = Vec<Said>;

/// One canary.
#[derive(Clone, Debug, PartialEq)]
pub struct Canary {
    /// The real record that it goes with.
    pub donor: Handle,
    /// What is sealed of it.
    pub identity: Identity,
    /// All its cells, by the register's column numbers.
    pub cells: Vec<String>,
    /// One entry an identifier column, in column order.
    pub traits: Vec<Trait>,
    /// The row of the table behind which it stands, where the table's order leaves that free.
    pub behind: usize,
}

/// A table under its policy.
#[derive(Clone, Copy)]
pub struct Sheet<'a> {
    /// The register's policy.
    pub policy: &'a Policy,
    /// The table.
    pub table: &'a Table,
    /// Where the register's columns stand in it.
    pub places: &'a [Option<usize>],
}

impl<'a> Sheet<'a> {
    /// A cell by the register's column number; empty where the table lacks it.
    pub fn cell(&self, row: usize, column: usize) -> &'a str {
        match self.places.get(column).copied().flatten() {
            Some(place) => self.table.cell(row, place),
            None => "",
        }
    }

    /// A row drawn from all, each as likely.
    pub fn any_row(&self, draws: &mut Draws<'_>) -> usize {
        draws.below(self.table.rows())
    }

    /// The cells of a column.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &'a str> + use<'a> {
        let sheet = *self;
        (0..sheet.table.rows()).map(move |row| sheet.cell(row, column))
    }

    /// The register's columns that are so.
    pub fn columns(&self, test: impl Fn(&Column) -> bool) -> Vec<usize> {
        let columns = self.policy.columns.iter().enumerate();
        columns.filter(|(_, c)| test(c)).map(|(at, _)| at).collect()
    }
}

/// A canary that is being made.
pub struct Draft<'c> {
    key: &'c BlockKey,
    digests: &'c DigestKeys,
    donor: Handle,
    /// The donor's row.
    pub row: usize,
    /// The canary's cells; the donor's where nothing was drawn yet.
    pub cells: Vec<String>,
    /// For each column the row that what is made there is to be like.
    pub like: Vec<Option<usize>>,
    /// The row whose identity number begins as the canary's will, with its column.
    pub region: Option<(usize, usize)>,
    /// The canary's birthday, where it was drawn.
    pub born: Option<Date>,
    /// The row that lent the year of birth.
    pub born_like: Option<usize>,
    /// Whether that is a man's.
    pub male: Option<bool>,
    kept: &'c [Said],
    said: Identity,
}

impl Draft<'_> {
    /// The draws of one purpose.
    pub fn draws(&self, purpose: Purpose) -> Draws<'_> {
        Draws::new(self.key, self.donor, purpose)
    }

    /// A digest of what the donor says in a column.
    pub fn beside(&self, column: usize, donor: &str) -> u32 {
        self.digests.plain.digest(column as u64, donor.as_bytes()) as u32
    }

    /// What the canary said in a column before, and beside what.
    fn before(&self, column: usize) -> Option<&Said> {
        self.kept.iter().find(|s| usize::from(s.column) == column)
    }

    /// What the canary said in a column before, if the donor says there what it said then.
    pub fn still(&self, column: usize, donor: &str) -> Option<&str> {
        let said = self.before(column)?;
        (said.beside == self.beside(column, donor)).then_some(said.text.as_str())
    }

    /// The row that a column is to be like; the donor's where none was found.
    pub fn like(&self, column: usize) -> usize {
        self.like.get(column).copied().flatten().unwrap_or(self.row)
    }

    /// Writes what was sealed in these columns, if the donor says in all of them what it said then.
    pub fn restore(&mut self, sheet: Sheet<'_>, columns: &[usize]) -> bool {
        let still = |c: &usize| self.still(*c, sheet.cell(self.row, *c)).map(String::from);
        let Some(texts) = columns.iter().map(still).collect::<Option<Vec<String>>>() else {
            return false;
        };
        for (column, text) in columns.iter().zip(texts) {
            self.say(*column, sheet.cell(self.row, *column), text);
        }
        true
    }

    /// Writes what was sealed in a column, whatever the donor says by now.
    pub fn recall(&mut self, column: usize) -> bool {
        let text = self.before(column).map(|said| said.text.clone());
        match (text, self.cells.get_mut(column)) {
            (Some(text), Some(cell)) => {
                *cell = text;
                true
            }
            _ => false,
        }
    }

    /// Writes and seals the canary's cell.
    pub fn say(&mut self, column: usize, donor: &str, text: String) {
        let beside = self.beside(column, donor);
        self.seal(column, text, beside);
    }

    /// Notes what the identifier that was just sealed was drawn from.
    fn drawn_from(&mut self, from: Option<Drawn>) {
        if let Some(said) = self.said.last_mut() {
            said.from = from;
        }
    }

    fn seal(&mut self, column: usize, text: String, beside: u32) {
        if let Some(cell) = self.cells.get_mut(column) {
            cell.clone_from(&text);
        }
        self.said.retain(|s| usize::from(s.column) != column);
        let kept = self.kept.iter().find(|s| usize::from(s.column) == column);
        // what was drawn anew says for itself what it was drawn from
        let from = kept.filter(|s| s.text == text).and_then(|s| s.from);
        self.said.push(Said {
            column: column as u16,
            text,
            beside,
            from,
        });
    }
}

/// Makes the canaries of one table, for any recipient.
pub struct Maker<'a> {
    sheet: Sheet<'a>,
    keys: &'a DigestKeys,
    taken: &'a Taken,
    pool: Vec<String>,
    identifiers: Vec<usize>,
    people: identity::People<'a>,
    prose: prose::Prose<'a>,
    body: body::Body<'a>,
    marks: marks::Marks,
    company: company::Company<'a>,
}

/// What a recipient's canaries have used up already.
#[derive(Default)]
pub struct InThisCopy {
    /// Identifiers of all canaries that the recipient ever had.
    ever: Taken,
    /// Identifiers of the canaries in this copy.
    here: HashSet<u64>,
    names: HashSet<String>,
    texts: HashSet<String>,
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
        let sheet = Sheet {
            policy,
            table,
            places,
        };
        let body = body::Body::new(sheet, days);
        Maker {
            sheet,
            keys,
            taken,
            pool: stem::pool(&policy.canaries),
            identifiers: sheet.columns(|c| c.role == Role::Identifier),
            people: identity::People::of(sheet),
            prose: prose::Prose::of(sheet, &body.made(), &body.free_areas()),
            body,
            marks: marks::Marks::new(policy),
            company: company::Company::of(sheet),
        }
    }

    /// Begins a copy for a recipient whose canaries were these before. New ones keep clear of all of them, so that each is uniform
    /// over what nobody has, given the others.
    pub fn begin(&self, kept: &HashMap<Handle, Identity>) -> InThisCopy {
        let mut copy = InThisCopy::default();
        self.avoid(kept.values(), &mut copy);
        copy
    }

    /// Makes the copy's new canaries keep clear of these, too.
    pub fn avoid<'i>(
        &self,
        canaries: impl IntoIterator<Item = &'i Identity>,
        copy: &mut InThisCopy,
    ) {
        let mut own = Vec::new();
        let (mut full, mut part) = (Vec::new(), Vec::new());
        for said in canaries.into_iter().flatten() {
            let Some(column) = self.sheet.policy.columns.get(usize::from(said.column)) else {
                continue;
            };
            match column.kind {
                Kind::Name => copy.names.insert(said.text.clone()),
                Kind::Address => copy.texts.insert(said.text.clone()),
                _ => false,
            };
            if column.role == Role::Identifier
                && normal::write(column.kind, Default::default(), &said.text, &mut full)
            {
                own.push(self.free(copy, &[]).weigh(column.kind, &full, &mut part));
            }
        }
        for t in own {
            copy.ever.enter(t.full, t.stem);
        }
    }

    /// The canary of a donor: `kept` is what was sealed of it in an earlier copy. None where a real person has by now what was
    /// the canary's, or where nothing that proves anything could be drawn.
    pub fn make(
        &self,
        key: &BlockKey,
        donor: Handle,
        row: usize,
        kept: Option<&Identity>,
        copy: &mut InThisCopy,
    ) -> Option<Canary> {
        let columns = 0..self.sheet.policy.columns.len();
        let mut draft = Draft {
            key,
            digests: self.keys,
            donor,
            row,
            cells: columns
                .map(|c| self.sheet.cell(row, c).to_string())
                .collect(),
            like: vec![None; self.sheet.policy.columns.len()],
            region: None,
            born: None,
            born_like: None,
            male: None,
            kept: kept.map_or(&[], Vec::as_slice),
            said: Identity::new(),
        };
        self.body.borrow(&mut draft);
        self.identify(&mut draft, copy)?;
        let traits = self.traits(&draft, copy);
        let lost = |t: &Trait| self.taken.holds(t.full) || copy.here.contains(&t.full);
        if traits.iter().any(|t| t.full != 0 && lost(t)) {
            return None;
        }
        // one that would prove nothing may as well not be there; one that is there stays
        if kept.is_none() && traits.iter().all(|t| t.ways == 0) {
            return None;
        }
        for t in traits.iter().filter(|t| t.full != 0) {
            copy.here.insert(t.full);
            copy.ever.enter(t.full, t.stem);
        }
        self.prose.write(&mut draft, &mut copy.texts);
        self.body.tell(&mut draft);
        let behind = self.behind(&draft);
        if self.marks.wear(&mut draft) {
            self.body.count(&mut draft);
        }
        for at in self.people.names() {
            copy.names.insert(draft.cells[*at].clone());
        }
        Some(Canary {
            donor,
            identity: draft.said,
            cells: draft.cells,
            traits,
            behind,
        })
    }

    /// Behind whom a canary stands: beside its household, or near its donor where it parts none.
    fn behind(&self, draft: &Draft<'_>) -> usize {
        if let Some(host) = self.company.host(&draft.cells) {
            return host;
        }
        let mut draws = draft.draws(Purpose::Place);
        let mut row = draft.row;
        for _ in 0..8 {
            row = self.body.neighbour(draft, &mut draws);
            if !self.company.joins(self.sheet, row + 1) {
                break;
            }
        }
        row
    }

    /// Names and identifiers: those that were sealed, and new ones where the donor says something and nothing was.
    fn identify(&self, draft: &mut Draft<'_>, copy: &InThisCopy) -> Option<()> {
        let mut own: Vec<Trait> = Vec::new();
        let (mut full, mut part) = (Vec::new(), Vec::new());
        for at in self.people.in_order() {
            let column = &self.sheet.policy.columns[*at];
            let donor = self.sheet.cell(draft.row, *at);
            if let Some(said) = draft.before(*at) {
                let (text, beside) = (said.text.clone(), said.beside);
                draft.seal(*at, text, beside);
            } else if !donor.trim().is_empty() {
                if column.kind == Kind::Name {
                    let name = self.people.name(draft, *at, &copy.names)?;
                    draft.say(*at, donor, name);
                } else {
                    let free = self.free(copy, &own);
                    let (made, from) = self.people.identifier(draft, *at, &free)?;
                    draft.say(*at, donor, made);
                    draft.drawn_from(from);
                }
            }
            let cell = &draft.cells[*at];
            if column.role == Role::Identifier
                && normal::write(column.kind, Default::default(), cell, &mut full)
            {
                let next = self.free(copy, &own).weigh(column.kind, &full, &mut part);
                own.push(next);
            }
        }
        Some(())
    }

    fn free<'c>(&'c self, copy: &'c InThisCopy, own: &'c [Trait]) -> Free<'c> {
        Free {
            keys: self.keys,
            pool: &self.pool,
            register: self.taken,
            canaries: &copy.ever,
            own,
        }
    }

    fn traits(&self, draft: &Draft<'_>, copy: &InThisCopy) -> Vec<Trait> {
        let (mut full, mut part) = (Vec::new(), Vec::new());
        let mut traits: Vec<Trait> = Vec::with_capacity(self.identifiers.len());
        for at in &self.identifiers {
            let kind = self.sheet.policy.columns[*at].kind;
            let mut next = Trait::default();
            if normal::write(kind, Default::default(), &draft.cells[*at], &mut full) {
                let free = self.free(copy, &traits);
                next = free.weigh(kind, &full, &mut part);
                let said = draft.said.iter().find(|s| usize::from(s.column) == *at);
                if let Some(drawn) = said.and_then(|s| s.from) {
                    next.ways = next.ways.min(free.left_of(drawn, next));
                }
            }
            traits.push(next);
        }
        traits
    }
}

#[cfg(test)]
mod tests;
