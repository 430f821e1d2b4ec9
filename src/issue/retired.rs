//! Canaries that are retired: a real record has by now what was theirs.
//!
//! Such a canary goes into no later copy, since none is made that has anybody's number ([`crate::canary::Maker::make`]), and in a trace
//! it is never met by that number ([`crate::trace::copies`]). Here it is only found out and said, when the record comes.

use std::collections::{BTreeMap, HashSet};

use super::history::History;
use super::records::Records;
use crate::error::Result;
use crate::ledger::{Ledger, RecordIndex};
use crate::mark::shape::Shape;

/// A canary that met a real record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retired {
    /// The export that brought it first; none where copies share it.
    pub export: Option<String>,
    /// How many copies hold it; 0 where copies share it.
    pub copies: usize,
}

impl Retired {
    /// In words, without anything of the person's.
    pub fn words(&self) -> String {
        let which = match (&self.export, self.copies) {
            (None, _) => "a canary that copies share".to_string(),
            (Some(export), 1) => format!("a canary of the copy {export}"),
            (Some(export), copies) => {
                format!("a canary of {copies} copies ({export} was the first)")
            }
        };
        format!(
            "{which} met a real person of this table, who has its number: it is retired, goes into no later copy, and is not met in a trace \
             by what that person has"
        )
    }
}

/// The register's canaries that met a record which is new in a table.
pub fn find(
    ledger: &Ledger,
    register: i64,
    shape: &Shape,
    history: &History,
    records: &Records,
) -> Result<Vec<Retired>> {
    let new: HashSet<u64> = full(&records.new, shape, 0..records.new.len())
        .filter(|digest| !history.by_identifier.contains_key(digest))
        .collect();
    if new.is_empty() {
        return Ok(Vec::new());
    }
    // by recipient and donor, that is canary by canary
    let mut met: BTreeMap<([u8; 16], u64), Retired> = BTreeMap::new();
    ledger.for_each_canary_index(register, |export, index| {
        let canaries = index.full.chunks(index.identifier_columns.max(1));
        for (canary, donor) in canaries.zip(&index.donors) {
            if canary.iter().any(|digest| new.contains(digest)) {
                let retired = met.entry((export.recipient, *donor)).or_insert(Retired {
                    export: Some(export.id.clone()),
                    copies: 0,
                });
                retired.copies += 1;
            }
        }
        Ok(())
    })?;
    let shared = history.shared.iter().map(|ordinal| *ordinal as usize);
    let shared: HashSet<u64> = shared
        .filter(|at| full(&history.index, shape, *at..*at + 1).any(|d| new.contains(&d)))
        .filter_map(|at| history.index.handles.get(at).copied())
        .collect();
    let shared = shared.into_iter().map(|_| Retired {
        export: None,
        copies: 0,
    });
    Ok(met.into_values().chain(shared).collect())
}

/// The digests of whole identifiers of some records.
fn full<'r>(
    index: &'r RecordIndex,
    shape: &'r Shape,
    records: std::ops::Range<usize>,
) -> impl Iterator<Item = u64> + 'r {
    let of = move |at: usize| {
        let digests = index.identifiers_of(at);
        let ids = shape.identifiers.iter();
        ids.filter_map(move |id| digests.get(id.first).copied())
    };
    records.flat_map(of).filter(|digest| *digest != 0)
}
