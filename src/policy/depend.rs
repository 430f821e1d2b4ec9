//! Dependencies between columns, found from the data: what follows what, and therefore what moves together or not at all.

use std::collections::HashMap;

use jiff::civil::Date;

use super::profile::sample_rows;
use super::words::{Hint, hints};
use super::{Column, Kind, Policy, Role, Rule, Unit};
use crate::table::Table;
use crate::value::elapsed::{Count, count_written, elapsed};
use crate::value::{date, national_id, number};

/// The part of the rows in which a dependency must hold before it is one.
const HOLDS: f64 = 0.97;

/// Dependencies are sought in at most this many rows.
const ROWS: usize = 1_000;

/// Most candidates fail in the first rows already; the rest is asked only where these hold.
const FIRST: usize = 48;

/// The part of the first rows that must hold: a little less than of all, since few rows waver.
const FIRST_HOLDS: f64 = 0.9;

/// One column's values, parsed once.
struct Parsed {
    at: usize,
    /// Whether the days stand inside identity numbers.
    numbered: bool,
    days: Vec<Option<Date>>,
    counts: Vec<Option<i64>>,
    numbers: Vec<Option<f64>>,
}

/// Finds the rules of a table and takes from `columns` the role of carrier where a rule forbids it.
pub fn find(table: &Table, columns: &mut [Column]) -> Vec<Rule> {
    let rows: Vec<usize> = sample_rows(table).take(ROWS).collect();
    let parsed: Vec<Parsed> = (0..columns.len())
        .map(|at| parse(table, &rows, &columns[at], at))
        .collect();
    let mut rules = Vec::new();
    inside_identity_numbers(&parsed, columns, &mut rules);
    offsets(&parsed, columns, &mut rules);
    elapsed_times(&parsed, columns, &mut rules);
    computed(&parsed, columns, &mut rules);
    determined(table, &rows, columns, &mut rules);
    orders(&parsed, columns, &mut rules);
    rules
}

