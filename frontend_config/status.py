"""How the whole installation stands, read from its stores, and what of it needs its operator."""

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import disk_usage
from typing import Any

from backend import __version__
from backend.datasets.catalog import state_of
from backend.domain import PROTOCOL, Task
from backend.errors import LedgerBroken
from backend.isolation import Isolation
from backend.settings import Settings
from backend.submission import AT_WORK, Pulse, Status, Submission
from frontend_config.desk import Desk
from storage.backup import HEAD, last_backup
from storage.isolation_note import noted_isolation
from storage.ledger import Ledger

GB = 1_000_000_000
RECENT = timedelta(days=7)
NEXT_SHOWN = 5
FOLDERS = ("models", "runs", "snapshots")


def status_record(desk: Desk, ledger: Ledger) -> dict[str, Any]:
    """Everything the operator may want to know as plain data; `concerns` are sentences on what needs them."""
    home, found, pulse = desk.settings.home, desk.submissions(), desk.pulse()
    record = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"program": __version__, "protocol": PROTOCOL, "python": platform.python_version()},
        "queue": _queue(found, desk.waiting()),
        "worker": _worker(pulse),
        "isolation": noted_isolation(home),
        "disk": _disk(home),
        "data": _data(desk.tasks, desk.settings.data_dir),
        "ledger": _ledger(ledger, home),
        "backup": last_backup(home),
    }
    concerns = _concerns(record, pulse, desk.settings)
    return {"well": not concerns, "concerns": concerns, **record}


def _queue(found: Sequence[Submission], waiting: Sequence[str]) -> dict[str, Any]:
    counts = Counter(each.status for each in found)
    since = datetime.now(UTC) - RECENT
    failed = [each for each in found if each.status is Status.FAILED and each.updated_at > since]
    by_id = {each.id: each for each in found}
    following = [by_id[each] for each in waiting[:NEXT_SHOWN] if each in by_id]
    return {
        "statuses": {status.value: counts[status] for status in Status},
        "failures_7_days": dict(Counter(str(each.failure_code) for each in failed)),
        "running": [_running(each) for each in found if each.status in AT_WORK],
        "next": [{"id": each.id, "model": each.model.hub_id, "edition": each.edition} for each in following],
    }


def _running(each: Submission) -> dict[str, Any]:
    at = each.progress
    return {
        "id": each.id,
        "model": each.model.hub_id,
        "edition": each.edition,
        "attempt": each.attempt,
        "since": each.started_at.isoformat(timespec="seconds") if each.started_at else None,
        "stage": at.stage if at else None,
        "task": at.task if at else None,
        "task_number": at.task_number if at else None,
        "task_count": at.task_count if at else None,
        "done": at.done if at else None,
        "total": at.total if at else None,
    }


def _worker(pulse: Pulse) -> dict[str, Any]:
    return {
        "seen_at": pulse.seen_at.isoformat(timespec="seconds") if pulse.seen_at else None,
        "silent_seconds": None if pulse.silent_seconds is None else round(pulse.silent_seconds),
        "alive": pulse.alive,
        "paused": pulse.paused,
        "operator_pause": pulse.operator_pause.reason if pulse.operator_pause else None,
    }


def _disk(home: Path) -> dict[str, Any]:
    usage = disk_usage(home)
    return {"total": usage.total, "free": usage.free, "used": {name: _bytes_under(home / name) for name in FOLDERS}}


def _bytes_under(folder: Path) -> int:
    """Bytes of the files below; what is linked to is counted where it lies."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except FileNotFoundError:
                continue
    return total


def _data(tasks: Sequence[Task], folder: Path) -> dict[str, str]:
    return {task.name: state_of(task, task.file, folder).presence for task in tasks if task.file is not None}


def _ledger(ledger: Ledger, home: Path) -> dict[str, Any]:
    stated = _stated_head(home / HEAD)
    signed = None if stated is None else "signature" in stated
    verified = {"verified_at": datetime.now(UTC).isoformat(timespec="seconds"), "signed": signed}
    try:
        head = ledger.verify()
    except LedgerBroken as broken:
        return {"ok": False, "fault": str(broken), "lines": None, "hash": None, **verified}
    return {"ok": True, "fault": None, "lines": head.number, "hash": head.hash, **verified}


def _stated_head(path: Path) -> dict[str, Any] | None:
    try:
        stated = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return stated if isinstance(stated, dict) else None


def _concerns(record: Mapping[str, Any], pulse: Pulse, settings: Settings) -> list[str]:
    concerns = []
    wanting = sum(record["queue"]["statuses"][status] for status in Status if status.open)
    if wanting and not pulse.alive:
        seen = (
            "No worker was ever seen"
            if pulse.seen_at is None
            else f"No worker was seen since {pulse.seen_at:%F %T} UTC"
        )
        concerns.append(f"{seen}; unfinished submissions: {wanting}. Start one: python app.py work.")
    if pulse.operator_pause:
        until = pulse.operator_pause.until
        when = f"until {until:%F %H:%M} UTC" if until else "until `python app.py resume`"
        concerns.append(f"The operator has paused the queue {when}: {pulse.operator_pause.reason}")
    if pulse.paused:
        concerns.append(f"The queue is paused: {pulse.paused}")
    isolation = record["isolation"]
    if isolation and isolation["level"] == Isolation.NONE and not settings.unisolated_credentialed:
        concerns.append(
            f"A model's process is not isolated here ({isolation['why']}), so local models are given no credentialed "
            "task. docs/isolation.md says what to install; CLUE_UNISOLATED_CREDENTIALED=none does without."
        )
    if record["ledger"]["fault"]:
        concerns.append(record["ledger"]["fault"])
    if record["disk"]["free"] < settings.min_free_gb * GB:
        free = record["disk"]["free"] / GB
        concerns.append(
            f"Only {free:.1f} GB of the disk are free, less than the {settings.min_free_gb:g} GB of CLUE_MIN_FREE_GB. "
            "Remove what is old below models, or make the disk larger."
        )
    return concerns
