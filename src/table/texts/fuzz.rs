//! Texts of every kind with bytes changed, cut and spliced: whatever comes of it, reading ends with tables or one sentence.

use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;

const SEEDS: [&str; 11] = [
    "gbk.csv",
    "utf16.csv",
    "semicolon.csv",
    "titles.csv",
    "big5.csv",
    "tabs_be.xls",
    "through_gbk.csv",
    "lines.jsonl",
    "columns.json",
    "nested.json",
    "pandas_html.xls",
];

const PASTED: [&str; 3] = [
    "1、王小丽 13812345678 2024-09-01 花木路\n2、李娜 2024-08-11 浦东 1号\n\n3、赵敏13712345678 徐汇\n",
    "姓名：王小丽 电话：138 1234 5678\n地址：浦东\n\n姓名：李娜 电话：13912345678\n",
    "<table><tr><th rowspan=2>a<th colspan=2>b<tr><td>1&amp;<td x:num=1>2<table><tr><td>3</table></table>",
];

/// What readers look for, to be put anywhere.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b"'",
    b"\\u",
    b"{",
    b"[",
    b"]",
    b"}",
    b",",
    b"\t",
    b"|",
    b"\n",
    b"\r",
    b"<table>",
    b"</td>",
    b"<td rowspan=65534>",
    b"colspan=1000",
    b"&#x10FFFF;",
    b"\xEF\xBB\xBF",
    b"\xFF\xFE",
    b"\0",
    b"\xE5",
    "：".as_bytes(),
    "1、".as_bytes(),
    b" = ",
];

fn mutate(bytes: &mut Vec<u8>, other: &[u8], dice: &mut StdRng) {
    for _ in 0..dice.random_range(1..8) {
        let at = dice.random_range(0..=bytes.len());
        match dice.random_range(0..6) {
            0 => bytes.truncate(at),
            1 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << dice.random_range(0..8);
                }
            }
            2 => {
                let piece = PIECES[dice.random_range(0..PIECES.len())];
                bytes.splice(at..at, piece.repeat(dice.random_range(1..4)));
            }
            3 => {
                let to = (at + dice.random_range(0..40)).min(bytes.len());
                bytes.drain(at..to);
            }
            4 => {
                let from = dice.random_range(0..=other.len());
                bytes.splice(at..at, other[from..].iter().copied().take(200));
            }
            _ => {
                let to = (at + dice.random_range(0..60)).min(bytes.len());
                let again = bytes[at..to].repeat(dice.random_range(1..30));
                bytes.splice(at..at, again);
            }
        }
    }
}

/// Reads mutations for so long; the numbers of those read and refused.
fn run(seed: u64, time: Duration) -> (usize, usize) {
    let folder = format!("{}/fixtures/tables", env!("CARGO_MANIFEST_DIR"));
    let mut seeds: Vec<Vec<u8>> = SEEDS
        .iter()
        .map(|name| std::fs::read(format!("{folder}/{name}")).unwrap())
        .collect();
    seeds.extend(PASTED.map(|text| text.as_bytes().to_vec()));
    let limits = Limits::default();
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut taken, mut refused) = (0, 0);
    let end = Instant::now() + time;
    while Instant::now() < end {
        let mut bytes = seeds[dice.random_range(0..seeds.len())].clone();
        let other = &seeds[dice.random_range(0..seeds.len())];
        mutate(&mut bytes, other, &mut dice);
        let start = Instant::now();
        match read("test", bytes.clone(), &limits) {
            Ok(contents) => {
                taken += 1;
                for found in &contents.tables {
                    assert_eq!(found.rows.len(), found.table.rows());
                    assert_eq!(found.columns.len(), found.table.width());
                    assert!(found.rows.is_sorted());
                }
            }
            Err(error) => {
                refused += 1;
                let words = error.to_string();
                assert!(
                    words.starts_with("`test`") && words.ends_with('.'),
                    "{words}"
                );
            }
        }
        assert!(
            start.elapsed() < Duration::from_secs(2),
            "{:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
    (taken, refused)
}

#[test]
fn changed_texts_are_read_or_refused() {
    let (taken, refused) = run(1, Duration::from_secs(1));
    assert!(taken > 20 && refused > 0, "{taken} {refused}");
}

/// Five minutes of the same, or as many seconds as `TAGGANT_FUZZ_SECONDS` says, from a seed that `TAGGANT_FUZZ_SEED` may give.
#[test]
#[ignore = "minutes"]
fn changed_texts_for_minutes() {
    let number = |name: &str| std::env::var(name).ok().and_then(|v| v.parse().ok());
    let seconds = number("TAGGANT_FUZZ_SECONDS").unwrap_or(300);
    let seed = number("TAGGANT_FUZZ_SEED").unwrap_or(2);
    let (taken, refused) = run(seed, Duration::from_secs(seconds));
    println!("{taken} read, {refused} refused");
}
