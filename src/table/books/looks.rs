//! What cells are besides their text: kept where a workbook is read to be written again, and nowhere else.

use std::sync::Arc;

use crate::table::cells::Kind;
use crate::table::dates::{self, Shape};

/// The longest code that a spreadsheet program takes.
const CODE: usize = 255;

/// How a number is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::table) enum NumberFormat {
    /// As it comes.
    #[default]
    General,
    /// By the number of a format that every program has.
    BuiltIn(u8),
    /// By a code.
    Code(Arc<str>),
}

impl NumberFormat {
    /// The format of a code.
    pub(super) fn of_code(code: &str) -> NumberFormat {
        let possible = code.chars().count() <= CODE && !code.chars().any(char::is_control);
        match code {
            "" => NumberFormat::General,
            code if code.eq_ignore_ascii_case("general") => NumberFormat::General,
            code if possible => NumberFormat::Code(code.into()),
            code => NumberFormat::plain(dates::shape(None, Some(code))),
        }
    }

    /// The format of this number, with its code where the file has one. What the two make of a number is the same afterwards.
    pub(super) fn of_number(number: u16, code: Option<&str>) -> NumberFormat {
        let id = Some(u32::from(number));
        match (number, code) {
            (_, Some(code)) if dates::shape(id, Some(code)) == dates::shape(None, Some(code)) => {
                NumberFormat::of_code(code)
            }
            (1..=22 | 27..=58, _) => NumberFormat::BuiltIn(number as u8),
            _ => NumberFormat::General,
        }
    }

    /// A format that shows numbers in this shape.
    pub(super) fn plain(shape: Shape) -> NumberFormat {
        match shape {
            Shape::Plain => NumberFormat::General,
            Shape::Day => NumberFormat::Code("yyyy-mm-dd".into()),
            Shape::DayAndTime => NumberFormat::Code("yyyy-mm-dd hh:mm:ss".into()),
            Shape::Time => NumberFormat::Code("hh:mm:ss".into()),
            Shape::Duration => NumberFormat::Code("[h]:mm:ss".into()),
        }
    }

    /// What it makes of a number.
    pub(in crate::table) fn shape(&self) -> Shape {
        match self {
            NumberFormat::General => Shape::Plain,
            NumberFormat::BuiltIn(number) => dates::shape(Some(u32::from(*number)), None),
            NumberFormat::Code(code) => dates::shape(None, Some(code)),
        }
    }
}

/// What one cell is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Look {
    kind: Kind,
    /// Which of the book's number formats it has.
    format: u16,
    /// The serial (of the 1900 system) behind a day or a time.
    serial: Option<f64>,
}

impl Look {
    pub(super) fn text(format: u16) -> Look {
        Look::of(Kind::Text, format)
    }

    pub(super) fn truth(format: u16) -> Look {
        Look::of(Kind::Truth, format)
    }

    /// A fault; those that only some programs know are texts.
    pub(super) fn fault(text: &str, format: u16) -> Look {
        const KNOWN: [&str; 7] = [
            "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A",
        ];
        match KNOWN.contains(&text) {
            true => Look::of(Kind::Fault, format),
            false => Look::text(format),
        }
    }

    /// A number, or with a serial the day or time that it is shown as.
    pub(super) fn number(serial: Option<f64>, format: u16) -> Look {
        Look {
            kind: match serial {
                Some(_) => Kind::Date,
                None => Kind::Number,
            },
            format,
            serial,
        }
    }

    fn of(kind: Kind, format: u16) -> Look {
        Look {
            kind,
            format,
            serial: None,
        }
    }
}

/// What the filled cells of a sheet are, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::table) struct Looks {
    /// Kind and number format of each.
    pub(in crate::table) of_cells: Vec<(Kind, u16)>,
    /// Serials (of the 1900 system) that say more than their text, by cell.
    pub(in crate::table) exact: Vec<(usize, f64)>,
}

impl Looks {
    /// Adds the look of the next cell, which says `text`.
    pub(super) fn push(&mut self, text: &str, look: Look) {
        let at = self.of_cells.len();
        self.of_cells.push((look.kind, look.format));
        let more = |serial: &f64| dates::serial(text) != Some(*serial);
        self.exact
            .extend(look.serial.filter(more).map(|serial| (at, serial)));
    }

    /// The look of the `at`-th cell.
    pub(super) fn get(&self, at: usize) -> Look {
        let (kind, format) = self.of_cells.get(at).copied().unwrap_or_default();
        let exact = self.exact.binary_search_by_key(&at, |(at, _)| *at);
        let exact = exact.ok().and_then(|found| self.exact.get(found));
        Look {
            kind,
            format,
            serial: exact.map(|(_, serial)| *serial),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_show_what_they_showed() {
        let code = |code: &str| NumberFormat::Code(code.into());
        for (number, given, want) in [
            (0, None, NumberFormat::General),
            (14, None, NumberFormat::BuiltIn(14)),
            (31, None, NumberFormat::BuiltIn(31)),
            (164, Some("0.00"), code("0.00")),
            (164, Some("GENERAL"), NumberFormat::General),
            (
                31,
                Some("yyyy\"年\"m\"月\"d\"日\""),
                code("yyyy\"年\"m\"月\"d\"日\""),
            ),
            // every program takes the number for a day, whatever the code
            (31, Some("0.0"), NumberFormat::BuiltIn(31)),
            (164, Some("a\u{1}yy"), NumberFormat::plain(Shape::Day)),
            (200, None, NumberFormat::General),
        ] {
            let format = NumberFormat::of_number(number, given);
            assert_eq!(format, want);
            let shape = dates::shape(Some(number.into()), given);
            assert_eq!(format.shape(), shape, "{number} {given:?}");
        }
        assert_eq!(
            NumberFormat::of_code(&"0".repeat(300)),
            NumberFormat::General
        );
    }

    #[test]
    fn serials_that_say_more_than_their_text() {
        let mut looks = Looks::default();
        looks.push("2024-03-05", Look::number(Some(45_356.0), 1));
        looks.push("2024-03-05 12:00:00", Look::number(Some(45_356.500_001), 1));
        looks.push("王", Look::text(0));
        looks.push("#ERROR!", Look::fault("#ERROR!", 0));
        assert_eq!(looks.exact, [(1, 45_356.500_001)]);
        assert_eq!(looks.get(1).serial, Some(45_356.500_001));
        assert_eq!(looks.get(3), Look::text(0));
    }
}
