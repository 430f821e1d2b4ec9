use std::io::{Cursor, Read};

use rust_xlsxwriter::{
    Chart, ChartType, ConditionalFormatFormula, DataValidation, Formula, Image, Note, Sparkline,
    Table, TableColumn, TableFunction, Url, Workbook,
};

use super::*;

#[path = "surroundings_tests/refusals.rs"]
mod refusals;

/// A point, so that a picture can be put in.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0\x90wS\xde\0\0\0\x0cIDATx\x9cc\xf8\xcf\xc0\0\0\x03\x01\x01\0\xc9\xfe\x92\xef\0\0\0\0IEND\xaeB`\x82";

/// A package in memory, changed part by part.
#[derive(Clone)]
struct Package(Vec<(String, Vec<u8>)>);

impl Package {
    fn open(bytes: &[u8]) -> Package {
        let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
        let parts = (0..zip.len()).map(|index| {
            let mut entry = zip.by_index(index).unwrap();
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).unwrap();
            (entry.name().unwrap().to_string(), bytes)
        });
        Package(parts.collect())
    }

    fn text(&self, part: &str) -> String {
        let found = self.0.iter().find(|(name, _)| name == part);
        String::from_utf8(found.unwrap_or_else(|| panic!("no {part}")).1.clone()).unwrap()
    }

    fn text_of_sheet(&self) -> String {
        let found = self.0.iter().find(|(name, _)| name == DATA);
        found.map_or_else(String::new, |(_, bytes)| {
            String::from_utf8_lossy(bytes).into_owned()
        })
    }

    /// Sets a part, a new one as well.
    fn set(&mut self, part: &str, text: &str) {
        self.0.retain(|(name, _)| name != part);
        self.0.push((part.to_string(), text.as_bytes().to_vec()));
    }

    fn change(&mut self, part: &str, old: &str, new: &str) {
        let text = self.text(part);
        assert!(text.contains(old), "{part} has no {old}");
        self.set(part, &text.replace(old, new));
    }

    fn look(&self, sheet_part: &str, table: Rows) -> Result<Surroundings, Stuck> {
        let names: Vec<String> = self.0.iter().map(|(name, _)| name.clone()).collect();
        let part = |wanted: &str| {
            let found = self.0.iter().find(|(name, _)| name == wanted);
            found.map(|(_, bytes)| bytes.as_slice().into())
        };
        Surroundings::new(&Given {
            names: &names,
            part: &part,
            sheet_part,
            table,
        })
    }

    fn relate(&mut self, part: &str, kind: &str, target: &str, text: &str) {
        let relations = package::relations_of(part);
        let one = format!(
            "<Relationship Id=\"rIdX{}\" Type=\"http://x/{kind}\" Target=\"/{target}\"/>",
            self.0.len()
        );
        if !self.0.iter().any(|(name, _)| *name == relations) {
            self.set(&relations, "<Relationships></Relationships>");
        }
        self.change(
            &relations,
            "</Relationships>",
            &format!("{one}</Relationships>"),
        );
        self.set(target, text);
    }
}

const DATA: &str = "xl/worksheets/sheet1.xml";

