"""Ranges of seconds come from what was measured, hold in most cases, and are left out where nothing was measured."""

import random
from dataclasses import replace

import pytest

from backend.domain import Edition, Progress, Stage
from backend.submission import Estimate, Pulse, Span, Spent, Status, Submission
from eval_queue.estimates import DOUBT, KEPT_SECONDS, REST, Estimates, Past, estimate
from tests.storage.records import Clock, wish

TASKS = ("first", "second")
SIZE = 7_000_000_000


def spent(task: str, seconds: float, *, params: int | None = SIZE, items: int = 10, engine: str = "toy") -> Spent:
    return Spent(task=task, items=items, seconds=seconds, engine=engine, edition=Edition.REHEARSAL, params=params)


def of_size(params: int | None, *, progress: Progress | None = None, engine: str = "toy") -> Submission:
    one = wish(engine=engine)
    return replace(one, model=replace(one.model, params=params), progress=progress)


PAST = [spent(task, seconds) for task in TASKS for seconds in (100, 120, 150)]
ONE_TASK = Span(100 / DOUBT, 150 * DOUBT)


def close(span: Span | None, low: float, high: float) -> bool:
    return span is not None and span.low == pytest.approx(low) and span.high == pytest.approx(high)


def test_the_next_begins_at_once_and_takes_what_the_same_size_took() -> None:
    one, two = of_size(SIZE), of_size(SIZE)
    found = estimate(Past(PAST, TASKS), [], [one, two])
    assert found[one.id].begins == Span(0, 0)
    assert close(found[one.id].lasts, 2 * ONE_TASK.low, 2 * ONE_TASK.high)
    assert found[two.id].begins == found[one.id].lasts


def test_while_the_queue_stands_still_nobody_knows_when_anything_begins() -> None:
    one = of_size(SIZE)
    found = estimate(Past(PAST, TASKS), [], [one], going=False)[one.id]
    assert found.begins is None and close(found.lasts, 2 * ONE_TASK.low, 2 * ONE_TASK.high)


