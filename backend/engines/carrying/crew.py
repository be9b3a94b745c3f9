"""A model opened on several nodes of a Ray cluster, asked as if it were one."""

import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from threading import Event
from typing import Any

from backend.domain import Fact, Message, Prediction, Prompt, Window
from backend.engines.carrying.carrier import Opened, Order, code_digest, differences
from backend.engines.carrying.faults import CarriedFault
from backend.engines.carrying.nodes import ENDING, ActorPlan
from backend.engines.carrying.stretches import Stretches
from backend.errors import FailureCode, ModelCrash, OperatorFault, PassingFault
from backend.halting import HALT_POLL_SECONDS, halt_if

PIECES = 6  # of each seat: fewer leave some idle at the end, more break up what neighbours share
LEAST = 16  # prompts in a piece, so that batches are filled
LOSSES = 3  # of one seat, with no answer in between
CLOSE_SECONDS = 5


class SeatState(StrEnum):
    """What a seat is doing."""

    ARRIVING = "arriving"
    OPENING = "opening"
    RESTING = "resting"
    ASKING = "asking"


OPEN = frozenset({SeatState.RESTING, SeatState.ASKING})


@dataclass(eq=False, slots=True)
class Seat:
    """One actor's place; `waiting` is what Ray will tell of next, `asked` what is not answered of its piece."""

    number: int
    actor: Any
    waiting: Any
    step: SeatState = SeatState.ARRIVING
    asked: dict[str, Prompt] = field(default_factory=dict)
    losses: int = 0

    def turn(self, step: SeatState, waiting: Any = None) -> None:
        """It does something else now."""
        self.step, self.waiting = step, waiting


