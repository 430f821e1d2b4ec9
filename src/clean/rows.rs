//! One returned row held against what its recipient was given: altered cells restored, the partner's own changes listed.

use std::borrow::Cow;
use std::collections::HashMap;

use jiff::civil::Date;

use super::known::Known;
use super::original::Original;
use super::restore::{Altered, Restorer};
use crate::mark::Record;
use crate::mark::constraint::Elapsed;
use crate::mark::normal;
use crate::mark::shape::{cell_digest, plain_digest};
use crate::policy::Role;
use crate::table::{Replaced, Table};
use crate::value::elapsed::count_written;

/// What a returned cell is, against the cell of the copy.
#[derive(Clone, Debug, PartialEq)]
enum Cell {
    /// As it was given, and the source says the same.
    Same,
    /// As it was given, altered; the source says this.
    Restored(String),
    /// As it was given and altered; what the source says was not found.
    Doubtful,
    /// It was altered, and says again what the source says.
    SetBack,
    /// The partner's; with this text where a mark's spelling was taken out of it.
    Changed(Option<String>),
    /// The partner's, and a mark may still be in it.
    ChangedDoubtful,
    /// Nothing is known of it.
    Unseen,
}

/// Which cells of a returned row are what.
#[derive(Debug, Default)]
pub struct Row {
    /// Cells with new text, by the returned table's columns.
    pub replaced: Vec<(usize, String)>,
    /// Columns of the register that the partner changed, with what the cleaned table says.
    pub changed: Vec<(usize, String)>,
    /// Columns of the register in which a mark may still be.
    pub doubtful: Vec<usize>,
    /// Columns of the register that could not be compared.
    pub unseen: Vec<usize>,
    /// Cells restored, numbering aside.
    pub restored: usize,
    /// Cells set back by the partner.
    pub set_back: usize,
}

/// Holds rows against what was given.
pub struct Comparer<'a> {
    known: &'a Known,
    table: &'a Table,
    places: &'a [Option<usize>],
    original: Option<&'a Original<'a>>,
    restorer: Restorer<'a>,
    follow: Vec<Elapsed>,
}

