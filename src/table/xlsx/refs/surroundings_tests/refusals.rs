//! What is refused, what is listed, and files that nobody would write.

use super::*;

#[test]
fn copies_of_the_table_are_refused() {
    let refused = |kind: &str, target: &str, text: &str| {
        let mut source = everything();
        source.relate("xl/workbook.xml", kind, target, text);
        let stuck = source.look(DATA, TABLE).err();
        assert!(
            stuck.as_ref().is_none_or(|s| s.place == target),
            "{stuck:?}"
        );
        stuck.is_some()
    };
    let cache = |source: &str| {
        format!(
            "<pivotCacheDefinition><cacheSource type=\"worksheet\"><worksheetSource {source}/></cacheSource></pivotCacheDefinition>"
        )
    };
    let pivot = |source: &str| {
        refused(
            "pivotCacheDefinition",
            "xl/pivotCache/pivotCacheDefinition1.xml",
            &cache(source),
        )
    };
    assert!(pivot("ref=\"A2:F7\" sheet=\"data\""));
    assert!(pivot("name=\"Table1\""));
    assert!(pivot("name=\"rates\""));
    assert!(pivot("name=\"nobody\""));
    assert!(!pivot("ref=\"A2:F7\" sheet=\"Sums &amp; more\""));
    assert!(!pivot("name=\"one\""));
    assert!(refused(
        "revisionHeaders",
        "xl/revisions/revisionHeaders.xml",
        "<headers/>"
    ));
    assert!(refused("powerPivotData", "xl/model/item.data", "x"));
    assert!(refused(
        "connections",
        "xl/connections.xml",
        "<connections><x15:rangePr sourceName=\"x\"/></connections>"
    ));
    assert!(!refused(
        "connections",
        "xl/connections.xml",
        "<connections><dbPr/></connections>"
    ));
    let mut source = everything();
    source.relate(
        DATA,
        "queryTable",
        "xl/queryTables/queryTable1.xml",
        "<queryTable/>",
    );
    assert_eq!(
        source.look(DATA, TABLE).unwrap_err().place,
        "xl/queryTables/queryTable1.xml"
    );
    let mut source = everything();
    source.relate(DATA, "package", "xl/embeddings/book.xlsx", "x");
    assert!(source.look(DATA, TABLE).is_err());
}

#[test]
fn order_is_pinned_by_what_holds_for_some_rows() {
    let pinned = |part: &str, old: &str, new: &str| {
        let mut source = everything();
        source.change(part, old, new);
        source.look(DATA, TABLE).unwrap().pins_order()
    };
    assert!(pinned(DATA, "sqref=\"A3:D7\"", "sqref=\"A3:D6\""));
    assert!(pinned(DATA, "sqref=\"C3:C7\"", "sqref=\"C3 C5:C6\""));
    assert!(!pinned(DATA, "sqref=\"C3:C7\"", "sqref=\"C3 C5 C7\""));
    assert!(pinned(DATA, "ref=\"A1:F1\"", "ref=\"A3:A4\""));
    assert!(pinned(
        "xl/workbook.xml",
        "Data!$B$3:$B$7",
        "Data!$B$3:$B$6"
    ));
    assert!(pinned(
        "xl/worksheets/sheet2.xml",
        "SUM(Data!B3:B7)",
        "SUM(Data!B3:B5)"
    ));
    assert!(pinned(
        "xl/charts/chart1.xml",
        "Data!$B$3:$B$7",
        "Data!$B$4:$B$7"
    ));
    assert!(pinned(
        DATA,
        "<row r=\"5\"",
        "<row r=\"5\" outlineLevel=\"1\""
    ));
    assert!(!pinned(
        DATA,
        "<row r=\"10\"",
        "<row r=\"10\" outlineLevel=\"1\""
    ));
}

#[test]
fn what_stands_beside_the_table() {
    let second =
        "<table name=\"T2\" displayName=\"T2\" ref=\"J2:K5\"><autoFilter ref=\"J2:K5\"/></table>";
    let mut source = everything();
    source.relate(DATA, "table", "xl/tables/table9.xml", second);
    let around = source.look(DATA, TABLE).unwrap();
    assert!(around.rewritten(&still(), &[], around.beside()).is_ok());
    let stuck = around
        .rewritten(&put_in(), &[], around.beside())
        .unwrap_err();
    assert_eq!(stuck.place, "xl/tables/table9.xml");
    let pivot = |area: &str| {
        let mut source = everything();
        let text = format!(
            "<pivotTableDefinition name=\"p\"><location ref=\"{area}\" firstHeaderRow=\"1\"/></pivotTableDefinition>"
        );
        source.relate(DATA, "pivotTable", "xl/pivotTables/p.xml", &text);
        let around = source.look(DATA, TABLE).unwrap();
        let new = around.rewritten(&put_in(), &[], around.beside())?;
        let part = new
            .parts
            .into_iter()
            .find(|(name, _)| name == "xl/pivotTables/p.xml");
        Ok::<_, Stuck>(String::from_utf8(part.unwrap().1).unwrap())
    };
    assert!(pivot("J12:K15").unwrap().contains("ref=\"J14:K17\""));
    assert!(pivot("J3:K6").is_err());
    assert!(
        pivot("J5:K6").unwrap().contains("ref=\"J6:K7\""),
        "below the row put in"
    );
}

