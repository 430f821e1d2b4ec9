//! One cell as the copy has it: the source's bytes with the few that change put in their place.

use super::Kind;
use super::manner::{Digits, Manner, with_text};
use super::markup::{push_column, push_digits};
use super::refs::Beside;
use super::rows::CellAt;
use super::strings::Arranged;
use crate::table::dates;

/// What a cell says in the copy.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    /// What it said.
    Same,
    /// Nothing; its look stays.
    Blank,
    /// A shared string, by the number it has in the copy's draft.
    Shared(u32),
    /// A text that stands in the cell itself.
    Own(String),
    /// A number, a day or a truth, as the file has it.
    Value(String),
    /// A formula: its element.
    Formula(Vec<u8>),
}

/// How a kind of value is put down in this workbook.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hand {
    pub(super) digits: Digits,
    pub(super) manner: Manner,
    /// Whether days are counted from 1904.
    pub(super) late: bool,
}

impl Hand {
    /// A text as a value of this kind; `None` where it is none.
    pub(super) fn value(&self, kind: Kind, text: &str) -> Option<String> {
        match kind {
            Kind::Number => dates::number(text).map(|n| self.digits.text(n)),
            Kind::Date => {
                let serial = dates::serial(text)?;
                let a_day = text.contains('-');
                let shift = if self.late && a_day {
                    dates::SHIFT_1904
                } else {
                    0.0
                };
                Some(self.digits.text(serial - shift))
            }
            Kind::Truth => match text {
                "TRUE" => Some("1".to_string()),
                "FALSE" => Some("0".to_string()),
                _ => None,
            },
            Kind::Fault => text.starts_with('#').then(|| text.to_string()),
            Kind::Text | Kind::Blank => None,
        }
    }

    /// A day in the form of another that is written out (ISO 8601) instead of counted.
    pub(super) fn iso(&self, old: &[u8], text: &str) -> String {
        let old = String::from_utf8_lossy(old);
        let mut new = text.replacen(' ', "T", 1);
        if old.contains('T') && !new.contains('T') {
            new.push_str("T00:00:00");
        }
        for end in [".000", "Z"] {
            if old.trim_end_matches('Z').ends_with(end) || old.ends_with(end) {
                new.push_str(end);
            }
        }
        new
    }
}

/// A pen that puts cells of `bytes` down in another row.
pub(super) struct Pen<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) hand: Hand,
    /// The copy's shared strings.
    pub(super) strings: Option<&'a Arranged>,
    /// What becomes of the values kept beside formulas.
    pub(super) beside: Beside<'a>,
}

