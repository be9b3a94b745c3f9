"""What was measured becomes a section of a document, and replaces the older one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from backend.bench.report import write_section

ROOT = Path(__file__).parents[3]
# Stands for the interpreter: the first bench is not clean, the second ends without a record.
PYTHON = f"""#!/bin/sh
case "$*" in
  "app.py bench order"*|"app.py bench whole"*) echo '{{"clean": false}}'; exit 1;;
  "app.py bench generation"*) exit 1;;
  "app.py bench"*) echo '{{"clean": true}}';;
  *) exec {sys.executable} "$@";;
esac
"""


def test_a_section_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# Head\n\nWords.\n\n## one\n\nold\n\n### part\n\nold\n\n## two\n\nkept\n")
    write_section(document, "one", {"seconds": 1234.5, "clean": True, "missing": None})
    write_section(document, "three", {"n": 12_000})
    text = document.read_text()
    assert text.startswith("# Head\n\nWords.\n\n## one\n")
    assert "old" not in text and "kept" in text and "| n | 12,000 |" in text
    assert "| seconds | 1,234.5 |" in text and "| clean | yes |" in text and "| missing | – |" in text
    assert [line for line in text.splitlines() if line.startswith("## ")] == ["## one", "## two", "## three"]


def test_parts_that_are_alike_become_one_table_and_others_headings(tmp_path: Path) -> None:
    record = {
        "shapes": {"mednli": {"prompts": 2, "variants": {"ours": {"s": 1}, "peer": {"s": 2, "note": "a|b"}}}},
        "profile": [{"operation": "mm", "percent": 50.0}],
    }
    write_section(tmp_path / "new.md", "generation", record)
    text = (tmp_path / "new.md").read_text()
    assert "#### mednli" in text and "##### variants" in text
    assert "|  | s | note |\n|---|---|---|\n| ours | 1 | – |\n| peer | 2 | a\\|b |" in text
    assert "| operation | percent |\n|---|---|\n| mm | 50 |" in text


def test_a_small_number_keeps_the_digits_that_count(tmp_path: Path) -> None:
    write_section(tmp_path / "new.md", "one", {"apart": 1.8e-7, "below": -0.0042, "nothing": 0.0, "seconds": 0.25})
    text = (tmp_path / "new.md").read_text()
    assert "| apart | 1.8e-07 |" in text and "| below | -0.0042 |" in text
    assert "| nothing | 0 |" in text and "| seconds | 0.25 |" in text


@pytest.mark.parametrize(
    ("target", "headings"),
    [("bench", ["order", "scoring", "endpoint", "ray"]), ("bench-gpu", ["whole, on a GPU"])],
)
def test_a_bench_that_is_not_clean_is_reported_and_the_others_go_on(
    tmp_path: Path, target: str, headings: list[str]
) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.write_text(PYTHON)
    python.chmod(0o755)
    (tmp_path / ".dev").touch()
    document = tmp_path / "performance.md"
    told = [f"VENV={tmp_path}", f"PERFORMANCE={document}"]
    done = subprocess.run(["make", target, *told], cwd=ROOT, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert [line[3:] for line in document.read_text().splitlines() if line.startswith("## ")] == headings
