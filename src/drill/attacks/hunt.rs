//! Looking for the made-up records: rows that nobody else knows, and rows that look odd.

use std::collections::{HashMap, HashSet};

use super::align::Key;
use super::{Attack, Family, Holds, Loot};
use crate::drill::leaks::{select_rows, take_rows};
use crate::table::Table;

/// Parts of the rows that are left out as the oddest, in hundredths.
const ODDEST: [usize; 3] = [5, 10, 20];

/// Columns looked at in pairs; more tell little more.
const PAIRED: usize = 16;

/// By another copy, by a register of one's own, by rarity.
pub(super) fn attacks() -> Vec<Attack> {
    let other = Attack::new(
        Family::Hunt,
        "hunt-copy",
        "rows left out that another partner's copy lacks",
        |loot, _| match loot.copies {
            [own, other, ..] => known_to(own, other, loot),
            _ => Table::default(),
        },
    )
    .of_copies(2, 1);
    let mut all = vec![other];
    for unknown in [10, 50] {
        let half = Attack::new(
            Family::Hunt,
            "hunt-register",
            "rows left out that the partner's own register lacks",
            move |loot, seed| match (loot.own(), loot.original) {
                (Some(own), Some(people)) => {
                    let known = people.rows() * (100 - unknown) / 100;
                    known_to(own, &take_rows(people, known, seed), loot)
                }
                _ => Table::default(),
            },
        );
        let strength = format!("it lacks {unknown} %");
        all.push(
            half.at(strength, Some(unknown as f64))
                .knowing_the_original(),
        );
    }
    for part in ODDEST {
        all.push(
            Attack::new(
                Family::Hunt,
                "hunt-odd",
                "the oddest rows left out",
                move |loot, _| {
                    loot.own()
                        .map(|own| without_the_oddest(own, loot, part))
                        .unwrap_or_default()
                },
            )
            .at(format!("{part} % of rows"), Some(part as f64)),
        );
    }
    all
}

/// The rows whose identifiers stand in `other` too.
fn known_to(own: &Table, other: &Table, loot: &Loot<'_>) -> Table {
    let key = Key::new(loot.columns);
    let there: HashSet<u64> = (0..other.rows()).map(|row| key.of(other, row)).collect();
    select_rows(
        own,
        (0..own.rows()).filter(|row| there.contains(&key.of(own, *row))),
    )
}

/// The rows but for the part, in hundredths, whose pairs of values are rarest: a row's score is the mean logarithm of how often
/// each pair of its values, cut to what rows share, stands in the copy.
fn without_the_oddest(own: &Table, loot: &Loot<'_>, part: usize) -> Table {
    let columns: Vec<Vec<u32>> = loot
        .columns
        .iter()
        .enumerate()
        .filter(|(_, column)| column.holds != Holds::Sequence)
        .take(PAIRED)
        .map(|(at, column)| bins(own, at, column.holds))
        .collect();
    let mut scores = vec![0.0f64; own.rows()];
    for (nth, one) in columns.iter().enumerate() {
        for other in &columns[nth + 1..] {
            let pair = |row: usize| u64::from(one[row]) << 32 | u64::from(other[row]);
            let mut counts: HashMap<u64, u32> = HashMap::new();
            (0..own.rows()).for_each(|row| *counts.entry(pair(row)).or_default() += 1);
            for (row, score) in scores.iter_mut().enumerate() {
                *score += f64::from(counts.get(&pair(row)).copied().unwrap_or(1)).ln();
            }
        }
    }
    let mut oddest: Vec<usize> = (0..own.rows()).collect();
    oddest.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    oddest.truncate(own.rows() * part / 100);
    let gone: HashSet<usize> = oddest.into_iter().collect();
    select_rows(own, (0..own.rows()).filter(|row| !gone.contains(row)))
}

/// A column's values as numbers of what rows share: the prefix of an identifier, the month of a date, the rest as it is up to six
/// characters.
fn bins(table: &Table, column: usize, holds: Holds) -> Vec<u32> {
    let shared = match holds {
        Holds::Identifier => 3,
        Holds::Date | Holds::Time => 7,
        _ => 6,
    };
    let mut numbers: HashMap<&str, u32> = HashMap::new();
    table
        .column(column)
        .map(|text| {
            let end = text
                .char_indices()
                .nth(shared)
                .map_or(text.len(), |(at, _)| at);
            let next = numbers.len() as u32;
            *numbers
                .entry(text.get(..end).unwrap_or(text))
                .or_insert(next)
        })
        .collect()
}
