//! Parts of a day and of a time of day, as columns beside a date give them.

use jiff::civil::ISOWeekDate;
use serde::{Deserialize, Serialize};

use super::Moment;

/// A part of a date or time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    /// The year.
    Year,
    /// The quarter of a year.
    Quarter,
    /// The month of a year, whichever year.
    Month,
    /// The month and its year.
    YearMonth,
    /// The ISO week of a year.
    Week,
    /// The day of the week.
    Weekday,
    /// The day of the month.
    Day,
    /// The hour of the day.
    Hour,
    /// The minute of the hour.
    Minute,
}

impl Part {
    /// Every part of a day, from those that a move inside the month leaves alone to those that it changes.
    pub const OF_DAYS: [Part; 7] = [
        Part::Year,
        Part::Quarter,
        Part::Month,
        Part::YearMonth,
        Part::Week,
        Part::Weekday,
        Part::Day,
    ];

    /// The parts of a time of day.
    pub const OF_TIMES: [Part; 2] = [Part::Hour, Part::Minute];

    /// This part of a moment as a number; `None` for a time of day where there is none.
    pub fn of(self, moment: &Moment) -> Option<i32> {
        let date = moment.date;
        let (year, month) = (i32::from(date.year()), i32::from(date.month()));
        Some(match self {
            Part::Year => year,
            Part::Quarter => (month - 1) / 3 + 1,
            Part::Month => month,
            Part::YearMonth => year * 12 + month - 1,
            Part::Week => i32::from(ISOWeekDate::from(date).week()),
            Part::Weekday => i32::from(date.weekday().to_monday_zero_offset()),
            Part::Day => i32::from(date.day()),
            Part::Hour => i32::from(moment.time?.hour()),
            Part::Minute => i32::from(moment.time?.minute()),
        })
    }
}
