//! Reading days: a text becomes a few bytes, in which 年, 月 and their like are single bytes above ASCII, and a scanner walks over them.

use jiff::civil::Date;

use super::super::Habit;
use super::super::text::{SHORT, ascii_of, is_invisible};
use super::DateOrder;
use super::form::{Form, Letters, MONTHS, Month, Separator};
use super::{Moment, calendar_day};

const YEAR: u8 = 0x80;
const MONTH: u8 = 0x81;
const DAY: u8 = 0x82;
const DAY_COLLOQUIAL: u8 = 0x83;
pub(super) const HOUR: u8 = 0x84;
pub(super) const MINUTE: u8 = 0x85;
pub(super) const SECOND: u8 = 0x86;
pub(super) const MORNING: u8 = 0x87;
pub(super) const AFTERNOON: u8 = 0x88;

/// See [`super::parse`].
pub(super) fn read(text: &str, order: DateOrder) -> Option<(Moment, Form)> {
    if let Some(day) = read_iso(text.as_bytes()) {
        return Some(day);
    }
    let mut buffer = [0; SHORT];
    let bytes = if text.is_ascii() {
        text.as_bytes()
    } else {
        transliterate(text, &mut buffer)?
    };
    let bytes = bytes.trim_ascii();
    if bytes.len() < 6 || bytes.len() > SHORT {
        return None;
    }
    let mut scan = Scan {
        rest: without_weekday(bytes),
    };
    let (date, mut form) = scan.date(order)?;
    let time = match scan.rest.trim_ascii_start() {
        [] => None,
        _ => {
            let (time, written) = scan.time(form.separator)?;
            form.time = Some(written);
            Some(time)
        }
    };
    scan.rest
        .trim_ascii()
        .is_empty()
        .then_some((Moment { date, time }, form))
}

/// The common case, ten bytes `yyyy-mm-dd`.
fn read_iso(text: &[u8]) -> Option<(Moment, Form)> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
        return None;
    };
    let date = super::compact(&[*y1, *y2, *y3, *y4, *m1, *m2, *d1, *d2])?;
    let padding = |tens: u8| {
        if tens == b'0' {
            Habit::Yes
        } else {
            Habit::Unseen
        }
    };
    let form = Form {
        pad_month: padding(*m1),
        pad_day: padding(*d1),
        ..Form::ISO
    };
    Some((Moment { date, time: None }, form))
}

/// ASCII and the bytes above; `None` for any other character. Spaces around 年 and 月 are dropped, weekdays too.
fn transliterate<'a>(text: &str, buffer: &'a mut [u8; SHORT]) -> Option<&'a [u8]> {
    let mut len = 0usize;
    let mut chars = text.chars().filter(|c| !is_invisible(*c)).peekable();
    while let Some(c) = chars.next() {
        let byte = match c {
            '年' => YEAR,
            '月' => MONTH,
            '日' => DAY,
            '号' => DAY_COLLOQUIAL,
            '时' | '点' => HOUR,
            '分' => MINUTE,
            '秒' => SECOND,
            '上' | '下' => {
                chars.next_if_eq(&'午')?;
                if c == '上' { MORNING } else { AFTERNOON }
            }
            '星' | '周' => {
                if c == '星' {
                    chars.next_if_eq(&'期')?;
                }
                chars.next_if(|d| "一二三四五六日天".contains(*d))?;
                continue;
            }
            c => ascii_of(c)?,
        };
        let before = len.checked_sub(1).and_then(|i| buffer.get(i)).copied();
        if matches!(byte, YEAR..=DAY_COLLOQUIAL) {
            while len > 0 && buffer[len - 1] == b' ' {
                len -= 1;
            }
        } else if byte == b' ' && matches!(before, Some(YEAR | MONTH)) {
            continue;
        }
        *buffer.get_mut(len)? = byte;
        len += 1;
    }
    buffer.get(..len)
}

