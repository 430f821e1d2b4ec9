//! The table of shared strings: which texts it holds, in which order, and how it looks when some are new and some are gone.
//!
//! Programs put strings down as they meet them, so a string appended at the end, or one that nobody uses, would show what was
//! altered. Here strings that stood in the order of their first use do so in the copy, too, new ones among them; what stood
//! elsewhere (a cell edited later) stays behind the string that it stood behind, and a new one may stand beside it. Strings without
//! a use are left out.

mod known;
mod order;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use self::known::{Fresh, Known};
use self::order::Order;
use super::manner::{self, Manner};
use super::markup::{Tags, Turn, opened};
use super::turns::{Beside, Late};
use super::values::{self, Texts};
use crate::digests::DigestMap;

/// No place.
const NONE: u32 = u32::MAX;

/// The part with the shared strings.
#[derive(Clone, Debug)]
pub(super) struct Strings {
    bytes: Vec<u8>,
    /// Behind the tag that opens the table, and the values in it that count uses and strings.
    head: usize,
    count: Option<Range<usize>>,
    unique: Option<Range<usize>>,
    /// Where each string's element ends; white space before it is its own.
    ends: Vec<u32>,
    known: Known,
    hasher: RandomState,
    /// Whether each cell has a string of its own, even where texts repeat.
    own: bool,
    /// Whether some texts repeat.
    repeats: bool,
    manner: Manner,
    prefix: Vec<u8>,
    uses: u32,
    order: Order,
}

impl Strings {
    /// Finds the strings, and their texts; `None` where the markup is not that of a table of strings.
    pub(super) fn of(bytes: Vec<u8>) -> Option<(Strings, Texts)> {
        let bytes = opened(bytes, b"sst")?;
        let open = Tags::new(&bytes, 0).find(|t| t.name == b"sst")?;
        let prefix = open.prefix(&bytes).to_vec();
        // a part that its own tags cannot be counted in is none that a spreadsheet program wrote
        u32::try_from(bytes.len()).ok()?;
        let mut ends = Vec::new();
        let mut depth = 0u32;
        if open.turn == Turn::Opens {
            for tag in Tags::new(&bytes, open.end) {
                match (tag.name, tag.turn) {
                    (b"si", Turn::Opens) => depth += 1,
                    (b"si", Turn::Closes) => {
                        depth = depth.saturating_sub(1);
                        ends.push(tag.end as u32);
                    }
                    (b"si", Turn::Whole) if depth == 0 => ends.push(tag.end as u32),
                    (b"sst", Turn::Closes) => break,
                    _ => (),
                }
            }
        }
        let mut strings = Strings {
            head: open.end,
            count: open.attribute(&bytes, b"count"),
            unique: open.attribute(&bytes, b"uniqueCount"),
            known: Known::default(),
            hasher: RandomState::new(),
            own: false,
            repeats: false,
            manner: Manner::of(&bytes),
            prefix,
            uses: 0,
            order: Order::default(),
            ends,
            bytes,
        };
        let mut texts = Texts::default();
        let look = |id: usize| {
            let element = strings.element(id as u32);
            let places = manner::texts(&strings.bytes, element.clone());
            texts.push(&strings.bytes, &places);
            let told = telling_of(&strings.bytes, element, &places);
            strings.hasher.hash_one(told)
        };
        strings.known = Known::of((0..strings.ends.len()).map(look));
        strings.repeats = strings.repeat();
        Some((strings, texts))
    }

    /// Whether two strings are the same.
    fn repeat(&self) -> bool {
        self.known.alike().any(|run| {
            let told = run.iter().map(|entry| self.telling(*entry as u32));
            let mut seen = HashSet::with_capacity(run.len());
            told.into_iter().any(|told| !seen.insert(told))
        })
    }

    /// What a string is told by: its text, where it is one text, else its whole element, since runs have looks of their own.
    fn telling(&self, id: u32) -> &[u8] {
        telling(&self.bytes, self.element(id))
    }

    /// The first string that is told by this.
    fn first_that_says(&self, told: &[u8]) -> Option<u32> {
        let mut alike = self.known.with(self.hasher.hash_one(told));
        alike.find(|id| self.telling(*id) == told)
    }

    /// Learns which strings are used, in the order of all cells of the workbook.
    pub(super) fn learn(&mut self, uses: impl Iterator<Item = u32>) {
        let count = self.ends.len();
        let mut first = vec![NONE; count];
        let mut at = 0u32;
        for id in uses {
            if let Some(first) = first.get_mut(id as usize)
                && *first == NONE
            {
                *first = at;
            }
            at += 1;
        }
        self.uses = at;
        self.own = self.repeats && at as usize == count;
        self.order = Order::of(&first);
    }

