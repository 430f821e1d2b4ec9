//! The floors: what this executable does when it runs itself, on one core, with nothing done to the content.

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use calamine::{DataRef, Reader, Xlsx};
use flate2::Compression;
use flate2::write::DeflateEncoder;

/// Reads and writes every record.
pub fn copy_csv(from: &Path, to: &Path) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(from)?;
    let mut writer = csv::Writer::from_path(to)?;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        writer.write_byte_record(&record)?;
    }
    Ok(writer.flush()?)
}

/// Reads every cell and writes it in constant memory, days as bare numbers.
pub fn copy_xlsx(from: &Path, to: &Path) -> Result<()> {
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(File::open(from)?))?;
    let name = book.sheet_names().first().cloned().context("no sheet")?;
    let mut cells = book.worksheet_cells_reader(&name)?;
    let mut copy = rust_xlsxwriter::Workbook::new();
    let sheet = copy.add_worksheet_with_constant_memory()?;
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        let column = u16::try_from(column)?;
        match cell.get_value() {
            DataRef::SharedString(text) => sheet.write_string(row, column, *text)?,
            DataRef::String(text) => sheet.write_string(row, column, text)?,
            DataRef::Float(number) => sheet.write_number(row, column, *number)?,
            DataRef::DateTime(day) => sheet.write_number(row, column, day.as_f64())?,
            DataRef::Empty => continue,
            other => bail!("the floor copies text and numbers, and here is {other:?}"),
        };
    }
    Ok(copy.save(to)?)
}

/// Compresses every file of a folder at the level that rust_xlsxwriter says in its files (the middle one), into one file.
pub fn compress_parts(from: &Path, to: &Path) -> Result<()> {
    let mut out = BufWriter::new(File::create(to)?);
    for part in fs::read_dir(from)? {
        let content = fs::read(part?.path())?;
        let mut encoder = DeflateEncoder::new(&mut out, Compression::default());
        encoder.write_all(&content)?;
        encoder.finish()?;
    }
    Ok(out.flush()?)
}
