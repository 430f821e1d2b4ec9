//! How a date was written, and writing another one the same way.

use std::fmt;

use jiff::civil::Time;

use super::super::{Habit, write_two};
use super::DateOrder;
use super::{Moment, Precision};

pub(super) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// How a date was written: order, separators, padding, names of months, and the time after it. A single date may leave habits open
/// (`2024/12/10` does not show whether March is `3` or `03`): then the form follows its other fields, then custom.
/// [`Form::merge`] over a column settles them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    pub(super) order: DateOrder,
    pub(super) separator: Separator,
    /// Years of two digits, 30 to 99 in the twentieth century and 00 to 29 in the next, as spreadsheets take them.
    pub(super) short_year: bool,
    pub(super) month: Month,
    pub(super) pad_month: Habit,
    pub(super) pad_day: Habit,
    /// A comma before the year: `Mar 5, 2024`.
    pub(super) comma: bool,
    pub(super) time: Option<TimeForm>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    None,
    Dash,
    Slash,
    Dot,
    Space,
    /// 年月 and what stands after the day.
    Han(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Month {
    Number,
    /// An English name; May does not show whether names are cut to three letters.
    Name {
        short: Habit,
        letters: Letters,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letters {
    Title,
    Upper,
    Lower,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeForm {
    pub(super) join: Join,
    pub(super) clock: Clock,
    pub(super) half: Half,
    pub(super) pad_hour: Habit,
    pub(super) seconds: bool,
    /// Digits after the second.
    pub(super) fraction: u8,
}

/// What stands between date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    Spaces(u8),
    T,
    Comma,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clock {
    Colon,
    Han,
    Compact,
}

/// How the halves of the day are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    None,
    /// 上午 and 下午, before the hour.
    Han {
        gap: bool,
    },
    /// AM and PM, after all.
    Latin {
        upper: bool,
        gap: bool,
    },
}

impl Form {
    /// The ISO form of a day.
    pub const ISO: Form = Form {
        order: DateOrder::Ymd,
        separator: Separator::Dash,
        short_year: false,
        month: Month::Number,
        pad_month: Habit::Yes,
        pad_day: Habit::Yes,
        comma: false,
        time: None,
    };

    /// In which order day, month and year stand.
    pub fn order(&self) -> DateOrder {
        self.order
    }

    /// The finest field as written. A column of days to which ` 00:00:00` was appended says `Second`.
    pub fn precision(&self) -> Precision {
        match self.time {
            None => Precision::Day,
            Some(time) if time.seconds => Precision::Second,
            Some(_) => Precision::Minute,
        }
    }

    /// True where the order shows by itself: the month has a name or the year comes first with four digits.
    pub(super) fn is_free(&self) -> bool {
        self.month != Month::Number || (self.order == DateOrder::Ymd && !self.short_year)
    }

    pub(super) fn is_in(&self, order: DateOrder) -> bool {
        self.is_free() || self.order == order
    }

    /// True where this form keeps all of `moment`, so that reading it again gives `moment`.
    pub fn can_write(&self, moment: &Moment) -> bool {
        let year = moment.date.year();
        let time_fits = match (self.time, moment.time) {
            (None, None) => true,
            (Some(form), Some(time)) => {
                let unit = 10i32.pow(9 - u32::from(form.fraction.min(9)));
                (form.seconds || time.second() == 0) && time.subsec_nanosecond() % unit == 0
            }
            _ => false,
        };
        time_fits
            && super::YEARS.contains(&year)
            && (!self.short_year || (1930..=2029).contains(&year))
    }

    /// The form in which both were written, `None` where there is none. Folded over a column, or over the part of it that one form
    /// writes, it settles what single dates leave open.
    pub fn merge(&self, other: &Form) -> Option<Form> {
        let time = match (self.time, other.time) {
            (Some(a), Some(b)) => Some(TimeForm {
                pad_hour: a.pad_hour.merge(b.pad_hour)?,
                ..a
            }),
            (a, _) => a,
        };
        let month = match (self.month, other.month) {
            (Month::Name { short: a, letters }, Month::Name { short: b, .. }) => Month::Name {
                short: a.merge(b)?,
                letters,
            },
            (month, _) => month,
        };
        let merged = Form {
            month,
            pad_month: self.pad_month.merge(other.pad_month)?,
            pad_day: self.pad_day.merge(other.pad_day)?,
            time,
            ..*self
        };
        // Habits made equal, all that is left must be equal too.
        (other.with_habits_of(&merged) == merged).then_some(merged)
    }

    fn with_habits_of(&self, model: &Form) -> Form {
        let mut form = Form {
            pad_month: model.pad_month,
            pad_day: model.pad_day,
            ..*self
        };
        if let (Some(time), Some(model)) = (&mut form.time, model.time) {
            time.pad_hour = model.pad_hour;
        }
        if let (Month::Name { short, .. }, Month::Name { short: model, .. }) =
            (&mut form.month, model.month)
        {
            *short = model;
        }
        form
    }

    /// Writes `moment`, see [`Form::render`].
    pub fn write<W: fmt::Write>(&self, moment: &Moment, out: &mut W) -> fmt::Result {
        let (first, second, third) = match self.separator {
            Separator::None => ("", "", ""),
            Separator::Dash => ("-", "-", ""),
            Separator::Slash => ("/", "/", ""),
            Separator::Dot => (".", ".", ""),
            Separator::Space => (" ", if self.comma { ", " } else { " " }, ""),
            Separator::Han(end) => ("年", "月", end),
        };
        match self.order {
            DateOrder::Ymd => {
                self.write_year(moment, out)?;
                out.write_str(first)?;
                self.write_month(moment, out)?;
                out.write_str(second)?;
                self.write_day(moment, out)?;
                out.write_str(third)?;
            }
            DateOrder::Dmy => {
                self.write_day(moment, out)?;
                out.write_str(first)?;
                self.write_month(moment, out)?;
                out.write_str(second)?;
                self.write_year(moment, out)?;
            }
            DateOrder::Mdy => {
                self.write_month(moment, out)?;
                out.write_str(first)?;
                self.write_day(moment, out)?;
                out.write_str(second)?;
                self.write_year(moment, out)?;
            }
        }
        match (self.time, moment.time) {
            (Some(form), Some(time)) => form.write(time, self.pads_by_default(), out),
            _ => Ok(()),
        }
    }

    fn write_year<W: fmt::Write>(&self, moment: &Moment, out: &mut W) -> fmt::Result {
        let year = moment.date.year();
        if !self.short_year {
            write_two(out, (year / 100) as u8, true)?;
        }
        write_two(out, (year % 100) as u8, true)
    }

    fn write_month<W: fmt::Write>(&self, moment: &Moment, out: &mut W) -> fmt::Result {
        let month = moment.date.month();
        let Month::Name { short, letters } = self.month else {
            let pad = self
                .pad_month
                .or(self.pad_day)
                .or_else(self.pads_by_default());
            return write_two(out, month as u8, pad);
        };
        let name = MONTHS.get(month as usize - 1).copied().unwrap_or("");
        let name = if short.or_else(true) {
            name.get(..3).unwrap_or(name)
        } else {
            name
        };
        name.chars().enumerate().try_for_each(|(i, c)| {
            out.write_char(match letters {
                Letters::Upper => c.to_ascii_uppercase(),
                Letters::Lower => c.to_ascii_lowercase(),
                Letters::Title if i == 0 => c.to_ascii_uppercase(),
                Letters::Title => c.to_ascii_lowercase(),
            })
        })
    }

    fn write_day<W: fmt::Write>(&self, moment: &Moment, out: &mut W) -> fmt::Result {
        let pad = self
            .pad_day
            .or(self.pad_month)
            .or_else(self.pads_by_default());
        write_two(out, moment.date.day() as u8, pad)
    }

    /// What is customary: programs pad after dashes and dots, spreadsheets do not after slashes and 月, Britons do in 05/03/2024.
    fn pads_by_default(&self) -> bool {
        let custom = match self.separator {
            Separator::None | Separator::Dash | Separator::Dot => true,
            Separator::Slash => self.order == DateOrder::Dmy,
            Separator::Space | Separator::Han(_) => false,
        };
        self.pad_month.or(self.pad_day).or_else(custom)
    }
}

impl TimeForm {
    fn write<W: fmt::Write>(&self, time: Time, padded_date: bool, out: &mut W) -> fmt::Result {
        match self.join {
            Join::Spaces(count) => (0..count).try_for_each(|_| out.write_char(' '))?,
            Join::T => out.write_char('T')?,
            Join::Comma => out.write_str(", ")?,
        }
        let afternoon = time.hour() >= 12;
        if let Half::Han { gap } = self.half {
            out.write_str(if afternoon { "下午" } else { "上午" })?;
            out.write_str(if gap { " " } else { "" })?;
        }
        let hour = match (self.half, time.hour() as u8) {
            (Half::None, hour) => hour,
            (_, hour) => (hour + 11) % 12 + 1,
        };
        let (after_hour, after_minute, after_second) = match self.clock {
            Clock::Colon => (":", ":", ""),
            Clock::Han => ("时", "分", "秒"),
            Clock::Compact => ("", "", ""),
        };
        write_two(out, hour, self.pad_hour.or_else(padded_date))?;
        out.write_str(after_hour)?;
        write_two(out, time.minute() as u8, true)?;
        if self.seconds {
            out.write_str(after_minute)?;
            write_two(out, time.second() as u8, true)?;
            self.write_fraction(time, out)?;
            out.write_str(after_second)?;
        } else if self.clock == Clock::Han {
            out.write_str(after_minute)?;
        }
        if let Half::Latin { upper, gap } = self.half {
            out.write_str(if gap { " " } else { "" })?;
            out.write_str(match (afternoon, upper) {
                (false, true) => "AM",
                (false, false) => "am",
                (true, true) => "PM",
                (true, false) => "pm",
            })?;
        }
        Ok(())
    }

    fn write_fraction<W: fmt::Write>(&self, time: Time, out: &mut W) -> fmt::Result {
        if self.fraction == 0 {
            return Ok(());
        }
        out.write_char('.')?;
        let mut unit = 100_000_000;
        for _ in 0..self.fraction.min(9) {
            let digit = time.subsec_nanosecond() / unit % 10;
            out.write_char(char::from(b'0' + digit as u8))?;
            unit /= 10;
        }
        Ok(())
    }
}
