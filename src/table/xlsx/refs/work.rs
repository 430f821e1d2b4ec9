//! The parts that a copy may have anew, and which belong to which sheet.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::OnceLock;

use super::package::{self, Given, Relations};
use super::xml::{self, Tags};
use super::{Stuck, kept};

/// What is done with a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Task {
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
pub struct Work {
    pub part: String,
    pub task: Task,
    /// Whether it belongs to the table's sheet.
    pub on_table: bool,
    pub text: String,
    /// A sheet's text without the values kept beside formulas, once that was asked for.
    bare: OnceLock<Option<String>>,
}

impl Work {
    pub fn new(
        part: impl Into<String>,
        task: Task,
        on_table: bool,
        text: impl Into<String>,
    ) -> Work {
        Work {
            part: part.into(),
            task,
            on_table,
            text: text.into(),
            bare: OnceLock::new(),
        }
    }

    /// A sheet without the values kept beside formulas; `None` where there are none.
    pub fn without_kept_values(&self) -> Option<&str> {
        let bare = self
            .bare
            .get_or_init(|| kept::without_kept_values(&self.text));
        bare.as_deref()
    }
}

/// A part as text, which stays where it is if somebody holds it already.
pub fn read_text<'a>(given: &Given<'a>, part: &str) -> Result<Cow<'a, str>, Stuck> {
    match (given.part)(part).ok_or_else(|| Stuck::new("is missing").at(part))? {
        Cow::Borrowed(bytes) => xml::text(part, bytes).map(Cow::Borrowed),
        Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).map_err(|e| {
            let stuck = xml::text(part, e.as_bytes()).err();
            stuck.unwrap_or_else(|| Stuck::new("cannot be read").at(part))
        }),
    }
}

/// A sheet as the workbook names it.
pub struct SheetOf {
    pub name: String,
    pub id: String,
    pub part: String,
}

pub fn sheets(text: &str, workbook: &str, relations: &Relations) -> Vec<SheetOf> {
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
pub fn works_of_sheet(
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
        if relation.external || !given.names.iter().any(|name| name == target) {
            continue;
        }
        let task = match relation.kind.as_str() {
            "table" => Task::Listed,
            "drawing" => Task::Drawing,
            "vmlDrawing" => Task::Frames,
            "ctrlProp" => Task::Control,
            "comments" | "threadedComment" | "tableSingleCells" if on_table => Task::Comments,
            "pivotTable" if on_table => Task::Pivot,
            "queryTable" if on_table => {
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
                let text = read_text(given, chart)?;
                work.push(Work::new(chart, Task::Chart, false, text));
                for shapes in relations.leading(chart, "chartUserShapes") {
                    let text = read_text(given, shapes)?;
                    work.push(Work::new(shapes, Task::Drawing, false, text));
                }
            }
        }
        work.push(Work::new(target, task, on_table, read_text(given, target)?));
    }
    let inward =
        |r: &package::Relation| r.external && r.kind == "hyperlink" && r.target.starts_with('#');
    if relations.of(&sheet.part).iter().any(inward)
        && let Some((part, text)) = relations.text_of(&sheet.part)
    {
        work.push(Work::new(part, Task::Links, on_table, text));
    }
    Ok(work)
}
