//! The cells of one sheet as they come, and the table among them.

use std::sync::OnceLock;

use super::looks;
use super::{Above, Kind, Palette, Sheet};
use crate::error::{Error, Result};
use crate::table::books::Looks;
use crate::table::cells::Cells;
use crate::table::limits::{Limits, in_words};
use crate::table::{Format, Source, State, Table, header};

const ROWS: u32 = 1_048_576;
const COLUMNS: u32 = 16_384;

#[derive(Debug)]
pub(super) struct Cell {
    row: u32,
    end: u32,
    column: u16,
    style: u16,
    kind: Kind,
}

/// The cells of a sheet that are there, in order.
#[derive(Debug, Default)]
pub(super) struct Grid {
    pub(super) cells: Vec<Cell>,
    text: String,
    exact: Vec<(usize, f64)>,
    /// The cell added last, where its row begins, and whether anything is filled in that.
    last: Option<(u32, u16)>,
    row_start: usize,
    row_filled: bool,
}

pub(super) enum Trouble {
    Outside,
    Order(u32),
    Long(u32, u32),
    Cells,
    Text,
}

impl Trouble {
    pub(super) fn of(self, name: &str, sheet: &str, limits: &Limits) -> Error {
        let what = match self {
            Trouble::Outside => "has a cell outside of what a sheet can hold. Open it in a spreadsheet program and save it again.".to_string(),
            Trouble::Order(row) => format!(
                "has cells out of order or twice in row {row}. Open it in a spreadsheet program and save it again."
            ),
            Trouble::Long(row, column) => format!(
                "row {row}, column {column}: the cell is longer than {}. Check that the file is a table.",
                in_words(limits.cell_bytes as u64)
            ),
            Trouble::Cells => format!("brings the workbook to more than {} cells. Split it.", limits.cells),
            Trouble::Text => format!(
                "brings the workbook to more than {} of text. Split it.",
                in_words(limits.text_cap() as u64)
            ),
        };
        Error::input(format!("`{name}`, sheet `{sheet}`, {what}"))
    }
}

impl Grid {
    /// The cells of a sheet that another reader read, and what they are.
    pub(super) fn of(cells: Cells, looks: Looks) -> Grid {
        let (places, ends, text) = cells.into_parts();
        let places = places.into_iter().zip(ends).zip(looks.of_cells);
        let cell = |(((row, column), end), (kind, style))| Cell {
            row,
            end,
            column: column as u16,
            style,
            kind,
        };
        Grid {
            cells: places.map(cell).collect(),
            text,
            exact: looks.exact,
            row_filled: true,
            ..Grid::default()
        }
    }

    /// Adds a cell: `value` appends its text, says what it is, and the serial behind a date whose text says less.
    pub(super) fn put(
        &mut self,
        row: u32,
        column: u16,
        style: u16,
        limits: &Limits,
        value: impl FnOnce(&mut String, &mut Option<f64>) -> Kind,
    ) -> std::result::Result<(), Trouble> {
        if row >= ROWS || u32::from(column) >= COLUMNS {
            return Err(Trouble::Outside);
        }
        // Excel, too, takes such a file for damaged; otherwise one address could be filled a hundred million times
        if self.last.is_some_and(|last| last >= (row, column)) {
            return Err(Trouble::Order(row + 1));
        }
        if self.last.is_none_or(|(last, _)| last != row) {
            self.end_row();
        }
        self.last = Some((row, column));
        let start = self.text.len();
        let mut exact = None;
        let kind = value(&mut self.text, &mut exact);
        let length = self.text.len() - start;
        if length > limits.cell_bytes {
            return Err(Trouble::Long(row + 1, u32::from(column) + 1));
        }
        if self.text.len() > limits.text_cap() {
            return Err(Trouble::Text);
        }
        self.row_filled |= length > 0;
        if self.cells.len() >= limits.cells {
            return Err(Trouble::Cells);
        }
        self.exact.extend(exact.map(|e| (self.cells.len(), e)));
        self.cells.push(Cell {
            row,
            end: self.text.len() as u32,
            column,
            style,
            kind,
        });
        Ok(())
    }

    /// A row of which nothing is filled is not there.
    fn end_row(&mut self) {
        if !self.row_filled {
            self.cells.truncate(self.row_start);
        }
        self.row_start = self.cells.len();
        self.row_filled = false;
    }

    /// Leaves out the rows from this one on.
    pub(super) fn cut(&mut self, row: u32) {
        self.end_row();
        self.cells
            .truncate(self.cells.partition_point(|cell| cell.row < row));
        self.row_start = self.cells.len();
    }

    /// Adds the rows of a grid that stand behind this one's.
    pub(super) fn append(
        &mut self,
        mut behind: Grid,
        limits: &Limits,
    ) -> std::result::Result<(), Trouble> {
        self.end_row();
        behind.end_row();
        if let (Some((last, _)), Some(first)) = (self.last, behind.cells.first())
            && last >= first.row
        {
            return Err(Trouble::Order(first.row + 1));
        }
        if self.cells.len() + behind.cells.len() > limits.cells {
            return Err(Trouble::Cells);
        }
        if self.text.len() + behind.text.len() > limits.text_cap() {
            return Err(Trouble::Text);
        }
        let (cells, text) = (self.cells.len(), self.text.len() as u32);
        self.text.push_str(&behind.text);
        let moved = behind.cells.into_iter();
        self.cells.extend(moved.map(|cell| Cell {
            end: cell.end + text,
            ..cell
        }));
        let exact = behind.exact.into_iter();
        self.exact
            .extend(exact.map(|(at, serial)| (at + cells, serial)));
        self.row_start = self.cells.len();
        self.last = behind.last.or(self.last);
        Ok(())
    }

