"""Runs items in batches that halve when memory runs out."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from backend.errors import FailureCode, ModelFault

Item = TypeVar("Item")
Made = TypeVar("Made")


def in_halving_batches(
    items: Sequence[Item], size: int, run: Callable[[Sequence[Item]], Sequence[Made] | None]
) -> Iterator[Made]:
    """What `run` makes of every item, in order; `run` returns None when memory ran out.

    A batch that memory runs out on is tried again at half its size, and so is everything after it. ModelFault with
    out_of_memory when one item alone is too much.
    """
    done = 0
    while done < len(items):
        batch = items[done : done + size]
        made = run(batch)
        if made is not None:
            yield from made
            done += len(batch)
        elif len(batch) == 1:
            raise ModelFault(FailureCode.OUT_OF_MEMORY)
        else:
            size = len(batch) // 2
