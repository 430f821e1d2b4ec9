//! One pass over a sheet: what its cells say, and what it takes to write it again.

use std::collections::HashMap;

use memchr::memmem;

use super::bands::MIXED;
use super::grid::{Grid, Trouble};
use super::manner::{Digits, Numbers};
use super::rows::{CellAt, Cells, Layout, RowAt, digits};
use super::styles::Styles;
use super::values::Reading;
use crate::parallel;
use crate::table::Limits;

/// Rows of totals at most.
const TOTALS: usize = 4;
/// Functions that sum up.
const SUMS: [&[u8]; 7] = [
    b"SUM(",
    b"SUBTOTAL(",
    b"COUNT",
    b"AVERAGE",
    b"MAX(",
    b"MIN(",
    b"AGGREGATE(",
];

/// Rows that one core looks through at a time.
const AT_ONCE: usize = 2_000;
/// Rows of which there are two copies at a time, one in pieces.
const IN_PIECES: usize = 1 << 17;

/// One sheet, looked through.
pub(super) struct Scan {
    pub(super) sheet: String,
    pub(super) part: String,
    pub(super) bytes: Vec<u8>,
    pub(super) layout: Layout,
    /// Shared strings in cells, row after row: column and string.
    pub(super) uses: Vec<(u16, u32)>,
    pub(super) use_ends: Vec<u32>,
    /// Of each row of the layout its look, as a number.
    pub(super) looks: Vec<u32>,
    /// Of each look the fill that most of its cells have, as a number.
    pub(super) look_fills: Vec<u16>,
    pub(super) digits: Digits,
    /// Whether days are written out (ISO 8601) in some cell.
    pub(super) iso: bool,
    /// Cells with a formula: row and column.
    pub(super) formulas: Vec<(u32, u16)>,
}

/// What is learnt of some rows.
struct Rowsful {
    grid: Grid,
    uses: Vec<(u16, u32)>,
    use_ends: Vec<u32>,
    looks: Vec<u32>,
    known: HashMap<Vec<(u16, u16)>, u32>,
    numbers: Numbers,
    iso: bool,
    formulas: Vec<(u32, u16)>,
}

impl Rowsful {
    fn of(bytes: &[u8], rows: &[RowAt], reading: &Reading<'_>) -> Result<Rowsful, Trouble> {
        let mut found = Rowsful {
            grid: Grid::default(),
            uses: Vec::new(),
            use_ends: Vec::with_capacity(rows.len()),
            looks: Vec::with_capacity(rows.len()),
            known: HashMap::new(),
            numbers: Numbers::default(),
            iso: false,
            formulas: Vec::new(),
        };
        let mut look = Vec::new();
        for row in rows {
            look.clear();
            for cell in Cells::of(bytes, *row) {
                match (cell.string(bytes), cell.kind(bytes), &cell.value) {
                    (Some(id), _, _) => found.uses.push((cell.column, id)),
                    (None, b"n", Some(value)) => found.numbers.see(&bytes[value.clone()]),
                    (None, kind, _) => found.iso |= kind == b"d",
                }
                if cell.formula.is_some() {
                    found.formulas.push((row.number, cell.column));
                }
                look.push((cell.column, style(bytes, &cell).unwrap_or(0)));
                reading.cell(bytes, &cell, row.number, &mut found.grid)?;
            }
            found.use_ends.push(found.uses.len() as u32);
            let look = found.look(&look);
            found.looks.push(look);
        }
        Ok(found)
    }

    /// The number of a look.
    fn look(&mut self, look: &[(u16, u16)]) -> u32 {
        let new = self.known.len() as u32;
        match self.known.get(look) {
            Some(number) => *number,
            None => *self.known.entry(look.to_vec()).or_insert(new),
        }
    }

