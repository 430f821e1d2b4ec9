//! XML spreadsheets of 2003 (SpreadsheetML), which web applications still hand out under the name of .xls.

use std::collections::HashMap;
use std::io::Cursor;

use super::looks::{Look, NumberFormat};
use super::moments;
use super::parts::Bounded;
use super::shelf::{Gather, Hidden, Shelf, Trouble};
use super::xml::{Node, Tag, Xml};
use crate::error::Result;
use crate::table::dates::{self, Shape};
use crate::table::encoding;

/// Styles of a file.
const STYLES: usize = 1 << 16;
/// Number formats among them.
const FORMATS: usize = 1 << 12;

type Read<T> = std::result::Result<T, Trouble>;
type Document = Xml<Cursor<Vec<u8>>>;

/// Reads the sheets; the outer error is an encoding that nobody knows.
pub(super) fn read(name: &str, bytes: Vec<u8>, shelf: &mut Shelf) -> Result<Read<()>> {
    let text = encoding::decode(name, bytes, &shelf.limits)?.text;
    // it is UTF-8 by now, whatever it says of itself
    let body = match text.find("?>") {
        Some(end)
            if text
                .trim_start_matches('\u{feff}')
                .trim_start()
                .starts_with("<?xml") =>
        {
            text.get(end + 2..).unwrap_or("").to_string()
        }
        _ => text,
    };
    let part = Bounded::of_memory(Cursor::new(body.into_bytes()), &shelf.limits);
    let mut formats = Formats::default();
    let done = workbook(Xml::new(part), &mut formats, shelf);
    if shelf.keeps_looks() {
        shelf.formats = formats.all;
    }
    Ok(shelf.without_the_rest(done))
}

/// The number formats of styles.
struct Formats {
    all: Vec<NumberFormat>,
    shapes: Vec<Shape>,
    by_style: HashMap<String, u16>,
}

impl Default for Formats {
    fn default() -> Formats {
        Formats {
            // what has no style
            all: vec![NumberFormat::General],
            shapes: vec![Shape::Plain],
            by_style: HashMap::new(),
        }
    }
}

impl Formats {
    fn number_of(&mut self, format: NumberFormat) -> u16 {
        let at = self.all.iter().position(|f| *f == format);
        // more than any program has
        if at.is_none() && self.all.len() >= FORMATS {
            return 0;
        }
        let at = at.unwrap_or_else(|| {
            self.shapes.push(format.shape());
            self.all.push(format);
            self.all.len() - 1
        });
        u16::try_from(at).unwrap_or(0)
    }

    /// The number of a style's format; without a style that of the style which all others have for a parent.
    fn of_style(&self, style: Option<&str>) -> u16 {
        let style = style.unwrap_or("Default");
        self.by_style.get(style).copied().unwrap_or(0)
    }

    fn shape(&self, format: u16) -> Shape {
        let shape = self.shapes.get(usize::from(format));
        shape.copied().unwrap_or(Shape::Plain)
    }
}

fn workbook(mut xml: Document, formats: &mut Formats, shelf: &mut Shelf) -> Read<()> {
    let mut style = String::new();
    let mut late = false;
    let mut number = 0;
    loop {
        let title = match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "Style" => {
                    style = tag.get("ID").unwrap_or_default();
                    None
                }
                "NumberFormat" if formats.by_style.len() < STYLES => {
                    let format = tag.get("Format").map(|code| format(&code));
                    let format = formats.number_of(format.unwrap_or_default());
                    formats.by_style.insert(std::mem::take(&mut style), format);
                    None
                }
                "Date1904" => {
                    late = true;
                    None
                }
                "Worksheet" => {
                    number += 1;
                    Some(tag.get("Name").unwrap_or_else(|| format!("Sheet{number}")))
                }
                _ => None,
            },
            Node::Close(tag) if tag.name() == "Workbook" => return Ok(()),
            Node::End => return Err(Trouble::broken("it breaks off between its sheets")),
            _ => None,
        };
        if let Some(title) = title {
            let mut unseen = false;
            let mut sheet = Sheet {
                xml: &mut xml,
                formats,
                late,
                unseen: &mut unseen,
            };
            let whole = shelf.sheet(&title, false, |gather| sheet.read(gather));
            if unseen {
                shelf.hide_last();
            }
            // what stands behind one that breaks off cannot be told apart any more
            if !whole {
                return Ok(());
            }
        }
    }
}

/// The number format of a code; some have names, in the order of the programs' menu.
fn format(code: &str) -> NumberFormat {
    match code {
        "General Number" => NumberFormat::General,
        "General Date" => NumberFormat::BuiltIn(22),
        "Short Date" => NumberFormat::BuiltIn(14),
        "Medium Date" | "Long Date" => NumberFormat::BuiltIn(15),
        "Short Time" => NumberFormat::BuiltIn(20),
        "Medium Time" => NumberFormat::BuiltIn(18),
        "Long Time" => NumberFormat::BuiltIn(19),
        "Fixed" => NumberFormat::BuiltIn(2),
        "Standard" => NumberFormat::BuiltIn(4),
        "Percent" => NumberFormat::BuiltIn(10),
        "Scientific" => NumberFormat::BuiltIn(11),
        "Currency" => NumberFormat::BuiltIn(8),
        "Euro Currency" => NumberFormat::of_code("[$€-2]\\ #,##0.00"),
        "Yes/No" => NumberFormat::of_code("\"Yes\";\"Yes\";\"No\""),
        "True/False" => NumberFormat::of_code("\"True\";\"True\";\"False\""),
        "On/Off" => NumberFormat::of_code("\"On\";\"On\";\"Off\""),
        code => NumberFormat::of_code(code),
    }
}

