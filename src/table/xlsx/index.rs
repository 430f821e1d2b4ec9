//! What is learnt of a workbook once, so that every copy costs little more than the compression of what changed.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use memchr::memmem;

use super::bands::{Bands, MIXED};
use super::formulas::{Formulas, Mover};
use super::grid::Grid;
use super::guard;
use super::kept::{self, Anew, Changes, Known};
use super::looks::Looks;
use super::manner::{Digits, Manner};
use super::markup::{Tags, unescaped};
use super::moves::{Moves, Rows};
use super::package::Package;
use super::refs::{Beside, Given, Stuck, Surroundings};
use super::rows::Layout;
use super::scan::Scan;
use super::sheets::Contents;
use super::strings::Strings;
use super::styles::Styles;
use super::values::{Reading, Texts};
use crate::error::{Error, Result};
use crate::parallel;
use crate::table::{Limits, Line, Table, dates};

/// A part repeats a column if it has so many of its values ...
const REPEATED: usize = 5;
/// ... of at least so many bytes each.
const TELLING: usize = 6;

/// No row.
pub(super) const NOWHERE: u32 = u32::MAX;

/// A workbook's parts, looked through once for all of its sheets. It shows no content when printed for debugging.
pub(super) struct Ground {
    package: Package,
    strings: Option<Strings>,
    strings_part: Option<String>,
    /// In the order of their tabs.
    scans: Vec<Scan>,
    styles: Styles,
    late: bool,
    /// The day on which the workbook was last saved, counted as its cells count days.
    saved: Option<f64>,
}

/// What one sheet holds and how it looks.
pub(super) struct Found {
    pub(super) sheet: String,
    pub(super) looks: Looks,
    pub(super) grid: Grid,
}

/// A workbook whose one table is to be copied many times.
#[derive(Clone, Debug)]
pub(super) struct Index {
    ground: Arc<Ground>,
    /// The table's sheet, by its tab.
    tab: usize,
    /// Of each of the table's rows the place in the layout, or [`NOWHERE`].
    pub(super) table_rows: Vec<u32>,
    /// The sheet's first row of the table, and its first column.
    pub(super) first: u32,
    pub(super) left: u16,
    pub(super) bands: Bands,
    /// Columns of the sheet in which a cell of the table is a formula, and how many are.
    pub(super) computed: BTreeMap<u16, usize>,
    /// What refers to the sheet's rows.
    pub(super) surroundings: Surroundings,
    pub(super) formulas: Formulas,
    /// What is known of formulas that read the table.
    known: Option<Known>,
    /// How texts are put down.
    pub(super) manner: Manner,
}

/// Where the table is in its sheet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) first: u32,
    pub(super) left: u16,
    pub(super) rows: u32,
}

impl std::fmt::Debug for Ground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Ground({})", self.package.name())
    }
}

