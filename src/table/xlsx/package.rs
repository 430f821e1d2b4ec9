//! A workbook's file as what it is, a zip archive: read by part, and written again with some parts' bytes new.
//!
//! What is written has the source's entries in the source's order, with their names, times, flags, extra fields and versions as
//! they were; parts that did not change keep even their compressed bytes. Only sizes, checksums and offsets differ
//! (PKWARE, APPNOTE.TXT 6.3, sections 4.3.7, 4.3.9, 4.3.12 and 4.3.16).

use std::fs::File;
use std::io::{self, BufWriter, Cursor, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use flate2::{Compression, CrcWriter, write::DeflateEncoder};
use zip::ZipArchive;

use super::deflate::Deflater;
use super::guard::{Kept, damaged};
use crate::error::{Error, Result};

const LOCAL: u32 = 0x0403_4b50;
const LOCAL_LENGTH: usize = 30;
const CENTRAL: u32 = 0x0201_4b50;
const CENTRAL_LENGTH: usize = 46;
const END: u32 = 0x0605_4b50;
const END_LENGTH: usize = 22;
const END_64_PLACE: u32 = 0x0706_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
/// Sizes of an entry this large stand in an extra field.
const IN_EXTRA: u32 = u32::MAX;
const EXTRA_64: u16 = 1;
/// Bit 3: sizes and checksum follow the data.
const FOLLOWED: u16 = 1 << 3;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// One part of the package.
#[derive(Clone, Debug)]
struct Entry {
    name: String,
    method: u16,
    flags: u16,
    /// The local header, with name and extra field.
    local: std::ops::Range<usize>,
    /// The compressed bytes.
    data: std::ops::Range<usize>,
    /// Where the next thing in the file begins.
    behind: usize,
    /// Its record in the central directory.
    record: std::ops::Range<usize>,
}

/// A workbook's file and where its parts are in it.
#[derive(Clone)]
pub(super) struct Package {
    name: String,
    bytes: Arc<Vec<u8>>,
    /// In the order of the central directory.
    entries: Vec<Entry>,
    end: std::ops::Range<usize>,
    kept: Kept,
}

/// What a part becomes.
pub(super) enum Renewed<'a> {
    /// These bytes.
    Bytes(Vec<u8>),
    /// What is written by this, piece by piece, so that a large sheet is never whole in memory.
    Written(&'a dyn Fn(&mut dyn Write) -> Result<()>),
}

impl Package {
    /// Finds the parts. `name` is for messages.
    ///
    /// # Errors
    /// What is no archive, or one whose directory contradicts its entries.
    pub(super) fn open(name: &str, bytes: Arc<Vec<u8>>) -> Result<Package> {
        let (entries, end) = directory(&bytes).map_err(|why| damaged(name, why))?;
        Ok(Package {
            name: name.to_string(),
            bytes,
            entries,
            end,
            kept: Kept::default(),
        })
    }

    /// With parts that are inflated already.
    pub(super) fn with(self, kept: Kept) -> Package {
        Package { kept, ..self }
    }

    /// The parts that are inflated already, which it holds no longer.
    pub(super) fn unkept(&mut self) -> Kept {
        std::mem::take(&mut self.kept)
    }

    /// The names of all parts, in the directory's order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.name.as_str())
    }

    /// One part inflated, by its name as the directory has it or in other capitals.
    pub(super) fn part(&self, name: &str) -> Option<Vec<u8>> {
        let at = self.place(name)?;
        let mut zip = ZipArchive::new(Cursor::new(self.bytes.as_slice())).ok()?;
        let entry = zip.by_index(at).ok()?;
        // `guard` has held every declared size against the limits
        let mut out = Vec::with_capacity(entry.size().min(1 << 30) as usize + 1);
        let most = entry.size();
        entry.take(most).read_to_end(&mut out).ok()?;
        Some(out)
    }

    fn place(&self, name: &str) -> Option<usize> {
        let exact = self.entries.iter().position(|e| e.name == name);
        exact.or_else(|| {
            self.entries
                .iter()
                .position(|e| e.name.replace('\\', "/").eq_ignore_ascii_case(name))
        })
    }

    /// Writes the package to `path`, over what is there, with `renewed` in the place of the parts of these names, and without those
    /// that are `gone`.
    ///
    /// # Errors
    /// A path that cannot be written; whatever a part's own writer finds.
    pub(super) fn write(
        &self,
        renewed: &[(&str, Renewed<'_>)],
        gone: &[String],
        path: &Path,
    ) -> Result<()> {
        let gone: Vec<usize> = gone.iter().filter_map(|name| self.place(name)).collect();
        let file = File::create(path).map_err(Error::io("write", path))?;
        let mut out = Pen {
            out: BufWriter::with_capacity(1 << 18, file),
            at: 0,
        };
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by_key(|at| self.entries[*at].local.start);
        let mut records = vec![Vec::new(); self.entries.len()];
        let failed = |e: io::Error| Error::io("write", path)(e);
        // what stands before the first entry, such as a program that unpacks itself
        let first = order.first().map_or(0, |at| self.entries[*at].local.start);
        out.put(&self.bytes[..first]).map_err(failed)?;
        for at in order.into_iter().filter(|at| !gone.contains(at)) {
            let entry = &self.entries[at];
            let mut record = self.bytes[entry.record.clone()].to_vec();
            let offset = out.offset().map_err(failed)?;
            let new = renewed
                .iter()
                .find(|(name, _)| self.place(name) == Some(at));
            match new {
                None => out
                    .put(&self.bytes[entry.local.start..entry.behind])
                    .map_err(failed)?,
                Some((_, new)) => {
                    let sizes = self.renew(entry, new, &mut out, path)?;
                    sizes
                        .enter(&mut record, 16, CENTRAL_LENGTH)
                        .map_err(failed)?;
                }
            }
            put_u32(&mut record, 42, offset);
            records[at] = record;
        }
        let directory = out.offset().map_err(failed)?;
        for record in &records {
            out.put(record).map_err(failed)?;
        }
        let mut end = self.bytes[self.end.clone()].to_vec();
        let size = out.offset().map_err(failed)? - directory;
        let count = (self.entries.len() - gone.len()) as u16;
        put_u16(&mut end, 8, count);
        put_u16(&mut end, 10, count);
        put_u32(&mut end, 12, size);
        put_u32(&mut end, 16, directory);
        out.put(&end).map_err(failed)?;
        out.out.flush().map_err(failed)
    }

    /// Writes one entry with new content, and says how large it came out.
    fn renew(&self, entry: &Entry, new: &Renewed<'_>, out: &mut Pen, path: &Path) -> Result<Sizes> {
        let failed = |e: io::Error| Error::io("write", path)(e);
        let mut local = self.bytes[entry.local.clone()].to_vec();
        let header = out.at;
        out.put(&local).map_err(failed)?;
        let start = out.at;
        let (crc, plain) = match entry.method {
            STORED => pour(new, &mut *out)?,
            _ if matches!(new, Renewed::Written(_)) => std::thread::scope(|scope| {
                let cores = std::thread::available_parallelism().map_or(1, |n| n.get());
                let mut deflater = Deflater::new(scope, &mut *out, level(entry.flags), cores);
                let sums = pour(new, &mut deflater)?;
                deflater.finish().map_err(failed)?;
                Ok(sums)
            })?,
            _ => {
                let encoder = DeflateEncoder::new(&mut *out, level(entry.flags));
                let mut encoder = BufWriter::with_capacity(1 << 16, encoder);
                let sums = pour(new, &mut encoder)?;
                let encoder = encoder.into_inner().map_err(|e| failed(e.into_error()))?;
                encoder.finish().map_err(failed)?;
                sums
            }
        };
        let sizes = Sizes {
            crc,
            packed: out.at - start,
            plain,
        };
        let followed = entry.flags & FOLLOWED != 0;
        if followed {
            let old = &self.bytes[entry.data.end..entry.behind];
            out.put(&sizes.descriptor(old)).map_err(failed)?;
        }
        // some programs fill in both places
        if !followed || !matches!(get_u32(&local, 18), 0 | IN_EXTRA) {
            sizes.enter(&mut local, 14, LOCAL_LENGTH).map_err(failed)?;
            out.again(header, &local).map_err(failed)?;
        }
        Ok(sizes)
    }

    /// The whole file.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The file's name, for messages.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

/// The content of a part into a stream: its checksum and its length.
fn pour(new: &Renewed<'_>, out: &mut dyn Write) -> Result<(u32, u64)> {
    let mut counted = CrcWriter::new(out);
    match new {
        Renewed::Bytes(bytes) => counted
            .write_all(bytes)
            .map_err(|e| Error::input(format!("cannot compress a part of the copy ({e}).")))?,
        Renewed::Written(write) => write(&mut counted)?,
    }
    let crc = counted.crc();
    Ok((crc.sum(), u64::from(crc.amount())))
}

/// How hard the source's writer says it compressed (bits 1 and 2 of the flags).
fn level(flags: u16) -> Compression {
    match (flags >> 1) & 3 {
        0 => Compression::default(),
        1 => Compression::best(),
        2 => Compression::new(3),
        _ => Compression::fast(),
    }
}

struct Sizes {
    crc: u32,
    packed: u64,
    plain: u64,
}

impl Sizes {
    /// Puts checksum and sizes into a header whose fixed part is `fixed` long and has the checksum at `at`.
    fn enter(&self, header: &mut [u8], at: usize, fixed: usize) -> io::Result<()> {
        let name = get_u16(header, fixed - if fixed == LOCAL_LENGTH { 4 } else { 18 });
        let in_extra = get_u32(header, at + 4) == IN_EXTRA || get_u32(header, at + 8) == IN_EXTRA;
        put_u32(header, at, self.crc);
        if in_extra && self.enter_extra(header, fixed + usize::from(name)) {
            put_u32(header, at + 4, IN_EXTRA);
            put_u32(header, at + 8, IN_EXTRA);
            return Ok(());
        }
        put_u32(header, at + 4, small(self.packed)?);
        put_u32(header, at + 8, small(self.plain)?);
        Ok(())
    }

    /// Sizes in the extra field for large files, where it has room for both.
    fn enter_extra(&self, header: &mut [u8], from: usize) -> bool {
        let mut at = from;
        while at + 4 <= header.len() {
            let length = usize::from(get_u16(header, at + 2));
            if get_u16(header, at) == EXTRA_64 && length >= 16 && at + 20 <= header.len() {
                header[at + 4..at + 12].copy_from_slice(&self.plain.to_le_bytes());
                header[at + 12..at + 20].copy_from_slice(&self.packed.to_le_bytes());
                return true;
            }
            at += 4 + length;
        }
        false
    }

    /// What follows the data, in the form that the source has.
    fn descriptor(&self, old: &[u8]) -> Vec<u8> {
        let signed = old.len() >= 4 && get_u32(old, 0) == DESCRIPTOR;
        let body = old.len() - if signed { 4 } else { 0 };
        let mut out = Vec::with_capacity(24);
        if signed {
            out.extend_from_slice(&DESCRIPTOR.to_le_bytes());
        }
        out.extend_from_slice(&self.crc.to_le_bytes());
        for size in [self.packed, self.plain] {
            match body {
                20.. => out.extend_from_slice(&size.to_le_bytes()),
                _ => out.extend_from_slice(&(size as u32).to_le_bytes()),
            }
        }
        out
    }
}

/// A file and how much of it is written.
struct Pen {
    out: BufWriter<File>,
    at: u64,
}

impl Pen {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn offset(&self) -> io::Result<u32> {
        small(self.at)
    }

    /// Writes over what stands at `offset`, and goes back to the end.
    fn again(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(offset))?;
        self.out.write_all(bytes)?;
        self.out.seek(SeekFrom::Start(self.at))?;
        Ok(())
    }
}

impl Write for Pen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.at += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

fn small(size: u64) -> io::Result<u32> {
    u32::try_from(size).map_err(|_| io::Error::other("a part of the copy passes 4 GiB"))
}

/// The entries and where the closing record is.
fn directory(
    bytes: &[u8],
) -> std::result::Result<(Vec<Entry>, std::ops::Range<usize>), &'static str> {
    const NO_END: &str = "the archive has no directory";
    const BAD: &str = "the archive's directory is not where it says";
    // a comment of up to 64 KiB may follow
    let from = bytes.len().saturating_sub(END_LENGTH + 0xFFFF);
    let end = memchr::memmem::rfind(&bytes[from..], &END.to_le_bytes()).ok_or(NO_END)? + from;
    if end + END_LENGTH > bytes.len() {
        return Err(NO_END);
    }
    if end >= 20 && get_u32(bytes, end - 20) == END_64_PLACE {
        return Err("its archive is in the form for files of more than 4 GiB");
    }
    let count = usize::from(get_u16(bytes, end + 10));
    let mut at = get_u32(bytes, end + 16) as usize;
    if at > end || get_u32(bytes, end + 12) as usize != end - at {
        return Err(BAD);
    }
    let directory = at;
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        if at + CENTRAL_LENGTH > end || get_u32(bytes, at) != CENTRAL {
            return Err(BAD);
        }
        let lengths = [28, 30, 32].map(|field| usize::from(get_u16(bytes, at + field)));
        let behind = at + CENTRAL_LENGTH + lengths.iter().sum::<usize>();
        let local = get_u32(bytes, at + 42) as usize;
        if behind > end || local + LOCAL_LENGTH > directory || get_u32(bytes, local) != LOCAL {
            return Err(BAD);
        }
        let name = &bytes[at + CENTRAL_LENGTH..at + CENTRAL_LENGTH + lengths[0]];
        let data = local
            + LOCAL_LENGTH
            + usize::from(get_u16(bytes, local + 26))
            + usize::from(get_u16(bytes, local + 28));
        let method = get_u16(bytes, at + 10);
        if !matches!(method, STORED | DEFLATED) {
            return Err("a part is compressed in a way that spreadsheet programs do not write");
        }
        let packed = match get_u32(bytes, at + 20) {
            IN_EXTRA => packed_in_extra(&bytes[at..behind], lengths[0], lengths[1]).ok_or(BAD)?,
            packed => packed as usize,
        };
        let data_end = data.checked_add(packed).filter(|e| *e <= directory);
        entries.push(Entry {
            name: String::from_utf8_lossy(name).into_owned(),
            method,
            flags: get_u16(bytes, at + 8),
            local: local..data,
            data: data..data_end.ok_or(BAD)?,
            behind: directory,
            record: at..behind,
        });
        at = behind;
    }
    let mut starts: Vec<usize> = entries.iter().map(|e| e.local.start).collect();
    starts.sort_unstable();
    for entry in &mut entries {
        let next = starts.partition_point(|start| *start <= entry.local.start);
        entry.behind = starts.get(next).copied().unwrap_or(directory);
        if entry.data.end > entry.behind {
            return Err("two parts of the archive overlap");
        }
    }
    Ok((entries, end..bytes.len()))
}

