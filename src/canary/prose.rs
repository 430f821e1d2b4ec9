//! Addresses and free texts: put together from other rows', so that numbers and words are the column's own and the whole is nobody's.

mod streets;

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::aspects::key_of;
use super::counts::Counts;
use super::draws::{Draws, Purpose};
use super::rarity::Rarity;
use super::sightings::is_short;
use super::{Draft, Sheet};
use crate::policy::{Kind, Role};
use crate::value::{name, phone};

/// Rows drawn in search of one that lends its text.
const TRIES: usize = 96;

/// Rows drawn in search of a number that stands at the same place.
const LENDERS: usize = 24;

/// Numbers of so many digits may be nobody else's.
const LONG: usize = 2;

/// Numbers that so many others have are taken as they are.
const COMMON: u32 = 64;

/// Where clauses end.
const ENDS: [char; 10] = ['，', '。', '；', '、', ',', '.', ';', '|', '/', '\n'];

/// What the table tells of its texts.
pub struct Prose<'a> {
    sheet: Sheet<'a>,
    /// Columns of addresses and free texts, with how often each text occurs.
    columns: Vec<(usize, Counts)>,
    /// How often each long number occurs in them.
    numbers: HashMap<usize, Rarity>,
    /// What is seen of addresses, where the list is short.
    streets: HashMap<usize, streets::Streets<'a>>,
    /// Columns of names and identifiers, which texts may quote.
    people: Vec<usize>,
    /// Columns that may quote them.
    quoting: Vec<usize>,
}

