-- Who is signed in. A session is known by the SHA-256 of its id, so that whoever reads this file cannot be anybody.

CREATE TABLE session (
    digest TEXT PRIMARY KEY,
    subject TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at REAL NOT NULL,
    seen_at REAL NOT NULL,
    expires_at REAL NOT NULL CHECK (expires_at > created_at)
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_subject ON session (subject, created_at);
CREATE INDEX session_by_expiry ON session (expires_at);
CREATE INDEX session_by_visit ON session (seen_at);
