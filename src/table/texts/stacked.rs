//! Lists with a line for each cell: name, telephone number, date, and again.

use super::super::limits::Limits;
use super::pasted::{Kind, LONG, after_number, kind};
use super::{Cells, refused};
use crate::error::Result;

/// Lines of one record.
const MOST: usize = 12;

/// Lines looked at.
const SAMPLE: usize = 600;

/// The records of a text whose lines take turns; `None` where they do not.
pub(super) fn read(name: &str, text: &str, limits: &Limits) -> Result<Option<Cells>> {
    let lines = text
        .lines()
        .enumerate()
        .map(|(row, line)| (row, after_number(line)));
    // what was but a number is gone
    let lines = lines.filter(|(_, line)| !line.is_empty());
    let first: Vec<&str> = lines.clone().map(|(_, line)| line).take(SAMPLE).collect();
    let Some(turn) = turn(&first) else {
        return Ok(None);
    };
    let mut cells = Cells::default();
    let mut begun = 0;
    for (number, (row, line)) in lines.enumerate() {
        let column = number % turn;
        if column == 0 {
            begun = row as u32;
        }
        cells
            .push(begun, column as u32, line, limits)
            .map_err(refused(name, row as u32, limits))?;
    }
    Ok(Some(cells))
}

/// After how many lines the kinds of lines come again.
fn turn(lines: &[&str]) -> Option<usize> {
    if lines.iter().any(|line| line.len() > LONG) {
        return None;
    }
    let kinds: Vec<Kind> = lines.iter().map(|line| kind(line)).collect();
    (2..=MOST).find(|turn| {
        let pairs = kinds.iter().zip(kinds.iter().skip(*turn));
        let alike = pairs.clone().filter(|(a, b)| a == b).count();
        let record = kinds.get(..*turn).unwrap_or_default();
        kinds.len() >= 2 * turn
            && kinds.len().is_multiple_of(*turn)
            && alike * 10 >= pairs.count() * 9
            && record.iter().any(|k| Some(k) != record.first())
            && record
                .iter()
                .any(|k| matches!(k, Kind::Phone | Kind::Identity))
    })
}
