-- Submissions, the steps they may take, what happened to them, and whether a worker is there.

CREATE TABLE step (
    status TEXT NOT NULL,
    next TEXT NOT NULL,
    PRIMARY KEY (status, next)
) STRICT;

CREATE TABLE submission (
    id TEXT PRIMARY KEY,
    model_id TEXT NOT NULL,
    revision TEXT NOT NULL,
    params INTEGER,
    licence TEXT,
    architecture TEXT,
    base_model TEXT,
    domain TEXT CHECK (domain IN ('biomedical', 'general')),
    edition TEXT NOT NULL CHECK (edition IN ('full', 'rehearsal')),
    engine TEXT NOT NULL,
    url TEXT,
    submitter TEXT NOT NULL,
    status TEXT NOT NULL CHECK (
        status IN ('received', 'queued', 'running', 'scoring', 'finished', 'failed', 'cancelled', 'withdrawn')
    ),
    attempt INTEGER NOT NULL DEFAULT 0,
    crashed_stage TEXT,
    failure_code TEXT,
    failure_stage TEXT,
    note TEXT,
    progress TEXT,
    token TEXT,
    lease_until REAL,
    not_before REAL NOT NULL DEFAULT 0,
    started_at REAL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    CHECK ((token IS NULL) = (status NOT IN ('running', 'scoring'))),
    CHECK (status <> 'failed' OR failure_code IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX one_open_submission ON submission (lower(model_id), revision, edition, engine)
WHERE status IN ('received', 'queued', 'running', 'scoring');

CREATE INDEX submission_by_submitter ON submission (submitter, status);

CREATE TRIGGER only_steps_of_the_table BEFORE UPDATE OF status ON submission
WHEN OLD.status <> NEW.status
    AND NOT EXISTS (SELECT 1 FROM step WHERE status = OLD.status AND next = NEW.status)
BEGIN
    SELECT RAISE(ABORT, 'this step is not in the table');
END;

CREATE TABLE event (
    number INTEGER PRIMARY KEY,
    submission_id TEXT NOT NULL REFERENCES submission (id),
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT
) STRICT;

CREATE INDEX event_by_submission ON event (submission_id, number);

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON event
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON event
BEGIN
    SELECT RAISE(ABORT, 'events are append-only');
END;

CREATE TABLE pulse (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    seen_at REAL,
    paused TEXT
) STRICT;

INSERT INTO pulse (id) VALUES (1);
