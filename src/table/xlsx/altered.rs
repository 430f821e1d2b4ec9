//! What altered cells say. A million rows have more than a million of these, so a cell takes eight bytes here: most say the number
//! of a shared string, or what their text makes of them whenever it is asked.

use std::borrow::Cow;

use super::Sheet;
use super::cells::{Content, Hand};
use crate::table::Replaced;
use crate::table::cells::Kind;

/// How texts become contents of the table's cells, as far as that needs no string table.
#[derive(Clone, Copy)]
pub(super) struct Writing<'a> {
    pub(super) hand: Hand,
    pub(super) sheet: &'a Sheet,
    /// Columns of the table.
    pub(super) width: usize,
    /// Whether texts in cells that held none are shared.
    pub(super) shares: bool,
}

impl Writing<'_> {
    /// What a text makes of a cell of this row and column of the table; none where it is a shared string.
    pub(super) fn text(&self, row: usize, column: usize, text: &str) -> Option<Content> {
        if text.is_empty() {
            return Some(Content::Blank);
        }
        let place = row * self.width + column;
        let kind = self.sheet.kinds.get(place).copied().unwrap_or(Kind::Blank);
        if let Some(value) = self.hand.value(kind, text) {
            return Some(Content::Value(value));
        }
        // texts that are not shared stand in their cells
        let own = kind == Kind::Text || !self.shares;
        own.then(|| Content::Own(text.to_string()))
    }

    /// The same of an altered cell.
    pub(super) fn cell(&self, new: &Replaced<'_>) -> Option<Content> {
        self.text(new.row as usize, new.column as usize, &new.text)
    }
}

/// One altered cell.
#[derive(Clone, Copy)]
enum Says {
    /// What its text makes of it.
    Text,
    /// A shared string.
    Shared(u32),
    /// What stands at this place of the others.
    Other(u32),
}

/// What the altered cells of a copy say, in the order of its edits.
pub(super) struct Altered {
    cells: Vec<Says>,
    others: Vec<Content>,
}

impl Altered {
    /// Room for so many.
    pub(super) fn for_cells(cells: usize) -> Altered {
        Altered {
            cells: Vec::with_capacity(cells),
            others: Vec::new(),
        }
    }

    /// Adds what the next cell says; `by_text` is what its text makes of it.
    pub(super) fn push(&mut self, content: Content, by_text: impl FnOnce() -> Option<Content>) {
        let says = match content {
            Content::Shared(id) => Says::Shared(id),
            content if by_text().as_ref() == Some(&content) => Says::Text,
            content => {
                self.others.push(content);
                Says::Other(self.others.len() as u32 - 1)
            }
        };
        self.cells.push(says);
    }

    /// Whether a cell keeps what it says all the same.
    pub(super) fn stays(&self, at: usize) -> bool {
        match self.cells[at] {
            Says::Other(other) => self.others[other as usize] == Content::Same,
            Says::Shared(_) | Says::Text => false,
        }
    }

    /// The shared string that a cell says, if it says one.
    pub(super) fn shared(&self, at: usize) -> Option<u32> {
        match self.cells[at] {
            Says::Shared(id) => Some(id),
            _ => None,
        }
    }

    /// What a cell says; `new` is the cell in the edits.
    pub(super) fn content(
        &self,
        at: usize,
        new: &Replaced<'_>,
        writing: Writing<'_>,
    ) -> Cow<'_, Content> {
        match self.cells[at] {
            Says::Shared(id) => Cow::Owned(Content::Shared(id)),
            Says::Text => Cow::Owned(writing.cell(new).unwrap_or(Content::Same)),
            Says::Other(other) => Cow::Borrowed(&self.others[other as usize]),
        }
    }
}
