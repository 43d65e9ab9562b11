-- Times are milliseconds since 1970-01-01 UTC. JSON objects are canonical: keys in ordinal order.

CREATE TABLE study (
    id          INTEGER PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE,
    settings    TEXT NOT NULL,              -- JSON object of strings
    created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE trial (
    id             INTEGER PRIMARY KEY,
    study_id       INTEGER NOT NULL REFERENCES study (id),
    number         INTEGER NOT NULL CHECK (number >= 0),
    name           TEXT NOT NULL,
    allocation     TEXT NOT NULL,           -- JSON object, weight name to option
    seed           INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'complete', 'pruned', 'failed')),
    attempt        INTEGER NOT NULL DEFAULT 0,
    host           TEXT,
    process_id     INTEGER,
    process_start  TEXT,
    versions       TEXT,                    -- JSON object, component to version
    started_at     INTEGER,
    heartbeat_at   INTEGER,
    finished_at    INTEGER,
    failure        TEXT,
    UNIQUE (study_id, number)
) STRICT;

CREATE INDEX trial_by_state ON trial (study_id, state, number);

CREATE TABLE trial_metric (
    trial_id  INTEGER NOT NULL REFERENCES trial (id),
    name      TEXT NOT NULL,
    value     REAL,                         -- NULL stands for not-a-number
    PRIMARY KEY (trial_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE trial_duration (
    trial_id  INTEGER NOT NULL REFERENCES trial (id),
    stage     TEXT NOT NULL,
    seconds   REAL NOT NULL,
    PRIMARY KEY (trial_id, stage)
) STRICT, WITHOUT ROWID;

CREATE TABLE trial_array (
    trial_id  INTEGER NOT NULL REFERENCES trial (id),
    name      TEXT NOT NULL,
    columns   INTEGER NOT NULL,             -- values of one image
    data      BLOB NOT NULL,                -- [images, columns] single precision, little-endian
    PRIMARY KEY (trial_id, name)
) STRICT;
