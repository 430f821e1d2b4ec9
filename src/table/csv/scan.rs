//! Where rows and fields stand in delimited text, byte by byte.
//!
//! Our own loop rather than csv-core's: it needs no copy of each field (a table of 40,000 x 10 is cut in under 5 ms), it sees
//! blank lines, which csv-core leaves out, and it knows GB18030, where a `|` may be the second half of a character. A test
//! holds it against csv-core.

use std::borrow::Cow;

use crate::table::limits::Limits;

/// What separates fields, and how bytes are to be read.
#[derive(Clone, Copy, Debug)]
pub(in crate::table) struct Grammar {
    pub(in crate::table) delimiter: u8,
    /// Bytes from 0x81 up come in pairs (GB18030).
    pub(in crate::table) pairs: bool,
}

/// One row of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::table) struct RowStart {
    /// Offset of its first byte.
    pub(in crate::table) byte: u32,
    /// Number of its first field among all fields.
    pub(in crate::table) field: u32,
}

/// Where everything is. A field's raw bytes run from the end of the one before, less one delimiter, to its own end.
#[derive(Clone, Debug, Default)]
pub(in crate::table) struct Layout {
    pub(in crate::table) rows: Vec<RowStart>,
    pub(in crate::table) ends: Vec<u32>,
    /// From this offset on quotes are ordinary characters, because one was opened here and never closed.
    pub(in crate::table) literal_from: usize,
}

/// A file that asks for too much; rows and columns from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::table) enum Excess {
    Cell { row: usize, column: usize },
    Columns { row: usize },
    Cells,
}

impl Layout {
    /// Fields of a row, as a range of field numbers.
    pub(in crate::table) fn fields(&self, row: usize) -> std::ops::Range<usize> {
        let Some(start) = self.rows.get(row) else {
            return 0..0;
        };
        let end = match self.rows.get(row + 1) {
            Some(next) => next.field as usize,
            None => self.ends.len(),
        };
        start.field as usize..end
    }

    /// The raw bytes of every field of a row, in order.
    pub(in crate::table) fn spans(
        &self,
        row: usize,
    ) -> impl Iterator<Item = std::ops::Range<usize>> {
        let fields = self.fields(row);
        let mut start = self.rows.get(row).map_or(0, |r| r.byte as usize);
        self.ends[fields].iter().map(move |end| {
            let end = *end as usize;
            let span = start..end;
            start = end + 1;
            span
        })
    }

    /// A row's bytes without its line end.
    pub(in crate::table) fn content(&self, row: usize) -> std::ops::Range<usize> {
        let fields = self.fields(row);
        match (
            self.rows.get(row),
            self.ends.get(fields.end.wrapping_sub(1)),
        ) {
            (Some(start), Some(end)) => start.byte as usize..*end as usize,
            _ => 0..0,
        }
    }
}

/// Finds rows and fields of `bytes` from `start`, at most `rows` rows.
pub(in crate::table) fn scan(
    bytes: &[u8],
    start: usize,
    grammar: Grammar,
    rows: usize,
    limits: &Limits,
) -> Result<Layout, Excess> {
    let mut stops = [false; 256];
    for b in [grammar.delimiter, b'\r', b'\n'] {
        stops[b as usize] = true;
    }
    let mut layout = Layout {
        literal_from: usize::MAX,
        ..Layout::default()
    };
    if rows == usize::MAX {
        // short cells and short rows, so that growing seldom copies; pages never touched cost nothing
        layout.ends.reserve((bytes.len() / 8).min(limits.cells));
        layout.rows.reserve(bytes.len() / 64);
    }
    let mut at = start;
    while at < bytes.len() && layout.rows.len() < rows {
        let row = layout.rows.len() + 1;
        let first = layout.ends.len();
        layout.rows.push(RowStart {
            byte: at as u32,
            field: first as u32,
        });
        loop {
            let field = at;
            if bytes.get(at) == Some(&b'"') && at < layout.literal_from {
                match after_quotes(bytes, at + 1) {
                    Some(after) => at = after,
                    None => layout.literal_from = field,
                }
            }
            if grammar.pairs {
                while at < bytes.len() && !stops[bytes[at] as usize] {
                    at += 1 + usize::from(bytes[at] > 0x80);
                }
                at = at.min(bytes.len());
            } else {
                at += bytes[at..]
                    .iter()
                    .position(|b| stops[*b as usize])
                    .unwrap_or(bytes.len() - at);
            }
            layout.ends.push(at as u32);
            let column = layout.ends.len() - first;
            if at - field > limits.cell_bytes {
                return Err(Excess::Cell { row, column });
            }
            if column > limits.columns {
                return Err(Excess::Columns { row });
            }
            match bytes.get(at) {
                Some(b) if *b == grammar.delimiter => at += 1,
                Some(b'\r') if bytes.get(at + 1) == Some(&b'\n') => {
                    at += 2;
                    break;
                }
                Some(_) => {
                    at += 1;
                    break;
                }
                None => break,
            }
        }
        if layout.ends.len() > limits.cells {
            return Err(Excess::Cells);
        }
    }
    Ok(layout)
}

