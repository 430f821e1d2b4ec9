//! Lists in which every value has its label: "姓名：王小丽 电话：138...", a line or a few lines for each record.

use super::super::header::is_a_name;
use super::super::limits::Limits;
use super::pasted::{LONG, after_number};
use super::{Cells, Sheet, refused};
use crate::error::Result;

/// Lines looked at before a text is taken for such a list.
const SAMPLE: usize = 300;

/// The records of a text of labels; `None` where it is another kind of text.
pub(super) fn read(name: &str, text: &str, limits: &Limits) -> Result<Option<Sheet>> {
    if !is_labelled(text) {
        return Ok(None);
    }
    let mut records = Records {
        name,
        limits,
        names: Vec::new(),
        cells: Cells::default(),
        row: None,
        next_row: 0,
        open: Vec::new(),
    };
    let mut gap = true;
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            gap = true;
            continue;
        }
        let pairs = pairs(line);
        if pairs.is_empty() && !gap {
            records.go_on(line.trim());
        }
        for (label, value) in pairs {
            records.add(number as u32, label, value)?;
            gap = false;
        }
    }
    records.end()?;
    Ok(Some(Sheet {
        names: Some(records.names),
        cells: records.cells,
    }))
}

/// Whether most lines begin with a label, and labels come again.
fn is_labelled(text: &str) -> bool {
    let lines = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut labels: Vec<&str> = Vec::new();
    let (mut all, mut labelled) = (0, 0);
    for line in lines.take(SAMPLE) {
        let pairs = pairs(line);
        all += 1;
        labelled += usize::from(!pairs.is_empty());
        labels.extend(pairs.iter().map(|(label, _)| *label));
    }
    if labelled * 5 < all * 3 || labels.len() < 2 {
        return false;
    }
    let total = labels.len();
    labels.sort_unstable();
    labels.dedup();
    let known = labels.iter().filter(|label| is_a_name(label)).count();
    known > 0 && (labels.len() * 2 <= total || known > 1)
}

/// The labels of a line with their values; empty where it does not begin with one.
fn pairs(line: &str) -> Vec<(&str, &str)> {
    if line.len() > LONG {
        return Vec::new();
    }
    let line = after_number(line);
    let mut found: Vec<(&str, &str)> = Vec::new();
    // the open pair: its label, and where its value begins
    let mut open: Option<(&str, usize)> = None;
    for (at, colon) in line.char_indices().filter(|(_, c)| matches!(c, ':' | '：')) {
        let behind = at + colon.len_utf8();
        let from = open.map_or(0, |(_, start)| start);
        let Some(before) = line.get(from..at) else {
            continue;
        };
        let Some(label) = label_at_end(before, open.is_none()) else {
            if open.is_none() {
                return Vec::new();
            }
            continue;
        };
        if colon == ':' && line.get(behind..).is_some_and(|rest| rest.starts_with('/')) {
            continue;
        }
        if let Some((label_before, start)) = open {
            let value = line.get(start..at - label.len()).unwrap_or("");
            found.push((label_before, trimmed(value)));
        }
        open = Some((label, behind));
    }
    if let Some((label, start)) = open {
        found.push((label, trimmed(line.get(start..).unwrap_or(""))));
    }
    found
}

fn is_separator(c: char) -> bool {
    c.is_whitespace() || matches!(c, ',' | '，' | ';' | '；' | '、' | '|' | '。')
}

fn trimmed(value: &str) -> &str {
    value.trim_matches(is_separator)
}

/// The label that `text` ends with: a word after a separator, or, where the line begins, all of a few words.
fn label_at_end(text: &str, begins: bool) -> Option<&str> {
    let text = text.trim_end();
    let start = if begins {
        text.len() - text.trim_start().len()
    } else {
        text.rfind(is_separator)
            .and_then(|at| Some(at + text.get(at..)?.chars().next()?.len_utf8()))?
    };
    let label = text.get(start..)?;
    let most = if label.is_ascii() { 24 } else { 10 };
    let length = label.chars().count();
    let fit = |c: char| {
        c.is_alphabetic() || c == ' ' || c == '_' || matches!(c, '(' | ')' | '（' | '）' | '/')
    };
    (length > 1 && length <= most && label.chars().all(fit)).then_some(label)
}

/// Records as they come to light.
struct Records<'a> {
    name: &'a str,
    limits: &'a Limits,
    names: Vec<String>,
    cells: Cells,
    /// The line in which the open record began.
    row: Option<u32>,
    next_row: u32,
    open: Vec<(usize, String)>,
}

impl Records<'_> {
    /// Takes in a value. A label that the open record has already begins the next one.
    fn add(&mut self, line: u32, label: &str, value: &str) -> Result<()> {
        let column = match self.names.iter().position(|name| name == label) {
            Some(column) => column,
            // past this nobody labels by hand: the rest is prose with colons
            None if self.names.len() >= 256 => return Ok(()),
            None => {
                self.names.push(label.to_string());
                self.names.len() - 1
            }
        };
        if self.open.iter().any(|(known, _)| *known == column) {
            self.end()?;
        }
        self.row.get_or_insert(line.max(self.next_row));
        self.open.push((column, value.to_string()));
        Ok(())
    }

    /// A line without a label goes on with the value before it.
    fn go_on(&mut self, line: &str) {
        if let Some((_, value)) = self.open.last_mut()
            && value.len() + line.len() < self.limits.cell_bytes
        {
            value.push(' ');
            value.push_str(line);
        }
    }

    fn end(&mut self) -> Result<()> {
        let Some(row) = self.row.take() else {
            return Ok(());
        };
        self.open.sort_by_key(|(column, _)| *column);
        for (column, value) in self.open.drain(..) {
            self.cells
                .push(row, column as u32, value.trim(), self.limits)
                .map_err(refused(self.name, row, self.limits))?;
        }
        self.next_row = row.saturating_add(1);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_values() {
        assert_eq!(
            pairs("1、姓名：王小丽，电话：13812345678  地址:花木路597弄"),
            [
                ("姓名", "王小丽"),
                ("电话", "13812345678"),
                ("地址", "花木路597弄")
            ]
        );
        assert_eq!(
            pairs("Due date: 2024-09-01 10:30, Name: Ann Lee"),
            [("Due date", "2024-09-01 10:30"), ("Name", "Ann Lee")]
        );
        assert_eq!(pairs("王小丽 13812345678 电话：无"), []);
        assert_eq!(pairs("10:30 王小丽"), []);
        assert_eq!(pairs("https://example.org"), []);
    }
}