    /// Takes in what was learnt of the rows behind.
    fn append(&mut self, behind: Rowsful, limits: &Limits) -> Result<(), Trouble> {
        self.grid.append(behind.grid, limits)?;
        let uses = self.uses.len() as u32;
        self.uses.extend(behind.uses);
        self.use_ends
            .extend(behind.use_ends.iter().map(|end| end + uses));
        let mut known: Vec<(Vec<(u16, u16)>, u32)> = behind.known.into_iter().collect();
        known.sort_unstable_by_key(|(_, number)| *number);
        let numbers: Vec<u32> = known.iter().map(|(look, _)| self.look(look)).collect();
        self.looks
            .extend(behind.looks.iter().map(|look| numbers[*look as usize]));
        self.numbers.add(&behind.numbers);
        self.iso |= behind.iso;
        self.formulas.extend(behind.formulas);
        Ok(())
    }
}

impl Scan {
    pub(super) fn of(
        sheet: &str,
        part: String,
        bytes: Vec<u8>,
        layout: Layout,
        reading: &Reading<'_>,
    ) -> Result<(Scan, Grid), Trouble> {
        let mut all = Rowsful::of(&bytes, &[], reading)?;
        for rows in layout.rows.chunks(IN_PIECES) {
            let ranges = parallel::ranges(rows.len(), AT_ONCE);
            let look = |at: usize| Rowsful::of(&bytes, &rows[ranges[at].clone()], reading);
            for piece in parallel::map(ranges.len(), look) {
                all.append(piece?, reading.limits)?;
            }
        }
        let scan = Scan {
            sheet: sheet.to_string(),
            part,
            digits: all.numbers.digits(),
            uses: all.uses,
            use_ends: all.use_ends,
            look_fills: fills(&all.known, reading.styles),
            looks: all.looks,
            iso: all.iso,
            formulas: all.formulas,
            layout,
            bytes,
        };
        Ok((scan, all.grid))
    }
}

impl Scan {
    /// The first of the rows at the sheet's end that sum up what stands above them: unlike the rows of a table, they have formulas
    /// where the row before has none.
    pub(super) fn totals(&self) -> Option<u32> {
        let of = |row: u32| {
            let from = self.formulas.partition_point(|(r, _)| *r < row);
            let cells = self.formulas[from..].iter();
            cells
                .take_while(move |(r, _)| *r == row)
                .map(|(_, column)| *column)
        };
        let mut first = None;
        let filled = |row: &&RowAt| Cells::of(&self.bytes, **row).any(|c| c.is_filled());
        let mut rows = self.layout.rows.iter().rev().filter(filled);
        let mut row = rows.next()?;
        for before in rows.take(TOTALS) {
            let sums = |column: u16| {
                let cell = Cells::of(&self.bytes, *row).find(|c| c.column == column);
                let formula = cell.and_then(|c| c.formula).map(|f| &self.bytes[f]);
                formula.is_some_and(|f| SUMS.iter().any(|name| memmem::find(f, name).is_some()))
            };
            let beyond = |column: &u16| of(before.number).all(|c| c != *column) && sums(*column);
            if !of(row.number).any(|column| beyond(&column)) {
                break;
            }
            first = Some(row.number);
            row = before;
        }
        first
    }
}

/// Of each look the fill that most of its cells have.
fn fills(looks: &HashMap<Vec<(u16, u16)>, u32>, styles: &Styles) -> Vec<u16> {
    let mut fills = vec![MIXED; looks.len()];
    for (look, number) in looks {
        let mut all: Vec<u16> = look.iter().map(|(_, style)| styles.fill(*style)).collect();
        all.sort_unstable();
        let most = all.chunk_by(|a, b| a == b).max_by_key(|same| same.len());
        if let Some(most) = most.filter(|most| 2 * most.len() > look.len()) {
            fills[*number as usize] = most[0];
        }
    }
    fills
}

/// The number of a cell's style.
pub(super) fn style(bytes: &[u8], cell: &CellAt) -> Option<u16> {
    let style = cell.style.clone()?;
    digits(&bytes[style]).and_then(|s| u16::try_from(s).ok())
}
