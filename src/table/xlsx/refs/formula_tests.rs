use super::*;

fn sheets() -> Vec<String> {
    ["First", "登记 2024", "Data", "Last"]
        .map(String::from)
        .to_vec()
}

/// On the table's sheet (the third).
fn own(sheets: &[String]) -> Where<'_> {
    Where {
        on_table: true,
        sheets,
        table: 2,
    }
}

/// Five rows from row 3 (written): one put in above the third, one behind the last.
fn put_in() -> Moves {
    Moves::new(
        2,
        5,
        [Some(0), Some(1), None, Some(2), Some(3), Some(4), None],
    )
}

fn here(formula: &str) -> Option<String> {
    moved(formula, &own(&sheets()), &put_in()).unwrap()
}

fn elsewhere(formula: &str) -> Option<String> {
    let sheets = sheets();
    let place = Where {
        on_table: false,
        ..own(&sheets)
    };
    moved(formula, &place, &put_in()).unwrap()
}

#[test]
fn references_follow_their_rows() {
    assert_eq!(
        here("A5+$B$6*LOG10(C7)").as_deref(),
        Some("A6+$B$7*LOG10(C8)")
    );
    assert_eq!(here("SUM(A3:A7)/A9").as_deref(), Some("SUM(A3:A9)/A11"));
    assert_eq!(here("SUM(A7:A3)").as_deref(), Some("SUM(A9:A3)"));
    assert_eq!(here("SUM(A:A)+A1+SUM(2:2)+\"A5\"+Table1[A5]"), None);
    assert_eq!(here("SUM(B5:E5)").as_deref(), Some("SUM(B6:E6)"));
    assert_eq!(
        here("First!A5+[1]Data!A5+'data'!A5").as_deref(),
        Some("First!A5+[1]Data!A5+'data'!A6")
    );
    assert_eq!(here("OFFSET(A3,0,0):B1"), None);
}

#[test]
fn formulas_on_other_sheets() {
    assert_eq!(elsewhere("A5+SUM(B3:B7)"), None);
    assert_eq!(
        elsewhere("Data!A5&\" 一\"&DATA!$A$7").as_deref(),
        Some("Data!A6&\" 一\"&DATA!$A$8")
    );
    assert_eq!(elsewhere("'登记 2024'!A5"), None);
    assert_eq!(
        elsewhere("VLOOKUP(A2,Data!$A$3:$D$7,2,0)").as_deref(),
        Some("VLOOKUP(A2,Data!$A$3:$D$9,2,0)")
    );
    assert_eq!(
        elsewhere("(Data!$A$5:$A$6,Data!$C$5)").as_deref(),
        Some("(Data!$A$6:$A$7,Data!$C$6)")
    );
}

#[test]
fn what_cannot_follow_is_refused() {
    let sheets = sheets();
    let stuck = |formula, moves: &Moves| moved(formula, &own(&sheets), moves).unwrap_err().why;
    let piled = stuck("SUM(First:Last!A5)", &put_in());
    assert_eq!(
        piled,
        "refers to `First:Last!A5`, on several sheets at once"
    );
    assert!(
        moved("SUM(First:Last!A1)", &own(&sheets), &put_in())
            .unwrap()
            .is_none()
    );
    assert!(
        moved("SUM('First:登记 2024'!A5)", &own(&sheets), &put_in())
            .unwrap()
            .is_none()
    );
    assert!(stuck("A5:INDEX(A:A,9)", &put_in()).contains("computed"));
    let part = Moves::new(2, 5, [Some(0), Some(2)]);
    assert!(stuck("A4*2", &part).contains("`A4`, of which the copy has no row"));
    assert_eq!(here("A1048576"), None);
    let turned = Moves::new(2, 5, [1, 0, 2, 3, 4].map(Some));
    assert!(stuck("SUM(A4:A5)", &turned).contains("stand apart"));
    assert_eq!(
        moved("SUM(A3:A7)+A3", &own(&sheets), &turned)
            .unwrap()
            .as_deref(),
        Some("SUM(A3:A7)+A4")
    );
}

#[test]
fn what_a_formula_reads() {
    let sheets = sheets();
    let of = |formula| reads(formula, &own(&sheets));
    let read = of("SUM(B5:C6)+Data!D:D+First!A1");
    assert_eq!(read.areas.len(), 2);
    assert!(!read.unknown);
    assert_eq!(
        (
            read.areas[0].top,
            read.areas[0].left,
            read.areas[0].bottom,
            read.areas[0].right
        ),
        (4, 1, 5, 2)
    );
    assert!(read.may_read((2, 2)), "by the column");
    assert!(!of("A1+A2").may_read((2, 6)));
    assert!(of("rate*2").unknown && of("Table1[x]").unknown && of("indirect(\"A\"&1)").unknown);
    assert!(!of("_xlfn.LET(_xlpm.a,1,_xlpm.a)+TRUE").unknown);
}

