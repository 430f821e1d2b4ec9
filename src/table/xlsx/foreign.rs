//! Workbooks of other kinds, as sources whose copies are plain workbooks of this one.

use super::grid::Grid;
use super::looks::Looks;
use super::{Dress, Palette};
use crate::error::{Error, Result};
use crate::table::books::Book;
use crate::table::{Limits, Source, State};

/// One source a sheet that holds anything, hidden ones too.
///
/// # Errors
/// A sheet that is larger than `limits` allow; a book of which nothing is filled.
pub(in crate::table) fn of_book(name: &str, book: Book, limits: &Limits) -> Result<Vec<Source>> {
    // readers count days from 1900 already
    let palette = Palette::new(Dress::Numbers(book.formats), false);
    let mut found = Vec::new();
    for (cells, kinds) in book.sheets.into_iter().zip(book.looks) {
        let sheet = cells.sheet.clone().unwrap_or_default();
        let merged = cells.merged.iter();
        let looks = Looks {
            merged: merged
                .map(|area| [area.from.0, area.from.1, area.to.0, area.to.1])
                .collect(),
            ..Looks::default()
        };
        let grid = Grid::of(cells, kinds);
        let Some(mut source) = grid.into_source(name, &sheet, &palette, looks, limits)? else {
            continue;
        };
        source.converted = Some(book.format.clone());
        if let State::Xlsx(sheet) = &mut source.state {
            sheet.rebuild();
        }
        found.push(source);
    }
    if found.is_empty() {
        return Err(Error::input(format!(
            "`{name}` is {} without a single filled cell. Give the one that holds the table.",
            book.format
        )));
    }
    Ok(found)
}
