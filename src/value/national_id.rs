//! The resident identity number of 18 characters (GB 11643-1999): six for the region, eight for the birth date, three for the
//! sequence (odd for men), and a check character by ISO 7064:1983 MOD 11-2.
//!
//! Spreadsheets keep fifteen digits of a number, so an ID that was typed as a number loses its last three; what remains is the
//! *stem* of [`Id::stem`], and [`damaged_stem`] finds it in what such a sheet shows.

use std::fmt;

use jiff::civil;

use super::date;
use super::text::{SHORT, half_width};

/// Length of the part that survives in a spreadsheet's number.
pub const STEM: usize = 15;

/// Eighteen characters that have the shape of an identity number: 17 digits and a digit or `X`. Whether it can exist is [`Id::is_valid`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id([u8; 18]);

/// The number in half width and upper case, without an apostrophe, spaces or dashes; `None` where it has not 18 characters of the right shape.
pub fn normal(text: &str) -> Option<Id> {
    let mut buffer = [0; SHORT];
    let mut id = [0u8; 18];
    let mut len = 0;
    for b in half_width(text, &mut buffer)? {
        match b {
            b'0'..=b'9' => *id.get_mut(len)? = *b,
            b'x' | b'X' if len == 17 => id[17] = b'X',
            b' ' | b'-' | b'\'' => continue,
            _ => return None,
        }
        len += 1;
    }
    (len == 18).then_some(Id(id))
}

/// The check character over the first 17 digits (ISO 7064 MOD 11-2): `0` to `9` or `X`. Bytes that are no digits give `None`.
pub fn check_digit(first: &[u8; 17]) -> Option<u8> {
    let mut sum = 0u32;
    for b in first {
        let digit = b.checked_sub(b'0').filter(|d| *d <= 9)?;
        // Horner's scheme for the weights 2^17 .. 2^1.
        sum = (sum + u32::from(digit)) * 2 % 11;
    }
    Some(match (12 - sum) % 11 {
        10 => b'X',
        d => b'0' + d as u8,
    })
}

impl Id {
    /// The number with this region, birth date and sequence (0 to 999), and its right check character.
    pub fn compose(region: &[u8; 6], birth: civil::Date, sequence: u16) -> Option<Id> {
        let (year, month, day) = (birth.year(), birth.month(), birth.day());
        let digits = format!("{year:04}{month:02}{day:02}{sequence:03}");
        let mut first = [0u8; 17];
        first[..6].copy_from_slice(region);
        first[6..].copy_from_slice(digits.as_bytes().get(..11).filter(|_| digits.len() == 11)?);
        let check = check_digit(&first)?;
        let mut id = [check; 18];
        id[..17].copy_from_slice(&first);
        Some(Id(id))
    }

    /// The 18 characters.
    pub fn as_bytes(&self) -> &[u8; 18] {
        &self.0
    }

    /// The 18 characters.
    pub fn as_str(&self) -> &str {
        self.part(0, 18)
    }

    /// True where the check character is right, the birth date exists and the region lies in a province.
    pub fn is_valid(&self) -> bool {
        self.has_right_check() && self.birth_date().is_some() && is_province(&self.0)
    }

    /// True where the last character is the check character of the others.
    pub fn has_right_check(&self) -> bool {
        self.0
            .split_last_chunk::<1>()
            .is_some_and(|(first, [last])| {
                first.try_into().ok().and_then(check_digit) == Some(*last)
            })
    }

    /// The six digits of the region (GB/T 2260).
    pub fn region(&self) -> &str {
        self.part(0, 6)
    }

    /// The birth date, where it is a day of the calendar.
    pub fn birth_date(&self) -> Option<civil::Date> {
        date::compact(self.0.get(6..14)?)
    }

    /// The three digits of the sequence.
    pub fn sequence(&self) -> &str {
        self.part(14, 17)
    }

    /// True where the sequence is odd, as men's are.
    pub fn is_male(&self) -> bool {
        self.0[16] % 2 == 1
    }

    /// The first 15 digits.
    pub fn stem(&self) -> [u8; STEM] {
        let mut stem = [0; STEM];
        stem.copy_from_slice(&self.0[..STEM]);
        stem
    }

    /// As registers hide it: the first `head` characters and the last four, stars between. 4 and 6 are common.
    pub fn mask(&self, head: usize) -> String {
        let head = head.min(14);
        format!(
            "{}{}{}",
            self.part(0, head),
            "*".repeat(14 - head),
            self.part(14, 18)
        )
    }

