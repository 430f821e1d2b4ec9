//! Workbooks: every cell as the exact text it stands for, with its type kept aside so that a copy has the same types.
//!
//! Read by calamine cell by cell, after `guard` has held the file against the limits; a sheet with two cells at opposite corners
//! takes the memory of two cells.

mod formats;
mod grid;
mod guard;
mod looks;
mod moves;
mod refs;
mod write;

use std::collections::HashSet;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use calamine::{Reader, SheetType, Style, Xlsx};

use self::grid::Grid;
use self::looks::Looks;
use super::Source;
use super::dates::{self, Shape};
use super::limits::Limits;
use crate::error::{Error, Result};

pub(super) use self::write::rewrite;

/// What a cell is besides its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Blank,
    Text,
    Number,
    /// A day, a time or a duration: a number shown so.
    Date,
    Truth,
    Fault,
}

/// A cell above the table: title or header, in the sheet's own rows and columns.
#[derive(Clone, Debug)]
struct Above {
    row: u32,
    column: u16,
    kind: Kind,
    style: u16,
    text: String,
}

/// What it takes to write a sheet again.
#[derive(Clone, Debug)]
pub(super) struct Sheet {
    /// The sheet's row and column of the table's first cell.
    row: u32,
    column: u16,
    above: Vec<Above>,
    /// Of each of the table's cells, row by row.
    kinds: Vec<Kind>,
    styles: Vec<u16>,
    /// Serial dates that say more than their text (parts of a second), by cell.
    exact: Vec<(u32, f64)>,
    palette: Arc<Vec<Style>>,
    looks: Looks,
}

pub(super) fn read(name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Source>> {
    let parts = guard::check(name, &bytes, limits)?;
    // calamine's arithmetic on cell addresses may overflow, which panics in a debug build
    catch_unwind(AssertUnwindSafe(|| sheets(name, bytes, &parts, limits)))
        .unwrap_or_else(|_| Err(guard::damaged(name, "a cell has no possible address")))
}

fn sheets(
    name: &str,
    bytes: Vec<u8>,
    parts: &guard::Parts,
    limits: &Limits,
) -> Result<Vec<Source>> {
    let damaged = |e: calamine::XlsxError| guard::damaged(name, &e.to_string());
    let mut workbook = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut looks = looks::of_sheets(parts);
    let late = workbook.has_1904_epoch();
    let mut seen = HashSet::new();
    let wanted: Vec<String> = workbook
        .sheets_metadata()
        .iter()
        .filter(|s| s.typ == SheetType::WorkSheet)
        .map(|s| s.name.clone())
        .filter(|n| seen.insert(n.clone()))
        .collect();
    if wanted.len() > parts.len() {
        return Err(guard::damaged(name, "it has more sheets than parts"));
    }
    let mut palette: Option<Palette> = None;
    let mut left = limits.cells;
    let mut found = Vec::new();
    for sheet in wanted {
        let reader = workbook.worksheet_cells_reader(&sheet).map_err(damaged)?;
        let palette = palette.get_or_insert_with(|| Palette::new(reader.styles(), late));
        let mut grid = Grid::default();
        grid.fill(reader, palette, left, limits)
            .map_err(|e| e.of(name, &sheet, limits))?;
        left -= grid.cells.len();
        let look = looks.remove(&sheet).unwrap_or_default();
        if let Some(source) = grid.into_source(name, &sheet, palette, look, limits)? {
            found.push(source);
        }
    }
    if found.is_empty() {
        return Err(Error::input(format!(
            "`{name}` is a workbook without a single filled cell. Give the one that holds the table."
        )));
    }
    let others = found.len() - 1;
    for source in &mut found {
        source.other_sheets = others;
    }
    Ok(found)
}

/// The workbook's styles and what they make of numbers.
struct Palette {
    styles: Arc<Vec<Style>>,
    shapes: Vec<Shape>,
    late: bool,
}

impl Palette {
    fn new(styles: &[Style], late: bool) -> Palette {
        Palette {
            styles: Arc::new(styles.to_vec()),
            shapes: styles.iter().map(shape).collect(),
            late,
        }
    }
}

/// What a style makes of a number.
fn shape(style: &Style) -> Shape {
    match &style.number_format {
        Some(format) => dates::shape(format.format_id, Some(&format.format_code)),
        None => Shape::Plain,
    }
}
