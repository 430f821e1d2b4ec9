//! Dates as other programs write them.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};

use super::leaks::{find, mapped};
use crate::error::Result;
use crate::table::Table;

/// A way of writing dates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateForm {
    /// 2024/3/5
    Slashes,
    /// 2024年3月5日
    Chinese,
    /// 3/5/24
    ShortAmerican,
    /// 45356: days since the end of 1899, as spreadsheets count them; times become a fraction.
    Serial,
}

/// The table with the ISO dates (2024-03-05, also with a time of day after a space) of these columns written in another form. Cells
/// that are no such date stay.
///
/// # Errors
/// When the table lacks one of the columns.
pub fn redate(table: &Table, columns: &[&str], form: DateForm) -> Result<Table> {
    let columns: Vec<usize> = columns
        .iter()
        .map(|name| find(table, name))
        .collect::<Result<_>>()?;
    Ok(mapped(table, table.header().to_vec(), |column, cell| {
        if columns.contains(&column) {
            rewritten(cell, form).map_or(Cow::Borrowed(cell), Cow::Owned)
        } else {
            Cow::Borrowed(cell)
        }
    }))
}

pub(super) fn rewritten(cell: &str, form: DateForm) -> Option<String> {
    let (day, time) = match cell.split_once(' ') {
        Some((day, time)) => (day, Some(time)),
        None => (cell, None),
    };
    // The parser also takes 20240305 and 2024-03-05T10, which no register here writes.
    if day.len() != 10 {
        return None;
    }
    let date: Date = day.parse().ok()?;
    let (y, m, d) = (date.year(), date.month(), date.day());
    let text = match form {
        DateForm::Slashes => format!("{y}/{m}/{d}"),
        DateForm::Chinese => format!("{y}年{m}月{d}日"),
        DateForm::ShortAmerican => format!("{m}/{d}/{:02}", y.rem_euclid(100)),
        DateForm::Serial => return serial(date, time),
    };
    Some(match time {
        Some(time) => format!("{text} {time}"),
        None => text,
    })
}

/// The serial number of the 1900 system, right from 1 March 1900 on.
fn serial(date: Date, time: Option<&str>) -> Option<String> {
    let days = date.since(Date::constant(1899, 12, 30)).ok()?.get_days();
    let Some(time) = time else {
        return Some(days.to_string());
    };
    let time: Time = time.parse().ok()?;
    let midnight = DateTime::from_parts(date, Time::midnight());
    let seconds = DateTime::from_parts(date, time).duration_since(midnight);
    let number = f64::from(days) + seconds.as_secs_f64() / 86_400.0;
    let text = format!("{number:.10}");
    Some(text.trim_end_matches('0').trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::registers::{Maternity, contacts};

    #[test]
    fn each_form_is_as_programs_write_it() {
        for (form, day, minute) in [
            (DateForm::Slashes, "2024/3/5", "2022/11/3 14:30"),
            (DateForm::Chinese, "2024年3月5日", "2022年11月3日 14:30"),
            (DateForm::ShortAmerican, "3/5/24", "11/3/22 14:30"),
            (DateForm::Serial, "45356", "44868.6041666667"),
        ] {
            assert_eq!(rewritten("2024-03-05", form).unwrap(), day);
            assert_eq!(rewritten("2022-11-03 14:30", form).unwrap(), minute);
            for other in [
                "",
                "2024-02-30",
                "阳光路3号",
                "2024-03-05T10",
                "20240305",
                "45356",
            ] {
                assert_eq!(rewritten(other, form), None, "{other}");
            }
        }
        assert_eq!(rewritten("1900-03-01", DateForm::Serial).unwrap(), "61");
        let midnight = rewritten("2022-11-03 00:00", DateForm::Serial);
        assert_eq!(midnight.unwrap(), "44868");
    }

    #[test]
    fn only_the_columns_named_are_rewritten() {
        let table = Maternity { rows: 80, seed: 1 }.month(0);
        let changed = redate(&table, &["预产期"], DateForm::Slashes).unwrap();
        for column in 0..table.width() {
            let same = table.column(column).eq(changed.column(column));
            assert_eq!(same, table.header()[column] != "预产期");
        }
        assert!(
            changed
                .column(9)
                .all(|cell| cell.starts_with("202") && cell.contains('/'))
        );
        assert!(redate(&table, &["预产日"], DateForm::Serial).is_err());
        let times = redate(&contacts(20, 1), &["采样时间"], DateForm::Serial).unwrap();
        assert!(times.column(6).all(|cell| cell.starts_with("448")));
    }
}
