-- +goose Up
-- What stewards and requesters put in: primary data. Times are UTC microseconds, 0 = none.

CREATE TABLE decision (
    id           uuid PRIMARY KEY,
    verb         text NOT NULL,    -- same, different, merge, split, erase
    request      text NOT NULL,    -- JSON: what was asked for, by golden ids and keys of records
    state        text NOT NULL,    -- pending (a second person has to confirm), done, undone
    actor        text NOT NULL,
    reason       text NOT NULL,
    created_at   bigint NOT NULL,
    expires_at   bigint NOT NULL,
    confirmed_by text NOT NULL,
    confirmed_at bigint NOT NULL,
    undone_by    text NOT NULL,
    undone_at    bigint NOT NULL,
    undo_reason  text NOT NULL
);
CREATE INDEX decision_made ON decision (created_at, id);

ALTER TABLE judgement ADD COLUMN decision_id uuid;
ALTER TABLE judgement ADD COLUMN lapsed boolean NOT NULL DEFAULT FALSE; -- the resolver knows that it has expired
CREATE INDEX judgement_a ON judgement (a_source, a_id);
CREATE INDEX judgement_b ON judgement (b_source, b_id);
CREATE INDEX judgement_decision ON judgement (decision_id);
CREATE INDEX judgement_expiry ON judgement (expires_at) WHERE lapsed = FALSE AND expires_at IS NOT NULL;

ALTER TABLE review_item ADD COLUMN assignee text NOT NULL DEFAULT '';
ALTER TABLE review_item ADD COLUMN later_until bigint NOT NULL DEFAULT 0; -- put off until then

-- A value that a steward sets (mode set) or adds to a list (mode add). It belongs to the customer that holds the first
-- living one of its anchors.
CREATE TABLE attribute_override (
    id         uuid PRIMARY KEY,
    attribute  text NOT NULL,
    mode       text NOT NULL,
    personal   boolean NOT NULL,
    value      bytea NOT NULL,       -- customer JSON with this attribute only; sealed under the key of the first anchor when personal
    actor      text NOT NULL,
    reason     text NOT NULL,
    created_at bigint NOT NULL,
    expires_at bigint NOT NULL,
    ended_by   text NOT NULL,
    ended_at   bigint NOT NULL,    -- removed, or expired and known to the resolver
    end_reason text NOT NULL
);
CREATE INDEX attribute_override_expiry ON attribute_override (expires_at) WHERE ended_at = 0 AND expires_at > 0;

CREATE TABLE override_anchor (
    override_id uuid NOT NULL,
    place       integer NOT NULL,
    source      text NOT NULL,
    source_id   text NOT NULL,
    PRIMARY KEY (override_id, place)
);
CREATE INDEX override_anchor_record ON override_anchor (source, source_id);

CREATE TABLE change_request (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL,    -- add, change, merge
    state      text NOT NULL,    -- draft, submitted, matched, accepted, partly_accepted, rejected
    requester  text NOT NULL,
    reference  text NOT NULL,    -- the requester's own number
    personal   boolean NOT NULL,
    payload    bytea NOT NULL,    -- JSON: what is asked for; sealed when personal
    matches    text NOT NULL,    -- JSON: golden ids found on submission, with probabilities
    answer     text NOT NULL,    -- JSON: golden ids and what became of each field
    reason     text NOT NULL,    -- of the decision
    decided_by text NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL
);
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
