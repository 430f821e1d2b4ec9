//! Which free codes a canary may have, where not every one would pass: those whose check digits are right where all are, and those
//! that stand to their neighbours as codes do where codes rise from row to row.
//!
//! A value put between two neighbours halves their distance. Where distances are those of numbers drawn at random (geometric), what
//! comes of it looks the same; where they are more even than that, it shows. With P(g) the part of the distances that are g, a value a
//! above its lower and b below its upper neighbour is then let in with chance proportional to P(a) P(b) / P(a + b), which gives
//! those let in distances as two drawn apart, as far as the table has room for them. Who is let in is decided by the vault's digest key,
//! before any recipient is known; the canary is drawn uniformly from among them, so that the bound on meeting it by accident counts them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use super::Sheet;
use super::taken::Free;
use crate::mark::stem;
use crate::policy::{Kind, Role};

/// Codes from which it may be concluded that all have right check digits.
const ENOUGH: usize = 30;

/// Distances beyond this are one.
const FAR: u64 = 400;

/// At least this part of the free values is let in.
const LEAST: f64 = 0.15;

/// A way to reckon a remainder from all digits of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// Luhn's: every second digit from the right doubled, its digits added.
    Luhn,
    /// Digits times 1, 2, 3 ... from the right, modulo 11.
    Weights,
    /// Digits times 3 and 1 in turn from the right, modulo 10: article numbers.
    ThreeOne,
    /// Digits times powers of 2 from the right, modulo 11 (ISO 7064).
    Powers,
    /// Digits added, modulo 10.
    Sum,
    /// The whole number, modulo this.
    Whole(u64),
}

const CHECKS: [Check; 11] = [
    Check::Luhn,
    Check::Weights,
    Check::ThreeOne,
    Check::Powers,
    Check::Sum,
    Check::Whole(97),
    Check::Whole(11),
    Check::Whole(10),
    Check::Whole(9),
    Check::Whole(7),
    Check::Whole(2),
];

impl Check {
    fn remainder(self, code: &[u8]) -> u64 {
        let digits = || {
            code.iter()
                .rev()
                .filter(|b| b.is_ascii_digit())
                .map(|b| u64::from(b - b'0'))
        };
        let weighed = |modulus: u64, weight: fn(u64) -> u64| {
            digits()
                .zip(1u64..)
                .fold(0, |sum, (d, n)| (sum + d * weight(n)) % modulus)
        };
        match self {
            Check::Luhn => digits().zip(1u64..).fold(0, |sum, (d, n)| {
                let doubled = d * (2 - n % 2);
                (sum + doubled / 10 + doubled % 10) % 10
            }),
            Check::Weights => weighed(11, |n| n),
            Check::ThreeOne => weighed(10, |n| 1 + 2 * ((n + 1) % 2)),
            Check::Powers => {
                let mut power = 1;
                digits().fold(0, |sum, d| {
                    let now = (sum + d * power) % 11;
                    power = power * 2 % 11;
                    now
                })
            }
            Check::Sum => weighed(10, |_| 1),
            Check::Whole(modulus) => {
                let mut place = 1;
                digits().fold(0, |sum, d| {
                    let now = (sum + d * place) % modulus;
                    place = place * 10 % modulus;
                    now
                })
            }
        }
    }
}

/// The distances between codes that rise from row to row.
struct Gaps {
    head: Vec<u8>,
    numbers: Vec<u64>,
    part: Vec<f64>,
    /// The weight from which on everybody is let in.
    sure: f64,
}

/// What a column of codes asks of a code.
struct Asks {
    checks: Vec<(Check, u64)>,
    gaps: Option<Gaps>,
}

/// The room for canaries in columns of codes.
pub struct Spaces {
    asks: HashMap<usize, Asks>,
    listed: Mutex<HashMap<(usize, Vec<u8>), Arc<Vec<u32>>>>,
}

impl Spaces {
    /// The room in this table's columns.
    pub fn of(sheet: Sheet<'_>) -> Spaces {
        let codes = sheet.columns(|c| c.kind == Kind::Code && c.role == Role::Identifier);
        let asks = codes.into_iter().filter_map(|column| {
            let asks = Asks {
                checks: checks(sheet, column),
                gaps: Gaps::of(sheet, column),
            };
            (!asks.checks.is_empty() || asks.gaps.is_some()).then_some((column, asks))
        });
        Spaces {
            asks: asks.collect(),
            listed: Mutex::default(),
        }
    }

    /// Which values of a stem may be drawn in a column, of those that the register leaves free; none where all may.
    pub fn room(&self, column: usize, under: &[u8], free: &Free<'_>) -> Option<Arc<Vec<u32>>> {
        let asks = self.asks.get(&column)?;
        let place = (column, under.to_vec());
        let mut listed = self
            .listed
            .lock()
            .unwrap_or_else(|broken| broken.into_inner());
        let room = listed.entry(place).or_insert_with(|| {
            let mut full = Vec::new();
            let values = 0..stem::values_under(Kind::Code, under, free.pool);
            let fits = |n: &u32| {
                if !stem::nth_value(Kind::Code, under, free.pool, *n, &mut full) {
                    return false;
                }
                let digest = free.digest(Kind::Code, &full);
                !free.register.holds(digest) && asks.lets_in(&full, digest)
            };
            Arc::new(values.filter(fits).collect())
        });
        Some(Arc::clone(room))
    }
}

