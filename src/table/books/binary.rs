//! Binary workbooks (.xlsb; [MS-XLSB]): the parts of an .xlsx, with records instead of XML in them.

use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use super::listed::{Listed, read_sheets};
use super::looks::{Look, NumberFormat};
use super::parts::{Bounded, Parts};
use super::records::{f64_at, fault, from, packed, u16_at, u32_at};
use super::shelf::{Gather, Hidden, Shelf, Trouble};
use super::spreadsheet::relations;
use super::strings::Texts;
use super::xml::Xml;
use crate::table::dates::{self, Shape};

type Read<T> = Result<T, Trouble>;

/// Bodies longer than this are not cells, and skipped.
const BODY: usize = 1 << 21;

/// The records of a part, one after the other.
struct Records<R> {
    part: Bounded<R>,
    body: Vec<u8>,
}

impl<R: BufRead> Records<R> {
    fn new(part: Bounded<R>) -> Records<R> {
        Records {
            part,
            body: Vec::new(),
        }
    }

    fn byte(&mut self) -> Read<Option<u8>> {
        let byte = self
            .part
            .fill_buf()
            .map_err(Trouble::broken)?
            .first()
            .copied();
        if byte.is_some() {
            self.part.consume(1);
        }
        Ok(byte)
    }

    /// The next record's kind; its body is then in `body`, empty where it was too long.
    fn next(&mut self) -> Read<Option<u16>> {
        self.part.begin();
        let Some(low) = self.byte()? else {
            return Ok(None);
        };
        let cut = || Trouble::broken("its records break off");
        let mut kind = u16::from(low);
        if low & 0x80 != 0 {
            let high = self.byte()?.ok_or_else(cut)?;
            kind = u16::from(low & 0x7F) | u16::from(high & 0x7F) << 7;
        }
        let mut length = 0usize;
        for shift in [0, 7, 14, 21] {
            let byte = self.byte()?.ok_or_else(cut)?;
            length |= usize::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                break;
            }
        }
        self.body.clear();
        if length > BODY {
            let mut left = length;
            while left > 0 {
                // each piece is an event of its own, since none of it is kept
                self.part.begin();
                let here = self
                    .part
                    .fill_buf()
                    .map_err(Trouble::broken)?
                    .len()
                    .min(left);
                if here == 0 {
                    return Err(cut());
                }
                self.part.consume(here);
                left -= here;
            }
            return Ok(Some(kind));
        }
        (&mut self.part)
            .take(length as u64)
            .read_to_end(&mut self.body)
            .map_err(Trouble::broken)?;
        match self.body.len() == length {
            true => Ok(Some(kind)),
            false => Err(cut()),
        }
    }
}

/// A string of two-byte characters with its length in four bytes before it, and what comes behind.
fn wide(body: &[u8]) -> (String, &[u8]) {
    let length = u32_at(body, 0) as usize;
    let rest = from(body, 4);
    // the length of an absent string is all ones
    let bytes = match length {
        0xFFFF_FFFF => &[],
        length => rest.get(..length.saturating_mul(2)).unwrap_or(rest),
    };
    let units = bytes.chunks_exact(2).map(|pair| u16_at(pair, 0));
    let text = char::decode_utf16(units)
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    (text, from(rest, bytes.len()))
}

#[derive(Default)]
struct Shared {
    strings: Texts,
    shapes: Vec<Shape>,
    late: bool,
}

pub(super) fn read(bytes: &[u8], shelf: &mut Shelf) -> Read<()> {
    let mut parts = Parts::open(bytes, &shelf.limits)?;
    let mut shared = Shared::default();
    let listed = match parts.part("xl/workbook.bin") {
        Some(part) => workbook(Records::new(part?), &mut shared.late)?,
        None => return Err(Trouble::broken("it has no workbook part")),
    };
    let relations = match parts.part("xl/_rels/workbook.bin.rels") {
        Some(part) => relations(&mut Xml::new(part?))?,
        None => return Err(Trouble::broken("it does not say where its sheets are")),
    };
    if let Some(part) = parts.part("xl/styles.bin") {
        match part.and_then(|part| styles(Records::new(part))) {
            Ok(formats) => {
                shared.shapes = formats.iter().map(NumberFormat::shape).collect();
                if shelf.keeps_looks() {
                    shelf.formats = formats;
                }
            }
            Err(_) => {
                shelf.damaged("Its styles are damaged, so that dates may show as numbers.".into())
            }
        }
    }
    let most = shelf.limits.text_cap();
    let done = match parts.part("xl/sharedStrings.bin") {
        Some(part) => part.and_then(|part| strings(Records::new(part), &mut shared.strings, most)),
        None => Ok(()),
    };
    shelf.without_strings(
        done.map_err(|trouble| parts.trouble(trouble)),
        &shared.strings,
    )?;
    let cells = |parts: &mut Parts<'_>, path: &str, gather: &mut Gather| {
        cells(Records::new(parts.needed(path)?), &shared, gather)
    };
    read_sheets(&mut parts, &listed, &relations, "xl", shelf, cells);
    Ok(())
}

