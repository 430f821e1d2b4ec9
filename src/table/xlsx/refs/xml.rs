//! XML as text with places in it, so that a part is changed where it must be and stays byte for byte what it was elsewhere.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;

use memchr::memmem;

use super::Stuck;

/// What a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Open,
    Close,
    Empty,
}

/// One tag of a part.
#[derive(Clone, Debug)]
pub struct Tag<'a> {
    /// From `<` to behind `>`.
    pub span: Range<usize>,
    pub kind: Kind,
    /// With its prefix.
    full: &'a str,
    source: &'a str,
}

impl<'a> Tag<'a> {
    /// The name without its prefix.
    pub fn name(&self) -> &'a str {
        self.full.rsplit(':').next().unwrap_or(self.full)
    }

    /// `x:` or nothing.
    pub fn prefix(&self) -> &'a str {
        &self.full[..self.full.len() - self.name().len()]
    }

    /// Names and places of the attributes' values.
    pub fn attributes(&self) -> Attributes<'a> {
        Attributes {
            source: self.source,
            at: self.span.start + 1 + usize::from(self.kind == Kind::Close) + self.full.len(),
            end: self.span.end,
        }
    }

    /// The place of an attribute's value. The name is without a prefix, as are those that a sheet's own elements have.
    pub fn place(&self, name: &str) -> Option<Range<usize>> {
        self.attributes()
            .find(|(n, _)| *n == name)
            .map(|(_, place)| place)
    }

    /// An attribute's value as it stands, entities and all.
    pub fn raw(&self, name: &str) -> Option<&'a str> {
        self.place(name).map(|place| &self.source[place])
    }

    /// An attribute's value.
    pub fn value(&self, name: &str) -> Option<Cow<'a, str>> {
        self.raw(name).map(unescaped)
    }

    /// The value of an attribute of another namespace, by its local name: `id` finds `r:id`.
    pub fn foreign(&self, name: &str) -> Option<&'a str> {
        self.attributes()
            .find(|(n, _)| n.split_once(':').is_some_and(|(_, local)| local == name))
            .map(|(_, place)| &self.source[place])
    }

    /// Where an attribute stands with its name and the space before it, for taking it out.
    pub fn whole_attribute(&self, name: &str) -> Option<Range<usize>> {
        let value = self.place(name)?;
        let before = &self.source[self.span.start..value.start];
        let named = self.span.start + before.rfind(name)?;
        let spaces = self.source[..named].len() - self.source[..named].trim_end().len();
        Some(named - spaces..value.end + 1)
    }

    /// Where another attribute can be put in, a space first.
    pub fn behind_name(&self) -> usize {
        self.span.start + 1 + self.full.len()
    }
}

/// Walks over a tag's attributes.
pub struct Attributes<'a> {
    source: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Iterator for Attributes<'a> {
    type Item = (&'a str, Range<usize>);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.source.get(self.at..self.end)?;
        let equals = rest.find('=')?;
        let name = rest[..equals].trim();
        let behind = &rest[equals + 1..];
        let quoted = behind.trim_start();
        let quote = quoted.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let start = self.at + equals + 1 + (behind.len() - quoted.len()) + 1;
        let length = self.source[start..self.end].find(quote)?;
        self.at = start + length + 1;
        Some((name, start..start + length))
    }
}

/// The tags of a text, in order. Comments, CDATA and instructions are passed over.
#[derive(Clone)]
pub struct Tags<'a> {
    source: &'a str,
    at: usize,
}

