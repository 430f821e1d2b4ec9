//! A file's contents as bytes, to be handed from one process of ours to another.
//!
//! The bytes come from a process that was busy with a hostile file, so nothing in them is believed: every length is held against
//! what is there, every offset against the text, and a sum over all of it stands at the end.
//!
//! Numbers are little endian; a text is its length in four bytes and UTF-8; a list its length in four bytes and its items.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use super::{Contents, Found, Table};
use crate::error::{Error, Result};

const MAGIC: &[u8] = b"taggant contents 1\n";
const SUM: usize = 32;

/// Writes what reading a file came to.
///
/// # Errors
/// What the writer has to say.
pub fn write_outcome(outcome: &Result<Contents>, out: &mut impl Write) -> io::Result<()> {
    let mut out = Summed {
        out,
        hash: Sha256::new(),
    };
    out.write_all(MAGIC)?;
    match outcome {
        Ok(contents) => {
            out.write_all(&[0])?;
            put_contents(contents, &mut out)?;
        }
        Err(error) => {
            out.write_all(&[1])?;
            put_text(&error.to_string(), &mut out)?;
        }
    }
    let sum = out.hash.finalize();
    out.out.write_all(&sum)?;
    out.out.flush()
}

/// Reads what [`write_outcome`] wrote; none where it is anything else. The error of the other process is an input error here.
pub fn read_outcome(bytes: &[u8]) -> Option<Result<Contents>> {
    let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
    if Sha256::digest(body)[..] != *sum {
        return None;
    }
    let mut rest = Rest(body.strip_prefix(MAGIC)?);
    let outcome = match rest.byte()? {
        0 => Ok(rest.contents()?),
        1 => Err(Error::input(rest.text()?)),
        _ => return None,
    };
    rest.0.is_empty().then_some(outcome)
}

struct Summed<'a, W> {
    out: &'a mut W,
    hash: Sha256,
}

impl<W: Write> Write for Summed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn put_length(length: usize, out: &mut impl Write) -> io::Result<()> {
    let length = u32::try_from(length).map_err(|_| io::ErrorKind::FileTooLarge)?;
    out.write_all(&length.to_le_bytes())
}

fn put_text(text: &str, out: &mut impl Write) -> io::Result<()> {
    put_length(text.len(), out)?;
    out.write_all(text.as_bytes())
}

fn put_numbers(numbers: &[u32], out: &mut impl Write) -> io::Result<()> {
    put_length(numbers.len(), out)?;
    let mut bytes = Vec::with_capacity(1 << 14);
    for chunk in numbers.chunks(1 << 12) {
        bytes.clear();
        bytes.extend(chunk.iter().flat_map(|n| n.to_le_bytes()));
        out.write_all(&bytes)?;
    }
    Ok(())
}

fn put_texts(texts: &[String], out: &mut impl Write) -> io::Result<()> {
    put_length(texts.len(), out)?;
    texts.iter().try_for_each(|text| put_text(text, out))
}

fn put_contents(contents: &Contents, out: &mut impl Write) -> io::Result<()> {
    put_text(&contents.format, out)?;
    put_texts(&contents.notes, out)?;
    put_length(contents.tables.len(), out)?;
    for found in &contents.tables {
        put_texts(found.sheet.as_slice(), out)?;
        out.write_all(&[u8::from(found.hidden)])?;
        put_numbers(&found.rows, out)?;
        put_numbers(&found.columns, out)?;
        put_texts(&found.table.header, out)?;
        put_length(found.table.width, out)?;
        put_numbers(&found.table.ends, out)?;
        put_text(&found.table.text, out)?;
    }
    Ok(())
}

