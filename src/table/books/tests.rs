//! Workbooks that other programs wrote: one list of people, in every format and under every lock.

mod fuzz;

use super::*;
use crate::table;

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn try_open(name: &str, password: Option<&str>) -> Result<Book> {
    let bytes = fixture(name);
    let content = sniff::content(name, &bytes)?;
    let password = password.map(|p| Password::new(p.to_string()));
    read(name, content, bytes, password.as_ref(), &Limits::default())
}

fn book(name: &str) -> Book {
    try_open(name, None).unwrap()
}

/// The filled cells of a row, with their columns.
fn row(cells: &Cells, wanted: u32) -> Vec<(u32, &str)> {
    let all = cells.iter().filter(|(row, _, _)| *row == wanted);
    all.map(|(_, column, text)| (column, text)).collect()
}

fn names(book: &Book) -> Vec<(&str, bool)> {
    let name = |c: &'_ Cells| c.sheet.clone().unwrap().leak() as &str;
    book.sheets.iter().map(|c| (name(c), c.hidden)).collect()
}

/// Every cell of `ours` is that of `theirs`, moved down by so many rows, in the columns that `wanted` takes.
fn same(ours: &Cells, theirs: &Cells, down: u32, wanted: impl Fn(u32, u32) -> bool) {
    let of = |cells: &Cells, down: u32| -> Vec<(u32, u32, String)> {
        cells
            .iter()
            .map(|(row, column, text)| (row + down, column, text.to_string()))
            .filter(|(row, column, _)| wanted(*row, *column))
            .collect()
    };
    let (ours, theirs) = (of(ours, 0), of(theirs, down));
    assert!(!ours.is_empty());
    for (a, b) in ours.iter().zip(&theirs) {
        assert_eq!(a, b);
    }
    assert_eq!(ours.len(), theirs.len());
}

/// pandas shows days with their midnight, the others do not.
fn all_but_days(row: u32, column: u32) -> bool {
    row == 0 || column != 4
}

#[test]
fn as_the_reader_for_issuing_reads_it() {
    for name in ["pandas", "openpyxl", "mac1904", "libreoffice"] {
        let name = format!("tables/{name}.xlsx");
        let issued = table::from_bytes(&name, fixture(&name), &Limits::default()).unwrap();
        let contents = table::contents(&name, fixture(&name), None, &Limits::default()).unwrap();
        assert_eq!(contents.format, "an Excel workbook (.xlsx)");
        assert_eq!(contents.tables.len(), issued.len());
        for (found, source) in contents.tables.iter().zip(&issued) {
            assert_eq!(found.sheet, source.sheet);
            assert_eq!(found.rows[0] as usize, source.first_data_row);
            assert_eq!(found.table.header(), source.table.header());
            // rows that hold only a format are kept for the copy, and are nothing in a leak
            for (at, row) in found.rows.iter().enumerate() {
                let theirs = *row as usize - source.first_data_row;
                for column in 0..found.table.width() {
                    assert_eq!(
                        found.table.cell(at, column),
                        source.table.cell(theirs, column)
                    );
                }
            }
        }
    }
}

#[test]
fn hidden_sheets_rows_and_merged_areas() {
    let book = book("tables/openpyxl.xlsx");
    assert_eq!(names(&book), [("登记", false), ("隐藏", true)]);
    assert_eq!(book.notes, ["Sheet `隐藏` is hidden and was read too."]);
    assert_eq!(book.sheets[0].merged.len(), 1);
    assert_eq!(book.sheets[0].merged[0].from, (0, 0));
}

#[test]
fn old_workbooks_of_libreoffice() {
    let new = book("tables/pandas.xlsx");
    let old = book("tables/old.xls");
    assert_eq!(old.format, "an Excel 97 to 2003 workbook (.xls, .et)");
    assert_eq!(names(&old), names(&new));
    for (ours, theirs) in old.sheets.iter().zip(&new.sheets) {
        same(ours, theirs, 0, |_, _| true);
    }
    let new = book("tables/libreoffice.xlsx");
    for name in ["books/openpyxl.xls", "books/mac1904.xls"] {
        let old = book(name);
        assert_eq!(names(&old), [("登记", false), ("隐藏", true)]);
        assert_eq!(old.sheets[0].merged, new.sheets[0].merged);
        // what a formula came to is the program's affair
        same(&old.sheets[0], &new.sheets[0], 0, |_, column| column < 8);
        let notes: Vec<&str> = (2..8)
            .flat_map(|at| row(&old.sheets[0], at))
            .filter(|(column, _)| *column == 8)
            .map(|(_, text)| text)
            .collect();
        assert_eq!(
            notes,
            ["113", "TRUE", "#N/A", "2", "-5 度", "@home"],
            "{name}"
        );
    }
}

