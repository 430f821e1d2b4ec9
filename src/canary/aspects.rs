//! What the columns of a table say, in small codes: which hospital, which year of birth, how many days after admission. Dependencies
//! are found between these, and kept by asking that rows agree in them.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault};

use super::Sheet;
use super::counts::Folded;
use super::prose;
use crate::policy::{DateOrder, Kind};
use crate::value::{date, national_id, number, phone};

/// Rows that are looked at, at most.
const SAMPLE: usize = 4_096;

/// Codes of an aspect: 0 is blank, the last is whatever has no code of its own.
pub const KINDS: u8 = 64;

/// Ranges that numbers of many values are cut into.
const RANGES: usize = 31;

/// Stretches of the file, from its first row to its last.
const STRETCHES: usize = 32;

/// A column whose commonest values hold less of it than this is no category.
const LEAST_COVERED: f64 = 0.3;

/// What is read from a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Where in the file the row stands.
    Stretch,
    /// The whole value.
    Value(usize),
    /// The number.
    Number(usize),
    /// The day, and its time.
    Day(usize),
    /// The day of the week.
    Weekday(usize),
    /// Days since another date.
    Since {
        /// The later date.
        column: usize,
        /// The earlier one.
        from: usize,
    },
    /// The year of a date or of the birth date in an identity number.
    Year(usize),
    /// The first six digits of an identity number.
    Region(usize),
    /// The sex that an identity number tells.
    Sex(usize),
    /// The digits that a telephone number begins with.
    PhoneHead(usize),
    /// What follows the @.
    Domain(usize),
    /// A code up to its digits.
    CodeHead(usize),
    /// District or town.
    Area(usize),
    /// Whether the row above says the same.
    Together(usize),
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seen {
    /// Nothing.
    Blank,
    /// Something that equals or does not.
    Key(u64),
    /// Something that is more or less.
    Number(f64),
}

/// A hash of a text, for telling texts apart within one run.
pub fn key_of(text: &str) -> u64 {
    BuildHasherDefault::<Folded>::default().hash_one(text)
}

impl Reading {
    /// Reads from cells that `get` gives.
    pub fn read<'t>(self, sheet: Sheet<'_>, get: impl Fn(usize) -> &'t str) -> Seen {
        let moment = |column: usize| {
            let order = sheet.policy.columns.get(column).and_then(|c| c.order);
            day_of(get(column), order.unwrap_or_default())
        };
        let seen = match self {
            Reading::Stretch | Reading::Together(_) => None,
            Reading::Value(c) => Some(Seen::Key(key_of(get(c).trim()))),
            Reading::Number(c) => number::parse(get(c)).map(|(n, _)| Seen::Number(n.to_f64())),
            Reading::Day(c) => moment(c).map(Seen::Number),
            Reading::Weekday(c) => {
                moment(c).map(|d| Seen::Key((d.floor() as i64).rem_euclid(7) as u64))
            }
            Reading::Since { column, from } => moment(column)
                .zip(moment(from))
                .map(|(then, first)| Seen::Number(then - first)),
            Reading::Year(c) => {
                birth_of(sheet, c, get(c)).map(|b| Seen::Number(f64::from(b.year())))
            }
            Reading::Region(c) => {
                national_id::normal(get(c)).map(|id| Seen::Key(key_of(id.region())))
            }
            Reading::Sex(c) => {
                national_id::normal(get(c)).map(|id| Seen::Key(u64::from(id.is_male())))
            }
            Reading::PhoneHead(c) => {
                phone::normal(get(c)).and_then(|n| Some(Seen::Key(key_of(n.as_str().get(..3)?))))
            }
            Reading::Domain(c) => get(c)
                .trim()
                .rsplit_once('@')
                .map(|(_, d)| Seen::Key(key_of(d))),
            Reading::CodeHead(c) => {
                let head = get(c).trim().trim_end_matches(|c: char| c.is_ascii_digit());
                Some(Seen::Key(key_of(head)))
            }
            Reading::Area(c) => {
                let area = prose::area(get(c));
                Some(Seen::Key(
                    key_of(area.head) ^ key_of(area.tail).rotate_left(9),
                ))
            }
        };
        let blank = self.column().is_some_and(|c| get(c).trim().is_empty());
        match seen {
            Some(seen) if !blank => seen,
            // what cannot be read is a kind of its own
            None if !blank => Seen::Key(u64::MAX),
            _ => Seen::Blank,
        }
    }

    /// Reads from a row of the table.
    pub fn at(self, sheet: Sheet<'_>, row: usize) -> Seen {
        match self {
            Reading::Stretch => Seen::Number((row * STRETCHES / sheet.table.rows().max(1)) as f64),
            Reading::Together(c) => {
                let cell = sheet.cell(row, c);
                let same = row > 0 && sheet.cell(row - 1, c) == cell;
                match cell.trim().is_empty() {
                    true => Seen::Blank,
                    false => Seen::Key(u64::from(same)),
                }
            }
            _ => self.read(sheet, |c| sheet.cell(row, c)),
        }
    }

    /// The column that it is an aspect of.
    pub fn column(self) -> Option<usize> {
        Some(match self {
            Reading::Stretch => return None,
            Reading::Value(c)
            | Reading::Number(c)
            | Reading::Day(c)
            | Reading::Weekday(c)
            | Reading::Year(c)
            | Reading::Region(c)
            | Reading::Sex(c)
            | Reading::PhoneHead(c)
            | Reading::Domain(c)
            | Reading::CodeHead(c)
            | Reading::Area(c)
            | Reading::Together(c)
            | Reading::Since { column: c, .. } => c,
        })
    }
}

