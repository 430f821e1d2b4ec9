//! The source's values in the columns that formulas read.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::value::Value;
use crate::parallel;
use crate::table::xlsx::rows::Cells;
use crate::table::xlsx::scan::Scan;
use crate::table::xlsx::strings::Strings;

/// More cells than these are not kept.
const MOST: usize = 20_000_000;
/// Rows that one core reads at a time.
const AT_ONCE: usize = 2_000;

/// Columns of sheets, each a value a row.
#[derive(Clone, Debug, Default)]
pub struct Store {
    columns: HashMap<(usize, u16), Vec<Value>>,
    longest: HashMap<(usize, u16), usize>,
}

impl Store {
    /// Reads columns, by sheet; `None` where there are too many cells, or some that no calculation takes.
    pub fn of(
        scans: &[Scan],
        strings: Option<&Strings>,
        wanted: &BTreeSet<(usize, u16)>,
    ) -> Option<Store> {
        let mut by_sheet: BTreeMap<usize, Vec<u16>> = BTreeMap::new();
        for (sheet, column) in wanted {
            by_sheet.entry(*sheet).or_default().push(*column);
        }
        let mut store = Store::default();
        let mut left = MOST;
        for (sheet, columns) in by_sheet {
            let scan = scans.get(sheet)?;
            let rows = scan
                .layout
                .rows
                .last()
                .map_or(0, |row| row.number as usize + 1);
            left = left.checked_sub(rows * columns.len())?;
            let ranges = parallel::ranges(scan.layout.rows.len(), AT_ONCE);
            let read = |at: usize| {
                let rows = ranges.get(at)?.clone();
                cells(scan, strings, rows, &columns)
            };
            let mut found: Vec<Vec<Value>> = vec![vec![Value::Blank; rows]; columns.len()];
            for part in parallel::map(ranges.len(), read) {
                for (row, at, value) in part? {
                    *found.get_mut(at)?.get_mut(row as usize)? = value;
                }
            }
            for (column, values) in columns.iter().zip(found) {
                let longest = values.iter().map(Value::length).max().unwrap_or(0);
                store.longest.insert((sheet, *column), longest);
                store.columns.insert((sheet, *column), values);
            }
        }
        Some(store)
    }

    /// Whether a column was read.
    pub fn has(&self, sheet: usize, column: u16) -> bool {
        self.columns.contains_key(&(sheet, column))
    }

    /// What a cell of the source says.
    pub fn get(&self, sheet: usize, row: u32, column: u16) -> &Value {
        let values = self.columns.get(&(sheet, column));
        values
            .and_then(|v| v.get(row as usize))
            .unwrap_or(&Value::Blank)
    }

    /// Bytes of a column's longest text.
    pub fn longest(&self, sheet: usize, column: u16) -> usize {
        self.longest.get(&(sheet, column)).copied().unwrap_or(0)
    }
}

/// The cells of these columns in some rows: row, place among the columns, value.
fn cells(
    scan: &Scan,
    strings: Option<&Strings>,
    rows: std::ops::Range<usize>,
    columns: &[u16],
) -> Option<Vec<(u32, usize, Value)>> {
    let mut texts: HashMap<u32, Arc<str>> = HashMap::new();
    let mut shared = |id: u32| {
        let text = texts.entry(id);
        text.or_insert_with(|| strings.map_or_else(|| "".into(), |s| s.text(id).into()))
            .clone()
    };
    let mut out = Vec::new();
    for row in scan.layout.rows.get(rows)? {
        for cell in Cells::of(&scan.bytes, *row) {
            if let Ok(at) = columns.binary_search(&cell.column) {
                out.push((row.number, at, Value::of(&scan.bytes, &cell, &mut shared)?));
            }
        }
    }
    Some(out)
}
