"""Whatever people, workers, clocks and crashes do in whatever order, the real queue does what the reference says.

STATE_MACHINE_EXAMPLES=500 runs more of it.
"""

import os
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from backend.domain import Progress, Stage
from backend.errors import FailureCode, ModelCrash, OperatorFault, Replaced
from backend.settings import Settings
from backend.submission import OPERATOR, STEPS, Status
from eval_queue.queue import Queue
from storage.admissions import WeekFull, Weekly
from storage.clocks import Clocks
from storage.ledger import EntryKind, Ledger
from storage.submissions import Submissions
from tests.eval_queue.bench import WHY, Died, QueueBench
from tests.eval_queue.reference import FAULTS, HELD, LEASE, OPEN, WEEKLY, counted, is_ahead, order
from tests.eval_queue.toys import no_hub
from tests.storage.records import wish

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "15"))
STEPS_EACH = 60
MODELS = 5
PEOPLE = ("ann", "bob", "cid")
ACTORS = (*PEOPLE, OPERATOR)
OF_THE_WEEK = Weekly(most=WEEKLY, most_credentialed=WEEKLY, credentialed=False)
STAGES = st.sampled_from([Stage.DOWNLOAD, Stage.LOAD, Stage.PREDICT, Stage.SCORE])


class QueueMachine(QueueBench):
    """Everything that can happen, in any order."""

    @initialize(people=st.lists(st.sampled_from(PEOPLE), min_size=3, max_size=MODELS))
    def come_in(self, people: list[str]) -> None:
        for number, person in enumerate(people):
            self.submit(person, number)

    @rule(person=st.sampled_from(PEOPLE), number=st.integers(0, MODELS - 1))
    def submit(self, person: str, number: int) -> None:
        model = f"acme/m{number}"
        same, asked = self.same(model), wish(model, submitter=person)
        if same is None and self.has_used_up_the_week(person):
            with pytest.raises(WeekFull):
                self.submissions.add(asked, most_open=1_000, weekly=OF_THE_WEEK)
            return
        stored = self.submissions.add(asked, most_open=1_000, weekly=OF_THE_WEEK)
        if same:
            assert stored.id == same.id
        else:
            self.note(stored.id, person, model, counts=True)

    @rule()
    def claim(self) -> None:
        due = [
            one for one in order(self.known.values(), self.wall.now) if not is_ahead(one.not_before, self.steady.now)
        ]
        claim = self.submissions.claim("worker", LEASE)
        if is_ahead(self.paused_until, self.steady.now) or not due:
            assert claim is None
            return
        assert claim is not None and claim.submission.id == due[0].id
        due[0].begin(self.wall.now, self.steady.now)
        assert (claim.submission.attempt, claim.crashed_stage) == (due[0].attempt, due[0].crashed_stage)
        self.claims[due[0].id] = claim

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), stage=st.none() | STAGES, answers=st.integers(0, 2))
    def beat_and_progress(self, data: st.DataObject, stage: Stage | None, answers: int) -> None:
        self.beat(*self.one_at_work(data), stage, answers)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def begin_to_score(self, data: st.DataObject) -> None:
        self.score(*self.one_at_work(data))

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), dies=st.booleans())
    def publish(self, data: st.DataObject, dies: bool) -> None:
        claim, known = self.one_at_work(data)
        self.score(claim, known)
        self.write_the_line(claim, known, dies=dies)

    @rule(dies=st.booleans())
    def evaluate_the_next_and_publish(self, dies: bool) -> None:
        before = set(self.claims)
        self.claim()
        for submission_id in set(self.claims) - before:
            claim, known = self.claims[submission_id], self.known[submission_id]
            self.score(claim, known)
            self.write_the_line(claim, known, dies=dies)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), fault=st.sampled_from(FAULTS), stage=STAGES)
    def meet_a_fault(self, data: st.DataObject, fault: Exception, stage: Stage) -> None:
        claim, known = self.one_at_work(data)
        if self.standing.get(known.model) == known.id:
            return  # a worker that has published meets no fault any more
        self.settle(claim, known, fault, stage)

    @rule(stage=STAGES, times=st.integers(1, 2))
    def crash_the_next_again_and_again(self, stage: Stage, times: int) -> None:
        for _ in range(times):
            before = set(self.claims)
            self.claim()
            for submission_id in set(self.claims) - before:
                crash = ModelCrash(FailureCode.OUT_OF_MEMORY)
                self.settle(self.claims[submission_id], self.known[submission_id], crash, stage)

    @rule(stage=STAGES, answers=st.integers(0, 1))
    def lose_the_next(self, stage: Stage, answers: int) -> None:
        before = set(self.claims)
        self.claim()
        for submission_id in set(self.claims) - before:
            self.beat(self.claims[submission_id], self.known[submission_id], stage, answers)
        self.fall_silent_and_rescue(LEASE + 1, False)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def go_down(self, data: st.DataObject) -> None:
        claim, known = self.one_at_work(data)
        if self.standing.get(known.model) == known.id:
            return
        self.submissions.step(claim, Status.QUEUED, actor="worker", refund=True)
        known.give_back(self.wall.now, refund=True)
        self.end(known)

    @rule(seconds=st.sampled_from([0, 1, 59, 61, 61, 61]), all_claimed=st.sampled_from([False, False, False, True]))
    def fall_silent_and_rescue(self, seconds: int, all_claimed: bool) -> None:
        self.steady.advance(seconds)
        lost = [
            one
            for one in self.known.values()
            if one.status in HELD and (all_claimed or not one.lease_holds(self.steady.now))
        ]
        assert self.queue.rescue(all_claimed=all_claimed) == len(lost)
        for known in lost:
            if known.status is Status.SCORING and self.standing.get(known.model) == known.id:
                known.step(Status.FINISHED, self.wall.now)
            else:
                known.fall_silent(self.wall.now)
            self.end(known)
        for submission_id in self.untold:
            self.known[submission_id].step(Status.WITHDRAWN, self.wall.now)
        self.untold.clear()

    @precondition(lambda self: self.dead)
    @rule(data=st.data())
    def wake_a_zombie(self, data: st.DataObject) -> None:
        zombie = data.draw(st.sampled_from(self.dead))
        before = self.everything()
        written = []

        def write() -> str:
            written.append("a line")
            return "published"

        with pytest.raises(Replaced):
            self.submissions.beat(zombie, LEASE, Progress(stage=Stage.PREDICT))
        with pytest.raises(Replaced):
            self.submissions.spend(zombie, "toy", 1, 1.0)
        with pytest.raises(Replaced), self.submissions.holding(zombie):
            write()
        for status in Status:
            with pytest.raises(Replaced):
                self.submissions.step(zombie, status, actor="zombie", code=FailureCode.GATED, write=write)
        with pytest.raises(Replaced):
            self.queue.settle(zombie, OperatorFault("gone"), Stage.PREDICT)
        assert written == [] and self.everything() == before

    @precondition(lambda self: self.known)
    @rule(data=st.data(), actor=st.sampled_from(ACTORS))
    def cancel(self, data: st.DataObject, actor: str) -> None:
        known = self.anyone(data)
        published = self.standing.get(known.model) == known.id
        if self.may(known, actor) and known.status in OPEN and not published:
            self.queue.cancel(known.id, actor)
            known.cancel(self.wall.now)
            self.paused_until = None
            self.end(known)
        else:
            self.refused(lambda: self.queue.cancel(known.id, actor))

    @precondition(lambda self: self.known)
    @rule(data=st.data(), actor=st.sampled_from(ACTORS))
    def retry(self, data: st.DataObject, actor: str) -> None:
        known = self.anyone(data)
        same = self.same(known.model)
        may = self.may(known, actor) and (actor == OPERATOR or known.code is not FailureCode.QUARANTINED)
        free = same is None or same.id == known.supersedes
        theirs = [one for one in self.known.values() if one.person == known.person and one.status in OPEN]
        room = len(theirs) < Settings().open_submissions and not self.has_used_up_the_week(known.person)
        few = actor == OPERATOR or room
        if may and free and few and known.status in {Status.FAILED, Status.CANCELLED}:
            self.queue.retry(known.id, actor)
            known.start_afresh(self.wall.now, counts=actor != OPERATOR)
        else:
            self.refused(lambda: self.queue.retry(known.id, actor))

    @precondition(lambda self: any(one.status is Status.FINISHED for one in self.known.values()))
    @rule(data=st.data(), actor=st.sampled_from([OPERATOR, *ACTORS]), dies=st.booleans())
    def withdraw(self, data: st.DataObject, actor: str, dies: bool) -> None:
        known = self.finished(data)
        stands = self.standing.get(known.model) == known.id
        if not (self.may(known, actor) and known.status is Status.FINISHED and stands):
            self.refused(lambda: self.queue.withdraw(known.id, actor, WHY))
            return
        del self.standing[known.model]
        if dies:

            def write() -> None:
                self.ledger.withdraw(known.id, actor=actor, reason=WHY)
                raise Died

            found = self.submissions.find(known.id)
            assert found is not None
            with pytest.raises(Died):
                self.submissions.step_unclaimed(found, Status.WITHDRAWN, actor=actor, note=WHY, write=write)
            self.untold.add(known.id)
        else:
            self.queue.withdraw(known.id, actor, WHY)
            known.step(Status.WITHDRAWN, self.wall.now)

    @precondition(lambda self: self.standing)
    @rule(data=st.data(), actor=st.sampled_from([OPERATOR, OPERATOR, "ann"]))
    def supersede(self, data: st.DataObject, actor: str) -> None:
        known = self.finished(data)
        same = self.same(known.model)
        stands = self.standing.get(known.model) == known.id and known.status is Status.FINISHED
        if actor == OPERATOR and stands and same is known:
            again = self.queue.supersede(known.id, actor, WHY)
            self.note(again.id, known.person, known.model, supersedes=known.id)
        else:
            self.refused(lambda: self.queue.supersede(known.id, actor, WHY))

    @rule(seconds=st.integers(1, 90))
    def pause(self, seconds: int) -> None:
        self.submissions.pause("The disk is full.", seconds)
        self.paused_until = self.steady.now + seconds

    @rule()
    def resume(self) -> None:
        self.submissions.resume()
        self.paused_until = None

    @rule(seconds=st.sampled_from([-7200, 7200, 30, 25 * 3600, 3 * 24 * 3600]))
    def move_the_wall_clock(self, seconds: int) -> None:
        self.wall.advance(seconds)

    @rule(seconds=st.sampled_from([1, 30, 59, 130]))
    def wait(self, seconds: int) -> None:
        self.wall.advance(seconds)
        self.steady.advance(seconds)

    @rule(seconds=st.integers(10, 100))
    def reboot(self, seconds: int) -> None:
        self.steady.now = float(seconds)

    @rule()
    def open_the_files_again(self) -> None:
        self.submissions = Submissions(self.home / "queue.sqlite", Clocks(self.wall, self.steady))
        self.ledger = Ledger(self.home / "ledger.jsonl")
        self.queue = Queue(self.submissions, self.ledger, self.settings, no_hub)

    @invariant()
    def nothing_acknowledged_is_lost_and_everything_stands_as_it_must(self) -> None:
        found = self.rows("SELECT id, status, attempt, failure_code FROM submission ORDER BY rowid")
        assert found == [(one.id, one.status, one.attempt, one.code) for one in self.known.values()]

    @invariant()
    def those_who_wait_are_served_in_the_order_of_the_reference(self) -> None:
        assert self.submissions.waiting() == [one.id for one in order(self.known.values(), self.wall.now)]

    @invariant()
    def a_week_has_as_much_left_as_the_reference_says(self) -> None:
        for person in PEOPLE:
            (left,) = self.submissions.left_of(person, OF_THE_WEEK)
            assert left.left == max(0, WEEKLY - counted(self.known.values(), person, self.wall.now))

    @invariant()
    def one_commit_is_at_most_once_under_way_and_at_most_once_on_the_board(self) -> None:
        active = Counter(one.model for one in self.known.values() if one.status in OPEN)
        assert all(count == 1 for count in active.values())
        stands: dict[int, tuple[str, str]] = {}
        for entry, _ in Ledger(self.home / "ledger.jsonl").read():
            stands.pop(entry.supersedes or entry.withdraws or 0, None)
            if entry.kind is EntryKind.RESULT:
                stands[entry.number] = (entry.identity, entry.submission_id)
        assert len({identity for identity, _ in stands.values()}) == len(stands)
        assert sorted(submission_id for _, submission_id in stands.values()) == sorted(self.standing.values())

    @invariant()
    def every_step_has_its_event_and_events_only_grow(self) -> None:
        events = self.rows("SELECT submission_id, status, actor, at, reason, attempt FROM event ORDER BY number")
        assert events[: len(self.told)] == self.told and all(event[2] for event in events)
        self.told = events
        steps: dict[str, list[Status]] = {}
        for submission_id, status, *_ in events:
            steps.setdefault(submission_id, []).append(Status(status))
        assert steps == {one.id: one.events for one in self.known.values()}
        assert all(then in STEPS[now] for each in steps.values() for now, then in pairwise(each))


TestQueueMachine = QueueMachine.TestCase
TestQueueMachine.settings = settings(
    max_examples=EXAMPLES, stateful_step_count=STEPS_EACH, deadline=None, suppress_health_check=list(HealthCheck)
)
