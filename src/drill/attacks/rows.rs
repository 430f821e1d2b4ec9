//! Fewer rows, and rows in another order.

use super::{Attack, Column, Family, Holds};
use crate::drill::leaks::{shuffle_rows, sort_by, take_rows};
use crate::table::Table;

const SAMPLES: [usize; 5] = [10, 30, 100, 300, 1_000];

/// So many rows, drawn at random.
pub(super) fn samples(rows: usize) -> Vec<Attack> {
    let sizes = SAMPLES.into_iter().filter(|size| *size < rows);
    sizes
        .map(|size| {
            Attack::new(
                Family::Sample,
                "sample",
                "rows taken at random",
                move |loot, seed| {
                    loot.own()
                        .map(|own| take_rows(own, size, seed))
                        .unwrap_or_default()
                },
            )
            .at(format!("{size} rows"), Some(size as f64))
        })
        .collect()
}

/// Shuffled, and sorted by each column that means something to sort by.
pub(super) fn orders(columns: &[Column]) -> Vec<Attack> {
    let shuffled = Attack::new(Family::Order, "shuffle", "rows shuffled", |loot, seed| {
        loot.own()
            .map(|own| shuffle_rows(own, seed))
            .unwrap_or_default()
    });
    let mut all = vec![shuffled];
    let sorts = columns
        .iter()
        .filter(|c| c.altered || c.holds == Holds::Identifier);
    for column in sorts {
        let name = column.name.clone();
        let sorted = move |own: &Table| sort_by(own, &name).unwrap_or_default();
        all.push(
            Attack::new(Family::Order, "sort", "rows sorted", move |loot, _| {
                loot.own().map(&sorted).unwrap_or_default()
            })
            .at(format!("by {}", column.name), None),
        );
    }
    all
}
