"""A clone is read and never run, pinned by commit and digest, and refused with a sentence where it is not the one."""

import runpy
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.domain import PAPERS_PROTOCOL, PROTOCOL, Window
from backend.errors import UsageError
from backend.paper import benchmark_under, paper_tasks
from backend.paper.clone import read_clone
from backend.paper.revision import commit_of
from tests.backend.paper.clones import COMMIT, EXECUTED, MEDNLI, SCRIPTS, Layout, write_clone
from tests.backend.paper.files import write_files

OTHER = "fedcba9876543210fedcba9876543210fedcba98"


def refused(folder: Path) -> str:
    with pytest.raises(UsageError) as caught:
        paper_tasks(folder)
    return str(caught.value)


@pytest.mark.parametrize("layout", Layout)
def test_nothing_of_a_clone_is_run(layout: Layout, tmp_path: Path) -> None:
    clone, data = write_clone(tmp_path / "clone", layout), write_files(tmp_path / "data")
    for task in paper_tasks(clone).values():
        for example in task.load(data).examples[:3]:
            task.ask(example, Window(None, lambda messages: 0))
            task.answer("The correct answer is B: I10", example)
    assert list(tmp_path.rglob(EXECUTED)) == []
    assert list(tmp_path.rglob("*.pyc")) == []


def test_the_trap_in_the_clone_is_real(tmp_path: Path) -> None:
    runpy.run_path(str(write_clone(tmp_path) / "eval" / "eval_mednli.py"))
    assert (tmp_path / "eval" / EXECUTED).exists()


@pytest.mark.parametrize("layout", Layout)
def test_a_clone_of_either_time_gives_all_six_tasks(layout: Layout, tmp_path: Path) -> None:
    tasks = paper_tasks(write_clone(tmp_path, layout))
    assert list(tasks) == ["mednli", "meqsum", "problem_summary", "longhealth", "medisumcode", "medisumqa"]


def test_protocol_clue_2_has_our_own_tasks_and_no_facts(tmp_path: Path) -> None:
    own = paper_tasks(write_clone(tmp_path))
    benchmark = benchmark_under(PROTOCOL, own, None)
    assert (benchmark.protocol, benchmark.tasks, dict(benchmark.facts)) == (PROTOCOL, own, {})


def test_the_papers_protocol_is_pinned_by_commit_and_digest(tmp_path: Path) -> None:
    benchmark = benchmark_under(PAPERS_PROTOCOL, {}, write_clone(tmp_path))
    digest = benchmark.facts["clue_clone_sha256"]
    assert benchmark.protocol == PAPERS_PROTOCOL and benchmark.facts["clue_clone_commit"] == COMMIT
    assert isinstance(digest, str) and len(digest) == 64


@pytest.mark.parametrize("path", SCRIPTS)
def test_the_digest_is_over_every_script_that_is_read(path: str, tmp_path: Path) -> None:
    before = read_clone(write_clone(tmp_path / "one")).sha256
    assert read_clone(write_clone(tmp_path / "two")).sha256 == before
    (tmp_path / "two" / "README.md").write_text("of no matter")
    assert read_clone(tmp_path / "two").sha256 == before
    with (tmp_path / "two" / path).open("a") as script:
        script.write("# a word more\n")
    assert read_clone(tmp_path / "two").sha256 != before


def test_without_a_clone_the_papers_protocol_says_how_to_get_one() -> None:
    with pytest.raises(UsageError, match=r"git clone https://github\.com/TIO-IKIM/CLUE.*--clue-clone"):
        benchmark_under(PAPERS_PROTOCOL, {}, None)


def test_an_unknown_protocol_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match="clue-2, clue-2024"):
        benchmark_under("clue-1", {}, None)


def test_a_folder_that_is_no_clone_is_refused(tmp_path: Path) -> None:
    assert "is no folder" in refused(tmp_path / "nowhere")
    assert "eval/eval_mednli.py cannot be read" in refused(tmp_path) and "git clone" in refused(tmp_path)


@pytest.mark.parametrize("path", SCRIPTS)
def test_a_script_that_is_not_there_is_named(path: str, tmp_path: Path) -> None:
    assert path in refused(write_clone(tmp_path, changed={path: ""}))


@pytest.mark.parametrize(
    ("path", "constant"),
    [
        *((path, "sys_prompt") for path in SCRIPTS),
        *((path, "user_prompt_template") for path in SCRIPTS if "LongHealth" not in path),
        *((path, "assistant_response_template") for path in SCRIPTS if "LongHealth" not in path),
        ("eval/eval_LongHealth.py", "prompt_template"),
        ("eval/eval_LongHealth.py", "separator"),
        ("eval/eval_LongHealth.py", "answer_f"),
    ],
)
def test_a_constant_that_is_not_there_is_named_with_its_script(path: str, constant: str, tmp_path: Path) -> None:
    sentence = refused(write_clone(tmp_path, changed={path: SCRIPTS[path].replace(constant, "something_else")}))
    assert path in sentence and constant in sentence and "docs/protocol-2024.md" in sentence


