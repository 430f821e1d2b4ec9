//! Telephone numbers as digits.
//!
//! A Chinese mobile is 11 digits from 13 to 19; a Chinese landline is its area code with the 0 and seven or eight digits; any other
//! number is its 7 to 15 digits with the country code where it was written (E.164 allows 15). [`normal`] is made for linking and
//! takes bare digits, since spreadsheets eat punctuation; [`is_phone`] is made for telling what a column holds and asks for more.

use super::NormalBuf;
use super::text::{SHORT, half_width};

/// The digits of a telephone number: without country code for China, without trunk 0 before a mobile, without `+`, `00`, dashes, dots,
/// spaces, brackets and a final `.0`. Scientific notation counts only where it shows every digit (`1.3812345678E10`).
pub fn normal(text: &str) -> Option<NormalBuf> {
    let mut buffer = [0; SHORT];
    let bytes = half_width(text, &mut buffer)?;
    if let Ok(eleven) = <&[u8; 11]>::try_from(bytes)
        && is_mobile(eleven)
    {
        return NormalBuf::from_ascii(eleven);
    }
    let written = Written::read(bytes)?;
    written.domestic().or_else(|| written.foreign())
}

/// True for a text that is clearly a telephone number: a Chinese mobile, a Chinese landline with a true area code, or another number
/// with `+`, `00` or two separators that is no date.
pub fn is_phone(text: &str) -> bool {
    let mut buffer = [0; SHORT];
    let Some(written) = half_width(text, &mut buffer).and_then(Written::read) else {
        return false;
    };
    if written.domestic().is_some() {
        return true;
    }
    let digits = written.digits.len();
    let international = written.plus || written.digits.as_bytes().starts_with(b"00");
    written.foreign().is_some() && (international || (written.separators >= 2 && digits >= 9))
}

/// True where `normal`, a normal form, is a Chinese mobile number.
pub fn is_mobile_cn(normal: &str) -> bool {
    normal.as_bytes().try_into().is_ok_and(is_mobile)
}

/// The number with its middle hidden: four stars, the larger half of the rest after them (`138****5678`). Five digits or fewer are all stars.
pub fn mask(normal: &str) -> String {
    let len = normal.chars().count();
    if len < 6 {
        return "*".repeat(len);
    }
    let head = (len - 4) / 2;
    let start = normal.chars().take(head);
    let end = normal.chars().skip(head + 4);
    start.chain("****".chars()).chain(end).collect()
}

/// What scientific notation left of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Truncated {
    /// The digits shown; the last may be rounded up.
    pub shown: NormalBuf,
    /// How many digits the number had.
    pub length: usize,
}

/// Reads `1.38E+10`: the digits shown and how many there were. Only for lengths of telephone numbers, and where digits are missing.
pub fn truncated(text: &str) -> Option<Truncated> {
    let mut buffer = [0; SHORT];
    let (shown, length) = scientific(half_width(text, &mut buffer)?)?;
    ((7..=15).contains(&length) && shown.len() < length).then_some(Truncated { shown, length })
}

impl Truncated {
    /// True where `normal` would be shown like this, rounded or cut.
    pub fn fits(&self, normal: &str) -> bool {
        let (Ok(number), Ok(shown)) = (normal.parse::<u64>(), self.shown.as_str().parse::<u64>())
        else {
            return false;
        };
        let hidden = self.length.saturating_sub(self.shown.len());
        let Some(unit) = 10u64.checked_pow(hidden as u32) else {
            return false;
        };
        normal.len() == self.length
            && (number / unit == shown || number.saturating_add(unit / 2) / unit == shown)
    }
}

/// Digits and length of `d.dddE+nn`.
fn scientific(bytes: &[u8]) -> Option<(NormalBuf, usize)> {
    let at = bytes.iter().position(|b| matches!(b, b'e' | b'E'))?;
    let (mantissa, exponent) = (&bytes[..at], &bytes[at + 1..]);
    let exponent = exponent.strip_prefix(b"+").unwrap_or(exponent);
    let exponent = match exponent {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => usize::from((tens - b'0') * 10 + ones - b'0'),
        [ones @ b'0'..=b'9'] => usize::from(ones - b'0'),
        _ => return None,
    };
    let (whole, part) = match mantissa {
        [whole] => (*whole, &[][..]),
        [whole, b'.', part @ ..] => (*whole, part),
        _ => return None,
    };
    if !(b'1'..=b'9').contains(&whole) || part.len() > 16 || !part.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut shown = NormalBuf::new();
    shown.push(whole);
    part.iter().for_each(|b| shown.push(*b));
    Some((shown, exponent + 1))
}

