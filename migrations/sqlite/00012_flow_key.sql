-- +goose Up
-- Which line a row of a pulled ledger became, for sources that tell deletes by the keys they still have.
CREATE TABLE flow_key (
    source     TEXT NOT NULL,
    stream     TEXT NOT NULL,
    source_key TEXT NOT NULL,
    row_id     BLOB NOT NULL,
    PRIMARY KEY (source, stream, source_key)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE flow_key;
