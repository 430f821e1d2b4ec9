//! `taggant drill`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use sha2::{Digest, Sha256};
use taggant::error::{Error, Result};
use taggant::issue::register::describes_only;
use taggant::issue::{check_table, which};
use taggant::ledger::ExportEntry;
use taggant::rehearsal::{self, Options as Rehearsed, Rehearsal};
use taggant::report::{curves, drill as report};
use taggant::table::{self, Limits, Source};
use taggant::trace::units::Alpha;
use taggant::vault::Vault;

use super::sink::Guard;
use super::{Form, Output, Place, issue, terminal};

/// More recipients than any agency has.
const MOST_RECIPIENTS: u64 = 10_000;

/// More runs tell nothing more.
const MOST_RUNS: u64 = 1_000;

/// How many attacks there are is only known once the copies are made, so the bar counts to this.
const HUNDREDTHS: usize = 100;

#[derive(Args)]
pub struct Options {
    /// The table that would be issued, CSV or xlsx; or a copy that this vault issued, as the file that went out
    #[arg(value_name = "TABLE|COPY")]
    file: PathBuf,
    /// How many made-up recipients get a copy
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=MOST_RECIPIENTS))]
    recipients: u64,
    /// The policy that the first issue would freeze [default: inferred, as by `issue`]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Fixes what the attackers do; the key is fresh in every drill
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// How often each attack is played, each time on other recipients' copies
    #[arg(long, value_name = "R", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=MOST_RUNS))]
    runs: u64,
    /// Only these attacks: control, sample, columns, noise, rounding, dress, order, merge, coalition, hunt, correlation, months, or one of them by
    /// its word in the JSON
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    attack: Vec<String>,
    /// The sheet that holds the table [default: the one that looks like a register]
    #[arg(long, value_name = "NAME")]
    sheet: Option<String>,
    #[command(flatten)]
    output: Output,
}

pub fn run(place: &Place, options: &Options) -> Result<ExitCode> {
    if !options.file.exists() {
        refuse_an_id(place, &options.file)?;
    }
    let mut guard = Guard::new(place).reading([&options.file].into_iter().chain(&options.policy));
    let sink = guard.open(options.output.output.as_deref())?;
    let limits = Limits::default();
    let (name, bytes) = table::load(&options.file, &limits)?;
    let sha256: [u8; 32] = Sha256::digest(&bytes).into();
    let sources = table::from_bytes(&name, bytes, &limits)?;
    let mut source = which::choose_one(sources, options.sheet.as_deref(), &name)?;
    let issued = whose(place, &source, &sha256)?;
    // a drill looks at tables, not at what surrounds them
    source.rebuild();
    let policy = options.policy.as_ref();
    let policy = policy.map(|path| issue::read_policy(path)).transpose()?;
    let rehearsed = Rehearsed {
        recipients: options.recipients as usize,
        policy,
        seed: options.seed,
        runs: options.runs as usize,
        attacks: options.attack.clone(),
        alpha: Alpha::DEFAULT,
    };
    let bar = terminal::progress(HUNDREDTHS, "drilling");
    let progress =
        |done: usize, all: usize| bar.set_position((done * HUNDREDTHS / all.max(1)) as u64);
    let found = match issued {
        Some((vault, export)) => {
            if rehearsed.policy.is_some() {
                return Err(Error::input(format!(
                    "`{name}` is the copy {} that this vault issued, under a policy that its register froze. Leave `--policy` out, or drill the \
                     table that it was made from.",
                    export.id
                )));
            }
            vault.ledger.verify()?;
            rehearsal::rehearse_export(&vault, &export, &source, &rehearsed, &progress)?
        }
        None => {
            check_table(&source)?;
            if let Some(policy) = &rehearsed.policy {
                describes_only(&source, policy)?;
            }
            rehearsal::rehearse(&source, None, &rehearsed, &progress)?
        }
    };
    bar.finish_and_clear();
    sink.give(&written(&found, &options.output))?;
    Ok(ExitCode::SUCCESS)
}

/// In the form that the output's name asks for, else the one asked for.
fn written(found: &Rehearsal, output: &Output) -> String {
    let extension = output.output.as_deref().and_then(Path::extension);
    let extension = extension.map(|e| e.to_string_lossy().to_lowercase());
    match (extension.as_deref(), output.format) {
        (Some("html" | "htm"), _) => curves::html(found),
        (Some("json"), _) | (_, Form::Json) => terminal::document(&report::json(found)),
        (_, Form::Human) => report::human(found),
    }
}

/// The vault here and the export of which this table is the copy. Where no vault is, or none that opens, the table is drilled as
/// what it is.
fn whose(place: &Place, table: &Source, sha256: &[u8; 32]) -> Result<Option<(Vault, ExportEntry)>> {
    if place.folder().is_err() {
        return Ok(None);
    }
    let vault = match place.open() {
        Ok(vault) => vault,
        Err(error) => {
            terminal::warn(&format!(
                "whether this is a copy that was issued was not asked, as the vault does not open: {error}"
            ));
            return Ok(None);
        }
    };
    let export = rehearsal::export_of(&vault, table, sha256)?;
    Ok(export.map(|export| (vault, export)))
}

/// Says what is needed where an export's id stands in the place of a file.
fn refuse_an_id(place: &Place, given: &Path) -> Result<()> {
    if place.folder().is_err() {
        return Ok(());
    }
    let vault = place.open()?;
    match vault.ledger.export(&given.to_string_lossy())? {
        None => Ok(()),
        Some(export) => Err(Error::input(format!(
            "a vault keeps no copies, so `{}` can be drilled only with its file at hand. Give the copy that was issued (`{}`).",
            export.id, export.file_name
        ))),
    }
}
