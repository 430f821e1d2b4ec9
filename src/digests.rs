//! Maps whose keys are keyed digests already: uniform, and out of an outsider's control, so they need no hash of their own.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// A hasher that takes a digest for its own hash.
#[derive(Default)]
pub struct Digested(u64);

impl Hasher for Digested {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*b);
        }
    }

    fn write_u64(&mut self, digest: u64) {
        self.0 = digest;
    }
}

/// A map from digests, or from handles, which are digests too.
pub type DigestMap<V, K = u64> = HashMap<K, V, BuildHasherDefault<Digested>>;

/// A set of digests, or of handles.
pub type DigestSet<K = u64> = HashSet<K, BuildHasherDefault<Digested>>;

/// An empty map with room for so many.
pub fn map_for<V, K>(entries: usize) -> DigestMap<V, K> {
    DigestMap::with_capacity_and_hasher(entries, BuildHasherDefault::default())
}
