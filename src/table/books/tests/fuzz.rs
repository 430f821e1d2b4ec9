//! Files with something wrong in them, many a second: whatever is done to them, a reader answers, soon and in one sentence.
//!
//! Seeded, so that a failure comes again: the message names the seed and the number of the file. By hand:
//! `TAGGANT_FUZZ_SECONDS=300 cargo test --profile quick --lib fuzz -- --ignored`, under `ulimit -v 2000000` so that a reader that asks
//! for too much memory is seen.

use std::io::{Cursor, Read, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::fixture;
use crate::table::{self, Limits, Password};

/// Panics are caught by the readers themselves, so that they are counted where they begin.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Words that formats give a meaning to.
const WORDS: [&[u8]; 24] = [
    b"4294967295",
    b"18446744073709551615",
    b"-1",
    b"1e999",
    b"NaN",
    b"\"",
    b"<",
    b">",
    b"/>",
    b"&#x0;",
    b"&amp;",
    b"&",
    b"<!--",
    b"]]>",
    b"<![CDATA[",
    b"<?",
    b"r=\"XFD1048576\"",
    b"t=\"s\"",
    b"<row>",
    b"</c>",
    b"\0",
    b"\xFF\xFE",
    b"_xD800_",
    b"number-columns-repeated=\"99999999\"",
];

/// Alters bytes in one to eight places.
fn mutate(bytes: &mut Vec<u8>, dice: &mut StdRng) {
    for _ in 0..dice.random_range(1..=8) {
        if bytes.is_empty() {
            return;
        }
        let at = dice.random_range(0..bytes.len());
        let length = dice.random_range(1..=64usize).min(bytes.len() - at);
        match dice.random_range(0..11) {
            0 | 1 => bytes[at] ^= 1 << dice.random_range(0..8),
            2 => bytes[at] = [0, 1, 0x7F, 0x80, 0xFE, 0xFF][dice.random_range(0..6)],
            3 => {
                let value: u32 = [0, 1, 0xFF, 0xFFFF, 0x7FFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFE]
                    [dice.random_range(0..7)];
                for (byte, new) in bytes[at..].iter_mut().zip(value.to_le_bytes()) {
                    *byte = new;
                }
            }
            4 => {
                let near = (bytes.len() as u32)
                    .wrapping_add(dice.random_range(0..9))
                    .wrapping_sub(4);
                let wide = dice.random_range(1..=4);
                for (byte, new) in bytes[at..].iter_mut().zip(near.to_le_bytes()).take(wide) {
                    *byte = new;
                }
            }
            5 => drop(bytes.drain(at..at + length)),
            6 => {
                let piece = bytes[at..at + length].to_vec();
                let to = dice.random_range(0..=bytes.len());
                bytes.splice(to..to, piece);
            }
            7 => {
                let piece = bytes[at..at + length].to_vec();
                let to = dice.random_range(0..=bytes.len() - length);
                bytes[to..to + length].copy_from_slice(&piece);
            }
            8 if dice.random_range(0..8) == 0 => bytes.truncate(at),
            9 => bytes[at..at + length].fill(0),
            _ => {
                let word = WORDS[dice.random_range(0..WORDS.len())];
                let over = if dice.random() {
                    word.len().min(bytes.len() - at)
                } else {
                    0
                };
                bytes.splice(at..at + over, word.iter().copied());
            }
        }
    }
}

/// Alters one part of an archive, and stores it unpacked with sums that are right again; or the archive itself.
fn mutate_archive(bytes: &mut Vec<u8>, dice: &mut StdRng) {
    if dice.random_range(0..10) == 0 {
        return mutate(bytes, dice);
    }
    let mut old = ZipArchive::new(Cursor::new(&bytes[..])).unwrap();
    let chosen = dice.random_range(0..old.len());
    let mut new = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let name = entry.name().unwrap().to_string();
        let mut part = Vec::new();
        entry.read_to_end(&mut part).unwrap();
        if index == chosen {
            mutate(&mut part, dice);
        }
        new.start_file(name, stored).unwrap();
        new.write_all(&part).unwrap();
    }
    *bytes = new.finish().unwrap().into_inner();
}

fn said_well(said: &str, place: &str) {
    assert!(said.ends_with('.'), "{place}: {said}");
    assert!(said.chars().count() < 480, "{place}: {said}");
    assert!(!said.contains(char::is_control), "{place}: {said:?}");
}

