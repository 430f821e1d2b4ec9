//! Addresses in short lists: a street that others have where the lender's is others' too, and one that is new to the list where
//! the lender lives there alone; the house, door and flat numbers likewise.

use super::*;
use crate::canary::sightings::Sightings;
use crate::canary::stock;
use crate::value::text::is_ideograph;

/// Texts looked at for each part of an address.
const LOOKED_AT: usize = 32;

/// Words that so many others have, or one in eight, stay.
const EVERYWHERE: u32 = 16;

/// Rows of which the district and the street are tried.
const PLACES: usize = 256;

/// Ends of streets, estates and places, the longer first.
#[rustfmt::skip]
const ENDINGS: [&str; 53] = [
    "大道", "小区", "花园", "家园", "公寓", "新村", "广场", "大厦", "社区", "街道", "新城", "山庄", "胡同", "公馆", "大街", "开发区", "路",
    "街", "巷", "弄", "道", "里", "村", "镇", "乡", "区", "县", "市", "省", "园", "苑", "庄", "城", "厦", "寓", "屯", "坊",
    "号", "栋", "幢", "座", "楼", "室", "房", "户", "组", "队", "元", "层", "院", "府", "湾", "桥",
];

/// Characters after which another word begins.
const BREAKS: &str = "路街巷弄道里村镇乡区县市省园苑庄城厦寓号栋幢座楼室房户";

/// Words of English addresses that name no place.
#[rustfmt::skip]
const KINDS_OF_STREET: [&str; 40] = [
    "Street", "St", "Road", "Rd", "Lane", "Ln", "Avenue", "Ave", "Drive", "Dr", "Court", "Ct",
    "Place", "Pl", "Way", "Close", "Crescent", "Boulevard", "Blvd", "Terrace", "Square", "Row",
    "Gardens", "Park", "Parkway", "Circle", "Trail", "Hill", "Flat", "Apt", "Apartment", "Unit",
    "Suite", "Ste", "Floor", "House", "Room", "Box", "P", "O",
];

/// A part of an address.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part<'t> {
    /// Stays as it is: the district, brackets, what all have.
    Stays,
    /// A number, and whether one stands before it.
    Number(Run<'t>, bool),
    /// A street, an estate, a community; the nth of the words.
    Word(usize),
    /// A district and the street, or what else comes first there.
    Place,
}

/// What a short list tells of a column of addresses.
pub(super) struct Streets<'a> {
    seen: Sightings,
    /// In how many rows each word stands.
    words: HashMap<&'a str, u32>,
    /// Those that have a name, as often as they stand there, by their place among an address's words.
    named: Vec<Vec<&'a str>>,
    rows: u32,
    /// Districts, each with what comes first there, as they stand in some rows.
    places: Vec<(&'a str, &'a str)>,
    /// Whether an address's district tells nothing of other columns.
    free: bool,
}

impl<'a> Streets<'a> {
    pub(super) fn of(sheet: Sheet<'a>, at: usize, free: bool) -> Streets<'a> {
        let mut words: HashMap<&'a str, u32> = HashMap::new();
        let mut named: Vec<Vec<&'a str>> = Vec::new();
        for cell in sheet.column(at) {
            for (nth, word) in words_of(cell).enumerate() {
                *words.entry(word).or_insert(0) += 1;
                if named.len() <= nth {
                    named.push(Vec::new());
                }
                if !stem_of(word).0.is_empty() {
                    named[nth].push(word);
                }
            }
        }
        let rows = sheet.table.rows();
        let cells = sheet.column(at).step_by(rows.div_ceil(PLACES).max(1));
        let places = cells.filter_map(|cell| {
            let (head, word) = (area(cell).head, words_of(cell).next()?);
            let named = !head.is_empty() && !stem_of(word).0.is_empty();
            named.then_some((head, word))
        });
        Streets {
            places: places.collect(),
            seen: Sightings::of(sheet.column(at)),
            words,
            named,
            rows: rows as u32,
            free,
        }
    }

    fn times(&self, word: &str) -> u32 {
        self.words.get(word).copied().unwrap_or(0)
    }

    /// Whether a word is no name of a place, or so common a one that a canary keeps it.
    fn stays(&self, word: &str) -> bool {
        let (stem, _) = stem_of(word);
        let others = self.times(word).saturating_sub(1);
        stem.is_empty() || others >= EVERYWHERE.min(self.rows / 8).max(3)
    }

    /// A word like this one that is nobody's: the name of one of `near` or of any with the ending of another that stands at the same
    /// place, or characters of which as many are new to the list.
    fn coined(
        &self,
        like: &str,
        nth: usize,
        near: &[&str],
        draws: &mut Draws<'_>,
    ) -> Option<String> {
        let (stem, ending) = stem_of(like);
        let all = self.named.get(nth)?;
        let lent = |draws: &mut Draws<'_>| {
            let from = match draws.below(4) > 0 && !near.is_empty() {
                true => near,
                false => all,
            };
            from.get(draws.below(from.len())).map(|w| stem_of(w))
        };
        let made = if like.is_ascii() {
            match self.seen.token(like) {
                0 | 1 => stock::place_latin(draws, |w| self.seen.token(w) == 0)?.to_string(),
                _ => lent(draws)?.0.to_string(),
            }
        } else if draws.below(4) > 0 {
            let (name, _) = lent(draws)?;
            let (_, its) = lent(draws)?;
            let ends_so = draws.below(2) == 0 && its.is_empty() == ending.is_empty();
            format!("{name}{}", if ends_so { its } else { ending })
        } else {
            let mut made = String::with_capacity(like.len());
            for (at, c) in stem.chars().enumerate() {
                let alone = self.seen.token(c.encode_utf8(&mut [0; 4])) < 2;
                let is_new = |c: char| self.seen.token(c.encode_utf8(&mut [0; 4])) == 0;
                made.push(match alone && is_ideograph(c) {
                    true => stock::place(draws, is_new)?,
                    false => lent(draws)?.0.chars().nth(at).unwrap_or(c),
                });
            }
            made + ending
        };
        (self.times(&made) == 0).then_some(made)
    }
}

