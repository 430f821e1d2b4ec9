//! Who a canary is: a name put together from the table's own, identifiers with the donor's stem and a drawn end.

use std::collections::HashSet;

use super::draws::Draws;
use crate::mark::Record;
use crate::mark::stem;
use crate::policy::{Column, Kind, Policy};
use crate::table::Table;
use crate::value::{name, national_id, phone};

/// Draws of which the best is taken, where a drawn value may be in use.
const TRIES: usize = 200;

/// What names go by: the column whose value a name must fit (sex), if the table has one.
pub struct Names {
    known: HashSet<String>,
    fits: Option<usize>,
}

impl Names {
    /// The names of a table.
    pub fn of(policy: &Policy, table: &Table, places: &[Option<usize>]) -> Names {
        let mut known = HashSet::new();
        for (at, _) in policy
            .columns
            .iter()
            .enumerate()
            .filter(|(_, c)| c.kind == Kind::Name)
        {
            if let Some(place) = places.get(at).copied().flatten() {
                known.extend(table.column(place).map(String::from));
            }
        }
        let sexes = ["男", "女", "m", "f", "male", "female", "1", "2"];
        let is_sex = |at: usize| {
            let Some(place) = places.get(at).copied().flatten() else {
                return false;
            };
            let mut filled = table
                .column(place)
                .take(200)
                .filter(|v| !v.trim().is_empty())
                .peekable();
            filled.peek().is_some()
                && filled.all(|v| sexes.contains(&v.trim().to_lowercase().as_str()))
        };
        let fits = policy
            .columns
            .iter()
            .enumerate()
            .filter(|(_, c)| c.kind == Kind::Category)
            .map(|(at, _)| at)
            .find(|at| is_sex(*at));
        Names { known, fits }
    }

    /// A name that nobody in the table and no earlier canary of the copy has: one record's surname, another's given name.
    #[allow(clippy::too_many_arguments)]
    pub fn draw(
        &self,
        _: &Policy,
        table: &Table,
        places: &[Option<usize>],
        at: usize,
        record: &Record<'_>,
        used: &HashSet<String>,
        draws: &mut Draws<'_>,
    ) -> Option<String> {
        let place = places.get(at).copied().flatten()?;
        let sex = self.fits.map(|column| (column, record.cell(column)));
        let mut fallback = None;
        for _ in 0..TRIES {
            let surname_row = draws.below(table.rows());
            let given_row = draws.below(table.rows());
            let fits = sex.is_none_or(|(column, wanted)| {
                Record::new(table, given_row, places).cell(column) == wanted
            });
            let (Some(family), Some(given)) = (
                name::split(table.cell(surname_row, place)),
                name::split(table.cell(given_row, place)),
            ) else {
                continue;
            };
            let made = given.form.join(family.surname, given.given);
            if fits && !self.known.contains(&made) && !used.contains(&made) {
                return Some(made);
            }
            fallback = fallback.or(Some(made));
        }
        // a small table may hold every combination: then a name repeats, as names do
        fallback.or_else(|| Some(table.cell(draws.below(table.rows()), place).to_string()))
    }
}

/// A national ID, a phone or a code that nobody has, written as the donor's is.
#[allow(clippy::too_many_arguments)]
pub fn draw_identifier(
    policy: &Policy,
    column: &Column,
    at: usize,
    table: &Table,
    places: &[Option<usize>],
    record: &Record<'_>,
    free: &dyn Fn(&[u8]) -> bool,
    draws: &mut Draws<'_>,
) -> Option<String> {
    let pool: &[String] = if column.kind == Kind::Phone {
        &policy.canaries.phones
    } else {
        &[]
    };
    let place = places.get(at).copied().flatten()?;
    let mut normal = Vec::new();
    for _ in 0..TRIES {
        let like = match column.kind {
            Kind::NationalId => born_near(record.cell(at), draws)?,
            // another's number lends operator and city; the donor's own would stand beside it
            Kind::Phone => phone::normal(table.cell(draws.below(table.rows()), place))
                .map(|n| n.as_str().to_string())
                .unwrap_or_default(),
            _ => record.cell(at).to_string(),
        };
        let values = stem::values(column.kind, pool) as usize;
        let Some(made) = stem::nth_value(column.kind, &like, pool, draws.below(values)) else {
            continue;
        };
        if crate::mark::normal::write(column.kind, Default::default(), &made, &mut normal)
            && free(&normal)
        {
            return Some(dressed_like(record.cell(at), &made));
        }
    }
    None
}

/// The donor's ID with another birth date in the same year.
fn born_near(donor: &str, draws: &mut Draws<'_>) -> Option<String> {
    let id = national_id::normal(donor)?;
    let birth = id.birth_date()?;
    let first = jiff::civil::Date::new(birth.year(), 1, 1).ok()?;
    let moved = first
        .checked_add(jiff::Span::new().days(draws.between(0, 364)))
        .ok()?;
    let region: &[u8; 6] = id.as_bytes().first_chunk()?;
    let sequence = id.sequence().parse().ok()?;
    Some(
        national_id::Id::compose(region, moved, sequence)?
            .as_str()
            .to_string(),
    )
}

/// `made` with the dashes and spaces of `like`, where both have equally many letters and digits.
fn dressed_like(like: &str, made: &str) -> String {
    let counts = |text: &str| text.chars().filter(|c| c.is_ascii_alphanumeric()).count();
    if counts(like) != counts(made) {
        return made.to_string();
    }
    let mut letters = made.chars().filter(|c| c.is_ascii_alphanumeric());
    like.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                letters.next().unwrap_or(c)
            } else {
                c
            }
        })
        .collect()
}

/// An address from two others of the column: the head of one local part, the tail of another, the donor's domain.
pub fn draw_email(
    table: &Table,
    places: &[Option<usize>],
    at: usize,
    donor: &str,
    draws: &mut Draws<'_>,
) -> Option<String> {
    let place = places.get(at).copied().flatten()?;
    let (_, domain) = donor.split_once('@')?;
    let known: HashSet<&str> = table.column(place).collect();
    for _ in 0..TRIES {
        let a = table.cell(draws.below(table.rows()), place);
        let b = table.cell(draws.below(table.rows()), place);
        let (Some((a, _)), Some((b, _))) = (a.split_once('@'), b.split_once('@')) else {
            continue;
        };
        let cut = |text: &str| {
            text.find(['.', '_', '-'])
                .or_else(|| text.find(|c: char| c.is_ascii_digit()))
        };
        let made = match (cut(a), cut(b)) {
            (Some(i), Some(j)) => format!("{}{}@{domain}", &a[..i], &b[j..]),
            _ => format!("{a}{}@{domain}", draws.between(1, 99)),
        };
        if !known.contains(made.as_str()) {
            return Some(made);
        }
    }
    None
}
