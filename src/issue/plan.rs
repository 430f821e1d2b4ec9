//! What an issue will do, told before anything is done.

use std::path::PathBuf;

use super::again::Standing;
use super::by::Unassigned;
use super::lots::Lot;
use super::retired::Retired;
use super::{Issue, renamed};
use crate::policy::infer::CANARIES_FROM;
use crate::policy::{Kind, Policy, Role};

/// What will happen, before anything does.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
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
    /// Where each copy will go.
    pub copies: Vec<(String, PathBuf)>,
    /// How each of these copies stands, in the same order.
    pub standing: Vec<CopyPlan>,
    /// The column that rows are divided by, where they are.
    pub by: Option<String>,
    /// Rows that nobody gets, by value.
    pub nobody: Vec<Unassigned>,
    /// The export that the table was derived from.
    pub parent: Option<String>,
}

/// What is to become of one copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyPlan {
    /// Rows of the source in it.
    pub rows: usize,
    /// How it stands.
    pub standing: Standing,
}

impl Issue<'_> {
    /// What will happen.
    pub fn plan(&self) -> Plan {
        let mut notes = self.frame.drift.clone();
        // a ledger that cannot be read any more is the run's to say
        let names: Vec<String> = self.copies.iter().map(|c| c.recipient.clone()).collect();
        notes.extend(renamed::notes(&self.vault.ledger, &names).unwrap_or_default());
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
        if canaries {
            notes.extend(contact_notes(&self.frame.policy));
        }
        Plan {
            register: self.frame.name.clone(),
            new_register: self.frame.known.is_none(),
            summary: self.frame.summary(),
            notes,
            rows: self.source.table.rows(),
            sites: self.sites(),
            copies: self
                .copies
                .iter()
                .map(|copy| (copy.recipient.clone(), copy.path.clone()))
                .collect(),
            standing: self
                .copies
                .iter()
                .map(|copy| CopyPlan {
                    rows: self.lots[copy.lot].table.rows(),
                    standing: copy.standing.clone(),
                })
                .collect(),
            by: self.division.as_ref().map(|d| d.column.clone()),
            nobody: self
                .division
                .iter()
                .flat_map(|d| d.nobody.clone())
                .collect(),
            parent: self.parent.clone(),
        }
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
