-- +goose Up
-- What is written back into the systems that records came from. Times are UTC microseconds.
CREATE TABLE write_target (
    connection TEXT NOT NULL,
    kind       TEXT NOT NULL, -- golden_id, complaint; the row '' is locked by whoever changes the others
    PRIMARY KEY (connection, kind)
) STRICT;
INSERT INTO write_target (connection, kind) VALUES ('', '');
CREATE TABLE write_back (
    connection TEXT NOT NULL,
    kind       TEXT NOT NULL,
    source_id  TEXT NOT NULL,
    wanted     INTEGER NOT NULL, -- rises with every change of what should stand there
    state      TEXT NOT NULL,   -- waiting, written, halted
    written    TEXT NOT NULL,   -- fingerprint of what was written last
    attempts   INTEGER NOT NULL, -- that failed since the last change
    next_at    INTEGER NOT NULL, -- when it is the record's turn
    problem    TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (connection, kind, source_id)
) STRICT;
CREATE INDEX write_back_due ON write_back (connection, next_at) WHERE state = 'waiting';
CREATE INDEX write_back_halted ON write_back (connection, source_id) WHERE state = 'halted';

-- +goose Down
DROP TABLE write_back;
DROP TABLE write_target;
