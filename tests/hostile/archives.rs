//! Zip archives that lie, and the XML in them.

use std::io::{Cursor, Read, Write};

use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{Hostile, fixture, odd, refused};

/// An archive of these parts.
pub fn zip(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// The archive with one part replaced, or added.
pub fn with(book: &[u8], part: &str, content: &[u8]) -> Vec<u8> {
    let mut old = ZipArchive::new(Cursor::new(book)).unwrap();
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let name = entry.name().unwrap().to_string();
        if name == part {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        new.start_file(name, SimpleFileOptions::default()).unwrap();
        new.write_all(&bytes).unwrap();
    }
    new.start_file(part, SimpleFileOptions::default()).unwrap();
    new.write_all(content).unwrap();
    new.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";

/// A workbook of one sheet with these rows.
pub fn sheet(rows: &str) -> Vec<u8> {
    let xml = format!(
        "<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData>{rows}</sheetData></worksheet>"
    );
    with(&one_sheet(), SHEET, xml.as_bytes())
}

/// A workbook whose other sheet is empty.
pub fn one_sheet() -> Vec<u8> {
    let empty = b"<worksheet xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"><sheetData/></worksheet>";
    with(
        &fixture("tables/pandas.xlsx"),
        "xl/worksheets/sheet2.xml",
        empty,
    )
}

/// An OpenDocument spreadsheet with this as its tables.
pub fn open_document(tables: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content xmlns:office=\"o\" xmlns:table=\"t\" xmlns:text=\"x\"><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"
    );
    let kind = b"application/vnd.oasis.opendocument.spreadsheet";
    zip(&[("mimetype", kind), ("content.xml", content.as_bytes())])
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes
        .windows(needle.len())
        .rposition(|w| w == needle)
        .unwrap()
}

pub fn files() -> Vec<Hostile> {
    let whole = one_sheet();
    let mut files = Vec::new();
    for part in 1..12 {
        let cut = whole.len() * part / 12;
        files.push(refused(
            &format!("cut-{part}.xlsx"),
            whole[..cut].to_vec(),
            &["cut-off"],
        ));
    }
    let end = find(&whole, b"PK\x05\x06");
    let central = find(&whole, b"xl/workbook.xml") - 46;

    let mut bytes = whole.clone();
    put(&mut bytes, end + 16, &[0xFF; 4]);
    files.push(refused(
        "directory-behind-the-end.xlsx",
        bytes,
        &["cut-off"],
    ));
    let mut bytes = whole.clone();
    put(&mut bytes, end + 8, &[0xFF; 4]);
    files.push(odd("directory-of-65535.xlsx", bytes));
    let mut bytes = whole.clone();
    put(&mut bytes, end + 16, &[0; 4]);
    files.push(odd("directory-at-zero.xlsx", bytes));
    let mut bytes = whole.clone();
    put(&mut bytes, central + 42, &[0xFE, 0xFF, 0xFF, 0x7F]);
    files.push(refused("part-behind-the-end.xlsx", bytes, &["damaged"]));
    let mut bytes = whole.clone();
    put(&mut bytes, central + 42, &(central as u32).to_le_bytes());
    files.push(refused("part-in-the-directory.xlsx", bytes, &["damaged"]));
    let mut bytes = whole.clone();
    put(&mut bytes, central + 10, &[99, 0]);
    files.push(refused("method-nobody-knows.xlsx", bytes, &["damaged"]));
    let mut bytes = whole.clone();
    put(&mut bytes, central + 8, &[1, 0]);
    files.push(odd("part-locked.xlsx", bytes));
    let mut bytes = whole.clone();
    let inside = find(&whole[..central], b"xl/workbook.xml") + 15;
    put(&mut bytes, inside, &[0xA5; 40]);
    files.push(refused("deflate-broken.xlsx", bytes, &["damaged"]));

    // a directory of 2^40 parts in 5 KB
    let counts = [1u64 << 40, 1 << 40, 100, 0];
    let mut bytes = b"PK\x03\x04PK\x06\x06".to_vec();
    bytes.extend(44u64.to_le_bytes());
    bytes.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(counts.iter().flat_map(|n| n.to_le_bytes()));
    bytes.extend(b"PK\x06\x07\0\0\0\0\x04\0\0\0\0\0\0\0\x01\0\0\0");
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    bytes.extend([0xFF; 12]);
    bytes.extend([0, 0]);
    files.push(refused("directory-of-2-to-the-40.zip", bytes, &["cut-off"]));

    // every part at the place of one: they overlap
    let mut bytes = whole.clone();
    let first = bytes[central + 42..central + 46].to_vec();
    let mut at = find(&whole[..end], b"PK\x01\x02");
    loop {
        put(&mut bytes, at + 42, &first);
        match bytes[..at].windows(4).rposition(|w| w == b"PK\x01\x02") {
            Some(before) => at = before,
            None => break,
        }
    }
    files.push(refused("parts-overlap.xlsx", bytes, &[]));

    files.push(refused(
        "no-workbook.xlsx",
        zip(&[("[Content_Types].xml", b"<a/>"), ("xl/a", b"")]),
        &["no workbook part"],
    ));
    files.push(refused(
        "empty.zip",
        b"PK\x05\x06".iter().copied().chain([0; 18]).collect(),
        &["empty zip"],
    ));
    let related = "<Relationships><Relationship Id=\"rId1\" Type=\"x/worksheet\" Target=\"../../../../etc/passwd\"/></Relationships>";
    files.push(refused(
        "sheets-lead-outside.xlsx",
        with(&whole, "xl/_rels/workbook.xml.rels", related.as_bytes()),
        &["its part is missing"],
    ));
    let listed = format!(
        "<workbook><sheets>{}</sheets></workbook>",
        "<sheet name=\"a\" id=\"rId1\"/>".repeat(200_000)
    );
    files.push(odd(
        "sheets-200000.xlsx",
        with(&whole, "xl/workbook.xml", listed.as_bytes()),
    ));

    let cell = |at: &str| format!("<row><c r=\"{at}\"><v>1</v></c></row>");
    for (name, at) in [
        ("address-long.xlsx", "AAAAAAAAAAAAAAAAA1"),
        ("address-none.xlsx", "1"),
        ("address-zero.xlsx", "A0"),
        ("address-row.xlsx", "A9999999"),
        ("address-column.xlsx", "ZZZ1"),
        ("address-full-width.xlsx", "Ａ１"),
    ] {
        files.push(refused(name, sheet(&cell(at)), &["a cell"]));
    }
    files.push(refused(
        "row-number.xlsx",
        sheet("<row r=\"18446744073709551615\"><c><v>1</v></c></row>"),
        &["a row has no possible number"],
    ));
    files.push(odd(
        "corners.xlsx",
        sheet(&(cell("A1") + &cell("XFD1048576"))),
    ));
    files.push(odd(
        "backwards.xlsx",
        sheet(&(cell("B9") + &cell("A9") + &cell("A1"))),
    ));
    files.push(refused(
        "string-not-there.xlsx",
        sheet("<row><c t=\"s\"><v>4000000000</v></c></row>"),
        &["shared string that is not there"],
    ));
    files.push(odd(
        "string-below-zero.xlsx",
        sheet("<row><c><v>1</v></c><c t=\"s\"><v>-1</v></c></row>"),
    ));
    let strings =
        |count: &str| format!("<sst uniqueCount=\"{count}\"><si><t>a</t></si></sst>").into_bytes();
    for count in ["4000000000", "18446744073709551616", "-1"] {
        let bytes = with(
            &fixture("tables/libreoffice.xlsx"),
            "xl/sharedStrings.xml",
            &strings(count),
        );
        files.push(refused(
            &format!("unique-count-{count}.xlsx"),
            bytes,
            &["more shared strings than fit"],
        ));
    }
    files.push(refused(
        "nulls.xlsx",
        with(&whole, SHEET, &[0; 100_000]),
        &["damaged"],
    ));
    files.push(refused(
        "broken-utf8.xlsx",
        with(&whole, SHEET, b"<worksheet><sheetData><row><c t=\"str\"><v>\xFF\xFE\xC0</v></c></row></sheetData></worksheet>"),
        &["damaged"],
    ));
    files.push(refused(
        "deep.xlsx",
        with(&whole, SHEET, "<a>".repeat(1_000_000).as_bytes()),
        &["nested too deep"],
    ));
    files.push(refused(
        "attributes.xlsx",
        with(
            &whole,
            SHEET,
            format!("<worksheet{}>", " a=\"1\"".repeat(2_000_000)).as_bytes(),
        ),
        &["damaged"],
    ));
    files.push(refused(
        "tag-unclosed.xlsx",
        with(&whole, SHEET, b"<worksheet><sheetData><row"),
        &["damaged"],
    ));
    files.push(refused(
        "comment-unclosed.xlsx",
        with(&whole, SHEET, b"<worksheet><!-- <sheetData>"),
        &["damaged"],
    ));
    files.push(refused(
        "no-worksheet.xlsx",
        with(&whole, SHEET, b"<chart/>"),
        &["no worksheet"],
    ));
    let mut bomb = String::from("<!DOCTYPE x [<!ENTITY a0 \"aaaaaaaaaa\">");
    for n in 1..12 {
        bomb.push_str(&format!(
            "<!ENTITY a{n} \"{}\">",
            format!("&a{};", n - 1).repeat(10)
        ));
    }
    bomb.push_str("]><worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"inlineStr\"><is><t>&a11;</t></is></c></row></sheetData></worksheet>");
    files.push(refused(
        "entities.xlsx",
        with(&whole, SHEET, bomb.as_bytes()),
        &["entity of its own making"],
    ));
    files.push(odd(
        "styles-deep.xlsx",
        with(&whole, "xl/styles.xml", "<xf>".repeat(1_000_000).as_bytes()),
    ));
    files.push(refused(
        "cell-long.xlsx",
        sheet(&format!(
            "<row><c t=\"str\"><v>{}</v></c></row>",
            "a".repeat(2 << 20)
        )),
        &["a cell that is longer"],
    ));

    // OpenDocument
    let full = "<table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"16384\"><text:p>王</text:p></table:table-cell>";
    files.push(refused(
        "repeats.ods",
        open_document(&format!("<table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"1048576\">{full}</table:table-row></table:table>")),
        &["repeats filled cells"],
    ));
    files.push(refused(
        "repeats-beyond-counting.ods",
        open_document("<table:table table:name=\"a\"><table:table-row table:number-rows-repeated=\"18446744073709551615\"><table:table-cell table:number-columns-repeated=\"18446744073709551615\"/></table:table-row><table:table-row><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row></table:table>"),
        &["outside of what a sheet can hold"],
    ));
    files.push(odd(
        "spaces.ods",
        open_document("<table:table table:name=\"a\"><table:table-row><table:table-cell><text:p>a<text:s text:c=\"4000000000\"/>b</text:p></table:table-cell></table:table-row></table:table>"),
    ));
    files.push(refused(
        "tables-deep.ods",
        open_document(&"<table:table><table:table-row><table:table-cell>".repeat(100_000)),
        &["nested too deep"],
    ));
    files.push(refused(
        "breaks-off.ods",
        open_document("<table:table table:name=\"a\"><table:table-row>"),
        &["damaged"],
    ));

    // binary workbooks
    let binary = fixture("books/made.xlsb");
    let record = |kind: &[u8], length: &[u8], body: &[u8]| [kind, length, body].concat();
    for (name, bytes) in [
        (
            "record-beyond-the-end.xlsb",
            record(&[0x05], &[0xFF, 0xFF, 0xFF, 0x7F], b"abc"),
        ),
        (
            "record-length-endless.xlsb",
            record(&[0x05], &[0xFF; 9], b""),
        ),
        ("record-kind-cut.xlsb", vec![0x80]),
        ("column.xlsb", record(&[0x05], &[16], &[0xFF; 16])),
        (
            "string-not-there.xlsb",
            record(
                &[0x07],
                &[12],
                &[0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0x7F],
            ),
        ),
    ] {
        let bytes = with(&binary, "xl/worksheets/sheet1.bin", &bytes);
        files.push(refused(
            name,
            with(&bytes, "xl/worksheets/sheet2.bin", &[]),
            &["damaged"],
        ));
    }
    files.push(refused(
        "nulls.xlsb",
        with(&binary, "xl/workbook.bin", &[0; 4096]),
        &[],
    ));
    files
}
