//! What of a sheet's looks a plain workbook keeps: widths, frozen panes, merged titles, the filter.
//!
//! They stand before and behind the cells. What we cannot read here has plain looks, never an error.

use super::markup::{Tag, Tags, Turn, address};

/// Looks of one sheet; rows and columns from 0.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Looks {
    /// First and last column, width in characters, hidden.
    pub(super) widths: Vec<(u16, u16, f64, bool)>,
    /// Rows and columns that stay in view.
    pub(super) frozen: Option<(u32, u16)>,
    /// First row, first column, last row, last column.
    pub(super) merged: Vec<[u32; 4]>,
    /// First row and the columns of the filter.
    pub(super) filter: Option<(u32, u16, u16)>,
}

impl Looks {
    /// The looks of a sheet, by what stands before and behind its cells.
    pub(super) fn of(head: &[u8], tail: &[u8]) -> Looks {
        let mut looks = Looks::default();
        for tag in opening(head) {
            match tag.name {
                b"pane" => looks.frozen = frozen(head, &tag).or(looks.frozen),
                b"col" if looks.widths.len() < 16_384 => looks.widths.extend(column(head, &tag)),
                _ => (),
            }
        }
        for tag in opening(tail) {
            let range = || value(tail, &tag, b"ref").and_then(range);
            match tag.name {
                b"mergeCell" if looks.merged.len() < 1000 => looks.merged.extend(range()),
                b"autoFilter" => {
                    looks.filter =
                        range().map(|[row, left, _, right]| (row, left as u16, right as u16));
                }
                _ => (),
            }
        }
        looks
    }
}

fn opening(bytes: &[u8]) -> impl Iterator<Item = Tag<'_>> {
    Tags::new(bytes, 0).filter(|tag| tag.turn != Turn::Closes)
}

/// The value of an attribute as it stands: none of those read here is a text.
fn value<'a>(bytes: &'a [u8], tag: &Tag<'a>, key: &[u8]) -> Option<&'a str> {
    let place = tag.attribute(bytes, key)?;
    std::str::from_utf8(&bytes[place]).ok()
}

fn frozen(bytes: &[u8], pane: &Tag<'_>) -> Option<(u32, u16)> {
    if !value(bytes, pane, b"state")?.starts_with("frozen") {
        return None;
    }
    let split = |key| {
        let lines = value(bytes, pane, key).and_then(|v| v.parse::<f64>().ok());
        lines.unwrap_or(0.0).clamp(0.0, 1000.0)
    };
    Some((split(b"ySplit") as u32, split(b"xSplit") as u16))
}

fn column(bytes: &[u8], tag: &Tag<'_>) -> Option<(u16, u16, f64, bool)> {
    let place = |key| {
        let number = value(bytes, tag, key)?.parse::<u16>().ok()?;
        number.checked_sub(1)
    };
    let (first, last) = (place(b"min")?, place(b"max")?);
    let width: f64 = value(bytes, tag, b"width")?.parse().ok()?;
    let hidden = matches!(value(bytes, tag, b"hidden"), Some("1" | "true"));
    (first <= last && last < 16_384 && (0.0..=255.0).contains(&width))
        .then_some((first, last, width, hidden))
}

/// `B3:D3` or `B3`.
fn range(text: &str) -> Option<[u32; 4]> {
    let place = |text: &str| {
        let (column, row) = address(text.replace('$', "").as_bytes())?;
        (row < 1_048_576 && column < 16_384).then_some((row, u32::from(column)))
    };
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let ((top, left), (bottom, right)) = (place(first)?, place(last)?);
    (top <= bottom && left <= right).then_some([top, left, bottom, right])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_and_behind_the_cells() {
        let head = r#"<?xml version="1.0"?><x:worksheet><x:sheetViews><x:sheetView><x:pane ySplit="2" xSplit='1' state="frozen"/>
            </x:sheetView></x:sheetViews><x:cols><x:col min="1" max="2" width="12.5" customWidth="1"/><x:col min="3" max="3" width="8" hidden="1"/>
            <x:col min="9" max="2" width="1"/></x:cols><x:sheetData>"#;
        let tail = r#"</x:sheetData><x:autoFilter ref="$A$2:C90"/><x:mergeCells count="1"><x:mergeCell ref="A1:AB1"/><mergeCell ref="nonsense"/></x:mergeCells>"#;
        assert_eq!(
            Looks::of(head.as_bytes(), tail.as_bytes()),
            Looks {
                widths: vec![(0, 1, 12.5, false), (2, 2, 8.0, true)],
                frozen: Some((2, 1)),
                merged: vec![[0, 0, 0, 27]],
                filter: Some((1, 0, 2)),
            }
        );
        assert_eq!(Looks::of(b"", b""), Looks::default());
    }
}
