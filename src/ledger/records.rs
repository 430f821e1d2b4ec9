//! What the ledger knows of a register's records: digests in flat vectors, strides instead of structs, so that a quarter of a
//! million records load in some tens of milliseconds.

use std::ops::Range;

use super::bytes::{Bytes, put_u32s, put_u64s};
use super::entries::TableRows;

/// The most slots that one record's constraint group can hold.
pub const MAX_BITS: u8 = 4;

/// In a table's membership: a row that is no record of the register (its key is blank).
pub const NO_RECORD: u32 = u32::MAX;

/// Version of the blobs written here.
const FORMAT: u32 = 1;

/// Version of a table's rows that say more than which records they are.
const ROWS_FORMAT: u32 = 2;

/// What a record of a register is made of; frozen with the register.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Identifier digests a record: every identifier column with its masked forms and stems.
    pub identifier_forms: usize,
    /// Digests of plain cells and names a record.
    pub plain_columns: usize,
    /// For every constraint group, how many columns move together in it.
    pub group_columns: Vec<usize>,
}

impl Layout {
    /// Number of constraint groups.
    pub fn groups(&self) -> usize {
        self.group_columns.len()
    }

    /// As the ledger stores it.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        put_u32s(
            &mut out,
            &[
                FORMAT,
                self.identifier_forms as u32,
                self.plain_columns as u32,
                self.groups() as u32,
            ],
        );
        let columns: Vec<u32> = self.group_columns.iter().map(|c| *c as u32).collect();
        put_u32s(&mut out, &columns);
        out
    }

    /// From what the ledger stores; `None` where that is damaged.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Layout> {
        let mut bytes = Bytes(bytes);
        if bytes.u32()? != FORMAT {
            return None;
        }
        let identifier_forms = bytes.u32()? as usize;
        let plain_columns = bytes.u32()? as usize;
        let groups = bytes.u32()? as usize;
        let mut columns = Vec::new();
        bytes.u32s(groups, &mut columns)?;
        bytes.end()?;
        Some(Layout {
            identifier_forms,
            plain_columns,
            group_columns: columns.into_iter().map(|c| c as usize).collect(),
        })
    }
}

/// Digests of records, in the order of their register-wide ordinals. All vectors are flat; the strides come from the layout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecordIndex {
    /// The strides.
    pub layout: Layout,
    /// One handle a record.
    pub handles: Vec<u64>,
    /// `identifier_forms` digests a record.
    pub identifiers: Vec<u64>,
    /// `plain_columns` digests a record.
    pub plain: Vec<u32>,
    /// One number a record and group: how many slots the group holds in this record, 0 to [`MAX_BITS`].
    pub bits: Vec<u8>,
    /// For each record, each group that holds slots, each column of the group: 2^bits digests, variant 0 first.
    pub variants: Vec<u32>,
}

impl RecordIndex {
    /// No records, of this layout.
    pub fn new(layout: Layout) -> RecordIndex {
        RecordIndex {
            layout,
            ..RecordIndex::default()
        }
    }

    /// Number of records.
    pub fn len(&self) -> usize {
        self.handles.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.handles.is_empty()
    }

    /// The identifier digests of one record; empty outside the index.
    pub fn identifiers_of(&self, record: usize) -> &[u64] {
        stretch(&self.identifiers, self.layout.identifier_forms, record)
    }

    /// The plain digests of one record; empty outside the index.
    pub fn plain_of(&self, record: usize) -> &[u32] {
        stretch(&self.plain, self.layout.plain_columns, record)
    }

    /// How many slots each group of one record holds; empty outside the index.
    pub fn bits_of(&self, record: usize) -> &[u8] {
        stretch(&self.bits, self.layout.groups(), record)
    }

    /// Where each record's variants lie.
    pub fn variant_ranges(&self) -> VariantRanges {
        let groups = self.layout.groups();
        let mut starts = Vec::with_capacity(self.bits.len() + 1);
        let mut at = 0u32;
        starts.push(at);
        if groups > 0 {
            for record in self.bits.chunks_exact(groups) {
                for (bits, columns) in record.iter().zip(&self.layout.group_columns) {
                    at = at.saturating_add(variants_of(*bits, *columns) as u32);
                    starts.push(at);
                }
            }
        }
        VariantRanges { starts, groups }
    }

