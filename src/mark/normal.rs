//! What a cell says, whatever its dress: the bytes that digests are taken of, alike when a copy is issued and when a leak is read.

use crate::policy::{DateOrder, Kind};
use crate::value::{clock, date, email, national_id, number, phone, text};

/// Writes the normal form of `cell` as a value of `kind` into `out` (cleared first). False where the cell is blank or no value
/// of that kind.
pub fn write(kind: Kind, order: DateOrder, cell: &str, out: &mut Vec<u8>) -> bool {
    out.clear();
    if cell.is_empty() {
        return false;
    }
    match kind {
        Kind::Phone => put(out, phone::normal(cell)),
        Kind::NationalId => put(out, national_id::normal(cell)),
        Kind::Email => put(out, email::normal(cell).as_deref().map(str::as_bytes)),
        Kind::Date | Kind::DateTime => match date::parse(cell, order) {
            Some((moment, _)) => put(out, Some(moment.normal())),
            None => false,
        },
        Kind::Time => put(out, clock::normal(cell)),
        Kind::Number => put(out, number::parse(cell).map(|(value, _)| value.normal())),
        Kind::Name | Kind::Code | Kind::Category => put(out, Some(text::fold(cell).as_bytes())),
        Kind::Address | Kind::Text => put(out, Some(text::tidy(cell).as_bytes())),
    }
}

fn put<T: AsRef<[u8]>>(out: &mut Vec<u8>, value: Option<T>) -> bool {
    if let Some(value) = value {
        out.extend_from_slice(value.as_ref());
    }
    !out.is_empty()
}

/// The forms of an identifier that the ledger keeps digests of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Form {
    /// All of it.
    Full,
    /// The first fifteen digits, which is what a spreadsheet leaves of an identity number.
    Cut,
    /// Head and tail with stars between, as lists are masked.
    Masked,
    /// As `Masked`, with the six digits of the region in front.
    MaskedLong,
}

impl Form {
    /// The forms of a kind; the first is [`Form::Full`].
    pub fn of(kind: Kind) -> &'static [Form] {
        match kind {
            Kind::NationalId => &[Form::Full, Form::Cut, Form::Masked, Form::MaskedLong],
            Kind::Phone => &[Form::Full, Form::Masked],
            _ => &[Form::Full],
        }
    }

    /// The domain of digests of this form of this kind. Two phone columns share one, so that either is found in either.
    pub fn tag(self, kind: Kind) -> u64 {
        let kind = match kind {
            Kind::NationalId => 1,
            Kind::Phone => 2,
            Kind::Email => 3,
            Kind::Code => 4,
            Kind::Name => 5,
            _ => 6,
        };
        kind * 16
            + match self {
                Form::Full => 0,
                Form::Cut => 1,
                Form::Masked => 2,
                Form::MaskedLong => 3,
            }
    }

    /// Writes this form of an identifier whose full normal form is `full`; false where it has none.
    pub fn write(self, kind: Kind, full: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        match (self, kind) {
            (Form::Full, _) => out.extend_from_slice(full),
            (Form::Cut, Kind::NationalId) if full.len() == 18 => out.extend_from_slice(&full[..15]),
            (Form::Masked, Kind::NationalId) if full.len() == 18 => {
                stars(&full[..4], &full[14..], out)
            }
            (Form::MaskedLong, Kind::NationalId) if full.len() == 18 => {
                stars(&full[..6], &full[14..], out)
            }
            (Form::Masked, Kind::Phone) if full.len() == 11 => stars(&full[..3], &full[7..], out),
            _ => return false,
        }
        true
    }
}

fn stars(head: &[u8], tail: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(head);
    out.push(b'*');
    out.extend_from_slice(tail);
}

/// Writes a cell of a leak that is itself cut: an identity number that went through a float. False where it is no such thing.
pub fn write_cut(cell: &str, out: &mut Vec<u8>) -> bool {
    out.clear();
    match national_id::damaged_stem(cell) {
        Some(prefix) => {
            out.extend_from_slice(&prefix);
            true
        }
        None => false,
    }
}
