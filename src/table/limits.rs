//! How much a file may ask of us. Suspect files are hostile, so every size is held against these before memory is taken.

/// Caps on one file. The defaults let the largest sheet that a spreadsheet program can hold in a plain register pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file itself; never more than 4 GiB, whatever is set here.
    pub file_bytes: u64,
    /// Bytes of all parts of a workbook together, once inflated.
    pub inflated_bytes: u64,
    /// Bytes of text that a workbook's cells may come to, repeated strings counted each time; never more than 4 GiB.
    pub text_bytes: usize,
    /// Cells of one file, those included that short rows leave out.
    pub cells: usize,
    /// Columns of one table.
    pub columns: usize,
    /// Bytes of one cell.
    pub cell_bytes: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file_bytes: 2 << 30,
            inflated_bytes: 4 << 30,
            text_bytes: 2 << 30,
            cells: 200_000_000,
            columns: 16_384,
            cell_bytes: 1 << 20,
        }
    }
}

impl Limits {
    /// `file_bytes` as far as offsets of 32 bits reach.
    pub(super) fn file_cap(&self) -> u64 {
        self.file_bytes.min(u64::from(u32::MAX))
    }

    /// `text_bytes` as far as offsets of 32 bits reach.
    pub(super) fn text_cap(&self) -> usize {
        self.text_bytes.min(u32::MAX as usize)
    }
}

/// Bytes as people read them: `2 GiB`, `1.5 MiB`, `900 bytes`.
pub(super) fn in_words(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, unit) in UNITS {
        if bytes >= size {
            let tenths = bytes.saturating_mul(10) / size;
            return match tenths % 10 {
                0 => format!("{} {unit}", tenths / 10),
                rest => format!("{}.{rest} {unit}", tenths / 10),
            };
        }
    }
    format!("{bytes} bytes")
}
