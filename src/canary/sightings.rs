//! What is often seen in a column of a short list, and what but once.
//!
//! In a list of a hundred most characters of names, streets and hours stand in one row only. Who puts a new row together from such
//! pieces shows each of them twice, and a reader who only counts finds it. So a canary's cell is fitted: of the texts that could
//! stand there, the one whose beginnings, ends, numbers, characters, words and neighbouring pairs are as common as those of a real
//! row are among the others. What a real row shares with nobody, the canary shares with nobody ([`super::stock`] lends what is new
//! to the list), and what it shares with two, the canary shares with two. (The leave-one-out form of Good and Turing's estimate,
//! as in [`super::rarity`], for all pieces of a text at once.)

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::Sheet;
use super::counts::Folded;
use super::draws::Draws;
use super::prose::runs;
use crate::value::text::is_ideograph;

/// In longer lists nearly every piece stands in several rows, and what is drawn from them does not show.
const SHORT: usize = 2_000;

/// Beginnings of up to so many characters are counted.
const HEADS: usize = 16;

/// And ends of so many.
const TAILS: usize = 8;

/// Numbers that are counted by their place in a text.
const NUMBERS: usize = 3;

/// Pieces that every text has: beginnings, ends, the whole, its shape, its numbers.
const FIXED: usize = HEADS + TAILS + 2 + NUMBERS;

/// How often every part of a text is tried again.
const ROUNDS: usize = 2;

/// Whether a table is so short that pieces stand there once.
pub fn is_short(sheet: Sheet<'_>) -> bool {
    sheet.table.rows() <= SHORT
}

/// In how many rows of a column each piece stands.
#[derive(Default)]
pub struct Sightings {
    pieces: HashMap<u64, u32, BuildHasherDefault<Folded>>,
}

/// How common a text's pieces are, as square roots of the rows that have them: counts vary
/// as much there whether they are small or large.
#[derive(Clone, Debug, Default, PartialEq)]
struct Commonness {
    fixed: Vec<f32>,
    /// Words, numbers and single ideographs, the rarest first.
    tokens: Vec<f32>,
    /// Pairs of neighbouring ones.
    pairs: Vec<f32>,
}

/// The pieces of a text, by hashes that run along it.
struct Pieces {
    fixed: [u64; FIXED],
    tokens: Vec<u64>,
    pairs: Vec<u64>,
}

/// One step of a running hash.
fn step(hash: u64, c: char) -> u64 {
    let mixed = (hash.rotate_left(5) ^ u64::from(c)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 29)
}

/// The hash of a kind of pieces; equal texts of two kinds are two pieces.
fn keyed(kind: usize, hash: u64) -> u64 {
    (hash ^ kind as u64).wrapping_mul(0xd6e8_feb8_6659_fd93)
}

fn hash_of(text: impl Iterator<Item = char>) -> u64 {
    text.fold(0, step)
}

fn token_key(token: &str) -> u64 {
    keyed(FIXED, hash_of(token.chars()))
}

impl Pieces {
    fn of(text: &str) -> Pieces {
        let mut fixed = [0; FIXED];
        let (heads, rest) = fixed.split_at_mut(HEADS);
        let (tails, rest) = rest.split_at_mut(TAILS);
        ends(text.chars(), heads);
        ends(text.chars().rev(), tails);
        let mut numbers = runs(text).filter(|r| r.is_number);
        for (at, piece) in rest.iter_mut().enumerate() {
            *piece = match at {
                0 => hash_of(text.chars()),
                1 => hash_of(text.chars().map(shape_of)),
                _ => numbers.next().map_or(0, |r| hash_of(r.text.chars())),
            };
        }
        for (kind, piece) in fixed.iter_mut().enumerate() {
            *piece = keyed(kind, *piece);
        }
        let mut all: Vec<u64> = tokens(text).map(token_key).collect();
        let beside = all.iter().zip(all.iter().skip(1));
        let mut pairs: Vec<u64> = beside.map(|(a, b)| a.rotate_left(17) ^ !b).collect();
        for all in [&mut all, &mut pairs] {
            all.sort_unstable();
            all.dedup();
        }
        Pieces {
            fixed,
            tokens: all,
            pairs,
        }
    }
}

/// Hashes of a text's first character, its first two and so on; of all of it where there are no more.
fn ends(text: impl Iterator<Item = char>, out: &mut [u64]) {
    let (mut hash, mut text) = (0, text);
    for piece in out {
        hash = text.next().map_or(hash, |c| step(hash, c));
        *piece = hash;
    }
}

impl Sightings {
    /// Counts the pieces of these texts.
    pub fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Sightings {
        let mut seen = Sightings::default();
        for text in texts.map(str::trim).filter(|t| !t.is_empty()) {
            let pieces = Pieces::of(text);
            let all = pieces.fixed.iter().chain(&pieces.tokens);
            for piece in all.chain(&pieces.pairs) {
                *seen.pieces.entry(*piece).or_insert(0) += 1;
            }
        }
        seen
    }

    fn times(&self, piece: u64) -> u32 {
        self.pieces.get(&piece).copied().unwrap_or(0)
    }

    /// In how many rows a word, a number or an ideograph stands.
    pub fn token(&self, token: &str) -> u32 {
        self.times(token_key(token))
    }

