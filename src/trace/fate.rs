//! What became of each leaked row: its record, or why it has none.

use crate::code::Handle;

/// What a row was linked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkedBy {
    /// An identifier, whole.
    Identifier,
    /// An identity number cut to fifteen digits, and other cells that agree.
    CutIdentifier,
    /// Masked identifiers and other cells that together belong to nobody else.
    Likeness,
}

/// Why a row has no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It holds nothing to link by.
    Nothing,
    /// What it holds belongs to no record.
    Unknown,
    /// An identifier belongs to a record that its other cells contradict.
    Contradicted,
    /// Two records fit as well.
    Tied,
    /// A record is like it, but a stranger's might be as well.
    Weak,
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It belongs to this record.
    Linked(Handle, LinkedBy),
    /// It belongs to none.
    Unlinked(Why),
}

impl Fate {
    /// The row's record.
    pub fn handle(self) -> Option<Handle> {
        match self {
            Fate::Linked(handle, _) => Some(handle),
            Fate::Unlinked(_) => None,
        }
    }
}
