//! Suspect files that are text: delimited tables, JSON, web pages, lists pasted from a chat or read from a picture.
//!
//! Which of them a file is, is decided by what gives the more regular table; its name has no say.

mod characters;
mod delimited;
#[cfg(test)]
mod fuzz;
mod html;
mod json;
mod labels;
mod mojibake;
mod pasted;
mod records;
mod stacked;
#[cfg(test)]
mod tests;

use self::characters::Characters;
use super::found::Sheet;
use super::limits::Limits;
use super::{Cells, Contents, Refused};
use crate::error::{Error, Result};

/// Takes a text apart, whatever is in it.
///
/// # Errors
/// Bytes in no encoding known here, text without a cell, and what `limits` do not allow.
pub(super) fn read(name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Contents> {
    let Characters {
        text,
        encoding,
        mut notes,
    } = characters::decode(name, bytes, limits)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let (mut sheets, format) = sheets(name, text, limits, &mut notes)?;
    mojibake::repair(&mut sheets, limits, &mut notes);
    Contents::of(
        name,
        &format!("{format} ({encoding})"),
        sheets,
        notes,
        limits,
    )
}

/// The lists in a text, and what kind of text it is.
fn sheets(
    name: &str,
    text: &str,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<(Vec<Sheet>, &'static str)> {
    if html::is_page(text) {
        let tables = html::tables(name, text, limits)?;
        if tables.is_empty() {
            return Err(Error::input(format!(
                "`{name}` is a web page without a table. Save the table itself as .xlsx or CSV."
            )));
        }
        return Ok((
            tables.into_iter().map(Sheet::from).collect(),
            "a web page with tables",
        ));
    }
    if json::is_json(text) {
        return Ok((json::read(name, text, limits, notes)?, "JSON"));
    }
    let cut = delimited::Cut::of(text);
    // one labelled column does not make a list of labels
    if let Some(sheet) = labels::read(name, text, limits)?
        && !cut.is_wider_than(sheet.names.as_ref().map_or(0, Vec::len))
    {
        return Ok((vec![sheet], "text with labels"));
    }
    let (cells, format) = delimited_or_pasted(name, text, cut, limits)?;
    Ok((vec![cells.into()], format))
}

/// The reading that gives the more regular table.
fn delimited_or_pasted(
    name: &str,
    text: &str,
    cut: delimited::Cut,
    limits: &Limits,
) -> Result<(Cells, &'static str)> {
    if cut.regularity == 0.0
        && let Some(cells) = stacked::read(name, text, limits)?
    {
        return Ok((cells, "pasted text, a line for each cell"));
    }
    if !cut.is_regular()
        && let Some(way) = pasted::Way::of(text)
        && way.regularity() > cut.regularity
    {
        return Ok((way.read(name, text, limits)?, "pasted text"));
    }
    Ok((cut.read(name, text, limits)?, cut.words()))
}

/// A cell that was not taken, as an error; `row` from 0.
fn refused(name: &str, row: u32, limits: &Limits) -> impl FnOnce(Refused) -> Error {
    move |why| {
        Error::input(format!(
            "`{name}`, row {}, {}",
            u64::from(row) + 1,
            why.words(limits)
        ))
    }
}
