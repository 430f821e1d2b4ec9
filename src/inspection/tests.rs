use super::*;
use crate::drill::registers::{Maternity, contacts, patients};
use crate::policy::infer::infer;
use crate::policy::{Canaries, Kind, Role};
use crate::table::{self, Limits, Table};

fn source(table: &Table) -> Source {
    let bytes = crate::drill::leaks::to_csv_bytes(table, crate::drill::leaks::Encoding::Utf8Bom);
    table::from_bytes("t.csv", bytes, &Limits::default())
        .unwrap()
        .remove(0)
}

fn inspected(table: &Table, change: impl Fn(&mut Policy)) -> Inspection {
    let source = source(table);
    let mut policy = infer(&source.table);
    change(&mut policy);
    inspect(&source, policy, 100, Alpha::DEFAULT).unwrap()
}

#[test]
fn a_register_is_foreseen_from_copies_that_were_made() {
    let table = Maternity {
        rows: 1_500,
        seed: 2,
    }
    .month(0);
    let found = inspected(&table, |_| ());
    assert_eq!(found.obstacle, None);
    assert!(!found.policy.code.is_open());
    let sites: f64 = found.sites_per_row.iter().map(|s| s.1).sum();
    assert!((found.forecast.sites.mean() - sites).abs() < 1e-9);
    assert_eq!(
        found.leaks.iter().map(|l| l.rows).collect::<Vec<_>>(),
        LEAKS
    );
    for leak in &found.leaks {
        for e in [leak.clean, leak.worn] {
            assert!(e.low <= e.chance && e.chance <= e.high, "{leak:?}");
        }
    }
    assert!(found.leaks[3].clean.low > 0.97);
    let canaries = found.canaries.as_ref().unwrap();
    assert!(
        (3..=20).contains(&canaries.own) && canaries.bits > 20.0,
        "{canaries:?}"
    );
    assert!(canaries.met.is_sorted_by(|a, b| a.1 < b.1));
    // the worst column needs more than all together, and no pair more than its weaker half
    let all = found.rows_to_name.unwrap();
    assert!(
        found
            .columns
            .iter()
            .all(|c| c.rows_to_name.is_none_or(|n| n > all))
    );
    assert!(!found.pairs.is_empty());
    for pair in &found.pairs {
        let halves = found
            .columns
            .iter()
            .filter(|c| pair.columns.contains(&c.columns[0]));
        let fewest = halves
            .filter_map(|c| c.rows_to_name)
            .min()
            .unwrap_or(u64::MAX);
        assert!(pair.rows_to_name.unwrap_or(u64::MAX) <= fewest, "{pair:?}");
    }
}

#[test]
fn alterations_are_counted_and_moments_hardly_move() {
    let table = Maternity {
        rows: 1_500,
        seed: 2,
    }
    .month(0);
    let found = inspected(&table, |_| ());
    let cells = table.rows() as f64 * table.width() as f64;
    assert!(found.cells_altered > 500.0 && found.cells_altered < 0.5 * cells);
    assert!(found.examples.len() >= 10);
    for e in &found.examples {
        let place = table.position(&e.column).unwrap();
        assert_eq!(table.cell(e.row - 1, place), e.before);
        assert_ne!(e.before, e.after);
    }
    let shown: std::collections::BTreeSet<&str> =
        found.examples.iter().map(|e| e.column.as_str()).collect();
    assert_eq!(shown.len(), found.moves.len());
    for column in &found.moves {
        assert!(column.cells > 0.0 && column.cells < 0.8, "{column:?}");
        if let Some(n) = column.numbers {
            assert!(n.by > 0.0, "{column:?}");
            assert!((n.mean.1 - n.mean.0).abs() < 0.05 * n.sd.0, "{column:?}");
            assert!((n.sd.1 / n.sd.0 - 1.0).abs() < 0.05, "{column:?}");
            assert!(n.bar < 0.12, "{column:?}");
        }
    }
    assert!(found.correlations.iter().all(|p| p.by() < 0.05));
    assert!(found.moves.iter().any(|c| c.numbers.is_some()));
}

