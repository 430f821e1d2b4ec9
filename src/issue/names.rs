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
    fault(name).map_or(Ok(()), |why| {
        Err(Error::input(format!(
            "recipient `{}` {why}. Choose a plain name; it becomes part of the copy's file name.",
            name.escape_debug()
        )))
    })
}

/// Why a name cannot be a recipient's, in words that follow on the name.
pub(super) fn fault(name: &str) -> Option<String> {
    if name.trim().is_empty() {
        return Some("has a blank name".to_string());
    }
    if name.trim() != name {
        return Some("begins or ends with a space".to_string());
    }
    if let Some(bad) = name.chars().find(|c| {
        c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|')
    }) {
        return Some(format!(
            "holds `{}`, which a file name cannot",
            bad.escape_debug()
        ));
    }
    if name.starts_with('.') || name.ends_with('.') {
        return Some(
            "begins or ends with a full stop, which some systems drop or hide".to_string(),
        );
    }
    (name.len() > LONGEST / 2).then(|| "is too long for a file name".to_string())
}

/// Names that Windows keeps for devices, whatever follows on a full stop.
const DEVICES: [&str; 6] = ["CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$"];

/// Whether Windows takes a file of this name for a device.
fn is_device(file: &str) -> bool {
    let base = file.split('.').next().unwrap_or("").trim_end();
    let base = base.to_uppercase();
    let port = ["COM", "LPT"]
        .iter()
        .find_map(|port| base.strip_prefix(port));
    let numbered = |rest: &str| {
        let mut rest = rest.chars();
        matches!(rest.next(), Some('0'..='9' | '¹' | '²' | '³')) && rest.next().is_none()
    };
    DEVICES.contains(&base.as_str()) || port.is_some_and(numbered)
}

/// Refuses a file that lies beside a workbook only while Excel or WPS has that open.
pub fn check_table(path: &Path) -> Result<()> {
    let name = path.file_name().map(|n| n.to_string_lossy());
    match name.as_deref().and_then(|n| n.strip_prefix("~$")) {
        None => Ok(()),
        Some(workbook) => Err(Error::input(format!(
            "`~${workbook}` is no table: Excel keeps such a file beside a workbook that is open. Give the workbook itself, \
             `{workbook}`, and close it before."
        ))),
    }
}

/// Where a recipient's copy goes.
pub fn copy_path(out: &Path, stem: &str, recipient: &str, extension: &str) -> Result<PathBuf> {
    let file = format!("{stem} - {recipient}.{extension}");
    if is_device(&file) {
        return Err(Error::input(format!(
            "Windows takes `{file}` for a device and not a file. Rename the table."
        )));
    }
    if file.len() > LONGEST {
        return Err(Error::input(format!(
            "`{file}` is too long for a file name. Rename the table, or shorten the recipient's name."
        )));
    }
    Ok(out.join(file))
}

/// The text of a list: UTF-8, or UTF-16 that says so, as Notepad saves it.
pub fn text(origin: &str, bytes: &[u8]) -> Result<String> {
    let refused = || {
        Error::input(format!(
            "`{origin}` is not UTF-8. Save it as UTF-8 text (in Notepad: Save as, Encoding: UTF-8)."
        ))
    };
    let encoding = match encoding_rs::Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        // half of its bytes are 0 where it is UTF-16 without saying so
        None if bytes.contains(&0) => return Err(refused()),
        None => encoding_rs::UTF_8,
    };
    let (text, damaged) = encoding.decode_with_bom_removal(bytes);
    if damaged {
        return Err(refused());
    }
    Ok(text.into_owned())
}

/// The pairs of a mapping: the columns `value` and `recipient` of a CSV, or its first two where no line says so.
pub fn pairs(origin: &str, text: &str) -> Result<Vec<(String, String)>> {
    let mut lines = numbered(text).peekable();
    let first = lines.peek().map_or("", |(_, line)| line);
    let delimiter = delimiter_of(first);
    let heading = |wanted: &str| {
        let fields = split(first, delimiter);
        fields
            .iter()
            .position(|field| unquoted(field).to_lowercase() == wanted)
    };
    let (value, recipient) = match (heading("value"), heading("recipient")) {
        (Some(value), Some(recipient)) => {
            lines.next();
            (value, recipient)
        }
        _ => (0, 1),
    };
    let pairs = lines
        .map(|(number, line)| {
            let fields = split(line, delimiter);
            let both = fields.get(value).zip(fields.get(recipient));
            both.map(|(v, r)| (unquoted(v), unquoted(r))).ok_or_else(|| {
                Error::input(format!(
                    "`{origin}` line {number} does not have a value and a recipient. Write `value,recipient`, one pair a line."
                ))
            })
        })
        .collect::<Result<Vec<(String, String)>>>()?;
    match pairs.is_empty() {
        false => Ok(pairs),
        true => Err(Error::input(format!(
            "`{origin}` maps no value. Write `value,recipient`, one pair a line."
        ))),
    }
}