/// Days since 1970 with the part of the day that has passed.
pub fn day_of(cell: &str, order: DateOrder) -> Option<f64> {
    let (moment, _) = date::parse(cell, order)?;
    let time = moment.time.map_or(0, |t| {
        i32::from(t.hour()) * 3600 + i32::from(t.minute()) * 60 + i32::from(t.second())
    });
    Some(f64::from(date::day_number(moment.date)) + f64::from(time) / 86_400.0)
}

/// The day of birth that a date or an identity number says.
pub fn birth_of(sheet: Sheet<'_>, column: usize, cell: &str) -> Option<jiff::civil::Date> {
    let described = sheet.policy.columns.get(column)?;
    if described.kind == Kind::NationalId {
        return national_id::normal(cell)?.birth_date();
    }
    Some(
        date::parse(cell, described.order.unwrap_or_default())?
            .0
            .date,
    )
}

/// How what is read becomes a code.
enum Encoder {
    Keys(HashMap<u64, u8>),
    /// Ascending bounds between ranges.
    Ranges(Vec<f64>),
}

/// One aspect: its code in every sampled row.
pub struct Aspect {
    /// What it reads.
    pub reading: Reading,
    encoder: Encoder,
    /// Codes, by place in the sample.
    pub codes: Vec<u8>,
    /// How many codes there are, blank and other included.
    pub kinds: u8,
    /// Places in the sample, by code.
    pub places: Vec<Vec<u32>>,
    /// Whether codes are ranges of numbers.
    pub ordered: bool,
}

impl Aspect {
    /// The aspect of these rows; none where it tells nothing.
    pub fn of(sheet: Sheet<'_>, reading: Reading, sample: &[u32]) -> Option<Aspect> {
        let seen: Vec<Seen> = sample
            .iter()
            .map(|row| reading.at(sheet, *row as usize))
            .collect();
        let encoder = encoder(&seen)?;
        let codes: Vec<u8> = seen.iter().map(|s| encoder.code(*s)).collect();
        let kinds = codes.iter().max().copied()? + 1;
        let mut places = vec![Vec::new(); usize::from(kinds)];
        for (at, code) in codes.iter().enumerate() {
            places[usize::from(*code)].push(at as u32);
        }
        if places.iter().filter(|p| !p.is_empty()).count() < 2 {
            return None;
        }
        Some(Aspect {
            reading,
            ordered: matches!(encoder, Encoder::Ranges(_)),
            encoder,
            codes,
            kinds,
            places,
        })
    }

