-- +goose Up
-- Times are UTC microseconds since 1970 (INTEGER); business dates are yyyy-MM-dd text; quantities and money are 10⁻⁶ units.
-- The same tables, columns and indexes stand in ../postgres under the same number; a test compares them. Booleans are 0 and 1.

CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- A lease is held by one worker at a time. Whoever uses it checks the epoch in the transaction that writes.
CREATE TABLE lease (
    name       TEXT PRIMARY KEY,
    epoch      INTEGER NOT NULL,
    owner      TEXT NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT;

-- Processes that have this database open (rule 6.9: writers pause for each other on SQLite).
CREATE TABLE process (
    id      BLOB PRIMARY KEY,
    pid     INTEGER NOT NULL,
    owner   TEXT NOT NULL, -- as in lease
    seen_at INTEGER NOT NULL
) STRICT;

CREATE TABLE audit (
    writer  TEXT NOT NULL,
    counter INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason  TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (writer, counter)
) STRICT;

-- Sealing of personal rows: one data key per (source, source id), wrapped by the key ring that lies outside.
CREATE TABLE data_key (
    source       TEXT NOT NULL,
    source_id    TEXT NOT NULL,
    wrapped      BLOB,
    created_at   INTEGER NOT NULL,
    destroyed_at INTEGER,
    PRIMARY KEY (source, source_id)
) STRICT;

-- Keyed hashes of source keys whose person was erased: their rows are filtered from then on.
CREATE TABLE suppression (
    key_hash   BLOB PRIMARY KEY,
    created_at INTEGER NOT NULL
) STRICT;

-- Ingest ------------------------------------------------------------------------------------------------------------

CREATE TABLE stream (
    source      TEXT NOT NULL,
    stream      TEXT NOT NULL,
    connection  TEXT NOT NULL,
    position    TEXT NOT NULL,
    last_run_id BLOB,
    paused      INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    PRIMARY KEY (source, stream)
) STRICT;

CREATE TABLE run (
    id              BLOB PRIMARY KEY,
    connection      TEXT NOT NULL,
    source          TEXT NOT NULL,
    stream          TEXT NOT NULL,
    party           TEXT NOT NULL,
    file            TEXT NOT NULL,
    status          TEXT NOT NULL, -- running, done, failed, interrupted
    rows_read       INTEGER NOT NULL,
    rows_canonical  INTEGER NOT NULL,
    rows_unchanged  INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    rows_filtered   INTEGER NOT NULL,
    unknown_columns TEXT NOT NULL, -- JSON list
    warnings        TEXT NOT NULL, -- JSON list of {code, args}
    error           TEXT NOT NULL, -- JSON {code, args, text} or ''
    position        TEXT NOT NULL,
    actor           TEXT NOT NULL,
    started_at      INTEGER NOT NULL,
    finished_at     INTEGER
) STRICT;
CREATE INDEX run_started ON run (started_at);

-- A file as it was taken in, once per content (rule 6.2).
CREATE TABLE data_file (
    id             INTEGER PRIMARY KEY,
    source         TEXT NOT NULL,
    stream         TEXT NOT NULL,
    party          INTEGER NOT NULL,  -- record number of the reporting party, 0 for masters
    hash           BLOB NOT NULL,   -- SHA-256 of the content
    name           TEXT NOT NULL,
    size           INTEGER NOT NULL,
    version_key    TEXT NOT NULL,    -- ordered as text
    order_unknown  INTEGER NOT NULL,
    replaces       TEXT NOT NULL,    -- month yyyy-MM this version replaces, or ''
    run_id         BLOB NOT NULL,
    rows_read      INTEGER NOT NULL,
    rows_quarantined INTEGER NOT NULL,
    complete       INTEGER NOT NULL, -- false while its rows are still coming in
    created_at     INTEGER NOT NULL,
    UNIQUE (source, stream, party, hash)
) STRICT;

-- Raw input of streams without personal data: a page or block of lines, compressed, with a row index.
CREATE TABLE raw_batch (
    id         INTEGER PRIMARY KEY,
    run_id     BLOB NOT NULL,
    file_id    INTEGER NOT NULL,
    seq        INTEGER NOT NULL,
    first_row  INTEGER NOT NULL,
    row_count  INTEGER NOT NULL,
    data       BLOB NOT NULL,
    row_index  BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX raw_batch_run ON raw_batch (run_id, seq);

-- Raw rows of personal streams, sealed one by one.
CREATE TABLE raw_row (
    run_id    BLOB NOT NULL,
    row_no    INTEGER NOT NULL,
    source    TEXT NOT NULL,
    source_id TEXT NOT NULL,
    sealed    BLOB NOT NULL,
    PRIMARY KEY (run_id, row_no)
) STRICT;

-- What a source knows of one thing: its current version. Mentions in flow rows are source records too.
CREATE TABLE source_record (
    id           INTEGER PRIMARY KEY,
    entity       TEXT NOT NULL,
    source       TEXT NOT NULL,
    source_id    TEXT NOT NULL,
    stream       TEXT NOT NULL,    -- of a mention: the source whose ids its codes may be
    kind         TEXT NOT NULL,    -- customer kind; '' for other entities
    trust        INTEGER NOT NULL,  -- source rank for survivorship; 0 = mention
    version      INTEGER NOT NULL,
    hash         BLOB NOT NULL,
    source_time  INTEGER NOT NULL,  -- the source's own time of this version, 0 = none
    source_seq   TEXT NOT NULL,
    read_order   TEXT NOT NULL,    -- run start, page, row as sortable text: decides where the source has no time
    run_id       BLOB NOT NULL,
    row_no       INTEGER NOT NULL,
    deleted      INTEGER NOT NULL,
    personal     INTEGER NOT NULL,
    payload      BLOB NOT NULL,   -- canonical JSON; sealed when personal
    dirty        INTEGER NOT NULL, -- waits for resolution
    link_version INTEGER NOT NULL,  -- entityversion of its crosswalk event
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (entity, source, source_id)
) STRICT;
CREATE INDEX source_record_dirty ON source_record (entity, id) WHERE dirty = TRUE;

-- Versions that are no longer, or never were, the current one.
CREATE TABLE record_version (
    record_id   INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    source_time INTEGER NOT NULL,
    source_seq  TEXT NOT NULL,
    read_order  TEXT NOT NULL,
    run_id      BLOB NOT NULL,
    row_no      INTEGER NOT NULL,
    deleted     INTEGER NOT NULL,
    stale       INTEGER NOT NULL, -- arrived when a newer one was already current
    payload     BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    PRIMARY KEY (record_id, version)
) STRICT;

CREATE TABLE quarantine (
    id            BLOB PRIMARY KEY,
    source        TEXT NOT NULL,
    stream        TEXT NOT NULL,
    run_id        BLOB NOT NULL,
    party         TEXT NOT NULL,
    file          TEXT NOT NULL,
    row_no        INTEGER NOT NULL,
    field         TEXT NOT NULL,
    rule          TEXT NOT NULL,
    reason        TEXT NOT NULL,   -- JSON {code, args}
    issues        TEXT NOT NULL,   -- JSON list of all issues
    raw           BLOB NOT NULL,  -- original bytes; sealed when personal
    source_id     TEXT NOT NULL,   -- owner of the data key when sealed
    sealed        INTEGER NOT NULL,
    context       TEXT NOT NULL,   -- JSON: what a replay needs (headers, map, options)
    status        TEXT NOT NULL,   -- open, replayed, discarded
    attempt       INTEGER NOT NULL,
    first_seen_at INTEGER NOT NULL,
    decided_by    TEXT NOT NULL,
    decided_at    INTEGER
) STRICT;
CREATE INDEX quarantine_open ON quarantine (status, first_seen_at);

-- Golden customers --------------------------------------------------------------------------------------------------

CREATE TABLE block_key (
    key       INTEGER NOT NULL,
    record_id INTEGER NOT NULL,
    second    INTEGER NOT NULL,
    PRIMARY KEY (key, record_id)
) STRICT;
CREATE INDEX block_key_record ON block_key (record_id);

-- The keep-graph: scored pairs at or above the review threshold (rule 6.4); a < b.
CREATE TABLE match_edge (
    a      INTEGER NOT NULL,
    b      INTEGER NOT NULL,
    weight REAL NOT NULL,
    p      REAL NOT NULL,
    rule   TEXT NOT NULL,
    veto   TEXT NOT NULL,
    model  TEXT NOT NULL,
    PRIMARY KEY (a, b)
) STRICT;
CREATE INDEX match_edge_b ON match_edge (b);

CREATE TABLE judgement (
    id         BLOB PRIMARY KEY,
    a_source   TEXT NOT NULL,
    a_id       TEXT NOT NULL,
    b_source   TEXT NOT NULL,
    b_id       TEXT NOT NULL,
    verdict    TEXT NOT NULL, -- must, cannot
    actor      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
) STRICT;

CREATE TABLE golden (
    id             BLOB PRIMARY KEY,
    kind           TEXT NOT NULL,
    status         TEXT NOT NULL,   -- active, inactive, merged, erased
    survivor       BLOB,
    company        INTEGER NOT NULL, -- the marketing authorisation holder itself
    code           TEXT NOT NULL,   -- the company's own code where it has one
    name           TEXT NOT NULL,   -- '' for patients
    search         TEXT NOT NULL,   -- folded names and aliases; '' for patients
    personal       INTEGER NOT NULL,
    payload        BLOB NOT NULL,  -- golden JSON; sealed under the key of its first member when personal
    lineage        BLOB NOT NULL,
    completeness   INTEGER NOT NULL, -- percent
    members        INTEGER NOT NULL,
    entity_version INTEGER NOT NULL,
    resolve_id     BLOB NOT NULL,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX golden_kind ON golden (status, kind, id);
CREATE INDEX golden_code ON golden (code);

-- The id ledger (rule 6.5): primary data, never rewritten.
CREATE TABLE golden_ledger (
    golden_id  BLOB NOT NULL,
    seq        INTEGER NOT NULL,
    event      TEXT NOT NULL, -- created, merged, split, inactivated, reactivated, erased
    other      BLOB,
    resolve_id BLOB NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (golden_id, seq)
) STRICT;

CREATE TABLE crosswalk (
    record_id  INTEGER NOT NULL,
    golden_id  BLOB NOT NULL,
    known_from INTEGER NOT NULL,
    known_to   INTEGER,
    PRIMARY KEY (record_id, known_from)
) STRICT;
CREATE UNIQUE INDEX crosswalk_current ON crosswalk (record_id) WHERE known_to IS NULL;
CREATE INDEX crosswalk_golden ON crosswalk (golden_id);

CREATE TABLE affiliation (
    id             BLOB PRIMARY KEY,
    from_golden    BLOB NOT NULL,
    to_golden      BLOB NOT NULL,
    role           TEXT NOT NULL,
    department     TEXT NOT NULL,
    is_primary     INTEGER NOT NULL,
    valid_from     TEXT,
    valid_to       TEXT,
    sources        TEXT NOT NULL, -- JSON list of {source, id}
    active         INTEGER NOT NULL,
    entity_version INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX affiliation_from ON affiliation (from_golden);
CREATE INDEX affiliation_to ON affiliation (to_golden);

CREATE TABLE review_item (
    a          INTEGER NOT NULL,
    b          INTEGER NOT NULL,
    weight     REAL NOT NULL,
    p          REAL NOT NULL,
    reason     TEXT NOT NULL,
    status     TEXT NOT NULL, -- open, closed
    created_at INTEGER NOT NULL,
    closed_at  INTEGER,
    PRIMARY KEY (a, b)
) STRICT;
CREATE INDEX review_open ON review_item (status, created_at);

-- Channel flow and trace --------------------------------------------------------------------------------------------

CREATE TABLE product (
    id             INTEGER PRIMARY KEY,
    code           TEXT NOT NULL UNIQUE,
    name           TEXT NOT NULL,
    spec           TEXT NOT NULL,
    approval_no    TEXT NOT NULL,
    maker          TEXT NOT NULL,
    gtin           TEXT NOT NULL,
    unit           TEXT NOT NULL,
    case_factor    INTEGER NOT NULL,
    inner_factor   INTEGER NOT NULL,
    record_id      INTEGER NOT NULL,
    active         INTEGER NOT NULL,
    entity_version INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT;

CREATE TABLE lot (
    product_id     INTEGER NOT NULL,
    lot            TEXT NOT NULL,
    released       INTEGER NOT NULL,
    mfg_date       TEXT,
    exp_date       TEXT,
    record_id      INTEGER NOT NULL,
    active         INTEGER NOT NULL,
    entity_version INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL,
    PRIMARY KEY (product_id, lot)
) STRICT;
CREATE INDEX lot_lot ON lot (lot);

-- A party's own word for a customer or product, projected from alias records.
CREATE TABLE alias (
    record_id   INTEGER PRIMARY KEY,
    type        TEXT NOT NULL,
    party       INTEGER NOT NULL, -- record number of the reporting party; 0 = any
    raw_name    TEXT NOT NULL,   -- as the normaliser leaves it
    raw_spec    TEXT NOT NULL,
    raw_code    TEXT NOT NULL,
    target_code TEXT NOT NULL,
    op          TEXT NOT NULL,
    factor      INTEGER NOT NULL
) STRICT;
CREATE INDEX alias_party ON alias (party, type);

-- A product as a party names it, unit included, and the SKU it was found to be.
CREATE TABLE product_mention (
    id          INTEGER PRIMARY KEY,
    key         BLOB NOT NULL UNIQUE, -- hash of party and the six texts
    party       INTEGER NOT NULL,
    code        TEXT NOT NULL,
    name        TEXT NOT NULL,
    spec        TEXT NOT NULL,
    approval_no TEXT NOT NULL,
    maker       TEXT NOT NULL,
    unit        TEXT NOT NULL,
    product_id  INTEGER NOT NULL, -- 0 = not found yet
    num         INTEGER NOT NULL, -- base units = quantity × num ÷ den
    den         INTEGER NOT NULL,
    rule        TEXT NOT NULL,   -- how it was found, or why not
    dirty       INTEGER NOT NULL
) STRICT;
CREATE INDEX product_mention_product ON product_mention (product_id);
CREATE INDEX product_mention_dirty ON product_mention (id) WHERE dirty = TRUE;

-- One row of a ledger: the current version under its identity (CLI §3).
CREATE TABLE flow_line (
    row_id          BLOB PRIMARY KEY,
    party           INTEGER NOT NULL,   -- record number of the reporting party
    partner         INTEGER NOT NULL,   -- record number of the mention; 0 for stock and usage
    bill_to         INTEGER NOT NULL,   -- 0 = same as partner
    product_mention INTEGER NOT NULL,
    ledger          INTEGER NOT NULL, -- 1 sales, 2 purchases, 3 stock, 4 usage
    kind            INTEGER NOT NULL,
    biz_date        TEXT NOT NULL,
    doc_no          TEXT NOT NULL,
    lot             TEXT NOT NULL,
    lot_raw         TEXT NOT NULL,     -- '' when equal to lot
    lot_doubt       TEXT NOT NULL,
    quantity        INTEGER NOT NULL,   -- in the row's own unit
    price           INTEGER NOT NULL,
    amount          INTEGER NOT NULL,
    mfg_date        TEXT,
    exp_date        TEXT,
    branch          TEXT NOT NULL,
    remark          TEXT NOT NULL,
    hash            BLOB NOT NULL,    -- 16 bytes
    version_key     TEXT NOT NULL,     -- of the file or page it came in
    batch_id        INTEGER NOT NULL,   -- raw_batch
    row_no          INTEGER NOT NULL,
    active          INTEGER NOT NULL,  -- false: deleted at the source, or its period was replaced
    suspect         INTEGER NOT NULL,  -- equal to another line but for the document number
    recorded_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX flow_line_group ON flow_line (party, partner, product_mention);

CREATE TABLE flow_line_version (
    row_id      BLOB NOT NULL,
    recorded_at INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    version_key TEXT NOT NULL,
    batch_id    INTEGER NOT NULL,
    row_no      INTEGER NOT NULL,
    stale       INTEGER NOT NULL,
    payload     TEXT NOT NULL, -- flow line JSON
    PRIMARY KEY (row_id, hash, version_key)
) STRICT;

-- The highest version that replaced a month of a party's ledger (rule 6.2).
CREATE TABLE flow_replacement (
    party       INTEGER NOT NULL,
    ledger      INTEGER NOT NULL,
    month       TEXT NOT NULL,
    version_key TEXT NOT NULL,
    file_id     INTEGER NOT NULL,
    PRIMARY KEY (party, ledger, month)
) STRICT;

-- Groups of flow lines that wait for the join. generation rises with each mark, so a mark set meanwhile is not lost.
CREATE TABLE dirty_flow (
    party           INTEGER NOT NULL,
    partner         INTEGER NOT NULL,
    product_mention INTEGER NOT NULL,
    generation      INTEGER NOT NULL,
    PRIMARY KEY (party, partner, product_mention)
) STRICT;

CREATE TABLE movement (
    id             BLOB NOT NULL,
    known_from     INTEGER NOT NULL,
    known_to       INTEGER,
    seller         INTEGER NOT NULL,
    buyer          INTEGER NOT NULL, -- 0: used up at the seller
    product_id     INTEGER NOT NULL,
    lot            TEXT NOT NULL,
    lot_adopted    INTEGER NOT NULL,
    quantity       INTEGER NOT NULL,
    biz_date       TEXT NOT NULL,
    kind           INTEGER NOT NULL,
    grade          TEXT NOT NULL,
    match          TEXT NOT NULL,
    difference     INTEGER NOT NULL,
    seller_line    BLOB,
    buyer_line     BLOB,
    doc_no         TEXT NOT NULL,
    superseded_by  BLOB,
    entity_version INTEGER NOT NULL,
    PRIMARY KEY (id, known_from)
) STRICT;
CREATE INDEX movement_lot ON movement (product_id, lot);
CREATE INDEX movement_seller ON movement (seller, product_id);
CREATE INDEX movement_buyer ON movement (buyer, product_id);

CREATE TABLE attribution (
    movement_id BLOB NOT NULL,
    lot         TEXT NOT NULL,
    known_from  INTEGER NOT NULL,
    known_to    INTEGER,
    product_id  INTEGER NOT NULL,
    party       INTEGER NOT NULL, -- whose issue it is
    point       INTEGER NOT NULL,
    low         INTEGER NOT NULL,
    high        INTEGER NOT NULL,
    grade       TEXT NOT NULL,
    PRIMARY KEY (movement_id, lot, known_from)
) STRICT;
CREATE INDEX attribution_lot ON attribution (product_id, lot);
CREATE INDEX attribution_party ON attribution (party, product_id);

CREATE TABLE stock_position (
    party          INTEGER NOT NULL,
    product_id     INTEGER NOT NULL,
    lot            TEXT NOT NULL,
    biz_date       TEXT NOT NULL,
    kind           INTEGER NOT NULL,
    quantity       INTEGER NOT NULL,
    entity_version INTEGER NOT NULL,
    known_from     INTEGER NOT NULL,
    known_to       INTEGER,
    PRIMARY KEY (party, product_id, lot, biz_date, kind, known_from)
) STRICT;
CREATE INDEX stock_position_lot ON stock_position (product_id, lot);

-- Shares of lot-less rows that wait to be computed again: those of a party's issues of a product. generation as in dirty_flow.
CREATE TABLE dirty_share (
    product_id INTEGER NOT NULL,
    party      INTEGER NOT NULL, -- record number of any mention of the party
    generation INTEGER NOT NULL,
    PRIMARY KEY (product_id, party)
) STRICT;

-- Further buyer's lines of a movement whose quantity several of them add up to.
CREATE TABLE movement_line (
    movement_id BLOB NOT NULL,
    known_from  INTEGER NOT NULL, -- of the movement
    line_id     BLOB NOT NULL,
    PRIMARY KEY (movement_id, known_from, line_id)
) STRICT;

-- The last report of a party on a product.
CREATE INDEX stock_position_date ON stock_position (party, product_id, biz_date);

-- Who reported a lot.
CREATE INDEX stock_position_holder ON stock_position (product_id, lot, party) WHERE known_to IS NULL;

-- Outbox ------------------------------------------------------------------------------------------------------------

-- A chunk of events of one topic and shard (rule 6.8).
CREATE TABLE outbox (
    id           INTEGER PRIMARY KEY,
    topic        TEXT NOT NULL,
    shard        INTEGER NOT NULL,
    events       INTEGER NOT NULL,
    sent         INTEGER NOT NULL,
    personal     INTEGER NOT NULL,
    payload      BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    published_at INTEGER
) STRICT;
CREATE INDEX outbox_pending ON outbox (shard, id) WHERE published_at IS NULL;
CREATE INDEX outbox_topic ON outbox (topic, shard, id);

-- What the broker must hold, to tell a lost log from a short one.
CREATE TABLE topic_log (
    topic     TEXT PRIMARY KEY,
    published INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE topic_log;
DROP TABLE outbox;
DROP TABLE movement_line;
DROP TABLE dirty_share;
DROP TABLE stock_position;
DROP TABLE attribution;
DROP TABLE movement;
DROP TABLE dirty_flow;
DROP TABLE flow_replacement;
DROP TABLE flow_line_version;
DROP TABLE flow_line;
DROP TABLE product_mention;
DROP TABLE alias;
DROP TABLE lot;
DROP TABLE product;
DROP TABLE review_item;
DROP TABLE affiliation;
DROP TABLE crosswalk;
DROP TABLE golden_ledger;
DROP TABLE golden;
DROP TABLE judgement;
DROP TABLE match_edge;
DROP TABLE block_key;
DROP TABLE quarantine;
DROP TABLE record_version;
DROP TABLE source_record;
DROP TABLE raw_row;
DROP TABLE raw_batch;
DROP TABLE data_file;
DROP TABLE run;
DROP TABLE stream;
DROP TABLE suppression;
DROP TABLE data_key;
DROP TABLE audit;
DROP TABLE process;
DROP TABLE lease;
DROP TABLE setting;
