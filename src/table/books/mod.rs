//! Workbooks of whatever kind: every sheet's filled cells, with what was hidden or could not be read said.
//!
//! Issuing takes an .xlsx apart to write it again (`xlsx`). Here nothing is written, so that far more kinds are read, each in a
//! file of its own and all into [`Cells`]: of suspects what is damaged costs the sheet that it is in, and of that only what stands
//! behind it. A workbook that is to be issued is read whole, with what its cells are besides their text.

mod agile;
mod biff;
mod binary;
mod compound;
mod keystream;
mod listed;
mod locked;
mod looks;
mod moments;
mod opendocument;
mod parts;
mod records;
mod shelf;
mod spreadsheet;
mod strings;
#[cfg(test)]
mod tests;
mod worksheet;
mod xml;
mod xml2003;
mod xor;

use std::panic::{AssertUnwindSafe, catch_unwind};

use self::compound::Compound;
use self::locked::Locked;
pub(super) use self::looks::{Looks, NumberFormat};
use self::shelf::{Shelf, Trouble};
use super::limits::Limits;
use super::sniff::{self, Content};
use super::{Cells, Password};
use crate::error::{Error, Result};

/// A workbook, taken apart.
#[derive(Debug, Default)]
pub(super) struct Book {
    /// What it is, as people call it.
    pub(super) format: String,
    pub(super) sheets: Vec<Cells>,
    /// What each sheet's cells are besides their text; nothing for suspects.
    pub(super) looks: Vec<Looks>,
    /// Number formats by the numbers that `looks` give.
    pub(super) formats: Vec<NumberFormat>,
    /// What is missing because the file is damaged.
    damage: Option<String>,
    /// Hidden sheets, sheets that could not be read; a sentence each.
    pub(super) notes: Vec<String>,
}

/// Takes a suspect workbook apart that is `content`.
///
/// # Errors
/// A file that is locked, damaged or empty, or larger than `limits` allow.
pub(super) fn read(
    name: &str,
    content: Content,
    bytes: Vec<u8>,
    password: Option<&Password>,
    limits: &Limits,
) -> Result<Book> {
    guarded(name, content, || {
        open(name, content, bytes, password, Shelf::new(limits.clone()))
    })
}

/// Takes a workbook apart that is `content` and is to be written again, with the looks of its cells.
///
/// # Errors
/// A file that is locked or empty, larger than `limits` allow, or of which anything is damaged.
pub(super) fn read_whole(
    name: &str,
    content: Content,
    bytes: Vec<u8>,
    limits: &Limits,
) -> Result<Book> {
    let shelf = Shelf::new(limits.clone()).keeping_looks();
    let book = guarded(name, content, || open(name, content, bytes, None, shelf))?;
    match &book.damage {
        None => Ok(book),
        Some(damage) => Err(Error::input(format!(
            "`{name}` cannot be read whole. {damage} Open it in a spreadsheet program, see that nothing is missing and save it as .xlsx."
        ))),
    }
}

/// The last resort: what a library below does not check, it may panic on.
fn guarded(name: &str, content: Content, read: impl FnOnce() -> Result<Book>) -> Result<Book> {
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_else(|_| {
        Err(damaged(
            name,
            content.words(),
            "it contradicts itself in a way that no program writes",
        ))
    })
}

fn open(
    name: &str,
    content: Content,
    bytes: Vec<u8>,
    password: Option<&Password>,
    mut shelf: Shelf,
) -> Result<Book> {
    let (words, done) = match content {
        Content::Workbook => (content.words(), spreadsheet::read(&bytes, &mut shelf)),
        Content::BinaryWorkbook => (content.words(), binary::read(&bytes, &mut shelf)),
        Content::OpenDocument => (content.words(), opendocument::read(&bytes, &mut shelf)),
        Content::Xml2003 => (content.words(), xml2003::read(name, bytes, &mut shelf)?),
        Content::BareBiff => (content.words(), biff::read(&bytes, &mut shelf)),
        Content::Compound => return open_compound(name, bytes, password, shelf),
        Content::Text | Content::WebPage | Content::Archive => {
            return Err(Error::input(format!(
                "`{name}` is {} and not a workbook. Give it under its own kind.",
                content.words()
            )));
        }
    };
    finish(name, words, shelf, done)
}

/// Old workbooks and locked new ones.
fn open_compound(
    name: &str,
    bytes: Vec<u8>,
    password: Option<&Password>,
    mut shelf: Shelf,
) -> Result<Book> {
    const COMPOUND: &str = "an old or password-protected workbook";
    const OLD: [(&str, &str); 2] = [
        ("Workbook", "an Excel 97 to 2003 workbook (.xls, .et)"),
        ("Book", "an Excel 5 or 95 workbook (.xls)"),
    ];
    let compound = Compound::open(&bytes).map_err(|why| damaged(name, COMPOUND, &why))?;
    let failed = |why: String| damaged(name, COMPOUND, &why);
    // a copy would come without the lock, so that whoever set it is to take it off
    let whole = shelf.keeps_looks();
    let refused = |locked: Locked| match whole {
        true => locked.unissued(name),
        false => locked.of(name),
    };
    if compound.has("EncryptedPackage") {
        if whole {
            return Err(refused(Locked::Unasked));
        }
        let info = compound.stream("EncryptionInfo").map_err(failed)?;
        let package = compound.stream("EncryptedPackage").map_err(failed)?;
        drop(bytes);
        let plain = locked::open_package(&info, package, password).map_err(refused)?;
        let content = sniff::content(name, &plain)?;
        if !matches!(content, Content::Workbook | Content::BinaryWorkbook) {
            return Err(Error::input(format!(
                "`{name}` was unlocked and holds {}, not a workbook. Save the table itself as .xlsx or CSV.",
                content.words()
            )));
        }
        let mut book = open(name, content, plain, None, shelf)?;
        book.format = format!("{}, locked with a password", book.format);
        return Ok(book);
    }
    let Some((stream, words)) = OLD.iter().find(|(stream, _)| compound.has(stream)) else {
        return Err(Error::input(format!(
            "`{name}` holds {}, not a table. Save the table itself as .xlsx or CSV.",
            compound.words()
        )));
    };
    let mut stream = compound.stream(stream).map_err(failed)?;
    drop(bytes);
    let mut words = words.to_string();
    if locked::unlock_records(&mut stream, password).map_err(refused)? {
        words.push_str(", locked with a password");
    }
    let done = biff::read(&stream, &mut shelf);
    finish(name, &words, shelf, done)
}

fn finish(
    name: &str,
    words: &str,
    shelf: Shelf,
    done: std::result::Result<(), Trouble>,
) -> Result<Book> {
    match done {
        Ok(()) => (),
        Err(Trouble::Broken(why)) => return Err(damaged(name, words, &why)),
        Err(Trouble::Limit(why)) => return Err(Error::input(format!("`{name}` {why}"))),
    }
    shelf.into_book(name, words)
}

/// A workbook that cannot be read.
fn damaged(name: &str, words: &str, why: &str) -> Error {
    Error::input(format!(
        "`{name}` looks like {words} and is damaged or cut off ({}). Get the file again, or open it in a spreadsheet program and save it as .xlsx.",
        shelf::short(why)
    ))
}
