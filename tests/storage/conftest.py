"""A queue in a file, with a clock that is moved by hand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.submissions import Submissions
from tests.storage.records import Clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "queue.sqlite"


@pytest.fixture
def store(path: Path, clock: Clock) -> Submissions:
    return Submissions(path, clock.pair)


@pytest.fixture
def raw(path: Path, store: Submissions) -> Iterator[sqlite3.Connection]:
    """The file as any other program would open it."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db
