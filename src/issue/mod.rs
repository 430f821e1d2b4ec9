//! Issuing: one source read and planned once, a copy for each recipient, every copy entered before it can be seen.
//!
//! The order of things is what keeps the promise "no copy without an entry": a copy is written under a hidden name beside its
//! place and made durable; its entry is committed to the ledger; only then is it renamed. Whenever the process is killed, a copy
//! that is visible under its name has its entry.

pub mod again;
pub mod back;
mod bench;
pub mod by;
mod checks;
pub mod copy;
mod files;
pub mod groundwork;
pub mod history;
mod lots;
pub mod making;
mod marked;
pub mod names;
pub mod order;
mod plan;
pub mod records;
pub mod register;
mod renamed;
pub mod retired;
mod run;
pub mod shared;
pub mod which;

use std::collections::HashMap;
use std::path::PathBuf;

use crate::canary::{Identity, Taken};
use crate::code::Handle;
use crate::error::{Error, Result};
use crate::ledger::{ExportEntry, RecordIndex};
use crate::mark::size;
use crate::policy::{Fidelity, Policy, Role};
use crate::table::Source;
use crate::vault::Vault;
use again::{Asked, Standing};
use by::{By, Division};
pub use checks::check_table;
use checks::{check_free, check_places};
use history::History;
use lots::Lot;
pub use plan::{CopyPlan, Plan};
use register::Frame;
use retired::Retired;

/// What to issue, and to whom.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Recipients' names. Where rows are divided, those that may get some; none: everybody.
    pub recipients: Vec<String>,
    /// Gives each recipient the rows that are its own.
    pub by: Option<By>,
    /// The folder for the copies; made if missing.
    pub out: PathBuf,
    /// The file's stem: copies are named after it.
    pub stem: String,
    /// SHA-256 of the source file.
    pub source_sha256: [u8; 32],
    /// The register, where it is not to be found by its columns.
    pub register: Option<String>,
    /// A policy for a new register.
    pub policy: Option<Policy>,
    /// Alter no value: canaries and the order of rows alone tell copies apart.
    pub lossless: bool,
    /// What the copies are for.
    pub purpose: Option<String>,
    /// Exactly so many canaries a copy, instead of the policy's rate.
    pub canaries: Option<usize>,
    /// Overwrite copies that are there.
    pub force: bool,
    /// Issue a table that is itself an issued copy.
    pub derived: bool,
}

/// One copy that was issued.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The export's id.
    pub export: String,
    /// The recipient's name.
    pub recipient: String,
    /// Where the copy is.
    pub path: PathBuf,
    /// SHA-256 of the copy.
    pub sha256: [u8; 32],
    /// Its rows, canaries included.
    pub rows: usize,
    /// Its canaries.
    pub canaries: usize,
    /// Cells that differ from the source.
    pub cells_altered: usize,
    /// Sites in it.
    pub sites: usize,
    /// How it came to its place.
    pub arrival: Arrival,
    /// Rows of the source that nobody gets, where the run divides them.
    pub rows_of_nobody: Option<usize>,
}

/// How a copy came to its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It was made, entered and shown.
    Issued,
    /// It was entered by a run that was cut, and made again under its entry.
    Finished,
    /// It was in its place already.
    Done,
    /// As `Issued`, beside an earlier entry (its id) that waits for a copy which can no longer be made as it was.
    Anew(String),
}

/// One copy on its way.
struct Planned {
    recipient: String,
    path: PathBuf,
    /// The number of its lot.
    lot: usize,
    standing: Standing,
}

/// A table that is ready to be issued.
pub struct Issue<'a> {
    vault: &'a mut Vault,
    source: &'a Source,
    request: Request,
    frame: Frame,
    lots: Vec<Lot<'a>>,
    /// Identifiers in use, in the source and before.
    taken: Taken,
    history: History,
    /// The register's shared canaries so far, by donor.
    shared_kept: HashMap<Handle, Identity>,
    parent: Option<String>,
    division: Option<Division>,
    retired: Vec<Retired>,
    copies: Vec<Planned>,
}

