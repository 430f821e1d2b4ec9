//! Linking without an identifier: a row belongs to the record that it is like, where no stranger's row would be so like any.
//!
//! A row's [features] propose records; the carrier cells, of which the ledger has digests bound to each record, then
//! speak for or against each. How like is enough is counted, not believed: records of the register themselves play strangers (each
//! held against all but itself, so that columns that depend on one another do so here too), and wrong pairs of row and record show
//! how often a carrier's cell agrees by chance, by itself and together with others. The score that links is the least at which a
//! stranger's row would be linked at a rate of at most [`FALSE_LINKS`].
//!
//! Which record a row is linked to depends on values and digests only, and on no codeword: a false link costs evidence, it never
//! makes an innocent likelier to be named.

mod chance;

use super::columns::{COLUMNS, Comparer, HOPELESS};
use super::dress::{Dress, Wardrobe};
use super::fate::Why;
use super::features::{self, DIFFERS, Feature, Shows};
use super::known::Known;
use crate::code::Handle;
use crate::mark::normal;
use crate::mark::shape::PlainColumn;
use crate::parallel;
use crate::table::Table;

/// The rate of false links, a stranger's row, above which likeness links nothing.
pub const FALSE_LINKS: f64 = 1e-3;
/// Records that one row is held against, at most.
const SCANNED: usize = 4_096;
/// A register of so few records is held against each row whole.
const SMALL: usize = 2_048;
/// Pairs of row and record that are scored in all.
const PAIRS: usize = 16_000_000;
/// Of a row's proposed records, those with which carriers are found and chance is counted.
const LIKEST: usize = 64;
/// Rows on which the carriers' columns are found and chance is counted.
const SAMPLE: usize = 200;
/// A row is tied where another record's score comes this near (20 to 1).
const MARGIN: f64 = 3.0;

/// What likeness made of some rows.
#[derive(Clone, Debug, Default)]
pub struct Likeness {
    /// Rows with their records.
    pub links: Vec<(usize, Handle)>,
    /// Rows without, and why.
    pub unlinked: Vec<(usize, Why)>,
    /// The chance, at most, that a row of somebody who is in no record is linked.
    pub false_links: f64,
}

/// One of the leak's columns as a carrier's.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Carried {
    place: usize,
    group: usize,
    nth: usize,
    dress: Dress,
    /// How often a cell agrees with a record that is not its own.
    chance: f64,
    /// How often a record has no site here, so that nothing is said.
    silent: f64,
}

#[derive(Clone, Copy)]
struct Candidate {
    ordinal: u32,
    plain: f32,
}

/// Links rows of one table by likeness.
pub struct Matcher<'a> {
    comparer: &'a Comparer<'a>,
    table: &'a Table,
    features: Vec<Feature>,
    carried: Vec<Carried>,
    /// By how much more often carriers agree together than each by itself would let them.
    together: f64,
    /// Records kept of those that are proposed for a row.
    most: usize,
    /// A value that more records share proposes none of them.
    longest: usize,
}

