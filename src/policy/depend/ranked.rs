//! Orders: what is never after what, what rises with what, and what keeps its distance.

use std::collections::HashMap;

use super::super::words::{Hint, hints};
use super::super::{Column, Kind, Role, Rule};
use super::days::days_between;
use super::{Facts, HOLDS, hold_still, is_counted, lead, movers, related, tally};
use crate::value::number;

/// Rows and values that it takes to say that one column rises with another.
const RISING_ROWS: usize = 30;
const RISING_VALUES: usize = 8;

/// The part of the rows at one distance, and how many times as many as at the next ones, that make it a habit.
const TIED: f64 = 0.1;
const ABOVE: f64 = 2.5;

/// Carriers that rise or fall with another column, whatever the order of the rows: moved, they would no longer.
pub fn rises(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let moving = movers(columns, rules);
    if moving.is_empty() {
        return;
    }
    let scales: Vec<Vec<Option<f64>>> = facts.iter().map(|f| ranks(f, columns)).collect();
    for by in facts {
        let scale = &scales[by.at];
        // numbers of rows are given anew in the order of the copy
        if scale.is_empty() || by.distinct < RISING_VALUES || columns[by.at].role == Role::Sequence
        {
            continue;
        }
        let mut order: Vec<(f64, usize)> = scale
            .iter()
            .enumerate()
            .filter_map(|(row, value)| Some(((*value)?, row)))
            .collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0));
        for at in &moving {
            let still = lead(columns, rules, *at).is_none();
            if *at == by.at
                || still
                || facts[*at].distinct < RISING_VALUES
                || related(columns, rules, *at, by.at)
                || is_counted(columns, rules, by.at)
                || !in_step(&order, &scales[*at])
            {
                continue;
            }
            hold_still(columns, rules, *at);
            hold_still(columns, rules, by.at);
            rules.push(Rule::Rises {
                column: columns[*at].name.clone(),
                with: columns[by.at].name.clone(),
            });
        }
    }
}

/// What a column is sorted by.
fn ranks(facts: &Facts, columns: &[Column]) -> Vec<Option<f64>> {
    match columns[facts.at].kind {
        Kind::Code | Kind::Number if facts.numbers.is_empty() => {
            facts.counts.iter().map(|c| c.map(|c| c as f64)).collect()
        }
        _ => facts.scale(),
    }
}

/// Whether the values never fall, or never rise, over rows in this order.
fn in_step(order: &[(f64, usize)], scale: &[Option<f64>]) -> bool {
    let (mut up, mut down, mut rows) = (true, true, 0);
    // the greatest and least value of all smaller keys, and of this key
    let (mut before, mut here) = ([f64::MIN, f64::MAX], [f64::MIN, f64::MAX]);
    let mut last = f64::NAN;
    for (key, row) in order {
        let Some(value) = scale.get(*row).copied().flatten() else {
            continue;
        };
        rows += 1;
        if *key != last {
            before = [before[0].max(here[0]), before[1].min(here[1])];
            last = *key;
        }
        here = [here[0].max(value), here[1].min(value)];
        up &= before[0] <= value;
        down &= before[1] >= value;
        if !up && !down {
            return false;
        }
    }
    rows >= RISING_ROWS
}

/// Dates that are mostly the same number of days apart, though not nearly always: they move together. Numbers and times that are do
/// not move.
pub fn ties(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    for a in facts {
        for b in facts.iter().filter(|b| b.at > a.at) {
            let moves = |at: usize| lead(columns, rules, at).is_some();
            let kinds = [columns[a.at].kind, columns[b.at].kind];
            if !(moves(a.at) || moves(b.at)) || related(columns, rules, a.at, b.at) {
                continue;
            }
            let tied = match kinds {
                [Kind::Date | Kind::DateTime, Kind::Date | Kind::DateTime]
                    if kinds.contains(&Kind::Date) =>
                {
                    let gaps = gaps(&a.days, &b.days, days_between);
                    keeps_distance(&gaps, &[1, 7])
                }
                [Kind::DateTime, Kind::DateTime] | [Kind::Time, Kind::Time] => {
                    let minutes = |x: f64, y: f64| ((y - x) / 60.0).round() as i64;
                    keeps_distance(&gaps(&a.scale(), &b.scale(), minutes), &[1, 5, 15, 30, 60])
                }
                [Kind::Number, Kind::Number] => {
                    let step = step(&columns[a.at]).max(step(&columns[b.at]));
                    let steps = |x: f64, y: f64| ((y - x) / step).round() as i64;
                    // noughts say "none", and two columns that often have none are not tied by that
                    let some = |f: &Facts| -> Vec<Option<f64>> {
                        f.numbers.iter().map(|n| n.filter(|n| *n != 0.0)).collect()
                    };
                    let gaps = gaps(&some(a), &some(b), steps);
                    step > 0.0
                        && varied(a)
                        && varied(b)
                        && keeps_distance(&gaps, &[1, 2, 5, 10, 50, 100])
                }
                _ => false,
            };
            if !tied {
                continue;
            }
            let alone = |at: usize| columns[at].role == Role::Carrier;
            let together = kinds == [Kind::Date, Kind::Date] && alone(a.at) && alone(b.at);
            if together {
                columns[b.at].role = Role::Derived;
            } else {
                hold_still(columns, rules, a.at);
                hold_still(columns, rules, b.at);
            }
            rules.push(Rule::Tied {
                column: columns[b.at].name.clone(),
                from: columns[a.at].name.clone(),
            });
        }
    }
}

fn step(column: &Column) -> f64 {
    let step = column.step.as_deref().and_then(number::parse);
    step.map_or(0.0, |(step, _)| step.to_f64())
}

