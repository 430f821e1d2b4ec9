//! How often each text stands in a column: counted once a table, asked for every canary.
//!
//! A million rows may hold a million texts, several columns of them, as long as copies are made. So texts are told by their hash,
//! twelve bytes each; that two of a million have one hash happens in one table of thirty million.

use std::hash::Hasher;

/// A count of hashes or digests.
#[derive(Debug, Default)]
pub struct Tally {
    /// Rising.
    keys: Vec<u64>,
    /// Of each key.
    times: Vec<u32>,
}

impl Tally {
    /// The count of these.
    pub fn of(mut keys: Vec<u64>) -> Tally {
        keys.sort_unstable();
        let mut times: Vec<u32> = Vec::new();
        times.extend(keys.chunk_by(|a, b| a == b).map(|same| same.len() as u32));
        keys.dedup();
        keys.shrink_to_fit();
        times.shrink_to_fit();
        Tally { keys, times }
    }

    /// How often this was among them.
    pub fn times(&self, key: u64) -> u32 {
        let at = self.keys.binary_search(&key);
        at.map_or(0, |at| self.times[at])
    }
}

/// A count of texts.
pub struct Counts(Tally);

impl Counts {
    /// The count of these texts.
    pub fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Counts {
        Counts(Tally::of(texts.map(hash).collect()))
    }

    /// How often this text stands there.
    pub fn times(&self, text: &str) -> u32 {
        self.0.times(hash(text))
    }
}

/// By its length too: the last eight bytes are filled up with zeros.
fn hash(text: &str) -> u64 {
    let mut folded = Folded::default();
    folded.write(text.as_bytes());
    folded.write(&(text.len() as u64).to_le_bytes());
    folded.finish()
}

/// Eight bytes at a time, folded by multiplication: the texts are the agency's own and attack nobody's hash table.
#[derive(Default)]
pub struct Folded(u64);

impl Hasher for Folded {
    fn finish(&self) -> u64 {
        self.0 ^ (self.0 >> 32)
    }

    fn write(&mut self, bytes: &[u8]) {
        for eight in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..eight.len()].copy_from_slice(eight);
            let mixed = (self.0.rotate_left(5) ^ u64::from_le_bytes(word))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 = mixed ^ (mixed >> 29);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_counted() {
        let texts = [
            "b",
            "a",
            "b",
            "",
            "b\0",
            "long enough for two words",
            "a",
            "b",
        ];
        let counts = Counts::of(texts.into_iter());
        let times = |text| counts.times(text);
        assert_eq!(
            [times("a"), times("b"), times(""), times("b\0")],
            [2, 3, 1, 1]
        );
        assert_eq!(times("long enough for two words"), 1);
        assert_eq!([times("c"), times("long enough for two word")], [0, 0]);
        assert_eq!(Counts::of(std::iter::empty()).times("a"), 0);
    }
}
