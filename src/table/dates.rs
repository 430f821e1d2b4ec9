//! Serial dates as text and back: days since 1899-12-30 (ECMA-376 part 1, 18.17.4), with the day 60, 1900-02-29, that never was.

use std::fmt::Write;

/// Days by which workbooks with the 1904 date system are behind.
pub(super) const SHIFT_1904: f64 = 1462.0;
/// First serial after 9999-12-31.
const BEYOND: f64 = 2_958_466.0;
/// 1899-12-30 in days since 1970-01-01.
const EPOCH: i64 = -25_569;

/// What a number format makes of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Plain,
    Day,
    DayAndTime,
    Time,
    Duration,
}

/// What a number format makes of a number, by its number and its code; built-in formats have no code in the file.
pub(super) fn shape(id: Option<u32>, code: Option<&str>) -> Shape {
    match (id, code) {
        // the East Asian built-in formats, as they are in Chinese
        (Some(27..=31 | 36 | 50..=54 | 57 | 58), _) => Shape::Day,
        (Some(32..=35 | 55 | 56), _) => Shape::Time,
        (_, Some(code)) => shape_of_code(code),
        (Some(14..=17), None) => Shape::Day,
        (Some(18..=21 | 45 | 47), None) => Shape::Time,
        (Some(22), None) => Shape::DayAndTime,
        (Some(46), None) => Shape::Duration,
        (_, None) => Shape::Plain,
    }
}

/// Appends what a cell of this shape shows of a number; `late` where the workbook counts days from 1904. `None` where that is
/// the number itself, else the serial (of the 1900 system) behind the text.
pub(super) fn push_value(n: f64, shape: Shape, late: bool, out: &mut String) -> Option<f64> {
    if shape != Shape::Plain {
        let a_day =
            matches!(shape, Shape::Day | Shape::DayAndTime) || (shape == Shape::Time && n >= 1.0);
        let serial = if late && a_day { n + SHIFT_1904 } else { n };
        if push_text(serial, shape, out) {
            return Some(serial);
        }
    }
    push_number(n, out);
    None
}

/// Appends a number in the fewest digits that read back as the same number; without exponent as far as people write it out.
pub(super) fn push_number(n: f64, out: &mut String) {
    let size = n.abs();
    let _ = if n == n.trunc() && size < 1e15 {
        write!(out, "{}", n as i64)
    } else if n.is_finite() && !(1e-7..1e21).contains(&size) {
        write!(out, "{n:E}")
    } else {
        write!(out, "{n}")
    };
}

/// The number that `text` is, if it is no more than that: no leading zeros, no digits that a number would lose.
pub(super) fn number(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok().filter(|n: &f64| n.is_finite())?;
    let mut plain = String::with_capacity(24);
    push_number(number, &mut plain);
    let same = plain == text
        || (text.contains('.') && text.trim_end_matches('0').trim_end_matches('.') == plain);
    // a fraction may have more figures than a number keeps, and is that number all the same
    let fraction = text.contains('.')
        && !plain.contains('E')
        && plain.split('.').next() == text.split('.').next();
    (same || fraction).then_some(number)
}

fn shape_of_code(code: &str) -> Shape {
    let (mut day, mut month, mut time) = (false, false, false);
    let mut chars = code.chars();
    let mut previous = ' ';
    while let Some(c) = chars.next() {
        match c.to_ascii_lowercase() {
            '"' => while chars.next().is_some_and(|c| c != '"') {},
            '\\' | '_' | '*' => {
                chars.next();
            }
            '[' => {
                let inside: String = chars.by_ref().take_while(|c| *c != ']').collect();
                let inside = inside.to_ascii_lowercase();
                if !inside.is_empty()
                    && ["h", "m", "s"]
                        .iter()
                        .any(|u| inside.trim_matches(|c| u.contains(c)).is_empty())
                {
                    return Shape::Duration;
                }
            }
            ';' => break,
            'y' | 'd' => day = true,
            // the e of an era year, not that of an exponent
            'e' if previous != '0' && previous != '#' && previous != 'n' => day = true,
            'm' => month = true,
            'h' | 's' => time = true,
            'g' if code[..].to_ascii_lowercase().starts_with("general") => return Shape::Plain,
            _ => (),
        }
        previous = c.to_ascii_lowercase();
    }
    match (day || (month && !time), time) {
        (true, true) => Shape::DayAndTime,
        (true, false) => Shape::Day,
        (false, true) => Shape::Time,
        (false, false) => Shape::Plain,
    }
}

/// Appends a serial (of the 1900 system) as text; `false` where it is no date and nothing was appended.
fn push_text(serial: f64, shape: Shape, out: &mut String) -> bool {
    if !(0.0..BEYOND).contains(&serial) {
        return false;
    }
    let seconds = (serial * 86_400.0).round() as i64;
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (h, m, s) = (second / 3600, second / 60 % 60, second % 60);
    if shape == Shape::Duration {
        return write!(out, "{}:{m:02}:{s:02}", days * 24 + h).is_ok();
    }
    if days == 0 {
        return shape == Shape::Time && write!(out, "{h:02}:{m:02}:{s:02}").is_ok();
    }
    let (year, month, day) = match days {
        60 => (1900, 2, 29),
        1..60 => civil(EPOCH + 1 + days),
        _ => civil(EPOCH + days),
    };
    if year > 9999 {
        return false;
    }
    four(out, year);
    for part in [month, day] {
        out.push('-');
        two(out, part);
    }
    if second != 0 || shape != Shape::Day {
        for (mark, part) in [(' ', h), (':', m), (':', s)] {
            out.push(mark);
            two(out, part);
        }
    }
    true
}

