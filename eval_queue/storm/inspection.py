"""Looks through a home after a storm: what was lost, doubled or left standing, and whether all stores agree."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from backend.domain import Edition, Provenance
from backend.submission import STEPS, Event, Status, Submission
from eval_queue.storm.arena import Arena, essence, number_of
from eval_queue.storm.supervisor import ENDED, Tally
from storage.ledger import Entry
from storage.packed import read_packed
from storage.scores import Scores

WORKER = "worker-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Counts of what may not be. `doubled` counts identities published twice and answers that a journal holds twice.

    `foreign_steps` are steps by a worker whose claim another had taken over; `wrong_results` are published ones that
    differ from a calm day's; `disagreements` are finished submissions without a line, lines without one, and rows of
    the board that are not the ledger's. `leftovers` are scratch files, partial downloads and orphaned processes.
    """

    lost: int
    doubled: int
    stuck: int
    foreign_steps: int
    wrong_steps: int
    wrong_results: int
    disagreements: int
    leftovers: int

    @property
    def clean(self) -> bool:
        """Whether there is nothing at all."""
        return not any(asdict(self).values())


def inspect(arena: Arena, tally: Tally, calm: Sequence[Mapping[str, Any]]) -> Findings:
    """The findings; LedgerBroken when the ledger does not verify."""
    found = {one.id: one for one in arena.submissions.newest()}
    histories = {known: arena.submissions.events(known) for known in found}
    entries = [entry for entry, _ in arena.ledger.read()]
    arena.ledger.verify()
    return Findings(
        lost=len(tally.acknowledged - found.keys()),
        doubled=_published_twice(entries) + _answered_twice(arena),
        stuck=sum(one.status not in ENDED for one in found.values()),
        foreign_steps=sum(map(_foreign_steps, histories.values())),
        wrong_steps=sum(_wrong_steps(found[known], events) for known, events in histories.items()),
        wrong_results=sum(not _as_calm(entry, calm) for entry in entries),
        disagreements=_disagreements(found, entries) + _off_the_board(arena, entries),
        leftovers=tally.left_behind + sum(1 for path in arena.home.rglob("*") if _is_scratch(path)),
    )


def recoveries(arena: Arena, tally: Tally) -> dict[str, list[float]]:
    """Seconds from each kill of a worker until its submission was `rescued`, and until another claimed it: `recovery`.

    The second contains the time it waited for its turn.
    """
    found: dict[str, list[float]] = {"rescue": [], "recovery": []}
    for one in arena.submissions.newest():
        events = arena.submissions.events(one.id)
        for number, claim in enumerate(events):
            died = tally.deaths.get(claim.actor) if claim.status is Status.RUNNING else None
            later = [event for event in events[number:] if died and event.at.timestamp() > died]
            for name, waited in (("rescue", later[:1]), ("recovery", [e for e in later if e.status is Status.RUNNING])):
                found[name] += [event.at.timestamp() - (died or 0) for event in waited[:1]]
    return found


def _published_twice(entries: Sequence[Entry]) -> int:
    return sum(count - 1 for count in Counter(entry.identity for entry in entries).values())


def _answered_twice(arena: Arena) -> int:
    """Answers beyond the first to an example, in journals and in what they were packed into."""
    answered = Counter(
        (path.parent.name, path.stem, example) for path in arena.home.glob("runs/*/*.*") for example in _answers(path)
    )
    return sum(count - 1 for count in answered.values())


def _answers(path: Path) -> list[str]:
    if path.suffix == ".jsonl":
        *whole, _ = path.read_bytes().split(b"\n")
        return [json.loads(line)["example_id"] for line in whole[1:]]
    if path.suffix == ".parquet":
        return [prediction.example_id for prediction in read_packed(path)[1]]
    return []


def _foreign_steps(events: Sequence[Event]) -> int:
    holder, foreign = None, 0
    for event in events:
        if event.status is Status.RUNNING:
            holder = event.actor
        elif event.actor.startswith(WORKER) and event.actor != holder:
            foreign += 1
    return foreign


def _wrong_steps(submission: Submission, events: Sequence[Event]) -> int:
    """Steps that the table does not allow, and a history that does not lead to where the submission stands."""
    statuses = [event.status for event in events]
    wrong = sum(after is not before and after not in STEPS[before] for before, after in pairwise(statuses))
    begins = statuses[:1] in ([Status.RECEIVED], [Status.QUEUED])
    return wrong + (not begins) + (statuses[-1:] != [submission.status])


def _as_calm(entry: Entry, calm: Sequence[Mapping[str, Any]]) -> bool:
    if entry.result is None:
        return True
    return essence(entry.result) == calm[number_of(entry.result.model.hub_id) % len(calm)]


def _disagreements(found: Mapping[str, Submission], entries: Sequence[Entry]) -> int:
    finished = {known for known, one in found.items() if one.status is Status.FINISHED}
    return len(finished ^ {entry.submission_id for entry in entries})


def _off_the_board(arena: Arena, entries: Sequence[Entry]) -> int:
    """Results whose numbers on a board made from the ledger are not the ledger's, or that are not on it."""
    scores = Scores(arena.home / "scores.duckdb", arena.ledger, arena.kit.tasks, [])
    try:
        rows = {row.submission_id: row for row in scores.standings(Provenance.MEASURED, Edition.REHEARSAL)}
    finally:
        scores.close()
    off = len(rows.keys() ^ {entry.submission_id for entry in entries})
    for entry in entries:
        row = rows.get(entry.submission_id)
        if row is None or entry.result is None:
            continue
        told = {f"{run.task}.{score.metric}": score.value for run in entry.result.runs for score in run.scores}
        shown = {cell: score.value for cell, score in row.cells.items() if cell in told}
        off += shown != told
    return off


def _is_scratch(path: Path) -> bool:
    return path.suffix in {".partial", ".tmp"} or path.name.startswith("clue-model-")
