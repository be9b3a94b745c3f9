"""Which documents stand in a prompt and in which order: drawn by seed, filled into a budget of characters."""

import hashlib
import random
from collections.abc import Sequence

OPEN, CLOSE = "<document>\n", "\n</document>\n\n"
CUT = "\n[...]"


def seeded(*names: str | int) -> random.Random:
    """A source of chance that is the same for the same names on every machine."""
    return random.Random(int.from_bytes(hashlib.sha256("/".join(map(str, names)).encode()).digest(), "big"))


def drawn(pool: Sequence[str], most: int, chance: random.Random) -> list[str]:
    """At most so many documents of the pool, none twice."""
    return chance.sample(pool, min(most, len(pool)))


def shuffled(count: int, chance: random.Random) -> list[int]:
    """The numbers 1 to `count` in any order."""
    order = list(range(1, count + 1))
    chance.shuffle(order)
    return order


def fill(documents: Sequence[str], order: Sequence[int], room: int) -> str:
    """Documents in tags, at most `room` characters in all.

    They are taken in as listed. The first that does not fit is cut at its end, and those after it are left out. What is
    taken in then stands in `order`, which numbers the documents from 1.
    """
    taken: dict[int, str] = {}
    for number, document in enumerate(documents, 1):
        room -= len(OPEN) + len(CLOSE)
        if len(document) > room:
            beginning = document[: max(room - len(CUT), 0)].rstrip()
            if beginning:
                taken[number] = beginning + CUT
            break
        taken[number] = document
        room -= len(document)
    return "".join(f"{OPEN}{taken[number]}{CLOSE}" for number in order if number in taken)
