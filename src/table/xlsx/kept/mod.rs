//! The values that a workbook keeps beside its formulas, for a copy whose cells are not all as they were.
//!
//! A program that opens a workbook shows what was kept, and only spreadsheet programs calculate again. So a copy keeps values, too,
//! but none that an original value made: what depends on a cell that is altered, or on rows put in, is worked out anew.
//!
//! Nobody has to believe the calculation (`engine`). Before any copy it works out the source's own formulas from the source's own
//! values, and counts for those columns and cells alone in which it comes to every value that the source keeps ([`Known::learn`]).
//! A copy that would need another has no kept values at all, all formulas alike, as has one of a workbook that is too large, or
//! whose formulas cannot be told: then programs are asked to calculate.
//!
//! `said` reads formulas, `graph` finds what depends on what, `store` has the source's values, and `copy` is about one copy.

mod copy;
mod engine;
mod graph;
mod said;
mod store;
mod value;
mod wanted;

use std::collections::{BTreeSet, HashMap};

use self::copy::Hand;
pub use self::copy::{Anew, Changes, OnSheet};
use self::engine::{Asked, Job};
use self::graph::{Formula, Scene, Unit};
use self::said::{Here, Said};
use self::store::Store;
pub use self::value::Value;
use self::wanted::Wanted;
use super::formulas::Formulas;
use super::moves::Rows;
use super::refs::words::Words;
use super::rows::Cells;
use super::scan::Scan;
use super::strings::Strings;

/// More formulas are left to spreadsheet programs.
const MOST_FORMULAS: usize = 200_000;

/// A workbook as far as its formulas go.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub scans: &'a [Scan],
    pub strings: Option<&'a Strings>,
    /// The table's sheet, by its tab, and its rows.
    pub table: usize,
    pub rows: Rows,
}

/// What is known of a workbook's formulas that depend on its table.
#[derive(Clone, Debug)]
pub struct Known {
    sheets: Vec<String>,
    /// Behind which row each sheet has nothing.
    ends: Vec<u32>,
    table: usize,
    rows: Rows,
    /// The formulas that cells of a sheet share.
    shared: Vec<Formulas>,
    words: Words,
    formulas: Vec<Formula>,
    said: Vec<Said>,
    /// In the order of their rounds.
    units: Vec<Unit>,
    store: Store,
    /// How values are put down, by sheet.
    hands: Vec<Hand>,
}

impl Known {
    /// Learns what depends on the table, and where the calculation can be trusted; `None` where it never can, or where the source
    /// keeps no values either.
    pub fn learn(source: &Source<'_>, words: Words) -> Option<Known> {
        let scans = source.scans;
        let count: usize = scans.iter().map(|scan| scan.formulas.len()).sum();
        if count > MOST_FORMULAS || scans.iter().any(|scan| scan.iso) {
            return None;
        }
        let end = |scan: &Scan| scan.layout.rows.last().map_or(0, |row| row.number);
        let mut known = Known {
            sheets: scans.iter().map(|scan| scan.sheet.clone()).collect(),
            ends: scans.iter().map(end).collect(),
            table: source.table,
            rows: source.rows,
            shared: Vec::new(),
            words,
            formulas: Vec::new(),
            said: Vec::new(),
            units: Vec::new(),
            store: Store::default(),
            hands: Vec::new(),
        };
        let mut numbers: HashMap<(String, bool), u32> = HashMap::new();
        for (sheet, scan) in scans.iter().enumerate() {
            known.read(sheet, scan, &mut numbers)?;
        }
        let scene = Scene {
            formulas: &known.formulas,
            said: &known.said,
            table: known.table,
            rows: known.rows,
        };
        known.units = scene.units()?;
        known.prove(source)?;
        Some(known)
    }

