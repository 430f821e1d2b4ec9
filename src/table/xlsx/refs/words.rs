//! Names and tables of a workbook: which cells they mean in formulas.

use std::collections::HashMap;

use super::address::Area;
use super::tokens::{Sheet, Token, Tokens};
use super::work::{Task, Work};
use super::xml::{Elements, Tags};
use crate::table::xlsx::markup::entities;
use crate::table::xlsx::moves::Moves;

/// The cells that a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    Area(Area),
    /// Columns of the formula's own row, the first and the last.
    OwnRow(u32, u32),
}

/// A table on the sheet that copies alter.
#[derive(Clone, Debug)]
struct Listed {
    /// Its rows of data.
    data: Area,
    columns: Vec<String>,
}

/// All words that mean cells.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Names that are one fixed area, in small letters.
    names: HashMap<String, (String, Area)>,
    listed: HashMap<String, Listed>,
    table_sheet: String,
}

impl Words {
    /// Reads the workbook's names, and the tables of the sheet with this name.
    pub fn of(work: &[Work], table_sheet: &str) -> Words {
        let mut words = Words {
            table_sheet: table_sheet.to_string(),
            ..Words::default()
        };
        for work in work {
            match work.task {
                Task::Workbook => {
                    let all = Elements::new(&work.text);
                    for (_, element) in all.named("definedName") {
                        // names of one sheet only may hide others
                        let name = element.tag.value("name").unwrap_or_default().to_lowercase();
                        let local = element.tag.raw("localSheetId").is_some();
                        match fixed_area(&entities(all.text(element))) {
                            Some(meant) if !local => words.names.insert(name, meant),
                            _ => words.names.remove(&name),
                        };
                    }
                }
                Task::Listed if work.on_table => {
                    words.listed.extend(listed(&work.text));
                }
                _ => (),
            }
        }
        words
    }

    /// What a word means; `None` where that is not known.
    pub fn meaning(&self, word: &str) -> Option<Meaning> {
        let Some((table, inner)) = word.split_once('[') else {
            let (_, area) = self.names.get(&word.to_lowercase())?;
            return Some(Meaning::Area(*area));
        };
        let listed = self.listed.get(&table.to_lowercase())?;
        let inner = inner.strip_suffix(']')?;
        if inner.contains('\'') {
            return None;
        }
        let own = inner
            .strip_prefix("[#This Row],")
            .or_else(|| inner.strip_prefix('@'));
        let (left, right) = listed.columns_of(own.unwrap_or(inner))?;
        Some(match own {
            Some(_) => Meaning::OwnRow(left, right),
            None => Meaning::Area(Area {
                left,
                right,
                ..listed.data
            }),
        })
    }

    /// The sheet on which the cells are that a word means.
    pub fn sheet_of(&self, word: &str) -> Option<&str> {
        if word.contains('[') {
            return Some(&self.table_sheet);
        }
        let (sheet, _) = self.names.get(&word.to_lowercase())?;
        Some(sheet)
    }

    /// What they mean in a copy; words whose cells do not stand together there are gone.
    pub fn moved(&self, moves: &Moves) -> Words {
        let follow = |area: Area| {
            let (top, bottom) = moves.rows((area.top, area.bottom)).ok().flatten()?;
            Some(Area {
                top,
                bottom,
                ..area
            })
        };
        let names = self.names.iter().filter_map(|(name, (sheet, area))| {
            let area = match super::formula::same_name(sheet, &self.table_sheet) {
                true => follow(*area)?,
                false => *area,
            };
            Some((name.clone(), (sheet.clone(), area)))
        });
        let listed = self.listed.iter().filter_map(|(name, listed)| {
            let data = follow(listed.data)?;
            let columns = listed.columns.clone();
            Some((name.clone(), Listed { data, columns }))
        });
        Words {
            names: names.collect(),
            listed: listed.collect(),
            table_sheet: self.table_sheet.clone(),
        }
    }
}

impl Listed {
    /// `Name`, `[Name]` or `[First]:[Last]`, as columns of the sheet.
    fn columns_of(&self, text: &str) -> Option<(u32, u32)> {
        let find = |name: &str| {
            let name = name.to_lowercase();
            let at = self.columns.iter().position(|column| *column == name)?;
            Some(self.data.left + at as u32)
        };
        let bare = |text: &str| Some(text.strip_prefix('[')?.strip_suffix(']')?.to_string());
        if let Some((first, last)) = text.split_once("]:[") {
            return find(first.strip_prefix('[')?).zip(find(last.strip_suffix(']')?));
        }
        let column = find(&bare(text).unwrap_or_else(|| text.to_string()))?;
        Some((column, column))
    }
}

