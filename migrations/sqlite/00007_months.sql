-- +goose Up
-- Flow months: where the books of a ledger stand, what they said when they were closed, and what came after.

-- One row a reporting party, to be locked: shared by those that write its books, alone by those that close or open one.
CREATE TABLE flow_book (
    party INTEGER PRIMARY KEY
) STRICT;
INSERT INTO flow_book (party) SELECT id FROM source_record WHERE entity = 'customer' AND source LIKE 'flow:%' AND source_id = '@';

-- A month that a person moved on; others are open.
CREATE TABLE flow_month (
    party      INTEGER NOT NULL,
    ledger     INTEGER NOT NULL,
    month      TEXT NOT NULL, -- yyyy-MM
    state      TEXT NOT NULL,
    closed_at  INTEGER NOT NULL, -- 0 = it is not
    changed_at INTEGER NOT NULL,
    changed_by TEXT NOT NULL,
    reason     TEXT NOT NULL,
    PRIMARY KEY (party, ledger, month)
) STRICT;

-- What a closed month says, in the ledger's own units, and how its products were understood then.
CREATE TABLE flow_month_figure (
    party           INTEGER NOT NULL,
    ledger          INTEGER NOT NULL,
    month           TEXT NOT NULL,
    correction      INTEGER NOT NULL, -- sums of corrections of earlier months that are booked in this one
    product_mention INTEGER NOT NULL,
    lot             TEXT NOT NULL,
    kind            INTEGER NOT NULL,
    row_count       INTEGER NOT NULL,
    quantity        INTEGER NOT NULL,
    product_id      INTEGER NOT NULL,
    num             INTEGER NOT NULL,
    den             INTEGER NOT NULL,
    PRIMARY KEY (party, ledger, month, correction, product_mention, lot, kind)
) STRICT;

-- A change of a closed month, booked in a later one: what a row said leaves (sign -1), what it says comes (sign 1).
CREATE TABLE flow_correction (
    id              BLOB PRIMARY KEY,
    party           INTEGER NOT NULL,
    ledger          INTEGER NOT NULL,
    real_month      TEXT NOT NULL,
    booked_month    TEXT NOT NULL,
    row_id          BLOB NOT NULL,
    sign            INTEGER NOT NULL,
    partner         INTEGER NOT NULL,
    product_mention INTEGER NOT NULL,
    lot             TEXT NOT NULL,
    kind            INTEGER NOT NULL,
    biz_date        TEXT NOT NULL,
    doc_no          TEXT NOT NULL,
    quantity        INTEGER NOT NULL, -- of the row, without the sign
    class           INTEGER NOT NULL, -- 1 normal, 2 appeal, 3 diversion, 4 group buy, 5 late, 6 outside pharmacy
    reason          TEXT NOT NULL,
    explained_by    TEXT NOT NULL,   -- who said the reason; '' = nobody has
    run_id          BLOB NOT NULL,
    recorded_at     INTEGER NOT NULL,
    undone_at       INTEGER NOT NULL -- the real month was opened again: its own book says it; 0 = it counts
) STRICT;
CREATE INDEX flow_correction_real ON flow_correction (party, ledger, real_month);
CREATE INDEX flow_correction_booked ON flow_correction (party, ledger, booked_month);

-- What a person said about a gap in a party's month; it holds for this quantity only.
CREATE TABLE flow_gap (
    party        INTEGER NOT NULL,
    month        TEXT NOT NULL,
    product_id   INTEGER NOT NULL,
    lot          TEXT NOT NULL,
    quantity     INTEGER NOT NULL,
    reason       TEXT NOT NULL,
    explained_by TEXT NOT NULL,
    explained_at INTEGER NOT NULL,
    PRIMARY KEY (party, month, product_id, lot)
) STRICT;

-- +goose Down
DROP TABLE flow_gap;
DROP TABLE flow_correction;
DROP TABLE flow_month_figure;
DROP TABLE flow_month;
DROP TABLE flow_book;
