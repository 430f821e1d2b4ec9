//! The formulas in the rows of the table's own sheet: each says in the copy what it said, about the rows where they are now.

use std::collections::HashMap;
use std::ops::Range;

use super::manner::Manner;
use super::markup::{Tags, unescaped};
use super::moves::{Moves, Rows};
use super::refs::cells::own_tag;
use super::refs::{Stuck, Where, address, formula};
use super::rows::{CellAt, Cells, Layout};

/// A formula that several cells share, and the cell that has its text.
#[derive(Clone, Debug)]
struct Master {
    row: u32,
    column: u16,
    text: String,
}

/// The sheet's shared formulas, by their number as it is written.
#[derive(Clone, Debug, Default)]
pub(super) struct Formulas(HashMap<Vec<u8>, Master>);

/// One cell's formula.
struct Parsed {
    /// The number of the shared formula that it is one of.
    shared: Option<Range<usize>>,
    text: Range<usize>,
}

impl Parsed {
    fn of(bytes: &[u8], element: Range<usize>) -> Option<Parsed> {
        let mut tags = Tags::new(&bytes[..element.end], element.start);
        let open = tags.next()?;
        let end = tags.next().map_or(open.end, |close| close.start);
        let kind = open.attribute(bytes, b"t").map(|t| &bytes[t]);
        let shared = open.attribute(bytes, b"si");
        Some(Parsed {
            shared: shared.filter(|_| kind == Some(b"shared")),
            text: open.end..end.max(open.end),
        })
    }
}

impl Formulas {
    /// Finds the shared ones among the rows that have formulas.
    pub(super) fn of(bytes: &[u8], layout: &Layout, rows: impl Iterator<Item = u32>) -> Formulas {
        let mut found = HashMap::new();
        for row in rows {
            let Some(at) = layout.find(row) else { continue };
            for cell in Cells::of(bytes, layout.rows[at]) {
                let Some(element) = cell.formula.clone() else {
                    continue;
                };
                let Some(parsed) = Parsed::of(bytes, element) else {
                    continue;
                };
                if let Some(number) = parsed.shared.filter(|_| !parsed.text.is_empty()) {
                    let text = unescaped(&bytes[parsed.text]).into_owned();
                    let column = cell.column;
                    found.insert(bytes[number].to_vec(), Master { row, column, text });
                }
            }
        }
        Formulas(found)
    }

    /// Holds the formulas in these rows against what rows of a table may look at.
    ///
    /// # Errors
    /// One that looks at other rows of the table; the cell is named.
    pub(super) fn look_along(
        &self,
        bytes: &[u8],
        layout: &Layout,
        rows: impl Iterator<Item = u32>,
        place: &Where<'_>,
        table: Rows,
    ) -> Result<(), Stuck> {
        for row in rows {
            let Some(at) = layout.find(row) else { continue };
            for cell in Cells::of(bytes, layout.rows[at]) {
                let here = |stuck: Stuck| stuck.at(name(place, &cell, row));
                if let Some((text, _)) = self.said(bytes, &cell, row).map_err(here)? {
                    formula::along(&text, row, place, table).map_err(here)?;
                }
            }
        }
        Ok(())
    }

    /// The number under which a cell shares its formula.
    pub(super) fn number_of<'a>(bytes: &'a [u8], cell: &CellAt) -> Option<&'a [u8]> {
        let parsed = Parsed::of(bytes, cell.formula.clone()?)?;
        Some(&bytes[parsed.shared?])
    }

    /// Whether a cell's formula fills other cells, too.
    pub(super) fn spreads(bytes: &[u8], cell: &CellAt) -> bool {
        let open = cell
            .formula
            .clone()
            .and_then(|f| Tags::new(bytes, f.start).next());
        let kind = open.and_then(|open| open.attribute(bytes, b"t"));
        kind.is_some_and(|kind| matches!(&bytes[kind], b"array" | b"dataTable"))
    }

    /// What the formula of a cell in this row (of the source) says, and whether the cell says it itself.
    pub(super) fn said(
        &self,
        bytes: &[u8],
        cell: &CellAt,
        row: u32,
    ) -> Result<Option<(String, bool)>, Stuck> {
        let Some(parsed) = cell.formula.clone().and_then(|f| Parsed::of(bytes, f)) else {
            return Ok(None);
        };
        let Some(number) = parsed.shared else {
            let text = unescaped(&bytes[parsed.text]).into_owned();
            return Ok(Some((text, true)));
        };
        let Some(master) = self.0.get(&bytes[number]) else {
            return Err(Stuck::new("shares a formula that is nowhere written"));
        };
        let down = i64::from(row) - i64::from(master.row);
        let right = i64::from(cell.column) - i64::from(master.column);
        formula::translated(&master.text, down, right).map(|text| Some((text, false)))
    }
}

