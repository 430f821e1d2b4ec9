//! Tables as the files that a leaker hands on.

use encoding_rs::{EncoderResult, GBK};
use rust_xlsxwriter::{Workbook, XlsxError};

use crate::error::{Error, Result};
use crate::table::Table;

/// How the bytes of a CSV mean text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// UTF-8 after a byte order mark.
    Utf8Bom,
    /// GBK, as spreadsheets on Chinese Windows save it; what it cannot say becomes a question mark.
    Gbk,
}

/// The table as comma-separated text: its header if it has one, lines ended as Windows ends them, quotes only where needed.
pub fn to_csv_bytes(table: &Table, encoding: Encoding) -> Vec<u8> {
    let mut text = String::new();
    if encoding == Encoding::Utf8Bom {
        text.push('\u{feff}');
    }
    if !table.header().is_empty() {
        let names = table.header().iter().map(String::as_str);
        // A header may be narrower than the table; the names that it lacks are blank.
        let blanks = std::iter::repeat_n("", table.width() - table.header().len());
        write_line(&mut text, names.chain(blanks));
    }
    for row in 0..table.rows() {
        write_line(&mut text, table.row(row));
    }
    match encoding {
        Encoding::Utf8 | Encoding::Utf8Bom => text.into_bytes(),
        Encoding::Gbk => to_gbk(&text),
    }
}

fn write_line<'a>(text: &mut String, cells: impl Iterator<Item = &'a str>) {
    let start = text.len();
    for (column, cell) in cells.enumerate() {
        if column > 0 {
            text.push(',');
        }
        if cell.contains([',', '"', '\r', '\n']) {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }
    if text.len() == start {
        // One blank cell; a line with nothing on it would be no row.
        text.push_str("\"\"");
    }
    text.push_str("\r\n");
}

fn to_gbk(text: &str) -> Vec<u8> {
    let mut encoder = GBK.new_encoder();
    // A character takes at most two bytes and at least one byte of UTF-8; a question mark fits where a character did not.
    let mut bytes = Vec::with_capacity(text.len() * 2 + 16);
    let mut rest = text;
    loop {
        let (result, read) =
            encoder.encode_from_utf8_to_vec_without_replacement(rest, &mut bytes, true);
        rest = rest.get(read..).unwrap_or("");
        match result {
            EncoderResult::InputEmpty => return bytes,
            EncoderResult::OutputFull => bytes.reserve(rest.len() * 2 + 16),
            EncoderResult::Unmappable(_) => bytes.push(b'?'),
        }
    }
}

/// The table as a workbook with one sheet of text cells: its header if it has one, then the rows; blank cells are left out.
///
/// # Errors
/// When the table has more rows or columns, or longer cells, than a sheet can hold.
pub fn to_xlsx_bytes(table: &Table) -> Result<Vec<u8>> {
    write_xlsx(table).map_err(|e| {
        Error::input(format!(
            "the table does not fit a workbook ({e}). Write it as CSV, or take fewer rows."
        ))
    })
}

fn write_xlsx(table: &Table) -> std::result::Result<Vec<u8>, XlsxError> {
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet();
    let header = table.header().iter().map(String::as_str);
    let first = u32::from(!table.header().is_empty());
    let lines = header.enumerate().map(|(column, name)| (0, column, name));
    let rows = (0..table.rows()).flat_map(|row| {
        let line = u32::try_from(row).unwrap_or(u32::MAX).saturating_add(first);
        let cells = table.row(row).enumerate();
        cells.map(move |(column, cell)| (line, column, cell))
    });
    for (line, column, text) in lines.chain(rows) {
        if !text.is_empty() {
            sheet.write_string(line, u16::try_from(column).unwrap_or(u16::MAX), text)?;
        }
    }
    workbook.save_to_buffer()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::leaks::{keep_columns, remove_header};
    use crate::drill::registers::{Maternity, patients};
    use calamine::{Reader, Xlsx};

    fn small() -> Table {
        let mut table = Table::new(vec!["a".into(), "b".into()], 2);
        table.push(["x,y", "say \"no\""]);
        table.push(["", "two\nlines"]);
        table.push(["王𠮷", "€"]);
        table
    }

    #[test]
    fn cells_are_quoted_where_needed_only() {
        let bytes = to_csv_bytes(&small(), Encoding::Utf8);
        let expected = "a,b\r\n\"x,y\",\"say \"\"no\"\"\"\r\n,\"two\nlines\"\r\n王𠮷,€\r\n";
        assert_eq!(String::from_utf8(bytes).unwrap(), expected);
        let bom = to_csv_bytes(&remove_header(&small()), Encoding::Utf8Bom);
        assert!(bom.starts_with(b"\xef\xbb\xbf\"x,y\""));
        let mut narrow = Table::new(vec!["a".into()], 1);
        narrow.push([""]);
        assert_eq!(to_csv_bytes(&narrow, Encoding::Utf8), b"a\r\n\"\"\r\n");
    }

    #[test]
    fn gbk_says_what_it_can() {
        let bytes = to_csv_bytes(&small(), Encoding::Gbk);
        let (text, _, broken) = GBK.decode(&bytes);
        assert!(!broken && text.ends_with("王?,€\r\n"), "{text}");
        let table = Maternity { rows: 500, seed: 2 }.month(0);
        let bytes = to_csv_bytes(&table, Encoding::Gbk);
        let (text, _, broken) = GBK.decode(&bytes);
        assert!(!broken && text.as_bytes() == to_csv_bytes(&table, Encoding::Utf8));
        assert!(std::str::from_utf8(&bytes).is_err());
    }

    #[test]
    fn a_workbook_reads_back_cell_by_cell() {
        for table in [
            patients(50, 1),
            remove_header(&patients(50, 1)),
            keep_columns(
                &Maternity { rows: 30, seed: 1 }.month(0),
                &["姓名", "手机号"],
            )
            .unwrap(),
        ] {
            let bytes = to_xlsx_bytes(&table).unwrap();
            let mut book: Xlsx<_> = Xlsx::new(std::io::Cursor::new(bytes)).unwrap();
            let range = book.worksheet_range("Sheet1").unwrap();
            let above = usize::from(!table.header().is_empty());
            assert_eq!(range.height(), table.rows() + above);
            for row in 0..table.rows() {
                for column in 0..table.width() {
                    let cell = range.get((row + above, column)).unwrap();
                    assert_eq!(cell.to_string(), table.cell(row, column));
                }
            }
        }
    }

    #[test]
    fn a_cell_too_long_for_a_sheet_is_refused() {
        let mut table = Table::new(Vec::new(), 1);
        table.push(["x".repeat(40_000).as_str()]);
        let error = to_xlsx_bytes(&table).unwrap_err().to_string();
        assert!(error.contains("CSV"), "{error}");
    }
}
