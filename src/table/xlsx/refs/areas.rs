//! Areas and lists of areas that stand in attributes: `ref`, `sqref`.

use super::Stuck;
use super::address::{Area, End, ends};
use crate::table::xlsx::moves::{Moves, Rows};

/// Where an area's rows are in the copy. `None` where it has none of them.
///
/// # Errors
/// Where its rows no longer stand together.
pub fn rows(area: Rows, moves: &Moves) -> Result<Option<Rows>, Stuck> {
    let (top, bottom) = area;
    match top == bottom {
        true => Ok(moves.row(top).map(|row| (row, row))),
        false => moves
            .rows(area)
            .map_err(|_| Stuck::new("takes in rows that stand apart in the copy")),
    }
}

/// One area as written, where its rows are in the copy; `None` where the copy has none of them. What is no area stays.
///
/// # Errors
/// Where its rows no longer stand together.
pub fn moved(text: &str, moves: &Moves) -> Result<Option<String>, Stuck> {
    with(text, |area| rows((area.top, area.bottom), moves))
}

/// One area as written with other rows.
pub fn with(
    text: &str,
    rows: impl FnOnce(Area) -> Result<Option<Rows>, Stuck>,
) -> Result<Option<String>, Stuck> {
    let Some((first, last)) = ends(text) else {
        return Ok(Some(text.to_string()));
    };
    let area = Area::between(&first, &last);
    if first.row.is_none() {
        return Ok(Some(text.to_string()));
    }
    let Some((top, bottom)) = rows(area)? else {
        return Ok(None);
    };
    let upside_down = row(&first) != area.top;
    let (new_first, new_last) = match upside_down {
        true => (bottom, top),
        false => (top, bottom),
    };
    Ok(Some(written(text, &first, &last, (new_first, new_last))))
}

fn row(end: &End) -> u32 {
    end.row.as_ref().map_or(0, |line| line.at)
}

fn written(text: &str, first: &End, last: &End, (new_first, new_last): Rows) -> String {
    let mut out = String::with_capacity(text.len() + 4);
    let mut done = 0;
    for (end, new) in [(first, new_first), (last, new_last)] {
        if let Some(line) = end.row.as_ref().filter(|line| line.span.start >= done) {
            out.push_str(&text[done..line.span.start]);
            out.push_str(&(new + 1).to_string());
            done = line.span.end;
        }
    }
    out.push_str(&text[done..]);
    out
}

/// A list of areas, those left out of it that the copy does not have; `None` where it has none.
///
/// # Errors
/// Where an area's rows no longer stand together.
pub fn moved_list(list: &str, moves: &Moves) -> Result<Option<String>, Stuck> {
    let mut out = String::with_capacity(list.len() + 8);
    let mut same = true;
    for text in list.split_ascii_whitespace() {
        let moved = moved(text, moves)?;
        same &= moved.as_deref() == Some(text);
        if let Some(moved) = moved {
            if !out.is_empty() {
                out.push(' ');
            }
            out.push_str(&moved);
        }
    }
    if same && !out.is_empty() {
        return Ok(Some(list.to_string()));
    }
    Ok((!out.is_empty()).then_some(out))
}

/// The areas of a list.
pub fn listed(list: &str) -> impl Iterator<Item = Area> {
    list.split_ascii_whitespace()
        .filter_map(super::address::area)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Five rows from row 3 (written), with one put in above the third of them and one behind the last.
    fn moves() -> Moves {
        Moves::new(
            2,
            5,
            [Some(0), Some(1), None, Some(2), Some(3), Some(4), None],
        )
    }

    #[test]
    fn areas_follow() {
        let of = |text| moved(text, &moves()).unwrap().unwrap();
        assert_eq!(of("A1"), "A1");
        assert_eq!(of("B5"), "B6");
        assert_eq!(of("$B$5:$D$5"), "$B$6:$D$6");
        assert_eq!(of("B3:B7"), "B3:B9");
        assert_eq!(of("B7:B3"), "B9:B3");
        assert_eq!(of("B4:B5"), "B4:B6");
        assert_eq!(of("A:C"), "A:C");
        assert_eq!(of("1:8"), "1:10");
        assert_eq!(of("5:5"), "6:6");
        assert_eq!(of("rubbish"), "rubbish");
        assert_eq!(of("A1:XFD1048576"), "A1:XFD1048576");
    }

    #[test]
    fn lists_lose_what_was_left_out() {
        let part = Moves::new(2, 5, [Some(0), Some(4)]);
        assert_eq!(
            moved_list("A4 B3 C7:D7", &part).unwrap().as_deref(),
            Some("B3 C4:D4")
        );
        assert_eq!(moved_list("A4 B5:B6", &part).unwrap(), None);
        let turned = Moves::new(2, 5, [1, 0, 2, 3, 4].map(Some));
        assert!(moved_list("A3 A4:A5", &turned).is_err());
        assert_eq!(
            moved_list("A3 A4", &turned).unwrap().as_deref(),
            Some("A4 A3")
        );
    }
}