impl Pen<'_> {
    /// The tag that opens `cell`, in the row of this number (from 0), with this style and type, without the `>` or `/>` at its end.
    pub(super) fn open(
        &self,
        cell: &CellAt,
        row: u32,
        style: Option<u16>,
        kind: Option<&[u8]>,
        out: &mut Vec<u8>,
    ) {
        let bytes = self.bytes;
        let mut done = cell.start;
        let mut places: Vec<_> = [
            cell.address.clone().map(|place| (place, 'r')),
            cell.style.clone().map(|place| (place, 's')),
            cell.kind.clone().map(|place| (place, 't')),
        ]
        .into_iter()
        .flatten()
        .collect();
        places.sort_by_key(|(place, _)| place.start);
        // behind the address, where writers put it
        let unstyled = style.filter(|s| *s > 0 && cell.style.is_none());
        for (place, what) in places {
            match what {
                'r' => {
                    out.extend_from_slice(&bytes[done..place.start]);
                    push_column(u32::from(cell.column), out);
                    push_digits(row + 1, out);
                    if let Some(style) = unstyled {
                        let quote = bytes[place.end];
                        out.extend_from_slice(&[quote, b' ', b's', b'=', quote]);
                        push_digits(u32::from(style), out);
                    }
                }
                's' => {
                    out.extend_from_slice(&bytes[done..place.start]);
                    match style {
                        Some(style) => push_digits(u32::from(style), out),
                        None => out.extend_from_slice(&bytes[place.clone()]),
                    }
                }
                _ => match kind {
                    Some(kind) => {
                        out.extend_from_slice(&bytes[done..place.start]);
                        out.extend_from_slice(kind);
                    }
                    None => {
                        let tag = &bytes[done..place.start];
                        let name = tag.iter().rposition(u8::is_ascii_whitespace).unwrap_or(0);
                        out.extend_from_slice(&tag[..name]);
                        done = place.end + 1;
                        continue;
                    }
                },
            }
            done = place.end;
        }
        let end = &bytes[done..cell.open_end - 1];
        out.extend_from_slice(end.strip_suffix(b"/").unwrap_or(end).trim_ascii_end());
        if let (None, Some(style)) = (&cell.address, unstyled) {
            out.extend_from_slice(b" s=\"");
            push_digits(u32::from(style), out);
            out.push(b'"');
        }
        if let (None, Some(kind)) = (&cell.kind, kind) {
            out.extend_from_slice(b" t=\"");
            out.extend_from_slice(kind);
            out.push(b'"');
        }
    }

    /// A cell made after `like`, which may be of another type or hold nothing.
    pub(super) fn cell(
        &self,
        like: &CellAt,
        row: u32,
        style: Option<u16>,
        content: &Content,
        out: &mut Vec<u8>,
    ) {
        let bytes = self.bytes;
        let old = like.kind(bytes);
        let prefix = self.prefix(like);
        let value = |kind: Option<&[u8]>, text: &[u8], out: &mut Vec<u8>| {
            self.open(like, row, style, kind, out);
            out.push(b'>');
            tagged(prefix, b"v", text, out);
        };
        match content {
            Content::Blank | Content::Same if !like.is_filled() => {
                let kind = like.kind.as_ref().map(|_| old);
                self.open(like, row, style, kind, out);
                out.extend_from_slice(self.behind_attributes(like));
                return;
            }
            Content::Blank | Content::Same => {
                self.open(like, row, style, None, out);
                out.extend_from_slice(b"/>");
                return;
            }
            Content::Shared(id) => {
                let mut digits = Vec::new();
                push_digits(self.strings.map_or(*id, |s| s.number(*id)), &mut digits);
                value(Some(b"s"), &digits, out);
            }
            Content::Own(text) => {
                let inline = like.inline.clone();
                let renewed = inline.and_then(|i| with_text(bytes, i, text, self.hand.manner));
                match renewed {
                    Some(element) => {
                        self.open(like, row, style, Some(b"inlineStr"), out);
                        out.push(b'>');
                        out.extend_from_slice(&element);
                    }
                    None if old == b"str" => {
                        value(Some(b"str"), self.hand.manner.escaped(text).as_bytes(), out);
                    }
                    None => {
                        self.open(like, row, style, Some(b"inlineStr"), out);
                        out.push(b'>');
                        tagged(prefix, b"is", &self.hand.manner.element(prefix, text), out);
                    }
                }
            }
            Content::Formula(element) => {
                if let Beside::Anew(anew) = self.beside
                    && let Some((text, kind)) = anew.on_own(row, like.column)
                {
                    self.open(like, row, style, kind.map(str::as_bytes), out);
                    out.push(b'>');
                    out.extend_from_slice(element);
                    tagged(prefix, b"v", text.as_bytes(), out);
                    out.extend_from_slice(b"</");
                    out.extend_from_slice(prefix);
                    out.extend_from_slice(b"c>");
                    return;
                }
                // its value, where that is kept, says what the neighbour's says
                let goes = matches!(self.beside, Beside::Go);
                let kept = like.value_element.clone().filter(|_| !goes);
                let stays = kept.is_some() || old == b"n";
                let kind = like.kind.as_ref().filter(|_| stays).map(|_| old);
                self.open(like, row, style, kind, out);
                out.push(b'>');
                out.extend_from_slice(element);
                out.extend_from_slice(kept.map_or(b"", |kept| &bytes[kept]));
            }
            Content::Value(text) => {
                let kind = like.kind.as_ref().map(|_| match old {
                    b"n" | b"b" | b"e" | b"d" => old,
                    _ => b"n",
                });
                value(kind, text.as_bytes(), out);
            }
        }
        out.extend_from_slice(b"</");
        out.extend_from_slice(prefix);
        out.extend_from_slice(b"c>");
    }

    /// A cell where the source has none, in the row of `like`.
    pub(super) fn beside(
        &self,
        like: &CellAt,
        column: u16,
        row: u32,
        style: Option<u16>,
        content: &Content,
        out: &mut Vec<u8>,
    ) {
        if matches!(content, Content::Blank | Content::Same) {
            return;
        }
        let mut like = like.clone();
        like.column = column;
        self.cell(&like, row, style.or(Some(0)), content, out);
    }

    /// A blank cell from behind its last attribute on.
    fn behind_attributes(&self, cell: &CellAt) -> &[u8] {
        let tag = &self.bytes[cell.start..cell.open_end];
        let is_end = |b: &u8| matches!(b, b'>' | b'/') || b.is_ascii_whitespace();
        let behind = tag.iter().rev().take_while(|b| is_end(b)).count();
        &self.bytes[cell.open_end - behind..cell.end]
    }

    /// The prefix of a cell's name, with the colon.
    fn prefix(&self, cell: &CellAt) -> &[u8] {
        let tag = &self.bytes[cell.start + 1..cell.open_end];
        match tag
            .iter()
            .position(|b| matches!(b, b':' | b' ' | b'>' | b'/'))
        {
            Some(at) if tag[at] == b':' => &tag[..at + 1],
            _ => b"",
        }
    }
}