fn fuzz(names: &[&str], password: Option<&str>, alter: fn(&mut Vec<u8>, &mut StdRng)) {
    let number = |key: &str, usual: u64| {
        let given = std::env::var(key).ok().and_then(|v| v.parse().ok());
        given.unwrap_or(usual)
    };
    let seconds = Duration::from_secs(number("TAGGANT_FUZZ_SECONDS", 20));
    let seed = number("TAGGANT_FUZZ_SEED", 1);
    let limits = Limits {
        inflated_bytes: 64 << 20,
        text_bytes: 64 << 20,
        cells: 1 << 20,
        ..Limits::default()
    };
    let password = password.map(|p| Password::new(p.to_string()));
    let originals: Vec<Vec<u8>> = names.iter().map(|name| fixture(name)).collect();
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(info);
    }));
    let mut dice = StdRng::seed_from_u64(seed);
    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    let (mut files, mut read) = (0u64, 0u64);
    while started.elapsed() < seconds {
        let mut bytes = originals[dice.random_range(0..originals.len())].clone();
        alter(&mut bytes, &mut dice);
        files += 1;
        let place = format!("file {files} of seed {seed}");
        let begun = Instant::now();
        let outcome = table::contents("x", bytes.clone(), password.as_ref(), &limits);
        slowest = slowest.max(begun.elapsed());
        assert!(begun.elapsed() < Duration::from_secs(5), "slow: {place}");
        if PANICS.load(Ordering::Relaxed) > 0 {
            let path = std::env::temp_dir().join(format!("taggant-fuzz-{seed}-{files}"));
            std::fs::write(&path, &bytes).unwrap();
            panic!("a reader panicked: {place}, kept as {}", path.display());
        }
        match outcome {
            Ok(contents) => {
                read += 1;
                for found in &contents.tables {
                    assert_eq!(found.rows.len(), found.table.rows(), "{place}");
                    assert_eq!(found.columns.len(), found.table.width(), "{place}");
                    let cells = (0..found.table.rows()).flat_map(|r| found.table.row(r));
                    assert!(cells.map(str::len).sum::<usize>() <= limits.text_bytes);
                }
            }
            Err(error) => said_well(&error.to_string(), &place),
        }
        // for issuing, too, where what is damaged is refused
        let begun = Instant::now();
        let issued = table::from_bytes("x", bytes, &limits);
        assert!(begun.elapsed() < Duration::from_secs(5), "slow: {place}");
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "to be issued: {place}");
        if let Err(error) = issued {
            said_well(&error.to_string(), &place);
        }
    }
    println!("{names:?}: {files} files, {read} of them read, the slowest in {slowest:?}");
    assert!(files > 20 && read > 0, "nothing was tried");
}

#[test]
#[ignore = "takes as long as it is given"]
fn fuzz_xlsx() {
    let names = ["pandas", "openpyxl", "libreoffice", "mac1904"];
    let names = names.map(|n| format!("tables/{n}.xlsx"));
    fuzz(&names.each_ref().map(String::as_str), None, mutate_archive);
}

#[test]
#[ignore = "takes as long as it is given"]
fn fuzz_xlsb() {
    fuzz(&["books/made.xlsb"], None, mutate_archive);
}

#[test]
#[ignore = "takes as long as it is given"]
fn fuzz_ods() {
    fuzz(
        &["tables/calc.ods", "books/openpyxl.ods"],
        None,
        mutate_archive,
    );
}

#[test]
#[ignore = "takes as long as it is given"]
fn fuzz_xls() {
    let names = ["tables/old.xls", "books/openpyxl.xls", "books/biff5.xls"];
    fuzz(&names, None, mutate);
}

#[test]
#[ignore = "takes as long as it is given"]
fn fuzz_old_xls() {
    let names = ["2", "3", "4", "5-bare"].map(|n| format!("books/biff{n}.xls"));
    fuzz(&names.each_ref().map(String::as_str), None, mutate);
}

#[test]
#[ignore = "takes as long as it is given"]
fn fuzz_xml2003() {
    fuzz(&["books/xml2003.xls"], None, mutate);
}

#[test]
#[ignore = "takes as long as it is given"]
fn fuzz_locked() {
    let names = [
        "agile.xlsx",
        "standard.xlsx",
        "rc4.xls",
        "rc4-api.xls",
        "xor.xls",
    ];
    let names = names.map(|n| format!("books/{n}"));
    fuzz(
        &names.each_ref().map(String::as_str),
        Some("秘密 Pass1"),
        mutate,
    );
}

/// A few of everything, each time.
#[test]
fn altered_files_are_answered() {
    let mut dice = StdRng::seed_from_u64(7);
    for (name, alter) in [
        (
            "tables/pandas.xlsx",
            mutate_archive as fn(&mut Vec<u8>, &mut StdRng),
        ),
        ("books/made.xlsb", mutate_archive),
        ("tables/calc.ods", mutate_archive),
        ("tables/old.xls", mutate),
        ("books/biff5-bare.xls", mutate),
        ("books/biff2.xls", mutate),
        ("books/xml2003.xls", mutate),
    ] {
        let original = fixture(name);
        for _ in 0..60 {
            let mut bytes = original.clone();
            alter(&mut bytes, &mut dice);
            let outcome = table::contents("x", bytes, None, &Limits::default());
            if let Err(error) = outcome {
                assert!(error.to_string().ends_with('.'), "{error}");
            }
        }
    }
}
