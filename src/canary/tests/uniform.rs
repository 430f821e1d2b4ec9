//! Drawn ends are uniform over exactly what is counted.

use super::*;

#[test]
fn the_drawn_ends_are_uniform() {
    let bench = Bench::new(MOTHERS.month(0));
    let maker = bench.maker();
    let (id, phone) = (bench.at("身份证号"), bench.at("手机号"));
    let mut sequences = vec![0u32; 499];
    let mut ends = vec![0u32; 100];
    for recipient in 0..12 {
        let key = key(1_000 + recipient);
        let mut copy = InThisCopy::default();
        for row in 0..bench.table.rows() {
            let donor = bench.handles[row];
            let Some(canary) = maker.make(&key, donor, row, None, &mut copy) else {
                continue;
            };
            if let Some(id) = national_id::normal(&canary.cells[id]) {
                let sequence: usize = id.sequence().parse().unwrap();
                sequences[sequence / 2 - 1] += 1;
            }
            if let Some(end) = canary.cells[phone].get(7..) {
                ends[end.parse::<usize>().unwrap() / 100] += 1;
            }
        }
    }
    for counts in [&sequences, &ends] {
        let deviations = chi_square(counts);
        assert!(deviations.abs() < 5.0, "{deviations}");
    }
}

/// A register of codes under one stem, of which all but some are in use.
fn codes(used: impl Iterator<Item = u32>) -> Bench {
    let header = ["Card No", "Name", "Ward"].map(String::from).to_vec();
    let mut table = Table::new(header, 3);
    let (given, family) = (
        ["Ann", "Joan", "Eve", "Ruth"],
        ["Hill", "Wood", "Marsh", "Dale"],
    );
    // in no order, as codes that are drawn come
    let mut used: Vec<u32> = used.collect();
    used.sort_by_key(|n| u64::from(*n) * 7_919 % 1_009);
    for n in used {
        let name = format!("{} {}", given[n as usize % 4], family[n as usize / 7 % 4]);
        table.push([format!("AB-{n:06}").as_str(), &name, "East"]);
    }
    let mut policy = infer::infer(&table);
    policy.columns[0].kind = Kind::Code;
    policy.columns[0].role = Role::Identifier;
    policy.columns[1].kind = Kind::Name;
    policy.columns[1].role = Role::Plain;
    Bench::under(table, policy)
}

#[test]
fn given_a_crowded_stem_the_free_values_are_equally_likely_and_counted() {
    let free = [3u32, 44, 45, 500, 701, 702, 703, 999];
    let bench = codes((0..1_000).filter(|n| !free.contains(n)));
    let mut counts = vec![0u32; free.len()];
    let maker = bench.maker();
    for recipient in 0..4_000 {
        let mut copy = InThisCopy::default();
        let row = recipient as usize % 900;
        let canary = maker
            .make(&key(recipient), bench.handles[row], row, None, &mut copy)
            .unwrap();
        assert_eq!(canary.traits[0].ways, 8);
        let end: u32 = canary.cells[0][6..].parse().unwrap();
        counts[free.iter().position(|f| *f == end).unwrap()] += 1;
    }
    assert!(chi_square(&counts).abs() < 5.0, "{counts:?}");
    // one copy's canaries share them out, each from what the others left; then newcomers' numbers follow
    let made = bench.beside(1, 0..40, &HashMap::new());
    let ways: Vec<u32> = made.iter().take(9).map(|(_, c)| c.traits[0].ways).collect();
    assert_eq!(ways, [8, 7, 6, 5, 4, 3, 2, 1, 1_000]);
    let kept = kept(&made);
    let again = bench.beside(1, 0..40, &kept);
    assert_eq!(again.len(), made.len());
    for (_, canary) in again.iter().take(8) {
        assert_eq!(
            canary.traits[0].ways, 1,
            "given all the others, one is left"
        );
    }
}

