//! Which register a table belongs to, and how well it fits the register's frozen policy.

use super::records::Reader;
use crate::error::{Error, Result, did_you_mean};
use crate::key::{CodeKeys, DigestKeys};
use crate::ledger::{Ledger, NewRegister, Register};
use crate::mark::order;
use crate::mark::plan::Planner;
use crate::mark::shape::Shape;
use crate::mark::size;
use crate::policy::{Fidelity, Policy, Role, text};
use crate::table::Source;

/// What tells which register a table belongs to, besides its columns.
#[derive(Clone, Copy, Debug)]
pub struct Fitting<'a> {
    /// The file's stem, after which a new register is named.
    pub stem: &'a str,
    /// The register, where the officer names it.
    pub name: Option<&'a str>,
    /// Whether other tables of the file get marks in the same run: then each is known by its sheet, too.
    pub several: bool,
}

impl Fitting<'_> {
    /// What a new register is called.
    fn new_name(&self, source: &Source) -> String {
        match (&source.sheet, self.several) {
            (Some(sheet), true) => format!("{} - {sheet}", self.stem),
            _ => self.stem.to_string(),
        }
    }
}

/// A register, known or about to be entered, with its policy ready for work.
pub struct Frame {
    /// The register's name.
    pub name: String,
    /// The ledger's entry; none before the register's first issue.
    pub known: Option<Register>,
    /// The frozen policy.
    pub policy: Policy,
    /// The copy that the register was made from, where it was.
    pub parent: Option<String>,
    /// Register column -> table column.
    pub places: Vec<Option<usize>>,
    /// What no longer fits, in sentences.
    pub drift: Vec<String>,
    /// Whether the table's rows may change places: the policy lets them, and nothing in the workbook names a run of them.
    pub turns: bool,
    /// The policy's planner.
    pub planner: Planner,
    /// The policy's digests.
    pub shape: Shape,
}

impl Frame {
    /// The register that a table is issued under: the one named, else the only one whose columns (and sheet) it has, else a new one
    /// named after the file (and its sheet). `lossless`: no value may be altered.
    pub fn find(
        ledger: &Ledger,
        source: &Source,
        fitting: &Fitting<'_>,
        policy: Option<Policy>,
        lossless: bool,
    ) -> Result<Frame> {
        let known = match fitting.name {
            Some(name) => ledger.register(name)?,
            None => by_columns(ledger, source, fitting.several)?,
        };
        let name = fitting
            .name
            .map(str::to_string)
            .or_else(|| known.as_ref().map(|r| r.name.clone()))
            .unwrap_or_else(|| fitting.new_name(source));
        match known {
            Some(register) => Frame::known(source, register, policy, lossless),
            None => {
                let taken = ledger.registers()?.iter().any(|r| r.name == name);
                if taken {
                    return Err(Error::input(format!(
                        "`{}` does not have the columns of register `{name}`, after which it would be named. Name its register with `--register`.",
                        source.name
                    )));
                }
                let mut frame = Frame::new(source, name, None, policy, lossless)?;
                if fitting.several {
                    frame.policy.sheet.clone_from(&source.sheet);
                }
                Ok(frame)
            }
        }
    }

    /// A register not yet entered.
    pub fn new(
        source: &Source,
        name: String,
        parent: Option<String>,
        policy: Option<Policy>,
        lossless: bool,
    ) -> Result<Frame> {
        if let Some(policy) = &policy {
            describes_only(source, policy)?;
        }
        let policy = size::settle(first_policy(source, policy, lossless), &source.table);
        Frame::over(source, name, None, parent, policy)
    }

