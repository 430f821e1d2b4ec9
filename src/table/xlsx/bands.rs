//! Looks that belong to a place in the table and not to a record: stripes painted row by row, a line under the last row.
//!
//! A row put in between would push every stripe below it out of step, and show where it is. So looks that go round with a period
//! stay where they are, and the records move under them; likewise the looks that only the first or only the last row has.

use super::index::NOWHERE;

/// Periods that are looked for; people paint every second or third row.
const PERIODS: std::ops::RangeInclusive<usize> = 2..=5;
/// Rows of a hundred that must keep to a period.
const KEPT: usize = 95;

/// Of each place in the table the row of the source whose looks it has.
#[derive(Clone, Debug, Default)]
pub(super) struct Bands {
    /// The look of each row of the table, as a number.
    looks: Vec<u32>,
    /// Rows of the source, one a phase, with its look; empty without stripes.
    stripes: Vec<usize>,
    /// Whether the first and the last row look like no other.
    first: bool,
    last: bool,
}

impl Bands {
    /// Finds them among the looks of the table's rows.
    pub(super) fn of(looks: &[u32]) -> Bands {
        let mut bands = Bands {
            looks: looks.to_vec(),
            ..Bands::default()
        };
        let count = |look: u32| looks.iter().filter(|l| **l == look).take(2).count();
        if looks.len() >= 4 {
            let (first, last) = (looks[0], looks[looks.len() - 1]);
            bands.first = first != NOWHERE && count(first) == 1;
            bands.last = last != NOWHERE && count(last) == 1;
        }
        let inner = usize::from(bands.first)..looks.len() - usize::from(bands.last);
        bands.stripes = PERIODS
            .filter(|period| inner.len() >= 4 * period)
            .find_map(|period| stripes(looks, inner.clone(), period))
            .unwrap_or_default();
        bands
    }

    /// The row whose looks stand at a place of a copy with `lines` rows, for the source's row `row` or a row put in beside `row`;
    /// `None` where the row brings its own.
    pub(super) fn look_at(&self, place: usize, lines: usize, row: usize) -> Option<usize> {
        let rows = self.looks.len();
        let is_edge = |r: usize| (self.first && r == 0) || (self.last && r + 1 == rows);
        if self.first && place == 0 {
            return Some(0).filter(|r| *r != row);
        }
        if self.last && place + 1 == lines {
            return Some(rows - 1).filter(|r| *r != row);
        }
        if !self.stripes.is_empty() {
            let offset = usize::from(self.first);
            let period = self.stripes.len();
            let phase = |at: usize| (at + period - offset % period) % period;
            let usual = self.stripes[phase(row)];
            // a row painted on its own keeps its paint
            if !is_edge(row) && self.looks.get(row) != self.looks.get(usual) {
                return None;
            }
            let there = self.stripes[phase(place)];
            return (self.looks.get(there) != self.looks.get(row)).then_some(there);
        }
        if is_edge(row) {
            return match row {
                0 => Some(1),
                _ => row.checked_sub(1),
            };
        }
        None
    }

    /// The look of a row, as a number.
    pub(super) fn of_row(&self, row: usize) -> u32 {
        self.looks.get(row).copied().unwrap_or(NOWHERE)
    }
}

/// One row for each phase of a period that the looks keep to; the rows of a phase have the look that most of them have.
fn stripes(looks: &[u32], inner: std::ops::Range<usize>, period: usize) -> Option<Vec<usize>> {
    let mut usual = Vec::with_capacity(period);
    let mut kept = 0;
    for phase in 0..period {
        let rows: Vec<usize> = inner.clone().skip(phase).step_by(period).collect();
        // Boyer and Moore's vote: a majority, if there is one
        let (mut candidate, mut votes) = (*rows.first()?, 0usize);
        for row in &rows {
            match (looks[*row] == looks[candidate], votes) {
                (true, _) => votes += 1,
                (false, 0) => (candidate, votes) = (*row, 1),
                (false, _) => votes -= 1,
            }
        }
        if looks[candidate] == NOWHERE {
            return None;
        }
        kept += rows
            .iter()
            .filter(|r| looks[**r] == looks[candidate])
            .count();
        usual.push(candidate);
    }
    let one_look = usual.iter().all(|r| looks[*r] == looks[usual[0]]);
    (!one_look && kept * 100 >= inner.len() * KEPT).then_some(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stripes_stay_and_records_move() {
        let looks: Vec<u32> = (0..40).map(|row| row % 2).collect();
        let bands = Bands::of(&looks);
        assert_eq!(bands.look_at(4, 41, 4), None, "a row at its place");
        assert!(bands.look_at(5, 41, 4).is_some_and(|row| row % 2 == 1));
        let mut painted = looks.clone();
        painted[6] = 7;
        assert_eq!(
            Bands::of(&painted).look_at(7, 41, 6),
            None,
            "a row painted by hand"
        );
        assert_eq!(Bands::of(&[3; 40]).look_at(7, 41, 6), None);
    }

    #[test]
    fn edges_stay_at_the_edge() {
        let mut looks = vec![1; 20];
        looks[19] = 2;
        let bands = Bands::of(&looks);
        assert_eq!(bands.look_at(20, 21, 5), Some(19), "what now stands last");
        assert_eq!(
            bands.look_at(19, 21, 19),
            Some(18),
            "the old last row looks like its neighbour"
        );
        assert_eq!(bands.look_at(20, 21, 19), None);
        assert_eq!(bands.look_at(3, 21, 2), None);
        assert_eq!(Bands::of(&[]).look_at(0, 1, 0), None);
    }
}
