//! What a column holds, seen from its values: the kind, how it writes dates, the step that its numbers really use.

use std::collections::HashMap;

use super::words::{Hint, hints};
use super::{Column, DateOrder, Kind, Role};
use crate::table::Table;
use crate::value::number::Decimal;
use crate::value::spelling::places;
use crate::value::{clock, date, email, name, national_id, number, phone};

/// Inference looks at no more than this many rows, evenly spread: enough to tell a kind, few enough to be quick.
const SAMPLE: usize = 2_000;

/// The part of a column's values that must be of a kind before the column is.
const MOST: f64 = 0.8;

/// Spellings that mean the same. A column is altered in those that it already mixes.
pub const SPELLINGS: &[[&str; 2]] = &[
    ["栋", "幢"],
    ["室", "房"],
    ["（", "("],
    ["）", ")"],
    ["，", ","],
    ["号楼", "栋"],
    ["Street", "St."],
    ["Street", "St"],
    ["Road", "Rd."],
    ["Road", "Rd"],
    ["Avenue", "Ave."],
    ["Avenue", "Ave"],
    ["Drive", "Dr."],
    ["Drive", "Dr"],
    ["Lane", "Ln."],
    ["Lane", "Ln"],
    ["Apartment", "Apt"],
    ["Apt", "Apt."],
    ["Apt", "#"],
    ["Suite", "Ste"],
    ["Boulevard", "Blvd"],
    ["North", "N."],
    ["South", "S."],
    ["East", "E."],
    ["West", "W."],
];

/// The values of one column that inference looks at.
pub struct Profile<'a> {
    /// Non-blank values of the sample, in row order.
    pub values: Vec<&'a str>,
    /// How often each occurs.
    counts: HashMap<&'a str, usize>,
    header: &'a str,
}

/// The rows that inference looks at.
pub fn sample_rows(table: &Table) -> impl Iterator<Item = usize> + Clone + use<> {
    let rows = table.rows();
    let step = rows.div_ceil(SAMPLE).max(1);
    (0..rows).step_by(step)
}

