//! When things happened to a canary and what was measured: the donor's row, moved by keyed draws, with the policy's rules kept.

use std::collections::HashMap;

use jiff::civil::{Date, Time};

use super::draws::{Draws, Purpose};
use super::{Draft, Sheet};
use crate::mark::constraint::{Constraint, Elapsed, constraints};
use crate::mark::groups;
use crate::mark::{dates, numbers};
use crate::policy::profile::sample_rows;
use crate::policy::words::{Hint, hints};
use crate::policy::{Column, Kind, Role, Rule};
use crate::value::{date, national_id, number};

/// Tries at a move that keeps every rule, before the donor's value stands.
const TRIES: usize = 24;

/// A number moves by no more than this part of itself ...
const PART_OF_VALUE: f64 = 0.15;

/// ... and of what the column ranges over.
const PART_OF_RANGE: f64 = 0.05;

/// Columns that move together.
struct Moving {
    columns: Vec<usize>,
    how: How,
    /// The rules that speak of them.
    constraints: Vec<usize>,
    /// The counts of time that do.
    elapsed: Vec<usize>,
}

enum How {
    /// To another day of the same month, or of the same year where it is a day of birth.
    Day {
        of_year: bool,
        days: Option<(Date, Date)>,
    },
    /// Within the day, by steps of so many seconds.
    Hour {
        step: i64,
        hours: Option<(Time, Time)>,
    },
    /// By steps, within a range.
    Number {
        step: number::Decimal,
        range: Option<(f64, f64)>,
    },
}

/// Dresses canaries by a policy.
pub struct Body<'a> {
    sheet: Sheet<'a>,
    moves: Vec<Moving>,
    constraints: Vec<Constraint>,
    elapsed: Vec<Elapsed>,
    /// Dates that an identity number holds.
    inside: Vec<(usize, usize)>,
    codes: Vec<usize>,
}

