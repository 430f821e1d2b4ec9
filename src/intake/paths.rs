//! From what was asked for to files: folders, patterns, and what is no evidence in them.

use std::collections::HashMap;
use std::fs::{self, FileType};
use std::path::{Component, Path, PathBuf};

use glob::{MatchOptions, Pattern};

use crate::error::{Error, Result};

/// What systems and programs leave everywhere, in lower case. A name that only begins with a dot is nobody's litter: it is how a
/// file is hidden.
const LITTER: [&str; 4] = ["thumbs.db", "desktop.ini", ".ds_store", "__macosx"];

/// What the given paths stand for.
#[derive(Debug, Default)]
pub struct Gathered {
    /// Every file, or what could not be followed.
    pub files: Vec<std::result::Result<PathBuf, Missing>>,
    /// How many files were passed over: thumbnails, lock files of open workbooks, devices and pipes in folders.
    pub skipped: usize,
    /// Folders that were gone through, by their real paths, with what stood for them.
    folders: Vec<(PathBuf, PathBuf)>,
    /// Patterns with the real path of what stands before their first wildcard, and what they were given as.
    patterns: Vec<(Pattern, PathBuf)>,
}

/// What was asked for or found, and could not be followed.
#[derive(Debug)]
pub struct Missing {
    /// What it was.
    pub path: PathBuf,
    /// Why: a fact and a next step.
    pub error: Error,
    /// Whether it was asked for, and nothing at all stands behind it; else it lies somewhere in a folder.
    pub asked: bool,
}

impl Gathered {
    /// The folder or pattern of which a file with this real path would be a part, if it was there when paths are gathered again.
    pub fn would_take(&self, file: &Path) -> Option<&Path> {
        let options = MatchOptions {
            require_literal_separator: true,
            ..MatchOptions::new()
        };
        let around = |(folder, _): &&(PathBuf, PathBuf)| file.starts_with(folder);
        let folder = self.folders.iter().find(around).map(|f| &f.1);
        let fits = |(p, _): &&(Pattern, PathBuf)| p.matches_path_with(file, options);
        let pattern = || self.patterns.iter().find(fits).map(|p| &p.1);
        folder.or_else(pattern).map(PathBuf::as_path)
    }
}

/// The files that the given paths stand for, each once: folders with all that is in them, sorted, patterns with what they match,
/// but for `ours`, which is no evidence, such as the vault. `-` stays what it is.
///
/// A path that is not there, a pattern that fits nothing and a folder without a file are [`Missing`].
pub fn gather(paths: &[PathBuf], ours: &[PathBuf]) -> Gathered {
    let mut gatherer = Gatherer::default();
    for path in ours {
        gatherer.is_new(path);
    }
    for path in paths {
        gatherer.argument += 1;
        gatherer.take(path);
    }
    gatherer.gathered
}

/// Whether a file or folder of this name is there for the system and not for people.
pub(super) fn is_litter(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("~$") || name.starts_with("._") || LITTER.contains(&name.as_str())
}

#[derive(Default)]
struct Gatherer {
    gathered: Gathered,
    /// Files and folders by their real paths, so that links and repeated arguments give nothing twice and end; with the argument
    /// that they were first met under.
    known: HashMap<PathBuf, usize>,
    argument: usize,
}

