-- +goose Up
-- Shares of lot-less rows that wait to be computed again: those of a party's issues of a product. generation as in dirty_flow.
CREATE TABLE dirty_share (
    product_id bigint NOT NULL,
    party      bigint NOT NULL, -- record number of any mention of the party
    generation bigint NOT NULL,
    PRIMARY KEY (product_id, party)
);

-- Further buyer's lines of a movement whose quantity several of them add up to.
CREATE TABLE movement_line (
    movement_id uuid NOT NULL,
    known_from  bigint NOT NULL, -- of the movement
    line_id     uuid NOT NULL,
    PRIMARY KEY (movement_id, known_from, line_id)
);

-- The last report of a party on a product.
CREATE INDEX stock_position_date ON stock_position (party, product_id, biz_date);

-- Who reported a lot.
CREATE INDEX stock_position_holder ON stock_position (product_id, lot, party) WHERE known_to IS NULL;

-- +goose Down
DROP INDEX stock_position_holder;
DROP INDEX stock_position_date;
DROP TABLE movement_line;
DROP TABLE dirty_share;
