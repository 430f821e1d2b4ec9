//! What a leaker does so that nobody shall know whose copy it was: a catalogue of attacks, each a pure function from what he holds to
//! the table that he hands on. The same seed does the same.
//!
//! He is taken at his strongest: he knows which columns link, which are dates and numbers and by what steps they move, and, where an
//! attack says so, what the register held before it was marked. What he lacks is the key.

mod align;
mod cells;
mod coalition;
mod columns;
mod correlate;
mod dress;
mod hunt;
mod merge;
mod rows;

pub use self::merge::strangers_like;

use super::leak_files::{Encoding, to_csv_bytes, to_xlsx_bytes};
use crate::error::{Error, Result, did_you_mean};
use crate::table::Table;
use crate::value::date::DateOrder;

/// What a column holds, as far as a leaker cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// What links a row to a person.
    Identifier,
    /// 1, 2, 3 ...
    Sequence,
    /// Days.
    Date,
    /// Days with a time of day.
    Time,
    /// Numbers.
    Number,
    /// Anything else.
    Other,
}

/// A column, as far as a leaker cares.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its header.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
    /// Whether copies differ in it.
    pub altered: bool,
    /// The step by which its values move: a decimal for numbers, seconds for times; 1 and 60 where absent.
    pub step: Option<String>,
    /// In which order it writes day, month and year.
    pub order: DateOrder,
    /// Spellings that mean the same.
    pub spellings: Vec<[String; 2]>,
}

/// What the leaker holds. All tables have the columns of `columns`, in that order.
#[derive(Clone, Copy)]
pub struct Loot<'a> {
    /// His own copy and then his accomplices', of the same table.
    pub copies: &'a [&'a Table],
    /// His own copy of the register's next table.
    pub later: Option<&'a Table>,
    /// The table before it was marked.
    pub original: Option<&'a Table>,
    /// The columns.
    pub columns: &'a [Column],
}

impl<'a> Loot<'a> {
    fn own(&self) -> Option<&'a Table> {
        self.copies.first().copied()
    }

    /// The places of columns that hold one of these.
    fn that_hold(&self, holds: &[Holds]) -> Vec<usize> {
        let all = self.columns.iter().enumerate();
        all.filter(|(_, c)| holds.contains(&c.holds))
            .map(|(at, _)| at)
            .collect()
    }
}

/// Attacks of one sort, in the order of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// No attack, and files that are nobody's copy.
    Control,
    /// A few rows only.
    Sample,
    /// Columns left out, or masked.
    Columns,
    /// Values moved at random.
    Noise,
    /// Values made coarser.
    Rounding,
    /// The same values in another dress.
    Dress,
    /// Rows in another order.
    Order,
    /// Rows of several origins in one file.
    Merge,
    /// Recipients who lay their copies side by side.
    Coalition,
    /// Looking for the made-up records.
    Hunt,
    /// Looking for values that do not go with the rest of their row.
    Correlation,
    /// Laying the next month's copy over this one.
    Months,
}

impl Family {
    /// Every family, in the order of reports.
    pub const ALL: [Family; 12] = [
        Family::Control,
        Family::Sample,
        Family::Columns,
        Family::Noise,
        Family::Rounding,
        Family::Dress,
        Family::Order,
        Family::Merge,
        Family::Coalition,
        Family::Hunt,
        Family::Correlation,
        Family::Months,
    ];

    /// The word by which it is asked for.
    pub fn word(self) -> &'static str {
        match self {
            Family::Control => "control",
            Family::Sample => "sample",
            Family::Columns => "columns",
            Family::Noise => "noise",
            Family::Rounding => "rounding",
            Family::Dress => "dress",
            Family::Order => "order",
            Family::Merge => "merge",
            Family::Coalition => "coalition",
            Family::Hunt => "hunt",
            Family::Correlation => "correlation",
            Family::Months => "months",
        }
    }

    /// What it is, for a heading.
    pub fn title(self) -> &'static str {
        match self {
            Family::Control => "As it is, and files that are nobody's copy",
            Family::Sample => "A few rows",
            Family::Columns => "Columns left out or masked",
            Family::Noise => "Values moved at random",
            Family::Rounding => "Values made coarser",
            Family::Dress => "The same values in another dress",
            Family::Order => "Rows in another order",
            Family::Merge => "Rows of several origins in one file",
            Family::Coalition => "Recipients who lay their copies side by side",
            Family::Hunt => "Hunting for canaries",
            Family::Correlation => "Looking for values that do not go with the rest of their row",
            Family::Months => "Laying next month's copy over this one",
        }
    }
}

/// The file that the leaker makes of his table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrapping {
    /// Comma-separated text.
    Csv(Encoding),
    /// A workbook.
    Xlsx,
}

impl Wrapping {
    /// The file.
    ///
    /// # Errors
    /// When a workbook cannot hold the table.
    pub fn wrap(self, table: &Table) -> Result<Vec<u8>> {
        match self {
            Wrapping::Csv(encoding) => Ok(to_csv_bytes(table, encoding)),
            Wrapping::Xlsx => to_xlsx_bytes(table),
        }
    }
}

