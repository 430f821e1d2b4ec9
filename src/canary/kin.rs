//! What goes with what in a table, and from which real rows a canary borrows.
//!
//! A canary that followed one real row in everything would be that row's nearest neighbour, and easily found. One put together
//! from rows drawn blindly would break what hangs together. So columns are ordered into a net: each part of a record hangs on up to
//! three parts decided before it, those with which it shares most information; and it is borrowed from a row that agrees with what
//! the canary says there. What tells when a record came (its place in the file, its first date) agrees with the donor's, so that a
//! canary enters and leaves as its donor does.

use jiff::civil::Date;

use super::Sheet;
use super::aspects::{self, Aspect, Reading};
use super::draws::Draws;
use super::nets;
use crate::mark::groups;
use crate::policy::words::{Hint, hints};
use crate::policy::{Kind, Policy, Role, Rule};
use crate::value::date;

/// Rows drawn in search of one that agrees in everything.
const TRIES: usize = 64;

/// How a part of a record is borrowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The cells of these columns as they stand: a category, or columns that determine one another.
    Cells(Vec<usize>),
    /// A number, at the column's own grain.
    Number(usize),
    /// A date, and the dates that stand at fixed distances from it; counted from another date where it keeps near that.
    Dates {
        /// The date and its followers.
        columns: Vec<usize>,
        /// The date from which it is counted.
        from: Option<usize>,
    },
    /// The year of birth, in an identity number or a date.
    Birth(usize),
    /// The first digits of an identity number.
    Region(usize),
    /// What another column's text, number or address is like; it is made, not copied.
    Like(usize),
}

impl Part {
    /// The column that leads.
    pub fn lead(&self) -> Option<usize> {
        match self {
            Part::Cells(columns) | Part::Dates { columns, .. } => columns.first().copied(),
            Part::Number(c) | Part::Birth(c) | Part::Region(c) | Part::Like(c) => Some(*c),
        }
    }

    /// Its columns.
    pub fn columns(&self) -> &[usize] {
        match self {
            Part::Cells(columns) | Part::Dates { columns, .. } => columns,
            Part::Number(c) | Part::Birth(c) | Part::Region(c) | Part::Like(c) => {
                std::slice::from_ref(c)
            }
        }
    }
}

/// With whom a lender must agree in an aspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// With the donor.
    Donor,
    /// With what the canary says already.
    Canary,
}

/// A part and what it hangs on.
#[derive(Debug)]
pub struct Node {
    /// The part.
    pub part: Part,
    /// Its aspects.
    pub aspects: Vec<usize>,
    /// What a lender must agree in, the most telling first.
    pub agree: Vec<(usize, Whom)>,
}

/// The net of a table.
pub struct Kin<'a> {
    sheet: Sheet<'a>,
    sample: Vec<u32>,
    /// All aspects.
    pub aspects: Vec<Aspect>,
    /// The parts, each after those it hangs on.
    pub nodes: Vec<Node>,
}

