//! One recipient's copy: the plan under the recipient's codeword, canaries at their places, the table's order and numbering kept.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use jiff::civil::Date;

use super::marked::Marked;
use super::order::Turns;
use super::records::Records;
use super::shared::Shared;
use crate::canary::draws::{Draws, Purpose};
use crate::canary::{Canary, DonorRate, Identity, Maker, Sheet, donor_draw};
use crate::code::{Codeword, Handle};
use crate::key::{BlockKey, CodeKeys};
use crate::ledger::CanaryIndex;
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

/// What was planned for a table's rows.
#[derive(Clone, Copy)]
pub struct Planned<'a> {
    /// Which record each row is, and its variants.
    pub records: &'a Records,
    /// The rows that change places.
    pub turns: &'a Turns,
    /// The register's shape.
    pub shape: &'a Shape,
    /// The whole source: with its first row begins all numbering.
    pub whole: &'a Table,
    /// What canaries must say to stand among these rows; none where they may say anything.
    pub within: Option<&'a Within>,
}

/// The values of one column that a recipient's rows have.
#[derive(Debug)]
pub struct Within {
    /// The register's column.
    pub column: usize,
    /// Its exact texts.
    pub texts: HashSet<String>,
}

impl Within {
    /// Whether a record with these cells, by the register's columns, is the recipient's.
    pub fn holds(&self, cells: &[String]) -> bool {
        cells
            .get(self.column)
            .is_some_and(|cell| self.texts.contains(cell))
    }
}

/// What all copies of one table share.
pub struct Printer<'a> {
    sheet: Sheet<'a>,
    records: &'a Records,
    turns: &'a Turns,
    shape: &'a Shape,
    keys: &'a CodeKeys,
    maker: Maker<'a>,
    rows: Marked<'a>,
    shared: Shared,
    sort: Vec<Sorting<'a>>,
    /// Every row's ranks in the source, key by key.
    ranks: Vec<Vec<Rank>>,
    sequences: Vec<(usize, i64)>,
    within: Option<&'a Within>,
    /// Counts of time that follow an altered date, with the columns that make them change.
    follow: Vec<Elapsed>,
}

/// How many canaries a copy gets.
#[derive(Clone, Debug, PartialEq)]
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
    /// Those of a copy that was made before, as its entry has them.
    Again {
        /// Their donors, in the copy's own order.
        donors: Vec<Handle>,
        /// Whether there were shared ones beside them.
        shared: bool,
    },
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

/// A row that the source has not.
struct Insert<'k> {
    /// Its cells, by the register's columns.
    cells: Vec<String>,
    donor: Handle,
    /// The source's row behind which it stands, where the table's order leaves that free.
    behind: usize,
    /// What draws its place among equals.
    key: &'k BlockKey,
}

/// A copy, ready to be written.
pub struct Copy<'a> {
    /// What the source's writer must do.
    pub edits: Edits<'a>,
    /// The canaries in it that are the recipient's alone.
    pub canaries: Vec<Canary>,
    /// How many shared ones it holds beside them.
    pub shared: usize,
    /// Cells that differ from the source, numbering aside.
    pub cells_altered: usize,
}

