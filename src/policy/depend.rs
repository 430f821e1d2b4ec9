//! Dependencies between columns, found from the data: what follows what, and therefore what moves together or not at all.
//!
//! Reading order: `days` (dates and counts of time), `computed` (numbers from numbers), `determined` (values that hang on other
//! values), `codes`, `ranked` (orders, and what rises with what). What they find takes the role of carrier from a column that could not keep
//! it; the rest becomes a [`Rule`] that every move is asked about.

mod codes;
mod computed;
mod days;
mod determined;
mod ranked;

use std::collections::HashMap;

use jiff::civil::Date;

use super::profile::sample_rows;
use super::{Column, Kind, Role, Rule, Unit};
use crate::table::Table;
use crate::value::date::Moment;
use crate::value::elapsed::{Count, count_written};
use crate::value::{clock, date, national_id, number};

pub use days::{corrected_table_days, table_days};

/// The part of the rows in which a dependency must hold before it is one.
const HOLDS: f64 = 0.97;

/// Dependencies are sought in at most this many rows.
const ROWS: usize = 1_000;

/// Most candidates fail in the first rows already; the rest is asked only where these hold.
const FIRST: usize = 48;

/// The part of the first rows that must hold: a little less than of all, since few rows waver.
const FIRST_HOLDS: f64 = 0.9;

/// One column's values, parsed once. Lists are empty where the column is of another kind.
struct Facts {
    at: usize,
    /// Whether the days stand inside identity numbers.
    numbered: bool,
    /// A number for each distinct text, 0 for blanks.
    ids: Vec<u32>,
    /// How many distinct texts there are.
    distinct: usize,
    days: Vec<Option<Date>>,
    moments: Vec<Option<Moment>>,
    counts: Vec<Option<i64>>,
    numbers: Vec<Option<f64>>,
    /// The last decimal that the numbers use.
    unit: f64,
}

/// Finds the rules of a table and takes from `columns` the role of carrier where a rule forbids it.
pub fn find(table: &Table, columns: &mut [Column]) -> Vec<Rule> {
    let rows: Vec<usize> = sample_rows(table).take(ROWS).collect();
    let facts: Vec<Facts> = crate::parallel::map(columns.len(), |at| {
        Facts::of(table, &rows, &columns[at], at)
    });
    let mut rules = Vec::new();
    days::inside_identity_numbers(&facts, columns, &mut rules);
    days::offsets(&facts, columns, &mut rules);
    days::elapsed_times(&facts, columns, &mut rules);
    computed::numbers(&facts, columns, &mut rules);
    computed::spans(&facts, columns, &mut rules);
    computed::relations(&facts, columns, &mut rules);
    codes::inside(table, &rows, &facts, columns, &mut rules);
    determined::parts(&facts, columns, &mut rules);
    determined::bands(&facts, columns, &mut rules);
    determined::values(&facts, columns, &mut rules);
    determined::pairs(&facts, columns, &mut rules);
    ranked::rises(&facts, columns, &mut rules);
    ranked::ties(&facts, columns, &mut rules);
    ranked::orders(&facts, columns, &mut rules);
    rules
}

impl Facts {
    fn of(table: &Table, rows: &[usize], column: &Column, at: usize) -> Facts {
        let cells = || rows.iter().map(|r| table.cell(*r, at));
        let order = column.order.unwrap_or_default();
        let moments: Vec<Option<Moment>> = match column.kind {
            Kind::Date | Kind::DateTime => cells()
                .map(|c| date::parse(c, order).map(|(m, _)| m))
                .collect(),
            Kind::Time => cells().map(time_of_no_day).collect(),
            Kind::Code => instants(cells()),
            _ => Vec::new(),
        };
        let days = match column.kind {
            Kind::Date | Kind::DateTime => moments.iter().map(|m| m.map(|m| m.date)).collect(),
            Kind::NationalId => cells()
                .map(|c| national_id::normal(c)?.birth_date())
                .collect(),
            _ => Vec::new(),
        };
        let numeric = column.kind == Kind::Number && column.role != Role::Sequence;
        let counts: Vec<Option<i64>> = match column.kind {
            Kind::Number | Kind::Category | Kind::Text | Kind::Code
                if column.role != Role::Sequence =>
            {
                cells()
                    .map(|c| count_written(c).map(Count::value))
                    .collect()
            }
            _ => Vec::new(),
        };
        let mut scale = 0;
        let numbers = if numeric {
            cells()
                .map(|c| {
                    let number = number::parse(c)?.0;
                    scale = scale.max(number.scale());
                    Some(number.to_f64())
                })
                .collect()
        } else {
            Vec::new()
        };
        let mut known: HashMap<&str, u32> = HashMap::new();
        let ids = cells()
            .map(|c| {
                if says_nothing(c) {
                    return 0;
                }
                let next = known.len() as u32 + 1;
                *known.entry(c).or_insert(next)
            })
            .collect();
        Facts {
            at,
            numbered: column.kind == Kind::NationalId,
            ids,
            distinct: known.len(),
            days,
            moments,
            counts,
            numbers,
            unit: 0.1f64.powi(i32::from(scale)),
        }
    }

