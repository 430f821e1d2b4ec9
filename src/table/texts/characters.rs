//! The characters of a suspect text: as for issuing, but Big5 is told from GB18030, and a few broken bytes are no reason to stop.

use encoding_rs::{BIG5, Encoding as Known, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::super::encoding::{self, Encoding};
use super::super::limits::Limits;
use crate::error::Result;

/// A text, and how it was written.
pub(super) struct Characters {
    pub(super) text: String,
    /// As people call the encoding.
    pub(super) encoding: &'static str,
    /// What reading it said.
    pub(super) notes: Vec<String>,
}

/// Reads `bytes` as text.
pub(super) fn decode(name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Characters> {
    let whole = |text, encoding| Characters {
        text,
        encoding,
        notes: Vec::new(),
    };
    let mut bytes = bytes;
    if encoding::utf16(&bytes).is_none() && !bytes.contains(&0) {
        bytes = match String::from_utf8(bytes) {
            Ok(text) => return Ok(whole(text, "UTF-8")),
            Err(e) => e.into_bytes(),
        };
        if is_big5(&bytes) {
            let (text, _) = BIG5.decode_without_bom_handling(&bytes);
            return Ok(whole(text.into_owned(), "Big5"));
        }
    }
    let spare = bytes.clone();
    match encoding::decode(name, bytes, limits) {
        Ok(decoded) => Ok(match decoded.encoding {
            Encoding::Utf8 => whole(decoded.text, "UTF-8"),
            Encoding::Utf16Le | Encoding::Utf16Be => whole(decoded.text, "UTF-16"),
            Encoding::Gb18030 => whole(decoded.text, "GB18030"),
        }),
        // where most is readable the rest is shown as replaced
        Err(error) => mended(&spare, limits).ok_or(error),
    }
}

/// The text with its broken bytes replaced, where no more than one character in a hundred is; `None` where nothing is broken or
/// too much is.
fn mended(bytes: &[u8], limits: &Limits) -> Option<Characters> {
    if bytes.len() as u64 / 2 * 3 > limits.file_cap() {
        return None;
    }
    let utf16 = match encoding::utf16(bytes) {
        Some(Encoding::Utf16Be) => Some(UTF_16BE),
        Some(_) => Some(UTF_16LE),
        None => None,
    };
    if utf16.is_none() && bytes.contains(&0) {
        return None;
    }
    let tries: &[(&'static Known, &str)] = match utf16 {
        Some(known) => &[(known, "UTF-16")],
        None => &[(UTF_8, "UTF-8"), (GB18030, "GB18030"), (BIG5, "Big5")],
    };
    for (known, words) in tries {
        if *words == "GB18030" && is_western(bytes) {
            return Some(Characters {
                text: WINDOWS_1252
                    .decode_without_bom_handling(bytes)
                    .0
                    .into_owned(),
                encoding: "Windows-1252",
                notes: Vec::new(),
            });
        }
        let (text, broken) = known.decode_without_bom_handling(bytes);
        if !broken {
            let notes = Vec::new();
            return Some(Characters {
                text: text.into_owned(),
                encoding: words,
                notes,
            });
        }
        let lost = text.matches('\u{fffd}').count();
        let wide = text.chars().filter(|c| !c.is_ascii()).count();
        if text.contains('\0') || lost * 100 > text.chars().count() + 99 || lost * 4 > wide + 3 {
            continue;
        }
        let characters = if lost == 1 {
            "character is"
        } else {
            "characters are"
        };
        return Some(Characters {
            text: text.into_owned(),
            encoding: words,
            notes: vec![format!(
                "{lost} {characters} damaged and could not be read as {words}."
            )],
        });
    }
    None
}

/// Whether the bytes beyond ASCII are few and mostly stand alone, as accents do and Chinese characters never.
fn is_western(bytes: &[u8]) -> bool {
    let is_high = |at: usize| bytes.get(at).is_some_and(|b| *b >= 0x80);
    let alone =
        |at: &usize| is_high(*at) && !is_high(at + 1) && !at.checked_sub(1).is_some_and(is_high);
    let high = bytes.iter().filter(|b| **b >= 0x80).count();
    let alone = (0..bytes.len()).filter(alone).count();
    alone * 2 >= high && high * 5 < bytes.len()
}

/// Whether bytes that are no UTF-8 are rather Big5 than GB18030, though most text in the one decodes in the other too.
///
/// Both standards keep their common characters apart from the rare ones: GB 2312 in the rows 0xB0 to 0xD7, Big5 in the rows 0xA4
/// to 0xC6. A text in one of them has nearly all of its characters there, and reads as many rare ones in the other.
fn is_big5(bytes: &[u8]) -> bool {
    let sample = bytes.get(..1 << 18).unwrap_or(bytes);
    let (mut pairs, mut simplified, mut traditional) = (0usize, 0usize, 0usize);
    let mut at = 0;
    while let Some([lead, trail]) = sample.get(at..at + 2) {
        if *lead < 0x81 {
            at += 1;
            continue;
        }
        pairs += 1;
        simplified += usize::from((0xB0..=0xD7).contains(lead) && *trail >= 0xA1);
        // 0xA1 and 0xA3 hold punctuation in both
        traditional += usize::from((0xA4..=0xC6).contains(lead) && *trail >= 0x40);
        at += 2;
    }
    traditional * 10 > simplified * 11 + pairs
        && BIG5
            .decode_without_bom_handling_and_without_replacement(bytes)
            .is_some()
}
