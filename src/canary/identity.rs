//! Who a canary is: a name put together from the table's own, identifiers with a stem that occurs and a drawn end.

mod mail;

use std::collections::{HashMap, HashSet};

use super::aspects::{birth_of, key_of};
use super::counts::Counts;
use super::draws::{Draws, Purpose};
use super::rarity::{Instead, Rarity};
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
const LOOKED_THROUGH: usize = 48;

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
    known: Counts<'a>,
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
    unlinked: HashMap<usize, Counts<'a>>,
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
        let known = Counts::of(
            names.iter().flat_map(|at| sheet.column(*at)),
            rows * names.len().min(1),
        );
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
        let given = Rarity::of(parts().map(|(place, n)| (key_of(n.given), place)), rows);
        let surnames = Rarity::of(parts().map(|(place, n)| (key_of(n.surname), place)), 1_000);
        let mut unlinked = HashMap::new();
        for at in order.iter().copied() {
            let column = &sheet.policy.columns[at];
            if column.role != Role::Identifier && column.kind != Kind::Name {
                unlinked.insert(at, Counts::of(sheet.column(at), rows));
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

    /// A name of the table's surnames and given names, the given name that of somebody of the canary's sex and generation; as rare,
    /// or as common, as people's names are there. Where names identify, nobody in the table and no other canary has it.
    pub fn name(&self, draft: &Draft<'_>, at: usize, used: &HashSet<String>) -> Option<String> {
        let mut draws = draft.draws(Purpose::Identity(at as u32));
        let donor = self.sheet.cell(draft.row, at);
        let own = name::split(donor);
        let family = own.and_then(|own| self.family(draft, at, own.surname));
        let sole = self.sheet.policy.columns[at].role == Role::Identifier;
        let sex = self.canarys_sex(draft);
        let year = self.canarys_year(draft);
        for attempt in 0..TRIES {
            let [family_row, given_row] = [(); 2].map(|()| self.sheet.any_row(&mut draws));
            let alike = |row: usize| {
                agree(sex, self.sex_of(row))
                    && (attempt > TRIES / 2 || self.one_generation(year, row))
            };
            if !alike(given_row) {
                continue;
            }
            let part = |row| name::split(self.sheet.cell(row, at));
            let (Some(lends), Some(given)) = (part(family_row), part(given_row)) else {
                continue;
            };
            let one_script = is_chinese(lends.form) == is_chinese(given.form)
                && own.is_none_or(|own| is_chinese(own.form) == is_chinese(given.form));
            if !one_script {
                continue;
            }
            let surname = match &family {
                Some(family) => family.as_str(),
                None => self.as_rare_surname(lends.surname, &mut draws),
            };
            let first = self.as_rare(at, &given, alike, &mut draws);
            let made = join(
                surname,
                &Name {
                    given: &first,
                    ..given
                },
            );
            let taken = sole && (self.known.times(&made) > 0 || used.contains(&made));
            if !taken && made != donor {
                return Some(made);
            }
        }
        // names that cannot be taken apart, or a table that holds every combination: then a name repeats, as names do
        (0..TRIES).find_map(|_| {
            let row = self.sheet.any_row(&mut draws);
            let cell = self.sheet.cell(row, at);
            let fits = !cell.trim().is_empty() && agree(sex, self.sex_of(row));
            (fits && cell != donor && !used.contains(cell)).then(|| cell.to_string())
        })
    }

    /// The name at a place that [`Rarity`] knows.
    fn at_place(&self, place: usize) -> Option<Name<'a>> {
        let rows = self.sheet.table.rows().max(1);
        name::split(
            self.sheet
                .cell(place % rows, *self.names.get(place / rows)?),
        )
    }

    fn as_rare_surname(&self, like: &'a str, draws: &mut Draws<'_>) -> &'a str {
        let chinese = !like.is_ascii();
        let fits = |place| {
            self.at_place(place)
                .is_some_and(|n| n.surname.is_ascii() != chinese)
        };
        match self.surnames.instead(key_of(like), draws, fits) {
            Instead::At(place) => self.at_place(place).map_or(like, |n| n.surname),
            _ => like,
        }
    }

    /// A given name as rare as `like`'s: one that nobody has is put together from two.
    fn as_rare(
        &self,
        at: usize,
        like: &Name<'a>,
        alike: impl Fn(usize) -> bool,
        draws: &mut Draws<'_>,
    ) -> String {
        let rows = self.sheet.table.rows().max(1);
        let fits = |place: usize| {
            let form = self.at_place(place).map(|n| is_chinese(n.form));
            alike(place % rows) && form == Some(is_chinese(like.form))
        };
        match self.given.instead(key_of(like.given), draws, fits) {
            Instead::Same => {}
            Instead::At(place) => {
                if let Some(name) = self.at_place(place) {
                    return name.given.to_string();
                }
            }
            Instead::New => {
                let made = (0..BLIND).find_map(|_| {
                    let row = self.sheet.any_row(draws);
                    let other = name::split(self.sheet.cell(row, at)).filter(|_| alike(row))?;
                    let ([head, _], [_, tail]) = halves(like.given).zip(halves(other.given))?;
                    let made = format!("{head}{tail}");
                    (self.given.times(key_of(&made)) == 0).then_some(made)
                });
                if let Some(made) = made {
                    return made;
                }
            }
        }
        like.given.to_string()
    }

    /// The canary's surname in an earlier column of names in which the donor has this one.
    fn family(&self, draft: &Draft<'_>, at: usize, surname: &str) -> Option<String> {
        let earlier = self.names.iter().take_while(|n| **n != at);
        let related = earlier.filter(|n| {
            name::split(self.sheet.cell(draft.row, **n)).is_some_and(|n| n.surname == surname)
        });
        let mut canary = related.filter_map(|n| name::split(&draft.cells[*n]));
        canary.next().map(|n| n.surname.to_string())
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

    fn number(
        &self,
        draft: &Draft<'_>,
        at: usize,
        free: &Free<'_>,
        draws: &mut Draws<'_>,
    ) -> Option<(String, Option<Drawn>)> {
        let kind = self.sheet.policy.columns[at].kind;
        let donor = self.sheet.cell(draft.row, at);
        let lender = self.sheet.cell(draft.like(at), at);
        let (mut full, mut under) = (Vec::new(), Vec::new());
        let mut any_stem = false;
        for attempt in 0..STEMS {
            let stemmed = match kind {
                Kind::NationalId => self.id_stem(draft, at, attempt, draws, &mut under),
                Kind::Phone => {
                    let like = match attempt {
                        0 => lender,
                        _ => self.sheet.cell(self.sheet.any_row(draws), at),
                    };
                    self.phone_stem(at, like, free, draws, &mut under)
                }
                _ => {
                    let like = match attempt {
                        0 => lender,
                        1 => donor,
                        _ => self.sheet.cell(self.sheet.any_row(draws), at),
                    };
                    write_stem(kind, like, free, &mut under)
                }
            };
            if !stemmed {
                continue;
            }
            any_stem = true;
            let drawn = match self.spaces.room(at, &under, free) {
                Some(room) => match uniform_in(&room, &under, free, draws, &mut full) {
                    None => continue,
                    from => from,
                },
                None if uniform(kind, &under, free, draws, &mut full) => None,
                None => continue,
            };
            let made = std::str::from_utf8(&full).ok()?;
            let dress = if kind == Kind::Phone { lender } else { donor };
            return Some((dressed_like(kind, dress, made)?, drawn));
        }
        if kind != Kind::Code {
            return None;
        }
        if any_stem {
            return Some((self.beyond(at, free, draws)?, None));
        }
        // a code without a drawable end proves nothing, but must not be another's, nor name the donor
        let quoted = self.names.iter().fold(donor.to_string(), |text, name| {
            match self.sheet.cell(draft.row, *name).trim() {
                "" => text,
                theirs => text.replace(theirs, draft.cells[*name].trim()),
            }
        });
        (0..TRIES).find_map(|_| {
            let made = redrawn(&quoted, draws);
            let written = normal::write(kind, Default::default(), &made, &mut full);
            (written && made != donor && free.is_free(kind, &full)).then_some((made, None))
        })
    }

    /// The stem of an identity number: the region that was lent, the canary's birthday and sex.
    fn id_stem(
        &self,
        draft: &Draft<'_>,
        at: usize,
        attempt: usize,
        draws: &mut Draws<'_>,
        under: &mut Vec<u8>,
    ) -> bool {
        let number = |row: usize| national_id::normal(self.sheet.cell(row, at));
        let lent = draft.region.filter(|(column, _)| *column == at);
        let Some(donor) = number(draft.row) else {
            return false;
        };
        let region = lent.and_then(|(_, row)| number(row)).unwrap_or(donor);
        let Some(mut born) = draft.born.or_else(|| donor.birth_date()) else {
            return false;
        };
        if attempt > 0 {
            let day = jiff::Span::new().days(draws.between(0, i64::from(born.days_in_year()) - 1));
            born = born.first_of_year().checked_add(day).unwrap_or(born);
        }
        let male = match self.sex {
            // the number tells what the column says
            Some(Sex::Column(_)) => self.man_like(draft, at),
            _ => draft.male,
        };
        under.clear();
        under.extend_from_slice(region.region().as_bytes());
        under.extend_from_slice(
            format!("{:04}{:02}{:02}", born.year(), born.month(), born.day()).as_bytes(),
        );
        under.push(b'0' + u8::from(male.unwrap_or_else(|| donor.is_male())));
        under.len() == 15
    }

    /// Whether the numbers of those whom the canary's sex is written like are men's.
    fn man_like(&self, draft: &Draft<'_>, at: usize) -> Option<bool> {
        let sex = self.canarys_sex(draft);
        let rows = self.sheet.table.rows();
        let ids = (draft.row..rows).chain(0..draft.row).take(LOOKED_AT);
        ids.filter(|row| self.sex_of(*row) == sex)
            .find_map(|row| Some(national_id::normal(self.sheet.cell(row, at))?.is_male()))
    }

    /// A stem of telephone numbers that others have as often as others have `like`'s.
    fn phone_stem(
        &self,
        at: usize,
        like: &str,
        free: &Free<'_>,
        draws: &mut Draws<'_>,
        under: &mut Vec<u8>,
    ) -> bool {
        if !write_stem(Kind::Phone, like, free, under) {
            return false;
        }
        let known = |stem: &[u8]| {
            let digest = stem::digest(free.keys, Kind::Phone, stem);
            free.register.with_stem(digest)
        };
        let others = known(under).saturating_sub(1);
        if others >= COMMON || !stem::of_kind(Kind::Phone, free.pool).is_empty() {
            return true;
        }
        let own = under.clone();
        for attempt in 0..LOOKED_THROUGH {
            if others == 0 {
                // the next block of numbers, or one a little further on
                under.clone_from(&own);
                let Some(place) = own.len().checked_sub(1 + attempt / 16) else {
                    break;
                };
                if let Some(digit) = under.get_mut(place) {
                    *digit = b'0' + draws.below(10) as u8;
                }
            } else {
                let other = self.sheet.cell(self.sheet.any_row(draws), at);
                if !write_stem(Kind::Phone, other, free, under) {
                    continue;
                }
            }
            if known(under) == others && under.len() == own.len() && under.get(..2) == own.get(..2)
            {
                return true;
            }
        }
        *under = own;
        true
    }

    /// A code after the greatest: where every number up to it is in use, the next are what newcomers get.
    fn beyond(&self, at: usize, free: &Free<'_>, draws: &mut Draws<'_>) -> Option<String> {
        let greatest = self.sheet.column(at).max_by_key(|c| (c.len(), *c))?;
        let (mut full, mut under) = (Vec::new(), Vec::new());
        let mut next = greatest.to_string();
        for _ in 0..2 {
            let written = normal::write(Kind::Code, Default::default(), &next, &mut full);
            if written
                && stem::write(Kind::Code, &full, free.pool, &mut under)
                && uniform(Kind::Code, &under, free, draws, &mut full)
            {
                return dressed_like(Kind::Code, greatest, std::str::from_utf8(&full).ok()?);
            }
            next = next_thousand(greatest)?;
        }
        None
    }
}

