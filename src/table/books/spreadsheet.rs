//! Office Open XML workbooks (.xlsx, .xlsm; ECMA-376 part 1): every worksheet, hidden ones too, read in one pass and by streaming.

use std::collections::HashMap;
use std::io::BufRead;

use super::listed::{Listed, read_sheets};
use super::parts::Parts;
use super::shelf::{Gather, Shelf, Trouble};
use super::strings::{Texts, unescape};
use super::worksheet::cells;
use super::xml::{Node, Xml};
use crate::table::dates::{self, Shape};

type Read<T> = Result<T, Trouble>;

/// What all sheets share.
#[derive(Default)]
pub(super) struct Shared {
    pub(super) strings: Texts,
    /// By style.
    pub(super) shapes: Vec<Shape>,
    pub(super) late: bool,
}

pub(super) fn read(bytes: &[u8], shelf: &mut Shelf) -> Read<()> {
    let mut parts = Parts::open(bytes, &shelf.limits)?;
    let main = main_part(&mut parts)?;
    let (listed, late) = match parts.part(&main) {
        Some(part) => workbook(&mut Xml::new(part?))?,
        None => return Err(Trouble::broken("it has no workbook part")),
    };
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    let file = main.rsplit('/').next().unwrap_or(&main);
    let relations = match parts.part(&format!("{folder}/_rels/{file}.rels")) {
        Some(part) => relations(&mut Xml::new(part?))?,
        None => return Err(Trouble::broken("it does not say where its sheets are")),
    };
    let one = |kind: &str| {
        let found = relations.values().find(|(typ, _)| typ.ends_with(kind));
        found.map(|(_, target)| within(folder, target))
    };
    let mut shared = Shared {
        late,
        ..Shared::default()
    };
    if let Some(path) = one("/styles")
        && let Some(part) = parts.part(&path)
    {
        // without styles dates are numbers, which is better than nothing
        match part.and_then(|part| styles(&mut Xml::new(part))) {
            Ok(shapes) => shared.shapes = shapes,
            Err(_) => {
                shelf.damaged("Its styles are damaged, so that dates may show as numbers.".into())
            }
        }
    }
    let most = shelf.limits.text_cap();
    let path = one("/sharedStrings").unwrap_or_default();
    let size = parts.size(&path);
    let done = match parts.part(&path) {
        Some(part) => {
            part.and_then(|part| strings(&mut Xml::new(part), size, &mut shared.strings, most))
        }
        None => Ok(()),
    };
    shelf.without_strings(
        done.map_err(|trouble| parts.trouble(trouble)),
        &shared.strings,
    )?;
    let cells = |parts: &mut Parts<'_>, path: &str, gather: &mut Gather| {
        cells(&mut Xml::new(parts.needed(path)?), &shared, gather)
    };
    read_sheets(&mut parts, &listed, &relations, folder, shelf, cells);
    Ok(())
}

/// The workbook's own part: as the package says, else where all programs put it.
fn main_part(parts: &mut Parts<'_>) -> Read<String> {
    const USUAL: &str = "xl/workbook.xml";
    let Some(part) = parts.part("_rels/.rels") else {
        return Ok(USUAL.to_string());
    };
    let named = relations(&mut Xml::new(part?))?
        .into_values()
        .find(|(kind, _)| kind.ends_with("/officeDocument"))
        .map(|(_, target)| within("", &target));
    Ok(named.unwrap_or_else(|| USUAL.to_string()))
}

/// Where a relation leads, seen from the folder of the part that has it.
pub(super) fn within(folder: &str, target: &str) -> String {
    match target.strip_prefix('/') {
        Some(absolute) => absolute.to_string(),
        None => format!("{folder}/{target}"),
    }
}

/// Relations by id: type and target.
pub(super) fn relations<R: BufRead>(xml: &mut Xml<R>) -> Read<HashMap<String, (String, String)>> {
    let mut found = HashMap::new();
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "Relationship" => {
                if let (Some(id), Some(kind), Some(target)) =
                    (tag.get("Id"), tag.get("Type"), tag.get("Target"))
                {
                    found.insert(id, (kind, target));
                }
            }
            Node::End => return Ok(found),
            _ => (),
        }
    }
}

