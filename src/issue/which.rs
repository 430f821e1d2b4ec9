//! Which of a workbook's sheets is the table, and what the others may not hold.

use std::collections::HashMap;

use crate::error::{Error, Result, did_you_mean};
use crate::parallel;
use crate::policy::{Kind, Policy, Role, infer};
use crate::table::Source;

/// A sheet is the register beyond doubt if it has so many times the rows of every other that could be one.
const TIMES: usize = 5;
/// Another sheet repeats a column if so large a part of the records that it names ...
const REPEATS: f64 = 0.3;
/// ... and at least so many of them have the same value there.
const RECORDS: usize = 3;
/// Shorter values agree by chance.
const TELLING: usize = 3;

/// A file's table, and the other sheets that hold something.
#[derive(Debug)]
pub struct Chosen {
    /// The table.
    pub source: Source,
    /// Everything else in the workbook.
    pub others: Vec<Source>,
}

/// The table that is meant: the sheet of this name, else the one that looks like a register (a header, rows, a column that
/// identifies them).
///
/// # Errors
/// No such sheet; several that could be meant.
pub fn choose(mut sources: Vec<Source>, sheet: Option<&str>, name: &str) -> Result<Chosen> {
    let at = match sheet {
        Some(wanted) => named(&sources, wanted, name)?,
        None => by_content(&sources, name)?,
    };
    let source = sources.remove(at);
    Ok(Chosen {
        source,
        others: sources,
    })
}

fn named(sources: &[Source], wanted: &str, name: &str) -> Result<usize> {
    let names = || sources.iter().filter_map(|s| s.sheet.as_deref());
    let found = sources
        .iter()
        .position(|s| s.sheet.as_deref() == Some(wanted));
    found.ok_or_else(|| {
        let message = match names().next() {
            None => format!("`{name}` has no sheets. Leave `--sheet` out."),
            Some(_) => format!(
                "`{name}` has no sheet `{wanted}` that holds anything. {}",
                did_you_mean(wanted, names())
            ),
        };
        Error::input(message.trim_end())
    })
}

fn by_content(sources: &[Source], name: &str) -> Result<usize> {
    if sources.is_empty() {
        return Err(Error::input(format!(
            "`{name}` holds no table. Give a file with a header and rows."
        )));
    }
    if sources.len() == 1 {
        return Ok(0);
    }
    let looks = |at: usize| {
        let table = &sources[at].table;
        !table.header().is_empty()
            && table.rows() >= 2
            && infer::infer(table)
                .columns
                .iter()
                .any(|c| c.role == Role::Identifier)
    };
    let registers = parallel::map(sources.len(), looks);
    let mut found: Vec<usize> = (0..sources.len()).filter(|at| registers[*at]).collect();
    found.sort_by_key(|at| std::cmp::Reverse(sources[*at].table.rows()));
    match found[..] {
        // what is wrong with the first is said later
        [] => Ok(0),
        [only] => Ok(only),
        [most, next, ..] if sources[most].table.rows() >= TIMES * sources[next].table.rows() => {
            Ok(most)
        }
        _ => {
            let names: Vec<String> = found
                .iter()
                .map(|at| {
                    let source = &sources[*at];
                    let sheet = source.sheet.as_deref().unwrap_or_default();
                    format!("`{sheet}` ({} rows)", source.table.rows())
                })
                .collect();
            Err(Error::input(format!(
                "`{name}` has several sheets that could be the register: {}. Say which with `--sheet NAME`.",
                names.join(", ")
            )))
        }
    }
}

