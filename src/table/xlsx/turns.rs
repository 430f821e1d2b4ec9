//! Which strings were put down out of turn, and where new ones go so that they are out of turn as often.
//!
//! Programs put strings down as they meet them. Where cells were typed over or columns pasted later, their strings stand elsewhere in
//! the table, and a workbook in which only the rows put in have all of theirs in turn would show these rows. So a new string stands as
//! the nearest string of its column does that was new in its row: in its turn, or beside it.

use std::collections::{HashMap, HashSet};

use super::index::{Index, NOWHERE};

/// How far to look for a row whose string is new there.
const NEAR: usize = 64;

/// Where a new string stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Beside {
    /// Where its first use puts it.
    Turn,
    /// Before this string of the source, which is out of turn.
    Before(u32),
    /// Behind it.
    Behind(u32),
}

/// The new strings of a copy that are out of turn.
#[derive(Debug, Default)]
pub(super) struct Late {
    /// By the string of the source that they stand beside: whether before it, and which.
    beside: HashMap<u32, Vec<(bool, u32)>>,
    all: HashSet<u32>,
}

impl Late {
    /// Notes where a new string stands.
    pub(super) fn put(&mut self, new: u32, beside: Beside) {
        let (other, before) = match beside {
            Beside::Turn => return,
            Beside::Before(other) => (other, true),
            Beside::Behind(other) => (other, false),
        };
        self.beside.entry(other).or_default().push((before, new));
        self.all.insert(new);
    }

    /// Whether a new string is out of turn.
    pub(super) fn holds(&self, new: u32) -> bool {
        self.all.contains(&new)
    }

    /// A string of the source that is out of turn, between the new ones beside it.
    pub(super) fn around(&self, id: u32) -> impl Iterator<Item = u32> + '_ {
        let beside = self.beside.get(&id).map_or(&[][..], Vec::as_slice);
        let on = move |side: bool| {
            let there = beside.iter().filter(move |(before, _)| *before == side);
            there.map(|(_, new)| *new)
        };
        on(true).chain([id]).chain(on(false))
    }
}

/// In which row of the sheet each string is first used.
pub(super) struct Turns {
    /// By the string's number, the row's place in the layout; empty where all strings are in turn.
    first: Vec<u32>,
}

impl Turns {
    /// Of the strings of an index's sheet.
    pub(super) fn of(index: &Index) -> Turns {
        let strings = index.strings().map(|(strings, _)| strings);
        let Some(strings) = strings.filter(|s| s.has_late()) else {
            return Turns { first: Vec::new() };
        };
        let mut first = vec![NOWHERE; strings.len() as usize];
        for at in 0..index.layout().rows.len() {
            for (_, id) in index.uses_of(at) {
                if let Some(first) = first.get_mut(*id as usize)
                    && *first == NOWHERE
                {
                    *first = at as u32;
                }
            }
        }
        Turns { first }
    }

    /// Where a new string of a column of the sheet goes; `rows` are rows of the table, the nearest first, each with whether it stands
    /// below the new string's.
    pub(super) fn beside(
        &self,
        index: &Index,
        column: u16,
        rows: impl Iterator<Item = (usize, bool)>,
    ) -> Beside {
        let Some((strings, _)) = index.strings().filter(|_| !self.first.is_empty()) else {
            return Beside::Turn;
        };
        for (row, below) in rows.take(NEAR) {
            let Some(at) = index.table_rows.get(row).filter(|at| **at != NOWHERE) else {
                continue;
            };
            let uses = index.uses_of(*at as usize);
            let Ok(place) = uses.binary_search_by_key(&column, |(c, _)| *c) else {
                continue;
            };
            let id = uses[place].1;
            if self.first.get(id as usize) != Some(at) {
                continue;
            }
            return match (strings.is_late(id), below) {
                (false, _) => Beside::Turn,
                (true, false) => Beside::Behind(id),
                (true, true) => Beside::Before(id),
            };
        }
        Beside::Turn
    }
}

/// A row and those around it, the nearest first, each with whether it is below.
pub(super) fn outward(row: usize) -> impl Iterator<Item = (usize, bool)> {
    let around = (1..=NEAR).flat_map(move |far| {
        let above = row.checked_sub(far).map(|above| (above, false));
        [above, Some((row + far, true))].into_iter().flatten()
    });
    std::iter::once((row, false)).chain(around)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::strings::Strings;

    #[test]
    fn a_new_string_may_stand_beside_one_out_of_turn() {
        let part =
            b"<sst><si><t>a</t></si><si><t>b</t></si><si><t>z</t></si><si><t>c</t></si></sst>";
        let (mut source, _) = Strings::of(part.to_vec()).unwrap();
        source.learn([2, 0, 1, 3].into_iter());
        assert!(source.has_late() && source.is_late(2) && !source.is_late(0));
        let mut draft = source.draft();
        let over = draft.intern("y", None, Beside::Behind(2));
        let before = draft.intern("x", None, Beside::Before(2));
        let unused = draft.intern("v", None, Beside::Behind(2));
        let turn = draft.intern("w", None, Beside::Turn);
        // `y` was typed over the cell of `z`, which is gone
        let arranged = draft.arrange([over, 0, before, turn, 1, 3].into_iter());
        let numbers = [0, turn, 1, before, over, 3].map(|id| arranged.number(id));
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5]);
        assert_eq!(arranged.number(unused), u32::MAX);
    }

    #[test]
    fn rows_from_one_outward() {
        let rows: Vec<(usize, bool)> = outward(1).take(4).collect();
        assert_eq!(rows, [(1, false), (0, false), (2, true), (3, true)]);
    }
}
