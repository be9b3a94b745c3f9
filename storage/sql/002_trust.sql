-- Nothing vanishes: each step writes its own event, leases run on a clock that nobody sets, results can be taken back.

-- Who took the last step, where the last worker fell silent, and what the model's process said before it failed.
ALTER TABLE submission ADD COLUMN actor TEXT NOT NULL DEFAULT 'system';
ALTER TABLE submission ADD COLUMN lease_seconds REAL;
ALTER TABLE submission ADD COLUMN lost_at TEXT;
ALTER TABLE submission ADD COLUMN failure_log TEXT;
-- Whether it may have brought a process down: then others go first for a day.
ALTER TABLE submission ADD COLUMN suspect INTEGER NOT NULL DEFAULT 0 CHECK (suspect IN (0, 1));
ALTER TABLE submission ADD COLUMN supersedes TEXT REFERENCES submission (id);

ALTER TABLE event ADD COLUMN attempt INTEGER NOT NULL DEFAULT 0;

ALTER TABLE pulse ADD COLUMN seen_steady REAL;
ALTER TABLE pulse ADD COLUMN paused_until REAL;
ALTER TABLE pulse ADD COLUMN paused_at REAL;

CREATE TRIGGER a_submission_begins_as_received_or_queued BEFORE INSERT ON submission
WHEN NEW.status NOT IN ('received', 'queued')
BEGIN
    SELECT RAISE(ABORT, 'a submission begins as received or queued');
END;

CREATE TRIGGER submissions_are_never_deleted BEFORE DELETE ON submission
BEGIN
    SELECT RAISE(ABORT, 'submissions are never deleted');
END;

CREATE TRIGGER what_was_asked_for_never_changes BEFORE UPDATE OF id, edition, engine, submitter, created_at ON submission
WHEN OLD.id <> NEW.id OR OLD.edition <> NEW.edition OR OLD.engine <> NEW.engine OR OLD.submitter <> NEW.submitter
    OR OLD.created_at <> NEW.created_at
BEGIN
    SELECT RAISE(ABORT, 'what was asked for never changes');
END;

CREATE TRIGGER a_commit_is_pinned_once BEFORE UPDATE OF model_id, revision ON submission
WHEN OLD.status <> 'received' AND (OLD.model_id <> NEW.model_id OR OLD.revision <> NEW.revision)
BEGIN
    SELECT RAISE(ABORT, 'a commit is pinned once');
END;

CREATE TRIGGER a_withdrawal_has_a_reason BEFORE UPDATE OF status ON submission
WHEN NEW.status = 'withdrawn' AND coalesce(trim(NEW.note), '') = ''
BEGIN
    SELECT RAISE(ABORT, 'a withdrawal has a reason');
END;

CREATE TRIGGER a_submission_writes_its_first_event AFTER INSERT ON submission
BEGIN
    INSERT INTO event (submission_id, at, actor, status, reason, attempt)
    VALUES (NEW.id, NEW.created_at, NEW.actor, NEW.status, NEW.note, NEW.attempt);
END;

-- The attempt is the one that the step begins or ends, also where it is given back.
CREATE TRIGGER a_step_writes_its_event AFTER UPDATE OF status ON submission
WHEN OLD.status <> NEW.status
BEGIN
    INSERT INTO event (submission_id, at, actor, status, reason, attempt)
    VALUES (
        NEW.id, NEW.updated_at, NEW.actor, NEW.status, NEW.note,
        CASE WHEN OLD.status IN ('running', 'scoring') THEN OLD.attempt ELSE NEW.attempt END
    );
END;

-- What a finished task took, for estimates; one row per submission, attempt and task.
CREATE TABLE spent (
    submission_id TEXT NOT NULL REFERENCES submission (id),
    attempt INTEGER NOT NULL,
    task TEXT NOT NULL,
    items INTEGER NOT NULL,
    seconds REAL NOT NULL,
    at REAL NOT NULL,
    PRIMARY KEY (submission_id, attempt, task)
) STRICT;

CREATE INDEX submission_by_status ON submission (status);

CREATE INDEX submission_by_start ON submission (started_at);
