//! Identifiers of which a list shows only a part: 138****5678, 4403**********1234, 1.3812345E+10.
//!
//! The ledger has digests of a few parts (see [`super::normal::Form`] and [`super::stem`]), and what a mask leaves open is cut to one
//! of them; where a digit is missing for that, each of its values is tried.

use super::normal::Form;
use super::stem;
use crate::policy::Kind;
use crate::value::phone;

/// A part of an identifier that the ledger has digests of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The digest of this form, by its place among the forms of the kind.
    Form(usize),
    /// The digest of the stem.
    Stem,
}

/// What a mask shows: the digits before the hidden ones and those after.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    head: Vec<u8>,
    tail: Vec<u8>,
}

/// Calls `each` with every part that `cell` may be, by kind, and its bytes; nothing where `cell` is no masked identifier of this kind.
pub fn parts(kind: Kind, cell: &str, mut each: impl FnMut(Part, &[u8])) {
    match kind {
        Kind::Phone => phone_parts(cell, &mut each),
        Kind::NationalId => id_parts(cell, &mut each),
        _ => {}
    }
}

fn phone_parts(cell: &str, each: &mut impl FnMut(Part, &[u8])) {
    if let Some(cut) = phone::truncated(cell) {
        let digits = cut.shown.as_bytes();
        // the last digit shown may be rounded
        if cut.length == 11 && digits.len() > 7 {
            each(Part::Stem, &digits[..7]);
        }
        return;
    }
    let Some(shown) = shown(cell) else {
        return;
    };
    let head = match shown.head.as_slice() {
        [b'8', b'6', rest @ ..] if rest.len() >= 3 => rest,
        head => head,
    };
    if head.first() != Some(&b'1') || head.len() + shown.tail.len() >= 11 {
        return;
    }
    if head.len() >= 3 && shown.tail.len() >= 4 {
        part_of(Kind::Phone, Form::Masked, &head[..3], &shown.tail, each);
    } else if head.len() >= 7 {
        each(Part::Stem, &head[..7]);
    }
}

fn id_parts(cell: &str, each: &mut impl FnMut(Part, &[u8])) {
    let Some(Shown { head, tail }) = shown(cell) else {
        return;
    };
    let kind = Kind::NationalId;
    if head.len() + tail.len() >= 18 || head.first().is_none_or(|b| *b == b'0') {
        return;
    }
    match (head.len(), tail.len()) {
        (15.., _) => {
            if let Some(at) = place(kind, Form::Cut) {
                each(Part::Form(at), &head[..15]);
            }
        }
        (6.., 4..) => part_of(kind, Form::MaskedLong, &head[..6], &tail, each),
        (4.., 4..) => part_of(kind, Form::Masked, &head[..4], &tail, each),
        (3, 4..) => {
            for digit in b'0'..=b'9' {
                let whole = [&head[..], &[digit]].concat();
                part_of(kind, Form::Masked, &whole, &tail, each);
            }
        }
        (14, _) => {
            for odd in [b'0', b'1'] {
                let whole = [&head[..14], &[odd]].concat();
                each(Part::Stem, &whole);
            }
        }
        _ => {}
    }
}

fn place(kind: Kind, form: Form) -> Option<usize> {
    Form::of(kind).iter().position(|f| *f == form)
}

fn part_of(kind: Kind, form: Form, head: &[u8], tail: &[u8], each: &mut impl FnMut(Part, &[u8])) {
    if let (Some(at), Some(start)) = (place(kind, form), tail.len().checked_sub(4)) {
        each(
            Part::Form(at),
            &[head, b"*".as_slice(), &tail[start..]].concat(),
        );
    }
}

