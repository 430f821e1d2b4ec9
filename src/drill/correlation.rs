//! The correlation attack: a leaker who looks for marks where a row's values do not go together, and mends what he finds.
//!
//! After Ji, Yilmaz, Ayday and Li, "The Curse of Correlations for Robust Fingerprinting of Relational Databases" (RAID 2021), who
//! removed two thirds of another scheme's bits by editing 14 % of the entries. He has one copy and no table to compare it with. From
//! the copy itself he learns how every column follows from every other: classes by their frequencies beside the other's value, numbers
//! and dates by a straight line with what is left around it, and by how often their last digits and days of the week occur. An entry is
//! as suspicious as the likeliest value is more likely than the one that stands there, by the column that tells most. From the most
//! suspicious on he puts the likeliest value in its place.
//!
//! [`mend`] stops where nothing looks broken any more. [`spend`] goes on until its budget is used up, so it also rounds off the rarer
//! half of perfectly ordinary entries: that is no longer a search for marks but wear, and costs him the data's worth.

use std::collections::HashMap;

use jiff::civil::Date;

use crate::table::Table;

/// An entry looks broken where another value would be so many times as likely.
pub const BROKEN: f64 = 30.0;

/// Parts into which a number is cut to predict classes from it.
const BINS: usize = 16;

/// Rows of a class or bin without which it predicts nothing.
const CLASS_ROWS: usize = 20;

/// Most classes of a column that is one of classes.
const CLASSES: usize = 100;

/// A part of a column's uncertainty that another must take away to be listened to.
const TELLING: f64 = 0.02;

/// The table with what looks broken mended: at most `part` of its entries, identifiers not counted.
pub fn mend(table: &Table, part: f64) -> Table {
    mend_above(table, part, BROKEN)
}

/// The same by an attacker to whom an entry looks broken where another value would be `times` as likely, 1 or more.
pub fn mend_above(table: &Table, part: f64, times: f64) -> Table {
    edited(table, part, times.max(1.0).ln())
}

/// The table with `part` of its entries edited, the most suspicious first, however little suspicious they are.
pub fn spend(table: &Table, part: f64) -> Table {
    mend_above(table, part, 1.0)
}

/// One column as the attacker sees it.
enum Seen {
    /// Numbers and days on one scale.
    Scale {
        values: Vec<Option<f64>>,
        /// The least difference between two values.
        unit: f64,
        /// Days have weeks; numbers have last digits.
        cycle: i64,
    },
    /// A few values: a number for each, 0 for blanks.
    Classes { ids: Vec<usize>, count: usize },
    /// Nothing that repeats, so nothing to learn.
    Own,
}

/// What one column says about the entries of another.
struct Opinion {
    /// How much less likely each entry is than the likeliest, as a logarithm; 0 where nothing is said.
    lacks: Vec<f64>,
    /// The likeliest value: a place on the scale, or a class.
    likeliest: Vec<f64>,
}

struct Suspect {
    score: f64,
    row: usize,
    column: usize,
    likeliest: f64,
}

fn edited(table: &Table, part: f64, least: f64) -> Table {
    let seen: Vec<Seen> = (0..table.width()).map(|at| see(table, at)).collect();
    let entries = (0..table.width())
        .filter(|at| !identifies(table, *at))
        .count()
        * table.rows();
    let mut suspects: Vec<Suspect> = Vec::new();
    for (column, of) in seen.iter().enumerate() {
        let others = seen.iter().enumerate().filter(|(by, _)| *by != column);
        let mut opinions: Vec<Opinion> = others.filter_map(|(_, by)| opinion(of, by)).collect();
        opinions.extend(habit(of));
        for row in 0..table.rows() {
            let worst = opinions
                .iter()
                .max_by(|a, b| a.lacks[row].total_cmp(&b.lacks[row]));
            if let Some(worst) = worst
                && worst.lacks[row] > least
            {
                suspects.push(Suspect {
                    score: worst.lacks[row],
                    row,
                    column,
                    likeliest: worst.likeliest[row],
                });
            }
        }
    }
    suspects.sort_by(|a, b| b.score.total_cmp(&a.score));
    suspects.truncate((entries as f64 * part) as usize);
    let writers: Vec<Writer<'_>> = seen
        .iter()
        .enumerate()
        .map(|(at, seen)| Writer::new(table, at, seen))
        .collect();
    let mut edits: HashMap<(usize, usize), &str> = HashMap::new();
    for s in &suspects {
        if let Some(text) = writers[s.column].nearest(s.likeliest) {
            edits.insert((s.row, s.column), text);
        }
    }
    let mut out = Table::new(table.header().to_vec(), table.width());
    for row in 0..table.rows() {
        let cells = (0..table.width()).map(|column| {
            let edit = edits.get(&(row, column)).copied();
            edit.unwrap_or_else(|| table.cell(row, column))
        });
        out.push(cells);
    }
    out
}

