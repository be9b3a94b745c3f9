-- name: insert_submission!
INSERT INTO submission (
    id, model_id, revision, params, licence, architecture, base_model, domain,
    edition, engine, url, submitter, actor, status, note, supersedes, created_at, updated_at
) VALUES (
    :id, :model_id, :revision, :params, :licence, :architecture, :base_model, :domain,
    :edition, :engine, :url, :submitter, :actor, :status, :note, :supersedes, :now, :now
);

-- name: insert_event!
-- Something worth telling that is no step.
INSERT INTO event (submission_id, at, actor, status, reason, attempt)
SELECT id, :now, :actor, status, :reason, attempt FROM submission WHERE id = :id;

-- name: find_submission^
SELECT * FROM submission WHERE id = :id;

-- name: newest_submissions
SELECT * FROM submission ORDER BY rowid DESC;

-- name: count_statuses
SELECT status, failure_code, count(*) AS count FROM submission GROUP BY status, failure_code;

-- name: events_of
SELECT at, actor, status, reason, attempt FROM event WHERE submission_id = :id ORDER BY number;

-- name: same_identity^
-- One whose result has been replaced stands no more.
SELECT * FROM submission AS found
WHERE lower(model_id) = lower(:model_id) AND revision = :revision AND edition = :edition AND engine = :engine
    AND status IN ('received', 'queued', 'running', 'scoring', 'finished')
    AND NOT EXISTS (
        SELECT 1 FROM submission AS later
        WHERE later.supersedes = found.id AND later.status IN ('finished', 'withdrawn')
    )
ORDER BY status = 'finished', rowid DESC LIMIT 1;

-- name: count_open^
SELECT count(*) AS count FROM submission
WHERE submitter = :submitter AND status IN ('received', 'queued', 'running', 'scoring');

-- name: waiting
-- Between people, whoever had fewer turns; then first come, first served. A turn counts for a day, and for as long as
-- somebody else waits who came before it. What may have brought a process down lets all others go first for a day.
WITH mine AS MATERIALIZED (
    SELECT id, rowid AS number, submitter, not_before, created_at, suspect AND updated_at > :recently AS doubtful
    FROM submission WHERE status = 'queued'
),
person AS MATERIALIZED (
    SELECT submitter, min(created_at) AS came FROM mine GROUP BY submitter
),
since AS (
    SELECT
        submitter,
        min(:recently, coalesce(
            CASE
                WHEN submitter = (SELECT submitter FROM person ORDER BY came, submitter LIMIT 1)
                    THEN (SELECT came FROM person ORDER BY came, submitter LIMIT 1 OFFSET 1)
                ELSE (SELECT min(came) FROM person)
            END,
            :recently
        )) AS moment
    FROM person
),
turns AS (
    SELECT since.submitter, count(*) AS taken
    FROM since JOIN submission ON submission.submitter = since.submitter AND submission.started_at > since.moment
    GROUP BY since.submitter
)
SELECT mine.id, mine.not_before FROM mine LEFT JOIN turns USING (submitter)
ORDER BY
    mine.doubtful,
    coalesce(turns.taken, 0) + row_number() OVER (PARTITION BY mine.submitter ORDER BY mine.doubtful, mine.number),
    mine.number;

-- name: claim^
UPDATE submission SET
    status = 'running', actor = :actor, token = :token, lease_until = :steady + :lease_seconds,
    lease_seconds = :lease_seconds, attempt = attempt + 1,
    started_at = :now, updated_at = :now, progress = NULL, note = NULL,
    failure_code = NULL, failure_stage = NULL, failure_log = NULL
WHERE id = :id AND status = 'queued'
RETURNING *;

-- name: beat!
UPDATE submission SET
    lease_until = :steady + :lease_seconds, lease_seconds = :lease_seconds,
    progress = coalesce(:progress, progress), updated_at = :now
WHERE id = :id AND token = :token;

-- name: held^
SELECT status FROM submission WHERE id = :id AND token = :token;

-- name: insert_spent!
INSERT OR REPLACE INTO spent (submission_id, attempt, task, items, seconds, at)
SELECT id, attempt, :task, :items, :seconds, :now FROM submission WHERE id = :id AND token = :token;

-- name: newest_spent
SELECT spent.task, spent.items, spent.seconds, submission.engine, submission.edition, submission.params
FROM spent JOIN submission ON submission.id = spent.submission_id
ORDER BY spent.at DESC LIMIT :most;

-- name: step_claimed!
UPDATE submission SET
    status = :status, actor = :actor, updated_at = :now, note = :note,
    failure_code = :failure_code, failure_stage = :failure_stage, failure_log = :failure_log,
    crashed_stage = coalesce(:crashed_stage, crashed_stage), suspect = :crashed_stage IS NOT NULL OR suspect,
    not_before = :not_before, attempt = attempt - :refund, started_at = CASE WHEN NOT :refund THEN started_at END,
    token = CASE WHEN :status IN ('running', 'scoring') THEN token END,
    lease_until = CASE WHEN :status IN ('running', 'scoring') THEN lease_until END
WHERE id = :id AND token = :token;

-- name: step_unclaimed!
UPDATE submission SET
    status = :status, actor = :actor, updated_at = :now, note = :note,
    failure_code = :failure_code, failure_stage = :failure_stage,
    token = NULL, lease_until = NULL, not_before = 0,
    attempt = CASE WHEN :fresh THEN 0 ELSE attempt - :refund END,
    started_at = CASE WHEN NOT :refund THEN started_at END,
    suspect = (suspect OR :suspect) AND NOT :fresh,
    crashed_stage = CASE WHEN :fresh THEN NULL ELSE crashed_stage END,
    lost_at = CASE WHEN :fresh THEN NULL ELSE coalesce(:lost_at, lost_at) END
WHERE id = :id AND status = :from_status AND attempt = :from_attempt
    AND (NOT :if_expired OR lease_until < :steady OR lease_seconds IS NULL OR lease_until > :steady + lease_seconds);

-- name: pin!
UPDATE submission SET
    model_id = :model_id, revision = :revision, params = :params, licence = :licence, architecture = :architecture,
    base_model = coalesce(base_model, :base_model), updated_at = :now
WHERE id = :id AND status = 'received';

-- name: claimed
-- A lease that has more time left than it was given runs on the clock of a machine that has been restarted since.
SELECT * FROM submission
WHERE token IS NOT NULL
    AND (:all OR lease_until < :steady OR lease_seconds IS NULL OR lease_until > :steady + lease_seconds);

-- name: set_seen!
UPDATE pulse SET seen_at = :now, seen_steady = :steady;

-- name: set_paused!
-- Said again, a pause has lasted since it was first said.
UPDATE pulse SET
    paused = :reason, paused_until = :until,
    paused_at = CASE WHEN :reason IS NOT NULL THEN coalesce(paused_at, :now) END;

-- name: get_pulse^
SELECT * FROM pulse;

-- name: steps
SELECT status, next FROM step;

-- name: forget_steps!
DELETE FROM step;

-- name: insert_step!
INSERT INTO step (status, next) VALUES (:status, :next);
