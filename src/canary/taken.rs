//! Which identifiers are in use, and how many values a canary's could have been.

use serde::{Deserialize, Serialize};

use super::counts::Tally;
use crate::digests::{DigestMap, DigestSet};
use crate::key::DigestKeys;
use crate::mark::normal::Form;
use crate::mark::stem;
use crate::policy::Kind;

/// Identifiers in use, by digest and by stem: canaries keep clear of them.
#[derive(Debug, Default)]
pub struct Taken {
    /// Those that were known from the start, which may be millions, rising.
    first: Vec<u64>,
    first_stems: Tally,
    full: DigestSet,
    stems: DigestMap<u32>,
}

impl Taken {
    /// These identifiers, each as its digest and its stem's (0: none).
    pub fn of(identifiers: impl Iterator<Item = (u64, u64)>) -> Taken {
        let mut all: Vec<(u64, u64)> = identifiers.filter(|(full, _)| *full != 0).collect();
        all.sort_unstable();
        all.dedup_by_key(|(full, _)| *full);
        let stems = all.iter().map(|(_, stem)| *stem).filter(|stem| *stem != 0);
        Taken {
            first_stems: Tally::of(stems.collect()),
            first: all.iter().map(|(full, _)| *full).collect(),
            ..Taken::default()
        }
    }

    /// Enters an identifier's digest and its stem's (0: none). One that is in already is not counted again.
    pub fn enter(&mut self, full: u64, stem: u64) {
        let new = full != 0 && self.first.binary_search(&full).is_err() && self.full.insert(full);
        if new && stem != 0 {
            *self.stems.entry(stem).or_insert(0) += 1;
        }
    }

    /// Whether this identifier is in use.
    pub fn holds(&self, full: u64) -> bool {
        self.full.contains(&full) || self.first.binary_search(&full).is_ok()
    }

    /// How many identifiers in use have this stem.
    pub fn with_stem(&self, stem: u64) -> u32 {
        self.stems.get(&stem).copied().unwrap_or(0) + self.first_stems.times(stem)
    }
}

/// The evidence that one identifier of a canary is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trait {
    /// Digest of the whole identifier; 0 where the canary has none.
    pub full: u64,
    /// Digest of its stem.
    pub stem: u64,
    /// From how many free values it was drawn; 0 where it is no evidence.
    pub ways: u32,
}

/// What an identifier was drawn from, where not every free value of its stem would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// How many values it was drawn from.
    #[serde(rename = "n")]
    pub among: u32,
    /// How many values of the stem were in use then.
    #[serde(rename = "u")]
    pub used: u32,
}

/// What one identifier of a canary may be: nothing that the register, the recipient's other canaries or the canary itself in an
/// earlier column has.
pub struct Free<'c> {
    /// Digest keys.
    pub keys: &'c DigestKeys,
    /// The agency's own numbers and mail addresses.
    pub pool: &'c [String],
    /// The register's identifiers.
    pub register: &'c Taken,
    /// Those of the recipient's canaries, in this copy and earlier ones.
    pub canaries: &'c Taken,
    /// The canary's own so far.
    pub own: &'c [Trait],
}

impl Free<'_> {
    /// The digest of an identifier in normal form.
    pub fn digest(&self, kind: Kind, full: &[u8]) -> u64 {
        self.keys.identifier.digest(Form::Full.tag(kind), full)
    }

    /// Whether nobody has this identifier, given in normal form.
    pub fn is_free(&self, kind: Kind, full: &[u8]) -> bool {
        let digest = self.digest(kind, full);
        !self.register.holds(digest)
            && !self.canaries.holds(digest)
            && !self.own.iter().any(|t| t.full == digest)
    }

    /// How many values of a stem nobody has. Never too many: what is in use without being a value of the stem (an identity number
    /// with a wrong check character) counts as one that is gone.
    pub fn left(&self, kind: Kind, stem: &[u8]) -> u32 {
        let digest = stem::digest(self.keys, kind, stem);
        stem::values_under(kind, stem, self.pool).saturating_sub(self.used(digest))
    }

    /// How many identifiers in use have a stem.
    pub fn used(&self, stem: u64) -> u32 {
        // an own identifier of an earlier copy stands among the canaries', and no canary keeps clear of itself
        let own = self
            .own
            .iter()
            .filter(|t| t.stem == stem && !self.canaries.holds(t.full))
            .count() as u32;
        let others = self.register.with_stem(stem) + self.canaries.with_stem(stem);
        others + own
    }

    /// How many of the values that an identifier was drawn from may still be free: those used since may all have been among them.
    pub fn left_of(&self, drawn: Drawn, identifier: Trait) -> u32 {
        let itself = u32::from(self.canaries.holds(identifier.full));
        let since = self
            .used(identifier.stem)
            .saturating_sub(itself)
            .saturating_sub(drawn.used);
        drawn.among.saturating_sub(since)
    }

    /// What the identifier `full`, in normal form, proves as the canary's next; `stem` is room to write.
    pub fn weigh(&self, kind: Kind, full: &[u8], stem: &mut Vec<u8>) -> Trait {
        let digest = self.digest(kind, full);
        if !stem::write(kind, full, self.pool, stem) {
            return Trait {
                full: digest,
                ..Trait::default()
            };
        }
        // it may be among the recipient's canaries, as itself in an earlier copy; met twice in one row it is met once
        let itself = u32::from(self.canaries.holds(digest));
        let repeated = self.own.iter().any(|t| t.full == digest);
        Trait {
            full: digest,
            stem: stem::digest(self.keys, kind, stem),
            ways: if repeated {
                0
            } else {
                self.left(kind, stem) + itself
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_known_from_the_start_are_as_if_entered() {
        let all = [(5, 50), (0, 50), (7, 50), (5, 50), (9, 0), (2, 20)];
        let first = Taken::of(all.into_iter());
        let mut later = Taken::default();
        all.iter()
            .for_each(|(full, stem)| later.enter(*full, *stem));
        for taken in [&first, &later] {
            let held: Vec<u64> = (0..10).filter(|full| taken.holds(*full)).collect();
            assert_eq!(held, [2, 5, 7, 9]);
            let stems = [0, 20, 50, 60].map(|stem| taken.with_stem(stem));
            assert_eq!(stems, [0, 1, 2, 0]);
        }
        let mut both = first;
        both.enter(5, 50);
        both.enter(6, 50);
        both.enter(6, 50);
        assert_eq!(both.with_stem(50), 3);
        assert!(both.holds(6) && both.holds(7) && !both.holds(8));
    }
}
