//! Values kept beside formulas: right in every copy, or in none.

use std::time::{Duration, Instant};

use rust_xlsxwriter::{Formula, Workbook};

use super::hostile::with_part;
use super::splices::{parts, sheets};
use super::*;

const ROWS: u32 = 60;

fn start(row: u32) -> f64 {
    45_000.0 + f64::from(row * 7 % 40)
}

fn weight(row: u32) -> f64 {
    40.0 + f64::from(row * 13 % 300) / 10.0
}

fn class(weight: f64) -> &'static str {
    if weight >= 55.0 { "high" } else { "low" }
}

/// A formula with the value that a program would keep.
fn kept(text: impl AsRef<str>, value: impl ToString) -> Formula {
    Formula::new(text).set_result(value.to_string())
}

/// Numbers, texts, a row's own number and a sum over a column; sums on another sheet, two of them of sums, one of nothing that
/// the table holds.
fn register() -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name("Data").unwrap();
    let heads = [
        "No", "Name", "Start", "Due", "Weight", "Class", "Third", "Share",
    ];
    sheet.write_row(0, 0, heads).unwrap();
    let total: f64 = (1..=ROWS).map(weight).sum();
    for row in 1..=ROWS {
        let n = row + 1;
        sheet.write(row, 1, format!("Name {row}")).unwrap();
        sheet.write(row, 2, start(row)).unwrap();
        sheet.write(row, 4, weight(row)).unwrap();
        let third = weight(row) / 3.0;
        for (column, formula) in [
            (0, kept("=ROW()-1", row)),
            (3, kept(format!("=C{n}+280"), start(row) + 280.0)),
            (
                5,
                kept(
                    format!("=IF(E{n}>=55,\"high\",\"low\")"),
                    class(weight(row)),
                ),
            ),
            (6, kept(format!("=E{n}/3"), third)),
            (
                7,
                kept(
                    format!("=ROUND(G{n}/SUM(G$2:G$61),6)"),
                    (third / (total / 3.0) * 1e6).round() / 1e6,
                ),
            ),
        ] {
            sheet.write_formula(row, column, formula).unwrap();
        }
    }
    let sums = book.add_worksheet().set_name("Sums").unwrap();
    let high = (1..=ROWS).filter(|r| class(weight(*r)) == "high").count();
    let last = (1..=ROWS).map(start).fold(0.0, f64::max) + 280.0;
    for (row, formula) in [
        kept("=SUM(Data!E:E)", total),
        kept("=COUNTIF(Data!F2:F61,\"high\")", high),
        kept("=IF(A2>0,A1/A2,0)", total / high as f64),
        kept("=MAX(Data!D:D)", last),
        kept("=A6*2", 14),
        kept("=3+4", 7),
    ]
    .into_iter()
    .enumerate()
    {
        sheet_formula(sums, row as u32, formula);
    }
    book.save_to_buffer().unwrap()
}

fn sheet_formula(sheet: &mut rust_xlsxwriter::Worksheet, row: u32, formula: Formula) {
    sheet.write_formula(row, 0, formula).unwrap();
}

fn text(bytes: &[u8], part: &str) -> String {
    let found = parts(bytes).into_iter().find(|(name, _)| name == part);
    String::from_utf8(found.expect(part).1).unwrap()
}

/// What is kept beside the formulas of a sheet: address and value.
fn beside(bytes: &[u8], part: &str) -> Vec<(String, Option<String>)> {
    let sheet = text(bytes, part);
    let cells = sheet
        .split("<c ")
        .skip(1)
        .filter(|cell| cell.contains("</f>"));
    let value = |cell: &str| {
        let (_, behind) = cell.split_once("<v>")?;
        Some(behind.split_once("</v>")?.0.to_string())
    };
    cells
        .map(|cell| {
            let address = cell
                .split_once("r=\"")
                .unwrap()
                .1
                .split_once('"')
                .unwrap()
                .0;
            (address.to_string(), value(cell))
        })
        .collect()
}

fn sums(bytes: &[u8]) -> Vec<String> {
    let all = beside(bytes, "xl/worksheets/sheet2.xml").into_iter();
    all.map(|(_, value)| value.unwrap_or_default()).collect()
}

fn data(bytes: &[u8]) -> Source {
    sheets(bytes).remove(0)
}

fn asks_for_calculation(bytes: &[u8]) -> bool {
    text(bytes, "xl/workbook.xml").contains("fullCalcOnLoad=\"1\"")
}

/// The register without the wish to be calculated, which its writer always has.
fn calm() -> Vec<u8> {
    with_part(&register(), "xl/workbook.xml", |bytes| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.replace(" fullCalcOnLoad=\"1\"", "").into_bytes()
    })
}

