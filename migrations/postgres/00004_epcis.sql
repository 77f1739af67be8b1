-- +goose Up
-- Events that others captured, as they were sent: primary data. Times are UTC microseconds, 0 = none.

CREATE TABLE epcis_event (
    id           text PRIMARY KEY,  -- as sent, else derived from the content
    hash         text NOT NULL,     -- of the content
    type         text NOT NULL,
    action       text NOT NULL,
    event_time   bigint NOT NULL,
    zone         text NOT NULL,     -- offset of the place where it happened
    biz_step     text NOT NULL,
    disposition  text NOT NULL,
    read_point   text NOT NULL,
    biz_location text NOT NULL,
    lot          text NOT NULL,     -- of its master data
    exp_date     date,
    parties      text NOT NULL,     -- JSON: from and to whom
    body         bytea NOT NULL,    -- the event, with the context that it needs to stand alone
    captured_at  bigint NOT NULL,
    captured_by  text NOT NULL,
    wrong_at     bigint NOT NULL,     -- when it was declared wrong
    wrong_reason text NOT NULL,
    corrected_by text NOT NULL      -- JSON list of the ids that stand in its place
);

-- What takes part in an event, by the key by which codes compare.
CREATE TABLE epcis_item (
    event_id text NOT NULL,
    seq      bigint NOT NULL,
    role     text NOT NULL, -- epc, parent, child, input, output
    key      text NOT NULL,
    uri      text NOT NULL, -- '' when equal to key
    class    boolean NOT NULL,
    quantity text NOT NULL, -- decimal; '' = not told
    unit     text NOT NULL,
    PRIMARY KEY (event_id, seq)
);
CREATE INDEX epcis_item_ref ON epcis_item (key);

-- +goose Down
DROP TABLE epcis_item;
DROP TABLE epcis_event;