#[test]
fn the_coalition_that_the_policy_names_chooses_the_code() {
    let table = Maternity { rows: 900, seed: 4 }.month(0);
    let (alone, named) = (
        inspected(&table, |_| ()),
        inspected(&table, |p| p.coalition = Some(5)),
    );
    use crate::code::BiasSet;
    assert_eq!(alone.policy.code, BiasSet::Layered);
    assert_eq!(named.policy.code, BiasSet::Guarded);
    assert!(named.coalitions.mixing > alone.coalitions.mixing);
    assert!(named.coalitions.deleting >= alone.coalitions.deleting);
    assert!(
        alone.advice.iter().any(|a| a.contains("`coalition = ")),
        "{:?}",
        alone.advice
    );
    assert!(
        !named
            .advice
            .iter()
            .any(|a| a.contains("would choose a code"))
    );
}

#[test]
fn what_a_changed_policy_brings_is_planned_and_not_guessed() {
    let table = Maternity { rows: 600, seed: 6 }.month(0);
    let before = inspected(&table, |_| ());
    let altered = before.policy.columns.iter().find(|c| {
        c.role == Role::Carrier
            && c.kind == Kind::Number
            && !before
                .policy
                .rules
                .iter()
                .any(|r| r.columns().contains(&c.name.as_str()))
    });
    let name = altered.unwrap().name.clone();
    let left = inspected(&table, |p| {
        for c in p.columns.iter_mut().filter(|c| c.name == name) {
            (c.role, c.step) = (Role::Plain, None);
        }
    });
    let mean = |i: &Inspection| i.forecast.sites.mean();
    assert!(mean(&left) < mean(&before));
    let said = left.advice.iter().find(|a| a.contains(&name)).unwrap();
    assert!(
        said.contains("carrier") && said.contains("places a row"),
        "{said}"
    );
}

#[test]
fn a_short_list_is_foreseen_whole() {
    let found = inspected(&contacts(11, 3), |_| ());
    assert_eq!(
        found.leaks.iter().map(|l| l.rows).collect::<Vec<_>>(),
        [10, 11]
    );
    assert_eq!(found.canaries, None);
    assert!(found.advice.iter().any(|a| a.contains("--canaries")));
}

#[test]
fn lossless_tables_are_told_by_order_and_canaries() {
    let table = patients(2_000, 3);
    let found = inspected(&table, |p| {
        p.fidelity = Fidelity::Lossless;
        for column in p.columns.iter_mut().filter(|c| c.role == Role::Carrier) {
            column.role = Role::Plain;
        }
        p.sort.clear();
        p.canaries = Canaries {
            rate: 0.01,
            shared: 0.5,
            ..p.canaries.clone()
        };
    });
    assert_eq!(found.forecast.sites.mean(), 0.0);
    let running = found.forecast.sites.order().running;
    assert!((0.55..0.65).contains(&running), "{running}");
    let last = found.leaks.last().unwrap();
    assert!(last.in_order.unwrap().low > 0.97, "{last:?}");
    assert!(found.rows_to_name_in_order.unwrap() < 300);
    let canaries = found.canaries.unwrap();
    assert!(canaries.own > 4 && canaries.shared > 4);
}

#[test]
fn a_table_that_cannot_be_issued_says_why() {
    let table = patients(300, 3);
    let found = inspected(&table, |p| {
        for column in p.columns.iter_mut().filter(|c| c.role == Role::Identifier) {
            column.role = Role::Plain;
        }
    });
    assert!(found.obstacle.unwrap().contains("identif"));
    assert!(found.leaks.is_empty() && found.advice.is_empty());
}

#[test]
fn the_same_question_has_the_same_answer() {
    let table = patients(400, 9);
    let (one, two) = (inspected(&table, |_| ()), inspected(&table, |_| ()));
    assert_eq!(
        (one.leaks, one.moves, one.examples),
        (two.leaks, two.moves, two.examples)
    );
}
