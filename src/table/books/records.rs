//! Little-endian fields of binary files; what lies behind the end is zero or nothing, never a panic.

/// The two bytes at `at`; 0 behind the end.
pub(super) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    array(bytes, at).map_or(0, u16::from_le_bytes)
}

/// The four bytes at `at`; 0 behind the end.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    array(bytes, at).map_or(0, u32::from_le_bytes)
}

/// The eight bytes at `at`; 0 behind the end.
pub(super) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    array(bytes, at).map_or(0, u64::from_le_bytes)
}

/// The eight bytes at `at` as a number.
pub(super) fn f64_at(bytes: &[u8], at: usize) -> f64 {
    array(bytes, at).map_or(0.0, f64::from_le_bytes)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

/// The bytes from `at` on; none behind the end.
pub(super) fn from(bytes: &[u8], at: usize) -> &[u8] {
    bytes.get(at..).unwrap_or(&[])
}

/// A number packed into 30 bits and two flags ([MS-XLS] 2.5.217): an integer or the upper half of a float, perhaps in hundredths.
pub(super) fn packed(rk: u32) -> f64 {
    let n = match rk & 2 {
        0 => f64::from_bits(u64::from(rk & !3) << 32),
        _ => f64::from((rk as i32) >> 2),
    };
    if rk & 1 == 1 { n / 100.0 } else { n }
}

/// An error value as programs show it.
pub(super) fn fault(code: u8) -> &'static str {
    match code {
        0x00 => "#NULL!",
        0x07 => "#DIV/0!",
        0x0F => "#VALUE!",
        0x17 => "#REF!",
        0x1D => "#NAME?",
        0x24 => "#NUM!",
        0x2A => "#N/A",
        0x2B => "#GETTING_DATA",
        _ => "#ERROR!",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_numbers() {
        // the examples of [MS-XLS] 2.5.217 and of the OpenOffice documentation of Excel's format
        assert_eq!(packed(0x3FF0_0000), 1.0);
        assert_eq!(packed(0x3FF0_0001), 0.01);
        assert_eq!(packed(0x004B_5646), 1_234_321.0);
        assert_eq!(packed(0x004B_5647), 12_343.21);
        assert_eq!(packed(0xFFFF_FFFE), -1.0);
    }

    #[test]
    fn nothing_lies_behind_the_end() {
        assert_eq!(u16_at(&[1], 0), 0);
        assert_eq!(u32_at(&[1, 0, 0, 0], usize::MAX), 0);
        assert_eq!(from(&[1], 2), &[] as &[u8]);
    }
}
