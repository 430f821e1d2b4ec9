//! What a trace can say of each leaked row by itself: its record, what it was linked by, the likeliest source and what its marks
//! read. Results only, for reports; computed when it is asked for.

use std::collections::HashMap;

use super::columns::Target;
use super::fate::{Fate, LinkedBy, Why};
use super::gather::{Gathered, Sheet, column_name, why_unlinked};
use super::outcome::Outcome;
use super::run::{Traced, Tracer};
use super::units::Alpha;
use crate::code::{Handle, SiteKind};
use crate::digests::DigestMap;
use crate::key::{DigestKeys, MasterKey};
use crate::ledger::NO_RECORD;
use crate::mark::identify;
use crate::mark::normal::Form;
use crate::table::Found;

/// A leak, row by row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RowReport {
    /// The named sources, strongest first.
    pub sources: Vec<String>,
    /// Labels of the tables in which records stand.
    pub tables: Vec<String>,
    /// Names of the columns that were read.
    pub columns: Vec<String>,
    /// Every row of the leak, table by table.
    pub rows: Vec<RowFinding>,
}

/// One leaked row.
#[derive(Clone, Debug, PartialEq)]
pub struct RowFinding {
    /// The number of its table in the leak, from 0.
    pub table: usize,
    /// Its number in that table, from 0.
    pub row: usize,
    /// Whether it belongs to a record, and by what.
    pub fate: RowFate,
    /// The recipients whose made-up record it is, by name; empty for others.
    pub canary_of: Vec<String>,
    /// The likeliest source among the named and all others together; none where nobody is named, or the row was not linked.
    pub likeliest: Option<Likeliest>,
    /// What its marks read, by column.
    pub readings: Vec<ColumnReadings>,
}

/// Whether a row belongs to a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RowFate {
    /// It was linked by this, to the record that stands here; none where no table of the ledger holds the record any more.
    Linked(LinkedBy, Option<RecordPlace>),
    /// It was linked by this, to a made-up record that several copies hold.
    Shared(LinkedBy),
    /// It was not, for this reason.
    Unlinked(Why),
}

/// Where a record stands in a table as it was issued: rows of data, without title and header. Made-up records stand between real
/// ones in each copy, so the row's number in a recipient's own file is somewhat larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordPlace {
    /// Number in [`RowReport::tables`].
    pub table: usize,
    /// The row, from 1.
    pub row: u32,
}

/// Where a row came from, as far as its own marks, its neighbours' and the shares of all tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Likeliest {
    /// Number in [`RowReport::sources`]; none for others.
    pub source: Option<usize>,
    /// The chance of that.
    pub chance: f64,
}

/// The marks of one column in one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColumnReadings {
    /// Number in [`RowReport::columns`].
    pub column: usize,
    /// Marks that could be read.
    pub read: u16,
    /// Those that read as in the likeliest source's copy; none where that is nobody named.
    pub agree: Option<u16>,
}

/// Where the linked records stand.
struct Places {
    labels: Vec<String>,
    /// By table: its id, and how many linked records it holds.
    tables: Vec<(String, usize)>,
    by_handle: DigestMap<Vec<RecordPlace>>,
}

impl Places {
    fn of(&self, handle: Handle) -> &[RecordPlace] {
        self.by_handle.get(&handle.0).map_or(&[], Vec::as_slice)
    }
}

/// A canary whose identifiers the leak holds.
struct Met {
    register: usize,
    owner: String,
    full: Vec<u64>,
    tells: Vec<bool>,
}

impl Tracer {
    /// As [`Tracer::trace_found`], and says of each row what can be said.
    pub fn trace_rows(
        &self,
        threads: usize,
        key: &MasterKey,
        found: &[Found],
        alpha: Alpha,
    ) -> (Outcome, RowReport) {
        let sheets: Vec<Sheet<'_>> = found.iter().map(Sheet::from).collect();
        let traced = self.follow(threads, key, &sheets, alpha);
        let places = self.places(&traced.gathered);
        let met = self.canaries_met(&traced.gathered);
        let rows = self.rows(key, &sheets, &traced, &places, &met);
        (traced.outcome, rows)
    }

