"""Whatever is under way, a cancel ends it, keeps what was answered, and a retry goes on from there."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread

import pytest

from backend.domain import Engine, Metric, Model, ModelSource, Prompt
from backend.errors import FailureCode, Halted, UsageError
from backend.settings import Settings
from backend.submission import Status
from backend.tasks import all_tasks
from storage.submissions import Claim, Submissions
from tests.commands import CommandLine
from tests.eval_queue.at_work import ONE_BY_ONE, answers, asking_a_model, gone, published, stand
from tests.eval_queue.toys import House, ToyModel, say_yes, toy_engine
from tests.loopback.hub import LoopbackHub
from tests.storage.records import Measured, toy_task
from tests.waiting import wait_for

PATIENCE = 30


def all_answers(cli: CommandLine, submission_id: str) -> list[tuple[str, str]]:
    """Task and example of every answer that is kept."""
    return [(task, one["example_id"]) for task in all_tasks() for one in answers(cli, submission_id, task)]


class Stop:
    """Where the work stands still until it is halted, the first time it comes there."""

    def __init__(self) -> None:
        self.reached, self.done = Event(), Event()

    def stand(self, halt: Event) -> None:
        if self.reached.is_set():
            return
        self.reached.set()
        halt.wait(PATIENCE)
        raise Halted("The evaluation was told to stop.")


def stopping_at_load(stop: Stop) -> Engine:
    @contextmanager
    def open_toy(source: ModelSource, settings: Settings, halt: Event) -> Iterator[ToyModel]:
        stop.stand(halt)
        yield ToyModel(say_yes, halt, [])

    return replace(toy_engine(needs_files=True), open=open_toy)


def stopping_at_predict(stop: Stop) -> Engine:
    def answer(prompt: Prompt, halt: Event) -> str:
        if prompt.example_id == "second-1":
            stop.stand(halt)
        return "yes"

    return toy_engine(answer, needs_files=True)


def waiting_metric(stop: Stop, cancelled: Event) -> Metric:
    """Scoring knows no halt: it goes on to the end of the task."""

    def prepare(settings: Settings) -> Callable[[Sequence[str], Sequence[str]], list[float]]:
        if not stop.reached.is_set():
            stop.reached.set()
            assert cancelled.wait(PATIENCE)
        return Measured()

    return Metric(name="exact", title="exact", meaning="the same text", prepare=prepare)


@pytest.mark.parametrize(("where", "kept"), [("download", 0), ("load", 0), ("predict", 4), ("score", 6)])
def test_a_cancelled_evaluation_ends_keeps_its_answers_and_goes_on_when_it_is_retried(
    tmp_path: Path, where: str, kept: int
) -> None:
    stop, cancelled = Stop(), Event()
    tasks = [toy_task("first"), toy_task("second")]
    if where == "score":
        tasks[1] = replace(tasks[1], metrics=(waiting_metric(stop, cancelled),))
    engines = {"load": stopping_at_load, "predict": stopping_at_predict}
    house = House(tmp_path, tasks=tasks)

    def download(model: Model, halt: Event, report: Callable[[int, int], None]) -> Path:
        if where == "download":
            stop.stand(halt)
        return tmp_path

    engine = engines[where](stop) if where in engines else toy_engine(needs_files=True)
    submission_id = house.submit()
    worker = Thread(target=house.worker(engine, download).run_next)
    worker.start()
    assert stop.reached.wait(PATIENCE)
    house.queue.cancel(submission_id, "ann")
    cancelled.set()
    worker.join(PATIENCE)
    found = house.found(submission_id)
    assert not worker.is_alive() and (found.status, found.failure_code) == (Status.CANCELLED, FailureCode.CANCELLED)
    before = house.answers(submission_id)
    assert len(before) == kept and house.published() == []
    house.queue.retry(submission_id, "ann")
    asked: list[str] = []
    house.worker(toy_engine(asked=asked)).run_next()
    assert house.found(submission_id).status is Status.FINISHED and len(asked) == 6 - kept
    assert set(before) <= set(house.answers(submission_id)) and house.published() == [submission_id]


@pytest.mark.parametrize("when", ["before the line", "after the line"])
def test_a_cancel_at_the_moment_of_publishing_comes_either_before_it_or_too_late(tmp_path: Path, when: str) -> None:
    house = House(tmp_path)
    submission_id = house.submit()

    class AtTheEnd(Submissions):
        """Somebody cancels right before or right after the last step."""

        def step(self, claim: Claim, status: Status, **kwargs: object) -> None:
            if status is Status.FINISHED and when == "before the line":
                house.queue.cancel(submission_id, "ann")
            super().step(claim, status, **kwargs)  # type: ignore[arg-type]
            if status is Status.FINISHED:
                with pytest.raises(UsageError, match="is finished and can be cancelled only while"):
                    house.queue.cancel(submission_id, "ann")

    real, house.submissions = house.submissions, AtTheEnd(tmp_path / "queue.sqlite", house.clock.pair)
    house.worker().run_next()
    house.submissions = real
    expected = (Status.CANCELLED, []) if when == "before the line" else (Status.FINISHED, [submission_id])
    assert (house.found(submission_id).status, house.published()) == expected


def test_cancelling_ends_the_group_of_the_models_process_and_a_retry_goes_on(
    tmp_path: Path, hub: LoopbackHub, tiny_model: Path
) -> None:
    cli = CommandLine(home=tmp_path, settings=ONE_BY_ONE)
    with asking_a_model(cli, hub, tiny_model, least=2) as (submission_id, worker, family):
        assert cli.run("cancel", submission_id).returncode == 0
        wait_for(lambda: gone(family), 25)
        assert worker.is_running() and stand(cli, submission_id)["status"] == "cancelled"
        kept = all_answers(cli, submission_id)
        assert len(kept) >= 2 and published(cli) == []
        assert cli.run("retry", submission_id).returncode == 0
        wait_for(lambda: len(all_answers(cli, submission_id)) > len(kept))
    resumed = all_answers(cli, submission_id)
    assert len(resumed) == len(set(resumed)) and set(kept) < set(resumed)
