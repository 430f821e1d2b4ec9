//! Text: spellings that mean the same, several sites in a value that has several such places, and where a column opts in its
//! formatting: a full stop at the end, a space after a comma.
//!
//! Spellings survive everything but a retyped or normalised address. Formatting is lost to whoever splits a text at its commas, or
//! trims its punctuation; a leak whose spaces were all taken out is read by undoing that on both sides, so the spaces' sites are
//! lost and those of the spellings are not.

use super::{Carrier, Draw, Record, Variants};
use crate::code::SiteKind;
use crate::policy::Policy;
use crate::value::spelling::{Place, formatting, places};

/// At most this many places of one value are sites: eight variants to store.
pub const PLACES: usize = 3;

/// One text column with its pairs of spellings.
pub struct Spellings {
    column: [usize; 1],
    pairs: Vec<[String; 2]>,
    /// For each pair, how often either member occurs; empty where either may stand anywhere.
    shares: Vec<Vec<u32>>,
    formatting: bool,
    balanced: bool,
}

impl Spellings {
    /// The carrier of a policy's column at this place; none where the column names no way to write a value otherwise.
    pub fn new(policy: &Policy, at: usize) -> Option<Spellings> {
        let column = policy.columns.get(at)?;
        let mut pairs = column.spellings.clone();
        let shares = (0..pairs.len())
            .map(|nth| {
                column
                    .grids
                    .get(nth)
                    .map_or_else(Vec::new, |g| g.shares.clone())
            })
            .collect();
        for pair in &policy.spellings {
            let known = pairs.iter().any(|p| p.iter().any(|s| pair.contains(s)));
            if !known {
                pairs.push(pair.clone());
            }
        }
        (!pairs.is_empty() || column.formatting).then_some(Spellings {
            column: [at],
            pairs,
            shares,
            formatting: column.formatting,
            balanced: column.balanced,
        })
    }

    /// The places of a text that are sites: a rarer spelling is entered as seldom as it is left.
    fn sites<'a>(&'a self, text: &str, draw: Draw) -> Vec<Place<'a>> {
        let mut all = places(text, &self.pairs);
        if self.balanced {
            let mut nth = 0;
            all.retain(|place| {
                nth += 1;
                let shares = self.shares.get(place.pair).map_or(&[][..], Vec::as_slice);
                let (here, there) = (place.member as i64, 1 - place.member as i64);
                draw.of_place(nth).enters(shares, here, there)
            });
        }
        if self.formatting {
            let free = |f: &Place<'_>| all.iter().all(|p| f.end <= p.start || p.end <= f.start);
            let more: Vec<Place<'_>> = formatting(text).into_iter().filter(free).collect();
            all.extend(more);
            all.sort_by_key(|p| (p.start, p.end));
        }
        all.truncate(PLACES);
        all
    }
}

impl Carrier for Spellings {
    fn kind(&self) -> SiteKind {
        SiteKind::Text
    }

    fn columns(&self) -> &[usize] {
        &self.column
    }

    fn slots(&self) -> u8 {
        PLACES as u8
    }

    fn balanced(&self) -> bool {
        self.balanced
    }

    fn variants(&self, record: &Record<'_>, draw: Draw, out: &mut Variants) {
        out.clear();
        let text = record.cell(self.column[0]);
        let places = self.sites(text, draw);
        for v in 1..(1usize << places.len()) {
            let mut spelt = String::with_capacity(text.len() + 8);
            let mut done = 0;
            for (nth, place) in places.iter().enumerate() {
                spelt.push_str(&text[done..place.start]);
                spelt.push_str(if v >> nth & 1 == 1 {
                    place.other
                } else {
                    &text[place.start..place.end]
                });
                done = place.end;
            }
            spelt.push_str(&text[done..]);
            out.texts.push(spelt);
        }
        out.bits = places.len() as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mark::normal;
    use crate::policy::{Column, DateOrder, Grid, Kind, infer};
    use crate::table::Table;

    fn policy(column: Column) -> Policy {
        let mut policy = infer::infer(&Table::new(vec![column.name.clone()], 1));
        policy.columns = vec![column];
        policy
    }

    fn variants(policy: &Policy, text: &str, byte: u8) -> Vec<String> {
        let mut table = Table::new(vec![policy.columns[0].name.clone()], 1);
        table.push([text]);
        let mut out = Variants::default();
        let record = Record::new(&table, 0, &[Some(0)]);
        let carrier = Spellings::new(policy, 0).unwrap();
        carrier.variants(&record, Draw::of(byte), &mut out);
        assert_eq!(out.texts.len(), (1 << out.bits) - 1);
        out.texts
    }

    #[test]
    fn each_place_is_a_slot_of_its_own() {
        let mut column = Column::plain("现住址", Kind::Address);
        column.spellings = vec![["栋", "幢"].map(String::from)];
        let mut policy = policy(column);
        // the rest of the spellings is the table's, for all columns that carry
        policy.spellings = vec![
            ["室", "房"].map(String::from),
            ["幢", "座"].map(String::from),
        ];
        assert_eq!(
            variants(&policy, "云景路12号3栋502室", 0),
            [
                "云景路12号3幢502室",
                "云景路12号3栋502房",
                "云景路12号3幢502房"
            ]
        );
    }

    #[test]
    fn a_rarer_spelling_is_entered_as_seldom_as_it_is_left() {
        let mut column = Column::plain("现住址", Kind::Address);
        column.spellings = vec![["栋", "幢"].map(String::from)];
        column.balanced = true;
        column.grids = vec![Grid {
            step: String::new(),
            shares: vec![75, 25],
            still: false,
        }];
        let policy = policy(column);
        let sites = |text: &str| {
            (0..=255u8)
                .filter(|b| !variants(&policy, text, *b).is_empty())
                .count()
        };
        assert_eq!(sites("3幢"), 256);
        assert!(sites("3栋").abs_diff(85) <= 2, "{}", sites("3栋"));
    }

    #[test]
    fn formatting_gives_variants_that_a_trace_tells_apart() {
        let mut column = Column::plain("Remark", Kind::Text);
        column.formatting = true;
        let policy = policy(column);
        let mut all = variants(&policy, "no fever, tired,pale", 0);
        assert_eq!(all.len(), 7);
        assert!(
            all.contains(&"no fever,tired, pale.".to_string()),
            "{all:?}"
        );
        all.push("no fever, tired,pale".into());
        let mut normals: Vec<Vec<u8>> = all
            .iter()
            .map(|text| {
                let mut out = Vec::new();
                assert!(normal::write(Kind::Text, DateOrder::Ymd, text, &mut out));
                out
            })
            .collect();
        normals.sort();
        normals.dedup();
        assert_eq!(normals.len(), 8);
    }
}
