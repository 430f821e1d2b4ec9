//! Everything that a table's rows have in common, found by trying.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::civil::{Date, DateTime};
use taggant::table::Table;

/// Near dependencies hold in so many of the rows.
const NEARLY: f64 = 0.99;

/// A dependency that chance alone would have broken so many times is one.
const EXPECTED: f64 = 12.0;

/// Fewer rows say nothing.
const ROWS: usize = 30;

/// Values that a column must have before sums and orders of it are asked for.
const VALUES: usize = 8;

/// A table as texts, numbers and moments (in minutes since 1970).
pub struct View {
    pub header: Vec<String>,
    pub texts: Vec<Vec<String>>,
    pub numbers: Vec<Option<Vec<Option<f64>>>>,
    pub moments: Vec<Option<Vec<Option<DateTime>>>>,
}

fn moment(text: &str) -> Option<DateTime> {
    let text = text.trim().trim_end_matches('Z').replace('T', " ");
    let (day, time) = text.split_once(' ').unwrap_or((&text, "00:00"));
    let mut parts = day.split(['-', '/', '.']);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next()?);
    let (y, m, d) = if a.len() == 4 { (a, b, c) } else { (c, b, a) };
    if y.len() != 4 {
        return None;
    }
    let date = Date::new(y.parse().ok()?, m.parse().ok()?, d.parse().ok()?).ok()?;
    let mut clock = time.split(':').map(|t| t.parse::<i8>());
    let hour = clock.next()?.ok()?;
    let minute = clock.next().and_then(Result::ok).unwrap_or(0);
    Some(date.at(hour, minute, 0, 0))
}

impl View {
    pub fn new(table: &Table) -> View {
        // rows in the order of the first column's values, so that copies whose rows changed places compare
        let texts: Vec<Vec<String>> = (0..table.width())
            .map(|c| table.column(c).map(String::from).collect())
            .collect();
        let mut view = View {
            header: table.header().to_vec(),
            numbers: Vec::new(),
            moments: Vec::new(),
            texts,
        };
        for column in &view.texts {
            let filled: Vec<&String> = column.iter().filter(|t| !blank(t)).collect();
            let most = |n: usize| n > 0 && n * 20 >= filled.len() * 19;
            let numbers: Vec<Option<f64>> = column.iter().map(|t| t.trim().parse().ok()).collect();
            let moments: Vec<Option<DateTime>> = column.iter().map(|t| moment(t)).collect();
            let numeric = most(numbers.iter().flatten().count());
            let dated = most(moments.iter().flatten().count());
            view.numbers.push(numeric.then_some(numbers));
            view.moments.push(dated.then_some(moments));
        }
        view
    }

    pub fn rows(&self) -> usize {
        self.texts.first().map_or(0, Vec::len)
    }

    pub fn cells(&self) -> usize {
        self.rows() * self.texts.len()
    }

    /// Cells that differ from another table's, rows matched by their most telling column.
    pub fn cells_that_differ(&self, other: &View) -> usize {
        let distinct = |c: &usize| self.texts[*c].iter().collect::<HashSet<_>>().len();
        let numbered = |c: &usize| {
            let one = |n: usize| {
                self.texts[*c]
                    .get(n)
                    .is_some_and(|t| *t == (n + 1).to_string())
            };
            !(one(0) && one(1))
        };
        let Some(key) = (0..self.texts.len())
            .filter(numbered)
            .max_by_key(|c| (distinct(c), std::cmp::Reverse(*c)))
        else {
            return 0;
        };
        let mut places: HashMap<&String, Vec<usize>> = HashMap::new();
        for (row, text) in other.texts[key].iter().enumerate().rev() {
            places.entry(text).or_default().push(row);
        }
        let mut differ = 0;
        for (row, text) in self.texts[key].iter().enumerate() {
            let Some(at) = places.get_mut(text).and_then(Vec::pop) else {
                differ += 1;
                continue;
            };
            let columns = (0..self.texts.len()).filter(|c| numbered(c));
            differ += columns
                .filter(|c| self.texts[*c][row] != other.texts[*c][at])
                .count();
        }
        differ
    }

    fn distinct(&self, column: usize) -> usize {
        let filled = self.texts[column].iter().filter(|t| !blank(t));
        filled.collect::<HashSet<_>>().len()
    }

