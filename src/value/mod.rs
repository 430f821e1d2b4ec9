//! Normal forms: one key for all the ways in which a value can be written.
//!
//! Each kind of value has a file. A value that takes part in linking has a *normal form*, equal for equal values however
//! handling changed their looks: a phone is its digits, a date is `2024-03-05`. A value that may be altered also has a *form*,
//! which remembers how it was written and writes another value the same way: whenever `parse_exact` gives a value and a form,
//! the form writes that value back as the very text it came from, because that is what `parse_exact` compares.
//!
//! Nothing here fails loudly: a text that is no such value is `None`. Texts come from leaks, so no text can make these
//! functions panic or take memory beyond a small multiple of its own length.

pub mod clock;
pub mod date;
pub mod elapsed;
pub mod email;
pub mod name;
pub mod national_id;
pub mod number;
pub mod phone;
pub mod spelling;
pub mod text;

use std::fmt;

/// A short ASCII text on the stack: a normal form, ready to be digested without an allocation.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NormalBuf {
    // Bytes beyond `len` stay zero, so that the derived comparisons hold.
    bytes: [u8; NormalBuf::CAPACITY],
    len: u8,
}

impl NormalBuf {
    /// Bytes that fit.
    pub const CAPACITY: usize = 31;

    const fn new() -> NormalBuf {
        NormalBuf {
            bytes: [0; NormalBuf::CAPACITY],
            len: 0,
        }
    }

    /// `None` where `text` is too long or not ASCII.
    fn from_ascii(text: &[u8]) -> Option<NormalBuf> {
        let mut buffer = NormalBuf::new();
        buffer.bytes.get_mut(..text.len())?.copy_from_slice(text);
        buffer.len = text.len() as u8;
        text.is_ascii().then_some(buffer)
    }

    fn push(&mut self, byte: u8) {
        debug_assert!(byte.is_ascii());
        if let Some(place) = self.bytes.get_mut(usize::from(self.len)) {
            *place = byte;
            self.len += 1;
        }
    }

    /// The two lowest decimal digits of `number`.
    fn push_two(&mut self, number: u8) {
        self.push(b'0' + number / 10 % 10);
        self.push(b'0' + number % 10);
    }

    /// The bytes, all of them ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or("")
    }

    /// Number of characters.
    pub fn len(&self) -> usize {
        usize::from(self.len)
    }

    /// True where nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl AsRef<[u8]> for NormalBuf {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Display for NormalBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for NormalBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for NormalBuf {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for NormalBuf {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

/// A habit of writing that a single value may leave open: `12/10` does not say whether `3` would be written `03`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Habit {
    Yes,
    No,
    Unseen,
}

impl Habit {
    fn seen(is: bool) -> Habit {
        if is { Habit::Yes } else { Habit::No }
    }

    fn or(self, other: Habit) -> Habit {
        if self == Habit::Unseen { other } else { self }
    }

    fn or_else(self, default: bool) -> bool {
        match self {
            Habit::Yes => true,
            Habit::No => false,
            Habit::Unseen => default,
        }
    }

    /// What both say; `None` where they contradict one another.
    fn merge(self, other: Habit) -> Option<Habit> {
        match (self, other) {
            (Habit::Unseen, h) | (h, Habit::Unseen) => Some(h),
            (a, b) => (a == b).then_some(a),
        }
    }
}

/// Takes what is written and compares it with a text, so that exactness is checked without an allocation.
struct Comparing<'a> {
    rest: &'a [u8],
}

impl Comparing<'_> {
    /// True where `write` writes exactly `text`.
    fn same(text: &str, write: impl FnOnce(&mut Comparing<'_>) -> fmt::Result) -> bool {
        let mut comparing = Comparing {
            rest: text.as_bytes(),
        };
        write(&mut comparing).is_ok() && comparing.rest.is_empty()
    }
}

impl fmt::Write for Comparing<'_> {
    fn write_str(&mut self, written: &str) -> fmt::Result {
        // Byte by byte: the pieces are one to four bytes long, and a call to compare memory costs more than they do.
        for b in written.bytes() {
            match self.rest {
                [first, rest @ ..] if *first == b => self.rest = rest,
                _ => return Err(fmt::Error),
            }
        }
        Ok(())
    }
}

/// The decimal digits of 0 to 99, two each.
const TWO_DIGITS: &str = "00010203040506070809\
    10111213141516171819\
    20212223242526272829\
    30313233343536373839\
    40414243444546474849\
    50515253545556575859\
    60616263646566676869\
    70717273747576777879\
    80818283848586878889\
    90919293949596979899";

/// Writes `number` (0 to 99, the lowest two digits of others) with two digits, or with one where `padded` is false and one is enough.
fn write_two<W: fmt::Write>(out: &mut W, number: u8, padded: bool) -> fmt::Result {
    let at = usize::from(number % 100) * 2;
    let start = if padded || number % 100 >= 10 {
        at
    } else {
        at + 1
    };
    out.write_str(TWO_DIGITS.get(start..at + 2).unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_holds_ascii_up_to_its_capacity() {
        assert_eq!(
            NormalBuf::from_ascii(b"13812345678").unwrap(),
            "13812345678"
        );
        assert!(NormalBuf::from_ascii(&[b'1'; 31]).is_some());
        assert!(NormalBuf::from_ascii(&[b'1'; 32]).is_none());
        assert!(NormalBuf::from_ascii("张".as_bytes()).is_none());
    }

    #[test]
    fn buffers_sort_as_texts_do() {
        let of = |t: &str| NormalBuf::from_ascii(t.as_bytes()).unwrap();
        assert!(of("12") < of("123") && of("123") < of("13") && of("") < of("0"));
    }

    #[test]
    fn two_digits_are_written_as_numbers_are() {
        for n in 0..100u8 {
            let (mut padded, mut bare) = (String::new(), String::new());
            write_two(&mut padded, n, true).unwrap();
            write_two(&mut bare, n, false).unwrap();
            assert_eq!((padded, bare), (format!("{n:02}"), n.to_string()));
        }
    }

    #[test]
    fn comparing_needs_all_of_the_text() {
        use fmt::Write;
        assert!(Comparing::same("2024年", |w| w
            .write_str("2024")
            .and_then(|()| w.write_str("年"))));
        assert!(!Comparing::same("2024年", |w| w.write_str("2024")));
        assert!(!Comparing::same("2024", |w| w.write_str("20245")));
    }
}
