//! Delimited text. The file's bytes stay where they are; a copy is made of them and of the few cells that changed.

pub(super) mod scan;
mod write;

use self::scan::{Excess, Grammar, Layout};
use super::encoding::{self, Decoded, Encoding};
use super::limits::{Limits, in_words};
use super::{Format, Source, State, Table, header};
use crate::error::{Error, Result};

pub(super) use self::write::rewrite;

/// What it takes to write a file again.
#[derive(Clone, Debug)]
pub(super) struct CsvFile {
    encoding: Encoding,
    grammar: Grammar,
    /// The file, in UTF-8 where it is UTF-16.
    working: Vec<u8>,
    /// Every row of the file, titles and header too.
    layout: Layout,
    /// The file's row of the table's first, from 0.
    first: usize,
    /// The file's row behind the table's last.
    behind: usize,
}

pub(super) fn read(name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Source> {
    let Decoded {
        encoding,
        text,
        raw,
    } = encoding::decode(name, bytes, limits)?;
    let working = raw.as_deref().unwrap_or(text.as_bytes());
    let pairs = raw.is_some();
    let start = if working.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };
    let grammar = Grammar {
        delimiter: scan::delimiter(working, start, pairs),
        pairs,
    };
    let excess = |e| too_much(name, e, limits);
    let layout = scan::scan(working, start, grammar, usize::MAX, limits).map_err(excess)?;
    // GB18030 is cut twice, once for its own bytes and once for their text
    let decoded = if pairs {
        let plain = Grammar {
            pairs: false,
            ..grammar
        };
        let cut = scan::scan(text.as_bytes(), 0, plain, usize::MAX, limits).map_err(excess)?;
        if cut.rows.len() != layout.rows.len() || cut.ends.len() != layout.ends.len() {
            return Err(Error::input(format!(
                "`{name}` has delimiters inside its GB18030 characters. Save it as UTF-8 CSV."
            )));
        }
        Some(cut)
    } else {
        None
    };
    let cut = decoded.as_ref().unwrap_or(&layout);
    let (table, first, behind, irregular) = build(name, &text, cut, grammar.delimiter, limits)?;
    Ok(Source {
        table,
        name: name.to_string(),
        sheet: None,
        format: Format::Csv,
        first_data_row: first + 1,
        irregular,
        converted: None,
        state: State::Csv(Box::new(CsvFile {
            encoding,
            grammar,
            working: raw.unwrap_or(text.into_bytes()),
            layout,
            first,
            behind,
        })),
    })
}

type Built = (Table, usize, usize, Option<(usize, usize)>);

/// The table in the text, the file's rows it takes up, and the first row that is not as wide as the header.
fn build(name: &str, text: &str, cut: &Layout, delimiter: u8, limits: &Limits) -> Result<Built> {
    let bytes = text.as_bytes();
    let blank = |row: usize| {
        bytes[cut.content(row)]
            .iter()
            .all(|b| *b == delimiter || matches!(b, b' ' | b'\t' | b'"'))
    };
    let behind = (0..cut.rows.len())
        .rev()
        .find(|row| !blank(*row))
        .map_or(0, |row| row + 1);
    if behind == 0 {
        return Err(Error::input(format!(
            "`{name}` has no cells, only white space. Give a CSV file or an .xlsx workbook that holds a table."
        )));
    }
    let cell = |span: std::ops::Range<usize>| {
        let quotes = span.start < cut.literal_from;
        scan::unquote(&text[span], quotes)
    };
    let sample: Vec<Vec<_>> = (0..behind.min(header::SAMPLE))
        .map(|row| cut.spans(row).map(cell).collect())
        .collect();
    let shown: Vec<Vec<&str>> = sample
        .iter()
        .map(|row| row.iter().map(|c| c.as_ref()).collect())
        .collect();
    let at = header::find(&shown);
    let names: Vec<String> = at
        .and_then(|at| shown.get(at))
        .map(|row| row.iter().map(|c| c.to_string()).collect())
        .unwrap_or_default();
    let first = at.map_or(0, |at| at + 1);
    let expected = if at.is_some() {
        names.len()
    } else {
        cut.fields(0).len()
    };
    let mut width = expected;
    let mut irregular = None;
    for row in first..behind {
        let found = cut.fields(row).len();
        if found != expected && irregular.is_none() && !cut.content(row).is_empty() {
            irregular = Some((row + 1, found));
        }
        width = width.max(found);
    }
    if (behind - first).saturating_mul(width) > limits.cells {
        return Err(too_much(name, Excess::Cells, limits));
    }
    let mut table = Table::new(names, width);
    table.ends.reserve((behind - first) * width);
    table.text.reserve(bytes.len());
    for row in first..behind {
        let row_end = table.ends.len() + width;
        for span in cut.spans(row) {
            match bytes.get(span.start) {
                Some(b'"') if !span.is_empty() => table.text.push_str(&cell(span)),
                _ => table.text.push_str(&text[span]),
            }
            table.ends.push(table.text.len() as u32);
        }
        table.ends.resize(row_end, table.text.len() as u32);
    }
    Ok((table, first, behind, irregular))
}

/// What to say of a file that asks for too much.
pub(super) fn too_much(name: &str, excess: Excess, limits: &Limits) -> Error {
    Error::input(match excess {
        Excess::Cell { row, column } => format!(
            "`{name}`, row {row}, column {column}: the cell is longer than {}, which mostly comes of a stray quote. Correct the row.",
            in_words(limits.cell_bytes as u64)
        ),
        Excess::Columns { row } => format!(
            "`{name}`, row {row}, has more than {} columns. Check that the file is a table.",
            limits.columns
        ),
        Excess::Cells => format!(
            "`{name}` has more than {} cells, short rows filled up. Split it, or remove the rows that are too wide.",
            limits.cells
        ),
    })
}
