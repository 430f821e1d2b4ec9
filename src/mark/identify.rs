//! Every identifier that a leaked cell may be. A copy's own cell is one identifier; handling puts labels before it, a country code in
//! front, two numbers into one cell, and takes leading zeros away.
//!
//! What is given here is only proposed: a leaked value counts where the ledger knows it, and as often as it is proposed where the
//! chance of meeting a canary by accident is counted.

use super::normal;
use crate::policy::{DateOrder, Kind};
use crate::value::phone;

/// Identifiers that one cell may hold.
const MOST: usize = 8;

/// Codes are tried with leading zeros up to this length.
const LONGEST_CODE: usize = 12;

/// Calls `each` with the normal form of every whole identifier of `kind` that `cell` may be, the likeliest first; `buffer` is overwritten.
pub fn wholes(kind: Kind, cell: &str, buffer: &mut Vec<u8>, mut each: impl FnMut(&[u8])) {
    if normal::write(kind, DateOrder::Ymd, cell, buffer) {
        each(buffer);
    }
    match kind {
        Kind::Phone => {
            if let Some(abroad) = cell.trim().strip_prefix('+') {
                without_country(abroad, &mut each);
            }
            if let Some(digits) = rounded(cell) {
                each(&digits);
            }
            embedded(cell, 11, |run| {
                if run.starts_with('1') && normal::write(kind, DateOrder::Ymd, run, buffer) {
                    each(buffer);
                }
            });
        }
        Kind::NationalId => embedded(cell, 18, |run| {
            if normal::write(kind, DateOrder::Ymd, run, buffer) {
                each(buffer);
            }
        }),
        Kind::Code => {
            let digits = cell.trim().trim_end_matches(".0");
            if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) {
                for length in digits.len()..=LONGEST_CODE {
                    let padded = format!("{digits:0>length$}");
                    if padded != cell {
                        each(padded.as_bytes());
                    }
                }
            }
        }
        _ => {}
    }
}

/// A number with a country code in front, without it: codes have one to three digits.
fn without_country(abroad: &str, each: &mut impl FnMut(&[u8])) {
    let digits: Vec<u8> = abroad.bytes().filter(u8::is_ascii_digit).collect();
    for code in 1..=3 {
        if let Some(rest) = digits.get(code..)
            && rest.len() >= 7
        {
            each(rest);
        }
    }
}

/// A telephone number of which scientific notation dropped zeros at the end.
fn rounded(cell: &str) -> Option<Vec<u8>> {
    let cut = phone::truncated(cell)?;
    let mut digits = cut.shown.as_bytes().to_vec();
    // fewer digits than that are those of a narrow column
    let enough = digits.len() + 3 >= cut.length;
    digits.resize(cut.length, b'0');
    enough.then_some(digits)
}

/// Runs of so many digits (the last may be an X) inside a longer text.
fn embedded(cell: &str, length: usize, mut each: impl FnMut(&str)) {
    let bytes = cell.as_bytes();
    if bytes.len() <= length {
        return;
    }
    let (mut at, mut found) = (0, 0);
    while at < bytes.len() && found < MOST {
        let digits = bytes[at..]
            .iter()
            .take_while(|b| b.is_ascii_digit())
            .count();
        if digits == 0 {
            at += 1;
            continue;
        }
        let ends_in_x = matches!(bytes.get(at + digits), Some(b'X' | b'x'));
        let run = match length {
            18 if digits == 17 && ends_in_x => digits + 1,
            _ => digits,
        };
        if run == length
            && let Some(text) = cell.get(at..at + run)
        {
            each(text);
            found += 1;
        }
        at += run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, cell: &str) -> Vec<String> {
        let mut out = Vec::new();
        wholes(kind, cell, &mut Vec::new(), |normal| {
            out.push(String::from_utf8(normal.to_vec()).unwrap());
        });
        out
    }

    #[test]
    fn identifiers_are_found_in_what_stands_around_them() {
        let has = |kind, cell, whole: &str| {
            let all = of(kind, cell);
            assert!(all.iter().any(|w| w == whole), "{cell}: {all:?}");
        };
        has(Kind::Phone, "13812345678", "13812345678");
        has(Kind::Phone, "电话:13812345678", "13812345678");
        has(Kind::Phone, "13900000000/13812345678", "13900000000");
        has(Kind::Phone, "13900000000/13812345678", "13812345678");
        has(Kind::Phone, "夏艳婉13812345678", "13812345678");
        has(Kind::Phone, "+1-312-555-9198", "3125559198");
        has(Kind::Phone, "1.381234567E10", "13812345670");
        has(
            Kind::NationalId,
            "身份证：44030119900307123X",
            "44030119900307123X",
        );
        has(
            Kind::NationalId,
            "=\"440301199003071235\"",
            "440301199003071235",
        );
        has(Kind::Code, "471", "00471");
        has(Kind::Code, "471.0", "471");
        assert_eq!(of(Kind::Phone, "13812345678"), ["13812345678"]);
        assert_eq!(of(Kind::Phone, "1.38E+10"), Vec::<String>::new());
        assert_eq!(of(Kind::Phone, "姓名"), Vec::<String>::new());
    }
}