impl<'a> Prose<'a> {
    /// An address of a short list: a household's where the lender is of one, and else one with as many others' street, numbers and
    /// doors as one of the lender's district has; none where nothing else can be made.
    pub(super) fn resettled(
        &self,
        draft: &Draft<'_>,
        at: usize,
        counts: &Counts,
        used: &HashSet<String>,
        streets: &Streets<'a>,
    ) -> Option<String> {
        let lender = self.sheet.cell(draft.like(at), at);
        let mut draws = draft.draws(Purpose::Beside {
            column: at as u32,
            said: draft.beside(at, self.sheet.cell(draft.row, at)),
        });
        let area = area(lender);
        let household = counts.times(lender);
        let mut nearby = |fits: &dyn Fn(&str) -> bool| {
            (0..2 * TRIES).find_map(|attempt| {
                let row = self.sheet.any_row(&mut draws);
                let cell = self.sheet.cell(row, at);
                let near = attempt >= TRIES || area.fits(cell);
                (near && !cell.trim().is_empty() && fits(cell)).then_some(cell)
            })
        };
        if household > 1 {
            // a house in which there are so many with the canary
            return nearby(&|cell| counts.times(cell) + 1 == household).map(String::from);
        }
        let like = nearby(&|cell| counts.times(cell) == 1).unwrap_or(lender);
        let fitting = streets.seen.like(like);
        let (texts, parts) = self.taken_apart(like, streets);
        let mut texts: Vec<String> = texts.into_iter().map(String::from).collect();
        let first = texts.clone();
        let here = self.sheet.column(at).filter(|cell| area.fits(cell));
        let here: Vec<Vec<&str>> = here.map(|cell| words_of(cell).collect()).collect();
        let near = |nth: usize| -> Vec<&str> {
            let words = here.iter().filter_map(|words| words.get(nth).copied());
            words.filter(|w| !stem_of(w).0.is_empty()).collect()
        };
        let near: Vec<Vec<&str>> = (0..streets.named.len()).map(near).collect();
        let another = |part: usize, nth_try: usize, draws: &mut Draws<'_>| match parts.get(part)? {
            Part::Stays => None,
            Part::Place => self.another_place(words_of(like).next()?, streets, nth_try, draws),
            Part::Number(run, later) => {
                let lent = self.lent(at, run, *later, draws)?;
                Some(match draws.below(2) {
                    0 => lent.to_string(),
                    _ => self.as_rare(at, lent, draws).into_owned(),
                })
            }
            Part::Word(nth) => {
                let own = first.get(part)?.as_str();
                let near = near.get(*nth)?;
                // a word that is one row's alone may be another's where its street is not
                match streets.times(own) < 2 && draws.below(4) > 0 {
                    true => streets.coined(own, *nth, near, draws),
                    false => self.others_word(at, &area, own, *nth, draws),
                }
            }
        };
        let joined = |texts: &[String]| Some(texts.concat());
        let usable = |made: &str| counts.times(made) == 0 && !used.contains(made);
        let tries = |part: usize| match parts.get(part) {
            Some(Part::Place) => 2 * streets.places.len() + 2 * LOOKED_AT,
            Some(Part::Stays) | None => 0,
            _ => LOOKED_AT,
        };
        fitting.fit(&mut texts, &mut draws, tries, another, joined, usable)
    }

    /// A district and a street in it: somebody's; or such a street's name with another's ending; or one that is new there.
    fn another_place(
        &self,
        own: &str,
        streets: &Streets<'a>,
        nth: usize,
        draws: &mut Draws<'_>,
    ) -> Option<String> {
        let all = &streets.places;
        let (head, word) = match all.get(nth % all.len().max(1)) {
            Some(place) if nth < 2 * all.len() => place,
            _ => all.get(draws.below(all.len()))?,
        };
        let other = all.get(draws.below(all.len()))?.1;
        let street = match nth / all.len() {
            0 => (*word).to_string(),
            1 => format!("{}{}", stem_of(word).0, stem_of(other).1),
            _ => streets.coined(own, 0, &[word], draws)?,
        };
        Some(format!("{head}{street}"))
    }

    /// A word with the same ending that other rows have, rather of the same district.
    fn others_word(
        &self,
        at: usize,
        area: &Area<'_>,
        own: &str,
        nth: usize,
        draws: &mut Draws<'_>,
    ) -> Option<String> {
        let ending = stem_of(own).1;
        let near = draws.below(2) == 0;
        (0..LENDERS).find_map(|_| {
            let cell = self.sheet.cell(self.sheet.any_row(draws), at);
            if near && !area.fits(cell) {
                return None;
            }
            let mut words = words_of(cell);
            let found = match ending.is_empty() {
                true => words.nth(nth).filter(|w| !stem_of(w).0.is_empty()),
                false => words.find(|w| stem_of(w).1 == ending),
            };
            found.map(String::from)
        })
    }

    fn taken_apart<'t>(
        &self,
        text: &'t str,
        streets: &Streets<'a>,
    ) -> (Vec<&'t str>, Vec<Part<'t>>) {
        let mut texts = Vec::new();
        let mut parts = Vec::new();
        let mut words = 0;
        let mut numbers = 0;
        let area = area(text);
        let mut body = body_of(text);
        if !area.head.is_empty() {
            let first = pieces(body).next().filter(|(piece, is_word)| {
                *is_word && streets.free && !streets.stays(piece) && !piece.is_ascii()
            });
            let street = first.map_or(0, |(piece, _)| piece.len());
            texts.push(text.get(..area.head.len() + street).unwrap_or(area.head));
            body = body.get(street..).unwrap_or(body);
            words += usize::from(street > 0);
            parts.push(match street {
                0 => Part::Stays,
                _ => Part::Place,
            });
        }
        for run in runs(body) {
            if run.is_number {
                // five digits and more are a post code
                parts.push(match run.text.len() < 5 {
                    true => Part::Number(run, numbers > 0),
                    false => Part::Stays,
                });
                texts.push(run.text);
                numbers += 1;
                continue;
            }
            for (piece, is_word) in pieces(run.text) {
                parts.push(match is_word && !streets.stays(piece) {
                    true => Part::Word(words),
                    false => Part::Stays,
                });
                words += usize::from(is_word);
                texts.push(piece);
            }
        }
        if !area.tail.is_empty() {
            texts.push(area.tail);
            parts.push(Part::Stays);
        }
        (texts, parts)
    }
}

