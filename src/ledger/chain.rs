//! The chain over the ledger's rows, and its verification.
//!
//! Each row has an entry: its table (`kind`), its number there (`ord`), what it is about, and the SHA-256 of all its columns. Link n
//! is HMAC(link n-1, n, kind, ord, subject, content) under the vault's chain key, link 0 being 32 zero bytes; `head` holds
//! HMAC("head", number of entries, last link).
//!
//! So whoever changes, adds, removes or reorders rows without the master key is found out, also when he cuts off the end: the head
//! of the shorter chain is not his to compute. What cannot be found out from inside: an older copy of the whole ledger put back in
//! its place (so note [`Verified::entries`] and [`Verified::head`] somewhere else now and then), and anything done by one who holds
//! the master key.

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use sha2::{Digest, Sha256};

use super::store::Store;
use crate::error::{Error, Result};
use crate::key::MasterKey;

/// A chained table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kind {
    /// The table.
    pub(super) table: &'static str,
    /// Its columns after `ord`, in order, with commas.
    pub(super) columns: &'static str,
    /// What its rows are called in messages.
    spoken: &'static str,
}

pub(super) const VAULT: Kind = Kind {
    table: "vault",
    columns: "id, key_check, created",
    spoken: "vault",
};
pub(super) const REGISTER: Kind = Kind {
    table: "register",
    columns: "name, parent_export, created, layout, policy",
    spoken: "register",
};
pub(super) const RECIPIENT: Kind = Kind {
    table: "recipient",
    columns: "id, name, created",
    spoken: "recipient",
};
pub(super) const SOURCE_TABLE: Kind = Kind {
    table: "source_table",
    columns: "id, register, label, source_digest, rows, first_ordinal, new_records, created, membership",
    spoken: "table",
};
pub(super) const RECORDS: Kind = Kind {
    table: "records",
    columns: "source_table, first_ordinal, count, body",
    spoken: "records of table",
};
pub(super) const EXPORT: Kind = Kind {
    table: "export",
    columns: "id, source_table, recipient, parent, created, file_name, sha256, rows, canaries, cells_altered, sites, purpose, \
              sealed, canary_index",
    spoken: "export",
};
pub(super) const ISSUED: Kind = Kind {
    table: "issued",
    columns: "export, at",
    spoken: "issue of export",
};
pub(super) const TRACE: Kind = Kind {
    table: "trace",
    columns: "created, recipients_scored, alpha, verdict",
    spoken: "trace",
};

/// Of the schema's second version.
pub(super) const EVENT: Kind = Kind {
    table: "event",
    columns: "kind, at, recipient, part_of, name, export, note",
    spoken: "event about",
};

pub(super) const KINDS: [&Kind; 8] = [
    &VAULT,
    &REGISTER,
    &RECIPIENT,
    &SOURCE_TABLE,
    &RECORDS,
    &EXPORT,
    &ISSUED,
    &TRACE,
];

/// A link of the chain.
type Link = [u8; 32];

/// The chain before its first entry.
const START: Link = [0; 32];

/// What every message about a broken chain ends with.
const NEXT: &str = "Trust no trace made with it: restore `ledger.sqlite` from a backup and find out who could write to it.";

/// Where the chain ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    entries: i64,
    link: Link,
}

/// A ledger whose every row is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Number of entries.
    pub entries: u64,
    /// The last link of the chain. Noted elsewhere with the number of entries, it shows later that this state is a part of the
    /// ledger's past.
    pub head: [u8; 32],
}

/// The chain of an empty ledger.
pub(super) fn start(store: &Store, key: &MasterKey) -> Result<End> {
    let end = End {
        entries: 0,
        link: START,
    };
    store.execute(
        "INSERT INTO head (ord, entries, mac) VALUES (1, 0, ?1)",
        [&head_mac(key, &end)[..]],
    )?;
    Ok(end)
}

/// The end of the chain, to go on from; an integrity error where the last entry is not the one that the head speaks of.
pub(super) fn end(store: &Store, key: &MasterKey) -> Result<End> {
    let last = store.one(
        "SELECT seq, chain FROM entry ORDER BY seq DESC LIMIT 1",
        [],
        |row| {
            Ok(End {
                entries: row.get(0)?,
                link: row.get(1)?,
            })
        },
    )?;
    let end = last.unwrap_or(End {
        entries: 0,
        link: START,
    });
    check_head(store, key, &end)?;
    Ok(end)
}

/// Makes `end` the head.
pub(super) fn finish(store: &Store, key: &MasterKey, end: &End) -> Result<()> {
    store.execute(
        "UPDATE head SET entries = ?1, mac = ?2 WHERE entries < ?1",
        (end.entries, &head_mac(key, end)[..]),
    )?;
    Ok(())
}

