//! Files that appear under their name only when their entry is durable.

use std::io::Read;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use crate::error::{Error, Result};

/// How a copy is called until its entry is durable.
const PART_PREFIX: &str = ".taggant-";
const PART_SUFFIX: &str = ".part";

/// Unfinished copies of a run that was killed are removed from the folder after this time.
const STALE: std::time::Duration = std::time::Duration::from_secs(3600);

/// A hidden file beside the place of a copy.
pub fn hidden(folder: &Path) -> Result<NamedTempFile> {
    tempfile::Builder::new()
        .prefix(PART_PREFIX)
        .suffix(PART_SUFFIX)
        .tempfile_in(folder)
        .map_err(Error::io("write", folder))
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

/// Removes what a run that was killed long ago left unfinished: it has no entry, and nobody will finish it.
pub fn remove_stale(out: &Path) {
    let Ok(entries) = std::fs::read_dir(out) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let ours = name
            .to_str()
            .is_some_and(|n| n.starts_with(PART_PREFIX) && n.ends_with(PART_SUFFIX));
        let age = entry
            .metadata()
            .and_then(|m| m.modified())
            .ok()
            .and_then(|at| at.elapsed().ok());
        if ours && age.is_some_and(|age| age > STALE) {
            // another run may have been quicker
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

/// SHA-256 of a finished copy, which is durable when this returns.
pub fn hash_and_sync(path: &Path) -> Result<[u8; 32]> {
    let mut file = std::fs::File::open(path).map_err(Error::io("read", path))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer).map_err(Error::io("read", path))?;
        if read == 0 {
            break;
        }
        hasher.update(&buffer[..read]);
    }
    file.sync_all().map_err(Error::io("write", path))?;
    Ok(hasher.finalize().into())
}

/// Renames a finished copy to its place.
pub fn show(file: NamedTempFile, path: &Path, force: bool) -> Result<()> {
    let shown = if force {
        file.persist(path)
    } else {
        file.persist_noclobber(path)
    };
    shown.map_err(|e| Error::io("write", path)(e.error))?;
    readable_as_others(path);
    Ok(())
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
