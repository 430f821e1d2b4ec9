//! JSON: lines or arrays of objects, arrays of arrays, and an object that holds such an array.
//!
//! A reader of our own, for three things that others do not give together: numbers keep their exact text (an ID number as a
//! number has more digits than a float), nesting is capped without a tree being built, and a text that breaks off is read as far
//! as it goes.

use std::collections::HashMap;

use super::super::limits::Limits;
use super::records::{List, Record};
use super::{Sheet, refused};
use crate::error::{Error, Result};

/// Objects and arrays inside one another.
const DEPTH: usize = 64;

/// Lists of records told apart; the records of further ones go to the last.
const LISTS: usize = 256;

/// Names in one list of records. A table turned on its side has one for every cell.
const NAMES: usize = 1_000_000;

/// Whether a text begins like JSON that can hold a table.
pub(super) fn is_json(text: &str) -> bool {
    let inner = text.trim_start();
    match inner.strip_prefix(['{', '[']) {
        // `[1]` numbers a line of a chat
        Some(rest) if inner.starts_with('[') => rest.trim_start().starts_with(['{', '[', '"']),
        Some(rest) => rest.trim_start().starts_with(['"', '\'', '}']),
        None => false,
    }
}

/// Reads the lists of records in a text: one sheet each, with names where the records have them.
///
/// # Errors
/// Text that is no JSON from its very beginning, and what `limits` do not allow.
pub(super) fn read(
    name: &str,
    text: &str,
    limits: &Limits,
    notes: &mut Vec<String>,
) -> Result<Vec<Sheet>> {
    let mut reader = Reader {
        name,
        text,
        at: 0,
        limits,
        lists: Vec::new(),
        by_path: HashMap::new(),
    };
    let mut damaged = Vec::new();
    loop {
        reader.skip(|b| b.is_ascii_whitespace() || matches!(b, b',' | b';' | 0x1E));
        if reader.at >= text.len() {
            break;
        }
        match reader.top() {
            Ok(()) => (),
            Err(Stop::Limit(error)) => return Err(error),
            Err(Stop::Broken) => {
                damaged.push(reader.at);
                reader.at += 1;
                reader.skip(|b| b != b'\n');
            }
        }
    }
    let line = |at: &usize| {
        let before = text.as_bytes().get(..*at).unwrap_or(text.as_bytes());
        1 + before.iter().filter(|b| **b == b'\n').count()
    };
    let rows = reader.lists.iter().map(|l| l.next_row).max().unwrap_or(0);
    if let Some(first) = damaged.first() {
        if rows == 0 {
            return Err(Error::input(format!(
                "`{name}` looks like JSON but breaks off or is damaged in line {}. Get the file again, or save the table as CSV.",
                line(first)
            )));
        }
        notes.push(match damaged.len() {
            1 => format!("Line {} is damaged JSON; what could be read of it was.", line(first)),
            n => format!("{n} lines are damaged JSON, the first of them line {}; what could be read of them was.", line(first)),
        });
    }
    // the object around a list is no record
    let lists = reader.lists.into_iter();
    Ok(lists
        .filter(|list| rows < 2 || list.next_row > 1 || list.turn().is_some())
        .map(|list| list.sheet(limits))
        .collect())
}

/// Why reading stops.
enum Stop {
    /// Here the text is no JSON.
    Broken,
    Limit(Error),
}

type Step<T = ()> = std::result::Result<T, Stop>;

struct Reader<'a> {
    name: &'a str,
    text: &'a str,
    at: usize,
    limits: &'a Limits,
    lists: Vec<List>,
    by_path: HashMap<String, usize>,
}

