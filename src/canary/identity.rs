//! Who a canary is: a name put together from the table's own, identifiers with a stem that occurs and a drawn end.

mod blocks;
mod coined;
mod mail;
mod naming;
mod numbers;

use std::collections::{HashMap, HashSet};
use std::sync::OnceLock;

use super::aspects::{birth_of, key_of};
use super::counts::Counts;
use super::draws::{Draws, Purpose};
use super::rarity::{Instead, Rarity};
use super::sightings::{Sightings, is_short};
use super::spaces::Spaces;
use super::taken::{Drawn, Free};
use super::{Draft, Sheet};
use crate::mark::{normal, stem};
use crate::policy::words::{Hint, hints};
use crate::policy::{Kind, Role};
use crate::value::name::{self, Name, NameForm};
use crate::value::{email, national_id, phone};

/// Draws of which the first that fits is taken.
const TRIES: usize = 200;

/// Blind draws under one stem before its free values are listed.
const BLIND: usize = 16;

/// Stems that are tried where the first has no free value.
const STEMS: usize = 24;

/// Stems of telephone numbers that more rows have are taken as they are.
const COMMON: u32 = 24;

/// Stems that are looked at for one that is as rare.
const LOOKED_THROUGH: usize = 192;

/// Rows that are looked at for one of a sex.
const LOOKED_AT: usize = 64;

/// Who differs by more years of birth goes by other given names.
const ONE_GENERATION: i16 = 8;

/// How a name's sex is known.
enum Sex {
    /// A column says it.
    Column(usize),
    /// The identity number in this column says it.
    Number(usize),
}

/// What the table tells of people: which names there are, and what goes with a name.
pub struct People<'a> {
    sheet: Sheet<'a>,
    known: Counts,
    spaces: Spaces,
    given: Rarity,
    surnames: Rarity,
    sex: Option<Sex>,
    birth: Option<usize>,
    /// Columns of names and identifiers, names first and addresses of mail, which follow names, last.
    order: Vec<usize>,
    names: Vec<usize>,
    /// Mail columns whose addresses are made of names.
    mails_by_name: HashSet<usize>,
    /// How often each value occurs in columns of numbers that identify nobody in the policy's eyes.
    unlinked: HashMap<usize, Counts>,
    /// By column, how telephone numbers begin; counted where a block that is nobody's is first asked for.
    blocks: Vec<OnceLock<blocks::Blocks>>,
    /// By column, how often the pieces of names are seen; counted where a short list's name is first asked for.
    seen: Vec<OnceLock<Sightings>>,
}