/// The serial (of the 1900 system) that [`push_text`] would write so.
pub(super) fn serial(text: &str) -> Option<f64> {
    let number = |t: &str| -> Option<i64> {
        (!t.is_empty() && t.len() <= 7 && t.bytes().all(|b| b.is_ascii_digit()))
            .then(|| t.parse().ok())
            .flatten()
    };
    let time = |t: &str| -> Option<i64> {
        let mut parts = t.split(':');
        let (h, m) = (number(parts.next()?)?, number(parts.next()?)?);
        let s = parts.next().map_or(Some(0), number)?;
        (parts.next().is_none() && m < 60 && s < 60).then_some(h * 3600 + m * 60 + s)
    };
    let (date, clock) = match text.split_once(' ') {
        Some((date, clock)) => (date, Some(clock)),
        None if text.contains(':') => return Some(time(text)? as f64 / 86_400.0),
        None => (text, None),
    };
    let mut parts = date.split('-');
    let (year, month, day) = (
        number(parts.next()?)?,
        number(parts.next()?)?,
        number(parts.next()?)?,
    );
    if parts.next().is_some() || !(1900..=9999).contains(&year) {
        return None;
    }
    let second = clock.map_or(Some(0), |c| time(c).filter(|s| *s < 86_400))?;
    let days = if (year, month, day) == (1900, 2, 29) {
        60
    } else {
        let since = days_since_1970(year, month, day);
        if civil(since) != (year, month, day) {
            return None;
        }
        let days = since - EPOCH;
        if days <= 60 { days - 1 } else { days }
    };
    Some((days * 86_400 + second) as f64 / 86_400.0)
}

fn two(out: &mut String, n: i64) {
    out.push(digit(n / 10));
    out.push(digit(n));
}

fn four(out: &mut String, n: i64) {
    two(out, n / 100);
    two(out, n);
}

fn digit(n: i64) -> char {
    char::from(b'0' + (n % 10) as u8)
}

/// Days since 1970-01-01 as year, month, day (H. Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1_460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// The way back (`days_from_civil` there).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let yoe = year.rem_euclid(400);
    let mp = if month > 2 { month - 3 } else { month + 9 };
    let doy = (153 * mp + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(serial: f64, shape: Shape) -> String {
        let mut out = String::new();
        assert!(push_text(serial, shape, &mut out));
        out
    }

    #[test]
    fn known_days() {
        // as Excel shows them
        assert_eq!(text(1.0, Shape::Day), "1900-01-01");
        assert_eq!(text(59.0, Shape::Day), "1900-02-28");
        assert_eq!(text(60.0, Shape::Day), "1900-02-29");
        assert_eq!(text(61.0, Shape::Day), "1900-03-01");
        assert_eq!(text(45356.0, Shape::Day), "2024-03-05");
        assert_eq!(text(45356.0, Shape::DayAndTime), "2024-03-05 00:00:00");
        assert_eq!(
            text(45_356.605_555_555_56, Shape::Day),
            "2024-03-05 14:32:00"
        );
        assert_eq!(text(45356.999999, Shape::Day), "2024-03-06");
        assert_eq!(text(2958465.0, Shape::Day), "9999-12-31");
        assert_eq!(text(0.605555555556, Shape::Time), "14:32:00");
        assert_eq!(text(1.5, Shape::Duration), "36:00:00");
        assert!(!push_text(-1.0, Shape::Day, &mut String::new()));
        assert!(!push_text(f64::NAN, Shape::Day, &mut String::new()));
        assert!(!push_text(2958465.9999999, Shape::Day, &mut String::new()));
    }

    #[test]
    fn there_and_back() {
        for days in (1..2_958_466).step_by(97).chain(55..65) {
            for second in [0, 1, 52_320, 86_399] {
                let value = f64::from(days) + f64::from(second) / 86_400.0;
                let text = text(value, Shape::DayAndTime);
                let back = serial(&text).unwrap();
                assert!((back - value).abs() < 1e-6, "{text} {back} {value}");
            }
        }
        assert_eq!(serial("36:00:00"), Some(1.5));
        for bad in [
            "",
            "2024-02-30",
            "2024-13-01",
            "24-1-1",
            "x",
            "2024-03-05 25:00:00",
            "1:2:3:4",
        ] {
            assert_eq!(serial(bad), None, "{bad}");
        }
    }

    #[test]
    fn shapes_of_formats() {
        for (code, shape) in [
            ("General", Shape::Plain),
            ("0.00", Shape::Plain),
            ("0.00E+00", Shape::Plain),
            ("@", Shape::Plain),
            ("yyyy-mm-dd", Shape::Day),
            ("yyyy\"年\"m\"月\"d\"日\"", Shape::Day),
            ("[$-804]aaaa;@", Shape::Plain),
            ("mmm-yy", Shape::Day),
            ("m/d/yy h:mm", Shape::DayAndTime),
            ("h:mm:ss", Shape::Time),
            ("[h]:mm:ss", Shape::Duration),
            ("[Red]0.0", Shape::Plain),
            ("yyyy/m/d;@", Shape::Day),
        ] {
            assert_eq!(shape_of_code(code), shape, "{code}");
        }
    }
}
