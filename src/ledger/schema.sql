-- The ledger of a vault: who got which copy of what, and what reading a leak needs. `PRAGMA user_version` holds the version of
-- this schema, `PRAGMA application_id` says that a file is a taggant ledger ("tagg").
--
-- Every table but `head` is append-only: triggers refuse UPDATE and DELETE, and each row has one `entry` that holds the SHA-256 of
-- all its columns and is chained to the entry before under the vault's key. `ord` counts a table's rows from 1. Blobs stand last in
-- a row, so that listing rows never reads them. Times are RFC 3339 in UTC. Blobs of numbers are little-endian and begin with
-- the version of their layout. What a person could read is sealed or digested before it comes here, except names of recipients
-- and registers, file names, labels and purposes.

-- The vault itself: one row.
CREATE TABLE vault (
    ord       INTEGER PRIMARY KEY,
    id        BLOB NOT NULL,                -- random; tells one vault from another
    key_check BLOB NOT NULL,                -- tells the right master key from a wrong one
    created   TEXT NOT NULL,
    CONSTRAINT one_vault_a_ledger CHECK (ord = 1),
    CONSTRAINT vault_id_is_16_bytes CHECK (length(id) = 16),
    CONSTRAINT key_check_is_8_bytes CHECK (length(key_check) = 8)
) STRICT;

-- A lineage of source tables under one frozen policy.
CREATE TABLE register (
    ord           INTEGER PRIMARY KEY,
    name          TEXT NOT NULL UNIQUE,
    parent_export TEXT REFERENCES export (id), -- the issued copy that this register was made from, if it was
    created       TEXT NOT NULL,
    layout        BLOB NOT NULL,            -- what a record is made of; see records.rs
    policy        BLOB NOT NULL,            -- TOML, sealed: it may name telephone numbers
    CONSTRAINT register_ord_counts_from_1 CHECK (ord >= 1),
    CONSTRAINT register_has_a_name CHECK (name <> '')
) STRICT;

-- Everybody who ever was to get a copy. Their number enters the bound on accusing an innocent, so none ever leaves.
CREATE TABLE recipient (
    ord     INTEGER PRIMARY KEY,
    id      BLOB NOT NULL UNIQUE,           -- random; the recipient's codeword and canaries follow from it
    name    TEXT NOT NULL UNIQUE,           -- a label, in its exact text
    created TEXT NOT NULL,
    CONSTRAINT recipient_ord_counts_from_1 CHECK (ord >= 1),
    CONSTRAINT recipient_id_is_16_bytes CHECK (length(id) = 16),
    CONSTRAINT recipient_has_a_name CHECK (name <> '')
) STRICT;

-- One source table of a register.
CREATE TABLE source_table (
    ord           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,     -- t- and eight letters or digits
    register      INTEGER NOT NULL REFERENCES register (ord),
    label         TEXT NOT NULL,            -- the stem of the officer's file name
    source_digest BLOB NOT NULL,            -- keyed digest of the file's SHA-256
    rows          INTEGER NOT NULL,
    first_ordinal INTEGER NOT NULL,         -- how many records the register had before
    new_records   INTEGER NOT NULL,         -- how many came with this table
    created       TEXT NOT NULL,
    membership    BLOB NOT NULL,            -- the record of every row, in the order of rows
    CONSTRAINT table_ord_counts_from_1 CHECK (ord >= 1),
    CONSTRAINT table_id_is_short CHECK (length(id) = 10 AND substr(id, 1, 2) = 't-'),
    CONSTRAINT source_digest_is_32_bytes CHECK (length(source_digest) = 32),
    CONSTRAINT table_counts_are_not_negative CHECK (rows >= 0 AND first_ordinal >= 0 AND new_records >= 0)
) STRICT;

CREATE INDEX source_table_by_register ON source_table (register, ord);

-- The digests of a table's new records, some ten thousands a row.
CREATE TABLE records (
    ord           INTEGER PRIMARY KEY,
    source_table  TEXT NOT NULL REFERENCES source_table (id),
    first_ordinal INTEGER NOT NULL,         -- register-wide number of the first record here
    count         INTEGER NOT NULL,
    body          BLOB NOT NULL,
    CONSTRAINT records_ord_counts_from_1 CHECK (ord >= 1),
    CONSTRAINT records_are_not_empty CHECK (first_ordinal >= 0 AND count >= 1),
    CONSTRAINT records_come_once UNIQUE (source_table, first_ordinal)
) STRICT;

-- One copy that was made. It stands here before the copy can be seen anywhere.
CREATE TABLE export (
    ord           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,     -- x- and eight letters or digits
    source_table  TEXT NOT NULL REFERENCES source_table (id),
    recipient     BLOB NOT NULL REFERENCES recipient (id),
    parent        TEXT REFERENCES export (id), -- the issued copy that this one was derived from, if it was
    created       TEXT NOT NULL,
    file_name     TEXT NOT NULL,
    sha256        BLOB NOT NULL,            -- of the copy
    rows          INTEGER NOT NULL,
    canaries      INTEGER NOT NULL,
    cells_altered INTEGER NOT NULL,
    sites         INTEGER NOT NULL,
    purpose       TEXT,
    sealed        BLOB,                     -- the canaries that this copy brought first, sealed; none where it brought none
    canary_index  BLOB NOT NULL,            -- donors, and digests of all its canaries
    CONSTRAINT export_ord_counts_from_1 CHECK (ord >= 1),
    CONSTRAINT export_id_is_short CHECK (length(id) = 10 AND substr(id, 1, 2) = 'x-'),
    CONSTRAINT sha256_is_32_bytes CHECK (length(sha256) = 32),
    CONSTRAINT file_name_is_no_path CHECK (file_name <> '' AND instr(file_name, '/') = 0),
    CONSTRAINT export_counts_are_not_negative CHECK (rows >= 0 AND canaries >= 0 AND cells_altered >= 0 AND sites >= 0)
) STRICT;

