//! A row that the source has not: it looks like the rows beside it, cell by cell.

use std::ops::Range;

use super::cells::Content;
use super::draft::Drafting;
use super::index::{Index, NOWHERE};
use super::refs::NewFormula;
use super::rows::{CellAt, Cells, RowAt};
use super::scan;
use crate::error::Result;
use crate::table::Line;

/// Kept rows on each side whose looks are counted.
const BESIDE: usize = 4;
/// How far to look for a row that has what is wanted.
const NEAR: usize = 64;
/// Rows farther off that are looked at where the table says that their cell is as wanted.
const FAR: usize = 16;
/// How far off these may be.
const OUTWARD: usize = 4_096;
/// The nearest rows, one on each side, lend no style: two neighbours alike in all of them are rarer than that.
const BESIDE_ITSELF: usize = 2;

/// A cell of a row put in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NewCell {
    pub(super) like: CellAt,
    pub(super) style: Option<u16>,
    pub(super) content: Content,
}

/// A row put in, ready to be written.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewRow {
    /// The tag that opens the row it looks like.
    pub(super) like: Option<RowAt>,
    pub(super) cells: Vec<NewCell>,
}

/// Rows of the table around a line of the copy, the nearest first, each with whether it is below.
fn kept_near(lines: &[Line], at: usize) -> impl Iterator<Item = (usize, bool)> + '_ {
    let before = lines[..at].iter().rev().take(NEAR);
    let after = lines[at + 1..].iter().take(NEAR);
    let mut sides = [before.collect::<Vec<_>>(), after.collect::<Vec<_>>()];
    sides.iter_mut().for_each(|side| side.reverse());
    let mut turn = 0;
    std::iter::from_fn(move || {
        let mut pop = |side: usize| Some((sides[side].pop()?, side == 1));
        let next = pop(turn).or_else(|| pop(1 - turn));
        turn = 1 - turn;
        next
    })
    .filter_map(|(line, below)| match line {
        Line::Kept(row) => Some((*row as usize, below)),
        Line::Inserted(_) => None,
    })
}

/// What a row put in is made after.
struct Company {
    /// The kept rows around, the nearest first, with their cells as far as these were read.
    around: Vec<(usize, Vec<CellAt>)>,
    /// The row whose looks belong to the place, where there is one.
    edge: Option<usize>,
    /// The one among them whose cells are taken first, so that looks that go together in a row do so in the new one.
    lends: usize,
}

impl Company {
    fn lender(&self) -> usize {
        self.around
            .get(self.lends)
            .map_or(usize::MAX, |(row, _)| *row)
    }
}

/// The cell that a new one is made after.
enum Model {
    /// This one, in this row of the table.
    Cell(Box<CellAt>, usize),
    /// None: where such cells are blank they have no element.
    Absent,
}

impl Drafting<'_, '_> {
    /// The row that is put in at a line of the copy, with these cells.
    ///
    /// # Errors
    /// A formula that cannot be put into another row.
    pub(super) fn new_row(&mut self, at: usize, texts: &[String]) -> Result<NewRow> {
        let index: &Index = self.index;
        let Some(mut company) = self.company(at, texts) else {
            return Ok(NewRow::default());
        };
        let Some(nearest) = company.around.first().map(|(row, _)| *row) else {
            return Ok(NewRow::default());
        };
        let look = company.edge.unwrap_or(nearest);
        let looks = self.cells_of(look);
        let table: Range<u16> = index.left..index.left + texts.len() as u16;
        let mut cells: Vec<NewCell> = Vec::new();
        for like in looks.iter().filter(|c| !table.contains(&c.column)) {
            // a remark beside the table is about one record
            cells.push(NewCell {
                like: like.clone(),
                style: None,
                content: Content::Blank,
            });
        }
        for (column, text) in table.zip(texts) {
            let (like, row) = match self.model(column, text, &mut company) {
                Some(Model::Cell(like, row)) => (*like, row),
                Some(Model::Absent) | None => continue,
            };
            let style = match company.edge {
                Some(_) => looks
                    .iter()
                    .find(|c| c.column == column)
                    .map(|cell| style_of(index, cell)),
                None if row == company.lender() => Some(style_at(index, at, row, &like)),
                None => usual_style(index, at, column, &company.around),
            };
            let style = style.or_else(|| scan::style(index.bytes(), &like));
            let content = self.new_content(at, &like, row, text)?;
            cells.push(NewCell {
                like,
                style,
                content,
            });
        }
        cells.sort_by_key(|cell| cell.like.column);
        Ok(NewRow {
            like: Some(self.row_of(look)),
            cells,
        })
    }

