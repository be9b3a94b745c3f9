"""Every fault in docs/faults.md names the tests that show it, and every test it names is there."""

import re
from pathlib import Path

import pytest

from backend.errors import FailureCode

PROJECT = Path(__file__).parents[1]
LINES = (PROJECT / "docs" / "faults.md").read_text(encoding="utf-8").splitlines()
ROWS = [line.strip("|").split(" | ") for line in LINES if line.startswith("| ") and not line.startswith("| fault ")]
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_every_row_has_a_fault_an_outcome_a_code_and_its_tests() -> None:
    assert len(ROWS) > 50 and {len(row) for row in ROWS} == {4}


@pytest.mark.parametrize(("file", "test"), sorted({pair for line in LINES for pair in NAMED.findall(line)}))
def test_a_test_that_is_named_is_there(file: str, test: str) -> None:
    assert re.search(rf"^def {test}\(", (PROJECT / file).read_text(encoding="utf-8"), re.MULTILINE)


def test_no_code_is_named_that_the_public_list_does_not_have() -> None:
    named = {code for row in ROWS for code in re.findall(r"`(\w+)`", row[2])}
    assert named and named <= {str(code) for code in FailureCode}


def test_no_fault_is_without_a_test() -> None:
    assert [row[0].strip() for row in ROWS if not NAMED.search(row[3])] == []
