//! A vault: one folder with the master key and the ledger.
//!
//! `master.key` holds the key as 64 hexadecimal digits and a newline, so that it survives a printout, a password manager or an
//! editor; `ledger.sqlite` is the ledger. On Unix both are for their owner only. The key may live elsewhere, and should: who has
//! both can test guesses about the people in the tables.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::key::{KEY_BYTES, MasterKey};
use crate::ledger::Ledger;

/// The vault's folder, where nothing else is asked for.
pub const FOLDER: &str = ".taggant";

/// The master key's file in the folder.
pub const KEY_FILE: &str = "master.key";

/// The ledger's file in the folder.
pub const LEDGER_FILE: &str = "ledger.sqlite";

const DIGITS: usize = 2 * KEY_BYTES;

/// An open vault.
#[derive(Debug)]
pub struct Vault {
    /// The master key.
    pub key: MasterKey,
    /// The ledger.
    pub ledger: Ledger,
    folder: PathBuf,
    key_path: PathBuf,
}

impl Vault {
    /// A new vault in `dir`, which is made if missing. Refused where one is already; what was made is removed again on failure.
    /// The key goes into `key_file` if that is given, else into the folder.
    pub fn create(dir: &Path, key_file: Option<&Path>) -> Result<Vault> {
        if dir.exists() && !dir.is_dir() {
            return Err(Error::input(format!(
                "`{}` is a file, not a folder. Name a folder for the vault with `--vault`.",
                dir.display()
            )));
        }
        let mut made = Made::default();
        made.folders(dir)?;
        let key_path = key_file.map_or_else(|| dir.join(KEY_FILE), Path::to_path_buf);
        let ledger_path = dir.join(LEDGER_FILE);
        for path in [&key_path, &ledger_path] {
            if path.try_exists().map_err(Error::io("read", path))? {
                return Err(there_already(dir, path));
            }
        }
        let key = MasterKey::generate()?;
        let mut file = made.file(dir, &key_path)?;
        file.write_all(hex(&key).as_ref())
            .and_then(|()| file.sync_all())
            .map_err(Error::io("write", &key_path))?;
        drop(made.file(dir, &ledger_path)?);
        let ledger = Ledger::create(&ledger_path, &key, Timestamp::now())?;
        made.sync()?;
        made.keep();
        Ok(Vault {
            key,
            ledger,
            folder: dir.to_path_buf(),
            key_path,
        })
    }

    /// The vault in `dir`, its key in `key_file` if that is given. The ledger opens for reading only where the system does not let
    /// it be written; see [`Ledger::read_only`].
    pub fn open(dir: &Path, key_file: Option<&Path>) -> Result<Vault> {
        let ledger_path = dir.join(LEDGER_FILE);
        let own_key = dir.join(KEY_FILE);
        let exists = |path: &Path| path.try_exists().map_err(Error::io("read", path));
        if !exists(&ledger_path)? {
            return Err(if exists(&own_key)? {
                Error::integrity(format!(
                    "the vault `{}` has a key and no ledger. Restore `{LEDGER_FILE}` from a backup; if nothing was ever issued from it, remove the folder and run `taggant init`.",
                    dir.display()
                ))
            } else {
                Error::input(format!(
                    "there is no vault at `{}`. Make one with `taggant init`, or say where it is with `--vault`.",
                    dir.display()
                ))
            });
        }
        let key_path = key_file.map_or(own_key, Path::to_path_buf);
        let key = read_key(&key_path)?;
        let ledger = Ledger::open(&ledger_path, &key)?;
        Ok(Vault {
            key,
            ledger,
            folder: dir.to_path_buf(),
            key_path,
        })
    }

    /// The nearest folder `.taggant` in `start` or above it.
    pub fn find(start: &Path) -> Option<PathBuf> {
        let start = std::path::absolute(start).ok()?;
        start
            .ancestors()
            .map(|folder| folder.join(FOLDER))
            .find(|candidate| candidate.is_dir())
    }

    /// The vault's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file that the key came from.
    pub fn key_path(&self) -> &Path {
        &self.key_path
    }

    /// True where others than its owner may read or write the key's file. Always false where the system has no Unix modes.
    pub fn key_exposed(&self) -> bool {
        exposed(&self.key_path)
    }
}

#[cfg(unix)]
fn exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn exposed(_: &Path) -> bool {
    false
}

