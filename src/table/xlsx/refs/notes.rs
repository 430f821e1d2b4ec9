//! Comments: the old ones with the drawing of their frames, and the threads that newer programs add.

use super::address;
use super::areas;
use super::formula;
use super::sheet::Part;
use super::splice::Splice;
use super::xml::{Elements, Kind, Tag, Tags};
use super::{Side, Stuck};
use crate::table::xlsx::markup::entities;

/// Comments and threads of the table's sheet, and what ties single cells to XML: each goes with its cell.
///
/// # Errors
/// None of its own; it says what the areas say.
pub fn comments(text: &str, side: &Side) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    for (at, element) in all.all.iter().enumerate() {
        let cell = match element.tag.name() {
            "comment" | "threadedComment" => "ref",
            "singleXmlCell" => "r",
            _ => continue,
        };
        if !part.areas(element, cell, side)? {
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
        let formula = entities(&text[inner.clone()]);
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
        let height = |text: Option<&str>| text.and_then(address::area).map(|a| a.bottom - a.top);
        let said = element.tag.raw("ref");
        let moved = said.map(|text| areas::moved(text, side.moves));
        let together = matches!(&moved, Some(Ok(Some(new))) if height(Some(new)) == height(said));
        if !together || !part.areas(element, "ref", side)? {
            return Err(Stuck::new(
                "is a pivot table beside the table, between whose rows others would come",
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
    let area = table.tag.raw("ref").and_then(address::area);
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
                let stays = part.areas(element, "ref", side)?;
                if !stays {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::moves::Moves;
    use crate::table::xlsx::refs::Where;

    /// Rows 3 to 5 (written) of which the second is left out, behind one that is put in.
    fn with<T>(on_table: bool, see: impl FnOnce(&Side) -> T) -> T {
        let sheets = ["Data", "Codes"].map(String::from);
        let moves = Moves::new(2, 3, [None, Some(0), Some(2), None]);
        see(&Side {
            place: Where {
                on_table,
                sheets: &sheets,
                table: 0,
            },
            moves: &moves,
        })
    }

    #[test]
    fn comments_go_with_their_cells() {
        let text = "<comments><commentList><comment ref=\"B3\"><text>a</text></comment><comment ref=\"B4\"><text>b</text></comment><comment ref=\"B9\"/></commentList></comments>";
        assert_eq!(
            with(true, |side| comments(text, side)).unwrap().unwrap(),
            "<comments><commentList><comment ref=\"B4\"><text>a</text></comment><comment ref=\"B10\"/></commentList></comments>"
        );
        let last = "<comments><commentList><comment ref=\"B4\"/></commentList></comments>";
        assert_eq!(
            with(true, |side| comments(last, side)).unwrap().unwrap(),
            "<comments><commentList></commentList></comments>"
        );
    }

    #[test]
    fn frames_go_with_their_cells() {
        let shape = |row: u32, top: &str, anchor: &str| {
            format!(
                "<v:shape id=\"s\" style='position:absolute;margin-left:9pt;margin-top:{top}pt;width:1pt'><br><x:ClientData ObjectType=\"Note\"><x:Anchor>\n {anchor}</x:Anchor><x:Row>{row}</x:Row><x:Column>1</x:Column></x:ClientData></v:shape>"
            )
        };
        let text = format!(
            "<xml><v:shapetype/>{}{}</xml>",
            shape(2, "15.75", "2, 15, 1, 2, 4, 31, 5, 9"),
            shape(3, "3", "1,1,1,1,1,1,1,1")
        );
        let wanted = format!(
            "<xml><v:shapetype/>{}</xml>",
            shape(3, "30.75", "2, 15, 2, 2, 4, 31, 6, 9")
        );
        assert_eq!(
            with(true, |side| frames(&text, side, 15.0))
                .unwrap()
                .unwrap(),
            wanted
        );
        assert_eq!(with(false, |side| frames(&text, side, 15.0)).unwrap(), None);
        let button = "<v:shape><x:ClientData ObjectType=\"Drop\"><x:Anchor>1,0,7,0,2,0,8,0</x:Anchor><x:FmlaRange>Data!$A$3:$A$5</x:FmlaRange><x:FmlaMacro>[0]!A5</x:FmlaMacro></x:ClientData></v:shape>";
        assert_eq!(
            with(true, |side| frames(button, side, 15.0))
                .unwrap()
                .unwrap(),
            button
                .replace("1,0,7,0,2,0,8,0", "1,0,8,0,2,0,9,0")
                .replace("$A$5", "$A$6")
        );
        assert_eq!(
            with(false, |side| frames(button, side, 15.0))
                .unwrap()
                .unwrap(),
            button.replace("$A$5", "$A$6")
        );
    }

    #[test]
    fn controls_follow_what_they_are_tied_to() {
        let text =
            "<formControlPr objectType=\"Drop\" fmlaLink=\"$B$5\" fmlaRange=\"Codes!$A$5\"/>";
        assert_eq!(with(true, |side| control(text, side)).unwrap(), None);
        let below = text.replace("$B$5", "$B$8");
        let wanted = text.replace("$B$5", "$B$9");
        assert_eq!(
            with(true, |side| control(&below, side)).unwrap().unwrap(),
            wanted
        );
    }

    #[test]
    fn tables_with_their_formulas() {
        let text = "<table ref=\"A2:D6\" totalsRowCount=\"1\"><autoFilter ref=\"A2:D5\"/><sortState ref=\"A3:D5\"><sortCondition ref=\"B3:B5\"/></sortState><tableColumns><tableColumn><calculatedColumnFormula>B3*$C$9+T[[#This Row],[x]]</calculatedColumnFormula></tableColumn><tableColumn><totalsRowFormula>SUM(B3:B5)+A1</totalsRowFormula></tableColumn></tableColumns></table>";
        assert_eq!(
            with(true, |side| listed(text, side)).unwrap().unwrap(),
            text.replace("A2:D6", "A2:D7")
                .replace("A2:D5", "A2:D6")
                .replace("A3:D5", "A3:D6")
                .replace("B3:B5", "B3:B6")
                .replace("$C$9", "$C$10")
        );
        assert_eq!(with(false, |side| listed(text, side)).unwrap(), None);
    }

    #[test]
    fn a_table_without_a_row_is_refused() {
        let text = "<table ref=\"A3:D4\"/>";
        assert!(
            with(true, |side| listed(text, side))
                .unwrap_err()
                .why
                .contains("no row")
        );
    }
}
