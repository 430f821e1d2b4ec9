//! Text in records: bytes of a code page, or Unicode in one or two bytes a character that changes over where a record ends.

use encoding_rs::Encoding;

use crate::table::books::records::u16_at;

/// The encoding of a code page; most Chinese files say 936.
pub(super) fn codepage(number: u16) -> &'static Encoding {
    match number {
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 | 10008 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 | 10002 => encoding_rs::BIG5,
        1200 => encoding_rs::UTF_16LE,
        1250 => encoding_rs::WINDOWS_1250,
        1251 => encoding_rs::WINDOWS_1251,
        1253 => encoding_rs::WINDOWS_1253,
        1254 => encoding_rs::WINDOWS_1254,
        1255 => encoding_rs::WINDOWS_1255,
        1256 => encoding_rs::WINDOWS_1256,
        1257 => encoding_rs::WINDOWS_1257,
        1258 => encoding_rs::WINDOWS_1258,
        10000 | 0x8000 => encoding_rs::MACINTOSH,
        54936 => encoding_rs::GB18030,
        65001 => encoding_rs::UTF_8,
        _ => encoding_rs::WINDOWS_1252,
    }
}

/// A text of before Excel 97, its length in one or two bytes before it.
pub(super) fn narrow(
    body: &[u8],
    wide_length: bool,
    encoding: &'static Encoding,
    out: &mut String,
) {
    let (length, start) = match wide_length {
        true => (usize::from(u16_at(body, 0)), 2),
        false => (body.first().map_or(0, |b| usize::from(*b)), 1),
    };
    let rest = body.get(start..).unwrap_or(&[]);
    let bytes = rest.get(..length).unwrap_or(rest);
    out.push_str(&encoding.decode_without_bom_handling(bytes).0);
}

/// The bodies of a record and of those that continue it.
pub(super) struct Pieces<'a> {
    pieces: Vec<&'a [u8]>,
    piece: usize,
    at: usize,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(pieces: Vec<&'a [u8]>) -> Pieces<'a> {
        Pieces {
            pieces,
            piece: 0,
            at: 0,
        }
    }

    /// What is left of the present piece; the next one's where that is used up.
    fn rest(&mut self) -> &'a [u8] {
        while let Some(piece) = self.pieces.get(self.piece) {
            match piece.get(self.at..) {
                Some(rest) if !rest.is_empty() => return rest,
                _ => self.turn(),
            }
        }
        &[]
    }

    fn turn(&mut self) {
        self.piece += 1;
        self.at = 0;
    }

    fn byte(&mut self) -> Option<u8> {
        let byte = *self.rest().first()?;
        self.at += 1;
        Some(byte)
    }

    fn word(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes([self.byte()?, self.byte()?]))
    }

    fn skip(&mut self, mut bytes: usize) {
        while bytes > 0 {
            let here = self.rest().len().min(bytes);
            if here == 0 {
                return;
            }
            self.at += here;
            bytes -= here;
        }
    }

    /// Appends one string ([MS-XLS] 2.5.293, 2.5.294); `false` where there is none any more.
    pub(super) fn unicode(&mut self, wide_length: bool, out: &mut String) -> bool {
        let length = match wide_length {
            true => self.word(),
            false => self.byte().map(u16::from),
        };
        let (Some(length), Some(flags)) = (length, self.byte()) else {
            return false;
        };
        let runs = match flags & 8 {
            0 => 0,
            _ => usize::from(self.word().unwrap_or(0)),
        };
        let more = match flags & 4 {
            0 => 0,
            _ => {
                let low = self.word().unwrap_or(0);
                usize::from(low) | usize::from(self.word().unwrap_or(0)) << 16
            }
        };
        self.characters(usize::from(length), flags & 1 == 1, out);
        self.skip(runs * 4);
        self.skip(more);
        true
    }

    fn characters(&mut self, mut left: usize, mut wide: bool, out: &mut String) {
        let mut units: Vec<u16> = Vec::new();
        while left > 0 {
            let rest = self.rest();
            let width = if wide { 2 } else { 1 };
            let here = (rest.len() / width).min(left);
            let bytes = rest.get(..here * width).unwrap_or(&[]);
            if wide {
                units.extend(bytes.chunks_exact(2).map(|pair| u16_at(pair, 0)));
            } else {
                units.extend(bytes.iter().map(|b| u16::from(*b)));
            }
            self.at += here * width;
            left -= here;
            if left > 0 {
                // each continuation says anew how wide its characters are
                self.turn();
                match self.byte() {
                    Some(flags) => wide = flags & 1 == 1,
                    None => break,
                }
            }
        }
        let text = char::decode_utf16(units);
        out.extend(text.map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_goes_on_in_another_width() {
        let first = [5, 0, 1, b'a', 0, 0x8B, 0x73];
        let second = [0, b'b', b'c', b'd', 1, 0, 0, b'z'];
        let mut pieces = Pieces::new(vec![&first, &second]);
        let mut out = String::new();
        assert!(pieces.unicode(true, &mut out));
        assert_eq!(out, "a王bcd");
        out.clear();
        assert!(pieces.unicode(true, &mut out));
        assert_eq!(out, "z");
        assert!(!pieces.unicode(true, &mut out));
    }

    #[test]
    fn lies_about_lengths_end_at_the_end() {
        let lying = [
            0xFF, 0xFF, 0x0D, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3,
        ];
        let mut out = String::new();
        let mut pieces = Pieces::new(vec![&lying]);
        assert!(pieces.unicode(true, &mut out));
        assert!(!pieces.unicode(true, &mut out));
        out.clear();
        narrow(&[200, 0xCD, 0xF5], false, codepage(936), &mut out);
        assert_eq!(out, "王");
    }
}
