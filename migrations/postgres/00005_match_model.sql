-- +goose Up
-- The models of the customer master that were ever in use, whole: so every stored version can be read, and gone back to.
CREATE TABLE match_model (
    version    text PRIMARY KEY,  -- name and hash of the content
    body       text NOT NULL,     -- the model file
    applied_at bigint NOT NULL,   -- last; 0 = it was in use before models were applied
    applied_by text NOT NULL,
    reason     text NOT NULL
);

-- +goose Down
DROP TABLE match_model;
