//! Dates and counts of time that follow one another.

use std::collections::HashMap;

use jiff::civil::Date;

use super::super::profile::sample_rows;
use super::super::{Column, Kind, Policy, Role, Rule, Unit};
use super::{FIRST, Facts, ROWS, mostly, promising, tally};
use crate::table::Table;
use crate::value::date;
use crate::value::elapsed::elapsed;

pub fn days_between(a: Date, b: Date) -> i64 {
    i64::from(date::day_number(b) - date::day_number(a))
}

/// Dates inside identity numbers.
pub fn inside_identity_numbers(parsed: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let numbers: Vec<&Facts> = parsed
        .iter()
        .filter(|p| columns[p.at].kind == Kind::NationalId)
        .collect();
    for id in numbers {
        for other in parsed.iter().filter(|p| p.at != id.at) {
            if columns[other.at].kind != Kind::NationalId
                && mostly(tally(&id.days, &other.days, |a, b| a == b))
            {
                columns[other.at].role = Role::Plain;
                rules.push(Rule::Inside {
                    column: columns[other.at].name.clone(),
                    of: columns[id.at].name.clone(),
                });
            }
        }
    }
}

/// Dates a constant number of days apart: the later in column order follows the earlier, whichever way the days go.
pub fn offsets(parsed: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    for a in parsed {
        for b in parsed.iter().filter(|b| b.at > a.at) {
            let both_days = [a, b]
                .iter()
                .all(|p| columns[p.at].kind == Kind::Date && columns[p.at].role == Role::Carrier);
            if !both_days {
                continue;
            }
            let mut gaps: HashMap<i64, usize> = HashMap::new();
            let mut both = 0;
            for (x, y) in a.days.iter().zip(&b.days) {
                if let (Some(x), Some(y)) = (x, y) {
                    both += 1;
                    *gaps.entry(days_between(*x, *y)).or_insert(0) += 1;
                }
            }
            let Some((days, held)) = gaps.into_iter().max_by_key(|g| (g.1, -g.0)) else {
                continue;
            };
            if mostly((both, held)) {
                columns[b.at].role = Role::Derived;
                rules.push(Rule::Offset {
                    column: columns[b.at].name.clone(),
                    from: columns[a.at].name.clone(),
                    days: days as i32,
                });
            }
        }
    }
}

/// Numbers that count the time from a date until another date, or until the day on which the table was made.
pub fn elapsed_times(parsed: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    const UNITS: [Unit; 4] = [Unit::Years, Unit::Months, Unit::Weeks, Unit::Days];
    // a date's own column first: identity numbers hold a birth date too, and are blank more often
    let dated = || {
        let of_kind = |id: bool| {
            parsed
                .iter()
                .filter(move |p| !p.days.is_empty() && p.numbered == id)
        };
        of_kind(false).chain(of_kind(true))
    };
    for count in parsed.iter().filter(|p| varied(&p.counts)) {
        let pairs = || dated().flat_map(|from| UNITS.map(|unit| (from, unit)));
        let between = pairs().find_map(|(from, unit)| {
            dated()
                .filter(|u| u.at != from.at && columns[u.at].kind != Kind::NationalId)
                .find_map(|until| {
                    Some((
                        from.at,
                        Some(until.at),
                        unit,
                        counted(count, from, &until.days, unit)?,
                    ))
                })
        });
        let found = between.or_else(|| {
            pairs().find_map(|(from, unit)| {
                table_day(count, from, unit).map(|_| (from.at, None, unit, 0))
            })
        });
        let Some((from, until, unit, plus)) = found else {
            continue;
        };
        columns[count.at].role = Role::Derived;
        rules.push(Rule::Elapsed {
            column: columns[count.at].name.clone(),
            from: columns[from].name.clone(),
            until: until.map(|u| columns[u].name.clone()),
            unit,
            plus,
        });
        if let (Unit::Days, Some(until)) = (unit, until) {
            stay_together(columns, from, until);
        }
    }
}

/// The day on which a table was made, as its counts of time tell: one for each [`Rule::Elapsed`] without an `until` that this
/// table still follows, by the counting column's place in the policy.
pub fn table_days(table: &Table, policy: &Policy) -> HashMap<usize, Date> {
    days_told(table, policy, table_day)
}

/// As [`table_days`], for a table whose cells somebody has corrected since: the day that most rows allow, if these are half of them.
pub fn corrected_table_days(table: &Table, policy: &Policy) -> HashMap<usize, Date> {
    days_told(table, policy, |count, from, unit| {
        let (both, most, day) = likeliest_day(count, from, unit, usize::MAX)?;
        (2 * most > both).then_some(day)
    })
}

