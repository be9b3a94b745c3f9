"""Homes with a ledger and a board, to look at and to spoil; a queue in a file, with a clock that is moved by hand."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from storage.ledger import Ledger
from storage.submissions import Submissions
from tests.storage.records import ALL, MODELS, Clock, board, toy_result


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ledger holds six results and whose board has taken them in."""
    furnished = tmp_path_factory.mktemp("furnished")
    ledger = Ledger(furnished / "ledger.jsonl")
    for number in range(MODELS):
        ledger.append(f"s{number}", toy_result(f"acme/m{number}", values=dict.fromkeys(ALL, number + 1.0)))
    with board(furnished):
        return furnished


@pytest.fixture
def home(furnished: Path, tmp_path: Path) -> Path:
    """A copy of it that may be spoiled."""
    return Path(shutil.copytree(furnished, tmp_path / "home"))


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
