//! What a canary borrows: categories as they stand, dates and numbers at the column's own grain, and whom its name, numbers and
//! texts are to be like. Dates and numbers are the canary's own and keep the policy's rules.

mod dates;

use std::collections::HashMap;

use jiff::civil::{Date, Time};

use super::aspects::{Reading, Seen, birth_of, key_of};
use super::draws::{Draws, Purpose};
use super::grain::Grain;
use super::kin::{Kin, Node, Part};
use super::nets;
use super::rarity::{Instead, Rarity};
use super::sightings::{Sightings, is_short};
use super::{Draft, Sheet};
use crate::mark::constraint::{Constraint, Elapsed, constraints};
use crate::mark::{dates as marked, numbers};
use crate::policy::{Kind, Rule};
use crate::value::elapsed::{count_written, write_count};
use crate::value::{date, national_id};

/// Lenders tried for a part, before one that breaks a rule must do.
const TRIES: usize = 16;

/// Lenders looked at for one that says what one row less says.
const LOOKED_AT: usize = 32;

/// Numbers that more rows have are borrowed as they stand.
const COMMON: u32 = 4;

/// Weeks by which a canary's first date may lie from its lender's; its day of the week stays.
const NEAR: i64 = 2;

/// Borrows for canaries under a policy.
pub struct Body<'a> {
    sheet: Sheet<'a>,
    kin: Kin<'a>,
    constraints: Vec<Constraint>,
    elapsed: Vec<Elapsed>,
    /// Columns that an identity number tells, with its column.
    inside: Vec<(usize, usize)>,
    codes: Vec<usize>,
    grains: HashMap<usize, Grain>,
    spans: HashMap<usize, (Date, Date)>,
    /// Days of the year in columns that tell birthdays.
    birthdays: HashMap<usize, Rarity>,
    /// Days in columns of dates that are counted from none.
    days: HashMap<usize, Rarity>,
    /// What is seen of dates, where the list is short.
    seen: HashMap<usize, Sightings>,
    /// In a short list, by the column that leads a part: how many rows say there what each row says.
    alike: HashMap<usize, Vec<u32>>,
}

