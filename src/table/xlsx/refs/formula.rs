//! Formulas: what they read of the table's sheet, and how they follow its rows.

use super::Stuck;
use super::address::{Area, LAST_COLUMN, LAST_ROW, Line, letters};
use super::tokens::{Reference, Sheet, Token, Tokens};
use crate::table::xlsx::moves::{Moves, Rows};

/// Where a formula stands, and of which sheet the rows move.
#[derive(Clone, Copy, Debug)]
pub struct Where<'a> {
    /// Whether it stands on the table's sheet, so that a plain `A1` means that.
    pub on_table: bool,
    /// The workbook's sheets in their order.
    pub sheets: &'a [String],
    /// Which of them is the table's.
    pub table: usize,
}

/// Whether a reference means the table's sheet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Aim {
    Elsewhere,
    Table,
    /// A pile of sheets that has the table's in it.
    Pile,
}

impl Where<'_> {
    fn aim(&self, sheet: &Sheet) -> Aim {
        let found = |name: &str| self.sheets.iter().position(|sheet| same_name(sheet, name));
        let table = |yes| if yes { Aim::Table } else { Aim::Elsewhere };
        match sheet {
            Sheet::Here => table(self.on_table),
            Sheet::Foreign => Aim::Elsewhere,
            Sheet::Named(name) => table(
                self.sheets
                    .get(self.table)
                    .is_some_and(|own| same_name(own, name)),
            ),
            Sheet::Through(first, last) => match found(first).zip(found(last)) {
                Some((a, b)) if (a.min(b)..=a.max(b)).contains(&self.table) => Aim::Pile,
                Some(_) => Aim::Elsewhere,
                None => Aim::Pile,
            },
        }
    }

    /// Whether a formula can mean the table's sheet at all.
    fn can_mean_it(&self, formula: &str) -> bool {
        self.on_table || formula.contains('!')
    }
}

/// Sheets' names are the same in capitals and small letters.
pub fn same_name(a: &str, b: &str) -> bool {
    a == b
        || a.chars()
            .flat_map(char::to_lowercase)
            .eq(b.chars().flat_map(char::to_lowercase))
}

/// What a formula reads of the table's sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reads {
    pub areas: Vec<Area>,
    /// Whether it also reads what only a calculation tells: names, table columns, computed references.
    pub unknown: bool,
    /// Whether it reads in which row it stands.
    pub own_row: bool,
}

impl Reads {
    /// Whether it may read one of these rows of the sheet.
    pub fn may_read(&self, (first, last): Rows) -> bool {
        self.unknown
            || self
                .areas
                .iter()
                .any(|a| a.top <= last && a.bottom >= first)
    }
}

/// What a formula reads of the table's sheet.
pub fn reads(formula: &str, place: &Where) -> Reads {
    let mut reads = Reads::default();
    for token in Tokens::new(formula) {
        match token {
            Token::Reference(reference) => match place.aim(&reference.sheet) {
                Aim::Elsewhere => (),
                Aim::Table | Aim::Pile => {
                    reads.unknown |= reference.open;
                    reads
                        .areas
                        .push(Area::between(&reference.first, &reference.last));
                }
            },
            // the variables of LET and LAMBDA
            Token::Name(name) => reads.unknown |= !name.starts_with("_xlpm."),
            Token::Function(name) => {
                reads.unknown |= computes_references(name);
                reads.own_row |= name.eq_ignore_ascii_case("ROW");
            }
        }
    }
    reads
}

/// Functions that make a reference from text or numbers.
pub fn computes_references(function: &str) -> bool {
    let known = [
        "INDIRECT",
        "OFFSET",
        "CELL",
        "GETPIVOTDATA",
        "CUBEVALUE",
        "HYPERLINK",
    ];
    known.iter().any(|name| function.eq_ignore_ascii_case(name))
}

/// Whether a run of rows has some of the table's but not all, and more than one row: such a run is the same in a copy only where
/// its rows keep their order.
pub fn pins(rows: Rows, table: Rows) -> bool {
    let (top, bottom) = rows;
    let touches = top <= table.1 && bottom >= table.0;
    let whole = top <= table.0 && bottom >= table.1;
    touches && !whole && top < bottom
}

/// Whether a formula in a row of the table has a value that depends on this row and on what is outside of the table only, or on
/// all of the table.
///
/// # Errors
/// Where it looks at other single rows of the table, as running totals do.
pub fn along(formula: &str, row: u32, place: &Where, table: Rows) -> Result<(), Stuck> {
    for token in Tokens::new(formula) {
        let Token::Reference(reference) = token else {
            continue;
        };
        if place.aim(&reference.sheet) == Aim::Elsewhere {
            continue;
        }
        let Area { top, bottom, .. } = Area::between(&reference.first, &reference.last);
        let own = top == row && bottom == row;
        let outside = bottom < table.0 || top > table.1;
        let whole = top <= table.0 && bottom >= table.1;
        if !own && !outside && !whole || reference.open && !own {
            return Err(Stuck::new(format!(
                "looks at other rows of the table (`{}`)",
                reference.text
            )));
        }
    }
    Ok(())
}

