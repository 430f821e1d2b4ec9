use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;
use zeroize::Zeroizing;

use super::*;

mod events;
mod file;
mod speed;
mod tampering;
mod writing;

const PHONE: &str = "13912345678";
const CANARY: &[u8] = "陈桂兰,110101199003070011".as_bytes();

fn key() -> MasterKey {
    MasterKey::from_bytes(&[7; 32]).unwrap()
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn layout() -> Layout {
    Layout {
        identifier_forms: 2,
        plain_columns: 1,
        group_columns: vec![1, 2],
    }
}

/// A ledger of its own in a folder of its own.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> (Place, Ledger) {
        let folder = tempfile::tempdir().unwrap();
        let place = Place { folder };
        std::fs::File::create_new(place.path()).unwrap();
        let ledger = Ledger::create(&place.path(), &key(), at(0)).unwrap();
        (place, ledger)
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    fn open(&self) -> Ledger {
        Ledger::open(&self.path(), &key()).unwrap()
    }

    /// All bytes of all files beside the ledger and in it, by name.
    fn files(&self) -> Vec<(String, Vec<u8>)> {
        std::fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read(&path).unwrap())
            })
            .collect()
    }
}

fn register(name: &str) -> NewRegister {
    NewRegister {
        name: name.into(),
        policy_toml: format!("phones = [\"{PHONE}\"]"),
        layout: layout(),
        parent_export: None,
        created: at(1),
    }
}

fn records(first: usize, count: usize) -> RecordIndex {
    let all = records::tests::sample(first + count, layout());
    let ranges = all.variant_ranges();
    let start = ranges.range(first, 0).start;
    RecordIndex {
        layout: layout(),
        handles: all.handles[first..].to_vec(),
        identifiers: all.identifiers[2 * first..].to_vec(),
        plain: all.plain[first..].to_vec(),
        bits: all.bits[2 * first..].to_vec(),
        variants: all.variants[start..].to_vec(),
    }
}

fn rows_of(membership: &[u32]) -> TableRows {
    TableRows {
        membership: membership.to_vec(),
        ..TableRows::default()
    }
}

fn table<'a>(
    register: i64,
    first_ordinal: u32,
    records: &'a RecordIndex,
    rows: &'a TableRows,
) -> NewTable<'a> {
    NewTable {
        register,
        label: "三月",
        source_digest: [9; 32],
        created: at(2),
        first_ordinal,
        records,
        rows,
        new_shared: &[],
    }
}

fn export(table: &str, recipient: &Recipient) -> NewExport {
    NewExport {
        table: table.into(),
        recipient: recipient.id,
        created: at(3),
        file_name: format!("三月 {}.xlsx", recipient.name),
        sha256: [4; 32],
        rows: 12,
        canaries: 2,
        cells_altered: 30,
        sites: 77,
        purpose: Some("follow-up".into()),
        parent: None,
        canary_index: CanaryIndex {
            identifier_columns: 1,
            donors: vec![5, 6],
            full: vec![7, 8],
            stems: vec![9, 10],
            ways: vec![512, 0],
        },
        new_canaries: Zeroizing::new(CANARY.to_vec()),
    }
}

fn trace(alpha: f64) -> NewTrace {
    NewTrace {
        created: at(9),
        recipients_scored: 2,
        alpha,
        verdict: "attributed".into(),
    }
}