CREATE INDEX export_by_recipient ON export (recipient, ord);

-- Copies that reached their place. An export without a row here may have: its process was stopped in between.
CREATE TABLE issued (
    ord    INTEGER PRIMARY KEY,
    export TEXT NOT NULL UNIQUE REFERENCES export (id),
    at     TEXT NOT NULL,
    CONSTRAINT issued_ord_counts_from_1 CHECK (ord >= 1)
) STRICT;

-- Traces made with this vault: each spends its alpha.
CREATE TABLE trace (
    ord               INTEGER PRIMARY KEY,
    created           TEXT NOT NULL,
    recipients_scored INTEGER NOT NULL,
    alpha             REAL NOT NULL,
    verdict           TEXT NOT NULL,
    CONSTRAINT trace_ord_counts_from_1 CHECK (ord >= 1),
    CONSTRAINT recipients_scored_is_not_negative CHECK (recipients_scored >= 0),
    CONSTRAINT alpha_is_a_chance CHECK (alpha > 0 AND alpha <= 1)
) STRICT;

-- The chain: one entry for every row above, in the order of writing.
CREATE TABLE entry (
    seq     INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,                  -- the row's table
    ord     INTEGER NOT NULL,               -- the row's number in it
    subject TEXT NOT NULL,                  -- what the row is about, for people
    content BLOB NOT NULL,                  -- SHA-256 over all its columns
    chain   BLOB NOT NULL,                  -- HMAC over the chain before and this entry
    CONSTRAINT seq_counts_from_1 CHECK (seq >= 1),
    CONSTRAINT kind_is_known
        CHECK (kind IN ('vault', 'register', 'recipient', 'source_table', 'records', 'export', 'issued', 'trace')),
    CONSTRAINT hashes_are_32_bytes CHECK (length(content) = 32 AND length(chain) = 32),
    CONSTRAINT one_entry_a_row UNIQUE (kind, ord)
) STRICT;

-- Where the chain ends, under the key, so that cutting off the last entries shows. The one row that changes, and it only grows.
CREATE TABLE head (
    ord     INTEGER PRIMARY KEY,
    entries INTEGER NOT NULL,
    mac     BLOB NOT NULL,                  -- HMAC over the number of entries and the last link
    CONSTRAINT one_head CHECK (ord = 1),
    CONSTRAINT entries_are_not_negative CHECK (entries >= 0),
    CONSTRAINT mac_is_32_bytes CHECK (length(mac) = 32)
) STRICT;

CREATE TRIGGER vault_is_never_changed BEFORE UPDATE ON vault BEGIN SELECT RAISE(ABORT, 'vault is append-only'); END;
CREATE TRIGGER vault_is_never_removed BEFORE DELETE ON vault BEGIN SELECT RAISE(ABORT, 'vault is append-only'); END;
CREATE TRIGGER register_is_never_changed BEFORE UPDATE ON register BEGIN SELECT RAISE(ABORT, 'register is append-only'); END;
CREATE TRIGGER register_is_never_removed BEFORE DELETE ON register BEGIN SELECT RAISE(ABORT, 'register is append-only'); END;
CREATE TRIGGER recipient_is_never_changed BEFORE UPDATE ON recipient BEGIN SELECT RAISE(ABORT, 'recipient is append-only'); END;
CREATE TRIGGER recipient_is_never_removed BEFORE DELETE ON recipient BEGIN SELECT RAISE(ABORT, 'recipient is append-only'); END;
CREATE TRIGGER source_table_is_never_changed BEFORE UPDATE ON source_table BEGIN SELECT RAISE(ABORT, 'source_table is append-only'); END;
CREATE TRIGGER source_table_is_never_removed BEFORE DELETE ON source_table BEGIN SELECT RAISE(ABORT, 'source_table is append-only'); END;
CREATE TRIGGER records_is_never_changed BEFORE UPDATE ON records BEGIN SELECT RAISE(ABORT, 'records is append-only'); END;
CREATE TRIGGER records_is_never_removed BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'records is append-only'); END;
CREATE TRIGGER export_is_never_changed BEFORE UPDATE ON export BEGIN SELECT RAISE(ABORT, 'export is append-only'); END;
CREATE TRIGGER export_is_never_removed BEFORE DELETE ON export BEGIN SELECT RAISE(ABORT, 'export is append-only'); END;
CREATE TRIGGER issued_is_never_changed BEFORE UPDATE ON issued BEGIN SELECT RAISE(ABORT, 'issued is append-only'); END;
CREATE TRIGGER issued_is_never_removed BEFORE DELETE ON issued BEGIN SELECT RAISE(ABORT, 'issued is append-only'); END;
CREATE TRIGGER trace_is_never_changed BEFORE UPDATE ON trace BEGIN SELECT RAISE(ABORT, 'trace is append-only'); END;
CREATE TRIGGER trace_is_never_removed BEFORE DELETE ON trace BEGIN SELECT RAISE(ABORT, 'trace is append-only'); END;
CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER head_only_grows BEFORE UPDATE ON head WHEN NEW.entries <= OLD.entries BEGIN SELECT RAISE(ABORT, 'head only grows'); END;
CREATE TRIGGER head_is_never_removed BEFORE DELETE ON head BEGIN SELECT RAISE(ABORT, 'head only grows'); END;
