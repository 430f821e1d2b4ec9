//! What cells say, read from a sheet's bytes.

use super::grid::{Grid, Trouble};
use super::manner;
use super::markup::unescaped;
use super::rows::{CellAt, digits};
use super::styles::Styles;
use crate::table::Limits;
use crate::table::cells::Kind;
use crate::table::dates;

/// Texts one behind the other.
#[derive(Debug, Default)]
pub(super) struct Texts {
    text: String,
    ends: Vec<u32>,
}

impl Texts {
    /// Adds the text of a shared string's element; `places` is where its pieces stand.
    pub(super) fn push(&mut self, bytes: &[u8], places: &[std::ops::Range<usize>]) {
        for place in places {
            push_text(&bytes[place.clone()], &mut self.text);
        }
        self.ends.push(self.text.len() as u32);
    }

    fn get(&self, id: u32) -> &str {
        let end = self.ends.get(id as usize).copied().unwrap_or(0) as usize;
        let before = (id as usize).checked_sub(1);
        let start = before.and_then(|b| self.ends.get(b)).copied().unwrap_or(0) as usize;
        self.text.get(start..end).unwrap_or("")
    }
}

/// Appends a text as it is meant: entities, and the form `_x000D_` for characters that markup cannot hold.
fn push_text(raw: &[u8], out: &mut String) {
    let text = unescaped(raw);
    let mut rest: &str = &text;
    while let Some(at) = rest.find("_x") {
        let code = rest.get(at + 2..at + 7).filter(|c| c.ends_with('_'));
        let meant = code
            .and_then(|c| u32::from_str_radix(&c[..4], 16).ok())
            .filter(|_| code.is_some_and(|c| c.is_ascii() && !c.starts_with('+')))
            .and_then(char::from_u32);
        match meant {
            Some(c) => {
                out.push_str(&rest[..at]);
                out.push(c);
                rest = &rest[at + 7..];
            }
            None => {
                out.push_str(&rest[..at + 2]);
                rest = &rest[at + 2..];
            }
        }
    }
    out.push_str(rest);
}

/// The text of which the pieces stand at these places.
pub(super) fn text_of(bytes: &[u8], places: &[std::ops::Range<usize>]) -> String {
    let mut text = String::new();
    for place in places {
        push_text(&bytes[place.clone()], &mut text);
    }
    text
}

/// What it takes to read the cells of a workbook's sheets.
pub(super) struct Reading<'a> {
    pub(super) strings: &'a Texts,
    pub(super) styles: &'a Styles,
    /// Whether days are counted from 1904.
    pub(super) late: bool,
    pub(super) limits: &'a Limits,
}

impl Reading<'_> {
    /// Adds a cell of the row of this number to a grid.
    pub(super) fn cell(
        &self,
        bytes: &[u8],
        cell: &CellAt,
        row: u32,
        grid: &mut Grid,
    ) -> Result<(), Trouble> {
        let style = cell.style.clone().and_then(|s| digits(&bytes[s]));
        let style = u16::try_from(style.unwrap_or(0)).unwrap_or(0);
        grid.put(row, cell.column, style, self.limits, |text, exact| {
            self.value(bytes, cell, style, text, exact)
        })
    }

    fn value(
        &self,
        bytes: &[u8],
        cell: &CellAt,
        style: u16,
        out: &mut String,
        exact: &mut Option<f64>,
    ) -> Kind {
        let kind = cell.kind(bytes);
        if kind == b"inlineStr" {
            if let Some(element) = cell.inline.clone() {
                for place in manner::texts(bytes, element) {
                    push_text(&bytes[place], out);
                }
            }
            return Kind::Text;
        }
        let Some(raw) = cell.value.clone().map(|v| &bytes[v]) else {
            return Kind::Blank;
        };
        match kind {
            b"s" => {
                let id = digits(raw.trim_ascii());
                out.push_str(id.map_or("", |id| self.strings.get(id)));
                Kind::Text
            }
            b"b" => {
                let yes = matches!(raw.trim_ascii(), b"1" | b"true");
                out.push_str(if yes { "TRUE" } else { "FALSE" });
                Kind::Truth
            }
            b"e" => {
                push_text(raw, out);
                Kind::Fault
            }
            b"d" => {
                let start = out.len();
                out.push_str(&unescaped(raw).replacen('T', " ", 1));
                match dates::serial(&out[start..]) {
                    Some(_) => Kind::Date,
                    None => Kind::Text,
                }
            }
            b"str" => {
                push_text(raw, out);
                Kind::Text
            }
            _ => self.number(raw, style, out, exact),
        }
    }

    fn number(&self, raw: &[u8], style: u16, out: &mut String, exact: &mut Option<f64>) -> Kind {
        let text = String::from_utf8_lossy(raw);
        let text = text.trim();
        let n = match text.parse::<f64>() {
            Ok(n) if n.is_finite() => n,
            _ if text.is_empty() => return Kind::Blank,
            _ => {
                out.push_str(text);
                return Kind::Text;
            }
        };
        let start = out.len();
        match dates::push_value(n, self.styles.shape(style), self.late, out) {
            None => Kind::Number,
            Some(serial) => {
                *exact = Some(serial).filter(|_| dates::serial(&out[start..]) != Some(serial));
                Kind::Date
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_as_they_are_meant() {
        let read = |raw: &str| {
            let mut out = String::new();
            push_text(raw.as_bytes(), &mut out);
            out
        };
        assert_eq!(read("a_x000A_b &amp; _x005F_x0041_"), "a\nb & _x0041_");
        assert_eq!(read("_x_x12_ _xZZZZ_ _x1"), "_x_x12_ _xZZZZ_ _x1");
        assert_eq!(read("<![CDATA[a&b]]>c<!-- no -->"), "a&bc");
    }
}