fn there_already(dir: &Path, found: &Path) -> Error {
    Error::input(format!(
        "there is a vault in `{}` already: `{}` exists. Use it, or make the new one in another folder with `--vault`.",
        dir.display(),
        found.display()
    ))
}

/// The key as its file holds it.
fn hex(key: &MasterKey) -> Zeroizing<[u8; DIGITS + 1]> {
    let mut out = Zeroizing::new([b'\n'; DIGITS + 1]);
    for (pair, byte) in out.as_chunks_mut::<2>().0.iter_mut().zip(key.as_bytes()) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    out
}

fn digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0' + nibble
    } else {
        b'a' + nibble - 10
    }
}

/// The key in a file of 64 hexadecimal digits; white space around them is forgiven.
fn read_key(path: &Path) -> Result<MasterKey> {
    let file = File::open(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::input(format!(
            "there is no master key at `{}`. Put the vault's `{KEY_FILE}` there, or name the file that holds it.",
            path.display()
        )),
        _ => Error::io("read", path)(e),
    })?;
    // never grows, so it leaves no copies of the key behind
    let mut text = Zeroizing::new(Vec::with_capacity(4 * DIGITS));
    file.take(4 * DIGITS as u64)
        .read_to_end(&mut text)
        .map_err(Error::io("read", path))?;
    let digits = text.trim_ascii();
    let mut bytes = Zeroizing::new([0u8; KEY_BYTES]);
    let (pairs, rest) = digits.as_chunks::<2>();
    let whole = pairs.len() == KEY_BYTES && rest.is_empty();
    let read = bytes
        .iter_mut()
        .zip(pairs)
        .try_for_each(|(byte, [high, low])| {
            *byte = value(*high)? << 4 | value(*low)?;
            Some(())
        });
    match read {
        Some(()) if whole => MasterKey::from_bytes(bytes.as_ref()),
        _ => None,
    }
    .ok_or_else(|| {
        Error::input(format!(
            "`{}` is not a master key: it must hold {DIGITS} hexadecimal digits and holds {} bytes. Restore it from a backup.",
            path.display(),
            digits.len()
        ))
    })
}

fn value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).map(|d| d as u8)
}

/// What was made so far; removed again when dropped, unless kept.
#[derive(Default)]
struct Made {
    /// Outermost first.
    folders: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Made {
    /// Makes `dir` and what is missing above it. The innermost is for its owner only.
    fn folders(&mut self, dir: &Path) -> Result<()> {
        let missing: Vec<&Path> = dir
            .ancestors()
            .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
            .collect();
        for folder in missing.into_iter().rev() {
            match make_folder(folder, folder == dir) {
                Ok(()) => self.folders.push(folder.to_path_buf()),
                // another process was faster
                Err(e) if e.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
                Err(e) => return Err(Error::io("make", folder)(e)),
            }
        }
        Ok(())
    }

    /// A new file for its owner only.
    fn file(&mut self, dir: &Path, path: &Path) -> Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|e| match e.kind() {
            io::ErrorKind::AlreadyExists => there_already(dir, path),
            _ => Error::io("make", path)(e),
        })?;
        self.files.push(path.to_path_buf());
        Ok(file)
    }

    /// Makes the names durable, not only the contents.
    fn sync(&self) -> Result<()> {
        self.folders
            .iter()
            .chain(&self.files)
            .filter_map(|path| path.parent())
            .try_for_each(|parent| {
                let parent = if parent.as_os_str().is_empty() {
                    Path::new(".")
                } else {
                    parent
                };
                sync_folder(parent).map_err(Error::io("write", parent))
            })
    }

    fn keep(mut self) {
        self.folders.clear();
        self.files.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // what cannot be removed stays; the failure that led here is the one to report
        for file in self.files.iter().rev() {
            let _ = std::fs::remove_file(file);
            let mut journal = file.clone().into_os_string();
            journal.push("-journal");
            let _ = std::fs::remove_file(journal);
        }
        for folder in self.folders.iter().rev() {
            let _ = std::fs::remove_dir(folder);
        }
    }
}

#[cfg(unix)]
fn make_folder(folder: &Path, own: bool) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    let mode = if own { 0o700 } else { 0o777 };
    std::fs::DirBuilder::new().mode(mode).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path, _own: bool) -> io::Result<()> {
    std::fs::create_dir(folder)
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
