//! The same values written otherwise, and files of other kinds.

use super::{Attack, Column, Family, Holds, Loot, Wrapping, changed};
use crate::drill::leak_files::Encoding;
use crate::drill::redate::{DateForm, rewritten};
use crate::table::Table;
use crate::value::date;

const FORMS: [(DateForm, &str); 4] = [
    (DateForm::Slashes, "2024/3/5"),
    (DateForm::Chinese, "2024年3月5日"),
    (DateForm::ShortAmerican, "3/5/24"),
    (DateForm::Serial, "45356"),
];

/// Dates in other forms, full width, capitals, one spelling of each pair, a workbook, GBK.
pub(super) fn attacks(columns: &[Column]) -> Vec<Attack> {
    let dated = columns
        .iter()
        .any(|c| matches!(c.holds, Holds::Date | Holds::Time));
    let forms = FORMS.into_iter().filter(|_| dated);
    let mut all: Vec<Attack> = forms
        .map(|(form, like)| {
            Attack::new(
                Family::Dress,
                "redate",
                "dates written otherwise",
                move |loot, _| cell_by_cell(loot, |column, text| redated(column?, text, form)),
            )
            .at(like, None)
        })
        .collect();
    all.push(Attack::new(
        Family::Dress,
        "full-width",
        "full-width characters",
        |loot, _| cell_by_cell(loot, |_, text| Some(text.chars().map(wide).collect())),
    ));
    all.push(Attack::new(
        Family::Dress,
        "upper-case",
        "capital letters",
        |loot, _| cell_by_cell(loot, |_, text| Some(text.to_uppercase())),
    ));
    if columns.iter().any(|c| !c.spellings.is_empty()) {
        all.push(Attack::new(
            Family::Dress,
            "spelling",
            "one spelling of each pair everywhere",
            |loot, _| cell_by_cell(loot, |column, text| respelt(column?, text)),
        ));
    }
    let files = [
        (Wrapping::Xlsx, "xlsx", "saved as a workbook of text cells"),
        (Wrapping::Csv(Encoding::Gbk), "gbk", "saved as GBK"),
    ];
    all.extend(files.map(|(wrapping, word, what)| {
        Attack::new(Family::Dress, word, what, |loot, _| {
            cell_by_cell(loot, |_, _| None)
        })
        .wrapped(wrapping)
    }));
    all
}

fn cell_by_cell(
    loot: &Loot<'_>,
    change: impl Fn(Option<&Column>, &str) -> Option<String>,
) -> Table {
    let own = loot.own();
    own.map(|own| changed(own, |_, at, text| change(loot.columns.get(at), text)))
        .unwrap_or_default()
}

fn redated(column: &Column, text: &str, form: DateForm) -> Option<String> {
    if !matches!(column.holds, Holds::Date | Holds::Time) {
        return None;
    }
    let (moment, _) = date::parse_exact(text, column.order)?;
    let day = moment.date;
    let iso = match moment.time {
        Some(time) => format!("{day} {:02}:{:02}", time.hour(), time.minute()),
        None => day.to_string(),
    };
    rewritten(&iso, form)
}

/// ASCII as East Asian keyboards write it when switched.
fn wide(c: char) -> char {
    match c {
        ' ' => '\u{3000}',
        '!'..='~' => char::from_u32(u32::from(c) + 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

fn respelt(column: &Column, text: &str) -> Option<String> {
    let pairs = column.spellings.iter();
    let new = pairs.fold(text.to_string(), |text, [one, other]| {
        text.replace(other, one)
    });
    (new != text).then_some(new)
}