impl Ground {
    /// Looks through everything, and reads every sheet's cells: sheets in the order of their tabs.
    ///
    /// # Errors
    /// A package whose parts contradict each other; more than `limits` allow.
    pub(super) fn of(mut package: Package, limits: &Limits) -> Result<(Ground, Vec<Found>)> {
        let mut kept = package.unkept();
        let name = package.name().to_string();
        let broken = |what: &str| guard::damaged(&name, what);
        let contents =
            Contents::of(&package).ok_or_else(|| broken("its parts do not say what they are"))?;
        let mut read = |part: &str| {
            let bytes = kept
                .take(part)
                .or_else(|| package.part(part))
                .ok_or_else(|| broken("a part is missing"))?;
            if !is_utf8(&bytes) {
                return Err(Error::input(format!(
                    "`{name}` is written in another encoding than spreadsheet programs use (part `{part}`). Open it in one and save it again."
                )));
            }
            // spreadsheet programs define none, and what they stand for could be without end
            let head = &bytes[..bytes.len().min(1 << 16)];
            if memmem::find(head, b"<!DOCTYPE").is_some() {
                return Err(broken("a part defines entities"));
            }
            Ok(bytes)
        };
        let strings_part = contents.strings;
        let (mut strings, texts) = match &strings_part {
            Some(part) => {
                let found = Strings::of(read(part)?);
                let (strings, texts) = found.ok_or_else(|| broken("its strings are not closed"))?;
                (Some(strings), texts)
            }
            None => (None, Texts::default()),
        };
        let styles = contents.styles.and_then(|part| package.part(&part));
        let styles = Styles::of(&styles.unwrap_or_default());
        let mut left = limits.clone();
        let (mut scans, mut found) = (Vec::new(), Vec::new());
        for listed in contents.sheets {
            let reading = Reading {
                strings: &texts,
                styles: &styles,
                late: contents.late,
                limits: &left,
            };
            let bytes = read(&listed.part)?;
            let layout =
                Layout::of(&bytes).ok_or_else(|| broken("a sheet's rows are not closed"))?;
            let scan = Scan::of(&listed.name, listed.part, bytes, layout, &reading);
            let (scan, mut grid) = scan.map_err(|e| e.of(&name, &listed.name, limits))?;
            if let Some(row) = scan.totals() {
                grid.cut(row);
            }
            left.cells -= grid.cells.len().min(left.cells);
            let (head, tail) = (scan.layout.head, scan.layout.tail);
            found.push(Found {
                sheet: listed.name,
                looks: Looks::of(&scan.bytes[..head], &scan.bytes[tail..]),
                grid,
            });
            scans.push(scan);
        }
        if let Some(strings) = &mut strings {
            let uses = scans.iter().flat_map(|s| &s.uses);
            strings.learn(uses.map(|(_, id)| *id));
        }
        let saved = package
            .part("docProps/core.xml")
            .and_then(|part| saved(&part));
        let ground = Ground {
            package,
            strings,
            strings_part,
            scans,
            styles,
            late: contents.late,
            saved,
        };
        Ok((ground, found))
    }

    /// Whether days are counted from 1904.
    pub(super) fn late(&self) -> bool {
        self.late
    }

    /// The file's bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        self.package.bytes()
    }

    /// What formulas are worked out from, for a table with these rows.
    fn kept_source(&self, tab: usize, rows: Rows) -> kept::Source<'_> {
        kept::Source {
            scans: &self.scans,
            strings: self.strings.as_ref(),
            table: tab,
            rows,
            saved: self.saved,
        }
    }

    /// What refers to the rows of a sheet whose table has these, the first and the last.
    fn surroundings(&self, scan: &Scan, table: Rows) -> Result<Surroundings> {
        let names: Vec<String> = self.package.names().map(str::to_string).collect();
        let part = |part: &str| match self.scans.iter().find(|s| s.part == part) {
            Some(scan) => Some(Cow::Borrowed(scan.bytes.as_slice())),
            None => self.package.part(part).map(Cow::Owned),
        };
        let given = Given {
            names: &names,
            part: &part,
            sheet_part: &scan.part,
            table,
        };
        Surroundings::new(&given).map_err(|stuck| refused(self.package.name(), &stuck))
    }
}

/// What to say where something cannot follow its rows.
pub(super) fn refused(name: &str, stuck: &Stuck) -> Error {
    Error::input(format!(
        "`{name}`, {} {}. Change that, or issue with `--rebuild`, which writes plain workbooks.",
        stuck.place, stuck.why
    ))
}