fn workbook<R: BufRead>(mut records: Records<R>, late: &mut bool) -> Read<Vec<Listed>> {
    let mut listed = Vec::new();
    while let Some(kind) = records.next()? {
        let body = &records.body;
        match kind {
            153 => *late = u32_at(body, 0) & 1 == 1,
            156 => {
                let (id, rest) = wide(from(body, 8));
                listed.push(Listed {
                    name: wide(rest).0,
                    hidden: u32_at(body, 0) != 0,
                    id,
                });
            }
            _ => (),
        }
    }
    Ok(listed)
}

/// The number formats of the cells' styles.
fn styles<R: BufRead>(mut records: Records<R>) -> Read<Vec<NumberFormat>> {
    let mut own: HashMap<u16, NumberFormat> = HashMap::new();
    let mut formats = Vec::new();
    let mut inside = false;
    while let Some(kind) = records.next()? {
        let body = &records.body;
        match kind {
            44 if own.len() < 1 << 12 && body.len() < 4096 => {
                let number = u16_at(body, 0);
                let code = wide(from(body, 2)).0;
                own.entry(number)
                    .or_insert_with(|| NumberFormat::of_number(number, Some(&code)));
            }
            617 => inside = true,
            618 => inside = false,
            47 if inside && formats.len() < 1 << 16 => {
                let number = u16_at(body, 2);
                let format = own.get(&number).cloned();
                formats.push(format.unwrap_or_else(|| NumberFormat::of_number(number, None)));
            }
            _ => (),
        }
    }
    Ok(formats)
}

fn strings<R: BufRead>(mut records: Records<R>, texts: &mut Texts, most: usize) -> Read<()> {
    while let Some(kind) = records.next()? {
        if kind == 19 {
            texts.push(&wide(from(&records.body, 1)).0, most)?;
        }
    }
    Ok(())
}

fn cells<R: BufRead>(mut records: Records<R>, shared: &Shared, gather: &mut Gather) -> Read<()> {
    let mut hidden = Hidden::default();
    let (mut row, mut last) = (0u32, None::<u32>);
    let mut out = String::new();
    while let Some(kind) = records.next()? {
        let body = &records.body;
        match kind {
            0 => {
                (row, last) = (u32_at(body, 0), None);
                if body.get(11).is_some_and(|flags| flags & 0x10 != 0) {
                    hidden.row(row);
                }
            }
            60 if u16_at(body, 16) & 1 == 1 => hidden.columns(u32_at(body, 0), u32_at(body, 4)),
            176 => {
                let at = |at| u32_at(body, at);
                gather.merge((at(0), at(8)), (at(4), at(12)));
            }
            // cells with a column of their own, and short ones that stand behind the last
            1..=11 | 62 | 12..=18 => {
                let short = (12..=18).contains(&kind);
                if body.len() < if short { 4 } else { 8 } {
                    return Err(Trouble::broken("a cell's record is too short"));
                }
                let (column, style, value) = match short {
                    true => (
                        last.map_or(0, |c| c.saturating_add(1)),
                        u32_at(body, 0),
                        from(body, 4),
                    ),
                    false => (u32_at(body, 0), u32_at(body, 4), from(body, 8)),
                };
                last = Some(column);
                let kind = if short { kind - 11 } else { kind };
                out.clear();
                let style = style & 0x00FF_FFFF;
                let look = show(kind, value, style, shared, &mut out)?;
                gather.put(row, column, &out, look)?;
            }
            _ => (),
        }
    }
    gather.hide(&hidden);
    Ok(())
}

/// Appends what a cell record of this kind shows.
fn show(kind: u16, value: &[u8], style: u32, shared: &Shared, out: &mut String) -> Read<Look> {
    let first = value.first().copied().unwrap_or(0);
    let format = u16::try_from(style).unwrap_or(0);
    let mut number = |n: f64| {
        let shape = shared.shapes.get(style as usize);
        let shape = shape.copied().unwrap_or(Shape::Plain);
        let serial = dates::push_value(n, shape, shared.late, out);
        Look::number(serial, format)
    };
    match kind {
        2 => return Ok(number(packed(u32_at(value, 0)))),
        5 | 9 => return Ok(number(f64_at(value, 0))),
        3 | 11 => {
            out.push_str(fault(first));
            return Ok(Look::fault(out, format));
        }
        4 | 10 => {
            out.push_str(if first == 0 { "FALSE" } else { "TRUE" });
            return Ok(Look::truth(format));
        }
        6 | 8 => out.push_str(&wide(value).0),
        62 => out.push_str(&wide(from(value, 1)).0),
        7 => {
            let text = shared.strings.get(u32_at(value, 0) as usize);
            out.push_str(text.ok_or_else(|| {
                Trouble::broken("a cell points to a shared string that is not there")
            })?);
        }
        _ => (),
    }
    Ok(Look::text(format))
}
