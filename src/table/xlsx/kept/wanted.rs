//! The cells that a calculation reads, and how much work it will be.

use std::collections::BTreeMap;

use super::engine::Place;
use super::said::Said;
use super::value::Value;

/// More cells than these are not read in one calculation, counted as often as formulas read them.
const MOST: usize = 10_000_000;
/// Nor does a formula lay rows over columns to more than these.
const WIDEST: usize = 2_000_000;
/// Bytes of text that formulas may put together.
const TEXT: usize = 256 << 20;

/// Cells by column, as runs of rows.
#[derive(Debug, Default)]
pub struct Wanted {
    runs: BTreeMap<(usize, u16), Vec<(u32, u32)>>,
    work: usize,
    text: usize,
}

impl Wanted {
    /// Adds what a formula in this cell reads; `None` where it becomes too much. `longest` says how long a column's texts are.
    pub fn see(
        &mut self,
        said: &Said,
        row: u32,
        column: u16,
        longest: impl Fn(usize, u16) -> usize,
    ) -> Option<()> {
        let (mut tallest, mut widest) = (1usize, 1usize);
        self.work += 1;
        for read in &said.reads {
            let area = read.area(row, u32::from(column))?;
            let rows = (area.bottom - area.top) as usize + 1;
            let (left, right) = (
                u16::try_from(area.left).ok()?,
                u16::try_from(area.right).ok()?,
            );
            tallest = tallest.max(rows);
            widest = widest.max(usize::from(right - left) + 1);
            self.work = self
                .work
                .saturating_add(rows * (usize::from(right - left) + 1));
            if self.work > MOST {
                return None;
            }
            for column in left..=right {
                if said.joins {
                    self.text = self.text.saturating_add(rows * longest(read.sheet, column));
                }
                let runs = self.runs.entry((read.sheet, column)).or_default();
                match runs.last_mut() {
                    Some(last) if (last.0..=last.1 + 1).contains(&area.top) => {
                        last.1 = last.1.max(area.bottom);
                    }
                    _ => runs.push((area.top, area.bottom)),
                }
            }
        }
        (tallest * widest <= WIDEST && self.text <= TEXT).then_some(())
    }

    /// How many cells were counted.
    pub fn work(&self) -> usize {
        self.work
    }

    /// The columns, by sheet.
    pub fn columns(&self) -> impl Iterator<Item = (usize, u16)> {
        self.runs.keys().copied()
    }

    /// The cells with what `value` says of them, in order, without those of which it says nothing.
    pub fn cells(mut self, value: impl Fn(Place) -> Option<Value>) -> Vec<(Place, Value)> {
        let mut out = Vec::new();
        for ((sheet, column), runs) in &mut self.runs {
            runs.sort_unstable();
            let mut next = 0;
            for (top, bottom) in runs {
                for row in next.max(*top)..=*bottom {
                    let place = (*sheet, row, *column);
                    let found = value(place).filter(|value| *value != Value::Blank);
                    out.extend(found.map(|value| (place, value)));
                }
                next = next.max(*bottom + 1);
            }
        }
        out.sort_unstable_by_key(|(place, _)| *place);
        out
    }
}
