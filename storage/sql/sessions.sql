-- name: insert_session!
INSERT INTO session (digest, subject, name, created_at, seen_at, expires_at)
VALUES (:digest, :subject, :name, :now, :now, :expires_at);

-- name: find_session^
SELECT subject, name, created_at, seen_at, expires_at FROM session
WHERE digest = :digest AND expires_at > :now;

-- name: see_session!
UPDATE session SET seen_at = :now WHERE digest = :digest;

-- name: end_session!
DELETE FROM session WHERE digest = :digest;

-- name: end_sessions_of!
DELETE FROM session WHERE subject = :subject;

-- name: remove_expired!
DELETE FROM session WHERE expires_at <= :now;

-- name: remove_oldest_of!
-- All but the newest so many of one person.
DELETE FROM session WHERE digest IN (
    SELECT digest FROM session WHERE subject = :subject ORDER BY created_at DESC, digest LIMIT -1 OFFSET :most
);

-- name: remove_longest_unseen!
DELETE FROM session WHERE digest IN (SELECT digest FROM session ORDER BY seen_at DESC, digest LIMIT -1 OFFSET :most);