/// Refuses a workbook in which another sheet repeats values that this one's copies alter: side by side they would show every mark.
///
/// # Errors
/// Names the sheet and the column.
pub fn refuse_repeats(chosen: &Chosen, policy: &Policy) -> Result<()> {
    let table = &chosen.source.table;
    let place = |role: Role| {
        let columns = policy.columns.iter().filter(move |c| c.role == role);
        columns.filter_map(|c| Some((c, table.position(&c.name)?)))
    };
    for (_, identifier) in place(Role::Identifier).filter(|(c, _)| c.kind != Kind::Name) {
        let mut rows: HashMap<&str, usize> = HashMap::new();
        for (row, cell) in table.column(identifier).enumerate() {
            if cell.chars().count() > TELLING {
                rows.entry(cell).or_insert(row);
            }
        }
        for other in &chosen.others {
            let there = &other.table;
            let mut met = 0usize;
            let mut same = vec![0usize; table.width()];
            for row in 0..there.rows() {
                let Some(here) = there.row(row).find_map(|cell| rows.get(cell)) else {
                    continue;
                };
                met += 1;
                for (_, column) in place(Role::Carrier).chain(place(Role::Derived)) {
                    let value = table.cell(*here, column);
                    let told = value.chars().count() >= TELLING;
                    same[column] += usize::from(told && there.row(row).any(|c| c == value));
                }
            }
            let most = (0..same.len()).max_by_key(|column| same[*column]);
            let Some(column) = most.filter(|c| same[*c] >= RECORDS) else {
                continue;
            };
            if same[column] as f64 >= REPEATS * met as f64 {
                return Err(Error::input(format!(
                    "`{}`, sheet `{}`, repeats column `{}` of {} records, so that its values would show which of the copy's are altered. Take \
                     that sheet out, or leave the others out of the copies with `--rebuild`.",
                    chosen.source.name,
                    other.sheet.as_deref().unwrap_or_default(),
                    table.header().get(column).map_or("", String::as_str),
                    same[column]
                )));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Limits, from_bytes};
    use rust_xlsxwriter::Workbook;

    /// A workbook of sheets with so many records each; the second column is a date.
    fn book(sheets: &[(&str, usize)]) -> Vec<Source> {
        let mut book = Workbook::new();
        for (name, rows) in sheets {
            let sheet = book.add_worksheet();
            sheet.set_name(*name).unwrap();
            sheet.write_row(0, 0, ["编号", "建档日期", "备注"]).unwrap();
            for row in 0..*rows as u32 {
                let id = format!("R{:05}", 17 * row + 3);
                let day = format!("2024-03-{:02}", row % 28 + 1);
                sheet
                    .write_row(row + 1, 0, [id.as_str(), &day, ""])
                    .unwrap();
            }
        }
        let bytes = book.save_to_buffer().unwrap();
        from_bytes("b.xlsx", bytes, &Limits::default()).unwrap()
    }

    #[test]
    fn the_register_is_found_by_content() {
        let chosen = choose(book(&[("说明", 1), ("登记", 60)]), None, "b.xlsx").unwrap();
        assert_eq!(chosen.source.sheet.as_deref(), Some("登记"));
        assert_eq!(chosen.others.len(), 1);
        let why = choose(book(&[("一月", 50), ("二月", 60)]), None, "b.xlsx").unwrap_err();
        assert!(
            why.to_string()
                .contains("`二月` (60 rows), `一月` (50 rows)")
        );
        let chosen = choose(book(&[("一月", 50), ("二月", 60)]), Some("一月"), "b.xlsx").unwrap();
        assert_eq!(chosen.source.table.rows(), 50);
        let why = choose(book(&[("一月", 50)]), Some("三月"), "b.xlsx").unwrap_err();
        assert!(why.to_string().contains("no sheet `三月`"));
    }

    #[test]
    fn a_sheet_that_repeats_the_marked_values_is_refused() {
        let chosen = choose(book(&[("一月", 50), ("二月", 60)]), Some("二月"), "b.xlsx").unwrap();
        let mut policy = infer::infer(&chosen.source.table);
        for column in &mut policy.columns {
            column.role = match column.name.as_str() {
                "编号" => Role::Identifier,
                "建档日期" => Role::Carrier,
                _ => Role::Plain,
            };
        }
        let why = refuse_repeats(&chosen, &policy).unwrap_err().to_string();
        assert!(
            why.contains("sheet `一月`, repeats column `建档日期` of 50 records"),
            "{why}"
        );
        policy.columns[1].role = Role::Plain;
        assert!(refuse_repeats(&chosen, &policy).is_ok());
    }
}
