//! A file taken apart, and the way from a path to it and back.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use super::books;
use super::csv::{self, CsvFile};
use super::limits::in_words;
use super::sniff::{self, Content};
use super::xlsx::{self, Sheet};
use super::{Edits, Limits, Table};
use crate::error::{Error, Result};

/// The formats that can be read and written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Delimited text, whatever the delimiter.
    Csv,
    /// A workbook of Excel 2007 and later.
    Xlsx,
}

impl Format {
    /// How a copy's name ends, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Csv => "csv",
            Format::Xlsx => "xlsx",
        }
    }
}

/// One table of a file, and what it takes to write the file again.
#[derive(Clone, Debug)]
pub struct Source {
    /// The cells as text, without titles and header; rows that are blank to the file's end are left out.
    pub table: Table,
    /// The file's name, for messages.
    pub name: String,
    /// The sheet's name, in a workbook.
    pub sheet: Option<String>,
    /// What the file turned out to be.
    pub format: Format,
    /// The file's number of the table's first row, from 1.
    pub first_data_row: usize,
    /// The first row whose number of cells is not the header's: its number in the file, from 1, and the cells found.
    /// Blank lines do not count, nor in a workbook do cells left out.
    pub irregular: Option<(usize, usize)>,
    /// What the file was, as people call it, where copies cannot be of that format: they are workbooks that hold this table's
    /// values and number formats, and nothing else.
    pub converted: Option<String>,
    pub(super) state: State,
}

#[derive(Clone, Debug)]
pub(super) enum State {
    Csv(Box<CsvFile>),
    Xlsx(Box<Sheet>),
}

/// Opens a file: one source for a CSV, one a sheet that holds anything (hidden ones too) for a workbook.
///
/// # Errors
/// A directory, a file that cannot be read, is larger than `limits` allow, or holds no table; see [`from_bytes`].
pub fn open(path: &Path, limits: &Limits) -> Result<Vec<Source>> {
    let (name, bytes) = load(path, limits)?;
    from_bytes(&name, bytes, limits)
}

/// A file's name and content, for who needs the bytes as well as the table.
///
/// # Errors
/// A directory, a file that cannot be read or is larger than `limits` allow.
pub fn load(path: &Path, limits: &Limits) -> Result<(String, Vec<u8>)> {
    let name = path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    );
    let read = || Error::io("read", path);
    let file = File::open(path).map_err(read())?;
    let about = file.metadata().map_err(read())?;
    if about.is_dir() {
        return Err(Error::input(format!(
            "`{}` is a folder. Give the file that holds the table.",
            path.display()
        )));
    }
    if about.len() > limits.file_cap() {
        return Err(too_large(&path.display().to_string(), limits));
    }
    let mut bytes = Vec::with_capacity(about.len() as usize + 1);
    // pipes and devices tell no size, and files grow
    file.take(limits.file_cap() + 1)
        .read_to_end(&mut bytes)
        .map_err(read())?;
    Ok((name, bytes))
}

/// Opens a file's content; `name` is for messages only.
///
/// # Errors
/// Content that is empty, foreign, damaged, locked, in no known encoding or larger than `limits` allow: one sentence on what it
/// is and one on what to do.
pub fn from_bytes(name: &str, bytes: Vec<u8>, limits: &Limits) -> Result<Vec<Source>> {
    if bytes.len() as u64 > limits.file_cap() {
        return Err(too_large(name, limits));
    }
    match sniff::content(name, &bytes)? {
        Content::Text => Ok(vec![csv::read(name, bytes, limits)?]),
        Content::Workbook => xlsx::read(name, bytes, limits),
        content @ (Content::BinaryWorkbook
        | Content::OpenDocument
        | Content::Compound
        | Content::BareBiff
        | Content::Xml2003) => {
            let book = books::read_whole(name, content, bytes, limits)?;
            xlsx::of_book(name, book, limits)
        }
        Content::Archive => Err(Error::input(format!(
            "`{name}` is a zip archive, not a workbook. Unpack it and give the file that holds the table."
        ))),
        Content::WebPage => Err(Error::input(format!(
            "`{name}` is a web page, which can be traced and not issued. Open it and save it as .xlsx or CSV."
        ))),
    }
}

impl Source {
    /// Learns once what every copy needs. Without this the first copy does.
    ///
    /// # Errors
    /// A workbook that cannot be written again part by part: what stands in the way, and what to do.
    pub fn ready(&self) -> Result<()> {
        match &self.state {
            State::Csv(_) => Ok(()),
            State::Xlsx(sheet) => xlsx::ready(self, sheet),
        }
    }