impl Gatherer {
    fn take(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            if !self.known.contains_key(path) {
                self.known.insert(path.to_path_buf(), self.argument);
                self.gathered.files.push(Ok(path.to_path_buf()));
            }
        } else if path.is_dir() {
            if !self.walk(path, path) {
                self.nothing(
                    path,
                    format!(
                        "`{}` holds no file to trace. Check the path.",
                        path.display()
                    ),
                );
            }
        } else if !is_pattern(path) {
            match fs::metadata(path) {
                Ok(_) => self.file(path),
                Err(error) => self.missing(path, Error::io("read", path)(error), true),
            }
        } else if let Err(error) = self.matches(path) {
            self.missing(path, error, true);
        }
    }

    fn missing(&mut self, path: &Path, error: Error, asked: bool) {
        let path = path.to_path_buf();
        self.gathered
            .files
            .push(Err(Missing { path, error, asked }));
    }

    fn nothing(&mut self, path: &Path, words: String) {
        self.missing(path, Error::input(words), true);
    }

    fn file(&mut self, path: &Path) {
        if self.is_new(path) {
            self.gathered.files.push(Ok(path.to_path_buf()));
        }
    }

    fn is_new(&mut self, path: &Path) -> bool {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let argument = self.argument;
        let mut new = false;
        self.known.entry(real).or_insert_with(|| {
            new = true;
            argument
        });
        new
    }

    /// Whether this was met under an earlier argument.
    fn is_anothers(&self, path: &Path) -> bool {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        let first = self.known.get(&real);
        first.is_some_and(|first| (1..self.argument).contains(first))
    }

    /// Every file in a folder and the folders in it, which was asked for as `given`. Whether there was any.
    fn walk(&mut self, folder: &Path, given: &Path) -> bool {
        let mut any = self.is_anothers(folder);
        let mut open = vec![folder.to_path_buf()];
        let mut found: Vec<std::result::Result<PathBuf, Missing>> = Vec::new();
        while let Some(folder) = open.pop() {
            if !self.is_new(&folder) {
                continue;
            }
            let real = folder.canonicalize().unwrap_or_else(|_| folder.clone());
            self.gathered.folders.push((real, given.to_path_buf()));
            // of two ways to one file the first by name counts, whatever order the system gives them in
            let (mut paths, broken) = entries(&folder);
            paths.sort();
            found.extend(broken.map(|error| {
                any = true;
                let asked = folder == given;
                let path = folder.clone();
                Err(Missing { path, error, asked })
            }));
            for path in paths {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                // a link counts as what it leads to; one that leads nowhere is for reading to complain of
                let kind = fs::metadata(&path).map(|about| about.file_type());
                if is_litter(&name) || kind.as_ref().is_ok_and(is_device) {
                    self.gathered.skipped += 1;
                } else if kind.is_ok_and(|kind| kind.is_dir()) {
                    any |= self.is_anothers(&path);
                    open.push(path);
                } else if self.is_new(&path) {
                    any = true;
                    found.push(Ok(path));
                } else {
                    any |= self.is_anothers(&path);
                }
            }
        }
        found.sort_by(|a, b| match (a, b) {
            (Ok(a), Ok(b)) => a.cmp(b),
            (a, b) => a.is_ok().cmp(&b.is_ok()),
        });
        self.gathered.files.extend(found);
        any
    }

    /// What a pattern stands for, for shells that leave this to the program.
    fn matches(&mut self, given: &Path) -> Result<()> {
        let shown = given.display();
        let text = given.to_str().ok_or_else(|| {
            Error::input(format!(
                "`{shown}` is a pattern that is no text. Name the files themselves."
            ))
        })?;
        let matched = glob::glob(text).map_err(|e| {
            Error::input(format!("`{shown}` is no file and no pattern ({}). Correct it, or name the files themselves.", e.msg))
        })?;
        let pattern = absolute(given).and_then(|text| Pattern::new(&text).ok());
        let pattern = pattern.map(|p| (p, given.to_path_buf()));
        self.gathered.patterns.extend(pattern);
        let mut any = false;
        for path in matched {
            match path {
                Ok(path) if path.is_dir() => any |= self.walk(&path, given),
                Ok(path) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    if is_litter(&name) {
                        self.gathered.skipped += 1;
                    } else {
                        any = true;
                        self.file(&path);
                    }
                }
                Err(e) => {
                    any = true;
                    let error = Error::io("read", e.path())(std::io::Error::from(e.error().kind()));
                    self.missing(e.path(), error, false);
                }
            }
        }
        match any {
            true => Ok(()),
            false => Err(Error::input(format!(
                "no file matches `{shown}`. Check the path."
            ))),
        }
    }
}

/// What lies in a folder, and why that is not all.
fn entries(folder: &Path) -> (Vec<PathBuf>, Option<Error>) {
    let refused = || Error::io("read", folder);
    let entries = match fs::read_dir(folder).map_err(refused()) {
        Ok(entries) => entries,
        Err(error) => return (Vec::new(), Some(error)),
    };
    let mut paths = Vec::new();
    for entry in entries {
        match entry.map_err(refused()) {
            Ok(entry) => paths.push(entry.path()),
            Err(error) => return (paths, Some(error)),
        }
    }
    (paths, None)
}

/// A pattern with the real path of what stands before its first wildcard.
fn absolute(pattern: &Path) -> Option<String> {
    let parts: Vec<Component<'_>> = pattern.components().collect();
    let wild = |part: &Component<'_>| has_wildcard(part.as_ref());
    let (before, rest) = parts.split_at(parts.iter().position(wild)?);
    let before: PathBuf = [Component::CurDir].iter().chain(before).collect();
    let real = before.canonicalize().ok()?;
    let rest: PathBuf = rest.iter().collect();
    let text = Path::new(&Pattern::escape(real.to_str()?)).join(rest);
    text.to_str().map(str::to_string)
}

/// Pipes and devices in a folder: reading them may never end.
fn is_device(kind: &FileType) -> bool {
    !kind.is_file() && !kind.is_dir()
}

/// Whether a path stands for what it matches: there is a wildcard in it, and no file of this very name.
pub fn is_pattern(path: &Path) -> bool {
    has_wildcard(path) && fs::symlink_metadata(path).is_err()
}

fn has_wildcard(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}