/// Writes the stem of `like`, or of the agency's own numbers where it has some.
fn write_stem(kind: Kind, like: &str, free: &Free<'_>, under: &mut Vec<u8>) -> bool {
    let mut full = Vec::new();
    let written = normal::write(kind, Default::default(), like, &mut full);
    match (kind, stem::of_kind(kind, free.pool).first()) {
        (Kind::Phone | Kind::Email, Some(own)) => {
            full.clear();
            full.extend_from_slice(own.as_bytes());
        }
        _ if !written => return false,
        _ => {}
    }
    stem::write(kind, &full, free.pool, under)
}

/// Draws uniformly from the free values of a stem; false where there is none.
fn uniform(
    kind: Kind,
    under: &[u8],
    free: &Free<'_>,
    draws: &mut Draws<'_>,
    full: &mut Vec<u8>,
) -> bool {
    if free.left(kind, under) == 0 {
        return false;
    }
    let values = stem::values_under(kind, under, free.pool);
    let value = |n: u32, full: &mut Vec<u8>| {
        stem::nth_value(kind, under, free.pool, n, full) && free.is_free(kind, full)
    };
    for _ in 0..BLIND {
        if value(draws.below(values as usize) as u32, full) {
            return true;
        }
    }
    let listed: Vec<u32> = (0..values).filter(|n| value(*n, full)).collect();
    let drawn = listed.get(draws.below(listed.len()));
    drawn.is_some_and(|n| value(*n, full))
}

