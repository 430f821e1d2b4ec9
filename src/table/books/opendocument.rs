//! OpenDocument spreadsheets, and the tables of OpenDocument texts (ISO/IEC 26300-1, 9): content.xml by streaming.
//!
//! Rows and cells say how often they repeat, and a file of a few bytes may say so of a whole sheet. Empty ones only move the
//! place; filled ones are counted against a cap of their own.

mod styles;
mod value;

use std::collections::HashSet;
use std::io::BufRead;

use self::styles::Styles;
use self::value::Value;
use super::looks::Look;
use super::parts::Parts;
use super::shelf::{COLUMNS, Gather, Hidden, ROWS, Shelf, Trouble};
use super::xml::{Node, Tag, Xml};

type Read<T> = Result<T, Trouble>;

/// Filled cells that a file may have by repetition alone.
const REPEATED: u64 = 4_000_000;
/// Spaces that one tag may stand for.
const SPACES: usize = 1000;

pub(super) fn read(bytes: &[u8], shelf: &mut Shelf) -> Read<()> {
    let mut parts = Parts::open(bytes, &shelf.limits)?;
    if let Some(part) = parts.part("META-INF/manifest.xml")
        && is_locked(&mut Xml::new(part?))?
    {
        return Err(Trouble::Limit(
            "is an OpenDocument file that is locked with a password. Open it in LibreOffice and save it without.".into(),
        ));
    }
    let mut styles = shelf.keeps_looks().then(Styles::default);
    if let Some(styles) = &mut styles
        && let Some(part) = parts.part("styles.xml")
    {
        common(&mut Xml::new(part?), styles)?;
    }
    let part = parts
        .part("content.xml")
        .ok_or_else(|| Trouble::broken("it has no content part"))??;
    let mut document = Document {
        xml: Xml::new(part),
        unseen: HashSet::new(),
        repeated: 0,
        styles,
    };
    let done = document.read(shelf);
    let styles = document.styles.take();
    shelf.formats = styles.map_or(Vec::new(), Styles::into_formats);
    drop(document);
    shelf.without_the_rest(done.map_err(|trouble| parts.trouble(trouble)))
}

fn is_locked<R: BufRead>(xml: &mut Xml<R>) -> Read<bool> {
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "encryption-data" => return Ok(true),
            Node::End => return Ok(false),
            _ => (),
        }
    }
}

/// The styles that have names of their own; those of headers and footers go by names that cells use for others.
fn common<R: BufRead>(xml: &mut Xml<R>, styles: &mut Styles) -> Read<()> {
    let mut inside = false;
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "styles" => inside = true,
            Node::Open(tag) if inside => styles.open(&tag),
            Node::Text(text) if inside => styles.text(&text),
            Node::Close(tag) if tag.name() == "styles" => inside = false,
            Node::Close(tag) if inside => styles.close(tag.name()),
            Node::End => break,
            _ => (),
        }
    }
    styles.settle();
    Ok(())
}

struct Document<R> {
    xml: Xml<R>,
    /// Styles of tables that are not shown.
    unseen: HashSet<String>,
    repeated: u64,
    /// How cells show numbers, where that is kept.
    styles: Option<Styles>,
}

/// A row as it is read, to be put down as often as it repeats.
#[derive(Default)]
struct Row {
    text: String,
    cells: Vec<Filled>,
    /// Columns and further rows that a cell spans, by its place in `cells`.
    spans: Vec<(u32, u32, u32)>,
    next: u64,
    /// The number format of cells that have no style of their own; none where that is the column's.
    format: Option<u16>,
}

/// A cell that holds something, as often as it repeats.
struct Filled {
    column: u32,
    columns: u32,
    /// Where its text ends in that of the row.
    end: usize,
    look: Look,
}

/// Number formats of columns: the first column that is not of it any more, and its number.
type Columns = Vec<(u32, u16)>;