#[test]
fn formulas_that_look_along_their_row() {
    let sheets = sheets();
    let looks = |formula| along(formula, 4, &own(&sheets), (2, 6));
    for fine in [
        "B5*2",
        "SUM(B5:E5)",
        "$B5/$B$1",
        "B5/SUM(B:B)",
        "B5/SUM($B$3:$B$7)",
        "SUM(B2:B8)",
        "First!A4",
        "T[[#This Row],[x]]",
        "VLOOKUP(A5,Codes!A1:B9,2,0)",
    ] {
        assert_eq!(looks(fine), Ok(()), "{fine}");
    }
    for running in [
        "B4+1",
        "SUM(B$3:B5)",
        "B6",
        "SUM(B5:B7)",
        "data!B3",
        "B4:INDEX(B:B,7)",
    ] {
        assert!(looks(running).is_err(), "{running}");
    }
}

#[test]
fn the_formula_of_a_row_put_in() {
    let sheets = sheets();
    let of = |formula, neighbour| for_row(formula, neighbour, 4, &own(&sheets), &put_in()).unwrap();
    assert_eq!(
        of("IF(A5>$B$1,SUM(C5:D5),$A$9)+SUM(E3:E7)+First!A5", 4),
        "IF(A5>$B$1,SUM(C5:D5),$A$11)+SUM(E3:E9)+First!A5"
    );
    assert_eq!(of("A4*2", 3), "A5*2");
    assert_eq!(of("1+1", 3), "1+1");
}

#[test]
fn formulas_that_cells_share_keep_their_distance() {
    let sheets = sheets();
    let turned = Moves::new(2, 5, [None, Some(0), Some(1), Some(2), Some(3), Some(4)]);
    let whole = Shared {
        rows: (2, 6),
        anchor: (2, 2),
    };
    let of =
        |formula, shared: &Shared| moved_with(formula, shared, &own(&sheets), &turned).unwrap();
    assert_eq!(of("$D3>5", &whole), None);
    assert_eq!(
        of("COUNTIF($D$3:$D$7,$D3)>1", &whole).as_deref(),
        Some("COUNTIF($D$3:$D$8,$D3)>1")
    );
    assert_eq!(of("$A3<>$A2", &whole), None);
    assert_eq!(of("A3=$F$10", &whole).as_deref(), Some("A3=$F$11"));
    let part = Shared {
        rows: (4, 5),
        anchor: (4, 5),
    };
    assert_eq!(of("$D5>5", &part).as_deref(), Some("$D6>5"));
    let above = Shared {
        rows: (0, LAST_ROW),
        anchor: (0, 5),
    };
    assert_eq!(of("A1048576=A1", &above).as_deref(), Some("A5=A6"));
    let one = Shared {
        rows: (8, 8),
        anchor: (8, 9),
    };
    assert_eq!(of("SUM(A3:A7)>A9", &one).as_deref(), Some("SUM(A3:A8)>A10"));
    let below = Shared {
        rows: (8, 9),
        anchor: (8, 9),
    };
    assert_eq!(of("A9>A1", &below).as_deref(), Some("A10>A1"));
    assert!(moved_with("A3>1", &below, &own(&sheets), &turned).is_err());
}

#[test]
fn names_are_written_for_the_first_cell() {
    let sheets = sheets();
    let place = Where {
        on_table: false,
        ..own(&sheets)
    };
    let of = |formula| moved_name(formula, &place, &put_in());
    assert_eq!(
        of("Data!$A$3:$D$7,Data!$1:$2").unwrap().as_deref(),
        Some("Data!$A$3:$D$9,Data!$1:$2")
    );
    assert_eq!(of("Data!$B1").unwrap(), None);
    assert!(of("Data!$B5").is_err());
}

#[test]
fn as_when_a_cell_is_copied() {
    assert_eq!(
        translated("A1+$A1+A$1+$A$1", 2, 1).unwrap(),
        "B3+$A3+B$1+$A$1"
    );
    assert_eq!(
        translated("SUM(Data!A1:B2,[1]X!C3,D:D,4:4)", 1, 2).unwrap(),
        "SUM(Data!C2:D3,[1]X!E4,F:F,5:5)"
    );
    assert_eq!(translated("Z1&\"A1\"", 0, 1).unwrap(), "AA1&\"A1\"");
    assert!(translated("A1", -1, 0).is_err());
    assert!(translated("XFD1", 0, 1).is_err());
    assert_eq!(translated("B2", -1, -1).unwrap(), "A1");
}
