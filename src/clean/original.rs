//! The source table itself, where the officer gives it: then every cell is known exactly.

use std::borrow::Cow;

use super::known::Known;
use crate::mark::{Record, Variants};
use crate::table::Table;

/// The source table under its register's columns. Rows are those that the copy was made from: all of the file's, or where each
/// recipient got its own, this recipient's.
pub struct Original<'a> {
    /// The file's table.
    pub table: &'a Table,
    places: Vec<Option<usize>>,
    /// The file's rows; none where it is all of them.
    own: Option<Vec<usize>>,
}

/// A group, a column of it and the variant that was given there.
type Spot = (usize, usize, usize);

impl<'a> Original<'a> {
    /// The rows of `table` that the copy was made from; none where they are not in it.
    pub fn of(known: &Known, table: &'a Table, places: Vec<Option<usize>>) -> Option<Original<'a>> {
        let rows = known.rows.membership.len();
        let own = match table.rows() == rows {
            true => None,
            false => Some(own_rows(known, table, &places)?),
        };
        Some(Original { table, places, own })
    }

    /// A row's number in the file's table.
    fn in_file(&self, row: usize) -> usize {
        match &self.own {
            Some(own) => own.get(row).copied().unwrap_or(usize::MAX),
            None => row,
        }
    }

    /// A cell by the register's column.
    pub fn cell(&self, row: usize, column: usize) -> &str {
        match self.places.get(column).copied().flatten() {
            Some(place) if row < self.rows() => self.table.cell(self.in_file(row), place),
            _ => "",
        }
    }

    fn rows(&self) -> usize {
        self.own.as_ref().map_or(self.table.rows(), Vec::len)
    }

    /// All cells of a row.
    pub fn row(&self, row: usize) -> Vec<String> {
        let cells = self.table.row(self.in_file(row));
        cells.map(str::to_string).collect()
    }

    fn variants(&self, known: &Known, row: usize, ordinal: usize) -> Vec<Variants> {
        let record = Record::new(self.table, self.in_file(row), &self.places);
        let mut out = Vec::new();
        known.planner.variants(
            &record,
            known.handle(ordinal),
            &known.code.direction,
            &mut out,
        );
        out
    }

    /// The cells of the register's columns in the copy, counts that follow altered dates aside.
    pub fn given(&self, known: &Known, row: usize) -> Vec<Cow<'_, str>> {
        let mut cells: Vec<Cow<'_, str>> = (0..known.policy.columns.len())
            .map(|column| Cow::Borrowed(self.cell(row, column)))
            .collect();
        let Some(ordinal) = known.ordinal(row) else {
            return cells;
        };
        let variants = self.variants(known, row, ordinal);
        for (g, group) in known.shape.groups.iter().enumerate() {
            let given = known.site(ordinal, g).map_or(0, |site| site.given);
            let Some(planned) = variants.get(g).filter(|v| v.bits > 0 && given > 0) else {
                continue;
            };
            for (nth, column) in group.columns.iter().enumerate() {
                let text = planned.text(given, nth, group.columns.len());
                cells[column.column] = Cow::Owned(text.to_string());
            }
        }
        cells
    }

    /// What the copy said at a spot, if a mark altered it.
    fn spelt(&self, known: &Known, row: usize, ordinal: usize, spot: Spot) -> Option<String> {
        let (g, nth, given) = spot;
        let variants = self.variants(known, row, ordinal);
        let planned = variants.get(g).filter(|v| v.bits > 0 && given > 0)?;
        let columns = known.shape.groups.get(g)?.columns.len();
        Some(planned.text(given, nth, columns).to_string())
    }

    /// The source's own text at a spot, where the returned cell is the copy's, character by character; a cell in another dress keeps
    /// its dress.
    pub fn given_back(
        &self,
        known: &Known,
        row: usize,
        ordinal: usize,
        spot: Spot,
        returned: &str,
    ) -> Option<String> {
        let (spelt, own) = self.both(known, row, ordinal, spot)?;
        (spelt == returned).then(|| own.to_string())
    }

    /// The partner's edit of the copy's text made to the source's text instead, so that no mark stays in it.
    pub fn merged(
        &self,
        known: &Known,
        row: usize,
        ordinal: usize,
        spot: Spot,
        returned: &str,
    ) -> Option<String> {
        let (spelt, own) = self.both(known, row, ordinal, spot)?;
        Some(three_way(own, &spelt, returned))
    }

    /// The copy's text at a spot, and the source's own.
    fn both(
        &self,
        known: &Known,
        row: usize,
        ordinal: usize,
        spot: Spot,
    ) -> Option<(String, &str)> {
        let spelt = self.spelt(known, row, ordinal, spot)?;
        let column = known.shape.groups.get(spot.0)?.columns.get(spot.1)?.column;
        Some((spelt, self.cell(row, column)))
    }
}

