//! The cells of a sheet that hold formulas.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use memchr::memmem;

use super::Stuck;
use super::address;
use super::areas;
use super::formula::{self, Where};
use super::splice::{Splice, escaped};
use super::xml::{Kind, Tag, Tags};
use crate::table::xlsx::markup::entities;
use crate::table::xlsx::moves::{Moves, Rows};

/// A cell of a sheet.
pub struct Cell<'a> {
    pub row: u32,
    pub column: u32,
    pub tag: Tag<'a>,
    pub formula: Option<Formula<'a>>,
    /// The elements with its value, tags and all.
    pub(super) values: [Option<Range<usize>>; 2],
    /// Behind its closing tag.
    end: usize,
}

/// The formula of a cell.
pub struct Formula<'a> {
    pub tag: Tag<'a>,
    /// Between its tags.
    pub text: Range<usize>,
    whole: Range<usize>,
}

impl<'a> Formula<'a> {
    /// The number under which cells share it.
    fn shared(&self) -> Option<&'a str> {
        self.tag
            .raw("si")
            .filter(|_| self.tag.raw("t") == Some("shared"))
    }
}

impl Cell<'_> {
    pub fn address(&self) -> String {
        address::cell(self.row, self.column)
    }
}

/// Where the cells begin and where what follows them begins: before `<sheetData`, behind `</sheetData>`.
pub fn data(xml: &str) -> Option<Range<usize>> {
    const NAME: &[u8] = b"sheetData";
    let tag = |at: usize| {
        let start = memchr::memrchr(b'<', &xml.as_bytes()[..at])?;
        let tag = Tags::from(xml, start).next()?;
        (tag.name() == "sheetData" && tag.span.start == start).then_some(tag)
    };
    let open = memmem::find_iter(xml.as_bytes(), NAME).find_map(tag)?;
    if open.kind == Kind::Empty {
        return Some(open.span.start..open.span.end);
    }
    let close = memmem::rfind(xml.as_bytes(), NAME).and_then(tag)?;
    (close.kind == Kind::Close).then_some(open.span.start..close.span.end)
}

/// All cells, one after the other.
pub struct Cells<'a> {
    xml: &'a str,
    at: usize,
    row: u32,
    column: u32,
}

impl<'a> Cells<'a> {
    pub fn new(xml: &'a str) -> Cells<'a> {
        Cells {
            xml,
            at: 0,
            row: 0,
            column: 0,
        }
    }
}

impl<'a> Iterator for Cells<'a> {
    type Item = Cell<'a>;

    fn next(&mut self) -> Option<Cell<'a>> {
        // `row` and `column` are those of a row or a cell that does not say where it is
        for tag in Tags::from(self.xml, self.at) {
            match (tag.name(), tag.kind) {
                ("row", Kind::Open | Kind::Empty) => {
                    let said = tag.raw("r").and_then(|r| r.parse::<u32>().ok());
                    self.row = said.map_or(self.row.saturating_add(1), |r| r.max(1));
                    self.column = 0;
                }
                ("c", Kind::Open | Kind::Empty) => {
                    let here = place_of(&tag).unwrap_or((self.row.saturating_sub(1), self.column));
                    let cell = read(self.xml, tag, here);
                    self.at = cell.end;
                    self.column = here.1.saturating_add(1);
                    return Some(cell);
                }
                _ => (),
            }
            self.at = tag.span.end;
        }
        None
    }
}

fn place_of(tag: &Tag) -> Option<(u32, u32)> {
    let (end, _) = address::ends(tag.raw("r")?)?;
    Some((end.row?.at, end.column?.at))
}

fn read<'a>(xml: &'a str, tag: Tag<'a>, (row, column): (u32, u32)) -> Cell<'a> {
    let mut cell = Cell {
        row,
        column,
        end: tag.span.end,
        formula: None,
        values: [None, None],
        tag,
    };
    if cell.tag.kind == Kind::Empty {
        return cell;
    }
    for tag in Tags::from(xml, cell.end) {
        cell.end = tag.span.end;
        match (tag.name(), tag.kind) {
            ("c" | "row" | "sheetData", Kind::Close) => break,
            ("f", Kind::Close) => {
                if let Some(formula) = &mut cell.formula {
                    formula.text.end = tag.span.start;
                    formula.whole.end = tag.span.end;
                }
            }
            ("f", _) => {
                cell.formula = Some(Formula {
                    text: tag.span.end..tag.span.end,
                    whole: tag.span.clone(),
                    tag,
                });
            }
            (name @ ("v" | "is"), kind) => {
                let value = &mut cell.values[usize::from(name == "is")];
                match (kind, value) {
                    (Kind::Close, Some(value)) => value.end = tag.span.end,
                    (_, value) => *value = Some(tag.span.clone()),
                }
            }
            _ => (),
        }
    }
    cell
}

