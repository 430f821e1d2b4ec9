//! The terminal: results to standard output, everything else to standard error, progress only where somebody watches.

use std::fs::{File, OpenOptions};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use taggant::error::{Error, Result};
use tempfile::NamedTempFile;

/// Says what failed.
pub fn complain(message: &str) {
    say(&format!("taggant: {message}"));
}

/// Says what should be known, and goes on.
pub fn warn(message: &str) {
    say(&format!("taggant: warning: {message}"));
}

/// Says something that is no result.
pub fn say(message: &str) {
    // nobody reads standard error: then there is nobody to tell
    let _ = writeln!(std::io::stderr(), "{message}");
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
    /// The place named by `-o`, or standard output.
    pub fn open(output: Option<&Path>) -> Result<Sink> {
        let Some(path) = output else {
            return Ok(Sink::Standard);
        };
        if path.is_dir() {
            return Err(Error::input(format!(
                "`{}` is a folder. Name a file for the result.",
                path.display()
            )));
        }
        let known = std::fs::symlink_metadata(path);
        if known.is_ok_and(|m| !m.is_file()) {
            let file = OpenOptions::new()
                .write(true)
                .truncate(true)
                .create(true)
                .open(path)
                .map_err(Error::io("write", path))?;
            return Ok(Sink::Through(file, path.to_path_buf()));
        }
        let folder = path
            .parent()
            .filter(|p| !p.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // a missing folder in the system's own words, which the maker of temporary files keeps to itself
        std::fs::metadata(folder).map_err(Error::io("write", path))?;
        let file = tempfile::Builder::new()
            .prefix(".taggant-")
            .tempfile_in(folder)
            .map_err(Error::io("write", path))?;
        Ok(Sink::File(file, path.to_path_buf()))
    }

    /// Writes the result.
    pub fn give(mut self, result: &str) -> Result<()> {
        self.put(result)?;
        self.finish()
    }

    /// Writes a part of the result, at once. False where whoever read it has seen enough.
    pub fn put(&mut self, part: &str) -> Result<bool> {
        let (written, path) = match self {
            Sink::Standard => {
                let mut out = std::io::stdout().lock();
                let written = out.write_all(part.as_bytes()).and_then(|()| out.flush());
                (written, Path::new("standard output"))
            }
            Sink::Through(file, path) => (file.write_all(part.as_bytes()), path.as_path()),
            Sink::File(file, path) => (file.write_all(part.as_bytes()), path.as_path()),
        };
        match written {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
            done => done.map(|()| true).map_err(Error::io("write", path)),
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
}

/// Writes to standard output.
pub fn tell(result: &str) -> Result<()> {
    Sink::Standard.put(result).map(|_| ())
}

/// A JSON value as a document.
pub fn document(value: &serde_json::Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A bar that counts to `all`, on a terminal only.
pub fn progress(all: usize, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(all as u64);
    if !std::io::stderr().is_terminal() || all < 2 {
        bar.set_draw_target(ProgressDrawTarget::hidden());
    }
    if let Ok(style) = ProgressStyle::with_template("{msg} [{bar:30}] {pos}/{len}") {
        bar.set_style(style);
    }
    bar.set_message(what.to_string());
    bar
}
