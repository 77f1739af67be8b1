-- +goose Up
-- Orders on their way into the systems that take them. Times are UTC microseconds, 0 = never.
CREATE TABLE sales_order (
    id             uuid PRIMARY KEY,
    key            text NOT NULL UNIQUE, -- the requester's: one key is one order for ever
    connection     text NOT NULL,
    requester      text NOT NULL,
    hash           text NOT NULL,        -- of the content
    payload        text NOT NULL,        -- the order as JSON
    customer       text NOT NULL,        -- its customer's code in the system that takes it
    state          text NOT NULL,
    external_id    text NOT NULL,        -- in that system, '' before
    number         text NOT NULL,
    step           text NOT NULL,
    problem        text NOT NULL,
    attempts       bigint NOT NULL,
    begun_at       bigint NOT NULL,     -- when the last call that may have done something began
    next_at        bigint NOT NULL,     -- when it is the order's turn again
    entity_version bigint NOT NULL,
    created_at     bigint NOT NULL,
    updated_at     bigint NOT NULL
);
CREATE INDEX sales_order_due ON sales_order (connection, next_at) WHERE state IN ('accepted', 'sending', 'unknown');
CREATE INDEX sales_order_recent ON sales_order (created_at, id);

-- +goose Down
DROP TABLE sales_order;
