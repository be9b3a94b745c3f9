"""Runs compared: which of several evaluated models is better, told apart from what chance does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.comparison.findings import Finding, compare_tables
from backend.comparison.ranges import Place, board_ranges
from backend.comparison.rows import Compared, Hindrance, compare_rows, tasks_of
from backend.comparison.tables import Table, read_table
from backend.domain import Task
from backend.errors import UsageError

__all__ = [
    "Compared",
    "Finding",
    "Hindrance",
    "Place",
    "Table",
    "board_ranges",
    "compare_folders",
    "compare_rows",
    "compare_tables",
    "read_table",
    "tasks_of",
]


def compare_folders(folders: Mapping[str, Path], tasks: Sequence[Task]) -> dict[str, Any]:
    """What `compare_tables` says of the runs whose judged answers `evaluate --out` left in these folders, by name.

    UsageError for fewer than two runs, a folder or line that cannot be read, no task in common, or other data.
    """
    if len(folders) < 2:
        raise UsageError("Name at least two folders to compare.")
    tables = [table for task in tasks if (table := read_table(task, folders)) is not None]
    if not tables:
        raise UsageError(
            "The folders have no task in common of which two runs judged the same examples. Evaluate the models on the "
            "same tasks and edition, with --out, and compare again."
        )
    return compare_tables(list(folders), tables)
