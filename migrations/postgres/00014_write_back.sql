-- +goose Up
-- What is written back into the systems that records came from. Times are UTC microseconds.
CREATE TABLE write_target (
    connection text NOT NULL,
    kind       text NOT NULL, -- golden_id, complaint; the row '' is locked by whoever changes the others
    PRIMARY KEY (connection, kind)
);
INSERT INTO write_target (connection, kind) VALUES ('', '');
CREATE TABLE write_back (
    connection text NOT NULL,
    kind       text NOT NULL,
    source_id  text NOT NULL,
    wanted     bigint NOT NULL, -- rises with every change of what should stand there
    state      text NOT NULL,   -- waiting, written, halted
    written    text NOT NULL,   -- fingerprint of what was written last
    attempts   bigint NOT NULL, -- that failed since the last change
    next_at    bigint NOT NULL, -- when it is the record's turn
    problem    text NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (connection, kind, source_id)
);
CREATE INDEX write_back_due ON write_back (connection, next_at) WHERE state = 'waiting';
CREATE INDEX write_back_halted ON write_back (connection, source_id) WHERE state = 'halted';

-- +goose Down
DROP TABLE write_back;
DROP TABLE write_target;
