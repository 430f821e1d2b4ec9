//! Text as it is matched, and text as it is kept.
//!
//! [`fold`] forgets everything that handling changes: width, composition, case, spaces, what cannot be seen. [`tidy`] forgets
//! only what nobody can see, and keeps the difference between full and half width, since a bracket's width may carry a mark.
//! Both give back a part of the text itself where it is clean already, which is the common case in Chinese tables.

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};

/// True for what takes no space on paper: zero-width and format characters, BOM, variation selectors, controls other than white space.
pub fn is_invisible(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_control() && !matches!(c, '\t'..='\r');
    }
    matches!(c,
        '\u{80}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}'
        | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// The text for matching: NFKC, invisible characters dropped, white space trimmed and its inner runs made one space, ASCII letters
/// in upper case (as most codes are written already). Letters beyond ASCII keep their case. Idempotent.
pub fn fold(text: &str) -> Cow<'_, str> {
    let text = trim(text);
    if is_folded(text) {
        return Cow::Borrowed(text);
    }
    if let Some(plain) = join_words(
        text,
        text.chars().filter(|c| !is_invisible(*c)).map(fold_simple),
    ) {
        return Cow::Owned(plain);
    }
    let upper = |c: char| {
        if c.is_whitespace() {
            ' '
        } else {
            c.to_ascii_uppercase()
        }
    };
    let visible = text.chars().filter(|c| !is_invisible(*c));
    // Upper case may make a letter and its mark composable (i and dot above), so composition comes last.
    let folded = visible.nfkc().map(upper).nfc().map(Some);
    Cow::Owned(join_words(text, folded).unwrap_or_default())
}

/// The fold of a character that composes with nothing: ASCII, its full-width forms, white space, settled ideographs.
fn fold_simple(c: char) -> Option<char> {
    if is_settled(c) {
        return Some(c);
    }
    match ascii_of(c)? {
        _ if c.is_whitespace() => Some(' '),
        b if c.is_ascii() || matches!(c, '\u{FF01}'..='\u{FF5E}') => {
            Some(char::from(b.to_ascii_uppercase()))
        }
        _ => None,
    }
}

/// The characters with single spaces between words and none at the ends; `None` as soon as one is `None`.
fn join_words(text: &str, chars: impl Iterator<Item = Option<char>>) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in chars {
        let c = c?;
        if c == ' ' {
            gap = !out.is_empty();
        } else {
            if gap {
                out.push(' ');
                gap = false;
            }
            out.push(c);
        }
    }
    Some(out)
}

/// The text as it is kept: white space trimmed (also U+3000 and NBSP), invisible characters dropped, NFC. Idempotent.
pub fn tidy(text: &str) -> Cow<'_, str> {
    let text = trim(text);
    let plain = |c: char| matches!(c, ' '..='~' | '\u{FF01}'..='\u{FF60}') || is_settled(c);
    if text.chars().all(plain) {
        return Cow::Borrowed(text);
    }
    let no_invisible = !text.chars().any(is_invisible);
    if no_invisible && is_nfc_quick(text.chars()) == IsNormalized::Yes {
        return Cow::Borrowed(text);
    }
    let composed: String = text.chars().filter(|c| !is_invisible(*c)).nfc().collect();
    let kept = composed.trim();
    if kept.len() == composed.len() {
        return Cow::Owned(composed);
    }
    Cow::Owned(kept.to_owned())
}

/// True for the ideographs that tables are made of: CJK with its extensions, and 〇.
pub fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{20000}'..='\u{2EBEF}' | '\u{30000}'..='\u{323AF}' | '〇')
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
}

/// Ideographs and punctuation that no normalisation changes and nothing composes with.
fn is_settled(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '、' | '。' | '·' | '《' | '》' | '“' | '”')
}

fn is_folded(text: &str) -> bool {
    let mut after_space = false;
    let mut beyond = false;
    for c in text.chars() {
        let space = c == ' ';
        if (space && after_space) || c.is_ascii_lowercase() {
            return false;
        }
        after_space = space;
        if !(matches!(c, ' '..='~') || is_settled(c)) {
            if matches!(c, '\u{FF01}'..='\u{FF5E}') || c.is_whitespace() || is_invisible(c) {
                return false;
            }
            beyond = true;
        }
    }
    !beyond || is_nfkc_quick(text.chars()) == IsNormalized::Yes
}

/// Longest text, in bytes, that [`half_width`] looks at.
pub(super) const SHORT: usize = 64;

