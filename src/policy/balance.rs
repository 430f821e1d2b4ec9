//! How a carrier's values are shared out, frozen so that a mark is no rarer than what it stands beside: last digits, heaps, days of
//! the week, spellings. A column that has certain values only, or different ones close together, is no carrier.

mod digits;
mod unique;

use super::{Column, Grid, Kind, Role, Rule, Why};
use crate::parallel;
use crate::table::Table;
use crate::value::number::{self, Decimal};
use crate::value::spelling::places;
use crate::value::{clock, date};
use digits::{Level, Places};

/// Shares are counted in at most this many rows.
const ROWS: usize = 8_000;

/// Spellings are counted in fewer: it takes longer to find them.
const TEXTS: usize = 2_000;

/// A column of which fewer of the values could move is not worth its slot.
const WORTH: f64 = 0.1;

/// The longest move of a heaped time, in seconds.
const LONGEST: i64 = 900;

/// Freezes the shares of every carrier, and takes the role from those that cannot keep theirs; the rules say why.
pub fn settle(table: &Table, columns: &mut [Column]) -> Vec<Rule> {
    let carriers: Vec<usize> = (0..columns.len())
        .filter(|at| columns[*at].role == Role::Carrier)
        .collect();
    let settled = parallel::map(carriers.len(), |nth| {
        let at = carriers[nth];
        let mut column = columns[at].clone();
        let why = settle_one(table, at, &mut column);
        (column, why)
    });
    let mut rules = Vec::new();
    for (at, (column, why)) in carriers.into_iter().zip(settled) {
        columns[at] = column;
        if let Some(why) = why {
            columns[at].role = Role::Plain;
            rules.push(Rule::Stays {
                column: columns[at].name.clone(),
                why,
            });
        }
    }
    rules
}

fn settle_one(table: &Table, at: usize, column: &mut Column) -> Option<Why> {
    column.balanced = true;
    let worth = match column.kind {
        Kind::Number => numbers(table, at, column),
        Kind::Date => dates(table, at, column),
        Kind::DateTime | Kind::Time => times(table, at, column),
        _ => {
            spellings(table, at, column);
            return None;
        }
    };
    if worth < WORTH {
        return Some(Why::Values);
    }
    unique::near(table, at, column).then_some(Why::Unique)
}

fn cells(table: &Table, at: usize, most: usize) -> impl Iterator<Item = &str> {
    let step = table.rows().div_ceil(most).max(1);
    (0..table.rows())
        .step_by(step)
        .map(move |row| table.cell(row, at))
}

/// The column's grids; gives the part of its values that can move.
fn numbers(table: &Table, at: usize, column: &mut Column) -> f64 {
    let decimal = |text: &str| number::parse(text).map(|(d, _)| d);
    let Some(step) = column.step.as_deref().and_then(decimal) else {
        return 0.0;
    };
    let mut all = 0usize;
    let places: Vec<i64> = cells(table, at, ROWS)
        .filter(|c| !c.trim().is_empty())
        .inspect(|_| all += 1)
        .filter(|c| !column.heaped.iter().any(|h| h == c))
        .filter_map(|c| number::parse_exact(c)?.0.steps(&step))
        .filter(|place| *place != 0)
        .collect();
    let spread = digits::spread(&places);
    let mut movable = 0.0;
    let mut grids = Vec::new();
    for mut level in digits::levels(&places) {
        let places = Places::new(&level.places);
        let span = places.span();
        level.shares = if span <= digits::FEW {
            places.shares(span)
        } else {
            places.shares(10)
        };
        let far = level.multiple > 1 && spread < 3.0 * level.multiple as f64;
        level.still = far || (span > digits::FEW && places.spiked(&level.shares));
        if !level.still {
            movable += places.movable(&level.shares, &level.closed);
        }
        grids.extend(grid(&step, &level));
    }
    column.grids = grids;
    movable / all.max(1) as f64
}