    /// Numbers, or moments in minutes.
    fn scale(&self, column: usize) -> Option<Vec<Option<f64>>> {
        if let Some(moments) = &self.moments[column] {
            let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
            let minutes = |m: DateTime| m.duration_since(epoch).as_secs_f64() / 60.0;
            return Some(moments.iter().map(|m| m.map(minutes)).collect());
        }
        self.numbers[column].clone()
    }

    /// Hours and minutes written as one number, in minutes.
    fn clock(&self, column: usize) -> Option<Vec<Option<f64>>> {
        let numbers = self.numbers[column].as_ref()?;
        let mut late = false;
        for n in numbers.iter().flatten() {
            if n.fract() != 0.0 || !(0.0..=2_400.0).contains(n) || n % 100.0 >= 60.0 {
                return None;
            }
            late |= *n >= 1_000.0;
        }
        let minutes = |n: f64| (n / 100.0).floor() * 60.0 + n % 100.0;
        late.then(|| numbers.iter().map(|n| n.map(minutes)).collect())
    }
}

fn blank(text: &str) -> bool {
    matches!(text.trim(), "" | "NA")
}

/// What three columns make of one another.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Sum,
    Difference,
    Product,
    Ratio,
    Percent,
    SumOfThree,
    SumLess,
    ProductOfThree,
    ProductPlus,
    DifferenceOver,
    SumTimes,
    HourMinute,
    Minutes,
}

const OF_TWO: [Form; 7] = [
    Form::Sum,
    Form::Difference,
    Form::Product,
    Form::Ratio,
    Form::Percent,
    Form::HourMinute,
    Form::Minutes,
];
const OF_THREE: [Form; 6] = [
    Form::SumOfThree,
    Form::SumLess,
    Form::ProductOfThree,
    Form::ProductPlus,
    Form::DifferenceOver,
    Form::SumTimes,
];

impl Form {
    fn of(self, a: f64, b: f64, c: f64) -> f64 {
        match self {
            Form::Sum => a + b,
            Form::Difference | Form::Minutes => a - b,
            Form::Product => a * b,
            Form::Ratio => a / b,
            Form::Percent => 100.0 * a / b,
            Form::SumOfThree => a + b + c,
            Form::SumLess => a + b - c,
            Form::ProductOfThree => a * b * c,
            Form::ProductPlus => a * b + c,
            Form::DifferenceOver => (a - b) / c,
            Form::SumTimes => (a + b) * c,
            Form::HourMinute => 100.0 * a + b,
        }
    }
}

/// One thing that holds.
#[derive(Clone, Debug, PartialEq)]
enum Claim {
    Determines {
        by: usize,
        of: usize,
    },
    PairDetermines {
        by: [usize; 2],
        of: usize,
    },
    PartDetermines {
        part: &'static str,
        by: usize,
        of: usize,
    },
    Apart {
        a: usize,
        b: usize,
        by: f64,
    },
    Order {
        a: usize,
        b: usize,
    },
    Unique {
        of: usize,
    },
    Rises {
        of: usize,
        with: usize,
        down: bool,
    },
    Made {
        form: Form,
        of: usize,
        terms: [usize; 3],
    },
    Bands {
        class: usize,
        by: usize,
    },
    Decimals {
        of: usize,
        seen: Vec<usize>,
    },
    Inside {
        of: usize,
        code: usize,
    },
}

pub struct Claims {
    header: Vec<String>,
    all: Vec<(Claim, f64)>,
}

const PARTS: [&str; 7] = [
    "year", "quarter", "month", "weekday", "day", "hour", "minute",
];

fn part(name: &str, m: DateTime) -> i64 {
    match name {
        "year" => i64::from(m.year()),
        "quarter" => (i64::from(m.month()) - 1) / 3,
        "month" => i64::from(m.month()),
        "weekday" => i64::from(m.weekday().to_monday_zero_offset()),
        "day" => i64::from(m.day()),
        "hour" => i64::from(m.hour()),
        _ => i64::from(m.minute()),
    }
}

