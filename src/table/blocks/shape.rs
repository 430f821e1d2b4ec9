//! What lines look like as a table, to tell whether others go on with it.

use super::super::Cells;
use super::super::header::{self, Look, SAMPLE, look};
use super::{Line, names_columns};

/// A table as its first lines show it.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    /// How many cells a full row has.
    pub(super) fill: usize,
    /// The header's cells with their columns; empty where there is none.
    pub(super) header: Vec<(u32, String)>,
    /// Whether rows of data follow on the header.
    pub(super) data: bool,
    /// What most cells of a column look like, where they agree; by column.
    looks: Vec<(u32, Look)>,
    /// The columns that hold something.
    columns: Vec<u32>,
}

/// The columns of lines' cells, each once and sorted.
pub(super) fn columns_of(cells: &Cells, lines: &[Line]) -> Vec<u32> {
    let mut columns: Vec<u32> = lines
        .iter()
        .flat_map(|l| l.cells.clone())
        .filter_map(|at| cells.place(at))
        .map(|(_, column)| column)
        .collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}

/// The first lines as full rows over `columns`.
pub(super) fn sample<'a>(cells: &'a Cells, lines: &[Line], columns: &[u32]) -> Vec<Vec<&'a str>> {
    lines
        .iter()
        .take(SAMPLE)
        .map(|line| {
            let mut row = vec![""; columns.len()];
            for (_, column, text) in line.cells.clone().filter_map(|at| cells.get(at)) {
                if let Ok(at) = columns.binary_search(&column)
                    && let Some(cell) = row.get_mut(at)
                {
                    *cell = text;
                }
            }
            row
        })
        .collect()
}

/// What most cells of each column look like, for columns where three in five agree.
pub(super) fn looks_of(rows: &[Vec<&str>], columns: &[u32]) -> Vec<(u32, Look)> {
    let dominant = |at: usize| {
        let mut counts = [(Look::Text, 0), (Look::Figures, 0), (Look::Code, 0)];
        let mut filled = 0;
        for row in rows {
            let own = look(row.get(at).copied().unwrap_or(""));
            if let Some((_, count)) = counts.iter_mut().find(|(look, _)| *look == own) {
                *count += 1;
                filled += 1;
            }
        }
        let (look, count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
        (count * 5 >= filled * 3 && count > 0).then_some(look)
    };
    columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| Some((*column, dominant(at)?)))
        .collect()
}

/// How many cells of a full row are filled: what the upper quarter of rows has.
fn fill_of(lines: &[Line]) -> usize {
    let mut fills: Vec<usize> = lines.iter().take(SAMPLE).map(|l| l.cells.len()).collect();
    fills.sort_unstable();
    fills.get(fills.len() * 3 / 4).copied().unwrap_or(0)
}

impl Shape {
    pub(super) fn of(cells: &Cells, lines: &[Line]) -> Shape {
        let first = lines.get(..SAMPLE).unwrap_or(lines);
        let columns = columns_of(cells, first);
        let rows = sample(cells, lines, &columns);
        let top = header::top(&rows);
        let (at, mut names) = top.map_or((0, false), |top| (top.at, top.names));
        let body = rows.get(at + usize::from(names)..).unwrap_or_default();
        let looks = looks_of(body, &columns);
        // words over words may be data as well: between tables, only what columns are called counts
        if let Some(line) = lines.get(at).filter(|_| names) {
            let over_figures = line
                .cells
                .clone()
                .filter_map(|at| cells.get(at))
                .filter(|(_, column, text)| {
                    look(text) == Look::Text && look_at(&looks, *column) == Some(Look::Figures)
                })
                .count();
            names = over_figures > 1 || names_columns(cells, line);
        }
        let header = match lines.get(at).filter(|_| names) {
            Some(line) => line
                .cells
                .clone()
                .filter_map(|at| cells.get(at))
                .map(|(_, column, text)| (column, text.trim().to_string()))
                .collect(),
            None => Vec::new(),
        };
        Shape {
            fill: fill_of(lines),
            data: at + usize::from(names) < rows.len(),
            header,
            looks,
            columns,
        }
    }

    pub(super) fn has_header(&self) -> bool {
        !self.header.is_empty()
    }

    pub(super) fn header_alone(&self) -> bool {
        self.has_header() && !self.data
    }

    /// Whether these lines are but words above a table like `other`.
    pub(super) fn is_title_of(&self, other: &Shape) -> bool {
        !self.header_alone()
            && self.fill * 5 <= other.fill * 2
            && self.columns.len() * 5 <= other.fill * 3
    }

    /// Whether these few lines are too narrow to be part of a table like `other`.
    pub(super) fn is_aside_to(&self, other: &Shape, lines: usize) -> bool {
        lines <= 3 && self.fill * 5 <= other.fill * 2
    }

    /// Whether a cell of `lines` is a figure under a column of figures.
    pub(super) fn knows_a_figure_of(&self, cells: &Cells, lines: &[Line]) -> bool {
        lines
            .iter()
            .flat_map(|l| l.cells.clone())
            .filter_map(|at| cells.get(at))
            .any(|(_, column, text)| {
                look_at(&self.looks, column) == Some(Look::Figures) && look(text) == Look::Figures
            })
    }

    /// Whether `other` begins with this table's header once more.
    pub(super) fn repeats(&self, other: &Shape) -> bool {
        let again = other
            .header
            .iter()
            .filter(|cell| self.header.contains(cell))
            .count();
        again > 0 && again * 5 >= self.header.len() * 4 && again * 5 >= other.header.len() * 4
    }

    /// Whether `other`, which has no header, can be more rows of this table.
    pub(super) fn fits(&self, other: &Shape) -> bool {
        let shared = other
            .columns
            .iter()
            .filter(|c| self.columns.binary_search(c).is_ok())
            .count();
        if shared * 5 < other.columns.len() * 3 {
            return false;
        }
        let mut compared = 0;
        let mut agree = 0;
        for (column, own) in &other.looks {
            if let Some(look) = look_at(&self.looks, *column) {
                compared += 1;
                agree += usize::from(look == *own);
            }
        }
        // as wide as this table: only what looks quite different is another
        let wanted = if other.fill * 2 > self.fill { 1 } else { 2 };
        compared == 0 || agree * 3 >= compared * wanted
    }

    /// Takes in the columns of rows that go on with the table.
    pub(super) fn widen(&mut self, other: &Shape) {
        self.columns.extend(&other.columns);
        self.columns.sort_unstable();
        self.columns.dedup();
    }
}

/// What most cells of `column` look like.
pub(super) fn look_at(looks: &[(u32, Look)], column: u32) -> Option<Look> {
    let at = looks.binary_search_by_key(&column, |(c, _)| *c).ok()?;
    looks.get(at).map(|(_, look)| *look)
}
