//! The part of an identifier that a canary shares with real people, and the part that is drawn by key.
//!
//! Only the drawn part makes meeting a canary by accident unlikely. Given the stem, the canary is uniform over the values that
//! nobody has, so a leak with D distinct values of that stem meets it by accident with chance at most D / (values - taken).
//! Stems and values are counted in normal forms, so that however a leak writes a number, it counts under the same stem.

use super::normal::Form;
use crate::key::DigestKeys;
use crate::policy::Kind;
use crate::value::{national_id, phone};

/// Digits at the end of a code that are drawn.
const CODE_DIGITS: usize = 3;

/// Digits at the end of a mobile number that are drawn; the seven before them name operator and city.
const PHONE_DIGITS: usize = 4;

/// The stem under which all numbers of the agency's own pool are counted.
const POOL: &[u8] = b"pool";

/// The agency's own numbers as all functions here want them: normal forms, sorted, each once. A number that stood there twice would
/// be drawn twice as often, and what is no telephone number would be met in no leak.
pub fn pool(numbers: &[String]) -> Vec<String> {
    let mut pool: Vec<String> = numbers
        .iter()
        .filter_map(|n| Some(phone::normal(n)?.as_str().to_string()))
        .collect();
    pool.sort_unstable();
    pool.dedup();
    pool
}

/// Writes the stem of an identifier's normal form; false where nothing of this kind can be drawn.
pub fn write(kind: Kind, full: &[u8], pool: &[String], out: &mut Vec<u8>) -> bool {
    out.clear();
    match kind {
        Kind::NationalId if full.len() == 18 => {
            out.extend_from_slice(&full[..14]);
            out.push(b'0' + full[16] % 2);
        }
        Kind::Phone if !pool.is_empty() => {
            if pool.binary_search_by(|p| p.as_bytes().cmp(full)).is_err() {
                return false;
            }
            out.extend_from_slice(POOL);
        }
        Kind::Phone if full.len() >= 2 * PHONE_DIGITS && full.iter().all(u8::is_ascii_digit) => {
            out.extend_from_slice(&full[..full.len() - PHONE_DIGITS]);
        }
        Kind::Code => {
            let digits = trailing_digits(full);
            if digits < CODE_DIGITS {
                return false;
            }
            out.extend_from_slice(&full[..full.len() - CODE_DIGITS]);
            out.push(b'#');
        }
        _ => return false,
    }
    true
}

/// How many values share a stem of this kind, at most.
pub fn values(kind: Kind, pool: &[String]) -> u32 {
    match kind {
        Kind::NationalId => 500,
        Kind::Phone if !pool.is_empty() => pool.len() as u32,
        Kind::Phone => 10_000,
        Kind::Code => 1_000,
        _ => 0,
    }
}

/// How many values this stem has: a woman's identity number never ends in the sequence 000, so hers are 499.
pub fn values_under(kind: Kind, stem: &[u8], pool: &[String]) -> u32 {
    values(kind, pool) - u32::from(kind == Kind::NationalId && !is_odd(stem))
}

/// Writes the `n`-th value of a stem, in normal form; false where there is none.
pub fn nth_value(kind: Kind, stem: &[u8], pool: &[String], n: u32, out: &mut Vec<u8>) -> bool {
    out.clear();
    if n >= values_under(kind, stem, pool) {
        return false;
    }
    match kind {
        Kind::NationalId => {
            let Some(head) = stem.first_chunk::<14>() else {
                return false;
            };
            let sequence = if is_odd(stem) { 1 + 2 * n } else { 2 + 2 * n };
            let mut first = [0; 17];
            first[..14].copy_from_slice(head);
            first[14..].copy_from_slice(&digits::<3>(sequence));
            let Some(check) = national_id::check_digit(&first) else {
                return false;
            };
            out.extend_from_slice(&first);
            out.push(check);
        }
        Kind::Phone if !pool.is_empty() => match pool.get(n as usize) {
            Some(number) => out.extend_from_slice(number.as_bytes()),
            None => return false,
        },
        Kind::Phone => {
            out.extend_from_slice(stem);
            out.extend_from_slice(&digits::<PHONE_DIGITS>(n));
        }
        Kind::Code => {
            out.extend_from_slice(stem.strip_suffix(b"#").unwrap_or(stem));
            out.extend_from_slice(&digits::<CODE_DIGITS>(n));
        }
        _ => return false,
    }
    true
}

/// The digest of a stem, in a domain of its own.
pub fn digest(keys: &DigestKeys, kind: Kind, stem: &[u8]) -> u64 {
    keys.identifier.digest(Form::Full.tag(kind) + 8, stem)
}

fn is_odd(stem: &[u8]) -> bool {
    stem.last().is_some_and(|b| b % 2 == 1)
}

fn digits<const N: usize>(mut n: u32) -> [u8; N] {
    let mut out = [b'0'; N];
    for digit in out.iter_mut().rev() {
        *digit = b'0' + (n % 10) as u8;
        n /= 10;
    }
    out
}

fn trailing_digits(text: &[u8]) -> usize {
    text.iter().rev().take_while(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_value_of_a_stem_has_that_stem_and_none_is_there_twice() {
        for (kind, like) in [
            (Kind::NationalId, "11010519491231002X"),
            (Kind::NationalId, "110105194912310011"),
            (Kind::Phone, "13812345678"),
            (Kind::Phone, "2125550123"),
            (Kind::Code, "MRN004711"),
            (Kind::Code, "123"),
        ] {
            let mut stem = Vec::new();
            assert!(write(kind, like.as_bytes(), &[], &mut stem));
            let values = values_under(kind, &stem, &[]);
            let mut all = BTreeSet::new();
            let (mut full, mut again) = (Vec::new(), Vec::new());
            for n in 0..values {
                assert!(nth_value(kind, &stem, &[], n, &mut full));
                assert!(write(kind, &full, &[], &mut again));
                assert_eq!(again, stem, "{kind:?} {n}");
                if kind == Kind::NationalId {
                    let text = std::str::from_utf8(&full).unwrap();
                    assert!(national_id::normal(text).unwrap().has_right_check());
                    assert_ne!(&text[14..17], "000");
                }
                all.insert(full.clone());
            }
            assert_eq!(all.len(), values as usize);
            assert!(!nth_value(kind, &stem, &[], values, &mut full));
            let itself = like.as_bytes().to_vec();
            assert!(all.contains(&itself), "{like}");
        }
    }

    #[test]
    fn a_pool_holds_each_number_once_in_its_normal_form() {
        let written = ["138-1234-5678", "+86 13812345678", "nobody", "13700000000"];
        let pool = pool(&written.map(String::from));
        assert_eq!(pool, ["13700000000", "13812345678"]);
        assert_eq!(values(Kind::Phone, &pool), 2);
        let mut stem = Vec::new();
        assert!(write(Kind::Phone, b"13812345678", &pool, &mut stem));
        assert!(!write(Kind::Phone, b"13812345679", &pool, &mut Vec::new()));
        let mut full = Vec::new();
        assert!(nth_value(Kind::Phone, &stem, &pool, 1, &mut full));
        assert_eq!(full, b"13812345678");
    }
}
