//! What stands before and behind the cells of a sheet: view, merged cells, filter, formats, validations, links, breaks.

use super::address::{self, Area};
use super::areas;
use super::drawing;
use super::formula;
use super::rules;
use super::splice::Splice;
use super::xml::{Element, Elements};
use super::{Side, Stuck};
use crate::table::xlsx::markup::entities;

/// What stands before or behind a sheet's cells, changed where it names rows of the table's sheet or reads them.
///
/// # Errors
/// Where something cannot follow; the place is the element or the cells it is about.
pub fn surroundings(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    let mut skipped = 0;
    for (at, element) in all.all.iter().enumerate() {
        if element.whole.start < skipped {
            continue;
        }
        match side.place.on_table {
            true => own(&mut part, at, element, side)?,
            false => other(&mut part, at, element, side)?,
        }
        if part.gone[at] {
            skipped = element.whole.end;
        }
    }
    Ok(part.finish())
}

/// A part that is being changed.
pub struct Part<'a, 'e> {
    pub all: &'e Elements<'a>,
    pub splice: Splice<'a>,
    /// What the copy does not have any more.
    gone: Vec<bool>,
    /// Formulas that were dealt with as belonging to something.
    seen: Vec<bool>,
}

impl<'a, 'e> Part<'a, 'e> {
    pub fn new(all: &'e Elements<'a>) -> Part<'a, 'e> {
        Part {
            all,
            splice: Splice::new(all.source),
            gone: vec![false; all.all.len()],
            seen: vec![false; all.all.len()],
        }
    }

    pub fn remove(&mut self, at: usize) {
        if let Some(gone) = self.gone.get_mut(at) {
            *gone = true;
        }
    }

    /// Notes a formula as dealt with; false where it was before.
    pub fn first_time(&mut self, at: usize) -> bool {
        self.seen
            .get_mut(at)
            .is_some_and(|seen| !std::mem::replace(seen, true))
    }

    /// An attribute that holds one area or a list of them. False where nothing of it is left.
    pub fn areas(&mut self, element: &Element, name: &str, side: &Side) -> Result<bool, Stuck> {
        let Some(place) = element.tag.place(name) else {
            return Ok(true);
        };
        let text = &self.all.source[place.clone()];
        let moved = areas::moved_list(text, side.moves)
            .map_err(|s| s.at(format!("<{}> of {text}", element.tag.name())))?;
        match moved {
            Some(new) if new != text => self.splice.set(place, &new),
            Some(_) => (),
            None => return Ok(text.trim().is_empty()),
        }
        Ok(true)
    }

    /// An attribute that holds a formula.
    pub fn formula(&mut self, element: &Element, name: &str, side: &Side) -> Result<(), Stuck> {
        let Some((place, text)) = element.tag.place(name).zip(element.tag.value(name)) else {
            return Ok(());
        };
        let moved = formula::moved(&text, &side.place, side.moves)
            .map_err(|s| s.at(format!("<{}>", element.tag.name())))?;
        if let Some(new) = moved {
            self.splice.set(place, &new);
        }
        Ok(())
    }

    /// An element whose text is a formula.
    pub fn formula_text(
        &mut self,
        element: &Element,
        moved: impl FnOnce(&str) -> Result<Option<String>, Stuck>,
    ) -> Result<(), Stuck> {
        let raw = self.all.text(element);
        if raw.contains('<') {
            return match raw.contains("<!") {
                true => Err(Stuck::new("has a formula written in an unusual way")),
                // the formula is in an element of its own
                false => Ok(()),
            };
        }
        if let Some(new) = moved(&entities(raw))? {
            self.splice.set(element.inner.clone(), &new);
        }
        Ok(())
    }

    /// The changed text, without what is gone and the lists that it left empty; `None` where nothing changed.
    pub fn finish(mut self) -> Option<String> {
        let count = self.gone.len();
        let (mut children, mut lost) = (vec![0u32; count], vec![0u32; count]);
        let mut manual = vec![0u32; count];
        for at in (0..count).rev() {
            let element = &self.all.all[at];
            if lost[at] > 0 && lost[at] == children[at] && empties(element.tag.name()) {
                self.gone[at] = true;
            }
            if let Some(up) = element.parent {
                children[up] += 1;
                lost[up] += u32::from(self.gone[at]);
                let by_hand = matches!(element.tag.raw("man"), Some("1" | "true"));
                manual[up] += u32::from(self.gone[at] && by_hand);
                // a group of sparklines is nothing without them
                self.gone[up] |= self.gone[at] && element.tag.name() == "sparklines";
            }
            if self.gone[at] {
                self.splice.remove(element.whole.clone());
            } else if lost[at] > 0 {
                for (name, less) in [("count", lost[at]), ("manualBreakCount", manual[at])] {
                    let said = element.tag.raw(name).and_then(|n| n.parse::<u32>().ok());
                    if let Some((place, said)) = element.tag.place(name).zip(said) {
                        self.splice
                            .set(place, &said.saturating_sub(less).to_string());
                    }
                }
            }
        }
        (!self.splice.is_empty()).then(|| self.splice.finish())
    }
}

