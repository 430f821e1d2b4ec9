//! What a formula says, apart from the place where it stands: what it reads, and its text for the calculation.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::table::xlsx::refs::address::Area;
use crate::table::xlsx::refs::formula::{computes_references, same_name};
use crate::table::xlsx::refs::tokens::{Reference, Sheet, Token, Tokens};
use crate::table::xlsx::refs::words::{Meaning, Words};

/// Longer formulas are left to spreadsheet programs.
const LONGEST: usize = 1_024;
/// Brackets within brackets, as deep as spreadsheet programs allow.
const DEEPEST: usize = 64;
const LAST_COLUMN: u32 = 16_383;

/// Functions that give the same for the same cells, at a cost that grows with the cells and in a text that is no longer than what
/// they read.
const NAMES: &str = "\
    ABS AND AVERAGE AVERAGEIF AVERAGEIFS CEILING CHOOSE COLUMN COLUMNS CONCAT CONCATENATE COUNT COUNTA COUNTBLANK \
    COUNTIF COUNTIFS DATE DATEDIF DATEVALUE DAY DAYS DAYS360 EDATE EOMONTH EVEN EXACT EXP FALSE FIND FLOOR HLOOKUP HOUR \
    IF IFERROR IFNA IFS INDEX INT ISBLANK ISERR ISERROR ISEVEN ISLOGICAL ISNA ISNONTEXT ISNUMBER ISODD ISOWEEKNUM ISTEXT \
    LARGE LEFT LEN LN LOG LOG10 LOOKUP LOWER MATCH MAX MAXIFS MEDIAN MID MIN MINIFS MINUTE MOD MODE MONTH MROUND N NA \
    NOT ODD OR PERCENTILE PERCENTILE.INC PI POWER PRODUCT PROPER QUARTILE QUARTILE.INC QUOTIENT RANK RANK.EQ RIGHT ROUND \
    ROUNDDOWN ROUNDUP ROW ROWS SEARCH SECOND SIGN SMALL SQRT STDEV STDEV.P STDEV.S STDEVP SUBTOTAL SUM SUMIF SUMIFS \
    SUMPRODUCT SWITCH T TEXT TEXTJOIN TIME TIMEVALUE TODAY TRIM TRUE TRUNC UPPER VALUE VAR VAR.S VLOOKUP WEEKDAY WEEKNUM \
    XLOOKUP XOR YEAR";

static KNOWN: LazyLock<HashSet<&str>> = LazyLock::new(|| NAMES.split_whitespace().collect());

/// A row or a column as a formula names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    At(u32),
    /// So many behind the formula's own.
    By(i64),
}

impl Line {
    fn of(at: u32, fixed: bool, own: u32) -> Line {
        match fixed {
            true => Line::At(at),
            false => Line::By(i64::from(at) - i64::from(own)),
        }
    }

    fn from(self, own: u32) -> Option<u32> {
        match self {
            Line::At(at) => Some(at),
            Line::By(by) => u32::try_from(i64::from(own) + by).ok(),
        }
    }

    fn push(self, letter: char, out: &mut String) {
        out.push(letter);
        match self {
            Line::At(at) => out.push_str(&(at + 1).to_string()),
            Line::By(by) => {
                out.push('[');
                out.push_str(&by.to_string());
                out.push(']');
            }
        }
    }
}

/// Cells that a formula reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    pub sheet: usize,
    pub rows: (Line, Line),
    pub columns: (Line, Line),
    /// Whether they are whole columns, whatever their length.
    pub whole: bool,
}

impl Read {
    /// Where they are, for a formula in this cell.
    pub fn area(&self, row: u32, column: u32) -> Option<Area> {
        let (a, b) = (self.rows.0.from(row)?, self.rows.1.from(row)?);
        let (c, d) = (self.columns.0.from(column)?, self.columns.1.from(column)?);
        Some(Area {
            top: a.min(b),
            bottom: a.max(b),
            left: c.min(d),
            right: c.max(d),
        })
    }

    /// Whether they stand in the formula's own row.
    pub fn is_own_row(&self) -> bool {
        self.rows == (Line::By(0), Line::By(0))
    }

    /// Whether they are in the same rows whatever row the formula is in.
    pub fn is_fixed(&self) -> bool {
        matches!(self.rows, (Line::At(_), Line::At(_)))
    }

