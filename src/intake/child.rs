//! Hostile workbooks are taken apart in a process of their own.
//!
//! A reader of ours may be right and still be led to take more memory than there is, and then the system ends the process that
//! asked. So that this is never the trace itself, the file goes to a child by its standard input and comes back as tables by its
//! standard output. The child limits itself before it reads a byte of the file: memory in proportion to the file, time on the
//! processor, no files, no core dump. It is ended when it takes too long by the clock.
//!
//! On systems without such limits (Windows) the child runs all the same: its end is not ours, and the clock holds.

use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::table::{self, Contents, Limits, Password};

const MAGIC: &[u8] = b"taggant suspect 1\n";
const MIB: u64 = 1 << 20;

/// What the process that reads a file of a given size may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes of address space.
    pub memory: u64,
    /// Seconds on the processor.
    pub processor: u64,
    /// Seconds by the clock; more, since the machine may be busy with other things.
    pub clock: u64,
}

impl Allowance {
    /// For a file of so many bytes. A workbook of a million rows and ten columns is some 64 MiB, and takes 700 MiB and, on a machine
    /// with three other things to do for each of its cores, 10 seconds.
    pub fn for_file(bytes: u64) -> Allowance {
        let processor = 7 + bytes / (8 * MIB);
        Allowance {
            memory: bytes
                .saturating_mul(16)
                .saturating_add(384 * MIB)
                .min(8 << 30),
            processor,
            clock: processor.saturating_mul(3),
        }
    }
}

/// Takes a workbook apart in a process of its own: `program` with `args`, which must come to [`serve`].
///
/// # Errors
/// What the child says of the file; or that it was ended, and for what.
pub fn take_apart(
    (program, args): &(PathBuf, Vec<String>),
    name: &str,
    bytes: Vec<u8>,
    password: Option<&Password>,
    limits: &Limits,
) -> Result<Contents> {
    let allowance = Allowance::for_file(bytes.len() as u64);
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(Error::io("run", program))?;
    let request = request(name, bytes.len(), password, limits);
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(ended(name, &allowance, None));
    };
    // a child that has seen enough closes its end, and that is no error of ours
    let writer = thread::spawn(move || {
        let _ = stdin
            .write_all(&request)
            .and_then(|()| stdin.write_all(&bytes));
    });
    let (done, answer) = mpsc::channel();
    let cap = allowance.memory + 1;
    thread::spawn(move || {
        let mut out = Vec::new();
        let whole = stdout.take(cap).read_to_end(&mut out).is_ok();
        let _ = done.send(whole.then_some(out));
    });
    let answer = answer.recv_timeout(Duration::from_secs(allowance.clock));
    let late = answer.is_err();
    let status = end(&mut child);
    if writer.join().is_err() || late {
        return Err(too_slow(name, allowance.clock));
    }
    let outcome = answer
        .ok()
        .flatten()
        .as_deref()
        .and_then(table::read_outcome);
    match outcome {
        Some(outcome) => outcome,
        None => Err(ended(name, &allowance, status)),
    }
}

/// Ends a child that may have ended by itself, and says how it went.
fn end(child: &mut Child) -> Option<ExitStatus> {
    // it has closed its output, so that it is over or will be in a moment
    for _ in 0..200 {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    child.wait().ok()
}

fn too_slow(name: &str, seconds: u64) -> Error {
    Error::input(format!(
        "`{name}` was not taken apart within {seconds} seconds, which no register of its size needs. Open it in a spreadsheet program and save the table as CSV."
    ))
}

/// What to say of a child that gave no answer.
fn ended(name: &str, allowance: &Allowance, status: Option<ExitStatus>) -> Error {
    if signal(status).is_some_and(|s| s == SIGXCPU || s == SIGKILL) {
        return too_slow(name, allowance.processor);
    }
    Error::input(format!(
        "`{name}` could not be taken apart within {} MiB of memory, which is far more than a register of its size needs. Open it in a spreadsheet program and save the table as CSV.",
        allowance.memory / MIB
    ))
}

const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

#[cfg(unix)]
fn signal(status: Option<ExitStatus>) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt;
    status?.signal()
}

#[cfg(not(unix))]
fn signal(_: Option<ExitStatus>) -> Option<i32> {
    None
}

/// What goes to the child before the file's bytes: all in the pipe, nothing where other users of the machine could read it.
fn request(
    name: &str,
    length: usize,
    password: Option<&Password>,
    limits: &Limits,
) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(MAGIC.to_vec());
    let numbers = [
        limits.file_bytes,
        limits.inflated_bytes,
        limits.text_bytes as u64,
        limits.cells as u64,
        limits.columns as u64,
        limits.cell_bytes as u64,
        name.len() as u64,
        password.map_or(u64::MAX, |p| p.as_str().len() as u64),
        length as u64,
    ];
    out.extend(numbers.iter().flat_map(|n| n.to_le_bytes()));
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(password.map_or("", Password::as_str).as_bytes());
    out
}