/// Draws a code uniformly from those of a stem's values in `room` that the canaries leave free; none where they leave none.
fn uniform_in(
    room: &[u32],
    under: &[u8],
    free: &Free<'_>,
    draws: &mut Draws<'_>,
    full: &mut Vec<u8>,
) -> Option<Drawn> {
    let kind = Kind::Code;
    let mut value =
        |n: u32| stem::nth_value(kind, under, free.pool, n, full) && free.is_free(kind, full);
    let left: Vec<u32> = room.iter().copied().filter(|n| value(*n)).collect();
    let drawn = *left.get(draws.below(left.len()))?;
    value(drawn).then_some(Drawn {
        among: left.len() as u32,
        used: free.used(stem::digest(free.keys, kind, under)),
    })
}

/// A given name in two: its first character or word, and the rest.
fn halves(given: &str) -> Option<[&str; 2]> {
    let cut = match given.find(' ') {
        Some(space) => space,
        None if given.is_ascii() => return None,
        None => given.chars().next()?.len_utf8(),
    };
    let (head, tail) = given.split_at(cut);
    (!tail.trim().is_empty()).then_some([head, tail])
}

/// Whether two sexes are the same, as far as they are known.
fn agree(a: Option<u64>, b: Option<u64>) -> bool {
    a.zip(b).is_none_or(|(a, b)| a == b)
}

/// The code a thousand further on, of the same length; none where it would be longer.
fn next_thousand(code: &str) -> Option<String> {
    let end = code.len().checked_sub(3)?;
    let head = code.get(..end)?;
    let start = head
        .bytes()
        .rposition(|b| !b.is_ascii_digit())
        .map_or(0, |n| n + 1);
    let digits = head.get(start..)?;
    let next = (digits.parse::<u64>().ok()? + 1).to_string();
    let padded = format!("{next:0>width$}", width = digits.len());
    (padded.len() == digits.len()).then(|| format!("{}{padded}000", &head[..start]))
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

fn is_chinese(form: NameForm) -> bool {
    matches!(form, NameForm::Chinese | NameForm::ChineseSpaced(_))
}

/// A surname before a given name, as the given name's owner writes it; only two characters are spread by a space.
fn join(surname: &str, given: &Name<'_>) -> String {
    let short = surname.chars().count() == 1 && given.given.chars().count() == 1;
    match given.form {
        NameForm::ChineseSpaced(_) if !short => NameForm::Chinese.join(surname, given.given),
        form => form.join(surname, given.given),
    }
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
