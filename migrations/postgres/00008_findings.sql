-- +goose Up
-- What the rules on the flow found. Derived: made again from the flow, the register and captured events.
CREATE TABLE finding (
    id         uuid PRIMARY KEY, -- follows from the rule and what it concerns
    scope      text NOT NULL,    -- what is checked as one: product/<number>, code/<key>
    rule       text NOT NULL,
    severity   smallint NOT NULL, -- 0 = the gravest
    product    text NOT NULL,
    lot        text NOT NULL,
    parties    text NOT NULL,    -- golden ids, as |A|B|
    settled    boolean NOT NULL, -- a person settled it on the evidence that it has
    evidence   text NOT NULL,    -- digest of the facts
    last_date  date,
    payload    text NOT NULL,    -- JSON
    first_seen bigint NOT NULL,
    changed_at bigint NOT NULL   -- when the evidence became what it is
);
CREATE INDEX finding_scope ON finding (scope);
CREATE INDEX finding_open ON finding (settled, severity, last_date);

-- What persons said about findings: primary data. It holds while the evidence is the same.
CREATE TABLE finding_settlement (
    finding_id uuid NOT NULL,
    seq        bigint NOT NULL,
    evidence   text NOT NULL,
    verdict    text NOT NULL, -- confirmed, explained, mistake; reopened
    reason     text NOT NULL,
    actor      text NOT NULL,
    at         bigint NOT NULL,
    PRIMARY KEY (finding_id, seq)
);

-- Scopes that wait to be checked. generation as in dirty_flow.
CREATE TABLE finding_due (
    scope      text PRIMARY KEY,
    generation bigint NOT NULL
);
INSERT INTO finding_due (scope, generation) SELECT 'product/' || id, 1 FROM product;
INSERT INTO finding_due (scope, generation) VALUES ('codes', 1);

-- Rows that are doubtful by themselves: a stock below zero, a lot that went through a number cell.
CREATE INDEX flow_line_doubt ON flow_line (product_mention) WHERE quantity < 0 OR lot_doubt <> '';

-- By which captured events name a place.
ALTER TABLE golden ADD COLUMN gln text NOT NULL DEFAULT '';
CREATE INDEX golden_gln ON golden (gln) WHERE gln <> '';

-- +goose Down
DROP INDEX golden_gln;
ALTER TABLE golden DROP COLUMN gln;
DROP INDEX flow_line_doubt;
DROP TABLE finding_due;
DROP TABLE finding_settlement;
DROP TABLE finding;
