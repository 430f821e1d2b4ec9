use std::collections::HashSet;

use super::*;
use crate::drill::registers::Maternity;

fn column(name: &str, holds: Holds) -> Column {
    Column {
        name: name.into(),
        holds,
        altered: matches!(holds, Holds::Date | Holds::Number),
        step: None,
        order: DateOrder::Ymd,
        spellings: Vec::new(),
    }
}

fn columns() -> Vec<Column> {
    vec![
        column("n", Holds::Sequence),
        column("id", Holds::Identifier),
        column("day", Holds::Date),
        column("kg", Holds::Number),
    ]
}

fn table(rows: &[[&str; 4]]) -> Table {
    let mut table = Table::new(["n", "id", "day", "kg"].map(String::from).to_vec(), 4);
    rows.iter().for_each(|row| table.push(row.iter().copied()));
    table
}

fn rows_of(table: &Table) -> Vec<Vec<&str>> {
    (0..table.rows()).map(|r| table.row(r).collect()).collect()
}

/// Three copies: `b` is the first's canary, `d` one that the last two share.
fn copies() -> [Table; 3] {
    [
        table(&[
            ["1", "a", "2024-3-9", "9.5"],
            ["2", "b", "2024-3-1", "1"],
            ["3", "c", "2024-3-5", "50"],
        ]),
        table(&[
            ["1", "a", "2024-3-10", "10"],
            ["2", "d", "2024-3-2", "2"],
            ["3", "c", "2024-3-5", "50"],
        ]),
        table(&[
            ["1", "a", "2024-3-10", "10"],
            ["2", "d", "2024-3-2", "2"],
            ["3", "c", "2024-3-5", "50"],
        ]),
    ]
}

fn play(word: &str, copies: &[&Table], original: Option<&Table>) -> Table {
    let columns = columns();
    let loot = Loot {
        copies,
        later: copies.get(1).copied(),
        original,
        columns: &columns,
    };
    let all = catalogue(&columns, 1_000, copies.len());
    let of =
        |a: &&Attack| a.word == word && (a.family != Family::Coalition || a.copies == copies.len());
    all.iter().find(of).unwrap().play(&loot, 1)
}

#[test]
fn partners_write_what_their_strategy_says_and_drop_what_one_alone_holds() {
    let [one, two, three] = copies();
    let register = table(&[["1", "a", "2024-3-9", "10"], ["2", "c", "2024-3-5", "50"]]);
    let all = [&one, &two, &three];
    for (word, day, kg) in [
        ("pool-majority", "2024-3-10", "10"),
        ("pool-minority", "2024-3-9", "9.5"),
        ("pool-smaller", "2024-3-9", "9.5"),
        ("pool-greater", "2024-3-10", "10"),
        ("pool-original", "2024-3-9", "10"),
        ("pool-marked", "2024-3-10", "9.5"),
        ("pool-blank", "", ""),
    ] {
        let leaked = play(word, &all, Some(&register));
        let expected = [
            ["1", "a", day, kg],
            ["2", "d", "2024-3-2", "2"],
            ["3", "c", "2024-3-5", "50"],
        ];
        assert_eq!(rows_of(&leaked), expected, "{word}");
    }
    let few = play("pool-gone", &all, None);
    assert_eq!(rows_of(&few), [["1", "c", "2024-3-5", "50"]]);
    // two who differ in a canary each keep neither
    let pair = play("pool-random", &[&one, &two], None);
    assert_eq!(pair.rows(), 2);
    assert!(["2024-3-9", "2024-3-10"].contains(&pair.cell(0, 2)));
    assert_eq!(play("pool-original", &all, None), Table::default());
}

#[test]
fn rows_are_matched_by_identifier_whatever_their_order() {
    let one = table(&[
        ["1", "a", "x", ""],
        ["2", "b", "y", ""],
        ["3", "", "z", "7"],
        ["4", "a", "w", ""],
    ]);
    let two = table(&[
        ["1", "", "z", "7"],
        ["2", "e", "v", ""],
        ["3", "a", "x", ""],
        ["4", "b", "y", ""],
    ]);
    let aligned = align::align(&[&one, &two], &columns());
    let rows: Vec<&[Option<u32>]> = aligned.rows().collect();
    let expected = [
        [Some(0), Some(2)],
        [Some(1), Some(3)],
        [Some(2), Some(0)],
        [None, Some(1)],
        [Some(3), None],
    ];
    assert_eq!(rows, expected);
}

