//! Delimited text: CSV with commas, semicolons, tabs or bars.

use super::super::csv::scan::{self, Grammar};
use super::super::csv::too_much;
use super::super::limits::Limits;
use super::pasted::after_number;
use super::{Cells, refused};
use crate::error::Result;

/// From this part of alike rows on, a delimiter is taken without a look at anything else.
const REGULAR: f64 = 0.7;

/// The delimiter of a text, and how well it cuts it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cut {
    grammar: Grammar,
    /// The part of the first rows that have the commonest number of cells, where that is two or more.
    pub(super) regularity: f64,
    /// That number.
    width: usize,
    /// Whether rows begin with a number that is no cell, "1、".
    numbered: bool,
}

impl Cut {
    pub(super) fn of(text: &str) -> Cut {
        let bytes = text.as_bytes();
        let grammar = Grammar {
            delimiter: scan::delimiter(bytes, 0, false),
            pairs: false,
        };
        let free = Limits {
            columns: usize::MAX,
            cell_bytes: usize::MAX,
            ..Limits::default()
        };
        let sample = bytes.get(..1 << 18).unwrap_or(bytes);
        let mut widths: Vec<usize> = match scan::scan(sample, 0, grammar, 200, &free) {
            Ok(layout) => (0..layout.rows.len())
                .filter(|row| !layout.content(*row).is_empty())
                .map(|row| layout.fields(row).len())
                .collect(),
            Err(_) => Vec::new(),
        };
        widths.sort_unstable();
        let (modal, width) = widths
            .chunk_by(|a, b| a == b)
            .filter(|run| run[0] > 1)
            .map(|run| (run.len(), run[0]))
            .max()
            .unwrap_or((0, 1));
        let lines = || text.lines().filter(|l| !l.trim().is_empty()).take(50);
        let numbered = lines().filter(|l| after_number(l) != l.trim()).count();
        Cut {
            grammar,
            width,
            numbered: numbered * 5 > lines().count() * 4,
            regularity: modal as f64 / widths.len().max(1) as f64,
        }
    }

    pub(super) fn is_regular(&self) -> bool {
        self.regularity >= REGULAR
    }

    /// Whether it makes a regular table of more columns than that.
    pub(super) fn is_wider_than(&self, columns: usize) -> bool {
        self.is_regular() && self.width > columns
    }

    /// As people call it.
    pub(super) fn words(&self) -> &'static str {
        match self.grammar.delimiter {
            b'\t' => "text with tabs",
            b';' => "CSV with semicolons",
            b'|' => "text with bars",
            _ => "CSV",
        }
    }

    /// The cells; a row is a record, so that line breaks inside quotes do not count.
    pub(super) fn read(&self, name: &str, text: &str, limits: &Limits) -> Result<Cells> {
        let layout = scan::scan(text.as_bytes(), 0, self.grammar, usize::MAX, limits)
            .map_err(|excess| too_much(name, excess, limits))?;
        let mut cells = Cells::default();
        for row in 0..layout.rows.len() {
            let content = text.get(layout.content(row)).unwrap_or("");
            if is_hint(row, content) || (self.grammar.delimiter == b'|' && is_rule(content)) {
                continue;
            }
            let row_number = row as u32;
            for (column, span) in layout.spans(row).enumerate() {
                let quotes = span.start < layout.literal_from;
                let field = text.get(span).unwrap_or("");
                let mut cell = scan::unquote(field, quotes);
                if column == 0 && self.numbered {
                    cell = after_number(&cell).to_string().into();
                }
                if self.grammar.delimiter == b'|' {
                    // people put spaces around bars
                    cell = cell.trim().to_string().into();
                }
                cells
                    .push(row_number, column as u32, &cell, limits)
                    .map_err(refused(name, row_number, limits))?;
            }
        }
        Ok(cells)
    }
}

/// The line that tells Excel the delimiter.
fn is_hint(row: usize, content: &str) -> bool {
    row == 0 && content.starts_with("sep=") && content.len() <= 5
}

/// A line drawn between rows.
fn is_rule(content: &str) -> bool {
    content.len() > 2
        && content
            .chars()
            .all(|c| matches!(c, '-' | '=' | ':' | '+' | '|' | ' ' | '\t'))
}
