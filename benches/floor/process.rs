//! Runs one process to its end, and tells what it took.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

const GNU_TIME: &str = "/usr/bin/time";

/// What one process took.
#[derive(Clone, Copy)]
pub struct Cost {
    pub seconds: f64,
    pub peak_kb: Option<u64>,
}

/// Runs a process to its end. Watching its memory costs a little time, so a watched run is not timed for the report.
pub fn run(command: Command, work: &Path, watch: bool) -> Result<(Cost, Output)> {
    let timed = |mut command: Command| -> Result<(f64, Output)> {
        let start = Instant::now();
        let output = command.current_dir(work).output();
        let output = output.with_context(|| format!("cannot run {command:?}"))?;
        Ok((start.elapsed().as_secs_f64(), output))
    };
    if !watch {
        let (seconds, output) = timed(command)?;
        let cost = Cost {
            seconds,
            peak_kb: None,
        };
        return Ok((cost, output));
    }
    if !Path::new(GNU_TIME).exists() {
        return run_polled(command, work);
    }
    let said = work.join("peak.txt");
    let mut watched = Command::new(GNU_TIME);
    watched.args(["-q", "-f", "%M", "-o"]).arg(&said);
    watched.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => watched.env(name, value),
            None => watched.env_remove(name),
        };
    }
    let (seconds, output) = timed(watched)?;
    let peak_kb = fs::read_to_string(&said)?.trim().parse().ok();
    Ok((Cost { seconds, peak_kb }, output))
}

/// Reads the high-water mark from /proc while the process runs, and so may miss what it took in its last moments.
fn run_polled(mut command: Command, work: &Path) -> Result<(Cost, Output)> {
    let start = Instant::now();
    // Files, not pipes: nobody empties a pipe while this loop sleeps.
    let (out, err) = (work.join("out.txt"), work.join("err.txt"));
    let mut child = command
        .current_dir(work)
        .stdout(File::create(&out)?)
        .stderr(File::create(&err)?)
        .stdin(Stdio::null())
        .spawn()?;
    let status_file = format!("/proc/{}/status", child.id());
    let mut peak_kb = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kb = mark.and_then(|mark| mark.trim().strip_suffix(" kB")?.parse().ok());
        peak_kb = peak_kb.max(kb);
        std::thread::sleep(Duration::from_millis(2));
    };
    let cost = Cost {
        seconds: start.elapsed().as_secs_f64(),
        peak_kb,
    };
    let output = Output {
        status,
        stdout: fs::read(out)?,
        stderr: fs::read(err)?,
    };
    Ok((cost, output))
}

/// Refuses a process that failed, with the first thing that it said.
pub fn succeeded(output: &Output, what: &str) -> Result<()> {
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let first = said.lines().next().unwrap_or("it said nothing").to_owned();
    bail!("{what} ended with {}: {first}", output.status)
}