/// A register with two tables, two recipients, three exports (one issued, one derived) and a trace.
fn fill(ledger: &mut Ledger) -> (Register, Vec<TableEntry>, Vec<Recipient>, Vec<String>) {
    let register = ledger.add_register(&register("产妇登记")).unwrap();
    let recipients = ["第一医院", "Second Hospital"]
        .map(|name| ledger.add_recipient(name, at(1)).unwrap())
        .to_vec();
    let (march, april) = (records(0, 10), records(10, 3));
    let tables = vec![
        ledger
            .add_table(&table(
                register.id,
                0,
                &march,
                &rows_of(&[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
            ))
            .unwrap(),
        ledger
            .add_table(&table(
                register.id,
                10,
                &april,
                &rows_of(&[12, NO_RECORD, 11, 10, 3]),
            ))
            .unwrap(),
    ];
    let mut exports = ledger
        .add_exports(&[
            export(&tables[0].id, &recipients[0]),
            NewExport {
                purpose: None,
                new_canaries: Zeroizing::default(),
                ..export(&tables[1].id, &recipients[0])
            },
        ])
        .unwrap();
    let derived = NewExport {
        parent: Some(exports[0].clone()),
        ..export(&tables[0].id, &recipients[1])
    };
    exports.push(ledger.add_export(&derived).unwrap());
    ledger.mark_issued(&[&exports[0]], at(5)).unwrap();
    ledger.add_trace(&trace(1e-6)).unwrap();
    (register, tables, recipients, exports)
}

#[test]
fn everything_entered_is_there_after_reopening() {
    let (place, mut ledger) = Place::new();
    let (register, tables, recipients, exports) = fill(&mut ledger);
    let id = ledger.vault_id().unwrap();
    drop(ledger);

    let ledger = place.open();
    assert_eq!(ledger.vault_id().unwrap(), id);
    assert_eq!(
        ledger.register("产妇登记").unwrap().as_ref(),
        Some(&register)
    );
    assert!(register.policy_toml.contains(PHONE));
    assert_eq!(ledger.register("产妇").unwrap(), None);
    assert_eq!(ledger.registers().unwrap(), std::slice::from_ref(&register));
    assert_eq!(ledger.recipients().unwrap(), recipients);
    assert_eq!(
        ledger.recipient("第一医院").unwrap().as_ref(),
        recipients.first()
    );
    assert_eq!(ledger.recipient("second hospital").unwrap(), None);
    assert_ne!(recipients[0].id, recipients[1].id);

    assert_eq!(ledger.tables(register.id).unwrap(), tables);
    assert_eq!(ledger.tables(99).unwrap(), []);
    assert_eq!(ledger.table(&tables[1].id).unwrap().as_ref(), tables.get(1));
    assert_eq!((tables[1].first_ordinal, tables[1].new_records), (10, 3));
    assert_eq!(ledger.record_count(register.id).unwrap(), 13);
    assert_eq!(ledger.records(register.id).unwrap(), records(0, 13));
    assert_eq!(
        ledger.table_rows(&tables[1].id).unwrap().membership,
        [12, NO_RECORD, 11, 10, 3]
    );
    assert!(ledger.table_rows("t-none").is_err());
    assert!(ledger.records(99).is_err());

    let entries = ledger.exports().unwrap();
    let ids: Vec<&String> = entries.iter().map(|e| &e.id).collect();
    assert_eq!(ids, exports.iter().collect::<Vec<_>>());
    let first = &entries[0];
    assert_eq!(first.id.len(), 10);
    assert_eq!(
        (first.register, &first.table, first.recipient),
        (register.id, &tables[0].id, recipients[0].id)
    );
    assert_eq!(
        (
            first.rows,
            first.canaries,
            first.cells_altered,
            first.sites,
            first.sha256
        ),
        (12, 2, 30, 77, [4; 32])
    );
    assert_eq!(first.file_name, "三月 第一医院.xlsx");
    assert_eq!((first.created, first.issued), (at(3), Some(at(5))));
    assert_eq!(first.purpose.as_deref(), Some("follow-up"));
    assert_eq!((&entries[1].purpose, entries[1].issued), (&None, None));
    assert_eq!(entries[2].parent.as_ref(), Some(&exports[0]));
    assert_eq!(ledger.export(&exports[2]).unwrap().as_ref(), entries.get(2));
    assert_eq!(ledger.export("x-none").unwrap(), None);

    let canaries = ledger
        .sealed_canaries(register.id, &recipients[0].id)
        .unwrap();
    assert_eq!(canaries.len(), 1, "the second export brought none");
    assert_eq!(canaries[0].0, exports[0]);
    assert_eq!(canaries[0].1.as_slice(), CANARY);
    assert!(
        ledger
            .sealed_canaries(99, &recipients[0].id)
            .unwrap()
            .is_empty()
    );

    assert_eq!(ledger.traces().unwrap()[0].alpha, 1e-6);
    // vault, register, 2 recipients, 2 tables with records, 3 exports, 1 issue, 1 trace
    assert_eq!(ledger.verify().unwrap().entries, 13);
}

#[test]
fn canary_indexes_come_one_by_one_for_one_register() {
    let (_place, mut ledger) = Place::new();
    let (register_entry, _, recipients, exports) = fill(&mut ledger);
    let other = ledger.add_register(&register("other")).unwrap();
    let records = records(0, 1);
    let other_table = ledger
        .add_table(&table(other.id, 0, &records, &rows_of(&[0])))
        .unwrap();
    let mut last = export(&other_table.id, &recipients[1]);
    last.canary_index.ways = vec![1, 2];
    let last_id = ledger.add_export(&last).unwrap();

    let mut seen = Vec::new();
    ledger
        .for_each_canary_index(register_entry.id, |export, index| {
            assert_eq!(index.ways, [512, 0]);
            seen.push(export.id.clone());
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, exports);
    let mut seen = Vec::new();
    ledger
        .for_each_canary_index(other.id, |export, index| {
            seen.push((export.id.clone(), index));
            Ok(())
        })
        .unwrap();
    assert_eq!(seen, [(last_id, last.canary_index)]);
    let stopped = ledger.for_each_canary_index(other.id, |_, _| Err(Error::input("enough")));
    assert_eq!(stopped.unwrap_err().to_string(), "enough");
}
