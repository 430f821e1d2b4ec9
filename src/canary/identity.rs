//! Who a canary is: a name put together from the table's own, identifiers with a stem that occurs and a drawn end.

mod mail;

use std::collections::{HashMap, HashSet};

use super::counts::Counts;
use super::draws::{Draws, Purpose};
use super::taken::Free;
use super::{Draft, Sheet};
use crate::mark::{normal, stem};
use crate::policy::words::{Hint, hints};
use crate::policy::{Kind, Role};
use crate::value::name::{self, Name, NameForm};
use crate::value::{date, email, national_id, phone};

/// Draws of which the first that fits is taken.
const TRIES: usize = 200;

/// Blind draws under one stem before its free values are listed.
const BLIND: usize = 16;

/// Other records' stems that are tried where the first has no free value.
const STEMS: usize = 24;

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

    /// A name that nobody in the table and no other canary of the copy has: one record's surname, another's given name, that one
    /// of the donor's sex and generation.
    pub fn name(&self, draft: &Draft<'_>, at: usize, used: &HashSet<String>) -> Option<String> {
        let mut draws = draft.draws(Purpose::Identity(at as u32));
        let donor = self.sheet.cell(draft.row, at);
        let own = name::split(donor);
        let family = own.and_then(|own| self.family(draft, at, own.surname));
        for attempt in 0..TRIES {
            let [family_row, given_row] = [(); 2].map(|()| self.sheet.any_row(&mut draws));
            let alike = self.same_sex(draft.row, given_row)
                && (attempt > TRIES / 2 || self.one_generation(draft.row, given_row));
            if !alike {
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
            let surname = family.as_deref().unwrap_or(lends.surname);
            let made = join(surname, &given);
            if self.known.times(&made) == 0 && !used.contains(&made) {
                return Some(made);
            }
        }
        // names that cannot be taken apart, or a table that holds every combination: then a name repeats, as names do
        (0..TRIES).find_map(|_| {
            let row = self.sheet.any_row(&mut draws);
            let cell = self.sheet.cell(row, at);
            let fits = !cell.trim().is_empty() && self.same_sex(draft.row, row);
            (fits && cell != donor && !used.contains(cell)).then(|| cell.to_string())
        })
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

    fn same_sex(&self, a: usize, b: usize) -> bool {
        match self.sex {
            Some(Sex::Column(at)) => self.sheet.cell(a, at) == self.sheet.cell(b, at),
            Some(Sex::Number(at)) => {
                let male = |row| Some(national_id::normal(self.sheet.cell(row, at))?.is_male());
                male(a).zip(male(b)).is_none_or(|(a, b)| a == b)
            }
            None => true,
        }
    }

    fn one_generation(&self, a: usize, b: usize) -> bool {
        let Some(at) = self.birth else { return true };
        let column = &self.sheet.policy.columns[at];
        let year = |row| {
            let cell = self.sheet.cell(row, at);
            let day = if column.kind == Kind::NationalId {
                national_id::normal(cell)?.birth_date()?
            } else {
                date::parse(cell, column.order.unwrap_or_default())?.0.date
            };
            Some(day.year())
        };
        year(a)
            .zip(year(b))
            .is_none_or(|(a, b)| (a - b).abs() <= ONE_GENERATION)
    }

    /// An identifier that nobody has, written as the donor's is; given the stem it is uniform over the free values.
    pub fn identifier(&self, draft: &Draft<'_>, at: usize, free: &Free<'_>) -> Option<String> {
        let kind = self.sheet.policy.columns[at].kind;
        let donor = self.sheet.cell(draft.row, at);
        if let Some(counts) = self.unlinked.get(&at) {
            // a number of many people is an office's
            if counts.times(donor) > 1 {
                return Some(donor.to_string());
            }
        }
        if let Some(twin) = self.twin(draft, at) {
            return Some(twin);
        }
        let mut draws = draft.draws(Purpose::Identity(at as u32));
        if !normal::write(kind, Default::default(), donor, &mut Vec::new()) {
            // a word for "none" stays; a passport, or two numbers in one cell, must not be the donor's
            return Some(redrawn(donor, &mut draws));
        }
        let unused = |made: &String| {
            let counts = self.unlinked.get(&at);
            counts.is_none_or(|counts| counts.times(made) == 0)
        };
        for _ in 0..BLIND {
            let made = match kind {
                Kind::Email => self.mail(draft, at, free, &mut draws),
                _ => self.number(draft, at, free, &mut draws),
            };
            match made {
                Some(made) if unused(&made) => return Some(made),
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
    ) -> Option<String> {
        let kind = self.sheet.policy.columns[at].kind;
        let donor = self.sheet.cell(draft.row, at);
        let (mut full, mut under) = (Vec::new(), Vec::new());
        let mut any_stem = false;
        for attempt in 0..STEMS {
            let like = match kind {
                Kind::NationalId => donor,
                Kind::Code if attempt == 0 => donor,
                _ => self.sheet.cell(self.sheet.any_row(draws), at),
            };
            if !write_stem(kind, like, free, draws, &mut under) {
                continue;
            }
            any_stem = true;
            if uniform(kind, &under, free, draws, &mut full) {
                return dressed_like(kind, donor, std::str::from_utf8(&full).ok()?);
            }
        }
        if kind != Kind::Code {
            return None;
        }
        if any_stem {
            return self.beyond(at, free, draws);
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
            (written && made != donor && free.is_free(kind, &full)).then_some(made)
        })
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

/// Writes the stem to draw under: that of `like`, but for an identity number with another day of the same year.
fn write_stem(
    kind: Kind,
    like: &str,
    free: &Free<'_>,
    draws: &mut Draws<'_>,
    under: &mut Vec<u8>,
) -> bool {
    let mut full = Vec::new();
    let written = normal::write(kind, Default::default(), like, &mut full);
    match (kind, free.pool.first()) {
        (Kind::Phone, Some(own)) => {
            full.clear();
            full.extend_from_slice(own.as_bytes());
        }
        _ if !written => return false,
        (Kind::NationalId, _) if !other_birthday(&mut full, draws) => return false,
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

/// Puts another day of the same year into an identity number in normal form.
fn other_birthday(full: &mut [u8], draws: &mut Draws<'_>) -> bool {
    let birth = std::str::from_utf8(full)
        .ok()
        .and_then(|text| national_id::normal(text)?.birth_date());
    let Some(first) = birth.map(|b| b.first_of_year()) else {
        return false;
    };
    let day = jiff::Span::new().days(draws.between(0, i64::from(first.days_in_year()) - 1));
    let Ok(moved) = first.checked_add(day) else {
        return false;
    };
    let digits = format!("{:02}{:02}", moved.month(), moved.day());
    let Some(place) = full.get_mut(10..14) else {
        return false;
    };
    place.copy_from_slice(digits.as_bytes());
    true
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
