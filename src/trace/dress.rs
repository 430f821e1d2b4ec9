//! How a leak's column writes its values, and the value under that dress as the register would write it.
//!
//! Handling dresses a column, not a cell: all of it became serial numbers, lost its years or was set in capitals. So the dresses that
//! a column may wear are proposed by what its cells look like, and the one under which they agree with linked records is taken
//! ([`super::columns`]).

use std::borrow::Cow;

use crate::policy::{DateOrder, Kind};
use crate::table::Table;
use crate::value::date::{self, Epoch};
use crate::value::number::{self, Decimal};

/// Cells of a column that are looked at.
const SAMPLE: usize = 600;

/// How a column writes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Dress {
    /// As text; dates in this order.
    Text(DateOrder),
    /// Dates as a spreadsheet's serial numbers.
    Serial(Epoch),
    /// Moments of universal time, shifted by so many seconds.
    Instant(Clock, i32),
    /// Dates without their year, which is this one.
    Yearless(i16),
    /// Numbers in another unit: ten to this power times too small.
    Scaled(i8),
    /// Numbers with a comma before their decimals.
    Comma,
    /// Text in another spelling.
    Respelt(Respelling),
}

/// How moments of universal time are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// `2024-03-05T16:00:00Z`.
    Zulu,
}

/// What handling does to text throughout a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Respelling {
    /// Letters and digits became full width.
    Wide,
    /// Blanks came between the parts.
    Spaced,
    /// The province or city came in front.
    Prefixed,
    /// All letters became capitals, or small.
    Cased,
}

const RESPELLINGS: [Respelling; 4] = [
    Respelling::Wide,
    Respelling::Spaced,
    Respelling::Prefixed,
    Respelling::Cased,
];

impl Default for Dress {
    fn default() -> Dress {
        Dress::Text(DateOrder::default())
    }
}

impl Dress {
    /// The cell as the register would write it; as it is where the dress does not fit it.
    pub fn undress<'t>(&self, kind: Kind, cell: &'t str) -> Cow<'t, str> {
        let bare = match (self, kind) {
            (Dress::Text(_), Kind::Date | Kind::DateTime) => return plain_date(cell),
            (Dress::Serial(epoch), Kind::Date | Kind::DateTime) => {
                let serial = cell.trim().parse::<f64>().ok();
                let moment = serial.and_then(|n| date::from_serial(n, *epoch));
                moment.map(|m| m.normal().to_string())
            }
            (Dress::Instant(clock, shift), Kind::Date | Kind::DateTime) => {
                instant(*clock, cell).and_then(|t| moment_text(t + i64::from(*shift)))
            }
            (Dress::Yearless(year), Kind::Date | Kind::DateTime) => {
                Some(format!("{year}年{}", cell.trim()))
            }
            (Dress::Scaled(power), Kind::Number) => scaled(cell, *power),
            (Dress::Comma, Kind::Number) => Some(cell.replace(',', ".")),
            (Dress::Respelt(how), _) => Some(how.undone(cell)),
            _ => None,
        };
        bare.map_or(Cow::Borrowed(cell), Cow::Owned)
    }

    /// The order of dates under this dress.
    pub fn order(&self) -> DateOrder {
        match self {
            Dress::Text(order) => *order,
            _ => DateOrder::Ymd,
        }
    }
}

/// The dresses that a column may wear, by kind of what it may turn out to be.
pub struct Wardrobe {
    dates: Vec<Dress>,
    numbers: Vec<Dress>,
    texts: Vec<Dress>,
    plain: [Dress; 1],
}

impl Wardrobe {
    /// Looks at a column.
    pub fn of(table: &Table, place: usize) -> Wardrobe {
        let sample: Vec<&str> = table
            .column(place)
            .map(str::trim)
            .filter(|c| !c.is_empty())
            .take(SAMPLE)
            .collect();
        let mut numbers = vec![Dress::default()];
        if most(&sample, |c| number::parse(c).is_some()) {
            numbers.extend([2, -2, 3, -3].map(Dress::Scaled));
        } else if most(&sample, |c| number::parse(&c.replace(',', ".")).is_some()) {
            numbers.push(Dress::Comma);
        }
        let mut texts = vec![Dress::default()];
        if most(&sample, |c| c.chars().any(char::is_alphabetic)) {
            texts.extend(RESPELLINGS.map(Dress::Respelt));
        }
        Wardrobe {
            dates: dates(&sample),
            numbers,
            texts,
            plain: [Dress::default()],
        }
    }

    /// What the column may wear if it holds this kind.
    pub fn for_kind(&self, kind: Kind) -> &[Dress] {
        match kind {
            Kind::Date | Kind::DateTime => &self.dates,
            Kind::Number => &self.numbers,
            Kind::Address | Kind::Text => &self.texts,
            _ => &self.plain,
        }
    }
}

fn most(sample: &[&str], is: impl Fn(&str) -> bool) -> bool {
    sample.iter().filter(|c| is(c)).count() * 2 > sample.len()
}

