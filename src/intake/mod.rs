//! What was seized: bytes to tables, with the file's digest taken before anything is made of it.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::table::{self, Limits, Source};

/// A suspect file, taken apart.
pub struct Leak {
    /// The path as given.
    pub path: String,
    /// SHA-256 of its bytes.
    pub sha256: [u8; 32],
    /// Its tables: one for delimited text, one a sheet for a workbook.
    pub sources: Vec<Source>,
}

/// A leak in a file.
pub fn from_file(path: &Path, limits: &Limits) -> Result<Leak> {
    let (name, bytes) = table::load(path, limits)?;
    take_apart(&path.to_string_lossy(), &name, bytes, limits)
}

/// A leak that came some other way; `path` is what it is called.
pub fn from_bytes(path: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Leak> {
    take_apart(path, path, bytes, limits)
}

fn take_apart(path: &str, name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Leak> {
    let sha256 = Sha256::digest(&bytes).into();
    let sources = table::from_bytes(name, bytes, limits)?;
    Ok(Leak {
        path: path.to_string(),
        sha256,
        sources,
    })
}
