//! Values that hang on other values: the same wherever those are, on a part of a date, on the band in which a number lies.

use std::collections::HashMap;

use super::super::{Column, Kind, Part, Role, Rule};
use super::{Facts, HOLDS, hold_still, is_counted, lead, movers, related};

/// Repetitions that must agree by more than chance: where chance alone would have broken so many.
const EXPECTED: f64 = 9.0;

/// There are many more pairs of columns than columns, so chance has more to choose from.
const EXPECTED_OF_PAIRS: f64 = 11.0;

/// Repetitions without which nothing is said.
const REPEATED: usize = 10;

/// Most classes that bands are sought for, and most bands that a rule names.
const CLASSES: usize = 16;

/// Most values of a column that may determine another together with a second.
const COARSE: usize = 200;

/// The chance that two values of a column differ.
fn variety(ids: &[u32], distinct: usize) -> f64 {
    let mut counts = vec![0usize; distinct + 1];
    let mut filled = 0usize;
    for id in ids.iter().filter(|id| **id > 0) {
        counts[*id as usize] += 1;
        filled += 1;
    }
    let same: f64 = counts
        .iter()
        .map(|n| (*n as f64 / filled.max(1) as f64).powi(2))
        .sum();
    1.0 - same
}

/// Whether each of `keys` (below `bound`, 0 for none) comes with one of `values`, whose variety this is.
fn determines(keys: &[u32], bound: usize, values: &[u32], variety: f64) -> bool {
    strongly(keys, bound, values, variety, EXPECTED)
}

fn strongly(keys: &[u32], bound: usize, values: &[u32], variety: f64, enough: f64) -> bool {
    let mut first = vec![0u32; bound + 1];
    let (mut repeated, mut broken) = (0usize, 0usize);
    let allowed = (1.0 - HOLDS) * keys.len() as f64;
    for (key, value) in keys.iter().zip(values) {
        if *key == 0 || *value == 0 {
            continue;
        }
        let seen = &mut first[*key as usize];
        if *seen == 0 {
            *seen = *value;
        } else {
            repeated += 1;
            if *seen != *value {
                broken += 1;
                if broken as f64 > allowed {
                    return false;
                }
            }
        }
    }
    let expected = repeated as f64 * variety;
    repeated >= REPEATED
        && expected >= enough
        && broken as f64 <= (1.0 - HOLDS) * repeated as f64
        && broken as f64 <= 0.15 * expected
}

/// Numbers for the parts of a column's moments.
fn part_ids(facts: &Facts, part: Part) -> (Vec<u32>, usize) {
    let mut known: HashMap<i32, u32> = HashMap::new();
    let ids = facts
        .moments
        .iter()
        .map(|m| {
            let Some(value) = m.and_then(|m| part.of(&m)) else {
                return 0;
            };
            let next = known.len() as u32 + 1;
            *known.entry(value).or_insert(next)
        })
        .collect();
    (ids, known.len())
}

/// Columns that follow from a part of a date or time, where either could move.
pub fn parts(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    for of in (0..facts.len()).filter(|of| !facts[*of].moments.is_empty()) {
        let kinds: Vec<Part> = match columns[of].kind {
            Kind::Date => Part::OF_DAYS.to_vec(),
            Kind::Time => Part::OF_TIMES.to_vec(),
            _ => Part::OF_DAYS.into_iter().chain(Part::OF_TIMES).collect(),
        };
        let ids: Vec<(Part, Vec<u32>, usize)> = kinds
            .iter()
            .map(|part| {
                let (ids, bound) = part_ids(&facts[of], *part);
                (*part, ids, bound)
            })
            .collect();
        for column in facts {
            let at = column.at;
            let moves = [at, of].map(|at| lead(columns, rules, at).is_some());
            if at == of
                || moves == [false, false]
                || related(columns, rules, at, of)
                || is_counted(columns, rules, at)
                || columns[at].role == Role::Sequence
            {
                continue;
            }
            let variety = variety(&column.ids, column.distinct);
            let found = ids
                .iter()
                .find(|(_, ids, bound)| determines(ids, *bound, &column.ids, variety));
            let Some((part, ..)) = found else { continue };
            rules.push(Rule::Part {
                column: columns[at].name.clone(),
                of: columns[of].name.clone(),
                part: *part,
            });
            hold_still(columns, rules, at);
            if matches!(part, Part::Weekday | Part::Day) && columns[of].kind == Kind::Date
                || *part == Part::Minute
            {
                hold_still(columns, rules, of);
            }
        }
    }
}