/// Drops `Tue, ` or `Tuesday ` from the start. Whether it is the right weekday is no concern of a reader.
fn without_weekday(bytes: &[u8]) -> &[u8] {
    const WEEKDAYS: [&[u8]; 7] = [
        b"monday",
        b"tuesday",
        b"wednesday",
        b"thursday",
        b"friday",
        b"saturday",
        b"sunday",
    ];
    let letters = bytes.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let (word, rest) = bytes.split_at(letters);
    let names = |day: &&[u8]| day.eq_ignore_ascii_case(word) || day[..3].eq_ignore_ascii_case(word);
    if letters >= 3 && WEEKDAYS.iter().any(names) {
        return rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
    }
    bytes
}

/// A number and how many digits it had.
#[derive(Clone, Copy)]
pub(super) struct Field {
    pub(super) value: i32,
    pub(super) digits: usize,
}

impl Field {
    /// What the field shows of padding: 3 says no, 03 yes, 12 nothing.
    pub(super) fn padding(self) -> Habit {
        if self.digits < 2 {
            Habit::No
        } else if self.value < 10 {
            Habit::Yes
        } else {
            Habit::Unseen
        }
    }

    fn year(self) -> Option<i32> {
        match self.digits {
            4 => Some(self.value),
            2 => Some(self.value + if self.value < 30 { 2000 } else { 1900 }),
            _ => None,
        }
    }
}

pub(super) struct Scan<'a> {
    pub(super) rest: &'a [u8],
}

