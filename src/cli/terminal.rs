//! The terminal: results to standard output, everything else to standard error, progress only where somebody watches.

use std::io::{IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use taggant::error::{Error, Result};

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

/// Writes a result to standard output, or to a file that appears whole or not at all.
pub fn give(result: &str, output: Option<&Path>) -> Result<()> {
    let Some(path) = output else {
        let mut out = std::io::stdout().lock();
        return match out.write_all(result.as_bytes()).and_then(|()| out.flush()) {
            // whoever read us has seen enough
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            done => done.map_err(Error::io("write", Path::new("standard output"))),
        };
    };
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::Builder::new()
        .prefix(".taggant-")
        .tempfile_in(folder)
        .map_err(Error::io("write", path))?;
    file.write_all(result.as_bytes())
        .map_err(Error::io("write", path))?;
    file.persist(path)
        .map_err(|e| Error::io("write", path)(e.error))?;
    Ok(())
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
