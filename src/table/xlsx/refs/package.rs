//! The parts of a workbook's package and what leads from one to the other.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use super::xml::{self, Tags};
use super::{Rows, Stuck};

/// The package as it is given.
#[derive(Clone, Copy)]
pub struct Given<'a> {
    /// All parts by name as in the archive.
    pub names: &'a [String],
    /// A part's inflated bytes.
    pub part: &'a dyn Fn(&str) -> Option<Cow<'a, [u8]>>,
    /// The part of the sheet with the table.
    pub sheet_part: &'a str,
    /// First and last row of the table, without its header, from 0.
    pub table: Rows,
}

/// What one part says of another.
#[derive(Clone, Debug)]
pub struct Relation {
    pub id: String,
    /// The last word of its type: `worksheet`, `comments`.
    pub kind: String,
    /// The part's name in the archive, or what an external relation says.
    pub target: String,
    pub external: bool,
}

/// All relations by the part that has them; the package's own stand under an empty name.
#[derive(Clone, Debug, Default)]
pub struct Relations(BTreeMap<String, Owned>);

/// The relations of one part, and where and how they are written.
#[derive(Clone, Debug, Default)]
struct Owned {
    part: String,
    text: String,
    relations: Vec<Relation>,
}

impl Relations {
    /// Reads every part of relations.
    ///
    /// # Errors
    /// Where one is not text.
    pub fn read(given: &Given) -> Result<Relations, Stuck> {
        let known: HashMap<String, &String> =
            given.names.iter().map(|name| (plain(name), name)).collect();
        let mut all = BTreeMap::new();
        for name in given.names {
            let Some(owner) = owner(&plain(name)) else {
                continue;
            };
            if !owner.is_empty() && !known.contains_key(&owner) {
                continue;
            }
            let bytes = (given.part)(name).unwrap_or_default();
            let text = xml::text(name, &bytes)?;
            let of = |tag: xml::Tag| {
                let external = tag.raw("TargetMode") == Some("External");
                let target = tag.value("Target")?.into_owned();
                let resolved = resolved(&owner, &target);
                Some(Relation {
                    id: tag.value("Id")?.into_owned(),
                    kind: tag.value("Type")?.rsplit('/').next()?.to_string(),
                    target: match external {
                        true => target,
                        false => known
                            .get(&plain(&resolved))
                            .map_or(resolved, |n| n.to_string()),
                    },
                    external,
                })
            };
            let relations = Tags::new(text)
                .filter(|tag| tag.name() == "Relationship")
                .filter_map(of);
            let owner = known
                .get(&owner)
                .map_or(owner.clone(), |name| name.to_string());
            let owned = Owned {
                part: name.clone(),
                relations: relations.collect(),
                text: text.to_string(),
            };
            all.insert(owner, owned);
        }
        Ok(Relations(all))
    }

    pub fn of(&self, part: &str) -> &[Relation] {
        self.0
            .get(part)
            .map_or(&[], |owned| owned.relations.as_slice())
    }

    /// The part that holds a part's relations, and its text.
    pub fn text_of(&self, part: &str) -> Option<(&str, &str)> {
        self.0
            .get(part)
            .map(|owned| (owned.part.as_str(), owned.text.as_str()))
    }

    /// The parts of a kind that a part leads to.
    pub fn leading<'a>(&'a self, part: &str, kind: &'a str) -> impl Iterator<Item = &'a str> {
        let of_kind = self
            .of(part)
            .iter()
            .filter(move |r| r.kind == kind && !r.external);
        of_kind.map(|r| r.target.as_str())
    }

    pub fn all(&self) -> impl Iterator<Item = (&str, &Relation)> {
        let all = self.0.iter();
        all.flat_map(|(owner, owned)| owned.relations.iter().map(move |r| (owner.as_str(), r)))
    }
}

/// A part's name for comparing.
pub fn plain(name: &str) -> String {
    name.replace('\\', "/")
        .trim_start_matches('/')
        .to_ascii_lowercase()
}

/// Where a part's relations are.
pub fn relations_of(part: &str) -> String {
    match part.rsplit_once('/') {
        Some((folder, name)) => format!("{folder}/_rels/{name}.rels"),
        None => format!("_rels/{part}.rels"),
    }
}

/// Whose relations a part holds.
fn owner(name: &str) -> Option<String> {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let stem = file.strip_suffix(".rels")?;
    let folder = match folder {
        "_rels" => "",
        _ => folder.strip_suffix("/_rels")?,
    };
    Some(match folder {
        "" => stem.to_string(),
        _ => format!("{folder}/{stem}"),
    })
}

/// The name of a part that is named from another.
fn resolved(owner: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_string();
    }
    let folder = owner.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut path: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for piece in target.split('/') {
        match piece {
            ".." => {
                path.pop();
            }
            "." | "" => (),
            piece => path.push(piece),
        }
    }
    path.join("/")
}

/// Parts that hold copies of what is in cells, or that would be wrong once a byte is changed.
///
/// # Errors
/// Where there is one: it is named.
pub fn refuse_copies(given: &Given, relations: &Relations) -> Result<(), Stuck> {
    for (_, relation) in relations.all().filter(|(_, r)| !r.external) {
        let why = match relation.kind.as_str() {
            "revisionHeaders" | "revisionLog" => "keeps every change that was made to the workbook",
            "origin" | "signature" => "signs the workbook, which no copy would match",
            "powerPivotData" => "is a data model, which keeps values of its own",
            "wsSortMap" | "worksheetSortMap" => "keeps the order in which rows were sorted",
            "volatileDependencies" => "keeps values that come from another program",
            "package" | "oleObject" => {
                "is a file within the workbook, which may hold the table once more"
            }
            _ => continue,
        };
        return Err(Stuck::new(why).at(relation.target.as_str()));
    }
    for (_, relation) in relations
        .all()
        .filter(|(_, r)| r.kind == "connections" && !r.external)
    {
        let bytes = (given.part)(&relation.target).unwrap_or_default();
        let text = xml::text(&relation.target, &bytes)?;
        if Tags::new(text).any(|tag| tag.name() == "rangePr") {
            let why = "ties a table of the workbook to a data model";
            return Err(Stuck::new(why).at(relation.target.as_str()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_parts() {
        assert_eq!(owner("_rels/.rels").as_deref(), Some(""));
        assert_eq!(
            owner("xl/_rels/workbook.xml.rels").as_deref(),
            Some("xl/workbook.xml")
        );
        assert_eq!(owner("xl/workbook.xml"), None);
        assert_eq!(
            relations_of("xl/workbook.xml"),
            "xl/_rels/workbook.xml.rels"
        );
        assert_eq!(
            resolved("xl/worksheets/sheet1.xml", "../comments1.xml"),
            "xl/comments1.xml"
        );
        assert_eq!(
            resolved("xl/worksheets/sheet1.xml", "/xl/a.xml"),
            "xl/a.xml"
        );
        assert_eq!(resolved("", "xl/workbook.xml"), "xl/workbook.xml");
        assert_eq!(resolved("a.xml", "../../../b.xml"), "b.xml");
    }
}
