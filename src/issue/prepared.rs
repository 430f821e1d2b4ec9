//! One table of a file that is to be issued, with everything about it settled: its register, its records, and who gets which rows.

use std::collections::HashMap;

use super::back::{self, CameBack};
use super::by::Division;
use super::history::History;
use super::lots::{self, Lot};
use super::register::{Fitting, Frame};
use super::retired::{self, Retired};
use super::{Given, Request, shared, which};
use crate::canary::{Identity, Taken};
use crate::code::Handle;
use crate::error::{Error, Result};
use crate::ledger::RecordIndex;
use crate::mark::size;
use crate::policy::{Fidelity, Role};
use crate::table::Source;
use crate::vault::Vault;

/// A table that is ready to be issued.
pub struct Prepared<'a> {
    /// The table.
    pub source: &'a Source,
    /// Its register.
    pub frame: Frame,
    /// Its rows, as recipients get them.
    pub lots: Vec<Lot<'a>>,
    /// Identifiers in use, in the table and before.
    pub taken: Taken,
    /// The register's earlier tables.
    pub history: History,
    /// The register's shared canaries so far, by donor.
    pub shared_kept: HashMap<Handle, Identity>,
    /// The copy that the table is.
    pub parent: Option<String>,
    /// Who gets which rows.
    pub division: Option<Division>,
    /// Canaries that met a real record.
    pub retired: Vec<Retired>,
    /// Exactly so many canaries a copy, instead of the policy's rate.
    pub canaries: Option<usize>,
    /// What to know about it besides.
    pub notes: Vec<String>,
}

impl<'a> Prepared<'a> {
    /// Finds or makes the table's register, and reads every row as a record of it. `several`: other tables of the file get marks in
    /// the same run.
    pub fn new(
        vault: &Vault,
        given: Given<'a>,
        request: &Request,
        division: Option<Division>,
        several: bool,
    ) -> Result<Prepared<'a>> {
        let source = given.source;
        let came_back = match back::find(vault, source, request)? {
            None if request.derived => back::find_by_marks(vault, source)?,
            found => found,
        };
        let (mut frame, parent) = framed(vault, &given, request, came_back, several)?;
        if let Some(division) = &division {
            fit_biases(&mut frame, &given, division)?;
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
        which::refuse_repeats(source, &given.beside, &frame.policy)?;
        let mut notes = Vec::new();
        let mut canaries = request.canaries;
        let listed = which::listed(source, &given.beside, &frame.policy);
        if let (Some(listed), None) = (listed, canaries) {
            notes.push(listed.words());
            canaries = Some(0);
        }
        let prepared = Prepared {
            source,
            frame,
            lots,
            taken,
            history,
            shared_kept,
            parent,
            division,
            retired,
            canaries,
            notes,
        };
        prepared.check_marks()?;
        Ok(prepared)
    }

    /// The number of the lot that a recipient gets; none where no row is its own.
    pub fn lot_of(&self, recipient: &str) -> Option<usize> {
        match &self.division {
            None => Some(0),
            Some(division) => {
                let mut all = division.recipients.iter();
                all.position(|(name, _)| name == recipient)
            }
        }
    }

    /// Its sheet, as messages name it behind the file's name.
    pub fn place(&self) -> String {
        let sheet = self.source.sheet.as_ref();
        sheet.map_or(String::new(), |sheet| format!(", sheet `{sheet}`"))
    }

    /// Sites in all of its lots.
    pub fn sites(&self) -> usize {
        self.lots.iter().map(Lot::sites).sum()
    }

    /// Whether its copies are to hold canaries.
    pub fn gets_canaries(&self) -> bool {
        let asked = self.canaries.map(|n| n > 0);
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
            "`{}`{} has nothing{part} that may be altered and gets no canaries, so no copy could be told from another. Ask for canaries with \
             `--canaries N`, or name a carrier in a policy (see `taggant inspect`).",
            self.source.name,
            self.place()
        )))
    }
}

/// The register that a table is issued under, and the copy that the table is.
fn framed(
    vault: &Vault,
    given: &Given<'_>,
    request: &Request,
    came_back: Option<CameBack>,
    several: bool,
) -> Result<(Frame, Option<String>)> {
    let source = given.source;
    let find = |name: Option<&str>| {
        let fitting = Fitting {
            stem: &request.stem,
            name,
            several,
        };
        Frame::find(
            &vault.ledger,
            source,
            &fitting,
            given.policy.clone(),
            request.lossless,
        )
    };
    match came_back {
        Some(back) if request.derived => {
            let name = given
                .register
                .clone()
                .unwrap_or_else(|| format!("{} from {}", request.stem, back.export));
            let frame = match vault.ledger.register(&name)? {
                Some(_) => find(Some(&name))?,
                None => Frame::new(
                    source,
                    name,
                    Some(back.export.clone()),
                    given.policy.clone(),
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
        None => Ok((find(given.register.as_deref())?, None)),
    }
}

/// Chooses the biases of a new register by what one recipient gets of it: partners whose rows are others' than everybody else's
/// have nothing to lay side by side. Refuses a column that divides by person.
fn fit_biases(frame: &mut Frame, given: &Given<'_>, division: &Division) -> Result<()> {
    let source = given.source;
    let column = frame.policy.column(&division.column);
    if column.is_some_and(|c| c.role == Role::Identifier) {
        return Err(Error::input(format!(
            "column `{}` of `{}` tells one record from another, not who gets it. Name the column that holds the recipient.",
            division.column, source.name
        )));
    }
    let chosen = given.policy.as_ref().is_some_and(|p| !p.code.is_open());
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
