-- +goose Up
-- What comes of each ledger of a party, what is expected of it, and what was said about its silence.
CREATE TABLE feed (
    party     bigint NOT NULL,
    ledger    smallint NOT NULL,
    last_date date,            -- latest business date that came, none of the future
    last_at   bigint NOT NULL, -- when rows last came, 0 = never
    cadence   text NOT NULL,   -- daily, weekly, monthly, none; '' = daily
    reason    text NOT NULL,   -- why it is silent, as a person said
    note      text NOT NULL,
    until     date,            -- the last day for which the reason holds; none: until rows come
    said_by   text NOT NULL,
    said_at   bigint NOT NULL,
    level     smallint NOT NULL, -- days of silence that were told: 0, 3, 5
    told      bigint NOT NULL,   -- events about it
    PRIMARY KEY (party, ledger)
);
INSERT INTO feed (party, ledger, last_date, last_at, cadence, reason, note, until, said_by, said_at, level, told)
    SELECT party, ledger, MAX(biz_date), MAX(recorded_at), '', '', '', NULL, '', 0, 0, 0 FROM flow_line WHERE active = TRUE GROUP BY party, ledger;

-- +goose Down
DROP TABLE feed;
