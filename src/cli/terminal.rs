//! The terminal: results to standard output, everything else to standard error, progress only where somebody watches.

use std::io::{IsTerminal, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use taggant::error::Result;

use super::sink::Sink;

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