#[test]
fn where_no_code_is_free_there_is_no_canary() {
    let mut bench = codes(999_000..1_000_000);
    assert!(bench.some(2).is_empty());
    // a code without a drawable end proves nothing
    bench = codes(0..400);
    let mut table = Table::new(bench.table.header().to_vec(), 3);
    for row in 0..400 {
        let cell = format!("{row}-A");
        table.push([cell.as_str(), bench.table.cell(row, 1), "East"]);
    }
    assert!(Bench::under(table, bench.policy.clone()).some(2).is_empty());
}

#[test]
fn ways_are_values_less_those_in_use() {
    let bench = Bench::new(MOTHERS.month(0));
    let mut used: Vec<Vec<u64>> = vec![Vec::new(); 2];
    let (mut full, mut part) = (Vec::new(), Vec::new());
    let kinds = [(Kind::NationalId, "身份证号"), (Kind::Phone, "手机号")];
    for (used, (kind, column)) in used.iter_mut().zip(kinds) {
        for full in bench.identifiers(bench.at(column)) {
            assert!(stem::write(kind, &full, &[], &mut part));
            used.push(stem::digest(&bench.keys, kind, &part));
        }
    }
    let mut mine: [Vec<u64>; 2] = Default::default();
    for (_, canary) in bench.some(12) {
        for (nth, (kind, column)) in kinds.into_iter().enumerate() {
            let t = canary.traits[nth];
            let cell = &canary.cells[bench.at(column)];
            if !normal::write(kind, Default::default(), cell, &mut full) {
                assert_eq!(t, Trait::default());
                continue;
            }
            let gone = used[nth]
                .iter()
                .chain(&mine[nth])
                .filter(|s| **s == t.stem)
                .count();
            let values = if kind == Kind::Phone { 10_000 } else { 499 };
            assert_eq!(t.ways, values - gone as u32);
            mine[nth].push(t.stem);
        }
    }
}

#[test]
fn the_agencys_own_numbers_are_used_once_each_and_then_no_more() {
    let table = MOTHERS.month(0);
    let mut policy = infer::infer(&table);
    let own = ["139 0000 0001", "13900000002", "13900000002", "13900000003"];
    policy.canaries.phones = own.map(String::from).to_vec().into();
    let bench = Bench::under(table, policy);
    let made = bench.some(13);
    let at = bench.at("手机号");
    let mut rung: Vec<&str> = made
        .iter()
        .map(|(_, c)| c.cells[at].as_str())
        .filter(|c| !c.is_empty())
        .collect();
    rung.sort_unstable();
    assert_eq!(rung, ["13900000001", "13900000002", "13900000003"]);
    let ways: Vec<u32> = made
        .iter()
        .map(|(_, c)| c.traits[1].ways)
        .filter(|w| *w > 0)
        .collect();
    assert_eq!(ways, [3, 2, 1]);
}

/// Cards numbered from row to row in steps of two to five.
fn rising(rows: u32) -> Bench {
    let mut next = 100_000;
    let mut bench = codes(std::iter::empty());
    let mut table = Table::new(bench.table.header().to_vec(), 3);
    let (given, family) = (
        ["Ann", "Joan", "Eve", "Ruth"],
        ["Hill", "Wood", "Marsh", "Dale"],
    );
    for n in 0..rows {
        next += 2 + n * 7_919 % 1_009 % 4;
        let name = format!("{} {}", given[n as usize % 4], family[n as usize / 7 % 4]);
        table.push([format!("AB-{next:06}").as_str(), &name, "East"]);
    }
    bench.policy.columns[2].role = Role::Plain;
    Bench::under(table, bench.policy)
}

