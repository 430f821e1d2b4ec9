//! What comes back: a partner's returned copy made the agency's own table again, so that no mark and no made-up record ever enters
//! the agency's data, and what the partner really changed is listed.
//!
//! The vault keeps no copy and no plain value. It keeps which record every row of the source was, a keyed digest of the source's
//! own value at every site, and the recipient's codeword gives which variant the copy had there. So for each returned cell it is
//! known whether it is as it was given; and since a mark moves a value by little, what stood there before can be found again by its
//! digest (`restore`). Canaries are known by their sealed identities. With the source table itself (`original`) every cell is
//! exact, and the list of changes says what stood there before.
//!
//! A partner who corrects a cell to what the mark had made of it changes nothing that anybody could see; one who corrects an altered
//! cell to the source's own value is counted, and no change against the source.

mod found;
mod known;
mod link;
mod order;
mod original;
mod restore;
mod rows;
mod whose;

pub use found::{Change, Found, Numbering, RowOrder, Sign};

use std::collections::HashMap;

use crate::error::{Error, Result};
use crate::parallel;
use crate::policy::{Role, depend};
use crate::table::{Edits, Line, Source, Table};
use crate::vault::Vault;
use known::Known;
use link::{Linker, Origin};
use original::Original;
use rows::{Comparer, Row, edits};

/// Fewer rows than this are not worth another core.
const ROWS_A_JOB: usize = 500;

/// What to clean.
pub struct Request<'a> {
    /// The file that came back.
    pub returned: &'a Source,
    /// Its SHA-256.
    pub sha256: [u8; 32],
    /// The export that it came from, where the officer says so.
    pub export: Option<&'a str>,
    /// The source table and its file's SHA-256, where the officer has it at hand.
    pub original: Option<(&'a Source, [u8; 32])>,
    /// Put the rows in the source's order, also where the partner sorted them anew.
    pub source_order: bool,
}

/// A cleaned table, ready to be written.
pub struct Cleaned {
    /// What the returned file's writer must do.
    pub edits: Edits<'static>,
    /// What was found.
    pub found: Found,
    source_digest: [u8; 32],
}

impl Cleaned {
    /// Whether a file of this SHA-256 is, byte for byte, the source table that the copy was made from.
    pub fn is_the_source(&self, vault: &Vault, sha256: &[u8; 32]) -> bool {
        vault.key.source_digest(sha256) == self.source_digest
    }
}

/// Cleans a returned copy; none where it is no copy of this vault's.
///
/// # Errors
/// An export that is not in the ledger, an original that is another table, a file without the register's identifiers, a ledger that
/// cannot be read.
pub fn clean(vault: &Vault, request: &Request<'_>) -> Result<Option<Cleaned>> {
    let returned = request.returned;
    let (export, sign) = match request.export {
        Some(id) => (whose::told(vault, returned, id)?, Sign::Told),
        None => match whose::find(vault, returned, &request.sha256)? {
            Some(found) => found,
            None => return Ok(None),
        },
    };
    let known = Known::load(vault, export)?;
    let table = &returned.table;
    let places = link::places(&known.policy, table);
    if !link::identifies(&known.policy, &places) {
        return Err(Error::input(format!(
            "`{}` has none of the columns that identify a record of register `{}`. Give the columns the names that they had in the copy.",
            returned.name, known.register.name
        )));
    }
    let original = match request.original {
        Some((source, sha256)) => Some(check_original(vault, &known, source, &sha256)?),
        None => None,
    };
    let origins = Linker::new(&known, table, &places).link();
    let work = Work {
        known: &known,
        returned,
        places: &places,
        original: original.as_ref(),
        origins: &origins,
    };
    let cleaned = work.clean(vault, sign, request.source_order)?;
    Ok(Some(cleaned))
}