/// Digits as they stand, and what stood between them.
struct Written {
    digits: NormalBuf,
    plus: bool,
    separators: u8,
}

impl Written {
    fn read(bytes: &[u8]) -> Option<Written> {
        let bytes = bytes.strip_prefix(b"'").unwrap_or(bytes);
        let bytes = match bytes.split_at_checked(4) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(b"tel:") => rest.trim_ascii(),
            _ => bytes,
        };
        if let Some((digits, length)) = scientific(bytes) {
            return (digits.len() == length).then_some(Written {
                digits,
                plus: false,
                separators: 0,
            });
        }
        let bytes = without_zero_decimals(bytes);
        let mut written = Written {
            digits: NormalBuf::new(),
            plus: false,
            separators: 0,
        };
        let (mut dots, mut open) = (0, false);
        let mut at = 0;
        while let Some(b) = bytes.get(at) {
            let first = written.digits.is_empty();
            match b {
                b'0'..=b'9' if written.digits.len() < 20 => written.digits.push(*b),
                b'+' if first && !written.plus => written.plus = true,
                b'(' if written.plus && !first && bytes[at..].starts_with(b"(0)") => at += 2,
                b'(' if !open => open = true,
                b')' if open => {
                    (open, written.separators) = (false, written.separators.saturating_add(1))
                }
                b' ' => {}
                b'-' | b'.' if first => return None,
                b'-' | b'.' => {
                    dots += u8::from(*b == b'.');
                    written.separators = written.separators.saturating_add(1);
                }
                _ => return None,
            }
            if *b == b' ' && bytes.get(at + 1).is_some_and(u8::is_ascii_digit) {
                written.separators = written.separators.saturating_add(1);
            }
            at += 1;
        }
        // One dot makes a decimal, not a telephone number; a dash at the end makes neither.
        (dots != 1
            && !open
            && bytes
                .last()
                .is_some_and(|b| b.is_ascii_digit() || *b == b')'))
        .then_some(written)
    }

    /// A Chinese mobile or landline.
    fn domestic(&self) -> Option<NormalBuf> {
        let digits = self.digits.as_bytes();
        let (rest, abroad) = match digits {
            [b'0', b'0', b'8', b'6', rest @ ..] => (rest, true),
            [b'8', b'6', rest @ ..] if self.plus || rest.len() >= 11 => (rest, true),
            [b'0', b'8', b'6', rest @ ..] if rest.len() == 11 => (rest, true),
            _ if self.plus => return None,
            rest => (rest, false),
        };
        let trunkless = rest.strip_prefix(b"0").unwrap_or(rest);
        if trunkless.try_into().is_ok_and(is_mobile) {
            return NormalBuf::from_ascii(trunkless);
        }
        if (abroad || trunkless.len() < rest.len()) && is_landline(trunkless) {
            let mut landline = NormalBuf::from_ascii(b"0")?;
            trunkless.iter().for_each(|b| landline.push(*b));
            return Some(landline);
        }
        None
    }

    fn foreign(&self) -> Option<NormalBuf> {
        let digits = self.digits.as_bytes();
        let digits = digits.strip_prefix(b"00").unwrap_or(digits);
        let plausible = (7..=15).contains(&digits.len()) && digits.iter().any(|b| *b != b'0');
        plausible.then(|| NormalBuf::from_ascii(digits)).flatten()
    }
}

/// `13812345678.0` as floating point writes it.
fn without_zero_decimals(bytes: &[u8]) -> &[u8] {
    match bytes.iter().position(|b| *b == b'.') {
        Some(at)
            if at > 0
                && bytes[..at].iter().all(u8::is_ascii_digit)
                && bytes[at + 1..].iter().all(|b| *b == b'0') =>
        {
            &bytes[..at]
        }
        _ => bytes,
    }
}

fn is_mobile(digits: &[u8; 11]) -> bool {
    digits[0] == b'1' && matches!(digits[1], b'3'..=b'9') && digits.iter().all(u8::is_ascii_digit)
}

