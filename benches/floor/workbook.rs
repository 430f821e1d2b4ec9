//! A workbook as spreadsheet programs write them, and its parts that a copy changes.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use anyhow::{Context, Result};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use taggant::drill::registers::MATERNITY_COLUMNS;
use taggant::table::Table;
use zip::ZipArchive;

/// Parts of a package that have other bytes in every copy.
const CHANGED: [&str; 2] = ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"];
const DAYS: [&str; 4] = ["出生日期", "末次月经", "预产期", "建档日期"];
const NUMBERS: [&str; 7] = ["序号", "年龄", "孕周", "孕前体重", "身高", "孕次", "产次"];

/// Writes these columns of a register as numbers, days in a day's format, and shared strings.
pub fn write(register: &Table, columns: &[&str], to: &Path) -> Result<()> {
    let mut workbook = Workbook::new();
    // writes row by row, and unlike the one for constant memory shares strings
    let sheet = workbook.add_worksheet_with_low_memory()?;
    let day = Format::new().set_num_format("yyyy-mm-dd");
    for (at, name) in columns.iter().enumerate() {
        sheet.write_string(0, at as u16, *name)?;
    }
    let places: Vec<usize> = columns
        .iter()
        .filter_map(|name| MATERNITY_COLUMNS.iter().position(|n| n == name))
        .collect();
    for row in 0..register.rows() {
        let line = row as u32 + 1;
        for (at, place) in places.iter().enumerate() {
            let (column, name) = (at as u16, MATERNITY_COLUMNS[*place]);
            let text = register.cell(row, *place);
            if text.is_empty() {
                continue;
            }
            if DAYS.contains(&name) {
                let date = ExcelDateTime::parse_from_str(text)?;
                sheet.write_datetime_with_format(line, column, &date, &day)?;
            } else if NUMBERS.contains(&name) {
                sheet.write_number(line, column, text.parse::<f64>()?)?;
            } else {
                sheet.write_string(line, column, text)?;
            }
        }
    }
    Ok(workbook.save(to)?)
}

/// Puts the parts of a copy that changed into a folder, uncompressed.
pub fn extract_changed(copy: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to)?;
    let mut package = ZipArchive::new(File::open(copy)?)?;
    for (number, name) in CHANGED.iter().enumerate() {
        let part = package.by_name(name);
        let mut part = part.with_context(|| format!("the copy has no {name}"))?;
        let mut out = File::create(to.join(number.to_string()))?;
        io::copy(&mut part, &mut out)?;
    }
    Ok(())
}
