use super::*;
use crate::table::xlsx::moves::Moves;
use crate::table::xlsx::refs::Where;

fn with(text: &str, moves: &Moves, on_table: bool) -> Result<String, Stuck> {
    let sheets = ["Data", "Codes"].map(String::from);
    let side = Side {
        place: Where {
            on_table,
            sheets: &sheets,
            table: 0,
        },
        moves,
    };
    Ok(surroundings(text, &side)?.unwrap_or_else(|| text.to_string()))
}

/// Five rows from row 3 (written): one put in before the first, one above the third, one behind the last.
fn put_in() -> Moves {
    let lines = [
        None,
        Some(0),
        Some(1),
        None,
        Some(2),
        Some(3),
        Some(4),
        None,
    ];
    Moves::new(2, 5, lines)
}

/// Of the five only the first and the fourth.
fn part() -> Moves {
    Moves::new(2, 5, [Some(0), Some(3)])
}

#[track_caller]
fn becomes(text: &str, moves: &Moves, wanted: &str) {
    assert_eq!(with(text, moves, true).unwrap(), wanted);
}

#[test]
fn head_of_the_sheet() {
    let head = "<worksheet xmlns:r='u'><sheetPr syncRef=\"A1\"/><dimension ref=\"A1:H9\"/><sheetViews><sheetView topLeftCell=\"A5\" workbookViewId=\"0\"><pane ySplit=\"2\" topLeftCell=\"A3\" state='frozen'/><selection pane=\"bottomLeft\" activeCell=\"C6\" sqref=\"C6 D7:D8\"/></sheetView></sheetViews><sheetFormatPr/>";
    becomes(
        head,
        &put_in(),
        &head
            .replace("A1:H9", "A1:H12")
            .replace("A5", "A7")
            .replace("C6", "C8")
            .replace("D7:D8", "D9:D11"),
    );
    becomes(
        head,
        &part(),
        &head.replace("A1:H9", "A1:H6").replace("A5", "A3").replace(
            "activeCell=\"C6\" sqref=\"C6 D7:D8\"",
            "activeCell=\"C4\" sqref=\"C4 D5:D5\"",
        ),
    );
}

#[test]
fn merged_cells() {
    let text = "</sheetData><mergeCells count=\"4\"><mergeCell ref=\"A1:H1\"/><mergeCell ref=\"B4:B5\"/><mergeCell ref='C6:D6'/><mergeCell ref=\"A8:A9\"/></mergeCells></worksheet>";
    becomes(
        text,
        &put_in(),
        &text
            .replace("B4:B5", "B5:B7")
            .replace("C6:D6", "C8:D8")
            .replace("A8:A9", "A11:A12"),
    );
    becomes(
        "<mergeCells count=\"3\"><mergeCell ref=\"A3:A4\"/><mergeCell ref=\"B3:C4\"/><mergeCell ref=\"E4:E5\"/></mergeCells>",
        &part(),
        "<mergeCells count=\"1\"><mergeCell ref=\"B3:C3\"/></mergeCells>",
    );
    becomes(
        "<a><mergeCells count=\"1\"><mergeCell ref=\"E4:E5\"/></mergeCells><b/></a>",
        &part(),
        "<a><b/></a>",
    );
    let stuck = with("<mergeCell ref=\"A5:A6\"/>", &part(), true).unwrap_err();
    assert_eq!(stuck.place, "merged cells A5:A6");
    assert_eq!(stuck.why, "lose the row that holds their value");
    // what stands at the table's edge is not drawn over rows put in there
    becomes(
        "<mergeCell ref=\"A3:A7\"/>",
        &put_in(),
        "<mergeCell ref=\"A4:A9\"/>",
    );
    let turned = Moves::new(2, 5, [1, 0, 2, 3, 4].map(Some));
    assert!(with("<mergeCell ref=\"A4:A5\"/>", &turned, true).is_err());
}

#[test]
fn filters_and_orders() {
    let text = "<autoFilter ref=\"A2:H7\"><filterColumn colId=\"0\"/></autoFilter><sortState ref=\"A3:H7\"><sortCondition ref=\"B3:B7\"/></sortState>";
    becomes(
        text,
        &put_in(),
        &text.replace("H7", "H10").replace("B7", "B10"),
    );
}