impl<'a> Comparer<'a> {
    /// For a returned table; `days` is the table's own day for each column that counts up to it.
    pub fn new(
        known: &'a Known,
        table: &'a Table,
        places: &'a [Option<usize>],
        original: Option<&'a Original<'a>>,
        days: &HashMap<usize, Date>,
    ) -> Comparer<'a> {
        let mut follow = Elapsed::all(&known.policy, days);
        follow.retain(Elapsed::follows);
        Comparer {
            known,
            table,
            places,
            original,
            restorer: Restorer::new(&known.policy, &known.planner, &known.digests),
            follow,
        }
    }

    /// The row `row` of the returned table, which is row `source` of the source table (none: that row again) and the record
    /// `ordinal` (none: it had no identifier).
    pub fn row(&self, row: usize, source: Option<usize>, ordinal: Option<usize>) -> Row {
        let columns = self.known.policy.columns.len();
        let mut cells = vec![Cell::Unseen; columns];
        let record = Record::new(self.table, row, self.places);
        if let Some(ordinal) = ordinal {
            self.compare_sites(&record, ordinal, source, &mut cells);
            self.compare_plain(&record, ordinal, &mut cells);
        }
        self.compare_counts(&record, source, &mut cells);
        if let Some(source) = source {
            self.compare_with_original(&record, source, &mut cells);
        }
        self.sum_up(&record, cells)
    }

    fn compare_sites(
        &self,
        record: &Record<'_>,
        ordinal: usize,
        source: Option<usize>,
        cells: &mut [Cell],
    ) {
        let known = self.known;
        let handle = known.handle(ordinal);
        let mut buffer = Vec::new();
        for (g, group) in known.shape.groups.iter().enumerate() {
            let Some(site) = known.site(ordinal, g) else {
                continue;
            };
            for (nth, column) in group.columns.iter().enumerate() {
                let text = record.cell(column.column);
                let is = cell_digest(*column, text, handle, &known.digests, &mut buffer);
                let (given, was) = (site.digest(nth, site.given), site.digest(nth, 0));
                cells[column.column] = if is == given && says_nothing(is, text) {
                    Cell::Unseen
                } else if is == given && given == was {
                    Cell::Same
                } else if is == given {
                    let altered = Altered {
                        group: g,
                        column: *column,
                        handle,
                        text,
                        was,
                    };
                    let exact = source.and_then(|source| {
                        self.original?.given_back(
                            known,
                            source,
                            ordinal,
                            (g, nth, site.given),
                            text,
                        )
                    });
                    let found = exact.or_else(|| self.restorer.text(&altered));
                    found.map_or(Cell::Doubtful, Cell::Restored)
                } else if is == was {
                    Cell::SetBack
                } else if site.given == 0 || !self.keeps_marks(g) {
                    Cell::Changed(None)
                } else {
                    let merged = source.and_then(|source| {
                        self.original?
                            .merged(known, source, ordinal, (g, nth, site.given), text)
                    });
                    match merged {
                        Some(merged) => Cell::Changed(Some(merged)),
                        None => Cell::ChangedDoubtful,
                    }
                };
            }
        }
    }

    /// Whether a value that was edited may still hold a part of its mark: a text's spellings do.
    fn keeps_marks(&self, group: usize) -> bool {
        let groups = self.known.planner.groups();
        groups
            .get(group)
            .is_some_and(|g| g.carrier.kind() == crate::code::SiteKind::Text)
    }

    fn compare_plain(&self, record: &Record<'_>, ordinal: usize, cells: &mut [Cell]) {
        let known = self.known;
        let mut identifiers = Vec::new();
        known
            .shape
            .digest_identifiers(record, &known.digests, &mut identifiers);
        let were = known.index.identifiers_of(ordinal);
        let judge = |is: u64, was: u64, text: &str| match is == was {
            true if says_nothing(is, text) => Cell::Unseen,
            true => Cell::Same,
            false => Cell::Changed(None),
        };
        for id in &known.shape.identifiers {
            let digest = |all: &[u64]| all.get(id.first).copied().unwrap_or(0);
            let text = record.cell(id.column);
            cells[id.column] = judge(digest(&identifiers), digest(were), text);
        }
        let mut buffer = Vec::new();
        let were = known.index.plain_of(ordinal);
        for (plain, was) in known.shape.plain.iter().zip(were) {
            let text = record.cell(plain.column);
            let is = plain_digest(*plain, text, &known.digests, &mut buffer);
            cells[plain.column] = judge(is.into(), u64::from(*was), text);
        }
    }

    /// Counts of time follow the dates back. The ledger keeps no digest of them: one that says what its dates make it is taken for
    /// unchanged. Where the source is at hand, that decides.
    fn compare_counts(&self, record: &Record<'_>, source: Option<usize>, cells: &mut [Cell]) {
        if self.original.is_some() && source.is_some() {
            return;
        }
        for rule in &self.follow {
            let counting = rule.column();
            let mut partners = false;
            let mut back: Vec<(usize, String)> = Vec::new();
            for date in rule.columns().filter(|c| *c != counting) {
                match &cells[date] {
                    Cell::Restored(text) => back.push((date, text.clone())),
                    Cell::Same | Cell::Unseen => {}
                    _ => partners = true,
                }
            }
            let is = |c: usize| record.cell(c);
            let now = |c: usize| match back.iter().find(|(column, _)| *column == c) {
                Some((_, text)) => text.as_str(),
                None => record.cell(c),
            };
            let true_now = count_written(is(counting)).map(|n| n.value()) == rule.count(is);
            cells[counting] = match (partners, true_now) {
                // it may still count from what a mark made of its dates
                (true, false) => Cell::Doubtful,
                (true, true) | (false, false) => Cell::Unseen,
                (false, true) => match rule.follow(is, now) {
                    Some(text) => Cell::Restored(text),
                    None => Cell::Same,
                },
            };
        }
    }

    /// What the ledger has no digest of, the source itself tells.
    fn compare_with_original(&self, record: &Record<'_>, source: usize, cells: &mut [Cell]) {
        let Some(original) = self.original else {
            return;
        };
        for (at, column) in self.known.policy.columns.iter().enumerate() {
            if column.role == Role::Sequence {
                continue;
            }
            let (is, was) = (record.cell(at), original.cell(source, at));
            let same = |a: &str, b: &str| says_the_same(column, a, b);
            match &cells[at] {
                Cell::Same if !same(is, was) => cells[at] = Cell::Changed(None),
                Cell::Unseen | Cell::Doubtful => {
                    let given = self.followed(original, source, at);
                    cells[at] = match given {
                        Some(given) if same(is, &given) => Cell::Restored(was.to_string()),
                        _ if same(is, was) => Cell::Same,
                        _ => Cell::Changed(None),
                    };
                }
                _ => {}
            }
        }
    }

    /// What the copy said in a column that counts, where its dates were altered.
    fn followed(&self, original: &Original<'_>, source: usize, column: usize) -> Option<String> {
        let rule = self.follow.iter().find(|rule| rule.column() == column)?;
        let given = original.given(self.known, source);
        rule.follow(
            |c| original.cell(source, c),
            |c| given.get(c).map_or("", |text| text.as_ref()),
        )
    }

    fn sum_up(&self, record: &Record<'_>, cells: Vec<Cell>) -> Row {
        let mut out = Row::default();
        for (at, cell) in cells.into_iter().enumerate() {
            let column = &self.known.policy.columns[at];
            let Some(place) = self.places.get(at).copied().flatten() else {
                continue;
            };
            let text = record.cell(at);
            match cell {
                Cell::Same => {}
                Cell::Restored(back) => {
                    out.restored += 1;
                    if back != text {
                        out.replaced.push((place, back));
                    }
                }
                Cell::SetBack => out.set_back += 1,
                Cell::Doubtful => out.doubtful.push(at),
                Cell::ChangedDoubtful => {
                    out.changed.push((at, text.to_string()));
                    out.doubtful.push(at);
                }
                Cell::Changed(None) => out.changed.push((at, text.to_string())),
                Cell::Changed(Some(merged)) => {
                    if merged != text {
                        out.replaced.push((place, merged.clone()));
                    }
                    out.changed.push((at, merged));
                }
                Cell::Unseen if column.role == Role::Sequence => {}
                Cell::Unseen if text.trim().is_empty() => {}
                Cell::Unseen => out.unseen.push(at),
            }
        }
        out.replaced.sort_by_key(|(place, _)| *place);
        out
    }
}

/// Whether a digest stands for a text that is no value of its column's kind: every such text has the digest of a blank.
fn says_nothing(digest: impl Into<u64>, text: &str) -> bool {
    digest.into() == 0 && !text.trim().is_empty()
}

/// Whether two cells of a column say the same, whatever their dress.
pub fn says_the_same(column: &crate::policy::Column, a: &str, b: &str) -> bool {
    if a == b {
        return true;
    }
    let order = column.order.unwrap_or_default();
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let said = normal::write(column.kind, order, a, &mut one);
    let said_too = normal::write(column.kind, order, b, &mut other);
    match (said, said_too) {
        (true, true) => one == other,
        (false, false) => a.trim() == b.trim(),
        _ => false,
    }
}

/// A row's replaced cells as edits.
pub fn edits(
    row: usize,
    replaced: Vec<(usize, String)>,
) -> impl Iterator<Item = Replaced<'static>> {
    replaced.into_iter().map(move |(place, text)| Replaced {
        row: row as u32,
        column: place as u32,
        text: Cow::Owned(text),
    })
}
