"""Which items are shown as worked examples; they and their clusters are never scored."""

import random
from collections.abc import Sequence
from dataclasses import replace

from backend.domain import Example


def shot_indices(rows: int, shots: int) -> list[int]:
    """The first `shots` of all row numbers shuffled with seed 1: fixed and published for each file."""
    order = list(range(rows))
    random.Random(1).shuffle(order)
    return order[:shots]


def with_shots(examples: Sequence[Example], shots: int) -> tuple[Example, ...]:
    """The scored examples in file order, each carrying the worked ones; clusters of the worked ones are left out."""
    shown = tuple(examples[index] for index in shot_indices(len(examples), shots))
    unseen = {example.cluster for example in shown}
    return tuple(replace(example, shots=shown) for example in examples if example.cluster not in unseen)
