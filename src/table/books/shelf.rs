//! Where a workbook's sheets are gathered: limits shared by all of them, and what is said of each.

use super::Book;
use super::looks::{Look, Looks, NumberFormat};
use super::strings::Texts;
use crate::error::{Error, Result};
use crate::table::limits::Limits;
use crate::table::{Area, Cells, Refused};

/// What a sheet can hold in any program.
pub(super) const ROWS: u32 = 1_048_576;
pub(super) const COLUMNS: u32 = 16_384;
/// Cells that may come out of order or twice before a sheet is given up.
const LATE: usize = 1_000_000;
/// Merged areas kept of a sheet.
const AREAS: usize = 100_000;
/// Notes kept of a file; more say nothing.
const NOTES: usize = 40;

/// Why a sheet or a workbook was not read to its end.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Trouble {
    /// What is wrong with it, in a few words.
    Broken(String),
    /// It asks for more than is allowed: what follows on the file's name, and what to do.
    Limit(String),
}

impl Trouble {
    pub(super) fn broken(why: impl ToString) -> Trouble {
        Trouble::Broken(why.to_string())
    }
}

/// The first part of a library's words, and all in one line.
pub(super) fn short(why: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    why.chars().take(160).map(plain).collect()
}

/// One sheet's cells as they come.
pub(super) struct Gather {
    cells: Cells,
    /// What they are besides their text, where the workbook is to be written again.
    looks: Option<Looks>,
    /// Cells that stand before one that came earlier.
    late: Vec<(u32, u32, String, Look)>,
    /// The place given last, and how many were not behind the one before.
    last: Option<(u32, u32)>,
    back: usize,
    limits: Limits,
}

impl Gather {
    /// Takes a cell, wherever it stands; of two at one place the first stays.
    pub(super) fn put(
        &mut self,
        row: u32,
        column: u32,
        text: &str,
        look: Look,
    ) -> std::result::Result<(), Trouble> {
        if row >= ROWS || column >= COLUMNS {
            return Err(Trouble::broken(
                "a cell stands outside of what a sheet can hold",
            ));
        }
        // empty cells count, too: a hundred million of them are a way to waste time
        if self.last.is_some_and(|last| last >= (row, column)) {
            self.back += 1;
            if self.back > LATE {
                return Err(Trouble::Limit(Refused::Order.words(&self.limits)));
            }
        }
        self.last = Some((row, column));
        let done = match &mut self.looks {
            None => self.cells.push(row, column, text, &self.limits),
            Some(looks) => {
                let before = self.cells.len();
                let done = self.cells.push_as_is(row, column, text, &self.limits);
                if self.cells.len() > before {
                    looks.push(text, look);
                }
                done
            }
        };
        match done {
            Ok(()) => Ok(()),
            Err(Refused::Order) if text.len() <= 1 << 15 => {
                self.late.push((row, column, text.to_string(), look));
                Ok(())
            }
            Err(refused) => Err(Trouble::Limit(refused.words(&self.limits))),
        }
    }

    /// Whether cells' looks are kept.
    pub(super) fn keeps_looks(&self) -> bool {
        self.looks.is_some()
    }

    /// Takes a merged area.
    pub(super) fn merge(&mut self, from: (u32, u32), to: (u32, u32)) {
        let possible = from.0 <= to.0 && from.1 <= to.1 && to.0 < ROWS && to.1 < COLUMNS;
        if possible && self.cells.merged.len() < AREAS {
            self.cells.merged.push(Area { from, to });
        }
    }

