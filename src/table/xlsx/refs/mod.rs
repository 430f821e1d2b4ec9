//! What refers to rows follows them: formulas, names, merged cells, tables, notes, pictures, charts.
//!
//! A copy of a workbook is its own package with rows put in, left out or moved. Columns never move. Everything here is a function
//! from the text of a part to its new text; only what names a row is touched, and what cannot follow safely is refused by name.

pub mod address;
pub mod areas;
pub mod cells;
mod drawing;
pub mod formula;
mod kept;
mod lost;
mod notes;
mod package;
mod rules;
mod sheet;
mod splice;
mod surroundings;
mod survey;
pub mod tokens;
pub mod words;
mod work;
mod workbook;
mod xml;

use super::moves::{Moves, Rows};

pub use self::formula::Where;
pub use self::kept::Beside;
pub use self::package::Given;
pub use self::surroundings::Surroundings;
pub use self::workbook::NewFormula;

/// Something in the workbook that cannot follow its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// `sheet "Codes", cell E5`, or a part of the package; empty as long as only the formula is known.
    pub place: String,
    /// What is wrong there, to be read behind the place: `refers to D3:D9, whose rows ...`.
    pub why: String,
}

impl Stuck {
    pub fn new(why: impl Into<String>) -> Stuck {
        Stuck {
            place: String::new(),
            why: why.into(),
        }
    }

    /// Says where, unless that is known more exactly.
    pub fn at(mut self, place: impl Into<String>) -> Stuck {
        if self.place.is_empty() {
            self.place = place.into();
        }
        self
    }

    /// Says in what the place is.
    fn within(mut self, around: &str) -> Stuck {
        self.place = match self.place.as_str() {
            "" => around.to_string(),
            place => format!("{around}, {place}"),
        };
        self
    }
}

/// Where a part stands and how the rows of the table's sheet move.
#[derive(Clone, Copy, Debug)]
struct Side<'a> {
    place: Where<'a>,
    moves: &'a Moves,
}
