//! Lists pasted from a chat or read from a picture: columns are wherever there are gaps or marks, lines are numbered, and now and
//! then a cell is missing or has a gap inside.
//!
//! Of the ways to split a line the one wins that gives most lines the same number of cells of the same kinds. Lines that do not
//! fit are laid along the others by the kinds of their cells.

use super::super::limits::Limits;
use super::{Cells, refused};
use crate::error::Result;

/// Lines looked at.
const SAMPLE: usize = 300;

/// Cells beyond which a line is taken as it is.
const WIDE: usize = 40;

/// Bytes of a line beyond which nobody pasted it.
pub(super) const LONG: usize = 16 << 10;

/// Ways to split a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Split {
    /// Tabs, two spaces or more, full-width spaces.
    Gaps,
    /// Any white space.
    Spaces,
    /// Commas, 、, semicolons and bars.
    Marks,
    /// Both.
    Both,
}

/// What a cell looks like, as far as columns of a list differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Two to four Chinese characters.
    Name,
    /// Eleven digits, or a masked or spaced number of that length.
    Phone,
    /// Fifteen or eighteen digits.
    Identity,
    Date,
    /// Any other number.
    Number,
    Text,
}

/// How a text is split, and what its columns hold.
pub(super) struct Way {
    split: Split,
    kinds: Vec<Kind>,
    regularity: f64,
}

impl Way {
    /// The way that makes the most regular table; `None` where no way gives two columns.
    pub(super) fn of(text: &str) -> Option<Way> {
        let lines: Vec<&str> = text
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .take(SAMPLE)
            .collect();
        if lines.iter().any(|line| line.len() > LONG) {
            return None;
        }
        let ways = [Split::Gaps, Split::Spaces, Split::Marks, Split::Both];
        ways.into_iter()
            .filter_map(|split| Way::with(split, &lines))
            .filter(|way| way.regularity > 0.25)
            .max_by(|a, b| a.regularity.total_cmp(&b.regularity))
    }

    fn with(split: Split, lines: &[&str]) -> Option<Way> {
        let rows: Vec<Vec<Kind>> = lines
            .iter()
            .map(|line| tokens(line, split).iter().map(|t| kind(t)).collect())
            .collect();
        let mut widths: Vec<usize> = rows.iter().map(Vec::len).filter(|w| *w > 1).collect();
        widths.sort_unstable();
        let (count, width) = widths
            .chunk_by(|a, b| a == b)
            .map(|run| (run.len(), run[0]))
            .max()?;
        let usual: Vec<&Vec<Kind>> = rows.iter().filter(|row| row.len() == width).collect();
        let mut alike = 0;
        let kinds = (0..width)
            .map(|column| {
                let own: Vec<Kind> = usual
                    .iter()
                    .filter_map(|r| r.get(column).copied())
                    .collect();
                let (most, kind) = own
                    .iter()
                    .map(|kind| (own.iter().filter(|k| *k == kind).count(), *kind))
                    .max_by_key(|(most, _)| *most)
                    .unwrap_or((0, Kind::Text));
                alike += most;
                kind
            })
            .collect();
        let homogeneous = alike as f64 / (count * width) as f64;
        let wide = 1.0 - 0.5 / width as f64;
        Some(Way {
            split,
            kinds,
            regularity: count as f64 / rows.len().max(1) as f64 * homogeneous * wide,
        })
    }

    /// How well this way cuts the text, from 0 to 1.
    pub(super) fn regularity(&self) -> f64 {
        self.regularity
    }

    /// The cells, row by line.
    pub(super) fn read(&self, name: &str, text: &str, limits: &Limits) -> Result<Cells> {
        let mut cells = Cells::default();
        for (row, line) in text.lines().enumerate() {
            let row = row as u32;
            let tokens = match line.len() > LONG {
                true => vec![line.to_string()],
                false => tokens(line, self.split),
            };
            for (column, text) in self.laid_out(&tokens) {
                if column >= limits.columns {
                    break;
                }
                cells
                    .push(row, column as u32, &text, limits)
                    .map_err(refused(name, row, limits))?;
            }
        }
        Ok(cells)
    }

    /// The cells of a line with their columns: as they come where they fit, and else moved right or joined so that most of them
    /// stand under their like.
    fn laid_out(&self, tokens: &[String]) -> Vec<(usize, String)> {
        let kinds: Vec<Kind> = tokens.iter().map(|t| kind(t)).collect();
        let figures = kinds.iter().any(|k| !matches!(k, Kind::Name | Kind::Text));
        let plain = || tokens.iter().cloned().enumerate().collect();
        if kinds == self.kinds || tokens.len() > WIDE || self.kinds.len() > WIDE || !figures {
            return plain();
        }
        let Some(columns) = self.aligned(&kinds) else {
            return plain();
        };
        let mut cells: Vec<(usize, String)> = Vec::new();
        for (column, token) in columns.into_iter().zip(tokens) {
            match cells.last_mut() {
                Some((last, text)) if *last == column => {
                    text.push(' ');
                    text.push_str(token);
                }
                _ => cells.push((column, token.clone())),
            }
        }
        cells
    }