fn dates(sample: &[&str]) -> Vec<Dress> {
    let is_serial = |c: &str| {
        c.parse::<f64>()
            .is_ok_and(|n| (10_000.0..80_000.0).contains(&n))
    };
    if most(sample, is_serial) {
        return vec![
            Dress::Serial(Epoch::Y1900),
            Dress::Serial(Epoch::Y1904),
            Dress::default(),
        ];
    }
    for clock in [Clock::Milliseconds, Clock::Seconds, Clock::Zulu] {
        if most(sample, |c| instant(clock, c).is_some()) {
            let mut all = vec![Dress::Instant(clock, midnight(clock, sample))];
            all.extend([0, 8 * 3600].map(|shift| Dress::Instant(clock, shift)));
            all.push(Dress::default());
            return all;
        }
    }
    if most(sample, is_yearless) {
        return (2000..2040).rev().map(Dress::Yearless).collect();
    }
    let plain: Vec<Cow<'_, str>> = sample.iter().map(|c| plain_date(c)).collect();
    let voted = date::vote(plain.iter().map(|c| c.as_ref())).unwrap_or_default();
    let mut all = vec![Dress::Text(voted)];
    all.extend(
        [DateOrder::Ymd, DateOrder::Mdy, DateOrder::Dmy]
            .into_iter()
            .map(Dress::Text)
            .filter(|d| *d != Dress::Text(voted)),
    );
    all
}

/// `3月5日` and what follows.
fn is_yearless(cell: &str) -> bool {
    let digits = cell.bytes().take_while(u8::is_ascii_digit).count();
    (1..=2).contains(&digits) && cell[digits..].starts_with('月')
}

/// A moment in seconds since 1970.
fn instant(clock: Clock, cell: &str) -> Option<i64> {
    // from 1990 on, so that telephone numbers and amounts are seldom moments
    let years = 631_152_000..4_102_444_800i64;
    let whole = cell.strip_suffix(".0").unwrap_or(cell);
    let seconds = match clock {
        Clock::Seconds if whole.len() <= 10 => whole.parse().ok()?,
        Clock::Milliseconds if whole.len() > 11 => whole.parse::<i64>().ok()? / 1000,
        Clock::Zulu => {
            let (day, time) = cell.strip_suffix('Z')?.split_once('T')?;
            let time = time.split('.').next()?;
            // midnight is the day as it stands
            if time == "00:00:00" {
                return None;
            }
            let (moment, _) = date::parse(&format!("{day} {time}"), DateOrder::Ymd)?;
            let serial = date::to_serial(&moment, Epoch::Y1904)?;
            ((serial - 24_107.0) * 86_400.0).round() as i64
        }
        _ => return None,
    };
    years.contains(&seconds).then_some(seconds)
}

/// The shift, whole quarters of an hour between -12 and +14 hours, that brings most of a column to midnight.
fn midnight(clock: Clock, sample: &[&str]) -> i32 {
    let mut shifts: Vec<i32> = sample
        .iter()
        .filter_map(|c| instant(clock, c))
        .map(|t| (-t).rem_euclid(86_400) as i32)
        .map(|s| if s > 14 * 3600 { s - 86_400 } else { s })
        .filter(|s| s % 900 == 0)
        .collect();
    shifts.sort_unstable();
    let commonest = shifts.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
    commonest.map_or(0, |run| run[0])
}

fn moment_text(seconds: i64) -> Option<String> {
    let serial = seconds as f64 / 86_400.0 + 24_107.0;
    Some(
        date::from_serial(serial, Epoch::Y1904)?
            .normal()
            .to_string(),
    )
}

fn scaled(cell: &str, power: i8) -> Option<String> {
    let (number, _) = number::parse(cell)?;
    let (mut coefficient, mut scale) = (number.coefficient(), number.scale());
    match power {
        0.. => {
            for _ in 0..power {
                match scale.checked_sub(1) {
                    Some(less) => scale = less,
                    None => coefficient = coefficient.checked_mul(10)?,
                }
            }
        }
        _ => scale = scale.checked_add(power.unsigned_abs())?,
    }
    Some(Decimal::new(coefficient, scale)?.normal().to_string())
}

/// A date without what programs append to it: `20240305.0`, `2024-03-05T00:00:00.000+08:00`; Chinese numerals as digits.
fn plain_date(cell: &str) -> Cow<'_, str> {
    let trimmed = cell.trim();
    if let Some(compact) = trimmed.strip_suffix(".0")
        && compact.len() == 8
        && compact.bytes().all(|b| b.is_ascii_digit())
    {
        return Cow::Borrowed(compact);
    }
    if let Some((day, time)) = trimmed.split_once('T')
        && day.len() == 10
        && time.len() > 5
    {
        let zone = time.find(['Z', '+']).or(time.rfind('-'));
        let time = time[..zone.unwrap_or(time.len())].split('.').next();
        return Cow::Owned(format!("{day} {}", time.unwrap_or_default()));
    }
    if trimmed.contains('年') && trimmed.chars().any(|c| numeral(c).is_some()) {
        return chinese_date(trimmed).map_or(Cow::Borrowed(cell), Cow::Owned);
    }
    Cow::Borrowed(cell)
}

