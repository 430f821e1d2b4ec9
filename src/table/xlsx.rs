//! Workbooks: every cell as the exact text it stands for, and copies that are the workbook itself with a few bytes changed.
//!
//! In: `guard` holds the file against the limits; `package` finds its parts, `sheets` says what they are, `scan` goes once over
//! each sheet (`rows`, `values`, `grid`), `strings` and `styles` over theirs, and `index` keeps what copies need. A sheet with two
//! cells at opposite corners takes the memory of two cells.
//!
//! Out: `draft` settles what a copy's cells say (`altered`; `insert` what rows put in look like), `splice` writes the sheet
//! (`cells`, `formulas`, `bands`), `kept` works out what stands beside formulas, `refs` all that refers to its rows, and `package`
//! the file, large parts by all cores (`deflate`). `write` makes plain workbooks instead, where asked to (`formats`, `looks`) or
//! where the file was of another kind (`foreign`).

mod altered;
mod bands;
mod cells;
mod deflate;
mod draft;
mod foreign;
mod formats;
mod formulas;
mod grid;
mod guard;
mod index;
mod insert;
mod kept;
mod looks;
mod manner;
mod markup;
mod moves;
mod package;
mod refs;
mod rows;
mod scan;
mod scripts;
mod sheets;
mod splice;
mod strings;
mod styles;
mod turns;
mod values;
mod write;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use calamine::{Reader, Style, Xlsx};

pub(super) use self::foreign::of_book;
use self::index::{Found, Ground, Index, Place};
use self::looks::Looks;
use self::package::Package;
use super::books::NumberFormat;
use super::cells::Kind;
use super::dates::{self, Shape};
use super::limits::Limits;
use super::source::several;
use super::{Edits, Source, State};
use crate::error::{Error, Result};

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
    dress: Arc<Dress>,
    looks: Looks,
    /// Whether the workbook counts days from 1904.
    late: bool,
    /// The workbook's parts, where it is of this kind.
    ground: Option<Arc<Ground>>,
    index: OnceLock<Arc<Index>>,
    rebuilt: bool,
}

impl Sheet {
    /// Copies are plain workbooks with this one sheet from now on.
    pub(super) fn rebuild(&mut self, name: &str) {
        self.rebuilt = true;
        if let Some(ground) = self.ground.take() {
            self.dress = Arc::new(styles(&ground, name));
        }
    }

    /// Whether copies are plain workbooks.
    pub(super) fn is_rebuilt(&self) -> bool {
        self.rebuilt
    }

    /// Whether something is about a run of the table's rows, once copies are ready to be spliced.
    pub(super) fn pins_order(&self) -> bool {
        let index = self.index.get();
        index.is_some_and(|index| index.surroundings.pins_order())
    }

    /// Columns of the table with a formula in them, once copies are ready to be spliced.
    pub(super) fn computed(&self) -> Vec<usize> {
        let Some(index) = self.index.get() else {
            return Vec::new();
        };
        let of_table = |column: &u16| column.checked_sub(self.column).map(usize::from);
        index.computed.keys().filter_map(of_table).collect()
    }
}

/// Learns what copies need, which may show that there can be none.
pub(super) fn ready(source: &Source, sheet: &Sheet) -> Result<()> {
    if sheet.rebuilt || sheet.index.get().is_some() {
        return Ok(());
    }
    let Some(ground) = sheet.ground.clone() else {
        return Ok(());
    };
    let index = index(source, sheet, ground)?;
    index.refuse_repeats(&source.table)?;
    // another thread may have been quicker
    let _ = sheet.index.set(Arc::new(index));
    Ok(())
}

/// What copies of a table need of its workbook.
fn index(source: &Source, sheet: &Sheet, ground: Arc<Ground>) -> Result<Index> {
    let place = Place {
        first: sheet.row,
        left: sheet.column,
        rows: source.table.rows() as u32,
    };
    Index::of(ground, source.sheet.as_deref().unwrap_or_default(), place)
}

/// Writes the copy that `edits` make.
pub(super) fn rewrite(
    source: &Source,
    sheet: &Sheet,
    edits: &Edits<'_>,
    path: &Path,
) -> Result<()> {
    ready(source, sheet)?;
    match sheet.index.get() {
        Some(index) => splice::rewrite(source, sheet, index, edits, path),
        None => write::rewrite(source, sheet, edits, path),
    }
}

/// Writes what `edits` make of a copy that is at `path` already, in which other tables of the workbook were written anew: where this
/// table is and what it says, they left as it was.
pub(super) fn rewrite_upon(
    source: &Source,
    sheet: &Sheet,
    edits: &Edits<'_>,
    path: &Path,
) -> Result<()> {
    if sheet.ground.is_none() {
        return Err(several(source));
    }
    let bytes = std::fs::read(path).map_err(Error::io("read", path))?;
    let package = Package::open(&source.name, Arc::new(bytes))?;
    let (ground, _) = Ground::of(package, &Limits::default())?;
    let index = index(source, sheet, Arc::new(ground))?;
    splice::rewrite(source, sheet, &index, edits, path)
}

pub(super) fn read(name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Source>> {
    let kept = guard::check(name, &bytes, limits)?;
    let package = Package::open(name, Arc::new(bytes))?.with(kept);
    let (ground, sheets) = Ground::of(package, limits)?;
    let ground = Arc::new(ground);
    let palette = Palette {
        dress: Arc::new(Dress::Plain),
        late: ground.late(),
    };
    let mut found = Vec::new();
    for Found { sheet, looks, grid } in sheets {
        let Some(mut source) = grid.into_source(name, &sheet, &palette, looks, limits)? else {
            continue;
        };
        if let State::Xlsx(sheet) = &mut source.state {
            sheet.ground = Some(ground.clone());
        }
        found.push(source);
    }
    if found.is_empty() {
        return Err(Error::input(format!(
            "`{name}` is a workbook without a single filled cell. Give the one that holds the table."
        )));
    }
    Ok(found)
}

/// The styles of a workbook as a library reads them; what it cannot read has none.
fn styles(ground: &Ground, sheet: &str) -> Dress {
    // the library's arithmetic on cell addresses may overflow, which panics in a debug build
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut workbook = Xlsx::new(Cursor::new(ground.bytes())).ok()?;
        let reader = workbook.worksheet_cells_reader(sheet).ok()?;
        Some(Dress::Whole(reader.styles().to_vec()))
    }));
    read.ok().flatten().unwrap_or(Dress::Plain)
}

/// What the styles of a workbook's cells are made of.
#[derive(Clone, Debug)]
enum Dress {
    /// Nothing, as long as copies are spliced.
    Plain,
    /// Everything, as the workbook's own styles have it.
    Whole(Vec<Style>),
    /// Number formats alone, from a workbook of another kind.
    Numbers(Vec<NumberFormat>),
}

impl Dress {
    /// What the styles make of numbers.
    fn shapes(&self) -> Vec<Shape> {
        match self {
            Dress::Plain => Vec::new(),
            Dress::Whole(styles) => styles.iter().map(shape).collect(),
            Dress::Numbers(formats) => formats.iter().map(NumberFormat::shape).collect(),
        }
    }
}

/// The workbook's styles, and whether it counts days from 1904.
struct Palette {
    dress: Arc<Dress>,
    late: bool,
}

/// What a style makes of a number.
fn shape(style: &Style) -> Shape {
    match &style.number_format {
        Some(format) => dates::shape(format.format_id, Some(&format.format_code)),
        None => Shape::Plain,
    }
}
