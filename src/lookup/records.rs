//! Real records that agree with what was given, who held them, and whose copies show the very values.

use super::asked::Asked;
use super::{Agreement, Fit, FoundRecord, Held, Marks, Shelf};
use crate::code::{Bias, Codeword, Handle, PRESENCE};
use crate::digests::DigestMap;
use crate::key::{CodeKeys, DigestKeys};
use crate::mark::normal::Form;
use crate::mark::shape::{PlainColumn, cell_digest_of, plain_digest_of};
use crate::trace::columns::Target;
use crate::vault::Vault;

/// Combinations of variants that are counted one by one for the chance of agreeing.
const MOST_COMBINATIONS: usize = 1 << 14;

/// Everything that the values could be in one register.
struct Search<'a> {
    shelf: &'a Shelf<'a>,
    keys: &'a DigestKeys,
    /// (value, identifier, place among a record's digests, digest)
    identifiers: Vec<(usize, usize, usize, u64)>,
    /// (value, plain column, digests)
    plain: Vec<(usize, usize, Vec<u32>)>,
    /// (value, group, place in it, normal forms)
    carriers: Vec<(usize, usize, usize, Vec<Vec<u8>>)>,
}

/// The records of a register that fit best, with how well; the details of the first `most` of them.
pub(super) fn find(
    vault: &Vault,
    shelf: &Shelf<'_>,
    keys: &DigestKeys,
    asked: &[Asked<'_>],
    most: usize,
) -> Vec<(Fit, Option<FoundRecord>)> {
    let search = Search::new(shelf, keys, asked);
    let mut fits = search.identified();
    if fits.is_empty() {
        fits = search.anywhere();
    }
    let mut fits: Vec<(Fit, Handle)> = fits.into_iter().map(|(h, fit)| (fit, h)).collect();
    let best = fits.iter().map(|f| f.0).max();
    fits.retain(|f| f.0.identified || Some(f.0) == best);
    fits.sort_unstable_by(|a, b| b.cmp(a));
    let codes = vault.key.code_keys();
    let detailed = fits.len() <= most;
    fits.into_iter()
        .map(|(fit, handle)| {
            let details = detailed.then(|| search.details(vault, &codes, handle));
            (fit, details)
        })
        .collect()
}

impl<'a> Search<'a> {
    fn new(shelf: &'a Shelf<'a>, keys: &'a DigestKeys, asked: &[Asked<'_>]) -> Search<'a> {
        let shape = &shelf.known.shape;
        let mut search = Search {
            shelf,
            keys,
            identifiers: Vec::new(),
            plain: Vec::new(),
            carriers: Vec::new(),
        };
        for (value, asked) in asked.iter().enumerate() {
            for (at, id) in shape.identifiers.iter().enumerate() {
                for (form, digest) in asked.digests(id.kind, keys) {
                    let nth = Form::of(id.kind).iter().position(|f| *f == form);
                    if let Some(nth) = nth {
                        search.identifiers.push((value, at, id.first + nth, digest));
                    }
                }
            }
            for (at, column) in shape.plain.iter().enumerate() {
                let digests: Vec<u32> = asked
                    .normals(column.kind, column.order)
                    .iter()
                    .map(|normal| plain_digest_of(*column, normal, keys))
                    .collect();
                if !digests.is_empty() {
                    search.plain.push((value, at, digests));
                }
            }
            for (g, group) in shape.groups.iter().enumerate() {
                for (nth, column) in group.columns.iter().enumerate() {
                    let normals = asked.normals(column.kind, column.order);
                    if !normals.is_empty() {
                        search.carriers.push((value, g, nth, normals));
                    }
                }
            }
        }
        search
    }

    /// Records that one of the values identifies.
    fn identified(&self) -> DigestMap<Fit, Handle> {
        let index = &self.shelf.known.index;
        let mut all: DigestMap<Fit, Handle> = DigestMap::default();
        for ordinal in 0..index.len() {
            let digests = index.identifiers_of(ordinal);
            let hit = |(_, _, place, digest): &(usize, usize, usize, u64)| {
                digests.get(*place) == Some(digest)
            };
            if self.identifiers.iter().any(hit) {
                let handle = Handle(index.handles[ordinal]);
                let values = self.agreeing(handle);
                all.insert(handle, Fit::new(true, values));
            }
        }
        all
    }

    /// Records that any of the values fits.
    fn anywhere(&self) -> DigestMap<Fit, Handle> {
        let index = &self.shelf.known.index;
        let mut masks: DigestMap<u32, Handle> = DigestMap::default();
        for ordinal in 0..index.len() {
            let handle = Handle(index.handles[ordinal]);
            let values = self.agreeing_in(ordinal, handle);
            if values != 0 {
                *masks.entry(handle).or_default() |= values;
            }
        }
        masks
            .into_iter()
            .map(|(handle, values)| (handle, Fit::new(false, values)))
            .collect()
    }

    /// The values, a bit each, that a record has in any of its versions.
    fn agreeing(&self, handle: Handle) -> u32 {
        let versions = self.shelf.known.versions_of(handle);
        versions.fold(0, |all, o| all | self.agreeing_in(o, handle))
    }

    fn agreeing_in(&self, ordinal: usize, handle: Handle) -> u32 {
        let mut values = 0;
        self.each_agreement(ordinal, handle, |value, _| values |= 1 << value);
        values
    }

    /// Every value that equals what the record says somewhere in one version.
    fn each_agreement(&self, ordinal: usize, handle: Handle, mut each: impl FnMut(usize, Target)) {
        let index = &self.shelf.known.index;
        let identifiers = index.identifiers_of(ordinal);
        for (value, at, place, digest) in &self.identifiers {
            if identifiers.get(*place) == Some(digest) {
                each(*value, Target::Identifier(*at));
            }
        }
        let plain = index.plain_of(ordinal);
        for (value, at, digests) in &self.plain {
            if plain.get(*at).is_some_and(|there| digests.contains(there)) {
                each(*value, Target::Plain(*at));
            }
        }
        for (value, g, nth, normals) in &self.carriers {
            if self.variants_said(ordinal, handle, *g, *nth, normals) != 0 {
                each(*value, Target::Carrier(*g, *nth));
            }
        }
    }

    /// The variants of a record's group, a bit each, that say one of these in the group's `nth` column.
    fn variants_said(
        &self,
        ordinal: usize,
        handle: Handle,
        group: usize,
        nth: usize,
        normals: &[Vec<u8>],
    ) -> u16 {
        let known = self.shelf.known;
        let variants = known.variants(ordinal, group, nth);
        if variants.is_empty() {
            return 0;
        }
        let column: PlainColumn = known.shape.groups[group].columns[nth];
        normals.iter().fold(0, |all, normal| {
            let digest = cell_digest_of(column, normal, handle, self.keys);
            let said = variants.iter().enumerate().filter(|(_, d)| **d == digest);
            said.fold(all, |all, (v, _)| all | 1 << v)
        })
    }

    fn details(&self, vault: &Vault, codes: &CodeKeys, handle: Handle) -> FoundRecord {
        let (shelf, shape) = (self.shelf, &self.shelf.known.shape);
        let mut agreements: Vec<(usize, Target)> = Vec::new();
        for ordinal in shelf.known.versions_of(handle) {
            self.each_agreement(ordinal, handle, |value, target| {
                if !agreements.contains(&(value, target)) {
                    agreements.push((value, target));
                }
            });
        }
        let column = |target: &Target| {
            shelf.column(match *target {
                Target::Identifier(at) => shape.identifiers[at].column,
                Target::Plain(at) => shape.plain[at].column,
                Target::Carrier(g, nth) => shape.groups[g].columns[nth].column,
            })
        };
        let mut agrees: Vec<Agreement> = agreements
            .iter()
            .map(|(value, target)| Agreement {
                value: value + 1,
                column: column(target),
            })
            .collect();
        agrees.sort();
        agrees.dedup();
        // a value that everybody's copy has, in a column that is never altered, tells nobody apart
        let fixed = |value: usize| {
            let mut all = agreements.iter();
            all.any(|(v, t)| *v == value && !matches!(t, Target::Carrier(..)))
        };
        let marked: Vec<(usize, usize, usize)> = agreements
            .iter()
            .filter_map(|(value, target)| match *target {
                Target::Carrier(g, nth) if !fixed(*value) => Some((*value, g, nth)),
                _ => None,
            })
            .collect();
        let mut columns: Vec<String> = marked
            .iter()
            .map(|(_, g, nth)| column(&Target::Carrier(*g, *nth)))
            .collect();
        columns.sort();
        columns.dedup();
        let (held, marks) = self.held(vault, codes, handle, &marked);
        FoundRecord {
            register: shelf.known.register.name.clone(),
            made_up: shelf.known.is_shared(handle),
            agrees,
            held,
            marks: marks
                .filter(|_| !columns.is_empty())
                .map(|m| Marks { columns, ..m }),
        }
    }

    /// The copies that held the record, and what their marks say of the values in `marked` columns: (value, group, place).
    fn held(
        &self,
        vault: &Vault,
        codes: &CodeKeys,
        handle: Handle,
        marked: &[(usize, usize, usize)],
    ) -> (Vec<Held>, Option<Marks>) {
        let shelf = self.shelf;
        let presence = || shelf.known.code().bias_at(codes, handle, PRESENCE);
        let shared = shelf.known.is_shared(handle).then(presence);
        let mut held = Vec::new();
        // recipient -> (a copy shows the values, the chance of that)
        let mut compared: DigestMap<(bool, f64), [u8; 16]> = DigestMap::default();
        for (table, version) in shelf.holdings.of(shelf.known, handle) {
            let version = Version::new(self, version, handle, marked, codes);
            for entry in shelf.exports.iter().filter(|e| e.table == table) {
                let word = Codeword::new(vault.key.codeword_key(&entry.recipient));
                if shared.is_some_and(|bias| !word.bit(handle, PRESENCE, bias)) {
                    continue;
                }
                let shows = version.as_ref().map(|v| v.shown_to(&word, handle));
                if let (Some(shows), Some(version)) = (shows, &version) {
                    let all = compared.entry(entry.recipient).or_default();
                    all.0 |= shows;
                    all.1 = all.1.max(version.chance);
                }
                held.push(Held {
                    recipient: shelf.recipient(&entry.recipient),
                    export: shelf.export(entry),
                    shows,
                });
            }
        }
        held.sort_by(|a, b| {
            (&a.recipient, a.export.created).cmp(&(&b.recipient, b.export.created))
        });
        let marks = (!compared.is_empty()).then(|| Marks {
            columns: Vec::new(),
            of: compared.len(),
            show: compared.values().filter(|c| c.0).count(),
            by_chance: compared.values().map(|c| c.1).sum(),
        });
        (held, marks)
    }
}

