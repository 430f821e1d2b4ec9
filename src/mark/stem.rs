//! The part of an identifier that a canary shares with real people, and the part that is drawn by key.
//!
//! Only the drawn part makes meeting a canary by accident unlikely. Given the stem, the canary is uniform over the values that
//! nobody has, so a leak with D distinct values of that stem meets it by accident with chance at most D / (values - taken).
//! Stems and values are counted in normal forms, so that however a leak writes a number, it counts under the same stem.

use super::normal::Form;
use crate::key::DigestKeys;
use crate::policy::{Canaries, Kind};
use crate::value::{email, national_id, phone};

/// Digits at the end of a code that are drawn.
const CODE_DIGITS: usize = 3;

/// Digits at the end of a mobile number that are drawn; the seven before them name operator and city.
const PHONE_DIGITS: usize = 4;

/// The stem under which all numbers, or all mail addresses, of the agency's own pool are counted.
const POOL: &[u8] = b"pool";

/// The agency's own numbers and mail addresses as all functions here want them: normal forms, sorted, each once, numbers first. One
/// that stood there twice would be drawn twice as often, and what is no contact point would be met in no leak.
pub fn pool(own: &Canaries) -> Vec<String> {
    let sorted = |mut list: Vec<String>| {
        list.sort_unstable();
        list.dedup();
        list
    };
    let phones = own.phones.iter();
    let phones = phones.filter_map(|n| Some(phone::normal(n)?.as_str().to_string()));
    let mails = own.mails.iter();
    let mails = mails.filter_map(|m| Some(email::normal(m)?.into_owned()));
    let (phones, mails) = (sorted(phones.collect()), sorted(mails.collect()));
    phones.into_iter().chain(mails).collect()
}

/// The part of a pool that is of this kind.
pub fn of_kind(kind: Kind, pool: &[String]) -> &[String] {
    let (phones, mails) = pool.split_at(pool.partition_point(|entry| !entry.contains('@')));
    match kind {
        Kind::Phone => phones,
        Kind::Email => mails,
        _ => &[],
    }
}

/// Writes the stem of an identifier's normal form; false where nothing of this kind can be drawn.
pub fn write(kind: Kind, full: &[u8], pool: &[String], out: &mut Vec<u8>) -> bool {
    out.clear();
    let own = of_kind(kind, pool);
    match kind {
        Kind::NationalId if full.len() == 18 => {
            out.extend_from_slice(&full[..14]);
            out.push(b'0' + full[16] % 2);
        }
        Kind::Phone | Kind::Email if !own.is_empty() => {
            if own.binary_search_by(|p| p.as_bytes().cmp(full)).is_err() {
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
        Kind::Phone | Kind::Email if !of_kind(kind, pool).is_empty() => {
            of_kind(kind, pool).len() as u32
        }
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
        Kind::Phone | Kind::Email if !of_kind(kind, pool).is_empty() => {
            match of_kind(kind, pool).get(n as usize) {
                Some(number) => out.extend_from_slice(number.as_bytes()),
                None => return false,
            }
        }
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
    fn a_pool_holds_each_entry_once_in_its_normal_form() {
        let list = |entries: &[&str]| entries.iter().map(|e| e.to_string()).collect::<Vec<_>>();
        let own = Canaries {
            rate: 0.0,
            shared: 0.0,
            phones: list(&["138-1234-5678", "+86 13812345678", "nobody", "13700000000"]).into(),
            mails: list(&["Desk@Example.org", "desk@example.org", "a@example.org"]).into(),
            addresses: Default::default(),
        };
        let pool = pool(&own);
        assert_eq!(
            pool,
            [
                "13700000000",
                "13812345678",
                "a@example.org",
                "desk@example.org"
            ]
        );
        assert_eq!([Kind::Phone, Kind::Email].map(|k| values(k, &pool)), [2, 2]);
        let mut stem = Vec::new();
        assert!(write(Kind::Phone, b"13812345678", &pool, &mut stem));
        assert!(!write(Kind::Phone, b"13812345679", &pool, &mut Vec::new()));
        assert!(write(Kind::Email, b"a@example.org", &pool, &mut Vec::new()));
        assert!(!write(
            Kind::Email,
            b"b@example.org",
            &pool,
            &mut Vec::new()
        ));
        let mut full = Vec::new();
        assert!(nth_value(Kind::Phone, &stem, &pool, 1, &mut full));
        assert_eq!(full, b"13812345678");
        assert!(nth_value(Kind::Email, &stem, &pool, 0, &mut full));
        assert_eq!(full, b"a@example.org");
        assert!(!nth_value(Kind::Email, &stem, &pool, 2, &mut full));
    }
}
