//! Text: spellings that mean the same, several sites in a value that has several such places.

use super::{Carrier, Record, Toward, Variants};
use crate::code::SiteKind;
use crate::policy::Column;
use crate::value::spelling::places;

/// At most this many places of one value are sites: eight variants to store.
pub const PLACES: usize = 3;

/// One text column with its pairs of spellings.
pub struct Spellings {
    column: [usize; 1],
    pairs: Vec<[String; 2]>,
}

impl Spellings {
    /// The carrier of a policy's column at this place.
    pub fn new(column: &Column, at: usize) -> Spellings {
        Spellings {
            column: [at],
            pairs: column.spellings.clone(),
        }
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

    fn variants(&self, record: &Record<'_>, _: Toward, out: &mut Variants) {
        out.clear();
        let text = record.cell(self.column[0]);
        let mut places = places(text, &self.pairs);
        places.truncate(PLACES);
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

    fn pairs() -> Vec<[String; 2]> {
        [
            ["栋", "幢"],
            ["室", "房"],
            ["Street", "St."],
            ["Road", "Rd"],
        ]
        .map(|p| p.map(String::from))
        .to_vec()
    }

    #[test]
    fn each_place_is_a_slot_of_its_own() {
        let column = Column {
            spellings: pairs(),
            ..crate::policy::Column::plain("现住址", crate::policy::Kind::Address)
        };
        let mut table = crate::table::Table::new(vec!["现住址".into()], 1);
        table.push(["云景路12号3栋502室"]);
        let mut out = Variants::default();
        Spellings::new(&column, 0).variants(
            &Record::new(&table, 0, &[Some(0)]),
            Toward::Up,
            &mut out,
        );
        assert_eq!(out.bits, 2);
        assert_eq!(
            out.texts,
            [
                "云景路12号3幢502室",
                "云景路12号3栋502房",
                "云景路12号3幢502房"
            ]
        );
    }
}