    /// What is wrong with these vectors, where they do not agree with each other and the layout.
    pub(super) fn fault(&self) -> Option<String> {
        let records = self.len();
        let layout = &self.layout;
        let stride = |name: &str, len: usize, stride: usize| {
            (Some(len) != records.checked_mul(stride))
                .then(|| format!("{len} {name} for {records} records of {stride} each"))
        };
        stride(
            "identifier digests",
            self.identifiers.len(),
            layout.identifier_forms,
        )
        .or_else(|| stride("plain digests", self.plain.len(), layout.plain_columns))
        .or_else(|| stride("group sizes", self.bits.len(), layout.groups()))
        .or_else(|| {
            let widest = self.bits.iter().max()?;
            (*widest > MAX_BITS)
                .then(|| format!("a group of {widest} slots, and the most is {MAX_BITS}"))
        })
        .or_else(|| {
            let due = self.variants_in(0..records);
            (due != self.variants.len() || due > u32::MAX as usize).then(|| {
                format!(
                    "{} variant digests where {due} are due",
                    self.variants.len()
                )
            })
        })
    }

    /// How many variant digests the records of `range` have.
    fn variants_in(&self, range: Range<usize>) -> usize {
        let groups = self.layout.groups();
        if groups == 0 {
            return 0;
        }
        let bits = self.bits.get(range.start * groups..range.end * groups);
        bits.unwrap_or_default()
            .chunks_exact(groups)
            .flat_map(|record| record.iter().zip(&self.layout.group_columns))
            .map(|(bits, columns)| variants_of(*bits, *columns))
            .sum()
    }

    /// The records of `range` as the ledger stores them, `variants` being theirs. The index must be free of [`Self::fault`].
    fn chunk(&self, range: Range<usize>, variants: &[u32]) -> Vec<u8> {
        let layout = &self.layout;
        let of = |stride: usize| range.start * stride..range.end * stride;
        let size = 24
            + range.len()
                * (8 + 8 * layout.identifier_forms + 4 * layout.plain_columns + layout.groups())
            + 4 * variants.len();
        let mut out = Vec::with_capacity(size);
        put_u32s(
            &mut out,
            &[
                FORMAT,
                range.len() as u32,
                layout.identifier_forms as u32,
                layout.plain_columns as u32,
                layout.groups() as u32,
                variants.len() as u32,
            ],
        );
        put_u64s(&mut out, &self.handles[range.clone()]);
        put_u64s(&mut out, &self.identifiers[of(layout.identifier_forms)]);
        put_u32s(&mut out, &self.plain[of(layout.plain_columns)]);
        out.extend_from_slice(&self.bits[of(layout.groups())]);
        put_u32s(&mut out, variants);
        out
    }

    /// The whole index as chunks of at most `most` records, each with its first record's number and its count. The index must be
    /// free of [`Self::fault`].
    pub(super) fn chunks(&self, most: usize) -> impl Iterator<Item = (usize, usize, Vec<u8>)> {
        let mut variants = self.variants.as_slice();
        (0..self.len()).step_by(most.max(1)).map(move |first| {
            let range = first..(first + most.max(1)).min(self.len());
            let (these, rest) = variants.split_at(self.variants_in(range.clone()));
            variants = rest;
            (first, range.len(), self.chunk(range, these))
        })
    }

    /// Makes room for `records` records that take `bytes` stored. The bytes are really there, the number is believed as far as
    /// they bear it out.
    pub(super) fn reserve(&mut self, records: u64, bytes: u64) {
        let layout = &self.layout;
        let fixed = layout
            .identifier_forms
            .saturating_mul(8)
            .saturating_add(layout.plain_columns.saturating_mul(4))
            .saturating_add(layout.groups() + 8);
        let records = records.min(bytes / fixed as u64) as usize;
        self.handles.reserve_exact(records);
        self.identifiers
            .reserve_exact(records * layout.identifier_forms);
        self.plain.reserve_exact(records * layout.plain_columns);
        self.bits.reserve_exact(records * layout.groups());
        self.variants
            .reserve_exact((bytes as usize).saturating_sub(records * fixed) / 4);
    }

