//! The made-up registers: a rolling register of expectant mothers, a short contact list, an English list of patients.

use jiff::ToSpan;
use jiff::civil::{Date, date};

use super::cells::{Cells, Day, full_years};
use super::city::{self, CITY, DISTRICTS, Origin, Phones, identity_number};
use super::dice::{Dice, Permutation, Purpose, Weights, scatter};
use super::names::{self, Sex};
use crate::table::Table;

pub use super::lists::{contacts, patients};

/// Columns of [`Maternity`], in order.
pub const MATERNITY_COLUMNS: [&str; 19] = [
    "序号",
    "姓名",
    "身份证号",
    "出生日期",
    "年龄",
    "手机号",
    "户籍类型",
    "现住址",
    "末次月经",
    "预产期",
    "孕周",
    "建档日期",
    "建档医院",
    "所属区",
    "孕前体重",
    "身高",
    "孕次",
    "产次",
    "血型",
];

/// A register of expectant mothers that rolls on from month to month.
///
/// A woman enters some nine weeks after her last period and leaves some six weeks after the due date, so 11 to 12 % of the
/// records are new each month. Who stays keeps every value but 孕周 and 序号, unless her record is one of the 1.5 % a month that
/// are corrected (telephone, address, weight or identity number).
///
/// What holds in every row: 身份证号 has a right check character and 出生日期 inside; 年龄 is in full years at 建档日期; 预产期 is
/// 末次月经 + 280 days; 孕周 is the full weeks from 末次月经 to the export's day, and goes on counting until the record leaves;
/// 建档医院 determines 所属区; 建档日期 is a weekday; 产次 is below 孕次. Rows are sorted by 建档日期 and, within a day, by entry;
/// 序号 counts them from 1. Identity numbers are unique except where a correction hits another by chance; some 0.3 % of the
/// telephones are shared, 2 % are blank, 1 % of the weights and 0.3 % of the identity numbers too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Maternity {
    /// Records in an average month.
    pub rows: usize,
    /// Which people; the city stays the same.
    pub seed: u64,
}

/// Weeks are counted from this Monday; it lies further before the first export than any record stays.
const FIRST_MONDAY: Date = date(2023, 1, 2);
/// How many days lie between last period and registration at most, and least.
const REGISTERED_AFTER: [i32; 2] = [42, 98];
const TERM_DAYS: i32 = 280;
/// How many days after the due date a record leaves at most, and least.
const LEAVES_AFTER: [i32; 2] = [30, 56];
const LONGEST_STAY: i32 = TERM_DAYS + LEAVES_AFTER[1] - REGISTERED_AFTER[0];
/// The mean of what [`Maternity::stay`] draws: 280 + 43 days less 66.
const MEAN_STAY: f64 = 257.0;
/// Registrations by day of the week, Monday to Friday.
const WEEKDAYS: [u32; 5] = [13, 11, 10, 9, 7];
/// First, second ... pregnancies, in hundredths.
const PREGNANCIES: [u32; 5] = [47, 30, 15, 6, 2];
/// Chance that a record is corrected between one export and the next.
const CORRECTED: f64 = 0.015;
const LAST_MONTH: usize = 1_199;
/// Days of a common year times the even sequences from 002 to 998 of identity numbers.
const BIRTH_CELLS: u64 = 365 * 499;

/// Ages of mothers at registration, from 17 to 46, in relative numbers.
const AGES: [u32; 30] = [
    2, 4, 8, 14, 22, 34, 48, 64, 80, 95, 106, 112, 110, 104, 96, 88, 78, 66, 54, 44, 34, 26, 20,
    15, 11, 8, 5, 3, 2, 1,
];

/// A record as it stands at some export.
struct Mother {
    name: String,
    region: u32,
    born: Date,
    sequence: u32,
    no_identity: bool,
    phone: Option<u64>,
    household: &'static str,
    residence: usize,
    address: String,
    hospital: usize,
    tenths_of_kg: Option<u32>,
    height: u32,
    pregnancies: u32,
    births: u32,
    blood: &'static str,
}

/// The keyed tables of one register.
struct Makers {
    phones: Phones,
    births: Permutation,
    ages: Weights,
    weekdays: Weights,
    pregnancies: Weights,
}

/// When a record is in the register.
struct Stay {
    period: Day,
    registered: Day,
    leaves: Day,
}