impl<'a> Printer<'a> {
    /// Prepares what all copies of a table share.
    pub fn new(
        sheet: Sheet<'a>,
        planned: Planned<'a>,
        maker: Maker<'a>,
        shared: Shared,
        days: &HashMap<usize, Date>,
        keys: &'a CodeKeys,
    ) -> Printer<'a> {
        let Sheet {
            policy,
            table,
            places,
        } = sheet;
        let Planned {
            records,
            turns,
            shape,
            whole,
            within,
        } = planned;
        let place_of = |name: &str| {
            let column = policy.columns.iter().position(|c| c.name == name)?;
            Some((column, places.get(column).copied().flatten()?))
        };
        let rows = Marked::new(table, places, records, shape, policy.code, keys);
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
        let ranked = |by: &Sorting<'_>| table.column(by.place).map(|cell| by.rank(cell)).collect();
        let ranks = sort.iter().map(ranked).collect();
        let sequences = policy
            .columns
            .iter()
            .filter(|c| c.role == Role::Sequence)
            .filter_map(|c| {
                let place = place_of(&c.name)?.1;
                Some((place, whole.cell(0, place).trim().parse().ok()?))
            })
            .collect();
        let mut follow = Elapsed::all(policy, days);
        follow.retain(Elapsed::follows);
        Printer {
            sheet,
            records,
            turns,
            shape,
            keys,
            maker,
            rows,
            shared,
            sort,
            ranks,
            sequences,
            within,
            follow,
        }
    }

    /// Who the table's shared canaries are, by donor.
    pub fn shared_identities(&self) -> impl Iterator<Item = (Handle, Identity)> + '_ {
        self.shared.identities()
    }

    /// Sites in the table, those of its row order among them.
    pub fn sites(&self) -> usize {
        self.cell_sites() + self.turns.sites()
    }

    /// Sites in its cells, which no sorting takes away.
    pub fn cell_sites(&self) -> usize {
        self.rows.sites()
    }

    /// Identifier columns of the register.
    pub fn identifier_columns(&self) -> usize {
        self.shape.identifiers.len()
    }

    /// The copy of one recipient.
    pub fn copy(&'a self, bearer: &Bearer, wanted: Wanted) -> Copy<'a> {
        let shared = match wanted {
            Wanted::Rate { .. } | Wanted::Again { shared: true, .. } => {
                self.shared_inserts(&bearer.codeword)
            }
            Wanted::Exactly(_) | Wanted::Again { shared: false, .. } => Vec::new(),
        };
        let canaries = self.canaries(bearer, &wanted);
        let shared_held = shared.len();
        let own = canaries.iter().map(|canary| Insert {
            cells: canary.cells.clone(),
            donor: canary.donor,
            behind: canary.behind,
            key: &bearer.canary_key,
        });
        let inserts: Vec<Insert<'_>> = own.chain(shared).collect();
        let altered = self.rows.altered(&bearer.codeword, &self.follow);
        let lines = self.lines(&altered, &inserts, &bearer.codeword);
        let cells_altered = altered.len();
        let inserted = self.inserted(&inserts);
        let mut edits = Edits {
            lines,
            replaced: altered,
            inserted,
        };
        self.number(&mut edits);
        Copy {
            edits,
            canaries,
            shared: shared_held,
            cells_altered,
        }
    }

    /// The shared canaries that a codeword holds, with its marks.
    fn shared_inserts(&self, codeword: &Codeword) -> Vec<Insert<'_>> {
        let shared = &self.shared;
        let code = self.sheet.policy.code;
        let marked = Marked::new(
            &shared.table,
            &shared.places,
            &shared.records,
            self.shape,
            code,
            self.keys,
        );
        let altered = marked.altered(codeword, &self.follow);
        let insert = |at: usize| {
            let mut cells: Vec<String> = shared.table.row(at).map(str::to_string).collect();
            for r in altered.iter().filter(|r| r.row as usize == at) {
                cells[r.column as usize] = r.text.to_string();
            }
            Insert {
                cells,
                donor: shared.donors[at],
                behind: shared.behind[at],
                key: &shared.key,
            }
        };
        shared
            .held(self.sheet.policy, self.keys, codeword)
            .map(insert)
            .collect()
    }

    fn canaries(&self, bearer: &Bearer, wanted: &Wanted) -> Vec<Canary> {
        let (limit, least, most) = match wanted {
            Wanted::Rate { rate, least } => (rate.0, *least, usize::MAX),
            Wanted::Exactly(n) => (u64::MAX, 0, *n),
            Wanted::Again { donors, .. } => (u64::MAX, 0, donors.len()),
        };
        if most == 0 || (limit == 0 && least == 0) {
            return Vec::new();
        }
        let mut copy = self.maker.begin(&bearer.kept);
        self.maker.avoid(&self.shared.ever, &mut copy);
        let mut out = Vec::new();
        for (draw, handle, row) in self.donors(bearer, wanted, limit, least) {
            if out.len() >= most || (draw > limit && out.len() >= least) {
                break;
            }
            let made = self.maker.make(
                &bearer.canary_key,
                handle,
                row,
                bearer.kept.get(&handle),
                &mut copy,
            );
            let own = |c: &Canary| self.within.is_none_or(|within| within.holds(&c.cells));
            out.extend(made.filter(own));
        }
        out
    }

    /// Possible donors as (draw, record, row), in the order in which their canaries are made.
    fn donors(
        &self,
        bearer: &Bearer,
        wanted: &Wanted,
        limit: u64,
        least: usize,
    ) -> Vec<(u64, Handle, usize)> {
        let asked: Option<HashMap<Handle, usize>> = match wanted {
            Wanted::Again { donors, .. } => Some(donors.iter().copied().zip(0..).collect()),
            _ => None,
        };
        let mut donors: Vec<(u64, Handle, usize)> = Vec::new();
        let mut seen = HashSet::new();
        for (row, handle) in self.records.handles.iter().enumerate() {
            let Some(handle) = *handle else { continue };
            if asked.as_ref().is_some_and(|a| !a.contains_key(&handle)) {
                continue;
            }
            let draw = donor_draw(&bearer.canary_key, handle);
            if (draw <= limit || least > 0) && seen.insert(handle) {
                donors.push((draw, handle, row));
            }
        }
        match asked {
            Some(asked) => donors.sort_unstable_by_key(|(_, handle, _)| asked.get(handle)),
            // those that the recipient knows already come first: nobody new may take their numbers
            None => donors.sort_unstable_by_key(|(draw, handle, _)| {
                (!bearer.kept.contains_key(handle), *draw)
            }),
        }
        donors
    }

    /// The copy's lines in the table's own order; a canary stands anywhere among its equals.
    fn lines(
        &self,
        altered: &[Replaced<'_>],
        inserts: &[Insert<'_>],
        codeword: &Codeword,
    ) -> Vec<Line> {
        let rows = self.sheet.table.rows();
        let places = self.turns.places(codeword, rows);
        let mut items: Vec<(Ranks, u64, Line)> = Vec::with_capacity(rows + inserts.len());
        // twice the row's number, so that a canary's place is an even number between two rows
        items.extend(places.into_iter().enumerate().map(|(row, place)| {
            let line = Line::Kept(row as u32);
            (self.ranks_of(row), 2 * u64::from(place) + 1, line)
        }));
        for (key, by) in self.sort.iter().enumerate() {
            for r in altered.iter().filter(|r| r.column as usize == by.place) {
                items[r.row as usize].0[key] = by.rank(&r.text);
            }
        }
        for (at, insert) in inserts.iter().enumerate() {
            let mut ranks = Ranks::default();
            for (rank, by) in ranks.iter_mut().zip(&self.sort) {
                *rank = by.rank(&insert.cells[by.column]);
            }
            let mut draws = Draws::new(insert.key, insert.donor, Purpose::Place);
            // the source is in order, so its own ranks can be searched; in a table without order all rows are equal
            let first = self.first_row(|r| r >= ranks);
            let behind = self.first_row(|r| r > ranks);
            let free = first..behind;
            let tie = match free.contains(&insert.behind) {
                true => insert.behind + 1,
                false => first + draws.below(behind - first + 1),
            };
            let tie = 2 * tie as u64;
            items.push((ranks, tie, Line::Inserted(at as u32)));
        }
        items.sort_by_key(|(ranks, tie, _)| (*ranks, *tie));
        items.into_iter().map(|(_, _, line)| line).collect()
    }

    fn ranks_of(&self, row: usize) -> Ranks {
        let mut ranks = Ranks::default();
        for (rank, of_key) in ranks.iter_mut().zip(&self.ranks) {
            *rank = of_key[row];
        }
        ranks
    }

    /// The first row whose ranks are `beyond`, where all rows behind it are so, too.
    fn first_row(&self, beyond: impl Fn(Ranks) -> bool) -> usize {
        let (mut from, mut to) = (0, self.sheet.table.rows());
        while from < to {
            let middle = from + (to - from) / 2;
            match beyond(self.ranks_of(middle)) {
                true => to = middle,
                false => from = middle + 1,
            }
        }
        from
    }

    fn inserted(&self, inserts: &[Insert<'_>]) -> Vec<Vec<String>> {
        let by_table = |insert: &Insert<'_>| {
            let mut cells = vec![String::new(); self.sheet.table.width()];
            for (column, place) in self.sheet.places.iter().enumerate() {
                if let (Some(place), Some(text)) = (place, insert.cells.get(column)) {
                    cells[*place].clone_from(text);
                }
            }
            cells
        };
        inserts.iter().map(by_table).collect()
    }

    /// Numbers the lines again where the table numbers its rows. A row without a number (a total, a gap) gets none.
    fn number(&self, edits: &mut Edits<'_>) {
        for (place, first) in &self.sequences {
            let mut renumbered: Vec<Replaced<'_>> = Vec::with_capacity(edits.lines.len());
            let mut number = *first;
            for line in &edits.lines {
                let text = number.to_string();
                match line {
                    Line::Inserted(at) => {
                        edits.inserted[*at as usize][*place] = text;
                        number += 1;
                    }
                    Line::Kept(row) => {
                        let old = self.sheet.table.cell(*row as usize, *place).trim();
                        if old.parse::<i64>().is_err() {
                            continue;
                        }
                        number += 1;
                        if text != old {
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