/// Inserts a row and its entry. Its values are those of `kind.columns`, in order. Answers the row's `ord`.
pub(super) fn append(
    store: &Store,
    key: &MasterKey,
    end: &mut End,
    kind: &Kind,
    subject: &str,
    values: &[ValueRef<'_>],
) -> Result<i64> {
    let table = kind.table;
    let ord: i64 = store.value(
        &format!("SELECT coalesce(max(ord), 0) + 1 FROM {table}"),
        [],
        |row| row.get(0),
    )?;
    let places = ", ?".repeat(values.len());
    let ord_and_values = std::iter::once(ValueRef::Integer(ord)).chain(values.iter().copied());
    store.execute(
        &format!(
            "INSERT INTO {table} (ord, {}) VALUES (?{places})",
            kind.columns
        ),
        rusqlite::params_from_iter(ord_and_values.clone().map(Borrowed)),
    )?;
    let content = content(kind, ord_and_values);
    let next = link(key, end, table, ord, subject, &content);
    store.execute(
        "INSERT INTO entry (seq, kind, ord, subject, content, chain) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            next.entries,
            table,
            ord,
            subject,
            &content[..],
            &next.link[..],
        ),
    )?;
    *end = next;
    Ok(ord)
}

/// Recomputes every content hash and every link.
pub(super) fn verify(store: &Store, key: &MasterKey) -> Result<Verified> {
    let mut end = End {
        entries: 0,
        link: START,
    };
    let said = store.holds_events()?.then_some(&EVENT);
    let kinds: Vec<&Kind> = KINDS.into_iter().chain(said).collect();
    let mut counts = vec![0i64; kinds.len()];
    // entries are small and few against what they stand for
    let entries: Vec<Entry> = store.all(
        "SELECT seq, kind, ord, subject, content, chain FROM entry ORDER BY seq",
        [],
        |row| {
            Ok(Entry {
                seq: row.get(0)?,
                kind: row.get(1)?,
                ord: row.get(2)?,
                subject: row.get(3)?,
                content: row.get(4)?,
                chain: row.get(5)?,
            })
        },
    )?;
    for entry in &entries {
        let Some(at) = kinds.iter().position(|k| k.table == entry.kind) else {
            return Err(broken(
                entry,
                "entry",
                "is of no kind that this program writes",
            ));
        };
        let kind = kinds[at];
        counts[at] += 1;
        let next = link(
            key,
            &end,
            kind.table,
            entry.ord,
            &entry.subject,
            &entry.content,
        );
        if entry.seq != next.entries || entry.chain != next.link {
            return Err(broken(
                entry,
                kind.spoken,
                "does not follow from the entry before: entries were changed, removed or put in another order",
            ));
        }
        match stored_content(store, kind, entry.ord)? {
            None => return Err(broken(entry, kind.spoken, "was removed")),
            Some(content) if content != entry.content => {
                return Err(broken(
                    entry,
                    kind.spoken,
                    "was changed after it was entered",
                ));
            }
            Some(_) => {}
        }
        end = next;
    }
    for (kind, entered) in kinds.into_iter().zip(counts) {
        check_count(store, kind, entered)?;
    }
    check_head(store, key, &end)?;
    check_file(store)?;
    Ok(Verified {
        entries: end.entries as u64,
        head: end.link,
    })
}

struct Entry {
    seq: i64,
    kind: String,
    ord: i64,
    subject: String,
    content: [u8; 32],
    chain: Link,
}

fn broken(entry: &Entry, spoken: &str, what: &str) -> Error {
    Error::integrity(format!(
        "the ledger was tampered with: {spoken} `{}` (entry {}) {what}. {NEXT}",
        entry.subject, entry.seq
    ))
}

/// The link after `end`, for this entry.
fn link(
    key: &MasterKey,
    end: &End,
    table: &str,
    ord: i64,
    subject: &str,
    content: &[u8; 32],
) -> End {
    let entries = end.entries.saturating_add(1);
    let link = key.chain(
        &end.link,
        &[
            &entries.to_le_bytes(),
            table.as_bytes(),
            &ord.to_le_bytes(),
            subject.as_bytes(),
            content,
        ],
    );
    End { entries, link }
}

fn head_mac(key: &MasterKey, end: &End) -> [u8; 32] {
    // "head" is shorter than any link, so this can be no link of the chain
    key.chain(b"head", &[&end.entries.to_le_bytes(), &end.link])
}