impl Index {
    /// The table at this place of this sheet.
    ///
    /// # Errors
    /// A sheet that has no part.
    pub(super) fn of(ground: Arc<Ground>, sheet: &str, place: Place) -> Result<Index> {
        let tab = ground.scans.iter().position(|s| s.sheet == sheet);
        let tab = tab.ok_or_else(|| {
            guard::damaged(ground.package.name(), "the table's sheet has no part")
        })?;
        let scan = &ground.scans[tab];
        let rows = place.first..place.first + place.rows;
        let table_rows: Vec<u32> = rows
            .clone()
            .map(|row| scan.layout.find(row).map_or(NOWHERE, |at| at as u32))
            .collect();
        let look = |at: &u32| scan.looks.get(*at as usize).copied().unwrap_or(NOWHERE);
        let fill = |at: &u32| {
            let fill = scan.look_fills.get(look(at) as usize);
            fill.copied().unwrap_or(MIXED)
        };
        let looks = table_rows.iter().map(look).collect();
        let fills = table_rows.iter().map(fill).collect();
        let of_table = scan.formulas.iter().filter(|(row, _)| rows.contains(row));
        let mut computed = BTreeMap::new();
        for (_, column) in of_table {
            *computed.entry(*column).or_default() += 1;
        }
        let surroundings = ground.surroundings(scan, (place.first, rows.end.max(1) - 1))?;
        let mut with_formulas: Vec<u32> = scan.formulas.iter().map(|(row, _)| *row).collect();
        with_formulas.dedup();
        let formulas = Formulas::of(&scan.bytes, &scan.layout, with_formulas.iter().copied());
        let in_table = with_formulas.into_iter().filter(|row| rows.contains(row));
        let here = surroundings.own_sheet();
        let looked = formulas.look_along(
            &scan.bytes,
            &scan.layout,
            in_table,
            &here,
            (place.first, rows.end.max(1) - 1),
        );
        looked.map_err(|stuck| refused(ground.package.name(), &stuck))?;
        let known = match surroundings.beside() {
            Beside::Go if !ground.late && surroundings.calculates_plainly() => {
                let rows = (place.first, rows.end.max(1) - 1);
                Known::learn(&ground.kept_source(tab, rows), surroundings.words())
            }
            _ => None,
        };
        let manner = match &ground.strings {
            Some(strings) => strings.manner(),
            None => Manner::of(&scan.bytes),
        };
        Ok(Index {
            manner,
            surroundings,
            formulas,
            known,
            tab,
            table_rows,
            first: place.first,
            left: place.left,
            bands: Bands::of(looks, fills),
            computed,
            ground,
        })
    }

    fn scan(&self) -> &Scan {
        &self.ground.scans[self.tab]
    }

    /// Refuses a workbook in which a part that copies take over as it is holds the table's values: side by side they would show
    /// what is altered.
    ///
    /// # Errors
    /// Names the part.
    pub(super) fn refuse_repeats(&self, table: &Table) -> Result<()> {
        let package = self.package();
        for part in self.surroundings.untouched_texts() {
            let plain = ["/styles.xml", "/sharedStrings.xml"];
            if part.contains("theme/") || plain.iter().any(|end| part.ends_with(end)) {
                continue;
            }
            let bytes = package.part(part).unwrap_or_default();
            let text = unescaped(&bytes);
            let words: HashSet<&str> = text
                .split(|c: char| {
                    matches!(c, '<' | '>' | '"' | '\'' | ',' | ';' | '\t' | '\n' | '\r')
                })
                .map(str::trim)
                .filter(|word| word.len() >= TELLING)
                .collect();
            // nearly no cell is as long as one of the words and begins like it
            let mut looks = [false; 1 << 16];
            let look = |word: &str| {
                let first = word.as_bytes().first().copied().unwrap_or(0);
                usize::from(first) << 8 | word.len() & 0xFF
            };
            words.iter().for_each(|word| looks[look(word)] = true);
            let repeats = |column: usize| {
                let cells: HashSet<&str> = table
                    .column(column)
                    .filter(|cell| looks[look(cell)] && words.contains(cell))
                    .collect();
                cells.len() >= REPEATED
            };
            let columns = if words.len() < REPEATED {
                0
            } else {
                table.width()
            };
            let there = parallel::map(columns, repeats).into_iter().position(|r| r);
            if let Some(column) = there {
                return Err(Error::input(format!(
                    "`{}`, part `{part}`, repeats values of column `{}`, so that it would show which of the copy's are altered. Remove what it \
                     belongs to (custom XML, document properties), or issue with `--rebuild`, which writes plain workbooks.",
                    package.name(),
                    table.header().get(column).map_or("", String::as_str)
                )));
            }
        }
        Ok(())
    }

    /// The rows of the copy with these lines.
    pub(super) fn moves(&self, lines: &[Line]) -> Moves {
        let kept = lines.iter().map(|line| match line {
            Line::Kept(row) => Some(*row),
            Line::Inserted(_) => None,
        });
        Moves::new(self.first, self.table_rows.len() as u32, kept)
    }

    /// What moves the formulas of a copy.
    pub(super) fn mover<'a>(&'a self, moves: &'a Moves) -> Mover<'a> {
        Mover {
            formulas: &self.formulas,
            bytes: self.bytes(),
            place: self.surroundings.own_sheet(),
            moves,
            table: (
                self.first,
                (self.first + self.table_rows.len() as u32).max(1) - 1,
            ),
            manner: self.manner,
        }
    }