    fn known(
        source: &Source,
        register: Register,
        policy: Option<Policy>,
        lossless: bool,
    ) -> Result<Frame> {
        let frozen = text::read(&register.name, &register.policy_toml)?;
        if lossless && frozen.fidelity != Fidelity::Lossless {
            return Err(Error::input(format!(
                "register `{}` froze its policy when it was first issued, and its copies have altered values. Leave `--lossless` out, or issue \
                 under another `--register`.",
                register.name
            )));
        }
        // biases that are left out are those that were chosen, and so is the sheet
        let differs = |mut given: Policy| {
            if given.code.is_open() {
                given.code = frozen.code;
            }
            if given.sheet.is_none() {
                given.sheet.clone_from(&frozen.sheet);
            }
            given != frozen
        };
        let given = policy.map(|policy| first_policy(source, Some(policy), lossless));
        if given.is_some_and(differs) {
            return Err(Error::input(format!(
                "register `{}` froze its policy when it was first issued, and the one given differs. Leave `--policy` out, or issue under another `--register`.",
                register.name
            )));
        }
        let (name, parent) = (register.name.clone(), register.parent_export.clone());
        Frame::over(source, name, Some(register), parent, frozen)
    }

    fn over(
        source: &Source,
        name: String,
        known: Option<Register>,
        parent: Option<String>,
        policy: Policy,
    ) -> Result<Frame> {
        let places: Vec<Option<usize>> = policy
            .columns
            .iter()
            .map(|c| source.table.position(&c.name))
            .collect();
        let planner = Planner::new(&policy);
        let shape = Shape::new(&policy, planner.groups());
        let mut frame = Frame {
            name,
            known,
            parent,
            places,
            drift: Vec::new(),
            turns: order::applies(&policy) && !source.pins_order(),
            policy,
            planner,
            shape,
        };
        frame.check(source)?;
        Ok(frame)
    }

    /// Holds the table against the policy: no record without an identifier, and every lost column said.
    fn check(&mut self, source: &Source) -> Result<()> {
        let identifies = self
            .shape
            .identifiers
            .iter()
            .any(|id| self.places[id.column].is_some());
        if !identifies {
            return Err(Error::input(format!(
                "`{}` has no column that identifies a record. Name one with `role = \"identifier\"` in a policy (see `taggant inspect`).",
                source.name
            )));
        }
        for (column, place) in self.policy.columns.iter().zip(&self.places) {
            if place.is_none() {
                let lost = match column.role {
                    Role::Identifier => "it no longer links its records",
                    Role::Carrier => "it carries no marks",
                    _ => "copies go without it",
                };
                self.drift.push(format!(
                    "column `{}` of register `{}` is not in `{}`: {lost}",
                    column.name, self.name, source.name
                ));
            }
        }
        let computed = source.computed();
        for (column, place) in self.policy.columns.iter().zip(&self.places) {
            if column.role == Role::Carrier && place.is_some_and(|at| computed.contains(&at)) {
                return Err(Error::input(format!(
                    "`{}`: column `{}` carries marks in register `{}`, but here formulas work it out, and would undo them. Paste its values over \
                     the formulas, or issue with `--rebuild`, which keeps values only.",
                    source.name, column.name, self.name
                )));
            }
        }
        if order::applies(&self.policy) && !self.turns {
            self.drift.push(format!(
                "something in `{}` is about a run of its rows (a merged area, a group, a range), so that no rows change places",
                source.name
            ));
        }
        for name in source.table.header() {
            if self.policy.column(name).is_none() {
                self.drift.push(format!("column `{name}` is new in `{}`: it is copied unaltered, and canaries leave it blank", source.name));
            }
        }
        Ok(())
    }

