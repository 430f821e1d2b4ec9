//! What the ledger knows of a copy's canaries without opening them: whose place they take and how a leak would show them.

use super::bytes::{Bytes, put_u32s, put_u64s};

/// Version of the blob.
const FORMAT: u32 = 1;

/// All canaries of one copy. The vectors are flat, `identifier_columns` numbers a canary except for `donors`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CanaryIndex {
    /// How many identifier columns the register has.
    pub identifier_columns: usize,
    /// One a canary: the handle of the real record that it is tied to.
    pub donors: Vec<u64>,
    /// Digest of the canary's whole value in each identifier column.
    pub full: Vec<u64>,
    /// Digest of its stem (an ID number's first 15 digits, a masked form).
    pub stems: Vec<u64>,
    /// From how many values the keyed-uniform part was drawn; 0 where this column is no evidence.
    pub ways: Vec<u32>,
}

impl CanaryIndex {
    /// Number of canaries.
    pub fn len(&self) -> usize {
        self.donors.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.donors.is_empty()
    }

    /// What is wrong with these vectors, where they do not agree with each other.
    pub(super) fn fault(&self) -> Option<String> {
        let due = self.donors.len().checked_mul(self.identifier_columns);
        [
            ("digests", self.full.len()),
            ("stems", self.stems.len()),
            ("ways", self.ways.len()),
        ]
        .into_iter()
        .find(|(_, len)| Some(*len) != due)
        .map(|(name, len)| {
            format!(
                "{len} {name} for {} canaries of {} identifier columns",
                self.donors.len(),
                self.identifier_columns
            )
        })
    }

    /// As the ledger stores it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(12 + self.len() * (8 + 20 * self.identifier_columns));
        put_u32s(
            &mut out,
            &[FORMAT, self.len() as u32, self.identifier_columns as u32],
        );
        put_u64s(&mut out, &self.donors);
        put_u64s(&mut out, &self.full);
        put_u64s(&mut out, &self.stems);
        put_u32s(&mut out, &self.ways);
        out
    }

    /// From what the ledger stores; `None` where that is damaged.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<CanaryIndex> {
        let mut bytes = Bytes(bytes);
        if bytes.u32()? != FORMAT {
            return None;
        }
        let canaries = bytes.u32()? as usize;
        let identifier_columns = bytes.u32()? as usize;
        let cells = canaries.checked_mul(identifier_columns)?;
        let mut index = CanaryIndex {
            identifier_columns,
            ..CanaryIndex::default()
        };
        bytes.u64s(canaries, &mut index.donors)?;
        bytes.u64s(cells, &mut index.full)?;
        bytes.u64s(cells, &mut index.stems)?;
        bytes.u32s(cells, &mut index.ways)?;
        bytes.end()?;
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_comes_back_whole_or_not_at_all() {
        let index = CanaryIndex {
            identifier_columns: 2,
            donors: vec![1, u64::MAX],
            full: vec![3, 4, 5, 6],
            stems: vec![7, 8, 9, 10],
            ways: vec![512, 0, 512, 10_000],
        };
        assert_eq!(index.fault(), None);
        let bytes = index.to_bytes();
        assert_eq!(CanaryIndex::from_bytes(&bytes), Some(index.clone()));
        for end in 0..bytes.len() {
            assert_eq!(CanaryIndex::from_bytes(&bytes[..end]), None);
        }
        let none = CanaryIndex::default();
        assert_eq!(CanaryIndex::from_bytes(&none.to_bytes()), Some(none));
        let short = CanaryIndex {
            ways: vec![1],
            ..index
        };
        assert!(short.fault().unwrap().contains("1 ways for 2 canaries"));
    }
}
