"""Programs that race each other for one store, each in a process of its own: python -m tests.storage.racers WHAT …"""

import json
import resource
import shutil
import sqlite3
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb

from backend.domain import LEVEL_TASKS, Edition, Provenance
from storage.admissions import WeekFull, Weekly
from storage.entries import Head
from storage.ledger import Ledger
from storage.lock import alone
from storage.scores import Scores
from storage.snapshot import write_snapshot
from storage.submissions import Submissions
from tests.storage.records import six_tasks, toy_result, wish

MOST = 1_000
MANY_TASKS = [task for names in LEVEL_TASKS.values() for task in names]


def submit_models(path: str, name: str, submissions: str, models: str, first: str = "0") -> None:
    """Submits so many times, from four threads, to so many models from a first one on; prints the ids."""
    store = Submissions(Path(path))

    def submit(number: int) -> str:
        model = f"acme/m{int(first) + number % int(models)}"
        asked = wish(model.upper() if number % 3 else model, submission_id=f"{name}-{number}", submitter=name)
        return store.add(asked, most_open=MOST).id

    with ThreadPoolExecutor(4) as threads:
        print(json.dumps(list(threads.map(submit, range(int(submissions))))))


def submit_within_a_week(path: str, name: str, submissions: str) -> None:
    """Submits so many models of one person, from four threads, under a quota of five; prints how each fared."""
    store = Submissions(Path(path))
    weekly = Weekly(most=5, most_credentialed=2, credentialed=False)

    def submit(number: int) -> str:
        asked = wish(f"acme/{name}-{number}", submission_id=f"{name}-{number}", submitter="ann")
        try:
            store.add(asked, most_open=None, weekly=weekly)
        except WeekFull:
            return "refused"
        return "taken"

    with ThreadPoolExecutor(4) as threads:
        print(json.dumps(list(threads.map(submit, range(int(submissions))))))


def submit_endlessly(path: str) -> None:
    """Prints the id of each submission as soon as it is acknowledged, until killed."""
    store = Submissions(Path(path))
    for number in range(1_000_000):
        print(store.add(wish(f"acme/m{number}", submission_id=f"s{number}"), most_open=2_000_000).id, flush=True)


def claim_all(path: str, name: str) -> None:
    """Claims until nothing is left and prints the ids."""
    store, claimed = Submissions(Path(path)), []
    while claim := store.claim(name, 60):
        claimed.append(claim.submission.id)
    print(json.dumps(claimed))


def publish_models(path: str, number: str, racers: str, models: str) -> None:
    """Publishes so many models, beginning elsewhere than the other racers, and prints each one's hash.

    It begins when all racers are there, or the first would be done before the last has started.
    """
    Path(f"{path}.{number}").touch()
    while len(list(Path(path).parent.glob("*.jsonl.?"))) < int(racers):
        time.sleep(0.001)
    ledger = Ledger(Path(path))
    order = sorted(range(int(models)), key=lambda model: (model + int(number) * 7) % int(models))
    print(json.dumps({model: ledger.append(f"{number}-{model}", toy_result(f"acme/m{model}")).hash for model in order}))


def hold_lock(home: str, role: str) -> None:
    """Holds a role until killed."""
    with alone(Path(home), role):
        print("held", flush=True)
        time.sleep(600)


def hold_queue(path: str, seconds: str = "600") -> None:
    """Lets nobody else at the queue's file for so long, or until killed."""
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA locking_mode = EXCLUSIVE")
    db.execute("BEGIN EXCLUSIVE")
    print("held", flush=True)
    time.sleep(float(seconds))


def hold_board(home: str) -> None:
    """Holds the board's tables open until killed."""
    with ExitStack() as stack:
        scores = Scores(Path(home, "scores.duckdb"), Ledger(Path(home, "ledger.jsonl")), six_tasks(), [])
        stack.callback(scores.close)
        print("held", flush=True)
        time.sleep(600)


def hold_unchecked_board(home: str, ledger: str) -> None:
    """Holds tables open that took in a ledger while somebody else wrote, so that all of it is in the log alone."""
    path, kept = Path(home, "scores.duckdb"), Path(home, "ledger.jsonl")
    scores = Scores(path, Ledger(kept), six_tasks(), [])
    with duckdb.connect(path) as other:
        other.begin()
        other.execute("CREATE TABLE unfinished (a INTEGER)")
        shutil.copy(ledger, kept)
        scores.refresh()
        print("held", flush=True)
        time.sleep(600)


def follow_without_room(home: str) -> None:
    """Publishes when no file may grow any more; prints how many rows the board has before and after."""
    ledger = Ledger(Path(home, "ledger.jsonl"))
    scores = Scores(Path(home, "scores.duckdb"), ledger, six_tasks(), [])
    shown = [len(scores.standings(Provenance.MEASURED, Edition.REHEARSAL))]
    for number in range(40):
        ledger.append(f"t{number}", toy_result(f"acme/t{number}", values=dict.fromkeys(MANY_TASKS, 1.0)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
    scores.follow()
    shown.append(len(scores.standings(Provenance.MEASURED, Edition.REHEARSAL)))
    print(json.dumps(shown), flush=True)


def open_without_room(home: str) -> None:
    """Opens a board when no file may grow any more; prints how many rows it has."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
    scores = Scores(Path(home, "scores.duckdb"), Ledger(Path(home, "ledger.jsonl")), six_tasks(), [])
    print(json.dumps(len(scores.standings(Provenance.MEASURED, Edition.REHEARSAL))), flush=True)


def write_half_a_snapshot(home: str, folder: str) -> None:
    """Begins to write a snapshot and hangs in the middle until killed."""

    class Slow(Scores):
        def copy_out(self, parquet: Path) -> tuple[Head, list[dict[str, Any]]]:
            copied = super().copy_out(parquet)
            print("half", flush=True)
            time.sleep(600)
            return copied

    write_snapshot(Slow(Path(home, "scores.duckdb"), Ledger(Path(home, "ledger.jsonl")), [], []), Path(folder))


def append_endlessly(path: str) -> None:
    """Publishes one model after another and prints each entry's hash, until killed."""
    ledger = Ledger(Path(path))
    for number in range(1_000_000):
        print(ledger.append(f"s{number}", toy_result(f"acme/m{number}")).hash, flush=True)


RACES = {
    race.__name__: race
    for race in (
        submit_models,
        submit_within_a_week,
        submit_endlessly,
        claim_all,
        publish_models,
        hold_lock,
        hold_queue,
        hold_board,
        hold_unchecked_board,
        follow_without_room,
        open_without_room,
        write_half_a_snapshot,
        append_endlessly,
    )
}

if __name__ == "__main__":
    RACES[sys.argv[1]](*sys.argv[2:])
