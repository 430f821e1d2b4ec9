//! The sheets that a packaged workbook (.xlsx, .xlsb) lists, and the way from the list to their parts.

use std::collections::{HashMap, HashSet};

use super::parts::Parts;
use super::shelf::{Gather, Shelf, Trouble, short};
use super::spreadsheet::within;

/// A sheet that the workbook lists.
#[derive(Debug, PartialEq)]
pub(super) struct Listed {
    pub(super) name: String,
    pub(super) hidden: bool,
    /// The relation that leads to its part.
    pub(super) id: String,
}

/// Puts the cells of every listed sheet onto the shelf; `cells` reads those of the part at a path. Relations lead from `folder`.
pub(super) fn read_sheets(
    parts: &mut Parts<'_>,
    listed: &[Listed],
    relations: &HashMap<String, (String, String)>,
    folder: &str,
    shelf: &mut Shelf,
    mut cells: impl FnMut(&mut Parts<'_>, &str, &mut Gather) -> Result<(), Trouble>,
) {
    let mut seen = HashSet::new();
    for sheet in listed.iter().take(parts.len()) {
        let Some((kind, target)) = relations.get(&sheet.id) else {
            shelf.damaged(format!(
                "Sheet `{}` is listed and not there.",
                short(&sheet.name)
            ));
            continue;
        };
        let path = within(folder, target);
        // charts and dialogs hold no cells, and two names for one part would be one sheet twice
        if kind.ends_with("/chartsheet")
            || kind.ends_with("/dialogsheet")
            || !seen.insert(path.clone())
        {
            continue;
        }
        shelf.sheet(&sheet.name, sheet.hidden, |gather| {
            cells(parts, &path, gather).map_err(|trouble| parts.trouble(trouble))
        });
    }
}
