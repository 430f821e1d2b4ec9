//! The tables of a web page, which goes by the name of .xls as often as not.
//!
//! A tokenizer of our own: it keeps a list of open tables and nothing else, so that no nesting can exhaust the stack, and broken
//! markup is read as far as it goes.

use super::super::cells::{Area, Cells};
use super::super::limits::Limits;
use super::refused;
use crate::error::{Error, Result};

/// Tables inside tables; what is deeper is text.
const DEPTH: usize = 32;

/// Tables of one page.
const TABLES: usize = 10_000;

/// How many rows or columns one cell may span, as browsers have it.
const ROWSPAN: u32 = 65_534;
const COLSPAN: u32 = 1_000;

/// Whether a text is a web page or a part of one.
pub(super) fn is_page(text: &str) -> bool {
    let head: String = text.trim_start().chars().take(4096).collect();
    if !head.starts_with('<') {
        return false;
    }
    let lower = head.to_ascii_lowercase();
    [
        "<!doctype html",
        "<html",
        "<table",
        "<head",
        "<meta",
        "<body",
        "<div",
        "<tr",
    ]
    .iter()
    .any(|tag| lower.contains(tag))
}

/// Every table of the page as a sheet, in the order in which they end.
pub(super) fn tables(name: &str, text: &str, limits: &Limits) -> Result<Vec<Cells>> {
    let mut done = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    // tables too deep to be followed, and still open
    let mut buried = 0usize;
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        if let Some(table) = open.last_mut() {
            table.say(before, limits);
        }
        if let Some(comment) = tag.strip_prefix("<!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        let Some(token) = Tag::of(tag) else {
            if let Some(table) = open.last_mut() {
                table.say("<", limits);
            }
            rest = &tag[1..];
            continue;
        };
        rest = &tag[token.length..];
        match (token.name.as_str(), token.closes) {
            ("script" | "style", false) => rest = behind_closing(rest, &token.name),
            _ if done.len() > TABLES => {
                return Err(Error::input(format!(
                    "`{name}` is a web page of more than {TABLES} tables. Save the one that is meant as .xlsx or CSV."
                )));
            }
            ("table", false) if open.len() < DEPTH => open.push(Open::default()),
            ("table", false) => buried += 1,
            ("table", true) if buried > 0 => buried -= 1,
            ("table", true) => {
                if let Some(table) = open.pop() {
                    done.extend(table.close(name, limits)?);
                }
            }
            (other, closes) if buried == 0 => {
                // rows without a table around them are a table
                if open.is_empty() && !closes && matches!(other, "tr" | "td" | "th") {
                    open.push(Open::default());
                }
                if let Some(table) = open.last_mut() {
                    match (other, closes) {
                        ("tr", _) => table.end_row(name, limits)?,
                        ("td" | "th", false) => table.begin_cell(&token, limits),
                        ("td" | "th", true) => table.end_cell(),
                        ("br" | "p" | "div" | "li", _) => table.say(" ", limits),
                        _ => (),
                    }
                }
            }
            _ => (),
        }
    }
    if let Some(table) = open.last_mut() {
        table.say(rest, limits);
    }
    while let Some(table) = open.pop() {
        done.extend(table.close(name, limits)?);
    }
    Ok(done)
}

/// What follows on the end of an element whose content is no markup.
fn behind_closing<'a>(rest: &'a str, name: &str) -> &'a str {
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|r| r.find("</")) {
        let inside = from + at + 2;
        let closing = rest.get(inside..inside + name.len());
        if closing.is_some_and(|word| word.eq_ignore_ascii_case(name)) {
            return rest.get(inside - 2..).unwrap_or("");
        }
        from = inside;
    }
    ""
}

/// One tag.
struct Tag<'a> {
    name: String,
    closes: bool,
    attributes: &'a str,
    /// Bytes from `<` to behind `>`.
    length: usize,
}

impl<'a> Tag<'a> {
    /// The tag that `text` begins with; `None` where its `<` is but a character.
    fn of(text: &'a str) -> Option<Tag<'a>> {
        let inner = text.strip_prefix('<')?;
        let closes = inner.starts_with('/');
        let inner = inner.strip_prefix('/').unwrap_or(inner);
        if !inner.starts_with(|c: char| c.is_ascii_alphabetic() || c == '!' || c == '?') {
            return None;
        }
        let mut quote = None;
        let mut end = None;
        for (at, byte) in inner.bytes().enumerate() {
            match (quote, byte) {
                (None, b'>') => {
                    end = Some(at);
                    break;
                }
                (None, b'"' | b'\'') => quote = Some(byte),
                (Some(open), _) if open == byte => quote = None,
                _ => (),
            }
        }
        // a quote that is never closed would swallow the page
        let end = end.or_else(|| inner.find('>')).unwrap_or(inner.len());
        let body = &inner[..end];
        let name_end = body
            .find(|c: char| c.is_ascii_whitespace() || c == '/')
            .unwrap_or(body.len());
        let (name, attributes) = body.split_at(name_end);
        Some(Tag {
            name: name
                .chars()
                .take(16)
                .collect::<String>()
                .to_ascii_lowercase(),
            closes,
            attributes,
            length: (text.len() - inner.len() + end + 1).min(text.len()),
        })
    }

    /// The value of an attribute.
    fn attribute(&self, wanted: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        loop {
            rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
            if rest.is_empty() {
                return None;
            }
            let end = rest
                .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '/')
                .unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            let after = after.trim_start();
            let value;
            (value, rest) = match after.strip_prefix('=') {
                Some(after) => {
                    let after = after.trim_start();
                    match after.chars().next() {
                        Some(quote @ ('"' | '\'')) => after[1..]
                            .split_once(quote)
                            .map_or((&after[1..], ""), |(value, rest)| (value, rest)),
                        _ => after.split_at(
                            after
                                .find(|c: char| c.is_ascii_whitespace())
                                .unwrap_or(after.len()),
                        ),
                    }
                }
                None if end == 0 => ("", rest.get(1..).unwrap_or("")),
                None => ("", after),
            };
            if name.eq_ignore_ascii_case(wanted) {
                return Some(value);
            }
        }
    }

