//! Values moved by a step at random, and values made coarser.

use jiff::civil::Time;

use super::{Attack, Column, Family, Holds, changed};
use crate::drill::dice::{Dice, Purpose};
use crate::table::Table;
use crate::value::date::{self, Moment};
use crate::value::number::{self, Decimal};

/// Parts of the cells that are moved, in hundredths.
const NOISE: [u32; 4] = [1, 5, 10, 20];

/// The kinds of column that can be moved or made coarser, each with a word for an attack on them.
const MOVED: [(Holds, &str, &str); 3] = [
    (Holds::Date, "noise-dates", "dates moved by a day"),
    (Holds::Time, "noise-times", "times moved by a step"),
    (Holds::Number, "noise-numbers", "numbers moved by a step"),
];

/// A part of the cells of each kind, and of all kinds together, moved by a step up or down.
pub(super) fn noise(columns: &[Column]) -> Vec<Attack> {
    let there = |holds: Holds| columns.iter().any(|c| c.holds == holds);
    let one = MOVED.iter().filter(|(holds, ..)| there(*holds));
    let mut sorts: Vec<(Vec<Holds>, &'static str, &'static str)> = one
        .map(|(holds, word, what)| (vec![*holds], *word, *what))
        .collect();
    if sorts.len() > 1 {
        let every = MOVED.map(|(holds, ..)| holds).to_vec();
        sorts.push((every, "noise", "dates, times and numbers moved by a step"));
    }
    let mut all = Vec::new();
    for (holds, word, what) in sorts {
        for part in NOISE {
            let holds = holds.clone();
            let noisy = move |own: &Table, columns: &[Column], seed| {
                moved(own, columns, &holds, f64::from(part) / 100.0, seed)
            };
            all.push(
                Attack::new(Family::Noise, word, what, move |loot, seed| {
                    let own = loot.own();
                    own.map(|own| noisy(own, loot.columns, seed))
                        .unwrap_or_default()
                })
                .at(format!("{part} % of cells"), Some(f64::from(part))),
            );
        }
    }
    all
}

fn moved(table: &Table, columns: &[Column], holds: &[Holds], part: f64, seed: u64) -> Table {
    let mut dice = Dice::new(seed, Purpose::Attack, 2);
    changed(table, |_, at, text| {
        let column = columns.get(at).filter(|c| holds.contains(&c.holds))?;
        if !dice.chance(part) {
            return None;
        }
        let up = dice.chance(0.5);
        stepped(column, text, if up { 1 } else { -1 })
    })
}

/// The value a step further, written as it was; none where it cannot be read.
fn stepped(column: &Column, text: &str, steps: i64) -> Option<String> {
    let step = column.step.as_deref();
    match column.holds {
        Holds::Number => {
            let (value, form) = number::parse_exact(text)?;
            let step = number::parse(step.unwrap_or("1"))?.0;
            Some(form.render(&value.shift(&step, steps)?))
        }
        Holds::Date => on_moment(column, text, |moment| moment.shift_days(steps as i32)),
        Holds::Time => {
            let seconds: i64 = step.and_then(|s| s.parse().ok()).unwrap_or(60);
            on_moment(column, text, |moment| moment.shift_seconds(seconds * steps))
        }
        _ => None,
    }
}

fn on_moment(
    column: &Column,
    text: &str,
    change: impl Fn(&Moment) -> Option<Moment>,
) -> Option<String> {
    let (moment, form) = date::parse_exact(text, column.order)?;
    Some(form.render(&change(&moment)?))
}

/// Numbers to whole ones and to tens, dates to the first of their month, times to five and fifteen minutes.
pub(super) fn rounding(columns: &[Column]) -> Vec<Attack> {
    type Coarser = fn(&Column, &str) -> Option<String>;
    let ways: [(Holds, &str, &str, &str, Coarser); 5] = [
        (
            Holds::Number,
            "round-numbers",
            "numbers rounded",
            "to whole ones",
            |_, text| rounded(text, 1),
        ),
        (
            Holds::Number,
            "round-numbers",
            "numbers rounded",
            "to tens",
            |_, text| rounded(text, 10),
        ),
        (
            Holds::Date,
            "round-dates",
            "dates cut",
            "to the month",
            |column, text| {
                on_moment(column, text, |moment| {
                    Moment::day(moment.date.first_of_month())
                })
            },
        ),
        (
            Holds::Time,
            "round-times",
            "times cut",
            "to 5 minutes",
            |column, text| on_moment(column, text, |moment| cut(moment, 5)),
        ),
        (
            Holds::Time,
            "round-times",
            "times cut",
            "to 15 minutes",
            |column, text| on_moment(column, text, |moment| cut(moment, 15)),
        ),
    ];
    let there = |holds: Holds| columns.iter().any(|c| c.holds == holds);
    ways.into_iter()
        .filter(|(holds, ..)| there(*holds))
        .map(|(holds, word, what, strength, coarser)| {
            Attack::new(Family::Rounding, word, what, move |loot, _| {
                let of = |at: usize| loot.columns.get(at).filter(|c| c.holds == holds);
                let cut = |own| changed(own, |_, at, text| coarser(of(at)?, text));
                loot.own().map(cut).unwrap_or_default()
            })
            .at(strength, None)
        })
        .collect()
}

fn rounded(text: &str, to: i64) -> Option<String> {
    let value: Decimal = number::parse(text)?.0;
    let to = to as f64;
    Some(format!("{:.0}", (value.to_f64() / to).round() * to))
}

fn cut(moment: &Moment, minutes: i8) -> Option<Moment> {
    let time = moment.time?;
    let time = Time::new(time.hour(), time.minute() / minutes * minutes, 0, 0).ok()?;
    Some(Moment {
        date: moment.date,
        time: Some(time),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::date::DateOrder;

    fn column(holds: Holds, step: Option<&str>) -> Column {
        Column {
            name: "x".into(),
            holds,
            altered: true,
            step: step.map(str::to_string),
            order: DateOrder::Ymd,
            spellings: Vec::new(),
        }
    }

    #[test]
    fn values_move_by_their_columns_step_and_keep_their_form() {
        for (holds, step, text, up) in [
            (Holds::Number, Some("0.5"), "58.0", Some("58.5")),
            (Holds::Number, None, "58", Some("59")),
            (Holds::Number, None, "n/a", None),
            (Holds::Date, None, "2024/3/31", Some("2024/4/1")),
            (Holds::Date, None, "", None),
            (
                Holds::Time,
                Some("300"),
                "2024-03-05 23:58",
                Some("2024-03-06 00:03"),
            ),
        ] {
            let found = stepped(&column(holds, step), text, 1);
            assert_eq!(found.as_deref(), up, "{text}");
        }
    }

    #[test]
    fn coarser_values_are_still_values() {
        assert_eq!(rounded("57.5", 1).as_deref(), Some("58"));
        assert_eq!(rounded("164", 10).as_deref(), Some("160"));
        assert_eq!(rounded("A型", 10), None);
        let times = column(Holds::Time, None);
        let cut_to = |minutes| on_moment(&times, "2024-03-05 14:38", |m| cut(m, minutes));
        assert_eq!(cut_to(15).as_deref(), Some("2024-03-05 14:30"));
        assert_eq!(cut_to(5).as_deref(), Some("2024-03-05 14:35"));
    }
}
