//! How a workbook's writer puts texts and numbers down, so that what is new is put down in the same way.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use memchr::memmem;

use super::markup::{Tags, Turn, unescaped};
use super::rows::digits;
use super::scripts::Runs;
use crate::table::dates;

/// How texts are put down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manner {
    /// Quotation marks, apostrophes, tabs and ends of lines as these entities; empty where they stand as they are.
    quotes: &'static str,
    apostrophes: &'static str,
    tabs: &'static str,
    newlines: &'static str,
    /// Whether `>` stands as it is.
    plain_greater: bool,
    /// Every text is marked as one whose spaces count.
    preserves_all: bool,
    references: References,
}

/// How characters beyond ASCII are put down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum References {
    /// As they are.
    #[default]
    Never,
    /// By their numbers, as Python's writers of XML do.
    Decimal,
    /// The same in hexadecimal digits.
    Hex {
        /// Whether these are capitals.
        capitals: bool,
    },
}

impl References {
    /// Learns it from a part: all such characters are references, or none.
    fn of(bytes: &[u8]) -> References {
        if !bytes.is_ascii() {
            return References::Never;
        }
        let found = memmem::find_iter(bytes, b"&#").find_map(|at| {
            let digits = &bytes[at + 2..];
            let end = digits.iter().take(9).position(|b| *b == b';')?;
            let digits = std::str::from_utf8(&digits[..end]).ok()?;
            let hex = digits.strip_prefix('x');
            let (digits, radix) = hex.map_or((digits, 10), |hex| (hex, 16));
            let beyond = u32::from_str_radix(digits, radix).ok()? > 0x7F;
            let told = hex.is_none() || digits.contains(|c: char| c.is_ascii_alphabetic());
            (beyond && told).then(|| match hex {
                None => References::Decimal,
                Some(hex) => References::Hex {
                    capitals: hex.contains(|c: char| c.is_ascii_uppercase()),
                },
            })
        });
        found.unwrap_or_default()
    }

    fn push(self, c: char, out: &mut String) {
        let number = u32::from(c);
        let _ = match self {
            References::Never => {
                out.push(c);
                Ok(())
            }
            References::Decimal => write!(out, "&#{number};"),
            References::Hex { capitals: true } => write!(out, "&#x{number:X};"),
            References::Hex { capitals: false } => write!(out, "&#x{number:x};"),
        };
    }
}

impl Manner {
    /// Learns it from a part with texts.
    pub(super) fn of(bytes: &[u8]) -> Manner {
        let has = |what: &[u8]| memmem::find(bytes, what).is_some();
        let used = |entities: [&'static str; 2]| {
            let mut used = entities.into_iter().filter(|e| has(e.as_bytes()));
            used.next().unwrap_or("")
        };
        let count = |what: &[u8]| memmem::find_iter(bytes, what).count();
        let preserved = count(b"xml:space=\"preserve\"");
        Manner {
            quotes: used(["&quot;", "&#34;"]),
            apostrophes: used(["&apos;", "&#39;"]),
            tabs: used(["&#9;", "&#x9;"]),
            newlines: used(["&#10;", "&#xA;"]),
            plain_greater: !has(b"&gt;") && greater_in_texts(bytes),
            preserves_all: preserved > 0 && preserved == count(b"</t>") + count(b":t>"),
            references: References::of(bytes),
        }
    }

    /// A text as it stands between tags.
    pub(super) fn escaped<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let special = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'' | '_' | '\0'..='\x1F');
        let plain = self.references == References::Never || text.is_ascii();
        if plain && !text.contains(special) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + 8);
        for (at, c) in text.char_indices() {
            match c {
                '_' if is_code(&text[at..]) => out.push_str("_x005F_"),
                '\t' if !self.tabs.is_empty() => out.push_str(self.tabs),
                '\n' if !self.newlines.is_empty() => out.push_str(self.newlines),
                '\t' | '\n' => out.push(c),
                '\0'..='\x1F' => {
                    let _ = write!(out, "_x{:04X}_", u32::from(c));
                }
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' if !self.plain_greater => out.push_str("&gt;"),
                '"' if !self.quotes.is_empty() => out.push_str(self.quotes),
                '\'' if !self.apostrophes.is_empty() => out.push_str(self.apostrophes),
                c if !c.is_ascii() => self.references.push(c, &mut out),
                c => out.push(c),
            }
        }
        Cow::Owned(out)
    }

    /// A text behind the tag that opens its element, which comes to say so where spaces count.
    pub(super) fn push(&self, text: &str, out: &mut Vec<u8>) {
        if counts_spaces(text) && out.ends_with(b"t>") {
            out.pop();
            out.extend_from_slice(b" xml:space=\"preserve\">");
        }
        out.extend_from_slice(self.escaped(text).as_bytes());
    }

    /// A whole text element, with the prefix of the part's names.
    pub(super) fn element(&self, prefix: &[u8], text: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len() + 40);
        out.push(b'<');
        out.extend_from_slice(prefix);
        out.push(b't');
        if self.preserves_all || counts_spaces(text) {
            out.extend_from_slice(b" xml:space=\"preserve\"");
        }
        out.push(b'>');
        out.extend_from_slice(self.escaped(text).as_bytes());
        out.extend_from_slice(b"</");
        out.extend_from_slice(prefix);
        out.extend_from_slice(b"t>");
        out
    }
}

