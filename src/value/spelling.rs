//! Places in a text where another spelling would mean the same.

/// A place in a text where another spelling would do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place<'a> {
    /// First byte.
    pub start: usize,
    /// The byte behind.
    pub end: usize,
    /// Which pair.
    pub pair: usize,
    /// Which member of the pair stands there: 0 or 1.
    pub member: usize,
    /// The other member.
    pub other: &'a str,
}

/// Every place of a text where one of the pairs stands, from left to right, the longest spelling first where several fit.
pub fn places<'a>(text: &str, pairs: &'a [[String; 2]]) -> Vec<Place<'a>> {
    let mut all: Vec<Place<'a>> = Vec::new();
    for (pair, spellings) in pairs.iter().enumerate() {
        for member in [0, 1] {
            let here = spellings[member].as_str();
            if here.is_empty() {
                continue;
            }
            let found = text
                .match_indices(here)
                .filter(|(at, _)| stands_alone(text, *at, here));
            all.extend(found.map(|(start, _)| Place {
                start,
                end: start + here.len(),
                pair,
                member,
                other: &spellings[1 - member],
            }));
        }
    }
    all.sort_unstable_by_key(|p| (p.start, std::cmp::Reverse(p.end)));
    let mut free = 0;
    all.retain(|place| {
        let fits = place.start >= free;
        if fits {
            free = place.end;
        }
        fits
    });
    all
}

/// The pair of a [`Place`] of formatting: it is none of a column's own.
pub const FORMATTING: usize = usize::MAX;

/// Places where a text's formatting could be otherwise: a space after a comma or none, a full stop at the end or none.
pub fn formatting(text: &str) -> Vec<Place<'static>> {
    let place = |start: usize, end: usize, member: usize, other: &'static str| Place {
        start,
        end,
        pair: FORMATTING,
        member,
        other,
    };
    let end = text.trim_end().len();
    let mut all: Vec<Place<'static>> = text[..end]
        .match_indices(',')
        .filter_map(|(at, _)| {
            let behind = &text[at + 1..end];
            let next = behind.trim_start_matches(' ').chars().next()?;
            // 1,250 is one number, and a comma beside another sign is none of a list
            match behind.len() - behind.trim_start_matches(' ').len() {
                _ if !next.is_alphabetic() => None,
                0 => Some(place(at + 1, at + 1, 0, " ")),
                1 => Some(place(at + 1, at + 2, 1, "")),
                _ => None,
            }
        })
        .collect();
    let stop = |c: char| if c.is_ascii() { "." } else { "。" };
    let mut last = text[..end].chars().rev();
    match (last.next(), last.next()) {
        (Some('.'), Some(c)) if c.is_ascii_alphanumeric() => {
            all.push(place(end - 1, end, 1, ""));
        }
        (Some('。'), Some(c)) if !c.is_ascii() && c.is_alphanumeric() => {
            all.push(place(end - '。'.len_utf8(), end, 1, ""));
        }
        (Some(c), _) if c.is_alphanumeric() => all.push(place(end, end, 0, stop(c))),
        _ => {}
    }
    all
}

/// A Latin spelling counts only as a whole word: "St" in "Stone" is none. "Street" does not hold "St." either way.
fn stands_alone(text: &str, at: usize, here: &str) -> bool {
    let latin = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let starts_in_word = latin(here.chars().next()) && latin(text[..at].chars().next_back());
    let ends_in_word =
        latin(here.chars().next_back()) && latin(text[at + here.len()..].chars().next());
    !starts_in_word && !ends_in_word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs() -> Vec<[String; 2]> {
        [
            ["栋", "幢"],
            ["室", "房"],
            ["Street", "St."],
            ["Road", "Rd"],
        ]
        .map(|p| p.map(String::from))
        .to_vec()
    }

    #[test]
    fn places_are_whole_words_and_every_chinese_character() {
        let pairs = pairs();
        let found = |text: &'static str| {
            places(text, &pairs)
                .into_iter()
                .map(|p| (text[p.start..p.end].to_string(), p.other.to_string()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found("云景路12号3栋502室"),
            [("栋".into(), "幢".into()), ("室".into(), "房".into())]
        );
        assert_eq!(
            found("12 Oak Street, Stone Rd"),
            [
                ("Street".into(), "St.".into()),
                ("Rd".into(), "Road".into())
            ]
        );
        assert_eq!(found("Roadside Streetlamp"), []);
    }

    #[test]
    fn formatting_is_sought_at_commas_and_at_the_end() {
        let found = |text: &'static str| {
            formatting(text)
                .into_iter()
                .map(|p| [&text[..p.start], p.other, &text[p.end..]].concat())
                .collect::<Vec<_>>()
        };
        assert_eq!(found("a, b"), ["a,b", "a, b."]);
        assert_eq!(found("a,b. "), ["a, b. ", "a,b "]);
        assert_eq!(found("无发热。"), ["无发热"]);
        assert_eq!(found("无发热"), ["无发热。"]);
        assert_eq!(found("1,250 beds"), ["1,250 beds."]);
        assert_eq!(found("etc.)"), [] as [&str; 0]);
        assert_eq!(found(""), [] as [&str; 0]);
    }
}
