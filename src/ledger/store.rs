//! The SQLite file under the ledger: how it is opened, and what its errors mean to people.
//!
//! The journal is a rollback journal, not a write-ahead log: it needs no second file beside the ledger to read from, so a vault on
//! a read-only disc opens; while something is being written it holds only pages that the ledger had before, and afterwards it is
//! gone; and records, which are appended in megabytes, are written once and not twice. `synchronous = EXTRA` also syncs the folder
//! after the journal is removed, without which a power cut could bring the journal back and undo what was committed.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{Type, ValueRef};
use rusqlite::{
    Connection, ErrorCode, OpenFlags, OptionalExtension, Params, Row, Transaction,
    TransactionBehavior,
};

use crate::error::{Error, Result};

/// Version of `schema.sql`, with which a ledger begins.
const FIRST_VERSION: i64 = 1;

/// Version after `schema_2.sql`, the newest that is known.
const SCHEMA_VERSION: i64 = 2;

/// `PRAGMA application_id`: "tagg".
const APPLICATION_ID: i64 = 0x7461_6767;

/// How long a write waits for another process's.
const PATIENCE: Duration = Duration::from_secs(30);

/// The tables, triggers and their reasons.
const SCHEMA: &str = include_str!("schema.sql");

/// What makes the second version of the first.
const SECOND: &str = include_str!("schema_2.sql");

/// An open SQLite file that turns SQLite's errors into the library's.
pub(super) struct Store {
    connection: Connection,
    path: PathBuf,
}

impl Store {
    /// The ledger's tables in an empty file, inside the transaction that `fill` completes.
    pub(super) fn create(path: &Path, fill: impl FnOnce(&Store) -> Result<()>) -> Result<Store> {
        let store = Store::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // fixed when the file gets its first page: records come in megabytes, and larger pages chain fewer of them
        store.batch("PRAGMA page_size = 16384;")?;
        store.prepare()?;
        store.immediately(|| {
            store.batch(SCHEMA)?;
            store.batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FIRST_VERSION};"
            ))?;
            fill(&store)
        })?;
        Ok(store)
    }

    /// An existing ledger; for reading only where the system does not let it be written.
    pub(super) fn open(path: &Path) -> Result<Store> {
        Store::open_as(path, OpenFlags::SQLITE_OPEN_READ_WRITE)
    }

    /// An existing ledger, under these flags.
    pub(super) fn open_as(path: &Path, flags: OpenFlags) -> Result<Store> {
        let store = Store::connect(path, flags)?;
        let (application, version) = (
            store.pragma("application_id")?,
            store.pragma("user_version")?,
        );
        if application != APPLICATION_ID || version < 1 {
            return Err(Error::integrity(format!(
                "`{}` is not a taggant ledger. Put the vault's own `ledger.sqlite` back from a backup.",
                path.display()
            )));
        }
        if version > SCHEMA_VERSION {
            return Err(Error::input(format!(
                "`{}` was written by a newer taggant (schema {version}; this one knows {SCHEMA_VERSION}). Update taggant.",
                path.display()
            )));
        }
        store.prepare()?;
        Ok(store)
    }

    fn connect(path: &Path, flags: OpenFlags) -> Result<Store> {
        // absolute, as SQLite would take a relative "file:..." for a URI
        let absolute = std::path::absolute(path).map_err(Error::io("open", path))?;
        let connection =
            Connection::open_with_flags(absolute, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
                .map_err(|e| refused(path, e))?;
        let store = Store {
            connection,
            path: path.to_path_buf(),
        };
        store
            .connection
            .busy_timeout(PATIENCE)
            .map_err(|e| refused(path, e))?;
        Ok(store)
    }

    /// What holds for this connection only.
    fn prepare(&self) -> Result<()> {
        for (config, value) in [
            (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
            (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        ] {
            self.connection
                .set_db_config(config, value)
                .map_err(|e| refused(&self.path, e))?;
        }
        self.batch(
            "PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = ON; PRAGMA cell_size_check = ON;
             PRAGMA synchronous = EXTRA; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -32768;",
        )?;
        if !self.read_only()? {
            // no change where nobody else meddled with it
            self.batch("PRAGMA journal_mode = DELETE;")?;
        }
        Ok(())
    }

    /// True where the system does not let the ledger be written.
    pub(super) fn read_only(&self) -> Result<bool> {
        self.connection
            .is_readonly("main")
            .map_err(|e| refused(&self.path, e))
    }

    fn pragma(&self, name: &str) -> Result<i64> {
        self.connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(|e| refused(&self.path, e))
    }

    /// `work` in a transaction that has the right to write from its start, durable on return; undone where `work` fails.
    pub(super) fn immediately<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let done = self.transaction(TransactionBehavior::Immediate, work)?;
        // records come in megabytes and are not read again by who wrote them; what is durable is so with or without this
        let _ = self.connection.execute_batch("PRAGMA shrink_memory;");
        Ok(done)
    }

    /// `work` on one state of the ledger, whatever others write meanwhile.
    pub(super) fn snapshot<T>(&self, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.transaction(TransactionBehavior::Deferred, work)
    }

    fn transaction<T>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        // rolls back when dropped without a commit
        let transaction = Transaction::new_unchecked(&self.connection, behavior)
            .map_err(|e| refused(&self.path, e))?;
        let done = work()?;
        transaction.commit().map_err(|e| refused(&self.path, e))?;
        Ok(done)
    }

    /// Runs several statements.
    pub(super) fn batch(&self, sql: &str) -> Result<()> {
        self.connection
            .execute_batch(sql)
            .map_err(|e| refused(&self.path, e))
    }

    /// Runs one statement; the number of rows it changed.
    pub(super) fn execute(&self, sql: &str, params: impl Params) -> Result<usize> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(params))
            .map_err(|e| refused(&self.path, e))
    }

    /// The first row of the answer, if there is one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read).optional())
            .map_err(|e| refused(&self.path, e))
    }

    /// The first row of an answer that always has one.
    pub(super) fn value<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row(params, read))
            .map_err(|e| refused(&self.path, e))
    }

    /// Every row of the answer.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        self.connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_map(params, read)?.collect())
            .map_err(|e| refused(&self.path, e))
    }

    /// The tables, indexes and triggers by name, and the SQL that made each.
    pub(super) fn schema(&self) -> Result<Vec<(String, String)>> {
        // SQLite's own internal tables and the indexes of UNIQUE constraints have no SQL
        self.all(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Whether the ledger has a place for what was said of recipients and copies.
    pub(super) fn holds_events(&self) -> Result<bool> {
        Ok(self.pragma("user_version")? >= SCHEMA_VERSION)
    }

    /// Makes that place, inside the caller's transaction.
    pub(super) fn upgrade(&self) -> Result<()> {
        match self.holds_events()? {
            true => Ok(()),
            false => self.batch(SECOND),
        }
    }

    /// What [`Self::schema`] must say.
    pub(super) fn schema_due(&self) -> Result<Vec<(String, String)>> {
        let connection = Connection::open_in_memory().map_err(|e| refused(&self.path, e))?;
        let fresh = Store {
            connection,
            path: self.path.clone(),
        };
        fresh.batch(SCHEMA)?;
        if self.holds_events()? {
            fresh.batch(SECOND)?;
        }
        fresh.schema()
    }
}

/// A stored value that is not what was written: for use inside row readers.
pub(super) fn damaged(column: usize) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(
        column,
        Type::Blob,
        "it is damaged or was changed".into(),
    )
}

