//! XML as text with places in it, so that a part is changed where it must be and stays byte for byte what it was elsewhere.

use std::borrow::Cow;
use std::ops::Range;

use memchr::memmem;

use super::Stuck;
use crate::table::xlsx::markup::entities;

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
        self.raw(name).map(entities)
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

/// A part as text.
pub fn text<'a>(part: &str, bytes: &'a [u8]) -> Result<&'a str, Stuck> {
    std::str::from_utf8(bytes)
        .map_err(|_| Stuck::new("is not in UTF-8, so that its references cannot follow").at(part))
}

#[cfg(test)]
mod tests {
    use super::super::splice::Splice;
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
    fn an_attribute_taken_out() {
        let xml = "<a sqref=\"1\"  ref='2' b=\"\"/>";
        let tag = Tags::new(xml).next().unwrap();
        let mut splice = Splice::new(xml);
        splice.remove(tag.whole_attribute("ref").unwrap());
        splice.replace(tag.behind_name()..tag.behind_name(), " n=\"0\"");
        assert_eq!(splice.finish(), "<a n=\"0\" sqref=\"1\" b=\"\"/>");
    }
}
