//! Where results go: standard output, or a file that appears whole or not at all. No result takes the place of the ledger, of the
//! key, of anything that the command reads, or of evidence; so a file is only ever opened here, by a [`Guard`].

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Component, Path, PathBuf};

use taggant::error::{Error, Result};
use taggant::intake::Gathered;
use taggant::vault::{KEY_FILE, LEDGER_FILE};
use tempfile::NamedTempFile;

use super::Place;

/// Links that may lead to one another; systems give up at as many.
const LINKS: usize = 40;

/// Knows where no result may go.
pub struct Guard<'a> {
    vault: Option<PathBuf>,
    keys: Vec<PathBuf>,
    read: Vec<PathBuf>,
    evidence: Option<(&'a Gathered, HashSet<PathBuf>)>,
    /// Files that results were promised to.
    taken: Vec<PathBuf>,
}

impl<'a> Guard<'a> {
    /// Keeps the vault that commands here would use, and its key.
    pub fn new(place: &Place) -> Guard<'a> {
        let vault = place.folder().ok();
        let in_vault = |name| vault.as_ref().map(|folder| folder.join(name));
        let keys = place.key_file.iter().cloned();
        // either may be a link to a file elsewhere
        let keys = keys.chain(in_vault(KEY_FILE)).chain(in_vault(LEDGER_FILE));
        Guard {
            keys: keys.map(|path| whole(&path)).collect(),
            vault: vault.map(|folder| whole(&folder)),
            read: Vec::new(),
            evidence: None,
            taken: Vec::new(),
        }
    }

    /// Keeps files that the command reads.
    pub fn reading<'p>(mut self, files: impl IntoIterator<Item = &'p PathBuf>) -> Guard<'a> {
        self.read.extend(files.into_iter().map(|path| whole(path)));
        self
    }

    /// Keeps the evidence: every leak, and what would be taken for a leak next time.
    pub fn evidence(mut self, gathered: &'a Gathered) -> Guard<'a> {
        let leaks = gathered.files.iter().flatten();
        self.evidence = Some((gathered, leaks.map(|path| whole(path)).collect()));
        self
    }

    /// The place named by an option, or standard output.
    ///
    /// # Errors
    /// A place where nothing may be written, that another result has, or that the system refuses.
    pub fn open(&mut self, output: Option<&Path>) -> Result<Sink> {
        let Some(path) = output else {
            return Ok(Sink::Standard);
        };
        self.allow(path)?;
        let sink = Sink::open(path)?;
        if let Sink::File(_, target) = &sink {
            self.taken.push(target.clone());
        }
        Ok(sink)
    }

    /// Refuses a place where nothing may be written.
    pub fn allow(&self, path: &Path) -> Result<()> {
        let target = whole(path);
        // where a link lies counts as well as where it leads
        let place = whole(folder_of(path)).join(path.file_name().unwrap_or_default());
        let refused = [&target, &place]
            .into_iter()
            .find_map(|target| self.refusal(path, target));
        refused.map_or(Ok(()), |words| Err(Error::input(words)))
    }

    /// Why nothing may be written to `target`, which was named as `path`.
    fn refusal(&self, path: &Path, target: &Path) -> Option<String> {
        let shown = path.display();
        let is_vault = |folder: &Path| {
            Some(folder) == self.vault.as_deref() || folder.join(LEDGER_FILE).is_file()
        };
        if let Some(vault) = target.ancestors().skip(1).find(|folder| is_vault(folder)) {
            return Some(format!(
                "`{shown}` lies in the vault `{}`, where nothing may be written over. Name a file somewhere else.",
                vault.display()
            ));
        }
        if self.keys.iter().any(|key| key == target) {
            return Some(format!(
                "`{shown}` is the vault's key or ledger, and is never written over. Name another file."
            ));
        }
        if self.read.iter().any(|file| file == target) {
            return Some(format!(
                "`{shown}` is a file that this command reads. Name another file to write."
            ));
        }
        if self.taken.iter().any(|file| file == target) {
            return Some(format!(
                "`{shown}` cannot take two results. Name a file of its own for each."
            ));
        }
        let (gathered, leaks) = self.evidence.as_ref()?;
        if leaks.contains(target) {
            return Some(format!(
                "`{shown}` is one of the leaks, and evidence is never written over. Name another file for the result."
            ));
        }
        let around = gathered.would_take(target)?;
        Some(format!(
            "`{shown}` lies in `{}`, which is traced: the result would be taken for a leak next time. Write it somewhere else.",
            around.display()
        ))
    }
}

