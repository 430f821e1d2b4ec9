//! A workbook is held against the limits before it is taken apart, and before calamine reads its styles, since calamine takes a
//! part's word for how much memory it needs.
//!
//! Every part is inflated once. The large ones that are read next are kept, so that they need not be inflated again.

use std::collections::HashMap;
use std::io::{Cursor, Read};

use memchr::{memchr, memchr_iter, memchr3};
use zip::ZipArchive;

use crate::error::{Error, Result};
use crate::table::limits::{Limits, in_words};

/// Bytes that are looked at together.
const CHUNK: usize = 1 << 16;
/// What is kept of all parts together; what is beyond is inflated again when it is read.
const KEPT: u64 = 2 << 30;
/// Parts up to this size may be one single XML event: calamine would hold no more than this.
const SMALL: u64 = 64 << 20;
/// More parts than any spreadsheet program writes; each costs memory in the archive's index.
const PARTS: usize = 100_000;
/// What the shared strings may take in memory: their bytes and what each costs besides.
const STRINGS: u64 = 2 << 30;
const STRING: u64 = 32;
/// calamine copies names and format codes for each of the styles.
const STYLES: u64 = 1 << 30;
const STYLE_TAGS: u64 = 2_000_000;

/// Parts that were kept, by name.
#[derive(Clone, Default)]
pub(super) struct Kept(HashMap<String, Vec<u8>>);

impl Kept {
    /// A part's bytes, which are kept no longer.
    pub(super) fn take(&mut self, part: &str) -> Option<Vec<u8>> {
        self.0.remove(&plain(part))
    }
}

/// A part's name as calamine looks it up: in lower case and with forward slashes.
fn plain(name: &str) -> String {
    name.replace('\\', "/").to_ascii_lowercase()
}

/// Inflates everything under the limits.
pub(super) fn check(name: &str, bytes: &[u8], limits: &Limits) -> Result<Kept> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(name, &e.to_string()))?;
    if zip.len() > PARTS {
        return Err(refused(
            name,
            "has more parts than a spreadsheet program writes",
        ));
    }
    let mut parts = HashMap::new();
    let mut inflated = 0u64;
    let mut kept = 0;
    let mut chunk = vec![0; CHUNK];
    for index in 0..zip.len() {
        let mut entry = zip
            .by_index(index)
            .map_err(|e| damaged(name, &e.to_string()))?;
        let part_name = plain(&entry.name().map_err(|e| damaged(name, &e.to_string()))?);
        let declared = entry.size();
        if inflated.saturating_add(declared) > limits.inflated_bytes {
            return Err(too_large(name, limits));
        }
        let mut watch = Watch::new(&part_name, declared, limits);
        let keeps = watch.is_read_next(&part_name) && kept + declared <= KEPT;
        let mut whole = Vec::with_capacity(if keeps { declared as usize } else { 0 });
        let mut size = 0u64;
        loop {
            let read = entry
                .read(&mut chunk)
                .map_err(|e| damaged(name, &e.to_string()))?;
            if read == 0 {
                break;
            }
            size += read as u64;
            if inflated + size > limits.inflated_bytes {
                return Err(too_large(name, limits));
            }
            if size > declared {
                return Err(refused(
                    name,
                    "says of a part that it is smaller than it is",
                ));
            }
            watch
                .see(&chunk[..read])
                .map_err(|why| refused(name, why))?;
            if keeps {
                whole.extend_from_slice(&chunk[..read]);
            }
        }
        inflated += size;
        watch.finish(size).map_err(|why| refused(name, why))?;
        kept += whole.len() as u64;
        // the capacity is only the part's word
        whole.shrink_to_fit();
        if parts.insert(part_name, whole).is_some() {
            return Err(refused(name, "holds two parts of one name"));
        }
    }
    parts.retain(|_, whole| !whole.is_empty());
    Ok(Kept(parts))
}

/// What is learnt of one part as its bytes go by.
struct Watch {
    strings: bool,
    styles: bool,
    tags: u64,
    /// Strings: the beginning, which says how many there are.
    head: Vec<u8>,
    /// Where the parser would be, followed in large parts only.
    events: Option<Events>,
    /// Styles: the longest stretch between two quotes.
    attribute: u64,
    longest_attribute: u64,
    /// Sheets: the addresses of cells.
    addresses: Option<Addresses>,
}

impl Watch {
    fn new(part_name: &str, declared: u64, limits: &Limits) -> Watch {
        Watch {
            strings: part_name.ends_with("sharedstrings.xml"),
            styles: part_name.ends_with("styles.xml"),
            tags: 0,
            head: Vec::new(),
            events: (declared > SMALL).then(|| Events::new(limits.cell_bytes as u64 * 2)),
            attribute: 0,
            longest_attribute: 0,
            addresses: part_name
                .starts_with("xl/worksheets/")
                .then(Addresses::default),
        }
    }

