//! Looks that belong to a place in the table and not to a record: stripes painted row by row, a line under the last row.
//!
//! A row put in between would push every stripe below it out of step, and show where it is. So fills that go round with a period
//! stay where they are, and the records move under them; likewise the looks that only the first or only the last row has.

use super::index::NOWHERE;

/// Periods that are looked for; people paint every second or third row.
const PERIODS: std::ops::RangeInclusive<usize> = 2..=5;
/// Rows of a hundred that must keep to a period.
const KEPT: usize = 80;
/// A row that looks like no other is an edge only where rows have no more looks than this.
const LOOKS: usize = 6;
/// The fill of a row in which no fill has the majority.
pub(super) const MIXED: u16 = u16::MAX;

/// How a row of the source looks at a place of a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As it does.
    Own,
    /// As this row of the source.
    Row(usize),
    /// With one fill in the place of another.
    Fill {
        /// The fill that goes.
        from: u16,
        /// The fill that comes.
        to: u16,
    },
}

/// What is painted by place.
#[derive(Clone, Debug, Default)]
pub(super) struct Bands {
    /// The look of each row of the table, as a number, and the fill that most of its cells have.
    looks: Vec<u32>,
    fills: Vec<u16>,
    /// The fill of each phase; empty without stripes.
    cycle: Vec<u16>,
    /// Whether the first and the last row look like no other.
    first: bool,
    last: bool,
}

impl Bands {
    /// Finds it among the looks of the table's rows and the fills that most of their cells have.
    pub(super) fn of(looks: Vec<u32>, fills: Vec<u16>) -> Bands {
        let mut bands = Bands {
            looks,
            fills,
            ..Bands::default()
        };
        let looks = &bands.looks;
        let mut kinds = looks.clone();
        kinds.sort_unstable();
        kinds.dedup();
        let alone = |look: u32| looks.iter().filter(|l| **l == look).count() == 1;
        if looks.len() > LOOKS && kinds.len() <= LOOKS {
            let (first, last) = (looks[0], looks[looks.len() - 1]);
            bands.first = first != NOWHERE && alone(first);
            bands.last = last != NOWHERE && alone(last);
        }
        bands.cycle = PERIODS
            .filter(|period| bands.fills.len() >= 4 * period)
            .find_map(|period| cycle(&bands.fills, period))
            .unwrap_or_default();
        bands
    }

    /// The fill that belongs to a place, where there are stripes.
    pub(super) fn fill_at(&self, place: usize) -> Option<u16> {
        let phase = place.checked_rem(self.cycle.len())?;
        self.cycle.get(phase).copied()
    }

    /// How the source's row `row` looks at a place of a copy with `lines` rows.
    pub(super) fn look_at(&self, place: usize, lines: usize, row: usize) -> Look {
        let rows = self.looks.len();
        if let Some(edge) = self.edge(place, lines) {
            return if edge == row {
                Look::Own
            } else {
                Look::Row(edge)
            };
        }
        if self.first && row == 0 {
            return self.like(1..rows);
        }
        if self.last && row + 1 == rows {
            return self.like((0..row).rev());
        }
        match self.fill_at(row).zip(self.fill_at(place)) {
            // a row painted on its own keeps its paint
            Some((from, to)) if from != to && self.fills.get(row) == Some(&from) => {
                Look::Fill { from, to }
            }
            _ => Look::Own,
        }
    }

    /// As the first of these rows that the sheet has an element for; blank ones may have none.
    fn like(&self, mut rows: impl Iterator<Item = usize>) -> Look {
        let there = rows.find(|row| self.looks.get(*row).is_some_and(|look| *look != NOWHERE));
        there.map_or(Look::Own, Look::Row)
    }

    /// The row whose looks belong to the first or the last place of a copy with `lines` rows, where these look like no other.
    pub(super) fn edge(&self, place: usize, lines: usize) -> Option<usize> {
        if self.first && place == 0 {
            return Some(0);
        }
        (self.last && place + 1 == lines).then(|| self.looks.len() - 1)
    }
}

/// The fill of each phase of a period that the rows keep to.
fn cycle(fills: &[u16], period: usize) -> Option<Vec<u16>> {
    let mut cycle = Vec::with_capacity(period);
    let mut kept = 0;
    for phase in 0..period {
        let rows = || fills.iter().skip(phase).step_by(period).copied();
        // Boyer and Moore's vote: a majority, if there is one
        let (mut candidate, mut votes) = (MIXED, 0usize);
        for fill in rows() {
            match (fill == candidate, votes) {
                (true, _) => votes += 1,
                (false, 0) => (candidate, votes) = (fill, 1),
                (false, _) => votes -= 1,
            }
        }
        if candidate == MIXED {
            return None;
        }
        kept += rows().filter(|fill| *fill == candidate).count();
        cycle.push(candidate);
    }
    let one_fill = cycle.iter().all(|fill| *fill == cycle[0]);
    (!one_fill && kept * 100 >= fills.len() * KEPT).then_some(cycle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_stay_and_records_move() {
        let mut fills: Vec<u16> = (0..40).map(|row| row % 2).collect();
        fills[6] = 7;
        let bands = Bands::of((0..40).collect(), fills);
        assert_eq!(bands.look_at(4, 41, 4), Look::Own, "a row at its place");
        assert_eq!(bands.look_at(5, 41, 4), Look::Fill { from: 0, to: 1 });
        assert_eq!(bands.look_at(7, 41, 6), Look::Own, "a row painted by hand");
        assert_eq!(bands.fill_at(41), Some(1));
        let plain = Bands::of(vec![0; 40], vec![3; 40]);
        assert_eq!(plain.look_at(7, 41, 6), Look::Own);
        assert_eq!(plain.fill_at(7), None);
    }

    #[test]
    fn edges_stay_at_the_edge() {
        let mut looks = vec![1; 20];
        looks[19] = 2;
        let bands = Bands::of(looks, vec![0; 20]);
        assert_eq!(
            bands.look_at(20, 21, 5),
            Look::Row(19),
            "what now stands last"
        );
        assert_eq!(
            bands.look_at(19, 21, 19),
            Look::Row(18),
            "the old last row looks like its neighbour"
        );
        assert_eq!(bands.look_at(20, 21, 19), Look::Own);
        assert_eq!(bands.look_at(3, 21, 2), Look::Own);
        let mut gap = vec![1; 20];
        (gap[0], gap[1], gap[17], gap[18], gap[19]) = (3, NOWHERE, NOWHERE, NOWHERE, 2);
        let bands = Bands::of(gap, vec![0; 20]);
        assert_eq!(bands.look_at(19, 21, 19), Look::Row(16), "over blank rows");
        assert_eq!(bands.look_at(1, 21, 0), Look::Row(2));
        let mut alone = vec![NOWHERE; 20];
        (alone[0], alone[19]) = (3, 2);
        let bands = Bands::of(alone, vec![0; 20]);
        assert_eq!(bands.look_at(1, 21, 0), Look::Row(19));
        let all_differ = Bands::of((0..20).collect(), vec![0; 20]);
        assert_eq!(all_differ.look_at(20, 21, 5), Look::Own);
        assert_eq!(
            Bands::of(Vec::new(), Vec::new()).look_at(0, 1, 0),
            Look::Own
        );
    }
}