    /// Reads the formulas of a sheet.
    fn read(
        &mut self,
        sheet: usize,
        scan: &Scan,
        numbers: &mut HashMap<(String, bool), u32>,
    ) -> Option<()> {
        let mut rows: Vec<u32> = scan.formulas.iter().map(|(row, _)| *row).collect();
        rows.dedup();
        let shared = Formulas::of(&scan.bytes, &scan.layout, rows.iter().copied());
        let mut of_shared: HashMap<&[u8], u32> = HashMap::new();
        let mut says_numbers = false;
        for row in rows {
            let at = scan.layout.find(row)?;
            for cell in Cells::of(&scan.bytes, scan.layout.rows[at]) {
                if cell.formula.is_none() {
                    continue;
                }
                says_numbers |= cell.kind.is_some() && cell.kind(&scan.bytes) == b"n";
                let place = (sheet, row, cell.column);
                let number = Formulas::number_of(&scan.bytes, &cell);
                if let Some(said) = number.and_then(|number| of_shared.get(number)) {
                    self.formulas.push(Formula { place, said: *said });
                    continue;
                }
                let (text, _) = shared.said(&scan.bytes, &cell, row).ok()??;
                let mut said = Said::of(&text, &self.here(place, &self.words))?;
                let spreads = Formulas::spreads(&scan.bytes, &cell);
                said.known &= !spreads;
                let next = self.said.len() as u32;
                let found = *numbers.entry((said.text.clone(), spreads)).or_insert(next);
                if found == next {
                    said.spreads = spreads;
                    self.said.push(said);
                }
                of_shared.extend(number.map(|number| (number, found)));
                self.formulas.push(Formula { place, said: found });
            }
        }
        self.shared.push(shared);
        self.hands.push(Hand {
            digits: scan.digits,
            says_numbers,
        });
        Some(())
    }

    fn here<'a>(&'a self, (sheet, row, column): engine::Place, words: &'a Words) -> Here<'a> {
        Here {
            sheets: &self.sheets,
            ends: &self.ends,
            words,
            sheet,
            row,
            column: u32::from(column),
        }
    }

    fn said_by(&self, formula: &Formula) -> &Said {
        &self.said[formula.said as usize]
    }

    /// Works out what the source keeps.
    fn prove(&mut self, source: &Source<'_>) -> Option<()> {
        let mut wanted = Wanted::default();
        let mut columns = BTreeSet::new();
        let mut asked = Vec::new();
        for unit in &self.units {
            for number in &unit.formulas {
                let formula = self.formulas[*number as usize];
                let said = self.said_by(&formula);
                let (sheet, row, column) = formula.place;
                if said.spreads {
                    // what it spreads stands in other cells
                    return None;
                }
                columns.insert((sheet, column));
                if said.known {
                    wanted.see(said, row, column, |_, _| 0)?;
                    asked.push((
                        *number,
                        Asked {
                            place: formula.place,
                            text: formula.said,
                        },
                    ));
                }
            }
        }
        columns.extend(wanted.columns());
        self.store = Store::of(source.scans, source.strings, &columns)?;
        // again, now that it is known how long texts are
        let mut wanted = Wanted::default();
        let longest = |sheet, column| self.store.longest(sheet, column);
        let mut reads: HashMap<u32, usize> = HashMap::new();
        for (number, asked) in &asked {
            let said = &self.said[asked.text as usize];
            let (_, row, column) = asked.place;
            let before = wanted.work();
            wanted.see(said, row, column, longest)?;
            reads.insert(*number, wanted.work() - before);
        }
        asked.sort_unstable_by_key(|(_, asked)| asked.place);
        let job = Job {
            sheets: self.sheets.len(),
            values: wanted
                .cells(|(sheet, row, column)| Some(self.store.get(sheet, row, column).clone())),
            texts: self.said.iter().map(|said| said.text.clone()).collect(),
            rounds: vec![asked.iter().map(|(_, asked)| *asked).collect()],
        };
        let came = job.done()?.pop()?;
        let mut right: HashMap<u32, bool> = HashMap::new();
        for ((number, asked), came) in asked.iter().zip(&came) {
            let (sheet, row, column) = asked.place;
            let kept = self.store.get(sheet, row, column);
            let cells = reads.get(number).copied().unwrap_or(0);
            let agrees = came.as_ref().is_some_and(|came| kept.agrees(came, cells));
            right.insert(*number, agrees);
        }
        for unit in &mut self.units {
            let mut all = unit.formulas.iter();
            unit.proven = all.all(|number| right.get(number) == Some(&true));
        }
        self.units.iter().any(|unit| unit.proven).then_some(())
    }
}
