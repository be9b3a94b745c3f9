"""The six tasks with an invented clone's prompts, and small invented files to load them from."""

from pathlib import Path

import pytest

from backend.domain import Task
from backend.paper import paper_tasks
from tests.backend.paper.clones import Layout, write_clone
from tests.backend.paper.files import write_files


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of invented files for every task."""
    return write_files(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Task]:
    """The six tasks with the prompts of a clone of June 2024."""
    return paper_tasks(write_clone(tmp_path_factory.mktemp("june") / "clone"))


@pytest.fixture(scope="session")
def later_tasks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Task]:
    """The six tasks with the prompts of a later clone."""
    return paper_tasks(write_clone(tmp_path_factory.mktemp("later") / "clone", Layout.LATER))
