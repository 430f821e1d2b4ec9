//! Reading the time of day that follows a date.

use jiff::civil::Time;

use super::super::Habit;
use super::form::{Clock, Half, Join, Separator, TimeForm};
use super::scan::{AFTERNOON, Field, HOUR, MINUTE, MORNING, SECOND, Scan};

impl Scan<'_> {
    /// The time at the scanner's place, what joins it to the date included; `separator` is the date's.
    pub(super) fn time(&mut self, separator: Separator) -> Option<(Time, TimeForm)> {
        let join = match self.peek()? {
            b'T' | b't' => {
                self.skip(1);
                Join::T
            }
            b',' => {
                self.skip(1);
                self.spaces();
                Join::Comma
            }
            _ => Join::Spaces(self.spaces()),
        };
        let closed = matches!(separator, Separator::None | Separator::Han("日" | "号"));
        if join == Join::Spaces(0) && !closed {
            return None;
        }
        let mut half = Half::None;
        let mut afternoon = false;
        if let Some(mark @ (MORNING | AFTERNOON)) = self.peek() {
            self.skip(1);
            half = Half::Han {
                gap: self.spaces() > 0,
            };
            afternoon = mark == AFTERNOON;
        }
        let compact = separator == Separator::None && matches!(self.digits_ahead(), 4 | 6);
        let hour = self.field(2)?;
        let (clock, minute, second) = if compact {
            let minute = self.field(2)?;
            (Clock::Compact, minute.value, self.field(2))
        } else {
            self.clock()?
        };
        let (nanosecond, fraction) = self.fraction(second.is_some())?;
        if clock == Clock::Han && second.is_some() {
            self.eat(SECOND);
        }
        if let Some((late, upper, gap)) = self.latin_half() {
            if half != Half::None {
                return None;
            }
            half = Half::Latin { upper, gap };
            afternoon = late;
        }
        let hour_of_day = match half {
            Half::None => hour.value,
            Half::Latin { .. } if hour.value == 0 => return None,
            _ if hour.value > 12 => return None,
            _ => hour.value % 12 + if afternoon { 12 } else { 0 },
        };
        let second_value = second.map_or(0, |s| s.value);
        if hour_of_day > 23 || minute > 59 || second_value > 59 {
            return None;
        }
        let time = Time::new(
            hour_of_day as i8,
            minute as i8,
            second_value as i8,
            nanosecond,
        )
        .ok()?;
        let pad_hour = if compact { Habit::Yes } else { hour.padding() };
        let form = TimeForm {
            join,
            clock,
            half,
            pad_hour,
            seconds: second.is_some(),
            fraction,
        };
        Some((time, form))
    }

    /// Minutes and seconds after `:` or 时; an hour alone is enough for 时.
    fn clock(&mut self) -> Option<(Clock, i32, Option<Field>)> {
        let two = |scan: &mut Self| scan.field(2).filter(|f| f.digits == 2);
        if self.eat(b':') {
            let minute = two(self)?;
            let second = if self.eat(b':') {
                Some(two(self)?)
            } else {
                None
            };
            return Some((Clock::Colon, minute.value, second));
        }
        self.eat(HOUR).then_some(())?;
        let Some(minute) = self.field(2) else {
            return Some((Clock::Han, 0, None));
        };
        self.eat(MINUTE);
        Some((Clock::Han, minute.value, self.field(2)))
    }

    /// Nanoseconds and digits after a point.
    fn fraction(&mut self, seconds: bool) -> Option<(i32, u8)> {
        if !seconds || !self.eat(b'.') {
            return Some((0, 0));
        }
        let field = self.field(9)?;
        let unit = 10i32.checked_pow(9 - field.digits as u32)?;
        Some((field.value * unit, field.digits as u8))
    }

    /// AM or PM: whether it is after noon, in capitals, and after a space.
    fn latin_half(&mut self) -> Option<(bool, bool, bool)> {
        let ahead = self.rest.trim_ascii_start();
        let gap = ahead.len() < self.rest.len();
        let (afternoon, upper) = match ahead {
            b"AM" => (false, true),
            b"PM" => (true, true),
            [a, m] if [*a, *m].eq_ignore_ascii_case(b"am") => (false, false),
            [p, m] if [*p, *m].eq_ignore_ascii_case(b"pm") => (true, false),
            _ => return None,
        };
        self.rest = &[];
        Some((afternoon, upper, gap))
    }
}