#[test]
fn parts_that_nobody_looks_into_are_listed() {
    let mut source = everything();
    source.relate("", "customXml", "customXml/item1.xml", "<a/>");
    let around = source.look(DATA, TABLE).unwrap();
    let listed = around.untouched_texts();
    for part in [
        "customXml/item1.xml",
        "docProps/core.xml",
        "xl/styles.xml",
        "xl/sharedStrings.xml",
    ] {
        assert!(listed.contains(&part), "{part}");
    }
    for part in [
        DATA,
        "xl/worksheets/sheet2.xml",
        "xl/workbook.xml",
        "xl/charts/chart1.xml",
    ] {
        assert!(!listed.contains(&part), "{part}");
    }
}

#[test]
fn damaged_packages_are_refused_by_name() {
    let mut source = everything();
    source.0.retain(|(name, _)| name != "xl/comments1.xml");
    assert!(
        source.look(DATA, TABLE).is_ok(),
        "what is not there cannot be wrong"
    );
    let mut source = everything();
    source
        .0
        .retain(|(name, _)| name != "xl/worksheets/sheet2.xml");
    let stuck = source.look(DATA, TABLE).unwrap_err();
    assert_eq!(
        (stuck.place.as_str(), stuck.why.as_str()),
        ("xl/worksheets/sheet2.xml", "is missing")
    );
    let mut source = everything();
    source
        .0
        .iter_mut()
        .find(|(name, _)| name == "xl/workbook.xml")
        .unwrap()
        .1 = b"\xff\xfe<\0".to_vec();
    assert!(source.look(DATA, TABLE).unwrap_err().why.contains("UTF-8"));
    let mut source = everything();
    source.0.retain(|(name, _)| name != "_rels/.rels");
    assert_eq!(source.look(DATA, TABLE).unwrap_err().place, "the package");
    assert!(
        everything()
            .look("xl/worksheets/sheet9.xml", TABLE)
            .is_err()
    );
}

/// Numbers without a pattern, the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides.max(1)
    }
}

#[test]
fn no_damage_makes_it_panic() {
    let source = everything();
    let pieces = [
        "<",
        ">",
        "\"",
        "'",
        "&",
        "/>",
        "</",
        "é",
        "[",
        "!",
        ":",
        "$",
        "A1",
        "9999999999",
        "-1",
        "",
        "<!--",
        "<![CDATA[",
    ];
    let mut dice = Dice(7);
    let (mut fine, mut refused) = (0, 0);
    let looked_into: Vec<usize> = (0..source.0.len())
        .filter(|at| {
            let name = &source.0[*at].0;
            !["docProps", "theme", "styles", "media"]
                .iter()
                .any(|raw| name.contains(raw))
        })
        .collect();
    for _ in 0..300 {
        let mut package = source.clone();
        for _ in 0..1 + dice.roll(5) {
            let part = looked_into[dice.roll(looked_into.len())];
            let bytes = &mut package.0[part].1;
            let start = dice.roll(bytes.len());
            let end = (start + dice.roll(12)).min(bytes.len());
            bytes.splice(start..end, pieces[dice.roll(pieces.len())].bytes());
        }
        let outcome = package.look(DATA, TABLE).and_then(|around| {
            let text = package.text_of_sheet();
            let data = cells::data(&text).unwrap_or(0..0);
            around.head(&text.as_bytes()[..data.start], &put_in())?;
            around.tail(&text.as_bytes()[data.end..], &put_in())?;
            around.rewritten(&put_in(), &[], around.beside())
        });
        match outcome {
            Ok(_) => fine += 1,
            Err(stuck) => {
                assert!(
                    !stuck.place.is_empty() && !stuck.why.is_empty(),
                    "{stuck:?}"
                );
                refused += 1;
            }
        }
    }
    assert!(fine > 20 && refused > 20, "{fine} fine, {refused} refused");
}

#[test]
fn a_listed_tables_header_is_no_record() {
    let listed = |about: &str| {
        let mut source = everything();
        let text = format!("<table name=\"T2\" displayName=\"T2\" ref=\"J4:K7\"{about}/>");
        source.relate(DATA, "table", "xl/tables/table9.xml", &text);
        source.look(DATA, TABLE).map(|_| ())
    };
    let stuck = listed("").unwrap_err();
    assert_eq!(stuck.place, "xl/tables/table9.xml");
    assert!(
        stuck.why.starts_with("has its header in row 4,"),
        "{stuck:?}"
    );
    assert_eq!(listed(" headerRowCount=\"0\""), Ok(()));
}
