//! Addresses of cells and areas as they are written: `B3`, `$B$3:D9`, `A:C`, `2:5`.

use crate::table::xlsx::markup::push_column;
use std::ops::Range;

/// A sheet's last row and column, from 0.
pub const LAST_ROW: u32 = 1_048_575;
pub const LAST_COLUMN: u32 = 16_383;

/// A row or a column in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// From 0.
    pub at: u32,
    /// Whether a `$` stands before it.
    pub fixed: bool,
    /// Where its digits or letters are.
    pub span: Range<usize>,
}

/// One end of an area: a cell, a column or a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    pub row: Option<Line>,
    pub column: Option<Line>,
}

/// Rows and columns of a sheet, from 0, ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Area {
    pub top: u32,
    pub bottom: u32,
    pub left: u32,
    pub right: u32,
}

impl Area {
    /// What two ends enclose.
    pub fn between(first: &End, last: &End) -> Area {
        let rows = |end: &End| end.row.as_ref().map(|line| line.at);
        let columns = |end: &End| end.column.as_ref().map(|line| line.at);
        let (top, bottom) = sorted(rows(first).zip(rows(last)).unwrap_or((0, LAST_ROW)));
        let (left, right) = sorted(
            columns(first)
                .zip(columns(last))
                .unwrap_or((0, LAST_COLUMN)),
        );
        Area {
            top,
            bottom,
            left,
            right,
        }
    }

    pub fn holds(&self, row: u32, column: u32) -> bool {
        (self.top..=self.bottom).contains(&row) && (self.left..=self.right).contains(&column)
    }
}

fn sorted((a, b): (u32, u32)) -> (u32, u32) {
    (a.min(b), a.max(b))
}

impl End {
    /// Reads a whole word; `at` is where it stands in its text. A word of digits is a row, one of letters a column.
    pub fn parse(word: &str, at: usize) -> Option<End> {
        let bytes = word.as_bytes();
        let mut here = usize::from(bytes.first() == Some(&b'$'));
        let letters = bytes[here..]
            .iter()
            .take(4)
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let column = match letters {
            0 => None,
            _ => Some(Line {
                at: column_of(&bytes[here..here + letters])?,
                fixed: here == 1,
                span: at + here..at + here + letters,
            }),
        };
        here += letters;
        let mut fixed = column.is_none() && here == 1;
        if column.is_some() && bytes.get(here) == Some(&b'$') {
            fixed = true;
            here += 1;
        }
        let digits = &word[here..];
        let row = match digits {
            "" if !fixed && column.is_some() => None,
            _ => Some(Line {
                at: row_of(digits)?,
                fixed,
                span: at + here..at + word.len(),
            }),
        };
        Some(End { row, column })
    }

    /// Whether it names one cell.
    pub fn is_cell(&self) -> bool {
        self.row.is_some() && self.column.is_some()
    }

    /// Whether both are cells, columns or rows.
    pub fn goes_with(&self, other: &End) -> bool {
        self.row.is_some() == other.row.is_some() && self.column.is_some() == other.column.is_some()
    }
}

fn row_of(digits: &str) -> Option<u32> {
    let plain = digits.len() <= 7 && digits.bytes().all(|b| b.is_ascii_digit());
    let number: u32 = digits.parse().ok().filter(|_| plain)?;
    number.checked_sub(1).filter(|row| *row <= LAST_ROW)
}

fn column_of(letters: &[u8]) -> Option<u32> {
    if letters.len() > 3 {
        return None;
    }
    let number = letters.iter().fold(0, |n, b| {
        n * 26 + u32::from(b.to_ascii_uppercase() - b'A') + 1
    });
    Some(number - 1).filter(|column| *column <= LAST_COLUMN)
}

/// `C` for 2.
pub fn letters(column: u32) -> String {
    let mut out = Vec::new();
    push_column(column, &mut out);
    out.into_iter().map(char::from).collect()
}

/// `C5` for row 4 and column 2.
pub fn cell(row: u32, column: u32) -> String {
    format!("{}{}", letters(column), row + 1)
}

/// The ends of `B3` or `B3:D9`; of one cell both are the same.
pub fn ends(text: &str) -> Option<(End, End)> {
    let (first, last) = match text.split_once(':') {
        Some((first, last)) => (End::parse(first, 0)?, End::parse(last, first.len() + 1)?),
        None => {
            let cell = End::parse(text, 0).filter(End::is_cell)?;
            (cell.clone(), cell)
        }
    };
    first.goes_with(&last).then_some((first, last))
}

/// What `B3` or `B3:D9` encloses.
pub fn area(text: &str) -> Option<Area> {
    ends(text).map(|(first, last)| Area::between(&first, &last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let of = |text| area(text).map(|a| (a.top, a.left, a.bottom, a.right));
        assert_eq!(of("B3"), Some((2, 1, 2, 1)));
        assert_eq!(of("$b$3:d9"), Some((2, 1, 8, 3)));
        assert_eq!(of("D9:B3"), Some((2, 1, 8, 3)));
        assert_eq!(of("A:C"), Some((0, 0, LAST_ROW, 2)));
        assert_eq!(of("$2:$5"), Some((1, 0, 4, LAST_COLUMN)));
        assert_eq!(
            of("XFD1048576"),
            Some((LAST_ROW, LAST_COLUMN, LAST_ROW, LAST_COLUMN))
        );
        for wrong in [
            "",
            "$",
            "A",
            "5",
            "A0",
            "XFE1",
            "A1048577",
            "AAAA1",
            "A1:B",
            "A:1",
            "A1B",
            "$$A1",
            "A+5",
            "Ä1",
            "A1:",
            ":",
            "A12345678",
        ] {
            assert_eq!(of(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn columns_by_letters() {
        for (column, name) in [
            (0, "A"),
            (25, "Z"),
            (26, "AA"),
            (701, "ZZ"),
            (702, "AAA"),
            (LAST_COLUMN, "XFD"),
        ] {
            assert_eq!(letters(column), name);
        }
        assert_eq!(cell(4, 2), "C5");
    }
}
