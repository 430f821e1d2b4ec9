//! A policy from a table: each column's role from header and content, then the rules between columns, then the order.

use super::profile::Profile;
use super::{Canaries, Column, Fidelity, Kind, Policy, Role, depend, order};
use crate::code::BiasSet;
use crate::parallel;
use crate::table::Table;

/// Lists of fewer rows get no canaries unless asked for: invented people in a list that is acted on do harm.
pub const CANARIES_FROM: usize = 50;

/// Canaries per record where none are asked for.
pub const CANARY_RATE: f64 = 0.005;

/// Registers whose first table has fewer sites are short lists, in which the fewest sites must do.
const SHORT_LIST: usize = 400;

/// A date-time that steps by no more seconds holds two sites.
const FINE_STEP: i64 = 300;

/// The policy that the first issue of this table freezes where none is given.
pub fn infer(table: &Table) -> Policy {
    let mut columns: Vec<Column> =
        parallel::map(table.width(), |at| Profile::of(table, at).infer());
    if !columns.iter().any(|c| c.role == Role::Identifier) {
        let names = columns
            .iter_mut()
            .enumerate()
            .filter(|(_, c)| c.kind == Kind::Name);
        for (_, column) in names.filter(|(at, _)| Profile::of(table, *at).uniqueness() > 0.95) {
            column.role = Role::Identifier;
        }
    }
    let rules = depend::find(table, &mut columns);
    let sort = order::find(table, &columns);
    let rows = table.rows();
    Policy {
        code: if rows * sites_of_a_row(&columns) < SHORT_LIST {
            BiasSet::Half
        } else {
            BiasSet::Mixed
        },
        coalition: None,
        fidelity: Fidelity::default(),
        row_order: false,
        canaries: Canaries {
            rate: if rows < CANARIES_FROM {
                0.0
            } else {
                CANARY_RATE
            },
            shared: 0.0,
            phones: Default::default(),
            mails: Default::default(),
            addresses: Default::default(),
        },
        sort,
        columns,
        rules,
    }
}

/// About how many sites a row of these columns holds.
fn sites_of_a_row(columns: &[Column]) -> usize {
    let sites = |c: &Column| match c.kind {
        Kind::DateTime
            if c.step.as_deref().and_then(|s| s.parse().ok()).unwrap_or(0) <= FINE_STEP =>
        {
            2
        }
        _ => 1,
    };
    columns
        .iter()
        .filter(|c| c.role == Role::Carrier)
        .map(sites)
        .sum()
}