fn parse(table: &Table, rows: &[usize], column: &Column, at: usize) -> Parsed {
    let cells = || rows.iter().map(|r| table.cell(*r, at));
    let order = column.order.unwrap_or_default();
    let days = match column.kind {
        Kind::Date | Kind::DateTime => cells()
            .map(|c| date::parse(c, order).map(|(m, _)| m.date))
            .collect(),
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
    let numbers = if numeric {
        cells()
            .map(|c| number::parse(c).map(|(d, _)| d.to_f64()))
            .collect()
    } else {
        Vec::new()
    };
    Parsed {
        at,
        numbered: column.kind == Kind::NationalId,
        days,
        counts,
        numbers,
    }
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

fn days_between(a: Date, b: Date) -> i64 {
    i64::from(date::day_number(b) - date::day_number(a))
}

fn inside_identity_numbers(parsed: &[Parsed], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let numbers: Vec<&Parsed> = parsed
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
fn offsets(parsed: &[Parsed], columns: &mut [Column], rules: &mut Vec<Rule>) {
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
fn elapsed_times(parsed: &[Parsed], columns: &mut [Column], rules: &mut Vec<Rule>) {
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
    let rows: Vec<usize> = sample_rows(table).take(ROWS).collect();
    let parsed = |name: &str| {
        let at = policy.columns.iter().position(|c| c.name == name)?;
        let place = table.position(name)?;
        Some((at, parse(table, &rows, &policy.columns[at], place)))
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
            Some((at, table_day(&count, &parsed(from)?.1, *unit)?))
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
fn counted(count: &Parsed, from: &Parsed, until: &[Option<Date>], unit: Unit) -> Option<i64> {
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
fn table_day(count: &Parsed, from: &Parsed, unit: Unit) -> Option<Date> {
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
    count: &Parsed,
    from: &Parsed,
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

/// Numbers computed from others: sums, products, and the body-mass index.
fn computed(parsed: &[Parsed], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let numeric: Vec<&Parsed> = parsed
        .iter()
        .filter(|p| p.numbers.iter().flatten().count() >= 8)
        .take(16)
        .collect();
    let fits = |c: &Parsed, a: &Parsed, b: &Parsed, f: &dyn Fn(f64, f64) -> f64, tolerance: f64| {
        let mut both = 0;
        let mut held = 0;
        let mut moved = 0;
        for ((c, a), b) in c.numbers.iter().zip(&a.numbers).zip(&b.numbers).take(400) {
            if let (Some(c), Some(a), Some(b)) = (c, a, b) {
                both += 1;
                let value = f(*a, *b);
                held += usize::from((value - c).abs() <= tolerance * c.abs().max(1.0));
                moved += usize::from((value - a).abs() > 1e-9 && (value - b).abs() > 1e-9);
            }
        }
        // where a term is mostly nought, c equals the other by itself
        mostly((both, held)) && both >= 8 && moved * 4 > both
    };
    let mut found: Vec<(usize, Vec<usize>)> = Vec::new();
    for c in &numeric {
        for (i, a) in numeric.iter().enumerate() {
            for b in &numeric[i..] {
                if a.at == c.at || b.at == c.at {
                    continue;
                }
                let sum = a.at != b.at && fits(c, a, b, &|x, y| x + y, 1e-6);
                let product = a.at != b.at && fits(c, a, b, &|x, y| x * y, 5e-3);
                let index = a.at != b.at
                    && (fits(c, a, b, &|x, y| x / (y / 100.0).powi(2), 5e-3)
                        || fits(c, a, b, &|x, y| y / (x / 100.0).powi(2), 5e-3));
                if sum || product || index {
                    found.push((c.at, vec![a.at, b.at]));
                }
            }
        }
    }
    for (c, terms) in found {
        for at in terms.iter().chain([&c]) {
            if columns[*at].role == Role::Carrier {
                columns[*at].role = Role::Plain;
            }
        }
        columns[c].role = Role::Derived;
        rules.push(Rule::Computed {
            column: columns[c].name.clone(),
            of: terms.iter().map(|t| columns[*t].name.clone()).collect(),
        });
    }
}

/// Carriers whose value is the same wherever another column's value is: they are that value's property and stay.
fn determined(table: &Table, rows: &[usize], columns: &mut [Column], rules: &mut Vec<Rule>) {
    for at in 0..columns.len() {
        if columns[at].role != Role::Carrier {
            continue;
        }
        let related = |by: usize| {
            let (a, b) = (columns[at].name.as_str(), columns[by].name.as_str());
            rules
                .iter()
                .any(|r| r.columns().contains(&a) && r.columns().contains(&b))
        };
        let by = (0..columns.len()).find(|by| {
            let other = &columns[*by];
            *by != at
                && !related(*by)
                && !matches!(other.role, Role::Identifier | Role::Sequence)
                && other.kind != Kind::Name
                && determines(table, rows, *by, at)
        });
        if let Some(by) = by {
            columns[at].role = Role::Plain;
            rules.push(Rule::Determines {
                column: columns[at].name.clone(),
                by: columns[by].name.clone(),
            });
        }
    }
}

fn determines(table: &Table, rows: &[usize], by: usize, at: usize) -> bool {
    let mut first: HashMap<&str, (&str, bool, bool)> = HashMap::new();
    let mut values = std::collections::HashSet::new();
    for row in rows {
        let (key, value) = (table.cell(*row, by), table.cell(*row, at));
        if key.trim().is_empty() || value.trim().is_empty() {
            continue;
        }
        values.insert(value);
        first
            .entry(key)
            .and_modify(|(seen, repeated, same)| {
                (*repeated, *same) = (true, *same && *seen == value)
            })
            .or_insert((value, false, true));
    }
    let repeated = first.values().filter(|f| f.1).count();
    let same = first.values().filter(|f| f.1 && f.2).count();
    repeated >= 5 && values.len() >= 3 && same as f64 >= HOLDS * repeated as f64
}

/// Dates and numbers of which one is never after (above) the other.
fn orders(parsed: &[Parsed], columns: &[Column], rules: &mut Vec<Rule>) {
    let alterable = |p: &Parsed| matches!(columns[p.at].role, Role::Carrier | Role::Derived);
    for a in parsed {
        for b in parsed.iter().filter(|b| b.at != a.at) {
            if !(alterable(a) || alterable(b)) || hints(&columns[b.at].name, Hint::Sequence) {
                continue;
            }
            let dates = [a, b]
                .iter()
                .all(|p| matches!(columns[p.at].kind, Kind::Date | Kind::DateTime));
            let numbers = [a, b]
                .iter()
                .all(|p| columns[p.at].kind == Kind::Number && columns[p.at].role == Role::Carrier);
            let held = if dates {
                let (both, held) = tally(&a.days, &b.days, |a, b| a <= b);
                let near = tally(&a.days, &b.days, |a, b| days_between(a, b).abs() <= 5).1;
                both >= 3 && held * 200 >= both * 199 && near > 0
            } else if numbers {
                let (both, held) = tally(&a.numbers, &b.numbers, |a, b| a <= b);
                let near = tally(&a.numbers, &b.numbers, |a, b| {
                    (a - b).abs() <= 0.1 * b.abs()
                })
                .1;
                both >= 20 && held == both && near > 0
            } else {
                false
            };
            if held {
                rules.push(Rule::Order {
                    first: columns[a.at].name.clone(),
                    then: columns[b.at].name.clone(),
                });
            }
        }
    }
}
