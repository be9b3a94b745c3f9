"""Homes with a ledger and a board, to look at and to spoil."""

import shutil
from pathlib import Path

import pytest

from storage.ledger import Ledger
from tests.storage.records import ALL, MODELS, board, toy_result


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose ledger holds six results and whose board has taken them in."""
    furnished = tmp_path_factory.mktemp("furnished")
    ledger = Ledger(furnished / "ledger.jsonl")
    for number in range(MODELS):
        ledger.append(f"s{number}", toy_result(f"acme/m{number}", values=dict.fromkeys(ALL, number + 1.0)))
    with board(furnished):
        return furnished


@pytest.fixture
def home(furnished: Path, tmp_path: Path) -> Path:
    """A copy of it that may be spoiled."""
    return Path(shutil.copytree(furnished, tmp_path / "home"))
