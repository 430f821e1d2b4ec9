//! The sheets of a package: which part each is, and what its cells use of the shared strings.

use super::markup::{Tags, unescaped};
use super::package::Package;
use super::rows::{Cells, Layout};

/// A sheet of the workbook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    /// The part that holds it.
    pub(super) part: String,
}

/// The parts that the workbook names.
#[derive(Clone, Debug, Default)]
pub(super) struct Contents {
    /// Sheets in the order of their tabs.
    pub(super) sheets: Vec<Listed>,
    /// The part with the shared strings.
    pub(super) strings: Option<String>,
}

impl Contents {
    /// Reads the workbook's own part.
    pub(super) fn of(package: &Package) -> Option<Contents> {
        let root = package.part("_rels/.rels")?;
        let workbook = relations(&root, "")
            .find(|r| r.kind.ends_with("/officeDocument"))?
            .target;
        let (folder, file) = workbook.rsplit_once('/').unwrap_or(("", &workbook));
        let related = package.part(&joined(folder, &format!("_rels/{file}.rels")))?;
        let relations: Vec<Relation> = relations(&related, folder).collect();
        let bytes = package.part(&workbook)?;
        let mut contents = Contents::default();
        for tag in Tags::new(&bytes, 0).filter(|t| t.name == b"sheet") {
            let (mut name, mut id) = (String::new(), String::new());
            for (key, value) in tag.attributes(&bytes) {
                let text = || unescaped(&bytes[value.clone()]).into_owned();
                match key {
                    b"name" => name = text(),
                    key if key.ends_with(b":id") => id = text(),
                    _ => (),
                }
            }
            if let Some(relation) = relations.iter().find(|r| r.id == id) {
                let part = relation.target.clone();
                contents.sheets.push(Listed { name, part });
            }
        }
        let strings = relations.into_iter();
        contents.strings = strings
            .filter(|r| r.kind.ends_with("/sharedStrings"))
            .map(|r| r.target)
            .next();
        Some(contents)
    }
}

/// What a part points to.
struct Relation {
    id: String,
    kind: String,
    target: String,
}

/// The relations in a part of relations whose owner is in `folder`.
fn relations<'a>(bytes: &'a [u8], folder: &'a str) -> impl Iterator<Item = Relation> + 'a {
    Tags::new(bytes, 0)
        .filter(|t| t.name == b"Relationship")
        .filter_map(move |tag| {
            let text = |key: &[u8]| {
                let value = tag.attribute(bytes, key)?;
                Some(unescaped(&bytes[value]).into_owned())
            };
            Some(Relation {
                id: text(b"Id")?,
                kind: text(b"Type")?,
                target: joined(folder, &text(b"Target")?),
            })
        })
}

/// A target as the name of a part.
fn joined(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_string();
    }
    let mut path: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for piece in target.split('/') {
        match piece {
            "." | "" => (),
            ".." => {
                path.pop();
            }
            piece => path.push(piece),
        }
    }
    path.join("/")
}

/// A sheet with its strings numbered anew.
pub(super) fn renumbered(bytes: &[u8], layout: &Layout, number: impl Fn(u32) -> u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 1024);
    let mut done = 0;
    for row in &layout.rows {
        for cell in Cells::of(bytes, *row) {
            let Some((id, value)) = cell.string(bytes).zip(cell.value.clone()) else {
                continue;
            };
            out.extend_from_slice(&bytes[done..value.start]);
            super::markup::push_digits(number(id), &mut out);
            done = value.end;
        }
    }
    out.extend_from_slice(&bytes[done..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_parts() {
        assert_eq!(
            joined("xl", "worksheets/sheet1.xml"),
            "xl/worksheets/sheet1.xml"
        );
        assert_eq!(joined("xl", "/xl/a.xml"), "xl/a.xml");
        assert_eq!(
            joined("xl/worksheets", "../tables/table1.xml"),
            "xl/tables/table1.xml"
        );
    }

    #[test]
    fn strings_are_numbered_anew_and_nothing_else() {
        let sheet = b"<sheetData><row r=\"1\"><c t=\"s\"><v>0</v></c><c><v>0</v></c><c t=\"s\"><v>12</v></c></row></sheetData>";
        let layout = Layout::of(sheet).unwrap();
        let new = renumbered(sheet, &layout, |id| id + 5);
        let new = String::from_utf8(new).unwrap();
        assert!(
            new.contains("<v>5</v></c><c><v>0</v></c><c t=\"s\"><v>17</v>"),
            "{new}"
        );
    }
}