fn name(place: &Where<'_>, cell: &CellAt, row: u32) -> String {
    let sheet = place.sheets.get(place.table);
    format!(
        "sheet `{}`, cell {}",
        sheet.map_or("", String::as_str),
        address::cell(row, u32::from(cell.column))
    )
}

/// Moves the formulas of one copy.
#[derive(Clone, Copy)]
pub(super) struct Mover<'a> {
    pub(super) formulas: &'a Formulas,
    pub(super) bytes: &'a [u8],
    pub(super) place: Where<'a>,
    pub(super) moves: &'a Moves,
    /// The table's first and last row in the source.
    pub(super) table: Rows,
    /// How texts are put down.
    pub(super) manner: Manner,
}

impl Mover<'_> {
    /// The element `f` of a cell of the source's row `row`; `None` where it stays as it is.
    pub(super) fn moved(&self, cell: &CellAt, row: u32) -> Result<Option<Vec<u8>>, Stuck> {
        let here = |stuck: Stuck| stuck.at(name(&self.place, cell, row));
        let Some((text, own)) = self.formulas.said(self.bytes, cell, row).map_err(here)? else {
            return Ok(None);
        };
        let new = formula::moved(&text, &self.place, self.moves).map_err(here)?;
        let Some(tag) = self.tag(cell) else {
            return Ok(None);
        };
        if !own {
            // shared formulas are written out, since the rows that share them no longer stand in one block
            return Ok(Some(self.element(cell, None, &new.unwrap_or(text))));
        }
        let moved = own_tag(&tag, self.table, self.moves).map_err(here)?;
        Ok(match (new, moved) {
            (None, None) => None,
            (new, moved) => {
                let text = new.unwrap_or(text);
                Some(self.element(cell, Some(&moved.unwrap_or(tag)), &text))
            }
        })
    }

    /// The element `f` for a row put in at `new` (of the copy) beside the source's row `row`.
    pub(super) fn for_row(&self, cell: &CellAt, row: u32, new: u32) -> Result<Vec<u8>, Stuck> {
        let here = |stuck: Stuck| stuck.at(name(&self.place, cell, row));
        let said = self.formulas.said(self.bytes, cell, row).map_err(here)?;
        let (text, own) = said.unwrap_or_default();
        let text = formula::for_row(&text, row, new, &self.place, self.moves).map_err(here)?;
        let tag = self.tag(cell).filter(|_| own);
        if tag.as_ref().is_some_and(|tag| tag.contains(" ref=")) {
            let why = "has a formula for an area, which a row put in cannot have";
            return Err(here(Stuck::new(why)));
        }
        Ok(self.element(cell, tag.as_deref(), &text))
    }

    /// The tag that opens a cell's formula.
    fn tag(&self, cell: &CellAt) -> Option<String> {
        let element = cell.formula.clone()?;
        let open = Tags::new(self.bytes, element.start).next()?;
        let tag = &self.bytes[open.start..open.end];
        Some(String::from_utf8_lossy(tag).into_owned())
    }

    /// A formula's element with this tag, or a plain one.
    fn element(&self, cell: &CellAt, tag: Option<&str>, text: &str) -> Vec<u8> {
        let bytes = self.bytes;
        let Some(element) = cell.formula.clone() else {
            return Vec::new();
        };
        let Some(open) = Tags::new(bytes, element.start).next() else {
            return Vec::new();
        };
        let prefix = open.prefix(bytes);
        let mut out = Vec::with_capacity(text.len() + 16);
        match tag {
            Some(tag) => {
                // a tag that held nothing closes at once
                let open = tag.strip_suffix("/>").unwrap_or(tag.trim_end_matches('>'));
                out.extend_from_slice(open.as_bytes());
                out.push(b'>');
            }
            None => [b"<", prefix, b"f>"]
                .iter()
                .for_each(|p| out.extend_from_slice(p)),
        }
        out.extend_from_slice(self.manner.escaped(text).as_bytes());
        [b"</", prefix, b"f>"]
            .iter()
            .for_each(|p| out.extend_from_slice(p));
        out
    }
}
