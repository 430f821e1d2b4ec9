//! A whole trace: rows in, an outcome out.

use std::collections::HashMap;

use super::canaries;
use super::copies::{AllHits, CanaryHits, find_canaries, linked_by_table};
use super::evidence::{breakdown, log10_e};
use super::gather::{Gathered, Sheet, gather};
use super::holdings::Holdings;
use super::known::Known;
use super::mixture::{Mixture, ShareEstimate, divide};
use super::order::Orders;
use super::original;
use super::outcome::{
    CanaryEvidence, Candidate, ExportHit, LeakRow, Outcome, Overlap, Remark, StretchEvidence,
    StretchPlace,
};
use super::partitions;
use super::score::{Prepared, Scored, likeliest_run, row_evidence, score_all};
use super::stretches::{Family, Place};
use super::units::{Alpha, Log10E, Share};
use super::verdict::{Findings, decide, false_accusation_bound, name_threshold};
use crate::code::{Codeword, Handle, PRESENCE};
use crate::error::Result;
use crate::key::MasterKey;
use crate::ledger::{ExportEntry, Noted, Recipient};
use crate::parallel;
use crate::table::{Found, Table};
use crate::vault::Vault;

/// How many of the strongest are reported, named or not.
const CANDIDATES: usize = 10;

/// A vault, loaded once for any number of traces.
pub struct Tracer {
    pub(super) registers: Vec<Known>,
    pub(super) holdings: Vec<Holdings>,
    orders: Vec<Orders>,
    pub(super) recipients: Vec<Recipient>,
    pub(super) exports: Vec<ExportEntry>,
}

/// The evidence against one recipient.
struct Weighed {
    log10_e: Log10E,
    canaries: CanaryEvidence,
    /// The stretch that says most, with what it says after paying for the look.
    stretch: Option<(usize, Log10E)>,
}

/// A trace with what it was made of.
pub(super) struct Traced {
    pub(super) outcome: Outcome,
    pub(super) gathered: Gathered,
    /// The named, by number of recipient, strongest first.
    pub(super) named: Vec<usize>,
    /// The linked rows divided among the named.
    pub(super) mixture: Mixture,
}

fn remark(noted: Noted) -> Remark {
    Remark {
        at: noted.at,
        note: noted.note,
    }
}

impl Tracer {
    /// Loads every register of the vault.
    pub fn new(vault: &Vault) -> Result<Tracer> {
        let registers = vault
            .ledger
            .registers()?
            .into_iter()
            .map(|r| Known::load(&vault.ledger, r))
            .collect::<Result<Vec<Known>>>()?;
        let holdings = registers
            .iter()
            .map(|known| Holdings::load(&vault.ledger, known))
            .collect::<Result<Vec<Holdings>>>()?;
        let keys = vault.key.code_keys();
        let orders = registers
            .iter()
            .map(|known| Orders::load(&vault.ledger, known, &keys))
            .collect::<Result<Vec<Orders>>>()?;
        Ok(Tracer {
            registers,
            holdings,
            orders,
            recipients: vault.ledger.recipients()?,
            exports: vault.ledger.exports()?,
        })
    }

    /// How many recipients every trace scores.
    pub fn recipients(&self) -> usize {
        self.recipients.len()
    }

    /// Traces the tables of one leak together.
    pub fn trace(&self, vault: &Vault, tables: &[&Table], alpha: Alpha) -> Result<Outcome> {
        let sheets: Vec<Sheet<'_>> = tables.iter().map(|t| Sheet::bare(t)).collect();
        let traced = self.follow(parallel::cores(), &vault.key, &sheets, alpha);
        Ok(traced.outcome)
    }

    /// Traces the tables found in one leak together, on so many threads and with the key alone: the vault was loaded, so any
    /// number of leaks can be traced side by side. The outcome names sheets, and rows by their number in the file.
    pub fn trace_found(
        &self,
        threads: usize,
        key: &MasterKey,
        found: &[Found],
        alpha: Alpha,
    ) -> Outcome {
        let sheets: Vec<Sheet<'_>> = found.iter().map(Sheet::from).collect();
        self.follow(threads, key, &sheets, alpha).outcome
    }