/// New numbers for the rows in a formula; `None` where all stay.
fn changed(
    formula: &str,
    mut rows: impl FnMut(&Reference) -> Result<Rows, Stuck>,
) -> Result<Option<String>, Stuck> {
    let mut out = String::new();
    let mut done = 0;
    let mut put = |line: &Line, row: u32| {
        if line.at != row {
            out.push_str(&formula[done..line.span.start]);
            out.push_str(&(row + 1).to_string());
            done = line.span.end;
        }
    };
    for token in Tokens::new(formula) {
        let Token::Reference(reference) = token else {
            continue;
        };
        let (Some(first), Some(last)) = (&reference.first.row, &reference.last.row) else {
            continue;
        };
        let (new_first, new_last) = rows(&reference)?;
        put(first, new_first);
        if last.span != first.span {
            put(last, new_last);
        }
    }
    if done == 0 {
        return Ok(None);
    }
    out.push_str(&formula[done..]);
    Ok(Some(out))
}

/// The rows of a reference, first and last as written.
fn rows_of(reference: &Reference) -> Rows {
    let row = |line: &Option<Line>| line.as_ref().map_or(0, |line| line.at);
    (row(&reference.first.row), row(&reference.last.row))
}

/// Where the rows of a reference to the table's sheet are in the copy.
fn follow(reference: &Reference, aim: Aim, moves: &Moves) -> Result<Rows, Stuck> {
    let (first, last) = rows_of(reference);
    let (top, bottom) = (first.min(last), first.max(last));
    let text = reference.text;
    let moved = match top == bottom {
        true => Ok(moves.row(top).map(|row| (row, row))),
        false => moves.rows((top, bottom)),
    };
    let (new_top, new_bottom) = moved
        .map_err(|_| {
            Stuck::new(format!(
                "refers to `{text}`, whose rows stand apart in the copy"
            ))
        })?
        .ok_or_else(|| Stuck::new(format!("refers to `{text}`, of which the copy has no row")))?;
    if (aim == Aim::Pile || reference.open) && (new_top, new_bottom) != (top, bottom) {
        let why = match aim {
            Aim::Pile => "on several sheets at once",
            _ => "one end of a range whose other end is computed",
        };
        return Err(Stuck::new(format!("refers to `{text}`, {why}")));
    }
    Ok(match first <= last {
        true => (new_top, new_bottom),
        false => (new_bottom, new_top),
    })
}

/// The formula with its references to the table's sheet where their rows are in the copy; `None` where nothing changes.
///
/// # Errors
/// Where a reference cannot follow.
pub fn moved(formula: &str, place: &Where, moves: &Moves) -> Result<Option<String>, Stuck> {
    if !place.can_mean_it(formula) {
        return Ok(None);
    }
    changed(formula, |reference| match place.aim(&reference.sheet) {
        Aim::Elsewhere => Ok(rows_of(reference)),
        aim => follow(reference, aim, moves),
    })
}

/// The formula of a neighbour for a row that was put in: what the neighbour reads along its own row (of the source) is read along
/// the new row (of the copy), the rest follows.
///
/// # Errors
/// Where a reference cannot follow.
pub fn for_row(
    formula: &str,
    neighbour: u32,
    new: u32,
    place: &Where,
    moves: &Moves,
) -> Result<String, Stuck> {
    let put = changed(formula, |reference| match place.aim(&reference.sheet) {
        Aim::Elsewhere => Ok(rows_of(reference)),
        Aim::Table if rows_of(reference) == (neighbour, neighbour) => Ok((new, new)),
        aim => follow(reference, aim, moves),
    })?;
    Ok(put.unwrap_or_else(|| formula.to_string()))
}

/// The cells that share a formula which is written as for the first of them: a conditional format's, a validation's.
#[derive(Clone, Copy, Debug)]
pub struct Shared {
    /// All rows that have it in the source.
    pub rows: Rows,
    /// The row for which it is written, in the source and in the copy.
    pub anchor: (u32, u32),
}

