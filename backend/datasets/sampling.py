"""Which items are shown as worked examples; they and their clusters are never scored."""

import random
from collections.abc import Sequence
from dataclasses import replace

from backend.domain import Example


def shot_indices(rows: int, shots: int) -> list[int]:
    """The first `shots` of all row numbers shuffled with seed 1: fixed and published for each file."""
    return _shuffled(rows)[:shots]


def with_shots(examples: Sequence[Example], shots: int) -> tuple[Example, ...]:
    """The scored examples in file order, each carrying the worked ones; clusters of the worked ones are left out.

    `examples` are all rows of the file. Those without a reference are neither shown nor scored; where the lot falls on
    one, the next in the shuffled order is shown instead.
    """
    shown = tuple(examples[index] for index in _shuffled(len(examples)) if examples[index].reference)[:shots]
    unseen = {example.cluster for example in shown}
    return tuple(
        replace(example, shots=shown) for example in examples if example.reference and example.cluster not in unseen
    )


def _shuffled(rows: int) -> list[int]:
    order = list(range(rows))
    random.Random(1).shuffle(order)
    return order
