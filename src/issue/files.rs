//! Files that appear under their name only when their entry is durable.
//!
//! A run works in the folder of its copies under hidden names that begin with a tag of its own, and holds a lock on a hidden file of
//! that tag for as long as it lives. So the next run knows what a killed one left behind, and takes nothing from one that works
//! beside it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// How hidden files begin and end.
const PREFIX: &str = ".taggant-";
const PART: &str = ".part";
const RUN: &str = ".run.part";

/// Where the system cannot lock files, what is older than this is nobody's.
const STALE: Duration = Duration::from_secs(3600);

/// How often a run that is told to go out of the way of a sweeping one tries another tag.
const TRIES: usize = 16;

/// The folder in which a run makes its copies.
pub struct Workshop {
    folder: PathBuf,
    tag: String,
    /// Locked while the run lives.
    _run: NamedTempFile,
}

impl Workshop {
    /// Begins to work in a folder, after removing what runs that are no more have left there.
    pub fn open(folder: &Path) -> Result<Workshop> {
        sweep(folder);
        let refused = || Error::io("write", folder);
        for _ in 0..TRIES {
            let run = tempfile::Builder::new()
                .prefix(PREFIX)
                .suffix(RUN)
                .tempfile_in(folder)
                .map_err(refused())?;
            // a sweeping run that saw the file before it was locked has it now, or has removed it
            let locked = !matches!(run.as_file().try_lock(), Err(TryLockError::WouldBlock));
            if locked && run.path().exists() {
                return Ok(Workshop {
                    tag: tag_of(run.path()).unwrap_or_default(),
                    folder: folder.to_path_buf(),
                    _run: run,
                });
            }
        }
        Err(refused()(ErrorKind::WouldBlock.into()))
    }

    /// A new hidden file.
    pub fn part(&self) -> Result<NamedTempFile> {
        tempfile::Builder::new()
            .prefix(&format!("{PREFIX}{}-", self.tag))
            .suffix(PART)
            .tempfile_in(&self.folder)
            .map_err(Error::io("write", &self.folder))
    }
}

/// The tag of a run's locked file.
fn tag_of(run: &Path) -> Option<String> {
    let name = run.file_name()?.to_str()?;
    let tag = name.strip_prefix(PREFIX)?.strip_suffix(RUN)?;
    Some(tag.to_string())
}

/// Removes what runs that are no more left unfinished. None of it has ever been seen.
pub fn sweep(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let hidden: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().and_then(|n| n.to_str());
            name.is_some_and(|n| n.starts_with(PREFIX) && n.ends_with(PART))
        })
        .collect();
    let (runs, parts): (Vec<&PathBuf>, Vec<&PathBuf>) =
        hidden.iter().partition(|path| tag_of(path).is_some());
    for run in &runs {
        let Some(tag) = tag_of(run) else { continue };
        let Ok(file) = OpenOptions::new().read(true).write(true).open(run) else {
            continue;
        };
        let dead = match file.try_lock() {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => false,
            Err(TryLockError::Error(_)) => is_old(run),
        };
        if !dead {
            continue;
        }
        let own = format!("{PREFIX}{tag}-");
        let begins = |path: &&&PathBuf| {
            let name = path.file_name().and_then(|n| n.to_str());
            name.is_some_and(|n| n.starts_with(&own))
        };
        for part in parts.iter().filter(begins) {
            // another run may have been quicker
            let _ = std::fs::remove_file(part);
        }
        let _ = std::fs::remove_file(run);
    }
    let tags: Vec<String> = runs.iter().filter_map(|run| tag_of(run)).collect();
    for part in parts.iter().filter(|part| is_old(part)) {
        let name = part.file_name().and_then(|n| n.to_str()).unwrap_or("");
        let of_run = |tag: &String| name.starts_with(&format!("{PREFIX}{tag}-"));
        // made where no lock says whether its run is alive
        if !tags.iter().any(of_run) {
            let _ = std::fs::remove_file(part);
        }
    }
}

fn is_old(path: &Path) -> bool {
    let changed = std::fs::metadata(path).and_then(|about| about.modified());
    let age = changed.ok().and_then(|at| at.elapsed().ok());
    age.is_some_and(|age| age > STALE)
}

