//! Excel workbooks of before 2007 and those of WPS (.xls, .et): BIFF 2 to 8, [MS-XLS] and, for the older ones, the OpenOffice
//! documentation of Excel's format.
//!
//! A stream of records, each a kind, a length and a body. Every length is held against the stream, and a sheet that breaks off
//! keeps what came before.

mod text;

use std::collections::{HashMap, HashSet};

use encoding_rs::Encoding;

use self::text::{Pieces, codepage};
use super::looks::{Look, NumberFormat};
use super::records::{f64_at, fault, from, packed, u16_at, u32_at};
use super::shelf::{Gather, Hidden, Shelf, Trouble};
use super::strings::Texts;
use crate::table::dates::{self, Shape};

type Read<T> = Result<T, Trouble>;

/// Codes of formats that are longer make no sense, and would only cost time.
const CODE: usize = 1024;

const END: u16 = 0x0A;
const CONTINUED: u16 = 0x3C;

/// What begins a run of records.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Begin {
    /// 2 to 8.
    version: u8,
    kind: u16,
}

const GLOBALS: u16 = 0x05;
const SHEET: u16 = 0x10;
const MACROS: u16 = 0x40;

/// A record: kind, body, and where the next one begins.
fn record(stream: &[u8], at: usize) -> Option<(u16, &[u8], usize)> {
    let header = stream.get(at..at.checked_add(4)?)?;
    let end = at + 4 + usize::from(u16_at(header, 2));
    Some((u16_at(header, 0), stream.get(at + 4..end)?, end))
}

fn begin(kind: u16, body: &[u8]) -> Option<Begin> {
    let version = match (kind, u16_at(body, 0)) {
        (0x0009, _) => 2,
        (0x0209, _) => 3,
        (0x0409, _) => 4,
        (0x0809, 0x0200 | 0x0007) => 2,
        (0x0809, 0x0300) => 3,
        (0x0809, 0x0400) => 4,
        (0x0809, 0x0500) => 5,
        (0x0809, _) => 8,
        _ => return None,
    };
    let kind = u16_at(body, 2);
    Some(Begin { version, kind })
}

/// What all sheets share.
struct Globals {
    version: u8,
    encoding: &'static Encoding,
    late: bool,
    /// The numbers of formats and their codes; those that are built in need not be there.
    formats: Vec<(u16, String)>,
    /// Format numbers by style.
    styles: Vec<u16>,
    /// What the styles make of numbers.
    shapes: Vec<Shape>,
    strings: Texts,
    sheets: Vec<Listed>,
}

#[derive(Debug)]
struct Listed {
    name: String,
    hidden: bool,
    at: usize,
}

impl Globals {
    fn shape(&self, style: u16) -> Shape {
        let shape = self.shapes.get(usize::from(style));
        shape.copied().unwrap_or(Shape::Plain)
    }

    /// What every style says of numbers, by a format's number and its code.
    fn of_styles<T: Clone>(&self, each: impl Fn(Option<u16>, Option<&str>) -> T) -> Vec<T> {
        let code = |number: u16| {
            let own = self.formats.iter().find(|(n, _)| *n == number);
            own.map(|(_, code)| code.as_str())
        };
        // formats count themselves in the oldest versions, so that their numbers say nothing where they have a code
        let of = |number: u16| match code(number) {
            None => each(Some(number), None),
            code => each(None, code),
        };
        match self.version {
            // a style is the number of the format itself
            2 => (0..0x40).map(of).collect(),
            3 | 4 => self.styles.iter().map(|n| of(*n)).collect(),
            _ => {
                let mut known: HashMap<u16, T> = HashMap::new();
                let mut of = |n: u16| {
                    known
                        .entry(n)
                        .or_insert_with(|| each(Some(n), code(n)))
                        .clone()
                };
                self.styles.iter().map(|n| of(*n)).collect()
            }
        }
    }

    /// One string of a record's end: a length of one or two bytes, then characters.
    fn short_text(&self, body: &[u8], wide_length: bool) -> String {
        let mut out = String::new();
        if self.version >= 8 {
            Pieces::new(vec![body]).unicode(wide_length, &mut out);
        } else {
            text::narrow(body, wide_length, self.encoding, &mut out);
        }
        out
    }
}

pub(super) fn read(stream: &[u8], shelf: &mut Shelf) -> Read<()> {
    let Some((first, _)) = record(stream, 0).and_then(|(k, b, next)| Some((begin(k, b)?, next)))
    else {
        return Err(Trouble::broken("it does not begin as a workbook"));
    };
    let mut globals = globals(stream, first, shelf.limits.text_cap())?;
    globals.shapes = globals.of_styles(|number, code| dates::shape(number.map(u32::from), code));
    if shelf.keeps_looks() {
        shelf.formats = globals.of_styles(|number, code| match (number, code) {
            (Some(number), code) => NumberFormat::of_number(number, code),
            (None, code) => NumberFormat::of_code(code.unwrap_or_default()),
        });
    }
    if globals.sheets.is_empty() {
        globals.sheets = unlisted(stream);
    }
    if globals.sheets.is_empty() {
        return Err(Trouble::broken("it lists no sheet"));
    }
    let mut seen = HashSet::new();
    for sheet in std::mem::take(&mut globals.sheets) {
        if !seen.insert(sheet.at) {
            continue;
        }
        shelf.sheet(&sheet.name, sheet.hidden, |gather| {
            Rows::new(stream, &globals, gather).read(sheet.at)
        });
    }
    Ok(())
}

