//! A leak written back row by row, each row with what was found about it: as a workbook, or as comma-separated text.
//!
//! A leak's cells come from a stranger. In a workbook all of them are text, which is never computed; in comma-separated text a cell
//! that a spreadsheet would take for a formula gets a `'` in front, unless it is a number or a telephone.

use std::borrow::Cow;
use std::io::{BufWriter, Write};
use std::path::Path;

use rust_xlsxwriter::{Workbook, XlsxError};

use crate::error::{Error, Result};
use crate::table::Found;
use crate::trace::fate::{LinkedBy, Why};
use crate::trace::rows::{RowFate, RowFinding, RowReport};

/// Rows that a sheet can hold.
const SHEET_ROWS: usize = 1_048_576;
/// Columns that a sheet can hold.
const SHEET_COLUMNS: usize = 16_384;
/// Characters that a cell can hold, as the program counts them.
const CELL: usize = 32_767;

/// One leak with what was found about its rows.
#[derive(Clone, Debug)]
pub struct LeakRows {
    /// The path as given.
    pub path: String,
    /// Its tables.
    pub tables: Vec<Found>,
    /// What a trace says of their rows.
    pub report: RowReport,
}

/// The form in which rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowsForm {
    /// A workbook.
    Workbook,
    /// Comma-separated text.
    Text,
}

impl RowsForm {
    /// The form that a file's name asks for: `.xlsx` or `.csv`.
    ///
    /// # Errors
    /// Another ending.
    pub fn of(path: &Path) -> Result<RowsForm> {
        let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("xlsx") => Ok(RowsForm::Workbook),
            Some("csv") => Ok(RowsForm::Text),
            _ => Err(Error::input(format!(
                "`{}` says neither workbook nor text by its ending. Name a file that ends in .xlsx or .csv for the rows.",
                path.display()
            ))),
        }
    }

    /// Writes the rows of these leaks, one below the other, to `out`, which is the file `path`. What a workbook needs to have kept
    /// meanwhile is kept in the folder `beside`, without a name.
    ///
    /// # Errors
    /// What the system says, or more rows or columns than a sheet can hold.
    pub fn write(
        self,
        leaks: &[LeakRows],
        path: &Path,
        beside: &Path,
        out: impl Write + Send,
    ) -> Result<()> {
        let failed = |e| Error::io("write", path)(e);
        let layout = Layout::new(leaks);
        if self == RowsForm::Text {
            return write_csv(&layout, leaks, out).map_err(failed);
        }
        let rows: usize = leaks.iter().map(|l| l.report.rows.len()).sum();
        if rows >= SHEET_ROWS || layout.width + layout.ours().len() > SHEET_COLUMNS {
            return Err(Error::input(format!(
                "the leak has more rows or columns than a sheet holds, so its rows do not fit `{}`. Name a file that ends in .csv.",
                path.display()
            )));
        }
        write_xlsx(&layout, leaks, beside, out).map_err(|error| match error {
            XlsxError::IoError(error) => failed(error),
            other => Error::input(format!(
                "the rows do not fit the workbook `{}` ({other}). Name a file that ends in .csv.",
                path.display()
            )),
        })
    }
}

/// How the lines look.
struct Layout {
    /// Columns of the leak.
    width: usize,
    header: Vec<String>,
    several_files: bool,
}

impl Layout {
    fn new(leaks: &[LeakRows]) -> Layout {
        let tables = || leaks.iter().flat_map(|l| &l.tables);
        let width = tables().map(|t| t.table.width()).max().unwrap_or(0);
        let name = |place: usize| {
            let mut names = tables()
                .filter(|t| place < t.table.width())
                .map(|t| t.table.header().get(place).map_or("", |h| h.trim()));
            let first = names.next().unwrap_or_default();
            match !first.is_empty() && names.all(|n| n == first) {
                true => first.to_string(),
                false => format!("column {}", place + 1),
            }
        };
        Layout {
            width,
            header: (0..width).map(name).collect(),
            several_files: leaks.len() > 1,
        }
    }

