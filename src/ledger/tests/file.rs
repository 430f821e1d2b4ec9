//! The file: who can read what in it, and which files are none.

use rusqlite::OpenFlags;

use super::*;
use crate::ledger::store::Store;

#[test]
fn nothing_readable_stands_in_any_file_at_any_time() {
    let (place, mut ledger) = Place::new();
    let secrets = [PHONE.as_bytes(), CANARY, &[7; 32]];
    let check = |moment: &str| {
        let files = place.files();
        for (name, bytes) in &files {
            for secret in secrets {
                assert!(
                    !bytes.windows(secret.len()).any(|w| w == secret),
                    "{moment}: {name}"
                );
            }
        }
        files.into_iter().map(|f| f.0).collect::<Vec<_>>()
    };
    let (_, tables, recipients, _) = fill(&mut ledger);
    assert_eq!(check("at rest"), ["ledger.sqlite"]);
    ledger
        .write(|writer| {
            for _ in 0..50 {
                writer.add_export(&export(&tables[0].id, &recipients[0]))?;
            }
            let mut names = check("inside a transaction");
            names.sort();
            assert_eq!(names, ["ledger.sqlite", "ledger.sqlite-journal"]);
            Ok(())
        })
        .unwrap();
    assert_eq!(check("after it"), ["ledger.sqlite"]);
    // the search itself finds what is there
    let (_, bytes) = place.files().pop().unwrap();
    let name = "第一医院".as_bytes();
    assert!(bytes.windows(name.len()).any(|w| w == name));
}

#[test]
fn a_ledger_that_cannot_be_written_can_be_read() {
    let (place, mut ledger) = Place::new();
    let (register, _, recipients, _) = fill(&mut ledger);
    assert!(!ledger.read_only().unwrap());
    drop(ledger);
    let store = Store::open_as(&place.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut ledger = Ledger::over(store, &place.path(), &key()).unwrap();
    assert!(ledger.read_only().unwrap());
    assert_eq!(ledger.recipients().unwrap(), recipients);
    assert_eq!(ledger.records(register.id).unwrap().len(), 13);
    ledger.verify().unwrap();
    let error = ledger.add_trace(&trace(1e-6)).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Io {
                action: "write",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.exit_code(), 2);
}

#[test]
fn what_is_no_ledger_of_this_key_is_named() {
    let (place, ledger) = Place::new();
    drop(ledger);
    let path = place.path();
    let open = |path: &Path| Ledger::open(path, &key()).unwrap_err();

    let other = MasterKey::from_bytes(&[8; 32]).unwrap();
    let error = Ledger::open(&path, &other).unwrap_err();
    assert!(matches!(error, Error::Integrity(_)));
    assert!(error.to_string().contains("the master key is not that of"));

    Connection::open(&path)
        .unwrap()
        .execute_batch("PRAGMA user_version = 3")
        .unwrap();
    let error = open(&path);
    assert!(matches!(error, Error::Input(_)));
    assert!(error.to_string().contains("newer taggant"), "{error}");

    let text = place.folder.path().join("text");
    std::fs::write(&text, "not a database at all, but long enough to be read as a header of one, a hundred bytes or so and more")
        .unwrap();
    let error = open(&text);
    assert!(matches!(error, Error::Integrity(_)));
    assert!(error.to_string().contains("not an SQLite file"), "{error}");

    let empty = place.folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    let foreign = place.folder.path().join("foreign");
    Connection::open(&foreign)
        .unwrap()
        .execute_batch("CREATE TABLE vault (ord, key_check)")
        .unwrap();
    for path in [empty, foreign] {
        let error = open(&path);
        assert!(matches!(error, Error::Integrity(_)));
        assert!(
            error.to_string().contains("not a taggant ledger"),
            "{error}"
        );
    }
    assert!(matches!(
        open(&place.folder.path().join("none")),
        Error::Io { action: "open", .. }
    ));
}

#[test]
fn a_commit_survives_a_power_cut_as_far_as_sqlite_can_promise() {
    let (place, ledger) = Place::new();
    drop(ledger);
    // somebody else's tool made it a write-ahead log
    Connection::open(place.path())
        .unwrap()
        .execute_batch("PRAGMA journal_mode = WAL")
        .unwrap();
    let ledger = place.open();
    let pragma = |name: &str| -> String {
        ledger
            .store
            .value(
                &format!("SELECT CAST({name} AS TEXT) FROM pragma_{name}"),
                [],
                |row| row.get(0),
            )
            .unwrap()
    };
    assert_eq!(pragma("synchronous"), "3");
    assert_eq!(pragma("journal_mode"), "delete");
    assert_eq!(pragma("foreign_keys"), "1");
}

/// The files as a power cut in the middle of a write would leave them, in a folder of their own.
fn cut_short() -> (Place, Verified) {
    let (place, mut ledger) = Place::new();
    let (_, tables, recipients, _) = fill(&mut ledger);
    let before = ledger.verify().unwrap();
    let image = Place {
        folder: tempfile::tempdir().unwrap(),
    };
    // more than the page cache holds, so that pages reach the file before the commit
    let large = NewExport {
        new_canaries: Zeroizing::new(vec![1; 1 << 20]),
        ..export(&tables[0].id, &recipients[0])
    };
    ledger
        .write(|writer| {
            for _ in 0..40 {
                writer.add_export(&large)?;
            }
            for (name, bytes) in place.files() {
                std::fs::write(image.folder.path().join(name), bytes).unwrap();
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(ledger.verify().unwrap().entries, before.entries + 40);
    assert!(std::fs::metadata(image.path()).unwrap().len() > 1 << 20);
    (image, before)
}

#[test]
fn a_write_that_a_power_cut_stopped_is_undone_when_the_ledger_is_opened() {
    let (image, before) = cut_short();
    assert_eq!(image.files().len(), 2);
    assert_eq!(image.open().verify().unwrap(), before);
    assert_eq!(image.files().len(), 1);
}

#[test]
fn a_stopped_write_on_a_read_only_disc_is_told() {
    let (image, _) = cut_short();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let Err(error) = Store::open_as(&image.path(), flags) else {
        panic!("half a write was taken for a whole one");
    };
    assert!(error.to_string().contains("was cut short"), "{error}");
}
