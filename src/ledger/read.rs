//! What comes out of the ledger.

use rusqlite::Row;
use zeroize::Zeroizing;

use super::Ledger;
use super::canaries::CanaryIndex;
use super::chain::Kind;
use super::entries::{ExportEntry, Recipient, Register, TableEntry, TableRows, TraceEntry};
use super::events;
use super::records::{Layout, RecordIndex, rows_from_bytes};
use super::store::{Store, blob, count, damaged, time, time_if_any};
use crate::error::{Error, Result};

const EXPORTS: &str = "SELECT e.id, t.register, e.source_table, e.recipient, e.created, e.file_name, e.sha256, e.rows, e.canaries,
        e.cells_altered, e.sites, e.purpose, e.parent, i.at
    FROM export e JOIN source_table t ON t.id = e.source_table LEFT JOIN issued i ON i.export = e.id";

const TABLES: &str = "SELECT id, register, label, source_digest, rows, created, first_ordinal, new_records FROM source_table";

impl Ledger {
    /// The vault's random id.
    #[cfg(test)]
    pub(crate) fn vault_id(&self) -> Result<[u8; 16]> {
        self.store
            .value("SELECT id FROM vault WHERE ord = 1", [], |row| row.get(0))
    }

    /// The register of this name.
    pub fn register(&self, name: &str) -> Result<Option<Register>> {
        let mut found = self.registers_where("name = ?1", [name])?;
        Ok(found.pop())
    }

    /// All registers, in the order of entry.
    pub fn registers(&self) -> Result<Vec<Register>> {
        self.registers_where("1", [])
    }