#[test]
fn older_and_older() {
    let new = book("tables/pandas.xlsx");
    for name in ["books/biff5.xls", "books/biff5-bare.xls"] {
        let old = book(name);
        assert_eq!(names(&old), [("登记", false), ("汇总", true)]);
        same(&old.sheets[0], &new.sheets[0], 0, all_but_days);
        assert_eq!(row(&old.sheets[0], 1)[4], (4, "2024-06-25"));
        assert_eq!(old.sheets[0].hidden_lines, 1);
        assert_eq!(row(&old.sheets[1], 0), [(0, "7"), (1, "5")]);
        assert_eq!(
            row(&old.sheets[1], 1),
            [(0, "浦东"), (1, "TRUE"), (2, "#N/A")]
        );
        assert_eq!(
            old.notes,
            [
                "Sheet `登记` has 1 hidden rows or columns, which were read too.",
                "Sheet `汇总` is hidden and was read too."
            ]
        );
    }
    for name in ["books/biff4.xls", "books/biff3.xls", "books/biff2.xls"] {
        let old = book(name);
        assert_eq!(old.format, "a workbook of before 1997");
        same(&old.sheets[0], &new.sheets[0], 0, |row, column| {
            row < 5 && column < 7 && all_but_days(row, column)
        });
        assert_eq!(row(&old.sheets[0], 1)[4], (4, "2024-06-25"));
    }
}

#[test]
fn binary_workbooks() {
    let new = book("tables/pandas.xlsx");
    let binary = book("books/made.xlsb");
    assert_eq!(names(&binary), [("登记", false), ("汇总", true)]);
    same(&binary.sheets[0], &new.sheets[0], 0, all_but_days);
    assert_eq!(row(&binary.sheets[0], 1)[4], (4, "2024-06-25"));
    assert_eq!(binary.sheets[0].hidden_lines, 1);
    assert_eq!(
        row(&binary.sheets[1], 1),
        [(0, "徐汇"), (1, "5"), (2, "TRUE")]
    );
    assert_eq!(binary.sheets[1].merged.len(), 1);
}

#[test]
fn opendocument() {
    let new = book("tables/pandas.xlsx");
    let open = book("tables/calc.ods");
    assert_eq!(names(&open), names(&new));
    same(&open.sheets[0], &new.sheets[0], 0, all_but_days);
    assert_eq!(row(&open.sheets[0], 1)[4], (4, "2024-06-25"));
    let open = book("books/openpyxl.ods");
    assert_eq!(names(&open), [("登记", false), ("隐藏", true)]);
    let new = book("tables/libreoffice.xlsx");
    same(&open.sheets[0], &new.sheets[0], 0, |_, column| column < 8);
    assert_eq!(open.sheets[0].merged, new.sheets[0].merged);
    let error = try_open("books/libreoffice-locked.ods", None).unwrap_err();
    assert!(
        error.to_string().contains("locked with a password"),
        "{error}"
    );
}

#[test]
fn xml_of_2003() {
    let new = book("tables/pandas.xlsx");
    let xml = book("books/xml2003.xls");
    assert_eq!(names(&xml), [("登记", false), ("汇总", true)]);
    same(&xml.sheets[0], &new.sheets[0], 2, |row, column| {
        row > 2 && column != 4
    });
    assert_eq!(row(&xml.sheets[0], 3)[4], (4, "2024-06-25"));
    assert_eq!(row(&xml.sheets[0], 0), [(0, "孕产妇登记表")]);
    assert_eq!(xml.sheets[0].merged[0].to, (0, 3));
    assert_eq!(xml.sheets[0].hidden_lines, 1);
    assert_eq!(row(&xml.sheets[1], 0), [(0, "浦东"), (1, "TRUE")]);
}

