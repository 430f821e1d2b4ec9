//! Which table of a file is meant, and how copies of a workbook are made: options that several commands share.

use clap::Args;
use taggant::error::Result;
use taggant::issue::which::{self, Chosen};
use taggant::table::Source;

use super::terminal;

#[derive(Args, Debug, Default)]
pub struct Which {
    /// The sheet that holds the table [default: the one that looks like a register]
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Write copies of a workbook as plain workbooks with this one table, instead of the workbook itself with a few cells changed
    #[arg(long)]
    pub rebuild: bool,
}

impl Which {
    /// The table among a file's, ready for copies.
    pub fn table(&self, sources: Vec<Source>, name: &str) -> Result<Chosen> {
        let mut chosen = which::choose(sources, self.sheet.as_deref(), name)?;
        if self.rebuild {
            chosen.source.rebuild();
            lost(&chosen);
        }
        chosen.source.ready()?;
        Ok(chosen)
    }
}

/// Says what plain workbooks leave out.
fn lost(chosen: &Chosen) {
    let name = &chosen.source.name;
    if chosen.source.sheet.is_none() {
        return;
    }
    terminal::warn(&format!(
        "copies of `{name}` are plain workbooks: titles, header, types, number formats, fonts, fills, borders, widths, merged titles, frozen panes and \
         the filter are kept; formulas (their last values stay), comments, links, validation, conditional formats, names, print set-up, charts and \
         pictures are not."
    ));
    if !chosen.others.is_empty() {
        let sheets: Vec<String> = chosen
            .others
            .iter()
            .filter_map(|s| Some(format!("`{}`", s.sheet.as_ref()?)))
            .collect();
        terminal::warn(&format!(
            "not in the copies of `{name}` either: {}",
            sheets.join(", ")
        ));
    }
}
