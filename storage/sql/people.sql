-- name: meet!
INSERT INTO person (subject, name, first_seen, last_seen) VALUES (:subject, :name, :now, :now)
ON CONFLICT (subject) DO UPDATE SET name = :name, last_seen = max(last_seen, :now);

-- name: find_person^
SELECT * FROM person WHERE subject = :subject;

-- name: people
SELECT * FROM person ORDER BY last_seen DESC, subject;

-- name: standing_of_people
-- How much each has asked for: in all, open now, and what counts since a moment.
SELECT
    person.*,
    (SELECT count(*) FROM submission WHERE submitter = person.subject) AS submissions,
    (
        SELECT count(*) FROM submission
        WHERE submitter = person.subject AND status IN ('received', 'queued', 'running', 'scoring')
    ) AS open,
    (SELECT count(*) FROM admission WHERE subject = person.subject AND at > :since AND NOT given_back) AS counted
FROM person ORDER BY last_seen DESC, subject;

-- name: note_submitter!
-- Whoever submits is somebody, also where nobody told their name.
INSERT OR IGNORE INTO person (subject, name, first_seen, last_seen) VALUES (:subject, '', :now, :now);

-- name: block!
UPDATE person SET blocked_at = :now, blocked_by = :actor, blocked_because = :reason WHERE subject = :subject;

-- name: forget!
UPDATE person SET name = '' WHERE subject = :subject;

-- name: unblock!
UPDATE person SET blocked_at = NULL, blocked_by = NULL, blocked_because = NULL
WHERE subject = :subject AND blocked_at IS NOT NULL;

-- name: get_salt^
SELECT value FROM salt;

-- name: counted
SELECT at, credentialed FROM admission WHERE subject = :subject AND at > :since AND NOT given_back ORDER BY at;

-- name: insert_admission!
INSERT INTO admission (submission_id, subject, at, credentialed) VALUES (:id, :subject, :now, :credentialed);

-- name: insert_deed!
INSERT INTO deed (at, actor, deed, object, reason) VALUES (:now, :actor, :deed, :object, :reason);

-- name: done_since^
SELECT count(*) AS count FROM deed WHERE actor = :actor AND deed = :deed AND at > :since;

-- name: find_deed^
-- The first of its kind on this object.
SELECT * FROM deed WHERE deed = :deed AND object = :object ORDER BY number LIMIT 1;

-- name: deeds
-- Deeds, and the events that a person or the operator caused; workers and the queue itself do nothing on their own will.
SELECT at, actor, deed, object, reason, 1 AS source, number FROM deed WHERE at >= :since
UNION ALL
SELECT
    event.at, event.actor,
    CASE
        WHEN event.number = (SELECT min(number) FROM event AS first WHERE first.submission_id = event.submission_id)
            THEN CASE WHEN submission.supersedes IS NULL THEN 'submit' ELSE 'supersede' END
        WHEN event.status = 'cancelled' THEN 'cancel'
        WHEN event.status = 'withdrawn' THEN 'withdraw'
        WHEN event.status IN ('received', 'queued') THEN CASE WHEN event.attempt = 0 THEN 'retry' ELSE 'restore' END
        ELSE 'note'
    END,
    event.submission_id, event.reason, 0, event.number
FROM event JOIN submission ON submission.id = event.submission_id
WHERE event.at >= :since AND (
    event.actor IN (submission.submitter, :operator, :local) OR event.actor IN (SELECT subject FROM person)
)
ORDER BY at, source, number;

-- name: begin_pause!
UPDATE pulse SET operator_paused = :reason, operator_paused_at = :now, operator_paused_until = :until;

-- name: end_pause!
UPDATE pulse SET operator_paused = NULL, operator_paused_at = NULL, operator_paused_until = NULL
WHERE operator_paused IS NOT NULL;
