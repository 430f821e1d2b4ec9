//! A run that was cut, taken up again: which copies are there already, and which entries still wait for theirs.

use std::path::Path;

use super::files::sha256;
use crate::error::Result;
use crate::ledger::{ExportEntry, TableEntry};

/// How a recipient's copy stands before a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is to be made and entered.
    New,
    /// It was entered, and never seen in its place: it is to be made again, and is then the entry's.
    Pending(Box<ExportEntry>),
    /// It is in its place, byte for byte as its entry says.
    Done(Box<ExportEntry>),
}

impl Standing {
    /// Whether nothing is left to do for it.
    pub fn is_done(&self) -> bool {
        matches!(self, Standing::Done(_))
    }
}

/// One recipient's copy of one table, as asked for.
pub struct Asked<'a> {
    /// The ledger's table, where it has been entered.
    pub table: Option<&'a TableEntry>,
    /// The recipient's id, where there is one.
    pub recipient: Option<[u8; 16]>,
    /// The copy's place.
    pub path: &'a Path,
    /// Records that may be donors of canaries.
    pub donors: usize,
    /// Exactly so many canaries are asked for.
    pub canaries: Option<usize>,
    /// What the copy is for.
    pub purpose: Option<&'a str>,
    /// The copy that the table was derived from.
    pub parent: Option<&'a str>,
}

/// How a copy stands, by what the ledger has and by what is in its place.
pub fn standing(asked: &Asked<'_>, exports: &[ExportEntry]) -> Result<Standing> {
    let (Some(table), Some(recipient)) = (asked.table, asked.recipient) else {
        return Ok(Standing::New);
    };
    let name = asked.path.file_name().map(|n| n.to_string_lossy());
    let same: Vec<&ExportEntry> = exports
        .iter()
        .filter(|e| e.table == table.id && e.recipient == recipient)
        .filter(|e| Some(e.file_name.as_str()) == name.as_deref())
        .filter(|e| e.purpose.as_deref() == asked.purpose && e.parent.as_deref() == asked.parent)
        .filter(|e| as_many(asked.canaries, e.canaries, asked.donors))
        .collect();
    let Some(last) = same.last() else {
        return Ok(Standing::New);
    };
    if let Some(there) = sha256(asked.path)? {
        let found = same.iter().rev().find(|e| e.sha256 == there);
        if let Some(entry) = found {
            return Ok(Standing::Done(Box::new((*entry).clone())));
        }
    }
    Ok(match last.issued {
        None => Standing::Pending(Box::new((*last).clone())),
        Some(_) => Standing::New,
    })
}

/// Whether a copy with so many canaries may be what is asked for now. Of those asked for, a few may not have been to be had.
fn as_many(asked: Option<usize>, has: u64, donors: usize) -> bool {
    let Some(asked) = asked else { return true };
    let has = has as usize;
    has <= asked && 2 * has >= asked.min(donors)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn entry(id: &str, sha256: [u8; 32], issued: bool) -> ExportEntry {
        ExportEntry {
            id: id.into(),
            register: 1,
            table: "t-1".into(),
            recipient: [1; 16],
            created: Timestamp::UNIX_EPOCH,
            file_name: "March - A.csv".into(),
            sha256,
            rows: 10,
            canaries: 4,
            cells_altered: 3,
            sites: 30,
            purpose: None,
            parent: None,
            issued: issued.then_some(Timestamp::UNIX_EPOCH),
            withdrawn: None,
            destroyed: None,
        }
    }

    fn table() -> TableEntry {
        TableEntry {
            id: "t-1".into(),
            register: 1,
            label: "March".into(),
            source_digest: [0; 32],
            rows: 10,
            created: Timestamp::UNIX_EPOCH,
            first_ordinal: 0,
            new_records: 10,
        }
    }

    fn asked<'a>(path: &'a Path, table: &'a TableEntry) -> Asked<'a> {
        Asked {
            table: Some(table),
            recipient: Some([1; 16]),
            path,
            donors: 10,
            canaries: None,
            purpose: None,
            parent: None,
        }
    }

    #[test]
    fn a_copy_stands_as_ledger_and_folder_say() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("March - A.csv");
        let table = table();
        let stands = |exports: &[ExportEntry]| standing(&asked(&path, &table), exports).unwrap();
        let is = |standing: Standing| match standing {
            Standing::New => "new".to_string(),
            Standing::Pending(e) => format!("pending {}", e.id),
            Standing::Done(e) => format!("done {}", e.id),
        };
        let (issued, pending) = (entry("x-1", [9; 32], true), entry("x-2", [9; 32], false));
        assert_eq!(is(stands(&[])), "new");
        assert_eq!(
            is(stands(std::slice::from_ref(&issued))),
            "new",
            "it was taken away"
        );
        assert_eq!(
            is(stands(&[issued.clone(), pending.clone()])),
            "pending x-2"
        );

        std::fs::write(&path, "the copy").unwrap();
        let there = super::sha256(&path).unwrap().unwrap();
        let (shown, cut) = (entry("x-3", there, true), entry("x-4", there, false));
        assert_eq!(is(stands(&[shown.clone(), pending.clone()])), "done x-3");
        assert_eq!(is(stands(&[cut])), "done x-4");
        assert_eq!(is(stands(&[issued])), "new", "another file lies there");
        assert_eq!(is(stands(&[pending])), "pending x-2");
    }

    #[test]
    fn another_command_is_not_the_same_again() {
        let path = Path::new("nowhere/March - A.csv");
        let entries = [entry("x-1", [9; 32], false)];
        let table = table();
        let stands = |asked: &Asked<'_>| standing(asked, &entries).unwrap();
        let same = asked(path, &table);
        assert!(matches!(stands(&same), Standing::Pending(_)));
        let other = Asked {
            purpose: Some("follow-up"),
            ..asked(path, &table)
        };
        assert_eq!(stands(&other), Standing::New);
        for (canaries, same) in [(3, false), (4, true), (6, true), (30, false)] {
            let so_many = Asked {
                canaries: Some(canaries),
                ..asked(path, &table)
            };
            let new = stands(&so_many) == Standing::New;
            assert_eq!(new, !same, "{canaries}");
        }
        let other = Path::new("nowhere/April - A.csv");
        assert_eq!(stands(&asked(other, &table)), Standing::New);
    }
}