    /// Hidden rows and columns, of which those that hold something count.
    pub(super) fn hide(&mut self, hidden: &Hidden) {
        let mut rows: Vec<u32> = Vec::new();
        let mut columns: Vec<u32> = Vec::new();
        if hidden.rows.is_empty() && hidden.columns.is_empty() {
            return;
        }
        let mut seen = vec![false; COLUMNS as usize];
        for (row, column, _) in self.cells.iter() {
            if rows.last() != Some(&row) && hidden.rows.binary_search(&row).is_ok() {
                rows.push(row);
            }
            if let Some(seen) = seen.get_mut(column as usize)
                && !std::mem::replace(seen, true)
                && hidden
                    .columns
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&column))
            {
                columns.push(column);
            }
        }
        self.cells.hidden_lines = rows.len() + columns.len();
    }

    /// The cells in order, and what they are where that is kept.
    fn into_cells(mut self) -> std::result::Result<(Cells, Option<Looks>), Trouble> {
        if self.late.is_empty() {
            return Ok((self.cells, self.looks));
        }
        let kept = self.looks.take();
        let look = |at: usize| kept.as_ref().map_or(Look::text(0), |kept| kept.get(at));
        let mut all: Vec<(u32, u32, String, Look)> = self
            .cells
            .iter()
            .enumerate()
            .map(|(at, (row, column, text))| (row, column, text.to_string(), look(at)))
            .collect();
        all.append(&mut self.late);
        // stable, so that the first of a place stays the first
        all.sort_by_key(|(row, column, _, _)| (*row, *column));
        all.dedup_by_key(|(row, column, _, _)| (*row, *column));
        let mut cells = self.cells.like();
        let mut looks = kept.is_some().then(Looks::default);
        for (row, column, text, look) in all {
            cells
                .push_as_is(row, column, &text, &self.limits)
                .map_err(|refused| Trouble::Limit(refused.words(&self.limits)))?;
            if let Some(looks) = &mut looks {
                looks.push(&text, look);
            }
        }
        Ok((cells, looks))
    }
}

/// Rows and columns that a program would not show.
#[derive(Debug, Default)]
pub(super) struct Hidden {
    /// In order.
    rows: Vec<u32>,
    /// First and last.
    columns: Vec<(u32, u32)>,
}

impl Hidden {
    pub(super) fn row(&mut self, row: u32) {
        if self.rows.last().is_none_or(|last| *last < row) && row < ROWS {
            self.rows.push(row);
        }
    }

    pub(super) fn columns(&mut self, first: u32, last: u32) {
        if self.columns.len() < COLUMNS as usize {
            self.columns.push((first, last));
        }
    }
}

/// The sheets read so far.
pub(super) struct Shelf {
    /// What is left of what the file may ask.
    pub(super) limits: Limits,
    /// Number formats by the numbers that cells' looks give, where looks are kept.
    pub(super) formats: Vec<NumberFormat>,
    sheets: Vec<Cells>,
    /// Of each sheet, where the workbook is to be written again.
    looks: Option<Vec<Looks>>,
    notes: Vec<String>,
    /// The first sentence on something that is missing.
    damage: Option<String>,
    first_trouble: Option<(String, Trouble)>,
}

impl Shelf {
    pub(super) fn new(limits: Limits) -> Shelf {
        Shelf {
            limits,
            formats: Vec::new(),
            sheets: Vec::new(),
            looks: None,
            notes: Vec::new(),
            damage: None,
            first_trouble: None,
        }
    }

    /// Keeps what cells are besides their text from now on.
    pub(super) fn keeping_looks(mut self) -> Shelf {
        self.looks = Some(Vec::new());
        self
    }

    /// Whether cells' looks are kept.
    pub(super) fn keeps_looks(&self) -> bool {
        self.looks.is_some()
    }

    /// The sheet read last turned out to be hidden.
    pub(super) fn hide_last(&mut self) {
        let Some(sheet) = self.sheets.last_mut() else {
            return;
        };
        sheet.hidden = true;
        let title = sheet.sheet.clone().unwrap_or_default();
        self.note(format!("Sheet `{title}` is hidden and was read too."));
    }

    /// Goes on with the shared strings that could be read, where there are any, and says that some are missing.
    pub(super) fn without_strings(
        &mut self,
        done: std::result::Result<(), Trouble>,
        strings: &Texts,
    ) -> std::result::Result<(), Trouble> {
        match done {
            Err(Trouble::Broken(why)) if !strings.is_empty() => {
                self.damaged(format!(
                    "Its shared strings are damaged ({}), so that some texts are missing.",
                    short(&why)
                ));
                Ok(())
            }
            done => done,
        }
    }

    /// Adds a sentence on what is missing because the file is damaged.
    pub(super) fn damaged(&mut self, note: String) {
        self.damage.get_or_insert_with(|| note.clone());
        self.note(note);
    }

