-- +goose Up
-- Records that state a product, or a lot of it, which a better record states too: one of them takes over when that one goes.

CREATE TABLE rival (
    record_id  bigint PRIMARY KEY,
    product_id bigint NOT NULL,
    lot        text NOT NULL -- '' = the product itself
);
CREATE INDEX rival_of ON rival (product_id, lot);

INSERT INTO rival (record_id, product_id, lot)
SELECT r.id, p.id, ''
FROM source_record r JOIN product p ON p.code = convert_from(r.payload, 'UTF8')::jsonb ->> 'code'
WHERE r.entity = 'product' AND r.deleted = FALSE AND p.active = TRUE AND p.record_id <> r.id;

INSERT INTO rival (record_id, product_id, lot)
SELECT r.id, p.id, l.lot
FROM source_record r JOIN product p ON p.code = convert_from(r.payload, 'UTF8')::jsonb ->> 'product' JOIN lot l ON l.product_id = p.id AND l.lot = convert_from(r.payload, 'UTF8')::jsonb ->> 'lot'
WHERE r.entity = 'lot' AND r.deleted = FALSE AND l.active = TRUE AND l.record_id <> r.id;

-- +goose Down
DROP TABLE rival;