    pub(super) fn follow(
        &self,
        threads: usize,
        key: &MasterKey,
        sheets: &[Sheet<'_>],
        alpha: Alpha,
    ) -> Traced {
        let gathered = gather(
            &self.registers,
            &self.orders,
            sheets,
            &key.digest_keys(),
            &key.code_keys(),
        );
        let tables: Vec<&Table> = sheets.iter().map(|s| s.table).collect();
        let family = partitions::family(&tables, &gathered.linked);
        let prepared = Prepared::with_stretches(&gathered.placed, &family);
        let n = self.recipients.len();
        let word = |at: usize| self.codeword(key, at);
        let scored = score_all(&prepared, n, word, threads);

        let mut hits = AllHits {
            exports: HashMap::new(),
            recipients: HashMap::new(),
        };
        for (holdings, present) in self.holdings.iter().zip(&gathered.present) {
            if present.iter().any(Option::is_some) {
                find_canaries(holdings, present, &mut hits);
            }
        }
        let (weighed, by_accident) = self.weigh(&scored, &family, &hits);
        let threshold = name_threshold(n, alpha);
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| weighed[*b].log10_e.0.total_cmp(&weighed[*a].log10_e.0));
        let named: Vec<usize> = order
            .iter()
            .copied()
            .filter(|at| weighed[*at].log10_e.0 >= threshold.0)
            .collect();

        let mut linked_by_tables: HashMap<String, usize> = HashMap::new();
        for (known, holdings) in self.registers.iter().zip(&self.holdings) {
            linked_by_tables.extend(linked_by_table(holdings, known, &gathered.linked_rows));
        }
        let rows: usize = tables.iter().map(|t| t.rows()).sum();
        let linked = gathered.linked.len();
        let words: Vec<Codeword> = named.iter().map(|at| word(*at)).collect();
        let (once, firsts) = gathered.rows.once();
        let mixture = divide(&row_evidence(&once, &words)).repeated(&firsts);
        let shares = of_all_rows(&mixture, linked as f64 / rows.max(1) as f64);
        let candidate = |at: usize, nth: Option<usize>| Candidate {
            recipient: self.recipients[at].name.clone(),
            log10_e: weighed[at].log10_e,
            bound: false_accusation_bound(weighed[at].log10_e, n),
            share: nth.map(|nth| shares[nth]),
            exports: self.export_hits(at, key, &gathered, &linked_by_tables, &hits),
            evidence: breakdown(&scored[at].whole),
            canaries: weighed[at].canaries,
            stretch: weighed[at].stretch.map(|(number, log10_e)| {
                let stretch = &family.stretches()[number];
                let of_rows = matches!(stretch.place, Place::Rows(..));
                let run = nth
                    .filter(|_| of_rows)
                    .map(|nth| likeliest_run(&gathered.rows, &words[nth]));
                let at = |number| leak_row(number, sheets, &gathered.linked);
                StretchEvidence {
                    place: placed(&stretch.place, sheets, &gathered.linked),
                    likeliest: run.map(|(from, to)| (at(from), at(to))),
                    rows: stretch.rows,
                    log10_e,
                }
            }),
        };
        let sources: Vec<Candidate> = named
            .iter()
            .enumerate()
            .map(|(nth, at)| candidate(*at, Some(nth)))
            .collect();
        let candidates = order
            .iter()
            .take(CANDIDATES)
            .map(|at| candidate(*at, named.iter().position(|n| n == at)))
            .collect();

        let readings = gathered.placed.readings();
        let original = original::test(&original::shown(readings));
        let findings = Findings {
            named: named.len(),
            original: &original,
            canaries_met: weighed.iter().map(|w| w.canaries.met).sum(),
            canaries_by_accident: by_accident,
            linked_rows: linked as u64,
            links_by_chance: gathered.by_chance,
        };
        let outcome = Outcome {
            verdict: decide(&findings),
            alpha,
            rows,
            linked,
            linked_by_chance: gathered.by_chance,
            recipients_scored: n,
            exports_scored: self.exports.len(),
            sites_read: readings.len(),
            contradicted: gathered.contradicted,
            threshold,
            unmarked: original
                .kinds
                .iter()
                .map(|k| k.log10_factor)
                .reduce(|a, b| if b > a { b } else { a }),
            sources,
            candidates,
            overlap: self.overlap(&linked_by_tables),
            columns: gathered.column_names(&self.registers),
            alike: gathered.alike,
            stretches_weighed: family.stretches().len(),
        };
        Traced {
            outcome,
            gathered,
            named,
            mixture,
        }
    }

    /// A recipient's codeword.
    pub(super) fn codeword(&self, key: &MasterKey, recipient: usize) -> Codeword {
        Codeword::new(key.codeword_key(&self.recipients[recipient].id))
    }

    /// The evidence against everybody: sites over the whole leak and over stretches, times canaries. Beside it, how many canaries
    /// would be met by accident.
    fn weigh(&self, scored: &[Scored], family: &Family, hits: &AllHits) -> (Vec<Weighed>, f64) {
        let none = CanaryHits::default();
        let all = parallel::map(scored.len(), |at| {
            let id = &self.recipients[at].id;
            let sought = hits.recipients.get(id).unwrap_or(&none).sought();
            let canaries = CanaryEvidence {
                sought: sought.len(),
                met: sought.iter().filter(|s| s.met).count(),
                log10_e: canaries::log10_e(&sought),
            };
            let whole = log10_e(&scored[at].whole);
            let parts: Vec<(usize, Log10E)> = scored[at]
                .stretches
                .iter()
                .map(|(number, counts)| (*number, log10_e(counts)))
                .collect();
            let weighed = Weighed {
                log10_e: family.combine(whole, &parts).times(canaries.log10_e),
                canaries,
                stretch: family.best(whole, &parts),
            };
            let by_accident: f64 = sought.iter().map(|s| s.accident.fraction()).sum();
            (weighed, by_accident)
        });
        let by_accident = all.iter().map(|(_, n)| n).sum();
        (all.into_iter().map(|(w, _)| w).collect(), by_accident)
    }

