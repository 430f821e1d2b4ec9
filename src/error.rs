//! What can go wrong: a fact and a next step, in one or two sentences.

use std::path::{Path, PathBuf};

/// The library's result.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a call failed. Every message names the file, sheet, row or column it is about and what to do next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was given cannot be used: a file, a policy, a name, an option. Exit code 2.
    #[error("{0}")]
    Input(String),
    /// The vault contradicts itself: an entry was rewritten, or the key is another's. Exit code 3.
    #[error("{0}")]
    Integrity(String),
    /// The system refused to read or write. Exit code 2.
    #[error("cannot {action} `{}`: {source}. Check the path and your rights to it.", path.display())]
    Io {
        /// "read", "write", "make", ...
        action: &'static str,
        /// What it was about.
        path: PathBuf,
        /// The system's own words.
        source: std::io::Error,
    },
}

impl Error {
    /// An input error in the words given.
    pub fn input(message: impl Into<String>) -> Error {
        Error::Input(message.into())
    }

    /// A broken vault, in the words given.
    pub fn integrity(message: impl Into<String>) -> Error {
        Error::Integrity(message.into())
    }

    /// For `map_err`: the system refused `action` at `path`.
    pub fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.to_path_buf();
        move |source| {
            let code = system_code(&source);
            if cfg!(windows) && is_sharing_violation(code) {
                return Error::in_use(&path);
            }
            Error::Io {
                action,
                path,
                // the path is named already; an inner error may name a file that nobody has heard of
                source: match code {
                    Some(code) => std::io::Error::from_raw_os_error(code),
                    None => std::io::Error::from(source.kind()),
                },
            }
        }
    }

    /// A file that another program keeps to itself, as Excel does on Windows with what it has open.
    pub fn in_use(path: &Path) -> Error {
        Error::input(format!(
            "`{}` is open in another program. Close it there and repeat the command.",
            path.display()
        ))
    }

    /// The process's exit code for this error: 3 where the vault's integrity failed, else 2.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Integrity(_) => 3,
            Error::Input(_) | Error::Io { .. } => 2,
        }
    }
}

/// Whether Windows says with this number that another program has the file open (ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION).
fn is_sharing_violation(code: Option<i32>) -> bool {
    matches!(code, Some(32 | 33))
}

/// The system's number for an error, also where it is wrapped.
fn system_code(error: &std::io::Error) -> Option<i32> {
    let wrapped = || {
        error
            .get_ref()?
            .source()?
            .downcast_ref::<std::io::Error>()?
            .raw_os_error()
    };
    error.raw_os_error().or_else(wrapped)
}

/// `name` with the nearest of `known` offered, for messages about a word nobody knows.
pub fn did_you_mean<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let nearest = known
        .into_iter()
        .map(|k| (strsim::damerau_levenshtein(name, k), k))
        .min()
        .filter(|(distance, k)| *distance <= k.chars().count().max(3) / 2 + 1);
    match nearest {
        Some((_, k)) => format!("Did you mean `{k}`?"),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_numbers_of_files_in_use_are_known() {
        let in_use = [32, 33].map(|code| is_sharing_violation(Some(code)));
        assert_eq!(in_use, [true, true]);
        // not found, access denied, and an error without a number
        assert!(
            ![Some(2), Some(5), None]
                .into_iter()
                .any(is_sharing_violation)
        );
        let told = Error::in_use(Path::new("March.xlsx"));
        assert_eq!(told.exit_code(), 2);
        assert!(
            told.to_string()
                .contains("`March.xlsx` is open in another program")
        );
    }
}
