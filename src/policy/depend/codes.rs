//! Values that stand inside a code or text of their row.

use super::super::{Column, Kind, Role, Rule};
use super::{FIRST, Facts, HOLDS, hold_still, movers, promising};
use crate::table::Table;

/// Dates and numbers that stand inside a code or text of their row: 20240305-017.
pub fn inside(
    table: &Table,
    rows: &[usize],
    facts: &[Facts],
    columns: &mut [Column],
    rules: &mut Vec<Rule>,
) {
    let wordy = |c: &Column| {
        matches!(c.kind, Kind::Code | Kind::Text | Kind::Category)
            && c.role != Role::Sequence
            && c.role != Role::Carrier
    };
    for at in movers(columns, rules) {
        let column = &facts[at];
        let holds = |of: usize, most: usize| {
            let (mut both, mut held, mut digits) = (0, 0, 0);
            for (nth, row) in rows.iter().enumerate().take(most) {
                let code = table.cell(*row, of);
                let Some(forms) = spellings(column, nth) else {
                    continue;
                };
                if code.trim().is_empty() {
                    continue;
                }
                let bare: String = code.chars().filter(char::is_ascii_digit).collect();
                both += 1;
                digits += forms.first().map_or(0, String::len);
                held += usize::from(forms.iter().any(|f| bare.contains(f.as_str())));
            }
            // short numbers stand in long codes by chance
            (both, held, digits >= 3 * both)
        };
        let of = (0..columns.len()).find(|of| {
            *of != at && wordy(&columns[*of]) && {
                let (both, held, long) = holds(*of, FIRST);
                long && promising((both, held)) && {
                    let (both, held, _) = holds(*of, usize::MAX);
                    both >= 8 && held as f64 >= HOLDS * both as f64
                }
            }
        });
        if let Some(of) = of {
            hold_still(columns, rules, at);
            rules.push(Rule::Inside {
                column: columns[at].name.clone(),
                of: columns[of].name.clone(),
            });
        }
    }
}

/// The digits as which a value may stand inside a code.
fn spellings(facts: &Facts, nth: usize) -> Option<Vec<String>> {
    if let Some(day) = facts.days.get(nth) {
        let day = (*day)?;
        let (year, month, day) = (day.year(), day.month(), day.day());
        return Some(vec![
            format!("{:02}{month:02}{day:02}", year % 100),
            format!("{day:02}{month:02}{year:04}"),
            format!("{month:02}{day:02}{year:04}"),
        ]);
    }
    let number = (*facts.numbers.get(nth)?)?;
    let digits: String = number
        .to_string()
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    Some(vec![digits])
}