impl Asks {
    fn lets_in(&self, full: &[u8], digest: u64) -> bool {
        let right = self
            .checks
            .iter()
            .all(|(check, remainder)| check.remainder(full) == *remainder);
        // 53 bits make a fraction
        let chance = (digest >> 11) as f64 / (1u64 << 53) as f64;
        right
            && self
                .gaps
                .as_ref()
                .is_none_or(|gaps| chance * gaps.sure < gaps.weight_of(full))
    }
}

/// The checks that all codes of a column pass.
fn checks(sheet: Sheet<'_>, column: usize) -> Vec<(Check, u64)> {
    let step = (sheet.table.rows() / 1_000).max(1);
    let mut full = Vec::new();
    let mut codes: Vec<Vec<u8>> = Vec::new();
    for cell in sheet.column(column).step_by(step) {
        if crate::mark::normal::write(Kind::Code, Default::default(), cell, &mut full) {
            codes.push(full.clone());
        }
    }
    codes.sort_unstable();
    codes.dedup();
    let Some(first) = codes.first().filter(|_| codes.len() >= ENOUGH) else {
        return Vec::new();
    };
    let passed = CHECKS.into_iter().filter_map(|check| {
        let remainder = check.remainder(first);
        let all = codes.iter().all(|code| check.remainder(code) == remainder);
        all.then_some((check, remainder))
    });
    passed.collect()
}

/// A code up to its last digits, and these as a number.
fn parted(full: &[u8]) -> Option<(&[u8], u64)> {
    let digits = full
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count()
        .min(15);
    let (head, tail) = full.split_at(full.len() - digits);
    Some((head, std::str::from_utf8(tail).ok()?.parse().ok()?))
}

impl Gaps {
    /// The distances in a column; none where codes do not rise from row to row, or nearly all have no neighbour.
    fn of(sheet: Sheet<'_>, column: usize) -> Option<Gaps> {
        let mut full = Vec::new();
        let mut heads: BTreeMap<Vec<u8>, usize> = BTreeMap::new();
        let mut codes: Vec<(Vec<u8>, u64)> = Vec::new();
        for cell in sheet.column(column) {
            if crate::mark::normal::write(Kind::Code, Default::default(), cell, &mut full)
                && let Some((head, number)) = parted(&full)
            {
                *heads.entry(head.to_vec()).or_insert(0) += 1;
                codes.push((head.to_vec(), number));
            }
        }
        let (head, most) = heads.into_iter().max_by_key(|(_, n)| *n)?;
        let numbers: Vec<u64> = codes.iter().filter(|c| c.0 == head).map(|c| c.1).collect();
        let rising = numbers.windows(2).filter(|w| w[0] <= w[1]).count();
        if most < ENOUGH || most * 10 < codes.len() * 9 || rising * 50 < numbers.len() * 49 {
            return None;
        }
        let mut numbers = numbers;
        numbers.sort_unstable();
        numbers.dedup();
        let mut part = vec![0.0; FAR as usize + 1];
        for pair in numbers.windows(2) {
            part[(pair[1] - pair[0]).min(FAR) as usize] += 1.0;
        }
        let (near, all) = (
            part[..FAR as usize].iter().sum::<f64>(),
            part.iter().sum::<f64>(),
        );
        if near < 0.9 * all {
            return None;
        }
        let mut gaps = Gaps {
            head,
            numbers,
            part,
            sure: 0.0,
        };
        gaps.sure = gaps.let_in();
        (gaps.sure > 0.0).then_some(gaps)
    }

    fn weight(&self, below: u64, above: u64) -> f64 {
        let part = |gap: u64| self.part[gap.min(FAR) as usize];
        let both = part(below + above);
        if both > 0.0 {
            part(below) * part(above) / both
        } else {
            0.0
        }
    }

    /// The greatest weight that still lets enough in.
    fn let_in(&self) -> f64 {
        let mut weights: Vec<(f64, f64)> = Vec::new();
        for gap in 2..FAR {
            let times = self.part[gap as usize];
            if times > 0.0 {
                weights.extend((1..gap).map(|below| (self.weight(below, gap - below), times)));
            }
        }
        weights.sort_by(|a, b| b.0.total_cmp(&a.0));
        let all: f64 = weights.iter().map(|w| w.1).sum();
        let enough = |sure: f64| {
            let let_in: f64 = weights.iter().map(|(w, n)| n * (w / sure).min(1.0)).sum();
            sure > 0.0 && let_in >= LEAST * all
        };
        weights
            .iter()
            .map(|w| w.0)
            .find(|sure| enough(*sure))
            .unwrap_or(0.0)
    }

    /// The weight of a code where it stands; what has no two neighbours is let in nowhere.
    fn weight_of(&self, full: &[u8]) -> f64 {
        let Some((_, number)) = parted(full).filter(|(head, _)| *head == self.head) else {
            return self.sure;
        };
        let at = self.numbers.partition_point(|n| *n < number);
        let below = at.checked_sub(1).and_then(|at| self.numbers.get(at));
        match below.zip(self.numbers.get(at)) {
            Some((below, above)) if *above > number => self.weight(number - below, above - number),
            _ => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_numbers_pass_their_checks() {
        // Luhn's own example; an ISBN-10, an article number, an IBAN's digits
        assert_eq!(Check::Luhn.remainder(b"79927398713"), 0);
        assert_eq!(Check::Weights.remainder(b"0306406152"), 0);
        assert_eq!(Check::ThreeOne.remainder(b"4006381333931"), 0);
        assert_eq!(
            Check::Whole(97).remainder(b"3214282912345698765432161182"),
            1
        );
        assert_eq!(Check::Powers.remainder(b"794"), (7 * 4 + 9 * 2 + 4) % 11);
        assert_ne!(Check::Luhn.remainder(b"79927398710"), 0);
    }
}
