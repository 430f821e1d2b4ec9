//! Numbers: by one step in the last digit that the column really uses; a weight that ends in .0 and .5 moves by .5.

use super::{Carrier, Record, Toward, Variants};
use crate::code::SiteKind;
use crate::policy::Column;
use crate::value::number::{self, Decimal, NumberForm};

/// One numeric column.
pub struct Numbers {
    column: [usize; 1],
    step: Decimal,
    range: Option<(Decimal, Decimal)>,
    habit: Option<NumberForm>,
    heaped: Vec<String>,
}

impl Numbers {
    /// The carrier of a policy's column at this place; none where the policy names no step.
    pub fn new(column: &Column, at: usize) -> Option<Numbers> {
        let decimal = |text: &str| number::parse(text).map(|(d, _)| d);
        let step = decimal(column.step.as_deref()?).filter(|s| s.coefficient() > 0)?;
        let range = column
            .range
            .as_ref()
            .and_then(|[low, high]| Some((decimal(low)?, decimal(high)?)));
        Some(Numbers {
            column: [at],
            step,
            range,
            habit: habit(column),
            heaped: column.heaped.clone(),
        })
    }

    fn moved(&self, record: &Record<'_>, toward: Toward) -> Option<String> {
        let text = record.cell(self.column[0]);
        let (value, form) = number::parse_exact(text)?;
        // a zero says "none", and a value off the column's grid was written by another hand
        if value.coefficient() == 0
            || !value.is_multiple_of(&self.step)
            || self.heaped.iter().any(|h| h == text)
        {
            return None;
        }
        let there = match toward {
            Toward::Up => value.checked_add(&self.step)?,
            Toward::Down => value.checked_sub(&self.step)?,
        };
        if there.coefficient() == 0 || (there.coefficient() < 0) != (value.coefficient() < 0) {
            return None;
        }
        if let Some((low, high)) = self.range {
            let outside = |v: Decimal| v < low || high < v;
            if outside(there) && !outside(value) {
                return None;
            }
        }
        Some(
            form.settled(self.habit.as_ref(), &value, text)
                .render(&there),
        )
    }
}

/// How a column writes what a single number leaves open.
pub fn habit(column: &Column) -> Option<NumberForm> {
    Some(number::parse_exact(column.like.as_deref()?)?.1)
}

impl Carrier for Numbers {
    fn kind(&self) -> SiteKind {
        SiteKind::Numbers
    }

    fn columns(&self) -> &[usize] {
        &self.column
    }

    fn slots(&self) -> u8 {
        1
    }

    fn variants(&self, record: &Record<'_>, toward: Toward, out: &mut Variants) {
        out.clear();
        if let Some(text) = self.moved(record, toward) {
            out.texts.push(text);
            out.bits = 1;
        }
    }
}
