//! What may stand in a table's rows, laid down before any recipient is known.

use crate::mark::Variants;
use crate::mark::shape::Shape;

/// The texts of all variants of all rows.
#[derive(Default)]
pub struct Plan {
    groups: usize,
    columns: Vec<usize>,
    /// Slots, a number for each row and group.
    pub bits: Vec<u8>,
    /// Of each row the place of its first text.
    starts: Vec<u32>,
    texts: String,
    ends: Vec<u32>,
}

impl Plan {
    pub(super) fn new(shape: &Shape) -> Plan {
        Plan {
            groups: shape.groups.len(),
            columns: shape.layout().group_columns,
            ..Plan::default()
        }
    }

    /// Adds the rows of another part.
    pub(super) fn append(&mut self, part: &Plan) {
        let (texts, ends) = (self.texts.len() as u32, self.ends.len() as u32);
        self.bits.extend_from_slice(&part.bits);
        self.starts
            .extend(part.starts.iter().map(|start| start + ends));
        self.texts.push_str(&part.texts);
        self.ends.extend(part.ends.iter().map(|end| end + texts));
    }

    pub(super) fn push(&mut self, variants: &[Variants]) {
        self.starts.push(self.ends.len() as u32);
        for v in variants {
            self.bits.push(v.bits);
            for text in &v.texts {
                self.texts.push_str(text);
                self.ends.push(self.texts.len() as u32);
            }
        }
    }

    /// Slots of a row's group.
    pub fn bits(&self, row: usize, group: usize) -> u8 {
        self.bits[row * self.groups + group]
    }

    /// How many texts a row's group has: variant 0 is what the table says.
    fn texts_of(&self, row: usize, group: usize) -> usize {
        ((1 << self.bits(row, group)) - 1) * self.columns[group]
    }

    /// The text of a row's group under variant `v >= 1`, in the group's `nth` column.
    pub fn text(&self, row: usize, group: usize, v: usize, nth: usize) -> &str {
        let before = (0..group).map(|g| self.texts_of(row, g)).sum::<usize>();
        let at = self.starts[row] as usize + before + (v - 1) * self.columns[group] + nth;
        let start = if at == 0 { 0 } else { self.ends[at - 1] };
        &self.texts[start as usize..self.ends[at] as usize]
    }
}