    fn row_of(&self, row: usize) -> RowAt {
        self.index.layout().rows[self.index.table_rows[row] as usize]
    }

    fn cells_of(&self, row: usize) -> Vec<CellAt> {
        Cells::of(self.index.bytes(), self.row_of(row)).collect()
    }

    /// The rows around a line of the copy; none where nothing is kept near.
    fn company(&self, at: usize, texts: &[String]) -> Option<Company> {
        let index = self.index;
        let lines = &self.edits.lines;
        // those whose looks are counted are read at once
        let around: Vec<(usize, Vec<CellAt>)> = kept_near(lines, at)
            .map(|(row, _)| row)
            .filter(|row| index.table_rows.get(*row).is_some_and(|r| *r != NOWHERE))
            .enumerate()
            .map(|(nth, row)| match nth <= 2 * BESIDE {
                true => (row, self.cells_of(row)),
                false => (row, Vec::new()),
            })
            .collect();
        let lenders = BESIDE_ITSELF..around.len().min(2 * BESIDE);
        let lends = match lenders.len() {
            0 => 0,
            count => lenders.start + (spread(texts) % count as u64) as usize,
        };
        (!around.is_empty()).then_some(Company {
            around,
            edge: index.bands.edge(at, lines.len()),
            lends,
        })
    }

    /// The cell that one with this text is made after: the lender's, or else the nearest in its column, that says something if it does,
    /// and nothing if not.
    fn model(&self, column: u16, text: &str, company: &mut Company) -> Option<Model> {
        let kin = |model: &Model| !matches!(model, Model::Cell(cell, _) if cell.formula.is_some());
        if let Some((row, cells)) = company.around.get(company.lends)
            && let cell = cells.iter().find(|c| c.column == column)
            && let Some(model) = self.fits(column, text, *row, cell).filter(kin)
        {
            return Some(model);
        }
        for (row, cells) in &mut company.around {
            if cells.is_empty() {
                *cells = self.cells_of(*row);
            }
            let cell = cells.iter().find(|c| c.column == column);
            if let Some(model) = self.fits(column, text, *row, cell) {
                return Some(model);
            }
        }
        let nearest = company.around.first().map(|(row, _)| *row)?;
        let beside = || {
            company.around.iter().find_map(|(row, cells)| {
                let cell = cells.iter().find(|c| c.column == column)?;
                Some(Model::Cell(Box::new(cell.clone()), *row))
            })
        };
        self.far_model(column, text, nearest)
            .or_else(beside)
            .or_else(|| any_like(column, &company.around))
    }

    /// Whether a row's cell, if it has one, is what a new cell of the column with this text is made after.
    fn fits(&self, column: u16, text: &str, row: usize, cell: Option<&CellAt>) -> Option<Model> {
        let works_out = self.index.works_out(column);
        let Some(cell) = cell.filter(|c| works_out || c.formula.is_none()) else {
            return text.is_empty().then_some(Model::Absent);
        };
        let says = self.says(row, column)
            || cell.string(self.index.bytes()).is_none() && {
                // what cannot be read as a value says something still
                cell.value.as_ref().is_some_and(|v| !v.is_empty())
            };
        // what formulas work out is never blank
        (cell.formula.is_some() || says != text.is_empty())
            .then(|| Model::Cell(Box::new(cell.clone()), row))
    }

    /// Whether a row of the table says anything in this column of the sheet.
    fn says(&self, row: usize, column: u16) -> bool {
        let column = usize::from(column - self.index.left);
        !self.source.table.cell(row, column).is_empty()
    }