    fn part(&self, start: usize, end: usize) -> &str {
        // Made of ASCII only, so this is always text.
        std::str::from_utf8(&self.0[start..end]).unwrap_or("")
    }
}

impl AsRef<[u8]> for Id {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// The first two digits of regions: provinces, Hong Kong, Macau and Taiwan (81 to 83 on residence permits), and 9 for foreigners.
fn is_province(id: &[u8; 18]) -> bool {
    matches!(
        id,
        [b'1', b'1'..=b'5', ..]
            | [b'2', b'1'..=b'3', ..]
            | [b'3', b'1'..=b'7', ..]
            | [b'4', b'1'..=b'6', ..]
            | [b'5', b'0'..=b'4', ..]
            | [b'6', b'1'..=b'5', ..]
            | [b'7', b'1', ..]
            | [b'8', b'1'..=b'3', ..]
            | [b'9', ..]
    )
}

/// The first 15 digits of a number that went through a spreadsheet's floating point: `4.20106199003051E+17`, 18 digits that end in
/// 000 or `.0`, or 18 digits that fail their check and are just what a double can hold; also where only the 15 are left. Shorter mantissas count as having lost final zeros,
/// down to ten digits; less is a narrow column, and no stem. The last of the 15 may be one off where the writer rounded.
pub fn damaged_stem(text: &str) -> Option<[u8; STEM]> {
    let mut buffer = [0; SHORT];
    let bytes = half_width(text, &mut buffer)?;
    let bytes = bytes.strip_prefix(b"'").unwrap_or(bytes);
    let stem = match bytes.iter().position(|b| matches!(b, b'e' | b'E')) {
        Some(at) => from_mantissa(&bytes[..at], &bytes[at + 1..])?,
        None => from_eighteen(bytes)?,
    };
    (stem[0] != b'0' && date::compact(&stem[6..14]).is_some()).then_some(stem)
}

fn from_mantissa(mantissa: &[u8], exponent: &[u8]) -> Option<[u8; STEM]> {
    if exponent.strip_prefix(b"+").unwrap_or(exponent) != b"17" || mantissa.get(1) != Some(&b'.') {
        return None;
    }
    let mut stem = [b'0'; STEM];
    let digits = mantissa.iter().filter(|b| **b != b'.');
    if mantissa.len() < 11 || mantissa.len() > 19 || !digits.clone().all(u8::is_ascii_digit) {
        return None;
    }
    stem.iter_mut()
        .zip(digits)
        .for_each(|(to, from)| *to = *from);
    Some(stem)
}

fn from_eighteen(bytes: &[u8]) -> Option<[u8; STEM]> {
    let float = bytes.strip_suffix(b".0");
    let whole = float.unwrap_or(bytes);
    if let Ok(stem) = <&[u8; STEM]>::try_from(whole) {
        return whole.iter().all(u8::is_ascii_digit).then_some(*stem);
    }
    let id: [u8; 18] = whole.try_into().ok()?;
    if !id.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let id = Id(id);
    // of a float the last digits are never to be trusted, not even where they happen to pass the check
    if float.is_some()
        || whole.ends_with(b"000")
        || (!id.has_right_check() && is_a_doubles_text(&id))
    {
        return Some(id.stem());
    }
    None
}

/// True where writing some double would give these digits: all of its digits, or the fewest that name it.
fn is_a_doubles_text(id: &Id) -> bool {
    let Ok(value) = id.as_str().parse::<u64>() else {
        return false;
    };
    let double = value as f64;
    double as u64 == value || double.to_string().as_bytes() == id.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_standards_own_example_is_valid() {
        let id = normal("11010519491231002X").unwrap();
        assert!(id.is_valid());
        assert_eq!(check_digit(b"11010519491231002"), Some(b'X'));
        assert_eq!(id.region(), "110105");
        assert_eq!(id.birth_date(), Some(civil::date(1949, 12, 31)));
        assert_eq!(id.sequence(), "002");
        assert!(!id.is_male());
        // The second example of GB 11643-1999.
        assert!(normal("440524188001010014").unwrap().is_valid());
    }

    #[test]
    fn writing_does_not_matter() {
        let id = normal("11010519491231002X").unwrap();
        for t in [
            "'11010519491231002x",
            " 110105 19491231 002X ",
            "１１０１０５１９４９１２３１００２ｘ",
            "110105-19491231-002X",
        ] {
            assert_eq!(normal(t), Some(id), "{t}");
        }
        for t in [
            "",
            "1101051949123100X2",
            "11010519491231002",
            "11010519491231002XX",
            "1101051949123100222",
            "X1010519491231002X",
        ] {
            assert_eq!(normal(t), None, "{t}");
        }
    }

    #[test]
    fn invalid_numbers_are_told() {
        for t in [
            "110105194912310021",
            "11010519491331002X",
            "01010519491231002X",
        ] {
            assert!(!normal(t).unwrap().is_valid(), "{t}");
        }
    }

    #[test]
    fn a_spreadsheets_damage_leaves_the_stem() {
        let stem = *b"420106199003051";
        for t in [
            "4.20106199003051E+17",
            "4.20106199003051E17",
            "4.20106199003051e+17",
            "4.2010619900305126E17",
            "420106199003051000",
            "420106199003051000.0",
            " '420106199003051000",
            "420106199003051328",
            "420106199003051260",
        ] {
            assert_eq!(damaged_stem(t), Some(stem), "{t}");
        }
        assert_eq!(
            damaged_stem("4.2010619900305E+17"),
            Some(*b"420106199003050")
        );
        for t in [
            "4.20106E+17",
            "4.20106199003051E+16",
            "42.0106199003051E+17",
            "420106199003051231",
            "4.2O106199003051E+17",
            "",
        ] {
            assert_eq!(damaged_stem(t), None, "{t}");
        }
    }

    #[test]
    fn masks_show_both_ends() {
        let id = normal("11010519491231002X").unwrap();
        assert_eq!(id.mask(4), "1101**********002X");
        assert_eq!(id.mask(6), "110105********002X");
        assert_eq!(id.mask(99), "11010519491231002X");
    }

    #[test]
    fn composing_needs_a_sequence_of_three_digits() {
        let birth = civil::date(1949, 12, 31);
        let id = Id::compose(b"110105", birth, 2).unwrap();
        assert_eq!(id.as_str(), "11010519491231002X");
        assert_eq!(Id::compose(b"110105", birth, 1000), None);
        assert_eq!(Id::compose(b"11o105", birth, 1), None);
    }

    proptest! {
        #[test]
        fn composed_numbers_are_valid(year in 1900i16..2030, month in 1i8..13, day in 1i8..29, sequence in 0u16..1000) {
            let id = Id::compose(b"420106", civil::date(year, month, day), sequence).unwrap();
            prop_assert!(id.is_valid());
            prop_assert_eq!(normal(id.as_str()), Some(id));
            prop_assert_eq!(id.is_male(), sequence % 2 == 1);
        }

        /// ISO 7064 MOD 11-2 finds every single wrong digit and every swap of neighbours.
        #[test]
        fn a_slip_is_found(first in "[1-9][0-9]{16}", at in 0usize..17, by in 1u8..10) {
            let mut digits: [u8; 17] = first.as_bytes().try_into().unwrap();
            let right = check_digit(&digits);
            digits[at] = b'0' + (digits[at] - b'0' + by) % 10;
            prop_assert_ne!(check_digit(&digits), right);
            digits = first.as_bytes().try_into().unwrap();
            if at < 16 && digits[at] != digits[at + 1] {
                digits.swap(at, at + 1);
                prop_assert_ne!(check_digit(&digits), right);
            }
        }

        #[test]
        fn a_doubles_text_keeps_the_stem(id in "[1-6][1-5]0106(19[3-9][0-9])(0[1-9])([01][1-9])[0-9]{3}") {
            let cut = format!("{}000", &id[..15]);
            let damaged = cut.parse::<f64>().unwrap();
            prop_assert_eq!(damaged_stem(&damaged.to_string()).map(|s| s.to_vec()), Some(id.as_bytes()[..15].to_vec()));
            prop_assert_eq!(damaged_stem(&format!("{damaged:E}")).map(|s| s.to_vec()), Some(id.as_bytes()[..15].to_vec()));
        }

        #[test]
        fn nothing_panics(t in "\\PC{0,24}|[0-9.eE+'xX -]{0,24}") {
            let _ = (normal(&t), damaged_stem(&t));
        }
    }
}