    /// The values of a copy's formulas; `None` where they are as in the source, or are not known.
    pub(super) fn anew(&self, changes: &Changes<'_>) -> Option<Anew> {
        let rows = (changes.moves.first(), changes.moves.behind().max(1) - 1);
        let source = self.ground.kept_source(self.tab, rows);
        self.known.as_ref()?.anew(source, self.manner, changes)
    }

    /// What to say where something cannot follow its rows.
    pub(super) fn refused(&self, stuck: &Stuck) -> Error {
        refused(self.ground.package.name(), stuck)
    }

    /// The workbook's styles.
    pub(super) fn styles(&self) -> &Styles {
        &self.ground.styles
    }

    /// The package.
    pub(super) fn package(&self) -> &Package {
        &self.ground.package
    }

    /// The name of the table's sheet.
    pub(super) fn sheet(&self) -> &str {
        &self.scan().sheet
    }

    /// The part with the table's sheet.
    pub(super) fn part(&self) -> &str {
        &self.scan().part
    }

    /// Its bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.scan().bytes
    }

    /// Where its rows stand in them.
    pub(super) fn layout(&self) -> &Layout {
        &self.scan().layout
    }

    /// The shared strings and the part with them.
    pub(super) fn strings(&self) -> Option<(&Strings, &str)> {
        let ground = &self.ground;
        ground.strings.as_ref().zip(ground.strings_part.as_deref())
    }

    /// Whether most of a column of the table is formulas, so that a row put in gets one, too.
    pub(super) fn works_out(&self, column: u16) -> bool {
        let count = self.computed.get(&column).copied().unwrap_or(0);
        2 * count > self.table_rows.len()
    }

    /// Whether a row of the sheet has a formula.
    pub(super) fn has_formulas(&self, row: u32) -> bool {
        let formulas = &self.scan().formulas;
        formulas.binary_search_by_key(&row, |(row, _)| *row).is_ok()
    }

    /// In how many digits the sheet's numbers are put down.
    pub(super) fn digits(&self) -> Digits {
        self.scan().digits
    }

    /// Whether days are written out (ISO 8601) in some cell.
    pub(super) fn iso(&self) -> bool {
        self.scan().iso
    }

    /// The shared strings that a row of the layout uses: column and string.
    pub(super) fn uses_of(&self, at: usize) -> &[(u16, u32)] {
        let scan = self.scan();
        let start = match at.checked_sub(1) {
            Some(before) => scan.use_ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let end = scan.use_ends.get(at).copied().unwrap_or(start);
        &scan.uses[start as usize..end as usize]
    }

    /// All uses of strings in the workbook, those of the table's sheet being `here`.
    pub(super) fn around<'a>(
        &'a self,
        here: impl Iterator<Item = u32> + 'a,
    ) -> impl Iterator<Item = u32> + 'a {
        let of = |scans: &'a [Scan]| {
            let uses = scans.iter().flat_map(|s| &s.uses);
            uses.map(|(_, id)| *id)
        };
        let (before, behind) = self.ground.scans.split_at(self.tab);
        of(before).chain(here).chain(of(&behind[1..]))
    }

    /// Other sheets: their parts, bytes, layouts, and whether their cells use a string for which this holds.
    pub(super) fn others_with(
        &self,
        test: impl Fn(u32) -> bool,
    ) -> impl Iterator<Item = (&str, &[u8], &Layout)> {
        let others = self.ground.scans.iter().enumerate();
        others
            .filter(|(tab, _)| *tab != self.tab)
            .filter(move |(_, scan)| scan.uses.iter().any(|(_, id)| test(*id)))
            .map(|(_, scan)| (scan.part.as_str(), scan.bytes.as_slice(), &scan.layout))
    }
}

/// The day in a workbook's properties on which it was last saved.
fn saved(properties: &[u8]) -> Option<f64> {
    let tag = Tags::new(properties, 0).find(|tag| tag.name == b"modified")?;
    let day = properties.get(tag.end..tag.end + "2024-03-05".len())?;
    dates::serial(std::str::from_utf8(day).ok()?)
}

/// Whether a part is what nearly all are; a byte order mark may stand before it.
fn is_utf8(bytes: &[u8]) -> bool {
    !bytes.starts_with(&[0xFF, 0xFE])
        && !bytes.starts_with(&[0xFE, 0xFF])
        && std::str::from_utf8(bytes).is_ok()
}