/// The bytes of a blob column, without copying them.
pub(super) fn blob<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r [u8]> {
    match row.get_ref(column)? {
        ValueRef::Blob(bytes) => Ok(bytes),
        _ => Err(damaged(column)),
    }
}

/// A time as stored.
pub(super) fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<jiff::Timestamp> {
    row.get::<_, String>(column)?
        .parse()
        .map_err(|_| damaged(column))
}

/// A time that may be missing.
pub(super) fn time_if_any(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<jiff::Timestamp>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        _ => time(row, column).map(Some),
    }
}

/// A count as stored.
pub(super) fn count(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    u64::try_from(row.get::<_, i64>(column)?).map_err(|_| damaged(column))
}

/// What SQLite's refusal means.
fn refused(path: &Path, error: rusqlite::Error) -> Error {
    let shown = path.display();
    let system = |action, kind| Error::Io {
        action,
        path: path.to_path_buf(),
        source: io::Error::new(kind, error.to_string()),
    };
    let extended = error.sqlite_error().map(|e| e.extended_code);
    if extended == Some(rusqlite::ffi::SQLITE_READONLY_ROLLBACK) {
        return Error::input(format!(
            "the last write to `{shown}` was cut short and cannot be undone on a read-only disc. Copy the whole vault to a disc that can be written, and use the copy."
        ));
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::input(format!(
            "another process has kept the ledger `{shown}` busy for {} seconds. Run this again when it is done.",
            PATIENCE.as_secs()
        )),
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            system("write", io::ErrorKind::ReadOnlyFilesystem)
        }
        Some(ErrorCode::CannotOpen) => system("open", io::ErrorKind::Other),
        Some(ErrorCode::DiskFull) => system("write", io::ErrorKind::StorageFull),
        Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
            system("read or write", io::ErrorKind::Other)
        }
        Some(ErrorCode::NotADatabase) => Error::integrity(format!(
            "`{shown}` is not an SQLite file. Put the vault's own `ledger.sqlite` back from a backup."
        )),
        Some(ErrorCode::TooBig) => Error::input(format!(
            "an entry is too large for the ledger `{shown}` ({error}). Split the table and issue the parts."
        )),
        _ => Error::integrity(format!(
            "the ledger `{shown}` is damaged or was changed ({error}). Run `taggant ledger verify`, and restore it from a backup."
        )),
    }
}
