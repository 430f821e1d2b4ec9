//! The command line: one file a command, and the terminal. Only here is anything printed, or the environment read.

mod batch;
mod clean;
mod demo;
mod drill;
mod init;
mod inspect;
mod issue;
mod ledger;
mod lookup;
mod read;
mod results;
mod sink;
mod terminal;
mod trace;
mod which;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use taggant::error::{Error, Result};
use taggant::vault::Vault;

/// Names the source of a leaked table.
///
/// Each partner's copy of a register gets its own keyed canary records and its own slight alterations. When a file turns up,
/// `taggant trace` scores it against every copy ever issued and names the probable source, with the chance of accusing an
/// innocent stated and kept.
#[derive(Parser)]
#[command(name = "taggant", version, max_term_width = 110)]
struct Cli {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    command: Command,
}

/// Where the vault is.
#[derive(Args, Clone)]
struct Place {
    /// The vault's folder [default: the nearest `.taggant` here or above; `init` makes it here]
    #[arg(long, global = true, value_name = "DIR", env = "TAGGANT_VAULT")]
    vault: Option<PathBuf>,
    /// The master key's file, where it is kept outside the vault
    #[arg(long, global = true, value_name = "FILE", env = "TAGGANT_KEY_FILE")]
    key_file: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Command {
    /// Make a vault: a folder with the master key and the ledger
    Init,
    /// Show what a table's columns are, what depends on what, and what a leak will prove, before anything is issued
    Inspect(inspect::Options),
    /// Issue marked copies of a table
    Issue(issue::Options),
    /// Name the source of leaked files
    ///
    /// Exit code: 0 somebody is named, 1 the trace is complete and nobody is, 2 bad input or a file that could not be read, 3 the
    /// vault's integrity failed. `--fail-on` turns the first two round for nightly jobs.
    Trace(trace::Options),
    /// Say what is known of a number, a name or a date that a caller gave: a canary, or a real record and who held it
    ///
    /// Give any values of one record in any order: a telephone number, an ID (also masked, as 138****5678), a name, a date. A
    /// canary stands in one recipient's copies only. A real record stood in many, and the marks of a date or two tell little;
    /// the answer says how little. This is no trace: it names nobody, and is not counted. Values on a command line can be seen
    /// by others on this machine and stay in the shell's history; give - and type or pipe them in, one a line, where that matters.
    ///
    /// Exit code: 0 something is known, 1 nothing is, 2 bad input, 3 the vault's integrity failed.
    Lookup(lookup::Options),
    /// Make a partner's returned copy the agency's own table again, and list what the partner changed
    ///
    /// A copy that was corrected and comes back holds made-up records and slight alterations, which must not enter the agency's
    /// own data. They are taken out, and the source's values put back, from the ledger and the key alone: the source table is not
    /// needed. With `--original` what stood before each change is told as well, and columns that the ledger keeps no digest of are
    /// compared too.
    ///
    /// Exit code: 0 cleaned, 1 the file is no copy of ours, 2 bad input, 3 the vault's integrity failed.
    Clean(clean::Options),
    /// Show what was issued, and that nobody rewrote it
    Ledger(ledger::Options),
    /// Play attacks on a table's copies and show which of them still name their source
    ///
    /// The table is issued to made-up recipients in a vault of its own, which is gone afterwards. Every attack is played on these
    /// copies (fewer rows and columns, moved and coarser values, other formats, merged files, partners who pool their copies, hunts
    /// for canaries, next month's copy laid over this one), and what is left is traced as any leak. The result is a table; with
    /// `-o x.html` a page with curves as well, with `-o x.json` JSON.
    ///
    /// Where the file is, byte for byte, a copy that the vault here issued, that very copy is attacked, and traced against the
    /// vault's own recipients. Nothing is written there, and no trace is counted.
    Drill(drill::Options),
    /// Take one suspect file apart for a trace, within limits
    #[command(name = read::NAME, hide = true)]
    Read,
    /// Tell the whole story on a made-up register, in a temporary folder
    Demo,
}

/// How a result is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// For people
    Human,
    /// One JSON value
    Json,
}

/// Where a result goes.
#[derive(Args)]
struct Output {
    /// Form of the result
    #[arg(long, value_enum, default_value = "human")]
    format: Form,
    /// Write the result to a file instead of standard output
    #[arg(short, long = "output", value_name = "PATH")]
    output: Option<PathBuf>,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Command::Init => init::run(&cli.place),
        Command::Inspect(options) => inspect::run(&cli.place, &options),
        Command::Issue(options) => issue::run(&cli.place, options),
        Command::Trace(options) => trace::run(&cli.place, options),
        Command::Lookup(options) => lookup::run(&cli.place, options),
        Command::Clean(options) => clean::run(&cli.place, options),
        Command::Ledger(options) => ledger::run(&cli.place, options),
        Command::Drill(options) => drill::run(&cli.place, &options),
        Command::Read => read::run(),
        Command::Demo => demo::run(),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            terminal::complain(&error.to_string());
            ExitCode::from(error.exit_code())
        }
    }
}

impl Place {
    /// The vault's folder: named, or the nearest here or above.
    fn folder(&self) -> Result<PathBuf> {
        if let Some(dir) = &self.vault {
            return Ok(dir.clone());
        }
        let here = std::env::current_dir().map_err(Error::io("read", Path::new(".")))?;
        Vault::find(&here)
            .ok_or_else(|| Error::input("there is no vault here or in any folder above. Make one with `taggant init`, or name one with `--vault DIR`."))
    }

    /// The vault, open.
    fn open(&self) -> Result<Vault> {
        let vault = Vault::open(&self.folder()?, self.key_file.as_deref())?;
        if vault.key_exposed() {
            terminal::warn(&format!(
                "`{}` can be read by others on this machine. Take that right away (chmod 600).",
                vault.key_path().display()
            ));
        }
        Ok(vault)
    }
}