    /// The cheapest column for each cell, never going back; columns past the last take what is left over.
    fn aligned(&self, kinds: &[Kind]) -> Option<Vec<usize>> {
        let width = self.kinds.len() + kinds.len();
        // cost[column] of the cells so far, the last of them in this column
        let mut steps: Vec<Vec<(f64, usize)>> = Vec::with_capacity(kinds.len());
        for own in kinds {
            let mut row = Vec::with_capacity(width);
            for column in 0..width {
                let fit = match self.kinds.get(column) {
                    Some(wanted) if wanted == own => 0.0,
                    Some(Kind::Text) if *own == Kind::Name => 0.4,
                    Some(_) => 1.5,
                    None => 1.2,
                };
                let passed =
                    |from: usize| 0.6 * column.min(self.kinds.len()).saturating_sub(from) as f64;
                let best = match steps.last() {
                    None => (passed(0), 0),
                    Some(before) => {
                        let joined = match self.kinds.get(column) {
                            Some(Kind::Text) => 0.3 - fit,
                            _ => 1.5 - fit,
                        };
                        before
                            .iter()
                            .take(column + 1)
                            .enumerate()
                            .map(|(from, (cost, _))| match from == column {
                                true => (cost + joined, from),
                                false => (cost + passed(from + 1), from),
                            })
                            .min_by(|a, b| a.0.total_cmp(&b.0))?
                    }
                };
                row.push((best.0 + fit, best.1));
            }
            steps.push(row);
        }
        let ends = steps.last()?.iter().enumerate().map(|(column, (cost, _))| {
            let left = self.kinds.len().saturating_sub(column + 1);
            (cost + 0.6 * left as f64, column)
        });
        let (_, mut column) = ends.min_by(|a, b| a.0.total_cmp(&b.0))?;
        let mut columns = vec![0; kinds.len()];
        for (at, row) in steps.iter().enumerate().rev() {
            if let Some(place) = columns.get_mut(at) {
                *place = column;
            }
            column = row.get(column)?.1;
        }
        Some(columns)
    }
}

/// The line behind its number: "1." "1、" "(1)" "【1】".
pub(super) fn after_number(line: &str) -> &str {
    let line = line.trim();
    let inner = line.strip_prefix(['(', '（', '[', '【']).unwrap_or(line);
    let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=4).contains(&digits) {
        return line;
    }
    let Some(rest) = inner.get(digits..).and_then(|r| {
        r.strip_prefix([')', '）', ']', '】', '.', '．', '、', ':', '：'])
            .filter(|rest| {
                !(r.starts_with(['.', ':']) && rest.starts_with(|c: char| c.is_ascii_digit()))
            })
    }) else {
        return line;
    };
    rest.trim_start()
}

/// The cells of a line.
fn tokens(line: &str, split: Split) -> Vec<String> {
    let line = after_number(line).trim_matches(['|', '│', ' ']);
    let mut tokens: Vec<String> = Vec::new();
    let mut gap = true;
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        let space = c.is_whitespace();
        let wide = c == '\t'
            || c == '\u{3000}'
            || (space && chars.peek().is_some_and(|n| n.is_whitespace()));
        let mark = matches!(c, ',' | '，' | '、' | ';' | '；' | '|' | '│');
        let cuts = match split {
            Split::Gaps => wide || (space && gap),
            Split::Spaces => space,
            Split::Marks => mark,
            Split::Both => space || mark,
        };
        if cuts {
            gap = true;
            continue;
        }
        match tokens.last_mut() {
            Some(token) if !gap => token.push(c),
            _ => tokens.push(c.to_string()),
        }
        gap = false;
    }
    for token in &mut tokens {
        *token = token.trim().to_string();
    }
    tokens.retain(|token| !token.is_empty());
    let tokens = match split {
        Split::Gaps => tokens,
        _ => tokens.iter().flat_map(|t| around_numbers(t)).collect(),
    };
    match split {
        Split::Marks => tokens,
        _ => rejoined(tokens),
    }
}

