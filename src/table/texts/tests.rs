//! Texts of every kind, most of them written by other programs.

use super::*;
use crate::table::{Found, Table, from_bytes};

fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/tables/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

fn contents(bytes: impl Into<Vec<u8>>) -> Contents {
    read("test", bytes.into(), &Limits::default()).unwrap()
}

fn one(bytes: impl Into<Vec<u8>>) -> Found {
    let mut contents = contents(bytes);
    assert_eq!(contents.tables.len(), 1, "{contents:#?}");
    contents.tables.remove(0)
}

fn why(bytes: impl Into<Vec<u8>>, limits: &Limits) -> String {
    let error = read("test", bytes.into(), limits).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    error.to_string()
}

fn rows(table: &Table) -> Vec<Vec<&str>> {
    (0..table.rows())
        .map(|row| table.row(row).collect())
        .collect()
}

/// The list of `gbk.csv` as the issuing reader has it.
fn list() -> Table {
    let mut sources = from_bytes("gbk.csv", fixture("gbk.csv"), &Limits::default()).unwrap();
    sources.remove(0).table
}

#[test]
fn as_the_issuing_reader_has_it() {
    for name in ["gbk.csv", "utf16.csv", "semicolon.csv", "titles.csv"] {
        let source = from_bytes(name, fixture(name), &Limits::default())
            .unwrap()
            .remove(0);
        let found = one(fixture(name));
        assert_eq!(found.table, source.table, "{name}");
        assert_eq!(found.rows[0] as usize, source.first_data_row, "{name}");
    }
}

#[test]
fn ordinary_tables_and_leaks_of_them_are_taken_whole() {
    use crate::drill::leaks::{
        Encoding, drop_columns, keep_columns, remove_header, shuffle_columns, take_rows,
        to_csv_bytes,
    };
    use crate::drill::registers::{Maternity, contacts, patients};
    let mothers = Maternity { rows: 400, seed: 3 }.month(0);
    let tables = [mothers, contacts(60, 3), contacts(11, 9), patients(300, 3)];
    for table in tables {
        let names: Vec<&str> = table.header().iter().map(String::as_str).collect();
        let narrow = keep_columns(&table, &names[..names.len().min(4)]).unwrap();
        let cut = drop_columns(&table, &names[..1]).unwrap();
        let leaks = [
            table.clone(),
            take_rows(&table, 5, 1),
            remove_header(&table),
            shuffle_columns(&take_rows(&table, 40, 2), 7),
            remove_header(&take_rows(&narrow, 30, 2)),
            remove_header(&cut),
            narrow,
            cut,
        ];
        for (number, leak) in leaks.iter().enumerate() {
            for encoding in [Encoding::Utf8Bom, Encoding::Gbk] {
                let bytes = to_csv_bytes(leak, encoding);
                let contents = contents(bytes.clone());
                assert_eq!(contents.notes, [""; 0], "{names:?} {number}");
                assert_eq!(contents.tables.len(), 1, "{names:?} {number}");
                let found = &contents.tables[0].table;
                let issuing = from_bytes("x", bytes, &Limits::default())
                    .unwrap()
                    .remove(0);
                assert_eq!(found.header(), issuing.table.header(), "{number}");
                assert_eq!(rows(found), rows(&issuing.table), "{names:?} {number}");
            }
        }
    }
}

#[test]
fn tabs_under_the_name_of_a_workbook() {
    let contents = contents(fixture("tabs_be.xls"));
    assert_eq!(contents.format, "text with tabs (UTF-16)");
    assert_eq!(contents.tables[0].table, list());
}

#[test]
fn big5_is_told_from_gbk() {
    let big5 = contents(fixture("big5.csv"));
    assert_eq!(big5.format, "CSV (Big5)");
    let table = &big5.tables[0].table;
    assert_eq!(table.header()[2], "手機號");
    assert_eq!(table.cell(1, 1), "劉麗娜");
    assert_eq!(contents(fixture("gbk.csv")).format, "CSV (GB18030)");
    for text in ["王小丽,浦东\n李娜,徐汇\n", "赵敏\n", "姓名,备注\n孙颖,无\n"] {
        let (bytes, _, _) = encoding_rs::GBK.encode(text);
        assert_eq!(contents(bytes).format, "CSV (GB18030)", "{text}");
    }
    for text in [
        "姓名,電話\n王小麗,13812345678\n",
        "陳志明,臺北市\n林淑芬,高雄市\n",
    ] {
        let (bytes, _, _) = encoding_rs::BIG5.encode(text);
        assert_eq!(contents(bytes).format, "CSV (Big5)", "{text}");
    }
}

