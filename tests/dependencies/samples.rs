//! Tests of two samples, column by column: Kolmogorov and Smirnov's for numbers and moments, chi-square for last digits, days of the
//! week and of the month, minutes of the hour, heaps, classes and characters.

use std::collections::BTreeMap;

use super::claims::View;

/// What was compared, and the chance of so great a difference between two samples of one kind.
pub fn compare(source: &View, copy: &View) -> Vec<(String, f64)> {
    let mut out = Vec::new();
    for at in 0..source.texts.len() {
        let mut say =
            |what: &str, p: f64| out.push((format!("{} of {}", what, source.header[at]), p));
        if let (Some(a), Some(b)) = (&source.numbers[at], &copy.numbers[at]) {
            let (a, b): (Vec<f64>, Vec<f64>) = (flat(a), flat(b));
            say("the distribution", kolmogorov(&a, &b));
            let unit = unit(&a);
            let place = |v: &f64| (v / unit).round() as i64;
            for (what, of) in [
                ("the last digit", 10),
                ("heaps", 5),
                ("the last two digits", 100),
            ] {
                let digit = |v: &f64| place(v).rem_euclid(of);
                let digit = |v: &f64| {
                    if of == 5 {
                        i64::from(digit(v) == 0)
                    } else {
                        digit(v)
                    }
                };
                say(what, chi(a.iter().map(digit), b.iter().map(digit)));
            }
            let decimals = |t: &String| t.split_once('.').map_or(0, |(_, d)| d.len());
            say(
                "decimals",
                chi(
                    source.texts[at].iter().map(decimals),
                    copy.texts[at].iter().map(decimals),
                ),
            );
            say("values", chi(a.iter().map(place), b.iter().map(place)));
        } else if let (Some(a), Some(b)) = (&source.moments[at], &copy.moments[at]) {
            let (a, b): (Vec<_>, Vec<_>) = (
                a.iter().flatten().copied().collect(),
                b.iter().flatten().copied().collect(),
            );
            let day = |m: &jiff::civil::DateTime| {
                let epoch = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
                m.duration_since(epoch).as_secs_f64() / 86_400.0
            };
            let days = |m: &[jiff::civil::DateTime]| m.iter().map(day).collect::<Vec<f64>>();
            say("the distribution", kolmogorov(&days(&a), &days(&b)));
            let weekday = |m: &jiff::civil::DateTime| m.weekday().to_monday_zero_offset();
            say(
                "the weekday",
                chi(a.iter().map(weekday), b.iter().map(weekday)),
            );
            say(
                "the day of the month",
                chi(a.iter().map(|m| m.day()), b.iter().map(|m| m.day())),
            );
            say(
                "the month",
                chi(
                    a.iter().map(|m| (m.year(), m.month())),
                    b.iter().map(|m| (m.year(), m.month())),
                ),
            );
            say(
                "the hour",
                chi(a.iter().map(|m| m.hour()), b.iter().map(|m| m.hour())),
            );
            say(
                "the minute",
                chi(a.iter().map(|m| m.minute()), b.iter().map(|m| m.minute())),
            );
            say(
                "the minute's digit",
                chi(
                    a.iter().map(|m| m.minute() % 10),
                    b.iter().map(|m| m.minute() % 10),
                ),
            );
        } else {
            say(
                "values",
                chi(source.texts[at].iter(), copy.texts[at].iter()),
            );
            let ends = |t: &String| t.chars().next_back();
            say(
                "the last character",
                chi(
                    source.texts[at].iter().map(ends),
                    copy.texts[at].iter().map(ends),
                ),
            );
            let characters = |view: &View| {
                view.texts[at]
                    .iter()
                    .flat_map(|t| t.chars())
                    .collect::<Vec<char>>()
            };
            let (a, b) = (characters(source), characters(copy));
            say("characters", chi(a.iter(), b.iter()));
            let length = |t: &String| t.chars().count();
            say(
                "the length",
                chi(
                    source.texts[at].iter().map(length),
                    copy.texts[at].iter().map(length),
                ),
            );
        }
    }
    out
}

fn flat(values: &[Option<f64>]) -> Vec<f64> {
    values.iter().flatten().copied().collect()
}

/// The finest decimal that a twentieth of the values use.
fn unit(values: &[f64]) -> f64 {
    let off = |unit: f64| {
        let whole = |v: &&f64| ((**v / unit) - (**v / unit).round()).abs() < 1e-6;
        values.len() - values.iter().filter(whole).count()
    };
    [100.0, 10.0, 1.0, 0.1, 0.01, 0.001]
        .into_iter()
        .find(|u| off(*u) * 20 <= values.len())
        .unwrap_or(1e-4)
}

