//! Time between two days, as ages, weeks and lengths of stay count it.

use std::ops::Range;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{date, number};

/// In what an elapsed time is counted; always in whole units, the rest cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unit {
    /// Days.
    Days,
    /// Weeks of seven days.
    Weeks,
    /// Calendar months.
    Months,
    /// Calendar years, as ages are counted.
    Years,
}

/// A count of time as a cell writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// One whole number: 28, 28周, 28w.
    Whole(i64),
    /// Weeks and days: 28+3, 28周+3天, 28w3d; the value is in days.
    WeeksAndDays(i64),
}

impl Count {
    /// The number that a rule counts.
    pub fn value(self) -> i64 {
        match self {
            Count::Whole(n) | Count::WeeksAndDays(n) => n,
        }
    }
}

/// Reads a count of time.
pub fn count_written(text: &str) -> Option<Count> {
    let text = text.trim();
    if let Some((value, _)) = number::parse(text.trim_end_matches(['周', '岁', '天', '月', 'w']))
    {
        let value = value.reduced();
        return (value.scale() == 0).then(|| Count::Whole(value.coefficient()));
    }
    let [weeks, days] = weeks_and_days(text)?;
    let number = |run: &Range<usize>| text[run.clone()].parse::<i64>().ok();
    let (weeks, days) = (number(&weeks)?, number(&days)?);
    (weeks <= 60 && days <= 6).then_some(Count::WeeksAndDays(7 * weeks + days))
}

/// The text with its count replaced, written the same way.
pub fn write_count(text: &str, count: i64) -> Option<String> {
    match count_written(text)? {
        Count::Whole(was) => Some(text.replacen(&was.to_string(), &count.to_string(), 1)),
        Count::WeeksAndDays(_) => {
            let start = text.len() - text.trim_start().len();
            let [weeks, days] =
                weeks_and_days(text.trim())?.map(|run| run.start + start..run.end + start);
            let (before, between, behind) = (
                &text[..weeks.start],
                &text[weeks.end..days.start],
                &text[days.end..],
            );
            Some(format!(
                "{before}{}{between}{}{behind}",
                count / 7,
                count % 7
            ))
        }
    }
}

/// Where the two numbers of a count in weeks and days stand, if the text is nothing else.
fn weeks_and_days(text: &str) -> Option<[Range<usize>; 2]> {
    let digits = |from: usize| -> Option<Range<usize>> {
        let start = from + text[from..].find(|c: char| c.is_ascii_digit())?;
        let end = text[start..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(text.len(), |n| start + n);
        (end - start <= 2).then_some(start..end)
    };
    let weeks = digits(0)?;
    let days = digits(weeks.end)?;
    let said = |part: &str, words: &[&str]| words.contains(&part.trim());
    let fits = weeks.start == 0
        && said(
            &text[weeks.end..days.start],
            &["+", "周", "周+", "周零", "w", "W", "w+", "W+", "weeks"],
        )
        && said(&text[days.end..], &["", "天", "日", "d", "D", "days"]);
    fits.then_some([weeks, days])
}

/// Whole units from `from` until `until`, the rest cut off; None where `until` is earlier.
pub fn elapsed(from: Date, until: Date, unit: Unit) -> Option<i64> {
    let days = i64::from(date::day_number(until) - date::day_number(from));
    if days < 0 {
        return None;
    }
    let months = || {
        let whole = (i64::from(until.year()) - i64::from(from.year())) * 12
            + i64::from(until.month())
            - i64::from(from.month());
        whole - i64::from(until.day() < from.day())
    };
    Some(match unit {
        Unit::Days => days,
        Unit::Weeks => days / 7,
        Unit::Months => months(),
        Unit::Years => months().div_euclid(12),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date as day;

    #[test]
    fn ages_are_counted_as_people_count_them() {
        assert_eq!(
            elapsed(day(1990, 3, 5), day(2024, 3, 4), Unit::Years),
            Some(33)
        );
        assert_eq!(
            elapsed(day(1990, 3, 5), day(2024, 3, 5), Unit::Years),
            Some(34)
        );
        assert_eq!(
            elapsed(day(2024, 1, 31), day(2024, 2, 29), Unit::Months),
            Some(0)
        );
        assert_eq!(
            elapsed(day(2024, 1, 1), day(2024, 1, 14), Unit::Weeks),
            Some(1)
        );
        assert_eq!(elapsed(day(2024, 1, 2), day(2024, 1, 1), Unit::Days), None);
    }

    #[test]
    fn counts_in_weeks_and_days_are_written_as_they_were() {
        for (text, days, next) in [
            ("12+3", 87, "12+4"),
            ("12周+6天", 90, "13周+0天"),
            ("9w6d", 69, "10w0d"),
            (" 30周2天", 212, " 30周3天"),
        ] {
            assert_eq!(
                count_written(text),
                Some(Count::WeeksAndDays(days)),
                "{text}"
            );
            assert_eq!(write_count(text, days + 1).as_deref(), Some(next));
        }
        assert_eq!(count_written("28周"), Some(Count::Whole(28)));
        assert_eq!(write_count("28周", 29).as_deref(), Some("29周"));
        for no in ["12+", "+3", "12+7", "a12+3", "12-3", "120+3", "", "3/4"] {
            assert_eq!(count_written(no), None, "{no}");
        }
    }
}