/// The child's side: reads a request and a file from `input`, takes it apart, and writes what it came to. `limit` is called
/// before the file is read.
///
/// # Errors
/// A request that is none, or a reader or writer that fails.
pub fn serve(
    input: &mut impl Read,
    output: &mut impl Write,
    limit: impl FnOnce(Allowance),
) -> Result<()> {
    let broken = || {
        Error::input(
            "this command is for taggant's own use: it reads a request from standard input. Run `taggant trace LEAK` instead.",
        )
    };
    let mut magic = [0; MAGIC.len()];
    input.read_exact(&mut magic).map_err(|_| broken())?;
    if magic != *MAGIC {
        return Err(broken());
    }
    let mut numbers = [0u64; 9];
    for number in &mut numbers {
        let mut bytes = [0; 8];
        input.read_exact(&mut bytes).map_err(|_| broken())?;
        *number = u64::from_le_bytes(bytes);
    }
    let [
        file,
        inflated,
        text,
        cells,
        columns,
        cell,
        name,
        password,
        length,
    ] = numbers;
    limit(Allowance::for_file(length));
    let limits = Limits {
        file_bytes: file,
        inflated_bytes: inflated,
        text_bytes: text as usize,
        cells: cells as usize,
        columns: columns as usize,
        cell_bytes: cell as usize,
    };
    let name = words(input, name).ok_or_else(broken)?;
    let password = match password {
        u64::MAX => None,
        length => Some(Password::new(words(input, length).ok_or_else(broken)?)),
    };
    let mut bytes = Vec::new();
    let read = input.take(length).read_to_end(&mut bytes);
    if read.ok() != usize::try_from(length).ok() {
        return Err(broken());
    }
    let outcome = table::contents(&name, bytes, password.as_ref(), &limits);
    table::write_outcome(&outcome, output)
        .map_err(Error::io("write", std::path::Path::new("standard output")))
}

/// A name or a password.
fn words(input: &mut impl Read, length: u64) -> Option<String> {
    let mut bytes = Vec::new();
    let read = input
        .take(length.min(1 << 20))
        .read_to_end(&mut bytes)
        .ok()?;
    (read as u64 == length).then(|| String::from_utf8(bytes).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_served() {
        let csv = b"id,name\n1,Ann\n2,Bob\n".to_vec();
        let limits = Limits::default();
        let password = Password::new("geheim".into());
        let mut input = request("a.csv", csv.len(), Some(&password), &limits).to_vec();
        input.extend_from_slice(&csv);
        let (mut output, mut asked) = (Vec::new(), None);
        serve(&mut &input[..], &mut output, |a| asked = Some(a)).unwrap();
        assert_eq!(asked, Some(Allowance::for_file(csv.len() as u64)));
        let contents = table::read_outcome(&output).unwrap().unwrap();
        assert_eq!(contents.tables[0].table.rows(), 2);
        // anything else is refused
        for bad in [&b""[..], b"hello", &input[..input.len() - 1], &input[..40]] {
            assert!(serve(&mut &bad[..], &mut Vec::new(), |_| ()).is_err());
        }
    }

    #[test]
    fn allowances_grow_with_the_file() {
        assert_eq!(
            Allowance::for_file(10 * MIB),
            Allowance {
                memory: 544 * MIB,
                processor: 8,
                clock: 24
            }
        );
        assert_eq!(Allowance::for_file(u64::MAX).memory, 8 << 30);
    }

    #[test]
    #[cfg(unix)]
    fn children_that_die_are_one_sentence() {
        let run = |program: &str, args: &[&str]| {
            let program = (
                PathBuf::from(program),
                args.iter().map(|a| a.to_string()).collect(),
            );
            let limits = Limits::default();
            let bytes = vec![b'x'; 1 << 20];
            take_apart(&program, "x.xls", bytes, None, &limits).unwrap_err()
        };
        let said = |error: Error| error.to_string();
        assert!(said(run("/bin/sh", &["-c", "kill -ABRT $$"])).contains("within 400 MiB"));
        assert!(said(run("/bin/sh", &["-c", "kill -XCPU $$"])).contains("within 7 seconds"));
        assert!(said(run("/bin/sh", &["-c", "echo nonsense"])).contains("within 400 MiB"));
        assert!(said(run("/nowhere/at/all", &[])).contains("cannot run `/nowhere/at/all`"));
    }
}
