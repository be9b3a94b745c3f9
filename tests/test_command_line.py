"""The command line keeps its contract: what it prints, where, and with which exit code."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from backend.settings import known_variables
from tests.commands import PROJECT, CommandLine
from tests.loopback.hub import LoopbackHub
from tests.loopback.models import pickle_only

REHEARSE = ("--engine", "scripted", "--edition", "rehearsal")
LONG_ANSWER = ["rouge_l", "rouge_1", "rouge_2", "bertscore_f1", "umls_f1"]
TASKS = {
    "mednli": ["accuracy"],
    "meqsum": LONG_ANSWER[:4],
    "problem_summary": LONG_ANSWER,
    "longhealth": [f"task{part}_{kind}" for part in (1, 2, 3) for kind in ("accuracy", "strict")],
    "medisumqa": LONG_ANSWER,
    "medisumcode": ["exact_f1", "approximate_f1", "valid_codes", "billable_codes"],
}


@pytest.fixture
def cli(tmp_path: Path) -> CommandLine:
    return CommandLine(home=tmp_path / "home")


def answered(line: bytes) -> tuple[str, str]:
    """Which example a line of a journal answers, and how."""
    prediction = json.loads(line)
    return prediction["example_id"], prediction["text"]


def told(cli: CommandLine, code: int, *arguments: str) -> str:
    """The sentence of a run that ends with this code and prints nothing else."""
    done = cli.run(*arguments)
    assert done.returncode == code, done.stderr
    assert done.stdout == "" and "Traceback" not in done.stderr
    return done.stderr


def in_python(program: str, folder: Path) -> Any:
    """What a program prints as JSON, run in an empty folder."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={"PYTHONPATH": str(PROJECT), "PYTHONDONTWRITEBYTECODE": "1", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def test_importing_the_program_does_nothing(tmp_path: Path) -> None:
    program = (
        "import json, sys, threading, app; heavy = {'torch', 'transformers', 'gradio', 'ray'} & set(sys.modules);"
        "print(json.dumps([sorted(heavy), threading.active_count()]))"
    )
    assert in_python(program, tmp_path) == [[], 1]
    assert list(tmp_path.iterdir()) == []


def test_what_the_page_is_built_on_loads_no_model_library(tmp_path: Path) -> None:
    program = (
        "import json, sys; import frontend_config.desk, storage.scores, eval_queue.intake;"
        "print(json.dumps(sorted({'torch', 'transformers'} & set(sys.modules))))"
    )
    assert in_python(program, tmp_path) == []


def test_an_unknown_setting_is_bad_usage_and_the_known_ones_are_listed(tmp_path: Path) -> None:
    cli = CommandLine(home=tmp_path / "home", settings={"CLUE_HOEM": "/elsewhere"})
    sentence = told(cli, 2, "queue")
    assert "CLUE_HOEM" in sentence and all(name in sentence for name in known_variables())


def test_a_setting_that_does_not_fit_is_bad_usage(tmp_path: Path) -> None:
    assert "CLUE_PORT" in told(CommandLine(home=tmp_path, settings={"CLUE_PORT": "a lot"}), 2, "queue")


def test_an_unknown_command_or_option_is_bad_usage(cli: CommandLine) -> None:
    for arguments in (["celebrate"], ["submit"], ["submit", "a/b", "--edition", "half"], ["queue", "--xml"]):
        assert cli.run(*arguments).returncode == 2


def test_submitting_prints_the_receipt(cli: CommandLine, hub: LoopbackHub, tiny_model: Path) -> None:
    sha = hub.add("acme/tiny", tiny_model)
    receipt = cli.json("submit", "acme/tiny", "--base", "acme/base", "--domain", "biomedical")
    assert set(receipt) == {"id", "model", "revision", "edition", "engine", "status", "position", "sentence"}
    assert (receipt["model"], receipt["revision"], receipt["edition"]) == ("acme/tiny", sha, "full")
    assert (receipt["engine"], receipt["status"], receipt["position"]) == ("transformers", "queued", 1)
    assert cli.json("submit", "acme/tiny", "--revision", "main")["id"] == receipt["id"]
    (listed,) = cli.json("queue", "--json")
    assert listed["id"] == receipt["id"] and listed["position"] == 1 and listed["submitter"] == "local"
    assert (listed["model"]["base_model"], listed["model"]["domain"]) == ("acme/base", "biomedical")


