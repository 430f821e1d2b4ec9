//! Pictures, shapes and charts over the cells of a sheet.

use super::formula::{self, reads};
use super::sheet::Part;
use super::xml::{Element, Elements};
use super::{Side, Stuck};
use crate::table::xlsx::markup::entities;
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
    if element.tag.raw("editAs") == Some("absolute") {
        return Ok(());
    }
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
        let formula = entities(all.text(element));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::moves::Moves;
    use crate::table::xlsx::refs::Where;

    /// Rows 3 to 5 (written) of which the second is left out, behind two that are put in.
    fn with<T>(on_table: bool, see: impl FnOnce(&Side) -> T) -> T {
        let sheets = ["Data", "Codes"].map(String::from);
        let moves = Moves::new(2, 3, [None, None, Some(0), Some(2), None]);
        see(&Side {
            place: Where {
                on_table,
                sheets: &sheets,
                table: 0,
            },
            moves: &moves,
        })
    }

    fn anchor(from: u32, to: u32, what: &str) -> String {
        format!(
            "<xdr:twoCellAnchor><xdr:from><xdr:col>1</xdr:col><xdr:row>{from}</xdr:row></xdr:from><xdr:to><xdr:row>{to}</xdr:row></xdr:to>{what}</xdr:twoCellAnchor>"
        )
    }

    #[track_caller]
    fn becomes(old: &str, new: &str) {
        let text = format!("<xdr:wsDr>{old}</xdr:wsDr>");
        let got = with(true, |side| moved(&text, side, (2, 4))).unwrap();
        assert_eq!(got.unwrap_or(text), format!("<xdr:wsDr>{new}</xdr:wsDr>"));
    }

    #[test]
    fn anchors() {
        becomes(&anchor(2, 3, "<xdr:pic/>"), &anchor(4, 5, "<xdr:pic/>"));
        becomes(&anchor(3, 3, "<xdr:pic/>"), "");
        becomes(
            &anchor(3, 9, "<xdr:graphicFrame/>"),
            &anchor(3, 9, "<xdr:graphicFrame/>"),
        );
        becomes(&anchor(0, 1, ""), &anchor(0, 1, ""));
        becomes(&anchor(0, 3, ""), &anchor(0, 3, ""));
        becomes(&anchor(1, 7, ""), &anchor(1, 9, ""));
        becomes(&anchor(6, 9, ""), &anchor(8, 11, ""));
        let wrapped = format!(
            "<mc:AlternateContent><mc:Choice>{}</mc:Choice><mc:Fallback/></mc:AlternateContent>",
            anchor(3, 3, "<xdr:pic/>")
        );
        becomes(
            &wrapped,
            "<mc:AlternateContent><mc:Fallback/></mc:AlternateContent>",
        );
        let text = anchor(3, 3, "<xdr:pic/>");
        assert_eq!(
            with(false, |side| moved(&text, side, (2, 4))).unwrap(),
            None
        );
    }

    #[test]
    fn charts_drop_what_they_kept() {
        let series = |formula: &str, kept: &str| {
            format!("<c:val><c:numRef><c:f>{formula}</c:f>{kept}</c:numRef></c:val>")
        };
        let kept = "<c:numCache><c:pt idx=\"0\"><c:v>5</c:v></c:pt></c:numCache>";
        let text = format!(
            "<c:chart>{}{}</c:chart>",
            series("Data!$A$3:$A$5", kept),
            series("Codes!$A$3:$A$5", kept)
        );
        let of = |text: &str, all| {
            with(false, |side| chart(text, side, (2, 4), all))
                .unwrap()
                .unwrap()
        };
        assert_eq!(
            of(&text, false),
            format!(
                "<c:chart>{}{}</c:chart>",
                series("Data!$A$3:$A$7", ""),
                series("Codes!$A$3:$A$5", kept)
            )
        );
        assert_eq!(
            of(&text, true),
            format!(
                "<c:chart>{}{}</c:chart>",
                series("Data!$A$3:$A$7", ""),
                series("Codes!$A$3:$A$5", "")
            )
        );
        let newer = "<cx:data id=\"0\"><cx:strDim type=\"cat\"><cx:f dir=\"row\">Data!$A$3:$A$5</cx:f><cx:lvl ptCount=\"1\"><cx:pt idx=\"0\">x</cx:pt></cx:lvl></cx:strDim></cx:data>";
        assert_eq!(
            of(newer, false),
            "<cx:data id=\"0\"><cx:strDim type=\"cat\"><cx:f dir=\"row\">Data!$A$3:$A$7</cx:f></cx:strDim></cx:data>"
        );
        let labels = "<c:ext><c15:datalabelsRange><c15:f>Data!$B$3:$B$5</c15:f><c15:dlblRangeCache><c:pt/></c15:dlblRangeCache></c15:datalabelsRange></c:ext>";
        assert_eq!(
            of(labels, false),
            "<c:ext><c15:datalabelsRange><c15:f>Data!$B$3:$B$7</c15:f></c15:datalabelsRange></c:ext>"
        );
    }
}
