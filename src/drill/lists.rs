//! The two shorter lists: contacts of infected people, and an English list of patients.

use jiff::ToSpan;
use jiff::civil::{DateTime, date};

use super::cells::{Cells, Day};
use super::city::{self, DISTRICTS, Phones};
use super::dice::{Dice, Permutation, Purpose, Weights};
use super::names::{self, Sex};
use crate::table::Table;

fn table_of<const N: usize>(columns: [&str; N]) -> Table {
    Table::new(columns.map(String::from).to_vec(), N)
}

/// A list of contacts of infected people in one week of November 2022, in the order in which they were found.
///
/// Columns: 姓名, 性别, 年龄, 电话, 现住址, 最后接触时间, 采样时间, 关系. Both times are to the minute ("2022-11-03 14:32"), and the
/// sample was taken 2 to 50 hours after the last contact. One in eight lives with the person above.
pub fn contacts(rows: usize, seed: u64) -> Table {
    const RELATIONS: [&str; 10] = [
        "同住",
        "同事",
        "家人",
        "邻居",
        "朋友",
        "同学",
        "同乘",
        "共同就餐",
        "购物接触",
        "其他",
    ];
    let relations = Weights::new([18, 22, 14, 10, 8, 9, 5, 7, 4, 3]);
    let mut table = table_of([
        "姓名",
        "性别",
        "年龄",
        "电话",
        "现住址",
        "最后接触时间",
        "采样时间",
        "关系",
    ]);
    let phones = Phones::new(seed ^ Purpose::Contacts as u64);
    let mut dice = Dice::new(seed, Purpose::Contacts, 0);
    let mut cells = Cells::default();
    let mut home = String::new();
    for number in 0..rows as u64 {
        let (sex, sex_text) = if dice.chance(0.5) {
            (Sex::Woman, "女")
        } else {
            (Sex::Man, "男")
        };
        let together = dice.chance(0.125) && !home.is_empty();
        if !together {
            let district = dice.below(DISTRICTS.len());
            home = city::address(&mut dice, district);
        }
        let last = date(2022, 11, dice.between(1, 7) as i8).at(
            dice.between(6, 22) as i8,
            dice.between(0, 59) as i8,
            0,
            0,
        );
        let sampled = last.saturating_add(dice.between(120, 3_000).minutes());
        let age = dice.bell(38.0, 16.0).round().clamp(3.0, 90.0);
        cells
            .text(&names::chinese(&mut dice, sex))
            .text(sex_text)
            .add(age)
            .maybe((!dice.chance(0.02)).then(|| phones.of(number)))
            .text(&home)
            .add(minute(last))
            .add(minute(sampled))
            .text(if together {
                "同住"
            } else {
                RELATIONS[dice.weighted(&relations)]
            });
        cells.push_to(&mut table);
    }
    table
}

fn minute(time: DateTime) -> String {
    format!("{} {:02}:{:02}", time.date(), time.hour(), time.minute())
}

/// Columns of [`patients`], in order.
const PATIENT_COLUMNS: [&str; 12] = [
    "Record No",
    "Patient Name",
    "DOB",
    "Sex",
    "Phone",
    "Address",
    "Admission",
    "Discharge",
    "Weight (kg)",
    "Amount Due",
    "Ward",
    "Email",
];
const WARDS: [&str; 10] = [
    "Medical",
    "Surgical",
    "Cardiology",
    "Orthopaedics",
    "Oncology",
    "Neurology",
    "Maternity",
    "Respiratory",
    "Renal",
    "Day Case",
];
const TREES: [&str; 36] = [
    "Oak",
    "Maple",
    "Cedar",
    "Elm",
    "Pine",
    "Washington",
    "Lake",
    "Hill",
    "Walnut",
    "Spring",
    "Park",
    "Church",
    "Mill",
    "River",
    "Sunset",
    "Highland",
    "Franklin",
    "Jefferson",
    "Willow",
    "Chestnut",
    "Meadow",
    "Forest",
    "Lincoln",
    "Jackson",
    "Cherry",
    "Dogwood",
    "Hickory",
    "Madison",
    "Railroad",
    "Poplar",
    "Locust",
    "Prospect",
    "Ridge",
    "Center",
    "Union",
    "Valley",
];
/// A kind of way as written out and as cut short; the list mixes both.
const WAYS: [[&str; 2]; 6] = [
    ["Street", "St."],
    ["Avenue", "Ave."],
    ["Road", "Rd."],
    ["Drive", "Dr."],
    ["Lane", "Ln."],
    ["Boulevard", "Blvd."],
];
const AREA_CODES: [u32; 12] = [212, 213, 312, 415, 503, 512, 602, 617, 702, 713, 808, 919];
const PHONE_CELLS: u64 = AREA_CODES.len() as u64 * 10_000;

