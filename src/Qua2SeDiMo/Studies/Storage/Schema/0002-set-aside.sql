-- A trial whose process ends too often without a result is set aside instead of failed; such ends are counted apart from leases.
-- The text of states is part of the table, so the table is made anew; references to it are off meanwhile.

CREATE TABLE trial_next (
    id             INTEGER PRIMARY KEY,
    study_id       INTEGER NOT NULL REFERENCES study (id),
    number         INTEGER NOT NULL CHECK (number >= 0),
    name           TEXT NOT NULL,
    allocation     TEXT NOT NULL,           -- JSON object, weight name to option
    seed           INTEGER NOT NULL,
    state          TEXT NOT NULL CHECK (state IN ('waiting', 'running', 'complete', 'pruned', 'failed', 'set-aside')),
    attempt        INTEGER NOT NULL DEFAULT 0 CHECK (attempt >= 0),
    deaths         INTEGER NOT NULL DEFAULT 0 CHECK (deaths >= 0),  -- leases in a row whose process ended without a word
    host           TEXT,
    process_id     INTEGER,
    process_start  TEXT,                    -- boot identifier and start in clock ticks
    versions       TEXT,                    -- JSON object, component to version
    started_at     INTEGER,
    heartbeat_at   INTEGER,
    finished_at    INTEGER,
    failure        TEXT,
    UNIQUE (study_id, number)
) STRICT;

INSERT INTO trial_next (id, study_id, number, name, allocation, seed, state, attempt, deaths, host, process_id, process_start, versions, started_at, heartbeat_at,
                        finished_at, failure)
SELECT id, study_id, number, name, allocation, seed, state, attempt, 0, host, process_id, process_start, versions, started_at, heartbeat_at, finished_at, failure
FROM trial;

DROP TABLE trial;

ALTER TABLE trial_next RENAME TO trial;

CREATE INDEX trial_by_state ON trial (study_id, state, number);

-- Former versions failed what died; it was never shown to be the trial's own fault.
UPDATE trial SET state = 'set-aside', deaths = attempt WHERE state = 'failed' AND failure LIKE 'Its process ended % times without a result%';

-- Former versions kept labels that are no numbers.
UPDATE trial SET state = 'failed', failure = 'Its images had a label that is not a number.'
WHERE state IN ('complete', 'pruned') AND id IN (SELECT trial_id FROM trial_metric WHERE value IS NULL);
DELETE FROM trial_metric WHERE trial_id IN (SELECT id FROM trial WHERE state NOT IN ('complete', 'pruned'));
DELETE FROM trial_duration WHERE trial_id IN (SELECT id FROM trial WHERE state NOT IN ('complete', 'pruned'));
DELETE FROM trial_array WHERE trial_id IN (SELECT id FROM trial WHERE state NOT IN ('complete', 'pruned'));