fn check_head(store: &Store, key: &MasterKey, end: &End) -> Result<()> {
    let head: Option<(i64, [u8; 32])> =
        store.one("SELECT entries, mac FROM head WHERE ord = 1", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    match head {
        Some((entries, mac)) if entries == end.entries && mac == head_mac(key, end) => Ok(()),
        Some((entries, _)) if entries > end.entries => Err(Error::integrity(format!(
            "the ledger was tampered with: its head counts {entries} entries and {} are left, so the last ones were cut off. {NEXT}",
            end.entries
        ))),
        _ => Err(Error::integrity(format!(
            "the ledger was tampered with: its head does not belong to its last entry ({}). {NEXT}",
            end.entries
        ))),
    }
}

/// No row without an entry.
fn check_count(store: &Store, kind: &Kind, entered: i64) -> Result<()> {
    let table = kind.table;
    let rows: i64 = store.value(&format!("SELECT count(*) FROM {table}"), [], |row| {
        row.get(0)
    })?;
    if rows == entered {
        return Ok(());
    }
    let (extra, name): (i64, String) = store
        .one(
            &format!(
                "SELECT ord, CASE WHEN typeof({first}) = 'text' THEN {first} ELSE '' END FROM {table}
                 WHERE ord NOT IN (SELECT ord FROM entry WHERE kind = ?1) ORDER BY ord LIMIT 1",
                first = kind.columns.split(',').next().unwrap_or("ord"),
            ),
            [table],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?
        .unwrap_or_default();
    Err(Error::integrity(format!(
        "the ledger was tampered with: {} number {extra} {}has no entry, so it was added by something else than this program. {NEXT}",
        kind.spoken,
        if name.is_empty() {
            String::new()
        } else {
            format!("(`{name}`) ")
        },
    )))
}

/// The tables' own rules are in force, and indexes agree with their tables.
fn check_file(store: &Store) -> Result<()> {
    let (found, due) = (store.schema()?, store.schema_due()?);
    if let Some((name, _)) = due
        .iter()
        .find(|d| !found.contains(d))
        .or_else(|| found.iter().find(|f| !due.contains(f)))
    {
        return Err(Error::integrity(format!(
            "the ledger was tampered with: `{name}` of its tables, indexes and triggers was added, removed or changed. {NEXT}"
        )));
    }
    let report: String = store.value("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if report != "ok" {
        return Err(Error::integrity(format!(
            "the ledger's file is damaged ({report}). Restore `ledger.sqlite` from a backup."
        )));
    }
    Ok(())
}

/// The content hash of a row as it stands.
fn stored_content(store: &Store, kind: &Kind, ord: i64) -> Result<Option<[u8; 32]>> {
    let columns = kind.columns.split(',').count() + 1;
    store.one(
        &format!(
            "SELECT ord, {} FROM {} WHERE ord = ?1",
            kind.columns, kind.table
        ),
        [ord],
        |row| {
            let values = (0..columns)
                .map(|column| row.get_ref(column))
                .collect::<rusqlite::Result<Vec<_>>>()?;
            Ok(content(kind, values.into_iter()))
        },
    )
}

/// SHA-256 over the table's name and every value: a byte for its type, then eight bytes of number, or its length in eight bytes
/// and itself. So no two rows give the same bytes.
fn content<'a>(kind: &Kind, values: impl Iterator<Item = ValueRef<'a>>) -> [u8; 32] {
    let mut hash = Sha256::new();
    let mut sized = |tag: u8, bytes: &[u8]| {
        hash.update([tag]);
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    sized(b't', kind.table.as_bytes());
    for value in values {
        match value {
            ValueRef::Null => sized(b'n', &[]),
            ValueRef::Integer(number) => sized(b'i', &number.to_le_bytes()),
            ValueRef::Real(number) => sized(b'r', &number.to_bits().to_le_bytes()),
            ValueRef::Text(text) => sized(b't', text),
            ValueRef::Blob(bytes) => sized(b'b', bytes),
        }
    }
    hash.finalize().into()
}

/// Binds a value without copying it.
struct Borrowed<'a>(ValueRef<'a>);

impl ToSql for Borrowed<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_types_nor_borders_of_values_can_be_exchanged() {
        let hash = |values: &[ValueRef<'_>]| content(&VAULT, values.iter().copied());
        let all = [
            hash(&[ValueRef::Text(b"ab"), ValueRef::Text(b"c")]),
            hash(&[ValueRef::Text(b"a"), ValueRef::Text(b"bc")]),
            hash(&[ValueRef::Text(b"abc")]),
            hash(&[ValueRef::Blob(b"abc")]),
            hash(&[ValueRef::Null]),
            hash(&[ValueRef::Text(b"")]),
            hash(&[ValueRef::Integer(1)]),
            hash(&[ValueRef::Real(1.0)]),
            content(&TRACE, [ValueRef::Null].into_iter()),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(one), "{at}");
        }
    }
}
