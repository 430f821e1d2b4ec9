//! Numbers: by one step in the last digit that the column really uses; a weight that ends in .0 and .5 moves by .5.
//!
//! Where a policy describes the column's grids, heaped values move among the heaped and the others among the others, and a rarer
//! last digit is entered as seldom as it is left: the column's shares of digits stay what they were.

use super::{Carrier, Draw, Record, Toward, Variants};
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
    balanced: bool,
    grids: Vec<Grid>,
}

/// Values that lie on the multiples of a step and on those of no coarser one.
struct Grid {
    step: Decimal,
    shares: Vec<u32>,
    still: bool,
}

impl Numbers {
    /// The carrier of a policy's column at this place; none where the policy names no step.
    pub fn new(column: &Column, at: usize) -> Option<Numbers> {
        let decimal = |text: &str| number::parse(text).map(|(d, _)| d);
        let positive = |text: &str| decimal(text).filter(|s| s.coefficient() > 0);
        let step = positive(column.step.as_deref()?)?;
        let range = column
            .range
            .as_ref()
            .and_then(|[low, high]| Some((decimal(low)?, decimal(high)?)));
        let mut grids: Vec<Grid> = column
            .grids
            .iter()
            .filter_map(|grid| {
                Some(Grid {
                    step: positive(&grid.step)?,
                    shares: grid.shares.clone(),
                    still: grid.still,
                })
            })
            .collect();
        if grids.is_empty() {
            grids.push(Grid {
                step,
                shares: Vec::new(),
                still: false,
            });
        }
        grids.sort_by_key(|grid| std::cmp::Reverse(grid.step));
        Some(Numbers {
            column: [at],
            step,
            range,
            habit: habit(column),
            heaped: column.heaped.clone(),
            balanced: column.balanced,
            grids,
        })
    }

    /// The grid that a value lies on, the coarsest if several, and its place there.
    fn grid_of(&self, value: &Decimal) -> Option<(usize, i64)> {
        let on = |(nth, grid): (usize, &Grid)| Some((nth, value.steps(&grid.step)?));
        self.grids.iter().enumerate().find_map(on)
    }

    fn moved(&self, record: &Record<'_>, draw: Draw) -> Option<String> {
        let text = record.cell(self.column[0]);
        let (value, form) = number::parse_exact(text)?;
        // a zero says "none", and a value off the column's grid was written by another hand
        if value.coefficient() == 0
            || !value.is_multiple_of(&self.step)
            || self.heaped.iter().any(|h| h == text)
        {
            return None;
        }
        let (nth, here) = self.grid_of(&value)?;
        let grid = &self.grids[nth];
        let there = match draw.toward {
            Toward::Up => value.checked_add(&grid.step)?,
            Toward::Down => value.checked_sub(&grid.step)?,
        };
        if there.coefficient() == 0 || (there.coefficient() < 0) != (value.coefficient() < 0) {
            return None;
        }
        if self.balanced {
            let (same, place) = self.grid_of(&there)?;
            let written = there.normal();
            if grid.still
                || same != nth
                || !draw.enters(&grid.shares, here, place)
                || self.heaped.iter().any(|h| written == h.as_str())
            {
                return None;
            }
        }
        if let Some((low, high)) = self.range {
            let outside = |v: Decimal| v < low || high < v;
            if outside(there) && (self.balanced || !outside(value)) {
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

    fn balanced(&self) -> bool {
        self.balanced
    }

    fn variants(&self, record: &Record<'_>, draw: Draw, out: &mut Variants) {
        out.clear();
        if let Some(text) = self.moved(record, draw) {
            out.texts.push(text);
            out.bits = 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{self, Kind, Role};
    use crate::table::Table;

    fn moved(column: &Column, text: &str) -> Vec<String> {
        let carrier = Numbers::new(column, 0).unwrap();
        let mut table = Table::new(vec!["kg".into()], 1);
        table.push([text]);
        let mut all: Vec<String> = (0..=255u8)
            .filter_map(|byte| carrier.moved(&Record::new(&table, 0, &[Some(0)]), Draw::of(byte)))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    fn column(grids: &[(&str, &[u32], bool)]) -> Column {
        let grid = |(step, shares, still): &(&str, &[u32], bool)| policy::Grid {
            step: step.to_string(),
            shares: shares.to_vec(),
            still: *still,
        };
        Column {
            role: Role::Carrier,
            step: Some("1".into()),
            balanced: true,
            grids: grids.iter().map(grid).collect(),
            ..Column::plain("kg", Kind::Number)
        }
    }

    #[test]
    fn heaped_values_move_among_the_heaped_and_others_among_the_others() {
        let heaps = column(&[("1", &[], false), ("5", &[], false)]);
        assert_eq!(moved(&heaps, "120"), ["115", "125"]);
        assert_eq!(moved(&heaps, "122"), ["121", "123"]);
        assert_eq!(moved(&heaps, "124"), ["123"], "125 is a heap");
        let still = column(&[("1", &[], false), ("10", &[], true)]);
        assert_eq!(moved(&still, "120"), [] as [&str; 0]);
        assert_eq!(moved(&still, "125"), ["124", "126"]);
    }

    #[test]
    fn a_digit_that_the_column_never_shows_is_never_entered() {
        let even = column(&[("1", &[10, 0, 10, 0, 10, 7, 10, 0, 10, 0], false)]);
        assert_eq!(moved(&even, "122"), [] as [&str; 0]);
        assert_eq!(moved(&even, "124"), ["125"]);
        assert_eq!(moved(&even, "125"), ["124", "126"]);
    }
}
