//! Text that was read in a wrong encoding and saved: "鐜嬪皬涓" for "王小丽".
//!
//! The bytes are still there as long as each pair of them was a character of the wrong encoding. Cells whose bytes come back as
//! Chinese are repaired, the others stay as they are.

use encoding_rs::{Encoding, GBK, WINDOWS_1252};

use super::super::found::Sheet;
use super::super::limits::Limits;

/// Cells looked at before a file is taken for damaged; finding a character's place in GBK takes a microsecond.
const SAMPLE: usize = 300;

/// Repairs what can be repaired, where a good part of a file's cells asks for it, and notes how many cells it was.
pub(super) fn repair(sheets: &mut [Sheet], limits: &Limits, notes: &mut Vec<String>) {
    let Some(wrong) = [GBK, WINDOWS_1252]
        .into_iter()
        .find(|wrong| is_damaged(sheets, wrong))
    else {
        return;
    };
    let (mut repaired, mut lost) = (0, 0);
    for sheet in sheets {
        for name in sheet.names.iter_mut().flatten() {
            if let Some(new) = reversed(name, wrong) {
                *name = new;
            }
        }
        let old = std::mem::take(&mut sheet.cells);
        sheet.cells = old.like();
        for (row, column, text) in old.iter() {
            let new = (!text.is_ascii()).then(|| reversed(text, wrong)).flatten();
            match &new {
                Some(_) => repaired += 1,
                None if !text.is_ascii() => lost += 1,
                None => (),
            }
            // shorter than what was taken before, so there is room for it
            let _ = sheet
                .cells
                .push(row, column, new.as_deref().unwrap_or(text), limits);
        }
    }
    notes.push(format!(
        "The text went through a wrong encoding ({}): {repaired} cells were repaired, {lost} could not be.",
        wrong.name()
    ));
}

/// Whether one cell in ten of those that are not ASCII comes back as Chinese.
fn is_damaged(sheets: &[Sheet], wrong: &'static Encoding) -> bool {
    let mut seen = 0;
    let mut reversible = 0;
    let texts = sheets
        .iter()
        .flat_map(|s| s.cells.iter())
        .map(|(_, _, text)| text);
    for text in texts.filter(|t| !t.is_ascii()).take(SAMPLE) {
        seen += 1;
        reversible += usize::from(reversed(text, wrong).is_some());
    }
    reversible > 0 && reversible * 10 >= seen
}

/// What `text` says once its bytes in the wrong encoding are read as UTF-8; only if all of it is Chinese then.
fn reversed(text: &str, wrong: &'static Encoding) -> Option<String> {
    let (bytes, _, unmappable) = wrong.encode(text);
    if unmappable {
        return None;
    }
    let again = std::str::from_utf8(&bytes).ok()?;
    let chinese = |c: char| matches!(c, '\u{2000}'..='\u{206F}' | '\u{2E80}'..='\u{9FFF}' | '\u{FF00}'..='\u{FFEF}' | '\u{20000}'..='\u{3FFFF}');
    let wide = again.chars().filter(|c| !c.is_ascii());
    (again.len() < text.len() && wide.clone().count() > 0 && wide.clone().all(chinese))
        .then(|| again.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_where_nothing_was_lost() {
        let through = |text: &str, wrong: &'static Encoding| {
            wrong
                .decode_without_bom_handling(text.as_bytes())
                .0
                .into_owned()
        };
        assert_eq!(through("姓名", GBK), "濮撳悕");
        assert_eq!(reversed("濮撳悕", GBK).as_deref(), Some("姓名"));
        assert_eq!(
            reversed(&through("王小丽", WINDOWS_1252), WINDOWS_1252).as_deref(),
            Some("王小丽")
        );
        // an odd number of bytes ends in half a character
        assert_eq!(reversed(&through("王小丽", GBK), GBK), None);
        for whole in [
            "王小丽",
            "浦东新区花木路",
            "José Núñez",
            "Müller",
            "上海市",
            "正常",
        ] {
            assert_eq!(reversed(whole, GBK), None, "{whole}");
            assert_eq!(reversed(whole, WINDOWS_1252), None, "{whole}");
        }
    }
}