type Act = Box<dyn Fn(&Loot<'_>, u64) -> Table + Send + Sync>;

/// One attack at one strength.
pub struct Attack {
    /// Its family.
    pub family: Family,
    /// The word by which it is asked for.
    pub word: &'static str,
    /// What is done, in a few words.
    pub what: String,
    /// How strongly, in a few words; empty where there is only one way.
    pub strength: String,
    /// The same as a number, where strengths of this attack make a curve.
    pub level: Option<f64>,
    /// Copies that it takes.
    pub copies: usize,
    /// How many of these, from the first, have rows or values in the leak; 0 where nobody may be named.
    pub sources: usize,
    /// Whether it takes the next table's copy.
    pub takes_later: bool,
    /// Whether it takes the table before it was marked.
    pub takes_original: bool,
    /// The file made of the table.
    pub wrapping: Wrapping,
    act: Act,
}

impl Attack {
    fn new(
        family: Family,
        word: &'static str,
        what: impl Into<String>,
        act: impl Fn(&Loot<'_>, u64) -> Table + Send + Sync + 'static,
    ) -> Attack {
        Attack {
            family,
            word,
            what: what.into(),
            strength: String::new(),
            level: None,
            copies: 1,
            sources: 1,
            takes_later: false,
            takes_original: false,
            wrapping: Wrapping::Csv(Encoding::Utf8),
            act: Box::new(act),
        }
    }

    fn at(mut self, strength: impl Into<String>, level: Option<f64>) -> Attack {
        self.strength = strength.into();
        self.level = level;
        self
    }

    fn of_copies(mut self, copies: usize, sources: usize) -> Attack {
        (self.copies, self.sources) = (copies, sources);
        self
    }

    fn knowing_the_original(mut self) -> Attack {
        self.takes_original = true;
        self
    }

    fn with_the_later(mut self) -> Attack {
        self.takes_later = true;
        self
    }

    fn wrapped(mut self, wrapping: Wrapping) -> Attack {
        self.wrapping = wrapping;
        self
    }

    /// How many of the copies, from the first, the leak was made with: all, unless it is nobody's. Whoever holds none of these is
    /// innocent of it.
    pub fn partners(&self) -> usize {
        if self.sources == 0 { 0 } else { self.copies }
    }

    /// Whether a part of what it leaves tells more: of attacks that say themselves how many rows they leave it does not.
    pub fn is_cut(&self) -> bool {
        self.family != Family::Sample
    }

    /// What the leaker hands on; an empty table where he holds less than the attack takes.
    pub fn play(&self, loot: &Loot<'_>, seed: u64) -> Table {
        let holds_enough = loot.copies.len() >= self.copies
            && (!self.takes_later || loot.later.is_some())
            && (!self.takes_original || loot.original.is_some());
        if holds_enough {
            (self.act)(loot, seed)
        } else {
            Table::default()
        }
    }
}

/// Every attack that can be made on a table of these columns and so many rows, of which there are so many copies.
pub fn catalogue(columns: &[Column], rows: usize, copies: usize) -> Vec<Attack> {
    let mut all = merge::controls();
    all.extend(rows::samples(rows));
    all.extend(columns::attacks(columns));
    all.extend(cells::noise(columns));
    all.extend(cells::rounding(columns));
    all.extend(dress::attacks(columns));
    all.extend(rows::orders(columns));
    all.extend(merge::attacks());
    all.extend(coalition::attacks());
    all.extend(hunt::attacks());
    all.extend(correlate::attacks());
    all.extend(merge::months());
    all.retain(|attack| attack.copies <= copies);
    all
}

/// The attacks asked for, by the word of a family or of an attack; all where nothing is asked for.
///
/// # Errors
/// A word that is neither.
pub fn chosen(mut all: Vec<Attack>, words: &[String]) -> Result<Vec<Attack>> {
    let known = |word: &str| {
        Family::ALL.iter().any(|f| f.word() == word) || all.iter().any(|a| a.word == word)
    };
    if let Some(unknown) = words.iter().find(|word| !known(word)) {
        let families = Family::ALL.map(Family::word);
        let every = families.iter().copied().chain(all.iter().map(|a| a.word));
        let nearest = did_you_mean(unknown, every);
        let hint = if nearest.is_empty() {
            format!("There are {}.", families.join(", "))
        } else {
            nearest
        };
        return Err(Error::input(format!(
            "no attack on this table is called `{unknown}`. {hint}"
        )));
    }
    if !words.is_empty() {
        all.retain(|a| words.iter().any(|w| w == a.word || w == a.family.word()));
    }
    Ok(all)
}

/// The table with cells changed where `change` says to what, given row, column and text.
fn changed(table: &Table, mut change: impl FnMut(usize, usize, &str) -> Option<String>) -> Table {
    let mut out = Table::new(table.header().to_vec(), table.width());
    let mut cells: Vec<Option<String>> = Vec::with_capacity(table.width());
    for row in 0..table.rows() {
        cells.clear();
        let texts = table.row(row).enumerate();
        cells.extend(texts.map(|(column, text)| change(row, column, text)));
        let texts = table.row(row).zip(&cells);
        out.push(texts.map(|(text, new)| new.as_deref().unwrap_or(text)));
    }
    out
}

#[cfg(test)]
mod tests;
