//! Numbers computed from others: sums and differences of two or more, products and ratios, time between two moments.

use super::super::{Column, Kind, Role, Rule};
use super::{FIRST, Facts, hold_still, mostly, promising};

/// Most numeric columns that are looked at; the work grows with their cube.
const NUMERIC: usize = 24;

/// Rows for each column that a relation between all of them needs, or it fits by chance.
const ROWS_A_COLUMN: usize = 6;

/// A column that follows from others by rounding alone leaves no more than this of its last digit.
const ROUNDING: f64 = 0.51;

/// A term that moves its result by less than this part of the result's spread is none.
const LEAST_TERM: f64 = 0.01;

fn enter(
    columns: &mut [Column],
    rules: &mut Vec<Rule>,
    result: usize,
    terms: impl Iterator<Item = usize>,
) {
    let terms: Vec<usize> = terms.collect();
    for at in terms.iter().chain([&result]) {
        hold_still(columns, rules, *at);
    }
    let rule = Rule::Computed {
        column: columns[result].name.clone(),
        of: terms.iter().map(|t| columns[*t].name.clone()).collect(),
    };
    let follows =
        |r: &Rule| matches!(r, Rule::Computed { column, .. } if *column == columns[result].name);
    if !rules.iter().any(follows) {
        rules.push(rule);
    }
}

fn numeric(facts: &[Facts]) -> Vec<&Facts> {
    facts
        .iter()
        .filter(|p| p.numbers.iter().flatten().count() >= 8)
        .take(NUMERIC)
        .collect()
}

/// Sums, products and the body-mass index of two columns.
pub fn numbers(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let numeric = numeric(facts);
    let fits = |c: &Facts, a: &Facts, b: &Facts, f: &dyn Fn(f64, f64) -> f64, tolerance: f64| {
        let mut both = 0;
        let mut held = 0;
        let mut moved = 0;
        for ((c, a), b) in c.numbers.iter().zip(&a.numbers).zip(&b.numbers).take(400) {
            if let (Some(c), Some(a), Some(b)) = (c, a, b) {
                both += 1;
                let value = f(*a, *b);
                held += usize::from((value - c).abs() <= tolerance * c.abs().max(1.0));
                moved += usize::from((value - a).abs() > 1e-9 && (value - b).abs() > 1e-9);
                if both == 16 && held < 14 {
                    return false;
                }
            }
        }
        // where a term is mostly nought, c equals the other by itself
        mostly((both, held)) && both >= 8 && moved * 4 > both
    };
    let mut found: Vec<(usize, [usize; 2])> = Vec::new();
    for c in &numeric {
        for (i, a) in numeric.iter().enumerate() {
            for b in &numeric[i + 1..] {
                if a.at == c.at || b.at == c.at {
                    continue;
                }
                if fits(c, a, b, &|x, y| x + y, 1e-6)
                    || fits(c, a, b, &|x, y| x * y, 5e-3)
                    || fits(c, a, b, &|x, y| x / (y / 100.0).powi(2), 5e-3)
                    || fits(c, a, b, &|x, y| y / (x / 100.0).powi(2), 5e-3)
                {
                    found.push((c.at, [a.at, b.at]));
                }
            }
        }
    }
    for (c, terms) in found {
        enter(columns, rules, c, terms.into_iter());
        columns[c].role = Role::Derived;
    }
}

