//! From what was asked for to files: folders, patterns, and what is no evidence in them.

use std::collections::HashSet;
use std::fs::{self, FileType};
use std::path::{Path, PathBuf};

use super::Gathered;
use crate::error::{Error, Result};

/// Files that systems and programs leave everywhere.
const LITTER: [&str; 3] = ["thumbs.db", "desktop.ini", "__macosx"];

pub(super) fn gather(paths: &[PathBuf]) -> Gathered {
    let mut gatherer = Gatherer::default();
    for path in paths {
        gatherer.take(path);
    }
    gatherer.gathered
}

/// Whether a file or folder of this name is there for the system and not for people.
pub(super) fn is_litter(name: &str) -> bool {
    let name = name.to_lowercase();
    (name.starts_with('.') && name != "." && name != "..")
        || name.starts_with("~$")
        || LITTER.contains(&name.as_str())
}

#[derive(Default)]
struct Gatherer {
    gathered: Gathered,
    /// Files and folders by their real paths, so that links and repeated arguments give nothing twice and end.
    known: HashSet<PathBuf>,
}

impl Gatherer {
    fn take(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            if self.known.insert(path.to_path_buf()) {
                self.add(path);
            }
        } else if path.is_dir() {
            self.walk(path);
        } else if fs::symlink_metadata(path).is_ok() || !has_wildcard(path) {
            self.file(path);
        } else if let Err(error) = self.matches(path) {
            self.gathered.files.push(Err(error));
        }
    }

    fn add(&mut self, path: &Path) {
        self.gathered.files.push(Ok(path.to_path_buf()));
    }

    fn file(&mut self, path: &Path) {
        if self.is_new(path) {
            self.add(path);
        }
    }

    fn is_new(&mut self, path: &Path) -> bool {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
        self.known.insert(real)
    }

    /// Every file in a folder and the folders in it.
    fn walk(&mut self, folder: &Path) {
        let mut open = vec![folder.to_path_buf()];
        let mut found: Vec<Result<PathBuf>> = Vec::new();
        while let Some(folder) = open.pop() {
            if !self.is_new(&folder) {
                continue;
            }
            let entries = match fs::read_dir(&folder).map_err(Error::io("read", &folder)) {
                Ok(entries) => entries,
                Err(error) => {
                    found.push(Err(error));
                    continue;
                }
            };
            let (mut paths, mut broken) = (Vec::new(), None);
            for entry in entries {
                match entry.map_err(Error::io("read", &folder)) {
                    Ok(entry) => paths.push(entry.path()),
                    Err(error) => {
                        broken = Some(Err(error));
                        break;
                    }
                }
            }
            found.extend(broken);
            // of two ways to one file the first by name counts, whatever order the system gives them in
            paths.sort();
            for path in paths {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                // a link counts as what it leads to; one that leads nowhere is for reading to complain of
                let kind = fs::metadata(&path).map(|about| about.file_type());
                if is_litter(&name) || kind.as_ref().is_ok_and(is_device) {
                    self.gathered.skipped += 1;
                } else if kind.is_ok_and(|kind| kind.is_dir()) {
                    open.push(path);
                } else if self.is_new(&path) {
                    found.push(Ok(path));
                }
            }
        }
        found.sort_by(|a, b| match (a, b) {
            (Ok(a), Ok(b)) => a.cmp(b),
            (a, b) => a.is_ok().cmp(&b.is_ok()),
        });
        self.gathered.files.extend(found);
    }

    /// What a pattern stands for, for shells that leave this to the program.
    fn matches(&mut self, pattern: &Path) -> Result<()> {
        let shown = pattern.display();
        let text = pattern.to_str().ok_or_else(|| {
            Error::input(format!(
                "`{shown}` is a pattern that is no text. Name the files themselves."
            ))
        })?;
        let matched = glob::glob(text).map_err(|e| {
            Error::input(format!("`{shown}` is no file and no pattern ({}). Correct it, or name the files themselves.", e.msg))
        })?;
        let mut any = false;
        for path in matched {
            any = true;
            match path {
                Ok(path) if path.is_dir() => self.walk(&path),
                Ok(path) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy();
                    match is_litter(&name) {
                        true => self.gathered.skipped += 1,
                        false => self.file(&path),
                    }
                }
                Err(e) => {
                    let error = Error::io("read", e.path())(std::io::Error::from(e.error().kind()));
                    self.gathered.files.push(Err(error));
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

/// Pipes and devices in a folder: reading them may never end.
fn is_device(kind: &FileType) -> bool {
    !kind.is_file() && !kind.is_dir()
}

fn has_wildcard(path: &Path) -> bool {
    path.to_string_lossy().contains(['*', '?', '['])
}
