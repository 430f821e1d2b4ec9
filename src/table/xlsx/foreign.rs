//! Workbooks of other kinds, as sources whose copies are plain workbooks of this one.

use std::sync::Arc;

use super::grid::Grid;
use super::looks::Looks;
use super::{Dress, Palette};
use crate::error::{Error, Result};
use crate::table::books::Book;
use crate::table::{Limits, Source, State};

/// One source a sheet that holds anything, hidden ones too.
///
/// # Errors
/// A sheet that is larger than `limits` allow; a book of which nothing is filled.
pub(in crate::table) fn of_book(name: &str, book: Book, limits: &Limits) -> Result<Vec<Source>> {
    // readers count days from 1900 already
    let palette = Palette {
        dress: Arc::new(Dress::Numbers(book.formats)),
        late: false,
    };
    let mut found = Vec::new();
    for (cells, kinds) in book.sheets.into_iter().zip(book.looks) {
        let sheet = cells.sheet.clone().unwrap_or_default();
        let merged = cells.merged.iter();
        let looks = Looks {
            merged: merged
                .map(|area| [area.from.0, area.from.1, area.to.0, area.to.1])
                .collect(),
            ..Looks::default()
        };
        let grid = Grid::of(cells, kinds);
        let Some(mut source) = grid.into_source(name, &sheet, &palette, looks, limits)? else {
            continue;
        };
        source.converted = Some(book.format.clone());
        if let State::Xlsx(sheet) = &mut source.state {
            sheet.rebuild("");
        }
        found.push(source);
    }
    if found.is_empty() {
        return Err(Error::input(format!(
            "`{name}` is {} without a single filled cell. Give the one that holds the table.",
            book.format
        )));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use crate::table::books::NumberFormat;
    use crate::table::cells::Kind;
    use crate::table::xlsx::{Dress, Sheet};
    use crate::table::{Edits, Limits, Line, Source, State, from_bytes, rewrite};

    fn sheets(name: &str) -> Vec<Source> {
        let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
        from_bytes(name, std::fs::read(path).unwrap(), &Limits::default()).unwrap()
    }

    fn sheet(source: &Source) -> &Sheet {
        match &source.state {
            State::Xlsx(sheet) => sheet,
            State::Csv(_) => panic!("no workbook"),
        }
    }

    /// The number format of each of the table's cells that is a number: its own number where that is built in, else its code.
    fn codes(sheet: &Sheet) -> Vec<String> {
        let built_in = |id: u32| format!("#{id}");
        let all: Vec<String> = match &*sheet.dress {
            Dress::Plain => Vec::new(),
            Dress::Numbers(formats) => (formats.iter())
                .map(|format| match format {
                    NumberFormat::General => built_in(0),
                    NumberFormat::BuiltIn(id) => built_in((*id).into()),
                    NumberFormat::Code(code) => code.to_string(),
                })
                .collect(),
            Dress::Whole(styles) => (styles.iter())
                .map(|style| match &style.number_format {
                    None => built_in(0),
                    Some(format) => match format.format_id {
                        Some(id) if id < 164 => built_in(id),
                        _ => format.format_code.to_string(),
                    },
                })
                .collect(),
        };
        let cells = sheet.kinds.iter().zip(&sheet.styles);
        cells
            .map(|(kind, style)| match kind {
                Kind::Number | Kind::Date => all[usize::from(*style)].clone(),
                _ => String::new(),
            })
            .collect()
    }

    /// A workbook's styles are read only where copies are written from them.
    fn with_styles(mut source: Source) -> Source {
        source.rebuild();
        source
    }

    fn copied(source: &Source) -> Source {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let edits = Edits {
            lines: (0..source.table.rows() as u32).map(Line::Kept).collect(),
            ..Edits::default()
        };
        rewrite(source, &edits, &path).unwrap();
        let bytes = std::fs::read(path).unwrap();
        let mut all = from_bytes("copy.xlsx", bytes, &Limits::default()).unwrap();
        with_styles(all.remove(0))
    }

    #[test]
    fn copies_have_the_types_and_number_formats_of_the_source() {
        for name in [
            "tables/old.xls",
            "tables/calc.ods",
            "books/register.xls",
            "books/register.ods",
            "books/openpyxl.xls",
            "books/openpyxl.ods",
            "books/mac1904.xls",
            "books/biff5.xls",
            "books/biff2.xls",
            "books/made.xlsb",
            "books/xml2003.xls",
        ] {
            for source in sheets(name) {
                let again = copied(&source);
                let (ours, theirs) = (sheet(&source), sheet(&again));
                assert_eq!(theirs.kinds, ours.kinds, "{name}");
                assert_eq!(codes(theirs), codes(ours), "{name}");
                for (a, b) in ours.exact.iter().zip(&theirs.exact) {
                    assert_eq!(a.0, b.0, "{name}");
                    assert!((a.1 - b.1).abs() < 1e-9, "{name}");
                }
                assert_eq!(ours.exact.len(), theirs.exact.len(), "{name}");
            }
        }
    }

    #[test]
    fn a_conversion_has_the_types_and_number_formats_of_the_workbook() {
        let new = with_styles(sheets("books/register.xlsx").remove(0));
        let (new, width) = (sheet(&new), new.table.width());
        let code = |at: usize, text: &str| match (at % width, text) {
            // built in, and written out by some
            (8, "0.00%") => "#10".to_string(),
            (10, "h:mm" | "hh:mm") => "#20".to_string(),
            (11, "[h]:mm:ss" | "[hh]:mm:ss") => "#46".to_string(),
            // quoted and escaped each in its own way
            _ => text.replace(['"', '\\'], "").to_ascii_lowercase(),
        };
        for name in ["books/register.xls", "books/register.ods"] {
            let old = sheets(name).remove(0);
            let old = sheet(&old);
            let (ours, theirs) = (codes(old), codes(new));
            for at in (0..ours.len()).filter(|at| at % width < width - 1) {
                let place = format!("{name}, row {}, column {}", at / width, at % width);
                assert_eq!(old.kinds[at], new.kinds[at], "{place}");
                assert_eq!(code(at, &ours[at]), code(at, &theirs[at]), "{place}");
            }
            // parts of a second, which no text shows
            let exact = |sheet: &Sheet, at: usize| {
                let found = sheet.exact.iter().find(|(place, _)| *place as usize == at);
                found.map(|(_, serial)| *serial).unwrap()
            };
            for row in (0..80).step_by(5) {
                let at = row * width + 7;
                assert!(
                    (exact(old, at) - exact(new, at)).abs() < 1e-9,
                    "{name}, row {row}"
                );
            }
        }
    }
}
