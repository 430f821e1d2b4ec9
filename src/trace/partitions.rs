//! Which stretches a leak has, told from the leak alone: no codeword is in sight.

use std::collections::HashMap;

use super::stretches::{Family, NOWHERE, Partition, Place, Unweighed};
use crate::table::Table;

/// With fewer linked rows a leak is weighed as a whole only.
pub const LEAST_LEAK: usize = 100;
/// Linked rows of the shortest run.
const LEAST_RUN: usize = 100;
/// Linked rows of the least sheet, and of the rarest value, that is a stretch.
const LEAST_ROWS: usize = 24;
/// Runs are halved this often at most.
const HALVINGS: u32 = 6;
/// A column of few values has this many at most that are not rare,
const VALUES: usize = 128;
/// and this many in all.
const DISTINCT: usize = 1_000;
/// Columns that are looked at, at most.
const COLUMNS: usize = 6;
/// A column whose rows fall as another's do in this part of them adds nothing.
const ALIKE: f64 = 0.95;

/// The stretches of a leak: each table where there are several, runs of linked rows from halves down to 64ths, and each value of
/// columns of few values. `linked` are the rows that were linked, as (table, row), in order.
pub fn family(tables: &[&Table], linked: &[(u32, u32)]) -> Family {
    if linked.len() < LEAST_LEAK {
        return Family::default();
    }
    Family::new(vec![
        by_table(tables.len(), linked).into_iter().collect(),
        runs(linked.len()).into_iter().collect(),
        columns(tables, linked),
    ])
}

type Parted = (Partition, Vec<Vec<Unweighed>>);

fn by_table(tables: usize, linked: &[(u32, u32)]) -> Option<Parted> {
    let mut rows = vec![0usize; tables];
    for (table, _) in linked {
        *rows.get_mut(*table as usize)? += 1;
    }
    if tables > usize::from(NOWHERE) || rows.iter().filter(|n| **n > 0).count() < 2 {
        return None;
    }
    let partition = Partition {
        leaf_of: linked.iter().map(|(table, _)| *table as u16).collect(),
        leaves: tables,
    };
    let stretches = (0..tables)
        .filter(|t| rows[*t] >= LEAST_ROWS)
        .map(|t| (t..t + 1, Place::Table(t)));
    Some((partition, vec![stretches.collect()]))
}

fn runs(linked: usize) -> Option<Parted> {
    let halvings = (linked / LEAST_RUN).checked_ilog2()?.min(HALVINGS);
    if halvings == 0 {
        return None;
    }
    let leaves = 1usize << halvings;
    let starts = |leaf: usize| (leaf * linked).div_ceil(leaves);
    let partition = Partition {
        leaf_of: (0..linked)
            .map(|row| (row * leaves / linked) as u16)
            .collect(),
        leaves,
    };
    let level = |halving: u32| {
        let each = leaves >> halving;
        (0..1usize << halving)
            .map(|n| {
                let span = n * each..(n + 1) * each;
                let place = Place::Rows(starts(span.start), starts(span.end) - 1);
                (span, place)
            })
            .collect()
    };
    Some((partition, (1..=halvings).map(level).collect()))
}

/// A column of the leak: its name, and its place in each table that has it.
struct Column {
    name: String,
    places: HashMap<u32, usize>,
}

/// Columns of few values: those of words first, then those of numbers, in the leak's order.
fn columns(tables: &[&Table], linked: &[(u32, u32)]) -> Vec<Parted> {
    let mut all: Vec<Column> = Vec::new();
    let mut number_of: HashMap<String, usize> = HashMap::new();
    for (table, number) in tables.iter().zip(0u32..) {
        for place in 0..table.width() {
            let name = column_name(table, place);
            let at = *number_of.entry(name).or_insert_with_key(|name| {
                all.push(Column {
                    name: name.clone(),
                    places: HashMap::new(),
                });
                all.len() - 1
            });
            all[at].places.entry(number).or_insert(place);
        }
    }
    let mut found: Vec<(bool, Parted)> = all
        .iter()
        .filter_map(|of_name| column(tables, linked, of_name))
        .collect();
    found.sort_by_key(|(numbers, _)| *numbers);
    let mut kept: Vec<Parted> = Vec::new();
    for (_, parted) in found {
        if kept.len() < COLUMNS && !kept.iter().any(|k| alike(&k.0, &parted.0)) {
            kept.push(parted);
        }
    }
    kept
}

/// What a column is called: its header, or its number from 1.
fn column_name(table: &Table, place: usize) -> String {
    match table.header().get(place).map(|h| h.trim()) {
        Some(name) if !name.is_empty() => name.to_string(),
        _ => (place + 1).to_string(),
    }
}