/// Lists that may not stand empty.
fn empties(name: &str) -> bool {
    matches!(
        name,
        "mergeCells"
            | "conditionalFormattings"
            | "dataValidations"
            | "hyperlinks"
            | "protectedRanges"
            | "rowBreaks"
            | "ignoredErrors"
            | "cellWatches"
            | "sparklines"
            | "sparklineGroups"
            | "ext"
            | "extLst"
            | "Choice"
            | "Fallback"
            | "AlternateContent"
            | "controls"
            | "oleObjects"
    )
}

/// An element of the table's own sheet.
fn own(part: &mut Part, at: usize, element: &Element, side: &Side) -> Result<(), Stuck> {
    let tag = &element.tag;
    let stays = match tag.name() {
        "dimension" => dimension(part, element, side),
        "sheetPr" => view_cell(part, element, "syncRef", side),
        "sheetView" | "customSheetView" | "pane" => view_cell(part, element, "topLeftCell", side),
        "selection" => selection(part, element, side),
        "mergeCell" => return merged(part, at, element, side),
        "autoFilter" | "sortState" | "sortCondition" => part.areas(element, "ref", side)?,
        "hyperlink" => {
            let stays = part.areas(element, "ref", side)?;
            if stays {
                part.formula(element, "location", side)?;
            }
            stays
        }
        "protectedRange" => return rules::listed_areas(part, at, element, side),
        // a green corner is not worth the order of rows
        "ignoredError" => {
            return rules::listed_areas(part, at, element, side).or(Ok(()));
        }
        "scenario" => part.areas(element, "sqref", side)?,
        "inputCells" => {
            let cell = tag.raw("r").and_then(address::area);
            if cell.is_some_and(|c| side.moves.holds(c.top)) {
                let place = format!("cell {}", tag.raw("r").unwrap_or_default());
                return Err(
                    Stuck::new("is changed by a scenario, which keeps values of its own").at(place),
                );
            }
            part.areas(element, "r", side)?
        }
        "cellWatch" => part.areas(element, "r", side)?,
        "webPublishItem" => part.areas(element, "sourceRef", side)?,
        "brk" => {
            let in_rows = part.all.around(at).next();
            if in_rows.is_some_and(|up| part.all.all[up].tag.name() == "rowBreaks") {
                return page_break(part, at, element, side);
            }
            true
        }
        "anchor" => return drawing::anchored(part, at, element, side),
        "conditionalFormatting" | "dataValidation" | "sparkline" => {
            return rules::own(part, at, element, side);
        }
        _ => return other(part, at, element, side),
    };
    if !stays {
        part.remove(at);
    }
    Ok(())
}

/// An element of any sheet that may read the table's.
fn other(part: &mut Part, at: usize, element: &Element, side: &Side) -> Result<(), Stuck> {
    let tag = &element.tag;
    match tag.name() {
        "conditionalFormatting" | "dataValidation" if !side.place.on_table => {
            rules::elsewhere(part, at, element, side)?;
        }
        "hyperlink" => part.formula(element, "location", side)?,
        "controlPr" | "oleObject" | "objectPr" => {
            for name in ["linkedCell", "listFillRange", "fmla"] {
                part.formula(element, name, side)?;
            }
        }
        "dataRef" => {
            let sheet = tag.value("sheet");
            let own = side.place.sheets.get(side.place.table);
            if sheet
                .zip(own)
                .is_some_and(|(s, own)| formula::same_name(&s, own))
            {
                return Err(
                    Stuck::new("sums up the table by `Consolidate`").at("<dataConsolidate>")
                );
            }
        }
        "f" if part.first_time(at) => part.formula_text(element, |text| {
            formula::moved(text, &side.place, side.moves).map_err(|s| s.at("<f>"))
        })?,
        _ => (),
    }
    Ok(())
}

