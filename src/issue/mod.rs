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
mod prepared;
pub mod records;
pub mod register;
mod renamed;
pub mod retired;
mod run;
pub mod shared;
pub mod which;

use std::path::PathBuf;

use crate::error::{Error, Result};
use crate::ledger::ExportEntry;
use crate::policy::Policy;
use crate::table::Source;
use crate::vault::Vault;
use again::{Asked, Standing};
use by::{By, Division};
pub use checks::check_table;
use checks::{check_free, check_places};
pub use plan::{CopyPlan, Plan, TablePlan};
use prepared::Prepared;

/// One table of a file that is to be issued.
#[derive(Clone, Debug)]
pub struct Given<'a> {
    /// The table.
    pub source: &'a Source,
    /// Its register, where that is not to be found by the columns.
    pub register: Option<String>,
    /// The policy of a new register.
    pub policy: Option<Policy>,
    /// The other tables of the file.
    pub beside: Vec<&'a Source>,
}

impl<'a> Given<'a> {
    /// The only table of its file.
    pub fn alone(source: &'a Source) -> Given<'a> {
        Given {
            source,
            register: None,
            policy: None,
            beside: Vec::new(),
        }
    }
}

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

/// One copy that was issued, or one table of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The export's id.
    pub export: String,
    /// The recipient's name.
    pub recipient: String,
    /// The sheet that the entry is about, where the copy has several tables with marks, and so several entries.
    pub sheet: Option<String>,
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
    /// Whether it is the source itself, byte for byte: chance altered nothing, and there is no canary.
    pub is_source: bool,
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
    /// Of each table the number of its lot, and how that stands; none where the recipient gets no row of it.
    parts: Vec<Option<(usize, Standing)>>,
}

impl Planned {
    /// How the copy stands: it is done when all of it is.
    fn standing(&self) -> Standing {
        let parts = || self.parts.iter().flatten().map(|(_, standing)| standing);
        let open = parts().find(|standing| matches!(standing, Standing::Pending(_)));
        match parts().all(Standing::is_done) {
            true => parts().next().cloned().unwrap_or(Standing::New),
            false => open.cloned().unwrap_or(Standing::New),
        }
    }
}

/// A file that is ready to be issued.
pub struct Issue<'a> {
    vault: &'a mut Vault,
    request: Request,
    /// Its tables that get marks, in the order in which a copy is written.
    tables: Vec<Prepared<'a>>,
    copies: Vec<Planned>,
}

impl<'a> Issue<'a> {
    /// Checks everything that can be checked, and plans every record. Nothing is written. `source` is the only table of its file,
    /// under the register whose columns it has.
    pub fn prepare(
        vault: &'a mut Vault,
        source: &'a Source,
        request: Request,
    ) -> Result<Issue<'a>> {
        Issue::prepare_all(vault, vec![Given::alone(source)], request)
    }

    /// The same for some tables of one file, which all get marks.
    pub fn prepare_all(
        vault: &'a mut Vault,
        given: Vec<Given<'a>>,
        request: Request,
    ) -> Result<Issue<'a>> {
        for table in &given {
            check_table(table.source)?;
        }
        let divisions = divide(vault, &given, &request)?;
        let recipients = recipients(&divisions, &request);
        names::check(&recipients)?;
        let extension = given.first().map_or("", |table| table.source.extension());
        let paths = recipients
            .iter()
            .map(|name| names::copy_path(&request.out, &request.stem, name, extension))
            .collect::<Result<Vec<PathBuf>>>()?;
        check_places(&request, &paths)?;
        let several = given.len() > 1;
        if several && request.derived {
            return Err(Error::input(
                "a copy is passed on with the marks of one table. Name that with `--sheet`, once.",
            ));
        }
        let mut tables = Vec::with_capacity(given.len());
        for (given, division) in given.into_iter().zip(divisions) {
            tables.push(Prepared::new(vault, given, &request, division, several)?);
        }
        refuse_one_register(&tables)?;
        let mut issue = Issue {
            vault,
            request,
            tables,
            copies: Vec::new(),
        };
        issue.copies = issue.stand(recipients, paths)?;
        Ok(issue)
    }

    /// How every copy stands.
    fn stand(&self, recipients: Vec<String>, paths: Vec<PathBuf>) -> Result<Vec<Planned>> {
        let mut lots = self.tables.iter().flat_map(|table| &table.lots);
        let exports: Vec<ExportEntry> = match lots.any(|lot| lot.known.is_some()) {
            true => self.vault.ledger.exports()?,
            false => Vec::new(),
        };
        let mut copies = Vec::with_capacity(recipients.len());
        for (recipient, path) in recipients.into_iter().zip(paths) {
            let id = self.vault.ledger.recipient(&recipient)?.map(|r| r.id);
            let part = |table: &Prepared<'_>| -> Result<Option<(usize, Standing)>> {
                let Some(number) = table.lot_of(&recipient) else {
                    return Ok(None);
                };
                let lot = &table.lots[number];
                let asked = Asked {
                    table: lot.known.as_ref(),
                    recipient: id,
                    path: &path,
                    donors: lot.records.handles.iter().flatten().count(),
                    canaries: table.canaries,
                    purpose: self.request.purpose.as_deref(),
                    parent: table.parent.as_deref(),
                };
                Ok(Some((number, again::standing(&asked, &exports)?)))
            };
            let parts = self.tables.iter().map(part).collect::<Result<Vec<_>>>()?;
            let copy = Planned {
                recipient,
                path,
                parts,
            };
            if !copy.standing().is_done() {
                check_free(&self.request, &copy.path)?;
            }
            copies.push(copy);
        }
        Ok(copies)
    }
}

/// Who gets which rows of each table, where these are divided.
fn divide(vault: &Vault, given: &[Given<'_>], request: &Request) -> Result<Vec<Option<Division>>> {
    let Some(by) = &request.by else {
        return Ok(vec![None; given.len()]);
    };
    if !request.recipients.is_empty() {
        names::check(&request.recipients)?;
    }
    let recipients = vault.ledger.recipients()?.into_iter();
    let known: Vec<String> = recipients.map(|r| r.name).collect();
    let divide = |table: &Given<'_>| by::divide(table.source, by, &request.recipients, &known);
    given.iter().map(|table| divide(table).map(Some)).collect()
}

/// Everybody who gets a copy.
fn recipients(divisions: &[Option<Division>], request: &Request) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (name, _) in divisions.iter().flatten().flat_map(|d| &d.recipients) {
        if !out.contains(name) {
            out.push(name.clone());
        }
    }
    match request.by {
        Some(_) => out,
        None => request.recipients.clone(),
    }
}

/// Refuses two tables under one register: a record of both would have two rows in one copy, with the marks of one.
fn refuse_one_register(tables: &[Prepared<'_>]) -> Result<()> {
    for (at, table) in tables.iter().enumerate() {
        let same = |other: &&Prepared<'_>| other.frame.name == table.frame.name;
        if let Some(other) = tables[..at].iter().find(same) {
            let sheet = |t: &Prepared<'_>| t.source.sheet.clone().unwrap_or_default();
            return Err(Error::input(format!(
                "`{}`: sheets `{}` and `{}` both belong to register `{}`, of which one copy can hold one table. Issue them apart, or give each a \
                 policy of its own (`sheet = \"NAME\"`).",
                table.source.name,
                sheet(other),
                sheet(table),
                table.frame.name
            )));
        }
    }
    Ok(())
}
