//! A whole trace: rows in, an outcome out.

use std::collections::HashMap;

use super::copies::{AllHits, CanaryHits, LinkedRows, find_canaries, linked_by_table};
use super::evidence::{breakdown, log10_e};
use super::holdings::Holdings;
use super::known::Known;
use super::link::{Alike, Linked, Linker, Present};
use super::mixture::{ShareEstimate, divide};
use super::original;
use super::outcome::{CanaryEvidence, Candidate, ExportHit, Outcome, Overlap};
use super::reading::{LeakedRows, Readings};
use super::score::{Prepared, row_evidence, score_all};
use super::units::{Alpha, Log10E, Share};
use super::verdict::{Findings, decide, false_accusation_bound, name_threshold};
use super::{canaries, columns::Target};
use crate::code::Codeword;
use crate::error::Result;
use crate::key::MasterKey;
use crate::ledger::{ExportEntry, Recipient};
use crate::parallel;
use crate::table::{Found, Table};
use crate::vault::Vault;

/// How many of the strongest are reported, named or not.
const CANDIDATES: usize = 10;

/// A vault, loaded once for any number of traces.
pub struct Tracer {
    registers: Vec<Known>,
    holdings: Vec<Holdings>,
    recipients: Vec<Recipient>,
    exports: Vec<ExportEntry>,
}

