//! Whole files in and out. What other programs wrote lies in `fixtures/tables`; hostile files are made here.

use std::borrow::Cow;

use proptest::prelude::*;

use super::*;

mod hostile;
mod kept;
mod speed;
mod splices;
mod workbooks;

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/tables/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn one(bytes: impl Into<Vec<u8>>) -> Source {
    let mut sources = from_bytes("test", bytes.into(), &Limits::default()).unwrap();
    assert_eq!(sources.len(), 1);
    sources.remove(0)
}

fn why(bytes: impl Into<Vec<u8>>, limits: &Limits) -> String {
    let error = from_bytes("test", bytes.into(), limits).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

fn copy(source: &Source, edits: &Edits<'_>) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy");
    std::fs::write(&path, "longer than the copy, to be overwritten").unwrap();
    rewrite(source, edits, &path).unwrap();
    std::fs::read(path).unwrap()
}

fn keep_all(source: &Source) -> Edits<'static> {
    Edits {
        lines: (0..source.table.rows() as u32).map(Line::Kept).collect(),
        ..Edits::default()
    }
}

fn put<'a>(row: u32, column: u32, text: &'a str) -> Replaced<'a> {
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

#[test]
fn what_others_wrote_comes_back_byte_for_byte() {
    for name in ["gbk.csv", "utf16.csv", "semicolon.csv", "titles.csv"] {
        let bytes = fixture(name);
        let source = one(bytes.clone());
        assert_eq!(copy(&source, &keep_all(&source)), bytes, "{name}");
    }
}

#[test]
fn what_others_wrote_is_the_same_table() {
    let gbk = one(fixture("gbk.csv"));
    let names = [
        "序号",
        "姓名",
        "手机号",
        "身份证号",
        "预产期",
        "体重",
        "住址",
    ];
    assert_eq!(gbk.table.header(), names);
    assert_eq!((gbk.table.rows(), gbk.first_data_row), (12, 2));
    assert_eq!(
        gbk.table.row(0).collect::<Vec<_>>(),
        [
            "1",
            "杨敏",
            "18608736694",
            "310101198601310748",
            "2024-06-25",
            "56.5",
            "浦东新区花木路597弄4号1140室"
        ]
    );
    assert_eq!(one(fixture("utf16.csv")).table, gbk.table);
    let titles = one(fixture("titles.csv"));
    assert_eq!(titles.table, gbk.table);
    assert_eq!(titles.first_data_row, 5);
    assert_eq!(titles.irregular, None);
    let semicolon = one(fixture("semicolon.csv"));
    assert_eq!(semicolon.table.width(), 5);
    assert_eq!(semicolon.table.rows(), 12);
    assert!(
        semicolon
            .table
            .cell(3, 3)
            .ends_with("\n(门卫转交; 先打电话)")
    );
    assert!(semicolon.table.cell(4, 3).ends_with("\"东区\""));
}

#[test]
fn edits_change_what_they_name_and_nothing_else() {
    let text = "\u{feff}title,\r\n\r\nid,\"name\",note\r\n1,\"Ann\",x\r\n2,\"Bob\",\"a,b\"\r\n3,\"Cy\",\"say \"\"hi\"\"\"\r\n4,\"Di\",\r\n,,\r\n\r\n";
    let source = one(text);
    assert_eq!(source.table.header(), ["id", "name", "note"]);
    assert_eq!((source.table.rows(), source.first_data_row), (4, 4));
    let edits = Edits {
        lines: vec![
            Line::Kept(3),
            Line::Inserted(0),
            Line::Kept(1),
            Line::Kept(2),
            Line::Inserted(1),
        ],
        replaced: vec![
            put(1, 0, "7"),
            put(1, 2, "ab"),
            put(3, 1, "D\"i"),
            put(3, 2, "p,q"),
        ],
        inserted: vec![
            vec!["5".into(), "Eve".into(), "plain".into()],
            vec!["6".into(), "Flo".into(), "c\nd".into()],
        ],
    };
    assert_eq!(
        String::from_utf8(copy(&source, &edits)).unwrap(),
        "\u{feff}title,\r\n\r\nid,\"name\",note\r\n4,\"D\"\"i\",\"p,q\"\r\n5,\"Eve\",plain\r\n7,\"Bob\",ab\r\n3,\"Cy\",\"say \"\"hi\"\"\"\r\n6,\"Flo\",\"c\nd\"\r\n,,\r\n\r\n"
    );
}