    fn span(&self, name: &str, most: u32) -> u32 {
        let digits = self.attribute(name).unwrap_or("1").trim();
        digits.parse().unwrap_or(1).clamp(1, most)
    }
}

/// A table whose end is still to come.
#[derive(Default)]
struct Open {
    cells: Cells,
    row: u32,
    /// The cells of the present row.
    line: Vec<(u32, String)>,
    /// By column, the first row that is not covered by a cell from above.
    free_from: Vec<u32>,
    column: u32,
    /// The open cell: its column and text so far.
    cell: Option<(u32, String)>,
    /// Its number as the file has it beside what is shown.
    exact: String,
}

impl Open {
    /// Adds text to the open cell, white space folded.
    fn say(&mut self, text: &str, limits: &Limits) {
        let Some((_, cell)) = &mut self.cell else {
            return;
        };
        // one byte over is enough for the cell to be refused
        let room = (limits.cell_bytes + 1).saturating_sub(cell.len());
        let mut taken = 0;
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let (c, length) = match c {
                '&' => entity(rest).unwrap_or((c, 1)),
                _ => (c, c.len_utf8()),
            };
            rest = rest.get(length..).unwrap_or("");
            let c = if c.is_whitespace() { ' ' } else { c };
            if c == ' ' && (cell.is_empty() || cell.ends_with(' ')) {
                continue;
            }
            if taken > room {
                return;
            }
            taken += c.len_utf8();
            cell.push(c);
        }
    }

    fn begin_cell(&mut self, tag: &Tag<'_>, limits: &Limits) {
        self.end_cell();
        let mut column = self.column;
        while self
            .free_from
            .get(column as usize)
            .is_some_and(|row| *row > self.row)
        {
            column += 1;
        }
        let width = tag.span("colspan", COLSPAN);
        let height = tag.span("rowspan", ROWSPAN);
        self.column = column.saturating_add(width);
        if self.column as usize > limits.columns {
            return;
        }
        if height > 1 {
            let end = self.column as usize;
            if self.free_from.len() < end {
                self.free_from.resize(end, 0);
            }
            for row in &mut self.free_from[column as usize..end] {
                *row = self.row.saturating_add(height);
            }
        }
        if width > 1 || height > 1 {
            self.cells.merged.push(Area {
                from: (self.row, column),
                to: (
                    self.row.saturating_add(height - 1),
                    column.saturating_add(width - 1),
                ),
            });
        }
        // Excel and LibreOffice keep the number itself here, whatever the cell shows
        let exact = tag.attribute("x:num").or_else(|| tag.attribute("sdval"));
        self.exact = exact.unwrap_or("").trim().to_string();
        self.cell = Some((column, String::new()));
    }

    fn end_cell(&mut self) {
        let Some((column, shown)) = self.cell.take() else {
            return;
        };
        // too narrow a column shows 1.38E+10 or ####; dates are better as they are shown
        let cut = shown.contains("E+") || shown.starts_with("##");
        let text = match cut && !self.exact.is_empty() {
            true => std::mem::take(&mut self.exact),
            false => shown,
        };
        self.line.push((column, text));
    }

    fn end_row(&mut self, name: &str, limits: &Limits) -> Result<()> {
        self.end_cell();
        if self.column == 0 {
            return Ok(());
        }
        for (column, text) in self.line.drain(..) {
            self.cells
                .push(self.row, column, text.trim_end(), limits)
                .map_err(refused(name, self.row, limits))?;
        }
        self.row = self.row.saturating_add(1);
        self.column = 0;
        Ok(())
    }

    fn close(mut self, name: &str, limits: &Limits) -> Result<Option<Cells>> {
        self.end_row(name, limits)?;
        Ok((!self.cells.is_empty()).then_some(self.cells))
    }
}

/// The character that a text beginning with `&` stands for, and the bytes it takes there.
fn entity(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('&')?;
    let end = inner
        .bytes()
        .take(10)
        .position(|b| !(b.is_ascii_alphanumeric() || b == b'#'))
        .unwrap_or(inner.len().min(10));
    let word = inner.get(..end)?;
    let length = 1 + end + usize::from(inner[end..].starts_with(';'));
    let code = match word.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        },
        None => match word {
            "amp" => u32::from('&'),
            "lt" => u32::from('<'),
            "gt" => u32::from('>'),
            "quot" => u32::from('"'),
            "apos" => u32::from('\''),
            "nbsp" => u32::from(' '),
            "middot" => u32::from('·'),
            "ndash" => u32::from('–'),
            "mdash" => u32::from('—'),
            "hellip" => u32::from('…'),
            _ => return None,
        },
    };
    Some((char::from_u32(code)?, length))
}