fn days_told(
    table: &Table,
    policy: &Policy,
    told: impl Fn(&Facts, &Facts, Unit) -> Option<Date>,
) -> HashMap<usize, Date> {
    let rows: Vec<usize> = sample_rows(table).take(ROWS).collect();
    let parsed = |name: &str| {
        let at = policy.columns.iter().position(|c| c.name == name)?;
        let place = table.position(name)?;
        Some((at, Facts::of(table, &rows, &policy.columns[at], place)))
    };
    let day = |rule: &Rule| match rule {
        Rule::Elapsed {
            column,
            from,
            until: None,
            unit,
            ..
        } => {
            let (at, count) = parsed(column)?;
            Some((at, told(&count, &parsed(from)?.1, *unit)?))
        }
        _ => None,
    };
    policy.rules.iter().filter_map(day).collect()
}

/// A count of days that two dates make stays as it is where they move together, as one site; else it follows them.
fn stay_together(columns: &mut [Column], from: usize, until: usize) {
    let movable = |c: &Column| c.kind == Kind::Date && c.role == Role::Carrier;
    if movable(&columns[from]) && movable(&columns[until]) {
        columns[until].role = Role::Derived;
    }
}

fn varied(counts: &[Option<i64>]) -> bool {
    let mut seen: Vec<i64> = counts.iter().flatten().copied().collect();
    let filled = seen.len();
    seen.sort_unstable();
    seen.dedup();
    filled >= 3 && filled * 2 > counts.len() && seen.len() >= 3
}

/// The constant (0 or 1) that makes `count` the units elapsed from `from` until `until`, if one does.
fn counted(count: &Facts, from: &Facts, until: &[Option<Date>], unit: Unit) -> Option<i64> {
    let spans = |rows: usize| -> Vec<Option<i64>> {
        let days = from.days.iter().zip(until).take(rows);
        days.map(|(a, b)| elapsed((*a)?, (*b)?, unit)).collect()
    };
    let first = spans(FIRST);
    let plus = [0, 1]
        .into_iter()
        .find(|plus| promising(tally(&first, &count.counts, |span, n| span + plus == n)))?;
    let spans = spans(usize::MAX);
    (mostly(tally(&spans, &count.counts, |span, n| span + plus == n)) && varied(&spans))
        .then_some(plus)
}

/// The day until which `count` counts from `from`, if there is one: the day that most rows allow.
fn table_day(count: &Facts, from: &Facts, unit: Unit) -> Option<Date> {
    let (both, most, _) = likeliest_day(count, from, unit, FIRST)?;
    if !promising((both, most)) {
        return None;
    }
    let (both, most, day) = likeliest_day(count, from, unit, usize::MAX)?;
    // a column that hardly varies fits some day by chance
    let distinct: std::collections::HashSet<Date> = from.days.iter().flatten().copied().collect();
    (mostly((both, most)) && (distinct.len() > 10 || distinct.len() * 2 > both)).then_some(day)
}

/// (rows in which both speak, rows that allow the day, the day) for the day that most of the first `rows` rows allow.
fn likeliest_day(
    count: &Facts,
    from: &Facts,
    unit: Unit,
    rows: usize,
) -> Option<(usize, usize, Date)> {
    let span = |n: i64| match unit {
        Unit::Days => jiff::Span::new().try_days(n).ok(),
        Unit::Weeks => jiff::Span::new().try_weeks(n).ok(),
        Unit::Months => jiff::Span::new().try_months(n).ok(),
        Unit::Years => jiff::Span::new().try_years(n).ok(),
    };
    let mut edges: Vec<(Date, i32)> = Vec::new();
    let mut both = 0;
    for (n, day) in count.counts.iter().zip(&from.days).take(rows) {
        let (Some(n), Some(day)) = (n, day) else {
            continue;
        };
        both += 1;
        let (Some(low), Some(high)) = (span(*n), n.checked_add(1).and_then(span)) else {
            continue;
        };
        if let (Ok(low), Ok(high)) = (day.checked_add(low), day.checked_add(high)) {
            edges.push((low, 1));
            edges.push((high, -1));
        }
    }
    edges.sort_unstable();
    let mut open = 0;
    let mut best = (0, None);
    for (day, step) in edges {
        open += step;
        if open > best.0 {
            best = (open, Some(day));
        }
    }
    Some((both, best.0 as usize, best.1?))
}
