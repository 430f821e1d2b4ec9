//! What the formulas of one copy come to.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::anew::Anew;
use super::engine::{Asked, Job, Place};
use super::graph::{Formula, Unit};
use super::said::{Said, roomy};
use super::wanted::Wanted;
use super::{Known, Source, Value};
use crate::table::xlsx::altered::{Altered, Writing};
use crate::table::xlsx::cells::Content;
use crate::table::xlsx::insert::NewRow;
use crate::table::xlsx::manner::Manner;
use crate::table::xlsx::markup::{Tags, unescaped};
use crate::table::xlsx::moves::Moves;
use crate::table::xlsx::refs::address::Area;
use crate::table::xlsx::refs::words::Words;
use crate::table::xlsx::refs::{NewFormula, Where, formula};
use crate::table::xlsx::rows::Cells;
use crate::table::{Edits, Line};

/// How a copy differs from its source.
#[derive(Clone, Copy)]
pub struct Changes<'a> {
    pub edits: &'a Edits<'a>,
    /// Of every altered cell what it says.
    pub replaced: &'a Altered,
    pub writing: Writing<'a>,
    pub inserted: &'a [NewRow],
    /// The formulas of rows put in.
    pub added: &'a [NewFormula],
    pub moves: &'a Moves,
    /// The table's first column in its sheet.
    pub left: u16,
    /// Where formulas of the table's sheet stand.
    pub place: Where<'a>,
}

/// What is not as in the source, by the source's rows.
struct Dirty {
    table: usize,
    rows: (u32, u32),
    /// Whether rows were put in, left out or moved.
    shifted: bool,
    /// Columns of the table in which something is, by row of the table.
    columns: BTreeMap<u16, Vec<bool>>,
    others: BTreeMap<(usize, u16), BTreeSet<u32>>,
}

impl Dirty {
    fn mark(&mut self, (sheet, row, column): Place) {
        let (first, last) = self.rows;
        if sheet == self.table && (first..=last).contains(&row) {
            let rows = self.columns.entry(column);
            let rows = rows.or_insert_with(|| vec![false; (last - first) as usize + 1]);
            rows[(row - first) as usize] = true;
        } else {
            self.others.entry((sheet, column)).or_default().insert(row);
        }
    }

    fn meets(&self, sheet: usize, area: &Area) -> bool {
        let (Ok(left), Ok(right)) = (u16::try_from(area.left), u16::try_from(area.right)) else {
            return true;
        };
        let (first, last) = self.rows;
        if sheet == self.table && area.top <= last && area.bottom >= first {
            let mut columns = self.columns.range(left..=right);
            let dirty = match area.top == area.bottom {
                true => columns.any(|(_, rows)| rows[(area.top - first) as usize]),
                false => self.shifted || columns.next().is_some(),
            };
            if dirty {
                return true;
            }
        }
        let mut others = self.others.range((sheet, left)..=(sheet, right));
        others.any(|(_, rows)| rows.range(area.top..=area.bottom).next().is_some())
    }
}

/// One copy's calculation as it is put together.
struct Making<'a> {
    known: &'a Known,
    source: Source<'a>,
    changes: &'a Changes<'a>,
    words: Option<Words>,
    /// What formulas say that say something else than in the source.
    said: Vec<Said>,
    numbers: HashMap<String, u32>,
    rounds: Vec<Vec<Asked>>,
}

