//! A look at all that refers to the table, before any copy is made: whether formulas read it, and whether something holds for some
//! of its rows only.

use std::collections::HashSet;

use super::address::Area;
use super::areas;
use super::cells;
use super::formula::{self, Reads, Where, pins, reads, same_name};
use super::package::{Given, Relations};
use super::splice::Splice;
use super::work::{Task, Work};
use super::xml::{self, Elements, Tags};
use super::{Rows, Side, Stuck};
use crate::table::xlsx::markup::entities;

/// What was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Whether a formula of a cell may read the table, or which row it stands in.
    pub reads: bool,
    /// Whether something names some of the table's rows as a run.
    pub pins: bool,
}

impl Survey {
    fn see(&mut self, found: &Reads, table: Rows) {
        self.pins |= found
            .areas
            .iter()
            .any(|area| pins((area.top, area.bottom), table));
    }

    fn see_area(&mut self, area: Area, table: Rows) {
        self.pins |= pins((area.top, area.bottom), table);
    }
}

/// Looks at the table's sheet and at all parts that may be written anew.
///
/// # Errors
/// Where a shared formula leads out of its sheet.
pub fn look(own: &str, work: &[Work], place: &Where, table: Rows) -> Result<Survey, Stuck> {
    let mut survey = Survey::default();
    formulas(&mut survey, own, place, table)?;
    if let Some(data) = cells::data(own) {
        outlined(&mut survey, &own[data.clone()], table);
        around(&mut survey, &own[..data.start], place, table);
        around(&mut survey, &own[data.end..], place, table);
    }
    for work in work {
        let place = Where {
            on_table: work.on_table,
            ..*place
        };
        let text = work.text.as_str();
        match &work.task {
            Task::Sheet(name) => {
                formulas(&mut survey, text, &place, table)
                    .map_err(|s| s.within(&format!("sheet `{name}`")))?;
                let data = cells::data(text).unwrap_or(text.len()..text.len());
                around(&mut survey, &text[..data.start], &place, table);
                around(&mut survey, &text[data.end..], &place, table);
            }
            Task::Workbook | Task::Listed | Task::Chart | Task::Pivot => {
                around(&mut survey, text, &place, table);
            }
            _ => (),
        }
    }
    Ok(survey)
}

fn formulas(survey: &mut Survey, xml: &str, place: &Where, table: Rows) -> Result<(), Stuck> {
    if !place.on_table && survey.reads && !xml.contains('!') {
        return Ok(());
    }
    let mut each = |_: &cells::Cell, text: &str| {
        let found = reads(text, place);
        // a number of its row is another once rows were put in above it
        survey.reads |= found.may_read(table) || found.own_row && place.on_table;
        survey.see(&found, table);
        Ok(())
    };
    cells::each_formula(xml, &mut each)
}

/// Rows of the table that are in groups to fold away.
fn outlined(survey: &mut Survey, data: &str, table: Rows) {
    if memchr::memmem::find(data.as_bytes(), b"outlineLevel").is_none() {
        return;
    }
    let mut row = 0;
    for tag in Tags::new(data).filter(|tag| tag.name() == "row" && tag.kind != xml::Kind::Close) {
        row = tag.raw("r").and_then(|r| r.parse().ok()).unwrap_or(row + 1);
        let grouped = tag.raw("outlineLevel").is_some_and(|level| level != "0");
        survey.pins |= grouped && (table.0..=table.1).contains(&u32::saturating_sub(row, 1));
    }
}

/// Areas and formulas that stand around cells or in other parts.
fn around(survey: &mut Survey, text: &str, place: &Where, table: Rows) {
    let all = Elements::new(text);
    for element in &all.all {
        let name = element.tag.name();
        if matches!(
            name,
            "dimension" | "selection" | "pane" | "sheetView" | "ignoredError"
        ) {
            continue;
        }
        if place.on_table {
            for list in ["ref", "sqref"] {
                let listed = element.tag.raw(list).map(areas::listed);
                listed
                    .into_iter()
                    .flatten()
                    .for_each(|area| survey.see_area(area, table));
            }
        }
        let leaf = all.text(element);
        if leaf.is_empty() || leaf.contains('<') {
            continue;
        }
        match name {
            "sqref" if place.on_table => {
                areas::listed(leaf).for_each(|area| survey.see_area(area, table));
            }
            "f" | "formula" | "formula1" | "formula2" | "sqref" | "definedName"
            | "totalsRowFormula" => {
                survey.see(&reads(&entities(leaf), place), table);
            }
            _ => (),
        }
    }
}

