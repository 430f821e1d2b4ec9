//! What somebody without the master key can do to the file, and what shows.

use super::*;
use crate::ledger::chain::KINDS;

/// Triggers of the first version.
const TRIGGERS: usize = 20;

/// Runs `sql` on the ledger's file past every guard: triggers are taken away and put back, constraints ignored.
pub(super) fn tamper(path: &Path, triggers_due: usize, sql: &str) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF;")
        .unwrap();
    let triggers: Vec<(String, String)> = connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(triggers.len(), triggers_due);
    for (name, _) in &triggers {
        connection
            .execute_batch(&format!("DROP TRIGGER {name}"))
            .unwrap();
    }
    connection.execute_batch(sql).expect(sql);
    for (_, again) in &triggers {
        // those of a table that was dropped cannot be put back
        let _ = connection.execute_batch(again);
    }
}

/// What opening and verifying says after `sql`.
fn verdict(sql: &str) -> String {
    let (place, mut ledger) = Place::new();
    fill(&mut ledger);
    drop(ledger);
    tamper(&place.path(), TRIGGERS, sql);
    match Ledger::open(&place.path(), &key()).and_then(|l| l.verify()) {
        Err(Error::Integrity(words)) => words,
        other => panic!("{sql}: {other:?}"),
    }
}

#[test]
fn a_change_in_any_column_of_any_table_shows() {
    let (place, mut ledger) = Place::new();
    fill(&mut ledger);
    drop(ledger);
    let whole = std::fs::read(place.path()).unwrap();
    let mut changed = 0;
    for kind in KINDS {
        for column in kind.columns.split(',').map(str::trim) {
            let sql = format!(
                "UPDATE {table} SET {column} = CASE typeof({column})
                    WHEN 'text' THEN {column} || 'x' WHEN 'integer' THEN {column} + 1 WHEN 'real' THEN {column} / 2
                    WHEN 'blob' THEN CAST(x'00' || substr({column}, 2) AS BLOB)
                    ELSE (SELECT CASE type WHEN 'BLOB' THEN x'00' ELSE 'x' END FROM pragma_table_info('{table}')
                          WHERE name = '{column}') END
                 WHERE ord = (SELECT max(ord) FROM {table})",
                table = kind.table
            );
            std::fs::write(place.path(), &whole).unwrap();
            tamper(&place.path(), TRIGGERS, &sql);
            let result = Ledger::open(&place.path(), &key()).and_then(|l| l.verify());
            let Err(Error::Integrity(words)) = result else {
                panic!("{column} of {}: {result:?}", kind.table);
            };
            // the key's check is looked at before anything else
            let expected = if column == "key_check" {
                "is not that of"
            } else {
                "was changed after it was entered"
            };
            assert!(
                words.contains(expected),
                "{column} of {}: {words}",
                kind.table
            );
            changed += 1;
        }
    }
    assert_eq!(changed, 44);
    std::fs::write(place.path(), &whole).unwrap();
    tamper(&place.path(), TRIGGERS, "SELECT 1 WHERE 0");
    place.open().verify().unwrap();
}