    fn places(&self, gathered: &Gathered) -> Places {
        let mut places = Places {
            labels: Vec::new(),
            tables: Vec::new(),
            by_handle: DigestMap::default(),
        };
        for known in &self.registers {
            for (entry, rows) in known.tables.iter().zip(&known.table_rows) {
                let table = places.tables.len();
                let mut held = 0;
                for (row, ordinal) in rows.membership.iter().enumerate() {
                    let handle = known.index.handles.get(*ordinal as usize);
                    let Some(handle) = handle.filter(|_| *ordinal != NO_RECORD) else {
                        continue;
                    };
                    if gathered.linked_rows.contains_key(&Handle(*handle)) {
                        held += 1;
                        let row = row as u32 + 1;
                        let here = RecordPlace { table, row };
                        places.by_handle.entry(*handle).or_default().push(here);
                    }
                }
                places.tables.push((entry.id.clone(), held));
                places.labels.push(entry.label.clone());
            }
        }
        places
    }

    /// Canaries of which the leak holds every identifier that it has a column for.
    fn canaries_met(&self, gathered: &Gathered) -> Vec<Met> {
        let names: HashMap<[u8; 16], &str> = self
            .recipients
            .iter()
            .map(|r| (r.id, r.name.as_str()))
            .collect();
        let mut all = Vec::new();
        for (register, (holdings, present)) in
            self.holdings.iter().zip(&gathered.present).enumerate()
        {
            for copy in holdings.copies() {
                let index = &copy.canaries;
                let columns = index.identifier_columns.max(1);
                let canaries = index.full.chunks(columns).zip(index.ways.chunks(columns));
                for (full, ways) in canaries {
                    let mut sought = full
                        .iter()
                        .zip(present)
                        .filter_map(|(full, here)| here.as_ref().map(|here| (*full, here)))
                        .filter(|(full, _)| *full != 0)
                        .peekable();
                    if sought.peek().is_some() && sought.all(|(full, here)| here.holds(full)) {
                        let owner = names.get(&copy.recipient).copied().unwrap_or_default();
                        all.push(Met {
                            register,
                            owner: owner.to_string(),
                            full: full.to_vec(),
                            tells: ways.iter().map(|w| *w > 0).collect(),
                        });
                    }
                }
            }
        }
        all
    }