/// (the part of the repetitions of keys that agree with their most frequent value, how many chance would have broken).
fn determined<K: Ord, V: Ord>(rows: impl Iterator<Item = (K, V)>) -> (f64, f64) {
    let mut groups: BTreeMap<K, BTreeMap<V, usize>> = BTreeMap::new();
    let mut all = 0usize;
    let mut keys = 0usize;
    let mut values: Vec<usize> = Vec::new();
    for (key, value) in rows {
        all += 1;
        let group = groups.entry(key).or_insert_with(|| {
            keys += 1;
            BTreeMap::new()
        });
        *group.entry(value).or_insert(0) += 1;
    }
    let mut by_value: BTreeMap<&V, usize> = BTreeMap::new();
    let mut agree = 0;
    for group in groups.values() {
        agree += group.values().max().copied().unwrap_or(0);
        for (value, n) in group {
            *by_value.entry(value).or_insert(0) += n;
        }
    }
    values.extend(by_value.values());
    let same: f64 = values
        .iter()
        .map(|n| (*n as f64 / all.max(1) as f64).powi(2))
        .sum();
    let repeated = (all - keys) as f64;
    (
        (agree as f64 - keys as f64) / repeated.max(1.0),
        repeated * (1.0 - same),
    )
}

impl Claims {
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Everything that holds in a table.
    pub fn of(view: &View) -> Claims {
        let width = view.texts.len();
        let mut candidates = Vec::new();
        let columns = || 0..width;
        for of in columns() {
            candidates.push(Claim::Unique { of });
            if view.numbers[of].is_some() {
                candidates.push(Claim::Decimals {
                    of,
                    seen: decimals(view, of),
                });
            }
            for by in columns().filter(|by| *by != of) {
                candidates.push(Claim::Determines { by, of });
                candidates.push(Claim::Bands { class: of, by });
                candidates.push(Claim::Inside { of, code: by });
                for part in PARTS {
                    candidates.push(Claim::PartDetermines { part, by, of });
                }
                for down in [false, true] {
                    candidates.push(Claim::Rises { of, with: by, down });
                }
                candidates.push(Claim::Order { a: by, b: of });
                candidates.extend(apart(view, by, of).map(|d| Claim::Apart {
                    a: by,
                    b: of,
                    by: d,
                }));
                for second in by + 1..width {
                    let few = view.distinct(by) <= 150 && view.distinct(second) <= 150;
                    if second != of && few {
                        candidates.push(Claim::PairDetermines {
                            by: [by, second],
                            of,
                        });
                    }
                }
            }
        }
        candidates.extend(made(view));
        let mut all: Vec<(Claim, f64)> = Vec::new();
        for claim in candidates {
            if let Some(part) = claim.holds(view, true)
                && part >= NEARLY
            {
                all.push((claim, part));
            }
        }
        Claims {
            header: view.header.clone(),
            all,
        }
    }

    /// What no longer holds.
    pub fn broken_in(&self, copy: &View) -> Vec<String> {
        let broken = self.all.iter().filter_map(|(claim, was)| {
            let is = claim.holds(copy, false).unwrap_or(0.0);
            let enough = if *was == 1.0 { 1.0 } else { NEARLY.min(*was) };
            (is < enough - 1e-12)
                .then(|| format!("{} held in {was:.4}, now in {is:.4}", self.said(claim)))
        });
        broken.collect()
    }

    fn said(&self, claim: &Claim) -> String {
        let mut said = format!("{claim:?}");
        for (at, name) in self.header.iter().enumerate() {
            for field in ["by", "of", "a", "b", "with", "class", "code"] {
                said = said.replace(&format!("{field}: {at},"), &format!("{field}: {name},"));
                said = said.replace(&format!("{field}: {at} "), &format!("{field}: {name} "));
            }
        }
        said
    }
}

fn decimals(view: &View, of: usize) -> Vec<usize> {
    let mut seen: Vec<usize> = view.texts[of]
        .iter()
        .filter(|t| !blank(t))
        .map(|t| t.trim().split_once('.').map_or(0, |(_, d)| d.len()))
        .collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}

/// The difference that nearly all rows have.
fn apart(view: &View, a: usize, b: usize) -> Option<f64> {
    let (a, b) = (view.scale(a)?, view.scale(b)?);
    let mut counts: HashMap<i64, usize> = HashMap::new();
    for (a, b) in a.iter().zip(&b) {
        if let (Some(a), Some(b)) = (a, b) {
            *counts.entry(((b - a) * 1e6).round() as i64).or_insert(0) += 1;
        }
    }
    let (gap, _) = counts.into_iter().max_by_key(|c| (c.1, c.0))?;
    Some(gap as f64 / 1e6)
}

