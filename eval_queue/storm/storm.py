"""A whole storm, phase after phase, and the one record that says how it ended."""

import os
import platform
import resource
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

from backend.progress import FractionProgress
from eval_queue.archive import Archive
from eval_queue.storm.arena import Arena, Kit, calm_results, open_arena, prepared
from eval_queue.storm.inspection import Findings, inspect, recoveries
from eval_queue.storm.killpoints import Hit
from eval_queue.storm.points import die_at_each, die_submitting_at_each, list_points, list_points_of_submitting
from eval_queue.storm.racing import Race, quantile, race
from eval_queue.storm.supervisor import Supervisor
from eval_queue.storm.tempest import Tempest
from eval_queue.storm.zombies import Woken, raise_zombies

LEASE_SECONDS = 1.0
SHORT_LEASE = 0.04  # beats come within one short evaluation, so that their lines are places to die at too
ZOMBIE_LEASE = 0.2
CALM_SECONDS = 300.0
SEGMENT_SECONDS = 60.0
MEGABYTE = 1_000_000
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Force:
    """How hard it blows. With `minutes` it goes on for so long; `kills` is then the least number of them."""

    kills: int = 3_000
    zombies: int = 20
    racers: int = 1_000
    minutes: float = 0
    seed: int = 1


def run_storm(kit: Kit, home: Path, force: Force, report: FractionProgress) -> dict[str, Any]:
    """The record of a storm over new homes inside `home`; its `clean` says that nothing was lost, doubled or stuck."""
    with ExitStack() as stack:
        return _storm(kit, home, force, report, stack)


