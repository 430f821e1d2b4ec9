//! Which of a workbook's sheets is the table, and what the others may not hold.

use std::collections::{HashMap, HashSet};

use super::Given;
use super::register::fits;
use crate::error::{Error, Result, did_you_mean};
use crate::ledger::Ledger;
use crate::parallel;
use crate::policy::{Kind, Policy, Role, infer, text};
use crate::table::{Source, Table};

/// A sheet is the register beyond doubt if it has so many times the rows of every other that could be one.
const TIMES: usize = 5;
/// Another sheet repeats a column if so large a part of the records that it names ...
const REPEATS: f64 = 0.3;
/// ... and at least so many of them have the same value there.
const RECORDS: usize = 3;
/// Another sheet lists a table's records if it has so large a part of them.
const LISTS: f64 = 0.8;
/// Shorter values agree by chance.
const TELLING: usize = 3;

/// A file's tables that are meant, and the other sheets that hold something.
#[derive(Debug)]
pub struct Chosen {
    /// The tables that are meant, in the order of their sheets.
    pub tables: Vec<Source>,
    /// Everything else in the workbook.
    pub others: Vec<Source>,
}

/// The tables that are meant: the sheets of these names; where none is named, the one that looks like a register (a header, rows, a
/// column that identifies them).
///
/// # Errors
/// No such sheet; several that could be meant.
pub fn choose(sources: Vec<Source>, sheets: &[String], name: &str) -> Result<Chosen> {
    let mut at = match sheets {
        [] => vec![by_content(&sources, name)?],
        sheets => {
            let found = sheets.iter().map(|sheet| named(&sources, sheet, name));
            found.collect::<Result<Vec<usize>>>()?
        }
    };
    at.sort_unstable();
    at.dedup();
    let mut chosen = Chosen {
        tables: Vec::with_capacity(at.len()),
        others: Vec::new(),
    };
    for (number, source) in sources.into_iter().enumerate() {
        match at.contains(&number) {
            true => chosen.tables.push(source),
            false => chosen.others.push(source),
        }
    }
    Ok(chosen)
}

/// The one table that is meant, as [`choose`] finds it.
///
/// # Errors
/// As those of `choose`.
pub fn choose_one(mut sources: Vec<Source>, sheet: Option<&str>, name: &str) -> Result<Source> {
    let at = match sheet {
        Some(sheet) => named(&sources, sheet, name)?,
        None => by_content(&sources, name)?,
    };
    Ok(sources.swap_remove(at))
}

/// The sheets that hold registers of which the policy names the sheet.
fn of_registers(ledger: &Ledger, sources: &[Source]) -> Result<Vec<String>> {
    let mut sheets = Vec::new();
    for register in ledger.registers()? {
        let policy = text::read(&register.name, &register.policy_toml)?;
        let Some(sheet) = policy.sheet.clone() else {
            continue;
        };
        let found = sources.iter().find(|s| s.sheet.as_ref() == Some(&sheet));
        if found.is_some_and(|source| fits(&policy, source)) && !sheets.contains(&sheet) {
            sheets.push(sheet);
        }
    }
    Ok(sheets)
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

/// Which sheets are meant: those that are named, else those that the policies name, else those of registers whose policy names its
/// sheet, so that nobody need name them month after month; none where all of them leave it open.
///
/// # Errors
/// A ledger that cannot be read.
pub fn meant(
    named: &[String],
    policies: &[(String, Policy)],
    ledger: &Ledger,
    sources: &[Source],
) -> Result<Vec<String>> {
    if !named.is_empty() {
        return Ok(named.to_vec());
    }
    let of_policies = policies.iter().filter_map(|(_, p)| p.sheet.clone());
    let of_policies: Vec<String> = of_policies.collect();
    match of_policies.is_empty() {
        true => of_registers(ledger, sources),
        false => Ok(of_policies),
    }
}

/// The tables with the policy of each, by the sheets that these name; `policies` have the names of their files.
///
/// # Errors
/// A policy for none of the tables, two for one, or one that does not say for which of several it is; a register named for several.
pub fn given<'c>(
    chosen: &'c Chosen,
    policies: Vec<(String, Policy)>,
    register: Option<&str>,
) -> Result<Vec<Given<'c>>> {
    let several = chosen.tables.len() > 1;
    if let Some(register) = register.filter(|_| several) {
        return Err(Error::input(format!(
            "`{register}` cannot be the register of {} tables. Leave `--register` out: each finds its own by columns and sheet, or gets a new one.",
            chosen.tables.len()
        )));
    }
    let all = || chosen.tables.iter().chain(&chosen.others);
    let whole = |source: &Source| !source.is_rebuilt() && source.converted.is_none();
    let mut given: Vec<Given<'c>> = chosen
        .tables
        .iter()
        .map(|source| Given {
            register: register.map(str::to_string),
            beside: match whole(source) {
                true => all().filter(|s| !std::ptr::eq(*s, source)).collect(),
                false => Vec::new(),
            },
            ..Given::alone(source)
        })
        .collect();
    for (file, policy) in policies {
        let its = |table: &&mut Given<'_>| match &policy.sheet {
            Some(sheet) => table.source.sheet.as_ref() == Some(sheet),
            None => !several,
        };
        let Some(table) = given.iter_mut().find(its) else {
            return Err(Error::input(match &policy.sheet {
                Some(sheet) => format!(
                    "`{file}` is the policy of sheet `{sheet}`, which is not among those that get marks. Name that sheet with `--sheet`, or leave \
                     the policy out."
                ),
                None => format!(
                    "`{file}` does not say for which of {} tables it is. Write `sheet = \"NAME\"` at its top.",
                    chosen.tables.len()
                ),
            }));
        };
        if table.policy.replace(policy).is_some() {
            return Err(Error::input(format!(
                "`{file}` is the second policy of one table. Give one for each."
            )));
        }
    }
    Ok(given)
}

