//! A small reader of a part's markup by its bytes: where tags, attributes and texts stand, so that single ones can be replaced and
//! everything between stays as it was.
//!
//! The parts come here after a full parser has read them; what is not well formed ends the walk.

use std::borrow::Cow;
use std::ops::Range;

use memchr::{memchr, memchr3, memmem};

/// What a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Opens,
    Closes,
    /// Opens and closes at once.
    Whole,
}

/// One tag of a part.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tag<'a> {
    /// The name without its prefix.
    pub(super) name: &'a [u8],
    pub(super) turn: Turn,
    /// Where its `<` is.
    pub(super) start: usize,
    /// Behind its `>`.
    pub(super) end: usize,
    /// Where its attributes begin.
    attributes: usize,
}

/// The tags of a piece of markup, in order.
#[derive(Clone, Debug)]
pub(super) struct Tags<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Tags<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Tags<'a> {
        Tags { bytes, at }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let bytes = self.bytes;
        loop {
            let start = self.at + memchr(b'<', bytes.get(self.at..)?)?;
            let rest = &bytes[start + 1..];
            let skip = |until: &[u8]| memmem::find(rest, until).map(|n| n + until.len());
            let skipped = match rest.first()? {
                b'?' => skip(b"?>"),
                b'!' if rest.starts_with(b"!--") => skip(b"-->"),
                b'!' if rest.starts_with(b"![CDATA[") => skip(b"]]>"),
                b'!' => skip(b">"),
                _ => Some(0),
            }?;
            if skipped > 0 {
                self.at = start + 1 + skipped;
                continue;
            }
            let mut end = start + 1;
            loop {
                end += memchr3(b'>', b'"', b'\'', bytes.get(end..)?)?;
                match bytes[end] {
                    b'>' => break,
                    quote => end += 2 + memchr(quote, &bytes[end + 1..])?,
                }
            }
            self.at = end + 1;
            let closes = rest[0] == b'/';
            let whole = bytes[end - 1] == b'/';
            let from = start + 1 + usize::from(closes);
            let long = bytes[from..end]
                .iter()
                .take_while(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'/'))
                .count();
            let full = &bytes[from..from + long];
            let name = match memchr(b':', full) {
                Some(colon) => &full[colon + 1..],
                None => full,
            };
            return Some(Tag {
                name,
                turn: match (closes, whole) {
                    (true, _) => Turn::Closes,
                    (_, true) => Turn::Whole,
                    _ => Turn::Opens,
                },
                start,
                end: end + 1,
                attributes: from + long,
            });
        }
    }
}

impl<'a> Tag<'a> {
    /// The attributes: name with prefix, and where the value stands between its quotes.
    pub(super) fn attributes(&self, bytes: &'a [u8]) -> Attributes<'a> {
        Attributes {
            bytes: &bytes[..self.end - 1],
            at: self.attributes,
        }
    }

    /// Where the value of an attribute without prefix stands.
    pub(super) fn attribute(&self, bytes: &'a [u8], wanted: &[u8]) -> Option<Range<usize>> {
        self.attributes(bytes)
            .find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    }

    /// The prefix of its name, with the colon.
    pub(super) fn prefix(&self, bytes: &'a [u8]) -> &'a [u8] {
        let closes = usize::from(self.turn == Turn::Closes);
        let full = &bytes[self.start + 1 + closes..self.attributes];
        &full[..full.len() - self.name.len()]
    }
}

/// A part whose outer element (of this name) can take children: `<sst/>` becomes `<sst></sst>`. `None` without that element.
pub(super) fn opened(bytes: Vec<u8>, name: &[u8]) -> Option<Vec<u8>> {
    let tag = Tags::new(&bytes, 0).find(|tag| tag.name == name)?;
    if tag.turn != Turn::Whole {
        return Some(bytes);
    }
    let open = bytes[..tag.end].strip_suffix(b"/>")?.trim_ascii_end();
    let close = [b"></", tag.prefix(&bytes), name, b">"].concat();
    Some([open, &close, &bytes[tag.end..]].concat())
}

/// The attributes of one tag.
pub(super) struct Attributes<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a [u8], Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let space = |b: &u8| matches!(b, b' ' | b'\t' | b'\r' | b'\n');
        let rest = self.bytes.get(self.at..)?;
        let start = self.at + rest.iter().position(|b| !space(b))?;
        let equals = start + memchr(b'=', &self.bytes[start..])?;
        let name = self.bytes[start..equals].trim_ascii_end();
        let after = equals + 1;
        let open = after + self.bytes[after..].iter().position(|b| !space(b))?;
        let quote = self.bytes[open];
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let close = open + 1 + memchr(quote, &self.bytes[open + 1..])?;
        self.at = close + 1;
        Some((name, open + 1..close))
    }
}

/// A text or attribute value as it is meant, sections and comments in it read as a parser would.
pub(super) fn unescaped(raw: &[u8]) -> Cow<'_, str> {
    match String::from_utf8_lossy(raw) {
        text if text.contains('<') => Cow::Owned(without_markup(&text)),
        Cow::Borrowed(text) => entities(text),
        Cow::Owned(text) => Cow::Owned(entities(&text).into_owned()),
    }
}

