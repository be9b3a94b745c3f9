-- What became of each request that is no submission, and what the people who asked are called.

CREATE TABLE letter (
    id TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('begun', 'answered')),
    answer TEXT,
    at REAL NOT NULL,
    CHECK ((answer IS NULL) = (state = 'begun'))
) STRICT;

CREATE TABLE person (
    subject TEXT PRIMARY KEY,
    name TEXT NOT NULL
) STRICT;