    fn registers_where(
        &self,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<Register>> {
        let sealed: Vec<(Register, Vec<u8>)> = self.store.all(
            &format!(
                "SELECT ord, name, parent_export, created, layout, policy FROM register WHERE {condition} ORDER BY ord"
            ),
            params,
            |row| {
                let register = Register {
                    id: row.get(0)?,
                    name: row.get(1)?,
                    policy_toml: String::new(),
                    parent_export: row.get(2)?,
                    created: time(row, 3)?,
                    layout: Layout::from_bytes(blob(row, 4)?).ok_or_else(|| damaged(4))?,
                };
                Ok((register, blob(row, 5)?.to_vec()))
            },
        )?;
        let key = self.key.seal_key();
        sealed
            .into_iter()
            .map(|(register, policy)| {
                let open = key.open(&policy_place(&register.name), &policy)?;
                let policy_toml = String::from_utf8(open.to_vec()).map_err(|_| {
                    Error::integrity(format!(
                        "the policy of register `{}` is damaged. Restore `ledger.sqlite` from a backup.",
                        register.name
                    ))
                })?;
                Ok(Register {
                    policy_toml,
                    ..register
                })
            })
            .collect()
    }

    /// The recipient that has or had exactly this name.
    pub fn recipient(&self, name: &str) -> Result<Option<Recipient>> {
        recipient(&self.store, name)
    }

    /// All recipients ever, in the order of entry. Their number is the N of the bound on accusing an innocent.
    pub fn recipients(&self) -> Result<Vec<Recipient>> {
        recipients(&self.store)
    }

    /// A register's source tables, in the order of entry.
    pub fn tables(&self, register: i64) -> Result<Vec<TableEntry>> {
        self.store.all(
            &format!("{TABLES} WHERE register = ?1 ORDER BY ord"),
            [register],
            read_table,
        )
    }

    /// The source table of this id.
    pub fn table(&self, id: &str) -> Result<Option<TableEntry>> {
        table(&self.store, id)
    }

    /// What the rows of a table are, and what all its copies have in common.
    pub fn table_rows(&self, table: &str) -> Result<TableRows> {
        self.store
            .one(
                "SELECT membership FROM source_table WHERE id = ?1",
                [table],
                |row| match rows_from_bytes(blob(row, 0)?) {
                    Some((rows, _)) => Ok(rows),
                    None => Err(damaged(0)),
                },
            )?
            .ok_or_else(|| {
                Error::input(format!(
                    "there is no table `{table}`. See `taggant ledger list`."
                ))
            })
    }

    /// How many records a register has: the next ordinal.
    pub fn record_count(&self, register: i64) -> Result<u64> {
        record_count(&self.store, register)
    }

    /// All records of a register, by ordinal.
    pub fn records(&self, register: i64) -> Result<RecordIndex> {
        let store = &self.store;
        store.snapshot(|| {
            let layout = layout(store, register)?.ok_or_else(|| {
                Error::input(format!(
                    "there is no register number {register}. See `taggant ledger list`."
                ))
            })?;
            let chunks: Vec<(i64, u64, u64)> = store.all(
                "SELECT r.ord, r.first_ordinal, length(r.body) FROM records r JOIN source_table t ON t.id = r.source_table
                 WHERE t.register = ?1 ORDER BY r.first_ordinal",
                [register],
                |row| Ok((row.get(0)?, count(row, 1)?, count(row, 2)?)),
            )?;
            let mut index = RecordIndex::new(layout);
            let bytes = chunks.iter().fold(0u64, |sum, c| sum.saturating_add(c.2));
            let records = record_count(store, register)?;
            index.reserve(records, bytes);
            for (ord, first, _) in chunks {
                if first != index.len() as u64 {
                    return Err(Error::integrity(format!(
                        "records of register number {register} are missing before record {first}. Run `taggant ledger verify`, and restore the ledger from a backup."
                    )));
                }
                store.value("SELECT body FROM records WHERE ord = ?1", [ord], |row| {
                    index.append(blob(row, 0)?).ok_or_else(|| damaged(0))
                })?;
            }
            Ok(index)
        })
    }

    /// The export of this id.
    pub fn export(&self, id: &str) -> Result<Option<ExportEntry>> {
        let found = self.exports_where("e.id = ?1", [id])?;
        Ok(found.into_iter().next())
    }

    /// All exports, in the order of entry.
    pub fn exports(&self) -> Result<Vec<ExportEntry>> {
        self.exports_where("1", [])
    }

    fn exports_where(
        &self,
        condition: &str,
        params: impl rusqlite::Params,
    ) -> Result<Vec<ExportEntry>> {
        let sql = format!("{EXPORTS} WHERE {condition} ORDER BY e.ord");
        let mut exports = self.store.all(&sql, params, read_export)?;
        events::note(&mut exports, &events::events(&self.store)?);
        Ok(exports)
    }

    /// Shows every export of a register with the index of its canaries, in the order of entry, one at a time. The ledger is not
    /// locked meanwhile.
    pub fn for_each_canary_index(
        &self,
        register: i64,
        mut show: impl FnMut(&ExportEntry, CanaryIndex) -> Result<()>,
    ) -> Result<()> {
        let exports = self.exports_where("t.register = ?1", [register])?;
        for export in exports {
            let index = self.canary_index(&export.id)?;
            show(&export, index)?;
        }
        Ok(())
    }

    /// The index of one export's canaries.
    pub fn canary_index(&self, export: &str) -> Result<CanaryIndex> {
        self.store
            .one(
                "SELECT canary_index FROM export WHERE id = ?1",
                [export],
                |row| CanaryIndex::from_bytes(blob(row, 0)?).ok_or_else(|| damaged(0)),
            )?
            .ok_or_else(|| {
                Error::input(format!(
                    "there is no export `{export}`. See `taggant ledger list`."
                ))
            })
    }

    /// The canaries that a recipient's exports of a register brought, opened: (export id, the caller's own form), in the order of
    /// entry. Pending exports are among them.
    pub fn sealed_canaries(
        &self,
        register: i64,
        recipient: &[u8; 16],
    ) -> Result<Vec<(String, Zeroizing<Vec<u8>>)>> {
        let sealed: Vec<(String, Vec<u8>)> = self.store.all(
            "SELECT e.id, e.sealed FROM export e JOIN source_table t ON t.id = e.source_table
             WHERE e.recipient = ?2 AND t.register = ?1 AND e.sealed IS NOT NULL ORDER BY e.ord",
            (register, recipient),
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let key = self.key.seal_key();
        sealed
            .into_iter()
            .map(|(export, sealed)| {
                let open = key.open(&canaries_place(&export), &sealed)?;
                Ok((export, open))
            })
            .collect()
    }

    /// The shared canaries that each table of a register brought or changed, opened, in the order of entry.
    pub fn shared_canaries(&self, register: i64) -> Result<Vec<Zeroizing<Vec<u8>>>> {
        let tables: Vec<(String, Vec<u8>)> = self.store.all(
            "SELECT id, membership FROM source_table WHERE register = ?1 ORDER BY ord",
            [register],
            |row| {
                let (_, sealed) = rows_from_bytes(blob(row, 1)?).ok_or_else(|| damaged(1))?;
                Ok((row.get(0)?, sealed.to_vec()))
            },
        )?;
        let key = self.key.seal_key();
        tables
            .into_iter()
            .filter(|(_, sealed)| !sealed.is_empty())
            .map(|(table, sealed)| key.open(&shared_canaries_place(&table), &sealed))
            .collect()
    }

    /// All traces, in the order of entry.
    pub fn traces(&self) -> Result<Vec<TraceEntry>> {
        self.store.all(
            "SELECT ord, created, recipients_scored, alpha, verdict FROM trace ORDER BY ord",
            [],
            |row| {
                Ok(TraceEntry {
                    number: count(row, 0)?,
                    created: time(row, 1)?,
                    recipients_scored: count(row, 2)?,
                    alpha: row.get(3)?,
                    verdict: row.get(4)?,
                })
            },
        )
    }

    /// How many traces were entered after the first `known`, and the sum of their alphas: what a run of many traces adds to what
    /// it knows already, without going through all of them each time.
    pub fn traces_after(&self, known: u64) -> Result<(u64, f64)> {
        let known = i64::try_from(known).unwrap_or(i64::MAX);
        self.store.value(
            "SELECT count(*), total(alpha) FROM trace WHERE ord > ?1",
            [known],
            |row| Ok((count(row, 0)?, row.get(1)?)),
        )
    }
}

/// Where a register's policy is sealed.
pub(super) fn policy_place(register: &str) -> Vec<u8> {
    format!("policy of register {register}").into_bytes()
}

/// Where an export's new canaries are sealed.
pub(super) fn canaries_place(export: &str) -> Vec<u8> {
    format!("canaries of export {export}").into_bytes()
}

/// What binds a table's sealed shared canaries to it.
pub(super) fn shared_canaries_place(table: &str) -> Vec<u8> {
    format!("shared canaries of table {table}").into_bytes()
}

pub(super) fn register_id(store: &Store, name: &str) -> Result<Option<i64>> {
    store.one("SELECT ord FROM register WHERE name = ?1", [name], |row| {
        row.get(0)
    })
}

pub(super) fn layout(store: &Store, register: i64) -> Result<Option<Layout>> {
    store.one(
        "SELECT layout FROM register WHERE ord = ?1",
        [register],
        |row| Layout::from_bytes(blob(row, 0)?).ok_or_else(|| damaged(0)),
    )
}

fn recipients(store: &Store) -> Result<Vec<Recipient>> {
    let mut all = store.all(
        "SELECT id, name, created FROM recipient ORDER BY ord",
        [],
        read_recipient,
    )?;
    events::name(&mut all, &events::events(store)?);
    Ok(all)
}

pub(super) fn recipient(store: &Store, name: &str) -> Result<Option<Recipient>> {
    if store.holds_events()? {
        let all = recipients(store)?;
        return Ok(all.into_iter().find(|r| r.names.iter().any(|n| n == name)));
    }
    store.one(
        "SELECT id, name, created FROM recipient WHERE name = ?1",
        [name],
        read_recipient,
    )
}

pub(super) fn is_recipient(store: &Store, id: &[u8; 16]) -> Result<bool> {
    store.value(
        "SELECT EXISTS (SELECT 1 FROM recipient WHERE id = ?1)",
        [id],
        |row| row.get(0),
    )
}

pub(super) fn table(store: &Store, id: &str) -> Result<Option<TableEntry>> {
    store.one(&format!("{TABLES} WHERE id = ?1"), [id], read_table)
}

pub(super) fn record_count(store: &Store, register: i64) -> Result<u64> {
    store.value(
        "SELECT coalesce(sum(new_records), 0) FROM source_table WHERE register = ?1",
        [register],
        |row| count(row, 0),
    )
}

pub(super) fn is_export(store: &Store, id: &str) -> Result<bool> {
    store.value(
        "SELECT EXISTS (SELECT 1 FROM export WHERE id = ?1)",
        [id],
        |row| row.get(0),
    )
}

pub(super) fn is_issued(store: &Store, export: &str) -> Result<bool> {
    store.value(
        "SELECT EXISTS (SELECT 1 FROM issued WHERE export = ?1)",
        [export],
        |row| row.get(0),
    )
}

pub(super) fn has_id(store: &Store, kind: &Kind, id: &str) -> Result<bool> {
    store.value(
        &format!("SELECT EXISTS (SELECT 1 FROM {} WHERE id = ?1)", kind.table),
        [id],
        |row| row.get(0),
    )
}

fn read_recipient(row: &Row<'_>) -> rusqlite::Result<Recipient> {
    let name: String = row.get(1)?;
    Ok(Recipient {
        id: row.get(0)?,
        names: vec![name.clone()],
        name,
        created: time(row, 2)?,
    })
}

fn read_table(row: &Row<'_>) -> rusqlite::Result<TableEntry> {
    Ok(TableEntry {
        id: row.get(0)?,
        register: row.get(1)?,
        label: row.get(2)?,
        source_digest: row.get(3)?,
        rows: count(row, 4)?,
        created: time(row, 5)?,
        first_ordinal: count(row, 6)?,
        new_records: count(row, 7)?,
    })
}

fn read_export(row: &Row<'_>) -> rusqlite::Result<ExportEntry> {
    Ok(ExportEntry {
        id: row.get(0)?,
        register: row.get(1)?,
        table: row.get(2)?,
        recipient: row.get(3)?,
        created: time(row, 4)?,
        file_name: row.get(5)?,
        sha256: row.get(6)?,
        rows: count(row, 7)?,
        canaries: count(row, 8)?,
        cells_altered: count(row, 9)?,
        sites: count(row, 10)?,
        purpose: row.get(11)?,
        parent: row.get(12)?,
        issued: time_if_any(row, 13)?,
        withdrawn: None,
        destroyed: None,
    })
}