fn varied(facts: &Facts) -> bool {
    facts.distinct >= RISING_VALUES
}

/// How many rows there are at each distance.
fn gaps<T: Copy>(
    a: &[Option<T>],
    b: &[Option<T>],
    gap: impl Fn(T, T) -> i64,
) -> HashMap<i64, usize> {
    let mut gaps = HashMap::new();
    for (a, b) in a.iter().zip(b) {
        if let (Some(a), Some(b)) = (a, b) {
            *gaps.entry(gap(*a, *b)).or_insert(0) += 1;
        }
    }
    gaps
}

/// Whether one distance stands out from those beside it.
fn keeps_distance(gaps: &HashMap<i64, usize>, beside: &[i64]) -> bool {
    let all: usize = gaps.values().sum();
    let Some((gap, rows)) = gaps.iter().max_by_key(|(gap, rows)| (**rows, **gap)) else {
        return false;
    };
    let near = beside
        .iter()
        .flat_map(|d| [gap - d, gap + d])
        .map(|g| gaps.get(&g).copied().unwrap_or(0))
        .max()
        .unwrap_or(0);
    all >= RISING_ROWS
        && *rows as f64 >= TIED * all as f64
        && (*rows as f64) < HOLDS.max(0.999) * all as f64
        && *rows as f64 >= ABOVE * near as f64
}

/// Dates, times and numbers of which one is never after (above) the other.
pub fn orders(facts: &[Facts], columns: &[Column], rules: &mut Vec<Rule>) {
    let found: Vec<Rule> = {
        let rules = &*rules;
        let moves = |f: &Facts| lead(columns, rules, f.at).is_some();
        let mut found = Vec::new();
        for a in facts {
            for b in facts.iter().filter(|b| b.at != a.at) {
                if !(moves(a) || moves(b))
                    || hints(&columns[b.at].name, Hint::Sequence)
                    || !in_order(a, b, columns)
                {
                    continue;
                }
                found.push(Rule::Order {
                    first: columns[a.at].name.clone(),
                    then: columns[b.at].name.clone(),
                });
            }
        }
        found
    };
    rules.extend(found);
}

fn in_order(a: &Facts, b: &Facts, columns: &[Column]) -> bool {
    match [columns[a.at].kind, columns[b.at].kind] {
        [Kind::Date | Kind::DateTime, Kind::Date | Kind::DateTime] => {
            let (both, held) = tally(&a.days, &b.days, |a, b| a <= b);
            let near = tally(&a.days, &b.days, |a, b| days_between(a, b).abs() <= 5).1;
            both >= 3 && held * 200 >= both * 199 && near > 0
        }
        [Kind::Time, Kind::Time] => {
            let (a, b) = (a.scale(), b.scale());
            let (both, held) = tally(&a, &b, |a, b| a <= b);
            nearly(both, held) && tally(&a, &b, |a, b| b - a <= 3_600.0).1 > 0
        }
        [Kind::Number, Kind::Number] => {
            let (both, held) = tally(&a.numbers, &b.numbers, |a, b| a <= b);
            let reach = reach(a, columns) + reach(b, columns);
            let near = tally(&a.numbers, &b.numbers, |a, b| (b - a).abs() <= reach).1;
            nearly(both, held) && near > 0
        }
        _ => false,
    }
}

/// Rows that break an order are counted, and a copy must not have many more of them than its source.
fn nearly(both: usize, held: usize) -> bool {
    both >= 20 && held * 100 >= both * 99
}

/// How far a column's numbers may move: by a step, or by ten where they heap.
fn reach(facts: &Facts, columns: &[Column]) -> f64 {
    let step = step(&columns[facts.at]);
    let heaped = |v: &&f64| (*v / (5.0 * step)).fract().abs() < 1e-9;
    let all = facts.numbers.iter().flatten();
    let heaped = all.clone().filter(heaped).count() * 3 > all.count();
    if heaped { 10.0 * step } else { 2.0 * step }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Role, Rule};
    use super::super::tests::{dice, found};

    #[test]
    fn what_rises_with_another_column_stays() {
        let rows = (0..200u64).map(|n| {
            // in any order of rows
            let n = n * 77 % 200;
            let size = 400 + n * n / 7;
            let cells = [1_000 + 3 * n, size, dice(n, 1, 90)];
            cells.map(|c| c.to_string()).to_vec()
        });
        let (columns, rules) = found(&["height", "size", "other"], rows);
        assert_eq!(columns[2].role, Role::Carrier);
        assert_eq!(columns[1].role, Role::Plain, "{rules:?}");
        assert!(
            rules.iter().any(|r| matches!(r, Rule::Rises { .. })),
            "{rules:?}"
        );
    }

    #[test]
    fn dates_that_mostly_fall_on_the_same_day_move_together() {
        let rows = (0..300u64).map(|n| {
            let day = |d: u64| {
                jiff::civil::date(2023, 1, 1)
                    .saturating_add(jiff::Span::new().days(d as i64))
                    .to_string()
            };
            let seen = dice(n, 1, 331);
            let later = if n % 5 < 3 { 0 } else { dice(n, 2, 9) };
            vec![day(seen), day(seen + later)]
        });
        let (columns, rules) = found(&["seen", "tested"], rows);
        assert_eq!(columns[1].role, Role::Derived);
        assert!(rules.contains(&Rule::Tied {
            column: "tested".into(),
            from: "seen".into()
        }));
        assert!(
            matches!(rules.last(), Some(Rule::Order { .. })),
            "{rules:?}"
        );
    }
}