    /// Reads rows as records of the register.
    pub fn reader<'a>(&'a self, keys: &'a DigestKeys, code: &'a CodeKeys) -> Reader<'a> {
        Reader {
            shape: &self.shape,
            planner: &self.planner,
            keys,
            directions: &code.direction,
            register: self.name.as_bytes(),
        }
    }

    /// What goes into the ledger at the first issue.
    pub fn entry(&self, created: jiff::Timestamp) -> Result<NewRegister> {
        Ok(NewRegister {
            name: self.name.clone(),
            policy_toml: text::write(&self.policy)?,
            layout: self.shape.layout(),
            parent_export: self.parent.clone(),
            created,
        })
    }

    /// What is altered and what not, in three lines.
    pub fn summary(&self) -> [String; 3] {
        let named = |test: &dyn Fn(usize) -> bool| {
            let names: Vec<&str> = (0..self.policy.columns.len())
                .filter(|at| test(*at))
                .map(|at| self.policy.columns[at].name.as_str())
                .collect();
            if names.is_empty() {
                "nothing".to_string()
            } else {
                names.join(", ")
            }
        };
        let in_group = |at: usize| {
            self.shape
                .groups
                .iter()
                .any(|g| g.columns.iter().any(|c| c.column == at))
        };
        let role = |at: usize| self.policy.columns[at].role;
        let altered = match (self.policy.fidelity, self.turns) {
            (Fidelity::Lossless, _) => {
                "no value is altered; neighbouring rows that the table's order leaves free may change places"
                    .to_string()
            }
            (_, true) => format!(
                "altered slightly: {}; neighbouring rows that the table's order leaves free may change places",
                named(&in_group)
            ),
            (_, false) => format!("altered slightly: {}", named(&in_group)),
        };
        [
            altered,
            format!(
                "never altered, links records: {}",
                named(&|at| role(at) == Role::Identifier)
            ),
            format!(
                "left as it is: {}",
                named(&|at| !in_group(at) && role(at) != Role::Identifier)
            ),
        ]
    }
}

/// The policy that a first issue freezes: the one given, else what the table itself suggests.
pub fn first_policy(source: &Source, given: Option<Policy>, lossless: bool) -> Policy {
    let mut policy = given.unwrap_or_else(|| inferred(source));
    if lossless {
        policy.fidelity = Fidelity::Lossless;
    }
    policy
}

/// What the table suggests. A column that formulas fill would be worked out anew as soon as somebody opens the copy, so it is left
/// alone.
fn inferred(source: &Source) -> Policy {
    let mut policy = crate::policy::infer::infer(&source.table);
    let computed = source.computed();
    for (at, column) in policy.columns.iter_mut().enumerate() {
        if computed.contains(&at) && column.role == Role::Carrier {
            column.role = Role::Plain;
        }
    }
    policy
}

/// Refuses a policy that names a column which the table lacks: once frozen, a misspelling could not be mended.
pub fn describes_only(source: &Source, policy: &Policy) -> Result<()> {
    let header = source.table.header();
    match policy.columns.iter().find(|c| !header.contains(&c.name)) {
        None => Ok(()),
        Some(column) => {
            let hint = did_you_mean(&column.name, header.iter().map(String::as_str));
            let message = format!(
                "the policy describes a column `{}` that `{}` does not have. {hint}",
                column.name, source.name
            );
            Err(Error::input(message.trim_end()))
        }
    }
}

/// Whether a table has a register's identifiers, and most of its columns.
pub fn fits(policy: &Policy, source: &Source) -> bool {
    let there = |name: &str| source.table.position(name).is_some();
    let shared = policy.columns.iter().filter(|c| there(&c.name)).count();
    let columns = policy.columns.len().max(source.table.width());
    let identified = policy
        .columns
        .iter()
        .any(|c| c.role == Role::Identifier && there(&c.name));
    identified && shared * 5 >= columns * 4
}

/// The one register that a table fits. Of several, those that were issued from a sheet of this name come first; with other tables
/// beside it, a table is never of a register of another sheet.
fn by_columns(ledger: &Ledger, source: &Source, several: bool) -> Result<Option<Register>> {
    let mut found: Vec<Register> = Vec::new();
    let mut of_sheet: Vec<Register> = Vec::new();
    for register in ledger.registers()? {
        if register.parent_export.is_some() {
            continue;
        }
        let policy = text::read(&register.name, &register.policy_toml)?;
        if !fits(&policy, source) {
            continue;
        }
        match policy.sheet.is_some() {
            true if policy.sheet == source.sheet => of_sheet.push(register),
            true if several => (),
            _ => found.push(register),
        }
    }
    if !of_sheet.is_empty() {
        found = of_sheet;
    }
    if found.len() > 1 {
        let names: Vec<String> = found.iter().map(|r| format!("`{}`", r.name)).collect();
        return Err(Error::input(format!(
            "`{}` fits several registers ({}). Say which with `--register`.",
            source.name,
            names.join(", ")
        )));
    }
    Ok(found.pop())
}