/// What is not read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn length(&mut self) -> Option<usize> {
        let bytes = self.take(4)?.try_into().ok()?;
        usize::try_from(u32::from_le_bytes(bytes)).ok()
    }

    fn text(&mut self) -> Option<String> {
        let length = self.length()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        let length = self.length()?;
        (0..length).map(|_| self.text()).collect()
    }

    fn numbers(&mut self) -> Option<Vec<u32>> {
        let length = self.length()?;
        let bytes = self.take(length.checked_mul(4)?)?;
        let quads = bytes.chunks_exact(4);
        Some(
            quads
                .filter_map(|quad| Some(u32::from_le_bytes(quad.try_into().ok()?)))
                .collect(),
        )
    }

    fn contents(&mut self) -> Option<Contents> {
        let (format, notes) = (self.text()?, self.texts()?);
        let tables = self.length()?;
        Some(Contents {
            format,
            notes,
            tables: (0..tables).map(|_| self.found()).collect::<Option<_>>()?,
        })
    }

    fn found(&mut self) -> Option<Found> {
        let sheet = self.texts()?.pop();
        let hidden = self.byte()? == 1;
        let (rows, columns) = (self.numbers()?, self.numbers()?);
        let header = self.texts()?;
        let width = self.length()?;
        let (ends, text) = (self.numbers()?, self.text()?);
        let table = Table {
            header,
            width,
            text,
            ends,
        };
        let whole = whole(&table) && rows.len() == table.rows() && columns.len() == width;
        whole.then_some(Found {
            table,
            sheet,
            hidden,
            rows,
            columns,
        })
    }
}

/// Whether a table's offsets lie in order on its text's characters, a full row each time.
fn whole(table: &Table) -> bool {
    let rising = table.ends.is_sorted();
    let inside = |end: &u32| table.text.is_char_boundary(*end as usize);
    let full = match table.width {
        0 => table.ends.is_empty(),
        width => table.ends.len().is_multiple_of(width),
    };
    rising && full && table.header.len() <= table.width && table.ends.iter().all(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Contents {
        let mut table = Table::new(vec!["姓名".into(), "电话".into()], 2);
        table.push(["王小丽", "13812345678"]);
        table.push(["", "1"]);
        Contents {
            format: "an Excel workbook (.xls)".into(),
            tables: vec![
                Found {
                    table,
                    sheet: Some("登记".into()),
                    hidden: true,
                    rows: vec![2, 9],
                    columns: vec![1, 4],
                },
                Found::default(),
            ],
            notes: vec!["Sheet `登记` is hidden and was read too.".into()],
        }
    }

    fn framed(outcome: &Result<Contents>) -> Vec<u8> {
        let mut out = Vec::new();
        write_outcome(outcome, &mut out).unwrap();
        out
    }

    #[test]
    fn there_and_back() {
        let outcome = read_outcome(&framed(&Ok(example()))).unwrap();
        assert_eq!(outcome.unwrap(), example());
        let error = read_outcome(&framed(&Err(Error::input("`a` is empty.")))).unwrap();
        assert_eq!(error.unwrap_err().to_string(), "`a` is empty.");
    }

    #[test]
    fn no_byte_may_change() {
        let bytes = framed(&Ok(example()));
        for at in 0..bytes.len() {
            let mut bad = bytes.clone();
            bad[at] ^= 1;
            assert!(read_outcome(&bad).is_none(), "byte {at}");
            assert!(read_outcome(&bytes[..at]).is_none(), "cut at {at}");
        }
    }

    #[test]
    fn a_right_sum_does_not_make_lies_true() {
        let bytes = framed(&Ok(example()));
        let body = &bytes[..bytes.len() - SUM];
        for at in MAGIC.len()..body.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut bad = body.to_vec();
                bad[at] = value;
                let sum = Sha256::digest(&bad);
                bad.extend_from_slice(&sum);
                // whatever is taken can be walked without a panic
                if let Some(Ok(contents)) = read_outcome(&bad) {
                    for found in contents.tables {
                        let cells = (0..found.table.rows()).flat_map(|r| found.table.row(r));
                        assert!(cells.count() < 100);
                    }
                }
            }
        }
    }
}