impl<'a> Prose<'a> {
    /// The texts of a table, as far as canaries' are made: those in the columns `made`; in those of `free` any district may stand.
    pub fn of(sheet: Sheet<'a>, made: &[usize], free: &[usize]) -> Prose<'a> {
        let mut texts = sheet.columns(|c| {
            matches!(c.kind, Kind::Address | Kind::Text)
                && matches!(c.role, Role::Plain | Role::Carrier)
        });
        texts.retain(|at| made.contains(at));
        let counted = |at| (at, Counts::of(sheet.column(at)));
        let numbers = texts.iter().map(|at| {
            let cells = sheet.column(*at).enumerate();
            let numbers = cells.flat_map(|(row, cell)| {
                let long = runs(cell).filter(|r| r.is_number && r.text.len() >= LONG);
                long.map(move |r| (key_of(r.text), row))
            });
            (*at, Rarity::of(numbers, 1_000))
        });
        let kind = |at: usize| sheet.policy.columns[at].kind;
        let short = texts
            .iter()
            .filter(|at| is_short(sheet) && kind(**at) == Kind::Address);
        Prose {
            streets: short
                .map(|at| (*at, streets::Streets::of(sheet, *at, free.contains(at))))
                .collect(),
            numbers: numbers.collect(),
            sheet,
            columns: texts.into_iter().map(counted).collect(),
            people: sheet.columns(|c| {
                matches!(
                    c.kind,
                    Kind::Name | Kind::Phone | Kind::NationalId | Kind::Email | Kind::Code
                ) && matches!(c.role, Role::Plain | Role::Identifier)
            }),
            quoting: sheet.columns(|c| {
                matches!(
                    c.kind,
                    Kind::Address | Kind::Text | Kind::Category | Kind::Code
                ) && c.role != Role::Identifier
            }),
        }
    }

    /// Writes the canary's texts: what it said before where the donor says the same still, else another; then nobody's name or
    /// number stands in any text but the canary's own. `used` are the texts of the copy's canaries.
    pub fn write(&self, draft: &mut Draft<'_>, used: &mut HashSet<String>) {
        for at in &self.quoting {
            if !self.columns.iter().any(|(text, _)| text == at) {
                let own = self.rename(draft, draft.row, &draft.cells[*at]);
                draft.cells[*at] = own.unwrap_or_else(|| std::mem::take(&mut draft.cells[*at]));
            }
        }
        for (at, counts) in &self.columns {
            let donor = self.sheet.cell(draft.row, *at);
            if donor.trim().is_empty() {
                continue;
            }
            let text = match draft.still(*at, donor) {
                Some(before) => Some(before.to_string()),
                None => self
                    .own(draft, *at, counts, used)
                    .or_else(|| self.compose(draft, *at, counts, used)),
            };
            let text = text.unwrap_or_else(|| {
                let row = draft.like(*at);
                let like = self.sheet.cell(row, *at);
                let own = self.rename(draft, row, like);
                own.unwrap_or_else(|| like.to_string())
            });
            used.insert(text.clone());
            draft.say(*at, donor, text);
        }
    }

    /// One of the agency's own addresses that nobody has.
    fn own(
        &self,
        draft: &Draft<'_>,
        at: usize,
        counts: &Counts,
        used: &HashSet<String>,
    ) -> Option<String> {
        let own: &[String] = match self.sheet.policy.columns[at].kind {
            Kind::Address => &self.sheet.policy.canaries.addresses,
            _ => return None,
        };
        let mut draws = draft.draws(Purpose::Identity(at as u32));
        let (before, from) = own.split_at(draws.below(own.len()));
        let mut around = from.iter().chain(before);
        let free = around.find(|a| counts.times(a) == 0 && !used.contains(*a));
        free.cloned()
    }

    /// A text like the lender's; none where that is no person's, is a household's, or nothing else can be made.
    fn compose(
        &self,
        draft: &Draft<'_>,
        at: usize,
        counts: &Counts,
        used: &HashSet<String>,
    ) -> Option<String> {
        let lender = draft.like(at);
        if let Some(streets) = self.streets.get(&at) {
            let made = self.resettled(draft, at, counts, used, streets)?;
            return Some(self.rename(draft, lender, &made).unwrap_or(made));
        }
        let like_whom = self.sheet.cell(lender, at);
        let address = self.sheet.policy.columns[at].kind == Kind::Address;
        if counts.times(like_whom) > 1 {
            return None;
        }
        let mut draws = draft.draws(Purpose::Beside {
            column: at as u32,
            said: draft.beside(at, self.sheet.cell(draft.row, at)),
        });
        let area = area(like_whom);
        for attempt in 0..TRIES {
            let mut row = self.sheet.any_row(&mut draws);
            let mut like = self.sheet.cell(row, at);
            let made = if address {
                if attempt * 4 > TRIES * 3 {
                    // nobody else lives there: somebody nearby
                    (row, like) = (lender, like_whom);
                } else if !area.fits(like) || counts.times(like) > 1 {
                    continue;
                }
                self.elsewhere(at, like, &mut draws)
            } else {
                splice(like_whom, like)
                    .or_else(|| self.renumbered(at, like_whom, &mut draws, |_, _| true))
            };
            let Some(made) = made else { continue };
            let made = self.rename(draft, row, &made).unwrap_or(made);
            let made = self.rename(draft, lender, &made).unwrap_or(made);
            if counts.times(&made) == 0 && !used.contains(&made) {
                return Some(made);
            }
        }
        None
    }

    /// The address of another door in the same street, its numbers as in other rows.
    fn elsewhere(&self, at: usize, like: &str, draws: &mut Draws<'_>) -> Option<String> {
        self.renumbered(at, like, draws, |_, run| {
            // five digits and more are a post code
            run.text.len() < 5
        })
    }

    /// The text with numbers from the same places of other rows; none where that changes nothing.
    fn renumbered(
        &self,
        at: usize,
        text: &str,
        draws: &mut Draws<'_>,
        moves: impl Fn(usize, &Run<'_>) -> bool,
    ) -> Option<String> {
        let mut out = String::with_capacity(text.len());
        let mut nth = 0;
        for run in runs(text) {
            let moved = run.is_number && moves(nth, &run);
            let lent = match moved {
                true => self.lent(at, &run, nth > 0, draws),
                false => None,
            };
            nth += usize::from(run.is_number);
            match lent {
                Some(lent) => out.push_str(&self.as_rare(at, lent, draws)),
                None => out.push_str(run.text),
            }
        }
        (out != text).then_some(out)
    }

    /// A number of as many digits that is as rare in its column.
    fn as_rare(&self, at: usize, number: &'a str, draws: &mut Draws<'_>) -> Cow<'a, str> {
        let same = Cow::Borrowed(number);
        let Some(known) = self.numbers.get(&at).filter(|_| number.len() >= LONG) else {
            return same;
        };
        let others = known.times(key_of(number)).saturating_sub(1);
        if others >= COMMON {
            return same;
        }
        // the last digit of a number, or two, are as good as another's
        let mut made = number.as_bytes().to_vec();
        for attempt in 0..LENDERS {
            made.copy_from_slice(number.as_bytes());
            let drawn = 1 + attempt / (LENDERS / 2);
            for digit in made.iter_mut().rev().take(drawn) {
                *digit = b'0' + draws.below(10) as u8;
            }
            if let Ok(made) = std::str::from_utf8(&made)
                && known.times(key_of(made)).abs_diff(others) <= others / 16
                && !made.starts_with('0')
            {
                return Cow::Owned(made.to_string());
            }
        }
        same
    }

    /// A number that stands in another row before the same character, or at the end as this does.
    fn lent(
        &self,
        at: usize,
        like: &Run<'_>,
        later: bool,
        draws: &mut Draws<'_>,
    ) -> Option<&'a str> {
        (0..LENDERS).find_map(|_| {
            let row = self.sheet.any_row(draws);
            let numbers = runs(self.sheet.cell(row, at)).filter(|r| r.is_number);
            let mut there = numbers.skip(usize::from(later));
            there
                .find(|r| r.next == like.next && r.text.len().abs_diff(like.text.len()) <= 1)
                .map(|r| r.text)
        })
    }

