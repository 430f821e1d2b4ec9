//! Values of formulas for a copy, as they are put down.

use std::collections::HashMap;

use super::engine::Place;
use super::value::Value;
use crate::table::xlsx::manner::{Digits, Manner};

/// The values that formulas of a copy come to, where these may be others than in the source.
#[derive(Clone, Debug, Default)]
pub struct Anew {
    pub values: HashMap<Place, Value>,
    /// The table's sheet.
    pub table: usize,
    /// By sheet.
    pub hands: Vec<Hand>,
    pub manner: Manner,
    pub sheets: Vec<String>,
}

/// How values are put down on a sheet.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hand {
    pub digits: Digits,
    /// Whether numbers are said to be some.
    pub says_numbers: bool,
}

/// What stands in the element `v`, and what the attribute `t` says.
pub type Written = (String, Option<&'static str>);

impl Anew {
    /// The values on a sheet with this name, if there are some.
    pub fn on(&self, sheet: &str) -> Option<OnSheet<'_>> {
        let sheet = self.sheets.iter().position(|name| name == sheet)?;
        let any = self.values.keys().any(|place| place.0 == sheet);
        any.then_some(OnSheet { all: self, sheet })
    }

    /// Whether the formula of a cell on the table's own sheet may come to something else, in the copy's rows.
    pub fn has_own(&self, row: u32, column: u16) -> bool {
        self.values.contains_key(&(self.table, row, column))
    }

    /// What the formula of a cell on the table's own sheet comes to, in the copy's rows.
    pub fn on_own(&self, row: u32, column: u16) -> Option<Written> {
        self.written((self.table, row, column))
    }

    fn written(&self, place: Place) -> Option<Written> {
        let value = self.values.get(&place)?;
        let hand = self.hands.get(place.0).copied().unwrap_or_default();
        let text = value.written(hand.digits, self.manner);
        Some((text, value.kind(hand.says_numbers)))
    }

    /// The values of one sheet: row, column and value.
    #[cfg(test)]
    pub fn made(sheet: &str, values: &[(u32, u16, Value)]) -> Anew {
        let place = |(row, column, value): &(u32, u16, Value)| ((0, *row, *column), value.clone());
        Anew {
            values: values.iter().map(place).collect(),
            sheets: vec![sheet.to_string()],
            ..Anew::default()
        }
    }
}

/// The values on one sheet.
#[derive(Clone, Copy, Debug)]
pub struct OnSheet<'a> {
    all: &'a Anew,
    sheet: usize,
}

impl OnSheet<'_> {
    /// What the formula of a cell comes to.
    pub fn get(&self, row: u32, column: u32) -> Option<Written> {
        self.all
            .written((self.sheet, row, u16::try_from(column).ok()?))
    }
}
