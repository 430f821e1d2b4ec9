//! Each recipient's own rows: who gets which, by the value of one column.
//!
//! The rows of one recipient are a table of their own in every respect: entered as one, with its own numbering, canaries and order.
//! So a trace knows which records a recipient ever held, and nobody shares a row, a canary or a neighbour with anybody else.

use std::collections::HashMap;

use unicode_normalization::UnicodeNormalization;

use super::names;
use crate::error::{Error, Result, did_you_mean};
use crate::table::Source;
use crate::value::text::fold;

/// Fewer rows than this make no copy: a single one has nothing to hide a mark in.
const LEAST_ROWS: usize = 2;

/// The column whose values say who gets a row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct By {
    /// The column's name.
    pub column: String,
    /// Recipients of values that are no recipient's name, from a file.
    pub names: Option<NameMap>,
}

/// Whose a value is, where that is not the recipient of the same name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NameMap {
    /// The file, for messages.
    pub origin: String,
    /// (value, recipient); a blank recipient is nobody.
    pub pairs: Vec<(String, String)>,
}

/// Why rows go to nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The value is blank.
    Blank,
    /// Its recipient is not among those named.
    NotNamed,
    /// The mapping says that it is nobody's.
    Nobodys,
    /// There are too few rows to make a copy of.
    TooFew,
}

impl Reason {
    /// In words, to follow on the value.
    pub fn words(self) -> &'static str {
        match self {
            Reason::Blank => "no value",
            Reason::NotNamed => "not a recipient named",
            Reason::Nobodys => "nobody's by the mapping",
            Reason::TooFew => "a single row, too little to hide a mark in",
        }
    }
}

/// Rows that nobody gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unassigned {
    /// The value that they have.
    pub value: String,
    /// How many there are.
    pub rows: usize,
    /// Why nobody gets them.
    pub reason: Reason,
}

/// Who gets which rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Division {
    /// The column's name.
    pub column: String,
    /// Its place in the table.
    pub place: usize,
    /// Everybody who gets a copy, and the rows of each, rising.
    pub recipients: Vec<(String, Vec<u32>)>,
    /// What nobody gets.
    pub nobody: Vec<Unassigned>,
    /// Values of the mapping that the column does not have.
    pub unused: Vec<String>,
}

/// The rows of one value.
struct Group {
    /// As the first of them has it.
    text: String,
    rows: Vec<u32>,
}

/// Divides a table's rows. `named`: who may get some; everybody where it is empty. `known`: recipients of the vault, whose names
/// are kept however a value writes them.
pub fn divide(source: &Source, by: &By, named: &[String], known: &[String]) -> Result<Division> {
    let table = &source.table;
    let Some(place) = table.position(&by.column) else {
        let hint = did_you_mean(&by.column, table.header().iter().map(String::as_str));
        let message = format!(
            "`{}` has no column `{}` to divide its rows by. {hint}",
            source.name, by.column
        );
        return Err(Error::input(message.trim_end()));
    };
    let mut division = Division {
        column: by.column.clone(),
        place,
        ..Division::default()
    };
    let groups = groups(source, place);
    let mapped = mapping(by, &groups, &mut division.unused)?;
    let mut at: HashMap<String, usize> = HashMap::new();
    for name in named {
        at.insert(fold(name).into_owned(), division.recipients.len());
        division.recipients.push((name.clone(), Vec::new()));
    }
    for group in groups {
        let key = fold(&group.text).into_owned();
        let mapped = mapped.get(&key).map(String::as_str);
        let name = mapped.unwrap_or(&group.text);
        let reason = match mapped {
            _ if key.is_empty() => Some(Reason::Blank),
            Some(name) if name.trim().is_empty() => Some(Reason::Nobodys),
            _ => None,
        };
        let to = fold(name).into_owned();
        let known_place = at.get(&to).copied();
        let reason =
            reason.or((known_place.is_none() && !named.is_empty()).then_some(Reason::NotNamed));
        if let Some(reason) = reason {
            division.leave(group, reason);
            continue;
        }
        let number = match known_place {
            Some(number) => number,
            None => {
                let name = spelled(name, &to, known);
                names::fault(&name)
                    .map_or(Ok(()), |why| Err(unfit(&group.text, &name, &why, by)))?;
                at.insert(to, division.recipients.len());
                division.recipients.push((name, Vec::new()));
                division.recipients.len() - 1
            }
        };
        division.recipients[number].1.extend(group.rows);
    }
    division.settle(source, named)?;
    Ok(division)
}

