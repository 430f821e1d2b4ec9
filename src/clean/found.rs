//! What cleaning found, for reports: results only.

/// How it is known which copy a file came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    /// It is that copy, byte for byte.
    SameFile,
    /// It holds so many of the copy's own canaries.
    Canaries(usize),
    /// It carries the copy's marks.
    Marks,
    /// The officer said so.
    Told,
}

/// What a partner changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A cell says something else than in the copy.
    Cell {
        /// The returned file's number of the row, from 1.
        row: usize,
        /// The source table's row, from 1 after its header.
        source_row: usize,
        /// The column's name.
        column: String,
        /// What the source says; none where that is not known without the source.
        before: Option<String>,
        /// What the cleaned table says.
        after: String,
    },
    /// A row that the copy did not have.
    Added {
        /// The returned file's number of the row, from 1.
        row: usize,
        /// Its cells.
        cells: Vec<String>,
    },
    /// A row of the copy that is gone.
    Deleted {
        /// The source table's row, from 1 after its header.
        source_row: usize,
        /// What the source says there; none where that is not known without the source.
        cells: Option<Vec<String>>,
    },
}

/// In what order the cleaned table's rows stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowOrder {
    /// As in the source: the returned file still stood as the copy did, or the source's order was asked for.
    Source,
    /// As in the returned file, which its partner sorted anew.
    Returned,
}

/// What became of the columns that number the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbering {
    /// There are none.
    None,
    /// The source's numbers are back.
    Source,
    /// The partner had numbered the rows anew, and so they are again.
    Anew,
    /// Some were numbers of neither kind and stay as they came.
    Left,
}

/// What was found in a returned copy, and what was done.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The export that it came from.
    pub export: String,
    /// Whose that was.
    pub recipient: String,
    /// The register's name.
    pub register: String,
    /// The source table's label.
    pub table: String,
    /// How that is known.
    pub sign: Sign,
    /// Whether the source table was at hand.
    pub with_original: bool,
    /// Rows that came back.
    pub rows_returned: usize,
    /// Rows of the source table.
    pub rows_of_source: usize,
    /// Made-up records that were taken out.
    pub canaries_removed: usize,
    /// Cells that a mark had altered and that say again what the source says.
    pub restored: usize,
    /// Altered cells that had been corrected to what the source says.
    pub set_back: usize,
    /// What the partner changed, by the returned file's rows, deleted rows last.
    pub changes: Vec<Change>,
    /// Cells that a mark may still be in, by column.
    pub doubtful: Vec<(String, usize)>,
    /// Cells that could not be held against the copy without the source, by column.
    pub unseen: Vec<(String, usize)>,
    /// The order of rows.
    pub order: RowOrder,
    /// The numbering of rows.
    pub numbering: Numbering,
    /// What the officer should know, in sentences.
    pub notes: Vec<String>,
}

impl Found {
    /// (cells changed, rows added, rows deleted).
    pub fn counts(&self) -> (usize, usize, usize) {
        let of = |test: fn(&Change) -> bool| self.changes.iter().filter(|c| test(c)).count();
        (
            of(|c| matches!(c, Change::Cell { .. })),
            of(|c| matches!(c, Change::Added { .. })),
            of(|c| matches!(c, Change::Deleted { .. })),
        )
    }

    /// Cells changed, by column in the order of first change.
    pub fn changed_columns(&self) -> Vec<(&str, usize)> {
        let mut columns: Vec<(&str, usize)> = Vec::new();
        for change in &self.changes {
            let Change::Cell { column, .. } = change else {
                continue;
            };
            match columns.iter_mut().find(|(name, _)| name == column) {
                Some((_, count)) => *count += 1,
                None => columns.push((column, 1)),
            }
        }
        columns
    }
}
