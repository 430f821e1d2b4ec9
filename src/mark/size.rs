//! How many sites a table holds, told before anything is planned: what the register's biases are chosen by.

use super::order::{Blocks, applies, free_rows};
use super::plan::Planner;
use super::{Record, Variants};
use crate::code::{BiasSet, Handle};
use crate::key::MasterKey;
use crate::policy::Policy;
use crate::table::Table;

/// Rows of which the sites are counted; more tell no more.
const SAMPLE: usize = 1_000;

/// The policy with its biases chosen for this table, where they are not yet.
pub fn settle(mut policy: Policy, table: &Table) -> Policy {
    if policy.code.is_open() {
        policy.code = BiasSet::choose(sites(&policy, table), policy.coalition);
    }
    policy
}

/// About how many sites the table holds under a policy. Which way a variant lies is keyed, but whether there is one hardly depends
/// on the way: so any key will do, and with one that never changes the same table always has the same answer.
pub fn sites(policy: &Policy, table: &Table) -> usize {
    let Some(keys) = MasterKey::from_bytes(&[0; 32]).map(|key| key.code_keys()) else {
        return 0;
    };
    let ordered = match applies(policy) {
        true => {
            let handles: Vec<Option<Handle>> = (0..table.rows() as u64)
                .map(|row| Some(Handle(row)))
                .collect();
            let free = free_rows(policy, table, &handles);
            Blocks::new(&keys.order, &handles, &free).sites().len()
        }
        false => 0,
    };
    let directions = keys.direction;
    let places: Vec<Option<usize>> = policy
        .columns
        .iter()
        .map(|c| table.position(&c.name))
        .collect();
    let planner = Planner::new(policy);
    let mut variants: Vec<Variants> = Vec::new();
    let (mut counted, mut found) = (0usize, 0usize);
    for row in (0..table.rows()).step_by(table.rows().div_ceil(SAMPLE).max(1)) {
        let record = Record::new(table, row, &places);
        planner.variants(&record, Handle(row as u64), &directions, &mut variants);
        found += variants.iter().map(|v| usize::from(v.bits)).sum::<usize>();
        counted += 1;
    }
    ordered + found * table.rows() / counted.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::registers::Maternity;
    use crate::drill::registers::contacts;
    use crate::policy::infer::infer;

    #[test]
    fn a_table_is_counted_and_its_biases_chosen_once() {
        let table = Maternity { rows: 900, seed: 3 }.month(0);
        let policy = infer(&table);
        assert!(policy.code.is_open());
        let all = sites(&policy, &table);
        assert!(all > 900 && all < 900 * 12, "{all}");
        assert_eq!(all, sites(&policy, &table));
        let settled = settle(policy.clone(), &table);
        assert_eq!(settled.code, BiasSet::Layered);
        let wary = Policy {
            coalition: Some(5),
            ..policy.clone()
        };
        assert_eq!(settle(wary.clone(), &table).code, BiasSet::Guarded);
        let named = Policy {
            code: BiasSet::Mixed,
            ..wary
        };
        assert_eq!(settle(named, &table).code, BiasSet::Mixed);
        let lossless = Policy {
            fidelity: crate::policy::Fidelity::Lossless,
            ..policy
        };
        // sorted by day, so that a good part of the rows are free
        let order = sites(&lossless, &table);
        assert!(
            order * 4 > table.rows() && order * 3 < table.rows() * 2,
            "{order} of {}",
            table.rows()
        );
    }

    #[test]
    fn a_short_list_gets_the_biases_of_short_lists() {
        let table = contacts(11, 1);
        assert_eq!(settle(infer(&table), &table).code, BiasSet::Half);
    }
}
