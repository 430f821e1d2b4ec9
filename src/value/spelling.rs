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
}
