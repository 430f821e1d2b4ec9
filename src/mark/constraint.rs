//! The policy's rules, ready to be asked of a record: does this still hold when these cells change?

use std::collections::HashMap;

use jiff::civil::Date;

use crate::policy::{DateOrder, Kind, Part, Policy, Rule, Unit};
use crate::value::date::Moment;
use crate::value::elapsed::{count_written, elapsed, write_count};
use crate::value::{clock, date, national_id, number};

/// A rule over columns that alterations may touch.
pub struct Constraint {
    columns: Vec<usize>,
    test: Test,
}

enum Test {
    Order { first: Cell, then: Cell },
    Elapsed(Elapsed),
    Part { of: Cell, part: Part },
    Bands { by: Cell, edges: Vec<[f64; 2]> },
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

impl Cell {
    fn named(policy: &Policy, name: &str) -> Option<Cell> {
        let column = policy.columns.iter().position(|c| c.name == name)?;
        let c = &policy.columns[column];
        Some(Cell {
            column,
            kind: c.kind,
            order: c.order.unwrap_or_default(),
        })
    }

    /// The value of a cell's text as a number: of a date its day, with the time of day as a fraction.
    fn scale(&self, text: &str) -> Option<f64> {
        match self.kind {
            Kind::Number => Some(number::parse(text)?.0.to_f64()),
            Kind::Time => {
                let time = clock::parse(text)?.0;
                Some(seconds(time) / 86_400.0)
            }
            _ => {
                let moment = date::parse(text, self.order)?.0;
                let part = moment.time.map_or(0.0, seconds) / 86_400.0;
                Some(f64::from(date::day_number(moment.date)) + part)
            }
        }
    }
}

/// The constraints of a policy. A count of days, or of time until the
/// table's own day, follows its dates and constrains nothing; `Offset`,
/// `Inside`, `Determines` and `Computed` need none: they decide which columns move at all.
pub fn constraints(policy: &Policy) -> Vec<Constraint> {
    let compile = |rule: &Rule| -> Option<Constraint> {
        match rule {
            Rule::Order { first, then } => {
                let (first, then) = (Cell::named(policy, first)?, Cell::named(policy, then)?);
                Some(Constraint {
                    columns: vec![first.column, then.column],
                    test: Test::Order { first, then },
                })
            }
            Rule::Elapsed {
                until: Some(_),
                unit,
                ..
            } if *unit != Unit::Days => {
                let rule = Elapsed::new(policy, rule, None)?;
                Some(Constraint {
                    columns: rule.columns().collect(),
                    test: Test::Elapsed(rule),
                })
            }
            Rule::Part { of, part, .. } => {
                let of = Cell::named(policy, of)?;
                Some(Constraint {
                    columns: vec![of.column],
                    test: Test::Part { of, part: *part },
                })
            }
            Rule::Bands { by, edges, .. } => {
                let by = Cell::named(policy, by)?;
                let edges = edges
                    .iter()
                    .map(|[low, high]| Some([by.scale(low)?, by.scale(high)?]));
                Some(Constraint {
                    columns: vec![by.column],
                    test: Test::Bands {
                        edges: edges.collect::<Option<_>>()?,
                        by,
                    },
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

    /// Whether the rule has something to say of a record: then what it says must be so in every copy.
    pub fn binds<'a>(&self, get: impl Fn(usize) -> &'a str) -> bool {
        match &self.test {
            Test::Order { .. } | Test::Elapsed(_) => self.holds(get) == Some(true),
            Test::Part { of, part } => part_of(*of, get(of.column), *part).is_some(),
            Test::Bands { by, .. } => by.scale(get(by.column)).is_some(),
        }
    }

    /// Whether a record that the rule binds keeps it when its cells change from `before` to `now`.
    pub fn keeps<'a, 'b>(
        &self,
        before: impl Fn(usize) -> &'a str,
        now: impl Fn(usize) -> &'b str,
    ) -> bool {
        match &self.test {
            Test::Order { .. } | Test::Elapsed(_) => self.holds(now) == Some(true),
            Test::Part { of, part } => {
                let was = part_of(*of, before(of.column), *part);
                was.is_some() && was == part_of(*of, now(of.column), *part)
            }
            Test::Bands { by, edges } => {
                let (was, is) = (before(by.column), now(by.column));
                let band = |text: &str| band(by.scale(text)?, edges);
                was == is || band(was).is_some_and(|b| Some(b) == band(is))
            }
        }
    }

    /// Whether the rule holds over these cells; None where one of them is blank or says nothing to the rule, and where the rule only
    /// compares a record with what it was.
    pub fn holds<'a>(&self, get: impl Fn(usize) -> &'a str) -> Option<bool> {
        match &self.test {
            Test::Order { first, then } => {
                in_order(*first, get(first.column), *then, get(then.column))
            }
            Test::Elapsed(rule) => {
                Some(count_written(get(rule.column))?.value() == rule.count(get)?)
            }
            Test::Part { .. } | Test::Bands { .. } => None,
        }
    }

    /// Whether the record holds a count whose dates are not all there: it cannot be checked, so what it counts must stay.
    pub fn counts_blindly<'a>(&self, get: impl Fn(usize) -> &'a str) -> bool {
        match &self.test {
            Test::Elapsed(rule) => !get(rule.column).trim().is_empty() && rule.count(get).is_none(),
            _ => false,
        }
    }

    /// Whether the rule is a count of time, which a made-up record can be made to follow.
    pub fn counts_time(&self) -> bool {
        matches!(self.test, Test::Elapsed(_))
    }
}

impl Elapsed {
    /// The counts of time in a policy, those until the table's own day where `days` tells it (by the counting column).
    pub fn all(policy: &Policy, days: &HashMap<usize, Date>) -> Vec<Elapsed> {
        let day = |rule: &Rule| match rule {
            Rule::Elapsed { column, .. } => days
                .get(&policy.columns.iter().position(|c| &c.name == column)?)
                .copied(),
            _ => None,
        };
        policy
            .rules
            .iter()
            .filter_map(|rule| Elapsed::new(policy, rule, day(rule)))
            .collect()
    }

    fn new(policy: &Policy, rule: &Rule, day: Option<Date>) -> Option<Elapsed> {
        let Rule::Elapsed {
            column,
            from,
            until,
            unit,
            plus,
        } = rule
        else {
            return None;
        };
        let until = match until {
            Some(until) => Until::Column(Cell::named(policy, until)?),
            None => Until::Day(day?),
        };
        let column = Cell::named(policy, column)?.column;
        Some(Elapsed {
            column,
            from: Cell::named(policy, from)?,
            until,
            unit: *unit,
            plus: *plus,
        })
    }

    /// Whether the count follows wherever its dates go; any other keeps them where the count stays true.
    pub fn follows(&self) -> bool {
        self.unit == Unit::Days || matches!(self.until, Until::Day(_))
    }

    /// Every column of the rule, the counting one first.
    pub fn columns(&self) -> impl Iterator<Item = usize> + use<> {
        let until = match self.until {
            Until::Column(cell) => Some(cell.column),
            Until::Day(_) => None,
        };
        [Some(self.column), Some(self.from.column), until]
            .into_iter()
            .flatten()
    }

    /// What the counting column says now that the dates have changed: `text` with its number replaced, where it told the truth
    /// before; none where nothing changes.
    pub fn follow<'a>(
        &self,
        before: impl Fn(usize) -> &'a str,
        now: impl Fn(usize) -> &'a str,
    ) -> Option<String> {
        let text = before(self.column);
        let was = count_written(text)?.value();
        let is = self.count(now)?;
        if was == is || self.count(before) != Some(was) {
            return None;
        }
        write_count(text, is)
    }

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
        self.columns().any(|c| get(c).trim().is_empty())
    }
}

fn seconds(time: jiff::civil::Time) -> f64 {
    f64::from(time.hour()) * 3_600.0 + f64::from(time.minute()) * 60.0 + f64::from(time.second())
}

fn part_of(of: Cell, text: &str, part: Part) -> Option<i32> {
    if of.kind == Kind::Time {
        let time = clock::parse(text)?.0;
        return part.of(&Moment {
            date: Date::constant(2000, 1, 1),
            time: Some(time),
        });
    }
    part.of(&date::parse(text, of.order)?.0)
}

/// The band in which a value lies; none between two bands.
fn band(value: f64, edges: &[[f64; 2]]) -> Option<usize> {
    let below = edges.partition_point(|edge| edge[1] <= value);
    match edges.get(below) {
        Some(edge) if value > edge[0] => None,
        _ => Some(below),
    }
}

fn in_order(first: Cell, a: &str, then: Cell, b: &str) -> Option<bool> {
    if first.kind == Kind::Number {
        let (a, b) = (number::parse(a)?.0, number::parse(b)?.0);
        return Some(a <= b);
    }
    if first.kind == Kind::Time {
        return Some(first.scale(a)? <= then.scale(b)?);
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
