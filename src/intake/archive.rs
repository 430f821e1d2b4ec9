//! Archives: every file in a zip is a leak of its own, and so is what gzip packed.
//!
//! Names inside are shown and never written to; nothing is unpacked to disk. What an archive unfolds to is counted against one
//! purse for all of it, archives inside it too, so that neither size nor nesting nor entries that share their bytes get past it.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use zip::ZipArchive;
use zip::result::ZipError;

use super::paths::is_litter;
use super::{Leak, Reading, take_apart};
use crate::error::{Error, Result};
use crate::table::{self, Password};

/// Archives inside one another.
const DEPTH: usize = 3;

/// Files in one archive.
const ENTRIES: usize = 100_000;

/// An archive may unfold to this many times its size, or to `SMALL` bytes. Tables shrink by five to thirty times.
const RATIO: u64 = 100;
const SMALL: u64 = 64 << 20;

/// Takes a file apart; of an archive, every file in it. How many files of the system it passed over.
pub(super) fn read(
    path: &str,
    name: &str,
    bytes: Vec<u8>,
    reading: &Reading,
    each: &mut dyn FnMut(&str, Result<Leak>),
) -> usize {
    let purse = (bytes.len() as u64).saturating_mul(RATIO).max(SMALL);
    let mut unpacker = Unpacker {
        reading,
        purse: purse.min(reading.limits.inflated_bytes),
        skipped: 0,
        each,
    };
    unpacker.take(path, name, bytes, 0);
    unpacker.skipped
}

struct Unpacker<'a> {
    reading: &'a Reading,
    /// Bytes that may still be unfolded.
    purse: u64,
    skipped: usize,
    each: &'a mut dyn FnMut(&str, Result<Leak>),
}