impl<'a> Profile<'a> {
    /// The profile of one column.
    pub fn of(table: &'a Table, column: usize) -> Profile<'a> {
        let values: Vec<&str> = sample_rows(table)
            .map(|row| table.cell(row, column))
            .filter(|v| !v.trim().is_empty())
            .collect();
        let mut counts = HashMap::with_capacity(values.len());
        for value in &values {
            *counts.entry(*value).or_insert(0) += 1;
        }
        Profile {
            values,
            counts,
            header: table.header().get(column).map_or("", String::as_str),
        }
    }

    /// Distinct values per value: 1 where none repeats.
    pub fn uniqueness(&self) -> f64 {
        self.counts.len() as f64 / self.values.len().max(1) as f64
    }

    fn most(&self, test: impl Fn(&str) -> bool) -> bool {
        let hits = self.values.iter().filter(|v| test(v)).count();
        !self.values.is_empty() && hits as f64 >= MOST * self.values.len() as f64
    }

    fn hints(&self, hint: Hint) -> bool {
        hints(self.header, hint)
    }

    /// The column with its role so far; rules between columns are found later.
    pub fn infer(&self) -> Column {
        let mut column = Column::plain(self.header, Kind::Text);
        if self.values.is_empty() {
            return column;
        }
        if self.most(|v| national_id::normal(v).is_some_and(|n| n.is_valid())) {
            column.kind = Kind::NationalId;
            column.role = Role::Identifier;
        } else if self.most(email::is_email) {
            column.kind = Kind::Email;
            column.role = Role::Identifier;
        } else if self.is_phone() {
            column.kind = Kind::Phone;
            column.role = Role::Identifier;
        } else if let Some(order) = date::vote(self.values.iter().copied()) {
            self.infer_date(order, &mut column);
        } else if self.is_clock() {
            column.kind = Kind::Time;
            if self.counts.len() >= 8 && !self.hints(Hint::ActedOn) {
                column.role = Role::Carrier;
                column.like = self.like(|v| Some(clock::parse_exact(v)?.1), |a, b| a.merge(b));
                column.heaped = self.heaped();
            }
        } else if self.most(|v| number::parse(v).is_some()) {
            self.infer_number(&mut column);
        } else {
            self.infer_text(&mut column);
        }
        column
    }

    fn is_phone(&self) -> bool {
        self.most(|v| phone::normal(v).is_some_and(|n| phone::is_mobile_cn(n.as_str())))
            || (self.hints(Hint::Phone)
                && self.most(|v| phone::normal(v).is_some())
                && self.uniqueness() > 0.5)
    }

    /// Times of day: with separators, or as numbers of which none has more than 59 minutes though many minutes occur.
    fn is_clock(&self) -> bool {
        if self.most(|v| !v.bytes().all(|b| b.is_ascii_digit() || b == b'.')) {
            return self.most(|v| clock::parse(v).is_some());
        }
        let numbers = || self.values.iter().filter(|v| number::parse(v).is_some());
        let mut minutes = [false; 60];
        let mut late = false;
        for value in numbers() {
            let Some(minute) = clock::minutes_of_number(value) else {
                return false;
            };
            minutes[minute as usize % 60] = true;
            late |= minute >= 600;
        }
        // rooms and codes of a department do not run to a minute before the hour
        let full = minutes[50..].iter().filter(|m| **m).count() >= 3;
        let hinted = self.hints(Hint::Code) || self.hints(Hint::Sequence);
        late && full
            && !hinted
            && numbers().count() >= 30
            && minutes.iter().filter(|m| **m).count() >= 12
    }

    fn infer_date(&self, order: DateOrder, column: &mut Column) {
        let moments: Vec<_> = self
            .values
            .iter()
            .filter_map(|v| Some(date::parse_exact(v, order)?.0))
            .collect();
        let timed = moments
            .iter()
            .filter(|m| m.time.is_some_and(|t| t != jiff::civil::Time::midnight()))
            .count();
        column.order = Some(order);
        column.kind = if timed * 2 > moments.len() {
            Kind::DateTime
        } else {
            Kind::Date
        };
        let alterable = moments.len() as f64 >= MOST * self.values.len() as f64;
        if self.hints(Hint::Birth) || !alterable || self.counts.len() < 3.min(self.values.len()) {
            return;
        }
        column.role = Role::Carrier;
        column.like = self.like(|v| Some(date::parse_exact(v, order)?.1), |a, b| a.merge(b));
        if column.kind == Kind::DateTime {
            let seconds = moments
                .iter()
                .filter_map(|m| m.time)
                .map(|t| i64::from(t.hour()) * 3600 + i64::from(t.minute()) * 60);
            column.step = Some(finest_step(seconds, &[3600, 1800, 900, 600, 300, 60]).to_string());
        } else {
            let weekend = moments
                .iter()
                .filter(|m| m.date.weekday().to_monday_zero_offset() >= 5)
                .count();
            column.weekdays = moments.len() >= 20 && weekend == 0;
        }
        column.heaped = self.heaped();
    }

    fn infer_number(&self, column: &mut Column) {
        let decimals: Vec<Decimal> = self
            .values
            .iter()
            .filter_map(|v| Some(number::parse_exact(v)?.0))
            .collect();
        let all_whole = decimals.iter().all(|d| whole(d).is_some());
        column.kind = Kind::Number;
        if all_whole && self.uniqueness() > 0.95 && self.values.len() > 1 {
            let rising = decimals.windows(2).all(|w| w[0] < w[1]);
            let first = decimals.first().and_then(whole).unwrap_or(0);
            let last = decimals.last().and_then(whole).unwrap_or(0);
            if rising && ((0..=1).contains(&first) || self.hints(Hint::Sequence)) {
                column.role = Role::Sequence;
                return;
            }
            let long = decimals
                .iter()
                .all(|d| d.coefficient().unsigned_abs() >= 10_000);
            if self.hints(Hint::Code)
                || self.hints(Hint::Phone)
                || (long && last != first && self.uniqueness() > 0.999 && self.values.len() > 50)
            {
                column.kind = Kind::Code;
                column.role = Role::Identifier;
                return;
            }
        }
        if self.hints(Hint::Code)
            || self.hints(Hint::Sequence)
            || self.hints(Hint::ActedOn)
            || self.hints(Hint::Phone)
        {
            return;
        }
        let Some(step) = number_step(&decimals) else {
            return;
        };
        let spread = spread(&decimals);
        // a step must be small beside what the column varies by anyway, and the column must be more than a few classes
        if self.counts.len() < 8 || spread < 3.0 * step.to_f64() {
            return;
        }
        let (low, high) = decimals
            .iter()
            .skip(1)
            .fold((decimals[0], decimals[0]), |(low, high), d| {
                ((*d).min(low), (*d).max(high))
            });
        column.role = Role::Carrier;
        column.like = self.like(|v| Some(number::parse_exact(v)?.1), |a, b| a.merge(b));
        column.step = Some(step.normal().to_string());
        column.range = Some([low.normal().to_string(), high.normal().to_string()]);
        column.heaped = self.heaped();
    }

    fn infer_text(&self, column: &mut Column) {
        let address = self.hints(Hint::Address)
            || self.most(|v| {
                v.chars().count() >= 6
                    && v.contains(['路', '街', '号', '村', '区', '栋', '巷'])
                    && v.chars().any(|c| c.is_ascii_digit())
            });
        let person = self.hints(Hint::Name) && self.uniqueness() > 0.2
            || self.most(name::is_chinese_name) && self.uniqueness() > 0.3;
        let digits = self.most(|v| {
            v.chars().any(|c| c.is_ascii_digit()) && v.chars().count() <= 32 && !v.contains(' ')
        });
        if digits && !address && self.uniqueness() > 0.95 && self.values.len() > 1 {
            column.kind = Kind::Code;
            column.role = Role::Identifier;
        } else if person && !address {
            column.kind = Kind::Name;
        } else if self.counts.len() <= 20.max(self.values.len() / 50) && self.uniqueness() < 0.5 {
            column.kind = Kind::Category;
        } else {
            column.kind = if address { Kind::Address } else { Kind::Text };
            // a value that stands for many rows is a name of something, and its spelling is the same everywhere
            if self.uniqueness() > 0.5 {
                column.spellings = self.mixed_spellings();
                if !column.spellings.is_empty() {
                    column.role = Role::Carrier;
                }
            }
        }
    }

    /// The pairs of which both members stand in at least 2 % (and two) of the values.
    fn mixed_spellings(&self) -> Vec<[String; 2]> {
        let mut found: Vec<[String; 2]> = Vec::new();
        for pair in SPELLINGS {
            let pair = pair.map(String::from);
            if found.iter().any(|f| f.iter().any(|s| pair.contains(s))) {
                continue;
            }
            let mut seen = [0usize; 2];
            let alone = [pair];
            for value in &self.values {
                let mut here = [false; 2];
                for place in places(value, &alone) {
                    here[place.member] = true;
                }
                seen[0] += usize::from(here[0]);
                seen[1] += usize::from(here[1]);
            }
            let enough = (self.values.len() / 50).max(2);
            let [pair] = alone;
            if seen.iter().all(|s| *s >= enough) {
                found.push(pair);
            }
        }
        found
    }

    /// A value that shows all of the column's habits, if its values share them and one shows them all.
    fn like<F: PartialEq>(
        &self,
        form: impl Fn(&str) -> Option<F>,
        merge: impl Fn(&F, &F) -> Option<F>,
    ) -> Option<String> {
        let mut forms = self
            .values
            .iter()
            .take(400)
            .filter_map(|v| Some((*v, form(v)?)));
        let (_, first) = forms.next()?;
        let habits = forms.try_fold(first, |habits, (_, form)| merge(&habits, &form))?;
        let shows_all = |v: &&&str| form(v).is_some_and(|f| f == habits);
        self.values.iter().find(shows_all).map(|v| v.to_string())
    }

    /// Values so much more frequent than the column's others that they stand for something else.
    fn heaped(&self) -> Vec<String> {
        if self.counts.len() < 10 {
            return Vec::new();
        }
        let mut by_count: Vec<(&str, usize)> = self.counts.iter().map(|(v, n)| (*v, *n)).collect();
        by_count.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
        let typical = by_count[by_count.len() / 4].1.max(1);
        by_count
            .iter()
            .take(5)
            .filter(|(_, n)| *n >= 10 * typical && *n * 50 > self.values.len())
            .map(|(v, _)| v.to_string())
            .collect()
    }
}

/// The largest of `steps` (coarse to fine) on which at least 95 % of the values lie.
fn finest_step(values: impl Iterator<Item = i64> + Clone, steps: &[i64]) -> i64 {
    let all = values.clone().count();
    steps
        .iter()
        .copied()
        .find(|step| values.clone().filter(|v| v % step == 0).count() * 20 >= all * 19)
        .or(steps.last().copied())
        .unwrap_or(60)
}

/// The largest step 1, 2, 5, 10, 20, 50 ... (times a power of ten) on which at least 90 % of the values lie: the last digit that
/// the column really uses.
fn number_step(values: &[Decimal]) -> Option<Decimal> {
    let scale = values.iter().map(|d| d.scale()).max()?;
    let mut best = None;
    for power in 0..4u32 {
        for digit in [1i64, 5] {
            let step = Decimal::new(digit * 10i64.pow(power), scale)?;
            let on = values.iter().filter(|v| v.is_multiple_of(&step)).count();
            if on * 10 >= values.len() * 9 {
                best = Some(step);
            }
        }
    }
    best
}

/// Half the width of the middle two thirds of the values: the standard deviation where they are normal, and deaf to outliers.
fn spread(values: &[Decimal]) -> f64 {
    let mut sorted: Vec<f64> = values.iter().map(|d| d.to_f64()).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |part: f64| {
        sorted
            .get((part * sorted.len() as f64) as usize)
            .copied()
            .unwrap_or(0.0)
    };
    (at(0.84) - at(0.16)) / 2.0
}

/// The value as a whole number, where it is one.
fn whole(value: &Decimal) -> Option<i64> {
    let value = value.reduced();
    (value.scale() == 0).then(|| value.coefficient())
}
