//! Recipients that are asked for by a name of earlier.

use crate::error::Result;
use crate::ledger::Ledger;

/// A sentence for each of these names that is not the one which its recipient has today.
pub fn notes<'a>(ledger: &Ledger, names: impl IntoIterator<Item = &'a str>) -> Result<Vec<String>> {
    let mut notes = Vec::new();
    for name in names {
        if let Some(known) = ledger.recipient(name)?.filter(|r| r.name != name) {
            notes.push(format!(
                "`{name}` is `{}` by now: the copy goes to the same recipient, with the same marks",
                known.name
            ));
        }
    }
    Ok(notes)
}