impl<'a> Issue<'a> {
    /// Checks everything that can be checked, and plans every record. Nothing is written.
    pub fn prepare(
        vault: &'a mut Vault,
        source: &'a Source,
        request: Request,
    ) -> Result<Issue<'a>> {
        check_table(source)?;
        let division = divide(vault, source, &request)?;
        let recipients: Vec<String> = match &division {
            Some(division) => division.recipients.iter().map(|(n, _)| n.clone()).collect(),
            None => request.recipients.clone(),
        };
        names::check(&recipients)?;
        let paths = recipients
            .iter()
            .map(|name| names::copy_path(&request.out, &request.stem, name, source.extension()))
            .collect::<Result<Vec<PathBuf>>>()?;
        check_places(&request, &paths)?;

        let came_back = match back::find(vault, source, &request)? {
            None if request.derived => back::find_by_marks(vault, source)?,
            found => found,
        };
        let (mut frame, parent) = framed(vault, source, &request, came_back)?;
        if let Some(division) = &division {
            fit_biases(&mut frame, source, &request, division)?;
        }
        let (history, shared_kept) = match &frame.known {
            Some(register) => (
                History::load(&vault.ledger, register.id, &frame.shape)?,
                shared::kept(&vault.ledger, register.id)?,
            ),
            None => {
                let index = RecordIndex::new(frame.shape.layout());
                let history = History::new(index, Vec::new(), &frame.shape);
                (history, HashMap::new())
            }
        };
        let keys = vault.key.digest_keys();
        let code = vault.key.code_keys();
        let reader = frame.reader(&keys, &code);
        let mut records = reader.read(&source.table, &frame.places, &history);
        if parent.is_none() {
            back::refuse_moved(&records, source)?;
            back::refuse_shared(&records, source)?;
        }
        let retired = match &frame.known {
            Some(register) => {
                let (ledger, shape) = (&vault.ledger, &frame.shape);
                retired::find(ledger, register.id, shape, &history, &records)?
            }
            None => Vec::new(),
        };
        let taken = std::mem::take(&mut records.taken);
        let mut lots = match &division {
            Some(division) => {
                lots::divided(source, division, &frame, &reader, &history, &records, &code)
            }
            None => {
                let turns = lots::turns(&frame, &source.table, &mut records, &code);
                vec![Lot::whole(source, records, turns)]
            }
        };
        if let Some(register) = &frame.known {
            let digest = vault.key.source_digest(&request.source_sha256);
            lots::find_known(&mut lots, &vault.ledger, register.id, &digest, &history)?;
        }
        let anew = lots.iter().any(|lot| lot.known.is_none());
        let goes_on = frame.known.is_some() && anew && parent.is_none();
        if goes_on && frame.policy.fidelity == Fidelity::Lossless {
            back::refuse_order(vault, source)?;
        }
        let mut issue = Issue {
            vault,
            source,
            request,
            frame,
            lots,
            taken,
            history,
            shared_kept,
            parent,
            division,
            retired,
            copies: Vec::new(),
        };
        issue.check_marks()?;
        issue.copies = issue.stand(recipients, paths)?;
        Ok(issue)
    }

    /// The register's policy.
    pub fn policy(&self) -> &Policy {
        &self.frame.policy
    }

    /// How every copy stands.
    fn stand(&self, recipients: Vec<String>, paths: Vec<PathBuf>) -> Result<Vec<Planned>> {
        let known = self.lots.iter().any(|lot| lot.known.is_some());
        let exports: Vec<ExportEntry> = match known {
            true => self.vault.ledger.exports()?,
            false => Vec::new(),
        };
        let mut copies = Vec::with_capacity(recipients.len());
        for (at, (recipient, path)) in recipients.into_iter().zip(paths).enumerate() {
            let number = if self.division.is_some() { at } else { 0 };
            let lot = &self.lots[number];
            let asked = Asked {
                table: lot.known.as_ref(),
                recipient: self.vault.ledger.recipient(&recipient)?.map(|r| r.id),
                path: &path,
                donors: lot.records.handles.iter().flatten().count(),
                parent: self.parent.as_deref(),
            };
            let standing = again::standing(&asked, &self.request, &exports)?;
            if !standing.is_done() {
                check_free(&self.request, &path)?;
            }
            copies.push(Planned {
                recipient,
                path,
                lot: number,
                standing,
            });
        }
        Ok(copies)
    }

    fn sites(&self) -> usize {
        self.lots.iter().map(Lot::sites).sum()
    }

    fn gets_canaries(&self) -> bool {
        let asked = self.request.canaries.map(|n| n > 0);
        asked.unwrap_or(self.frame.policy.canaries.rate > 0.0)
    }

    /// A copy with neither sites nor canaries would be nobody's.
    fn check_marks(&self) -> Result<()> {
        let bare = self.lots.iter().position(|lot| lot.sites() == 0);
        let Some(bare) = bare.filter(|_| !self.gets_canaries()) else {
            return Ok(());
        };
        let division = self.division.as_ref();
        let whose = division.and_then(|d| d.recipients.get(bare));
        let part = whose.map_or(String::new(), |(name, _)| {
            format!(" in the rows of `{name}`")
        });
        Err(Error::input(format!(
            "`{}` has nothing{part} that may be altered and gets no canaries, so no copy could be told from another. Ask for canaries with \
             `--canaries N`, or name a carrier in a policy (see `taggant inspect`).",
            self.source.name
        )))
    }
}