#[test]
fn hunters_and_months_keep_what_they_know() {
    let [one, two, _] = copies();
    let known = play("hunt-copy", &[&one, &two], None);
    let ids: Vec<&str> = known.column(1).collect();
    assert_eq!(ids, ["a", "c"]);
    let blanked = play("months-cells", &[&one, &two], None);
    assert_eq!(blanked.rows(), 3);
    assert_eq!(
        (blanked.cell(0, 2), blanked.cell(1, 2), blanked.cell(2, 2)),
        ("", "2024-3-1", "2024-3-5")
    );
    assert_eq!(play("months-rows", &[&one, &two], None).rows(), 2);
}

#[test]
fn the_oddest_rows_go_first() {
    let mut all = Table::new(["n", "id", "day", "kg"].map(String::from).to_vec(), 4);
    for n in 0..100 {
        let (number, id) = (n.to_string(), format!("138{n:08}"));
        let odd = n % 20 == 7;
        let cells = if odd {
            ["1999-01-0", "0.001"]
        } else {
            ["2024-03-1", "60"]
        };
        all.push([
            number.as_str(),
            &id,
            cells[0],
            &format!("{}{}", cells[1], if odd { n } else { 0 }),
        ]);
    }
    let kept = play("hunt-odd", &[&all], None);
    assert_eq!(kept.rows(), 95);
    assert!(kept.column(2).all(|day| day.starts_with("2024")));
}

#[test]
fn strangers_share_no_identifier_and_every_habit() {
    let own = Maternity { rows: 400, seed: 3 }.month(0);
    let columns: Vec<Column> = own
        .header()
        .iter()
        .map(|name| {
            let holds = match name.as_str() {
                "身份证号" | "手机号" => Holds::Identifier,
                "序号" => Holds::Sequence,
                _ => Holds::Other,
            };
            column(name, holds)
        })
        .collect();
    let others = strangers_like(&own, &columns, 300, 5);
    assert_eq!((others.rows(), others.header()), (300, own.header()));
    for name in ["身份证号", "手机号"] {
        let at = own.position(name).unwrap();
        let known: HashSet<&str> = own.column(at).filter(|c| !c.is_empty()).collect();
        assert_eq!(others.column(at).filter(|c| known.contains(c)).count(), 0);
    }
    let blood = own.position("血型").unwrap();
    let known: HashSet<&str> = own.column(blood).collect();
    assert!(others.column(blood).all(|cell| known.contains(cell)));
}

#[test]
fn every_attack_repeats_itself_and_makes_a_file() {
    let own = Maternity { rows: 150, seed: 3 }.month(0);
    let columns: Vec<Column> = own
        .header()
        .iter()
        .map(|name| match name.as_str() {
            "身份证号" | "手机号" => column(name, Holds::Identifier),
            "序号" => column(name, Holds::Sequence),
            "末次月经" | "预产期" | "建档日期" => column(name, Holds::Date),
            "孕前体重" | "身高" => column(name, Holds::Number),
            _ => column(name, Holds::Other),
        })
        .collect();
    let copies = [&own; 8];
    let loot = Loot {
        copies: &copies,
        later: Some(&own),
        original: Some(&own),
        columns: &columns,
    };
    let all = catalogue(&columns, own.rows(), 8);
    let words: HashSet<&str> = all.iter().map(|a| a.word).collect();
    assert!(words.len() > 30, "{words:?}");
    for attack in &all {
        let leaked = attack.play(&loot, 9);
        assert!(leaked.rows() > 0, "{} {}", attack.what, attack.strength);
        assert_eq!(leaked, attack.play(&loot, 9), "{}", attack.what);
        assert!(attack.wrapping.wrap(&leaked).unwrap().len() > 500);
        let bare = Loot {
            copies: &[],
            later: None,
            original: None,
            columns: &columns,
        };
        assert_eq!(attack.play(&bare, 9).rows(), 0);
    }
}

#[test]
fn attacks_are_asked_for_by_family_or_by_word() {
    let all = || catalogue(&columns(), 1_000, 8);
    let asked = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|w| w.to_string()).collect();
        chosen(all(), &words)
    };
    assert_eq!(asked(&[]).unwrap().len(), all().len());
    let some = asked(&["sample", "pool-coin"]).unwrap();
    let words: HashSet<&str> = some.iter().map(|a| a.word).collect();
    assert_eq!(words, HashSet::from(["sample", "pool-coin"]));
    let error = asked(&["colition"]).err().unwrap().to_string();
    assert!(
        error.contains("`colition`") && error.contains("`coalition`"),
        "{error}"
    );
}
