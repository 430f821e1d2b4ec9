//! Small files that inflate to gigabytes, and large ones of the smallest things.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::archives::{one_sheet, open_document, with};
use super::{Hostile, fixture, odd, refused};

/// The workbook with this part written piece by piece.
fn streamed(book: &[u8], part: &str, write: impl Fn(&mut dyn Write)) -> Vec<u8> {
    let placed = with(book, part, b"");
    let mut old = zip::ZipArchive::new(Cursor::new(&placed[..])).unwrap();
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let level = SimpleFileOptions::default()
        .compression_level(Some(6))
        .large_file(true);
    for index in 0..old.len() {
        let entry = old.by_index_raw(index).unwrap();
        if entry.name().unwrap() != part {
            new.raw_copy_file(entry).unwrap();
        }
    }
    new.start_file(part, level).unwrap();
    write(&mut new);
    new.finish().unwrap().into_inner()
}

const SHEET: &str = "xl/worksheets/sheet1.xml";
const HEAD: &[u8] = b"<worksheet><sheetData>";

fn times(out: &mut dyn Write, piece: &[u8], pieces: usize) {
    let many = piece.repeat((1 << 20) / piece.len().max(1) + 1);
    let each = many.len() / piece.len();
    for _ in 0..pieces / each {
        out.write_all(&many).unwrap();
    }
    out.write_all(&piece.repeat(pieces % each)).unwrap();
}

pub fn files() -> impl Iterator<Item = Hostile> {
    let makers: Vec<fn() -> Hostile> = vec![
        || {
            let bytes = streamed(&one_sheet(), SHEET, |out| {
                out.write_all(HEAD).unwrap();
                times(out, b"<a></a>", 500_000_000);
            });
            refused("tags-500-million.xlsx", bytes, &["tags that hold nothing"])
        },
        || {
            let row = format!("<row>{}</row>", "<c><v>1</v></c>".repeat(200));
            let bytes = streamed(&one_sheet(), SHEET, |out| {
                out.write_all(HEAD).unwrap();
                times(out, row.as_bytes(), 1_000_000);
            });
            refused("cells-200-million.xlsx", bytes, &[])
        },
        || {
            let bytes = streamed(&one_sheet(), SHEET, |out| {
                out.write_all(b"<worksheet><sheetData><row><c t=\"inlineStr\"><is><t>")
                    .unwrap();
                times(out, b"a", 2 << 30);
            });
            refused("string-of-2-GB.xlsx", bytes, &["longer than"])
        },
        || {
            let bytes = streamed(&one_sheet(), SHEET, |out| {
                times(out, b" ", 4 << 30);
                out.write_all(HEAD).unwrap();
            });
            refused("white-space-of-4-GB.xlsx", bytes, &["longer than"])
        },
        || {
            let bytes = streamed(&one_sheet(), SHEET, |out| {
                out.write_all(HEAD).unwrap();
                times(out, b"<!-- -->", 600_000_000);
            });
            refused("comments-of-5-GB.xlsx", bytes, &["more comments"])
        },
        || {
            let bytes = streamed(&one_sheet(), SHEET, |out| {
                out.write_all(HEAD).unwrap();
                out.write_all(b"<row r=\"1\">").unwrap();
                times(out, b"<c r=\"A1\"><v>1</v></c>", 100_000_000);
            });
            refused("cells-100-million-at-one-address.xlsx", bytes, &[])
        },
        || {
            let bytes = streamed(&one_sheet(), SHEET, |out| {
                out.write_all(HEAD).unwrap();
                times(
                    out,
                    b"<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c></row>",
                    33_000_000,
                );
            });
            odd("cells-100-million.xlsx", bytes)
        },
        || {
            let bytes = streamed(
                &fixture("tables/libreoffice.xlsx"),
                "xl/sharedStrings.xml",
                |out| {
                    out.write_all(b"<sst>").unwrap();
                    times(out, b"<si/>", 400_000_000);
                },
            );
            odd("shared-strings-400-million.xlsx", bytes)
        },
        || {
            let bytes = streamed(&one_sheet(), "xl/styles.xml", |out| {
                out.write_all(b"<styleSheet><cellXfs>").unwrap();
                times(out, b"<xf numFmtId=\"14\"/>", 50_000_000);
            });
            odd("styles-50-million.xlsx", bytes)
        },
        || {
            let bytes = streamed(&open_document(""), "content.xml", |out| {
                out.write_all(b"<d><table:table><table:table-row>").unwrap();
                times(out, b"<table:table-cell/>", 200_000_000);
            });
            refused("cells-200-million.ods", bytes, &[])
        },
        || {
            let bytes = streamed(
                &fixture("books/made.xlsb"),
                "xl/worksheets/sheet1.bin",
                |out| {
                    times(out, &[0x0C, 4, 0, 0, 0, 0], 500_000_000);
                },
            );
            odd("blanks-500-million.xlsb", bytes)
        },
        || {
            let row = b"<Row><Cell><Data>1</Data></Cell></Row>".repeat(2_000_000);
            let head = b"<?xml version=\"1.0\"?><Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet><Table>";
            odd("rows-2-million.xml", [&head[..], &row].concat())
        },
    ];
    makers.into_iter().map(|make| make())
}