/// "王小丽13812345678浦东" in its three parts.
fn around_numbers(token: &str) -> Vec<String> {
    let wide = |c: char| !c.is_ascii();
    if !token.contains(wide) || token.bytes().filter(u8::is_ascii_digit).count() < 7 {
        return vec![token.to_string()];
    }
    let mut parts: Vec<String> = Vec::new();
    let mut rest = token;
    let mut text = String::new();
    while let Some(c) = rest.chars().next() {
        let run = number_at(rest);
        let digits = |text: &str| {
            text.bytes()
                .filter(|b| !matches!(b, b'-' | b'/' | b'.'))
                .count()
        };
        if digits(&rest[..run]) >= 7 {
            if !text.is_empty() {
                parts.push(std::mem::take(&mut text));
            }
            parts.push(rest[..run].to_string());
            rest = &rest[run..];
        } else {
            let length = run.max(c.len_utf8());
            text.push_str(&rest[..length]);
            rest = &rest[length..];
        }
    }
    if !text.is_empty() {
        parts.push(text);
    }
    let marks = |c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、' | ';' | '；' | '|');
    let parts = parts.iter().map(|part| part.trim_matches(marks));
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_string)
        .collect()
}

/// Bytes of the number that a text begins with: digits and stars, marks between them, the X that ends an identity number.
fn number_at(text: &str) -> usize {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| {
        bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_digit() || *b == b'*')
    };
    let is_mark = |at: usize| matches!(bytes.get(at), Some(b'-' | b'/' | b'.'));
    let mut run = 0;
    while is_digit(run) || (run > 0 && is_mark(run) && is_digit(run + 1)) {
        run += 1;
    }
    match bytes.get(run) {
        Some(b'X' | b'x') if run == 17 => 18,
        _ => run,
    }
}

/// Telephone and identity numbers that a picture's reader took apart, "138 1234 5678", and a name of two characters set wide,
/// "李  娜", made whole.
fn rejoined(tokens: Vec<String>) -> Vec<String> {
    let digits = |token: &str, length: usize| {
        token.len() == length && token.bytes().all(|b| b.is_ascii_digit() || b == b'X')
    };
    let mut out: Vec<String> = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    let is_one_han = |token: &str| {
        let mut chars = token.chars();
        chars.next().is_some_and(is_han) && chars.next().is_none()
    };
    if let [first, second, _, behind @ ..] = rest
        && is_one_han(first)
        && is_one_han(second)
    {
        out.push(format!("{first}{second}"));
        rest = &rest[rest.len() - behind.len() - 1..];
    }
    while let Some((first, others)) = rest.split_first() {
        let whole = match others {
            [a, b, ..] => {
                (digits(first, 3) && first.starts_with('1') && digits(a, 4) && digits(b, 4))
                    || (digits(first, 6) && digits(a, 8) && digits(b, 4))
            }
            _ => false,
        };
        if let (true, [a, b, behind @ ..]) = (whole, others) {
            out.push(format!("{first}{a}{b}"));
            rest = behind;
        } else {
            out.push(first.clone());
            rest = others;
        }
    }
    out
}

fn is_han(c: char) -> bool {
    ('\u{3400}'..='\u{9FFF}').contains(&c)
}

/// What a cell looks like.
pub(super) fn kind(token: &str) -> Kind {
    let (mut chars, mut digits, mut others) = (0, 0, 0);
    for c in token.chars() {
        chars += 1;
        match c {
            '0'..='9' | '*' | '０'..='９' => digits += 1,
            '-' | '.' | '+' | '/' | ' ' | ':' | '年' | '月' | '日' | '%' => (),
            'X' | 'x' if digits == 17 => digits += 1,
            _ => others += 1,
        }
    }
    if others > 0 || digits == 0 {
        let han = token.chars().all(|c| is_han(c) || c == '*' || c == '·');
        return match han && (2..=4).contains(&chars) {
            true => Kind::Name,
            false => Kind::Text,
        };
    }
    let cuts = token
        .chars()
        .filter(|c| matches!(c, '-' | '/' | '.' | '年' | '月'))
        .count();
    match digits {
        15 | 18 => Kind::Identity,
        11 | 13 => Kind::Phone,
        4..=8 if cuts == 2 => Kind::Date,
        8 if token.starts_with("19") || token.starts_with("20") => Kind::Date,
        _ => Kind::Number,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_before_a_line() {
        assert_eq!(after_number("1、王小丽"), "王小丽");
        assert_eq!(after_number("12. 王小丽"), "王小丽");
        assert_eq!(after_number("(3) 王小丽"), "王小丽");
        assert_eq!(after_number("1.5 kg"), "1.5 kg");
        assert_eq!(after_number("10:30 王"), "10:30 王");
        assert_eq!(after_number("13812345678 王"), "13812345678 王");
    }

    #[test]
    fn numbers_inside_a_line() {
        assert_eq!(
            tokens("王小丽13812345678 浦东花木路597弄", Split::Both),
            ["王小丽", "13812345678", "浦东花木路597弄"]
        );
        assert_eq!(
            tokens(
                "1. 王小丽 138 1234 5678 310101 19860131 074X",
                Split::Spaces
            ),
            ["王小丽", "13812345678", "31010119860131074X"]
        );
        assert_eq!(
            tokens("| 王 小丽 | 56.5 |", Split::Marks),
            ["王 小丽", "56.5"]
        );
    }
}
