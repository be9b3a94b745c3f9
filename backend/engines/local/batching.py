"""Batches within a budget of tokens, which halve when memory runs out."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from backend.errors import FailureCode, ModelFault

MOST_ROWS = 64
Item = TypeVar("Item")
Made = TypeVar("Made")


@dataclass(slots=True)
class Budget:
    """How much is answered at once: so many tokens of prompts and answers, in so many rows."""

    tokens: int
    rows: int = MOST_ROWS

    def halve(self, rows: int) -> None:
        """After memory ran out on a batch of so many rows; the next ones have half as many, and half the tokens."""
        self.rows = max(rows // 2, 1)
        self.tokens = max(self.tokens // 2, 1)


def in_halving_batches(
    items: Sequence[Item],
    budget: Budget,
    fit: Callable[[Sequence[Item], Budget], int],
    run: Callable[[Sequence[Item]], Sequence[Made] | None],
) -> Iterator[Made]:
    """What `run` makes of every item, in order; `run` returns None when memory ran out.

    `fit` says how many of the first items one batch holds, at least one. A batch that memory runs out on is tried
    again with half the budget, which everything after it has too. ModelFault with out_of_memory when one item alone is
    too much.
    """
    done = 0
    while done < len(items):
        batch = items[done : done + fit(items[done:], budget)]
        made = run(batch)
        if made is not None:
            yield from made
            done += len(batch)
        elif len(batch) == 1:
            raise ModelFault(FailureCode.OUT_OF_MEMORY)
        else:
            budget.halve(len(batch))
