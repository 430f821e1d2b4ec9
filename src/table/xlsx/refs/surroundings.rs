//! Everything of a workbook but the cells of the table's sheet: which parts a copy takes over as they are, which are written anew,
//! and what stands in the way.

use std::collections::{HashMap, HashSet};

use super::package::{self, Given, Relations, refuse_copies};
use super::survey::{self, Survey};
use super::workbook::{self, NewFormula};
use super::xml::{self, Elements, Tags};
use super::{Rows, Side, Stuck, Where, cells, drawing, notes, sheet};
use crate::table::xlsx::moves::Moves;

/// What is done with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    Workbook,
    /// Another sheet, by name.
    Sheet(String),
    Listed,
    Comments,
    Frames,
    Drawing,
    Chart,
    Control,
    Pivot,
    /// The order of calculation.
    Chain,
    /// The relations of a sheet, with links to places in the workbook.
    Links,
}

/// A part that may be written anew.
#[derive(Clone, Debug)]
pub(super) struct Work {
    pub(super) part: String,
    pub(super) task: Task,
    /// Whether it belongs to the table's sheet.
    pub(super) on_table: bool,
    pub(super) text: String,
    /// Whether the text is not the source's any more.
    changed: bool,
}

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
    /// Relations and parts that no copy has.
    thumbnails: Vec<(String, String)>,
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

