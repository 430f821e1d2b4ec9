//! Recipients who lay their copies side by side, see where these differ, and write there what they like.
//!
//! Rows that only one of them holds are his canaries, and go, whatever the strategy: the coalition is taken to be no fool. What all
//! of them hold alike they cannot tell from the rest. Which of two values stood in the register they cannot see either, so "always
//! the earlier" is what they can do; "always the register's" and "never the register's" are played too, by a coalition that had the
//! register from elsewhere, since that is the worst that can be.

use std::cmp::Ordering;

use super::align::align;
use super::{Attack, Column, Family, Holds, Loot};
use crate::drill::dice::{Dice, Purpose};
use crate::table::Table;
use crate::value::{date, number};

const SIZES: [usize; 4] = [2, 3, 5, 8];

/// What is written where copies differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Strategy {
    /// Each cell from one of them at random.
    CellsAtRandom,
    /// Each row from one of them at random.
    RowsAtRandom,
    /// What most of them hold.
    Majority,
    /// What fewest of them hold.
    Minority,
    /// One of the values at random, however many hold it.
    Coin,
    /// The earlier date, the smaller number, the text that sorts first.
    Smaller,
    /// The later, the greater, the last.
    Greater,
    /// What the register held.
    Original,
    /// Anything but what the register held.
    Marked,
    /// Nothing.
    Blank,
    /// No row with such a cell, nor one that any of them lacks.
    RowsGone,
}

const STRATEGIES: [(Strategy, &str, &str); 11] = [
    (
        Strategy::CellsAtRandom,
        "pool-random",
        "differing cells at random",
    ),
    (
        Strategy::RowsAtRandom,
        "pool-rows",
        "each row from one of them at random",
    ),
    (Strategy::Majority, "pool-majority", "what most hold"),
    (Strategy::Minority, "pool-minority", "what fewest hold"),
    (Strategy::Coin, "pool-coin", "one of the values by a coin"),
    (
        Strategy::Smaller,
        "pool-smaller",
        "always the earlier or smaller value",
    ),
    (
        Strategy::Greater,
        "pool-greater",
        "always the later or greater value",
    ),
    (
        Strategy::Original,
        "pool-original",
        "always the register's own value",
    ),
    (
        Strategy::Marked,
        "pool-marked",
        "never the register's own value",
    ),
    (Strategy::Blank, "pool-blank", "differing cells blanked"),
    (
        Strategy::RowsGone,
        "pool-gone",
        "rows with a differing cell left out",
    ),
];

/// Every strategy by every size.
pub(super) fn attacks() -> Vec<Attack> {
    let mut all = Vec::new();
    for (strategy, word, what) in STRATEGIES {
        for size in SIZES {
            let attack = Attack::new(Family::Coalition, word, what, move |loot, seed| {
                pooled(loot, size, strategy, seed)
            })
            .at(format!("{size} partners"), Some(size as f64))
            .of_copies(size, size);
            all.push(match strategy {
                Strategy::Original | Strategy::Marked => attack.knowing_the_original(),
                _ => attack,
            });
        }
    }
    all
}

fn pooled(loot: &Loot<'_>, size: usize, strategy: Strategy, seed: u64) -> Table {
    let Some(copies) = loot.copies.get(..size) else {
        return Table::default();
    };
    let mut tables = copies.to_vec();
    if matches!(strategy, Strategy::Original | Strategy::Marked) {
        tables.extend(loot.original);
    }
    let mut dice = Dice::new(seed, Purpose::Attack, 3);
    let width = loot.columns.len();
    let mut out = Table::new(copies[0].header().to_vec(), width);
    let mut cells: Vec<String> = Vec::with_capacity(width);
    for places in align(&tables, loot.columns).rows() {
        let (theirs, register) = places.split_at(size);
        let holders: Vec<(&Table, usize)> = copies
            .iter()
            .zip(theirs)
            .filter_map(|(copy, row)| Some((*copy, (*row)? as usize)))
            .collect();
        let least = if strategy == Strategy::RowsGone {
            size
        } else {
            2
        };
        if holders.len() < least {
            continue;
        }
        let register = register.first().copied().flatten();
        let whose = dice.below(holders.len());
        let mut differs = false;
        cells.clear();
        for (at, column) in loot.columns.iter().enumerate() {
            let texts: Vec<&str> = holders.iter().map(|(t, row)| t.cell(*row, at)).collect();
            if column.holds == Holds::Sequence {
                cells.push((out.rows() + 1).to_string());
                continue;
            }
            let alike = texts.iter().all(|text| *text == texts[0]);
            if alike {
                cells.push(texts[0].to_string());
                continue;
            }
            differs = true;
            let original = loot.original.zip(register);
            let known = original.map(|(table, row)| table.cell(row as usize, at));
            let one = match strategy {
                Strategy::RowsAtRandom => texts[whose],
                _ => settled(strategy, column, &texts, known, &mut dice),
            };
            cells.push(one.to_string());
        }
        if strategy != Strategy::RowsGone || !differs {
            out.push(cells.iter().map(String::as_str));
        }
    }
    out
}

/// What is written for these texts, of which two differ at least; `register` is what stood there before, where that is known.
fn settled<'t>(
    strategy: Strategy,
    column: &Column,
    texts: &[&'t str],
    register: Option<&str>,
    dice: &mut Dice,
) -> &'t str {
    let votes = |text: &str| texts.iter().filter(|t| **t == text).count();
    let mut values: Vec<&'t str> = texts.to_vec();
    values.sort_by(|a, b| by_size(column, a, b));
    values.dedup();
    let (first, last) = (values[0], values[values.len() - 1]);
    match strategy {
        Strategy::Smaller => return first,
        Strategy::Greater => return last,
        Strategy::Blank | Strategy::RowsGone => return "",
        Strategy::CellsAtRandom | Strategy::RowsAtRandom => return dice.pick(texts),
        Strategy::Coin => {}
        Strategy::Majority => {
            let most = values.iter().map(|v| votes(v)).max();
            values.retain(|v| Some(votes(v)) == most);
        }
        Strategy::Minority => {
            let fewest = values.iter().map(|v| votes(v)).min();
            values.retain(|v| Some(votes(v)) == fewest);
        }
        Strategy::Original if values.iter().any(|v| Some(*v) == register) => {
            values.retain(|v| Some(*v) == register);
        }
        Strategy::Original => {}
        Strategy::Marked => values.retain(|v| Some(*v) != register),
    }
    dice.pick(&values)
}

/// Earlier before later, smaller before greater, else as text.
fn by_size(column: &Column, a: &str, b: &str) -> Ordering {
    let moment = |text| date::parse(text, column.order).map(|(moment, _)| moment);
    let amount = |text| number::parse(text).map(|(number, _)| number.to_f64());
    let sized = match column.holds {
        Holds::Date | Holds::Time => moment(a).zip(moment(b)).map(|(a, b)| a.cmp(&b)),
        Holds::Number => amount(a).zip(amount(b)).map(|(a, b)| a.total_cmp(&b)),
        _ => None,
    };
    sized.unwrap_or(Ordering::Equal).then_with(|| a.cmp(b))
}
