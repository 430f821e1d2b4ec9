//! Which free codes a canary may have, where not every one would pass: those whose check digits are right where all are, and those
//! that stand to their neighbours as codes do where codes rise from row to row.
//!
//! For the second, free values are let in with chances ([`super::gaps`]) such that those let in stand as real codes do. Who is let in
//! is decided by the vault's digest key, before any recipient is known; the canary is drawn uniformly from among them, so that the
//! bound on meeting it by accident counts them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use super::Sheet;
use super::gaps::Gaps;
use super::taken::Free;
use crate::mark::stem;
use crate::policy::{Kind, Role};

/// Codes from which it may be concluded that all have right check digits.
const ENOUGH: usize = 30;

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

/// What a column of codes asks of a code.
struct Asks {
    checks: Vec<(Check, u64)>,
    gaps: Option<Gaps>,
}

/// Values that may be drawn, by column and stem.
type Listed = HashMap<(usize, Vec<u8>), Arc<Vec<u32>>>;

/// The room for canaries in columns of codes.
pub struct Spaces {
    asks: HashMap<usize, Asks>,
    listed: Mutex<Listed>,
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
                .is_none_or(|gaps| chance < gaps.chance_of(full))
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