def test_a_model_of_half_the_size_takes_half_as_long_where_smaller_ones_were_measured() -> None:
    past = [spent("first", seconds, params=params) for seconds, params in ((10, SIZE // 10), (100, SIZE), (100, SIZE))]
    one = of_size(SIZE // 2)
    assert close(estimate(Past(past, ["first"]), [], [one])[one.id].lasts, 50 / DOUBT, 50 * DOUBT)


def test_beyond_the_sizes_that_were_measured_the_range_widens_and_never_narrows() -> None:
    past = [spent("first", 100) for _ in range(3)]
    one = of_size(10 * SIZE)
    assert close(estimate(Past(past, ["first"]), [], [one])[one.id].lasts, 100 / DOUBT, 1_000 * DOUBT)


def test_a_model_of_unknown_size_may_be_any_that_was_measured() -> None:
    past = [spent("first", seconds, params=params) for seconds, params in ((10, SIZE // 10), (90, None), (100, SIZE))]
    one = of_size(None)
    assert close(estimate(Past(past, ["first"]), [], [one])[one.id].lasts, 10 / DOUBT, 100 * DOUBT)


def test_more_items_than_in_most_past_runs_take_longer() -> None:
    past = [spent("first", 400, items=40), spent("first", 100), spent("first", 100)]
    one = of_size(SIZE)
    assert close(estimate(Past(past, ["first"]), [], [one])[one.id].lasts, 400 / DOUBT, 400 * DOUBT)


def test_of_many_runs_the_slowest_and_fastest_tenth_are_left_out() -> None:
    past = [spent("first", seconds) for seconds in range(100, 201)]
    one = of_size(SIZE)
    assert close(estimate(Past(past, ["first"]), [], [one])[one.id].lasts, 110, 190)


@pytest.mark.parametrize("past", [[], PAST[:2], [replace(one, engine="other") for one in PAST]])
def test_without_three_runs_of_the_same_engine_nothing_is_guessed(past: list[Spent]) -> None:
    one, two = of_size(SIZE), of_size(SIZE)
    assert estimate(Past(past, TASKS), [], [one, two]) == {
        one.id: Estimate(begins=Span(0, 0), lasts=None),
        two.id: Estimate(begins=None, lasts=None),
    }


def test_runs_of_another_edition_tell_nothing() -> None:
    one = of_size(SIZE)
    other = [replace(run, edition=Edition.FULL) for run in PAST]
    assert estimate(Past(other, TASKS), [], [one])[one.id].lasts is None


PLACES = [
    (None, 2.0, 2.0),
    (Progress(stage=Stage.LOAD), 2.0, 2.0),
    (Progress(stage=Stage.PREDICT, task="first", done=0, total=0), 2.0, 2.0),
    (Progress(stage=Stage.PREDICT, task="first", done=5, total=10), 1.5, 1.5),
    (Progress(stage=Stage.PREDICT, task="second", done=9, total=10), 0.1, 0.1),
    (Progress(stage=Stage.SCORE, task="first"), 0.0, 0.0),
]


@pytest.mark.parametrize(("progress", "low", "high"), PLACES)
def test_of_one_that_runs_the_range_shrinks_with_its_progress_and_the_next_begins_then(
    progress: Progress | None, low: float, high: float
) -> None:
    rest = [spent(REST, 20, items=1) for _ in range(3)]
    at_work, next_one = replace(of_size(SIZE, progress=progress), status=Status.RUNNING), of_size(SIZE)
    found = estimate(Past(PAST + rest, TASKS), [at_work], [next_one])
    assert close(found[at_work.id].lasts, low * ONE_TASK.low, high * ONE_TASK.high + 20 * DOUBT)
    assert found[next_one.id].begins == found[at_work.id].lasts


def test_with_two_at_work_the_next_two_begin_when_each_is_done() -> None:
    early = of_size(SIZE, progress=Progress(stage=Stage.PREDICT, task="second", done=9, total=10))
    late, third, fourth = of_size(SIZE), of_size(SIZE), of_size(SIZE)
    found = estimate(Past(PAST, TASKS), [late, early], [third, fourth])
    assert found[third.id].begins == found[early.id].lasts and found[fourth.id].begins == found[late.id].lasts


def test_one_that_was_begun_before_may_be_done_at_once() -> None:
    again = of_size(SIZE, progress=Progress(stage=Stage.PREDICT, task="second"))
    lasts = estimate(Past(PAST, TASKS), [], [again])[again.id].lasts
    assert lasts is not None and lasts.low == 0 and lasts.high == pytest.approx(2 * ONE_TASK.high)


@pytest.mark.parametrize("runs", [3, 5, 12, 40])
def test_most_of_what_then_happens_lies_within_the_range(runs: int) -> None:
    """Machines and models vary by a third, and long answers make a task vary by a fifth more."""
    dice = random.Random(runs)

    def evaluation() -> tuple[int, dict[str, float]]:
        params = int(dice.choice([1, 3, 7, 8, 13, 32, 70]) * 1e9)
        pace = params / 1e9 * dice.lognormvariate(0, 0.33)
        return params, {task: 30 * pace * dice.lognormvariate(0, 0.2) for task in ("a", "b", "c", "d")}

    inside = 0
    for _ in range(200):
        past = [
            spent(task, seconds, params=params, items=50)
            for params, times in (evaluation() for _ in range(runs))
            for task, seconds in times.items()
        ]
        params, times = evaluation()
        one = of_size(params)
        lasts = estimate(Past(past, ["a", "b", "c", "d"]), [], [one])[one.id].lasts
        assert lasts is not None
        inside += lasts.low <= sum(times.values()) <= lasts.high
    assert inside >= 150, f"{inside} of 200"


def test_what_past_runs_took_is_read_again_after_a_few_seconds_only() -> None:
    reads, clock, one = [], Clock(), of_size(SIZE)

    def read() -> list[Spent]:
        reads.append(1)
        return PAST

    estimates, alive = Estimates(read, TASKS, clock), Pulse(seen_at=None, silent_seconds=0)
    assert estimates([], [], alive) == {} and not reads, "with nobody waiting nothing need be known"
    first = estimates([one], [one.id], alive)
    assert first == estimate(Past(PAST, TASKS), [], [one]) == estimates([one], [one.id], alive)
    clock.advance(KEPT_SECONDS - 0.1)
    assert estimates([one], [one.id], Pulse(seen_at=None))[one.id].begins is None, "without a worker nothing begins"
    assert len(reads) == 1
    clock.advance(0.2)
    assert estimates([one], [one.id], alive) == first and len(reads) == 2