    /// How texts are put down.
    pub(super) fn manner(&self) -> Manner {
        self.manner
    }

    /// How many strings there are.
    pub(super) fn len(&self) -> u32 {
        self.ends.len() as u32
    }

    /// A string's text.
    pub(super) fn text(&self, id: u32) -> String {
        let places = manner::texts(&self.bytes, self.element(id));
        values::text_of(&self.bytes, &places)
    }

    fn element(&self, id: u32) -> Range<usize> {
        let end = |at: usize| self.ends.get(at).map(|end| *end as usize);
        let before = (id as usize).checked_sub(1);
        let start = before.and_then(end).unwrap_or(self.head);
        start..end(id as usize).unwrap_or(start)
    }

    /// Whether some strings that are used stand elsewhere than their first use puts them.
    pub(super) fn has_late(&self) -> bool {
        !self.order.followers.is_empty()
    }

    /// Whether this string does.
    pub(super) fn is_late(&self, id: u32) -> bool {
        self.order.regular.get(id as usize) == Some(&false)
    }

    /// The copy's strings, with those of the source.
    pub(super) fn draft(&self) -> Draft<'_> {
        Draft {
            source: self,
            fresh: Fresh::default(),
            known: DigestMap::default(),
            twins: HashMap::new(),
            late: Late::default(),
        }
    }
}

fn telling(bytes: &[u8], element: Range<usize>) -> &[u8] {
    let places = manner::texts(bytes, element.clone());
    telling_of(bytes, element, &places)
}

fn telling_of<'a>(bytes: &'a [u8], element: Range<usize>, texts: &[Range<usize>]) -> &'a [u8] {
    match texts {
        [text] => &bytes[text.clone()],
        _ => bytes[element].trim_ascii_start(),
    }
}

/// The strings of one copy while its cells are looked at.
pub(super) struct Draft<'a> {
    source: &'a Strings,
    fresh: Fresh,
    /// Places of fresh strings by the digest of what they are told by.
    known: DigestMap<u32>,
    /// What the texts became of strings that say what an earlier one says; each has one of its own.
    twins: HashMap<(u32, String), u32>,
    late: Late,
}

impl Draft<'_> {
    /// The number of the string with this text: the source's, or a new one in the look of `like`.
    pub(super) fn intern(&mut self, text: &str, like: Option<u32>, beside: Beside) -> u32 {
        let source = self.source;
        let twin = like.filter(|id| !source.own && self.is_twin(*id));
        if let Some(twin) = twin
            && let Some(id) = self.twins.get(&(twin, text.to_string()))
        {
            return *id;
        }
        let like = like.map(|id| source.element(id));
        let rich = like
            .clone()
            .is_some_and(|element| manner::texts(&source.bytes, element).len() > 1);
        if !rich
            && twin.is_none()
            && let Some(id) = self.plain(text)
        {
            return id;
        }
        let element = like
            .and_then(|like| manner::with_text(&source.bytes, like, text, source.manner))
            .unwrap_or_else(|| {
                let prefix = &source.prefix;
                let text = source.manner.element(prefix, text);
                [b"<", &prefix[..], b"si>", &text, b"</", prefix, b"si>"].concat()
            });
        let told = telling(&element, 0..element.len());
        if rich && let Some(id) = self.find(told) {
            return id;
        }
        let at = self.fresh.len() as u32;
        let id = source.len() + at;
        self.late.put(id, beside);
        self.fresh.push(&element);
        match twin {
            Some(twin) => {
                self.twins.insert((twin, text.to_string()), id);
            }
            None if source.own => (),
            None => {
                self.known.insert(source.hasher.hash_one(told), at);
            }
        }
        id
    }

    /// Whether a string of the source says what an earlier one says, as some programs let them.
    fn is_twin(&self, id: u32) -> bool {
        let source = self.source;
        source.repeats && source.first_that_says(source.telling(id)) != Some(id)
    }

    /// The string that is this text and nothing else, if there is one.
    pub(super) fn plain(&self, text: &str) -> Option<u32> {
        self.find(self.source.manner.escaped(text).as_bytes())
    }

    /// The string that is told by this.
    fn find(&self, told: &[u8]) -> Option<u32> {
        let source = self.source;
        if source.own {
            return None;
        }
        let digest = source.hasher.hash_one(told);
        let fresh = self.known.get(&digest).filter(|at| {
            let element = self.fresh.get(**at as usize);
            element.is_some_and(|element| telling(element, 0..element.len()) == told)
        });
        match fresh {
            Some(at) => Some(source.len() + at),
            None => source.first_that_says(told),
        }
    }

    /// Numbers the strings for cells that use them in this order.
    pub(super) fn arrange(self, uses: impl Iterator<Item = u32>) -> Arranged {
        let source = self.source;
        // nothing is added from here on
        drop(self.known);
        let all = source.len() as usize + self.fresh.len();
        let mut used = vec![false; all];
        let mut firsts: Vec<u32> = Vec::new();
        let mut count = 0u32;
        let is_regular = |id: u32| match source.order.regular.get(id as usize) {
            Some(regular) => *regular,
            None => !self.late.holds(id),
        };
        for id in uses {
            count += 1;
            if let Some(used) = used.get_mut(id as usize)
                && !*used
            {
                *used = true;
                if is_regular(id) {
                    firsts.push(id);
                }
            }
        }
        // a follower whose leader is gone follows the one before that
        let mut behind: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut leader = NONE;
        let mut next = 0;
        for (anchor, id) in &source.order.followers {
            if *anchor != NONE {
                for candidate in next..=*anchor {
                    if is_regular(candidate) && used[candidate as usize] {
                        leader = candidate;
                    }
                }
                next = *anchor + 1;
            }
            let here = self.late.around(*id);
            let mut here = here.filter(|id| used[*id as usize]).peekable();
            if here.peek().is_some() {
                behind.entry(leader).or_default().extend(here);
            }
        }
        let mut sequence = behind.remove(&NONE).unwrap_or_default();
        if sequence.is_empty() && behind.is_empty() {
            sequence = firsts;
        } else {
            for id in firsts {
                sequence.push(id);
                sequence.extend(behind.remove(&id).unwrap_or_default());
            }
        }
        let mut numbers = vec![NONE; all];
        for (number, id) in sequence.iter().enumerate() {
            numbers[*id as usize] = number as u32;
        }
        Arranged {
            numbers,
            sequence,
            fresh: self.fresh,
            count,
        }
    }
}