def machine() -> dict[str, Any]:
    """What the figures were measured on, and when."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
    }


def _storm(kit: Kit, home: Path, force: Force, report: FractionProgress, stack: ExitStack) -> dict[str, Any]:
    begun, chance = time.monotonic(), Random(force.seed)
    kit = prepared(kit, home / "data")
    calm = calm_results(kit, home / "calm")

    def supervise(name: str, lease_seconds: float) -> Supervisor:
        supervisor = Supervisor(open_arena(home / name, kit, lease_seconds=lease_seconds), chance)
        stack.callback(supervisor.end)
        return supervisor

    at_points, zombies = supervise("points", SHORT_LEASE), supervise("zombies", ZOMBIE_LEASE)
    storm = supervise("storm", LEASE_SECONDS)
    reached, missed = _die_at_points(at_points, force.kills, report)
    young = {point: supervise(f"young-{number}", SHORT_LEASE) for number, point in enumerate(missed)}
    missed = [point for point, supervisor in young.items() if die_at_each(supervisor, [point], report)]
    woken = raise_zombies(zombies, force.zombies, report)
    growth = _rage(storm, max(0, force.kills - at_points.tally.kills), force.minutes, report)
    homes = (at_points, *young.values(), zombies, storm)
    parts = {supervisor: _aftermath(supervisor, calm, report) for supervisor in homes}
    distinct = race(open_arena(home / "distinct", kit, lease_seconds=1), force.racers, lambda number: number)
    same = race(open_arena(home / "same", kit, lease_seconds=1), force.racers, lambda number: 0)
    return {
        **_numbers(parts),
        **_race_numbers(distinct, same, force.racers),
        "zombies": woken.zombies,
        "zombie_writes": woken.writes + sum(findings.foreign_steps for findings in parts.values()),
        "stops_without_takeover": woken.others,
        "kill_points": reached + len(young) - len(missed),
        "kill_points_missed": [str(point) for point in missed],
        **{f"{name}_p95_s": quantile(seconds, 0.95) for name, seconds in recoveries(storm.arena, storm.tally).items()},
        "lease_s": LEASE_SECONDS,
        "clean": _is_clean(woken, parts, distinct, same, force.racers),
        **growth,
        "seed": force.seed,
        "seconds": round(time.monotonic() - begun, 1),
        "machine": machine(),
    }


def _die_at_points(supervisor: Supervisor, kills: int, report: FractionProgress) -> tuple[int, list[Hit]]:
    """How many of the listed places somebody was killed at, and those that nobody came by any more.

    These are mostly of a home's first hours, and are tried again in a young home each.
    """
    if not kills:
        return 0, []
    working, submitting = list_points(supervisor), list_points_of_submitting(supervisor)
    missed, done = [], 0
    for last in (False, True):
        at_door = [hit for hit in submitting if (hit.count > 1) is last][: kills - done]
        done += len(at_door)
        at_work = [hit for hit in working if (hit.count > 1) is last][: kills - done]
        done += len(at_work)
        missed += die_submitting_at_each(supervisor, at_door) + die_at_each(supervisor, at_work, report)
    return done - len(missed), missed


def _rage(storm: Supervisor, kills: int, minutes: float, report: FractionProgress) -> dict[str, Any]:
    """Nothing that was killed is alive any more; returns what grew in a soak."""
    tempest = Tempest(storm)
    if kills:
        tempest.rage(report, kills=kills)
    if not minutes:
        return {}
    end, samples = time.monotonic() + 60 * minutes, []
    while (left := end - time.monotonic()) > 0:
        tempest.rage(report, seconds=min(SEGMENT_SECONDS, left))
        samples.append(_sizes(storm.arena))
    return {"minutes": minutes, "growth": {"first": samples[0], "last": samples[-1]}}


def _sizes(arena: Arena) -> dict[str, float]:
    """Resident memory of this process and the sizes of what is kept, in MB, after so many submissions."""
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    kept = {name: arena.home / name for name in ("queue.sqlite", "queue.sqlite-wal", "ledger.jsonl")}
    sizes = {f"{name}_mb": path.stat().st_size / MEGABYTE if path.exists() else 0.0 for name, path in kept.items()}
    count = sum(arena.submissions.counts().values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    memory = {"memory_mb": resident / MEGABYTE, "peak_memory_mb": peak}
    return {"submissions": count, **{name: round(value, 2) for name, value in {**memory, **sizes}.items()}}


def _aftermath(supervisor: Supervisor, calm: list[Mapping[str, Any]], report: FractionProgress) -> Findings:
    supervisor.settle(CALM_SECONDS, report)
    arena = supervisor.arena
    Archive(arena.submissions, arena.settings, arena.kit.tasks, Event()).tidy()
    return inspect(supervisor.arena, supervisor.tally, calm)


def _numbers(parts: Mapping[Supervisor, Findings]) -> dict[str, Any]:
    tallies = [supervisor.tally for supervisor in parts]
    found: dict[str, int] = {}
    for findings in parts.values():
        for name, count in asdict(findings).items():
            found[name] = found.get(name, 0) + count
    return {
        "kills": sum(tally.kills for tally in tallies),
        **found,
        "submitters_killed": sum(tally.submitters_killed for tally in tallies),
        "stops": sum(tally.stops for tally in tallies),
        "submissions": sum(len(tally.acknowledged) for tally in tallies),
        "quarantined": sum(tally.retried for tally in tallies),
        "faults": sum(1 for one in parts for _ in (one.arena.home / "faults").glob("*")),
    }


def _race_numbers(distinct: Race, same: Race, racers: int) -> dict[str, Any]:
    return {
        "p95_s": distinct.p95_s,
        "p99_s": distinct.p99_s,
        "errors": distinct.errors + same.errors,
        "racers": racers,
        "distinct": asdict(distinct),
        "same": asdict(same),
    }


def _is_clean(woken: Woken, parts: Mapping[Supervisor, Findings], distinct: Race, same: Race, racers: int) -> bool:
    raced = (distinct.rows, same.rows, distinct.errors, same.errors) == (racers, min(1, racers), 0, 0)
    return raced and not woken.writes and all(findings.clean for findings in parts.values())
