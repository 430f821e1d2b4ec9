//! Days and times of day: read however they are written, written back as they were.
//!
//! [`parse`] reads tolerantly, for linking; [`parse_exact`] takes only texts that their [`Form`] writes back character by character,
//! for marking. Bare numbers are serials, not dates, and only [`from_serial`] reads them; `20240305` is a date.
//! Years outside [`YEARS`] are taken for slips of another kind of number.

use std::ops::RangeInclusive;

use jiff::civil::{Date, Time};

use super::{Comparing, NormalBuf};
use serde::{Deserialize, Serialize};

mod clock;
mod form;
mod part;
mod scan;
pub use form::Form;
pub use part::Part;

/// Years that count as dates.
pub const YEARS: RangeInclusive<i16> = 1850..=2200;

const DAY_SECONDS: i64 = 86_400;

/// In which order a column writes day, month and year.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DateOrder {
    /// 2024-03-05
    #[default]
    Ymd,
    /// 5/3/2024
    Dmy,
    /// 3/5/2024
    Mdy,
}

/// A day, with a time where one was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// The day.
    pub date: Date,
    /// The time of day; midnight may be what handling appended.
    pub time: Option<Time>,
}

/// The finest field that a form writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// A day.
    Day,
    /// Hours and minutes.
    Minute,
    /// Seconds, with or without decimals.
    Second,
}

/// From which day a spreadsheet counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Epoch {
    /// 1 is 1900-01-01, and 60 a 29 February that never was.
    Y1900,
    /// 0 is 1904-01-01.
    Y1904,
}

impl Moment {
    /// A day without a time; `None` outside [`YEARS`].
    pub fn day(date: Date) -> Option<Moment> {
        YEARS
            .contains(&date.year())
            .then_some(Moment { date, time: None })
    }

    /// The key for linking: `2024-03-05`, `2024-03-05 14:30` or `2024-03-05 14:30:05`. Midnight counts as no time, whole minutes as
    /// no seconds, and parts of a second are dropped, since handling adds and removes all of these.
    pub fn normal(&self) -> NormalBuf {
        let mut key = NormalBuf::new();
        let year = self.date.year();
        key.push_two((year / 100) as u8);
        key.push_two((year % 100) as u8);
        key.push(b'-');
        key.push_two(self.date.month() as u8);
        key.push(b'-');
        key.push_two(self.date.day() as u8);
        let Some(time) = self.time else {
            return key;
        };
        if (time.hour(), time.minute(), time.second()) == (0, 0, 0) {
            return key;
        }
        key.push(b' ');
        key.push_two(time.hour() as u8);
        key.push(b':');
        key.push_two(time.minute() as u8);
        if time.second() != 0 {
            key.push(b':');
            key.push_two(time.second() as u8);
        }
        key
    }

    /// The same time `days` later (earlier where negative); `None` outside [`YEARS`].
    pub fn shift_days(&self, days: i32) -> Option<Moment> {
        let date = from_day_number(day_number(self.date).checked_add(days)?)?;
        Some(Moment {
            date,
            time: self.time,
        })
    }

    /// `seconds` later (earlier where negative), over midnight where need be; `None` without a time and outside [`YEARS`].
    pub fn shift_seconds(&self, seconds: i64) -> Option<Moment> {
        let time = self.time?;
        let total = second_of_day(time).checked_add(seconds)?;
        let days = i32::try_from(total.div_euclid(DAY_SECONDS)).ok()?;
        let time = time_of_day(total.rem_euclid(DAY_SECONDS), time.subsec_nanosecond())?;
        Moment {
            date: self.date,
            time: Some(time),
        }
        .shift_days(days)
    }
}