    /// The code of what was read.
    pub fn code(&self, seen: Seen) -> u8 {
        self.encoder.code(seen)
    }
}

impl Encoder {
    fn code(&self, seen: Seen) -> u8 {
        let key = match (self, seen) {
            (_, Seen::Blank) => return 0,
            (Encoder::Ranges(bounds), Seen::Number(n)) => {
                return 1 + bounds.partition_point(|b| *b <= n) as u8;
            }
            (Encoder::Ranges(_), Seen::Key(_)) => return KINDS - 1,
            (_, Seen::Key(key)) => key,
            (_, Seen::Number(n)) => n.to_bits(),
        };
        match self {
            Encoder::Keys(codes) => codes.get(&key).copied().unwrap_or(KINDS - 1),
            Encoder::Ranges(_) => KINDS - 1,
        }
    }
}

/// Codes for what was seen, the commonest first; ranges where numbers have many values.
fn encoder(seen: &[Seen]) -> Option<Encoder> {
    let mut counts: HashMap<u64, u32, BuildHasherDefault<Folded>> = HashMap::default();
    let (mut numbers, mut filled) = (Vec::new(), 0usize);
    for s in seen {
        let key = match s {
            Seen::Blank => continue,
            Seen::Key(key) => *key,
            Seen::Number(n) => {
                numbers.push(*n);
                n.to_bits()
            }
        };
        filled += 1;
        *counts.entry(key).or_insert(0) += 1;
    }
    let most = usize::from(KINDS) - 2;
    if counts.len() > most && numbers.len() * 2 > filled {
        numbers.sort_by(f64::total_cmp);
        let mut bounds: Vec<f64> = (1..RANGES)
            .filter_map(|n| numbers.get(numbers.len() * n / RANGES).copied())
            .collect();
        bounds.dedup();
        return Some(Encoder::Ranges(bounds));
    }
    let mut common: Vec<(u64, u32)> = counts.into_iter().collect();
    common.sort_unstable_by_key(|(key, n)| (std::cmp::Reverse(*n), *key));
    common.truncate(most);
    let covered: u32 = common.iter().map(|(_, n)| n).sum();
    if f64::from(covered) < LEAST_COVERED * filled as f64 || filled == 0 {
        return None;
    }
    let codes = common
        .iter()
        .zip(1u8..)
        .map(|((key, _), code)| (*key, code));
    Some(Encoder::Keys(codes.collect()))
}

/// Rows that stand for the table: all of a small one, evenly spaced ones of a large.
pub fn sample(rows: usize) -> Vec<u32> {
    let size = rows.min(SAMPLE);
    (0..size).map(|n| (n * rows / size) as u32).collect()
}

/// What is worth reading of a column.
pub fn readings(sheet: Sheet<'_>, column: usize) -> Vec<Reading> {
    let Some(described) = sheet.policy.columns.get(column) else {
        return Vec::new();
    };
    match described.kind {
        Kind::Name => Vec::new(),
        Kind::Phone => vec![Reading::PhoneHead(column)],
        Kind::NationalId => vec![
            Reading::Region(column),
            Reading::Year(column),
            Reading::Sex(column),
        ],
        Kind::Email => vec![Reading::Domain(column)],
        Kind::Code => vec![Reading::CodeHead(column)],
        Kind::Date | Kind::DateTime => vec![Reading::Day(column), Reading::Weekday(column)],
        Kind::Number => vec![Reading::Number(column)],
        Kind::Address => vec![Reading::Area(column)],
        Kind::Category | Kind::Text => vec![Reading::Value(column)],
    }
}
