-- What people are called stands with the people, in the queue's file, and nowhere else.

DROP TABLE person;

UPDATE letter SET answer = json_remove(answer, '$.request.name') WHERE answer IS NOT NULL;
