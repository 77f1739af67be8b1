-- +goose Up
-- The members of a part of a common key lie together: a search and a resolve read that part only.

CREATE TABLE block_part (
    key       INTEGER NOT NULL,
    second    INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    PRIMARY KEY (key, second, record_id)
) STRICT, WITHOUT ROWID;
INSERT INTO block_part (key, second, record_id) SELECT key, second, record_id FROM block_key ORDER BY key, second, record_id;
DROP TABLE block_key;
ALTER TABLE block_part RENAME TO block_key;
CREATE INDEX block_key_record ON block_key (record_id);

-- +goose Down
CREATE TABLE block_part (
    key       INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    second    INTEGER NOT NULL,
    PRIMARY KEY (key, record_id)
) STRICT;
INSERT INTO block_part (key, record_id, second) SELECT key, record_id, second FROM block_key;
DROP TABLE block_key;
ALTER TABLE block_part RENAME TO block_key;
CREATE INDEX block_key_record ON block_key (record_id);