/// The part of another table that stands in the same rows.
pub fn second_table(work: &[Work], table: Rows) -> Option<String> {
    let listed = work.iter().filter(|work| {
        let tag = Tags::new(&work.text).find(|tag| tag.name() == "table");
        let area = tag.and_then(|tag| areas::listed(tag.raw("ref")?).next());
        work.on_table
            && work.task == Task::Listed
            && area.is_some_and(|a| a.top <= table.1 && a.bottom >= table.0)
    });
    listed.map(|work| work.part.clone()).nth(1)
}

/// A listed table's header cells are its columns' names, so none may be altered or stand elsewhere.
///
/// # Errors
/// Where a header stands among the rows of the table that is to be copied.
pub fn refuse_headers(work: &[Work], table: Rows) -> Result<(), Stuck> {
    let listed = work
        .iter()
        .filter(|work| work.on_table && work.task == Task::Listed);
    for work in listed {
        let tag = Tags::new(&work.text).find(|tag| tag.name() == "table");
        let header = tag
            .filter(|tag| tag.raw("headerRowCount") != Some("0"))
            .and_then(|tag| areas::listed(tag.raw("ref")?).next())
            .map(|area| area.top)
            .filter(|top| (table.0..=table.1).contains(top));
        if let Some(top) = header {
            let why = format!(
                "has its header in row {}, among the rows that were taken for records",
                top + 1
            );
            return Err(Stuck::new(why).at(work.part.as_str()));
        }
    }
    Ok(())
}

/// Pivot tables keep all values of what they are made from.
///
/// # Errors
/// Where one is, or may be, made from the table.
pub fn refuse_pivots(
    given: &Given,
    relations: &Relations,
    work: &[Work],
    place: &Where,
    table: Rows,
) -> Result<(), Stuck> {
    let caches: HashSet<&str> = relations
        .all()
        .filter(|(_, r)| r.kind == "pivotCacheDefinition" && !r.external)
        .map(|(_, r)| r.target.as_str())
        .collect();
    for part in caches {
        let bytes = (given.part)(part).unwrap_or_default();
        let text = xml::text(part, &bytes)?;
        for tag in Tags::new(text) {
            if !matches!(tag.name(), "worksheetSource" | "rangeSet") || tag.foreign("id").is_some()
            {
                continue;
            }
            let sheet = tag.value("sheet");
            let own = place.sheets.get(place.table);
            let from_table = match (&sheet, tag.value("name")) {
                (Some(sheet), _) => own.is_none_or(|own| same_name(own, sheet)),
                (None, Some(name)) => may_mean_table(&name, work, place, table),
                (None, None) => true,
            };
            if from_table {
                let why = "keeps the values of the table's sheet for a pivot table";
                return Err(Stuck::new(why).at(part));
            }
        }
    }
    Ok(())
}

/// Whether a name is that of a table on the table's sheet, or of something that reads there, or nobody's.
fn may_mean_table(name: &str, work: &[Work], place: &Where, table: Rows) -> bool {
    for work in work {
        match work.task {
            Task::Listed => {
                let tag = Tags::new(&work.text).find(|tag| tag.name() == "table");
                let named = |key| tag.as_ref().and_then(|tag| tag.value(key));
                let same = [named("name"), named("displayName")];
                if same.iter().flatten().any(|own| same_name(own, name)) {
                    return work.on_table;
                }
            }
            Task::Workbook => {
                let all = Elements::new(&work.text);
                let found = all.named("definedName").find(|(_, element)| {
                    element
                        .tag
                        .value("name")
                        .is_some_and(|own| same_name(&own, name))
                });
                if let Some((_, element)) = found {
                    return reads(&entities(all.text(element)), place).may_read(table);
                }
            }
            _ => (),
        }
    }
    true
}

/// Links in a sheet's relations that lead to places in the workbook (`#Data!A5`).
///
/// # Errors
/// Where one leads to a row that the copy does not have.
pub fn links(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let mut splice = Splice::new(text);
    for tag in Tags::new(text).filter(|tag| tag.name() == "Relationship") {
        let Some((place, target)) = tag.place("Target").zip(tag.value("Target")) else {
            continue;
        };
        let Some(inside) = target.strip_prefix('#') else {
            continue;
        };
        if let Some(new) = formula::moved(inside, &side.place, side.moves)? {
            splice.set(place, &format!("#{new}"));
        }
    }
    Ok((!splice.is_empty()).then(|| splice.finish()))
}
