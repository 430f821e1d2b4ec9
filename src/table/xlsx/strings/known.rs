//! Strings found again by what they say: those of the source, and those that a copy adds.

/// Strings that are one text, by that text's digest, and strings of several runs, by the digest of the whole element. A million
/// rows have millions of them, so each takes eight bytes: half of its digest and its number.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Rising.
    entries: Vec<u64>,
    /// Where the entries of each beginning of a digest stand, which is `shift` bits shorter.
    starts: Vec<u32>,
    shift: u32,
}

/// Entries of one beginning, about: so many stand in one line of the memory.
const TOGETHER: usize = 8;

impl Known {
    /// The strings of these digests, in the order of their numbers.
    pub(super) fn of(digests: impl ExactSizeIterator<Item = u64>) -> Known {
        let entry = |(id, digest): (u32, u64)| digest >> 32 << 32 | u64::from(id);
        let mut entries = Vec::with_capacity(digests.len());
        entries.extend((0..).zip(digests).map(entry));
        entries.sort_unstable();
        let bits = (entries.len() / TOGETHER).max(2).ilog2().min(32);
        let shift = u64::BITS - bits;
        let mut at = 0;
        let starts = (0..=1u64 << bits).map(|beginning| {
            let before = |entry: &&u64| **entry >> shift < beginning;
            at += entries[at..].iter().take_while(before).count();
            at as u32
        });
        Known {
            starts: starts.collect(),
            entries,
            shift,
        }
    }

    /// The strings that may have this digest, the first of them first.
    pub(super) fn with(&self, digest: u64) -> impl Iterator<Item = u32> + '_ {
        let beginning = digest.checked_shr(self.shift).unwrap_or(0) as usize;
        let start = |at: usize| self.starts.get(at).map_or(0, |start| *start as usize);
        let there = self.entries[start(beginning)..start(beginning + 1)].iter();
        there
            .filter(move |entry| **entry >> 32 == digest >> 32)
            .map(|entry| *entry as u32)
    }

    /// Runs of strings that may be the same.
    pub(super) fn alike(&self) -> impl Iterator<Item = &[u64]> {
        let runs = self.entries.chunk_by(|a, b| a >> 32 == b >> 32);
        runs.filter(|run| run.len() > 1)
    }
}

/// Elements of strings that the source has not, one behind the other.
#[derive(Default)]
pub(super) struct Fresh {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Fresh {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn push(&mut self, element: &[u8]) {
        self.bytes.extend_from_slice(element);
        self.ends.push(self.bytes.len());
    }

    pub(super) fn get(&self, at: usize) -> Option<&[u8]> {
        let end = *self.ends.get(at)?;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.bytes.get(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_found_by_their_digests() {
        for count in [0usize, 1, 2, 17, 3_000] {
            let digest = |id: usize| (id as u64 / 2).wrapping_mul(0x9E37_79B9_7F4A_7C15);
            let known = Known::of((0..count).map(digest));
            for id in 0..count {
                let there: Vec<u32> = known.with(digest(id)).collect();
                assert!(there.contains(&(id as u32)), "{id} of {count}");
                assert!(there.is_sorted());
            }
            assert_eq!(known.with(1 << 40).next(), None);
            assert_eq!(known.alike().count(), count / 2);
        }
        assert_eq!(Known::default().with(7).next(), None);
    }

    #[test]
    fn fresh_strings_stand_one_behind_the_other() {
        let mut fresh = Fresh::default();
        ["<si/>", "", "<si>b</si>"]
            .iter()
            .for_each(|e| fresh.push(e.as_bytes()));
        assert_eq!(fresh.len(), 3);
        assert_eq!(fresh.get(0), Some(&b"<si/>"[..]));
        assert_eq!(fresh.get(1), Some(&b""[..]));
        assert_eq!(fresh.get(2), Some(&b"<si>b</si>"[..]));
        assert_eq!(fresh.get(3), None);
    }
}