/// The offset behind the quote that closes what was opened before `at`.
fn after_quotes(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += bytes.get(at..)?.iter().position(|b| *b == b'"')? + 1;
        if bytes.get(at) != Some(&b'"') {
            return Some(at);
        }
        at += 1;
    }
}

/// A field's text, its quotes taken off. What follows a closing quote is kept as it stands.
pub(in crate::table) fn unquote(field: &str, quotes: bool) -> Cow<'_, str> {
    let Some(inner) = field.strip_prefix('"').filter(|_| quotes) else {
        return Cow::Borrowed(field);
    };
    if let Some(inner) = inner.strip_suffix('"')
        && !inner.as_bytes().contains(&b'"')
    {
        return Cow::Borrowed(inner);
    }
    let mut text = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('"') {
        text.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                text.push('"');
                rest = after;
            }
            None => {
                text.push_str(after);
                return Cow::Owned(text);
            }
        }
    }
    text.push_str(rest);
    Cow::Owned(text)
}

/// The delimiter under which most rows of the beginning agree on how many fields they have; a comma where there is none.
pub(in crate::table) fn delimiter(bytes: &[u8], start: usize, pairs: bool) -> u8 {
    // the hint that some programs write for Excel
    if let Some([b's', b'e', b'p', b'=', hint, b'\r' | b'\n']) = bytes.get(start..start + 6)
        && b",;\t|".contains(hint)
    {
        return *hint;
    }
    let sample = bytes.get(..start + (1 << 18)).unwrap_or(bytes);
    let limits = Limits {
        columns: usize::MAX,
        cell_bytes: usize::MAX,
        ..Limits::default()
    };
    let mut best = (0, 0, b',');
    for delimiter in *b",\t;|" {
        let grammar = Grammar { delimiter, pairs };
        let Ok(layout) = scan(sample, start, grammar, 200, &limits) else {
            continue;
        };
        let mut widths: Vec<usize> = (0..layout.rows.len())
            .map(|row| layout.fields(row).len())
            .filter(|width| *width > 1)
            .collect();
        widths.sort_unstable();
        let modal = widths
            .chunk_by(|a, b| a == b)
            .map(|run| (run.len(), run[0], delimiter))
            .max_by_key(|(rows, width, _)| (*rows, *width));
        if let Some(found) = modal
            && (found.0, found.1) > (best.0, best.1)
        {
            best = found;
        }
    }
    best.2
}

#[cfg(test)]
mod tests {
    use csv_core::{ReadFieldResult, ReaderBuilder};
    use proptest::prelude::*;

    use super::*;

    /// Rows of cells as our scanner cuts them, blank lines left out.
    fn ours(text: &str) -> Vec<Vec<String>> {
        let grammar = Grammar {
            delimiter: b',',
            pairs: false,
        };
        let layout = scan(text.as_bytes(), 0, grammar, usize::MAX, &Limits::default()).unwrap();
        (0..layout.rows.len())
            .filter(|row| !layout.content(*row).is_empty())
            .map(|row| {
                layout
                    .spans(row)
                    .map(|s| unquote(&text[s.clone()], s.start < layout.literal_from).into_owned())
                    .collect()
            })
            .collect()
    }

    fn theirs(text: &str) -> Vec<Vec<String>> {
        let mut reader = ReaderBuilder::new().build();
        let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), Vec::new());
        let (mut input, mut out) = (text.as_bytes(), [0u8; 64]);
        loop {
            let (result, read, written) = reader.read_field(input, &mut out);
            input = &input[read..];
            cell.extend_from_slice(&out[..written]);
            match result {
                ReadFieldResult::InputEmpty | ReadFieldResult::OutputFull => (),
                ReadFieldResult::Field { record_end } => {
                    row.push(String::from_utf8(std::mem::take(&mut cell)).unwrap());
                    if record_end {
                        rows.push(std::mem::take(&mut row));
                    }
                }
                ReadFieldResult::End => return rows,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn as_csv_core_does(text in "[a\",\r\n王]{0,24}") {
            let grammar = Grammar { delimiter: b',', pairs: false };
            let layout = scan(text.as_bytes(), 0, grammar, usize::MAX, &Limits::default()).unwrap();
            // an unclosed quote swallows the rest of the file in csv-core
            if layout.literal_from == usize::MAX {
                prop_assert_eq!(ours(&text), theirs(&text));
            }
        }
    }

    #[test]
    fn an_unclosed_quote_is_a_character() {
        assert_eq!(
            ours("a,\"b\nc,d\ne,f\n"),
            [["a", "\"b"], ["c", "d"], ["e", "f"]]
        );
    }

    #[test]
    fn delimiters() {
        let of = |text: &str| delimiter(text.as_bytes(), 0, false);
        assert_eq!(of("a,b\n1,2\n"), b',');
        assert_eq!(of("a;b\n1,5;2,3\n2,5;1,3\n"), b';');
        assert_eq!(of("a\tb\nx, y\tz\nq\tr, s\n"), b'\t');
        assert_eq!(of("a|b\n\"1,2\"|2\n"), b'|');
        assert_eq!(of("title\n\na;b;c\n1;2;3\n"), b';');
        assert_eq!(of("sep=;\na;b\n"), b';');
        assert_eq!(of("phone\n13812345678\n"), b',');
    }
}