/// The cells that hold a formula. Where cells say where they are, only those are looked at.
pub fn with_formulas(xml: &str) -> Vec<Cell<'_>> {
    let mut found = Vec::new();
    let Some(prefix) = Tags::new(xml).next().map(|tag| tag.prefix()) else {
        return found;
    };
    let (open, cell) = (format!("<{prefix}f"), format!("<{prefix}c"));
    let mut done = 0;
    for at in memmem::find_iter(xml.as_bytes(), open.as_bytes()) {
        let ends = xml.as_bytes().get(at + open.len());
        if at < done
            || !ends.is_some_and(|b| matches!(b, b'>' | b'/' | b' ' | b'\t' | b'\r' | b'\n'))
        {
            continue;
        }
        let Some(start) = memmem::rfind(&xml.as_bytes()[done..at], cell.as_bytes()) else {
            continue;
        };
        let tag = Tags::from(xml, done + start)
            .next()
            .filter(|tag| tag.name() == "c");
        let Some(tag) = tag else { continue };
        let Some(place) = place_of(&tag) else {
            return Cells::new(xml)
                .filter(|cell| cell.formula.is_some())
                .collect();
        };
        let cell = read(xml, tag, place);
        done = cell.end;
        found.push(cell);
    }
    found.retain(|cell| cell.formula.is_some());
    found
}

/// The opening tag of a formula on the table's own sheet (`<f t="array" ref="E3:E9">`), with its area and input cells where their
/// rows are in the copy; `None` where it stays. It may be of one row of the table, or of none.
///
/// # Errors
/// Where the formula is for several rows of the table at once, or has no row in the copy.
pub fn own_tag(tag: &str, table: Rows, moves: &Moves) -> Result<Option<String>, Stuck> {
    let mut splice = Splice::new(tag);
    let Some(parsed) = Tags::new(tag).next() else {
        return Ok(None);
    };
    for name in ["ref", "r1", "r2"] {
        let Some((place, text)) = parsed.place(name).zip(parsed.raw(name)) else {
            continue;
        };
        let several = address::area(text)
            .is_some_and(|a| a.top < a.bottom && a.top <= table.1 && a.bottom >= table.0);
        if several {
            return Err(Stuck::new(format!(
                "has one formula for several rows of the table ({text})"
            )));
        }
        let gone = || {
            Stuck::new(format!(
                "calculates with {text}, of which the copy has no row"
            ))
        };
        let new = areas::moved(text, moves)?.ok_or_else(gone)?;
        if new != text {
            splice.set(place, &new);
        }
    }
    Ok((!splice.is_empty()).then(|| splice.finish()))
}

/// The formulas that cells share, each for its first cell, by their numbers.
struct SharedFormulas<'a>(HashMap<&'a str, (u32, u32, Cow<'a, str>)>);

impl<'a> SharedFormulas<'a> {
    fn of(xml: &'a str, cells: &[Cell<'a>]) -> SharedFormulas<'a> {
        let first = |cell: &Cell<'a>| {
            let formula = cell.formula.as_ref()?;
            let number = formula.shared()?;
            let text = entities(&xml[formula.text.clone()]);
            (!text.is_empty()).then_some((number, (cell.row, cell.column, text)))
        };
        SharedFormulas(cells.iter().filter_map(first).collect())
    }

    /// A cell's own formula, written out where it is shared.
    fn formula(&self, xml: &'a str, cell: &Cell<'a>) -> Result<Cow<'a, str>, Stuck> {
        let Some(formula) = &cell.formula else {
            return Ok(Cow::Borrowed(""));
        };
        match formula.shared().and_then(|number| self.0.get(number)) {
            Some((row, column, text)) if formula.text.is_empty() => {
                let down = i64::from(cell.row) - i64::from(*row);
                let right = i64::from(cell.column) - i64::from(*column);
                let text = formula::translated(text, down, right);
                text.map(Cow::Owned)
                    .map_err(|s| s.at(format!("cell {}", cell.address())))
            }
            _ => Ok(entities(&xml[formula.text.clone()])),
        }
    }
}

/// Shows every cell with a formula, shared ones written out.
///
/// # Errors
/// Where a shared formula leads out of the sheet, and those of `see`.
pub fn each_formula(
    xml: &str,
    see: &mut dyn FnMut(&Cell, &str) -> Result<(), Stuck>,
) -> Result<(), Stuck> {
    let cells = with_formulas(xml);
    let shared = SharedFormulas::of(xml, &cells);
    for cell in &cells {
        see(cell, &shared.formula(xml, cell)?)?;
    }
    Ok(())
}