fn check_original<'a>(
    vault: &Vault,
    known: &Known,
    source: &'a Source,
    sha256: &[u8; 32],
) -> Result<Original<'a>> {
    let same = vault.key.source_digest(sha256) == known.source.source_digest;
    let places = link::places(&known.policy, &source.table);
    let original = same.then(|| Original::of(known, &source.table, places));
    original.flatten().ok_or_else(|| {
        Error::input(format!(
            "`{}` is not the table that export {} was made from (`{}`, {} rows). Give that very file, or leave `--original` out.",
            source.name, known.export.id, known.source.label, known.source.rows
        ))
    })
}

/// A returned table with all that it is held against.
struct Work<'a> {
    known: &'a Known,
    returned: &'a Source,
    places: &'a [Option<usize>],
    original: Option<&'a Original<'a>>,
    origins: &'a [Origin],
}

impl Work<'_> {
    fn clean(&self, vault: &Vault, sign: Sign, source_order: bool) -> Result<Cleaned> {
        let (known, table) = (self.known, &self.returned.table);
        let rows = self.compare();
        let changed =
            |row: usize, column: usize| rows[row].changed.iter().any(|(c, _)| *c == column);
        let stands = order::stands(known, table, self.places, self.origins, &changed);
        let row_order = if source_order || stands {
            RowOrder::Source
        } else {
            RowOrder::Returned
        };
        let lines = order::lines(self.origins, row_order);
        let mut changes = self.changes(&rows);
        let (numbering, numbers) = self.number(&lines);
        let mut replaced = Vec::new();
        let mut tally = Tally::default();
        for (row, compared) in rows.into_iter().enumerate() {
            if self.origins[row] == Origin::Canary {
                continue;
            }
            tally.add(&compared);
            replaced.extend(edits(row, compared.replaced));
        }
        for (place, row, text) in numbers {
            replaced.extend(edits(row, vec![(place, text)]));
        }
        replaced.sort_by_key(|r| (r.row, r.column));
        self.deleted(&mut changes);
        let recipient = vault
            .ledger
            .recipients()?
            .into_iter()
            .find(|r| r.id == known.export.recipient)
            .map(|r| r.name)
            .unwrap_or_default();
        let canaries = self.origins.iter().filter(|o| **o == Origin::Canary);
        let found = Found {
            export: known.export.id.clone(),
            recipient,
            register: known.register.name.clone(),
            table: known.source.label.clone(),
            sign,
            with_original: self.original.is_some(),
            rows_returned: table.rows(),
            rows_of_source: known.rows.membership.len(),
            canaries_removed: canaries.count(),
            restored: tally.restored,
            set_back: tally.set_back,
            changes,
            doubtful: self.by_column(&tally.doubtful),
            unseen: self.by_column(&tally.unseen),
            order: row_order,
            numbering,
            notes: self.notes(),
        };
        let lines = lines.into_iter().map(|row| Line::Kept(row as u32));
        Ok(Cleaned {
            edits: Edits {
                lines: lines.collect(),
                replaced,
                inserted: Vec::new(),
            },
            found,
            source_digest: known.source.source_digest,
        })
    }

    /// Every row against what was given.
    fn compare(&self) -> Vec<Row> {
        let table = &self.returned.table;
        let days = match self.original {
            Some(original) => depend::table_days(original.table, &self.known.policy),
            None => depend::corrected_table_days(table, &self.known.policy),
        };
        let comparer = Comparer::new(self.known, table, self.places, self.original, &days);
        let row = |at: usize| match self.origins[at] {
            Origin::Source(source) => {
                let source = source as usize;
                comparer.row(at, Some(source), self.known.ordinal(source))
            }
            Origin::Again(ordinal) => comparer.row(at, None, Some(ordinal as usize)),
            Origin::Canary | Origin::Added => Row::default(),
        };
        let parts = parallel::ranges(table.rows(), ROWS_A_JOB);
        let compared = parallel::map(parts.len(), |part| {
            parts[part].clone().map(row).collect::<Vec<Row>>()
        });
        compared.into_iter().flatten().collect()
    }

    /// Changed cells and added rows, in the returned file's order.
    fn changes(&self, rows: &[Row]) -> Vec<Change> {
        let first = self.returned.first_data_row;
        let mut out = Vec::new();
        for (at, (row, origin)) in rows.iter().zip(self.origins).enumerate() {
            match origin {
                Origin::Canary => {}
                Origin::Added | Origin::Again(_) => {
                    let mut cells: Vec<String> =
                        self.returned.table.row(at).map(str::to_string).collect();
                    for (place, text) in &row.replaced {
                        if let Some(cell) = cells.get_mut(*place) {
                            cell.clone_from(text);
                        }
                    }
                    out.push(Change::Added {
                        row: first + at,
                        cells,
                    });
                }
                Origin::Source(source) => {
                    out.extend(row.changed.iter().map(|(column, after)| {
                        Change::Cell {
                            row: first + at,
                            source_row: *source as usize + 1,
                            column: self.known.policy.columns[*column].name.clone(),
                            before: self
                                .original
                                .map(|o| o.cell(*source as usize, *column).to_string()),
                            after: after.clone(),
                        }
                    }));
                }
            }
        }
        out
    }

    fn deleted(&self, changes: &mut Vec<Change>) {
        let mut there = vec![false; self.known.rows.membership.len()];
        for origin in self.origins {
            if let Origin::Source(source) = origin {
                there[*source as usize] = true;
            }
        }
        let gone = there.iter().enumerate().filter(|(_, there)| !**there);
        changes.extend(gone.map(|(source, _)| Change::Deleted {
            source_row: source + 1,
            cells: self.original.map(|o| o.row(source)),
        }));
    }

    /// New numbers: (column of the returned table, row, text).
    fn number(&self, lines: &[usize]) -> (Numbering, Vec<(usize, usize, String)>) {
        let mut numbering = Numbering::None;
        let mut out = Vec::new();
        for (at, column) in self.known.policy.columns.iter().enumerate() {
            let (Role::Sequence, Some(place)) = (column.role, self.places[at]) else {
                continue;
            };
            let table = &self.returned.table;
            let numbered = order::number(self.known, table, place, self.origins, lines, &|row| {
                self.original?.cell(row as usize, at).trim().parse().ok()
            });
            numbering = numbered.numbering;
            let cells = numbered.replaced.into_iter();
            out.extend(cells.map(|(row, text)| (place, row, text)));
        }
        (numbering, out)
    }

    fn by_column(&self, counts: &HashMap<usize, usize>) -> Vec<(String, usize)> {
        let mut counts: Vec<(usize, usize)> = counts.iter().map(|(c, n)| (*c, *n)).collect();
        counts.sort_unstable();
        let name = |column: usize| self.known.policy.columns[column].name.clone();
        counts.into_iter().map(|(c, n)| (name(c), n)).collect()
    }

    fn notes(&self) -> Vec<String> {
        let table: &Table = &self.returned.table;
        let mut notes = Vec::new();
        let columns = self.known.policy.columns.iter().zip(self.places);
        for (column, _) in columns.filter(|(_, place)| place.is_none()) {
            notes.push(format!(
                "column `{}` did not come back: nothing is known of it",
                column.name
            ));
        }
        for (place, name) in table.header().iter().enumerate() {
            if !self.places.contains(&Some(place)) {
                notes.push(format!(
                    "column `{name}` is none of the register's: it stays as it came"
                ));
            }
        }
        notes
    }
}

/// Counts over all rows.
#[derive(Default)]
struct Tally {
    restored: usize,
    set_back: usize,
    doubtful: HashMap<usize, usize>,
    unseen: HashMap<usize, usize>,
}

impl Tally {
    fn add(&mut self, row: &Row) {
        self.restored += row.restored;
        self.set_back += row.set_back;
        for column in &row.doubtful {
            *self.doubtful.entry(*column).or_default() += 1;
        }
        for column in &row.unseen {
            *self.unseen.entry(*column).or_default() += 1;
        }
    }
}