/// The rows of each value, values in the order in which they come.
fn groups(source: &Source, place: usize) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    // most cells are written like one before, and need no folding
    let mut seen: HashMap<&str, usize> = HashMap::new();
    let mut folded: HashMap<String, usize> = HashMap::new();
    for (row, cell) in source.table.column(place).enumerate() {
        let number = *seen.entry(cell).or_insert_with(|| {
            *folded.entry(fold(cell).into_owned()).or_insert_with(|| {
                groups.push(Group {
                    text: cell.trim().to_string(),
                    rows: Vec::new(),
                });
                groups.len() - 1
            })
        });
        groups[number].rows.push(row as u32);
    }
    groups
}

/// The mapping by folded value. What it says of values that the table has not is noted.
fn mapping(by: &By, groups: &[Group], unused: &mut Vec<String>) -> Result<HashMap<String, String>> {
    let mut mapped: HashMap<String, String> = HashMap::new();
    let Some(names) = &by.names else {
        return Ok(mapped);
    };
    let there: std::collections::HashSet<String> =
        groups.iter().map(|g| fold(&g.text).into_owned()).collect();
    for (value, recipient) in &names.pairs {
        let key = fold(value).into_owned();
        if !there.contains(&key) {
            unused.push(value.clone());
        }
        let before = mapped.insert(key, recipient.clone());
        if before.is_some_and(|before| fold(&before) != fold(recipient)) {
            return Err(Error::input(format!(
                "`{}` gives the value `{value}` to two recipients. Name each value once.",
                names.origin
            )));
        }
    }
    Ok(mapped)
}

/// A recipient's name: as the vault knows it, else the value without what handling adds.
fn spelled(name: &str, folded: &str, known: &[String]) -> String {
    let plain: String = name.trim().nfkc().collect();
    let exact = known.iter().find(|k| *k == name || **k == plain);
    let known = exact.or_else(|| known.iter().find(|k| fold(k) == folded));
    known.cloned().unwrap_or(plain)
}

fn unfit(value: &str, name: &str, why: &str, by: &By) -> Error {
    let cure = match &by.names {
        Some(names) => format!("Give it another in `{}`", names.origin),
        None => "Give it one with `--names FILE`, a CSV with the columns `value` and `recipient`"
            .to_string(),
    };
    Error::input(format!(
        "the value `{}` of column `{}` cannot have `{}` as its recipient's name, which {why}. {cure}.",
        value.escape_debug(),
        by.column,
        name.escape_debug()
    ))
}

impl Division {
    fn leave(&mut self, group: Group, reason: Reason) {
        self.nobody.push(Unassigned {
            value: group.text,
            rows: group.rows.len(),
            reason,
        });
    }

    /// Takes out who gets too little for a copy, and puts everybody's rows in order.
    fn settle(&mut self, source: &Source, named: &[String]) -> Result<()> {
        let empty: Vec<&String> = self
            .recipients
            .iter()
            .filter(|(_, rows)| rows.is_empty())
            .map(|(name, _)| name)
            .collect();
        if let Some(name) = empty.first() {
            let values = self.nobody.iter().filter(|u| u.reason == Reason::NotNamed);
            let hint = did_you_mean(name, values.map(|u| u.value.as_str()));
            let others = match empty.len() {
                1 => String::new(),
                n => format!(" (nor {} others that were named)", n - 1),
            };
            return Err(Error::input(format!(
                "no row of `{}` has the recipient `{name}` in column `{}`{others}. {}Leave out who has no rows, or map values to recipients \
                 with `--names FILE`.",
                source.name,
                self.column,
                if hint.is_empty() {
                    hint
                } else {
                    format!("{hint} ")
                }
            )));
        }
        let (enough, few): (Vec<_>, Vec<_>) = std::mem::take(&mut self.recipients)
            .into_iter()
            .partition(|(_, rows)| rows.len() >= LEAST_ROWS);
        self.recipients = enough;
        self.nobody
            .extend(few.into_iter().map(|(value, rows)| Unassigned {
                value,
                rows: rows.len(),
                reason: Reason::TooFew,
            }));
        for (_, rows) in &mut self.recipients {
            rows.sort_unstable();
        }
        self.nobody.sort_by_key(|u| std::cmp::Reverse(u.rows));
        if self.recipients.is_empty() {
            let whom = match named.is_empty() {
                true => "no value of it stands in two rows",
                false => "nobody named has two rows",
            };
            return Err(Error::input(format!(
                "`{}` cannot be divided by column `{}`: {whom}. Choose the column that says who gets a row.",
                source.name, self.column
            )));
        }
        Ok(())
    }

    /// How many rows nobody gets.
    pub fn rows_of_nobody(&self) -> usize {
        self.nobody.iter().map(|u| u.rows).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Limits, from_bytes};

