//! What is learnt of a workbook once, so that every copy costs little more than the compression of what changed.

use std::collections::HashMap;

use super::bands::Bands;
use super::guard;
use super::manner::{Digits, Manner, Numbers};
use super::package::Package;
use super::rows::{CellAt, Cells, Layout, digits};
use super::sheets::{self, Contents};
use super::strings::Strings;
use crate::error::{Error, Result};

/// No row.
pub(super) const NOWHERE: u32 = u32::MAX;

/// Another sheet, as far as it shares strings with the table's.
#[derive(Clone, Debug)]
pub(super) struct Other {
    pub(super) part: String,
    pub(super) uses: Vec<u32>,
    /// Whether its tab stands before that of the table's sheet.
    pub(super) before: bool,
}

/// A workbook whose one table is to be copied many times.
#[derive(Clone, Debug)]
pub(super) struct Index {
    pub(super) package: Package,
    /// The part with the table's sheet, its bytes, and where its rows stand.
    pub(super) part: String,
    pub(super) bytes: Vec<u8>,
    pub(super) layout: Layout,
    /// Of each of the table's rows the place in the layout, or [`NOWHERE`].
    pub(super) table_rows: Vec<u32>,
    /// The sheet's first row of the table, and its first column.
    pub(super) first: u32,
    pub(super) left: u16,
    /// Shared strings in cells, row after row: column and string.
    uses: Vec<(u16, u32)>,
    use_ends: Vec<u32>,
    pub(super) strings: Option<Strings>,
    pub(super) strings_part: Option<String>,
    pub(super) others: Vec<Other>,
    pub(super) bands: Bands,
    pub(super) digits: Digits,
    pub(super) manner: Manner,
    /// Whether days are written out (ISO 8601) in some cell.
    pub(super) iso: bool,
    /// Columns of the sheet in which a cell of the table is a formula.
    pub(super) computed: Vec<u16>,
}

/// Where the table is in its sheet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) first: u32,
    pub(super) left: u16,
    pub(super) rows: u32,
    pub(super) width: u16,
}

impl Index {
    /// Learns everything.
    ///
    /// # Errors
    /// A package that cannot be written again part by part.
    pub(super) fn of(package: Package, sheet: &str, place: Place) -> Result<Index> {
        let name = package.name().to_string();
        let broken = |what: &str| guard::damaged(&name, what);
        let contents =
            Contents::of(&package).ok_or_else(|| broken("its parts do not say what they are"))?;
        let at = contents
            .sheets
            .iter()
            .position(|s| s.name == sheet)
            .ok_or_else(|| broken("the table's sheet has no part"))?;
        let part = contents.sheets[at].part.clone();
        let read = |part: &str| {
            let bytes = package
                .part(part)
                .ok_or_else(|| broken("a part is missing"))?;
            if !is_utf8(&bytes) {
                return Err(Error::input(format!(
                    "`{name}` is written in another encoding than spreadsheet programs use (part `{part}`). Open it in one and save it again."
                )));
            }
            Ok(bytes)
        };
        let bytes = read(&part)?;
        let layout = Layout::of(&bytes).ok_or_else(|| broken("a sheet's rows are not closed"))?;
        let table_rows = (place.first..place.first + place.rows)
            .map(|row| layout.find(row).map_or(NOWHERE, |at| at as u32))
            .collect();
        let strings_part = contents.strings.clone();
        let strings = match &strings_part {
            Some(part) => {
                Some(Strings::of(read(part)?).ok_or_else(|| broken("its strings are not closed"))?)
            }
            None => None,
        };
        let mut others = Vec::new();
        for (tab, other) in contents
            .sheets
            .iter()
            .enumerate()
            .filter(|(tab, _)| *tab != at)
        {
            let bytes = read(&other.part)?;
            // a chart on a sheet of its own has no cells
            let Some(layout) = Layout::of(&bytes) else {
                continue;
            };
            others.push(Other {
                uses: sheets::uses(&bytes, &layout),
                part: other.part.clone(),
                before: tab < at,
            });
        }
        let mut index = Index {
            manner: strings
                .as_ref()
                .map_or_else(|| Manner::of(&bytes), Strings::manner),
            package,
            part,
            bytes,
            layout,
            table_rows,
            first: place.first,
            left: place.left,
            uses: Vec::new(),
            use_ends: Vec::new(),
            strings,
            strings_part,
            others,
            bands: Bands::default(),
            digits: Digits::default(),
            iso: false,
            computed: Vec::new(),
        };
        index.look_through(place);
        let mut strings = index.strings.take();
        if let Some(strings) = &mut strings {
            let here = index.uses.iter().map(|(_, id)| *id);
            strings.learn(index.around(here));
        }
        index.strings = strings;
        Ok(index)
    }

