"""Looks after a model's process from outside: memory, processes, time and what it writes, each up to its bound."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from backend.errors import FailureCode, ModelCrash, ModelFault
from backend.isolation.bounds import GB, Bounds
from backend.isolation.family import family_of, memory_of
from backend.isolation.scratch import bytes_in

BOUNDS_POLL_SECONDS = 0.25
SCRATCH_EVERY = 8
FIRST_TO_GO = "1000"


ProcessFault = ModelCrash | ModelFault


class BoundsWatch:
    """Calls `end` with the reason once the process or what came of it goes beyond a bound.

    Too much memory is the model's fault, for it would take as much again; whatever else is a crash.
    The system's own killer is told to take them first, when memory runs out faster than anybody looks.
    """

    def __init__(self, pid: int, bounds: Bounds, scratch: Path | None, end: Callable[[ProcessFault], None]) -> None:
        self._pid, self._bounds, self._scratch, self._end = pid, bounds, scratch, end
        self._deadline = time.monotonic() + bounds.seconds
        self._stopped = Event()
        self._thread = Thread(target=self._look_on, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """It looks no more, and ends nothing."""
        self._stopped.set()
        self._thread.join()

    def _look_on(self) -> None:
        looks = 0
        while True:
            verdict = self._look(with_scratch=looks % SCRATCH_EVERY == 0)
            if verdict:
                self._end(verdict)
                return
            looks += 1
            if self._stopped.wait(BOUNDS_POLL_SECONDS):
                return

    def _look(self, *, with_scratch: bool) -> ProcessFault | None:
        bounds = self._bounds
        if time.monotonic() > self._deadline:
            return ModelCrash(
                FailureCode.GENERATION_TIMEOUT, "All its tasks together took longer than CLUE_MODEL_HOURS."
            )
        family = family_of(self._pid, bounds.processes)
        if len(family) > bounds.processes:
            return ModelCrash(FailureCode.INTERNAL_ERROR, f"It started more than {bounds.processes} processes.")
        for pid in family:
            with suppress(OSError):  # gone meanwhile
                Path(f"/proc/{pid}/oom_score_adj").write_text(FIRST_TO_GO)
        if memory_of(family) > bounds.memory:
            return ModelFault(FailureCode.OUT_OF_MEMORY, f"It took more than {bounds.memory / GB:.3g} GB.")
        if with_scratch and self._scratch and bytes_in(self._scratch) > bounds.scratch:
            return ModelCrash(FailureCode.INTERNAL_ERROR, f"It wrote more than {bounds.scratch / GB:.3g} GB of files.")
        return None