fn globals(stream: &[u8], first: Begin, most: usize) -> Read<Globals> {
    let mut globals = Globals {
        version: first.version,
        encoding: encoding_rs::WINDOWS_1252,
        late: false,
        formats: Vec::new(),
        styles: Vec::new(),
        shapes: Vec::new(),
        strings: Texts::default(),
        sheets: Vec::new(),
    };
    let mut at = 0;
    let mut depth = 0;
    while let Some((kind, body, next)) = record(stream, at) {
        at = next;
        match kind {
            END => {
                depth -= 1;
                if depth <= 0 {
                    break;
                }
            }
            0x22 => globals.late = u16_at(body, 0) == 1,
            0x42 => globals.encoding = codepage(u16_at(body, 0)),
            // formats count themselves in the oldest versions
            0x1E if globals.version < 5 => format(&mut globals, None, body),
            0x41E if globals.version < 5 => format(&mut globals, None, from(body, 2)),
            0x41E => format(&mut globals, Some(u16_at(body, 0)), from(body, 2)),
            0xE0 => globals.styles.push(u16_at(body, 2)),
            0x43 => globals.styles.push(u16_at(body, 2) & 0x3F),
            0x243 | 0x443 => globals
                .styles
                .push(body.get(1).map_or(0, |b| u16::from(*b))),
            0x85 => listed(&mut globals, body),
            0xFC => {
                let mut pieces = vec![from(body, 8)];
                while let Some((CONTINUED, more, next)) = record(stream, at) {
                    pieces.push(more);
                    at = next;
                }
                let mut pieces = Pieces::new(pieces);
                let mut text = String::new();
                while pieces.unicode(true, &mut text) {
                    globals.strings.push(&text, most)?;
                    text.clear();
                }
            }
            _ if begin(kind, body).is_some() => depth += 1,
            _ => (),
        }
    }
    Ok(globals)
}

fn format(globals: &mut Globals, number: Option<u16>, body: &[u8]) {
    // more than any program has
    if globals.formats.len() > 1 << 12 {
        return;
    }
    let number = number.unwrap_or(globals.formats.len() as u16);
    let mut code = globals.short_text(body, globals.version >= 8);
    if code.len() > CODE {
        code.clear();
    }
    globals.formats.push((number, code));
}

fn listed(globals: &mut Globals, body: &[u8]) {
    let at = u32_at(body, 0) as usize;
    let (state, kind) = (u16_at(body, 4) & 3, u16_at(body, 4) >> 8);
    // charts and program modules hold no cells
    if kind <= 1 && globals.sheets.len() < 1 << 16 {
        let name = globals.short_text(from(body, 6), false);
        globals.sheets.push(Listed {
            name,
            hidden: state != 0,
            at,
        });
    }
}

/// The sheets of a file that lists none: of before 1993, or damaged.
fn unlisted(stream: &[u8]) -> Vec<Listed> {
    let mut sheets: Vec<Listed> = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while let Some((kind, body, next)) = record(stream, at) {
        if let Some(begin) = begin(kind, body) {
            depth += 1;
            let holds = matches!(begin.kind, SHEET | MACROS);
            if holds && depth <= 2 && sheets.len() < 1 << 12 {
                sheets.push(Listed {
                    name: format!("Sheet{}", sheets.len() + 1),
                    hidden: false,
                    at,
                });
            }
            if begin.kind == GLOBALS {
                depth = 0;
            }
        } else if kind == END {
            depth = 0.max(depth - 1);
        }
        at = next;
    }
    sheets
}

/// One sheet's records as they come.
struct Rows<'a, 'g> {
    stream: &'a [u8],
    globals: &'g Globals,
    gather: &'g mut Gather,
    hidden: Hidden,
    /// A formula whose text comes in a record of its own.
    waiting: Option<(u32, u32, u16)>,
    out: String,
}

impl<'a, 'g> Rows<'a, 'g> {
    fn new(stream: &'a [u8], globals: &'g Globals, gather: &'g mut Gather) -> Rows<'a, 'g> {
        Rows {
            stream,
            globals,
            gather,
            hidden: Hidden::default(),
            waiting: None,
            out: String::new(),
        }
    }

    fn read(mut self, start: usize) -> Read<()> {
        let first = record(self.stream, start).and_then(|(k, b, next)| Some((begin(k, b)?, next)));
        let Some((_, mut at)) = first else {
            return Err(Trouble::broken("no sheet begins where it should"));
        };
        // charts on a sheet are sheets inside it
        let mut depth = 1;
        while let Some((kind, body, next)) = record(self.stream, at) {
            at = next;
            if begin(kind, body).is_some() {
                depth += 1;
            } else if kind == END {
                depth -= 1;
                if depth == 0 {
                    self.gather.hide(&self.hidden);
                    return Ok(());
                }
            } else if depth == 1 {
                self.take(kind, body, at)?;
            }
        }
        self.gather.hide(&self.hidden);
        Err(Trouble::broken("its records break off"))
    }