#[test]
fn what_stands_before_the_damage_is_read() {
    let open = |content, bytes: &[u8]| read("x", content, bytes.to_vec(), None, &Limits::default());
    // inside the second sheet, inside the first, and before any
    let xml = fixture("books/xml2003.xls");
    let at = |what: &str| {
        xml.windows(what.len())
            .rposition(|w| w == what.as_bytes())
            .unwrap()
    };
    let book = open(Content::Xml2003, &xml[..at("<WorksheetOptions")]).unwrap();
    assert_eq!(book.sheets.len(), 2);
    assert!(
        book.notes.last().unwrap().contains("damaged behind row 1"),
        "{:?}",
        book.notes
    );
    let book = open(Content::Xml2003, &xml[..at("<Worksheet ss:Name")]).unwrap();
    assert_eq!(book.sheets.len(), 1);
    let book = open(Content::Xml2003, &xml[..at("<Row>")]).unwrap();
    assert_eq!(book.sheets.len(), 1);
    let error = open(Content::Xml2003, &xml[..at("<Table>") - 300]);
    assert!(error.is_err() || !error.unwrap().notes.is_empty());

    let old = fixture("books/biff5-bare.xls");
    let book = open(Content::BareBiff, &old[..old.len() - 60]).unwrap();
    assert_eq!(
        book.sheets[0].len(),
        super::tests::book("books/biff5.xls").sheets[0].len()
    );
    assert!(
        book.notes.iter().any(|n| n.contains("records break off")),
        "{:?}",
        book.notes
    );
}

#[test]
fn every_lock_has_its_key() {
    const PASSWORD: &str = "秘密 Pass1";
    for (name, password, plain) in [
        ("books/agile.xlsx", PASSWORD, "tables/pandas.xlsx"),
        ("books/standard.xlsx", PASSWORD, "tables/pandas.xlsx"),
        (
            "books/libreoffice-locked.xls",
            PASSWORD,
            "tables/pandas.xlsx",
        ),
        ("books/rc4.xls", PASSWORD, "books/openpyxl.xls"),
        ("books/rc4-api.xls", PASSWORD, "books/openpyxl.xls"),
        ("books/rc4-api-40.xls", PASSWORD, "books/openpyxl.xls"),
        ("books/xor.xls", "Secret-95", "books/openpyxl.xls"),
        ("books/xor5.xls", "Secret-95", "books/biff5.xls"),
    ] {
        let open = try_open(name, Some(password)).unwrap_or_else(|e| panic!("{e}"));
        assert!(open.format.ends_with(", locked with a password"), "{name}");
        let plain = book(plain);
        assert_eq!(open.sheets, plain.sheets, "{name}");

        let said = |password| try_open(name, password).unwrap_err().to_string();
        let unasked = said(None);
        assert!(
            unasked.contains("is locked with a password") && unasked.contains("--password-file"),
            "{unasked}"
        );
        for wrong in [
            "",
            "secret-95",
            "秘密 pass1",
            "a very long password of more than 255 letters",
        ] {
            let message = said(Some(wrong));
            assert!(
                message.starts_with("the password does not open"),
                "{message}"
            );
        }
    }
}

#[test]
fn a_damaged_lock_is_not_a_wrong_password() {
    for name in ["books/agile.xlsx", "books/standard.xlsx"] {
        let bytes = fixture(name);
        let compound = Compound::open(&bytes).unwrap();
        let (info, package) = (
            compound.stream("EncryptionInfo").unwrap(),
            compound.stream("EncryptedPackage").unwrap(),
        );
        let password = Password::new("秘密 Pass1".into());
        let open = |info: &[u8], package: &[u8]| {
            locked::open_package(info, package.to_vec(), Some(&password))
        };
        assert!(open(&info, &package).is_ok());
        for (info, package) in [
            (&info[..], &package[..package.len() / 2]),
            (&info[..], &[]),
            (&info[..20], &package[..]),
            (&[], &package[..]),
        ] {
            let said = open(info, package).unwrap_err();
            assert!(matches!(said, locked::Locked::Damaged(_)), "{said:?}");
        }
    }
    // a spin count beyond what any program writes is not counted to
    let bytes = fixture("books/agile.xlsx");
    let at = bytes
        .windows(11)
        .position(|w| w == b"spinCount=\"")
        .unwrap()
        + 11;
    for count in [b"999999", b"-1    "] {
        let mut bytes = bytes.clone();
        bytes[at..at + 6].copy_from_slice(count);
        let content = sniff::content("x", &bytes).unwrap();
        let password = Password::new("x".into());
        let error = read("x", content, bytes, Some(&password), &Limits::default()).unwrap_err();
        let message = error.to_string();
        assert!(
            message.contains("does not open") || message.contains("more rounds"),
            "{message}"
        );
    }
}
