//! What a leaked row shows of a record that other records may show too: plain cells and parts of identifiers. Together they may
//! belong to one record only.
//!
//! A feature weighs ln(1/f) where it agrees, f being the part of the register's records that have the value, and [`DIFFERS`] where it
//! does not (Fellegi and Sunter 1969, with one rate of worn values for all columns). These weights rank records; how sure a rank
//! is, [`super::likeness`] counts.

use super::columns::{COLUMNS, Comparer};
use super::dress::{Dress, Wardrobe};
use super::known::{Known, Shared};
use crate::digests::DigestMap;
use crate::mark::masked::{self, Part};
use crate::mark::shape::plain_digest;
use crate::policy::Kind;
use crate::table::Table;

/// Columns are told apart on at most this many rows.
const SAMPLE: usize = 300;

/// The part of a column's filled cells that must be values of the register.
const KNOWN_VALUES: f64 = 0.5;

/// Natural logarithm of the weight of a value that differs: one in twenty of a record's own cells is worn.
pub const DIFFERS: f64 = -3.0;

/// One of the leak's columns as the register's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feature {
    /// The leak's column.
    pub place: usize,
    /// The register's digests.
    pub of: Shared,
    masked: Option<Kind>,
    dress: Dress,
}

/// What one cell shows: digests of which the record's may be one, and what it weighs if so.
#[derive(Clone, Debug)]
pub struct Shows {
    /// The register's digests.
    pub of: Shared,
    digests: Vec<u64>,
    /// Records that have it.
    pub records: usize,
    weight: f64,
}

impl Shows {
    fn new(known: &Known, of: Shared, digests: Vec<u64>) -> Shows {
        let postings = known.postings(of);
        let count = |d: &u64| postings.map_or(0, |p| p.of(*d).len());
        let records: usize = digests.iter().map(count).sum();
        let part = records.max(1) as f64 / known.index.len().max(1) as f64;
        Shows {
            of,
            digests,
            records,
            weight: -part.ln(),
        }
    }

    /// How many values the cell may stand for.
    pub fn completions(&self) -> usize {
        self.digests.len()
    }

    /// The records that have it, by ordinal.
    pub fn owners<'k>(&self, known: &'k Known) -> impl Iterator<Item = u32> + use<'k> {
        let postings = known.postings(self.of);
        let digests = self.digests.clone();
        let spans = digests
            .into_iter()
            .filter_map(move |d| postings.map(|p| p.of(d)));
        spans.flatten().map(|(_, ordinal)| *ordinal)
    }
}

/// What a record's features weigh under what a row shows.
pub fn weigh(known: &Known, shows: &[Shows], ordinal: u32) -> f64 {
    let weight = |s: &Shows| match known.shared(s.of, ordinal as usize) {
        0 => 0.0,
        digest if s.digests.contains(&digest) => s.weight,
        _ => DIFFERS,
    };
    shows.iter().map(weight).sum()
}

/// What a row would show whose cells are a record's own.
pub fn shown_by_record(known: &Known, features: &[Feature], ordinal: usize) -> Vec<Shows> {
    let of = |f: &Feature| match known.shared(f.of, ordinal) {
        0 => None,
        digest => Some(Shows::new(known, f.of, vec![digest])),
    };
    features.iter().filter_map(of).collect()
}

/// What a leaked row shows.
pub fn shown_by_row(
    comparer: &Comparer<'_>,
    features: &[Feature],
    table: &Table,
    row: usize,
) -> Vec<Shows> {
    let mut buffer = Vec::new();
    let mut of = |f: &Feature| {
        let cell = table.cell(row, f.place);
        let digests = match f.masked {
            Some(kind) => {
                let mut digests = parts(comparer, kind, cell);
                digests.retain(|(of, _)| *of == f.of);
                digests.into_iter().map(|(_, digest)| digest).collect()
            }
            None => plain(comparer, f.of, f.dress, cell, &mut buffer)
                .into_iter()
                .collect::<Vec<u64>>(),
        };
        (!digests.is_empty()).then(|| Shows::new(comparer.known, f.of, digests))
    };
    features.iter().filter_map(&mut of).collect()
}

fn plain(
    comparer: &Comparer<'_>,
    of: Shared,
    dress: Dress,
    cell: &str,
    buffer: &mut Vec<u8>,
) -> Option<u64> {
    let Shared::Plain(at) = of else {
        return None;
    };
    let column = comparer.dressed(comparer.known.shape.plain[at], dress);
    let text = dress.undress(column.kind, cell);
    let digest = plain_digest(column, &text, comparer.keys, buffer);
    (digest != 0).then_some(u64::from(digest))
}

