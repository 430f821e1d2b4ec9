//! Registers that come as workbooks of other kinds, and their copies.

use super::*;

fn book(name: &str) -> Vec<u8> {
    fixture(&format!("../books/{name}"))
}

fn sheets(name: &str) -> Vec<Source> {
    from_bytes(name, book(name), &Limits::default()).unwrap()
}

/// Every kind of file, by LibreOffice, scripts, Gnumeric, SheetJS, pandas and xlwt.
const ALL: [&str; 32] = [
    "../tables/old.xls",
    "../tables/calc.ods",
    "register.xls",
    "register.ods",
    "openpyxl.xls",
    "openpyxl.ods",
    "mac1904.xls",
    "biff5.xls",
    "biff4.xls",
    "biff3.xls",
    "biff2.xls",
    "made.xlsb",
    "xml2003.xls",
    "../handlings/files/gnumeric-8.xls",
    "../handlings/files/gnumeric-95.xls",
    "../handlings/files/gnumeric-both.xls",
    "../handlings/files/gnumeric.ods",
    "../handlings/files/lo-contacts.ods",
    "../handlings/files/lo-typed.ods",
    "../handlings/files/lo-typed.xls",
    "../handlings/files/lo-us.xls",
    "../handlings/files/lo.et",
    "../handlings/files/pandas-dates.ods",
    "../handlings/files/sheetjs-2003.xls",
    "../handlings/files/sheetjs-5.xls",
    "../handlings/files/sheetjs-8.xls",
    "../handlings/files/sheetjs.ods",
    "../handlings/files/sheetjs.xlsb",
    "../handlings/files/xlwt-general.xls",
    "../handlings/files/xlwt-text.et",
    "../handlings/files/xlwt-us.xls",
    "../handlings/files/xlwt.xls",
];

#[test]
fn copies_read_back_as_the_same_table() {
    for name in ALL {
        for source in sheets(name) {
            assert_eq!(source.format.extension(), "xlsx");
            assert!(source.converted.is_some(), "{name}");
            let again = one(copy(&source, &keep_all(&source)));
            assert_eq!(again.converted, None);
            assert_eq!(again.table.header(), source.table.header(), "{name}");
            for (row, cells) in cells(&source.table).iter().enumerate() {
                let theirs: Vec<&str> = again.table.row(row).collect();
                assert_eq!(&theirs, cells, "{name}, row {row}");
            }
            assert_eq!(again.table, source.table, "{name}");
            assert_eq!(again.sheet, source.sheet, "{name}");
            assert_eq!(again.first_data_row, source.first_data_row, "{name}");
        }
    }
}

#[test]
fn what_a_conversion_says_is_what_the_workbook_says() {
    let new = sheets("register.xlsx").remove(0);
    for name in ["register.xls", "register.ods"] {
        let old = sheets(name).remove(0);
        assert_eq!(old.table.header(), new.table.header());
        assert_eq!(old.table.rows(), new.table.rows());
        assert_eq!(old.first_data_row, new.first_data_row);
        for row in 0..new.table.rows() {
            // the last column has formulas that only LibreOffice worked out
            for column in 0..new.table.width() - 1 {
                assert_eq!(
                    old.table.cell(row, column),
                    new.table.cell(row, column),
                    "{name}, row {row}, column {column}"
                );
            }
        }
        // white space alone, and what a formula came to
        assert_eq!(old.table.cell(3, 14), " 两 空 ");
        let weight: f64 = old.table.cell(1, 5).parse().unwrap();
        assert_eq!(old.table.cell(1, 14), format!("{}", weight * 2.0));
    }
}

#[test]
fn edits_of_a_conversion_keep_its_types() {
    let source = sheets("register.xls").remove(0);
    let mut edits = keep_all(&source);
    edits.lines.insert(1, Line::Inserted(0));
    let added: Vec<String> = source.table.row(0).map(str::to_string).collect();
    edits.inserted.push(added);
    edits.replaced = vec![put(0, 4, "2024-07-01"), put(0, 5, "50.5")];
    let bytes = copy(&source, &edits);
    let again = one(bytes.clone());
    assert_eq!(again.table.cell(0, 4), "2024-07-01");
    assert_eq!(again.table.cell(0, 5), "50.5");
    assert_eq!(again.table.cell(1, 3), source.table.cell(0, 3));
    assert_eq!(again.table.cell(2, 3), source.table.cell(1, 3));
    let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
    let part = zip.by_name("xl/worksheets/sheet1.xml").unwrap();
    let xml = std::io::read_to_string(part).unwrap();
    assert!(xml.contains("<v>45474</v>") && xml.contains("<v>50.5</v>"));
    assert!(xml.contains("<mergeCell ref=\"A1:H1\"/>"));
    assert_eq!(xml.matches("t=\"b\"").count(), source.table.rows() + 1);
    assert!(
        xml.contains("<t>000") || xml.contains("<t>0"),
        "codes stay text"
    );
}

#[test]
fn what_is_not_whole_is_not_issued() {
    let open = |name: &str, bytes: Vec<u8>| {
        from_bytes(name, bytes, &Limits::default())
            .unwrap_err()
            .to_string()
    };
    let mut cut = book("xml2003.xls");
    let at = cut.windows(10).rposition(|w| w == b"<Worksheet").unwrap();
    cut.truncate(at + 200);
    let message = open("cut.xls", cut);
    assert!(
        message.starts_with("`cut.xls` cannot be read whole. ") && message.contains(".xlsx."),
        "{message}"
    );
    let bare = book("biff5-bare.xls");
    let message = open("bare.xls", bare[..bare.len() - 60].to_vec());
    assert!(message.contains("cannot be read whole"), "{message}");
    for locked in [
        "agile.xlsx",
        "rc4.xls",
        "xor5.xls",
        "libreoffice-locked.xls",
    ] {
        let message = open(locked, book(locked));
        assert!(
            message.contains("is locked with a password")
                && message.contains("take the password off"),
            "{message}"
        );
        assert!(!message.contains("--password-file"), "{message}");
    }
    let message = open("locked.ods", book("libreoffice-locked.ods"));
    assert!(message.contains("locked with a password"), "{message}");
}

#[test]
fn limits_hold_for_other_kinds() {
    for name in ["register.xls", "register.ods", "made.xlsb", "xml2003.xls"] {
        for limits in [
            Limits {
                cells: 20,
                ..Limits::default()
            },
            Limits {
                text_bytes: 100,
                ..Limits::default()
            },
            Limits {
                cell_bytes: 12,
                ..Limits::default()
            },
            Limits {
                columns: 3,
                ..Limits::default()
            },
        ] {
            let message = why(book(name), &limits);
            assert!(message.ends_with('.'), "{name}: {message}");
        }
    }
}
