//! What each export could have given: its records among the linked ones, its canaries among the leaked identifiers.

use std::collections::HashMap;

use super::canaries::{AccidentBound, Sought};
use super::holdings::{Holdings, IssuedCopy};
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
        let sorted;
        let raw = match self.raw.is_sorted_by_key(|c| c.0) {
            true => &self.raw,
            // canaries of several registers
            false => {
                let mut all = self.raw.clone();
                all.sort_by_key(|c| c.0);
                sorted = all;
                &sorted
            }
        };
        raw.chunk_by(|a, b| a.0 == b.0)
            .map(|same| Sought {
                met: same.iter().any(|c| c.1),
                accident: AccidentBound::new(same.iter().fold(0.0, |most, c| c.2.max(most))),
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
///
/// Identifiers that a real record of the register has by now meet nobody: where the leak holds a canary by such values alone, it
/// counts as not met. So it is met less often than the bound allows, never more, and the bound stands; to leave it out instead
/// would choose by the canary's own number, and add to the mean of the others.
pub fn find_canaries(holdings: &Holdings, present: &[Option<Present>], all: &mut AllHits) {
    let copies = holdings.copies();
    let mut met_in = vec![0; copies.len()];
    for canaries in holdings.canaries() {
        let mut hits = Vec::with_capacity(canaries.len());
        for (number, at) in canaries {
            let (number, at) = (*number as usize, *at as usize);
            let copy = &copies[number];
            if let Some((met, accident)) = seek(copy, at, present) {
                met_in[number] += usize::from(met);
                hits.push((copy.canaries.donors[at], met, accident));
            }
        }
        if let Some((number, _)) = canaries.first() {
            let recipient = copies[*number as usize].recipient;
            all.recipients
                .entry(recipient)
                .or_default()
                .raw
                .append(&mut hits);
        }
    }
    for (copy, met) in copies.iter().zip(met_in) {
        all.exports
            .insert(copy.export.clone(), (met, copy.canaries.len()));
    }
}

/// Whether a leak holds the canary at `at`, and the chance of that by accident; none where the leak has no column to look in.
fn seek(copy: &IssuedCopy, at: usize, present: &[Option<Present>]) -> Option<(bool, f64)> {
    let index = &copy.canaries;
    let columns = index.identifier_columns.max(1);
    let mut sought = false;
    let mut met = true;
    // whether anything that is met is the canary's alone
    let mut own = false;
    let mut accident = 1.0;
    for (column, present) in present.iter().enumerate().take(columns) {
        let place = at * columns + column;
        let (full, stem, ways) = (index.full[place], index.stems[place], index.ways[place]);
        let Some(present) = present.as_ref().filter(|_| full != 0) else {
            continue;
        };
        sought = true;
        met = met && present.holds(full);
        own = own || !copy.is_real(place);
        if ways > 0 {
            accident *= (f64::from(present.with_stem(stem)) / f64::from(ways)).min(1.0);
        }
        // further columns can only agree with that
        if !met && accident == 0.0 {
            break;
        }
    }
    sought.then_some((met && own, accident))
}