/// What linking and reading made of a leak.
struct Read {
    readings: Readings,
    contradicted: usize,
    rows: LeakedRows,
    linked: usize,
    by_chance: f64,
    linked_rows: LinkedRows,
    present: Vec<Vec<Option<Present>>>,
    columns: Vec<(usize, String)>,
    alike: Alike,
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
        Ok(Tracer {
            registers,
            holdings,
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
        Ok(self.trace_on(parallel::cores(), &vault.key, tables, alpha))
    }

    /// Traces the tables found in one leak together, on so many threads and with the key alone: the vault was loaded, so any
    /// number of leaks can be traced side by side.
    pub fn trace_found_on(
        &self,
        threads: usize,
        key: &MasterKey,
        found: &[Found],
        alpha: Alpha,
    ) -> Outcome {
        let tables: Vec<&Table> = found.iter().map(|f| &f.table).collect();
        self.trace_on(threads, key, &tables, alpha)
    }

    fn trace_on(
        &self,
        threads: usize,
        key: &MasterKey,
        tables: &[&Table],
        alpha: Alpha,
    ) -> Outcome {
        let read = self.read(key, tables);
        let prepared = Prepared::new(&read.readings);
        let recipients = &self.recipients;
        let word = |at: usize| Codeword::new(key.codeword_key(&recipients[at].id));
        let counts = score_all(&prepared, self.recipients.len(), word, threads);

        let mut hits = AllHits {
            exports: HashMap::new(),
            recipients: HashMap::new(),
        };
        for (holdings, present) in self.holdings.iter().zip(&read.present) {
            if present.iter().any(Option::is_some) {
                find_canaries(holdings, present, &mut hits);
            }
        }
        let n = self.recipients.len();
        let threshold = name_threshold(n, alpha);
        let none = CanaryHits::default();
        let mut by_accident = 0.0;
        let weighed: Vec<(Log10E, CanaryEvidence)> = self
            .recipients
            .iter()
            .zip(&counts)
            .map(|(recipient, counts)| {
                let sought = hits.recipients.get(&recipient.id).unwrap_or(&none).sought();
                by_accident += sought.iter().map(|s| s.accident.fraction()).sum::<f64>();
                let found = CanaryEvidence {
                    sought: sought.len(),
                    met: sought.iter().filter(|s| s.met).count(),
                    log10_e: canaries::log10_e(&sought),
                };
                (log10_e(counts).times(found.log10_e), found)
            })
            .collect();
        let mut order: Vec<usize> = (0..n).collect();
        order.sort_by(|a, b| weighed[*b].0.0.total_cmp(&weighed[*a].0.0));
        let named: Vec<usize> = order
            .iter()
            .copied()
            .filter(|at| weighed[*at].0.0 >= threshold.0)
            .collect();

        let mut linked_by_tables: HashMap<String, usize> = HashMap::new();
        for (known, holdings) in self.registers.iter().zip(&self.holdings) {
            linked_by_tables.extend(linked_by_table(holdings, known, &read.linked_rows));
        }
        let rows: usize = tables.iter().map(|t| t.rows()).sum();
        let shares = self.shares(key, &read, &named, rows);
        let candidate = |at: usize, share: Option<ShareEstimate>| Candidate {
            recipient: self.recipients[at].name.clone(),
            log10_e: weighed[at].0,
            bound: false_accusation_bound(weighed[at].0, n),
            share,
            exports: self.export_hits(&self.recipients[at].id, &linked_by_tables, &hits),
            evidence: breakdown(&counts[at]),
            canaries: weighed[at].1,
        };
        let sources: Vec<Candidate> = named
            .iter()
            .zip(&shares)
            .map(|(at, share)| candidate(*at, Some(*share)))
            .collect();
        let candidates = order
            .iter()
            .take(CANDIDATES)
            .map(|at| candidate(*at, named.iter().position(|n| n == at).map(|i| shares[i])))
            .collect();

        let original = original::test(&original::shown(&read.readings));
        let findings = Findings {
            named: named.len(),
            original: &original,
            canaries_met: weighed.iter().map(|w| w.1.met).sum(),
            canaries_by_accident: by_accident,
            linked_rows: read.linked as u64,
            links_by_chance: read.by_chance,
        };
        Outcome {
            verdict: decide(&findings),
            alpha,
            rows,
            linked: read.linked,
            linked_by_chance: read.by_chance,
            recipients_scored: n,
            exports_scored: self.exports.len(),
            sites_read: read.readings.len(),
            contradicted: read.contradicted,
            threshold,
            unmarked: original
                .kinds
                .iter()
                .map(|k| k.log10_factor)
                .reduce(|a, b| if b > a { b } else { a }),
            sources,
            candidates,
            overlap: self.overlap(&linked_by_tables),
            columns: read.columns,
            alike: read.alike,
        }
    }

    /// Links and reads, with keys that no codeword follows from.
    fn read(&self, key: &MasterKey, tables: &[&Table]) -> Read {
        let (keys, biases) = (key.digest_keys(), key.code_keys());
        let mut raw = Vec::new();
        let mut out = Read {
            readings: Readings::default(),
            contradicted: 0,
            rows: LeakedRows::default(),
            linked: 0,
            by_chance: 0.0,
            linked_rows: LinkedRows::new(),
            present: Vec::new(),
            columns: Vec::new(),
            alike: Alike::default(),
        };
        let mut linked_anywhere: Vec<Vec<bool>> =
            tables.iter().map(|t| vec![false; t.rows()]).collect();
        for known in &self.registers {
            let linker = Linker {
                known,
                keys: &keys,
                biases: &biases,
            };
            let mut present: Vec<Option<Present>> = vec![None; known.shape.identifiers.len()];
            for (table, anywhere) in tables.iter().zip(&mut linked_anywhere) {
                let linked = linker.link(table);
                out.by_chance += linked.by_chance;
                out.alike = out.alike.and(linked.likeness.unwrap_or_default());
                for (row, fate) in linked.rows.iter().enumerate() {
                    if let Some(handle) = fate.handle() {
                        anywhere[row] = true;
                        *out.linked_rows.entry(handle).or_insert(0) += 1;
                    }
                }
                for (all, here) in present.iter_mut().zip(&linked.identifiers) {
                    if let Some(here) = here {
                        all.get_or_insert_default().merge(here);
                    }
                }
                for row in linked.readings.rows() {
                    out.rows.push(row.iter().copied());
                }
                raw.extend_from_slice(linked.readings.readings());
                self.name_columns(known, &linked, &mut out.columns);
            }
            out.present.push(present);
        }
        out.linked = linked_anywhere.iter().flatten().filter(|l| **l).count();
        let (readings, merged) = Readings::merge(raw);
        out.readings = readings;
        out.contradicted = merged.contradicted;
        out
    }

    fn name_columns(&self, known: &Known, linked: &Linked, out: &mut Vec<(usize, String)>) {
        for mapped in &linked.columns {
            let column = match mapped.target {
                Target::Identifier(at) => known.shape.identifiers[at].column,
                Target::Plain(at) => known.shape.plain[at].column,
                Target::Carrier(group, nth) => known.shape.groups[group].columns[nth].column,
            };
            if let Some(column) = known.policy.columns.get(column) {
                out.push((mapped.place + 1, column.name.clone()));
            }
        }
        out.sort();
        out.dedup();
    }

    /// What part of all leaked rows came from each of the named.
    fn shares(
        &self,
        key: &MasterKey,
        read: &Read,
        named: &[usize],
        rows: usize,
    ) -> Vec<ShareEstimate> {
        let words: Vec<Codeword> = named
            .iter()
            .map(|at| Codeword::new(key.codeword_key(&self.recipients[*at].id)))
            .collect();
        let mixture = divide(&row_evidence(&read.rows, &words));
        let part = read.linked as f64 / rows.max(1) as f64;
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

    fn export_hits(
        &self,
        recipient: &[u8; 16],
        linked: &HashMap<String, usize>,
        hits: &AllHits,
    ) -> Vec<ExportHit> {
        self.exports
            .iter()
            .filter(|e| e.recipient == *recipient)
            .filter_map(|e| {
                let linked = linked.get(&e.table).copied().unwrap_or(0);
                let (canaries_found, canaries_issued) = hits
                    .exports
                    .get(&e.id)
                    .copied()
                    .unwrap_or((0, e.canaries as usize));
                (linked > 0 || canaries_found > 0).then(|| ExportHit {
                    export: e.id.clone(),
                    table: self.label(&e.table),
                    created: e.created,
                    linked,
                    canaries_found,
                    canaries_issued,
                    parent: e.parent.clone(),
                })
            })
            .collect()
    }

    fn label(&self, table: &str) -> String {
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
