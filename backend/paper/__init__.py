"""Protocol clue-2024: the benchmark as the paper had it in June 2024, asked with the authors' own prompts.

The prompts are read from a clone of the authors' repository; docs/protocol-2024.md lists what remains different.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from backend.domain import PAPERS_PROTOCOL, PROTOCOL, Benchmark, Task
from backend.errors import UsageError
from backend.paper.clone import GET_ONE, Clone, CloneScript, read_clone
from backend.paper.longhealth import paper_longhealth
from backend.paper.tasks import (
    paper_medisumcode,
    paper_medisumqa,
    paper_mednli,
    paper_meqsum,
    paper_problem_summary,
)

TASKS: Mapping[str, Callable[[CloneScript], Task]] = {
    "mednli": paper_mednli,
    "meqsum": paper_meqsum,
    "problem_summary": paper_problem_summary,
    "longhealth": paper_longhealth,
    "medisumcode": paper_medisumcode,
    "medisumqa": paper_medisumqa,
}


def benchmark_under(protocol: str, own: dict[str, Task], folder: Path | None) -> Benchmark:
    """The benchmark under clue-2, with our own tasks, or under clue-2024, with the prompts of the clone in `folder`.

    The clone's commit and digest are facts of the latter. UsageError for another protocol, without a clone, or when the
    clone lacks a file or a constant, which it names.
    """
    if protocol == PROTOCOL:
        return Benchmark(protocol=protocol, tasks=own)
    if protocol != PAPERS_PROTOCOL:
        raise UsageError(f"There is no protocol {protocol!r}. Choose from: {PROTOCOL}, {PAPERS_PROTOCOL}.")
    if folder is None:
        raise UsageError(f"Protocol {PAPERS_PROTOCOL} asks with the prompts of the paper's authors. {GET_ONE}")
    clone = read_clone(folder)
    return Benchmark(protocol=protocol, tasks=tasks_of(clone), facts=clone.facts)


def paper_tasks(folder: Path) -> dict[str, Task]:
    """The six tasks by name, with the prompts of the clone in `folder`."""
    return tasks_of(read_clone(folder))


def tasks_of(clone: Clone) -> dict[str, Task]:
    """The six tasks by name, level by level."""
    return {name: make(clone.scripts[name]) for name, make in TASKS.items()}