    /// Appends a stored chunk; `None` where it is damaged or of another layout, and then the index is of no use.
    pub(super) fn append(&mut self, chunk: &[u8]) -> Option<()> {
        let mut bytes = Bytes(chunk);
        let format = bytes.u32()?;
        let records = bytes.u32()? as usize;
        let layout = &self.layout;
        let strides = [
            layout.identifier_forms,
            layout.plain_columns,
            layout.groups(),
        ];
        let stored = [bytes.u32()?, bytes.u32()?, bytes.u32()?].map(|s| s as usize);
        let variants = bytes.u32()? as usize;
        if format != FORMAT || strides != stored {
            return None;
        }
        let first = self.handles.len();
        bytes.u64s(records, &mut self.handles)?;
        bytes.u64s(records.checked_mul(strides[0])?, &mut self.identifiers)?;
        bytes.u32s(records.checked_mul(strides[1])?, &mut self.plain)?;
        self.bits
            .extend_from_slice(bytes.take(records.checked_mul(strides[2])?)?);
        bytes.u32s(variants, &mut self.variants)?;
        bytes.end()?;
        let new = self.bits.get(first * strides[2]..)?;
        (new.iter().all(|b| *b <= MAX_BITS) && self.variants_in(first..first + records) == variants)
            .then_some(())
    }
}

/// Where the variants of each (record, group) lie in [`RecordIndex::variants`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantRanges {
    starts: Vec<u32>,
    groups: usize,
}

impl VariantRanges {
    /// The place of a record's variants of one group: for each of the group's columns in turn, 2^bits digests. Empty where the
    /// group holds no slot in this record, and outside the index.
    pub fn range(&self, record: usize, group: usize) -> Range<usize> {
        if group >= self.groups {
            return 0..0;
        }
        let at = record.saturating_mul(self.groups).saturating_add(group);
        match self.starts.get(at..).and_then(|s| s.first_chunk::<2>()) {
            Some([start, end]) => *start as usize..*end as usize,
            None => 0..0,
        }
    }
}

/// How many digests a group of `columns` columns has where it holds `bits` slots.
fn variants_of(bits: u8, columns: usize) -> usize {
    match bits {
        0 => 0,
        1..=MAX_BITS => columns << bits,
        // such a record is refused before anything is counted on it
        _ => 0,
    }
}

/// The stretch of a flat vector that belongs to one record.
fn stretch<T>(flat: &[T], stride: usize, record: usize) -> &[T] {
    let start = record.saturating_mul(stride);
    flat.get(start..start.saturating_add(stride))
        .unwrap_or_default()
}

/// The rows of a table as the ledger stores them, `sealed` behind them. The first version holds the membership alone, and is
/// written still where there is no more to say.
pub(super) fn rows_to_bytes(rows: &TableRows, sealed: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + rows.membership.len() * 4 + sealed.len());
    if rows.pairs.is_empty() && rows.shared.is_empty() && sealed.is_empty() {
        put_u32s(&mut out, &[FORMAT]);
        put_u32s(&mut out, &rows.membership);
        return out;
    }
    put_u32s(&mut out, &[ROWS_FORMAT]);
    for numbers in [&rows.membership, &rows.pairs, &rows.shared] {
        put_u32s(&mut out, &[numbers.len() as u32]);
        put_u32s(&mut out, numbers);
    }
    out.extend_from_slice(sealed);
    out
}

