//! Which record each row is: handles found again in the register's earlier tables, or given now.

mod plan;

use std::collections::HashSet;
use std::ops::Range;

pub use self::plan::Plan;
use super::history::History;
use crate::canary::Taken;
use crate::code::Handle;
use crate::digests::{DigestMap, DigestSet, map_for};
use crate::key::{BlockKey, DigestKeys};
use crate::ledger::{NO_RECORD, RecordIndex, TableRows};
use crate::mark::plan::Planner;
use crate::mark::shape::{IdentifierColumn, Shape};
use crate::mark::{Record, Variants};
use crate::parallel;
use crate::policy::Kind;
use crate::table::Table;

/// The rows of a table as records.
pub struct Records {
    /// One a row; none where nothing identifies it.
    pub handles: Vec<Option<Handle>>,
    /// Records that are new or changed.
    pub new: RecordIndex,
    /// One register-wide ordinal a row, and what all copies have in common.
    pub rows: TableRows,
    /// Every row's slots and the texts of its variants.
    pub plan: Plan,
    /// Identifiers in use, in this table and before.
    pub taken: Taken,
    /// Rows that are shared canaries, which only copies hold.
    pub came_back: usize,
    /// Rows that were in an earlier table, and how many of their readable sites show what only a copy would say.
    pub known_rows: usize,
    /// Sites of changed records that could be compared, and how many stand on a variant other than 0.
    pub moved: (usize, usize),
}

/// The digests of all rows' identifiers and plain cells.
struct Digests {
    identifiers: Vec<u64>,
    forms: usize,
    plain: Vec<u32>,
    plains: usize,
}

impl Digests {
    fn ids(&self, row: usize) -> &[u64] {
        &self.identifiers[row * self.forms..(row + 1) * self.forms]
    }

    fn plain_of(&self, row: usize) -> &[u32] {
        &self.plain[row * self.plains..(row + 1) * self.plains]
    }
}

/// Some rows' variants: texts for copies, digests for the ledger.
struct Marked {
    plan: Plan,
    /// Only `bits` and `variants` are filled.
    index: RecordIndex,
    ends: Vec<usize>,
}

/// One row's slots and digests.
struct MarkedRow<'a> {
    bits: &'a [u8],
    variants: &'a [u32],
}

impl Marked {
    fn rows(&self) -> impl Iterator<Item = MarkedRow<'_>> {
        let groups = self.index.layout.groups();
        self.ends.iter().enumerate().map(move |(row, end)| {
            let start = if row == 0 { 0 } else { self.ends[row - 1] };
            MarkedRow {
                bits: &self.index.bits[row * groups..(row + 1) * groups],
                variants: &self.index.variants[start..*end],
            }
        })
    }
}

/// Fewer rows than this are not worth another core.
const ROWS_A_JOB: usize = 1_000;

/// Rows whose variants are held apart from the plan, before they are entered into it.
const ROWS_AT_ONCE: usize = 1 << 17;

/// How sure an identifier is, surest first.
fn strength(kind: Kind) -> u8 {
    match kind {
        Kind::NationalId => 0,
        Kind::Code | Kind::Email => 1,
        Kind::Phone => 2,
        _ => 3,
    }
}

/// Reads a table's rows as records of its register.
pub struct Reader<'a> {
    /// The register's shape.
    pub shape: &'a Shape,
    /// Its planner.
    pub planner: &'a Planner,
    /// Keys of handles and digests.
    pub keys: &'a DigestKeys,
    /// Keyed directions.
    pub directions: &'a BlockKey,
    /// The register's number or name, under which handles are made.
    pub register: &'a [u8],
}

