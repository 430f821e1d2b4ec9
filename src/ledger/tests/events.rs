//! What is said of recipients and copies later on.

use super::*;
use crate::ledger::chain::EVENT;

/// A ledger of the first version in which nothing was said, then one of the second in which everything was.
fn told() -> (Place, Ledger, Verified) {
    let (place, mut ledger) = Place::new();
    let (_, _, recipients, exports) = fill(&mut ledger);
    let before = ledger.verify().unwrap();
    ledger
        .rename(&recipients[0].name, "Another name", at(50))
        .unwrap();
    ledger
        .merge(&recipients[1].name, "Another name", at(51))
        .unwrap();
    ledger
        .withdraw(&exports[0], Some("by mistake".into()), at(52))
        .unwrap();
    ledger.destroyed(&exports[0], None, at(53)).unwrap();
    (place, ledger, before)
}

#[test]
fn a_ledger_of_the_first_version_takes_them_and_its_chain_goes_on() {
    let (place, ledger, before) = told();
    let after = ledger.verify().unwrap();
    assert_eq!(after.entries, before.entries + 4);
    drop(ledger);
    let ledger = place.open();
    assert_eq!(ledger.verify().unwrap(), after);
    let words: Vec<&str> = ledger
        .events()
        .unwrap()
        .iter()
        .map(|e| e.said.word())
        .collect();
    assert_eq!(words, ["renamed", "merged", "withdrawn", "destroyed"]);
    let recipients = ledger.recipients().unwrap();
    assert_eq!(recipients[0].name, "Another name");
    let second = recipients[1].own_name().to_string();
    assert_eq!(
        recipients[1].name,
        format!("Another name (formerly {second})")
    );
    for name in &recipients[0].names {
        let found = ledger.recipient(name).unwrap().unwrap();
        assert_eq!(found, recipients[0]);
    }
    let exports = ledger.exports().unwrap();
    let noted = exports[0].withdrawn.clone().unwrap();
    assert_eq!((noted.at, noted.note), (at(52), Some("by mistake".into())));
    assert!(exports[0].destroyed.is_some());
    assert!(exports[1..].iter().all(|e| e.withdrawn.is_none()));
}

#[test]
fn whoever_is_entered_under_a_name_of_before_is_the_same() {
    let (_place, mut ledger, _) = told();
    let known = ledger.recipients().unwrap();
    let first = known[0].names[0].clone();
    assert_eq!(ledger.add_recipient(&first, at(60)).unwrap(), known[0]);
    assert_eq!(ledger.recipients().unwrap().len(), known.len());
}

#[test]
fn a_change_of_what_was_said_shows() {
    for sql in [
        "UPDATE event SET name = 'x' WHERE ord = 1",
        "UPDATE event SET at = at || 'x' WHERE ord = 2",
        "UPDATE event SET note = NULL WHERE ord = 3",
        "DELETE FROM event WHERE ord = 4",
        "INSERT INTO event (ord, kind, at, export) SELECT 5, kind, at, export FROM event WHERE ord = 4",
        "DROP TABLE event; PRAGMA user_version = 1",
        "PRAGMA user_version = 1",
    ] {
        let (place, ledger, _) = told();
        drop(ledger);
        tampering::tamper(&place.path(), 22, sql);
        match Ledger::open(&place.path(), &key()).and_then(|l| l.verify()) {
            Err(Error::Integrity(_)) => {}
            other => panic!("{sql}: {other:?}"),
        }
    }
}

#[test]
fn the_chain_covers_every_column_and_nothing_is_taken_back() {
    let (place, _ledger, _) = told();
    let connection = Connection::open(place.path()).unwrap();
    let columns: String = connection
        .query_row(
            "SELECT group_concat(name, ', ' ORDER BY cid) FROM pragma_table_info('event')",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(columns, format!("ord, {}", EVENT.columns));
    for table in ["event", "entry"] {
        for sql in [
            format!("UPDATE {table} SET kind = kind"),
            format!("DELETE FROM {table}"),
        ] {
            let refused = connection.execute(&sql, []).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
}
