//! Days and times that files write out (ISO 8601), as serials and as the text of the format that they are shown in.

use crate::table::dates::{self, Shape};

/// Days on which programs put a time that has none.
const NO_DAY: [&str; 3] = ["1899-12-30", "1899-12-31", "1904-01-01"];

/// The serial (of the 1900 system) of `2024-03-05` or `2024-03-05T14:32:11.250`; one below 1 where a format for times shows a time
/// without a day.
pub(super) fn moment(text: &str, shape: Shape) -> Option<f64> {
    let (whole, part) = text
        .trim_end_matches('Z')
        .split_once('.')
        .unwrap_or((text, "0"));
    let part = fraction(part)?;
    let time_alone = matches!(shape, Shape::Time | Shape::Duration);
    let serial = match whole.split_once('T') {
        Some((day, time)) if NO_DAY.contains(&day) && (time_alone || day < "1900") => {
            dates::serial(time)?
        }
        Some((day, time)) => dates::serial(&format!("{day} {time}"))?,
        None => dates::serial(whole)?,
    };
    Some(with_part(serial, part))
}

/// The serial of `PT14H32M11.250S`.
pub(super) fn duration(text: &str) -> Option<f64> {
    let rest = text.strip_prefix("PT")?;
    let (h, rest) = rest.split_once('H')?;
    let (m, rest) = rest.split_once('M')?;
    let (s, _) = rest.split_once('S')?;
    let (s, part) = s.split_once('.').unwrap_or((s, "0"));
    let whole = dates::serial(&format!("{h}:{m}:{s}"))?;
    Some(with_part(whole, fraction(part)?))
}

/// Seconds from the digits behind a point.
fn fraction(digits: &str) -> Option<f64> {
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| format!("0.{digits}").parse().ok()).flatten()
}

/// A whole number of seconds and a part of one. What is a program's rounding is left out.
fn with_part(serial: f64, part: f64) -> f64 {
    // days since 1900 leave a double this much, in seconds
    const ROUNDING: f64 = 1e-5;
    match part {
        part if part < ROUNDING => serial,
        part if part > 1.0 - ROUNDING => ((serial * 86_400.0).round() + 1.0) / 86_400.0,
        part => serial + part / 86_400.0,
    }
}

/// Appends what a format of this shape shows of a serial, and returns the shape that it takes to read that again: the format's
/// own, or where that shows plain numbers the least that says all.
pub(super) fn push(serial: f64, shape: Shape, out: &mut String) -> Option<Shape> {
    let shape = match shape {
        Shape::Plain if serial < 1.0 => Shape::Duration,
        Shape::Plain if (serial * 86_400.0).round() % 86_400.0 == 0.0 => Shape::Day,
        Shape::Plain => Shape::DayAndTime,
        shape => shape,
    };
    let start = out.len();
    let shown = dates::push_value(serial, shape, false, out);
    if shown.is_none() {
        out.truncate(start);
    }
    shown.map(|_| shape)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_serials() {
        let day = |text| moment(text, Shape::Day);
        assert_eq!(day("2024-03-05"), Some(45_356.0));
        assert_eq!(day("2024-03-05T12:00:00.000"), Some(45_356.5));
        assert_eq!(day("2024-03-05T11:59:59.999999999Z"), Some(45_356.5));
        assert_eq!(day("2024-03-05T12:00:00.000000002"), Some(45_356.5));
        let part = day("2024-03-05T12:00:00.25").unwrap();
        assert!((part - 45_356.5 - 0.25 / 86_400.0).abs() < 1e-10);
        assert_eq!(moment("1899-12-31T06:00:00.000", Shape::Day), Some(0.25));
        assert_eq!(moment("1904-01-01T06:00:00.000", Shape::Time), Some(0.25));
        assert_eq!(moment("1904-01-01T06:00:00", Shape::Day), Some(1462.25));
        for bad in ["", "2024-02-30", "1850-01-01", "2024-03-05T1.x", "T", "王"] {
            assert_eq!(day(bad), None, "{bad}");
        }
    }

    #[test]
    fn durations_as_serials() {
        assert_eq!(duration("PT06H00M00S"), Some(0.25));
        assert_eq!(duration("PT36H00M00.000000001S"), Some(1.5));
        for bad in ["", "PT", "-PT01H00M00S", "PT1H", "PTxHyMzS", "PT1H1M1.S"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn shown_so_that_it_reads_back() {
        for (serial, shape, text, of) in [
            (45_356.0, Shape::Day, "2024-03-05", Shape::Day),
            (45_356.0, Shape::Plain, "2024-03-05", Shape::Day),
            (
                45_356.5,
                Shape::Plain,
                "2024-03-05 12:00:00",
                Shape::DayAndTime,
            ),
            (0.25, Shape::Time, "06:00:00", Shape::Time),
            (0.25, Shape::Plain, "6:00:00", Shape::Duration),
        ] {
            let mut out = String::new();
            assert_eq!(push(serial, shape, &mut out), Some(of));
            assert_eq!(out, text);
            assert_eq!(dates::serial(&out), Some(serial));
        }
        let mut out = "x".to_string();
        assert_eq!(push(-1.0, Shape::Day, &mut out), None);
        assert_eq!(out, "x");
    }
}
