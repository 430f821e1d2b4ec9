//! The rows and cells of a sheet by the bytes they take up.

use std::ops::Range;

use memchr::{memchr, memmem};

use super::markup::{Tags, Turn, address};

/// Where one row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RowAt {
    /// The sheet's number of the row, from 0.
    pub(super) number: u32,
    /// Behind the row before, so that white space between rows goes with the row that follows.
    pub(super) start: usize,
    pub(super) end: usize,
}

/// A sheet in three pieces: what stands before its rows, the rows, what stands behind them.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    /// Behind the tag that opens the cells.
    pub(super) head: usize,
    pub(super) rows: Vec<RowAt>,
    /// Behind the last row.
    pub(super) tail: usize,
}

impl Layout {
    /// Finds the rows; `None` where the markup is not that of a sheet.
    pub(super) fn of(bytes: &[u8]) -> Option<Layout> {
        let open = Tags::new(bytes, 0).find(|t| t.name == b"sheetData")?;
        let mut layout = Layout {
            head: open.end,
            rows: Vec::new(),
            tail: open.end,
        };
        if open.turn != Turn::Opens {
            return Some(layout);
        }
        let close = memmem::Finder::new(b"row>");
        let mut next = 0u32;
        loop {
            let tag = Tags::new(bytes, layout.tail).next()?;
            match (tag.name, tag.turn) {
                (b"row", Turn::Opens | Turn::Whole) => (),
                (b"sheetData", Turn::Closes) => return Some(layout),
                _ => return None,
            }
            let number = match tag.attribute(bytes, b"r") {
                Some(value) => digits(&bytes[value])?.checked_sub(1)?,
                None => next,
            };
            let end = match tag.turn {
                Turn::Whole => tag.end,
                _ => tag.end + close.find(&bytes[tag.end..])? + b"row>".len(),
            };
            layout.rows.push(RowAt {
                number,
                start: layout.tail,
                end,
            });
            layout.tail = end;
            next = number + 1;
        }
    }

    /// The place in `rows` of the row of this number.
    pub(super) fn find(&self, number: u32) -> Option<usize> {
        self.rows.binary_search_by_key(&number, |r| r.number).ok()
    }
}

/// Where one cell and what is in it stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CellAt {
    pub(super) column: u16,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Behind the tag that opens it.
    pub(super) open_end: usize,
    /// The values of its attributes `r`, `s` and `t`.
    pub(super) address: Option<Range<usize>>,
    pub(super) style: Option<Range<usize>>,
    pub(super) kind: Option<Range<usize>>,
    /// What its element `v` holds, and the element.
    pub(super) value: Option<Range<usize>>,
    pub(super) value_element: Option<Range<usize>>,
    /// Its element `f`.
    pub(super) formula: Option<Range<usize>>,
    /// Its element `is`.
    pub(super) inline: Option<Range<usize>>,
}

impl CellAt {
    /// What the attribute `t` says.
    pub(super) fn kind<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        self.kind.clone().map_or(b"n", |kind| &bytes[kind])
    }

    /// The number in its element `v`, where it names a shared string.
    pub(super) fn string(&self, bytes: &[u8]) -> Option<u32> {
        if self.kind(bytes) != b"s" {
            return None;
        }
        digits(bytes[self.value.clone()?].trim_ascii())
    }

    /// Whether it holds anything but a style.
    pub(super) fn is_filled(&self) -> bool {
        self.value.is_some() || self.inline.is_some() || self.formula.is_some()
    }
}

/// The cells of one row.
pub(super) struct Cells<'a> {
    bytes: &'a [u8],
    at: usize,
    next: u16,
}

impl<'a> Cells<'a> {
    /// The cells of a row of `bytes`.
    pub(super) fn of(bytes: &'a [u8], row: RowAt) -> Cells<'a> {
        let bytes = &bytes[..row.end];
        let at = match Tags::new(bytes, row.start).next() {
            Some(tag) if tag.turn == Turn::Opens => tag.end,
            _ => row.end,
        };
        Cells { bytes, at, next: 0 }
    }
}

impl Iterator for Cells<'_> {
    type Item = CellAt;

    fn next(&mut self) -> Option<CellAt> {
        let bytes = self.bytes;
        loop {
            let tag = Tags::new(bytes, self.at).next()?;
            if tag.name != b"c" || tag.turn == Turn::Closes {
                if tag.turn == Turn::Closes {
                    return None;
                }
                self.at = tag.end;
                continue;
            }
            let mut cell = CellAt {
                column: self.next,
                start: tag.start,
                end: tag.end,
                open_end: tag.end,
                address: None,
                style: None,
                kind: None,
                value: None,
                value_element: None,
                formula: None,
                inline: None,
            };
            for (name, value) in tag.attributes(bytes) {
                match name {
                    b"r" => cell.address = Some(value),
                    b"s" => cell.style = Some(value),
                    b"t" => cell.kind = Some(value),
                    _ => (),
                }
            }
            if let Some((column, _)) = cell.address.clone().and_then(|a| address(&bytes[a])) {
                cell.column = column;
            }
            if tag.turn == Turn::Opens {
                cell.end = inside(bytes, &mut cell)?;
            }
            self.next = cell.column.saturating_add(1);
            self.at = cell.end;
            return Some(cell);
        }
    }
}

