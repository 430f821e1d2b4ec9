//! What goes into the ledger.

use jiff::Timestamp;
use rusqlite::types::ValueRef;

use super::chain::{self, End, Kind};
use super::entries::{NewExport, NewRegister, NewTable, NewTrace, Recipient, Register, TableEntry};
use super::records::{NO_RECORD, RecordIndex, rows_to_bytes};
use super::store::Store;
use super::{Ledger, read};
use crate::error::{Error, Result};
use crate::key::MasterKey;

/// Records a row of `records`: some hundred kilobytes, so that the copies which SQLite makes of a blob on its way stay in the
/// processor's cache.
const CHUNK_RECORDS: usize = 2_048;

/// Letters and digits of short ids: none that looks like another.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// What stands in an empty ledger: the vault's id and the key's check.
pub(super) fn found(store: &Store, key: &MasterKey, created: Timestamp) -> Result<()> {
    let id: [u8; 16] = random()?;
    let mut end = chain::start(store, key)?;
    let created = created.to_string();
    chain::append(
        store,
        key,
        &mut end,
        &chain::VAULT,
        "vault",
        &[
            ValueRef::Blob(&id),
            ValueRef::Blob(&key.check()),
            text(&created),
        ],
    )?;
    chain::finish(store, key, &end)
}

impl Ledger {
    /// Enters whatever `work` enters, all of it or nothing: durable when this returns, undone where `work` fails. Meanwhile no
    /// other process can write, so have everything at hand before.
    pub fn write<T>(&mut self, work: impl FnOnce(&mut Writer<'_>) -> Result<T>) -> Result<T> {
        let (store, key) = (&self.store, &self.key);
        store.immediately(|| {
            let mut writer = Writer {
                store,
                key,
                end: chain::end(store, key)?,
            };
            let done = work(&mut writer)?;
            chain::finish(store, key, &writer.end)?;
            Ok(done)
        })
    }

    /// [`Writer::add_register`], by itself.
    pub fn add_register(&mut self, new: &NewRegister) -> Result<Register> {
        self.write(|writer| writer.add_register(new))
    }

    /// [`Writer::add_recipient`], by itself.
    pub fn add_recipient(&mut self, name: &str, created: Timestamp) -> Result<Recipient> {
        self.write(|writer| writer.add_recipient(name, created))
    }

    /// [`Writer::add_table`], by itself.
    pub fn add_table(&mut self, new: &NewTable<'_>) -> Result<TableEntry> {
        self.write(|writer| writer.add_table(new))
    }

    /// [`Writer::add_export`], by itself: the copy may be shown when this returns.
    pub fn add_export(&mut self, new: &NewExport) -> Result<String> {
        self.write(|writer| writer.add_export(new))
    }

    /// [`Writer::add_export`] for each copy, all at once; their ids in the same order.
    pub fn add_exports(&mut self, new: &[NewExport]) -> Result<Vec<String>> {
        self.write(|writer| new.iter().map(|copy| writer.add_export(copy)).collect())
    }

    /// [`Writer::mark_issued`] for each export, all at once.
    pub fn mark_issued(&mut self, exports: &[&str], at: Timestamp) -> Result<()> {
        self.write(|writer| exports.iter().try_for_each(|id| writer.mark_issued(id, at)))
    }

    /// [`Writer::add_trace`], by itself. On a read-only disc this fails, and the trace is as good as before: say that it was not
    /// counted.
    pub fn add_trace(&mut self, new: &NewTrace) -> Result<()> {
        self.write(|writer| writer.add_trace(new))
    }

    /// [`Writer::add_trace`] for each trace, all at once: where many are made, waiting for the disc once is enough.
    pub fn add_traces(&mut self, new: &[NewTrace]) -> Result<()> {
        self.write(|writer| new.iter().try_for_each(|trace| writer.add_trace(trace)))
    }
}

/// Enters things in one transaction; see [`Ledger::write`].
pub struct Writer<'a> {
    store: &'a Store,
    key: &'a MasterKey,
    end: End,
}