/// The lines that hold something, with their numbers from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().zip(1..).map(|(line, number)| (number, line));
    lines.filter(|(_, line)| !line.trim().is_empty())
}

fn delimiter_of(line: &str) -> char {
    [',', ';', '\t']
        .into_iter()
        .find(|d| line.contains(*d))
        .unwrap_or(',')
}

/// The names in a list: one a line, or a CSV's column `recipient` or `name`. The first line is a header only if it holds one of
/// these words.
pub fn from_list(origin: &str, text: &str) -> Result<Vec<String>> {
    let mut lines = numbered(text).map(|(_, line)| line).peekable();
    let heading = |field: &str| {
        matches!(
            unquoted(field).to_lowercase().as_str(),
            "recipient" | "name"
        )
    };
    let first = lines.peek().copied().unwrap_or("");
    let delimiter = delimiter_of(first);
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

    #[test]
    fn lists_as_windows_saves_them() {
        let words = "name\r\n市一医院\r\nWard 3\r\n";
        let utf16: Vec<u16> = std::iter::once(0xFEFF)
            .chain(words.encode_utf16())
            .collect();
        let little: Vec<u8> = utf16.iter().flat_map(|u| u.to_le_bytes()).collect();
        let big: Vec<u8> = utf16.iter().flat_map(|u| u.to_be_bytes()).collect();
        let marked = ["\u{feff}", words].concat().into_bytes();
        for bytes in [&little, &big, &marked, &words.as_bytes().to_vec()] {
            let text = text("list", bytes).unwrap();
            assert_eq!(from_list("list", &text).unwrap(), ["市一医院", "Ward 3"]);
        }
        let bare = little.get(2..).unwrap();
        let gbk = encoding_rs::GBK.encode(words).0;
        for bytes in [bare, &gbk[..]] {
            let refused = text("list", bytes).unwrap_err().to_string();
            assert!(refused.contains("`list` is not UTF-8"), "{refused}");
        }
    }

    #[test]
    fn mappings_in_every_dress() {
        let pairs = |text: &str| pairs("map", text).unwrap();
        let pair = |v: &str, r: &str| (v.to_string(), r.to_string());
        let both = [pair("一院", "First"), pair("东区", "First, East")];
        assert_eq!(
            pairs("value,recipient\n一院,First\n东区,\"First, East\"\n"),
            both
        );
        assert_eq!(
            pairs("Recipient;id;Value\nFirst;1;一院\nFirst, East;2;东区\n"),
            both
        );
        assert_eq!(pairs("一院\tFirst\r\n\r\n东区\tFirst, East"), both);
        assert_eq!(pairs("退件,\n"), [pair("退件", "")]);
        let refused = super::pairs("map", "value,recipient\n\n一院\n").unwrap_err();
        assert!(refused.to_string().contains("line 3"), "{refused}");
        assert!(super::pairs("map", "value,recipient\n").is_err());
    }

    #[test]
    fn names_that_windows_keeps_for_itself() {
        let path =
            |stem: &str, recipient: &str| copy_path(Path::new("out"), stem, recipient, "csv");
        for stem in ["nul.2024", "COM1.x", "Lpt³.x", "con .x", "conin$.x"] {
            let refused = path(stem, "A").unwrap_err().to_string();
            assert!(refused.contains("device"), "{stem}: {refused}");
        }
        for (stem, recipient) in [
            ("March", "NUL"),
            ("NUL", "A"),
            ("COM10.x", "A"),
            ("console.x", "A"),
            ("com.x", "A"),
        ] {
            assert!(path(stem, recipient).is_ok(), "{stem}");
        }
        let lock = check_table(Path::new("copies/~$March.xlsx"))
            .unwrap_err()
            .to_string();
        assert!(lock.contains("`March.xlsx`"), "{lock}");
        assert!(check_table(Path::new("~March.xlsx")).is_ok());
        for trailing in ["Ward.", "Ward ", "Ward\u{3000}", " Ward"] {
            assert!(check(&[trailing.to_string()]).is_err(), "{trailing:?}");
        }
    }
}