/// Who gets which rows, where these are divided.
fn divide(vault: &Vault, source: &Source, request: &Request) -> Result<Option<Division>> {
    let Some(by) = &request.by else {
        return Ok(None);
    };
    if !request.recipients.is_empty() {
        names::check(&request.recipients)?;
    }
    let known: Vec<String> = vault
        .ledger
        .recipients()?
        .into_iter()
        .map(|r| r.name)
        .collect();
    by::divide(source, by, &request.recipients, &known).map(Some)
}

/// The register that a table is issued under, and the copy that the table is.
fn framed(
    vault: &Vault,
    source: &Source,
    request: &Request,
    came_back: Option<back::CameBack>,
) -> Result<(Frame, Option<String>)> {
    let find = |name: Option<&str>| {
        Frame::find(
            &vault.ledger,
            source,
            &request.stem,
            name,
            request.policy.clone(),
            request.lossless,
        )
    };
    match came_back {
        Some(back) if request.derived => {
            let name = request
                .register
                .clone()
                .unwrap_or_else(|| format!("{} from {}", request.stem, back.export));
            let frame = match vault.ledger.register(&name)? {
                Some(_) => find(Some(&name))?,
                None => Frame::new(
                    source,
                    name,
                    Some(back.export.clone()),
                    request.policy.clone(),
                    request.lossless,
                )?,
            };
            Ok((frame, Some(back.export)))
        }
        Some(back) => Err(back.refusal(source)),
        None if request.derived => Err(Error::input(format!(
            "`{}` is no copy that this vault issued, so it derives from none. Leave `--derived` out.",
            source.name
        ))),
        None => Ok((find(request.register.as_deref())?, None)),
    }
}

/// Chooses the biases of a new register by what one recipient gets of it: partners whose rows are others' than everybody else's
/// have nothing to lay side by side. Refuses a column that divides by person.
fn fit_biases(
    frame: &mut Frame,
    source: &Source,
    request: &Request,
    division: &Division,
) -> Result<()> {
    let column = frame.policy.column(&division.column);
    if column.is_some_and(|c| c.role == Role::Identifier) {
        return Err(Error::input(format!(
            "column `{}` of `{}` tells one record from another, not who gets it. Name the column that holds the recipient.",
            division.column, source.name
        )));
    }
    let chosen = request.policy.as_ref().is_some_and(|p| !p.code.is_open());
    let largest = division
        .recipients
        .iter()
        .max_by_key(|(_, rows)| rows.len());
    if let (None, false, Some((_, rows))) = (&frame.known, chosen, largest) {
        let part = lots::part(&source.table, rows);
        let mut open = frame.policy.clone();
        open.code = Default::default();
        frame.policy.code = size::settle(open, &part).code;
    }
    Ok(())
}
