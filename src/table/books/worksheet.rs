//! One worksheet of an Office Open XML workbook: its cells in one pass (ECMA-376 part 1, 18.3.1).

use std::io::BufRead;

use super::looks::Look;
use super::shelf::{Gather, Hidden, Trouble};
use super::spreadsheet::{Shared, rich_text};
use super::strings::unescape;
use super::xml::{Node, Tag, Xml};
use crate::table::dates::{self, Shape};

type Read<T> = Result<T, Trouble>;

/// How a cell says what its value is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Number,
    Shared,
    Text,
    Inline,
    Truth,
    Date,
}

/// Where a cell stands and what it is.
struct Place {
    row: u32,
    column: u32,
    kind: Kind,
    style: usize,
}

/// Every cell of a worksheet's part.
pub(super) fn cells<R: BufRead>(
    xml: &mut Xml<R>,
    shared: &Shared,
    gather: &mut Gather,
) -> Read<()> {
    let mut hidden = Hidden::default();
    let (mut row, mut column) = (0u32, 0u32);
    let (mut value, mut out) = (String::new(), String::new());
    let mut sheet = false;
    loop {
        let place = match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "c" => Some(place(&tag, row, column)?),
                "row" => {
                    row = match tag.number::<u64>("r") {
                        Some(number) => u32::try_from(number.saturating_sub(1))
                            .map_err(|_| Trouble::broken("a row has no possible number"))?,
                        None => row,
                    };
                    column = 0;
                    if tag.truth("hidden") {
                        hidden.row(row);
                    }
                    None
                }
                "col" if tag.truth("hidden") => {
                    if let (Some(first), Some(last)) =
                        (tag.number::<u32>("min"), tag.number::<u32>("max"))
                    {
                        hidden.columns(first.saturating_sub(1), last.saturating_sub(1));
                    }
                    None
                }
                "mergeCell" => {
                    if let Some((from, to)) = tag.get("ref").as_deref().and_then(area) {
                        gather.merge(from, to);
                    }
                    None
                }
                "worksheet" | "macrosheet" => {
                    sheet = true;
                    None
                }
                _ => None,
            },
            Node::Close(tag) if tag.name() == "row" => {
                row = row.saturating_add(1);
                column = 0;
                None
            }
            Node::End => break,
            _ => None,
        };
        let Some(place) = place else { continue };
        (row, column) = (place.row, place.column.saturating_add(1));
        value.clear();
        read_value(xml, &place, &mut value)?;
        out.clear();
        show(&place, &value, shared, &mut out)?;
        if !out.is_empty() {
            xml.found();
        }
        // copies of these are made of the file itself, and need no looks
        gather.put(place.row, place.column, &out, Look::text(0))?;
    }
    gather.hide(&hidden);
    match sheet {
        true => Ok(()),
        false => Err(Trouble::broken("its part is no worksheet")),
    }
}

fn place(tag: &Tag<'_>, row: u32, column: u32) -> Read<Place> {
    let mut place = Place {
        row,
        column,
        kind: Kind::Number,
        style: 0,
    };
    let mut possible = true;
    tag.raw(|key, value| match key {
        "r" => match address(value) {
            Some((row, column)) => (place.row, place.column) = (row, column),
            None => possible = false,
        },
        "s" => place.style = value.parse().unwrap_or(0),
        "t" => {
            place.kind = match value {
                "s" => Kind::Shared,
                "str" | "e" => Kind::Text,
                "inlineStr" => Kind::Inline,
                "b" => Kind::Truth,
                "d" => Kind::Date,
                _ => Kind::Number,
            }
        }
        _ => (),
    });
    match possible {
        true => Ok(place),
        false => Err(Trouble::broken("a cell has no possible address")),
    }
}

/// A cell's value as the file has it, up to the cell's end.
fn read_value<R: BufRead>(xml: &mut Xml<R>, place: &Place, value: &mut String) -> Read<()> {
    let mut inside = false;
    loop {
        let inline = match xml.next()? {
            Node::Open(tag) => {
                inside = tag.name() == "v";
                tag.name() == "is"
            }
            Node::Text(text) => {
                if inside {
                    value.push_str(&text);
                }
                false
            }
            Node::Close(tag) => {
                if tag.name() == "c" {
                    return Ok(());
                }
                inside = false;
                false
            }
            Node::End => return Err(Trouble::broken("it breaks off inside a cell")),
            Node::Other => false,
        };
        // some writers leave the type out
        if inline {
            let start = value.len();
            rich_text(xml, "is", value)?;
            if place.kind != Kind::Inline && start > 0 {
                value.truncate(start);
            }
        }
    }
}

/// Appends what the cell shows.
fn show(place: &Place, value: &str, shared: &Shared, out: &mut String) -> Read<()> {
    match place.kind {
        Kind::Inline => out.push_str(value),
        Kind::Text => out.push_str(&unescape(value)),
        Kind::Shared if value.trim().is_empty() => (),
        Kind::Shared => {
            let text = value
                .trim()
                .parse()
                .ok()
                .and_then(|at| shared.strings.get(at));
            out.push_str(text.ok_or_else(|| {
                Trouble::broken("a cell points to a shared string that is not there")
            })?);
        }
        Kind::Truth => out.push_str(match value.trim() {
            "" => "",
            "1" | "true" => "TRUE",
            _ => "FALSE",
        }),
        Kind::Date => out.push_str(&value.replacen('T', " ", 1)),
        Kind::Number => match value.trim().parse::<f64>() {
            Ok(n) => {
                let shape = shared
                    .shapes
                    .get(place.style)
                    .copied()
                    .unwrap_or(Shape::Plain);
                dates::push_value(n, shape, shared.late, out);
            }
            Err(_) => out.push_str(value),
        },
    }
    Ok(())
}

/// `B3:D5` or `B3`.
fn area(text: &str) -> Option<((u32, u32), (u32, u32))> {
    let (from, to) = text.split_once(':').unwrap_or((text, text));
    Some((address(from)?, address(to)?))
}

/// `B3` as row and column from 0; none for what no sheet can hold.
fn address(text: &str) -> Option<(u32, u32)> {
    let bytes = text.as_bytes();
    let letters = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (name, number) = bytes.split_at_checked(letters)?;
    if !(1..=3).contains(&name.len()) || !(1..=7).contains(&number.len()) {
        return None;
    }
    let column = name.iter().fold(0, |n, b| {
        n * 26 + u32::from(b.to_ascii_uppercase() - b'A') + 1
    });
    let mut row = 0;
    for digit in number {
        if !digit.is_ascii_digit() {
            return None;
        }
        row = row * 10 + u32::from(digit - b'0');
    }
    Some((row.checked_sub(1)?, column - 1))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses() {
        assert_eq!(address("A1"), Some((0, 0)));
        assert_eq!(address("xfd1048576"), Some((1_048_575, 16_383)));
        for bad in [
            "",
            "A",
            "1",
            "A0",
            "AAAA1",
            "A12345678",
            "A1B",
            "Ａ1",
            "A-1",
        ] {
            assert_eq!(address(bad), None, "{bad}");
        }
    }
}