#[test]
fn codes_that_rise_are_drawn_uniformly_from_those_that_keep_the_distances() {
    let bench = rising(600);
    let maker = bench.maker();
    let real: Vec<i64> = bench
        .table
        .column(0)
        .map(|c| c[3..].parse().unwrap())
        .collect();
    let mut drawn: HashMap<String, u32> = HashMap::new();
    let mut ways = 0;
    // one donor: always the same stem or one beside it
    for recipient in 0..6_000 {
        let mut copy = InThisCopy::default();
        let Some(canary) = maker.make(&key(recipient), bench.handles[150], 150, None, &mut copy)
        else {
            continue;
        };
        if canary.cells[0].starts_with("AB-100") {
            ways = canary.traits[0].ways;
            *drawn.entry(canary.cells[0].clone()).or_insert(0) += 1;
        }
    }
    let mut near = 0;
    for code in drawn.keys() {
        let number: i64 = code[3..].parse().unwrap();
        near += real.iter().filter(|r| (*r - number).abs() < 2).count();
    }
    assert_eq!(near, 0, "no two real cards are neighbours");
    assert_eq!(
        drawn.len() as u32,
        ways,
        "what is counted is what is drawn from"
    );
    let counts: Vec<u32> = drawn.values().copied().collect();
    assert!(chi_square(&counts).abs() < 5.0, "{counts:?}");
}

#[test]
fn what_was_drawn_from_fewer_counts_fewer_later_too() {
    let mut bench = rising(600);
    let first = bench.beside(1, (0..600).step_by(40), &HashMap::new());
    assert!(first.len() > 5);
    let (_, canary) = &first[0];
    let before = canary.traits[0].ways;
    let sealed = kept(&first);
    let again = bench.beside(1, (0..600).step_by(40), &sealed);
    assert!(
        again
            .iter()
            .zip(&first)
            .all(|(a, b)| a.1.cells == b.1.cells)
    );
    assert!(again[0].1.traits[0].ways <= before);
    // a newcomer under the stem may have taken one of those
    bench.taken.enter(77, canary.traits[0].stem);
    let later = bench.beside(1, (0..600).step_by(40), &sealed);
    assert_eq!(later[0].1.traits[0].ways + 1, again[0].1.traits[0].ways);
}

#[test]
fn where_all_codes_pass_a_check_so_do_canaries() {
    let luhn = |code: &str| {
        let digits = code
            .bytes()
            .rev()
            .filter(u8::is_ascii_digit)
            .map(|b| u32::from(b - b'0'));
        let sum: u32 = digits
            .enumerate()
            .map(|(at, d)| match at % 2 {
                1 => d * 2 / 10 + d * 2 % 10,
                _ => d,
            })
            .sum();
        sum % 10
    };
    let right = (20_000..90_000)
        .filter(|n| luhn(&format!("{n:06}")) == 0)
        .step_by(13);
    let bench = codes(right);
    let made = bench.some(3);
    assert!(made.len() > 200, "{}", made.len());
    for (_, canary) in &made {
        assert_eq!(luhn(&canary.cells[0]), 0, "{}", canary.cells[0]);
        assert!(canary.traits[0].ways <= 100);
    }
}

#[test]
fn own_mail_and_postal_addresses_are_handed_out() {
    let table = patients(2_000, 4);
    let mut policy = infer::infer(&table);
    let mails: Vec<String> = (0..400)
        .map(|n| format!("Desk{n}@our.example.org"))
        .collect();
    let homes: Vec<String> = (0..400)
        .map(|n| format!("PO Box {n}, Our Office"))
        .collect();
    policy.canaries.mails = mails.into();
    policy.canaries.addresses = homes.clone().into();
    let bench = Bench::under(table, policy);
    let (mail, home) = (bench.at("Email"), bench.at("Address"));
    let (made, mut seen) = (bench.some(13), HashSet::new());
    assert!(made.len() > 280);
    for (_, canary) in &made {
        assert!(
            homes.contains(&canary.cells[home]),
            "{}",
            canary.cells[home]
        );
        assert!(seen.insert(canary.cells[home].clone()));
        let cell = canary.cells[mail].to_lowercase();
        assert!(cell.is_empty() || cell.starts_with("desk") && seen.insert(cell));
    }
    let ways: Vec<u32> = made
        .iter()
        .map(|(_, c)| c.traits[2].ways)
        .filter(|w| *w > 0)
        .collect();
    assert_eq!(ways[..3], [400, 399, 398]);
}
