//! Dates: one day either way, inside the month, on the weekdays that the column uses.
//!
//! Staying inside the month keeps every monthly count as it was and a table that is cut by month whole; it costs no site, since
//! at a month's edge the other way is free. In a policy whose columns are to stay balanced a date at the edge stays where its key
//! would have it leave, and a day of the week is entered as seldom as it is left.

use jiff::civil::Weekday;

use super::{Carrier, Draw, Record, Variants};
use crate::code::SiteKind;
use crate::policy::{Column, DateOrder, Policy};
use crate::value::date::{self, Form, Moment};

struct Place {
    column: usize,
    order: DateOrder,
    weekdays: bool,
    habit: Option<Form>,
    heaped: Vec<String>,
    /// How often each day of the week occurs, from Monday; empty where alike.
    shares: Vec<u32>,
    /// Days that are neither left nor entered: (month, day), month 0 for every month.
    closed: Vec<(i8, i8)>,
}

/// Dates that move together by one day: one site.
pub struct Dates {
    columns: Vec<usize>,
    places: Vec<Place>,
    balanced: bool,
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
                    shares: column
                        .grids
                        .first()
                        .map_or_else(Vec::new, |grid| grid.shares.clone()),
                    closed: column.closed.iter().filter_map(|c| closed(c)).collect(),
                }
            })
            .collect();
        Dates {
            columns: columns.to_vec(),
            places,
            balanced: columns
                .first()
                .is_some_and(|lead| policy.columns[*lead].balanced),
        }
    }

    fn moved(&self, record: &Record<'_>, draw: Draw, out: &mut Variants) -> Option<()> {
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
            let there = moment.shift_days(draw.toward.sign() as i32)?;
            let weekend = matches!(there.date.weekday(), Weekday::Saturday | Weekday::Sunday);
            if (nth == 0 && there.date.month() != moment.date.month())
                || (place.weekdays && weekend)
            {
                return None;
            }
            let weekday = |m: &Moment| i64::from(m.date.weekday().to_monday_zero_offset());
            if !draw.enters(&place.shares, weekday(&moment), weekday(&there))
                || place.is_closed(&moment)
                || place.is_closed(&there)
            {
                return None;
            }
            let form = form.settled(place.habit.as_ref(), &moment, text);
            out.texts.push(form.render(&there));
        }
        Some(())
    }
}

impl Place {
    fn is_closed(&self, moment: &Moment) -> bool {
        let (month, day) = (moment.date.month(), moment.date.day());
        self.closed
            .iter()
            .any(|c| c.1 == day && (c.0 == 0 || c.0 == month))
    }
}

/// `01-01` is New Year, `15` the fifteenth of every month.
pub fn closed(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('-').unwrap_or(("0", text));
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    ((0..=12).contains(&month) && (1..=31).contains(&day)).then_some((month, day))
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

    fn balanced(&self) -> bool {
        self.balanced
    }

    fn variants(&self, record: &Record<'_>, draw: Draw, out: &mut Variants) {
        out.clear();
        match self.moved(record, draw, out) {
            Some(()) => out.bits = 1,
            None => out.clear(),
        }
    }
}
