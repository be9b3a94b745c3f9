"""Many people press the button at once, from several processes and threads."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, perf_counter, sleep

from eval_queue.storm.arena import Arena
from eval_queue.storm.lives import Life

PROCESSES = 4
THREADS = 8
LONGEST = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """How long each of the racing submissions took, in seconds; `rows` is how many are stored afterwards."""

    p50_s: float
    p95_s: float
    p99_s: float
    errors: int
    rows: int
    acknowledged: int


def race(arena: Arena, submissions: int, number_of: Callable[[int], int]) -> Race:
    """So many submissions begun at the same moment, the i-th of model `number_of(i)`."""
    begin = monotonic() + 0.3
    told = [arena.home / f"racer-{process}.json" for process in range(PROCESSES)]

    def submit_all(process: int) -> Callable[[], None]:
        mine = range(process, submissions, PROCESSES)
        return lambda: _submit_all(arena, [number_of(number) for number in mine], begin, told[process])

    faults = arena.home / "faults"
    lives = [Life(f"racer-{process}", submit_all(process), faults) for process in range(PROCESSES)]
    for life in lives:
        life.wait(LONGEST)
        life.end()
    answers = [answer for path in told if path.exists() for answer in json.loads(path.read_text(encoding="utf-8"))]
    seconds = [answer[0] for answer in answers]
    ids = {answer[1] for answer in answers if answer[1]}
    return Race(
        p50_s=quantile(seconds, 0.5),
        p95_s=quantile(seconds, 0.95),
        p99_s=quantile(seconds, 0.99),
        errors=submissions - sum(1 for answer in answers if answer[1]),
        rows=len(arena.submissions.newest()),
        acknowledged=len(ids),
    )


def quantile(values: Sequence[float], part: float) -> float:
    """The smallest value that this part of them does not exceed, to a tenth of a millisecond; 0 of none."""
    ordered = sorted(values) or [0.0]
    return round(ordered[min(len(ordered) - 1, int(part * len(ordered)))], 4)


def _submit_all(arena: Arena, numbers: list[int], begin: float, told: Path) -> None:
    def submit(number: int) -> tuple[float, str]:
        begun = perf_counter()
        try:
            taken = arena.submit(number, f"person-{number}")
        except Exception:  # noqa: BLE001 - any refusal at all is counted as an error
            taken = ""
        return perf_counter() - begun, taken

    sleep(max(0.0, begin - monotonic()))
    with ThreadPoolExecutor(THREADS) as threads:
        told.write_text(json.dumps(list(threads.map(submit, numbers))), encoding="utf-8")
