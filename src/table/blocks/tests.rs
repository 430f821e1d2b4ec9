//! Sheets as people keep them.

use proptest::prelude::*;

use super::*;
use crate::table::{Area, Table};

/// Cells of lines: one a row, cells split at `|`.
fn sheet(lines: &[&str]) -> Cells {
    let mut cells = Cells::default();
    for (row, line) in lines.iter().enumerate() {
        for (column, text) in line.split('|').enumerate() {
            cells
                .push(row as u32, column as u32, text, &Limits::default())
                .unwrap();
        }
    }
    cells
}

fn found(lines: &[&str]) -> Vec<Found> {
    tables(&sheet(lines), &Limits::default()).0
}

fn one(lines: &[&str]) -> (Found, LeftOut) {
    let (mut found, left) = tables(&sheet(lines), &Limits::default());
    assert_eq!(found.len(), 1, "{found:#?}");
    (found.remove(0), left)
}

fn rows(table: &Table) -> Vec<String> {
    (0..table.rows())
        .map(|row| table.row(row).collect::<Vec<_>>().join("|"))
        .collect()
}

#[test]
fn a_clean_table() {
    let lines = [
        "序号|姓名|电话|地址",
        "1|王小丽|13812345678|花木路597弄",
        "2|李娜|13912345678|",
        "3|赵敏||浦东新区",
    ];
    let (table, left) = one(&lines);
    assert_eq!(table.table.header(), ["序号", "姓名", "电话", "地址"]);
    assert_eq!(rows(&table.table), &lines[1..]);
    assert_eq!(table.rows, [2, 3, 4]);
    assert_eq!(table.columns, [1, 2, 3, 4]);
    assert_eq!(left, LeftOut::default());
}

#[test]
fn titles_pages_totals_and_signatures_are_no_rows() {
    let (table, left) = one(&[
        "孕产妇登记表（2024年3月）",
        "",
        "制表：妇幼保健院||||2024-03-31",
        "序号|姓名|电话|预产期|体重",
        "1|王小丽|13812345678|2024-09-01|58.5",
        "2|李娜|13912345678|2024-08-11|61",
        "小计|||2|119.5",
        "第 1 页 共 2 页",
        "",
        "孕产妇登记表（2024年3月）",
        "序号|姓名|电话|预产期|体重",
        "3|赵敏|13712345678|2024-08-12|55",
        "",
        "4|孙合计|13612345678|2024-08-13|57",
        "合 计：|4|||231.5",
        "审核：张三||||2024-04-01",
    ]);
    assert_eq!(
        rows(&table.table),
        [
            "1|王小丽|13812345678|2024-09-01|58.5",
            "2|李娜|13912345678|2024-08-11|61",
            "3|赵敏|13712345678|2024-08-12|55",
            "4|孙合计|13612345678|2024-08-13|57",
        ]
    );
    assert_eq!(table.rows, [5, 6, 12, 14]);
    assert_eq!((left.headers, left.totals), (1, 2));
    let words = left.words("sheet `名单`").unwrap();
    assert!(
        words.contains("1 repeated header, 2 rows of totals"),
        "{words}"
    );
}

#[test]
fn blank_rows_and_columns_split_no_table() {
    let (table, _) = one(&[
        "",
        "|姓名||电话|备注",
        "",
        "|王小丽||13812345678|",
        "|李娜||13912345678|复查",
        "",
        "",
        "|赵敏||13712345678|",
    ]);
    assert_eq!(table.table.header(), ["姓名", "电话", "备注"]);
    assert_eq!(
        rows(&table.table),
        [
            "王小丽|13812345678|",
            "李娜|13912345678|复查",
            "赵敏|13712345678|"
        ]
    );
    assert_eq!(table.columns, [2, 4, 5]);
    assert_eq!(table.rows, [4, 5, 8]);
}

#[test]
fn a_line_between_any_two_rows_splits_no_table() {
    let row = |n: u32| format!("{n}|王小{n}|1381234{n:04}|正常");
    let rows: Vec<String> = (0..300).map(row).collect();
    let mut lines = vec!["序号|姓名|电话|备注"];
    for row in &rows {
        lines.extend(["", row]);
    }
    let (table, left) = one(&lines);
    assert_eq!(self::rows(&table.table), rows);
    assert_eq!(table.rows[299], 601);
    assert_eq!(left, LeftOut::default());
}

#[test]
fn thousands_of_scraps_are_not_as_many_tables() {
    let scraps = ["a|b", "", "||c|d", "", "||||e|f", ""].repeat(3000);
    assert!(found(&scraps).len() <= 1000);
}