/// Whether a text begins with the form `_x000D_`, which stands for another character.
fn is_code(text: &str) -> bool {
    text.as_bytes().get(..7).is_some_and(|code| {
        code.starts_with(b"_x") && code[6] == b'_' && code[2..6].iter().all(u8::is_ascii_hexdigit)
    })
}

fn greater_in_texts(bytes: &[u8]) -> bool {
    Tags::new(bytes, 0)
        .take(20_000)
        .any(|tag| bytes.get(tag.end) == Some(&b'>'))
}

/// Whether a text would lose spaces at its ends.
fn counts_spaces(text: &str) -> bool {
    let edge = |c: char| matches!(c, ' ' | '\t' | '\n' | '\r');
    text.starts_with(edge) || text.ends_with(edge)
}

/// The texts of a shared or inline string without readings for the eye: where each stands, tags left out.
pub(super) fn texts(bytes: &[u8], element: Range<usize>) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut reading, mut open) = (false, None);
    for tag in Tags::new(&bytes[..element.end], element.start) {
        match (tag.name, tag.turn) {
            (b"rPh", Turn::Opens) => reading = true,
            (b"rPh", Turn::Closes) => reading = false,
            (b"t", Turn::Opens) if !reading => open = Some(tag.end),
            (b"t", Turn::Closes) => found.extend(open.take().map(|start| start..tag.start)),
            _ => (),
        }
    }
    found
}

/// A shared or inline string with another text: what did not change keeps its look, what did takes that of where it stands.
pub(super) fn with_text(
    bytes: &[u8],
    element: Range<usize>,
    new: &str,
    manner: Manner,
) -> Option<Vec<u8>> {
    let places = texts(bytes, element.clone());
    if let Some(runs) = Runs::of(bytes, element.clone(), &places) {
        return runs.with(new, manner);
    }
    let old: Vec<Cow<'_, str>> = places
        .iter()
        .map(|place| unescaped(&bytes[place.clone()]))
        .collect();
    let whole: String = old.concat();
    let (from, to) = changed(&whole, new);
    let middle = &new[from..new.len() - (whole.len() - to)];
    let mut out = Vec::with_capacity(element.len() + new.len());
    let (mut done, mut at, mut placed) = (element.start, 0, false);
    for (place, text) in places.iter().zip(&old) {
        let (start, end) = (at, at + text.len());
        at = end;
        let before = &whole[start..end.min(from).max(start)];
        let behind = &whole[start.max(to).min(end)..end];
        // what is put in between two goes with the first
        let takes = !placed && (end > from || (from == to && end == from));
        placed |= takes;
        let text = [before, if takes { middle } else { "" }, behind].concat();
        out.extend_from_slice(&bytes[done..place.start]);
        manner.push(&text, &mut out);
        done = place.end;
    }
    out.extend_from_slice(&bytes[done..element.end]);
    if memmem::find(&out, b"rPh").is_some() {
        let units = |text: &str| text.encode_utf16().count() as u32;
        let gone = units(&whole[..from])..units(&whole[..to]);
        out = without_readings(&out, &gone, gone.len() == units(middle) as usize);
    }
    (placed && !new.is_empty()).then_some(out)
}

