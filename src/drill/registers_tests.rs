use super::*;
use std::collections::{HashMap, HashSet};

const REGISTER: Maternity = Maternity {
    rows: 4_000,
    seed: 7,
};

fn at(table: &Table, name: &str) -> usize {
    table.position(name).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn check_character(number: &str) -> char {
    let sum: u32 = number[..17]
        .chars()
        .zip([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2])
        .map(|(digit, factor)| digit.to_digit(10).unwrap() * factor)
        .sum();
    ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'][(sum % 11) as usize]
}

#[test]
fn every_dependency_is_exact_in_every_row() {
    for index in [0, 3] {
        let table = REGISTER.month(index);
        let export = Maternity::export_day(index);
        let column = |name: &str| at(&table, name);
        let mut district_of = HashMap::new();
        for row in 0..table.rows() {
            let cell = |name: &str| table.cell(row, column(name));
            assert_eq!(cell("序号"), (row + 1).to_string());
            let number = cell("身份证号");
            let born = day(cell("出生日期"));
            if !number.is_empty() {
                assert_eq!(number.len(), 18);
                assert_eq!(number.chars().last(), Some(check_character(number)));
                assert_eq!(&number[6..14], cell("出生日期").replace('-', ""));
                let sequence: u32 = number[14..17].parse().unwrap();
                assert_eq!(sequence % 2, 0, "women have even sequences");
            }
            let registered = day(cell("建档日期"));
            let age = born.until((jiff::Unit::Year, registered)).unwrap();
            assert_eq!(cell("年龄"), age.get_years().to_string());
            let period = day(cell("末次月经"));
            assert_eq!(day(cell("预产期")), period + 280.days());
            let days = period.until(export).unwrap().get_days();
            assert_eq!(cell("孕周"), (days / 7).to_string());
            assert!(registered <= export && period < registered);
            assert!(registered.weekday().to_monday_zero_offset() < 5);
            let district = district_of
                .entry(cell("建档医院"))
                .or_insert(cell("所属区"));
            assert_eq!(*district, cell("所属区"));
            let count = |name| cell(name).parse::<u32>().unwrap();
            assert!(count("产次") < count("孕次"));
            assert!((140..=180).contains(&count("身高")));
        }
        assert!(table.column(column("建档日期")).is_sorted());
    }
}

#[test]
fn cells_are_as_untidy_as_described() {
    let table = Maternity {
        rows: 20_000,
        seed: 3,
    }
    .month(1);
    let rows = table.rows() as f64;
    assert!((rows - 20_000.0).abs() < 600.0, "{rows} rows");
    let share = |name: &str, what: &dyn Fn(&str) -> bool| {
        table.column(at(&table, name)).filter(|c| what(c)).count() as f64 / rows
    };
    let blank = |name| share(name, &str::is_empty);
    assert!((0.015..0.025).contains(&blank("手机号")));
    assert!((0.006..0.014).contains(&blank("孕前体重")));
    assert!((0.001..0.006).contains(&blank("身份证号")));
    let whole = share("孕前体重", &|c| c.ends_with(".0"));
    let half = share("孕前体重", &|c| c.ends_with(".5"));
    assert!(whole > 0.5 && half > 0.35 && whole + half < 0.97);
    for (spelling, least) in [("栋", 0.4), ("幢", 0.2), ("室", 0.5), ("房", 0.2)] {
        assert!(share("现住址", &|c| c.contains(spelling)) > least);
    }

    let mut holders: HashMap<&str, usize> = HashMap::new();
    for phone in table.column(at(&table, "手机号")) {
        *holders.entry(phone).or_default() += 1;
    }
    holders.remove("");
    let shared = holders.values().filter(|n| **n > 1).count() as f64 / rows;
    assert!((0.001..0.005).contains(&shared), "{shared} phones shared");
    let blocks: HashSet<&str> = holders.keys().map(|p| &p[..7]).collect();
    assert!(blocks.len() < 1_600, "{} blocks", blocks.len());

    let numbers: Vec<&str> = table
        .column(at(&table, "身份证号"))
        .filter(|n| !n.is_empty())
        .collect();
    let distinct: HashSet<&&str> = numbers.iter().collect();
    assert!(distinct.len() + 1 >= numbers.len());
    let hospitals: HashSet<&str> = table.column(at(&table, "建档医院")).collect();
    assert_eq!(hospitals.len(), 70);
}

/// Rows of a month by the cells that no correction of one column can touch together.
fn by_person(table: &Table) -> HashMap<Vec<String>, usize> {
    let key: Vec<usize> = [
        "姓名",
        "末次月经",
        "建档日期",
        "建档医院",
        "身高",
        "孕次",
        "产次",
    ]
    .map(|name| at(table, name))
    .to_vec();
    (0..table.rows())
        .map(|row| {
            let cells = key.iter().map(|c| table.cell(row, *c).to_owned());
            (cells.collect(), row)
        })
        .collect()
}

#[test]
fn who_stays_keeps_every_value_unless_corrected() {
    let register = Maternity {
        rows: 20_000,
        seed: 11,
    };
    let (march, april) = (register.month(0), register.month(1));
    let (before, after) = (by_person(&march), by_person(&april));
    let stayed: Vec<(usize, usize)> = before
        .iter()
        .filter_map(|(person, row)| after.get(person).map(|now| (*row, *now)))
        .collect();
    let share = |count: usize| count as f64 / march.rows() as f64;
    let left = share(before.len() - stayed.len());
    let entered = share(after.len() - stayed.len());
    assert!((0.095..0.135).contains(&left), "{left} left");
    assert!((0.095..0.135).contains(&entered), "{entered} entered");

    let of = |name: &str| at(&march, name);
    let moving = [of("序号"), of("孕周")];
    let together = [of("身份证号"), of("出生日期"), of("年龄")];
    let mut corrected = 0;
    let mut touched = HashSet::new();
    for (old, new) in &stayed {
        let changed: Vec<usize> = (0..march.width())
            .filter(|c| !moving.contains(c))
            .filter(|c| march.cell(*old, *c) != april.cell(*new, *c))
            .collect();
        corrected += usize::from(!changed.is_empty());
        let one_thing = changed.len() == 1 || changed.iter().all(|c| together.contains(c));
        assert!(one_thing, "columns {changed:?} changed at once");
        touched.extend(changed);
    }
    let rate = corrected as f64 / stayed.len() as f64;
    assert!((0.01..0.02).contains(&rate), "{rate} corrected");
    for name in ["手机号", "现住址", "孕前体重", "身份证号"] {
        assert!(touched.contains(&of(name)), "{name} was never corrected");
    }
    // What stays keeps its order, so that months can be laid over one another.
    let mut pairs = stayed;
    pairs.sort_unstable();
    assert!(pairs.is_sorted_by_key(|(_, now)| *now));
}

#[test]
fn a_seed_gives_the_same_register_and_another_gives_another() {
    assert_eq!(REGISTER.month(2), REGISTER.month(2));
    let other = Maternity {
        seed: 8,
        ..REGISTER
    };
    assert_ne!(REGISTER.month(2), other.month(2));
}

#[test]
fn odd_sizes_and_far_months_are_served() {
    let with = |rows| Maternity { rows, seed: 1 };
    assert_eq!(with(0).month(0).rows(), 0);
    assert!(with(1).month(0).rows() <= 3);
    let eleven = with(11).month(5).rows();
    assert!((5..=20).contains(&eleven), "{eleven} rows");
    assert_eq!(with(50).month(usize::MAX), with(50).month(1_199));
}

#[test]
#[ignore = "measures speed; run it with --release"]
fn forty_thousand_rows_take_less_than_a_second() {
    let register = Maternity {
        rows: 40_000,
        seed: 1,
    };
    register.month(0);
    let start = std::time::Instant::now();
    let rows = register.month(1).rows();
    let took = start.elapsed();
    println!("{rows} rows in {took:?}");
    assert!(took < std::time::Duration::from_secs(1), "{took:?}");
}