fn numeral(c: char) -> Option<u32> {
    let at = "〇一二三四五六七八九".chars().position(|n| n == c);
    at.map(|n| n as u32)
        .or(matches!(c, '零' | '○' | 'О' | 'O').then_some(0))
}

/// `二〇二三年七月二十五日` as `2023年7月25日`.
fn chinese_date(text: &str) -> Option<String> {
    let (year, rest) = text.split_once('年')?;
    let (month, rest) = rest.split_once('月')?;
    let (day, _) = rest.split_once(['日', '号'])?;
    let mut digits = String::new();
    for c in year.trim().chars() {
        digits.push(char::from_digit(numeral(c)?, 10)?);
    }
    Some(format!("{digits}年{}月{}日", tens(month)?, tens(day)?))
}

/// A number below a hundred in Chinese numerals.
fn tens(text: &str) -> Option<u32> {
    let text = text.trim();
    let one = |part: &str| {
        let mut chars = part.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) => numeral(c),
            _ => None,
        }
    };
    match text.split_once('十') {
        None => one(text),
        Some((before, after)) => {
            let tens = if before.is_empty() { 1 } else { one(before)? };
            let ones = if after.is_empty() { 0 } else { one(after)? };
            Some(tens * 10 + ones)
        }
    }
}

impl Respelling {
    fn undone(self, cell: &str) -> String {
        match self {
            Respelling::Wide => cell
                .chars()
                .map(|c| match c {
                    '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' | '－' => {
                        char::from_u32(c as u32 - 0xFEE0).unwrap_or(c)
                    }
                    _ => c,
                })
                .collect(),
            Respelling::Spaced => cell.chars().filter(|c| !c.is_whitespace()).collect(),
            Respelling::Prefixed => {
                // the first city or province within the first few characters
                let head = cell.char_indices().take(9);
                let ends = head.filter(|(_, c)| matches!(c, '市' | '省'));
                let last = ends.map(|(at, c)| at + c.len_utf8()).last();
                cell[last.unwrap_or(0)..].trim_start().to_string()
            }
            Respelling::Cased => {
                let mut out = String::with_capacity(cell.len());
                let mut inside = false;
                for c in cell.chars() {
                    if inside {
                        out.extend(c.to_lowercase());
                    } else {
                        out.extend(c.to_uppercase());
                    }
                    inside = c.is_alphanumeric() || c == '\'';
                }
                out
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_without_what_programs_append() {
        for (cell, bare) in [
            ("20240305.0", "20240305"),
            ("2024-03-05T00:00:00.000Z", "2024-03-05 00:00:00"),
            ("2024-03-05T10:20:30+08:00", "2024-03-05 10:20:30"),
            ("二〇二三年七月二十五日", "2023年7月25日"),
            ("二○二三年十二月三十日", "2023年12月30日"),
            ("2023年7月25日", "2023年7月25日"),
            ("2023-07-25", "2023-07-25"),
        ] {
            assert_eq!(Dress::default().undress(Kind::Date, cell), bare);
        }
    }

    #[test]
    fn a_column_proposes_what_it_may_wear() {
        let column = |cells: &[&str], kind| {
            let mut table = Table::new(Vec::new(), 1);
            cells.iter().for_each(|c| table.push([*c]));
            let wardrobe = Wardrobe::of(&table, 0);
            let all = wardrobe.for_kind(kind).iter();
            all.map(|d| d.undress(kind, cells[0]).into_owned())
                .collect::<Vec<_>>()
        };
        let has = |cells: &[&str], kind, bare: &str| {
            let all = column(cells, kind);
            assert!(all.iter().any(|b| b == bare), "{cells:?}: {all:?}");
        };
        has(&["45356", "45357"], Kind::Date, "2024-03-05");
        has(&["1688054400", "1687449600"], Kind::Date, "2023-06-30");
        has(&["1688054400000"], Kind::Date, "2023-06-30");
        has(&["2024-03-04T16:00:00Z"], Kind::Date, "2024-03-05");
        has(
            &["11月4日11时43分"],
            Kind::DateTime,
            "2022年11月4日11时43分",
        );
        has(&["1.66", "1.5"], Kind::Number, "166");
        has(&["16600"], Kind::Number, "166");
        has(&["68,5", "70"], Kind::Number, "68.5");
        has(&["１６栋（二期）"], Kind::Address, "16栋（二期）");
        has(&["南浦区 7号 3幢"], Kind::Address, "南浦区7号3幢");
        has(&["澜江市柳溪区16号"], Kind::Address, "柳溪区16号");
        has(
            &["231 POPLAR DR., APT 21"],
            Kind::Address,
            "231 Poplar Dr., Apt 21",
        );
    }
}
