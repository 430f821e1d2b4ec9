//! XML event by event, with what the readers need of it: local names, attributes, text without entities that stand for more.

use std::borrow::Cow;
use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::escape::{resolve_xml_entity, unescape};
use quick_xml::events::{BytesEnd, BytesStart, Event};

use super::parts::Bounded;
use super::shelf::Trouble;

/// Deeper than any spreadsheet program nests.
const DEPTH: usize = 200;
/// Tags that may go by without one that holds anything; formatted rows and columns of a whole sheet are fewer.
const IDLE: u64 = 30_000_000;
/// More comments and instructions than any spreadsheet program writes.
const ASIDES: usize = 100_000;

/// An XML document as it is read.
pub(super) struct Xml<R> {
    reader: Reader<Bounded<R>>,
    buffer: Vec<u8>,
    depth: usize,
    asides: usize,
    idle: u64,
}

/// What is met.
pub(super) enum Node<'a> {
    /// A tag opens; one that stands alone closes at once.
    Open(Tag<'a>),
    /// A tag closes.
    Close(End<'a>),
    /// Characters.
    Text(Cow<'a, str>),
    /// Comments and the like.
    Other,
    /// The document is over.
    End,
}

/// An opening tag.
pub(super) struct Tag<'a>(BytesStart<'a>);

/// A closing tag.
pub(super) struct End<'a>(BytesEnd<'a>);

impl End<'_> {
    /// Its name without prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }
}

impl Tag<'_> {
    /// Its name without prefix.
    pub(super) fn name(&self) -> &str {
        self.0.local_name().into_inner()
    }

    /// The value of the attribute of this local name.
    pub(super) fn get(&self, wanted: &str) -> Option<String> {
        self.0
            .attributes()
            .with_checks(false)
            .flatten()
            .find(|a| a.key.local_name().as_ref() == wanted)
            .and_then(|a| Some(unescape(&a.value).ok()?.into_owned()))
    }

    /// The number that the attribute of this local name is.
    pub(super) fn number<N: std::str::FromStr>(&self, wanted: &str) -> Option<N> {
        self.get(wanted)?.trim().parse().ok()
    }

    /// Whether the attribute says yes.
    pub(super) fn truth(&self, wanted: &str) -> bool {
        matches!(self.get(wanted).as_deref(), Some("1" | "true" | "on"))
    }

    /// Every attribute's local name and value as it stands, for tags of which there are many.
    pub(super) fn raw(&self, mut each: impl FnMut(&str, &str)) {
        for a in self.0.attributes().with_checks(false).flatten() {
            each(a.key.local_name().as_ref(), a.value.as_ref());
        }
    }
}

impl<R: BufRead> Xml<R> {
    pub(super) fn new(part: Bounded<R>) -> Xml<R> {
        let mut reader = Reader::from_reader(part);
        let config = reader.config_mut();
        config.expand_empty_elements = true;
        config.allow_dangling_amp = true;
        Xml {
            reader,
            buffer: Vec::with_capacity(1024),
            depth: 0,
            asides: 0,
            idle: 0,
        }
    }

    /// A cell or a string was found, so that the tags since the last one were not for nothing.
    pub(super) fn found(&mut self) {
        self.idle = 0;
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Result<Node<'_>, Trouble> {
        // so that one long event does not keep its memory to the end
        if self.buffer.capacity() > 1 << 20 {
            self.buffer = Vec::with_capacity(1024);
        }
        self.buffer.clear();
        self.reader.get_mut().begin();
        let event = self
            .reader
            .read_event_into(&mut self.buffer)
            .map_err(|error| match error {
                // in our own words, or the archive's
                quick_xml::Error::Io(why) => Trouble::broken(why),
                other => Trouble::broken(other),
            })?;
        Ok(match event {
            Event::Start(tag) => {
                self.depth += 1;
                if self.depth > DEPTH {
                    return Err(Trouble::broken("its tags are nested too deep"));
                }
                self.idle += 1;
                if self.idle > IDLE {
                    return Err(Trouble::broken(
                        "it goes on for millions of tags that hold nothing",
                    ));
                }
                Node::Open(Tag(tag))
            }
            Event::End(tag) => {
                self.depth = self.depth.saturating_sub(1);
                Node::Close(End(tag))
            }
            Event::Text(text) => Node::Text(text.xml10_content()),
            Event::CData(text) => Node::Text(text.xml10_content()),
            Event::GeneralRef(entity) => Node::Text(match resolve_xml_entity(&entity) {
                Some(text) => text.into(),
                None => match entity.resolve_char_ref().map_err(Trouble::broken)? {
                    Some(c) => c.to_string().into(),
                    None => return Err(Trouble::broken("it uses an entity of its own making")),
                },
            }),
            Event::Eof => Node::End,
            Event::Empty(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_) => {
                self.asides += 1;
                if self.asides > ASIDES {
                    return Err(Trouble::broken(
                        "it has more comments than any program writes",
                    ));
                }
                Node::Other
            }
        })
    }
}
