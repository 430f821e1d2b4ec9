//! Compound files ([MS-CFB]): streams by name in the root folder, whatever their chains of sectors say.
//!
//! A chain may loop, cross another or lead nowhere, and sizes may lie. No stream is longer than the file, so a chain is followed
//! for as many sectors as the stream's size needs and the file has.

use super::records::{from, u16_at, u32_at, u64_at};

const SIGNATURE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// Sector numbers from here on are marks, not sectors.
const LAST: u32 = 0xFFFF_FFFA;
const ENTRY: usize = 128;

/// A compound file's directory and allocation tables.
pub(super) struct Compound<'a> {
    bytes: &'a [u8],
    sector: usize,
    small: usize,
    cutoff: u64,
    table: Vec<u32>,
    small_table: Vec<u32>,
    small_stream: Vec<u8>,
    entries: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    name: String,
    kind: u8,
    start: u32,
    size: u64,
    in_root: bool,
}

impl<'a> Compound<'a> {
    /// Reads the directory.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Compound<'a>, String> {
        if !bytes.starts_with(SIGNATURE) || bytes.len() < 512 {
            return Err("it breaks off in its header".into());
        }
        let (shift, small_shift) = (u16_at(bytes, 30), u16_at(bytes, 32));
        if !matches!(shift, 9 | 12) || !(4..=shift).contains(&small_shift) {
            return Err("its sectors have no possible size".into());
        }
        let mut compound = Compound {
            bytes,
            sector: 1 << shift,
            small: 1 << small_shift,
            cutoff: u64::from(u32_at(bytes, 56)),
            table: Vec::new(),
            small_table: Vec::new(),
            small_stream: Vec::new(),
            entries: Vec::new(),
        };
        compound.table = compound.allocation_table();
        let directory = compound.chain(u32_at(bytes, 48), u64::MAX, "the directory")?;
        compound.entries = entries(&directory, shift == 9);
        let small = compound
            .chain(u32_at(bytes, 60), u64::MAX, "a table")
            .unwrap_or_default();
        compound.small_table = numbers(&small);
        let Some(root) = compound.entries.iter().find(|e| e.kind == 5).cloned() else {
            return Err("its directory has no root".into());
        };
        if root.start < LAST && root.size > 0 {
            compound.small_stream = compound
                .chain(root.start, root.size, "the small streams")
                .unwrap_or_default();
        }
        Ok(compound)
    }

    /// Whether the root folder has a stream of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entry(name).is_some()
    }

    /// What a compound file without a workbook is, with an article.
    pub(super) fn words(&self) -> &'static str {
        let known = [
            ("WordDocument", "a Word document"),
            ("PowerPoint Document", "a presentation"),
            ("__properties_version1.0", "an Outlook message"),
            ("VisioDocument", "a Visio drawing"),
            ("Contents", "a Works or Publisher document"),
        ];
        let found = known.iter().find(|(stream, _)| self.has(stream));
        found.map_or("a compound file without a workbook", |(_, words)| *words)
    }

    /// The whole stream.
    ///
    /// # Errors
    /// Where it is not there or none of it can be read, in a few words.
    pub(super) fn stream(&self, name: &str) -> Result<Vec<u8>, String> {
        let Some(entry) = self.entry(name) else {
            return Err(format!("it has no stream `{name}`"));
        };
        if entry.size >= self.cutoff {
            return self.chain(entry.start, entry.size, name);
        }
        let mut out = Vec::new();
        let mut at = entry.start;
        let most = self.small_stream.len() / self.small + 1;
        for _ in 0..most.min(entry.size.div_ceil(self.small as u64) as usize) {
            let start = (at as usize).saturating_mul(self.small);
            let piece = from(&self.small_stream, start);
            if piece.is_empty() {
                return Err(format!("the stream `{name}` leads nowhere"));
            }
            out.extend_from_slice(piece.get(..self.small).unwrap_or(piece));
            match self.small_table.get(at as usize) {
                Some(next) if *next < LAST => at = *next,
                _ => break,
            }
        }
        out.truncate(entry.size as usize);
        Ok(out)
    }

    fn entry(&self, name: &str) -> Option<&Entry> {
        let named = |e: &&Entry| e.kind == 2 && e.name.eq_ignore_ascii_case(name);
        // folders of embedded objects have workbooks of their own
        let mut in_root = self.entries.iter().filter(|e| e.in_root);
        in_root
            .find(named)
            .or_else(|| self.entries.iter().find(named))
    }

    /// The bytes of a sector; less at the end of a file that breaks off.
    fn sector(&self, at: u32) -> &'a [u8] {
        let start = (at as usize + 1).saturating_mul(self.sector);
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        rest.get(..self.sector).unwrap_or(rest)
    }

    /// The sectors of a chain put together, up to `size` bytes.
    fn chain(&self, start: u32, size: u64, what: &str) -> Result<Vec<u8>, String> {
        let all = self.bytes.len() / self.sector + 1;
        let wanted = size.div_ceil(self.sector as u64).min(all as u64);
        let mut out = Vec::with_capacity(match size {
            u64::MAX => self.sector,
            size => (size as usize).min(self.bytes.len()),
        });
        let mut at = start;
        for _ in 0..wanted {
            if at >= LAST {
                break;
            }
            let sector = self.sector(at);
            if sector.is_empty() {
                if out.is_empty() {
                    return Err(format!("{what} stands behind the file's end"));
                }
                break;
            }
            out.extend_from_slice(sector);
            match self.table.get(at as usize) {
                Some(next) if *next != at => at = *next,
                _ => break,
            }
        }
        if size < out.len() as u64 {
            out.truncate(size as usize);
        }
        Ok(out)
    }

    /// The table of which sector follows which, from the sectors that the header and the chain of its list name.
    fn allocation_table(&self) -> Vec<u32> {
        let all = self.bytes.len() / self.sector + 1;
        let per_sector = self.sector / 4;
        let mut named: Vec<u32> = numbers(from(self.bytes, 76))
            .into_iter()
            .take(109)
            .collect();
        let mut at = u32_at(self.bytes, 68);
        for _ in 0..all {
            let list = match at < LAST {
                true => numbers(self.sector(at)),
                false => break,
            };
            let Some((next, sectors)) = list.split_last() else {
                break;
            };
            named.extend_from_slice(sectors);
            if named.len() > all + per_sector {
                break;
            }
            at = *next;
        }
        let mut table = Vec::new();
        for sector in named
            .into_iter()
            .filter(|s| *s < LAST)
            .take(all / per_sector + 1)
        {
            table.extend(numbers(self.sector(sector)));
        }
        table
    }
}

