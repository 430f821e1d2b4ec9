//! The oldest lock ([MS-OFFCRYPTO] 2.3.7.1 and 2.3.7.2): every byte turned and laid over with one of sixteen that a password of up
//! to fifteen bytes gives. It keeps nobody out; Excel 95 knew no other.

use super::locked::Locked;

const PAD: [u8; 15] = [
    0xBB, 0xFF, 0xFF, 0xBA, 0xFF, 0xFF, 0xB9, 0x80, 0x00, 0xBE, 0x0F, 0x00, 0xBF, 0x0F, 0x00,
];
const INITIAL: [u16; 15] = [
    0xE1F0, 0x1D0F, 0xCC9C, 0x84C0, 0x110C, 0x0E10, 0xF1CE, 0x313E, 0x1872, 0xE139, 0xD40F, 0x84F9,
    0x280C, 0xA96A, 0x4EC3,
];
const MATRIX: [u16; 105] = [
    0xAEFC, 0x4DD9, 0x9BB2, 0x2745, 0x4E8A, 0x9D14, 0x2A09, 0x7B61, 0xF6C2, 0xFDA5, 0xEB6B, 0xC6F7,
    0x9DCF, 0x2BBF, 0x4563, 0x8AC6, 0x05AD, 0x0B5A, 0x16B4, 0x2D68, 0x5AD0, 0x0375, 0x06EA, 0x0DD4,
    0x1BA8, 0x3750, 0x6EA0, 0xDD40, 0xD849, 0xA0B3, 0x5147, 0xA28E, 0x553D, 0xAA7A, 0x44D5, 0x6F45,
    0xDE8A, 0xAD35, 0x4A4B, 0x9496, 0x390D, 0x721A, 0xEB23, 0xC667, 0x9CEF, 0x29FF, 0x53FE, 0xA7FC,
    0x5FD9, 0x47D3, 0x8FA6, 0x0F6D, 0x1EDA, 0x3DB4, 0x7B68, 0xF6D0, 0xB861, 0x60E3, 0xC1C6, 0x93AD,
    0x377B, 0x6EF6, 0xDDEC, 0x45A0, 0x8B40, 0x06A1, 0x0D42, 0x1A84, 0x3508, 0x6A10, 0xAA51, 0x4483,
    0x8906, 0x022D, 0x045A, 0x08B4, 0x1168, 0x76B4, 0xED68, 0xCAF1, 0x85C3, 0x1BA7, 0x374E, 0x6E9C,
    0x3730, 0x6E60, 0xDCC0, 0xA9A1, 0x4363, 0x86C6, 0x1DAD, 0x3331, 0x6662, 0xCCC4, 0x89A9, 0x0373,
    0x06E6, 0x0DCC, 0x1021, 0x2042, 0x4084, 0x8108, 0x1231, 0x2462, 0x48C4,
];

/// The bytes that open, if the password gives the key and the verifier that the file has.
pub(super) fn array(password: &str, key: u16, verifier: u16) -> Result<[u8; 16], Locked> {
    // what a program of that time typed in is one byte a character: Latin letters as they are, Chinese ones in GBK
    let forms = [
        password
            .chars()
            .map(|c| u8::try_from(u32::from(c)).unwrap_or(b'?'))
            .collect(),
        encoding_rs::GBK.encode(password).0.into_owned(),
    ];
    let fits = |bytes: &&Vec<u8>| {
        (1..=15).contains(&bytes.len())
            && self::verifier(bytes) == verifier
            && self::key(bytes) == key
    };
    let bytes = forms.iter().find(fits).ok_or(Locked::Wrong)?;
    let [low, high] = key.to_le_bytes();
    // the password, filled up; then even places take the low half of the key and odd ones the high half
    let filled = bytes.iter().chain(&PAD).take(16);
    let mut out = [0u8; 16];
    for ((at, out), byte) in out.iter_mut().enumerate().zip(filled) {
        let half = if at % 2 == 0 { low } else { high };
        *out = (byte ^ half).rotate_right(1);
    }
    Ok(out)
}

/// Opens the bytes of one record; `phase` is where they stand in the stream plus the record's length.
pub(super) fn open(array: &[u8; 16], bytes: &mut [u8], phase: usize) {
    for (byte, key) in bytes.iter_mut().zip(array.iter().cycle().skip(phase % 16)) {
        *byte = (*byte ^ key).rotate_right(5);
    }
}

fn verifier(password: &[u8]) -> u16 {
    let mut sum = 0u16;
    for byte in password.iter().rev().copied().chain([password.len() as u8]) {
        sum = (sum << 1 & 0x7FFF | sum >> 14 & 1) ^ u16::from(byte);
    }
    sum ^ 0xCE4B
}

fn key(password: &[u8]) -> u16 {
    let first = password.len().checked_sub(1).and_then(|at| INITIAL.get(at));
    let mut key = first.copied().unwrap_or(0);
    let mut matrix = MATRIX.iter().rev();
    for byte in password.iter().rev() {
        for bit in (0..7).rev() {
            let element = matrix.next().copied().unwrap_or(0);
            if byte >> bit & 1 == 1 {
                key ^= element;
            }
        }
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_arrays() {
        // from msoffcrypto-tool 6
        for (password, key, verifier, expected) in [
            (
                "VelvetSweatshop",
                0xB359,
                0x9A0A,
                [
                    135, 107, 154, 226, 30, 227, 5, 98, 30, 105, 150, 96, 152, 110, 148, 4,
                ],
            ),
            (
                "a",
                0x9D77,
                0xCE88,
                [
                    11, 19, 68, 49, 230, 49, 68, 18, 251, 206, 228, 73, 187, 17, 60, 206,
                ],
            ),
            (
                "secret",
                0x014D,
                0xDAA7,
                [
                    31, 50, 23, 185, 20, 186, 123, 127, 89, 221, 89, 127, 122, 192, 166, 223,
                ],
            ),
            (
                "abcdefg1234567",
                0x772E,
                0x85E5,
                [
                    167, 138, 166, 137, 165, 136, 164, 35, 14, 34, 13, 33, 12, 32, 202, 68,
                ],
            ),
        ] {
            assert_eq!(array(password, key, verifier), Ok(expected), "{password}");
        }
        assert_eq!(array("b", tests_key(), 1), Err(Locked::Wrong));
    }

    fn tests_key() -> u16 {
        key(b"a")
    }
}