/// The values of one column as stretches, and whether they are numbers.
fn column(tables: &[&Table], linked: &[(u32, u32)], of: &Column) -> Option<(bool, Parted)> {
    let mut number_of: HashMap<&str, u16> = HashMap::new();
    let mut rows: Vec<usize> = Vec::new();
    let mut values: Vec<u16> = Vec::with_capacity(linked.len());
    for same_table in linked.chunk_by(|a, b| a.0 == b.0) {
        let number = same_table[0].0;
        let table = tables.get(number as usize).zip(of.places.get(&number));
        for (_, row) in same_table {
            let cell = table.map_or("", |(t, place)| t.cell(*row as usize, *place).trim());
            if cell.is_empty() {
                values.push(NOWHERE);
                continue;
            }
            let next = rows.len() as u16;
            let number = *number_of.entry(cell).or_insert(next);
            if number == next {
                if rows.len() == DISTINCT {
                    return None;
                }
                rows.push(0);
            }
            rows[usize::from(number)] += 1;
            values.push(number);
        }
    }
    let frequent: Vec<bool> = rows.iter().map(|n| *n >= LEAST_ROWS).collect();
    let leaves = frequent.iter().filter(|f| **f).count();
    let whole = rows.iter().any(|n| *n as f64 > ALIKE * linked.len() as f64);
    if leaves == 0 || leaves > VALUES || rows.len() < 2 || whole {
        return None;
    }
    let mut texts = vec![""; rows.len()];
    for (text, number) in &number_of {
        texts[usize::from(*number)] = text;
    }
    let mut stretches: Vec<Unweighed> = Vec::with_capacity(leaves);
    let mut leaf_of_value = vec![NOWHERE; rows.len()];
    for (number, _) in frequent.iter().enumerate().filter(|(_, f)| **f) {
        let leaf = stretches.len();
        leaf_of_value[number] = leaf as u16;
        let place = Place::Value {
            column: of.name.clone(),
            value: texts[number].to_string(),
        };
        stretches.push((leaf..leaf + 1, place));
    }
    let leaf_of = values
        .iter()
        .map(|v| {
            leaf_of_value
                .get(usize::from(*v))
                .copied()
                .unwrap_or(NOWHERE)
        })
        .collect();
    let numbers = texts.iter().all(|t| t.parse::<f64>().is_ok());
    Some((numbers, (Partition { leaf_of, leaves }, vec![stretches])))
}

/// Whether two partitions divide the rows alike, but for a few.
fn alike(a: &Partition, b: &Partition) -> bool {
    let width = b.leaves + 1;
    let mut both = vec![0u32; (a.leaves + 1) * width];
    for (x, y) in a.leaf_of.iter().zip(&b.leaf_of) {
        both[usize::from(*x).min(a.leaves) * width + usize::from(*y).min(b.leaves)] += 1;
    }
    let most_of = |lines: &mut dyn Iterator<Item = u32>| lines.map(f64::from).sum::<f64>();
    let by_a = most_of(
        &mut both
            .chunks(width)
            .map(|line| *line.iter().max().unwrap_or(&0)),
    );
    let by_b = most_of(&mut (0..width).map(|y| {
        both.iter()
            .skip(y)
            .step_by(width)
            .copied()
            .max()
            .unwrap_or(0)
    }));
    by_a.min(by_b) >= ALIKE * a.leaf_of.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A table with a column of ten-row towns in blocks, a coarser one, a copy of the first under other words, and a number for each row.
    fn table(rows: usize) -> Table {
        let header = ["town", "county", "seat", "number", "sex"];
        let mut table = Table::new(header.map(String::from).to_vec(), 5);
        for row in 0..rows {
            let town = row * 10 / rows;
            table.push([
                format!("town {town}").as_str(),
                format!("county {}", town / 5).as_str(),
                format!("seat {town}").as_str(),
                format!("{row}").as_str(),
                ["f", "m", ""][row % 3],
            ]);
        }
        table
    }

    fn all(table: &Table) -> Vec<(u32, u32)> {
        (0..table.rows() as u32).map(|row| (0, row)).collect()
    }

    #[test]
    fn small_leaks_have_no_stretches() {
        let table = table(99);
        assert!(family(&[&table], &all(&table)).is_empty());
    }

    #[test]
    fn runs_are_halved_while_they_are_long_enough() {
        let (partition, levels) = runs(850).unwrap();
        assert_eq!(levels.len(), 3);
        assert_eq!((partition.leaves, partition.leaf_of.len()), (8, 850));
        for level in &levels {
            let mut next = 0;
            for (leaves, place) in level {
                let Place::Rows(from, to) = place else {
                    panic!("{place:?}")
                };
                assert_eq!(*from, next);
                next = to + 1;
                for row in *from..=*to {
                    assert!(leaves.contains(&usize::from(partition.leaf_of[row])));
                }
            }
            assert_eq!(next, 850);
        }
        assert!(runs(199).is_none() && runs(0).is_none());
        assert_eq!(runs(1_000_000).unwrap().1.len(), 6);
    }

    #[test]
    fn columns_of_few_values_are_stretches_and_twins_add_nothing() {
        let table = table(600);
        let family = family(&[&table], &all(&table));
        let of = |name: &str| {
            let values = family.stretches().iter().filter_map(|s| match &s.place {
                Place::Value { column, value } if column == name => Some((value.clone(), s.rows)),
                _ => None,
            });
            values.collect::<Vec<_>>()
        };
        assert_eq!(of("town").len(), 10);
        assert_eq!(
            of("county"),
            [("county 0".into(), 300), ("county 1".into(), 300)]
        );
        assert_eq!(of("sex"), [("f".into(), 200), ("m".into(), 200)]);
        assert!(of("seat").is_empty() && of("number").is_empty());
        let total: f64 = family.stretches().iter().map(|s| s.weight).sum();
        assert!((total - 0.1).abs() < 1e-12, "{total}");
    }

    #[test]
    fn tables_are_stretches_where_there_are_several_and_share_columns_by_name() {
        let (a, b) = (table(300), table(150));
        let linked: Vec<(u32, u32)> = all(&a)
            .into_iter()
            .chain(all(&b).iter().map(|(_, row)| (1, *row)))
            .collect();
        let family = family(&[&a, &b], &linked);
        let tables: Vec<usize> = family
            .stretches()
            .iter()
            .filter(|s| matches!(s.place, Place::Table(_)))
            .map(|s| s.rows)
            .collect();
        assert_eq!(tables, [300, 150]);
        let town = Place::Value {
            column: "town".into(),
            value: "town 3".into(),
        };
        let found = family.stretches().iter().find(|s| s.place == town);
        assert_eq!(found.map(|s| s.rows), Some(45));
    }
}
