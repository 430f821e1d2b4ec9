//! How often each text stands in a column: counted once a table, asked for every canary.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A count of texts.
pub struct Counts<'a>(HashMap<&'a str, u32, BuildHasherDefault<Folded>>);

impl<'a> Counts<'a> {
    /// The count of these texts, of which there are about `most`.
    pub fn of(texts: impl Iterator<Item = &'a str>, most: usize) -> Counts<'a> {
        let mut counts = HashMap::with_capacity_and_hasher(most, Default::default());
        for text in texts {
            *counts.entry(text).or_insert(0) += 1;
        }
        Counts(counts)
    }

    /// How often this text stands there.
    pub fn times(&self, text: &str) -> u32 {
        self.0.get(text).copied().unwrap_or(0)
    }
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
