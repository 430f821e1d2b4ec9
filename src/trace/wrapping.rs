//! What stands around every value of a column: quotes, brackets, a label, characters that nobody sees; and dates that were cut into
//! three columns.
//!
//! Taken off before anything is linked, where most of a column has it: a single cell in brackets may be meant so.

use std::borrow::Cow;

use crate::table::Table;
use crate::value::text::is_invisible;

/// Cells of a column that are looked at.
const SAMPLE: usize = 200;

/// Openings and closings that come around values.
const PAIRS: [(&str, &str); 13] = [
    ("=\"", "\""),
    ("\"", "\""),
    ("'", "'"),
    ("“", "”"),
    ("‘", "’"),
    ("「", "」"),
    ("『", "』"),
    ("【", "】"),
    ("[", "]"),
    ("<", ">"),
    ("《", "》"),
    ("`", "`"),
    ("|", "|"),
];

/// How a column's values are wrapped.
#[derive(Clone, Debug, PartialEq)]
enum Wrapping {
    Pair(&'static str, &'static str),
    /// `电话：` before each.
    Label(String),
    Invisible,
    /// The year of a date; month and day stand in the next two columns.
    YearOfThree,
}

/// The table without what is wrapped around its values; the table itself where nothing is.
pub fn unwrapped(table: &Table) -> Cow<'_, Table> {
    let wrappings: Vec<Option<Wrapping>> = (0..table.width())
        .map(|place| wrapping(table, place))
        .collect();
    if wrappings.iter().all(Option::is_none) {
        return Cow::Borrowed(table);
    }
    let mut bare = Table::new(table.header().to_vec(), table.width());
    for row in 0..table.rows() {
        let cells: Vec<Cow<'_, str>> = wrappings
            .iter()
            .enumerate()
            .map(|(place, wrapping)| unwrap(table, row, place, wrapping.as_ref()))
            .collect();
        bare.push(cells.iter().map(|c| c.as_ref()));
    }
    Cow::Owned(bare)
}

fn unwrap<'t>(
    table: &'t Table,
    row: usize,
    place: usize,
    wrapping: Option<&Wrapping>,
) -> Cow<'t, str> {
    let cell = table.cell(row, place);
    let bare = match wrapping {
        None => cell,
        Some(Wrapping::Pair(open, close)) => within(cell, open, close).unwrap_or(cell),
        Some(Wrapping::Label(label)) => cell.trim().strip_prefix(label.as_str()).unwrap_or(cell),
        Some(Wrapping::Invisible) => {
            cell.trim_matches(|c: char| c.is_whitespace() || is_invisible(c))
        }
        Some(Wrapping::YearOfThree) => {
            let parts = [0, 1, 2].map(|n| whole(table.cell(row, place + n)));
            if let [Some(year), Some(month), Some(day)] = parts {
                return Cow::Owned(format!("{year}-{month:02}-{day:02}"));
            }
            cell
        }
    };
    Cow::Borrowed(bare)
}

fn within<'t>(cell: &'t str, open: &str, close: &str) -> Option<&'t str> {
    cell.trim().strip_prefix(open)?.strip_suffix(close)
}

fn whole(cell: &str) -> Option<u32> {
    let cell = cell.trim();
    cell.strip_suffix(".0").unwrap_or(cell).parse().ok()
}

fn wrapping(table: &Table, place: usize) -> Option<Wrapping> {
    let sample: Vec<&str> = table
        .column(place)
        .map(str::trim)
        .filter(|c| !c.is_empty())
        .take(SAMPLE)
        .collect();
    let first = *sample.first()?;
    let most =
        |is: &dyn Fn(&str) -> bool| sample.iter().filter(|c| is(c)).count() * 5 >= sample.len() * 4;
    for (open, close) in PAIRS {
        if first.starts_with(open) && most(&|c| within(c, open, close).is_some()) {
            return Some(Wrapping::Pair(open, close));
        }
    }
    if let Some((label, _)) = first.split_once(['：', ':'])
        && (1..=12).contains(&label.chars().count())
        && label.chars().any(char::is_alphabetic)
    {
        let colon = first[label.len()..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        let label = &first[..label.len() + colon];
        if sample.len() > 1 && most(&|c| c.starts_with(label)) {
            return Some(Wrapping::Label(label.to_string()));
        }
    }
    let edges = |c: &str| c.starts_with(is_invisible) || c.ends_with(is_invisible);
    if sample.iter().any(|c| edges(c)) {
        return Some(Wrapping::Invisible);
    }
    let year = |c: &str| whole(c).is_some_and(|n| (1900..2100).contains(&n));
    if place + 2 < table.width()
        && most(&year)
        && most_of(table, place + 1, 12)
        && most_of(table, place + 2, 31)
        // a month of 13 to 31 would be a day: only the last column may hold such
        && table.column(place + 2).take(SAMPLE).any(|c| whole(c).is_some_and(|n| n > 12))
    {
        return Some(Wrapping::YearOfThree);
    }
    None
}

/// Whether most of a column are whole numbers from 1 to `last`.
fn most_of(table: &Table, place: usize, last: u32) -> bool {
    let (mut fit, mut filled) = (0, 0);
    for cell in table
        .column(place)
        .filter(|c| !c.trim().is_empty())
        .take(SAMPLE)
    {
        filled += 1;
        fit += usize::from(whole(cell).is_some_and(|n| (1..=last).contains(&n)));
    }
    filled > 0 && fit * 20 >= filled * 19
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(rows: &[&[&str]]) -> Vec<Vec<String>> {
        let mut table = Table::new(Vec::new(), rows[0].len());
        rows.iter().for_each(|r| table.push(r.iter().copied()));
        let bare = unwrapped(&table);
        let row = |row| bare.row(row).map(str::to_string).collect();
        (0..bare.rows()).map(row).collect()
    }

    #[test]
    fn what_is_around_every_value_is_taken_off() {
        assert_eq!(
            bare(&[
                &["\"1\"", "【a】", "电话：138", "62.5\u{200B}", "='x'"],
                &["\"2\"", "【b】", "电话：139", "7", "y"],
            ]),
            [
                ["1", "a", "138", "62.5", "='x'"],
                ["2", "b", "139", "7", "y"]
            ]
        );
    }

    #[test]
    fn dates_in_three_columns_become_one() {
        assert_eq!(
            bare(&[&["2024", "2", "28"], &["2023", "12", "1"]])[0],
            ["2024-02-28", "2", "28"]
        );
        // two small numbers after a year are no date
        assert_eq!(
            bare(&[&["2024", "2", "3"], &["2023", "1", "4"]])[0][0],
            "2024"
        );
    }

    #[test]
    fn what_is_around_one_value_stays() {
        let rows: &[&[&str]] = &[&["【a】"], &["b"], &["c"], &["注：d"]];
        assert_eq!(bare(rows).concat(), ["【a】", "b", "c", "注：d"]);
    }
}
