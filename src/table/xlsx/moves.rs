//! Where the rows of a sheet went when rows were put in, left out or changed places.

/// The rows of one copy's sheet, against those of its source. Rows count from 0, over the whole sheet.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Moves {
    /// The source's first row of the table.
    first: u32,
    /// Where each of the table's rows stands in the copy; `None` where it was left out.
    places: Vec<Option<u32>>,
    /// How many rows the table has in the copy.
    lines: u32,
    /// Whether kept rows stand in the source's order.
    in_order: bool,
}

/// A sheet's last row.
pub(super) const LAST: u32 = 1_048_575;

/// Rows of a sheet: the first and the last, both in.
pub(super) type Rows = (u32, u32);

impl Moves {
    /// From the copy's lines: for each the source's row of the table (from 0), or `None` where a row was put in.
    pub(super) fn new(
        first: u32,
        rows: u32,
        lines: impl IntoIterator<Item = Option<u32>>,
    ) -> Moves {
        let mut places = vec![None; rows as usize];
        let (mut count, mut last, mut in_order) = (0, None, true);
        for line in lines {
            if let Some(row) = line
                && let Some(place) = places.get_mut(row as usize)
            {
                *place = Some(first + count);
                in_order &= last.is_none_or(|last| last < row);
                last = Some(row);
            }
            count += 1;
        }
        Moves {
            first,
            places,
            lines: count,
            in_order,
        }
    }

    /// The source's first row behind the table.
    pub(super) fn behind(&self) -> u32 {
        self.first + self.places.len() as u32
    }

    /// The source's first row of the table.
    pub(super) fn first(&self) -> u32 {
        self.first
    }

    /// Whether every row stands where it stood.
    pub(super) fn still(&self) -> bool {
        let stays = |(at, place): (usize, &Option<u32>)| *place == Some(self.first + at as u32);
        self.lines as usize == self.places.len() && self.places.iter().enumerate().all(stays)
    }

    /// Whether a row of the source is one of the table's.
    pub(super) fn holds(&self, row: u32) -> bool {
        (self.first..self.behind()).contains(&row)
    }

    /// Where a row of the source is in the copy; `None` where it was left out.
    pub(super) fn row(&self, row: u32) -> Option<u32> {
        if row < self.first {
            return Some(row);
        }
        match self.places.get((row - self.first) as usize) {
            Some(place) => *place,
            // a sheet's last row stays so: it stands for "to the end"
            None => Some(self.below(row)),
        }
    }

    fn below(&self, row: u32) -> u32 {
        if row >= LAST {
            return row;
        }
        // what is pushed beyond the last row is blank, or refused
        (row - self.places.len() as u32)
            .saturating_add(self.lines)
            .min(LAST)
    }

    /// Where a run of rows is in the copy. What takes in the whole table takes in the rows put in at its ends, too; what ends
    /// inside it takes in those between its rows. `Ok(None)` where all of its rows were left out.
    ///
    /// # Errors
    /// Where other rows stand among its own in the copy, so that no run has just these.
    pub(super) fn rows(&self, (top, bottom): Rows) -> Result<Option<Rows>, Scattered> {
        let behind = self.behind();
        if bottom < self.first || top >= behind || self.places.is_empty() {
            return Ok(self.row(top).zip(self.row(bottom)));
        }
        let last = self.first + self.lines; // behind the copy's last
        let from_above = top <= self.first;
        let to_below = bottom + 1 >= behind;
        if from_above && to_below {
            let end = match bottom >= behind {
                true => Some(self.below(bottom)),
                false => last.checked_sub(1),
            };
            return Ok(end.filter(|end| top <= *end).map(|end| (top, end)));
        }
        let inside = (top.max(self.first) - self.first) as usize
            ..(bottom.min(behind - 1) - self.first + 1) as usize;
        let kept = || self.places[inside.clone()].iter().flatten().copied();
        let ends = match self.in_order {
            true => (kept().next(), kept().next_back()),
            false => (kept().min(), kept().max()),
        };
        let (Some(low), Some(high)) = ends else {
            // what is left of a range that reaches out of the table is the part outside
            return Ok(match (top < self.first, bottom >= behind) {
                (true, _) => Some((top, self.first - 1)),
                (_, true) => Some((last, self.below(bottom))),
                _ => None,
            });
        };
        let low = if from_above { self.first } else { low };
        let high = if to_below { last - 1 } else { high };
        let strangers = |(at, place): (usize, &Option<u32>)| {
            !inside.contains(&at) && place.is_some_and(|p| (low..=high).contains(&p))
        };
        if !self.in_order && self.places.iter().enumerate().any(strangers) {
            return Err(Scattered);
        }
        let top = if top < self.first { top } else { low };
        let bottom = match bottom >= behind {
            true => self.below(bottom),
            false => high,
        };
        Ok(Some((top, bottom)))
    }
}

/// Rows that stood together in the source and do not in the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Scattered;

#[cfg(test)]
mod tests {
    use super::*;

    /// Five rows from row 2: a row put in before all, the second and third changed places, one put in at the end.
    fn turned() -> Moves {
        let lines = [
            None,
            Some(0),
            Some(2),
            Some(1),
            None,
            Some(3),
            Some(4),
            None,
        ];
        Moves::new(2, 5, lines)
    }

    #[test]
    fn rows_go_where_the_copy_has_them() {
        let moves = turned();
        assert_eq!(moves.row(1), Some(1));
        assert_eq!(moves.row(3), Some(5));
        assert_eq!(moves.row(4), Some(4));
        assert_eq!(moves.row(7), Some(10), "the row behind the table");
        assert_eq!(moves.row(1_048_575), Some(1_048_575));
        assert_eq!(Moves::new(2, 2, [Some(1)]).row(2), None);
        assert!(!moves.still());
        assert!(Moves::new(2, 2, [Some(0), Some(1)]).still());
        assert!(!Moves::new(2, 2, [Some(0), Some(1), None]).still());
    }

    #[test]
    fn runs_of_rows() {
        let moves = turned();
        assert_eq!(moves.rows((2, 6)), Ok(Some((2, 9))), "the whole table");
        assert_eq!(moves.rows((1, 6)), Ok(Some((1, 9))), "with its header");
        assert_eq!(moves.rows((0, 1_048_575)), Ok(Some((0, 1_048_575))));
        assert_eq!(
            moves.rows((3, 4)),
            Ok(Some((4, 5))),
            "two that changed places"
        );
        assert_eq!(moves.rows((2, 3)), Err(Scattered), "another came between");
        assert_eq!(moves.rows((3, 5)), Ok(Some((4, 7))));
        assert_eq!(moves.rows((8, 9)), Ok(Some((11, 12))));
        let part = Moves::new(2, 5, [Some(3)]);
        assert_eq!(part.rows((2, 3)), Ok(None));
        assert_eq!(
            part.rows((1, 3)),
            Ok(Some((1, 1))),
            "what it takes in above is left"
        );
        assert_eq!(part.rows((2, 6)), Ok(Some((2, 2))));
    }
}