impl<'a> Matcher<'a> {
    /// Finds which columns are which from `rows` alone. None where the register has nothing to compare with.
    pub fn new(
        comparer: &'a Comparer<'a>,
        table: &'a Table,
        rows: &[usize],
    ) -> Option<Matcher<'a>> {
        let known = comparer.known;
        if known.index.is_empty() || rows.is_empty() {
            return None;
        }
        let features = features::find(comparer, table, rows);
        if features.is_empty() && known.index.len() > SMALL {
            return None;
        }
        let mut matcher = Matcher {
            comparer,
            table,
            features,
            carried: Vec::new(),
            together: 1.0,
            most: (PAIRS / rows.len()).clamp(64, SCANNED),
            longest: (PAIRS / rows.len()).clamp(SCANNED, 8 * SCANNED),
        };
        let (sample, candidates) = matcher.sample(rows);
        matcher.find_carriers(&sample, &candidates);
        matcher.count_chance(&sample, &candidates);
        // with what is found already, the likest record alone tells the columns that agree with many
        let likest = matcher.likest(&sample, &candidates);
        matcher.find_carriers(&sample, &likest);
        matcher.count_chance(&sample, &candidates);
        let comparable = !matcher.features.is_empty() || !matcher.carried.is_empty();
        comparable.then_some(matcher)
    }

    /// Links `rows`.
    pub fn link(&self, rows: &[usize]) -> Likeness {
        let mut out = Likeness::default();
        let Some((threshold, rate)) = self.threshold(rows) else {
            out.unlinked = rows.iter().map(|row| (*row, Why::Weak)).collect();
            return out;
        };
        out.false_links = rate;
        let parts = parallel::ranges(rows.len(), 64);
        let found = parallel::map(parts.len(), |part| {
            let rows = rows[parts[part].clone()].iter();
            rows.map(|row| (*row, self.best(*row, threshold)))
                .collect::<Vec<_>>()
        });
        for (row, best) in found.into_iter().flatten() {
            match best {
                Ok(handle) => out.links.push((row, handle)),
                Err(why) => out.unlinked.push((row, why)),
            }
        }
        out
    }

    /// The rows that are likest some record, with the records proposed for them: where most rows are of strangers, those few tell the
    /// columns.
    fn sample(&self, rows: &[usize]) -> (Vec<usize>, Vec<Vec<Candidate>>) {
        let rows = spread(rows, 10 * SAMPLE);
        let proposed = parallel::map(rows.len(), |at| {
            let mut candidates = self.candidates(rows[at]);
            candidates.truncate(LIKEST);
            candidates
        });
        let mut sample: Vec<(usize, Vec<Candidate>)> = rows.into_iter().zip(proposed).collect();
        let likest = |c: &[Candidate]| c.first().map_or(f32::NEG_INFINITY, |c| c.plain);
        sample.sort_by(|a, b| likest(&b.1).total_cmp(&likest(&a.1)).then(a.0.cmp(&b.0)));
        sample.truncate(SAMPLE);
        sample.into_iter().unzip()
    }

    /// Of each row's candidates the likest by features and carriers.
    fn likest(&self, sample: &[usize], candidates: &[Vec<Candidate>]) -> Vec<Vec<Candidate>> {
        let likest = |(row, candidates): (&usize, &Vec<Candidate>)| {
            let cells = self.cells(*row);
            let scored = candidates.iter().filter_map(|c| {
                let score = self.score_over(c, &cells, f64::NEG_INFINITY)?;
                Some((score, *c))
            });
            let best = scored.max_by(|a, b| a.0.total_cmp(&b.0));
            best.map(|(_, c)| c).into_iter().collect()
        };
        sample.iter().zip(candidates).map(likest).collect()
    }

    fn known(&self) -> &'a Known {
        self.comparer.known
    }

    fn candidates(&self, row: usize) -> Vec<Candidate> {
        let shows = features::shown_by_row(self.comparer, &self.features, self.table, row);
        self.candidates_of(&shows)
    }

    /// The records that are likest by their features, likest first.
    fn candidates_of(&self, shows: &[Shows]) -> Vec<Candidate> {
        let known = self.known();
        let mut ordinals: Vec<u32> = if known.index.len() <= SMALL {
            (0..known.index.len() as u32).collect()
        } else {
            let mut rarest: Vec<&Shows> = shows
                .iter()
                .filter(|s| (1..=self.longest).contains(&s.records))
                .collect();
            rarest.sort_by_key(|s| s.records);
            let mut scanned = 0;
            let lists = rarest.into_iter().take_while(|s| {
                scanned += s.records;
                // the rarest always, and others in case that one is worn
                scanned == s.records || scanned <= SCANNED
            });
            lists.flat_map(|s| s.owners(known)).collect()
        };
        ordinals.sort_unstable();
        ordinals.dedup();
        let mut all: Vec<Candidate> = ordinals
            .into_iter()
            .map(|ordinal| Candidate {
                ordinal,
                plain: features::weigh(known, shows, ordinal) as f32,
            })
            .collect();
        let order = |a: &Candidate, b: &Candidate| {
            b.plain.total_cmp(&a.plain).then(a.ordinal.cmp(&b.ordinal))
        };
        if all.len() > self.most {
            all.select_nth_unstable_by(self.most, order);
            all.truncate(self.most);
        }
        all.sort_unstable_by(order);
        all
    }

    /// Whether a cell agrees with a record's variants; none where the record has no site there.
    fn agrees(&self, ordinal: u32, group: usize, nth: usize, normal: &[u8]) -> Option<bool> {
        let known = self.known();
        let variants = known.variants(ordinal as usize, group, nth);
        if variants.is_empty() {
            return None;
        }
        let handle = known.index.handles.get(ordinal as usize)?;
        let column = known.shape.groups[group].columns[nth].column as u64;
        let digest = self
            .comparer
            .keys
            .cell
            .bound(*handle, column, normal)
            .max(1);
        Some(variants.contains(&digest))
    }

    fn normal(
        &self,
        column: PlainColumn,
        dress: Dress,
        row: usize,
        place: usize,
        out: &mut Vec<u8>,
    ) -> bool {
        let cell = self.table.cell(row, place);
        normal::write(
            column.kind,
            dress.order(),
            &dress.undress(column.kind, cell),
            out,
        )
    }

    /// Tells which columns are carriers: their cells agree with some proposed record of their own row more often than with those
    /// proposed for another row. One column a group, since its columns move together.
    fn find_carriers(&mut self, sample: &[usize], candidates: &[Vec<Candidate>]) {
        let mut found: Vec<(usize, Carried)> = Vec::new();
        for place in 0..self.table.width().min(COLUMNS) {
            if self.features.iter().any(|f| f.place == place) {
                continue;
            }
            let wardrobe = Wardrobe::of(self.table, place);
            for (group, columns) in self.known().shape.groups.iter().enumerate() {
                for (nth, column) in columns.columns.iter().enumerate() {
                    for dress in wardrobe.for_kind(column.kind) {
                        let carried = Carried {
                            place,
                            group,
                            nth,
                            dress: *dress,
                            chance: 0.0,
                            silent: 0.0,
                        };
                        let more = self.more_than_chance(carried, *column, sample, candidates);
                        found.extend(more.map(|more| (more, carried)));
                    }
                }
            }
        }
        found.sort_by_key(|found| std::cmp::Reverse(found.0));
        self.carried.clear();
        for (_, carried) in found {
            let taken = |c: &Carried| c.place == carried.place || c.group == carried.group;
            if !self.carried.iter().any(taken) {
                self.carried.push(carried);
            }
        }
    }

    /// By how many rows a column agrees more often than by chance; none where that is too few.
    fn more_than_chance(
        &self,
        carried: Carried,
        column: PlainColumn,
        sample: &[usize],
        candidates: &[Vec<Candidate>],
    ) -> Option<usize> {
        let mut buffer = Vec::new();
        let (mut filled, mut own, mut others) = (0usize, 0usize, 0usize);
        let agree = |candidates: &[Candidate], normal: &[u8]| {
            let of = |c: &&Candidate| self.agrees(c.ordinal, carried.group, carried.nth, normal);
            candidates.iter().filter(|c| of(c) == Some(true)).count()
        };
        for (at, row) in sample.iter().enumerate() {
            if !self.normal(column, carried.dress, *row, carried.place, &mut buffer) {
                continue;
            }
            filled += 1;
            if own == 0 && filled > HOPELESS {
                return None;
            }
            let mine = agree(&candidates[at], &buffer);
            let other = &candidates[(at + 1) % candidates.len()];
            // a small register proposes all of its records for every row, so that there every row is its own control
            if self.known().index.len() <= SMALL {
                own += usize::from(mine > 0);
            } else {
                own += mine;
                others += agree(other, &buffer);
            }
        }
        let more = own.saturating_sub(others);
        let noise = 4.0 * ((own + others) as f64).sqrt();
        let few = self.known().index.len() <= SMALL;
        let enough = match few {
            true => own * 2 >= filled,
            false => more * 8 >= filled && more as f64 > noise.min(own as f64 / 2.0),
        };
        (own >= 2 && enough).then_some(more)
    }

    fn handle(&self, ordinal: u32) -> u64 {
        self.known()
            .index
            .handles
            .get(ordinal as usize)
            .copied()
            .unwrap_or(0)
    }

    /// A row's carrier cells in normal form; empty where they say nothing.
    fn cells(&self, row: usize) -> Vec<Vec<u8>> {
        let of = |c: &Carried| {
            let column = self.known().shape.groups[c.group].columns[c.nth];
            let mut out = Vec::new();
            self.normal(column, c.dress, row, c.place, &mut out);
            out
        };
        self.carried.iter().map(of).collect()
    }

    fn pattern(&self, ordinal: u32, cells: &[Vec<u8>]) -> Vec<Option<bool>> {
        let carried = self.carried.iter().zip(cells);
        carried
            .map(|(c, cell)| self.agreement(ordinal, c, cell))
            .collect()
    }

    fn agreement(&self, ordinal: u32, carried: &Carried, cell: &[u8]) -> Option<bool> {
        match cell {
            [] => None,
            cell => self.agrees(ordinal, carried.group, carried.nth, cell),
        }
    }

    fn weight(&self, carried: &Carried, agrees: bool) -> f64 {
        if agrees {
            -carried.chance.ln()
        } else {
            DIFFERS
        }
    }

    /// The record that a row is likest, if a stranger would not be.
    fn best(&self, row: usize, threshold: f64) -> Result<Handle, Why> {
        let cells = self.cells(row);
        let mut best: Option<(f64, u64)> = None;
        let mut second = f64::NEG_INFINITY;
        let candidates = self.candidates(row);
        if candidates.is_empty() {
            return Err(Why::Unknown);
        }
        for candidate in candidates {
            let enough = best.map_or(threshold, |(top, _)| top) - MARGIN;
            // those behind it are less like
            if f64::from(candidate.plain) + self.most_of_carriers(0) < enough {
                break;
            }
            let Some(score) = self.score_over(&candidate, &cells, enough) else {
                continue;
            };
            let handle = self.handle(candidate.ordinal);
            match best {
                Some((top, of)) if of == handle => best = Some((top.max(score), of)),
                Some((top, _)) if score <= top => second = second.max(score),
                _ => {
                    second = best.map_or(second, |(top, _)| second.max(top));
                    best = Some((score, handle));
                }
            }
        }
        match best {
            None => Err(Why::Weak),
            Some((top, _)) if top < threshold => Err(Why::Weak),
            Some((top, _)) if top < second + MARGIN => Err(Why::Tied),
            Some((_, handle)) => Ok(Handle(handle)),
        }
    }

    /// What the carriers from the `from`-th on can add at most.
    fn most_of_carriers(&self, from: usize) -> f64 {
        let rest = self.carried.iter().skip(from);
        rest.map(|c| self.weight(c, true)).sum()
    }

    /// A candidate's score; none as soon as it is clear that it falls short.
    fn score_over(&self, candidate: &Candidate, cells: &[Vec<u8>], enough: f64) -> Option<f64> {
        let mut score = f64::from(candidate.plain);
        for (at, (c, cell)) in self.carried.iter().zip(cells).enumerate() {
            if let Some(agrees) = self.agreement(candidate.ordinal, c, cell) {
                score += self.weight(c, agrees);
            }
            if score + self.most_of_carriers(at + 1) < enough {
                return None;
            }
        }
        Some(score)
    }
}

/// At most `most` of them, evenly spread.
fn spread<T: Copy>(all: &[T], most: usize) -> Vec<T> {
    let n = all.len().min(most);
    (0..n).map(|at| all[at * all.len() / n]).collect()
}