fn tagged(prefix: &[u8], name: &[u8], content: &[u8], out: &mut Vec<u8>) {
    for piece in [b"<", prefix, name, b">", content, b"</", prefix, name, b">"] {
        out.extend_from_slice(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::rows::{Cells, Layout};

    fn written(sheet: &str, style: Option<u16>, content: &Content) -> String {
        let bytes = sheet.as_bytes();
        let layout = Layout::of(bytes).unwrap();
        let like = Cells::of(bytes, layout.rows[0]).next().unwrap();
        let hand = Hand {
            digits: Digits::Fewest,
            manner: Manner::default(),
            late: false,
        };
        let mut out = Vec::new();
        let pen = Pen {
            bytes,
            hand,
            strings: None,
            beside: Beside::Go,
        };
        pen.cell(&like, 6, style, content, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn cells_after_another() {
        let shared =
            r#"<sheetData><row r="3"><c r="B3" s="4" t="s"><v>12</v></c></row></sheetData>"#;
        let told = |content| written(shared, None, &content);
        assert_eq!(
            told(Content::Shared(7)),
            r#"<c r="B7" s="4" t="s"><v>7</v></c>"#
        );
        assert_eq!(told(Content::Blank), r#"<c r="B7" s="4"/>"#);
        assert_eq!(
            told(Content::Own("a<".into())),
            r#"<c r="B7" s="4" t="inlineStr"><is><t>a&lt;</t></is></c>"#
        );
        let prefixed = "<x:sheetData><x:row r='3'><x:c t='inlineStr' r='B3'><x:is><x:t>old</x:t></x:is></x:c></x:row></x:sheetData>";
        assert_eq!(
            written(prefixed, Some(2), &Content::Own("new".into())),
            "<x:c t='inlineStr' r='B7' s='2'><x:is><x:t>new</x:t></x:is></x:c>"
        );
        let blank = r#"<sheetData><row r="3"><c r="B3" s="4" /></row></sheetData>"#;
        assert_eq!(
            written(blank, Some(0), &Content::Value("5".into())),
            r#"<c r="B7" s="0"><v>5</v></c>"#
        );
        assert_eq!(
            written(blank, None, &Content::Blank),
            r#"<c r="B7" s="4" />"#
        );
        let open = r#"<sheetData><row r="3"><c r="B3" t="inlineStr"></c></row></sheetData>"#;
        assert_eq!(
            written(open, Some(2), &Content::Blank),
            r#"<c r="B7" s="2" t="inlineStr"></c>"#
        );
    }

    #[test]
    fn values_as_the_workbook_counts_them() {
        let hand = Hand {
            digits: Digits::Fixed(17),
            manner: Manner::default(),
            late: true,
        };
        assert_eq!(
            hand.value(Kind::Date, "2024-03-05").as_deref(),
            Some("43894")
        );
        assert_eq!(hand.value(Kind::Date, "12:00:00").as_deref(), Some("0.5"));
        assert_eq!(
            hand.value(Kind::Number, "36.6").as_deref(),
            Some("36.600000000000001")
        );
        assert_eq!(hand.value(Kind::Number, "036"), None);
        assert_eq!(hand.value(Kind::Truth, "TRUE").as_deref(), Some("1"));
        assert_eq!(
            hand.iso(b"2024-03-05T00:00:00.000Z", "2024-03-06"),
            "2024-03-06T00:00:00.000Z"
        );
        assert_eq!(hand.iso(b"2024-03-05", "2024-03-06"), "2024-03-06");
    }
}
