//! What an issue will do, told before anything is done.

use std::path::PathBuf;

use super::again::Standing;
use super::by::Unassigned;
use super::lots::Lot;
use super::prepared::Prepared;
use super::retired::Retired;
use super::{Issue, Planned, renamed};
use crate::policy::infer::CANARIES_FROM;
use crate::policy::{Kind, Policy, Role};

/// What will happen, before anything does.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Each table that gets marks.
    pub tables: Vec<TablePlan>,
    /// Where each copy will go.
    pub copies: Vec<(String, PathBuf)>,
    /// How each of these copies stands, in the same order.
    pub standing: Vec<CopyPlan>,
}

/// What will happen to one table.
#[derive(Clone, Debug, PartialEq)]
pub struct TablePlan {
    /// Its sheet, where the file has several tables that get marks.
    pub sheet: Option<String>,
    /// The register's name.
    pub register: String,
    /// Whether this is its first issue.
    pub new_register: bool,
    /// Three lines on what is altered.
    pub summary: [String; 3],
    /// Facts that the officer should know: drift, how canaries' numbers are made.
    pub notes: Vec<String>,
    /// Rows of the table.
    pub rows: usize,
    /// Sites in it.
    pub sites: usize,
    /// The column that rows are divided by, where they are.
    pub by: Option<String>,
    /// Rows that somebody gets.
    pub given: usize,
    /// Rows that nobody gets, by value.
    pub nobody: Vec<Unassigned>,
    /// The export that the table was derived from.
    pub parent: Option<String>,
}

/// What is to become of one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// Rows of the source's tables in it.
    pub rows: usize,
    /// How it stands.
    pub standing: Standing,
}

impl Issue<'_> {
    /// What will happen.
    pub fn plan(&self) -> Plan {
        let names: Vec<&str> = self.copies.iter().map(|c| c.recipient.as_str()).collect();
        // a ledger that cannot be read any more is the run's to say
        let renamed = renamed::notes(&self.vault.ledger, names).unwrap_or_default();
        let several = self.tables.len() > 1;
        let mut tables: Vec<TablePlan> = self.tables.iter().map(|t| t.plan(several)).collect();
        if let Some(first) = tables.first_mut() {
            let drift = self.tables.first().map_or(0, |t| t.frame.drift.len());
            first.notes.splice(drift..drift, renamed);
        }
        let rows = |copy: &Planned| -> usize {
            let parts = copy.parts.iter().zip(&self.tables);
            let lots = parts.filter_map(|(part, table)| table.lots.get(part.as_ref()?.0));
            lots.map(|lot| lot.table.rows()).sum()
        };
        let copies = self.copies.iter();
        Plan {
            tables,
            standing: copies
                .clone()
                .map(|copy| CopyPlan {
                    rows: rows(copy),
                    standing: copy.standing(),
                })
                .collect(),
            copies: copies
                .map(|copy| (copy.recipient.clone(), copy.path.clone()))
                .collect(),
        }
    }
}

impl Prepared<'_> {
    fn plan(&self, several: bool) -> TablePlan {
        let division = self.division.as_ref();
        TablePlan {
            sheet: self.source.sheet.clone().filter(|_| several),
            register: self.frame.name.clone(),
            new_register: self.frame.known.is_none(),
            summary: self.frame.summary(),
            notes: self.all_notes(),
            rows: self.source.table.rows(),
            sites: self.sites(),
            by: division.map(|d| d.column.clone()),
            given: self.lots.iter().map(|lot| lot.table.rows()).sum(),
            nobody: division.map_or(Vec::new(), |d| d.nobody.clone()),
            parent: self.parent.clone(),
        }
    }

    /// Facts that the officer should know.
    fn all_notes(&self) -> Vec<String> {
        let mut notes = self.frame.drift.clone();
        notes.extend(self.retired.iter().map(Retired::words));
        let handles = || self.lots.iter().flat_map(|lot| &lot.records.handles);
        let unmarked = handles().filter(|h| h.is_none()).count();
        if unmarked > 0 {
            notes.push(format!(
                "{unmarked} rows have no identifier and carry no marks"
            ));
        }
        let turned: usize = self.lots.iter().map(|lot| lot.turns.sites()).sum();
        if self.frame.turns && turned == 0 {
            notes.push(
                "the table's own order leaves no two neighbouring rows free, so their order tells nothing"
                    .to_string(),
            );
        }
        let canaries = self.gets_canaries();
        let short = |lot: &&Lot<'_>| lot.table.rows() < CANARIES_FROM;
        let short = self.lots.iter().filter(short).count();
        if canaries && short > 0 {
            notes.push(match self.division {
                None => "invented people in a list that is acted on row by row do harm: make sure that nobody acts on this one".to_string(),
                Some(_) => format!(
                    "{short} of the copies are short lists (under {CANARIES_FROM} rows) and get invented people: make sure that nobody acts on \
                     these row by row, or leave them out with `--canaries 0`"
                ),
            });
        }
        let unused = self.division.iter().flat_map(|d| &d.unused);
        let unused: Vec<String> = unused.map(|value| format!("`{value}`")).collect();
        if !unused.is_empty() {
            notes.push(format!(
                "the mapping names values that the column does not have: {}",
                unused.join(", ")
            ));
        }
        notes.extend(self.notes.iter().cloned());
        if canaries {
            notes.extend(contact_notes(&self.frame.policy));
        }
        notes
    }
}

/// How canaries' contact points are made up where the agency names none of its own, and what that risks.
fn contact_notes(policy: &Policy) -> Vec<String> {
    let holds = |kind| {
        let personal = |r| matches!(r, Role::Identifier | Role::Plain);
        policy
            .columns
            .iter()
            .any(|c| c.kind == kind && personal(c.role))
    };
    let own = &policy.canaries;
    let mut notes = Vec::new();
    if holds(Kind::Phone) && own.phones.is_empty() {
        notes.push(
            "canaries' phone numbers are made up from prefixes in the table, so one may ring at a stranger's: name numbers that you own \
             in the policy (`[canaries] phones = \"FILE\"`)"
                .to_string(),
        );
    }
    if holds(Kind::Email) && own.mails.is_empty() {
        notes.push(
            "canaries' mail addresses are made up from names and domains in the table, so one may be a stranger's: name addresses that \
             you own in the policy (`[canaries] mails = \"FILE\"`)"
                .to_string(),
        );
    }
    notes
}
