//! Who is listed beside whom: lists in which a row now and then says what the row above says, as a household's do.

use std::collections::HashMap;

use super::Sheet;
use crate::policy::Kind;

/// Rows that are looked at.
const ROWS: usize = 4_096;

/// Columns in which neighbouring rows keep company, with the last row of every text.
pub struct Company<'a> {
    columns: Vec<(usize, HashMap<&'a str, usize>)>,
}

/// Whether neighbours share a column's value far oftener than rows drawn at random would, though most do not.
pub fn is_shared_in_passing(sheet: Sheet<'_>, column: usize) -> bool {
    let Some(described) = sheet.policy.columns.get(column) else {
        return false;
    };
    let sorted = sheet
        .policy
        .sort
        .iter()
        .any(|key| key.column == described.name);
    if sorted
        || !matches!(
            described.kind,
            Kind::Address | Kind::Phone | Kind::Email | Kind::Text
        )
    {
        return false;
    }
    let rows = sheet.table.rows().min(ROWS);
    let mut counts: HashMap<&str, usize> = HashMap::new();
    let (mut together, mut filled) = (0usize, 0usize);
    for row in 0..rows {
        let cell = sheet.cell(row, column);
        if cell.trim().is_empty() {
            continue;
        }
        filled += 1;
        *counts.entry(cell).or_insert(0) += 1;
        together += usize::from(row > 0 && sheet.cell(row - 1, column) == cell);
    }
    let by_chance: f64 =
        counts.values().map(|n| (n * (n - 1)) as f64).sum::<f64>() / (filled.max(1) as f64);
    together >= 3
        && together * 100 > filled
        && together as f64 > 3.0 * by_chance
        && counts.len() * 3 > filled
}

impl<'a> Company<'a> {
    /// The company that rows of this table keep.
    pub fn of(sheet: Sheet<'a>) -> Company<'a> {
        let columns = (0..sheet.policy.columns.len())
            .filter(|c| is_shared_in_passing(sheet, *c))
            .map(|c| {
                let cells = sheet.column(c).enumerate();
                let filled = cells.filter(|(_, cell)| !cell.trim().is_empty());
                (c, filled.map(|(row, cell)| (cell, row)).collect())
            })
            .collect();
        Company { columns }
    }

    /// The row behind which a record with these cells stands, if it keeps anybody company.
    pub fn host(&self, cells: &[String]) -> Option<usize> {
        self.columns
            .iter()
            .find_map(|(column, last)| last.get(cells.get(*column)?.as_str()).copied())
    }

    /// Whether this row and the one above it belong together.
    pub fn joins(&self, sheet: Sheet<'_>, row: usize) -> bool {
        self.columns.iter().any(|(column, _)| {
            let cell = sheet.cell(row, *column);
            row > 0 && !cell.trim().is_empty() && sheet.cell(row - 1, *column) == cell
        })
    }
}