impl Reader<'_> {
    /// The rows of `table`, whose register columns stand at `places`.
    pub fn read(&self, table: &Table, places: &[Option<usize>], history: &History) -> Records {
        let digests = self.digests(table, places);
        let handles = self.handles(table.rows(), &digests, history);
        // counting them takes room, which the records do not take yet
        let taken = self.taken(history, &digests);
        let mut records = self.enter(table, places, history, handles, &digests);
        records.taken = taken;
        records.came_back = self.came_back(history, &digests);
        records
    }

    /// As [`Reader::read`], where it is known already which record each row is. Nothing is entered as taken.
    pub fn read_as(
        &self,
        table: &Table,
        places: &[Option<usize>],
        history: &History,
        handles: Vec<Option<Handle>>,
    ) -> Records {
        let digests = self.digests(table, places);
        self.enter(table, places, history, handles, &digests)
    }

    fn digests(&self, table: &Table, places: &[Option<usize>]) -> Digests {
        let parts = parallel::ranges(table.rows(), ROWS_A_JOB);
        let digested = parallel::map(parts.len(), |part| {
            self.digest(table, places, parts[part].clone())
        });
        let (forms, plains) = (self.shape.layout().identifier_forms, self.shape.plain.len());
        let mut all = Digests {
            identifiers: Vec::with_capacity(table.rows() * forms),
            forms,
            plain: Vec::with_capacity(table.rows() * plains),
            plains,
        };
        for (identifiers, plain) in digested {
            all.identifiers.extend_from_slice(&identifiers);
            all.plain.extend_from_slice(&plain);
        }
        all
    }

    fn enter(
        &self,
        table: &Table,
        places: &[Option<usize>],
        history: &History,
        handles: Vec<Option<Handle>>,
        digests: &Digests,
    ) -> Records {
        let rows = table.rows();
        let (forms, plains) = (digests.forms, digests.plains);
        let ids = |row: usize| digests.ids(row);
        let plain_of = |row: usize| digests.plain_of(row);
        let mut out = Records {
            handles: Vec::new(),
            new: RecordIndex::new(self.shape.layout()),
            rows: TableRows {
                membership: vec![NO_RECORD; rows],
                ..TableRows::default()
            },
            plan: Plan::new(self.shape),
            taken: Taken::default(),
            came_back: 0,
            known_rows: 0,
            moved: (0, 0),
        };
        let ranges = history.index.variant_ranges();
        // of handles that several rows have, the new records and where their variants stand
        let mut twins: DigestMap<Vec<(u32, usize)>, Handle> = repeated(&handles)
            .map(|handle| (handle, Vec::new()))
            .collect();
        out.new.handles.reserve(rows);
        out.new.identifiers.reserve(rows * forms);
        out.new.plain.reserve(rows * plains);
        let batches = (0..rows).step_by(ROWS_AT_ONCE);
        let marked = batches.flat_map(|start| {
            let batch = start..rows.min(start + ROWS_AT_ONCE);
            self.marked(table, places, batch, &handles)
        });
        let mut first = 0;
        for part in marked {
            out.plan.append(&part.plan);
            for (row, now) in (first..).zip(part.rows()) {
                let Some(handle) = handles[row] else {
                    continue;
                };
                let versions = history.versions.get(&handle);
                out.known_rows += usize::from(versions.is_some());
                let known = versions.into_iter().flatten().find(|ordinal| {
                    let at = **ordinal as usize;
                    history.index.identifiers_of(at) == ids(row)
                        && history.index.plain_of(at) == plain_of(row)
                        && history.index.bits_of(at) == now.bits
                        && history.index.variants
                            [record_range(&ranges, at, self.shape.groups.len())]
                            == *now.variants
                });
                if let Some(ordinal) = known {
                    out.rows.membership[row] = *ordinal;
                    continue;
                }
                if let Some(last) = versions.and_then(|v| v.last()) {
                    let (compared, moved) =
                        self.moved(&history.index, &ranges, *last as usize, &now);
                    out.moved = (out.moved.0 + compared, out.moved.1 + moved);
                }
                let mut twins = twins.get_mut(&handle);
                let twin = twins
                    .iter()
                    .flat_map(|t| t.iter().rev())
                    .find(|(at, start)| {
                        let at = *at as usize;
                        out.new.identifiers_of(at) == ids(row)
                            && out.new.plain_of(at) == plain_of(row)
                            && out.new.bits_of(at) == now.bits
                            && out.new.variants[*start..].starts_with(now.variants)
                    });
                let at = match twin {
                    Some((at, _)) => *at,
                    None => {
                        let at = out.new.len() as u32;
                        if let Some(twins) = &mut twins {
                            twins.push((at, out.new.variants.len()));
                        }
                        out.new.handles.push(handle.0);
                        out.new.identifiers.extend_from_slice(ids(row));
                        out.new.plain.extend_from_slice(plain_of(row));
                        out.new.bits.extend_from_slice(now.bits);
                        out.new.variants.extend_from_slice(now.variants);
                        at
                    }
                };
                out.rows.membership[row] = history.len() as u32 + at;
            }
            first += part.ends.len();
        }
        out.handles = handles;
        out
    }

    /// The variants of some rows, in parts, in the order of the rows.
    fn marked(
        &self,
        table: &Table,
        places: &[Option<usize>],
        rows: Range<usize>,
        handles: &[Option<Handle>],
    ) -> Vec<Marked> {
        let parts = parallel::ranges(rows.len(), ROWS_A_JOB);
        parallel::map(parts.len(), |part| {
            let part = &parts[part];
            let part = rows.start + part.start..rows.start + part.end;
            self.mark(table, places, part, handles)
        })
    }

    /// The identifier and plain digests of some rows.
    fn digest(
        &self,
        table: &Table,
        places: &[Option<usize>],
        rows: Range<usize>,
    ) -> (Vec<u64>, Vec<u32>) {
        let (mut identifiers, mut plain) = (Vec::new(), Vec::new());
        for row in rows {
            let record = Record::new(table, row, places);
            self.shape
                .digest_identifiers(&record, self.keys, &mut identifiers);
            self.shape.digest_plain(&record, self.keys, &mut plain);
        }
        (identifiers, plain)
    }

    /// The variants of some rows and their digests.
    fn mark(
        &self,
        table: &Table,
        places: &[Option<usize>],
        rows: Range<usize>,
        handles: &[Option<Handle>],
    ) -> Marked {
        let mut out = Marked {
            plan: Plan::new(self.shape),
            index: RecordIndex::new(self.shape.layout()),
            ends: Vec::with_capacity(rows.len()),
        };
        let none = vec![Variants::default(); self.shape.groups.len()];
        let mut variants = Vec::new();
        for row in rows {
            match handles[row] {
                None => {
                    out.plan.push(&none);
                    out.index.bits.extend(none.iter().map(|n| n.bits));
                }
                Some(handle) => {
                    let record = Record::new(table, row, places);
                    self.planner
                        .variants(&record, handle, self.directions, &mut variants);
                    out.plan.push(&variants);
                    self.shape.digest_variants(
                        &record,
                        handle,
                        &variants,
                        self.keys,
                        &mut out.index,
                    );
                }
            }
            out.ends.push(out.index.variants.len());
        }
        out
    }

    /// (sites compared, sites that stand where only a copy would) of a changed record against its last version.
    fn moved(
        &self,
        index: &RecordIndex,
        ranges: &crate::ledger::VariantRanges,
        before: usize,
        now: &MarkedRow<'_>,
    ) -> (usize, usize) {
        let mut compared = 0;
        let mut moved = 0;
        let mut at = 0;
        for (g, group) in self.shape.groups.iter().enumerate() {
            let bits = now.bits[g];
            let here = now.variants.get(at).copied().unwrap_or(0);
            at += if bits == 0 {
                0
            } else {
                group.columns.len() << bits
            };
            let known = &index.variants[ranges.range(before, g)];
            let lead = known.len() / group.columns.len().max(1);
            // a value that stays has one digest twice, and tells nothing
            if bits > 0 && lead > 1 && known[0] != known[1] {
                compared += 1;
                moved += usize::from(known[1..lead].contains(&here));
            }
        }
        (compared, moved)
    }

    fn handles(&self, rows: usize, digests: &Digests, history: &History) -> Vec<Option<Handle>> {
        let ids = |row: usize| digests.ids(row);
        let plain = |row: usize| digests.plain_of(row);
        let mut by_strength: Vec<usize> = (0..self.shape.identifiers.len()).collect();
        by_strength.sort_by_key(|at| strength(self.shape.identifiers[*at].kind));
        let present = |row: usize| {
            by_strength
                .iter()
                .map(move |at| ids(row)[self.shape.identifiers[*at].first])
                .filter(|d| *d != 0)
        };
        let mut handles: Vec<Option<Handle>> = vec![None; rows];
        let mut claimed: DigestSet<Handle> = DigestSet::default();
        if !history.is_empty() {
            for (row, handle) in handles.iter_mut().enumerate() {
                *handle = present(row)
                    .next()
                    .and_then(|digest| history.by_identifier.get(&digest).copied());
                claimed.extend(*handle);
            }
        }
        let mut given: DigestMap<Handle> = map_for(rows);
        for (row, handle) in handles.iter_mut().enumerate().filter(|(_, h)| h.is_none()) {
            let Some(surest) = present(row).next() else {
                continue;
            };
            // the same new person twice, or one whose surest identifier was corrected while another survived
            let known = given.get(&surest).copied().or_else(|| {
                present(row).skip(1).find_map(|digest| {
                    let found = *history.by_identifier.get(&digest)?;
                    (!claimed.contains(&found) && history.agrees(found, plain(row)))
                        .then_some(found)
                })
            });
            let this = known.unwrap_or_else(|| self.new_handle(surest, history));
            claimed.insert(this);
            given.insert(surest, this);
            *handle = Some(this);
        }
        handles
    }

    /// A handle that no record of the register has.
    fn new_handle(&self, surest: u64, history: &History) -> Handle {
        let mut message = [self.register, &surest.to_le_bytes()].concat();
        loop {
            let handle = Handle(self.keys.handle.digest(0, &message));
            if !history.versions.contains_key(&handle) {
                return handle;
            }
            message.push(0);
        }
    }

    /// How many rows have every identifier of a shared canary.
    fn came_back(&self, history: &History, digests: &Digests) -> usize {
        let shared: HashSet<&[u64]> = history
            .shared
            .iter()
            .map(|at| history.index.identifiers_of(*at as usize))
            .collect();
        if shared.is_empty() {
            return 0;
        }
        let rows = digests.identifiers.chunks(digests.forms.max(1));
        rows.filter(|ids| shared.contains(ids)).count()
    }

    fn taken(&self, history: &History, digests: &Digests) -> Taken {
        let earlier = (0..history.len())
            .filter(|at| history.shared.binary_search(&(*at as u32)).is_err())
            .map(|at| history.index.identifiers_of(at));
        let here = digests.identifiers.chunks(digests.forms.max(1));
        let identifiers = &self.shape.identifiers;
        Taken::of(earlier.chain(here).flat_map(|digests| {
            let of = |id: &IdentifierColumn| (digests[id.first], digests[id.stem()]);
            identifiers.iter().map(of)
        }))
    }
}

/// The handles that several rows have.
fn repeated(handles: &[Option<Handle>]) -> impl Iterator<Item = Handle> {
    let mut all: Vec<u64> = handles.iter().flatten().map(|handle| handle.0).collect();
    all.sort_unstable();
    let mut found: Vec<u64> = Vec::new();
    found.extend(
        all.chunk_by(|a, b| a == b)
            .filter(|same| same.len() > 1)
            .map(|same| same[0]),
    );
    found.into_iter().map(Handle)
}

fn record_range(
    ranges: &crate::ledger::VariantRanges,
    record: usize,
    groups: usize,
) -> std::ops::Range<usize> {
    if groups == 0 {
        return 0..0;
    }
    ranges.range(record, 0).start..ranges.range(record, groups - 1).end
}
