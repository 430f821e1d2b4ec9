//! Whether a copy's columns are spread as the source's: two-sample tests, column by column.
//!
//! Numbers and days are held against each other by the test of Kolmogorov and Smirnov, their last digits and the values of all
//! other columns by chi-square over the commonest values. These are the tests that a recipient would run who has another's copy,
//! or last month's, and no key; who has the very source compares cell by cell and sees every mark.

use std::collections::HashMap;

use statrs::distribution::{ChiSquared, ContinuousCDF};

use crate::table::Table;
use crate::value::date::{self, DateOrder};
use crate::value::number;

/// The part of a column's filled cells that must be numbers (days) before it is a column of numbers (days).
const MOST: f64 = 0.95;

/// Categories that are due fewer times than this in either table are counted together (Cochran 1954).
const LEAST_DUE: f64 = 5.0;

/// More categories than this are no categories.
const MOST_CATEGORIES: usize = 200;

/// The chance of a difference at least as great if both tables were drawn from one source.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct PValue(pub f64);

/// What was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aspect {
    /// How numbers or days are spread.
    Spread,
    /// The last digits that numbers or days are written with.
    LastDigits,
    /// How often each value occurs.
    Frequencies,
}

/// One test of one column.
#[derive(Clone, Debug, PartialEq)]
pub struct ColumnTest {
    /// The column's header.
    pub column: String,
    /// What was compared.
    pub aspect: Aspect,
    /// What came out.
    pub p: PValue,
}

/// Holds every column that both tables have, by header, of the one against that of the other. Columns with few filled cells, and
/// texts that hardly repeat, are left out.
pub fn compare(source: &Table, copy: &Table) -> Vec<ColumnTest> {
    let mut out = Vec::new();
    for (at, name) in source.header().iter().enumerate() {
        let Some(there) = copy.position(name) else {
            continue;
        };
        let filled = |table: &Table, at: usize| -> Vec<String> {
            let cells = table.column(at).map(str::trim);
            cells
                .filter(|c| !c.is_empty())
                .map(str::to_string)
                .collect()
        };
        let (a, b) = (filled(source, at), filled(copy, there));
        let mut add = |aspect, p: Option<PValue>| {
            out.extend(p.map(|p| ColumnTest {
                column: name.clone(),
                aspect,
                p,
            }));
        };
        match measures(&a).zip(measures(&b)) {
            Some((x, y)) => {
                add(Aspect::Spread, kolmogorov_smirnov(x, y));
                let digits = |texts: &[String]| -> Vec<String> {
                    let last = |t: &String| t.chars().rev().find(char::is_ascii_digit);
                    texts.iter().filter_map(last).map(String::from).collect()
                };
                add(Aspect::LastDigits, chi_square(&digits(&a), &digits(&b)));
            }
            None => add(Aspect::Frequencies, chi_square(&a, &b)),
        }
    }
    out
}

/// The cells as numbers or as days, where nearly all are.
fn measures(cells: &[String]) -> Option<Vec<f64>> {
    let mostly = |values: Vec<f64>| {
        (!cells.is_empty() && values.len() as f64 >= MOST * cells.len() as f64).then_some(values)
    };
    let numbers = cells.iter().filter_map(|c| number::parse(c));
    if let Some(numbers) = mostly(numbers.map(|(n, _)| n.to_f64()).collect()) {
        return Some(numbers);
    }
    let order = date::vote(cells.iter().take(500).map(String::as_str)).unwrap_or(DateOrder::Ymd);
    let moments = cells.iter().filter_map(|c| date::parse(c, order));
    let days = moments.map(|(moment, _)| {
        let minutes = moment
            .time
            .map_or(0, |t| i32::from(t.hour()) * 60 + i32::from(t.minute()));
        f64::from(date::day_number(moment.date)) + f64::from(minutes) / 1_440.0
    });
    mostly(days.collect())
}

/// The asymptotic two-sided p-value of the two-sample test (Smirnov 1948), with Stephens's correction (1970) for the number of
/// values. Equal values make it larger than it is, never smaller. None where there are too few.
pub fn kolmogorov_smirnov(mut a: Vec<f64>, mut b: Vec<f64>) -> Option<PValue> {
    if a.len() < 8 || b.len() < 8 {
        return None;
    }
    a.sort_unstable_by(f64::total_cmp);
    b.sort_unstable_by(f64::total_cmp);
    let (n, m) = (a.len() as f64, b.len() as f64);
    let (mut i, mut j) = (0, 0);
    let mut most: f64 = 0.0;
    while i < a.len() && j < b.len() {
        let here = a[i].min(b[j]);
        i += a[i..].partition_point(|v| *v <= here);
        j += b[j..].partition_point(|v| *v <= here);
        most = most.max((i as f64 / n - j as f64 / m).abs());
    }
    let root = (n * m / (n + m)).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * most;
    if lambda < 0.2 {
        return Some(PValue(1.0));
    }
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * f64::from(k * k) * lambda * lambda).exp()
    };
    Some(PValue((1..=100).map(term).sum::<f64>().clamp(0.0, 1.0)))
}

