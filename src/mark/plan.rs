//! The plan of a table: every record's variants, group by group, before any recipient is known.

use super::constraint::{Constraint, constraints};
use super::{Draw, Group, Record, Variants, groups};
use crate::code::Handle;
use crate::key::BlockKey;
use crate::policy::Policy;

/// Asks the carriers about records; made once for a register.
pub struct Planner {
    groups: Vec<Group>,
    constraints: Vec<Watched>,
}

/// A constraint and the groups that can break it, in order.
struct Watched {
    constraint: Constraint,
    by: Vec<(usize, usize, usize)>,
}

impl Planner {
    /// The planner of a policy.
    pub fn new(policy: &Policy) -> Planner {
        let groups = groups(policy);
        let place = |column: usize| {
            groups.iter().enumerate().find_map(|(g, group)| {
                Some((
                    column,
                    g,
                    group.carrier.columns().iter().position(|c| *c == column)?,
                ))
            })
        };
        let constraints = constraints(policy)
            .into_iter()
            .map(|constraint| Watched {
                by: constraint
                    .columns()
                    .iter()
                    .filter_map(|c| place(*c))
                    .collect(),
                constraint,
            })
            .filter(|w| !w.by.is_empty())
            .collect();
        Planner {
            groups,
            constraints,
        }
    }

    /// The register's groups.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Writes the record's variants into `out`, one entry a group. Where a variant would break a rule that the record keeps,
    /// the group is left alone; where its moves need not balance, the other way is tried first.
    pub fn variants(
        &self,
        record: &Record<'_>,
        handle: Handle,
        directions: &BlockKey,
        out: &mut Vec<Variants>,
    ) {
        out.resize_with(self.groups.len(), Variants::default);
        for v in out.iter_mut() {
            v.clear();
        }
        let mut keyed = [0u8; 16];
        for (g, group) in self.groups.iter().enumerate() {
            if g % 16 == 0 {
                keyed = directions.block(handle.0, (g / 16) as u64);
            }
            let draw = Draw::of(keyed[g % 16]);
            let ways = if group.carrier.balanced() { 1 } else { 2 };
            for draw in [draw, draw.turned()].into_iter().take(ways) {
                let mut found = std::mem::take(&mut out[g]);
                group.carrier.variants(record, draw, &mut found);
                out[g] = found;
                if out[g].bits > 0
                    && self
                        .constraints
                        .iter()
                        .all(|w| w.unbroken(g, record, &self.groups, out))
                {
                    break;
                }
                out[g].clear();
            }
            let lead = group.carrier.columns().first();
            out[g].still = out[g].bits == 0
                && group.carrier.balanced()
                && lead.is_some_and(|c| !record.cell(*c).trim().is_empty());
        }
    }
}

impl Watched {
    /// Whether every combination of the variants of groups up to `g` keeps the rule, if the record itself does.
    fn unbroken(
        &self,
        g: usize,
        record: &Record<'_>,
        groups: &[Group],
        planned: &[Variants],
    ) -> bool {
        if !self.by.iter().any(|(_, group, _)| *group == g) {
            return true;
        }
        if !self.constraint.binds(|c| record.cell(c)) {
            return !self.constraint.counts_blindly(|c| record.cell(c));
        }
        let mut moving: Vec<usize> = self
            .by
            .iter()
            .map(|b| b.1)
            .filter(|b| planned[*b].bits > 0)
            .collect();
        moving.sort_unstable();
        moving.dedup();
        let combinations: usize = moving.iter().map(|b| 1usize << planned[*b].bits).product();
        (1..combinations).all(|combination| {
            let text = |column: usize| {
                let Some((_, group, nth)) = self.by.iter().find(|b| b.0 == column) else {
                    return record.cell(column);
                };
                let mut left = combination;
                for b in &moving {
                    let variants = 1usize << planned[*b].bits;
                    if b == group && left % variants > 0 {
                        return planned[*b].text(
                            left % variants,
                            *nth,
                            groups[*b].carrier.columns().len(),
                        );
                    }
                    if b == group {
                        break;
                    }
                    left /= variants;
                }
                record.cell(column)
            };
            self.constraint.keeps(|c| record.cell(c), text)
        })
    }
}