    /// The values on one scale: numbers as they are, moments in seconds.
    fn scale(&self) -> Vec<Option<f64>> {
        if !self.numbers.is_empty() {
            return self.numbers.clone();
        }
        self.moments.iter().map(|m| Some(seconds(&(*m)?))).collect()
    }
}

/// Whether a cell stands for none.
fn says_nothing(cell: &str) -> bool {
    matches!(
        cell.trim(),
        "" | "NA" | "N/A" | "n/a" | "NULL" | "null" | "None" | "-" | "无"
    )
}

/// The moments of a column of instants, 2013-01-02T21:00:00Z, in the zone that they are written in; none for other columns.
fn instants<'a>(cells: impl Iterator<Item = &'a str> + Clone) -> Vec<Option<Moment>> {
    let instant = |c: &str| {
        let bare = c.trim().strip_suffix('Z')?;
        date::parse(bare, date::DateOrder::Ymd).map(|(m, _)| m)
    };
    let first = cells.clone().take(8);
    if !first.clone().all(|c| instant(c).is_some()) {
        return Vec::new();
    }
    cells.map(instant).collect()
}

/// A time of day, on a day that stands for none.
fn time_of_no_day(cell: &str) -> Option<Moment> {
    Some(Moment {
        date: Date::constant(2000, 1, 1),
        time: Some(clock::parse(cell)?.0),
    })
}

/// Seconds since 1970.
fn seconds(moment: &Moment) -> f64 {
    let time = moment.time.map_or(0, super::balance::second_of_day);
    f64::from(date::day_number(moment.date)) * 86_400.0 + time as f64
}

/// (rows in which both speak, rows in which `test` holds).
fn tally<A: Copy, B: Copy>(
    a: &[Option<A>],
    b: &[Option<B>],
    test: impl Fn(A, B) -> bool,
) -> (usize, usize) {
    let mut both = 0;
    let mut held = 0;
    for (a, b) in a.iter().zip(b) {
        if let (Some(a), Some(b)) = (a, b) {
            both += 1;
            held += usize::from(test(*a, *b));
        }
    }
    (both, held)
}

fn mostly((both, held): (usize, usize)) -> bool {
    both >= 3 && held as f64 >= HOLDS * both as f64
}

fn promising((both, held): (usize, usize)) -> bool {
    both < 8 || held as f64 >= FIRST_HOLDS * both as f64
}

/// The place of the column that leads the dates with which `at` moves: its own where it moves alone; none where it does not move.
fn lead(columns: &[Column], rules: &[Rule], at: usize) -> Option<usize> {
    let mut here = at;
    // a chain of followers is no longer than the table is wide
    for _ in 0..columns.len() {
        if columns[here].role == Role::Carrier {
            return Some(here);
        }
        if columns[here].role != Role::Derived {
            return None;
        }
        let name = &columns[here].name;
        let from = rules.iter().find_map(|rule| match rule {
            Rule::Offset { column, from, .. } | Rule::Tied { column, from } if column == name => {
                Some(from)
            }
            Rule::Elapsed {
                from,
                until: Some(until),
                unit: Unit::Days,
                ..
            } if until == name => Some(from),
            _ => None,
        })?;
        here = columns.iter().position(|c| &c.name == from)?;
    }
    None
}

/// Every column that can move, alone or after another.
fn movers(columns: &[Column], rules: &[Rule]) -> Vec<usize> {
    (0..columns.len())
        .filter(|at| lead(columns, rules, *at).is_some())
        .collect()
}

/// Takes from a column, or from the one that it follows, the right to move.
fn hold_still(columns: &mut [Column], rules: &[Rule], at: usize) {
    if let Some(lead) = lead(columns, rules, at) {
        columns[lead].role = Role::Plain;
    }
}

/// Whether a rule already says how one of two columns follows the other, or they move together.
fn related(columns: &[Column], rules: &[Rule], a: usize, b: usize) -> bool {
    if lead(columns, rules, a).is_some_and(|l| Some(l) == lead(columns, rules, b)) {
        return true;
    }
    let (a, b) = (columns[a].name.as_str(), columns[b].name.as_str());
    rules.iter().any(|rule| {
        !matches!(rule, Rule::Order { .. }) && {
            let named = rule.columns();
            named.contains(&a) && named.contains(&b)
        }
    })
}

/// Whether a column is a count of time that a rule keeps true wherever its dates go.
fn is_counted(columns: &[Column], rules: &[Rule], at: usize) -> bool {
    rules
        .iter()
        .any(|rule| matches!(rule, Rule::Elapsed { column, .. } if *column == columns[at].name))
}

#[cfg(test)]
mod tests {
    use super::super::infer::infer;
    use super::*;

    /// Numbers without a pattern, the same always.
    pub fn dice(n: u64, salt: u64, below: u64) -> u64 {
        let mut z =
            n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ salt.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 30)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below
    }

    /// What inference finds in a table of these rows.
    pub fn found(
        header: &[&str],
        rows: impl Iterator<Item = Vec<String>>,
    ) -> (Vec<Column>, Vec<Rule>) {
        let mut table = Table::new(header.iter().map(|h| h.to_string()).collect(), header.len());
        for row in rows {
            table.push(row.iter().map(String::as_str));
        }
        let policy = infer(&table);
        (policy.columns, policy.rules)
    }
}