impl<'a> Body<'a> {
    /// By this table's policy; `days` is the table's own day for each column that counts up to it.
    pub fn new(sheet: Sheet<'a>, days: &HashMap<usize, Date>) -> Body<'a> {
        let policy = sheet.policy;
        let place = |name: &str| policy.columns.iter().position(|c| c.name == name);
        let inside = policy.rules.iter().filter_map(|rule| match rule {
            Rule::Inside { column, of } => Some((place(column)?, place(of)?)),
            _ => None,
        });
        let kin = Kin::of(sheet);
        let (mut grains, mut spans) = (HashMap::new(), HashMap::new());
        let (mut birthdays, mut all_days) = (HashMap::new(), HashMap::new());
        let (mut seen, mut alike) = (HashMap::new(), HashMap::new());
        for node in &kin.nodes {
            if is_short(sheet)
                && let Some(lead) = node.part.lead()
            {
                alike.extend(how_many_alike(sheet, &node.part).map(|times| (lead, times)));
            }
            match &node.part {
                Part::Number(column) => {
                    grains.extend(Grain::of(sheet, *column).map(|grain| (*column, grain)));
                }
                Part::Dates { columns, from } => {
                    if let Some(lead) = columns.first().filter(|_| is_short(sheet)) {
                        seen.insert(*lead, Sightings::of(sheet.column(*lead)));
                    }
                    if let (Some(lead), None) = (columns.first(), from) {
                        let order = policy.columns[*lead].order.unwrap_or_default();
                        let cells = sheet.column(*lead).enumerate();
                        let days = cells.filter_map(|(row, cell)| {
                            let day = date::parse(cell, order)?.0.date;
                            Some((i64::from(date::day_number(day)) as u64, row))
                        });
                        all_days.insert(*lead, Rarity::of(days, 1_000));
                    }
                    spans.extend(columns.iter().filter_map(|c| Some((*c, kin.span(*c)?))));
                }
                Part::Birth(column) => {
                    let cells = sheet.column(*column).enumerate();
                    let days = cells.filter_map(|(row, cell)| {
                        let day = birth_of(sheet, *column, cell)?;
                        Some((day.month() as u64 * 32 + day.day() as u64, row))
                    });
                    birthdays.insert(*column, Rarity::of(days, 366));
                }
                _ => {}
            }
        }
        Body {
            sheet,
            kin,
            constraints: constraints(policy)
                .into_iter()
                .filter(|c| !c.counts_time())
                .collect(),
            elapsed: Elapsed::all(policy, days),
            inside: inside.collect(),
            codes: sheet.columns(|c| c.kind == Kind::Code),
            grains,
            spans,
            birthdays,
            days: all_days,
            seen,
            alike,
        }
    }

    /// Columns of which a canary's cells are made, not borrowed.
    pub fn made(&self) -> Vec<usize> {
        let made = self.kin.nodes.iter().filter_map(|node| match node.part {
            Part::Like(column) => Some(column),
            _ => None,
        });
        made.collect()
    }

    /// Columns of addresses in a short list in which district or town tells nothing of other columns.
    pub fn free_areas(&self) -> Vec<usize> {
        let all = &self.kin.aspects;
        let areas = all.iter().enumerate();
        let free = areas.filter_map(|(at, aspect)| match aspect.reading {
            Reading::Area(column) if is_short(self.sheet) => {
                nets::stands_alone(at, all).then_some(column)
            }
            _ => None,
        });
        free.collect()
    }

    /// Writes all that a canary has of others, and notes whom the rest is to be like.
    pub fn borrow(&self, draft: &mut Draft<'_>) {
        let mut codes = vec![0u8; self.kin.aspects.len()];
        let mut open: Vec<bool> = vec![false; draft.cells.len()];
        for column in self.kin.nodes.iter().flat_map(|n| n.part.columns()) {
            open[*column] = true;
        }
        for node in &self.kin.nodes {
            let columns = node.part.columns();
            for column in columns {
                open[*column] = false;
            }
            let kept = match &node.part {
                Part::Like(column) if self.is_text(*column) => draft.restore(self.sheet, columns),
                Part::Like(column) | Part::Region(column) => draft.recall(*column),
                Part::Birth(column) => self.born_before(*column, draft),
                _ => draft.restore(self.sheet, columns),
            };
            if kept {
                self.kin.note_cells(node, &draft.cells, &mut codes);
                continue;
            }
            // made before these were sealed: then they were the donor's
            let old = !draft.kept.is_empty()
                && !matches!(node.part, Part::Like(_))
                && columns.iter().all(|c| draft.before(*c).is_none());
            let blank = columns
                .iter()
                .all(|c| self.sheet.cell(draft.row, *c).trim().is_empty());
            let by_code =
                || matches!(node.part, Part::Dates { .. }) && self.told_by_code(columns, draft);
            let born_anyway = matches!(node.part, Part::Birth(_));
            if !old && (!blank || born_anyway) && !by_code() {
                self.lend(node, draft, &mut codes, &open);
            } else {
                self.kin.note_cells(node, &draft.cells, &mut codes);
            }
            if !matches!(node.part, Part::Like(_) | Part::Region(_)) && !old {
                self.seal(columns, draft);
            }
        }
    }

    fn is_text(&self, column: usize) -> bool {
        let kind = self.sheet.policy.columns[column].kind;
        matches!(kind, Kind::Address | Kind::Text)
    }

    /// Seals what stands in these columns, but for numbers that are somebody's.
    fn seal(&self, columns: &[usize], draft: &mut Draft<'_>) {
        for column in columns {
            if self.sheet.policy.columns[*column].kind != Kind::NationalId {
                let text = std::mem::take(&mut draft.cells[*column]);
                draft.say(*column, self.sheet.cell(draft.row, *column), text);
            }
        }
    }

    /// A canary's birthday is kept with its identity number, or with the date.
    fn born_before(&self, column: usize, draft: &mut Draft<'_>) -> bool {
        let kept = match self.sheet.policy.columns[column].kind {
            Kind::NationalId => draft.recall(column),
            _ => draft.restore(self.sheet, &[column]),
        };
        draft.born = birth_of(self.sheet, column, &draft.cells[column]).filter(|_| kept);
        kept
    }

    fn lend(&self, node: &Node, draft: &mut Draft<'_>, codes: &mut [u8], open: &[bool]) {
        let Some(lead) = node.part.lead() else { return };
        let donor = draft.row;
        let said = node.part.columns().iter().fold(0u64, |s, c| {
            s.rotate_left(7) ^ key_of(self.sheet.cell(donor, *c))
        });
        let mut draws = Draws::new(
            draft.key,
            draft.donor,
            Purpose::Lender {
                column: lead as u32,
                part: matches!(node.part, Part::Region(_)) as u32,
                said: draft.beside(lead, &format!("{said:016x}")),
            },
        );
        let blank = |row: usize, column: usize| self.sheet.cell(row, column).trim().is_empty();
        for _ in 0..TRIES {
            let fits = |row: usize| match &node.part {
                Part::Birth(c) => birth_of(self.sheet, *c, self.sheet.cell(row, *c)).is_some(),
                part => part
                    .columns()
                    .iter()
                    .all(|c| blank(row, *c) == blank(donor, *c)),
            };
            let Some(place) = self.lender(node, donor, codes, &mut draws, fits) else {
                return;
            };
            let Some(row) = self.kin.row(place) else {
                return;
            };
            if !self.wear(node, row, draft, &mut draws) {
                continue;
            }
            self.kin.note(node, place, codes);
            if self.stands(node.part.columns(), draft, open) {
                return;
            }
        }
    }

    /// A row that lends this part; in a short list one that says what one row less says than what a first one says, so that with the
    /// canary they are as many.
    fn lender(
        &self,
        node: &Node,
        donor: usize,
        codes: &[u8],
        draws: &mut Draws<'_>,
        fits: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let mut lent = || self.kin.lend(node, donor, codes, draws, &fits);
        let first = lent()?;
        let Some(alike) = node.part.lead().and_then(|lead| self.alike.get(&lead)) else {
            return Some(first);
        };
        let times = |place: usize| {
            let row = self.kin.row(place)?;
            alike.get(row).copied()
        };
        let Some(own) = times(first) else {
            return Some(first);
        };
        // numbers that few have are made, not borrowed
        if matches!(node.part, Part::Number(_)) && own <= COMMON {
            return Some(first);
        }
        let mut less: Option<(u32, usize)> = None;
        for _ in 0..LOOKED_AT {
            let Some(place) = lent() else { break };
            match times(place) {
                Some(n) if n < own && less.is_none_or(|(most, _)| n > most) => {
                    less = Some((n, place));
                }
                _ => {}
            }
            if less.is_some_and(|(n, _)| n + 1 == own) {
                break;
            }
        }
        // where nothing is said by just one row less, the next less often, so that it comes to the same on the whole
        match less {
            Some((n, place)) if draws.below((own - n) as usize) == 0 => Some(place),
            _ => Some(first),
        }
    }

    /// Writes the part as the row `like` would have it; false where it cannot be written so.
    fn wear(&self, node: &Node, like: usize, draft: &mut Draft<'_>, draws: &mut Draws<'_>) -> bool {
        match &node.part {
            Part::Cells(columns) => {
                for column in columns {
                    draft.cells[*column] = self.sheet.cell(like, *column).to_string();
                }
            }
            Part::Number(column) => {
                let text = self.sheet.cell(like, *column);
                let habit = numbers::habit(&self.sheet.policy.columns[*column]);
                let grain = self.grains.get(column);
                let made = grain.and_then(|g| g.near(self.sheet, text, habit.as_ref(), draws));
                draft.cells[*column] = made.unwrap_or_else(|| text.to_string());
            }
            Part::Dates { columns, from } => return self.date(columns, *from, like, draft, draws),
            Part::Birth(column) => return self.birth(*column, like, draft, draws),
            Part::Region(column) => draft.region = Some((*column, like)),
            Part::Like(column) => draft.like[*column] = Some(like),
        }
        true
    }

    /// The year of one, the day of another.
    fn birth(
        &self,
        column: usize,
        like: usize,
        draft: &mut Draft<'_>,
        draws: &mut Draws<'_>,
    ) -> bool {
        let birth = |row: usize| birth_of(self.sheet, column, self.sheet.cell(row, column));
        let Some(year) = birth(like) else {
            return false;
        };
        let day = (0..TRIES).find_map(|_| {
            let row = self.kin.row(self.kin.any_place(draws))?;
            let day = self.as_rare_a_day(column, birth(row)?, draws);
            year.with().month(day.month()).day(day.day()).build().ok()
        });
        let born = day.unwrap_or(year);
        (draft.born, draft.born_like) = (Some(born), Some(like));
        let described = &self.sheet.policy.columns[column];
        let text = self.sheet.cell(like, column);
        if described.kind == Kind::NationalId {
            draft.male = national_id::normal(text).map(|id| id.is_male());
        } else if let Some((mut moment, form)) =
            date::parse_exact(text, described.order.unwrap_or_default())
        {
            moment.date = born;
            draft.cells[column] = form.render(&moment);
        }
        true
    }

    /// A day of the year on which as many were born.
    fn as_rare_a_day(&self, column: usize, day: Date, draws: &mut Draws<'_>) -> Date {
        let Some(days) = self.birthdays.get(&column) else {
            return day;
        };
        let key = |day: Date| day.month() as u64 * 32 + day.day() as u64;
        match days.instead(key(day), draws, |_| true) {
            Instead::Same => day,
            Instead::At(row) => {
                birth_of(self.sheet, column, self.sheet.cell(row, column)).unwrap_or(day)
            }
            Instead::New => (0..TRIES)
                .filter_map(|_| date::from_day_number(draws.between(0, 364) as i32))
                .find(|other| days.times(key(*other)) == 0)
                .unwrap_or(day),
        }
    }

    fn moment(&self, column: usize, text: &str) -> Option<(date::Moment, date::Form)> {
        date::parse_exact(
            text,
            self.sheet.policy.columns[column].order.unwrap_or_default(),
        )
    }

    /// Whether every rule that the donor keeps, and of which nothing is open any more, is kept; and every count of time can be written.
    fn stands(&self, columns: &[usize], draft: &Draft<'_>, open: &[bool]) -> bool {
        let get = |at: usize| draft.cells[at].as_str();
        let donor = |at: usize| self.sheet.cell(draft.row, at);
        let ours = |c: usize| columns.contains(&c);
        let rules = self.constraints.iter().all(|rule| {
            let all = rule.columns();
            !all.iter().any(|c| ours(*c))
                || all.iter().any(|c| open[*c])
                || rule.holds(donor) == Some(false)
                || rule.holds(get) != Some(false)
        });
        rules
            && self.elapsed.iter().all(|rule| {
                !rule.columns().any(ours)
                    || rule.columns().any(|c| open[c])
                    || rule.count(donor).is_none()
                    || rule.count(get).is_some()
            })
    }

    /// What the canary's own number and dates tell: the day of birth, ages, weeks and days. Where the register contradicts itself,
    /// canaries do not.
    pub fn tell(&self, draft: &mut Draft<'_>) {
        for (column, of) in &self.inside {
            let donor = self.sheet.cell(draft.row, *column);
            let own = national_id::normal(&draft.cells[*of]).and_then(|id| id.birth_date());
            if own.is_none() && draft.restore(self.sheet, &[*column]) {
                continue;
            }
            let written = match (self.moment(*column, donor), own.or(draft.born)) {
                (Some((mut moment, form)), Some(born)) => {
                    moment.date = born;
                    form.render(&moment)
                }
                // sex and age go with the row that lent the year of birth
                (None, _) if draft.restore(self.sheet, &[*column]) => continue,
                (None, _) if !donor.trim().is_empty() => match draft.born_like {
                    Some(row) => self.sheet.cell(row, *column).to_string(),
                    None => continue,
                },
                _ => continue,
            };
            draft.say(*column, donor, written);
        }
        self.count(draft);
    }

    /// Writes every count of time again.
    pub fn count(&self, draft: &mut Draft<'_>) {
        for rule in &self.elapsed {
            let text = self.sheet.cell(draft.row, rule.column());
            let count = rule.count(|at| draft.cells[at].as_str());
            if count_written(text).is_some()
                && let Some(text) = count.and_then(|n| write_count(text, n))
            {
                draft.cells[rule.column()] = text;
            }
        }
    }

    /// A row near the donor's.
    pub fn neighbour(&self, draft: &Draft<'_>, draws: &mut Draws<'_>) -> usize {
        let near = (self.sheet.table.rows() / 64).max(4) as i64;
        let row = draft.row as i64 + draws.between(-near, near);
        row.clamp(0, self.sheet.table.rows() as i64 - 1) as usize
    }
}

/// For each row how many say the same in a part, as far as it is a category; none where its values are a row's own.
fn how_many_alike(sheet: Sheet<'_>, part: &Part) -> Option<Vec<u32>> {
    let reading = match part {
        Part::Cells(columns) => Reading::Value(*columns.first()?),
        Part::Dates {
            columns,
            from: None,
        } => Reading::Day(*columns.first()?),
        Part::Like(column) => match sheet.policy.columns.get(*column)?.kind {
            Kind::Address => Reading::Area(*column),
            Kind::Phone => Reading::PhoneHead(*column),
            _ => return None,
        },
        _ => return None,
    };
    let said = |row: usize| match reading.at(sheet, row) {
        Seen::Blank => None,
        Seen::Key(key) => Some(key),
        Seen::Number(days) => Some(days.floor().to_bits()),
    };
    let all: Vec<Option<u64>> = (0..sheet.table.rows()).map(said).collect();
    let mut counts: HashMap<Option<u64>, u32> = HashMap::new();
    for key in &all {
        *counts.entry(*key).or_insert(0) += 1;
    }
    Some(all.iter().map(|key| counts[key]).collect())
}
