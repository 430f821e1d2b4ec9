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

mod anew;
mod copy;
mod engine;
mod graph;
mod said;
mod store;
mod value;
mod wanted;

use std::collections::{BTreeSet, HashMap, HashSet};

use self::anew::Hand;
pub use self::anew::{Anew, OnSheet};
pub use self::copy::Changes;
use self::engine::{Asked, Job};
use self::graph::{Formula, Scene, Unit};
use self::said::{Here, Said};
use self::store::Store;
pub use self::value::Value;
use self::wanted::Wanted;
use super::formulas::Formulas;
use super::manner::Digits;
use super::moves::Rows;
use super::refs::words::Words;
use super::rows::Cells;
use super::scan::Scan;
use super::strings::Strings;

/// More formulas are left to spreadsheet programs.
const MOST_FORMULAS: usize = 200_000;
/// Days on which a workbook may have been worked out that are tried.
const DAYS: usize = 6;

/// A workbook as far as its formulas go.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    pub scans: &'a [Scan],
    pub strings: Option<&'a Strings>,
    /// The table's sheet, by its tab, and its rows.
    pub table: usize,
    pub rows: Rows,
    /// The day on which it was last saved, if it says so.
    pub saved: Option<f64>,
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
    /// The day on which the source's values were worked out, where that matters.
    today: Option<f64>,
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
            today: None,
        };
        let mut numbers: HashMap<(String, bool), u32> = HashMap::new();
        let mut days = Vec::new();
        for (sheet, scan) in scans.iter().enumerate() {
            known.read(sheet, scan, &mut numbers, &mut days)?;
        }
        days.extend(
            source
                .saved
                .iter()
                .flat_map(|day| [*day, day + 1.0, day - 1.0]),
        );
        let scene = Scene {
            formulas: &known.formulas,
            said: &known.said,
            table: known.table,
            rows: known.rows,
        };
        known.units = scene.units()?;
        known.prove(source, &days)?;
        Some(known)
    }

    /// Reads the formulas of a sheet.
    fn read(
        &mut self,
        sheet: usize,
        scan: &Scan,
        numbers: &mut HashMap<(String, bool), u32>,
        days: &mut Vec<f64>,
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
                if said.dated && text.len() <= "TODAY( )".len() {
                    // a cell that says on which day it was worked out
                    days.extend(Value::of(&scan.bytes, &cell, &mut |_| "".into())?.number());
                }
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

    /// Works out what the source keeps, as of one of these days where it depends on the day.
    fn prove(&mut self, source: &Source<'_>, days: &[f64]) -> Option<()> {
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
        asked.sort_unstable_by_key(|(_, asked)| asked.place);
        let dated = asked
            .iter()
            .any(|(_, asked)| self.said[asked.text as usize].dated);
        let mut days: Vec<Option<f64>> = days.iter().copied().map(Some).collect();
        days.dedup();
        days.truncate(if dated { DAYS } else { 0 });
        let mut best: Option<Trial> = None;
        for day in days.into_iter().chain((!dated).then_some(None)) {
            let trial = self.tried(&asked, day)?;
            if best
                .as_ref()
                .is_none_or(|best| best.right.len() < trial.right.len())
            {
                best = Some(trial);
            }
        }
        let best = best?;
        self.today = best.day;
        for (hand, [short, whole]) in self.hands.iter_mut().zip(best.cut) {
            if short > whole {
                hand.digits = Digits::Fixed(15);
            }
        }
        for unit in &mut self.units {
            unit.proven = unit
                .formulas
                .iter()
                .all(|number| best.right.contains(number));
        }
        self.units.iter().any(|unit| unit.proven).then_some(())
    }

    /// Works out formulas from the source's values, as of a day.
    fn tried(&self, asked: &[(u32, Asked)], day: Option<f64>) -> Option<Trial> {
        let mut wanted = Wanted::default();
        let longest = |sheet, column| self.store.longest(sheet, column);
        let mut reads = Vec::with_capacity(asked.len());
        for (_, asked) in asked {
            let (_, row, column) = asked.place;
            let before = wanted.work();
            wanted.see(&self.said[asked.text as usize], row, column, longest)?;
            reads.push(wanted.work() - before);
        }
        let mut values =
            wanted.cells(|(sheet, row, column)| Some(self.store.get(sheet, row, column).clone()));
        values.extend(day.map(|day| self.dated(day)));
        let job = Job {
            sheets: self.sheets.len() + 1,
            values,
            texts: self.said.iter().map(|said| said.text.clone()).collect(),
            rounds: vec![asked.iter().map(|(_, asked)| *asked).collect()],
        };
        let came = job.done()?.pop()?;
        let mut trial = Trial {
            day,
            right: HashSet::new(),
            cut: vec![[0; 2]; self.hands.len()],
        };
        for (((number, asked), came), cells) in asked.iter().zip(&came).zip(reads) {
            let (sheet, row, column) = asked.place;
            let kept = self.store.get(sheet, row, column);
            let Some(came) = came.as_ref().filter(|came| kept.agrees(came, cells)) else {
                continue;
            };
            trial.right.insert(*number);
            if let Some(short) = kept.cut(came) {
                trial.cut[sheet][usize::from(!short)] += 1;
            }
        }
        Some(trial)
    }

    /// The date as formulas find it.
    fn dated(&self, day: f64) -> (engine::Place, Value) {
        ((self.sheets.len(), 0, 0), Value::Number(day))
    }
}

/// What came of working out the source's formulas.
struct Trial {
    day: Option<f64>,
    /// Formulas that came to what is kept.
    right: HashSet<u32>,
    /// Of each sheet, numbers that were cut to fifteen digits, and numbers that were not.
    cut: Vec<[u32; 2]>,
}
