"""A pause says since when it lasts, however often it is said again."""

from datetime import UTC, datetime
from pathlib import Path

from storage.submissions import Submissions
from tests.storage.records import Clock


def test_a_pause_said_again_has_lasted_since_it_was_first_said(tmp_path: Path) -> None:
    clock = Clock()
    store = Submissions(tmp_path / "queue.sqlite", clock.pair)
    assert store.pulse().paused_at is None
    began = datetime.fromtimestamp(clock.now, UTC)
    store.pause("The disk is full.", 60)
    clock.advance(90)
    store.pause("The disk is full.", 60)
    store.seen()
    assert store.pulse().paused_at == began
    store.resume()
    assert store.pulse().paused_at is None
    store.pause("The GPU is gone.", 60)
    assert store.pulse().paused_at == datetime.fromtimestamp(clock.now, UTC) != began