    fn rows(
        &self,
        key: &MasterKey,
        sheets: &[Sheet<'_>],
        traced: &Traced,
        places: &Places,
        met: &[Met],
    ) -> RowReport {
        let gathered = &traced.gathered;
        let words: Vec<_> = traced
            .named
            .iter()
            .map(|at| self.codeword(key, *at))
            .collect();
        let held: Vec<Vec<bool>> = traced
            .named
            .iter()
            .map(|at| {
                let id = &self.recipients[*at].id;
                let got = |table: &str| {
                    self.exports
                        .iter()
                        .any(|e| e.recipient == *id && e.table == table)
                };
                places.tables.iter().map(|(table, _)| got(table)).collect()
            })
            .collect();
        let keys = key.digest_keys();
        let by_digest = by_digest(met);
        let mut report = RowReport {
            sources: traced
                .named
                .iter()
                .map(|at| self.recipients[*at].name.clone())
                .collect(),
            tables: places.labels.clone(),
            ..RowReport::default()
        };
        let mut readings_of = gathered.rows.rows();
        let mut linked = 0;
        for (table, (sheet, fates)) in sheets.iter().zip(&gathered.fates).enumerate() {
            for (row, fates) in fates.iter().enumerate() {
                let mut finding = RowFinding {
                    table,
                    row,
                    fate: RowFate::Unlinked(why_unlinked(fates)),
                    canary_of: Vec::new(),
                    likeliest: None,
                    readings: Vec::new(),
                };
                if fates.iter().all(|f| f.handle().is_none()) {
                    finding.canary_of =
                        self.owners(sheet, table, row, gathered, &keys, met, &by_digest);
                    report.rows.push(finding);
                    continue;
                }
                finding.likeliest = likeliest(traced, linked);
                let source = finding.likeliest.and_then(|l| l.source);
                let had = |p: &&RecordPlace| source.is_some_and(|s| held[s][p.table]);
                // where two registers have the person, the one of which the source had a copy
                let link = fates
                    .iter()
                    .enumerate()
                    .filter_map(|(register, fate)| match fate {
                        Fate::Linked(handle, by) => Some((register, *handle, *by)),
                        Fate::Unlinked(_) => None,
                    })
                    .max_by_key(|(register, handle, _)| {
                        let had = places.of(*handle).iter().any(|p| had(&p));
                        (had, std::cmp::Reverse(*register))
                    });
                let Some((register, handle, by)) = link else {
                    continue;
                };
                // a table that the source had, and of those the one that holds most of the leak
                let place = places.of(handle).iter().max_by_key(|p| {
                    let linked = places.tables[p.table].1;
                    (had(p), linked, std::cmp::Reverse(p.table))
                });
                finding.fate = match self.registers[register].is_shared(handle) {
                    true => RowFate::Shared(by),
                    false => RowFate::Linked(by, place.copied()),
                };
                for reading in readings_of
                    .next()
                    .unwrap_or(&[])
                    .iter()
                    // of no column is what the order of rows says, or that a made-up record is there
                    .filter(|r| r.handle == handle)
                    .filter(|r| !matches!(r.kind, SiteKind::Order | SiteKind::Shared))
                {
                    let column = self.column_of(
                        register,
                        table,
                        reading.slot,
                        gathered,
                        &mut report.columns,
                    );
                    let agree = source.map(|s| {
                        u16::from(words[s].bit(handle, reading.slot, reading.bias) == reading.value)
                    });
                    match finding.readings.iter_mut().find(|r| r.column == column) {
                        Some(there) => {
                            there.read += 1;
                            there.agree = there.agree.zip(agree).map(|(a, b)| a + b);
                        }
                        None => finding.readings.push(ColumnReadings {
                            column,
                            read: 1,
                            agree,
                        }),
                    }
                }
                linked += 1;
                report.rows.push(finding);
            }
        }
        report
    }

    /// The number of the column in which a slot was read, among those named so far.
    fn column_of(
        &self,
        register: usize,
        table: usize,
        slot: u16,
        gathered: &Gathered,
        names: &mut Vec<String>,
    ) -> usize {
        let known = &self.registers[register];
        let group = known
            .shape
            .groups
            .partition_point(|g| g.first_slot <= slot)
            .saturating_sub(1);
        let mapped = gathered.columns[register][table].iter().map(|m| m.target);
        let target = mapped
            .into_iter()
            .find(|t| matches!(t, Target::Carrier(g, _) if *g == group))
            .unwrap_or(Target::Carrier(group, 0));
        let name = column_name(known, target).unwrap_or_default();
        names.iter().position(|n| n == name).unwrap_or_else(|| {
            names.push(name.to_string());
            names.len() - 1
        })
    }

    /// Whose canary an unlinked row is: every identifier that both have is the same, and one of them was drawn for it.
    #[expect(
        clippy::too_many_arguments,
        reason = "a row, and all that it is compared with"
    )]
    fn owners(
        &self,
        sheet: &Sheet<'_>,
        table: usize,
        row: usize,
        gathered: &Gathered,
        keys: &DigestKeys,
        met: &[Met],
        by_digest: &DigestMap<Vec<usize>>,
    ) -> Vec<String> {
        let mut owners: Vec<String> = Vec::new();
        if by_digest.is_empty() {
            return owners;
        }
        let mut buffer = Vec::new();
        for (register, known) in self.registers.iter().enumerate() {
            let mut here: Vec<Vec<u64>> = vec![Vec::new(); known.shape.identifiers.len()];
            for mapped in &gathered.columns[register][table] {
                let Target::Identifier(at) = mapped.target else {
                    continue;
                };
                let kind = known.shape.identifiers[at].kind;
                let cell = sheet.table.cell(row, mapped.place);
                identify::wholes(kind, cell, &mut buffer, |whole| {
                    here[at].push(keys.identifier.digest(Form::Full.tag(kind), whole));
                });
            }
            let proposed = here
                .iter()
                .flatten()
                .filter_map(|digest| by_digest.get(digest))
                .flatten();
            for canary in proposed
                .map(|at| &met[*at])
                .filter(|c| c.register == register)
            {
                let mut both = canary
                    .full
                    .iter()
                    .zip(&here)
                    .zip(&canary.tells)
                    .filter(|((a, b), _)| **a != 0 && !b.is_empty());
                let told = both.clone().any(|(_, tells)| *tells);
                if told && both.all(|((a, b), _)| b.contains(a)) && !owners.contains(&canary.owner)
                {
                    owners.push(canary.owner.clone());
                }
            }
        }
        owners
    }
}

fn by_digest(met: &[Met]) -> DigestMap<Vec<usize>> {
    let mut out: DigestMap<Vec<usize>> = DigestMap::default();
    for (at, canary) in met.iter().enumerate() {
        for full in canary.full.iter().filter(|f| **f != 0) {
            out.entry(*full).or_default().push(at);
        }
    }
    out
}

fn likeliest(traced: &Traced, linked: usize) -> Option<Likeliest> {
    if traced.named.is_empty() {
        return None;
    }
    let chances = traced.mixture.row(linked).enumerate();
    let (at, chance) = chances.max_by(|a, b| a.1.0.total_cmp(&b.1.0))?;
    Some(Likeliest {
        source: (at < traced.named.len()).then_some(at),
        chance: chance.0,
    })
}