/// Days since 1970-01-01.
///
/// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `days_from_civil`.
pub fn day_number(date: Date) -> i32 {
    let month = i32::from(date.month());
    let year = i32::from(date.year()) - i32::from(month <= 2);
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + i32::from(date.day()) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The day so many days after 1970-01-01; `None` outside [`YEARS`].
///
/// The same source, `civil_from_days`.
pub fn from_day_number(days: i32) -> Option<Date> {
    let days = days.checked_add(719_468)?;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = (shifted_month + 2) % 12 + 1;
    calendar_day(year_of_era + era * 400 + i32::from(month <= 2), month, day)
}

/// The day, where the calendar has it and its year is in [`YEARS`].
fn calendar_day(year: i32, month: i32, day: i32) -> Option<Date> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    let year = i16::try_from(year).ok().filter(|y| YEARS.contains(y))?;
    // Checked before, because a failed `Date::new` costs an allocation.
    (1..=last)
        .contains(&day)
        .then(|| Date::new(year, month as i8, day as i8).ok())
        .flatten()
}

/// The day that eight digits `yyyymmdd` name.
pub(super) fn compact(digits: &[u8]) -> Option<Date> {
    let digits: &[u8; 8] = digits.try_into().ok()?;
    let mut number = 0i32;
    for b in digits {
        number = number * 10 + i32::from(b.checked_sub(b'0').filter(|d| *d <= 9)?);
    }
    calendar_day(number / 10_000, number / 100 % 100, number % 100)
}

fn second_of_day(time: Time) -> i64 {
    i64::from(time.hour()) * 3_600 + i64::from(time.minute()) * 60 + i64::from(time.second())
}

fn time_of_day(second: i64, nanosecond: i32) -> Option<Time> {
    let field = |n: i64| i8::try_from(n).ok();
    Time::new(
        field(second / 3_600)?,
        field(second / 60 % 60)?,
        field(second % 60)?,
        nanosecond,
    )
    .ok()
}

/// What a spreadsheet's serial number means; the time is rounded to the second, and a whole serial has none. `None` for what is no
/// day: numbers below the epoch, the 29 February 1900 that never was, and years outside [`YEARS`].
pub fn from_serial(serial: f64, epoch: Epoch) -> Option<Moment> {
    if !(0.0..=200_000.0).contains(&serial) {
        return None;
    }
    let seconds = (serial * DAY_SECONDS as f64).round() as i64;
    let (day, second) = (seconds / DAY_SECONDS, seconds % DAY_SECONDS);
    let date = from_day_number(epoch.day_number(i32::try_from(day).ok()?)?)?;
    let time = if second == 0 && serial.fract() == 0.0 {
        None
    } else {
        Some(time_of_day(second, 0)?)
    };
    Some(Moment { date, time })
}

/// The serial number of a moment; `None` before the epoch.
pub fn to_serial(moment: &Moment, epoch: Epoch) -> Option<f64> {
    let day = day_number(moment.date);
    let serial = match epoch {
        // Before the false leap day the count is one less.
        Epoch::Y1900 => day + EXCEL_1900 - i32::from(day + EXCEL_1900 <= 60),
        Epoch::Y1904 => day + EXCEL_1904,
    };
    let least = if epoch == Epoch::Y1900 { 1 } else { 0 };
    let nanoseconds = moment.time.map_or(0, |t| {
        second_of_day(t) * 1_000_000_000 + i64::from(t.subsec_nanosecond())
    });
    (serial >= least).then(|| f64::from(serial) + nanoseconds as f64 / (DAY_SECONDS as f64 * 1e9))
}

/// Serial of 1970-01-01 in each system.
const EXCEL_1900: i32 = 25_569;
const EXCEL_1904: i32 = 24_107;

impl Epoch {
    /// Days since 1970-01-01 of a serial day.
    fn day_number(self, serial: i32) -> Option<i32> {
        match (self, serial) {
            (Epoch::Y1900, 0 | 60) => None,
            (Epoch::Y1900, 1..60) => Some(serial + 1 - EXCEL_1900),
            (Epoch::Y1900, _) => Some(serial - EXCEL_1900),
            (Epoch::Y1904, _) => Some(serial - EXCEL_1904),
        }
    }
}