/// A string without the readings of what gave way, from and to in UTF-16; of what stands behind it, too, unless that `stays` in its
/// place.
fn without_readings(bytes: &[u8], gone: &Range<u32>, stays: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    let (mut done, mut open) = (0, None);
    for tag in Tags::new(bytes, 0).filter(|tag| tag.name == b"rPh") {
        let place = |name: &[u8]| digits(&bytes[tag.attribute(bytes, name)?]);
        match tag.turn {
            Turn::Opens => {
                let (from, to) = (place(b"sb").unwrap_or(0), place(b"eb").unwrap_or(u32::MAX));
                let kept = to <= gone.start || (stays && from >= gone.end);
                open = (!kept).then_some(tag.start);
            }
            _ => {
                if let Some(start) = open.take() {
                    out.extend_from_slice(&bytes[done..start]);
                    done = tag.end;
                }
            }
        }
    }
    out.extend_from_slice(&bytes[done..]);
    out
}

/// What of `old` gives way: from and to, in bytes.
fn changed(old: &str, new: &str) -> (usize, usize) {
    let same = |a: &(char, char)| a.0 == a.1;
    let length = |pair: (char, char)| pair.0.len_utf8();
    let front: usize = old
        .chars()
        .zip(new.chars())
        .take_while(same)
        .map(length)
        .sum();
    let back: usize = old[front..]
        .chars()
        .rev()
        .zip(new[front..].chars().rev())
        .take_while(same)
        .map(length)
        .sum();
    (front, old.len() - back)
}

/// In how many digits numbers are put down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Digits {
    /// As many as it takes to read the same number back.
    #[default]
    Fewest,
    /// Seventeen, sixteen or fifteen that count, without zeros at the end.
    Fixed(u8),
}

/// How numbers are put down, learnt from those that tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    fewest: u32,
    fixed: [u32; 3],
    seen: u32,
}

const FIXED: [u8; 3] = [17, 16, 15];
/// Fractions that decide how numbers are put down.
const ENOUGH: u32 = 20_000;

impl Numbers {
    /// Looks at one number as it stands.
    pub(super) fn see(&mut self, raw: &[u8]) {
        if self.seen >= ENOUGH || !raw.contains(&b'.') {
            return;
        }
        let Some((text, n)) = std::str::from_utf8(raw)
            .ok()
            .and_then(|text| Some((text, text.parse::<f64>().ok()?)))
        else {
            return;
        };
        self.seen += 1;
        self.fewest += u32::from(Digits::Fewest.text(n) == text);
        for (count, digits) in self.fixed.iter_mut().zip(FIXED) {
            *count += u32::from(Digits::Fixed(digits).text(n) == text);
        }
    }

    /// Takes in what another has seen.
    pub(super) fn add(&mut self, other: &Numbers) {
        self.fewest += other.fewest;
        self.seen += other.seen;
        for (count, more) in self.fixed.iter_mut().zip(other.fixed) {
            *count += more;
        }
    }

    /// What fits most.
    pub(super) fn digits(&self) -> Digits {
        let mut best = (self.fewest, Digits::Fewest);
        for (count, digits) in self.fixed.iter().zip(FIXED) {
            if *count > best.0 {
                best = (*count, Digits::Fixed(digits));
            }
        }
        best.1
    }
}

