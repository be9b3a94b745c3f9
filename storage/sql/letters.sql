-- name: state^
SELECT state FROM letter WHERE id = :id;

-- name: begin!
INSERT INTO letter (id, state, at) VALUES (:id, 'begun', :now) ON CONFLICT (id) DO NOTHING;

-- name: finish!
INSERT INTO letter (id, state, answer, at) VALUES (:id, 'answered', :answer, :now)
ON CONFLICT (id) DO UPDATE SET state = 'answered', answer = excluded.answer, at = excluded.at
WHERE state = 'begun';

-- name: answers
SELECT answer FROM letter WHERE answer IS NOT NULL ORDER BY rowid;

-- name: put_name!
INSERT INTO person (subject, name) VALUES (:subject, :name)
ON CONFLICT (subject) DO UPDATE SET name = excluded.name;

-- name: name_of^
SELECT name FROM person WHERE subject = :subject;
