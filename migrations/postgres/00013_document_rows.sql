-- +goose Up
-- What the rows of a document at its source became: a bill that comes again, or is deleted, takes back what is no longer in it.

CREATE TABLE document_row (
    source   TEXT NOT NULL,
    stream   TEXT NOT NULL,
    document TEXT NOT NULL, -- as the source names it
    ref      TEXT NOT NULL, -- flow line, or event
    PRIMARY KEY (source, stream, document, ref)
);

-- +goose Down
DROP TABLE document_row;