/// Whether a column names its rows: hardly a value twice, and no measure. Prose is as different, but is written in words.
fn identifies(table: &Table, at: usize) -> bool {
    let filled = || table.column(at).filter(|c| !c.trim().is_empty());
    let distinct: std::collections::HashSet<&str> = filled().collect();
    let all = filled().count();
    let compact = |c: &str| {
        c.chars().count() <= 20 && !c.contains(' ') && c.chars().any(|c| c.is_ascii_digit())
    };
    let codes = filled()
        .filter(|c| compact(c) && !c.contains(['.', '-', '/']))
        .count();
    distinct.len() * 10 >= all * 9 && codes * 10 >= all * 9
}

fn see(table: &Table, at: usize) -> Seen {
    let cells = || table.column(at).map(str::trim);
    let filled = cells().filter(|c| !c.is_empty()).count();
    let mut known: HashMap<&str, usize> = HashMap::new();
    let ids: Vec<usize> = cells()
        .map(|c| {
            let next = known.len() + 1;
            if c.is_empty() {
                0
            } else {
                *known.entry(c).or_insert(next)
            }
        })
        .collect();
    if identifies(table, at) || filled == 0 {
        return Seen::Own;
    }
    if known.len() > 20 {
        let days: Vec<Option<f64>> = cells().map(|c| day(c).map(f64::from)).collect();
        let numbers: Vec<Option<f64>> = cells().map(|c| c.parse().ok()).collect();
        for (values, cycle) in [(days, 7), (numbers, 10)] {
            if values.iter().flatten().count() * 10 >= filled * 8 {
                let unit = if cycle == 7 { 1.0 } else { unit(cells()) };
                return Seen::Scale {
                    values,
                    unit,
                    cycle,
                };
            }
        }
    }
    if known.len() <= CLASSES {
        return Seen::Classes {
            count: known.len(),
            ids,
        };
    }
    Seen::Own
}

/// The last decimal that most of a column's numbers use.
fn unit<'a>(cells: impl Iterator<Item = &'a str>) -> f64 {
    let mut by_decimals = [0usize; 8];
    for cell in cells.filter(|c| !c.is_empty()) {
        let decimals = cell.split_once('.').map_or(0, |(_, d)| d.len());
        by_decimals[decimals.min(7)] += 1;
    }
    let most = (0..8).max_by_key(|d| by_decimals[*d]).unwrap_or(0);
    0.1f64.powi(most as i32)
}

/// The day that a text begins with, year first or last.
fn day(text: &str) -> Option<i32> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let mut next = || parts.next().filter(|p| !p.is_empty());
    let (a, b, c) = (next()?, next()?, next()?);
    let (year, month, day) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
    let date = Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()?;
    Some(date.since(Date::constant(1970, 1, 1)).ok()?.get_days())
}

/// What `by` says of the entries of `of`; none where it tells nothing.
fn opinion(of: &Seen, by: &Seen) -> Option<Opinion> {
    let groups = match by {
        Seen::Classes { ids, count } => (ids.clone(), *count),
        Seen::Scale { values, .. } => bins(values),
        Seen::Own => return None,
    };
    match (of, by) {
        (Seen::Classes { ids, count }, _) => of_classes(ids, *count, &groups.0, groups.1),
        (Seen::Scale { values, unit, .. }, Seen::Scale { values: by, .. }) => {
            of_line(values, by, *unit)
        }
        (Seen::Scale { values, unit, .. }, _) => {
            let middles = middles(values, &groups.0, groups.1);
            around(values, *unit, |row| middles.get(groups.0[row]).copied()?)
        }
        (Seen::Own, _) => None,
    }
}

/// Equal parts of a scale, from 1.
fn bins(values: &[Option<f64>]) -> (Vec<usize>, usize) {
    let mut sorted: Vec<f64> = values.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let edges: Vec<f64> = (1..BINS)
        .filter_map(|n| sorted.get(n * sorted.len() / BINS).copied())
        .collect();
    let bin = |v: &Option<f64>| v.map_or(0, |v| 1 + edges.partition_point(|e| *e <= v));
    (values.iter().map(bin).collect(), BINS)
}

