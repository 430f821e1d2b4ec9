//! The calculation itself, by a library.
//!
//! Every sheet of the workbook is there twice: once with values only, and once with the formulas, each in its own place, that read
//! the first. So no formula waits for another, none can go round in circles, and no text grows from formula to formula; what
//! depends on a formula is calculated in a later round, once the value of that one stands among the others.

use std::collections::HashMap;
use std::sync::Arc;

use ironcalc_base::Model;
use ironcalc_base::expressions::token::Error;
use ironcalc_base::sheet_data::SheetData;
use ironcalc_base::types::{Cell, FormulaValue, Workbook};

use super::value::{Fault, Value};

/// For formulas as deep as they may be.
const STACK: usize = 64 << 20;

/// A cell: its sheet, its row and its column.
pub type Place = (usize, u32, u16);

/// A formula to be worked out.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    pub place: Place,
    /// Its text, by number.
    pub text: u32,
}

/// Everything that is to be worked out.
#[derive(Debug, Default)]
pub struct Job {
    /// How many sheets there are.
    pub sheets: usize,
    /// Cells that are read, sorted by place.
    pub values: Vec<(Place, Value)>,
    pub texts: Vec<String>,
    /// Formulas by rounds, each sorted by place.
    pub rounds: Vec<Vec<Asked>>,
}

impl Job {
    /// What the formulas come to, round by round in their order, `None` for what only the library knows; `None` for all where the
    /// library fails.
    pub fn done(self) -> Option<Vec<Vec<Option<Value>>>> {
        // a thread of its own, for its stack and for faults in code that is not ours
        let thread = std::thread::Builder::new().stack_size(STACK);
        let running = thread.spawn(move || self.calculate()).ok()?;
        running.join().ok().flatten()
    }

    fn calculate(self) -> Option<Vec<Vec<Option<Value>>>> {
        let mut strings = Strings::default();
        let mut book = Model::new_empty("book", "en", "UTC", "en").ok()?.workbook;
        let blank = book.worksheets.pop()?;
        for at in 0..2 * self.sheets {
            let mut sheet = blank.clone();
            let kind = if at < self.sheets { "s" } else { "f" };
            sheet.name = format!("{kind} {}", at % self.sheets);
            sheet.sheet_id = at as u32 + 1;
            book.worksheets.push(sheet);
        }
        let cells = self.values.iter().map(|(place, value)| {
            let cell = strings.cell(value);
            (*place, cell)
        });
        put(&mut book, 0, cells);
        let formulas = self.formulas(&mut book)?;
        book.shared_strings = strings.all.iter().map(|text| text.to_string()).collect();
        let mut model = Model::from_workbook(book, "en").ok()?;
        let mut out = Vec::with_capacity(self.rounds.len());
        for asked in &self.rounds {
            let cells = asked.iter().map(|asked| {
                let formula = formulas.get(&(asked.place.0, asked.text)).copied();
                (
                    asked.place,
                    Cell::CellFormula {
                        f: formula.unwrap_or(-1),
                        s: 0,
                        v: FormulaValue::Unevaluated,
                    },
                )
            });
            put(&mut model.workbook, self.sheets, cells);
            model.evaluate();
            let mut came = Vec::with_capacity(asked.len());
            for asked in asked {
                let (sheet, row, column) = asked.place;
                let sheet = model.workbook.worksheets.get(self.sheets + sheet)?;
                let cell = sheet
                    .sheet_data
                    .cell(row as i32 + 1, i32::from(column) + 1)?;
                came.push(value(&cell));
            }
            for sheet in &mut model.workbook.worksheets[self.sheets..] {
                sheet.sheet_data = SheetData::new();
            }
            for (asked, value) in asked.iter().zip(&came) {
                let (sheet, row, column) = asked.place;
                let Some(value) = value else { continue };
                let cell = strings.cell(value);
                let sheet = model.workbook.worksheets.get_mut(sheet)?;
                let (row, column) = (row as i32 + 1, i32::from(column) + 1);
                sheet.sheet_data.set_cell(row, column, cell);
            }
            let known = model.workbook.shared_strings.len();
            let new = strings.all[known..].iter().map(|text| text.to_string());
            model.workbook.shared_strings.extend(new);
            out.push(came);
        }
        Some(out)
    }

    /// Gives each sheet the texts of its formulas; by sheet and text, their numbers there.
    fn formulas(&self, book: &mut Workbook) -> Option<HashMap<(usize, u32), i32>> {
        let mut known = HashMap::new();
        for asked in self.rounds.iter().flatten() {
            let sheet = asked.place.0;
            let list = book.worksheets.get_mut(self.sheets + sheet)?;
            if let std::collections::hash_map::Entry::Vacant(free) =
                known.entry((sheet, asked.text))
            {
                free.insert(list.shared_formulas.len() as i32);
                let text = self.texts.get(asked.text as usize)?;
                list.shared_formulas.push(text.clone());
            }
        }
        Some(known)
    }
}

/// Puts cells, sorted by place, on the sheets from `first` on.
fn put(book: &mut Workbook, first: usize, cells: impl Iterator<Item = (Place, Cell)>) {
    let mut row: Vec<(i32, Cell)> = Vec::new();
    let mut here = None;
    let mut flush = |here: Option<(usize, u32)>, row: &mut Vec<(i32, Cell)>| {
        let Some((sheet, number)) = here else { return };
        if let Some(sheet) = book.worksheets.get_mut(first + sheet) {
            sheet.sheet_data.set_row(number as i32 + 1, row.drain(..));
        }
    };
    for ((sheet, number, column), cell) in cells {
        if here != Some((sheet, number)) {
            flush(here, &mut row);
            here = Some((sheet, number));
        }
        row.push((i32::from(column) + 1, cell));
    }
    flush(here, &mut row);
}

/// The texts of the cells, each once.
#[derive(Default)]
struct Strings {
    all: Vec<Arc<str>>,
    known: HashMap<Arc<str>, i32>,
}

impl Strings {
    fn cell(&mut self, value: &Value) -> Cell {
        match value {
            Value::Blank => Cell::EmptyCell { s: 0 },
            Value::Number(v) => Cell::NumberCell { v: *v, s: 0 },
            Value::Truth(v) => Cell::BooleanCell { v: *v, s: 0 },
            Value::Fault(fault) => Cell::ErrorCell {
                ei: error(*fault),
                s: 0,
            },
            Value::Text(text) => {
                let new = self.all.len() as i32;
                let si = *self.known.entry(text.clone()).or_insert_with(|| {
                    self.all.push(text.clone());
                    new
                });
                Cell::SharedString { si, s: 0 }
            }
        }
    }
}

fn error(fault: Fault) -> Error {
    match fault {
        Fault::Null => Error::NULL,
        Fault::Div => Error::DIV,
        Fault::Value => Error::VALUE,
        Fault::Ref => Error::REF,
        Fault::Name => Error::NAME,
        Fault::Num => Error::NUM,
        Fault::Na => Error::NA,
    }
}

fn value(cell: &Cell) -> Option<Value> {
    let Cell::CellFormula { v, .. } = cell else {
        return None;
    };
    match v {
        FormulaValue::Number(n) if n.is_finite() => Some(Value::Number(*n)),
        FormulaValue::Text(text) => Some(Value::Text(text.as_str().into())),
        FormulaValue::Boolean(yes) => Some(Value::Truth(*yes)),
        FormulaValue::Error { ei, .. } => Fault::of(&ei.to_string()).map(Value::Fault),
        _ => None,
    }
}
