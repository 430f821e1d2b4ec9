//! A copy of a workbook: its own package, with new bytes over altered cells, and rows put in, left out or moved.
//!
//! Twice over the table. First it is settled what every new text becomes, which decides the numbers of all shared strings; then
//! the sheet is written, row by row, from the source's bytes.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use super::altered::Writing;
use super::bands::Look;
use super::cells::{Content, Hand, Pen};
use super::draft::{Drafting, Plan};
use super::formulas::Mover;
use super::index::{Index, NOWHERE};
use super::insert::NewRow;
use super::kept::Changes;
use super::markup::{Tags, push_digits};
use super::moves::LAST;
use super::package::Renewed;
use super::refs::{Beside, Stuck, address};
use super::rows::{CellAt, Cells, Layout, RowAt};
use super::scan;
use super::turns::Turns;
use super::{Sheet, sheets};
use crate::error::{Error, Result};
use crate::table::{Edits, Line, Source};

/// Bytes of a sheet that are held before they are passed on.
const CHUNK: usize = 1 << 16;

/// Writes a copy.
pub(super) fn rewrite(
    source: &Source,
    sheet: &Sheet,
    index: &Index,
    edits: &Edits<'_>,
    path: &Path,
) -> Result<()> {
    let hand = Hand {
        digits: index.digits(),
        manner: index.manner,
        late: sheet.late,
    };
    let first_edit = edits.first_of_rows(source.table.rows());
    let moves = index.moves(&edits.lines);
    let mover = index.mover(&moves);
    let writing = Writing {
        hand,
        sheet,
        width: source.table.width(),
        shares: index.strings().is_some(),
    };
    let drafting = Drafting {
        index,
        writing,
        source,
        edits,
        draft: index.strings().map(|(strings, _)| strings.draft()),
        turns: Turns::of(index),
        hand,
        mover,
        added: Vec::new(),
    };
    let plan = drafting.settle(&first_edit)?;
    let refused = |stuck: Stuck| index.refused(&stuck);
    let anew = index.anew(&Changes {
        edits,
        replaced: &plan.replaced,
        writing,
        inserted: &plan.inserted,
        added: &plan.added,
        moves: &moves,
        left: index.left,
        place: mover.place,
    });
    let beside = match &anew {
        Some(anew) => Beside::Anew(anew),
        None => index.surroundings.beside(),
    };
    let around = index
        .surroundings
        .rewritten(&moves, &plan.added, beside)
        .map_err(refused)?;
    let copy = Copy {
        index,
        edits,
        plan: &plan,
        first_edit: &first_edit,
        writing,
        mover,
        beside,
        same_strings: match (&plan.strings, index.strings()) {
            (Some(arranged), Some((strings, _))) => arranged.is_source(strings),
            _ => true,
        },
    };
    let write_sheet = |out: &mut dyn Write| copy.sheet(out, path);
    let mut renewed = vec![(index.part(), Renewed::Written(&write_sheet))];
    let mut parts = around.parts;
    let write_strings = |out: &mut dyn Write| match (&plan.strings, index.strings()) {
        (Some(arranged), Some((strings, _))) => arranged
            .write(strings, out)
            .map_err(Error::io("write", path)),
        _ => Ok(()),
    };
    if let (Some(arranged), Some((_, part))) = (&plan.strings, index.strings())
        && !copy.same_strings
    {
        renewed.push((part, Renewed::Written(&write_strings)));
        for (part, bytes, layout) in index.others_with(|id| arranged.number(id) != id) {
            let number = |id| arranged.number(id);
            match parts.iter_mut().find(|(name, _)| name == part) {
                Some((_, moved)) => {
                    if let Some(layout) = Layout::of(moved) {
                        *moved = sheets::renumbered(moved, &layout, number);
                    }
                }
                None => {
                    let new = sheets::renumbered(bytes, layout, number);
                    renewed.push((part, Renewed::Bytes(new)));
                }
            }
        }
    }
    let moved = parts.iter_mut();
    renewed.extend(moved.map(|(part, new)| (part.as_str(), Renewed::Bytes(std::mem::take(new)))));
    index.package().write(&renewed, &around.gone, path)
}

/// The second pass.
struct Copy<'a> {
    index: &'a Index,
    edits: &'a Edits<'a>,
    plan: &'a Plan,
    first_edit: &'a [u32],
    writing: Writing<'a>,
    mover: Mover<'a>,
    beside: Beside<'a>,
    same_strings: bool,
}

/// A row's altered cells: columns of the sheet and what they say.
type New<'a> = (u16, Cow<'a, Content>);

