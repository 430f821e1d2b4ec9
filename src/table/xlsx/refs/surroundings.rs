//! Everything of a workbook but the cells of the table's sheet: which parts a copy takes over as they are, which are written anew,
//! and what stands in the way.

use std::collections::HashSet;

use super::kept::{self, Beside};
use super::lost::Lost;
use super::package::{self, Given, Relations, refuse_copies};
use super::splice::Splice;
use super::survey::{self, Survey};
use super::words::Words;
use super::work::{Task, Work, read_text, sheets, works_of_sheet};
use super::workbook::{self, NewFormula};
use super::xml::{self, Tags};
use super::{Rows, Side, Stuck, Where, cells, drawing, notes, sheet};
use crate::table::xlsx::kept::OnSheet;
use crate::table::xlsx::moves::Moves;

/// What a workbook has around the cells of its table.
#[derive(Clone, Debug)]
pub struct Surroundings {
    sheets: Vec<String>,
    table: usize,
    sheet_id: String,
    sheet_part: String,
    rows: Rows,
    work: Vec<Work>,
    relations: Relations,
    survey: Survey,
    head_and_tail: (String, String),
    row_height: f64,
    thumbnails: Lost,
    /// Another table in the rows of the table.
    beside: Option<String>,
    content_types: String,
    names: Vec<String>,
}

/// What a copy has instead of parts of its source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rewritten {
    /// Parts with new bytes, by name.
    pub parts: Vec<(String, Vec<u8>)>,
    /// Parts that the copy does not have.
    pub gone: Vec<String>,
}

pub(super) const CONTENT_TYPES: &str = "[Content_Types].xml";

impl Surroundings {
    /// Looks through a package.
    ///
    /// # Errors
    /// Where a part holds a copy of what is in the table, or cannot be read.
    pub fn new(given: &Given) -> Result<Surroundings, Stuck> {
        let relations = Relations::read(given)?;
        refuse_copies(given, &relations)?;
        let damaged = |what: &str| Stuck::new(what).at("the package");
        let workbook = relations
            .leading("", "officeDocument")
            .next()
            .ok_or_else(|| damaged("does not say which part is the workbook"))?
            .to_string();
        let read = |part: &str| read_text(given, part);
        let text = read(&workbook)?;
        let sheets = sheets(&text, &workbook, &relations);
        let table = sheets
            .iter()
            .position(|sheet| package::plain(&sheet.part) == package::plain(given.sheet_part))
            .ok_or_else(|| damaged("does not lead from the workbook to the table's sheet"))?;
        let mut work = vec![Work::new(workbook.clone(), Task::Workbook, false, text)];
        for (at, sheet) in sheets.iter().enumerate() {
            work.extend(works_of_sheet(given, &relations, sheet, at == table)?);
        }
        let mut seen = HashSet::new();
        work.retain(|work| seen.insert(work.part.clone()));
        for part in relations.leading(&workbook, "calcChain") {
            work.push(Work::new(part, Task::Chain, false, read(part)?));
        }
        let own = read(&sheets[table].part)?;
        let data = cells::data(&own).ok_or_else(|| damaged("has a sheet without cells"))?;
        let names: Vec<String> = sheets.iter().map(|sheet| sheet.name.clone()).collect();
        let place = Where {
            on_table: true,
            sheets: &names,
            table,
        };
        let survey = survey::look(&own, &work, &place, given.table)?;
        survey::refuse_headers(&work, given.table)?;
        survey::refuse_pivots(given, &relations, &work, &place, given.table)?;
        Ok(Surroundings {
            head_and_tail: (own[..data.start].to_string(), own[data.end..].to_string()),
            row_height: row_height(&own[..data.start]),
            sheet_id: sheets[table].id.clone(),
            sheet_part: sheets[table].part.clone(),
            beside: survey::second_table(&work, given.table),
            thumbnails: Lost::thumbnails(&relations),
            content_types: read(CONTENT_TYPES)?.into_owned(),
            sheets: names,
            names: given.names.to_vec(),
            rows: given.table,
            table,
            work,
            relations,
            survey,
        })
    }

