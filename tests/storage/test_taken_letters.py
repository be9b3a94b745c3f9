"""What became of requests is remembered without what the people who asked are called."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from storage.letters import Answer, Deed, Request
from storage.taken_letters import MIGRATIONS, TakenLetters

ADA = "Ada Lovelace"
REQUEST = Request(id="20261122-aaaaaaaa", deed=Deed.CANCEL, at=datetime.now(UTC), subject="ada", name=ADA)


def test_an_answer_is_kept_without_the_persons_name(tmp_path: Path) -> None:
    letters = TakenLetters(tmp_path / "letters.sqlite")
    letters.finish(Answer(request=REQUEST, done=True, sentence=""))
    (answer,) = letters.answers()
    assert answer.request == REQUEST.model_copy(update={"name": ""})
    assert not any(ADA.encode() in path.read_bytes() for path in tmp_path.iterdir())


def test_a_home_of_an_earlier_version_loses_the_names_that_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "letters.sqlite"
    earlier = Answer.model_construct(request=REQUEST, done=True, sentence="", submission_id=None)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(f"PRAGMA journal_mode = WAL; {MIGRATIONS[0].read_text()}")
        db.execute("PRAGMA user_version = 1")
        db.execute("INSERT INTO person VALUES ('ada', ?)", (ADA,))
        db.execute("INSERT INTO letter VALUES (?, 'answered', ?, 0)", (REQUEST.id, earlier.model_dump_json()))
        db.execute("INSERT INTO letter VALUES ('20261122-bbbbbbbb', 'begun', NULL, 0)")
        db.commit()
        assert any(ADA.encode() in each.read_bytes() for each in tmp_path.iterdir())
        letters = TakenLetters(path)
        assert not any(ADA.encode() in each.read_bytes() for each in tmp_path.iterdir())
    (answer,) = letters.answers()
    assert answer.request == REQUEST.model_copy(update={"name": ""})
    assert letters.state("20261122-bbbbbbbb") == "begun"
