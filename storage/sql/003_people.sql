-- Who takes part: names, blocks, how much of a week is used up, the operator's pause, and who changed what.

-- The subject never changes hands; the name is for readers.
CREATE TABLE person (
    subject TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    first_seen REAL NOT NULL,
    last_seen REAL NOT NULL,
    blocked_at REAL,
    blocked_by TEXT,
    blocked_because TEXT,
    CHECK ((blocked_at IS NULL) = (blocked_by IS NULL) AND (blocked_at IS NULL) = (blocked_because IS NULL))
) STRICT;

-- A submitter of an earlier home was a user name, and that is what readers go on seeing.
INSERT INTO person (subject, name, first_seen, last_seen)
SELECT submitter, submitter, min(created_at), max(created_at) FROM submission GROUP BY submitter;

-- What the keys that browsers know people by are derived with.
CREATE TABLE salt (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    value TEXT NOT NULL
) STRICT;

INSERT INTO salt (id, value) VALUES (1, hex(randomblob(32)));

-- Each time a person's wish joined the queue under a weekly quota, and whether it came to nothing without their doing.
CREATE TABLE admission (
    number INTEGER PRIMARY KEY,
    submission_id TEXT NOT NULL REFERENCES submission (id),
    subject TEXT NOT NULL,
    at REAL NOT NULL,
    credentialed INTEGER NOT NULL CHECK (credentialed IN (0, 1)),
    given_back INTEGER NOT NULL DEFAULT 0 CHECK (given_back IN (0, 1))
) STRICT;

CREATE INDEX admission_by_person ON admission (subject, at);

CREATE INDEX admission_by_submission ON admission (submission_id, number);

-- What ended before it began since it was admitted, or through a fault of ours, does not count. Whichever way it ends.
CREATE TRIGGER what_came_to_nothing_is_given_back AFTER UPDATE OF status ON submission
WHEN OLD.status <> NEW.status AND NEW.status IN ('failed', 'cancelled')
BEGIN
    UPDATE admission SET given_back = 1
    WHERE number = (SELECT max(number) FROM admission WHERE submission_id = NEW.id)
        AND (
            NEW.started_at IS NULL OR NEW.started_at < at
            OR NEW.status = 'failed'
            AND NEW.failure_code IN ('internal_error', 'worker_lost', 'download_error', 'endpoint_error')
        );
END;

CREATE TRIGGER admissions_are_never_deleted BEFORE DELETE ON admission
BEGIN
    SELECT RAISE(ABORT, 'admissions are never deleted');
END;

-- What people and operators did that is no step of a submission; those are events.
CREATE TABLE deed (
    number INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    actor TEXT NOT NULL,
    deed TEXT NOT NULL,
    object TEXT,
    reason TEXT
) STRICT;

CREATE INDEX deed_by_time ON deed (at);

CREATE INDEX deed_by_actor ON deed (actor, deed, at);

CREATE INDEX event_by_time ON event (at);

CREATE TRIGGER deeds_are_never_changed BEFORE UPDATE ON deed
BEGIN
    SELECT RAISE(ABORT, 'deeds are append-only');
END;

CREATE TRIGGER deeds_are_never_deleted BEFORE DELETE ON deed
BEGIN
    SELECT RAISE(ABORT, 'deeds are append-only');
END;

CREATE TRIGGER people_are_never_deleted BEFORE DELETE ON person
BEGIN
    SELECT RAISE(ABORT, 'people are never deleted');
END;

-- A pause that the operator began and nobody else ends, on the clock that people read.
ALTER TABLE pulse ADD COLUMN operator_paused TEXT;
ALTER TABLE pulse ADD COLUMN operator_paused_at REAL;
ALTER TABLE pulse ADD COLUMN operator_paused_until REAL;
