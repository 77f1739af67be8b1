-- +goose Up
-- Events that others captured, as they were sent: primary data. Times are UTC microseconds, 0 = none.

CREATE TABLE epcis_event (
    id           TEXT PRIMARY KEY,  -- as sent, else derived from the content
    hash         TEXT NOT NULL,     -- of the content
    type         TEXT NOT NULL,
    action       TEXT NOT NULL,
    event_time   INTEGER NOT NULL,
    zone         TEXT NOT NULL,     -- offset of the place where it happened
    biz_step     TEXT NOT NULL,
    disposition  TEXT NOT NULL,
    read_point   TEXT NOT NULL,
    biz_location TEXT NOT NULL,
    lot          TEXT NOT NULL,     -- of its master data
    exp_date     TEXT,
    parties      TEXT NOT NULL,     -- JSON: from and to whom
    body         BLOB NOT NULL,    -- the event, with the context that it needs to stand alone
    captured_at  INTEGER NOT NULL,
    captured_by  TEXT NOT NULL,
    wrong_at     INTEGER NOT NULL,     -- when it was declared wrong
    wrong_reason TEXT NOT NULL,
    corrected_by TEXT NOT NULL      -- JSON list of the ids that stand in its place
) STRICT;

-- What takes part in an event, by the key by which codes compare.
CREATE TABLE epcis_item (
    event_id TEXT NOT NULL,
    seq      INTEGER NOT NULL,
    role     TEXT NOT NULL, -- epc, parent, child, input, output
    key      TEXT NOT NULL,
    uri      TEXT NOT NULL, -- '' when equal to key
    class    INTEGER NOT NULL,
    quantity TEXT NOT NULL, -- decimal; '' = not told
    unit     TEXT NOT NULL,
    PRIMARY KEY (event_id, seq)
) STRICT;
CREATE INDEX epcis_item_ref ON epcis_item (key);

-- +goose Down
DROP TABLE epcis_item;
DROP TABLE epcis_event;
