"""What the page holds of the queue is never older than the queue itself."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from backend.domain import Progress, Stage
from backend.errors import QueueDamaged
from backend.submission import SYSTEM, Status
from storage.known_submissions import KnownSubmissions
from storage.submissions import Submissions
from tests.storage.records import wish


@pytest.fixture
def store(path: Path) -> Submissions:
    return Submissions(path)


def test_whatever_is_written_by_whomever_is_known_at_once(store: Submissions, path: Path) -> None:
    known = KnownSubmissions(store)
    assert list(known()) == []
    others = Submissions(path)  # as of another process
    first, second = (others.add(wish(name), most_open=9) for name in ("acme/one", "acme/two"))
    assert [each.id for each in known()] == [second.id, first.id]
    claim = others.claim("worker", 60)
    assert claim is not None and known()[1].status is Status.RUNNING
    others.beat(claim, 60, Progress(stage=Stage.LOAD))
    assert known()[1].progress == Progress(stage=Stage.LOAD)
    others.step(claim, Status.QUEUED, actor=SYSTEM, note="once more")
    assert list(known()) == store.newest() and known()[1].note == "once more"


def test_nothing_is_read_or_made_again_while_nothing_was_written(store: Submissions) -> None:
    known = KnownSubmissions(store)
    store.add(wish("acme/one"), most_open=9)
    before = known()
    assert known() is before
    store.add(wish("acme/two"), most_open=9)
    assert known()[1] is before[0], "a record is made again only when its row has changed"


def test_a_copy_put_in_its_place_is_known_at_once(store: Submissions, path: Path, tmp_path: Path) -> None:
    other = Submissions(tmp_path / "other.sqlite")
    other.add(wish("acme/restored"), most_open=9)
    with closing(sqlite3.connect(other._database.path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
    store.add(wish("acme/lost"), most_open=9)
    known = KnownSubmissions(store)
    assert [each.model.hub_id for each in known()] == ["acme/lost"]
    for left in ("-wal", "-shm"):
        Path(f"{path}{left}").unlink(missing_ok=True)
    (tmp_path / "other.sqlite").replace(path)
    assert [each.model.hub_id for each in known()] == ["acme/restored"]


def test_a_damaged_file_is_told_and_a_mended_one_is_read_again(store: Submissions, path: Path) -> None:
    known = KnownSubmissions(store)
    store.add(wish("acme/one"), most_open=9)
    whole = path.read_bytes()
    path.write_bytes(b"no database at all" * 1_000)
    with pytest.raises(QueueDamaged):
        known()
    path.write_bytes(whole)
    assert [each.model.hub_id for each in known()] == ["acme/one"]
