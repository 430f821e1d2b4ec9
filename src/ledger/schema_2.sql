-- What was said of recipients and copies after they were entered: the second version of the schema, entered over the first when the
-- first such thing is said. `entry` is made again, as its list of kinds is a constraint, and holds what it held: the chain does not
-- depend on how the tables are made.

DROP TRIGGER entry_is_never_changed;
DROP TRIGGER entry_is_never_removed;
ALTER TABLE entry RENAME TO entry_before;

-- The chain: one entry for every row of the other tables, in the order of writing.
CREATE TABLE entry (
    seq     INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,                  -- the row's table
    ord     INTEGER NOT NULL,               -- the row's number in it
    subject TEXT NOT NULL,                  -- what the row is about, for people
    content BLOB NOT NULL,                  -- SHA-256 over all its columns
    chain   BLOB NOT NULL,                  -- HMAC over the chain before and this entry
    CONSTRAINT seq_counts_from_1 CHECK (seq >= 1),
    CONSTRAINT kind_is_known
        CHECK (kind IN ('vault', 'register', 'recipient', 'source_table', 'records', 'export', 'issued', 'trace', 'event')),
    CONSTRAINT hashes_are_32_bytes CHECK (length(content) = 32 AND length(chain) = 32),
    CONSTRAINT one_entry_a_row UNIQUE (kind, ord)
) STRICT;

INSERT INTO entry (seq, kind, ord, subject, content, chain)
    SELECT seq, kind, ord, subject, content, chain FROM entry_before ORDER BY seq;
DROP TABLE entry_before;

-- What was said: a recipient goes by another name, or is a part of another now; a copy was withdrawn, or destroyed.
CREATE TABLE event (
    ord       INTEGER PRIMARY KEY,
    kind      TEXT NOT NULL,
    at        TEXT NOT NULL,
    recipient BLOB REFERENCES recipient (id), -- renamed or merged: who
    part_of   BLOB REFERENCES recipient (id), -- merged: into whom
    name      TEXT,                           -- renamed: the name from now on
    export    TEXT REFERENCES export (id),    -- withdrawn or destroyed: which copy
    note      TEXT,                           -- in the officer's words
    CONSTRAINT event_ord_counts_from_1 CHECK (ord >= 1),
    CONSTRAINT event_is_whole CHECK (
        (kind = 'renamed' AND recipient IS NOT NULL AND part_of IS NULL AND name <> '' AND export IS NULL)
        OR (kind = 'merged' AND recipient IS NOT NULL AND part_of IS NOT NULL AND part_of <> recipient AND name IS NULL
            AND export IS NULL)
        OR (kind IN ('withdrawn', 'destroyed') AND recipient IS NULL AND part_of IS NULL AND name IS NULL AND export IS NOT NULL))
) STRICT;

CREATE TRIGGER entry_is_never_changed BEFORE UPDATE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER entry_is_never_removed BEFORE DELETE ON entry BEGIN SELECT RAISE(ABORT, 'entry is append-only'); END;
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;
CREATE TRIGGER event_is_never_removed BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'event is append-only'); END;

PRAGMA user_version = 2;