impl Digits {
    /// A number as text.
    pub(super) fn text(self, n: f64) -> String {
        let mut out = String::new();
        let count = match self {
            Digits::Fixed(count) if n != n.trunc() => usize::from(count),
            _ => {
                dates::push_number(n, &mut out);
                return out;
            }
        };
        let _ = write!(out, "{n:.*e}", count - 1);
        let Some((digits, power)) = out.split_once('e') else {
            return out;
        };
        let power: i32 = power.parse().unwrap_or(0);
        if !(-5..count as i32).contains(&power) {
            let digits = digits.trim_end_matches('0').trim_end_matches('.');
            let sign = if power < 0 { '-' } else { '+' };
            return format!("{digits}E{sign}{:02}", power.abs());
        }
        // digits behind the point: those that count, less what stands before it
        let behind = (count as i32 - 1 - power).max(0) as usize;
        let plain = format!("{n:.behind$}");
        plain
            .trim_end_matches('0')
            .trim_end_matches('.')
            .to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_the_writers_digits() {
        assert_eq!(Digits::Fixed(17).text(36.6), "36.600000000000001");
        assert_eq!(Digits::Fixed(16).text(36.6), "36.6");
        assert_eq!(Digits::Fixed(15).text(0.1 + 0.2), "0.3");
        assert_eq!(Digits::Fixed(17).text(5.0), "5");
        assert_eq!(Digits::Fewest.text(0.1 + 0.2), "0.30000000000000004");
        assert_eq!(Digits::Fixed(17).text(1e-7 / 3.0), "3.3333333333333334E-08");
        let learnt = |numbers: &[&str]| {
            let mut seen = Numbers::default();
            numbers.iter().for_each(|n| seen.see(n.as_bytes()));
            seen.digits()
        };
        assert_eq!(learnt(&["36.600000000000001", "36.5"]), Digits::Fixed(17));
        assert_eq!(learnt(&["36.6", "36.5", "12"]), Digits::Fewest);
        assert_eq!(learnt(&[]), Digits::Fewest);
    }

    #[test]
    fn characters_as_numbers_where_the_writer_does_so() {
        let escaped = |part: &str| Manner::of(part.as_bytes()).escaped("a王").into_owned();
        assert_eq!(escaped("<t>&#26446;</t>"), "a&#29579;");
        assert_eq!(escaped("<t>&#x7ae0;</t>"), "a&#x738b;");
        assert_eq!(escaped("<t>1&#10;&#x7AE0;</t>"), "a&#x738B;");
        // where some characters stand as they are, all do
        assert_eq!(escaped("<t>&#26446;</t><t>李</t>"), "a王");
        assert_eq!(escaped("<t>&#10;</t>"), "a王");
        let go = Manner::of("<t>&#34;李&#39;&#xA;</t>".as_bytes());
        assert_eq!(go.escaped("'a\n\t王\""), "&#39;a&#xA;\t王&#34;");
        let manner = Manner::of(b"<t>&#26446;</t>");
        let element = b"<is><t>&#26446;&#38647;</t></is>";
        let new = with_text(element, 0..element.len(), "李云", manner).unwrap();
        assert_eq!(new, b"<is><t>&#26446;&#20113;</t></is>");
    }

    #[test]
    fn no_reading_of_what_is_no_longer_there() {
        let element = "<si><t>東京都港区</t><rPh sb=\"0\" eb=\"3\"><t>トウキョウト</t></rPh><rPh sb=\"3\" eb=\"5\"><t>ミナトク</t></rPh><phoneticPr fontId=\"1\"/></si>";
        let with = |new: &str| {
            let bytes = element.as_bytes();
            let out = with_text(bytes, 0..bytes.len(), new, Manner::default()).unwrap();
            let out = String::from_utf8(out).unwrap();
            assert!(out.ends_with("<phoneticPr fontId=\"1\"/></si>"), "{out}");
            [out.contains("トウ"), out.contains("ミナ")]
        };
        assert_eq!(with("東京都港区"), [true, true]);
        assert_eq!(with("東京都北区"), [true, false]);
        assert_eq!(with("京京都港区"), [false, true]);
        assert_eq!(with("京都港区"), [false, false]);
        assert_eq!(with("大阪府"), [false, false]);
    }

    #[test]
    fn new_texts_in_old_clothes() {
        let manner = Manner::of(b"<t>it&apos;s</t>");
        assert_eq!(manner.escaped("a'b<\"c\""), "a&apos;b&lt;\"c\"");
        assert_eq!(manner.escaped("a\nb"), "a\nb");
        let entities = Manner::of(b"<t>12&#10;3</t>");
        assert_eq!(entities.escaped("a\n\tb"), "a&#10;\tb");
        assert_eq!(
            manner.element(b"x:", " a"),
            b"<x:t xml:space=\"preserve\"> a</x:t>"
        );
        let rich = b"<si><r><rPr><b/></rPr><t>No. </t></r><r><t>12</t></r><rPh sb=\"0\" eb=\"1\"><t>ka</t></rPh></si>";
        let renewed = |new: &str| {
            let out = with_text(rich, 0..rich.len(), new, manner).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert!(renewed("No. 17").contains("<t>17</t>"));
        assert!(
            renewed("Nr. 12")
                .contains("<b/></rPr><t xml:space=\"preserve\">Nr. </t></r><r><t>12</t>")
        );
        assert!(renewed("Nr 17").contains("<t>Nr 17</t></r><r><t></t>"));
        let plain = b"<si><t>\xe5\xbc\xa0</t><phoneticPr fontId=\"1\"/></si>";
        let new = with_text(plain, 0..plain.len(), "王", manner).unwrap();
        assert_eq!(
            String::from_utf8(new).unwrap(),
            "<si><t>王</t><phoneticPr fontId=\"1\"/></si>"
        );
        assert_eq!(with_text(b"<si/>", 0..5, "x", manner), None);
    }
}