    /// The same where no row near has such a cell.
    fn far_model(&self, column: u16, text: &str, nearest: usize) -> Option<Model> {
        let rows = self.index.table_rows.len();
        let outward = (1..rows.min(OUTWARD))
            .flat_map(|far| [nearest.checked_sub(far), nearest.checked_add(far)]);
        let there = outward.flatten().filter(|row| *row < rows);
        there
            .filter(|row| self.index.table_rows[*row] != NOWHERE)
            .filter(|row| self.says(*row, column) != text.is_empty())
            .take(FAR)
            .find_map(|row| {
                let cells = self.cells_of(row);
                self.fits(column, text, row, cells.iter().find(|c| c.column == column))
            })
    }

    /// What a new cell made after `like`, which stands in this row of the table, says at a line of the copy.
    fn new_content(&mut self, at: usize, like: &CellAt, row: usize, text: &str) -> Result<Content> {
        let index: &Index = self.index;
        if like.formula.is_some() {
            let new = index.first + at as u32;
            let neighbour = index.first + row as u32;
            self.added.push(NewFormula {
                row: new,
                column: u32::from(like.column),
                neighbour,
            });
            let element = self.mover.for_row(like, neighbour, new);
            return Ok(Content::Formula(
                element.map_err(|stuck| index.refused(&stuck))?,
            ));
        }
        if !text.is_empty() {
            // a text that stands there already is that one, though the neighbour's has letters of several looks
            let plain = self.draft.as_ref().and_then(|draft| draft.plain(text));
            if let (Some(id), Some(_)) = (plain, like.string(index.bytes())) {
                return Ok(Content::Shared(id));
            }
            let rows = kept_near(&self.edits.lines, at);
            let beside = self.turns.beside(index, like.column, rows);
            return Ok(self.content(like, row, like.column, text, beside));
        }
        Ok(match like.string(index.bytes()) {
            // a text of no characters
            Some(id) if !self.says(row, like.column) => Content::Shared(id),
            None if !self.says(row, like.column) => Content::Same,
            _ => Content::Blank,
        })
    }
}

/// A cell of another column to be changed into one of this, where no row has any.
fn any_like(column: u16, around: &[(usize, Vec<CellAt>)]) -> Option<Model> {
    let (row, cells) = around.iter().find(|(_, cells)| !cells.is_empty())?;
    let mut like = cells.first()?.clone();
    like.column = column;
    Some(Model::Cell(Box::new(like), *row))
}

/// A number that is as evenly spread as the texts, which hold what is drawn by key, and the same whenever they are.
fn spread(texts: &[String]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        let mixed = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        mixed ^ (mixed >> 29)
    })
}

fn style_of(index: &Index, cell: &CellAt) -> u16 {
    scan::style(index.bytes(), cell).unwrap_or(0)
}

/// The style that a row's cell would have at another place.
fn style_at(index: &Index, place: usize, row: usize, cell: &CellAt) -> u16 {
    let styles = index.styles();
    let own = style_of(index, cell);
    let painted = index.bands.fill_at(row) == Some(styles.fill(own));
    let fill = index.bands.fill_at(place).filter(|_| painted);
    let style = fill.and_then(|fill| styles.with_fill(own, fill));
    style.unwrap_or(own)
}

/// The style that most of the nearest cells of a column have, or would have where stripes belong to the place.
fn usual_style(
    index: &Index,
    place: usize,
    column: u16,
    around: &[(usize, Vec<CellAt>)],
) -> Option<u16> {
    let mut found: Vec<(u16, usize)> = Vec::new();
    for (row, cells) in around.iter().take(2 * BESIDE) {
        let Some(cell) = cells.iter().find(|c| c.column == column) else {
            continue;
        };
        let style = style_at(index, place, *row, cell);
        match found.iter_mut().find(|(s, _)| *s == style) {
            Some((_, count)) => *count += 1,
            None => found.push((style, 1)),
        }
    }
    let most = found.iter().map(|(_, count)| *count).max()?;
    found
        .iter()
        .find(|(_, count)| *count == most)
        .map(|(style, _)| *style)
}
