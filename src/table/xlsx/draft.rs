//! What a copy's cells will say, settled before its first byte is written: that decides the numbers of all shared strings.

use super::altered::{Altered, Writing};
use super::cells::{Content, Hand};
use super::formulas::Mover;
use super::index::{Index, NOWHERE};
use super::insert::NewRow;
use super::refs::NewFormula;
use super::rows::{CellAt, Cells, RowAt};
use super::strings::{Arranged, Draft};
use super::turns::{Beside, Turns, outward};
use crate::error::{Error, Result};
use crate::table::{Edits, Line, Replaced, Source};

/// What is settled before the first byte is written.
pub(super) struct Plan {
    /// Of every altered cell what it says.
    pub(super) replaced: Altered,
    pub(super) inserted: Vec<NewRow>,
    pub(super) strings: Option<Arranged>,
    pub(super) added: Vec<NewFormula>,
}

/// The first pass.
pub(super) struct Drafting<'a, 'e> {
    pub(super) index: &'a Index,
    pub(super) source: &'a Source,
    pub(super) edits: &'e Edits<'e>,
    pub(super) draft: Option<Draft<'a>>,
    pub(super) turns: Turns,
    pub(super) hand: Hand,
    pub(super) writing: Writing<'a>,
    pub(super) mover: Mover<'a>,
    /// The formulas of rows put in.
    pub(super) added: Vec<NewFormula>,
}

impl Drafting<'_, '_> {
    /// Settles everything.
    ///
    /// # Errors
    /// Edits of another table; a formula that cannot be put into another row.
    pub(super) fn settle(mut self, first_edit: &[u32]) -> Result<Plan> {
        let edits = self.edits;
        let index = self.index;
        let mut replaced = Altered::for_cells(edits.replaced.len());
        for new in &edits.replaced {
            let content = self.replaced(new);
            replaced.push(content, || self.writing.cell(new));
        }
        let mut inserted = vec![NewRow::default(); edits.inserted.len()];
        for (at, line) in edits.lines.iter().enumerate() {
            match line {
                Line::Inserted(number) => {
                    let missing = || {
                        Error::input(format!(
                            "The row {number} to be put into `{}` is missing. Repeat the command.",
                            self.source.name
                        ))
                    };
                    let texts = edits.inserted.get(*number as usize).ok_or_else(missing)?;
                    inserted[*number as usize] = self.new_row(at, texts)?;
                }
                Line::Kept(row) if *row as usize >= index.table_rows.len() => {
                    return Err(Error::input(format!(
                        "`{}` has no row {} to copy. Read the table again and repeat.",
                        self.source.name,
                        self.source.first_data_row + *row as usize
                    )));
                }
                Line::Kept(_) => (),
            }
        }
        let strings = self.draft.take().map(|draft| {
            let here = self.uses(&replaced, &inserted, first_edit);
            draft.arrange(index.around(here.into_iter()))
        });
        Ok(Plan {
            replaced,
            inserted,
            strings,
            added: self.added,
        })
    }

    /// What an altered cell says.
    fn replaced(&mut self, new: &Replaced<'_>) -> Content {
        let index = self.index;
        let column = index.left + new.column as u16;
        let at = index.table_rows.get(new.row as usize).copied();
        let Some(at) = at.filter(|at| *at != NOWHERE) else {
            return Content::Blank;
        };
        if index.iso() || index.computed.contains_key(&column) {
            let row = index.layout().rows[at as usize];
            let cell = Cells::of(index.bytes(), row).find(|c| c.column == column);
            match cell {
                // what a formula comes to is not ours to say
                Some(cell) if cell.formula.is_some() => return Content::Same,
                Some(cell) if cell.kind(index.bytes()) == b"d" && !new.text.is_empty() => {
                    let row = new.row as usize;
                    return self.content(&cell, row, column, &new.text, Beside::Turn);
                }
                _ => (),
            }
        }
        let uses = index.uses_of(at as usize);
        let shared = uses.binary_search_by_key(&column, |(c, _)| *c).ok();
        if let Some(draft) = &mut self.draft
            && let Some(place) = shared
            && !new.text.is_empty()
        {
            let beside = self.turns.beside(index, column, outward(new.row as usize));
            return Content::Shared(draft.intern(&new.text, Some(uses[place].1), beside));
        }
        self.of_kind(
            new.row as usize,
            new.column as usize,
            &new.text,
            Beside::Turn,
        )
    }

    /// What a cell made after `like`, which stands in this row of the table and this column of the sheet, says; a new string goes
    /// where `beside` says.
    pub(super) fn content(
        &mut self,
        like: &CellAt,
        row: usize,
        column: u16,
        text: &str,
        beside: Beside,
    ) -> Content {
        let id = like.string(self.index.bytes());
        if let (Some(draft), Some(id)) = (&mut self.draft, id) {
            return Content::Shared(draft.intern(text, Some(id), beside));
        }
        if like.kind(self.index.bytes()) == b"d"
            && let Some(value) = &like.value
        {
            return Content::Value(self.hand.iso(&self.index.bytes()[value.clone()], text));
        }
        self.of_kind(row, usize::from(column - self.index.left), text, beside)
    }

    fn of_kind(&mut self, row: usize, column: usize, text: &str, beside: Beside) -> Content {
        match (self.writing.text(row, column, text), &mut self.draft) {
            (Some(content), _) => content,
            (None, Some(draft)) => Content::Shared(draft.intern(text, None, beside)),
            (None, None) => Content::Own(text.to_string()),
        }
    }

    /// The strings that the copy's cells on the table's sheet use, in order.
    fn uses(&self, replaced: &Altered, inserted: &[NewRow], first_edit: &[u32]) -> Vec<u32> {
        let index = self.index;
        let mut out = Vec::new();
        let plain = |row: &RowAt| row.number < index.first;
        let above = index.layout().rows.partition_point(plain);
        let behind_row = index.first + index.table_rows.len() as u32;
        let behind = index
            .layout()
            .rows
            .partition_point(|row| row.number < behind_row);
        let whole = |at: usize| index.uses_of(at).iter().map(|(_, id)| *id);
        out.extend((0..above).flat_map(whole));
        for line in &self.edits.lines {
            match *line {
                Line::Inserted(number) => {
                    out.extend(inserted[number as usize].cells.iter().filter_map(|cell| {
                        match cell.content {
                            Content::Shared(id) => Some(id),
                            _ => None,
                        }
                    }));
                }
                Line::Kept(row) => {
                    let at = index.table_rows[row as usize];
                    if at == NOWHERE {
                        continue;
                    }
                    let edits =
                        first_edit[row as usize] as usize..first_edit[row as usize + 1] as usize;
                    if edits.is_empty() {
                        out.extend(whole(at as usize));
                        continue;
                    }
                    let mut new = edits
                        .map(|at| {
                            (
                                index.left + self.edits.replaced[at].column as u16,
                                replaced.shared(at),
                            )
                        })
                        .peekable();
                    for (column, id) in index.uses_of(at as usize) {
                        while let Some((_, shared)) = new.next_if(|(c, _)| c < column) {
                            out.extend(shared);
                        }
                        match new.next_if(|(c, _)| c == column) {
                            Some((_, shared)) => out.extend(shared),
                            None => out.push(*id),
                        }
                    }
                    out.extend(new.filter_map(|(_, shared)| shared));
                }
            }
        }
        out.extend((behind..index.layout().rows.len()).flat_map(whole));
        out
    }
}