/// Minutes, hours or days between two moments, over midnight where they have no day.
pub fn spans(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    const UNITS: [f64; 4] = [60.0, 1.0, 3_600.0, 86_400.0];
    let timed = |f: &&Facts| matches!(columns[f.at].kind, Kind::DateTime | Kind::Time);
    let times: Vec<(&Facts, Vec<Option<f64>>)> =
        facts.iter().filter(timed).map(|f| (f, f.scale())).collect();
    let mut found = Vec::new();
    for count in facts.iter().filter(|f| !f.numbers.is_empty()) {
        for (a, from) in &times {
            for (b, until) in times.iter().filter(|t| t.0.at != a.at) {
                if columns[a.at].kind != columns[b.at].kind {
                    continue;
                }
                let daily = columns[a.at].kind == Kind::Time;
                let holds = |unit: f64, rows: usize| {
                    let (mut both, mut held, mut other) = (0, 0, 0);
                    for ((n, from), until) in count.numbers.iter().zip(from).zip(until).take(rows) {
                        if let (Some(n), Some(from), Some(until)) = (n, from, until) {
                            both += 1;
                            let mut off = (until - from) / unit - n;
                            if daily {
                                let day = 86_400.0 / unit;
                                off -= (off / day).round() * day;
                            }
                            held += usize::from(off.abs() <= ROUNDING * count.unit);
                            other += usize::from(*n != 0.0);
                        }
                    }
                    (both, held, other)
                };
                // beside a whole day, any number is some time of day
                let units = if daily { &UNITS[..2] } else { &UNITS };
                let fits = units.iter().any(|unit| {
                    let (both, held, _) = holds(*unit, FIRST);
                    promising((both, held)) && {
                        let (both, held, other) = holds(*unit, usize::MAX);
                        mostly((both, held)) && both >= 8 && other * 4 > both
                    }
                });
                if fits {
                    found.push((count.at, [a.at, b.at]));
                }
            }
        }
    }
    for (count, terms) in found {
        enter(columns, rules, count, terms.into_iter());
    }
}

/// The rows in which all of some columns speak, as a matrix without its means.
struct Matrix {
    rows: Vec<Vec<f64>>,
    means: Vec<f64>,
    /// Sums of products of every two columns.
    products: Vec<Vec<f64>>,
}

impl Matrix {
    fn of(columns: &[Vec<Option<f64>>]) -> Option<Matrix> {
        let width = columns.len();
        let length = columns.first()?.len();
        let whole = (0..length).filter_map(|row| {
            let cells = columns.iter().map(|c| c[row].filter(|v| v.is_finite()));
            cells.collect::<Option<Vec<f64>>>()
        });
        let mut rows: Vec<Vec<f64>> = whole.collect();
        if rows.len() < 40.max(ROWS_A_COLUMN * width) {
            return None;
        }
        let means: Vec<f64> = (0..width)
            .map(|c| rows.iter().map(|r| r[c]).sum::<f64>() / rows.len() as f64)
            .collect();
        let mut products = vec![vec![0.0; width]; width];
        for row in &mut rows {
            for (value, mean) in row.iter_mut().zip(&means) {
                *value -= mean;
            }
            for (a, products) in row.iter().zip(&mut products) {
                for (b, product) in row.iter().zip(products) {
                    *product += a * b;
                }
            }
        }
        Some(Matrix {
            rows,
            means,
            products,
        })
    }

    fn deviation(&self, at: usize) -> f64 {
        (self.products[at][at] / self.rows.len() as f64).sqrt()
    }

    /// The coefficients by which least squares makes column `target` of the others; 0 for those that the others make already.
    fn fit(&self, target: usize) -> Vec<f64> {
        let width = self.means.len();
        let mut a = self.products.clone();
        let mut chosen = vec![false; width];
        // Gauss and Jordan with the column of most unexplained spread first: what is left of the diagonal says what is explained
        loop {
            let left = |c: &usize| a[*c][*c] / self.products[*c][*c].max(f64::MIN_POSITIVE);
            let next = (0..width)
                .filter(|c| *c != target && !chosen[*c])
                .max_by(|x, y| left(x).total_cmp(&left(y)));
            let Some(pivot) = next.filter(|c| left(c) > 1e-7) else {
                break;
            };
            chosen[pivot] = true;
            let row = a[pivot].clone();
            let scale = row[pivot];
            for (r, line) in a.iter_mut().enumerate() {
                let factor = line[pivot] / scale;
                if r != pivot {
                    for (cell, from) in line.iter_mut().zip(&row) {
                        *cell -= factor * from;
                    }
                }
            }
        }
        (0..width)
            .map(|c| {
                if chosen[c] {
                    a[c][target] / a[c][c]
                } else {
                    0.0
                }
            })
            .collect()
    }
}

