//! One recipient's copy: the plan under the recipient's codeword, canaries at their places, the table's order and numbering kept.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;

use super::records::Records;
use crate::canary::draws::{Draws, Purpose};
use crate::canary::{Canary, DonorRate, Identity, Maker, Sheet, donor_draw};
use crate::code::{BiasSet, Codeword, Handle};
use crate::key::{BlockKey, CodeKeys};
use crate::ledger::CanaryIndex;
use crate::mark::Record;
use crate::mark::constraint::Elapsed;
use crate::mark::shape::Shape;
use crate::policy::Role;
use crate::policy::order::{Rank, Ranker};
use crate::table::{Edits, Line, Replaced, Table};

/// Sort keys of a table, at most.
const KEYS: usize = 3;

/// A row's ranks in the sort keys, most significant first.
type Ranks = [Rank; KEYS];

/// One sort key.
struct Sorting<'a> {
    column: usize,
    place: usize,
    descending: bool,
    ranker: Ranker<'a>,
}

impl Sorting<'_> {
    fn rank(&self, cell: &str) -> Rank {
        let rank = self.ranker.rank(cell);
        if self.descending {
            rank.reversed()
        } else {
            rank
        }
    }
}

/// What all copies of one table share.
pub struct Printer<'a> {
    table: &'a Table,
    places: &'a [Option<usize>],
    records: &'a Records,
    shape: &'a Shape,
    maker: Maker<'a>,
    /// Every row's biases, one a slot that it holds, in group order.
    biases: Vec<u8>,
    bias_starts: Vec<u32>,
    sort: Vec<Sorting<'a>>,
    /// Every row's ranks in the source.
    ranks: Vec<Ranks>,
    sequences: Vec<(usize, i64)>,
    /// Counts of time that follow an altered date, with the columns that make them change.
    follow: Vec<Elapsed>,
}

/// How many canaries a copy gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wanted {
    /// One for each donor at this rate, and no fewer than `least` as far as there are donors.
    Rate {
        /// The chance that a record is a donor.
        rate: DonorRate,
        /// The fewest.
        least: usize,
    },
    /// Exactly so many, as far as there are donors.
    Exactly(usize),
}

/// A recipient's keys and earlier canaries.
pub struct Bearer {
    /// The recipient's codeword.
    pub codeword: Codeword,
    /// The recipient's canary key.
    pub canary_key: BlockKey,
    /// Who the recipient's canaries were in earlier copies.
    pub kept: HashMap<Handle, Identity>,
}

/// A copy, ready to be written.
pub struct Copy<'a> {
    /// What the source's writer must do.
    pub edits: Edits<'a>,
    /// The canaries in it.
    pub canaries: Vec<Canary>,
    /// Cells that differ from the source, numbering aside.
    pub cells_altered: usize,
}

