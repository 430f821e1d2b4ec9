//! The workbook's own part, with the names, and the chain in which a program last calculated.

use std::collections::HashMap;

use super::address;
use super::formula;
use super::sheet::Part;
use super::splice::Splice;
use super::xml::{Elements, Kind, Tags};
use super::{Side, Stuck};

/// The names where their rows are in the copy; with `calculate`, whoever opens the workbook calculates it anew.
///
/// # Errors
/// Where a name cannot follow.
pub fn moved(text: &str, side: &Side, calculate: bool) -> Result<Option<String>, Stuck> {
    let all = Elements::new(text);
    let mut part = Part::new(&all);
    for (_, element) in all.named("definedName") {
        let name = element.tag.value("name").unwrap_or_default();
        part.formula_text(element, |text| {
            formula::moved_name(text, &side.place, side.moves)
        })
        .map_err(|stuck| stuck.at(format!("the name {name}")))?;
    }
    if calculate {
        calculated(&mut part);
    }
    Ok(part.finish())
}

fn calculated(part: &mut Part) {
    const ON: &str = "fullCalcOnLoad";
    let all = part.all;
    if let Some((_, settings)) = all.named("calcPr").next() {
        match settings.tag.place(ON) {
            Some(place) => part.splice.set(place, "1"),
            None => {
                // behind the last attribute, before whatever space stands at the tag's end
                let tag = &all.source[settings.tag.span.clone()];
                let inner = tag.trim_end_matches(['>', '/']).trim_end().len();
                let end = settings.tag.span.start + inner;
                part.splice.replace(end..end, format!(" {ON}=\"1\""));
            }
        }
        return;
    }
    // the order of a workbook's elements is laid down
    let before = [
        "sheets",
        "functionGroups",
        "externalReferences",
        "definedNames",
    ];
    let last = all
        .all
        .iter()
        .rfind(|e| e.parent == Some(0) && before.contains(&e.tag.name()));
    if let Some(last) = last {
        let prefix = last.tag.prefix();
        let at = last.whole.end;
        part.splice
            .replace(at..at, format!("<{prefix}calcPr {ON}=\"1\"/>"));
    }
}

/// A formula that a row put in got from its neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFormula {
    /// Its cell in the copy, from 0.
    pub row: u32,
    pub column: u32,
    /// The neighbour's row in the source.
    pub neighbour: u32,
}

/// The chain of calculation: entries of the table's sheet, which has this id, follow their cells, new ones stand behind their
/// neighbours'. `None` where nothing is left of it.
pub fn chain(text: &str, sheet: &str, side: &Side, added: &[NewFormula]) -> Option<String> {
    let mut beside: HashMap<(u32, u32), Vec<u32>> = HashMap::new();
    for new in added {
        beside
            .entry((new.neighbour, new.column))
            .or_default()
            .push(new.row);
    }
    let mut splice = Splice::new(text);
    // an entry without a sheet is on the sheet of the one before it
    let (mut said, mut written) = ("", "");
    let mut left = 0u32;
    for tag in Tags::new(text).filter(|tag| tag.name() == "c" && tag.kind != Kind::Close) {
        said = tag.raw("i").unwrap_or(said);
        let cell = tag.place("r").zip(tag.raw("r").and_then(address::area));
        let Some((place, cell)) = cell else { continue };
        let new = match said == sheet {
            true => side.moves.row(cell.top),
            false => Some(cell.top),
        };
        let Some(new) = new else {
            splice.remove(tag.span.clone());
            continue;
        };
        left += 1;
        if new != cell.top {
            splice.replace(place, address::cell(new, cell.left));
        }
        if tag.raw("i").is_none() && written != said {
            splice.replace(
                tag.behind_name()..tag.behind_name(),
                format!(" i=\"{said}\""),
            );
        }
        written = said;
        if said == sheet
            && let Some(rows) = beside.remove(&(cell.top, cell.left))
        {
            for row in rows {
                let prefix = tag.prefix();
                let entry = format!(
                    "<{prefix}c r=\"{}\" i=\"{sheet}\"/>",
                    address::cell(row, cell.left)
                );
                splice.replace(tag.span.end..tag.span.end, entry);
            }
        }
    }
    match (left, splice.is_empty()) {
        (0, _) => None,
        (_, true) => Some(text.to_string()),
        _ => Some(splice.finish()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::moves::Moves;
    use crate::table::xlsx::refs::Where;

    fn with<T>(see: impl FnOnce(&Side) -> T) -> T {
        let sheets = ["Data", "Codes"].map(String::from);
        let moves = Moves::new(2, 3, [Some(0), None, Some(2)]);
        see(&Side {
            place: Where {
                on_table: false,
                sheets: &sheets,
                table: 0,
            },
            moves: &moves,
        })
    }

    #[test]
    fn names_and_the_order_to_calculate() {
        let text = "<x:workbook><x:sheets><x:sheet/></x:sheets><x:definedNames><x:definedName name=\"a\" localSheetId=\"0\">Data!$A$5&amp;\"\"</x:definedName></x:definedNames><x:oleSize/></x:workbook>";
        let put = "</x:definedNames><x:calcPr fullCalcOnLoad=\"1\"/>";
        assert_eq!(
            with(|side| moved(text, side, true)).unwrap().unwrap(),
            text.replace("</x:definedNames>", put)
        );
        assert_eq!(with(|side| moved(text, side, false)).unwrap(), None);
        let told = |calc: &str| {
            with(|side| moved(&format!("<w><sheets/>{calc}</w>"), side, true)).unwrap()
        };
        assert_eq!(
            told("<calcPr calcId=\"1\"/>").unwrap(),
            "<w><sheets/><calcPr calcId=\"1\" fullCalcOnLoad=\"1\"/></w>"
        );
        assert_eq!(
            told("<calcPr fullCalcOnLoad='0'></calcPr>").unwrap(),
            "<w><sheets/><calcPr fullCalcOnLoad='1'></calcPr></w>"
        );
        let stuck = with(|side| moved(&text.replace("$5", "$4"), side, true)).unwrap_err();
        assert_eq!(stuck.place, "the name a");
    }

    #[test]
    fn the_chain_follows_its_cells() {
        let of = |text: &str, added: &[NewFormula]| with(|side| chain(text, "7", side, added));
        // the sheet of an entry is that of the one before, also where that one goes
        assert_eq!(
            of(
                "<q><c r=\"B5\" i=\"2\"/><c r=\"B4\" i=\"7\"/><c r=\"B5\"/><c r=\"B9\"/></q>",
                &[]
            )
            .unwrap(),
            "<q><c r=\"B5\" i=\"2\"/><c i=\"7\" r=\"B5\"/><c r=\"B9\"/></q>"
        );
        let added = [NewFormula {
            row: 3,
            column: 1,
            neighbour: 2,
        }];
        assert_eq!(
            of(
                "<q><x:c r=\"B3\" i=\"7\" l=\"1\"/><x:c r=\"C3\"/></q>",
                &added
            )
            .unwrap(),
            "<q><x:c r=\"B3\" i=\"7\" l=\"1\"/><x:c r=\"B4\" i=\"7\"/><x:c r=\"C3\"/></q>"
        );
        assert_eq!(of("<q><c r=\"B4\" i=\"7\"/></q>", &[]), None);
    }
}