/// A text or attribute value with its entities as they are meant; what is no entity stays.
pub(super) fn entities(raw: &str) -> Cow<'_, str> {
    if !raw.contains('&') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let entity = rest
            .as_bytes()
            .iter()
            .take(12)
            .position(|b| *b == b';')
            .and_then(|end| Some((end, meaning(&rest[1..end])?)));
        match entity {
            Some((end, character)) => {
                out.push(character);
                rest = &rest[end + 1..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn meaning(entity: &str) -> Option<char> {
    let number = |digits: &str, radix| char::from_u32(u32::from_str_radix(digits, radix).ok()?);
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => match entity.strip_prefix('#')? {
            hex if hex.starts_with(['x', 'X']) => number(&hex[1..], 16),
            decimal => number(decimal, 10),
        },
    }
}

/// A text in which sections are set off or comments stand.
fn without_markup(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('<') {
        out.push_str(&entities(before));
        let section = after.strip_prefix("![CDATA[").map(|s| s.split_once("]]>"));
        rest = match section {
            Some(found) => {
                let (verbatim, behind) = found.unwrap_or((after, ""));
                out.push_str(verbatim);
                behind
            }
            None if after.starts_with("!--") => after.split_once("-->").map_or("", |(_, b)| b),
            None => after.split_once('>').map_or("", |(_, b)| b),
        };
    }
    out.push_str(&entities(rest));
    out
}

/// The column (from 0) and the row (from 0) of an address such as `AB12`.
pub(super) fn address(text: &[u8]) -> Option<(u16, u32)> {
    let letters = text.iter().take_while(|b| b.is_ascii_uppercase()).count();
    if !(1..=3).contains(&letters) || !(1..=7).contains(&(text.len() - letters)) {
        return None;
    }
    let column = text[..letters]
        .iter()
        .fold(0u32, |n, b| n * 26 + u32::from(b - b'A') + 1);
    let mut row = 0u32;
    for b in &text[letters..] {
        row = row * 10 + u32::from(b.is_ascii_digit().then(|| b - b'0')?);
    }
    Some((u16::try_from(column - 1).ok()?, row.checked_sub(1)?))
}

/// Appends the letters of a column.
pub(super) fn push_column(column: u32, out: &mut Vec<u8>) {
    let mut n = column + 1;
    let start = out.len();
    while n > 0 {
        out.push(b'A' + ((n - 1) % 26) as u8);
        n = (n - 1) / 26;
    }
    out[start..].reverse();
}

/// Appends a number in decimal digits.
pub(super) fn push_digits(mut n: u32, out: &mut Vec<u8>) {
    let start = out.len();
    loop {
        out.push(b'0' + (n % 10) as u8);
        n /= 10;
        if n == 0 {
            break;
        }
    }
    out[start..].reverse();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_attributes_where_they_stand() {
        let xml =
            br#"<?xml version="1.0"?><!-- <a> --><x:row r = "5" x:h='a>b'><c r="AB12"/></x:row>"#;
        let tags: Vec<Tag<'_>> = Tags::new(xml, 0).collect();
        let names: Vec<(&[u8], Turn)> = tags.iter().map(|t| (t.name, t.turn)).collect();
        assert_eq!(
            names,
            [
                (&b"row"[..], Turn::Opens),
                (b"c", Turn::Whole),
                (b"row", Turn::Closes)
            ]
        );
        assert_eq!(tags[0].prefix(xml), b"x:");
        assert_eq!(tags[2].prefix(xml), b"x:");
        let row = tags[0].attribute(xml, b"r").unwrap();
        assert_eq!(&xml[row], b"5");
        let h = tags[0].attribute(xml, b"x:h").unwrap();
        assert_eq!(&xml[h], b"a>b");
        let cell = tags[1].attribute(xml, b"r").unwrap();
        assert_eq!(address(&xml[cell]), Some((27, 11)));
        assert_eq!(Tags::new(b"<a b=\"", 0).count(), 0);
    }

    #[test]
    fn an_element_without_children_is_opened() {
        let of = |xml: &str| opened(xml.into(), b"sst").map(|b| String::from_utf8(b).unwrap());
        let opens = "<?xml?><x:sst a=\"/\"></x:sst>\n";
        assert_eq!(of("<?xml?><x:sst a=\"/\" />\n").as_deref(), Some(opens));
        assert_eq!(of(opens).as_deref(), Some(opens));
        assert_eq!(of("<sst/>").as_deref(), Some("<sst></sst>"));
        assert_eq!(of("<si/>"), None);
    }

    #[test]
    fn addresses_there_and_back() {
        for (column, name) in [(0, "A"), (25, "Z"), (26, "AA"), (16_383, "XFD")] {
            let mut out = Vec::new();
            push_column(u32::from(column), &mut out);
            assert_eq!(out, name.as_bytes());
            push_digits(1_048_576, &mut out);
            assert_eq!(address(&out), Some((column, 1_048_575)));
        }
        for bad in ["", "A", "7", "A0", "AAAA1", "a1", "A1x", "A12345678"] {
            assert_eq!(address(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(unescaped(b"R&amp;D &#x4e00;&#65; &lt;"), "R&D 一A <");
    }
}
