//! The phone rings: a caller knows a number, a name, a due date. Is that a canary, and whose? Or a real record, and who held it?
//!
//! This is no trace. It reads a handful of values that somebody says he has, so it names nobody, bounds nothing but the chance of
//! meeting a canary by accident, and is not counted. What it says of marks is worth little: at one date half of all recipients
//! agree by chance, and the answer says how many do.
//!
//! Values are told apart by what they are equal to, not by what they look like: each is held against every column of every
//! register. An identifier counts before anything else; else the records are those that agree with most of the values.
//! Answers speak of values by their number, so that an answer that is filed holds nobody's name.

mod asked;
mod canaries;
mod records;

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::ledger::{ExportEntry, Recipient};
use crate::trace::canaries::AccidentBound;
use crate::trace::holdings::Holdings;
use crate::trace::known::Known;
use crate::vault::Vault;
use asked::Asked;

/// More values than this describe more than one record.
const MOST_VALUES: usize = 32;

/// More records than this are only counted, and so are canaries that nothing identifies.
const MOST_RECORDS: usize = 5;

/// What a vault knows of the values that a caller gave.
#[derive(Clone, Debug)]
pub struct Found {
    /// How many values were given.
    pub values: usize,
    /// How many recipients the vault has.
    pub recipients: usize,
    /// Canaries that fit best, unless they are too many to list.
    pub canaries: Vec<FoundCanary>,
    /// How many canaries fit as well as these.
    pub canaries_alike: usize,
    /// Real records that fit best, unless they are too many to list.
    pub records: Vec<FoundRecord>,
    /// How many real records fit as well as these.
    pub records_alike: usize,
    /// Values, by number from 1, that fit nothing found.
    pub fit_nothing: Vec<usize>,
    /// Values, by number from 1, that cannot fit anything as they were given.
    pub unclear: Vec<(usize, Unclear)>,
}

/// Why a value could not be looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unclear {
    /// A name with stars in it: only numbers are known by their masked forms.
    MaskedName,
    /// Several values in one.
    Several,
}

/// A value that equals what a record says in a column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Agreement {
    /// The value's number, from 1.
    pub value: usize,
    /// The register's name for the column.
    pub column: String,
}

/// A made-up record.
#[derive(Clone, Debug)]
pub struct FoundCanary {
    /// The register.
    pub register: String,
    /// In whose copies it stands.
    pub recipient: String,
    /// What agrees.
    pub agrees: Vec<Agreement>,
    /// A bound on the chance that identifiers given by somebody who never saw a copy belong to any canary of the vault.
    pub accident: AccidentBound,
    /// The copies in which it stands.
    pub exports: Vec<FoundExport>,
}

/// A real record, or a made-up one that several copies hold.
#[derive(Clone, Debug)]
pub struct FoundRecord {
    /// The register.
    pub register: String,
    /// Whether it is made up.
    pub made_up: bool,
    /// What agrees.
    pub agrees: Vec<Agreement>,
    /// Every copy that held it.
    pub held: Vec<Held>,
    /// What the marks say, where a value stands in a column that carries them.
    pub marks: Option<Marks>,
}

/// A copy that held a record.
#[derive(Clone, Debug)]
pub struct Held {
    /// Whose.
    pub recipient: String,
    /// The copy.
    pub export: FoundExport,
    /// Whether it shows the record with the very values given; nothing where none of them is in a place that carries marks.
    pub shows: Option<bool>,
}

/// An issued copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundExport {
    /// Its id.
    pub export: String,
    /// The source table's label.
    pub table: String,
    /// When it was entered.
    pub created: Timestamp,
}

/// How many recipients' copies show a record with the values given.
#[derive(Clone, Debug, PartialEq)]
pub struct Marks {
    /// The columns that were compared.
    pub columns: Vec<String>,
    /// Recipients who held the record in a form that can be compared.
    pub of: usize,
    /// Recipients of whom a copy shows these values.
    pub show: usize,
    /// How many of them would show a value that is a variant of the record's, drawn at random: the sum of each one's chance.
    pub by_chance: f64,
}

/// A register with what was issued of it.
struct Shelf<'a> {
    known: &'a Known,
    holdings: &'a Holdings,
    exports: &'a [ExportEntry],
    recipients: &'a [Recipient],
}