#[test]
fn ends_of_lines_and_files_stay_as_they_were() {
    let insert_last = |text: &str, order: &[u32]| {
        let source = one(text);
        let mut lines: Vec<Line> = order.iter().map(|r| Line::Kept(*r)).collect();
        lines.push(Line::Inserted(0));
        let edits = Edits {
            lines,
            replaced: vec![put(0, 1, "z")],
            inserted: vec![vec!["9".into(), "i".into()]],
        };
        String::from_utf8(copy(&source, &edits)).unwrap()
    };
    assert_eq!(
        insert_last("n,name\n1,a\n2,b", &[1, 0]),
        "n,name\n2,b\n1,z\n9,i"
    );
    assert_eq!(
        insert_last("n,name\r1,a\r2,b\r", &[1, 0]),
        "n,name\r2,b\r1,z\r9,i\r"
    );
    assert_eq!(
        insert_last("n,name\r\n1,a\r\n2,b", &[0, 1]),
        "n,name\r\n1,z\r\n2,b\r\n9,i"
    );
    let only_header = one("n,name");
    assert_eq!(only_header.table.rows(), 0);
    let edits = Edits {
        lines: vec![Line::Inserted(0)],
        inserted: vec![vec!["9".into(), "i".into()]],
        ..Edits::default()
    };
    assert_eq!(copy(&only_header, &edits), b"n,name\n9,i");
    let kept = one("n,name\n1,a\n2,b");
    let edits = Edits {
        lines: vec![Line::Kept(1), Line::Kept(0)],
        ..Edits::default()
    };
    assert_eq!(copy(&kept, &edits), b"n,name\n2,b\n1,a");
    let none_left = Edits::default();
    assert_eq!(copy(&one("n,name\n1,a\n"), &none_left), b"n,name\n");
    // a BOM stays in front when the first row moves and there is no header
    let bare = one("\u{feff}13812345678,58.5\n13912345678,61.5\n");
    assert!(bare.table.header().is_empty());
    assert_eq!((bare.table.rows(), bare.first_data_row), (2, 1));
    let edits = Edits {
        lines: vec![Line::Kept(1), Line::Kept(0)],
        replaced: vec![put(0, 1, "59")],
        ..Edits::default()
    };
    assert_eq!(
        copy(&bare, &edits),
        "\u{feff}13912345678,61.5\n13812345678,59\n".as_bytes()
    );
}

#[test]
fn encodings_are_kept_in_edits() {
    let source = one(fixture("gbk.csv"));
    let mut edits = keep_all(&source);
    edits.replaced = vec![put(2, 1, "王小丽"), put(5, 6, "含有,逗号𠮷")];
    edits.lines.insert(0, Line::Inserted(0));
    edits.inserted = vec![vec![
        "0".into(),
        "甲".into(),
        "1".into(),
        String::new(),
        "x".into(),
        "".into(),
        "乙|".into(),
    ]];
    let bytes = copy(&source, &edits);
    let original = fixture("gbk.csv");
    assert!(std::str::from_utf8(&bytes).is_err());
    assert_eq!(bytes[..44], original[..44]);
    let again = one(bytes).table;
    assert_eq!(again.cell(3, 1), "王小丽");
    assert_eq!(again.cell(6, 6), "含有,逗号𠮷");
    assert_eq!(again.cell(0, 6), "乙|");
    assert_eq!(again.cell(1, 3), source.table.cell(0, 3));

    let utf16 = one(fixture("utf16.csv"));
    let bytes = copy(&utf16, &edits);
    assert_eq!(bytes[..2], [0xFF, 0xFE]);
    assert_eq!(one(bytes).table, again);

    // without a BOM, either way round
    for to_bytes in [u16::to_le_bytes, u16::to_be_bytes] {
        let text = "姓名,电话\r\n一二,13812345678\r\n王丽,13912345678\r\n";
        let bytes: Vec<u8> = text.encode_utf16().flat_map(to_bytes).collect();
        let source = one(bytes.clone());
        assert_eq!(source.table.cell(0, 0), "一二");
        assert_eq!(copy(&source, &keep_all(&source)), bytes);
    }
}

#[test]
fn a_bar_inside_gb18030_characters_is_no_delimiter() {
    // 抾 is 0x92 0x7C in GBK, and 0x7C is `|`
    let text = "姓名|电话\n抾丽|13812345678\n王抾|13912345678\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(text);
    assert!(bytes.iter().filter(|b| **b == b'|').count() == 5);
    let source = one(bytes.to_vec());
    assert_eq!(source.table.cell(1, 0), "王抾");
    assert_eq!(source.table.cell(1, 1), "13912345678");
    let mut edits = keep_all(&source);
    edits.replaced = vec![put(0, 1, "1|2")];
    assert_eq!(one(copy(&source, &edits)).table.cell(0, 1), "1|2");
}

#[test]
fn irregular_rows_are_told_and_padded() {
    let source = one("id,name,ward\n1,Ann,A\n\n2,Bob\n3,Cy,B,extra\n");
    assert_eq!(source.irregular, Some((4, 2)));
    assert_eq!(source.table.width(), 4);
    assert_eq!(source.table.rows(), 4);
    assert_eq!(source.table.row(1).collect::<Vec<_>>(), ["", "", "", ""]);
    assert_eq!(
        source.table.row(2).collect::<Vec<_>>(),
        ["2", "Bob", "", ""]
    );
    assert_eq!(source.table.cell(3, 3), "extra");
    // a short row gets the cells it lacks when one of them is written
    let mut edits = keep_all(&source);
    edits.replaced = vec![put(2, 3, "new")];
    assert_eq!(
        copy(&source, &edits),
        b"id,name,ward\n1,Ann,A\n\n2,Bob,,new\n3,Cy,B,extra\n"
    );
    assert_eq!(one("id,name\n1,Ann\n\n2,Bob\n").irregular, None);
}