impl Maternity {
    /// The day on which month `index` is exported: the last of that month, 0 being March 2024. Indices beyond 1,199 count as 1,199.
    pub fn export_day(index: usize) -> Date {
        let months = index.min(LAST_MONTH) as i32;
        date(2024, 3, 1)
            .saturating_add(months.months())
            .last_of_month()
    }

    /// The register as exported at the end of month `index`, under [`MATERNITY_COLUMNS`].
    pub fn month(&self, index: usize) -> Table {
        let export = Day::of(Self::export_day(index));
        let month = index.min(LAST_MONTH) as i32;
        let makers = Makers {
            phones: Phones::new(self.seed),
            births: Permutation::new(self.seed, Purpose::Birth, BIRTH_CELLS),
            ages: Weights::new(AGES),
            weekdays: Weights::new(WEEKDAYS),
            pregnancies: Weights::new(PREGNANCIES),
        };
        let mut table = Table::new(
            MATERNITY_COLUMNS.map(String::from).to_vec(),
            MATERNITY_COLUMNS.len(),
        );
        let mut cells = Cells::default();
        for number in self.candidates(export) {
            let mut dice = Dice::new(self.seed, Purpose::Person, number);
            let stay = self.stay(number, &makers, &mut dice);
            if stay.registered > export || stay.leaves <= export {
                continue;
            }
            let mut mother = self.enter(number, stay.registered.date(), &makers, &mut dice);
            mother.correct_until(month, stay.registered.date(), &mut dice);
            cells.add(table.rows() + 1);
            mother.write(&stay, export, &mut cells);
            cells.push_to(&mut table);
        }
        table
    }

    fn a_week(&self) -> f64 {
        self.rows as f64 * 7.0 / MEAN_STAY
    }

    /// Everybody who could be in the register on that day.
    fn candidates(&self, export: Day) -> std::ops::Range<u64> {
        if self.rows == 0 {
            return 0..0;
        }
        let first = Day::of(FIRST_MONDAY).0;
        let week = |day: i32| f64::from((day - first) / 7);
        let from = week(export.0 - LONGEST_STAY) * self.a_week();
        let to = (week(export.0) + 1.0) * self.a_week();
        from as u64..to.ceil() as u64
    }

    fn stay(&self, number: u64, makers: &Makers, dice: &mut Dice) -> Stay {
        let weeks = number as f64 / self.a_week();
        let within = weeks.fract() * f64::from(makers.weekdays.total());
        let monday = Day::of(FIRST_MONDAY).0 + 7 * weeks as i32;
        let registered = monday + makers.weekdays.at(within as u32) as i32;
        let [least, most] = REGISTERED_AFTER;
        let waited = dice.bell(66.0, 9.5).round() as i32;
        let period = registered - waited.clamp(least, most);
        let leaves = period + TERM_DAYS + dice.between(LEAVES_AFTER[0], LEAVES_AFTER[1]);
        Stay {
            period: Day(period),
            registered: Day(registered),
            leaves: Day(leaves),
        }
    }

    fn enter(&self, number: u64, registered: Date, makers: &Makers, dice: &mut Dice) -> Mother {
        let (born, sequence) = self.birth(number, registered, makers);
        let origin = Origin::draw(dice);
        let settled = dice.chance(0.08);
        let household = match &origin {
            Origin::City(_) => "本市户籍",
            _ if settled => "本市户籍",
            Origin::Province(_) => "本省外市",
            Origin::Country(_) => "外省",
        };
        let phone = match dice.below(1_000) {
            0..20 => None,
            // A sister, a mother-in-law, a neighbour: somebody who registered at about the same time.
            20..23 => Some(
                makers
                    .phones
                    .of(number.saturating_sub(1 + dice.below(200) as u64)),
            ),
            _ => Some(makers.phones.of(number)),
        };
        let hospital = CITY.hospital(dice);
        let residence = if dice.chance(0.7) {
            CITY.hospitals[hospital].district
        } else {
            dice.below(DISTRICTS.len())
        };
        let height = dice.bell(160.5, 5.0).round() as u32;
        let tenths_of_kg = (!dice.chance(0.01)).then(|| weigh(height, dice));
        let pregnancies = 1 + dice.weighted(&makers.pregnancies) as u32;
        let births = (1..pregnancies).filter(|_| dice.chance(0.6)).count() as u32;
        Mother {
            name: names::chinese(dice, Sex::Woman),
            region: origin.region(),
            born,
            sequence,
            no_identity: dice.chance(0.003),
            phone,
            household,
            residence,
            address: city::address(dice, residence),
            hospital,
            tenths_of_kg,
            height,
            pregnancies,
            births: births.min(3),
            blood: match dice.below(1_000) {
                0..275 => "A型",
                275..565 => "B型",
                565..885 => "O型",
                885..970 => "AB型",
                _ => "",
            },
        }
    }