def test_a_submission_that_may_not_enter_is_refused_with_a_sentence(
    cli: CommandLine, hub: LoopbackHub, tmp_path: Path
) -> None:
    hub.add("acme/old", pickle_only(tmp_path / "old"))
    assert "safetensors" in told(cli, 2, "submit", "acme/old")
    assert "owner/name" in told(cli, 2, "submit", "no model id")
    assert "no script" in told(cli, 2, "submit", "scripted/oracle", "--edition", "rehearsal")
    assert "rehearsal" in told(cli, 2, "submit", "scripted/rules")
    assert cli.json("queue", "--json") == []


def test_the_queue_is_listed_cancelled_and_retried(cli: CommandLine) -> None:
    assert "Nothing was submitted yet" in cli.run("queue").stdout
    submission_id = cli.json("submit", "scripted/rules", "--edition", "rehearsal")["id"]
    assert submission_id in cli.run("queue").stdout
    assert "can be retried only" in told(cli, 2, "retry", submission_id)
    assert cli.run("cancel", submission_id).stdout == f"{submission_id} is cancelled.\n"
    assert "can be cancelled only" in told(cli, 2, "cancel", submission_id)
    assert cli.json("queue", "--json")[0]["status"] == "cancelled"
    assert cli.run("retry", submission_id).stdout == f"{submission_id} is queued again.\n"
    assert cli.json("queue", "--json")[0]["status"] == "queued"
    for act in ("cancel", "retry"):
        assert "There is no submission" in told(cli, 2, act, "nobody")


