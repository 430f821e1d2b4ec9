//! A workbook with one sheet, streamed: rows leave memory as they are written.

use std::fs::File;
use std::path::Path;

use rust_xlsxwriter::{Format, Formula, Workbook, Worksheet, XlsxError};

use super::formats::Formats;
use super::{Kind, Sheet};
use crate::error::{Error, Result};
use crate::table::{Edits, Line, Source, dates};

/// Kept rows looked at for the type that a column has where a copy begins with inserted rows.
const AHEAD: usize = 200;
/// Rows that decide a column's width where the original says nothing.
const MEASURED: usize = 1000;

pub(in crate::table) fn rewrite(
    source: &Source,
    sheet: &Sheet,
    edits: &Edits<'_>,
    path: &Path,
) -> Result<()> {
    // opened first, so that an impossible path costs no work
    let file = File::create(path).map_err(Error::io("write", path))?;
    let mut workbook = Workbook::new();
    // the rows that are waiting stay on the same disk as the copy
    if let Some(folder) = path.parent().filter(|p| p.is_dir()) {
        let _ = workbook.set_tempdir(folder);
    }
    workbook.set_zip_compression_level(1);
    let refused = |e: XlsxError| {
        Error::input(format!(
            "cannot write the copy of `{}`, sheet `{}`: {e}. Check the sheet, or save the table as CSV.",
            source.name,
            source.sheet.as_deref().unwrap_or("")
        ))
    };
    let formats = Formats::new(sheet);
    let out = workbook
        .add_worksheet_with_constant_memory()
        .map_err(refused)?;
    if let Some(name) = &source.sheet {
        // names that Excel would refuse stay behind
        let _ = out.set_name(name.as_str());
    }
    dress(out, source, sheet, edits.lines.len());
    let mut pen = Pen {
        out,
        sheet,
        formats: &formats,
        source,
    };
    pen.above();
    pen.lines(edits)?;
    workbook
        .save_to_writer(std::io::BufWriter::new(file))
        .map_err(|e| match e {
            XlsxError::IoError(e) => Error::io("write", path)(e),
            e => refused(e),
        })
}

/// Widths, panes and the filter.
fn dress(out: &mut Worksheet, source: &Source, sheet: &Sheet, lines: usize) {
    let looks = &sheet.looks;
    if looks.widths.is_empty() {
        for (column, width) in content_widths(source).into_iter().enumerate() {
            let _ = out.set_column_width(sheet.column + column as u16, width);
        }
    }
    for (first, last, width, hidden) in &looks.widths {
        // files count 5 pixels of margin, at 7 a character
        let characters = (width - 5.0 / 7.0).max(0.0);
        let _ = out.set_column_range_width(*first, *last, characters);
        if *hidden {
            let _ = out.set_column_range_hidden(*first, *last);
        }
    }
    if let Some((rows, columns)) = looks.frozen {
        let _ = out.set_freeze_panes(rows, columns);
    }
    if let Some((row, left, right)) = looks.filter
        && row < sheet.row
        && lines > 0
    {
        let _ = out.autofilter(row, left, sheet.row + lines as u32 - 1, right);
    }
}

/// A width for each column by what it holds; Chinese characters count twice.
fn content_widths(source: &Source) -> Vec<f64> {
    let wide = |text: &str| -> usize {
        text.chars()
            .take(100)
            .map(|c| if c < '\u{1100}' { 1 } else { 2 })
            .sum()
    };
    let table = &source.table;
    (0..table.width())
        .map(|column| {
            let name = table.header().get(column).map_or(0, |n| wide(n));
            let cells = (0..table.rows().min(MEASURED)).map(|row| wide(table.cell(row, column)));
            (cells.max().unwrap_or(0).max(name) + 2).clamp(8, 60) as f64
        })
        .collect()
}

struct Pen<'a> {
    out: &'a mut Worksheet,
    sheet: &'a Sheet,
    formats: &'a Formats,
    source: &'a Source,
}

