use super::*;
use crate::table::{Limits, Table, from_bytes};
use crate::trace::rows::{ColumnReadings, Likeliest, RecordPlace};

fn leak() -> LeakRows {
    let mut table = Table::new(vec!["name".into(), "note".into()], 2);
    table.push(["=cmd|' /C calc'!A0", "+86 138-1234-5678"]);
    table.push(["@SUM(1)", "-3.5"]);
    table.push(["王, 芳", "say \"no\""]);
    table.push(["", "-A1"]);
    let finding = |row: usize, fate: RowFate| RowFinding {
        table: 0,
        row,
        fate,
        canary_of: Vec::new(),
        likeliest: None,
        readings: Vec::new(),
    };
    let place = RecordPlace { table: 0, row: 17 };
    let mut first = finding(0, RowFate::Linked(LinkedBy::Identifier, Some(place)));
    first.likeliest = Some(Likeliest {
        source: Some(0),
        chance: 0.987_654,
    });
    first.readings = vec![ColumnReadings {
        column: 0,
        read: 3,
        agree: Some(2),
    }];
    let mut second = finding(1, RowFate::Linked(LinkedBy::Likeness, None));
    second.likeliest = Some(Likeliest {
        source: None,
        chance: 0.5,
    });
    second.readings = vec![ColumnReadings {
        column: 0,
        read: 1,
        agree: None,
    }];
    let mut third = finding(2, RowFate::Unlinked(Why::Unknown));
    third.canary_of = vec!["North".into(), "South".into()];
    LeakRows {
        path: "leak.csv".into(),
        tables: vec![Found {
            table,
            sheet: Some("list".into()),
            hidden: false,
            rows: vec![4, 5, 6, 9],
            columns: vec![1, 2],
        }],
        report: RowReport {
            sources: vec!["-North".into()],
            tables: vec!["March".into()],
            columns: vec!["weight".into()],
            rows: vec![
                first,
                second,
                third,
                finding(3, RowFate::Unlinked(Why::Tied)),
            ],
        },
    }
}

fn written(name: &str, leaks: &[LeakRows]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (path, mut out) = (Path::new(name), Vec::new());
    let form = RowsForm::of(path).unwrap();
    form.write(leaks, path, folder.path(), &mut out).unwrap();
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "nothing is left in the folder");
    out
}

#[test]
fn text_has_a_line_a_row_and_no_formula() {
    let text = String::from_utf8(written("rows.CSV", &[leak()])).unwrap();
    let lines: Vec<&str> = text
        .strip_prefix('\u{feff}')
        .unwrap()
        .split("\r\n")
        .collect();
    assert_eq!(lines.len(), 6);
    assert!(lines[0].starts_with("name,note,taggant: sheet,taggant: row in the file,"));
    assert_eq!(
        lines[1],
        "'=cmd|' /C calc'!A0,+86 138-1234-5678,list,4,row 17 of March,an identifier,'-North,0.9877,weight 2/3,"
    );
    assert_eq!(
        lines[2],
        "'@SUM(1),-3.5,list,5,,masked identifiers and other cells,others,0.5,weight -/1,"
    );
    assert_eq!(
        lines[3],
        "\"王, 芳\",\"say \"\"no\"\"\",list,6,,,,,,\"a made-up record of the copies issued to North, South\""
    );
    assert_eq!(
        lines[4],
        ",'-A1,list,9,,,,,,not linked: two records fit as well"
    );
}

#[test]
fn a_workbook_holds_the_same_as_text() {
    let bytes = written("rows.xlsx", &[leak()]);
    let book = from_bytes("rows.xlsx", bytes, &Limits::default())
        .unwrap()
        .remove(0);
    assert_eq!(book.table.header()[..2], ["name", "note"]);
    assert_eq!(book.table.rows(), 4);
    let cells: Vec<&str> = book.table.row(0).collect();
    assert_eq!(cells[0], "=cmd|' /C calc'!A0");
    assert_eq!(
        cells[2..6],
        ["list", "4", "row 17 of March", "an identifier"]
    );
    assert_eq!(cells[7], "0.9877");
    assert_eq!(book.table.cell(1, 0), "@SUM(1)");
}

#[test]
fn several_leaks_are_told_apart_and_columns_that_differ_have_numbers() {
    let mut other = leak();
    other.path = "other.csv".into();
    let mut table = Table::new(vec!["name".into(), "phone".into(), "more".into()], 3);
    (0..4).for_each(|_| table.push(["a", "b", "c"]));
    other.tables[0].table = table;
    let text = String::from_utf8(written("rows.csv", &[leak(), other])).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 9);
    assert!(lines[0].contains("name,column 2,more,taggant: file,taggant: sheet"));
    assert!(lines[2].contains(",-3.5,,leak.csv,list,5,") && lines[5].contains("a,b,c,other.csv"));
}

#[test]
fn the_form_is_in_the_name() {
    assert_eq!(
        RowsForm::of(Path::new("a.b.XLSX")).unwrap(),
        RowsForm::Workbook
    );
    for bad in ["rows.txt", "rows", "csv", ".xlsx"] {
        let error = RowsForm::of(Path::new(bad)).unwrap_err().to_string();
        assert!(error.contains(".xlsx or .csv"), "{bad}: {error}");
    }
}

#[test]
fn numbers_and_telephones_are_no_formulas() {
    for plain in [
        "-3.5",
        "+8613812345678",
        "-",
        "=",
        "王",
        "",
        "+86 (20) 1234-5678",
        "a=b",
        "-5%",
    ] {
        assert!(!is_formula(plain), "{plain}");
    }
    for formula in [
        "=1+1", "@A1", "-A1", "+cmd|x", "＝1", "\t=1", "  =A1", "-2+3*cmd",
    ] {
        assert!(is_formula(formula), "{formula}");
    }
}

#[test]
fn long_cells_are_cut_to_what_a_cell_holds() {
    let long = "𠮷".repeat(20_000);
    let cut = fitting(&long);
    assert!(cut.encode_utf16().count() <= CELL && cut.ends_with("..."));
    assert!(matches!(fitting("short"), Cow::Borrowed("short")));
}
