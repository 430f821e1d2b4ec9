//! Dates: one day either way, inside the month, on the weekdays that the column uses.
//!
//! Staying inside the month keeps every monthly count as it was and a table that is cut by month whole; it costs no site, since
//! at a month's edge the other way is free.

use jiff::civil::Weekday;

use super::{Carrier, Record, Toward, Variants};
use crate::code::SiteKind;
use crate::policy::{Column, DateOrder, Policy};
use crate::value::date::{self, Form};

struct Place {
    column: usize,
    order: DateOrder,
    weekdays: bool,
    habit: Option<Form>,
    heaped: Vec<String>,
}

/// Dates that move together by one day: one site.
pub struct Dates {
    columns: Vec<usize>,
    places: Vec<Place>,
}

impl Dates {
    /// The carrier of these columns of a policy; the first leads.
    pub fn new(policy: &Policy, columns: &[usize]) -> Dates {
        let places = columns
            .iter()
            .map(|at| {
                let column = &policy.columns[*at];
                Place {
                    column: *at,
                    order: column.order.unwrap_or_default(),
                    weekdays: column.weekdays,
                    habit: habit(column),
                    heaped: column.heaped.clone(),
                }
            })
            .collect();
        Dates {
            columns: columns.to_vec(),
            places,
        }
    }

    fn moved(&self, record: &Record<'_>, toward: Toward, out: &mut Variants) -> Option<()> {
        for (nth, place) in self.places.iter().enumerate() {
            let text = record.cell(place.column);
            if text.trim().is_empty() && nth > 0 {
                out.texts.push(text.to_string());
                continue;
            }
            let (moment, form) = date::parse_exact(text, place.order)?;
            if place.heaped.iter().any(|h| h == text) {
                return None;
            }
            let there = moment.shift_days(toward.sign() as i32)?;
            let weekend = matches!(there.date.weekday(), Weekday::Saturday | Weekday::Sunday);
            if (nth == 0 && there.date.month() != moment.date.month())
                || (place.weekdays && weekend)
            {
                return None;
            }
            let form = form.settled(place.habit.as_ref(), &moment, text);
            out.texts.push(form.render(&there));
        }
        Some(())
    }
}

/// How a column writes what a single date leaves open.
pub fn habit(column: &Column) -> Option<Form> {
    let (_, form) = date::parse_exact(column.like.as_deref()?, column.order.unwrap_or_default())?;
    Some(form)
}

impl Carrier for Dates {
    fn kind(&self) -> SiteKind {
        SiteKind::Dates
    }

    fn columns(&self) -> &[usize] {
        &self.columns
    }

    fn slots(&self) -> u8 {
        1
    }

    fn variants(&self, record: &Record<'_>, toward: Toward, out: &mut Variants) {
        out.clear();
        match self.moved(record, toward, out) {
            Some(()) => out.bits = 1,
            None => out.clear(),
        }
    }
}