/// A formula that cells share: what it says with `$` follows the rows named, the rest keeps its distance from the row that asks.
///
/// # Errors
/// Where a reference cannot follow, or would not for all of the cells alike.
pub fn moved_with(
    formula: &str,
    shared: &Shared,
    place: &Where,
    moves: &Moves,
) -> Result<Option<String>, Stuck> {
    if !place.can_mean_it(formula) {
        return Ok(None);
    }
    if shared.rows.0 == shared.rows.1 {
        return moved(formula, place, moves);
    }
    let inside = shared.rows.0 < moves.behind() && shared.rows.1 >= moves.first();
    changed(formula, |reference| {
        let aim = place.aim(&reference.sheet);
        let (first, last) = rows_of(reference);
        let fixed = |line: &Option<Line>| line.as_ref().is_some_and(|line| line.fixed);
        let (first_fixed, last_fixed) = (fixed(&reference.first.row), fixed(&reference.last.row));
        if aim == Aim::Elsewhere {
            return Ok((first, last));
        }
        if first_fixed && last_fixed {
            return follow(reference, aim, moves);
        }
        if place.on_table && inside {
            return with_asker(reference, (first_fixed, last_fixed), shared.anchor, moves);
        }
        // far from the table, all that is read must move by as much as what is read first
        let reach = (shared.rows.1 - shared.rows.0).saturating_add(first.max(last));
        match together((first.min(last), reach), moves) {
            true => follow(reference, aim, moves),
            false => Err(Stuck::new(format!(
                "refers to `{}`, another row of the table for each of its cells",
                reference.text
            ))),
        }
    })
}

/// Whether a run of rows is the same run in the copy, nothing put in and nothing lost.
fn together((top, bottom): Rows, moves: &Moves) -> bool {
    let new = moves.rows((top, bottom.min(LAST_ROW)));
    let same_height = matches!(new, Ok(Some((a, b))) if b - a == bottom.min(LAST_ROW) - top);
    same_height && new.is_ok_and(|new| new.map(|(top, _)| top) == moves.row(top))
}

/// Ends with `$` follow their rows, the others the row that asks.
fn with_asker(
    reference: &Reference,
    (first_fixed, last_fixed): (bool, bool),
    (old, new): (u32, u32),
    moves: &Moves,
) -> Result<Rows, Stuck> {
    let end = |row: u32, fixed: bool| match fixed {
        true => moves.row(row).ok_or_else(|| {
            let text = reference.text;
            Stuck::new(format!("refers to `{text}`, of which the copy has no row"))
        }),
        // beyond the last row comes the first: so the row above is written for the first row
        false => Ok((row + new + (LAST_ROW + 1) - old) % (LAST_ROW + 1)),
    };
    let (first, last) = rows_of(reference);
    Ok((end(first, first_fixed)?, end(last, last_fixed)?))
}

/// The formula of a name: names are written as for cell A1, so what says its row without `$` means a distance and stays.
///
/// # Errors
/// Where a reference cannot follow.
pub fn moved_name(formula: &str, place: &Where, moves: &Moves) -> Result<Option<String>, Stuck> {
    if !place.can_mean_it(formula) {
        return Ok(None);
    }
    changed(formula, |reference| {
        let aim = place.aim(&reference.sheet);
        let rows = rows_of(reference);
        if aim == Aim::Elsewhere {
            return Ok(rows);
        }
        let moved = follow(reference, aim, moves)?;
        let fixed = |line: &Option<Line>| line.as_ref().is_some_and(|line| line.fixed);
        let loose = !fixed(&reference.first.row) || !fixed(&reference.last.row);
        match loose && moved != rows {
            true => Err(Stuck::new(format!(
                "refers to `{}`, a row without `$`",
                reference.text
            ))),
            false => Ok(moved),
        }
    })
}

/// The formula as it would be in a cell so many rows further down and columns to the right: what has no `$` goes along.
///
/// # Errors
/// Where a reference would leave the sheet.
pub fn translated(formula: &str, down: i64, right: i64) -> Result<String, Stuck> {
    let mut out = String::with_capacity(formula.len() + 8);
    let mut done = 0;
    for token in Tokens::new(formula) {
        let Token::Reference(reference) = token else {
            continue;
        };
        let single = reference.first == reference.last;
        for end in [&reference.first, &reference.last]
            .into_iter()
            .take(2 - usize::from(single))
        {
            for (line, by, last) in [
                (&end.column, right, LAST_COLUMN),
                (&end.row, down, LAST_ROW),
            ] {
                let Some(line) = line.as_ref().filter(|line| !line.fixed && by != 0) else {
                    continue;
                };
                let at = i64::from(line.at)
                    .checked_add(by)
                    .and_then(|at| u32::try_from(at).ok());
                let at = at.filter(|at| *at <= last).ok_or_else(|| {
                    Stuck::new(format!(
                        "shares a formula whose `{}` leaves the sheet",
                        reference.text
                    ))
                })?;
                out.push_str(&formula[done..line.span.start]);
                match last {
                    LAST_ROW => out.push_str(&(at + 1).to_string()),
                    _ => out.push_str(&letters(at)),
                }
                done = line.span.end;
            }
        }
    }
    out.push_str(&formula[done..]);
    Ok(out)
}

#[cfg(test)]
#[path = "formula_tests.rs"]
mod tests;