#[test]
fn without_a_header() {
    let lines = [
        "王小丽|13812345678|2024-09-01",
        "李娜|13912345678|2024-08-11",
        "赵敏|13712345678|2024-08-12",
    ];
    let (table, _) = one(&lines);
    assert!(table.table.header().is_empty());
    assert_eq!(rows(&table.table), lines);
    let titled = ["名单", lines[0], lines[1], "", lines[2]];
    let (table, _) = one(&titled);
    assert_eq!(rows(&table.table), lines);
    assert_eq!(table.rows, [2, 3, 5]);
}

#[test]
fn tables_below_one_another() {
    let found = found(&[
        "第一批",
        "姓名|电话|预产期",
        "王小丽|13812345678|2024-09-01",
        "李娜|13912345678|2024-08-11",
        "",
        "第二批",
        "身份证号|姓名|体重|地址",
        "310101198601310748|赵敏|55|花木路",
        "310101198601310756|孙丽|57|浦东",
        "姓名|医院",
        "周芳|第一人民医院",
    ]);
    let headers: Vec<&[String]> = found.iter().map(|f| f.table.header()).collect();
    assert_eq!(headers.len(), 3, "{found:#?}");
    assert_eq!(headers[0], ["姓名", "电话", "预产期"]);
    assert_eq!(headers[1], ["身份证号", "姓名", "体重", "地址"]);
    assert_eq!(headers[2], ["姓名", "医院"]);
    assert_eq!(found[0].rows, [3, 4]);
    assert_eq!(found[1].rows, [8, 9]);
    assert_eq!(found[2].rows, [11]);
}

#[test]
fn tables_side_by_side() {
    let pair = found(&[
        "甲班|||乙班",
        "姓名|电话||姓名|电话",
        "王小丽|13812345678||赵敏|13712345678",
        "李娜|13912345678||孙丽|13612345678",
        "周芳|13512345678",
    ]);
    assert_eq!(pair.len(), 2, "{pair:#?}");
    assert_eq!(pair[0].table.rows(), 3);
    assert_eq!(
        rows(&pair[1].table),
        ["赵敏|13712345678", "孙丽|13612345678"]
    );
    assert_eq!(pair[1].columns, [4, 5]);

    let without_gap = found(&[
        "姓名|电话|姓名|电话",
        "王小丽|13812345678|赵敏|13712345678",
        "李娜|13912345678|孙丽|13612345678",
    ]);
    assert_eq!(without_gap.len(), 2);
    assert_eq!(without_gap[1].columns, [3, 4]);

    let lower = found(&[
        "姓名|电话",
        "王小丽|13812345678",
        "李娜|13912345678||医院|床位",
        "周芳|13512345678||第一医院|120",
        "赵敏|13712345678||第二医院|80",
    ]);
    assert_eq!(lower.len(), 2, "{lower:#?}");
    assert_eq!(lower[0].table.rows(), 4);
    assert_eq!(lower[1].table.header(), ["医院", "床位"]);
    assert_eq!(lower[1].rows, [4, 5]);
}

#[test]
fn a_note_beside_a_table_is_left_out() {
    let (table, left) = one(&[
        "姓名|电话|预产期",
        "王小丽|13812345678|2024-09-01",
        "李娜|13912345678|2024-08-11|||请核对",
        "周芳|13512345678|2024-08-12|||李主任",
        "赵敏|13712345678|2024-08-13",
    ]);
    assert_eq!(table.table.width(), 3);
    assert_eq!(table.table.rows(), 4);
    assert_eq!(left.remarks, 2);
}

#[test]
fn merged_values_and_heads() {
    let mut cells = sheet(&[
        "登记表",
        "医院|姓名|联系方式||预产期",
        "||电话|地址|",
        "第一医院|王小丽|13812345678|花木路|2024-09-01",
        "|李娜|13912345678|浦东|2024-08-11",
        "第二医院|赵敏|13712345678|徐汇|2024-08-12",
    ]);
    let area = |from, to| Area { from, to };
    cells.merged = vec![
        area((0, 0), (0, 4)),
        area((1, 0), (2, 0)),
        area((1, 1), (2, 1)),
        area((1, 2), (1, 3)),
        area((1, 4), (2, 4)),
        area((3, 0), (4, 0)),
    ];
    for merged in [true, false] {
        if !merged {
            cells.merged.clear();
        }
        let (found, _) = tables(&cells, &Limits::default());
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].table.header(),
            ["医院", "姓名", "电话", "地址", "预产期"]
        );
        assert_eq!(found[0].table.rows(), 3);
        let hospital = if merged { "第一医院" } else { "" };
        assert_eq!(found[0].table.cell(1, 0), hospital);
        assert_eq!(found[0].table.cell(1, 1), "李娜");
    }
}

