//! Parses the command line, runs the command, turns what came of it into an exit code.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