impl Copy<'_> {
    /// The table's sheet.
    fn sheet(&self, out: &mut dyn Write, path: &Path) -> Result<()> {
        let index = self.index;
        let mut buffer: Vec<u8> = Vec::with_capacity(2 * CHUNK);
        let mut pass = |buffer: &mut Vec<u8>, at_least: usize| -> Result<()> {
            if buffer.len() > at_least {
                out.write_all(buffer).map_err(Error::io("write", path))?;
                buffer.clear();
            }
            Ok(())
        };
        let refused = |stuck: Stuck| index.refused(&stuck);
        let head = &index.bytes()[..index.layout().head];
        let moves = self.mover.moves;
        buffer.extend(index.surroundings.head(head, moves).map_err(refused)?);
        let rows = &index.layout().rows;
        let behind = index.first + index.table_rows.len() as u32;
        for row in rows.iter().take_while(|row| row.number < index.first) {
            self.row(*row, row.number, &[], Look::Own, &mut buffer)?;
        }
        let lines = &self.edits.lines;
        if index.first as usize + lines.len() > LAST as usize + 1 {
            let why = "has no room for the rows put in, which would end beyond a sheet's last";
            let place = format!("sheet `{}`", index.sheet());
            return Err(refused(Stuck::new(why).at(place)));
        }
        let mut new = Vec::new();
        for (place, line) in lines.iter().enumerate() {
            let number = index.first + place as u32;
            match *line {
                Line::Inserted(at) => {
                    self.inserted(&self.plan.inserted[at as usize], number, &mut buffer)
                }
                Line::Kept(row) => {
                    let at = index.table_rows[row as usize];
                    if at == NOWHERE {
                        continue;
                    }
                    let edits = self.first_edit[row as usize] as usize
                        ..self.first_edit[row as usize + 1] as usize;
                    new.clear();
                    new.extend(edits.map(|at| {
                        let new = &self.edits.replaced[at];
                        let column = index.left + new.column as u16;
                        (column, self.plan.replaced.content(at, new, self.writing))
                    }));
                    let look = index.bands.look_at(place, lines.len(), row as usize);
                    self.row(rows[at as usize], number, &new, look, &mut buffer)?;
                }
            }
            pass(&mut buffer, CHUNK)?;
        }
        let moved = lines.len() as i64 - index.table_rows.len() as i64;
        for row in rows.iter().skip_while(|row| row.number < behind) {
            let number = (i64::from(row.number) + moved).max(0) as u32;
            if number > LAST {
                // some programs put down a sheet's last rows, which say nothing
                self.falls_off(*row)?;
                continue;
            }
            self.row(*row, number, &[], Look::Own, &mut buffer)?;
            pass(&mut buffer, CHUNK)?;
        }
        let tail = &index.bytes()[index.layout().tail..];
        buffer.extend(index.surroundings.tail(tail, moves).map_err(refused)?);
        pass(&mut buffer, 0)
    }

    /// A row that the copy has no place for, which must be blank.
    fn falls_off(&self, row: RowAt) -> Result<()> {
        let filled = Cells::of(self.index.bytes(), row).find(CellAt::is_filled);
        filled.map_or(Ok(()), |cell| {
            let why = "would be pushed beyond a sheet's last row by the rows put in";
            let place = format!(
                "sheet `{}`, cell {}",
                self.index.sheet(),
                address::cell(row.number, u32::from(cell.column))
            );
            Err(self.index.refused(&Stuck::new(why).at(place)))
        })
    }

    fn number(&self, id: u32) -> u32 {
        self.plan.strings.as_ref().map_or(id, |s| s.number(id))
    }

    /// A row of the source as the row of this number, with these cells altered and perhaps with another row's looks.
    fn row(
        &self,
        row: RowAt,
        number: u32,
        new: &[New<'_>],
        look: Look,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let bytes = self.index.bytes();
        let formulas = self.index.has_formulas(row.number);
        let in_place = row.number == number && new.is_empty() && look == Look::Own;
        if in_place && self.same_strings && !formulas {
            out.extend_from_slice(&bytes[row.start..row.end]);
            return Ok(());
        }
        let mut done = self.row_tag(row, number, out);
        let looks: Vec<CellAt> = match look {
            Look::Row(row) => {
                let at = self.index.table_rows[row] as usize;
                Cells::of(bytes, self.index.layout().rows[at]).collect()
            }
            _ => Vec::new(),
        };
        let there = |column: u16| {
            let cell = looks.iter().find(|c| c.column == column)?;
            Some(scan::style(bytes, cell).unwrap_or(0))
        };
        let styles = self.index.styles();
        let style_of = |cell: &CellAt| match look {
            Look::Own => None,
            Look::Row(_) => there(cell.column),
            Look::Fill { from, to } => {
                let style = scan::style(bytes, cell).unwrap_or(0);
                let painted = styles.fill(style) == from;
                painted.then(|| styles.with_fill(style, to)).flatten()
            }
        };
        let pen = self.pen();
        let mut new = new.iter().peekable();
        let mut last: Option<CellAt> = None;
        for cell in Cells::of(bytes, row) {
            out.extend_from_slice(&bytes[done..cell.start]);
            done = cell.end;
            while let Some((column, content)) = new.next_if(|(c, _)| *c < cell.column) {
                pen.beside(&cell, *column, number, there(*column), content, out);
            }
            match new.next_if(|(c, _)| *c == cell.column) {
                Some((_, content)) if **content != Content::Same => {
                    pen.cell(&cell, number, style_of(&cell), content, out);
                }
                _ if cell.formula.is_some() => {
                    self.formula(&cell, row, number, style_of(&cell), out)?;
                }
                _ => self.moved(&cell, number, style_of(&cell), out),
            }
            last = Some(cell);
        }
        if let Some(last) = last {
            for (column, content) in new {
                pen.beside(&last, *column, number, there(*column), content, out);
            }
        }
        out.extend_from_slice(&bytes[done..row.end]);
        Ok(())
    }

    /// A cell with a formula, in the row of this number.
    fn formula(
        &self,
        cell: &CellAt,
        row: RowAt,
        number: u32,
        style: Option<u16>,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let moved = self.mover.moved(cell, row.number);
        let moved = moved.map_err(|stuck| self.index.refused(&stuck))?;
        match (moved, &cell.formula) {
            (None, Some(_)) if self.keeps(cell, number) => self.moved(cell, number, style, out),
            (moved, element) => {
                let old = element.clone().map(|e| self.index.bytes()[e].to_vec());
                let content = Content::Formula(moved.or(old).unwrap_or_default());
                self.pen().cell(cell, number, style, &content, out);
            }
        }
        Ok(())
    }

    /// Whether what is kept beside the formula of a cell in the row of this number stays.
    fn keeps(&self, cell: &CellAt, number: u32) -> bool {
        match self.beside {
            Beside::Stay => true,
            Beside::Go => false,
            Beside::Anew(anew) => !anew.has_own(number, cell.column),
        }
    }

    fn pen(&self) -> Pen<'_> {
        Pen {
            bytes: self.index.bytes(),
            hand: self.writing.hand,
            strings: self.plan.strings.as_ref(),
            beside: self.beside,
        }
    }

    /// The tag that opens a row, with another number; gives where it ends in the source.
    fn row_tag(&self, row: RowAt, number: u32, out: &mut Vec<u8>) -> usize {
        let bytes = self.index.bytes();
        let Some(tag) = Tags::new(&bytes[..row.end], row.start).next() else {
            return row.start;
        };
        let mut done = row.start;
        if let Some(place) = tag.attribute(bytes, b"r") {
            out.extend_from_slice(&bytes[done..place.start]);
            push_digits(number + 1, out);
            done = place.end;
        }
        out.extend_from_slice(&bytes[done..tag.end]);
        tag.end
    }

    /// A cell that says what it said, in the row of this number and perhaps in another style.
    fn moved(&self, cell: &CellAt, number: u32, style: Option<u16>, out: &mut Vec<u8>) {
        let bytes = self.index.bytes();
        if style.is_some_and(|style| scan::style(bytes, cell) != Some(style)) {
            let mut tag = Vec::new();
            self.pen().open(
                cell,
                number,
                style,
                cell.kind.clone().map(|k| &bytes[k]),
                &mut tag,
            );
            out.extend_from_slice(&tag);
            out.extend_from_slice(match cell.open_end == cell.end {
                true => b"/>",
                false => b">",
            });
            self.rest(cell, cell.open_end, out);
            return;
        }
        let mut done = cell.start;
        if let Some(place) = &cell.address {
            let address = &bytes[place.clone()];
            let letters = address.iter().take_while(|b| !b.is_ascii_digit()).count();
            out.extend_from_slice(&bytes[done..place.start + letters]);
            push_digits(number + 1, out);
            done = place.end;
        }
        self.rest(cell, done, out);
    }

    /// A cell's bytes from `done` on, its string numbered anew.
    fn rest(&self, cell: &CellAt, mut done: usize, out: &mut Vec<u8>) {
        let bytes = self.index.bytes();
        if !self.same_strings
            && let (Some(id), Some(value)) = (cell.string(bytes), &cell.value)
        {
            out.extend_from_slice(&bytes[done..value.start]);
            push_digits(self.number(id), out);
            done = value.end;
        }
        out.extend_from_slice(&bytes[done..cell.end]);
    }

    /// A row put in.
    fn inserted(&self, row: &NewRow, number: u32, out: &mut Vec<u8>) {
        let Some(like) = row.like else { return };
        let bytes = self.index.bytes();
        let prefix = match Tags::new(&bytes[..like.end], like.start).next() {
            Some(tag) => tag.prefix(bytes),
            None => return,
        };
        self.row_tag(like, number, out);
        if out.ends_with(b"/>") {
            out.truncate(out.len() - 2);
            out.push(b'>');
        }
        let pen = self.pen();
        for cell in &row.cells {
            pen.cell(&cell.like, number, cell.style, &cell.content, out);
        }
        for piece in [b"</", prefix, b"row>"] {
            out.extend_from_slice(piece);
        }
    }
}
