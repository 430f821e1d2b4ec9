//! What marking and tracing cost above the floor: a plain copy of the same file.
//!
//!     cargo bench --bench floor -- [--rows 40000] [--rounds 7] [--recipients 1000,10000] [--only csv|xlsx|trace]
//!
//! Everything is timed as a whole process, start and end included, and the jobs of a group take turns (A B C A B C ...) after
//! one untimed round, so a busy machine slows all of them: trust the ratios, which are medians of each turn's own ratio. The
//! floors are this executable run again as `copy-csv` or `copy-xlsx`: every record read and written, nothing done to it.
//! A vault with 10,000 recipients takes a while to make. What cannot be measured is listed with the reason.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use calamine::{DataRef, Reader, Xlsx};
use taggant::drill::leaks::{Encoding, to_csv_bytes, to_xlsx_bytes};
use taggant::drill::registers::Maternity;
use tempfile::TempDir;

#[path = "floor/process.rs"]
mod process;

use process::{Cost, succeeded};

const PROGRAM: &str = env!("CARGO_BIN_EXE_taggant");
/// Recipients in the run that shows what each further one costs.
const MANY: usize = 21;
/// Copies that lie in the temporary folder at once while a large vault is made.
const BATCH: usize = 50;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words[..] {
        ["copy-csv", from, to] => copy_csv(Path::new(from), Path::new(to)),
        ["copy-xlsx", from, to] => copy_xlsx(Path::new(from), Path::new(to)),
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

fn copy_csv(from: &Path, to: &Path) -> Result<()> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_path(from)?;
    let mut writer = csv::Writer::from_path(to)?;
    let mut record = csv::ByteRecord::new();
    while reader.read_byte_record(&mut record)? {
        writer.write_byte_record(&record)?;
    }
    Ok(writer.flush()?)
}

fn copy_xlsx(from: &Path, to: &Path) -> Result<()> {
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(File::open(from)?))?;
    let name = book.sheet_names().first().cloned().context("no sheet")?;
    let mut cells = book.worksheet_cells_reader(&name)?;
    let mut copy = rust_xlsxwriter::Workbook::new();
    let sheet = copy.add_worksheet_with_constant_memory()?;
    while let Some(cell) = cells.next_cell()? {
        let (row, column) = cell.get_position();
        let column = u16::try_from(column)?;
        match cell.get_value() {
            DataRef::SharedString(text) => sheet.write_string(row, column, *text)?,
            DataRef::String(text) => sheet.write_string(row, column, text)?,
            DataRef::Float(number) => sheet.write_number(row, column, *number)?,
            DataRef::DateTime(day) => sheet.write_number(row, column, day.as_f64())?,
            DataRef::Empty => continue,
            other => bail!("the floor copies text and numbers, and here is {other:?}"),
        };
    }
    Ok(copy.save(to)?)
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
                "--only" if ["csv", "xlsx", "trace"].contains(value) => {
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
        bench.against_floor("csv", "copy-csv", &csv);
    }
    if settings.wants("xlsx") {
        let xlsx = work.path().join("register.xlsx");
        fs::write(&xlsx, to_xlsx_bytes(&register)?)?;
        bench.against_floor("xlsx", "copy-xlsx", &xlsx);
    }
    if settings.wants("trace") {
        bench.traces(&csv, &settings.recipients);
    }
    Ok(())
}

struct Bench<'a> {
    work: &'a Path,
    rounds: usize,
}

impl Bench<'_> {
    /// The plain copy, an issue to one recipient and one to many, taking turns.
    fn against_floor(&self, format: &str, copy: &str, table: &Path) {
        let mut floors = Vec::new();
        let mut ones = Vec::new();
        let mut manies = Vec::new();
        let floor_job = format!("floor: plain {format} copy");
        let mut floor_peak = None;
        let mut refused = None;
        // The first turn is not timed: it warms the caches and watches the memory.
        for turn in 0..=self.rounds {
            let watch = turn == 0;
            match self.floor(copy, table, watch) {
                Ok(cost) if watch => floor_peak = cost.peak_kb,
                Ok(cost) => floors.push(cost.seconds),
                Err(e) => return Line::skipped(floor_job, &e).print(),
            }
            if refused.is_some() {
                continue;
            }
            match (self.issue(table, 1, watch), self.issue(table, MANY, watch)) {
                (Ok(one), Ok(many)) => {
                    ones.push(one);
                    manies.push(many);
                }
                (Err(e), _) | (_, Err(e)) => refused = Some(e),
            }
        }
        let line = |job: String, seconds: Vec<f64>, peak_kb, ratio| Line {
            job,
            cost: Some(Cost {
                seconds: median(seconds),
                peak_kb,
            }),
            ratio,
            note: String::new(),
        };
        line(floor_job, floors.clone(), floor_peak, Some(1.0)).print();
        let issue_job = format!("issue {format}, 1 recipient, new vault");
        if let Some(e) = refused {
            return Line::skipped(issue_job, &e).print();
        }
        let peaks = (ones.remove(0).peak_kb, manies.remove(0).peak_kb);
        let one: Vec<f64> = ones.iter().map(|cost| cost.seconds).collect();
        let further: Vec<f64> = manies
            .iter()
            .zip(&one)
            .map(|(many, one)| (many.seconds - one) / (MANY - 1) as f64)
            .collect();
        let over = |times: &[f64]| {
            let ratios = times.iter().zip(&floors).map(|(time, floor)| time / floor);
            Some(median(ratios.collect()))
        };
        let (one_ratio, further_ratio) = (over(&one), over(&further));
        line(issue_job, one, peaks.0, one_ratio).print();
        let further_job = format!("issue {format}, each further of {MANY} recipients");
        line(further_job, further, peaks.1, further_ratio).print();
    }

    fn floor(&self, copy: &str, table: &Path, watch: bool) -> Result<Cost> {
        let to = self.work.join("floor.out");
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(copy).arg(table).arg(&to);
        let (cost, output) = self.run(command, watch)?;
        succeeded(&output, "the plain copy")?;
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
        let leak = fs::read_dir(place.join("leak"))?
            .next()
            .context("the leak is gone")??
            .path();
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