    /// Where the formulas of the table's own sheet stand.
    pub fn own_sheet(&self) -> Where<'_> {
        Where {
            on_table: true,
            sheets: &self.sheets,
            table: self.table,
        }
    }

    /// Whether something holds for some of the table's rows, so that these must keep their order.
    pub fn pins_order(&self) -> bool {
        self.survey.pins
    }

    /// What becomes of the values kept beside formulas, unless they are known anew: none stays where some formula reads the table.
    pub fn beside(&self) -> Beside<'static> {
        match self.survey.reads {
            true => Beside::Go,
            false => Beside::Stay,
        }
    }

    /// Names and tables, and the cells that they mean.
    pub fn words(&self) -> Words {
        let table = self.sheets.get(self.table).map_or("", String::as_str);
        Words::of(&self.work, table)
    }

    /// Whether the workbook is calculated once, with all digits, as nearly all are.
    pub fn calculates_plainly(&self) -> bool {
        let book = self.work.iter().find(|work| work.task == Task::Workbook);
        let settings = book.and_then(|book| Tags::new(&book.text).find(|t| t.name() == "calcPr"));
        settings.is_none_or(|tag| {
            let says = |name, no: [&str; 2]| tag.raw(name).is_some_and(|said| no.contains(&said));
            !says("iterate", ["1", "true"]) && !says("fullPrecision", ["0", "false"])
        })
    }

    /// The XML parts that a copy takes over as they are and that nobody here has looked into. They may hold values as text.
    pub fn untouched_texts(&self) -> Vec<&str> {
        let worked: HashSet<&str> = self.work.iter().map(|work| work.part.as_str()).collect();
        let text = |name: &str| {
            [".xml", ".rels", ".vml", ".txt"]
                .iter()
                .any(|end| name.ends_with(end))
        };
        let names = self.names.iter().map(String::as_str);
        names
            .filter(|name| text(&name.to_ascii_lowercase()))
            .filter(|name| {
                !worked.contains(name) && *name != self.sheet_part && *name != CONTENT_TYPES
            })
            .collect()
    }

    /// What stands before the cells of the table's sheet.
    ///
    /// # Errors
    /// Where something there cannot follow its rows.
    pub fn head(&self, bytes: &[u8], moves: &Moves) -> Result<Vec<u8>, Stuck> {
        self.around_cells(bytes, moves)
    }

    /// What stands behind the cells of the table's sheet.
    ///
    /// # Errors
    /// Where something there cannot follow its rows.
    pub fn tail(&self, bytes: &[u8], moves: &Moves) -> Result<Vec<u8>, Stuck> {
        self.around_cells(bytes, moves)
    }

    fn around_cells(&self, bytes: &[u8], moves: &Moves) -> Result<Vec<u8>, Stuck> {
        let text = xml::text(&self.sheet_part, bytes)?;
        let side = Side {
            place: self.own_sheet(),
            moves,
        };
        let new = sheet::surroundings(text, &side).map_err(|s| s.at(self.sheet_part.as_str()))?;
        Ok(new.map_or_else(|| bytes.to_vec(), String::into_bytes))
    }

    /// All parts that are not as in the source, but for the table's own sheet and what the cells' texts are kept in. `added` are
    /// the formulas that rows put in got.
    ///
    /// # Errors
    /// Where something cannot follow its rows.
    pub fn rewritten(
        &self,
        moves: &Moves,
        added: &[NewFormula],
        beside: Beside<'_>,
    ) -> Result<Rewritten, Stuck> {
        if let Some(part) = &self.beside
            && !moves.still()
        {
            let why = "is a second table in the same rows, where no row can be put in or moved";
            return Err(Stuck::new(why).at(part.as_str()));
        }
        let mut out = Rewritten::default();
        let mut lost = self.thumbnails.clone();
        for work in &self.work {
            let new = self.done(work, moves, added, beside)?;
            if work.task == Task::Chain && new.is_none() {
                lost.part(&work.part, &self.relations);
                continue;
            }
            if let (Task::Drawing | Task::Frames, Some(new)) = (&work.task, &new) {
                lost.between(&work.part, &work.text, new);
            }
            if let Some(new) = new.filter(|new| *new != work.text) {
                out.parts.push((work.part.clone(), new.into_bytes()));
            }
        }
        let (_, tail) = &self.head_and_tail;
        let new = self.tail(tail.as_bytes(), moves)?;
        let new = String::from_utf8_lossy(&new);
        if new != tail.as_str() {
            lost.between(&self.sheet_part, tail, &new);
        }
        lost.take_out(&self.relations, &self.names, &self.content_types, &mut out);
        Ok(out)
    }

    /// A part as the copy has it; `None` where that is as in the source (of the chain: where it is gone).
    fn done(
        &self,
        work: &Work,
        moves: &Moves,
        added: &[NewFormula],
        beside: Beside<'_>,
    ) -> Result<Option<String>, Stuck> {
        let side = Side {
            place: Where {
                on_table: work.on_table,
                ..self.own_sheet()
            },
            moves,
        };
        let text = work.text.as_str();
        let new = match &work.task {
            Task::Workbook => workbook::moved(text, &side, matches!(beside, Beside::Go)),
            Task::Sheet(name) => {
                let (bare, values) = match beside {
                    Beside::Stay => (None, None),
                    Beside::Go => (work.without_kept_values(), None),
                    Beside::Anew(anew) => (None, anew.on(name)),
                };
                return other_sheet(bare.unwrap_or(text), values, &side)
                    .map_err(|s| s.within(&format!("sheet `{name}`")))
                    .map(|new| new.or_else(|| bare.map(str::to_string)));
            }
            Task::Listed => notes::listed(text, &side),
            Task::Comments => notes::comments(text, &side),
            Task::Frames => notes::frames(text, &side, self.row_height),
            Task::Drawing => drawing::moved(text, &side, self.rows),
            Task::Chart => drawing::chart(text, &side, self.rows, self.survey.reads),
            Task::Control => notes::control(text, &side),
            Task::Pivot => notes::pivot(text, &side),
            Task::Links => survey::links(text, &side),
            Task::Chain => {
                return Ok(workbook::chain(text, &self.sheet_id, &side, added));
            }
        };
        new.map_err(|stuck| stuck.within(&work.part))
    }
}

fn other_sheet(
    text: &str,
    values: Option<OnSheet<'_>>,
    side: &Side,
) -> Result<Option<String>, Stuck> {
    let data = cells::data(text).unwrap_or(text.len()..text.len());
    let head = sheet::surroundings(&text[..data.start], side)?;
    let tail = sheet::surroundings(&text[data.end..], side)?;
    let mut splice = Splice::new(text);
    if text[data.clone()].contains('!') {
        cells::moved_formulas(text, &side.place, side.moves, &mut splice)?;
    }
    if let Some(values) = values {
        kept::renew(text, values, &mut splice);
    }
    for (place, new) in [(0..data.start, head), (data.end..text.len(), tail)] {
        if let Some(new) = new {
            splice.replace(place, new);
        }
    }
    Ok((!splice.is_empty()).then(|| splice.finish()))
}

fn row_height(head: &str) -> f64 {
    let tag = Tags::new(head).find(|tag| tag.name() == "sheetFormatPr");
    let height = tag.and_then(|tag| tag.raw("defaultRowHeight")?.parse().ok());
    height.unwrap_or(15.0)
}

#[cfg(test)]
#[path = "surroundings_tests.rs"]
mod tests;
