//! A copy of delimited text: runs of rows that nobody touched as one block of bytes, altered rows cell by cell.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use super::CsvFile;
use crate::error::{Error, Result};
use crate::table::encoding::{self, Encoding};
use crate::table::{Edits, Line, Replaced, Source};

/// Flush after this many bytes; larger runs of kept rows go out on their own.
const CHUNK: usize = 1 << 20;
/// How far to look for a kept row that shows how a column is quoted.
const NEAR: usize = 64;

pub(in crate::table) fn rewrite(
    source: &Source,
    file: &CsvFile,
    edits: &Edits<'_>,
    path: &Path,
) -> Result<()> {
    let out = File::create(path).map_err(Error::io("write", path))?;
    let mut copy = Copy {
        source,
        file,
        edits,
        first_edit: edits.first_of_rows(source.table.rows()),
        out,
        path,
        buffer: Vec::with_capacity(CHUNK + (1 << 16)),
    };
    copy.lines()?;
    copy.flush()
}

struct Copy<'a> {
    source: &'a Source,
    file: &'a CsvFile,
    edits: &'a Edits<'a>,
    /// Where a row's replaced cells begin, one entry more than rows.
    first_edit: Vec<u32>,
    out: File,
    path: &'a Path,
    buffer: Vec<u8>,
}

impl<'a> Copy<'a> {
    fn lines(&mut self) -> Result<()> {
        let file = self.file;
        let prefix = self.start(file.first);
        let tail = self.start(file.behind);
        let lines = &self.edits.lines;
        let break_here = self.usual_break();
        let whole = ends_in_break(&file.working) || tail < file.working.len();
        if lines.is_empty() && !whole && file.first > 0 {
            return self.put(0..file.layout.content(file.first - 1).end);
        }
        self.put(0..prefix)?;
        if file.first > 0 && !lines.is_empty() && !self.ends_line(prefix) {
            self.buffer.extend_from_slice(break_here);
        }
        let mut at = 0;
        while at < lines.len() {
            let last = at + 1 == lines.len();
            match lines[at] {
                Line::Kept(row) if self.untouched(row) => {
                    let mut until = at + 1;
                    while let Some(Line::Kept(next)) = lines.get(until)
                        && *next as usize == row as usize + (until - at)
                        && self.untouched(*next)
                    {
                        until += 1;
                    }
                    let rows = until - at;
                    let end = row as usize + rows;
                    let from = self.start(file.first + row as usize);
                    let to = self.start(file.first + end);
                    at = until;
                    if at == lines.len() && !whole {
                        self.put(from..file.layout.content(file.first + end - 1).end)?;
                        break;
                    }
                    self.put(from..to)?;
                    if !self.ends_line(to) {
                        self.buffer.extend_from_slice(break_here);
                    }
                    continue;
                }
                Line::Kept(row) => {
                    self.altered(row, at)?;
                    if !last || whole {
                        let found = self.break_of(row);
                        self.buffer.extend_from_slice(if found.is_empty() {
                            break_here
                        } else {
                            found
                        });
                    }
                }
                Line::Inserted(number) => {
                    self.inserted(number, at)?;
                    if !last || whole {
                        let near = self.kept_near(at).next();
                        let found = near.map_or(&[][..], |row| self.break_of(row));
                        self.buffer.extend_from_slice(if found.is_empty() {
                            break_here
                        } else {
                            found
                        });
                    }
                }
            }
            at += 1;
            if self.buffer.len() >= CHUNK {
                self.flush()?;
            }
        }
        self.put(tail..file.working.len())
    }

    /// Offset of a row of the file, or of the file's end.
    fn start(&self, row: usize) -> usize {
        match self.file.layout.rows.get(row) {
            Some(start) => start.byte as usize,
            None => self.file.working.len(),
        }
    }

    fn untouched(&self, row: u32) -> bool {
        match self.first_edit.get(row as usize..row as usize + 2) {
            Some(pair) => pair[0] == pair[1],
            None => false,
        }
    }

    fn ends_line(&self, offset: usize) -> bool {
        ends_in_break(&self.file.working[..offset])
    }

