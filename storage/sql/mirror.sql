-- name: guards
-- The two that stay write something and forbid nothing.
SELECT name FROM sqlite_master
WHERE type = 'trigger'
    AND name NOT IN ('a_submission_writes_its_first_event', 'what_came_to_nothing_is_given_back');

-- name: put_submission!
-- What runs elsewhere is held by nobody here.
INSERT INTO submission (
    id, model_id, revision, params, licence, architecture, base_model, domain, edition, engine, submitter, status,
    attempt, failure_code, failure_stage, failure_log, note, lost_at, progress, token, started_at, created_at,
    updated_at, supersedes
) VALUES (
    :id, :model_id, :revision, :params, :licence, :architecture, :base_model, :domain, :edition, :engine, :submitter,
    :status, :attempt, :failure_code, :failure_stage, :failure_log, :note, :lost_at, :progress, :token, :started_at,
    :created_at, :updated_at, (SELECT id FROM submission WHERE id = :supersedes)
)
ON CONFLICT (id) DO UPDATE SET
    model_id = excluded.model_id, revision = excluded.revision, params = excluded.params, licence = excluded.licence,
    architecture = excluded.architecture, base_model = excluded.base_model, domain = excluded.domain,
    edition = excluded.edition, engine = excluded.engine, submitter = excluded.submitter, status = excluded.status,
    attempt = excluded.attempt, failure_code = excluded.failure_code, failure_stage = excluded.failure_stage,
    failure_log = excluded.failure_log, note = excluded.note, lost_at = excluded.lost_at, progress = excluded.progress,
    token = excluded.token, started_at = excluded.started_at, created_at = excluded.created_at,
    updated_at = excluded.updated_at, supersedes = excluded.supersedes;

-- name: forget_events!
DELETE FROM event WHERE submission_id = :id;

-- name: forget_admissions!
DELETE FROM admission WHERE submission_id = :id;

-- name: put_event!
INSERT INTO event (submission_id, at, actor, status, reason, attempt)
VALUES (:id, :at, :actor, :status, :reason, :attempt);

-- name: all_ids
SELECT id FROM submission;

-- name: part_from!
UPDATE submission SET supersedes = NULL WHERE supersedes = :id;

-- name: forget_submission!
DELETE FROM submission WHERE id = :id;