/// The strings of one copy in their order.
pub(super) struct Arranged {
    /// The copy's number of each string, source's and new ones.
    numbers: Vec<u32>,
    sequence: Vec<u32>,
    fresh: Fresh,
    count: u32,
}

impl Arranged {
    /// The copy's number of a string.
    pub(super) fn number(&self, id: u32) -> u32 {
        self.numbers.get(id as usize).copied().unwrap_or(id)
    }

    /// Whether the copy's table of strings is the source's.
    pub(super) fn is_source(&self, source: &Strings) -> bool {
        let same = |(at, id): (usize, &u32)| *id == at as u32;
        self.count == source.uses
            && self.sequence.len() == source.ends.len()
            && self.sequence.iter().enumerate().all(same)
    }

    /// Writes the part.
    ///
    /// # Errors
    /// Those of `out`.
    pub(super) fn write(&self, source: &Strings, out: &mut dyn Write) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(1 << 16, out);
        let bytes = &source.bytes;
        // counts that were right stay right, and those that were not are wrong by as much
        let moved = |place: &Range<usize>, was: usize, is: usize| -> Option<String> {
            let said: i64 = std::str::from_utf8(&bytes[place.clone()])
                .ok()?
                .parse()
                .ok()?;
            Some((said + is as i64 - was as i64).max(0).to_string())
        };
        let unique = source.unique.as_ref().and_then(|place| {
            let new = moved(place, source.ends.len(), self.sequence.len())?;
            Some((place.clone(), new))
        });
        let count = source.count.as_ref().and_then(|place| {
            let new = moved(place, source.uses as usize, self.count as usize)?;
            Some((place.clone(), new))
        });
        let mut counts: Vec<(Range<usize>, String)> = unique.into_iter().chain(count).collect();
        counts.sort_by_key(|(place, _)| place.start);
        let mut done = 0;
        for (place, new) in counts {
            out.write_all(&bytes[done..place.start])?;
            out.write_all(new.as_bytes())?;
            done = place.end;
        }
        out.write_all(&bytes[done..source.head])?;
        for id in &self.sequence {
            let fresh = id.checked_sub(source.len());
            match fresh.and_then(|at| self.fresh.get(at as usize)) {
                Some(element) => out.write_all(element)?,
                None => out.write_all(&bytes[source.element(*id)])?,
            }
        }
        let behind = source.ends.last().map_or(source.head, |end| *end as usize);
        out.write_all(&bytes[behind..])?;
        out.flush()
    }
}

#[cfg(test)]
#[path = "strings_tests.rs"]
mod tests;
