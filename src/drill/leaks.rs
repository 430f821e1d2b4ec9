//! What a leaker does to a table before it is sold: each a pure function from tables to a table. Where chance is needed a seed
//! is given, and the same seed does the same. [`to_csv_bytes`] and [`to_xlsx_bytes`] make the file.

use std::borrow::Cow;
use std::collections::HashSet;

use super::dice::{Dice, Purpose};
use crate::error::{Error, Result, did_you_mean};
use crate::table::Table;

pub use super::leak_files::{Encoding, to_csv_bytes, to_xlsx_bytes};
pub use super::redate::{DateForm, redate};

/// `rows` of the table's rows, drawn at random without repeats, in the table's order; all of them where it has no more.
pub fn take_rows(table: &Table, rows: usize, seed: u64) -> Table {
    let mut places = Dice::new(seed, Purpose::Leak, 1).sample(rows, table.rows());
    places.sort_unstable();
    select_rows(table, places)
}

/// The same rows in random order.
pub fn shuffle_rows(table: &Table, seed: u64) -> Table {
    let places = Dice::new(seed, Purpose::Leak, 2).sample(table.rows(), table.rows());
    select_rows(table, places)
}

/// The rows sorted by one column: by number where both cells are numbers, else as text. Equal ones keep their order.
///
/// # Errors
/// When the table has no such column.
pub fn sort_by(table: &Table, column: &str) -> Result<Table> {
    let column = find(table, column)?;
    let mut places: Vec<usize> = (0..table.rows()).collect();
    // Numbers come before text, so that the order is one for mixed columns too.
    places.sort_by(|a, b| {
        let (a, b) = (table.cell(*a, column), table.cell(*b, column));
        match (a.parse::<f64>(), b.parse::<f64>()) {
            (Ok(x), Ok(y)) => x.total_cmp(&y).then_with(|| a.cmp(b)),
            (Ok(_), Err(_)) => std::cmp::Ordering::Less,
            (Err(_), Ok(_)) => std::cmp::Ordering::Greater,
            (Err(_), Err(_)) => a.cmp(b),
        }
    });
    Ok(select_rows(table, places))
}

/// Only the columns named, in the order in which they are named.
///
/// # Errors
/// When the table lacks one of them.
pub fn keep_columns(table: &Table, names: &[&str]) -> Result<Table> {
    let columns: Vec<usize> = names
        .iter()
        .map(|name| find(table, name))
        .collect::<Result<_>>()?;
    Ok(select_columns(table, &columns))
}

/// All columns but those named.
///
/// # Errors
/// When the table lacks one of them.
pub fn drop_columns(table: &Table, names: &[&str]) -> Result<Table> {
    let dropped: Vec<usize> = names
        .iter()
        .map(|name| find(table, name))
        .collect::<Result<_>>()?;
    let columns: Vec<usize> = (0..table.width())
        .filter(|column| !dropped.contains(column))
        .collect();
    Ok(select_columns(table, &columns))
}

/// The same columns in random order.
pub fn shuffle_columns(table: &Table, seed: u64) -> Table {
    let columns = Dice::new(seed, Purpose::Leak, 3).sample(table.width(), table.width());
    select_columns(table, &columns)
}

/// The table with other column names, given as (old, new).
///
/// # Errors
/// When the table lacks one of the old ones.
pub fn rename(table: &Table, names: &[(&str, &str)]) -> Result<Table> {
    let mut header = table.header().to_vec();
    for (old, new) in names {
        let column = find(table, old)?;
        if let Some(name) = header.get_mut(column) {
            *name = (*new).to_owned();
        }
    }
    Ok(copied(table, header))
}

/// The table without column names.
pub fn remove_header(table: &Table) -> Table {
    copied(table, Vec::new())
}

/// What becomes of rows that occur more than once when tables are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// All of them stay.
    Keep,
    /// Of rows whose cells are all equal only the first stays.
    Drop,
}

/// The rows of all tables one after the other, under the columns of the first. Columns are matched by name, or by place where
/// one of the two has no header; what the first lacks is left out.
pub fn join(tables: &[&Table], repeats: Repeats) -> Table {
    let Some(first) = tables.first() else {
        return Table::default();
    };
    let mut seen = HashSet::new();
    let mut joined = Table::new(first.header().to_vec(), first.width());
    for table in tables {
        let columns = matched(first, table);
        for row in 0..table.rows() {
            let cells = cells_of(table, row, &columns);
            if repeats == Repeats::Keep || seen.insert(cells.clone()) {
                joined.push(cells);
            }
        }
    }
    joined
}