impl Reader<'_> {
    fn skip(&mut self, more: impl Fn(u8) -> bool) {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|b| !more(*b)).unwrap_or(rest.len());
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        self.skip(|b| b.is_ascii_whitespace());
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let there = self.peek() == Some(wanted);
        self.at += usize::from(there);
        there
    }

    fn top(&mut self) -> Step {
        match self.peek() {
            Some(b'{') => self.record("", 0),
            Some(b'[') => self.array("", None, 0),
            _ => Err(Stop::Broken),
        }
    }

    fn list(&mut self, path: &str) -> usize {
        if let Some(at) = self.by_path.get(path) {
            return *at;
        }
        if self.lists.len() < LISTS {
            self.lists.push(List::default());
        }
        let at = self.lists.len() - 1;
        if self.by_path.len() < LISTS {
            self.by_path.insert(path.to_string(), at);
        }
        at
    }

    /// An object that is a record of the list at `path`.
    fn record(&mut self, path: &str, depth: usize) -> Step {
        let list = self.list(path);
        let mut record = Record::new();
        let mut prefix = String::new();
        let read = self.object(path, list, &mut prefix, &mut record, depth);
        // also what there is of one that breaks off
        self.keep(list, record)?;
        read
    }

    fn keep(&mut self, list: usize, mut record: Record) -> Step {
        let Some(list) = self.lists.get_mut(list).filter(|_| !record.is_empty()) else {
            return Ok(());
        };
        record.sort_by_key(|(column, _)| *column);
        record.dedup_by_key(|(column, _)| *column);
        for (column, text) in record {
            list.cells
                .push(list.next_row, column, &text, self.limits)
                .map_err(refused(self.name, list.next_row, self.limits))
                .map_err(Stop::Limit)?;
        }
        list.next_row = list.next_row.saturating_add(1);
        Ok(())
    }

    fn object(
        &mut self,
        path: &str,
        list: usize,
        prefix: &mut String,
        record: &mut Record,
        depth: usize,
    ) -> Step {
        self.check(depth)?;
        self.at += 1;
        loop {
            if self.take(b'}') {
                return Ok(());
            }
            let key = self.word()?;
            if !self.take(b':') {
                return Err(Stop::Broken);
            }
            let outer = prefix.len();
            if !prefix.is_empty() {
                prefix.push('.');
            }
            prefix.push_str(&key);
            match self.peek() {
                Some(b'{') => self.object(path, list, prefix, record, depth + 1)?,
                Some(b'[') => {
                    let inside = format!("{path}/{prefix}");
                    self.array(&inside, Some((list, prefix, record)), depth + 1)?;
                }
                _ => {
                    let word = self.word()?;
                    self.add(list, prefix, record, word)?;
                }
            }
            prefix.truncate(outer);
            if !self.take(b',') && self.peek() != Some(b'}') {
                return Err(Stop::Broken);
            }
        }
    }

    fn add(&mut self, list: usize, name: &str, record: &mut Record, word: String) -> Step {
        let Some(list) = self.lists.get_mut(list) else {
            return Ok(());
        };
        if list.names.len() >= NAMES {
            return Err(Stop::Limit(Error::input(format!(
                "`{}` is JSON with more than {NAMES} names, which no table has. Save the table itself as CSV.",
                self.name
            ))));
        }
        record.push((list.column(name), word));
        Ok(())
    }

    /// An array: objects and arrays in it are records, anything else belongs to the record around it.
    fn array(
        &mut self,
        path: &str,
        mut around: Option<(usize, &mut String, &mut Record)>,
        depth: usize,
    ) -> Step {
        self.check(depth)?;
        self.at += 1;
        let mut number = 0u32;
        let mut loose = Record::new();
        let read = loop {
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    break Ok(());
                }
                Some(b'{') => self.record(path, depth + 1)?,
                Some(b'[') => self.array(&format!("{path}[]"), None, depth + 1)?,
                _ => {
                    let word = match self.word() {
                        Ok(word) => word,
                        Err(stop) => break Err(stop),
                    };
                    match &mut around {
                        Some((list, prefix, record)) => {
                            let name = format!("{prefix}.{number}");
                            self.add(*list, &name, record, word)?;
                        }
                        // a list of nothing but values is one column
                        None if depth == 0 => {
                            let list = self.list(path);
                            self.keep(list, vec![(0, word)])?;
                        }
                        None if loose.len() >= self.limits.columns => {
                            return Err(Stop::Limit(Error::input(format!(
                                "`{}` is JSON with a row of more than {} values. Check that it is a table.",
                                self.name, self.limits.columns
                            ))));
                        }
                        None => loose.push((number, word)),
                    }
                }
            }
            number = number.saturating_add(1);
            if !self.take(b',') && self.peek() != Some(b']') {
                break Err(Stop::Broken);
            }
        };
        if !loose.is_empty() {
            let list = self.list(path);
            self.keep(list, loose)?;
        }
        read
    }

    fn check(&self, depth: usize) -> Step {
        if depth < DEPTH {
            return Ok(());
        }
        Err(Stop::Limit(Error::input(format!(
            "`{}` is JSON that is nested more than {DEPTH} deep, which no table is. Save the table itself as CSV.",
            self.name
        ))))
    }

    /// A string, a number with all its digits, or a word; what stands for nothing is empty.
    fn word(&mut self) -> Step<String> {
        match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.string(quote),
            Some(_) => {
                let start = self.at;
                self.skip(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_'));
                match self.text.get(start..self.at).unwrap_or("") {
                    "" => Err(Stop::Broken),
                    "null" | "None" | "NaN" | "undefined" => Ok(String::new()),
                    word => Ok(word.to_string()),
                }
            }
            None => Err(Stop::Broken),
        }
    }

    fn string(&mut self, quote: u8) -> Step<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let start = self.at;
            self.skip(|b| b != quote && b != b'\\');
            out.push_str(self.text.get(start..self.at).unwrap_or(""));
            let Some(byte) = self.text.as_bytes().get(self.at) else {
                return Err(Stop::Broken);
            };
            self.at += 1;
            if *byte == quote {
                return Ok(out);
            }
            out.push(self.escape().ok_or(Stop::Broken)?);
        }
    }

    /// The character behind a backslash.
    fn escape(&mut self) -> Option<char> {
        let c = self.text.get(self.at..)?.chars().next()?;
        self.at += c.len_utf8();
        Some(match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' | 'f' => ' ',
            'u' => {
                let high = self.unit()?;
                let rest = self.text.get(self.at..)?;
                if (0xD800..0xDC00).contains(&high) && rest.starts_with("\\u") {
                    let before = self.at;
                    self.at += 2;
                    let low = self.unit()?;
                    if let Some(Ok(c)) = char::decode_utf16([high, low]).next() {
                        return Some(c);
                    }
                    self.at = before;
                }
                char::from_u32(u32::from(high)).unwrap_or('\u{fffd}')
            }
            other => other,
        })
    }

    fn unit(&mut self) -> Option<u16> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let unit = u16::from_str_radix(digits, 16).ok()?;
        self.at += 4;
        Some(unit)
    }
}
