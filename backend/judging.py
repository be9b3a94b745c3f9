"""Tasks judged in the background, so that a model answers the next one meanwhile."""

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from threading import Event
from types import TracebackType

from backend.domain import Dataset, Prediction, Run, ScoredExample, Task
from backend.halting import HALT_POLL_SECONDS, halt_if, halting_when
from backend.metrics.rouge import forget
from backend.scoring import Judges, score

THREAD = "judge"
ScoredRun = tuple[Run, list[ScoredExample]]


class Judging:
    """One thread that judges one task after the other, with metrics made ready once.

    The thread is gone when the block ends; left early, BERTScore and the linker break off, other metrics come to their
    end first. What it finds is in memory alone
    and handed over where it is asked for.
    """

    def __init__(self, judges: Judges, halt: Event) -> None:
        self._judges, self._halt = judges, halt
        self._leave = Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=THREAD)
        self._verdicts: dict[str, Future[ScoredRun]] = {}

    def __enter__(self) -> "Judging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave.set()
        self._thread.shutdown(wait=True, cancel_futures=True)
        forget()  # a worker that waits for weeks keeps no patient's text

    def has_begun(self, task: Task) -> bool:
        """Whether the task was handed over."""
        return task.name in self._verdicts

    def begin(self, task: Task, dataset: Dataset, predictions: Mapping[str, Prediction]) -> None:
        """The task is judged when those before it are; the predictions are complete and stay as they are."""
        self._verdicts[task.name] = self._thread.submit(self._judge, task, dataset, predictions)

    def verdict(self, task: Task) -> ScoredRun:
        """What became of a task that was handed over, or the fault that it ended with. Halted once told to stop."""
        found = self._verdicts[task.name]
        while not wait([found], timeout=HALT_POLL_SECONDS).done:
            halt_if(self._halt.is_set())
        return found.result()

    def _judge(self, task: Task, dataset: Dataset, predictions: Mapping[str, Prediction]) -> ScoredRun:
        with halting_when(lambda: self._leave.is_set() or self._halt.is_set()):
            return score(task, dataset, predictions, self._judges)
