//! What of a sheet's looks a plain workbook keeps: widths, frozen panes, merged titles, the filter.
//!
//! They stand before and behind the cells, in the few bytes that `guard` kept of each part. A part that we cannot read here has
//! plain looks, never an error.

use std::collections::HashMap;

use super::guard::Parts;

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

/// The looks of every sheet, by its name.
pub(super) fn of_sheets(parts: &Parts) -> HashMap<String, Looks> {
    let text = |name: &str| parts.get(name).map(|p| String::from_utf8_lossy(&p.head));
    let (Some(workbook), Some(rels)) =
        (text("xl/workbook.xml"), text("xl/_rels/workbook.xml.rels"))
    else {
        return HashMap::new();
    };
    let targets: HashMap<String, String> = Tags(&rels)
        .filter(|(name, _)| *name == "Relationship")
        .filter_map(|(_, attributes)| {
            Some((value(attributes, "Id")?, value(attributes, "Target")?))
        })
        .collect();
    Tags(&workbook)
        .filter(|(name, _)| *name == "sheet")
        .filter_map(|(_, attributes)| {
            let target = targets.get(&value(attributes, "id")?)?;
            let path = match target.strip_prefix('/') {
                Some(absolute) => absolute.to_string(),
                None => format!("xl/{target}"),
            };
            let part = parts.get(&path.to_ascii_lowercase())?;
            let looks = read(
                &String::from_utf8_lossy(&part.head),
                &String::from_utf8_lossy(&part.tail),
            );
            Some((value(attributes, "name")?, looks))
        })
        .collect()
}

fn read(head: &str, tail: &str) -> Looks {
    let mut looks = Looks::default();
    for (name, attributes) in Tags(head) {
        match name {
            "pane" if value(attributes, "state").is_some_and(|s| s.starts_with("frozen")) => {
                let split = |key| value(attributes, key).and_then(|v| v.parse::<f64>().ok());
                let rows = split("ySplit").unwrap_or(0.0).clamp(0.0, 1000.0) as u32;
                let columns = split("xSplit").unwrap_or(0.0).clamp(0.0, 1000.0) as u16;
                looks.frozen = Some((rows, columns));
            }
            "col" if looks.widths.len() < 16_384 => looks.widths.extend(column(attributes)),
            "sheetData" => break,
            _ => (),
        }
    }
    let behind = tail.rfind("sheetData").map_or("", |at| &tail[at..]);
    for (name, attributes) in Tags(behind) {
        let range = || value(attributes, "ref").and_then(|r| range(&r));
        match name {
            "mergeCell" if looks.merged.len() < 1000 => looks.merged.extend(range()),
            "autoFilter" => {
                looks.filter =
                    range().map(|[row, left, _, right]| (row, left as u16, right as u16));
            }
            _ => (),
        }
    }
    looks
}

fn column(attributes: &str) -> Option<(u16, u16, f64, bool)> {
    let place = |key| value(attributes, key)?.parse::<u16>().ok()?.checked_sub(1);
    let (first, last) = (place("min")?, place("max")?);
    let width: f64 = value(attributes, "width")?.parse().ok()?;
    let hidden = matches!(value(attributes, "hidden").as_deref(), Some("1" | "true"));
    (first <= last && last < 16_384 && (0.0..=255.0).contains(&width))
        .then_some((first, last, width, hidden))
}

/// `B3:D3` or `B3`.
fn range(text: &str) -> Option<[u32; 4]> {
    let (first, last) = text.split_once(':').unwrap_or((text, text));
    let ((top, left), (bottom, right)) = (place(first)?, place(last)?);
    (top <= bottom && left <= right).then_some([top, left, bottom, right])
}

fn place(text: &str) -> Option<(u32, u32)> {
    let text = text.replace('$', "");
    let letters = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if letters == 0 || letters > 3 {
        return None;
    }
    let column = text[..letters]
        .bytes()
        .fold(0, |n, b| n * 26 + u32::from(b - b'A') + 1)
        - 1;
    let row = text[letters..].parse::<u32>().ok()?.checked_sub(1)?;
    (row < 1_048_576 && column < 16_384).then_some((row, column))
}

/// Opening tags of a piece of XML: local name and attributes as they stand.
struct Tags<'a>(&'a str);

impl<'a> Iterator for Tags<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (_, rest) = self.0.split_once('<')?;
            let (tag, after) = rest.split_once('>')?;
            self.0 = after;
            if tag.starts_with(['/', '?', '!']) {
                continue;
            }
            let tag = tag.trim_end_matches('/');
            let (name, attributes) = tag
                .split_once(|c: char| c.is_ascii_whitespace())
                .unwrap_or((tag, ""));
            return Some((name.rsplit(':').next().unwrap_or(name), attributes));
        }
    }
}

/// The value of the attribute with this local name.
fn value(attributes: &str, wanted: &str) -> Option<String> {
    let mut rest = attributes;
    loop {
        let (key, after) = rest.split_once('=')?;
        let after = after.trim_start();
        let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (value, behind) = after[1..].split_once(quote)?;
        if key.trim().rsplit(':').next() == Some(wanted) {
            return Some(unescape(value));
        }
        rest = behind;
    }
}

fn unescape(value: &str) -> String {
    if !value.contains('&') {
        return value.to_string();
    }
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let Some((entity, behind)) = after.split_once(';') else {
            break;
        };
        let number = entity
            .strip_prefix('#')
            .and_then(|n| match n.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok(),
                None => n.parse().ok(),
            });
        out.extend(match entity {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => number.and_then(char::from_u32),
        });
        rest = behind;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn before_and_behind_the_cells() {
        let head = r#"<?xml version="1.0"?><x:worksheet><x:sheetViews><x:sheetView><x:pane ySplit="2" xSplit='1' state="frozen"/>
            </x:sheetView></x:sheetViews><x:cols><x:col min="1" max="2" width="12.5" customWidth="1"/><x:col min="3" max="3" width="8" hidden="1"/>
            <x:col min="9" max="2" width="1"/></x:cols><x:sheetData><x:row><x:col min="4" max="4" width="3"/>"#;
        let tail = r#"<c r="A1"><mergeCell ref="A9:B9"/></c></x:sheetData><x:autoFilter ref="$A$2:C90"/><x:mergeCells count="1"><x:mergeCell ref="A1:AB1"/><mergeCell ref="nonsense"/></x:mergeCells>"#;
        assert_eq!(
            read(head, tail),
            Looks {
                widths: vec![(0, 1, 12.5, false), (2, 2, 8.0, true)],
                frozen: Some((2, 1)),
                merged: vec![[0, 0, 0, 27]],
                filter: Some((1, 0, 2)),
            }
        );
        assert_eq!(read("", ""), Looks::default());
        assert_eq!(
            value("a='1' name=\"R&amp;D &#x4e00;\"", "name").as_deref(),
            Some("R&D 一")
        );
    }
}
