//! Workbooks that other programs wrote, and ours read back.

use rust_xlsxwriter::{ExcelDateTime, Format as Style, Workbook};

use super::*;

fn sheets(name: &str) -> Vec<Source> {
    from_bytes(name, fixture(name), &Limits::default()).unwrap()
}

/// The XML of the first sheet.
fn xml(bytes: &[u8]) -> String {
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let part = zip.by_name("xl/worksheets/sheet1.xml").unwrap();
    std::io::read_to_string(part).unwrap()
}

/// A workbook of numbers, days and texts as the columns of `table` have them.
pub(super) fn typed_book(table: &Table) -> Vec<u8> {
    let mut book = Workbook::new();
    let day = Style::new().set_num_format("yyyy-mm-dd");
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, table.header()).unwrap();
    for row in 0..table.rows() {
        for (column, text) in table.row(row).enumerate() {
            let (r, c) = (row as u32 + 1, column as u16);
            match column {
                0 | 5 => sheet.write(r, c, text.parse::<f64>().unwrap()).unwrap(),
                4 => {
                    let date = ExcelDateTime::parse_from_str(text).unwrap();
                    sheet.write_with_format(r, c, date, &day).unwrap()
                }
                _ => sheet.write(r, c, text).unwrap(),
            };
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn pandas() {
    let found = sheets("pandas.xlsx");
    let names: Vec<_> = found.iter().map(|s| s.sheet.as_deref().unwrap()).collect();
    assert_eq!(names, ["登记 2024", "汇总"]);
    assert!(found.iter().all(|s| s.format == Format::Xlsx));
    let csv = one(fixture("gbk.csv")).table;
    let table = &found[0].table;
    assert_eq!(table.header()[..7], csv.header()[..]);
    assert_eq!(table.rows(), 12);
    for row in 0..12 {
        for column in 0..7 {
            let want = match (row, column) {
                (3, 5) => "",
                (_, 5) => csv.cell(row, 5).trim_end_matches(".0"),
                (_, 4) => &format!("{} 00:00:00", csv.cell(row, 4)),
                _ => csv.cell(row, column),
            };
            assert_eq!(table.cell(row, column), want);
        }
    }
    assert_eq!(table.cell(11, 7), "2024-03-05 14:32:11");
    assert_eq!(found[0].first_data_row, 2);
    assert_eq!(cells(&found[1].table), [["浦东", "7"], ["徐汇", "5"]]);
}

#[test]
fn openpyxl_libreoffice_and_1904_agree() {
    let found = sheets("openpyxl.xlsx");
    let names: Vec<_> = found.iter().map(|s| s.sheet.as_deref().unwrap()).collect();
    assert_eq!(
        names,
        ["登记", "隐藏"],
        "hidden sheets are read, empty ones not"
    );
    let source = &found[0];
    assert_eq!(source.first_data_row, 3);
    assert_eq!(source.irregular, None);
    assert_eq!(source.table.header().len(), 9);
    let row: Vec<_> = source.table.row(0).collect();
    assert_eq!(
        row[..8],
        [
            "1",
            "杨敏",
            "18608736694",
            "310101198601310748",
            "2024-06-25",
            "56.5",
            "浦东新区花木路597弄4号1140室",
            "2024-03-05 14:32:01"
        ]
    );
    let notes: Vec<_> = source.table.column(8).take(6).collect();
    assert_eq!(notes, ["", "TRUE", "#N/A", "", "-5 度", "@home"]);

    for other in ["mac1904.xlsx", "libreoffice.xlsx"] {
        let other = sheets(other);
        assert_eq!(other[0].table.header(), source.table.header());
        for row in 0..12 {
            for column in 0..8 {
                assert_eq!(
                    other[0].table.cell(row, column),
                    source.table.cell(row, column)
                );
            }
        }
    }
    // LibreOffice worked the formulas out
    let worked = sheets("libreoffice.xlsx");
    assert_eq!(worked[0].table.cell(0, 8), "113");
}

#[test]
fn rebuilt_copies_read_back_as_the_same_table() {
    for name in [
        "pandas.xlsx",
        "openpyxl.xlsx",
        "mac1904.xlsx",
        "libreoffice.xlsx",
    ] {
        for mut source in sheets(name) {
            source.rebuild();
            let again = one(copy(&source, &keep_all(&source)));
            assert_eq!(again.table, source.table, "{name}");
            assert_eq!(again.sheet, source.sheet);
            assert_eq!(again.first_data_row, source.first_data_row);
            let mut again = again;
            again.rebuild();
            let third = one(copy(&again, &keep_all(&again)));
            assert_eq!(third.table, source.table, "{name}, a copy of a copy");
        }
    }
}

#[test]
fn looks_survive_rebuilding() {
    let mut source = sheets("openpyxl.xlsx").remove(0);
    source.rebuild();
    let xml = xml(&copy(&source, &keep_all(&source)));
    for part in [
        "<mergeCell ref=\"A1:H1\"/>",
        "ySplit=\"2\"",
        "<autoFilter ref=\"A2:I14\"",
        "<col min=\"4\" max=\"4\" width=\"22",
    ] {
        assert!(xml.contains(part), "{part} in {}", &xml[..800]);
    }
    // a date is a number with a style, a phone that was a number one without, an ID number text
    assert!(xml.contains("<v>45468</v>"));
    assert!(xml.contains("<c r=\"C3\"><v>18608736694</v></c>"));
    assert!(xml.contains("<t>310101198601310748</t>"));
}

#[test]
fn types_are_kept_in_edits() {
    for rebuilt in [false, true] {
        let mut source = sheets("openpyxl.xlsx").remove(0);
        if rebuilt {
            source.rebuild();
        }
        types_are_kept(&source);
    }
}

fn types_are_kept(source: &Source) {
    let mut edits = keep_all(source);
    edits.replaced = vec![
        put(0, 4, "2024-06-26"),
        put(0, 5, "57"),
        put(1, 5, "lost"),
        put(2, 7, "2024-03-05 14:33:00"),
    ];
    let row: Vec<String> = [
        "0",
        "=1+1",
        "13812345678",
        "310101199003074321",
        "2024-07-01",
        "60.5",
        "+花木路",
        "2024-03-06 08:00:00",
        "-",
    ]
    .map(String::from)
    .to_vec();
    edits.lines.insert(0, Line::Inserted(0));
    edits.lines.insert(5, Line::Inserted(0));
    edits.inserted = vec![row.clone()];
    let bytes = copy(source, &edits);
    let again = from_bytes("copy", bytes.clone(), &Limits::default())
        .unwrap()
        .remove(0);
    assert_eq!(again.table.rows(), 14);
    assert_eq!(again.table.row(0).collect::<Vec<_>>(), row);
    assert_eq!(again.table.row(5).collect::<Vec<_>>(), row);
    assert_eq!(again.table.cell(1, 4), "2024-06-26");
    assert_eq!(again.table.cell(1, 5), "57");
    assert_eq!(again.table.cell(2, 5), "lost");
    assert_eq!(again.table.cell(3, 7), "2024-03-05 14:33:00");
    let xml = xml(&bytes);
    assert!(xml.contains("<v>45469</v>"), "a day stays a day");
    assert!(xml.contains("<v>13812345678</v></c>"));
    assert!(xml.contains("<t>310101199003074321</t>"));
    assert!(
        xml.contains("<t>=1+1</t>"),
        "text that looks like a formula stays text"
    );
}

#[test]
fn numbers_and_odd_texts() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let time = Style::new().set_num_format("h:mm:ss");
    let stamp = Style::new().set_num_format("yyyy-mm-dd hh:mm:ss");
    sheet
        .write_row(0, 0, ["编号", "数量", "备注", "时间"])
        .unwrap();
    let numbers = [
        13812345678.0,
        0.1 + 0.2,
        -2.5,
        1e15,
        420106199003051000.0,
        1.5e-9,
        1e22,
    ];
    let texts = [
        "=1+1",
        "+86 138",
        "-",
        "@x",
        " two  spaces ",
        "line\nbreak",
        "_x0041_ <&>\"'",
    ];
    for (at, (number, text)) in numbers.iter().zip(texts).enumerate() {
        let row = at as u32 + 3;
        sheet.write(row, 0, format!("A{at:04}")).unwrap();
        sheet.write(row, 1, *number).unwrap();
        sheet.write(row, 2, text).unwrap();
        match at {
            0 => sheet
                .write_with_format(row, 3, 0.6055555555555555, &time)
                .unwrap(),
            // a quarter of a second that the text does not show
            1 => sheet
                .write_with_format(row, 3, 45356.25 + 0.25 / 86400.0, &stamp)
                .unwrap(),
            _ => sheet.write_with_format(row, 3, 45356.0, &stamp).unwrap(),
        };
    }
    let source = one(book.save_to_buffer().unwrap());
    assert_eq!(
        (source.table.rows(), source.first_data_row),
        (9, 2),
        "blank rows stay"
    );
    let column = |table: &Table, c: usize| -> Vec<String> {
        table.column(c).skip(2).map(String::from).collect()
    };
    assert_eq!(
        column(&source.table, 1),
        [
            "13812345678",
            "0.30000000000000004",
            "-2.5",
            "1000000000000000",
            "420106199003051000",
            "1.5E-9",
            "1E22"
        ]
    );
    assert_eq!(column(&source.table, 2), texts);
    assert_eq!(
        column(&source.table, 3)[..3],
        ["14:32:00", "2024-03-05 06:00:00", "2024-03-05 00:00:00"]
    );
    let bytes = copy(&source, &keep_all(&source));
    assert_eq!(one(bytes.clone()).table, source.table);
    let serial = format!("{}", 45356.25 + 0.25 / 86400.0);
    assert!(
        xml(&bytes).contains(&format!("<v>{serial}</v>")),
        "{serial}"
    );
}

#[test]
fn tables_that_do_not_start_at_a1() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in [
        ["姓名", "电话"],
        ["王丽", "13812345678"],
        ["李娜", "13912345678"],
    ]
    .iter()
    .enumerate()
    {
        sheet.write_row(row as u32 + 4, 3, *cells).unwrap();
    }
    sheet.write(6, 7, "stray").unwrap();
    let source = one(book.save_to_buffer().unwrap());
    assert_eq!(source.table.header(), ["姓名", "电话"]);
    assert_eq!(source.first_data_row, 6);
    assert_eq!(source.irregular, Some((7, 5)));
    assert_eq!(
        source.table.row(1).collect::<Vec<_>>(),
        ["李娜", "13912345678", "", "", "stray"]
    );
    let bytes = copy(&source, &keep_all(&source));
    assert!(xml(&bytes).contains("<c r=\"D5\""));
    assert_eq!(one(bytes).table, source.table);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn damaged_workbooks_never_panic(
        which in 0..4usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = fixture(["pandas.xlsx", "openpyxl.xlsx", "mac1904.xlsx", "libreoffice.xlsx"][which]);
        for (index, byte) in changes {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = from_bytes("x", bytes, &Limits::default());
    }

    /// Damage inside the parts, where a checksum cannot stop it.
    #[test]
    fn damaged_parts_never_panic(
        part in 0..3usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), "[<>/\"= a-zA-Z0-9&;]{0,3}"), 1..5),
    ) {
        let part = ["xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"][part];
        let bytes = hostile::with_part(&fixture("openpyxl.xlsx"), part, |xml| {
            let mut xml = xml.to_vec();
            for (index, text) in &changes {
                let at = index.index(xml.len());
                xml.splice(at..at + 1, text.bytes());
            }
            xml
        });
        if let Ok(sources) = from_bytes("x", bytes, &Limits::default()) {
            for source in sources {
                let folder = tempfile::tempdir().unwrap();
                let _ = rewrite(&source, &keep_all(&source), &folder.path().join("copy"));
            }
        }
    }
}