/// The row of each of a table's records, by each identifier column but names.
fn identified<'t>(table: &'t Table, policy: &Policy) -> Vec<HashMap<&'t str, usize>> {
    let identifiers = policy
        .columns
        .iter()
        .filter(|c| c.role == Role::Identifier && c.kind != Kind::Name)
        .filter_map(|c| table.position(&c.name));
    let rows = |place| {
        let mut rows: HashMap<&str, usize> = HashMap::new();
        for (row, cell) in table.column(place).enumerate() {
            if cell.chars().count() > TELLING {
                rows.entry(cell).or_insert(row);
            }
        }
        rows
    };
    identifiers.map(rows).collect()
}

/// Refuses a workbook in which another sheet repeats values that this one's copies alter: side by side they would show every mark.
///
/// # Errors
/// Names the sheet and the column.
pub fn refuse_repeats(source: &Source, others: &[&Source], policy: &Policy) -> Result<()> {
    if others.is_empty() {
        return Ok(());
    }
    let table = &source.table;
    let altered: Vec<usize> = policy
        .columns
        .iter()
        .filter(|c| matches!(c.role, Role::Carrier | Role::Derived))
        .filter_map(|c| table.position(&c.name))
        .collect();
    for rows in identified(table, policy) {
        for other in others {
            let there = &other.table;
            let mut met = 0usize;
            let mut same = vec![0usize; table.width()];
            for row in 0..there.rows() {
                let Some(here) = there.row(row).find_map(|cell| rows.get(cell)) else {
                    continue;
                };
                met += 1;
                for column in &altered {
                    let value = table.cell(*here, *column);
                    let told = value.chars().count() >= TELLING;
                    same[*column] += usize::from(told && there.row(row).any(|c| c == value));
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
                    source.name,
                    other.sheet.as_deref().unwrap_or_default(),
                    table.header().get(column).map_or("", String::as_str),
                    same[column]
                )));
            }
        }
    }
    Ok(())
}

/// Another sheet that lists a table's records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    sheet: String,
    column: String,
}

impl Listed {
    /// What follows from it.
    pub fn words(&self) -> String {
        format!(
            "sheet `{}` lists these records (column `{}`) and could not list invented ones, which would stand out: copies get no canaries here \
             (`--canaries N` asks for some all the same)",
            self.sheet, self.column
        )
    }
}

/// The sheet that lists nearly all of a table's records, if one does: a canary would be one of the few that it lacks.
pub fn listed(source: &Source, others: &[&Source], policy: &Policy) -> Option<Listed> {
    for rows in identified(&source.table, policy) {
        for other in others {
            for column in 0..other.table.width() {
                let cells: HashSet<&str> = other.table.column(column).collect();
                let met = rows.keys().filter(|id| cells.contains(*id)).count();
                if met >= RECORDS && met as f64 >= LISTS * rows.len() as f64 {
                    let header = other.table.header().get(column);
                    return Some(Listed {
                        sheet: other.sheet.clone().unwrap_or_default(),
                        column: header.map_or(String::new(), String::clone),
                    });
                }
            }
        }
    }
    None
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
        let chosen = choose(book(&[("说明", 1), ("登记", 60)]), &[], "b.xlsx").unwrap();
        assert_eq!(chosen.tables[0].sheet.as_deref(), Some("登记"));
        assert_eq!((chosen.tables.len(), chosen.others.len()), (1, 1));
        let why = choose(book(&[("一月", 50), ("二月", 60)]), &[], "b.xlsx").unwrap_err();
        assert!(
            why.to_string()
                .contains("`二月` (60 rows), `一月` (50 rows)")
        );
        let one = choose_one(book(&[("一月", 50), ("二月", 60)]), Some("一月"), "b.xlsx").unwrap();
        assert_eq!(one.table.rows(), 50);
        let two = ["二月".to_string(), "一月".to_string(), "二月".to_string()];
        let chosen = choose(book(&[("一月", 50), ("二月", 60)]), &two, "b.xlsx").unwrap();
        let rows = chosen.tables.iter().map(|s| s.table.rows());
        assert_eq!(rows.collect::<Vec<usize>>(), [50, 60]);
        let why = choose_one(book(&[("一月", 50)]), Some("三月"), "b.xlsx").unwrap_err();
        assert!(why.to_string().contains("no sheet `三月`"));
    }

    #[test]
    fn a_sheet_that_repeats_the_marked_values_is_refused() {
        let sources = book(&[("一月", 50), ("二月", 60)]);
        let (january, february) = (&sources[0], &sources[1]);
        let mut policy = infer::infer(&february.table);
        for column in &mut policy.columns {
            column.role = match column.name.as_str() {
                "编号" => Role::Identifier,
                "建档日期" => Role::Carrier,
                _ => Role::Plain,
            };
        }
        let why = refuse_repeats(february, &[january], &policy)
            .unwrap_err()
            .to_string();
        assert!(
            why.contains("sheet `一月`, repeats column `建档日期` of 50 records"),
            "{why}"
        );
        policy.columns[1].role = Role::Plain;
        assert!(refuse_repeats(february, &[january], &policy).is_ok());

        // five in six of February's are among January's
        assert!(listed(february, &[january], &policy).is_some());
        let fewer = &book(&[("一月", 40)])[0];
        assert_eq!(listed(february, &[fewer], &policy), None);
    }
}