impl Unpacker<'_> {
    fn take(&mut self, path: &str, name: &str, bytes: Vec<u8>, depth: usize) {
        let is_gzip = bytes.starts_with(b"\x1F\x8B\x08");
        if !is_gzip && !table::is_archive(&bytes) {
            (self.each)(path, take_apart(path, bytes, self.reading));
        } else if depth == DEPTH {
            let error = Error::input(format!(
                "`{path}` is an archive inside {DEPTH} others. Unpack it and give what is in it."
            ));
            (self.each)(path, Err(error));
        } else if is_gzip {
            self.gzip(path, name, &bytes, depth);
        } else if let Err(error) = self.zip(path, bytes, depth) {
            (self.each)(path, Err(error));
        }
    }

    fn gzip(&mut self, path: &str, name: &str, bytes: &[u8], depth: usize) {
        let inner = match name.rsplit_once('.') {
            Some((stem, end)) if end.eq_ignore_ascii_case("gz") => stem,
            _ => "content",
        };
        let path = format!("{path}/{inner}");
        match self.unfold(&path, 0, MultiGzDecoder::new(bytes)) {
            Ok(Unfolded::Whole(content)) => self.take(&path, inner, content, depth + 1),
            Ok(Unfolded::Broken(why)) => {
                let error = Error::input(format!(
                    "`{path}` is damaged or cut off ({why}). Get the file again."
                ));
                (self.each)(&path, Err(error));
            }
            Err(error) => (self.each)(&path, Err(error)),
        }
    }

    fn zip(&mut self, path: &str, bytes: Vec<u8>, depth: usize) -> Result<()> {
        let damaged = |e: ZipError| {
            Error::input(format!(
                "`{path}` is a damaged or cut-off archive ({e}). Get the file again."
            ))
        };
        let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
        if zip.len() > ENTRIES {
            return Err(Error::input(format!(
                "`{path}` is an archive of more than {ENTRIES} files. Unpack it and give a folder at a time."
            )));
        }
        let mut seen = false;
        let names: Vec<String> = zip.file_names_raw().map(shown_name).collect();
        for (at, name) in names.into_iter().enumerate() {
            let last = name.rsplit('/').next().unwrap_or("");
            if last.is_empty() {
                continue;
            }
            if name.split('/').any(is_litter) {
                self.skipped += 1;
                continue;
            }
            seen = true;
            let inner = format!("{path}/{name}");
            let last = last.to_string();
            match self.entry(&mut zip, at, &inner) {
                Ok(content) => self.take(&inner, &last, content, depth + 1),
                Err(error) => (self.each)(&inner, Err(error)),
            }
            if self.purse == 0 {
                break;
            }
        }
        if seen {
            return Ok(());
        }
        Err(Error::input(format!(
            "`{path}` is an archive without a file. Give the file that holds the table."
        )))
    }

    /// The bytes of one file of an archive.
    fn entry(
        &mut self,
        zip: &mut ZipArchive<Cursor<Vec<u8>>>,
        at: usize,
        path: &str,
    ) -> Result<Vec<u8>> {
        let password = self.reading.password.as_ref().map(Password::as_str);
        let locked = zip.by_index_raw(at).is_ok_and(|entry| entry.encrypted());
        let opened = match password {
            Some(password) if locked => zip.by_index_decrypt(at, password.as_bytes()),
            _ => zip.by_index(at),
        };
        let file = opened.map_err(|e| match e {
            _ if locked && password.is_none() => Error::input(format!(
                "`{path}` is locked with a password. Put the password into a file and name it with `--password-file`."
            )),
            ZipError::InvalidPassword => wrong_password(path),
            ZipError::CompressionMethodNotSupported(method) => Error::input(format!(
                "`{path}` is packed by a method not known here ({method}). Unpack the archive and give the file itself."
            )),
            e => Error::input(format!("`{path}` is damaged or cut off ({e}). Get the archive again.")),
        })?;
        let size = file.size();
        match self.unfold(path, size, file)? {
            Unfolded::Whole(content) => Ok(content),
            // the check of the old locks lets one wrong password in 256 pass
            Unfolded::Broken(_) if locked => Err(wrong_password(path)),
            Unfolded::Broken(why) => Err(Error::input(format!(
                "`{path}` is damaged or cut off ({why}). Get the archive again."
            ))),
        }
    }

    /// All bytes of `packed`, paid from the purse; `size` is what the archive says, which need not be true.
    fn unfold(&mut self, path: &str, size: u64, packed: impl Read) -> Result<Unfolded> {
        let limits = &self.reading.limits;
        let largest = limits.file_bytes.min(u64::from(u32::MAX));
        let most = self.purse.min(largest);
        let mut content = Vec::new();
        let mut read = Ok(0);
        if size <= most {
            content.reserve_exact(size as usize);
            read = packed.take(most + 1).read_to_end(&mut content);
        }
        let length = content.len() as u64;
        if size.max(length) > largest {
            self.purse = self.purse.saturating_sub(length);
            return Err(Error::input(format!(
                "`{path}` is larger than may be read at once. Unpack and split it."
            )));
        }
        if size.max(length) > most {
            self.purse = 0;
            return Err(Error::input(format!(
                "`{path}`: the archive unfolds to far more than tables do, and is not read further. Unpack what you trust of it and give that."
            )));
        }
        self.purse -= length;
        Ok(match read {
            Ok(_) => Unfolded::Whole(content),
            Err(why) => Unfolded::Broken(why),
        })
    }
}

/// What became of packed bytes.
enum Unfolded {
    Whole(Vec<u8>),
    Broken(std::io::Error),
}

fn wrong_password(path: &str) -> Error {
    Error::input(format!(
        "`{path}` is locked, and the password given does not open it. Give the right one, or get the archive again if you are sure of it."
    ))
}

/// A name inside an archive as text: UTF-8 whether it says so or not, else as Chinese Windows writes it. It is only ever shown, so
/// that it may say what it likes but for control characters.
fn shown_name(raw: &[u8]) -> String {
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text.to_string(),
        Err(_) => table::decode_name(raw),
    };
    text.chars()
        .map(|c| match c {
            '\\' => '/',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}