/// A title, heads in row 2, five rows and a row of totals, with everything that a program can hang on them; and a sheet of sums.
fn everything() -> Package {
    let mut book = Workbook::new();
    let data = book.add_worksheet();
    data.set_name("Data").unwrap();
    data.merge_range(0, 0, 0, 5, "Title", &rust_xlsxwriter::Format::new())
        .unwrap();
    let columns =
        ["id", "a", "b", "sum", "link", "line"].map(|name| TableColumn::new().set_header(name));
    let [id, a, b, sum, link, line] = columns;
    let columns = [
        id,
        a.set_total_function(TableFunction::Sum),
        b,
        sum.set_formula(Formula::new(
            "Table1[[#This Row],[a]]+Table1[[#This Row],[b]]",
        )),
        link,
        line,
    ];
    let table = Table::new().set_columns(&columns).set_total_row(true);
    data.add_table(1, 0, 7, 5, &table).unwrap();
    for row in 2..7u32 {
        data.write(row, 0, row).unwrap();
        data.write(row, 1, row * 2).unwrap();
        data.write(row, 2, row * 3).unwrap();
        let (place, name) = (format!("internal:Data!A{}", row + 1), format!("go {row}"));
        match row {
            4 => data
                .write_url(row, 4, Url::new("https://example.org/4").set_text("4"))
                .unwrap(),
            _ => data
                .write_url(row, 4, Url::new(place).set_text(name))
                .unwrap(),
        };
        let line = Sparkline::new().set_range(("Data", row, 1, row, 3));
        data.add_sparkline(row, 5, &line).unwrap();
    }
    let banded = ConditionalFormatFormula::new()
        .set_rule("=AND($B3>4,COUNTIF($B$3:$B$7,$B3)=1)")
        .set_format(rust_xlsxwriter::Format::new().set_bold());
    data.add_conditional_format(2, 0, 6, 3, &banded).unwrap();
    let list = DataValidation::new().allow_list_formula("=$A$10:$A$12".into());
    data.add_data_validation(2, 2, 6, 2, &list).unwrap();
    data.insert_note(4, 2, &Note::new("told by phone").set_author("me"))
        .unwrap();
    data.insert_note(5, 2, &Note::new("and again").set_author("me"))
        .unwrap();
    data.insert_image(4, 7, &Image::new_from_buffer(PNG).unwrap())
        .unwrap();
    data.write_formula(9, 0, Formula::new("=SUM(B3:B7)").set_result("40"))
        .unwrap();
    data.set_print_area(0, 0, 7, 5)
        .unwrap()
        .set_repeat_rows(0, 1)
        .unwrap();
    data.set_freeze_panes(2, 0).unwrap();
    data.set_page_breaks(&[5]).unwrap();
    let mut chart = Chart::new(ChartType::Column);
    chart
        .add_series()
        .set_values(("Data", 2, 1, 6, 1))
        .set_categories(("Data", 2, 0, 6, 0));
    data.insert_chart(10, 7, &chart).unwrap();
    let sums = book.add_worksheet();
    sums.set_name("Sums & more").unwrap();
    sums.write_formula(0, 0, Formula::new("=SUM(Data!B3:B7)").set_result("40"))
        .unwrap();
    sums.write_formula(1, 0, Formula::new("=Data!$B$5&\"<\"").set_result("8<"))
        .unwrap();
    sums.write_formula(2, 0, Formula::new("=A1*2").set_result("80"))
        .unwrap();
    book.define_name("rates", "=Data!$B$3:$B$7").unwrap();
    book.define_name("'Sums & more'!one", "='Sums & more'!$A$5")
        .unwrap();
    Package::open(&book.save_to_buffer().unwrap())
}

const TABLE: Rows = (2, 6);

/// One row put in above the third row of the table, one behind the last.
fn put_in() -> Moves {
    Moves::new(
        2,
        5,
        [Some(0), Some(1), None, Some(2), Some(3), Some(4), None],
    )
}

fn still() -> Moves {
    Moves::new(2, 5, (0..5).map(Some))
}

fn copy(package: &Package, moves: &Moves, added: &[NewFormula]) -> Package {
    let around = package.look(DATA, TABLE).unwrap();
    let mut copy = package.clone();
    let new = around.rewritten(moves, added, around.beside()).unwrap();
    for (part, bytes) in new.parts {
        copy.set(&part, std::str::from_utf8(&bytes).unwrap());
    }
    copy.0.retain(|(name, _)| !new.gone.contains(name));
    let own = package.text(DATA);
    let data = cells::data(&own).unwrap();
    let head = around.head(&own.as_bytes()[..data.start], moves).unwrap();
    let tail = around.tail(&own.as_bytes()[data.end..], moves).unwrap();
    let parts = [head, own.as_bytes()[data].to_vec(), tail].concat();
    copy.set(DATA, std::str::from_utf8(&parts).unwrap());
    copy
}