    fn take(&mut self, kind: u16, body: &[u8], next: usize) -> Read<()> {
        let (row, column) = (u32::from(u16_at(body, 0)), u32::from(u16_at(body, 2)));
        let style = match self.globals.version {
            2 => u16_at(body, 5) & 0x3F,
            _ => u16_at(body, 4),
        };
        // the first byte of a cell's value, which in the oldest version has one byte more of attributes before it
        let value = match self.globals.version {
            2 => 7,
            _ => 6,
        };
        match kind {
            0x203 | 0x03 if body.len() >= value + 8 => {
                self.number(row, column, style, f64_at(body, value))
            }
            0x02 if body.len() >= 9 => self.number(row, column, style, f64::from(u16_at(body, 7))),
            0x27E if body.len() >= 10 => self.number(row, column, style, packed(u32_at(body, 6))),
            0xBD if body.len() >= 6 => {
                let pairs = from(body, 4).chunks_exact(6);
                for (at, pair) in pairs.enumerate() {
                    let n = packed(u32_at(pair, 2));
                    self.number(row, column + at as u32, u16_at(pair, 0), n)?;
                }
                Ok(())
            }
            0xFD if body.len() >= 10 => {
                let text = self.globals.strings.get(u32_at(body, 6) as usize);
                let text = text.ok_or_else(|| {
                    Trouble::broken("a cell points to a shared string that is not there")
                })?;
                self.gather.put(row, column, text, Look::text(style))
            }
            0x204 | 0x04 | 0xD6 => {
                self.text(from(body, value), next);
                self.gather.put(row, column, &self.out, Look::text(style))
            }
            0x205 | 0x05 if body.len() >= value + 2 => {
                let value = from(body, value);
                match (value.first(), value.get(1)) {
                    (Some(truth), Some(0)) => self.truth(row, column, style, *truth),
                    (Some(code), _) => self.fault(row, column, style, *code),
                    _ => Ok(()),
                }
            }
            0x06 | 0x206 | 0x406 if body.len() >= value + 8 => {
                self.formula(row, column, style, from(body, value))
            }
            0x207 | 0x07 => {
                let Some((row, column, style)) = self.waiting.take() else {
                    return Ok(());
                };
                self.text(body, next);
                self.gather.put(row, column, &self.out, Look::text(style))
            }
            0xE5 => {
                for area in from(body, 2).chunks_exact(8) {
                    let at = |at| u32::from(u16_at(area, at));
                    self.gather.merge((at(0), at(4)), (at(2), at(6)));
                }
                Ok(())
            }
            0x208 if self.globals.version >= 5 && u16_at(body, 12) & 0x20 != 0 => {
                self.hidden.row(row);
                Ok(())
            }
            0x7D if u16_at(body, 8) & 1 != 0 => {
                self.hidden.columns(row, column);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn number(&mut self, row: u32, column: u32, style: u16, n: f64) -> Read<()> {
        self.out.clear();
        let shape = self.globals.shape(style);
        let serial = dates::push_value(n, shape, self.globals.late, &mut self.out);
        let look = Look::number(serial, style);
        self.gather.put(row, column, &self.out, look)
    }

    fn truth(&mut self, row: u32, column: u32, style: u16, truth: u8) -> Read<()> {
        let text = if truth == 0 { "FALSE" } else { "TRUE" };
        self.gather.put(row, column, text, Look::truth(style))
    }

    fn fault(&mut self, row: u32, column: u32, style: u16, code: u8) -> Read<()> {
        let text = fault(code);
        let look = Look::fault(text, style);
        self.gather.put(row, column, text, look)
    }

    /// The result of a formula as it was last worked out.
    fn formula(&mut self, row: u32, column: u32, style: u16, result: &[u8]) -> Read<()> {
        if u16_at(result, 6) != 0xFFFF || self.globals.version < 3 {
            return self.number(row, column, style, f64_at(result, 0));
        }
        let value = result.get(2).copied().unwrap_or(0);
        match result.first() {
            Some(0) => {
                self.waiting = Some((row, column, style));
                Ok(())
            }
            Some(1) => self.truth(row, column, style, value),
            Some(2) => self.fault(row, column, style, value),
            _ => Ok(()),
        }
    }

    /// The text of a record that may go on in the next ones, into `out`.
    fn text(&mut self, body: &[u8], mut next: usize) {
        self.out.clear();
        if self.globals.version < 8 {
            let wide_length = self.globals.version > 2;
            text::narrow(body, wide_length, self.globals.encoding, &mut self.out);
            return;
        }
        let mut pieces = vec![body];
        while let Some((CONTINUED, more, after)) = record(self.stream, next) {
            pieces.push(more);
            next = after;
        }
        Pieces::new(pieces).unicode(true, &mut self.out);
    }
}