impl Known {
    /// Works out what may be other than in the source; `None` where that cannot be trusted.
    pub fn anew(&self, source: Source<'_>, manner: Manner, changes: &Changes<'_>) -> Option<Anew> {
        let lines = changes.edits.lines.len() as u32;
        let ends = self.ends[self.table];
        let table_rows = self.rows.1 - self.rows.0 + 1;
        if (ends + lines).saturating_sub(table_rows) > roomy(ends) {
            return None;
        }
        let mut making = Making {
            known: self,
            source,
            changes,
            words: None,
            said: Vec::new(),
            numbers: HashMap::new(),
            rounds: Vec::new(),
        };
        making.ask()?;
        making
            .rounds
            .iter_mut()
            .for_each(|round| round.sort_unstable_by_key(|a| a.place));
        let asked = making.rounds.clone();
        let came = making.work_out()?;
        let mut anew = Anew {
            table: self.table,
            hands: self.hands.clone(),
            manner,
            sheets: self.sheets.clone(),
            values: HashMap::with_capacity(asked.iter().map(Vec::len).sum()),
        };
        for (asked, came) in asked.iter().flatten().zip(came.into_iter().flatten()) {
            anew.values.insert(asked.place, came?);
        }
        Some(anew)
    }

    fn find(&self, place: Place) -> Option<u32> {
        let at = self
            .formulas
            .binary_search_by_key(&place, |f| f.place)
            .ok()?;
        Some(at as u32)
    }

    /// Whether a formula says the same in a copy, wherever its row went.
    fn stays(&self, formula: &Formula) -> bool {
        let said = self.said_by(formula);
        let (sheet, row, column) = formula.place;
        let on_table = sheet == self.table;
        let inside = on_table && (self.rows.0..=self.rows.1).contains(&row);
        let above = |row: u32| row < self.rows.0;
        let unmoved = !on_table || above(row);
        !said.names
            && said.reads.iter().all(|read| {
                let Some(area) = read.area(row, u32::from(column)) else {
                    return false;
                };
                let there = read.sheet != self.table || above(area.bottom);
                let own = read.is_own_row() && read.sheet == self.table && inside;
                read.whole || own || there && (read.is_fixed() || unmoved)
            })
    }
}