impl Writer<'_> {
    pub(super) fn store(&self) -> &Store {
        self.store
    }

    pub(super) fn append(
        &mut self,
        kind: &Kind,
        subject: &str,
        values: &[ValueRef<'_>],
    ) -> Result<i64> {
        chain::append(self.store, self.key, &mut self.end, kind, subject, values)
    }

    /// Enters a register and freezes its policy. Refused where the name is taken.
    pub fn add_register(&mut self, new: &NewRegister) -> Result<Register> {
        check_name("register", &new.name)?;
        if read::register_id(self.store, &new.name)?.is_some() {
            return Err(Error::input(format!(
                "there is a register `{}` already. Issue under it, or choose another name.",
                new.name
            )));
        }
        if let Some(parent) = &new.parent_export {
            self.known_export(parent)?;
        }
        let policy = self
            .key
            .seal_key()
            .seal(&read::policy_place(&new.name), new.policy_toml.as_bytes())?;
        let created = new.created.to_string();
        let id = self.append(
            &chain::REGISTER,
            &new.name,
            &[
                text(&new.name),
                text_if_any(&new.parent_export),
                text(&created),
                ValueRef::Blob(&new.layout.to_bytes()),
                ValueRef::Blob(&policy),
            ],
        )?;
        Ok(Register {
            id,
            name: new.name.clone(),
            policy_toml: new.policy_toml.clone(),
            layout: new.layout.clone(),
            parent_export: new.parent_export.clone(),
            created: new.created,
        })
    }

    /// The recipient of this name, entered with a random id if there was none.
    pub fn add_recipient(&mut self, name: &str, created: Timestamp) -> Result<Recipient> {
        check_name("recipient", name)?;
        if let Some(known) = read::recipient(self.store, name)? {
            return Ok(known);
        }
        let id: [u8; 16] = random()?;
        self.append(
            &chain::RECIPIENT,
            name,
            &[ValueRef::Blob(&id), text(name), text(&created.to_string())],
        )?;
        Ok(Recipient {
            id,
            name: name.to_owned(),
            names: vec![name.to_owned()],
            created,
        })
    }

    /// Enters a source table and its new records. Refused where they do not fit the register's layout, where the membership names
    /// records that there are not, and where another process has added records since `first_ordinal` was read.
    pub fn add_table(&mut self, new: &NewTable<'_>) -> Result<TableEntry> {
        let label = new.label;
        let Some(layout) = read::layout(self.store, new.register)? else {
            return Err(Error::input(format!(
                "`{label}` is for register number {}, and the ledger has none. Enter the register first.",
                new.register
            )));
        };
        let before = read::record_count(self.store, new.register)?;
        if before != u64::from(new.first_ordinal) {
            return Err(Error::input(format!(
                "another process has entered records while `{label}` was read ({before} where {} were). Run this again.",
                new.first_ordinal
            )));
        }
        check_records(new, &layout)?;
        let id = self.fresh_id('t', &chain::SOURCE_TABLE)?;
        let sealed = match new.new_shared {
            [] => Vec::new(),
            shared => self
                .key
                .seal_key()
                .seal(&read::shared_canaries_place(&id), shared)?,
        };
        let membership = rows_to_bytes(new.rows, &sealed);
        let (rows, added) = (new.rows.membership.len() as u64, new.records.len() as u64);
        self.append(
            &chain::SOURCE_TABLE,
            &id,
            &[
                text(&id),
                ValueRef::Integer(new.register),
                text(label),
                ValueRef::Blob(&new.source_digest),
                number(rows)?,
                number(before)?,
                number(added)?,
                text(&new.created.to_string()),
                ValueRef::Blob(&membership),
            ],
        )?;
        for (first, count, body) in new.records.chunks(CHUNK_RECORDS) {
            let first = before + first as u64;
            self.append(
                &chain::RECORDS,
                &format!("{id} from {first}"),
                &[
                    text(&id),
                    number(first)?,
                    number(count as u64)?,
                    ValueRef::Blob(&body),
                ],
            )?;
        }
        Ok(TableEntry {
            id,
            register: new.register,
            label: label.to_owned(),
            source_digest: new.source_digest,
            rows,
            created: new.created,
            first_ordinal: before,
            new_records: added,
        })
    }

    /// Enters a copy, pending until [`Self::mark_issued`]. Its id.
    pub fn add_export(&mut self, new: &NewExport) -> Result<String> {
        let copy = &new.file_name;
        if read::table(self.store, &new.table)?.is_none() {
            return Err(Error::input(format!(
                "the copy `{copy}` is of table `{}`, and the ledger has none. Enter the table first.",
                new.table
            )));
        }
        if !read::is_recipient(self.store, &new.recipient)? {
            return Err(Error::input(format!(
                "the copy `{copy}` is for a recipient whom the ledger does not know. Enter the recipient first."
            )));
        }
        if let Some(parent) = &new.parent {
            self.known_export(parent)?;
        }
        if copy.is_empty() || copy.contains('/') {
            return Err(Error::input(format!(
                "`{copy}` is not the name of a file. Give the name without its folder."
            )));
        }
        if let Some(fault) = new.canary_index.fault() {
            return Err(Error::input(format!(
                "the canaries of `{copy}` do not fit together: {fault}. Nothing was entered; please report this."
            )));
        }
        let id = self.fresh_id('x', &chain::EXPORT)?;
        let sealed = match new.new_canaries.as_slice() {
            [] => None,
            canaries => Some(
                self.key
                    .seal_key()
                    .seal(&read::canaries_place(&id), canaries)?,
            ),
        };
        self.append(
            &chain::EXPORT,
            &id,
            &[
                text(&id),
                text(&new.table),
                ValueRef::Blob(&new.recipient),
                text_if_any(&new.parent),
                text(&new.created.to_string()),
                text(copy),
                ValueRef::Blob(&new.sha256),
                number(new.rows)?,
                number(new.canaries)?,
                number(new.cells_altered)?,
                number(new.sites)?,
                text_if_any(&new.purpose),
                sealed.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
                ValueRef::Blob(&new.canary_index.to_bytes()),
            ],
        )?;
        Ok(id)
    }

    /// Enters that a copy reached its place. Once entered, that stands.
    pub fn mark_issued(&mut self, export: &str, at: Timestamp) -> Result<()> {
        self.known_export(export)?;
        if read::is_issued(self.store, export)? {
            return Ok(());
        }
        self.append(
            &chain::ISSUED,
            export,
            &[text(export), text(&at.to_string())],
        )?;
        Ok(())
    }

    /// Enters a trace.
    pub fn add_trace(&mut self, new: &NewTrace) -> Result<()> {
        if !(new.alpha > 0.0 && new.alpha <= 1.0) {
            return Err(Error::input(format!(
                "{} is no chance of accusing an innocent. Give alpha above 0 and at most 1.",
                new.alpha
            )));
        }
        let created = new.created.to_string();
        self.append(
            &chain::TRACE,
            &created,
            &[
                text(&created),
                number(new.recipients_scored)?,
                ValueRef::Real(new.alpha),
                text(&new.verdict),
            ],
        )?;
        Ok(())
    }

    pub(super) fn known_export(&self, id: &str) -> Result<()> {
        if read::is_export(self.store, id)? {
            return Ok(());
        }
        Err(Error::input(format!(
            "there is no export `{id}`. See `taggant ledger list`."
        )))
    }

    /// An id that no row of `kind` has: a letter, a dash and 40 random bits.
    fn fresh_id(&self, letter: char, kind: &Kind) -> Result<String> {
        loop {
            let bits = u64::from_le_bytes(random()?);
            let mut id = format!("{letter}-");
            id.extend((0..8).map(|place| {
                let at = bits >> (5 * place) & 31;
                char::from(ALPHABET[at as usize])
            }));
            if !read::has_id(self.store, kind, &id)? {
                return Ok(id);
            }
        }
    }
}

