//! What each export could have given: its records among the linked ones, its canaries among the leaked identifiers.

use std::collections::HashMap;

use super::canaries::{AccidentBound, Sought};
use super::holdings::Holdings;
use super::known::Known;
use super::link::Present;
use crate::code::Handle;

/// How many leaked rows were linked to each record.
pub type LinkedRows = HashMap<Handle, u32>;

/// Leaked rows whose record a table held, by table id.
pub fn linked_by_table(
    holdings: &Holdings,
    known: &Known,
    linked: &LinkedRows,
) -> HashMap<String, usize> {
    let mut rows: HashMap<&str, usize> = holdings.tables().map(|table| (table, 0)).collect();
    for (handle, n) in linked {
        for (table, _) in holdings.of(known, *handle) {
            *rows.entry(table).or_default() += *n as usize;
        }
    }
    rows.into_iter()
        .map(|(table, rows)| (table.to_string(), rows))
        .collect()
}

/// One recipient's canaries, each once however many months held it.
#[derive(Clone, Debug, Default)]
pub struct CanaryHits {
    /// (donor, met, chance of meeting it by accident), one entry an export that held it.
    raw: Vec<(u64, bool, f64)>,
}

impl CanaryHits {
    /// Every canary that the leak could have shown, once: met where any month's identity was met, at the greatest accident bound.
    pub fn sought(&self) -> Vec<Sought> {
        let mut raw = self.raw.clone();
        raw.sort_by(|a, b| a.0.cmp(&b.0).then(b.2.total_cmp(&a.2)));
        raw.chunk_by(|a, b| a.0 == b.0)
            .map(|same| Sought {
                met: same.iter().any(|c| c.1),
                accident: AccidentBound::new(same[0].2),
            })
            .collect()
    }
}

/// (canaries met, canaries issued) of each export, and the hits of each recipient; both by id.
pub struct AllHits {
    /// By export id.
    pub exports: HashMap<String, (usize, usize)>,
    /// By recipient id.
    pub recipients: HashMap<[u8; 16], CanaryHits>,
}

/// Looks for the canaries of every export of a register. A canary is met where the leak holds all its identifiers of the columns
/// that the leak has; the chance of that by accident is at most the product, over those columns, of the leak's distinct values
/// with the canary's stem over the free values it was drawn from.
pub fn find_canaries(holdings: &Holdings, present: &[Option<Present>], all: &mut AllHits) {
    for copy in holdings.copies() {
        let index = &copy.canaries;
        let columns = index.identifier_columns.max(1);
        let hits = all.recipients.entry(copy.recipient).or_default();
        let mut met_here = 0;
        for (at, donor) in index.donors.iter().enumerate() {
            let mut sought = false;
            let mut met = true;
            let mut accident = 1.0;
            for (column, present) in present.iter().enumerate().take(columns) {
                let place = at * columns + column;
                let (full, stem, ways) = (index.full[place], index.stems[place], index.ways[place]);
                let Some(present) = present.as_ref().filter(|_| full != 0) else {
                    continue;
                };
                sought = true;
                met &= present.holds(full);
                if ways > 0 {
                    accident *= (f64::from(present.with_stem(stem)) / f64::from(ways)).min(1.0);
                }
            }
            if sought {
                met_here += usize::from(met);
                hits.raw.push((*donor, met, accident));
            }
        }
        all.exports
            .insert(copy.export.clone(), (met_here, index.len()));
    }
}