/// Every digest that a masked cell may be, in each identifier of its kind.
fn parts(comparer: &Comparer<'_>, kind: Kind, cell: &str) -> Vec<(Shared, u64)> {
    let mut out = Vec::new();
    masked::parts(kind, cell, |part, bytes| {
        let digest = masked::digest_of(comparer.keys, kind, part, bytes);
        let of_kind = comparer.known.shape.identifiers.iter();
        for id in of_kind.filter(|id| id.kind == kind) {
            let place = match part {
                Part::Form(at) => id.first + at,
                Part::Stem => id.stem(),
            };
            out.push((Shared::Identifier(place), digest));
        }
    });
    out
}

/// The leak's columns that are shared features of the register, told by their values: no row is linked yet. Each of the register's is
/// taken once.
pub fn find(comparer: &Comparer<'_>, table: &Table, rows: &[usize]) -> Vec<Feature> {
    let step = rows.len().div_ceil(SAMPLE).max(1);
    let sample: Vec<usize> = rows.iter().copied().step_by(step).collect();
    let mut found: Vec<(f64, Feature)> = Vec::new();
    for place in 0..table.width().min(COLUMNS) {
        let cells: Vec<&str> = sample
            .iter()
            .map(|row| table.cell(*row, place))
            .filter(|cell| !cell.trim().is_empty())
            .collect();
        if cells.is_empty() {
            continue;
        }
        match masked_feature(comparer, place, &cells) {
            Some(feature) => found.push((f64::INFINITY, feature)),
            None => found.extend(plain_features(comparer, table, place, &cells)),
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut features: Vec<Feature> = Vec::new();
    for (_, feature) in found {
        let taken = |f: &Feature| f.place == feature.place || f.of == feature.of;
        if !features.iter().any(taken) {
            features.push(feature);
        }
    }
    features
}

/// A column of masked identifiers. It is one whether or not its values are known: those that are not speak against a record.
fn masked_feature(comparer: &Comparer<'_>, place: usize, cells: &[&str]) -> Option<Feature> {
    for kind in [Kind::Phone, Kind::NationalId] {
        let mut hits: DigestMap<(usize, usize)> = DigestMap::default();
        let mut read = 0;
        for cell in cells {
            let all = parts(comparer, kind, cell);
            read += usize::from(!all.is_empty());
            for (of, digest) in all {
                let Shared::Identifier(at) = of else { continue };
                let postings = comparer.known.postings(of);
                let known = postings.is_some_and(|p| !p.of(digest).is_empty());
                let entry = hits.entry(at as u64).or_default();
                *entry = (entry.0 + usize::from(known), entry.1 + 1);
            }
        }
        if read * 2 < cells.len() {
            continue;
        }
        let best = hits.into_iter().max_by_key(|(at, hits)| (*hits, *at));
        if let Some((at, _)) = best {
            return Some(Feature {
                place,
                of: Shared::Identifier(at as usize),
                masked: Some(kind),
                dress: Dress::default(),
            });
        }
    }
    None
}

/// The plain columns that a leak's column may be, each with the mean log-likelihood of its cells.
fn plain_features(
    comparer: &Comparer<'_>,
    table: &Table,
    place: usize,
    cells: &[&str],
) -> Vec<(f64, Feature)> {
    let known = comparer.known;
    let wardrobe = Wardrobe::of(table, place);
    let unknown = (0.1 / known.index.len().max(1) as f64).ln();
    let mut buffer = Vec::new();
    let mut out = Vec::new();
    for at in 0..known.shape.plain.len() {
        let of = Shared::Plain(at);
        let mut best: Option<(f64, Feature)> = None;
        for dress in wardrobe.for_kind(known.shape.plain[at].kind) {
            let (mut hits, mut likelihood) = (0usize, 0.0);
            for cell in cells {
                let digest = plain(comparer, of, *dress, cell, &mut buffer);
                let records = digest
                    .zip(known.postings(of))
                    .map_or(0, |(d, p)| p.of(d).len());
                hits += usize::from(records > 0);
                likelihood += match records {
                    0 => unknown,
                    n => (n as f64 / known.index.len() as f64).ln(),
                };
            }
            let mean = likelihood / cells.len() as f64;
            let enough = hits as f64 >= KNOWN_VALUES * cells.len() as f64;
            if enough && best.is_none_or(|(b, _)| mean > b) {
                let feature = Feature {
                    place,
                    of,
                    masked: None,
                    dress: *dress,
                };
                best = Some((mean, feature));
            }
        }
        out.extend(best);
    }
    out
}