/// One version of a record, as far as its marks bear on the values that were given.
struct Version {
    /// For each value: (place in `groups`, the variants that say it); one of them must be shown.
    values: Vec<Vec<(usize, u16)>>,
    groups: Vec<Marked>,
    chance: f64,
}

/// A group that carries marks: its slots, each with its bias.
struct Marked {
    first_slot: u16,
    biases: Vec<Bias>,
}

impl Version {
    /// None where no value stands in a place of this version that carries marks.
    fn new(
        search: &Search<'_>,
        ordinal: usize,
        handle: Handle,
        marked: &[(usize, usize, usize)],
        codes: &CodeKeys,
    ) -> Option<Version> {
        let known = search.shelf.known;
        let bits = known.index.bits_of(ordinal);
        let mut numbers: Vec<usize> = marked
            .iter()
            .map(|(_, g, _)| *g)
            .filter(|g| bits.get(*g).is_some_and(|b| *b > 0))
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        let groups: Vec<Marked> = numbers
            .iter()
            .map(|g| {
                let first_slot = known.shape.groups[*g].first_slot;
                let slots = first_slot..first_slot + u16::from(bits[*g]);
                Marked {
                    first_slot,
                    biases: slots
                        .map(|slot| known.code().bias_at(codes, handle, slot))
                        .collect(),
                }
            })
            .collect();
        let mut values = Vec::new();
        for same in marked.chunk_by(|a, b| a.0 == b.0) {
            let mut places = Vec::new();
            let mut says_always = false;
            for (value, g, nth) in same {
                let (Some(at), Some((.., normals))) = (
                    numbers.iter().position(|n| n == g),
                    search
                        .carriers
                        .iter()
                        .find(|(v, h, n, _)| v == value && h == g && n == nth),
                ) else {
                    continue;
                };
                let said = search.variants_said(ordinal, handle, *g, *nth, normals);
                // a column that stays while others of its group move
                says_always |= said.count_ones() == 1 << bits[*g];
                places.push((at, said));
            }
            // where this version has no site there, nobody's copy can be told from another's by it
            if !places.is_empty() && !says_always {
                values.push(places);
            }
        }
        if values.is_empty() {
            return None;
        }
        let mut version = Version {
            values,
            groups,
            chance: 0.0,
        };
        version.chance = version.chance();
        Some(version)
    }

