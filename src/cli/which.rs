//! Which table of a file is meant, and how copies of a workbook are made: options that several commands share.

use clap::Args;
use taggant::error::{Error, Result};
use taggant::issue::which::{self, Chosen};
use taggant::table::Source;

use super::terminal;

#[derive(Args, Debug, Default)]
pub struct Which {
    /// The sheet that holds the table; `issue` and `clean` take several [default: the sheets that the policies name, else the one
    /// that looks like a register]
    #[arg(long, value_name = "NAME")]
    pub sheet: Vec<String>,
    /// Write copies of a workbook as plain workbooks with this one table, instead of the workbook itself with a few cells changed
    #[arg(long)]
    pub rebuild: bool,
}

impl Which {
    /// The sheet, where a command works on one.
    pub fn one_sheet(&self) -> Result<Option<&str>> {
        match &self.sheet[..] {
            [] => Ok(None),
            [sheet] => Ok(Some(sheet)),
            _ => Err(Error::input(
                "this works on one table at a time. Give `--sheet` once, and repeat the command for each.",
            )),
        }
    }

    /// The one table among a file's, ready for copies; says what these leave out.
    pub fn table(&self, sources: Vec<Source>, name: &str) -> Result<Source> {
        self.one_sheet()?;
        let mut tables = self.tables(sources, &self.sheet, name)?.tables;
        Ok(tables.swap_remove(0))
    }

    /// The tables on these sheets, ready for copies; says what these leave out.
    pub fn tables(&self, sources: Vec<Source>, sheets: &[String], name: &str) -> Result<Chosen> {
        let mut chosen = which::choose(sources, sheets, name)?;
        if let [source] = &mut chosen.tables[..] {
            if let Some(what) = source.converted.clone() {
                terminal::warn(&unlike(&what, source, &chosen.others));
            } else if self.rebuild {
                source.rebuild();
                lost(source, &chosen.others);
            }
        } else if self.rebuild || chosen.tables.iter().any(|s| s.converted.is_some()) {
            return Err(Error::input(format!(
                "plain workbooks hold one table, and {} sheets of `{name}` are to get marks. Name one of them with `--sheet`, once.",
                chosen.tables.len()
            )));
        }
        for source in &chosen.tables {
            source.ready()?;
        }
        Ok(chosen)
    }
}

/// Says what plain workbooks leave out.
fn lost(source: &Source, others: &[Source]) {
    let name = &source.name;
    if source.sheet.is_none() {
        return;
    }
    terminal::warn(&format!(
        "copies of `{name}` are plain workbooks: titles, header, types, number formats, fonts, fills, borders, widths, merged titles, frozen panes and \
         the filter are kept; formulas (their last values stay), comments, links, validation, conditional formats, names, print set-up, charts and \
         pictures are not."
    ));
    if let Some(sheets) = names(others) {
        terminal::warn(&format!("not in the copies of `{name}` either: {sheets}"));
    }
}

/// Says which sheets go to everybody whole, where the rows of others are divided.
pub fn undivided(chosen: &Chosen) {
    let plain = |table: &Source| table.is_rebuilt() || table.converted.is_some();
    if chosen.tables.iter().any(plain) {
        return;
    }
    if let Some(sheets) = names(&chosen.others) {
        terminal::warn(&format!(
            "rows of {sheets} are not divided: what is there goes to everybody as it is."
        ));
    }
}

/// What copies leave out of a workbook of another kind.
fn unlike(what: &str, source: &Source, others: &[Source]) -> String {
    let sheets = names(others).map_or(String::new(), |sheets| {
        format!(", nor are its other sheets ({sheets})")
    });
    format!(
        "`{}` is {what}; its copies are .xlsx workbooks with titles, header, values, types, number formats and merged titles of {}, while formulas \
         (their last values stay), fonts, fills, borders, widths, panes, filters, hidden rows, comments, links, validation, conditional formats, \
         names, print set-up, charts, pictures and macros are not kept{sheets}.",
        source.name,
        match &source.sheet {
            Some(sheet) => format!("`{sheet}`"),
            None => "its table".to_string(),
        }
    )
}

/// The names of the sheets that are not the table.
fn names(others: &[Source]) -> Option<String> {
    let sheets = others.iter();
    let names: Vec<String> = sheets
        .filter_map(|s| Some(format!("`{}`", s.sheet.as_ref()?)))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
