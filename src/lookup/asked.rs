//! A value as a caller gives it, in every normal form that it may have.

use super::Unclear;
use crate::key::DigestKeys;
use crate::mark::normal::{self, Form};
use crate::policy::{DateOrder, Kind};

/// One value.
pub(super) struct Asked<'a> {
    text: &'a str,
    /// Its letters and digits before and after a run of stars.
    masked: Option<(Vec<u8>, Vec<u8>)>,
}

impl<'a> Asked<'a> {
    pub(super) fn new(text: &'a str) -> Asked<'a> {
        Asked {
            text: text.trim(),
            masked: masked(text.trim()),
        }
    }

    pub(super) fn is_blank(&self) -> bool {
        self.text.is_empty()
    }

    /// Why nothing can fit it, if it does not look like one whole value.
    pub(super) fn unclear(&self) -> Option<Unclear> {
        if self.masked.is_none() && self.text.contains(is_star) {
            return self
                .text
                .contains(char::is_alphabetic)
                .then_some(Unclear::MaskedName);
        }
        let between =
            |c: char| c.is_whitespace() || matches!(c, ',' | '，' | ';' | '；' | '、' | '|');
        let parts = || self.text.split(between);
        let is_number = |part: &str| part.chars().filter(char::is_ascii_digit).count() >= DIGITS;
        let number = parts().position(is_number)?;
        let other = |(at, part): (usize, &str)| {
            at != number && (is_number(part) || part.contains(char::is_alphabetic))
        };
        parts().enumerate().any(other).then_some(Unclear::Several)
    }

    /// Its normal forms as a value of `kind`, each once. A date such as 3/5/24 has several: nobody says in which order it was written.
    pub(super) fn normals(&self, kind: Kind, order: DateOrder) -> Vec<Vec<u8>> {
        let orders = [order, DateOrder::Ymd, DateOrder::Mdy, DateOrder::Dmy];
        let tried = match kind {
            Kind::Date | Kind::DateTime => &orders[..],
            _ => &orders[..1],
        };
        let mut all = Vec::new();
        for order in tried {
            let mut out = Vec::new();
            if normal::write(kind, *order, self.text, &mut out) && !all.contains(&out) {
                all.push(out);
            }
        }
        all
    }

    /// The forms in which it may be an identifier of `kind`: whole, cut or masked.
    pub(super) fn forms(&self, kind: Kind) -> Vec<(Form, Vec<u8>)> {
        let mut all = Vec::new();
        let mut out = Vec::new();
        if let Some((head, tail)) = &self.masked {
            let form = match (kind, head.len(), tail.len()) {
                (Kind::Phone, 3, 4) | (Kind::NationalId, 4, 4) => Form::Masked,
                (Kind::NationalId, 6, 4) => Form::MaskedLong,
                _ => return all,
            };
            all.push((form, [&head[..], b"*", &tail[..]].concat()));
            return all;
        }
        if normal::write(kind, DateOrder::Ymd, self.text, &mut out) {
            all.push((Form::Full, out.clone()));
        }
        if kind == Kind::NationalId && normal::write_cut(self.text, &mut out) {
            all.push((Form::Cut, out));
        }
        all
    }

    /// The digests of [`Self::forms`].
    pub(super) fn digests(&self, kind: Kind, keys: &DigestKeys) -> Vec<(Form, u64)> {
        let forms = self.forms(kind).into_iter();
        forms
            .map(|(form, bytes)| (form, keys.identifier.digest(form.tag(kind), &bytes)))
            .collect()
    }
}

/// Digits of a date or of any number that people are known by, at least.
const DIGITS: usize = 6;

fn is_star(c: char) -> bool {
    matches!(c, '*' | '＊' | '×' | '•' | '●')
}

/// Head and tail of a number with one run of stars in it.
fn masked(text: &str) -> Option<(Vec<u8>, Vec<u8>)> {
    let first = text.find(is_star)?;
    let last = text.rfind(is_star)?;
    let (head, rest) = (text.get(..first)?, text.get(first..)?);
    let stars = last - first;
    let width = rest.get(stars..)?.chars().next()?.len_utf8();
    let (between, tail) = (rest.get(..stars)?, rest.get(stars + width..)?);
    let digits = |text: &str| -> Option<Vec<u8>> {
        let kept = text.chars().filter(|c| !matches!(c, ' ' | '-'));
        kept.map(|c| match c {
            '0'..='9' => Some(c as u8),
            'x' | 'X' => Some(b'X'),
            _ => None,
        })
        .collect()
    };
    between
        .chars()
        .all(|c| is_star(c) || c == ' ')
        .then_some(())?;
    Some((digits(head)?, digits(tail)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_number_is_the_form_that_lists_are_masked_in() {
        let form = |text: &str, kind| Asked::new(text).forms(kind).pop();
        let is = |form, text: &str| Some((form, text.as_bytes().to_vec()));
        assert_eq!(
            form("138****5678", Kind::Phone),
            is(Form::Masked, "138*5678")
        );
        assert_eq!(
            form("138 ＊＊＊＊ 5678", Kind::Phone),
            is(Form::Masked, "138*5678")
        );
        assert_eq!(
            form("4403**********123x", Kind::NationalId),
            is(Form::Masked, "4403*123X")
        );
        assert_eq!(
            form("440301********1234", Kind::NationalId),
            is(Form::MaskedLong, "440301*1234")
        );
        assert_eq!(form("13*8****5678", Kind::Phone), None);
        assert_eq!(form("张*", Kind::Phone), None);
        assert_eq!(form("138****5678", Kind::NationalId), None);
    }

    #[test]
    fn what_is_no_whole_value_is_told_from_what_is_nobodys() {
        let unclear = |text: &str| Asked::new(text).unclear();
        for name in ["张*", "苏＊云", "J*** Smith"] {
            assert_eq!(unclear(name), Some(Unclear::MaskedName), "{name}");
        }
        for several in [
            "张三 13812345678",
            "2024-09-01,13812345678",
            "李四，2024年3月5日",
        ] {
            assert_eq!(unclear(several), Some(Unclear::Several), "{several}");
        }
        for whole in [
            "+86 138-1234-5678",
            "138 1234 5678",
            "138****5678",
            "2024-09-01 10:00",
            "2024年3月5日",
            "Nobody At All",
            "3, High Street",
        ] {
            assert_eq!(unclear(whole), None, "{whole}");
        }
    }

    #[test]
    fn a_date_without_an_order_is_read_in_every_order() {
        let asked = Asked::new("3/5/24");
        assert_eq!(asked.normals(Kind::Date, DateOrder::Ymd).len(), 2);
        let asked = Asked::new("2024年3月5日");
        let normals = asked.normals(Kind::Date, DateOrder::Mdy);
        assert_eq!(normals, [b"2024-03-05".to_vec()]);
        assert!(
            Asked::new("张三")
                .normals(Kind::Date, DateOrder::Ymd)
                .is_empty()
        );
    }
}
