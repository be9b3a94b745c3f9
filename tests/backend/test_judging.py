"""A finished task is judged while the model answers the next one, and nothing of that shows but the time."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest

from backend.domain import Measure, Metric, Model, ModelSource, Progress, Prompt, Result, Stage, Task
from backend.errors import Halted
from backend.evaluation import Evaluation
from backend.halting import go_on
from backend.judging import THREAD
from backend.metrics import rouge
from backend.settings import Settings
from tests.backend.toys import MemoryJournals, PowerCut, ToyEngine, add_up, metric, same, toy_task

PATIENCE = 60
EXAMPLES = 10  # of a toy task


def evaluate(
    toy: ToyEngine,
    *tasks: Task,
    home: Path,
    journals: MemoryJournals | None = None,
    halt: Event | None = None,
    report: Callable[[Progress], None] = lambda progress: None,
) -> Result:
    return Evaluation(
        model=Model(hub_id="acme/tiny", revision="0" * 40),
        source=ModelSource(hub_id="acme/tiny", revision="0" * 40),
        engine=toy.engine,
        edition=next(iter(toy.editions)),
        tasks=tasks,
        settings=Settings(home=home),
        journal=(journals or MemoryJournals()).open,
        report=report,
        halt=halt or Event(),
    ).run()


def doing(act: Callable[[], object]) -> Metric:
    """A metric that does something before it measures."""

    def measure(answers: Sequence[str], references: Sequence[str]) -> list[float]:
        act()
        return same(answers, references)

    return metric("same", measure)


def judging_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith(THREAD)]


class Meeting:
    """The model's first answer to the second task and the judging of the first task wait for each other."""

    def __init__(self) -> None:
        self.asked, self.judged = Event(), Event()
        self.met: list[bool] = []
        self._answers = 0

    def answer(self, prompt: Prompt) -> str:
        self._answers += 1
        if self._answers == EXAMPLES + 1:
            self.asked.set()
            self.met.append(self.judged.wait(PATIENCE))
        return add_up(prompt)

    def judge(self) -> None:
        self.judged.set()
        self.met.append(self.asked.wait(PATIENCE))


def test_the_first_task_is_judged_while_the_second_is_asked(tmp_path: Path) -> None:
    """Each waits in the middle of its work for the other to have begun: one after the other neither would go on."""
    meeting = Meeting()
    first = toy_task("first", metrics=[doing(meeting.judge)])
    result = evaluate(ToyEngine(write=meeting.answer), first, toy_task("second"), home=tmp_path)
    assert meeting.met == [True, True]
    assert [run.task_score.value for run in result.runs] == [100.0, 75.0]
    assert judging_threads() == []


def test_beside_a_model_on_this_processor_nothing_is_judged(tmp_path: Path) -> None:
    toy = ToyEngine(facts={"device": "cpu"})
    closed: list[int] = []
    evaluate(toy, toy_task("first", metrics=[doing(lambda: closed.append(toy.closed))]), toy_task(), home=tmp_path)
    assert closed == [1]


def test_a_fault_of_judging_comes_after_the_asking_and_loses_no_answer(tmp_path: Path) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    journals, told = MemoryJournals(), list[Progress]()
    toy = ToyEngine()
    broken = toy_task("first", metrics=[doing(fail)])
    with pytest.raises(ZeroDivisionError):
        evaluate(toy, broken, toy_task("second"), home=tmp_path, journals=journals, report=told.append)
    assert len(toy.asked) == 2 * EXAMPLES and told[-1].stage is Stage.SCORE and told[-1].task == "first"
    assert judging_threads() == []
    again = ToyEngine()
    mended = replace(broken, metrics=toy_task().metrics)
    assert evaluate(again, mended, toy_task("second"), home=tmp_path, journals=journals).runs[0].task_score.value == 75
    assert again.opened == 0


def test_a_model_that_fails_ends_the_judging_too(tmp_path: Path) -> None:
    def last() -> None:
        while True:
            go_on()

    toy = ToyEngine(stop_after=EXAMPLES + 5)
    first = toy_task("first", metrics=[doing(last)])
    with pytest.raises(PowerCut):
        evaluate(toy, first, toy_task("second"), home=tmp_path)
    assert judging_threads() == []


def test_judging_that_is_waited_for_ends_when_told_to_stop(tmp_path: Path) -> None:
    halt = Event()

    def last() -> None:
        halt.set()
        while True:
            go_on()

    with pytest.raises(Halted):
        evaluate(ToyEngine(), toy_task(metrics=[doing(last)]), home=tmp_path, halt=halt)
    assert judging_threads() == []


def test_metrics_of_all_tasks_are_made_ready_by_one_thread(tmp_path: Path) -> None:
    threads: list[str] = []

    def prepare(settings: Settings) -> Measure:
        threads.append(threading.current_thread().name)
        return same

    tasks = [toy_task(name, metrics=[replace(metric(name, same), prepare=prepare)]) for name in ("one", "two", "three")]
    evaluate(ToyEngine(), *tasks, home=tmp_path)
    assert len(threads) == 3 and len(set(threads)) == 1


def test_no_text_that_was_judged_stays_in_memory(tmp_path: Path) -> None:
    task = toy_task(metrics=[rouge.ROUGE_L, rouge.ROUGE_2])
    assert rouge.rouge_l("of a model before", "of a model before") == 1
    assert evaluate(ToyEngine(), task, home=tmp_path).runs[0].task_score.value is not None
    assert rouge._words.cache_info().currsize == rouge._ngrams.cache_info().currsize == 0
