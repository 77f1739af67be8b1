-- +goose Up
-- Who writes to the audit log, how far, and up to where its rows are chained (rule 6.10).
CREATE TABLE audit_writer (
    writer  text PRIMARY KEY,
    counter bigint NOT NULL, -- of its last row
    sealed  bigint NOT NULL, -- of its last chained row
    head    bytea NOT NULL     -- hash of the chain up to there
);
CREATE INDEX audit_writer_unsealed ON audit_writer (writer) WHERE sealed < counter;
INSERT INTO audit_writer (writer, counter, sealed, head) SELECT writer, max(counter), 0, ''::bytea FROM audit GROUP BY writer;

-- A signed root: the heads of the writers' chains that grew since the root before.
CREATE TABLE audit_root (
    seq        bigint PRIMARY KEY,
    at         bigint NOT NULL,
    row_count  bigint NOT NULL, -- rows it adds
    body       text NOT NULL,    -- JSON, what is signed
    signature  bytea NOT NULL
);
CREATE INDEX audit_subject ON audit (subject);

-- Quality cases ---------------------------------------------------------------------------------------------------

-- A complaint or a recall. What it holds is JSON; what is looked for has a column.
CREATE TABLE quality_case (
    id             uuid PRIMARY KEY,
    kind           text NOT NULL,   -- complaint, recall
    number         text NOT NULL UNIQUE,
    source         text NOT NULL,   -- of a complaint that another system sent, else ''
    source_id      text NOT NULL,
    state          text NOT NULL,
    product        text NOT NULL,
    lots           text NOT NULL,   -- as |A|B|
    owner          text NOT NULL,
    due_at         bigint,         -- earliest open deadline
    payload        text NOT NULL,
    sealed         bytea,            -- what is personal, under a data key of its own
    entity_version bigint NOT NULL,
    opened_at      bigint NOT NULL,
    updated_at     bigint NOT NULL,
    closed_at      bigint
);
CREATE UNIQUE INDEX quality_case_source ON quality_case (source, source_id) WHERE source_id <> '';
CREATE INDEX quality_case_state ON quality_case (kind, state);
CREATE INDEX quality_case_due ON quality_case (due_at);

-- The affected list of a recall: a party and a lot.
CREATE TABLE case_party (
    case_id uuid NOT NULL,
    party   text NOT NULL,
    lot     text NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (case_id, party, lot)
);

-- What happened in a case, in order: steps, notices, replies, goods that came back. Never changed.
CREATE TABLE case_entry (
    case_id uuid NOT NULL,
    seq     bigint NOT NULL,
    kind    text NOT NULL,
    party   text NOT NULL, -- '' = about the whole case
    lot     text NOT NULL,
    at      bigint NOT NULL,
    actor   text NOT NULL,
    payload text NOT NULL,
    PRIMARY KEY (case_id, seq)
);
CREATE INDEX case_entry_party ON case_entry (case_id, party, lot);

-- The last number given to a case, by kind and year.
CREATE TABLE case_number (
    series text PRIMARY KEY,
    last   bigint NOT NULL
);

-- +goose Down
DROP TABLE case_number;
DROP TABLE case_entry;
DROP TABLE case_party;
DROP TABLE quality_case;
DROP INDEX audit_subject;
DROP TABLE audit_root;
DROP TABLE audit_writer;
