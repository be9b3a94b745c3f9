"""A board over a real ledger of a few lines, some of them corrected or withdrawn, and the desk of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from backend.domain import Domain, Edition, Result
from backend.settings import Settings
from frontend_config.desk import Desk
from frontend_config.published import published_standings
from storage.ledger import Ledger
from storage.scores import Scores
from tests.storage.records import ALL, six_tasks, toy_result

from .serving import Shelf

START = datetime(2025, 3, 31, 12, tzinfo=UTC)
HOSTILE = 'evil/<b>"&\u202e\u0000x'
BASE, CHILD, GONE = "ward/general-8b", "ward/clinical-8b", "harbour/withdrawn-1b"
LINES = 6


def full(hub_id: str, points: float, **about: object) -> Result:
    """A result of all six tasks, so many points better than the first."""
    found = toy_result(hub_id, values={task: value + points for task, value in ALL.items()}, edition=Edition.FULL)
    return replace(found, model=replace(found.model, **about))  # type: ignore[arg-type]


def write_lines(path: Path) -> Ledger:
    """Six lines, one a day from 31 March 2025 on: a base, its child, one withdrawn on the fourth day, the child
    corrected on the fifth, and a hostile name.
    """
    ledger = Ledger(path, lambda: START + timedelta(days=path.read_bytes().count(b"\n")))
    ledger.append("a", full(BASE, 5.0))
    ledger.append("b", full(CHILD, 7.0, domain=Domain.BIOMEDICAL, base_model=BASE))
    ledger.append("c", full(GONE, 20.0))
    ledger.withdraw("c", actor="ann", reason="It was asked with the wrong template.")
    better = full(CHILD, 9.0, domain=Domain.BIOMEDICAL, base_model=BASE)
    ledger.append("b2", better, supersedes=2, reason="Judged again")
    ledger.append("d", full(HOSTILE, 1.0))
    return ledger


@contextmanager
def chronicled(home: Path, *, published: bool = True, **settings: object) -> Iterator[tuple[Desk, Ledger]]:
    """The desk of a board in this home, with the published rows as they are, or without any."""
    ledger = write_lines(home / "ledger.jsonl")
    tasks = six_tasks()
    scores = Scores(home / "scores.duckdb", ledger, tasks, published_standings() if published else ())
    shelf = Shelf(settings=Settings(home=home, **settings))
    try:
        yield (
            replace(
                shelf.desk(),
                tasks=tasks,
                standings=scores.standings,
                version=scores.version,
                publication=scores.publication,
                publications=scores.publications,
                ranges=lambda edition: {"overall": {1: (1, 2)}},
                chronicle=scores,
            ),
            ledger,
        )
    finally:
        scores.close()