    fn push(&self, out: &mut String) {
        out.push_str(&format!("'s {}'!", self.sheet));
        self.rows.0.push('R', out);
        self.columns.0.push('C', out);
        if self.rows.0 != self.rows.1 || self.columns.0 != self.columns.1 {
            out.push(':');
            self.rows.1.push('R', out);
            self.columns.1.push('C', out);
        }
    }
}

/// What a formula says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Said {
    /// For the calculation, with cells named by rows and columns; the same for all cells that share a formula.
    pub text: String,
    pub reads: Vec<Read>,
    /// Whether a calculation may be trusted with it.
    pub known: bool,
    /// Whether it comes to another value in another row.
    pub of_its_row: bool,
    /// Whether it passes over cells with formulas of its own kind.
    pub subtotals: bool,
    /// Whether it puts texts together.
    pub joins: bool,
    /// Whether it uses a name or a table's column.
    pub names: bool,
    /// Whether it fills other cells, too.
    pub spreads: bool,
    /// Whether it reads the date, which for the calculation stands in the first cell of a sheet behind the workbook's.
    pub dated: bool,
}

/// Where a formula stands.
#[derive(Clone, Copy)]
pub struct Here<'a> {
    pub sheets: &'a [String],
    /// Behind the last row that has anything, by sheet.
    pub ends: &'a [u32],
    pub words: &'a Words,
    pub sheet: usize,
    pub row: u32,
    pub column: u32,
}

impl Said {
    /// Reads a formula; `None` where nobody can tell what it reads.
    pub fn of(formula: &str, here: &Here<'_>) -> Option<Said> {
        let mut said = Said {
            known: formula.len() <= LONGEST
                && depth(formula) <= DEEPEST
                && !formula.is_empty()
                && !formula.contains('{'),
            joins: formula.contains('&'),
            ..Said::default()
        };
        let mut done = 0;
        for token in Tokens::new(formula) {
            let (word, put) = match token {
                Token::Reference(reference) => {
                    let text = reference.text;
                    match said.reference(&reference, here)? {
                        Some(read) => (text, Some(read)),
                        None => continue,
                    }
                }
                Token::Name(name) => {
                    if name.starts_with("_xlpm.") {
                        said.known = false;
                        continue;
                    }
                    said.names = true;
                    let read = match here.words.meaning(name)? {
                        Meaning::Area(area) => Read {
                            sheet: here.place(here.words.sheet_of(name)?)?,
                            rows: (Line::At(area.top), Line::At(area.bottom)),
                            columns: (Line::At(area.left), Line::At(area.right)),
                            whole: false,
                        },
                        Meaning::OwnRow(left, right) => Read {
                            sheet: here.sheet,
                            rows: (Line::By(0), Line::By(0)),
                            columns: (Line::At(left), Line::At(right)),
                            whole: false,
                        },
                    };
                    (name, Some(read))
                }
                Token::Function(name) => {
                    said.function(name)?;
                    (name, None)
                }
            };
            let start = word.as_ptr() as usize - formula.as_ptr() as usize;
            match put {
                Some(read) => {
                    said.text.push_str(&formula[done..start]);
                    read.push(&mut said.text);
                    said.reads.push(read);
                }
                None => {
                    let plain = word
                        .trim_start_matches("_xlfn.")
                        .trim_start_matches("_xlws.");
                    said.text.push_str(&formula[done..start]);
                    said.text.push_str(plain);
                }
            }
            done = start + word.len();
            if put.is_none() && word.eq_ignore_ascii_case("TODAY") {
                let behind = &formula[done..];
                let call = behind.strip_prefix('(').map(|b| b.trim_start());
                let Some(behind) = call.and_then(|b| b.strip_prefix(')')) else {
                    said.known = false;
                    continue;
                };
                said.text.truncate(said.text.len() - word.len());
                said.text
                    .push_str(&format!("'s {}'!R1C1", here.sheets.len()));
                said.dated = true;
                done = formula.len() - behind.len();
            }
        }
        said.text.push_str(&formula[done..]);
        Some(said)
    }

