//! The policy's rules, ready to be asked of a record: does this still hold when these cells change?

use jiff::civil::Date;

use crate::policy::{DateOrder, Kind, Policy, Rule, Unit};
use crate::value::elapsed::{count_written, elapsed};
use crate::value::{date, national_id, number};

/// A rule over columns that alterations may touch.
pub struct Constraint {
    columns: Vec<usize>,
    test: Test,
}

enum Test {
    Order { first: Cell, then: Cell },
    Elapsed(Elapsed),
}

/// A number that counts the time between two dates.
#[derive(Clone, Copy)]
pub struct Elapsed {
    column: usize,
    from: Cell,
    until: Until,
    unit: Unit,
    plus: i64,
}

#[derive(Clone, Copy)]
enum Until {
    Column(Cell),
    Day(Date),
}

#[derive(Clone, Copy)]
struct Cell {
    column: usize,
    kind: Kind,
    order: DateOrder,
}

/// The constraints of a policy. `Offset`, `Inside`, `Determines` and `Computed` need none: they decide which columns move at all.
pub fn constraints(policy: &Policy) -> Vec<Constraint> {
    let cell = |name: &str| {
        let column = policy.columns.iter().position(|c| c.name == name)?;
        let c = &policy.columns[column];
        Some(Cell {
            column,
            kind: c.kind,
            order: c.order.unwrap_or_default(),
        })
    };
    let compile = |rule: &Rule| -> Option<Constraint> {
        match rule {
            Rule::Order { first, then } => {
                let (first, then) = (cell(first)?, cell(then)?);
                Some(Constraint {
                    columns: vec![first.column, then.column],
                    test: Test::Order { first, then },
                })
            }
            Rule::Elapsed {
                column,
                from,
                until,
                at,
                unit,
                plus,
            } => {
                let (count, from) = (cell(column)?.column, cell(from)?);
                let mut columns = vec![count, from.column];
                let until = match (until, at) {
                    (Some(until), _) => {
                        let until = cell(until)?;
                        columns.push(until.column);
                        Until::Column(until)
                    }
                    (None, Some(at)) => Until::Day(at.parse().ok()?),
                    (None, None) => return None,
                };
                Some(Constraint {
                    columns,
                    test: Test::Elapsed(Elapsed {
                        column: count,
                        from,
                        until,
                        unit: *unit,
                        plus: *plus,
                    }),
                })
            }
            _ => None,
        }
    };
    policy.rules.iter().filter_map(compile).collect()
}

impl Constraint {
    /// Every register column that the rule speaks of.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Whether the rule holds over these cells; None where one of them is blank or says nothing to the rule.
    pub fn holds<'a>(&self, get: impl Fn(usize) -> &'a str) -> Option<bool> {
        match &self.test {
            Test::Order { first, then } => {
                in_order(*first, get(first.column), *then, get(then.column))
            }
            Test::Elapsed(rule) => Some(count_written(get(rule.column))? == rule.count(get)?),
        }
    }

    /// The rule as a count of time, if it is one.
    pub fn elapsed(&self) -> Option<Elapsed> {
        match self.test {
            Test::Elapsed(rule) => Some(rule),
            Test::Order { .. } => None,
        }
    }
}

impl Elapsed {
    /// The column that counts.
    pub fn column(&self) -> usize {
        self.column
    }

    /// What the column must say; None where a date is missing or they are the wrong way round.
    pub fn count<'a>(&self, get: impl Fn(usize) -> &'a str) -> Option<i64> {
        let from = day(self.from, get(self.from.column))?;
        let until = match self.until {
            Until::Column(cell) => day(cell, get(cell.column))?,
            Until::Day(day) => day,
        };
        Some(elapsed(from, until, self.unit)? + self.plus)
    }

    /// Whether the record says nothing to the rule: its count or a date is blank.
    pub fn blank<'a>(&self, get: impl Fn(usize) -> &'a str) -> bool {
        let until = match self.until {
            Until::Column(cell) => Some(cell.column),
            Until::Day(_) => None,
        };
        [Some(self.column), Some(self.from.column), until]
            .into_iter()
            .flatten()
            .any(|c| get(c).trim().is_empty())
    }
}

fn in_order(first: Cell, a: &str, then: Cell, b: &str) -> Option<bool> {
    if first.kind == Kind::Number {
        let (a, b) = (number::parse(a)?.0, number::parse(b)?.0);
        return Some(a <= b);
    }
    let (a, b) = (
        date::parse(a, first.order)?.0,
        date::parse(b, then.order)?.0,
    );
    // a day without a time of day may be any time of that day
    Some(match (a.time, b.time) {
        (Some(_), Some(_)) => (a.date, a.time) <= (b.date, b.time),
        _ => a.date <= b.date,
    })
}

fn day(cell: Cell, text: &str) -> Option<Date> {
    match cell.kind {
        Kind::NationalId => national_id::normal(text)?.birth_date(),
        _ => date::parse(text, cell.order).map(|(moment, _)| moment.date),
    }
}
