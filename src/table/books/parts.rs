//! The parts of a workbook that is a zip archive, inflated as they are read and counted as they inflate.

use std::cell::Cell;
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Cursor, Read};
use std::rc::Rc;

use zip::ZipArchive;

use super::shelf::Trouble;
use crate::table::limits::{Limits, in_words};

/// More parts than any spreadsheet program writes; each costs memory in the archive's index.
const PARTS: usize = 100_000;

/// The parts by name, in lower case and with forward slashes.
pub(super) struct Parts<'a> {
    zip: ZipArchive<Cursor<&'a [u8]>>,
    names: HashMap<String, usize>,
    left: Rc<Cell<u64>>,
    cap: u64,
    one_event: u64,
}

impl<'a> Parts<'a> {
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Parts<'a>, Trouble> {
        let zip = ZipArchive::new(Cursor::new(bytes)).map_err(Trouble::broken)?;
        if zip.len() > PARTS {
            return Err(Trouble::broken(
                "it has more parts than a spreadsheet program writes",
            ));
        }
        let names = zip
            .file_names_raw()
            .enumerate()
            .map(|(at, raw)| (canonical(&String::from_utf8_lossy(raw)), at))
            .collect();
        Ok(Parts {
            zip,
            names,
            left: Rc::new(Cell::new(limits.inflated_bytes)),
            cap: limits.inflated_bytes,
            one_event: limits.cell_bytes as u64 * 2 + (1 << 20),
        })
    }

    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// How long a part says that it is, inflated.
    pub(super) fn size(&mut self, path: &str) -> u64 {
        let at = self.names.get(&canonical(path)).copied();
        let entry = at.and_then(|at| self.zip.by_index_raw(at).ok());
        entry.map_or(0, |entry| entry.size())
    }

    /// A part's content, as it is read; none where there is no such part.
    pub(super) fn part(
        &mut self,
        path: &str,
    ) -> Option<Result<Bounded<impl BufRead + use<'_, 'a>>, Trouble>> {
        let at = *self.names.get(&canonical(path))?;
        Some(match self.zip.by_index(at) {
            Ok(entry) => Ok(Bounded {
                inner: BufReader::with_capacity(1 << 16, entry),
                left: self.left.clone(),
                since: 0,
                one_event: self.one_event,
            }),
            Err(error) => Err(Trouble::broken(error)),
        })
    }

    /// A part that must be there.
    pub(super) fn needed(
        &mut self,
        path: &str,
    ) -> Result<Bounded<impl BufRead + use<'_, 'a>>, Trouble> {
        self.part(path)
            .unwrap_or_else(|| Err(Trouble::broken("its part is missing")))
    }

    /// What to say when reading stopped for the sake of the limits, else the reader's own words.
    pub(super) fn trouble(&self, why: Trouble) -> Trouble {
        match why {
            Trouble::Broken(_) if self.left.get() == 0 => Trouble::Limit(format!(
                "inflates to more than {}. Split the workbook, or save the table as CSV.",
                in_words(self.cap)
            )),
            other => other,
        }
    }
}

/// A path as archives are looked up: any case, either slash, from the root.
fn canonical(path: &str) -> String {
    let path = path.replace('\\', "/").to_ascii_lowercase();
    let mut out: Vec<&str> = Vec::new();
    for step in path.split('/') {
        match step {
            "" | "." => (),
            ".." => {
                out.pop();
            }
            step => out.push(step),
        }
    }
    out.join("/")
}

/// A reader that stops when the file's allowance is used up, or when one event of a parser takes too long to end.
pub(super) struct Bounded<R> {
    inner: R,
    left: Rc<Cell<u64>>,
    since: u64,
    one_event: u64,
}

impl<R: BufRead> Bounded<R> {
    /// A reader of bytes that are in memory already.
    pub(super) fn of_memory(inner: R, limits: &Limits) -> Bounded<R> {
        Bounded {
            inner,
            left: Rc::new(Cell::new(u64::MAX)),
            since: 0,
            one_event: limits.cell_bytes as u64 * 2 + (1 << 20),
        }
    }

    /// The parser begins another event.
    pub(super) fn begin(&mut self) {
        self.since = 0;
    }
}

impl<R: BufRead> Read for Bounded<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        let read = self.fill_buf()?.read(out)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Bounded<R> {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        if self.left.get() == 0 {
            return Err(std::io::Error::other("it inflates to too much"));
        }
        if self.since > self.one_event {
            return Err(std::io::Error::other(
                "a cell or a tag is longer than any program writes",
            ));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.since += amount as u64;
        self.left.set(self.left.get().saturating_sub(amount as u64));
        self.inner.consume(amount);
    }
}
