//! A policy's columns as an attacker sees them.

use crate::drill::attacks::{Column, Holds};
use crate::policy::{Kind, Policy, Role};
use crate::table::Table;

/// The table's columns, in its order. What names people counts as identifying whatever the policy does with it.
pub fn of(policy: &Policy, table: &Table) -> Vec<Column> {
    let names = (0..table.width()).map(|at| table.header().get(at).map_or("", String::as_str));
    names
        .map(|name| {
            let Some(column) = policy.column(name) else {
                return Column {
                    name: name.to_string(),
                    holds: Holds::Other,
                    altered: false,
                    step: None,
                    order: Default::default(),
                    spellings: Vec::new(),
                };
            };
            let holds = match (column.role, column.kind) {
                (Role::Sequence, _) => Holds::Sequence,
                (Role::Identifier, _) => Holds::Identifier,
                (_, Kind::Name | Kind::Phone | Kind::NationalId | Kind::Email | Kind::Code) => {
                    Holds::Identifier
                }
                (_, Kind::Date) => Holds::Date,
                (_, Kind::DateTime) => Holds::Time,
                (_, Kind::Number) => Holds::Number,
                (_, Kind::Time | Kind::Address | Kind::Category | Kind::Text) => Holds::Other,
            };
            Column {
                name: name.to_string(),
                holds,
                altered: matches!(column.role, Role::Carrier | Role::Derived),
                step: column.step.clone(),
                order: column.order.unwrap_or_default(),
                spellings: column.spellings.clone(),
            }
        })
        .collect()
}
