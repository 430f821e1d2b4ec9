//! XML spreadsheets of 2003 (SpreadsheetML), which web applications still hand out under the name of .xls.

use std::collections::HashMap;
use std::io::Cursor;

use super::parts::Bounded;
use super::shelf::{Gather, Hidden, Shelf, Trouble};
use super::xml::{Node, Tag, Xml};
use crate::error::Result;
use crate::table::dates::{self, Shape};
use crate::table::encoding;
use crate::table::limits::Limits;

type Read<T> = std::result::Result<T, Trouble>;
type Document = Xml<Cursor<Vec<u8>>>;

/// Reads the sheets; the outer error is an encoding that nobody knows.
pub(super) fn read(
    name: &str,
    bytes: Vec<u8>,
    limits: &Limits,
    shelf: &mut Shelf,
) -> Result<Read<()>> {
    let text = encoding::decode(name, bytes, limits)?.text;
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
    let part = Bounded::of_memory(Cursor::new(body.into_bytes()), limits);
    let done = workbook(Xml::new(part), shelf);
    Ok(shelf.without_the_rest(done))
}

fn workbook(mut xml: Document, shelf: &mut Shelf) -> Read<()> {
    let mut shapes: HashMap<String, Shape> = HashMap::new();
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
                "NumberFormat" if shapes.len() < 1 << 16 => {
                    let shape = tag.get("Format").map_or(Shape::Plain, |code| shape(&code));
                    shapes.insert(std::mem::take(&mut style), shape);
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
            Node::End => return Ok(()),
            _ => None,
        };
        if let Some(title) = title {
            let mut unseen = false;
            let mut sheet = Sheet {
                xml: &mut xml,
                shapes: &shapes,
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

/// What a format makes of a number; some have names.
fn shape(code: &str) -> Shape {
    match code {
        "General Date" => Shape::DayAndTime,
        "Short Date" | "Medium Date" | "Long Date" => Shape::Day,
        "Short Time" | "Medium Time" | "Long Time" => Shape::Time,
        code => dates::shape(None, Some(code)),
    }
}

struct Sheet<'a> {
    xml: &'a mut Document,
    shapes: &'a HashMap<String, Shape>,
    late: bool,
    unseen: &'a mut bool,
}

/// A place from 0 and the shape of what stands there.
struct Place {
    row: u32,
    column: u32,
    shape: Shape,
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
                            shape: style
                                .and_then(|s| self.shapes.get(&s).copied())
                                .unwrap_or(Shape::Plain),
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
                let text = self.cell(&place)?;
                if !text.is_empty() {
                    self.xml.found();
                }
                gather.put(place.row, place.column, &text)?;
            }
        }
        gather.hide(&hidden);
        Ok(())
    }

    /// What a cell shows, up to its end.
    fn cell(&mut self, place: &Place) -> Read<String> {
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
        Ok(match kind.as_str() {
            "Number" => match text.trim().parse::<f64>() {
                Ok(n) => {
                    let mut out = String::new();
                    dates::push_value(n, place.shape, self.late, &mut out);
                    out
                }
                Err(_) => text,
            },
            "Boolean" => if text.trim() == "1" { "TRUE" } else { "FALSE" }.to_string(),
            "DateTime" => moment(text.trim(), place.shape),
            _ => text,
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