    fn shown(&self, variants: &[usize]) -> bool {
        self.values.iter().all(|places| {
            places
                .iter()
                .any(|(at, said)| said >> variants[*at] & 1 == 1)
        })
    }

    /// Whether a recipient's copy shows the values.
    fn shown_to(&self, word: &Codeword, handle: Handle) -> bool {
        let variants: Vec<usize> = self
            .groups
            .iter()
            .map(|group| {
                let bits = group.biases.iter().enumerate();
                bits.fold(0, |v, (bit, bias)| {
                    let slot = group.first_slot + bit as u16;
                    v | usize::from(word.bit(handle, slot, *bias)) << bit
                })
            })
            .collect();
        self.shown(&variants)
    }

    /// The chance that a recipient's copy shows the values, over all codewords.
    fn chance(&self) -> f64 {
        let sizes: Vec<usize> = self.groups.iter().map(|g| 1 << g.biases.len()).collect();
        let combinations = sizes.iter().fold(1usize, |n, size| n.saturating_mul(*size));
        if combinations > MOST_COMBINATIONS {
            return 1.0;
        }
        let mut sum = 0.0;
        for combination in 0..combinations {
            let mut left = combination;
            let variants: Vec<usize> = sizes
                .iter()
                .map(|size| {
                    let v = left % size;
                    left /= size;
                    v
                })
                .collect();
            if self.shown(&variants) {
                let groups = self.groups.iter().zip(&variants);
                sum += groups
                    .flat_map(|(group, v)| {
                        group.biases.iter().enumerate().map(move |(bit, bias)| {
                            let p = bias.probability();
                            if v >> bit & 1 == 1 { p } else { 1.0 - p }
                        })
                    })
                    .product::<f64>();
            }
        }
        sum
    }
}