#[test]
fn everything_in_a_workbook_follows() {
    let source = everything();
    let around = source.look(DATA, TABLE).unwrap();
    assert!(matches!(around.beside(), Beside::Go));
    assert!(!around.pins_order());
    let copy = copy(&source, &put_in(), &[]);
    let has = |part: &str, pieces: &[&str]| {
        let text = copy.text(part);
        for piece in pieces {
            assert!(text.contains(piece), "{part} has no {piece}:\n{text}");
        }
    };
    has(
        DATA,
        &[
            "<mergeCell ref=\"A1:F1\"/>",
            "sqref=\"A3:D9\"",
            "AND($B3&gt;4,COUNTIF($B$3:$B$9,$B3)=1)",
            "sqref=\"C3:C9\"><formula1>$A$12:$A$14",
            "<hyperlink ref=\"E6\" r:id=",
            "<hyperlink ref=\"E7\" location=\"Data!A7\"",
            "<xm:f>Data!B6:D6</xm:f><xm:sqref>F6</xm:sqref>",
            "<brk id=\"6\"",
            "topLeftCell=\"A3\"",
            "<dimension ref=\"A1:F12\"/>",
        ],
    );
    has(
        "xl/tables/table1.xml",
        &[
            "ref=\"A2:F10\" totalsRowCount=\"1\"",
            "<autoFilter ref=\"A2:F9\"/>",
            "Table1[[#This Row],[a]]",
        ],
    );
    has(
        "xl/comments1.xml",
        &["<comment ref=\"C6\"", "<comment ref=\"C7\""],
    );
    has(
        "xl/drawings/vmlDrawing1.vml",
        &["<x:Row>5</x:Row>", "<x:Row>6</x:Row>"],
    );
    has(
        "xl/drawings/drawing1.xml",
        &["<xdr:row>5</xdr:row>", "<xdr:row>12</xdr:row>"],
    );
    has(
        "xl/charts/chart1.xml",
        &["<c:f>Data!$B$3:$B$9</c:f>", "<c:f>Data!$A$3:$A$9</c:f>"],
    );
    assert!(!copy.text("xl/charts/chart1.xml").contains("Cache>"));
    has(
        "xl/workbook.xml",
        &[
            "Data!$A$1:$F$10<",
            "Data!$1:$2<",
            "Data!$B$3:$B$9<",
            "'Sums &amp; more'!$A$5<",
            "fullCalcOnLoad=\"1\"",
        ],
    );
    has(
        "xl/worksheets/sheet2.xml",
        &[
            "<f>SUM(Data!B3:B9)</f></c>",
            "<f>Data!$B$6&amp;\"&lt;\"</f></c>",
            "<f>A1*2</f></c>",
        ],
    );
    assert!(!copy.text("xl/worksheets/sheet2.xml").contains("t=\"str\""));
    // what refers to nothing is as it was
    for (name, bytes) in &source.0 {
        if !copy.0.iter().any(|(n, b)| n == name && b == bytes) {
            let known = [
                "sheet1.xml",
                "sheet2.xml",
                "table1.xml",
                "comments1.xml",
                "vmlDrawing1.vml",
                "drawing1.xml",
                "chart1.xml",
                "workbook.xml",
            ];
            assert!(known.iter().any(|k| name.ends_with(k)), "{name}");
        }
    }
}

#[test]
fn nothing_changes_where_no_row_moves() {
    let source = everything();
    let copy = copy(&source, &still(), &[]);
    for (name, bytes) in &source.0 {
        // what was kept of calculations goes in any case, for cells are altered
        if [
            "xl/worksheets/sheet2.xml",
            "xl/charts/chart1.xml",
            "xl/workbook.xml",
        ]
        .contains(&name.as_str())
        {
            continue;
        }
        assert_eq!(
            String::from_utf8_lossy(bytes),
            String::from_utf8_lossy(&copy.0.iter().find(|(n, _)| n == name).unwrap().1),
            "{name}"
        );
    }
    // without a formula that reads the table even these stay
    let mut quiet = everything();
    quiet.set("xl/worksheets/sheet2.xml", "<worksheet><sheetData><row r=\"1\"><c r=\"A1\"><f>1+1</f><v>2</v></c></row></sheetData></worksheet>");
    let own = quiet.text(DATA);
    let data = cells::data(&own).unwrap();
    quiet.set(
        DATA,
        &format!("{}<sheetData/>{}", &own[..data.start], &own[data.end..]),
    );
    let around = quiet.look(DATA, TABLE).unwrap();
    assert!(matches!(around.beside(), Beside::Stay));
    let new = around.rewritten(&still(), &[], around.beside()).unwrap();
    let changed: Vec<&str> = new.parts.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(changed, ["xl/charts/chart1.xml"]);
}

#[test]
fn what_hangs_on_rows_left_out_goes() {
    let mut source = everything();
    source.set(
        "xl/worksheets/sheet2.xml",
        "<worksheet><sheetData/></worksheet>",
    );
    let package = source.text("xl/worksheets/_rels/sheet1.xml.rels");
    assert!(package.contains("https://example.org/4"));
    // the row with the picture, a note and the link is not in this copy
    let part = Moves::new(2, 5, [Some(0), Some(1), Some(3), Some(4)]);
    let copy = copy(&source, &part, &[]);
    assert!(
        !copy
            .text("xl/worksheets/_rels/sheet1.xml.rels")
            .contains("https://example.org/4")
    );
    assert!(
        copy.text("xl/worksheets/_rels/sheet1.xml.rels")
            .contains("drawing1.xml")
    );
    assert!(!copy.text("xl/comments1.xml").contains("told by phone"));
    assert!(
        copy.text("xl/comments1.xml")
            .contains("<comment ref=\"C5\"")
    );
    assert_eq!(
        copy.text("xl/drawings/vmlDrawing1.vml")
            .matches("</v:shape>")
            .count(),
        1
    );
    assert!(!copy.text("xl/drawings/drawing1.xml").contains("<xdr:pic>"));
    assert!(
        !copy
            .text("xl/drawings/_rels/drawing1.xml.rels")
            .contains("media")
    );
    assert!(!copy.0.iter().any(|(name, _)| name.starts_with("xl/media")));
    assert!(!copy.text(DATA).contains("ref=\"E5\" r:id"));
    assert!(copy.text("xl/tables/table1.xml").contains("ref=\"A2:F7\""));
}