/// The p-value of Pearson's test that both lists have the same frequencies. None where fewer than two values occur often enough.
pub fn chi_square(a: &[String], b: &[String]) -> Option<PValue> {
    let mut counts: HashMap<&str, [f64; 2]> = HashMap::new();
    for (side, list) in [a, b].into_iter().enumerate() {
        for value in list {
            counts.entry(value).or_default()[side] += 1.0;
        }
    }
    let totals = [a.len() as f64, b.len() as f64];
    let all = totals[0] + totals[1];
    let due = |count: &[f64; 2]| totals.map(|t| (count[0] + count[1]) * t / all);
    let (mut cells, rare): (Vec<[f64; 2]>, Vec<[f64; 2]>) = counts
        .into_values()
        .partition(|count| due(count).iter().all(|d| *d >= LEAST_DUE));
    let rest = rare
        .iter()
        .fold([0.0; 2], |sum, c| [sum[0] + c[0], sum[1] + c[1]]);
    if due(&rest).iter().all(|d| *d >= LEAST_DUE) {
        cells.push(rest);
    }
    if cells.len() < 2 || cells.len() > MOST_CATEGORIES {
        return None;
    }
    let statistic: f64 = cells
        .iter()
        .flat_map(|count| count.iter().copied().zip(due(count)))
        .map(|(seen, due)| (seen - due).powi(2) / due)
        .sum();
    let law = ChiSquared::new((cells.len() - 1) as f64).ok()?;
    Some(PValue(law.sf(statistic)))
}

/// Whether any of so many tests is below `level` after dividing it among them (Bonferroni).
pub fn told_apart(tests: &[ColumnTest], level: f64) -> bool {
    let each = level / tests.len().max(1) as f64;
    tests.iter().any(|t| t.p.0 < each)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values_come_out() {
        // Kolmogorov's distribution: Q(1.36) = .0494 (Smirnov 1948); two lists of 10,000 make the correction small
        let a: Vec<f64> = (0..10_000).map(f64::from).collect();
        let shift = 1.36 / 5_000f64.sqrt() * 10_000.0;
        let b: Vec<f64> = a.iter().map(|v| v + shift).collect();
        let p = kolmogorov_smirnov(a.clone(), b).unwrap().0;
        assert!((p - 0.0494).abs() < 0.003, "{p}");
        assert_eq!(kolmogorov_smirnov(a.clone(), a), Some(PValue(1.0)));
        // chi-square of 3.841 on one degree is 5 % (Fisher 1925)
        let list = |ones: usize, of: usize| -> Vec<String> {
            (0..of).map(|n| usize::from(n < ones).to_string()).collect()
        };
        let p = chi_square(&list(500, 1_000), &list(544, 1_000)).unwrap().0;
        let expected = 2.0 * 22.0f64.powi(2) / 522.0 + 2.0 * 22.0f64.powi(2) / 478.0;
        assert!((expected - 3.88).abs() < 0.01, "{expected}");
        assert!((p - 0.0488).abs() < 0.001, "{p}");
    }

    #[test]
    fn halves_of_one_table_are_alike_and_moved_columns_are_not() {
        use crate::drill::registers::Maternity;
        let all = Maternity {
            rows: 6_000,
            seed: 3,
        }
        .month(0);
        // without the numbering, which odd rows have odd
        let half = |start: usize| {
            let mut out = Table::new(all.header()[1..].to_vec(), all.width() - 1);
            let rows = (start..all.rows()).step_by(2);
            rows.for_each(|r| out.push(all.row(r).skip(1)));
            out
        };
        let (even, odd) = (half(0), half(1));
        let tests = compare(&even, &odd);
        assert!(tests.len() > 15, "{}", tests.len());
        assert!(!told_apart(&tests, 0.01), "{tests:?}");
        let weight = even.position("孕前体重").unwrap();
        let mut moved = Table::new(odd.header().to_vec(), odd.width());
        for row in 0..odd.rows() {
            let more = number::parse(odd.cell(row, weight)).map(|(n, _)| n.to_f64() + 4.0);
            let text = more.map_or(String::new(), |n| format!("{n:.1}"));
            let cells = odd.row(row).enumerate();
            let cells: Vec<&str> = cells
                .map(|(at, c)| if at == weight { text.as_str() } else { c })
                .collect();
            moved.push(cells);
        }
        assert!(told_apart(&compare(&even, &moved), 0.01));
    }
}