/// The rows of a file that are, one after the other, the records of the copy's source table. One without an identifier is the next
/// such row.
fn own_rows(known: &Known, table: &Table, places: &[Option<usize>]) -> Option<Vec<usize>> {
    let mut own = Vec::with_capacity(known.rows.membership.len());
    let mut at = 0;
    for row in 0..known.rows.membership.len() {
        let ordinal = known.ordinal(row);
        let found = (at..table.rows()).find(|candidate| {
            let record = Record::new(table, *candidate, places);
            let (mut identifiers, mut plain) = (Vec::new(), Vec::new());
            known
                .shape
                .digest_identifiers(&record, &known.digests, &mut identifiers);
            match ordinal {
                None => identifiers.iter().all(|digest| *digest == 0),
                Some(ordinal) => {
                    known
                        .shape
                        .digest_plain(&record, &known.digests, &mut plain);
                    known.index.identifiers_of(ordinal) == identifiers
                        && known.index.plain_of(ordinal) == plain
                }
            }
        })?;
        own.push(found);
        at = found + 1;
    }
    Some(own)
}

/// Texts longer than this many characters by characters are not compared.
const MOST: usize = 1 << 22;

/// `returned` with the mark's own changes (from `was` to `given`) undone wherever the partner left them standing.
fn three_way(was: &str, given: &str, returned: &str) -> String {
    let chars = |text: &str| text.chars().collect::<Vec<char>>();
    let (was, given, returned_chars) = (chars(was), chars(given), chars(returned));
    if given.len().max(1) * was.len().max(returned_chars.len()) > MOST {
        return returned.to_string();
    }
    let in_source = matches(&given, &was);
    let in_returned = matches(&given, &returned_chars);
    // another text altogether holds nothing of the mark
    if in_returned.iter().flatten().count() * 10 < given.len().max(returned_chars.len()) * 6 {
        return returned.to_string();
    }
    // (from, to) in `returned`, and what is to stand there, from left to right
    let mut undone: Vec<(usize, usize, &[char])> = Vec::new();
    let (mut at, mut done) = (0, 0);
    while at <= given.len() {
        let end = (at..given.len())
            .find(|n| in_source[*n].is_some())
            .unwrap_or(given.len());
        let until = in_source.get(end).copied().flatten().unwrap_or(was.len());
        if (at < end || done < until)
            && let Some((from, to)) = standing(&in_returned, at, end, returned_chars.len())
        {
            undone.push((from, to, &was[done..until]));
        }
        at = end + 1;
        done = until + 1;
    }
    let mut out = String::new();
    let mut copied = 0;
    for (from, to, text) in undone {
        out.extend(returned_chars.get(copied..from).unwrap_or_default());
        out.extend(text);
        copied = to.max(copied);
    }
    out.extend(returned_chars.get(copied..).unwrap_or_default());
    out
}

/// Where the characters `from..to` of a text stand in another of `length`, side by side, if they do. Where there are none: the place
/// between the two around them, if nothing has come between these.
fn standing(
    places: &[Option<usize>],
    from: usize,
    to: usize,
    length: usize,
) -> Option<(usize, usize)> {
    let place = |at: usize| places.get(at).copied().flatten();
    if from < to {
        let start = place(from)?;
        let side_by_side = (from..to)
            .zip(start..)
            .all(|(at, due)| place(at) == Some(due));
        return side_by_side.then_some((start, start + (to - from)));
    }
    let before = match from {
        0 => 0,
        _ => place(from - 1)? + 1,
    };
    let behind = match to == places.len() {
        true => length,
        false => place(to)?,
    };
    (before == behind).then_some((before, behind))
}

/// For every character of `a` the character of `b` that it is, in a longest common subsequence.
fn matches(a: &[char], b: &[char]) -> Vec<Option<usize>> {
    let width = b.len() + 1;
    let mut longest = vec![0u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            longest[i * width + j] = if a[i] == b[j] {
                longest[(i + 1) * width + j + 1] + 1
            } else {
                longest[(i + 1) * width + j].max(longest[i * width + j + 1])
            };
        }
    }
    let mut out = vec![None; a.len()];
    let (mut i, mut j) = (0, 0);
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            out[i] = Some(j);
            i += 1;
            j += 1;
        } else if longest[(i + 1) * width + j] >= longest[i * width + j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::three_way;

    #[test]
    fn a_partners_edit_keeps_and_a_mark_goes() {
        let (was, given) = ("云景路12号3栋502室", "云景路12号3幢502房");
        for (returned, cleaned) in [
            (given, was),
            ("云景路12号3幢602房", "云景路12号3栋602室"),
            ("云景路12号3座602房", "云景路12号3座602室"),
            ("云景路99号", "云景路99号"),
            ("另一处", "另一处"),
            ("", ""),
        ] {
            assert_eq!(three_way(was, given, returned), cleaned, "{returned}");
        }
        assert_eq!(three_way("a,b c", "a, b c.", "a, b d."), "a,b d");
        assert_eq!(
            three_way("no fever, tired.", "no fever,tired", "no fever,very tired"),
            "no fever,very tired."
        );
    }
}