/// Classes that go by the band in which a number or date lies.
pub fn bands(facts: &[Facts], columns: &[Column], rules: &mut Vec<Rule>) {
    for by in movers(columns, rules) {
        let scale = facts[by].scale();
        let mut order: Vec<usize> = (0..scale.len()).filter(|r| scale[*r].is_some()).collect();
        let value = |row: &usize| scale[*row].unwrap_or(0.0);
        order.sort_by(|a, b| value(a).total_cmp(&value(b)));
        for column in facts {
            let movable = lead(columns, rules, column.at).is_some();
            if !(2..=CLASSES).contains(&column.distinct)
                || movable
                || related(columns, rules, column.at, by)
                || is_counted(columns, rules, column.at)
            {
                continue;
            }
            let classes: Vec<(usize, u32)> = order
                .iter()
                .map(|r| (*r, column.ids[*r]))
                .filter(|c| c.1 > 0)
                .collect();
            let variety = variety(&column.ids, column.distinct);
            let Some(edges) = edges(&classes, variety, value) else {
                continue;
            };
            let text = |row: usize| said(&facts[by], columns, row);
            let edges: Option<Vec<[String; 2]>> = edges
                .into_iter()
                .map(|(a, b)| Some([text(a)?, text(b)?]))
                .collect();
            if let Some(edges) = edges {
                rules.push(Rule::Bands {
                    column: columns[column.at].name.clone(),
                    by: columns[by].name.clone(),
                    edges,
                });
            }
        }
    }
}

/// The value of a row as a policy writes it.
fn said(facts: &Facts, columns: &[Column], row: usize) -> Option<String> {
    if let Some(number) = facts.numbers.get(row) {
        return Some((*number)?.to_string());
    }
    let moment = facts.moments.get(row).copied()??;
    let time = moment.time;
    Some(match (columns[facts.at].kind, time) {
        (Kind::Time, Some(time)) => time.to_string(),
        (_, Some(time)) => format!("{} {time}", moment.date),
        (_, None) => moment.date.to_string(),
    })
}

/// The rows on either side of each edge, where classes in the order of a value make few runs; single rows that differ from their
/// neighbours on both sides are exceptions.
fn edges(
    classes: &[(usize, u32)],
    variety: f64,
    value: impl Fn(&usize) -> f64,
) -> Option<Vec<(usize, usize)>> {
    let rows = classes.len();
    let mut changes: Vec<usize> = Vec::new();
    // chance would change the class at nearly every row
    let most = CLASSES.min((rows as f64 * variety / 4.0) as usize) * 3;
    for at in 1..rows {
        if classes[at - 1].1 != classes[at].1 {
            changes.push(at);
            if changes.len() > most {
                return None;
            }
        }
    }
    let mut kept: Vec<usize> = Vec::new();
    let mut exceptions = 0;
    for at in changes {
        match kept.last() {
            Some(last) if *last + 1 == at && *last > 0 && classes[*last - 1].1 == classes[at].1 => {
                kept.pop();
                exceptions += 1;
            }
            _ => kept.push(at),
        }
    }
    let few = !kept.is_empty()
        && kept.len() <= CLASSES
        && (kept.len() * 4) as f64 <= rows as f64 * variety
        && rows as f64 * variety >= EXPECTED
        && exceptions * 50 <= rows;
    let found: Vec<(usize, usize)> = kept
        .iter()
        .map(|at| (classes[at - 1].0, classes[*at].0))
        .collect();
    (few && found.iter().all(|(a, b)| value(a) < value(b))).then_some(found)
}

/// Carriers whose value is the same wherever another column's value is, and carriers whose values say those of another column.
pub fn values(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let varieties: Vec<f64> = facts.iter().map(|f| variety(&f.ids, f.distinct)).collect();
    let linking = |c: &Column| matches!(c.role, Role::Identifier | Role::Sequence);
    for by in facts {
        for of in facts.iter().filter(|of| of.at != by.at) {
            let moves = |at: usize| lead(columns, rules, at).is_some();
            let (from, to) = (moves(by.at), moves(of.at));
            if !(from || to)
                || linking(&columns[by.at])
                || linking(&columns[of.at])
                || related(columns, rules, by.at, of.at)
                || is_counted(columns, rules, of.at)
                || !determines(&by.ids, by.distinct, &of.ids, varieties[of.at])
            {
                continue;
            }
            hold_still(columns, rules, by.at);
            hold_still(columns, rules, of.at);
            rules.push(Rule::Determines {
                column: columns[of.at].name.clone(),
                by: columns[by.at].name.clone(),
            });
        }
    }
}

/// What takes two columns to determine: the distance by origin and destination.
pub fn pairs(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let varieties: Vec<f64> = facts.iter().map(|f| variety(&f.ids, f.distinct)).collect();
    let coarse: Vec<&Facts> = facts
        .iter()
        .filter(|f| (2..=COARSE).contains(&f.distinct))
        .filter(|f| !matches!(columns[f.at].role, Role::Identifier | Role::Sequence))
        .take(16)
        .collect();
    for (nth, a) in coarse.iter().enumerate() {
        for b in &coarse[nth + 1..] {
            if movers(columns, rules).is_empty() {
                return;
            }
            // among so many pairs hardly one comes twice
            let sparse = a.distinct * b.distinct > 16 * a.ids.len();
            if sparse || related(columns, rules, a.at, b.at) {
                continue;
            }
            let (keys, bound) = together(a, b);
            let moves = |at: usize| lead(columns, rules, at).is_some();
            let of: Vec<usize> = facts
                .iter()
                .map(|of| of.at)
                .filter(|of| *of != a.at && *of != b.at)
                .filter(|of| moves(*of) || moves(a.at) || moves(b.at))
                .filter(|of| !is_counted(columns, rules, *of))
                .filter(|of| !related(columns, rules, *of, a.at))
                .filter(|of| !related(columns, rules, *of, b.at))
                .filter(|of| !matches!(columns[*of].role, Role::Identifier | Role::Sequence))
                .filter(|of| {
                    let (ids, variety) = (&facts[*of].ids, varieties[*of]);
                    strongly(&keys, bound, ids, variety, EXPECTED_OF_PAIRS)
                        && !determines(&a.ids, a.distinct, ids, variety)
                        && !determines(&b.ids, b.distinct, ids, variety)
                })
                .collect();
            for of in of {
                for at in [a.at, b.at, of] {
                    hold_still(columns, rules, at);
                }
                rules.push(Rule::Pair {
                    column: columns[of].name.clone(),
                    by: [a.at, b.at].map(|at| columns[at].name.clone()),
                });
            }
        }
    }
}