/// The records and membership of a new table agree with each other and with the register.
fn check_records(new: &NewTable<'_>, layout: &super::Layout) -> Result<()> {
    let records: &RecordIndex = new.records;
    let fault = if records.layout != *layout {
        Some("they are of another layout than the register".to_owned())
    } else {
        records.fault()
    };
    let all = u64::from(new.first_ordinal) + records.len() as u64;
    let fault = fault
        .or_else(|| (all >= u64::from(NO_RECORD)).then(|| format!("{all} are too many")))
        .or_else(|| {
            let outside = |record: &&u32| u64::from(**record) >= all && **record != NO_RECORD;
            let mut named = new.rows.membership.iter().chain(&new.rows.shared);
            let stray = named.find(outside)?;
            Some(format!("a row names record {stray} of {all}"))
        });
    match fault {
        None => Ok(()),
        Some(fault) => Err(Error::input(format!(
            "the records of `{}` do not fit register number {}: {fault}. Nothing was entered; please report this.",
            new.label, new.register
        ))),
    }
}

pub(super) fn check_name(what: &str, name: &str) -> Result<()> {
    if name.trim().is_empty() {
        return Err(Error::input(format!("a {what} has no name. Give it one.")));
    }
    if name.contains(char::is_control) {
        return Err(Error::input(format!(
            "the {what} name {name:?} holds a control character. Write it without."
        )));
    }
    Ok(())
}

fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes).map_err(|e| {
        Error::input(format!(
            "the system's random generator failed ({e}). Try again."
        ))
    })?;
    Ok(bytes)
}

pub(super) fn text(text: &str) -> ValueRef<'_> {
    ValueRef::Text(text.as_bytes())
}

pub(super) fn text_if_any(text: &Option<String>) -> ValueRef<'_> {
    text.as_ref()
        .map_or(ValueRef::Null, |t| ValueRef::Text(t.as_bytes()))
}

fn number(number: u64) -> Result<ValueRef<'static>> {
    i64::try_from(number)
        .map(ValueRef::Integer)
        .map_err(|_| Error::input(format!("{number} is too large a count for the ledger.")))
}