@pytest.mark.parametrize(
    "value", ["17", "open('x').read()", "'a' % ()", "'a' + unknown", "f'{1}'", "b'bytes'", "['a']", "'a' * 3"]
)
def test_a_constant_that_takes_more_than_joining_texts_is_none(value: str, tmp_path: Path) -> None:
    script = MEDNLI.replace('"""Compare FIRST with SECOND."""', value)
    assert "no text sys_prompt" in refused(write_clone(tmp_path, changed={"eval/eval_mednli.py": script}))


@pytest.mark.parametrize("text", ["<html>a page</html>", "sys_prompt = '''never closed", "x = " + "-" * 200_000 + "1"])
def test_a_script_that_is_no_python_is_named(text: str, tmp_path: Path) -> None:
    sentence = refused(write_clone(tmp_path, changed={"eval/eval_mednli.py": text}))
    assert "eval/eval_mednli.py" in sentence and "no Python script" in sentence


@pytest.mark.parametrize(
    ("gap", "why"),
    [
        ("{sentence3}", "unknown gap {sentence3}"),
        ("{gold_label}", "unknown gap {gold_label}"),
        ("{sentence1.__class__}", "unknown gap {sentence1.__class__}"),
        ("{sentence1[0]}", "unknown gap {sentence1[0]}"),
        ("{sentence1!r}", "unknown gap {sentence1}"),
        ("{sentence1:>9}", "unknown gap {sentence1}"),
        ("{}", "unknown gap {}"),
        ("{sentence1", "braces do not match"),
        ("", "no gap for the premise"),
    ],
)
def test_a_template_with_other_gaps_is_refused(gap: str, why: str, tmp_path: Path) -> None:
    script = MEDNLI.replace("{sentence1}", gap)
    sentence = refused(write_clone(tmp_path, changed={"eval/eval_mednli.py": script}))
    assert why in sentence and "user_prompt_template of eval/eval_mednli.py" in sentence


def detached(folder: Path) -> Path:
    return folder


def on_a_branch(folder: Path) -> Path:
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    (folder / ".git" / "refs" / "heads").mkdir(parents=True)
    (folder / ".git" / "refs" / "heads" / "main").write_text(f"{COMMIT}\n")
    (folder / ".git" / "packed-refs").write_text(f"{OTHER} refs/heads/main\n")
    return folder


def on_a_packed_branch(folder: Path) -> Path:
    (folder / ".git" / "HEAD").write_text("ref: refs/heads/feature/x\n")
    (folder / ".git" / "packed-refs").write_text(
        f"# pack-refs with: peeled\n{OTHER} refs/heads/x\n{COMMIT} refs/heads/feature/x\n^{OTHER}\n"
    )
    return folder


def a_further_working_tree(folder: Path) -> Path:
    home = on_a_packed_branch(folder)
    own = home / ".git" / "worktrees" / "second"
    own.mkdir(parents=True)
    (own / "HEAD").write_text("ref: refs/heads/feature/x\n")
    (own / "commondir").write_text("../..\n")
    (home / ".git" / "HEAD").write_text(f"{OTHER}\n")
    second = folder.with_name("second")
    second.mkdir()
    (second / ".git").write_text(f"gitdir: {own}\n")
    return second


@pytest.mark.parametrize("arrange", [detached, on_a_branch, on_a_packed_branch, a_further_working_tree])
def test_the_commit_is_found_wherever_git_keeps_it(arrange: Callable[[Path], Path], tmp_path: Path) -> None:
    assert commit_of(arrange(write_clone(tmp_path / "clone"))) == COMMIT


@pytest.mark.parametrize(
    "head",
    ["", "ref: refs/heads/gone", "ref: refs/../../HEAD", "ref: HEAD", "not a commit", COMMIT[:12], "ref: refs/loop"],
)
def test_a_commit_that_git_does_not_tell_is_none(head: str, tmp_path: Path) -> None:
    git = write_clone(tmp_path) / ".git"
    (git / "HEAD").write_text(head)
    (git / "refs").mkdir()
    (git / "refs" / "loop").write_text("ref: refs/loop")
    assert commit_of(tmp_path) is None


def test_a_copy_without_a_git_folder_is_pinned_by_its_digest_alone(tmp_path: Path) -> None:
    shutil.rmtree(write_clone(tmp_path) / ".git")
    benchmark = benchmark_under(PAPERS_PROTOCOL, {}, tmp_path)
    assert benchmark.facts["clue_clone_commit"] is None and benchmark.facts["clue_clone_sha256"]
