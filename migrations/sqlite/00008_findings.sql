-- +goose Up
-- What the rules on the flow found. Derived: made again from the flow, the register and captured events.
CREATE TABLE finding (
    id         BLOB PRIMARY KEY, -- follows from the rule and what it concerns
    scope      TEXT NOT NULL,    -- what is checked as one: product/<number>, code/<key>
    rule       TEXT NOT NULL,
    severity   INTEGER NOT NULL, -- 0 = the gravest
    product    TEXT NOT NULL,
    lot        TEXT NOT NULL,
    parties    TEXT NOT NULL,    -- golden ids, as |A|B|
    settled    INTEGER NOT NULL, -- a person settled it on the evidence that it has
    evidence   TEXT NOT NULL,    -- digest of the facts
    last_date  TEXT,
    payload    TEXT NOT NULL,    -- JSON
    first_seen INTEGER NOT NULL,
    changed_at INTEGER NOT NULL   -- when the evidence became what it is
) STRICT;
CREATE INDEX finding_scope ON finding (scope);
CREATE INDEX finding_open ON finding (settled, severity, last_date);

-- What persons said about findings: primary data. It holds while the evidence is the same.
CREATE TABLE finding_settlement (
    finding_id BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    evidence   TEXT NOT NULL,
    verdict    TEXT NOT NULL, -- confirmed, explained, mistake; reopened
    reason     TEXT NOT NULL,
    actor      TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (finding_id, seq)
) STRICT;

-- Scopes that wait to be checked. generation as in dirty_flow.
CREATE TABLE finding_due (
    scope      TEXT PRIMARY KEY,
    generation INTEGER NOT NULL
) STRICT;
INSERT INTO finding_due (scope, generation) SELECT 'product/' || id, 1 FROM product;
INSERT INTO finding_due (scope, generation) VALUES ('codes', 1);

-- Rows that are doubtful by themselves: a stock below zero, a lot that went through a number cell.
CREATE INDEX flow_line_doubt ON flow_line (product_mention) WHERE quantity < 0 OR lot_doubt <> '';

-- By which captured events name a place.
ALTER TABLE golden ADD COLUMN gln TEXT NOT NULL DEFAULT '';
CREATE INDEX golden_gln ON golden (gln) WHERE gln <> '';

-- +goose Down
DROP INDEX golden_gln;
ALTER TABLE golden DROP COLUMN gln;
DROP INDEX flow_line_doubt;
DROP TABLE finding_due;
DROP TABLE finding_settlement;
DROP TABLE finding;
