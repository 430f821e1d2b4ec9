//! `taggant demo`: the whole story on a made-up register.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use sha2::{Digest, Sha256};
use taggant::drill::leaks::{
    DateForm, Repeats, drop_columns, join, redate, rename, shuffle_columns, shuffle_rows, take_rows,
};
use taggant::drill::leaks::{Encoding, to_csv_bytes};
use taggant::drill::registers::Maternity;
use taggant::error::{Error, Result};
use taggant::issue::which;
use taggant::issue::{Issue, Request};
use taggant::report::{Answer, LeakReport, human, issuing};
use taggant::table::{self, Limits, Table};
use taggant::trace::run::Tracer;
use taggant::trace::units::Alpha;
use taggant::vault::Vault;

use super::batch::{Account, Batch};
use super::{terminal, trace};

const MONTHS: [&str; 6] = ["March", "April", "May", "June", "July", "August"];
const ROWS: usize = 3_000;
const HOSPITALS: usize = 70;
const CULPRIT: usize = 36;

pub fn run() -> Result<ExitCode> {
    let begun = Instant::now();
    let folder = tempfile::tempdir().map_err(Error::io("make", Path::new("a temporary folder")))?;
    let dir = folder.path();
    let write = |name: &str, table: &Table| {
        let path = dir.join(name);
        std::fs::write(&path, to_csv_bytes(table, Encoding::Utf8Bom))
            .map_err(Error::io("write", &path))
            .map(|()| path)
    };
    let mut vault = Vault::create(&dir.join(".taggant"), None)?;
    let hospitals: Vec<String> = (1..=HOSPITALS)
        .map(|n| format!("Hospital {n:02}"))
        .collect();
    tell(&format!(
        "A city keeps a register of expectant mothers (made up here), and sends it every month to {HOSPITALS} hospitals.\n\
         $ taggant issue March.csv --recipients hospitals.txt --out copies    (and so until August)\n"
    ))?;
    let register = Maternity {
        rows: ROWS,
        seed: 7,
    };
    let bar = terminal::progress(MONTHS.len() * HOSPITALS, "issuing");
    let mut leaked: Vec<Table> = Vec::new();
    let (mut copies, mut cells, mut canaries) = (0, 0, 0);
    for (month, label) in MONTHS.iter().enumerate() {
        let path = write(&format!("{label}.csv"), &register.month(month))?;
        let (name, bytes) = table::load(&path, &Limits::default())?;
        let source_sha256 = Sha256::digest(&bytes).into();
        let sources = table::from_bytes(&name, bytes, &Limits::default())?;
        let source = which::choose_one(sources, None, &name)?;
        let request = Request {
            recipients: hospitals.clone(),
            out: dir.join("copies"),
            stem: label.to_string(),
            source_sha256,
            ..Request::default()
        };
        let issue = Issue::prepare(&mut vault, &source, request)?;
        if month == 0 {
            tell(&indented(&issuing::plan(&issue.plan())))?;
        }
        let issued = issue.run(&|done| bar.set_position((month * HOSPITALS + done) as u64))?;
        copies += issued.len();
        cells += issued.iter().map(|i| i.cells_altered).sum::<usize>();
        canaries += issued.iter().map(|i| i.canaries).sum::<usize>();
        if let Some(copy) = issued.get(CULPRIT) {
            leaked.extend(
                table::open(&copy.path, &Limits::default())?
                    .into_iter()
                    .map(|s| s.table),
            );
        }
    }
    bar.finish_and_clear();
    tell(&format!(
        "  {copies} copies in {:.1} s: {} cells altered and {} canaries in each, on average\n\n\
         One hospital's copies of all six months are joined, cut to 400 rows, stripped of the running number, the ID, the dates of\n\
         registration and the weeks, shuffled both ways, given new headers and dates, and sold.\n\
         $ taggant trace seized.csv",
        begun.elapsed().as_secs_f64(),
        cells / copies.max(1),
        canaries / copies.max(1)
    ))?;
    let months: Vec<&Table> = leaked.iter().collect();
    let joined = take_rows(&join(&months, Repeats::Drop), 400, 3);
    let cut = drop_columns(
        &joined,
        &["序号", "身份证号", "建档日期", "孕周", "年龄", "出生日期"],
    )?;
    let dressed = redate(&cut, &["末次月经", "预产期"], DateForm::Slashes)?;
    let renamed = rename(
        &dressed,
        &[
            ("手机号", "tel"),
            ("姓名", "客户"),
            ("末次月经", "d1"),
            ("预产期", "d2"),
        ],
    )?;
    let seized = shuffle_columns(&shuffle_rows(&renamed, 5), 5);
    let path = write("seized.csv", &seized)?;
    let tracer = Tracer::new(&vault)?;
    let traced = Instant::now();
    let mut report = the_trace(&tracer, &mut vault, &path)?;
    report.path = "seized.csv".into();
    tell(&indented(&human::trace(&report)))?;
    tell(&format!(
        "  (traced in {:.2} s, against {HOSPITALS} hospitals)\n",
        traced.elapsed().as_secs_f64()
    ))?;
    let mut original = the_trace(&tracer, &mut vault, &dir.join("June.csv"))?;
    original.path = "June.csv".into();
    tell(&format!(
        "And the agency's own June, which nobody was given:\n$ taggant trace June.csv\n  {}",
        human::headline(&original.path, &original.outcome)
    ))?;
    tell(&format!(
        "\nIt was {}. Everything stood in a temporary folder and is gone.",
        hospitals[CULPRIT]
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(text: &str) -> Result<()> {
    terminal::tell(&format!("{text}\n"))
}

fn indented(text: &str) -> String {
    text.lines()
        .map(|line| {
            if line.is_empty() {
                String::from("\n")
            } else {
                format!("  {}\n", line.strip_prefix("  ").unwrap_or(line))
            }
        })
        .collect()
}

/// The trace of a file that holds one leak.
fn the_trace(tracer: &Tracer, vault: &mut Vault, path: &Path) -> Result<LeakReport> {
    let key = &vault.key;
    let batch = Batch {
        trace: &|threads, found| {
            let outcome = tracer.trace_found(threads, key, found, Alpha::DEFAULT);
            (outcome, None)
        },
        reading: &trace::reading(),
        jobs: 1,
        in_order: true,
        progress: &|_| (),
    };
    let mut answer = None;
    let mut account = Account::open(&mut vault.ledger)?;
    batch.run(&[Ok(path.to_path_buf())], &mut account, |found| {
        answer = Some(found);
        Ok(true)
    })?;
    match answer {
        Some(Answer::Traced(report)) => Ok(*report),
        Some(Answer::Unread(unread)) => Err(Error::input(unread.reason)),
        None => Err(Error::input(format!("`{}` holds nothing.", path.display()))),
    }
}
