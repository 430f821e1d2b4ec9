//! Reports: one file an output form. They see results only, never the ledger or a key.

pub mod clean;
pub mod curves;
pub mod drill;
mod foreseen;
pub mod human;
pub mod inspect;
pub mod issuing;
pub mod json;
pub mod junit;
pub mod lookup;
pub mod rows;
pub mod summary;

/// The outcome of one leak, with what the file itself was.
pub struct LeakReport {
    /// The path as given; `-` for standard input; in an archive, the archive's path, a `/` and the path inside.
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Whether the file on the disc was the same after the trace as before; nothing where it came by standard input or a pipe.
    pub unchanged: Option<bool>,
    /// The path of a leak of the same run that has the same bytes and came first.
    pub same_as: Option<String>,
    /// What the file is, as people call it.
    pub format: String,
    /// What the reader found worth saying: hidden sheets, what could not be read, repaired text; a sentence each.
    pub notes: Vec<String>,
    /// Tables that were read: the sheet's name and the rows.
    pub tables: Vec<(Option<String>, usize)>,
    /// How many of the sheets a spreadsheet program would not show.
    pub hidden: usize,
    /// What the trace found.
    pub outcome: crate::trace::outcome::Outcome,
    /// The chance that any trace of this vault so far, this one included, named an innocent.
    pub bound_of_all_traces: f64,
    /// How many traces that is.
    pub traces: u64,
    /// What was found about each row, where that was asked for.
    pub rows: Option<rows::LeakRows>,
}

/// A file that could not be traced, or one inside an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// The path as given.
    pub path: String,
    /// SHA-256 of the file in hexadecimal, if it could be read that far.
    pub sha256: Option<String>,
    /// Why: a fact and a next step.
    pub reason: String,
    /// Whether nothing stands behind a path that was asked for; else a file is there, and cannot be read.
    pub missing: bool,
}

/// What came of one of many files.
pub enum Answer {
    /// A trace.
    Traced(Box<LeakReport>),
    /// None.
    Unread(Unread),
}

impl Answer {
    /// The leak's path.
    pub fn path(&self) -> &str {
        match self {
            Answer::Traced(report) => &report.path,
            Answer::Unread(unread) => &unread.path,
        }
    }
}

/// What stands for a character of markup in HTML and XML alike.
fn reference(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}
