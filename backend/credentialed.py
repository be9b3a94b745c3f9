"""The people of this installation who may read credentialed data: for which tasks, and until when."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from backend.domain import Access, Edition, Task
from backend.errors import DataMissing, OperatorFault

FILE = "credentialed.json"
REMEDY = "`python app.py credentialed add` lists one; docs/governance.md says who may be."
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Somebody with a credentialed PhysioNet account, and the tasks whose data use agreements they have signed.

    `training_until` is the last day on which their training in research with human data counts.
    """

    name: str
    account: str
    since: date
    training_until: date
    tasks: tuple[str, ...]

    def may_read(self, task: str, today: date) -> bool:
        """Whether they may read the task's data on this day."""
        return task in self.tasks and self.since <= today <= self.training_until


_FILED = TypeAdapter(tuple[Reader, ...])


def read_readers(home: Path) -> tuple[Reader, ...]:
    """Everybody who is listed in the home, current or not; OperatorFault when the list cannot be read."""
    path = home / FILE
    try:
        return _FILED.validate_json(path.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError):
        raise OperatorFault(
            f"{path} cannot be read as a list of credentialed people. Restore it, or remove it and list them again.",
            public="This leaderboard's list of credentialed people cannot be read.",
        ) from None


def filed_bytes(people: Iterable[Reader]) -> bytes:
    """The content of the file that lists them."""
    return _FILED.dump_json(tuple(people), indent=1) + b"\n"


def is_confidential(task: Task, edition: Edition) -> bool:
    """Whether nothing of the task's texts may be shown; those of the rehearsal are all invented."""
    return task.access is not Access.OPEN and edition is not Edition.REHEARSAL


def require_reader(task: Task, edition: Edition, home: Path, today: date | None = None) -> None:
    """Nothing, when the texts may be shown or somebody who may read them is listed; DataMissing when nobody is."""
    day = today or datetime.now(UTC).date()
    if not is_confidential(task, edition) or any(one.may_read(task.name, day) for one in read_readers(home)):
        return
    _LOG.warning("a task is left out: nobody who may read its data is listed", extra={"task": task.name})
    raise DataMissing(
        f"{task.name}: its data are credentialed, and nobody who may read them now is listed. {REMEDY}",
        public="Nobody who may read the task's credentialed data is listed on this leaderboard just now.",
    )