impl<'a> Kin<'a> {
    /// The net of this table.
    pub fn of(sheet: Sheet<'a>) -> Kin<'a> {
        let sample = aspects::sample(sheet.table.rows());
        let mut nodes = Vec::new();
        let mut all: Vec<Aspect> = Vec::new();
        all.extend(Aspect::of(sheet, Reading::Stretch, &sample));
        for part in parts(sheet, &sample) {
            let mut own = Vec::new();
            for reading in readings(sheet, &part) {
                if let Some(aspect) = Aspect::of(sheet, reading, &sample) {
                    own.push(all.len());
                    all.push(aspect);
                }
            }
            nodes.push(Node {
                part,
                aspects: own,
                agree: Vec::new(),
            });
        }
        let nodes = nets::order(sheet, nodes, &all);
        Kin {
            sheet,
            sample,
            aspects: all,
            nodes,
        }
    }

    /// The table's row at a place of the sample.
    pub fn row(&self, place: usize) -> Option<usize> {
        self.sample.get(place).map(|row| *row as usize)
    }

    /// The first and the last day in a column.
    pub fn span(&self, column: usize) -> Option<(Date, Date)> {
        let order = self
            .sheet
            .policy
            .columns
            .get(column)?
            .order
            .unwrap_or_default();
        let cells = self
            .sample
            .iter()
            .map(|row| self.sheet.cell(*row as usize, column));
        let days = cells.filter_map(|cell| Some(date::parse(cell, order)?.0.date));
        days.clone().min().zip(days.max())
    }

    /// A place in the sample, each as likely.
    pub fn any_place(&self, draws: &mut Draws<'_>) -> usize {
        draws.below(self.sample.len())
    }

    /// A row that lends this part: one that `fits` and agrees with the donor and with the canary's `codes` in as much as can be.
    pub fn lend(
        &self,
        node: &Node,
        donor: usize,
        codes: &[u8],
        draws: &mut Draws<'_>,
        mut fits: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        let mut wanted: Vec<(&Aspect, u8)> = Vec::with_capacity(node.agree.len());
        for (at, whom) in &node.agree {
            let aspect = self.aspects.get(*at)?;
            let code = match whom {
                Whom::Donor => aspect.code(aspect.reading.at(self.sheet, donor)),
                Whom::Canary => codes.get(*at).copied().unwrap_or(0),
            };
            if aspect
                .places
                .get(usize::from(code))
                .is_some_and(|p| !p.is_empty())
            {
                wanted.push((aspect, code));
            }
        }
        let first = wanted
            .first()
            .and_then(|(a, code)| a.places.get(usize::from(*code)));
        let mut best: Option<(u32, usize)> = None;
        for attempt in 0..2 * TRIES {
            // where nobody who agrees fits, anybody who fits must do
            let place = match first {
                Some(places) if attempt < TRIES => *places.get(draws.below(places.len()))? as usize,
                _ if best.is_some() => break,
                _ => self.any_place(draws),
            };
            let Some(row) = self.row(place) else { break };
            if row == donor || !fits(row) {
                continue;
            }
            let agrees = wanted.iter().fold(0, |score, (aspect, code)| {
                score << 1 | u32::from(aspect.codes.get(place) == Some(code))
            });
            if best.is_none_or(|(most, _)| agrees > most) {
                best = Some((agrees, place));
            }
            if agrees + 1 == 1 << wanted.len() {
                break;
            }
        }
        best.map(|(_, place)| place)
    }

    /// Notes what the lender at `place` says in a part's aspects.
    pub fn note(&self, node: &Node, place: usize, codes: &mut [u8]) {
        for at in &node.aspects {
            if let (Some(code), Some(aspect)) = (codes.get_mut(*at), self.aspects.get(*at)) {
                *code = aspect.codes.get(place).copied().unwrap_or(0);
            }
        }
    }

    /// Notes what these cells say in a part's aspects.
    pub fn note_cells(&self, node: &Node, cells: &[String], codes: &mut [u8]) {
        let get = |column: usize| cells.get(column).map_or("", String::as_str);
        for at in &node.aspects {
            if let (Some(code), Some(aspect)) = (codes.get_mut(*at), self.aspects.get(*at)) {
                *code = aspect.code(aspect.reading.read(self.sheet, get));
            }
        }
    }
}

/// What is worth knowing of a part.
fn readings(sheet: Sheet<'_>, part: &Part) -> Vec<Reading> {
    let only = |keep: fn(&Reading) -> bool, column: usize| {
        let mut all = aspects::readings(sheet, column);
        all.retain(keep);
        all
    };
    match part {
        Part::Cells(columns) => columns
            .iter()
            .flat_map(|c| aspects::readings(sheet, *c))
            .collect(),
        Part::Number(c) => aspects::readings(sheet, *c),
        Part::Dates { columns, from } => {
            let lead = columns.first().copied();
            let since = lead
                .zip(*from)
                .map(|(column, from)| Reading::Since { column, from });
            let own = lead.into_iter().flat_map(|c| aspects::readings(sheet, c));
            since.into_iter().chain(own).collect()
        }
        Part::Birth(c) => {
            let mut birth = vec![Reading::Year(*c)];
            birth.extend(only(|r| matches!(r, Reading::Sex(_)), *c));
            birth
        }
        Part::Region(c) => only(|r| matches!(r, Reading::Region(_)), *c),
        Part::Like(c) => {
            let mut like = aspects::readings(sheet, *c);
            if super::company::is_shared_in_passing(sheet, *c) {
                like.push(Reading::Together(*c));
            }
            like
        }
    }
}

/// The parts of a record under this policy.
fn parts(sheet: Sheet<'_>, sample: &[u32]) -> Vec<Part> {
    let policy = sheet.policy;
    let named = |name: &str| policy.columns.iter().position(|c| c.name == name);
    let mut follows: Vec<usize> = Vec::new();
    let mut births: Vec<usize> = Vec::new();
    for rule in &policy.rules {
        match rule {
            Rule::Elapsed { column, .. } => follows.extend(named(column)),
            Rule::Inside { column, of } => {
                follows.extend(named(column));
                births.extend(named(of));
            }
            _ => {}
        }
    }
    let moving: Vec<Vec<usize>> = groups(policy)
        .iter()
        .map(|g| g.carrier.columns().to_vec())
        .filter(|g| g.len() > 1)
        .collect();
    let there = |c: usize| sheet.places.get(c).copied().flatten().is_some();
    let tied = nets::tied(sheet, sample);
    let mut out: Vec<Part> = Vec::new();
    let mut done: Vec<usize> = Vec::new();
    let mut dates: Vec<Vec<usize>> = Vec::new();
    for (at, column) in policy.columns.iter().enumerate() {
        let led = moving.iter().any(|g| g.iter().skip(1).any(|c| *c == at));
        if column.role == Role::Sequence || done.contains(&at) || led || !there(at) {
            continue;
        }
        if let Some(group) = tied.iter().find(|g| g.contains(&at)) {
            done.extend(group);
            out.push(Part::Cells(group.clone()));
            continue;
        }
        let is_birth = column.kind == Kind::Date && hints(&column.name, Hint::Birth);
        match column.kind {
            Kind::NationalId => {
                out.push(Part::Birth(at));
                out.push(Part::Region(at));
            }
            // told by the identity number, or counted
            _ if follows.contains(&at) && !is_birth => {}
            // a day of birth is the identity number's, where there is one
            Kind::Date if is_birth && births.is_empty() => out.push(Part::Birth(at)),
            Kind::Date if is_birth => {}
            Kind::Date | Kind::DateTime => {
                let group = moving.iter().find(|g| g.first() == Some(&at));
                dates.push(group.cloned().unwrap_or_else(|| vec![at]));
            }
            Kind::Number => out.push(Part::Number(at)),
            Kind::Name => {}
            Kind::Category => out.push(Part::Cells(vec![at])),
            Kind::Text if few(sheet, at, sample) => out.push(Part::Cells(vec![at])),
            Kind::Phone | Kind::Email | Kind::Code | Kind::Address | Kind::Text => {
                out.push(Part::Like(at));
            }
        }
    }
    out.extend(nets::dated(sheet, dates, sample));
    out
}

/// Whether a column of texts holds a few that are repeated.
fn few(sheet: Sheet<'_>, column: usize, sample: &[u32]) -> bool {
    let cells = sample.iter().map(|row| sheet.cell(*row as usize, column));
    let distinct: std::collections::HashSet<&str> = cells.collect();
    distinct.len() * 8 < sample.len()
}

/// Whether a rule of the policy ties these columns' values together, so that they are copied from one row.
pub fn ties<'p>(policy: &'p Policy, rule: &'p Rule) -> Vec<&'p str> {
    let kind = |name: &str| policy.column(name).map(|c| c.kind);
    match rule {
        Rule::Offset { .. } | Rule::Elapsed { .. } | Rule::Order { .. } | Rule::Inside { .. } => {
            Vec::new()
        }
        _ => {
            let mut columns = rule.columns();
            // what is drawn by key is copied from nobody
            columns.retain(|c| {
                !matches!(
                    kind(c),
                    None | Some(
                        Kind::Name | Kind::Phone | Kind::NationalId | Kind::Email | Kind::Code
                    )
                )
            });
            columns
        }
    }
}