/// An English list of patients admitted in the first half of 2024, sorted by record number.
///
/// Columns: Record No ("MRN100482", rising, with gaps), Patient Name, DOB, Sex, Phone (of the exchange 555, which rings nowhere),
/// Address ("12 Oak Street, Apt 4", with St. beside Street and so on), Admission, Discharge (not before admission; blank for the
/// 3 % still in), Weight (kg) to a tenth, Amount Due with two decimals, Ward, Email. Phones repeat after 120,000 rows.
pub fn patients(rows: usize, seed: u64) -> Table {
    let mut table = table_of(PATIENT_COLUMNS);
    let order = Permutation::new(seed ^ Purpose::Patients as u64, Purpose::Phone, PHONE_CELLS);
    let mut dice = Dice::new(seed, Purpose::Patients, 0);
    let mut cells = Cells::default();
    let mut record = 100_000;
    let first_day = Day::of(date(2024, 1, 1));
    for number in 0..rows as u64 {
        record += 1 + dice.below(7).min(dice.below(7));
        let (sex, sex_text) = if dice.chance(0.53) {
            (Sex::Woman, "F")
        } else {
            (Sex::Man, "M")
        };
        let (first, last) = names::english(&mut dice, sex);
        let admitted = Day(first_day.0 + dice.below(182) as i32);
        let stay = dice.below(22).min(dice.below(22)).min(dice.below(30));
        let born = Day(admitted.0 - (dice.bell(52.0, 16.0) * 365.25) as i32);
        let mean_weight = if sex == Sex::Woman { 71.0 } else { 83.0 };
        let tenths = (dice.bell(mean_weight, 13.0) * 10.0).round() as u32;
        let cents = 2_500 + dice.below(40_000) + stay * (18_000 + dice.below(60_000));
        let phone = order.at(number);
        cells
            .add(format_args!("MRN{record:06}"))
            .add(format_args!("{first} {last}"))
            .add(born.date())
            .text(sex_text)
            .maybe((!dice.chance(0.02)).then(|| {
                let area = AREA_CODES[(phone / 10_000) as usize];
                format!("({area}) 555-{:04}", phone % 10_000)
            }))
            .add(english_address(&mut dice))
            .add(admitted.date())
            .maybe((!dice.chance(0.03)).then(|| Day(admitted.0 + stay as i32).date()))
            .maybe((!dice.chance(0.01)).then(|| format!("{}.{}", tenths / 10, tenths % 10)))
            .add(format_args!("{}.{:02}", cents / 100, cents % 100))
            .text(dice.pick_early(&WARDS))
            .maybe((!dice.chance(0.06)).then(|| email(first, last, &mut dice)));
        cells.push_to(&mut table);
    }
    table
}

fn english_address(dice: &mut Dice) -> String {
    let number = 1 + dice.below(2_000).min(dice.below(2_000));
    let street = dice.pick(&TREES);
    let way = dice.pick_early(&WAYS)[usize::from(dice.chance(0.4))];
    let mut text = format!("{number} {street} {way}");
    if dice.chance(0.4) {
        let kind = match dice.below(20) {
            0..11 => "Apt",
            11..16 => "Apt.",
            _ => "Unit",
        };
        text.push_str(&format!(", {kind} {}", 1 + dice.below(40)));
    }
    text
}

/// An address under a domain that RFC 2606 keeps for examples.
fn email(first: &str, last: &str, dice: &mut Dice) -> String {
    let domain = dice.pick_early(&["example.com", "example.org", "example.net"]);
    let number = 1 + dice.below(9_999);
    let last = last.replace('\'', "");
    format!("{first}.{last}{number}@{domain}").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn contacts_are_sampled_after_the_last_contact() {
        let table = contacts(300, 4);
        assert_eq!((table.rows(), table.width()), (300, 8));
        for row in 0..table.rows() {
            let time = |column| -> DateTime {
                let text = table.cell(row, column);
                assert_eq!(text.len(), 16, "{text}");
                text.replace(' ', "T").parse().unwrap()
            };
            let minutes = time(6).duration_since(time(5)).as_mins();
            assert!((120..=3_000).contains(&minutes), "{minutes}");
            let age: u32 = table.cell(row, 2).parse().unwrap();
            assert!((3..=90).contains(&age));
        }
        let phones: Vec<&str> = table.column(3).filter(|p| !p.is_empty()).collect();
        let distinct: HashSet<&&str> = phones.iter().collect();
        assert!(phones.len() > 280 && distinct.len() >= phones.len() - 1);
        for mixed in ["栋", "幢", "室", "房"] {
            assert!(table.column(4).any(|a| a.contains(mixed)), "{mixed}");
        }
        assert_eq!(table, contacts(300, 4));
        assert_ne!(table, contacts(300, 5));
    }

    #[test]
    fn patients_rise_with_gaps_and_leave_after_they_came() {
        let table = patients(2_000, 4);
        assert_eq!(table.rows(), 2_000);
        assert_eq!(table.header(), PATIENT_COLUMNS);
        let records: Vec<&str> = table.column(0).collect();
        assert!(records.is_sorted());
        let distinct: HashSet<&&str> = records.iter().collect();
        assert_eq!(distinct.len(), records.len());
        assert_ne!(records.last(), Some(&"MRN102000"));
        let mut still_in = 0;
        for row in 0..table.rows() {
            let (born, came, left) = (table.cell(row, 2), table.cell(row, 6), table.cell(row, 7));
            assert!(born < came, "{born} {came}");
            assert!(left.is_empty() || came <= left, "{came} {left}");
            still_in += usize::from(left.is_empty());
            let due = table.cell(row, 9);
            assert_eq!(due.len() - due.find('.').unwrap(), 3, "{due}");
        }
        assert!((20..120).contains(&still_in), "{still_in}");
        for mixed in ["Street", "St.", "Avenue", "Ave.", "Apt ", "Apt. "] {
            assert!(table.column(5).any(|a| a.contains(mixed)), "{mixed}");
        }
        let phones: Vec<&str> = table.column(4).filter(|p| !p.is_empty()).collect();
        let distinct: HashSet<&&str> = phones.iter().collect();
        assert_eq!(distinct.len(), phones.len());
        assert_eq!(table, patients(2_000, 4));
        assert_ne!(table, patients(2_000, 5));
    }
}