/// Frequencies beside the other column's value, the entry itself not counted.
fn of_classes(ids: &[usize], count: usize, groups: &[usize], bound: usize) -> Option<Opinion> {
    let mut counts = vec![vec![0usize; count + 1]; bound + 1];
    let mut all = vec![0usize; count + 1];
    for (id, group) in ids.iter().zip(groups) {
        if *id > 0 && *group > 0 {
            counts[*group][*id] += 1;
            all[*id] += 1;
        }
    }
    let rows: usize = all.iter().sum();
    let guessed: usize = counts.iter().filter_map(|c| c.iter().max()).sum();
    let blind = all.iter().max().copied().unwrap_or(0);
    let told = (guessed - blind) as f64 / (rows - blind).max(1) as f64;
    if rows == 0 || told < TELLING {
        return None;
    }
    let mut opinion = Opinion::silent(ids.len());
    for (row, (id, group)) in ids.iter().zip(groups).enumerate() {
        let counts = &counts[*group];
        let best = (1..counts.len()).max_by_key(|c| counts[*c]).unwrap_or(0);
        if *id == 0 || *group == 0 || best == *id || counts.iter().sum::<usize>() < CLASS_ROWS {
            continue;
        }
        let here = counts[*id].saturating_sub(1) as f64 + 0.5;
        opinion.lacks[row] = told * (counts[best] as f64 / here).ln();
        opinion.likeliest[row] = best as f64;
    }
    Some(opinion)
}

/// The middle value of each group.
fn middles(values: &[Option<f64>], groups: &[usize], bound: usize) -> Vec<Option<f64>> {
    let mut of: Vec<Vec<f64>> = vec![Vec::new(); bound + 1];
    for (value, group) in values.iter().zip(groups) {
        if let (Some(value), true) = (value, *group > 0) {
            of[*group].push(*value);
        }
    }
    of.iter_mut()
        .map(|group| (group.len() >= CLASS_ROWS).then(|| median(group)))
        .collect()
}

fn median(values: &mut [f64]) -> f64 {
    let at = values.len() / 2;
    let (_, middle, _) = values.select_nth_unstable_by(at, f64::total_cmp);
    *middle
}

/// The straight line through most rows: by the middle slope between rows far apart (Theil, 1950), so that marks do not bend it.
fn of_line(values: &[Option<f64>], by: &[Option<f64>], unit: f64) -> Option<Opinion> {
    let mut both: Vec<(f64, f64)> = by
        .iter()
        .zip(values)
        .filter_map(|(x, y)| Some(((*x)?, (*y)?)))
        .collect();
    if both.len() < 2 * CLASS_ROWS {
        return None;
    }
    both.sort_by(|a, b| a.0.total_cmp(&b.0));
    let half = both.len() / 2;
    let mut slopes: Vec<f64> = (0..half)
        .map(|n| (both[n], both[n + half]))
        .filter(|(a, b)| b.0 > a.0)
        .map(|(a, b)| (b.1 - a.1) / (b.0 - a.0))
        .collect();
    if slopes.is_empty() {
        return None;
    }
    let slope = median(&mut slopes);
    let mut offsets: Vec<f64> = both.iter().map(|(x, y)| y - slope * x).collect();
    let offset = median(&mut offsets);
    around(values, unit, |row| Some(slope * by[row]? + offset))
}

/// How far each value lies from where it is expected, beside how far most do.
fn around(
    values: &[Option<f64>],
    unit: f64,
    expected: impl Fn(usize) -> Option<f64>,
) -> Option<Opinion> {
    let expected: Vec<Option<f64>> = (0..values.len()).map(expected).collect();
    let rest = |row: usize| Some((values[row]? - expected[row]?).abs());
    let mut rests: Vec<f64> = (0..values.len()).filter_map(rest).collect();
    let mut all: Vec<f64> = values.iter().flatten().copied().collect();
    if rests.len() < CLASS_ROWS {
        return None;
    }
    let middle = median(&mut all);
    let mut spread: Vec<f64> = all.iter().map(|v| (v - middle).abs()).collect();
    // what is left around a line has longer tails than a bell in most tables: Laplace's, of which half lies within ln 2 of its scale
    let scale = |rests: &mut [f64]| (median(rests) / std::f64::consts::LN_2).max(unit / 8.0);
    let around = scale(&mut rests);
    let told = 1.0 - around / scale(&mut spread);
    if told < TELLING {
        return None;
    }
    let mut opinion = Opinion::silent(values.len());
    for row in 0..values.len() {
        if let (Some(rest), Some(expected)) = (rest(row), expected[row]) {
            opinion.lacks[row] = told * rest / around;
            opinion.likeliest[row] = expected;
        }
    }
    Some(opinion)
}

