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
    /// The table among a file's, ready for copies; says what these leave out.
    pub fn table(&self, sources: Vec<Source>, name: &str) -> Result<Chosen> {
        let mut chosen = which::choose(sources, self.sheet.as_deref(), name)?;
        if let Some(what) = &chosen.source.converted {
            terminal::warn(&unlike(what, &chosen));
        } else if self.rebuild {
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
    if let Some(sheets) = others(chosen) {
        terminal::warn(&format!("not in the copies of `{name}` either: {sheets}"));
    }
}

/// What copies leave out of a workbook of another kind.
fn unlike(what: &str, chosen: &Chosen) -> String {
    let sheets = others(chosen).map_or(String::new(), |sheets| {
        format!(", nor are its other sheets ({sheets})")
    });
    format!(
        "`{}` is {what}; its copies are .xlsx workbooks with titles, header, values, types, number formats and merged titles of {}, while formulas \
         (their last values stay), fonts, fills, borders, widths, panes, filters, hidden rows, comments, links, validation, conditional formats, \
         names, print set-up, charts, pictures and macros are not kept{sheets}.",
        chosen.source.name,
        match &chosen.source.sheet {
            Some(sheet) => format!("`{sheet}`"),
            None => "its table".to_string(),
        }
    )
}

/// The names of the sheets that are not the table.
fn others(chosen: &Chosen) -> Option<String> {
    let sheets = chosen.others.iter();
    let names: Vec<String> = sheets
        .filter_map(|s| Some(format!("`{}`", s.sheet.as_ref()?)))
        .collect();
    (!names.is_empty()).then(|| names.join(", "))
}
