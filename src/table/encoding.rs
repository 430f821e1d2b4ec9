//! The bytes of a text file as characters, and back.
//!
//! The order (BOM, then where the NULs stand, then strict UTF-8, then strict GB18030) was right on every sample tried, which no
//! statistical guess was: a lone Chinese name has too few bytes for one.

use std::borrow::Cow;

use encoding_rs::{DecoderResult, EncoderResult, GB18030, UTF_16BE, UTF_16LE};

use super::limits::Limits;
use crate::error::{Error, Result};

/// How a text file writes characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf16Le,
    Utf16Be,
    Gb18030,
}

/// A text file taken apart.
pub(super) struct Decoded {
    pub(super) encoding: Encoding,
    pub(super) text: String,
    /// The file's own bytes where they are neither UTF-8 nor, as UTF-16, made from UTF-8 again without loss.
    pub(super) raw: Option<Vec<u8>>,
}

/// Reads `bytes` as text, with its BOM still in front.
pub(super) fn decode(name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Decoded> {
    // both GB18030 and UTF-16 take up to 3 bytes of UTF-8 for 2 of their own
    if bytes.len() as u64 / 2 * 3 > limits.file_cap() && std::str::from_utf8(&bytes).is_err() {
        return Err(Error::input(format!(
            "`{name}` is too large to be converted from its encoding. Save it as UTF-8, or split it."
        )));
    }
    if let Some(encoding) = utf16(&bytes) {
        let decoder = match encoding {
            Encoding::Utf16Be => UTF_16BE,
            _ => UTF_16LE,
        };
        return match decoder.decode_without_bom_handling_and_without_replacement(&bytes) {
            Some(text) if !text.contains('\0') => Ok(Decoded {
                encoding,
                text: text.into_owned(),
                raw: None,
            }),
            Some(_) => Err(binary(name, &bytes)),
            None => Err(Error::input(format!(
                "`{name}` looks like UTF-16 but breaks off or is damaged at byte {}. Save it again as UTF-8 CSV.",
                broken_utf16(&bytes, encoding)
            ))),
        };
    }
    if bytes.contains(&0) {
        return Err(binary(name, &bytes));
    }
    let (bytes, broken_utf8) = match String::from_utf8(bytes) {
        Ok(text) => {
            return Ok(Decoded {
                encoding: Encoding::Utf8,
                text,
                raw: None,
            });
        }
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            (e.into_bytes(), at)
        }
    };
    match GB18030.decode_without_bom_handling_and_without_replacement(&bytes) {
        Some(text) => {
            let text = text.into_owned();
            Ok(Decoded {
                encoding: Encoding::Gb18030,
                text,
                raw: Some(bytes),
            })
        }
        None => {
            let broken_gb = broken_gb18030(&bytes);
            Err(Error::input(format!(
                "`{name}` is neither UTF-8 (byte {} is 0x{:02X}) nor GB18030 (byte {} is 0x{:02X}). Open it with the right encoding and save it as UTF-8 CSV.",
                broken_utf8 + 1,
                bytes.get(broken_utf8).copied().unwrap_or(0),
                broken_gb + 1,
                bytes.get(broken_gb).copied().unwrap_or(0),
            )))
        }
    }
}

fn binary(name: &str, bytes: &[u8]) -> Error {
    let at = bytes.iter().position(|b| *b == 0).unwrap_or(0);
    Error::input(format!(
        "`{name}` is not text (byte {} is NUL) and not a format known here. Save the table as .xlsx or CSV.",
        at + 1
    ))
}

/// UTF-16 by its BOM, or by most NULs standing at even or at odd places (delimiters, digits and line ends are ASCII).
pub(super) fn utf16(bytes: &[u8]) -> Option<Encoding> {
    match bytes {
        [0xFF, 0xFE, ..] => return Some(Encoding::Utf16Le),
        [0xFE, 0xFF, ..] => return Some(Encoding::Utf16Be),
        _ => (),
    }
    let sample = bytes.get(..1 << 16).unwrap_or(bytes);
    let mut nuls = [0usize; 2];
    for pair in sample.chunks_exact(2) {
        nuls[0] += usize::from(pair[0] == 0);
        nuls[1] += usize::from(pair[1] == 0);
    }
    let (few, many) = (nuls[0].min(nuls[1]), nuls[0].max(nuls[1]));
    if many < 2 || many < 4 * few || many * 32 < sample.len() {
        return None;
    }
    // UTF-16 of nothing but ASCII is half NULs: fewer are strays in an 8-bit text
    if sample.is_ascii() && many * 5 < sample.len() * 2 {
        return None;
    }
    // U+4E00 and its like put a NUL on the other side, so a few there are no objection
    Some(if nuls[0] > nuls[1] {
        Encoding::Utf16Be
    } else {
        Encoding::Utf16Le
    })
}

/// A name that is no UTF-8, as Chinese Windows writes it; what is none of its characters is replaced.
pub fn decode_name(raw: &[u8]) -> String {
    GB18030.decode_without_bom_handling(raw).0.into_owned()
}

/// The number of the first byte that is no UTF-16, from 1.
fn broken_utf16(bytes: &[u8], encoding: Encoding) -> usize {
    let units = bytes.chunks_exact(2).map(|pair| match encoding {
        Encoding::Utf16Be => u16::from_be_bytes([pair[0], pair[1]]),
        _ => u16::from_le_bytes([pair[0], pair[1]]),
    });
    let mut at = 0;
    for c in char::decode_utf16(units) {
        match c {
            Ok(c) => at += 2 * c.len_utf16(),
            Err(_) => return at + 1,
        }
    }
    at + 1
}

/// Offset of the first byte that is no GB18030.
fn broken_gb18030(bytes: &[u8]) -> usize {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut out = String::with_capacity(4096);
    let mut at = 0;
    loop {
        out.clear();
        let (result, read) =
            decoder.decode_to_string_without_replacement(&bytes[at..], &mut out, true);
        at += read;
        match result {
            DecoderResult::OutputFull => continue,
            DecoderResult::InputEmpty => return at.saturating_sub(1),
            DecoderResult::Malformed(bad, after) => {
                return at.saturating_sub(usize::from(bad) + usize::from(after));
            }
        }
    }
}

/// `text` in the bytes that a copy is put together from (UTF-8 for UTF-16); `None` where the encoding has no such character.
pub(super) fn to_working(text: &str, encoding: Encoding) -> Option<Cow<'_, [u8]>> {
    if encoding != Encoding::Gb18030 || text.is_ascii() {
        return Some(Cow::Borrowed(text.as_bytes()));
    }
    let mut encoder = GB18030.new_encoder();
    let most = encoder.max_buffer_length_from_utf8_without_replacement(text.len())?;
    let mut out = Vec::with_capacity(most);
    match encoder.encode_from_utf8_to_vec_without_replacement(text, &mut out, true) {
        (EncoderResult::InputEmpty, _) => Some(Cow::Owned(out)),
        _ => None,
    }
}

/// Appends bytes that a copy is put together from to `out` as the file has them.
pub(super) fn to_file(working: &[u8], encoding: Encoding, out: &mut Vec<u8>) {
    let units = |out: &mut Vec<u8>, bytes: fn(u16) -> [u8; 2]| {
        for unit in String::from_utf8_lossy(working).encode_utf16() {
            out.extend_from_slice(&bytes(unit));
        }
    };
    match encoding {
        Encoding::Utf8 | Encoding::Gb18030 => out.extend_from_slice(working),
        Encoding::Utf16Le => units(out, u16::to_le_bytes),
        Encoding::Utf16Be => units(out, u16::to_be_bytes),
    }
}
