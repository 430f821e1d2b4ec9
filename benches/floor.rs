//! What marking and tracing cost above the floor: a plain copy of the same file.
//!
//!     cargo bench --bench floor -- [--rows 40000] [--rounds 7] [--recipients 1000,10000] [--only csv|xlsx|large|trace]
//!
//! Everything is timed as a whole process, start and end included, and the jobs of a group take turns (A B C A B C ...) after
//! one untimed round, so a busy machine slows all of them: trust the ratios, which are medians of each turn's own ratio. The
//! floors are this executable run again: `copy-csv` and `copy-xlsx` read and write every record with nothing done to it, and
//! `compress-parts` compresses, on one core, the parts of a workbook that a copy changes. The workbook of the group `large` has a
//! million rows of nine columns. A vault with 10,000 recipients takes a while to make. What cannot be measured is listed with
//! the reason.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use taggant::drill::leaks::{Encoding, to_csv_bytes};
use taggant::drill::registers::{MATERNITY_COLUMNS, Maternity};
use tempfile::TempDir;

#[path = "floor/plain.rs"]
mod plain;
#[path = "floor/process.rs"]
mod process;
#[path = "floor/workbook.rs"]
mod workbook;

use process::{Cost, succeeded};

const PROGRAM: &str = env!("CARGO_BIN_EXE_taggant");
/// Recipients in the run that shows what each further one costs.
const MANY: usize = 21;
/// Copies that lie in the temporary folder at once while a large vault is made.
const BATCH: usize = 50;
/// Rows of the large workbook, and its columns.
const LARGE_ROWS: usize = 1_000_000;
const LARGE_COLUMNS: [&str; 9] = [
    "姓名",
    "身份证号",
    "出生日期",
    "手机号",
    "现住址",
    "末次月经",
    "建档日期",
    "建档医院",
    "孕前体重",
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["copy-csv", from, to] => plain::copy_csv(Path::new(from), Path::new(to)),
        ["copy-xlsx", from, to] => plain::copy_xlsx(Path::new(from), Path::new(to)),
        ["compress-parts", from, to] => plain::compress_parts(Path::new(from), Path::new(to)),
        // `cargo bench` says so; `cargo test --all-targets` runs this executable too and does not.
        _ if words.contains(&"--bench") => Settings::parse(&words).and_then(|s| measure(&s)),
        _ => {
            eprintln!("floor: nothing measured. Run `cargo bench --bench floor`.");
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("floor: {e:#}");
            ExitCode::FAILURE
        }
    }
}

struct Settings {
    rows: usize,
    rounds: usize,
    recipients: Vec<usize>,
    only: Option<String>,
}

impl Settings {
    fn parse(words: &[&str]) -> Result<Settings> {
        let mut settings = Settings {
            rows: 40_000,
            rounds: 7,
            recipients: vec![1_000, 10_000],
            only: None,
        };
        let mut words = words.iter().filter(|word| **word != "--bench");
        while let Some(option) = words.next() {
            let value = words
                .next()
                .with_context(|| format!("{option} needs a value"))?;
            match *option {
                "--rows" => settings.rows = value.parse()?,
                "--rounds" => settings.rounds = value.parse::<usize>()?.max(1),
                "--recipients" => {
                    settings.recipients = value
                        .split(',')
                        .map(str::parse)
                        .collect::<std::result::Result<_, _>>()?;
                    settings.recipients.sort_unstable();
                }
                "--only" if ["csv", "xlsx", "large", "trace"].contains(value) => {
                    settings.only = Some((*value).to_owned());
                }
                _ => bail!("`{option} {value}` is unknown; see the head of benches/floor.rs"),
            }
        }
        Ok(settings)
    }

    fn wants(&self, group: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == group)
    }
}

/// A line of the report.
struct Line {
    job: String,
    cost: Option<Cost>,
    ratio: Option<f64>,
    note: String,
}

impl Line {
    fn skipped(job: impl Into<String>, why: &anyhow::Error) -> Line {
        Line {
            job: job.into(),
            cost: None,
            ratio: None,
            note: format!("skipped: {why:#}").replace(['\n', '|'], " "),
        }
    }