/// The ASCII that a character stands for: itself, its full-width form, any dash, apostrophe or white space.
pub(super) fn ascii_of(c: char) -> Option<u8> {
    match c {
        '\0'..='\u{7F}' => Some(c as u8),
        '\u{FF01}'..='\u{FF5E}' => Some((u32::from(c) - 0xFEE0) as u8),
        '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{FE63}' => Some(b'-'),
        '\u{2018}' | '\u{2019}' => Some(b'\''),
        c if c.is_whitespace() => Some(b' '),
        _ => None,
    }
}

/// A short text as trimmed ASCII: borrowed where it is ASCII, else put into `buffer` with full-width forms made half and invisible
/// characters dropped. `None` where it is longer than `buffer` or holds anything else.
pub(super) fn half_width<'a>(text: &'a str, buffer: &'a mut [u8; SHORT]) -> Option<&'a [u8]> {
    if text.is_ascii() {
        let trimmed = text.as_bytes().trim_ascii();
        return (trimmed.len() <= SHORT).then_some(trimmed);
    }
    let mut len = 0;
    for c in text.chars().filter(|c| !is_invisible(*c)) {
        *buffer.get_mut(len)? = ascii_of(c)?;
        len += 1;
    }
    buffer.get(..len).map(<[u8]>::trim_ascii)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[allow(clippy::ptr_arg)] // Whether it is borrowed is the question.
    fn borrowed(text: &Cow<'_, str>) -> bool {
        matches!(text, Cow::Borrowed(_))
    }

    #[test]
    fn clean_text_is_borrowed() {
        for t in [
            "张伟",
            "武汉市江夏区文化路12号3栋",
            "A00123",
            "420106199003051234",
            "",
            "  张伟\u{3000}",
            "ÉCOLE",
        ] {
            assert!(borrowed(&fold(t)), "{t}");
            assert!(borrowed(&tidy(t)), "{t}");
        }
    }

    #[test]
    fn folding_forgets_what_handling_changes() {
        let same = [
            ("\u{FEFF}Zhang\u{200B} San ", "ZHANG SAN"),
            ("ＡＢＣ１２３", "abc123"),
            ("张\u{3000}\u{A0}\t伟", "张 伟"),
            ("Jose\u{301}", "José"),
            ("3栋（东）", "3栋(东)"),
            ("㎏", "kg"),
            ("a\nb", "A B"),
        ];
        for (a, b) in same {
            assert_eq!(fold(a), fold(b));
        }
        assert_eq!(fold("a\u{0}b\u{7F}"), "AB");
        assert_eq!(fold("\u{200B} \u{FEFF}"), "");
    }

    #[test]
    fn tidying_keeps_width_case_and_inner_spaces() {
        assert_eq!(
            tidy("\u{3000}3栋（东） A  b\u{200B}\u{A0}"),
            "3栋（东） A  b"
        );
        assert_eq!(tidy("Jose\u{301}"), "José");
        assert_eq!(tidy("e \u{200B}\u{301}x"), "e \u{301}x");
        assert!(borrowed(&tidy(" 3栋（东）")));
        assert!(borrowed(&tidy("Müller")));
    }

    #[test]
    fn every_character_folds_and_tidies_once() {
        for c in '\0'..=char::MAX {
            for t in [c.to_string(), format!("i{c}\u{307} {c}"), format!("{c}a")] {
                let (once, kept) = (fold(&t).into_owned(), tidy(&t).into_owned());
                assert_eq!(fold(&once), once.as_str(), "{c:?}");
                assert_eq!(tidy(&kept), kept.as_str(), "{c:?}");
                assert!(
                    borrowed(&tidy(&kept)) || is_nfc_quick(kept.chars()) == IsNormalized::Maybe
                );
            }
        }
    }

    #[test]
    fn half_width_reads_short_texts_only() {
        let mut buffer = [0; SHORT];
        assert_eq!(
            half_width("\u{FEFF}＋86－138 ", &mut buffer),
            Some(&b"+86-138"[..])
        );
        assert_eq!(half_width("张", &mut buffer), None);
        assert_eq!(half_width(&"1".repeat(65), &mut buffer), None);
        assert_eq!(half_width(&"１".repeat(65), &mut buffer), None);
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(t in any::<String>()) {
            let once = fold(&t).into_owned();
            prop_assert_eq!(fold(&once), once.as_str());
        }

        #[test]
        fn tidying_twice_is_tidying_once(t in any::<String>()) {
            let once = tidy(&t).into_owned();
            prop_assert_eq!(tidy(&once), once.as_str());
        }

        #[test]
        fn tidying_does_not_change_what_folding_gives(t in "[ a-zé\u{301}张（\u{200B}\u{3000}１]{0,12}") {
            let kept = tidy(&t);
            prop_assert_eq!(fold(&kept), fold(&t));
        }
    }
}