impl Shelf<'_> {
    fn column(&self, column: usize) -> String {
        let column = self.known.policy.columns.get(column);
        column.map(|c| c.name.clone()).unwrap_or_default()
    }

    fn recipient(&self, id: &[u8; 16]) -> String {
        let found = self.recipients.iter().find(|r| r.id == *id);
        found.map(|r| r.name.clone()).unwrap_or_default()
    }

    fn export(&self, entry: &ExportEntry) -> FoundExport {
        let table = self.known.tables.iter().find(|t| t.id == entry.table);
        FoundExport {
            export: entry.id.clone(),
            table: table.map(|t| t.label.clone()).unwrap_or_default(),
            created: entry.created,
        }
    }
}

/// How well something fits: an identifier counts before any number of other values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fit {
    identified: bool,
    values: u32,
}

impl Fit {
    /// `values` holds a bit a value that agrees.
    fn new(identified: bool, values: u32) -> Fit {
        Fit {
            identified,
            values: values.count_ones(),
        }
    }
}

/// Looks values up in all registers of a vault. The ledger is only read.
///
/// # Errors
/// No value, too many of them, or a ledger that cannot be read.
pub fn lookup(vault: &Vault, values: &[String]) -> Result<Found> {
    let asked: Vec<Asked<'_>> = values.iter().map(|v| Asked::new(v)).collect();
    if asked.iter().all(Asked::is_blank) {
        return Err(Error::input(
            "there is no value to look up. Give a telephone number, a name, a date, an ID or several of them.",
        ));
    }
    if asked.len() > MOST_VALUES {
        return Err(Error::input(format!(
            "{} values are more than one record has; {MOST_VALUES} can be looked up at once. To find the source of a list, give it to `taggant trace`.",
            asked.len()
        )));
    }
    let (recipients, exports) = (vault.ledger.recipients()?, vault.ledger.exports()?);
    let keys = vault.key.digest_keys();
    let mut canaries = Vec::new();
    let mut records: Vec<(Fit, Option<FoundRecord>)> = Vec::new();
    let mut agreeing = 0u32;
    for register in vault.ledger.registers()? {
        let known = Known::load(&vault.ledger, register)?;
        let holdings = Holdings::load(&vault.ledger, &known)?;
        let shelf = Shelf {
            known: &known,
            holdings: &holdings,
            exports: &exports,
            recipients: &recipients,
        };
        canaries.extend(canaries::find(vault, &shelf, &keys, &asked)?);
        records.extend(records::find(vault, &shelf, &keys, &asked, MOST_RECORDS));
    }
    let fits = canaries.iter().map(|c| c.0);
    let best = fits.chain(records.iter().map(|r| r.0)).max();
    let good = |fit: Fit| fit.identified || Some(fit) == best;
    canaries.retain(|c| good(c.0));
    records.retain(|r| good(r.0));
    let (canaries_alike, records_alike) = (canaries.len(), records.len());
    if canaries_alike > MOST_RECORDS {
        canaries.retain(|c| c.0.identified);
    }
    let mut found = Found {
        values: asked.len(),
        recipients: recipients.len(),
        canaries: canaries.into_iter().map(|c| c.1).collect(),
        canaries_alike,
        records: match records_alike <= MOST_RECORDS {
            true => records.into_iter().filter_map(|r| r.1).collect(),
            false => Vec::new(),
        },
        records_alike,
        fit_nothing: Vec::new(),
        unclear: Vec::new(),
    };
    let agreements = found.canaries.iter().map(|c| &c.agrees);
    for agreement in agreements
        .chain(found.records.iter().map(|r| &r.agrees))
        .flatten()
    {
        agreeing |= 1 << (agreement.value - 1);
    }
    let unfit = |n: &usize| agreeing >> n & 1 == 0;
    let unclear = |n: usize| asked[n].unclear().map(|why| (n + 1, why));
    found.unclear = (0..asked.len()).filter(unfit).filter_map(unclear).collect();
    // what was not listed may be what the others fit
    if found.records.len() == records_alike && found.canaries.len() == canaries_alike {
        found.fit_nothing = (1..=found.values)
            .filter(|n| agreeing >> (n - 1) & 1 == 0)
            .collect();
    }
    Ok(found)
}

impl Found {
    /// Whether anything was found.
    pub fn is_something(&self) -> bool {
        self.records_alike > 0 || self.canaries_alike > 0
    }
}

#[cfg(test)]
mod tests;