    fn print(&self) {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        let seconds = self.cost.map(|cost| format!("{:.3}", cost.seconds));
        let peak = self.cost.and_then(|cost| cost.peak_kb);
        println!(
            "| {} | {} | {} | {} | {} |",
            self.job,
            or_dash(seconds),
            or_dash(self.ratio.map(|ratio| format!("{ratio:.2}"))),
            or_dash(peak.map(|kb| format!("{:.1}", kb as f64 / 1024.0))),
            self.note
        );
    }
}

fn measure(settings: &Settings) -> Result<()> {
    let work = TempDir::new()?;
    let register = Maternity {
        rows: settings.rows,
        seed: 1,
    }
    .month(0);
    let csv = work.path().join("register.csv");
    fs::write(&csv, to_csv_bytes(&register, Encoding::Utf8Bom))?;
    println!(
        "{} rows x {} columns, {} rounds\n",
        register.rows(),
        register.width(),
        settings.rounds
    );
    println!("| job | median s | times the floor | peak MB | |\n|---|---|---|---|---|");
    let bench = Bench {
        work: work.path(),
        rounds: settings.rounds,
    };
    if settings.wants("csv") {
        bench.csv(&csv);
    }
    if settings.wants("xlsx") {
        let table = work.path().join("register.xlsx");
        workbook::write(&register, &MATERNITY_COLUMNS, &table)?;
        bench.xlsx(&table);
    }
    if settings.wants("large") {
        let rows = LARGE_ROWS;
        let table = work.path().join("large.xlsx");
        let register = Maternity { rows, seed: 1 }.month(0);
        workbook::write(&register, &LARGE_COLUMNS, &table)?;
        drop(register);
        bench.large(&table);
        fs::remove_file(table)?;
    }
    if settings.wants("trace") {
        bench.traces(&csv, &settings.recipients);
    }
    Ok(())
}

/// What a job took in each timed round, and its memory.
struct Took {
    seconds: Vec<f64>,
    peak_kb: Option<u64>,
}

impl Took {
    /// The median of how many times as long as `floor` it took, turn by turn.
    fn over(&self, floor: &Took) -> f64 {
        let pairs = self.seconds.iter().zip(&floor.seconds);
        median(pairs.map(|(time, floor)| time / floor).collect())
    }

    /// What each of the further copies took, where `one` is the job with the first alone.
    fn further(&self, one: &Took) -> Took {
        let pairs = self.seconds.iter().zip(&one.seconds);
        let further = pairs.map(|(many, one)| (many - one) / (MANY - 1) as f64);
        Took {
            seconds: further.collect(),
            peak_kb: self.peak_kb,
        }
    }

    fn print(&self, job: &str, ratio: f64, note: &str) {
        let line = Line {
            job: job.to_owned(),
            cost: Some(Cost {
                seconds: median(self.seconds.clone()),
                peak_kb: self.peak_kb,
            }),
            ratio: Some(ratio),
            note: note.to_owned(),
        };
        line.print();
    }
}

/// A job, to be watched or to be timed.
type Job<'a> = &'a dyn Fn(bool) -> Result<Cost>;

struct Bench<'a> {
    work: &'a Path,
    rounds: usize,
}