    fn source(values: &[&str]) -> Source {
        let rows: String = values
            .iter()
            .enumerate()
            .map(|(n, v)| format!("{n},\"{v}\"\n"))
            .collect();
        let csv = format!("编号,医院\n{rows}");
        from_bytes("t.csv", csv.into_bytes(), &Limits::default())
            .unwrap()
            .remove(0)
    }

    fn by(pairs: &[(&str, &str)]) -> By {
        let pairs = pairs.iter().map(|(v, r)| (v.to_string(), r.to_string()));
        By {
            column: "医院".into(),
            names: (pairs.len() > 0).then(|| NameMap {
                origin: "names.csv".into(),
                pairs: pairs.collect(),
            }),
        }
    }

    fn rows<'d>(division: &'d Division, name: &str) -> &'d [u32] {
        let found = division.recipients.iter().find(|(n, _)| n == name);
        found.map_or(&[], |(_, rows)| rows)
    }

    #[test]
    fn every_row_goes_to_one_recipient_or_is_counted() {
        let table = source(&[
            "一院", "二院", " 一院", "", "二院 ", "三院", "１院", "1院", "一院",
        ]);
        let all = divide(&table, &by(&[]), &[], &[]).unwrap();
        assert_eq!(rows(&all, "一院"), [0, 2, 8]);
        assert_eq!(rows(&all, "二院"), [1, 4]);
        assert_eq!(rows(&all, "1院"), [6, 7], "full width is the same value");
        let nobody: Vec<(&str, usize, Reason)> = all
            .nobody
            .iter()
            .map(|u| (u.value.as_str(), u.rows, u.reason))
            .collect();
        assert_eq!(
            nobody,
            [("", 1, Reason::Blank), ("三院", 1, Reason::TooFew)]
        );
        let given: usize = all.recipients.iter().map(|(_, r)| r.len()).sum();
        assert_eq!(given + all.rows_of_nobody(), 9);

        let some = divide(&table, &by(&[]), &["二院".into()], &[]).unwrap();
        assert_eq!(some.recipients.len(), 1);
        assert_eq!(some.nobody[0].value, "一院");
        assert_eq!(some.nobody[0].reason, Reason::NotNamed);
    }

    #[test]
    fn a_mapping_gives_several_values_to_one_and_some_to_nobody() {
        let table = source(&["一院", "一院东区", "二院", "二院", "退件", "退件"]);
        let by = by(&[
            ("一院", "First"),
            ("一院东区 ", "First"),
            ("退件", ""),
            ("五院", "Fifth"),
        ]);
        let all = divide(&table, &by, &[], &[]).unwrap();
        assert_eq!(rows(&all, "First"), [0, 1]);
        assert_eq!(rows(&all, "二院"), [2, 3]);
        assert_eq!(all.unused, ["五院"]);
        assert_eq!(all.nobody[0].reason, Reason::Nobodys);
        let twice = self::by(&[("一院", "First"), ("一院", "Second")]);
        let refused = divide(&table, &twice, &[], &[]).unwrap_err().to_string();
        assert!(refused.contains("two recipients") && refused.contains("names.csv"));
    }

    #[test]
    fn a_recipient_whom_the_vault_knows_keeps_the_name() {
        let table = source(&["一院（东）", "一院(东)", "ward b", "ward b"]);
        let all = divide(
            &table,
            &by(&[]),
            &[],
            &["一院（东）".into(), "Ward B".into()],
        )
        .unwrap();
        let names: Vec<&str> = all.recipients.iter().map(|(n, _)| n.as_str()).collect();
        assert_eq!(names, ["一院（东）", "Ward B"]);
        let new = divide(&table, &by(&[]), &[], &[]).unwrap();
        assert_eq!(new.recipients[0].0, "一院(东)");
    }

    #[test]
    fn what_cannot_be_divided_is_refused_with_the_way_out() {
        let table = source(&["一院", "一院", "a/b", "a/b"]);
        let refused =
            |by: &By, named: &[String]| divide(&table, by, named, &[]).unwrap_err().to_string();
        let slash = refused(&by(&[]), &[]);
        assert!(
            slash.contains("`a/b`") && slash.contains("--names"),
            "{slash}"
        );
        let mapped = refused(&by(&[("a/b", "x:y")]), &[]);
        assert!(mapped.contains("names.csv"), "{mapped}");
        let missing = refused(&by(&[]), &["一院".into(), "二院".into()]);
        assert!(missing.contains("`二院`"), "{missing}");
        let column = By {
            column: "医 院".into(),
            names: None,
        };
        assert!(refused(&column, &[]).contains("Did you mean `医院`?"));
        let single = divide(&source(&["a", "b", "c"]), &by(&[]), &[], &[]);
        assert!(single.unwrap_err().to_string().contains("two rows"));
    }
}
