//! Names in short lists, where most characters of given names stand once: as much of a canary's name is new to the list as of others'.

use super::*;
use crate::canary::sightings::Sightings;
use crate::canary::stock;

/// Names looked at for each part of one.
const LOOKED_AT: usize = 24;

/// How a sex is written.
const MALE: [&str; 4] = ["男", "男性", "m", "male"];

impl People<'_> {
    /// A name made as one of the list's rows has it, with as many others' surnames and characters as that row has; nobody's.
    pub(super) fn coined(
        &self,
        draft: &Draft<'_>,
        at: usize,
        used: &HashSet<String>,
    ) -> Option<String> {
        let donor = self.sheet.cell(draft.row, at);
        let own = name::split(donor)?;
        let mut draws = draft.draws(Purpose::Identity(at as u32));
        let family = self.family(draft, at, own.surname);
        let (sex, year) = (self.canarys_sex(draft), self.canarys_year(draft));
        let alike = |row: usize, attempt: usize| {
            agree(sex, self.sex_of(row)) && (attempt > TRIES / 2 || self.one_generation(year, row))
        };
        let chinese = naming::is_chinese(own.form);
        let named = |row: usize| {
            let found = name::split(self.sheet.cell(row, at))?;
            (naming::is_chinese(found.form) == chinese).then_some(found)
        };
        let (like, text) = (0..TRIES).find_map(|attempt| {
            let row = self.sheet.any_row(&mut draws);
            let found = named(row).filter(|_| alike(row, attempt))?;
            Some((found, self.sheet.cell(row, at)))
        })?;
        let seen = self.seen[at].get_or_init(|| Sightings::of(self.sheet.column(at)));
        let fitting = seen.like(text);
        let mut parts = vec![family.clone().unwrap_or_else(|| like.surname.to_string())];
        let given = pieces(like.given, chinese);
        let twice = given.len() == 2 && given.first() == given.last();
        parts.extend(given.into_iter().skip(usize::from(twice)));
        let lonely: Vec<bool> = parts.iter().map(|p| seen.token(p) < 2).collect();
        let sole = self.sheet.policy.columns[at].role == Role::Identifier;
        let joined = |parts: &[String]| {
            let (surname, given) = parts.split_first()?;
            let mut given = given.join(if chinese { "" } else { " " });
            if twice {
                given = format!("{given}{given}");
            }
            Some(naming::join(
                surname,
                &Name {
                    given: &given,
                    ..like
                },
            ))
        };
        let usable = |made: &str| {
            let taken = sole && (self.known.times(made) > 0 || used.contains(made));
            !taken && made != donor
        };
        let male = self.is_male(draft);
        let another = |part: usize, _: usize, draws: &mut Draws<'_>| {
            let alone = lonely.get(part).copied()?;
            match (part, alone) {
                (0, _) if family.is_some() => None,
                (_, true) => self.new_part(seen, part == 0, chinese, male, draws),
                _ => (0..TRIES).find_map(|attempt| {
                    let row = self.sheet.any_row(draws);
                    let other = named(row).filter(|_| part == 0 || alike(row, attempt))?;
                    if part == 0 {
                        return Some(other.surname.to_string());
                    }
                    let theirs = pieces(other.given, chinese);
                    // at the same place, or, as a character that ends one name stands within another, at any
                    let last = part + 1 == lonely.len();
                    let found = match draws.below(3) {
                        0 => theirs.get(draws.below(theirs.len())),
                        _ if last => theirs.last(),
                        _ => theirs.get(part - 1),
                    };
                    found.cloned()
                }),
            }
        };
        fitting.fit(
            &mut parts,
            &mut draws,
            |_| LOOKED_AT,
            another,
            joined,
            usable,
        )
    }

    /// A surname, or a piece of a given name, that is new to the list.
    fn new_part(
        &self,
        seen: &Sightings,
        surname: bool,
        chinese: bool,
        male: Option<bool>,
        draws: &mut Draws<'_>,
    ) -> Option<String> {
        let is_new = |word: &str| seen.token(word) == 0;
        match (surname, chinese) {
            (true, true) => {
                stock::surname(draws, |s| is_new(s) && self.surnames.times(key_of(s)) == 0)
            }
            (true, false) => stock::surname_latin(draws, is_new).map(String::from),
            (false, true) => {
                stock::given(male, draws, |c| is_new(c.encode_utf8(&mut [0; 4]))).map(String::from)
            }
            (false, false) => stock::given_latin(male, draws, is_new).map(String::from),
        }
    }

    fn is_male(&self, draft: &Draft<'_>) -> Option<bool> {
        match self.sex {
            Some(Sex::Column(at)) => {
                let says = draft.cells[at].trim().to_lowercase();
                (!says.is_empty()).then(|| MALE.contains(&says.as_str()))
            }
            _ => self.canarys_sex(draft).map(|sex| sex == 1),
        }
    }
}

/// A given name's characters, or its words.
fn pieces(given: &str, chinese: bool) -> Vec<String> {
    match chinese {
        true => given.chars().map(String::from).collect(),
        false => given.split_whitespace().map(String::from).collect(),
    }
}
