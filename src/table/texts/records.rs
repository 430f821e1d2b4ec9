//! Records whose values have names, as they come: columns in the order in which their names are first met.

use std::collections::HashMap;

use super::super::cells::Cells;
use super::super::limits::Limits;
use super::Sheet;

/// Records that stand in one place, such as the objects of one array.
#[derive(Default)]
pub(super) struct List {
    /// Empty where the records are arrays.
    pub(super) names: Vec<String>,
    by_name: HashMap<String, u32>,
    pub(super) cells: Cells,
    pub(super) next_row: u32,
}

/// Cells of a record, with the numbers of their names.
pub(super) type Record = Vec<(u32, String)>;

impl List {
    /// The number of the column of this name, new or not.
    pub(super) fn column(&mut self, name: &str) -> u32 {
        if let Some(column) = self.by_name.get(name) {
            return *column;
        }
        let column = self.names.len() as u32;
        self.names.push(name.to_string());
        self.by_name.insert(name.to_string(), column);
        column
    }

    /// How the one record is a table turned on its side, if it is: every column has the same keys under it, or every row.
    pub(super) fn turn(&self) -> Option<Turn> {
        if self.next_row != 1 || self.names.len() < 4 {
            return None;
        }
        let numbered = |name: &String| {
            let (_, number) = name.rsplit_once('.')?;
            number.parse::<u32>().ok()
        };
        if self.names.iter().all(|name| numbered(name).is_some()) {
            return Some(Turn::ColumnsFirst);
        }
        let mut fields = Vec::with_capacity(self.names.len());
        for name in &self.names {
            fields.push(name.split_once('.')?.1);
        }
        fields.sort_unstable();
        fields.dedup();
        (fields.len() * 2 <= self.names.len()).then_some(Turn::RowsFirst)
    }

    /// The records as rows.
    pub(super) fn sheet(self, limits: &Limits) -> Sheet {
        let Some(turn) = self.turn() else {
            return Sheet {
                names: (!self.names.is_empty()).then_some(self.names),
                cells: self.cells,
            };
        };
        let mut turned = List::default();
        let mut keys: HashMap<&str, u32> = HashMap::new();
        // row, column, text
        let mut places: Vec<(u32, u32, &str)> = Vec::new();
        for (_, column, text) in self.cells.iter() {
            let name = self.names.get(column as usize).map_or("", String::as_str);
            match turn {
                Turn::ColumnsFirst => {
                    if let Some((name, row)) = name.rsplit_once('.')
                        && let Ok(row) = row.parse()
                    {
                        places.push((row, turned.column(name), text));
                    }
                }
                Turn::RowsFirst => {
                    if let Some((key, name)) = name.split_once('.') {
                        let next = keys.len() as u32;
                        let row = *keys.entry(key).or_insert(next);
                        if row == next {
                            // the key may be what identifies the record
                            places.push((row, turned.column("key"), key));
                        }
                        places.push((row, turned.column(name), text));
                    }
                }
            }
        }
        places.sort_unstable();
        for (row, column, text) in places {
            // all of it was taken before, but for short keys
            let _ = turned.cells.push(row, column, text, limits);
        }
        Sheet {
            names: Some(turned.names),
            cells: turned.cells,
        }
    }
}

/// How pandas and others write a table as one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// `{"name": {"0": "Ann", "1": "Bob"}, "phone": {"0": ...}}`
    ColumnsFirst,
    /// `{"7": {"name": "Ann", "phone": ...}, "8": {"name": ...}}`
    RowsFirst,
}
