-- +goose Up
-- What senders posted, from the answer to the sender until it is read and acknowledged. Bodies are sealed.
CREATE TABLE inbox (
    id          uuid NOT NULL,
    connection  text NOT NULL,
    stream      text NOT NULL,
    number      bigint NOT NULL,  -- order of reading, given by the reader; 0 = not yet
    received_at bigint NOT NULL,
    media_type  text NOT NULL,
    split       boolean NOT NULL, -- the stream's rows are only some of the body's
    body        bytea NOT NULL,
    PRIMARY KEY (id, stream)
);
CREATE INDEX inbox_order ON inbox (connection, stream, number);

-- The last number given to deliveries of a stream. Its row is locked while numbers are given.
CREATE TABLE inbox_stream (
    connection text NOT NULL,
    stream     text NOT NULL,
    numbered   bigint NOT NULL,
    PRIMARY KEY (connection, stream)
);

-- What deliveries are known by: ids and hashes of what was signed.
CREATE TABLE inbox_mark (
    connection text NOT NULL,
    mark       bytea NOT NULL,
    seen_at    bigint NOT NULL,
    PRIMARY KEY (connection, mark)
);
CREATE INDEX inbox_mark_age ON inbox_mark (connection, seen_at);

-- +goose Down
DROP TABLE inbox_mark;
DROP TABLE inbox_stream;
DROP TABLE inbox;
