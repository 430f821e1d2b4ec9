//! Names of recipients, and of the files that copies go into.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Longest file name that common systems take, in bytes.
const LONGEST: usize = 255;

/// Refuses names that are blank, that no file name can hold, or that come twice.
pub fn check(names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Err(Error::input(
            "nobody to issue to. Name a recipient with `--to NAME`, or give a list with `--recipients FILE`.",
        ));
    }
    let mut seen = HashSet::new();
    for name in names {
        check_one(name)?;
        // Windows and macOS take two names that differ in case for one file
        if !seen.insert(name.to_lowercase()) {
            return Err(Error::input(format!(
                "recipient `{name}` is named twice. Name each recipient once (capitals do not tell two apart)."
            )));
        }
    }
    Ok(())
}

fn check_one(name: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Error::input(format!(
            "recipient `{}` {why}. Choose a plain name; it becomes part of the copy's file name.",
            name.escape_debug()
        )))
    };
    if name.trim().is_empty() {
        return refuse("has a blank name");
    }
    if name.trim() != name {
        return refuse("begins or ends with a space");
    }
    if let Some(bad) = name.chars().find(|c| {
        c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    }) {
        return refuse(&format!(
            "holds `{}`, which a file name cannot",
            bad.escape_debug()
        ));
    }
    if name.starts_with('.') || name.ends_with('.') {
        return refuse("begins or ends with a full stop, which some systems drop or hide");
    }
    if name.len() > LONGEST / 2 {
        return refuse("is too long for a file name");
    }
    Ok(())
}

/// Where a recipient's copy goes.
pub fn copy_path(out: &Path, stem: &str, recipient: &str, extension: &str) -> Result<PathBuf> {
    let file = format!("{stem} - {recipient}.{extension}");
    if file.len() > LONGEST {
        return Err(Error::input(format!(
            "`{file}` is too long for a file name. Rename the table, or shorten the recipient's name."
        )));
    }
    Ok(out.join(file))
}

/// The names in a list: one a line, or a CSV's column `recipient` or `name`. The first line is a header only if it holds one of
/// these words.
pub fn from_list(origin: &str, text: &str) -> Result<Vec<String>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().filter(|l| !l.trim().is_empty()).peekable();
    let heading = |field: &str| {
        matches!(
            unquoted(field).to_lowercase().as_str(),
            "recipient" | "name"
        )
    };
    let first = lines.peek().copied().unwrap_or("");
    let delimiter = [',', ';', '\t']
        .into_iter()
        .find(|d| first.contains(*d))
        .unwrap_or(',');
    let names: Vec<String> = match split(first, delimiter)
        .iter()
        .position(|field| heading(field))
    {
        Some(column) => lines
            .skip(1)
            .filter_map(|line| split(line, delimiter).get(column).map(|f| unquoted(f)))
            .filter(|n| !n.is_empty())
            .collect(),
        None => lines.map(unquoted).collect(),
    };
    if names.is_empty() {
        return Err(Error::input(format!(
            "`{origin}` names no recipient. Write one name a line."
        )));
    }
    Ok(names)
}

fn unquoted(field: &str) -> String {
    let field = field.trim();
    match field.strip_prefix('"').and_then(|f| f.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => field.to_string(),
    }
}

/// The fields of one line; a delimiter between quotes splits nothing.
fn split(line: &str, delimiter: char) -> Vec<&str> {
    let mut quoted = false;
    line.split(|c: char| {
        quoted ^= c == '"';
        c == delimiter && !quoted
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_in_every_dress() {
        let names = |text: &str| from_list("list", text).unwrap();
        assert_eq!(names("Ward 3\n 市一医院\r\n\n"), ["Ward 3", "市一医院"]);
        assert_eq!(names("\u{feff}name\nA\nB\n"), ["A", "B"]);
        assert_eq!(
            names("id,recipient,town\n1,\"Smith, Sons\",X\n2,B,Y\n"),
            ["Smith, Sons", "B"]
        );
        assert_eq!(
            names("A, B & Co\nC\n"),
            ["A, B & Co", "C"],
            "a comma in a plain line is part of the name"
        );
        assert!(from_list("list", "name\n").is_err());
    }

    #[test]
    fn names_that_no_file_can_hold_are_refused() {
        for bad in ["a/b", "a\\b", "", "  ", "x:", "..", "a\0b", "a\nb"] {
            assert!(check(&[bad.to_string()]).is_err(), "{bad:?}");
        }
        assert!(
            check(&["A".into(), "a".into()])
                .unwrap_err()
                .to_string()
                .contains("twice")
        );
        assert!(check(&["市一医院".into(), "Ward 3".into()]).is_ok());
    }
}