impl<R: BufRead> Document<R> {
    fn read(&mut self, shelf: &mut Shelf) -> Read<()> {
        let mut style = String::new();
        let mut number = 0;
        loop {
            let node = self.xml.next()?;
            if let Some(styles) = &mut self.styles {
                match &node {
                    Node::Open(tag) => styles.open(tag),
                    Node::Text(text) => styles.text(text),
                    Node::Close(tag) => styles.close(tag.name()),
                    _ => (),
                }
            }
            let title = match node {
                Node::Open(tag) => match tag.name() {
                    "style" => {
                        style = tag.get("name").unwrap_or_default();
                        None
                    }
                    "table-properties" => {
                        if tag.get("display").as_deref() == Some("false")
                            && self.unseen.len() < 1 << 16
                        {
                            self.unseen.insert(std::mem::take(&mut style));
                        }
                        None
                    }
                    "table" => {
                        let hidden = tag
                            .get("style-name")
                            .is_some_and(|s| self.unseen.contains(&s));
                        number += 1;
                        let title = tag.get("name").unwrap_or_else(|| format!("Table{number}"));
                        Some((title, hidden))
                    }
                    _ => None,
                },
                Node::End => return Ok(()),
                _ => None,
            };
            if let Some((title, hidden)) = title {
                // what stands behind one that breaks off cannot be told apart any more
                if !shelf.sheet(&title, hidden, |gather| self.table(gather)) {
                    return Ok(());
                }
            }
        }
    }