impl Making<'_> {
    /// Finds the formulas that need a value, and says what they say.
    fn ask(&mut self) -> Option<()> {
        let known = self.known;
        let moves = self.changes.moves;
        let mut dirty = self.altered();
        let rounds = known.units.last().map_or(0, |unit| unit.round as usize + 1);
        self.rounds = vec![Vec::new(); rounds];
        let mut added: HashMap<u16, Vec<NewFormula>> = HashMap::new();
        for new in self.changes.added {
            added.entry(new.column as u16).or_default().push(*new);
        }
        for unit in &known.units {
            let found = self.dirty_of(unit, &dirty)?;
            let new = unit
                .column
                .and_then(|column| added.remove(&column))
                .unwrap_or_default();
            let needed = !found.is_empty() || !new.is_empty();
            if needed && !unit.proven {
                return None;
            }
            let round = unit.round as usize;
            for number in found {
                let formula = known.formulas[number as usize];
                let (sheet, row, column) = formula.place;
                dirty.mark(formula.place);
                let row = if sheet == known.table {
                    moves.row(row)?
                } else {
                    row
                };
                let place = (sheet, row, column);
                let text = self.text(&formula, place)?;
                self.rounds[round].push(Asked { place, text });
            }
            for new in new {
                let column = new.column as u16;
                let neighbour = known.find((known.table, new.neighbour, column))?;
                let formula = known.formulas[neighbour as usize];
                let place = (known.table, new.row, column);
                let text = match known.stays(&formula) {
                    true => formula.said,
                    false => self.of_row_put_in(place)?,
                };
                self.rounds[round].push(Asked { place, text });
            }
        }
        Some(())
    }

    /// The cells that are altered.
    fn altered(&self) -> Dirty {
        let known = self.known;
        let mut dirty = Dirty {
            table: known.table,
            rows: known.rows,
            shifted: !self.changes.moves.still(),
            columns: BTreeMap::new(),
            others: BTreeMap::new(),
        };
        let changes = self.changes;
        let replaced = changes.edits.replaced.iter().enumerate();
        for (_, new) in replaced.filter(|(at, _)| !changes.replaced.stays(*at)) {
            let column = self.changes.left + new.column as u16;
            let row = known.rows.0 + new.row;
            if row <= known.rows.1 {
                dirty.mark((known.table, row, column));
            }
        }
        dirty
    }

    /// The formulas of a unit that may come to something else; `None` where that cannot be told.
    fn dirty_of(&self, unit: &Unit, dirty: &Dirty) -> Option<Vec<u32>> {
        let known = self.known;
        let mut alike: HashMap<u32, bool> = HashMap::new();
        let mut found = Vec::new();
        for number in &unit.formulas {
            let formula = known.formulas[*number as usize];
            let said = known.said_by(&formula);
            let (sheet, row, column) = formula.place;
            let new_row = match sheet == known.table {
                true => self.changes.moves.row(row),
                false => Some(row),
            };
            // its row is not in the copy
            let Some(new_row) = new_row else { continue };
            let reads = |fixed: bool| -> Option<bool> {
                for read in said.reads.iter().filter(|read| read.is_fixed() == fixed) {
                    if dirty.meets(read.sheet, &read.area(row, u32::from(column))?) {
                        return Some(true);
                    }
                }
                Some(false)
            };
            let fixed = match alike.get(&formula.said) {
                Some(known) => *known,
                None => {
                    let met = reads(true)?;
                    alike.insert(formula.said, met);
                    met
                }
            };
            if fixed || said.of_its_row && new_row != row || reads(false)? {
                found.push(*number);
            }
        }
        Some(found)
    }

    /// What a formula of the source says in the copy, by number.
    fn text(&mut self, found: &Formula, place: Place) -> Option<u32> {
        let known = self.known;
        if known.stays(found) {
            return Some(found.said);
        }
        let (sheet, row, column) = found.place;
        let scan = self.source.scans.get(sheet)?;
        let at = scan.layout.find(row)?;
        let cell = Cells::of(&scan.bytes, scan.layout.rows[at]).find(|c| c.column == column)?;
        let (text, _) = known.shared[sheet].said(&scan.bytes, &cell, row).ok()??;
        let there = Where {
            on_table: sheet == known.table,
            ..self.changes.place
        };
        let moved = formula::moved(&text, &there, self.changes.moves).ok()?;
        self.number(&moved.unwrap_or(text), place)
    }

    /// What the formula says of a row put in here.
    fn of_row_put_in(&mut self, place: Place) -> Option<u32> {
        let at = (place.1 - self.known.rows.0) as usize;
        let Some(Line::Inserted(number)) = self.changes.edits.lines.get(at) else {
            return None;
        };
        let row = self.changes.inserted.get(*number as usize)?;
        let cell = row.cells.iter().find(|cell| cell.like.column == place.2)?;
        let Content::Formula(element) = &cell.content else {
            return None;
        };
        let mut tags = Tags::new(element, 0);
        let (open, close) = (tags.next()?, tags.next()?);
        let text = unescaped(element.get(open.end..close.start)?).into_owned();
        self.number(&text, place)
    }

    /// The number of what a formula of the copy says.
    fn number(&mut self, text: &str, place: Place) -> Option<u32> {
        let known = self.known;
        let moves = self.changes.moves;
        let words = self.words.get_or_insert_with(|| known.words.moved(moves));
        let said = Said::of(text, &known.here(place, words)).filter(|said| said.known)?;
        if let Some(number) = self.numbers.get(&said.text) {
            return Some(*number);
        }
        let number = (known.said.len() + self.said.len()) as u32;
        self.numbers.insert(said.text.clone(), number);
        self.said.push(said);
        Some(number)
    }

    /// Works everything out.
    fn work_out(self) -> Option<Vec<Vec<Option<Value>>>> {
        let known = self.known;
        let said = |number: u32| {
            let behind = (number as usize).checked_sub(known.said.len());
            match behind {
                None => known.said.get(number as usize),
                Some(at) => self.said.get(at),
            }
        };
        let fresh = self.fresh()?;
        // texts that are put in are no longer than all of them
        let new: usize = fresh.values().map(Value::length).max().unwrap_or(0);
        let joined: HashSet<(usize, u16)> = self
            .rounds
            .iter()
            .flatten()
            .map(|asked| (asked.place.0, asked.place.2))
            .collect();
        let longest = |sheet: usize, column: u16| {
            let grows = if joined.contains(&(sheet, column)) {
                4
            } else {
                1
            };
            known.store.longest(sheet, column).max(new) * grows
        };
        let mut wanted = Wanted::default();
        let mut asked = HashSet::new();
        for one in self.rounds.iter().flatten() {
            let (_, row, column) = one.place;
            wanted.see(said(one.text)?, row, column, longest)?;
            asked.insert(one.place);
        }
        let mut values = wanted.cells(|place| match asked.contains(&place) {
            true => None,
            false => self.value(place, &fresh),
        });
        values.extend(known.today.map(|day| known.dated(day)));
        let own = self.said.iter().map(|said| said.text.clone());
        let texts = known.said.iter().map(|said| said.text.clone()).chain(own);
        let job = Job {
            sheets: known.sheets.len() + 1,
            values,
            texts: texts.collect(),
            rounds: self.rounds,
        };
        job.done()
    }

    /// The new values of altered cells and of rows put in, by row of the copy.
    fn fresh(&self) -> Option<HashMap<Place, Value>> {
        let known = self.known;
        let changes = self.changes;
        let mut fresh = HashMap::new();
        for (at, new) in changes.edits.replaced.iter().enumerate() {
            let column = changes.left + new.column as u16;
            if !known.store.has(known.table, column) || changes.replaced.stays(at) {
                continue;
            }
            if let Some(row) = changes.moves.row(known.rows.0 + new.row) {
                let content = changes.replaced.content(at, new, changes.writing);
                fresh.insert((known.table, row, column), said_by(&content, &new.text)?);
            }
        }
        for (at, line) in changes.edits.lines.iter().enumerate() {
            let Line::Inserted(number) = line else {
                continue;
            };
            let texts = changes.edits.inserted.get(*number as usize);
            let row = changes.inserted.get(*number as usize);
            let Some((texts, row)) = texts.zip(row) else {
                continue;
            };
            for cell in &row.cells {
                let column = cell.like.column;
                let text = column
                    .checked_sub(changes.left)
                    .and_then(|c| texts.get(usize::from(c)));
                let own = matches!(cell.content, Content::Formula(_));
                if known.store.has(known.table, column) && !own {
                    let value = said_by(&cell.content, text.map_or("", String::as_str))?;
                    fresh.insert((known.table, known.rows.0 + at as u32, column), value);
                }
            }
        }
        Some(fresh)
    }

    /// What a cell of the copy says that holds no formula to be worked out.
    fn value(&self, place: Place, fresh: &HashMap<Place, Value>) -> Option<Value> {
        let (sheet, row, column) = place;
        let known = self.known;
        if sheet != known.table || row < known.rows.0 {
            return Some(known.store.get(sheet, row, column).clone());
        }
        if let Some(value) = fresh.get(&place) {
            return Some(value.clone());
        }
        let lines = &self.changes.edits.lines;
        let at = (row - known.rows.0) as usize;
        let old = match lines.get(at) {
            Some(Line::Inserted(_)) => return None,
            Some(Line::Kept(old)) => known.rows.0 + *old,
            None => known.rows.1 + 1 + (at - lines.len()) as u32,
        };
        Some(known.store.get(sheet, old, column).clone())
    }
}

/// What a cell without a formula says that has this content, which stands for this text; `None` where no calculation takes that.
fn said_by(content: &Content, text: &str) -> Option<Value> {
    Some(match content {
        Content::Formula(_) => return None,
        Content::Blank | Content::Same => Value::Blank,
        Content::Shared(_) | Content::Own(_) => Value::Text(text.into()),
        Content::Value(_) if text == "TRUE" || text == "FALSE" => Value::Truth(text == "TRUE"),
        Content::Value(raw) => match raw.parse::<f64>() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Fault(super::value::Fault::of(raw)?),
        },
    })
}