/// Numbers that any number of others make, by sums with weights or by products of powers, up to their own rounding.
pub fn relations(facts: &[Facts], columns: &mut [Column], rules: &mut Vec<Rule>) {
    let varied = |f: &&Facts| {
        f.numbers.iter().flatten().count() * 5 >= f.numbers.len() * 4 && f.distinct >= 8
    };
    let numeric: Vec<&Facts> = facts
        .iter()
        .filter(|f| !f.numbers.is_empty())
        .filter(varied)
        .take(NUMERIC)
        .collect();
    if numeric.len() < 2 {
        return;
    }
    let plain: Vec<Vec<Option<f64>>> = numeric.iter().map(|f| f.numbers.clone()).collect();
    related_by(&numeric, &plain, |v| v, columns, rules);
    let positive: Vec<&Facts> = numeric
        .into_iter()
        .filter(|f| f.numbers.iter().flatten().all(|v| *v > 0.0))
        .collect();
    let logs: Vec<Vec<Option<f64>>> = positive
        .iter()
        .map(|f| f.numbers.iter().map(|v| v.map(f64::ln)).collect())
        .collect();
    related_by(&positive, &logs, f64::exp, columns, rules);
}

fn related_by(
    numeric: &[&Facts],
    values: &[Vec<Option<f64>>],
    back: impl Fn(f64) -> f64,
    columns: &mut [Column],
    rules: &mut Vec<Rule>,
) {
    let Some(matrix) = Matrix::of(values) else {
        return;
    };
    for (target, result) in numeric.iter().enumerate() {
        let coefficients = matrix.fit(target);
        let mut spread = 0.0;
        let held = matrix.rows.iter().filter(|row| {
            let made: f64 = row.iter().zip(&coefficients).map(|(v, c)| v * c).sum();
            let mean = matrix.means[target];
            let (made, is) = (back(made + mean), back(row[target] + mean));
            spread += (is - back(mean)).powi(2);
            (made - is).abs() <= ROUNDING * result.unit + 1e-9 * is.abs()
        });
        let held = held.count();
        let spread = (spread / matrix.rows.len() as f64).sqrt();
        // what hardly varies beside its own rounding is made by anything
        if !mostly((matrix.rows.len(), held)) || spread < 5.0 * result.unit {
            continue;
        }
        let enough = LEAST_TERM * matrix.deviation(target);
        let terms = (0..numeric.len())
            .filter(|c| (coefficients[*c] * matrix.deviation(*c)).abs() > enough)
            .map(|c| numeric[c].at);
        enter(columns, rules, result.at, terms);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{dice, found};

    #[test]
    fn totals_rates_and_differences_hold_their_terms_still() {
        let rows = (0..200u64).map(|n| {
            let part = |k: u64| dice(n, k, 60 + k);
            let (a, b, c) = (part(3), part(5), part(11));
            let rate = (a + 50) as f64 / (b + 40) as f64 * 100.0;
            let values = [a + 50, b + 40, c, a + b + c + 90, part(17)];
            let mut cells: Vec<String> = values.iter().map(u64::to_string).collect();
            cells.push(format!("{rate:.1}"));
            cells
        });
        let (columns, rules) = found(&["a", "b", "c", "total", "own", "rate"], rows);
        let carries: Vec<&str> = columns
            .iter()
            .filter(|c| c.role == crate::policy::Role::Carrier)
            .map(|c| c.name.as_str())
            .collect();
        assert_eq!(carries, ["own"], "{rules:?}");
    }

    #[test]
    fn a_delay_is_the_time_between_two_numbers_of_a_timetable() {
        let rows = (0..400u64).map(|n| {
            let due = dice(n, 1, 1_440);
            let delay = dice(n, 2, 90);
            let number = |m: u64| (m / 60 * 100 + m % 60).to_string();
            vec![
                number(due),
                number((due + delay) % 1_440),
                delay.to_string(),
                (100 + dice(n, 3, 97)).to_string(),
            ]
        });
        let (columns, rules) = found(&["due", "left", "late", "miles"], rows);
        assert_eq!(columns[0].kind, crate::policy::Kind::Time, "{columns:?}");
        let carries: Vec<bool> = columns
            .iter()
            .map(|c| c.role == crate::policy::Role::Carrier)
            .collect();
        assert_eq!(carries, [false, false, false, true], "{rules:?}");
    }
}
