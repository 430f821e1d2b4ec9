//! What a file is, by its content: names lie, and a wrong extension is the commonest damage a seized file has.

use std::io::Cursor;

use zip::ZipArchive;

use crate::error::{Error, Result};

/// What holds tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Text, to be read as CSV once its encoding is known.
    Text,
    /// An Office Open XML workbook (.xlsx, .xlsm).
    Workbook,
    /// A binary workbook of the same family (.xlsb).
    BinaryWorkbook,
    /// An OpenDocument file: a spreadsheet, or a text with tables.
    OpenDocument,
    /// A compound file: a workbook of Excel 97 to 2003 or WPS (.xls, .et), or a workbook locked with a password.
    Compound,
    /// An Excel file of before 1997 that stands alone.
    BareBiff,
    /// A web page, often under the name of .xls.
    WebPage,
    /// An XML spreadsheet of 2003.
    Xml2003,
    /// A zip archive of other files.
    Archive,
}

impl Content {
    /// As people call it, with an article.
    pub(super) fn words(self) -> &'static str {
        match self {
            Content::Text => "text",
            Content::Workbook => "an Excel workbook (.xlsx)",
            Content::BinaryWorkbook => "a binary workbook (.xlsb)",
            Content::OpenDocument => "an OpenDocument file (.ods, .odt)",
            Content::Compound => "an old or password-protected workbook",
            Content::BareBiff => "a workbook of before 1997",
            Content::WebPage => "a web page",
            Content::Xml2003 => "an XML spreadsheet of 2003",
            Content::Archive => "a zip archive",
        }
    }
}

/// First bytes of formats that hold no table we can read, with their names.
const FOREIGN: [(&[u8], &str); 17] = [
    (b"%PDF", "a PDF document"),
    (b"\x89PNG\r\n", "a PNG image"),
    (b"\xFF\xD8\xFF", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"RIFF", "a media file"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (b"\x1F\x8B\x08", "a gzip archive"),
    (b"BZh9", "a bzip2 archive"),
    (b"\xFD7zXZ\0", "an xz archive"),
    (b"{\\rtf", "a rich text document"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"PAR1", "a Parquet file"),
    (b"\x7FELF", "a program"),
];

/// Old Excel files (BIFF 2 to 5) that stand alone, without the compound file around them.
const BARE_BIFF: [&[u8]; 4] = [
    b"\x09\x00\x04\x00",
    b"\x09\x02\x06\x00",
    b"\x09\x04\x06\x00",
    b"\x09\x08\x08\x00",
];

const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";

/// Says what `bytes` are, or why they cannot be opened and what to do instead.
pub(super) fn content(name: &str, bytes: &[u8]) -> Result<Content> {
    if bytes.is_empty() {
        return Err(Error::input(format!(
            "`{name}` is empty. Give a CSV file or an .xlsx workbook that holds a table."
        )));
    }
    if bytes.starts_with(COMPOUND) {
        return Ok(Content::Compound);
    }
    if BARE_BIFF.iter().any(|b| bytes.starts_with(b)) {
        return Ok(Content::BareBiff);
    }
    if bytes.starts_with(b"PK\x03\x04")
        || bytes.starts_with(b"PK\x05\x06")
        || bytes.starts_with(b"PK\x07\x08")
    {
        return archive(name, bytes);
    }
    let foreign = FOREIGN
        .iter()
        .find(|(magic, _)| bytes.starts_with(magic))
        .map(|(_, what)| *what)
        .or_else(|| bitmap(bytes).then_some("a BMP image"));
    match foreign {
        Some(what) => Err(no_table(name, what)),
        None => markup(name, bytes),
    }
}

/// "BM" alone begins many a header (BMI), so the size that follows has to fit too.
fn bitmap(bytes: &[u8]) -> bool {
    match bytes {
        [b'B', b'M', a, b, c, d, 0, 0, 0, 0, ..] => {
            u32::from_le_bytes([*a, *b, *c, *d]) as usize == bytes.len()
        }
        _ => false,
    }
}

/// A file that holds something else.
fn no_table(name: &str, what: &str) -> Error {
    Error::input(format!(
        "`{name}` holds {what}, not a table. Save the table itself as .xlsx or CSV."
    ))
}

/// HTML tables and XML spreadsheets often go by the name of .xls.
fn markup(name: &str, bytes: &[u8]) -> Result<Content> {
    let head = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let start = head.iter().position(|b| !b.is_ascii_whitespace());
    let head = &head[start.unwrap_or(0)..];
    let lower = String::from_utf8_lossy(head.get(..2048).unwrap_or(head)).to_ascii_lowercase();
    if ["<!doctype html", "<html", "<table", "<head", "<meta"]
        .iter()
        .any(|tag| lower.starts_with(tag))
    {
        return Ok(Content::WebPage);
    }
    if !lower.starts_with("<?xml") {
        return Ok(Content::Text);
    }
    if lower.contains("urn:schemas-microsoft-com:office:spreadsheet") {
        Ok(Content::Xml2003)
    } else if lower.contains("<html") {
        Ok(Content::WebPage)
    } else {
        Err(no_table(name, "an XML document"))
    }
}

fn archive(name: &str, bytes: &[u8]) -> Result<Content> {
    let damaged = |why: String| {
        Error::input(format!(
            "`{name}` is a damaged or cut-off workbook or archive ({why}). Get the file again, or open it and save it as .xlsx."
        ))
    };
    let zip = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(e.to_string()))?;
    let names: Vec<String> = zip
        .file_names_raw()
        .take(10_000)
        .map(|raw| {
            String::from_utf8_lossy(raw)
                .replace('\\', "/")
                .to_ascii_lowercase()
        })
        .collect();
    let has = |part: &str| names.iter().any(|n| n == part);
    let under = |folder: &str| names.iter().any(|n| n.starts_with(folder));
    if has("xl/workbook.bin") {
        return Ok(Content::BinaryWorkbook);
    }
    if has("mimetype") && has("content.xml") {
        return Ok(Content::OpenDocument);
    }
    let what = if under("word/") {
        "a Word document"
    } else if under("ppt/") {
        "a presentation"
    } else if has("[content_types].xml") && (under("xl/") || has("_rels/.rels")) {
        return Ok(Content::Workbook);
    } else if names.is_empty() {
        "an empty zip archive"
    } else {
        return Ok(Content::Archive);
    };
    Err(no_table(name, what))
}
