-- +goose Up
-- The members of a part of a common key lie together: a search and a resolve read that part only.

ALTER TABLE block_key DROP CONSTRAINT block_key_pkey;
ALTER TABLE block_key ADD PRIMARY KEY (key, second, record_id);

-- +goose Down
ALTER TABLE block_key DROP CONSTRAINT block_key_pkey;
ALTER TABLE block_key ADD PRIMARY KEY (key, record_id);