#[test]
fn conditional_formats() {
    let text = "<conditionalFormatting sqref=\"D3:D7 F5\"><cfRule type=\"expression\" priority=\"1\"><formula>AND($D3&gt;5,$D3&lt;$K$9,COUNTIF($D$3:$D$7,$D3)&gt;1)</formula></cfRule><cfRule><colorScale><cfvo type=\"formula\" val=\"$K$9\"/><cfvo type=\"num\" val=\"7\"/></colorScale></cfRule></conditionalFormatting>";
    becomes(
        text,
        &put_in(),
        &text
            .replace("D3:D7 F5", "D3:D10 F7")
            .replace("$K$9", "$K$12")
            .replace("$D$7", "$D$10"),
    );
    becomes(
        "<a/><conditionalFormatting sqref=\"D4:D5\"><cfRule><formula>D4&gt;5</formula></cfRule></conditionalFormatting><b/>",
        &part(),
        "<a/><b/>",
    );
    let one = "<conditionalFormatting sqref=\"D5:D6\"><cfRule><formula>$D5&gt;$D4</formula></cfRule></conditionalFormatting>";
    becomes(
        one,
        &put_in(),
        &one.replace("D5:D6", "D7:D8")
            .replace("$D5&gt;$D4", "$D7&gt;$D6"),
    );
    // written for row 6 or for row 3? the second area is moved further than the first
    let unclear = "<conditionalFormatting sqref=\"D6:D7 D3\"><cfRule><formula>$D3&gt;1</formula></cfRule></conditionalFormatting>";
    assert!(
        with(unclear, &put_in(), true)
            .unwrap_err()
            .why
            .contains("first of its areas")
    );
}

#[test]
fn newer_formats_in_the_extension() {
    let text = "<extLst><ext uri=\"{78C0D931-6437-407d-A8EE-F0AAD7539E65}\"><x14:conditionalFormattings><x14:conditionalFormatting xmlns:xm=\"m\"><x14:cfRule type=\"dataBar\"><x14:dataBar><x14:cfvo type=\"formula\"><xm:f>Codes!$A$1+$K$9</xm:f></x14:cfvo></x14:dataBar></x14:cfRule><xm:sqref>D5:D6</xm:sqref></x14:conditionalFormatting></x14:conditionalFormattings></ext></extLst>";
    becomes(
        text,
        &put_in(),
        &text.replace("$K$9", "$K$12").replace("D5:D6", "D7:D8"),
    );
    becomes(
        &format!("<w>{}</w>", text.replace("D5:D6", "D5")),
        &part(),
        "<w></w>",
    );
    let validation = "<x14:dataValidations count=\"2\"><x14:dataValidation type=\"list\"><x14:formula1><xm:f>Codes!$A$1:$A$5</xm:f></x14:formula1><xm:sqref>C3:C7</xm:sqref></x14:dataValidation><x14:dataValidation><x14:formula1><xm:f>$M$3:$M$7</xm:f></x14:formula1><xm:sqref>E5</xm:sqref></x14:dataValidation></x14:dataValidations>";
    becomes(
        validation,
        &put_in(),
        &validation
            .replace("C3:C7", "C3:C10")
            .replace("$M$7", "$M$10")
            .replace("E5", "E7"),
    );
    let lines = "<ext><x14:sparklineGroups><x14:sparklineGroup><x14:colorSeries rgb=\"F\"/><x14:sparklines><x14:sparkline><xm:f>Data!B5:F5</xm:f><xm:sqref>G5</xm:sqref></x14:sparkline></x14:sparklines></x14:sparklineGroup></x14:sparklineGroups></ext>";
    becomes(
        lines,
        &put_in(),
        &lines.replace("B5:F5", "B7:F7").replace("G5", "G7"),
    );
    becomes(&format!("<w>{lines}</w>"), &part(), "<w></w>");
}

#[test]
fn validations() {
    let text = "<dataValidations count=\"2\"><dataValidation type=\"list\" sqref=\"C3:C7 E9\"><formula1>$M$3:$M$9</formula1></dataValidation><dataValidation type=\"custom\" sqref=\"E5:E6\"><formula1>E5&lt;&gt;\"a\"</formula1><formula2>5</formula2></dataValidation></dataValidations>";
    becomes(
        text,
        &put_in(),
        &text
            .replace("C3:C7 E9", "C3:C10 E12")
            .replace("$M$9", "$M$12")
            .replace("E5:E6", "E7:E8")
            .replace("E5&", "E7&"),
    );
    let left = with(&text.replace("E5:E6", "E5"), &part(), true).unwrap();
    assert!(left.starts_with("<dataValidations count=\"1\"><dataValidation type=\"list\" sqref=\"C3:C4 E6\"><formula1>$M$3:$M$6<"), "{left}");
    assert!(!left.contains("custom"));
}

