//! Compound files whose chains loop, records that lie, and locks that make no sense.

use super::{Hostile, fixture, odd, refused};

const SECTOR: usize = 512;

fn word(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Where a sector begins.
fn sector(number: usize) -> usize {
    (number + 1) * SECTOR
}

/// Where the directory entry of this name begins.
fn entry(bytes: &[u8], name: &str) -> usize {
    let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let starts = (0..bytes.len()).step_by(128);
    let mut found = starts.filter(|at| bytes[*at..].starts_with(&wide));
    found.next().unwrap()
}

/// The records of a stream that begins at `start`, by where they begin.
fn records(bytes: &[u8], start: usize) -> Vec<(usize, u16, usize)> {
    let mut all = Vec::new();
    let mut at = start;
    while at + 4 <= bytes.len() {
        let kind = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let length = usize::from(u16::from_le_bytes([bytes[at + 2], bytes[at + 3]]));
        if kind == 0 && length == 0 {
            break;
        }
        all.push((at, kind, length));
        at += 4 + length;
    }
    all
}

fn altered(bytes: &[u8], alter: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    alter(&mut bytes);
    bytes
}

pub fn files() -> Vec<Hostile> {
    let old = fixture("tables/old.xls");
    let table = sector(word(&old, 76));
    let workbook = entry(&old, "Workbook");
    let mut files = Vec::new();
    for part in [1, 8, 60, 511, 513, 1025] {
        let bytes = old[..part].to_vec();
        files.push(odd(&format!("cut-{part}.xls"), bytes));
    }
    files.push(odd("cut-half.xls", old[..old.len() / 2].to_vec()));
    let all_of_table = |value: u32| {
        altered(&old, |b| {
            (0..SECTOR)
                .step_by(4)
                .for_each(|at| put(b, table + at, value))
        })
    };
    files.push(odd(
        "chain-to-itself.xls",
        altered(&old, |b| {
            (0..SECTOR / 4).for_each(|n| put(b, table + n * 4, n as u32));
        }),
    ));
    files.push(odd("chain-to-zero.xls", all_of_table(0)));
    files.push(odd("chain-far-away.xls", all_of_table(0x7FFF_FFF0)));
    files.push(odd("chain-of-marks.xls", all_of_table(0xFFFF_FFFF)));
    files.push(odd(
        "two-in-a-loop.xls",
        altered(&old, |b| {
            let start = word(b, workbook + 116);
            put(b, table + start * 4, start as u32 + 1);
            put(b, table + start * 4 + 4, start as u32);
            put(b, workbook + 120, 0x7FFF_FFFF);
        }),
    ));
    files.push(odd(
        "list-of-tables-loops.xls",
        altered(&old, |b| {
            put(b, 68, 0);
            put(b, 72, 0xFFFF_FFFF);
            put(b, sector(0) + SECTOR - 4, 0);
        }),
    ));
    files.push(odd(
        "tables-all-one.xls",
        altered(&old, |b| {
            (76..SECTOR).step_by(4).for_each(|at| put(b, at, 0));
        }),
    ));
    files.push(refused(
        "directory-nowhere.xls",
        altered(&old, |b| put(b, 48, 0x00FF_FFFF)),
        &["damaged"],
    ));
    files.push(refused(
        "directory-in-the-data.xls",
        altered(&old, |b| put(b, 48, 0)),
        &["damaged"],
    ));
    files.push(refused(
        "sector-size.xls",
        altered(&old, |b| b[30] = 63),
        &["damaged"],
    ));
    files.push(refused(
        "small-sector-size.xls",
        altered(&old, |b| b[32] = 0),
        &["damaged"],
    ));
    files.push(odd(
        "small-table-loops.xls",
        altered(&old, |b| {
            put(b, 60, 0);
            put(b, 56, 0xFFFF_FFFF);
        }),
    ));
    files.push(odd(
        "tree-loops.xls",
        altered(&old, |b| {
            let root = entry(b, "Root Entry");
            (68..80).step_by(4).for_each(|at| put(b, root + at, 0));
            (68..80).step_by(4).for_each(|at| put(b, workbook + at, 0));
        }),
    ));
    files.push(refused(
        "size-of-all-there-is.xls",
        altered(&old, |b| {
            put(b, workbook + 120, 0xFFFF_FFFF);
            put(b, workbook + 116, 0x00FF_FFFF);
        }),
        &["damaged"],
    ));
    files.push(refused(
        "no-stream.xls",
        altered(&old, |b| b[workbook] = b'X'),
        &["without a workbook"],
    ));
    files.push(refused(
        "word.doc",
        altered(&old, |b| {
            let name: Vec<u8> = "WordDocument"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            b[workbook..workbook + name.len()].copy_from_slice(&name);
            b[workbook + 64] = 26;
        }),
        &["a Word document"],
    ));

    // records; this file's stream stands in one piece
    let start = sector(word(&old, workbook + 116));
    let all = records(&old, start);
    let of = |kind: u16| all.iter().find(|(_, k, _)| *k == kind).unwrap().0;
    files.push(refused(
        "no-beginning.xls",
        altered(&old, |b| b[start] = 0xFF),
        &["does not begin as a workbook"],
    ));
    files.push(odd(
        "first-length.xls",
        altered(&old, |b| b[start + 3] = 0xFF),
    ));
    for (name, kind) in [
        ("bound-sheet", 0x85u16),
        ("strings", 0xFC),
        ("styles", 0xE0),
        ("formats", 0x41E),
    ] {
        let at = of(kind);
        files.push(odd(
            &format!("{name}-length.xls"),
            altered(&old, |b| b[at + 2..at + 4].fill(0xFF)),
        ));
        files.push(odd(
            &format!("{name}-content.xls"),
            altered(&old, |b| b[at + 4..at + 12].fill(0xFF)),
        ));
    }
    files.push(refused(
        "sheets-nowhere.xls",
        altered(&old, |b| {
            for (at, _, _) in all.iter().filter(|(_, kind, _)| *kind == 0x85) {
                put(b, at + 4, 0x7FFF_FFFF);
            }
        }),
        &["no sheet begins where it should"],
    ));
    files.push(odd(
        "sheets-in-the-globals.xls",
        altered(&old, |b| {
            for (at, _, _) in all.iter().filter(|(_, kind, _)| *kind == 0x85) {
                put(b, at + 4, 0);
            }
        }),
    ));
    files.push(refused(
        "strings-not-there.xls",
        altered(&old, |b| {
            for (at, _, _) in all.iter().filter(|(_, kind, _)| *kind == 0xFD) {
                put(b, at + 10, 0xFFFF_FFFF);
            }
        }),
        &["shared string that is not there"],
    ));
    files.push(odd(
        "ends-gone.xls",
        altered(&old, |b| {
            for (at, _, _) in all.iter().filter(|(_, kind, _)| *kind == 0x0A) {
                b[*at] = 0x0B;
            }
        }),
    ));
    files.push(odd(
        "nulls-from-the-middle.xls",
        altered(&old, |b| {
            let half = b.len() / 2;
            b[half..].fill(0);
        }),
    ));
    for name in ["biff2.xls", "biff3.xls", "biff4.xls", "biff5-bare.xls"] {
        let whole = fixture(&format!("books/{name}"));
        files.push(odd(
            &format!("cut-{name}"),
            whole[..whole.len() / 2].to_vec(),
        ));
        files.push(odd(
            &format!("lengths-{name}"),
            altered(&whole, |b| {
                for (at, _, _) in records(&whole, 0).iter().skip(3).step_by(2) {
                    b[at + 3] = 0x7F;
                }
            }),
        ));
    }
    files.push(refused(
        "head-alone.xls",
        b"\x09\x08\x08\x00\x00\x05".to_vec(),
        &["damaged"],
    ));

    // locks
    let agile = fixture("books/agile.xlsx");
    let text = |bytes: &[u8], from: &str, to: &str| {
        assert_eq!(from.len(), to.len());
        let at = bytes
            .windows(from.len())
            .position(|w| w == from.as_bytes())
            .unwrap();
        altered(bytes, |b| {
            b[at..at + to.len()].copy_from_slice(to.as_bytes())
        })
    };
    for (name, from, to, words) in [
        (
            "spin-count.xlsx",
            "spinCount=\"100000\" saltSize=\"16\"",
            "spinCount=\"4000000000000000000\" ",
            &["more rounds"][..],
        ),
        (
            "spin-count-none.xlsx",
            "spinCount",
            "spinCownt",
            &["more rounds"],
        ),
        (
            "hash-nobody-knows.xlsx",
            "hashAlgorithm=\"SHA512\"",
            "hashAlgorithm=\"MD5123\"",
            &["hash function that is not known"],
        ),
        (
            "cipher-nobody-knows.xlsx",
            "cipherAlgorithm=\"AES\"",
            "cipherAlgorithm=\"RC2\"",
            &["cipher that is not known"],
        ),
        ("key-length.xlsx", "keyBits=\"256\"", "keyBits=\"999\"", &[]),
        ("lock-no-xml.xlsx", "<encryption", "<<<<<<<<<<<", &[]),
    ] {
        files.push(refused(name, text(&agile, from, to), words));
    }
    files.push(refused("locked.xlsx", agile, &["--password-file"]));
    let standard = fixture("books/standard.xlsx");
    let info = standard
        .windows(8)
        .position(|w| w == [3, 0, 2, 0, 0x24, 0, 0, 0])
        .unwrap();
    files.push(refused(
        "lock-header-length.xlsx",
        altered(&standard, |b| put(b, info + 8, 0xFFFF_FFFF)),
        &["damaged"],
    ));
    files.push(refused(
        "lock-version.xlsx",
        altered(&standard, |b| put(b, info, 0x00FF_00FF)),
        &["damaged"],
    ));
    for name in ["rc4.xls", "rc4-api.xls", "xor.xls", "xor5.xls"] {
        let locked = fixture(&format!("books/{name}"));
        let stream = if name == "xor5.xls" {
            "Book"
        } else {
            "Workbook"
        };
        let start = sector(word(&locked, entry(&locked, stream) + 116));
        let at = records(&locked, start)
            .iter()
            .find(|(_, kind, _)| *kind == 0x2F)
            .unwrap()
            .0;
        files.push(refused(
            &format!("lock-short-{name}"),
            altered(&locked, |b| b[at + 6..at + 12].fill(0xFF)),
            &[],
        ));
        files.push(refused(
            &format!("locked-{name}"),
            locked,
            &["--password-file"],
        ));
    }
    files
}