    /// Birth date and sequence: the place of `number` in a seeded order of all days of the year and sequences, so that no two of
    /// 182,135 neighbours share both. The next round of the order takes other years of birth.
    fn birth(&self, number: u64, registered: Date, makers: &Makers) -> (Date, u32) {
        let cell = makers.births.at(number);
        let (day, sequence) = (cell % 365, cell / 365);
        let point = scatter(self.seed, Purpose::BirthYear, number % BIRTH_CELLS)
            // Steps of the golden section fall far from one another (Weyl's sequence).
            .wrapping_add((number / BIRTH_CELLS).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let place = (u128::from(point) * u128::from(makers.ages.total())) >> 64;
        let years = 17 + makers.ages.at(place as u32) as i16;
        // 2023 has no 29 February, so day and month fit every year.
        let in_year = Day(Day::of(date(2023, 1, 1)).0 + day as i32).date();
        let born = in_year.with().year(registered.year() - years).build();
        (born.unwrap_or(in_year), 2 + 2 * sequence as u32)
    }
}

/// A weight before pregnancy, in tenths of a kilogram: most scales are read to the kilogram or the half.
fn weigh(height: u32, dice: &mut Dice) -> u32 {
    let square = f64::from(height * height) / 10_000.0;
    let tenths = dice.bell(21.6, 2.6) * square * 10.0;
    match dice.below(100) {
        0..56 => (tenths / 10.0).round() as u32 * 10,
        56..94 => (tenths / 10.0).floor() as u32 * 10 + 5,
        _ => tenths.round() as u32,
    }
}

fn month_of(date: Date) -> i32 {
    (i32::from(date.year()) - 2024) * 12 + i32::from(date.month()) - 3
}

impl Mother {
    /// Makes the corrections that fell between the first export and that of `month`. The draws come in the order of the months,
    /// so a later export sees the same ones and more.
    fn correct_until(&mut self, month: i32, registered: Date, dice: &mut Dice) {
        for _ in month_of(registered)..month {
            if dice.chance(CORRECTED) {
                self.correct(dice);
            }
        }
    }

    fn correct(&mut self, dice: &mut Dice) {
        match dice.below(100) {
            0..45 => self.phone = Some(CITY.any_phone(dice)),
            45..70 => {
                if dice.chance(0.5) {
                    self.residence = dice.below(DISTRICTS.len());
                }
                self.address = city::address(dice, self.residence);
            }
            70..90 => self.tenths_of_kg = Some(weigh(self.height, dice)),
            _ if dice.chance(0.5) => self.sequence = 2 + 2 * dice.below(499) as u32,
            _ => {
                let day = 1 + dice.below(28) as i8;
                // Every month has a day up to the 28th, so the date that is there is never what remains.
                self.born = self.born.with().day(day).build().unwrap_or(self.born);
            }
        }
    }

    fn write(&self, stay: &Stay, export: Day, cells: &mut Cells) {
        let registered = stay.registered.date();
        let hospital = &CITY.hospitals[self.hospital];
        cells.text(&self.name);
        if self.no_identity {
            cells.text("");
        } else {
            let born = i32::from(self.born.year()) * 10_000
                + i32::from(self.born.month()) * 100
                + i32::from(self.born.day());
            cells.text(&identity_number(self.region, born as u32, self.sequence));
        }
        cells
            .add(self.born)
            .add(full_years(self.born, registered))
            .maybe(self.phone)
            .text(self.household)
            .text(&self.address)
            .add(stay.period.date())
            .add(Day(stay.period.0 + TERM_DAYS).date())
            .add((export.0 - stay.period.0) / 7)
            .add(registered)
            .text(&hospital.name)
            .text(DISTRICTS[hospital.district])
            .maybe(
                self.tenths_of_kg
                    .map(|tenths| format!("{}.{}", tenths / 10, tenths % 10)),
            )
            .add(self.height)
            .add(self.pregnancies)
            .add(self.births)
            .text(self.blood);
    }
}

#[cfg(test)]
#[path = "registers_tests.rs"]
mod tests;