#[test]
fn a_broken_byte_is_no_reason_to_stop() {
    let mut bytes = "姓名,电话\n王小丽,13812345678\n李娜,13912345678\n赵敏,1371234"
        .as_bytes()
        .to_vec();
    bytes.push(0xE6);
    let text = contents(bytes);
    assert_eq!(text.tables[0].table.rows(), 3);
    assert_eq!(
        text.notes,
        ["1 character is damaged and could not be read as UTF-8."]
    );
    let western = contents(b"name,town\nJos\xE9 N\xFA\xF1ez,C\xE1diz\nAnn Lee,Hull\n".to_vec());
    assert_eq!(western.format, "CSV (Windows-1252)");
    assert_eq!(western.tables[0].table.cell(0, 1), "Cádiz");
}

#[test]
fn text_that_went_through_gbk_is_repaired_where_it_can_be() {
    let contents = contents(fixture("through_gbk.csv"));
    let table = &contents.tables[0].table;
    let list = list();
    let right = (0..12)
        .filter(|row| table.cell(*row, 1) == list.cell(*row, 1))
        .count();
    assert!(right >= 4, "{right} names of 12");
    for column in [0, 2, 3, 4, 5] {
        assert!(table.column(column).eq(list.column(column)));
    }
    assert!(
        contents.notes[0].contains("cells were repaired"),
        "{:?}",
        contents.notes
    );
}

#[test]
fn json_of_every_shape() {
    let list = list();
    for name in ["lines.jsonl", "columns.json"] {
        let found = one(fixture(name));
        assert_eq!(found.table.header(), list.header(), "{name}");
        assert_eq!(rows(&found.table), rows(&list), "{name}");
    }
    let nested = one(fixture("nested.json"));
    assert_eq!(
        nested.table.header(),
        [
            "id",
            "person.姓名",
            "person.手机号.0",
            "person.手机号.1",
            "预产期",
            "体重"
        ]
    );
    assert_eq!(
        nested.table.row(0).collect::<Vec<_>>(),
        [
            "31010119860131074",
            "杨敏",
            "18608736694",
            "021-55550001",
            "2024-06-25T00:00:00",
            "56.5"
        ]
    );
    assert_eq!(nested.table.rows(), 12);
}