fn numbers(bytes: &[u8]) -> Vec<u32> {
    let quads = bytes.chunks_exact(4);
    quads.map(|quad| u32_at(quad, 0)).collect()
}

/// The directory's entries. The root's own are those reached from its tree, loops and all.
fn entries(directory: &[u8], short_sizes: bool) -> Vec<Entry> {
    let raw: Vec<&[u8]> = directory.chunks_exact(ENTRY).collect();
    let mut entries: Vec<Entry> = raw
        .iter()
        .map(|entry| {
            let length = usize::from(u16_at(entry, 64)).clamp(2, 64) - 2;
            let units: Vec<u16> = (0..length / 2).map(|at| u16_at(entry, at * 2)).collect();
            let size = u64_at(entry, 120);
            Entry {
                name: String::from_utf16_lossy(&units),
                kind: entry.get(66).copied().unwrap_or(0),
                start: u32_at(entry, 116),
                size: if short_sizes {
                    size & 0xFFFF_FFFF
                } else {
                    size
                },
                in_root: false,
            }
        })
        .collect();
    let root = entries.iter().position(|e| e.kind == 5);
    let mut open: Vec<u32> = root
        .and_then(|at| raw.get(at))
        .map(|entry| vec![u32_at(entry, 76)])
        .unwrap_or_default();
    while let Some(at) = open.pop() {
        let (Some(entry), Some(raw)) = (entries.get_mut(at as usize), raw.get(at as usize)) else {
            continue;
        };
        if !std::mem::replace(&mut entry.in_root, true) {
            open.extend([u32_at(raw, 68), u32_at(raw, 72)]);
        }
    }
    entries
}
