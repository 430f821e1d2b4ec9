//! Where the cleaned table's rows stand, and how they are numbered.

use super::RowOrder;
use super::found::Numbering;
use super::known::Known;
use super::link::Origin;
use crate::code::Handle;
use crate::issue::order::Turns;
use crate::policy::order::{Rank, Ranker};
use crate::table::Table;

/// A file in which one row in so many is out of the copy's order still stands as the copy did: rows were moved, not sorted.
const MOVED: usize = 50;

/// Whether the linked rows still stand as the copy had them; `issued` says which cells of a returned row are the partner's own.
pub fn stands(
    known: &Known,
    table: &Table,
    places: &[Option<usize>],
    rows: &[Origin],
    changed: &dyn Fn(usize, usize) -> bool,
) -> bool {
    let handles: Vec<Option<Handle>> = (0..known.rows.membership.len())
        .map(|row| known.ordinal(row).map(|ordinal| known.handle(ordinal)))
        .collect();
    let turns = Turns::new(known.set(), &known.code, &handles, &known.rows.pairs);
    let turned = turns.places(known.word(), handles.len());
    let keys: Vec<(usize, usize, bool)> = known
        .policy
        .sort
        .iter()
        .filter_map(|key| {
            let column = known
                .policy
                .columns
                .iter()
                .position(|c| c.name == key.column)?;
            Some((
                column,
                places.get(column).copied().flatten()?,
                key.descending,
            ))
        })
        .collect();
    let rankers: Vec<Ranker<'_>> = keys
        .iter()
        .map(|(column, place, _)| Ranker::new(&known.policy.columns[*column], table.column(*place)))
        .collect();
    let mut before: Option<(Vec<Rank>, u32)> = None;
    let (mut compared, mut out_of_order) = (0usize, 0usize);
    for (row, origin) in rows.iter().enumerate() {
        let Origin::Source(source) = origin else {
            continue;
        };
        // where it stood in the copy is not known
        if keys.iter().any(|(column, _, _)| changed(row, *column)) {
            continue;
        }
        let ranks: Vec<Rank> = keys
            .iter()
            .zip(&rankers)
            .map(|((_, place, descending), ranker)| {
                let rank = ranker.rank(table.cell(row, *place));
                if *descending { rank.reversed() } else { rank }
            })
            .collect();
        let place = turned.get(*source as usize).copied().unwrap_or(*source);
        let here = (ranks, place);
        if let Some(before) = &before {
            compared += 1;
            out_of_order += usize::from(*before > here);
        }
        before = Some(here);
    }
    out_of_order * MOVED <= compared
}

/// The returned rows in the order of the cleaned table: canaries gone, the source's order if asked for. A row of the partner's own
/// stays behind the row that it was put behind, and at the end where it was put at the end.
pub fn lines(rows: &[Origin], order: RowOrder) -> Vec<usize> {
    let kept = (0..rows.len()).filter(|row| rows[*row] != Origin::Canary);
    if order == RowOrder::Returned {
        return kept.collect();
    }
    let last = rows
        .iter()
        .rposition(|origin| matches!(origin, Origin::Source(_)));
    let mut at = 0;
    let mut keyed: Vec<(u64, usize)> = kept
        .map(|row| {
            match rows[row] {
                Origin::Source(source) => at = u64::from(source) + 1,
                _ if last.is_some_and(|last| row > last) => at = u64::MAX,
                _ => {}
            }
            (at, row)
        })
        .collect();
    keyed.sort();
    keyed.into_iter().map(|(_, row)| row).collect()
}

/// New numbers for a column that counts the rows.
pub struct Numbered {
    /// (row of the returned table, its number's text).
    pub replaced: Vec<(usize, String)>,
    /// What they are.
    pub numbering: Numbering,
}

/// Numbers the cleaned rows, where `place` counts them; `told` is a source row's own number, where that is known.
pub fn number(
    known: &Known,
    table: &Table,
    place: usize,
    rows: &[Origin],
    lines: &[usize],
    told: &dyn Fn(u32) -> Option<i64>,
) -> Numbered {
    let numbers: Vec<Option<i64>> = table
        .column(place)
        .map(|cell| cell.trim().parse().ok())
        .collect();
    let consecutive = numbers
        .windows(2)
        .all(|pair| matches!(pair, [Some(a), Some(b)] if *b == a.saturating_add(1)));
    let returned_rows = numbers.len();
    let first = told(0).unwrap_or_else(|| first_number(known, rows, &numbers));
    let renumbered = consecutive
        && (returned_rows as u64 != known.export.rows
            || rows
                .iter()
                .any(|r| matches!(r, Origin::Added | Origin::Again(_))));
    let text_if_other = |row: usize, number: i64| {
        let same = numbers[row] == Some(number);
        (!same).then(|| (row, number.to_string()))
    };
    if renumbered {
        let replaced = lines
            .iter()
            .zip(numbers.first().copied().flatten().unwrap_or(first)..)
            .filter_map(|(row, number)| text_if_other(*row, number));
        return Numbered {
            replaced: replaced.collect(),
            numbering: Numbering::Anew,
        };
    }
    // in the copy a row's number was its place among rows and canaries: never before its place in the source, and never farther
    // behind than there were canaries
    let most = i64::try_from(known.export.canaries).unwrap_or(i64::MAX);
    let mut left = false;
    let mut replaced = Vec::new();
    for row in lines {
        let Origin::Source(source) = rows[*row] else {
            continue;
        };
        // the copy numbered its rows one by one, whatever gaps the source has
        let given = first.saturating_add(i64::from(source));
        let near = given.saturating_sub(SLACK)..=given.saturating_add(most).saturating_add(SLACK);
        match numbers[*row] {
            Some(is) if near.contains(&is) => {
                replaced.extend(text_if_other(*row, told(source).unwrap_or(given)));
            }
            _ => left = true,
        }
    }
    Numbered {
        replaced,
        numbering: if left {
            Numbering::Left
        } else {
            Numbering::Source
        },
    }
}

/// Rows by which a row moves where a sort key was altered or the order itself is a mark.
const SLACK: i64 = 4_096;

/// The source's first number, which the copy shared: 1, unless the numbers that came back leave no room for that. A row's number in
/// the copy was the first number, the rows before it and the canaries before it.
fn first_number(known: &Known, rows: &[Origin], numbers: &[Option<i64>]) -> i64 {
    let ahead = rows
        .iter()
        .zip(numbers)
        .filter_map(|(origin, number)| match origin {
            Origin::Source(source) => Some((*number)?.saturating_sub(i64::from(*source))),
            _ => None,
        });
    let mut ahead: Vec<i64> = ahead.collect();
    ahead.sort_unstable();
    let (Some(least), Some(middle)) = (ahead.first(), ahead.get(ahead.len() / 2)) else {
        return 1;
    };
    let canaries = i64::try_from(known.export.canaries).unwrap_or(i64::MAX);
    let lowest = middle.saturating_sub(canaries).saturating_sub(SLACK);
    match (lowest..=*middle).contains(&1) {
        true => 1,
        false => *least,
    }
}