    /// What is to be as common as the pieces of a row's text are among the other rows.
    pub fn like(&self, own: &str) -> Fitting<'_> {
        Fitting {
            seen: self,
            aim: self.commonness(own, 1),
        }
    }

    fn commonness(&self, text: &str, less: u32) -> Commonness {
        let pieces = Pieces::of(text.trim());
        let measured = |keys: &[u64]| -> Vec<f32> {
            let times = keys.iter().map(|k| self.times(*k).saturating_sub(less));
            times.map(|n| (n as f32).sqrt()).collect()
        };
        let sorted = |keys: &[u64]| {
            let mut all = measured(keys);
            all.sort_by(f32::total_cmp);
            all
        };
        Commonness {
            fixed: measured(&pieces.fixed),
            tokens: sorted(&pieces.tokens),
            pairs: sorted(&pieces.pairs),
        }
    }
}

/// A search for a text with pieces so common.
pub struct Fitting<'s> {
    seen: &'s Sightings,
    aim: Commonness,
}

impl Fitting<'_> {
    /// How far a new text's pieces are from that.
    pub fn off(&self, text: &str) -> f32 {
        let (aim, made) = (&self.aim, self.seen.commonness(text, 0));
        let apart = |a: &[f32], b: &[f32]| -> f32 {
            let both = a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>();
            both + a.len().abs_diff(b.len()) as f32
        };
        let (heads, rest) = aim.fixed.split_at(HEADS.min(aim.fixed.len()));
        let (made_heads, made_rest) = made.fixed.split_at(HEADS.min(made.fixed.len()));
        let (tails, rest) = rest.split_at(TAILS.min(rest.len()));
        let (made_tails, made_rest) = made_rest.split_at(TAILS.min(made_rest.len()));
        // texts are put together from the front: there a step more or less shows most
        3.0 * apart(heads, made_heads)
            + apart(tails, made_tails)
            + 2.0 * apart(rest, made_rest)
            + 2.0 * apart(&aim.tokens, &made.tokens)
            + apart(&aim.pairs, &made.pairs)
    }

    /// Puts a text together from parts, each the best of as many as `tries` says that `another` gives for it (it is told which part,
    /// and which try), and each looked at twice. The best that is `usable`; none where nothing is.
    pub fn fit(
        &self,
        parts: &mut [String],
        draws: &mut Draws<'_>,
        tries: impl Fn(usize) -> usize,
        mut another: impl FnMut(usize, usize, &mut Draws<'_>) -> Option<String>,
        joined: impl Fn(&[String]) -> Option<String>,
        usable: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let mut least = joined(parts).map_or(f32::INFINITY, |text| self.off(&text));
        let mut best: Option<(f32, String)> = None;
        let count = parts.len();
        for at in (0..ROUNDS).flat_map(|_| 0..count) {
            for nth in 0..tries(at) {
                let Some(part) = another(at, nth, draws) else {
                    continue;
                };
                let before = std::mem::replace(&mut parts[at], part);
                let made = joined(parts).map(|text| (self.off(&text), text));
                let off = made.as_ref().map_or(f32::INFINITY, |(off, _)| *off);
                match off < least {
                    true => least = off,
                    false => parts[at] = before,
                }
                if let Some((off, text)) = made
                    && best.as_ref().is_none_or(|(least, _)| off < *least)
                    && usable(&text)
                {
                    best = Some((off, text));
                }
            }
        }
        best.map(|(_, text)| text)
    }
}

/// Words, numbers and single ideographs of a text.
pub fn tokens(text: &str) -> impl Iterator<Item = &str> {
    #[derive(PartialEq)]
    enum Sort {
        Digit,
        Letter,
        Ideograph,
        Gap,
    }
    let sort = |c: char| match c {
        c if c.is_ascii_digit() => Sort::Digit,
        c if is_ideograph(c) => Sort::Ideograph,
        c if c.is_alphabetic() => Sort::Letter,
        _ => Sort::Gap,
    };
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches(|c| sort(c) == Sort::Gap);
        let first = rest.chars().next()?;
        let own = sort(first);
        let end = match own {
            Sort::Ideograph => first.len_utf8(),
            _ => rest.find(|c| sort(c) != own).unwrap_or(rest.len()),
        };
        let (token, after) = rest.split_at(end);
        rest = after;
        Some(token)
    })
}

/// A digit, a letter or an ideograph as one of its kind.
fn shape_of(c: char) -> char {
    match c {
        c if c.is_ascii_digit() => '9',
        c if is_ideograph(c) => '一',
        c if c.is_uppercase() => 'A',
        c if c.is_alphabetic() => 'a',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_apart_into_words_numbers_and_ideographs() {
        let all: Vec<&str> = tokens("青山区人民路12号, Flat 3b").collect();
        let expected = [
            "青", "山", "区", "人", "民", "路", "12", "号", "Flat", "3", "b",
        ];
        assert_eq!(all, expected);
    }

    #[test]
    fn a_row_is_as_common_as_the_others_make_it() {
        let seen = Sightings::of(["王小明", "王大明", "李雷"].into_iter());
        assert_eq!((seen.token("王"), seen.token("雷")), (2, 1));
        let aim = seen.like("王小明");
        // a surname and an end that as many have, and a middle that nobody has
        let like = aim.off("李天雷");
        // a middle that somebody has tells, and so does what is all new
        assert!(like + 1.0 < aim.off("李大雷"));
        assert!(like + 1.0 < aim.off("赵天宇"));
    }
}