/// Last digits and days of the week by how often the column shows them.
fn habit(of: &Seen) -> Option<Opinion> {
    let Seen::Scale {
        values,
        unit,
        cycle,
    } = of
    else {
        return None;
    };
    let place = |v: f64| (v / unit).round() as i64;
    let mut counts = vec![0usize; *cycle as usize];
    for value in values.iter().flatten() {
        counts[place(*value).rem_euclid(*cycle) as usize] += 1;
    }
    let count = |place: i64| counts[place.rem_euclid(*cycle) as usize] as f64;
    let mut opinion = Opinion::silent(values.len());
    for (row, value) in values.iter().enumerate() {
        let Some(value) = *value else { continue };
        let here = place(value);
        // of the values nearby, the one with the likeliest digit; the nearest of several
        let near = (1..=cycle / 2).flat_map(|d| [here - d, here + d]);
        let Some(best) = near.reduce(|a, b| if count(b) > count(a) { b } else { a }) else {
            continue;
        };
        opinion.lacks[row] = (count(best) / (count(here) - 1.0 + 0.5)).ln().max(0.0);
        opinion.likeliest[row] = best as f64 * unit;
    }
    Some(opinion)
}

impl Opinion {
    fn silent(rows: usize) -> Opinion {
        Opinion {
            lacks: vec![0.0; rows],
            likeliest: vec![0.0; rows],
        }
    }
}

/// Writes values as the column itself writes them.
struct Writer<'a> {
    /// Every value with a text that shows it, in order.
    known: Vec<(f64, &'a str)>,
}

impl<'a> Writer<'a> {
    fn new(table: &'a Table, at: usize, seen: &Seen) -> Writer<'a> {
        let values: Vec<Option<f64>> = match seen {
            Seen::Scale { values, .. } => values.clone(),
            Seen::Classes { ids, .. } => ids
                .iter()
                .map(|id| (*id > 0).then_some(*id as f64))
                .collect(),
            Seen::Own => Vec::new(),
        };
        let mut known: Vec<(f64, &str)> = values
            .iter()
            .zip(table.column(at))
            .filter_map(|(value, text)| Some(((*value)?, text)))
            .collect();
        known.sort_by(|a, b| a.0.total_cmp(&b.0));
        known.dedup_by(|a, b| a.0 == b.0);
        Writer { known }
    }

    fn nearest(&self, value: f64) -> Option<&'a str> {
        let at = self.known.partition_point(|k| k.0 < value);
        let near = [at.checked_sub(1), Some(at)];
        let known = near
            .into_iter()
            .flatten()
            .filter_map(|at| self.known.get(at));
        known
            .min_by(|a, b| (a.0 - value).abs().total_cmp(&(b.0 - value).abs()))
            .map(|k| k.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::registers::Maternity;

    fn changed(a: &Table, b: &Table) -> Vec<(usize, usize)> {
        let cells = (0..a.rows()).flat_map(|r| (0..a.width()).map(move |c| (r, c)));
        cells
            .filter(|(r, c)| a.cell(*r, *c) != b.cell(*r, *c))
            .collect()
    }

    /// The register with every `nth` due date a day late and every `nth` weight a tenth up: marks that keep nothing.
    fn crudely_marked(nth: usize) -> (Table, Vec<(usize, usize)>) {
        let table = Maternity {
            rows: 1_000,
            seed: 3,
        }
        .month(0);
        let (due, weight) = (9, 14);
        let mut out = Table::new(table.header().to_vec(), table.width());
        let mut marks = Vec::new();
        for row in 0..table.rows() {
            let mut cells: Vec<String> = table.row(row).map(String::from).collect();
            if row % nth == 0 {
                let date: Date = cells[due].parse().unwrap();
                cells[due] = date.tomorrow().unwrap().to_string();
                marks.push((row, due));
            }
            if let (1, Ok(kg)) = (row % nth, cells[weight].parse::<f64>()) {
                cells[weight] = format!("{:.1}", kg + 0.1);
                marks.push((row, weight));
            }
            out.push(cells.iter().map(String::as_str));
        }
        (out, marks)
    }

    #[test]
    fn marks_that_break_dependencies_are_found_and_mended() {
        let (marked, marks) = crudely_marked(10);
        let mended = mend(&marked, 0.15);
        let edits = changed(&marked, &mended);
        let met = marks.iter().filter(|m| edits.contains(m)).count();
        assert!(met * 10 >= marks.len() * 4, "{met} of {}", marks.len());
        let due: Vec<_> = marks.iter().filter(|m| m.1 == 9).collect();
        let met = due.iter().filter(|m| edits.contains(m)).count();
        assert!(
            met * 10 >= due.len() * 9,
            "{met} of {} due dates",
            due.len()
        );
    }

    #[test]
    fn the_budget_is_kept() {
        let table = Maternity { rows: 400, seed: 3 }.month(0);
        let columns = (0..table.width())
            .filter(|c| !identifies(&table, *c))
            .count();
        let entries = columns * table.rows();
        let spent = changed(&table, &spend(&table, 0.15)).len();
        assert!(
            spent <= entries * 15 / 100 && spent >= entries / 10,
            "{spent} of {entries}"
        );
        assert!(changed(&table, &mend(&table, 0.15)).len() <= spent);
        assert!(changed(&table, &spend(&table, 0.0)).is_empty());
    }
}
