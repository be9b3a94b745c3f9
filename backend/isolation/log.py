"""What a model's process writes to its standard error, kept up to a bound: how it began and how it ended."""

import os
from contextlib import suppress
from typing import IO

BEGINNING = 2_000_000
ENDING = 256_000
CHUNK = 65_536


def keep_log(written: IO[bytes], log: IO[bytes]) -> None:
    """Adds what is written to the log until there is no more: the first BEGINNING bytes, the last twice ENDING at most.

    Between the two stands how much was left out. A disk that takes no more holds nobody up: the rest is let go.
    """
    with written, log:
        room, held, left_out = BEGINNING, b"", 0
        while chunk := os.read(written.fileno(), CHUNK):
            first, rest = chunk[:room], chunk[room:]
            room -= len(first)
            with suppress(OSError):
                log.write(first)
            held += rest
            if len(held) > 2 * ENDING:
                left_out += len(held) - ENDING
                held = held[-ENDING:]
        with suppress(OSError):
            log.write((f"\n[{left_out} bytes left out]\n".encode() if left_out else b"") + held)