/// Area code without its 0 and number: 10 and 2x with eight digits, the others of three digits with seven or eight; no number starts with 0 or 1.
fn is_landline(digits: &[u8]) -> bool {
    let (area, number) = match digits {
        [b'1', b'0', number @ ..] | [b'2', b'0'..=b'9', number @ ..] => (2, number),
        [b'3'..=b'9', _, _, number @ ..] => (3, number),
        _ => return false,
    };
    let length = if area == 2 {
        number.len() == 8
    } else {
        matches!(number.len(), 7 | 8)
    };
    length && number.first().is_some_and(|b| matches!(b, b'2'..=b'9'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_mobile_has_one_normal_form() {
        for t in [
            "13812345678",
            "+86 138 1234 5678",
            "+8613812345678",
            "0086-138-1234-5678",
            "8613812345678",
            "086 13812345678",
            "013812345678",
            "138-1234-5678",
            "138.1234.5678",
            "(86)13812345678",
            "（＋８６）１３８１２３４５６７８",
            "13812345678.0",
            "13812345678.00",
            " 13812345678\u{A0}",
            "'13812345678",
            "tel:+86-138-1234-5678",
            "1.3812345678E10",
            "1.3812345678E+10",
            "\u{202D}13812345678\u{202C}",
            "138\u{2010}1234\u{2010}5678",
            "8613812345678.0",
        ] {
            assert_eq!(normal(t).unwrap(), "13812345678", "{t}");
            assert!(is_phone(t), "{t}");
        }
        assert!(is_mobile_cn("13812345678"));
        assert!(
            !is_mobile_cn("12812345678")
                && !is_mobile_cn("1381234567")
                && !is_mobile_cn("1381234567x")
        );
    }

    #[test]
    fn a_landline_keeps_its_area_code() {
        for t in [
            "010-62345678",
            "(010)62345678",
            "+86 10 6234 5678",
            "0086-010-62345678",
            "01062345678",
        ] {
            assert_eq!(normal(t).unwrap(), "01062345678", "{t}");
            assert!(is_phone(t), "{t}");
        }
        assert_eq!(normal("0715-8321234").unwrap(), "07158321234");
        assert_eq!(normal("+86 (0)715 8321234").unwrap(), "07158321234");
    }

    #[test]
    fn other_numbers_keep_their_country_code() {
        for t in [
            "+44 20 7946 0958",
            "+44 (0)20 7946 0958",
            "0044 20 7946 0958",
            "442079460958",
            "442079460958.0",
        ] {
            assert_eq!(normal(t).unwrap(), "442079460958", "{t}");
        }
        assert_eq!(normal("(555) 123-4567").unwrap(), "5551234567");
        assert!(
            is_phone("(555) 123-4567") && is_phone("+44 20 7946 0958") && is_phone("555.123.4567")
        );
    }

    #[test]
    fn what_is_no_number_is_none() {
        for t in [
            "",
            "-",
            "123456",
            "1234567.5",
            "-12345678",
            "1.38E+10",
            "1,234,567",
            "13812345678/13912345678",
            "138****5678",
            "12345678901234567890123",
            "00000000",
            "1381234567x",
            "13812345678-",
            "(13812345678",
            "张三",
            "+",
        ] {
            assert_eq!(normal(t), None, "{t}");
        }
        for t in [
            "20240305",
            "2024-03-05",
            "2024.03.05",
            "12345678",
            "442079460958",
            "420106199003051",
        ] {
            assert!(!is_phone(t), "{t}");
        }
    }

    #[test]
    fn scientific_notation_is_a_prefix() {
        let t = truncated("1.38E+10").unwrap();
        assert_eq!((t.shown.as_str(), t.length), ("138", 11));
        assert!(t.fits("13812345678") && t.fits("13750000000") && t.fits("13899999999"));
        assert!(!t.fits("13749999999") && !t.fits("13900000000") && !t.fits("1381234567"));
        assert!(truncated("1.4E10").unwrap().fits("13812345678"));
        for no in [
            "13812345678",
            "1.3812345678E+10",
            "1.38E+17",
            "0.38E+10",
            "1.38E+",
            "1.3.8E+10",
        ] {
            assert_eq!(truncated(no), None, "{no}");
        }
    }

    #[test]
    fn masks_hide_four_digits() {
        assert_eq!(mask("13812345678"), "138****5678");
        assert_eq!(mask("62345678"), "62****78");
        assert_eq!(mask("12345"), "*****");
        assert_eq!(mask("张三张三张三"), "张****三");
    }

    proptest! {
        #[test]
        fn normal_is_idempotent(t in "\\PC{0,16}|[+]?[0-9 ()./-]{5,20}|(00|[+])?86[ -]?0?[0-9]{9,11}|0086[0-9]{0,14}") {
            if let Some(once) = normal(&t) {
                prop_assert_eq!(normal(once.as_str()), Some(once), "{}", t);
            }
            let _ = (is_phone(&t), truncated(&t), mask(&t));
        }

        #[test]
        fn every_mobile_is_kept(t in "1[3-9][0-9]{9}") {
            prop_assert_eq!(normal(&t).unwrap(), t.as_str());
            let rounded = truncated(&format!("{:.3E}", t.parse::<f64>().unwrap())).unwrap();
            prop_assert!(rounded.fits(&t));
        }
    }
}
