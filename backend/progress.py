"""How long work says how far it is: what is called for it, again and again, while it goes on."""

from collections.abc import Callable

FractionProgress = Callable[[str, float], None]
"""What is being done just now, and which part of the whole work is done, from 0 to 1."""

StageProgress = Callable[[str, int, int | None], None]
"""A stage of the work or a file, how much of it is done, in items or bytes, and how much it is; None where unknown."""

ByteProgress = Callable[[int, int], None]
"""Bytes done, and bytes in all."""