fn edits(source: &Source) -> Edits<'static> {
    let mut edits = keep_all(source);
    edits.lines.insert(7, Line::Inserted(0));
    edits.lines.remove(30);
    edits.lines.push(Line::Inserted(1));
    edits.replaced = vec![put(3, 4, "41.7"), put(9, 2, "45050"), put(12, 1, "Nobody")];
    let row = |name: &str, start: &str, weight: &str| {
        ["", name, start, "", weight, "", "", ""]
            .map(String::from)
            .to_vec()
    };
    edits.inserted = vec![
        row("Made Up", "45011", "77.7"),
        row("Nor He", "45033", "50.2"),
    ];
    edits
}

/// Every value beside a formula is the one that this copy's cells make.
fn all_are_right(copy: &[u8]) {
    let table = data(copy).table;
    let cell = |row: usize, column: usize| table.cell(row, column);
    let number = |row, column| cell(row, column).parse::<f64>().unwrap();
    let close = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12 * b.abs(), "{a} is not {b}");
    let rows = table.rows();
    let total: f64 = (0..rows).map(|row| number(row, 4)).sum();
    for row in 0..rows {
        assert_eq!(cell(row, 0), (row + 1).to_string());
        close(number(row, 3), number(row, 2) + 280.0);
        assert_eq!(cell(row, 5), class(number(row, 4)), "row {row}");
        close(number(row, 6), number(row, 4) / 3.0);
        assert!((number(row, 7) - number(row, 4) / total).abs() < 1e-6);
    }
    let found: Vec<f64> = sums(copy).iter().map(|v| v.parse().unwrap()).collect();
    let high = (0..rows).filter(|row| cell(*row, 5) == "high").count() as f64;
    close(found[0], total);
    close(found[1], high);
    close(found[2], total / high);
    close(
        found[3],
        (0..rows).map(|row| number(row, 3)).fold(0.0, f64::max),
    );
    assert_eq!(found[4..], [14.0, 7.0]);
}

#[test]
fn values_are_worked_out_anew() {
    let bytes = calm();
    let source = data(&bytes);
    all_are_right(&bytes);
    let copy = copy(&source, &edits(&source));
    assert_ne!(sums(&copy)[0], sums(&bytes)[0]);
    all_are_right(&copy);
    assert!(!asks_for_calculation(&copy));
}

#[test]
fn without_edits_nothing_changes() {
    let bytes = calm();
    let source = data(&bytes);
    assert!(parts(&copy(&source, &keep_all(&source))) == parts(&bytes));
    // what no formula reads changes no value
    let mut edits = keep_all(&source);
    edits.replaced = vec![put(5, 1, "Somebody")];
    let copy = copy(&source, &edits);
    for part in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
        assert_eq!(beside(&copy, part), beside(&bytes, part));
    }
}

/// The register with another text in one of its parts.
fn with(part: &str, old: &str, new: &str) -> Vec<u8> {
    with_part(&calm(), part, |bytes| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1).into_bytes()
    })
}

fn none_is_left(bytes: &[u8], why: &str) {
    let source = data(bytes);
    let copy = copy(&source, &edits(&source));
    for part in ["xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml"] {
        let left = beside(&copy, part)
            .into_iter()
            .find(|(_, value)| value.is_some());
        assert_eq!(left, None, "{why}");
    }
    assert!(asks_for_calculation(&copy), "{why}");
}

#[test]
fn what_cannot_be_trusted_goes_altogether() {
    let first = "xl/worksheets/sheet1.xml";
    let second = "xl/worksheets/sheet2.xml";
    // a value that was never right
    none_is_left(&stale(&calm()), "stale");
    for (part, old, new, why) in [
        (
            second,
            "<f>SUM(Data!E:E)</f>",
            "<f>SUM(Data!E:E)+0*RAND()</f>",
            "chance",
        ),
        (
            second,
            "<f>SUM(Data!E:E)</f>",
            "<f>SUM(INDIRECT(\"Data!E:E\"))</f>",
            "computed",
        ),
        (
            second,
            "<f>MAX(Data!D:D)</f>",
            "<f>MAX(Data!D:D)+0*[1]Other!A1</f>",
            "elsewhere",
        ),
        (
            second,
            "<f>MAX(Data!D:D)</f>",
            "<f>nobody(Data!D:D)</f>",
            "unknown",
        ),
        (
            second,
            "<f>3+4</f>",
            "<f>A3+0*MAX(Data!D:D)</f>",
            "round in circles",
        ),
        (
            first,
            "<f>E2/3</f>",
            "<f t=\"array\" ref=\"G2\">E2/3</f>",
            "an array",
        ),
        (
            "xl/workbook.xml",
            "<calcPr ",
            "<calcPr iterate=\"1\" ",
            "approximation",
        ),
    ] {
        let book = with(part, old, new);
        // a ring: A6 reads A3, A3 reads A1
        let book = match why {
            "round in circles" => with_part(&book, second, |bytes| {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                text.replace("<f>SUM(Data!E:E)</f>", "<f>SUM(Data!E:E)+0*A6</f>")
                    .into_bytes()
            }),
            _ => book,
        };
        none_is_left(&book, why);
    }
}

