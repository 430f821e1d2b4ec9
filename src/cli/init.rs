//! `taggant init`

use std::path::PathBuf;
use std::process::ExitCode;

use taggant::error::Result;
use taggant::vault::{FOLDER, Vault};

use super::{Place, terminal};

pub fn run(place: &Place) -> Result<ExitCode> {
    let dir = place.vault.clone().unwrap_or_else(|| PathBuf::from(FOLDER));
    let vault = Vault::create(&dir, place.key_file.as_deref())?;
    terminal::tell(&format!(
        "Made a vault in `{}`.\nKeep `{}` secret and backed up: whoever has it with the ledger can trace, and test guesses; without it nobody can trace.\n",
        dir.display(),
        vault.key_path().display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