    /// A reference: the cells, if they are in this workbook; `None` around it where nobody can tell.
    fn reference(&mut self, reference: &Reference<'_>, here: &Here<'_>) -> Option<Option<Read>> {
        if reference.open {
            return None;
        }
        let sheet = match &reference.sheet {
            Sheet::Here => Some(here.sheet),
            Sheet::Named(name) => here.place(name),
            Sheet::Through(..) => return None,
            Sheet::Foreign => None,
        };
        let Some(sheet) = sheet else {
            self.known = false;
            return Some(None);
        };
        let (first, last) = (&reference.first, &reference.last);
        let rows = match (&first.row, &last.row) {
            (Some(a), Some(b)) => (
                Line::of(a.at, a.fixed, here.row),
                Line::of(b.at, b.fixed, here.row),
            ),
            // no farther than there are rows, and the same in all copies
            _ => (Line::At(0), Line::At(roomy(here.ends[sheet]))),
        };
        let columns = match (&first.column, &last.column) {
            (Some(a), Some(b)) => (
                Line::of(a.at, a.fixed, here.column),
                Line::of(b.at, b.fixed, here.column),
            ),
            _ => {
                self.known = false;
                (Line::At(0), Line::At(LAST_COLUMN))
            }
        };
        Some(Some(Read {
            sheet,
            rows,
            columns,
            whole: first.row.is_none(),
        }))
    }

    fn function(&mut self, name: &str) -> Option<()> {
        if computes_references(name) {
            return None;
        }
        let plain = name
            .trim_start_matches("_xlfn.")
            .trim_start_matches("_xlws.");
        let upper = plain.to_ascii_uppercase();
        self.known &= KNOWN.contains(upper.as_str());
        match upper.as_str() {
            "ROW" => self.of_its_row = true,
            "SUBTOTAL" => self.subtotals = true,
            "CONCAT" | "CONCATENATE" | "TEXTJOIN" => self.joins = true,
            _ => (),
        }
        Some(())
    }
}

impl Here<'_> {
    fn place(&self, name: &str) -> Option<usize> {
        self.sheets.iter().position(|sheet| same_name(sheet, name))
    }
}

/// The row to which whole columns are read, with room for rows put in.
pub fn roomy(end: u32) -> u32 {
    end.saturating_add(end / 4)
        .saturating_add(1_000)
        .min(1_048_575)
}

fn depth(formula: &str) -> usize {
    let (mut depth, mut deepest) = (0usize, 0usize);
    for byte in formula.bytes() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            _ => (),
        }
        deepest = deepest.max(depth);
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(formula: &str) -> Option<Said> {
        let sheets = ["Data", "Codes"].map(String::from);
        let words = Words::default();
        let here = Here {
            sheets: &sheets,
            ends: &[100, 10],
            words: &words,
            sheet: 0,
            row: 4,
            column: 3,
        };
        Said::of(formula, &here)
    }

    #[test]
    fn the_same_text_wherever_it_stands() {
        let found = said("IF(B5>$C$1,VLOOKUP(A5,codes!$A$2:$B$9,2),\"A1\")").unwrap();
        assert_eq!(
            found.text,
            "IF('s 0'!R[0]C[-2]>'s 0'!R1C3,VLOOKUP('s 0'!R[0]C[-3],'s 1'!R2C1:R9C2,2),\"A1\")"
        );
        assert!(found.known && found.reads[0].is_own_row() && found.reads[3].is_fixed());
        assert_eq!(
            found.reads[3].area(77, 0),
            Some(Area {
                top: 1,
                bottom: 8,
                left: 0,
                right: 1
            })
        );
        assert_eq!(
            said("SUM(B:B)").unwrap().text,
            "SUM('s 0'!R1C[-2]:R1126C[-2])"
        );
        assert_eq!(said("_xlfn.IFNA(1,2)").unwrap().text, "IFNA(1,2)");
    }

    #[test]
    fn what_is_not_known_is_said() {
        let dated = said("today( )-B5").unwrap();
        assert_eq!(dated.text, "'s 2'!R1C1-'s 0'!R[0]C[-2]");
        assert!(dated.known && dated.dated);
        for unknown in [
            "NOW()-B5",
            "TODAY(1)",
            "[1]Data!A1",
            "SUM(2:3)",
            "RAND()",
            "Gone!A1+1",
            "REPT(B5,9)",
        ] {
            assert!(!said(unknown).unwrap().known, "{unknown}");
        }
        assert!(!said(&"(".repeat(65)).unwrap().known);
        for opaque in [
            "OFFSET(A1,1,1)",
            "A1:INDEX(A:A,3)",
            "nobody+1",
            "SUM(Data:Codes!A1)",
        ] {
            assert_eq!(said(opaque), None, "{opaque}");
        }
    }
}
