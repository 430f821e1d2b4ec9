//! The table of shared strings: which texts it holds, in which order, and how it looks when some are new and some are gone.
//!
//! Programs put strings down as they meet them, so a string appended at the end, or one that nobody uses, would show what was
//! altered. Here strings that stood in the order of their first use do so in the copy, too, new ones among them; what stood
//! elsewhere (a cell edited later) stays behind the string that it stood behind, and a new one may stand beside it. Strings without
//! a use are left out.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Write};
use std::ops::Range;

use super::manner::{self, Manner};
use super::markup::{Tags, Turn};
use super::turns::{Beside, Late};
use super::values::Texts;
use crate::digests::{DigestMap, map_for};

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
    ends: Vec<usize>,
    /// Strings that are one text, by that text's digest, and strings of several runs, by the digest of the whole element.
    known: DigestMap<u32>,
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

/// The order that the source's strings stand in.
#[derive(Clone, Debug, Default)]
struct Order {
    /// Strings that stand in the order of their first use.
    regular: Vec<bool>,
    /// Of every other string that is used, the regular one (or none) behind which it stands, in order.
    followers: Vec<(u32, u32)>,
}

impl Strings {
    /// Finds the strings, and their texts; `None` where the markup is not that of a table of strings.
    pub(super) fn of(bytes: Vec<u8>) -> Option<(Strings, Texts)> {
        let open = Tags::new(&bytes, 0).find(|t| t.name == b"sst")?;
        let prefix = open.prefix(&bytes).to_vec();
        let mut ends = Vec::new();
        let mut depth = 0u32;
        if open.turn == Turn::Opens {
            for tag in Tags::new(&bytes, open.end) {
                match (tag.name, tag.turn) {
                    (b"si", Turn::Opens) => depth += 1,
                    (b"si", Turn::Closes) => {
                        depth = depth.saturating_sub(1);
                        ends.push(tag.end);
                    }
                    (b"si", Turn::Whole) if depth == 0 => ends.push(tag.end),
                    (b"sst", Turn::Closes) => break,
                    _ => (),
                }
            }
        }
        let mut strings = Strings {
            head: open.end,
            count: open.attribute(&bytes, b"count"),
            unique: open.attribute(&bytes, b"uniqueCount"),
            known: map_for(ends.len()),
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
        for id in 0..strings.ends.len() as u32 {
            let element = strings.element(id);
            let places = manner::texts(&strings.bytes, element.clone());
            texts.push(&strings.bytes, &places);
            let digest = strings
                .hasher
                .hash_one(telling_of(&strings.bytes, element, &places));
            match strings.known.entry(digest) {
                Entry::Vacant(free) => {
                    free.insert(id);
                }
                Entry::Occupied(_) => strings.repeats = true,
            }
        }
        Some((strings, texts))
    }

    /// What a string is told by: its text, where it is one text, else its whole element, since runs have looks of their own.
    fn telling(&self, id: u32) -> &[u8] {
        telling(&self.bytes, self.element(id))
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

    fn element(&self, id: u32) -> Range<usize> {
        let start = match (id as usize).checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(self.head),
            None => self.head,
        };
        start..self.ends.get(id as usize).copied().unwrap_or(start)
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
            fresh: Vec::new(),
            known: HashMap::new(),
            twins: HashMap::new(),
            late: Late::default(),
        }
    }
}

impl Order {
    fn of(first: &[u32]) -> Order {
        let used: Vec<u32> = (0..first.len() as u32)
            .filter(|id| first[*id as usize] != NONE)
            .collect();
        let mut regular = vec![false; first.len()];
        let in_order = used
            .windows(2)
            .all(|pair| first[pair[0] as usize] < first[pair[1] as usize]);
        if in_order {
            used.iter().for_each(|id| regular[*id as usize] = true);
        } else {
            for id in longest_rise(&used, first) {
                regular[id as usize] = true;
            }
        }
        let mut followers = Vec::new();
        let mut anchor = NONE;
        for id in used {
            match regular[id as usize] {
                true => anchor = id,
                false => followers.push((anchor, id)),
            }
        }
        Order { regular, followers }
    }
}

/// The longest run of `ids` along which `value` rises (M. L. Fredman, "On computing the length of longest increasing
/// subsequences", 1975).
fn longest_rise(ids: &[u32], value: &[u32]) -> Vec<u32> {
    let of = |id: u32| value[id as usize];
    let mut tops: Vec<u32> = Vec::new();
    let mut before: Vec<u32> = vec![NONE; value.len()];
    for id in ids {
        let at = tops.partition_point(|top| of(*top) < of(*id));
        if let Some(previous) = at.checked_sub(1) {
            before[*id as usize] = tops[previous];
        }
        match tops.get_mut(at) {
            Some(top) => *top = *id,
            None => tops.push(*id),
        }
    }
    let mut rise = Vec::with_capacity(tops.len());
    let mut at = tops.last().copied().unwrap_or(NONE);
    while at != NONE {
        rise.push(at);
        at = before[at as usize];
    }
    rise.reverse();
    rise
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
    /// Elements of strings that the source has not.
    fresh: Vec<Vec<u8>>,
    known: HashMap<Vec<u8>, u32>,
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
        let told = telling(&element, 0..element.len()).to_vec();
        if rich && let Some(id) = self.find(&told) {
            return id;
        }
        let id = source.len() + self.fresh.len() as u32;
        self.late.put(id, beside);
        self.fresh.push(element);
        match twin {
            Some(twin) => self.twins.insert((twin, text.to_string()), id),
            None => self.known.insert(told, id),
        };
        id
    }

    /// Whether a string of the source says what an earlier one says, as some programs let them.
    fn is_twin(&self, id: u32) -> bool {
        let source = self.source;
        let first = || {
            source
                .known
                .get(&source.hasher.hash_one(source.telling(id)))
        };
        source.repeats && first().is_some_and(|first| *first != id)
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
        let here = self.known.get(told).copied();
        here.or_else(|| {
            let id = source.known.get(&source.hasher.hash_one(told))?;
            (source.telling(*id) == told).then_some(*id)
        })
    }

    /// Numbers the strings for cells that use them in this order.
    pub(super) fn arrange(self, uses: impl Iterator<Item = u32>) -> Arranged {
        let source = self.source;
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
        let mut sequence = Vec::with_capacity(firsts.len());
        sequence.extend(behind.remove(&NONE).unwrap_or_default());
        for id in firsts {
            sequence.push(id);
            sequence.extend(behind.remove(&id).unwrap_or_default());
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
    fresh: Vec<Vec<u8>>,
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
            match self
                .fresh
                .get((*id as usize).wrapping_sub(source.ends.len()))
            {
                Some(element) if *id >= source.len() => out.write_all(element)?,
                _ => out.write_all(&bytes[source.element(*id)])?,
            }
        }
        out.write_all(&bytes[source.ends.last().copied().unwrap_or(source.head)..])?;
        out.flush()
    }
}

#[cfg(test)]
#[path = "strings_tests.rs"]
mod tests;
