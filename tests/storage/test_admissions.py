"""A week's quota slides, is never overdrawn, and gives back what came to nothing without the person's doing."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.errors import FailureCode
from backend.submission import OUR_FAULTS, Left, Status, Submission
from storage.admissions import WEEK_SECONDS, WeekFull, Weekly
from storage.submissions import Submissions
from tests.storage.racing import race
from tests.storage.records import Clock, wish
from tests.storage.steps import claim, found

DAY = 24 * 3600
MOST = Weekly(most=3, most_credentialed=1, credentialed=False)
GUARDED = Weekly(most=3, most_credentialed=1, credentialed=True)


def submit(store: Submissions, model: str, weekly: Weekly = MOST, submitter: str = "ann") -> Submission:
    return store.add(wish(model, submitter=submitter), most_open=None, weekly=weekly)


def left(store: Submissions, weekly: Weekly = MOST) -> Left:
    return store.left_of("ann", weekly)[-1]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(waits=st.lists(st.floats(0, 3 * DAY), min_size=1, max_size=20), most=st.integers(1, 4))
def test_in_any_seven_days_there_are_never_more_and_never_fewer_than_allowed(
    tmp_path_factory: pytest.TempPathFactory, waits: list[float], most: int
) -> None:
    clock = Clock()
    store = Submissions(tmp_path_factory.mktemp("week") / "queue.sqlite", clock.pair)
    weekly = Weekly(most=most, most_credentialed=most, credentialed=False)
    taken: list[float] = []
    for number, wait in enumerate(waits):
        clock.advance(wait)
        counted = [moment for moment in taken if moment > clock.now - WEEK_SECONDS]
        try:
            submit(store, f"acme/m{number}", weekly)
        except WeekFull as full:
            assert len(counted) == most
            (told,) = full.left
            assert told.next_at is not None and 0 <= told.next_at.timestamp() - (counted[0] + WEEK_SECONDS) <= 1
        else:
            assert len(counted) < most
            taken.append(clock.now)


def test_the_next_is_possible_at_exactly_the_moment_that_was_told(store: Submissions, clock: Clock) -> None:
    for number in range(3):
        submit(store, f"acme/m{number}")
        clock.advance(DAY)
    with pytest.raises(WeekFull) as full:
        submit(store, "acme/m3")
    told = full.value.left[0].next_at
    assert told is not None
    clock.now = told.timestamp() - 0.5
    with pytest.raises(WeekFull):
        submit(store, "acme/m3")
    clock.now = told.timestamp()
    submit(store, "acme/m3")
    assert left(store).left == 0


def test_credentialed_tasks_have_a_narrower_week_of_their_own(store: Submissions) -> None:
    submit(store, "acme/m0", GUARDED)
    with pytest.raises(WeekFull) as full:
        submit(store, "acme/m1", GUARDED)
    assert [(each.left, each.most, each.credentialed) for each in full.value.left] == [(2, 3, False), (0, 1, True)]
    submit(store, "acme/m1", MOST)
    assert left(store).left == 1 and len(store.newest()) == 2


def test_what_is_there_already_and_what_others_submit_costs_nothing(store: Submissions) -> None:
    first = submit(store, "acme/m0", submitter="bob")
    for _ in range(9):
        assert submit(store, "acme/m0") == first
    assert left(store) == Left(left=3, most=3, next_at=None)


@pytest.mark.parametrize("code", list(FailureCode))
def test_only_a_fault_of_ours_gives_a_begun_submission_back(store: Submissions, code: FailureCode) -> None:
    submit(store, "acme/m0")
    store.step(claim(store), Status.FAILED, actor="system", code=code)
    assert left(store).left == (3 if code in OUR_FAULTS else 2)


def test_what_is_cancelled_before_it_begins_is_given_back_and_afterwards_not(store: Submissions, clock: Clock) -> None:
    waiting, running = submit(store, "acme/m0"), submit(store, "acme/m1")
    clock.advance(1)
    held = claim(store)
    assert held.submission.id == waiting.id
    store.step_unclaimed(found(store, running.id), Status.CANCELLED, actor="ann")
    assert left(store).left == 2
    store.step_unclaimed(found(store, waiting.id), Status.CANCELLED, actor="ann")
    assert left(store).left == 2


def test_a_model_that_the_hub_does_not_know_after_all_costs_nothing(store: Submissions) -> None:
    asked = store.add(wish(status=Status.RECEIVED), most_open=None, weekly=MOST)
    store.step_unclaimed(asked, Status.FAILED, actor="system", code=FailureCode.NOT_FOUND)
    assert left(store).left == 3


def test_a_retry_counts_anew_so_that_nothing_can_be_saved_up(store: Submissions, clock: Clock) -> None:
    saved = [submit(store, f"acme/m{number}") for number in range(3)]
    for each in saved:
        store.step_unclaimed(each, Status.CANCELLED, actor="ann")
    more = submit(store, "acme/m3")
    store.step_unclaimed(more, Status.CANCELLED, actor="ann")
    clock.advance(8 * DAY)
    for each in saved:
        assert store.step_unclaimed(found(store, each.id), Status.QUEUED, actor="ann", fresh=True, weekly=MOST)
    before = found(store, more.id)
    with pytest.raises(WeekFull):
        store.step_unclaimed(before, Status.QUEUED, actor="ann", fresh=True, weekly=MOST)
    assert found(store, more.id) == before and left(store).left == 0
    store.step_unclaimed(before, Status.QUEUED, actor="the operator", fresh=True)
    assert left(store).left == 0, "what the operator retries is not the person's"


def test_a_retry_that_is_cancelled_before_it_begins_costs_nothing(store: Submissions, clock: Clock) -> None:
    asked = submit(store, "acme/m0")
    store.step(claim(store), Status.FAILED, actor="system", code=FailureCode.OUT_OF_MEMORY)
    clock.advance(60)
    store.step_unclaimed(found(store, asked.id), Status.QUEUED, actor="ann", fresh=True, weekly=MOST)
    assert left(store).left == 1
    store.step_unclaimed(found(store, asked.id), Status.CANCELLED, actor="ann")
    assert left(store).left == 2


def test_a_thousand_submissions_at_once_admit_exactly_as_many_as_one_may(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    told = race(*(("submit_within_a_week", path, f"p{number}", 250) for number in range(4)))
    assert sum((Counter(each) for each in told), Counter()) == {"taken": 5, "refused": 995}
    assert len(Submissions(path).newest()) == 5


def test_racing_retries_never_get_past_the_quota(store: Submissions) -> None:
    asked = [
        submit(store, f"acme/m{number}", Weekly(most=50, most_credentialed=1, credentialed=False))
        for number in range(20)
    ]
    for each in asked:
        store.step_unclaimed(each, Status.CANCELLED, actor="ann")

    def retry(each: Submission) -> bool:
        try:
            return store.step_unclaimed(found(store, each.id), Status.QUEUED, actor="ann", fresh=True, weekly=MOST)
        except WeekFull:
            return False

    with ThreadPoolExecutor(8) as threads:
        assert Counter(threads.map(retry, asked)) == {True: 3, False: 17}