impl<'a> Tags<'a> {
    pub fn new(source: &'a str) -> Tags<'a> {
        Tags { source, at: 0 }
    }

    /// From a place on that is outside of any tag.
    pub fn from(source: &'a str, at: usize) -> Tags<'a> {
        Tags { source, at }
    }
}

impl<'a> Iterator for Tags<'a> {
    type Item = Tag<'a>;

    fn next(&mut self) -> Option<Tag<'a>> {
        let bytes = self.source.as_bytes();
        loop {
            let start = self.at + memchr::memchr(b'<', bytes.get(self.at..)?)?;
            let rest = &bytes[start..];
            let skipped = match rest.get(1)? {
                b'?' => Some(memmem::find(rest, b"?>")? + 2),
                b'!' if rest.starts_with(b"<!--") => {
                    Some(4 + memmem::find(&rest[4..], b"-->")? + 3)
                }
                b'!' if rest.starts_with(b"<![CDATA[") => Some(memmem::find(rest, b"]]>")? + 3),
                b'!' => Some(memchr::memchr(b'>', rest)? + 1),
                _ => None,
            };
            if let Some(length) = skipped {
                self.at = start + length;
                continue;
            }
            let end = start + end_of_tag(rest)?;
            self.at = end;
            let close = rest[1] == b'/';
            let empty = bytes[end - 2] == b'/' && !close;
            let named = start + 1 + usize::from(close);
            let length = bytes[named..end]
                .iter()
                .position(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>'))?;
            return Some(Tag {
                span: start..end,
                kind: match (close, empty) {
                    (true, _) => Kind::Close,
                    (_, true) => Kind::Empty,
                    _ => Kind::Open,
                },
                full: &self.source[named..named + length],
                source: self.source,
            });
        }
    }
}

/// How long the tag is that begins here; a `>` between quotes is not its end.
fn end_of_tag(rest: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr3(b'>', b'"', b'\'', rest.get(at..)?)?;
        let found = rest[at];
        at += 1;
        if found == b'>' {
            return Some(at);
        }
        at += memchr::memchr(found, rest.get(at..)?)? + 1;
    }
}

/// An element of a small part.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    pub tag: Tag<'a>,
    /// Between its tags.
    pub inner: Range<usize>,
    /// With its tags.
    pub whole: Range<usize>,
    /// The place of the element around it in the list.
    pub parent: Option<usize>,
}

/// The elements of a part in the order of their opening tags.
pub struct Elements<'a> {
    pub source: &'a str,
    pub all: Vec<Element<'a>>,
}

/// How far up a closing tag looks for its opening one. Only damaged files need more than one step.
const REACH: usize = 64;

impl<'a> Elements<'a> {
    pub fn new(source: &'a str) -> Elements<'a> {
        let mut all: Vec<Element> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        for tag in Tags::new(source) {
            match tag.kind {
                Kind::Close => {
                    let around = open.iter().rev().take(REACH);
                    let mut depth = around.map(|at| all[*at].tag.full == tag.full);
                    let Some(up) = depth.position(|same| same) else {
                        continue;
                    };
                    for at in open.drain(open.len() - up - 1..) {
                        all[at].inner.end = tag.span.start;
                        all[at].whole.end = tag.span.end;
                    }
                }
                kind => {
                    let ends = if kind == Kind::Empty {
                        tag.span.end
                    } else {
                        source.len()
                    };
                    all.push(Element {
                        inner: tag.span.end..ends,
                        whole: tag.span.start..ends,
                        parent: open.last().copied(),
                        tag,
                    });
                    if kind == Kind::Open {
                        open.push(all.len() - 1);
                    }
                }
            }
        }
        Elements { source, all }
    }

    /// All elements of a name, with their places in the list.
    pub fn named(&self, name: &'a str) -> impl Iterator<Item = (usize, &Element<'a>)> {
        let all = self.all.iter().enumerate();
        all.filter(move |(_, element)| element.tag.name() == name)
    }

    /// Everything inside an element.
    pub fn inside(&self, at: usize) -> impl Iterator<Item = (usize, &Element<'a>)> {
        let end = self.all.get(at).map_or(0, |e| e.whole.end);
        let rest = self.all.iter().enumerate().skip(at + 1);
        rest.take_while(move |(_, element)| element.tag.span.start < end)
    }

    /// The first element of a name inside another.
    pub fn first_inside(&self, at: usize, name: &str) -> Option<&Element<'a>> {
        self.inside(at)
            .find(|(_, element)| element.tag.name() == name)
            .map(|(_, element)| element)
    }

    /// The elements around one, the nearest first.
    pub fn around(&self, at: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(self.all.get(at).and_then(|e| e.parent), |up| {
            self.all.get(*up).and_then(|e| e.parent)
        })
    }

    /// The text between an element's tags as it stands.
    pub fn text(&self, element: &Element) -> &'a str {
        &self.source[element.inner.clone()]
    }
}

/// Changes to a text, put in all at once.
pub struct Splice<'a> {
    source: &'a str,
    edits: Vec<(Range<usize>, String)>,
}

