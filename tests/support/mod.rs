//! A desk to work at: a temporary folder, a vault in it, and the program, run as people run it.

// every test file is a program of its own and uses a part of this
#![allow(dead_code)]

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};
use taggant::drill::leaks::{Encoding, to_csv_bytes};
use taggant::drill::registers::Maternity;
use taggant::table::{self, Limits, Source, Table};
use tempfile::TempDir;

/// What a run of the program came to.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    /// The run, which must have gone well.
    #[track_caller]
    pub fn well(self) -> Ran {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }

    /// What the program printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("no JSON ({e}): {self:?}"))
    }
}

/// A working folder, gone when dropped.
pub struct Desk {
    folder: TempDir,
}

impl Desk {
    /// An empty folder.
    pub fn bare() -> Desk {
        Desk {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    /// A folder with a vault.
    pub fn new() -> Desk {
        let desk = Desk::bare();
        desk.run(["init"]).well();
        desk
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the folder.
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The program with these arguments, ready to run.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_taggant"));
        command
            .args(arguments)
            .current_dir(self.folder())
            .env_remove("TAGGANT_VAULT")
            .env_remove("TAGGANT_KEY_FILE")
            .stdin(Stdio::null());
        command
    }

    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Ran {
        let out = self.command(arguments).output().expect("the program runs");
        Ran {
            code: out.status.code(),
            stdout: String::from_utf8(out.stdout).expect("UTF-8"),
            stderr: String::from_utf8(out.stderr).expect("UTF-8"),
        }
    }

    /// `issue TABLE --out copies --to ...`, then what else is given.
    pub fn issue(&self, table: &str, to: &[&str], more: &[&str]) -> Ran {
        let mut arguments = vec!["issue", table, "--out", "copies"];
        for name in to {
            arguments.extend(["--to", name]);
        }
        arguments.extend(more);
        self.run(arguments)
    }

    /// Every file and folder with the digest of its content.
    pub fn listing(&self) -> BTreeMap<PathBuf, String> {
        let mut all = BTreeMap::new();
        list(self.folder(), self.folder(), &mut all);
        all
    }

    /// The ledger's entries, if there is a vault that opens.
    pub fn ledger(&self) -> String {
        let ran = self.run(["ledger", "list", "--format", "json"]);
        format!("{:?} {}", ran.code, ran.stdout)
    }

    /// Runs the program, which must refuse with this code in a sentence or two that say all of `words`, print nothing, and
    /// leave everything as it was.
    #[track_caller]
    pub fn refuses(&self, code: i32, arguments: &[&str], words: &[&str]) -> Ran {
        let before = (self.listing(), self.ledger());
        let ran = self.run(arguments);
        let after = (self.listing(), self.ledger());
        assert_eq!(ran.code, Some(code), "exit code: {ran:?}");
        assert_eq!(ran.stdout, "", "nothing is a result: {ran:?}");
        let message = ran.stderr.strip_suffix('\n').unwrap_or(&ran.stderr);
        assert!(message.starts_with("taggant: "), "{message}");
        assert!(!message.contains(['\n', '\r', '\t']), "one line: {message}");
        let sentences = 1 + message.matches(". ").count() + message.matches("? ").count();
        assert!((1..=3).contains(&sentences), "a sentence or two: {message}");
        assert!(
            message.ends_with(['.', '?', ')']),
            "a whole sentence: {message}"
        );
        for word in words {
            assert!(message.contains(word), "should say {word:?}: {message}");
        }
        assert_eq!(before.0, after.0, "something was left behind or changed");
        assert_eq!(before.1, after.1, "the ledger was written");
        ran
    }
}

fn list(root: &Path, folder: &Path, all: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let inside = path.strip_prefix(root).expect("inside").to_path_buf();
        if path.is_dir() {
            all.insert(inside, "folder".into());
            list(root, &path, all);
        } else {
            let bytes = std::fs::read(&path).unwrap_or_default();
            all.insert(inside, sha256(&bytes));
        }
    }
}

/// SHA-256 in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// A made-up register of expectant mothers.
pub fn mothers(rows: usize) -> Table {
    Maternity { rows, seed: 11 }.month(0)
}

/// The same as CSV in UTF-8.
pub fn mothers_csv(rows: usize) -> Vec<u8> {
    to_csv_bytes(&mothers(rows), Encoding::Utf8)
}

/// The file's one table.
#[track_caller]
pub fn read(path: &Path) -> Source {
    let mut sources =
        table::open(path, &Limits::default()).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    assert_eq!(sources.len(), 1, "{}", path.display());
    sources.remove(0)
}

/// A column by its name.
#[track_caller]
pub fn column(table: &Table, name: &str) -> usize {
    table
        .position(name)
        .unwrap_or_else(|| panic!("no column {name} in {:?}", table.header()))
}

/// A table as CSV in UTF-8.
pub fn sheet(table: &Table) -> Vec<u8> {
    to_csv_bytes(table, Encoding::Utf8)
}