    fn table(&mut self, gather: &mut Gather) -> Read<()> {
        let mut hidden = Hidden::default();
        let mut row = 0u64;
        let mut column = 0u32;
        let mut columns = Columns::new();
        loop {
            match self.xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "table-column" => {
                        let times = repeats(&tag, "number-columns-repeated");
                        let end = (u64::from(column) + times).min(COLUMNS.into()) as u32;
                        if is_hidden(&tag) && end > column {
                            hidden.columns(column, end - 1);
                        }
                        if let Some(styles) = &mut self.styles
                            && end > column
                        {
                            let style = tag.get("default-cell-style-name");
                            columns.push((end, style.map_or(0, |s| styles.format_of(&s))));
                        }
                        column = end;
                    }
                    "table-row" => {
                        let times = repeats(&tag, "number-rows-repeated");
                        let unseen = is_hidden(&tag);
                        let style = tag.get("default-cell-style-name");
                        let format = style
                            .zip(self.styles.as_mut())
                            .map(|(style, styles)| styles.format_of(&style));
                        let content = self.row(format, &columns)?;
                        let end = row.saturating_add(times);
                        if !content.cells.is_empty() {
                            if unseen {
                                (row..end.min(ROWS.into())).for_each(|row| hidden.row(row as u32));
                            }
                            self.put(row, times, &content, gather)?;
                        }
                        row = end;
                    }
                    _ => (),
                },
                Node::Close(tag) if tag.name() == "table" => break,
                Node::End => return Err(Trouble::broken("it breaks off inside a table")),
                _ => (),
            }
        }
        gather.hide(&hidden);
        Ok(())
    }

    fn put(&mut self, first: u64, times: u64, content: &Row, gather: &mut Gather) -> Read<()> {
        let filled: u64 = content
            .cells
            .iter()
            .map(|cell| u64::from(cell.columns))
            .sum();
        let own = content.cells.len() as u64;
        self.repeated = self
            .repeated
            .saturating_add(filled.saturating_mul(times).saturating_sub(own));
        if self.repeated > REPEATED {
            return Err(Trouble::Limit(
                "repeats filled cells millions of times, which no program writes. Open it in a spreadsheet program, delete what lies behind the table and save it again.".into(),
            ));
        }
        let end = first.saturating_add(times);
        if end > ROWS.into() {
            return Err(Trouble::broken(
                "a cell stands outside of what a sheet can hold",
            ));
        }
        for row in first as u32..end as u32 {
            let mut start = 0;
            for cell in &content.cells {
                let text = content.text.get(start..cell.end).unwrap_or("");
                start = cell.end;
                for column in cell.column..cell.column.saturating_add(cell.columns) {
                    gather.put(row, column, text, cell.look)?;
                }
            }
        }
        for (column, right, down) in &content.spans {
            let row = first as u32;
            gather.merge(
                (row, *column),
                (row.saturating_add(*down), column.saturating_add(*right)),
            );
        }
        Ok(())
    }

    fn row(&mut self, format: Option<u16>, columns: &Columns) -> Read<Row> {
        let mut row = Row {
            format,
            ..Row::default()
        };
        loop {
            let (mut value, covered) = match self.xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "table-cell" => (Value::of(&tag), false),
                    "covered-table-cell" => (Value::of(&tag), true),
                    _ => continue,
                },
                Node::Close(tag) if tag.name() == "table-row" => return Ok(row),
                Node::End => return Err(Trouble::broken("it breaks off inside a row")),
                _ => continue,
            };
            let column = row.next;
            row.next = row.next.saturating_add(value.times);
            // empty ones run to the sheet's edge, and in some files a little over
            if column > 4 * u64::from(COLUMNS) {
                return Err(Trouble::broken(
                    "a row has more cells than a sheet can hold",
                ));
            }
            if let Some(styles) = &mut self.styles {
                value.format = match &value.style {
                    Some(style) => styles.format_of(style),
                    None => row.format.unwrap_or_else(|| of_column(columns, column)),
                };
            }
            let start = row.text.len();
            let look = self.cell(&value, &mut row.text)?;
            if row.text.len() > start {
                self.xml.found();
            }
            if row.text.len() == start || covered {
                row.text.truncate(start);
                continue;
            }
            if row.next > COLUMNS.into() {
                return Err(Trouble::broken(
                    "a cell stands outside of what a sheet can hold",
                ));
            }
            let column = column as u32;
            row.cells.push(Filled {
                column,
                columns: value.times as u32,
                end: row.text.len(),
                look,
            });
            if value.right > 1 || value.down > 1 {
                row.spans
                    .push((column, value.right.max(1) - 1, value.down.max(1) - 1));
            }
        }
    }

    /// What a cell shows, appended up to its end: its value where that says more than its text.
    fn cell(&mut self, value: &Value, out: &mut String) -> Read<Look> {
        let start = out.len();
        // a comment's paragraphs are not the cell's, nor are a nested table's cells cells of this one
        let (mut aside, mut nested, mut paragraphs) = (0u32, 0u32, 0u32);
        let mut inside = false;
        loop {
            match self.xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "annotation" => aside += 1,
                    "table-cell" | "covered-table-cell" => nested += 1,
                    "p" | "h" if aside == 0 => {
                        if paragraphs > 0 {
                            out.push('\n');
                        }
                        paragraphs += 1;
                        inside = true;
                    }
                    "s" if inside => {
                        let spaces = tag.number("c").unwrap_or(1usize).min(SPACES);
                        out.extend(std::iter::repeat_n(' ', spaces));
                    }
                    "tab" if inside => out.push('\t'),
                    "line-break" if inside => out.push('\n'),
                    _ => (),
                },
                Node::Text(text) if inside && aside == 0 => out.push_str(&text),
                Node::Close(tag) => match tag.name() {
                    "annotation" => aside = aside.saturating_sub(1),
                    "p" | "h" if aside == 0 => inside = false,
                    "table-cell" | "covered-table-cell" => {
                        if nested == 0 {
                            break;
                        }
                        nested -= 1;
                    }
                    _ => (),
                },
                Node::End => return Err(Trouble::broken("it breaks off inside a cell")),
                _ => (),
            }
        }
        if let Some(styles) = &mut self.styles {
            return Ok(value.shown(styles, start, out));
        }
        if let Some(exact) = value.text() {
            out.truncate(start);
            out.push_str(&exact);
        }
        Ok(Look::text(0))
    }
}

/// The number format of a column.
fn of_column(columns: &Columns, column: u64) -> u16 {
    let at = columns.partition_point(|(end, _)| u64::from(*end) <= column);
    columns.get(at).map_or(0, |(_, format)| *format)
}

fn repeats(tag: &Tag<'_>, key: &str) -> u64 {
    tag.number(key).unwrap_or(1u64).max(1)
}

fn is_hidden(tag: &Tag<'_>) -> bool {
    matches!(
        tag.get("visibility").as_deref(),
        Some("collapse" | "filter")
    )
}