#[test]
fn edits_of_another_table_are_refused() {
    let source = one("id,name\n1,Ann\n");
    let folder = tempfile::tempdir().unwrap();
    for line in [Line::Kept(1), Line::Inserted(0)] {
        let edits = Edits {
            lines: vec![line],
            ..Edits::default()
        };
        assert!(rewrite(&source, &edits, &folder.path().join("copy")).is_err());
    }
    let nowhere = folder.path().join("no/such/folder");
    let error = rewrite(&source, &keep_all(&source), &nowhere).unwrap_err();
    assert!(error.to_string().starts_with("cannot write"));
}

#[test]
fn opening_by_path() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits::default();
    let error = open(folder.path(), &limits).unwrap_err().to_string();
    assert!(error.contains("is a folder"), "{error}");
    let error = open(&folder.path().join("none.csv"), &limits).unwrap_err();
    assert!(error.to_string().starts_with("cannot read"));
    // the content decides, not the name
    let path = folder.path().join("report.xlsx");
    std::fs::write(&path, "id,name\n1,Ann\n").unwrap();
    let source = open(&path, &limits).unwrap().remove(0);
    assert_eq!(
        (source.format, source.name.as_str()),
        (Format::Csv, "report.xlsx")
    );
    assert_eq!(source.format.extension(), "csv");
    let tight = Limits {
        file_bytes: 10,
        ..Limits::default()
    };
    assert!(
        open(&path, &tight)
            .unwrap_err()
            .to_string()
            .contains("larger than 10 bytes")
    );
}

/// A small file: ids under `id`, two columns of anything, quoted at will.
fn files() -> impl Strategy<Value = (String, Vec<[String; 3]>)> {
    let cell = "[a王,\"\r\n ]{0,5}";
    let row = (cell, cell, any::<[bool; 3]>());
    let ends = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (prop::collection::vec(row, 1..9), ends, any::<bool>()).prop_map(|(rows, end, last)| {
        let mut text = format!("id,name,note{end}");
        let mut cells = Vec::new();
        for (at, (name, note, quoted)) in rows.into_iter().enumerate() {
            let row = [format!("{}", 1000 + at), name, note];
            for (cell, quoted) in row.iter().zip(quoted) {
                if quoted || cell.contains([',', '"', '\r', '\n']) {
                    text.push_str(&format!("\"{}\"", cell.replace('"', "\"\"")));
                } else {
                    text.push_str(cell);
                }
                text.push(',');
            }
            text.pop();
            text.push_str(end);
            cells.push(row);
        }
        if !last {
            text.truncate(text.len() - end.len());
        }
        (text, cells)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_edit_is_read_back(
        (text, rows) in files(),
        order in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        new in prop::collection::vec(("[a王,\"\n]{0,4}", 0..4usize), 9),
    ) {
        let source = one(text.clone());
        prop_assert_eq!(cells(&source.table), rows.iter().map(|r| r.to_vec()).collect::<Vec<_>>());
        prop_assert_eq!(copy(&source, &keep_all(&source)), text.as_bytes());

        let mut expected = rows.clone();
        let mut edits = Edits::default();
        for (row, (text, column)) in new.iter().enumerate().take(rows.len()) {
            if (1..3).contains(column) {
                edits.replaced.push(Replaced { row: row as u32, column: *column as u32, text: text.as_str().into() });
                expected[row][*column] = text.clone();
            }
        }
        let mut wanted = Vec::new();
        for index in order {
            let at = index.index(rows.len() + 1);
            if at < rows.len() {
                edits.lines.push(Line::Kept(at as u32));
                wanted.push(expected[at].to_vec());
            } else {
                let row = vec!["7".to_string(), new[0].0.clone(), new[1].0.clone()];
                edits.lines.push(Line::Inserted(edits.inserted.len() as u32));
                edits.inserted.push(row.clone());
                wanted.push(row);
            }
        }
        let bytes = copy(&source, &edits);
        prop_assert_eq!(bytes.last() == Some(&b'\n') || bytes.last() == Some(&b'\r'), text.ends_with(['\r', '\n']) );
        let again = one(bytes);
        prop_assert_eq!(cells(&again.table), wanted);
    }

    #[test]
    fn random_text_never_panics_and_is_copied_exactly(text in "[ -~\r\n\"é王\t;|,]{0,80}") {
        if let Ok(sources) = from_bytes("x", text.clone().into_bytes(), &Limits::default()) {
            prop_assert_eq!(copy(&sources[0], &keep_all(&sources[0])), text.as_bytes());
        }
    }

    #[test]
    fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200), front in 0..6usize) {
        let magic: [&[u8]; 6] = [b"", b"PK\x03\x04", b"\xFF\xFE", b"\xFE\xFF", b"\xEF\xBB\xBF", b"\xD0\xCF"];
        let bytes = [magic[front], &bytes].concat();
        if let Ok(sources) = from_bytes("x", bytes.clone(), &Limits::default()) {
            prop_assert_eq!(copy(&sources[0], &keep_all(&sources[0])), bytes);
        }
    }
}