/// The sum over the table's weights is one that no weights make.
fn stale(book: &[u8]) -> Vec<u8> {
    let old = format!("<v>{}</v>", sums(book)[0]);
    with_part(book, "xl/worksheets/sheet2.xml", |bytes| {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        text.replacen(&old, "<v>1234.5</v>", 1).into_bytes()
    })
}

#[test]
fn the_day_is_the_one_on_which_it_was_saved() {
    let second = "xl/worksheets/sheet2.xml";
    let saved = text(&calm(), "docProps/core.xml");
    let (_, day) = saved.split_once("modified").unwrap();
    let (_, day) = day.split_once('>').unwrap();
    let day = dates::serial(&day[..10]).unwrap();
    let last = sums(&calm())[3].parse::<f64>().unwrap();
    for (late, right) in [(0.0, true), (1.0, true), (40.0, false)] {
        let book = with_part(&calm(), second, |bytes| {
            let text = String::from_utf8(bytes.to_vec()).unwrap();
            let (old, new) = ("<f>MAX(Data!D:D)</f>", "<f>TODAY()-MAX(Data!D:D)</f>");
            let value = format!("<v>{last}</v>");
            let days = format!("<v>{}</v>", day + late - last);
            assert!(text.contains(old) && text.contains(&value));
            text.replace(old, new).replace(&value, &days).into_bytes()
        });
        let source = data(&book);
        let mut edits = keep_all(&source);
        edits.replaced = vec![put(3, 2, "45300")];
        let copy = copy(&source, &edits);
        let expected = if right {
            (day + late - 45_580.0).to_string()
        } else {
            String::new()
        };
        assert_eq!(sums(&copy)[3], expected, "{late}");
    }
}

#[test]
fn an_unknown_formula_spoils_only_what_would_need_it() {
    let second = "xl/worksheets/sheet2.xml";
    let book = with(
        second,
        "<f>MAX(Data!D:D)</f>",
        "<f>MAX(Data!D:D)+0*RAND()</f>",
    );
    let source = data(&book);
    let mut edits = keep_all(&source);
    edits.replaced = vec![put(3, 4, "41.7")];
    all_are_right(&copy(&source, &edits));
    edits.replaced = vec![put(3, 2, "45001")];
    let copy = copy(&source, &edits);
    assert!(sums(&copy).iter().all(String::is_empty) && asks_for_calculation(&copy));
}

#[test]
fn hostile_formulas_cost_little_and_break_nothing() {
    let deep = "(".repeat(4_000) + "Data!E14+Data!B14" + &")".repeat(4_000);
    let minus = "-".repeat(8_000) + "SUM(Data!E:E)";
    let sum = "SUM(Data!E:E)".to_string() + &"+1".repeat(4_000);
    let wide = "SUM(Data!E1:E1048576*Data!A1:XFD1)".to_string();
    let repeats = "LEN(REPT(\"abcdefgh\",SUM(Data!E:E)*1E9))".to_string();
    let joined = "LEN(Data!B14".to_string() + &"&amp;Data!B14".repeat(2_000) + ")";
    let array = format!("SUM(Data!E2:E61*{{{}}})", vec!["1"; 3_000].join(","));
    let work = "SUM(Data!A:XFD)".to_string();
    for formula in [deep, minus, sum, wide, repeats, joined, array, work] {
        let new = format!("<f>{formula}</f>");
        let book = with("xl/worksheets/sheet2.xml", "<f>MAX(Data!D:D)</f>", &new);
        let source = data(&book);
        let began = Instant::now();
        let copy = copy(&source, &edits(&source));
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "{}",
            &formula[..20]
        );
        assert!(
            sums(&copy).iter().all(String::is_empty),
            "{}",
            &formula[..20]
        );
    }
    // as long as they may be, and told right or not at all
    let minus = "-".repeat(1_000) + "SUM(Data!E:E)";
    let sum = "SUM(Data!E:E)".to_string() + &"+1".repeat(500);
    let deep = "(".repeat(60) + "SUM(Data!E:E)" + &")".repeat(60);
    for formula in [minus, sum, deep] {
        let new = format!("<f>{formula}</f>");
        let book = with("xl/worksheets/sheet2.xml", "<f>MAX(Data!D:D)</f>", &new);
        let source = data(&book);
        assert!(
            sums(&copy(&source, &edits(&source)))
                .iter()
                .all(String::is_empty)
        );
    }
}