impl Scan<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    pub(super) fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or(&[]);
    }

    pub(super) fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        if there {
            self.skip(1);
        }
        there
    }

    pub(super) fn spaces(&mut self) -> u8 {
        let count = self.rest.iter().take_while(|b| **b == b' ').count();
        self.skip(count);
        count as u8
    }

    pub(super) fn digits_ahead(&self) -> usize {
        self.rest.iter().take_while(|b| b.is_ascii_digit()).count()
    }

    /// The next digits, all of them up to `most`.
    pub(super) fn field(&mut self, most: usize) -> Option<Field> {
        let digits = self.digits_ahead().min(most);
        if digits == 0 {
            return None;
        }
        let value = self
            .rest
            .iter()
            .take(digits)
            .fold(0i32, |n, b| n * 10 + i32::from(b - b'0'));
        self.skip(digits);
        Some(Field { value, digits })
    }

    fn date(&mut self, order: DateOrder) -> Option<(Date, Form)> {
        match self.digits_ahead() {
            8 | 12 | 14 => {
                let (year, month, day) = (self.field(4)?, self.field(2)?, self.field(2)?);
                let form = Form {
                    separator: Separator::None,
                    ..Form::ISO
                };
                Some((calendar_day(year.value, month.value, day.value)?, form))
            }
            4 => self.year_first(),
            1 | 2 => self.short_first(order),
            0 => self.month_first(),
            _ => None,
        }
    }

    fn year_first(&mut self) -> Option<(Date, Form)> {
        let year = self.field(4)?;
        let separator = self.separator()?;
        let (month, value, pad_month) = self.month()?;
        if separator == Separator::Space && month == Month::Number {
            return None;
        }
        let day = match separator {
            Separator::Han(_) => {
                self.eat(MONTH).then_some(())?;
                self.field(2)?
            }
            _ => {
                (self.separator()? == separator).then_some(())?;
                self.field(2)?
            }
        };
        let separator = match separator {
            Separator::Han(_) if self.eat(DAY) => Separator::Han("日"),
            Separator::Han(_) if self.eat(DAY_COLLOQUIAL) => Separator::Han("号"),
            other => other,
        };
        let form = Form {
            separator,
            month,
            short_year: year.digits == 2,
            pad_month,
            pad_day: day.padding(),
            ..Form::ISO
        };
        Some((calendar_day(year.year()?, value, day.value)?, form))
    }

    /// A day or month, or a year of two digits (`24年3月5日`).
    fn short_first(&mut self, order: DateOrder) -> Option<(Date, Form)> {
        let start = self.rest;
        let first = self.field(2)?;
        let named = self
            .rest
            .iter()
            .find(|b| !matches!(b, b' ' | b'-' | b'/' | b'.'))
            .is_some_and(u8::is_ascii_alphabetic);
        if named {
            return self.day_and_name(first);
        }
        let separator = self.separator()?;
        match separator {
            Separator::Han(_) if first.digits == 2 => {
                self.rest = start;
                return self.year_first();
            }
            Separator::Han(_) | Separator::Space => return None,
            _ => {}
        }
        let second = self.field(2)?;
        (self.separator()? == separator).then_some(())?;
        let third = self.field(4)?;
        let custom = if separator == Separator::Slash {
            DateOrder::Mdy
        } else {
            DateOrder::Dmy
        };
        let year_last = |o: DateOrder| {
            if o == DateOrder::Ymd && third.digits == 4 {
                custom
            } else {
                o
            }
        };
        let candidates = [year_last(order), custom, DateOrder::Mdy, DateOrder::Dmy];
        candidates.into_iter().find_map(|order| {
            let (year, month, day) = match order {
                DateOrder::Ymd => (first, second, third),
                DateOrder::Mdy => (third, first, second),
                DateOrder::Dmy => (third, second, first),
            };
            let form = Form {
                order,
                separator,
                short_year: year.digits == 2,
                pad_month: month.padding(),
                pad_day: day.padding(),
                ..Form::ISO
            };
            Some((calendar_day(year.year()?, month.value, day.value)?, form))
        })
    }

    /// `5 Mar 2024`, `5-Mar-24`, after the day.
    fn day_and_name(&mut self, day: Field) -> Option<(Date, Form)> {
        let separator = self.separator()?;
        let (month, value, _) = self.month()?;
        let comma = separator == Separator::Space && self.eat(b',');
        (self.separator()? == separator).then_some(())?;
        self.named(DateOrder::Dmy, separator, month, value, day, comma)
    }

    /// `Mar 5, 2024`.
    fn month_first(&mut self) -> Option<(Date, Form)> {
        let (month, value, _) = self.month()?;
        let separator = self.separator()?;
        let day = self.field(2)?;
        let comma = separator == Separator::Space && self.eat(b',');
        (self.separator()? == separator).then_some(())?;
        self.named(DateOrder::Mdy, separator, month, value, day, comma)
    }

    /// The year after a day and a named month.
    fn named(
        &mut self,
        order: DateOrder,
        separator: Separator,
        month: Month,
        value: i32,
        day: Field,
        comma: bool,
    ) -> Option<(Date, Form)> {
        let year = self.field(4)?;
        let form = Form {
            order,
            separator,
            short_year: year.digits == 2,
            month,
            // A name has no padding, so the day alone speaks.
            pad_month: Habit::Unseen,
            pad_day: day.padding(),
            comma,
            time: None,
        };
        (month != Month::Number).then_some(())?;
        Some((calendar_day(year.year()?, value, day.value)?, form))
    }

    fn separator(&mut self) -> Option<Separator> {
        let separator = match self.peek()? {
            b'-' => Separator::Dash,
            b'/' => Separator::Slash,
            b'.' => Separator::Dot,
            YEAR => Separator::Han(""),
            b' ' => {
                self.spaces();
                return Some(Separator::Space);
            }
            _ => return None,
        };
        self.skip(1);
        Some(separator)
    }

    /// A month as number or English name, its value, and what it shows of padding.
    fn month(&mut self) -> Option<(Month, i32, Habit)> {
        if let Some(field) = self.field(2) {
            return Some((Month::Number, field.value, field.padding()));
        }
        let letters = self
            .rest
            .iter()
            .take_while(|b| b.is_ascii_alphabetic())
            .count();
        let (word, _) = self.rest.split_at(letters);
        let place = MONTHS.iter().position(|name| {
            letters >= 3
                && name
                    .as_bytes()
                    .get(..letters)
                    .is_some_and(|n| n.eq_ignore_ascii_case(word))
        })?;
        let all = |is: fn(&u8) -> bool| word.iter().all(is);
        let style = if all(u8::is_ascii_uppercase) {
            Letters::Upper
        } else if all(u8::is_ascii_lowercase) {
            Letters::Lower
        } else {
            Letters::Title
        };
        let short = if MONTHS[place].len() == 3 {
            Habit::Unseen
        } else {
            Habit::seen(letters == 3)
        };
        self.skip(letters);
        Some((
            Month::Name {
                short,
                letters: style,
            },
            place as i32 + 1,
            Habit::Unseen,
        ))
    }
}