/// A merged file: of the rows of `first` the part `share`, of those of `second` the rest of 1, drawn at random and mixed in random
/// order, under the columns of `first`. A share outside 0 to 1 counts as the nearer of the two,
/// and one that is no number as 0.
pub fn blend(first: &Table, second: &Table, share: f64, seed: u64) -> Table {
    let share = if share.is_nan() {
        0.0
    } else {
        share.clamp(0.0, 1.0)
    };
    let part = |table: &Table, share: f64| (table.rows() as f64 * share).round() as usize;
    let ours = take_rows(first, part(first, share), seed);
    let theirs = take_rows(second, part(second, 1.0 - share), seed.wrapping_add(1));
    shuffle_rows(&join(&[&ours, &theirs], Repeats::Keep), seed)
}

/// The table with `rows` rows of `strangers`, drawn at random, put in at random places; the table's own rows keep their order.
pub fn add_strangers(table: &Table, strangers: &Table, rows: usize, seed: u64) -> Table {
    let mut dice = Dice::new(seed, Purpose::Leak, 4);
    let mut guests = dice.sample(rows, strangers.rows()).into_iter();
    let total = table.rows() + guests.len();
    let seats: HashSet<usize> = dice.sample(guests.len(), total).into_iter().collect();
    let columns = matched(table, strangers);
    let mut mixed = Table::new(table.header().to_vec(), table.width());
    let mut own = 0;
    for place in 0..total {
        match seats.contains(&place).then(|| guests.next()).flatten() {
            Some(guest) => mixed.push(cells_of(strangers, guest, &columns)),
            None => {
                mixed.push(table.row(own));
                own += 1;
            }
        }
    }
    mixed
}

/// The place of the column `name`, or an error that offers the nearest.
pub(super) fn find(table: &Table, name: &str) -> Result<usize> {
    table.position(name).ok_or_else(|| {
        let nearest = did_you_mean(name, table.header().iter().map(String::as_str));
        let message = format!("the table has no column `{name}`. {nearest}");
        Error::input(message.trim_end())
    })
}

/// For each column of `under`, the place in `table` from which its cells come.
fn matched(under: &Table, table: &Table) -> Vec<Option<usize>> {
    let by_place = under.header().is_empty() || table.header().is_empty();
    (0..under.width())
        .map(|column| match under.header().get(column) {
            Some(name) if !by_place => table.position(name),
            _ => Some(column),
        })
        .collect()
}

fn cells_of<'a>(table: &'a Table, row: usize, columns: &[Option<usize>]) -> Vec<&'a str> {
    columns
        .iter()
        .map(|column| column.map_or("", |column| table.cell(row, column)))
        .collect()
}

pub(super) fn select_rows(table: &Table, rows: impl IntoIterator<Item = usize>) -> Table {
    let mut selected = Table::new(table.header().to_vec(), table.width());
    for row in rows {
        selected.push(table.row(row));
    }
    selected
}

pub(super) fn select_columns(table: &Table, columns: &[usize]) -> Table {
    let names = columns.iter().filter_map(|c| table.header().get(*c));
    let mut selected = Table::new(names.cloned().collect(), columns.len());
    for row in 0..table.rows() {
        selected.push(columns.iter().map(|column| table.cell(row, *column)));
    }
    selected
}

fn copied(table: &Table, header: Vec<String>) -> Table {
    mapped(table, header, |_, cell| Cow::Borrowed(cell))
}