/// The sheets, and whether days count from 1904.
fn workbook<R: BufRead>(xml: &mut Xml<R>) -> Read<(Vec<Listed>, bool)> {
    let (mut listed, mut late) = (Vec::new(), false);
    loop {
        match xml.next()? {
            Node::Open(tag) if tag.name() == "sheet" => {
                if let (Some(name), Some(id)) = (tag.get("name"), tag.get("id")) {
                    let state = tag.get("state");
                    listed.push(Listed {
                        name,
                        hidden: matches!(state.as_deref(), Some("hidden" | "veryHidden")),
                        id,
                    });
                }
            }
            Node::Open(tag) if tag.name() == "workbookPr" => late = tag.truth("date1904"),
            Node::End => return Ok((listed, late)),
            _ => (),
        }
    }
}

/// What each cell style makes of a number.
fn styles<R: BufRead>(xml: &mut Xml<R>) -> Read<Vec<Shape>> {
    // codes beyond this make no sense as a date and would only cost time
    const CODE: usize = 1024;
    let mut own: HashMap<u32, Shape> = HashMap::new();
    let mut shapes = Vec::new();
    let mut inside = false;
    loop {
        match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "numFmt" => {
                    if let (Some(id), Some(code)) = (tag.number("numFmtId"), tag.get("formatCode"))
                        && code.len() <= CODE
                    {
                        own.insert(id, dates::shape(Some(id), Some(&code)));
                    }
                }
                "cellXfs" => inside = true,
                // no program has more, and no cell can point further
                "xf" if inside && shapes.len() >= 1 << 16 => return Ok(shapes),
                "xf" if inside => {
                    let id = tag.number("numFmtId").unwrap_or(0);
                    let shape = own.get(&id).copied();
                    shapes.push(shape.unwrap_or_else(|| dates::shape(Some(id), None)));
                }
                _ => (),
            },
            Node::Close(tag) if tag.name() == "cellXfs" => inside = false,
            Node::End => return Ok(shapes),
            _ => (),
        }
    }
}

/// The table of shared strings in a part of `size` bytes. Its own count of them is not needed; one that cannot be true is an
/// attack on readers that believe it.
fn strings<R: BufRead>(xml: &mut Xml<R>, size: u64, texts: &mut Texts, most: usize) -> Read<()> {
    // `<si/>`
    const SHORTEST: u64 = 5;
    let mut text = String::new();
    loop {
        let open = match xml.next()? {
            Node::Open(tag) if tag.name() == "sst" => {
                let count = tag.get("uniqueCount").map(|count| count.parse::<u64>());
                if count.is_some_and(|count| count.map_or(true, |n| n > size / SHORTEST + 1)) {
                    return Err(Trouble::Limit(
                        "says that it has more shared strings than fit into it, which no program writes. Open it in a spreadsheet program and save it again.".into(),
                    ));
                }
                false
            }
            Node::Open(tag) => tag.name() == "si",
            Node::End => return Ok(()),
            _ => false,
        };
        if open {
            text.clear();
            rich_text(xml, "si", &mut text)?;
            texts.push(&text, most)?;
            xml.found();
        }
    }
}

/// The text of all runs up to the end of `closing`, without the reading aids of East Asian text.
pub(super) fn rich_text<R: BufRead>(xml: &mut Xml<R>, closing: &str, out: &mut String) -> Read<()> {
    let (mut inside, mut aid, mut kept) = (false, false, false);
    let mut start = out.len();
    loop {
        match xml.next()? {
            Node::Open(tag) => match tag.name() {
                "rPh" => aid = true,
                "t" if !aid => {
                    inside = true;
                    kept = tag.get("space").as_deref() == Some("preserve");
                    start = out.len();
                }
                _ => (),
            },
            Node::Text(text) if inside => out.push_str(&text),
            Node::Close(tag) => match tag.name() {
                "rPh" => aid = false,
                "t" if inside => {
                    inside = false;
                    let run = out.split_off(start);
                    let run = match kept {
                        true => &run,
                        false => run.trim_matches([' ', '\t', '\r', '\n']),
                    };
                    out.push_str(&unescape(run));
                }
                name if name == closing => return Ok(()),
                _ => (),
            },
            Node::End => return Err(Trouble::broken("it breaks off inside a text")),
            _ => (),
        }
    }
}
