//! Time between two days, as ages, weeks and lengths of stay count it.

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

/// A whole number as a cell writes it; "28周" and "28w" count too.
pub fn count_written(text: &str) -> Option<i64> {
    let (value, _) = number::parse(text.trim().trim_end_matches(['周', '岁', '天', '月', 'w']))?;
    let value = value.reduced();
    (value.scale() == 0).then(|| value.coefficient())
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
}