/// Reads a date or a date-time. Text that begins with a four-digit year is year, month, day whatever `order` says; where a day over 12
/// shows that `order` cannot be meant, the order that fits is taken. With `DateOrder::Ymd` and the year at the end, 3/5/2024 is
/// the fifth of March and 3.5.2024 or 3-5-2024 the third of May, as those separators are mostly used.
pub fn parse(text: &str, order: DateOrder) -> Option<(Moment, Form)> {
    scan::read(text, order)
}

/// Like [`parse`], but only for texts that the form writes back as they stand, and that were written in `order`: the cells that may be
/// altered, since what the form writes for another day is again read as that day.
pub fn parse_exact(text: &str, order: DateOrder) -> Option<(Moment, Form)> {
    let (moment, form) = scan::read(text, order)?;
    (form.is_in(order) && form.writes_back(&moment, text)).then_some((moment, form))
}

impl Form {
    /// The form to write another value of the column in: this one, with what a single date leaves open settled as in `habit`.
    pub fn settled(self, habit: Option<&Form>, moment: &Moment, text: &str) -> Form {
        let merged = habit.and_then(|habit| self.merge(habit));
        merged
            .filter(|form| form.writes_back(moment, text))
            .unwrap_or(self)
    }

    /// True where writing `moment` in this form gives `text`.
    pub fn writes_back(&self, moment: &Moment, text: &str) -> bool {
        self.can_write(moment) && Comparing::same(text, |out| self.write(moment, out))
    }

    /// `moment` in this form. Fields that the form does not have are left out: ask [`Form::can_write`] first.
    pub fn render(&self, moment: &Moment) -> String {
        let mut out = String::with_capacity(32);
        // Writing into a string does not fail.
        let _ = self.write(moment, &mut out);
        out
    }
}

/// The order in which a column writes its dates: the one under which most values are dates. Values such as 25/3/2024 decide. Where
/// nothing decides, a column whose years all come first is `Ymd`; slashes with the year last are `Mdy`, since that is how a
/// spreadsheet of US habits shows dates that came in as ISO; dots are `Dmy`; dashes are `Dmy`, or `Ymd` with years of two digits.
/// `None` where fewer than 60 % of the values that are not blank are dates.
pub fn vote<'a>(texts: impl Iterator<Item = &'a str>) -> Option<DateOrder> {
    const ORDERS: [DateOrder; 3] = [DateOrder::Ymd, DateOrder::Mdy, DateOrder::Dmy];
    let (mut values, mut year_first) = (0usize, 0usize);
    let mut read = [0usize; 3];
    let (mut slashes, mut dots) = (0usize, 0usize);
    for text in texts.filter(|t| !t.trim().is_empty()) {
        values += 1;
        for (count, order) in read.iter_mut().zip(ORDERS) {
            let Some((_, form)) = scan::read(text, order) else {
                break;
            };
            if form.is_free() {
                year_first += 1;
                break;
            }
            if form.is_in(order) {
                *count += 1;
            }
        }
        slashes += usize::from(text.contains('/'));
        dots += usize::from(text.contains('.') && !text.contains(':'));
    }
    let [ymd, mdy, dmy] = read;
    let most = ymd.max(mdy).max(dmy);
    if values == 0 || (year_first + most) * 10 < values * 6 {
        return None;
    }
    let preferred = if most == 0 {
        return Some(DateOrder::Ymd);
    } else if slashes * 2 > values {
        [
            (mdy, DateOrder::Mdy),
            (dmy, DateOrder::Dmy),
            (ymd, DateOrder::Ymd),
        ]
    } else if dots * 2 > values {
        [
            (dmy, DateOrder::Dmy),
            (mdy, DateOrder::Mdy),
            (ymd, DateOrder::Ymd),
        ]
    } else {
        [
            (ymd, DateOrder::Ymd),
            (dmy, DateOrder::Dmy),
            (mdy, DateOrder::Mdy),
        ]
    };
    preferred
        .into_iter()
        .find(|(count, _)| *count == most)
        .map(|(_, order)| order)
}

#[cfg(test)]
mod tests;
