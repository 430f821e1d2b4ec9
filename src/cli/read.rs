//! `taggant read-suspect`: the process in which a trace has hostile workbooks taken apart. Not for people.

use std::process::ExitCode;

use taggant::error::Result;
use taggant::intake::child::{self, Allowance};

/// The command's name, by which a trace calls it.
pub const NAME: &str = "read-suspect";

pub fn run() -> Result<ExitCode> {
    // what a library says when it panics is for its makers, and may hold what the file holds
    std::panic::set_hook(Box::new(|_| ()));
    let mut input = std::io::stdin().lock();
    let mut output = std::io::BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    child::serve(&mut input, &mut output, limit_self)?;
    Ok(ExitCode::SUCCESS)
}

/// Asks the system to hold this process to its allowance. What it cannot hold, it cannot; the parent's clock still does.
#[cfg(unix)]
fn limit_self(allowance: Allowance) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let most = |n: u64| Rlimit {
        current: Some(n),
        maximum: Some(n),
    };
    let processor = Rlimit {
        current: Some(allowance.processor),
        maximum: Some(allowance.processor + 1),
    };
    let _ = setrlimit(Resource::As, most(allowance.memory));
    let _ = setrlimit(Resource::Cpu, processor);
    let _ = setrlimit(Resource::Core, most(0));
    let _ = setrlimit(Resource::Fsize, most(0));
}

#[cfg(not(unix))]
fn limit_self(_: Allowance) {}