def test_an_evaluation_prints_one_object_and_leaves_one_line_per_judged_answer(
    cli: CommandLine, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = cli.run("evaluate", "scripted/rules", *REHEARSE, "--out", str(out))
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert {"model", "revision", "edition", "protocol", "manifest", "tasks"} <= set(result)
    assert (result["model"], result["edition"]) == ("scripted/rules", "rehearsal")
    assert set(TASKS) == set(result["tasks"]) and result["manifest"]["decoding"] == "greedy"
    for name, metrics in TASKS.items():
        task = result["tasks"][name]
        assert list(task["scores"]) == metrics and task["diagnostics"]["n"] == task["n"]
        lines = [json.loads(line) for line in (out / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
        assert len(lines) == task["n"] > 0 and len({line["example_id"] for line in lines}) == task["n"]
        assert all(set(line) == {"example_id", "item", "cluster", "answer", "reference", "metrics"} for line in lines)
        for metric in metrics:
            score = task["scores"][metric]
            values = [line["metrics"][metric] for line in lines]
            if score["value"] is None:
                assert score["missing"] and set(values) == {None}
            else:
                judged = [value for value in values if value is not None]
                assert score["n"] == len(judged) and score["low"] <= score["value"] <= score["high"]
                assert score["value"] == pytest.approx(100 * sum(judged) / len(judged))
    assert {path.name for path in out.iterdir() if path.suffix} == {f"{name}.jsonl" for name in result["tasks"]}
    assert not (cli.home / "queue.sqlite").exists() and not (cli.home / "ledger.jsonl").exists()


def test_an_evaluation_asks_for_the_commit_it_is_told(cli: CommandLine, hub: LoopbackHub, tiny_model: Path) -> None:
    hub.add("acme/tiny", tiny_model)
    sentence = told(cli, 1, "evaluate", "acme/tiny", "--edition", "rehearsal", "--revision", "f" * 40)
    assert sentence.startswith("not_found")


def test_an_evaluation_goes_on_where_the_same_folder_left_off(cli: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ("evaluate", "scripted/rules", *REHEARSE, "--tasks", "mednli", "--out", str(out))
    whole = cli.json(*arguments)
    journal = out / "predictions" / "mednli.jsonl"
    lines = journal.read_bytes().splitlines(keepends=True)
    marked = lines[1].replace(b'"text":"', b'"text":"MARKED ')
    assert marked != lines[1]
    journal.write_bytes(lines[0] + marked + b"".join(lines[2:5]) + lines[5][:7])
    again = cli.json(*arguments)
    after = journal.read_bytes().splitlines(keepends=True)
    assert after[:5] == [lines[0], marked, *lines[2:5]]
    assert list(map(answered, after[5:])) == list(map(answered, lines[5:]))
    assert again["tasks"]["mednli"]["n"] == whole["tasks"]["mednli"]["n"]


def test_two_models_of_one_name_do_not_answer_for_each_other(cli: CommandLine, tmp_path: Path) -> None:
    results, few = {}, ("--tasks", "mednli", "--limit", "3")
    for said in ("entailment", "neutral"):
        folder = tmp_path / said / "final"
        folder.mkdir(parents=True)
        cli.json("evaluate", "scripted/rules", *REHEARSE, *few, "--out", str(folder))
        lines = [json.loads(line) for line in (folder / "mednli.jsonl").read_text(encoding="utf-8").splitlines()]
        (folder / "mednli.jsonl").write_text(
            "".join(json.dumps({"example_id": line["example_id"], "text": said}) + "\n" for line in lines)
        )
        out = tmp_path / "out"
        cli.json("evaluate", str(folder), *REHEARSE, *few, "--out", str(out))
        results[said] = {json.loads(line)["answer"] for line in (out / "mednli.jsonl").read_text().splitlines()}
    assert results == {"entailment": {"entailment"}, "neutral": {"neutral"}}


def test_a_folder_never_holds_judged_answers_of_two_models(cli: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cli.json(
        "evaluate", "scripted/rules", *REHEARSE, "--tasks", "mednli,medisumcode", "--limit", "2", "--out", str(out)
    )
    cli.json("evaluate", "scripted/silent", *REHEARSE, "--tasks", "mednli", "--limit", "2", "--out", str(out))
    assert {path.name for path in out.glob("*.jsonl")} == {"mednli.jsonl"}


def test_a_limit_asks_only_the_first_examples(cli: CommandLine) -> None:
    result = cli.json("evaluate", "scripted/rules", *REHEARSE, "--tasks", "meqsum,mednli", "--limit", "2")
    assert {name: task["n"] for name, task in result["tasks"].items()} == {"meqsum": 2, "mednli": 2}
    assert result["manifest"]["limit"] == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["scripted/rules", "--engine", "scripted", "--edition", "full"], "edition"),
        (["scripted/rules", "--engine", "scripted"], "edition"),
        (["scripted/rules", *REHEARSE, "--tasks", "mednli,astrology"], "astrology"),
        (["scripted/rules", "--engine", "oracle", "--edition", "rehearsal"], "oracle"),
        (["scripted/oracle", *REHEARSE], "oracle"),
        (["scripted/rules", *REHEARSE, "--limit", "0"], "limit"),
        (["no model id", "--edition", "rehearsal"], "owner/name"),
        (["acme/tiny", "--engine", "endpoint", "--edition", "rehearsal"], "CLUE_ENDPOINT_URL"),
    ],
)
def test_an_evaluation_that_cannot_be_meant_is_bad_usage(cli: CommandLine, arguments: list[str], word: str) -> None:
    assert word in told(cli, 2, "evaluate", *arguments)


def test_an_evaluation_that_fails_names_the_public_code(
    cli: CommandLine, hub: LoopbackHub, tiny_model: Path, tmp_path: Path
) -> None:
    hub.add("acme/gated", tiny_model, gated=True)
    hub.add("acme/old", pickle_only(tmp_path / "old"))
    expected = {"missing/folder": "not_found", "acme/gated": "gated", "acme/old": "no_safetensors"}
    for model, code in expected.items():
        sentence = told(cli, 1, "evaluate", model, "--edition", "rehearsal")
        assert sentence.splitlines()[-1].startswith(f"{code}: ")
    hub.down = True
    assert "download_error: " in told(cli, 1, "evaluate", "acme/tiny", "--edition", "rehearsal")


def test_an_evaluation_without_data_says_how_to_get_them(cli: CommandLine, tiny_model: Path) -> None:
    sentence = told(cli, 1, "evaluate", str(tiny_model))
    assert "data fetch" in sentence and "PhysioNet" in sentence


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with two results."""
    cli = CommandLine(home=tmp_path_factory.mktemp("published"))
    for script in ("rules", "silent"):
        cli.json("submit", f"scripted/{script}", "--edition", "rehearsal")
    done = cli.run("work", "--once")
    assert done.returncode == 0 and "2 submissions worked on" in done.stdout, done.stderr
    return cli.home


@pytest.fixture
def furnished(published: Path, tmp_path: Path) -> CommandLine:
    """A copy of it."""
    return CommandLine(home=Path(shutil.copytree(published, tmp_path / "home")))


def test_the_ledger_verifies_and_makes_the_board_again(furnished: CommandLine) -> None:
    verified = furnished.run("ledger", "verify")
    assert verified.returncode == 0 and verified.stdout.startswith("2 lines")
    rebuilt = furnished.run("ledger", "rebuild")
    assert rebuilt.returncode == 0 and "2 lines" in rebuilt.stdout
    with duckdb.connect(furnished.home / "scores.duckdb", read_only=True) as db:
        assert db.execute("SELECT label FROM standing WHERE provenance = 'measured' ORDER BY 1").fetchall() == [
            ("scripted/rules",),
            ("scripted/silent",),
        ]


def test_a_ledger_that_was_tampered_with_names_the_line(furnished: CommandLine, tmp_path: Path) -> None:
    path = furnished.home / "ledger.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second.replace(b"scripted/silent", b"scripted/golden"))
    for arguments in (["ledger", "verify"], ["ledger", "rebuild"], ["snapshot", str(tmp_path / "out")]):
        assert "ledger.jsonl line 2: " in told(furnished, 1, *arguments)


def test_a_snapshot_is_written_once_per_state_of_the_ledger(furnished: CommandLine, tmp_path: Path) -> None:
    out = tmp_path / "out"
    first = furnished.run("snapshot", str(out))
    assert first.returncode == 0, first.stderr
    folder = Path(first.stdout.strip())
    assert folder.parent == out and {path.name for path in folder.iterdir()} == {
        "scores.parquet",
        "scores.json",
        "manifest.json",
    }
    rows = json.loads((folder / "scores.json").read_text())
    assert {row["label"] for row in rows if row["provenance"] == "measured"} == {"scripted/rules", "scripted/silent"}
    assert furnished.run("snapshot", str(out)).stdout == first.stdout
    assert [path for path in out.iterdir() if path.is_dir()] == [folder] and not (
        furnished.home / "scores.duckdb"
    ).exists()


def test_a_snapshot_can_be_a_whole_site(furnished: CommandLine, tmp_path: Path) -> None:
    made = furnished.run("snapshot", str(tmp_path / "site"), "--site", "--address", "https://copy.example/clue")
    assert made.returncode == 0, made.stderr
    assert Path(made.stdout.strip()) == tmp_path / "site"
    rows = json.loads((tmp_path / "site" / "data" / "rehearsal.json").read_text())
    assert sorted(rows["names"]) == ["scripted/rules", "scripted/silent"]
    assert "https://copy.example/clue/model.html" in (tmp_path / "site" / "feed.atom").read_text()
