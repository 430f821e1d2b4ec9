//! A policy from a table: each column's role from header and content, then the rules between columns, then the order.

use super::profile::Profile;
use super::{Canaries, Column, Fidelity, Kind, Policy, Role, balance, depend, order};
use crate::code::BiasSet;
use crate::parallel;
use crate::table::Table;

/// Lists of fewer rows get no canaries unless asked for: invented people in a list that is acted on do harm.
pub const CANARIES_FROM: usize = 50;

/// Canaries per record where none are asked for.
pub const CANARY_RATE: f64 = 0.005;

/// The part of the canaries that recipients share ...
const SHARED: f64 = 0.5;

/// ... in tables of so many rows: fewer canaries than twenty a copy say more as one recipient's alone.
const SHARED_FROM: usize = 4_000;

/// The policy that the first issue of this table freezes where none is given; its biases are chosen then.
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
    let mut rules = depend::find(table, &mut columns);
    rules.extend(balance::settle(table, &mut columns));
    let sort = order::find(table, &columns);
    let rows = table.rows();
    Policy {
        sheet: None,
        code: BiasSet::Open,
        coalition: None,
        fidelity: Fidelity::default(),
        row_order: false,
        canaries: Canaries {
            rate: if rows < CANARIES_FROM {
                0.0
            } else {
                CANARY_RATE
            },
            shared: if rows < SHARED_FROM { 0.0 } else { SHARED },
            phones: Default::default(),
            mails: Default::default(),
            addresses: Default::default(),
        },
        spellings: Vec::new(),
        sort,
        columns,
        rules,
    }
}