#[test]
fn json_that_is_odd() {
    let arrays = one("[[\"name\",\"phone\"],[\"Ann\",13812345678],[\"Bob\",13912345678]]");
    assert_eq!(arrays.table.header(), ["name", "phone"]);
    assert_eq!(arrays.table.cell(1, 1), "13912345678");
    let joined = one("{\"id\":310101198601310748000,\"n\":1.50}{\"n\":null,\"id\":2e3}");
    assert_eq!(
        rows(&joined.table),
        [["310101198601310748000", "1.50"], ["2e3", ""]]
    );
    let python = one("[{'name': 'Ann', 'ok': True, 'x': None}, {'name': 'B\\'ob', 'ok': False},]");
    assert_eq!(
        rows(&python.table),
        [["Ann", "True", ""], ["B'ob", "False", ""]]
    );
    let keyed = one(
        r#"{"310101198601310748":{"n":"Ann","d":"1"},"310101198601310756":{"n":"Bob","d":"2"}}"#,
    );
    assert_eq!(keyed.table.header(), ["key", "n", "d"]);
    assert_eq!(
        rows(&keyed.table),
        [
            ["310101198601310748", "Ann", "1"],
            ["310101198601310756", "Bob", "2"]
        ]
    );
    let escapes = one(r#"{"a":"\u738b\ud83d\ude00\ud800x\n"}"#);
    assert_eq!(escapes.table.cell(0, 0), "王😀\u{fffd}x\n");
    let cut = contents("[{\"name\":\"Ann\",\"phone\":\"1\"},{\"name\":\"Bob\",\"pho");
    assert_eq!(rows(&cut.tables[0].table), [["Ann", "1"], ["Bob", ""]]);
    assert!(cut.notes[0].starts_with("Line 1 is damaged JSON"));
    let lines = contents("{\"a\":1,\"b\":2}\n{\"a\":3,\"b\n{\"a\":5,\"b\":6}\n");
    assert!(!lines.notes.is_empty());
    let limits = Limits::default();
    assert!(why("{\"a\" 1}", &limits).contains("damaged in line 1"));
    assert!(why("[".repeat(100_000), &limits).contains("nested more than 64 deep"));
    assert!(why("{\"a\":".repeat(100_000), &limits).contains("nested more than 64 deep"));
    let wide = format!("[[{}]]", "1,".repeat(100_000));
    assert!(why(wide, &limits).contains("more than 16384 values"));
    assert!(why("[{}]", &limits).contains("no cells"));
    let names: String = (0..40_000).map(|n| format!("{{\"k{n}\":1}}\n")).collect();
    assert!(one(names).table.width() <= 16_384);
}

#[test]
fn pages_of_other_programs() {
    let list = list();
    let pandas = contents(fixture("pandas_html.xls"));
    assert_eq!(pandas.format, "a web page with tables (GB18030)");
    assert_eq!(rows(&pandas.tables[0].table), rows(&list));
    let office = one(fixture("libreoffice_html.xls"));
    assert_eq!(office.table.rows(), 12);
    assert!(office.table.column(2).eq(list.column(2)));
    assert!(office.table.column(3).eq(list.column(3)));
    assert_eq!(office.table.cell(0, 4), "2024年6月25日");
}

#[test]
fn pages_that_are_odd() {
    let page = contents(
        "<!-- x --><TABLE><caption>a</caption><tr><th rowspan=2>姓名<th colspan='2'>联系方式<tr><th>电话<th>地址\
         <tr><td>王&#23567;丽&nbsp;<td x:num=\"13812345678\">1.38E+10</td><td>花木路<br>597弄 &lt;1&gt; A&B</tr>\
         <tr><td>李娜<td>13912345678<td><b>浦 东</b><script>if (a<b) '</td>'</script></table>\
         <table><tr><td>赵敏<td>13712345678<tr><td>孙丽<td>13612345678",
    );
    assert_eq!(page.tables.len(), 2, "{page:#?}");
    let table = &page.tables[0].table;
    assert_eq!(table.header(), ["姓名", "电话", "地址"]);
    assert_eq!(
        rows(table),
        [
            ["王小丽", "13812345678", "花木路 597弄 <1> A&B"],
            ["李娜", "13912345678", "浦 东"]
        ]
    );
    assert_eq!(page.tables[1].table.rows(), 2);
    let limits = Limits::default();
    assert!(why("<html><body>hello</body></html>", &limits).contains("without a table"));
    assert!(why("<table>".repeat(200_000), &limits).contains("without a table"));
    let deep = format!("{}x", "<table><tr><td>".repeat(100_000));
    assert!(contents(deep).tables.len() <= 32);
    let wide = "<table><tr><td colspan=1000 rowspan=65534>1".to_string()
        + &"<td colspan=1000>2".repeat(10_000);
    contents(wide);
    assert!(why("<table><td>x</table>".repeat(20_000), &limits).contains("more than 10000 tables"));
    let quote = "<table><tr><td class=\"a>王小丽<td>13812345678<tr><td>李娜<td>13912345678</table>";
    contents(quote);
}

#[test]
fn labels() {
    let lines =
        one("姓名：王小丽 电话：13812345678 地址：花木路597弄\n姓名：李娜 电话：13912345678\n");
    assert_eq!(lines.table.header(), ["姓名", "电话", "地址"]);
    assert_eq!(
        rows(&lines.table),
        [
            ["王小丽", "13812345678", "花木路597弄"],
            ["李娜", "13912345678", ""]
        ]
    );
    let blocks = one(
        "1.\n姓名: 王小丽\n电话: 13812345678\n地址: 浦东新区\n花木路597弄\n\n2.\n姓名: 李娜\n电话: 13912345678\n",
    );
    assert_eq!(
        rows(&blocks.table),
        [
            ["王小丽", "13812345678", "浦东新区 花木路597弄"],
            ["李娜", "13912345678", ""]
        ]
    );
    assert_eq!(blocks.rows, [2, 8]);
}

#[test]
fn pasted_lists() {
    let expected = [
        ["王小丽", "13812345678", "2024-09-01", "花木路597弄4号"],
        ["李娜", "13912345678", "2024-08-11", "浦东新区世纪大道1号"],
        ["赵敏", "13712345678", "2024-08-12", "徐汇区天平路8号"],
    ];
    let joined = |separator: &str, number: &dyn Fn(usize) -> String| {
        let lines = expected.iter().enumerate();
        lines
            .map(|(at, row)| number(at + 1) + &row.join(separator) + "\n")
            .collect::<String>()
    };
    for separator in [" ", "  ", "\t", "、", "，", " | ", "\u{3000}", ", "] {
        for number in [
            |_| String::new(),
            |n| format!("{n}、"),
            |n| format!("{n}. "),
        ] {
            let text = joined(separator, &number);
            let found = one(text.as_str());
            let trimmed: Vec<Vec<&str>> = rows(&found.table)
                .iter()
                .map(|row| row.iter().map(|cell| cell.trim()).collect())
                .collect();
            assert_eq!(trimmed, expected, "{text}");
        }
    }
}

#[test]
fn ragged_lines_stand_under_their_like() {
    let found = one(
        "名单如下\n1、王小丽 13812345678 2024-09-01 花木路597弄4号\n2、李娜 2024-08-11 浦东新区 世纪大道1号\n\n\
         3、赵敏13712345678 2024-08-12 徐汇区天平路8号\n4、孙丽 136 1234 5678 2024-08-13\n收到谢谢\n",
    );
    let glued = one(
        "1.王小丽 13812345678 预产期2024-09-01\n2.李  娜  13912345678  预产期2024-08-11\n3.赵敏，13712345678，预产期2024/8/12\n",
    );
    assert_eq!(glued.table.cell(1, 0), "李娜");
    assert!(
        glued
            .table
            .column(3)
            .eq(["2024-09-01", "2024-08-11", "2024/8/12"])
    );
    let table = &found.table;
    let row = |name: &str| {
        let at = (0..table.rows())
            .find(|row| table.cell(*row, 0) == name)
            .unwrap();
        table.row(at).skip(1).collect::<Vec<_>>()
    };
    assert_eq!(
        row("王小丽"),
        ["13812345678", "2024-09-01", "花木路597弄4号"]
    );
    assert_eq!(row("李娜"), ["", "2024-08-11", "浦东新区 世纪大道1号"]);
    assert_eq!(
        row("赵敏"),
        ["13712345678", "2024-08-12", "徐汇区天平路8号"]
    );
    assert_eq!(row("孙丽"), ["13612345678", "2024-08-13", ""]);
}

#[test]
fn a_line_for_each_cell() {
    let lists = [
        "王小丽\n13812345678\n2024-09-01\n李娜\n13912345678\n2024-08-11\n赵敏\n13712345678\n2024-08-12\n",
        "1、\n王小丽\n13812345678\n2024-09-01\n\n2、\n李娜\n13912345678\n2024-08-11\n\n赵敏\n13712345678\n2024-08-12",
    ];
    for list in lists {
        let found = one(list);
        assert_eq!(
            rows(&found.table),
            [
                ["王小丽", "13812345678", "2024-09-01"],
                ["李娜", "13912345678", "2024-08-11"],
                ["赵敏", "13712345678", "2024-08-12"]
            ],
            "{list}"
        );
    }
    let phones = one("13812345678\n13912345678\n13712345678\n13612345678\n");
    assert_eq!(phones.table.width(), 1);
}

#[test]
fn endless_lines_are_no_lists() {
    let limits = Limits::default();
    assert!(why("a ".repeat(2 << 20), &limits).contains("longer than 1 MiB"));
    assert!(why("ab:c ".repeat(1 << 20), &limits).contains("longer than 1 MiB"));
    assert!(why("a,".repeat(1 << 20), &limits).contains("more than 16384 columns"));
}

#[test]
fn nothing_to_read() {
    let limits = Limits::default();
    assert!(why(" \n\n", &limits).contains("no cells"));
    assert!(why("a\0b", &limits).contains("NUL"));
    let tight = Limits {
        cell_bytes: 1000,
        ..Limits::default()
    };
    assert!(why("x".repeat(5000), &tight).contains("longer than"));
    assert!(why(format!("姓名：王\n电话：{}", "1".repeat(5000)), &tight).contains("longer than"));
    assert!(why(format!("<table><td>{}", "x".repeat(5000)), &tight).contains("longer than"));
    assert!(why(format!("{{\"a\":\"{}\"}}", "x".repeat(5000)), &tight).contains("longer than"));
}

/// Prints what taking apart a list of 40,000 x 10 takes, against the issuing reader.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let mut text = String::from("序号,姓名,手机号,身份证号,预产期,体重,住址,医院,孕周,备注\r\n");
    let mut json = String::new();
    for n in 0..40_000u32 {
        let (a, b) = (n % 97, n % 28 + 1);
        text.push_str(&format!("{n},王小丽{a},138{n:08},3101011990{b:02}{b:02}{:04},2024-09-{b:02},{}.5,浦东新区花木路{a}弄{b}号{n}室,第{a}人民医院,{b},正常\r\n", n % 9999, 40 + b));
        json.push_str(&format!("{{\"姓名\":\"王小丽{a}\",\"手机号\":\"138{n:08}\",\"身份证号\":\"3101011990{b:02}{b:02}{:04}\",\"预产期\":\"2024-09-{b:02}\"}}\n", n % 9999));
    }
    let (gbk, _, _) = encoding_rs::GB18030.encode(&text);
    let pasted = text.replace(',', " ");
    let time = |what: &str, job: &dyn Fn()| {
        let best = (0..5)
            .map(|_| {
                let start = std::time::Instant::now();
                job();
                start.elapsed()
            })
            .min();
        println!("{what}: {best:?}");
    };
    let limits = Limits::default();
    time("issuing", &|| {
        drop(from_bytes("x", text.clone().into_bytes(), &limits).unwrap())
    });
    time("csv", &|| drop(contents(text.clone())));
    time("gbk", &|| drop(contents(gbk.to_vec())));
    time("json lines", &|| drop(contents(json.clone())));
    time("pasted", &|| drop(contents(pasted.clone())));
}
