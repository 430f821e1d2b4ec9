//! Pictures, shapes and charts over the cells of a sheet.

use super::formula::{self, reads};
use super::sheet::Part;
use super::xml::{Element, Elements};
use super::{Side, Stuck};
use crate::table::xlsx::moves::Rows;

/// A drawing: its anchors follow their rows where it belongs to the table's sheet, and shapes that show a cell read it where it
/// is. A shape's text is what the cell held once, so it goes where the cell is the table's.
///
/// # Errors
/// Where a shape reads a cell that the copy does not have, or is a picture of the table's cells.
pub fn moved(text: &str, side: &Side, table: Rows) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    for (at, element) in all.all.iter().enumerate() {
        match element.tag.name() {
            "twoCellAnchor" | "oneCellAnchor" if side.place.on_table => {
                anchored(&mut part, at, element, side)?;
            }
            "sp" | "cxnSp" => {
                let Some(link) = element
                    .tag
                    .value("textlink")
                    .filter(|link| !link.is_empty())
                else {
                    continue;
                };
                part.formula(element, "textlink", side)?;
                if reads(&link, &side.place).may_read(table) {
                    let texts = all.inside(at).filter(|(_, e)| e.tag.name() == "t");
                    for (_, shown) in texts {
                        part.splice.remove(shown.inner.clone());
                    }
                }
            }
            "cameraTool" => {
                let range = element.tag.value("cellRange").unwrap_or_default();
                if reads(&range, &side.place).may_read(table) {
                    return Err(Stuck::new(format!("is a picture of the cells `{range}`"))
                        .at("a linked picture"));
                }
            }
            _ => (),
        }
    }
    Ok(part.finish())
}

/// An anchor with `from` and perhaps `to`: what begins in a row of the table goes with it and keeps its height; what begins above
/// the table stays. Charts stay where the row that they began in was left out, other things go with it.
pub fn anchored(part: &mut Part, at: usize, element: &Element, side: &Side) -> Result<(), Stuck> {
    if element.tag.raw("editAs") == Some("absolute") {
        return Ok(());
    }
    let row = |name: &str| {
        let (corner, _) = part.all.inside(at).find(|(_, e)| e.tag.name() == name)?;
        let row = part.all.first_inside(corner, "row")?;
        let number: u32 = part.all.text(row).trim().parse().ok()?;
        Some((number, row.inner.clone()))
    };
    let Some((from, from_place)) = row("from") else {
        return Ok(());
    };
    let to = row("to");
    let moves = side.moves;
    let new_from = match moves.row(from) {
        Some(new) => new,
        None if part.all.first_inside(at, "graphicFrame").is_some() => from,
        None => {
            // a control or an embedded object is removed with what stands around its anchor
            let owner = part
                .all
                .around(at)
                .find(|up| matches!(part.all.all[*up].tag.name(), "control" | "oleObject"));
            part.remove(owner.unwrap_or(at));
            return Ok(());
        }
    };
    if new_from != from {
        part.splice.set(from_place, &new_from.to_string());
    }
    if let Some((to, to_place)) = to {
        let new_to = match from >= moves.first() {
            true => to.saturating_sub(from).saturating_add(new_from),
            false if moves.holds(to) => to,
            false => moves.row(to).unwrap_or(to),
        };
        if new_to != to {
            part.splice.set(to_place, &new_to.to_string());
        }
    }
    Ok(())
}

/// A chart: its series read their cells where they are, and what it kept of cells that a copy alters is dropped. With `all_kept`
/// that goes for all it kept, since it may read what is calculated from the table.
///
/// # Errors
/// Where a series cannot follow.
pub fn chart(
    text: &str,
    side: &Side,
    table: Rows,
    all_kept: bool,
) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    for (at, element) in all.all.iter().enumerate() {
        if !matches!(element.tag.name(), "f" | "sqref") {
            continue;
        }
        part.formula_text(element, |formula| {
            formula::moved(formula, &side.place, side.moves)
        })?;
        let formula = super::xml::unescaped(all.text(element));
        if !all_kept && !reads(&formula, &side.place).may_read(table) {
            continue;
        }
        let Some(around) = element.parent else {
            continue;
        };
        let kept: Vec<usize> = all
            .inside(around)
            .filter(|(_, e)| e.parent == Some(around) && keeps_values(e.tag.name()))
            .map(|(kept, _)| kept)
            .collect();
        for kept in kept {
            part.remove(kept);
        }
        // what is shown beside points is kept away from its formula
        if let Some(labels) = all.around(at).find(|up| all.all[*up].tag.name() == "ext") {
            let kept: Vec<usize> = all
                .inside(labels)
                .filter(|(_, e)| e.tag.name() == "dlblRangeCache")
                .map(|(kept, _)| kept)
                .collect();
            for kept in kept {
                part.remove(kept);
            }
        }
    }
    Ok(part.finish())
}

fn keeps_values(name: &str) -> bool {
    matches!(
        name,
        "numCache" | "strCache" | "multiLvlStrCache" | "dlblRangeCache" | "lvl"
    )
}
