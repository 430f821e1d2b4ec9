//! From an altered text back to what stood there.
//!
//! The ledger keeps a keyed digest of the register's own value at every site. A mark moves a value by a step, a day or a
//! spelling, so what may have stood there are few texts, and the digest tells which of them did: 32 bits bound to the record
//! leave a wrong one a chance of one in a thousand million. The text is written as the altered one is.

use crate::code::Handle;
use crate::key::DigestKeys;
use crate::mark::plan::Planner;
use crate::mark::shape::{PlainColumn, cell_digest};
use crate::mark::{Draw, Record, Variants, dates, numbers};
use crate::policy::{Kind, Policy};
use crate::table::Table;
use crate::value::{date, number};

/// Most days that a date moves.
const DAYS: [i32; 2] = [-1, 1];

/// Finds what stood in altered cells of one register.
pub struct Restorer<'a> {
    policy: &'a Policy,
    planner: &'a Planner,
    keys: &'a DigestKeys,
    /// One blank row with the register's columns.
    blank: Vec<String>,
    places: Vec<Option<usize>>,
}

/// A cell that a mark altered, and the digest of what stood there.
pub struct Altered<'a> {
    /// The group's number.
    pub group: usize,
    /// The column.
    pub column: PlainColumn,
    /// The record.
    pub handle: Handle,
    /// The text as it is.
    pub text: &'a str,
    /// The digest of what it was.
    pub was: u32,
}

impl<'a> Restorer<'a> {
    /// For a register.
    pub fn new(policy: &'a Policy, planner: &'a Planner, keys: &'a DigestKeys) -> Restorer<'a> {
        let columns = policy.columns.len();
        Restorer {
            policy,
            planner,
            keys,
            blank: vec![String::new(); columns],
            places: (0..columns).map(Some).collect(),
        }
    }

    /// What stood there; none where no mark leads from it to the text.
    pub fn text(&self, altered: &Altered<'_>) -> Option<String> {
        let mut buffer = Vec::new();
        let mut is = |text: &str| {
            cell_digest(altered.column, text, altered.handle, self.keys, &mut buffer) == altered.was
        };
        match altered.column.kind {
            Kind::Date => self.near_days(altered).into_iter().find(|text| is(text)),
            Kind::Number => self.near_numbers(altered).into_iter().find(|text| is(text)),
            _ => None,
        }
        .or_else(|| self.by_carrier(altered, is))
    }

    fn near_days(&self, altered: &Altered<'_>) -> Vec<String> {
        let column = altered.column;
        let Some((moment, form)) = date::parse_exact(altered.text, column.order) else {
            return Vec::new();
        };
        let habit = self
            .policy
            .columns
            .get(column.column)
            .and_then(dates::habit);
        let form = form.settled(habit.as_ref(), &moment, altered.text);
        let there = DAYS.into_iter().filter_map(|days| moment.shift_days(days));
        there.map(|there| form.render(&there)).collect()
    }

    fn near_numbers(&self, altered: &Altered<'_>) -> Vec<String> {
        let (Some((value, form)), Some(column)) = (
            number::parse_exact(altered.text),
            self.policy.columns.get(altered.column.column),
        ) else {
            return Vec::new();
        };
        let form = form.settled(numbers::habit(column).as_ref(), &value, altered.text);
        let steps = column
            .step
            .iter()
            .chain(column.grids.iter().map(|g| &g.step));
        let steps = steps.filter_map(|step| Some(number::parse(step)?.0));
        steps
            .flat_map(|step| [value.checked_add(&step), value.checked_sub(&step)])
            .flatten()
            .map(|there| form.render(&there))
            .collect()
    }

    /// Asks the carrier what it would make of the text under every draw: what a mark can do it can undo.
    fn by_carrier(
        &self,
        altered: &Altered<'_>,
        mut is: impl FnMut(&str) -> bool,
    ) -> Option<String> {
        let carrier = &self.planner.groups().get(altered.group)?.carrier;
        // a group of several columns is dates, which were tried
        if carrier.columns() != [altered.column.column] {
            return None;
        }
        let mut cells = self.blank.clone();
        cells.get_mut(altered.column.column)?.push_str(altered.text);
        let mut table = Table::new(Vec::new(), cells.len());
        table.push(cells.iter().map(String::as_str));
        let record = Record::new(&table, 0, &self.places);
        let mut variants = Variants::default();
        let mut before: Vec<String> = Vec::new();
        for byte in 0..=u8::MAX {
            carrier.variants(&record, Draw::of(byte), &mut variants);
            if variants.texts == before {
                continue;
            }
            if let Some(found) = variants.texts.iter().position(|text| is(text)) {
                return Some(variants.texts.swap_remove(found));
            }
            std::mem::swap(&mut before, &mut variants.texts);
        }
        None
    }
}
