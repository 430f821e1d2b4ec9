//! Times of day without a date: 14:32, 9:05:30, 2:32 PM, and the numbers 1432 and 905 that timetables write.

use std::ops::Range;

use jiff::civil::{Time, date as day};

use super::date::{self, DateOrder, Form, Moment};
use super::{Comparing, NormalBuf};

/// A day in front of which a time of day is read as a date-time.
const DAY: &str = "2000-01-01 ";

const MINUTES_A_DAY: u32 = 1_440;

/// How a time of day was written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClockForm {
    /// With separators or words.
    Written(Form),
    /// Hours and minutes as one number, with so many digits at least.
    Number {
        /// 4 where hours before ten are written with a nought.
        digits: usize,
    },
}

fn moment(time: Time) -> Moment {
    Moment {
        date: day(2000, 1, 1),
        time: Some(time),
    }
}

/// Hours and minutes written as one number: 5 is five past midnight, 2400 the end of the day. In minutes.
pub fn minutes_of_number(text: &str) -> Option<u32> {
    let text = text.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    if !(1..=4).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u32 = text.parse().ok()?;
    let minutes = number / 100 * 60 + number % 100;
    (number % 100 < 60 && minutes <= MINUTES_A_DAY).then_some(minutes)
}

/// The time of day that `text` writes, tolerantly: also where handling put a day before it or made it a fraction of a day.
pub fn parse(text: &str) -> Option<(Time, ClockForm)> {
    let text = text.trim();
    if let Some(minutes) = minutes_of_number(text) {
        let form = ClockForm::Number {
            digits: if text.starts_with('0') { text.len() } else { 1 },
        };
        return Some((of_minutes(minutes % MINUTES_A_DAY)?, form));
    }
    if text.len() > 48 {
        return None;
    }
    if text.contains(':') || !text.is_ascii() {
        let (dated, form) = date::parse(&[DAY, text].concat(), DateOrder::Ymd)?;
        return Some((dated.time?, ClockForm::Written(form)));
    }
    None
}

/// Like [`parse`], but only where the form writes `text` back as it stands.
pub fn parse_exact(text: &str) -> Option<(Time, ClockForm)> {
    let (time, form) = parse(text)?;
    form.writes_back(time, text).then_some((time, form))
}

/// The key for linking: `14:32`, with seconds where there are some.
pub fn normal(text: &str) -> Option<NormalBuf> {
    let time = match parse(text) {
        Some((time, _)) => time,
        None => after_handling(text)?,
    };
    let mut key = NormalBuf::new();
    key.push_two(time.hour() as u8);
    key.push(b':');
    key.push_two(time.minute() as u8);
    if time.second() != 0 {
        key.push(b':');
        key.push_two(time.second() as u8);
    }
    Some(key)
}

/// What spreadsheets make of times of day: a fraction of a day, or a time on the day before their first.
fn after_handling(text: &str) -> Option<Time> {
    if let Some((dated, _)) = date::parse(text, DateOrder::Ymd) {
        return dated.time.filter(|_| dated.date.year() <= 1904);
    }
    let fraction: f64 = text.trim().parse().ok()?;
    if !(0.0..1.0).contains(&fraction) {
        return None;
    }
    let seconds = (fraction * 86_400.0).round() as u32;
    let field = |n: u32| i8::try_from(n).ok();
    Time::new(
        field(seconds / 3_600)?,
        field(seconds / 60 % 60)?,
        field(seconds % 60)?,
        0,
    )
    .ok()
}

fn of_minutes(minutes: u32) -> Option<Time> {
    let field = |n: u32| i8::try_from(n).ok();
    Time::new(field(minutes / 60)?, field(minutes % 60)?, 0, 0).ok()
}

impl ClockForm {
    /// What both say of how a column writes; none where they contradict one another.
    pub fn merge(&self, other: &ClockForm) -> Option<ClockForm> {
        match (self, other) {
            (ClockForm::Written(a), ClockForm::Written(b)) => a.merge(b).map(ClockForm::Written),
            (ClockForm::Number { digits: a }, ClockForm::Number { digits: b }) => {
                Some(ClockForm::Number { digits: *a.max(b) })
            }
            _ => None,
        }
    }

    /// The form to write another value of the column in.
    pub fn settled(self, habit: Option<&ClockForm>, time: Time, text: &str) -> ClockForm {
        let merged = habit.and_then(|habit| self.merge(habit));
        merged
            .filter(|form| form.writes_back(time, text))
            .unwrap_or(self)
    }

    fn writes_back(&self, time: Time, text: &str) -> bool {
        Comparing::same(text, |out| {
            use std::fmt::Write;
            out.write_str(&self.render(time))
        })
    }

    /// `time` in this form.
    pub fn render(&self, time: Time) -> String {
        match self {
            ClockForm::Written(form) => {
                let mut text = form.render(&moment(time));
                let Range { start, end } = 0..DAY.len().min(text.len());
                text.drain(start..end);
                text
            }
            ClockForm::Number { digits } => {
                let number = i32::from(time.hour()) * 100 + i32::from(time.minute());
                format!("{number:0digits$}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_day_are_written_back_as_they_were() {
        for text in [
            "14:32", "09:05", "9:05", "14:32:05", "2:32 PM", "1432", "905", "5", "0905", "0",
        ] {
            let (time, form) = parse_exact(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(form.render(time), text);
        }
        for no in [
            "1260",
            "2460",
            "25:00",
            "14:60",
            "abc",
            "",
            "12345",
            "14",
            "2024-03-05",
        ] {
            let read = parse_exact(no).map(|(time, _)| time);
            assert!(read.is_none() || no == "14", "{no}: {read:?}");
        }
    }

    #[test]
    fn handling_leaves_the_time_readable() {
        let key = normal("14:32").unwrap();
        for dress in [
            "14:32:00",
            " 14:32 ",
            "2:32 PM",
            "1432",
            "1432.0",
            "1899-12-31 14:32:00",
            "0.605555555555556",
        ] {
            assert_eq!(normal(dress), Some(key), "{dress}");
        }
        assert_ne!(normal("14:33"), Some(key));
        assert_eq!(
            normal("2024-03-05 14:32"),
            None,
            "that is another kind of value"
        );
    }

    #[test]
    fn a_column_that_pads_goes_on_padding() {
        let habit = parse_exact("0905").unwrap().1;
        let (time, form) = parse_exact("1000").unwrap();
        let earlier = jiff::civil::time(9, 59, 0, 0);
        assert_eq!(
            form.settled(Some(&habit), time, "1000").render(earlier),
            "0959"
        );
        assert_eq!(form.render(earlier), "959");
    }
}