/// `Sheet!$A$1:$B$9`, and nothing else.
fn fixed_area(text: &str) -> Option<(String, Area)> {
    let Some(Token::Reference(reference)) = Tokens::new(text).next() else {
        return None;
    };
    let ends = [&reference.first, &reference.last];
    let fixed = ends.iter().all(|end| {
        let line = |line: &Option<super::address::Line>| line.as_ref().is_some_and(|l| l.fixed);
        line(&end.row) && line(&end.column)
    });
    let Sheet::Named(sheet) = &reference.sheet else {
        return None;
    };
    let whole = reference.text == text.trim() && fixed && !reference.open;
    whole.then(|| {
        let area = Area::between(&reference.first, &reference.last);
        (sheet.to_string(), area)
    })
}

/// A table's name and what it covers.
fn listed(text: &str) -> Option<(String, Listed)> {
    let tag = Tags::new(text).find(|tag| tag.name() == "table")?;
    let name = tag.value("displayName").or_else(|| tag.value("name"))?;
    let area = super::address::area(tag.raw("ref")?)?;
    let count = |key, usual| tag.raw(key).map_or(Some(usual), |n| n.parse::<u32>().ok());
    let (head, foot) = (count("headerRowCount", 1)?, count("totalsRowCount", 0)?);
    let columns = Tags::new(text).filter(|tag| tag.name() == "tableColumn");
    let columns = columns.filter_map(|tag| Some(tag.value("name")?.to_lowercase()));
    let data = Area {
        top: area.top.checked_add(head)?,
        bottom: area.bottom.checked_sub(foot)?,
        ..area
    };
    let columns: Vec<String> = columns.collect();
    let fits = data.top <= data.bottom && columns.len() as u32 == area.right - area.left + 1;
    fits.then(|| (name.to_lowercase(), Listed { data, columns }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let workbook = "<w><definedNames><definedName name=\"Owing\">Data!$J$4:$J$9</definedName><definedName name=\"Rate\">0.17</definedName><definedName name=\"Loose\">Data!J4</definedName></definedNames></w>";
        let table = "<table displayName=\"Register\" ref=\"A3:C10\" totalsRowCount=\"1\"><tableColumns><tableColumn name=\"No\"/><tableColumn name=\"Amount Due\"/><tableColumn name=\"Ward\"/></tableColumns></table>";
        let work = [
            Work::new("w", Task::Workbook, false, workbook.to_string()),
            Work::new("t", Task::Listed, true, table.to_string()),
        ];
        Words::of(&work, "Data")
    }

    #[test]
    fn words_and_the_cells_that_they_mean() {
        let words = words();
        let area = |top, bottom, left, right| {
            Some(Meaning::Area(Area {
                top,
                bottom,
                left,
                right,
            }))
        };
        assert_eq!(words.meaning("OWING"), area(3, 8, 9, 9));
        assert_eq!(words.sheet_of("owing"), Some("Data"));
        assert_eq!(words.meaning("Rate"), None);
        assert_eq!(words.meaning("Loose"), None);
        assert_eq!(words.meaning("Register[Amount Due]"), area(3, 8, 1, 1));
        assert_eq!(words.meaning("Register[[No]:[Ward]]"), area(3, 8, 0, 2));
        assert_eq!(
            words.meaning("register[[#This Row],[Amount Due]]"),
            Some(Meaning::OwnRow(1, 1))
        );
        assert_eq!(words.meaning("Register[#All]"), None);
        assert_eq!(words.meaning("Register[[#Totals],[No]]"), None);
        assert_eq!(words.meaning("Other[No]"), None);
    }

    #[test]
    fn they_follow_their_rows() {
        // the table's six rows of data, one put in at the end
        let lines = (0..6).map(Some).chain([None]);
        let moved = words().moved(&Moves::new(3, 6, lines));
        let Some(Meaning::Area(area)) = moved.meaning("Register[No]") else {
            panic!("a table's column");
        };
        assert_eq!((area.top, area.bottom), (3, 9));
    }
}
