-- +goose Up
-- Orders on their way into the systems that take them. Times are UTC microseconds, 0 = never.
CREATE TABLE sales_order (
    id             BLOB PRIMARY KEY,
    key            TEXT NOT NULL UNIQUE, -- the requester's: one key is one order for ever
    connection     TEXT NOT NULL,
    requester      TEXT NOT NULL,
    hash           TEXT NOT NULL,        -- of the content
    payload        TEXT NOT NULL,        -- the order as JSON
    customer       TEXT NOT NULL,        -- its customer's code in the system that takes it
    state          TEXT NOT NULL,
    external_id    TEXT NOT NULL,        -- in that system, '' before
    number         TEXT NOT NULL,
    step           TEXT NOT NULL,
    problem        TEXT NOT NULL,
    attempts       INTEGER NOT NULL,
    begun_at       INTEGER NOT NULL,     -- when the last call that may have done something began
    next_at        INTEGER NOT NULL,     -- when it is the order's turn again
    entity_version INTEGER NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX sales_order_due ON sales_order (connection, next_at) WHERE state IN ('accepted', 'sending', 'unknown');
CREATE INDEX sales_order_recent ON sales_order (created_at, id);

-- +goose Down
DROP TABLE sales_order;
