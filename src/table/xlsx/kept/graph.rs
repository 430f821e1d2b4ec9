//! Which formulas depend on the table, directly or through others, and in which order they are worked out.

use std::collections::{BTreeMap, HashSet};

use super::engine::Place;
use super::said::Said;
use crate::table::xlsx::moves::Rows;
use crate::table::xlsx::refs::address::Area;

/// More ties between formulas are not followed.
const MOST_TIES: usize = 2_000_000;
/// Nor longer rows of formulas that depend on each other.
const MOST_ROUNDS: u32 = 16;

/// A cell with a formula, and what it says by number.
#[derive(Clone, Copy, Debug)]
pub struct Formula {
    pub place: Place,
    pub said: u32,
}

/// Formulas that stand or fall together: those of a column of the table, or one elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Unit {
    /// By number.
    pub formulas: Vec<u32>,
    /// The round in which they are worked out.
    pub round: u32,
    /// The column of the table.
    pub column: Option<u16>,
    /// Whether the calculation came to all the values that the source keeps.
    pub proven: bool,
}

/// What is looked at.
pub struct Scene<'a> {
    pub formulas: &'a [Formula],
    pub said: &'a [Said],
    /// The table's sheet and rows.
    pub table: usize,
    pub rows: Rows,
}

/// Where formulas stand.
#[derive(Default)]
struct Places {
    columns: BTreeMap<u16, u32>,
    others: BTreeMap<(usize, u16), Vec<(u32, u32)>>,
}

impl Scene<'_> {
    fn in_table(&self, (sheet, row, _): Place) -> bool {
        sheet == self.table && (self.rows.0..=self.rows.1).contains(&row)
    }

    fn meets_table(&self, sheet: usize, area: &Area) -> bool {
        sheet == self.table && area.top <= self.rows.1 && area.bottom >= self.rows.0
    }

    /// The formulas that depend on the table, in the order of their rounds; `None` where they are too many, go round in circles,
    /// or cannot be told.
    pub fn units(&self) -> Option<Vec<Unit>> {
        let (mut units, places) = self.grouped();
        let mut feeds: Vec<Vec<u32>> = vec![Vec::new(); units.len()];
        let mut direct = vec![false; units.len()];
        let mut ties = 0;
        for (number, unit) in units.iter().enumerate() {
            let (mut of, from_table) = self.ties(unit, &places, &mut ties)?;
            direct[number] = from_table;
            of.sort_unstable();
            of.dedup();
            for feeder in of {
                let subtotals = |unit: &Unit| {
                    let said = |f: &u32| &self.said[self.formulas[*f as usize].said as usize];
                    unit.formulas.iter().any(|f| said(f).subtotals)
                };
                // these pass over each other, which a calculation from values cannot
                if subtotals(unit) && subtotals(&units[feeder as usize]) {
                    return None;
                }
                feeds[feeder as usize].push(number as u32);
            }
        }
        // everything that depends on the table
        let mut open: Vec<u32> = (0..units.len() as u32)
            .filter(|n| direct[*n as usize])
            .collect();
        let mut affected = direct;
        while let Some(number) = open.pop() {
            for reader in &feeds[number as usize] {
                if !std::mem::replace(&mut affected[*reader as usize], true) {
                    open.push(*reader);
                }
            }
        }
        let mut waits = vec![0u32; units.len()];
        for (feeder, readers) in feeds.iter().enumerate().filter(|(n, _)| affected[*n]) {
            let _ = feeder;
            readers
                .iter()
                .for_each(|reader| waits[*reader as usize] += 1);
        }
        let mut ready: Vec<u32> = (0..units.len() as u32)
            .filter(|n| affected[*n as usize] && waits[*n as usize] == 0)
            .collect();
        let mut done = 0;
        while let Some(number) = ready.pop() {
            done += 1;
            let round = units[number as usize].round + 1;
            for reader in &feeds[number as usize] {
                let reader = *reader as usize;
                units[reader].round = units[reader].round.max(round);
                waits[reader] -= 1;
                if waits[reader] == 0 {
                    ready.push(reader as u32);
                }
            }
        }
        let all = affected.iter().filter(|yes| **yes).count();
        let mut units: Vec<Unit> = units
            .into_iter()
            .zip(affected)
            .filter_map(|(unit, affected)| affected.then_some(unit))
            .collect();
        units.sort_by_key(|unit| unit.round);
        let fits = units.last().is_none_or(|unit| unit.round < MOST_ROUNDS);
        (done == all && fits).then_some(units)
    }

    fn grouped(&self) -> (Vec<Unit>, Places) {
        let mut units: Vec<Unit> = Vec::new();
        let mut places = Places::default();
        for (number, formula) in self.formulas.iter().enumerate() {
            let (sheet, row, column) = formula.place;
            let new = units.len() as u32;
            let unit = match self.in_table(formula.place) {
                true => *places.columns.entry(column).or_insert(new),
                false => {
                    let list = places.others.entry((sheet, column)).or_default();
                    list.push((row, new));
                    new
                }
            };
            if unit == new {
                units.push(Unit {
                    column: self.in_table(formula.place).then_some(column),
                    ..Unit::default()
                });
            }
            units[unit as usize].formulas.push(number as u32);
        }
        (units, places)
    }

    /// The units that a unit reads, and whether it reads the table.
    fn ties(&self, unit: &Unit, places: &Places, ties: &mut usize) -> Option<(Vec<u32>, bool)> {
        let mut of = Vec::new();
        let mut from_table = false;
        let mut seen = HashSet::new();
        for number in &unit.formulas {
            let formula = self.formulas[*number as usize];
            let said = &self.said[formula.said as usize];
            let (sheet, row, column) = formula.place;
            // in a column of the table, formulas that say the same read the same columns
            let again = unit.column.is_some() && !seen.insert(formula.said);
            from_table |= said.of_its_row && sheet == self.table;
            for read in &said.reads {
                let own = read.is_own_row() && read.sheet == self.table;
                if again && (own || read.is_fixed()) {
                    continue;
                }
                let area = read.area(row, u32::from(column))?;
                if self.meets_table(read.sheet, &area) {
                    from_table = true;
                    let columns = area.left as u16..=area.right as u16;
                    of.extend(places.columns.range(columns).map(|(_, unit)| *unit));
                }
                let range = (read.sheet, area.left as u16)..=(read.sheet, area.right as u16);
                for (_, list) in places.others.range(range) {
                    let from = list.partition_point(|(row, _)| *row < area.top);
                    let to = list.partition_point(|(row, _)| *row <= area.bottom);
                    of.extend(list[from..to.max(from)].iter().map(|(_, unit)| *unit));
                }
            }
        }
        *ties += of.len();
        (*ties <= MOST_TIES).then_some((of, from_table))
    }
}