#[test]
fn an_area_over_a_whole_sheet_costs_nothing() {
    let mut cells = sheet(&["a|b", "1|2", "3|4"]);
    let whole = Area {
        from: (0, 0),
        to: (u32::MAX, u32::MAX),
    };
    cells.merged = vec![whole; 100_000];
    let (found, _) = tables(&cells, &Limits::default());
    assert_eq!(found.len(), 1);
}

#[test]
fn few_and_far_cells_take_no_memory() {
    let limits = Limits::default();
    let mut cells = Cells::default();
    for row in 0..100_000u32 {
        cells.push(row, 0, "13812345678", &limits).unwrap();
        cells.push(row, 1 + row % 16_000, "x", &limits).unwrap();
    }
    let (found, left) = tables(&cells, &limits);
    assert_eq!(found[0].table.rows(), 100_000);
    assert_eq!(found[0].table.cell(99_999, 0), "13812345678");
    assert!(found[0].table.width() < 100);
    assert!(left.columns > 15_000);
    let mut corners = Cells::default();
    corners.push(0, 0, "a", &limits).unwrap();
    corners.push(u32::MAX, 16_383, "b", &limits).unwrap();
    corners.push(u32::MAX, u32::MAX, "c", &limits).unwrap();
    tables(&corners, &limits);
}

/// What sheets are made of.
const STUFF: [&str; 16] = [
    "",
    "",
    "",
    "",
    "姓名",
    "电话",
    "地址",
    "合计",
    "王小丽",
    "李娜",
    "13812345678",
    "13912345678",
    "2024-09-01",
    "58.5",
    "备注：无",
    "第 1 页",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]
    /// Whatever is cut and left out, a cell of a table is the sheet's cell at the place that the table gives for it, or the one
    /// merged over that place; and no cell is in two tables.
    #[test]
    fn cells_keep_their_places(
        width in 1usize..9,
        picks in prop::collection::vec(0usize..STUFF.len(), 0..140),
        areas in prop::collection::vec((0u32..16, 0u32..9, 0u32..4, 0u32..3), 0..3),
    ) {
        let mut cells = Cells::default();
        for (at, pick) in picks.iter().enumerate() {
            let (row, column) = ((at / width) as u32, (at % width) as u32);
            cells.push(row, column, STUFF[*pick], &Limits::default()).unwrap();
        }
        let merged = areas.iter().map(|(row, column, down, right)| Area {
            from: (*row, *column),
            to: (row + down, column + right),
        });
        cells.merged = merged.collect();
        let (found, _) = tables(&cells, &Limits::default());
        let mut seen = std::collections::HashSet::new();
        for table in &found {
            prop_assert_eq!(table.rows.len(), table.table.rows());
            prop_assert_eq!(table.columns.len(), table.table.width());
            for (row, number) in table.rows.iter().enumerate() {
                for (column, letter) in table.columns.iter().enumerate() {
                    let text = table.table.cell(row, column);
                    let place = (number - 1, letter - 1);
                    let own = cells.iter().find(|(r, c, _)| (*r, *c) == place);
                    match own {
                        Some((_, _, own)) => prop_assert!(text == own || is_under(&cells, place)),
                        None => prop_assert!(text.is_empty() || is_under(&cells, place)),
                    }
                    prop_assert!(text.is_empty() || seen.insert(place));
                }
            }
        }
    }
}

fn is_under(cells: &Cells, place: (u32, u32)) -> bool {
    cells
        .merged
        .iter()
        .any(|a| a.from.1 == place.1 && a.from.0 < place.0 && place.0 <= a.to.0)
}

/// Prints what finding a table of 40,000 x 19 takes.
#[test]
#[ignore = "a measurement"]
fn speed() {
    let mut cells = Cells::default();
    for row in 0..40_000u32 {
        for column in 0..19 {
            let text = match (row, column) {
                (0, _) => format!("姓名{column}"),
                (_, 0) => row.to_string(),
                (_, 3) => format!("1381234{row:05}"),
                _ => format!("浦东新区{row}"),
            };
            cells.push(row, column, &text, &Limits::default()).unwrap();
        }
    }
    for _ in 0..5 {
        let start = std::time::Instant::now();
        let (found, _) = tables(&cells, &Limits::default());
        println!("{:.1} ms", start.elapsed().as_secs_f64() * 1e3);
        assert_eq!(found[0].table.rows(), 39_999);
    }
}
