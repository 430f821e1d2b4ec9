//! Relations that a copy does not have, and the parts to which no other leads.

use std::collections::HashSet;

use super::package::{self, Relations};
use super::surroundings::{CONTENT_TYPES, Rewritten};
use super::xml::{Elements, Splice, Tags};

/// Relations, each by the part that has it and its id.
#[derive(Clone, Debug)]
pub struct Lost(HashSet<(String, String)>);

impl Lost {
    /// A picture of the workbook as it was last seen: no copy looks like that.
    pub fn thumbnails(relations: &Relations) -> Lost {
        let of_package = relations.of("").iter().filter(|r| r.kind == "thumbnail");
        Lost(of_package.map(|r| (String::new(), r.id.clone())).collect())
    }

    /// What leads to a part.
    pub fn part(&mut self, part: &str, relations: &Relations) {
        let leading = relations
            .all()
            .filter(|(_, r)| !r.external && r.target == part);
        let leading = leading.map(|(owner, r)| (owner.to_string(), r.id.clone()));
        self.0.extend(leading);
    }

    /// What a part named before and does not name now.
    pub fn between(&mut self, part: &str, old: &str, new: &str) {
        let left = named(new);
        let lost = named(old).into_iter().filter(|id| !left.contains(id));
        self.0
            .extend(lost.map(|id| (part.to_string(), id.to_string())));
    }

    /// Takes the relations out of a copy, and the parts to which none of its relations leads any more.
    pub fn take_out(
        &self,
        relations: &Relations,
        names: &[String],
        content_types: &str,
        out: &mut Rewritten,
    ) {
        if self.0.is_empty() {
            return;
        }
        let (mut kept, mut gone) = (HashSet::new(), HashSet::new());
        for (owner, relation) in relations.all().filter(|(_, r)| !r.external) {
            let lost = self.0.contains(&(owner.to_string(), relation.id.clone()));
            let side = if lost { &mut gone } else { &mut kept };
            side.insert(package::plain(&relation.target));
        }
        gone.retain(|part| !kept.contains(part));
        let owners: HashSet<&str> = self.0.iter().map(|(owner, _)| owner.as_str()).collect();
        for owner in owners {
            self.without(owner, relations, out);
        }
        let related: Vec<String> = gone
            .iter()
            .map(|part| package::relations_of(part))
            .collect();
        let is_gone = {
            let all: HashSet<&str> = gone.iter().chain(&related).map(String::as_str).collect();
            move |part: &str| all.contains(package::plain(part).as_str())
        };
        out.parts.retain(|(name, _)| !is_gone(name));
        out.gone
            .extend(names.iter().filter(|name| is_gone(name)).cloned());
        let types = Elements::new(content_types);
        let mut splice = Splice::new(content_types);
        for (_, element) in types.named("Override") {
            if element
                .tag
                .value("PartName")
                .is_some_and(|part| is_gone(&part))
            {
                splice.remove(element.whole.clone());
            }
        }
        if !splice.is_empty() {
            out.parts
                .push((CONTENT_TYPES.to_string(), splice.finish().into_bytes()));
        }
        out.parts.sort();
    }

    /// Writes a part's relations without those that are lost.
    fn without(&self, owner: &str, relations: &Relations, out: &mut Rewritten) {
        let Some((part, text)) = relations.text_of(owner) else {
            return;
        };
        let before = out.parts.iter().position(|(name, _)| name == part);
        let text = match before {
            Some(at) => String::from_utf8_lossy(&out.parts.swap_remove(at).1).into_owned(),
            None => text.to_string(),
        };
        let all = Elements::new(&text);
        let mut splice = Splice::new(&text);
        for (_, element) in all.named("Relationship") {
            let id = element.tag.value("Id").unwrap_or_default();
            if self.0.contains(&(owner.to_string(), id.into_owned())) {
                splice.remove(element.whole.clone());
            }
        }
        out.parts
            .push((part.to_string(), splice.finish().into_bytes()));
    }
}

/// The ids that attributes of other namespaces hold, among which are those of relations.
fn named(text: &str) -> HashSet<&str> {
    let values = Tags::new(text).flat_map(|tag| tag.attributes());
    let foreign = values.filter(|(name, _)| name.contains(':') && !name.starts_with("xmlns"));
    foreign.map(|(_, place)| &text[place]).collect()
}
