-- +goose Up
-- What senders posted, from the answer to the sender until it is read and acknowledged. Bodies are sealed.
CREATE TABLE inbox (
    id          BLOB NOT NULL,
    connection  TEXT NOT NULL,
    stream      TEXT NOT NULL,
    number      INTEGER NOT NULL,  -- order of reading, given by the reader; 0 = not yet
    received_at INTEGER NOT NULL,
    media_type  TEXT NOT NULL,
    split       INTEGER NOT NULL, -- the stream's rows are only some of the body's
    body        BLOB NOT NULL,
    PRIMARY KEY (id, stream)
) STRICT;
CREATE INDEX inbox_order ON inbox (connection, stream, number);

-- The last number given to deliveries of a stream. Its row is locked while numbers are given.
CREATE TABLE inbox_stream (
    connection TEXT NOT NULL,
    stream     TEXT NOT NULL,
    numbered   INTEGER NOT NULL,
    PRIMARY KEY (connection, stream)
) STRICT;

-- What deliveries are known by: ids and hashes of what was signed.
CREATE TABLE inbox_mark (
    connection TEXT NOT NULL,
    mark       BLOB NOT NULL,
    seen_at    INTEGER NOT NULL,
    PRIMARY KEY (connection, mark)
) STRICT;
CREATE INDEX inbox_mark_age ON inbox_mark (connection, seen_at);

-- +goose Down
DROP TABLE inbox_mark;
DROP TABLE inbox_stream;
DROP TABLE inbox;
