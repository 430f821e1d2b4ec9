//! What a canary says besides who it is: the donor's row, moved by keyed draws so that it is nobody's, with the policy's rules
//! kept.

use std::collections::HashMap;

use jiff::civil::Date;

use super::draws::{Draws, Purpose};
use crate::code::Handle;
use crate::key::BlockKey;
use crate::mark::constraint::{Constraint, Elapsed, constraints};
use crate::mark::groups;
use crate::policy::{Column, Kind, Policy, Role, Rule};
use crate::value::{date, national_id, number};

/// Tries at a move that keeps every rule, before the donor's value stands.
const TRIES: usize = 24;

/// Dresses canaries by a policy.
pub struct Body {
    columns: Vec<Column>,
    moves: Vec<Vec<usize>>,
    constraints: Vec<Constraint>,
    elapsed: Vec<Elapsed>,
    inside: Vec<(usize, usize)>,
    fixed: Vec<bool>,
}

impl Body {
    /// By this policy; `days` is the table's own day for each column that counts up to it.
    pub fn new(policy: &Policy, days: &HashMap<usize, Date>) -> Body {
        let place: HashMap<&str, usize> = policy
            .columns
            .iter()
            .enumerate()
            .map(|(at, c)| (c.name.as_str(), at))
            .collect();
        let mut fixed = vec![false; policy.columns.len()];
        let mut inside = Vec::new();
        for rule in &policy.rules {
            match rule {
                Rule::Determines { column, .. } => {
                    fixed[place.get(column.as_str()).copied().unwrap_or(0)] = true
                }
                Rule::Inside { column, of } => {
                    if let (Some(column), Some(of)) =
                        (place.get(column.as_str()), place.get(of.as_str()))
                    {
                        inside.push((*column, *of));
                    }
                }
                _ => {}
            }
        }
        Body {
            columns: policy.columns.clone(),
            moves: groups(policy)
                .iter()
                .map(|g| g.carrier.columns().to_vec())
                .collect(),
            elapsed: Elapsed::all(policy, days),
            constraints: constraints(policy)
                .into_iter()
                .filter(|c| !c.counts_time())
                .collect(),
            inside,
            fixed,
        }
    }

    /// Moves the donor's cells in place; names and identifiers are the canary's already.
    pub fn dress(&self, key: &BlockKey, donor: Handle, cells: &mut [String]) {
        for (column, of) in &self.inside {
            self.write_birth(*column, *of, cells);
        }
        for (at, column) in self.columns.iter().enumerate() {
            let free_text = matches!(column.kind, Kind::Address)
                || (column.kind == Kind::Text && column.role == Role::Carrier);
            if free_text && !self.fixed[at] {
                let mut draws = Draws::new(key, donor, Purpose::Column(at as u32));
                cells[at] = redraw_digits(&cells[at], &mut draws);
            }
        }
        for group in &self.moves {
            let Some(lead) = group.first() else { continue };
            let mut draws = Draws::new(key, donor, Purpose::Column(*lead as u32));
            self.move_group(group, &mut draws, cells);
        }
        self.count_again(cells);
    }

    fn write_birth(&self, column: usize, of: usize, cells: &mut [String]) {
        let birth = national_id::normal(&cells[of]).and_then(|id| id.birth_date());
        let order = self.columns[column].order.unwrap_or_default();
        if let (Some(birth), Some((mut moment, form))) =
            (birth, date::parse_exact(&cells[column], order))
        {
            moment.date = birth;
            cells[column] = form.render(&moment);
        }
    }