/// The table under `header` with every cell as `map` gives it from its column and text.
pub(super) fn mapped<'t>(
    table: &'t Table,
    header: Vec<String>,
    map: impl Fn(usize, &'t str) -> Cow<'t, str>,
) -> Table {
    let mut changed = Table::new(header, table.width());
    let mut cells: Vec<Cow<'t, str>> = Vec::with_capacity(table.width());
    for row in 0..table.rows() {
        cells.clear();
        let row = table.row(row).enumerate();
        cells.extend(row.map(|(column, cell)| map(column, cell)));
        changed.push(cells.iter().map(|cell| &**cell));
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::registers::{Maternity, patients};
    use crate::drill::strangers::strangers;

    const REGISTER: Maternity = Maternity { rows: 300, seed: 5 };

    fn rows_of(table: &Table) -> Vec<Vec<&str>> {
        (0..table.rows()).map(|r| table.row(r).collect()).collect()
    }

    fn sorted<T: Ord>(mut rows: Vec<T>) -> Vec<T> {
        rows.sort_unstable();
        rows
    }

    #[test]
    fn rows_are_taken_in_order_and_without_repeats() {
        let table = REGISTER.month(0);
        let some = take_rows(&table, 40, 1);
        let places: Vec<usize> = some.column(0).map(|n| n.parse().unwrap()).collect();
        assert_eq!(places.len(), 40);
        assert!(places.is_sorted_by(|a, b| a < b));
        for (row, place) in places.iter().enumerate() {
            assert!(some.row(row).eq(table.row(place - 1)));
        }
        assert_ne!(some, take_rows(&table, 40, 2));
        assert_eq!(take_rows(&table, 9_999, 1), table);
    }

    #[test]
    fn shuffles_lose_nothing() {
        let table = REGISTER.month(0);
        let rows = shuffle_rows(&table, 1);
        assert_ne!(rows, table);
        assert_eq!(sorted(rows_of(&rows)), sorted(rows_of(&table)));
        let columns = shuffle_columns(&table, 1);
        assert_ne!(columns.header(), table.header());
        for name in table.header() {
            let (a, b) = (
                table.position(name).unwrap(),
                columns.position(name).unwrap(),
            );
            assert!(table.column(a).eq(columns.column(b)), "{name}");
        }
    }

    #[test]
    fn rows_are_sorted_as_a_spreadsheet_sorts_them() {
        let table = shuffle_rows(&REGISTER.month(0), 3);
        let by_number = sort_by(&table, "序号").unwrap();
        assert_eq!(by_number, REGISTER.month(0));
        let by_date = sort_by(&table, "末次月经").unwrap();
        assert!(by_date.column(8).is_sorted());
        let weights = sort_by(&table, "孕前体重").unwrap();
        let kilograms: Vec<f64> = weights.column(14).flat_map(str::parse).collect();
        assert!(kilograms.is_sorted() && kilograms.len() > 250);
    }

    #[test]
    fn columns_are_kept_dropped_and_renamed_by_name() {
        let table = REGISTER.month(0);
        let kept = keep_columns(&table, &["手机号", "姓名"]).unwrap();
        assert_eq!(kept.header(), ["手机号", "姓名"]);
        assert!(kept.column(1).eq(table.column(1)));
        let dropped = drop_columns(&table, &["序号", "血型"]).unwrap();
        assert_eq!(dropped.width(), 17);
        assert!(dropped.column(0).eq(table.column(1)));
        let renamed = rename(&table, &[("手机号", "tel")]).unwrap();
        assert_eq!(renamed.position("tel"), Some(5));
        assert!(renamed.position("手机号").is_none());
        let bare = remove_header(&table);
        assert!(bare.header().is_empty());
        assert_eq!(rows_of(&bare), rows_of(&table));
        let error = keep_columns(&table, &["手机"]).unwrap_err().to_string();
        assert!(
            error.contains("`手机`") && error.contains("`手机号`?"),
            "{error}"
        );
    }

    #[test]
    fn months_are_joined_with_and_without_repeats() {
        let months: Vec<Table> = (0..3)
            .map(|index| drop_columns(&REGISTER.month(index), &["序号", "孕周"]).unwrap())
            .collect();
        let of: Vec<&Table> = months.iter().collect();
        let all = join(&of, Repeats::Keep);
        let total: usize = months.iter().map(Table::rows).sum();
        assert_eq!(all.rows(), total);
        let once = join(&of, Repeats::Drop);
        let distinct: HashSet<Vec<&str>> = rows_of(&all).into_iter().collect();
        assert_eq!(once.rows(), distinct.len());
        assert!(once.rows() < total / 2);
        // Columns in another order come back to their places.
        let turned = shuffle_columns(&months[0], 8);
        assert_eq!(join(&[&months[0], &turned], Repeats::Drop), months[0]);
        assert_eq!(join(&[], Repeats::Keep), Table::default());
    }

    #[test]
    fn a_blend_has_the_share_it_was_given() {
        let (first, second) = (REGISTER.month(0), strangers(&REGISTER).month(0));
        let mixed = blend(&first, &second, 0.3, 1);
        let ours: HashSet<Vec<&str>> = rows_of(&first).into_iter().collect();
        let from_first = rows_of(&mixed).iter().filter(|r| ours.contains(*r)).count();
        assert_eq!(from_first, (first.rows() as f64 * 0.3).round() as usize);
        let rest = (second.rows() as f64 * 0.7).round() as usize;
        assert_eq!(mixed.rows() - from_first, rest);
        assert_eq!(blend(&first, &second, f64::NAN, 1).rows(), second.rows());
    }

    #[test]
    fn strangers_come_between_rows_that_keep_their_order() {
        let (table, others) = (REGISTER.month(0), strangers(&REGISTER).month(0));
        let mixed = add_strangers(&table, &others, 60, 1);
        assert_eq!(mixed.rows(), table.rows() + 60);
        let own: HashSet<Vec<&str>> = rows_of(&table).into_iter().collect();
        let kept: Vec<Vec<&str>> = rows_of(&mixed)
            .into_iter()
            .filter(|row| own.contains(row))
            .collect();
        assert_eq!(kept, rows_of(&table));
        // Tables that share no column name give blank rows, not wrong ones.
        let odd = add_strangers(&table, &patients(5, 1), 5, 1);
        assert_eq!(odd.column(1).filter(|c| c.is_empty()).count(), 5);
    }
}
