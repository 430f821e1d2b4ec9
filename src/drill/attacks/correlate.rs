//! Looking for values that do not go with the rest of their row.

use super::{Attack, Family};
use crate::drill::correlation;
use crate::table::Table;

/// (word, what, how, parts of the entries that may be edited in hundredths)
type Search = (
    &'static str,
    &'static str,
    fn(&Table, f64) -> Table,
    &'static [u32],
);

const SEARCHES: [Search; 2] = [
    (
        "mend",
        "what looks broken mended",
        correlation::mend,
        &[5, 15],
    ),
    (
        "spend",
        "the oddest values replaced by likely ones",
        correlation::spend,
        &[5, 15],
    ),
];

/// Each search with each part of the entries.
pub(super) fn attacks() -> Vec<Attack> {
    let one = |(word, what, search, parts): Search| {
        parts.iter().map(move |part| {
            Attack::new(Family::Correlation, word, what, move |loot, _| {
                let own = loot.own();
                own.map(|own| search(own, f64::from(*part) / 100.0))
                    .unwrap_or_default()
            })
            .at(format!("up to {part} % of entries"), Some(f64::from(*part)))
        })
    };
    SEARCHES.into_iter().flat_map(one).collect()
}