    /// How a copy's name ends, without the dot: a workbook that is its own package again keeps what it is called, since a program
    /// takes one with macros under another ending for damaged.
    pub fn extension(&self) -> &'static str {
        match &self.state {
            State::Xlsx(sheet) if !sheet.is_rebuilt() => ["xlsm", "xltx", "xltm"]
                .into_iter()
                .find(|end| self.name.to_ascii_lowercase().ends_with(&format!(".{end}")))
                .unwrap_or(self.format.extension()),
            _ => self.format.extension(),
        }
    }

    /// Columns of the table with a formula in them, as far as copies keep formulas: what they say is worked out, not written.
    pub fn computed(&self) -> Vec<usize> {
        match &self.state {
            State::Csv(_) => Vec::new(),
            State::Xlsx(sheet) => sheet.computed(),
        }
    }

    /// Whether something in the workbook is about a run of the table's rows, which therefore must keep their order.
    pub fn pins_order(&self) -> bool {
        match &self.state {
            State::Csv(_) => false,
            State::Xlsx(sheet) => sheet.pins_order(),
        }
    }

    /// Whether copies are plain workbooks that hold this table alone.
    pub fn is_rebuilt(&self) -> bool {
        match &self.state {
            State::Csv(_) => false,
            State::Xlsx(sheet) => sheet.is_rebuilt(),
        }
    }

    /// Makes copies plain workbooks that hold this table alone, instead of the source's own package with a few bytes changed.
    pub fn rebuild(&mut self) {
        if let State::Xlsx(sheet) = &mut self.state {
            sheet.rebuild(self.sheet.as_deref().unwrap_or_default());
        }
    }
}

/// Writes the copy of `source` that `edits` make to `path`, over what is there.
///
/// A CSV keeps delimiter, encoding, BOM, quoting and line ends, and every byte of rows without edits. A workbook is its own
/// package again, in which what the edits ask for is spliced in and every other part is as it was; after [`Source::rebuild`] it
/// is a plain one with the sheet's name, titles, header, the types of cells, number formats, fonts, fills, borders, widths,
/// merged titles, frozen panes and the filter. What was a workbook of another kind becomes a plain one, too, with the types of
/// cells, number formats and merged titles.
///
/// # Errors
/// A path that cannot be written, a text that the encoding or a workbook's cell cannot hold, edits of another table, what cannot
/// follow its rows.
pub fn rewrite(source: &Source, edits: &Edits<'_>, path: &Path) -> Result<()> {
    match &source.state {
        State::Csv(file) => csv::rewrite(source, file, edits, path),
        State::Xlsx(sheet) => xlsx::rewrite(source, sheet, edits, path),
    }
}

/// Writes the copy that edits of some of one file's tables make, as [`rewrite`] does for one of them.
///
/// # Errors
/// As `rewrite`; several tables of a file whose copies are not its own package again.
pub fn rewrite_all(edits: &[(&Source, &Edits<'_>)], path: &Path) -> Result<()> {
    let Some(((first, first_edits), others)) = edits.split_first() else {
        return Ok(());
    };
    rewrite(first, first_edits, path)?;
    for (source, edits) in others {
        match &source.state {
            State::Xlsx(sheet) => xlsx::rewrite_upon(source, sheet, edits, path)?,
            State::Csv(_) => return Err(several(source)),
        }
    }
    Ok(())
}

/// What to say where only one table of a file can get marks.
pub(super) fn several(source: &Source) -> Error {
    Error::input(format!(
        "copies of `{}` hold one table only. Name its sheet with `--sheet`, once.",
        source.name
    ))
}

pub(super) fn too_large(name: &str, limits: &Limits) -> Error {
    Error::input(format!(
        "`{name}` is larger than {}. Split it, or leave out what is not the table.",
        in_words(limits.file_cap())
    ))
}

impl Edits<'_> {
    /// Where each row's replaced cells begin, and behind the last where they end.
    pub(super) fn first_of_rows(&self, rows: usize) -> Vec<u32> {
        let mut first = Vec::with_capacity(rows + 1);
        for (at, replaced) in self.replaced.iter().enumerate() {
            while first.len() <= replaced.row as usize && first.len() <= rows {
                first.push(at as u32);
            }
        }
        first.resize(rows + 1, self.replaced.len() as u32);
        first
    }
}
