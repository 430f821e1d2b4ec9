//! Tables of strings that cells point to, and the escapes in them.

use std::borrow::Cow;

use super::shelf::Trouble;
use crate::table::limits::in_words;

/// Strings one behind the other, so that each costs its bytes and an offset.
#[derive(Default)]
pub(super) struct Texts {
    text: String,
    ends: Vec<u32>,
    empty: usize,
}

/// More empty strings than any program writes.
const EMPTY: usize = 1_000_000;

impl Texts {
    /// Adds a string; all of them may take `most` bytes.
    pub(super) fn push(&mut self, text: &str, most: usize) -> Result<(), Trouble> {
        if self.text.len() + text.len() > most {
            return Err(Trouble::Limit(format!(
                "has more than {} of text. Split the file.",
                in_words(most as u64)
            )));
        }
        self.empty += usize::from(text.is_empty());
        if self.empty > EMPTY {
            return Err(Trouble::broken(
                "it has more empty strings than any program writes",
            ));
        }
        self.text.push_str(text);
        self.ends.push(self.text.len() as u32);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The string of this number, from 0.
    pub(super) fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)? as usize;
        let start = match at {
            0 => 0,
            _ => *self.ends.get(at - 1)? as usize,
        };
        self.text.get(start..end)
    }
}

/// Office writes characters that XML has no place for as `_x000D_`, by their UTF-16 units.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("_x") {
        return Cow::Borrowed(text);
    }
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(unit) = escaped_unit(rest) {
            units.push(unit);
            rest = rest.get(7..).unwrap_or("");
        } else {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            rest = rest.get(c.len_utf8()..).unwrap_or("");
        }
    }
    Cow::Owned(String::from_utf16_lossy(&units))
}

fn escaped_unit(text: &str) -> Option<u16> {
    let hex = text.strip_prefix("_x")?.get(..5)?.strip_suffix('_')?;
    if !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u16::from_str_radix(hex, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(unescape("a_x000D_\nb"), "a\r\nb");
        assert_eq!(unescape("_x005F_x000D_"), "_x000D_");
        assert_eq!(unescape("_xD83D__xDCF7_"), "📷");
        assert_eq!(unescape("_xD83D_"), "\u{FFFD}");
        for plain in ["_x", "_x12", "王_x小丽小丽", "_x00zz_", "a_b"] {
            assert_eq!(unescape(plain), plain);
        }
    }

    #[test]
    fn strings_by_number() {
        let mut texts = Texts::default();
        assert!(texts.push("王", 6).is_ok() && texts.push("", 6).is_ok());
        assert!(texts.push("abcd", 6).is_err());
        assert!(texts.push("abc", 6).is_ok());
        assert_eq!(texts.get(0), Some("王"));
        assert_eq!(texts.get(1), Some(""));
        assert_eq!(texts.get(2), Some("abc"));
        assert_eq!(texts.get(3), None);
    }
}
