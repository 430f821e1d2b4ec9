//! The vault of a drill, its copies, and who leaks in which run.

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{Options, folder, made_up};
use crate::drill::leaks::{Encoding, take_rows, to_csv_bytes};
use crate::error::{Error, Result};
use crate::issue::{Given, Issue, Issued, Request};
use crate::policy::{Policy, text};
use crate::table::{self, Limits, Source, Table};
use crate::vault::Vault;

/// Recipients whose copies are made before those that nobody leaks are removed: a drill with a thousand of them needs no room for
/// a thousand files.
const BATCH: usize = 48;

/// A table with fewer rows has no next month.
const LEAST_ROWS: usize = 20;

const REGISTER: &str = "drill";

/// A vault in a temporary folder, both gone when dropped.
pub struct Stage {
    /// The vault.
    pub vault: Vault,
    /// The policy that its register froze.
    pub policy: Policy,
    /// Sites of the table.
    pub sites: usize,
    /// Mean number of cells altered in a copy.
    pub cells_altered: f64,
    /// Mean number of canaries in a copy.
    pub canaries: f64,
    /// What could not be set.
    pub notes: Vec<String>,
    /// Each recipient's copy, where somebody leaks it.
    copies: Vec<Option<PathBuf>>,
    /// Likewise of the next table.
    next: Vec<Option<PathBuf>>,
    names: Vec<String>,
    // dropped last: the vault's files are in it
    _folder: TempDir,
}

/// For each run, whose copies the attackers hold: so many recipients in random order.
pub fn culprits(recipients: usize, runs: usize, most: usize, seed: u64) -> Vec<Vec<usize>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut all: Vec<usize> = (0..recipients).collect();
    (0..runs)
        .map(|_| {
            all.shuffle(&mut rng);
            all.iter().copied().take(most).collect()
        })
        .collect()
}

impl Stage {
    /// Makes the vault and issues the table to everybody.
    pub fn set(source: &Source, options: &Options, draws: &[Vec<usize>]) -> Result<Stage> {
        let folder = folder()?;
        let mut vault = Vault::create(&folder.path().join("vault"), None)?;
        let names: Vec<String> = (0..options.recipients.max(1)).map(made_up).collect();
        let leaked = |at: usize| draws.iter().any(|drawn| drawn.contains(&at));
        let mut copies = Vec::with_capacity(names.len());
        let (mut sites, mut cells, mut canaries) = (0, 0, 0);
        for (nth, batch) in names.chunks(BATCH).enumerate() {
            let request = Request {
                recipients: batch.to_vec(),
                out: folder.path().join("copies"),
                stem: "table".into(),
                source_sha256: Sha256::digest(&source.name).into(),
                ..Request::default()
            };
            let policy = options.policy.clone().filter(|_| nth == 0);
            let issued = issue(&mut vault, source, policy, request)?;
            for (at, issued) in issued.into_iter().enumerate() {
                sites = issued.sites;
                cells += issued.cells_altered;
                canaries += issued.canaries;
                copies.push(kept(issued, leaked(nth * BATCH + at)));
            }
        }
        let register = vault.ledger.register(REGISTER)?;
        let register = register.ok_or_else(|| {
            Error::integrity("the drill's ledger lost its register. Look after the disk.")
        })?;
        let policy = text::read(REGISTER, &register.policy_toml)?;
        Ok(Stage {
            sites,
            cells_altered: cells as f64 / names.len() as f64,
            canaries: canaries as f64 / names.len() as f64,
            notes: Vec::new(),
            next: vec![None; names.len()],
            vault,
            policy,
            copies,
            names,
            _folder: folder,
        })
    }

    /// Issues the next table to who leaks first in some run. Where that cannot be, a note says why.
    pub fn set_next(
        &mut self,
        source: &Source,
        next: Option<&Source>,
        seed: u64,
        draws: &[Vec<usize>],
    ) {
        if let Err(error) = self.issue_next(source, next, seed, draws) {
            let note = format!("Attacks with next month's copy were left out: {error}");
            self.notes.push(note);
        }
    }

    fn issue_next(
        &mut self,
        source: &Source,
        next: Option<&Source>,
        seed: u64,
        draws: &[Vec<usize>],
    ) -> Result<()> {
        let made;
        let next = match next {
            Some(next) => next,
            None if source.table.rows() < LEAST_ROWS => {
                return Err(Error::input(format!(
                    "`{}` has {} rows, too few for some to come and go.",
                    source.name,
                    source.table.rows()
                )));
            }
            None => {
                made = following(source, seed)?;
                &made
            }
        };
        let mut leaders: Vec<usize> = draws.iter().flat_map(|d| d.first().copied()).collect();
        leaders.sort_unstable();
        leaders.dedup();
        let request = Request {
            recipients: leaders.iter().map(|at| made_up(*at)).collect(),
            out: self._folder.path().join("next"),
            stem: "next".into(),
            source_sha256: Sha256::digest(b"the next table").into(),
            ..Request::default()
        };
        let issued = issue(&mut self.vault, next, None, request)?;
        for (at, issued) in leaders.into_iter().zip(issued) {
            if let Some(place) = self.next.get_mut(at) {
                *place = Some(issued.path);
            }
        }
        Ok(())
    }

    /// Whether a next table was issued.
    pub fn has_next(&self) -> bool {
        self.next.iter().any(Option::is_some)
    }

    /// A recipient's name.
    pub fn name(&self, at: usize) -> &str {
        self.names.get(at).map_or("", String::as_str)
    }

    /// A recipient's copy, empty where it was not kept.
    pub fn copy(&self, at: usize) -> Result<Table> {
        let path = self.copies.get(at).and_then(Option::as_deref);
        Ok(path.map(read).transpose()?.unwrap_or_default())
    }

    /// A recipient's copy of the next table, if there is one.
    pub fn later(&self, at: usize) -> Result<Option<Table>> {
        let path = self.next.get(at).and_then(Option::as_deref);
        path.map(read).transpose()
    }
}

fn issue(
    vault: &mut Vault,
    source: &Source,
    policy: Option<Policy>,
    request: Request,
) -> Result<Vec<Issued>> {
    let given = Given {
        register: Some(REGISTER.into()),
        policy,
        ..Given::alone(source)
    };
    Issue::prepare_all(vault, vec![given], request)?.run(&|_| ())
}

/// The copy's path, or nothing and its file removed.
fn kept(issued: Issued, leaked: bool) -> Option<PathBuf> {
    if leaked {
        return Some(issued.path);
    }
    // the folder goes anyway; until then the file only takes room
    let _ = std::fs::remove_file(&issued.path);
    None
}

fn read(path: &Path) -> Result<Table> {
    let first = table::open(path, &Limits::default())?.into_iter().next();
    Ok(first.map(|source| source.table).unwrap_or_default())
}

/// The table a month later, as far as one can tell: a tenth of its rows left.
fn following(source: &Source, seed: u64) -> Result<Source> {
    let stay = take_rows(&source.table, source.table.rows() * 9 / 10, seed);
    let bytes = to_csv_bytes(&stay, Encoding::Utf8Bom);
    let found = table::from_bytes(&source.name, bytes, &Limits::default())?;
    found
        .into_iter()
        .next()
        .ok_or_else(|| Error::input(format!("`{}` has no rows that could stay.", source.name)))
}
