//! Columns left out, and identifiers masked.

use super::{Attack, Column, Family, Holds, changed};
use crate::drill::dice::{Dice, Purpose};
use crate::drill::leaks::select_columns;
use crate::table::Table;

/// Each column that links or is altered left out alone, half of all at random, the identifiers gone or masked.
pub(super) fn attacks(columns: &[Column]) -> Vec<Attack> {
    let telling = |c: &Column| c.altered || c.holds == Holds::Identifier;
    let each = columns.iter().enumerate().filter(|(_, c)| telling(c));
    let mut all: Vec<Attack> = each
        .map(|(place, column)| {
            Attack::new(
                Family::Columns,
                "drop",
                "one column left out",
                move |loot, _| {
                    loot.own()
                        .map(|own| without(own, &[place]))
                        .unwrap_or_default()
                },
            )
            .at(column.name.clone(), None)
        })
        .collect();
    all.push(Attack::new(
        Family::Columns,
        "half",
        "half of the columns left out",
        |loot, seed| {
            let mut dice = Dice::new(seed, Purpose::Attack, 1);
            let gone = dice.sample(loot.columns.len() / 2, loot.columns.len());
            loot.own()
                .map(|own| without(own, &gone))
                .unwrap_or_default()
        },
    ));
    all.push(Attack::new(
        Family::Columns,
        "anonymous",
        "every identifier left out",
        |loot, _| {
            let gone = loot.that_hold(&[Holds::Identifier]);
            loot.own()
                .map(|own| without(own, &gone))
                .unwrap_or_default()
        },
    ));
    all.push(Attack::new(
        Family::Columns,
        "mask",
        "every identifier masked, as 138****5678",
        |loot, _| {
            let hidden = loot.that_hold(&[Holds::Identifier]);
            let mask = |own| {
                changed(own, |_, column, text| {
                    hidden.contains(&column).then(|| masked(text))
                })
            };
            loot.own().map(mask).unwrap_or_default()
        },
    ));
    all
}

fn without(table: &Table, gone: &[usize]) -> Table {
    let kept: Vec<usize> = (0..table.width()).filter(|c| !gone.contains(c)).collect();
    select_columns(table, &kept)
}

/// The middle as stars: of long values the first three and last four characters stay, of short ones the first.
fn masked(text: &str) -> String {
    let length = text.chars().count();
    let (head, tail) = if length >= 8 { (3, 4) } else { (1, 0) };
    let hidden = |at: usize| at >= head && at + tail < length;
    let characters = text.chars().enumerate();
    characters
        .map(|(at, c)| if hidden(at) { '*' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn masks_look_as_offices_make_them() {
        for (text, mask) in [
            ("13812345678", "138****5678"),
            ("王小丽", "王**"),
            ("", ""),
            ("A", "A"),
        ] {
            assert_eq!(masked(text), mask);
        }
    }
}
