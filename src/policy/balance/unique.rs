//! Columns of which no two values are equal.

use std::collections::HashSet;

use super::super::{Column, Kind};
use super::second_of_day;
use crate::table::Table;
use crate::value::number;
use crate::value::{clock, date};

/// Fewer values are different by chance.
const FEWEST: usize = 20;

/// How far a value can move, in its own steps.
const REACH: [i64; 2] = [1, 3];

/// Whether all the column's values are different, and two of them so near that moved ones could meet. Whether they do cannot be seen
/// from one record, so such a column must stay.
pub fn near(table: &Table, at: usize, column: &Column) -> bool {
    let mut seen = HashSet::new();
    let filled = || table.column(at).filter(|c| !c.trim().is_empty());
    // most columns show in their first cells that they repeat themselves
    if !filled().all(|cell| seen.insert(cell)) || seen.len() < FEWEST {
        return false;
    }
    let order = column.order.unwrap_or_default();
    let longest = column.grids.iter().filter(|g| !g.still);
    let (reach, mut values): (i64, Vec<i64>) = match column.kind {
        Kind::Number => {
            let decimal = |text: &str| number::parse(text).map(|(d, _)| d);
            let Some(step) = column.step.as_deref().and_then(decimal) else {
                return true;
            };
            let grids = longest.filter_map(|g| decimal(&g.step)?.steps(&step));
            let values = filled().filter_map(|c| number::parse(c)?.0.steps(&step));
            (REACH[0] * grids.max().unwrap_or(1), values.collect())
        }
        Kind::Date => {
            let values =
                filled().filter_map(|c| Some(date::day_number(date::parse(c, order)?.0.date)));
            (REACH[0], values.map(i64::from).collect())
        }
        _ => {
            let moment = |c: &str| match column.kind {
                Kind::Time => Some(second_of_day(clock::parse(c)?.0)),
                _ => {
                    let moment = date::parse(c, order)?.0;
                    let second = moment.time.map_or(0, second_of_day);
                    Some(i64::from(date::day_number(moment.date)) * 86_400 + second)
                }
            };
            let step: i64 = column
                .step
                .as_deref()
                .and_then(|s| s.parse().ok())
                .unwrap_or(60);
            let grids = longest.filter_map(|g| g.step.parse().ok());
            let reach = (REACH[1] * step).max(grids.max().unwrap_or(0));
            (reach, filled().filter_map(moment).collect())
        }
    };
    values.sort_unstable();
    values.windows(2).any(|w| w[1] - w[0] <= 2 * reach)
}
