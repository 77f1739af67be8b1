-- +goose Up
-- Records that state a product, or a lot of it, which a better record states too: one of them takes over when that one goes.

CREATE TABLE rival (
    record_id  INTEGER PRIMARY KEY,
    product_id INTEGER NOT NULL,
    lot        TEXT NOT NULL -- '' = the product itself
) STRICT;
CREATE INDEX rival_of ON rival (product_id, lot);

INSERT INTO rival (record_id, product_id, lot)
SELECT r.id, p.id, ''
FROM source_record r JOIN product p ON p.code = json_extract(CAST(r.payload AS TEXT), '$.code')
WHERE r.entity = 'product' AND r.deleted = FALSE AND p.active = TRUE AND p.record_id <> r.id;

INSERT INTO rival (record_id, product_id, lot)
SELECT r.id, p.id, l.lot
FROM source_record r JOIN product p ON p.code = json_extract(CAST(r.payload AS TEXT), '$.product') JOIN lot l ON l.product_id = p.id AND l.lot = json_extract(CAST(r.payload AS TEXT), '$.lot')
WHERE r.entity = 'lot' AND r.deleted = FALSE AND l.active = TRUE AND l.record_id <> r.id;

-- +goose Down
DROP TABLE rival;
