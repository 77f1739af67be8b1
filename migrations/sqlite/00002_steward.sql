-- +goose Up
-- What stewards and requesters put in: primary data. Times are UTC microseconds, 0 = none.

CREATE TABLE decision (
    id           BLOB PRIMARY KEY,
    verb         TEXT NOT NULL,    -- same, different, merge, split, erase
    request      TEXT NOT NULL,    -- JSON: what was asked for, by golden ids and keys of records
    state        TEXT NOT NULL,    -- pending (a second person has to confirm), done, undone
    actor        TEXT NOT NULL,
    reason       TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    confirmed_by TEXT NOT NULL,
    confirmed_at INTEGER NOT NULL,
    undone_by    TEXT NOT NULL,
    undone_at    INTEGER NOT NULL,
    undo_reason  TEXT NOT NULL
) STRICT;
CREATE INDEX decision_made ON decision (created_at, id);

ALTER TABLE judgement ADD COLUMN decision_id BLOB;
ALTER TABLE judgement ADD COLUMN lapsed INTEGER NOT NULL DEFAULT 0; -- the resolver knows that it has expired
CREATE INDEX judgement_a ON judgement (a_source, a_id);
CREATE INDEX judgement_b ON judgement (b_source, b_id);
CREATE INDEX judgement_decision ON judgement (decision_id);
CREATE INDEX judgement_expiry ON judgement (expires_at) WHERE lapsed = FALSE AND expires_at IS NOT NULL;

ALTER TABLE review_item ADD COLUMN assignee TEXT NOT NULL DEFAULT '';
ALTER TABLE review_item ADD COLUMN later_until INTEGER NOT NULL DEFAULT 0; -- put off until then

-- A value that a steward sets (mode set) or adds to a list (mode add). It belongs to the customer that holds the first
-- living one of its anchors.
CREATE TABLE attribute_override (
    id         BLOB PRIMARY KEY,
    attribute  TEXT NOT NULL,
    mode       TEXT NOT NULL,
    personal   INTEGER NOT NULL,
    value      BLOB NOT NULL,       -- customer JSON with this attribute only; sealed under the key of the first anchor when personal
    actor      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_by   TEXT NOT NULL,
    ended_at   INTEGER NOT NULL,    -- removed, or expired and known to the resolver
    end_reason TEXT NOT NULL
) STRICT;
CREATE INDEX attribute_override_expiry ON attribute_override (expires_at) WHERE ended_at = 0 AND expires_at > 0;

CREATE TABLE override_anchor (
    override_id BLOB NOT NULL,
    place       INTEGER NOT NULL,
    source      TEXT NOT NULL,
    source_id   TEXT NOT NULL,
    PRIMARY KEY (override_id, place)
) STRICT;
CREATE INDEX override_anchor_record ON override_anchor (source, source_id);

CREATE TABLE change_request (
    id         BLOB PRIMARY KEY,
    kind       TEXT NOT NULL,    -- add, change, merge
    state      TEXT NOT NULL,    -- draft, submitted, matched, accepted, partly_accepted, rejected
    requester  TEXT NOT NULL,
    reference  TEXT NOT NULL,    -- the requester's own number
    personal   INTEGER NOT NULL,
    payload    BLOB NOT NULL,    -- JSON: what is asked for; sealed when personal
    matches    TEXT NOT NULL,    -- JSON: golden ids found on submission, with probabilities
    answer     TEXT NOT NULL,    -- JSON: golden ids and what became of each field
    reason     TEXT NOT NULL,    -- of the decision
    decided_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX change_request_state ON change_request (state, created_at);

-- +goose Down
DROP TABLE change_request;
DROP TABLE override_anchor;
DROP TABLE attribute_override;
ALTER TABLE review_item DROP COLUMN later_until;
ALTER TABLE review_item DROP COLUMN assignee;
DROP INDEX judgement_expiry;
DROP INDEX judgement_decision;
DROP INDEX judgement_b;
DROP INDEX judgement_a;
ALTER TABLE judgement DROP COLUMN lapsed;
ALTER TABLE judgement DROP COLUMN decision_id;
DROP TABLE decision;
