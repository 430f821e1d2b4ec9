//! Rows of several origins in one file, files that are nobody's copy, and the next month's copy laid over this one.

use super::align::align;
use super::{Attack, Column, Family, Holds, Loot};
use crate::drill::dice::{Dice, Purpose};
use crate::drill::leaks::{Repeats, add_strangers, blend, join, shuffle_rows, take_rows};
use crate::table::Table;

/// Shares of the leaker's own rows, in hundredths.
const OWN_SHARES: [usize; 3] = [50, 20, 10];

/// A whole copy, the register itself, and strangers.
pub(super) fn controls() -> Vec<Attack> {
    vec![
        Attack::new(
            Family::Control,
            "nothing",
            "a whole copy as it is",
            |loot, _| loot.own().cloned().unwrap_or_default(),
        ),
        Attack::new(
            Family::Control,
            "register",
            "the register itself, which nobody was given",
            |loot, _| loot.original.cloned().unwrap_or_default(),
        )
        .of_copies(1, 0)
        .knowing_the_original(),
        Attack::new(
            Family::Control,
            "strangers",
            "other people altogether",
            |loot, seed| {
                loot.own()
                    .map(|own| strangers_like(own, loot.columns, own.rows(), seed))
                    .unwrap_or_default()
            },
        )
        .of_copies(1, 0),
    ]
}

/// Two copies' rows in one file, own rows among strangers', two months in one.
pub(super) fn attacks() -> Vec<Attack> {
    let mut all = Vec::new();
    for share in [50, 20, 5] {
        let mixed = Attack::new(
            Family::Merge,
            "merge",
            "rows of two partners' copies",
            move |loot, seed| match loot.copies {
                [own, other, ..] => blend(other, own, f64::from(share) / 100.0, seed),
                _ => Table::default(),
            },
        );
        all.push(
            mixed
                .at(format!("{} : {share}", 100 - share), Some(f64::from(share)))
                .of_copies(2, 2),
        );
    }
    for share in OWN_SHARES {
        let among = move |own: &Table, columns: &[Column], seed| {
            let ours = take_rows(own, own.rows() * share / 100, seed);
            let guests = own.rows() - ours.rows();
            let others = strangers_like(own, columns, guests, seed);
            add_strangers(&ours, &others, guests, seed)
        };
        all.push(
            Attack::new(
                Family::Merge,
                "among",
                "own rows among strangers'",
                move |loot, seed| {
                    loot.own()
                        .map(|own| among(own, loot.columns, seed))
                        .unwrap_or_default()
                },
            )
            .at(format!("{share} % own"), Some(share as f64)),
        );
    }
    let joined = Attack::new(
        Family::Merge,
        "join-months",
        "two months' copies joined, equal rows once",
        |loot, seed| match (loot.own(), loot.later) {
            (Some(own), Some(later)) => shuffle_rows(&join(&[own, later], Repeats::Drop), seed),
            _ => Table::default(),
        },
    );
    all.push(joined.with_the_later());
    all
}

/// The next month's copy laid over this one's.
pub(super) fn months() -> Vec<Attack> {
    let restored = Attack::new(
        Family::Months,
        "months-cells",
        "cells blanked that differ between two months",
        |loot, _| laid_over(loot, |_| true),
    );
    let steady = Attack::new(
        Family::Months,
        "months-rows",
        "rows left out that came or went between two months",
        |loot, _| laid_over(loot, |in_both| in_both),
    );
    vec![restored.with_the_later(), steady.with_the_later()]
}

/// The own copy with cells blanked that the later one has otherwise, of rows that `stays` keeps given whether both months have them.
fn laid_over(loot: &Loot<'_>, stays: impl Fn(bool) -> bool) -> Table {
    let (Some(own), Some(later)) = (loot.own(), loot.later) else {
        return Table::default();
    };
    let mut out = Table::new(own.header().to_vec(), own.width());
    for places in align(&[own, later], loot.columns).rows() {
        let [Some(row), then] = places else { continue };
        if !stays(then.is_some()) {
            continue;
        }
        let cells = loot.columns.iter().enumerate().map(|(at, column)| {
            let text = own.cell(*row as usize, at);
            match then {
                Some(then) if column.holds != Holds::Sequence => {
                    let same = later.cell(*then as usize, at) == text;
                    if same { text } else { "" }
                }
                _ => text,
            }
        });
        out.push(cells);
    }
    out
}

/// So many people who look like a table's and are none of them: each cell is somebody's, drawn column by column, and identifiers
/// get other digits, or the end of somebody else's where they have none.
pub fn strangers_like(table: &Table, columns: &[Column], rows: usize, seed: u64) -> Table {
    let mut dice = Dice::new(seed, Purpose::Attack, 4);
    let mut out = Table::new(table.header().to_vec(), table.width());
    for row in 0..rows {
        let cells: Vec<String> = columns
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let mut somebodys = || table.cell(dice.below(table.rows()), at).to_string();
                match column.holds {
                    Holds::Sequence => (row + 1).to_string(),
                    Holds::Identifier => {
                        let (text, other) = (somebodys(), somebodys());
                        another(&text, &other, &mut dice)
                    }
                    _ => somebodys(),
                }
            })
            .collect();
        out.push(cells.iter().map(String::as_str));
    }
    out
}

/// An identifier that is nobody's: the first quarter of its characters stays, as prefixes do, and later digits are drawn anew.
fn another(text: &str, other: &str, dice: &mut Dice) -> String {
    let length = text.chars().count();
    if !text.chars().any(|c| c.is_ascii_digit()) {
        let head = text.chars().take(length.div_ceil(2));
        return head
            .chain(other.chars().skip(other.chars().count() / 2))
            .collect();
    }
    let redrawn = text.chars().enumerate().map(|(at, c)| {
        if at >= length / 4 && c.is_ascii_digit() {
            char::from(b'0' + dice.below(10) as u8)
        } else {
            c
        }
    });
    redrawn.collect()
}
