-- +goose Up
-- The models of the customer master that were ever in use, whole: so every stored version can be read, and gone back to.
CREATE TABLE match_model (
    version    TEXT PRIMARY KEY,  -- name and hash of the content
    body       TEXT NOT NULL,     -- the model file
    applied_at INTEGER NOT NULL,  -- last; 0 = it was in use before models were applied
    applied_by TEXT NOT NULL,
    reason     TEXT NOT NULL
) STRICT;

-- +goose Down
DROP TABLE match_model;