/// A folder that was made, and can be unmade while it is empty.
pub struct MadeFolder(Vec<PathBuf>);

impl MadeFolder {
    /// Removes what was made, as far as it is empty.
    pub fn undo(&self) {
        for folder in self.0.iter().rev() {
            // not empty, or gone: then it is no longer ours to remove
            let _ = std::fs::remove_dir(folder);
        }
    }
}

/// Makes the folder for copies, with those above it that are missing.
pub fn make_folder(out: &Path) -> Result<MadeFolder> {
    let missing: Vec<PathBuf> = out
        .ancestors()
        .take_while(|a| !a.as_os_str().is_empty() && !a.exists())
        .map(Path::to_path_buf)
        .collect();
    std::fs::create_dir_all(out).map_err(Error::io("make", out))?;
    Ok(MadeFolder(missing.into_iter().rev().collect()))
}

/// SHA-256 of a file; none where there is none.
pub fn sha256(path: &Path) -> Result<Option<[u8; 32]>> {
    match File::open(path) {
        Ok(mut file) => digest(&mut file).map(Some).map_err(Error::io("read", path)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Error::io("read", path)(e)),
    }
}

/// SHA-256 of a finished copy, which is durable when this returns.
pub fn hash_and_sync(path: &Path) -> Result<[u8; 32]> {
    // Windows makes a file durable only for who may write it
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(path)
        .map_err(Error::io("read", path))?;
    let sha256 = digest(&mut file).map_err(Error::io("read", path))?;
    file.sync_all().map_err(Error::io("write", path))?;
    Ok(sha256)
}

fn digest(file: &mut File) -> io::Result<[u8; 32]> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finalize().into()),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Renames a finished copy to its place.
pub fn show(file: NamedTempFile, path: &Path, force: bool) -> Result<()> {
    let shown = if force {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    shown.map_err(|e| not_shown(e.error, path, cfg!(windows)))?;
    readable_as_others(path);
    Ok(())
}

/// Why a copy did not get to its place. Windows lets nobody replace a file that a program has open.
fn not_shown(error: io::Error, path: &Path, windows: bool) -> Error {
    if windows && error.kind() == ErrorKind::PermissionDenied && path.exists() {
        return Error::in_use(path);
    }
    Error::io("write", path)(error)
}

/// A temporary file is for its owner's eyes; a copy gets the mode that a new file would have.
fn readable_as_others(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // a copy that stays private is no failure
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644));
    }
    #[cfg(not(unix))]
    let _ = path;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_dead_run_left_is_swept_and_what_a_living_one_makes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("March - A.csv"), "a copy").unwrap();
        // a killed run: nobody holds its lock
        std::fs::write(at(".taggant-dead00.run.part"), "").unwrap();
        std::fs::write(at(".taggant-dead00-abcdef.part"), "half").unwrap();
        // made a moment ago by who knows whom
        std::fs::write(at(".taggant-abcdef.part"), "half").unwrap();

        let living = Workshop::open(folder.path()).unwrap();
        let part = living.part().unwrap();
        let beside = Workshop::open(folder.path()).unwrap();
        let left = names(folder.path());
        assert!(!left.iter().any(|n| n.contains("dead00")), "{left:?}");
        assert!(left.contains(&"March - A.csv".to_string()));
        assert!(left.contains(&".taggant-abcdef.part".to_string()));
        assert!(part.path().exists(), "{left:?}");
        assert_ne!(living.tag, beside.tag);

        drop((part, living, beside));
        assert_eq!(
            names(folder.path()),
            [".taggant-abcdef.part", "March - A.csv"]
        );
    }

    #[test]
    fn a_copy_open_in_another_program_is_called_that() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("March - A.xlsx");
        let denied = || io::Error::from(ErrorKind::PermissionDenied);
        let message = |windows| not_shown(denied(), &path, windows).to_string();
        assert!(!message(true).contains("open in another program"));
        std::fs::write(&path, "open").unwrap();
        assert!(message(true).contains("open in another program"));
        assert!(message(true).contains("repeat the command"));
        assert!(!message(false).contains("open in another program"));
    }
}