#[test]
fn links_breaks_and_other_lists() {
    let text = "<hyperlinks><hyperlink ref=\"E5\" r:id=\"rId1\"/><hyperlink ref=\"E6\" location=\"'Data'!A6\"/></hyperlinks><rowBreaks count=\"3\" manualBreakCount=\"2\"><brk id=\"2\" man=\"1\"/><brk id=\"4\" max=\"16383\" man=\"1\"/><brk id=\"5\"/></rowBreaks><colBreaks><brk id=\"4\"/></colBreaks><protectedRanges><protectedRange sqref=\"A5 B6\" name=\"x\"/></protectedRanges><cellWatches><cellWatch r=\"B6\"/></cellWatches><ignoredErrors><ignoredError sqref=\"A3:A7\" numberStoredAsText=\"1\"/></ignoredErrors>";
    becomes(
        text,
        &put_in(),
        "<hyperlinks><hyperlink ref=\"E7\" r:id=\"rId1\"/><hyperlink ref=\"E8\" location=\"'Data'!A8\"/></hyperlinks><rowBreaks count=\"3\" manualBreakCount=\"2\"><brk id=\"2\" man=\"1\"/><brk id=\"6\" max=\"16383\" man=\"1\"/><brk id=\"7\"/></rowBreaks><colBreaks><brk id=\"4\"/></colBreaks><protectedRanges><protectedRange sqref=\"A7 B8\" name=\"x\"/></protectedRanges><cellWatches><cellWatch r=\"B8\"/></cellWatches><ignoredErrors><ignoredError sqref=\"A3:A10\" numberStoredAsText=\"1\"/></ignoredErrors>",
    );
    becomes(
        text,
        &part(),
        "<hyperlinks><hyperlink ref=\"E4\" location=\"'Data'!A4\"/></hyperlinks><rowBreaks count=\"2\" manualBreakCount=\"1\"><brk id=\"2\" man=\"1\"/><brk id=\"3\"/></rowBreaks><colBreaks><brk id=\"4\"/></colBreaks><protectedRanges><protectedRange sqref=\"B4\" name=\"x\"/></protectedRanges><cellWatches><cellWatch r=\"B4\"/></cellWatches><ignoredErrors><ignoredError sqref=\"A3:A4\" numberStoredAsText=\"1\"/></ignoredErrors>",
    );
    let scenario = "<scenario name=\"s\"><inputCells r=\"B5\" val=\"7\"/></scenario>";
    assert_eq!(
        with(scenario, &put_in(), true).unwrap_err().place,
        "cell B5"
    );
    becomes(
        &scenario.replace("B5", "B9"),
        &put_in(),
        &scenario.replace("B5", "B12"),
    );
}

#[test]
fn controls_on_the_sheet() {
    let text = "<controls><mc:AlternateContent><mc:Choice Requires=\"x14\"><control shapeId=\"1\" r:id=\"rId3\"><controlPr linkedCell=\"$B$5\" listFillRange=\"Codes!$A$1:$A$3\"><anchor><from><xdr:col>1</xdr:col><xdr:row>4</xdr:row></from><to><xdr:row>5</xdr:row></to></anchor></controlPr></control></mc:Choice></mc:AlternateContent></controls>";
    becomes(
        text,
        &put_in(),
        &text
            .replace("$B$5", "$B$7")
            .replace("row>5<", "row>7<")
            .replace("row>4<", "row>6<"),
    );
    becomes(
        &format!("<w>{}</w>", text.replace("$B$5", "$B$3")),
        &part(),
        "<w></w>",
    );
}

#[test]
fn other_sheets_keep_their_areas() {
    let text = "<dimension ref=\"A1:H9\"/><mergeCells count=\"1\"><mergeCell ref=\"A5:B6\"/></mergeCells><conditionalFormatting sqref=\"A5:A9\"><cfRule><formula>A5=Data!$A$5</formula></cfRule></conditionalFormatting><dataValidations count=\"1\"><dataValidation sqref=\"A5\"><formula1>Data!$A$3:$A$7</formula1></dataValidation></dataValidations><hyperlinks><hyperlink ref=\"E5\" location=\"Data!A5\"/></hyperlinks>";
    let wanted = text
        .replace("Data!$A$5", "Data!$A$7")
        .replace("$A$7)", "$A$10")
        .replace("$A$3:$A$7", "$A$3:$A$10")
        .replace("\"Data!A5\"", "\"Data!A7\"");
    assert_eq!(with(text, &put_in(), false).unwrap(), wanted);
    let consolidated = "<dataConsolidate><dataRefs><dataRef ref=\"A1:B9\" sheet=\"data\"/></dataRefs></dataConsolidate>";
    assert!(with(consolidated, &put_in(), false).is_err());
}

#[test]
fn nothing_changes_where_nothing_moves() {
    let still = Moves::new(2, 5, (0..5).map(Some));
    for text in [
        "<x:mergeCells count='2'><x:mergeCell ref='A3:A4'/></x:mergeCells>",
        "<conditionalFormatting sqref=' D3:D7  F5 '><formula>D3&gt;5</formula></conditionalFormatting>",
        "<dimension ref=\"A1\"/><selection/><pane topLeftCell=\"Z99\"/><hyperlinks/><mergeCells count=\"0\"/>",
    ] {
        becomes(text, &still, text);
    }
}
