//! The part of an identifier that a canary shares with real people, and the part that is drawn by key.
//!
//! Only the drawn part makes meeting a canary by accident unlikely. Given the stem, the canary is uniform over the values that
//! nobody has, so a leak with D distinct values of that stem meets it by accident with chance at most D / (values - taken).

use super::normal::Form;
use crate::key::DigestKeys;
use crate::policy::Kind;

/// Digits at the end of a code that are drawn.
const CODE_DIGITS: usize = 3;

/// Digits at the end of a mobile number that are drawn; the seven before them name operator and city.
const PHONE_DIGITS: usize = 4;

/// The stem under which all numbers of the agency's own pool are counted.
const POOL: &[u8] = b"pool";

/// Writes the stem of an identifier's normal form; false where nothing of this kind can be drawn.
pub fn write(kind: Kind, full: &[u8], pool: &[String], out: &mut Vec<u8>) -> bool {
    out.clear();
    match kind {
        Kind::NationalId if full.len() == 18 => {
            out.extend_from_slice(&full[..14]);
            out.push(full[16] % 2);
        }
        Kind::Phone if !pool.is_empty() => {
            if !pool.iter().any(|p| p.as_bytes() == full) {
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

/// How many values share a stem of this kind.
pub fn values(kind: Kind, pool: &[String]) -> u32 {
    match kind {
        Kind::NationalId => 500,
        Kind::Phone if !pool.is_empty() => pool.len() as u32,
        Kind::Phone => 10_000,
        Kind::Code => 1_000,
        _ => 0,
    }
}

/// The `n`-th value with the stem of `like`; None where the kind has no such thing.
pub fn nth_value(kind: Kind, like: &str, pool: &[String], n: usize) -> Option<String> {
    match kind {
        Kind::NationalId => {
            let region: &[u8; 6] = like.as_bytes().get(..6)?.try_into().ok()?;
            let birth = crate::value::national_id::normal(like)?.birth_date()?;
            let odd = u16::from(like.as_bytes().get(16)? % 2);
            let sequence = (n as u16 % 500) * 2 + odd;
            Some(
                crate::value::national_id::Id::compose(region, birth, sequence)?
                    .as_str()
                    .to_string(),
            )
        }
        Kind::Phone if !pool.is_empty() => pool.get(n).cloned(),
        Kind::Phone => Some(format!(
            "{}{:04}",
            like.get(..like.len().checked_sub(PHONE_DIGITS)?)?,
            n % 10_000
        )),
        Kind::Code => Some(format!(
            "{}{:03}",
            like.get(..like.len().checked_sub(CODE_DIGITS)?)?,
            n % 1_000
        )),
        _ => None,
    }
}

/// The digest of a stem, in a domain of its own.
pub fn digest(keys: &DigestKeys, kind: Kind, stem: &[u8]) -> u64 {
    keys.identifier.digest(Form::Full.tag(kind) + 8, stem)
}

fn trailing_digits(text: &[u8]) -> usize {
    text.iter().rev().take_while(|b| b.is_ascii_digit()).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_a_stem_has_that_stem_and_none_is_drawn_twice() {
        for (kind, like) in [
            (Kind::NationalId, "11010519491231002X"),
            (Kind::Phone, "13812345678"),
            (Kind::Code, "MRN004711"),
        ] {
            let stem = |text: &str| {
                let mut out = Vec::new();
                assert!(write(kind, text.as_bytes(), &[], &mut out));
                out
            };
            let all: std::collections::BTreeSet<String> = (0..values(kind, &[]) as usize)
                .filter_map(|n| nth_value(kind, like, &[], n))
                .collect();
            assert_eq!(all.len(), values(kind, &[]) as usize);
            assert!(all.iter().all(|v| stem(v) == stem(like)), "{kind:?}");
        }
    }
}
