//! Exact decimals, and how they were written.
//!
//! A number is a coefficient and a scale, never a float: adding a step of 0.1 a thousand times gives what pencil and paper give.
//! [`parse`] reads tolerantly, for matching; [`parse_exact`] takes only texts that its form writes back character by character.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::{Comparing, Habit, NormalBuf};

mod form;
pub use form::NumberForm;

/// Most digits that a number may have, before and after the point together.
pub const DIGITS: u8 = 18;

/// `coefficient / 10^scale`. Equal where the values are: 1.50 equals 1.5.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    coefficient: i64,
    scale: u8,
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal {
        coefficient: 0,
        scale: 0,
    };

    /// `coefficient / 10^scale`; `None` for a scale over [`DIGITS`].
    pub const fn new(coefficient: i64, scale: u8) -> Option<Decimal> {
        if scale > DIGITS {
            return None;
        }
        Some(Decimal { coefficient, scale })
    }

    /// All digits as one number.
    pub fn coefficient(&self) -> i64 {
        self.coefficient
    }

    /// How many of the digits stand after the point.
    pub fn scale(&self) -> u8 {
        self.scale
    }

    /// The same value without zeros at the end of the decimals.
    pub fn reduced(&self) -> Decimal {
        let mut reduced = *self;
        while reduced.scale > 0 && reduced.coefficient % 10 == 0 {
            reduced.coefficient /= 10;
            reduced.scale -= 1;
        }
        reduced
    }

    /// The sum, in the finer scale of the two; `None` where it does not fit.
    pub fn checked_add(&self, other: &Decimal) -> Option<Decimal> {
        self.combine(other, i128::checked_add)
    }

    /// The difference, in the finer scale of the two; `None` where it does not fit.
    pub fn checked_sub(&self, other: &Decimal) -> Option<Decimal> {
        self.combine(other, i128::checked_sub)
    }

    /// This number and `times` steps; `None` where it does not fit.
    pub fn shift(&self, step: &Decimal, times: i64) -> Option<Decimal> {
        let way = Decimal {
            coefficient: step.coefficient.checked_mul(times)?,
            scale: step.scale,
        };
        self.checked_add(&way)
    }

    /// True where the number is a whole number of steps. Of the step 0, only 0 is.
    pub fn is_multiple_of(&self, step: &Decimal) -> bool {
        let (a, b, _) = self.aligned(step);
        if b == 0 { a == 0 } else { a % b == 0 }
    }

    /// How many steps the number is, where it is a whole number of them.
    pub fn steps(&self, step: &Decimal) -> Option<i64> {
        if self.scale == step.scale {
            let rest = self.coefficient.checked_rem(step.coefficient)?;
            return (rest == 0).then(|| self.coefficient / step.coefficient);
        }
        let (a, b, _) = self.aligned(step);
        if a.checked_rem(b)? == 0 {
            i64::try_from(a / b).ok()
        } else {
            None
        }
    }

    /// A hundredth of the number: what a spreadsheet holds where it shows per cent. `None` where the decimals do not fit.
    pub fn hundredth(&self) -> Option<Decimal> {
        let reduced = self.reduced();
        Decimal::new(reduced.coefficient, reduced.scale + 2)
    }

    /// The nearest float.
    pub fn to_f64(&self) -> f64 {
        self.normal().as_str().parse().unwrap_or(f64::NAN)
    }

    /// The shortest plain text: `58.5`, `-3`, `0`; without zeros at the end of the decimals.
    pub fn normal(&self) -> NormalBuf {
        let reduced = self.reduced();
        let mut digits = [0u8; 20];
        let (mut at, mut left) = (digits.len(), reduced.coefficient.unsigned_abs());
        while left > 0 {
            at -= 1;
            digits[at] = b'0' + (left % 10) as u8;
            left /= 10;
        }
        let shown = digits.get(at..).unwrap_or(&[]);
        let scale = usize::from(reduced.scale);
        let (whole, part) = shown.split_at(shown.len().saturating_sub(scale));
        let mut normal = NormalBuf::new();
        if reduced.coefficient < 0 {
            normal.push(b'-');
        }
        if whole.is_empty() {
            normal.push(b'0');
        }
        whole.iter().for_each(|b| normal.push(*b));
        if scale > 0 {
            normal.push(b'.');
            (part.len()..scale).for_each(|_| normal.push(b'0'));
            part.iter().for_each(|b| normal.push(*b));
        }
        normal
    }

    fn combine(
        &self,
        other: &Decimal,
        operation: fn(i128, i128) -> Option<i128>,
    ) -> Option<Decimal> {
        let (a, b, scale) = self.aligned(other);
        let coefficient = operation(a, b)?.try_into().ok()?;
        Some(Decimal { coefficient, scale })
    }

    /// Both coefficients at the finer scale. 2^63 * 10^18 is below 2^123, so nothing overflows.
    fn aligned(&self, other: &Decimal) -> (i128, i128, u8) {
        let scale = self.scale.max(other.scale);
        let at = |d: &Decimal| i128::from(d.coefficient) * 10i128.pow(u32::from(scale - d.scale));
        (at(self), at(other), scale)
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        let (a, b, _) = self.aligned(other);
        a.cmp(&b)
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl Hash for Decimal {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let reduced = self.reduced();
        (reduced.coefficient, reduced.scale).hash(state);
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.normal().as_str())
    }
}

/// The number that `text` writes, and how it does. Reads decimals with or without thousands separators (commas, groups of three),
/// a sign, a currency before, a unit after, full-width forms, and scientific notation (`1.5E+3`). A code with leading zeros (00123)
/// is no number, nor is anything of more than [`DIGITS`] digits.
pub fn parse(text: &str) -> Option<(Decimal, NumberForm)> {
    form::read(text)
}

/// Like [`parse`], but only where the form writes `text` back as it stands: the cells that may be altered.
pub fn parse_exact(text: &str) -> Option<(Decimal, NumberForm)> {
    let (number, form) = form::read(text)?;
    form.writes_back(&number, text).then_some((number, form))
}

impl NumberForm {
    /// The form to write another value of the column in: this one, with what a single number leaves open settled as in `habit`.
    pub fn settled(self, habit: Option<&NumberForm>, number: &Decimal, text: &str) -> NumberForm {
        let merged = habit.and_then(|habit| self.merge(habit));
        merged
            .filter(|form| form.writes_back(number, text))
            .unwrap_or(self)
    }

    /// True where writing `number` in this form gives `text`.
    pub fn writes_back(&self, number: &Decimal, text: &str) -> bool {
        Comparing::same(text, |out| self.write(number, out))
    }

    /// `number` in this form. It has the form's decimals, and more only where the value needs more.
    pub fn render(&self, number: &Decimal) -> String {
        let mut out = String::with_capacity(24);
        // Writing into a string does not fail.
        let _ = self.write(number, &mut out);
        out
    }
}

#[cfg(test)]
mod tests;
