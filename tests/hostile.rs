//! Files that attack the reader, through the program as people run it: one clear sentence each, exit code 2, under 512 MB and
//! 10 seconds, and nothing said of ours but that sentence.
//!
//! The files are made here by code, from the small fixtures that other programs wrote.

#[path = "hostile/archives.rs"]
mod archives;
#[path = "hostile/heavy.rs"]
mod heavy;
#[path = "hostile/records.rs"]
mod records;
mod support;
#[path = "hostile/texts.rs"]
mod texts;

use std::process::Stdio;
use std::time::{Duration, Instant};

use support::Desk;

/// A hostile file: its name, its bytes, and words that the sentence on it must have.
pub(crate) struct Hostile {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) words: &'static [&'static str],
    /// Whether it may also be read, being odd rather than broken.
    pub(crate) readable: bool,
}

pub(crate) fn refused(name: &str, bytes: Vec<u8>, words: &'static [&'static str]) -> Hostile {
    Hostile {
        name: name.to_string(),
        bytes,
        words,
        readable: false,
    }
}

pub(crate) fn odd(name: &str, bytes: Vec<u8>) -> Hostile {
    Hostile {
        readable: true,
        ..refused(name, bytes, &[])
    }
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    let path = format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap_or_else(|e| panic!("{name}: {e}"))
}

const MEMORY: u64 = 512 << 20;
/// Hundredths of a second.
const PROCESSOR: u64 = 1000;

/// A desk with one issued copy, so that a trace has something to trace to.
fn desk() -> Desk {
    let desk = Desk::new();
    desk.put("mothers.csv", support::mothers_csv(40));
    desk.issue("mothers.csv", &["North"], &[]).well();
    desk
}

/// What a process and its children took, as the system has counted it so far; nothing where it does not say.
#[derive(Clone, Copy, Default)]
struct Taken {
    /// Bytes of memory at the most, of the one that took most.
    memory: u64,
    /// Hundredths of a second on the processor, of all together: the clock would count what else the machine does.
    processor: u64,
}

impl Taken {
    fn of(process: u32) -> Taken {
        let read = |path: String| std::fs::read_to_string(path).unwrap_or_default();
        let peak = read(format!("/proc/{process}/status"))
            .lines()
            .find_map(|line| {
                line.strip_prefix("VmHWM:")?
                    .trim()
                    .strip_suffix(" kB")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0u64);
        let stat = read(format!("/proc/{process}/stat"));
        let behind_name = stat.rsplit(')').next().unwrap_or("");
        let ticks = behind_name.split_whitespace().skip(11).take(2);
        let own = Taken {
            memory: peak * 1024,
            processor: ticks.filter_map(|t| t.parse::<u64>().ok()).sum(),
        };
        let threads = std::fs::read_dir(format!("/proc/{process}/task"));
        threads
            .into_iter()
            .flatten()
            .flatten()
            .map(|thread| read(format!("{}/children", thread.path().display())))
            .flat_map(|list| {
                list.split_whitespace()
                    .filter_map(|c| c.parse().ok())
                    .collect::<Vec<_>>()
            })
            .map(Taken::of)
            .fold(own, |a, b| Taken {
                memory: a.memory.max(b.memory),
                processor: a.processor + b.processor,
            })
    }

    fn or_more(self, other: Taken) -> Taken {
        Taken {
            memory: self.memory.max(other.memory),
            processor: self.processor.max(other.processor),
        }
    }
}

/// Traces the file; the complaint, if any.
fn complaint(desk: &Desk, hostile: &Hostile) -> Option<String> {
    desk.put(&hostile.name, &hostile.bytes);
    let started = Instant::now();
    let mut child = desk
        .command(["trace", &hostile.name])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let mut most = Taken::default();
    while child.try_wait().expect("a child").is_none() {
        most = most.or_more(Taken::of(child.id()));
        std::thread::sleep(Duration::from_millis(3));
    }
    let out = child.wait_with_output().expect("output");
    std::fs::remove_file(desk.path(&hostile.name)).expect("to clear up");
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    println!(
        "{:<40} {:>10} bytes  {:>6.2} s by the clock, {:>5.2} s of work  {:>4} MB  exit {:?}  {}",
        hostile.name,
        hostile.bytes.len(),
        started.elapsed().as_secs_f64(),
        most.processor as f64 / 100.0,
        most.memory >> 20,
        out.status.code(),
        said.trim_end()
    );
    let mut wrong = Vec::new();
    if most.memory > MEMORY {
        wrong.push(format!("{} MB", most.memory >> 20));
    }
    if most.processor > PROCESSOR {
        wrong.push(format!("{} hundredths of a second", most.processor));
    }
    match out.status.code() {
        Some(0 | 1) if hostile.readable => (),
        Some(2) => {
            let one_line = said.starts_with("taggant: ") && said.matches('\n').count() == 1;
            if !one_line || !said.trim_end().ends_with('.') || said.contains("panic") {
                wrong.push("not one sentence".to_string());
            }
            if said.chars().count() > 500 || said.trim_end().contains(char::is_control) {
                wrong.push("not for people to read".to_string());
            }
            for word in hostile.words {
                if !said.contains(word) {
                    wrong.push(format!("does not say {word:?}"));
                }
            }
        }
        other => wrong.push(format!("exit {other:?}")),
    }
    (!wrong.is_empty()).then(|| format!("{}: {}: {said}", hostile.name, wrong.join(", ")))
}

#[track_caller]
fn all_are_refused(files: impl IntoIterator<Item = Hostile>) {
    let desk = desk();
    let complaints: Vec<String> = files
        .into_iter()
        .filter_map(|hostile| complaint(&desk, &hostile))
        .collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[test]
fn archives_and_their_parts() {
    all_are_refused(archives::files());
}

#[test]
fn compound_files_and_records() {
    all_are_refused(records::files());
}

#[test]
fn texts() {
    all_are_refused(texts::files());
}

#[test]
fn the_process_that_reads_is_not_for_people() {
    let desk = Desk::new();
    desk.refuses(2, &["read-suspect"], &["taggant trace LEAK"]);
}

#[test]
#[ignore = "makes files of gigabytes, inflated; some minutes"]
fn heavy_files() {
    all_are_refused(heavy::files());
}