class Crew:
    """Seats that share the work. The first that has opened its model speaks for all; the others join as they come.

    Faults are those of the engine that is carried. A seat that is lost, with its process or its node, is filled again;
    PassingFault when one is lost time and again without an answer. OperatorFault when nodes are not alike, or none
    has had room for as long as loading may take.
    """

    def __init__(self, order: Order, plan: ActorPlan, halt: Event, *, patience: float, log: Path) -> None:
        self._order, self._plan, self._halt, self._log = order, plan, halt, log
        self._patience = patience
        self._digest = code_digest()
        self._since = time.monotonic()
        self._opened: Opened | None = None
        self._stretches: Stretches[Prompt] = Stretches([], plan.seats, 0)
        self._seats = deque(self._hire(number) for number in range(plan.seats))

    def open(self) -> None:
        """Waits until the model is open on one seat."""
        while self._opened is None:
            deque(self._turn(), maxlen=0)
        self.window = Window(self._opened.tokens, self._count)
        # Without Ray's version: a newer one carries the same answers, and a run goes on under the same facts only.
        self.facts: Mapping[str, Fact] = {**self._opened.facts, "carried_by": "Ray"}

    def complete(self, prompts: Iterable[Prompt]) -> Iterator[Prediction]:
        """Answers as they come. Of a seat that is lost only what it has not answered is asked again."""
        asked = list(prompts)
        pieces = min(PIECES * self._plan.seats, len(asked) // LEAST)
        self._stretches = Stretches(asked, self._plan.seats, pieces)
        while self._stretches or any(seat.step is SeatState.ASKING for seat in self._seats):
            self._hand_out()
            yield from self._turn()

    @property
    def seats_open(self) -> int:
        """On how many seats the model is open."""
        return sum(seat.step in OPEN for seat in self._seats)

    def close(self) -> None:
        """All actors are gone, and where their nodes are still there also the models' processes."""
        import ray
        from ray.exceptions import RayError

        with suppress(RayError):
            there = [seat.actor for seat in self._seats if seat.step is not SeatState.ARRIVING]
            closing = [actor.close.options(concurrency_group=ENDING).remote() for actor in there]
            if closing:
                ray.wait(closing, num_returns=len(closing), timeout=CLOSE_SECONDS)
            for seat in self._seats:
                ray.kill(seat.actor)

    def _hire(self, number: int) -> Seat:
        actor = self._plan.hire(self._order, number)
        return Seat(number, actor, actor.arrive.remote())

    def _hand_out(self) -> None:
        for seat in self._seats:
            if seat.step is SeatState.RESTING and (piece := self._stretches.take(seat.number)):
                seat.asked = {prompt.example_id: prompt for prompt in piece}
                seat.turn(SeatState.ASKING, seat.actor.answer.remote(list(piece)))

    def _turn(self, steps: frozenset[SeatState] = frozenset(SeatState)) -> Iterator[Prediction]:
        """What comes next from the seats that do these things, waited for a moment; the seat it is from goes last."""
        import ray

        halt_if(self._halt.is_set())
        waiting = [seat for seat in self._seats if seat.waiting is not None and seat.step in steps]
        ready, _ = ray.wait([seat.waiting for seat in waiting], timeout=HALT_POLL_SECONDS)
        for seat in [seat for seat in waiting if seat.waiting in ready]:
            self._since = time.monotonic()
            self._seats.remove(seat)
            self._seats.append(seat)
            yield from self._take(seat)
        if all(seat.step is SeatState.ARRIVING for seat in self._seats):
            self._check_patience()

    def _take(self, seat: Seat) -> Iterator[Prediction]:
        import ray
        from ray.exceptions import OutOfMemoryError, RayError, RayTaskError

        found: Any = None
        try:
            found = ray.get(next(seat.waiting) if seat.step is SeatState.ASKING else seat.waiting)
        except StopIteration:
            self._rest(seat)
            return
        except RayTaskError as error:
            cause = type(error.cause).__name__
            raise OperatorFault(
                f"A node of the Ray cluster cannot run this program ({cause}); see docs/ray.md."
            ) from None
        except OutOfMemoryError:
            raise ModelCrash(
                FailureCode.OUT_OF_MEMORY, "Ray ended its actor, for its node ran out of memory."
            ) from None
        except RayError:
            self._lose(seat)
            return
        if isinstance(found, CarriedFault):
            self._keep_log(found)
            raise found.fault
        match seat.step:
            case SeatState.ARRIVING:
                self._check_code(found)
                seat.turn(SeatState.OPENING, seat.actor.open.remote())
            case SeatState.OPENING:
                self._check_alike(found)
                seat.turn(SeatState.RESTING)
            case SeatState.ASKING:
                yield self._answered(seat, found)

    def _answered(self, seat: Seat, prediction: Prediction) -> Prediction:
        if seat.asked.pop(prediction.example_id, None) is None:
            raise ModelCrash(FailureCode.INTERNAL_ERROR, "A node answered what it was not asked.")
        seat.losses = 0
        return prediction

    def _rest(self, seat: Seat) -> None:
        if seat.asked:
            raise ModelCrash(FailureCode.INTERNAL_ERROR, f"It left {len(seat.asked)} prompts unanswered.")
        seat.turn(SeatState.RESTING)

    def _lose(self, seat: Seat) -> None:
        """Fills the seat again; what is left of its piece comes first."""
        import ray

        ray.kill(seat.actor)
        self._stretches.give_back(seat.number, list(seat.asked.values()))
        seat.asked = {}
        seat.losses += 1
        if seat.losses > LOSSES:
            raise PassingFault(FailureCode.WORKER_LOST, f"Ray lost one actor {seat.losses} times in a row.")
        fresh = self._hire(seat.number)
        seat.actor = fresh.actor
        seat.turn(fresh.step, fresh.waiting)

    def _count(self, messages: Sequence[Message]) -> int:
        import ray
        from ray.exceptions import RayError

        while True:
            seat = min((seat for seat in self._seats if seat.step in OPEN), key=_busy, default=None)
            if seat is None:
                deque(self._turn(frozenset({SeatState.ARRIVING, SeatState.OPENING})), maxlen=0)
                continue
            counting = seat.actor.count.remote(messages)
            while not ray.wait([counting], timeout=HALT_POLL_SECONDS)[0]:
                halt_if(self._halt.is_set())
            try:
                found: int | CarriedFault = ray.get(counting)
            except RayError:
                self._lose(seat)
                continue
            if isinstance(found, CarriedFault):
                self._keep_log(found)
                raise found.fault
            return found

    def _check_code(self, digest: str) -> None:
        if digest != self._digest:
            raise OperatorFault("A node of the Ray cluster has other code than this machine; all need the same commit.")

    def _check_alike(self, opened: Opened) -> None:
        if self._opened is None:
            self._opened = opened
        if other := differences(opened, self._opened):
            raise OperatorFault(
                f"The nodes of the Ray cluster are not alike: they differ in {', '.join(other)}. What they answer "
                "would not be one model's result; give CLUE_RAY nodes of one kind."
            )

    def _check_patience(self) -> None:
        if time.monotonic() - self._since > self._patience:
            raise OperatorFault(
                f"The Ray cluster has had no room for {self._plan.gpus:g} GPUs and {self._plan.cpus} processors in "
                f"{self._patience:.0f} s. `ray status` shows what holds them."
            )

    def _keep_log(self, fault: CarriedFault) -> None:
        """What the node's log ended with stands in the log on this machine, where faults are looked for."""
        if fault.log:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            with self._log.open("ab") as log:
                self._log.chmod(0o600)
                log.write(fault.log)


def _busy(seat: Seat) -> bool:
    return seat.step is SeatState.ASKING