fn dimension(part: &mut Part, element: &Element, side: &Side) -> bool {
    if let Some(place) = element.tag.place("ref") {
        let text = &part.all.source[place.clone()];
        // it may be wrong, as programs write it from memory
        if let Ok(Some(new)) = areas::moved(text, side.moves)
            && new != text
        {
            part.splice.set(place, &new);
        }
    }
    true
}

/// A cell of the view: the first that is shown, the one that the cursor is in. What shows the table from its first row on goes
/// on doing so.
fn shown_row(row: u32, side: &Side) -> u32 {
    let first = side.moves.first();
    match row == first {
        true => first,
        false => side.moves.row(row).unwrap_or(first),
    }
}

fn view_cell(part: &mut Part, element: &Element, name: &str, side: &Side) -> bool {
    if let Some(place) = element.tag.place(name) {
        let text = &part.all.source[place.clone()];
        let new = areas::with(text, |a| {
            Ok(Some((shown_row(a.top, side), shown_row(a.bottom, side))))
        });
        if let Ok(Some(new)) = new
            && new != text
        {
            part.splice.set(place, &new);
        }
    }
    true
}

fn selection(part: &mut Part, element: &Element, side: &Side) -> bool {
    let tag = &element.tag;
    let text = |name| tag.raw(name).unwrap_or("A1");
    let moved = areas::moved_list(text("sqref"), side.moves).ok().flatten();
    let active = areas::moved(text("activeCell"), side.moves).ok().flatten();
    let kept =
        |list: &String| list.split(' ').count() == text("sqref").split_ascii_whitespace().count();
    let (list, cell) = match (moved.filter(kept), active) {
        (Some(list), Some(cell)) => (list, cell),
        // what was selected is not all there: the cursor goes to the table's first row
        (_, cell) => {
            let column = address::area(text("activeCell")).map_or(0, |a| a.left);
            let cell = cell.unwrap_or_else(|| address::cell(side.moves.first(), column));
            if let Some(place) = tag.place("activeCellId") {
                part.splice.set(place, "0");
            }
            (cell.clone(), cell)
        }
    };
    for (name, new) in [("sqref", list), ("activeCell", cell)] {
        if let Some(place) = tag.place(name)
            && part.all.source[place.clone()] != new
        {
            part.splice.set(place, &new);
        }
    }
    true
}

/// Merged cells take in what is put in between their rows, never what comes before or behind.
fn merged(part: &mut Part, at: usize, element: &Element, side: &Side) -> Result<(), Stuck> {
    let Some(place) = element.tag.place("ref") else {
        return Ok(());
    };
    let text = &part.all.source[place.clone()];
    let stuck = |why: &str| Stuck::new(why).at(format!("merged cells {text}"));
    let rows = |area: Area| {
        let (top, bottom) = (area.top, area.bottom);
        areas::rows((top, bottom), side.moves).map_err(|_| stuck("stand apart in the copy"))?;
        let inside = side.moves.first().max(top)..side.moves.behind().min(bottom.saturating_add(1));
        let mut kept = inside.clone().filter_map(|row| side.moves.row(row));
        let low = kept.next();
        let high = kept.fold(low, |high, row| high.max(Some(row)));
        let end = |row: u32, kept: Option<u32>| match side.moves.holds(row) {
            true => kept,
            false => side.moves.row(row),
        };
        if side.moves.row(top).is_none() && (high.is_some() || !side.moves.holds(bottom)) {
            return Err(stuck("lose the row that holds their value"));
        }
        let lower = match high {
            None if side.moves.holds(bottom) => Some(side.moves.first().saturating_sub(1)),
            high => end(bottom, high),
        };
        Ok(side.moves.row(top).zip(lower))
    };
    let new = areas::with(text, rows)?;
    let one_cell =
        |new: &String| address::area(new).is_some_and(|a| a.top == a.bottom && a.left == a.right);
    match new {
        Some(new) if new == text => (),
        Some(new) if !one_cell(&new) => part.splice.set(place, &new),
        _ => part.remove(at),
    }
    Ok(())
}

/// A page ends above a row.
fn page_break(part: &mut Part, at: usize, element: &Element, side: &Side) -> Result<(), Stuck> {
    let Some((place, row)) = element
        .tag
        .place("id")
        .zip(element.tag.raw("id").and_then(|r| r.parse::<u32>().ok()))
    else {
        return Ok(());
    };
    let first = side.moves.first();
    match side.moves.row(row) {
        Some(new) if new != row && row != first => part.splice.set(place, &new.to_string()),
        None if row != first => part.remove(at),
        _ => (),
    }
    Ok(())
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