impl Bench<'_> {
    /// Runs the jobs in turns. The first turn is not timed: it warms the caches and watches the memory.
    fn in_turns<const N: usize>(&self, jobs: [Job<'_>; N]) -> Result<[Took; N]> {
        let mut took = std::array::from_fn(|_| Took {
            seconds: Vec::new(),
            peak_kb: None,
        });
        for turn in 0..=self.rounds {
            for (job, took) in jobs.iter().zip(&mut took) {
                let cost = job(turn == 0)?;
                match turn {
                    0 => took.peak_kb = cost.peak_kb,
                    _ => took.seconds.push(cost.seconds),
                }
            }
        }
        Ok(took)
    }

    fn csv(&self, table: &Path) {
        let taken = self.in_turns([
            &|watch| self.floor("copy-csv", table, watch),
            &|watch| self.issue(table, 1, watch),
            &|watch| self.issue(table, MANY, watch),
        ]);
        let [floor, one, many] = match taken {
            Ok(took) => took,
            Err(e) => return Line::skipped("issue csv", &e).print(),
        };
        floor.print("floor: plain csv copy", 1.0, "");
        one.print("issue csv, 1 recipient, new vault", one.over(&floor), "");
        let further = many.further(&one);
        let job = format!("issue csv, each further of {MANY} recipients");
        further.print(&job, further.over(&floor), "");
    }

    fn xlsx(&self, table: &Path) {
        let taken = self.parts(table).and_then(|place| {
            let parts = place.path().join("parts");
            self.in_turns([
                &|watch| self.floor("copy-xlsx", table, watch),
                &|watch| self.issue(table, 1, watch),
                &|watch| self.issue(table, MANY, watch),
                &|watch| self.floor("compress-parts", &parts, watch),
            ])
        });
        let [floor, one, many, parts] = match taken {
            Ok(took) => took,
            Err(e) => return Line::skipped("issue xlsx", &e).print(),
        };
        floor.print("floor: plain xlsx copy", 1.0, "");
        one.print("issue xlsx, 1 recipient, new vault", one.over(&floor), "");
        parts.print("floor: compression of what a copy changes", 1.0, "");
        let further = many.further(&one);
        let job = format!("issue xlsx, each further of {MANY} recipients");
        further.print(&job, further.over(&parts), "over that compression");
    }

    fn large(&self, table: &Path) {
        let taken = self.in_turns([&|watch| self.floor("copy-xlsx", table, watch), &|watch| {
            self.issue(table, 1, watch)
        }]);
        let [floor, one] = match taken {
            Ok(took) => took,
            Err(e) => return Line::skipped("issue xlsx of a million rows", &e).print(),
        };
        let size = format!("{LARGE_ROWS} rows x {} columns", LARGE_COLUMNS.len());
        floor.print("floor: plain copy of a large xlsx", 1.0, &size);
        let job = "issue large xlsx, 1 recipient, new vault";
        one.print(job, one.over(&floor), &size);
    }

    /// A place with, in `parts`, what a copy changes in the workbook.
    fn parts(&self, table: &Path) -> Result<TempDir> {
        let place = self.first_copy(table)?;
        let copy = leak_in(place.path())?;
        workbook::extract_changed(&copy, &place.path().join("parts"))?;
        Ok(place)
    }

    fn floor(&self, job: &str, from: &Path, watch: bool) -> Result<Cost> {
        let to = self.work.join("floor.out");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(job).arg(from).arg(&to);
        let (cost, output) = self.run(command, watch)?;
        succeeded(&output, &format!("`{job}`"))?;
        fs::remove_file(to)?;
        Ok(cost)
    }

    /// One issue to so many recipients in a vault of its own, made before the clock starts.
    fn issue(&self, table: &Path, recipients: usize, watch: bool) -> Result<Cost> {
        let place = TempDir::new_in(self.work)?;
        let vault = self.new_vault(place.path())?;
        let out = place.path().join("out");
        self.issue_to(table, &vault, &out, 0..recipients, watch)
    }

    fn new_vault(&self, place: &Path) -> Result<PathBuf> {
        let vault = place.join("vault");
        let mut command = self.taggant("init");
        command.arg("--vault").arg(&vault);
        let (_, output) = self.run(command, false)?;
        succeeded(&output, "`taggant init`")?;
        ensure!(vault.is_dir(), "`taggant init` made no vault");
        Ok(vault)
    }

    fn issue_to(
        &self,
        table: &Path,
        vault: &Path,
        out: &Path,
        recipients: std::ops::Range<usize>,
        watch: bool,
    ) -> Result<Cost> {
        let mut command = self.taggant("issue");
        command.arg(table);
        if recipients.len() == 1 {
            command.arg("--to").arg(partner(recipients.start));
        } else {
            let names: Vec<String> = recipients.clone().map(partner).collect();
            let list = self.work.join("recipients.txt");
            fs::write(&list, names.join("\n") + "\n")?;
            command.arg("--recipients").arg(list);
        }
        command.arg("--out").arg(out).arg("--vault").arg(vault);
        let (cost, output) = self.run(command, watch)?;
        succeeded(&output, "`taggant issue`")?;
        let copies = fs::read_dir(out).map_or(0, Iterator::count);
        ensure!(
            copies == recipients.len(),
            "`taggant issue` to {} recipients left {copies} copies",
            recipients.len()
        );
        Ok(cost)
    }

    /// Traces of one leaked copy against a vault that grows from one number of recipients to the next.
    fn traces(&self, table: &Path, populations: &[usize]) {
        let job = |recipients: usize| format!("trace of one whole copy, {recipients} recipients");
        let place = match self.first_copy(table) {
            Ok(place) => place,
            Err(e) => return Line::skipped("trace of one whole copy", &e).print(),
        };
        let mut issued = 1;
        for recipients in populations {
            let grown = self.grow(table, place.path(), &mut issued, *recipients);
            match grown.and_then(|()| self.trace(place.path(), job(*recipients))) {
                Ok(line) => line.print(),
                Err(e) => Line::skipped(job(*recipients), &e).print(),
            }
        }
    }

    /// A place with a vault and, in `leak`, the first recipient's copy.
    fn first_copy(&self, table: &Path) -> Result<TempDir> {
        let place = TempDir::new_in(self.work)?;
        let vault = self.new_vault(place.path())?;
        self.issue_to(table, &vault, &place.path().join("leak"), 0..1, false)?;
        Ok(place)
    }

    fn grow(&self, table: &Path, place: &Path, issued: &mut usize, to: usize) -> Result<()> {
        let start = Instant::now();
        while *issued < to {
            let next = to.min(*issued + BATCH);
            let out = TempDir::new_in(self.work)?;
            let copies = out.path().join("copies");
            self.issue_to(table, &place.join("vault"), &copies, *issued..next, false)?;
            *issued = next;
        }
        eprintln!(
            "floor: the vault has {issued} recipients after {:.0} s more",
            start.elapsed().as_secs_f64()
        );
        Ok(())
    }

    fn trace(&self, place: &Path, job: String) -> Result<Line> {
        let leak = leak_in(place)?;
        let mut seconds = Vec::new();
        let mut peak_kb = None;
        let mut note = String::new();
        for turn in 0..=self.rounds.min(3) {
            let mut command = self.taggant("trace");
            command.arg(&leak).arg("--vault").arg(place.join("vault"));
            command.args(["--format", "json"]);
            let (cost, output) = self.run(command, turn == 0)?;
            // 1 says that the trace is complete and nobody was named: slow or fast, it must be told.
            if output.status.code() != Some(1) {
                succeeded(&output, "`taggant trace`")?;
            }
            if turn == 0 {
                peak_kb = cost.peak_kb;
                note = who_was_named(&output.stdout)?;
            } else {
                seconds.push(cost.seconds);
            }
        }
        Ok(Line {
            job,
            cost: Some(Cost {
                seconds: median(seconds),
                peak_kb,
            }),
            ratio: None,
            note,
        })
    }

    fn taggant(&self, subcommand: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        command.arg(subcommand).env_remove("TAGGANT_VAULT");
        command
    }

    fn run(&self, command: Command, watch: bool) -> Result<(Cost, Output)> {
        process::run(command, self.work, watch)
    }
}

/// The copy that was made by [`Bench::first_copy`].
fn leak_in(place: &Path) -> Result<PathBuf> {
    let mut copies = fs::read_dir(place.join("leak"))?;
    Ok(copies.next().context("the leak is gone")??.path())
}

/// The recipient of this number; the leaked copy is that of number 0.
fn partner(number: usize) -> String {
    format!("Partner {number:05}")
}

fn who_was_named(json: &[u8]) -> Result<String> {
    let report: serde_json::Value =
        serde_json::from_slice(json).context("`taggant trace` printed no JSON")?;
    let first = &report["sources"][0];
    let scored = &report["recipients_scored"];
    Ok(match first["recipient"].as_str() {
        Some(name) if name == partner(0) => {
            format!("right one of {scored} named, log10 E {}", first["log10_e"])
        }
        Some(name) => format!("WRONG: {name} named"),
        None => format!("WRONG: nobody of {scored} named"),
    })
}

/// The median; of an even number, the mean of the two in the middle.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}
