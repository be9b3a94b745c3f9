"""What one variant is given and what it gives back, as files between two processes."""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from backend.domain import Message, Prompt, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """The model's folder, the prompts in groups that are asked one after the other, and each prompt's rendered text."""

    folder: Path
    groups: Mapping[str, Sequence[Prompt]]
    texts: Mapping[str, str]
    batch_size: int
    dtype: str

    @property
    def prompts(self) -> list[Prompt]:
        """All prompts in the order of the file."""
        return [prompt for group in self.groups.values() for prompt in group]


@dataclass(kw_only=True)
class Stopwatch:
    """What is seen while a variant answers: seconds and CPU seconds spent on answering alone, by group, and facts.

    `cpu_seconds_so_far` are those of the whole run when the last answer was there: a process that is killed at its end
    takes along what it had spent.
    """

    seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    cpu_seconds_so_far: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)

    @contextmanager
    def answering(self, group: str = "all") -> Iterator[None]:
        """What happens within is answering; loading is not."""
        wall, cpu = time.perf_counter(), tree_cpu_seconds()
        yield
        self.seconds[group] = self.seconds.get(group, 0) + time.perf_counter() - wall
        self.cpu_seconds_so_far = tree_cpu_seconds()
        self.cpu_seconds[group] = self.cpu_seconds.get(group, 0) + self.cpu_seconds_so_far - cpu


Variant = Callable[[Work, Stopwatch], Mapping[str, str]]


def write_work(path: Path, work: Work) -> None:
    """The file holds the work."""
    path.write_text(json.dumps(asdict(work), default=str), encoding="utf-8")


def read_work(path: Path) -> Work:
    """The work that a file holds."""
    found = json.loads(path.read_text(encoding="utf-8"))
    groups = {name: [_prompt(each) for each in group] for name, group in found.pop("groups").items()}
    return Work(**{**found, "folder": Path(found["folder"]), "groups": groups})


def take_turn(answer: Variant) -> None:
    """Answers the work in the file named first, and writes answers and what was seen into the file named second."""
    work, watch = read_work(Path(sys.argv[1])), Stopwatch()
    answers = answer(work, watch)
    Path(sys.argv[2]).write_text(json.dumps({"answers": dict(answers), **asdict(watch)}), encoding="utf-8")


def tree_cpu_seconds() -> float:
    """CPU seconds of this process, of those it started and waited for, and of those of its family that are running."""
    spent = os.times()
    ticks = os.sysconf("SC_CLK_TCK")
    return sum(spent[:4]) + sum(_ticks(pid) for pid in _descendants(os.getpid())) / ticks


def _descendants(pid: int) -> list[int]:
    children = [int(word) for path in Path(f"/proc/{pid}/task").glob("*/children") for word in _read(path).split()]
    return children + [further for child in children for further in _descendants(child)]


def _ticks(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) if fields else 0


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:  # it has ended meanwhile
        return ""


def _prompt(found: dict[str, Any]) -> Prompt:
    turns = tuple(Message(Role(turn["role"]), turn["content"]) for turn in found.pop("messages"))
    return Prompt(messages=turns, **found)
