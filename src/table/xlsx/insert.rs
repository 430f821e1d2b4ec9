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

/// Rows of the table around a line of the copy, the nearest first.
fn kept_near(lines: &[Line], at: usize) -> impl Iterator<Item = usize> + '_ {
    let before = lines[..at].iter().rev().take(NEAR);
    let after = lines[at + 1..].iter().take(NEAR);
    let mut sides = [before.collect::<Vec<_>>(), after.collect::<Vec<_>>()];
    sides.iter_mut().for_each(|side| side.reverse());
    let mut turn = 0;
    std::iter::from_fn(move || {
        let next = sides[turn].pop().or_else(|| sides[1 - turn].pop());
        turn = 1 - turn;
        next
    })
    .filter_map(|line| match line {
        Line::Kept(row) => Some(*row as usize),
        Line::Inserted(_) => None,
    })
}

impl Drafting<'_, '_> {
    /// The row that is put in at a line of the copy, with these cells.
    ///
    /// # Errors
    /// A formula that cannot be put into another row.
    pub(super) fn new_row(&mut self, at: usize, texts: &[String]) -> Result<NewRow> {
        let index: &Index = self.index;
        let lines = &self.edits.lines;
        let near: Vec<usize> = kept_near(lines, at)
            .filter(|row| index.table_rows.get(*row).is_some_and(|r| *r != NOWHERE))
            .collect();
        let Some(model) = near.first().copied() else {
            return Ok(NewRow::default());
        };
        let edge = index.bands.edge(at, lines.len());
        let look = edge.unwrap_or(model);
        let row_of = |row: usize| index.layout().rows[index.table_rows[row] as usize];
        let cells_of =
            |row: usize| -> Vec<CellAt> { Cells::of(index.bytes(), row_of(row)).collect() };
        let looks = cells_of(look);
        let style_of = |cell: &CellAt| scan::style(index.bytes(), cell).unwrap_or(0);
        let mut around: Vec<(usize, Vec<CellAt>)> = vec![(model, cells_of(model))];
        let others = near.iter().filter(|row| **row != model).enumerate();
        // those whose looks are counted are read at once
        around.extend(others.map(|(at, row)| match at < 2 * BESIDE {
            true => (*row, cells_of(*row)),
            false => (*row, Vec::new()),
        }));
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
            let mut found: Option<(CellAt, usize)> = None;
            let mut absent = false;
            for (row, cells) in &mut around {
                if cells.is_empty() {
                    *cells = cells_of(*row);
                }
                let cell = cells.iter().find(|c| c.column == column);
                let works_out = index.works_out(column);
                match cell.filter(|c| works_out || c.formula.is_none()) {
                    // what formulas work out is never blank
                    Some(cell) if cell.formula.is_some() || cell.is_filled() != text.is_empty() => {
                        found = Some((cell.clone(), *row));
                        break;
                    }
                    // where blank cells have no element, this one has none either
                    None if text.is_empty() => {
                        absent = true;
                        break;
                    }
                    _ => (),
                }
            }
            let filled = || {
                around.iter().find_map(|(row, cells)| {
                    Some((cells.iter().find(|c| c.column == column)?.clone(), *row))
                })
            };
            if absent {
                continue;
            }
            let Some((like, row)) = found
                .or_else(filled)
                .or_else(|| self.any_like(column, &around))
            else {
                continue;
            };
            let style = match edge {
                Some(_) => looks.iter().find(|c| c.column == column).map(style_of),
                None => usual_style(index, at, column, &around),
            };
            let style = style.or_else(|| scan::style(index.bytes(), &like));
            let content = if like.formula.is_some() {
                let new = index.first + at as u32;
                let neighbour = index.first + row as u32;
                self.added.push(NewFormula {
                    row: new,
                    column: u32::from(column),
                    neighbour,
                });
                let element = self.mover.for_row(&like, neighbour, new);
                Content::Formula(element.map_err(|stuck| index.refused(&stuck))?)
            } else if text.is_empty() {
                Content::Blank
            } else {
                self.content(&like, row, column, text)
            };
            cells.push(NewCell {
                like,
                style,
                content,
            });
        }
        cells.sort_by_key(|cell| cell.like.column);
        Ok(NewRow {
            like: Some(row_of(look)),
            cells,
        })
    }

    /// A cell of another column to be changed into one of this, where no row near has any.
    fn any_like(&self, column: u16, around: &[(usize, Vec<CellAt>)]) -> Option<(CellAt, usize)> {
        let (row, cells) = around.iter().find(|(_, cells)| !cells.is_empty())?;
        let mut like = cells.first()?.clone();
        like.column = column;
        Some((like, *row))
    }
}

/// The style that most of the nearest cells of a column have, or would have where stripes belong to the place.
fn usual_style(
    index: &Index,
    place: usize,
    column: u16,
    around: &[(usize, Vec<CellAt>)],
) -> Option<u16> {
    let styles = index.styles();
    let mut found: Vec<(u16, usize)> = Vec::new();
    for (row, cells) in around.iter().take(2 * BESIDE) {
        let Some(cell) = cells.iter().find(|c| c.column == column) else {
            continue;
        };
        let own = scan::style(index.bytes(), cell).unwrap_or(0);
        let painted = index.bands.fill_at(*row) == Some(styles.fill(own));
        let fill = index.bands.fill_at(place).filter(|_| painted);
        let style = fill
            .and_then(|fill| styles.with_fill(own, fill))
            .unwrap_or(own);
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