#[test]
fn a_formula_that_reads_a_row_left_out_is_refused() {
    let around = everything().look(DATA, TABLE).unwrap();
    let part = Moves::new(2, 5, [Some(0), Some(1), Some(3), Some(4)]);
    let stuck = around.rewritten(&part, &[], around.beside()).unwrap_err();
    assert_eq!(stuck.place, "sheet `Sums & more`, cell A2");
    assert_eq!(
        stuck.why,
        "refers to `Data!$B$5`, of which the copy has no row"
    );
}

#[test]
fn threads_chain_and_thumbnail() {
    let mut source = everything();
    let entries = "<calcChain xmlns=\"m\"><c r=\"D7\" i=\"1\"/><c r=\"D5\"/><c r=\"A2\" i=\"2\" l=\"1\"/><c r=\"A1\"/></calcChain>";
    source.relate("xl/workbook.xml", "calcChain", "xl/calcChain.xml", entries);
    source.relate(DATA, "threadedComment", "xl/threadedComments/t.xml", "<ThreadedComments><threadedComment ref=\"C5\" id=\"{1}\"><text>x</text></threadedComment></ThreadedComments>");
    source.relate("", "thumbnail", "docProps/thumbnail.png", "PNG");
    source.change(
        "[Content_Types].xml",
        "</Types>",
        "<Override PartName=\"/docProps/thumbnail.png\" ContentType=\"image/png\"/></Types>",
    );
    let new = NewFormula {
        row: 4,
        column: 3,
        neighbour: 4,
    };
    let made = copy(&source, &put_in(), &[new]);
    assert_eq!(
        made.text("xl/calcChain.xml"),
        "<calcChain xmlns=\"m\"><c r=\"D8\" i=\"1\"/><c r=\"D6\"/><c r=\"D5\" i=\"1\"/><c r=\"A2\" i=\"2\" l=\"1\"/><c r=\"A1\"/></calcChain>"
    );
    assert!(
        made.text("xl/threadedComments/t.xml")
            .contains("ref=\"C6\"")
    );
    assert!(!made.0.iter().any(|(name, _)| name.contains("thumbnail")));
    assert!(!made.text("[Content_Types].xml").contains("thumbnail"));
    assert!(!made.text("_rels/.rels").contains("thumbnail"));
    assert!(made.text("_rels/.rels").contains("workbook.xml"));

    source.set(
        "xl/worksheets/sheet2.xml",
        "<worksheet><sheetData/></worksheet>",
    );
    source.set(
        "xl/calcChain.xml",
        "<calcChain><c r=\"D5\" i=\"1\"/></calcChain>",
    );
    let part = Moves::new(2, 5, [Some(0), Some(1), Some(3), Some(4)]);
    let made = copy(&source, &part, &[]);
    assert!(!made.0.iter().any(|(name, _)| name.contains("calcChain")));
    assert!(
        !made
            .text("xl/_rels/workbook.xml.rels")
            .contains("calcChain")
    );
}

#[test]
fn shapes_that_show_cells() {
    let mut source = everything();
    let shape = |link: &str| {
        format!(
            "<xdr:twoCellAnchor editAs=\"absolute\"><xdr:from><xdr:row>4</xdr:row></xdr:from><xdr:sp textlink=\"{link}\"><a:fld type=\"TxLink\"><a:t>told</a:t></a:fld></xdr:sp></xdr:twoCellAnchor></xdr:wsDr>"
        )
    };
    source.change(
        "xl/drawings/drawing1.xml",
        "</xdr:wsDr>",
        &shape("Data!$B$5"),
    );
    let text = copy(&source, &put_in(), &[]).text("xl/drawings/drawing1.xml");
    assert!(text.contains("<xdr:from><xdr:row>4</xdr:row></xdr:from><xdr:sp textlink=\"Data!$B$6\"><a:fld type=\"TxLink\"><a:t></a:t>"), "{text}");
    let mut source = everything();
    source.change(
        "xl/drawings/drawing1.xml",
        "</xdr:wsDr>",
        &shape("'Sums &amp; more'!$A$1"),
    );
    assert!(
        copy(&source, &put_in(), &[])
            .text("xl/drawings/drawing1.xml")
            .contains("<a:t>told</a:t>")
    );
    source.change(
        "xl/drawings/drawing1.xml",
        "</xdr:wsDr>",
        "<a14:cameraTool cellRange=\"$A$3:$C$5\"/></xdr:wsDr>",
    );
    let stuck = source
        .look(DATA, TABLE)
        .unwrap()
        .rewritten(&still(), &[], Beside::Stay)
        .unwrap_err();
    assert_eq!(stuck.place, "xl/drawings/drawing1.xml, a linked picture");
}
