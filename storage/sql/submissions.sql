-- name: insert_submission!
INSERT INTO submission (
    id, model_id, revision, params, licence, architecture, base_model, domain,
    edition, engine, url, submitter, status, created_at, updated_at
) VALUES (
    :id, :model_id, :revision, :params, :licence, :architecture, :base_model, :domain,
    :edition, :engine, :url, :submitter, :status, :now, :now
);

-- name: insert_event!
INSERT INTO event (submission_id, at, actor, status, reason) VALUES (:id, :now, :actor, :status, :reason);

-- name: find_submission^
SELECT * FROM submission WHERE id = :id;

-- name: newest_submissions
SELECT * FROM submission ORDER BY created_at DESC, id DESC;

-- name: events_of
SELECT at, actor, status, reason FROM event WHERE submission_id = :id ORDER BY number;

-- name: same_identity^
SELECT * FROM submission
WHERE lower(model_id) = lower(:model_id) AND revision = :revision AND edition = :edition AND engine = :engine
    AND status IN ('received', 'queued', 'running', 'scoring', 'finished')
ORDER BY created_at DESC LIMIT 1;

-- name: count_open^
SELECT count(*) AS count FROM submission
WHERE submitter = :submitter AND status IN ('received', 'queued', 'running', 'scoring');

-- name: waiting
-- Between people, whoever had fewer turns lately; then first in, first out.
SELECT id, not_before FROM submission AS mine
WHERE status = 'queued'
ORDER BY
    (SELECT count(*) FROM submission WHERE submitter = mine.submitter AND started_at > :recently)
    + row_number() OVER (PARTITION BY submitter ORDER BY created_at, id),
    created_at,
    id;

-- name: claim^
UPDATE submission SET
    status = 'running', token = :token, lease_until = :lease_until, attempt = attempt + 1,
    started_at = :now, updated_at = :now, progress = NULL, note = NULL, failure_code = NULL, failure_stage = NULL
WHERE id = :id AND status = 'queued'
RETURNING *;

-- name: beat!
UPDATE submission SET lease_until = :lease_until, progress = :progress, updated_at = :now
WHERE id = :id AND token = :token;

-- name: step_claimed!
UPDATE submission SET
    status = :status, updated_at = :now, note = :note,
    failure_code = :failure_code, failure_stage = :failure_stage,
    crashed_stage = coalesce(:crashed_stage, crashed_stage), not_before = :not_before, attempt = attempt - :refund,
    token = CASE WHEN :status IN ('running', 'scoring') THEN token END,
    lease_until = CASE WHEN :status IN ('running', 'scoring') THEN lease_until END
WHERE id = :id AND token = :token;

-- name: step_unclaimed!
UPDATE submission SET
    status = :status, updated_at = :now, note = :note, failure_code = :failure_code, failure_stage = NULL,
    token = NULL, lease_until = NULL, not_before = 0,
    attempt = CASE WHEN :fresh THEN 0 ELSE attempt END,
    crashed_stage = CASE WHEN :fresh THEN NULL ELSE crashed_stage END
WHERE id = :id AND status = :from_status;

-- name: pin!
UPDATE submission SET
    model_id = :model_id, revision = :revision, params = :params, licence = :licence, architecture = :architecture,
    base_model = coalesce(base_model, :base_model), updated_at = :now
WHERE id = :id AND status = 'received';

-- name: claimed
SELECT * FROM submission WHERE token IS NOT NULL AND lease_until < :before;

-- name: set_seen!
UPDATE pulse SET seen_at = :now;

-- name: set_paused!
UPDATE pulse SET paused = :reason;

-- name: get_pulse^
SELECT seen_at, paused FROM pulse;

-- name: insert_step!
INSERT OR IGNORE INTO step (status, next) VALUES (:status, :next);
