-- +goose Up
-- Decisions made together, by one file: undone and confirmed as one.
ALTER TABLE decision ADD COLUMN batch_id BLOB;
CREATE INDEX decision_batch ON decision (batch_id) WHERE batch_id IS NOT NULL;

-- +goose Down
DROP INDEX decision_batch;
ALTER TABLE decision DROP COLUMN batch_id;
