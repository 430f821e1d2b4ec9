//! The values that a program kept beside the formulas of a sheet: without them, or with others.

use super::address::{self, Area};
use super::cells::{Cell, Cells, with_formulas};
use super::splice::Splice;
use crate::table::xlsx::kept::{Anew, OnSheet};

/// What becomes of the values kept beside formulas.
#[derive(Clone, Copy, Debug)]
pub enum Beside<'a> {
    Stay,
    /// All go, and programs are asked to calculate.
    Go,
    /// These are put in the place of some.
    Anew(&'a Anew),
}

/// The sheet without the values that a program kept beside its formulas, so that none of an altered cell's stays behind. Cells
/// over which a formula spreads its values lose theirs, too.
pub fn without_kept_values(xml: &str) -> Option<String> {
    let mut splice = Splice::new(xml);
    let mut spread: Vec<Area> = Vec::new();
    for cell in with_formulas(xml) {
        empty(&mut splice, &cell);
        let Some(formula) = &cell.formula else {
            continue;
        };
        if matches!(formula.tag.raw("t"), Some("array" | "dataTable")) {
            let area = formula.tag.raw("ref").and_then(address::area);
            spread.extend(area.filter(|a| a.top < a.bottom || a.left < a.right));
        }
    }
    if !spread.is_empty() {
        spread.sort_by_key(|area| area.top);
        let lowest = spread.iter().map(|area| area.bottom).max().unwrap_or(0);
        let (mut under, mut next) = (Vec::new(), 0);
        for cell in Cells::new(xml).filter(|cell| cell.row <= lowest) {
            while let Some(area) = spread.get(next).filter(|area| area.top <= cell.row) {
                under.push(*area);
                next += 1;
            }
            under.retain(|area| area.bottom >= cell.row);
            if cell.formula.is_none() && under.iter().any(|a| a.holds(cell.row, cell.column)) {
                empty(&mut splice, &cell);
            }
        }
    }
    (!splice.is_empty()).then(|| splice.finish())
}

fn empty(splice: &mut Splice, cell: &Cell) {
    for value in cell.values.iter().flatten() {
        splice.remove(value.clone());
    }
    // what says no more than the default may stay
    if let Some(kind) = cell.tag.whole_attribute("t")
        && cell.tag.raw("t") != Some("n")
    {
        splice.remove(kind);
    }
}

/// Puts other values beside formulas, where they are others. What they are beside has one already.
pub fn renew(xml: &str, values: OnSheet<'_>, splice: &mut Splice) {
    for cell in with_formulas(xml) {
        let Some((value, kind)) = values.get(cell.row, cell.column) else {
            continue;
        };
        let [Some(place), _] = &cell.values else {
            continue;
        };
        let prefix = cell.tag.prefix();
        splice.replace(place.clone(), format!("<{prefix}v>{value}</{prefix}v>"));
        let said = cell.tag.place("t");
        match (said, kind) {
            (Some(place), Some(kind)) => splice.replace(place, kind),
            (None, Some(kind)) => {
                let tag = &xml[cell.tag.span.clone()];
                let end = cell.tag.span.start + tag.trim_end_matches('>').trim_end().len();
                splice.replace(end..end, format!(" t=\"{kind}\""));
            }
            // what says no more than the default may stay
            (Some(_), None) if cell.tag.raw("t") == Some("n") => (),
            (Some(_), None) => {
                splice.remove(cell.tag.whole_attribute("t").unwrap_or(0..0));
            }
            (None, None) => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::xlsx::kept::Value;

    #[test]
    fn kept_values_go_with_their_kind() {
        let xml = "<x:w><x:row r=\"1\"><x:c r=\"A1\" s=\"2\" t=\"str\"><x:f>B1&amp;\"\"</x:f><x:v>old</x:v></x:c><x:c r=\"B1\" t=\"s\"><x:v>0</x:v></x:c></x:row></x:w>";
        assert_eq!(
            without_kept_values(xml).unwrap(),
            "<x:w><x:row r=\"1\"><x:c r=\"A1\" s=\"2\"><x:f>B1&amp;\"\"</x:f></x:c><x:c r=\"B1\" t=\"s\"><x:v>0</x:v></x:c></x:row></x:w>"
        );
        assert_eq!(
            without_kept_values("<w><row><c><v>1</v></c></row></w>"),
            None
        );
    }

    #[test]
    fn values_that_a_formula_spreads_go_too() {
        let xml = "<w><row r=\"1\"><c r=\"A1\" cm=\"1\"><f t=\"array\" ref=\"A1:B2\">S!A1:B2</f><v>1</v></c><c r=\"B1\"><v>2</v></c><c r=\"C1\"><v>3</v></c></row><row r=\"2\"><c r=\"A2\" t=\"str\"><v>x</v></c></row><row r=\"3\"><c r=\"A3\"><v>9</v></c></row></w>";
        assert_eq!(
            without_kept_values(xml).unwrap(),
            "<w><row r=\"1\"><c r=\"A1\" cm=\"1\"><f t=\"array\" ref=\"A1:B2\">S!A1:B2</f></c><c r=\"B1\"></c><c r=\"C1\"><v>3</v></c></row><row r=\"2\"><c r=\"A2\"></c></row><row r=\"3\"><c r=\"A3\"><v>9</v></c></row></w>"
        );
    }

    #[test]
    fn other_values_in_their_place() {
        let xml = "<x:w><x:row r=\"1\"><x:c r=\"A1\" t=\"str\"><x:f>B1</x:f><x:v>old</x:v></x:c><x:c r=\"B1\" s=\"2\"><x:f>C1</x:f><x:v/></x:c><x:c r=\"C1\"><x:f>1</x:f><x:v>1</x:v></x:c><x:c r=\"D1\" t=\"n\"><x:f>C1</x:f><x:v>1</x:v></x:c></x:row></x:w>";
        let anew = Anew::made(
            "S",
            &[
                (0, 0, Value::Number(2.5)),
                (0, 1, Value::Text("a & b".into())),
                (0, 3, Value::Number(3.0)),
            ],
        );
        let mut splice = Splice::new(xml);
        renew(xml, anew.on("S").unwrap(), &mut splice);
        assert!(anew.on("Other").is_none());
        assert_eq!(
            splice.finish(),
            "<x:w><x:row r=\"1\"><x:c r=\"A1\"><x:f>B1</x:f><x:v>2.5</x:v></x:c><x:c r=\"B1\" s=\"2\" t=\"str\"><x:f>C1</x:f><x:v>a &amp; b</x:v></x:c><x:c r=\"C1\"><x:f>1</x:f><x:v>1</x:v></x:c><x:c r=\"D1\" t=\"n\"><x:f>C1</x:f><x:v>3</x:v></x:c></x:row></x:w>"
        );
    }
}