    /// The text with the canary's name and numbers where the person's of `row` stand; none where it quotes nothing.
    fn rename(&self, draft: &Draft<'_>, row: usize, text: &str) -> Option<String> {
        let mut out: Option<String> = None;
        let mut swap = |theirs: &str, its: &str| {
            let now = out.as_deref().unwrap_or(text);
            if theirs.len() > 3 && theirs != its && now.contains(theirs) {
                out = Some(now.replace(theirs, its));
            }
        };
        for at in &self.people {
            let theirs = self.sheet.cell(row, *at).trim();
            if theirs.is_empty() {
                continue;
            }
            let its = draft.cells[*at].trim();
            swap(theirs, its);
            match self.sheet.policy.columns[*at].kind {
                Kind::Phone => {
                    if let (Some(theirs), Some(its)) = (phone::normal(theirs), phone::normal(its)) {
                        swap(theirs.as_str(), its.as_str());
                    }
                }
                Kind::Name => {
                    let (Some(theirs), Some(its)) = (name::split(theirs), name::split(its)) else {
                        continue;
                    };
                    // most texts name nobody
                    if !text.contains(theirs.surname) {
                        continue;
                    }
                    for title in ["女士", "先生", "小姐", "某", "某某"] {
                        let of = |name: &name::Name<'_>| format!("{}{title}", name.surname);
                        swap(&of(&theirs), &of(&its));
                    }
                    for title in ["Mr", "Mrs", "Ms", "Miss", "Mr.", "Mrs.", "Ms.", "Dr", "Dr."] {
                        let of = |name: &name::Name<'_>| format!("{title} {}", name.surname);
                        swap(&of(&theirs), &of(&its));
                    }
                }
                _ => {}
            }
        }
        out
    }
}

/// What an address shares with its neighbourhood: the district in front, or the town at the end.
#[derive(Debug, PartialEq)]
pub(super) struct Area<'t> {
    pub(super) head: &'t str,
    pub(super) tail: &'t str,
}

impl Area<'_> {
    fn fits(&self, text: &str) -> bool {
        text.starts_with(self.head) && text.ends_with(self.tail)
    }
}

pub(super) fn area(address: &str) -> Area<'_> {
    let none = Area { head: "", tail: "" };
    if address.is_ascii() {
        // a last part with a short number is a flat; with a post code, or none, a town
        let Some((_, tail)) = address.rsplit_once(", ") else {
            return none;
        };
        let flat = runs(tail).any(|r| r.is_number && r.text.len() < 5);
        return if flat { none } else { Area { head: "", tail } };
    }
    let to = |ends: &[char]| {
        let (at, end) = address.char_indices().find(|(_, c)| ends.contains(c))?;
        let head = address.get(..at + end.len_utf8())?;
        (!head.contains(|c: char| c.is_ascii_digit())).then_some(head)
    };
    let head = to(&['区', '县', '旗', '镇', '乡'])
        .or_else(|| to(&['市']))
        .unwrap_or("");
    Area { head, tail: "" }
}

/// The first clause of one text before what follows the first clause of another; none where either has but one.
fn splice(head: &str, tail: &str) -> Option<String> {
    let head = head.get(..head.find(ENDS)?)?;
    let rest = tail.get(tail.find(ENDS)?..)?;
    let said = rest.chars().any(|c| c.is_alphanumeric());
    said.then(|| format!("{head}{rest}"))
}

/// A stretch of a text: a number in ASCII digits, or what stands between two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Run<'t> {
    /// The stretch.
    pub text: &'t str,
    /// Whether it is a number.
    pub is_number: bool,
    /// What follows it.
    pub next: Option<char>,
}

/// The stretches of a text; together they are the text again.
pub fn runs(text: &str) -> impl Iterator<Item = Run<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let is_number = rest.chars().next()?.is_ascii_digit();
        let end = rest
            .find(|c: char| c.is_ascii_digit() != is_number)
            .unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        rest = after;
        Some(Run {
            text: run,
            is_number,
            next: after.chars().next(),
        })
    })
}