/// The compressed size from the extra field of a record of the central directory.
fn packed_in_extra(record: &[u8], name: usize, extra: usize) -> Option<usize> {
    let mut at = CENTRAL_LENGTH + name;
    let end = at + extra;
    while at + 4 <= end {
        let length = usize::from(get_u16(record, at + 2));
        if get_u16(record, at) == EXTRA_64 {
            let skip = if get_u32(record, 24) == IN_EXTRA {
                8
            } else {
                0
            };
            let size = record.get(at + 4 + skip..at + 12 + skip)?;
            return usize::try_from(u64::from_le_bytes(size.try_into().ok()?)).ok();
        }
        at += 4 + length;
    }
    None
}

fn get_u16(bytes: &[u8], at: usize) -> u16 {
    match bytes.get(at..at + 2) {
        Some(two) => u16::from_le_bytes([two[0], two[1]]),
        None => 0,
    }
}

fn get_u32(bytes: &[u8], at: usize) -> u32 {
    u32::from(get_u16(bytes, at)) | u32::from(get_u16(bytes, at + 2)) << 16
}

fn put_u16(bytes: &mut [u8], at: usize, value: u16) {
    if let Some(two) = bytes.get_mut(at..at + 2) {
        two.copy_from_slice(&value.to_le_bytes());
    }
}

fn put_u32(bytes: &mut [u8], at: usize, value: u32) {
    if let Some(four) = bytes.get_mut(at..at + 4) {
        four.copy_from_slice(&value.to_le_bytes());
    }
}