struct Sheet<'a> {
    xml: &'a mut Document,
    formats: &'a mut Formats,
    late: bool,
    unseen: &'a mut bool,
}

/// A place from 0 and the number format of what stands there.
struct Place {
    row: u32,
    column: u32,
    format: u16,
}

impl Sheet<'_> {
    fn read(&mut self, gather: &mut Gather) -> Read<()> {
        let mut hidden = Hidden::default();
        let (mut row, mut column, mut line) = (0u32, 0u32, 0u32);
        let mut visible = false;
        loop {
            let place = match self.xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "Column" => {
                        let first = index(&tag).unwrap_or(line);
                        let last = first.saturating_add(tag.number("Span").unwrap_or(0));
                        if tag.truth("Hidden") {
                            hidden.columns(first, last);
                        }
                        line = last.saturating_add(1);
                        None
                    }
                    "Row" => {
                        row = index(&tag).unwrap_or(row);
                        column = 0;
                        if tag.truth("Hidden") {
                            hidden.row(row);
                        }
                        None
                    }
                    "Cell" => {
                        column = index(&tag).unwrap_or(column);
                        let (right, down) = (
                            tag.number("MergeAcross").unwrap_or(0u32),
                            tag.number("MergeDown").unwrap_or(0u32),
                        );
                        if right > 0 || down > 0 {
                            gather.merge(
                                (row, column),
                                (row.saturating_add(down), column.saturating_add(right)),
                            );
                        }
                        let style = tag.get("StyleID");
                        let place = Place {
                            row,
                            column,
                            format: self.formats.of_style(style.as_deref()),
                        };
                        column = column.saturating_add(right).saturating_add(1);
                        Some(place)
                    }
                    "Visible" => {
                        visible = true;
                        None
                    }
                    _ => None,
                },
                Node::Text(text) => {
                    if visible {
                        *self.unseen = text.trim() != "SheetVisible";
                    }
                    None
                }
                Node::Close(tag) => match tag.name() {
                    "Row" => {
                        row = row.saturating_add(1);
                        None
                    }
                    "Visible" => {
                        visible = false;
                        None
                    }
                    "Worksheet" => break,
                    _ => None,
                },
                Node::End => return Err(Trouble::broken("it breaks off inside a sheet")),
                Node::Other => None,
            };
            if let Some(place) = place {
                let (text, look) = self.cell(&place, gather.keeps_looks())?;
                if !text.is_empty() {
                    self.xml.found();
                }
                gather.put(place.row, place.column, &text, look)?;
            }
        }
        gather.hide(&hidden);
        Ok(())
    }

    /// What a cell shows, up to its end, and what it is; `exact` where it is to be written again.
    fn cell(&mut self, place: &Place, exact: bool) -> Read<(String, Look)> {
        let mut kind = String::new();
        let mut text = String::new();
        let (mut inside, mut aside) = (false, false);
        loop {
            match self.xml.next()? {
                Node::Open(tag) => match tag.name() {
                    "Comment" => aside = true,
                    "Data" if !aside => {
                        kind = tag.get("Type").unwrap_or_default();
                        inside = true;
                    }
                    _ => (),
                },
                Node::Text(piece) if inside => text.push_str(&piece),
                Node::Close(tag) => match tag.name() {
                    "Data" => inside = false,
                    "Comment" => aside = false,
                    "Cell" => break,
                    _ => (),
                },
                Node::End => return Err(Trouble::broken("it breaks off inside a cell")),
                _ => (),
            }
        }
        let format = place.format;
        let shape = self.formats.shape(format);
        let mut out = String::new();
        Ok(match kind.as_str() {
            "Number" => match text.trim().parse::<f64>() {
                Ok(n) => {
                    let serial = dates::push_value(n, shape, self.late, &mut out);
                    (out, Look::number(serial, format))
                }
                Err(_) => (text, Look::text(format)),
            },
            "Boolean" => {
                let truth = if text.trim() == "1" { "TRUE" } else { "FALSE" };
                (truth.to_string(), Look::truth(format))
            }
            "DateTime" if exact => {
                let serial = moments::moment(text.trim(), shape);
                match serial.and_then(|s| Some((s, moments::push(s, shape, &mut out)?))) {
                    Some((serial, shown)) => {
                        let plain = NumberFormat::plain(shown);
                        let format = match shape {
                            Shape::Plain => self.formats.number_of(plain),
                            _ => format,
                        };
                        (out, Look::number(Some(serial), format))
                    }
                    None => (moment(text.trim(), shape), Look::text(format)),
                }
            }
            "DateTime" => (moment(text.trim(), shape), Look::text(format)),
            "Error" => {
                let look = Look::fault(&text, format);
                (text, look)
            }
            _ => (text, Look::text(format)),
        })
    }
}

/// `2024-03-05T14:32:00.000` as other workbooks show it: the day alone at midnight, the time alone on day zero.
fn moment(text: &str, shape: Shape) -> String {
    let whole = text.split('.').next().unwrap_or(text);
    match whole.split_once('T') {
        Some((day, "00:00:00")) if shape != Shape::DayAndTime => day.to_string(),
        Some(("1899-12-31" | "1899-12-30" | "1904-01-01", time)) if shape == Shape::Time => {
            time.to_string()
        }
        Some((day, time)) => format!("{day} {time}"),
        None => whole.to_string(),
    }
}

fn index(tag: &Tag<'_>) -> Option<u32> {
    tag.number::<u32>("Index")?.checked_sub(1)
}