const CONTENT_TYPES: &str = "[Content_Types].xml";

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
        survey::refuse_pivots(given, &relations, &work, &place, given.table)?;
        let mut found = Surroundings {
            head_and_tail: (own[..data.start].to_string(), own[data.end..].to_string()),
            row_height: row_height(&own[..data.start]),
            sheet_id: sheets[table].id.clone(),
            sheet_part: sheets[table].part.clone(),
            thumbnails: thumbnails(&relations),
            content_types: read(CONTENT_TYPES)?,
            sheets: names,
            names: given.names.to_vec(),
            rows: given.table,
            table,
            work,
            relations,
            survey,
        };
        if found.survey.reads {
            for work in &mut found.work {
                work.drop_kept_values();
            }
        }
        Ok(found)
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

    /// Whether some formula reads the table, so that no formula of the workbook keeps its last value.
    pub fn drops_kept_values(&self) -> bool {
        self.survey.reads
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
    pub fn rewritten(&self, moves: &Moves, added: &[NewFormula]) -> Result<Rewritten, Stuck> {
        let mut out = Rewritten::default();
        let mut lost: Vec<(String, String)> = self.thumbnails.clone();
        for work in &self.work {
            let new = self.done(work, moves, added)?;
            if work.task == Task::Chain && new.is_none() {
                lost.extend(self.leading_to(&work.part));
                continue;
            }
            if let (Task::Drawing | Task::Frames, Some(new)) = (&work.task, &new) {
                lost.extend(lost_relations(&work.part, &work.text, new));
            }
            if let Some(new) = new {
                out.parts.push((work.part.clone(), new.into_bytes()));
            }
        }
        let (_, tail) = &self.head_and_tail;
        let new = self.tail(tail.as_bytes(), moves)?;
        let new = String::from_utf8_lossy(&new);
        if new != tail.as_str() {
            lost.extend(lost_relations(&self.sheet_part, tail, &new));
        }
        self.take_out(&lost, &mut out);
        Ok(out)
    }

    /// A part as the copy has it; `None` where that is as in the source (of the chain: where it is gone).
    fn done(
        &self,
        work: &Work,
        moves: &Moves,
        added: &[NewFormula],
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
            Task::Workbook => workbook::moved(text, &side, self.survey.reads),
            Task::Sheet(name) => {
                return other_sheet(text, &side)
                    .map_err(|s| s.within(&format!("sheet `{name}`")))
                    .map(|new| new.or_else(|| work.changed.then(|| text.to_string())));
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

    fn leading_to(&self, part: &str) -> Vec<(String, String)> {
        let all = self.relations.all();
        all.filter(|(_, r)| !r.external && r.target == part)
            .map(|(owner, r)| (owner.to_string(), r.id.clone()))
            .collect()
    }

    /// Takes relations out, and the parts to which no other leads.
    fn take_out(&self, lost: &[(String, String)], out: &mut Rewritten) {
        let lost: HashSet<(&str, &str)> = lost
            .iter()
            .map(|(o, id)| (o.as_str(), id.as_str()))
            .collect();
        if lost.is_empty() {
            return;
        }
        let is_lost = |owner: &str, id: &str| lost.contains(&(owner, id));
        let mut leading: HashMap<&str, usize> = HashMap::new();
        for (owner, relation) in self.relations.all().filter(|(_, r)| !r.external) {
            *leading.entry(&relation.target).or_default() +=
                usize::from(!is_lost(owner, &relation.id));
        }
        let gone: HashSet<&str> = leading
            .iter()
            .filter(|(_, n)| **n == 0)
            .map(|(part, _)| *part)
            .collect();
        let owners: HashSet<&str> = lost.iter().map(|(owner, _)| *owner).collect();
        for owner in owners {
            self.without_relations(owner, &is_lost, out);
        }
        for part in &gone {
            out.parts.retain(|(name, _)| name != part);
            let relations = package::relations_of(part);
            out.gone.extend(
                self.names
                    .iter()
                    .filter(|name| *name == part || **name == relations)
                    .cloned(),
            );
        }
        out.gone.sort();
        let types = Elements::new(&self.content_types);
        let mut splice = xml::Splice::new(&self.content_types);
        for (_, element) in types.named("Override") {
            let part = element.tag.value("PartName").unwrap_or_default();
            if gone
                .iter()
                .any(|gone| package::plain(gone) == package::plain(&part))
            {
                splice.remove(element.whole.clone());
            }
        }
        if !splice.is_empty() {
            out.parts
                .push((CONTENT_TYPES.to_string(), splice.finish().into_bytes()));
        }
    }

    fn without_relations(
        &self,
        owner: &str,
        is_lost: &dyn Fn(&str, &str) -> bool,
        out: &mut Rewritten,
    ) {
        let Some((part, text)) = self.relations.text_of(owner) else {
            return;
        };
        let before = out.parts.iter().position(|(name, _)| name == part);
        let text = match before {
            Some(at) => String::from_utf8_lossy(&out.parts.swap_remove(at).1).into_owned(),
            None => text.to_string(),
        };
        let all = Elements::new(&text);
        let mut splice = xml::Splice::new(&text);
        for (_, element) in all.named("Relationship") {
            if element
                .tag
                .value("Id")
                .is_some_and(|id| is_lost(owner, &id))
            {
                splice.remove(element.whole.clone());
            }
        }
        out.parts
            .push((part.to_string(), splice.finish().into_bytes()));
    }
}

impl Work {
    fn new(part: impl Into<String>, task: Task, on_table: bool, text: String) -> Work {
        Work {
            part: part.into(),
            task,
            on_table,
            text,
            changed: false,
        }
    }

    fn drop_kept_values(&mut self) {
        if let Task::Sheet(_) = self.task
            && let Some(text) = cells::without_kept_values(&self.text)
        {
            self.text = text;
            self.changed = true;
        }
    }
}

fn other_sheet(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let data = cells::data(text).unwrap_or(text.len()..text.len());
    let head = sheet::surroundings(&text[..data.start], side)?;
    let tail = sheet::surroundings(&text[data.end..], side)?;
    let mut splice = xml::Splice::new(text);
    if text[data.clone()].contains('!') {
        cells::moved_formulas(text, &side.place, side.moves, &mut splice)?;
    }
    for (place, new) in [(0..data.start, head), (data.end..text.len(), tail)] {
        if let Some(new) = new {
            splice.replace(place, new);
        }
    }
    Ok((!splice.is_empty()).then(|| splice.finish()))
}

fn read_text(given: &Given, part: &str) -> Result<String, Stuck> {
    let bytes = (given.part)(part).ok_or_else(|| Stuck::new("is missing").at(part))?;
    String::from_utf8(bytes).map_err(|e| {
        let stuck = xml::text(part, e.as_bytes()).err();
        stuck.unwrap_or_else(|| Stuck::new("cannot be read").at(part))
    })
}

/// A sheet as the workbook names it.
struct SheetOf {
    name: String,
    id: String,
    part: String,
}

fn sheets(text: &str, workbook: &str, relations: &Relations) -> Vec<SheetOf> {
    let parts: HashMap<&str, &str> = relations
        .of(workbook)
        .iter()
        .map(|r| (r.id.as_str(), r.target.as_str()))
        .collect();
    let sheet = |tag: xml::Tag| {
        Some(SheetOf {
            name: tag.value("name")?.into_owned(),
            id: tag.raw("sheetId").unwrap_or_default().to_string(),
            part: tag
                .foreign("id")
                .and_then(|id| parts.get(id))
                .unwrap_or(&"")
                .to_string(),
        })
    };
    Tags::new(text)
        .filter(|tag| tag.name() == "sheet")
        .filter_map(sheet)
        .collect()
}

/// What is to be done for a sheet and what belongs to it.
fn works_of_sheet(
    given: &Given,
    relations: &Relations,
    sheet: &SheetOf,
    on_table: bool,
) -> Result<Vec<Work>, Stuck> {
    let mut work = Vec::new();
    if sheet.part.is_empty() {
        return Ok(work);
    }
    if !on_table {
        let task = Task::Sheet(sheet.name.clone());
        work.push(Work::new(
            sheet.part.as_str(),
            task,
            false,
            read_text(given, &sheet.part)?,
        ));
    }
    for relation in relations.of(&sheet.part) {
        let target = relation.target.as_str();
        if relation.external {
            continue;
        }
        let task = match relation.kind.as_str() {
            "table" => Task::Listed,
            "drawing" => Task::Drawing,
            "vmlDrawing" => Task::Frames,
            "ctrlProp" => Task::Control,
            "comments" | "threadedComment" if on_table => Task::Comments,
            "pivotTable" if on_table => Task::Pivot,
            "queryTable" | "singleXmlCells" | "tableSingleCells" if on_table => {
                return Err(Stuck::new("ties the table to data outside of the workbook").at(target));
            }
            _ => continue,
        };
        if task == Task::Listed
            && on_table
            && relations.leading(target, "queryTable").next().is_some()
        {
            return Err(Stuck::new("ties the table to data outside of the workbook").at(target));
        }
        if task == Task::Drawing {
            let charts = ["chart", "chartEx"]
                .into_iter()
                .flat_map(|kind| relations.leading(target, kind));
            for chart in charts {
                work.push(Work::new(
                    chart,
                    Task::Chart,
                    false,
                    read_text(given, chart)?,
                ));
            }
        }
        work.push(Work::new(target, task, on_table, read_text(given, target)?));
    }
    let inward =
        |r: &package::Relation| r.external && r.kind == "hyperlink" && r.target.starts_with('#');
    if relations.of(&sheet.part).iter().any(inward)
        && let Some((part, text)) = relations.text_of(&sheet.part)
    {
        work.push(Work::new(part, Task::Links, on_table, text.to_string()));
    }
    Ok(work)
}

/// A picture of the workbook as it was last seen: no copy looks like that.
fn thumbnails(relations: &Relations) -> Vec<(String, String)> {
    let of_package = relations.of("").iter().filter(|r| r.kind == "thumbnail");
    of_package.map(|r| (String::new(), r.id.clone())).collect()
}

fn row_height(head: &str) -> f64 {
    let tag = Tags::new(head).find(|tag| tag.name() == "sheetFormatPr");
    let height = tag.and_then(|tag| tag.raw("defaultRowHeight")?.parse().ok());
    height.unwrap_or(15.0)
}

/// The relations that a part named before and does not name now.
fn lost_relations(part: &str, old: &str, new: &str) -> Vec<(String, String)> {
    let left = named(new);
    let lost = named(old).into_iter().filter(|id| !left.contains(id));
    lost.map(|id| (part.to_string(), id.to_string())).collect()
}

/// The ids that attributes of other namespaces hold, among which are those of relations.
fn named(text: &str) -> HashSet<&str> {
    let values = Tags::new(text).flat_map(|tag| tag.attributes());
    let foreign = values.filter(|(name, _)| name.contains(':') && !name.starts_with("xmlns"));
    foreign.map(|(_, place)| &text[place]).collect()
}

#[cfg(test)]
#[path = "surroundings_tests.rs"]
mod tests;