    /// What stands right of the leak's own columns.
    fn ours(&self) -> Vec<&'static str> {
        let file = self.several_files.then_some("taggant: file");
        let rest = [
            "taggant: sheet",
            "taggant: row in the file",
            "taggant: record",
            "taggant: linked by",
            "taggant: likeliest source",
            "taggant: chance",
            "taggant: marks as in that source / read",
            "taggant: remark",
        ];
        file.into_iter().chain(rest).collect()
    }

    /// A row's findings, a cell each.
    fn cells(&self, leak: &LeakRows, finding: &RowFinding) -> Vec<Ours> {
        let found = leak.tables.get(finding.table);
        let mut cells = Vec::with_capacity(9);
        if self.several_files {
            cells.push(Ours::Text(leak.path.clone()));
        }
        let sheet = found.and_then(|f| f.sheet.clone());
        cells.push(Ours::Text(sheet.unwrap_or_else(
            || match leak.tables.len() {
                1 => String::new(),
                _ => format!("table {}", finding.table + 1),
            },
        )));
        let row = found.and_then(|f| f.rows.get(finding.row).copied());
        cells.push(Ours::Number(
            row.map_or(finding.row as f64 + 1.0, f64::from),
        ));
        let (record, by, remark) = match finding.fate {
            RowFate::Linked(by, place) => {
                let place = place.map(|p| {
                    let label = leak.report.tables.get(p.table).map_or("", String::as_str);
                    format!("row {} of {label}", p.row)
                });
                (place.unwrap_or_default(), linked_by(by), "")
            }
            RowFate::Shared(by) => (
                String::new(),
                linked_by(by),
                "a made-up record that several copies hold",
            ),
            RowFate::Unlinked(_) if !finding.canary_of.is_empty() => (String::new(), "", ""),
            RowFate::Unlinked(why) => (String::new(), "", unlinked(why)),
        };
        cells.push(Ours::Text(record));
        cells.push(Ours::Text(by.to_string()));
        match finding.likeliest {
            Some(l) => {
                let name = l.source.and_then(|s| leak.report.sources.get(s));
                cells.push(Ours::Text(
                    name.map_or("others", String::as_str).to_string(),
                ));
                cells.push(Ours::Number((l.chance * 1e4).round() / 1e4));
            }
            None => cells.extend([Ours::Text(String::new()), Ours::Text(String::new())]),
        }
        let marks: Vec<String> = finding
            .readings
            .iter()
            .map(|r| {
                let column = leak.report.columns.get(r.column).map_or("", String::as_str);
                match r.agree {
                    Some(agree) => format!("{column} {agree}/{}", r.read),
                    None => format!("{column} -/{}", r.read),
                }
            })
            .collect();
        cells.push(Ours::Text(marks.join("; ")));
        let canary = finding.canary_of.join(", ");
        cells.push(Ours::Text(match canary.is_empty() {
            true => remark.to_string(),
            false => format!("a made-up record of the copies issued to {canary}"),
        }));
        cells
    }
}

/// A cell of ours.
enum Ours {
    Text(String),
    Number(f64),
}

fn linked_by(by: LinkedBy) -> &'static str {
    match by {
        LinkedBy::Identifier => "an identifier",
        LinkedBy::CutIdentifier => "an identity number cut short, and other cells",
        LinkedBy::Likeness => "masked identifiers and other cells",
    }
}

fn unlinked(why: Why) -> &'static str {
    match why {
        Why::Nothing => "not linked: holds nothing to link by",
        Why::Unknown => "not linked: belongs to no record of this vault",
        Why::Contradicted => {
            "not linked: other cells contradict the record that its identifier belongs to"
        }
        Why::Tied => "not linked: two records fit as well",
        Why::Weak => "not linked: like a record, but a stranger's row might be as well",
    }
}

