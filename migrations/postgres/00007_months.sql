-- +goose Up
-- Flow months: where the books of a ledger stand, what they said when they were closed, and what came after.

-- One row a reporting party, to be locked: shared by those that write its books, alone by those that close or open one.
CREATE TABLE flow_book (
    party bigint PRIMARY KEY
);
INSERT INTO flow_book (party) SELECT id FROM source_record WHERE entity = 'customer' AND source LIKE 'flow:%' AND source_id = '@';

-- A month that a person moved on; others are open.
CREATE TABLE flow_month (
    party      bigint NOT NULL,
    ledger     smallint NOT NULL,
    month      text NOT NULL, -- yyyy-MM
    state      text NOT NULL,
    closed_at  bigint NOT NULL, -- 0 = it is not
    changed_at bigint NOT NULL,
    changed_by text NOT NULL,
    reason     text NOT NULL,
    PRIMARY KEY (party, ledger, month)
);

-- What a closed month says, in the ledger's own units, and how its products were understood then.
CREATE TABLE flow_month_figure (
    party           bigint NOT NULL,
    ledger          smallint NOT NULL,
    month           text NOT NULL,
    correction      boolean NOT NULL, -- sums of corrections of earlier months that are booked in this one
    product_mention bigint NOT NULL,
    lot             text NOT NULL,
    kind            smallint NOT NULL,
    row_count       bigint NOT NULL,
    quantity        bigint NOT NULL,
    product_id      bigint NOT NULL,
    num             bigint NOT NULL,
    den             bigint NOT NULL,
    PRIMARY KEY (party, ledger, month, correction, product_mention, lot, kind)
);

-- A change of a closed month, booked in a later one: what a row said leaves (sign -1), what it says comes (sign 1).
CREATE TABLE flow_correction (
    id              uuid PRIMARY KEY,
    party           bigint NOT NULL,
    ledger          smallint NOT NULL,
    real_month      text NOT NULL,
    booked_month    text NOT NULL,
    row_id          uuid NOT NULL,
    sign            smallint NOT NULL,
    partner         bigint NOT NULL,
    product_mention bigint NOT NULL,
    lot             text NOT NULL,
    kind            smallint NOT NULL,
    biz_date        date NOT NULL,
    doc_no          text NOT NULL,
    quantity        bigint NOT NULL, -- of the row, without the sign
    class           smallint NOT NULL, -- 1 normal, 2 appeal, 3 diversion, 4 group buy, 5 late, 6 outside pharmacy
    reason          text NOT NULL,
    explained_by    text NOT NULL,   -- who said the reason; '' = nobody has
    run_id          uuid NOT NULL,
    recorded_at     bigint NOT NULL,
    undone_at       bigint NOT NULL -- the real month was opened again: its own book says it; 0 = it counts
);
CREATE INDEX flow_correction_real ON flow_correction (party, ledger, real_month);
CREATE INDEX flow_correction_booked ON flow_correction (party, ledger, booked_month);

-- What a person said about a gap in a party's month; it holds for this quantity only.
CREATE TABLE flow_gap (
    party        bigint NOT NULL,
    month        text NOT NULL,
    product_id   bigint NOT NULL,
    lot          text NOT NULL,
    quantity     bigint NOT NULL,
    reason       text NOT NULL,
    explained_by text NOT NULL,
    explained_at bigint NOT NULL,
    PRIMARY KEY (party, month, product_id, lot)
);

-- +goose Down
DROP TABLE flow_gap;
DROP TABLE flow_correction;
DROP TABLE flow_month_figure;
DROP TABLE flow_month;
DROP TABLE flow_book;