/// Reads what is in a cell; gives where it ends.
fn inside(bytes: &[u8], cell: &mut CellAt) -> Option<usize> {
    let from = cell.open_end;
    // nearly all cells hold a value and nothing else
    if bytes[from..].starts_with(b"<v>") {
        let start = from + 3;
        let end = start + memchr(b'<', &bytes[start..])?;
        if bytes[end..].starts_with(b"</v></c>") {
            cell.value = Some(start..end);
            cell.value_element = Some(from..end + 4);
            return Some(end + 8);
        }
    }
    let mut open: Option<(&[u8], usize, usize)> = None;
    for tag in Tags::new(bytes, from) {
        let begun = open.map(|(name, start, end)| (name == tag.name, start, end));
        match (begun, tag.turn) {
            (None, Turn::Closes) => return Some(tag.end),
            (None, Turn::Opens) => open = Some((tag.name, tag.start, tag.end)),
            (None, Turn::Whole) => set(cell, tag.name, tag.start..tag.end, tag.end..tag.end),
            (Some((true, start, end)), Turn::Closes) => {
                set(cell, tag.name, start..tag.end, end..tag.start);
                open = None;
            }
            _ => (),
        }
    }
    None
}

fn set(cell: &mut CellAt, name: &[u8], element: Range<usize>, content: Range<usize>) {
    match name {
        b"v" => {
            cell.value = Some(content);
            cell.value_element = Some(element);
        }
        b"f" => cell.formula = Some(element),
        b"is" => cell.inline = Some(element),
        _ => (),
    }
}

/// A number in decimal digits.
pub(super) fn digits(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0u32, |n, b| {
        b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHEET: &[u8] = br#"<x:worksheet><x:dimension ref="A1"/><x:sheetData>
<x:row r="3" ht="20"><x:c r="B3" s="4" t="s"><x:v>12</x:v></x:c><x:c t='inlineStr'><x:is><x:t>v</x:t></x:is></x:c></x:row>
<x:row/><x:row r="9"><x:c r="A9"><x:f>SUM(A1:A2)</x:f><x:v>3</x:v></x:c><x:c r="D9" s="1"/></x:row></x:sheetData><x:pageMargins/></x:worksheet>"#;

    #[test]
    fn rows_and_cells_where_they_stand() {
        let layout = Layout::of(SHEET).unwrap();
        let numbers: Vec<u32> = layout.rows.iter().map(|r| r.number).collect();
        assert_eq!(numbers, [2, 3, 8]);
        assert!(SHEET[layout.tail..].starts_with(b"</x:sheetData>"));
        assert_eq!(layout.find(8), Some(2));
        assert_eq!(layout.find(4), None);
        let first: Vec<CellAt> = Cells::of(SHEET, layout.rows[0]).collect();
        assert_eq!((first[0].column, first[1].column), (1, 2));
        assert_eq!(first[0].string(SHEET), Some(12));
        assert_eq!(first[1].kind(SHEET), b"inlineStr");
        let inline = first[1].inline.clone().unwrap();
        assert_eq!(&SHEET[inline], b"<x:is><x:t>v</x:t></x:is>");
        assert_eq!(Cells::of(SHEET, layout.rows[1]).count(), 0);
        let last: Vec<CellAt> = Cells::of(SHEET, layout.rows[2]).collect();
        assert_eq!(
            &SHEET[last[0].formula.clone().unwrap()],
            b"<x:f>SUM(A1:A2)</x:f>"
        );
        assert_eq!(&SHEET[last[0].value.clone().unwrap()], b"3");
        assert!(!last[1].is_filled());
    }

    #[test]
    fn plain_cells_are_read_as_all_others() {
        let plain = b"<sheetData><row r=\"1\"><c r=\"A1\"><v>5</v></c><c r=\"C1\"><v>6</v><extLst/></c></row></sheetData>";
        let layout = Layout::of(plain).unwrap();
        let cells: Vec<CellAt> = Cells::of(plain, layout.rows[0]).collect();
        let values: Vec<&[u8]> = cells
            .iter()
            .map(|c| &plain[c.value.clone().unwrap()])
            .collect();
        assert_eq!(values, [b"5", b"6"]);
        assert_eq!(cells[1].column, 2);
        assert!(Layout::of(b"<sheetData><row r=\"1\">").is_none());
        assert_eq!(Layout::of(b"<a><sheetData/></a>").unwrap().rows, []);
    }
}