    /// Whether the part is one of the large ones that are read as soon as all are found harmless.
    fn is_read_next(&self, part_name: &str) -> bool {
        let sheet = self.addresses.is_some() && !part_name.ends_with(".rels");
        (self.strings || sheet) && part_name.is_ascii()
    }

    fn see(&mut self, bytes: &[u8]) -> std::result::Result<(), &'static str> {
        if self.strings && self.head.len() < CHUNK {
            let left = CHUNK - self.head.len();
            self.head.extend_from_slice(&bytes[..bytes.len().min(left)]);
        }
        if self.strings || self.styles {
            self.tags += memchr_iter(b'<', bytes).count() as u64;
        }
        if self.styles {
            for piece in bytes.split_inclusive(|b| matches!(b, b'"' | b'\'' | b'<')) {
                self.attribute += piece.len() as u64;
                self.longest_attribute = self.longest_attribute.max(self.attribute);
                if matches!(piece.last(), Some(b'"' | b'\'' | b'<')) {
                    self.attribute = 0;
                }
            }
        }
        if let Some(events) = &mut self.events {
            events.see(bytes);
            if events.too_long {
                return Err("has a cell or a tag of more than any program writes");
            }
        }
        if let Some(addresses) = &mut self.addresses {
            addresses.see(bytes);
            if addresses.too_long {
                return Err("is damaged: a cell has no possible address");
            }
        }
        Ok(())
    }

    fn finish(self, size: u64) -> std::result::Result<(), &'static str> {
        if self.strings {
            if size.saturating_add(self.tags.saturating_mul(STRING)) > STRINGS {
                return Err("has more shared strings than can be read");
            }
            if !plausible_strings(&self.head, size) {
                return Err("says that it has more shared strings than fit into it");
            }
        }
        if self.styles
            && (self.tags > STYLE_TAGS || self.tags.saturating_mul(self.longest_attribute) > STYLES)
        {
            return Err("has more styles than any program writes");
        }
        Ok(())
    }
}

/// Whether the table of shared strings could hold as many as it says: each takes 5 bytes or more. Only an XML declaration may
/// stand before its first tag, so that nothing can hide there.
fn plausible_strings(head: &[u8], size: u64) -> bool {
    let head = String::from_utf8_lossy(head);
    let mut rest = head.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if rest.starts_with("<?xml") {
        match rest.split_once("?>") {
            Some((_, after)) => rest = after.trim_start(),
            None => return false,
        }
    }
    let Some((tag, _)) = rest.strip_prefix('<').and_then(|r| r.split_once('>')) else {
        return false;
    };
    let element = tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or("");
    if element.rsplit(':').next() != Some("sst") {
        return false;
    }
    tag.match_indices("ount").all(|(at, _)| {
        let value = tag[at + 4..].trim_start_matches([' ', '\t', '\r', '\n', '=', '"', '\'']);
        let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
        let named_unique = tag[..at].ends_with("uniqueC");
        !named_unique
            || digits
                .parse::<u64>()
                .is_ok_and(|count| count <= size / 5 + 1)
    })
}

/// Whether rows and cells say where they stand in as many letters as an address has. calamine adds up longer ones past the end of
/// its numbers.
#[derive(Default)]
struct Addresses {
    /// What was seen last, for an address that two pieces share.
    before: Vec<u8>,
    too_long: bool,
}

/// `"XFD1048576"`
const LONGEST_ADDRESS: usize = 12;

impl Addresses {
    fn see(&mut self, bytes: &[u8]) {
        const KEY: &[u8] = b" r=";
        let reach = KEY.len() + LONGEST_ADDRESS;
        let short = |piece: &[u8]| {
            memchr::memmem::find_iter(piece, KEY).all(|at| {
                let Some(value) = piece.get(at + KEY.len()..at + reach) else {
                    return true;
                };
                let quote = value.first().copied().unwrap_or(0);
                !matches!(quote, b'"' | b'\'') || value[1..].contains(&quote)
            })
        };
        // only addresses that begin in the last piece
        self.before
            .extend_from_slice(bytes.get(..reach).unwrap_or(bytes));
        self.too_long |= !short(&self.before) || !short(bytes);
        self.before.clear();
        let last = bytes.len().saturating_sub(reach);
        self.before.extend_from_slice(&bytes[last..]);
    }
}

/// How long the XML event is that a parser would be holding.
struct Events {
    state: u8,
    length: u64,
    most: u64,
    too_long: bool,
}

const TEXT: u8 = 0;
const TAG: u8 = 1;
const DOUBLE: u8 = 2;
const SINGLE: u8 = 3;
/// `<!` and `<?`: comments, CDATA, declarations. Their ends are many, so they run to the next `>` after a `-`, `]` or `?`.
const ODD: u8 = 4;
const ODD_END: u8 = 5;

impl Events {
    fn new(most: u64) -> Events {
        Events {
            state: TEXT,
            length: 0,
            most,
            too_long: false,
        }
    }

    fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            // what stands before the next byte that may end the stretch
            let plain = match self.state {
                TEXT => memchr(b'<', bytes),
                TAG if self.length > 0 => memchr3(b'>', b'"', b'\'', bytes),
                DOUBLE => memchr(b'"', bytes),
                SINGLE => memchr(b'\'', bytes),
                _ => Some(0),
            };
            let plain = plain.unwrap_or(bytes.len());
            self.pass(plain as u64);
            if let Some(b) = bytes.get(plain) {
                self.turn(*b);
            }
            bytes = bytes.get(plain + 1..).unwrap_or_default();
        }
    }

    /// Goes over so many bytes that change nothing.
    fn pass(&mut self, bytes: u64) {
        self.length += bytes;
        self.too_long |= self.length > self.most;
    }

    /// Goes over one byte.
    fn turn(&mut self, b: u8) {
        let next = match (self.state, b) {
            (TEXT, b'<') => TAG,
            (TEXT, _) => TEXT,
            (TAG, b'!' | b'?') if self.length == 0 => ODD,
            (TAG, b'>') => TEXT,
            (TAG, b'"') => DOUBLE,
            (TAG, b'\'') => SINGLE,
            (TAG, _) | (DOUBLE, b'"') | (SINGLE, b'\'') => TAG,
            (ODD | ODD_END, b'-' | b']' | b'?') => ODD_END,
            (ODD_END, b'>') => TEXT,
            (ODD | ODD_END, _) => ODD,
            (state, _) => state,
        };
        let turned = (self.state == TEXT) != (next == TEXT);
        self.length = if turned { 0 } else { self.length + 1 };
        self.too_long |= self.length > self.most;
        self.state = next;
    }
}

fn too_large(name: &str, limits: &Limits) -> Error {
    Error::input(format!(
        "`{name}` inflates to more than {}. Split the workbook, or save the table as CSV.",
        in_words(limits.inflated_bytes)
    ))
}

fn refused(name: &str, why: &str) -> Error {
    Error::input(format!(
        "`{name}` {why}, so it is not opened. If it comes from somebody you trust, open it in a spreadsheet program and save it again."
    ))
}

/// A workbook that cannot be read.
pub(super) fn damaged(name: &str, why: &str) -> Error {
    let why: String = why.chars().take(200).collect();
    Error::input(format!(
        "`{name}` is a damaged or cut-off workbook ({why}). Get the file again, or open it and save it as .xlsx."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_events_are_seen() {
        let long = |xml: &str| {
            let mut events = Events::new(20);
            xml.as_bytes().chunks(7).for_each(|c| events.see(c));
            let mut single = Events::new(20);
            xml.as_bytes().chunks(1).for_each(|c| single.see(c));
            assert_eq!(events.too_long, single.too_long, "{xml}");
            events.too_long
        };
        assert!(!long("<row r=\"1\"><c r=\"A1\"><v>12</v></c></row>"));
        assert!(long("<t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaa</t>"));
        assert!(long("<t a='aaaaaaaaaaaaaaaaaaaaaaaaaaaaa'/>"));
        assert!(!long("<t a='aaaaaa' b=\"aaa\">aaaaaaaa</t>"));
        assert!(long("<t a=\"><><><><><><><><><><><><><><>\">"));
        assert!(long("<!-- <a><a><a><a><a><a><a><a> -->"));
        assert!(!long("<!--x--><a/><!--y--><a/><!--z--><a/>"));
        assert!(long("<![CDATA[<a><a><a><a><a><a><a><a>]]>"));
    }

    #[test]
    fn addresses_are_short() {
        let refused = |xml: &str, piece: usize| {
            let mut addresses = Addresses::default();
            xml.as_bytes().chunks(piece).for_each(|c| addresses.see(c));
            addresses.too_long
        };
        for piece in [16, 17, 23, 100] {
            let ok =
                "<row r=\"1\"><c r=\"XFD1048576\" s=\"1\"/><c r='A1'/> r=AAAAAAAAAAAAAAAA</row>";
            assert!(!refused(ok, piece), "{piece}");
            let long = "<row r=\"1\"><c s=\"1\" r=\"AAAAAAAAAAAA1\"></c></row>";
            assert!(refused(long, piece), "{piece}");
        }
    }

    #[test]
    fn counts_of_strings() {
        let ok = |xml: &str| plausible_strings(xml.as_bytes(), xml.len() as u64);
        assert!(ok(
            "<?xml version=\"1.0\"?>\n<sst count=\"9\" uniqueCount=\"1\"><si><t>a</t></si></sst>"
        ));
        assert!(ok("<x:sst xmlns:x=\"u\"><x:si/></x:sst>"));
        assert!(!ok("<sst uniqueCount=\"4000000000\"></sst>"));
        assert!(!ok("<sst uniqueCount=\"99999999999999999999999\"></sst>"));
        assert!(!ok(
            "<!-- <sst uniqueCount=\"1\"> --><sst uniqueCount=\"4000000000\">"
        ));
        assert!(!ok("<a/><sst uniqueCount=\"4000000000\">"));
    }
}
