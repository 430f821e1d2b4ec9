//! Registers that come as xls, et or ods: issued as xlsx, said so, and traced.

mod support;

use support::{Desk, column, read};
use taggant::drill::leaks::{Encoding, take_rows, to_csv_bytes};

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
        let (source, copy) = (read(&desk.path(name)), &copies[1]);
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