/// Reads digits, hidden ones, digits; a final X counts as a digit, and spaces and dashes do not count.
fn shown(cell: &str) -> Option<Shown> {
    let mut out = Shown {
        head: Vec::new(),
        tail: Vec::new(),
    };
    let mut hidden = 0;
    let mut characters = cell.trim().chars().peekable();
    while let Some(c) = characters.next() {
        let last = characters.peek().is_none();
        let digit = match c {
            '0'..='9' => Some(c as u8),
            '０'..='９' => Some(b'0' + (c as u32 - '０' as u32) as u8),
            'x' | 'X' | 'Ｘ' if last && !out.tail.is_empty() => Some(b'X'),
            _ => None,
        };
        match (digit, c) {
            (Some(_), _) if out.head.len() + out.tail.len() >= 20 => return None,
            (Some(digit), _) if hidden == 0 => out.head.push(digit),
            (Some(digit), _) => out.tail.push(digit),
            (
                None,
                '*' | '＊' | '●' | '•' | '×' | 'x' | 'X' | '#' | '█' | '■' | '_' | '?' | '？',
            ) => {
                // hidden digits in two stretches are another kind of mask
                if !out.tail.is_empty() {
                    return None;
                }
                hidden += 1;
            }
            (None, ' ' | '-' | '+' | '\u{a0}') => {}
            _ => return None,
        }
    }
    (hidden > 0 && !out.head.is_empty()).then_some(out)
}

/// The place of a part's digest behind an identifier's first, and the tag of its digests.
pub fn digest_of(keys: &crate::key::DigestKeys, kind: Kind, part: Part, bytes: &[u8]) -> u64 {
    match part {
        Part::Form(at) => {
            let form = Form::of(kind).get(at).copied().unwrap_or(Form::Full);
            keys.identifier.digest(form.tag(kind), bytes)
        }
        Part::Stem => stem::digest(keys, kind, bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(kind: Kind, cell: &str) -> Vec<(Part, String)> {
        let mut out = Vec::new();
        parts(kind, cell, |part, bytes| {
            out.push((part, String::from_utf8(bytes.to_vec()).unwrap()));
        });
        out
    }

    /// What the ledger has of a whole identifier.
    fn kept(kind: Kind, full: &str) -> Vec<(Part, String)> {
        let mut out = Vec::new();
        let mut form = Vec::new();
        for (at, f) in Form::of(kind).iter().enumerate() {
            if f.write(kind, full.as_bytes(), &mut form) {
                out.push((Part::Form(at), String::from_utf8(form.clone()).unwrap()));
            }
        }
        if stem::write(kind, full.as_bytes(), &[], &mut form) {
            out.push((Part::Stem, String::from_utf8(form.clone()).unwrap()));
        }
        out
    }

    #[test]
    fn masks_lead_to_what_the_ledger_keeps() {
        let phone = kept(Kind::Phone, "13812345678");
        for cell in [
            "138****5678",
            "138 **** 5678",
            "+86 138****5678",
            "138XXXX5678",
            "１３８＊＊＊＊５６７８",
            "1381***5678",
            "138●●●●5678",
            "1381234****",
            "1.38123457E+10",
        ] {
            let shown = of(Kind::Phone, cell);
            assert!(!shown.is_empty(), "{cell}");
            assert!(shown.iter().all(|s| phone.contains(s)), "{cell}: {shown:?}");
        }
        let id = kept(Kind::NationalId, "44030119900307123X");
        for cell in [
            "4403**********123X",
            "440301********123X",
            "440301********123x",
            "44030119900307****",
            "440***********123X",
            "440301199003071***",
            "440301 1990**** 123X",
        ] {
            let shown = of(Kind::NationalId, cell);
            assert!(shown.iter().any(|s| id.contains(s)), "{cell}: {shown:?}");
        }
    }

    #[test]
    fn other_things_are_no_masks() {
        for cell in [
            "",
            "*",
            "13812345678",
            "张*",
            "1***8",
            "a*b",
            "13*******5678*",
            "138****56*8",
        ] {
            assert_eq!(of(Kind::Phone, cell), [], "{cell}");
            assert_eq!(of(Kind::NationalId, cell), [], "{cell}");
        }
        assert_eq!(of(Kind::Phone, "1.38E+10"), []);
        assert_eq!(of(Kind::Name, "张*"), []);
    }
}
