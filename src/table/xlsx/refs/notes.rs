//! Comments: the old ones with the drawing of their frames, and the threads that newer programs add.

use super::areas;
use super::formula;
use super::sheet::Part;
use super::xml::{Elements, Kind, Splice, Tag, Tags, unescaped};
use super::{Side, Stuck};

/// Comments or threads of the table's sheet: each goes with its cell.
///
/// # Errors
/// None of its own; it says what the areas say.
pub fn comments(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    for (at, element) in all.all.iter().enumerate() {
        if matches!(element.tag.name(), "comment" | "threadedComment")
            && !part.areas(element, "ref", side)?
        {
            part.remove(at);
        }
    }
    Ok(part.finish())
}

/// The frames of comments and the form controls of a sheet. This is not always well-formed XML, so it is read shape by shape.
///
/// # Errors
/// Where a control reads a cell that cannot follow.
pub fn frames(text: &str, side: &Side, row_height: f64) -> Result<Option<String>, Stuck> {
    let mut splice = Splice::new(text);
    let mut shape = None;
    for tag in Tags::new(text) {
        match (tag.name(), tag.kind) {
            ("shape", Kind::Open) => shape = Some(tag),
            ("shape", Kind::Close) => {
                if let Some(open) = shape.take() {
                    frame(&mut splice, text, &open, tag.span.end, side, row_height)?;
                }
            }
            _ => (),
        }
    }
    Ok((!splice.is_empty()).then(|| splice.finish()))
}

fn frame(
    splice: &mut Splice,
    text: &str,
    open: &Tag,
    end: usize,
    side: &Side,
    row_height: f64,
) -> Result<(), Stuck> {
    let leaves = || Tags::from(&text[..end], open.span.end).filter(|tag| tag.kind == Kind::Open);
    let place = |name: &str| {
        let tag = leaves().find(|tag| tag.name() == name)?;
        let length = text[tag.span.end..end].find('<')?;
        Some(tag.span.end..tag.span.end + length)
    };
    for tag in leaves().filter(|tag| tag.name().starts_with("Fmla") && tag.name() != "FmlaMacro") {
        let length = text[tag.span.end..end].find('<').unwrap_or(0);
        let inner = tag.span.end..tag.span.end + length;
        let formula = unescaped(&text[inner.clone()]);
        let moved = formula::moved(&formula, &side.place, side.moves);
        if let Some(new) = moved.map_err(|s| s.at("a form control"))? {
            splice.set(inner, &new);
        }
    }
    if !side.place.on_table {
        return Ok(());
    }
    let number = |place: &std::ops::Range<usize>| text[place.clone()].trim().parse::<u32>().ok();
    let anchor = place("Anchor");
    let corners: Vec<&str> = anchor
        .iter()
        .flat_map(|place| text[place.clone()].split(','))
        .collect();
    let corner = |at: usize| corners.get(at).and_then(|c| c.trim().parse::<u32>().ok());
    let cell = place("Row").and_then(|place| Some((number(&place)?, place)));
    let Some(row) = cell.as_ref().map(|(row, _)| *row).or(corner(2)) else {
        return Ok(());
    };
    let Some(new) = side.moves.row(row) else {
        splice.remove(open.span.start..end);
        return Ok(());
    };
    if new == row {
        return Ok(());
    }
    if let Some((_, place)) = cell {
        splice.set(place, &new.to_string());
    }
    if let Some((anchor, (top, bottom))) = anchor.zip(corner(2).zip(corner(6))) {
        let by = |line: u32| (line + new).saturating_sub(row);
        let (top, bottom) = (by(top).to_string(), by(bottom).to_string());
        let mut at = anchor.start;
        for (index, piece) in text[anchor].split(',').enumerate() {
            let digits = piece.trim();
            let start = at + piece.len() - piece.trim_start().len();
            let new = match index {
                2 => &top,
                6 => &bottom,
                _ => digits,
            };
            splice.replace(start..start + digits.len(), new);
            at += piece.len() + 1;
        }
    }
    lower(
        splice,
        text,
        open,
        (f64::from(new) - f64::from(row)) * row_height,
    );
    Ok(())
}

/// A frame also says how far from the sheet's top it is, in points; programs write that and go by the anchor.
fn lower(splice: &mut Splice, text: &str, open: &Tag, by: f64) {
    const KEY: &str = "margin-top:";
    let Some(style) = open.place("style") else {
        return;
    };
    let Some(at) = text[style.clone()].find(KEY) else {
        return;
    };
    let start = style.start + at + KEY.len();
    let rest = &text[start..style.end];
    let length = rest.find("pt").unwrap_or(0);
    if let Ok(top) = rest[..length].trim().parse::<f64>() {
        splice.replace(
            start..start + length,
            format!("{}", ((top + by).max(0.0) * 100.0).round() / 100.0),
        );
    }
}

/// What a form control of the newer kind is tied to.
///
/// # Errors
/// Where that cannot follow.
pub fn control(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    for element in &all.all {
        for name in ["fmlaLink", "fmlaRange", "fmlaTxbx", "fmlaGroup"] {
            part.formula(element, name, side)?;
        }
    }
    Ok(part.finish())
}

/// A pivot table on the table's sheet that is made from something else.
///
/// # Errors
/// Where its rows do not stay together.
pub fn pivot(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    for (_, element) in all.named("location") {
        let rows = element.tag.raw("ref").and_then(super::address::area);
        let beside =
            rows.is_some_and(|a| a.top < side.moves.behind() && a.bottom >= side.moves.first());
        if beside || !part.areas(element, "ref", side)? {
            return Err(Stuck::new(
                "is a pivot table beside the table, where no row can be put in",
            ));
        }
    }
    Ok(part.finish())
}

/// A table as the program knows it: its area, filter and order, and the formulas of its columns.
///
/// # Errors
/// Where its rows do not stay together or none is left.
pub fn listed(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    let Some(table) = all.all.first() else {
        return Ok(None);
    };
    let number = |name: &str, default: u32| {
        table
            .tag
            .raw(name)
            .and_then(|n| n.parse().ok())
            .unwrap_or(default)
    };
    let area = table.tag.raw("ref").and_then(super::address::area);
    let heads = number("headerRowCount", 1);
    let body = area.map(|a| {
        (
            a.top.saturating_add(heads),
            a.bottom.saturating_sub(number("totalsRowCount", 0)),
        )
    });
    for element in &all.all {
        let moved = |text: &str| formula::moved(text, &side.place, side.moves);
        match element.tag.name() {
            "table" | "autoFilter" | "sortState" | "sortCondition" if side.place.on_table => {
                if !part.areas(element, "ref", side)? {
                    return Err(Stuck::new("is a table of which the copy has no row"));
                }
            }
            "calculatedColumnFormula" => {
                // written as for the first row under the heads
                let shared = body.filter(|_| side.place.on_table).and_then(|rows| {
                    let (new_top, _) = areas::rows(rows, side.moves).ok()??;
                    Some(formula::Shared {
                        rows,
                        anchor: (rows.0, new_top),
                    })
                });
                part.formula_text(element, |text| match &shared {
                    Some(shared) => formula::moved_with(text, shared, &side.place, side.moves),
                    None => moved(text),
                })?;
            }
            "totalsRowFormula" => part.formula_text(element, moved)?,
            _ => (),
        }
    }
    if let Some((rows, true)) = body.map(|rows| (rows, side.place.on_table))
        && matches!(areas::rows(rows, side.moves), Ok(None))
    {
        return Err(Stuck::new("is a table of which the copy has no row"));
    }
    Ok(part.finish())
}