impl Pen<'_> {
    /// Titles and header. What cannot be placed (merges that overlap) loses its merge, not its text.
    fn above(&mut self) {
        let sheet = self.sheet;
        let mut merged: Vec<[u32; 4]> = Vec::new();
        for range in &sheet.looks.merged {
            let [top, left, bottom, right] = *range;
            let apart = |m: &[u32; 4]| m[2] < top || bottom < m[0] || m[3] < left || right < m[1];
            let small = (bottom - top + 1) as u64 * u64::from(right - left + 1) <= 20_000;
            if bottom < sheet.row && small && range[..2] != range[2..] && merged.iter().all(apart) {
                merged.push(*range);
            }
        }
        merged.sort_unstable();
        let mut merges = merged.iter().peekable();
        for cell in &sheet.above {
            while let Some([top, left, bottom, right]) =
                merges.next_if(|m| (m[0], m[1]) <= (cell.row, u32::from(cell.column)))
            {
                let here = (*top, *left) == (cell.row, u32::from(cell.column));
                let style = if here { cell.style } else { 0 };
                let plain = Format::new();
                let _ = self.out.merge_range(
                    *top,
                    *left as u16,
                    *bottom,
                    *right as u16,
                    "",
                    self.formats.of(style).unwrap_or(&plain),
                );
            }
            let covered = merged.iter().any(|[top, left, bottom, right]| {
                (*top..=*bottom).contains(&cell.row)
                    && (*left..=*right).contains(&u32::from(cell.column))
                    && (*top, *left) != (cell.row, u32::from(cell.column))
            });
            if !covered {
                let _ = self.cell(
                    cell.row,
                    cell.column,
                    cell.kind,
                    cell.style,
                    &cell.text,
                    None,
                );
            }
        }
    }

    fn lines(&mut self, edits: &Edits<'_>) -> Result<()> {
        let table = &self.source.table;
        let width = table.width();
        let first_edit = edits.first_of_rows(table.rows());
        let mut near = self.seen_ahead(&edits.lines);
        for (at, line) in edits.lines.iter().enumerate() {
            let row = self.sheet.row + at as u32;
            match *line {
                Line::Kept(kept) => {
                    let Some([from, to]) = first_edit.get(kept as usize..kept as usize + 2) else {
                        return Err(Error::input(format!(
                            "`{}` has no row {} to copy. Read the table again and repeat.",
                            self.source.name,
                            self.source.first_data_row + kept as usize
                        )));
                    };
                    let mut replaced = edits.replaced[*from as usize..*to as usize]
                        .iter()
                        .peekable();
                    for (column, near) in near.iter_mut().enumerate() {
                        let place = kept as usize * width + column;
                        let (kind, style) = (self.sheet.kinds[place], self.sheet.styles[place]);
                        if kind != Kind::Blank {
                            *near = (kind, style);
                        }
                        let new = replaced.next_if(|r| r.column as usize == column);
                        let (text, exact) = match new {
                            Some(new) => (new.text.as_ref(), None),
                            None => (table.cell(kept as usize, column), self.exact(place)),
                        };
                        self.cell_at(row, column, kind, style, text, exact)?;
                    }
                }
                Line::Inserted(number) => {
                    let Some(cells) = edits.inserted.get(number as usize) else {
                        return Err(Error::input(format!(
                            "The row {number} to be put into `{}` is missing. Repeat the command.",
                            self.source.name
                        )));
                    };
                    for (column, (text, (kind, style))) in cells.iter().zip(&near).enumerate() {
                        self.cell_at(row, column, *kind, *style, text, None)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The type and style that each column has first, for rows inserted before any kept one.
    fn seen_ahead(&self, lines: &[Line]) -> Vec<(Kind, u16)> {
        let width = self.source.table.width();
        let mut near = vec![(Kind::Blank, 0); width];
        let kept = lines.iter().filter_map(|line| match line {
            Line::Kept(row) => Some(*row as usize),
            Line::Inserted(_) => None,
        });
        for row in kept.take(AHEAD) {
            for (column, near) in near.iter_mut().enumerate() {
                let place = row * width + column;
                if let (Kind::Blank, Some(kind), Some(style)) = (
                    near.0,
                    self.sheet.kinds.get(place),
                    self.sheet.styles.get(place),
                ) {
                    *near = (*kind, *style);
                }
            }
        }
        near
    }

    fn exact(&self, place: usize) -> Option<f64> {
        let exact = &self.sheet.exact;
        let at = exact
            .binary_search_by_key(&place, |(place, _)| *place as usize)
            .ok()?;
        exact.get(at).map(|(_, serial)| *serial)
    }

    fn cell_at(
        &mut self,
        row: u32,
        column: usize,
        kind: Kind,
        style: u16,
        text: &str,
        exact: Option<f64>,
    ) -> Result<()> {
        let place = u16::try_from(column).unwrap_or(u16::MAX);
        self.cell(row, self.sheet.column.saturating_add(place), kind, style, text, exact)
            .map_err(|e| {
                Error::input(format!(
                    "cannot write row {}, column {} of the copy of `{}`: {e}. Shorten the cell, or save the table as CSV.",
                    row + 1,
                    column + 1,
                    self.source.name
                ))
            })
    }

    /// Writes one cell as its type where the text is one of that type, else as text.
    fn cell(
        &mut self,
        row: u32,
        column: u16,
        kind: Kind,
        style: u16,
        text: &str,
        exact: Option<f64>,
    ) -> std::result::Result<(), XlsxError> {
        let format = self.formats.of(style);
        if text.is_empty() {
            if let Some(format) = format {
                self.out.write_blank(row, column, format)?;
            }
            return Ok(());
        }
        match kind {
            Kind::Number => {
                if let Some(number) = dates::number(text) {
                    match format {
                        Some(f) => self.out.write_number_with_format(row, column, number, f)?,
                        None => self.out.write_number(row, column, number)?,
                    };
                    return Ok(());
                }
            }
            Kind::Date => {
                if let Some(serial) = exact.or_else(|| dates::serial(text)) {
                    let format = self.formats.of_date(style, text);
                    self.out
                        .write_number_with_format(row, column, serial, format)?;
                    return Ok(());
                }
            }
            Kind::Truth if text == "TRUE" || text == "FALSE" => {
                match format {
                    Some(f) => {
                        self.out
                            .write_boolean_with_format(row, column, text == "TRUE", f)?
                    }
                    None => self.out.write_boolean(row, column, text == "TRUE")?,
                };
                return Ok(());
            }
            Kind::Fault if text.starts_with('#') => {
                // the writer has no plain fault; a formula that is the fault reads back as one
                let formula = Formula::new(format!("={text}")).set_result(text);
                match format {
                    Some(f) => self
                        .out
                        .write_formula_with_format(row, column, formula, f)?,
                    None => self.out.write_formula(row, column, formula)?,
                };
                return Ok(());
            }
            _ => (),
        }
        match format {
            Some(f) => self.out.write_string_with_format(row, column, text, f)?,
            None => self.out.write_string(row, column, text)?,
        };
        Ok(())
    }
}