    fn start(&self, at: usize) -> usize {
        match at.checked_sub(1).and_then(|before| self.cells.get(before)) {
            Some(before) => before.end as usize,
            None => 0,
        }
    }

    fn text_of(&self, at: usize) -> &str {
        let end = self.cells.get(at).map_or(0, |c| c.end as usize);
        self.text.get(self.start(at)..end).unwrap_or("")
    }

    /// The table among the cells; `None` where none holds anything.
    pub(super) fn into_source(
        mut self,
        name: &str,
        sheet: &str,
        palette: &Palette,
        looks: looks::Looks,
        limits: &Limits,
    ) -> Result<Option<Source>> {
        self.end_row();
        let mut left = u16::MAX;
        for (at, cell) in self.cells.iter().enumerate() {
            if cell.end as usize > self.start(at) {
                left = left.min(cell.column);
            }
        }
        // rows without text were left out while reading
        let (Some(first), Some(last)) = (self.cells.first(), self.cells.last()) else {
            return Ok(None);
        };
        let (base, last) = (first.row, last.row);

        let mut sample: Vec<Vec<&str>> = Vec::new();
        for (at, cell) in self.cells.iter().enumerate() {
            let row = (cell.row - base) as usize;
            if row >= header::SAMPLE {
                break;
            }
            let text = self.text_of(at);
            if text.is_empty() {
                continue;
            }
            sample.resize_with(sample.len().max(row + 1), Vec::new);
            let column = (cell.column - left) as usize;
            sample[row].resize(column, "");
            sample[row].push(text);
        }
        let at = header::find(&sample);
        let names: Vec<String> = at
            .and_then(|at| sample.get(at))
            .map(|row| row.iter().map(|c| c.to_string()).collect())
            .unwrap_or_default();
        let row = base + at.map_or(0, |at| at as u32 + 1);
        let split = self.cells.partition_point(|c| c.row < row);
        let above: Vec<Above> = self.cells[..split]
            .iter()
            .enumerate()
            .map(|(at, cell)| Above {
                row: cell.row,
                column: cell.column,
                kind: cell.kind,
                style: cell.style,
                text: self.text_of(at).to_string(),
            })
            .collect();

        let rows = if split < self.cells.len() {
            (last - row) as usize + 1
        } else {
            0
        };
        let (mut width, mut irregular) = (names.len(), None);
        for (at, cell) in self.cells.iter().enumerate().skip(split) {
            if cell.end as usize == self.start(at) {
                continue;
            }
            let extent = (cell.column - left) as usize + 1;
            if extent > names.len() && !names.is_empty() {
                let number = cell.row as usize + 1;
                match &mut irregular {
                    None => irregular = Some((number, extent)),
                    Some((row, found)) if *row == number => *found = extent,
                    Some(_) => (),
                }
            }
            width = width.max(extent);
        }
        if width > limits.columns || rows.saturating_mul(width) > limits.cells {
            return Err(Error::input(format!(
                "`{name}`, sheet `{sheet}`, spans {rows} rows by {width} columns, more than can be read. Delete the stray cells far from the table."
            )));
        }

        let prefix = self.start(split);
        let mut table = Table::new(names, width);
        table.text = std::mem::take(&mut self.text);
        table.text.drain(..prefix);
        let cells = rows * width;
        table.ends.reserve_exact(cells);
        let mut kinds = vec![Kind::Blank; cells];
        let mut styles = vec![0u16; cells];
        let mut exact = Vec::new();
        let mut exacts = self
            .exact
            .iter()
            .skip_while(|(at, _)| *at < split)
            .peekable();
        let mut end = 0;
        for (at, cell) in self.cells.iter().enumerate().skip(split) {
            let serial = exacts.next_if(|(exact, _)| *exact == at);
            if cell.column < left || (cell.column - left) as usize >= width {
                continue;
            }
            let place = (cell.row - row) as usize * width + (cell.column - left) as usize;
            table.ends.resize(place, end);
            end = cell.end - prefix as u32;
            table.ends.push(end);
            kinds[place] = cell.kind;
            styles[place] = cell.style;
            exact.extend(serial.map(|(_, serial)| (place as u32, *serial)));
        }
        table.ends.resize(cells, end);
        Ok(Some(Source {
            table,
            name: name.to_string(),
            sheet: Some(sheet.to_string()),
            format: Format::Xlsx,
            first_data_row: row as usize + 1,
            irregular,
            converted: None,
            state: State::Xlsx(Box::new(Sheet {
                row,
                column: left,
                above,
                kinds,
                styles,
                exact,
                dress: palette.dress.clone(),
                looks,
                late: palette.late,
                ground: None,
                index: OnceLock::new(),
                rebuilt: false,
            })),
        }))
    }
}
