"""A real worker in a process of its own, and what has become of its submissions."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

from storage.ledger import Ledger
from tests.commands import CommandLine
from tests.loopback.hub import LoopbackHub
from tests.rehearsals import short_rehearsal
from tests.storage.kept import kept_answers
from tests.waiting import wait_for

SHORT = {"CLUE_REHEARSAL": str(short_rehearsal())}
ONE_BY_ONE = SHORT | {"CLUE_BATCH_TOKENS": "1", "CLUE_DTYPE": "float32"}


def submit(cli: CommandLine, model: str) -> str:
    """The id of a new submission to the rehearsal edition."""
    return str(cli.json("submit", model, "--edition", "rehearsal")["id"])


def stand(cli: CommandLine, submission_id: str) -> dict[str, Any]:
    """How the queue says it stands."""
    found: dict[str, Any]
    (found,) = [one for one in cli.json("queue", "--json") if one["id"] == submission_id]
    return found


def answers(cli: CommandLine, submission_id: str, task: str = "mednli") -> list[dict[str, Any]]:
    """The answers to one task that are kept."""
    return kept_answers(cli.home / "runs" / submission_id, task)


def published(cli: CommandLine) -> list[str]:
    """Whose result each line of the ledger holds."""
    return [entry.submission_id for entry, _ in Ledger(cli.home / "ledger.jsonl").read()]


def gone(family: Sequence[psutil.Process]) -> bool:
    """Whether all of these processes are over."""
    return not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@contextmanager
def asking_a_model(
    cli: CommandLine, hub: LoopbackHub, folder: Path, *, least: int
) -> Iterator[tuple[str, psutil.Popen, list[psutil.Process]]]:
    """A submission that has so many answers, its worker, and the processes that work for that one."""
    hub.add("acme/tiny", folder)
    submission_id = submit(cli, "acme/tiny")
    with cli.running("work") as worker:
        wait_for(lambda: len(answers(cli, submission_id)) >= least)
        family = worker.children(recursive=True)
        assert any("backend.engines.local.child" in " ".join(one.cmdline()) for one in family)
        yield submission_id, worker, family