    /// One pass over the table's sheet.
    fn look_through(&mut self, place: Place) {
        let bytes = &self.bytes;
        let mut numbers = Numbers::default();
        let mut looks: HashMap<Vec<(u16, u16)>, u32> = HashMap::new();
        let mut row_looks = vec![NOWHERE; self.layout.rows.len()];
        let mut computed = vec![false; usize::from(place.left) + usize::from(place.width)];
        let mut look = Vec::new();
        for (row, row_look) in self.layout.rows.iter().zip(&mut row_looks) {
            let in_table = (place.first..place.first + place.rows).contains(&row.number);
            look.clear();
            for cell in Cells::of(bytes, *row) {
                if let Some(id) = cell.string(bytes) {
                    self.uses.push((cell.column, id));
                } else if let (b"n", Some(value)) = (cell.kind(bytes), &cell.value) {
                    numbers.see(&bytes[value.clone()]);
                }
                if in_table {
                    self.iso |= cell.kind(bytes) == b"d";
                    look.push((cell.column, style(bytes, &cell).unwrap_or(0)));
                    if let (Some(_), Some(computed)) =
                        (&cell.formula, computed.get_mut(usize::from(cell.column)))
                    {
                        *computed = true;
                    }
                }
            }
            self.use_ends.push(self.uses.len() as u32);
            if in_table {
                let new = looks.len() as u32;
                *row_look = match looks.get(&look) {
                    Some(known) => *known,
                    None => *looks.entry(look.clone()).or_insert(new),
                };
            }
        }
        self.digits = numbers.digits();
        self.computed = (0u16..)
            .zip(&computed)
            .filter(|(_, c)| **c)
            .map(|(column, _)| column)
            .collect();
        let of_table: Vec<u32> = self
            .table_rows
            .iter()
            .map(|at| row_looks.get(*at as usize).copied().unwrap_or(NOWHERE))
            .collect();
        self.bands = Bands::of(&of_table);
    }

    /// The shared strings that a row of the layout uses: column and string.
    pub(super) fn uses_of(&self, at: usize) -> &[(u16, u32)] {
        let start = match at.checked_sub(1) {
            Some(before) => self.use_ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let end = self.use_ends.get(at).copied().unwrap_or(start);
        &self.uses[start as usize..end as usize]
    }

    /// All uses of strings in the workbook, those of the table's sheet being `here`.
    pub(super) fn around<'a>(
        &'a self,
        here: impl Iterator<Item = u32> + 'a,
    ) -> impl Iterator<Item = u32> + 'a {
        let of = |before: bool| {
            let some = self.others.iter().filter(move |o| o.before == before);
            some.flat_map(|o| o.uses.iter().copied())
        };
        of(true).chain(here).chain(of(false))
    }
}

/// The number of a cell's style.
pub(super) fn style(bytes: &[u8], cell: &CellAt) -> Option<u16> {
    let style = cell.style.clone()?;
    digits(&bytes[style]).and_then(|s| u16::try_from(s).ok())
}

/// Whether a part is what nearly all are; a byte order mark may stand before it.
fn is_utf8(bytes: &[u8]) -> bool {
    !bytes.starts_with(&[0xFF, 0xFE])
        && !bytes.starts_with(&[0xFE, 0xFF])
        && std::str::from_utf8(bytes).is_ok()
}
