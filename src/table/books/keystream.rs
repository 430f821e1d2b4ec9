//! RC4, which old workbooks are locked with. It is broken as a cipher, and that is no matter when one has the password.

/// A running RC4 keystream.
pub(super) struct Rc4 {
    state: [u8; 256],
    i: u8,
    j: u8,
}

impl Rc4 {
    /// A stream from a key of 1 to 256 bytes; an empty key is taken for a zero.
    pub(super) fn new(key: &[u8]) -> Rc4 {
        let key = if key.is_empty() { &[0] } else { key };
        let mut state: [u8; 256] = std::array::from_fn(|at| at as u8);
        let mut j = 0u8;
        for (i, key) in (0..=255u8).zip(key.iter().cycle()) {
            j = j.wrapping_add(state[usize::from(i)]).wrapping_add(*key);
            state.swap(usize::from(i), usize::from(j));
        }
        Rc4 { state, i: 0, j: 0 }
    }

    /// The next byte of the stream.
    pub(super) fn next(&mut self) -> u8 {
        self.i = self.i.wrapping_add(1);
        self.j = self.j.wrapping_add(self.state[usize::from(self.i)]);
        self.state.swap(usize::from(self.i), usize::from(self.j));
        let at = self.state[usize::from(self.i)].wrapping_add(self.state[usize::from(self.j)]);
        self.state[usize::from(at)]
    }

    /// Turns `bytes` over in place.
    pub(super) fn apply(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte ^= self.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rc4;

    #[test]
    fn known_streams() {
        // RFC 6229, 40-bit key 0102030405 and 128-bit key 0102..10
        let first = |key: &[u8]| {
            let mut out = [0u8; 8];
            Rc4::new(key).apply(&mut out);
            out
        };
        assert_eq!(
            first(&[1, 2, 3, 4, 5]),
            [0xB2, 0x39, 0x63, 0x05, 0xF0, 0x3D, 0xC0, 0x27]
        );
        let long: Vec<u8> = (1..=16).collect();
        assert_eq!(
            first(&long),
            [0x9A, 0xC7, 0xCC, 0x9A, 0x60, 0x9D, 0x1E, 0xF7]
        );
    }
}
