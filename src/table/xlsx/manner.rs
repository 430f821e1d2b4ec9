//! How a workbook's writer puts texts and numbers down, so that what is new is put down in the same way.

use std::borrow::Cow;
use std::fmt::Write;
use std::ops::Range;

use memchr::memmem;

use super::markup::{Tags, Turn, unescaped};
use crate::table::dates;

/// How texts are put down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Manner {
    /// Quotation marks, apostrophes and `>` as entities.
    quotes: bool,
    apostrophes: bool,
    plain_greater: bool,
    /// Line breaks, where they are an entity.
    breaks: Option<&'static str>,
    /// Every text is marked as one whose spaces count.
    preserves_all: bool,
}

impl Manner {
    /// Learns it from a part with texts.
    pub(super) fn of(bytes: &[u8]) -> Manner {
        let has = |what: &[u8]| memmem::find(bytes, what).is_some();
        let count = |what: &[u8]| memmem::find_iter(bytes, what).count();
        let preserved = count(b"xml:space=\"preserve\"");
        Manner {
            quotes: has(b"&quot;"),
            apostrophes: has(b"&apos;") || has(b"&#39;"),
            breaks: ["&#10;", "&#xA;"].into_iter().find(|b| has(b.as_bytes())),
            plain_greater: !has(b"&gt;") && greater_in_texts(bytes),
            preserves_all: preserved > 0 && preserved == count(b"t>") / 2 + count(b":t>") / 2,
        }
    }

    /// A text as it stands between tags.
    pub(super) fn escaped<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let special = |c: char| matches!(c, '&' | '<' | '>' | '"' | '\'' | '_' | '\0'..='\x1F');
        if !text.contains(special) {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len() + 8);
        for (at, c) in text.char_indices() {
            match c {
                '_' if is_code(&text[at..]) => out.push_str("_x005F_"),
                '\n' => out.push_str(self.breaks.unwrap_or("\n")),
                '\t' => out.push(c),
                '\0'..='\x1F' => {
                    let _ = write!(out, "_x{:04X}_", u32::from(c));
                }
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' if !self.plain_greater => out.push_str("&gt;"),
                '"' if self.quotes => out.push_str("&quot;"),
                '\'' if self.apostrophes => out.push_str("&apos;"),
                c => out.push(c),
            }
        }
        Cow::Owned(out)
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
        let takes = !placed && end >= from;
        placed |= takes;
        let text = [before, if takes { middle } else { "" }, behind].concat();
        out.extend_from_slice(&bytes[done..place.start]);
        if counts_spaces(&text) && out.ends_with(b"t>") {
            out.pop();
            out.extend_from_slice(b" xml:space=\"preserve\">");
        }
        out.extend_from_slice(manner.escaped(&text).as_bytes());
        done = place.end;
    }
    out.extend_from_slice(&bytes[done..element.end]);
    (placed && !new.is_empty()).then_some(out)
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