/// Where a result goes, opened before the work begins: a result that has nowhere to go is known while nothing is done yet.
pub enum Sink {
    /// Standard output.
    Standard,
    /// A file that appears whole or not at all.
    File(NamedTempFile, PathBuf),
    /// A device or a pipe, written as it is.
    Through(File, PathBuf),
}

impl Sink {
    fn open(path: &Path) -> Result<Sink> {
        let refused = || Error::io("write", path);
        let known = fs::metadata(path);
        if known.as_ref().is_ok_and(|about| about.is_dir()) {
            return Err(Error::input(format!(
                "`{}` is a folder. Name a file for the result.",
                path.display()
            )));
        }
        if known.is_ok_and(|about| !about.is_file()) {
            let file = OpenOptions::new()
                .write(true)
                .open(path)
                .map_err(refused())?;
            return Ok(Sink::Through(file, path.to_path_buf()));
        }
        // a link stays one, and what it leads to is written
        let target = whole(path);
        let folder = folder_of(&target);
        // a missing folder in the system's own words, which the maker of temporary files keeps to itself
        fs::metadata(folder).map_err(refused())?;
        let file = tempfile::Builder::new()
            .prefix(".taggant-")
            .tempfile_in(folder)
            .map_err(refused())?;
        Ok(Sink::File(file, target))
    }

    /// Writes the result.
    pub fn give(mut self, result: &str) -> Result<()> {
        self.put(result)?;
        self.finish()
    }

    /// Writes a part of the result, at once. False where whoever read it has seen enough.
    pub fn put(&mut self, part: &str) -> Result<bool> {
        let written = self.write_all(part.as_bytes()).and_then(|()| self.flush());
        match written {
            Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(false),
            done => done.map(|()| true).map_err(Error::io("write", self.path())),
        }
    }

    /// Shows the whole result under its name.
    pub fn finish(self) -> Result<()> {
        if let Sink::File(file, path) = self {
            file.persist(&path)
                .map_err(|e| Error::io("write", &path)(e.error))?;
        }
        Ok(())
    }

    fn path(&self) -> &Path {
        match self {
            Sink::Standard => Path::new("standard output"),
            Sink::File(_, path) | Sink::Through(_, path) => path,
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        match self {
            Sink::Standard => std::io::stdout().write(bytes),
            Sink::File(file, _) => file.write(bytes),
            Sink::Through(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        match self {
            Sink::Standard => std::io::stdout().flush(),
            Sink::File(file, _) => file.flush(),
            Sink::Through(file, _) => file.flush(),
        }
    }
}

/// The folder that a file lies in.
pub fn folder_of(path: &Path) -> &Path {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// A path without links, also where the file or its folders are still to be made.
fn whole(path: &Path) -> PathBuf {
    let mut path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    for _ in 0..LINKS {
        if let Ok(real) = path.canonicalize() {
            return real;
        }
        let mut real = PathBuf::new();
        for part in path.components() {
            match part {
                Component::CurDir => {}
                Component::ParentDir => drop(real.pop()),
                part => real.push(part),
            }
            if real.has_root() {
                real = real.canonicalize().unwrap_or(real);
            }
        }
        // a link that leads to nothing yet
        match fs::read_link(&real) {
            Ok(leads) => path = folder_of(&real).join(leads),
            Err(_) => return real,
        }
    }
    path
}