    fn export_hits(
        &self,
        recipient: usize,
        key: &MasterKey,
        gathered: &Gathered,
        linked: &HashMap<String, usize>,
        hits: &AllHits,
    ) -> Vec<ExportHit> {
        let id = self.recipients[recipient].id;
        self.exports
            .iter()
            .filter(|e| e.recipient == id)
            .filter_map(|e| {
                let linked = linked.get(&e.table).copied().unwrap_or(0);
                let canaries_issued = e.canaries as usize;
                let own = hits.exports.get(&e.id).copied();
                let (mut canaries_found, own) = own.unwrap_or((0, canaries_issued));
                if canaries_issued > own {
                    canaries_found += self.shared_met(recipient, key, gathered, &e.table);
                }
                (linked > 0 || canaries_found > 0).then(|| ExportHit {
                    export: e.id.clone(),
                    table: self.label(&e.table),
                    created: e.created,
                    linked,
                    canaries_found,
                    canaries_issued,
                    parent: e.parent.clone(),
                    withdrawn: e.withdrawn.clone().map(remark),
                    destroyed: e.destroyed.clone().map(remark),
                })
            })
            .collect()
    }

    /// How many shared canaries of a table, of those that the recipient's copies hold, were linked.
    fn shared_met(
        &self,
        recipient: usize,
        key: &MasterKey,
        gathered: &Gathered,
        table: &str,
    ) -> usize {
        let (word, biases) = (self.codeword(key, recipient), key.code_keys());
        let held = |known: &Known, handle: Handle| {
            let bias = known.code().bias_at(&biases, handle, PRESENCE);
            gathered.linked_rows.contains_key(&handle) && word.bit(handle, PRESENCE, bias)
        };
        self.registers
            .iter()
            .map(|known| {
                let shared = known.shared_of(table);
                shared.filter(|handle| held(known, *handle)).count()
            })
            .sum()
    }

    pub(super) fn label(&self, table: &str) -> String {
        let tables = self.registers.iter().flat_map(|r| &r.tables);
        tables
            .filter(|t| t.id == table)
            .map(|t| t.label.clone())
            .next()
            .unwrap_or_default()
    }

    fn overlap(&self, linked: &HashMap<String, usize>) -> Vec<Overlap> {
        let names: HashMap<[u8; 16], &str> = self
            .recipients
            .iter()
            .map(|r| (r.id, r.name.as_str()))
            .collect();
        let mut out: Vec<Overlap> = linked
            .iter()
            .filter(|(_, n)| **n > 0)
            .map(|(table, n)| {
                let mut recipients: Vec<String> = self
                    .exports
                    .iter()
                    .filter(|e| e.table == *table)
                    .filter_map(|e| names.get(&e.recipient))
                    .map(|n| n.to_string())
                    .collect();
                recipients.sort();
                recipients.dedup();
                Overlap {
                    table: self.label(table),
                    linked: *n,
                    recipients,
                }
            })
            .collect();
        out.sort_by(|a, b| b.linked.cmp(&a.linked).then(a.table.cmp(&b.table)));
        out
    }
}

/// Shares of the linked rows as shares of all, of which they are `part`.
fn of_all_rows(mixture: &Mixture, part: f64) -> Vec<ShareEstimate> {
    let scaled = |share: Share| Share(share.0 * part);
    mixture
        .sources
        .iter()
        .map(|s| ShareEstimate {
            share: scaled(s.share),
            low: scaled(s.low),
            high: scaled(s.high),
        })
        .collect()
}

/// A linked row as the leak's reader finds it.
fn leak_row(number: usize, sheets: &[Sheet<'_>], linked: &[(u32, u32)]) -> LeakRow {
    let (table, row) = linked.get(number).copied().unwrap_or_default();
    let (table, row) = (table as usize, row as usize);
    let sheet = sheets.get(table);
    LeakRow {
        table,
        sheet: sheet.and_then(|s| s.name).map(str::to_string),
        row: sheet.map_or(0, |s| s.row(row)),
    }
}

/// A stretch's place as the leak's reader finds it.
fn placed(place: &Place, sheets: &[Sheet<'_>], linked: &[(u32, u32)]) -> StretchPlace {
    match place {
        Place::Table(table) => {
            let name = sheets.get(*table).and_then(|s| s.name);
            StretchPlace::Table(*table, name.map(str::to_string))
        }
        Place::Rows(from, to) => StretchPlace::Rows(
            leak_row(*from, sheets, linked),
            leak_row(*to, sheets, linked),
        ),
        Place::Value { column, value } => StretchPlace::Value {
            column: column.clone(),
            value: value.clone(),
        },
    }
}
