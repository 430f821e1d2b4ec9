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
    policy.canaries.phones = own.map(String::from).to_vec();
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
