"""A worker that claims and then writes answers until it is told to stop: python -m tests.storage.scribe HOME."""

import sys
import time
from functools import partial
from itertools import count
from pathlib import Path

from backend.domain import Fact, Finish, Prediction
from backend.errors import Replaced
from storage.predictions import Journals
from storage.submissions import Claim, Submissions
from tests.storage.records import toy_dataset, toy_task

FACTS: dict[str, Fact] = {"engine_version": "1"}
TASK, DATASET = toy_task(), toy_dataset()


def journals_of(home: Path, store: Submissions, claim: Claim) -> Journals:
    """The journals that whoever holds the claim may open."""
    return Journals(home / "run", {"submission": claim.submission.id}, partial(store.holding, claim))


def answer(name: str, number: int) -> Prediction:
    """One more answer, with its writer's name in it."""
    return Prediction(example_id=f"{name}-{number}", text=name, finish=Finish.STOP)


def write(home: Path) -> None:
    """Prints the id of each answer that was appended; once HOME/stop is there, whether a journal can be opened."""
    store = Submissions(home / "queue.sqlite")
    claim = store.claim("first", 60)
    assert claim is not None
    journals = journals_of(home, store, claim)
    with journals(TASK, DATASET, FACTS) as journal:
        for number in count():
            journal.append(answer("first", number))
            print(f"first-{number}", flush=True)
            if (home / "stop").exists():
                break
            time.sleep(0.002)
    try:
        with journals(TASK, DATASET, FACTS):
            print("opened", flush=True)
    except Replaced:
        print("refused", flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
