//! What holds for a list of areas and may have formulas of its own: conditional formats, validations, sparklines.

use std::ops::Range;

use super::areas;
use super::formula::{self, Shared};
use super::sheet::Part;
use super::xml::Element;
use super::{Side, Stuck};
use crate::table::xlsx::moves::Rows;

/// Where an element's list of areas stands: in an attribute, or in an element inside it.
pub fn list_of(part: &Part, at: usize, element: &Element) -> Option<Range<usize>> {
    element.tag.place("sqref").or_else(|| {
        part.all
            .first_inside(at, "sqref")
            .map(|inner| inner.inner.clone())
    })
}

/// Moves an element's list of areas; takes the element out where none is left.
pub fn listed_areas(
    part: &mut Part,
    at: usize,
    element: &Element,
    side: &Side,
) -> Result<(), Stuck> {
    moved_list(part, at, element, side).map(|_| ())
}

/// The list before and after; nothing where there is none or none is left.
fn moved_list<'a>(
    part: &mut Part<'a, '_>,
    at: usize,
    element: &Element,
    side: &Side,
) -> Result<Option<(&'a str, String)>, Stuck> {
    let Some(place) = list_of(part, at, element) else {
        return Ok(None);
    };
    let text = &part.all.source[place.clone()];
    let moved = areas::moved_list(text, side.moves).map_err(|s| s.at(what(element, text)))?;
    match &moved {
        Some(new) if new != text => part.splice.set(place, new),
        Some(_) => (),
        None if text.trim().is_empty() => (),
        None => part.remove(at),
    }
    Ok(moved.map(|new| (text, new)))
}

fn what(element: &Element, list: &str) -> String {
    let kind = match element.tag.name() {
        "conditionalFormatting" => "the conditional format",
        "dataValidation" => "the validation",
        "sparkline" => "the sparkline",
        "protectedRange" => "the protected range",
        _ => "what is noted",
    };
    let short: String = list.chars().take(60).collect();
    format!("{kind} of {short}")
}

/// A rule of the table's own sheet.
pub fn own(part: &mut Part, at: usize, element: &Element, side: &Side) -> Result<(), Stuck> {
    let Some((old, new)) = moved_list(part, at, element, side)? else {
        return Ok(());
    };
    let shared = |first_area: bool| {
        let take = if first_area { 1 } else { usize::MAX };
        let top = |list: &str| areas::listed(list).take(take).map(|a| a.top).min();
        Some(Shared {
            rows: span(old)?,
            anchor: (top(old)?, top(&new)?),
        })
    };
    formulas(part, at, element, side, [shared(false), shared(true)], old)
}

/// A rule of another sheet, whose areas stay.
pub fn elsewhere(part: &mut Part, at: usize, element: &Element, side: &Side) -> Result<(), Stuck> {
    let Some(place) = list_of(part, at, element) else {
        return Ok(());
    };
    let text = &part.all.source[place];
    let shared = span(text).map(|rows| Shared {
        rows,
        anchor: (rows.0, rows.0),
    });
    formulas(part, at, element, side, [shared, shared], text)
}

/// From the first to the last row of a list.
fn span(list: &str) -> Option<Rows> {
    areas::listed(list).fold(None, |span: Option<Rows>, area| {
        let (top, bottom) = span.unwrap_or((area.top, area.bottom));
        Some((top.min(area.top), bottom.max(area.bottom)))
    })
}

/// The formulas inside a rule. Programs disagree whether they are written for the upper left corner of the first area or of all
/// together; where that makes a difference, the rule cannot follow.
fn formulas(
    part: &mut Part,
    at: usize,
    element: &Element,
    side: &Side,
    [of_all, of_first]: [Option<Shared>; 2],
    list: &str,
) -> Result<(), Stuck> {
    let (Some(of_all), Some(of_first)) = (of_all, of_first) else {
        return Ok(());
    };
    let moved = |text: &str| {
        let with = |shared| formula::moved_with(text, shared, &side.place, side.moves);
        let new = with(&of_all).map_err(|s| s.at(what(element, list)))?;
        if new != with(&of_first).map_err(|s| s.at(what(element, list)))? {
            let why =
                "is written for the first of its areas, which move by different numbers of rows";
            return Err(Stuck::new(why).at(what(element, list)));
        }
        Ok(new)
    };
    // a sparkline reads what its formula names
    let sparkline = element.tag.name() == "sparkline";
    for (inner, leaf) in part.all.inside(at) {
        match leaf.tag.name() {
            "f" | "formula" | "formula1" | "formula2" if part.first_time(inner) => {
                match sparkline {
                    true => part.formula_text(leaf, |text| {
                        formula::moved(text, &side.place, side.moves)
                            .map_err(|s| s.at(what(element, list)))
                    })?,
                    false => part.formula_text(leaf, moved)?,
                }
            }
            "cfvo" => {
                let Some((place, text)) = leaf.tag.place("val").zip(leaf.tag.value("val")) else {
                    continue;
                };
                if let Some(new) = moved(&text)? {
                    part.splice.set(place, &new);
                }
            }
            _ => (),
        }
    }
    Ok(())
}