/// Sums, products and the like that could hold: tried on the first rows only.
fn made(view: &View) -> Vec<Claim> {
    let numeric: Vec<usize> = (0..view.texts.len())
        .filter(|c| view.numbers[*c].is_some() && view.distinct(*c) >= VALUES)
        .collect();
    let mut found = Vec::new();
    for of in &numeric {
        let terms: Vec<usize> = (0..view.texts.len())
            .filter(|t| t != of && view.numbers[*t].is_some() && view.distinct(*t) >= 2)
            .collect();
        for a in &terms {
            for b in terms.iter().filter(|b| *b != a) {
                let two = OF_TWO.map(|form| (form, [*a, *b, *b]));
                let three = terms
                    .iter()
                    .filter(|c| *c != a && *c != b)
                    .flat_map(|c| OF_THREE.map(|form| (form, [*a, *b, *c])));
                for (form, terms) in two.into_iter().chain(three) {
                    let claim = Claim::Made {
                        form,
                        of: *of,
                        terms,
                    };
                    if claim.made_in(view, 12).is_some_and(|p| p >= 0.9) {
                        found.push(claim);
                    }
                }
            }
        }
    }
    found
}

impl Claim {
    /// The part of the rows in which it holds; None where too few rows speak. `new` asks whether there is enough to claim it at all.
    fn holds(&self, view: &View, new: bool) -> Option<f64> {
        let text = |c: usize| view.texts[c].iter();
        match self {
            Claim::Determines { by, of } => {
                let rows = text(*by)
                    .zip(text(*of))
                    .filter(|(k, v)| !blank(k) && !blank(v));
                informative(determined(rows), new)
            }
            Claim::PairDetermines { by, of } => {
                let keys = text(by[0]).zip(text(by[1]));
                let rows = keys
                    .zip(text(*of))
                    .filter(|((a, b), v)| !blank(a) && !blank(b) && !blank(v));
                informative(determined(rows), new)
            }
            Claim::PartDetermines { part: name, by, of } => {
                let moments = view.moments[*by].as_ref()?.iter();
                let rows = moments.zip(text(*of)).filter(|(_, v)| !blank(v));
                informative(
                    determined(rows.filter_map(|(m, v)| Some((part(name, (*m)?), v)))),
                    new,
                )
            }
            Claim::Apart { a, b, by } => {
                let (x, y) = (view.scale(*a)?, view.scale(*b)?);
                let (both, held) = count(&x, &y, |x, y| (y - x - by).abs() < 1e-6);
                (!new || (both >= ROWS && view.distinct(*a) >= VALUES))
                    .then(|| held as f64 / both.max(1) as f64)
            }
            Claim::Order { a, b } => {
                // a number that only names its row is above others by chance
                let names =
                    |c: usize| new && view.numbers[c].is_some() && view.distinct(c) == view.rows();
                if view.moments[*a].is_some() != view.moments[*b].is_some()
                    || names(*a)
                    || names(*b)
                {
                    return None;
                }
                let (x, y) = (view.scale(*a)?, view.scale(*b)?);
                let (both, held) = count(&x, &y, |x, y| x <= y);
                (!new || both >= ROWS).then(|| held as f64 / both.max(1) as f64)
            }
            Claim::Unique { of } => {
                let filled = text(*of).filter(|t| !blank(t)).count();
                (!new || filled >= ROWS).then(|| f64::from(view.distinct(*of) == filled))
            }
            Claim::Rises { of, with, down } => {
                let (x, y) = (view.scale(*with)?, view.scale(*of)?);
                let mut rows: Vec<(f64, f64)> = x
                    .iter()
                    .zip(&y)
                    .filter_map(|(x, y)| Some(((*x)?, (*y)?)))
                    .collect();
                if new
                    && (rows.len() < ROWS
                        || view.distinct(*of) < VALUES
                        || view.distinct(*with) < VALUES)
                {
                    return None;
                }
                rows.sort_by(|a, b| a.0.total_cmp(&b.0));
                let sign = if *down { -1.0 } else { 1.0 };
                let mut most = f64::MIN;
                let wrong = rows.chunk_by(|a, b| a.0 == b.0).any(|same| {
                    let of = || same.iter().map(|r| sign * r.1);
                    let falls = of().any(|v| v < most);
                    most = of().fold(most, f64::max);
                    falls
                });
                Some(f64::from(!wrong))
            }
            Claim::Made { .. } => self.made_in(view, usize::MAX),
            Claim::Bands { class, by } => bands(view, *class, *by, new),
            Claim::Decimals { of, seen } => Some(f64::from(
                decimals(view, *of).iter().all(|d| seen.contains(d)),
            )),
            Claim::Inside { of, code } => {
                let digits =
                    |t: &str| -> String { t.chars().filter(char::is_ascii_digit).collect() };
                let rows: Vec<(String, String)> = text(*of)
                    .zip(text(*code))
                    .filter(|(a, b)| !blank(a) && !blank(b))
                    .map(|(a, b)| (digits(a.split([' ', 'T']).next().unwrap_or("")), digits(b)))
                    .collect();
                let long = rows.iter().filter(|(d, _)| d.len() >= 4).count();
                if new
                    && (rows.len() < ROWS
                        || long * 10 < rows.len() * 9
                        || view.distinct(*of) < VALUES)
                {
                    return None;
                }
                let held = rows
                    .iter()
                    .filter(|(d, code)| code.contains(d.as_str()))
                    .count();
                Some(held as f64 / rows.len().max(1) as f64)
            }
        }
    }