/// Chi-square of two samples' frequencies; values met fewer than ten times in both together count as one.
fn chi<T: Ord>(a: impl Iterator<Item = T>, b: impl Iterator<Item = T>) -> f64 {
    let mut counts: BTreeMap<T, [f64; 2]> = BTreeMap::new();
    let mut all = [0.0f64; 2];
    for value in a {
        counts.entry(value).or_default()[0] += 1.0;
        all[0] += 1.0;
    }
    for value in b {
        counts.entry(value).or_default()[1] += 1.0;
        all[1] += 1.0;
    }
    let mut cells: Vec<[f64; 2]> = Vec::new();
    let mut rare = [0.0; 2];
    for cell in counts.into_values() {
        if cell[0] + cell[1] < 10.0 {
            rare = [rare[0] + cell[0], rare[1] + cell[1]];
        } else {
            cells.push(cell);
        }
    }
    if rare[0] + rare[1] > 0.0 {
        cells.push(rare);
    }
    if cells.len() < 2 || all[0] == 0.0 || all[1] == 0.0 {
        return 1.0;
    }
    let ratio = (all[0] / all[1]).sqrt();
    let statistic: f64 = cells
        .iter()
        .map(|c| (c[0] / ratio - c[1] * ratio).powi(2) / (c[0] + c[1]))
        .sum();
    upper_gamma((cells.len() - 1) as f64 / 2.0, statistic / 2.0)
}

/// The two-sample test's chance by Kolmogorov's limit, as Stephens (1970) corrects it.
fn kolmogorov(a: &[f64], b: &[f64]) -> f64 {
    let (mut a, mut b) = (a.to_vec(), b.to_vec());
    a.sort_by(f64::total_cmp);
    b.sort_by(f64::total_cmp);
    if a.is_empty() || b.is_empty() {
        return 1.0;
    }
    let below = |of: &[f64], v: f64| of.partition_point(|x| *x <= v) as f64 / of.len() as f64;
    let apart = a
        .iter()
        .chain(&b)
        .map(|v| (below(&a, *v) - below(&b, *v)).abs())
        .fold(0.0, f64::max);
    let n = ((a.len() * b.len()) as f64 / (a.len() + b.len()) as f64).sqrt();
    let lambda = (n + 0.12 + 0.11 / n) * apart;
    if lambda < 0.2 {
        return 1.0;
    }
    let terms = (1..100).map(|k| {
        let k = f64::from(k);
        let sign = if k as u32 % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * k * k * lambda * lambda).exp()
    });
    terms.sum::<f64>().clamp(0.0, 1.0)
}

/// Q(s, x), the upper tail of the gamma distribution: by its series below s + 1, by Lentz's continued fraction above.
fn upper_gamma(s: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let front = (s * x.ln() - x - log_gamma(s)).exp();
    if x < s + 1.0 {
        let (mut term, mut sum) = (1.0 / s, 1.0 / s);
        for n in 1..2_000 {
            term *= x / (s + f64::from(n));
            sum += term;
        }
        return (1.0 - front * sum).clamp(0.0, 1.0);
    }
    let mut b = x + 1.0 - s;
    let mut c = 1e300;
    let mut d = 1.0 / b;
    let mut h = d;
    for n in 1..2_000 {
        let n = f64::from(n);
        let a = -n * (n - s);
        b += 2.0;
        d = 1.0 / (a * d + b);
        c = b + a / c;
        h *= d * c;
    }
    (front * h).clamp(0.0, 1.0)
}

/// Lanczos' approximation of ln Gamma (g = 7, n = 9).
fn log_gamma(x: f64) -> f64 {
    const TERMS: [f64; 9] = [
        0.999_999_999_999_809_9,
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    let x = x - 1.0;
    let sum = TERMS
        .iter()
        .enumerate()
        .skip(1)
        .fold(TERMS[0], |sum, (n, t)| sum + t / (x + n as f64));
    let t = x + 7.5;
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * t.ln() - t + sum.ln()
}

#[test]
fn the_tails_are_those_of_the_tables() {
    assert!((upper_gamma(0.5, 3.841_459 / 2.0) - 0.05).abs() < 1e-6);
    assert!((upper_gamma(4.5, 21.665_994 / 2.0) - 0.01).abs() < 1e-6);
    let ramp: Vec<f64> = (0..500).map(f64::from).collect();
    let shifted: Vec<f64> = ramp.iter().map(|v| v + 60.0).collect();
    assert!(kolmogorov(&ramp, &ramp) == 1.0 && kolmogorov(&ramp, &shifted) < 0.01);
    assert!(
        chi(
            [1; 80].into_iter().chain([2; 20]),
            [1; 50].into_iter().chain([2; 50])
        ) < 1e-4
    );
}