/// The formulas of another sheet's cells where the rows of the table's sheet are in the copy. Where cells share one formula and
/// it no longer is the same for all of them, each gets its own.
///
/// # Errors
/// Where a reference cannot follow; the cell is named.
pub fn moved_formulas(
    xml: &str,
    place: &Where,
    moves: &Moves,
    splice: &mut Splice,
) -> Result<(), Stuck> {
    let cells = with_formulas(xml);
    let shared = SharedFormulas::of(xml, &cells);
    let mut own = Vec::new();
    let mut apart: HashSet<&str> = HashSet::new();
    for cell in &cells {
        let Some(formula) = &cell.formula else {
            continue;
        };
        let text = shared.formula(xml, cell)?;
        let new = formula::moved(&text, place, moves)
            .map_err(|s| s.at(format!("cell {}", cell.address())))?;
        match (formula.shared(), new) {
            (None, Some(new)) => splice.set(formula.text.clone(), &new),
            (None, None) => (),
            (Some(number), new) => {
                if new.is_some() {
                    apart.insert(number);
                }
                own.push((number, formula, new.unwrap_or(text.into_owned())));
            }
        }
    }
    for (_, formula, text) in own.iter().filter(|(number, ..)| apart.contains(number)) {
        let prefix = formula.tag.prefix();
        let text = escaped(text);
        splice.replace(
            formula.whole.clone(),
            format!("<{prefix}f>{text}</{prefix}f>"),
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_the_cells_are() {
        let of =
            |xml: &str| data(xml).map(|r| (xml[..r.start].to_string(), xml[r.end..].to_string()));
        assert_eq!(
            of("<w><sheetData><row/></sheetData><t/></w>"),
            Some(("<w>".into(), "<t/></w>".into()))
        );
        assert_eq!(
            of("<x:w><x:sheetData /><t/></x:w>"),
            Some(("<x:w>".into(), "<t/></x:w>".into()))
        );
        assert_eq!(of("<w><sheetData>"), None);
        assert_eq!(of("<w>sheetData</w>"), None);
    }

    #[test]
    fn cells_with_and_without_addresses() {
        let told = "<w><sheetData><row r=\"3\"><c r=\"B3\" t=\"str\"><f>A3</f><v>x</v></c><c r=\"C3\"><v>1</v></c></row></sheetData></w>";
        let found = with_formulas(told);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].row, found[0].column), (2, 1));
        let mute = "<w><row><c/><c><f>A3</f><v>x</v></c></row><row r=\"7\"><c><f t='shared' si='0'/></c></row><row><c r=\"D8\"><f/></c></row></w>";
        let places: Vec<_> = with_formulas(mute).iter().map(Cell::address).collect();
        assert_eq!(places, ["B1", "A7", "D8"]);
    }

    #[test]
    fn arrays_on_the_own_sheet() {
        let moves = Moves::new(1, 4, [Some(0), None, Some(1), Some(2), Some(3)]);
        let of = |tag| own_tag(tag, (1, 4), &moves);
        assert_eq!(
            of("<f t=\"array\" ref=\"E3\">").unwrap().unwrap(),
            "<f t=\"array\" ref=\"E4\">"
        );
        assert_eq!(
            of("<x:f t='array' ref='E3:G3'/>").unwrap().unwrap(),
            "<x:f t='array' ref='E4:G4'/>"
        );
        let data = of("<f t=\"dataTable\" ref=\"B8:C9\" dt2D=\"1\" r1=\"A1\" r2=\"A7\"/>")
            .unwrap()
            .unwrap();
        assert_eq!(
            data,
            "<f t=\"dataTable\" ref=\"B9:C10\" dt2D=\"1\" r1=\"A1\" r2=\"A8\"/>"
        );
        assert_eq!(of("<f>").unwrap(), None);
        assert!(of("<f t=\"array\" ref=\"E2:E5\">").is_err());
        assert!(of("<f t=\"array\" ref=\"E1:E2\">").is_err());
    }

    fn moved(xml: &str) -> Result<String, Stuck> {
        let sheets = ["Data", "Sums"].map(String::from);
        let place = Where {
            on_table: false,
            sheets: &sheets,
            table: 0,
        };
        let moves = Moves::new(1, 4, [Some(0), None, Some(1), Some(2), Some(3)]);
        let mut splice = Splice::new(xml);
        moved_formulas(xml, &place, &moves, &mut splice)?;
        Ok(splice.finish())
    }

    #[test]
    fn formulas_of_other_sheets_follow() {
        assert_eq!(
            moved(
                "<w><row><c r=\"A1\"><f>IF(Data!B3&gt;\"a\",A3,\"&amp;\")</f><v>1</v></c></row></w>"
            )
            .unwrap(),
            "<w><row><c r=\"A1\"><f>IF(Data!B4&gt;\"a\",A3,\"&amp;\")</f><v>1</v></c></row></w>"
        );
        let shared = "<w><row><c r=\"A1\"><f t=\"shared\" ref=\"A1:A2\" si=\"0\">Data!B2&amp;$C$1</f></c></row><row><c r=\"A2\"><f t=\"shared\" si=\"0\"/><v>2</v></c></row></w>";
        assert_eq!(
            moved(shared).unwrap(),
            "<w><row><c r=\"A1\"><f>Data!B2&amp;$C$1</f></c></row><row><c r=\"A2\"><f>Data!B4&amp;$C$1</f><v>2</v></c></row></w>"
        );
        let untouched = shared.replace("Data!", "Sums!");
        assert_eq!(moved(&untouched).unwrap(), untouched);
        let whole = shared.replace("Data!B2", "SUM(Data!B:B)");
        assert_eq!(moved(&whole).unwrap(), whole);
    }
}
