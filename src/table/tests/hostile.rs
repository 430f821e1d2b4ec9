//! Files that attack the reader, or are not what their names say.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::*;

fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The workbook with one part altered (or added).
pub(super) fn with_part(book: &[u8], part: &str, alter: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let mut old = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut parts: Vec<(String, Vec<u8>)> = Vec::new();
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let name = entry.name().unwrap().to_string();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        parts.push((name, bytes));
    }
    if !parts.iter().any(|(name, _)| name == part) {
        parts.push((part.to_string(), Vec::new()));
    }
    for (name, bytes) in &mut parts {
        if name == part {
            *bytes = alter(bytes);
        }
    }
    let parts: Vec<(&str, &[u8])> = parts.iter().map(|(n, b)| (n.as_str(), &b[..])).collect();
    zip(&parts)
}

/// A workbook whose only sheet has this as its cells.
fn book(rows: &str) -> Vec<u8> {
    with_part(&fixture("pandas.xlsx"), "xl/worksheets/sheet1.xml", |_| {
        format!("<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>").into_bytes()
    })
}

fn refused(bytes: Vec<u8>) -> String {
    why(bytes, &Limits::default())
}

#[test]
fn foreign_files_are_named() {
    for (bytes, what) in [
        (&b"%PDF-1.7\n"[..], "a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0", "a PNG image"),
        (b"\xFF\xD8\xFF\xE0", "a JPEG image"),
        (b"<!DOCTYPE html><table>", "a web page"),
        (b"\xEF\xBB\xBF\r\n<html>", "a web page"),
        (b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\">", "an XML spreadsheet of 2003"),
        (b"{\\rtf1", "a rich text document"),
        (b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1\0", "old or password-protected workbook"),
        (b"\x09\x08\x08\x00\x00\x05", "a workbook of before 1997"),
        (b"", "is empty"),
        (b"\n \r\n,,\n", "only white space"),
        (b"id,name\n1,\0\n", "byte 11 is NUL"),
        (b"id,name\n1,\xE9t\xE9,\xFF\n", "neither UTF-8 (byte 11 is 0xE9) nor GB18030"),
        (b"\xFF\xFEa\0\0\xD8b\0", "UTF-16"),
    ] {
        let message = refused(bytes.to_vec());
        assert!(message.contains(what), "{message}");
        assert!(message.contains("`test`") && message.ends_with('.'), "{message}");
    }
    let message = refused(zip(&[("leak/a.csv", b"x"), ("b", b"y")]));
    assert!(
        message.contains("a zip archive, not a workbook"),
        "{message}"
    );
    assert!(
        refused(zip(&[
            ("[Content_Types].xml", b""),
            ("word/document.xml", b"")
        ]))
        .contains("Word")
    );
    assert!(refused(zip(&[("xl/workbook.bin", b"")])).contains(".xlsb"));
}

#[test]
fn broken_workbooks() {
    let whole = fixture("openpyxl.xlsx");
    assert!(refused(whole[..whole.len() / 2].to_vec()).contains("damaged or cut-off"));
    assert!(refused(zip(&[("[Content_Types].xml", b"<a/>"), ("xl/x", b"")])).contains("damaged"));
    assert!(
        refused(book(
            "<row r=\"1\"><c r=\"AAAAAAAAAAAAAAAAA1\"><v>1</v></c></row>"
        ))
        .contains("damaged")
    );
    assert!(
        refused(book(
            "<row><c r=\"B1\"><v>1</v></c><c r=\"B1\"><v>1</v></c></row>"
        ))
        .contains("twice in row 1")
    );
    assert!(
        refused(book(
            "<row r=\"2000000\"><c r=\"A2000000\"><v>1</v></c></row>"
        ))
        .contains("outside")
    );
    // an empty first sheet leaves the second
    assert_eq!(
        from_bytes("x", book(""), &Limits::default()).unwrap().len(),
        1
    );
}

#[test]
fn a_cell_far_away_takes_no_grid() {
    let far = book(
        "<row r=\"1\"><c r=\"A1\"><v>1</v></c></row><row r=\"1048576\"><c r=\"XFD1048576\"><v>1</v></c></row>",
    );
    assert!(far.len() < 20_000);
    let message = refused(far);
    assert!(
        message.contains("1048576 rows by 16384 columns"),
        "{message}"
    );
    // the same in text: one wide row and many short ones
    let limits = Limits {
        cells: 1_000_000,
        ..Limits::default()
    };
    let wide = format!("a{}\n{}1\n", ",b".repeat(2000), "\n".repeat(100_000));
    assert!(why(wide, &limits).contains("more than 1000000 cells"));
}

#[test]
fn lying_counts() {
    for count in ["4000000000", "99999999999999999999"] {
        let bytes = with_part(&fixture("openpyxl.xlsx"), "xl/sharedStrings.xml", |_| {
            format!("<?xml version=\"1.0\"?><sst uniqueCount=\"{count}\"><si><t>a</t></si></sst>")
                .into_bytes()
        });
        let message = refused(bytes);
        assert!(
            message.contains("more shared strings than fit"),
            "{message}"
        );
    }
    // under another spelling, which calamine would find too
    let bytes = with_part(&fixture("openpyxl.xlsx"), "XL\\SharedStrings.xml", |_| {
        b"<sst uniqueCount=\"4000000000\"></sst>".to_vec()
    });
    assert!(refused(bytes).contains("more shared strings than fit"));
}

#[test]
fn entities_are_not_expanded() {
    let bomb = with_part(
        &fixture("openpyxl.xlsx"),
        "xl/worksheets/sheet1.xml",
        |_| {
            let mut dtd = String::from("<!DOCTYPE x [<!ENTITY a0 \"aaaaaaaaaa\">");
            for n in 1..12 {
                dtd.push_str(&format!(
                    "<!ENTITY a{n} \"{}\">",
                    format!("&a{};", n - 1).repeat(10)
                ));
            }
            format!("{dtd}]><worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>&a11;</t></is></c></row></sheetData></worksheet>").into_bytes()
        },
    );
    assert!(refused(bomb).contains("damaged"));
}

#[test]
fn inflation_is_counted() {
    let white = with_part(
        &fixture("openpyxl.xlsx"),
        "xl/worksheets/sheet1.xml",
        |xml| [&b" ".repeat(50 << 20), xml].concat(),
    );
    assert!(white.len() < 200_000);
    let limits = Limits {
        inflated_bytes: 20 << 20,
        ..Limits::default()
    };
    assert!(why(white.clone(), &limits).contains("inflates to more than 20 MiB"));

    // the same with a directory that says the part is small
    let mut lying = white;
    let size = u32::try_from(50 << 20).unwrap();
    for at in 0..lying.len() - 28 {
        let central = lying[at..].starts_with(b"PK\x01\x02");
        let local = lying[at..].starts_with(b"PK\x03\x04");
        let field = at + if central { 24 } else { 22 };
        if (central || local)
            && u32::from_le_bytes(lying[field..field + 4].try_into().unwrap()) >= size
        {
            lying[field..field + 4].copy_from_slice(&1000u32.to_le_bytes());
        }
    }
    assert!(from_bytes("x", lying, &Limits::default()).is_err());

    let long = book(&format!(
        "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{}</t></is></c></row>",
        "a".repeat(2 << 20)
    ));
    assert!(refused(long).contains("row 1, column 1: the cell is longer than 1 MiB"));
    // more than 64 MiB in one piece is not even shown to the parser
    let longer = book(&format!(
        "<row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>{}</t></is></c></row>",
        "a".repeat(65 << 20)
    ));
    assert!(refused(longer).contains("a cell or a tag"));
}

#[test]
fn style_bombs() {
    let bomb = with_part(&fixture("openpyxl.xlsx"), "xl/styles.xml", |_| {
        let code = "0".repeat(1 << 20);
        let xfs = "<xf numFmtId=\"200\"/>".repeat(5000);
        format!("<styleSheet><numFmts><numFmt numFmtId=\"200\" formatCode=\"{code}\"/></numFmts><cellXfs>{xfs}</cellXfs></styleSheet>").into_bytes()
    });
    assert!(refused(bomb).contains("more styles"));
}

#[test]
fn text_is_limited_too() {
    let tight = Limits {
        columns: 10,
        cells: 50,
        cell_bytes: 20,
        ..Limits::default()
    };
    assert!(why("a,b\n1,\"this is more than twenty bytes\"\n", &tight).contains("row 2, column 2"));
    assert!(
        why(format!("a,b\n{}", ",".repeat(20)), &tight).contains("row 2, has more than 10 columns")
    );
    assert!(why("1,2\n".repeat(60), &tight).contains("more than 50 cells"));
}
