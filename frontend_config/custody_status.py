"""How it stands with the duties around credentialed data, and what of it needs the operator."""

import stat
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from backend.approvals import Approvals
from backend.credentialed import Reader, read_readers
from backend.datasets.catalog import locate
from backend.datasets.rehearsal import is_synthetic
from backend.domain import Access, Task
from backend.errors import DataMissing, OperatorFault
from backend.settings import Settings

SOON = timedelta(days=14)
ASIDE = "before-restore-*"  # where a restore puts what was there before


def custody_record(settings: Settings) -> dict[str, Any]:
    """Who may read credentialed data, and which endpoints may receive it, as plain data; `faults` are of the files."""
    try:
        people, approvals = read_readers(settings.home), Approvals(settings)
        filed = [(one, approvals.fault_of(one)) for one in approvals.filed()]
    except OperatorFault as fault:
        return {"people": [], "approvals": [], "faults": [str(fault)]}
    return {
        "people": [
            {"name": one.name, "tasks": list(one.tasks), "training_until": one.training_until.isoformat()}
            for one in people
        ],
        "approvals": [
            {
                "id": one.id,
                "endpoint": one.endpoint,
                "tasks": list(one.tasks),
                "expires": one.expires.isoformat(timespec="seconds"),
                "fault": fault,
            }
            for one, fault in filed
        ],
        "faults": [],
    }


def custody_concerns(settings: Settings, tasks: Iterable[Task], now: datetime | None = None) -> list[str]:
    """What needs the operator: nobody or nobody current listed, approvals that hold no more or not for long, copies
    whose time is over, data files that all users of the machine can read.
    """
    at = now or datetime.now(UTC)
    here = installed(settings, tasks)
    try:
        people = read_readers(settings.home)
        found = [*unread_concerns(people, here, at.date()), *_people_concerns(people, at.date())]
        found += _approval_concerns(settings, at)
    except OperatorFault as fault:
        found = [str(fault)]
    return [*found, *_copy_concerns(settings, at), *_file_concerns(settings, here)]


def unread_concerns(people: Sequence[Reader], tasks: Iterable[Task], today: date) -> Iterator[str]:
    """One sentence, with the command to run, if nobody may read the data of some of these tasks."""
    unread = [task.name for task in tasks if not any(one.may_read(task.name, today) for one in people)]
    if unread:
        yield (
            f"Nobody who may read the data of {', '.join(unread)} is listed, so these tasks are not run. Whoever may: "
            "python app.py credentialed add NAME --account PHYSIONET_ACCOUNT --since YYYY-MM-DD --training-until "
            f"YYYY-MM-DD --tasks {','.join(unread)}"
        )


def installed(settings: Settings, tasks: Iterable[Task]) -> list[Task]:
    """The tasks whose credentialed data are here."""
    return [task for task in tasks if _credentialed_file(task, settings) is not None]


def _people_concerns(people: Sequence[Reader], today: date) -> Iterator[str]:
    for one in people:
        if one.training_until - today < SOON:
            ended = "ended" if one.training_until < today else "ends"
            yield (
                f"The training of {one.name} {ended} on {one.training_until}. List them anew with `credentialed add`, "
                "or take them off with `credentialed remove`."
            )


def _approval_concerns(settings: Settings, now: datetime) -> Iterator[str]:
    approvals = Approvals(settings, lambda: now)
    for one in approvals.filed():
        fault = approvals.fault_of(one)
        if fault:
            yield f"Approval {one.id} of {one.endpoint} does not hold: {fault}. Approve anew, or `endpoints revoke` it."
        elif one.expires - now < SOON / 2:
            yield f"Approval {one.id} of {one.endpoint} ends on {one.expires:%F %R} UTC."


def _copy_concerns(settings: Settings, now: datetime) -> Iterator[str]:
    for folder in sorted(settings.home.glob(ASIDE)):
        age = now - datetime.fromtimestamp(folder.stat().st_mtime, UTC)
        if (folder / "runs").is_dir() and age > timedelta(days=settings.retention_days):
            yield (f"{folder} is older than CLUE_RETENTION_DAYS and may hold answers to credentialed tasks. Remove it.")


def _file_concerns(settings: Settings, tasks: Iterable[Task]) -> Iterator[str]:
    for task in tasks:
        file = _credentialed_file(task, settings)
        if file is not None and file.stat().st_mode & stat.S_IROTH:
            yield f"Everybody on this machine can read {file}. Take that away: chmod o-rwx {file}"


def _credentialed_file(task: Task, settings: Settings) -> Path | None:
    if task.file is None or task.access is Access.OPEN or is_synthetic(settings.data_dir):
        return None
    try:
        return locate(task.file, settings.data_dir)
    except DataMissing:
        return None