    fn made_in(&self, view: &View, most: usize) -> Option<f64> {
        let Claim::Made { form, of, terms } = self else {
            return None;
        };
        let clocks = *form == Form::Minutes;
        let values = |c: usize| {
            if clocks {
                view.clock(c)
            } else {
                view.numbers[c].clone()
            }
        };
        let (a, b, c) = (values(terms[0])?, values(terms[1])?, values(terms[2])?);
        let made = view.numbers[*of].as_ref()?;
        let least = decimals(view, *of).last().copied().unwrap_or(0);
        let rounding = 0.5001 * 0.1f64.powi(least as i32);
        let (mut all, mut held, mut moved) = (0usize, 0usize, 0usize);
        for row in 0..made.len() {
            let (Some(is), Some(a), Some(b), Some(c)) = (made[row], a[row], b[row], c[row]) else {
                continue;
            };
            let mut off = form.of(a, b, c) - is;
            if clocks {
                off -= (off / 1_440.0).round() * 1_440.0;
            }
            all += 1;
            held += usize::from(off.abs() <= rounding + 1e-9 * is.abs());
            // terms of nought make anything equal to what is left
            moved += usize::from(a != 0.0 && b != 0.0 && (c != 0.0) && is != 0.0);
            if all == most {
                break;
            }
        }
        let enough = most < ROWS || (all >= ROWS && moved * 4 >= all);
        enough.then(|| held as f64 / all.max(1) as f64)
    }
}

fn informative((part, expected): (f64, f64), new: bool) -> Option<f64> {
    (!new || expected >= EXPECTED).then_some(part)
}

fn count(a: &[Option<f64>], b: &[Option<f64>], test: impl Fn(f64, f64) -> bool) -> (usize, usize) {
    let both = a.iter().zip(b).filter_map(|(a, b)| Some(((*a)?, (*b)?)));
    both.fold((0, 0), |(n, held), (a, b)| {
        (n + 1, held + usize::from(test(a, b)))
    })
}

/// Classes that each have a stretch of a scale to themselves.
fn bands(view: &View, class: usize, by: usize, new: bool) -> Option<f64> {
    let scale = view.scale(by)?;
    let mut stretches: BTreeMap<&String, (f64, f64, usize)> = BTreeMap::new();
    for (value, class) in scale.iter().zip(&view.texts[class]) {
        if let (Some(value), false) = (value, blank(class)) {
            let s = stretches.entry(class).or_insert((*value, *value, 0));
            *s = (s.0.min(*value), s.1.max(*value), s.2 + 1);
        }
    }
    let mut ordered: Vec<(f64, f64, usize)> = stretches.into_values().collect();
    ordered.sort_by(|a, b| a.0.total_cmp(&b.0));
    let rows: usize = ordered.iter().map(|s| s.2).sum();
    let same: f64 = ordered
        .iter()
        .map(|s| (s.2 as f64 / rows.max(1) as f64).powi(2))
        .sum();
    if new && (!(2..=20).contains(&ordered.len()) || (rows as f64) * (1.0 - same) < EXPECTED) {
        return None;
    }
    Some(f64::from(ordered.windows(2).all(|w| w[0].1 < w[1].0)))
}
