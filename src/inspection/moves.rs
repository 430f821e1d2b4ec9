//! How far copies depart from their source: columns by mean, spread and histogram, and pairs of columns by correlation.

use std::collections::BTreeMap;

use super::rehearsal::{Rehearsal, TrialCopy};
use super::{ColumnMove, Example, PairMove};
use crate::policy::{Column, Kind, Policy};
use crate::table::Table;
use crate::value::{date, number};

/// Bars of a histogram.
const BARS: usize = 20;

/// The part of the values at each end that the first and the last bar take whole.
const ENDS: f64 = 0.005;

/// Pairs of columns that are shown, those that moved most.
const PAIRS: usize = 5;

/// Columns between which correlations are looked at, at most.
const CORRELATED: usize = 24;

/// Examples that are shown.
const EXAMPLES: usize = 10;

/// A column of the table as numbers: days for dates, none where a cell is neither.
struct Series<'a> {
    place: usize,
    column: &'a Column,
    values: Vec<f64>,
}

/// What a value counts as, in days for dates.
fn measure(column: &Column, cell: &str) -> f64 {
    let measured = match column.kind {
        Kind::Number => number::parse(cell).map(|(value, _)| value.to_f64()),
        Kind::Date | Kind::DateTime => {
            date::parse(cell, column.order.unwrap_or_default()).map(|(moment, _)| {
                let seconds = moment.time.map_or(0, |t| {
                    i32::from(t.hour()) * 3600 + i32::from(t.minute()) * 60 + i32::from(t.second())
                });
                f64::from(date::day_number(moment.date)) + f64::from(seconds) / 86_400.0
            })
        }
        _ => None,
    };
    measured.unwrap_or(f64::NAN)
}

/// Mean and standard deviation of the values that are numbers.
fn moments(values: &[f64]) -> (f64, f64) {
    let (mut n, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in values.iter().filter(|v| !v.is_nan()) {
        n += 1.0;
        let off = value - mean;
        mean += off / n;
        squares += off * (value - mean);
    }
    (
        mean,
        if n > 1.0 {
            (squares / (n - 1.0)).sqrt()
        } else {
            0.0
        },
    )
}

/// Pearson's correlation over the rows in which both are numbers; 0 where one of them is constant.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let (mut n, mut means, mut products) = (0.0, [0.0; 2], [0.0; 3]);
    for (x, y) in a.iter().zip(b).filter(|(x, y)| !x.is_nan() && !y.is_nan()) {
        n += 1.0;
        let off = [x - means[0], y - means[1]];
        means[0] += off[0] / n;
        means[1] += off[1] / n;
        products[0] += off[0] * (x - means[0]);
        products[1] += off[1] * (y - means[1]);
        products[2] += off[0] * (y - means[1]);
    }
    let spread = (products[0] * products[1]).sqrt();
    if spread > 0.0 {
        products[2] / spread
    } else {
        0.0
    }
}

/// A histogram's first edge and the width of its bars.
fn bars(values: &[f64]) -> (f64, f64) {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let at = |part: f64| {
        let place = (part * sorted.len().saturating_sub(1) as f64) as usize;
        sorted.get(place).copied().unwrap_or(0.0)
    };
    let (low, high) = (at(ENDS), at(1.0 - ENDS));
    (low, ((high - low) / BARS as f64).max(f64::MIN_POSITIVE))
}

fn shares(values: &[f64], (low, width): (f64, f64)) -> [f64; BARS] {
    let mut bars = [0.0; BARS];
    let mut all = 0.0;
    for value in values.iter().filter(|v| !v.is_nan()) {
        let bar = ((value - low) / width).clamp(0.0, BARS as f64 - 1.0) as usize;
        bars[bar.min(BARS - 1)] += 1.0;
        all += 1.0;
    }
    bars.map(|bar| bar / f64::max(all, 1.0))
}

/// The values of a copy, canaries behind the records.
fn of_copy(series: &Series<'_>, copy: &TrialCopy) -> Vec<f64> {
    let mut values = series.values.clone();
    let altered = copy
        .altered
        .iter()
        .filter(|(_, c, _)| *c as usize == series.place);
    for (row, _, text) in altered {
        if let Some(value) = values.get_mut(*row as usize) {
            *value = measure(series.column, text);
        }
    }
    let canaries = copy
        .canaries
        .iter()
        .filter_map(|cells| cells.get(series.place));
    values.extend(canaries.map(|cell| measure(series.column, cell)));
    values
}

/// How the altered columns move, in the table's order, and the pairs of columns whose correlation moves most; over the
/// rehearsal's copies on average.
pub fn measure_moves(
    table: &Table,
    policy: &Policy,
    rehearsal: &Rehearsal,
) -> (Vec<ColumnMove>, Vec<PairMove>) {
    let copies = &rehearsal.copies;
    let n = copies.len().max(1) as f64;
    let mut touched: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, column, _) in copies.iter().flat_map(|c| &c.altered) {
        *touched.entry(*column as usize).or_default() += 1;
    }
    let series = series(table, policy, &touched);
    let moved: Vec<Vec<Vec<f64>>> = copies
        .iter()
        .map(|copy| series.iter().map(|s| of_copy(s, copy)).collect())
        .collect();
    let columns = touched.iter().filter_map(|(place, cells)| {
        let column = policy.column(table.header().get(*place)?)?;
        let mut entry = ColumnMove {
            column: column.name.clone(),
            cells: *cells as f64 / n / table.rows().max(1) as f64,
            numbers: None,
        };
        let at = series.iter().position(|s| s.place == *place);
        if let Some(at) = at {
            let of_copies: Vec<&[f64]> = moved.iter().map(|m| m[at].as_slice()).collect();
            entry.numbers = Some(numbers(&series[at], &of_copies));
        }
        Some(entry)
    });
    (columns.collect(), pairs(&series, &moved, &touched))
}