#[test]
fn the_chain_covers_every_column_of_every_table() {
    let (place, _ledger) = Place::new();
    let connection = Connection::open(place.path()).unwrap();
    for kind in KINDS {
        let columns: String = connection
            .query_row(
                "SELECT group_concat(name, ', ' ORDER BY cid) FROM pragma_table_info(?1)",
                [kind.table],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(columns, format!("ord, {}", kind.columns));
    }
    let tables: i64 = connection
        .query_row(
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    // and the chain and its head
    assert_eq!(tables as usize, KINDS.len() + 2);
}

#[test]
fn what_was_changed_is_named() {
    for (sql, words) in [
        (
            "UPDATE recipient SET name = 'somebody else' WHERE ord = 2",
            "recipient `Second Hospital` (entry 4) was changed",
        ),
        (
            "UPDATE register SET name = 'x'",
            "register `产妇登记` (entry 2) was changed",
        ),
        (
            "DELETE FROM trace",
            "trace `2023-11-14T22:13:29Z` (entry 13) was removed",
        ),
        (
            "DELETE FROM records WHERE ord = 2",
            " from 10` (entry 8) was removed",
        ),
        (
            "INSERT INTO recipient VALUES (3, randomblob(16), 'a scapegoat', '2024-01-01T00:00:00Z')",
            "recipient number 3 has no entry",
        ),
        (
            "INSERT INTO issued SELECT 2, id, created FROM export WHERE ord = 2",
            "issue of export number 2 (`x-",
        ),
        (
            "UPDATE entry SET kind = 'issued', ord = 7 WHERE seq = 13",
            "(entry 13) does not follow",
        ),
        (
            "DELETE FROM entry WHERE seq = 5",
            "(entry 6) does not follow",
        ),
        (
            "UPDATE entry SET seq = 99 WHERE seq = 3; UPDATE entry SET seq = 3 WHERE seq = 4; UPDATE entry SET seq = 4 WHERE seq = 99",
            "(entry 3) does not follow",
        ),
        (
            "UPDATE entry SET content = zeroblob(32) WHERE seq = 5",
            "(entry 5) does not follow",
        ),
        (
            "UPDATE entry SET kind = 'nothing' WHERE seq = 5",
            "is of no kind",
        ),
        (
            "DELETE FROM entry; DELETE FROM head",
            "vault number 1 has no entry",
        ),
        (
            "UPDATE head SET mac = zeroblob(32)",
            "its head does not belong",
        ),
        ("DROP INDEX export_by_recipient", "`export_by_recipient`"),
        (
            "CREATE TRIGGER quiet AFTER INSERT ON export BEGIN SELECT 1; END",
            "`quiet`",
        ),
    ] {
        let said = verdict(sql);
        assert!(said.contains(words), "{sql}: {said}");
    }
}

#[test]
fn swapped_rows_show() {
    let said = verdict(
        "UPDATE recipient SET ord = 9 WHERE ord = 1; UPDATE recipient SET ord = 1 WHERE ord = 2; UPDATE recipient SET ord = 2 WHERE ord = 9",
    );
    assert!(
        said.contains("recipient `第一医院` (entry 3) was changed"),
        "{said}"
    );
}

#[test]
fn a_cut_end_shows_although_the_rest_is_a_whole_chain() {
    let cut = "DELETE FROM trace; DELETE FROM entry WHERE seq = 13;";
    let said = verdict(cut);
    assert!(said.contains("counts 13 entries and 12 are left"), "{said}");
    let said = verdict(&format!("{cut} UPDATE head SET entries = 12"));
    assert!(said.contains("its head does not belong"), "{said}");

    let (place, mut ledger) = Place::new();
    fill(&mut ledger);
    tamper(&place.path(), TRIGGERS, cut);
    let error = ledger.add_recipient("next", at(20)).unwrap_err();
    assert!(matches!(error, Error::Integrity(_)), "{error}");
    assert_eq!(ledger.recipients().unwrap().len(), 2);
}

#[test]
fn an_older_copy_put_back_is_known_by_its_head_only() {
    let (place, mut ledger) = Place::new();
    fill(&mut ledger);
    let older = std::fs::read(place.path()).unwrap();
    let noted = ledger.verify().unwrap();
    ledger.add_recipient("late", at(20)).unwrap();
    let later = ledger.verify().unwrap();
    drop(ledger);
    std::fs::write(place.path(), older).unwrap();
    assert_eq!(place.open().verify().unwrap(), noted);
    assert!(later.entries > noted.entries && later.head != noted.head);
}

#[test]
fn a_missing_trigger_shows_and_triggers_refuse_changes() {
    let (place, mut ledger) = Place::new();
    fill(&mut ledger);
    let connection = Connection::open(place.path()).unwrap();
    let tables = KINDS.iter().map(|k| k.table).chain(["entry"]);
    for table in tables {
        let column = if table == "entry" { "seq" } else { "ord" };
        for sql in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
        ] {
            let refused = connection.execute(&sql, []).unwrap_err().to_string();
            assert!(refused.contains("append-only"), "{sql}: {refused}");
        }
    }
    for sql in [
        "UPDATE head SET entries = entries",
        "UPDATE head SET entries = 1",
        "DELETE FROM head",
    ] {
        assert!(connection.execute(sql, []).is_err(), "{sql}");
    }
    ledger.verify().unwrap();
    connection
        .execute_batch("DROP TRIGGER export_is_never_changed")
        .unwrap();
    let said = ledger.verify().unwrap_err().to_string();
    assert!(said.contains("`export_is_never_changed`"), "{said}");
}

#[test]
fn bytes_changed_under_sqlite_give_errors_and_no_panic() {
    let (place, mut ledger) = Place::new();
    let (register, tables, recipients, _) = fill(&mut ledger);
    drop(ledger);
    let whole = std::fs::read(place.path()).unwrap();
    let mut noticed = 0;
    let mut tried = 0;
    for at in (0..whole.len()).step_by(997) {
        let mut bent = whole.clone();
        bent[at] ^= 0x55;
        std::fs::write(place.path(), &bent).unwrap();
        tried += 1;
        let result = Ledger::open(&place.path(), &key()).and_then(|ledger| {
            let _ = ledger.records(register.id);
            let _ = ledger.table_rows(&tables[0].id);
            let _ = ledger.sealed_canaries(register.id, &recipients[0].id);
            let _ = ledger.exports();
            ledger.verify()
        });
        noticed += usize::from(result.is_err());
    }
    // most of a small file is unused space inside pages, where nothing is stored
    assert!(noticed > 0, "{noticed} of {tried}");
}