impl<'a> People<'a> {
    /// The people of a table.
    pub fn of(sheet: Sheet<'a>) -> People<'a> {
        let names = sheet.columns(|c| c.kind == Kind::Name && c.role != Role::Derived);
        let personal = |kind| matches!(kind, Kind::NationalId | Kind::Phone | Kind::Email);
        let mut order = sheet.columns(|c| {
            c.role == Role::Identifier && c.kind != Kind::Name
                || c.role == Role::Plain && personal(c.kind)
        });
        order.sort_by_key(|at| sheet.policy.columns[*at].kind == Kind::Email);
        let order: Vec<usize> = names.iter().copied().chain(order).collect();
        let rows = sheet.table.rows();
        let known = Counts::of(names.iter().flat_map(|at| sheet.column(*at)));
        let parts = || {
            let columns = names.iter().enumerate();
            let cells = columns.flat_map(|(nth, at)| {
                sheet
                    .column(*at)
                    .enumerate()
                    .map(move |(row, cell)| (nth * rows + row, cell))
            });
            cells.filter_map(|(place, cell)| Some((place, name::split(cell)?)))
        };
        let given = Rarity::of(parts().map(|(place, n)| (key_of(n.given), place)), 1_000);
        let surnames = Rarity::of(parts().map(|(place, n)| (key_of(n.surname), place)), 1_000);
        let mut unlinked = HashMap::new();
        for at in order.iter().copied() {
            let column = &sheet.policy.columns[at];
            if column.role != Role::Identifier && column.kind != Kind::Name {
                unlinked.insert(at, Counts::of(sheet.column(at)));
            }
        }
        let numbers = sheet.columns(|c| c.kind == Kind::NationalId);
        let by_number = || numbers.first().copied();
        let birth = || {
            let birth =
                |c: &crate::policy::Column| c.kind == Kind::Date && hints(&c.name, Hint::Birth);
            sheet.columns(birth).first().copied()
        };
        let mut people = People {
            sheet,
            known,
            spaces: Spaces::of(sheet),
            given,
            surnames,
            sex: sex_column(sheet)
                .map(Sex::Column)
                .or_else(|| by_number().map(Sex::Number)),
            birth: birth().or_else(by_number),
            order,
            names,
            mails_by_name: HashSet::new(),
            unlinked,
            blocks: std::iter::repeat_with(OnceLock::new)
                .take(sheet.policy.columns.len())
                .collect(),
            seen: std::iter::repeat_with(OnceLock::new)
                .take(sheet.policy.columns.len())
                .collect(),
        };
        let mails = sheet.columns(|c| c.kind == Kind::Email);
        people.mails_by_name = mails
            .into_iter()
            .filter(|at| people.made_of_names(*at))
            .collect();
        people
    }

    /// Columns of names.
    pub fn names(&self) -> &[usize] {
        &self.names
    }

    /// Columns of names and identifiers, in the order in which they are drawn.
    pub fn in_order(&self) -> &[usize] {
        &self.order
    }

    fn sex_of(&self, row: usize) -> Option<u64> {
        match self.sex {
            Some(Sex::Column(at)) => Some(key_of(self.sheet.cell(row, at))),
            Some(Sex::Number(at)) => {
                let id = national_id::normal(self.sheet.cell(row, at))?;
                Some(u64::from(id.is_male()))
            }
            None => None,
        }
    }

    fn canarys_sex(&self, draft: &Draft<'_>) -> Option<u64> {
        match self.sex {
            Some(Sex::Column(at)) => Some(key_of(&draft.cells[at])),
            Some(Sex::Number(_)) => draft.male.map(u64::from).or_else(|| self.sex_of(draft.row)),
            None => None,
        }
    }

    fn canarys_year(&self, draft: &Draft<'_>) -> Option<i16> {
        let born = || birth_of(self.sheet, self.birth?, &draft.cells[self.birth?]);
        draft.born.or_else(born).map(|b| b.year())
    }

    fn one_generation(&self, year: Option<i16>, row: usize) -> bool {
        let birth = || birth_of(self.sheet, self.birth?, self.sheet.cell(row, self.birth?));
        let theirs = birth().map(|b| b.year());
        year.zip(theirs)
            .is_none_or(|(a, b)| (a - b).abs() <= ONE_GENERATION)
    }

    /// An identifier that nobody has, written as the donor's is; given the stem it is uniform over the free values, or over those of
    /// them that it says it was drawn from.
    pub fn identifier(
        &self,
        draft: &Draft<'_>,
        at: usize,
        free: &Free<'_>,
    ) -> Option<(String, Option<Drawn>)> {
        let kind = self.sheet.policy.columns[at].kind;
        let donor = self.sheet.cell(draft.row, at);
        if let Some(counts) = self.unlinked.get(&at) {
            // a number of many people is an office's
            if counts.times(donor) > 1 {
                return Some((donor.to_string(), None));
            }
        }
        if let Some(twin) = self.twin(draft, at) {
            return Some((twin, None));
        }
        let mut draws = draft.draws(Purpose::Identity(at as u32));
        if !normal::write(kind, Default::default(), donor, &mut Vec::new()) {
            // a word for "none" stays; a passport, or two numbers in one cell, must not be the donor's
            return Some((redrawn(donor, &mut draws), None));
        }
        let unused = |made: &str| {
            let counts = self.unlinked.get(&at);
            counts.is_none_or(|counts| counts.times(made) == 0)
        };
        for _ in 0..BLIND {
            let made = match kind {
                Kind::Email if stem::of_kind(kind, free.pool).is_empty() => self
                    .mail(draft, at, free, &mut draws)
                    .map(|made| (made, None)),
                _ => self.number(draft, at, free, &mut draws),
            };
            match made {
                Some(made) if unused(&made.0) => return Some(made),
                None => return None,
                _ => {}
            }
        }
        None
    }

    /// What the canary says in an earlier column of the same kind in which the donor says the same.
    fn twin(&self, draft: &Draft<'_>, at: usize) -> Option<String> {
        let kind = self.sheet.policy.columns[at].kind;
        let donor = self.sheet.cell(draft.row, at);
        let mut earlier = self.order.iter().take_while(|n| **n != at);
        let same = earlier.find(|n| {
            self.sheet.policy.columns[**n].kind == kind && self.sheet.cell(draft.row, **n) == donor
        })?;
        Some(draft.cells[*same].clone())
    }
}

/// Whether two sexes are the same, as far as they are known.
fn agree(a: Option<u64>, b: Option<u64>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a == b)
}

/// The identifier `made`, given in normal form, as the column writes it: with the case, dashes, spaces and trimmings of `like`.
pub(super) fn dressed_like(kind: Kind, like: &str, made: &str) -> Option<String> {
    let (mut full, mut again) = (Vec::new(), Vec::new());
    let mut dresses = Vec::new();
    if normal::write(kind, Default::default(), like, &mut full)
        && let Ok(plain) = std::str::from_utf8(&full)
    {
        dresses.push(like.replacen(plain, made, 1));
    }
    let mut letters = made.chars().filter(char::is_ascii_alphanumeric);
    let dressed = like.chars().map(|c| match c.is_ascii_alphanumeric() {
        true => match letters.next() {
            Some(l) if c.is_ascii_lowercase() => l.to_ascii_lowercase(),
            l => l.unwrap_or(c),
        },
        false => c,
    });
    // a mobile number does not go in a landline's dress
    let mobile = std::str::from_utf8(&full).is_ok_and(phone::is_mobile_cn);
    if kind != Kind::Phone || mobile == phone::is_mobile_cn(made) {
        dresses.push(dressed.collect());
    }
    dresses.push(made.to_string());
    dresses.into_iter().find(|dress| {
        normal::write(kind, Default::default(), dress, &mut again) && again == made.as_bytes()
    })
}

/// The text with every ASCII digit drawn again, zeros that lead a number aside.
fn redrawn(text: &str, draws: &mut Draws<'_>) -> String {
    let (mut before, mut leading) = (false, true);
    let digit = |c: char| {
        leading = !before || leading;
        before = c.is_ascii_digit();
        if !before || leading && c == '0' {
            return c;
        }
        let low = usize::from(leading);
        leading = false;
        char::from(b'0' + (low + draws.below(10 - low)) as u8)
    };
    text.chars().map(digit).collect()
}

/// The column that says which sex people are, if one does.
fn sex_column(sheet: Sheet<'_>) -> Option<usize> {
    const SEXES: [&str; 8] = ["男", "女", "m", "f", "male", "female", "男性", "女性"];
    let says_sex = |at: &usize| {
        let mut filled = sheet
            .column(*at)
            .take(200)
            .filter(|v| !v.trim().is_empty())
            .peekable();
        filled.peek().is_some() && filled.all(|v| SEXES.contains(&v.trim().to_lowercase().as_str()))
    };
    let categories = sheet.columns(|c| c.kind == Kind::Category);
    categories.into_iter().find(says_sex)
}
