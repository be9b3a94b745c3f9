"""Workers that stop in the middle, each in a process of its own: python -m tests.eval_queue.companions WHAT …"""

import os
import signal
import sys
import time
from pathlib import Path

from storage.submissions import Submissions


def stop_while_writing(home: str) -> None:
    """The first one stops, as by SIGSTOP, while it holds a claim's transaction; the next ones beat."""
    folder = Path(home)
    with (folder / "pids").open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    store = Submissions(folder / "queue.sqlite")
    store.seen()
    claim = store.claim("worker", 3600)
    if claim is not None:
        with store.holding(claim):
            (folder / "stopped").touch()
            os.kill(os.getpid(), signal.SIGSTOP)
    while True:
        store.seen()
        (folder / "beats").touch()
        time.sleep(0.1)


def live_quietly(home: str) -> None:
    """Is never heard of, and says when it has been alive for a while."""
    with (Path(home) / "pids").open("a") as pids:
        pids.write(f"{os.getpid()}\n")
    time.sleep(600)


PROGRAMS = {program.__name__: program for program in (stop_while_writing, live_quietly)}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](*sys.argv[2:])
