//! Numbers of which hardly two rows have the same: a canary's stands near another row's, ends as the column's do, and is as rare.

use super::Sheet;
use super::aspects;
use super::counts::Counts;
use super::draws::Draws;
use super::nets::spread;
use crate::value::number::{self, Decimal, NumberForm};

/// A column in which fewer values stand alone repeats by itself.
const LONELY: f64 = 0.02;

/// Values of so many rows may become a canary's too.
const COMMON: u32 = 4;

/// Draws in search of a number.
const TRIES: usize = 24;

/// How finely a column's numbers lie.
pub struct Grain {
    column: usize,
    counts: Counts,
    /// Digits at the end that are drawn apart from those before, as a power of ten.
    ends: i64,
    /// Whether the last two digits are heaped upon some values.
    heaped: bool,
    least: f64,
    most: f64,
}

impl Grain {
    /// The grain of a column; none where its numbers repeat.
    pub fn of(sheet: Sheet<'_>, column: usize) -> Option<Grain> {
        let rows = aspects::sample(sheet.table.rows());
        let cells = || rows.iter().map(|row| sheet.cell(*row as usize, column));
        let few = Counts::of(cells());
        let lonely = cells().filter(|c| few.times(c) == 1).count();
        if (lonely as f64) < LONELY * rows.len() as f64 {
            return None;
        }
        let read: Vec<Decimal> = cells()
            .filter_map(|c| Some(number::parse_exact(c)?.0))
            .collect();
        let scale = read.iter().map(Decimal::scale).max()?;
        let unit = 10f64.powi(-i32::from(scale));
        let values = || read.iter().map(Decimal::to_f64);
        let width = spread(values());
        // the last digits of a number tell nothing that its neighbours in the column do not
        let apart = 8.0 * width / sheet.table.rows() as f64 / unit;
        let mut ends = 10i64;
        while ends < 1_000_000_000 && (ends as f64) < apart && (ends as f64) * 40.0 * unit < width {
            ends *= 10;
        }
        Some(Grain {
            column,
            counts: Counts::of(sheet.column(column)),
            ends,
            heaped: heaped(&read),
            least: values().fold(f64::INFINITY, f64::min),
            most: values().fold(f64::NEG_INFINITY, f64::max),
        })
    }

    /// A number near `text` of which the last digits are drawn, as often in the column as a row's own is beside it; none where that is `text` itself.
    pub fn near(
        &self,
        sheet: Sheet<'_>,
        text: &str,
        habit: Option<&NumberForm>,
        draws: &mut Draws<'_>,
    ) -> Option<String> {
        let others = self.counts.times(text).saturating_sub(1);
        if others >= COMMON {
            return None;
        }
        let (value, form) = number::parse_exact(text)?;
        let head = value.coefficient() - value.coefficient() % self.ends;
        let mut nearest: Option<(u32, String)> = None;
        for _ in 0..TRIES {
            let mut end = draws.between(0, self.ends - 1);
            if self.heaped {
                let other = sheet.cell(sheet.any_row(draws), self.column);
                match number::parse_exact(other) {
                    Some((lent, _)) if lent.scale() == value.scale() => {
                        let last = self.ends.min(100);
                        end += (lent.coefficient() % last) - end % last;
                    }
                    _ => continue,
                }
            }
            let made = head.checked_add(end);
            let Some(made) = made.and_then(|made| Decimal::new(made, value.scale())) else {
                continue;
            };
            if !(self.least..=self.most).contains(&made.to_f64()) {
                continue;
            }
            let written = form.settled(habit, &value, text).render(&made);
            let off = self.counts.times(&written).abs_diff(others);
            if nearest.as_ref().is_none_or(|(least, _)| off < *least) {
                nearest = Some((off, written));
            }
            if off == 0 {
                break;
            }
        }
        nearest.map(|(_, written)| written)
    }
}

/// Whether some last two digits are commoner than others: Pearson's statistic beyond what equal chances make.
fn heaped(numbers: &[Decimal]) -> bool {
    let mut counts = [0u32; 100];
    for n in numbers {
        counts[(n.coefficient().unsigned_abs() % 100) as usize] += 1;
    }
    let expected = numbers.len() as f64 / 100.0;
    let sum: f64 = counts
        .iter()
        .map(|n| (f64::from(*n) - expected).powi(2) / expected)
        .sum();
    expected < 1.0 || sum > 99.0 + 4.0 * (2.0 * 99.0f64).sqrt()
}