/// The words of an address within its district or town.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    let texts = runs(body_of(text)).filter(|r| !r.is_number);
    texts
        .flat_map(|r| pieces(r.text))
        .filter(|(_, is_word)| *is_word)
        .map(|(word, _)| word)
}

/// An address without its district or town.
fn body_of(text: &str) -> &str {
    let area = area(text);
    let body = text.strip_prefix(area.head).unwrap_or(text);
    body.strip_suffix(area.tail).unwrap_or(body)
}

/// A text without numbers in words and what stands between; together they are the text again.
fn pieces(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = first.is_alphabetic();
        let mut end = rest.len();
        let mut length = 0;
        for (at, c) in rest.char_indices() {
            if c.is_alphabetic() != is_word || is_ideograph(c) != is_ideograph(first) {
                end = at;
                break;
            }
            length += 1;
            // a lone character ends nothing but a number before it
            let after = rest.get(at + c.len_utf8()..).unwrap_or("");
            let closes = BREAKS.contains(c) && (length > 1 || "号栋幢座楼室房户弄巷".contains(c));
            let goes_on = after.starts_with(|c| BREAKS.contains(c));
            if closes && !goes_on {
                end = at + c.len_utf8();
                break;
            }
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some((piece, is_word))
    })
}

/// A word's own name and its ending: 人民 and 路; a word that is nothing but an ending, and a kind of street, has no name.
fn stem_of(word: &str) -> (&str, &str) {
    if word.is_ascii() {
        let short = word.len() < 3 || KINDS_OF_STREET.contains(&word);
        return if short { ("", word) } else { (word, "") };
    }
    // which phase of an estate it is: everywhere the first few numerals
    if word.ends_with('期') {
        return ("", word);
    }
    let ending = ENDINGS.iter().find(|e| word.ends_with(**e));
    let length = ending.map_or(0, |e| e.len());
    word.split_at_checked(word.len() - length)
        .unwrap_or((word, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_come_apart_into_streets_and_estates() {
        let words: Vec<&str> =
            words_of("云阳区长宁大道199号康乐花园（二期）2栋4单元902房").collect();
        let expected = ["长宁大道", "号", "康乐花园", "二期", "栋", "单元", "房"];
        assert_eq!(words, expected);
        assert_eq!(stem_of("长宁大道"), ("长宁", "大道"));
        assert_eq!(stem_of("康乐花园"), ("康乐", "花园"));
        assert_eq!(stem_of("号"), ("", "号"));
        assert_eq!(stem_of("二期"), ("", "二期"));
        let words: Vec<&str> = words_of("12 Oak Street, Flat 3, Springfield").collect();
        assert_eq!(words, ["Oak", "Street", "Flat"]);
        assert_eq!(stem_of("Street"), ("", "Street"));
    }
}
