//! Areas merged into one cell: a value that stands for several rows is written into each.

use std::borrow::Cow;

use super::super::{Cells, Limits};

/// The cells with every value that is merged over several rows in each of these rows, where the row holds something.
///
/// Only the area's first column is filled, so that a merged title stays one cell.
pub(super) fn filled<'a>(cells: &'a Cells, limits: &Limits) -> Cow<'a, Cells> {
    let added = copies(cells);
    if added.is_empty() {
        return Cow::Borrowed(cells);
    }
    let mut out = cells.like();
    let mut added = added.into_iter().peekable();
    // what does not fit any more was a copy of something that is there
    for (row, column, text) in cells.iter() {
        while let Some((at, from)) = added.next_if(|(at, _)| *at < (row, column)) {
            let _ = out.push(at.0, at.1, cells.text(from), limits);
        }
        let _ = added.next_if(|(at, _)| *at == (row, column));
        let _ = out.push(row, column, text, limits);
    }
    for (at, from) in added {
        let _ = out.push(at.0, at.1, cells.text(from), limits);
    }
    Cow::Owned(out)
}

/// Where values are to be written, sorted, each with the number of the cell that has it.
fn copies(cells: &Cells) -> Vec<((u32, u32), usize)> {
    let mut rows: Vec<u32> = Vec::new();
    let tall = cells.merged.iter().filter(|a| a.to.0 > a.from.0);
    let mut added = Vec::new();
    // a sheet has no more merged rows than cells, unless somebody wants our memory
    let most = cells.len() * 4 + 1024;
    for area in tall {
        if rows.is_empty() {
            rows = (0..cells.len())
                .filter_map(|at| cells.place(at))
                .map(|(row, _)| row)
                .collect();
            rows.dedup();
        }
        let Some(from) = number(cells, area.from) else {
            continue;
        };
        let start = rows.partition_point(|row| *row <= area.from.0);
        let inside = rows.iter().skip(start).take_while(|row| **row <= area.to.0);
        for row in inside {
            if added.len() >= most {
                return Vec::new();
            }
            added.push(((*row, area.from.1), from));
        }
    }
    added.sort_unstable();
    added.dedup_by_key(|(at, _)| *at);
    added
}

/// The number of the cell at this place.
fn number(cells: &Cells, place: (u32, u32)) -> Option<usize> {
    let (mut low, mut high) = (0, cells.len());
    while low < high {
        let middle = low + (high - low) / 2;
        match cells.place(middle)?.cmp(&place) {
            std::cmp::Ordering::Equal => return Some(middle),
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    None
}