/// A table's rows from what the ledger stores, and what is sealed behind them; `None` where that is damaged.
pub(super) fn rows_from_bytes(bytes: &[u8]) -> Option<(TableRows, &[u8])> {
    let mut bytes = Bytes(bytes);
    let mut rows = TableRows::default();
    match bytes.u32()? {
        FORMAT => {
            bytes.u32s(bytes.0.len() / 4, &mut rows.membership)?;
            bytes.end()?;
        }
        ROWS_FORMAT => {
            for numbers in [&mut rows.membership, &mut rows.pairs, &mut rows.shared] {
                let count = bytes.u32()? as usize;
                bytes.u32s(count, numbers)?;
            }
        }
        _ => return None,
    }
    Some((rows, bytes.0))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// `records` records whose groups hold 0 to 4 slots in turn, all digests different.
    pub(in crate::ledger) fn sample(records: usize, layout: Layout) -> RecordIndex {
        let mut index = RecordIndex::new(layout);
        let mut next = 0u64;
        let mut fresh = || {
            next += 1;
            next.wrapping_mul(0x9E37_79B9_7F4A_7C15)
        };
        for record in 0..records {
            index.handles.push(fresh());
            for _ in 0..index.layout.identifier_forms {
                index.identifiers.push(fresh());
            }
            for _ in 0..index.layout.plain_columns {
                index.plain.push(fresh() as u32);
            }
            for (group, columns) in index.layout.group_columns.iter().enumerate() {
                let bits = ((record + group) % 5) as u8;
                index.bits.push(bits);
                for _ in 0..variants_of(bits, *columns) {
                    index.variants.push(fresh() as u32);
                }
            }
        }
        index
    }

    fn layout() -> Layout {
        Layout {
            identifier_forms: 3,
            plain_columns: 2,
            group_columns: vec![1, 3],
        }
    }

    #[test]
    fn what_is_stored_in_chunks_comes_back() {
        for layout in [
            layout(),
            Layout::default(),
            Layout {
                identifier_forms: 0,
                plain_columns: 5,
                group_columns: vec![],
            },
        ] {
            let index = sample(23, layout.clone());
            assert_eq!(index.fault(), None);
            for most in [1, 7, 23, 100] {
                let mut back = RecordIndex::new(layout.clone());
                for (first, count, chunk) in index.chunks(most) {
                    assert_eq!(first, back.len());
                    back.append(&chunk).unwrap();
                    assert_eq!(back.len(), first + count);
                }
                assert_eq!(back, index);
            }
        }
    }

    #[test]
    fn a_chunk_that_was_cut_stretched_or_bent_is_refused() {
        let index = sample(9, layout());
        let (_, _, chunk) = index.chunks(9).next().unwrap();
        for end in 0..chunk.len() {
            assert_eq!(RecordIndex::new(layout()).append(&chunk[..end]), None);
        }
        let longer = [&chunk[..], &[0]].concat();
        assert_eq!(RecordIndex::new(layout()).append(&longer), None);
        assert_eq!(RecordIndex::new(Layout::default()).append(&chunk), None);
        for (at, value) in [(0, 2), (7, 0xFF), (23, 0xFF)] {
            let mut bent = chunk.clone();
            bent[at] = value;
            assert_eq!(RecordIndex::new(layout()).append(&bent), None, "byte {at}");
        }
    }

    #[test]
    fn ranges_cover_the_variants_in_order() {
        let index = sample(12, layout());
        let ranges = index.variant_ranges();
        let mut at = 0;
        for record in 0..12 {
            for (group, columns) in [1, 3].into_iter().enumerate() {
                let bits = index.bits_of(record)[group];
                let due = if bits == 0 { 0 } else { columns << bits };
                let range = ranges.range(record, group);
                assert_eq!(range, at..at + due);
                at = range.end;
            }
        }
        assert_eq!(at, index.variants.len());
        assert_eq!(ranges.range(12, 0), 0..0);
        assert_eq!(ranges.range(0, 2), 0..0);
        assert_eq!(ranges.range(usize::MAX, 1), 0..0);
        assert_eq!(index.identifiers_of(11).len(), 3);
        assert_eq!(index.plain_of(12), [0u32; 0]);
    }

    #[test]
    fn faults_are_named() {
        let mut index = sample(4, layout());
        index.identifiers.pop();
        assert_eq!(
            index.fault().unwrap(),
            "11 identifier digests for 4 records of 3 each"
        );
        let mut index = sample(4, layout());
        index.bits[0] = 5;
        assert!(index.fault().unwrap().contains("5 slots"));
        let mut index = sample(4, layout());
        index.variants.push(0);
        assert!(index.fault().unwrap().contains("variant digests"));
    }

    #[test]
    fn layouts_and_memberships_come_back() {
        assert_eq!(Layout::from_bytes(&layout().to_bytes()), Some(layout()));
        assert_eq!(Layout::from_bytes(&layout().to_bytes()[..15]), None);
        let mut rows = TableRows {
            membership: vec![0, 5, NO_RECORD, 5],
            ..TableRows::default()
        };
        let bytes = rows_to_bytes(&rows, &[]);
        assert_eq!(rows_from_bytes(&bytes), Some((rows.clone(), &[][..])));
        assert_eq!(rows_from_bytes(&bytes[..bytes.len() - 1]), None);
        assert_eq!(rows_from_bytes(&[]), None);
        (rows.pairs, rows.shared) = (vec![0, 2], vec![7]);
        let more = rows_to_bytes(&rows, b"sealed");
        assert_eq!(rows_from_bytes(&more), Some((rows, &b"sealed"[..])));
        for end in 0..more.len() - b"sealed".len() {
            assert_eq!(rows_from_bytes(&more[..end]), None, "{end}");
        }
    }
}