impl<'a> Printer<'a> {
    /// Prepares what all copies of a table share.
    pub fn new(
        sheet: Sheet<'a>,
        records: &'a Records,
        shape: &'a Shape,
        maker: Maker<'a>,
        days: &HashMap<usize, Date>,
        keys: &CodeKeys,
    ) -> Printer<'a> {
        let Sheet {
            policy,
            table,
            places,
        } = sheet;
        let place_of = |name: &str| {
            let column = policy.columns.iter().position(|c| c.name == name)?;
            Some((column, places.get(column).copied().flatten()?))
        };
        let (biases, bias_starts) = biases(policy.code, records, shape, keys);
        let sort: Vec<Sorting<'_>> = policy
            .sort
            .iter()
            .filter_map(|key| {
                let (column, place) = place_of(&key.column)?;
                let ranker = Ranker::new(&policy.columns[column], table.column(place));
                Some(Sorting {
                    column,
                    place,
                    descending: key.descending,
                    ranker,
                })
            })
            .take(KEYS)
            .collect();
        let mut ranks = vec![Ranks::default(); table.rows()];
        for (key, by) in sort.iter().enumerate() {
            for (cell, ranks) in table.column(by.place).zip(&mut ranks) {
                ranks[key] = by.rank(cell);
            }
        }
        let sequences = policy
            .columns
            .iter()
            .filter(|c| c.role == Role::Sequence)
            .filter_map(|c| {
                let place = place_of(&c.name)?.1;
                Some((place, table.cell(0, place).trim().parse().ok()?))
            })
            .collect();
        let mut follow = Elapsed::all(policy, days);
        follow.retain(Elapsed::follows);
        Printer {
            table,
            places,
            records,
            shape,
            maker,
            biases,
            bias_starts,
            sort,
            ranks,
            sequences,
            follow,
        }
    }

    /// Slots in the table.
    pub fn sites(&self) -> usize {
        self.biases.len()
    }

    /// Identifier columns of the register.
    pub fn identifier_columns(&self) -> usize {
        self.shape.identifiers.len()
    }

    /// The copy of one recipient.
    pub fn copy(&'a self, bearer: &Bearer, wanted: Wanted) -> Copy<'a> {
        let canaries = self.canaries(bearer, wanted);
        let altered = self.altered(&bearer.codeword);
        let lines = self.lines(&altered, &canaries, bearer);
        let cells_altered = altered.len();
        let inserted = self.inserted(&canaries);
        let mut edits = Edits {
            lines,
            replaced: altered,
            inserted,
        };
        self.number(&mut edits);
        Copy {
            edits,
            canaries,
            cells_altered,
        }
    }

    fn altered(&'a self, codeword: &Codeword) -> Vec<Replaced<'a>> {
        let mut out = Vec::new();
        let records = self.records;
        let mut blocks: Vec<[u8; 16]> = Vec::new();
        let handles: Vec<u64> = records
            .handles
            .iter()
            .map(|h| h.map_or(0, |h| h.0))
            .collect();
        let last = self
            .shape
            .groups
            .iter()
            .map(|g| g.first_slot + 4)
            .max()
            .unwrap_or(0);
        let per_row = usize::from(last / 16) + 1;
        let mut all = vec![Vec::new(); per_row];
        for (block, out) in all.iter_mut().enumerate() {
            codeword.bytes(block as u64, &handles, &mut blocks);
            out.clone_from(&blocks);
        }
        for (row, start) in self.bias_starts.iter().enumerate() {
            let mut at = *start as usize;
            let before = out.len();
            for (g, group) in self.shape.groups.iter().enumerate() {
                let bits = records.plan.bits(row, g);
                let mut v = 0;
                for bit in 0..bits {
                    let slot = usize::from(group.first_slot) + usize::from(bit);
                    v |= usize::from(all[slot / 16][row][slot % 16] < self.biases[at]) << bit;
                    at += 1;
                }
                if v == 0 {
                    continue;
                }
                for (nth, column) in group.columns.iter().enumerate() {
                    let Some(place) = self.places.get(column.column).copied().flatten() else {
                        continue;
                    };
                    let text = records.plan.text(row, g, v, nth);
                    if text != self.table.cell(row, place) {
                        out.push(Replaced {
                            row: row as u32,
                            column: place as u32,
                            text: Cow::Borrowed(text),
                        });
                    }
                }
            }
            if out.len() > before {
                self.follow(row, before, &mut out);
                out[before..].sort_unstable_by_key(|r| r.column);
            }
        }
        out
    }

    /// Counts of time say what the row's altered dates make them; `out[before..]` is what is altered in the row so far.
    fn follow(&'a self, row: usize, before: usize, out: &mut Vec<Replaced<'a>>) {
        let record = Record::new(self.table, row, self.places);
        let place = |column: usize| self.places.get(column).copied().flatten().map(|p| p as u32);
        for rule in &self.follow {
            let touched = rule
                .columns()
                .any(|c| out[before..].iter().any(|r| Some(r.column) == place(c)));
            if !touched {
                continue;
            }
            let now = |column: usize| {
                let altered = out[before..]
                    .iter()
                    .find(|r| Some(r.column) == place(column));
                altered.map_or_else(|| record.cell(column), |r| &r.text)
            };
            if let (Some(text), Some(column)) =
                (rule.follow(|c| record.cell(c), now), place(rule.column()))
            {
                out.push(Replaced {
                    row: row as u32,
                    column,
                    text: Cow::Owned(text),
                });
            }
        }
    }

    fn canaries(&self, bearer: &Bearer, wanted: Wanted) -> Vec<Canary> {
        let mut donors: Vec<(u64, Handle, usize)> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        let (limit, least, most) = match wanted {
            Wanted::Rate { rate, least } => (rate.0, least, usize::MAX),
            Wanted::Exactly(n) => (u64::MAX, 0, n),
        };
        if most == 0 || (limit == 0 && least == 0) {
            return Vec::new();
        }
        for (row, handle) in self.records.handles.iter().enumerate() {
            let Some(handle) = *handle else { continue };
            let draw = donor_draw(&bearer.canary_key, handle);
            if (draw <= limit || least > 0) && seen.insert(handle) {
                donors.push((draw, handle, row));
            }
        }
        // those that the recipient knows already come first: nobody new may take their numbers
        donors.sort_unstable_by_key(|(draw, handle, _)| (!bearer.kept.contains_key(handle), *draw));
        let mut copy = self.maker.begin(&bearer.kept);
        let mut out = Vec::new();
        for (draw, handle, row) in donors {
            if out.len() >= most || (draw > limit && out.len() >= least) {
                break;
            }
            out.extend(self.maker.make(
                &bearer.canary_key,
                handle,
                row,
                bearer.kept.get(&handle),
                &mut copy,
            ));
        }
        out
    }

    /// The copy's lines in the table's own order; a canary stands anywhere among its equals.
    fn lines(&self, altered: &[Replaced<'_>], canaries: &[Canary], bearer: &Bearer) -> Vec<Line> {
        // twice the row's number, so that a canary's place is an odd number between two rows
        let kept = self.ranks.iter().enumerate();
        let mut items: Vec<(Ranks, u64, Line)> = kept
            .map(|(row, ranks)| (*ranks, 2 * row as u64 + 1, Line::Kept(row as u32)))
            .collect();
        for (key, by) in self.sort.iter().enumerate() {
            for r in altered.iter().filter(|r| r.column as usize == by.place) {
                items[r.row as usize].0[key] = by.rank(&r.text);
            }
        }
        for (at, canary) in canaries.iter().enumerate() {
            let mut ranks = Ranks::default();
            for (rank, by) in ranks.iter_mut().zip(&self.sort) {
                *rank = by.rank(&canary.cells[by.column]);
            }
            let mut draws = Draws::new(&bearer.canary_key, canary.donor, Purpose::Place);
            // the source is in order, so its own ranks can be searched; in a table without order all rows are equal
            let first = self.ranks.partition_point(|r| *r < ranks);
            let behind = self.ranks.partition_point(|r| *r <= ranks);
            let free = first..behind;
            let tie = match free.contains(&canary.behind) {
                true => canary.behind + 1,
                false => first + draws.below(behind - first + 1),
            };
            let tie = 2 * tie as u64;
            items.push((ranks, tie, Line::Inserted(at as u32)));
        }
        items.sort_by_key(|(ranks, tie, _)| (*ranks, *tie));
        items.into_iter().map(|(_, _, line)| line).collect()
    }

    fn inserted(&self, canaries: &[Canary]) -> Vec<Vec<String>> {
        canaries
            .iter()
            .map(|canary| {
                let mut cells = vec![String::new(); self.table.width()];
                for (column, place) in self.places.iter().enumerate() {
                    if let (Some(place), Some(text)) = (place, canary.cells.get(column)) {
                        cells[*place].clone_from(text);
                    }
                }
                cells
            })
            .collect()
    }

    /// Numbers the lines again where the table numbers its rows.
    fn number(&self, edits: &mut Edits<'_>) {
        for (place, first) in &self.sequences {
            let mut renumbered: Vec<Replaced<'_>> = Vec::with_capacity(edits.lines.len());
            for (line, number) in edits.lines.iter().zip(*first..) {
                match line {
                    Line::Inserted(at) => edits.inserted[*at as usize][*place] = number.to_string(),
                    Line::Kept(row) => {
                        let text = number.to_string();
                        if text != self.table.cell(*row as usize, *place).trim() {
                            renumbered.push(Replaced {
                                row: *row,
                                column: *place as u32,
                                text: Cow::Owned(text),
                            });
                        }
                    }
                }
            }
            edits.replaced.extend(renumbered);
        }
        if !self.sequences.is_empty() {
            edits.replaced.sort_by_key(|r| (r.row, r.column));
        }
    }
}

fn biases(set: BiasSet, records: &Records, shape: &Shape, keys: &CodeKeys) -> (Vec<u8>, Vec<u32>) {
    let mut biases = Vec::new();
    let mut starts = Vec::with_capacity(records.handles.len());
    for (row, handle) in records.handles.iter().enumerate() {
        starts.push(biases.len() as u32);
        let Some(handle) = *handle else { continue };
        for (g, group) in shape.groups.iter().enumerate() {
            for bit in 0..records.plan.bits(row, g) {
                biases.push(
                    set.bias_at(keys, handle, group.first_slot + u16::from(bit))
                        .0,
                );
            }
        }
    }
    (biases, starts)
}

/// The canaries' digests, as the ledger keeps them.
pub fn canary_index(canaries: &[Canary], identifier_columns: usize) -> CanaryIndex {
    let traits = || canaries.iter().flat_map(|c| c.traits.iter());
    CanaryIndex {
        identifier_columns,
        donors: canaries.iter().map(|c| c.donor.0).collect(),
        full: traits().map(|t| t.full).collect(),
        stems: traits().map(|t| t.stem).collect(),
        ways: traits().map(|t| t.ways).collect(),
    }
}
