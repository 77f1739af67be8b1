-- +goose Up
-- Which line a row of a pulled ledger became, for sources that tell deletes by the keys they still have.
CREATE TABLE flow_key (
    source     text NOT NULL,
    stream     text NOT NULL,
    source_key text NOT NULL,
    row_id     uuid NOT NULL,
    PRIMARY KEY (source, stream, source_key)
);

-- +goose Down
DROP TABLE flow_key;
