//! What was seized: paths to leaks, with each file's digest taken before anything is made of it.
//!
//! A path may be a file, a folder, a pattern or `-`; a file may be an archive of more. Every file in it is a leak of its own, and
//! one that cannot be read does not stop the rest.

mod archive;
pub mod child;
mod paths;
#[cfg(test)]
mod tests;

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use self::paths::{Gathered, Missing, gather, is_pattern};
use crate::error::{Error, Result};
use crate::table::{self, Contents, Limits, Password};

/// How suspect files are read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What a file may ask of us.
    pub limits: Limits,
    /// For files that are locked.
    pub password: Option<Password>,
    /// The program that takes workbooks apart in a process of its own, under limits that the system keeps: its path and its
    /// arguments. In this process where none is given.
    pub child: Option<(PathBuf, Vec<String>)>,
}

/// A suspect file, taken apart.
#[derive(Clone, Debug)]
pub struct Leak {
    /// The path as given; in an archive, the archive's path, a `/` and the path inside.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// What it holds.
    pub contents: Contents,
}

/// Reads a gathered file: `each` is given every leak in it by its path, one for a plain file, more for an archive. How many files
/// of the system were passed over in the archive.
pub fn read(path: &Path, reading: &Reading, each: &mut dyn FnMut(&str, Result<Leak>)) -> usize {
    let shown = path.to_string_lossy();
    match table::load(path, &reading.limits) {
        Ok((name, bytes)) => archive::read(&shown, &name, bytes, reading, each),
        Err(error) => {
            each(&shown, Err(error));
            0
        }
    }
}

/// Reads a leak that came some other way, such as by standard input; `path` is what it is called.
pub fn read_bytes(
    path: &str,
    bytes: Vec<u8>,
    reading: &Reading,
    each: &mut dyn FnMut(&str, Result<Leak>),
) -> usize {
    archive::read(path, path, bytes, reading, each)
}

/// SHA-256 of a file as it lies there.
pub fn digest(path: &Path) -> Result<[u8; 32]> {
    let mut file = std::fs::File::open(path).map_err(Error::io("read", path))?;
    let mut hash = Sha256::new();
    let mut chunk = vec![0; 1 << 16];
    loop {
        match file.read(&mut chunk).map_err(Error::io("read", path))? {
            0 => return Ok(hash.finalize().into()),
            n => hash.update(&chunk[..n]),
        }
    }
}

/// Whether a file still has the bytes that were read.
pub fn unchanged(path: &Path, sha256: &[u8; 32]) -> Result<bool> {
    Ok(digest(path)? == *sha256)
}

/// Takes one file apart that is no archive: the one place where its bytes go to a reader.
fn take_apart(path: &str, bytes: Vec<u8>, reading: &Reading) -> Result<Leak> {
    let sha256 = Sha256::digest(&bytes).into();
    let (password, limits) = (reading.password.as_ref(), &reading.limits);
    let contents = match &reading.child {
        Some(program) if table::is_workbook(&bytes) => {
            child::take_apart(program, path, bytes, password, limits)?
        }
        _ => table::contents(path, bytes, password, limits)?,
    };
    if contents.tables.iter().all(|found| found.table.rows() == 0) {
        return Err(nothing_read(path, &contents.notes));
    }
    Ok(Leak {
        path: path.to_string(),
        sha256,
        contents,
    })
}

/// A file without a row says nothing of whose it is, which is not the same as being nobody's.
fn nothing_read(path: &str, notes: &[String]) -> Error {
    let notes: String = notes.iter().map(|note| format!(" {note}")).collect();
    Error::input(format!(
        "nothing like a table was found in `{path}`.{notes} Look into it, and save what it holds as CSV with a row a person."
    ))
}
