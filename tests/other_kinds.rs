//! Registers that come as xls, et or ods: issued as xlsx, said so, and traced.

mod support;

use std::borrow::Cow;

use support::{Desk, column, read};
use taggant::drill::leaks::{Encoding, take_rows, to_csv_bytes};
use taggant::table::{Edits, Limits, Line, Replaced, Source, Table, from_bytes, rewrite};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/books/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

#[test]
fn issued_and_traced() {
    for (file, name) in [
        ("register.xls", "三月.xls"),
        ("register.xls", "三月.et"),
        ("register.ods", "三月.ods"),
    ] {
        let desk = Desk::new();
        desk.put(name, fixture(file));
        let ran = desk
            .issue(name, &["甲院", "乙院"], &["--format", "json"])
            .well();
        assert!(
            ran.stderr.contains("its copies are .xlsx workbooks")
                && ran.stderr.contains("formulas")
                && ran.stderr.contains("`编码表`"),
            "{}",
            ran.stderr
        );
        let mut copies = Vec::new();
        for issued in ran.json().as_array().unwrap() {
            let path = issued["path"].as_str().unwrap();
            assert!(path.ends_with("院.xlsx"), "{path}");
            assert!(issued["cells_altered"].as_u64().unwrap() > 50);
            copies.push(read(&desk.path(path)));
        }
        let (source, copy) = (sheets(file).remove(0), &copies[1]);
        assert_eq!(copy.table.header(), source.table.header());
        assert_eq!(copy.first_data_row, source.first_data_row);
        assert_eq!(copy.sheet, source.sheet);

        // what identifies people and what no policy names is as it was
        for identifier in ["身份证号", "联系电话", "姓名"] {
            let at = column(&source.table, identifier);
            let ours: Vec<&str> = source.table.column(at).collect();
            let met = (copy.table.column(at)).filter(|cell| ours.contains(cell));
            assert!(met.count() >= ours.len(), "{identifier}");
        }

        let leak = take_rows(&copy.table, 40, 3);
        desk.put("leak.csv", to_csv_bytes(&leak, Encoding::Gbk));
        let traced = desk.run(["trace", "leak.csv", "--format", "json"]).well();
        let told = traced.json();
        assert_eq!(told["verdict"], "attributed", "{name}");
        assert_eq!(told["sources"][0]["recipient"], "乙院", "{name}");
    }
}

#[test]
fn a_second_month_in_another_format_is_the_same_register() {
    let desk = Desk::new();
    desk.put("三月.xls", fixture("register.xls"));
    desk.put("四月.ods", fixture("register.ods"));
    desk.issue("三月.xls", &["甲院"], &["--register", "r"])
        .well();
    desk.issue("四月.ods", &["甲院"], &["--register", "r"])
        .well();
    let of = |name: &str| read(&desk.path(name)).table;
    let (march, april) = (of("copies/三月 - 甲院.xlsx"), of("copies/四月 - 甲院.xlsx"));
    // the same recipient sees the same value, whatever the file was
    let key = column(&march, "身份证号");
    for name in ["预产期", "体重", "登记时间", "金额"] {
        let at = column(&march, name);
        let mut met = 0;
        for row in 0..march.rows() {
            let wanted = march.cell(row, key);
            let Some(there) = (0..april.rows()).find(|r| april.cell(*r, key) == wanted) else {
                continue;
            };
            met += 1;
            assert_eq!(march.cell(row, at), april.cell(there, at), "{name}");
        }
        assert!(met >= 80, "{met}");
    }
}

#[test]
fn a_locked_one_is_refused() {
    let desk = Desk::new();
    desk.put("list.xls", fixture("rc4.xls"));
    desk.refuses(
        2,
        &["issue", "list.xls", "--to", "A", "--out", "copies"],
        &[
            "`list.xls`",
            "locked with a password",
            "take the password off",
        ],
    );
}

// ---- what a copy says

fn sheets(name: &str) -> Vec<Source> {
    from_bytes(name, fixture(name), &Limits::default()).unwrap()
}

fn one(bytes: Vec<u8>) -> Source {
    let mut sources = from_bytes("copy.xlsx", bytes, &Limits::default()).unwrap();
    assert_eq!(sources.len(), 1);
    sources.remove(0)
}

fn copy(source: &Source, edits: &Edits<'_>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    rewrite(source, edits, &path).unwrap();
    std::fs::read(path).unwrap()
}

fn keep_all(source: &Source) -> Edits<'static> {
    Edits {
        lines: (0..source.table.rows() as u32).map(Line::Kept).collect(),
        ..Edits::default()
    }
}

fn put(row: u32, column: u32, text: &str) -> Replaced<'_> {
    Replaced {
        row,
        column,
        text: Cow::Borrowed(text),
    }
}

fn cells(table: &Table) -> Vec<Vec<String>> {
    (0..table.rows())
        .map(|row| table.row(row).map(str::to_string).collect())
        .collect()
}

fn why(name: &str, bytes: Vec<u8>, limits: &Limits) -> String {
    from_bytes(name, bytes, limits).unwrap_err().to_string()
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
            // a name that no workbook may have stays behind
            if source.sheet.as_deref() != Some("??") {
                assert_eq!(again.sheet, source.sheet, "{name}");
            }
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
    let open = |name: &str, bytes: Vec<u8>| why(name, bytes, &Limits::default());
    // inside the second sheet, and between the sheets and the end
    let whole = fixture("xml2003.xls");
    for (mark, behind) in [("<Worksheet ss:Name", 200), ("</Workbook>", 0)] {
        let at = whole
            .windows(mark.len())
            .rposition(|w| w == mark.as_bytes())
            .unwrap();
        let message = open("cut.xls", whole[..at + behind].to_vec());
        assert!(
            message.starts_with("`cut.xls` cannot be read whole. ") && message.ends_with(".xlsx."),
            "{message}"
        );
    }
    let bare = fixture("biff5-bare.xls");
    let message = open("bare.xls", bare[..bare.len() - 60].to_vec());
    assert!(message.contains("cannot be read whole"), "{message}");
    for locked in [
        "agile.xlsx",
        "rc4.xls",
        "xor5.xls",
        "libreoffice-locked.xls",
    ] {
        let message = open(locked, fixture(locked));
        assert!(
            message.contains("is locked with a password")
                && message.contains("take the password off"),
            "{message}"
        );
        assert!(!message.contains("--password-file"), "{message}");
    }
    let message = open("locked.ods", fixture("libreoffice-locked.ods"));
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
            let message = why(name, fixture(name), &limits);
            assert!(message.ends_with('.'), "{name}: {message}");
        }
    }
}
