-- +goose Up
-- Who writes to the audit log, how far, and up to where its rows are chained (rule 6.10).
CREATE TABLE audit_writer (
    writer  TEXT PRIMARY KEY,
    counter INTEGER NOT NULL, -- of its last row
    sealed  INTEGER NOT NULL, -- of its last chained row
    head    BLOB NOT NULL     -- hash of the chain up to there
) STRICT;
CREATE INDEX audit_writer_unsealed ON audit_writer (writer) WHERE sealed < counter;
INSERT INTO audit_writer (writer, counter, sealed, head) SELECT writer, max(counter), 0, x'' FROM audit GROUP BY writer;

-- A signed root: the heads of the writers' chains that grew since the root before.
CREATE TABLE audit_root (
    seq        INTEGER PRIMARY KEY,
    at         INTEGER NOT NULL,
    row_count  INTEGER NOT NULL, -- rows it adds
    body       TEXT NOT NULL,    -- JSON, what is signed
    signature  BLOB NOT NULL
) STRICT;
CREATE INDEX audit_subject ON audit (subject);

-- Quality cases ---------------------------------------------------------------------------------------------------

-- A complaint or a recall. What it holds is JSON; what is looked for has a column.
CREATE TABLE quality_case (
    id             BLOB PRIMARY KEY,
    kind           TEXT NOT NULL,   -- complaint, recall
    number         TEXT NOT NULL UNIQUE,
    source         TEXT NOT NULL,   -- of a complaint that another system sent, else ''
    source_id      TEXT NOT NULL,
    state          TEXT NOT NULL,
    product        TEXT NOT NULL,
    lots           TEXT NOT NULL,   -- as |A|B|
    owner          TEXT NOT NULL,
    due_at         INTEGER,         -- earliest open deadline
    payload        TEXT NOT NULL,
    sealed         BLOB,            -- what is personal, under a data key of its own
    entity_version INTEGER NOT NULL,
    opened_at      INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    closed_at      INTEGER
) STRICT;
CREATE UNIQUE INDEX quality_case_source ON quality_case (source, source_id) WHERE source_id <> '';
CREATE INDEX quality_case_state ON quality_case (kind, state);
CREATE INDEX quality_case_due ON quality_case (due_at);

-- The affected list of a recall: a party and a lot.
CREATE TABLE case_party (
    case_id BLOB NOT NULL,
    party   TEXT NOT NULL,
    lot     TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (case_id, party, lot)
) STRICT;

-- What happened in a case, in order: steps, notices, replies, goods that came back. Never changed.
CREATE TABLE case_entry (
    case_id BLOB NOT NULL,
    seq     INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    party   TEXT NOT NULL, -- '' = about the whole case
    lot     TEXT NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (case_id, seq)
) STRICT;
CREATE INDEX case_entry_party ON case_entry (case_id, party, lot);

-- The last number given to a case, by kind and year.
CREATE TABLE case_number (
    series TEXT PRIMARY KEY,
    last   INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE case_number;
DROP TABLE case_entry;
DROP TABLE case_party;
DROP TABLE quality_case;
DROP INDEX audit_subject;
DROP TABLE audit_root;
DROP TABLE audit_writer;