    /// Adds a sentence on the file.
    pub(super) fn note(&mut self, note: String) {
        if self.notes.len() < NOTES {
            self.notes.push(note);
        }
    }

    /// Goes on with the sheets read so far where the file breaks off between two, and says so.
    pub(super) fn without_the_rest(
        &mut self,
        done: std::result::Result<(), Trouble>,
    ) -> std::result::Result<(), Trouble> {
        let why = match done {
            Err(Trouble::Broken(why) | Trouble::Limit(why)) if !self.sheets.is_empty() => why,
            done => return done,
        };
        self.damaged(format!(
            "The file is damaged behind its sheet {} ({}); what stands before was read.",
            self.sheets.len(),
            short(&why)
        ));
        Ok(())
    }

    /// Reads one sheet, and says whether to its end. What goes wrong is noted and stays with this sheet; what came before is kept.
    pub(super) fn sheet(
        &mut self,
        title: &str,
        hidden: bool,
        read: impl FnOnce(&mut Gather) -> std::result::Result<(), Trouble>,
    ) -> bool {
        let title = short(title);
        let mut gather = Gather {
            cells: Cells::default(),
            looks: self.looks.is_some().then(Looks::default),
            late: Vec::new(),
            last: None,
            back: 0,
            limits: self.limits.clone(),
        };
        gather.cells.sheet = Some(title.clone());
        gather.cells.hidden = hidden;
        let mut done = read(&mut gather);
        if let Err(Trouble::Limit(_)) = done {
            gather.cells = Cells::default();
            gather.late = Vec::new();
        }
        let (cells, looks) = gather.into_cells().unwrap_or_else(|trouble| {
            done = Err(trouble);
            Default::default()
        });
        match &done {
            Ok(()) => (),
            Err(Trouble::Broken(why)) if cells.is_empty() => self.damaged(format!(
                "Sheet `{title}` could not be read ({}).",
                short(why)
            )),
            Err(Trouble::Broken(why)) => {
                let row = cells.get(cells.len() - 1).map_or(0, |(row, _, _)| row + 1);
                self.damaged(format!(
                    "Sheet `{title}` is damaged behind row {row} ({}); what stands before was read.",
                    short(why)
                ));
            }
            Err(Trouble::Limit(why)) => {
                self.damaged(format!("Sheet `{title}` {why} It was left out."))
            }
        }
        let whole = done.is_ok();
        if let Err(trouble) = done {
            self.first_trouble.get_or_insert((title.clone(), trouble));
        }
        if cells.is_empty() {
            return whole;
        }
        if hidden {
            self.note(format!("Sheet `{title}` is hidden and was read too."));
        }
        if cells.hidden_lines > 0 {
            self.note(format!(
                "Sheet `{title}` has {} hidden rows or columns, which were read too.",
                cells.hidden_lines
            ));
        }
        self.limits.cells -= cells.len().min(self.limits.cells);
        let text: usize = cells.iter().map(|(_, _, text)| text.len()).sum();
        self.limits.text_bytes = self.limits.text_cap() - text.min(self.limits.text_cap());
        self.sheets.push(cells);
        if let (Some(all), Some(looks)) = (&mut self.looks, looks) {
            all.push(looks);
        }
        whole
    }

    /// All that was read, or why nothing was.
    pub(super) fn into_book(self, name: &str, words: &str) -> Result<Book> {
        if !self.sheets.is_empty() {
            return Ok(Book {
                format: words.to_string(),
                sheets: self.sheets,
                looks: self.looks.unwrap_or_default(),
                formats: self.formats,
                damage: self.damage,
                notes: self.notes,
            });
        }
        Err(match self.first_trouble {
            Some((sheet, Trouble::Broken(why))) => {
                super::damaged(name, words, &format!("sheet `{sheet}`: {why}"))
            }
            Some((sheet, Trouble::Limit(why))) => {
                Error::input(format!("`{name}`, sheet `{sheet}`, {why}"))
            }
            None => Error::input(format!(
                "`{name}` is {words} without a single filled cell. Give the one that holds the table."
            )),
        })
    }
}