    /// The line end of one of the table's rows, empty where the file ends without.
    fn break_of(&self, row: u32) -> &'a [u8] {
        let row = self.file.first + row as usize;
        let end = self.file.layout.content(row).end;
        &self.file.working[end..self.start(row + 1).max(end)]
    }

    /// The file's first line end.
    fn usual_break(&self) -> &'a [u8] {
        let end = self.file.layout.content(0).end;
        match &self.file.working[end..] {
            [b'\r', b'\n', ..] => b"\r\n",
            [b'\r', ..] => b"\r",
            _ => b"\n",
        }
    }

    /// Kept rows around a line of the copy, the nearest before it first.
    fn kept_near(&self, at: usize) -> impl Iterator<Item = u32> + use<'_, 'a> {
        let lines = &self.edits.lines;
        let before = lines[..at].iter().rev().take(NEAR);
        let after = lines[at + 1..].iter().take(NEAR);
        before.chain(after).filter_map(|line| match line {
            Line::Kept(row) if (*row as usize) < self.source.table.rows() => Some(*row),
            _ => None,
        })
    }

    fn must_quote(&self, text: &str) -> bool {
        text.bytes()
            .any(|b| b == self.file.grammar.delimiter || matches!(b, b'"' | b'\r' | b'\n'))
    }

    /// Whether a column near a line is quoted where it need not be.
    fn quotes_freely(&self, column: usize, at: usize) -> bool {
        self.kept_near(at)
            .find_map(|row| {
                let text = self.source.table.cell(row as usize, column);
                let span = self.span(row, column)?;
                let quoted = self.file.working.get(span.start) == Some(&b'"') && !span.is_empty();
                let telling = quoted || !text.is_empty();
                (telling && !self.must_quote(text)).then_some(quoted)
            })
            .unwrap_or(false)
    }

    fn span(&self, row: u32, column: usize) -> Option<std::ops::Range<usize>> {
        let layout = &self.file.layout;
        layout.spans(self.file.first + row as usize).nth(column)
    }

    fn altered(&mut self, row: u32, at: usize) -> Result<()> {
        let file = self.file;
        let edits = match self.first_edit.get(row as usize..row as usize + 2) {
            Some(pair) => &self.edits.replaced[pair[0] as usize..pair[1] as usize],
            None => {
                return Err(Error::input(format!(
                    "`{}` has no row {} to copy. Read the table again and repeat.",
                    self.source.name,
                    self.source.first_data_row + row as usize
                )));
            }
        };
        let content = file.layout.content(file.first + row as usize);
        let mut done = content.start;
        let mut spans = file.layout.spans(file.first + row as usize);
        let mut column = 0;
        let mut beyond = file.layout.fields(file.first + row as usize).len();
        for Replaced {
            column: wanted,
            text,
            ..
        } in edits
        {
            let wanted = *wanted as usize;
            let Some(skip) = wanted.checked_sub(column) else {
                continue;
            };
            match spans.nth(skip) {
                Some(span) => {
                    self.buffer
                        .extend_from_slice(&file.working[done..span.start]);
                    done = span.end;
                    let quoted = !span.is_empty()
                        && file.working[span.start] == b'"'
                        && span.start < file.layout.literal_from;
                    let freely = quoted
                        && (!self.must_quote(self.source.table.cell(row as usize, wanted))
                            || self.quotes_freely(wanted, at));
                    self.cell(text, freely)?;
                }
                None => {
                    // the row is too short and gets the cells it lacks
                    self.buffer
                        .extend_from_slice(&file.working[done..content.end]);
                    done = content.end;
                    for _ in beyond..wanted + 1 {
                        self.buffer.push(file.grammar.delimiter);
                    }
                    beyond = wanted + 1;
                    self.cell(text, false)?;
                }
            }
            column = wanted + 1;
        }
        self.buffer
            .extend_from_slice(&file.working[done..content.end]);
        Ok(())
    }

    fn inserted(&mut self, number: u32, at: usize) -> Result<()> {
        let Some(cells) = self.edits.inserted.get(number as usize) else {
            return Err(Error::input(format!(
                "The row {number} to be put into `{}` is missing. Repeat the command.",
                self.source.name
            )));
        };
        if let [only] = &cells[..]
            && only.is_empty()
        {
            // an empty line would be no row
            self.buffer.extend_from_slice(b"\"\"");
            return Ok(());
        }
        for (column, text) in cells.iter().enumerate() {
            if column > 0 {
                self.buffer.push(self.file.grammar.delimiter);
            }
            let freely = self.quotes_freely(column, at);
            self.cell(text, freely)?;
        }
        Ok(())
    }

    fn cell(&mut self, text: &str, quoted: bool) -> Result<()> {
        let unknown = || {
            Error::input(format!(
                "`{}` is in GB18030, which has no way to write `{text}`. Save it as UTF-8 CSV.",
                self.source.name
            ))
        };
        let bytes = encoding::to_working(text, self.file.encoding).ok_or_else(unknown)?;
        if !quoted && !self.must_quote(text) {
            self.buffer.extend_from_slice(&bytes);
            return Ok(());
        }
        self.buffer.push(b'"');
        // a quote is never half of a character, in GB18030 either
        for (n, piece) in bytes.split(|b| *b == b'"').enumerate() {
            if n > 0 {
                self.buffer.extend_from_slice(b"\"\"");
            }
            self.buffer.extend_from_slice(piece);
        }
        self.buffer.push(b'"');
        Ok(())
    }

    fn put(&mut self, span: std::ops::Range<usize>) -> Result<()> {
        let bytes = &self.file.working[span];
        if bytes.len() < CHUNK {
            self.buffer.extend_from_slice(bytes);
            return if self.buffer.len() >= CHUNK {
                self.flush()
            } else {
                Ok(())
            };
        }
        self.flush()?;
        self.emit(bytes)
    }

    fn flush(&mut self) -> Result<()> {
        let mut buffer = std::mem::take(&mut self.buffer);
        self.emit(&buffer)?;
        buffer.clear();
        self.buffer = buffer;
        Ok(())
    }

    fn emit(&mut self, bytes: &[u8]) -> Result<()> {
        let written = match self.file.encoding {
            Encoding::Utf8 | Encoding::Gb18030 => self.out.write_all(bytes),
            encoding => {
                let mut units = Vec::with_capacity(bytes.len() * 2);
                encoding::to_file(bytes, encoding, &mut units);
                self.out.write_all(&units)
            }
        };
        written.map_err(Error::io("write", self.path))
    }
}

fn ends_in_break(bytes: &[u8]) -> bool {
    matches!(bytes.last(), Some(b'\r' | b'\n'))
}
