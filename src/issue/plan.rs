//! What an issue will do, told before anything is done.

use std::path::PathBuf;

use super::{Issue, renamed};
use crate::mark;
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
    /// The export that the table was derived from.
    pub parent: Option<String>,
}

impl Issue<'_> {
    /// What will happen.
    pub fn plan(&self) -> Plan {
        let mut notes = self.frame.drift.clone();
        // a ledger that cannot be read any more is the run's to say
        notes.extend(
            renamed::notes(&self.vault.ledger, &self.request.recipients).unwrap_or_default(),
        );
        let unmarked = self.records.handles.iter().filter(|h| h.is_none()).count();
        if unmarked > 0 {
            notes.push(format!(
                "{unmarked} rows have no identifier and carry no marks"
            ));
        }
        if mark::order::applies(&self.frame.policy) && self.turns.sites() == 0 {
            notes.push(
                "the table's own order leaves no two neighbouring rows free, so their order tells nothing"
                    .to_string(),
            );
        }
        let canaries = self.gets_canaries();
        if canaries && self.source.table.rows() < crate::policy::infer::CANARIES_FROM {
            notes.push("invented people in a list that is acted on row by row do harm: make sure that nobody acts on this one".to_string());
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
                .request
                .recipients
                .iter()
                .cloned()
                .zip(self.paths.iter().cloned())
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
