//! Numbers as little-endian bytes, and back.

/// Appends `values`, four bytes each.
pub(super) fn put_u32s(out: &mut Vec<u8>, values: &[u32]) {
    let start = out.len();
    out.resize(start + values.len() * 4, 0);
    for (bytes, value) in out[start..].as_chunks_mut::<4>().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
}

/// Appends `values`, eight bytes each.
pub(super) fn put_u64s(out: &mut Vec<u8>, values: &[u64]) {
    let start = out.len();
    out.resize(start + values.len() * 8, 0);
    for (bytes, value) in out[start..].as_chunks_mut::<8>().0.iter_mut().zip(values) {
        *bytes = value.to_le_bytes();
    }
}

/// What is left to read. Every read answers `None` where too little is left, and takes no memory before it knows.
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    /// The next number.
    pub(super) fn u32(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*first))
    }

    /// Appends the next `count` numbers of four bytes to `out`.
    pub(super) fn u32s(&mut self, count: usize, out: &mut Vec<u32>) -> Option<()> {
        let bytes = self.take(count.checked_mul(4)?)?;
        out.extend(
            bytes
                .as_chunks::<4>()
                .0
                .iter()
                .map(|b| u32::from_le_bytes(*b)),
        );
        Some(())
    }

    /// Appends the next `count` numbers of eight bytes to `out`.
    pub(super) fn u64s(&mut self, count: usize, out: &mut Vec<u64>) -> Option<()> {
        let bytes = self.take(count.checked_mul(8)?)?;
        out.extend(
            bytes
                .as_chunks::<8>()
                .0
                .iter()
                .map(|b| u64::from_le_bytes(*b)),
        );
        Some(())
    }

    /// `Some` where nothing is left.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
