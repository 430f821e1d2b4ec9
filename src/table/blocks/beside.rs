//! Tables that stand side by side.

use super::super::Cells;
use super::super::header::{self, Look};
use super::shape::{columns_of, looks_of, sample};
use super::{LeftOut, Line};

/// Columns without a gap, and their lines.
struct Strip {
    lines: Vec<Line>,
    cells: usize,
    width: u32,
    /// First and last line of data, by row.
    data: (u32, u32),
    /// The header's row and its names.
    header: Option<(u32, Vec<String>)>,
    looks: Vec<Look>,
}

/// Cuts a stack of lines at blank columns where both sides are tables of their own, and where one header names the same
/// columns several times over. What is too small for a table stays with its neighbour if the header names it, and else is
/// left out.
pub(super) fn pieces(cells: &Cells, stack: Vec<Line>, left: &mut LeftOut) -> Vec<Vec<Line>> {
    let used = used_columns(cells, &stack);
    let gaps = used.windows(2).filter(|w| w[1] - w[0] > 1).count();
    if gaps == 0 || gaps > 64 {
        return match period(cells, &stack, &used) {
            Some(width) => used
                .chunks(width)
                .map(|chunk| within(cells, &stack, chunk[0], chunk[chunk.len() - 1]))
                .collect(),
            None => vec![stack],
        };
    }
    let strips: Vec<(u32, u32)> = used
        .chunk_by(|a, b| b - a == 1)
        .map(|run| (run[0], run[run.len() - 1]))
        .collect();
    let mut tables: Vec<(u32, u32, Strip)> = Vec::new();
    let whole: Vec<Strip> = strips
        .iter()
        .map(|(from, to)| Strip::of(cells, within(cells, &stack, *from, *to)))
        .collect();
    let largest = whole.iter().map(|s| s.cells).max().unwrap_or(0);
    let main_header = whole
        .iter()
        .filter(|s| s.cells == largest)
        .find_map(|s| s.header.as_ref().map(|h| h.0));
    for (strip, (from, to)) in whole.into_iter().zip(strips) {
        let named = strip.lines.first().map(|l| l.row) == main_header && main_header.is_some();
        if strip.cells <= 4 && largest >= 12 && !named {
            left.remarks += strip.lines.len();
            continue;
        }
        match tables.last_mut() {
            Some((_, end, last)) if !last.stands_apart_from(&strip) => {
                *end = to;
                last.take_in(strip);
            }
            _ => tables.push((from, to, strip)),
        }
    }
    tables
        .into_iter()
        .map(|(from, to, _)| within(cells, &stack, from, to))
        .collect()
}

/// The columns that hold something, each once.
fn used_columns(cells: &Cells, lines: &[Line]) -> Vec<u32> {
    let mut used: Vec<bool> = Vec::new();
    for (_, column) in lines
        .iter()
        .flat_map(|l| l.cells.clone())
        .filter_map(|at| cells.place(at))
    {
        let column = column as usize;
        if column >= used.len() {
            used.resize(column + 1, false);
        }
        used[column] = true;
    }
    let columns = used.iter().enumerate().filter(|(_, used)| **used);
    columns.map(|(column, _)| column as u32).collect()
}

/// The lines as far as they lie between two columns.
fn within(cells: &Cells, lines: &[Line], from: u32, to: u32) -> Vec<Line> {
    let before = |line: &Line, column: u32| {
        let (mut low, mut high) = (line.cells.start, line.cells.end);
        while low < high {
            let middle = low + (high - low) / 2;
            match cells.place(middle) {
                Some((_, at)) if at < column => low = middle + 1,
                _ => high = middle,
            }
        }
        low
    };
    lines
        .iter()
        .map(|line| Line {
            row: line.row,
            cells: before(line, from)..before(line, to + 1),
        })
        .filter(|line| !line.cells.is_empty())
        .collect()
}

/// How many columns one table has where the header is the same two or more names over and over: lists are printed that way
/// to save paper.
fn period(cells: &Cells, stack: &[Line], used: &[u32]) -> Option<usize> {
    let first = stack.get(..header::SAMPLE).unwrap_or(stack);
    let rows = sample(cells, first, used);
    let top = header::top(&rows).filter(|top| top.names)?;
    let names = rows.get(top.at)?;
    (2..=names.len() / 2).find(|width| {
        names.len().is_multiple_of(*width)
            && names.iter().all(|name| !name.trim().is_empty())
            && names
                .chunks(*width)
                .all(|chunk| chunk.iter().zip(names).all(|(a, b)| a.trim() == b.trim()))
            && names[..*width].iter().any(|name| **name != *names[0])
    })
}

impl Strip {
    fn of(cells: &Cells, lines: Vec<Line>) -> Strip {
        let first = lines.get(..header::SAMPLE).unwrap_or(&lines);
        let columns = columns_of(cells, first);
        let rows = sample(cells, first, &columns);
        let top = header::top(&rows);
        let names = top.filter(|top| top.names);
        let header = names.and_then(|top| {
            let row = lines.get(top.at)?.row;
            let names = rows.get(top.at)?.iter().map(|name| name.trim().to_string());
            Some((row, names.filter(|name| !name.is_empty()).collect()))
        });
        let begin = top.map_or(0, |top| top.at + usize::from(top.names));
        let body = rows.get(begin..).unwrap_or_default();
        let looks = looks_of(body, &columns);
        Strip {
            cells: lines.iter().map(|l| l.cells.len()).sum(),
            width: columns.last().map_or(0, |last| last - columns[0] + 1),
            data: (
                lines.get(begin).map_or(u32::MAX, |l| l.row),
                lines.last().map_or(0, |l| l.row),
            ),
            header,
            looks: looks.into_iter().map(|(_, look)| look).collect(),
            lines,
        }
    }

    /// Whether `other`, to the right, is another table.
    fn stands_apart_from(&self, other: &Strip) -> bool {
        if let (Some((_, own)), Some((_, names))) = (&self.header, &other.header) {
            let again = names.iter().filter(|name| own.contains(name)).count();
            if again * 2 >= own.len().min(names.len()) {
                return true;
            }
        }
        let narrow = self.width < 2 || other.width < 2;
        let together =
            self.data.0.abs_diff(other.data.0) <= 1 && self.data.1.abs_diff(other.data.1) <= 1;
        if self.header.is_none() && other.header.is_none() && together {
            return !narrow && self.looks == other.looks && self.looks.contains(&Look::Figures);
        }
        if narrow || together {
            return false;
        }
        let heads_apart = match (&self.header, &other.header) {
            (Some((a, _)), Some((b, _))) => a != b,
            _ => self.data.0.abs_diff(other.data.0) > 1,
        };
        heads_apart || (self.is_dense() && other.is_dense())
    }

    /// Whether nearly every row between its first and last has a cell.
    fn is_dense(&self) -> bool {
        let first = self.lines.first().map_or(0, |l| l.row);
        let last = self.lines.last().map_or(0, |l| l.row);
        self.lines.len() as u64 * 10 >= u64::from(last - first + 1) * 9
    }

    /// Makes one of two strips of a table.
    fn take_in(&mut self, other: Strip) {
        self.cells += other.cells;
        self.width += other.width;
        self.data = (self.data.0.min(other.data.0), self.data.1.max(other.data.1));
        match (&mut self.header, other.header) {
            (Some((_, own)), Some((_, names))) => own.extend(names),
            (own @ None, theirs) => *own = theirs,
            _ => (),
        }
        self.looks.extend(other.looks);
        if other.lines.len() > self.lines.len() {
            self.lines = other.lines;
        }
    }
}