impl<'a> Splice<'a> {
    pub fn new(source: &'a str) -> Splice<'a> {
        Splice {
            source,
            edits: Vec::new(),
        }
    }

    /// Puts a text, escaped already, into a place.
    pub fn replace(&mut self, place: Range<usize>, text: impl Into<String>) {
        self.edits.push((place, text.into()));
    }

    /// Puts a value into a place, escaped as what stood there was.
    pub fn set(&mut self, place: Range<usize>, value: &str) {
        let escaped = escaped_as(value, &self.source[place.clone()]);
        self.edits.push((place, escaped));
    }

    pub fn remove(&mut self, place: Range<usize>) {
        self.edits.push((place, String::new()));
    }

    pub fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    /// The changed text. What would change something inside a piece that goes anyway is left out.
    pub fn finish(mut self) -> String {
        self.edits
            .sort_by_key(|(place, _)| (place.start, Reverse(place.end)));
        let added: usize = self.edits.iter().map(|(_, text)| text.len()).sum();
        let mut out = String::with_capacity(self.source.len() + added);
        let mut done = 0;
        for (place, text) in &self.edits {
            if place.start < done {
                continue;
            }
            out.push_str(&self.source[done..place.start]);
            out.push_str(text);
            done = place.end;
        }
        out.push_str(&self.source[done..]);
        out
    }
}

/// A part as text.
pub fn text<'a>(part: &str, bytes: &'a [u8]) -> Result<&'a str, Stuck> {
    std::str::from_utf8(bytes)
        .map_err(|_| Stuck::new("is not in UTF-8, so that its references cannot follow").at(part))
}

/// What a raw text or value stands for.
pub fn unescaped(raw: &str) -> Cow<'_, str> {
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

/// A text that stands between tags.
pub fn escaped(text: &str) -> String {
    escaped_as(text, "\"'")
}

/// A value with the same characters escaped as in `model`, the text that stood there before.
fn escaped_as(value: &str, model: &str) -> String {
    if !value.contains(['&', '<', '>', '"', '\'']) {
        return value.to_string();
    }
    let mut out = String::with_capacity(value.len() + 16);
    for character in value.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if !model.contains('>') => out.push_str("&gt;"),
            '"' if !model.contains('"') => out.push_str("&quot;"),
            '\'' if !model.contains('\'') => out.push_str("&apos;"),
            plain => out.push(plain),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_attributes_and_what_is_passed_over() {
        let xml = "<?xml version='1.0'?><!-- <c r=\"A1\"> --><x:a b = 'q>\"' r:id=\"7\"><![CDATA[<no/>]]><y/></x:a>";
        let tags: Vec<_> = Tags::new(xml).collect();
        let names: Vec<_> = tags
            .iter()
            .map(|t| (t.prefix(), t.name(), t.kind))
            .collect();
        assert_eq!(
            names,
            [
                ("x:", "a", Kind::Open),
                ("", "y", Kind::Empty),
                ("x:", "a", Kind::Close)
            ]
        );
        assert_eq!(tags[0].raw("b"), Some("q>\""));
        assert_eq!(tags[0].foreign("id"), Some("7"));
        assert_eq!(tags[0].raw("id"), None);
        assert_eq!(tags[2].attributes().count(), 0);
        let all = Elements::new(xml);
        assert_eq!(all.text(&all.all[0]), "<![CDATA[<no/>]]><y/>");
        assert_eq!(all.around(1).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn broken_xml_ends_quietly() {
        for xml in [
            "<",
            "<a",
            "<a b='",
            "<!--",
            "</",
            "<a></b></c>",
            "<a =x>",
            "<>",
            "</>",
            "<a b=>",
        ] {
            let all = Elements::new(xml);
            for element in &all.all {
                assert!(element.tag.attributes().count() < 3);
                assert!(element.whole.end <= xml.len());
            }
        }
    }

    #[test]
    fn entities_there_and_back() {
        let raw = "&quot;a&quot;&amp;B1&lt;&gt;5&#33;&#x4e00;&bogus;&";
        assert_eq!(unescaped(raw), "\"a\"&B1<>5!一&bogus;&");
        assert_eq!(
            escaped_as("\"a\"&B2<>5", "&quot;a&quot;&amp;B1&lt;&gt;5"),
            "&quot;a&quot;&amp;B2&lt;&gt;5"
        );
        assert_eq!(escaped_as("\"a\"&B2", "\"a\"&amp;B1"), "\"a\"&amp;B2");
    }

    #[test]
    fn edits_inside_what_goes_are_left_out() {
        let mut splice = Splice::new("abcdef");
        splice.replace(2..3, "X");
        splice.remove(1..4);
        splice.replace(5..5, "-");
        assert_eq!(splice.finish(), "ae-f");
    }

    #[test]
    fn an_attribute_taken_out() {
        let xml = "<a sqref=\"1\"  ref='2' b=\"\"/>";
        let tag = Tags::new(xml).next().unwrap();
        let mut splice = Splice::new(xml);
        splice.remove(tag.whole_attribute("ref").unwrap());
        splice.replace(tag.behind_name()..tag.behind_name(), " n=\"0\"");
        assert_eq!(splice.finish(), "<a n=\"0\" sqref=\"1\" b=\"\"/>");
    }
}