impl<'a> Body<'a> {
    /// By this table's policy; `days` is the table's own day for each column that counts up to it.
    pub fn new(sheet: Sheet<'a>, days: &HashMap<usize, Date>) -> Body<'a> {
        let policy = sheet.policy;
        let place = |name: &str| policy.columns.iter().position(|c| c.name == name);
        let inside: Vec<(usize, usize)> = policy
            .rules
            .iter()
            .filter_map(|rule| match rule {
                Rule::Inside { column, of } => Some((place(column)?, place(of)?)),
                _ => None,
            })
            .collect();
        // what another column's value hangs on must stay
        let decides = |at: &usize| {
            let name = policy.columns.get(*at).map(|c| c.name.as_str());
            policy.rules.iter().any(|rule| match rule {
                Rule::Determines { .. } | Rule::Pair { .. } | Rule::Computed { .. } => {
                    rule.columns().into_iter().any(|c| Some(c) == name)
                }
                _ => false,
            })
        };
        let births = sheet.columns(|c| {
            c.kind == Kind::Date && c.role == Role::Plain && hints(&c.name, Hint::Birth)
        });
        let births = births.into_iter().chain(inside.iter().map(|(c, _)| *c));
        let mut columns: Vec<Vec<usize>> = Vec::new();
        for birth in births {
            if !columns.contains(&vec![birth]) {
                columns.push(vec![birth]);
            }
        }
        let lived = columns.len();
        columns.extend(groups(policy).iter().map(|g| g.carrier.columns().to_vec()));
        let elapsed = Elapsed::all(policy, days);
        let rules: Vec<Constraint> = constraints(policy)
            .into_iter()
            .filter(|c| !c.counts_time())
            .collect();
        let moves = columns
            .into_iter()
            .enumerate()
            .filter_map(|(nth, columns)| {
                if columns.iter().any(decides) {
                    return None;
                }
                let how = how(sheet, *columns.first()?, nth < lived)?;
                let ours = |c: &usize| columns.contains(c);
                let speaks = |(nth, speaks): (usize, bool)| speaks.then_some(nth);
                let rules = rules.iter().map(|r| r.columns().iter().any(ours));
                let counts = elapsed.iter().map(|e| e.columns().any(|c| ours(&c)));
                Some(Moving {
                    constraints: rules.enumerate().filter_map(speaks).collect(),
                    elapsed: counts.enumerate().filter_map(speaks).collect(),
                    columns,
                    how,
                })
            });
        let moves = moves.collect();
        Body {
            sheet,
            moves,
            elapsed,
            constraints: rules,
            inside,
            codes: sheet.columns(|c| c.kind == Kind::Code && c.role != Role::Sequence),
        }
    }

    /// Moves the donor's cells in place; names and identifiers are the canary's already.
    pub fn dress(&self, draft: &mut Draft<'_>) {
        for moving in &self.moves {
            if !self.told_by_number(moving, draft) && !self.told_by_code(moving, draft) {
                self.move_group(moving, draft);
            }
        }
        self.count_again(draft);
    }

    /// A day of birth that stands in the canary's identity number is written from there.
    fn told_by_number(&self, moving: &Moving, draft: &mut Draft<'_>) -> bool {
        let [column] = moving.columns[..] else {
            return false;
        };
        let Some((_, of)) = self.inside.iter().find(|(c, _)| *c == column) else {
            return false;
        };
        let birth = |cell: &str| national_id::normal(cell)?.birth_date();
        let Some(own) = birth(&draft.cells[*of]) else {
            return false;
        };
        let order = self.sheet.policy.columns[column].order.unwrap_or_default();
        if let Some((mut moment, form)) = date::parse_exact(&draft.cells[column], order) {
            // where the register contradicts itself, so does the canary
            let donor = birth(self.sheet.cell(draft.row, *of));
            if donor.is_none_or(|donor| donor == moment.date) {
                moment.date = own;
                draft.cells[column] = form.render(&moment);
            }
        }
        true
    }

    /// Whether a code of the donor's holds the day that would move: 20240305-017.
    fn told_by_code(&self, moving: &Moving, draft: &Draft<'_>) -> bool {
        if self.codes.is_empty() || !matches!(moving.how, How::Day { .. } | How::Hour { .. }) {
            return false;
        }
        moving.columns.iter().any(|at| {
            let order = self.sheet.policy.columns[*at].order.unwrap_or_default();
            let cell = self.sheet.cell(draft.row, *at);
            let Some((moment, _)) = date::parse_exact(cell, order) else {
                return false;
            };
            let day = moment.date;
            let digits = format!("{:04}{:02}{:02}", day.year(), day.month(), day.day());
            let short = digits.get(2..).unwrap_or("");
            let mut codes = self.codes.iter().map(|c| self.sheet.cell(draft.row, *c));
            codes.any(|code| code.contains(short))
        })
    }

    fn move_group(&self, moving: &Moving, draft: &mut Draft<'_>) {
        let Some(lead) = moving.columns.first() else {
            return;
        };
        let donor: Vec<&str> = moving
            .columns
            .iter()
            .map(|c| self.sheet.cell(draft.row, *c))
            .collect();
        if donor.iter().all(|text| text.trim().is_empty()) {
            return;
        }
        let held: Vec<Option<bool>> = moving
            .constraints
            .iter()
            .map(|c| self.constraints[*c].holds(|at| &draft.cells[at]))
            .collect();
        // numbers move by the frozen policy alone; days and hours by what this month's table spans, so they are sealed
        let sealed = !matches!(moving.how, How::Number { .. });
        let columns = || moving.columns.iter().zip(&donor);
        let before: Option<Vec<String>> = columns()
            .map(|(at, donor)| draft.still(*at, donor).map(String::from))
            .collect();
        let mut draws = Draws::new(draft.key, draft.donor, Purpose::Column(*lead as u32));
        let again = before.filter(|_| sealed).into_iter();
        let fresh = (0..TRIES).filter_map(|_| self.moved(moving, &donor, &mut draws));
        for texts in again.chain(fresh) {
            for (at, text) in moving.columns.iter().zip(texts) {
                draft.cells[*at] = text;
            }
            if self.stands(moving, &held, &draft.cells) {
                break;
            }
            for (at, text) in columns() {
                draft.cells[*at] = text.to_string();
            }
        }
        if sealed {
            for (at, donor) in columns() {
                let text = std::mem::take(&mut draft.cells[*at]);
                draft.say(*at, donor, text);
            }
        }
    }

    /// Whether every rule that held still holds, and every count of time can be written.
    fn stands(&self, moving: &Moving, held: &[Option<bool>], cells: &[String]) -> bool {
        let get = |at: usize| cells[at].as_str();
        let mut rules = moving.constraints.iter().zip(held);
        rules.all(|(c, held)| *held != Some(true) || self.constraints[*c].holds(get) == Some(true))
            && moving
                .elapsed
                .iter()
                .map(|e| &self.elapsed[*e])
                .all(|e| e.count(get).is_some() || e.blank(get))
    }

    /// One try at moving a group of columns; None where it cannot move so.
    fn moved(&self, moving: &Moving, donor: &[&str], draws: &mut Draws<'_>) -> Option<Vec<String>> {
        let column = |at: usize| &self.sheet.policy.columns[at];
        let lead = column(*moving.columns.first()?);
        match &moving.how {
            How::Day { of_year, days } => {
                let mut read = moving.columns.iter().zip(donor).filter_map(|(at, text)| {
                    Some(
                        date::parse_exact(text, column(*at).order.unwrap_or_default())?
                            .0
                            .date,
                    )
                });
                let first = read.next()?;
                let (day, most) = if *of_year {
                    (first.day_of_year(), first.days_in_year())
                } else {
                    (i16::from(first.day()), i16::from(first.days_in_month()))
                };
                let by = draws.between(1, i64::from(most)) - i64::from(day);
                let shifted = moving.columns.iter().zip(donor).map(|(at, text)| {
                    if text.trim().is_empty() {
                        return Some(text.to_string());
                    }
                    let column = column(*at);
                    let (moment, form) = date::parse_exact(text, column.order.unwrap_or_default())?;
                    let there = moment.shift_days(by as i32)?;
                    let weekend = there.date.weekday().to_monday_zero_offset() >= 5;
                    let form = form.settled(dates::habit(column).as_ref(), &moment, text);
                    (!column.weekdays || !weekend).then(|| form.render(&there))
                });
                let there = first.checked_add(jiff::Span::new().days(by)).ok()?;
                let spanned = days.is_none_or(|(low, high)| (low..=high).contains(&there));
                if spanned { shifted.collect() } else { None }
            }
            How::Hour { step, hours } => {
                let text = donor.first()?;
                let (moment, form) = date::parse_exact(text, lead.order.unwrap_or_default())?;
                let form = form.settled(dates::habit(lead).as_ref(), &moment, text);
                let there = moment.shift_seconds(draws.between(-90, 90) * step)?;
                let spanned = there
                    .time
                    .zip(*hours)
                    .is_none_or(|(time, (low, high))| (low..=high).contains(&time));
                (there.date == moment.date && spanned).then(|| vec![form.render(&there)])
            }
            How::Number { step, range } => {
                let text = donor.first()?;
                let (value, form) = number::parse_exact(text)?;
                let form = form.settled(numbers::habit(lead).as_ref(), &value, text);
                let steps = |part: f64| part / step.to_f64().abs().max(f64::MIN_POSITIVE);
                let by_range = range.map(|(low, high)| steps((high - low) * PART_OF_RANGE));
                let by_value = steps(value.to_f64().abs() * PART_OF_VALUE);
                // a few steps at least, or small numbers would never move
                let most = by_range
                    .map_or(by_value, |r| r.min(by_value))
                    .clamp(2.0, 1e9) as i64;
                let there = value.shift(step, draws.between(-most, most))?;
                let outside =
                    range.is_some_and(|(low, high)| !(low..=high).contains(&there.to_f64()));
                (!outside && there.to_f64() != 0.0).then(|| vec![form.render(&there)])
            }
        }
    }

    /// Ages, weeks and days as the canary's own dates make them, where the donor's told the truth.
    fn count_again(&self, draft: &mut Draft<'_>) {
        for rule in &self.elapsed {
            let text = rule.follow(|at| self.sheet.cell(draft.row, at), |at| &draft.cells[at]);
            if let Some(text) = text {
                draft.cells[rule.column()] = text;
            }
        }
    }
}

/// How the columns that `lead` leads move; none where they do not.
fn how(sheet: Sheet<'_>, lead: usize, of_year: bool) -> Option<How> {
    let column: &Column = sheet.policy.columns.get(lead)?;
    let moments = || {
        sample_rows(sheet.table).filter_map(|row| {
            Some(date::parse(sheet.cell(row, lead), column.order.unwrap_or_default())?.0)
        })
    };
    Some(match column.kind {
        Kind::Date => {
            let days = moments().map(|m| m.date);
            How::Day {
                of_year,
                days: days.clone().min().zip(days.max()),
            }
        }
        Kind::DateTime => {
            let hours = moments().filter_map(|m| m.time);
            let step = column.step.as_deref().and_then(|s| s.parse().ok());
            How::Hour {
                step: step.unwrap_or(60).max(60),
                hours: hours.clone().min().zip(hours.max()),
            }
        }
        Kind::Number => {
            let value = |text: &str| number::parse(text).map(|(value, _)| value);
            let range = column.range.as_ref();
            How::Number {
                step: value(column.step.as_deref()?)?,
                range: range
                    .and_then(|[low, high]| Some((value(low)?.to_f64(), value(high)?.to_f64()))),
            }
        }
        _ => return None,
    })
}