fn write_xlsx(
    layout: &Layout,
    leaks: &[LeakRows],
    beside: &Path,
    out: impl Write + Send,
) -> std::result::Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    // what it keeps beside while it works is as private as the result
    workbook.set_tempdir(beside)?;
    // half the time for a tenth more bytes
    workbook.set_zip_compression_level(1);
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    sheet.set_name("rows")?;
    let names = layout
        .header
        .iter()
        .map(String::as_str)
        .chain(layout.ours());
    for (column, name) in names.enumerate() {
        sheet.write_string(0, column as u16, fitting(name))?;
    }
    let mut line = 0;
    for leak in leaks {
        for finding in &leak.report.rows {
            line += 1;
            if let Some(found) = leak.tables.get(finding.table) {
                let cells = found.table.row(finding.row).enumerate();
                for (column, cell) in cells.filter(|(_, cell)| !cell.is_empty()) {
                    sheet.write_string(line, column as u16, fitting(cell))?;
                }
            }
            for (nth, cell) in layout.cells(leak, finding).into_iter().enumerate() {
                let column = (layout.width + nth) as u16;
                match cell {
                    Ours::Text(text) if text.is_empty() => {}
                    Ours::Text(text) => {
                        sheet.write_string(line, column, fitting(&text))?;
                    }
                    Ours::Number(n) => {
                        sheet.write_number(line, column, n)?;
                    }
                }
            }
        }
    }
    workbook.save_to_writer(BufWriter::new(out))
}

/// As much of a text as a cell holds; where that is not all, it ends in dots.
fn fitting(text: &str) -> Cow<'_, str> {
    // a character is at most two units of those that are counted
    if text.len() <= CELL || text.encode_utf16().count() <= CELL {
        return Cow::Borrowed(text);
    }
    let mut units = 0;
    let kept = text.chars().take_while(|c| {
        units += c.len_utf16();
        units <= CELL - 3
    });
    Cow::Owned(kept.chain("...".chars()).collect())
}

fn write_csv(layout: &Layout, leaks: &[LeakRows], out: impl Write) -> std::io::Result<()> {
    let mut out = BufWriter::new(out);
    out.write_all("\u{feff}".as_bytes())?;
    let mut line = String::new();
    for name in layout
        .header
        .iter()
        .map(String::as_str)
        .chain(layout.ours())
    {
        add_cell(name, &mut line);
    }
    end_line(&mut line, &mut out)?;
    for leak in leaks {
        for finding in &leak.report.rows {
            let found = leak.tables.get(finding.table);
            for column in 0..layout.width {
                add_cell(
                    found.map_or("", |f| f.table.cell(finding.row, column)),
                    &mut line,
                );
            }
            for cell in layout.cells(leak, finding) {
                match cell {
                    Ours::Text(text) => add_cell(&text, &mut line),
                    Ours::Number(n) => add_cell(&n.to_string(), &mut line),
                }
            }
            end_line(&mut line, &mut out)?;
        }
    }
    out.flush()
}

/// Adds a cell and the comma after it.
fn add_cell(cell: &str, line: &mut String) {
    let quoted = cell.contains([',', '"', '\r', '\n']);
    if quoted {
        line.push('"');
    }
    if is_formula(cell) {
        line.push('\'');
    }
    if quoted {
        line.push_str(&cell.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(cell);
    }
    line.push(',');
}

fn end_line(line: &mut String, out: &mut impl Write) -> std::io::Result<()> {
    line.pop();
    line.push_str("\r\n");
    out.write_all(line.as_bytes())?;
    line.clear();
    Ok(())
}

/// Whether a spreadsheet would compute this text: it begins like a formula, and is not just a number or a telephone.
fn is_formula(cell: &str) -> bool {
    let mut characters = cell.trim_start_matches(' ').chars();
    let begins = match characters.next() {
        Some('=' | '@' | '＝' | '＠' | '\t' | '\r' | '\n') => true,
        Some('+' | '-' | '＋' | '－') => {
            let rest = characters.as_str();
            let number = rest
                .chars()
                .all(|c| c.is_ascii_digit() || " -.,()%".contains(c));
            !number
        }
        _ => false,
    };
    begins && cell.chars().nth(1).is_some()
}

#[cfg(test)]
#[path = "rows_tests.rs"]
mod tests;
