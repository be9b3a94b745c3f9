"""`evaluate --protocol clue-2024` from the command line: a clone is asked for, read and named in the result."""

from pathlib import Path
from typing import Any

import pytest

from tests.backend.paper.clones import COMMIT, MEQSUM, write_clone
from tests.backend.paper.files import write_files
from tests.commands import CommandLine

EVALUATE = ("evaluate", "scripted/rules", "--engine", "scripted", "--edition", "rehearsal")
PAPERS = ("--protocol", "clue-2024")


@pytest.fixture(scope="module")
def cli(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    """A home with small invented files to rehearse with."""
    data = write_files(tmp_path_factory.mktemp("rehearsal"))
    return CommandLine(home=tmp_path_factory.mktemp("home"), settings={"CLUE_REHEARSAL": str(data)})


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_clone(tmp_path_factory.mktemp("clones") / "CLUE")


def refused(cli: CommandLine, *arguments: str) -> str:
    done = cli.run(*EVALUATE, *arguments)
    assert done.returncode == 2 and done.stdout == "", done.stderr
    return done.stderr


def test_all_six_tasks_are_evaluated_with_the_prompts_of_a_clone(cli: CommandLine, clone: Path, tmp_path: Path) -> None:
    result: dict[str, Any] = cli.json(*EVALUATE, *PAPERS, "--clue-clone", str(clone), "--out", str(tmp_path))
    assert result["protocol"] == "clue-2024" and result["manifest"]["clue_clone_commit"] == COMMIT
    assert len(result["manifest"]["clue_clone_sha256"]) == 64
    assert {name: task["n"] for name, task in result["tasks"].items()} == {
        "mednli": 5,
        "meqsum": 4,
        "problem_summary": 3,
        "longhealth": 150,
        "medisumcode": 4,
        "medisumqa": 5,
    }
    lines = (tmp_path / "mednli.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5 and '"clue-2024:p3#again"' in lines[1]
    (header, *_) = (tmp_path / "predictions" / "mednli.jsonl").read_text(encoding="utf-8").splitlines()
    assert '"protocol": "clue-2024"' in header and result["manifest"]["clue_clone_sha256"] in header


def test_the_clone_may_be_named_in_the_settings(cli: CommandLine, clone: Path) -> None:
    set_up = CommandLine(home=cli.home, settings={**cli.settings, "CLUE_CLONE": str(clone)})
    assert set_up.json(*EVALUATE, *PAPERS, "--tasks", "mednli", "--limit", "2")["protocol"] == "clue-2024"
    own = set_up.json(*EVALUATE, "--tasks", "mednli", "--limit", "2")
    assert own["protocol"] == "clue-2" and "clue_clone_commit" not in own["manifest"]


def test_what_stands_in_the_way_is_said_before_anything_is_asked(cli: CommandLine, tmp_path: Path) -> None:
    assert "git clone https://github.com/TIO-IKIM/CLUE" in refused(cli, *PAPERS)
    assert "is no folder" in refused(cli, *PAPERS, "--clue-clone", str(tmp_path / "nowhere"))
    broken = write_clone(tmp_path / "CLUE", changed={"eval/eval_meqsum.py": MEQSUM.replace("sys_prompt", "other")})
    sentence = refused(cli, *PAPERS, "--clue-clone", str(broken))
    assert "eval/eval_meqsum.py" in sentence and "sys_prompt" in sentence
    assert "clue-2, clue-2024" in refused(cli, "--protocol", "clue-3")
