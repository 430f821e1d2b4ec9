//! Date-times: by a few of the steps that the column really uses, inside the day. A fine column gives two sites a value.

use super::dates::habit;
use super::{Carrier, Record, Toward, Variants};
use crate::code::SiteKind;
use crate::policy::{Column, DateOrder};
use crate::value::date::{self, Form};

/// A step of at most this many seconds leaves room for two sites: the value then moves by up to three steps.
const FINE: i64 = 300;

/// The smallest step, in seconds: seconds are lost when a spreadsheet shows minutes, so they carry nothing.
const MINUTE: i64 = 60;

/// One date-time column.
pub struct Times {
    column: [usize; 1],
    order: DateOrder,
    step: i64,
    habit: Option<Form>,
    heaped: Vec<String>,
}

impl Times {
    /// The carrier of a policy's column at this place.
    pub fn new(column: &Column, at: usize) -> Times {
        let step = column
            .step
            .as_deref()
            .and_then(|s| s.parse::<i64>().ok())
            .unwrap_or(MINUTE)
            .max(MINUTE);
        Times {
            column: [at],
            order: column.order.unwrap_or_default(),
            step,
            habit: habit(column),
            heaped: column.heaped.clone(),
        }
    }

    fn moved(&self, record: &Record<'_>, toward: Toward, out: &mut Variants) -> Option<()> {
        let text = record.cell(self.column[0]);
        let (moment, form) = date::parse_exact(text, self.order)?;
        moment.time?;
        if self.heaped.iter().any(|h| h == text) {
            return None;
        }
        let form = form.settled(self.habit.as_ref(), &moment, text);
        for steps in 1..(1i64 << self.slots()) {
            let there = moment.shift_seconds(toward.sign() * steps * self.step)?;
            if there.date != moment.date {
                return None;
            }
            out.texts.push(form.render(&there));
        }
        Some(())
    }
}

impl Carrier for Times {
    fn kind(&self) -> SiteKind {
        SiteKind::Dates
    }

    fn columns(&self) -> &[usize] {
        &self.column
    }

    fn slots(&self) -> u8 {
        if self.step <= FINE { 2 } else { 1 }
    }

    fn variants(&self, record: &Record<'_>, toward: Toward, out: &mut Variants) {
        out.clear();
        match self.moved(record, toward, out) {
            Some(()) => out.bits = self.slots(),
            None => out.clear(),
        }
    }
}