    fn move_group(&self, group: &[usize], draws: &mut Draws<'_>, cells: &mut [String]) {
        let before: Vec<String> = group.iter().map(|c| cells[*c].clone()).collect();
        let held: Vec<Option<bool>> = self
            .constraints
            .iter()
            .map(|c| c.holds(|at| &cells[at]))
            .collect();
        for _ in 0..TRIES {
            if self.moved(group, &before, draws, cells).is_some() {
                let kept =
                    self.constraints.iter().zip(&held).all(|(c, held)| {
                        *held != Some(true) || c.holds(|at| &cells[at]) == Some(true)
                    });
                let counted = self
                    .elapsed
                    .iter()
                    .all(|e| e.count(|at| &cells[at]).is_some() || e.blank(|at| &cells[at]));
                if kept && counted {
                    return;
                }
            }
            for (at, text) in group.iter().zip(&before) {
                cells[*at].clone_from(text);
            }
        }
    }

    /// One try at moving a group of columns; None where it cannot move so.
    fn moved(
        &self,
        group: &[usize],
        before: &[String],
        draws: &mut Draws<'_>,
        cells: &mut [String],
    ) -> Option<()> {
        let lead = &self.columns[*group.first()?];
        match lead.kind {
            Kind::Date => {
                let (moment, _) =
                    date::parse_exact(before.first()?, lead.order.unwrap_or_default())?;
                let days = draws.between(1, i64::from(moment.date.days_in_month()))
                    - i64::from(moment.date.day());
                for (at, text) in group
                    .iter()
                    .zip(before)
                    .filter(|(_, text)| !text.trim().is_empty())
                {
                    let column = &self.columns[*at];
                    let (moment, form) = date::parse_exact(text, column.order.unwrap_or_default())?;
                    let there = moment.shift_days(days as i32)?;
                    if column.weekdays && there.date.weekday().to_monday_zero_offset() >= 5 {
                        return None;
                    }
                    cells[*at] = form.render(&there);
                }
            }
            Kind::DateTime => {
                let (moment, form) =
                    date::parse_exact(before.first()?, lead.order.unwrap_or_default())?;
                let step: i64 = lead
                    .step
                    .as_deref()
                    .and_then(|s| s.parse().ok())
                    .unwrap_or(60)
                    .max(60);
                let there = moment.shift_seconds(draws.between(-90, 90) * step)?;
                if there.date != moment.date {
                    return None;
                }
                cells[group[0]] = form.render(&there);
            }
            Kind::Number => {
                let (value, form) = number::parse_exact(before.first()?)?;
                let (step, _) = number::parse(lead.step.as_deref()?)?;
                let there = value.shift(&step, draws.between(-6, 6))?;
                let outside = lead.range.as_ref().is_some_and(|range| {
                    let edge = |text: &str| number::parse(text).map_or(0.0, |(d, _)| d.to_f64());
                    !(edge(&range[0])..=edge(&range[1])).contains(&there.to_f64())
                });
                if outside || there.to_f64() == 0.0 {
                    return None;
                }
                cells[group[0]] = form.render(&there);
            }
            _ => {}
        }
        Some(())
    }

    /// Ages, weeks and days as the canary's own dates make them.
    fn count_again(&self, cells: &mut [String]) {
        for rule in &self.elapsed {
            let column = rule.column();
            if let (Some(count), false) =
                (rule.count(|at| &cells[at]), cells[column].trim().is_empty())
            {
                let digits: String = cells[column].chars().filter(char::is_ascii_digit).collect();
                if !digits.is_empty() {
                    cells[column] = cells[column].replacen(&digits, &count.to_string(), 1);
                }
            }
        }
    }
}

/// Every number of one to four digits drawn again: as many digits, not above what stood there by more than the first digit allows.
fn redraw_digits(text: &str, draws: &mut Draws<'_>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        out.push_str(&rest[..start]);
        let run = rest[start..]
            .find(|c: char| !c.is_ascii_digit())
            .map_or(rest.len() - start, |n| n);
        let digits = &rest[start..start + run];
        match digits.parse::<i64>() {
            Ok(n) if run <= 4 && !digits.starts_with('0') => {
                let low = 10i64.pow(run as u32 - 1);
                out.push_str(&draws.between(low, (n / low + 1) * low - 1).to_string());
            }
            _ => out.push_str(digits),
        }
        rest = &rest[start + run..];
    }
    out.push_str(rest);
    out
}
