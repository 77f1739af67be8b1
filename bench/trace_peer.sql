-- The peer of the trace benchmark: who received a lot, how much, on which tier, and who is an end customer, by a recursive
-- query over the same tables and indexes. $1 is the product, $2 the lot, $3 the golden id of the maker. UNION ends on circles
-- because a tier is bounded; a movement without a lot counts with the lot's share.
WITH RECURSIVE reach(party, tier) AS (
    SELECT CAST($3 AS uuid), 0
    UNION
    SELECT bought.golden_id, reach.tier + 1
    FROM reach
    JOIN crosswalk sold ON sold.golden_id = reach.party AND sold.known_to IS NULL
    JOIN movement m ON m.seller = sold.record_id AND m.product_id = $1 AND m.known_to IS NULL AND m.kind <> $4 AND m.buyer <> 0
    JOIN crosswalk bought ON bought.record_id = m.buyer AND bought.known_to IS NULL
    WHERE reach.tier < 6
      AND (m.lot = $2 OR m.lot = '' AND EXISTS (
          SELECT 1 FROM attribution a WHERE a.movement_id = m.id AND a.lot = $2 AND a.known_to IS NULL AND a.high > 0))
), tiers AS (
    SELECT party, MIN(tier) AS tier FROM reach GROUP BY party
), rows AS (
    SELECT m.seller, m.buyer, m.kind, m.quantity, m.biz_date FROM movement m WHERE m.product_id = $1 AND m.lot = $2 AND m.known_to IS NULL
    UNION ALL
    SELECT m.seller, m.buyer, m.kind, a.point, m.biz_date FROM attribution a JOIN movement m ON m.id = a.movement_id AND m.known_to IS NULL
    WHERE a.product_id = $1 AND a.lot = $2 AND a.known_to IS NULL
), ends AS (
    SELECT s.golden_id AS seller, b.golden_id AS buyer, r.kind, r.quantity, r.biz_date
    FROM rows r
    JOIN crosswalk s ON s.record_id = r.seller AND s.known_to IS NULL
    LEFT JOIN crosswalk b ON b.record_id = r.buyer AND b.known_to IS NULL
), books AS (
    SELECT party, SUM(received) AS received, SUM(forwarded) AS forwarded, SUM(returned) AS returned, SUM(used) AS used, MIN(first) AS first, MAX(last) AS last
    FROM (
        SELECT CASE WHEN kind = $4 THEN seller ELSE buyer END AS party, quantity AS received, 0 AS forwarded, 0 AS returned, 0 AS used, biz_date AS first, biz_date AS last
        FROM ends WHERE buyer IS NOT NULL
        UNION ALL
        SELECT CASE WHEN kind = $4 THEN buyer ELSE seller END, 0, CASE WHEN kind <> $4 AND buyer IS NOT NULL THEN quantity ELSE 0 END,
            CASE WHEN kind = $4 THEN quantity ELSE 0 END, CASE WHEN buyer IS NULL THEN quantity ELSE 0 END, NULL, NULL
        FROM ends
    ) AS sides GROUP BY party
)
SELECT g.id, g.code, g.name, g.kind, t.tier, b.received, b.forwarded, b.returned, b.used, b.first, b.last,
    g.kind IN ('hospital', 'clinic', 'pharmacy') OR b.forwarded = 0 AND g.kind IN ('chain', '') AS end_customer
FROM books b
JOIN golden g ON g.id = b.party
LEFT JOIN tiers t ON t.party = b.party
ORDER BY t.tier, g.code
