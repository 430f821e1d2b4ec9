//! E-mail addresses: RFC 5321 mailboxes in the plain form that people are given, without quoted parts or address literals.

use std::borrow::Cow;

use super::text;

/// True where `text`, trimmed, is one address.
pub fn is_email(text: &str) -> bool {
    normal(text).is_some()
}

/// The address in lower case and half width, without `mailto:`; borrowed where it was that already.
pub fn normal(text: &str) -> Option<Cow<'_, str>> {
    let trimmed = text.trim();
    if is_plain(trimmed) && !trimmed.bytes().any(|b| b.is_ascii_uppercase()) {
        return Some(Cow::Borrowed(trimmed));
    }
    // Addresses are at most 254 bytes (RFC 5321, 4.5.3.1.3); the scheme and invisible characters may come on top.
    if trimmed.len() > 1024 || !trimmed.contains(['@', '＠']) {
        return None;
    }
    let lower = text::fold(trimmed).to_ascii_lowercase();
    let address = lower.strip_prefix("mailto:").unwrap_or(&lower);
    is_plain(address).then(|| Cow::Owned(address.to_owned()))
}

fn is_plain(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let atom = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&b);
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let Some((_, top)) = domain.rsplit_once('.') else {
        return false;
    };
    local.len() <= 64
        && domain.len() <= 253
        && local
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(atom))
        && domain.split('.').all(label)
        && top.len() >= 2
        && top.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_are_told_from_other_texts() {
        for yes in [
            "a@b.cn",
            "wang.li+x@mail.example.com",
            " 12345@QQ.com ",
            "ａ＠ｂ．ｃｎ",
            "x@xn--fiqs8s.xn--55qx5d",
        ] {
            assert!(is_email(yes), "{yes}");
        }
        for no in [
            "",
            "@",
            "a@b",
            "a@@b.cn",
            "a b@c.cn",
            ".a@b.cn",
            "a@b..cn",
            "a@-b.cn",
            "a@1.2.3.4",
            "张@b.cn",
            "a@b.c",
        ] {
            assert!(!is_email(no), "{no}");
        }
    }

    #[test]
    fn case_and_scheme_do_not_matter() {
        assert_eq!(
            normal("mailto:Wang.Li@Example.COM").unwrap(),
            "wang.li@example.com"
        );
        assert!(matches!(normal("wang@example.com"), Some(Cow::Borrowed(_))));
    }

    proptest! {
        #[test]
        fn normal_is_idempotent(t in "\\PC{0,12}|[a-zA-Z.@ -]{1,20}|[A-Za-z]{1,4}@[a-zA-Z]{1,5}\\.[a-zA-Z]{2,3}") {
            if let Some(once) = normal(&t) {
                prop_assert_eq!(normal(&once).unwrap(), once.as_ref());
            }
        }
    }
}