/// The columns that can be measured, those that are altered first.
fn series<'a>(
    table: &'a Table,
    policy: &'a Policy,
    touched: &BTreeMap<usize, usize>,
) -> Vec<Series<'a>> {
    let measured = policy.columns.iter().filter_map(|column| {
        let kinds = [Kind::Number, Kind::Date, Kind::DateTime];
        let place = table.position(&column.name)?;
        kinds.contains(&column.kind).then_some((place, column))
    });
    let mut measured: Vec<(usize, &Column)> = measured.collect();
    measured.sort_by_key(|(place, _)| (!touched.contains_key(place), *place));
    measured.truncate(CORRELATED);
    crate::parallel::map(measured.len(), |at| {
        let (place, column) = measured[at];
        Series {
            place,
            column,
            values: table
                .column(place)
                .map(|cell| measure(column, cell))
                .collect(),
        }
    })
}

fn numbers(series: &Series<'_>, copies: &[&[f64]]) -> super::NumbersMove {
    let edges = bars(&series.values);
    let before = shares(&series.values, edges);
    let n = copies.len().max(1) as f64;
    let (mut mean, mut sd, mut bar) = (0.0, 0.0, 0.0);
    let (mut changed, mut by) = (0.0, 0.0);
    for copy in copies {
        let (m, s) = moments(copy);
        mean += m / n;
        sd += s / n;
        let differences = shares(copy, edges)
            .into_iter()
            .zip(before)
            .map(|(a, b)| (a - b).abs());
        bar += differences.fold(0.0, f64::max) / n;
        for (new, old) in copy.iter().zip(&series.values).filter(|(a, b)| a != b) {
            if !new.is_nan() && !old.is_nan() {
                changed += 1.0;
                by += (new - old).abs();
            }
        }
    }
    let (mean_before, sd_before) = moments(&series.values);
    super::NumbersMove {
        days: series.column.kind != Kind::Number,
        by: by / f64::max(changed, 1.0),
        mean: (mean_before, mean),
        sd: (sd_before, sd),
        bar,
    }
}

fn pairs(
    series: &[Series<'_>],
    moved: &[Vec<Vec<f64>>],
    touched: &BTreeMap<usize, usize>,
) -> Vec<PairMove> {
    let all: Vec<(usize, usize)> = (0..series.len())
        .flat_map(|a| (a + 1..series.len()).map(move |b| (a, b)))
        .filter(|(a, b)| {
            [a, b]
                .iter()
                .any(|s| touched.contains_key(&series[**s].place))
        })
        .collect();
    let n = moved.len().max(1) as f64;
    let mut out: Vec<PairMove> = crate::parallel::map(all.len(), |at| {
        let (a, b) = all[at];
        let of_copies = moved.iter().map(|m| correlation(&m[a], &m[b]));
        PairMove {
            columns: [series[a].column.name.clone(), series[b].column.name.clone()],
            before: correlation(&series[a].values, &series[b].values),
            after: of_copies.sum::<f64>() / n,
        }
    });
    out.sort_by(|a, b| b.by().total_cmp(&a.by()));
    out.truncate(PAIRS);
    out
}

/// Ten alterations of one copy, or one a column where there are more: from every column that is altered, and from all over the table.
pub fn examples(table: &Table, copy: &TrialCopy) -> Vec<Example> {
    let mut by_column: BTreeMap<u32, Vec<&(u32, u32, String)>> = BTreeMap::new();
    for cell in &copy.altered {
        by_column.entry(cell.1).or_default().push(cell);
    }
    let each = EXAMPLES.div_ceil(by_column.len().max(1));
    let mut out = Vec::new();
    for (nth, (column, cells)) in by_column.iter().enumerate() {
        let Some(name) = table.header().get(*column as usize) else {
            continue;
        };
        let left = EXAMPLES.saturating_sub(out.len());
        let wanted = each
            .min(left.saturating_sub(by_column.len() - nth - 1))
            .max(1);
        let step = cells.len().div_ceil(wanted).max(1);
        // not the same rows in every column
        let first = nth * step / by_column.len();
        for (row, _, after) in cells.iter().skip(first).step_by(step).take(wanted) {
            out.push(Example {
                column: name.clone(),
                row: *row as usize + 1,
                before: table.cell(*row as usize, *column as usize).to_string(),
                after: after.clone(),
            });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_correlations_are_those_of_the_textbook() {
        let a = [1.0, 2.0, 3.0, 4.0, f64::NAN];
        let b = [2.0, 1.0, 4.0, 3.0, 9.0];
        let (mean, sd) = moments(&a);
        assert_eq!(mean, 2.5);
        assert!((sd - (5.0f64 / 3.0).sqrt()).abs() < 1e-12);
        assert!((correlation(&a, &b) - 0.6).abs() < 1e-12);
        assert_eq!(correlation(&a, &[1.0; 5]), 0.0);
        assert_eq!(moments(&[]), (0.0, 0.0));
    }

    #[test]
    fn a_histogram_takes_its_ends_whole() {
        let values: Vec<f64> = (0..1_000).map(f64::from).chain([1e9, f64::NAN]).collect();
        let edges = bars(&values);
        let shares = shares(&values, edges);
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(
            shares.iter().all(|s| (0.04..0.06).contains(s)),
            "{shares:?}"
        );
        let constant = [3.0; 10];
        assert_eq!(super::shares(&constant, bars(&constant))[0], 1.0);
    }
}