/// Numbers for the pairs of two columns' values.
fn together(a: &Facts, b: &Facts) -> (Vec<u32>, usize) {
    let width = b.distinct + 1;
    let mut known = vec![0u32; (a.distinct + 1) * width];
    let mut bound = 0;
    let ids = a.ids.iter().zip(&b.ids).map(|(a, b)| {
        if *a == 0 || *b == 0 {
            return 0;
        }
        let id = &mut known[*a as usize * width + *b as usize];
        if *id == 0 {
            bound += 1;
            *id = bound;
        }
        *id
    });
    let ids = ids.collect();
    (ids, bound as usize)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Part, Role, Rule};
    use super::super::tests::{dice, found};

    #[test]
    fn a_class_keeps_the_number_that_it_goes_by_inside_its_band() {
        let rows = (0..300).map(|n| {
            let age = 20 + dice(n, 1, 60);
            let class = match age {
                ..35 => "young",
                35..60 => "middle",
                _ => "old",
            };
            vec![
                age.to_string(),
                class.to_string(),
                dice(n, 2, 3).to_string(),
            ]
        });
        let (columns, rules) = found(&["years", "group", "other"], rows);
        assert_eq!(columns[0].role, Role::Carrier);
        let edges = |e: [[&str; 2]; 2]| e.map(|e| e.map(String::from)).to_vec();
        assert_eq!(
            rules[..1],
            [Rule::Bands {
                column: "group".into(),
                by: "years".into(),
                edges: edges([["34", "35"], ["59", "60"]]),
            }]
        );
    }

    #[test]
    fn parts_of_a_date_are_found_and_a_weekday_holds_it_still() {
        let rows = |weekday: bool| {
            (0..300).map(move |n| {
                let day = jiff::civil::date(2023, 1, 1)
                    .saturating_add(jiff::Span::new().days(dice(n, 3, 700) as i64));
                let name = format!("{:?}", day.weekday());
                let last = if weekday {
                    name
                } else {
                    dice(n, 4, 9).to_string()
                };
                vec![
                    day.to_string(),
                    format!("{}年", day.year()),
                    day.month().to_string(),
                    last,
                ]
            })
        };
        let (columns, rules) = found(&["seen", "in", "month", "on"], rows(false));
        assert_eq!(columns[0].role, Role::Carrier, "{rules:?}");
        let parts = |rules: &[Rule]| -> Vec<Part> {
            rules
                .iter()
                .filter_map(|r| match r {
                    Rule::Part { part, .. } => Some(*part),
                    _ => None,
                })
                .collect()
        };
        assert_eq!(parts(&rules), [Part::Year, Part::Month]);
        let (columns, rules) = found(&["seen", "in", "month", "on"], rows(true));
        assert_eq!(columns[0].role, Role::Plain);
        assert_eq!(parts(&rules), [Part::Year, Part::Month, Part::Weekday]);
    }

    #[test]
    fn two_columns_determine_a_third_and_a_code_holds_a_date() {
        let rows = (0..400).map(|n| {
            let (from, to) = (dice(n, 5, 5), dice(n, 6, 12));
            // a few distances, so that none tells where it began
            let miles = 100 + 37 * dice(from * 100 + to, 7, 14);
            let day = jiff::civil::date(2023, 1, 1)
                .saturating_add(jiff::Span::new().days(dice(n, 8, 300) as i64));
            let code = format!("F{}-{n:03}", day.strftime("%Y%m%d"));
            let other = dice(n, 9, 500);
            vec![
                format!("from {from}"),
                format!("to {to}"),
                miles.to_string(),
                day.to_string(),
                code,
                other.to_string(),
            ]
        });
        let (columns, rules) = found(&["from", "to", "miles", "day", "flight", "other"], rows);
        let roles: Vec<Role> = columns.iter().map(|c| c.role).collect();
        assert_eq!(roles[2..4], [Role::Plain, Role::Plain], "{rules:?}");
        assert_eq!(roles[5], Role::Carrier);
        assert!(
            rules.iter().any(|r| matches!(r, Rule::Pair { .. })),
            "{rules:?}"
        );
        assert!(rules.iter().any(
            |r| matches!(r, Rule::Inside { column, of } if column == "day" && of == "flight")
        ));
    }
}