fn grid(step: &Decimal, level: &Level) -> Option<Grid> {
    Some(Grid {
        step: Decimal::ZERO
            .shift(step, level.multiple)?
            .normal()
            .to_string(),
        shares: digits::thousandths(&level.shares),
        still: level.still,
    })
}

/// Days of the week, and days on which dates heap or which they spare.
fn dates(table: &Table, at: usize, column: &mut Column) -> f64 {
    let order = column.order.unwrap_or_default();
    let days: Vec<jiff::civil::Date> = cells(table, at, ROWS)
        .filter(|c| !column.heaped.iter().any(|h| h == c))
        .filter_map(|c| Some(date::parse(c, order)?.0.date))
        .collect();
    let numbers: Vec<i64> = days
        .iter()
        .map(|d| i64::from(date::day_number(*d)))
        .collect();
    let places = Places::new(&numbers);
    // 1970-01-01, day 0, was a Thursday
    let mut week = places.shares(7);
    week.rotate_right(3);
    column.grids = vec![Grid {
        shares: digits::thousandths(&week),
        ..Grid::default()
    }];
    column.closed = heaped_days(&days);
    if column.weekdays && !days.iter().any(|d| (d.month(), d.day()) == (1, 1)) {
        column.closed.push("01-01".into());
    }
    if places.spiked(&places.shares(7)) {
        return 0.0;
    }
    let open = days.iter().filter(|d| {
        let closed = |c: &String| c.parse() == Ok(d.day());
        !column.closed.iter().any(closed)
    });
    open.count() as f64 / days.len().max(1) as f64
}

/// Days of the month that occur far more often than their share.
fn heaped_days(days: &[jiff::civil::Date]) -> Vec<String> {
    let mut counts = [0usize; 32];
    for day in days {
        counts[day.day() as usize] += 1;
    }
    let expected = days.len() as f64 / 30.44;
    (1..=31)
        .filter(|d| {
            let above = counts[*d] as f64 - expected;
            above > 0.6 * expected && above > 5.0 * expected.sqrt()
        })
        .map(|d| d.to_string())
        .collect()
}

/// The steps on which times heap.
fn times(table: &Table, at: usize, column: &mut Column) -> f64 {
    let order = column.order.unwrap_or_default();
    let seconds: Vec<i64> = cells(table, at, ROWS)
        .filter_map(|c| match column.kind {
            Kind::Time => Some(clock::parse(c)?.0),
            _ => date::parse(c, order)?.0.time,
        })
        .map(second_of_day)
        .collect();
    let step = digits::time_step(&seconds);
    column.step = Some(step.to_string());
    let on: Vec<i64> = seconds.iter().copied().filter(|s| s % step == 0).collect();
    let levels = digits::time_levels(&on, step);
    let mut movable = 0;
    let mut grids = Vec::new();
    for (heap, values) in &levels {
        let still = *heap > LONGEST && *heap > step;
        movable += if still { 0 } else { *values };
        grids.push(Grid {
            step: heap.to_string(),
            shares: Vec::new(),
            still,
        });
    }
    if grids.len() > 1 {
        column.grids = grids;
    }
    movable as f64 / seconds.len().max(1) as f64
}

pub(super) fn second_of_day(time: jiff::civil::Time) -> i64 {
    i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

/// How often either member of each pair of spellings stands in the column.
fn spellings(table: &Table, at: usize, column: &mut Column) {
    let mut counts = vec![[0u32; 2]; column.spellings.len()];
    for cell in cells(table, at, TEXTS) {
        for place in places(cell, &column.spellings) {
            if let Some(pair) = counts.get_mut(place.pair) {
                pair[place.member] += 1;
            }
        }
    }
    column.grids = counts
        .iter()
        .map(|pair| Grid {
            shares: digits::thousandths(pair),
            ..Grid::default()
        })
        .collect();
}
