//! Copies of workbooks, part by part against their source.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use rust_xlsxwriter::{Format as Style, Workbook};
use zip::ZipArchive;

use super::*;

/// Every part of a package, in its order.
pub(super) fn parts(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = ZipArchive::new(Cursor::new(bytes)).unwrap();
    (0..zip.len())
        .map(|at| {
            let mut entry = zip.by_index(at).unwrap();
            let mut part = Vec::new();
            entry.read_to_end(&mut part).unwrap();
            (entry.name().unwrap().to_string(), part)
        })
        .collect()
}

pub(super) fn sheets(bytes: &[u8]) -> Vec<Source> {
    from_bytes("book.xlsx", bytes.to_vec(), &Limits::default()).unwrap()
}

#[test]
fn a_copy_without_edits_has_the_same_parts() {
    for name in [
        "pandas.xlsx",
        "openpyxl.xlsx",
        "mac1904.xlsx",
        "libreoffice.xlsx",
    ] {
        let bytes = fixture(name);
        for source in sheets(&bytes) {
            let made = copy(&source, &keep_all(&source));
            let (made, parts) = (parts(&made), parts(&bytes));
            for ((copied, part), (name_there, there)) in made.iter().zip(&parts) {
                assert_eq!(copied, name_there);
                // where formulas cannot be told, or nothing was kept beside them, nothing is, and programs are asked to calculate
                let told = std::str::from_utf8(there).is_ok_and(|t| t.contains("</f>"));
                if !told && copied != "xl/workbook.xml" {
                    assert!(part == there, "{name}, {copied}");
                }
            }
            assert_eq!(made.len(), parts.len());
        }
    }
}

/// A register whose texts are shared strings, and a second sheet that shares some.
fn register() -> Vec<u8> {
    let mut book = Workbook::new();
    let grey = Style::new().set_background_color("D9D9D9");
    let sheet = book.add_worksheet();
    sheet
        .write_row(0, 0, ["编号", "姓名", "体重", "科室"])
        .unwrap();
    for row in 0..40u32 {
        let style = match row % 2 {
            0 => Style::new(),
            _ => grey.clone(),
        };
        let cells = [
            format!("N{row:03}"),
            format!("名{row}"),
            ["内科", "外科"][row as usize / 3 % 2].to_string(),
        ];
        for (column, text) in [0, 1, 3].iter().zip(&cells) {
            sheet
                .write_with_format(row + 1, *column, text, &style)
                .unwrap();
        }
        sheet
            .write_with_format(row + 1, 2, 40.0 + f64::from(row) / 10.0, &style)
            .unwrap();
    }
    let codes = book.add_worksheet();
    codes.set_name("代码").unwrap();
    codes
        .write_row(0, 0, ["外科", "名39", "only here"])
        .unwrap();
    book.save_to_buffer().unwrap()
}

/// The texts of the shared strings, in order.
fn strings(bytes: &[u8]) -> Vec<String> {
    let part = parts(bytes)
        .into_iter()
        .find(|(name, _)| name.ends_with("sharedStrings.xml"));
    let text = String::from_utf8(part.unwrap().1).unwrap();
    let texts = text.split("<t>").skip(1);
    texts
        .map(|t| t.split('<').next().unwrap().to_string())
        .collect()
}

fn edited(source: &Source) -> Edits<'static> {
    let mut edits = keep_all(source);
    edits.lines.insert(7, Line::Inserted(0));
    edits.lines.swap(20, 21);
    edits.lines.push(Line::Inserted(1));
    edits.replaced = vec![put(3, 2, "41.7"), put(10, 1, "新名"), put(12, 3, "儿科")];
    edits.inserted = vec![
        ["N500", "生人", "50.1", "内科"].map(String::from).to_vec(),
        ["N501", "名3", "50.2", ""].map(String::from).to_vec(),
    ];
    edits
}

#[test]
fn strings_stand_in_the_order_of_their_first_use() {
    let bytes = register();
    let source = &sheets(&bytes)[0];
    let made = copy(source, &edited(source));
    let again = sheets(&made);
    let mut met = Vec::new();
    let mut meet = |text: &str| {
        if !text.is_empty() && !met.iter().any(|m| m == text) {
            met.push(text.to_string());
        }
    };
    for name in again[0].table.header() {
        meet(name);
    }
    for row in 0..again[0].table.rows() {
        for column in [0, 1, 3] {
            meet(again[0].table.cell(row, column));
        }
    }
    again[1].table.row(0).for_each(&mut meet);
    again[1].table.header().iter().for_each(|h| meet(h));
    assert_eq!(strings(&made), met);
    assert!(
        !met.contains(&"名10".to_string()),
        "what nobody uses is gone"
    );
    assert_eq!(again[1].table, sheets(&bytes)[1].table);
}

