//! Other people's workbooks, as many as there are: each is opened, and every table in it is written again with cells altered
//! and rows put in, or refused in a sentence. No policy is asked, so that it reaches what `issue` would not take for a register.
//!
//! TAGGANT_CORPUS names a folder of workbooks (the source packages of LibreOffice, Apache POI and Excel::Writer::XLSX hold
//! well over a thousand), TAGGANT_CORPUS_OUT one for the copies, which `benches/workbooks/compare.py --lines` then takes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use taggant::table::{self, Edits, Limits, Line, Replaced, Source};

/// Numbers that look drawn, the same every time.
struct Dice(u64);

impl Dice {
    fn upto(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
}

fn workbooks(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("the corpus") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            workbooks(&path, found);
        } else if path.extension().is_some_and(|e| e == "xlsx" || e == "xlsm") {
            found.push(path);
        }
    }
}

/// One cell in seven says what another row says in that column, and two rows are put in that are made of others' cells; every
/// third table also has two rows changing places.
fn edits(source: &Source, dice: &mut Dice) -> Edits<'static> {
    let (rows, width) = (source.table.rows(), source.table.width());
    let computed = source.computed();
    let mut edits = Edits::default();
    for row in 0..rows {
        for column in (0..width).filter(|c| !computed.contains(c)) {
            let from = dice.upto(rows);
            let text = source.table.cell(from, column);
            let now = source.table.cell(row, column);
            if dice.upto(7) == 0 && text != now && !text.is_empty() && !now.is_empty() {
                edits.replaced.push(Replaced {
                    row: row as u32,
                    column: column as u32,
                    text: Cow::Owned(text.to_string()),
                });
            }
        }
    }
    edits.lines = (0..rows as u32).map(Line::Kept).collect();
    if !source.pins_order() && dice.upto(3) == 0 && rows > 3 {
        let at = dice.upto(rows - 1);
        edits.lines.swap(at, at + 1);
    }
    for number in 0..2 {
        let mut cells = Vec::new();
        for column in 0..width {
            cells.push(source.table.cell(dice.upto(rows), column).to_string());
        }
        edits.inserted.push(cells);
        let at = dice.upto(edits.lines.len() + 1);
        edits.lines.insert(at, Line::Inserted(number));
    }
    edits
}

/// What became of one table of a workbook, in a word or a sentence.
fn outcome(source: &Source, copy: &Path, dice: &mut Dice) -> String {
    let made = catch_unwind(AssertUnwindSafe(|| {
        if source.table.rows() == 0 {
            return Ok(None);
        }
        source.ready()?;
        let edits = edits(source, dice);
        table::rewrite(source, &edits, copy)?;
        Ok(Some(edits))
    }));
    match made {
        Err(_) => "PANIC".to_string(),
        Ok(Err(error)) => {
            let error: taggant::error::Error = error;
            let _ = std::fs::remove_file(copy);
            format!("refused: {error}")
        }
        Ok(Ok(None)) => "no rows".to_string(),
        Ok(Ok(Some(edits))) => {
            let lines: Vec<i64> = edits
                .lines
                .iter()
                .map(|line| match line {
                    Line::Kept(row) => i64::from(*row),
                    Line::Inserted(_) => -1,
                })
                .collect();
            let map = serde_json::json!({
                "sheet": source.sheet, "first": source.first_data_row, "lines": lines,
            });
            std::fs::write(copy.with_extension("json"), map.to_string()).expect("the map");
            "written".to_string()
        }
    }
}

#[test]
#[ignore = "needs a folder of other people's workbooks"]
fn every_workbook_is_written_or_refused_in_words() {
    let folder = |name: &str| PathBuf::from(std::env::var_os(name).expect(name));
    let (corpus, out) = (folder("TAGGANT_CORPUS"), folder("TAGGANT_CORPUS_OUT"));
    std::fs::create_dir_all(&out).expect("a folder for copies");
    let mut paths = Vec::new();
    workbooks(&corpus, &mut paths);
    paths.sort();
    assert!(!paths.is_empty(), "no workbook in {}", corpus.display());
    let mut tally: BTreeMap<String, usize> = BTreeMap::new();
    let mut bad = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        let mut told = |what: String| {
            println!("{at:05}\t{}\t{what}", path.display());
            let word = what.split(':').next().unwrap_or_default().to_string();
            *tally.entry(word).or_default() += 1;
            let file = path.file_name().expect("a name").to_string_lossy();
            let sentences = what.matches(['.', '!']).count() >= 2;
            if what == "PANIC"
                || what.starts_with("refused") && !(what.contains(&*file) && sentences)
            {
                bad.push(format!("{}: {what}", path.display()));
            }
        };
        let opened = catch_unwind(|| table::open(path, &Limits::default()));
        match opened {
            Err(_) => told("PANIC".into()),
            Ok(Err(error)) => told(format!("refused to open: {error}")),
            Ok(Ok(sources)) => {
                for (sheet, source) in sources.iter().enumerate() {
                    let mut dice = Dice(0x9E37_79B9 ^ (at as u64 + 1) << 20 ^ sheet as u64);
                    let copy = out.join(format!("{at:05}-{sheet}.xlsx"));
                    told(outcome(source, &copy, &mut dice));
                }
            }
        }
    }
    println!("{tally:?}");
    assert!(bad.is_empty(), "{bad:#?}");
}
