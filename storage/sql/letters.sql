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