#[test]
fn cells_are_where_the_edits_say_and_like_their_neighbours() {
    let bytes = register();
    let source = &sheets(&bytes)[0];
    let made = copy(source, &edited(source));
    let again = &sheets(&made)[0].table;
    assert_eq!(again.rows(), 42);
    let row = |at: usize| again.row(at).collect::<Vec<_>>();
    assert_eq!(row(3), ["N003", "名3", "41.7", "外科"]);
    assert_eq!(row(7), ["N500", "生人", "50.1", "内科"]);
    assert_eq!(row(11), ["N010", "新名", "41", "外科"]);
    assert_eq!(row(41), ["N501", "名3", "50.2", ""]);
    assert_eq!(row(20)[0], "N020", "two rows changed places");
    let xml = parts(&made)
        .into_iter()
        .find(|(n, _)| n.ends_with("sheet1.xml"))
        .unwrap()
        .1;
    let xml = String::from_utf8(xml).unwrap();
    let mut styles: BTreeMap<usize, Vec<&str>> = BTreeMap::new();
    for (at, row) in xml.split("<row ").skip(2).enumerate() {
        let cells = row.split("<c ").skip(1);
        styles.insert(
            at,
            cells
                .map(|c| {
                    if c.contains(" s=\"1\"") {
                        "grey"
                    } else {
                        "white"
                    }
                })
                .collect(),
        );
    }
    for (at, styles) in styles {
        let expected = ["white", "grey"][at % 2];
        assert!(
            styles.iter().all(|s| *s == expected),
            "row {at}: {styles:?}"
        );
    }
}

/// The register with these rows behind its own, as LibreOffice puts down the last rows of a sheet.
fn with_last_rows(rows: &str) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, part) in parts(&register()) {
        let text = String::from_utf8(part).unwrap();
        let text = match name.as_str() {
            "xl/worksheets/sheet1.xml" => {
                text.replace("</sheetData>", &format!("{rows}</sheetData>"))
            }
            _ => text,
        };
        out.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        std::io::Write::write_all(&mut out, text.as_bytes()).unwrap();
    }
    out.finish().unwrap().into_inner()
}

#[test]
fn no_row_is_pushed_beyond_the_sheets_last() {
    let blank =
        "<row r=\"1048574\"/><row r=\"1048575\"><c r=\"A1048575\"/></row><row r=\"1048576\"/>";
    let source = &sheets(&with_last_rows(blank))[0];
    assert_eq!(source.table.rows(), 40);
    let made = copy(source, &edited(source));
    let all = parts(&made);
    let sheet = all
        .iter()
        .find(|(name, _)| name == "xl/worksheets/sheet1.xml");
    let sheet = String::from_utf8_lossy(&sheet.unwrap().1);
    assert!(
        sheet.contains("<row r=\"1048576\"/></sheetData>"),
        "{sheet}"
    );
    assert!(!sheet.contains("\"1048577\""), "{sheet}");

    let remark = "<row r=\"1048576\"><c r=\"B1048576\" t=\"str\"><v>x</v></c></row>";
    let source = &sheets(&with_last_rows(remark))[0];
    let folder = tempfile::tempdir().unwrap();
    let why = rewrite(source, &edited(source), &folder.path().join("copy")).unwrap_err();
    let why = why.to_string();
    assert!(why.contains("sheet `Sheet1` has no room for"), "{why}");
}

#[test]
fn blank_rows_beside_an_edge_have_no_looks_to_lend() {
    let mut book = Workbook::new();
    let bold = Style::new().set_bold();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["编号", "数量"]).unwrap();
    for row in (1..8).chain([10]) {
        let style = if row == 10 { &bold } else { &Style::new() };
        sheet
            .write_with_format(row, 0, format!("N{row}"), style)
            .unwrap();
        sheet.write_with_format(row, 1, row, style).unwrap();
    }
    let source = &sheets(&book.save_to_buffer().unwrap())[0];
    assert_eq!(source.table.rows(), 10);
    let mut edits = keep_all(source);
    edits.lines.push(Line::Inserted(0));
    edits.inserted = vec![["N11", "11"].map(String::from).to_vec()];
    let again = sheets(&copy(source, &edits));
    assert_eq!(again[0].table.row(9).collect::<Vec<_>>(), ["N10", "10"]);
    assert_eq!(again[0].table.row(10).collect::<Vec<_>>(), ["N11", "11"]);
}
